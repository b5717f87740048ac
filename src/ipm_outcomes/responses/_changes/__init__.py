"""The classes of the changes between two responses, one module for each instrument, loaded when asked for."""

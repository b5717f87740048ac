"""Exit codes of the program."""

from __future__ import annotations

FINE, PROBLEMS, USAGE, INTERNAL, INTERRUPTED, CLOSED = 0, 1, 2, 70, 130, 141

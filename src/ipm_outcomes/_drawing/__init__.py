"""Drawings of figures and of changes: plain numbers in, an Altair chart out, in the style that is given.

The plots of `change` and `program` and the charts of the report are drawn here. A chart holds what it shows, nothing
else. What a figure means is known above: nothing here reads a table or a definition.
"""

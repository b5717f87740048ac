"""Columns of the table of indicators, and words in them."""

from __future__ import annotations

ALL = "all"
"""The word in the grouping columns of a total."""


NOT_RECORDED = "not recorded"


WINDOW_OPEN = "window_open"
"""Column of the table of changes, and the reason it gives, for a follow-up whose window still runs."""


COLUMNS = (
    "indicator",
    "eligible",
    "observed",
    "numerator",
    "denominator",
    "estimate",
    "lower",
    "upper",
    "level",
    "method",
    "suppressed",
    "source",
)


EXTRA = (
    "definition",
    "title",
    "instrument",
    "scale",
    "target",
    "band",
    "unit",
    "direction",
    "missing",
    "excluded",
    "sd",
    "worst",
    "best",
    "evidence",
    "rules",
    "notes",
)


KEYS = ("instrument", "scale", "target")


FITS = "__fits"


MARKS = ("given", "2+", "1", "derived", "unverified", "convention")
"""What a column of evidence can hold, the weakest last."""

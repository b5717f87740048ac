"""What a person reads: the program report as one HTML file, and summaries as text.

`html` writes the report; `ipm_outcomes.report.text` holds the summaries. What is asked for is loaded then.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipm_outcomes.report._html import html

__all__ = ["html"]


def __getattr__(name: str) -> object:
    if name == "html":
        found = import_module("ipm_outcomes.report._html").html
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

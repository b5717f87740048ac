"""What a person reads: the program report and the page of one patient as HTML files, and summaries as text.

`html` writes the report, `patient` the page of one patient; `ipm_outcomes.report.text` holds the summaries. What is
asked for is loaded then.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipm_outcomes.report._html import html
    from ipm_outcomes.report._patient import patient

__all__ = ["html", "patient"]


def __getattr__(name: str) -> object:
    if name in __all__:
        attribute = getattr(import_module(f"ipm_outcomes.report._{name}"), name)
        globals()[name] = attribute
        return attribute
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

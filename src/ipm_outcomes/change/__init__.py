"""Scores to change: the right baseline, the right follow-up, the right word.

Whole tables: `pair`, `table`, `check_dates`. One patient: `between`, `trajectory`. Arrays: `reliable_change`, `classify`,
`cutoffs`, `growth_curve`, effect sizes, minimal important change, incomplete follow-up. Everything is loaded when it
is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipm_outcomes.change._pair import REASONS, pair
    from ipm_outcomes.change._table import table
    from ipm_outcomes.change._windows import DEFAULT_TARGETS, Baseline, Target

_HOMES = {
    "REASONS": "_pair",
    "pair": "_pair",
    "DEFAULT_TARGETS": "_windows",
    "Baseline": "_windows",
    "Target": "_windows",
    "table": "_table",
}

__all__ = ["DEFAULT_TARGETS", "REASONS", "Baseline", "Target", "pair", "table"]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        found = getattr(import_module(f"ipm_outcomes.change.{_HOMES[name]}"), name)
        globals()[name] = found  # the next access does not come here
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

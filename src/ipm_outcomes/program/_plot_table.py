"""The table of figures as pictures read it: rows of one indicator, each number that is shown or None."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ipm_outcomes import catalog
from ipm_outcomes.errors import FrameError, ParameterError, UnknownNameError, did_you_mean
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.program._columns import ALL

_COUNTS = ("eligible", "observed", "numerator", "denominator")
_NUMBERS = (
    *_COUNTS,
    *(f"{name}_{end}" for name in _COUNTS for end in ("low", "high")),
    *("estimate", "lower", "upper", "level"),
)
_TEXTS = ("indicator", "definition", "title", "instrument", "scale", "target", "unit", "direction", "method")


@dataclass(frozen=True)
class PlotRow:
    """A figure of the table; None is a number that is hidden or not there."""

    group: str
    texts: dict[str, str]
    numbers: dict[str, float | None]

    def __getitem__(self, name: str) -> float | None:
        return self.numbers.get(name)

    def count(self, name: str) -> int | None:
        number = self.numbers.get(name)
        return None if number is None else int(number)

    @property
    def is_share(self) -> bool:
        return self.texts.get("unit", "share") == "share"

    @property
    def could(self) -> tuple[float, float] | None:
        """The stretch in which a hidden share lies, by the limits of its numerator."""
        low, high, n = self["numerator_low"], self["numerator_high"], self["denominator"]
        if not self.is_share or self["numerator"] is not None or low is None or high is None or not n:
            return None
        return low / n, high / n


class Table:
    """A table of figures as lists."""

    def __init__(self, figures: Any, policy: str | None) -> None:
        frame = Frame(figures)
        if "indicator" not in frame.names and "reason" in frame.names:
            raise FrameError(
                "figures: this is a table of changes; give program.suppress(program.table(changes))"
            )
        frame.require(("indicator", *_COUNTS, "estimate", "lower", "upper"), "figures")
        if policy not in (None, "none"):
            raise ParameterError("policy: 'none', or leave it out and give the table of program.suppress")
        if policy is None and "numerator_low" not in frame.names:
            raise ParameterError(
                "figures: small counts are not protected; give program.suppress(figures), or policy='none' to draw "
                "them as they are, for those who may see them"
            )
        self.names = frame.names
        self.keys = frame.names[: frame.names.index("indicator")]
        self.numbers = {name: _numbers(frame, name) for name in _NUMBERS if name in frame.names}
        self.texts = {name: _texts(frame, name) for name in (*_TEXTS, *self.keys) if name in frame.names}

    def starting(self, indicator: str) -> list[int]:
        """Rows of an indicator, or of those whose names begin so."""
        names = self.texts["indicator"]
        exact = [position for position, name in enumerate(names) if name == indicator]
        return exact or [
            position
            for position, name in enumerate(names)
            if name.startswith((f"{indicator}:", f"{indicator}."))
        ]

    def chosen(self, indicator: str, argument: str, by: str | None) -> list[int]:
        """Rows of the one indicator that is meant, at the total of all groupings but one."""
        if not isinstance(indicator, str):
            raise ParameterError(f"{argument}: text, not a {type(indicator).__name__}")
        rows = self.starting(indicator)
        names = list(dict.fromkeys(self.texts["indicator"][row] for row in rows))
        if len(names) > 1:
            raise ParameterError(f"{argument}: say which: {', '.join(map(repr, names[:6]))}")
        if not names:
            near = did_you_mean(indicator, self.texts["indicator"])
            raise UnknownNameError(f"{argument}: the figures have no such indicator{near}")
        others = [key for key in self.keys if key != (by or self.keys[0])]
        return [row for row in rows if all(self.texts[key][row] == ALL for key in others)]

    def row(self, position: int, by: str | None) -> PlotRow:
        return PlotRow(
            self.texts[by][position] if by else ALL,
            {name: values[position] for name, values in self.texts.items()},
            {name: values[position] for name, values in self.numbers.items()},
        )


def rows_of(figures: Any, indicator: str, by: str | None, policy: str | None) -> tuple[list[PlotRow], str]:
    """The rows of an indicator, and the word for a group."""
    table = Table(figures, policy)
    if by is None and len(table.keys) > 1:
        raise ParameterError(f"by: name one of {', '.join(map(repr, table.keys))}")
    by = by or (table.keys[0] if table.keys else None)
    if by is not None and by not in table.keys:
        raise ParameterError("by: the table has no such grouping column")
    rows = [table.row(position, by) for position in table.chosen(indicator, "indicator", by)]
    if not rows:
        raise ParameterError("figures: there is no total over the other groupings; count with totals=True")
    return rows, "site" if by == "site" else "group"


def _numbers(frame: Frame, name: str) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in frame.numbers(name)]


def _texts(frame: Frame, name: str) -> list[str]:
    codes, values = frame.words(name)
    texts = ["not recorded" if value is None else str(value) for value in values]
    return ["not recorded" if code < 0 else texts[code] for code in codes.tolist()]


def about(row: PlotRow) -> str:
    """The scale and the follow-up of a figure."""
    of, scale, target = (row.texts.get(name, "not recorded") for name in ("instrument", "scale", "target"))
    known = [part for part in (scale_name(of, scale), target) if part and part != "not recorded"]
    return " at ".join(known) or row.texts["indicator"]


def scale_name(of: str, scale: str) -> str:
    if of in catalog.instruments() and scale in catalog.instrument(of).scale_ids:
        return catalog.instrument(of).scale(scale).name
    return "" if "not recorded" in (of, scale) else f"{of}.{scale}"

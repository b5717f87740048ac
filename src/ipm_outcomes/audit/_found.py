"""Findings and counts, and the three tables made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.audit._effect import Effect
from ipm_outcomes.audit._reading import Floats
from ipm_outcomes.audit._words import does, says
from ipm_outcomes.definition import Scale
from ipm_outcomes.errors import FrameError
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import CellKind, Words

FIRST = 5
"""So many rows of a finding are named by position."""


@dataclass(frozen=True)
class Found:
    """One finding, before it becomes a row; of one row alone also how many others are right."""

    where: str
    key: str | None
    cause: str | None
    sure: str
    rows: NDArray[np.intp]
    of: int
    rivals: tuple[str, ...] = ()
    group: tuple[str | None, ...] | None = None
    effect: Effect | None = None
    others: int = 0


@dataclass(frozen=True)
class Column:
    """A recorded column with what became of its rows."""

    key: str
    scale: Scale
    recorded: Floats | None
    right: Floats | None
    counts: dict[str, int]
    edges: tuple[str, ...]
    differing: NDArray[np.intp]


def findings_table(frame: Frame, found: Sequence[Found], by: Sequence[str]) -> Any:
    def real(value: float | None) -> float | None:
        return None if value is None or not isfinite(value) else round(value, 6)

    effects = [one.effect or Effect(float("nan"), float("nan"), None, None) for one in found]
    groups = [one.group or (None,) * len(by) for one in found]
    data: dict[str, list[Any]] = {"finding": list(range(1, len(found) + 1))}
    data |= {name: [group[n] for group in groups] for n, name in enumerate(by)}
    if len(data) != len(by) + 1 or set(by) & set(_COLUMNS):
        raise FrameError("by: a column has the name of a column of the result; rename it")
    data |= {
        "where": [one.where for one in found],
        "scale": [one.key for one in found],
        "cause": [one.cause for one in found],
        "sure": [one.sure for one in found],
        "rows": [len(one.rows) for one in found],
        "of": [one.of for one in found],
        "rivals": [", ".join(one.rivals) or None for one in found],
        "first_rows": [", ".join(map(str, one.rows[:FIRST].tolist())) for one in found],
        "effect_mean": [real(one.mean) for one in effects],
        "effect_largest": [real(one.largest) for one in effects],
        "effect_band": [one.bands for one in effects],
        "effect_change": [one.changes for one in effects],
        "say": [says(one.cause, one.rivals, len(one.rows), one.of, one.others) for one in found],
        "do": [does(one.cause) for one in found],
    }
    kinds: dict[str, CellKind] = {
        **dict.fromkeys(("finding", "rows", "of"), "whole"),
        **dict.fromkeys(("effect_band", "effect_change"), "whole or null"),
        **dict.fromkeys(("effect_mean", "effect_largest"), "real"),
    }
    return frame.listed(data, kinds)


_COLUMNS = (
    *("finding", "where", "scale", "cause", "sure", "rows", "of", "rivals", "first_rows", "effect_mean"),
    *("effect_largest", "effect_band", "effect_change", "say", "do"),
)


def rows_table(frame: Frame, found: Sequence[Found], told: Sequence[Column]) -> Any:
    rows = np.concatenate([one.differing for one in told]).astype(np.int64)
    places = np.concatenate([np.full(len(one.differing), n, np.int8) for n, one in enumerate(told)])
    nothing = np.full(len(frame), np.nan)
    recorded, right = (
        np.concatenate([(nothing if values is None else values)[one.differing] for one, values in pairs])
        for pairs in ([(one, one.recorded) for one in told], [(one, one.right) for one in told])
    )
    numbers = np.full(len(frame), 0, np.int64)
    finding = []
    for one in told:
        numbers[:] = 0
        for number, mine in enumerate(found, 1):
            if mine.key == one.key:
                numbers[mine.rows] = number
        finding.append(numbers[one.differing].copy())
    return frame.make(
        {
            "row": rows,
            "scale": Words(places.astype(np.int8), tuple(one.key for one in told)),
            "recorded": recorded,
            "right": right,
            "difference": np.round(recorded - right, 9),
            "finding": np.concatenate(finding),
        }
    )


def summary_table(
    frame: Frame, told: Sequence[Column], recorded: Mapping[str, str], found: Sequence[Found]
) -> Any:
    data: dict[str, list[Any]] = {
        "scale": [one.key for one in told],
        "column": [recorded[one.key] for one in told],
        "rows": [len(frame)] * len(told),
    }
    for name in ("recorded", "equal", "differ", "recorded_though_withheld", "not_recorded"):
        data[name] = [one.counts[name] for one in told]
    data["unexplained"] = [
        sum(len(mine.rows) for mine in found if mine.key == one.key and mine.cause is None) for one in told
    ]
    data["untested"] = [", ".join(one.edges) or None for one in told]
    kinds: dict[str, CellKind] = {
        name: "whole" for name in data if name not in ("scale", "column", "untested")
    }
    return frame.listed(data, kinds)

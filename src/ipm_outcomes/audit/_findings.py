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
class Finding:
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


def findings_table(frame: Frame, findings: Sequence[Finding], by: Sequence[str]) -> Any:
    def real(value: float | None) -> float | None:
        return None if value is None or not isfinite(value) else round(value, 6)

    effects = [finding.effect or Effect(float("nan"), float("nan"), None, None) for finding in findings]
    groups = [finding.group or (None,) * len(by) for finding in findings]
    data: dict[str, list[Any]] = {"finding": list(range(1, len(findings) + 1))}
    data |= {name: [group[n] for group in groups] for n, name in enumerate(by)}
    if len(data) != len(by) + 1 or set(by) & set(_COLUMNS):
        raise FrameError("by: a column has the name of a column of the result; rename it")
    data |= {
        "where": [finding.where for finding in findings],
        "scale": [finding.key for finding in findings],
        "cause": [finding.cause for finding in findings],
        "sure": [finding.sure for finding in findings],
        "rows": [len(finding.rows) for finding in findings],
        "of": [finding.of for finding in findings],
        "rivals": [", ".join(finding.rivals) or None for finding in findings],
        "first_rows": [", ".join(map(str, finding.rows[:FIRST].tolist())) for finding in findings],
        "effect_mean": [real(effect.mean) for effect in effects],
        "effect_largest": [real(effect.largest) for effect in effects],
        "effect_band": [effect.bands for effect in effects],
        "effect_change": [effect.changes for effect in effects],
        "say": [
            says(finding.cause, finding.rivals, len(finding.rows), finding.of, finding.others)
            for finding in findings
        ],
        "do": [does(finding.cause) for finding in findings],
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


def rows_table(frame: Frame, findings: Sequence[Finding], columns: Sequence[Column]) -> Any:
    rows = np.concatenate([column.differing for column in columns]).astype(np.int64)
    places = np.concatenate([np.full(len(column.differing), n, np.int8) for n, column in enumerate(columns)])
    nothing = np.full(len(frame), np.nan)
    recorded, right = (
        np.concatenate(
            [(nothing if values is None else values)[column.differing] for column, values in pairs]
        )
        for pairs in (
            [(column, column.recorded) for column in columns],
            [(column, column.right) for column in columns],
        )
    )
    numbers = np.full(len(frame), 0, np.int64)
    finding = []
    for column in columns:
        numbers[:] = 0
        for number, mine in enumerate(findings, 1):
            if mine.key == column.key:
                numbers[mine.rows] = number
        finding.append(numbers[column.differing].copy())
    return frame.make(
        {
            "row": rows,
            "scale": Words(places.astype(np.int8), tuple(column.key for column in columns)),
            "recorded": recorded,
            "right": right,
            "difference": np.round(recorded - right, 9),
            "finding": np.concatenate(finding),
        }
    )


def summary_table(
    frame: Frame, columns: Sequence[Column], recorded: Mapping[str, str], findings: Sequence[Finding]
) -> Any:
    data: dict[str, list[Any]] = {
        "scale": [column.key for column in columns],
        "column": [recorded[column.key] for column in columns],
        "rows": [len(frame)] * len(columns),
    }
    for name in ("recorded", "equal", "differ", "recorded_though_withheld", "not_recorded"):
        data[name] = [column.counts[name] for column in columns]
    data["unexplained"] = [
        sum(len(mine.rows) for mine in findings if mine.key == column.key and mine.cause is None)
        for column in columns
    ]
    data["untested"] = [", ".join(column.edges) or None for column in columns]
    kinds: dict[str, CellKind] = {
        name: "whole" for name in data if name not in ("scale", "column", "untested")
    }
    return frame.listed(data, kinds)

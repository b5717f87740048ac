"""The tidy table of scores as arrays: which scale each row is of, its exact value, whether it is scorable."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from math import lcm
from types import MappingProxyType
from typing import Any

import numpy as np

from ipm_outcomes import catalog
from ipm_outcomes.change._verdict import completions
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.errors import FrameError, ParameterError, UnknownNameError
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import Bools, Floats, Ints
from ipm_outcomes.frames._stage import refuse_other_stage
from ipm_outcomes.scores import Score
from ipm_outcomes.tables import QuotientTable, ScaleTable, tables

ScaleKey = tuple[str, str]
"""Instrument id and scale id."""

GRID = 10**9
"""In a table of changes, quotients count in billionths: equal ones stay equal, and so do equal differences. A percent
line, which compares two of them, takes their rounding into account."""

_LARGEST = 2**40
"""Above this, cross-multiplying exact integers could leave int64; no scale comes near it."""


@dataclass(frozen=True)
class Values:
    """The rows of the tidy table.

    ``scale`` is the position in ``scales`` (-1: not wanted, or categorical). The exact value of a row is
    ``numerator / denominators[scale]``.
    """

    scales: tuple[tuple[Instrument, Scale], ...]
    scale: Ints
    scorable: Bools
    numerator: Ints
    denominators: Ints
    se: Floats
    least: Ints
    most: Ints
    spans: Ints
    """Both ends of what an estimated score would lie between, had the blanks been answered, as numerators over
    ``denominators[scale] * spans[scale]``; of every other score the score itself."""


def own_definitions(definitions: Collection[Instrument]) -> dict[str, Instrument]:
    """Custom definitions by their ids."""
    if isinstance(definitions, Instrument):
        definitions = (definitions,)
    for inst in definitions:
        if not isinstance(inst, Instrument):
            raise ParameterError("definitions: give instruments, as catalog.read returns them")
    return {inst.id: inst for inst in definitions}


def find(id: str, own: dict[str, Instrument]) -> Instrument:
    """The definition of that id, whatever its case, the caller's own first."""
    folded = id.casefold() if isinstance(id, str) else id
    return own[id] if id in own else own[folded] if folded in own else catalog.instrument(id)


def chosen_scales(
    scales: Collection[str | ScaleKey] | str | None, own: dict[str, Instrument]
) -> set[ScaleKey] | None:
    """The scales asked for, as ``"peg"``, ``"phq9.total"`` or ``("phq9", "total")``; None for all that are
    seen.
    """
    if scales is None:
        return None
    keys: set[ScaleKey] = set()
    if not isinstance(scales, Collection):
        raise ParameterError("scales: name scales as 'peg', 'phq9.total' or ('phq9', 'total')")
    for entry in (scales,) if isinstance(scales, str) else scales:
        if isinstance(entry, tuple) and len(entry) == 2:
            instrument_id, scale_id = entry
        elif isinstance(entry, str):
            instrument_id, _, scale_id = entry.partition(".")
        else:
            raise ParameterError("scales: name scales as 'peg', 'phq9.total' or ('phq9', 'total')")
        inst = find(instrument_id, own)
        keys |= {(inst.id, scale.id) for scale in numeric(inst, scale_id)}
    if not keys:
        raise ParameterError("scales: name at least one scale")
    return keys


def numeric(instrument: Instrument, scale_id: str = "") -> list[Scale]:
    """The numeric scales of an instrument, or the one named; a categorical one has no change and is refused
    by name.
    """
    if not scale_id:
        return [scale for scale in instrument.scales if not scale.categorical]
    scale = instrument.scale(scale_id)
    if scale.categorical:
        raise ParameterError(
            f"scales: the value of {instrument.id}.{scale_id} is a category, which has no change in points"
        )
    return [scale]


def read_values(
    frame: Frame,
    scales: Collection[str | ScaleKey] | str | None,
    definitions: Collection[Instrument],
    denominators: Mapping[ScaleKey, int] = MappingProxyType({}),
) -> Values:
    """Read instrument, scale and value of every row; ``denominators`` are those of other rows of the table."""
    needed = ["instrument", "scale", "value"]
    refuse_other_stage(frame.names, "scores", needed, "scores")
    frame.require(needed, "scores")
    own = own_definitions(definitions)
    wanted = chosen_scales(scales, own)
    instrument_code, instrument_ids = _names(frame, "instrument")
    scale_code, scale_ids = _names(frame, "scale")
    both = instrument_code * len(scale_ids) + scale_code
    seen = np.flatnonzero(np.bincount(both, minlength=len(instrument_ids) * len(scale_ids)))
    keys = {}
    for code in seen.tolist():
        i, s = divmod(code, len(scale_ids))
        keys[code] = _known(instrument_ids[i], scale_ids[s], int(np.argmax(both == code)), own)
    of_scale = {
        (inst.id, scale.id): (inst, scale)
        for inst, scale in keys.values()
        if not scale.categorical and (wanted is None or (inst.id, scale.id) in wanted)
    }
    for key in wanted or ():
        of_scale.setdefault(key, (find(key[0], own), find(key[0], own).scale(key[1])))
    ordered = sorted(of_scale.values(), key=lambda pair: (pair[0].id, pair[0].scale_ids.index(pair[1].id)))
    place = {(inst.id, scale.id): n for n, (inst, scale) in enumerate(ordered)}
    lookup = np.full(len(instrument_ids) * len(scale_ids) + 1, -1, np.int64)
    for code, (inst, scale) in keys.items():
        lookup[code] = place.get((inst.id, scale.id), -1)
    which = lookup[both]
    value = frame.numbers("value")
    scorable = (which >= 0) & ~np.isnan(value)
    over = [denominators.get((inst.id, scale.id), 1) for inst, scale in ordered]
    numerator, common = _exact(frame, tuple(ordered), which, value, scorable, over)
    se = frame.numbers("se") if "se" in frame.names else np.full(len(frame), np.nan)
    if (wrong := np.flatnonzero(scorable & (se <= 0))).size:
        raise FrameError(
            f"se: {se[wrong[0]]:g} in row {wrong[0]} (counted from 0); a standard error is above 0"
        )
    least, most, spans = _completed(frame, tuple(ordered), which, numerator, common)
    return Values(tuple(ordered), which, scorable, numerator, common, se, least, most, spans)


def _completed(
    frame: Frame,
    scales: tuple[tuple[Instrument, Scale], ...],
    which: Ints,
    numerator: Ints,
    denominators: Ints,
) -> tuple[Ints, Ints, Ints]:
    """What every score would lie between if the blanks of its form had been answered."""
    least, most, spans = numerator.copy(), numerator.copy(), np.ones(len(scales), np.int64)
    answered = np.full(len(numerator), -1, np.int64)
    if "answered" in frame.names:
        given, null = frame.wholes("answered")
        answered = np.where(null, -1, given)
    for n, (inst, scale) in enumerate(scales):
        rows = np.flatnonzero(which == n)
        ends = completions(inst, scale, numerator[rows], int(denominators[n]), answered[rows])
        least[rows], most[rows], spans[n] = ends
    return least, most, spans


def blank_rows(frame: Frame) -> Bools | None:
    """Which rows are no assessment, since not one question of the scale was answered; None where there are none.

    A row with a cell that was no answer (``invalid``) is one: somebody filled it in. Without the column ``answered``
    nobody can tell, and every row is one.
    """
    if "answered" not in frame.names:
        return None
    names = [name for name in ("answered", "invalid", "value") if name in frame.names]
    frame.require(names, "scores")
    answered, unknown = frame.wholes("answered")
    blank = (answered == 0) & ~unknown
    if not blank.any():
        return None
    if "invalid" in names:
        blank &= frame.wholes("invalid")[0] == 0
    if "value" in names:
        blank &= np.isnan(frame.numbers("value"))
    return blank if blank.any() else None


def _names(frame: Frame, name: str) -> tuple[Ints, list[Any]]:
    codes, values = frame.words(name)
    if (lost := np.flatnonzero(codes < 0)).size:
        raise FrameError(f"{name}: missing in row {lost[0]} (counted from 0); every score names its {name}")
    if not all(isinstance(value, str) for value in values):
        raise FrameError(
            f"{name}: must hold the ids of {name}s, such as {'phq9' if name == 'instrument' else 'total'!r}"
        )
    return codes, values


def _known(
    instrument_id: str, scale_id: str, row: int, own: dict[str, Instrument]
) -> tuple[Instrument, Scale]:
    there = (*catalog.instruments(), *(id for id in own if id not in catalog.instruments()))
    if instrument_id not in there:
        raise UnknownNameError(
            f"instrument: row {row} (counted from 0) names none that is defined (text of length "
            f"{len(instrument_id)}); "
            f"there are {', '.join(there)}; give one of your own by definitions=[...]"
        )
    inst = find(instrument_id, own)
    if scale_id not in inst.scale_ids:
        raise UnknownNameError(
            f"scale: row {row} (counted from 0) names no scale of {inst.id} (text of length "
            f"{len(scale_id)}); its "
            f"scales are {', '.join(inst.scale_ids)}"
        )
    return inst, inst.scale(scale_id)


def _exact(
    frame: Frame,
    scales: tuple[tuple[Instrument, Scale], ...],
    which: Ints,
    value: Floats,
    scorable: Bools,
    over: Sequence[int],
) -> tuple[Ints, Ints]:
    """The exact integers behind each value, over one denominator for each scale, a multiple of that in ``over``."""
    given = [name in frame.names for name in ("exact_numerator", "exact_denominator")]
    if any(given) and not all(given):
        raise FrameError(
            "scores: exact_numerator and exact_denominator belong together; keep both or neither"
        )
    numerator = np.zeros(len(value), np.int64)
    denominators = np.ones(len(scales), np.int64)
    top = bottom = np.zeros(0, np.int64)
    if all(given):
        top, no_top = frame.wholes("exact_numerator")
        bottom, no_bottom = frame.wholes("exact_denominator")
        lost = scorable & (no_top | no_bottom | (bottom <= 0))
        if (wrong := np.flatnonzero(lost)).size:
            raise FrameError(
                f"exact_numerator: row {wrong[0]} (counted from 0) has a value and not both integers "
                "behind it; drop both "
                "exact columns to have them derived from the value"
            )
        differs = scorable & (np.abs(value * bottom - top) > 1e-6 * np.maximum(1, np.abs(top)))
        if (wrong := np.flatnonzero(differs)).size:
            raise FrameError(
                f"value: {value[wrong[0]]:g} in row {wrong[0]} (counted from 0) differs from the exact "
                "integers beside it; "
                "drop both exact columns to have them derived from the value"
            )
    for n, (inst, scale) in enumerate(scales):
        rows = np.flatnonzero(scorable & (which == n))
        if all(given):
            numerator[rows], denominators[n] = _common(inst, scale, top[rows], bottom[rows], over[n])
            _in_range(inst, scale, numerator[rows], int(denominators[n]), rows)
        else:
            numerator[rows], denominators[n] = exact_values(inst, scale, value[rows], rows, over[n])
    return numerator, denominators


def exact_values(
    inst: Instrument, scale: Scale, value: Floats, rows: Ints, over: int = 1
) -> tuple[Ints, int]:
    """The exact values that floats stand for, as numerators over one denominator, a multiple of ``over``;
    ``rows`` are for messages.
    """
    top, common = _common(inst, scale, *_derived(inst, scale, value, rows), over)
    _in_range(inst, scale, top, common, rows)
    return top, common


def _common(inst: Instrument, scale: Scale, top: Ints, bottom: Ints, over: int) -> tuple[Ints, int]:
    if scale.quotient:
        # Each has a denominator of its own, and no 64 bits hold what all of them have in common.
        return (top // bottom) * GRID + np.rint(top % bottom / bottom * GRID).astype(np.int64), GRID
    common = reduce(lcm, np.unique(bottom).tolist(), over)
    if common > _LARGEST or (top.size and int(np.abs(top).max()) * (common // int(bottom.min())) > _LARGEST):
        raise FrameError(f"exact_denominator: too large for {inst.id}.{scale.id}; drop both exact columns")
    return top * (common // bottom), common


def _derived(inst: Instrument, scale: Scale, value: Floats, rows: Ints) -> tuple[Ints, Ints]:
    """The exact value that a float stands for: one that the scale can take, as written or rounded to print.

    First the values of a complete form (thirds for the PEG, tenths for a T-score); then, for means and
    prorated sums, the one value of the scale's table that gives this number when rounded to its decimals:
    6.67 and 6.7 are 20/3, and 5.05 is nothing that a mean of three answers can be.
    """
    if scale.quotient:
        return np.rint(value * GRID).astype(np.int64), np.full(len(value), GRID, np.int64)
    table = tables(inst)[scale.id]
    assert not isinstance(table, QuotientTable)
    denominator = table.denominator
    nearest = np.rint(value * denominator)
    fits = np.abs(value - nearest / denominator) <= 1e-9 * np.maximum(1, np.abs(value))
    top, bottom = np.where(fits, nearest, 0).astype(np.int64), np.where(fits, denominator, 0)
    left = np.flatnonzero(~fits)
    if left.size:
        possible = _possible(inst, scale)
        distinct, place = np.unique(value[left], return_inverse=True)
        read = [_reproduced(number, possible) for number in distinct.tolist()]
        top[left] = np.array([0 if exact is None else exact.numerator for exact in read])[place]
        bottom[left] = np.array([0 if exact is None else exact.denominator for exact in read])[place]
    if (wrong := np.flatnonzero(bottom == 0)).size:
        raise FrameError(
            f"value: {value[wrong[0]]:g} in row {rows[wrong[0]]} (counted from 0) is no value that "
            f"{inst.id}.{scale.id} can take, nor one of its values rounded to these decimals; give scores "
            "as they were computed, or the exact integers beside them"
        )
    return top, bottom


def _possible(inst: Instrument, scale: Scale) -> list[Fraction]:
    """Every value in the tables of a mean, or of a sum that a rule prorates, in order."""
    lax = [rule.id for rule in scale.missing if rule.at_most]
    if scale.kind != "mean" and not lax:
        return []
    values: set[Fraction] = set()
    for rule in (None, *lax):
        table = tables(inst, rule)[scale.id]
        if isinstance(table, ScaleTable):
            cells = (cell for _, _, cell in table)
            values |= {cell.exact for cell in cells if isinstance(cell, Score) and cell.exact is not None}
    return sorted(values)


def _reproduced(number: float, possible: list[Fraction]) -> Fraction | None:
    """The only one of these values that is this number when rounded to as many decimals."""
    written = Decimal(repr(number)).normalize()
    decimals = -int(written.as_tuple().exponent)
    if decimals < 1:
        return None
    # A number given to more decimals than this is one that was never rounded.
    half = Fraction(1, 2 * 10 ** min(decimals, 9))
    exact = Fraction(written)
    first, last = bisect_left(possible, exact - half), bisect_right(possible, exact + half)
    return possible[first] if last - first == 1 else None


def _in_range(inst: Instrument, scale: Scale, numerator: Ints, denominator: int, rows: Ints) -> None:
    if scale.range is None:
        return
    low, high = (exact_points(limit) for limit in scale.range)
    outside = (numerator * low[1] < low[0] * denominator) | (numerator * high[1] > high[0] * denominator)
    if (wrong := np.flatnonzero(outside)).size:
        raise FrameError(
            f"value: {numerator[wrong[0]] / denominator:g} in row {rows[wrong[0]]} (counted from 0) "
            "lies outside the range "
            f"of {inst.id}.{scale.id}, {scale.range[0]} to {scale.range[1]}"
        )


def exact_points(number: Any) -> tuple[int, int]:
    """Numerator and denominator of a number as written.

    >>> exact_points(2.2)
    (11, 5)
    """
    exact = Fraction(repr(float(number))) if isinstance(number, float) else Fraction(number)
    return exact.numerator, exact.denominator

"""Percent change and the IMMPACT words, on arrays of scores."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ipm_outcomes._fence import fenced
from ipm_outcomes.change._scores import exact_values, find, numeric, own_definitions
from ipm_outcomes.change._thresholds import IMMPACT_WORDS, has_immpact, immpact_codes, refuse_percent
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.frames._library import Bools, Ints
from ipm_outcomes.stats.arguments import Floats, better_sign, paired_arrays


@fenced
def percent_change(
    before: ArrayLike,
    after: ArrayLike,
    *,
    instrument: str,
    scale: str,
    definitions: Collection[Instrument] = (),
) -> Floats:
    """Compute the improvement in percent of the first score.

    Parameters
    ----------
    before, after : array_like, shape (n,)
        Scores in points; NaN or None where missing.
    instrument, scale : str
        Ids; the scale must be one whose 0 means none of what is measured.
    definitions : sequence of Instrument
        Custom definitions.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Positive for improvement; NaN where a score is missing or the first one is 0.

    Raises
    ------
    ParameterError
        For a scale without such a zero, as a T-score.

    References
    ----------
    Dworkin RH et al. (2008), J Pain 9:105-121, for percent improvement in pain and its lines.

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> change.percent_change([8, 0], [4, 2], instrument="phq9", scale="total").tolist()
    [50.0, nan]
    """
    improvement, base, known = _ratios(exact_pairs(before, after, instrument, scale, definitions))
    return np.where(known, 100 * improvement / np.where(known, base, 1), np.nan)


@fenced
def immpact(
    before: ArrayLike,
    after: ArrayLike,
    *,
    instrument: str,
    scale: str,
    definitions: Collection[Instrument] = (),
) -> NDArray[np.object_]:
    """Say how large an improvement in pain is, in the words of IMMPACT.

    Parameters
    ----------
    before, after, instrument, scale, definitions
        As in `percent_change`; the scale must be one defined with both responder lines (PEG, pain intensity).

    Returns
    -------
    numpy.ndarray of object, shape (n,)
        "none" below 10 % improvement (worsening too), "minimal" from 10 %, "moderate" from 30 %,
        "substantial" from 50 %; None where a score is missing or the first one is 0. IMMPACT prints 10 to 20
        % as minimal and leaves 20 to 30 % open; here these are minimal.

    Raises
    ------
    ParameterError
        For any other scale.

    References
    ----------
    Dworkin RH et al. (2008), J Pain 9:105-121.

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> change.immpact([10, 10, 10, 0], [9, 7, 5, 3], instrument="peg", scale="mean").tolist()
    ['minimal', 'moderate', 'substantial', None]
    """
    pairs = exact_pairs(before, after, instrument, scale, definitions)
    improvement, base, known = _ratios(pairs)
    if not has_immpact(pairs.scale):
        raise ParameterError(f"scale: {instrument}.{scale} is no pain scale with both responder lines")
    words = np.array([*IMMPACT_WORDS, None], object)
    return words[immpact_codes(pairs.scale, improvement, base, pairs.bottom, known)]


@dataclass(frozen=True)
class ExactPairs:
    """Pairs of scores on one scale as whole numbers over ``bottom``; 0 where a pair is not ``known``."""

    inst: Instrument
    scale: Scale
    base: Ints
    improvement: Ints
    bottom: int
    known: Bools


def exact_pairs(
    before: ArrayLike, after: ArrayLike, instrument: str, scale: str, definitions: Collection[Instrument]
) -> ExactPairs:
    """Read scores of a numeric scale exactly; values that it cannot take are refused."""
    inst = find(instrument, own_definitions(definitions))
    (of,) = numeric(inst, scale)
    x1, x2 = paired_arrays(before, after)
    both = ~np.isnan(x1) & ~np.isnan(x2)
    top, bottom = exact_values(
        inst, of, np.concatenate([x1[both], x2[both]]), np.tile(np.flatnonzero(both), 2)
    )
    first, second = np.zeros(x1.size, np.int64), np.zeros(x1.size, np.int64)
    first[both], second[both] = np.split(top, 2)
    return ExactPairs(inst, of, first, better_sign(of.worse or "higher") * (second - first), bottom, both)


def _ratios(pairs: ExactPairs) -> tuple[Ints, Ints, Bools]:
    refuse_percent(pairs.inst, pairs.scale)
    return pairs.improvement, pairs.base, pairs.known & (pairs.base > 0)

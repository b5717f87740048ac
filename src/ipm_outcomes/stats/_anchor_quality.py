"""How well an anchor does as one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.stats.arguments import Floats, positive, scores_array


def yes_or_no(name: str, values: ArrayLike) -> Floats:
    """Read answers that are true or false as 1 and 0, NaN where missing."""
    array = np.asarray(values)
    if array.dtype.kind == "b":
        array = array.astype(np.float64)
    elif array.dtype.kind == "O":
        array = np.array(
            [float(x) if isinstance(x, (bool, np.bool_)) else x for x in array.ravel()], dtype=object
        )
    flags = scores_array(name, array)
    if np.any(~np.isnan(flags) & (flags != 0) & (flags != 1)):
        raise ParameterError(f"{name}: must hold True and False (or 1 and 0); None or NaN if not answered")
    return flags


DECIMALS = 9


@dataclass(frozen=True, slots=True)
class AnchorQuality:
    """Whether an anchor can carry a minimal important change.

    Attributes
    ----------
    n, n_group : int
        Patients with improvement and anchor, and those of them in the group that is a little better.
    spearman : float
        Rank correlation of improvement and anchor; NaN where one of them does not vary.
    effect_size : float
        Mean improvement of the group over the baseline SD; NaN where no SD was given.
    correlated : bool
        |spearman| of at least 0.30.
    well_correlated : bool
        |spearman| of at least 0.50.
    large_enough : bool
        At least 10 in the group.
    plausible_effect : bool or None
        Effect size of 0.2 to 0.8; None where it is unknown.

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> quality = change.anchor_quality([0, 1, 2, 3, 5], [4, 4, 5, 5, 6], slightly=[False, False, True, True, False])
    >>> quality.correlated, quality.n_group, quality.adequate
    (True, 2, False)
    """

    n: int
    n_group: int
    spearman: float
    effect_size: float
    correlated: bool
    well_correlated: bool
    large_enough: bool
    plausible_effect: bool | None

    @property
    def adequate(self) -> bool:
        """Correlated, large enough, and no implausible effect."""
        return self.correlated and self.large_enough and self.plausible_effect is not False


@fenced
def anchor_quality(
    improvement: ArrayLike, anchor: ArrayLike, *, slightly: ArrayLike, baseline_sd: float | None = None
) -> AnchorQuality:
    """Check an anchor before a minimal important change is taken from it.

    Parameters
    ----------
    improvement : array_like, shape (n,)
        Change counted toward health, in points; NaN or None where missing.
    anchor : array_like, shape (n,)
        The ordered rating as numbers, for example 1 to 7; NaN or None where missing.
    slightly : array_like of bool, shape (n,)
        The group that is "a little better".
    baseline_sd : float, optional
        SD of the score at baseline, in points, for the effect size of the group.

    Returns
    -------
    AnchorQuality

    Raises
    ------
    ParameterError
        For arrays that do not match, or a baseline SD not above 0.

    References
    ----------
    Criteria as used in the studies of minimally important differences of PROMIS measures.

    Examples
    --------
    >>> result = anchor_quality([0, 1, 2, 3, 5], [4, 4, 5, 5, 6], slightly=[False, False, True, True, False])
    >>> round(result.spearman, 3), result.n_group, result.adequate
    (0.949, 2, False)

    """
    from scipy.stats import rankdata

    x, a = scores_array("improvement", improvement), scores_array("anchor", anchor)
    group = yes_or_no("slightly", slightly)
    if not x.size == a.size == group.size:
        raise ParameterError("improvement, anchor and slightly: must be equally long, one entry per patient")
    answered = ~np.isnan(x) & ~np.isnan(a)
    inside = answered & (group == 1)
    ranked = np.round([x[answered], a[answered]], DECIMALS)
    apart = ranked.shape[1] > 1 and bool((np.ptp(ranked, axis=1) > 0).all())
    rank = float(np.corrcoef(rankdata(ranked, axis=1))[0, 1]) if apart else math.nan
    n_group = int(inside.sum())
    effect = math.nan
    if baseline_sd is not None:
        spread = positive("baseline_sd", baseline_sd)
        effect = float(x[inside].mean()) / spread if n_group else math.nan
    return AnchorQuality(
        n=int(answered.sum()),
        n_group=n_group,
        spearman=rank,
        effect_size=effect,
        correlated=abs(rank) >= 0.30,
        well_correlated=abs(rank) >= 0.50,
        large_enough=n_group >= 10,
        plausible_effect=None if math.isnan(effect) else 0.2 <= effect <= 0.8,
    )

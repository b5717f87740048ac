"""Checks of arrays and numbers that every room of change asks for: scores, directions, levels."""

from __future__ import annotations

import math
from decimal import Decimal
from numbers import Real
from statistics import NormalDist
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ipm_outcomes.errors import ParameterError

Floats: TypeAlias = npt.NDArray[np.float64]
Booleans: TypeAlias = npt.NDArray[np.bool_]
Worse: TypeAlias = Literal["higher", "lower"]


def scores_array(name: str, values: npt.ArrayLike) -> Floats:
    """Read scores as one-dimensional float64, with None, NaN and NA as NaN.

    Parameters
    ----------
    name : str
        What the argument is called, for the message.
    values : array_like, shape (n,)
        Numbers, None, NaN or NA. Booleans, text and infinite numbers are refused.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)

    Raises
    ------
    ParameterError
        If the values are not a plain row of numbers; the message names the first bad position, never its
        content.

    Examples
    --------
    >>> scores_array("before", [12, None, 7.5])
    array([12. ,  nan,  7.5])

    """
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{name}: not a row of numbers; give a list or array of scores") from error
    if array.ndim != 1:
        raise ParameterError(
            f"{name}: has {array.ndim} dimensions where 1 is needed; give one score per patient"
        )
    if array.dtype.kind in "iuf":
        numbers = array.astype(np.float64)
    elif array.dtype.kind == "O":
        numbers = np.array([_number(name, i, x) for i, x in enumerate(array)], dtype=np.float64)
    else:
        raise ParameterError(
            f"{name}: holds {array.dtype.name} values; scores are numbers, missing ones NaN or None"
        )
    infinite = np.flatnonzero(np.isinf(numbers))
    if infinite.size:
        raise ParameterError(
            f"{name}: infinite at position {infinite[0]} (counted from 0); give NaN for a missing score"
        )
    return numbers


def _number(name: str, position: int, value: Any) -> float:
    if value is None or type(value).__name__ == "NAType":
        return math.nan
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (Real, Decimal)):
        kind = f"text of length {len(value)}" if isinstance(value, str) else f"a {type(value).__name__}"
        raise ParameterError(f"{name}: {kind} at position {position} (counted from 0); scores are numbers")
    return float(value)


def paired_arrays(before: npt.ArrayLike, after: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Read two score arrays and refuse them unless they are equally long.

    Examples
    --------
    >>> x1, x2 = paired_arrays([3, 4], [1, None])
    >>> x2
    array([ 1., nan])

    """
    x1, x2 = scores_array("before", before), scores_array("after", after)
    if x1.size != x2.size:
        raise ParameterError(
            f"before has {x1.size} scores and after {x2.size}; give one of each per patient, NaN if missing"
        )
    return x1, x2


def better_sign(worse: str) -> int:
    """Return +1 where a higher score is better, -1 where a higher score is worse.

    Examples
    --------
    >>> better_sign("higher"), better_sign("lower")
    (-1, 1)

    """
    if worse not in ("higher", "lower"):
        raise ParameterError("worse: must be 'higher' (a higher score is worse) or 'lower'")
    return -1 if worse == "higher" else 1


def positive(name: str, value: Any) -> float:
    """Read a finite number above 0 or raise ParameterError.

    Examples
    --------
    >>> positive("sd", 7)
    7.0

    """
    number = finite(name, value)
    if number <= 0:
        raise ParameterError(f"{name}: is {number:g}; it must be above 0")
    return number


def finite(name: str, value: Any) -> float:
    """Read a finite number or raise ParameterError.

    Examples
    --------
    >>> finite("clinical_mean", -2)
    -2.0

    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (Real, Decimal)):
        raise ParameterError(f"{name}: must be a number, not a {type(value).__name__}")
    number = float(value)
    if not math.isfinite(number):
        raise ParameterError(f"{name}: must be a finite number")
    return number


def reliability_of(name: str, value: Any) -> float:
    """Read a reliability, between 0 and 1 with both excluded, or raise ParameterError.

    Examples
    --------
    >>> reliability_of("reliability", 0.84)
    0.84

    """
    number = finite(name, value)
    if not 0 < number < 1:
        raise ParameterError(
            f"{name}: is {number:g}; it must lie between 0 and 1, both excluded"
            " (at 0 the score tells nothing, at 1 every change is reliable)"
        )
    return number


def normal_quantile(level: float, *, sides: Literal[1, 2] = 2) -> float:
    """Return the standard normal quantile of a two- or one-sided confidence level.

    Examples
    --------
    >>> round(normal_quantile(0.95), 6), round(normal_quantile(0.95, sides=1), 6)
    (1.959964, 1.644854)

    """
    number = finite("level", level)
    if not 0 < number < 1:
        raise ParameterError(f"level: is {number:g}; it must lie between 0 and 1, for example 0.95")
    return NormalDist().inv_cdf(1 - (1 - number) / sides)

"""What arguments of statistics may be, checked in one place so that refusals read alike."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from numbers import Real
from statistics import NormalDist
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ipm_outcomes.errors import ParameterError, number_of

Floats: TypeAlias = NDArray[np.float64]
Booleans: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.int64]
Worse: TypeAlias = Literal["higher", "lower"]


def scores_array(name: str, values: ArrayLike) -> Floats:
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


def paired_arrays(before: ArrayLike, after: ArrayLike) -> tuple[Floats, Floats]:
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
            " (at 0 the score says nothing, at 1 every change is reliable)"
        )
    return number


def normal_quantile(level: float, *, sides: Literal[1, 2] = 2) -> float:
    """Return the standard normal quantile of a two- or one-sided confidence level.

    Examples
    --------
    >>> round(normal_quantile(0.95), 6), round(normal_quantile(0.95, sides=1), 6)
    (1.959964, 1.644854)

    """
    # The lower tail keeps its digits where the level comes close to 1.
    return -NormalDist().inv_cdf((1.0 - level_of(level)) / sides)


def whole_number(name: str, value: Any, lowest: int | None = None, highest: int | None = None) -> int:
    """Read a whole number that is not below the lowest, nor above the highest.

    >>> whole_number("rows", 8, 1, 100)
    8
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ParameterError(f"{name} must be a whole number, not a {type(value).__name__}")
    if lowest is not None and value < lowest:
        raise ParameterError(f"{name} is {value}; it must be at least {lowest}")
    if highest is not None and value > highest:
        raise ParameterError(f"{name} is {value}; it must be at most {highest}")
    return int(value)


def matrix_of(name: str, values: ArrayLike, n: int) -> Floats:
    """Read columns of numbers, one row per patient; NaN where missing."""
    array = np.asarray(values)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[0] != n:
        raise ParameterError(f"{name}: must have one row per patient ({n}) and one column per variable")
    if not array.shape[1]:
        return np.empty((n, 0))
    if array.dtype.kind == "b":
        return array.astype(np.float64)
    return np.column_stack([scores_array(f"{name}, column {j}", array[:, j]) for j in range(array.shape[1])])


def refuse_missing(name: str, columns: Floats) -> None:
    """Raise where a row is not complete."""
    gaps = np.isnan(columns).any(axis=1)
    if gaps.any():
        raise ParameterError(
            f"{name}: missing for {number_of(int(gaps.sum()), 'patient')}; complete them, leave the column out,"
            " or give it as other_visits, which may have gaps"
        )


def numbers(name: str, values: ArrayLike) -> Floats:
    """The values as float64; anything that is not a plain number is refused, NaN is let through."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        raise ParameterError(f"{name} must be a number or an array of numbers of one shape") from None
    if array.dtype.kind == "O" and all(isinstance(v, Real) and not isinstance(v, bool) for v in array.flat):
        array = array.astype(np.float64)
    if array.dtype.kind not in "iuf":
        raise ParameterError(
            f"{name} must hold numbers, not {array.dtype.name} values; "
            "leave out what is missing and convert the rest"
        )
    return array.astype(np.float64)


def refuse(name: str, array: Floats, bad: NDArray[np.bool_], must: str) -> None:
    """Raise for the first bad entry, named by its position."""
    if not bad.any():
        return
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    place = f"{name}[{', '.join(map(str, first))}]" if first else name
    raise ParameterError(f"{place} is {array[first]:g}; {must}")


def counts_of(name: str, values: ArrayLike) -> Floats:
    """The values as float64, if they are counts."""
    array = numbers(name, values)
    bad = ~np.isfinite(array) | (array < 0) | (array != np.floor(array))
    refuse(name, array, bad, "it must be a whole number of 0 or more")
    return array


def together(**arrays: Floats) -> list[Floats]:
    """The arrays broadcast against each other; the keywords name them in the refusal."""
    try:
        return list(np.broadcast_arrays(*arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ParameterError(f"the shapes do not go together: {shapes}") from None


def part_of(name: str, x: ArrayLike, total: str, n: ArrayLike) -> tuple[Floats, Floats]:
    """Counts x of totals n, broadcast; x must not exceed n."""
    xs, ns = together(**{name: counts_of(name, x), total: counts_of(total, n)})
    refuse(name, xs, xs > ns, f"it must not exceed {total}")
    return xs, ns


def level_of(level: float) -> float:
    """The confidence level, if it lies between 0 and 1."""
    return fitting("level", level, lambda x: 0 < x < 1, "it must lie between 0 and 1, such as 0.95")


def fitting(name: str, value: Any, fits: Callable[[float], bool], must: str) -> float:
    """The number, if it is one that fits."""
    if isinstance(value, bool) or not isinstance(value, Real) or not fits(float(value)):
        shown = f"{float(value):g}" if isinstance(value, Real) else type(value).__name__
        raise ParameterError(f"{name} is {shown}; {must}")
    return float(value)

"""What arguments of the program's statistics may be, checked in one place so that refusals read alike."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ipm_outcomes.errors import ParameterError

Floats: TypeAlias = npt.NDArray[np.float64]


def numbers(name: str, values: npt.ArrayLike) -> Floats:
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


def refuse(name: str, array: Floats, bad: npt.NDArray[np.bool_], must: str) -> None:
    """Raise for the first bad entry, named by its position."""
    if not bad.any():
        return
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    place = f"{name}[{', '.join(map(str, first))}]" if first else name
    raise ParameterError(f"{place} is {array[first]:g}; {must}")


def counts_of(name: str, values: npt.ArrayLike) -> Floats:
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


def part_of(name: str, x: npt.ArrayLike, total: str, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Counts x of totals n, broadcast; x must not exceed n."""
    xs, ns = together(**{name: counts_of(name, x), total: counts_of(total, n)})
    refuse(name, xs, xs > ns, f"it must not exceed {total}")
    return xs, ns


def level_of(level: float) -> float:
    """The confidence level, if it lies between 0 and 1."""
    if isinstance(level, bool) or not isinstance(level, Real) or not 0 < float(level) < 1:
        shown = f"{float(level):g}" if isinstance(level, Real) else type(level).__name__
        raise ParameterError(f"level is {shown}; it must lie between 0 and 1, such as 0.95")
    return float(level)


def z_of(level: float) -> float:
    """The two-sided normal quantile of a level: 1.959964 for 0.95."""
    # The lower tail keeps its digits where level comes close to 1.
    return -NormalDist().inv_cdf((1.0 - level) / 2.0)


def choice(method: str, allowed: Sequence[str], name: str = "method") -> None:
    """Refuse a name that is not one of those allowed."""
    if method not in allowed:
        shown = repr(method) if isinstance(method, str) and len(method) <= 30 else "not one of the names"
        raise ParameterError(f"{name} is {shown}; it must be one of: {', '.join(allowed)}")

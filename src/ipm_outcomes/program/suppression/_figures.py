"""Whether there can be patients with given counts whose means are printed with given digits.

They are looked for among all the kinds of patients of a group, weighted by an exponential family (as in Deming and
Stephan 1940, iterative fitting of a table to its margins); additions then show whether they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np

from ipm_outcomes.program.suppression._read import TableRow

DECIMALS = 1
"""Of a mean, its limits and its standard deviation as they are published."""
METHOD = "student t"
FULL, COARSE, WITHHELD = range(3)
"""A mean with its limits; a whole number without limits; nothing."""
HOW = ("in full", "as a whole number", "not at all")
"""The same in words."""
_STEPS = 30  # of the fit at most
_FAR, _HALVES = 10.0, 8  # how far a step goes at most, in logarithms, and how often it is halved
_AT_ONCE = 60  # equations that are solved at once at most
_KINDS = 400  # of patients of a group that are tried, about
_OF_ATOM = 8  # of those, of each atom at least
Way = tuple[int, int]
_SOFT = 0.1
"""How far a mean in whole points may give way, in points for each unit of its weight in the exponential family."""
_OFF = 1e-5  # patients by which a count may be off at the end of the fit


def to_decimals(value: float, decimals: int = DECIMALS) -> float:
    """A number as it is printed: half away from zero, without what depends on the order of additions."""
    return float(Decimal(f"{value:.12g}").quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


@dataclass
class Figure:
    """One mean: of which patients, of what, and how it is printed."""

    row: TableRow
    held: np.ndarray
    """The kinds of patients that it is a mean of."""
    z: np.ndarray
    """What it is a mean of, in standard deviations from the mean; 0 for others."""
    n: int
    mean: float
    sd: float
    half: float
    """Half of the width of its interval."""
    with_sd: bool
    """Whether the standard deviation is published beside the interval."""
    spread: bool
    """Whether anything of how they differ is published."""
    differ: bool
    """Whether they differ at all."""
    end: bool
    """A mean before or after, not of the change."""
    again: bool = False
    """Whether it is another one the other way round, so that it says nothing more."""
    state: int = FULL
    digits: dict[int, tuple[float, ...]] = field(default_factory=dict)

    def printed(self, n: float, total: float, squares: float) -> tuple[float, ...]:
        """How it is printed for so many patients with these sums."""
        mean = self.mean + self.sd * total / n
        if self.state == COARSE:
            return (to_decimals(mean, 0),)
        if not self.spread:
            return (to_decimals(mean),)
        off = (max(squares - total**2 / n, 0.0) / (n - 1)) ** 0.5 if n > 1 else 0.0
        half = self.half * off * (self.n / n) ** 0.5
        printed = (mean, mean - half, mean + half, *((self.sd * off,) if self.with_sd else ()))
        return tuple(to_decimals(number) for number in printed)

    def same(self, y: np.ndarray) -> bool:
        """Whether it is printed the same for other patients."""
        if self.state == WITHHELD:
            return True
        n, z = float(y[self.held].sum()), self.z[self.held]
        if n < 1:
            return False
        printed = self.printed(n, float(z @ y[self.held]), float(z**2 @ y[self.held]))
        if self.state not in self.digits:
            self.digits[self.state] = self.printed(self.n, 0.0, self.squares)
        return printed == self.digits[self.state]

    @property
    def squares(self) -> float:
        """The sum of the squares of `z`."""
        return self.n - 1.0 if self.differ else 0.0


@dataclass
class Group:
    """The means of one group of one scale and target, and the kinds of patients behind them."""

    figures: list[Figure]
    names: list[Any]
    sets: np.ndarray
    """Kinds by published set."""
    cells: np.ndarray
    """The published count of each set."""
    nested: tuple[np.ndarray, np.ndarray]
    """Sets inside others, by their places: the inner and the outer ones."""
    start: dict[Any, np.ndarray] = field(default_factory=dict)
    known: dict[Any, bool] = field(default_factory=dict)

    way: Way = (FULL, FULL)

    def take(self, way: Way) -> None:
        """Print the means like this."""
        self.way = way
        for figure in self.figures:
            figure.state = way[0 if figure.end else 1]

    def is_known(self, counts: np.ndarray) -> bool:
        """Whether `could_be` was asked before, or needs no work."""
        return self.way == (WITHHELD, WITHHELD) or (self.way, counts.tobytes()) in self.known

    def could_be(self, counts: np.ndarray) -> bool:
        """Whether there can be patients with these counts of whom every mean is printed the same."""
        key = (self.way, counts.tobytes())
        if key not in self.known:
            self.known[key] = all(figure.state == WITHHELD for figure in self.figures) or could_be(
                [Slab(self, counts, ())], ()
            )
        return self.known[key]

    def _nobody(self, counts: np.ndarray) -> np.ndarray:
        """The kinds between two nested sets with the same count."""
        inner, outer = self.nested
        same = counts[inner] == counts[outer]
        return np.asarray((self.sets[outer[same]] & ~self.sets[inner[same]]).any(axis=0))

    def there(self, counts: np.ndarray) -> np.ndarray:
        """The kinds of which there can be anybody."""
        return np.asarray(~(self.sets[counts == 0].any(axis=0) | self._nobody(counts)))


@dataclass
class Slab:
    """A group in a table of patients by site, period and kind: its counts, and which part of the table it is."""

    group: Group
    counts: np.ndarray
    index: tuple[Any, ...]
    """Its place in each dimension but the last, or all of them: `slice(None)`."""

    def lines(self, soft: float) -> None:
        """The sums that its patients must have: of which weights, how much, and how far each may give way."""
        some = self.counts > 0
        sets, counts = self.group.sets, self.counts
        rows, wanted, give = [sets], [counts.astype(float)], [np.zeros(len(counts))]
        for figure in (
            figure for figure in self.group.figures if figure.state != WITHHELD and not figure.again
        ):
            of = [figure.z, figure.z**2][: 2 if figure.state == FULL and figure.spread else 1]
            rows += [np.where(figure.held, values, 0.0)[None] for values in of]
            wanted.append(np.array([0.0, figure.squares][: len(of)]))
            give.append(np.full(len(of), soft * figure.n / figure.sd if figure.state == COARSE else 0.0))
        self.used = np.append(some, np.ones(sum(map(len, wanted[1:])), bool))
        self.phi = np.vstack(rows)[self.used].astype(float)
        self.goal, self.gives = np.concatenate(wanted)[self.used], np.concatenate(give)[self.used]
        self.many = int(some.sum())

    def begin(self, among: int, anew: bool = False) -> np.ndarray:
        """Where the fit begins: a part with its share of a whole of so many; else where the last fit of the group by
        itself ended, or, also where it has to be ``anew``, with everyone alike.
        """
        key = tuple(figure.state for figure in self.group.figures)
        self.start = self.group.start.get(key, np.zeros(len(self.used)))
        if len(self.counts) and (among or anew or key not in self.group.start):
            self.start = np.zeros(len(self.used))
            whole = int(np.argmax(self.group.sets.sum(axis=1)))
            self.start[whole] = np.log(max(self.counts[whole], 1) / (among or self.group.sets[whole].sum()))
        if not self.index:
            self.group.start[key] = self.start
        return np.asarray(self.start[self.used])


def could_be(slabs: Sequence[Slab], shape: tuple[int, ...]) -> bool:
    """Whether there can be patients of whom every group has its counts, and every mean is printed the same.

    Means in whole points are sought exact first, then near: an exact mean at the end of a scale leaves one kind.
    """
    coarse = any(figure.state == COARSE for slab in slabs for figure in slab.group.figures)
    return _fits(slabs, shape) or (coarse and _fits(slabs, shape, _SOFT))


def _fits(slabs: Sequence[Slab], shape: tuple[int, ...], soft: float = 0.0) -> bool:
    kinds = slabs[0].group.sets.shape[1]
    table = np.ones((*shape, kinds), bool)
    for slab in slabs:
        slab.lines(soft)
        table[slab.index] &= slab.group.there(slab.counts)
    there = table.reshape(-1, kinds).any(axis=0)
    table = table[..., there]
    if not there.any():
        return False
    slabs = [slab for slab in slabs if len(slab.goal)]
    for slab in slabs:
        slab.phi = slab.phi[:, there]
    n = int(max(slabs[0].counts, default=0))
    goal = np.concatenate([slab.goal for slab in slabs])
    gives = np.concatenate([slab.gives for slab in slabs])
    ends = np.cumsum([len(slab.goal) for slab in slabs])
    places = [slice(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    whole = np.zeros(kinds)
    for anew in (False, True):  # where the last fit ended there may be far too many of other kinds
        u = [slab.begin(n if index else 0, anew) for index, slab in enumerate(slabs)]
        weight = np.where(table, _spread(slabs, u, table.shape), -np.inf)
        if weight.max() < np.log(max(n, 1)) + _FAR:
            break
    y = np.exp(np.minimum(weight, 30.0))
    for _ in range(_STEPS):
        sums: dict[Any, np.ndarray] = {}
        left = goal - gives * np.concatenate(u)
        off = 0.0
        for slab, place in zip(slabs, places, strict=True):
            weighted = slab.phi * _sum(y, slab.index, sums)
            left[place] -= weighted.sum(axis=1)
            off = max(off, float(np.abs(left[place][: slab.many]).max(initial=0.0)))
        if off < _OFF:
            for slab in slabs:
                whole[there] = _sum(y, slab.index, sums)
                if not all(figure.same(whole) for figure in slab.group.figures):
                    break
            else:
                if not shape:
                    slabs[0].start[slabs[0].used] = u[0]
                return True
        curve = np.diag(gives)
        for i, slab in enumerate(slabs):
            for j, other in enumerate(slabs[: i + 1]):
                common = _both(slab.index, other.index)
                if common is not None:
                    part = _product(slab.phi * _sum(y, common, sums), other.phi)
                    curve[places[i], places[j]] += part
                    if i != j:
                        curve[places[j], places[i]] += part.T
        ridge = 1e-10 * np.trace(curve)
        if not 0 < ridge < np.inf:
            return False
        step = _solved(curve + ridge * np.eye(len(goal)), left, places)
        steps = [step[place] for place in places]
        more = _spread(slabs, steps, table.shape)
        # As far along as the dual of the fit falls; it is convex.
        by = min(1.0, _FAR / max(float((more[table] if shape else more).max()), 1e-9))
        now, slope = np.concatenate(u), float(left @ step)
        tried = y
        for _ in range(_HALVES):
            tried = np.exp(np.minimum(weight + by * more, 30.0))
            rise = (
                tried.sum() - y.sum() - by * (goal @ step) + gives @ (by * step * now + (by * step) ** 2 / 2)
            )
            if rise <= -1e-4 * by * slope:
                break
            by /= 2
        u = [weights + by * more_ for weights, more_ in zip(u, steps, strict=True)]
        weight, y = weight + by * more, tried
    return False


def _solved(a: np.ndarray, b: np.ndarray, places: Sequence[slice]) -> np.ndarray:
    """The solution of equations: of many group by group, the first group last, so that no library starts threads."""
    if len(b) <= _AT_ONCE:
        return np.linalg.solve(a, b)
    a, b = a.copy(), b.copy()
    order = [
        slice(start, min(start + _AT_ONCE, place.stop))
        for place in reversed(places)
        for start in range(place.start, place.stop, _AT_ONCE)
    ]
    made = []
    for n, block in enumerate(order):
        later = [other for other in order[n + 1 :] if a[other, block].any()]
        columns = np.concatenate([a[block, other] for other in later] + [b[block][:, None]], axis=1)
        columns = np.linalg.solve(a[block, block], columns)
        ends = np.cumsum([other.stop - other.start for other in later])
        parts = np.split(columns[:, :-1], ends[:-1], axis=1) if later else []
        made.append((block, later, parts, columns[:, -1]))
        for other in later:
            b[other] -= a[other, block] @ columns[:, -1]
            for third, part in zip(later, parts, strict=True):
                a[other, third] -= a[other, block] @ part
    x = np.zeros(len(b))
    for block, later, parts, right in reversed(made):
        x[block] = right - sum(
            (part @ x[other] for other, part in zip(later, parts, strict=True)), np.zeros(len(right))
        )
    return x


def _spread(slabs: Sequence[Slab], u: Sequence[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """The weights of the lines of all groups, added up for every kind at every place."""
    made = np.zeros(shape)
    for slab, weights in zip(slabs, u, strict=True):
        made[slab.index] += np.einsum("s,sk->k", weights, slab.phi)
    return made


def _sum(y: np.ndarray, index: tuple[Any, ...], known: dict[Any, np.ndarray]) -> np.ndarray:
    """The patients of each kind in a part of the table."""
    key = tuple(-1 if isinstance(place, slice) else place for place in index)
    if key not in known:
        known[key] = y[index].reshape(-1, y.shape[-1]).sum(axis=0)
    return known[key]


def _both(a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """What two parts of the table have in common."""
    made = []
    for place, other in zip(a, b, strict=True):
        if isinstance(place, slice):
            made.append(other)
        elif isinstance(other, slice) or place == other:
            made.append(place)
        else:
            return None
    return tuple(made)


def some_of(atoms: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Some kinds of patients of each atom will do: first, last and between."""
    order = kinds[np.argsort(atoms[kinds], kind="stable")]
    _, first, many = np.unique(atoms[order], return_index=True, return_counts=True)
    limit = max(_OF_ATOM, _KINDS // max(len(first), 1))
    taken = [
        order[a + np.unique(np.linspace(0, n - 1, min(n, limit)).round().astype(int))]
        for a, n in zip(first, many, strict=True)
    ]
    return np.concatenate([np.zeros(0, np.int64), *taken])


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Product of a matrix and the transpose of another, in pieces so small that no library starts threads for them."""
    width = max(1, 200_000 // max(len(a), 1) ** 2)
    made = np.zeros((len(a), len(b)))
    for start in range(0, a.shape[1], width):
        made += a[:, start : start + width] @ b[:, start : start + width].T
    return made

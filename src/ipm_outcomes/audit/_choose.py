"""Which causes explain the rows that differ, and which cannot be determined from one another.

Each cause is judged by how likely it makes what was recorded: a cause at work in a share of the rows where it would
show, the rest slips of a hand. A cause is named where it beats slips, and every other cause, by far; else all that
come near are listed. A cause that leaves the number open, such as a lost item, pays for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.audit._guesses import Guess, Linear, by_hand
from ipm_outcomes.audit._reading import Bools, Floats, Material

BY_FAR = log(10_000)
"""How much more likely a cause must make what was recorded than every rival, to be named alone."""
AT_ALL = log(1_000)
"""How much more likely than slips of a hand, beyond what trying so many causes gives."""
FAMILIES = 25
MOST_CAUSES = 4
MOST_PARTLY = 2
FEWEST = 3
"""Of fewer rows no cause is named, and all that fit are listed."""
COVERED = 0.8
"""So many of the differing rows of its kind the named causes must explain together."""
SYSTEMATIC = 0.95
NEVER_ALONE = ("item_lost", "item_overwritten")
"""Kinds of causes that fit so much that they are listed with what else fits, and not named."""
FITS = 0.1
ENOUGH = 20
"""Rows from which on a cause that holds in all of them stands by itself."""


@dataclass(frozen=True)
class Candidate:
    """A cause as counted: the differing rows that it explains, and how many rows would show it.

    Attributes
    ----------
    explained, shown : array of uint8
        Packed bits over the differing rows: those it explains, and those that would show it.
    shows : int
        Rows in which it would show, the differing ones included.
    chance : array of float64 or None
        For each differing row the logarithm of how likely the number is among those left open.
    linear : Linear or None
        The weighted sum that it is.
    """

    cause: str
    family: str
    explained: NDArray[np.uint8]
    shown: NDArray[np.uint8]
    shows: int
    rows: int
    chance: Floats | None = None
    linear: Linear | None = None

    @property
    def hits(self) -> Bools:
        """The differing rows that it explains."""
        return np.unpackbits(self.explained, count=self.rows).view(bool)

    @property
    def would_show(self) -> Bools:
        """The differing rows that would show it."""
        return np.unpackbits(self.shown, count=self.rows).view(bool)


@dataclass(frozen=True)
class Chosen:
    """What was decided of some of the differing rows.

    Attributes
    ----------
    cause : str or None
        None where it cannot be determined.
    rows : array of bool
        Over the differing rows.
    of : int
        Rows in which it would show.
    rivals : tuple of str
        Causes that cannot be distinguished here.
    holds : bool
        Whether it holds in nearly all rows in which it would show.
    """

    cause: str | None
    rows: Bools
    of: int
    rivals: tuple[str, ...] = ()
    holds: bool = False
    linear: Linear | None = None


def counted(
    material: Material, given: Iterable[Guess], differing: Bools, fixed: Floats, weight: float = 1.0
) -> list[Candidate]:
    """Causes that explain at least one differing row.

    Parameters
    ----------
    differing
        Rows to be explained.
    fixed
        What stands in the other rows.
    weight
        How many rows each of the other rows stands for.
    """
    places = np.flatnonzero(differing)
    looked_at = np.isfinite(material.recorded) | ~np.isfinite(fixed)
    found = []
    for guess in given:
        explained = material.same(guess.value, guess.near)[places]
        if not explained.any():
            continue
        if guess.shows is None:
            within = material.near if guess.near else material.exact
            shows = looked_at & np.isfinite(guess.value) & ~(np.abs(guess.value - fixed) <= within)
        else:
            shows = looked_at & guess.shows
        shown = shows[places] | explained
        found.append(
            Candidate(
                guess.cause,
                guess.family,
                np.packbits(explained),
                np.packbits(shown),
                round(weight * np.count_nonzero(shows & ~differing)) + int(np.count_nonzero(shown)),
                len(places),
                None if guess.chance is None else np.log(guess.chance[places]),
                guess.linear,
            )
        )
    return found


def slips(material: Material, places: NDArray[np.intp]) -> Floats:
    """For each differing row how likely its number is as the slip of a hand, as a logarithm."""
    part = material.at(places)
    kinds = by_hand(part)
    off = ~np.logical_or.reduce(list(kinds.values()))
    sizes = [2, 2, 1, max(material.size, 2)]
    found = np.full(len(places), -np.inf)
    for rows, size in zip([*kinds.values(), off], sizes, strict=True):
        share = (np.count_nonzero(rows) + 1) / (len(places) + len(sizes))
        found = np.where(rows, np.maximum(found, log(share / size)), found)
    return found


class Choice:
    """The search for the causes of the differing rows of one scale."""

    def __init__(self, candidates: Sequence[Candidate], slip: Floats, population: int, blank: Bools) -> None:
        self.candidates, self.slip, self.blank = candidates, slip, blank
        self.population = max(population, len(slip))
        self.rows = len(slip)
        members: dict[str, int] = {}
        for one in candidates:
            members[one.family] = members.get(one.family, 0) + 1
        self.prior = {one.cause: -log(FAMILIES) - log(members[one.family]) for one in candidates}

    def likelihood(self, causes: Sequence[Candidate]) -> float:
        """How likely these causes, and slips of a hand for the rest, make what was recorded; a logarithm."""
        taken, total = np.zeros(self.rows, bool), 0.0
        for one, rows in zip(causes, self.shares(causes), strict=True):
            n = int(np.count_nonzero(rows))
            total += _rate(n, max(one.shows, n))
            if one.chance is not None:
                total += float(one.chance[rows].sum())
            taken |= rows
        rest = ~taken
        return total + _rate(int(rest.sum()), self.population) + float(self.slip[rest].sum())

    def shares(self, causes: Sequence[Candidate]) -> list[Bools]:
        """The rows of each cause: those it explains and none before it does."""
        taken, found = np.zeros(self.rows, bool), []
        for one in causes:
            rows = one.hits & ~taken
            taken |= rows
            found.append(rows)
        return found

    def best(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Causes that explain together, each of them needed."""
        chosen: list[Candidate] = []
        at = self.likelihood([])
        while len(chosen) < MOST_CAUSES:
            tried = [(self.likelihood([*chosen, one]) + self.prior[one.cause], one) for one in candidates]
            if not tried:
                break
            gain, one = max(tried, key=lambda pair: pair[0])
            if gain - at < AT_ALL:
                break
            chosen.append(one)
            at = self.likelihood(chosen)
            for other in chosen[:-1]:
                without = [kept for kept in chosen if kept is not other]
                if at + self.prior[other.cause] - self.likelihood(without) < AT_ALL:
                    chosen, at = without, self.likelihood(without)
        return chosen

    def rivals(self, chosen: Sequence[Candidate], place: int) -> list[str]:
        """Causes that would do nearly as well in the place of one of the chosen."""
        at, found = self.likelihood(chosen), []
        for one in self.candidates:
            if any(one.cause == other.cause for other in chosen):
                continue
            other = [*chosen[:place], one, *chosen[place + 1 :]]
            value = self.likelihood(other)
            if value >= at - BY_FAR:
                found.append((value, one.cause))
        return [cause for _, cause in sorted(found, key=lambda pair: (-pair[0], pair[1]))]

    def decide(self) -> list[Chosen]:
        """What can be said of the differing rows; rows of which nothing can be said are in none.

        Causes that leave the number open explain much, so that they are looked at only where no others do.
        """
        exact = [one for one in self.candidates if one.chance is None]
        return self._told(self.best(exact)) or self._told(self.best(self.candidates))

    def _told(self, chosen: Sequence[Candidate]) -> list[Chosen]:
        shares = self.shares(chosen)
        taken = np.logical_or.reduce(shares) if shares else np.zeros(self.rows, bool)
        found = []
        partly = 0
        for place, (one, rows) in enumerate(zip(chosen, shares, strict=True)):
            n = int(np.count_nonzero(rows))
            of = one.shows - int(np.count_nonzero(one.would_show & taken & ~rows))
            holds = one.chance is None and n >= SYSTEMATIC * of
            kind = self.blank if np.count_nonzero(rows & self.blank) > n / 2 else ~self.blank
            covered = np.count_nonzero(taken & kind) >= COVERED * np.count_nonzero(kind)
            if n < FEWEST or (not covered and not (holds and n >= ENOUGH)):
                continue
            partly += not holds
            rivals = self.rivals(chosen, place)
            if one.family in NEVER_ALONE:
                more = [
                    cause for cause, count in self.that_fit(rows) if count >= FITS * n and cause != one.cause
                ]
                every = tuple(dict.fromkeys((one.cause, *rivals, *more)))
                found.append(Chosen(None, rows, of, every, holds, None))
            elif rivals:
                found.append(Chosen(None, rows, of, (one.cause, *rivals), holds, one.linear))
            else:
                found.append(Chosen(one.cause, rows, of, (), holds, one.linear))
        # A fault that is not known looks like a little of many: then none of them is named.
        return found if partly <= MOST_PARTLY else [one for one in found if one.holds]

    def that_fit(self, rows: Bools) -> list[tuple[str, int]]:
        """Every cause that explains some of these rows, with how many."""
        counts = [(one.cause, int(np.count_nonzero(one.hits & rows))) for one in self.candidates]
        return sorted([pair for pair in counts if pair[1]], key=lambda pair: (-pair[1], pair[0]))


def _rate(n: int, of: int) -> float:
    """The logarithm of how likely so many of so many are, at their own rate."""
    if n in (0, of):
        return 0.0
    return n * log(n / of) + (of - n) * log(1 - n / of)

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
        What is in the other rows.
    weight
        How many rows each of the other rows stands for.
    """
    places = np.flatnonzero(differing)
    looked_at = np.isfinite(material.recorded) | ~np.isfinite(fixed)
    candidates = []
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
        candidates.append(
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
    return candidates


def slips(material: Material, places: NDArray[np.intp]) -> Floats:
    """For each differing row how likely its number is as the slip of a hand, as a logarithm."""
    part = material.part(places)
    kinds = by_hand(part)
    off = ~np.logical_or.reduce(list(kinds.values()))
    sizes = [2, 2, 1, max(material.size, 2)]
    logs = np.full(len(places), -np.inf)
    for rows, size in zip([*kinds.values(), off], sizes, strict=True):
        share = (np.count_nonzero(rows) + 1) / (len(places) + len(sizes))
        logs = np.where(rows, np.maximum(logs, log(share / size)), logs)
    return logs


class Choice:
    """The search for the causes of the differing rows of one scale."""

    def __init__(self, candidates: Sequence[Candidate], slip: Floats, population: int, blank: Bools) -> None:
        self.candidates, self.slip, self.blank = candidates, slip, blank
        self.population = max(population, len(slip))
        self.rows = len(slip)
        members: dict[str, int] = {}
        for candidate in candidates:
            members[candidate.family] = members.get(candidate.family, 0) + 1
        self.prior = {
            candidate.cause: -log(FAMILIES) - log(members[candidate.family]) for candidate in candidates
        }

    def likelihood(self, causes: Sequence[Candidate]) -> float:
        """How likely these causes, and slips of a hand for the rest, make what was recorded; a logarithm."""
        taken, total = np.zeros(self.rows, bool), 0.0
        for cause, rows in zip(causes, self.shares(causes), strict=True):
            n = int(np.count_nonzero(rows))
            total += _rate(n, max(cause.shows, n))
            if cause.chance is not None:
                total += float(cause.chance[rows].sum())
            taken |= rows
        rest = ~taken
        return total + _rate(int(rest.sum()), self.population) + float(self.slip[rest].sum())

    def shares(self, causes: Sequence[Candidate]) -> list[Bools]:
        """The rows of each cause: those it explains and none before it does."""
        taken, shares = np.zeros(self.rows, bool), []
        for cause in causes:
            rows = cause.hits & ~taken
            taken |= rows
            shares.append(rows)
        return shares

    def best(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Causes that explain together, each of them needed."""
        chosen: list[Candidate] = []
        reached = self.likelihood([])
        while len(chosen) < MOST_CAUSES:
            tried = [
                (self.likelihood([*chosen, candidate]) + self.prior[candidate.cause], candidate)
                for candidate in candidates
            ]
            if not tried:
                break
            gain, candidate = max(tried, key=lambda pair: pair[0])
            if gain - reached < AT_ALL:
                break
            chosen.append(candidate)
            reached = self.likelihood(chosen)
            for other in chosen[:-1]:
                without = [kept for kept in chosen if kept is not other]
                if reached + self.prior[other.cause] - self.likelihood(without) < AT_ALL:
                    chosen, reached = without, self.likelihood(without)
        return chosen

    def rivals(self, chosen: Sequence[Candidate], place: int) -> list[str]:
        """Causes that would do nearly as well in the place of one of the chosen."""
        reached, rivals = self.likelihood(chosen), []
        for candidate in self.candidates:
            if any(candidate.cause == other.cause for other in chosen):
                continue
            other = [*chosen[:place], candidate, *chosen[place + 1 :]]
            value = self.likelihood(other)
            if value >= reached - BY_FAR:
                rivals.append((value, candidate.cause))
        return [cause for _, cause in sorted(rivals, key=lambda pair: (-pair[0], pair[1]))]

    def decide(self) -> list[Chosen]:
        """What can be said of the differing rows; rows of which nothing can be said are in none.

        Causes that leave the number open explain much, so that they are looked at only where no others do.
        """
        exact = [candidate for candidate in self.candidates if candidate.chance is None]
        return self._decided(self.best(exact)) or self._decided(self.best(self.candidates))

    def _decided(self, chosen: Sequence[Candidate]) -> list[Chosen]:
        shares = self.shares(chosen)
        taken = np.logical_or.reduce(shares) if shares else np.zeros(self.rows, bool)
        decided = []
        partly = 0
        for place, (candidate, rows) in enumerate(zip(chosen, shares, strict=True)):
            n = int(np.count_nonzero(rows))
            of = candidate.shows - int(np.count_nonzero(candidate.would_show & taken & ~rows))
            holds = candidate.chance is None and n >= SYSTEMATIC * of
            kind = self.blank if np.count_nonzero(rows & self.blank) > n / 2 else ~self.blank
            covered = np.count_nonzero(taken & kind) >= COVERED * np.count_nonzero(kind)
            if n < FEWEST or (not covered and not (holds and n >= ENOUGH)):
                continue
            partly += not holds
            rivals = self.rivals(chosen, place)
            if candidate.family in NEVER_ALONE:
                more = [
                    cause
                    for cause, count in self.that_fit(rows)
                    if count >= FITS * n and cause != candidate.cause
                ]
                every = tuple(dict.fromkeys((candidate.cause, *rivals, *more)))
                decided.append(Chosen(None, rows, of, every, holds, None))
            elif rivals:
                decided.append(Chosen(None, rows, of, (candidate.cause, *rivals), holds, candidate.linear))
            else:
                decided.append(Chosen(candidate.cause, rows, of, (), holds, candidate.linear))
        # A fault that is not known looks like a little of many: then none of them is named.
        return decided if partly <= MOST_PARTLY else [part for part in decided if part.holds]

    def that_fit(self, rows: Bools) -> list[tuple[str, int]]:
        """Every cause that explains some of these rows, with how many."""
        counts = [
            (candidate.cause, int(np.count_nonzero(candidate.hits & rows))) for candidate in self.candidates
        ]
        return sorted([pair for pair in counts if pair[1]], key=lambda pair: (-pair[1], pair[0]))


def _rate(n: int, of: int) -> float:
    """The logarithm of how likely so many of so many are, at their own rate."""
    if n in (0, of):
        return 0.0
    return n * log(n / of) + (of - n) * log(1 - n / of)

"""From the rows that differ to causes: what each row is explained by, how sure that is, and what else would fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.audit._choose import (
    COVERED,
    ENOUGH,
    NEVER_ALONE,
    SYSTEMATIC,
    Candidate,
    Choice,
    Chosen,
    counted,
    slips,
)
from ipm_outcomes.audit._guesses import Linear, by_hand, guesses, linear_causes, plain, total_of
from ipm_outcomes.audit._linear import Fit, fit, full_rank
from ipm_outcomes.audit._reading import Bools, Floats, Material, Measure

PROVED, SYSTEMATIC_WORD, LIKELY, UNDECIDED = "proved", "systematic", "likely", "undecided"
OBSERVED = "observed"
"""What cells themselves show in some rows, and which is no rule of all."""
COPIED = 0.99
"""In so many rows the item that the totals tell must be an answer, for a column to be called a copy."""
SUMS_SEEN, SUMS_ROWS = 5, 4
"""An unknown table is reported where so many sums were seen, each in so many rows."""
MOST_DIFFERING, MOST_OTHERS = 50_000, 50_000
"""So many rows of each kind are looked at to find a cause; all rows are then counted by it."""


@dataclass(frozen=True)
class Outcome:
    """One cause, or several that cannot be distinguished, with the rows it explains by position in the data."""

    cause: str | None
    sure: str
    rows: NDArray[np.intp]
    of: int
    rivals: tuple[str, ...] = ()


@dataclass
class _State:
    """How far the search has come."""

    measure: Measure | None
    base: Linear | None
    fixed: Floats
    """What is known to have been recorded, or else the right value."""


def explain(material: Material) -> list[Outcome]:
    """Causes of all rows of a scale in which something else was recorded than the answers give."""
    differing = material.differing
    if not differing.any():
        return []
    outcomes = _explained(material, differing)
    open_rows = sum(len(outcome.rows) for outcome in outcomes if outcome.cause is None)
    if not material.apart and open_rows > COVERED * np.count_nonzero(differing):
        moved = explain_moved(material)
        if moved is not None and len(moved.rows) > SYSTEMATIC * open_rows - np.count_nonzero(
            ~material.complete
        ):
            rest = np.flatnonzero(~_marked(material, [moved]))
            return [moved, *explain(replace(material.part(rest), apart=True))]
    return _beside_moved(material, outcomes)


def _beside_moved(material: Material, outcomes: list[Outcome]) -> list[Outcome]:
    """Where totals are beside another row throughout, what is left may be explained by that row's blanks."""
    left = any(outcome.cause is None for outcome in outcomes)
    for name, by in (("before", 1), ("after", -1)):
        whole = [
            outcome
            for outcome in outcomes
            if outcome.cause == f"other_row:{name}" and outcome.sure == SYSTEMATIC_WORD
        ]
        if not whole or not left or material.apart:
            continue
        rest = np.flatnonzero(~_marked(material, whole))
        moved = replace(material.moved(by).part(rest), apart=True)
        differing = moved.differing
        if not differing.any():
            continue
        others = [
            replace(
                outcome,
                cause=None if outcome.cause is None else f"other_row:{name} + {outcome.cause}",
                rivals=tuple(f"other_row:{name} + {rival}" for rival in outcome.rivals),
            )
            for outcome in _explained(moved, differing)
        ]
        return [*whole, *others]
    return outcomes


def _explained(material: Material, differing: Bools) -> list[Outcome]:
    measure = material.measures[0] if material.measures else None
    base = None if measure is None or material.answers is None else plain(material.answers)
    state = _State(measure, base, material.right)
    complete = material.complete
    outcomes: list[Outcome] = []
    rest = differing
    if (first := differing & complete).any():
        named = _complete_rows(material, state, first)
        outcomes += named
        rest = rest & ~_marked(material, named)
    if rest.any():
        named = _search(material, state, rest)
        outcomes += named
        rest = rest & ~_marked(material, named)
    for kind in (complete, ~complete):
        if (left := rest & kind).any():
            outcomes.append(_single(material, state, left))
    return _together(outcomes)


def explain_moved(material: Material) -> Outcome | None:
    """One cause of all rows, where totals are beside the row before or after their answers, too."""
    differing = material.differing
    for name, by in (("before", 1), ("after", -1)):
        moved = material.moved(by)
        rows = differing & moved.complete
        if np.count_nonzero(rows) < COVERED * np.count_nonzero(differing & material.complete):
            continue
        simplest = _simplest(moved, rows)
        if simplest is None or simplest.unsure:
            continue
        if np.count_nonzero(simplest.explained & rows) >= SYSTEMATIC * rows.sum():
            cause = " + ".join((f"other_row:{name}", *simplest.causes))
            of = int(np.count_nonzero(rows))
            return Outcome(cause, SYSTEMATIC_WORD, material.row[simplest.explained & differing], of)
    return None


def _marked(material: Material, outcomes: Sequence[Outcome]) -> Bools:
    marked = np.zeros(len(material), bool)
    for outcome in outcomes:
        marked[np.searchsorted(material.row, outcome.rows)] = True
    return marked


def _together(outcomes: list[Outcome]) -> list[Outcome]:
    """Outcomes of one cause, in forms with and without blanks, as one."""
    merged: dict[object, Outcome] = {}
    for number, outcome in enumerate(outcomes):
        key = number if outcome.cause is None else outcome.cause
        if key in merged:
            old = merged[key]
            rows = np.union1d(old.rows, outcome.rows)
            of = max(old.of, outcome.of, len(rows))
            sure = SYSTEMATIC_WORD if len(rows) >= SYSTEMATIC * of else LIKELY
            outcome = Outcome(outcome.cause, sure, rows, of)
        merged[key] = outcome
    return list(merged.values())


def _complete_rows(material: Material, state: _State, differing: Bools) -> list[Outcome]:
    """Causes of rows to which nothing is missing; what holds throughout becomes part of all that is tried later."""
    kept = np.flatnonzero(material.complete)
    own = _State(state.measure, state.base, state.fixed[kept])
    complete = _search(material.part(kept), own, differing[kept])
    if own.base is not state.base or own.measure is not state.measure:
        _take(material, state, own.measure, own.base)
    explained = _marked(material, complete) & differing
    total = int(np.count_nonzero(differing))
    population = material.complete & np.isfinite(material.recorded)
    sure = all(outcome.cause is not None or not _open(outcome.rivals[0]) for outcome in complete)
    if sure and len(complete) == 1 and np.count_nonzero(explained) >= SYSTEMATIC * total:
        return complete
    if not sure:
        explained = np.zeros(len(material), bool)
    if (copied := _copied(material, differing, population)) is not None:
        return [copied]
    for rows in (population, differing):
        better = _simplest(material, rows)
        if better is None:
            continue
        gained = better.explained & differing
        if np.count_nonzero(gained) > np.count_nonzero(explained):
            throughout = rows is population
            if throughout:
                _take(material, state, better.measure, better.linear)
            return [_of_fit(material, better, gained, population, throughout)]
    if len(material.measures) > 2 and np.count_nonzero(explained) < SYSTEMATIC * total:
        return _unknown_table(material, differing, population) or complete
    return complete


def _simplest(material: Material, rows: Bools) -> Fit | None:
    """The weighted sum of fewest causes that gives these rows, over all ways in which a sum may be recorded."""
    fits = [fitted for measure in material.measures if (fitted := fit(material, measure, rows)) is not None]
    return min(fits, key=lambda fitted: len(fitted.causes), default=None)


def _unknown_table(material: Material, differing: Bools, population: Bools) -> list[Outcome]:
    """Numbers that follow from the sum of the items, by no table that is known."""
    assert material.answers is not None
    tally = material.answers.points.sum(axis=0)[population]
    recorded = material.recorded[population]
    most = {}
    for total in np.unique(tally).tolist():
        values, counts = np.unique(recorded[tally == total], return_counts=True)
        if counts.sum() >= SUMS_ROWS:
            most[total] = float(values[counts.argmax()])
    if len(most) < SUMS_SEEN or len(set(most.values())) < len(most):
        return []
    follows = np.zeros(len(material), bool)
    follows[population] = [
        most.get(total) == value for total, value in zip(tally.tolist(), recorded.tolist(), strict=True)
    ]
    n, of = int(np.count_nonzero(follows)), int(np.count_nonzero(population))
    # A few slips beside the known table leave what most rows follow as it is: that table itself.
    moved = follows & differing
    if n < SYSTEMATIC * of or np.count_nonzero(moved) < SYSTEMATIC * np.count_nonzero(differing):
        return []
    return [Outcome("unknown_table", SYSTEMATIC_WORD, material.row[moved], of)]


def _by_sum(material: Material) -> int:
    """How many rows these are, where all with one sum of the items hold one number and some share a sum; else 0."""
    assert material.answers is not None
    whole = material.part(np.flatnonzero(material.complete))
    assert whole.answers is not None
    pairs = set(zip(whole.answers.points.sum(axis=0).tolist(), whole.recorded.tolist(), strict=True))
    sums = len({total for total, _ in pairs})
    return len(whole) if len(pairs) == sums < len(whole) else 0


def _open(cause: str) -> bool:
    """Whether a cause leaves the number open."""
    return cause.partition(":")[0] in ("item_copied", *NEVER_ALONE)


def _copied(material: Material, differing: Bools, population: Bools) -> Outcome | None:
    """Of two columns that are the same in every row one is a copy, where the totals tell the lost one throughout.

    Another fault may be at work in all rows beside it.
    """
    answers = material.answers
    if not material.identical or answers is None or np.count_nonzero(differing) < ENOUGH:
        return None
    base = plain(answers)
    total = np.where(material.complete, total_of(material, base), np.nan)
    copies: list[tuple[str, Bools, int]] = []
    for measure in material.measures:
        tally = material.tally(measure)
        if tally is None:
            continue
        sums = [
            ("", total),
            *((cause, value) for cause, _, value in linear_causes(material, answers, base, total)),
        ]
        for cause, value in sums:
            for alike in material.identical:
                places = [answers.items.index(item) for item in alike if item in answers.items]
                if len(places) < 2:
                    continue
                lost = tally - value + answers.points[places[0]]
                fits = (lost >= answers.low[places[0]]) & (lost <= answers.high[places[0]])
                n, of = int(np.count_nonzero(fits & population)), int(np.count_nonzero(population))
                if n < COPIED * of or cause.partition(":")[2] in alike:
                    continue
                named = " + ".join(filter(None, (f"item_copied:{'='.join(alike)}", measure.cause, cause)))
                copies.append((named, fits & differing, n))
                if not cause and not measure.cause:
                    break
            else:
                continue
            break
        if copies:
            break
    if not copies:
        return None
    cause, rows, n = max(copies, key=lambda copy: copy[2])
    of = int(np.count_nonzero(population))
    if len(copies) > 1:
        return Outcome(None, UNDECIDED, material.row[rows], of, tuple(copy[0] for copy in copies))
    return Outcome(cause, PROVED if n == of else SYSTEMATIC_WORD, material.row[rows], of)


def _of_fit(material: Material, fit: Fit, rows: Bools, population: Bools, throughout: bool) -> Outcome:
    cause = " + ".join(fit.causes)
    value = fit.measure.of(np.where(material.complete, total_of(material, fit.linear), np.nan))
    shows = population & ~(np.abs(value - material.right) <= material.exact)
    of = int(np.count_nonzero(shows))
    if fit.unsure:
        return Outcome(None, UNDECIDED, material.row[rows], of, (cause, *fit.unsure))
    whole = throughout and bool(fit.explained[population].all())
    sure = PROVED if whole else SYSTEMATIC_WORD if throughout else LIKELY
    return Outcome(cause, sure, material.row[rows], of)


def _take(material: Material, state: _State, measure: Measure | None, linear: Linear | None) -> None:
    """Make a cause that holds throughout part of all that is tried later."""
    if measure is None or linear is None:
        return
    state.measure, state.base = measure, linear
    value = measure.of(np.where(material.complete, total_of(material, linear), np.nan))
    state.fixed = np.where(material.same(value, measure.near), value, material.right)


def _sample(differing: Bools, others: Bools) -> tuple[NDArray[np.intp], float]:
    """Rows to look at, and how many other rows each of the other rows among them stands for."""
    draw = np.random.default_rng(12)

    def some(rows: Bools, most: int) -> NDArray[np.intp]:
        places = np.flatnonzero(rows)
        return places if len(places) <= most else np.sort(draw.choice(places, most, replace=False))

    mine, theirs = some(differing, MOST_DIFFERING), some(others, MOST_OTHERS)
    share = len(mine) / max(int(np.count_nonzero(differing)), 1)
    weight = int(np.count_nonzero(others)) * share / max(len(theirs), 1)
    return np.union1d(mine, theirs), weight


def _search(material: Material, state: _State, differing: Bools) -> list[Outcome]:
    """Causes that can be named, or between which nothing can be decided."""
    looked_at, weight = _sample(differing, ~differing)
    part = material.part(looked_at)
    choice = _choice(part, state, differing[looked_at], state.fixed[looked_at], weight)
    chosen = choice.decide()
    if not chosen:
        return []
    if len(part) == len(material):
        places = np.flatnonzero(differing)
        outcomes = [_outcome(material, part, part.rows, places) for part in chosen]
    else:
        outcomes = _over_all(material, state, differing, chosen)
    held = [part for part in chosen if part.holds and part.linear is not None]
    if len(held) == 1:
        first = held[0]
        linear = {candidate.cause for candidate in choice.candidates if candidate.linear is not None}
        of_linear = first.linear if (first.cause or first.rivals[0]) in linear else None
        _take(material, state, state.measure, of_linear)
    elif state.measure is not None and state.base is not None:
        for taken in chosen:
            for measure in material.measures:
                if taken.holds and taken.cause and taken.cause == measure.cause:
                    _take(material, state, measure, state.base)
    return outcomes


def _choice(part: Material, state: _State, differing: Bools, fixed: Floats, weight: float) -> Choice:
    candidates = counted(part, guesses(part, state.measure, state.base), differing, fixed, weight)
    places = np.flatnonzero(differing)
    population = len(places) + weight * np.count_nonzero(~differing)
    blank = ~part.complete[places]
    return Choice(candidates, slips(part, places), round(population), blank)


def _over_all(material: Material, state: _State, differing: Bools, chosen: Sequence[Chosen]) -> list[Outcome]:
    """Causes that were found in some of the rows, counted in all of them."""
    named = {part.cause or part.rivals[0]: part for part in chosen}
    places = np.flatnonzero(differing)
    wanted = (guess for guess in guesses(material, state.measure, state.base) if guess.cause in named)
    by_cause: dict[str, Candidate] = {}
    for candidate in counted(material, wanted, differing, state.fixed):
        by_cause.setdefault(candidate.cause, candidate)
    taken = np.zeros(len(places), bool)
    outcomes = []
    for cause, mine in named.items():
        rows = by_cause[cause].hits & ~taken
        taken |= rows
        whole = Chosen(mine.cause, rows, by_cause[cause].shows, mine.rivals, mine.holds, mine.linear)
        outcomes.append(_outcome(material, whole, rows, places))
    return outcomes


def _outcome(material: Material, chosen: Chosen, rows: Bools, places: NDArray[np.intp]) -> Outcome:
    sure = UNDECIDED
    if chosen.cause is not None:
        sure = SYSTEMATIC_WORD if chosen.holds else LIKELY
        exact = chosen.linear is not None and np.count_nonzero(rows) == chosen.of
        if exact and chosen.linear is not None and full_rank(material, chosen.linear.extra):
            sure = PROVED
    return Outcome(chosen.cause, sure, material.row[places[rows]], chosen.of, chosen.rivals)


def _single(material: Material, state: _State, rows: Bools) -> Outcome:
    """Rows of which no cause can be named, with every cause that fits some of them."""
    looked_at, weight = _sample(rows, ~rows)
    part = material.part(looked_at)
    differing = rows[looked_at]
    choice = _choice(part, state, differing, state.fixed[looked_at], weight)
    fits = choice.that_fit(np.ones(choice.rows, bool))
    places = np.flatnonzero(differing)
    by_slip = by_hand(part)
    slip = [(cause, int(np.count_nonzero(hit[places]))) for cause, hit in by_slip.items()]
    if len(part.measures) > 2:
        fitted = np.logical_or.reduce(
            [candidate.hits for candidate in choice.candidates] + [h[places] for h in by_slip.values()]
        )
        slip.append(("unknown_table", _by_sum(part.part(places[~fitted]))))
    every = sorted([*fits, *(pair for pair in slip if pair[1])], key=lambda pair: (-pair[1], pair[0]))
    return Outcome(
        None, UNDECIDED, material.row[rows], int(np.count_nonzero(rows)), tuple(cause for cause, _ in every)
    )

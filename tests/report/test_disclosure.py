"""An attack on the report of the example: whoever knows how its figures hang together solves for the hidden ones.

The attacker knows all that is published and what the figures mean: who is nested in whom, what adds up to what,
which figures are one population. The system of each scale is written down here from those meanings, and linear
programming looks for the least and the most that each small count can be.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from report_cases import AS_OF, example_episodes, example_tables
from scipy import sparse
from scipy.optimize import linprog

from ipm_outcomes.report import _figures
from ipm_outcomes.report._figures import gather
from ipm_outcomes.report._program import ALL, OF_SCALE, Figure, Program, Shown
from ipm_outcomes.report._stretches import stretches

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
Name = tuple[str, ...]


def gathered(policy: str) -> Program:
    options: dict[str, Any] = dict.fromkeys(("problems", "target"))
    options |= {"episodes": example_episodes(), "by": "site", "as_of": AS_OF, "definitions": ()}
    return gather(*example_tables(), policy=policy, **options)


@dataclass
class Attack:
    """What is known of the whole numbers of one scale."""

    shown: dict[Name, int] = field(default_factory=dict)
    truth: dict[Name, int] = field(default_factory=dict)
    nested: set[tuple[Name, Name]] = field(default_factory=set)
    sums: dict[tuple[Name, frozenset[Name]], bool] = field(default_factory=dict)  # whole, parts: all of them?

    def know(self, name: Name, published: int | None, true: int | None) -> None:
        if true is None:
            return
        assert self.truth.setdefault(name, true) == true, name
        if published is not None:
            assert published == true
            self.shown[name] = published

    def add_up(self, whole: Name, parts: list[Name], exact: bool = True) -> None:
        parts = [part for part in parts if part in self.truth]
        if whole in self.truth and parts:
            total = sum(self.truth[part] for part in parts)
            assert total == self.truth[whole] if exact else total <= self.truth[whole], whole
            self.sums[whole, frozenset(parts)] = exact

    def small(self) -> list[tuple[Name, Name | None]]:
        """Every count of 1-10, and every difference of nested counts that is one."""
        alone: list[tuple[Name, Name | None]] = [
            (name, None) for name, n in self.truth.items() if 1 <= n <= 10
        ]
        return alone + [(b, a) for a, b in self.nested if 1 <= self.truth[b] - self.truth[a] <= 10]

    def solve(self) -> dict[tuple[Name, Name | None], tuple[float, float]]:
        """Least and most of each small count."""
        names = list(self.truth)
        at = {name: k for k, name in enumerate(names)}
        upper, equal, right = [], [], []
        for inner, outer in self.nested:
            upper.append({at[inner]: 1.0, at[outer]: -1.0})
        for (whole, parts), exact in self.sums.items():
            line = {at[part]: 1.0 for part in parts}
            line[at[whole]] = line.get(at[whole], 0.0) - 1.0
            (equal if exact else upper).append(line)
        right = [0.0] * len(equal)
        bounds = [(self.shown.get(name, 0), self.shown.get(name)) for name in names]

        def matrix(lines: list[dict[int, float]]) -> Any:
            rows = [k for k, line in enumerate(lines) for _ in line]
            values = [v for line in lines for v in line.values()]
            columns = [c for line in lines for c in line]
            return sparse.csr_matrix((values, (rows, columns)), shape=(len(lines), len(names)))

        found = {}
        for target in self.small():
            if target[0] in self.shown and (target[1] is None or target[1] in self.shown):
                found[target] = (float("nan"), float("nan"))
                continue
            wanted = np.zeros(len(names))
            wanted[at[target[0]]] = 1.0
            if target[1] is not None:
                wanted[at[target[1]]] -= 1.0
            ends = []
            for sign in (1, -1):
                done = linprog(
                    sign * wanted,
                    A_ub=matrix(upper) if upper else None,
                    b_ub=np.zeros(len(upper)) if upper else None,
                    A_eq=matrix(equal) if equal else None,
                    b_eq=right if equal else None,
                    bounds=bounds,
                )
                assert done.status in (0, 3), done.message
                ends.append(sign * done.fun if done.status == 0 else sign * -np.inf)
            found[target] = (ends[0], ends[1])
        return found


def attack(published: Program, true: Program, one: Shown) -> Attack:
    """All that the report says about one scale."""
    made = Attack()
    name = ".".join(one.key)
    headline = true.headline is not None and true.headline.key == one.key
    rows = [
        row
        for row in true.rows.values()
        if (row.instrument, row.scale) == one.key and row.definition in OF_SCALE
    ]
    places: dict[Name, set[Name]] = defaultdict(set)

    def seen(row: Figure) -> Figure:
        return published.rows[row.indicator, row.group, row.period]

    for row in rows:
        if row.band:
            continue
        place = (row.target, row.group, row.period)
        eligible, observed = ("eligible", *place), ("observed", *place)
        counted, outcome = ("counted", row.definition, *place), ("outcome", row.definition, *place)
        says = seen(row)
        made.know(eligible, says.eligible, row.eligible)
        if row.definition == "followup_completion":
            made.know(eligible, says.denominator, row.denominator)
            made.know(observed, says.numerator, row.numerator)
        else:
            made.know(observed, says.observed, row.observed)
            counted = observed if row.denominator == row.observed else counted
            made.know(counted, says.denominator, row.denominator)
            made.know(outcome, says.numerator, row.numerator)
        chain = [n for n in (outcome, counted, observed, eligible) if n in made.truth]
        made.nested |= {(a, b) for a, b in pairwise(dict.fromkeys(chain)) if made.truth[a] <= made.truth[b]}
        for n in chain:
            places[(*n[:-2], "")].add(n)
    for group in places.values():
        total = next((n for n in group if n[-2:] == (ALL, ALL)), None)
        if total is not None:
            made.add_up(total, [n for n in group if n[-2] != ALL])
            made.add_up(total, [n for n in group if n[-1] != ALL], exact=False)
    here = (true.target, ALL, ALL)
    for when in ("before", "after"):
        bins = {getattr(b, when): b.label for b in true.bins.get(one.key, [])}
        for figure in bins:
            made.know((figure,), published.counted(figure), true.counted(figure))
            made.nested.add(((figure,), ("observed", *here)))
        made.add_up(("observed", *here), [(figure,) for figure in bins])
        for band, pieces in stretches(one.scale, []) if one.scale.bands else []:
            figure = f"severity_{when}:{name}:{true.target}:{band}"
            made.know((figure,), published.counted(figure), true.counted(figure))
            labels = {str(p.joined(q)) for p in pieces for q in pieces}
            made.add_up((figure,), [(f,) for f, label in bins.items() if label in labels])
        for end in ("best", "worst"):
            figure = f"{end}:{when}:{name}"
            if true.row(figure):
                made.know((figure,), published.counted(figure), true.counted(figure))
                made.nested.add(((figure,), ("observed", *here)))
    if headline and true.flow is not None:
        stages: list[tuple[Name, Any, Name]] = [
            (("flow:began",), true.flow.no_baseline, ("flow:with baseline",)),
            (("flow:with baseline",), true.flow.not_due, ("eligible", *here)),
            (("eligible", *here), true.flow.lost, ("observed", *here)),
        ]
        for figure in ("flow:began", "flow:with baseline", "flow:patients"):
            made.know((figure,), published.counted(figure), true.counted(figure))
        made.know(("eligible", *here), published.counted("flow:due"), true.counted("flow:due"))
        made.know(("observed", *here), published.counted("flow:paired"), true.counted("flow:paired"))
        made.nested.add((("flow:patients",), ("flow:began",)))
        for whole, steps, rest in stages:
            for step in steps:
                made.know((step.figure,), published.counted(step.figure), true.counted(step.figure))
            made.add_up(whole, [*((step.figure,) for step in steps), rest])
            made.nested.add((rest, whole))
    return made


@pytest.fixture(scope="module")
def both() -> tuple[Program, Program]:
    """The report as published, and the same with the numbers that went into disclosure control."""
    true: dict[tuple[str, str, str], Figure] = {}

    def watched(builder: Any, policy: str, like: Any) -> list[Figure]:
        true.update({(row.indicator, row.group, row.period): row for row in builder.rows})
        return published_rows(builder, policy, like)

    published_rows = _figures._published
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_figures, "_published", watched)
        published = gathered("cms")
    return published, replace(published, rows=true)


def scales(both: tuple[Program, Program]) -> list[Shown]:
    return [one for group in both[1].domains.values() for one in group if one.key in both[1].bins]


def test_no_small_count_of_the_report_can_be_solved_for(both: tuple[Program, Program]) -> None:
    """From what is published each of them can still be anything from 1 to 10."""
    attacked = 0
    for one in scales(both):
        for target, (least, most) in attack(*both, one).solve().items():
            assert least <= 1 + 1e-6, (one.key, target, least, most)
            assert most >= 10 - 1e-6, (one.key, target, least, most)
            attacked += 1
    assert attacked > 50


def test_the_attack_would_win_against_hiding_the_small_counts_alone(both: tuple[Program, Program]) -> None:
    _, true = both
    won = 0
    for one in scales(both):
        naive = attack(true, true, one)
        naive.shown = {name: n for name, n in naive.shown.items() if not 1 <= n <= 10}
        found = naive.solve()
        won += sum(least == most for least, most in found.values())
    assert won > 10


def test_promoters_cannot_be_solved_for(both: tuple[Program, Program]) -> None:
    """Score, answers and two of the counts would give the third: so where one is hidden the score is."""
    published, true = both
    for group in (ALL, *true.groups):
        score = published.row("nps_followup:nps.rating:6 months", group)
        assert score is not None
        counts = [
            published.counted(f"nps.rating:{band}", group) for band in ("promoter", "passive", "detractor")
        ]
        assert (None in counts) <= (score.estimate is None)

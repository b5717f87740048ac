"""Whom the figures of the report that are no indicators count: what disclosure control has to know of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from ipm_outcomes.program.suppression._pairs import RATINGS, Pairs
from ipm_outcomes.program.suppression._read import TableRow as Counted
from ipm_outcomes.program.suppression._scenes import Own
from ipm_outcomes.program.suppression._system import Scene
from ipm_outcomes.report._program import Program, ScaleKey
from ipm_outcomes.report._stretches import Piece

FLOW = ("own", "flow")


def both_scores(pairs: Pairs) -> np.ndarray:
    """Patients with both scores whose window is over."""
    baseline, followup, still_open = (pairs.columns[name] for name in ("baseline", "followup", "window_open"))
    missing = np.array(None)
    return np.asarray((baseline != missing) & (followup != missing) & ~still_open.astype(bool), bool)


def stretch(own: Own, figure: str, key: ScaleKey, target: str, when: str, piece: Piece) -> None:
    """A figure that counts the scores in a stretch, before or after, of those with both."""

    def held(pairs: Pairs) -> np.ndarray:
        scores = pairs.columns[when]
        holds = {score: score is not None and piece.holds(score) for score in dict.fromkeys(scores)}
        inside = np.array([holds[score] for score in scores], bool)
        inside_both: np.ndarray = both_scores(pairs) & inside
        return inside_both

    own.stretches[figure] = ((*key, target), {"numerator": held, "denominator": both_scores})
    ends = [str(piece.low), str(piece.high), piece.with_low, piece.with_high]
    own.as_data.append(["stretch", figure, list(key), target, when, ends])


def single(value: Decimal) -> Piece:
    """A stretch that holds one score."""
    return Piece(value, value, True, True, None)


def promoters(own: Own, figures: Sequence[str], key: ScaleKey, target: str) -> None:
    """Figures of the three answers behind a Net Promoter score."""
    from ipm_outcomes.program.indicators import indicator

    def of(name: str) -> Any:
        return lambda pairs: pairs.of(indicator("nps_followup"), None)[name]

    for figure, rating in zip(figures, RATINGS, strict=True):
        own.stretches[figure] = ((*key, target), {"numerator": of(rating), "denominator": of("denominator")})
    own.as_data.append(["promoters", list(figures), list(key), target])


def whole_and_parts(own: Own, id: tuple[Any, ...], whole: str | None, parts: Sequence[str]) -> None:
    """Figures that count the parts of a whole; each is the numerator over the whole."""
    kinds = np.arange(max(len(parts), 1))
    sets: dict[Any, np.ndarray] = {"whole": kinds >= 0}
    sets |= {part: kinds == place for place, part in enumerate(parts)}
    own.scenes[id] = Scene(sets)
    if whole is not None:
        own.counts[whole] = (id, {"numerator": "whole", "denominator": "whole"})
    own.counts |= {part: (id, {"numerator": part, "denominator": "whole"}) for part in parts}
    own.as_data.append(["whole_and_parts", list(id), whole, list(parts)])


def flow(
    own: Own,
    steps: Mapping[str, Sequence[str]],
    key: ScaleKey,
    target: str,
    targets: Sequence[str],
    *,
    one_each: bool,
) -> None:
    """The figures of the flow: each stage is what the one before it leaves, and pairs of scores know the last ones.

    Who is due at any of the targets has a score at the start. Where nobody has a second episode (``one_each``) a reader
    takes patients and episodes for the same.
    """
    stages = {"no_baseline": "with baseline", "not_due": "due", "lost": "paired"}
    leaving = [(place, figure) for place in stages for figure in steps[place]]
    names = [*(figure for _, figure in leaving), "flow:paired"]
    # Each kind once for the first episode of a patient, and once for a further one.
    kinds = np.arange(2 * len(names)) // 2
    sets: dict[Any, np.ndarray] = {
        "flow:began": kinds >= 0,
        "flow:patients": (np.arange(2 * len(names)) % 2 == 0) | one_each,
    }
    sets |= {name: kinds == place for place, name in enumerate(names)}
    whole, left = "flow:began", kinds >= 0
    over = {"flow:began": whole, "flow:patients": whole}
    for place, rest in stages.items():
        for of, figure in leaving:
            if of == place:
                left = left & ~sets[figure]
                over[figure] = whole
        sets[f"flow:{rest}"] = left.copy()
        over[f"flow:{rest}"] = whole
        whole = f"flow:{rest}"
    own.scenes[FLOW] = Scene(sets)
    own.counts |= {name: (FLOW, {"numerator": name, "denominator": of}) for name, of in over.items()}
    pairs = ("pairs", *key, target)
    completed = ("followup_completion", None)
    for name, column in (("flow:due", "eligible"), ("flow:paired", "numerator")):
        own.links.append(((FLOW, name), (pairs, (completed, column)), "same"))
    for other in targets:
        if other != target:
            due = (("pairs", *key, other), (completed, "eligible"))
            own.links.append((due, (FLOW, "flow:with baseline"), "within"))
    figures = {place: list(counts) for place, counts in steps.items()}
    own.as_data.append(["flow", figures, list(key), target, list(targets), one_each])


def forms(
    own: Own, id: tuple[Any, ...], scored: str, key: ScaleKey, targets: Sequence[str], lead: bool
) -> None:
    """A score at the start and one at each follow-up are on forms of their own."""
    completed = ("followup_completion", None)
    paired = [(("pairs", *key, target), (completed, "numerator")) for target in targets]
    began = (FLOW, "flow:with baseline") if lead else (("pairs", *key, targets[0]), (completed, "eligible"))
    own.apart.append(([began, *paired], (id, scored)))
    own.as_data.append(["forms", list(id), scored, list(key), list(targets), lead])


def again(earlier: Sequence[Any]) -> Own:
    """What was reported about the figures of an earlier release, made anew from the data of a ledger."""
    own = Own(again=again)
    for what, *given in earlier:
        if what == "stretch":
            figure, key, target, when, (low, high, with_low, with_high) = given
            piece = Piece(Decimal(low), Decimal(high), with_low, with_high, None)
            stretch(own, figure, tuple(key), target, when, piece)
        elif what == "promoters":
            figures, key, target = given
            promoters(own, figures, tuple(key), target)
        elif what == "whole_and_parts":
            id, whole, parts = given
            whole_and_parts(own, tuple(id), whole, parts)
        elif what == "flow":
            steps, key, target, targets, one_each = given
            flow(own, steps, tuple(key), target, targets, one_each=one_each)
        elif what == "forms":
            id, scored, key, targets, lead = given
            forms(own, tuple(id), scored, tuple(key), targets, lead)
    return own


class Levels:
    """How important a figure of the report is: 0, the headline, is given up last."""

    def __init__(self, program: Program) -> None:
        shown = program.headline
        self.lead = shown.key if shown else None
        self.success = program.success.get(shown.key, "") if shown else ""
        self.target = program.target

    def __call__(self, row: Counted, column: str) -> int:
        group, period, *stratum = row.key
        if row.indicator.startswith("flow:"):
            return 1 if row.indicator.count(":") == 1 else 6
        if row.definition is None:
            return 5 if row.indicator.startswith("dist:") else 6
        if group is not None:
            return 3
        if period is not None or any(part is not None for part in stratum):
            return 4
        if row.band is not None:
            return 5
        if row.about[:2] == self.lead and row.about[2] == self.target:
            if row.definition == self.success and column in ("numerator", "denominator"):
                return 0
            if row.definition in (self.success, "followup_completion", "mean_improvement"):
                return 1
        return 2

"""Later and earlier targets of one scale: who is due later was due earlier, with the same score at the start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from ipm_outcomes.program.suppression._pairs import Pairs
from ipm_outcomes.program.suppression._side_by_side import OUT
from ipm_outcomes.program.suppression._system import Scene

Link = tuple[tuple[Any, Any], tuple[Any, Any], str]


def due_earlier(
    scenes: Mapping[Any, Scene], kinds: Mapping[Any, Pairs], timed: Sequence[Any]
) -> Iterator[Link]:
    """Of targets in their order, each set that asks for the score at the start alone, within the nearest before it."""
    starts: dict[int, Starts] = {}
    asked = {}
    for scene in timed:
        if scene in kinds:
            of = starts.setdefault(id(kinds[scene]), Starts(kinds[scene]))
            asked[scene] = of.asked(scenes[scene])
    for early, late in combinations(asked, 2):
        for held, name in asked[late].items():
            around = [scores for scores in asked[early] if held <= scores]
            # What a wider set of the later target says already is not said again.
            wider = [scores for scores in asked[late] if held < scores]
            for scores in around:
                if not any(other < scores for other in around) and not any(
                    other <= scores for other in wider
                ):
                    yield (late, name), (early, asked[early][scores]), "within"


class Starts:
    """Which patients of a scale are due, and with which score at the start."""

    def __init__(self, pairs: Pairs) -> None:
        columns = pairs.columns
        if OUT in columns:
            names = [name for name in columns if name.endswith("_baseline")]
            self.due = ~columns[OUT].astype(bool)
        else:
            names = ["baseline"]
            self.due = (columns["baseline"] != np.array(None)) & ~columns["window_open"].astype(bool)
        numbers: dict[Any, int] = {}
        each = zip(*(columns[name] for name in names), strict=True)
        self.of = np.array([numbers.setdefault(start, len(numbers)) for start in each])
        self.scores = list(numbers)
        self.many = np.bincount(self.of[self.due], minlength=len(numbers))

    def asked(self, scene: Scene) -> dict[frozenset[Any], Any]:
        """The sets that ask those due for nothing but the score at the start, by the scores they ask for."""
        by_scores: dict[frozenset[Any], Any] = {}
        for name, held in scene.sets.items():
            if held.any() and not (held & ~self.due).any():
                inside = np.bincount(self.of[held], minlength=len(self.many))
                if ((inside == 0) | (inside == self.many)).all():
                    by_scores.setdefault(
                        frozenset(self.scores[place] for place in np.flatnonzero(inside)), name
                    )
        return by_scores

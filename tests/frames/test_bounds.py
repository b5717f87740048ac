"""Bounds of quotients that no answers can pass, so that scoring a frame need not look at them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod

import ipm_outcomes as ipm
from ipm_outcomes.frames._kernel import Kernel
from ipm_outcomes.frames._quotients import Products
from ipm_outcomes.frames._quotients import _covers as covers


def sums(products: Products, answers: Sequence[int]) -> int:
    return sum(times * prod(answers[at] for at in places) for times, places in products)


def test_a_bound_that_is_not_looked_at_holds_for_all_answers() -> None:
    highest = [2, 3]
    terms: list[tuple[int, ...]] = [(), (0,), (1,), (0, 1)]
    every = [
        tuple((times, places) for times, places in zip(each, terms, strict=True) if times)
        for each in product(range(4), repeat=4)
    ]
    found = 0
    for more, less in product(every[::3], every[::5]):
        if covers(more, less, highest):
            found += 1
            answers = product(*(range(high + 1) for high in highest))
            assert all(sums(more, given) >= sums(less, given) for given in answers), (more, less)
    assert found > 500


def test_of_work_impairment_only_sums_of_two_ratings_can_be_beyond_the_range() -> None:
    def open_ends(id: str) -> list[str]:
        return [name for name, scale in Kernel(ipm.instrument(id))._quotients._scales.items() if scale._ends]

    assert open_ends("wpai_gh") == []
    assert open_ends("wpai_shp") == ["presenteeism_all", "overall_all", "activity_all"]

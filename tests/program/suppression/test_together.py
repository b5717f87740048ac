"""A whole and its parts at once: who can be in a part is limited by what the whole and the other parts say.

Patients improved by 0, 5 or 20 points.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ipm_outcomes.program.suppression._figures import COARSE, FULL, Figure, Group, Slab, _product, could_be
from ipm_outcomes.program.suppression._together import Family, Together

POINTS = np.array([0.0, 5.0, 20.0])
SETS = {"all": POINTS >= 0, "improved": POINTS >= 5, "by much": POINTS >= 20}
EVERY = slice(None)


def slab(at: tuple[Any, ...], mean: float | None = None, **counts: int) -> Slab:
    names = [name.replace("_", " ") for name in counts]
    sets, n = np.array([SETS[name] for name in names]), np.array(list(counts.values()))
    figures = []
    if mean is not None:
        told: dict[str, Any] = {"half": 0.0, "with_sd": False, "spread": False, "differ": True, "end": False}
        every = SETS["all"]
        row: Any = None
        figures = [Figure(row, every, POINTS - mean, counts["all"], mean, 1.0, **told)]
    inner, outer = (
        np.array(
            [
                (b, a)
                for a in range(len(names))
                for b in range(len(names))
                if a != b and (sets[b] <= sets[a]).all()
            ],
            np.int64,
        )
        .reshape(-1, 2)
        .T
    )
    return Slab(Group(figures, names, sets, np.arange(len(names)), (inner, outer)), n, at)


def test_a_part_has_no_more_of_a_kind_than_its_whole() -> None:
    """15 who all improved, by 10 points on average, are 10 by 5 points and 5 by 20.

    So of the whole 10 at least improved by 5 points; where it says that 4 did, not all of the part improved.
    """
    all_improved = slab((), 10, all=15, improved=15)
    assert could_be([all_improved], ())
    part = slab((0,), 10, all=15, improved=15)
    assert could_be([slab((EVERY,), all=40, improved=24, by_much=12), part], (2,))
    assert not could_be([slab((EVERY,), all=40, improved=14, by_much=10), part], (2,))
    fewer = slab((0,), 10, all=15, improved=9)
    assert could_be([slab((EVERY,), all=40, improved=14, by_much=10), fewer], (2,))


def test_the_mean_of_a_part_follows_from_its_whole_and_the_other_part() -> None:
    """30 improved by 10 points on average and 15 of them by 16: the other 15 by 4. Had all improved, it were 5."""
    whole, other = slab((EVERY,), 10, all=30), slab((1,), 16, all=15)
    assert not could_be([whole, slab((0,), all=15, improved=15), other], (2,))
    assert could_be([whole, slab((0,), all=15, improved=10), other], (2,))
    assert could_be([slab((EVERY,), all=30), slab((0,), all=15, improved=15), other], (2,))


def test_the_mean_of_a_whole_follows_from_its_parts() -> None:
    """15 by 4 points and 15 by 16: 300 points. Were only 14 of the 30 to improve, it were 280 at most."""
    parts = [slab((0,), 4, all=15), slab((1,), 16, all=15)]
    assert could_be([slab((EVERY,), all=30, improved=20), *parts], (2,))
    assert not could_be([slab((EVERY,), all=30, improved=14), *parts], (2,))


def test_a_part_of_a_part_is_limited_as_well() -> None:
    """15 of a site by 10 points on average are 150 points, 7 of them in the first period by 18 are 126.

    So the 8 of the second have 24 points: four who improved have 20 at least, seven would have 35.
    """
    whole, site = slab((EVERY, EVERY), all=40), slab((0, EVERY), 10, all=15)
    first = slab((0, 0), 18, all=7)
    assert could_be([whole, site, first, slab((0, 1), all=8, improved=2)], (2, 2))
    assert not could_be([whole, site, first, slab((0, 1), all=8, improved=7)], (2, 2))


def test_where_the_last_fit_ended_does_not_matter() -> None:
    """10 of 30 by 5 points and 5 of them by 20 are 125 points, or 4.2 on average."""
    whole = slab((EVERY,), 4.2, all=30, improved=10)
    whole.group.start[FULL,] = np.array([20.0, 20.0, 3.0])
    assert could_be([whole, slab((0,), all=15, improved=5)], (2,))


def test_parts_are_one_only_where_their_means_are_printed_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum of the scores of 200 in full and of 12 in whole points is known to 6 points, not to 106.

    Of four sites a witness changes the first, and the third has its means in whole points.
    """
    whole, *sites = range(5)
    nodes = [SimpleNamespace(key=(key,), cells={}) for key in (None, "A", "B", "C", "D")]
    ways = dict.fromkeys(sites, (FULL, FULL)) | {3: (COARSE, COARSE)}
    together = Together(
        SimpleNamespace(
            system=SimpleNamespace(nodes=nodes),
            search=SimpleNamespace(value=None),
            rows=ways,
            way=ways.__getitem__,
        )
    )
    merged = []
    monkeypatch.setattr(together, "_slab", lambda *arguments: None)
    monkeypatch.setattr(together, "_sum", lambda family, parts, at: merged.append((parts, at)))
    family = Family(whole, [(0, sites)], np.ones(1, bool), np.zeros(1, np.int64), [whole, *sites])
    _, shape = together._slabs(family, {1: (7,)}, family.dimensions)
    assert merged == [([2, 4], (1,)), ([3], (2,))]
    assert shape == (3,)


def test_a_group_of_which_nothing_is_known_adds_nothing() -> None:
    """No counts and no means: an empty matrix."""
    nothing = np.zeros((0, 3))
    assert _product(nothing, nothing).shape == (0, 0)

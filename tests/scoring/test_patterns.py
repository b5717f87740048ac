"""All response patterns of short forms, by response and by frame."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest
from cases import DOMAINS, PHQ9_BANDS, peg, syndrome

import ipm_outcomes as ipm
from ipm_outcomes import PEG, PHQ9, PROMIS29, PROMIS29v20, frames, score

Q = [f"q{n}" for n in range(1, 10)]


def test_all_complete_phq9_patterns_by_frame() -> None:
    """4^9 patterns: total, bands, PHQ-8, PHQ-2, syndrome and flag against sums and counts by NumPy."""
    patterns = np.indices((4,) * 9, dtype=np.int8).reshape(9, -1)
    frame = pl.DataFrame({f"phq9_{item}": column for item, column in zip(Q, patterns, strict=True)})
    scored = frames.score(frame, "phq9")
    total = patterns.sum(axis=0)
    assert np.array_equal(scored["phq9_total"].to_numpy(), total)
    assert scored["phq9_total_band"].to_list() == np.array(PHQ9_BANDS)[total].tolist()
    assert np.array_equal(scored["phq9_phq8"].to_numpy(), patterns[:8].sum(axis=0))
    assert np.array_equal(scored["phq9_phq2"].to_numpy(), patterns[:2].sum(axis=0))
    counted = patterns >= np.array([2] * 8 + [1])[:, None]
    core, every = counted[:2].any(axis=0), counted.sum(axis=0)
    words = np.where(core & (every >= 5), "major", np.where(core & (every >= 2), "other", "none"))
    assert scored["phq9_syndrome"].to_list() == words.tolist()
    flags = np.where(patterns[8] > 0, "raised", "not raised")
    assert scored["phq9_flag_self_harm"].to_list() == flags.tolist()


def test_all_complete_phq9_patterns_by_response() -> None:
    for answers in product(range(4), repeat=9):
        found = score(PHQ9(**dict(zip(Q, answers, strict=True))))
        total = sum(answers)
        assert found.total.value == total
        assert found.total.band == PHQ9_BANDS[total]
        assert found.phq8.value == total - answers[8]
        assert found.phq2.value == answers[0] + answers[1]
        assert found.syndrome.value == syndrome(list(answers))
        assert bool(found.flags) == (answers[8] > 0)


PEG_PATTERNS = list(product([None, *range(11)], repeat=3))


def test_all_peg_patterns_with_gaps_by_response() -> None:
    for answers in PEG_PATTERNS:
        found = score(PEG(pain=answers[0], enjoyment=answers[1], activity=answers[2])).mean
        assert found.exact == peg(list(answers))
        assert found.answered == sum(answer is not None for answer in answers)


def test_all_peg_patterns_with_gaps_by_frame(backend: Any) -> None:
    names = ("peg_pain", "peg_enjoyment", "peg_activity")
    data = {name: list(column) for name, column in zip(names, zip(*PEG_PATTERNS, strict=True), strict=True)}
    scored = backend.rows(frames.score(backend.make(data), "peg"))
    for n, answers in enumerate(PEG_PATTERNS):
        exact = peg(list(answers))
        assert scored["peg_mean"][n] == (None if exact is None else float(exact))
        assert scored["peg_mean_answered"][n] == sum(answer is not None for answer in answers)
        assert (scored["peg_mean_absent"][n] is None) == (exact is not None)


PROMIS_PATTERNS = list(product([None, 1, 2, 3, 4, 5], repeat=4))


@pytest.mark.parametrize("model", [PROMIS29, PROMIS29v20])
@pytest.mark.parametrize("domain", DOMAINS)
def test_all_patterns_of_a_promis_form_by_response_and_frame(model: Any, domain: str) -> None:
    """6^4 patterns of answers 1-5 or none: no score with a gap, else the row of the table for the raw sum."""
    id, items = model.instrument_id, DOMAINS[domain]
    conversion = ipm.instrument(id).scale(domain).conversion
    assert conversion
    rows = {row.raw: row for row in conversion.rows}
    data = {
        f"{id}_{item}": [p[items.index(item)] if item in items else None for p in PROMIS_PATTERNS]
        for item in ipm.instrument(id).item_ids
    }
    scored = frames.score(pl.DataFrame(data, schema=dict.fromkeys(data, pl.Int8)), id)
    for n, pattern in enumerate(PROMIS_PATTERNS):
        found = score(model(**dict(zip(items, pattern, strict=True)))).scale(domain)
        given = [answer for answer in pattern if answer is not None]
        if len(given) < 4:
            assert found.value is None
            assert found.absent.code == ("too_few_answers" if given else "no_answers")
            assert scored[f"{id}_{domain}"][n] is None
        else:
            assert found.exact == Fraction(rows[sum(given)].value)
            assert scored[f"{id}_{domain}"][n] == found.value
            assert scored[f"{id}_{domain}_se"][n] == found.se == float(rows[sum(given)].se or 0)
            assert scored[f"{id}_{domain}_band"][n] == found.band
        assert scored[f"{id}_{domain}_answered"][n] == len(given) == found.answered

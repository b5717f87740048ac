"""Thresholds decided on every pair of scores that there is, against Fraction."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from cases import GOLDEN
from ready_cases import unchanged

from ipm_outcomes import change
from ipm_outcomes.change._verdict import completions
from ipm_outcomes.definition import parse
from ipm_outcomes.errors import ParameterError

ROOT = Path(__file__).parents[2]
HALF_YEAR = [change.Target("6 months", day=182, days=(137, 227))]

Pair = tuple[Fraction, Fraction]


def changes(
    inst: str, scale: str, pairs: Sequence[Pair], *, exact: bool, digits: int | None = None, **options: Any
) -> Any:
    """One patient for each pair, in the order of the pairs."""
    patient = np.repeat(np.arange(len(pairs)), 2)
    flat = [value for pair in pairs for value in pair]
    floats = [float(value) if digits is None else round(float(value), digits) for value in flat]
    data: dict[str, Any] = {
        "patient_id": patient,
        "date": ["2024-01-10", "2024-07-09"] * len(pairs),
        "instrument": [inst] * len(flat),
        "scale": [scale] * len(flat),
        "value": floats,
    }
    if exact:
        data["exact_numerator"] = [value.numerator for value in flat]
        data["exact_denominator"] = [value.denominator for value in flat]
    found = change.table(pl.DataFrame(data), targets=HALF_YEAR, **options)
    assert found["patient_id"].to_list() == list(range(len(pairs)))
    assert found["reason"].null_count() == len(pairs)
    return found


def all_pairs(values: Sequence[Fraction]) -> list[Pair]:
    return [(a, b) for a in values for b in values]


@pytest.mark.parametrize(("exact", "digits"), [(True, None), (False, None), (False, 2), (False, 1)])
def test_every_pair_of_peg_sums(exact: bool, digits: int | None) -> None:
    # A mean of three integers 0-10: sums 0 to 30. 1 point is 3 on the sum (IMMPACT 2008).
    pairs = all_pairs([Fraction(s, 3) for s in range(31)])
    found = changes("peg", "mean", pairs, exact=exact, digits=digits)
    gain = [a - b for a, b in pairs]
    assert found["important"].to_list() == [abs(g) >= 1 for g in gain]
    for line in (30, 50):
        expected = [
            None if a == 0 else g / a >= Fraction(line, 100) for (a, _), g in zip(pairs, gain, strict=True)
        ]
        assert found[f"responder_{line}"].to_list() == expected
    assert found["can_improve"].to_list() == [a >= 1 for a, _ in pairs]
    assert found["can_worsen"].to_list() == [10 - a >= 1 for a, _ in pairs]
    words = []
    for (a, _), g in zip(pairs, gain, strict=True):
        share = None if a == 0 else g / a
        words.append(
            None
            if share is None
            else "substantial"
            if share >= Fraction(1, 2)
            else "moderate"
            if share >= Fraction(3, 10)
            else "minimal"
            if share >= Fraction(1, 10)
            else "none"
        )
    assert found["immpact"].to_list() == words
    assert found["change"].to_list() == [float(b - a) for a, b in pairs]
    assert found["improvement"].to_list() == [float(g) for g in gain]
    assert found["percent"].to_list() == pytest.approx(
        [None if a == 0 else float(100 * g / a) for (a, _), g in zip(pairs, gain, strict=True)]
    )


def test_every_pair_of_phq9_totals() -> None:
    # 5 points: Loewe 2004; remission below 5 and response at 50 %: CMS159, CBE 1884 and 1885.
    pairs = all_pairs([Fraction(s) for s in range(28)])
    found = changes("phq9", "total", pairs, exact=False)
    assert found["important"].to_list() == [abs(a - b) >= 5 for a, b in pairs]
    assert found["responder_50"].to_list() == [None if a == 0 else 2 * (a - b) >= a for a, b in pairs]
    assert found["responder_30"].to_list() == [None if a == 0 else 10 * (a - b) >= 3 * a for a, b in pairs]
    # Those measures are of patients whose first score was above 9.
    assert found["remission"].to_list() == [b < 5 if a > 9 else None for a, b in pairs]
    # Half of 11 is 5.5: a score of 5 responds, 6 does not.
    assert found["responder_50"][11 * 28 + 5] is True
    assert found["responder_50"][11 * 28 + 6] is False


def test_every_pair_of_pcs_totals_with_the_threshold_for_high_baselines() -> None:
    # Monticone 2022: 8 points, 11 where the baseline is above 30.
    pairs = all_pairs([Fraction(s) for s in range(53)])
    found = changes("pcs", "total", pairs, exact=False)
    line = [11 if a > 30 else 8 for a, _ in pairs]
    assert found["important"].to_list() == [abs(a - b) >= t for (a, b), t in zip(pairs, line, strict=True)]
    assert found["important_points"].to_list() == line
    assert found["can_worsen"].to_list() == [52 - a >= t for (a, _), t in zip(pairs, line, strict=True)]


OF_GROUPS = {
    "physical_function": 2.2, "anxiety": 3.4, "depression": 3.5, "fatigue": None,
    "sleep_disturbance": None, "social_roles": None, "pain_interference": 3,
}  # fmt: skip
"""Important differences of group means: Lee 2017, Kroenke 2020, Chen 2018; none was found for the others."""

T_SCALES = [(inst, scale) for inst in ("promis29", "promis29_v2_0") for scale in OF_GROUPS]


def t_scores(inst: str, scale: str) -> list[Fraction]:
    """The 17 T-scores of the form, as the reference tables print them (golden/facts)."""
    with (GOLDEN / "facts" / f"{inst}.csv").open(encoding="utf-8", newline="") as file:
        (row,) = [r["value"] for r in csv.DictReader(file) if r["place"] == f"scales.{scale}.conversion"]
    found = [Fraction(entry.split()[1]) for entry in row.removeprefix("rows=").split(", ")]
    assert len(found) == 17
    return found


@pytest.mark.parametrize(("inst", "scale"), T_SCALES)
@pytest.mark.parametrize("exact", [True, False])
def test_every_pair_of_t_scores(inst: str, scale: str, exact: bool) -> None:
    pairs = all_pairs(t_scores(inst, scale))
    sign = 1 if scale in ("physical_function", "social_roles") else -1
    # The values of the definition come from comparisons of groups and judge no patient.
    sourced = OF_GROUPS[scale]
    for points in (None, 2, 2.2, 3, 3.4, 3.5, 5.5):
        options: dict[str, Any] = (
            {} if points is None else {"thresholds": {(inst, scale): {"important": points}}}
        )
        found = changes(inst, scale, pairs, exact=exact, **options)
        limit = None if points is None else Fraction(str(points))
        if points is None and sourced is not None:
            assert set(found["important_scope"]) == {"group"}
            assert set(found["important_points"]) == {sourced}
            assert found["can_improve"].null_count() == found["can_worsen"].null_count() == len(pairs)
        expected = [None if limit is None else abs(b - a) >= limit for a, b in pairs]
        assert found["important"].to_list() == expected
        assert found["improvement"].to_list() == [float(sign * (b - a)) for a, b in pairs]
        for column in ("percent", "responder_30", "responder_50", "immpact", "remission"):
            assert found[column].null_count() == len(pairs)


def test_a_threshold_for_one_patient_can_be_asked_for_by_name() -> None:
    # Chronic low back pain: 4.85 T of pain interference; in tenths 4.9 reaches it and 4.8 does not.
    scale = ("promis29", "pain_interference")
    pairs = [(Fraction("61.2"), Fraction("56.3")), (Fraction("60.4"), Fraction("55.6"))]
    named = {scale: {"important": "chronic_low_back_pain"}}
    found = changes(*scale, pairs, exact=False, thresholds=named)
    assert found["important"].to_list() == [True, False]
    assert set(found["important_points"]) == {4.85}
    assert found.select("important_scope", "important_evidence").unique().rows() == [("individual", "1")]
    with pytest.raises(ParameterError, match="names no threshold in points for one patient"):
        changes(*scale, pairs, exact=False, thresholds={scale: {"important": "important"}})
    both = {scale: {"important": "chronic_low_back_pain", "important_worse": 2}}
    with pytest.raises(ParameterError, match="goes with a number"):
        changes(*scale, pairs, exact=False, thresholds=both)


def test_binary_noise_does_not_decide() -> None:
    # 64.1 - 61.1 is 2.9999999999999929 in binary floats, and 3 points exactly.
    assert 64.1 - 61.1 < 3
    found = changes(
        "promis29", "pain_interference", [(Fraction("64.1"), Fraction("61.1"))], exact=False,
        thresholds={("promis29", "pain_interference"): {"important": 3}},
    )  # fmt: skip
    assert found["important"].to_list() == [True]


def test_worsening_has_its_own_threshold_where_it_is_given() -> None:
    pairs = all_pairs([Fraction(s) for s in range(28)])
    own = {("phq9", "total"): {"important": 5, "important_worse": 3}}
    found = changes("phq9", "total", pairs, exact=False, thresholds=own)
    assert found["important"].to_list() == [a - b >= 5 or b - a >= 3 for a, b in pairs]
    assert found["can_worsen"].to_list() == [27 - a >= 3 for a, _ in pairs]


@pytest.mark.parametrize("key", ["responder_30", "responder_50", "percent"])
def test_a_percentage_of_a_t_score_is_refused(key: str) -> None:
    pairs = [(Fraction(60), Fraction(50))]
    with pytest.raises(ParameterError, match=r"promis29.anxiety: percent change has no meaning"):
        changes("promis29", "anxiety", pairs, exact=True, thresholds={"promis29.anxiety": {key: 30}})
    with pytest.raises(ParameterError, match="percent change has no meaning"):
        change.percent_change([60], [50], instrument="promis29", scale="anxiety")
    with pytest.raises(ParameterError, match="percent change has no meaning"):
        change.immpact([60], [50], instrument="promis29", scale="anxiety")
    with pytest.raises(ParameterError, match="no pain scale"):
        change.immpact([6], [5], instrument="phq9", scale="total")
    with pytest.raises(ParameterError, match="percent change has no meaning"):
        change.percent_change([6], [5], instrument="nps", scale="rating")


def test_percent_on_arrays_agrees_with_the_table() -> None:
    pairs = all_pairs([Fraction(s, 3) for s in range(31)])
    found = changes("peg", "mean", pairs, exact=True)
    before, after = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    np.testing.assert_array_equal(
        change.percent_change(before, after, instrument="peg", scale="mean"),
        found["percent"].fill_null(np.nan).to_numpy(),
    )
    assert (
        change.immpact(before, after, instrument="peg", scale="mean").tolist() == found["immpact"].to_list()
    )


def test_where_lower_is_worse_an_increase_is_an_improvement_in_percent() -> None:
    text = (ROOT / "instruments" / "peg.toml").read_text(encoding="utf-8")
    lower = text.replace('worse = "higher"', 'worse = "lower"')
    turned = parse(tomllib.loads(lower, parse_float=Decimal), file="peg.toml")
    found = change.percent_change([4, 8], [8, 4], instrument="peg", scale="mean", definitions=[turned])
    assert found.tolist() == [100, -50]


def test_a_sum_of_steps_with_one_of_two_answers_has_known_completions() -> None:
    """2 x 7.25 = 14.5 lies between 7.25 and 7.25 + 20."""
    definition = unchanged()
    low, high, span = completions(definition, definition.scale("current"), np.array([29]), 2, np.array([1]))
    assert (Fraction(int(low[0]), 2 * span), Fraction(int(high[0]), 2 * span)) == (
        Fraction("7.25"),
        Fraction("27.25"),
    )

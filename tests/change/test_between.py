"""The change of one patient."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction

import pytest

from ipm_outcomes import GAD7, NPS, PCS, PEG, PHQ9, PROMIS29, PROMIS29v20, between, change, score
from ipm_outcomes.change import CategoryChange, ScaleChange
from ipm_outcomes.errors import ParameterError, UnknownNameError
from ipm_outcomes.scores import Scores

SEVEN = [f"q{n}" for n in range(1, 8)]


def peg(total: int) -> Scores:
    """A PEG whose three answers add up to this."""
    return score(PEG(pain=min(10, total), enjoyment=min(10, max(0, total - 10)), activity=max(0, total - 20)))


def phq9(total: int) -> Scores:
    answers = {f"q{n + 1}": min(3, max(0, total - 3 * n)) for n in range(9)}
    return score(PHQ9(**answers))


def scale(found: object) -> ScaleChange:
    assert isinstance(found, ScaleChange)
    return found


def test_every_pair_of_peg_sums_against_fractions() -> None:
    forms = [peg(total) for total in range(31)]
    for s1, before in enumerate(forms):
        for s2, after in enumerate(forms):
            found = scale(between(before, after).mean)
            gain = Fraction(s1 - s2, 3)
            assert found.improvement == float(gain)
            assert found.change == float(-gain)
            assert found.direction == ("better" if gain > 0 else "worse" if gain < 0 else "same")
            assert found.important is (abs(gain) >= 1)
            for line in (30, 50):
                (result,) = [t for t in found.thresholds if t.id == f"responder_{line}"]
                assert result.met is (None if s1 == 0 else Fraction(s1 - s2, s1) >= Fraction(line, 100))
            assert found.best_after is (s2 == 0)
            assert found.worst_before is (s1 == 30)


def test_one_patient_and_the_table_agree_on_every_pair_of_phq9_totals() -> None:
    forms = [phq9(total) for total in range(28)]
    for s1, before in enumerate(forms):
        for s2, after in enumerate(forms):
            found = scale(between(before, after).total)
            met = {t.id: t.met for t in found.thresholds}
            assert met["important"] is (abs(s1 - s2) >= 5)
            # Both lines are of measures for patients whose first score was above 9.
            assert met["responder_50"] is (None if s1 < 10 else 2 * (s1 - s2) >= s1)
            assert met["remission"] is (None if s1 < 10 else s2 < 5)
            assert met["reliable_nhs"] is (abs(s1 - s2) >= 6)
            # Published SEM 2.5: 1.96 * sqrt(2) * 2.5 = 6.93 (measures.md section 7).
            assert found.reliable.reliable is (abs(s1 - s2) >= 7)


@pytest.mark.parametrize(("first", "met"), [(30, None), (31, True)])
def test_a_threshold_for_high_baselines_holds_above_its_line(first: int, met: bool | None) -> None:
    def pcs(total: int) -> Scores:
        return score(PCS(**{f"q{n + 1}": min(4, max(0, total - 4 * n)) for n in range(13)}))

    found = scale(between(pcs(first), pcs(first - 11)).total)
    (high,) = [t for t in found.thresholds if t.id == "important_high_baseline"]
    assert high.met is met
    assert scale(between(pcs(first), pcs(first - 9)).total).important is (first == 30)


def test_the_direction_of_the_bands_and_the_ends_of_the_scale() -> None:
    assert scale(between(phq9(14), phq9(7)).total).band_moved == "better"
    worse = scale(between(phq9(7), phq9(27)).total)
    assert worse.sentence.endswith("This is the worst possible score: further worsening would not show.")
    assert "50 %" not in worse.sentence
    best = scale(between(phq9(7), phq9(0)).total)
    assert best.sentence.endswith("This is the best possible score: further improvement would not show.")


def test_the_standard_error_of_each_score_judges_t_scores() -> None:
    before = score(PROMIS29(edanx01=4, edanx40=4, edanx41=4, edanx53=4))
    after = score(PROMIS29(edanx01=2, edanx40=2, edanx41=2, edanx53=2))
    found = scale(between(before, after).anxiety)
    a, b = before.anxiety, after.anxiety
    assert a.se is not None
    assert b.se is not None
    limit = 1.959964 * (a.se**2 + b.se**2) ** 0.5
    assert found.reliable.limit == pytest.approx(limit, rel=1e-6)
    assert found.reliable.method == "standard_errors"
    assert found.reliable.reliable is (abs((b.value or 0) - (a.value or 0)) > limit)
    assert found.percent is None
    assert found.direction == "better"


def test_what_is_derived_is_never_called_published_and_what_is_not_verified_gives_way() -> None:
    # PHQ-9: 6 points, index of the English NHS; SEM 2.5, derived (5 points as two SEM): 6.93.
    phq = scale(between(phq9(14), phq9(7)).total).reliable
    assert (phq.evidence, phq.method, phq.smallest) == ("derived", "published_error", 6)
    assert phq.limit == pytest.approx(1.959964 * 2**0.5 * 2.5, rel=1e-6)
    assert "standard error of measurement derived from a published figure (2.5)" in phq.basis
    assert any("IMPACT" in cited or "we B" in cited for cited in phq.sources)
    # GAD-7: 4 and 6 points from sources; its SD and intraclass correlation, not verified, do not count.
    gad = scale(between(score(GAD7(**dict.fromkeys(SEVEN, 3))), score(GAD7(**dict.fromkeys(SEVEN, 1)))).total)
    assert (gad.reliable.smallest, gad.reliable.limit) == (4, 6)
    assert gad.reliable.basis.startswith("At least 6.0 points is reliable, by a published index")
    # PEG: SEM 0.78 to 1.22 as printed.
    one = scale(between(peg(30), peg(3)).mean)
    assert "a published standard error of measurement (1.22)" in one.reliable.basis
    given = scale(between(phq9(14), phq9(7), constants={"total": {"reliability": 0.9}}).total).reliable
    # With the largest published SD, 6.1.
    assert given.limit == pytest.approx(1.959964 * (2 * 0.1) ** 0.5 * 6.1, rel=1e-6)
    assert given.method == "jacobson_truax"
    own = scale(between(phq9(14), phq9(7), constants={"total": {"sem": 2}}).total)
    assert (own.reliable.evidence, own.reliable.sources) == ("given", ())
    assert "Verdict: reliably better (beyond the given measurement error, 5.5 points)." in own.sentence


def test_physical_function_is_better_when_higher() -> None:
    low = score(PROMIS29(pfa11=2, pfa21=2, pfa23=2, pfa53=2))
    high = score(PROMIS29(pfa11=5, pfa21=5, pfa23=5, pfa53=5))
    found = scale(between(low, high).physical_function)
    assert found.direction == "better"
    assert found.band_moved == "better"
    assert found.best_after
    assert found.improvement == found.change


def test_what_has_no_score_says_why() -> None:
    found = scale(between(phq9(14), score(PHQ9(q1=1))).total)
    assert found.change is None
    assert found.direction is None
    assert found.thresholds == ()
    assert found.important is None
    assert "no second score" in (found.why_not or "")
    assert found.verdict == "cannot be judged"
    neither = scale(between(score(PHQ9(q1=1, q2=1, q9=0)), score(PHQ9(q1=1, q9=0))).total)
    assert neither.sentence == (
        "PHQ-9 total (0-27, higher is worse): no comparison. Neither form has a score (3 and 2 of 9 answered). "
        "Verdict: cannot be judged."
    )
    assert neither.short == "PHQ-9 total: no comparison, both forms incomplete (3 and 2 of 9)."


def test_words_have_no_difference() -> None:
    found = between(phq9(14), phq9(7)).syndrome
    assert isinstance(found, CategoryChange)
    # He 2020: sensitivity 57, specificity 95 percent.
    accuracy = (
        "The word 'major' misses 43 of 100 people with major depression and names 5 of 100 without it (sensitivity "
        "57 %, specificity 95 %): another word does not rule it out."
    )
    assert (
        found.sentence == f"PHQ-9 depressive syndrome (counting rule): major before, other after. {accuracy}"
    )
    assert (
        phq9(14).scale("syndrome").sentence == f"PHQ-9 depressive syndrome (counting rule): major. {accuracy}"
    )
    nothing = score(PHQ9()).syndrome.sentence
    assert nothing.startswith(
        "PHQ-9 depressive syndrome (counting rule): no result, none of its items was answered."
    )


def test_all_scales_by_name_and_in_order() -> None:
    found = between(phq9(14), phq9(7))
    assert [(name, one.scale) for name, one in found.scales()] == [
        (name, name) for name in ("total", "phq8", "phq2", "syndrome")
    ]
    assert found.scale("phq8") is found.phq8
    with pytest.raises(UnknownNameError, match="'sum'; there are total"):
        found.scale("sum")
    assert found.sentence == scale(found.total).sentence
    assert found.short == scale(found.total).short
    with pytest.raises(AttributeError, match="phq9 has no scale 'sum'"):
        _ = found.sum


def test_a_scale_without_sourced_error_says_so_unless_it_is_given() -> None:
    before, after = score(NPS(recommend=5)), score(NPS(recommend=9))
    assert scale(between(before, after).rating).reliable.reliable is None
    assert scale(between(before, after).rating).verdict == "error not known"
    given = scale(between(before, after, constants={"rating": {"sd": 2, "reliability": 0.8}}).rating)
    assert given.reliable.limit == pytest.approx(1.959964 * (2 * 4 * 0.2) ** 0.5, rel=1e-6)
    assert given.reliable.reliable is True


def test_different_instruments_and_editions_are_refused() -> None:
    with pytest.raises(ParameterError, match="different instruments or editions"):
        between(phq9(7), score(GAD7(q1=1)))
    new, old = score(PROMIS29(edanx01=4)), score(PROMIS29v20(edanx01=4))
    with pytest.raises(ParameterError, match="different instruments or editions"):
        between(old, new)
    with pytest.raises(ParameterError, match="before: give the scores of one response"):
        between(PHQ9(q1=1), phq9(7))  # type: ignore[arg-type]
    changed = phq9(7)
    other = replace(changed, provenance=replace(changed.provenance, digest="0" * 64))
    with pytest.raises(ParameterError, match="definition that differs"):
        between(phq9(9), other)


def test_negative_and_absurd_constants_are_refused() -> None:
    for constants in ({"sd": -1, "reliability": 0.8}, {"sd": 5, "reliability": 1.2}, {"sem": 0}, {"sd": 5}):
        with pytest.raises(ParameterError, match="constants of total"):
            between(phq9(7), phq9(8), constants={"total": constants})


def test_the_course_over_several_visits() -> None:
    visits = [
        (date(2024, 7, 1), phq9(6)),
        (datetime(2024, 1, 2, 9, 30), phq9(18)),
        (date(2024, 4, 1), score(PHQ9(q1=1))),
        (date(2024, 10, 1), phq9(8)),
    ]
    course = change.trajectory(visits)["total"]
    assert course.dates == (date(2024, 1, 2), date(2024, 4, 1), date(2024, 7, 1), date(2024, 10, 1))
    assert course.values == (18, None, 6, 8)
    assert [step.change for step in course.steps] == [-12, 2]
    assert course.overall is not None
    assert course.overall.change == -10
    assert "syndrome" not in change.trajectory(visits)
    assert change.trajectory(visits[:1])["total"].overall is None


def test_a_course_without_dates_is_in_the_order_given() -> None:
    course = change.trajectory([phq9(18), score(PHQ9(q1=1)), phq9(6), phq9(8)])["total"]
    assert course.dates == (None,) * 4
    assert course.values == (18, None, 6, 8)
    assert [step.change for step in course.steps] == [-12, 2]
    assert course.overall is not None
    assert course.overall.change == -10
    with pytest.raises(ParameterError, match="or pairs of a date"):
        change.trajectory([phq9(18), (date(2024, 1, 2), phq9(1))])


def test_courses_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ParameterError, match="two visits are on one day"):
        change.trajectory([(date(2024, 1, 2), phq9(1)), (datetime(2024, 1, 2, 9), phq9(2))])
    with pytest.raises(ParameterError, match="at least one visit"):
        change.trajectory([])
    for pair in (("2024-01-02", phq9(1)), [date(2024, 1, 2), phq9(1)], (date(2024, 1, 2), phq9(1), phq9(2))):
        with pytest.raises(ParameterError, match="pairs of a date"):
            change.trajectory([pair])  # type: ignore[list-item]
    with pytest.raises(ParameterError, match="different instruments"):
        change.trajectory([(date(2024, 1, 2), phq9(1)), (date(2024, 2, 2), peg(3))])

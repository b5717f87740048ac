"""The change of one patient."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction

import pytest

from ipm_outcomes import GAD7, NPS, PCS, PEG, PHQ9, PROMIS29, PROMIS29v20, between, change, score
from ipm_outcomes.change import CategoryChange, ScaleChange
from ipm_outcomes.errors import ParameterError
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


def test_the_sentence_reads_well() -> None:
    found = scale(between(phq9(14), phq9(7)).total)
    assert found.sentence.startswith(f"{found.title} fell from 14 (moderate) to 7 (mild), 7 points better; ")
    assert "at least 5 points (minimal clinically important difference for an individual)" in found.sentence
    assert "more than measurement error (6.9 points, derived)" in found.sentence
    assert found.sentence.endswith(".")
    assert found.band_moved == "better"
    worse = scale(between(phq9(7), phq9(27)).total)
    assert "rose from 7 (mild) to 27 (severe), 20 points worse" in worse.sentence
    assert "the worst possible score" in worse.sentence
    assert "50 %" not in worse.sentence
    same = scale(between(phq9(7), phq9(7)).total)
    assert "stayed at 7 (mild)" in same.sentence
    one = scale(between(peg(9), peg(6)).mean)
    assert "fell from 3 to 2, 1 point better; at least 1 point" in one.sentence
    assert "below 5 (remission)" in scale(between(phq9(14), phq9(4)).total).sentence


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


def test_what_is_derived_or_not_verified_is_never_called_published() -> None:
    # PHQ-9: SEM 2.5, derived (5 points as two SEM). GAD-7: SD and intraclass correlation unverified.
    phq = scale(between(phq9(14), phq9(7)).total).reliable
    assert (phq.evidence, phq.method) == ("derived", "jacobson_truax")
    assert "derived from a published figure (2.5)" in phq.basis
    assert any("IMPACT" in cited or "we B" in cited for cited in phq.sources)
    gad = scale(between(score(GAD7(**dict.fromkeys(SEVEN, 3))), score(GAD7(**dict.fromkeys(SEVEN, 1)))).total)
    assert gad.reliable.evidence == "unverified"
    # The larger of the SDs: 1.959964 * sqrt(2) * 4.8 * sqrt(1 - .83) = 5.49.
    assert gad.reliable.limit == pytest.approx(1.959964 * (2 * 0.17) ** 0.5 * 4.8, rel=1e-6)
    assert "more than measurement error (5.5 points, not verified)" in gad.sentence
    for told in (phq.basis, gad.reliable.basis):
        assert "the published" not in told
    # PEG: SEM 1.22 as printed; its 50 % line is by analogy.
    one = scale(between(peg(30), peg(3)).mean)
    assert "the published standard error of measurement (1.22)" in one.reliable.basis
    assert "measurement error (3.4 points)" in one.sentence
    (half,) = [part for part in one.sentence.split("; ") if "50 %" in part]
    assert half.endswith(", not verified)")
    given = scale(between(phq9(14), phq9(7), constants={"total": {"reliability": 0.9}}).total).reliable
    # With the largest published SD, 6.1.
    assert given.limit == pytest.approx(1.959964 * (2 * 0.1) ** 0.5 * 6.1, rel=1e-6)
    assert given.evidence == "1"
    own = scale(between(phq9(14), phq9(7), constants={"total": {"sem": 2}}).total).reliable
    assert (own.evidence, own.sources) == ("given", ())


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
    told = f"{found.title}: no change can be told, no second score (1 of 9 items"
    assert found.sentence.startswith(told)
    assert found.sentence.endswith(").")


def test_words_have_no_difference() -> None:
    found = between(phq9(14), phq9(7)).syndrome
    assert isinstance(found, CategoryChange)
    assert "before" in found.sentence


def test_all_scales_by_name_and_in_order() -> None:
    found = between(phq9(14), phq9(7))
    assert [one.scale for one in found] == ["total", "phq8", "phq2", "syndrome"]
    assert found.sentence.count("\n") == 3
    with pytest.raises(AttributeError, match="phq9 has no scale 'sum'"):
        _ = found.sum


def test_a_scale_without_sourced_error_says_so_unless_it_is_given() -> None:
    before, after = score(NPS(recommend=5)), score(NPS(recommend=9))
    assert scale(between(before, after).rating).reliable.reliable is None
    assert "cannot be told" in scale(between(before, after).rating).sentence
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
    other = type(changed)((*changed[:-1], replace(changed.provenance, digest="0" * 64)))
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
    with pytest.raises(ParameterError, match="pairs of a date"):
        change.trajectory([("2024-01-02", phq9(1))])  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="different instruments"):
        change.trajectory([(date(2024, 1, 2), phq9(1)), (date(2024, 2, 2), peg(3))])

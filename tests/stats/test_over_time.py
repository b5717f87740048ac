"""Run charts, control charts and cohorts."""

from __future__ import annotations

import dataclasses
import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ipm_outcomes.errors import ParameterError
from ipm_outcomes.stats import over_time as ot

SETTINGS = settings(max_examples=60, deadline=None)
# Differences between these stay far above rounding.
VALUES = st.lists(st.integers(-40, 40).map(lambda k: k / 4), min_size=1, max_size=40)


# -- run chart -------------------------------------------------------------------------------------


# Anhoej and Olesen 2014: signal limits by number of useful observations.
@pytest.mark.parametrize(
    ("useful", "run", "crossings"),
    [
        (10, 6, 2),
        (11, 6, 2),
        (12, 7, 3),
        (14, 7, 4),
        (17, 7, 5),
        (19, 7, 6),
        (22, 7, 7),
        (23, 8, 7),
        (24, 8, 8),
    ],
)
def test_anhoej_limits(useful: int, run: int, crossings: int) -> None:
    chart = ot.run_chart([1.0, -1.0] + [1.0] * (useful - 2), freeze=2)
    assert chart.center[0] == 0.0
    assert chart.useful.tolist() == [useful]
    assert chart.longest_run_limit.tolist() == [run]
    assert chart.crossings_limit.tolist() == [crossings]


@pytest.mark.parametrize("useful", [1, 2, 3, 25, 40, 100, 1000])
def test_anhoej_limits_agree_with_scipy(useful: int) -> None:
    chart = ot.run_chart([1.0, -1.0, *[1.0] * (useful - 2)][:useful], freeze=min(2, useful))
    if useful == 1:
        assert chart.useful.tolist() == [0]
        return
    assert chart.crossings_limit[0] == stats.binom.ppf(0.05, useful - 1, 0.5)
    assert chart.longest_run_limit[0] == round(math.log2(useful)) + 3


def test_run_chart_by_hand() -> None:
    # Median of 3 1 4 1 5 9 2 6 5 3 5 8 is (4 + 5) / 2 = 4.5: sides - - - - + + - + + - + +.
    chart = ot.run_chart([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8])
    assert chart.center.tolist() == [4.5] * 12
    assert chart.useful.tolist() == [12]
    assert chart.longest_run.tolist() == [4]
    assert chart.crossings.tolist() == [5]
    assert chart.signal.tolist() == [False]
    assert chart.notes == ()


def test_points_on_the_line_neither_break_nor_lengthen_a_run() -> None:
    # Median of the frozen 1 3 is 2; then 3 3 2 3 3: the 2 is skipped, and the run is 1 (the 3) + 4 = 5.
    chart = ot.run_chart([1, 3, 3, 3, 2, 3, 3], freeze=2)
    assert chart.useful.tolist() == [6]
    assert chart.longest_run.tolist() == [5]
    assert chart.crossings.tolist() == [1]


def test_a_long_run_is_a_signal_against_a_frozen_median() -> None:
    # Twelve around 5, then nine above; the 6 before the jump lies above, too: a run of 10 of 21, limit
    # round(log2 21) + 3 = 4 + 3.
    values = [4, 6] * 6 + [7, 8, 7, 8, 7, 8, 7, 8, 7]
    frozen = ot.run_chart(values, freeze=12)
    assert frozen.center[0] == 5
    assert (frozen.longest_run[0], frozen.longest_run_limit[0], frozen.signal[0]) == (10, 7, True)
    # Rebased, the second phase has median 7 and only the four 8s are useful: a run of 4, limit 2 + 3, and no
    # crossing where none is enough (1/8 of all orders of 4 points have none).
    rebased = ot.run_chart(values, rebase=[12])
    assert rebased.center.tolist() == [5] * 12 + [7] * 9
    assert rebased.phase.tolist() == [0] * 12 + [1] * 9
    assert rebased.useful.tolist() == [12, 4]
    assert rebased.longest_run_limit.tolist() == [7, 5]
    assert rebased.crossings_limit.tolist() == [3, 0]
    assert rebased.signal.tolist() == [False, False]


def test_freeze_and_rebase_together() -> None:
    values = [1, 2, 3, 9, 9, 10, 20, 30, 99]
    both = ot.run_chart(values, freeze=3, rebase=[5])
    assert both.center.tolist() == [2] * 5 + [25] * 4  # median of 10 20 30 99 is 25
    each = ot.run_chart(values, freeze=(3, 2), rebase=[5])
    assert each.center.tolist() == [2] * 5 + [15] * 4  # median of 10 20
    one = ot.xmr_chart(values, freeze=(None, 2), rebase=[5])
    assert one.center.tolist() == [24 / 5] * 5 + [15] * 4
    with pytest.raises(ParameterError, match="freeze holds 1 numbers for 2 phases"):
        ot.run_chart(values, freeze=[3], rebase=[5])


def test_short_baselines_and_gaps_are_noted() -> None:
    assert ot.run_chart(range(12)).notes == ()
    assert "baseline of phase 0 has 11 points, fewer than 12" in ot.run_chart(range(11)).notes[0]
    gap = ot.run_chart([1.0, math.nan, *range(12)])
    assert gap.notes == ("Periods without a value, left out: 1.",)
    assert len(ot.p_chart([1] * 24, [2] * 24, freeze=5, rebase=[12]).notes) == 1


def test_charts_without_points_say_so() -> None:
    for values in ([], [math.nan, math.nan]):
        run, xmr = ot.run_chart(values), ot.xmr_chart(values)
        assert run.signal.tolist() == [False]
        assert np.isnan(run.center).all()
        assert "has 0 points" in run.notes[-1]
        assert xmr.flag.tolist() == [""] * len(values)
    p = ot.p_chart([0, 0], [0, 0])
    assert np.isnan(p.value).all()
    assert np.isnan(p.upper).all()


@SETTINGS
@given(VALUES)
def test_run_chart_properties(values: list[float]) -> None:
    chart, mirrored = ot.run_chart(values), ot.run_chart([-v for v in values])
    assert chart.useful[0] == sum(v != np.median(values) for v in values)
    assert chart.longest_run[0] <= chart.useful[0]
    for name in ("useful", "longest_run", "crossings", "signal"):
        assert getattr(chart, name).tolist() == getattr(mirrored, name).tolist()
    shifted = ot.run_chart([v + 100 for v in values])
    assert shifted.crossings.tolist() == chart.crossings.tolist()


# -- p charts --------------------------------------------------------------------------------------


def test_p_chart_by_hand() -> None:
    # 2 + 6 + 0 = 8 of 10 + 20 + 10 = 40: center .2; sigma sqrt(.16/10) = .126491, sqrt(.16/20) = .0894427.
    c = ot.p_chart([2, 6, 0], [10, 20, 10])
    np.testing.assert_allclose(c.value, [0.2, 0.3, 0.0])
    np.testing.assert_allclose(c.center, 0.2)
    np.testing.assert_allclose(c.upper, [0.579473, 0.468328, 0.579473], atol=1e-6)
    assert c.lower.tolist() == [0.0, 0.0, 0.0]
    assert c.method == "p"


def test_laney_by_hand() -> None:
    # Four periods of 100: .40 .60 .45 .55, center .5, sigma .05; scores -2, 2, -1, 1: differences 4, 3, 2
    # with mean 3; sigma_z = 3 / 1.128 = 2.659574; limits .5 -/+ 3 * .05 * 2.659574 = .101064 and .898936.
    c = ot.p_chart([40, 60, 45, 55], [100] * 4, method="laney")
    np.testing.assert_allclose(c.lower, 0.101064, atol=1e-6)
    np.testing.assert_allclose(c.upper, 0.898936, atol=1e-6)
    plain = ot.p_chart([40, 60, 45, 55], [100] * 4)
    np.testing.assert_allclose(plain.upper, 0.65)


def test_laney_of_two_periods() -> None:
    # .45 and .55, center .5, sigma .05; scores -1 and 1, one difference of 2; sigma_z = 2 / 1.128 = 1.773050; limits
    # .5 -/+ 3 * .05 * 1.773050 = .234043 and .765957. Two periods are enough, and nothing is noted.
    c = ot.p_chart([45, 55], [100, 100], method="laney")
    np.testing.assert_allclose(c.lower, 0.234043, atol=1e-6)
    np.testing.assert_allclose(c.upper, 0.765957, atol=1e-6)
    assert not any("binomial limits" in note for note in c.notes)


def test_laney_without_variation_falls_back_and_says_so() -> None:
    alone = ot.p_chart([4], [10], method="laney")
    np.testing.assert_allclose(alone.upper, ot.p_chart([4], [10]).upper)
    assert any("binomial limits" in note for note in alone.notes)
    full = ot.p_chart([10, 10], [10, 10], method="laney")
    assert full.lower.tolist() == full.upper.tolist() == [1.0, 1.0]
    assert full.flag.tolist() == ["", ""]


def test_an_empty_month_keeps_its_place() -> None:
    c = ot.p_chart([2, 0, 6, 0], [10, 0, 20, 10], method="laney")
    d = ot.p_chart([2, 6, 0], [10, 20, 10], method="laney")
    assert np.isnan(c.value).tolist() == np.isnan(c.upper).tolist() == [False, True, False, False]
    np.testing.assert_allclose(np.delete(c.upper, 1), d.upper)


def test_p_chart_with_frozen_baseline_flags_later_points() -> None:
    # Baseline 50 of 100 twelve times: limits .5 -/+ .15. Then .66 lies above, .65 on the limit does not.
    x = [50] * 12 + [66, 65]
    c = ot.p_chart(x, [100] * 14, freeze=12, better="higher")
    assert c.outside.tolist() == [0] * 12 + [1, 0]
    # 2 beyond 2 sigma (.6), but the point before them lies on the center.
    assert c.two_of_three.tolist() == [0] * 14
    assert c.flag.tolist() == [""] * 12 + ["improvement", ""]
    assert ot.p_chart(x, [100] * 14, freeze=12, better="lower").flag[-2] == "concern"
    assert ot.p_chart(x, [100] * 14, freeze=12).flag[-2] == "special cause"


# -- XmR -------------------------------------------------------------------------------------------


def test_xmr_by_hand() -> None:
    # 10 12 11 14 13: mean 12; ranges 2 1 3 1, mean 1.75; 2.66 * 1.75 = 4.655; 3 / 1.128 * 1.75 = 4.654255.
    c = ot.xmr_chart([10, 12, 11, 14, 13])
    np.testing.assert_allclose(c.center, 12)
    np.testing.assert_allclose(c.upper, 16.654255, atol=1e-6)
    np.testing.assert_allclose(ot.xmr_chart([10, 12, 11, 14, 13], scaling="2.66").lower, 7.345)
    assert c.method == "XmR, limits 3/1.128 x mean moving range, screened once"


def test_screening_happens_once() -> None:
    # Ranges: eight 1s and 21; mean 29/9 = 3.222, limit 3.267 * 3.222 = 10.527: the 21 goes, mean 1.
    values = [0, 1, 0, 1, 0, 1, 0, 1, 0, 21]
    np.testing.assert_allclose(ot.xmr_chart(values).sigma, 1 / 1.128)
    np.testing.assert_allclose(ot.xmr_chart(values, screen=False).sigma, 29 / 9 / 1.128)
    # Ranges: fourteen 1s, 8, 100; mean 122/16 = 7.625, limit 24.9: 100 goes. Mean of the rest 22/15; the
    # limit would now be 4.79 and 8 would go, but screening is not repeated.
    more = [0, 1] * 7 + [0] + [8, 108]
    np.testing.assert_allclose(np.abs(np.diff(more)), [1] * 14 + [8, 100])
    np.testing.assert_allclose(ot.xmr_chart(more).sigma, 22 / 15 / 1.128)


def test_screening_keeps_what_is_within() -> None:
    # Ranges: nine 1s and 4; mean 1.3, limit 3.267 * 1.3 = 4.247: the 4 stays.
    np.testing.assert_allclose(ot.xmr_chart([0, 1] * 5 + [5]).sigma, 1.3 / 1.128)


def test_moving_ranges_skip_gaps_and_phases() -> None:
    # Ranges 1 and 2 only; the neighbors of the gap make none.
    c = ot.xmr_chart([1, 2, math.nan, 10, 12])
    np.testing.assert_allclose(c.sigma[0], 1.5 / 1.128)
    np.testing.assert_allclose(c.center, 25 / 4)
    # Phases 1 2 and 50 52: ranges 1 and 2, not 48.
    r = ot.xmr_chart([1, 2, 50, 52], rebase=[2])
    np.testing.assert_allclose(r.sigma, np.array([1, 1, 2, 2]) / 1.128)
    lonely = ot.xmr_chart([1, 2, 50], rebase=[2])
    assert np.isnan(lonely.upper).tolist() == [False, False, True]
    assert any("no moving range" in note for note in lonely.notes)


# -- run rules -------------------------------------------------------------------------------------


def rule(name: str, values: list[float], **kwargs: Any) -> list[int]:
    marks: list[int] = getattr(ot.xmr_chart(values, **kwargs), name).tolist()
    return marks


# The baseline points -1 and 1 give center 0 and mean range 2: sigma 2 / 1.128 = 1.773, 2 sigma 3.546,
# 3 sigma 5.319.
BASE = [-1.0, 1.0]


def test_seven_on_one_side() -> None:
    six = [*BASE, *[1.0] * 5, -1]  # six above in a row
    assert rule("shift", six, freeze=2) == [0] * 8
    seven = [*BASE, *[1.0] * 6, -1]
    assert rule("shift", seven, freeze=2) == [0, *[1] * 7, 0]
    eight = [*BASE, *[1.0] * 7, -1]
    assert rule("shift", eight, freeze=2) == [0, *[1] * 8, 0]
    assert rule("shift", [-v for v in eight], freeze=2) == [0, *[-1] * 8, 0]
    # A point on the line ends a run.
    assert rule("shift", [*BASE, 1, 1, 1, 0, 1, 1, 1], freeze=2) == [0] * 9
    # A new phase begins a new run.
    assert rule("shift", [*BASE, *[1.0] * 4, 1, 1, 1], freeze=(2, 2), rebase=[6]) == [0] * 9


def test_seven_rising() -> None:
    # Seven points, six steps.
    assert rule("trend", [0, 1, 2, 3, 4, 5]) == [0] * 6
    assert rule("trend", [0, 1, 2, 3, 4, 5, 6]) == [1] * 7
    assert rule("trend", [2, 1, 2, 3, 4, 5, 6, 7, 3]) == [0, *[1] * 7, 0]
    assert rule("trend", [2, 7, 6, 5, 4, 3, 2, 1, 3]) == [0, *[-1] * 7, 0]
    # A tie breaks it.
    assert rule("trend", [0, 1, 2, 3, 3, 4, 5, 6]) == [0] * 8


def test_two_of_three_beyond_two_sigma() -> None:
    # All three on one side of the center; only those beyond 2 sigma are marked, those beyond 3 sigma count.
    assert rule("two_of_three", [*BASE, 4, 0.5, 4], freeze=2) == [0, 0, 1, 0, 1]
    assert rule("two_of_three", [*BASE, 4, 4, 0.5], freeze=2) == [0, 0, 1, 1, 0]
    assert rule("two_of_three", [*BASE, 0.5, 4, 4], freeze=2) == [0, 0, 0, 1, 1]
    assert rule("two_of_three", [*BASE, 4, 0.5, 0.5, 4], freeze=2) == [0] * 6
    assert rule("two_of_three", [*BASE, -4, -4, -0.5], freeze=2) == [0, 0, -1, -1, 0]
    assert rule("two_of_three", [*BASE, 3.5, 0.5, 3.5], freeze=2) == [0] * 5
    assert rule("two_of_three", [*BASE, 9, 0.5, 4], freeze=2) == [0, 0, 1, 0, 1]
    assert rule("two_of_three", [*BASE, 4, 4, 4, -4, -0.5, -4], freeze=2) == [0, 0, 1, 1, 1, -1, 0, -1]
    # The baseline point before them lies above the center.
    assert rule("two_of_three", [-1.0, 1.0, 4, 4], freeze=2) == [0, 0, 1, 1]


@pytest.mark.parametrize("between", [0.0, -0.1, -0.5, -4.0])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_two_of_three_needs_all_three_on_one_side(between: float, place: int) -> None:
    # What NHS England's authors of the rule say: a third point on the center or beyond it ends the pattern.
    three = [4.0, 4.0]
    three.insert(place, between)
    before, after = [-1.0, 1.0, -0.1], [-0.1]
    assert rule("two_of_three", [*before, *three, *after], freeze=2) == [0] * 7
    assert rule("two_of_three", [-v for v in [*before, *three, *after]], freeze=2) == [0] * 7


def test_outside_the_limits() -> None:
    assert rule("outside", [*BASE, 5.3, 5.4, -5.4], freeze=2) == [0, 0, 0, 1, -1]


def test_rules_that_disagree_are_mixed() -> None:
    # Falling from far above: outside above the limit, in a falling trend.
    c = ot.xmr_chart([*BASE, 20, 19, 18, 17, 16, 15, 14], freeze=2, better="lower")
    assert c.trend.tolist() == [0, 0, *[-1] * 7]
    assert c.outside.tolist() == [0, 0, *[1] * 7]
    # Eight in a row above the center, from the second baseline point on.
    assert c.shift.tolist() == [0, *[1] * 8]
    assert c.flag.tolist() == ["", "concern", *["mixed"] * 7]


def test_constant_values_flag_nothing() -> None:
    # The mean of ten times .1 is not .1 in binary; the tolerance keeps the points on the line.
    for value in (0.1, 1 / 3, 7.3):
        c = ot.xmr_chart([value] * 10)
        assert c.flag.tolist() == [""] * 10
    third = ot.p_chart([1, 2, 3, 4, 5, 6, 7, 8], [3, 6, 9, 12, 15, 18, 21, 24])
    assert third.flag.tolist() == [""] * 8


@SETTINGS
@given(VALUES, st.booleans())
def test_control_chart_mirrors(values: list[float], screen: bool) -> None:
    c = ot.xmr_chart(values, screen=screen, better="higher")
    m = ot.xmr_chart([-v for v in values], screen=screen, better="lower")
    for name in ("outside", "shift", "trend", "two_of_three"):
        assert (-getattr(m, name)).tolist() == getattr(c, name).tolist()
    assert m.flag.tolist() == c.flag.tolist()
    np.testing.assert_allclose(-m.lower, c.upper)
    assert ot.xmr_chart(values, screen=screen).flag.tolist() == [
        "special cause" if flag else "" for flag in c.flag
    ]


@SETTINGS
@given(st.lists(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1))
def test_p_chart_properties(rows: list[tuple[int, int]]) -> None:
    x, n = np.array(rows).T
    for method in ("p", "laney"):
        c = ot.p_chart(x, n, method=method, better="higher")
        assert ((c.lower >= 0) & (c.lower <= c.center) & (c.center <= c.upper) & (c.upper <= 1)).all()
        m = ot.p_chart(n - x, n, method=method, better="lower")
        np.testing.assert_allclose(1 - m.upper, c.lower, atol=1e-9)
        assert m.flag.tolist() == c.flag.tolist()


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"freeze": 0}, "^freeze is 0 for phase 0, which has 4 points"),
        ({"freeze": 5}, "^freeze is 5"),
        ({"freeze": 3, "rebase": [2]}, "^freeze is 3 for phase 0, which has 2 points"),
        ({"freeze": 2.0}, "^freeze must be"),
        ({"freeze": True}, "^freeze must be a whole number"),
        ({"freeze": "2"}, "^freeze must be"),
        ({"rebase": [0]}, "ascending positions from 1 to 3"),
        ({"rebase": [4]}, "ascending positions from 1 to 3"),
        ({"rebase": [3, 2]}, "ascending positions"),
        ({"rebase": 2}, "^rebase must be a sequence"),
        ({"rebase": [1.5]}, "^rebase must be a whole number"),
        ({"values": [1, math.inf]}, r"values\[1\] is inf"),
        ({"values": [[1, 2]]}, "one value per period"),
        ({"values": ["high"]}, "must hold numbers"),
    ],
)
def test_refusals(kwargs: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"values": [1, 2, 3, 4]} | kwargs
    for chart in (ot.run_chart, ot.xmr_chart):
        with pytest.raises(ParameterError, match=message):
            chart(**good)


def test_refusals_of_options() -> None:
    with pytest.raises(ParameterError, match=r"^better is 'up'; it must be one of: higher, lower"):
        ot.xmr_chart([1, 2], better="up")
    with pytest.raises(ParameterError, match=r"^scaling is '3'"):
        ot.xmr_chart([1, 2], scaling="3")
    with pytest.raises(ParameterError, match=r"^method is 'np'"):
        ot.p_chart([1], [2], method="np")
    with pytest.raises(ParameterError, match=r"^x\[1\] is 3; it must not exceed n"):
        ot.p_chart([1, 3], [2, 2])
    with pytest.raises(ParameterError, match="one count per period"):
        ot.p_chart(1, 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        ot.run_chart([1.0]).notes = ()  # type: ignore[misc]


# -- cohorts ---------------------------------------------------------------------------------------


def days(*text: str) -> Any:
    return np.array(text, dtype="datetime64[D]")


def test_a_month_matures_the_day_after_its_last_window() -> None:
    # 31 January 2025 + 182 days: 28 + 31 + 30 + 31 + 30 + 31 = 181 days to 31 July, so 1 August.
    for as_of, mature in (("2025-07-31", False), ("2025-08-01", False), ("2025-08-02", True)):
        c = ot.cohorts(days("2025-01-03"), as_of=as_of, window_days=182)
        assert c.closes.tolist() == [date(2025, 8, 1)]
        assert c.mature.tolist() == [mature]
        assert c.included.tolist() == [mature]


def test_calendar_months_are_clipped() -> None:
    # 29 February 2024 + 12 months is 28 February 2025; 31 August 2023 + 6 months is 29 February 2024.
    a = ot.cohorts(days("2024-02-01"), as_of="2026-01-01", window_months=12, window_days=60)
    assert a.closes[0] == np.datetime64("2025-02-28") + 60
    b = ot.cohorts(days("2023-08-15"), as_of="2026-01-01", window_months=6, window_days=0)
    assert b.closes.tolist() == [date(2024, 2, 29)]
    # 28 February 2023 + 1 month is 28 March, not 31.
    c = ot.cohorts(days("2023-02-15"), as_of="2026-01-01", window_months=1, window_days=0)
    assert c.closes.tolist() == [date(2023, 3, 28)]


def test_cohorts_count_everybody_once() -> None:
    enrolled = days("2025-03-31", "2025-01-10", "2025-01-31", "2025-06-01")
    c = ot.cohorts(enrolled, as_of=date(2025, 7, 15), window_days=90)
    assert c.month.astype(str).tolist() == [f"2025-0{m}" for m in range(1, 7)]
    assert c.enrolled.tolist() == [2, 0, 1, 0, 0, 1]
    # 31 March + 90 days is 29 June; 30 April + 90 is 29 July.
    assert c.mature.tolist() == [True, True, True, False, False, False]
    assert c.index.tolist() == [2, 0, 0, 5]
    assert c.included.tolist() == [True, True, True, False]
    assert c.count([True, False, True, True]).tolist() == [1, 0, 1, 0, 0, 1]
    assert c.notes == (
        "Left out: 3 months from 2025-04 on with 1 patient, "
        "whose follow-up window is still open on 2025-07-15.",
    )


def test_future_enrollments_are_told_of() -> None:
    c = ot.cohorts(days("2025-01-10", "2030-01-10"), as_of="2026-01-01", window_days=90)
    assert c.included.tolist() == [True, False]
    assert c.notes[1] == "Enrolled after the as-of date: 1 patient; check these dates."


def test_no_patients_no_months() -> None:
    c = ot.cohorts(days(), as_of="2026-01-01", window_days=90)
    assert c.month.size == c.enrolled.size == c.index.size == 0
    assert c.notes == ()
    assert c.count(np.empty(0, dtype=bool)).tolist() == []


@SETTINGS
@given(
    st.lists(st.dates(date(2019, 1, 1), date(2026, 12, 31)), min_size=1, max_size=40),
    st.dates(date(2019, 1, 1), date(2027, 12, 31)),
    st.integers(0, 400),
)
def test_no_included_patient_can_still_be_followed(enrolled: list[date], as_of: date, window: int) -> None:
    c = ot.cohorts(np.array(enrolled, dtype="datetime64[D]"), as_of=as_of, window_days=window)
    assert c.enrolled.sum() == len(enrolled)
    assert c.count(np.ones(len(enrolled), dtype=bool)).tolist() == c.enrolled.tolist()
    for day, included, index in zip(enrolled, c.included, c.index, strict=True):
        assert str(c.month[index]) == f"{day:%Y-%m}"
        if included:
            assert day + timedelta(days=window) < as_of
        last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        assert included == (last + timedelta(days=window) < as_of)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"enrolled": days("2025-01-01", "NaT")}, r"enrolled\[1\] is missing"),
        ({"enrolled": np.array(["2025-01-01"])}, "array of dates"),
        ({"enrolled": days("2025-01-01").reshape(1, 1)}, "one-dimensional"),
        ({"as_of": "soon"}, "as_of must be a date"),
        ({"as_of": "NaT"}, "not missing"),
        ({"window_days": -1}, "window_days is -1"),
        ({"window_days": 1.5}, "window_days must be a whole number"),
        ({"window_months": True}, "window_months must be a whole number"),
    ],
)
def test_refusals_of_cohorts(kwargs: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"enrolled": days("2025-01-01"), "as_of": "2026-01-01", "window_days": 90}
    with pytest.raises(ParameterError, match=message):
        ot.cohorts(**(good | kwargs))


def test_counts_need_one_boolean_per_patient() -> None:
    c = ot.cohorts(days("2025-01-01"), as_of="2026-01-01", window_days=90)
    for bad in ([1], [True, False], [math.nan]):
        with pytest.raises(ParameterError, match="one boolean per patient"):
            c.count(bad)

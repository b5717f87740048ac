"""Pictures of changes: counts as in the table of figures, no ids, flags first, no count of few in curves of groups."""

from __future__ import annotations

import sys
import time
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plot_cases import rows_in, subtitle, texts_in, title

from ipm_outcomes import PEG, PHQ9, PROMIS29, change, instrument, program, score
from ipm_outcomes._drawing.style import LINE
from ipm_outcomes.change._plot_rows import bins, guarded
from ipm_outcomes.errors import FrameError, MissingExtraError, ParameterError, UnknownNameError

pytest.importorskip("altair")
pl = pytest.importorskip("polars")

TABLE = ["scatter", "waterfall", "before_after", "ecdf"]


def changes(n: int, seed: int = 1) -> Any:
    """Patients of two sites with the PHQ-9 at the start and, but for every fifth, after half a year."""
    chance = np.random.default_rng(seed)
    rows = []
    for k in range(n):
        before = int(chance.integers(5, 27))
        rows.append((f"patient-{k}", "AB"[k % 2], "2024-01-10", before))
        if k % 5 or n == 1:
            rows.append(
                (
                    f"patient-{k}",
                    "AB"[k % 2],
                    "2024-07-09",
                    min(27, max(0, before - int(chance.integers(-12, 15)))),
                )
            )
    scores = pl.DataFrame(rows, schema=["patient_id", "site", "date", "value"], orient="row")
    scores = scores.with_columns(instrument=pl.lit("phq9"), scale=pl.lit("total"))
    half_year = change.Target("6 months", day=182, days=(137, 227))
    return change.table(scores, targets=[half_year], by=["site"])


@pytest.fixture(scope="module")
def many() -> Any:
    return changes(300)


def figure(table: Any, name: str) -> dict[str, Any]:
    row: dict[str, Any] = program.table(table, indicators=[name]).row(0, named=True)
    return row


def test_counts_are_those_of_the_table_of_figures(many: Any) -> None:
    better, worse = figure(many, "reliable_improvement"), figure(many, "reliable_deterioration")
    chart = change.plot.scatter(many, "phq9")
    assert title(chart) == f"PHQ-9 total: {better['numerator']} of {better['denominator']} reliably better"
    assert f"{worse['numerator']} reliably worse" in texts_in(chart)
    drawn = [row for row in rows_in(chart) if "before" in row]
    assert sum(row["n"] for row in drawn) == better["denominator"]
    assert sum(row["n"] for row in drawn if row["kind"] == "better") == better["numerator"]
    bars = [row for row in rows_in(change.plot.waterfall(many, "phq9")) if "from" in row]
    assert sum(row["to"] - row["from"] for row in bars if row["kind"] == "better") == better["numerator"]
    means = [figure(many, f"mean_{when}")["estimate"] for when in ("baseline", "followup")]
    both = change.plot.before_after(many, "phq9")
    assert texts_in(both) == [f"baseline: mean {means[0]:.1f}", f"follow-up: mean {means[1]:.1f}"]
    assert sum(row["n"] for row in rows_in(both) if "from" in row) == 2 * better["denominator"]


def test_open_windows_count_no_more_than_in_the_table_of_figures(many: Any) -> None:
    some = many.with_columns(window_open=pl.int_range(pl.len()) % 3 == 0)
    figures = figure(some, "reliable_improvement")
    assert title(change.plot.scatter(some, "phq9")).startswith(
        f"PHQ-9 total: {figures['numerator']} of {figures['denominator']} "
    )


def test_the_lines_are_the_error_and_the_cut_off_of_the_table() -> None:
    table = changes(40)
    rows = rows_in(change.plot.scatter(table, "phq9.total"))
    # 1.96 * sqrt(2) * 2.5, the largest published error of the PHQ-9.
    limit = 1.959964 * 2**0.5 * 2.5
    edges = [row["value"] - row["at"] for row in rows if set(row) == {"at", "value"}]
    assert sorted({round(edge, 4) for edge in edges}) == [round(-limit, 4), round(limit, 4)]
    assert "cut-off 10" in [row.get("text") for row in rows]
    assert any("6.9 points" in line for line in [" ".join(subtitle(change.plot.waterfall(table, "phq9")))])


def test_a_chart_holds_no_ids_and_no_other_columns(many: Any) -> None:
    for name in TABLE:
        held = rows_in(getattr(change.plot, name)(many, "phq9"))
        text = str(held)
        assert "patient-" not in text
        assert "2024" not in text
        assert not {"site", "patient_id", "episode"} & {key for row in held for key in row}


def test_the_curve_is_the_share_with_at_least_so_much() -> None:
    table = pl.DataFrame(
        {
            "instrument": "phq9",
            "scale": "total",
            "target": "6 months",
            "baseline": [10.0, 10.0, 10.0, 10.0],
            "followup": [12.0, 10.0, 5.0, 4.0],
            "improvement": [-2.0, 0.0, 5.0, 6.0],
            "verdict": "no reliable change",
        }
    )
    chart = change.plot.ecdf(table, "phq9")
    points = {row["x"]: row["share"] for row in rows_in(chart) if set(row) == {"x", "share"}}
    assert [points[x] for x in (-2, 0, 5, 6)] == [1, 0.75, 0.5, 0.25]
    assert title(chart) == "PHQ-9 total: half of 4 patients improved by 5 points or more"


@given(
    st.lists(st.integers(-5, 15), min_size=1, max_size=120),
    st.integers(-5, 15),
)
def test_no_count_of_few_follows_from_a_curve_of_groups(values: list[int], anchor: int) -> None:
    n = len(values)
    points = guarded(np.array(values, float), float(anchor), 11)
    counts = [0, *sorted(round(share * n) for _, share in points), n]
    for x, part in points:
        assert round(part * n) == sum(v >= x for v in values)
    if points:
        assert all(b - a >= 11 for a, b in pairwise(counts))
    # A group of twice as many that splits in two halves has a point.
    if 11 <= sum(v >= anchor for v in values) <= n - 11:
        assert float(anchor) in [x for x, _ in points]


def test_small_groups_are_left_out_of_the_curves() -> None:
    table = changes(60).with_columns(
        clinic=pl.int_range(60).cast(pl.String).str.replace(r"^[1-9]\d*$", "big")
    )
    chart = change.plot.ecdf(table, "phq9", by="clinic", policy="none")
    with pytest.raises(ParameterError, match="policy"):
        change.plot.ecdf(table, "phq9", by="clinic", policy="nhs")  # type: ignore[arg-type]
    assert title(chart) == "PHQ-9 total: how much patients improved, by clinic"
    two = table.with_columns(
        clinic=pl.when(pl.int_range(60) < 6).then(pl.lit("few")).otherwise(pl.lit("big"))
    )
    protected = change.plot.ecdf(two, "phq9", by="clinic")
    said = " ".join(texts_in(protected))
    assert "big" in said
    assert "few" not in said
    assert "1 group too small to be shown." in " ".join(subtitle(protected))
    assert "patients with both scores" not in " ".join(
        subtitle(protected)
    )  # a total would give the group away
    with pytest.raises(ParameterError, match="22 patients"):
        change.plot.ecdf(changes(20), "phq9", by="site")


def phq9(total: list[int], item_9: int | None) -> Any:
    return score(PHQ9(**{f"q{n}": value for n, value in enumerate(total, 1)}, q9=item_9))


def test_a_course_has_flags_first_and_the_verdict_of_between() -> None:
    forms = [phq9([3, 3, 3, 3, 2, 2, 2, 1], 0), phq9([1] * 8, 1), phq9([0] * 8, None)]
    days = [date(2024, 1, 2), date(2024, 4, 1), date(2024, 7, 1)]
    chart = change.plot.trajectory(list(zip(days, forms, strict=True)))
    course = change.trajectory(list(zip(days, forms, strict=True)))
    assert title(chart) == course.short
    assert title(chart).startswith("ITEM 9 NOT ANSWERED")
    drawn = {row["when"]: row["kind"] for row in rows_in(chart) if "kind" in row}
    verdict = change.between(forms[0], forms[1]).total.verdict
    assert verdict == "reliably better"
    assert drawn == {
        "2024-01-02T12:00:00": "first",
        "2024-04-01T12:00:00": "better",
    }  # without the last question there is no total
    flags = [(row["when"], row["flag"]) for row in rows_in(chart) if "flag" in row]
    assert flags == [("2024-04-01T12:00:00", "raised"), ("2024-07-01T12:00:00", "blank")]
    names = [row["text"] for row in rows_in(chart) if row.get("text") in ("minimal", "mild", "severe")]
    assert names == ["minimal", "mild", "severe"]


def test_a_course_without_dates_with_errors_and_of_one_visit() -> None:
    answers = {item: 3 for item in instrument("promis29").item_ids if item != "global07"}
    forms = [score(PROMIS29(**answers, global07=6)), score(PROMIS29(**{**answers, "hi7": 1}, global07=6))]
    chart = change.plot.trajectory(forms, "fatigue")
    rows = [row for row in rows_in(chart) if "least" in row]
    fatigue = forms[0].fatigue
    assert rows[0]["most"] - rows[0]["value"] == pytest.approx(1.959964 * fatigue.se)
    assert [row["when"] for row in rows if "kind" in row][:2] == ["1", "2"]
    one = change.plot.trajectory([score(PEG(pain=7, enjoyment=7, activity=6))])
    assert title(one) == "PEG: 6.7"
    with pytest.raises(ParameterError, match=r"no visit has a score of peg\.mean"):
        change.plot.trajectory([score(PEG())])
    with pytest.raises(UnknownNameError, match="total"):
        change.plot.trajectory([score(PEG(pain=1, enjoyment=1, activity=1))], "total")


def test_what_is_missing_is_said(many: Any) -> None:
    scores = many.select("instrument", "scale", value="baseline")
    with pytest.raises(FrameError, match=r"these are scores; give change\.table"):
        change.plot.scatter(scores, "phq9")
    with pytest.raises(ParameterError, match=r"no rows of peg\.mean"):
        change.plot.scatter(many, "peg")
    with pytest.raises(ParameterError, match="target: the table has '6 months', not '1 year'"):
        change.plot.scatter(many, "phq9", target="1 year")
    with pytest.raises(ParameterError, match="target: name one of '6 months', 'later'"):
        change.plot.scatter(
            pl.concat([many.cast({"target": str}), many.with_columns(target=pl.lit("later"))]), "phq9"
        )
    with pytest.raises(ParameterError, match="nobody has both scores"):
        change.plot.scatter(many.with_columns(improvement=pl.lit(None, pl.Float64)), "phq9")
    with pytest.raises(ParameterError, match="scale: name one"):
        change.plot.scatter(many, 9)  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [1, 10, 300])
@pytest.mark.parametrize("name", TABLE)
def test_charts_are_valid_and_made_fast(name: str, n: int) -> None:
    table, draw = changes(n), getattr(change.plot, name)
    spec = draw(table, "phq9").to_dict(validate=True)
    assert all(len(line) <= LINE for line in [*spec["title"]["subtitle"], *spec["title"]["text"]])
    took = []
    for _ in range(3):
        start = time.process_time()  # another process may have the core
        draw(table, "phq9")
        took.append(time.process_time() - start)
    assert min(took) <= 0.3


def test_stretches_of_scores_cover_the_scale() -> None:
    values = (np.array([0.0, 27.0]),)
    phq9_total, peg = instrument("phq9").scale("total"), instrument("peg").scale("mean")
    assert bins(phq9_total, values) == [
        n - 0.5 for n in range(29)
    ]  # each whole number in the middle of its own
    assert bins(peg, values) == list(range(11))
    assert bins(instrument("pcs").scale("total"), values)[-1] >= 52
    assert len(bins(instrument("promis29").scale("fatigue"), values)) <= 31


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch, many: Any) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    for name in TABLE:
        with pytest.raises(MissingExtraError, match=r"ipm-outcomes\[report\]"):
            getattr(change.plot, name)(many, "phq9")
    with pytest.raises(MissingExtraError, match=r"ipm-outcomes\[report\]"):
        change.plot.trajectory([score(PEG(pain=7, enjoyment=7, activity=6))])


def test_dates_are_those_of_the_visits_on_every_clock() -> None:
    """A date alone is midnight in UTC to the renderer, and the day before in America."""
    chart = change.plot.trajectory(
        [(date(2024, 1, 2), phq9([1] * 8, 0)), (date(2024, 1, 9), phq9([2] * 8, 0))]
    )
    assert {row["when"][10:] for row in rows_in(chart) if "when" in row} == {"T12:00:00"}


def test_equal_scores_of_two_visits_are_two_scores() -> None:
    form = phq9([1] * 8, 0)
    chart = change.plot.trajectory([(date(2024, 1, 2), form), (date(2024, 4, 1), form)])
    assert title(chart) == "PHQ-9 total 8 (mild): unchanged."

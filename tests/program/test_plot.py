"""Pictures of figures: what they say, what they hold, and that no name covers another."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest
from plot_cases import NAMES, contrast, rows_in, subtitle, texts_in, title

from ipm_outcomes import program
from ipm_outcomes._drawing.labels import LIMIT, boxes_overlap, place
from ipm_outcomes._drawing.style import LINE, PLAIN, number, share, ticks, width_of, wrapped
from ipm_outcomes.errors import FrameError, MissingExtraError, ParameterError, UnknownNameError

pytest.importorskip("altair")
pl = pytest.importorskip("polars")

MEASURE = "responder_30:peg.mean:6 months"


def figures(shown: list[tuple[str, int, int]], by: str = "site", **columns: Any) -> Any:
    """A published table: (group, numerator, denominator), the total as ``all``."""
    rows = []
    for group, x, n in shown:
        row = {
            by: group,
            "indicator": MEASURE,
            "eligible": n,
            "observed": n,
            "numerator": x,
            "denominator": n,
        }
        row |= {
            "estimate": x / n,
            "lower": x / n - 0.1,
            "upper": x / n + 0.1,
            "level": 0.95,
            "method": "wilson",
        }
        row |= {
            "suppressed": "",
            "source": "test",
            "title": "Improved by at least 30 percent",
            "unit": "share",
        }
        row |= {"instrument": "peg", "scale": "mean", "target": "6 months", "direction": "higher"}
        rows.append({**row, "numerator_low": None, "numerator_high": None})
    return pl.DataFrame(rows, schema_overrides={"numerator_low": pl.Int64, "numerator_high": pl.Int64})


def many(n: int) -> Any:
    """Sites of 40 to 40 + 9n patients; every fourth does better than the others."""
    return figures(
        [(name, (20 + 4 * k) if k % 4 else 34 + 6 * k, 40 + 9 * k) for k, name in enumerate(NAMES[:n])]
    )


def hide(table: Any, group: str, low: int, high: int) -> Any:
    at = pl.col("site") == group
    gone = ("numerator", "estimate", "lower", "upper")
    return table.with_columns(
        *(pl.when(~at).then(pl.col(name)).alias(name) for name in gone),
        numerator_low=pl.when(at).then(low),
        numerator_high=pl.when(at).then(high),
    )


def test_intervals_say_the_counts_of_the_table() -> None:
    table = figures([("A", 20, 50), ("B", 45, 60), ("all", 65, 110)])
    chart = program.plot.intervals(table, "responder_30")
    assert title(chart) == "Improved by at least 30 percent: 59% of 110 patients"  # 65 / 110 = 0.5909
    assert texts_in(chart) == ["40%, 20 of 50", "75%, 45 of 60", "59%, 65 of 110"]
    assert list(dict.fromkeys(row["label"] for row in rows_in(chart))) == ["A", "B", "all sites"]


def test_a_hidden_figure_is_drawn_as_the_stretch_in_which_it_lies() -> None:
    table = hide(figures([("A", 7, 50), ("B", 45, 60), ("all", 52, 110)]), "A", 0, 20)
    chart = program.plot.intervals(table, "responder_30")
    assert "hidden: 0 to 20 of 50" in texts_in(chart)
    assert {"label": "A", "least": 0.0, "most": 0.4} in rows_in(chart)
    held = {value for row in rows_in(chart) for value in row.values() if isinstance(value, int | float)}
    assert not held & {7, 7 / 50}
    assert "Dotted" in " ".join(subtitle(chart))


@pytest.mark.parametrize("n", [3, 12, 30])
def test_a_funnel_names_the_sites_outside_and_the_largest(n: int) -> None:
    chart = program.plot.funnel(many(n), "responder_30")
    spots = [row for row in rows_in(chart) if "place" in row]
    assert len(spots) == n
    outside = {row["n"] for row in spots if row["place"] != "within the limits"}
    named = {row["n"] for row in rows_in(chart) if "at_n" in row}
    assert outside <= named
    assert len(named) == max(len(outside), 3)
    rest = sorted({row["n"] for row in spots} - outside, reverse=True)
    assert named - outside == set(rest[: max(0, 3 - len(outside))])


def test_the_limits_of_a_funnel_are_those_of_the_statistics() -> None:
    from ipm_outcomes.stats import sites

    chart = program.plot.funnel(
        figures([("A", 20, 50), ("B", 45, 60), ("C", 30, 60), ("all", 95, 170)]), "responder_30"
    )
    drawn = {(row["n"], row["limit"], row["side"]): row["share"] for row in rows_in(chart) if "side" in row}
    n = next(at for at, *_ in drawn)
    limits = sites.funnel([n], 95 / 170)
    assert drawn[n, "95%", "low"] == pytest.approx(float(limits.lower[0][0]))
    assert drawn[n, "99.8%", "high"] == pytest.approx(float(limits.upper[1][0]))
    assert "all sites 56%" in [row.get("limit") for row in rows_in(chart)]


@pytest.mark.parametrize("n", [3, 12, 30])
@pytest.mark.parametrize("apart", [1.0, 3.0, 40.0])
def test_names_do_not_cover_each_other(n: int, apart: float) -> None:
    points = [(270 + apart * (k % 6), 160 + apart * (k // 6)) for k in range(n)]
    names = [(name, *at) for name, at in zip(NAMES, points, strict=False)]
    placed = place(names, points, 540, 320, 12)
    boxes = [
        (at.x, at.y, min(LIMIT, width_of(name, 12)), 15.0)
        for (name, *_), at in zip(names, placed, strict=True)
    ]
    for k, box in enumerate(boxes):
        assert box[2] / 2 <= box[0] <= 540 - box[2] / 2
        assert not any(boxes_overlap(box, other) for other in boxes[k + 1 :])
        assert not any(boxes_overlap(box, (*at, 12.0, 12.0)) for at in points)


def test_a_control_chart_marks_what_is_beyond_chance() -> None:
    shown = [(f"2025-{m:02d}", 17 + 7 * (m % 2), 40) for m in range(1, 13)]
    shown[7] = ("2025-08", 38, 40)
    chart = program.plot.control(figures(shown, "month"), "responder_30")
    assert title(chart) == "1 of 12 periods differs beyond chance: 2025-08"
    assert {row["period"] for row in rows_in(chart) if row.get("marked") is True} == {"2025-08"}
    assert {"period": "2025-08", "text": "n 40"} in rows_in(chart)
    assert {"period": "2025-01", "value": 0.6, "text": "60%", "up": True} in rows_in(chart)


def test_a_hidden_period_keeps_its_place_and_no_line_crosses_it() -> None:
    table = figures([(f"2025-Q{q}", 20, 40) for q in (1, 2, 3, 4)])
    chart = program.plot.control(hide(table, "2025-Q2", 0, 40), "responder_30", chart="run")
    runs = {row["period"]: row["run"] for row in rows_in(chart) if "run" in row}
    assert list(runs) == [f"2025-Q{q}" for q in (1, 2, 3, 4)]
    assert runs["2025-Q1"] != runs["2025-Q3"] == runs["2025-Q4"]


@pytest.fixture(scope="module")
def changes() -> Any:
    """160 began: 20 without a baseline, 10 with an open window, 30 without a follow-up, 100 with both scores."""
    n = 160
    return pl.DataFrame(
        {
            "patient_id": range(n),
            "episode": 1,
            "instrument": "peg",
            "scale": "mean",
            "target": "6 months",
            "baseline": [6.0] * 140 + [None] * 20,
            "followup": [4.0] * 105 + [None] * 55,
            "window_open": [False] * 100 + [True] * 10 + [False] * 50,
            "responder_30": [True] * 40 + [False] * 65 + [None] * 55,
            "reason": [None] * 105 + ["no_follow_up"] * 55,
        },
        schema_overrides={"reason": pl.String},
    )


def test_the_flow_counts_as_the_table_of_figures_does(changes: Any) -> None:
    table = program.table(changes, indicators=["baseline_completion", "followup_completion"])
    chart = program.plot.flow(table, "peg", policy="none")
    assert title(chart) == "Of 160 who began, 100 have both scores (62%)"  # 100 / 160 = 0.625, to even
    assert texts_in(chart) == ["160 (100%)", "140 (88%)", "130 (81%)", "100 (62%)"]
    lost = [row["lost"] for row in rows_in(chart) if "lost" in row]
    assert lost[1:4] == [
        "20 without a baseline score",
        "10 with the window still open",
        "30 without a score at follow-up",
    ]


def test_what_is_not_protected_is_refused(changes: Any) -> None:
    raw = program.table(changes, indicators=["responder_30"])
    with pytest.raises(ParameterError, match=r"program\.suppress\(figures\)"):
        program.plot.intervals(raw, "responder_30")
    assert title(program.plot.intervals(raw, "responder_30", policy="none")).endswith("40% of 100 patients")
    assert title(program.plot.intervals(program.suppress(raw), "responder_30")).endswith(
        "40% of 100 patients"
    )
    with pytest.raises(ParameterError, match="policy"):
        program.plot.intervals(raw, "responder_30", policy="nhs")  # type: ignore[arg-type]
    with pytest.raises(FrameError, match=r"table of changes; give program\.suppress"):
        program.plot.intervals(changes, "responder_30")


def test_names_that_are_not_there_are_told_with_the_nearest() -> None:
    table = many(3)
    with pytest.raises(UnknownNameError, match=rf"did you mean '{MEASURE}'"):
        program.plot.funnel(table, "respnder_30:peg.mean:6 months")
    with pytest.raises(ParameterError, match="by: the table has no such grouping column"):
        program.plot.funnel(table, "responder_30", by="clinic")
    two = table.with_columns(region=pl.lit("all")).select("region", *table.columns)
    with pytest.raises(ParameterError, match="by: name one of 'region', 'site'"):
        program.plot.funnel(two, "responder_30")
    assert title(program.plot.funnel(two, "responder_30", by="site"))
    other = pl.concat([table, table.with_columns(indicator=pl.lit("responder_30:peg.mean:3 months"))])
    with pytest.raises(ParameterError, match="indicator: say which"):
        program.plot.funnel(other, "responder_30")
    with pytest.raises(ParameterError, match="a funnel is of shares"):
        program.plot.funnel(table.with_columns(unit=pl.lit("points")), "responder_30")
    with pytest.raises(ParameterError, match="'p' is for shares"):
        program.plot.control(table.with_columns(unit=pl.lit("points")), "responder_30", chart="p")
    with pytest.raises(ParameterError, match="reference"):
        program.plot.intervals(table, "responder_30", reference=0.3)  # type: ignore[arg-type]


def every(n: int) -> list[Any]:
    table = many(n)
    return [
        program.plot.intervals(table, "responder_30", reference=(0.5, "target of the program")),
        program.plot.intervals(table.with_columns(unit=pl.lit("points")), "responder_30"),
        program.plot.funnel(table, "responder_30"),
        *(program.plot.control(table, "responder_30", chart=kind) for kind in ("p", "xmr", "run")),
    ]


@pytest.mark.parametrize("n", [1, 3, 12, 30])
def test_charts_are_valid_and_their_lines_of_text_short(n: int) -> None:
    for chart in every(n):
        spec = chart.to_dict(validate=True)
        assert all(len(line) <= LINE for line in [*spec["title"]["subtitle"], *spec["title"]["text"]])
        assert spec["description"].startswith(" ".join(spec["title"]["text"])[:40])


def test_charts_are_made_fast() -> None:
    every(3)  # what is imported then, stays
    table = many(30)
    for draw in (program.plot.intervals, program.plot.funnel, program.plot.control):
        took = []
        for _ in range(5):
            start = time.process_time()  # another process may have the core
            draw(table, "responder_30")
            took.append(time.process_time() - start)
        assert min(took) <= 0.3, draw.__name__


def test_every_kind_of_frame_gives_the_same_chart() -> None:
    table = many(3)
    wanted = program.plot.funnel(table, "responder_30").to_dict()
    for other in ("pandas", "pyarrow"):
        pytest.importorskip(other)
        pytest.importorskip("pyarrow")
        data = table.to_arrow() if other == "pyarrow" else table.to_pandas()
        assert program.plot.funnel(data, "responder_30").to_dict() == wanted


def test_words_can_be_read() -> None:
    for name, color in PLAIN.texts().items():
        for ground in (PLAIN.ground, *PLAIN.tints):
            assert contrast(color, ground) >= 4.5, name
    assert contrast("#000000", "#ffffff") == pytest.approx(21)  # WCAG 2.2: the highest there is


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    for draw in (program.plot.intervals, program.plot.funnel, program.plot.control, program.plot.flow):
        with pytest.raises(MissingExtraError, match=r"ipm-outcomes\[report\]"):
            draw(many(3), "responder_30")


def test_numbers_in_words() -> None:
    assert [share(v) for v in (0, 0.004, 0.5, 0.996, 1)] == ["0%", "<1%", "50%", ">99%", "100%"]
    assert [number(v) for v in (1.25, -0.04, -3, 1234.5)] == ["1.2", "0.0", "−3.0", "1,234.5"]
    assert ticks(0, 0.47) == [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert ticks(-2, 6.5) == [-2, 0, 2, 4, 6, 8]
    assert max(map(len, wrapped(["word " * 60]))) <= LINE


def test_a_hidden_stage_of_the_flow_says_what_is_known_of_it_and_no_more() -> None:
    assert _of_row(None, None, None) == _of_row(None, 0, None) == "hidden"
    assert _of_row(None, 11, None) == "hidden: at least 11"
    assert _of_row(None, 0, 11) == "hidden: 0 to 11"
    assert _of_row(20, None, None) == "20 (50%)"


def _of_row(n: int | None, low: int | None, high: int | None) -> str:
    class Counts:
        def count(self, name: str) -> int | None:
            return {"numerator": n, "numerator_low": low, "numerator_high": high}[name]

    from ipm_outcomes.program.plot import _of

    return _of(Counts(), "numerator", 40)  # type: ignore[arg-type]

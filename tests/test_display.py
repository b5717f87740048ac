"""Views for notebooks and terminals: small, fast, no script, flags first, nothing but what the object holds."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

import ipm_outcomes as ipm
from ipm_outcomes import PHQ9, PROMIS29, between, change, program, score
from ipm_outcomes._display import Card, cell, of_changes, of_instrument, of_scores
from ipm_outcomes.errors import FrameError, ParameterError


def phq9(*answers: int | None) -> Any:
    return score(PHQ9(**{f"q{n}": answer for n, answer in enumerate(answers, 1)}))


FIRST, SECOND = phq9(2, 3, 2, 2, 1, 2, 2, 2, 0), phq9(1, 0, 0, 1, 0, 0, 0, 1, 1)


def objects() -> list[Any]:
    answers = dict.fromkeys(ipm.instrument("promis29").item_ids, 3)
    return [
        *(FIRST, SECOND, phq9(1, 1), between(FIRST, SECOND), score(PROMIS29(**answers))),
        *(ipm.instrument(id) for id in ipm.instruments()),
    ]


def test_html_is_small_and_fast_and_has_no_script() -> None:
    for one in objects():
        one._repr_html_()  # what is imported then, stays
        start = time.process_time()
        html = one._repr_html_()
        assert time.process_time() - start <= 0.01
        assert len(html.encode()) <= 10_000
        assert not re.search(r"<script|javascript:|https?://|\bon\w+=", html)
        colors = re.findall(
            r"#[0-9a-fA-F]{3,6}\b|\brgb|(?<!-)\bcolor:(?!inherit)", re.sub(r"<div.*", "", html)
        )
        assert colors == []  # those of the page, light or dark


def test_scores_say_flags_first_and_why_there_is_no_score() -> None:
    html = SECOND._repr_html_()
    assert html.index(SECOND.flags[0].sentence[:20]) < html.index("PHQ9Scores") < html.index("total")
    rows = {row[0]: row for row in of_scores(SECOND).rows}
    assert rows["total"] == ("total", "4", "minimal", "9 of 9", "")
    blank = {row[0]: row for row in of_scores(phq9(1, 1)).rows}
    assert blank["total"][1] == "no score"
    assert blank["total"][4] == phq9(1, 1).total.absent.sentence
    se = score(PROMIS29(**dict.fromkeys(ipm.instrument("promis29").item_ids, 3))).fatigue.se
    fatigue = next(row for row in of_scores(objects()[4]).rows if row[0] == "fatigue")
    assert fatigue[1].endswith(f"± {cell(1.959964 * se)}")


def test_changes_have_the_verdict_of_the_change() -> None:
    found = between(FIRST, SECOND)
    rows = {row[0]: row for row in of_changes(found).rows}
    assert rows["total"] == ("total", "16", "4", "moderately severe to minimal", found.total.verdict)
    assert of_changes(found).first == tuple(flag.sentence for flag in found.flags)


def test_a_definition_says_range_and_direction() -> None:
    rows = {row[0]: row for row in of_instrument(ipm.instrument("phq9")).rows}
    assert rows["total"][2:4] == ("0 to 27", "higher is worse")
    assert rows["syndrome"][3] == "a category"


def test_text_is_escaped() -> None:
    html = Card("<b>x</b>", ("<i>",), (("<script>",),), first=("a & b",))._repr_html_()
    assert "<script>" not in html
    assert "&lt;b&gt;x" in html
    assert "a &amp; b" in html


def test_a_terminal_shows_the_same() -> None:
    rich = pytest.importorskip("rich.console")
    console = rich.Console(width=100)
    with console.capture() as got:
        console.print(SECOND)
    text = got.get()
    assert "Item 9" in text or "thoughts" in text
    assert re.search(r"total +4 +minimal +9 of 9", text)


@pytest.fixture(scope="module")
def changes() -> Any:
    pl = pytest.importorskip("polars")
    scores = pl.DataFrame(
        {
            "patient_id": [1, 1, 2, 3],
            "date": ["2024-01-10", "2024-07-09", "2024-01-10", "2024-01-10"],
            "instrument": "phq9",
            "scale": "total",
            "value": [16, 7, 12, 9],
        }
    )
    return change.table(scores, targets=[change.Target("6 months", day=182, days=(137, 227))])


def test_a_wide_table_of_changes_in_short(changes: Any) -> None:
    view = change.show(changes)
    assert view.title == "Changes: 3 rows, 1 with both scores"
    assert view.lines == ("Without: 2 no follow up.",)
    assert [head for head, _ in view.groups] == ["who", "what", "scores", "judged", "why not"]
    assert sum(size for _, size in view.groups) == len(view.columns)
    assert {*view.columns, *view.more} == set(changes.columns)
    first = dict(zip(view.columns, view.rows[0], strict=True))
    assert (first["baseline"], first["followup"], first["improvement"]) == ("16", "7", "9")
    assert first["verdict"] == "reliably better"
    assert dict(zip(view.columns, view.rows[1], strict=True))["reason"] == "no_follow_up"
    assert len(view._repr_html_().encode()) <= 10_000
    assert "more columns" in repr(view)
    assert len(change.show(changes, rows=1).rows) == 1
    with pytest.raises(ParameterError, match="rows"):
        change.show(changes, rows=0)
    with pytest.raises(FrameError, match="these are scores"):
        change.show(changes.select("instrument", value="baseline"))


def test_a_wide_table_of_figures_in_short(changes: Any) -> None:
    figures = program.table(changes, indicators=["followup_completion"])
    view = program.show(figures)
    assert view.rows == (("followup_completion:phq9.total:6 months", "3", "3", "1", "3", "33%", "6 to 79%"),)
    hidden = program.show(program.suppress(figures))
    counts = dict(zip(hidden.columns, hidden.rows[0], strict=True))
    assert counts["estimate"] == "·"
    assert "1 with a hidden number." in hidden.lines
    assert counts["numerator"] != "1"
    with pytest.raises(FrameError, match="table of changes"):
        program.show(changes)

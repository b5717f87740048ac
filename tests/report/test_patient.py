"""The page of one patient: flags first, the words of `between`, what is missing, and no id of the patient."""

from __future__ import annotations

import random
import re
from datetime import date, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from report_cases import EXAMPLE, INSTRUMENTS, undrawn

from ipm_outcomes import GAD7, PEG, PHQ9, between, frames, report, score
from ipm_outcomes.errors import FrameError, InvalidAnswersError, ParameterError, UnknownNameError
from ipm_outcomes.report import _charts
from ipm_outcomes.responses import CLASSES, PHQ9Scores, Response

DAYS = (date(2026, 1, 8), date(2026, 4, 7), date(2026, 7, 6))


def phq9(*answers: int | None) -> PHQ9Scores:
    return score(PHQ9.model_validate({f"q{n}": answer for n, answer in enumerate(answers, 1)}))


HIGH = phq9(3, 3, 2, 2, 1, 2, 2, 1, 1)  # 17, item 9 several days
LOW = phq9(1, 1, 1, 1, 0, 1, 0, 1, 0)  # 6


def text_of(path: Path) -> str:
    """What a reader sees, tags and drawings left out, in one line."""
    page = path.read_text(encoding="utf-8").split("<body", 1)[1]
    page = re.sub(r"<svg.*?</svg>", " ", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def made(tmp_path: Path, visits: Any, **options: Any) -> str:
    return text_of(report.patient(visits, tmp_path / "page.html", **options))


def test_flags_come_first_and_the_words_are_those_of_between(tmp_path: Path) -> None:
    text = made(tmp_path, [(DAYS[0], HIGH), (DAYS[2], LOW)])
    change = between(HIGH, LOW)
    flag = change.flags[0]
    assert flag.state == "cleared"
    assert text.index(flag.sentence) < text.index(change.total.short) < text.index(change.total.sentence)
    assert "PHQ-9 of Jul 6, 2026" in text
    assert "Before: Jan 8, 2026: ITEM 9 POSITIVE (several days)." in text


def test_a_flag_of_a_form_before_the_last_visit_stays_and_says_of_when(tmp_path: Path) -> None:
    """The PHQ-9 raised item 9 and was not filled in again."""
    text = made(tmp_path, [(DAYS[0], HIGH), (DAYS[2], score(PEG(pain=4, enjoyment=4, activity=4)))])
    assert "ITEM 9 POSITIVE" in text
    assert "PHQ-9 of Jan 8, 2026; no such form since" in text
    assert "PHQ-9: no form on Jul 6, 2026; the last one is of Jan 8, 2026." in text
    assert "PEG: no form on Jan 8, 2026." in text


def test_an_item_9_left_blank_is_an_alert(tmp_path: Path) -> None:
    blank = phq9(1, 1, 1, 1, 0, 1, 0, 1, None)
    text = made(tmp_path, [(DAYS[0], HIGH), (DAYS[1], blank)])
    assert between(HIGH, blank).flags[0].sentence in text
    assert (
        "no PHQ-9 total score: 8 of 9 items were answered, and the missing rule 'complete' needs 9." in text
    )
    assert "PHQ-9 total: 17 (moderately severe). One score, nothing to compare." in text


def test_nothing_raised_is_said_and_is_no_assessment(tmp_path: Path) -> None:
    text = made(tmp_path, [(DAYS[0], LOW), (DAYS[1], LOW)])
    assert "not raised (PHQ-9, Apr 7, 2026). This is no assessment of risk." in text


def test_equal_scores_are_two_scores(tmp_path: Path) -> None:
    same = score(PEG(pain=5, enjoyment=5, activity=5))
    assert "PEG 5.0: unchanged." in made(tmp_path, [(DAYS[0], same), (DAYS[1], same)])


def test_scores_and_responses_and_a_frame_say_the_same(tmp_path: Path) -> None:
    answers = [{"pain": 8, "enjoyment": 7, "activity": 9}, {"pain": 3, "enjoyment": 2, "activity": 3}]
    rows = pl.DataFrame(
        [
            {"patient_id": "A", "date": str(day), **{f"peg_{k}": v for k, v in one.items()}}
            for day, one in zip(DAYS, answers, strict=False)
        ]
    )
    forms = [PEG(**one) for one in answers]
    pages = [
        made(tmp_path, given)
        for given in (
            list(zip(DAYS, forms, strict=False)),
            [(day, score(form)) for day, form in zip(DAYS, forms, strict=False)][::-1],
            rows,
            frames.score(rows, "peg"),
            rows.to_pandas(),
            rows.to_arrow(),
        )
    ]
    assert len(set(pages)) == 1
    assert "PEG 8.0 to 2.7: reliably better, 5.3 points." in pages[0]


def test_no_id_is_on_the_page_unless_asked(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {"patient_id": ["X77Q"], "date": ["2026-01-08"], "peg_pain": 5, "peg_enjoyment": 5, "peg_activity": 5}
    )
    page = report.patient(rows, tmp_path / "page.html")
    assert "X77Q" not in page.read_text(encoding="utf-8")
    assert "Patient:" in text_of(page)
    labeled = made(tmp_path, rows, label="<b>X77Q</b>", made_by="A & B")
    assert "<b>X77Q</b>" in labeled
    assert "by A & B." in labeled


def test_a_page_is_about_one_patient(tmp_path: Path) -> None:
    two = pl.read_csv(EXAMPLE / "clinic.csv", infer_schema_length=None)
    page = tmp_path / "page.html"
    with pytest.raises(
        FrameError, match=r"id: the rows are of \d+ patients; .* give the rows of one"
    ) as told:
        report.patient(two, page)
    assert not re.search(r"P\d{4}", str(told.value))
    one = two.head(1).with_columns(patient_id=pl.lit(None, pl.String))
    with pytest.raises(FrameError, match=r"id: row 0 .* has no patient"):
        report.patient(one, page)
    with pytest.raises(FrameError, match="id: the frame has no column 'patient'; did you mean 'patient_id'"):
        report.patient(two.head(1), page, id="patient")
    report.patient(two.head(1).drop("patient_id"), page, id=None)


def test_what_cannot_be_shown_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    rows = pl.DataFrame(
        {
            "patient_id": [1, 1],
            "date": ["2026-01-08"] * 2,
            "peg_pain": 5,
            "peg_enjoyment": 5,
            "peg_activity": 5,
        }
    )
    with pytest.raises(FrameError, match=r"rows 0 and 1 .* both of peg and of one day"):
        report.patient(rows, page)
    with pytest.raises(FrameError, match=r"date: row 1 .* no date that can be read"):
        report.patient(rows.with_columns(date=pl.Series(["2026-01-08", "soon"])), page)
    with pytest.raises(InvalidAnswersError, match="peg: 2 cells hold no answer"):
        report.patient(rows.with_columns(peg_pain=11), page)
    with pytest.raises(FrameError, match="no row holds an answer"):
        report.patient(rows.head(1).with_columns(pl.col("^peg_.*$").cast(pl.Int64) * None), page)
    with pytest.raises(FrameError, match="no item columns"):
        report.patient(rows.select("patient_id", "date"), page)
    with pytest.raises(UnknownNameError, match="did you mean 'peg'"):
        report.patient(rows.head(1), page, instruments="pegg")
    for wrong in ([], [(DAYS[0], 5)], [HIGH], [(DAYS[0], phq9())]):
        with pytest.raises(ParameterError, match="visits: "):
            report.patient(wrong, page)
    with pytest.raises(ParameterError, match="scores: two visits are on one day"):
        report.patient([(DAYS[0], HIGH), (DAYS[0], LOW)], page)
    for name in ("title", "label", "made_by"):
        empty: Any = {name: " "}
        with pytest.raises(ParameterError, match=f"{name}: give a text"):
            report.patient([(DAYS[0], HIGH)], page, **empty)
    with pytest.raises(ParameterError, match="path: "):
        report.patient([(DAYS[0], HIGH)], tmp_path)
    assert not page.exists()


def test_of_two_forms_of_a_day_the_later_one_counts(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "patient_id": [1, 1],
            "date": [datetime(2026, 1, 8, 9), datetime(2026, 1, 8, 8)],
            **{f"peg_{item}": [3, 9] for item in ("pain", "enjoyment", "activity")},
        }
    )
    assert "PEG: 3.0. One score" in made(tmp_path, rows)


def test_what_was_left_out_is_said(tmp_path: Path) -> None:
    """A wrong cell, a form without any answer in it, and a row without anything."""
    rows = pl.DataFrame(
        {
            "patient_id": [1, 1, 1, 1],
            "date": ["2026-01-08", "2026-02-08", "2026-03-08", "2026-04-08"],
            "peg_pain": [5, 99, 99, None],
            "peg_enjoyment": [5, 5, None, None],
            "peg_activity": [5, 5, None, None],
        }
    )
    text = made(tmp_path, rows, invalid="null")
    assert "PEG, Feb 8, 2026: 1 cell that is no answer was taken as not answered." in text
    assert "PEG, Mar 8, 2026: no cell of the form is an answer; it is left out." in text
    assert "Left out, without any answer: Apr 8, 2026." in text
    assert "PEG, Feb 8, 2026: no PEG score: 2 of 3 items were answered" in text


def test_a_wrong_answer_to_item_9_is_not_answered(tmp_path: Path) -> None:
    row = {"patient_id": 1, "date": "2026-01-08", **{f"phq9_q{n}": 1 for n in range(1, 9)}, "phq9_q9": 7}
    text = made(tmp_path, pl.DataFrame([row]), invalid="null")
    assert "ITEM 9 NOT ANSWERED" in text


def drawn_at_random(id: str, chance: random.Random) -> Response[Any]:
    from ipm_outcomes import instrument, responses

    inst = instrument(id)
    given = {}
    for item in inst.items:
        of = inst.answers_of(item.id)
        if chance.random() > 0.03:
            given[item.id] = of.answer(chance.choice(of.codes))
    model: type[Response[Any]] = getattr(responses, CLASSES[id])
    return model.model_validate(given)


@pytest.mark.parametrize("seed", range(20))
def test_every_change_is_that_of_between(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the first and the last score of each scale, whatever lies between them. The text is read, not the pictures."""
    if seed >= 3:
        monkeypatch.setattr(_charts, "patient_svg", undrawn)
    chance = random.Random(seed)
    visits = [(day, score(drawn_at_random(id, chance))) for day in DAYS for id in INSTRUMENTS]
    text = made(tmp_path, visits)
    for id in INSTRUMENTS:
        forms = [one for _, one in visits if one.provenance.instrument == id]
        for name, _ in forms[0].scales():
            there = [form for form in forms if form.scale(name).value is not None]
            if len(there) < 2 or isinstance(there[0].scale(name).value, str):
                continue
            # The flags of the last form are told of, whether or not it has a score.
            change = between(there[0], there[-1]).scale(name)
            if there[-1] is forms[-1] and forms[0] is there[0]:
                assert change.sentence in text
                assert (
                    change.sentence.split("Verdict: ")[1]
                    .split(" (")[0]
                    .rstrip(".")
                    .startswith(change.verdict)
                )


def test_many_visits_and_missing_scores_are_counted(tmp_path: Path) -> None:
    days = [date(2026, month, 1) for month in range(1, 13)]
    open_form = phq9(1, None, 1, 1, 1, 1, 1, 1, 1)
    text = made(tmp_path, [*((day, open_form) for day in days[:-1]), (days[-1], LOW)])
    assert "12 visits, Jan 1, 2026 to Dec 1, 2026" in text
    printed, folded = text.split("Every scale in full")
    assert "PHQ-9: 11 of 11 earlier forms have not all scores." in printed
    assert "And 8 times earlier." in printed
    assert folded.count("no PHQ-9 total and PHQ-9 depressive syndrome") == 11


def test_definitions_are_named_with_edition_and_digest(tmp_path: Path) -> None:
    gad7 = score(GAD7.model_validate({f"q{n}": 1 for n in range(1, 8)}))
    text = made(tmp_path, [(DAYS[0], LOW), (DAYS[0], gad7)], made_by="Dr. A")
    for one in (LOW, gad7):
        assert f"edition {one.provenance.edition} ({one.provenance.digest[:8]})" in text
    assert "copyright Pfizer" in text
    assert "by Dr. A." in text


@pytest.mark.usefixtures("drawn")
def test_the_picture_holds_the_scores_and_is_described(tmp_path: Path) -> None:
    page = report.patient([(DAYS[0], HIGH), (DAYS[2], LOW)], tmp_path / "page.html").read_text(
        encoding="utf-8"
    )
    (drawing,) = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    texts = re.findall(r"<text[^>]*>([^<]*)", drawing)
    assert {"17", "6", "moderately severe", "Jan 8, 2026", "Jul 6, 2026"} <= set(texts)
    assert 'aria-label="PHQ-9 total 17 to 6' in drawing
    assert "Jan 8, 2026: 17; Jul 6, 2026: 6." in drawing
    assert "<script" not in page
    assert not re.search("https?:", page)

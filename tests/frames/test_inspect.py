"""What a table is told to hold before it is scored: every finding on every kind of frame, and what settles it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ipm_outcomes as ipm
from ipm_outcomes import frames
from ipm_outcomes.errors import FrameError, InvalidAnswersError, ParameterError, UnknownNameError
from ipm_outcomes.frames._findings import FINDINGS, Finding
from ipm_outcomes.frames._missing import MISSING_WORDS

PCS = [f"pcs_q{n}" for n in range(1, 14)]
PHQ9 = [f"phq9_q{n}" for n in range(1, 10)]
GAD7 = [f"gad7_q{n}" for n in range(1, 8)]
PEG = ["peg_pain", "peg_enjoyment", "peg_activity"]
FROM_ONE = {name: [1, 2, 3, 4, 5] for name in PCS}
SECRET = "Jane Q. Patient"


def told(backend: Any, data: dict[str, list[Any]], *args: Any, **more: Any) -> dict[str, dict[str, Any]]:
    """Findings by code; where there are several of a code, the last one."""
    rows = backend.rows(frames.inspect(backend.make(data), *args, **more))
    assert list(rows) == ["finding", "where", "instrument", "rows", "of", "settle"]
    assert set(rows["finding"]) <= set(FINDINGS)
    return {code: {name: rows[name][n] for name in rows} for n, code in enumerate(rows["finding"])}


def arguments(settle: str) -> dict[str, Any]:
    """The argument as a caller writes it."""
    return dict(eval(f"dict({settle})", {}))


def forms(names: list[str], *cells: Any) -> dict[str, list[Any]]:
    """One form for each cell given, with that cell in every item."""
    return {name: list(cells) for name in names}


def rotated(names: list[str], answers: list[int], rows: int) -> dict[str, list[Any]]:
    """Complete forms whose cells run through these answers."""
    return {name: [answers[(n + row) % len(answers)] for row in range(rows)] for n, name in enumerate(names)}


# -- what there is ---------------------------------------------------------------------------------


def test_a_clean_table_holds_its_instruments_and_nothing_else(backend: Any) -> None:
    found = told(backend, forms(PHQ9, 0, 1, 2) | forms(PEG, 0, 5, None))
    assert set(found) == {"instrument_found"}
    rows = backend.rows(frames.inspect(backend.make(forms(PHQ9, 0, 1, 2) | forms(PEG, 0, 5, None))))
    assert rows["instrument"] == ["peg", "phq9"]
    assert rows["rows"] == [2, 3]
    assert rows["of"] == [3, 3]
    assert rows["where"] == ["peg_pain, peg_enjoyment, peg_activity", "phq9_q1 to phq9_q9"]
    assert rows["settle"] == [None, None]


@pytest.mark.parametrize(
    ("columns", "instrument", "settle"),
    [
        ([f"PHQ9_{n}" for n in range(1, 10)], "phq9", 'columns="PHQ9_{n}"'),
        ([f"gad_7_{n}" for n in range(1, 8)], "gad7", 'columns="gad_7_{n}"'),
        ([f"GAD7.Q{n}" for n in range(1, 8)], "gad7", 'columns="GAD7.Q{n}"'),
        ([f"PCS-{n:02}" for n in range(1, 14)], "pcs", 'columns="PCS-{n:02}"'),
        (
            ["PEG_pain", "PEG_enjoyment", "peg.activity"],
            "peg",
            'columns={"pain": "PEG_pain", "enjoyment": "PEG_enjoyment", "activity": "peg.activity"}',
        ),
        (["PEG_pain", "PEG_enjoyment", "PEG_activity"], "peg", 'columns="PEG_{item}"'),
        (
            ["PEG_Pain", "PEG_Enjoyment", "PEG_Activity"],
            "peg",
            'columns={"pain": "PEG_Pain", "enjoyment": "PEG_Enjoyment", "activity": "PEG_Activity"}',
        ),
    ],
)
def test_columns_of_similar_names_are_proposed(columns: list[str], instrument: str, settle: str) -> None:
    frame = pd.DataFrame({name: [0, 1] for name in columns})
    found = frames.inspect(frame)
    assert found[["finding", "instrument", "settle"]].values.tolist() == [
        ["columns_missing", instrument, settle]
    ]
    assert frames.inspect(frame, **arguments(settle))["finding"].tolist() == ["instrument_found"]
    frames.score(frame, instrument, **arguments(settle))


@pytest.mark.parametrize(
    "columns",
    [
        [f"phq_{n}" for n in range(1, 10)],  # PHQ of which form?
        [f"phq9_{n}" for n in range(1, 12)],  # more items than the form has
        [f"phq9_{n}" for n in range(1, 9)],  # one is missing
        [f"visit1_phq9_{n}" for n in range(1, 10)],
    ],
)
def test_columns_that_could_be_another_form_are_not_proposed(columns: list[str]) -> None:
    found = frames.inspect(pd.DataFrame({name: [0, 1] for name in columns}), "phq9")
    assert found[["finding"]].values.tolist() == [["columns_missing"]]
    assert found["settle"].isna().all()


def test_missing_columns_are_told_beside_what_is_there(backend: Any) -> None:
    data = forms(PEG[:2], 1, 2) | forms(GAD7, 0, 1)
    found = told(backend, data)
    assert found["columns_missing"]["where"] == "peg_activity"
    assert found["columns_missing"]["instrument"] == "peg"
    assert found["instrument_found"]["instrument"] == "gad7"
    with pytest.raises(FrameError, match="peg_activity"):
        frames.score(backend.make(data), "peg")


def test_unknown_names_are_refused() -> None:
    frame = pd.DataFrame(forms(PEG, 1))
    with pytest.raises(UnknownNameError, match="phq10"):
        frames.inspect(frame, "phq10")
    for more in ({"id": "nobody"}, {"date": "never"}, {"by": ["nowhere"]}, {"site": "nowhere"}):
        with pytest.raises(FrameError, match="no column"):
            frames.inspect(frame, **more)  # type: ignore[arg-type]
    for wrong in (
        {"coding": {"pgc": "position"}},
        {"not_answered": {"pgc": [9]}},
        {"date_format": "%H:%M", "date": "peg_pain"},
    ):
        with pytest.raises(ParameterError):
            frames.inspect(frame, **wrong)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="at least one"):
        frames.inspect(frame, [])
    with pytest.raises(FrameError, match="no item columns"):
        frames.inspect(pd.DataFrame({"date": ["2026-01-05"]}))


# -- coding ----------------------------------------------------------------------------------------


def test_cells_counted_from_one(backend: Any) -> None:
    found = told(backend, FROM_ONE)["coding_from_one"]
    assert (found["where"], found["instrument"]) == ("pcs_q1 to pcs_q13", "pcs")
    assert (found["rows"], found["of"], found["settle"]) == (5, 5, 'coding="position"')
    frame = backend.make(FROM_ONE)
    with pytest.raises(InvalidAnswersError, match='coding="position" would read them') as caught:
        backend.rows(frames.score(frame, "pcs"))
    assert "invalid" not in str(caught.value)
    # No score from the rows that happen to fit; thirteen cells of each form could not be read.
    scored = backend.rows(frames.score(frame, "pcs", invalid="null"))
    assert scored["pcs_total"] == [None] * 5
    assert scored["pcs_invalid"] == [13] * 5
    long = backend.rows(frames.tidy(frame, "pcs", invalid="null"))
    assert set(long["value"]) == {None}
    # The sums of 13 items, once the coding is declared.
    assert backend.rows(frames.score(frame, "pcs", coding="position"))["pcs_total"] == [0, 13, 26, 39, 52]
    told_right = backend.rows(frames.score(frame, "pcs", coding="answer", invalid="null"))
    assert told_right["pcs_total"] == [13, 26, 39, 52, None]


@pytest.mark.parametrize(
    ("id", "options"), [("phq9", 4), ("gad7", 4), ("pcs", 5)], ids=lambda value: str(value)
)
@pytest.mark.parametrize("spelling", ["number", "text", "label before", "label after", "float"])
def test_every_instrument_and_spelling_counted_from_one(id: str, options: int, spelling: str) -> None:
    definition = ipm.instrument(id)
    items = [item.id for item in definition.items if not item.unscored]

    def cell(position: int, item: str) -> Any:
        label = definition.answers_of(item).options[position - 1].label
        spelled = {"label before": f"{label} ({position})", "label after": f"{position} - {label}"}
        return spelled.get(spelling) or {"text": str, "float": float}.get(spelling, int)(position)

    frame = pd.DataFrame({f"{id}_{i}": [cell(p, i) for p in range(1, options + 1)] for i in items})
    found = frames.inspect(frame)
    assert found["finding"].tolist()[:2] == ["instrument_found", "coding_from_one"]
    assert frames.inspect(frame, **arguments(found["settle"][1]))["finding"].tolist() == ["instrument_found"]
    scored = frames.score(frame, id, **arguments(found["settle"][1]))
    assert scored[f"{id}_total"].tolist() == [len(items) * n for n in range(options)]
    assert frames.score(frame, id, invalid="null")[f"{id}_total"].isna().all()
    # One lowest answer anywhere, and nothing is suspected.
    frame.loc[0, f"{id}_{items[-1]}"] = (
        cell(1, items[-1]).replace("1", "0") if isinstance(cell(1, items[-1]), str) else 0
    )
    assert "coding_from_one" not in frames.inspect(frame)["finding"].tolist()


@pytest.mark.parametrize(("forms_", "found"), [(19, False), (20, True)])
def test_without_the_lowest_answer_from_twenty_forms_on(backend: Any, forms_: int, found: bool) -> None:
    """Below 20 complete forms it can be chance (bridges: 10 forms up to 0.05 %, 5 forms up to 2.1 %)."""
    data = rotated(PHQ9, [1, 2, 3], forms_)
    for name in data:
        data[name].append(None)  # an incomplete form does not count
    data["phq9_q1"][-1] = 1
    findings = told(backend, data)
    assert ("coding_suspected" in findings) == found
    if found:
        assert findings["coding_suspected"]["settle"] == 'coding="position"'
        assert "coding_suspected" not in told(backend, data, coding="answer")
    frames.score(backend.make(data), "phq9")  # every cell is an answer: nothing is refused here


@given(data=st.data())
@settings(max_examples=60)
def test_coding_is_suspected_from_the_cells_alone(data: st.DataObject) -> None:
    """One above the highest seen and the lowest not: always told; the lowest seen: never told, at any place."""
    cells = data.draw(st.lists(st.lists(st.integers(1, 4), min_size=7, max_size=7), min_size=1, max_size=30))
    row = data.draw(st.integers(0, len(cells) - 1))
    item = data.draw(st.integers(0, 6))
    cells[row][item] = 4
    frame = pd.DataFrame(cells, columns=GAD7)
    assert "coding_from_one" in frames.inspect(frame)["finding"].tolist()
    other = (row + 1) % len(cells), (item + 1) % 7
    frame.iloc[other] = 0
    assert not {"coding_from_one", "coding_suspected"} & set(frames.inspect(frame)["finding"])


def test_ratings_and_options_that_begin_at_one_are_not_doubted() -> None:
    promis = {f"promis29_{item}": [1, 2, 3, 4, 5] * 5 for item in ipm.instrument("promis29").item_ids}
    assert frames.inspect(pd.DataFrame(promis))["finding"].tolist() == ["instrument_found"]
    peg = pd.DataFrame(rotated(PEG, [1, 5, 10, 11], 30))
    assert "coding_from_one" not in frames.inspect(peg)["finding"].tolist()


@pytest.mark.parametrize(("lowest", "known"), [(1, False), (0, True)])
def test_one_cell_above_the_highest_answer(lowest: int, known: bool) -> None:
    """Without any lowest answer no form can be read for sure; with one, the lone cell is wrong and no other."""
    data = rotated(PHQ9, [1, 2, 3], 5)
    data["phq9_q4"][2] = 4
    data["phq9_q4"][0] = lowest
    scored = frames.score(pd.DataFrame(data), "phq9", invalid="null")
    assert scored["phq9_total"].notna().tolist() == [known, known, False, known, known]
    assert scored["phq9_invalid"].tolist() == ([0, 0, 1, 0, 0] if known else [9] * 5)
    assert frames.inspect(pd.DataFrame(data))["finding"].tolist() == ["instrument_found"] + [
        "coding_from_one"
    ] * (not known)


def test_coding_by_instrument(backend: Any) -> None:
    data = FROM_ONE | rotated(PHQ9, [0, 1, 2, 3], 5)
    found = told(backend, data)["coding_from_one"]
    assert found["settle"] == 'coding={"pcs": "position"}'
    declared = arguments(found["settle"])
    assert "coding_from_one" not in told(backend, data, **declared)
    frame = backend.make(data)
    assert backend.rows(frames.score(frame, "pcs", **declared))["pcs_total"] == [0, 13, 26, 39, 52]
    long = backend.rows(frames.tidy(frame, ["pcs", "phq9"], **declared))
    totals = [
        v for v, s, i in zip(long["value"], long["scale"], long["instrument"], strict=True) if s == "total"
    ]
    # PHQ-9: item n of form r holds (n + r) modulo 4; nine consecutive residues add to 12 and the first once more.
    assert totals == [0, 12, 13, 13, 26, 14, 39, 15, 52, 12]


# -- codes and words for no answer -----------------------------------------------------------------


@pytest.mark.parametrize(
    "word", [*MISSING_WORDS, "na", " n/a ", "PREFER  not to answer", "Don\u2019t know", "Refused.", ".m"]
)
def test_words_for_no_answer(word: str) -> None:
    data = {name: ["1", word, "2", word] for name in PHQ9}
    data["phq9_q3"][3] = "0"
    frame = pd.DataFrame(data)
    found = frames.inspect(frame).set_index("finding")
    assert found.loc["missing_word", "rows"] == 2
    settle = arguments(found.loc["missing_word", "settle"])
    assert frames.inspect(frame, **settle)["finding"].tolist() == ["instrument_found", "blank_rows"]
    declared = frames.score(frame, "phq9", **settle)
    assert declared["phq9_total"].tolist()[::2] == [9, 18]
    assert declared["phq9_total_absent"].tolist()[1::2] == ["no_answers", "too_few_answers"]
    flags = declared["phq9_flag_self_harm"].astype(object).where(lambda cells: cells.notna(), None)
    assert flags.tolist() == ["raised", None, "raised", "not answered"]
    # Undeclared they are wrong cells, and a form of nothing else is a blank form all the same.
    with pytest.raises(InvalidAnswersError, match="not_answered="):
        frames.score(frame, "phq9")
    undeclared = frames.score(frame, "phq9", invalid="null")["phq9_flag_self_harm"].astype(object)
    assert undeclared.where(undeclared.notna(), None).tolist() == ["raised", None, "raised", "not answered"]


def test_words_and_numbers_on_every_kind_of_frame(backend: Any) -> None:
    """A form that is blank but for what means no answer is a blank form: no flag, no answer, no wrong cell."""
    data: dict[str, list[Any]] = {name: ["7", "Prefer not to answer", "NA", "1", None] for name in PHQ9}
    data["phq9_q9"][3] = "9"
    more = {"not_answered": (7, 9, "NA", "prefer NOT to  answer")}
    frame = backend.make(data)
    assert backend.rows(frames.check(frame, "phq9", **more))["row"] == []
    scored = backend.rows(frames.score(frame, "phq9", **more))
    assert scored["phq9_total_answered"] == [0, 0, 0, 8, 0]
    assert scored["phq9_flag_self_harm"] == [None, None, None, "not answered", None]
    assert scored["phq9_phq8"] == [None, None, None, 8, None]
    by_instrument = {"not_answered": {"phq9": [7, 9, "NA", "Prefer not to answer"], "peg": ["none"]}}
    assert backend.rows(frames.score(frame, "phq9", **by_instrument)) == scored
    with_peg = backend.make(data | forms(PEG, "1", "9", "7", "none", "0"))
    long = backend.rows(frames.tidy(with_peg, ["peg", "phq9"], **by_instrument))
    assert [v for v, i in zip(long["value"], long["instrument"], strict=True) if i == "peg"] == [
        1,
        9,
        7,
        None,
        0,
    ]
    with pytest.raises(ParameterError, match="7 is an answer of peg pain"):
        frames.score(with_peg, "peg", **more)


@given(data=st.data())
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_spelling_of_missing_moves_no_figure(backend: Any, data: st.DataObject) -> None:
    """Null, blank text, words and numbers that were declared: the same scores, flags and reasons."""
    rows = data.draw(st.integers(1, 4))
    plain = {
        name: data.draw(st.lists(st.sampled_from([0, 1, 2, 3, None]), min_size=rows, max_size=rows))
        for name in PHQ9
    }
    missing = st.sampled_from([None, "", "  ", "NA", "n/a", " Declined ", "9", "-99"])
    spelled = {
        name: [data.draw(missing) if cell is None else str(cell) for cell in cells]
        for name, cells in plain.items()
    }
    if any(all(cell is None for cell in cells) for cells in (*plain.values(), *spelled.values())):
        return  # a column of nulls has no type of its own in some kinds of frame
    wanted = backend.rows(frames.tidy(backend.make(plain), "phq9"))
    declared = {"not_answered": ["na", "N/A", "declined", 9, -99]}
    found = backend.rows(frames.tidy(backend.make(spelled), "phq9", **declared))
    assert found == wanted
    flags = backend.rows(frames.score(backend.make(plain), "phq9"))["phq9_flag_self_harm"]
    assert (
        backend.rows(frames.score(backend.make(spelled), "phq9", **declared))["phq9_flag_self_harm"] == flags
    )


def test_a_word_that_is_an_answer_cannot_mean_no_answer() -> None:
    frame = pd.DataFrame(forms(PHQ9, "Not at all"))
    with pytest.raises(ParameterError, match="a word that reads as 0 is an answer of phq9 q1"):
        frames.score(frame, "phq9", not_answered=["NOT at all"])


@pytest.mark.parametrize("code", [9, 7, 99, -9, -99, 999])
def test_codes_for_no_answer(backend: Any, code: int) -> None:
    data = rotated(PHQ9, [0, 1, 2, 3], 4)
    for name in PHQ9:
        data[name] += [code]
    data["phq9_q2"][0] = code
    found = told(backend, data)["missing_code"]
    assert (found["rows"], found["of"], found["settle"]) == (2, 5, f"not_answered=[{code}]")
    assert set(told(backend, data, **arguments(found["settle"]))) == {"instrument_found", "blank_rows"}
    # A form of such codes alone is a blank form, also before they are declared.
    scored = backend.rows(frames.score(backend.make(data), "phq9", invalid="null"))
    assert scored["phq9_flag_self_harm"][4] is None
    assert scored["phq9_invalid"] == [1, 0, 0, 0, 9]


def test_codes_and_words_are_settled_by_one_argument(backend: Any) -> None:
    data = forms(PHQ9, "0", "9", "NA", "1")
    found = told(backend, data)
    assert found["missing_code"]["settle"] == found["missing_word"]["settle"] == 'not_answered=[9, "NA"]'
    assert "missing_word" not in told(backend, data, **arguments(found["missing_code"]["settle"]))


def test_codes_and_words_that_exports_write() -> None:
    codes = [7, 8, 9, 66, 77, 88, 97, 98, 99, 666, 777, 888, 997, 998, 999, 7777, 8888, 9997, 9998, 9999]
    codes += [-1, -3, -6, *(-code for code in codes if code not in (666, 9997))]
    for code in codes:
        found = frames.inspect(pd.DataFrame({name: [0, 1, code] for name in PHQ9}))
        assert ("missing_code", f"not_answered=[{code}]") in found[["finding", "settle"]].itertuples(
            index=False, name=None
        )
    for code in (
        4,
        5,
        6,
        10,
        11,
        12,
        33,
        44,
        100,
        -2,
        -4,
        -5,
    ):  # slips of the pen, and answers of other forms
        found = frames.inspect(pd.DataFrame({name: [0, 1, code] for name in PHQ9}))
        assert found["finding"].tolist() == ["instrument_found"]
    words = ["NA", "N/A", ".", "-", "--", "NaN", "null", "Missing", "Refused", "Declined", "Unknown"]
    words += ["Prefer not to answer", "Don't know", "Not applicable", "No answer", "Not answered"]
    for word in words:
        assert (
            frames.inspect(pd.DataFrame({name: ["0", word] for name in PHQ9}))["finding"][1] == "missing_word"
        )
    for word in ("None", "No", "skipped", "x", "Often"):  # an answer of some form, or text of somebody's own
        assert (
            "missing_word"
            not in frames.inspect(pd.DataFrame({name: ["0", word] for name in PHQ9}))["finding"].tolist()
        )


@pytest.mark.parametrize(("code", "suspected"), [(8, False), (9, True)])
def test_one_above_the_highest_answer_is_no_code_for_no_answer(code: int, suspected: bool) -> None:
    """Answers run from 1 to 7 here; 8 is what a coding from one too many would hold."""
    frame = pd.DataFrame({"pgic_change": [1, 2, 3, 4, 5, 6, 7, code] * 4})
    assert ("missing_code" in frames.inspect(frame, "pgic")["finding"].tolist()) is suspected


@pytest.mark.parametrize("code", [7, 9, 77, 88, 99])
def test_on_ratings_from_0_to_10_no_such_code_is_suspected(code: int) -> None:
    frame = pd.DataFrame(rotated(PEG, [0, 5, 10, code], 6))
    assert "missing_code" not in frames.inspect(frame)["finding"].tolist()
    assert len(frames.check(frame, "peg")) == (0 if code <= 10 else int((frame == code).sum().sum()))


def test_a_number_one_above_the_highest_answer_is_no_code() -> None:
    frame = pd.DataFrame(rotated(PCS, [0, 1, 2, 3, 4, 5], 6))
    assert frames.inspect(frame)["finding"].tolist() == ["instrument_found"]


# -- labels ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern",
    [
        "{n} - {label}",
        "{n}: {label}",
        "{n} {label}",
        "({n}) {label}",
        "{n}={label}",
        "{label} ({n})",
        "{label} [{n}]",
    ],
)
@pytest.mark.parametrize("id", ipm.instruments())
def test_labels_that_carry_their_number(id: str, pattern: str) -> None:
    definition = ipm.instrument(id)
    columns: dict[str, list[str]] = {}
    wrong: dict[str, list[str]] = {}
    wanted: dict[str, list[int]] = {}
    for item in definition.item_ids:
        answers = definition.answers_of(item)
        labels = [(o.code, o.label) for o in answers.options]
        if answers.range:
            ends = zip(answers.range, (answers.low, answers.high), strict=True)
            labels = [(code, label) for code, label in ends if label]
        pairs = (
            [labels[n % len(labels)] for n in range(5)]
            if labels
            else [(answers.answer(answers.highest), "")] * 5
        )
        columns[f"{id}_{item}"] = [pattern.format(n=n, label=text) if text else str(n) for n, text in pairs]
        wrong[f"{id}_{item}"] = [pattern.format(n=n + 1, label=text) if text else "x" for n, text in pairs]
        wanted[f"{id}_{item}"] = [n for n, _ in pairs]
    assert len(frames.check(pd.DataFrame(columns), id)) == 0
    spelled, plain = (frames.score(pd.DataFrame(given), id) for given in (columns, wanted))
    added = [name for name in plain if name not in wanted]
    assert spelled[added].equals(plain[added])
    # Number and label of two answers are no answer.
    assert len(frames.check(pd.DataFrame(wrong), id)) == 5 * len(wrong)


@pytest.mark.parametrize(
    "cell",
    [
        "-2 - More than half the days",
        "2.5 More than half the days",
        "2 - Several days",
        "2 2 More than half the days",
    ],
)
def test_what_only_resembles_a_label_with_its_number(cell: str) -> None:
    frame = pd.DataFrame({name: ["0", cell] for name in PHQ9})
    assert frames.check(frame, "phq9")["rule"].tolist() == ["answer_is_text"] * 9


def test_only_labels_with_a_source_are_known() -> None:
    def wrong(label: str) -> int:
        return len(frames.check(pd.DataFrame({name: ["0", label] for name in PHQ9}), "phq9"))

    assert wrong("Over half the days") == 0
    for label in ("Nearly everyday", "More than half", "Nearly all days", "Not at all sure"):
        assert wrong(label) == 9
    for item in ipm.instrument("phq9").items:
        for also in item.also:
            assert also.source


# -- text, headers, blank rows, duplicates, groups, dates ------------------------------------------


def test_one_bad_word_withholds_one_form(backend: Any) -> None:
    """A reader makes text of a whole column; the numbers in it are numbers all the same."""
    data: dict[str, list[Any]] = rotated(PCS, [0, 1, 2, 3, 4], 50)
    data["pcs_q6"] = [str(cell) for cell in data["pcs_q6"]]
    data["pcs_q6"][7] = "skipped"
    frame = backend.make(data)
    problems = backend.rows(frames.check(frame, "pcs"))
    assert (problems["row"], problems["column"]) == ([7], ["pcs_q6"])
    long = backend.rows(frames.tidy(frame, "pcs", invalid="null", scales={"pcs": ["total"]}))
    assert [row for row, value in enumerate(long["value"]) if value is None] == [7]
    found = told(backend, data)["text_in_numbers"]
    assert (found["where"], found["rows"], found["settle"]) == ("pcs_q6", 1, 'invalid="null"')


def test_text_among_numbers_is_told() -> None:
    data: dict[str, list[Any]] = rotated(PEG, [0, 5, 10], 4)
    data["peg_pain"][1] = "5"
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in data.items()})
    assert frames.check(frame, "peg")["row"].tolist() == [1]
    assert frames.inspect(frame)["finding"].tolist() == ["instrument_found", "text_in_numbers"]
    assert frames.inspect(frame, text_numbers=True)["finding"].tolist() == ["instrument_found"]


def test_header_rows(backend: Any) -> None:
    rows = [[f"Question {n}?" for n in range(9)], [f'{{"ImportId":"QID{n}"}}' for n in range(9)]]
    rows += [["0"] * 9, ["Several days"] * 9]
    data = {name: [row[n] for row in rows] for n, name in enumerate(PHQ9)}
    # Both rows begin alike, and are no two forms of one patient.
    data |= {"patient_id": ["Id", "Id", "a", "b"], "date": ["Date", "Date", "2026-01-05", "2026-01-05"]}
    found = told(backend, data)
    # The two rows are told once, and are not counted among dates that cannot be read or other text.
    assert set(found) == {"instrument_found", "header_rows"}
    assert (found["header_rows"]["rows"], found["header_rows"]["settle"]) == (2, "data[2:]")
    assert found["instrument_found"]["rows"] == 2


def test_a_first_form_of_labels_is_no_header() -> None:
    for first in (["Nearly everyday"] * 9, ["NA"] * 9, [None] * 9, ["0", *["skipped"] * 8]):
        data = {name: [first[n], "1", "0"] for n, name in enumerate(PHQ9)}
        assert "header_rows" not in frames.inspect(pd.DataFrame(data))["finding"].tolist()


def test_blank_rows(backend: Any) -> None:
    data: dict[str, list[Any]] = forms(PHQ9, 0, None, 1, None) | forms(PEG, None, None, 1, 2)
    found = told(backend, data)["blank_rows"]
    assert (found["rows"], found["of"], found["settle"], found["instrument"]) == (1, 4, None, None)
    text = forms(PEG, "1", " ", "", "2")
    assert told(backend, text)["blank_rows"]["rows"] == 2


def test_duplicate_forms(backend: Any) -> None:
    days = [date(2026, 1, 5), date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 5), None, None]
    data = forms(PEG, 1, 1, 2, None, 3, 3) | {"patient_id": ["a", "a", "a", "a", "b", "b"], "date": days}
    found = told(backend, data)["duplicate_forms"]
    # The second form of a on the 5th; the blank row of that day and forms without a date repeat nothing.
    assert (found["rows"], found["of"], found["where"]) == (1, 3, "patient_id, date")


def test_forms_of_one_day_with_times_are_no_duplicates(backend: Any) -> None:
    moments = ["2026-01-05T18:00:00", "2026-01-05T08:00:00", "2026-07-06T10:00:00"]
    data = forms(PEG, 5, 8, 4) | {"patient_id": ["a", "a", "a"], "date": moments}
    assert "duplicate_forms" not in told(backend, data)


def test_group_spellings(backend: Any) -> None:
    names = ["Hilltop", "hilltop", "Hilltop ", "HILL TOP", "Hilltop", "Lakeside", None, ""]
    data = forms(PEG, *range(8)) | {"site": names, "team": ["a", "A", "a", "b", "b", "b", "b", "b"]}
    found = told(backend, data)["group_spelling"]
    assert (found["where"], found["rows"], found["of"]) == ("site", 3, 6)
    assert found["settle"] == 'group_names={"site": "merge"}'
    assert told(backend, data, by="team")["group_spelling"]["where"] == "team"
    merged = arguments(found["settle"])
    assert "group_spelling" not in told(backend, data, **merged)
    ids = ["007", "7", "7 ", "b1", "B1", "70", "0", "00"]
    found = told(backend, data | {"patient_id": ids}, **merged)["group_spelling"]
    assert (found["where"], found["rows"], found["of"]) == ("patient_id", 4, 8)
    assert found["settle"] == 'group_names={"patient_id": "merge"}'
    long = backend.rows(frames.tidy(backend.make(data), "peg", by=["site"], **merged))
    assert long["site"] == [*["Hilltop"] * 5, "Lakeside", None, ""]
    named = {"group_names": {"site": {"hilltop": "North", "Lakeside": "South"}}}
    long = backend.rows(frames.tidy(backend.make(data), "peg", by=["site"], **named))
    assert long["site"] == ["Hilltop", "North", "Hilltop ", "HILL TOP", "Hilltop", "South", None, ""]


def test_names_that_an_enumeration_of_the_database_does_not_know() -> None:
    duckdb = pytest.importorskip("duckdb")
    con = duckdb.connect()
    first, second = (
        f"select '{name}'::enum('north', 'NORTH') site, {n} nps_recommend"
        for name, n in (("north", 5), ("NORTH", 6))
    )
    table = con.sql(f"{first} union all {second}")
    for names, wanted in (({"north": "Hill"}, {"Hill", "NORTH"}), ("merge", {"NORTH"})):
        long = frames.tidy(table, "nps", by=["site"], group_names={"site": names})
        assert {row[0] for row in long.fetchall()} == wanted


def test_group_names_of_a_column_that_is_named_by_a_number() -> None:
    frame = pd.DataFrame({0: ["N", "n", "N"], "nps_recommend": [1, 2, 3]})
    long = frames.tidy(frame, "nps", by=["0"], group_names={"0": "merge"})
    assert long["0"].tolist() == ["N", "N", "N"]
    assert frame[0].tolist() == ["N", "n", "N"]


def test_group_names_of_a_column_without_text() -> None:
    frame = pd.DataFrame({"site": [1, 2], "nps_recommend": [5, 6]})
    with pytest.raises(ParameterError, match="does not hold text"):
        frames.tidy(frame, "nps", by=["site"], group_names={"site": {"1": "North"}})
    assert frames.tidy(frame, "nps", by=["site"], group_names={"site": "merge"})["site"].tolist() == [1, 2]


@given(
    names=st.lists(st.sampled_from(["North", "north", " North", "NORTH", "South"]), min_size=1, max_size=12)
)
@settings(max_examples=40)
def test_merged_names_do_not_depend_on_the_order_of_rows(names: list[str]) -> None:
    def merged(order: list[str]) -> list[str]:
        frame = pl.DataFrame({"site": order, "nps_recommend": [1] * len(order)})
        long = frames.tidy(frame, "nps", by=["site"], group_names={"site": "merge"})
        return sorted(long["site"].to_list())

    assert merged(names) == merged(names[::-1])
    assert len({name.strip().casefold() for name in names}) == len(set(merged(names)))


def test_dates_that_cannot_be_read(backend: Any) -> None:
    written = ["01/05/2026", "07/16/2026", None, "2026-01-05"]
    data = forms(PEG, 1, 2, 3, 4) | {"date": written}
    found = told(backend, data)["dates_unreadable"]
    assert (found["where"], found["rows"], found["of"]) == ("date", 2, 3)
    assert found["settle"] == 'date_format="%m/%d/%Y"'
    assert set(told(backend, data, **arguments(found["settle"]))) == {"instrument_found"}
    data["date"] = ["01/05/2026", "07/06/2026", None, None]
    found = told(backend, data)["dates_ambiguous"]
    assert found["rows"] == 2
    assert 'date_format="%m/%d/%Y" or date_format="%d/%m/%Y"' in found["settle"]


# -- scores that are there already ---------------------------------------------------------------


def test_recorded_scores_are_compared(backend: Any) -> None:
    data: dict[str, list[Any]] = forms(PHQ9, 0, 1, 2, 3) | {"phq9_total": [0, 9, 17, None]}
    found = told(backend, data)["recorded_scores"]
    assert (found["where"], found["rows"], found["of"], found["settle"]) == (
        "phq9_total",
        1,
        3,
        "replace=True",
    )
    with pytest.raises(FrameError, match="replace=True"):
        frames.score(backend.make(data), "phq9")
    again = backend.rows(frames.score(backend.make(data), "phq9", replace=True))
    assert again["phq9_total"] == [0, 9, 18, 27]
    assert list(again).count("phq9_total") == 1
    assert "recorded_scores" not in told(backend, data, replace=True)


def test_what_was_scored_here_agrees_and_can_be_scored_again(backend: Any) -> None:
    data: dict[str, list[Any]] = forms(PEG, 1, None, 3) | {"peg_pain": [2, 5, 10]} | forms(PHQ9, 0, 3, None)
    for id in ("peg", "phq9"):
        scored = frames.score(backend.make(data), id)
        found = backend.rows(frames.inspect(scored, id))
        at = found["finding"].index("recorded_scores")
        assert found["rows"][at] == 0
        assert backend.rows(frames.score(scored, id, replace=True)) == backend.rows(scored)


@pytest.mark.parametrize(
    ("recorded", "disagree"),
    [
        (["6.67", "3"], 0),  # 20/3 to two decimals
        (["6.66", "3"], 1),  # cut off, not rounded
        (["6.7", "3.0"], 0),
        (["7", "3"], 0),  # a column of whole numbers
        (["7", "3.0"], 0),
        (["6", "3"], 1),
        ([6.666666666666667, 3.0], 0),
        (["many", "3"], 1),
        ([None, 4], 1),
    ],
)
def test_recorded_numbers_agree_to_the_decimals_they_have(recorded: list[Any], disagree: int) -> None:
    frame = pd.DataFrame({"peg_pain": [7, 3], "peg_enjoyment": [6, 3], "peg_activity": [7, 3]})
    frame["peg_mean"] = pd.Series(recorded, dtype=object)
    found = frames.inspect(frame).set_index("finding").loc["recorded_scores"]
    assert found["rows"] == disagree


@pytest.mark.parametrize("kind", ["string", "str", "Int64", "Float64", "object", "category"])
def test_an_empty_recorded_score_is_not_compared(kind: str) -> None:
    if kind == "str" and pd.__version__ < "3":
        pytest.skip("the kind str of pandas 2 makes a word of None")
    frame = pd.DataFrame(forms(PHQ9, 0, 1))
    cells = ["0", None] if kind in ("string", "str", "category") else [0, None]
    frame["phq9_total"] = (
        pd.array(cells, dtype=kind) if kind != "object" else pd.Series([0, pd.NA], dtype=object)
    )
    found = frames.inspect(frame).set_index("finding").loc["recorded_scores"]
    assert (found["rows"], found["of"]) == (0, 1)


@pytest.mark.parametrize(
    ("cells", "rows", "of"),
    [(["9", "NA"], 0, 1), (["9", "#N/A"], 0, 1), (["9,0", "9"], 0, 2), (["9,5", "."], 1, 1)],
)
def test_words_for_no_score_and_decimal_commas_in_recorded_scores(
    cells: list[str], rows: int, of: int
) -> None:
    frame = pd.DataFrame(forms(PHQ9, 1, 1) | {"phq9_total": cells})
    found = frames.inspect(frame).set_index("finding").loc["recorded_scores"]
    assert (found["rows"], found["of"]) == (rows, of)


def test_recorded_scores_are_not_compared_while_the_coding_is_open() -> None:
    found = frames.inspect(pd.DataFrame(FROM_ONE | {"pcs_total": [0, 13, 26, 39, 52]})).set_index("finding")
    assert (found.loc["recorded_scores", "rows"], found.loc["recorded_scores", "of"]) == (0, 0)
    declared = frames.inspect(
        pd.DataFrame(FROM_ONE | {"pcs_total": [0, 13, 26, 39, 51]}), coding="position"
    ).set_index("finding")
    assert (declared.loc["recorded_scores", "rows"], declared.loc["recorded_scores", "of"]) == (1, 5)


def test_a_recorded_score_of_an_incomplete_form_differs() -> None:
    """A sum that took blanks for 0 is no score of the form."""
    data: dict[str, list[Any]] = forms(PHQ9, 1.0, 1.0) | {"phq9_q3": [None, 1.0], "phq9_total": [8, 9]}
    found = frames.inspect(pd.DataFrame(data)).set_index("finding").loc["recorded_scores"]
    assert (found["rows"], found["of"]) == (1, 2)


# -- nothing of the data is shown ------------------------------------------------------------------


def test_no_text_of_the_data_is_shown(backend: Any) -> None:
    data: dict[str, list[Any]] = {name: ["0", "1", "2", SECRET, "NA", "4"] for name in PHQ9}
    data |= {
        "patient_id": [SECRET] * 6,
        "date": [f"{SECRET} 01/05/2026"] * 6,
        "site": [SECRET, SECRET.lower(), SECRET, SECRET, SECRET, SECRET],
        "phq9_total": [SECRET] * 6,
    }
    found = backend.rows(frames.inspect(backend.make(data)))
    assert {"group_spelling", "dates_unreadable", "text_in_numbers", "recorded_scores"} <= set(
        found["finding"]
    )
    assert "jane" not in repr(found).lower()
    with pytest.raises(InvalidAnswersError) as caught:
        backend.rows(frames.score(backend.make(data), "phq9", replace=True))
    assert "jane" not in str(caught.value).lower()


@pytest.mark.parametrize(
    "cell",
    [Decimal("sNaN"), float("inf"), Decimal("1e500"), 10**400, [1], b"x", pd.NaT, True, object()],
    ids=lambda cell: type(cell).__name__,
)
def test_cells_of_any_kind_anywhere(cell: Any) -> None:
    """No cell makes looking at a table fail, whatever column it stands in."""
    for column in ("phq9_q1", "patient_id", "date", "site", "phq9_total"):
        data: dict[str, list[Any]] = forms(PHQ9, 0, 1) | {
            "patient_id": ["a", "b"],
            "date": ["2026-01-05"] * 2,
        }
        data |= {"site": ["N", "S"], "phq9_total": [0, 9], column: [cell, None]}
        frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in data.items()})
        assert frames.inspect(frame)["finding"].tolist()[0] == "instrument_found"


def test_words_that_were_declared_are_not_shown() -> None:
    frame = pd.DataFrame(forms(PHQ9, "0", SECRET, "NA"))
    found = frames.inspect(frame, not_answered=[SECRET])
    assert found["settle"].tolist()[1] == 'not_answered=["NA", "…"]'


def test_every_finding_is_on_the_page() -> None:
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs" / "frames.md").read_text(encoding="utf-8")
    assert all(f"| `{code}` |" in page for code in FINDINGS)


def test_the_kind_of_frame_comes_back_for_a_table_without_rows(backend: Any) -> None:
    data = forms(PEG, 1)
    empty = backend.make(data)
    empty = (
        empty.limit(0)
        if backend.name == "duckdb"
        else empty.head(0)
        if "polars" in backend.name
        else empty[:0]
    )
    found = backend.rows(frames.inspect(empty))
    assert (found["finding"], found["rows"], found["of"]) == (
        ["instrument_found", "blank_rows"],
        [0, 0],
        [0, 0],
    )
    assert np.asarray(found["rows"]).dtype.kind == "i"


def test_a_finding_in_one_line() -> None:
    about = Finding("missing_code", "phq9_q1", "phq9", 3, 10)
    assert about.sentence.startswith("missing_code: phq9, phq9_q1: ")
    assert "(3 of 10 rows)" in about.sentence
    whole = Finding("blank_rows", "all columns", None, 2, 10)
    assert whole.sentence.startswith("blank_rows: all columns: ")


def test_a_program_in_which_all_are_employed_is_not_doubted(backend: Any) -> None:
    """Everyone may well answer yes; a 2 among them is one above the highest answer."""
    names = ["employed", "hours_missed", "hours_worked", "productivity", "activity"]
    data = {f"wpai_gh_{name}": [1 if name == "employed" else 5] * 30 for name in names}
    assert not {"coding_from_one", "coding_suspected"} & set(told(backend, data, instruments="wpai_gh"))
    data["wpai_gh_employed"][7] = 2
    assert "coding_from_one" in told(backend, data, instruments="wpai_gh")


def test_codes_for_no_answer_are_suspected_beside_positions_too(backend: Any) -> None:
    data = rotated(PHQ9, [1, 2, 3, 4], 8)
    data["phq9_q3"][2] = data["phq9_q4"][5] = 9
    found = told(backend, data, coding="position")["missing_code"]
    assert (found["rows"], found["settle"]) == (2, "not_answered=[9]")

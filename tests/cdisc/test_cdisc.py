"""SDTM QS and ADQS: by hand, and there and back."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import Backend
from ipm_outcomes import cdisc, change, frames
from ipm_outcomes.errors import FrameError, InputError, ParameterError, UnknownNameError

pl = pytest.importorskip("polars")

ITEMS = [f"gad7_q{n}" for n in range(1, 8)]
FORMS: dict[str, list[Any]] = {
    "patient_id": ["S-02", "S-01", "S-02"],
    "date": ["2026-01-05", "2026-01-06", "2026-07-06"],
    "visit": ["Screening", "Screening", "Month 6"],
    "number": [1, 1, 4],
    **{item: [1, 3, 0] for item in ITEMS},
}
PEG_CODES = {
    "instrument": ["peg"] * 4,
    "part": ["pain", "enjoyment", "activity", "mean"],
    "QSTESTCD": ["PEG0101", "PEG0102", "PEG0103", "PEG0104"],
    "QSTEST": ["Pain", "Enjoyment", "Activity", "Mean"],
    "QSCAT": ["PEG"] * 4,
}


def test_one_row_a_question_by_its_code() -> None:
    data = pl.DataFrame(FORMS).with_columns(gad7_q3=pl.Series([None, 3, 0]))
    table = cdisc.qs(data, "gad7", study="IPM-1", visit="visit", visit_number="number")
    assert len(table) == 21
    first = table.row(0, named=True)
    assert first == {
        "STUDYID": "IPM-1",
        "DOMAIN": "QS",
        "USUBJID": "S-02",
        "QSSEQ": 1,
        "QSTESTCD": "GAD0201",
        "QSTEST": "Nervousness",
        "QSCAT": "GAD-7 V2",
        "QSORRES": "Several days",
        "QSSTRESC": "1",
        "QSSTRESN": 1.0,
        "QSSTAT": None,
        "QSDTC": "2026-01-05",
        "VISIT": "Screening",
        "VISITNUM": 1.0,
    }
    not_done = table.row(2, named=True)
    assert (not_done["QSTESTCD"], not_done["QSSTAT"], not_done["QSSTRESN"]) == ("GAD0203", "NOT DONE", None)
    # The second form of a subject goes on counting.
    assert table.filter(pl.col("USUBJID") == "S-02")["QSSEQ"].to_list() == list(range(1, 15))
    assert table["QSTEST"].str.len_chars().max() <= 40
    assert "GAD0208" not in table["QSTESTCD"]


def test_a_form_without_answers_is_no_row() -> None:
    data = pl.DataFrame({name: cells[:1] for name, cells in FORMS.items()}).with_columns(
        **{item: pl.lit(None, pl.Int64) for item in ITEMS}
    )
    assert len(cdisc.qs(data, "gad7", study="IPM-1")) == 0


def test_the_total_of_a_known_form_is_no_item() -> None:
    # The public example of admiral: totals 15, 14, 13 and 7 are recorded as GAD0208.
    table = pl.DataFrame(
        {
            "USUBJID": ["A"] * 8,
            "QSTESTCD": [f"GAD020{n}" for n in range(1, 9)],
            "QSSTRESN": [2.0, 2, 3, 2, 2, 2, 2, 15],
            "QSDTC": ["2026-01-05"] * 8,
        }
    )
    found = cdisc.read_qs(table, backend="polars")
    assert found.data.row(0) == ("A", "2026-01-05", None, 2, 2, 3, 2, 2, 2, 2, None)
    assert found.recorded.row(0)[:3] == (0, "gad7_total", 15.0)
    scores = frames.tidy(found.data, ["gad7"], by=["patient_id", "date"])
    assert scores.filter(scale="total")["value"].to_list() == [15.0]


def test_every_kind_of_frame(backend: Backend) -> None:
    table = cdisc.qs(backend.make(FORMS), ["gad7"], study="IPM-1", visit="visit", visit_number="number")
    shown = backend.rows(table)
    assert shown["QSSTRESN"] == [1.0] * 7 + [3.0] * 7 + [0.0] * 7
    back = cdisc.read_qs(table).data
    for item in ITEMS:
        assert back[item] == FORMS[item]
    assert back["visit"] == FORMS["visit"]


@given(st.lists(st.tuples(*[st.none() | st.integers(0, 10)] * 3), min_size=1, max_size=6))
@settings(max_examples=40)
def test_there_and_back(rows: list[tuple[int | None, ...]]) -> None:
    names = ["peg_pain", "peg_enjoyment", "peg_activity"]
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    data = {"patient_id": [f"S-{n}" for n in range(len(rows))], "date": ["2026-01-05"] * len(rows), **columns}
    frame = pl.DataFrame(data, schema_overrides=dict.fromkeys(names, pl.Int64))
    codes = pl.DataFrame(PEG_CODES)
    back = cdisc.read_qs(cdisc.qs(frame, "peg", study="X", codes=codes), codes=codes, backend="polars")
    there = [row for row in rows if any(cell is not None for cell in row)]
    assert (back.data.select(names).rows() if there else []) == there


def test_labels_are_read_where_there_is_no_number_and_must_fit_it() -> None:
    def read(**columns: list[Any]) -> Any:
        table = pl.DataFrame({"USUBJID": ["A"], "QSTESTCD": ["GAD0201"]} | columns)
        return cdisc.read_qs(table)

    assert read(QSORRES=["MORE THAN HALF THE DAYS"]).data["gad7_q1"] == [2]
    assert read(QSORRES=["Seldom"], QSSTRESN=[1.0]).data["gad7_q1"] == [1]
    with pytest.raises(InputError) as caught:
        read(QSORRES=["Several days"], QSSTRESN=[2.0])
    assert caught.value.code == "display_contradicts"
    assert read(QSORRES=["2"]).data["gad7_q1"] == [2]
    for contradiction in ({"QSORRES": ["3"]}, {"QSSTAT": ["NOT DONE"]}):
        with pytest.raises(InputError) as caught:
            read(QSSTRESN=[1.0], **contradiction)
        assert caught.value.code == "display_contradicts"
    assert read(QSORRES=["Seldom"]).left_out["reason"] == ["no_value"]


def test_visits_by_number_are_kept_apart() -> None:
    table = pl.DataFrame(
        {"USUBJID": ["A"] * 2, "QSTESTCD": ["GAD0201"] * 2, "QSSTRESN": [1.0, 2.0], "VISITNUM": [1, 2]}
    )
    found = cdisc.read_qs(table).data
    assert (found["visit"], found["gad7_q1"]) == (["1", "2"], [1, 2])


def test_what_is_not_read_is_counted() -> None:
    table = pl.DataFrame(
        {
            "USUBJID": ["A"] * 3,
            "QSTESTCD": ["GAD0201", "ADL0101", "GAD0202"],
            "QSSTRESN": [1.0, 2.0, None],
            "QSSTAT": [None, None, "NOT DONE"],
        }
    )
    found = cdisc.read_qs(table).inferences
    assert dict(zip(found["finding"], found["rows"], strict=True)) == {"other_code": 1, "not_done": 1}


def test_wrong_calls_say_what_is_wrong() -> None:
    data = pl.DataFrame(FORMS)
    codes = pl.DataFrame(PEG_CODES)
    table = pl.DataFrame({"USUBJID": ["A"], "QSTESTCD": ["PEG0101"], "QSSTRESN": [1.0]})
    for told, kind, call in (
        ("codes of peg are not known", ParameterError, lambda: cdisc.qs(data, "peg", study="X")),
        ("at least one", ParameterError, lambda: cdisc.qs(data, [], study="X")),
        ("no column 'who'", FrameError, lambda: cdisc.qs(data, "gad7", study="X", subject="who")),
        ("are no answers", FrameError, lambda: cdisc.qs(data.with_columns(gad7_q1=9), "gad7", study="X")),
        ("no column 'USUBJID'", FrameError, lambda: cdisc.read_qs(data)),
        (
            "neither QSSTRESN nor",
            FrameError,
            lambda: cdisc.read_qs(pl.DataFrame({"USUBJID": [], "QSTESTCD": []})),
        ),
        (
            "capital letters",
            ParameterError,
            lambda: cdisc.read_qs(table, codes=codes.with_columns(QSTESTCD=pl.lit("peg"))),
        ),
        (
            "appears twice",
            ParameterError,
            lambda: cdisc.read_qs(table, codes=codes.with_columns(QSTESTCD=pl.lit("P"))),
        ),
        (
            "neither an item",
            ParameterError,
            lambda: cdisc.read_qs(table, codes=codes.with_columns(part=pl.lit("x"))),
        ),
        (
            "40 letters",
            ParameterError,
            lambda: cdisc.read_qs(table, codes=codes.with_columns(QSTEST=pl.lit("x" * 41))),
        ),
        ("no column 'QSCAT'", FrameError, lambda: cdisc.read_qs(table, codes=codes.drop("QSCAT"))),
    ):
        with pytest.raises(kind, match=told):
            call()
    twice = pl.DataFrame({"USUBJID": ["A"] * 2, "QSTESTCD": ["GAD0201"] * 2, "QSSTRESN": [1.0, 1.0]})
    with pytest.raises(InputError, match=r"row 1 \(counted from 0\)"):
        cdisc.read_qs(twice)


# ---- ADQS -----------------------------------------------------------------------------------------


def pairs() -> tuple[Any, Any]:
    data = pl.DataFrame(
        {
            "patient_id": ["S-01", "S-01", "S-01", "S-02"],
            "date": [date(2026, 1, 5), date(2026, 4, 6), date(2026, 7, 6), date(2026, 1, 7)],
            "peg_pain": [8, 6, 5, 9],
            "peg_enjoyment": [7, None, 4, 9],
            "peg_activity": [9, 6, 3, 9],
            "promis29_painin9": [3, 3, 2, 3],
            "promis29_painin22": [3, 3, 2, 3],
            "promis29_painin31": [3, 3, 2, 3],
            "promis29_painin34": [3, 3, 2, 3],
        },
        schema_overrides={"peg_enjoyment": pl.Int64},
    )
    scores = frames.tidy(
        data,
        ["peg", "promis29"],
        by=["patient_id", "date"],
        scales={"promis29": ["pain_interference"]},
    )
    return change.table(scores), scores


def test_one_row_for_each_score_of_a_baseline_and_a_follow_up() -> None:
    changes, scores = pairs()
    table = cdisc.adqs(
        changes, scores, {"peg.mean": "PEGMEAN", "promis29.pain_interference": "P29PI"}, study="IPM"
    )
    peg = table.filter(pl.col("PARAMCD") == "PEGMEAN", pl.col("USUBJID") == "S-01")
    assert peg.select("AVISIT", "AVISITN", "AVAL", "BASE", "CHG", "PCHG", "ABLFL").rows() == [
        ("Baseline", 0, 8.0, 8.0, None, None, "Y"),
        ("6 months", 2, 4.0, 8.0, -4.0, -50.0, None),
    ]
    assert peg["ADT"].to_list() == ["2026-01-05", "2026-07-06"]
    assert set(table["ANL01FL"]) == {"Y"}
    t_scores = table.filter(pl.col("PARAMCD") == "P29PI", pl.col("AVISIT") != "Baseline")
    assert len(t_scores) == 2
    assert t_scores["PCHG"].null_count() == 2
    # A patient without a follow-up has a baseline.
    assert table.filter(pl.col("USUBJID") == "S-02")["AVISIT"].to_list() == ["Baseline", "Baseline"]


def test_a_score_of_fewer_answers_says_so() -> None:
    data = pl.DataFrame(
        {
            "patient_id": ["S-01", "S-01"],
            "date": ["2026-01-05", "2026-07-06"],
            **{f"phq9_q{n}": [2, 1] for n in range(1, 9)},
            "phq9_q9": [None, 1],
        },
        schema_overrides={"phq9_q9": pl.Int64},
    )
    scores = frames.tidy(data, "phq9", by=["patient_id", "date"], missing="prorate")
    table = cdisc.adqs(change.table(scores), scores, {"phq9.total": "PHQ9TOT"}, study="IPM")
    assert table.select("AVISIT", "AVAL", "DTYPE").rows() == [
        ("Baseline", 18.0, "PRORATED"),
        ("6 months", 9.0, None),
    ]
    assert table["AVALC"].null_count() == 0


def test_adqs_of_every_kind_of_frame(backend: Backend) -> None:
    data = {
        "patient_id": ["S-01"] * 2,
        "date": ["2026-01-05", "2026-07-06"],
        **{item: [2, 1] for item in ITEMS},
    }
    scores = frames.tidy(backend.make(data), "gad7", by=["patient_id", "date"])
    table = cdisc.adqs(change.table(scores), scores, {"gad7.total": "GAD7TOT"}, study="IPM")
    shown = backend.rows(table)
    assert shown["AVAL"] == [14.0, 7.0]
    assert shown["CHG"] == [None, -7.0]
    assert shown["AVALC"] == ["moderate", "mild"]


def test_wrong_params_say_what_is_wrong() -> None:
    changes, scores = pairs()
    for told, kind, params in (
        ("a mapping", ParameterError, {}),
        ("is no scale", ParameterError, {"peg": "PEG"}),
        ("capital letters", ParameterError, {"peg.mean": "PEGMEANTOTAL"}),
        ("appears twice", ParameterError, {"peg.mean": "A", "promis29.pain_interference": "A"}),
        ("total", UnknownNameError, {"peg.total": "A"}),
    ):
        with pytest.raises(kind, match=told):
            cdisc.adqs(changes, scores, params, study="IPM")
    with pytest.raises(FrameError, match="no column 'followup'"):
        cdisc.adqs(changes.drop("followup"), scores, {"peg.mean": "A"}, study="IPM")
    averaged = change.table(scores, baseline=change.Baseline(pick="mean"), overlap=True)
    with pytest.raises(FrameError, match="mean of several"):
        cdisc.adqs(averaged, scores, {"peg.mean": "A"}, study="IPM")

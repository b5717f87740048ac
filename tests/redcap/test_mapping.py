"""Exports of REDCap by a mapping: what it says, and where an export that no longer fits stops."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from ipm_outcomes import redcap
from ipm_outcomes.errors import InputError, ParameterError
from ipm_outcomes.mapping import Mapping

pl = pytest.importorskip("polars")

ITEMS = [f"q{n}" for n in range(1, 8)]
OPTIONS = ["Not at all", "Several days", "More than half the days", "Nearly every day"]


def export(**other: Any) -> Any:
    """Two visits of a project with its own names and answers from 1 to 4."""
    columns: dict[str, Any] = {
        "code": ["P1", "P1"],
        "redcap_event_name": ["v1_arm_1", "v2_arm_1"],
        "ward": ["north", "south"],
        "seen_on": ["2026-01-05", "2026-03-30"],
        **{f"worry_{n}": ["1", "4"] for n in range(1, 8)},
        "worry_sum": ["7", "28"],
    }
    return pl.DataFrame({**columns, **other})


CONTENT: dict[str, Any] = {
    "file": {"kind": "redcap"},
    "keys": {
        "patient": "code",
        "site": "ward",
        "date": {"column": "seen_on"},
        "visit": {
            "column": "redcap_event_name",
            "names": {"v1_arm_1": "baseline", "v2_arm_1": "12 weeks"},
        },
    },
    "not_answered": {"words": ["UNK"]},
    "instrument": [
        {
            "id": "gad7",
            "columns": {item: f"worry_{n}" for n, item in enumerate(ITEMS, 1)},
            "coding": "position",
            "not_answered": {"codes": [-9]},
            "recorded": {"total": "worry_sum"},
        }
    ],
}


def mapping(**parts: Any) -> Mapping:
    return Mapping.of({**CONTENT, **parts})


def instrument(**parts: Any) -> Mapping:
    return mapping(instrument=[{**CONTENT["instrument"][0], **parts}])


def misfit(data: Any, by: Mapping, *args: Any) -> str | None:
    with pytest.raises(InputError) as caught:
        redcap.read(data, *args, mapping=by)
    assert caught.value.code == "mapping_does_not_fit"
    return caught.value.place


def test_a_mapping_says_fields_coding_visits_and_totals() -> None:
    read = redcap.read(export(worry_2=["-9", "UNK"]), mapping=mapping())
    assert read.data["gad7_q1"] == [0, 3]
    assert read.data["gad7_q2"] == [None, None]
    assert read.reasons["reason"] == ["-9", "UNK"]
    assert (read.data["patient_id"], read.data["site"]) == (["P1", "P1"], ["north", "south"])
    assert read.data["visit"] == ["baseline", "12 weeks"]
    assert read.data["date"] == ["2026-01-05", "2026-03-30"]
    assert (read.recorded["scale"], read.recorded["recorded"]) == (["gad7_total"] * 2, [7.0, 28.0])
    assert read.inferences["finding"] == []


@pytest.mark.parametrize(
    ("coding", "cells", "answers"),
    [
        ("answer", ["0", "3"], [0, 3]),
        ({"a": 0, "d": 3}, ["a", "d"], [0, 3]),
        ("label", ["Not at all", "Nearly every day"], [0, 3]),
        (None, ["0", "3"], [0, 3]),
    ],
)
def test_codings(coding: Any, cells: list[str], answers: list[int]) -> None:
    part = {key: value for key, value in CONTENT["instrument"][0].items() if key != "coding"}
    by = mapping(instrument=[part if coding is None else {**part, "coding": coding}])
    data = export(**{f"worry_{n}": cells for n in range(1, 8)})
    assert redcap.read(data, mapping=by).data["gad7_q1"] == answers


def test_cells_that_were_counted_from_1_need_a_coding() -> None:
    part = {key: value for key, value in CONTENT["instrument"][0].items() if key != "coding"}
    assert misfit(export(), mapping(instrument=[part])) == "instrument.gad7.coding"
    assert misfit(export(), instrument(coding="answer")) == "row 3, column worry_1"


def test_what_is_pinned_reads_the_export_as_it_was_read() -> None:
    first = redcap.read(export(), mapping=mapping())
    pinned = Mapping.of(tomllib.loads(first.mapping.text()))
    assert redcap.read(export(), mapping=pinned).data == first.data
    assert misfit(export().rename({"worry_sum": "total"}), pinned) == "row 1"
    assert misfit(export(more=["", ""]), pinned) == "row 1"
    plain = {
        "record_id": ["1", "2"],
        **{f"gad7_{item}": ["0", "UNK"] for item in ITEMS},
        "gad7_q1": ["0", "2"],
    }
    first = redcap.read(pl.DataFrame(plain), not_answered=["UNK", "-99"])
    again = redcap.read(pl.DataFrame(plain), mapping=Mapping.of(tomllib.loads(first.mapping.text())))
    assert (again.data, again.reasons) == (first.data, first.reasons)


@pytest.mark.parametrize(
    ("other", "place"),
    [
        ({"worry_3": ["5", "1"]}, "row 2, column worry_3"),
        ({"worry_3": ["1", "0"]}, "row 3, column worry_3"),
        ({"worry_3": ["1", "Several"]}, "row 3, column worry_3"),
        ({"redcap_event_name": ["v1_arm_1", "v3_arm_1"]}, "row 3, column redcap_event_name"),
        ({"worry_sum": ["7", "high"]}, "row 3, column worry_sum"),
    ],
)
def test_an_export_that_no_longer_fits_stops_with_the_place(other: dict[str, Any], place: str) -> None:
    assert misfit(export(**other), mapping()) == place


@pytest.mark.parametrize("name", ["code", "ward", "seen_on", "worry_sum", "worry_4", "redcap_event_name"])
def test_a_column_that_is_gone_stops(name: str) -> None:
    with pytest.raises(InputError, match=name if name != "redcap_event_name" else "events") as caught:
        redcap.read(export().drop(name), mapping=mapping())
    assert caught.value.code in ("mapping_does_not_fit", "header_not_found")


def dictionary(*labels: str, first: int = 1) -> str:
    """A data dictionary whose choices have these labels, from a number on."""
    lines = redcap.dictionary("gad7", record_id="code").splitlines()
    choices = " | ".join(f"{n}, {label}" for n, label in enumerate(labels, first))
    for n in range(1, 8):
        old = next(line for line in lines if line.startswith(f"gad7_q{n},"))
        cells = old.replace("gad7_q", "worry_", 1).replace("0, Not at all | 1, Several days | ", "§")
        head, _, tail = cells.partition("§")
        lines[lines.index(old)] = head + choices + tail.partition("Nearly every day")[2]
    return "\n".join(lines) + "\n"


def test_the_choices_of_the_dictionary_have_to_say_what_the_mapping_says() -> None:
    assert redcap.read(export(), dictionary(*OPTIONS), mapping=mapping()).data["gad7_q1"] == [0, 3]
    assert misfit(export(), mapping(), dictionary(*reversed(OPTIONS))) == "column worry_1"
    assert misfit(export(), instrument(coding="answer"), dictionary(*OPTIONS)) == "column worry_1"
    by_labels = instrument(coding="label")
    backwards = dictionary(*reversed(OPTIONS))
    assert redcap.read(export(), backwards, mapping=by_labels).data["gad7_q1"] == [3, 0]
    # Labels that were seen and changed since.
    pinned = redcap.read(export(), dictionary(*OPTIONS), mapping=mapping()).mapping
    assert misfit(export(), pinned, dictionary(*OPTIONS, "Refused")) == "column worry_1"
    assert redcap.read(export(), mapping=pinned).data["gad7_q1"] == [0, 3]


def test_codes_that_are_words_are_read_by_the_labels_of_the_dictionary() -> None:
    words = dict(zip(("1", "2", "3", "4"), ("notAtAll", "some", "half", "daily"), strict=True))
    text = dictionary(*OPTIONS)
    for code, word in words.items():
        text = text.replace(f"{code}, ", f"{word}, ")
    data = export(**{f"worry_{n}": ["notAtAll", "daily"] for n in range(1, 8)})
    columns = {"gad7": CONTENT["instrument"][0]["columns"]}
    read = redcap.read(data, text, columns=columns)
    assert read.data["gad7_q7"] == [0, 3]
    assert read.problems["row"] == []


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ({"file": {"kind": "csv"}}, "file.kind"),
        ({"file": {"kind": "redcap", "delimiter": ";"}}, "file.delimiter"),
        ({"file": {"kind": "redcap", "header_row": 2}}, "file.header_row"),
        ({"keys": {"visit": {"from_prefix": {"t0": "baseline"}}}}, "keys.visit"),
        ({"keys": {"visit": {"column": "ward"}}}, "keys.visit"),
        ({"keys": {"date": {"column": "seen_on", "format": "%d.%m.%Y"}}}, "keys.date"),
    ],
)
def test_what_means_nothing_for_redcap_is_refused_with_the_key(parts: dict[str, Any], place: str) -> None:
    assert misfit(export(), mapping(**parts)) == place


def test_arguments_that_the_mapping_takes_the_place_of() -> None:
    more: list[dict[str, Any]] = [
        {"instrument": "gad7"},
        {"events": {"v1_arm_1": "a"}},
        {"date": "seen_on"},
        {"record_id": "code"},
        {"not_answered": ["UNK"]},
    ]
    for how in more:
        with pytest.raises(ParameterError, match="leave it out"):
            redcap.read(export(), mapping=mapping(), **how)
    with pytest.raises(ParameterError, match="Mapping"):
        redcap.read(export(), mapping=CONTENT)  # type: ignore[arg-type]


def test_the_mapping_of_a_raw_export_reads_the_labeled_one(tmp_path: Any) -> None:
    header = ["Record ID", "Event Name", *(line for line in _labels()), "Complete?"]
    row = ["1", "Baseline", *OPTIONS, *OPTIONS[:3], "", "Complete"]
    path = tmp_path / "labels.csv"
    pl.DataFrame([row], schema=[f"c{n}" for n in range(len(row))], orient="row").write_csv(
        path, include_header=False
    )
    path.write_text(",".join(f'"{name}"' for name in header) + "\n" + path.read_text(), encoding="utf-8-sig")
    first = redcap.read(path, redcap.dictionary("gad7"))
    pinned = Mapping.of(tomllib.loads(first.mapping.text()))
    again = redcap.read(path, redcap.dictionary("gad7"), mapping=pinned)
    assert again.data == first.data
    assert again.data["gad7_q4"] == [3]


def _labels() -> list[str]:
    import csv
    import io

    return [field["Field Label"] for field in csv.DictReader(io.StringIO(redcap.dictionary("gad7")))][1:]

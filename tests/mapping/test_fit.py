"""A mapping and files that no longer fit it: other labels, another encoding, visits that are not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ipm_outcomes import files
from ipm_outcomes.errors import InputError
from ipm_outcomes.mapping import Mapping
from ipm_outcomes.reading import Reading

pytest.importorskip("polars")
pytestmark = pytest.mark.usefixtures("modules_run_here")

ITEMS = [f"q{n}" for n in range(1, 8)]
OPTIONS = ["Not at all", "Several days", "More than half the days", "Nearly every day"]
FORWARD = dict(enumerate(OPTIONS))
REVERSED = dict(enumerate(reversed(OPTIONS)))
FROM_ONE = dict(enumerate(OPTIONS, 1))
Write = Callable[..., Path]


@pytest.fixture
def labeled(tmp_path: Path) -> Write:
    """Write a file of SPSS or Stata with GAD-7 and its value labels."""
    readstat = pytest.importorskip("pyreadstat")
    pd = pytest.importorskip("pandas")

    def write(
        labels: dict[int, str], cells: list[float], *, stem: str = "gad7_", ending: str = "sav", **other: Any
    ) -> Path:
        frame = pd.DataFrame({f"{stem}{item}": cells for item in ITEMS})
        own = {name: labels for name in frame if labels} | other
        path = tmp_path / f"a{len(list(tmp_path.iterdir()))}.{ending}"
        getattr(readstat, f"write_{ending}")(frame, path, variable_value_labels=own)
        return path

    return write


def saved(found: Reading, *names: str) -> Mapping:
    """The mapping as its file brings it back."""
    import tomllib

    return Mapping.of(tomllib.loads((found.mapping.accept(*names) if names else found.mapping).text()))


def misfit(path: Path, mapping: Mapping) -> InputError:
    with pytest.raises(InputError) as caught:
        files.read(path, mapping=mapping)
    assert caught.value.code == "mapping_does_not_fit"
    return caught.value


@pytest.mark.parametrize("ending", ["sav", "dta"])
def test_labels_that_changed_stop_with_the_column(labeled: Write, ending: str) -> None:
    mapping = saved(files.read(labeled(FORWARD, [0, 1, 2], ending=ending)))
    assert mapping.instrument[0].labels_seen[0].labels["3"] == "Nearly every day"
    assert files.read(labeled(FORWARD, [3, 1], ending=ending), mapping=mapping).data["gad7_q1"] == [3, 1]
    shouted = {code: label.upper() for code, label in FORWARD.items()}
    assert files.read(labeled(shouted, [3, 1], ending=ending), mapping=mapping).data["gad7_q1"] == [3, 1]
    for labels in (REVERSED, FROM_ONE, {}, {**FORWARD, 4: "Refused"}, {0: OPTIONS[0], 3: OPTIONS[3]}):
        assert misfit(labeled(labels, [1, 2], ending=ending), mapping).place == "column gad7_q1"
    one = misfit(labeled(FORWARD, [1, 2], ending=ending, gad7_q5=REVERSED), mapping)
    assert one.place == "column gad7_q5"


@pytest.mark.parametrize(
    ("coding", "labels"),
    [
        ("answer", REVERSED),
        ("answer", FROM_ONE),
        ("position", FORWARD),
        ({"1": 0, "2": 1, "3": 2, "4": 3}, FORWARD),
        (None, REVERSED),
    ],
)
def test_labels_that_contradict_a_coding_written_by_hand_stop(
    labeled: Write, coding: Any, labels: dict[int, str]
) -> None:
    part = {"id": "gad7", "columns": "g{item}", "coding": coding}
    part = {key: value for key, value in part.items() if value is not None}
    assert misfit(labeled(labels, [1, 2], stem="g"), Mapping.of({"instrument": [part]})).place == "column gq1"


def test_a_coding_that_was_confirmed_against_the_labels_is_kept(labeled: Write) -> None:
    first = files.read(labeled(FROM_ONE, [1, 3]))
    mapping = saved(first, "gad7.coding")
    assert files.read(labeled(FROM_ONE, [4, 1]), mapping=mapping).data["gad7_q2"] == [3, 0]
    # The labels of every code prove the coding, which is pinned with them.
    assert saved(first) == mapping
    assert misfit(labeled(FORWARD, [1, 3]), mapping).place == "column gad7_q1"


def test_labels_are_read_where_the_mapping_says_so(labeled: Write) -> None:
    part = {"id": "gad7", "columns": "gad7_{item}", "coding": "label"}
    mapping = Mapping.of({"instrument": [part]})
    # 3 is "Not at all" in a reversed column.
    assert files.read(labeled(REVERSED, [3, 1]), mapping=mapping).data["gad7_q1"] == [0, 2]
    assert files.read(labeled(FORWARD, [3, 1]), mapping=mapping).data["gad7_q1"] == [3, 1]
    assert misfit(labeled({}, [1, 2]), mapping).place == "row 1, column gad7_q1"


def test_values_that_are_no_longer_declared_missing_stop(tmp_path: Path) -> None:
    # On a rating from 0 to 10 a 9 that was declared missing would become an answer.
    pd, readstat = pytest.importorskip("pandas"), pytest.importorskip("pyreadstat")
    frame = pd.DataFrame({name: [5.0, 9.0] for name in ("peg_pain", "peg_enjoyment", "peg_activity")})

    def write(**ranges: list[Any]) -> Path:
        readstat.write_sav(frame, tmp_path / "a.sav", missing_ranges=ranges)
        return tmp_path / "a.sav"

    first = files.read(write(peg_pain=[9]))
    assert first.data["peg_pain"] == [5, None]
    mapping = saved(first)
    assert files.read(write(peg_pain=[9]), mapping=mapping).data["peg_pain"] == [5, None]
    for ranges in ({}, {"peg_pain": [8]}, {"peg_pain": [{"lo": 8, "hi": 9}]}):
        assert misfit(write(**ranges), mapping).place == "column peg_pain"


def test_one_reversed_column_is_read_by_its_labels(labeled: Write) -> None:
    path = labeled(FORWARD, [0, 1], gad7_q3=REVERSED)
    found = files.read(path)
    at = found.inferences["finding"].index("coding_of_labels")
    assert (found.inferences["sure"][at], found.inferences["where"][at]) == (True, "gad7_q3")
    assert (found.data["gad7_q2"], found.data["gad7_q3"]) == ([0, 1], [3, 2])
    again = files.read(path, mapping=saved(found, "gad7.coding"))
    assert (again.data["gad7_q2"], again.data["gad7_q3"]) == ([0, 1], [3, 2])
    assert misfit(labeled(FORWARD, [0, 1]), saved(found)).place == "column gad7_q3"


def test_labels_of_visits_beside_each_other_stop_where_they_differ(labeled: Write) -> None:
    pd, readstat = pytest.importorskip("pandas"), pytest.importorskip("pyreadstat")
    frame = pd.DataFrame({f"{t}_gad7_{item}": [1.0, 2.0] for t in ("t0", "t1") for item in ITEMS})
    path = labeled(FORWARD, [1]).with_name("visits.sav")
    content = {
        "keys": {"visit": {"from_prefix": {"t0": "baseline", "t1": "12 weeks"}}},
        "instrument": [{"id": "gad7", "columns": "gad7_{item}", "coding": "answer"}],
    }
    for second, place in ((FORWARD, None), (REVERSED, "column t1_gad7_q1")):
        own = {name: second if name.startswith("t1") else FORWARD for name in frame}
        readstat.write_sav(frame, path, variable_value_labels=own)
        if place is None:
            first = files.read(path, mapping=Mapping.of(content))
            assert first.data["gad7_q1"] == [1, 1, 2, 2]
        else:
            assert misfit(path, Mapping.of(content)).place == place
    readstat.write_sav(frame, path, variable_value_labels=dict.fromkeys(frame, REVERSED))
    assert misfit(path, saved(first)).place == "column gad7_q1"


HEADER = ",".join(["patient_id", *(f"gad7_{item}" for item in ITEMS)])


def text(tmp_path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def of_labels(**more: Any) -> Mapping:
    return Mapping.of({"instrument": [{"id": "gad7", "columns": "gad7_{item}", "coding": "label", **more}]})


@pytest.mark.parametrize("cell", ["1", "2.0", " 3 "])
def test_numbers_stop_where_the_mapping_says_labels(tmp_path: Path, cell: str) -> None:
    rows = ["P1," + ",".join(["Several days"] * 7), "P2," + ",".join(["Not at all"] * 6 + [cell])]
    assert misfit(text(tmp_path, HEADER, *rows), of_labels()).place == "line 3, column gad7_q7"


def test_labels_with_numbers_and_codes_for_no_answer_are_read(tmp_path: Path) -> None:
    path = text(
        tmp_path, HEADER, "P1," + ",".join(["Several days"] * 5 + ["2 - More than half the days", "9"])
    )
    found = files.read(path, mapping=of_labels(not_answered={"codes": [9]}))
    assert [found.data[f"gad7_{item}"][0] for item in ITEMS] == [1, 1, 1, 1, 1, 2, None]


def test_bare_numbers_are_the_labels_of_a_rating(tmp_path: Path) -> None:
    path = text(tmp_path, "peg_pain,peg_enjoyment,peg_activity", "0,5,10")
    part = {"id": "peg", "columns": "peg_{item}", "coding": "label"}
    assert files.read(path, mapping=Mapping.of({"instrument": [part]})).data["peg_activity"] == [10]


def western(tmp_path: Path, encoding: str) -> Path:
    return text(tmp_path, HEADER + ",site", "P1," + "1," * 7 + "Köln", encoding=encoding)


def test_a_file_in_another_encoding_stops(tmp_path: Path) -> None:
    mapping = saved(files.read(western(tmp_path, "cp1252")))
    assert mapping.file is not None
    assert mapping.file.encoding == "cp1252"
    for encoding in ("utf-8", "utf-8-sig"):
        assert "cp1252" in str(misfit(western(tmp_path, encoding), mapping))
    assert files.read(western(tmp_path, "cp1252"), mapping=mapping).data["site"] == ["Köln"]
    plain = text(tmp_path, HEADER + ",site", "P1," + "1," * 7 + "Bonn")
    assert files.read(plain, mapping=mapping).data["site"] == ["Bonn"]
    back = saved(files.read(western(tmp_path, "utf-8")))
    assert misfit(western(tmp_path, "cp1252"), back).place == "line 2"


def test_an_encoding_that_is_named_and_wrong_is_refused(tmp_path: Path) -> None:
    path = western(tmp_path, "utf-8")
    for encoding in ("cp1252", "latin-1", "cp1250", "mac_roman"):
        with pytest.raises(InputError, match="UTF-8") as caught:
            files.read(path, encoding=encoding)
        assert caught.value.code == "encoding_unknown"
    # Two letters of two bytes that are UTF-8 by chance.
    chance = text(tmp_path, HEADER + ",site", "P1," + "1," * 7 + "\u8054\u901a", encoding="gbk")
    assert files.read(chance, encoding="gbk").data["site"] == ["\u8054\u901a"]


def test_a_file_of_another_kind_stops(tmp_path: Path, labeled: Write) -> None:
    mapping = saved(files.read(western(tmp_path, "utf-8")))
    assert "sav" in str(misfit(labeled(FORWARD, [1]), mapping))


@pytest.mark.parametrize("cells", ["1,2,3", "x,y,3", "No pain,x,y"])
def test_rows_that_were_of_the_header_and_hold_answers_now_stop(tmp_path: Path, cells: str) -> None:
    content = {
        "file": {"kind": "csv", "delimiter": ",", "header_row": 1, "skip_rows": 1},
        "instrument": [{"id": "peg", "columns": {"pain": "a", "enjoyment": "b", "activity": "c"}}],
    }
    told = text(tmp_path, "patient_id,a,b,c", "Who,How bad?,How much joy?,What?", "P1,4,5,6")
    assert files.read(told, mapping=Mapping.of(content)).data["peg_pain"] == [4]
    error = misfit(text(tmp_path, "patient_id,a,b,c", f"P0,{cells}", "P1,4,5,6"), Mapping.of(content))
    assert str(error.place).startswith("line 2, column ")


def test_mappings_of_redcap_and_fhir_say_where_they_belong(tmp_path: Path) -> None:
    path = text(tmp_path, HEADER, "P1," + ",".join("1111111"))
    for kind, way in (("redcap", r"redcap\.read"), ("fhir", r"fhir\.responses")):
        with pytest.raises(InputError, match=way):
            files.read(path, mapping=Mapping.of({"file": {"kind": kind}}))


def visits(tmp_path: Path, prefixes: list[str], *, day: bool = False, drop: str = "") -> Path:
    names = [
        f"{t}_{name}" for t in prefixes for name in (*(f"gad7_{i}" for i in ITEMS), *(["day"] if day else []))
    ]
    names = [name for name in names if name != drop]
    cells = ["2026-01-05" if name.endswith("day") else "1" for name in names]
    return text(tmp_path, ",".join(["patient_id", *names]), ",".join(["P1", *cells]))


@pytest.mark.parametrize("day", [False, True])
def test_a_visit_that_is_not_there_stops_by_its_label(tmp_path: Path, day: bool) -> None:
    content: dict[str, Any] = {
        "keys": {"visit": {"from_prefix": {"t0": "baseline", "t1": "12 weeks"}}},
        "instrument": [{"id": "gad7", "columns": "gad7_{item}", "coding": "answer"}],
    }
    if day:
        content["keys"]["date"] = {"column": "day"}
    mapping = Mapping.of(content)
    found = files.read(visits(tmp_path, ["t0", "t1"], day=day), mapping=mapping)
    assert found.data["visit"] == ["baseline", "12 weeks"]
    for prefixes, drop in (
        (["t0", "t2"], ""),
        (["t0", "T1"], ""),
        (["t0"], ""),
        (["t0", "t1"], "t1_gad7_q4"),
    ):
        error = misfit(visits(tmp_path, prefixes, day=day, drop=drop), mapping)
        assert "12 weeks" in str(error)
        assert error.place == "keys.visit"
    further = files.read(visits(tmp_path, ["t0", "t1", "t2"], day=day), mapping=mapping)
    at = further.inferences["value"].index("t2")
    assert (further.inferences["finding"][at], further.inferences["sure"][at]) == ("visits_in_columns", False)


def test_a_date_that_one_visit_lacks_stops(tmp_path: Path) -> None:
    content = {
        "keys": {
            "visit": {"from_prefix": {"t0": "baseline", "t1": "12 weeks"}},
            "date": {"column": "day"},
        },
        "instrument": [{"id": "gad7", "columns": "gad7_{item}", "coding": "answer"}],
    }
    error = misfit(visits(tmp_path, ["t0", "t1"], day=True, drop="t1_day"), Mapping.of(content))
    assert error.place == "keys.date"
    assert "12 weeks" in str(error)

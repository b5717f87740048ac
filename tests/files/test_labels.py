"""Value labels of files of SPSS and Stata: what they prove is read so, what they do not prove is asked about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ipm_outcomes import files, instrument
from ipm_outcomes.errors import InputError
from ipm_outcomes.files._label_proof import AGREE, NONE, OTHER, RATING, UNKNOWN, column_of
from ipm_outcomes.mapping import Mapping as FileMapping
from ipm_outcomes.reading import Reading

pytest.importorskip("polars")
pytestmark = pytest.mark.usefixtures("modules_run_here")
WORDS = ["Not at all", "Several days", "More than half the days", "Nearly every day"]
FROM_0 = dict(enumerate(WORDS))
FROM_1 = dict(enumerate(WORDS, 1))
SPANISH = dict(enumerate(["Nunca", "Varios", "Muchos", "Casi todos"], 1))
PEG = ["peg_pain", "peg_enjoyment", "peg_activity"]
NO_ANSWER = {8: "Don't know / Refused", 9: "9 = Skipped"}
Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    readstat = pytest.importorskip("pyreadstat")
    pd = pytest.importorskip("pandas")

    def write(columns: Mapping[str, Any], labels: Mapping[str, Any], kind: str = "sav") -> Path:
        path = tmp_path / f"a.{kind}"
        getattr(readstat, f"write_{kind}")(pd.DataFrame(columns), path, variable_value_labels=dict(labels))
        return path

    return write


def of_items(cells: Any, name: str = "phq9_q{n}", items: range = range(1, 10)) -> dict[str, Any]:
    return {name.format(n=n): cells for n in items}


def noted(found: Reading, code: str) -> list[tuple[Any, ...]]:
    rows = zip(*(found.inferences[name] for name in ("finding", "where", "rows", "sure")), strict=True)
    return [row[1:] for row in rows if row[0] == code]


def again(path: Path, mapping: FileMapping) -> dict[str, Any]:
    data: dict[str, Any] = files.read(path, mapping=mapping).data
    return data


@pytest.mark.parametrize(
    ("labels", "cells", "state", "answers"),
    [
        (FROM_0, [0, 3], AGREE, [0, 3]),
        (FROM_1, [1, 4], OTHER, [0, 3]),
        ({code: f"{code - 1} - {word}" for code, word in FROM_1.items()}, [1, 4], OTHER, [0, 3]),
        ({code: f"{code}. {word.upper()}" for code, word in FROM_1.items()}, [1, 4], OTHER, [0, 3]),
        ({3 - code: word for code, word in FROM_0.items()}, [0, 1], OTHER, [3, 2]),
        ({1: WORDS[0], 4: WORDS[3]}, [1, 2, 3], OTHER, [0, 1, 2]),  # both ends say where the others are
        ({1: WORDS[0]}, [1, 2, 3], UNKNOWN, None),
        ({0: WORDS[0], 1: WORDS[1], 2: "Refused", 3: WORDS[2], 4: WORDS[3]}, [1, 3, 4], OTHER, [1, 2, 3]),
        ({**FROM_0, **NO_ANSWER, 2: "More than 1/2 of days"}, [0, 3], AGREE, [0, 3]),
        ({code: f"{code + 1} - {word}" for code, word in FROM_1.items()}, [1], UNKNOWN, None),
        ({code: str(code - 1) for code in FROM_1}, [1, 4], OTHER, [0, 3]),
        ({code: str(code) for code in FROM_1}, [1, 4], NONE, None),
        (dict(zip("ABCD", WORDS, strict=True)), ["A", "D"], OTHER, [0, 3]),
        ({0: WORDS[0], 1: WORDS[0], 2: WORDS[1]}, [0, 1], UNKNOWN, None),
        (SPANISH, [1, 2], UNKNOWN, None),
        ({9: "Otro"}, [1, 9], NONE, None),
    ],
)
def test_what_labels_of_options_say(
    labels: dict[Any, str], cells: list[Any], state: str, answers: list[int] | None
) -> None:
    found = column_of(instrument("phq9"), "q1", labels, cells)
    assert found.state == state
    if answers is not None:
        assert [found.answers.get(str(cell)) for cell in cells] == answers


@pytest.mark.parametrize(
    ("labels", "cells", "state", "missing"),
    [
        ({0: "No pain", 10: "Pain as bad as you can imagine"}, [0, 7], AGREE, set()),
        ({1: "No pain", 11: "Pain as bad as you can imagine"}, [1, 11], OTHER, set()),
        ({n + 1: str(n) for n in range(11)}, [1, 11], OTHER, set()),
        ({0: "Sin dolor", 10: "El peor", 99: "No sabe"}, [0, 99], RATING, set()),
        ({1: "Sin dolor", 11: "El peor"}, [1, 11], UNKNOWN, set()),
        ({7: "Refused", 8: "Don\u2019t know"}, [7, 8], NONE, {"7", "8"}),
    ],
)
def test_what_labels_of_a_rating_say(labels: Any, cells: Any, state: str, missing: set[str]) -> None:
    found = column_of(instrument("peg"), "pain", labels, cells)
    assert (found.state, set(found.missing)) == (state, missing)


@pytest.mark.parametrize("kind", ["sav", "dta"])
def test_one_item_alone_is_counted_from_1(save: Save, kind: str) -> None:
    path = save(
        of_items([1.0, 2.0, 0.0]) | {"phq9_q9": [1.0, 2.0, 1.0]}, of_items(FROM_0) | {"phq9_q9": FROM_1}, kind
    )
    found = files.read(path)
    assert (found.data["phq9_q8"], found.data["phq9_q9"]) == ([1, 2, 0], [0, 1, 0])
    assert noted(found, "coding_of_labels") == [("phq9_q9", 3, True)]
    saved = path.with_suffix(".toml")
    found.mapping.save(saved)
    assert again(path, FileMapping.load(saved)) == found.data


def test_promis_options_in_printed_order(save: Save) -> None:
    """Item by item: where 5 is printed first, the first option is 5; the answer of a label is that of the form."""
    one = instrument("promis29")
    options = {
        item: one.answers_of(item).options for item in one.item_ids if not one.answers_of(item).numeric
    }
    labels = {f"promis29_{item}": {n: o.label for n, o in enumerate(of, 1)} for item, of in options.items()}
    found = files.read(save({f"promis29_{item}": [1.0, 2.0] for item in one.item_ids}, labels))
    for item, of in options.items():
        assert found.data[f"promis29_{item}"] == [of[0].code, of[1].code]
    assert found.data["promis29_pfa11"] == [5, 4]
    assert found.data["promis29_edanx01"] == [1, 2]


def test_codes_labeled_as_no_answer_are_none_and_listed(save: Save) -> None:
    cells = {"peg_pain": [7.0, 3.0, 99.0], "peg_enjoyment": [6.0, 8.0, 4.0], "peg_activity": [4.0, 1.0, 2.0]}
    labels = {"peg_pain": {7: "Refused", 99: "Not asked"}, "peg_enjoyment": {8: "Don't know"}}
    found = files.read(save(cells, labels))
    assert [found.data[name] for name in cells] == [[None, 3, None], [6, None, 4], [4, 1, 2]]
    assert noted(found, "missing_code") == [("peg_pain, peg_enjoyment", 3, True)]
    assert found.problems["line"] == []


def test_labels_in_another_language_need_a_yes(save: Save) -> None:
    path = save(of_items([1.0, 2.0]), of_items(SPANISH))
    found = files.read(path)
    assert noted(found, "labels_unknown") == [("phq9_q1 to phq9_q9", 2, False)]
    with pytest.raises(InputError) as caught:
        again(path, found.mapping)
    assert (caught.value.code, caught.value.place) == ("mapping_does_not_fit", "instrument.phq9.coding")
    assert again(path, found.mapping.accept("phq9.coding"))["phq9_q1"] == [0, 1]
    right = found.mapping.model_copy(update={"proposed": ()}).instrument[0]
    as_codes = found.mapping.model_copy(
        update={"instrument": [right.model_copy(update={"coding": "answer"})]}
    )
    assert again(path, as_codes)["phq9_q1"] == [1, 2]


def test_columns_without_labels_beside_labeled_ones_need_a_yes(save: Save) -> None:
    path = save(of_items([1.0, 2.0]), {"phq9_q1": FROM_1})
    found = files.read(path)
    assert noted(found, "labels_unknown") == [("phq9_q2 to phq9_q9", 2, False)]
    assert again(path, found.mapping.accept())["phq9_q9"] == [0, 1]


def test_a_mapping_that_the_labels_contradict_stops(save: Save) -> None:
    mapping = files.read(save(of_items([1.0, 2.0]), of_items(FROM_0))).mapping
    path = save(of_items([1.0, 2.0]), of_items(FROM_1))
    (part,) = mapping.instrument
    for labels in (part.labels_seen, []):
        stops = mapping.model_copy(update={"instrument": [part.model_copy(update={"labels_seen": labels})]})
        with pytest.raises(InputError) as caught:
            again(path, stops)
        assert (caught.value.code, caught.value.place) == ("mapping_does_not_fit", "column phq9_q1")


def test_proposed_columns_are_read_by_their_labels(save: Save) -> None:
    path = save(of_items([2.0, 3.0], "t0_phq9_{n}") | of_items([2.0, 4.0], "t1_phq9_{n}"), {
        **of_items(FROM_1, "t0_phq9_{n}"), **of_items(FROM_1, "t1_phq9_{n}")})  # fmt: skip
    found = again(path, files.read(path).mapping.accept())
    assert (found["visit"], found["phq9_q1"]) == (["t0", "t1", "t0", "t1"], [1, 1, 2, 3])
    other = save(of_items([2.0], "t0_phq9_{n}") | of_items([2.0], "t1_phq9_{n}"), {
        **of_items(FROM_1, "t0_phq9_{n}"), **of_items(FROM_0, "t1_phq9_{n}")})  # fmt: skip
    with pytest.raises(InputError, match="other labels than at an earlier visit"):
        again(other, files.read(other).mapping.accept())


def test_a_label_between_that_is_not_known_is_reported(save: Save) -> None:
    found = files.read(save(of_items([0.0, 2.0]), of_items({**FROM_0, 2: "No sabe"})))
    assert (found.data["phq9_q1"], noted(found, "coding_of_labels")[0][-1]) == ([0, 2], False)
    near = files.read(save(of_items([1.0, 4.0]), of_items({**FROM_1, 4: "Nearly everyday"})))
    assert noted(near, "labels_unknown")[0][-1] is False
    assert [(one.name, one.value) for one in near.mapping.proposed] == [("phq9.coding", "position")]


def test_missing_values_of_stata_are_counted(tmp_path: Path) -> None:
    readstat, pd = pytest.importorskip("pyreadstat"), pytest.importorskip("pandas")
    frame = pd.DataFrame({name: pd.Series([1.0, "a"], dtype=object) for name in PEG})
    readstat.write_dta(frame, tmp_path / "a.dta", missing_user_values={name: ["a"] for name in PEG})
    found = files.read(tmp_path / "a.dta")
    assert found.data["peg_pain"] == [1, None]
    assert noted(found, "missing_code") == [(name, 1, True) for name in PEG]


def test_labels_that_agree_settle_a_coding_in_doubt(save: Save) -> None:
    severe = of_items([1.0, 2.0, 3.0] * 8)
    assert noted(files.read(save(severe, {})), "coding_suspected") == [("phq9_q1 to phq9_q9", 24, False)]
    found = files.read(save(severe, of_items(FROM_0)))
    assert noted(found, "coding_suspected") == []
    assert noted(found, "coding_of_labels") == [("phq9_q1 to phq9_q9", 24, True)]
    assert found.data["phq9_q1"][:3] == [1, 2, 3]


@pytest.mark.parametrize(("rows", "told"), [(1, 1), (4, 1), (19, 1), (20, 0)])
def test_some_forms_without_the_lowest_answer(tmp_path: Path, rows: int, told: int) -> None:
    """By chance, no 0 is in 5 forms of up to 2.1 % of samples; from 20 on the coding has to be declared."""
    names = [f"phq9_q{n}" for n in range(1, 10)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([",".join(names), *[",".join("123123123")] * rows]) + "\n")
    found = files.read(path)
    assert len(noted(found, "no_lowest_answer")) == told
    assert len(noted(found, "coding_suspected")) == (rows >= 20)
    assert found.data["phq9_q1"][0] == ("1" if rows >= 20 else 1)
    path.write_text(path.read_text() + ",".join("123123120") + "\n")
    assert noted(files.read(path), "no_lowest_answer") == []

"""Mappings: there and back, what is refused, and what a yes does."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipm_outcomes.errors import InputError, ParameterError
from ipm_outcomes.mapping import InstrumentPart, Mapping, Proposal

WHOLE = """
version = 1
[file]
kind = "csv"
encoding = "cp1252"
delimiter = ";"
header_row = 1
decimal = ","
sheet = "PEG 2026"
drop_rows = ["id is Total"]
skip_rows = 0
[keys]
patient = "Patient"
date = { column = "Besuch", format = "%d.%m.%Y" }
site = "Haus"
visit = { from_prefix = { t0 = "baseline", t1 = "12 weeks" } }
[not_answered]
words = ["NA", "."]
[[instrument]]
id = "phq9"
columns = { q1 = "phq_1", q2 = "phq_2", difficulty = "phq_10" }
coding = "position"
not_answered = { codes = [7, 9] }
recorded = { total = "phq9_sum" }
[[instrument]]
id = "pcs"
columns = "pcs{n}"
coding = { 1 = 0, 2 = 1, 3 = 2, 4 = 3, 5 = 4 }
"""


def loaded(tmp_path: Path, text: str) -> Mapping:
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return Mapping.load(path)


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    mapping = loaded(tmp_path, WHOLE)
    mapping.save(tmp_path / "again.toml")
    assert Mapping.load(tmp_path / "again.toml") == mapping
    assert mapping.instrument[1].coding == {"1": 0, "2": 1, "3": 2, "4": 3, "5": 4}


def test_band_alone_is_that_of_the_scale_that_speaks_for_the_instrument(tmp_path: Path) -> None:
    text = WHOLE.replace('total = "phq9_sum"', 'total = "phq9_sum", band = "phq9_level"')
    assert loaded(tmp_path, text).instrument[0].recorded == {
        "total": "phq9_sum",
        "total_band": "phq9_level",
    }
    with pytest.raises(InputError):
        loaded(tmp_path, text.replace("total =", "total_band ="))


NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20)


@given(st.dictionaries(st.sampled_from([f"q{n}" for n in range(1, 10)]), NAMES), NAMES, NAMES)
def test_names_of_any_letters_come_back(columns: dict[str, str], patient: str, word: str) -> None:
    content = {
        "keys": {"patient": patient, "visit": {"column": patient, "names": {word: patient}}},
        "instrument": [{"id": "phq9", "columns": columns, "coding": {word: 1}}],
    }
    mapping = Mapping.of(content)
    proposed = mapping.model_copy(
        update={"proposed": (Proposal(place=("keys", "site"), value=word, why=word),)}
    )
    assert Mapping.of(tomllib.loads(proposed.text())) == mapping


@pytest.mark.parametrize(
    ("was", "now", "place"),
    [
        ('kind = "csv"', 'kind = "csv"\nkinds = 1', "mapping.toml, file.kinds"),
        ('kind = "csv"', 'kind = "pdf"', "mapping.toml, file.kind"),
        ("version = 1", "version = 2", "mapping.toml, version"),
        ("version = 1", "version = 1\nproposed = []", "mapping.toml, proposed"),
        ('site = "Haus"', "site = 3", "mapping.toml, keys.site"),
        ('drop_rows = ["id is Total"]', 'drop_rows = ["Total"]', "mapping.toml, file.drop_rows.0"),
        ('id = "pcs"', 'id = "abc"', "mapping.toml, instrument.abc"),
        ('id = "pcs"', 'id = "phq9"', "mapping.toml, instrument.phq9"),
        ('id = "pcs"', 'id = "pcs"\nedition = "no"', "mapping.toml, instrument.pcs"),
        ("q1 =", "q99 =", "mapping.toml, instrument.phq9"),
        ("{ total", "{ sum", "mapping.toml, instrument.phq9"),
        ("from_prefix", 'column = "a", from_prefix', "mapping.toml, keys.visit"),
        ("version = 1", "version = ", "mapping.toml"),
        ("version = 1", "\x00", "mapping.toml"),
    ],
)
def test_what_a_mapping_does_not_say_is_refused_with_the_key(
    tmp_path: Path, was: str, now: str, place: str
) -> None:
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, WHOLE.replace(was, now))
    assert (caught.value.code, caught.value.place) == ("mapping_invalid", place)


def proposed() -> Mapping:
    part = InstrumentPart(id="peg", columns={"pain": "a", "enjoyment": "b", "activity": "c"})
    places: list[tuple[tuple[str, ...], Any]] = [
        (("keys", "patient"), "who"),
        (("instrument", "peg", "coding"), "position"),
        (("instrument", "peg"), part),
    ]
    return Mapping(proposed=tuple(Proposal(place=place, value=value, why="seen") for place, value in places))


def test_a_yes_confirms_what_it_names_and_nothing_else() -> None:
    mapping = proposed().accept("peg")
    assert [one.id for one in mapping.instrument] == ["peg"]
    assert (mapping.instrument[0].coding, mapping.keys.patient) == (None, None)
    assert [one.name for one in mapping.proposed] == ["keys.patient", "peg.coding"]
    assert mapping.accept("peg.coding").instrument[0].coding == "position"
    everything = proposed().accept()
    assert (everything.keys.patient, everything.instrument[0].coding) == ("who", "position")
    assert everything.proposed == ()


@pytest.mark.parametrize("names", [("phq9",), ("peg.coding",)])
def test_a_yes_to_what_is_not_there_is_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(ParameterError, match="accept"):
        proposed().accept(*names)


def test_what_is_proposed_is_a_comment() -> None:
    text = proposed().text()
    assert Mapping.of(tomllib.loads(text)) == Mapping()
    assert '# patient = "who"' in text.splitlines()
    assert "# [[instrument]]" in text.splitlines()

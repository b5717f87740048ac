"""The definitions in the catalog hold together; one that does not is refused by place and fact."""

from __future__ import annotations

import copy
import csv
import hashlib
import re
import tomllib
from collections.abc import Callable, Collection
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ipm_outcomes import catalog
from ipm_outcomes.definition import Instrument, parse, plain_label
from ipm_outcomes.definition._consistency import _check_digit_holds
from ipm_outcomes.errors import DefinitionError, UnknownNameError

GOLDEN = Path(__file__).parents[1] / "golden"

# The names that users' code rests on.
CLASSES = {
    "peg": "PEG",
    "phq9": "PHQ9",
    "gad7": "GAD7",
    "promis29": "PROMIS29",
    "promis29_v2_0": "PROMIS29v20",
    "pcs": "PCS",
    "nps": "NPS",
}
PROMIS_ITEMS = (
    "pfa11 pfa21 pfa23 pfa53 edanx01 edanx40 edanx41 edanx53 eddep04 eddep06 eddep29 eddep41 "
    "hi7 an3 fatexp41 fatexp40 sleep109 sleep116 sleep20 sleep44 srpper11_caps srpper18_caps srpper23_caps "
    "srpper46_caps painin9 painin22 painin31 painin34 global07"
)
ITEMS = {
    "peg": "pain enjoyment activity",
    "phq9": "q1 q2 q3 q4 q5 q6 q7 q8 q9 difficulty",
    "gad7": "q1 q2 q3 q4 q5 q6 q7 difficulty",
    "promis29": PROMIS_ITEMS,
    "promis29_v2_0": PROMIS_ITEMS,
    "pcs": "q1 q2 q3 q4 q5 q6 q7 q8 q9 q10 q11 q12 q13",
    "nps": "recommend",
}
T_SCORES = [
    "physical_function",
    "anxiety",
    "depression",
    "fatigue",
    "sleep_disturbance",
    "social_roles",
    "pain_interference",
]
PROMIS_SCALES = [*T_SCORES, "pain_intensity", "physical_summary", "mental_summary"]
SCALES = {
    "peg": ["mean"],
    "phq9": ["total", "phq8", "phq2", "syndrome"],
    "gad7": ["total", "gad2"],
    "promis29": PROMIS_SCALES,
    "promis29_v2_0": PROMIS_SCALES,
    "pcs": ["total", "rumination", "magnification", "helplessness"],
    "nps": ["rating"],
}

FIRST = tuple(CLASSES)
"""The first six, PROMIS-29 in two editions."""

CLASSES |= {
    "dvprs": "DVPRS",
    "provider_rating": "ProviderRating",
    "csq8": "CSQ8",
    "flourishing": "Flourishing",
    "pgic": "PGIC",
    "pgic_hurst_bolton": "PGICHurstBolton",
    "enps": "ENPS",
    "mini_z": "MiniZ",
    "mini_z_v2_0": "MiniZv20",
    "promis_global": "PROMISGlobal",
    "scs": "SCS",
    "scs_sf": "SCSSF",
    "prs": "PRS",
    "pam": "PAM",
    "pastor": "PASTOR",
    "wpai_gh": "WPAIGH",
    "wpai_shp": "WPAISHP",
    "promis29_2": "PROMIS29Plus2",
}
SELF_COMPASSION = (
    "self_kindness self_judgment common_humanity isolation mindfulness over_identification total"
)
FLOURISHING = (
    "happiness health meaning character relationships financial index secure_index index_sum secure_index_sum"
)
ITEMS |= {
    "dvprs": "intensity activity sleep mood stress",
    "provider_rating": "rating",
    "csq8": "q1 q2 q3 q4 q5 q6 q7 q8",
    "flourishing": "q1 q2 q3 q4 q5 q6 q7 q8 q9 q10 q11 q12",
    "pgic": "change",
    "pgic_hurst_bolton": "change",
    "enps": "recommend",
    "mini_z": "burnout",
    "mini_z_v2_0": "q1 q2 q3 q4 q5 q6 q7 q8 q9 q10",
    "promis_global": " ".join(f"global{n:02}" for n in range(1, 11)),
    "scs": " ".join(f"q{n}" for n in range(1, 27)),
    "scs_sf": " ".join(f"q{n}" for n in range(1, 13)),
    "prs": " ".join(f"q{n}" for n in range(1, 15)),
    "pam": "score",
    "pastor": (
        "pain_interference pain_interference_se physical_function physical_function_se "
        "sleep_disturbance sleep_disturbance_se sleep_related_impairment sleep_related_impairment_se "
        "fatigue fatigue_se anxiety anxiety_se depression depression_se "
        "social_satisfaction social_satisfaction_se pain_average pain_worst"
    ),
    "wpai_gh": "employed hours_missed hours_missed_other hours_worked productivity activity",
    "wpai_shp": (
        "employed hours_missed_problem hours_missed_health hours_missed_other hours_worked productivity_problem "
        "productivity_health activity_problem activity_health"
    ),
    "promis29_2": f"{PROMIS_ITEMS} pc6r pc27r",
}
SCALES |= {
    "dvprs": ["intensity", "activity", "sleep", "mood", "stress"],
    "provider_rating": ["rating", "linear_score"],
    "csq8": ["total"],
    "flourishing": FLOURISHING.split(),
    "pgic": ["rating"],
    "pgic_hurst_bolton": ["rating"],
    "enps": ["rating"],
    "mini_z": ["burnout"],
    "mini_z_v2_0": ["total"],
    "promis_global": ["physical_health", "mental_health", "general_health", "social_roles", "pain_intensity"],
    "scs": SELF_COMPASSION.split(),
    "scs_sf": SELF_COMPASSION.split(),
    "prs": ["total", "cognitive_affective_positivity", "behavioral_perseverance"],
    "pam": ["score"],
    "pastor": [
        "pain_interference",
        "physical_function",
        "sleep_disturbance",
        "sleep_related_impairment",
        "fatigue",
        "anxiety",
        "depression",
        "social_satisfaction",
        "pain_average",
        "pain_worst",
    ],
    "wpai_gh": ["absenteeism", "presenteeism", "overall", "activity"],
    "wpai_shp": [
        *("absenteeism", "presenteeism", "overall", "activity"),
        *("absenteeism_all", "presenteeism_all", "overall_all", "activity_all"),
    ],
    "promis29_2": [*PROMIS_SCALES, "cognitive_function", "propr"],
}
FURTHER_RULES = {
    ("phq9", "total"): [("prorate", 2)],
    ("wpai_gh", "overall"): [("no_hours_worked", 1)],
    ("wpai_shp", "overall"): [("no_hours_worked", 1)],
    ("wpai_shp", "overall_all"): [("no_hours_worked", 2)],
}
LOWER_IS_WORSE = {
    "provider_rating", "csq8", "flourishing", "pgic_hurst_bolton", "enps", "nps", "mini_z_v2_0", "prs", "pam",
}  # fmt: skip
"""Instruments of which a high score of every scale is good."""


def of_each(ids: Collection[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("inst", [catalog.instrument(id) for id in ids], ids=list(ids))


each = of_each(catalog.instruments())
listed = of_each(CLASSES)
"""What is in the tables above; later instruments are in `golden/facts`."""


def content(name: str) -> dict[str, Any]:
    """Content of a definition in the catalog, free to be changed."""
    return tomllib.loads((catalog.shelf() / f"{name}.toml").read_text(encoding="utf-8"), parse_float=Decimal)


def entry(entries: list[dict[str, Any]], id: str) -> dict[str, Any]:
    return next(e for e in entries if e["id"] == id)


@listed
def test_names_of_the_contract(inst: Instrument) -> None:
    assert inst.class_name == CLASSES[inst.id]
    assert list(inst.item_ids) == ITEMS[inst.id].split()
    assert list(inst.scale_ids) == SCALES[inst.id]


@each
def test_every_fact_names_known_sources_and_every_source_is_named(inst: Instrument) -> None:
    facts = dict(inst.facts())
    assert len(facts) > 2
    named = {key for fact in facts.values() for key in fact.source}
    assert named == {source.key for source in inst.sources}


@each
def test_numbers_are_exact(inst: Instrument) -> None:
    def numbers(part: object) -> list[object]:
        if isinstance(part, dict):
            return [n for value in part.values() for n in numbers(value)]
        if isinstance(part, (tuple, list)):
            return [n for value in part for n in numbers(value)]
        return [part]

    assert not [n for n in numbers(inst.model_dump()) if isinstance(n, float)]


@each
def test_wording_ships_only_where_the_owner_lets_it(inst: Instrument) -> None:
    free = inst.id in ("peg", "phq9", "gad7")
    assert inst.license.wording is free
    worded = {item.id for item in inst.items if item.wording}
    # The wording of the difficulty question of the GAD-7 was not read in any source.
    assert worded == (
        (set(inst.item_ids) - {"difficulty"} if inst.id == "gad7" else set(inst.item_ids)) if free else set()
    )


@listed
def test_the_default_missing_rule_is_the_strictest(inst: Instrument) -> None:
    for scale in inst.scales:
        assert (scale.missing[0].id, scale.missing[0].at_most) == ("complete", 0)
        others = [(rule.id, rule.at_most) for rule in scale.missing[1:]]
        assert others == FURTHER_RULES.get((inst.id, scale.id), [])


@listed
def test_direction(inst: Instrument) -> None:
    better_high = {"physical_function", "social_roles", "physical_summary", "mental_summary"}
    better_high |= {
        "physical_health",
        "mental_health",
        "general_health",
        "social_satisfaction",
        "cognitive_function",
        "propr",
    }
    if inst.id in ("scs", "scs_sf"):
        better_high |= {"self_kindness", "common_humanity", "mindfulness", "total"}
    for scale in inst.scales:
        lower = scale.id in better_high or inst.id in LOWER_IS_WORSE
        expected = None if scale.id == "syndrome" else "lower" if lower else "higher"
        assert scale.worse == expected, scale.id


@pytest.mark.parametrize("id", FIRST)
def test_nothing_is_reversed_or_recoded(id: str) -> None:
    inst = catalog.instrument(id)
    for item in inst.item_ids:
        assert all(code == points for code, points in inst.points(item).items())


def test_unscored_questions() -> None:
    assert [i.id for i in catalog.instrument("phq9").items if i.unscored] == ["difficulty"]
    assert [i.id for i in catalog.instrument("gad7").items if i.unscored] == ["difficulty"]


def test_printed_order_of_promis_answers() -> None:
    # The number beside the option: without difficulty 5, very poor sleep 5, refreshing not at all 5, never 5.
    inst = catalog.instrument("promis29")
    printed = {item: inst.answers_of(item).options[0] for item in inst.item_ids if item != "global07"}
    assert {(printed[i].code, printed[i].label) for i in ("pfa11", "pfa53")} == {
        (5, "Without any difficulty")
    }
    assert (printed["sleep109"].code, printed["sleep109"].label) == (5, "Very poor")
    assert (printed["sleep116"].code, printed["sleep116"].label) == (5, "Not at all")
    assert (printed["sleep20"].code, printed["sleep20"].label) == (1, "Not at all")
    assert (printed["srpper11_caps"].code, printed["srpper11_caps"].label) == (5, "Never")
    assert (printed["edanx01"].code, printed["edanx01"].label) == (1, "Never")
    assert inst.labels("srpper46_caps")["usually"] == 2


def test_deviant_labels_of_the_gad7() -> None:
    inst = catalog.instrument("gad7")
    for item in ("q1", "q7"):
        assert inst.labels(item)["not at all sure"] == 0
        assert inst.labels(item)["over half the days"] == 2
    assert inst.labels("q2")[plain_label("More days than not")] == 2
    assert "more days than not" not in inst.labels("q1")


def test_editions_differ_in_physical_function_only() -> None:
    new, old = catalog.instrument("promis29"), catalog.instrument("promis29_v2_0")
    rows = {
        i.edition: {s.id: s.conversion.rows for s in i.scales if s.conversion is not None} for i in (new, old)
    }
    assert {s for s in rows["v2.1"] if rows["v2.1"][s] != rows["v2.0"][s]} == {"physical_function"}
    # Ends of the two calibrations as the editions are distinguished: 22.5 to 57.0 and 22.9 to 56.9.
    assert [str(v) for v in new.scale("physical_function").range or ()] == ["22.5", "57.0"]
    assert [str(v) for v in old.scale("physical_function").range or ()] == ["22.9", "56.9"]


@pytest.mark.parametrize("name", ["promis29", "promis29_v2_0"])
def test_no_table_value_lies_on_a_band_boundary(name: str) -> None:
    # Sources differ on the band of a boundary; the choice made must not matter for a table score.
    for scale in catalog.instrument(name).scales:
        if scale.conversion and scale.bands:
            inner = {band.low for band in scale.bands.of[1:]}
            assert not inner & {row.value for row in scale.conversion.rows}


# instrument, scale, threshold, kind, value, read in:
THRESHOLDS = [
    ("peg", "mean", "important", "points", "1"),  # IMMPACT, Dworkin 2008
    ("peg", "mean", "responder_30", "percent", "30"),  # opioid guidance
    ("phq9", "total", "important", "points", "5"),  # Loewe 2004
    ("phq9", "total", "responder_50", "percent", "50"),  # CBE 1884 and 1885
    ("phq9", "total", "remission", "below", "5"),  # CMS159
    ("phq9", "total", "reliable_nhs", "points", "6"),  # NHS Talking Therapies
    ("gad7", "total", "important", "points", "4"),  # Toussaint 2020
    ("gad7", "total", "reliable_nhs", "points", "4"),  # NHS Talking Therapies
    ("pcs", "total", "important", "points", "8"),  # Monticone 2022
    ("pcs", "total", "important_high_baseline", "points", "11"),  # Monticone 2022, baseline above 30
    ("promis29", "pain_interference", "important", "points", "3"),  # Chen 2018, upper end of 2 to 3
    ("promis29", "depression", "important", "points", "3.5"),  # Kroenke 2020
    ("promis29", "anxiety", "important", "points", "3.4"),  # Lee 2017, upper end
    ("promis29", "physical_function", "important", "points", "2.2"),  # Lee 2017, upper end
    ("promis29", "pain_intensity", "responder_30", "percent", "30"),  # IMMPACT
]


@pytest.mark.parametrize(("inst", "scale", "id", "kind", "value"), THRESHOLDS)
def test_thresholds(inst: str, scale: str, id: str, kind: str, value: str) -> None:
    found = catalog.instrument(inst).scale(scale).threshold(id)
    assert found is not None
    assert (found.kind, found.value) == (kind, Decimal(value))


@pytest.mark.parametrize("name", ["promis29", "promis29_v2_0"])
def test_no_percent_of_a_t_score(name: str) -> None:
    inst = catalog.instrument(name)
    assert not any(inst.scale(s).ratio for s in PROMIS_SCALES if s != "pain_intensity")
    for scale in ("fatigue", "sleep_disturbance", "social_roles"):
        assert inst.scale(scale).threshold("important") is None


def loinc_codes() -> list[str]:
    text = "".join((catalog.shelf() / f"{i}.toml").read_text(encoding="utf-8") for i in catalog.instruments())
    return sorted(set(re.findall(r'"((?:LA)?\d{3,6}-\d)"', text)))


def test_every_other_check_digit_is_refused() -> None:
    codes = loinc_codes()
    assert "44261-6" in codes
    assert "LA18938-3" in codes
    for code in codes:
        body, right = code.split("-")
        assert [digit for digit in "0123456789" if _check_digit_holds(f"{body}-{digit}")] == [right]
    for code in ("44261-6", "LA18938-3"):
        body, right = code.split("-")
        for digit in "0123456789":
            data = content("phq9")
            if body.startswith("LA"):
                data["answers"]["frequency"]["options"][0][2] = f"{body}-{digit}"
            else:
                data["items"][0]["loinc"] = f"{body}-{digit}"
            if digit == right:
                parse(data, file="f.toml")
            else:
                with pytest.raises(DefinitionError, match=f"^f.toml: loinc: {body}-{digit} fails"):
                    parse(data, file="f.toml")


@each
def test_golden_cases_name_items_and_scales(inst: Instrument) -> None:
    with (GOLDEN / f"{inst.id}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    known = {"source", "missing", *inst.item_ids} | {
        f"{scale}_{column}" for scale in inst.scale_ids for column in ("value", "band", "se", "absent")
    }
    assert set(rows[0]) <= known
    for scale in inst.scale_ids:
        reasons = {row[f"{scale}_absent"] for row in rows}
        assert "" in reasons
        assert len(reasons) > 1, f"no case without a score of {scale}"
    for row in rows:
        assert row["source"]
        for scale in inst.scale_ids:
            assert bool(row[f"{scale}_value"]) != bool(row[f"{scale}_absent"]), row


def test_digest_does_not_depend_on_line_ends(tmp_path: Path) -> None:
    unix = (catalog.shelf() / "peg.toml").read_bytes().replace(b"\r\n", b"\n")
    file = tmp_path / "peg.toml"
    file.write_bytes(unix.replace(b"\n", b"\r\n"))
    assert catalog.read(file) == catalog.instrument("peg")
    assert catalog.read(file).digest == hashlib.sha256(unix).hexdigest()


def test_unknown_instrument_lists_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match=r"no instrument 'phq10'.*phq9"):
        catalog.instrument("phq10")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("other.toml", (catalog.shelf() / "peg.toml").read_bytes(), r"^other.toml: id: the id 'peg' differs"),
        ("peg.toml", b"id = ", r"^peg.toml: not a TOML file"),
        ("peg.toml", b"\xff\xfe", r"^peg.toml: not a TOML file"),
        ("peg.toml", b"", r"^peg.toml: id: this key is required and missing"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, text: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(text)
    with pytest.raises(DefinitionError, match=message):
        catalog.read(tmp_path / name)


Change = Callable[[dict[str, Any]], object]
BAD: list[tuple[str, str, Change, str, str]] = []


def total(data: dict[str, Any]) -> dict[str, Any]:
    return entry(data["scales"], "total")


def spoil(what: str, name: str, place: str, fact: str, change: Change) -> None:
    """Take a sound definition, spoil it, expect this place and this fact."""
    BAD.append((what, name, change, place, fact))


REQUIRED = "this key is required and missing"
spoil("scale unsourced", "phq9", "scales.total.source", REQUIRED, lambda d: total(d).pop("source"))
spoil(
    "threshold unsourced",
    "phq9",
    "scales.total.thresholds.important.source",
    REQUIRED,
    lambda d: total(d)["thresholds"][0].pop("source"),
)
spoil(
    "evidence left out",
    "phq9",
    "scales.total.missing.complete.evidence",
    REQUIRED,
    lambda d: total(d)["missing"][0].pop("evidence"),
)
spoil(
    "constant unsourced",
    "pcs",
    "scales.total.constants.entry 1.source",
    REQUIRED,
    lambda d: total(d)["constants"][0].pop("source"),
)
spoil(
    "no source in the list",
    "phq9",
    "scales.total.bands.source",
    "at least 1 item",
    lambda d: total(d)["bands"].update(source=[]),
)
spoil(
    "unknown source",
    "phq9",
    "scales.total.bands",
    "the source 'smith_1900' is not among the sources",
    lambda d: total(d)["bands"].update(source="smith_1900"),
)
spoil(
    "unknown evidence",
    "phq9",
    "scales.total.evidence",
    "Input should be '2+'",
    lambda d: total(d).update(evidence="3"),
)
spoil("unknown key at the top", "phq9", "color", "there is no such key", lambda d: d.update(color="blue"))
spoil("digest of one's own", "phq9", "digest", "there is no such key", lambda d: d.update(digest="0" * 64))
spoil(
    "unknown key of a scale",
    "phq9",
    "scales.total.maximum",
    "there is no such key",
    lambda d: total(d).update(maximum=27),
)
spoil(
    "unknown key of an item",
    "phq9",
    "items.q3.text",
    "there is no such key",
    lambda d: d["items"][2].update(text="x"),
)
spoil(
    "bands overlap",
    "phq9",
    "scales.total.bands",
    "'minimal' and 'mild' overlap at 4",
    lambda d: total(d)["bands"]["of"][1].__setitem__(0, 4),
)
spoil(
    "bands leave a gap",
    "phq9",
    "scales.total.bands",
    "gap between 'minimal' and 'mild': 4 to 6",
    lambda d: total(d)["bands"]["of"][1].__setitem__(0, 6),
)
spoil(
    "bands end early",
    "phq9",
    "scales.total.bands",
    "they reach 26, the scale 27",
    lambda d: total(d)["bands"]["of"][-1].__setitem__(1, 26),
)
spoil(
    "bands begin late",
    "phq9",
    "scales.total.bands",
    "they reach 1, the scale 0",
    lambda d: total(d)["bands"]["of"][0].__setitem__(0, 1),
)
spoil(
    "bands of one name",
    "phq9",
    "scales.total.bands",
    "the label 'mild' appears 2 times",
    lambda d: total(d)["bands"]["of"][2].__setitem__(2, "mild"),
)
spoil(
    "band upside down",
    "gad7",
    "scales.total.bands",
    "'severe' ends before it begins",
    lambda d: total(d)["bands"]["of"][3].__setitem__(1, 14),
)
spoil(
    "gap in continuous bands",
    "promis29",
    "scales.anxiety.bands",
    "gap between 'mild' and 'moderate': 60 to 60.1",
    lambda d: entry(d["scales"], "anxiety")["bands"]["of"][2].__setitem__(0, Decimal("60.1")),
)
spoil(
    "a row too long",
    "phq9",
    "scales.total.bands.of.entry 1",
    "a row holds low, high, label, evidence; 5 entries",
    lambda d: total(d)["bands"]["of"][0].extend(["1", 1]),
)


def rows(data: dict[str, Any]) -> list[list[Any]]:
    found: list[list[Any]] = entry(data["scales"], "physical_function")["conversion"]["rows"]
    return found


PF = "scales.physical_function.conversion"
spoil(
    "table falls",
    "promis29",
    PF,
    "must rise with the raw sum, and does not at raw 7",
    lambda d: rows(d)[3].__setitem__(1, Decimal("28.9")),
)
spoil(
    "table lacks a row",
    "promis29",
    PF,
    "must run from 4 to 20 without gap or repeat",
    lambda d: rows(d).pop(3),
)
spoil(
    "table repeats a row",
    "promis29",
    PF,
    "must run from 4 to 20 without gap or repeat",
    lambda d: rows(d).insert(3, rows(d)[3]),
)
spoil(
    "error of zero",
    "promis29",
    PF,
    "standard error above 0, or none has one",
    lambda d: rows(d)[3].__setitem__(2, 0),
)
spoil(
    "error left out once",
    "promis29",
    PF,
    "standard error above 0, or none has one",
    lambda d: rows(d)[3].pop(),
)
spoil("binary float", "promis29", f"{PF}.rows.entry 4.value", "", lambda d: rows(d)[3].__setitem__(1, 30.5))
spoil(
    "not a number",
    "promis29",
    f"{PF}.rows.entry 4.value",
    "",
    lambda d: rows(d)[3].__setitem__(1, Decimal("nan")),
)
spoil(
    "number as text",
    "phq9",
    "scales.total.thresholds.important.value",
    "",
    lambda d: total(d)["thresholds"][0].update(value="5"),
)
spoil(
    "truth as a number",
    "phq9",
    "scales.total.missing.complete.at_most",
    "",
    lambda d: total(d)["missing"][0].update(at_most=True),
)

spoil(
    "orphan item",
    "peg",
    "items.sleep",
    "is in no scale and not marked unscored",
    lambda d: d["items"].append({"id": "sleep", "gist": "sleep", "answers": "pain"}),
)
spoil(
    "unscored item in a scale",
    "phq9",
    "items.q1",
    "is marked unscored but stands in a scale",
    lambda d: d["items"][0].update(unscored=True),
)
spoil(
    "no such item",
    "phq9",
    "scales.total.items",
    "there is no item 'q10'",
    lambda d: total(d)["items"].append("q10"),
)
spoil(
    "item twice in a scale",
    "phq9",
    "scales.total.items",
    "'q9' appears 2 times",
    lambda d: total(d)["items"].append("q9"),
)
spoil(
    "item id repeated",
    "phq9",
    "items",
    "'q1' appears 2 times",
    lambda d: d["items"].append(dict(d["items"][0])),
)
spoil(
    "scale id repeated",
    "phq9",
    "scales",
    "'total' appears 2 times",
    lambda d: d["scales"].append(copy.deepcopy(total(d))),
)
spoil(
    "flag id repeated",
    "phq9",
    "flags",
    "'self_harm' appears 2 times",
    lambda d: d["flags"].append(dict(d["flags"][0])),
)
spoil(
    "source key repeated",
    "phq9",
    "sources",
    "'kroenke_2001' appears 2 times",
    lambda d: d["sources"].append(dict(d["sources"][0])),
)
spoil(
    "threshold id repeated",
    "phq9",
    "scales.total.thresholds",
    "'important' appears 2 times",
    lambda d: total(d)["thresholds"].append(dict(total(d)["thresholds"][0])),
)
spoil(
    "cut-off id repeated",
    "phq9",
    "scales.total.cutoffs",
    "'major_depression' appears 2 times",
    lambda d: total(d)["cutoffs"].append(dict(total(d)["cutoffs"][0])),
)
spoil(
    "missing rule repeated",
    "phq9",
    "scales.total.missing",
    "'prorate' appears 2 times",
    lambda d: total(d)["missing"].append(dict(total(d)["missing"][1])),
)
spoil("capital in an id", "phq9", "items.Q1.id", "", lambda d: d["items"][0].update(id="Q1"))
spoil(
    "wording not free",
    "pcs",
    "items.q1",
    "the license does not let the wording ship",
    lambda d: d["items"][0].update(wording="Any words"),
)

spoil(
    "no such answer list",
    "phq9",
    "items.q1",
    "there is no answer list 'agree'",
    lambda d: d["items"][0].update(answers="agree"),
)
spoil(
    "answer list unused",
    "peg",
    "answers.spare",
    "no item uses this answer list",
    lambda d: d["answers"].update(spare=dict(d["answers"]["pain"])),
)
spoil(
    "gap in the codes",
    "phq9",
    "answers.frequency",
    "without gap or repeat",
    lambda d: d["answers"]["frequency"]["options"].pop(1),
)
spoil(
    "label for two answers",
    "phq9",
    "answers.frequency",
    "the label 'several days' belongs to two",
    lambda d: d["answers"]["frequency"]["options"][2].__setitem__(1, "Several  DAYS"),
)
spoil(
    "options and range",
    "peg",
    "answers.pain",
    "either options or a range",
    lambda d: d["answers"]["pain"].update(options=[[0, "no"], [1, "yes"]]),
)
spoil(
    "range falls",
    "peg",
    "answers.pain",
    "the range must rise",
    lambda d: d["answers"]["pain"].update(range=[10, 0]),
)
spoil(
    "further label of no answer",
    "gad7",
    "items.q1",
    "stands for 4, which is no answer",
    lambda d: d["items"][0]["also"][0].update(code=4),
)
spoil(
    "further label of another answer",
    "gad7",
    "items.q1",
    "the label 'Several days' belongs to two answers",
    lambda d: d["items"][0]["also"][0].update(label="Several days"),
)
spoil(
    "recode leaves one out",
    "phq9",
    "items.q1",
    "the recode must name each of the answers [0, 1, 2, 3] once",
    lambda d: d["items"][0].update(recode=[[0, 3], [1, 2], [2, 1]]),
)
spoil(
    "items of two ranges with one missing",
    "phq9",
    "scales.total.missing.prorate",
    "needs items of one range",
    lambda d: d["items"][0].update(recode=[[0, 0], [1, 1], [2, 2], [3, 4]]),
)
spoil(
    "recoded and reversed",
    "phq9",
    "items.q1",
    "either recoded or reversed",
    lambda d: d["items"][0].update(reverse=True, recode=[[0, 3], [1, 2], [2, 1], [3, 0]]),
)

spoil(
    "wrong check digit",
    "phq9",
    "loinc",
    "44250-8 fails the LOINC check digit",
    lambda d: d["items"][0].update(loinc="44250-8"),
)
spoil(
    "wrong check digit of a scale",
    "pcs",
    "loinc",
    "86351-6 fails the LOINC check digit",
    lambda d: (d.update(loinc={"source": "rmd", "evidence": "1"}), total(d).update(loinc="86351-6")),
)
spoil(
    "wrong check digit of an answer",
    "phq9",
    "loinc",
    "LA6568-6 fails the LOINC check digit",
    lambda d: d["answers"]["frequency"]["options"][0].__setitem__(2, "LA6568-6"),
)
spoil("item codes unsourced", "phq9", "items.q1", "no [loinc] table says where", lambda d: d.pop("loinc"))

spoil(
    "wrong range",
    "phq9",
    "scales.total.range",
    "the items give a range of 0 to 27",
    lambda d: total(d).update(range=[0, 28]),
)
spoil(
    "range left out",
    "phq9",
    "scales.total.range",
    "the items give a range of 0 to 27",
    lambda d: total(d).pop("range"),
)
spoil(
    "direction left out",
    "phq9",
    "scales.total.worse",
    "a higher or a lower value is worse",
    lambda d: total(d).pop("worse"),
)
spoil(
    "sum too large to tally",
    "peg",
    "scales.mean.items",
    "this scale reaches 300",
    lambda d: [d["answers"][a].update(range=[0, 100]) for a in ("pain", "interference")],
)
spoil(
    "kind without its part",
    "phq9",
    "scales.total",
    "a scale has conversion if, and only if, its kind is 'table'",
    lambda d: total(d).update(kind="table"),
)
spoil(
    "default rule not strict",
    "phq9",
    "scales.total.missing",
    "must be the strictest",
    lambda d: total(d)["missing"].reverse(),
)
spoil(
    "prorated table",
    "promis29",
    "scales.anxiety.missing.prorate",
    "'table' has no score with items missing",
    lambda d: entry(d["scales"], "anxiety")["missing"].append(
        {"id": "prorate", "at_most": 1, "source": "m1", "evidence": "1"}
    ),
)
spoil(
    "prorated from nothing",
    "phq9",
    "scales.total.missing.prorate",
    "at least one item must be answered",
    lambda d: total(d)["missing"][1].update(at_most=9),
)
spoil(
    "percent of a T-score",
    "promis29",
    "scales.anxiety.thresholds.responder_30",
    "percent change needs a scale whose 0 means none",
    lambda d: entry(d["scales"], "anxiety")["thresholds"][0].update(
        id="responder_30", kind="percent", value=30
    ),
)
spoil(
    "threshold of zero",
    "phq9",
    "scales.total.thresholds.important",
    "a threshold is a positive number",
    lambda d: total(d)["thresholds"][0].update(value=0),
)
spoil(
    "cut-off off the scale",
    "phq9",
    "scales.total.cutoffs.major_depression",
    "28 lies outside the range",
    lambda d: total(d)["cutoffs"][0].update(value=28),
)

spoil(
    "flag of no item",
    "phq9",
    "flags.self_harm",
    "there is no item 'q10'",
    lambda d: d["flags"][0].update(item="q10"),
)
spoil(
    "flag from no answer",
    "phq9",
    "flags.self_harm",
    "9 is no answer of item 'q9'",
    lambda d: d["flags"][0].update(raised_from=9),
)


def counts(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = entry(data["scales"], "syndrome")["counts"]
    return found


spoil(
    "no outcome for some counts",
    "phq9",
    "scales.syndrome.counts",
    "no outcome for 0 core items and 0 items in all",
    lambda d: counts(d)["outcomes"].pop(),
)
spoil(
    "core item elsewhere",
    "phq9",
    "scales.syndrome.counts",
    "'difficulty' is not among the items",
    lambda d: counts(d)["core"].append("difficulty"),
)
spoil(
    "count above every answer",
    "phq9",
    "scales.syndrome.counts",
    "the threshold of 'q9' is none of its answers",
    lambda d: counts(d).update(except_for={"q9": 4}),
)


def weighted(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = entry(data["scales"], "mental_summary")["weighted"]
    return found


MENTAL = "scales.mental_summary.weighted"
spoil(
    "term not standardized",
    "promis29",
    MENTAL,
    "must be the same",
    lambda d: weighted(d)["standardize"].pop("fatigue"),
)
spoil(
    "no such component",
    "promis29",
    MENTAL,
    "there is no scale 'joy'",
    lambda d: (
        weighted(d)["standardize"].update(joy=[50, 10]),
        weighted(d)["terms"][0]["scales"].append("joy"),
    ),
)
spoil(
    "component is a summary",
    "promis29",
    MENTAL,
    "'physical_summary' is not a scale of items",
    lambda d: (
        weighted(d)["standardize"].update(physical_summary=[50, 10]),
        weighted(d)["terms"][0]["scales"].append("physical_summary"),
    ),
)
spoil(
    "unit of zero",
    "promis29",
    MENTAL,
    "the unit of 'fatigue' must be above 0",
    lambda d: weighted(d)["standardize"].update(fatigue=[50, 0]),
)
spoil(
    "weighted scale with items",
    "promis29",
    "scales.mental_summary",
    "a weighted scale or a utility rests on other scales",
    lambda d: entry(d["scales"], "mental_summary").update(items=["global07"]),
)


for sign in ("\n", "\r", "\t", "\0", "\x1b", "\x85", "\u2028"):
    spoil(
        f"title with {sign!r}",
        "peg",
        "title",
        "line break or a control character",
        lambda d, sign=sign: d.update(title=f"a{sign}b"),
    )
    spoil(
        f"end of a rating with {sign!r}",
        "peg",
        "answers.pain.low",
        "line break or a control character",
        lambda d, sign=sign: d["answers"]["pain"].update(low=f"a{sign}b"),
    )


@pytest.mark.parametrize(("name", "change", "place", "fact"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_a_definition_that_does_not_hold_together_is_refused(
    name: str, change: Change, place: str, fact: str
) -> None:
    data = content(name)
    parse(data, file="bad.toml")
    change(data)
    with pytest.raises(DefinitionError) as caught:
        parse(data, file="bad.toml")
    assert str(caught.value).startswith(f"bad.toml: {place}: ")
    assert fact in str(caught.value)


OWN_KEY = """
id = "prs_own"
class = "PRSOwn"
extends = "prs"
sources = [{ key = "mine", cite = "Key of our own" }]

[[scales]]
id = "behavioral_perseverance"
items = ["q10", "q11", "q12", "q13", "q14"]
source = "mine"
evidence = "1"

[[scales]]
id = "extra"
title = "Two of them"
kind = "sum"
worse = "lower"
range = [0, 8]
items = ["q1", "q2"]
source = "mine"
evidence = "1"
missing = [{ id = "complete", source = "mine", evidence = "1" }]
"""


def test_a_definition_says_only_what_differs_from_the_one_it_extends(tmp_path: Path) -> None:
    file = tmp_path / "prs_own.toml"
    file.write_text(OWN_KEY, encoding="utf-8")
    mine, base = catalog.read(file), catalog.instrument("prs")
    assert (mine.id, mine.class_name, mine.title) == ("prs_own", "PRSOwn", base.title)
    assert mine.item_ids == base.item_ids
    assert mine.scale_ids == (*base.scale_ids, "extra")
    changed = mine.scale("behavioral_perseverance")
    assert changed.items == ("q10", "q11", "q12", "q13", "q14")
    assert (changed.source, changed.evidence) == (("mine",), "1")
    assert changed.constants == base.scale("behavioral_perseverance").constants
    assert mine.scale("total") == base.scale("total")
    assert mine.source("mine").cite == "Key of our own"
    assert mine.source("slepian_2016") == base.source("slepian_2016")
    before = mine.digest
    file.write_text(OWN_KEY + "# a word more", encoding="utf-8")
    assert len({before, catalog.read(file).digest, base.digest}) == 3


@pytest.mark.parametrize("given", ["'phq10'", "5", "['prs']"])
def test_what_extends_nothing_is_refused(tmp_path: Path, given: str) -> None:
    file = tmp_path / "prs_own.toml"
    file.write_text(OWN_KEY.replace('"prs"', given), encoding="utf-8")
    with pytest.raises(DefinitionError, match="extends: there is no instrument of this id"):
        catalog.read(file)


def test_an_overlay_is_checked_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "prs_own.toml"
    file.write_text(OWN_KEY.replace('"q14"]', '"q14", "q1"]'), encoding="utf-8")
    with pytest.raises(
        DefinitionError, match=r"behavioral_perseverance.range: the items give a range of 0 to 24"
    ):
        catalog.read(file)


@pytest.mark.parametrize(
    ("id", "lead"), [("nps", "rating"), ("phq9", "total"), ("promis29", "physical_function")]
)
def test_without_a_named_lead_scale_the_first_that_is_a_number_leads(
    tmp_path: Path, id: str, lead: str
) -> None:
    text = (Path(__file__).parents[2] / "instruments" / f"{id}.toml").read_text(encoding="utf-8")
    file = tmp_path / f"{id}.toml"
    file.write_text(re.sub(r"(?m)^lead = .*\n", "", text), encoding="utf-8")
    assert catalog.read(file).lead_scale.id == lead

"""The rows of `golden/facts` against the collected reference, which is not part of the project.

Prose: each row names a file and words of a passage; every number and label of the row stands there, and a mark of its
strength. Tables (LOINC codes, PROMIS items, conversions, bands, weights) are compared cell by cell.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cases import GOLDEN

import ipm_outcomes as ipm

FOLDERS = ("instruments", "promis", "")
MARKS = {
    "2+": r"\[2\+|\[1\b.*\[1\b",
    "1": r"\[1\b|peer code|between copies",
    "derived": r"derived|\bimplies\b|missing is missing",
    "unverified": r"unverified|not read|not found|none found|none published|no published",
}
"""What the reference writes where it gives a fact of that strength; its PROMIS part uses other words."""

IN_TABLES = (
    r"^$|^items\.\w+$|^answers\.\w+$|^loinc$|scales\.\w+\.conversion$|scales\.\w+\.bands$|"
    r"^scales\.(?!pain_intensity|\w+_summary|propr)\w+$|^scales\.propr\.utility$"
)
"""Parts of the PROMIS editions that are compared with tables, so their rows name no passage; also items elsewhere."""

NO_PASSAGE = {
    "phq9": ["scales.phq2.missing.complete", "scales.syndrome.missing.complete"],
    "peg": ["scales.mean.thresholds.responder_50"],
    "pam": ["scales.score.missing.complete"],
    "promis29": ["scales.pain_intensity.missing.complete"],
    "promis29_v2_0": ["scales.pain_intensity.missing.complete"],
    "promis29_2": ["scales.pain_intensity.missing.complete"],
}
"""The strictest reading where no source says anything: unverified, or a consequence of having one question."""


OWN_WORDS = {
    "below top box", "below the mark", "much or very much improved", "joyful workplace", "not favorable",
    "favorable", "not much improved", "most favorable answer", "second most favorable answer",
    "third most favorable answer", "least favorable answer",
}  # fmt: skip
"""Words of our own, where the reference has none or the owner lets none ship."""


WORKED = {
    # A T-score is 50 + 10 x theta, on a grid of theta from -4 to 4: 50 - 40 and 50 + 40; errors come in hundredths.
    "pastor": {"10", "90", "0.01"},
    # A week has 7 x 24 hours; of the answers to one rating, or two, none needs be there.
    "wpai_gh": {"168", "1"},
    "wpai_shp": {"168", "1", "2"},
}
"""Numbers worked out from those of the passage."""


def golden_rows(id: str) -> list[dict[str, str]]:
    with (GOLDEN / "facts" / f"{id}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


Find = Callable[[str], Path]


def table(real: Find, name: str) -> list[dict[str, str]]:
    with real(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def passage(text: str, words: str) -> str:
    """The line with these words, or the whole section where they are its heading."""
    lines = text.splitlines()
    pattern = re.escape(words).replace(r"\ \.\ ", r" \| ")
    found = [n for n, line in enumerate(lines) if re.search(pattern, line)]
    assert found, f"the reference has no passage {words!r} any more"
    if not words.startswith("## "):
        return "\n".join(lines[n] for n in found)
    end = next((n for n in range(found[0] + 1, len(lines)) if lines[n].startswith("## ")), len(lines))
    return "\n".join(lines[found[0] : end])


def heading(text: str, words: str) -> str:
    """The heading above a passage, whose mark holds for what has none of its own."""
    pattern = re.escape(words).replace(r"\ \.\ ", r" \| ")
    at = re.search(pattern, text)
    assert at
    return next(line for line in reversed(text[: at.start() + 1].splitlines()) if line.startswith("#"))


def read(real: Find, name: str) -> str:
    for folder in FOLDERS:
        for ending in real("measures.md").parent.glob(f"{folder}/{name}" if folder else name):
            return ending.read_text(encoding="utf-8")
    raise AssertionError(f"the reference has no file {name}")


def passages(real: Find, row: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Each passage that a row names, with the heading above it."""
    name = ""
    for one in row["reference"].split("; "):
        if named := re.match(r"(\w+\.(?:md|csv)): ", one):
            name, one = named[1], one[named.end() :]
        text = read(real, name)
        yield passage(text, one), heading(text, one) if name.endswith(".md") else ""


def decided(value: str) -> list[str]:
    """Numbers and labels of a row; LOINC codes are looked up in their table."""
    found = []
    for part in value.split("; "):
        name, _, what = part.partition("=")
        if name in (
            "kind",
            "worse",
            "including",
            "edge",
            "ratio",
            "unscored",
            "items",
            "scales",
            "missing",
            "answers",
            "step",
            "se_item",
        ):
            continue
        if name in ("domain", "status", "wording", "class", "loinc", "item", "except_for", "core", "code"):
            continue
        what = re.sub(r"\bLA\d+-\d\b", "", what)
        found += [what] if name in ("label", "low", "high", "panel") else re.findall(r"\d+(?:\.\d+)?", what)
        if name in ("options", "of"):
            words = re.findall(r"[A-Za-z][A-Za-z ]*[A-Za-z]", what)
            found += [word.removesuffix(" unverified") for word in words if word.casefold() not in OWN_WORDS]
    return found


def stands_in(what: str, text: str) -> bool:
    """A number as a number of its own, 0.90 also as .90 or 0.9; a label in any case."""
    if re.fullmatch(r"\d+(\.\d+)?", what):
        plain = re.sub(r"(?<=\d),(?=\d{3})", "", text)
        for low, high in re.findall(r"\b(\d{1,2})-(\d{1,2})\b", plain):
            plain += "".join(f" {n}" for n in range(int(low), int(high) + 1))
        return any(float(number) == float(what) for number in re.findall(r"\d+(?:\.\d+)?", plain))
    return what.casefold() in text.casefold()


CASES = [
    (id, row)
    for id in ipm.instruments()
    for row in golden_rows(id)
    # What was read at its publisher's own address is not in the collection.
    if row["reference"] and not row["reference"].startswith("https://")
]


@pytest.mark.parametrize("id", ipm.instruments())
def test_every_row_was_read_somewhere(id: str) -> None:
    promis = id.startswith("promis")
    unread = [row["place"] for row in golden_rows(id) if not row["reference"]]
    in_tables = IN_TABLES if promis else r"^items\.\w+$"
    assert [place for place in unread if not re.search(in_tables, place)] == NO_PASSAGE.get(id, [])


@pytest.mark.parametrize(
    ("id", "row"),
    CASES,
    ids=[f"{id}-{row['place']}" for id, row in CASES],
)
def test_the_passage_says_so(id: str, row: dict[str, str], real: Find) -> None:
    found = list(passages(real, row))
    text = "\n".join(one for one, _ in found)
    # A table that was worked out is worked out again in the golden cases.
    worked = row["place"].endswith(".conversion") and row["evidence"] == "derived"
    wanted = [] if worked else decided(row["value"])
    missing = [what for what in wanted if what not in WORKED.get(id, ()) and not stands_in(what, text)]
    assert not missing
    if row["evidence"] and not id.startswith("promis"):
        mark = re.compile(MARKS[row["evidence"]], re.I)
        assert mark.search(text) or any(mark.search(above) for _, above in found)


LOINC = {
    ("phq9", ""): ("PHQ-9", "panel"),
    ("phq9", "total"): ("PHQ-9", "total"),
    ("phq9", "phq2"): ("PHQ-2", "total"),
    ("phq9", "difficulty"): ("PHQ-9", "item 10 (difficulty)"),
    **{("phq9", f"q{n}"): ("PHQ-9", f"item {n}") for n in range(1, 10)},
    ("gad7", ""): ("GAD-7", "panel"),
    ("gad7", "total"): ("GAD-7", "total"),
    **{("gad7", f"q{n}"): ("GAD-7", f"item {n}") for n in range(1, 8)},
    ("peg", ""): ("PEG", "panel"),
    ("peg", "pain"): ("PEG", "item 1"),
    ("peg", "enjoyment"): ("PEG", "item 2"),
    ("peg", "activity"): ("PEG", "item 3"),
    ("peg", "mean"): ("PEG", "score (mean)"),
}
PROMIS_LOINC = {
    "physical_function": {"promis29": "91721-1", "promis29_v2_0": "71959-1"},
    "anxiety": "PROMIS-29 Anxiety T-score",
    "depression": "PROMIS-29 Depression T-score",
    "fatigue": "PROMIS-29 Fatigue T-score",
    "sleep_disturbance": "PROMIS-29 Sleep disturbance T-score",
    "social_roles": "PROMIS ability to participate in social roles and activities version 2.0 T-score",
    "pain_interference": "PROMIS-29 Pain interference T-score",
}


def codes(id: str) -> dict[str, str]:
    """LOINC codes of the golden rows: panel, items, scales."""
    found = {}
    for row in golden_rows(id):
        code = re.search(r"(?:loinc|panel)=(\d+-\d)", row["value"])
        if code:
            found["" if row["place"] == "loinc" else row["place"].split(".")[-1]] = code[1]
    return found


@pytest.mark.parametrize("id", [id for id in ipm.instruments() if not id.startswith("promis")])
def test_loinc_codes(id: str, real: Find) -> None:
    listed = {
        (r["instrument"], r["item_or_score"]): r["loinc_code"] for r in table(real, "instruments/loinc.csv")
    }
    wanted = {place: listed[LOINC[instrument, place]] for instrument, place in LOINC if instrument == id}
    assert codes(id) == wanted


@pytest.mark.parametrize("list_of", ["frequency", "difficulty"])
def test_loinc_answer_codes(list_of: str, real: Find) -> None:
    listed = {(r["instrument"], r["item_or_score"]): r for r in table(real, "instruments/loinc.csv")}
    instrument, word = ("PHQ-9/GAD-7", "answer") if list_of == "frequency" else ("PHQ-9", "difficulty answer")
    entries = [listed[instrument, f"{word} {n}"] for n in range(4)]
    wanted = "options=" + ", ".join(
        f"{n} {entry['loinc_name']} {entry['loinc_code']}" for n, entry in enumerate(entries)
    )
    for id in ("phq9", "gad7") if list_of == "frequency" else ("phq9",):
        assert [r["value"] for r in golden_rows(id) if r["place"] == f"answers.{list_of}"] == [wanted]


PROMIS = ["promis29", "promis29_v2_0"]


def promis_items(real: Find) -> list[dict[str, str]]:
    listed = [
        r
        for r in table(real, "promis/items.csv")
        if r["instrument"] == "PROMIS-29 Profile" and "v2.1" in r["version"]
    ]
    assert len(listed) == 29
    return sorted(listed, key=lambda r: int(r["order_in_form"]))


@pytest.mark.parametrize("id", PROMIS)
def test_promis_items(id: str, real: Find) -> None:
    """Order, answers with their points, codes, and how many sources give the code."""
    definition = ipm.instrument(id)
    by_place = {row["place"]: row for row in golden_rows(id)}
    order = re.search(r"items=([\w ]+);", by_place[""]["value"])
    assert order
    assert order[1].split() == [r["item_code"].lower() for r in promis_items(real)]
    for listed in promis_items(real):
        row = by_place[f"items.{listed['item_code'].lower()}"]
        assert f"loinc={listed['loinc']}" in row["value"].split("; ")
        assert row["evidence"] == ("" if "|" in listed["loinc_sources"] else "1")
        answers = by_place[f"answers.{definition.item(listed['item_code'].lower()).answers}"]["value"]
        if listed["response_range"] == "0-10":
            assert answers.startswith("range=0 10;")
        else:
            options = [option.split("=") for option in listed["answer_to_score"].split("|")]
            assert answers == "options=" + ", ".join(f"{code} {label}" for label, code in options)


def test_global_health_items(real: Find) -> None:
    """Answers in printed order with their points, as v1.2 stores them; pain is recoded in the physical score only."""
    definition = ipm.instrument("promis_global")
    by_place = {row["place"]: row for row in golden_rows("promis_global")}
    listed = [r for r in table(real, "promis/items.csv") if r["instrument"] == "PROMIS Global Health"]
    assert len(listed) == 10
    for wanted in listed:
        item = wanted["item_code"].lower().removesuffix("r")
        row = by_place[f"items.{item}"]
        assert f"loinc={wanted['loinc']}" in row["value"].split("; ")
        assert row["evidence"] == ("" if "|" in wanted["loinc_sources"] else "1")
        points = {}
        for one in wanted["answer_to_score"].split("|"):
            label, _, worth = one.partition("=")
            points[label] = int(worth)
        if item == "global07":
            spans = {tuple(map(int, (label.split("-") * 2)[:2])): worth for label, worth in points.items()}
            recoded = {n: worth for (low, high), worth in spans.items() for n in range(low, high + 1)}
            scale = definition.scale("physical_health")
            assert definition.points(item, scale) == recoded
            assert definition.points(item) == {n: n for n in range(11)}
        else:
            assert {o.label: o.code for o in definition.answers_of(item).options} == points
            assert [o.label for o in definition.answers_of(item).options] == list(points)
    for scale, domain in (("physical_health", "Physical"), ("mental_health", "Mental")):
        items = {
            r["item_code"].lower().removesuffix("r")
            for r in listed
            if r["domain"] == f"Global {domain} Health"
        }
        assert set(definition.scale(scale).items) == items
        assert f"{domain} Health T-score" in next(
            r["meaning"]
            for r in table(real, "promis/loinc_scores.csv")
            if r["loinc"] == definition.scale(scale).loinc
        )
        edges = {
            r["band"]: r["t_from"]
            for r in table(real, "promis/severity_thresholds.csv")
            if r["scale"] == f"Global {domain} Health" and r["t_from"]
        }
        bands = definition.scale(scale).bands
        assert bands
        assert {band.label: str(band.low) for band in bands.of[1:]} == edges


@pytest.mark.parametrize("id", PROMIS)
def test_promis_score_codes(id: str, real: Find) -> None:
    listed = {r["loinc"]: r["meaning"] for r in table(real, "promis/loinc_scores.csv")}
    found = codes(id)
    assert listed[found[""]] == "PROMIS-29 profile panel"
    for scale, meaning in PROMIS_LOINC.items():
        if isinstance(meaning, dict):
            assert found[scale] == meaning[id]
            assert "hysical function" in listed[meaning[id]]
        else:
            assert listed[found[scale]] == meaning
    # The pain rating is its item.
    assert found["pain_intensity"] == found["global07"]


@pytest.mark.parametrize("id", PROMIS)
def test_promis_bands(id: str, real: Find) -> None:
    """Between the ends of the table, the edges and words of the general rule, each mirrored scale in its own order."""
    listed = table(real, "promis/severity_thresholds.csv")
    checked = 0
    for row in golden_rows(id):
        if not row["place"].endswith(".bands"):
            continue
        low, high = re.findall(r"range=([\d.]+) ([\d.]+)", next(
            r["value"] for r in golden_rows(id) if r["place"] == row["place"].removesuffix(".bands")
        ))[0]  # fmt: skip
        function = "physical_function" in row["place"] or "social_roles" in row["place"]
        group = "Physical Function, Ability" if function else "Anxiety, Depression, Fatigue"
        rules = [r for r in listed if r["scale"].startswith(group)]
        bands = [f"{r['t_from'] or low} {r['t_to'] or high} {r['band']}" for r in rules]
        wanted = ", ".join(reversed(bands) if function else bands)
        assert row["value"] == f"of={wanted}" + ("; edge=lower" if function else "")
        checked += 1
    assert checked == 7


@pytest.mark.parametrize("id", PROMIS)
@pytest.mark.parametrize("summary", ["physical", "mental"])
def test_promis_weights(id: str, summary: str, real: Find) -> None:
    names = {
        "Physical Function": "physical_function",
        "Pain composite": "pain_intensity pain_interference",
        "Ability to Participate in Social Roles and Activities": "social_roles",
        "Fatigue": "fatigue",
        "Emotional distress composite": "anxiety depression",
        "Sleep Disturbance": "sleep_disturbance",
    }
    listed = table(real, "promis/summary_score_weights.csv")
    terms = ", ".join(f"{names[r['component_z']]} {r[f'{summary}_health_summary']}" for r in listed)
    row = next(r for r in golden_rows(id) if r["place"] == f"scales.{summary}_summary.weighted")
    assert f"terms={terms};" in row["value"]


@pytest.mark.parametrize("id", ["phq9", "gad7", "peg"])
def test_wording_is_the_published_one(id: str, real: Find) -> None:
    """Where wording may ship, word for word as the reference prints it; only the PEG has it in its second column."""
    text = read(real, f"{id}.md")
    for item in ipm.instrument(id).items:
        if item.wording:
            assert re.search(rf"\| {re.escape(item.wording)} \|", text), item.id


OURS = {0, 14, 17, 21, 97, 200, 366}
"""Not from a text: two weeks of recall; the highest scores less 6, 4 and 3; days of a long year; an age nobody
reaches; no difference."""


def indicators() -> dict[str, list[dict[str, str]]]:
    """The golden rows of each indicator that names a passage."""
    listed = golden_rows("indicators")
    named = [row["place"] for row in listed if row["reference"]]
    return {id: [row for row in listed if row["place"].split(".")[0] == id] for id in named}


@pytest.mark.parametrize("id", indicators())
def test_numbers_of_an_indicator(id: str, real: Find) -> None:
    listed = indicators()[id]
    text = "\n".join(one for one, _ in passages(real, listed[0]))
    said = " ".join(re.sub(r"(phq|gad|cms|dx_|373066001)\w*|\d\.\d\.\d+", "", row["value"]) for row in listed)
    numbers = {float(number) for number in re.findall(r"\d+", said)} - OURS
    assert [number for number in sorted(numbers) if not stands_in(f"{number:g}", text)] == []


PROPR = {
    "Cognitive Function - Abilities": ("cognitive_function", "c_cognition"),
    "Depression": ("depression", "c_depression"),
    "Fatigue": ("fatigue", "c_fatigue"),
    "Pain Interference": ("pain_interference", "c_pain"),
    "Physical Function": ("physical_function", "c_physical"),
    "Sleep Disturbance": ("sleep_disturbance", "c_sleep"),
    "Ability to Participate in Social Roles and Activities": ("social_roles", "c_social"),
}


def test_propr_has_the_constants_and_segments_of_its_authors(real: Find) -> None:
    utility = ipm.instrument("promis29_2").scale("propr").utility
    assert utility is not None
    constants = {row["name"]: row["value"] for row in table(real, "promis/propr_constants.csv")}
    assert (str(utility.interaction), str(utility.rescale)) == (constants["C"], constants["to_dead"])
    segments = table(real, "promis/propr_disutility_segments.csv")
    parts = {part.scale: part for part in utility.attributes}
    assert len(parts) == len(PROPR)
    for domain, (scale, constant) in PROPR.items():
        assert str(parts[scale].weight) == constants[constant]
        assert tuple(map(int, parts[scale].standardize)) == (50, 10)
        listed = [
            (row["theta_from_inclusive"], row["intercept"], row["slope"])
            for row in segments
            if row["domain"] == domain
        ]
        ours = [
            ("-inf" if one.start is None else str(one.start), str(one.intercept), str(one.slope))
            for one in parts[scale].segments
        ]
        assert ours == listed

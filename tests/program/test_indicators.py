"""Definitions of indicators: all in the catalog hold together, and what does not hold together says so."""

from __future__ import annotations

import copy
import subprocess
import sys
import tomllib
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from relations import RELATIONS

from ipm_outcomes import change, frames, program
from ipm_outcomes.catalog import folder, instrument, instruments
from ipm_outcomes.errors import DefinitionError, FrameError, ParameterError, UnknownNameError
from ipm_outcomes.program.indicators import Indicator, parse
from ipm_outcomes.program.measures import populations

ASKED_FOR = {
    "baseline_completion", "followup_completion", "mean_baseline", "mean_followup", "mean_change", "responder_30",
    "responder_50", "important_improvement", "important_worsening", "reliable_improvement", "reliable_recovery",
    "reliable_deterioration", "talking_therapies_recovery", "talking_therapies_reliable_recovery",
    "talking_therapies_reliable_improvement", "talking_therapies_reliable_deterioration",
    "depression_remission_6_months", "depression_remission_12_months", "depression_response_6_months",
    "depression_response_12_months", "drr_followup", "drr_remission", "drr_response", "severity_before",
    "severity_after", "self_harm_flag", "nps", "adherence", "cms159",
}  # fmt: skip


def test_the_shelf_holds_what_was_asked_for():
    assert set(program.indicators()) >= ASKED_FOR
    with pytest.raises(UnknownNameError, match="responder_30"):
        program.indicator("no_such")


@pytest.mark.parametrize("id", sorted(RELATIONS))
def test_every_relation_names_a_count_of_the_shelf_and_bands_that_exist(id):
    one = program.indicator(id)
    for relation in RELATIONS[id]:
        name, _ = relation.other
        other = program.indicator(name)
        assert set(one.each) | ({"target"} if one.once else set()) == set(other.each)
        assert bool(relation.bands) == (other.kind == "distribution")
        for scale in one.of if relation.bands else ():
            instrument_id, scale_id = scale.split(".")
            bands = instrument(instrument_id).scale(scale_id).bands
            assert set(relation.bands) <= {band.label for band in bands.of}


def test_relations_hold_for_patients_one_by_one():
    # Every pair of PHQ-9 scores from 0 to 27 is a patient of a site of its own, so a count is 0 or 1 and
    # "within" must hold for each of them.
    pairs = [(a, b) for a in range(0, 28, 3) for b in (*range(0, 28, 3), None)]
    bands = ("minimal", "mild", "moderate", "moderately severe", "severe")  # 0-4, 5-9, 10-14, 15-19, 20-27

    def band(score: int | None) -> str | None:
        return None if score is None else bands[min(score // 5, 4)]

    rows = []
    for at, (a, b) in enumerate(pairs):
        better = None if b is None else a - b
        of_reliable = None if better is None else "unchanged" if abs(better) < 6 else "deteriorated"
        if better is not None and better >= 6:
            of_reliable = "recovered" if b < 10 <= a else "improved"
        row = {"patient_id": at, "episode": 1, "site": str(at), "instrument": "phq9", "scale": "total"}
        row |= {"target": "6 months", "baseline": float(a), "followup": b, "improvement": better}
        row |= {"important": None if better is None else abs(better) >= 5, "class": of_reliable}
        row |= {"baseline_band": band(a), "followup_band": band(b)}
        row |= {f"responder_{p}": None if b is None or a == 0 else 100 * better >= p * a for p in (30, 50)}
        row |= {"baseline_date": "2024-01-10", "followup_date": None if b is None else "2024-07-10"}
        row |= {"window_open": b is None and a % 2 == 0, "reason": None}
        rows.append(row)
    made = program.table(pl.DataFrame(rows, infer_schema_length=None), by=["site"])
    counts = {(row["site"], row["definition"], row["band"]): row for row in made.iter_rows(named=True)}
    tried = 0
    for site, definition, told in counts:
        mine = counts[site, definition, told]
        for relation in RELATIONS.get(definition, ()) if told is None else ():
            name, column = relation.other
            others = [counts.get((site, name, one)) for one in relation.bands or (None,)]
            if None in others or mine["denominator"] is None:  # withheld: no finished courses
                continue
            theirs = sum(row[column] for row in others)
            if relation.how == "within":
                assert mine[relation.column] <= theirs, (definition, relation, mine, others)
            elif relation.how == "contains":
                assert mine[relation.column] >= theirs, (definition, relation, mine, others)
            else:
                assert mine[relation.column] + theirs <= mine["denominator"], (definition, relation)
            tried += 1
    assert tried > 500


def test_conditions_cannot_be_nested_without_end():
    data = tomllib.loads((folder() / "indicators" / "responder_50.toml").read_text(), parse_float=Decimal)
    condition = data["numerator"]
    for deep in range(1, 5000):
        condition = {"not": condition}
        if deep in (10, 30, 200, 4999):
            made = {**data, "numerator": condition}
            if deep == 10:
                assert parse(made, file="x.toml").numerator is not None
            else:
                with pytest.raises(DefinitionError, match="deep"):
                    parse(made, file="x.toml")


@pytest.mark.parametrize("given", [None, 5, []])
def test_what_is_no_name_or_path_is_refused(given):
    for ask in (program.indicator, program.read_indicator):
        with pytest.raises(ParameterError, match=f"not a {type(given).__name__}"):
            ask(given)


@pytest.mark.parametrize("id", program.indicators())
def test_every_definition_loads_and_names_scales_that_exist(id):
    one = program.indicator(id)
    assert (one.id, one.cites != "", one.digest != "") == (id, True, True)
    assert one.population.endswith(".")
    for name in (*one.of, *one.not_of, *one.scales.values()):
        of_instrument, of_scale = name.split(".")
        assert of_instrument in instruments()
        assert of_scale in instrument(of_instrument).scale_ids


def test_shared_exclusions_and_sources_are_named_alone():
    data = tomllib.loads((folder() / "indicators" / "mean_change.toml").read_text(encoding="utf-8"))
    one = parse(
        {
            **data,
            "exclusions": ["window_open", {"id": "own", "title": "own", "when": {"column": "x", "is": 1}}],
        },
        file="x.toml",
    )
    assert [(e.id, e.title) for e in one.exclusions] == [
        ("window_open", "follow-up window not yet over"),
        ("own", "own"),
    ]
    assert [(source.key, source.cite) for source in one.sources] == [
        ("definition", "Plain count, by the definition given here")
    ]
    for place in ("exclusions", "sources"):
        with pytest.raises(DefinitionError, match=rf"{place}: shared/indicators.toml has no 'moon'; it has "):
            parse({**data, place: ["moon"]}, file="x.toml")
    assert parse(data, file="x.toml").digest != parse({**data, "exclusions": []}, file="x.toml").digest


def test_ratings_of_a_net_score_are_the_bands_of_its_scale():
    nets = [one for one in map(program.indicator, program.indicators()) if one.kind == "nps"]
    assert len(nets) >= 3
    for one in nets:
        for name in one.of:
            of_instrument, of_scale = name.split(".")
            bands = instrument(of_instrument).scale(of_scale).bands
            reach = {band.label: (band.low, band.high) for band in bands.of}
            best, worst = bands.net
            assert (one.ratings.promoters, one.ratings.detractors) == (reach[best], reach[worst])


def test_ratings_of_a_net_score_lie_one_below_the_other():
    data = tomllib.loads((folder() / "indicators" / "nps.toml").read_text(encoding="utf-8"))
    for ends in ([0, 9], [6, 0]):
        with pytest.raises(DefinitionError, match="one below the other"):
            parse({**data, "ratings": {"detractors": ends, "promoters": [9, 10]}}, file="x.toml")
    data.pop("ratings")
    with pytest.raises(DefinitionError, match="'nps' needs ratings"):
        parse(data, file="x.toml")


def test_thresholds_are_those_of_the_instruments():
    """A number stands in the definition of the instrument; where an indicator repeats it, it is the same one."""
    phq, gad = instrument("phq9").scale("total"), instrument("gad7").scale("total")
    nhs = {
        key: {t.id: t.value for t in scale.thresholds} | {c.id: c.value for c in scale.cutoffs}
        for key, scale in (("phq9", phq), ("gad7", gad))
    }
    text = (folder() / "indicators" / "talking_therapies_reliable_recovery.toml").read_text(encoding="utf-8")
    for key in ("phq9", "gad7"):
        assert f'"{key}_baseline", at_least = {nhs[key]["caseness_nhs"]} ' in text
        assert f'"{key}_followup", below = {nhs[key]["caseness_nhs"]} ' in text
        assert f'"{key}_improvement", at_least = {nhs[key]["reliable_nhs"]} ' in text
        assert f'"{key}_improvement", at_most = -{nhs[key]["reliable_nhs"]} ' in text
    remission = next(t for t in phq.thresholds if t.id == "remission")
    for id in ("depression_remission_6_months", "depression_remission_12_months", "drr_remission"):
        text = (folder() / "indicators" / f"{id}.toml").read_text(encoding="utf-8")
        assert f'"followup", below = {remission.value} ' in text


def test_an_indicator_takes_over_what_it_extends():
    base = program.indicator("talking_therapies_reliable_improvement")
    own = program.indicator("talking_therapies_recovery_paired")  # which extends one that extends the base
    assert (own.requires, own.exclusions, own.scales, own.cites) == (
        base.requires,
        base.exclusions,
        base.scales,
        base.cites,
    )
    assert (own.missing, base.missing) == ("complete_case", "not_met")
    assert own.id != base.id
    assert own.eligible == program.indicator("talking_therapies_recovery").eligible
    mine = {"id": "own", "title": "Own", "extends": "responder_30"}
    assert parse(mine, file="own.toml").numerator == program.indicator("responder_30").numerator
    assert parse(mine, file="own.toml", digest="a").digest != parse(mine, file="own.toml", digest="b").digest
    for wrong in ("no_such", 5, ["responder_30"]):
        with pytest.raises(DefinitionError, match="extends: there is no indicator of this id"):
            parse({**mine, "extends": wrong}, file="own.toml")


GOOD: dict[str, Any] = {
    "id": "own",
    "title": "Own",
    "kind": "proportion",
    "uses": "changes",
    "direction": "higher",
    "missing": "complete_case",
    "population": "Everybody.",
    "each": ["instrument", "scale", "target"],
    "observed": {"column": "followup", "known": True},
    "numerator": {"column": "responder_30", "is": True},
    "source": "us",
    "evidence": "derived",
    "sources": [{"key": "us", "cite": "Our own"}],
}
TEST = {"column": "followup", "below": 5}


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ({"colour": "red"}, r"own.toml: colour: there is no such key"),
        ({"title": None}, r"own.toml: title: this key is required and missing"),
        ({"kind": "median"}, r"own.toml: kind: "),
        ({"direction": "up"}, r"own.toml: direction: "),
        ({"id": "Own Thing"}, r"own.toml: id: "),
        ({"source": "them"}, r"own.toml: source: the source 'them' is not among"),
        ({"source": []}, r"own.toml: source: "),
        ({"sources": []}, r"own.toml: sources: "),
        ({"evidence": "sure"}, r"own.toml: evidence: "),
        ({"sources": [{"key": "us", "cite": "a"}, {"key": "us", "cite": "b"}]}, "a key appears twice"),
        ({"sources": [{"key": "us", "cite": "a"}, {"key": "they", "cite": "b"}]}, "'they' is not named by source"),
        ({"numerator": None}, r"own.toml: numerator: an indicator of kind 'proportion' needs numerator"),
        ({"value": "followup"}, r"own.toml: value: an indicator of kind 'proportion' has no value"),
        ({"kind": "mean"}, "an indicator of kind 'mean' has no numerator"),
        ({"kind": "events", "numerator": None}, "needs events"),
        ({"observed": None}, r"own.toml: observed: say what must be observed"),
        ({"numerator": {"column": "followup"}}, r"own.toml: numerator: .*exactly one of"),
        ({"numerator": TEST | {"above": 1}}, r"own.toml: numerator: .*exactly one of"),
        ({"numerator": TEST | {"any": [TEST]}}, r"own.toml: numerator: .*exactly one of"),
        ({"numerator": {"below": 5}}, r"own.toml: numerator: a condition is one test"),
        ({"numerator": {"all": []}}, r"own.toml: numerator.all: "),
        ({"numerator": {"all": [TEST], "any": [TEST]}}, r"own.toml: numerator: a condition is one test"),
        ({"numerator": {"all": [{"column": "followup", "under": 5}]}}, "numerator.all.entry 1.under: there is no"),
        ({"numerator": {"column": "followup", "below": "five"}}, r"own.toml: numerator.below: "),
        ({"numerator": {"column": "class", "in": []}}, r"own.toml: numerator.in: "),
        ({"window": {"days": [240, 120]}}, r"own.toml: window: the window ends before it begins"),
        ({"window": {"months": 6}}, r"own.toml: window: a window has days"),
        ({"window": {"months": 6, "slack": 60, "days": [1, 2]}}, r"own.toml: window: a window has days"),
        ({"of": ["phq9"]}, r"own.toml: of.entry 1: "),
        ({"of": ["phq9.total"], "each": []}, r"own.toml: of: "),
        ({"of": ["phq9.total"], "not_of": ["nps.rating"]}, r"own.toml: not_of: "),
        ({"targets": ["6 months"], "each": []}, r"own.toml: targets: "),
        ({"uses": "scores"}, r"own.toml: each: the table of scores has no targets"),
        ({"uses": "episodes"}, r"own.toml: each: the table of episodes has no"),
        ({"uses": "events"}, r"own.toml: uses: "),
        ({"scales": {"phq9": "phq9.total"}}, r"own.toml: scales: an indicator over several scales"),
        ({"scales": {"phq9": "phq9.total"}, "each": ["target"]}, r"own.toml: scales: there is no column 'followup'"),
        ({"exclusions": [{"id": "a", "title": "A", "when": TEST}] * 2}, r"own.toml: exclusions: an id appears twice"),
        ({"exclusions": [{"id": "a", "when": TEST}]}, r"own.toml: exclusions.a.title: this key is required"),
    ],
)  # fmt: skip
def test_what_does_not_hold_together_names_file_place_and_fact(edit, told):
    data = {key: value for key, value in (copy.deepcopy(GOOD) | edit).items() if value is not None}
    with pytest.raises(DefinitionError, match=told):
        parse(data, file="own.toml")


def test_the_definition_that_the_edits_start_from_is_good():
    assert isinstance(parse(GOOD, file="own.toml"), Indicator)


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda e: e["index"].update(set="first"), "there is no set 'first'"),
        (lambda e: e["outcome"].update(at_most=4), "either below or at_most"),
        (lambda e: e["sets"][1].update(overlaps="later"), "there is no set 'later' above it"),
        (
            lambda e: e["sets"][1].update(occurs={"window": "care_period", "how": "ends"}),
            "there is no window",
        ),
        (
            lambda e: e["sets"][1]["occurs"].update(window="assessment"),
            "cannot rest on a window around the index",
        ),
        (lambda e: e["sets"].append(e["sets"][0]), "the id of a set appears twice"),
        (lambda e: e["windows"]["care"]["first"].update(anchor="birth"), "anchor"),
        (lambda e: e["exclusions"][0].update(any_of="deaths"), "there is no set 'deaths'"),
    ],
)
def test_an_event_measure_that_does_not_hold_together(edit, told):
    text = (folder() / "indicators" / "cms159.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text, parse_float=Decimal)
    edit(data["events"])
    with pytest.raises(DefinitionError, match=told):
        parse(data, file="cms159.toml")


OWN = """
id = "{id}"
title = "Severe pain"
kind = "proportion"
uses = "changes"
direction = "lower"
missing = "not_needed"
population = "Patients of 65 years and older with a baseline."
each = ["instrument", "scale", "target"]
of = ["peg.mean"]
eligible = {{ all = [{{ column = "age", at_least = 65 }}, {{ column = "baseline", known = true }}] }}
numerator = {{ column = "baseline", above = 6.5 }}
source = "us"
evidence = "derived"

[[sources]]
key = "us"
cite = "Our own handbook"
"""


def test_a_program_adds_its_own_without_code(tmp_path):
    file = tmp_path / "severe_pain.toml"
    file.write_text(OWN.format(id="severe_pain"), encoding="utf-8")
    changes = pl.DataFrame(
        {
            "patient_id": [1, 2, 3, 4],
            "episode": [1] * 4,
            "instrument": ["peg"] * 4,
            "scale": ["mean"] * 4,
            "target": ["6 months"] * 4,
            "age": [70, 66, 40, 80],
            "baseline": [20 / 3, 19 / 3, 9.0, None],
        }
    )
    for path in (file, str(file)):
        row = program.table(changes, indicators=[path]).row(0, named=True)
        assert (row["numerator"], row["denominator"], row["source"]) == (1, 2, "Our own handbook")
    with pytest.raises(FrameError, match="no column 'age'"):
        program.table(changes.drop("age"), indicators=[file])


def test_files_that_cannot_be_read(tmp_path):
    wrong = tmp_path / "other.toml"
    wrong.write_text(OWN.format(id="severe_pain"), encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"other.toml: id: .* differs from the name"):
        program.read_indicator(wrong)
    wrong.write_text("id = ", encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"other.toml: not a TOML file"):
        program.read_indicator(wrong)
    with pytest.raises(DefinitionError, match=r"none.toml: the file cannot be read"):
        program.read_indicator(tmp_path / "none.toml")


def test_the_face_stays_callable_whatever_is_imported_first():
    code = (
        "import ipm_outcomes.program.table, ipm_outcomes.program.suppression, ipm_outcomes.program.indicators\n"
        "from ipm_outcomes.program._columns import ALL\n"
        "from ipm_outcomes import program\n"
        "assert callable(program.table) and callable(program.suppress) and callable(program.indicators)\n"
        "assert program.intervals.proportion and program.sites and program.over_time and program.measure\n"
        "assert set(dir(program)) == set(program.__all__)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# -- dated events ----------------------------------------------------------------------------------


def events(*more: tuple[str, str, str | None, float | None, str], patient: str = "A") -> pl.DataFrame:
    base = [
        ("birth", "1980-06-15", None, None, ""),
        ("dx_depression", "2024-01-05", None, None, "active/confirmed"),
        ("office_visit", "2024-03-10", "2024-03-10", None, "finished"),
        ("phq9", "2024-03-10", None, 14, "final"),
    ]
    rows = [(patient, *row, "") for row in (*base, *more)]
    names = ["patient_id", "event", "start", "end", "value", "status", "note"]
    types = dict.fromkeys(names, pl.String) | {"value": pl.Float64}
    return pl.DataFrame(rows, schema=types, orient="row")


def run(*more: tuple[str, str, str | None, float | None, str]) -> dict[str, Any]:
    return populations(events(*more), period_start="2025-01-01").row(0, named=True)


@pytest.mark.parametrize(
    ("day", "counts"),
    # Index 2024-03-10 + 12 months = 2025-03-10; 60 days either side: 2025-01-09 to 2025-05-09.
    # (measures.md has the same arithmetic a year later.)
    [("2025-01-08", False), ("2025-01-09", True), ("2025-05-09", True), ("2025-05-10", False)],
)
def test_the_assessment_period_is_inclusive(day, counts):
    assert run(("phq9", day, None, 4, "final"))["numerator"] is counts


@pytest.mark.parametrize("version", ["0.2.000", "0.3.000"])
@pytest.mark.parametrize(
    ("day", "is_index"),
    # A visit from 10 to 12 March: from seven days before its first day to its last day.
    [
        *(("2024-03-02", False), ("2024-03-03", True), ("2024-03-10", True)),
        *(("2024-03-12", True), ("2024-03-13", False)),
    ],
)
def test_the_index_lies_from_seven_days_before_the_visit_to_its_end(version, day, is_index):
    data = events(("office_visit", "2024-03-10", "2024-03-12", None, "finished"))
    data = data.filter(~((pl.col("event") == "office_visit") & (pl.col("end") == "2024-03-10")))
    data = data.with_columns(
        start=pl.when(pl.col("event") == "phq9").then(pl.lit(day)).otherwise(pl.col("start"))
    )
    row = populations(data, "cms159", period_start="2025-01-01", version=version).row(0, named=True)
    assert row["initial_population"] is is_index


@pytest.mark.parametrize(("score", "is_index"), [(9, False), (10, True), (27, True)])
def test_the_index_is_above_nine(score, is_index):
    data = events().with_columns(
        value=pl.when(pl.col("event") == "phq9").then(pl.lit(float(score))).otherwise(pl.col("value"))
    )
    assert populations(data, period_start="2025-01-01").row(0, named=True)["initial_population"] is is_index


def test_a_value_of_a_decimal_column_is_not_cut_to_a_whole_number():
    """9.6 is above nine; DuckDB gives a literal 9.6 as a decimal."""
    value = pl.when(pl.col("event") == "phq9").then(pl.lit(9.6)).otherwise(pl.col("value"))
    data = events().with_columns(value=value.cast(pl.Decimal(5, 1)))
    assert populations(data, period_start="2025-01-01").row(0, named=True)["initial_population"] is True


@pytest.mark.parametrize(
    ("visit", "counts"),
    # 2025 less 14 months is 2023-11-01, less 2 months 2024-11-01, which is no longer in.
    [("2023-10-31", False), ("2023-11-01", True), ("2024-10-31", True), ("2024-11-01", False)],
)
def test_the_identification_period(visit, counts):
    data = events().with_columns(
        start=pl.when(pl.col("event").is_in(["phq9", "office_visit"])).then(pl.lit(visit)).otherwise("start"),
        end=pl.when(pl.col("event") == "office_visit").then(pl.lit(visit)).otherwise("end"),
    )
    data = data.with_columns(
        start=pl.when(pl.col("event") == "dx_depression").then(pl.lit("2023-01-05")).otherwise("start")
    )
    assert populations(data, period_start="2025-01-01").row(0, named=True)["initial_population"] is counts


@pytest.mark.parametrize(
    ("birth", "included", "stratum"),
    # The index is on 2024-03-10.
    [
        *(("2012-03-11", False, None), ("2012-03-10", True, "age_12_to_17")),
        *(("2006-03-11", True, "age_12_to_17"), ("2006-03-10", True, "age_18_or_older")),
    ],
)
def test_ages_at_the_index(birth, included, stratum):
    data = events().with_columns(
        start=pl.when(pl.col("event") == "birth").then(pl.lit(birth)).otherwise("start")
    )
    assert populations(data, period_start="2025-01-01").row(0, named=True)["initial_population"] is included
    table = program.measure(data, period_start="2025-01-01")
    counted = {row["indicator"]: row["eligible"] for row in table.iter_rows(named=True)}
    assert [name for name, count in counted.items() if count] == (
        ["cms159", f"cms159:{stratum}"] if stratum else []
    )


def test_the_last_score_of_the_period_decides():
    assert run(("phq9", "2025-02-01", None, 4, "final"))["numerator"]
    later = run(("phq9", "2025-03-01", None, 5, "final"), ("phq9", "2025-02-01", None, 4, "final"))
    assert (later["observed"], later["numerator"]) == (True, False)


@pytest.mark.parametrize(("day", "excluded"), [("2025-05-09", True), ("2025-05-10", False)])
def test_death_by_the_end_of_the_period_excludes(day, excluded):
    row = run(("death", day, None, None, ""), ("phq9", "2025-02-01", None, 4, "final"))
    assert (row["denominator"], row["denominator_exclusion"], row["numerator"]) == (
        True,
        excluded,
        not excluded,
    )


def test_figures_of_groups_and_every_kind_of_frame(backend):
    both = pl.concat([events(), events(("phq9", "2025-02-01", None, 4, "final"), patient="B")])
    both = both.with_columns(site=pl.col("patient_id").replace({"A": "North", "B": "South"}))
    data = backend.make(both.to_dict(as_series=False))
    got = backend.rows(program.measure(data, period_start="2025-01-01", by=["site"]))
    whole = [at for at, name in enumerate(got["indicator"]) if name == "cms159"]
    assert [got["site"][at] for at in whole] == ["North", "South"]
    assert [got["numerator"][at] for at in whole] == [0, 1]
    assert [got["denominator"][at] for at in whole] == [1, 1]
    assert backend.rows(populations(data, period_start="2025-01-01"))["numerator"] == [False, True]


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("start", None, "row 0 has no date in the column 'start'"),
        ("start", "soon", "row 0, column 'start': not a date"),
        ("patient_id", None, "row 0 has no value in the column 'patient_id'"),
        ("end", "1900-01-01", "row 0 ends before it starts"),
    ],
)
def test_events_that_cannot_be_used(column, value, told):
    data = events()
    first = pl.int_range(pl.len()) == 0
    data = data.with_columns(
        pl.when(first).then(pl.lit(value, pl.String)).otherwise(pl.col(column)).alias(column)
    )
    with pytest.raises(FrameError, match=told):
        program.measure(data, period_start="2025-01-01")


@pytest.mark.parametrize("version", ["0.2.000", "0.3.000"])
@pytest.mark.parametrize(
    "event", ["dx_depression", "dx_bipolar", "hospice_diagnosis", "palliative_diagnosis"]
)
@pytest.mark.parametrize(
    ("status", "counts"),
    [
        *((f"{clinical}/confirmed", True) for clinical in ("active", "recurrence", "relapse")),
        *((f"{clinical}/confirmed", False) for clinical in ("inactive", "remission", "resolved")),
        *((f"active/{one}", False) for one in ("unconfirmed", "provisional", "differential", "refuted", "")),
        ("relapse/entered-in-error", False),
    ],
)
def test_statuses_of_a_diagnosis_that_count(version, event, status, counts):
    data = events((event, "2024-01-05", None, None, status))
    if event == "dx_depression":
        data = data.filter((pl.col("event") != event) | (pl.col("status") == status))
    row = populations(data, "cms159", period_start="2025-01-01", version=version).row(0, named=True)
    told = row["initial_population"] if event == "dx_depression" else row["denominator_exclusion"]
    assert (told, row["version"]) == (counts, version)


def test_the_version_is_named_and_the_newest_is_the_default():
    assert run()["version"] == "0.3.000"
    for version, text in (
        ("0.2.000", "effective 2025"),
        ("0.3.000", "effective 2026"),
        (None, "effective 2026"),
    ):
        made = program.measure(events(), "cms159", period_start="2026-01-01", version=version)
        assert set(made["version"]) == {version or "0.3.000"}
        assert all(text in source for source in made["source"])
    with pytest.raises(UnknownNameError, match=r"there are 0\.2\.000, 0\.3\.000"):
        populations(events(), "cms159", period_start="2025-01-01", version="1.0")
    with pytest.raises(ParameterError, match="as text, not a float"):
        populations(events(), "cms159", period_start="2025-01-01", version=0.3)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda e: e["versions"].clear(), "no version that lists the statuses 'diagnosis'"),
        (lambda e: e["versions"][0].update(id="0.3.000"), "a version appears twice"),
        (lambda e: e["versions"][0].update(statuses={}), "version 0.2.000: lists no statuses 'diagnosis'"),
        (lambda e: e["versions"][1]["statuses"].update(extra=["a"]), "no set asks for its statuses 'extra'"),
        (lambda e: e["sets"][0].update(status="active"), "either status or status_of"),
    ],
)
def test_versions_that_do_not_hold_together(change, told):
    data = tomllib.loads((folder() / "indicators" / "cms159.toml").read_text(), parse_float=Decimal)
    change(data["events"])
    with pytest.raises(DefinitionError, match=told):
        parse(data, file="cms159.toml")


def test_former_names_of_event_measures_stay():
    import ipm_outcomes.program.events

    assert program.events.populations is ipm_outcomes.program.measures.populations
    from ipm_outcomes.program import events as former
    from ipm_outcomes.program import measures

    assert (former.populations, former.measure) == (measures.populations, measures.measure)
    assert program.measure is measures.measure


def test_wrong_use_of_event_measures():
    with pytest.raises(ParameterError, match="not defined on events"):
        program.measure(events(), "responder_30", period_start="2025-01-01")
    with pytest.raises(ParameterError, match="period_start"):
        program.measure(events(), period_start="next year")
    with pytest.raises(FrameError, match="no column 'status'"):
        program.measure(events().drop("status"), period_start="2025-01-01")


def test_answers_of_staff():
    # Mini Z 1.0: 1, 2 not burned out, 3, 4, 5 burned out: 3 of 5. eNPS: 9, 10 promote, 0, 6 detract, 7 is passive.
    data = pl.DataFrame(
        {
            "patient_id": list(range(6)),
            "date": ["2024-03-01"] * 6,
            "mini_z_burnout": [1, 2, 3, 4, 5, None],
            "enps_recommend": [9, 10, 0, 6, 7, 9],
        }
    )
    tidy = frames.tidy(data, ["mini_z", "enps"], by=["patient_id", "date"])
    changes = change.table(tidy, targets=[change.Target("6 months", 182, (120, 240))])
    made = program.table(changes, scores=tidy, indicators=["burned_out", "enps", "nps"])
    rows = {row["definition"]: row for row in made.iter_rows(named=True)}
    assert "nps" not in rows
    burned = rows["burned_out"]
    assert (burned["eligible"], burned["denominator"], burned["numerator"]) == (6, 5, 3)
    # 3 promoters and 2 detractors of 6: 100 x 1 / 6.
    assert rows["enps"]["estimate"] == pytest.approx(100 / 6)


def test_a_gain_in_activation_counts_from_three_points_within_a_year():
    """By hand: 60.1 to 63.1 is a gain of 3.0 and met, to 63.0 one of 2.9; 367 days are more than 12 months."""
    scores = [(60.1, 63.1, 366), (60.1, 63.0, 182), (63.1, 60.1, 182), (97.0, 100.0, 300), (40.0, 90.0, 367)]
    start = date(2024, 1, 1)
    rows = [
        {
            "patient_id": n,
            "date": start + timedelta(days=after),
            "instrument": "pam",
            "scale": "score",
            "value": value,
        }
        for n, (first, second, days) in enumerate(scores)
        for after, value in ((0, first), (days, second))
    ]
    rows.append({"patient_id": 9, "date": start, "instrument": "pam", "scale": "score", "value": 97.5})
    year = change.Target("within a year", 300, (30, 400))
    changes = change.table(pl.DataFrame(rows), targets=[year], as_of="2026-01-01")
    (row,) = program.table(changes, indicators=["pam_gain_cbe_2483"]).iter_rows(named=True)
    assert (row["eligible"], row["observed"], row["denominator"], row["numerator"]) == (6, 4, 4, 2)
    # Nobody gains 3 points from 97.5, so of the two without a second score in time one could have been met.
    assert (row["estimate"], row["worst"], row["best"]) == (0.5, 2 / 6, 3 / 6)


@pytest.mark.parametrize(
    ("id", "instrument_id", "scale", "met"),
    [
        ("top_box", "provider_rating", "rating", {9, 10}),
        ("pgic_responder", "pgic", "rating", {1, 2}),
        ("pgic_hurst_bolton_favorable", "pgic_hurst_bolton", "rating", {6, 7}),
    ],
)
def test_an_answer_at_follow_up_needs_no_baseline(id, instrument_id, scale, met):
    answers = instrument(instrument_id).answers_of(instrument(instrument_id).item_ids[0]).codes
    rows = [
        {
            "patient_id": n,
            "date": "2024-09-01",
            "instrument": instrument_id,
            "scale": scale,
            "value": float(code),
        }
        for n, code in enumerate(answers)
    ]
    starts = pl.DataFrame(
        {
            "patient_id": list(range(len(rows))),
            "episode": [1] * len(rows),
            "start_date": ["2024-03-01"] * len(rows),
        }
    )
    half_year = change.Target("6 months", 182, (120, 240))
    changes = change.table(pl.DataFrame(rows), episodes=starts, targets=[half_year], as_of="2026-01-01")
    (row,) = program.table(changes, indicators=[id]).iter_rows(named=True)
    assert (row["denominator"], row["numerator"]) == (len(answers), len(met))
    alone = pl.DataFrame([row for row, code in zip(rows, answers, strict=True) if code in met])
    changes = change.table(alone, episodes=starts, targets=[half_year], as_of="2026-01-01")
    (row,) = program.table(changes, indicators=[id]).iter_rows(named=True)
    assert row["estimate"] == 1
    # A change of an answer that is a change already says nothing.
    if instrument_id != "provider_rating":
        told = program.table(changes)["definition"].to_list()
        assert not set(told) & {
            "mean_change",
            "important_improvement",
            "reliable_improvement",
            "responder_30",
        }

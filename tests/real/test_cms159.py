"""The 61 official test patients of CMS159 through the declarative definition, nothing else.

The event list does not hold the expected populations. Those of the cases marked *official* were read in the measure
reports that the measure's authors publish beside the test patients (cqframework/ecqm-content-qicore-2024, commit
9ebd48f); the others follow from the measure's rules, with the deciding fact noted.
"""

from __future__ import annotations

import csv
import datetime as dt
from itertools import groupby, product

import polars as pl
import pytest

from ipm_outcomes import program
from ipm_outcomes.program.measures import populations

NOT_IN_POPULATION = {
    "041977d6": "official: no diagnosis of depression",
    "3776140d": "score 8, not above 9",
    "66e74744": "score 3, not above 9",
    "72a7c508": "score 8, not above 9",
    "7b76e67e": "no diagnosis of depression",
    "8562be3a": "11 years old on 2024-06-25",
    "f9bc58d1": "visit in 2012, and the diagnosis is not confirmed",
}
EXCLUDED = {
    "16eff6ae": "official: personality disorder",
    "25917324": "official: psychotic disorder",
    "283ac6f1": "official: pervasive developmental disorder",
    "2fb854f8": "official: died 2025-09-10, the period ends 2025-12-30",
    "3c1d5414": "hospice encounter 2024-12-31",
    "4888e5a5": "palliative diagnosis 2025-01-25",
    "491f554e": "hospice order 2025-01-04, not marked as not to be performed",
    "4963ead8": "personality disorder",
    "67ae7ee1": "hospice diagnosis",
    "7a417e07": "hospice assessment answered yes",
    "7b7bd954": "palliative encounter",
    "879bf9f1": "personality disorder",
    "8d44efd8": "palliative assessment",
    "96b6579c": "hospice order 2025-01-04",
    "9b4f7024": "hospice procedure completed",
    "9d81b9ca": "psychotic disorder",
    "a7fc8494": "bipolar disorder",
    "aedc0360": "palliative procedure completed",
    "b0477f12": "palliative diagnosis",
    "b263321d": "hospice procedure completed",
    "b3921225": "hospice encounter",
    "cf1b6127": "palliative encounter",
    "d76f4e0d": "died 2025-12-10, the period ends 2025-12-30",
    "dc631478": "discharged to hospice 2025-04-25, the period ends 2025-04-26",
    "fa45f7d1": "discharged to hospice 2025-04-25",
}
IN_REMISSION = {
    "2c7de2e3": "official: 3 on 2025-02-19",
    "3892ef89": "index 5 days before the visit; 3",
    "624b9027": "2",
    "6c3abc11": "hospice begins 2026-01-31, after the period; 3",
    "b2dab5c6": "3",
    "c8f6a83b": "2",
    "cfe262d9": "4",
    "f1a332e3": "3",
    "f737aa8d": "index 5 days before the visit; 3",
    "fdc596ef": "hospice begins 2026-01-31, after the period; 3",
}
NOT_MET = {
    "01083d96": "official: impossible value 300 is not below 5",
    "0604cc6e": "official: second score has status unknown",
    "230e1741": "official: hospice procedure has status unknown, so not excluded",
    "2b4c52e3": "official: hospice order marked as not to be performed, so not excluded",
}


@pytest.fixture(scope="module")
def events(real):
    with real("data/cms159_events.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return pl.DataFrame({name: [row[name] for row in rows] for name in rows[0]})


def test_populations_of_the_official_test_patients(events):
    found = populations(events, "cms159", period_start="2025-01-01", patient="case")
    assert found.height == 61
    assert (len(NOT_IN_POPULATION), len(EXCLUDED), len(IN_REMISSION)) == (7, 25, 10)
    assert not set(NOT_MET) & {*NOT_IN_POPULATION, *EXCLUDED, *IN_REMISSION}
    for row in found.iter_rows(named=True):
        case = row["case"]
        assert row["initial_population"] == (case not in NOT_IN_POPULATION), case
        assert row["denominator"] == row["initial_population"], case
        assert row["denominator_exclusion"] == (case in EXCLUDED), (case, EXCLUDED.get(case))
        assert row["numerator"] == (case in IN_REMISSION), (case, IN_REMISSION.get(case))


def test_the_rate_and_its_strata(events):
    table = program.measure(events, "cms159", period_start="2025-01-01", patient="case")
    row = table.row(0, named=True)
    # 61 - 7 in the population, 25 of them excluded: 10 of 29.
    assert (row["eligible"], row["excluded"], row["numerator"], row["denominator"]) == (29, 25, 10, 29)
    assert row["estimate"] == 10 / 29
    assert table["indicator"].to_list() == ["cms159", "cms159:age_12_to_17", "cms159:age_18_or_older"]
    for count in ("eligible", "excluded", "observed", "numerator", "denominator"):
        assert table[count][1] + table[count][2] == table[count][0]


# ---- every status of a diagnosis, against a second statement of the rule ----------------------------------

CLINICAL = ("active", "recurrence", "relapse", "inactive", "remission", "resolved", "")
VERIFICATION = ("confirmed", "unconfirmed", "provisional", "differential", "refuted", "entered-in-error", "")
# Both texts: isActive() of QICoreCommon is "active or recurrence or relapse", and the verification is confirmed.
COUNTS = {version: {f"{one}/confirmed" for one in CLINICAL[:3]} for version in ("0.2.000", "0.3.000")}
FINAL = ("final", "amended", "corrected")
HOSPICE_OR_PALLIATIVE = ("hospice_diagnosis", "palliative_diagnosis")
OTHER = ("dx_bipolar", "dx_personality", "dx_psychotic", "dx_pervasive_developmental")
DIAGNOSES = ("dx_depression", *OTHER, *HOSPICE_OR_PALLIATIVE)
START, SPLIT, END = dt.date(2023, 11, 1), dt.date(2024, 10, 31), dt.date.max  # identification period of 2025


def restated(rows: list[dict[str, str]], counts: set[str]) -> tuple[bool, bool, bool]:
    """Initial population, exclusion and numerator of one patient of 2025, written from the measure's text."""

    def day(text: str) -> dt.date:
        return dt.date.fromisoformat(text)

    def of(*events: str) -> list[tuple[dict[str, str], dt.date, dt.date]]:
        found = [row for row in rows if row["event"] in events]
        return [(row, day(row["start"]), day(row["end"] or row["start"])) for row in found]

    def diagnosed(*events: str) -> list[tuple[dt.date, dt.date]]:
        return [
            (first, day(row["end"]) if row["end"] else END)
            for row, first, _ in of(*events)
            if row["status"] in counts
        ]

    visits = [
        (first, last)
        for row, first, last in of("office_visit")
        if row["status"] == "finished" and START <= last <= SPLIT
        if any(onset <= last and over >= first for onset, over in diagnosed("dx_depression"))
    ]
    scores = sorted(
        (first, float(row["value"]))
        for row, first, _ in of("phq9")
        if row["status"] in FINAL and row["value"]
    )
    index = [
        on
        for on, score in scores
        if score > 9 and any(first - dt.timedelta(7) <= on <= last for first, last in visits)
    ]
    born = of("birth")[0][1]
    if not index or index[0] < born.replace(year=born.year + 12):
        return False, False, False
    anniversary = index[0].replace(year=index[0].year + 1)
    opens, closes = anniversary - dt.timedelta(60), anniversary + dt.timedelta(60)
    care = [
        row
        for row, first, last in of(
            "hospice_encounter",
            "hospice_assessment",
            "hospice_procedure",
            "palliative_assessment",
            "palliative_encounter",
            "palliative_procedure",
        )
        if first <= closes and last >= START and row["status"] in (*FINAL, "finished", "completed")
    ]
    orders = [
        row
        for row, first, _ in of("hospice_order")
        if START <= first <= closes
        and row["status"] in ("active", "completed")
        and "Perform=True" not in row["note"]
    ]
    left = [
        row
        for row, _, last in of("inpatient_encounter")
        if "=True" in row["note"] and START <= last <= closes
    ]
    ill = [1 for on, over in diagnosed(*HOSPICE_OR_PALLIATIVE) if on <= closes and over >= START]
    other = [1 for on, _ in diagnosed(*OTHER) if on <= closes]
    dead = [1 for _, on, _ in of("death") if on <= closes]
    excluded = bool(care or orders or left or ill or other or dead)
    inside = [score for on, score in scores if opens <= on <= closes]
    return True, excluded, bool(inside) and inside[-1] < 5 and not excluded


@pytest.mark.parametrize("version", COUNTS)
def test_every_status_of_every_diagnosis_counts_as_the_text_says(events, version):
    cases = [list(rows) for _, rows in groupby(events.iter_rows(named=True), key=lambda row: row["case"])]
    assert len(cases) == 61
    made = []
    for rows, clinical, verification in product(cases, CLINICAL, VERIFICATION):
        here = {row["event"] for row in rows} & set(DIAGNOSES)
        for group in {tuple(sorted(here)), *((event,) for event in here)}:
            name = f"{rows[0]['case']} {clinical}/{verification} {group}"
            made.append(
                [
                    {**row, "case": name}
                    | ({"status": f"{clinical}/{verification}"} if row["event"] in group else {})
                    for row in rows
                ]
            )
    found = populations(
        pl.DataFrame([row for rows in made for row in rows]),
        "cms159",
        period_start="2025-01-01",
        version=version,
        patient="case",
    )
    assert set(found["version"]) == {version}
    told = found.select("initial_population", "denominator_exclusion", "numerator").rows()
    wanted = [restated(rows, COUNTS[version]) for rows in made]
    wrong = [rows[0]["case"] for rows, a, b in zip(made, told, wanted, strict=True) if a != b]
    assert not wrong, wrong[:5]
    # The substitution decides: both the populations and the exclusions change with it.
    assert (
        {True, False}
        == {one[0] for one in wanted}
        == {one[1] for one in wanted}
        == {one[2] for one in wanted}
    )


def test_the_second_statement_agrees_with_the_published_populations(events):
    for case, rows in groupby(events.iter_rows(named=True), key=lambda row: row["case"]):
        told = restated(list(rows), COUNTS["0.2.000"])
        assert told == (case not in NOT_IN_POPULATION, case in EXCLUDED, case in IN_REMISSION), case

"""What the pages claim of an instrument stands in its definition, and what it doubts is not claimed."""

from __future__ import annotations

import ast
import re
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest
from ready_cases import TENTHS, unchanged
from report_cases import AS_OF, HEADLINES, example, example_tables, peg_report

import ipm_outcomes
from ipm_outcomes import instrument
from ipm_outcomes.definition import Scale
from ipm_outcomes.report._claims import (
    against,
    better_ends,
    diagnostic,
    group_difference,
    promoter_words,
    t_scores,
)
from ipm_outcomes.report._facts import SCORING, bands
from ipm_outcomes.report._figures import gather
from ipm_outcomes.report._program import Shown
from ipm_outcomes.report._stretches import stretches
from ipm_outcomes.report.changes import summarize_changes
from ipm_outcomes.report.text import as_markdown, as_text, summarize

PACKAGE = Path(ipm_outcomes.__file__).parent
PROMIS = instrument("promis29")
SCALES = [Shown(PROMIS, scale) for scale in PROMIS.scales if scale.kind == "table"]
# PROMIS facts, section 10: sleep is centered on another sample, and two references were not checked.
GENERAL = ("anxiety", "depression", "fatigue", "pain interference")


def test_of_whom_50_is_the_average_is_told_scale_by_scale():
    told = t_scores(SCALES)
    general = re.search(r"of the general population of the United States for ([^;.]*)", told)
    assert general is not None
    assert re.split(", | and ", general[1]) == list(GENERAL)
    mixed = re.search(r"of a general and clinical sample together for ([^;.]*)", told)
    assert mixed is not None
    assert mixed[1] == "sleep disturbance"
    assert "For physical function and social roles whom the scores compare with was not verified." in told
    assert told.count("50 is the average and 10 points are one standard deviation") == 2


def test_the_sentence_on_t_scores_follows_the_definition():
    (anxiety,) = (one for one in SCALES if one.scale.id == "anxiety")

    def of(**change: object) -> str:
        constants = tuple(one.model_copy(update=change) for one in anxiety.scale.constants)
        return t_scores([Shown(PROMIS, anxiety.scale.model_copy(update={"constants": constants}))])

    assert "of a sample of students for anxiety" in of(population="a sample of students")
    assert "52.5 is the average" in of(value=Decimal("52.5"))
    assert of(evidence="unverified") == "For anxiety whom the scores compare with was not verified."
    assert t_scores([Shown(PROMIS, anxiety.scale.model_copy(update={"constants": ()}))]) == ""


def test_which_way_is_better_is_told_by_scale():
    told = better_ends(SCALES)
    assert "Higher is better for physical function and social roles." in told
    assert (
        "Lower is better for anxiety, depression, fatigue, sleep disturbance and pain interference." in told
    )


# Claims about people or authors that only a definition may make; the words of one are never written in code.
CLAIMS = re.compile(
    r"general population|authors?\b.{0,20}\b(allow|ask|say|accept)|normal range|\bnorms?\b|\bcured\b|"
    r"primary care|validated|gold standard",
    re.IGNORECASE | re.DOTALL,
)


@pytest.mark.parametrize("room", ["report", "cli"])
def test_no_claim_of_an_instrument_is_written_in_code(room):
    for path in sorted((PACKAGE / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found = CLAIMS.search(node.value)
                assert found is None, f"{path.name}: {found and found[0]!r}"


@pytest.mark.parametrize(
    ("interval", "told"),
    # Threshold 3; the classes of a mean improvement by its interval, change_and_programme A11.
    [
        ((-2.0, -3.0, -1.0), "worse, beyond chance"),
        ((0.5, -0.5, 1.5), "no change beyond chance"),
        ((0.5, 0.0, 1.0), "no change beyond chance"),
        ((2.0, 1.0, 2.9), "improved beyond chance, by less than this difference"),
        ((2.5, 1.0, 4.0), "improved beyond chance, probably by less than this difference"),
        ((3.5, 2.0, 5.0), "improved beyond chance, probably by this difference"),
        ((4.0, 3.0, 5.0), "improved beyond chance, probably by this difference"),
        ((4.0, 3.1, 5.0), "larger than this difference, beyond chance"),
        ((None, None, None), "–"),
        ((4.0, None, None), "–"),
    ],
)
def test_a_mean_beside_a_difference_of_groups(interval, told):
    assert against(*interval, 3.0) == told


def test_differences_of_groups_judge_no_patient():
    of_groups = {one.scale.id for one in SCALES if group_difference(one.scale)}
    assert of_groups == {"physical_function", "anxiety", "depression", "pain_interference"}
    assert group_difference(instrument("phq9").scale("total")) is None


def test_only_a_cut_off_of_a_diagnosis_makes_recovered():
    phq, pcs = instrument("phq9").scale("total").cutoffs, instrument("pcs").scale("total").cutoffs
    assert diagnostic(phq[:1])
    assert not diagnostic(pcs[:1])
    assert not diagnostic([phq[0], None])  # one that was given for the analysis
    assert not diagnostic([])


def test_promoters_are_those_of_the_bands():
    rating = instrument("nps").scale("rating")
    told = promoter_words(rating)
    assert "from 0 to 10 how likely" in told
    assert "9 and 10 are promoters, 7 and 8 are passives, 0 to 6 are detractors" in told
    assert "from −100 to +100" in told


# -- the page --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    path = example(tmp_path_factory.mktemp("claims") / "inside.html", policy="none")
    return unescape(path.read_text(encoding="utf-8"))


def figure(definition: str, scale: str) -> dict[str, object]:
    _, _, table = example_tables()
    rows = table.filter(
        (pl.col("definition") == definition)
        & (pl.col("instrument") == "promis29")
        & (pl.col("scale") == scale)
        & (pl.col("target") == "6 months")
        & (pl.col("site") == "all")
    )
    assert rows.height == 1
    return rows.row(0, named=True)


def rows_of(page: str, caption: str) -> dict[str, list[str]]:
    start = page.index(f">{caption}")
    body = page[start : page.index("</tbody>", start)]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body.split("<tr>")[2:]]
    return {row[0]: row[1:] for row in rows}


def test_scales_side_by_side_are_judged_by_one_criterion(page):
    title = "Who improved by more than measurement error, scale by scale, at 6 months"
    rows = rows_of(page, f"Numbers of the chart: {title}")
    assert len(rows) == 7  # the T-scores with standard errors of their own
    for name, cells in rows.items():
        found = figure("reliable_improvement", name.lower().replace(" ", "_"))
        assert cells[0].endswith(f"; {found['numerator']} of {found['denominator']}")
    told = page[page.index(title) :][:700]
    assert "by the standard errors of the two scores" in told
    assert "not in this chart: Pain intensity, Physical health summary and Mental health summary" in told
    assert "Who improved, scale by scale" not in page


def test_a_difference_of_groups_stands_beside_the_mean_and_gives_no_share(page):
    rows = rows_of(page, "Mean improvement beside the important difference between groups")
    assert set(rows) == {"Physical function", "Anxiety", "Depression", "Pain interference"}
    for name, (mean, points, _, told) in rows.items():
        found = figure("mean_improvement", name.lower().replace(" ", "_"))
        limit = float(points.split()[0])
        assert mean.endswith(f"n {found['denominator']}")
        assert told == against(found["estimate"], found["lower"], found["upper"], limit)
        figures = rows_of(page, f"{name}: figures at each follow-up")
        assert not any(label.startswith("Important") for label in figures)
    # Lee 2017, Kroenke 2020, Chen 2018 (promis/minimal_important_change.csv)
    assert [row[1] for row in rows.values()] == ["2.2 points", "3.4 points", "3.5 points", "3 points"]


def test_the_text_summary_says_the_same():
    scores, changes, _ = example_tables()
    # Only what the text of changes needs; the scores are those of one instrument.
    summary = summarize(scores.filter(pl.col("instrument") == "promis29"))
    found = summarize_changes(changes)
    for render in (as_text, as_markdown):
        told = render(type(summary)(**{**summary.__dict__, "changes": found}))
        assert "no share of patients is given" in told
        line = next(
            line for line in told.splitlines() if "larger than this difference, beyond chance" in line
        )
        assert "pain_interference" in line.replace("\\", "")
        assert "only who was beyond the cut-off at the baseline could recover" in told
    phq = next(
        one for one in found if (one.scale, one.target, one.instrument) == ("total", "6 months", "phq9")
    )
    rows = changes.filter(
        (pl.col("instrument") == "phq9")
        & (pl.col("scale") == "total")
        & (pl.col("target") == "6 months")
        & pl.col("followup").is_not_null()
    )
    could = rows.filter((pl.col("baseline") >= 10) & (pl.col("class") != "not classifiable"))
    assert phq.could_recover == could.height > phq.classes["recovered"]
    assert phq.group_difference is None


def test_a_mean_that_worsened_beyond_chance_is_not_called_no_improvement(tmp_path):
    sites = {"A": [(4, 8)] * 20 + [(5, 8)] * 20}
    told = unescape(peg_report(tmp_path / "r.html", sites).read_text(encoding="utf-8"))
    assert "Worsening beyond chance: 6 months." in told
    assert "No average improvement beyond chance" not in told


def test_every_kind_of_scale_has_words_for_how_it_is_scored():
    kinds = {scale.kind for id in ipm_outcomes.instruments() for scale in instrument(id).scales}
    assert kinds <= set(SCORING)
    assert {"quotient", "utility"} <= kinds


def test_the_errors_that_decide_reliable_change_stand_among_the_facts_with_their_evidence(page):
    rows = rows_of(page, "Patient Health Questionnaire-9: facts that decide")
    (told,) = ((name, cells) for name, cells in rows.items() if "measurement error" in name)
    # Loewe 2004: SEM 2.5, derived; 1.96 * sqrt(2) * 2.5 = 6.93. The index of 6 points is a threshold of its own.
    assert told[0].endswith("by a standard error of measurement derived from a published figure (2.5)")
    assert told[1][:2] == ["change of more than 6.93 points", "by arithmetic or definition"]
    assert any(cells[0] == "6 points" for cells in rows.values())
    rows = rows_of(page, "Pain Catastrophizing Scale: facts that decide")
    assert any(cells[0] == "change of more than 12.75 points" for cells in rows.values())
    assert "Patients improved on average" not in page
    assert "Those with both scores improved on average" in page


def test_the_report_names_every_kind_of_score() -> None:
    kinds = get_args(Scale.model_fields["kind"].annotation)
    assert set(SCORING) == set(kinds)


def test_stretches_of_a_chart_meet_without_gap_or_overlap() -> None:
    """Each value from 10.5 to 90.0 lies in one piece."""
    pieces = [piece for _, band in stretches(unchanged().scale("level"), []) for piece in band]
    for height in TENTHS:
        assert sum(piece.holds(float(height)) for piece in pieces) == 1
    assert str(pieces[0]) == "10.5–14.9"


def test_bands_in_words_leave_no_score_between_or_in_two() -> None:
    """Both ends belong to a level: 47.0 to the first, 47.1 to the second."""
    levels = [f"level {n} (version B)" for n in (1, 2, 3, 4)]
    ends = ["0 to 47.0", "47.1 to 55.1", "55.2 to 72.4", "72.5 to 100"]
    told = bands(instrument("pam").scale("score"))
    assert told == [f"{level} {reach}" for level, reach in zip(levels, ends, strict=True)]


@pytest.mark.parametrize(("only", "headline"), HEADLINES)
def test_the_headline_of_a_report(only: list[str], headline: tuple[str, ...]) -> None:
    """`tests/program/test_headline_rule.py` holds disclosure control to the same."""
    options: dict[str, Any] = dict.fromkeys(("episodes", "problems", "target")) | {"by": "site"}
    options |= {"policy": "none", "as_of": AS_OF, "definitions": ()}
    made = gather(*(one.filter(pl.col("instrument").is_in(only)) for one in example_tables()), **options)
    assert made.headline is not None
    key = made.headline.key
    assert (made.success[key], *key, made.target) == headline

# pyright: strict
"""What users write, checked by mypy and pyright in strict mode and never run."""

from fractions import Fraction
from typing import assert_type

import polars as pl

import ipm_outcomes as ipm
from ipm_outcomes import (
    GAD7,
    NPS,
    PCS,
    PEG,
    PHQ9,
    PROMIS29,
    PROMIS29v20,
    between,
    change,
    frames,
    opioids,
    program,
    score,
)
from ipm_outcomes.change import CategoryChange, Changes, FlagChange, ScaleChange
from ipm_outcomes.responses import GAD7Scores, PHQ9Changes, PHQ9Scores, PROMIS29Scores, Response
from ipm_outcomes.scores import Absent, CategoryScore, Flag, Provenance, Score, Scores

# One response
response = PHQ9(q1=2, q2=1, q3=3, q4=2, q5=0, q6=1, q7=1, q8=0, q9=0, difficulty=None)
assert_type(response.q1, int | None)
scores = score(response)
assert_type(scores, PHQ9Scores)
assert_type(scores.total, Score)
assert_type(scores.total.value, float | None)
assert_type(scores.total.band, str | None)
assert_type(scores.total.se, float | None)
assert_type(scores.total.answered, int)
assert_type(scores.total.absent, Absent | None)
assert_type(scores.total.exact, Fraction | None)
assert_type(scores.total.interval(level=0.9), tuple[float, float] | None)
assert_type(scores.syndrome, CategoryScore)
assert_type(scores.syndrome.value, str | None)
assert_type(scores.flags, tuple[Flag, ...])
assert_type(scores.provenance, Provenance)
assert_type(scores.provenance.digest, str)
assert_type(score(PHQ9(q1=1), missing="prorate").total.value, float | None)

# An answer that comes from elsewhere is an int or None like any other
submitted: dict[str, int | None] = {"pain": 7, "enjoyment": None}
assert_type(score(PEG(pain=submitted["pain"], enjoyment=submitted["enjoyment"])).mean.value, float | None)

# From a form, as JSON or as labels
assert_type(PHQ9.model_validate_json('{"q1": 2}'), PHQ9)
assert_type(PHQ9.model_validate({"q1": 2}), PHQ9)
assert_type(GAD7.from_labels(q1="Several days", q2=None), GAD7)
assert_type(score(GAD7.from_labels(q1="Several days")), GAD7Scores)
assert_type(PROMIS29.from_positions(pfa11=1), PROMIS29)
text: str = response.model_dump_json()
stored: dict[str, object] = scores.to_dict()
assert_type(PHQ9Scores.from_dict(stored), PHQ9Scores)
assert_type(PHQ9Scores.from_json(scores.to_json()), PHQ9Scores)

# Two forms of one patient
changes_of_one = between(PHQ9Scores.from_json(scores.to_json()), scores)
assert_type(changes_of_one, PHQ9Changes)
assert_type(changes_of_one.flags, tuple[FlagChange, ...])
assert_type(changes_of_one.total, ScaleChange)
assert_type(changes_of_one.total.improvement, float | None)
assert_type(changes_of_one.syndrome, CategoryChange)
assert_type(PHQ9Changes.from_json(changes_of_one.to_json()), PHQ9Changes)

# Every instrument
assert_type(score(PROMIS29(edanx01=2)), PROMIS29Scores)
assert_type(score(PROMIS29(edanx01=2)).anxiety.se, float | None)
assert_type(score(PROMIS29v20(edanx01=2)).mental_summary.value, float | None)
assert_type(score(PCS(q1=4)).helplessness.value, float | None)
assert_type(score(NPS(recommend=9)).rating.band, str | None)


# Code that works for all instruments
def highest(found: Scores) -> float | None:
    values = [one.value for _, one in found.scales() if isinstance(one, Score) and one.value is not None]
    return max(values, default=None)


def short(before: Scores, after: Scores) -> str:
    changes: Changes = between(before, after)
    return changes.short


def total(answers: Response[PHQ9Scores]) -> float | None:
    return score(answers).total.value


assert_type(highest(scores), float | None)
assert_type(total(response), float | None)

# Definitions
assert_type(ipm.instruments(), tuple[str, ...])
assert_type(ipm.instrument("phq9").title, str)

# Frames take and give back whatever kind of frame there is
table: object = object()
scored: object = frames.score(table, "phq9", not_answered=(7, 9), invalid="null", columns="DPQ0{n}0")
problems: object = frames.check(table, "phq9", columns={"q1": "DPQ010"})
tidied: object = frames.tidy(table, ["phq9", "peg"], by=["patient_id", "date"], missing="prorate")
words: dict[str, list[int]] = {"phq9": [7, 9]}
again: object = frames.score(table, "phq9", not_answered=words, columns={"phq9": "PHQ9_{n}"}, replace=True)
declared: object = frames.tidy(
    table,
    ["phq9", "gad7"],
    by=["site"],
    columns={"phq9": "PHQ9_{n}", "gad7": {"q1": "GAD_first"}},
    coding={"gad7": "position"},
    not_answered={"phq9": [7, "NA"], "gad7": "refused"},
    group_names={"site": "merge"},
)
found: object = frames.inspect(
    table, coding={"gad7": "position"}, not_answered=(9, "NA"), group_names={"site": {"a": "A"}}
)

# What comes back is of the kind that was given
visits = pl.DataFrame({"phq9_q1": [0, 1]})
assert_type(frames.score(visits, "phq9"), pl.DataFrame)
assert_type(frames.score(visits.lazy(), "phq9"), pl.LazyFrame)
assert_type(frames.check(visits, "phq9"), pl.DataFrame)
assert_type(frames.inspect(visits), pl.DataFrame)
assert_type(frames.spreadsheet_safe(visits), pl.DataFrame)
scores_of_all = frames.tidy(visits, ["phq9"], by=["patient_id", "date"])
assert_type(scores_of_all, pl.DataFrame)
assert_type(change.pair(scores_of_all), pl.DataFrame)
assert_type(change.check_dates(scores_of_all), pl.DataFrame)
changes = change.table(scores_of_all, as_of="2026-01-01")
assert_type(changes, pl.DataFrame)
figures = program.table(changes, by=["site"], scores=scores_of_all)
assert_type(figures, pl.DataFrame)
assert_type(program.table([changes, changes], by=["site"]), pl.DataFrame)
assert_type(program.table([pl.scan_parquet(file) for file in ("a.parquet", "b.parquet")]), pl.LazyFrame)
assert_type(program.suppress(figures), pl.DataFrame)
assert_type(opioids.daily(visits), pl.DataFrame)
assert_type(program.measure(visits, period_start="2025-01-01"), pl.DataFrame)

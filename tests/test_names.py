"""Names as users give them: whatever their case, and with the nearest one where there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ipm_outcomes as ipm
from ipm_outcomes import change, fhir, frames, program, redcap, report
from ipm_outcomes.errors import FrameError, ParameterError, UnknownNameError, did_you_mean

pl = pytest.importorskip("polars")
COLUMNS = {"pain": "peg_pain", "enjoyment": "peg_enjoyment", "activity": "peg_activity"}


@pytest.fixture(scope="module")
def answers() -> Any:
    dates = ["2024-01-10", "2024-07-09"]
    return pl.DataFrame(
        {
            "patient_id": [1, 1],
            "date": dates,
            "peg_pain": [7, 4],
            "peg_enjoyment": [7, 4],
            "peg_activity": [6, 4],
        }
    )


@pytest.fixture(scope="module")
def scores(answers: Any) -> Any:
    return frames.tidy(answers, ["peg"], by=["patient_id", "date"])


def test_one_definition_whatever_the_case() -> None:
    assert ipm.instrument("PEG") is ipm.instrument("peg")
    assert ipm.instrument("PHQ9").scale("Total") is ipm.instrument("phq9").scale("total")
    assert program.indicator("Responder_30") is program.indicator("responder_30")
    assert ipm.battery("Table3") is ipm.battery("table3")
    assert fhir.questionnaire("PEG") == fhir.questionnaire("peg")
    assert redcap.dictionary("PEG") == redcap.dictionary("peg")


@pytest.mark.parametrize(
    "call",
    [
        lambda data, name: frames.score(data, name),
        lambda data, name: frames.check(data, name),
        lambda data, name: frames.tidy(data, [name], by=["patient_id"]),
        lambda data, name: frames.tidy(data, ["peg"], columns={name: COLUMNS}),
        lambda data, name: frames.tidy(data, ["peg"], not_answered={name: [99]}),
        lambda data, name: frames.tidy(data, ["peg"], coding={name: "answer"}),
        lambda data, name: frames.inspect(data, instruments=[name]),
    ],
)
def test_frames_take_any_case(answers: Any, call: Callable[[Any, str], Any]) -> None:
    assert call(answers, "PEG").equals(call(answers, "peg"))


@pytest.mark.parametrize(
    "call",
    [
        lambda data, name: change.pair(data, scales=name),
        lambda data, name: change.pair(data, scales=[f"{name}.mean"]),
        lambda data, name: change.table(data, constants={(name, "mean"): {"sem": 0.1}}),
        lambda data, name: change.table(data, thresholds={(name, "mean"): {"important": 9}}),
        lambda data, name: change.table(data, cutoffs={f"{name}.mean": 5}),
    ],
)
def test_settings_of_changes_take_any_case(scores: Any, call: Callable[[Any, str], Any]) -> None:
    assert call(scores, "PEG").equals(call(scores, "peg"))
    assert change.table(scores, cutoffs={"PEG.Mean": 5})["cutoff"].drop_nulls().to_list() == [5, 5, 5]


def test_the_command_line_takes_any_case(
    answers: Any, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cyclopts")
    from ipm_outcomes.cli import main

    file = tmp_path / "answers.csv"
    answers.write_csv(file)
    out = []
    for id in ("PEG", "peg"):
        assert main(["score", str(file), "--instrument", id]) == 0
        assert main(["show", id]) == 0
        out.append(capsys.readouterr().out)
    assert out[0] == out[1]


@pytest.mark.parametrize(
    ("call", "near"),
    [
        (lambda: ipm.instrument("phq"), "'phq9'"),
        (lambda: ipm.instrument("PHQ10"), "'phq9'"),
        (lambda: ipm.instrument("phq9").scale("totl"), "'total'"),
        (lambda: ipm.instrument("peg").item("pian"), "'pain'"),
        (lambda: program.indicator("respnder_30"), "'responder_30'"),
    ],
)
def test_the_nearest_name_is_said(call: Callable[[], Any], near: str) -> None:
    with pytest.raises(UnknownNameError, match=rf"; did you mean {near}\?$"):
        call()


def test_the_nearest_column_is_said(answers: Any, scores: Any) -> None:
    with pytest.raises(FrameError, match=r"did you mean 'patient_id'\?"):
        frames.tidy(answers, ["peg"], by=["patient"])
    with pytest.raises(ParameterError, match=r"did you mean 'peg'\?"):
        frames.tidy(answers, ["peg"], columns={"pegg": COLUMNS})
    with pytest.raises(FrameError, match=r"did you mean 'patient_id'\?"):
        program.table(change.table(scores), by=["patient_ids"])


def test_where_nothing_is_near_nothing_is_said() -> None:
    assert did_you_mean("zzzzzz", ["peg", "phq9"]) == ""
    assert did_you_mean("PGE", ["peg"]) == "; did you mean 'peg'?"


def test_a_table_of_another_stage_is_told_what_is_missing(answers: Any, scores: Any) -> None:
    with pytest.raises(FrameError, match=r"these are scores; pair them first, change\.table\(scores\)"):
        program.table(scores)
    with pytest.raises(FrameError, match=r"^changes: these are answers; score them first with frames\.tidy"):
        program.table(answers)
    with pytest.raises(FrameError, match=r"answers become scores by frames\.tidy"):
        program.table(answers.rename(lambda name: f"other {name}"))
    figures = program.table(change.table(scores), indicators=["followup_completion"])
    with pytest.raises(FrameError, match="these are figures already"):
        program.table(figures)


def test_each_step_says_which_step_was_skipped(answers: Any, scores: Any, tmp_path: Path) -> None:
    changes = change.table(scores)
    figures = program.table(changes, indicators=["followup_completion"])
    to_score = r"these are answers; score them first with frames\.tidy\(\.\.\.\)"
    for step, said in (
        (lambda: change.table(answers), f"^scores: {to_score}$"),
        (lambda: program.table(changes, scores=answers), f"^scores: {to_score}$"),
        (lambda: program.suppress(answers), f"^table: {to_score}"),
        (
            lambda: program.suppress(changes),
            r"^table: these are changes; count them first, program\.table\(changes\)",
        ),
        (
            lambda: change.table(figures),
            r"^scores: these are figures already; give the table of frames\.tidy",
        ),
        (lambda: frames.score(scores, "peg"), "^peg: these are scores already; give the answers"),
        (lambda: frames.tidy(changes, ["peg"]), "^peg: these are changes already; give the answers"),
        (lambda: report.html(answers, changes, figures, tmp_path / "a.html"), f"^scores: {to_score}"),
        (
            lambda: report.html(scores, scores, figures, tmp_path / "a.html"),
            "^changes: these are scores; pair them first",
        ),
    ):
        with pytest.raises(FrameError, match=said):
            step()

"""REDCap's files of real projects and planted ones, by the manifest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ipm_outcomes import redcap

Real = Callable[[str], Path]

FAULTS = [
    *("alignment", "code_twice", "duplicate", "field_type", "form_split", "no_choices", "no_record_id"),
    *("pipe_in_label", "uppercase", "validation_on_radio"),
]
OWN = ["peg", "phq9", "gad7", "pcs", "promis29", "nps"]
PROJECTS = [
    "checkboxes-1",
    "decimal-comma",
    "longitudinal",
    "repeating-instruments-sparse",
    "survey",
    "vignette-repeating",
]


def text(real: Real, name: str) -> str:
    return real(f"redcap/{name}").read_text(encoding="utf-8")


@pytest.mark.parametrize("fault", FAULTS)
def test_each_planted_fault_is_named(real: Real, fault: str) -> None:
    problems = redcap.check_dictionary(text(real, f"planted/bad_{fault}.csv"))
    assert fault in [problem.rule for problem in problems if problem.refused]


@pytest.mark.parametrize(
    "name",
    [f"own_dictionary_{id}.csv" for id in OWN] + [f"redcapr_{name}_dictionary.csv" for name in PROJECTS],
)
def test_good_dictionaries_pass(real: Real, name: str) -> None:
    assert not [one for one in redcap.check_dictionary(text(real, name)) if one.refused]


def test_double_quotes_in_a_dictionary_of_redcap_itself_are_told(real: Real) -> None:
    problems = redcap.check_dictionary(text(real, "redcapr_longitudinal_dictionary.csv"))
    assert {problem.rule for problem in problems} == {"double_quotes"}


@pytest.mark.parametrize("id", OWN)
def test_ours_have_the_header_and_choices_of_the_reference(real: Real, id: str) -> None:
    theirs, ours = text(real, f"own_dictionary_{id}.csv"), redcap.dictionary(id)
    assert ours.splitlines()[0] == theirs.splitlines()[0]
    assert [line.split(",")[:4] for line in ours.splitlines()[1:]] == [
        line.split(",")[:4] for line in theirs.splitlines()[1:]
    ]

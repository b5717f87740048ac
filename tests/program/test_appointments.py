"""Attendance, completion and drop-out, worked by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from conftest import Backend
from ipm_outcomes import program
from ipm_outcomes.errors import FrameError, ParameterError, UnreadableDatesError

DAY = date(2026, 1, 5)
WORDS = {
    "A": "Attended",
    "M": "missed",
    "P": "canceled by patient",
    "C": "canceled_by_clinic",
    "T": "planned",
}
# What became of the appointments; the status of the episode; sessions that were planned.
PATIENTS: dict[str, tuple[str, str | None, int | None]] = {
    "a": ("AAAM", "left", 4),  # 3 of 4: 75 percent exactly
    "b": ("AAMM", "completed", 4),  # discharged as completed
    "c": ("AMPC", "left", 4),  # 1 of 4; the clinic's own does not count as scheduled
    "d": ("AATT", "active", 4),  # still going on
    "e": ("AAAT", "active", 4),  # enough already
    "f": ("MM", "left", 4),  # never came
    "g": ("A", None, 4),  # not known
    "h": ("", "left", 4),  # no appointment
    "i": ("AM", "left", None),  # planned: what was scheduled
}


def appointments() -> dict[str, list[Any]]:
    rows = [
        (one, DAY + timedelta(7 * at), WORDS[letter])
        for one, (letters, _, _) in PATIENTS.items()
        for at, letter in enumerate(letters)
    ]
    return {name: [row[at] for row in rows] for at, name in enumerate(("patient_id", "date", "status"))}


def episodes() -> dict[str, list[Any]]:
    return {
        "patient_id": list(PATIENTS),
        "status": [status for _, status, _ in PATIENTS.values()],
        "planned_sessions": [planned for _, _, planned in PATIENTS.values()],
        "site": ["x"] * 5 + ["y"] * 4,
    }


def of(**options: Any) -> pl.DataFrame:
    return program.adherence(pl.DataFrame(appointments()), episodes=pl.DataFrame(episodes()), **options)


def counts(found: pl.DataFrame, indicator: str, **group: str) -> tuple[int, ...]:
    rows = found.filter(pl.col("indicator") == indicator)
    for name, value in group.items():
        rows = rows.filter(pl.col(name) == value)
    (row,) = rows.select("eligible", "observed", "numerator", "denominator", "excluded").rows()
    return row


def test_each_figure_with_its_denominator(backend: Backend) -> None:
    made = program.adherence(
        backend.make(appointments()), episodes=backend.make(episodes()), by=["site"], totals=True
    )
    columns = backend.rows(made)
    found = pl.DataFrame({name: pl.Series(name, values, strict=False) for name, values in columns.items()})
    # Attended of scheduled: a 3/4, b 2/4, c 1/3, d 2/2, e 3/3, f 0/2, g 1/1, i 1/2; h has none.
    assert counts(found, "appointments_attended", site="all") == (8, 8, 13, 21, 0)
    assert counts(found, "appointments_attended", site="x") == (5, 5, 11, 16, 0)
    # a to e, g and i came once or more; d is active, g is not known; a, b and e completed.
    assert counts(found, "course_completed", site="all") == (6, 5, 3, 5, 1)
    assert counts(found, "course_left", site="all") == (6, 5, 2, 5, 1)
    assert counts(found, "course_completed", site="y") == (2, 1, 0, 1, 0)


def test_how_much_must_be_attended():
    assert counts(of(share=0.8), "course_completed")[2] == 1  # b only; e is active then
    assert counts(of(share=0.8), "course_completed")[4] == 2
    assert counts(of(share=0.5), "course_completed")[2:4] == (5, 6)  # a, b, d, e and i (1 of 2); not c
    # Two attended appointments: a, b, d and e.
    found = of(attended=2)
    assert counts(found, "course_completed")[2:] == (4, 6, 0)
    (note,) = found.filter(pl.col("indicator") == "course_left")["notes"]
    assert "Completed: 2 appointments attended, or discharged as completed." in note
    assert "Completed: 0.75 of the planned appointments" in " ".join(of()["notes"])
    assert dict(of().select("definition", "evidence").rows())["course_completed"] == "unverified"


def test_one_row_per_patient():
    found = of(per_patient=True)
    assert found.select("patient_id", "attended", "scheduled", "planned", "completed", "active").rows()[2:8] == [
        ("c", 1, 3, 4, False, False), ("d", 2, 2, 4, False, True), ("e", 3, 3, 4, True, False),
        ("f", 0, 2, 4, False, False), ("g", 1, 1, 4, None, None), ("h", 0, 0, 4, False, False),
    ]  # fmt: skip


def test_without_episodes_who_has_an_appointment_to_come_is_active():
    found = program.adherence(pl.DataFrame(appointments()))
    # c: 1 of 3; d: 2 of 4, active; e: 3 of 4, completed; g: 1 of 1; i: 1 of 2; f never came.
    assert counts(found, "course_completed") == (6, 6, 3, 6, 1)
    assert counts(found, "course_left") == (6, 6, 3, 6, 1)


def test_appointments_of_two_episodes():
    data = pl.DataFrame(
        {
            "patient_id": ["a"] * 3,
            "episode": [1, 2, 2],
            "date": [DAY] * 3,
            "status": ["attended", "attended", "missed"],
        }
    )
    listed = pl.DataFrame({"patient_id": ["a", "a"], "episode": [2, 1], "status": ["left", "completed"]})
    found = program.adherence(data, episodes=listed, per_patient=True)
    assert found.select("episode", "attended", "scheduled", "completed").rows() == [
        (2, 1, 2, False),
        (1, 1, 1, True),
    ]
    with pytest.raises(FrameError, match="give the column episode"):
        program.adherence(data.drop("episode"), episodes=listed)
    with pytest.raises(
        FrameError, match=r"1 row\(s\) of patients or episodes that are not in episodes, first in row 0"
    ):
        program.adherence(data, episodes=listed.head(1))
    with pytest.raises(FrameError, match="several rows of one episode"):
        program.adherence(data, episodes=pl.concat([listed, listed]))


def test_refusals():
    data, listed = pl.DataFrame(appointments()), pl.DataFrame(episodes())
    odd = data.with_columns(status=pl.col("status").replace({"missed": "No-show!"}))
    with pytest.raises(
        FrameError, match=r"holds 1 label\(s\) that are not known, in 7 row\(s\), first in row 3"
    ) as caught:
        program.adherence(odd, episodes=listed)
    assert "No-show" not in str(caught.value)
    assert program.adherence(odd, episodes=listed, meanings={"no show": "missed"}).equals(of())
    text = data.with_columns(date=pl.col("date").dt.strftime("%m/%d/%Y"))
    with pytest.raises(UnreadableDatesError, match="date_format"):
        program.adherence(text, episodes=listed)
    assert program.adherence(text, episodes=listed, date_format="%m/%d/%Y").equals(of())
    with pytest.raises(FrameError, match="appointments: the frame has no column 'status'"):
        program.adherence(data.drop("status"))
    for options in (
        {"share": 0},
        {"share": 1.1},
        {"share": True},
        {"attended": 0},
        {"attended": 1.5},
        {"level": 1},
    ):
        with pytest.raises(ParameterError):
            of(**options)

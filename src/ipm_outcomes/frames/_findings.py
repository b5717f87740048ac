"""A finding: what was seen in a table, where, in how many rows, and the argument that settles it."""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ipm_outcomes.frames._evidence import Evidence, optioned
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._missing import suspected_word

FINDINGS = {
    "instrument_found": "rows with an answer",
    "columns_missing": "columns of items that are not there",
    "coding_from_one": "cells hold one above the highest answer and none is the lowest",
    "coding_suspected": "no cell of many forms is the lowest answer",
    "missing_code": "numbers that are likely to mean that there is no answer",
    "missing_word": "words that are likely to mean that there is no answer",
    "dates_unreadable": "dates that cannot be read",
    "dates_ambiguous": "dates that can be read in more than one way",
    "blank_rows": "rows that hold no answer",
    "duplicate_forms": "forms of a patient and date that an earlier row has as well",
    "group_spelling": "names that differ only by case, spacing or leading zeros",
    "text_in_numbers": "other text in a column of numbers",
    "header_rows": "rows that look like further rows of the header",
    "recorded_scores": "scores that are in the table already",
}
"""Codes of findings with what was seen, in the order in which they are reported."""


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes
    ----------
    finding : str
        A code out of `FINDINGS`.
    where : str
        The columns, by name.
    instrument : str or None
        Id of the instrument that it is about; None for the whole table.
    rows, of : int
        How many rows it is about, of how many that could be.
    argument, value : str or None, object
        Name and value of the argument that settles it; None where there is nothing to settle.
    moves : bool
        Whether it withholds a figure or could change one.
    words : str
        What was seen, in words without text from the data, where more can be said than what the code means.
    """

    finding: str
    where: str
    instrument: str | None
    rows: int
    of: int
    argument: str | None = None
    value: Any = None
    moves: bool = True
    words: str = ""

    @property
    def seen(self) -> str:
        """What was seen, in words without text from the data."""
        return self.words or FINDINGS[self.finding]

    @property
    def settle(self) -> str | None:
        """The argument as it is written in Python."""
        if self.argument is None:
            return None
        if self.argument == "data":
            return f"data[{self.value}:]"
        if self.argument == "date_format" and isinstance(self.value, tuple):
            return " or ".join(f"date_format={python(date_format)}" for date_format in self.value)
        return f"{self.argument}={python(self.value)}"

    @property
    def option(self) -> str | None:
        """The same as it is written on the command line."""
        return None if self.argument is None else argument_option(self.argument, self.value, self.instrument)

    @property
    def sentence(self) -> str:
        """The finding in one line: its code, where, what was seen, and the option that settles it."""
        place = f"{self.instrument}, {self.where}" if self.instrument else self.where
        way = f"; {self.option}" if self.option else ""
        return f"{self.finding}: {place}: {self.seen} ({self.rows} of {self.of} rows){way}"

    @property
    def withheld(self) -> str:
        """Of a coding that has to be declared: why, and how."""
        other = argument_option("coding", {self.instrument: "answer"})
        return (
            f"{self.instrument}: {self.words}. No score is given until the coding is declared: {self.option} would "
            f"read them so, {other} says that they are right."
        )


def python(value: Any) -> str:
    """A value of an argument as it is written in Python, with double quotes.

    >>> python({"phq9": [7, "NA"]}), python(True)
    ('{"phq9": [7, "NA"]}', 'True')
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{python(key)}: {python(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(python, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def argument_option(argument: str, value: Any, instrument: str | None = None) -> str:
    """An argument as it is written on the command line.

    >>> argument_option("columns", "PHQ9_{n}", "phq9"), argument_option("not_answered", {"phq9": [7, "NA"]})
    ("--columns 'phq9=PHQ9_{n}'", '--not-answered phq9=7,NA')
    """
    if argument == "data":
        return f"--skip-rows {value}"
    name = f"--{argument.replace('_', '-')}"
    if argument == "date_format" and isinstance(value, tuple):
        return " or ".join(f"{name} {shlex.quote(text)}" for text in value)
    if value is True:
        return name
    if argument == "columns" and isinstance(value, Mapping) and instrument not in value:
        words = [f"{instrument}.{item}={header}" for item, header in value.items()]
    elif argument == "columns" and isinstance(value, str):
        words = [f"{instrument}={value}"]
    elif argument == "columns":
        return " ".join(argument_option("columns", pattern, id) for id, pattern in value.items())
    elif isinstance(value, Mapping):
        words = [f"{key}={_word(entry)}" for key, entry in value.items()]
    else:
        words = [_word(value)]
    return " ".join(f"{name} {shlex.quote(word)}" for word in words)


def _word(value: Any) -> str:
    """A value, or several between commas."""
    if not isinstance(value, (list, tuple)):
        return str(value)
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(value)
    return line.getvalue()


def by_instrument(id: str, value: Any, alone: bool) -> Any:
    """The value of an argument for one instrument: as it is where there is only one, else as a mapping."""
    return value if alone else {id: value}


def of_cells(evidence: Evidence, rows: int, alone: bool = True) -> list[Finding]:
    """What the cells of an instrument's columns give reason to suspect."""
    items, findings = evidence.items, []
    id, columns = items.instrument.id, list(items.names.values())
    if evidence.coding:
        lowest, highest = evidence.span
        seen = (
            f"cells hold {highest + 1} and none is {lowest}"
            if evidence.coding == "coding_from_one"
            else f"no cell of {np.count_nonzero(evidence.complete)} complete forms is {lowest}"
        )
        findings.append(
            Finding(
                evidence.coding,
                span([items.names[item] for item in optioned(items)]),
                id,
                int(evidence.numbered.sum()),
                rows,
                "coding",
                by_instrument(id, "position", alone),
                words=f"{seen}: they look as if they were counted from 1, and not from {lowest}",
            )
        )
    numbers = sorted({*items.not_answered.numbers, *evidence.codes}, key=lambda n: (abs(n), n))
    # Words that were declared and are not of the fixed list are not shown, also not to who declared them.
    declared = {suspected_word(word) or "…" for word in items.not_answered.words}
    words = sorted({*declared, *evidence.words}, key=str.casefold)
    for code, seen_in, kind in (
        ("missing_code", evidence.codes, "numbers"),
        ("missing_word", evidence.words, "words"),
    ):
        if seen_in:
            what = ", ".join(map(str, sorted(seen_in, key=lambda code: (str(type(code)), code))))
            findings.append(
                Finding(
                    code,
                    span(columns),
                    id,
                    int(np.logical_or.reduce(list(seen_in.values())).sum()),
                    rows,
                    "not_answered",
                    by_instrument(id, [*numbers, *words], alone),
                    words=f"{kind} that are likely to mean that there is no answer: {what}",
                )
            )
    if evidence.texts:
        findings.append(
            Finding(
                "text_in_numbers",
                span(list(evidence.texts)),
                id,
                int(np.logical_or.reduce(list(evidence.texts.values())).sum()),
                rows,
                "invalid",
                "null",
                words="other text in a column of numbers",
            )
        )
    return findings


def way_out(findings: Sequence[Finding]) -> str:
    """What to do about cells that are not answers."""
    coding = next((finding for finding in findings if finding.argument == "coding"), None)
    if coding:
        return f'{coding.words}; {coding.settle} would read them, coding="answer" says that they are right'
    missing = next((finding for finding in findings if finding.argument == "not_answered"), None)
    declare = (
        f"declare {missing.settle} if that means no answer"
        if missing
        else "declare codes and words with not_answered=…"
    )
    return f"correct them, {declare}, or take them as not answered with invalid='null'"


def span(names: Sequence[str]) -> str:
    """Columns in few words: all of a few, the first and the last of many."""
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} to {names[-1]}"


def table(frame: Frame, findings: Sequence[Finding]) -> Any:
    """Findings as a table, in the caller's kind of frame."""
    columns = ("finding", "where", "instrument", "rows", "of", "settle")
    data = {name: [getattr(finding, name) for finding in findings] for name in columns}
    return frame.listed(data, {"rows": "whole", "of": "whole"})

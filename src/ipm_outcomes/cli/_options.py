"""Options that the commands share, and what they mean for the library."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from ipm_outcomes import catalog
from ipm_outcomes.cli._files import Source
from ipm_outcomes.cli._print import progress
from ipm_outcomes.errors import FrameError, ParameterError, UnknownNameError
from ipm_outcomes.frames._check import problems
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._items import ItemColumns
from ipm_outcomes.report.text import WrongCell

Output = Annotated[str | None, Parameter(name=("-o", "--output"), allow_leading_hyphen=True)]


@Parameter(name="*")
@dataclass(frozen=True)
class Reading:
    """How to read the file.

    Parameters
    ----------
    delimiter
        Between the cells of a CSV file: one character or the word tab; by default a comma.
    encoding
        Of the text of a CSV or SAS file, such as cp1252.
    """

    delimiter: str | None = None
    encoding: str = "utf-8"


@Parameter(name="*")
@dataclass(frozen=True)
class Items:
    """Which instruments are in the file, in which columns, and how they are coded.

    Parameters
    ----------
    instrument
        Ids of instruments, repeated or separated by commas; by default all whose item columns are found.
    columns
        Where the items of the one instrument are: a pattern such as "DPQ0{n}0" ({n}: number of the item,
        {item}: its id), or item=column pairs separated by commas. By default {instrument}_{item}.
    scales
        Only these scales of the one instrument, separated by commas, so that only their items are asked for.
    coding
        answer: cells hold the number printed beside the option; position: 1 for the first option, and so on.
    not_answered
        Whole numbers that mean no answer, such as 7,9.
    missing
        Name of a missing rule; instruments and scales without it keep their default, the strictest.
    """

    instrument: list[str] | None = None
    columns: str | None = None
    scales: str | None = None
    coding: Literal["answer", "position"] = "answer"
    not_answered: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None
    missing: str | None = None


@dataclass(frozen=True)
class Plan:
    """What to score: the instruments, and for each the arguments that `ipm_outcomes.frames` takes."""

    source: Source
    ids: tuple[str, ...]
    columns: Any
    scales: list[str] | None
    coding: Literal["answer", "position"]
    not_answered: tuple[int, ...]
    missing: str | None

    def reading(self) -> dict[str, Any]:
        """Arguments of `frames.check` and `frames.score`: how cells are read."""
        return {
            "columns": self.columns,
            "scales": self.scales,
            "coding": self.coding,
            "not_answered": self.not_answered,
            "text_numbers": self.source.text,
        }

    def rule(self, id: str) -> str | None:
        """The missing rule for one instrument: the one asked for where it has it, else its default."""
        return self.missing if self.missing in catalog.instrument(id).missing_rules else None

    def problems(self) -> Any:
        """One row per wrong cell, by row: what `frames.check` gives, with line and instrument."""
        import polars as pl

        found = []
        for id in self.ids:
            with progress(f"checking {id}", len(self.source.frame)) as done:
                table = problems(ItemColumns(Frame(self.source.frame), id, **self.reading()), progress=done)
            lines = pl.Series("line", [self.source.line(row) for row in table["row"]], pl.Int64)
            found.append(table.insert_column(1, lines).insert_column(2, pl.lit(id).alias("instrument")))
        return pl.concat(found).sort("row", maintain_order=True)

    def wrong(self) -> list[WrongCell]:
        """Every cell that is not an answer, by row."""
        return wrong_cells(self.problems())


def wrong_cells(table: Any) -> list[WrongCell]:
    """The rows of a table of problems."""
    columns = ("row", "line", "column", "message")
    return [WrongCell(*row) for row in table.select(columns).iter_rows()]


def plan(source: Source, items: Items) -> Plan:
    """Settle what to score, before any work."""
    ids = tuple(dict.fromkeys(split(items.instrument)))
    for id in ids:
        catalog.instrument(id)
    for name, given in (("--columns", items.columns), ("--scales", items.scales)):
        if given is not None and len(ids) != 1:
            raise ParameterError(f"{name} is about one instrument: name it with --instrument")
    if items.instrument is not None and not ids:
        raise ParameterError("--instrument names none")
    if not ids:
        ids = _found(source)
    rules = {rule for id in ids for rule in catalog.instrument(id).missing_rules}
    if items.missing is not None and items.missing not in rules:
        raise UnknownNameError(
            f"--missing: {', '.join(ids)}: no such rule; there are {', '.join(sorted(rules))}"
        )
    scales = None if items.scales is None else split(items.scales)
    return Plan(
        source,
        ids,
        _columns(items.columns),
        scales,
        items.coding,
        _numbers(items.not_answered),
        items.missing,
    )


def split(given: str | Sequence[str] | None) -> list[str]:
    """Words separated by commas, in one text or several."""
    parts: Iterable[str] = [given] if isinstance(given, str) else given or []
    return [word.strip() for part in parts for word in part.split(",") if word.strip()]


def _found(source: Source) -> tuple[str, ...]:
    """Instruments whose item columns the file has; having only a part of them is refused."""
    names = set(source.frame.columns)
    found = tuple(
        id
        for id in catalog.instruments()
        if any(f"{id}_{item}" in names for item in catalog.instrument(id).item_ids)
    )
    if not found:
        raise FrameError(
            f"{source.name}: no item columns such as phq9_q1 were found; name the instrument with "
            "--instrument and its columns "
            "with --columns"
        )
    for id in found:
        asked = [f"{id}_{item.id}" for item in catalog.instrument(id).items if not item.unscored]
        if absent := [name for name in asked if name not in names]:
            shown = ", ".join(absent[:5]) + (" ..." if len(absent) > 5 else "")
            raise FrameError(
                f"{source.name}: {id}: {len(absent)} of its item columns are missing: {shown}; name the "
                "instruments to score with --instrument, or some of its scales with --scales"
            )
    return found


def _columns(given: str | None) -> str | dict[str, str] | None:
    if given is None or "=" not in given:
        return given
    pairs: dict[str, str] = {}
    for pair in given.split(","):
        item, sign, column = pair.partition("=")
        if not sign or not item.strip() or not column.strip():
            raise ParameterError(
                "--columns: give a pattern such as DPQ0{n}0, or pairs such as q1=DPQ010,q2=DPQ020"
            )
        if item.strip() in pairs:
            raise ParameterError(f"--columns: the item {item.strip()!r} is named twice")
        pairs[item.strip()] = column.strip()
    return pairs


def _numbers(given: str | None) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in split(given))
    except ValueError:
        raise ParameterError("--not-answered: give whole numbers separated by commas, such as 7,9") from None


def column_of(option: str, given: str | None, default: str | None, names: list[str]) -> str | None:
    """The column given, or the usual one where the file has it."""
    if given is None:
        return default if default in names else None
    if given not in names:
        raise FrameError(f"{option}: the file has no column {given!r}")
    return given

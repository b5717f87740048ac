"""Options that the commands share, and what they mean for the library."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from cyclopts import Parameter

from ipm_outcomes import catalog
from ipm_outcomes.cli._arguments import coding_of, columns_of, group_names_of, not_answered_of
from ipm_outcomes.cli._files import Source, read
from ipm_outcomes.cli._mapped import mapped
from ipm_outcomes.cli._print import progress
from ipm_outcomes.errors import FrameError, ParameterError, UnknownNameError
from ipm_outcomes.frames._check import problems
from ipm_outcomes.frames._findings import Finding, argument_option
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._groups import misspelled, renames
from ipm_outcomes.frames._inspect import findings
from ipm_outcomes.frames._items import ItemColumns, in_visits, lacking_columns, likely_names, nearest_column
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
    skip_rows
        How many rows after the header of the file of answers are no answers, such as the two further header rows of
        some survey exports.
    date_format
        How dates are written that are no ISO text (YYYY-MM-DD), in the answers and in the episodes: a pattern such as
        %m/%d/%Y or %d.%m.%y, or excel or sas for the day numbers of these programs. Dates are never guessed.
    mapping
        The .toml file that says how the file of answers is read and which column holds what, as read --save writes it.
    """

    delimiter: str | None = None
    encoding: str = "utf-8"
    skip_rows: int = 0
    date_format: str | None = None
    mapping: str | None = None

    def answers(self, file: str, categories: bool = False) -> Source:
        """The file of answers, without the rows to be skipped; by its mapping where there is one.

        ``categories`` says that columns of few distinct texts may be categories.
        """
        if self.mapping is not None:
            if self.skip_rows:
                raise ParameterError("--skip-rows: the mapping says which rows are no answers; leave it out")
            return mapped(file, self.mapping)
        source = read(file, delimiter=self.delimiter, encoding=self.encoding, categories=categories)
        if not 0 <= self.skip_rows <= len(source.frame):
            raise ParameterError(f"--skip-rows lies between 0 and the number of rows, {len(source.frame)}")
        return source.without(self.skip_rows)


@Parameter(name="*")
@dataclass(frozen=True)
class Items:
    """Which instruments are in the file, in which columns, and how they are coded.

    Parameters
    ----------
    instrument
        Ids of instruments, repeated or separated by commas; by default all whose item columns are found.
    columns
        Where the items are, repeated: ID=PATTERN such as phq9=DPQ0{n}0 ({n}: number of the item, {item}: its id), or
        ID.ITEM=HEADER for one item, the header taken whole. Without ID for the one instrument that is named. By
        default {instrument}_{item}.
    scales
        Only these scales of the one instrument, separated by commas, so that only their items are asked for.
    coding
        answer: cells hold the number printed beside the option; position: 1 for the first option, and so on. For one
        instrument: pcs=position, repeated; for one item csq8.q1=position.
    not_answered
        Numbers and words that mean no answer, such as 7,9,NA; for one instrument phq9=7,9, repeated.
    missing
        Name of a missing rule; instruments and scales without it keep their default, the strictest.
    group_names
        Names of sites and other groups, or ids of patients, repeated: site=merge for names that differ only by
        case, spacing or leading zeros, site:OLD=NEW for one name.
    replace
        Scores that are in the file already are scored again under the same name, and not compared.
    """

    instrument: list[str] | None = None
    columns: Annotated[list[str] | None, Parameter(allow_leading_hyphen=True)] = None
    scales: str | None = None
    coding: list[str] | None = None
    not_answered: Annotated[list[str] | None, Parameter(allow_leading_hyphen=True)] = None
    missing: str | None = None
    group_names: list[str] | None = None
    replace: bool = False


@dataclass(frozen=True)
class Plan:
    """What to score: the instruments, and for each the arguments that `ipm_outcomes.frames` takes."""

    source: Source
    asked: tuple[str, ...]
    """Instruments to look at, also those of which columns are missing."""
    ids: tuple[str, ...]
    columns: dict[str, Any]
    scales: list[str] | None
    coding: dict[str, Any]
    not_answered: dict[str, list[int | str]]
    missing: str | None
    replace: bool
    group_names: dict[str, Any]

    def reading(self, id: str) -> dict[str, Any]:
        """Arguments of `frames.check` and `frames.score` for one instrument: how its cells are read."""
        return {
            "columns": self.columns.get(id),
            "scales": self.scales,
            "coding": self.coding.get(id),
            "not_answered": self.not_answered.get(id),
            "text_numbers": True if self.source.text else None,
        }

    def rule(self, id: str) -> str | None:
        """The missing rule for one instrument: the one asked for where it has it, else its default."""
        return self.missing if self.missing in catalog.instrument(id).missing_rules else None

    def problems(self) -> Any:
        """One row per wrong cell, by row: what `frames.check` gives, with line and instrument."""
        import polars as pl

        tables = []
        for id in self.ids:
            items = ItemColumns(Frame(self.source.frame), id, **self.reading(id))
            if self.source.categories and items.all_are_answers():  # no row need be looked at
                items = ItemColumns(Frame(self.source.frame[:0]), id, **self.reading(id))
            with progress(f"checking {id}", len(self.source.frame)) as done:
                table = problems(items, progress=done)
            lines = pl.Series("line", [self.source.line(row) for row in table["row"]], pl.Int64)
            tables.append(table.insert_column(1, lines).insert_column(2, pl.lit(id).alias("instrument")))
        if not tables:
            return pl.DataFrame(
                schema={"row": pl.Int64, "line": pl.Int64, "column": pl.String, "message": pl.String}
            )
        return pl.concat(tables).sort("row", maintain_order=True)

    def wrong(self) -> list[WrongCell]:
        """Every cell that is not an answer, by row."""
        return wrong_cells(self.problems())

    def findings(
        self,
        *,
        id: str | None = None,
        date: str | None = None,
        by: Sequence[str] = (),
        date_format: str | None = None,
    ) -> list[Finding]:
        """What `frames.inspect` says of the file."""
        names = self.source.frame.columns
        return findings(
            Frame(self.source.frame),
            self.asked,
            columns=self.columns or None,
            coding=self.coding,
            not_answered=self.not_answered,
            text_numbers=True if self.source.text else None,
            scales=self.scales,
            id=column_of("--id", id, "patient_id", names),
            date=column_of("--date", date, "date", names),
            date_format=date_format,
            by=[name for name in by if column_of("--by", name, None, names)] or None,
            replace=self.replace,
        )

    def named(self, episodes: Any) -> Any:
        """A table of episodes with the names of groups that the answers have, where the user asks for it."""
        frame = Frame(episodes)
        names = {name: given for name, given in self.group_names.items() if name in frame.names}
        return frame.renamed(renames(frame, names, Frame(self.source.frame))).native

    def episode_findings(self, episodes: Any, groups: Sequence[str | None]) -> list[Finding]:
        """Names of groups in a table of episodes that differ from those of the answers by case or spacing only."""
        frame, answers = Frame(episodes), Frame(self.source.frame)
        findings = []
        for name in groups:
            if name in frame.names and name in answers.names:
                rows, of = misspelled(frame, name, answers)
                if rows:
                    place = f"{name} of the episodes"
                    settle = ("group_names", {name: "merge"})
                    findings.append(Finding("group_spelling", place, None, rows, of, *settle, moves=False))
        return findings

    def declared(self, findings: Sequence[Finding]) -> Plan:
        """The plan without instruments of which the coding has to be declared first; without any if nobody answered."""
        if any(finding.finding == "blank_rows" and finding.moves for finding in findings):
            return replace(self, ids=())
        doubtful = {finding.instrument for finding in findings if finding.argument == "coding"}
        return replace(self, ids=tuple(id for id in self.ids if id not in doubtful))


def wrong_cells(table: Any) -> list[WrongCell]:
    """The rows of a table of problems."""
    columns = ("row", "line", "column", "message")
    return [WrongCell(*row) for row in table.select(columns).iter_rows()]


def plan(source: Source, items: Items, partly: bool = False) -> Plan:
    """Settle what to score, before any work.

    Parameters
    ----------
    source, items
        The file, and what the user says of it.
    partly
        Whether instruments may be there of which columns are missing; they are then not scored.
    """
    ids = tuple(dict.fromkeys(catalog.instrument(id).id for id in split(items.instrument)))
    if items.scales is not None and len(ids) != 1:
        raise ParameterError("--scales is about one instrument: name it with --instrument")
    if items.instrument is not None and not ids:
        raise ParameterError("--instrument names none")
    columns = columns_of(items.columns or (), ids, source.frame.columns)
    if ids and (others := [id for id in columns if id not in ids]):
        raise ParameterError(f"--columns: {others[0]} is not among the instruments {', '.join(ids)}")
    complete = asked = ids
    if not ids:
        asked, complete = _present(source, columns, partly)
    elif partly:
        complete = tuple(id for id in ids if not _lacking(source, id, columns, items.scales))
    rules = {rule for id in asked for rule in catalog.instrument(id).missing_rules}
    if items.missing is not None and items.missing not in rules:
        raise UnknownNameError(
            f"--missing: {', '.join(asked)}: no such rule; there are {', '.join(sorted(rules))}"
        )
    names = group_names_of(items.group_names or ())
    if absent := [name for name in names if name not in source.frame.columns]:
        raise FrameError(f"--group-names: the file has no column {absent[0]!r}")
    frame = Frame(source.frame)
    return Plan(
        replace(source, frame=frame.renamed(renames(frame, names)).native) if names else source,
        asked,
        complete,
        columns,
        None if items.scales is None else split(items.scales),
        _coding(source, items, asked),
        not_answered_of(items.not_answered or (), asked),
        items.missing,
        items.replace,
        names,
    )


def _coding(source: Source, items: Items, asked: Sequence[str]) -> dict[str, Any]:
    """The coding of each instrument: that which the options say; a mapping has settled it."""
    given = coding_of(items.coding or (), asked)
    declared = dict.fromkeys((id for id in asked if id in source.declared), "answer")
    if twice := [id for id in given if id in declared]:
        raise ParameterError(f"--coding: the mapping says that of {twice[0]}; leave it out")
    return {**declared, **given}


def split(given: str | Sequence[str] | None) -> list[str]:
    """Words separated by commas, in one text or several."""
    parts: Iterable[str] = [given] if isinstance(given, str) else given or []
    return [word.strip() for part in parts for word in part.split(",") if word.strip()]


def _present(
    source: Source, columns: dict[str, Any], partly: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Instruments that are in the file, and those of them that have all their columns."""
    names = source.frame.columns
    present = tuple(
        id
        for id in catalog.instruments()
        if id in columns or set(names) & {f"{id}_{item}" for item in catalog.instrument(id).item_ids}
    )
    likely = {
        id: likely_names(catalog.instrument(id), names) for id in catalog.instruments() if id not in present
    }
    alike = {id: given for id, given in likely.items() if given is not None}
    if not present:
        for instrument in map(catalog.instrument, catalog.instruments()):
            if visits := in_visits(instrument, names):
                raise FrameError(
                    f"{source.name}: {instrument.id}: {visits.replace('FILE', shlex.quote(source.name))}"
                )
    if not present and not (partly and alike):
        options = " ".join(argument_option("columns", given, id) for id, given in alike.items())
        raise FrameError(
            f"{source.name}: no item columns such as phq9_q1 were found; "
            + (
                f"columns of similar names were: {options} would read them"
                if alike
                else "name the instrument with --instrument and its columns with --columns"
            )
        )
    lacking = {id: absent for id in present if (absent := _lacking(source, id, columns, None))}
    if lacking and not partly:
        id, absent = next(iter(lacking.items()))
        shown = ", ".join(absent[:5]) + (" ..." if len(absent) > 5 else "")
        raise FrameError(
            f"{source.name}: {id}: {len(absent)} of its item columns are missing: {shown}; name the "
            "instruments to score with --instrument, or some of its scales with --scales"
            + nearest_column(absent, names)
        )
    # Columns of similar names are reported, so that no instrument is left out without a word.
    asked = tuple(id for id in catalog.instruments() if id in present or id in alike)
    return asked, tuple(id for id in present if id not in lacking)


def _lacking(source: Source, id: str, columns: dict[str, Any], scales: str | None) -> list[str]:
    return lacking_columns(
        catalog.instrument(id),
        columns.get(id),
        source.frame.columns,
        None if scales is None else split(scales),
    )


def column_of(option: str, given: str | None, default: str | None, names: list[str]) -> str | None:
    """The column given, or the usual one where the file has it."""
    if given is None:
        return default if default in names else None
    if given not in names:
        raise FrameError(f"{option}: the file has no column {given!r}")
    return given

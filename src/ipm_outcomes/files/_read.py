"""One file to one table of assessments, with all that was inferred on the way."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from os import PathLike
from pathlib import Path
from typing import Any

from ipm_outcomes._fence import fenced
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.errors import InputError, ParameterError
from ipm_outcomes.files._cells import settle_decimals
from ipm_outcomes.files._forms import at_one_visit, check_visits, lengthened, long_of, name_at, widened
from ipm_outcomes.files._grid import Grid
from ipm_outcomes.files._header import Table, find_header, table_of
from ipm_outcomes.files._keys import drop_rows, settle_keys, tell_totals
from ipm_outcomes.files._labels import at_visits, check_skipped
from ipm_outcomes.files._load import kind_of, load
from ipm_outcomes.files._propose import proposals
from ipm_outcomes.files._proposed import proposed_parts
from ipm_outcomes.files._settle import Settling
from ipm_outcomes.files._shapes import Shape, settle_shape, shape_of
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._items import given_names
from ipm_outcomes.mapping import FilePart, Mapping
from ipm_outcomes.mapping._mapping import digest
from ipm_outcomes.reading import Backend, Reading, Tables, append
from ipm_outcomes.stats.arguments import whole_number

LIMIT_CELLS = 8_000_000
"""Cells of one file. The whole stays below 1 GB of memory with it."""


@fenced
def read(
    path: str | PathLike[str],
    *,
    mapping: Mapping | None = None,
    sheet: str | int | None = None,
    header: int | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    date_format: str | Dict[str, str] | None = None,
    long: Dict[str, Any] | None = None,
    limit_cells: int = LIMIT_CELLS,
    backend: Backend = None,
) -> Reading:
    r"""Read a file of answers as it is, and list everything that was inferred with its evidence.

    What is certain is applied; what is not is proposed, changes nothing, and is listed with the argument that settles
    it. With a mapping all of it is confirmed, and a file that does not fit the mapping stops with the place.

    Parameters
    ----------
    path
        CSV or other separated text, .xlsx, .sav, .por, .dta or .xpt (version 5 or 8).
    mapping
        What was confirmed of such files; as `Mapping.load` gives it, or ``reading.mapping.accept()``.
    sheet
        Name of a sheet of a workbook, or its number counted from 1.
    header
        Number of the row with the names of the columns, counted from 1; in a file of text the number of the line.
    encoding, delimiter
        Of a file of text, where they are not to be found out.
    date_format
        How dates are written: as in `ipm_outcomes.frames.tidy`, or what numbers count: ``"excel-1900"``,
        ``"excel-1904"``, ``"sas-days"``, ``"sas-seconds"``, ``"stata-days"``; for the column of the date, or a dict by
        column.
    long
        For files with one row a question: ``{"question": …, "answer": …}``, the names of these columns, and ``keys``,
        those by which forms are known from each other (by default all others).
    limit_cells
        Cells of the file; more are refused.
    backend
        Kind of the tables; None: dictionaries of columns.

    Returns
    -------
    ipm_outcomes.reading.Reading
        ``data`` has ``line`` (number in the file), the columns of the file and, of instruments that are certain, the
        items as ``{instrument}_{item}``. ``mapping`` is what a mapping would pin, with what is proposed.

    Raises
    ------
    InputError
        The file cannot be read as a table (``file_unreadable``, ``file_cut_off``, ``file_too_wide``,
        ``encoding_unknown``, ``delimiter_ambiguous``, ``header_not_found``, ``date_ambiguous``), or does not fit the
        mapping (``mapping_does_not_fit``).
    ParameterError, MissingExtraError
        An argument is outside what it may be, or what reads this kind of file is not installed (extra ``files``).
    OSError
        The file cannot be opened.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from ipm_outcomes import files
    >>> file = Path(mkdtemp()) / "peg.csv"
    >>> written = file.write_text("sep=;\nid;peg_pain;peg_enjoyment;peg_activity\nP01;7;6;5\n")
    >>> result = files.read(file)
    >>> result.data["peg_pain"], result.inferences["finding"][:2]
    ([7], ['encoding', 'delimiter'])
    """
    source = Path(path)
    limit_cells = whole_number("limit_cells", limit_cells, 1)
    if mapping is not None and not isinstance(mapping, Mapping):
        raise ParameterError("mapping: give a Mapping, as Mapping.load or reading.mapping gives it")
    pinned = mapping.file if mapping is not None else None
    given: dict[str, Any] = {
        "sheet": sheet,
        "header": header,
        "encoding": encoding,
        "delimiter": delimiter,
        "long": long,
    }
    if pinned is not None:
        if named := [name for name, value in given.items() if value is not None]:
            raise ParameterError(f"{named[0]}: the mapping says how the file is read; leave it out")
        given = {
            "sheet": pinned.sheet,
            "header": pinned.header_row,
            "encoding": pinned.encoding,
            "delimiter": pinned.delimiter,
            "long": None if pinned.long is None else pinned.long.model_dump(exclude_none=True),
        }
    grid = _loaded(source, given, limit_cells, pinned)
    table, shape = _table(grid, given["header"], mapping)
    seen = digest(table.names)
    if pinned is not None and pinned.columns_seen not in (None, seen):
        raise _other_columns(table, mapping, grid)
    if shape is not None:
        settle_shape(shape, table)
    drop_rows(table, mapping)
    how = long_of(table, given["long"])
    if how is not None:
        widened(table, how, grid.unit)
        if shared := grid.labels.get(how["answer"]):
            grid.labels |= dict.fromkeys(table.names, shared)
    settle_decimals(table, pinned.decimal if pinned is not None else None)
    visits, wanted, last = _visits(mapping)
    if visits:
        check_visits(table, mapping, visits, last)
        names = [name for name in wanted if not _plain(table, name, visits, last)]
        grid.labels |= at_visits(grid.labels, names, list(visits), table.names, last)
        lengthened(table, visits, names, last)
    table.pins |= {"kind": grid.kind, "columns_seen": seen}
    if how is not None:
        table.pins["long"] = how
    keys = settle_keys(table, mapping, grid, date_format, shape)
    tell_totals(table, keys)
    settling = Settling(table, grid, mapping, keys)
    tables = Tables()
    settling.settle(tables)
    for row in table.left_out:
        append(tables.left_out, row)
    data = settling.data()
    confirmed = settling.mapping(FilePart.model_validate(table.pins))
    parts = tables.parts(data, table.notes, len(table.lines), backend)
    return Reading(instruments=tuple(settling.ids), mapping=confirmed, **parts)


@fenced
def propose(data: Any) -> Mapping:
    """Say which columns of a table may be the items of which instrument. Nothing is applied.

    Columns are compared with the wording of items, with names known from public data, with the codes of item banks,
    and with the id of an instrument and the numbers of its items. A whole set is proposed or nothing.

    Parameters
    ----------
    data
        A data frame of any kind, or a list of the names of its columns.

    Returns
    -------
    Mapping
        Without anything confirmed; ``proposed`` has the sets with their evidence, and ``accept`` confirms them.

    Raises
    ------
    FrameError
        The kind of frame is not known.

    Notes
    -----
    Names prove neither the order of items nor the edition; the evidence of each proposal says so.

    Examples
    --------
    >>> from ipm_outcomes import files
    >>> result = files.propose([f"phq_{n}" for n in range(1, 10)])
    >>> result.instrument, [proposal.name for proposal in result.proposed]
    ([], ['phq9'])
    >>> files.propose([f"phq_{n}" for n in range(1, 16)]).proposed
    ()
    """
    names = (
        list(data)
        if isinstance(data, (list, tuple)) and all(isinstance(name, str) for name in data)
        else Frame(data).names
    )
    return Mapping(proposed=tuple(proposed_parts(proposals(names), {}, {})))


def _loaded(source: Path, given: Dict[str, Any], limit: int, pinned: FilePart | None) -> Grid:
    """The cells of the file, which has to be what the mapping says."""
    how = {name: given[name] for name in ("sheet", "header", "encoding", "delimiter")}
    if pinned is None or not source.is_file():
        return load(source, **how, limit=limit)
    kind = kind_of(source)
    if kind != pinned.kind:
        message = f"the file is of kind {kind}, the mapping is for {pinned.kind}"
        if way := {"redcap": "redcap.read", "fhir": "fhir.responses"}.get(pinned.kind):
            message = (
                f"the mapping is for {pinned.kind}; read the file with {way}, or give --mapping to a command"
            )
        raise InputError(message, "mapping_does_not_fit")
    try:
        return load(source, **how, limit=limit)
    except InputError as error:
        if error.code != "encoding_unknown" or pinned.encoding is None:
            raise
        message = f"the file is not {pinned.encoding} text, as the mapping says; save it so, or write the mapping again"
        raise InputError(message, "mapping_does_not_fit", error.place) from None


def _table(grid: Grid, header: int | None, mapping: Mapping | None) -> tuple[Table, Shape | None]:
    """The rows under their names."""
    pinned = mapping.file if mapping is not None else None
    if grid.names is not None:
        columns = {name: [row[n] for row in grid.rows] for n, name in enumerate(grid.names)}
        table = Table(grid.names, columns, grid.lines, grid.notes, grid.pins)
        grid.rows = []
        return table, None
    known = shape_of(grid, header)
    if known is not None:
        shape, marked = known
        table = table_of(grid, marked, shape.further)
        table.pins |= {"header_row": table.header} | ({"skip_rows": shape.further} if shape.further else {})
        return table, shape
    rows = pinned.header_rows if pinned is not None else 1
    header_row = find_header(grid, header, rows=rows)
    assert header_row is not None
    skip = pinned.skip_rows if pinned is not None else 0
    if mapping is not None:
        check_skipped(grid, header_row, skip, mapping)
    table = table_of(grid, header_row, skip)
    table.pins |= {"header_row": table.header} | ({"header_rows": 2} if header_row.rows == 2 else {})
    if pinned is not None and pinned.skip_rows:
        table.pins["skip_rows"] = pinned.skip_rows
    return table, None


def _visits(mapping: Mapping | None) -> tuple[dict[str, str], list[str], bool]:
    """Parts of names that say the visit, the names they belong to, and whether they come after the name."""
    visit = mapping.keys.visit if mapping is not None else None
    if mapping is None or visit is None or visit.column is not None:
        return {}, [], False
    wanted: list[str] = []
    for part in mapping.instrument:
        wanted += given_names(definition(part.id), part.columns).values()
        wanted += part.recorded.values()
    visits, last = {**visit.from_prefix, **visit.from_suffix}, bool(visit.from_suffix)
    if mapping.keys.date is not None:
        wanted.append(mapping.keys.date.column)
        if at_one_visit(wanted[-1], visits, last):
            message = "the date is that of one visit; name its column without the visit"
            raise InputError(message, "mapping_does_not_fit", "keys.date")
    return visits, list(dict.fromkeys(wanted)), last


def _plain(table: Table, name: str, visits: Dict[str, str], last: bool) -> bool:
    """Whether a name is a column of no visit."""
    return all(name_at(visit, name, table.columns, last) is None for visit in visits)


def _other_columns(table: Table, mapping: Mapping | None, grid: Grid) -> InputError:
    lacking = [] if mapping is None else _lacking(table, mapping)
    message = "the columns are not those that the mapping has seen"
    message += f"; {lacking[0]!r} is gone" if lacking else "; look at them, and write the mapping again"
    return InputError(message, "mapping_does_not_fit", f"{grid.unit} {table.header}")


def _lacking(table: Table, mapping: Mapping) -> list[str]:
    if mapping.keys.visit is not None and mapping.keys.visit.column is None:
        return []
    named = [
        name
        for part in mapping.instrument
        if isinstance(part.columns, dict)
        for name in part.columns.values()
    ]
    named += [name for name in (mapping.keys.patient, mapping.keys.site) if name]
    return [name for name in named if name not in table.columns]

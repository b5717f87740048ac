"""What every bridge hands over: the rows that were read, and all that was decided, refused and left out on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from ipm_outcomes.errors import MissingExtraError, choice

Backend = Literal["polars", "pandas", "pyarrow"] | None
"""Kind of the tables; None: dictionaries of columns."""


class Inference(NamedTuple):
    """One thing that was decided, or that could not be decided, while reading.

    Attributes
    ----------
    finding : str
        A code: that of `ipm_outcomes.frames.inspect` where that looks for the same.
    where : str or None
        The columns, by name; None for the whole.
    instrument : str or None
        Id of the instrument that it is about.
    rows, of : int
        How many rows it is about, of how many that could be.
    settle : str or None
        The argument that settles it, as it is written in Python.
    value : str or None
        What was decided or is proposed; None where it has to be declared.
    sure : bool
        Whether it was applied. What is not sure changes nothing until it is confirmed.
    evidence : str
        Why, in words without text from the data.
    """

    finding: str
    where: str | None
    instrument: str | None
    rows: int
    of: int
    settle: str | None
    value: str | None
    sure: bool
    evidence: str


@dataclass(frozen=True)
class Reading:
    """What was read. Tables are of the kind that was asked for; by default dictionaries of columns.

    Attributes
    ----------
    data : table
        The rows, with the items as ``{instrument}_{item}``; an answer that was not taken is null.
    instruments : tuple of str
        Ids of the instruments found.
    inferences : table
        What was decided on the way: ``finding``, ``where``, ``instrument``, ``rows``, ``of`` and ``settle`` as
        `ipm_outcomes.frames.inspect` has them; ``value`` (what was decided or is proposed; null where it has to be
        declared), ``sure`` (false: not applied, or in doubt) and ``evidence``.
    problems : table
        Answers that were not taken: ``row`` of ``data``, ``line``, ``column``, ``place``, ``rule`` (code), ``message``.
    recorded : table
        Recorded scores: ``row``, ``scale`` (as ``{instrument}_{scale}``), ``recorded``, ``place``.
    reasons : table
        Why an item has no answer, where the source says so: ``row``, ``column``, ``reason``.
    left_out : table
        What is no row of ``data``: ``line``, ``reason`` (code), ``message``.
    rows_in, rows_out : int
        ``rows_in`` is ``rows_out`` and the rows of ``left_out`` together.
    mapping : ipm_outcomes.mapping.Mapping or None
        Of a file: what a mapping would pin, and what is proposed.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> import polars as pl
    >>> from ipm_outcomes import files
    >>> path = Path(mkdtemp()) / "export.csv"
    >>> pl.DataFrame({"patient_id": [1], "peg_pain": [7], "peg_enjoyment": [6], "peg_activity": [None]}).write_csv(path)
    >>> read = files.read(path, backend="polars")
    >>> read.instruments, read.rows_in, read.rows_out, read.problems.height
    (('peg',), 1, 1, 0)
    """

    data: Any = field(repr=False)
    instruments: tuple[str, ...]
    inferences: Any = field(repr=False)
    problems: Any = field(repr=False)
    recorded: Any = field(repr=False)
    reasons: Any = field(repr=False)
    left_out: Any = field(repr=False)
    rows_in: int
    rows_out: int
    mapping: Any = field(default=None, repr=False)


class Tables:
    """The tables beside the data as they grow, one list a column."""

    def __init__(self) -> None:
        self.problems = columns("row", "line", "column", "place", "rule", "message")
        self.recorded = columns("row", "scale", "recorded", "place")
        self.reasons = columns("row", "column", "reason")
        self.left_out = columns("line", "reason", "message")

    def parts(
        self, data: Mapping[str, list[Any]], inferences: Iterable[Inference], rows: int, backend: Backend
    ) -> dict[str, Any]:
        """Everything of a `Reading` but its instruments."""
        decided = columns(*Inference._fields)
        for inference in inferences:
            append(decided, inference)
        tables = {
            "data": data,
            "inferences": decided,
            "problems": self.problems,
            "recorded": self.recorded,
            "reasons": self.reasons,
            "left_out": self.left_out,
        }
        made = {name: as_kind(dict(table), backend) for name, table in tables.items()}
        return {**made, "rows_in": rows + len(self.left_out["line"]), "rows_out": rows}


def columns(*names: str) -> dict[str, list[Any]]:
    """A table without rows."""
    return {name: [] for name in names}


def append(table: Mapping[str, list[Any]], values: Iterable[Any]) -> None:
    """Put a row at the end of a table."""
    for column, value in zip(table.values(), values, strict=True):
        column.append(value)


def as_kind(table: dict[str, list[Any]], backend: Backend) -> Any:
    """A table of the kind that was asked for."""
    if backend is None:
        return table
    choice(backend, ("polars", "pandas", "pyarrow"), "backend")
    try:
        if backend == "polars":
            import polars as pl

            return pl.DataFrame(table, infer_schema_length=None)
        if backend == "pandas":
            import pandas as pd

            return pd.DataFrame(table)
        import pyarrow as pa

        return pa.table(table)
    except ImportError:
        raise MissingExtraError(f"backend={backend!r}", "all") from None

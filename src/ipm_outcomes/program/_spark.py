"""Indicators of Spark DataFrames: counted where the rows are, in parts of whole patients, and added up there."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import FrameError
from ipm_outcomes.frames._blank import COLUMN as BLANK
from ipm_outcomes.frames._spark import (
    empty_table,
    joined,
    of_types,
    partitions_of,
    refuse_unserved,
    result_schema,
)
from ipm_outcomes.frames._spark_kind import is_spark
from ipm_outcomes.program._columns import NOT_RECORDED
from ipm_outcomes.program._parts import Counted, Question, Whole, Wishes
from ipm_outcomes.program._reading import Source
from ipm_outcomes.program._sources import may_read
from ipm_outcomes.program.indicators import Indicator

_SHOWN = "shown binary"
_ANSWERS = "ipm_outcomes_answers"
"""The column that says in every row what the rows of all parts answer to what the types leave open."""
_KINDS = {
    **dict.fromkeys(("byte", "short", "integer", "long", "float", "double"), "number"),
    **dict.fromkeys(("date", "timestamp", "timestamp_ntz"), "date"),
    **{"boolean": "truth", "string": "word", "void": "nothing"},
}


class SparkTable(Whole):
    """A Spark DataFrame, as its schema describes it."""

    def __init__(self, name: str, data: Any) -> None:
        import narwhals as nw

        schema = _with_numbers(data).schema
        empty = empty_table(schema)
        kinds = {field.name: {_KINDS.get(field.dataType.typeName(), "other")} for field in schema}
        super().__init__(name, empty, nw.from_native(empty).collect_schema(), kinds)


def tables_of(given: Mapping[str, Any]) -> dict[str, SparkTable]:
    """The tables, if all are Spark DataFrames that can be counted."""
    first = next(name for name, data in given.items() if is_spark(data))
    for name, data in given.items():
        if not is_spark(data):
            raise FrameError(
                f"{name}: give a Spark DataFrame beside {first} of Spark, such as spark.createDataFrame({name})"
            )
        refuse_unserved(data, "counted")
    return {name: SparkTable(name, data) for name, data in given.items()}


@dataclass(frozen=True)
class Counting:
    """What every worker needs to know."""

    wishes: Wishes
    tables: Mapping[str, Whole]
    questions: tuple[tuple[str, Question], ...]

    def chosen(self, answers: bytes) -> list[Indicator]:
        """The indicators, by the answers to the questions in their order; without rows there are none."""
        for (name, question), answer in zip(self.questions, answers, strict=False):
            self.tables[name].answers[question] = bool(answer)
        return self.wishes.chosen(self.tables)


def table_spark(
    given: Mapping[str, Any], tables: Mapping[str, SparkTable], wishes: Wishes, chosen: Sequence[Indicator]
) -> Any:
    """The table of indicators as a Spark DataFrame, computed when it is.

    Parameters
    ----------
    chosen
        The indicators that the types of the columns allow.
    """
    f: Any = import_module("pyspark.sql.functions")  # by name, since checkers need not have Spark
    for indicator in wishes.indicators:
        if (table := tables.get(indicator.uses)) is not None:
            for column, kind in indicator.columns():
                if column in table.schema:
                    table.fits(column, kind)
    questions = tuple((name, question) for name, table in tables.items() for question in sorted(table.open))
    counting = Counting(wishes, tables, questions)
    main = next(iter(tables))
    session = given[main].sparkSession
    parts = partitions_of(session)
    cores = session.sparkContext.defaultParallelism
    rows = {name: _with_numbers(data) for name, data in given.items()}
    answers = _answers(counting, rows) if questions else None

    counted = None
    for name, data in rows.items():
        some = data.select(*_columns(_read(tables[name], chosen, wishes.by)))
        if "patient_id" in some.columns:
            some = some.repartition(parts, f.col("patient_id").cast("string"))
        if answers is not None:
            some = some.crossJoin(f.broadcast(answers))
        # Each core adds up its parts before anything is moved.
        shown = some.mapInArrow(partial(_counted, counting, name), _SHOWN).coalesce(cores)
        shown = shown.mapInArrow(_added, _SHOWN)
        counted = shown if counted is None else counted.union(shown)
    assert counted is not None
    empty = Counted().result(tables[main], chosen, wishes)
    arrow, schema = result_schema(empty, rows[main].schema)
    return counted.repartition(1).mapInArrow(partial(_result, counting, main, arrow), schema)


def _with_numbers(data: Any) -> Any:
    """The DataFrame with decimals as floats."""
    f: Any = import_module("pyspark.sql.functions")
    decimals = [field.name for field in data.schema if field.dataType.typeName() == "decimal"]
    return (
        data.withColumns({name: f.col(_quoted(name)).cast("double") for name in decimals})
        if decimals
        else data
    )


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def _columns(names: Sequence[str]) -> list[Any]:
    f: Any = import_module("pyspark.sql.functions")
    return [f.col(_quoted(name)) for name in names]


def _read(table: Whole, chosen: Sequence[Indicator], by: Sequence[str]) -> list[str]:
    """The columns of a table that are read."""
    names = dict.fromkeys([*may_read(chosen, table, by), BLANK])
    return [name for name in names if name in table.schema] or list(table.schema)[:1]


def _answers(counting: Counting, rows: Mapping[str, Any]) -> Any:
    """One row with what the rows of all parts answer to the questions, in their order."""
    looked = None
    for name, data in rows.items():
        if columns := sorted({column for table, (column, _) in counting.questions if table == name}):
            own = data.select(*_columns(columns)).mapInArrow(partial(_looked, counting, name), _SHOWN)
            looked = own if looked is None else looked.union(own)
    assert looked is not None
    return looked.repartition(1).mapInArrow(_agreed, f"{_ANSWERS} binary")


def _looked(counting: Counting, name: str, batches: Iterator[Any]) -> Iterator[Any]:
    answers = bytes([1] * len(counting.questions))
    for rows in joined(batches):
        source = Source(name, rows)
        own = [table != name or source.fits(*question) for table, question in counting.questions]
        answers = _both(answers, bytes(own))
    yield _batch("shown", answers)


def _agreed(batches: Iterator[Any]) -> Iterator[Any]:
    answers: bytes | None = None
    for own in _shown(batches):
        answers = own if answers is None else _both(answers, own)
    if answers is not None:
        yield _batch(_ANSWERS, answers)


def _both(some: bytes, others: bytes) -> bytes:
    return bytes(mine & theirs for mine, theirs in zip(some, others, strict=True))


def _counted(counting: Counting, name: str, batches: Iterator[Any]) -> Iterator[Any]:
    import pyarrow as pa

    held = [batch for batch in batches if batch.num_rows]
    if not held:
        return
    rows = pa.Table.from_batches(held)
    answers = b""
    if _ANSWERS in rows.column_names:
        answers = rows.column(_ANSWERS)[0].as_py()
        rows = rows.drop_columns([_ANSWERS])
    main = name == next(iter(counting.tables))
    count: Callable[..., Counted] = fenced(Counted.of)
    counted = count(Source(name, rows), counting.chosen(answers), counting.wishes.by, main)
    yield _batch("shown", pickle.dumps((answers, counted)))


def _added(batches: Iterator[Any]) -> Iterator[Any]:
    if (both := _sum(batches)) is not None:
        yield _batch("shown", pickle.dumps(both))


def _sum(batches: Iterator[Any]) -> tuple[bytes, Counted] | None:
    both = None
    for answers, counted in map(pickle.loads, _shown(batches)):
        both = (answers, counted) if both is None else (answers, both[1] + counted)
    return both


def _result(counting: Counting, main: str, arrow: Mapping[str, Any], batches: Iterator[Any]) -> Iterator[Any]:
    import pyarrow as pa

    answers, counted = _sum(batches) or (b"", Counted())
    result: Callable[..., Any] = fenced(counted.result)
    table = result(counting.tables[main], counting.chosen(answers), counting.wishes)
    for name in counting.wishes.by:
        if arrow.get(name) != pa.string() and NOT_RECORDED in table.column(name).to_pylist():
            raise FrameError(
                f"by: no row of the table of {main} has a value in the column {name!r}; leave it out"
            )
    yield from of_types(table, arrow).to_batches()


def _shown(batches: Iterator[Any]) -> Iterator[bytes]:
    for batch in batches:
        yield from batch.column("shown").to_pylist()


def _batch(name: str, value: bytes) -> Any:
    import pyarrow as pa

    return pa.RecordBatch.from_pydict({name: pa.array([value], pa.binary())})

"""Spark DataFrames: the kernel runs where the rows are, inside `mapInArrow`; nothing comes to the driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames import _stretches
from ipm_outcomes.frames._library import Column, Whole, Words
from ipm_outcomes.frames._score_columns import Stretch
from ipm_outcomes.frames._stretches import Look, Scoring

_FROM_ONE = "ipm_outcomes_from_one"
"""The column that says in every row whether the cells of the whole table look as if they were counted from 1."""


def score_spark(data: Any, how: Scoring, progress: Callable[[int], None] | None) -> Any:
    """A Spark DataFrame with its scores, computed when it is."""
    refuse_unserved(data, "scored")
    if progress is not None:
        raise ParameterError("progress is not for a Spark DataFrame, which shows its own; leave it out")
    f: Any = import_module("pyspark.sql.functions")  # by name, since checkers need not have Spark
    types: Any = import_module("pyspark.sql.types")

    how = how.like_a_database()
    items, added, scored = how.of_empty(empty_table(data.schema))

    def new(column: Column) -> Any:
        if isinstance(column, Words):
            return types.StringType()
        assert not isinstance(column, Whole)  # in tidy tables only
        return (
            types.DoubleType() if column.dtype.kind == "f" else types.ShortType()
        )  # Spark has no numbers without a sign

    given = {field.name: field for field in data.schema}
    schema = types.StructType(
        [
            types.StructField(name, new(added[name])) if name in added else given[name]
            for name in scored.column_names
        ]
    )
    look = how.invalid == "null" and how.in_doubt(items)
    if look:
        columns = [f.col(f"`{name.replace('`', '``')}`") for name in items.names.values()]
        seen = data.select(*columns).mapInArrow(_looks(how), "bad boolean, lowest boolean, above boolean")
        said = f.max("bad") & f.max("above") & ~f.max("lowest")
        data = data.crossJoin(f.broadcast(seen.agg(f.coalesce(said, f.lit(False)).alias(_FROM_ONE))))
    return data.mapInArrow(_scores(how, look), schema)


def refuse_unserved(data: Any, done: str) -> None:
    """Raise where a DataFrame is not one of a classic session, or has two columns of one name."""
    module = type(data).__module__
    if ".connect." in module or not module.startswith("pyspark.sql"):
        kind = "Spark Connect DataFrame" if ".connect." in module else "pandas-on-Spark DataFrame"
        raise FrameError(
            f"a {kind} cannot be {done}; give the DataFrame of a classic session (.to_spark() of pandas-on-Spark), or "
            "collect it with .toPandas()"
        )
    names = [name.casefold() for name in data.columns]
    if doubled := [name for name in data.columns if names.count(name.casefold()) > 1]:
        raise FrameError(
            f"the DataFrame has more than one column {doubled[0]!r}; Spark does not distinguish case"
        )


def empty_table(schema: Any) -> Any:
    """A table without rows of the same columns; of types that can hold an answer or a date it has their own."""
    import pyarrow as pa

    plain = {
        "byte": pa.int8(),
        "short": pa.int16(),
        "integer": pa.int32(),
        "long": pa.int64(),
        "float": pa.float32(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "string": pa.string(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", "UTC"),
        "timestamp_ntz": pa.timestamp("us"),
    }
    types = [(field.name, plain.get(field.dataType.typeName(), pa.null())) for field in schema]
    return pa.schema(types).empty_table()


def partitions_of(session: Any) -> int:
    """How many partitions rows are brought together in; Spark's default where the platform decides (``"auto"``)."""
    number = str(session.conf.get("spark.sql.shuffle.partitions"))
    return int(number) if number.isdigit() else 200


def result_schema(empty: Any, given: Any) -> tuple[dict[str, Any], Any]:
    """Types of Arrow, and the schema of Spark, of a result without rows.

    Parameters
    ----------
    given
        The schema of the DataFrame: columns that are carried along keep their own type.
    """
    import pyarrow as pa

    types: Any = import_module("pyspark.sql.types")
    of = {
        pa.int8(): types.ByteType(), pa.int16(): types.ShortType(), pa.int32(): types.IntegerType(),
        pa.int64(): types.LongType(), pa.float32(): types.FloatType(), pa.float64(): types.DoubleType(),
        pa.bool_(): types.BooleanType(), pa.string(): types.StringType(), pa.date32(): types.DateType(),
    }  # fmt: skip
    texts = {pa.large_string(): pa.string()}
    arrow = {field.name: texts.get(field.type, field.type) for field in plain_table(empty).schema}
    arrow = {name: kind for name, kind in arrow.items() if kind in of}
    own = {field.name: field.dataType for field in given}
    fields = [
        types.StructField(name, of[arrow[name]] if name in arrow else own[name])
        for name in empty.column_names
    ]
    return arrow, types.StructType(fields)


def of_types(table: Any, arrow: Mapping[str, Any]) -> Any:
    """The table with these types of Arrow."""
    import pyarrow as pa

    columns = [table.column(name) for name in table.column_names]
    return pa.table(
        {
            name: column.cast(arrow.get(name, column.type))
            for name, column in zip(table.column_names, columns, strict=True)
        }
    )


def _scores(how: Scoring, look: bool) -> Callable[[Iterator[Any]], Iterator[Any]]:
    def run(batches: Iterator[Any]) -> Iterator[Any]:
        for part in joined(batches):
            said = look and part.column(_FROM_ONE)[0].as_py()
            rest = part.drop_columns([_FROM_ONE]) if look else part
            yield from plain_table(how.score(rest, Stretch(None, partial(bool, said)))).to_batches()

    return run


def _looks(how: Scoring) -> Callable[[Iterator[Any]], Iterator[Any]]:
    def run(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa

        seen = Look()
        for part in joined(batches):
            seen |= how.looks_of(part)
            if seen.lowest:
                break
        yield pa.RecordBatch.from_pylist([vars(seen)])

    return run


def joined(batches: Iterator[Any]) -> Iterator[Any]:
    """Batches put together to stretches, since Spark's own are small."""
    import pyarrow as pa

    held: list[Any] = []
    rows = 0
    for batch in batches:
        if not batch.num_rows:
            continue
        held.append(batch)
        rows += batch.num_rows
        if rows >= _stretches.ROWS:
            yield pa.Table.from_batches(held)
            held, rows = [], 0
    if held:
        yield pa.Table.from_batches(held)


def plain_table(table: Any) -> Any:
    """A table without types that Spark does not have: categories become text, small numbers get a sign."""
    import pyarrow as pa

    for n, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(n, field.name, table.column(n).cast(field.type.value_type))
        elif field.type == pa.uint8():
            table = table.set_column(n, field.name, table.column(n).cast(pa.int16()))
    return table

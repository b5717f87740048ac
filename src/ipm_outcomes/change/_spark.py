"""Changes of a Spark DataFrame: whole patients in each group, worked on where the rows are; nothing is collected."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

from ipm_outcomes._fence import fenced
from ipm_outcomes.change._pairing import Pairs, Search, find_pairs, seen_in, seen_in_episodes
from ipm_outcomes.change._scores import ScaleKey
from ipm_outcomes.change._unreadable import patients_stopped
from ipm_outcomes.change._whole import WholeTable
from ipm_outcomes.errors import FrameError, IpmOutcomesError
from ipm_outcomes.frames._spark import empty_table, of_types, partitions_of, refuse_unserved, result_schema
from ipm_outcomes.frames._spark_kind import is_spark
from ipm_outcomes.frames._tidy import SCORE_COLUMNS
from ipm_outcomes.stats._moments import Moments

Table = Callable[[Any, Search, WholeTable], Any]
Samples = Callable[[Pairs], Mapping[ScaleKey, Moments]]

_PLACE = "ipm_outcomes_place"
"""The column that keeps the order of the rows."""
_DATED = ("date", "timestamp", "timestamp_ntz")


def change_spark(scores: Any, search: Search, table: Table, samples: Samples | None) -> Any:
    """The table of changes of a Spark DataFrame, computed when it is.

    Parameters
    ----------
    table
        Gives the changes of some patients.
    samples
        Gives their baselines, where the changes rest on those of all patients.
    """
    refuse_unserved(scores, "paired")
    episodes = search.episodes
    if episodes is not None:
        if not is_spark(episodes):
            raise FrameError(
                "episodes: give a Spark DataFrame beside scores of Spark, such as spark.createDataFrame(episodes)"
            )
        refuse_unserved(episodes, "paired")
    arrow, schema = _schemas(scores, search, table)

    search = replace(search, episodes=None)
    columns = (*SCORE_COLUMNS, "invalid", "date", "visit")
    seen = scores.select(*_columns(columns, scores)).mapInArrow(partial(_shown, seen_in, search), _SHOWN)
    days = [scores.schema["date"]] if "date" in scores.columns else []
    if episodes is not None:
        starts = episodes.select("start_date")
        seen = seen.union(starts.mapInArrow(partial(_shown, seen_in_episodes, search), _SHOWN))
        days.append(starts.schema["start_date"])
    groups = partitions_of(scores.sparkSession)
    written = search.baseline.visit is None and any(day.dataType.typeName() not in _DATED for day in days)
    whole = seen.repartition(1).mapInArrow(partial(_merged, groups, WholeTable.refuse_unreadable), _WHOLE)
    if samples or written:
        paired = _by_patient(scores, episodes, whole, groups).applyInArrow(
            _in_group(partial(_gathered, search, samples)), _SHOWN
        )
        check = WholeTable.refuse_unpaired if written else _unchecked
        known = whole.where("part = 0").select("shown").union(paired)
        whole = known.repartition(1).mapInArrow(partial(_merged, groups, check), _WHOLE)
    changed = _in_group(partial(_changed, search, table, arrow))
    return _by_patient(scores, episodes, whole, groups).applyInArrow(changed, schema)


_SHOWN = "shown binary"
_WHOLE = "part int, shown binary"


def _unchecked(whole: WholeTable) -> None:
    """Nothing to refuse."""


def _schemas(scores: Any, search: Search, table: Table) -> tuple[dict[str, Any], Any]:
    """Types of Arrow, and the schema, of the result: those of no rows; what is carried along keeps its own type."""
    no_scores = empty_table(scores.schema)
    source = scores if search.episodes is None else search.episodes
    no_episodes = None if search.episodes is None else empty_table(search.episodes.schema)
    # No row has a visit, so that a table without any is reported of all that are asked for.
    asked: list[Any] = [search.baseline, *search.targets]
    every = frozenset(str(target.visit) for target in asked if getattr(target, "visit", None))
    empty = table(no_scores, replace(search, episodes=no_episodes), WholeTable(visits=every))
    return result_schema(empty, source.schema)


def _columns(names: tuple[str, ...], scores: Any) -> list[Any]:
    f: Any = import_module("pyspark.sql.functions")
    return [f.col(name) for name in dict.fromkeys(names) if name in scores.columns]


def _by_patient(scores: Any, episodes: Any, whole: Any, groups: int) -> Any:
    """Groups of whole patients: scores, episodes and what is known of the whole table, in one column each."""
    f: Any = import_module("pyspark.sql.functions")
    part = f.pmod(f.hash(f.col("patient_id").cast("string")), f.lit(groups)).alias("part")

    def packed(data: Any) -> Any:
        # The place of a row in its partition, after all those of the partitions before.
        placed = data.withColumn(_PLACE, f.monotonically_increasing_id())
        return placed.select(
            part, f.struct(*(f.col(f"`{n.replace('`', '``')}`") for n in placed.columns)).alias("rows")
        )

    parts = {"scores": packed(scores)} | ({} if episodes is None else {"episodes": packed(episodes)})
    kinds = {name: rows.schema["rows"].dataType for name, rows in parts.items()} | {"shown": "binary"}
    united = None
    for name, rows in (parts | {"shown": whole.withColumnRenamed("shown", "rows")}).items():
        own = [
            f.col("rows").alias(n) if n == name else f.lit(None).cast(kind).alias(n)
            for n, kind in kinds.items()
        ]
        selected = rows.select("part", *own)
        united = selected if united is None else united.union(selected)
    assert united is not None
    return united.groupBy("part")


def _shown(
    seen: Callable[[Any, Search], WholeTable], search: Search, batches: Iterator[Any]
) -> Iterator[Any]:
    import pyarrow as pa

    known = WholeTable()
    for batch in batches:
        if batch.num_rows:
            known += _of_part(seen)(pa.Table.from_batches([batch]), search)
    yield pa.RecordBatch.from_pydict({"shown": [pickle.dumps(known)]})


def _merged(groups: int, check: Callable[[WholeTable], None], batches: Iterator[Any]) -> Iterator[Any]:
    """What is known of the whole table, once for each group."""
    import pyarrow as pa

    known = WholeTable()
    for batch in batches:
        for pickled in batch.column("shown").to_pylist():
            known += pickle.loads(pickled)
    check(known)
    columns = [pa.array(range(groups), pa.int32()), pa.array([pickle.dumps(known)] * groups)]
    yield pa.RecordBatch.from_arrays(columns, ["part", "shown"])


def _in_group(work: Callable[[Any, Any, WholeTable], Any]) -> Callable[[Any], Any]:
    """What makes something of the rows of one group."""

    def run(group):  # type: ignore[no-untyped-def]  # Spark reads annotations, and asks for PyArrow's own types
        parts = {
            name: _rows(group.column(name)) for name in ("scores", "episodes") if name in group.column_names
        }
        shown = [pickled for pickled in group.column("shown").to_pylist() if pickled]
        whole = pickle.loads(shown[0]) if shown else WholeTable()
        return _of_part(work)(parts["scores"], parts.get("episodes"), whole)

    return run


def _rows(column: Any) -> Any:
    """The rows that a column of structures holds, in their order."""
    import pyarrow as pa

    held = column.filter(column.is_valid()).combine_chunks()
    names = [field.name for field in column.type]
    table = pa.Table.from_arrays(held.flatten(), names).sort_by(_PLACE)
    return table.drop_columns([_PLACE])


def _changed(
    search: Search, table: Table, arrow: Mapping[str, Any], scores: Any, episodes: Any, whole: WholeTable
) -> Any:
    return of_types(table(scores, replace(search, episodes=episodes), whole), arrow)


def _gathered(search: Search, samples: Samples | None, scores: Any, episodes: Any, whole: WholeTable) -> Any:
    import pyarrow as pa

    pairs = find_pairs(scores, replace(search, episodes=episodes), whole)
    stopped, patients = patients_stopped(pairs.units)
    known = WholeTable(
        samples=samples(pairs) if samples else {},
        pairs=bool(pairs.paired.any()),
        patients=patients,
        stopped=stopped,
    )
    return pa.table({"shown": [pickle.dumps(known)]})


def _of_part(work: Callable[..., Any]) -> Callable[..., Any]:
    """The same, with errors that say of which rows they count."""

    @fenced
    def call(*given: Any) -> Any:
        try:
            return work(*given)
        except IpmOutcomesError as error:
            error.args = tuple(
                text.replace("(counted from 0)", "(counted from 0 within a group of patients)")
                if isinstance(text, str)
                else text
                for text in error.args
            )
            raise

    return call

"""Spark DataFrames: scored where the rows are, lazily, with the results of the table in memory."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from golden_cases import golden_frame
from spark_cases import SPARK_MISSING, session

import ipm_outcomes as ipm
from ipm_outcomes import change, frames
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._spark import partitions_of
from ipm_outcomes.frames._spark_kind import is_spark

needs_spark = pytest.mark.skipif(SPARK_MISSING is not None, reason=str(SPARK_MISSING))
GAD7 = [f"gad7_q{n}" for n in range(1, 8)]
pytestmark = pytest.mark.filterwarnings("ignore")  # Spark warns of versions of pandas and Python


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    with session() as found:
        yield found


class Backend:
    """Spark as the other kinds of frames are in the fixture of all."""

    name = "spark"

    def __init__(self, spark: Any) -> None:
        self.spark = spark

    def make(self, data: dict[str, list[Any]]) -> Any:
        return self.spark.createDataFrame(pa.table(data)).coalesce(1)

    def rows(self, frame: Any) -> dict[str, list[Any]]:
        assert is_spark(frame)
        found: dict[str, list[Any]] = frame.toArrow().to_pydict()
        return found


@needs_spark
@pytest.mark.parametrize("id", ipm.instruments())
def test_golden_cases(id: str, spark: Any) -> None:
    golden_frame(id, Backend(spark))


@needs_spark
@pytest.mark.parametrize("codes", [[0, 1, 2, 3, None, 9], [1, 2, 3, 4, None, 9], [1, 2, 3]], ids=str)
def test_partitions_and_their_order_change_nothing(codes: list[int | None], spark: Any) -> None:
    """A table in four partitions, of which a lowest answer may lie in one alone, and rows in another order."""
    chance = random.Random(5)
    data: dict[str, list[Any]] = {name: [chance.choice(codes) for _ in range(60)] for name in GAD7}
    for name in GAD7:
        data[name][:45] = [1 if cell == 0 else cell for cell in data[name][:45]]
    data["n"] = list(range(60))
    wanted = frames.score(pa.table(data), "gad7", invalid="null").to_pydict()
    given = spark.createDataFrame(pa.table(data))
    for parts in (given.repartition(4, "n"), given.coalesce(1)):
        found = frames.score(parts, "gad7", invalid="null").orderBy("n").toArrow().to_pydict()
        assert found == wanted


@needs_spark
def test_nothing_is_computed_at_the_call_and_columns_keep_their_types(spark: Any) -> None:
    tracker = spark.sparkContext.statusTracker()
    cells = ", ".join(f"CAST(id % 4 AS TINYINT) {name}" for name in GAD7)
    given = spark.range(8).selectExpr(
        "id", "CAST(id AS DECIMAL(9, 2)) d", "array(id) a", "named_struct('x', id) s", "TIMESTAMP '2026-01-05' t",
        *cells.split(", "),
    )  # fmt: skip
    before = tracker.getJobIdsForGroup(None)
    found = frames.score(given, "gad7", invalid="null")
    assert tracker.getJobIdsForGroup(None) == before
    assert found.schema[: len(given.schema)] == given.schema[:]
    assert [row["gad7_total"] for row in found.orderBy("id").collect()] == [0.0, 7.0, 14.0, 21.0] * 2
    assert tracker.getJobIdsForGroup(None) != before
    assert found.select("a", "s", "t").orderBy("a").first().a == [0]
    with pytest.raises(FrameError, match="already has a column 'gad7_total'"):
        frames.score(given.withColumn("GAD7_Total", given.id), "gad7")
    with pytest.raises(ParameterError, match="progress"):
        frames.score(given, "gad7", progress=print)


@needs_spark
def test_a_wrong_cell_is_refused_when_the_scores_are_computed(spark: Any) -> None:
    given = spark.createDataFrame(pa.table({name: [1, 2, 3, 4] for name in GAD7} | {"who": ["Jane Roe"] * 4}))
    found = frames.score(given, "gad7")
    with pytest.raises(Exception, match="gad7: 7 cells are not an answer: column 'gad7_q1': 4") as caught:
        found.collect()
    # What one partition holds says nothing about the coding of the table.
    assert "coding=" not in str(caught.value).split("InvalidAnswersError: ")[1].split("\n")[0]
    assert "Jane" not in str(caught.value)


@needs_spark
def test_changes_by_groups_of_patients(spark: Any) -> None:
    """As the page on capacity does it: whole patients in each group, and nothing taken from the table itself."""
    import pyspark.sql.functions as f

    draw = random.Random(3)
    days = [date(2025, 1, 1), date(2025, 7, 2)] * 20
    data: dict[str, list[Any]] = {name: [draw.randrange(4) for _ in days] for name in GAD7}
    data |= {"patient_id": [n // 2 for n in range(len(days))], "date": days}
    half = [change.Target("half a year", day=182, days=(137, 227))]

    def changes(rows: pa.Table) -> pa.Table:
        long = frames.tidy(rows.drop_columns(["part"]), "gad7", by=["patient_id", "date"], coding="answer")
        found = change.table(long, targets=half, as_of="2026-06-30").select(
            ["patient_id", "scale", "improvement", "class"]
        )
        return found.cast(
            pa.schema(
                [
                    ("patient_id", "int64"),
                    ("scale", "string"),
                    ("improvement", "float64"),
                    ("class", "string"),
                ]
            )
        )

    given = spark.createDataFrame(pa.table(data)).withColumn("part", f.abs(f.hash("patient_id")) % 3)
    schema = "patient_id long, scale string, improvement double, class string"
    found = given.groupBy("part").applyInArrow(changes, schema).toArrow()
    whole = changes(pa.table(data | {"part": data["patient_id"]}))
    order = [("patient_id", "ascending"), ("scale", "ascending")]
    assert found.sort_by(order).to_pylist() == whole.sort_by(order).to_pylist()
    assert found.num_rows == 40


@needs_spark
def test_nothing_else_collects(spark: Any) -> None:
    given = spark.createDataFrame(pa.table({name: [1] for name in GAD7}))
    for function in (frames.check, frames.inspect, frames.tidy):
        with pytest.raises(FrameError, match="Spark DataFrame is not collected by itself"):
            function(given, "gad7")


def test_other_frames_of_spark_are_refused_by_name() -> None:
    for module, told in (("pyspark.sql.connect.dataframe", "Connect"), ("pyspark.pandas.frame", "pandas-on")):
        frame = type("DataFrame", (), {"__module__": module})()
        with pytest.raises(FrameError, match=f"a {'Spark ' * (told == 'Connect')}{told}.* cannot be scored"):
            frames.score(frame, "gad7")


@pytest.mark.parametrize(("setting", "number"), [("3", 3), ("auto", 200)])
def test_where_the_platform_decides_on_partitions_they_are_as_many_as_in_spark(setting, number):
    """Databricks takes "auto" for the number; 200 is the default in Spark's own documentation."""
    session = SimpleNamespace(conf={"spark.sql.shuffle.partitions": setting})
    assert partitions_of(session) == number

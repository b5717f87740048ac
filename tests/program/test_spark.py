"""Indicators of Spark DataFrames: counted where the rows are, lazily, equal to the table in memory."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from spark_cases import SPARK_MISSING, plain, session

from ipm_outcomes import change, frames, program
from ipm_outcomes.errors import FrameError

needs_spark = pytest.mark.skipif(SPARK_MISSING is not None, reason=str(SPARK_MISSING))
pytestmark = pytest.mark.filterwarnings("ignore")  # Spark warns of versions of pandas and Python

HALF = [change.Target("6 months", day=182, days=(137, 227))]


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    with session() as made:
        made.conf.set("spark.sql.shuffle.partitions", "3")
        yield made


@pytest.fixture(scope="module")
def scores() -> pa.Table:
    """PHQ-9, GAD-7 and Net Promoter of 40 patients, of whom some do not come back, at two sites and at none."""
    draw = random.Random(7)
    rows = [
        {"patient_id": f"p{n}", "site": ("A", "B", "B", None)[n % 4], "year": 2025 + n % 2}
        | {"date": date(2025, 1, 1) + timedelta(days)}
        | {f"phq9_q{item}": draw.choice([0, 1, 2, 3, 3, None]) for item in range(1, 10)}
        | {f"gad7_q{item}": draw.choice([0, 1, 2, 3]) for item in range(1, 8)}
        | {"nps_recommend": draw.choice([0, 6, 8, 9, 10, None])}
        for n in range(40)
        for days in (0, draw.choice([170, 190, 500]))
    ]
    by = ["patient_id", "date", "site", "year"]
    return plain(frames.tidy(pa.Table.from_pylist(rows), ["phq9", "gad7", "nps"], by=by, missing="prorate"))


@pytest.fixture(scope="module")
def changes(scores: pa.Table) -> pa.Table:
    by = ["site", "year"]
    return plain(change.table(scores, targets=HALF, by=by, as_of=date(2026, 6, 30)))


def same(result: Any, whole: pa.Table) -> None:
    table = result.toArrow()
    assert table.column_names == whole.column_names
    assert table.num_rows == whole.num_rows > 0
    for name in table.column_names:
        assert table.column(name).to_pylist() == whole.column(name).to_pylist(), name


@needs_spark
def test_the_table_of_all_rows(spark: Any, scores: pa.Table, changes: pa.Table) -> None:
    """All indicators of changes and scores; nothing is computed at the call."""
    tables = spark.createDataFrame(changes).repartition(4), spark.createDataFrame(scores).repartition(2)
    tracker = spark.sparkContext.statusTracker()
    before = tracker.getJobIdsForGroup(None)
    found = program.table(tables[0], scores=tables[1], by=["site"], totals=True)
    assert tracker.getJobIdsForGroup(None) == before
    whole = program.table(changes, scores=scores, by=["site"], totals=True)
    same(found, whole)
    assert {"mean_change", "talking_therapies_recovery", "severity_before", "nps"} <= set(
        whole.column("definition").to_pylist()
    )
    assert "not recorded" in whole.column("site").to_pylist()


@needs_spark
def test_from_scores_to_figures_without_collecting(spark: Any, scores: pa.Table, changes: pa.Table) -> None:
    lazy = change.table(
        spark.createDataFrame(scores), targets=HALF, by=["site", "year"], as_of=date(2026, 6, 30)
    )
    named: dict[str, Any] = {"by": ["year"], "indicators": ["responder_30", "mean_improvement"]}
    found = program.table(lazy, **named)
    assert found.schema["year"].dataType.typeName() == "long"
    same(found, program.table(changes, **named))


@needs_spark
def test_what_the_types_leave_open_the_rows_of_all_parts_say(spark: Any, changes: pa.Table) -> None:
    """Dates as text are dates if all of them are; a column without values takes nothing away; decimals are numbers."""
    text = changes.column("baseline_date").cast(pa.string())
    nothing = pa.array([None] * len(changes), pa.string())
    table = changes.set_column(changes.column_names.index("baseline_date"), "baseline_date", text)
    table = table.set_column(table.column_names.index("reliable"), "reliable", nothing)
    at = table.column_names.index("baseline")
    decimals = pc.round(table.column("baseline")).cast(pa.decimal128(9, 2))
    table = table.set_column(at, "baseline", decimals.cast(pa.float64()))
    given = spark.createDataFrame(table.set_column(at, "baseline", decimals)).repartition(5)
    same(program.table(given, by=["site"]), program.table(table, by=["site"]))
    wrong = table.column("baseline_date").to_pylist()
    wrong[3] = "03/04/2025"
    table = table.set_column(table.column_names.index("baseline_date"), "baseline_date", pa.array(wrong))
    with pytest.raises(FrameError, match=r"'baseline_date' .* must hold dates"):
        program.table(table)
    for rows in (table, pa.concat_tables([table.slice(9), table.slice(0, 9)])):
        given = spark.createDataFrame(rows)
        assert given.rdd.getNumPartitions() == 2  # of which one alone shows it
        with pytest.raises(Exception, match=r"'baseline_date' .* must hold dates") as caught:
            program.table(given).count()
        assert "03/04" not in str(caught.value)


@needs_spark
def test_a_row_that_appears_twice_is_refused_wherever_it_lies(spark: Any, changes: pa.Table) -> None:
    twice = spark.createDataFrame(pa.concat_tables([changes, changes.slice(5, 1)])).repartition(7)
    with pytest.raises(Exception, match="changes: up to 2 rows for one patient") as caught:
        program.table(twice).count()
    assert "p1" not in str(caught.value).split("FrameError: ")[1].split("\n")[0]


@needs_spark
def test_a_table_without_rows(spark: Any, changes: pa.Table) -> None:
    found = program.table(spark.createDataFrame(changes).where("patient_id = 'nobody'"), by=["site"])
    assert found.columns == program.table(changes.slice(0, 0), by=["site"]).column_names
    assert found.count() == 0


@needs_spark
def test_what_is_refused_at_the_call(spark: Any, scores: pa.Table, changes: pa.Table) -> None:
    given = spark.createDataFrame(changes)
    with pytest.raises(FrameError, match="scores: give a Spark DataFrame beside changes of Spark"):
        program.table(given, scores=scores)
    with pytest.raises(FrameError, match="changes: give a Spark DataFrame beside scores of Spark"):
        program.table(changes, scores=spark.createDataFrame(scores))
    with pytest.raises(FrameError, match="changes: Spark DataFrames are given as one, not in a list"):
        program.table([given, given])
    with pytest.raises(FrameError, match="by: the table of changes has no column 'Site'"):
        program.table(given, by=["Site"])
    with pytest.raises(
        FrameError, match="indicator 'mean_change': the table of changes has no column 'change'"
    ):
        program.table(given.drop("change"), indicators=["mean_change"])
    with pytest.raises(FrameError, match="a lazy table; collect it first"):
        program.suppress(program.table(given))


def test_other_frames_of_spark_are_refused_by_name() -> None:
    for module, told in (("pyspark.sql.connect.dataframe", "Connect"), ("pyspark.pandas.frame", "pandas-on")):
        frame = type("DataFrame", (), {"__module__": module})()
        with pytest.raises(FrameError, match=f"a {'Spark ' * (told == 'Connect')}{told}.* cannot be counted"):
            program.table(frame)

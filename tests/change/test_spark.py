"""Changes of a Spark DataFrame: computed where the rows are, lazily, equal to those in memory to the last bit."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest
from spark_cases import SPARK_MISSING, plain, session

from ipm_outcomes import change, frames
from ipm_outcomes.errors import FrameError, UnreadableDatesError

needs_spark = pytest.mark.skipif(SPARK_MISSING is not None, reason=str(SPARK_MISSING))
pytestmark = pytest.mark.filterwarnings("ignore")  # Spark warns of versions of pandas and Python

HALF = [change.Target("half a year", day=182, days=(137, 227))]
VISITS: dict[str, Any] = {
    "baseline": change.Baseline(visit="first"),
    "targets": [change.Target("then", visit="second")],
}
MEANS = change.Baseline(days=(0, 30), pick="mean")


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    with session() as made:
        made.conf.set("spark.sql.shuffle.partitions", "3")
        yield made


def scores(dates_as_text: bool = False) -> pa.Table:
    """PHQ-9 and PEG of 40 patients, of whom some have two forms on a day, and some no follow-up; many are prorated."""
    draw = random.Random(7)
    rows = [
        {"patient_id": f"p{n}", "site": draw.choice("AB"), "visit": visit}
        | {"date": date(2025, 1, 1) + timedelta(days=draw.randrange(20) + days)}
        | {f"phq9_q{item}": draw.choice([0, 1, 2, 3, 3, None]) for item in range(1, 10)}
        | {f"peg_{item}": draw.choice([1, 5, 7, 10, None]) for item in ("pain", "enjoyment", "activity")}
        for n in range(40)
        for visit, days in (("first", 0), ("between", draw.choice([0, 170, 400])), ("second", 190))
    ]
    if dates_as_text:
        rows = [row | {"date": str(row["date"])} for row in rows]
    by = ["patient_id", "date", "site", "visit"]
    return plain(frames.tidy(pa.Table.from_pylist(rows), ["phq9", "peg"], by=by, missing="prorate"))


def episodes() -> pa.Table:
    """Of 35 of the patients, and of one without any score."""
    names = [f"p{n}" for n in [*range(35), 99]]
    start = [date(2025, 1, 5), date(2025, 1, 1), None] * 12
    return pa.table({"patient_id": names, "episode": [1] * 36, "start_date": start, "unit": ["x", "y"] * 18})


def ordered(table: pa.Table) -> list[dict[str, Any]]:
    keys = ("patient_id", "episode", "instrument", "scale", "target")
    found: list[dict[str, Any]] = plain(table).sort_by([(key, "ascending") for key in keys]).to_pylist()
    return found


@needs_spark
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"constants": "sample", "by": ["site"]},
        {"constants": "auto", "baseline": MEANS, "scales": ["phq9.total"]},
        {"episodes": True, "constants": "sample"},
        VISITS | {"constants": "sample"},
    ],
    ids=["published", "sample", "means", "episodes", "visits"],
)
@pytest.mark.parametrize("dates_as_text", [False, True])
def test_changes_of_the_table_in_memory(how: dict[str, Any], dates_as_text: bool, spark: Any) -> None:
    given = spark.createDataFrame(scores(dates_as_text)).repartition(4, "value")
    local = (
        given.toArrow()
    )  # where the last of two forms of a day decides, their order is that of the DataFrame
    how = {"targets": HALF, "as_of": date(2026, 6, 30), **how}
    tables: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    if "episodes" in how:
        tables = {"episodes": spark.createDataFrame(episodes())}, {"episodes": episodes()}
    found: Any = change.table(given, **{**how, **tables[0]})
    wanted = change.table(local, **{**how, **tables[1]})
    assert found.columns == wanted.column_names
    assert ordered(found.toArrow()) == ordered(wanted)
    assert len(ordered(wanted)) >= 40


@needs_spark
def test_nothing_is_computed_at_the_call(spark: Any) -> None:
    given = spark.createDataFrame(scores())
    tracker = spark.sparkContext.statusTracker()
    before = tracker.getJobIdsForGroup(None)
    found = change.table(given, targets=HALF, constants="sample")
    assert tracker.getJobIdsForGroup(None) == before
    assert found.schema["patient_id"] == given.schema["patient_id"]
    assert found.schema["site"] == given.schema["site"]
    assert [found.schema[name].dataType.typeName() for name in ("class", "improvement", "baseline_date")] == [
        "string", "double", "date",
    ]  # fmt: skip
    assert found.where("improvement > 0").count() > 0
    assert tracker.getJobIdsForGroup(None) != before


@needs_spark
def test_dates_that_cannot_be_read_are_refused_as_they_are_of_the_whole_table(spark: Any) -> None:
    """One patient with a wrong date is a reason; where most are wrong there is no table, whatever group they are in."""
    table = scores(dates_as_text=True)
    dates = table.column("date").to_pylist()
    ids, named = table.column("patient_id").to_pylist(), table.column("visit").to_pylist()

    def with_dates(wrong: set[str], visits: tuple[str, ...] = ("first", "between", "second")) -> pa.Table:
        those = [one in wrong and visit in visits for one, visit in zip(ids, named, strict=True)]
        cells = ["12/31/2025" if bad else day for bad, day in zip(those, dates, strict=True)]
        return table.set_column(table.column_names.index("date"), "date", pa.array(cells))

    for wrong in ({"p1"}, {f"p{n}" for n in range(15)}):
        given = with_dates(wrong)
        found = change.table(spark.createDataFrame(given), targets=HALF).toArrow()
        assert ordered(found) == ordered(change.table(given, targets=HALF))
    with pytest.raises(Exception, match=r"date: the dates cannot be read in .* ##/##/####") as caught:
        change.table(spark.createDataFrame(with_dates({f"p{n}" for n in range(30)})), targets=HALF).count()
    assert "12/31" not in str(caught.value)
    first = with_dates(set(ids), ("first",))  # without which nobody can know when any of them began
    with pytest.raises(Exception, match=r"nothing could be paired: date: the dates cannot be read"):
        change.table(spark.createDataFrame(first), targets=HALF).count()
    with pytest.raises(
        UnreadableDatesError, match=r"nothing could be paired: date: the dates cannot be read"
    ):
        change.table(first, targets=HALF)


@needs_spark
def test_errors_say_of_which_rows_they_count(spark: Any) -> None:
    table = scores()
    value = pa.array([*table.column("value").to_pylist()[:-1], 77.0])
    given = spark.createDataFrame(table.set_column(table.column_names.index("value"), "value", value))
    told = r"in row \d+ \(counted from 0 within a group of patients\)"
    with pytest.raises(Exception, match=told):
        change.table(given.drop("exact_numerator", "exact_denominator"), targets=HALF).count()


@needs_spark
def test_what_is_refused_at_the_call(spark: Any) -> None:
    given = spark.createDataFrame(scores())
    with pytest.raises(FrameError, match="episodes: give a Spark DataFrame beside scores of Spark"):
        change.table(given, episodes=episodes())
    with pytest.raises(FrameError, match="the frame has no column 'patient_id'"):
        change.table(given.drop("patient_id"))
    with pytest.raises(FrameError, match="Spark DataFrame is not collected by itself"):
        change.pair(given)


def test_other_frames_of_spark_are_refused_by_name() -> None:
    for module, told in (("pyspark.sql.connect.dataframe", "Connect"), ("pyspark.pandas.frame", "pandas-on")):
        frame = type("DataFrame", (), {"__module__": module})()
        with pytest.raises(FrameError, match=f"a {'Spark ' * (told == 'Connect')}{told}.* cannot be paired"):
            change.table(frame)

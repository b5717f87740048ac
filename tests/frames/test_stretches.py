"""Tables scored a stretch of rows at a time give what the whole table gives, or refuse as it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ipm_outcomes import frames
from ipm_outcomes.errors import FrameError, InvalidAnswersError
from ipm_outcomes.frames import _spool, _stretches

duckdb = pytest.importorskip("duckdb")
LAZY = hasattr(pl.LazyFrame, "collect_batches")
needs_batches = pytest.mark.skipif(not LAZY, reason="Polars before 1.34 collects a lazy frame")
GAD7 = [f"gad7_q{n}" for n in range(1, 8)]
ENGINES = ["lazy", "relation"]


@pytest.fixture(autouse=True)
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    # DuckDB hands over whole vectors of 2,048 rows, and no fewer.
    monkeypatch.setattr(_stretches, "ROWS", 3)


def scored(engine: str, data: pl.DataFrame, **how: Any) -> pl.DataFrame:
    """Scores by an engine, as an eager frame."""
    if engine == "lazy":
        return frames.score(data.lazy(), "gad7", **how).collect()
    relation = duckdb.connect().from_arrow(data.to_arrow())
    found = frames.score(relation, "gad7", **how)
    assert isinstance(found, duckdb.DuckDBPyRelation)
    return pl.DataFrame(found.to_arrow_table())


def plain(data: pl.DataFrame) -> dict[str, list[Any]]:
    return data.to_dict(as_series=False)


CELLS = {
    "answers": [None, 0, 1, 2, 3],
    "from one": [None, 1, 2, 3, 4],
    "doubtful": [1, 2, 3, 3],
    "with codes": [None, 0, 1, 2, 3, 9, 99],
    "from one, with codes": [1, 2, 3, 4, 9],
}


@pytest.mark.parametrize("engine", ENGINES)
@given(data=st.data())
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_stretches_score_as_the_whole_does(engine: str, data: st.DataObject) -> None:
    cells = st.sampled_from(CELLS[data.draw(st.sampled_from(sorted(CELLS)))])
    rows = data.draw(st.integers(0, 11))
    table = pl.DataFrame(
        {name: data.draw(st.lists(cells, min_size=rows, max_size=rows)) for name in GAD7}
        | {"note": [f"row {n}" for n in range(rows)]},
        schema=dict.fromkeys(GAD7, pl.Int64) | {"note": pl.String},
    )
    how: dict[str, Any] = {
        "invalid": "null",
        "coding": data.draw(st.sampled_from([None, "answer", "position"])),
        "not_answered": data.draw(st.sampled_from([(), (9,)])),
    }
    assert plain(scored(engine, table, **how)) == plain(frames.score(table, "gad7", **how))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("lowest", [None, 0, 5000])
def test_the_coding_is_judged_by_the_whole_table(
    engine: str, lowest: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options counted from 1 in most rows; a single lowest answer anywhere says that they are right."""
    monkeypatch.setattr(_stretches, "ROWS", 2048)
    cells = [1, 2, 3, 4] * 1250 + [1]
    if lowest is not None:
        cells[lowest] = 0
    table = pl.DataFrame(dict.fromkeys(GAD7, cells))
    found = scored(engine, table, invalid="null")
    assert found["gad7_total"].null_count() == (5001 if lowest is None else 1250)
    if lowest is not None:
        assert found["gad7_total"].drop_nulls().sum() == 7 * (sum(cells) - 4 * 1250)
    with pytest.raises(InvalidAnswersError) as caught:
        scored(engine, table)
    assert ('coding="position"' in str(caught.value)) == (lowest is None)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_wrong_cell_is_refused_by_its_row_in_the_table(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_stretches, "ROWS", 2048)
    cells = [0, 1, 2, 3] * 1250
    cells[4998] = 8
    table = pl.DataFrame({name: [0] * 5000 for name in GAD7} | {"gad7_q3": cells})
    with pytest.raises(InvalidAnswersError, match=r"row 4998, column 'gad7_q3': 8: ") as caught:
        scored(engine, table)
    problems = caught.value.problems
    problems = problems.collect() if engine == "lazy" else pl.DataFrame(problems.to_arrow_table())
    assert problems["row"].to_list() == [4998]


@needs_batches
def test_nothing_is_computed_at_the_call() -> None:
    def never(_: pl.DataFrame) -> pl.DataFrame:
        raise AssertionError

    data = pl.LazyFrame({name: [0] for name in GAD7}).map_batches(never, schema=dict.fromkeys(GAD7, pl.Int64))
    found = frames.score(data, "gad7", invalid="null")
    assert isinstance(found, pl.LazyFrame)
    assert found.collect_schema()["gad7_total"] == pl.Float64
    with pytest.raises(FrameError, match="gad7_q7"):
        frames.score(data.drop("gad7_q7"), "gad7")
    with pytest.raises(FrameError, match="gad7_total"):
        frames.score(data.with_columns(gad7_total=1), "gad7")


@needs_batches
def test_only_what_is_asked_for_is_read() -> None:
    read: list[list[str]] = []

    def source(names: list[str] | None, *_: Any) -> Iterator[pl.DataFrame]:
        read.append(sorted(names or []))
        yield pl.DataFrame({name: [0, 1] for name in [*GAD7, "id", "note"]}).select(names or pl.all())

    from polars.io.plugins import register_io_source

    schema = dict.fromkeys([*GAD7, "id", "note"], pl.Int64)
    found = frames.score(register_io_source(source, schema=schema), "gad7")
    assert found.select("id", "gad7_total").collect().rows() == [(0, 0.0), (1, 7.0)]
    assert read == [sorted([*GAD7, "id"])]
    read.clear()
    assert found.filter(pl.col("gad7_total") > 0).select("id").collect().rows() == [(1,)]
    assert read == [sorted([*GAD7, "id"])]
    read.clear()
    assert found.select("note").collect().rows() == [(0,), (1,)]
    assert read == [["note"]]
    assert found.select(pl.len()).collect().item() == 2
    assert found.slice(1, 1).collect()["gad7_total"].to_list() == [7.0]


@needs_batches
def test_scores_of_scores_stay_lazy(tmp_path: Path) -> None:
    table = pl.DataFrame({name: [0, 1, 3, 2, 1] for name in GAD7} | {"nps_recommend": [1, 9, 10, 5, 7]})
    both = frames.score(frames.score(table.lazy(), "gad7"), "nps")
    both.sink_parquet(tmp_path / "both.parquet")
    wanted = frames.score(frames.score(table, "gad7"), "nps")
    assert pl.read_parquet(tmp_path / "both.parquet").rows() == wanted.rows()
    done: list[int] = []
    frames.score(table.lazy(), "gad7", progress=done.append).collect()
    assert done[-1] == 5


@pytest.mark.parametrize("rows", [0, 5, 5000])
def test_a_large_relation_lies_in_a_file_without_a_name(
    rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_spool, "MOST_IN_MEMORY", 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    connection = duckdb.connect()
    cells = ", ".join(f"(range % 4)::TINYINT AS {name}" for name in GAD7)
    given = connection.sql(f"SELECT {cells}, range AS row, 'x' || range AS note FROM range({rows})")
    found = frames.score(given, "gad7")
    assert list(tmp_path.iterdir()) == []
    for _ in range(2):  # a relation may be read again
        kept = found.project("row, note, gad7_total, gad7_total_band").fetchall()
        assert [(row, note, total) for row, note, total, _ in kept] == [
            (n, f"x{n}", 7.0 * (n % 4)) for n in range(rows)
        ]
    assert found.types[-1] == found.types[found.columns.index("gad7_total_band")]

"""A Spark session for tests, where Spark and Java are there."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

SPARK_MISSING = (
    "needs pyspark, which is not installed"
    if not find_spec("pyspark")
    else "needs Java, which is not installed"
    if not shutil.which("java")
    else None
)
"""Why tests with Spark are skipped, or None."""

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    if SPARK_MISSING is None:
        import pyspark.sql.functions  # noqa: F401  (its own imports warn)


@contextmanager
def session() -> Iterator[Any]:
    """A session on this machine, small and quick to start."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    with tempfile.TemporaryDirectory() as folder:
        found = (
            SparkSession.builder.master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.extraJavaOptions", f"-XX:TieredStopAtLevel=1 -Djava.io.tmpdir={folder}")
            .config("spark.local.dir", folder)
            .config("spark.sql.warehouse.dir", f"{folder}/warehouse")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.log.level", "OFF")
            .getOrCreate()
        )
        try:
            yield found
        finally:
            found.stop()


def plain(table: Any) -> Any:
    """A table as Spark can hold it: text in place of categories, numbers with a sign."""
    import pyarrow as pa

    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        columns[name] = column.cast(pa.int16() if kind == pa.uint8() else kind)
    return pa.table(columns)

"""A file of answers by its mapping, as the other commands take files."""

from __future__ import annotations

from array import array
from typing import Any

from ipm_outcomes import fhir, files, redcap
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.cli._files import STREAM, Source
from ipm_outcomes.errors import InputError, ParameterError
from ipm_outcomes.frames._items import given_names
from ipm_outcomes.mapping import Mapping
from ipm_outcomes.reading import Reading

OTHER = "other_resource"
"""Reason of what comes along with responses and is none."""


def mapped(file: str, name: str) -> Source:
    """Read a file by the mapping of that name: items and keys have their usual names, dates are dates."""
    import polars as pl

    if file == STREAM:
        raise ParameterError("--mapping is about a file; standard input is not read by it")
    mapping = Mapping.load(name)
    reading = read_by(file, mapping)
    frame = reading.data.with_columns(pl.col(pl.Null).cast(pl.String)).with_columns(
        _recorded(reading, mapping)
    )
    if mapping.file is not None and mapping.file.kind == "redcap":
        frame = _of_one_row(frame)
    lines = array("q", frame["line"].to_list())
    frame = frame.drop("line")
    declared = frozenset(part.id for part in mapping.instrument if part.coding is not None)
    return Source(file, frame, lines, declared=declared)


def _of_one_row(frame: Any) -> Any:
    """Instruments of one row of an export that have one day as one row again."""
    import polars as pl

    days = pl.col("date").str.slice(0, 10).alias("day")
    status = pl.col("status").filter(pl.col("status").n_unique() == 1).first()
    others = pl.all().exclude("line", "status").drop_nulls().first()
    by_day = frame.group_by("line", days, maintain_order=True).agg(others, status)
    return by_day.select(frame.columns).sort("line", maintain_order=True)


def read_by(file: str, mapping: Mapping) -> Reading:
    """Read a file by a mapping, whatever its kind."""
    kind = None if mapping.file is None else mapping.file.kind
    if kind == "redcap":
        return redcap.read(file, mapping=mapping, backend="polars")
    if kind != "fhir":
        return files.read(file, mapping=mapping, backend="polars")
    reading = fhir.responses(file, **of_fhir(mapping), backend="polars")
    for row in reading.left_out.iter_rows(named=True):
        if row["reason"] != OTHER:
            raise InputError(row["message"], "mapping_does_not_fit")
    for row in reading.problems.head(1).iter_rows(named=True):
        raise InputError(f"{row['column']}: {row['message']}", "mapping_does_not_fit", row["place"])
    return reading


def of_fhir(mapping: Mapping) -> dict[str, Any]:
    """Arguments of `fhir.responses`: the instrument, its edition, linkIds as columns, labels as coding."""
    if mapping.file is not None:
        mapping.file.require("fhir", "FHIR responses")
    if len(mapping.instrument) != 1:
        raise _misfit("a mapping of responses is about one instrument", "instrument")
    (part,) = mapping.instrument
    said = {f"file.{key}" for key in (mapping.file.model_dump(exclude_defaults=True) if mapping.file else ())}
    said |= set(mapping.model_dump(exclude_defaults=True, include={"keys", "not_answered"}))
    own = part.model_dump(
        exclude_defaults=True, include={"scales", "not_answered", "recorded", "labels_seen"}
    )
    said |= {f"instrument.{part.id}.{key}" for key in own}
    if other := sorted(said - {"file.kind"}):
        raise _misfit("the response says that itself; leave the key out", other[0])
    if part.coding == "position":
        message = (
            "answers of FHIR are codes, labels or the numbers printed beside them; give a map of "
            "labels to answers"
        )
        raise _misfit(message, f"instrument.{part.id}.coding")
    names = given_names(definition(part.id), part.columns)
    labels: Any = "accept" if part.coding == "label" else "refuse"
    if isinstance(part.coding, dict):
        labels = part.coding
    return {
        "instrument": part.id,
        "edition": part.edition,
        "items": {link: item for item, link in names.items()},
        "labels": labels,
    }


def _misfit(message: str, place: str) -> InputError:
    return InputError(message, "mapping_does_not_fit", place)


def _recorded(reading: Reading, mapping: Mapping) -> list[Any]:
    """Recorded scores under the names that they have in the file."""
    import polars as pl

    columns = []
    for part in mapping.instrument:
        for scale, column in part.recorded.items():
            cells: list[Any] = [None] * reading.rows_out
            for row, named, value in reading.recorded.select("row", "scale", "recorded").iter_rows():
                if named == f"{part.id}_{scale}":
                    cells[row] = value
            kind = pl.String if scale.endswith("_band") else pl.Float64
            columns.append(pl.Series(column, cells, kind, strict=False))
    return columns

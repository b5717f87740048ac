"""The tables that indicators are counted from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from ipm_outcomes.errors import FrameError, ParameterError, did_you_mean
from ipm_outcomes.frames._blank import with_answers
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import Library
from ipm_outcomes.frames._stage import refuse_other_stage, stage_of
from ipm_outcomes.program._columns import ALL, KEYS, NOT_RECORDED, WINDOW_OPEN
from ipm_outcomes.program._requirements import (
    row_columns,
    settled,
)
from ipm_outcomes.program.indicators import (
    SIDES,
    Indicator,
)


def refuse_other_tables(sources: Mapping[str, Source]) -> None:
    """Refuse a table of an earlier or later step in the place of the changes or the scores; say what is missing."""
    if "scores" in sources:
        needed = ["instrument", "scale", "value"]
        refuse_other_stage(sources["scores"].schema, "scores", needed, "scores")
    if "changes" not in sources:
        return
    has = set(sources["changes"].schema)
    changes = {"baseline", "followup"} & has or {"instrument", "scale", "target"} <= has
    if not has or (changes and not {"indicator", "numerator"} <= has):
        return  # of no columns, what is asked for may say more
    other = ", or give scores=" if stage_of(has) == "scores" else ""
    refuse_other_stage(has, "changes", ["baseline", "followup"], "changes", other)
    raise FrameError(
        "changes: this is no table of changes; answers become scores by frames.tidy, and scores changes by change.table"
    )


def refuse_repeats(changes: Source) -> None:
    """A row that appears twice would count its patient twice."""
    key = ["patient_id", "episode", *KEYS]
    if all(name in changes.schema for name in key) and (most := _most_rows(changes, key)) > 1:
        raise FrameError(
            f"changes: up to {most} rows for one patient, episode, scale and target; keep one of them, or "
            "the patient is counted more than once"
        )


def refuse_repeated_patients(opioids: Source, by: Sequence[str]) -> None:
    """A patient with several periods, or doses by several definitions, must not count for each of them."""
    opioids.require(["patient_id"], "opioids")
    if (most := _most_rows(opioids, list(dict.fromkeys(["patient_id", *by])))) > 1:
        raise FrameError(
            f"opioids: up to {most} rows for one patient in a group; keep one period and one denominator, "
            'or give by=["period", "mme_by"]'
        )


def _most_rows(source: Source, key: list[str]) -> int:
    """The largest number of rows that have one key."""
    import narwhals as nw

    counted = source.frame.select(*key).group_by(key).agg(nw.len().alias("rows"))
    return int(small_table(counted.select(nw.col("rows").max()))["rows"][0] or 0)


class Source:
    """One of the tables, in the form that its own engine works on."""

    def __init__(self, name: str, data: Any) -> None:
        import narwhals as nw

        self.name = name
        self.given = data
        self.empty: set[str] = set()
        self.days: set[str] = set()  # dates that pandas held as objects
        self.library: Library | None = None
        lazy = type(data).__name__ in ("LazyFrame", "DuckDBPyRelation")
        if lazy and hasattr(data, "to_native"):
            data = self.given = data.to_native()
        if lazy:
            native = data
        else:
            frame = Frame(data)
            if doubled := [n for n in frame.names if frame.names.count(n) > 1]:
                raise FrameError(f"{name}: the column {doubled[0]!r} appears more than once; keep one")
            self.library, self.given = frame.library, frame.given
            native, self.empty, self.days = self.library.for_engine(frame.native)
        self.frame: Any = nw.from_native(native)
        if name == "scores":
            self.frame = with_answers(self.frame)
        self.schema: dict[str, Any] = dict(self.frame.collect_schema())

    def require(self, names: Sequence[str], told: str) -> None:
        """Refuse a table without these columns."""
        if absent := [name for name in names if name not in self.schema]:
            raise FrameError(
                f"{told}: the table of {self.name} has no column {', '.join(map(repr, absent))}; "
                f"it has {', '.join(self.schema)}{did_you_mean(absent[0], self.schema)}"
            )

    def kind_of(self, column: str) -> str:
        """What a column holds: number, truth, word, date, nothing (no value at all) or other."""
        import narwhals as nw

        dtype = self.schema[column]
        if column in self.empty:
            return "nothing"
        if dtype.is_numeric():
            return "number"
        if dtype == nw.Boolean:
            return "truth"
        if dtype in (nw.String, nw.Categorical, nw.Enum):
            return "word"
        if dtype == nw.Date or dtype == nw.Datetime:
            return "date"
        return "nothing" if dtype == nw.Unknown else "other"

    def without_values(self, column: str) -> bool:
        """Whether no row has a value: a file leaves such a column in a type of its own choosing."""
        import narwhals as nw

        if column not in self.empty and self.schema[column] != nw.Unknown:
            values = nw.col(column)
            if self.schema[column].is_float():
                values = values.fill_nan(None)
            there = self.frame.select((~values.is_null()).cast(nw.Int64).sum().alias("there"))
            if small_table(there)["there"][0]:
                return False
            self.empty.add(column)
        return True

    def fits(self, column: str, wanted: str) -> bool:
        """Whether the column can be read as values of this kind; dates and truth values also from text."""
        import narwhals as nw

        kind = self.kind_of(column)
        if wanted == "any" or kind in (wanted, "nothing") or self.without_values(column):
            return True
        if kind != "word" or wanted not in ("date", "truth"):
            return False
        text = nw.col(column).cast(nw.String)
        good = text.str.contains(_DATE) if wanted == "date" else text.is_in([*_TRUE, *_FALSE])
        bad = (~text.is_null() & ~good.fill_null(False)).cast(nw.Int64).sum().alias("bad")
        return not small_table(self.frame.select(bad))["bad"][0]

    def plain(self, columns: Mapping[str, str]) -> Any:
        """The frame with these columns in plain types, NaN as null, and nothing else.

        Dates that are text stay text, of the form that `with_windows` reads.
        """
        import narwhals as nw

        frame = self.frame
        types: dict[str, Any] = {
            "number": nw.Float64,
            "truth": nw.Boolean,
            "word": nw.String,
            "date": nw.Date,
        }
        made = []
        for name, wanted in columns.items():
            column, kind = nw.col(name), self.kind_of(name)
            if kind == "nothing":
                nulls: Any = self.library.nulls(frame.to_native(), name, wanted) if self.library else None
                if nulls is None:
                    column = nw.lit(None, dtype=types.get(wanted, nw.String)).alias(name)
                else:
                    frame = frame.with_columns(nw.from_native(nulls, series_only=True))
            elif kind == "word" and wanted == "truth":
                text = column.cast(nw.String)
                yes = nw.when(text.is_in(list(_TRUE))).then(nw.lit(1))
                column = (yes.otherwise(nw.when(text.is_in(list(_FALSE))).then(nw.lit(0))) == 1).alias(name)
            elif kind == "word" and self.schema[name] != nw.String:
                column = column.cast(nw.String)
            elif kind == "number" and self.schema[name].is_float():
                column = column.fill_nan(None)
            elif kind == "number" and wanted == "number" and self.schema[name].is_decimal():
                column = column.cast(nw.Float64)
            made.append(column)
        return frame.select(*made)


_TRUE, _FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")
_TIME = r"(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?"


_DATE = rf"^[0-9]{{4}}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]){_TIME}$"


def settled_for(one: Indicator, sources: Mapping[str, Source], asked: bool) -> Indicator:
    """The indicator with its requirements and bounds as this table can tell them."""
    source = sources.get(one.uses)
    return (
        one
        if source is None
        else settled(one, lambda name, kind: name in source.schema and source.fits(name, kind), asked)
    )


def needed_columns(one: Indicator, source: Source, by: Sequence[str]) -> dict[str, str]:
    """Every column of the source that an indicator reads, with the kind of value."""
    needs = dict.fromkeys(by, "any")
    needs |= dict.fromkeys((key for key in KEYS if key in one.each), "word")
    if one.scales:
        needs |= {"patient_id": "any", "episode": "any"}
        needs |= {"instrument": "word", "scale": "word", "target": "word"}
        needs |= dict.fromkeys(SIDES, "number")
    else:
        for column, kind in one.columns():
            if column != WINDOW_OPEN and (column != "in_window" or one.window is None):
                needs[column] = kind if needs.get(column, "any") == "any" else needs[column]
        if one.window:
            needs |= {"baseline_date": "date", "followup_date": "date"}
            if one.window.pick:
                needs |= {"window_from": "date", "window_to": "date", "followup_pick": "word"}
        if one.once:
            needs |= {"patient_id": "any"} | ({"episode": "any"} if "episode" in source.schema else {})
        if one.evidence_from in source.schema:
            needs |= {str(one.evidence_from): "word"}
    needs |= {name: kind for name, kind in row_columns(one).items() if needs.get(name, "any") == "any"}
    if one.uses == "changes" and any(column == WINDOW_OPEN for column, _ in one.columns()):
        # A table without the column (one made by hand) still says it by its reasons.
        needs |= {WINDOW_OPEN: "truth"} if WINDOW_OPEN in source.schema else {"reason": "word"}
    return needs


def applies(one: Indicator, sources: Mapping[str, Source], by: Sequence[str], asked: bool) -> bool:
    source = sources.get(one.uses)
    if source is None:
        if asked:
            raise ParameterError(
                f"{one.uses}: the indicator {one.id!r} needs the table of {one.uses}; give {one.uses}=…"
            )
        return False
    if one.scales and (apart := [name for name in by if name in ("instrument", "scale")]):
        if asked:
            raise ParameterError(f"by: the indicator {one.id!r} puts scales together; leave out {apart[0]!r}")
        return False
    needs = needed_columns(one, source, by)
    if absent := [name for name in needs if name not in source.schema]:
        if asked:
            source.require(absent, f"indicator {one.id!r}")
        return False
    for name, wanted in needs.items():
        if not source.fits(name, wanted):
            if not asked and name not in _COLUMN_KINDS:
                return False
            words = {"truth": "true or false", "number": "numbers", "word": "words"}
            words["date"] = "dates (as text: year-month-day)"
            raise FrameError(
                f"indicator {one.id!r}: the column {name!r} of the table of {source.name} must hold "
                f"{words[wanted]}, not {source.schema[name]}"
            )
    return True


_COLUMN_KINDS = frozenset(
    {
        *KEYS,
        *("baseline", "followup", "change", "improvement", "important", "responder_30", "responder_50"),
        *(
            "reliable",
            "class",
            "can_improve",
            "can_worsen",
            "reason",
            "baseline_date",
            "followup_date",
            "value",
        ),
    }
)
"""Columns that the library makes itself: a wrong type in one of them is an error, not "does not apply"."""


def groups_of(sources: Mapping[str, Source], by: Sequence[str], used: set[str]) -> list[tuple[Any, ...]]:
    """Every group that stands in one of the tables, in order."""
    if not by:
        return [()]
    found: set[tuple[Any, ...]] = set()
    for name, source in sources.items():
        if (name == "changes" or name in used) and all(column in source.schema for column in by):
            found |= set(_collected(source.plain(dict.fromkeys(by, "any")).unique(), by, source))
    return sorted(found, key=lambda group: [(value is None, str(type(value)), value) for value in group])


def refuse_name_of_total(groups: Sequence[tuple[Any, ...]]) -> None:
    """Refuse a group named as the rows of all groups together are."""
    if any(ALL in map(str, group) for group in groups):
        raise FrameError(f"by: a group has the name {ALL!r}, which is that of the total; rename it")


def _collected(frame: Any, by: Sequence[str], source: Source) -> list[tuple[Any, ...]]:
    small = small_table(frame)
    columns = [small[name] for name in by]
    return [group_of(values, by, source) for values in zip(*columns, strict=True)]


def group_of(values: Sequence[Any], by: Sequence[str], source: Source) -> tuple[Any, ...]:
    """The key of a group; a text column without a value makes a group of its own."""
    key = []
    for name, value in zip(by, values, strict=True):
        if value is None:
            if source.kind_of(name) not in ("word", "nothing") and not source.without_values(name):
                raise FrameError(
                    f"by: the column {name!r} of the table of {source.name} has rows without a value; "
                    "fill them, so that a group without a value is not taken for a total"
                )
            value = NOT_RECORDED
        elif name in source.days:
            value = value.date()
        key.append(value)
    return tuple(key)


def small_table(frame: Any) -> dict[str, list[Any]]:
    """A small frame as lists, every missing value None, in an order of its own keeping."""
    import narwhals as nw

    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    return {name: [plain_value(v) for v in values] for name, values in frame.to_dict(as_series=False).items()}


def plain_value(value: Any) -> Any:
    """A value of any library as plain Python, None for every kind of missing."""
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return None
    if isinstance(value, Decimal):  # DuckDB sums whole numbers into decimals
        return int(value)
    return value.item() if isinstance(value, np.generic) else value

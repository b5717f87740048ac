"""Reads one file of a statistics program in a process of its own, and writes what it read to standard output.

The reader is a library in C, which a broken file can end together with its process; that must not be the user's.
"""

from __future__ import annotations

import pickle
import re
import sys
from collections.abc import Callable
from typing import Any

_STATA_DAY, _STATA_TIME = re.compile(r"%-?t?d"), re.compile(r"%-?tc")
LABELS = ("column_names", "column_names_to_labels", "variable_value_labels", "missing_ranges")


def content(path: str, kind: str, encoding: str | None, limit: int) -> dict[str, Any]:
    """Columns, and of the file's own words those that are needed; ``columns`` is None where it holds too many cells."""
    import pyreadstat

    name = {"sav": "read_sav", "por": "read_por", "dta": "read_dta", "xpt": "read_xport"}[kind]
    reader: Callable[..., Any] = getattr(pyreadstat, name)
    # Of a portable file the reader knows the encoding itself.
    how: dict[str, Any] = {"output_format": "dict"} | ({} if kind == "por" else {"encoding": encoding})
    meta = _read(reader, path, metadataonly=True, **how)[1]
    if kind == "dta":  # %td and %tc with a mask of their own, which the reader leaves as numbers
        formats = {*(meta.original_variable_types or {}).values()} - {None}
        how["extra_date_formats"] = sorted(form for form in formats if _STATA_DAY.match(form))
        how["extra_datetime_formats"] = sorted(form for form in formats if _STATA_TIME.match(form))
    most = limit // max(len(meta.column_names), 1) + 1
    columns, meta = _read(reader, path, row_limit=most, **how)
    columns = {name: list(cells) for name, cells in columns.items()}
    rows = max(map(len, columns.values()), default=0)
    content: dict[str, Any] = {name: getattr(meta, name) or {} for name in LABELS}
    content |= {"columns": columns if rows < most or rows * len(columns) <= limit else None, "declared": {}}
    if kind in ("sav", "dta") and content["columns"] is not None:
        kept, meta = _read(reader, path, row_limit=most, user_missing=True, **how)
        content["missing_ranges"] = meta.missing_ranges or {}
        # Values that the file declares missing: there with them, and not without.
        content["declared"] = {
            name: sum(
                not _none(was) and _none(now) for was, now in zip(kept[name], columns[name], strict=True)
            )
            for name in (meta.missing_ranges if kind == "sav" else meta.missing_user_values) or {}
        }
    return content


def _read(reader: Callable[..., Any], path: str, **how: Any) -> Any:
    try:
        return reader(path, **how)
    except OverflowError:  # a date beyond the calendar
        return reader(path, disable_datetime_conversion=True, **how)


def _none(cell: Any) -> bool:
    return cell is None or cell != cell or cell == ""


if __name__ == "__main__":
    _, path, kind, encoding, limit = sys.argv
    pickle.dump(content(path, kind, encoding or None, int(limit)), sys.stdout.buffer)

"""Forms put together from rows of one answer each, as tables of other systems have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ipm_outcomes.catalog import instrument
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import CellKind


def texts(frame: Frame, name: str) -> list[str | None]:
    """Entries of a column as text, dates in ISO 8601, None for every kind of missing; of no column None throughout."""
    if name not in frame.names:
        return [None] * len(frame)
    return [_text(cell) for cell in frame.library.values(frame.column(name))]


def _text(cell: Any) -> str | None:
    if cell is None or str(cell) in ("", "nan", "<NA>", "NaT"):
        return None
    written: str = cell.isoformat() if hasattr(cell, "isoformat") else str(cell)
    return written.removesuffix("T00:00:00")


def item_columns(
    ids: Iterable[str], forms: Sequence[Mapping[str, float]]
) -> tuple[dict[str, list[Any]], dict[str, CellKind]]:
    """The item columns of instruments, and what their cells are: whole numbers where all are."""
    columns: dict[str, list[Any]] = {}
    kinds: dict[str, CellKind] = {}
    for name in (f"{id}_{item}" for id in ids for item in instrument(id).item_ids):
        cells = [form.get(name) for form in forms]
        whole = all(cell is None or cell.is_integer() for cell in cells)
        columns[name] = [None if cell is None else int(cell) for cell in cells] if whole else cells
        kinds[name] = "whole or null" if whole else "real"
    return columns, kinds

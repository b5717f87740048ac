"""The steward's record of a release, and the ledger that protects later ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ipm_outcomes._write import write_whole
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.program.suppression._figures import HOW
from ipm_outcomes.program.suppression._read import TableRow
from ipm_outcomes.program.suppression._search import Search
from ipm_outcomes.program.suppression._system import System

_FIELDS = ("indicator", "definition", "band", "rules", "rated", "other", "net", "closed")
_VERSION = 1


def canonical(content: Any) -> str:
    """JSON that is the same text for the same content."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)


def record_of(
    policy: str,
    by: Sequence[str],
    rows: Sequence[TableRow],
    system: System,
    search: Search,
    alone: Mapping[int, str],
    means: Mapping[int, int],
) -> str:
    """What was hidden and why, and what each small count can still be: no hidden count, but which ones are small.

    The hash is that of the record itself, so that a change is noticed. There is none of the true table: of a few
    hidden counts ten tries would undo it.
    """
    hidden = search.hidden
    published = []
    for row in sorted(rows, key=lambda row: (row.indicator, str(row.key))):
        for column, cell in sorted(row.cells.items()):
            shown = None if hidden[cell] else int(system.value[cell])
            if shown is not None and search.room[1][cell]:
                shown = (shown + 2) // 5 * 5
            rule = None if not hidden[cell] else "small count" if search.primary[cell] else "protects another"
            published.append(
                {
                    "indicator": row.indicator,
                    "group": list(row.key),
                    "count": column,
                    "shown": shown,
                    "rule": rule,
                }
            )
    checks = [
        {"count": item.name, "can_be": [int(low), int(high)]}
        for item, low, high in zip(system.items, search.goal_low, search.goal_high, strict=True)
    ]
    checks.sort(key=canonical)
    body = {"version": _VERSION, "policy": policy, "by": list(by), "counts": published, "protected": checks}
    body["witnesses"] = len(search.moves)
    body["work_limit_reached"] = search.limited
    body["protected_by_themselves"] = sorted(
        (
            {"indicator": row.indicator, "group": list(row.key), "why": alone[row.position]}
            for row in rows
            if row.position in alone
        ),
        key=canonical,
    )
    body["means"] = sorted(
        (
            {"indicator": row.indicator, "group": list(row.key), "printed": HOW[means[row.position]]}
            for row in rows
            if row.position in means
        ),
        key=canonical,
    )
    return canonical(body | {"sha256": _hash(body)})


def place_of(path: str | PathLike[str], argument: str) -> Path:
    """Where a file is to be written, refused before any work where it cannot be."""
    if not isinstance(path, (str, PathLike)):
        raise ParameterError(f"{argument}: the path of a file, not a {type(path).__name__}")
    place = Path(path)
    if place.is_dir():
        raise ParameterError(f"{argument}: this is a folder; give the name of a file in it")
    if not place.parent.is_dir():
        raise ParameterError(f"{argument}: the folder of this file does not exist; make it first")
    return place


def write_text(place: Path, text: str) -> None:
    """Write the file whole or not at all."""
    write_whole(place, lambda file: file.write(f"{text}\n".encode()))


@dataclass(frozen=True)
class Earlier:
    """An earlier release."""

    rows: list[TableRow]
    """In the groups of this one."""
    hidden: dict[tuple[int, str], bool]
    own: list[Any]
    """The figures that a report made itself, as data."""
    means: dict[int, int] = field(default_factory=dict)
    """Means that were printed coarser or withheld, by the place of their row."""


class Ledger:
    """Earlier releases of the same program: all of their counts, and which of them are known to everyone.

    The file holds hidden counts. It stays with the data and is never published.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = place_of(path, "ledger")
        self.releases: list[dict[str, Any]] = []
        if self.path.exists():
            try:
                content = json.loads(self.path.read_text(encoding="utf-8"))
                body = {name: content[name] for name in ("version", "releases")}
                if content["sha256"] != _hash(body):
                    raise ValueError
                self.releases = body["releases"]
            except (ValueError, KeyError, TypeError, UnicodeDecodeError):
                raise FrameError(
                    "ledger: the file is no ledger, or was changed; give the one written before"
                ) from None

    def earlier(
        self, policy: str, by: Sequence[str], rows: Sequence[TableRow]
    ) -> tuple[list[Earlier], Earlier | None]:
        """The earlier releases, and the same one as this where it was noted before."""
        now = _noted(policy, by, rows)
        others, again = [], None
        for release in self.releases:
            if release["policy"] != policy:
                raise ParameterError(
                    "ledger: an earlier release followed another policy; keep to one in a ledger"
                )
            old = self._read(release, by)
            if [_as_noted(row) for row in release["rows"]] == [
                _as_noted(row) for row in now["rows"]
            ] and release["by"] == list(by):
                again = old
            else:
                others.append(old)
        return others, again

    @staticmethod
    def _read(release: Mapping[str, Any], by: Sequence[str]) -> Earlier:
        rows: list[TableRow] = []
        hidden: dict[tuple[int, str], bool] = {}
        for position, kept in enumerate(release["rows"]):
            key = tuple(
                None if part is None else tuple(part) if isinstance(part, list) else part
                for part in kept["key"]
            )
            if release["by"] != list(by):
                # Other groups: only the total of the whole program is the same in both.
                total = all(part is None for part in key)
                key = (None,) * len(by) if total else ("earlier groups", *release["by"], *key)
            row = TableRow(position, kept["indicator"], key, dict(kept["counts"]))
            for name in _FIELDS:
                setattr(row, name, kept[name])
            row.about = tuple(kept["told_for"])
            rows.append(row)
            hidden |= {(position, column): column in kept["hidden"] for column in row.counts}
        means = {position: kept["mean"] for position, kept in enumerate(release["rows"]) if "mean" in kept}
        return Earlier(rows, hidden, release.get("own", []), means)

    def add(
        self,
        policy: str,
        by: Sequence[str],
        rows: Sequence[TableRow],
        hidden: np.ndarray,
        own: Sequence[Any],
        means: Mapping[int, int],
    ) -> None:
        """Note a release and write the file."""
        release = _noted(policy, by, rows) | {"own": json.loads(canonical(own))}
        for kept, row in zip(release["rows"], rows, strict=True):
            kept["hidden"] = sorted(column for column, cell in row.cells.items() if hidden[cell])
            kept |= {"mean": means[row.position]} if row.position in means else {}
        body = {"version": _VERSION, "releases": [*self.releases, release]}
        write_text(self.path, canonical(body | {"sha256": _hash(body)}))


def earlier_figures(path: str | PathLike[str]) -> list[Any]:
    """What the earlier releases in a ledger say of their own figures, from the first to the last."""
    return [figure for release in Ledger(path).releases for figure in release.get("own", [])]


def earlier_groups(path: str | PathLike[str], by: Sequence[str]) -> set[str]:
    """The groups in the first of these columns in the earlier releases of a ledger that were grouped by them."""
    rows = (row for release in Ledger(path).releases if release["by"] == list(by) for row in release["rows"])
    return {str(row["key"][0]) for row in rows if row["key"][0] is not None}


def _noted(policy: str, by: Sequence[str], rows: Sequence[TableRow]) -> dict[str, Any]:
    """A release as the ledger holds it, without what was hidden."""
    kept = [
        {name: getattr(row, name) for name in _FIELDS}
        | {"key": list(row.key), "told_for": list(row.about), "counts": row.counts}
        for row in rows
    ]
    noted: dict[str, Any] = json.loads(canonical({"policy": policy, "by": list(by), "rows": kept}))
    return noted


def _as_noted(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kept.items() if name not in ("hidden", "mean")}


def _hash(content: Any) -> str:
    return hashlib.sha256(canonical(content).encode()).hexdigest()

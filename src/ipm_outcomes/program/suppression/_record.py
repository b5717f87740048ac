"""The steward's record of a release, and the ledger that protects later ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.program.suppression._read import Row
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
    rows: Sequence[Row],
    system: System,
    search: Search,
    alone: Mapping[int, str],
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
    body["time_limit_reached"] = search.limited
    body["protected_by_themselves"] = sorted(
        (
            {"indicator": row.indicator, "group": list(row.key), "why": alone[row.position]}
            for row in rows
            if row.position in alone
        ),
        key=canonical,
    )
    return canonical(body | {"sha256": hashlib.sha256(canonical(body).encode()).hexdigest()})


def write_text(path: str | PathLike[str], argument: str, text: str) -> None:
    """Write the file whole or not at all."""
    if not isinstance(path, (str, PathLike)):
        raise ParameterError(f"{argument}: the path of a file, not a {type(path).__name__}")
    target = Path(path)
    part = target.with_name(f"{target.name}.part")
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(target)


class Ledger:
    """Earlier releases of the same program: all of their counts, and which of them are known to everyone.

    The file holds hidden counts. It stays with the data and is never published.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        if not isinstance(path, (str, PathLike)):
            raise ParameterError(f"ledger: the path of a file, not a {type(path).__name__}")
        self.path = Path(path)
        self.releases: list[dict[str, Any]] = []
        if self.path.exists():
            try:
                content = json.loads(self.path.read_text(encoding="utf-8"))
                body = {name: content[name] for name in ("version", "releases")}
                if content["sha256"] != hashlib.sha256(canonical(body).encode()).hexdigest():
                    raise ValueError
                self.releases = body["releases"]
            except (ValueError, KeyError, TypeError, UnicodeDecodeError):
                raise FrameError(
                    "ledger: the file is no ledger, or was changed; give the one written before"
                ) from None

    def earlier(self, policy: str, by: Sequence[str]) -> list[tuple[list[Row], dict[tuple[int, str], bool]]]:
        """The rows of each earlier release, in the groups of this one, and which of their counts were hidden."""
        found = []
        for release in self.releases:
            if release["policy"] != policy:
                raise ParameterError(
                    "ledger: an earlier release followed another policy; keep to one in a ledger"
                )
            rows: list[Row] = []
            hidden: dict[tuple[int, str], bool] = {}
            for at, kept in enumerate(release["rows"]):
                key = tuple(
                    None if part is None else tuple(part) if isinstance(part, list) else part
                    for part in kept["key"]
                )
                if release["by"] != list(by):
                    # Other groups: only the total of the whole program is the same in both.
                    total = all(part is None for part in key)
                    key = (None,) * len(by) if total else ("earlier groups", *release["by"], *key)
                row = Row(at, kept["indicator"], key, dict(kept["counts"]))
                for name in _FIELDS:
                    setattr(row, name, kept[name])
                row.told_for = tuple(kept["told_for"])
                rows.append(row)
                hidden |= {(at, column): column in kept["hidden"] for column in row.counts}
            found.append((rows, hidden))
        return found

    def add(self, policy: str, by: Sequence[str], rows: Sequence[Row], hidden: np.ndarray) -> None:
        """Note a release and write the file; the same release again is not noted twice."""
        kept = [
            {name: getattr(row, name) for name in _FIELDS}
            | {"key": list(row.key), "told_for": list(row.told_for), "counts": row.counts}
            | {"hidden": sorted(column for column, cell in row.cells.items() if hidden[cell])}
            for row in rows
        ]
        release = json.loads(canonical({"policy": policy, "by": list(by), "rows": kept}))
        if release not in self.releases:
            self.releases.append(release)
        body = {"version": _VERSION, "releases": self.releases}
        text = canonical(body | {"sha256": hashlib.sha256(canonical(body).encode()).hexdigest()})
        write_text(self.path, "ledger", text)

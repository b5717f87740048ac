"""Prints what the definitions say of themselves: ``python -m ipm_outcomes._printer`` (``--check`` only compares).

The response classes are real, committed source, so that editors complete and explain them and type checkers see every
item. They are never edited by hand, nor are the lists of instruments in the files that `_lists.LISTS` names; a test
fails where one differs from what the definitions print, and where a class is left of an instrument that is gone.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ipm_outcomes._printer._classes import print_changes, print_index
from ipm_outcomes._printer._classes import print_class as print_class
from ipm_outcomes._printer._lists import LISTS, with_lists
from ipm_outcomes.catalog import instrument, instruments

ROOT = Path(__file__).parents[3]
"""The checkout."""


def stale(root: Path = ROOT) -> dict[Path, str | None]:
    """Files that differ from what the definitions print, with their right content; None where one should not be."""
    ids = instruments()
    folder = root / "src" / "ipm_outcomes" / "responses"
    wanted: dict[Path, str | None] = {folder / f"{id}.py": print_class(instrument(id)) for id in ids}
    wanted |= {folder / "_changes" / f"{id}.py": print_changes(instrument(id)) for id in ids}
    wanted[folder / "__init__.py"] = print_index(ids)
    printed = [*sorted(folder.glob("[!_]*.py")), *sorted(folder.glob("_changes/[!_]*.py"))]
    wanted |= {path: None for path in printed if path not in wanted}
    wanted |= {root / name: with_lists(root / name, parts) for name, parts in LISTS.items()}
    return {path: source for path, source in wanted.items() if _content(path) != source}


def _content(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def main(arguments: list[str]) -> int:
    """Print what differs, or with ``--check`` only name it; the exit code is 1 where a check finds something."""
    check = "--check" in arguments
    differing = stale()
    for path, source in differing.items():
        if check:
            done = "stale" if source is not None else "left over"
        elif source is None:
            path.unlink()
            done = "removed"
        else:
            path.write_text(source, encoding="utf-8")
            done = "printed"
        sys.stdout.write(f"{done}: {path.relative_to(ROOT).as_posix()}\n")
    return int(bool(check and differing))

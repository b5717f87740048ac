"""Hostile files with identifiers in their cells, for `leaks.py`."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


def of_files(
    rng: random.Random, folder: Path, data: dict[str, list[Any]], planted: Callable[[random.Random], str]
) -> Iterator[tuple[str, Callable[[], object]]]:
    """A file of the same data, whole or damaged, read by itself and by a mapping that does not fit it."""
    from ipm_outcomes import files
    from ipm_outcomes.cli import main
    from ipm_outcomes.mapping import Mapping

    path = folder / "plain.csv"
    separator = rng.choice([",", ";", "\t"])
    with path.open("w", newline="", encoding="utf-8", errors="replace") as opened:
        writer = csv.writer(opened, delimiter=separator)
        writer.writerow(data)
        writer.writerows(zip(*data.values(), strict=True))
        if rng.random() < 0.5:
            writer.writerow(rng.choice([[planted(rng)], [planted(rng)] * 99, ["Total", planted(rng)]]))
    if rng.random() < 0.3:
        content = path.read_bytes()
        path.write_bytes(content[: rng.randrange(len(content))])
    names = list(data)
    part = {"id": "gad7", "columns": {f"q{n}": rng.choice(names) for n in range(1, 8)}}
    keys = {"patient": rng.choice(names), "date": {"column": rng.choice(names), "format": "%d.%m.%Y"}}
    mapping = Mapping.of({"keys": keys, "instrument": [part]})
    long = {"question": rng.choice(names), "answer": rng.choice(names)}
    yield ("files.read", lambda: files.read(path))
    yield ("files.read by a mapping", lambda: files.read(path, mapping=mapping))
    yield ("files.read, one row a question", lambda: files.read(path, long=long))
    yield ("files.read, header named", lambda: files.read(path, header=rng.randint(1, 3)))
    yield ("read on the command line", lambda: main(["read", str(path), "--date-format", "%d.%m.%Y"]))

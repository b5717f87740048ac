"""Scoring, as ratios to limits measured in the same run: ``python benchmarks/bench_scores.py``.

With ids of instruments, or ``all``, each of these: one response, and a frame of Polars against a copy of the bytes
of its columns, where no instrument may take more copies than the worst of the first six.

One response: against its validation alone, and against a bare Pydantic class of the same fields, by processor time.
Frames: against reading the item columns once.
Everything runs in this process; rows per second are of this machine and only for orientation.
"""

from __future__ import annotations

import gc
import io
import math
import os
import random
import subprocess
import sys
import time
import timeit
import tracemalloc
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from typing import Annotated, Any

import numpy as np
import pandas as pd
import polars as pl
from pydantic import ConfigDict, create_model

from ipm_outcomes import frames, instrument, instruments, responses, score
from ipm_outcomes.frames._kernel import CHUNK, MISSING, Kernel

ROWS = 2_000_000
LONG = 10_000_000
"""Rows for the kernel alone: more than the processor's cache holds, so that the limit is one of memory."""
MISSING_SHARE = 0.02


def best(work: Callable[[], object], number: int = 1, repeat: int = 7) -> float:
    """Seconds of the quickest of several runs, after one to warm up."""
    work()
    gc.collect()
    return min(timeit.repeat(work, number=number, repeat=repeat)) / number


def line(what: str, figure: str, bar: str, holds: bool) -> bool:
    print(f"{'ok  ' if holds else 'MISS'} {what:<58} {figure:<44} bar: {bar}")
    return holds


def answers_of(id: str, rows: int) -> dict[str, np.ndarray[Any, Any]]:
    """Random answers to every item, as they are written: whole numbers, or decimals where an item takes steps."""
    definition = instrument(id)
    rng = np.random.default_rng(7)
    found = {}
    for item in definition.items:
        listed = definition.answers[item.answers]
        drawn = rng.integers(listed.lowest, listed.highest + 1, rows)
        found[item.id] = drawn if listed.per_unit == 1 else drawn / listed.per_unit
    return found


def interleaved(works: dict[Any, Callable[[], object]], rounds: int = 60) -> dict[Any, float]:
    """Least processor seconds of each, taken in turns, so that what else the machine does falls on all alike.

    The turns change, since what a work before gave back is what the next one has to get again, or is spared.
    """
    for work in works.values():
        work()
    least, turns = dict.fromkeys(works, math.inf), random.Random(3)
    gc.collect()
    gc.disable()
    try:
        for number in range(rounds):
            for name in turns.sample(list(works), len(works)):
                work = works[name]
                start = time.process_time()
                work()
                least[name] = min(least[name], time.process_time() - start)
            if number % 10 == 0:
                gc.collect(0)
    finally:
        gc.enable()
    return least


def one_response(id: str) -> bool:
    """Validate and score one form: against its validation alone, and against a bare Pydantic class of its fields."""
    model = getattr(responses, instrument(id).class_name)
    columns = {item: values.tolist() for item, values in answers_of(id, 500).items()}
    records = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    bare = create_model(
        "Bare",
        __config__=ConfigDict(frozen=True, extra="forbid", strict=True),
        **{
            name: (Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation, None)
            for name, field in model.model_fields.items()
        },
    )
    took = interleaved(
        {
            "bare": lambda: [bare(**record) for record in records],
            "validate": lambda: [model(**record) for record in records],
            "both": lambda: [score(model(**record)) for record in records],
        }
    )
    both, own, least = took["both"], took["both"] / took["validate"], took["both"] / took["bare"]
    return line(
        f"one {id}: validate and score",
        f"{both * 2000:.2f} us = {own:.2f} x validation, {least:.2f} x bare Pydantic",
        "1.5 x and 2 x",
        own <= 1.5 and least <= 2,
    )


def codes_of(id: str, rows: int = ROWS) -> np.ndarray[Any, Any]:
    definition = instrument(id)
    rng = np.random.default_rng(11)
    codes = np.empty((len(definition.items), rows), np.int8)
    for place, item in enumerate(definition.items):
        listed = definition.answers[item.answers]
        codes[place] = rng.integers(listed.lowest, listed.highest + 1, rows, np.int8)
        codes[place, rng.random(rows) < MISSING_SHARE] = MISSING
    return codes


def kernel(id: str, scales: list[str], bar: float) -> bool:
    """int8 columns to values and bands (or standard errors), one core."""
    codes = codes_of(id, LONG)
    definition = instrument(id)
    worker = Kernel(definition, scales=scales)
    columns, flags = worker.columns(LONG), worker.flag_columns(LONG)

    def work() -> None:
        for start in range(0, LONG, CHUNK):
            worker.score(codes[:, start : start + CHUNK], columns, flags, start)

    used = {definition.item_ids.index(item) for scale in scales for item in definition.scale(scale).items}
    limit = best(lambda: [codes[place].max() for place in used], 3)
    taken = best(work)
    return line(
        f"{id} {'+'.join(scales) if len(scales) < 3 else f'{len(scales)} scales'} from int8 columns",
        f"{LONG / taken / 1e6:.0f} M rows/s = {taken / limit:.0f} x one read ({LONG / limit / 1e6:.0f} M rows/s)",
        f"{bar:g} x",
        taken <= bar * limit,
    )


COPIES = {False: 6, True: 9}
"""Copies of what is read and added that scoring may take; by whether the frame is of Arrow, where words are text."""


def whole(id: str) -> list[bool]:
    """``frames.score`` with all its columns, from every kind of frame, against a copy of what is read and added."""
    codes = codes_of(id, ROWS // 4)
    names = [f"{id}_{item}" for item in instrument(id).item_ids]
    table = pl.DataFrame(dict(zip(names, codes.astype(np.int64), strict=True))).with_columns(
        pl.all().replace(int(MISSING), None)
    )
    kinds: dict[str, Any] = {
        "Polars": table,
        "pandas NumPy": table.to_pandas(),
        "pandas nullable": table.to_pandas().astype("Int64"),
        "pandas Arrow": table.to_pandas(use_pyarrow_extension_array=True),
        "PyArrow": table.to_arrow(),
    }
    works: dict[str, Callable[[], object]] = {
        kind: partial(frames.score, frame, id) for kind, frame in kinds.items()
    }
    sizes = [column.estimated_size() for column in frames.score(table, id)]
    took = interleaved(
        works | {"copy": partial(copied, [np.ones((2, size), np.uint8) for size in sizes])}, 10
    )
    return [
        line(f"{id} frames.score from {kind}", f"{ratio:.1f} copies", f"{bar:g} copies", ratio <= bar)
        for kind in kinds
        for ratio, bar in ((took[kind] / took["copy"], COPIES["Arrow" in kind]),)
    ]


FIRST = ("gad7", "nps", "pcs", "peg", "phq9", "promis29")
"""The instruments whose bars the others are held to."""
ERROR = 1.1
"""So far from each other are, in one run, the ratios of forms of the same columns (NPS, ENPS and the two PGIC)."""


def answered(id: str, rows: int) -> pl.DataFrame:
    """Random answers with gaps, in columns that no score takes the name of."""
    gaps = np.random.default_rng(11)
    return pl.DataFrame(
        {
            f"answer_{item}": pl.Series(values).set(pl.Series(gaps.random(rows) < MISSING_SHARE), None)
            for item, values in answers_of(id, rows).items()
        }
    )


def copied(columns: list[np.ndarray[Any, Any]]) -> None:
    """Copy the bytes of columns."""
    for source, target in columns:
        np.copyto(target, source)


def many(ids: Sequence[str], rows: int = ROWS // 8) -> list[bool]:
    """``frames.score`` from Polars, against a copy of the columns that it reads and of those that it adds.

    To read the one and to write the other is the least that anything can do; copied are as many bytes, column by
    column, into memory that is at hand. The bar is the worst ratio of the first six, measured in this run; answers a
    second are shown beside.
    """
    works: dict[Any, Callable[[], object]] = {}
    items, sizes = {}, {}  # forms of the same columns have one copy
    for id in dict.fromkeys((*FIRST, *ids)):
        table = answered(id, rows)
        work = partial(frames.score, table, id, columns="answer_{item}")
        sizes[id] = tuple(column.estimated_size() for column in work())
        works |= {id: work, sizes[id]: partial(copied, [np.ones((2, size), np.uint8) for size in sizes[id]])}
        items[id] = len(table.columns)
    took = interleaved(works)
    ratio = {id: took[id] / took[sizes[id]] for id in items}
    bar = max(ratio[id] for id in FIRST)
    print(f"The worst of the first six ({', '.join(FIRST)}): {bar:.1f} copies.")
    return [
        line(
            f"{id} frames.score from Polars, {items[id]} items",
            f"{ratio[id]:4.1f} copies, {speed:5.1f} M rows/s ({speed * items[id]:.0f} M answers/s)",
            f"{bar:.1f} copies",
            ratio[id] <= bar * ERROR,
        )
        for id in sorted(ids, key=ratio.__getitem__)
        for speed in (rows / took[id] / 1e6,)
    ]


def objects(table: pl.DataFrame, gaps: Sequence[Any], shared: bool = True) -> pd.DataFrame:
    """Columns of Python objects, with these in turn where nothing is held; ``shared``: like texts are one object."""
    turns, known = cycle(gaps), dict[Any, Any]()
    return pd.DataFrame(
        {
            column.name: pd.Series(
                [
                    next(turns) if cell is None else known.setdefault(cell, cell) if shared else cell
                    for cell in column
                ],
                dtype=object,
            )
            for column in table
        }
    )


OWN = "pandas labels, each an object of its own"
LOOKED_UP = 1.2
"""Times scoring whole numbers and looking up each object once, which alone takes more than the 6 times of text."""


def kinds_of_cells(id: str = "phq9", rows: int = ROWS // 10) -> bool:
    """Text, labels, categories and objects, against whole numbers (floats in pandas) of the same library."""
    definition = instrument(id)
    names = [f"{id}_{item}" for item in definition.item_ids]
    codes = codes_of(id, rows)
    table = pl.DataFrame(dict(zip(names, codes.astype(np.int64), strict=True))).with_columns(
        pl.all().replace(int(MISSING), None)
    )
    known = [{o.code: o.label for o in definition.answers_of(item).options} for item in definition.item_ids]
    labels = table.select(
        pl.col(name).replace_strict(own, return_dtype=pl.String)
        for name, own in zip(names, known, strict=True)
    )
    enum = labels.select(
        pl.col(name).cast(pl.Enum(list(own.values()))) for name, own in zip(names, known, strict=True)
    )
    tables: dict[str, tuple[Any, str, float]] = {
        "Polars text numbers": (table.cast(pl.String), "Polars", 6),
        "Polars labels": (labels, "Polars", 6),
        "Polars Enum": (enum, "Polars", 1.5),
        "Polars Categorical": (labels.cast(pl.Categorical), "Polars", 6),
        "pandas objects that are numbers": (table.to_pandas().astype(object), "pandas", 5),
        "pandas objects with NaN, None or NA": (objects(table, (math.nan, None, pd.NA)), "pandas", 5),
        "pandas objects, floats and NA": (objects(table.cast(pl.Float64), (pd.NA,), False), "pandas", 5),
        "pandas text numbers": (table.cast(pl.String).to_pandas(), "pandas", 6),
        "pandas labels": (labels.to_pandas(), "pandas", 6),
        "pandas labels as objects": (objects(labels, (None,)), "pandas", 6),
        "pandas categories": (labels.to_pandas().astype("category"), "pandas", 1.5),
        "Arrow labels": (labels.to_arrow(), "PyArrow", 6),
    }
    apart = objects(labels, (None,), False)
    whole = {"Polars": table, "pandas": table.to_pandas(), "PyArrow": table.to_arrow()}
    all_of_them = whole | {kind: frame for kind, (frame, _, _) in tables.items()} | {OWN: apart}
    works: dict[str, Callable[[], object]] = {
        kind: partial(frames.score, frame, id) for kind, frame in all_of_them.items()
    }
    works["look-up"] = lambda: [pd.factorize(apart[name].to_numpy()) for name in names]
    took = interleaved(works, 10)
    own, least = took[OWN] / took["pandas"], 1 + took["look-up"] / took["pandas"]
    held = [
        line(
            f"{id} {kind}",
            f"{took[kind] / took[beside]:.2f} x whole numbers ({rows / took[kind] / 1e6:.1f} M rows/s)",
            f"{bar:g} x",
            took[kind] <= bar * took[beside],
        )
        for kind, (_, beside, bar) in tables.items()
    ]
    held.append(
        line(
            f"{id} {OWN}",
            f"{own:.2f} x whole numbers, {own / least:.2f} x these and pandas.factorize",
            f"{LOOKED_UP:g} x these and pandas.factorize",
            own <= LOOKED_UP * least,
        )
    )
    return all(held)


def memory(id: str) -> bool:
    """Peak of NumPy's own memory while scoring, against the size of the columns added."""
    codes = codes_of(id)
    names = [f"{id}_{item}" for item in instrument(id).item_ids]
    table = pl.DataFrame(dict(zip(names, codes.astype(np.int16), strict=True))).with_columns(
        pl.all().replace(int(MISSING), None)
    )
    frame = table.to_pandas().astype("float64")
    tracemalloc.start()
    scored = frames.score(frame, id)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    added = int(scored.memory_usage(index=False).sum() - frame.memory_usage(index=False).sum())
    ratio = peak / added
    return line(
        f"{id} extra memory", f"{ratio:.1f} x the columns added ({added / ROWS:.0f} B/row)", "3 x", ratio <= 3
    )


def most_memory(*words: str, given: bytes = b"") -> int:
    """Most bytes of a new process. A small process starts it, since each begins with the size of what started it."""
    watched = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.PIPE, "
        "stderr=subprocess.PIPE); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", watched, *words], input=given, stdout=subprocess.PIPE, check=True
    )
    return int(ran.stdout) * (1 if sys.platform == "darwin" else 1024)


TIDY = 6
"""Times `frames.score` of the same forms."""
TIDY_BYTES = 2
"""Times the bytes of the table that is given back."""


def tidied(id: str) -> list[bool]:
    """``frames.tidy``: time against scoring, and memory of a new process beyond one that has the forms."""
    codes = pl.DataFrame(codes_of(id, ROWS // 4).T, orient="row", schema=instrument(id).item_ids)
    forms = codes.select(pl.when(pl.all() != int(MISSING)).then(pl.all()).name.prefix(f"{id}_"))
    work = partial(frames.tidy, forms.with_row_index("patient_id"), id, by=["patient_id"])
    took = interleaved({"tidy": work, "score": partial(frames.score, forms, id)}, 10)
    ratio, size = took["tidy"] / took["score"], work().estimated_size()
    code = (
        "import sys, polars as pl; from ipm_outcomes import frames; data = pl.read_ipc(sys.stdin.buffer.read()); "
        "[frames.tidy(data[:rows], sys.argv[1], by=['patient_id']) for rows in map(int, sys.argv[2:])]"
    )
    file = io.BytesIO()
    forms.with_row_index("patient_id").write_ipc(file)
    few, every = (
        most_memory(sys.executable, "-c", code, id, *rows, given=file.getvalue())
        for rows in (["5"], ["5", str(len(forms))])
    )
    extra = (every - few) / size
    return [
        line(f"{id} frames.tidy from Polars", f"{ratio:.2f} x frames.score", f"{TIDY:g} x", ratio <= TIDY),
        line(
            f"{id} frames.tidy, memory beyond the forms",
            f"{extra:.2f} x the bytes of its table",
            f"{TIDY_BYTES:g} x",
            extra <= TIDY_BYTES,
        ),
    ]


IMPORT, FIRST_FORM, FIRST_SCORE = 0.01, 0.12, 1.0
"""Times importing pydantic and building one model, that these may take beyond it: ``import ipm_outcomes``; the first
``PHQ9()``, import included, beyond a bare class of nine fields; the first score, the definition read.
"""


def imports() -> list[bool]:
    """In new processes that have imported pydantic and built one model: the import, the first form, the first score."""
    code = (
        "import time; from pydantic import BaseModel\n"
        "class M(BaseModel):\n a: int\n"
        "M(a=1); t = time.process_time()\n"
        "{}\nprint(time.process_time() - t)"
    )
    alone = (
        "import time; t = time.process_time()\nfrom pydantic import BaseModel\n"
        "class M(BaseModel):\n a: int\nM(a=1); print(time.process_time() - t)"
    )
    fields = "\n".join(f" q{number}: int | None = None" for number in range(1, 10))
    works = {
        "import": "import ipm_outcomes",
        "bare": f"class Bare(BaseModel):\n{fields}\nBare()",
        "form": "from ipm_outcomes import PHQ9; PHQ9()",
        "score": "from ipm_outcomes import PHQ9, score; score(PHQ9(q1=1))",
    }
    took = dict.fromkeys(works, math.inf)
    took["pydantic"] = math.inf
    for _ in range(9):
        for name, work in works.items():
            took[name] = min(took[name], float(_run(code.format(work))))
        took["pydantic"] = min(took["pydantic"], float(_run(alone)))
    steps = {
        "import ipm_outcomes": (took["import"], IMPORT),
        "the first PHQ9(), beyond a bare class": (took["form"] - took["bare"], FIRST_FORM),
        "the first score": (took["score"], FIRST_SCORE),
    }
    return [
        line(
            what,
            f"{more * 1e3:.1f} ms = {more / took['pydantic']:.3f} x importing pydantic",
            f"{bar:g} x",
            more <= bar * took["pydantic"],
        )
        for what, (more, bar) in steps.items()
    ]


def _run(code: str) -> str:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
    ).stdout


if __name__ == "__main__":
    if asked := instruments() if sys.argv[1:] == ["all"] else sys.argv[1:]:
        sys.exit(not all([*map(one_response, asked), *many(asked)]))
    domains = [s.id for s in instrument("promis29").scales if s.kind == "table"]
    results = [
        *imports(),
        one_response("phq9"),
        kernel("phq9", ["total"], 25),
        kernel("promis29", domains, 60),
        *whole("phq9"),
        *whole("promis29"),
        kinds_of_cells(),
        *tidied("phq9"),
        *tidied("promis29"),
        memory("phq9"),
        memory("promis29"),
    ]
    sys.exit(not all(results))

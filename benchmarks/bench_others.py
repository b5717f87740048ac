"""PHQ-9 frames scored by other means, beside ours: ``python benchmarks/bench_others.py [PYTHON]``.

Polars as one writes it by hand, and BioPsyKit's ``phq`` where it is installed: here, or for the interpreter that is
named, such as that of an environment of its own. Processor time in one process, in turns. What two environments take is
compared by what each needs to copy the columns.
"""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
from bench_scores import interleaved, line

from ipm_outcomes import frames

ROWS = 200_000
ITEMS = [f"phq9_q{n}" for n in range(1, 10)]
BARE = 1.0
"""Times a sum and its bands in Polars, which look at no cell and say no reason."""
BY_HAND = 1.0
"""Times the same columns in Polars."""
BIOPSYKIT = 1.0
"""Times BioPsyKit, which adds a sum; we add 25 columns."""
CUTS = {"minimal": 4, "mild": 9, "moderate": 14, "moderately severe": 19, "severe": 27}
THEIRS = """
import math, time
import numpy as np
import pandas as pd
from biopsykit.questionnaires import phq
draw = np.random.default_rng(7)
frame = pd.DataFrame({{f"q{{n}}": draw.integers(0, 4, {rows}) for n in range(9)}})
columns = [frame[name].to_numpy() for name in frame]
works = {{"phq": lambda: phq(frame), "copy": lambda: [column.copy() for column in columns]}}
least = dict.fromkeys(works, math.inf)
for _ in range(20):
    for name, work in works.items():
        start = time.process_time()
        work()
        least[name] = min(least[name], time.process_time() - start)
print(least["phq"] / least["copy"])
"""


def forms(missing: float) -> pd.DataFrame:
    """Answers, of which so many are missing."""
    draw = np.random.default_rng(7)
    answers = pd.DataFrame({item: draw.integers(0, 4, ROWS) for item in ITEMS})
    return answers.mask(draw.random(answers.shape) < missing) if missing else answers


def banded(total: pl.Expr) -> pl.Expr:
    """The band of a total."""
    band = pl.when(total.is_null()).then(None)
    for label, most in CUTS.items():
        band = band.when(total <= most).then(pl.lit(label))
    return band.cast(pl.Enum(list(CUTS)))


def by_hand() -> list[bool]:
    """Total, band, number answered, reason and flag, in Polars."""
    table = pl.from_pandas(forms(0.02).astype("Int64"))
    items = [pl.col(item) for item in ITEMS]

    def bare(data: pl.DataFrame) -> pl.DataFrame:
        data = data.with_columns(total=pl.sum_horizontal(items, ignore_nulls=False))
        return data.with_columns(band=banded(pl.col("total")))

    def hand(data: pl.DataFrame) -> pl.DataFrame:
        if data.select(pl.any_horizontal(~item.is_between(0, 3) for item in items).any()).item():
            raise ValueError
        answered = pl.sum_horizontal(item.is_not_null() for item in items)
        why = pl.when(answered == 0).then(pl.lit("no_answers"))
        why = why.when(answered < len(items)).then(pl.lit("too_few_answers"))
        flag = (
            pl.when(items[8] > 0).then(pl.lit("answered")).when(items[8].is_null()).then(pl.lit("unanswered"))
        )
        return bare(data).with_columns(
            total=pl.col("total").cast(pl.Float64),
            answered=answered.cast(pl.UInt8),
            absent=why.cast(pl.Enum(["no_answers", "too_few_answers"])),
            flag=flag.cast(pl.Enum(["answered", "unanswered"])),
        )

    ours = partial(frames.score, table, "phq9", scales=["total"])
    same = hand(table).select(pl.col("total", "answered"), pl.col("band", "absent").cast(pl.String)).rows()
    own = [f"phq9_total{end}" for end in ("", "_answered", "_band", "_absent")]
    assert ours().select(pl.col(own[:2]), pl.col(own[2:]).cast(pl.String)).rows() == same
    took = interleaved({"bare": lambda: bare(table), "hand": lambda: hand(table), "ours": ours}, 20)
    return [
        line(
            f"phq9 total beside {what}",
            f"{took['ours'] / took[key]:.2f} x",
            f"{bar:g} x",
            took["ours"] <= bar * took[key],
        )
        for key, what, bar in (
            ("bare", "a sum and its bands in Polars", BARE),
            ("hand", "the same columns in Polars", BY_HAND),
        )
    ]


def beside_biopsykit(python: str) -> bool:
    """All columns of ours, and the sum of BioPsyKit as that interpreter has it."""
    code = THEIRS.format(rows=ROWS)
    ran = subprocess.run([python, "-W", "ignore", "-c", code], capture_output=True, text=True)
    if ran.returncode:
        print(
            f"skip BioPsyKit: {ran.stderr.strip().splitlines()[-1]}; name the Python of an environment that has it"
        )
        return True
    frame = forms(0)
    columns = [frame[item].to_numpy() for item in ITEMS]
    took = interleaved(
        {
            "ours": lambda: frames.score(frame, "phq9"),
            "copy": lambda: [column.copy() for column in columns],
        },
        20,
    )
    ours, theirs = took["ours"] / took["copy"], float(ran.stdout.split()[-1])
    return line(
        "phq9, all columns, beside BioPsyKit's sum",
        f"{ours / theirs:.2f} x ({ours:.1f} and {theirs:.1f} copies)",
        f"{BIOPSYKIT:g} x",
        ours <= BIOPSYKIT * theirs,
    )


if __name__ == "__main__":
    results = [*by_hand(), beside_biopsykit(sys.argv[1] if len(sys.argv) > 1 else sys.executable)]
    sys.exit(not all(results))

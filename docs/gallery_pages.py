"""The gallery: every picture of `change.plot` and `program.plot`, drawn while mkdocs builds the site.

What stands on the page as code is what drew the picture below it. The data are made up: the example clinic, and sites
from a seeded generator.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import vl_convert
from mkdocs.structure.files import File, Files

from ipm_outcomes import PHQ9, change, frames, program, score

CLINIC = Path(__file__).parents[1] / "examples" / "clinic"
# fmt: off
NAMES = [
    "Alder", "Ash", "Aspen", "Bayview", "Birch", "Cedar", "Clearwater", "Cypress", "Dogwood", "Elm", "Fairview",
    "Glenwood", "Hawthorn", "Hilltop", "Juniper", "Kestrel", "Lakeside", "Laurel", "Maple", "Northgate", "Oakdale",
    "Pinecrest", "Quarry", "Riverbend", "Sagebrush", "Tamarack", "Union", "Valley", "Willow", "Yarrow",
]
# fmt: on

INTRO = """# Gallery

Every picture of `change.plot` and `program.plot`, with the code that drew it. Each function returns an Altair chart: a
notebook shows it, `chart.save("plot.png")` writes it (extra `report`). The data are made up: the example clinic, and
sites from a seeded generator.

`change.plot` shows single patients, for those who may see them. `program.plot` takes a table after
[disclosure control](disclosure.md); a hidden figure is drawn as the stretch in which it lies.
"""
ABOUT = {
    "scatter": "Baseline against follow-up. In the band a change is within the measurement error of one patient.",
    "waterfall": "Every patient's improvement, the largest first.",
    "before_after": "The same patients at baseline and at follow-up.",
    "ecdf": "Which share improved by at least so much, for every such amount.",
    "trajectory": "One patient over several visits: flags first, bands behind, each visit judged against the first.",
    "intervals": "A figure of each site with its interval and its counts.",
    "funnel": "Each site against the limits within which chance alone would leave it.",
    "control": "A figure over time; a diamond differs beyond chance.",
    "flow": "Who began, and who can be counted.",
}


def on_config(config: Any) -> Any:
    """Name the page in the navigation."""
    guide = next(part["Guide"] for part in config.nav if "Guide" in part)
    guide.append({"Gallery": "gallery.md"})
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the page and its pictures."""
    lines = [INTRO]
    for name, picture, code, chart in pictures():
        if name:
            lines.append(f"## `{name}`\n\n{ABOUT[name.rpartition('.')[2]]}\n")
        path = f"gallery/{picture}.svg"
        files.append(File.generated(config, path, content=vl_convert.vegalite_to_svg(chart.to_dict())))
        lines.append(f"```python\n{code}\n```\n\n![{chart.description}]({path})\n")
    files.append(File.generated(config, "gallery.md", content="\n".join(lines)))
    return files


def pictures() -> Iterator[tuple[str, str, str, Any]]:
    """The pictures in the order of the page: a heading where one begins, a name, the code, and the chart."""
    patients = {n: changes(n) for n in (1, 10, 300)}
    for function, scale in (
        ("scatter", "phq9"),
        ("waterfall", "peg"),
        ("before_after", "phq9"),
        ("ecdf", "peg"),
    ):
        for n, table in patients.items():
            code = f'change.plot.{function}(changes, "{scale}", target="6 months")  # {n}'
            code += " patient" if n == 1 else " patients" if n < 300 else ", as many as the example has"
            yield from one(f"change.plot.{function}", n == 1, f"{function}_{n}", code, changes=table)
    yield from one(
        "",
        False,
        "ecdf_sites",
        'change.plot.ecdf(changes, "peg", by="site", target="6 months")',
        changes=patients[300],
    )
    yield from one(
        "change.plot.trajectory", True, "trajectory", "change.plot.trajectory(visits)", visits=visits()
    )
    for function in ("intervals", "funnel"):
        for n in (3, 12, 30):
            code = f'program.plot.{function}(figures, "responder_30")  # {n} sites'
            table = figures("site", NAMES[:n])
            yield from one(f"program.plot.{function}", n == 3, f"{function}_{n}", code, figures=table)
    for n in (8, 24):
        periods = [f"{y}-Q{q}" for y in (2024, 2025) for q in (1, 2, 3, 4)]
        periods = periods if n == 8 else [f"{y}-{m:02d}" for y in (2024, 2025) for m in range(1, 13)]
        table = figures("period", periods)
        code = 'program.plot.control(figures, "responder_30")'
        yield from one("program.plot.control", n == 8, f"control_{n}", code, figures=table)
    yield from one("program.plot.flow", True, "flow", 'program.plot.flow(figures, "peg")', figures=table)


def one(
    heading: str, first: bool, picture: str, code: str, **data: Any
) -> Iterator[tuple[str, str, str, Any]]:
    """A picture by its code."""
    yield heading if first else "", picture, code, eval(code, {"change": change, "program": program}, data)


@cache
def clinic() -> Any:
    """The table of changes of the example clinic."""
    read = {"infer_schema_length": None, "try_parse_dates": True}
    answers = pl.read_csv(CLINIC / "clinic.csv", **read)
    episodes = pl.read_csv(CLINIC / "episodes.csv", **read)
    scores = frames.tidy(answers, ["phq9", "peg"], by=["patient_id", "episode", "date"], invalid="null")
    return change.table(scores, episodes=episodes, as_of="2026-06-30")


def changes(n: int) -> Any:
    """The table of changes of some of its patients."""
    table = clinic()
    counted = (pl.col("target") == "6 months") & pl.col("improvement").is_not_null() & ~pl.col("window_open")
    found = table.filter(counted).group_by("patient_id").agg(pl.col("instrument").n_unique())
    both = found.filter(pl.col("instrument") == 2).sort("patient_id")["patient_id"]
    return table if n > 100 else table.filter(pl.col("patient_id").is_in(both.head(n).implode()))


def visits() -> list[tuple[date, Any]]:
    """Five visits of one made-up patient."""
    answers = ([3, 2, 3, 2, 2, 2, 1, 1, 0], [2, 2, 2, 2, 1, 2, 1, 1, 1], [2, 1, 2, 1, 1, 1, 1, 0, 0],
               [1, 1, 1, 1, 0, 1, 0, 0, 0], [1, 0, 1, 1, 0, 1, 0, 0, 0])  # fmt: skip
    days = (date(2025, 1, 7), date(2025, 3, 4), date(2025, 5, 6), date(2025, 8, 5), date(2026, 1, 13))
    forms = [PHQ9(**{f"q{n}": answer for n, answer in enumerate(form, 1)}) for form in answers]
    return [(day, score(form)) for day, form in zip(days, forms, strict=True)]


def figures(by: str, groups: list[str]) -> Any:
    """Published figures of groups of 40 to 190 made-up patients, one of which does better."""
    chance = np.random.default_rng(20)
    rows = []
    for at, group in enumerate(groups):
        improved = 0.62 if at == len(groups) // 2 else 0.4 + chance.normal(0, 0.04)
        for _ in range(int(chance.integers(60, 240))):
            here = bool(chance.random() < 0.7)
            rows.append(
                (len(rows), group, 4.0 if here else None, bool(chance.random() < improved) if here else None)
            )
    table = pl.DataFrame(rows, schema=["patient_id", by, "followup", "responder_30"], orient="row").with_columns(
        episode=1, instrument=pl.lit("peg"), scale=pl.lit("mean"), target=pl.lit("6 months"), baseline=6.0,
        window_open=pl.col("patient_id") % 20 == 0, reason=pl.lit(None, pl.String),
    )  # fmt: skip
    names = ["responder_30", "baseline_completion", "followup_completion"]
    return program.suppress(program.table(table, by=[by], indicators=names, totals=True))

"""The gallery: every picture of `change.plot` and `program.plot`, drawn while mkdocs builds the site.

What stands on the page as code is what drew the picture below it. The data are made up: the example clinic, and sites
from a seeded generator.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ipm_outcomes import PHQ9, change, frames, program, score
from ipm_outcomes.errors import number_of

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


def on_files(files: Any, config: Any) -> Any:
    """Add the page and its pictures."""
    import vl_convert
    from mkdocs.structure.files import File

    lines, number = [INTRO], Counter[str]()
    for name, picture, code, chart in pictures():
        number[code.partition("(")[0]] += 1
        if name:
            lines.append(f"## `{name}`\n\n{ABOUT[name.rpartition('.')[2]]}\n")
        path = f"gallery/{picture}.svg"
        files.append(File.generated(config, path, content=vl_convert.vegalite_to_svg(chart.to_dict())))
        lines.append(f"```python\n{code}\n```\n\n![{chart.description}]({path})\n")
    assert set(number) == set(SHOWN)
    assert min(number.values()) >= 3, "fewer than three pictures of a function"
    files.append(File.generated(config, "gallery.md", content="\n".join(lines)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Below each function that draws, one of its pictures, on the pages of the API."""
    if not page.file.src_uri.startswith("api/"):
        return markdown

    def with_picture(match: re.Match[str]) -> str:
        picture = SHOWN[match[1]]
        return f"{match[0]}\n\n![{match[1]}, data made up](../gallery/{picture}.svg)\n"

    return re.sub(r"^::: ipm_outcomes\.(\w+\.plot\.\w+)$", with_picture, markdown, flags=re.MULTILINE)


SHOWN = {
    **{f"change.plot.{name}": f"{name}_300" for name in ("scatter", "waterfall", "before_after", "ecdf")},
    **{f"program.plot.{name}": f"{name}_12" for name in ("intervals", "funnel", "control")},
    "change.plot.trajectory": "trajectory_3",
    "program.plot.flow": "flow_300",
}
"""The picture of each function that its place in the API shows."""


def pictures() -> Iterator[tuple[str, str, str, Any]]:
    """The pictures in the order of the page: a heading where one begins, a name, the code, and the chart."""
    patients = {n: changes(n) for n in (1, 10, 300)}
    of_patients = (("scatter", "phq9"), ("waterfall", "peg"), ("before_after", "phq9"), ("ecdf", "peg"))
    for function, scale in of_patients:
        for n, table in patients.items():
            code = (
                f'change.plot.{function}(changes, "{scale}", target="6 months")  # {number_of(n, "patient")}'
            )
            yield from one(f"change.plot.{function}", n == 1, f"{function}_{n}", code, changes=table)
    code = 'change.plot.ecdf(changes, "peg", by="site", target="6 months")'
    yield from one("", False, "ecdf_sites", code, changes=patients[300])
    for n in (3, 12, 30):
        code = f"change.plot.trajectory(visits)  # {n} visits of one patient"
        yield from one("change.plot.trajectory", n == 3, f"trajectory_{n}", code, visits=visits(n))
    for function in ("intervals", "funnel"):
        for n in (3, 12, 30):
            code = f'program.plot.{function}(figures, "responder_30")  # {n} sites'
            table = figures("site", NAMES[:n])
            yield from one(f"program.plot.{function}", n == 3, f"{function}_{n}", code, figures=table)
    for n in (3, 12, 30):
        periods = [f"{2024 + month // 12}-{month % 12 + 1:02d}" for month in range(n)]
        code = f'program.plot.control(figures, "responder_30")  # {n} months'
        yield from one(
            "program.plot.control", n == 3, f"control_{n}", code, figures=figures("period", periods)
        )
    for n in patients:
        code = f'program.plot.flow(figures, "peg")  # {number_of(n, "patient")}'
        names = ["baseline_completion", "followup_completion"]
        began = clinic()["patient_id"].unique().sort().head(n).to_list()
        due = clinic().filter(pl.col("patient_id").is_in(began) & (pl.col("target") == "6 months"))
        published = program.suppress(
            program.table(due.filter(pl.col("instrument") == "peg"), indicators=names)
        )
        yield from one("program.plot.flow", n == 1, f"flow_{n}", code, figures=published)


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
    """The table of changes of some of its patients with both scores; of more than it has, some appear again."""
    table = clinic().filter(pl.col("scale").is_in(["total", "mean"]))
    paired = (pl.col("target") == "6 months") & pl.col("improvement").is_not_null() & ~pl.col("window_open")
    courses = table.filter(paired).group_by("patient_id", "episode").agg(pl.col("instrument").n_unique())
    both = (
        courses.filter(pl.col("instrument") == 2)
        .sort("patient_id", "episode")
        .unique("patient_id", keep="first")
    )
    both = both.sort("patient_id").select("patient_id", "episode")
    parts = []
    for first in range(0, n, both.height):
        some = table.join(both.head(n - first), on=["patient_id", "episode"], how="semi")
        parts.append(some.with_columns(patient_id=pl.col("patient_id") + f"-{first}"))
    return pl.concat(parts)


def visits(n: int) -> list[tuple[date, Any]]:
    """Visits of one made-up patient, four weeks apart; item 9 is positive at the second."""
    forms = []
    for at in range(n):
        total = 16 - 9 * at // max(n - 1, 1) + (at * 7) % 3
        answers = [min(3, total // 8 + (item < total % 8)) for item in range(8)] + [int(at == 1)]
        forms.append(PHQ9(**{f"q{item}": answer for item, answer in enumerate(answers, 1)}))
    return [(date(2024, 1, 9) + timedelta(weeks=4 * at), score(form)) for at, form in enumerate(forms)]


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

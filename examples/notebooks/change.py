import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="ipm_outcomes: from scores to change")


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    # From scores to change

    The example is a **made-up** clinic: scores from `examples/clinic/clinic.csv`, episodes of care from
    `examples/clinic/episodes.csv`. Every choice below is a parameter, and `docs/decisions_*.md` say why the defaults
    are what they are.
    """)
    return


@app.cell
def _():
    from pathlib import Path

    import altair as alt
    import marimo as mo
    import polars as pl

    import ipm_outcomes as ipm
    from ipm_outcomes import change, frames

    return Path, alt, change, frames, ipm, mo, pl


@app.cell
def _(Path, frames, mo, pl):
    clinic_folder = Path(mo.notebook_dir()).parent / "clinic"
    clinic = pl.read_csv(clinic_folder / "clinic.csv", infer_schema_length=None, try_parse_dates=True)
    episodes = pl.read_csv(clinic_folder / "episodes.csv", try_parse_dates=True).select(
        "patient_id", "episode", "start_date", "site"
    )
    scores = frames.tidy(
        clinic,
        ["peg", "phq9", "gad7", "promis29", "pcs"],
        by=["patient_id", "episode", "date"],
    )
    scores
    return clinic, episodes, scores


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Which dates cannot be used?

    `change.check_dates` lists every row of scores that cannot be placed in time or in an episode.
    """)
    return


@app.cell
def _(change, episodes, scores):
    misplaced = change.check_dates(scores, episodes=episodes)
    misplaced
    return (misplaced,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## One row per episode, scale and target

    Paired with its baseline, or with the `reason` why not. Nobody is dropped: counting the reasons gives the flow of
    patients.
    """)
    return


@app.cell
def _(change, episodes, scores):
    changes = change.table(scores, episodes=episodes, as_of=scores["date"].max())
    changes
    return (changes,)


@app.cell
def _(changes, pl):
    flow = (
        changes.filter((pl.col("instrument") == "peg") & (pl.col("scale") == "mean"))
        .group_by("target", pl.col("reason").cast(pl.String).fill_null("paired"))
        .len("episodes")
        .sort("target", "episodes", descending=[False, True])
    )
    flow
    return (flow,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## What was decided, and by what

    Thresholds are decided on exact integers. `evidence` is the weakest mark of all that decided `reliable` and `class`;
    `sd_source` and `reliability_kind` say whose measurement error it was.
    """)
    return


@app.cell
def _(changes, pl):
    decided_by = (
        changes.filter(pl.col("reliable").is_not_null())
        .group_by("instrument", "scale", "reliable_method", "sd_source", "reliability_kind", "evidence")
        .agg(pairs=pl.len(), minimal_reliable_change=pl.col("minimal_reliable_change").max().round(2))
        .sort("instrument", "scale", "evidence")
    )
    decided_by
    return (decided_by,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Classes by site, with the number behind each

    Only windows that are over: the early scores of an open window are not like the rest.
    """)
    return


@app.cell
def _(alt, changes, pl):
    words = ["recovered", "improved", "unchanged", "deteriorated"]
    by_site = (
        changes.filter(
            (pl.col("instrument") == "phq9")
            & (pl.col("scale") == "total")
            & (pl.col("target") == "6 months")
            & ~pl.col("window_open")
            & pl.col("class").is_in(words)
        )
        .group_by("site", pl.col("class").cast(pl.String))
        .len("episodes")
        .sort("site", "class")
    )
    (
        alt.Chart(by_site, title="PHQ-9 at 6 months")
        .mark_bar()
        .encode(
            x=alt.X("episodes:Q", title="episodes"),
            y=alt.Y("site:N", title=None),
            color=alt.Color("class:N", sort=words),
            tooltip=["site", "class", "episodes"],
        )
    )
    return (by_site,)


@app.cell
def _(by_site):
    by_site
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## The group, and those who did not come back

    The mean change with its interval and effect sizes, each with its denominator; then the same question by every
    method for incomplete follow-up. The mixed model needs the extra `models`; without it its row says so.
    """)
    return


@app.cell
def _(changes, pl):
    half_year = changes.filter(
        (pl.col("instrument") == "peg")
        & (pl.col("scale") == "mean")
        & (pl.col("target") == "6 months")
        & ~pl.col("window_open")
        & pl.col("baseline").is_not_null()
    )
    before, after = half_year["baseline"].to_numpy(), half_year["followup"].to_numpy()
    return after, before


@app.cell
def _(after, before, change, pl):
    sizes = pl.DataFrame(
        [
            {
                "name": size.name, "estimate": size.estimate, "lower": size.lower, "upper": size.upper,
                "denominator": size.denominator,
            }
            for size in change.effect_sizes(before, after)
        ]
    )  # fmt: skip
    sizes
    return (sizes,)


@app.cell
def _(after, before, change, pl):
    answers = change.side_by_side(before, after, instrument="peg", scale="mean", percent=30, imputations=20)
    pl.DataFrame(
        [
            {
                "method": row.method, "observed": row.n_observed, "eligible": row.n_eligible,
                "estimate": row.estimate, "lower": row.lower, "upper": row.upper, "note": row.note,
            }
            for row in answers
        ]
    )  # fmt: skip
    return (answers,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## One patient

    `between` compares two responses and says so in a sentence; `trajectory` follows all visits.
    """)
    return


@app.cell
def _(ipm, mo):
    visits = [
        ipm.score(ipm.PEG(pain=pain, enjoyment=enjoyment, activity=activity))
        for pain, enjoyment, activity in ((8, 7, 7), (6, 6, 5), (4, 3, 4))
    ]
    course = ipm.change.trajectory(visits)["mean"]
    mo.md("\n".join(f"- {step.sentence}" for step in (*course.steps, course.overall)))
    return (course,)


if __name__ == "__main__":
    app.run()

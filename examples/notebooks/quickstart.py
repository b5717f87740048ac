import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="ipm_outcomes: quickstart")


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    # From an export to scores

    The example is a **made-up** clinic with three sites, 400 patients, and visits at baseline and after 3, 6 and 12
    months. Its item columns are named `{instrument}_{item}`; see `docs/frames.md` for columns of other names.
    """)
    return


@app.cell
def _():
    from pathlib import Path

    import altair as alt
    import marimo as mo
    import polars as pl

    import ipm_outcomes as ipm
    from ipm_outcomes import frames

    return Path, alt, frames, ipm, mo, pl


@app.cell
def _(Path, mo, pl):
    here = Path(mo.notebook_dir())
    clinic = pl.read_csv(
        here.parent / "clinic" / "clinic.csv", infer_schema_length=None, try_parse_dates=True
    )
    clinic.select("patient_id", "site", "date", "visit", pl.col("^phq9_.*$"))
    return clinic, here


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Which cells are not answers?

    None of this export. `frames.check` gives one row per cell that no scoring should touch, here of the same export as
    it often arrives.
    """)
    return


@app.cell
def _(frames, here, pl):
    messy = pl.read_csv(here.parent / "clinic" / "clinic_messy.csv", infer_schema_length=None)
    ids = ["peg", "phq9", "gad7", "promis29", "pcs", "nps"]
    problems = pl.concat([frames.check(messy, id) for id in ids])
    problems
    return ids, problems


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Scores

    `frames.tidy` scores all instruments: one row per visit and scale. Where there is no value, `absent` says why. A table
    with wrong cells is refused, unless `invalid="null"` says that they count as not answered.
    """)
    return


@app.cell
def _(clinic, frames, ids):
    scores = frames.tidy(
        clinic,
        ids,
        by=["patient_id", "date", "site", "visit"],
    )
    scores
    return (scores,)


@app.cell
def _(pl, scores):
    withheld = (
        scores.filter(pl.col("absent").is_not_null())
        .group_by("instrument", "scale", "absent")
        .len("rows")
        .sort("rows", descending=True)
    )
    withheld
    return (withheld,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## One scale over the visits

    The mean of those who were followed is not the mean of all who began: see the number beside each point. What a fair
    comparison with the baseline needs is the subject of the pages on change.
    """)
    return


@app.cell
def _(mo, scores):
    numeric = (
        scores.filter(scores["value"].is_not_null())
        .select("instrument", "scale")
        .unique()
        .sort("instrument", "scale")
    )
    choice = mo.ui.dropdown(
        options={f"{instrument}: {scale}": (instrument, scale) for instrument, scale in numeric.rows()},
        value="promis29: pain_interference",
        label="Scale",
    )
    choice
    return (choice,)


@app.cell
def _(alt, choice, ipm, pl, scores):
    instrument, scale = choice.value
    title = ipm.instrument(instrument).scale(scale).title
    order = ["baseline", "3 months", "6 months", "12 months"]
    means = (
        scores.filter((pl.col("instrument") == instrument) & (pl.col("scale") == scale))
        .group_by("site", "visit")
        .agg(mean=pl.col("value").mean(), scored=pl.col("value").count(), rows=pl.len())
        .filter(pl.col("scored") > 0)
        .sort("site", pl.col("visit").replace_strict(order, list(range(4))))
    )
    (
        alt.Chart(means, title=title)
        .mark_line(point=True)
        .encode(
            x=alt.X("visit:N", sort=order, title=None),
            y=alt.Y("mean:Q", scale=alt.Scale(zero=False), title="mean"),
            color="site:N",
            tooltip=["site", "visit", "mean", "scored", "rows"],
        )
    )
    return (means,)


@app.cell
def _(means):
    means
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## A number beside the manual

    Every score is one cell of a finite table. Here is the PEG for all three answers given.
    """)
    return


@app.cell
def _(ipm, pl):
    from ipm_outcomes.tables import tables

    peg = tables(ipm.instrument("peg"))["mean"]
    pl.DataFrame(
        [
            {"sum": tally, "exact": str(cell.exact), "value": cell.value}
            for answered, tally, cell in peg
            if answered == 3
        ]
    )
    return


if __name__ == "__main__":
    app.run()

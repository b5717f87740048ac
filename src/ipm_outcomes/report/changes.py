"""The summary of a program's changes: first as data, then as parts of a text or Markdown document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ipm_outcomes.catalog import instrument as find_instrument
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import FrameError
from ipm_outcomes.report._claims import against, group_difference
from ipm_outcomes.report._layout import Cells, Layout
from ipm_outcomes.report._words import percent

INSIDE = "for use inside the program: small counts are not suppressed"
"""On the first line of every text, so that who passes it on sees it."""
CLASSES = ("recovered", "improved", "unchanged", "deteriorated", "not classifiable")
_CLASSIFIED = ("recovered", "improved", "unchanged", "deteriorated", "harmed")
_NEEDED = (
    *("instrument", "scale", "target", "change", "improvement", "important"),
    *("responder_30", "responder_50", "class", "reason"),
)


@dataclass(frozen=True)
class ChangeSummary:
    """What became of the patients of one scale and follow-up target.

    Attributes
    ----------
    instrument, scale, target : str
        Ids, and the name of the target.
    worse : str
        Whether ``"higher"`` or ``"lower"`` values are worse.
    episodes : int
        Episodes of patients; each is either paired or unpaired with its reason.
    paired : int
        Episodes with a baseline and a follow-up.
    unpaired : dict of str to int
        Episodes without a change, by reason.
    change, lower, upper : float or None
        Mean change (follow-up less baseline) in points, with the limits of its t interval.
    improved, worsened, judged : int
        Episodes with an important improvement, an important worsening, and those for which it can be decided.
    responders_30, responders_50 : tuple of int or None
        Responders and episodes for which it can be decided; None where percent change has no meaning.
    classes : dict of str to int
        Episodes by class of reliable change.
    could_recover : int or None
        Of the classified, those beyond the cut-off at the baseline; None where the table does not tell.
    group_difference : float or None
        The important difference that was established for groups, in points: the mean is compared with it, no patient.
    group_population : str
        Whom it was found in.
    """

    instrument: str
    scale: str
    target: str
    worse: str
    episodes: int
    paired: int
    unpaired: dict[str, int]
    change: float | None
    lower: float | None
    upper: float | None
    improved: int
    worsened: int
    judged: int
    responders_30: tuple[int, int] | None
    responders_50: tuple[int, int] | None
    classes: dict[str, int]
    could_recover: int | None = None
    group_difference: float | None = None
    group_population: str = ""


def summarize_changes(
    changes: Any, *, level: float = 0.95, instruments: Iterable[Instrument] = ()
) -> tuple[ChangeSummary, ...]:
    """Summarize a table of changes by scale and target.

    Parameters
    ----------
    changes
        What `ipm_outcomes.change.table` gives, any kind of frame.
    level
        Confidence level of the interval of the mean change.
    instruments
        Custom definitions among the changes, which are not in the catalog.

    Returns
    -------
    tuple of ChangeSummary
        By instrument, scale and target, in the order of the definitions and of the table; every row of the
        table counts in one of them, as paired or with its reason.

    Raises
    ------
    FrameError
        A column is missing.

    References
    ----------
    The interval of the mean: `ipm_outcomes.stats.intervals.mean`.

    >>> import polars as pl
    >>> from ipm_outcomes import change
    >>> scores = pl.DataFrame({"patient_id": [1, 1], "date": ["2026-01-01", "2026-07-01"], "instrument": "peg",
    ...     "scale": "mean", "value": [7.0, 4.0]})
    >>> [scale] = summarize_changes(change.table(scores, targets=[change.Target("6 months", day=182, days=(137, 227))]))
    >>> scale.paired, scale.change, scale.responders_30
    (1, -3.0, (1, 1))
    """
    import narwhals as nw

    from ipm_outcomes.stats.intervals import mean

    frame = nw.from_native(changes).lazy().collect()
    if absent := [name for name in _NEEDED if name not in frame.columns]:
        raise FrameError(f"changes: the frame has no column {', '.join(map(repr, absent))}")
    keys = ("instrument", "scale", "target")
    further = [name for name in ("eligible_to_recover",) if name in frame.columns]
    frame = frame.select(*_NEEDED, *further).with_columns(nw.col(*keys, "class", "reason").cast(nw.String))

    def holds(condition: Any) -> Any:
        # A comparison with null is null or, in pandas, False: in both cases it does not hold.
        return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).sum()

    paired, better = nw.col("change"), nw.col("improvement") > 0
    important = ~nw.col("important").is_null() & nw.col("important").cast(nw.Boolean)
    counted = frame.group_by(*keys).agg(
        nw.len().alias("episodes"),
        holds(~paired.is_null()).alias("paired"),
        paired.sum().alias("total"),
        paired.std().alias("sd"),
        holds(important & better).alias("improved"),
        holds(important & ~better).alias("worsened"),
        holds(~nw.col("important").is_null()).alias("judged"),
        *(
            aggregate
            for name in ("responder_30", "responder_50")
            for aggregate in (
                holds(~nw.col(name).is_null() & nw.col(name).cast(nw.Boolean)).alias(f"{name}_met"),
                holds(~nw.col(name).is_null()).alias(f"{name}_judged"),
            )
        ),
    )
    reasons = _tally(frame.filter(~nw.col("reason").is_null()), "reason")
    classes = _tally(frame, "class")
    could = (
        _tally(frame.filter(nw.col("class").is_in(list(_CLASSIFIED))), "eligible_to_recover")
        if further
        else {}
    )
    own = {instrument.id: instrument for instrument in instruments}
    targets = list(dict.fromkeys(frame["target"].to_list()))
    summaries: list[tuple[tuple[Any, ...], ChangeSummary]] = []
    ids = list(dict.fromkeys(frame["instrument"].to_list()))
    for row in counted.iter_rows(named=True):
        id, scale, target = (row[key] for key in keys)
        definition = own.get(id) or find_instrument(id)
        average = row["total"] / row["paired"] if row["paired"] else None
        low = high = None
        if average is not None and row["paired"] > 1:
            low, high = mean(average, row["sd"], row["paired"], level)
        ratio = definition.scale(scale).ratio
        difference = group_difference(definition.scale(scale))
        summary = ChangeSummary(
            id,
            scale,
            target,
            definition.scale(scale).worse or "",
            row["episodes"],
            row["paired"],
            reasons.get((id, scale, target), {}),
            average,
            low,
            high,
            row["improved"],
            row["worsened"],
            row["judged"],
            (row["responder_30_met"], row["responder_30_judged"]) if ratio else None,
            (row["responder_50_met"], row["responder_50_judged"]) if ratio else None,
            classes.get((id, scale, target), {}),
            _could_recover(could.get((id, scale, target), {})),
            None if difference is None else float(difference.value),
            (difference.population if difference else None) or "",
        )
        summaries.append(((ids.index(id), definition.scale_ids.index(scale), targets.index(target)), summary))
    return tuple(summary for _, summary in sorted(summaries, key=lambda pair: pair[0]))


def _could_recover(counts: dict[Any, int]) -> int | None:
    """Those who could, of the rows by whether they could; None where no row tells."""
    known = {bool(value): n for value, n in counts.items() if value is not None and value == value}
    return known.get(True, 0) if known else None


def _tally(frame: Any, name: str) -> dict[tuple[str, str, str], dict[str, int]]:
    """Rows by the value of a column, for each scale and target."""
    import narwhals as nw

    keys = ("instrument", "scale", "target")
    tally: dict[tuple[str, str, str], dict[str, int]] = {}
    for row in frame.group_by(*keys, name).agg(nw.len().alias("n")).sort(*keys, name).iter_rows(named=True):
        tally.setdefault((row["instrument"], row["scale"], row["target"]), {})[row[name]] = row["n"]
    return tally


def change_parts(changes: tuple[ChangeSummary, ...], layout: Layout, as_of: str | None = None) -> list[str]:
    """The parts of a document on change: how many were followed, what became of the others, and of the followed."""
    from ipm_outcomes.change import REASONS

    title, table, escape = layout.title, layout.table, layout.escape
    parts = [title("Change from baseline", 2)]
    if not changes:
        return [*parts, "No scale has a change."]
    reasons = [code for code in REASONS if any(code in change.unpaired for change in changes)]
    flow: Cells = [["scale", "target", "episodes", "paired", *(code.replace("_", " ") for code in reasons)]]
    means: Cells = [
        [
            *("scale", "target", "paired", "mean change", "interval", "important improvement"),
            *("important worsening", "30 % responders", "50 % responders"),
        ]
    ]
    classes: Cells = [["scale", "target", "could recover", *CLASSES]]
    groups: Cells = [
        ["scale", "target", "mean improvement", "interval", "difference", "found in", "the mean is"]
    ]
    for change in changes:
        name = [escape(f"{change.instrument} {change.scale}"), escape(change.target)]
        counts = [change.episodes, change.paired, *(change.unpaired.get(code, 0) for code in reasons)]
        flow.append([*name, *map(str, counts)])
        means.append(
            [
                *name,
                str(change.paired),
                "-" if change.change is None else f"{change.change:+.2f}",
                "-" if change.lower is None else f"{change.lower:+.2f} to {change.upper:+.2f}",
                *(_part(count, change.judged) for count in (change.improved, change.worsened)),
                *(
                    "-" if part is None else _part(*part)
                    for part in (change.responders_30, change.responders_50)
                ),
            ]
        )
        could = "-" if change.could_recover is None else str(change.could_recover)
        if change.group_difference is not None and change.paired:
            groups.append([*name, *map(escape, _beside(change, change.group_difference))])
        classes.append([*name, could, *(str(change.classes.get(word, 0)) for word in CLASSES)])
    used = [f"{code.replace('_', ' ')}: {REASONS[code]}" for code in reasons]
    sentence = f"The data go up to {as_of}; a window still open then is not missed. " if as_of else ""
    sentence += (
        "Every episode of a patient counts once for each scale and target: as paired, or with the reason why not. "
        "Mean change is follow-up less baseline over the paired, so a fall is better where higher values are worse. "
        "Shares are of the paired for whom the threshold can be decided; those lost to follow-up may have fared "
        "differently."
    )
    return [
        *parts,
        escape(sentence),
        table(flow),
        escape("; ".join(used) + "." if used else ""),
        table(means),
        *([escape(_OF_GROUPS), table(groups)] if len(groups) > 1 else []),
        escape("Reliable change by class; only who was beyond the cut-off at the baseline could recover."),
        table(classes),
    ]


_OF_GROUPS = (
    "Some important differences were found by comparing groups: the mean improvement (above 0 is better) stands beside "
    "them, and no share of patients is given."
)


def _beside(change: ChangeSummary, points: float) -> list[str]:
    """The mean improvement beside an important difference of groups."""
    turn = -1 if change.worse == "higher" else 1
    mean = None if change.change is None else turn * change.change
    ends = sorted(turn * end for end in (change.lower, change.upper) if end is not None)
    low, high = ends if len(ends) == 2 else (None, None)
    return [
        "-" if mean is None else f"{mean:+.2f}",
        "-" if low is None or high is None else f"{low:+.2f} to {high:+.2f}",
        f"{points:g}",
        change.group_population or "-",
        against(mean, low, high, points),
    ]


def _part(count: int, of: int) -> str:
    return f"{count} of {of} ({percent(Fraction(count, of), 0)})" if of else "-"

"""From dated scores to pairs: one row per patient, episode, scale and target, with the reason where there is
no pair.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes._fence import fenced
from ipm_outcomes.change._pairing import REASONS, Pairs, Search, find_pairs
from ipm_outcomes.change._scores import ScaleKey, exact_points
from ipm_outcomes.change._windows import DEFAULT_BASELINE, DEFAULT_TARGETS, Baseline, Target
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.errors import FrameError
from ipm_outcomes.frames._dates import DateFormat
from ipm_outcomes.frames._frame import AnyFrame
from ipm_outcomes.frames._library import Column, Ints, Whole, Words


@fenced
def pair(
    scores: AnyFrame,
    *,
    episodes: Any | None = None,
    baseline: Baseline = DEFAULT_BASELINE,
    targets: Sequence[Target] = DEFAULT_TARGETS,
    as_of: date | str | None = None,
    scales: Sequence[str | ScaleKey] | str | None = None,
    by: Sequence[str] | None = None,
    overlap: bool = False,
    definitions: Collection[Instrument] = (),
    date_format: DateFormat = None,
) -> AnyFrame:
    """Pair every patient's baseline with each follow-up, and say why where there is no pair.

    Parameters
    ----------
    scores : data frame
        Tidy scores, as `ipm_outcomes.frames.tidy` gives them: columns ``patient_id, date, instrument, scale,
        value`` and, where there are, ``episode, se, band, exact_numerator, exact_denominator``. Without the
        exact integers the exact value is the one that the scale can take (PEG thirds, T-score tenths). Dates
        are dates, time stamps (reduced to the date on their own clock, in their own time zone) or text. A row
        in which nothing was answered (``answered`` 0, no wrong cell, no value) is no assessment: it counts
        nowhere, whatever its date.
    episodes : data frame, optional
        ``patient_id, episode, start_date`` and any grouping columns, one row per patient and episode. Day 0
        is the start date. An assessment belongs to the episode that its row names (column ``episode`` of the
        scores), else to the episode in force on its date: the latest that had begun by then, and before all of
        them the patient's first. Without a table day 0 is the first assessment of the patient (or of the
        episode that the scores name), of whatever instrument.
    baseline : Baseline
        Window and choice of the baseline.
    targets : sequence of Target
        Follow-up targets; by default 3, 6 and 12 months.
    as_of : date or ISO text, optional
        The day up to which the data reach. Later dates are then errors (``date_future``), and windows that
        end later are open. Without it every window counts as over.
    scales : sequence of str, optional
        Scales to pair: ``"peg"``, ``"phq9.total"`` or ``("phq9", "total")``; by default every numeric scale
        seen in the scores. A categorical scale (PHQ-9 syndrome) has no change and no row.
    by : sequence of str, optional
        Grouping columns to carry along: of `episodes` where given, else of the scores (as they are at the
        first assessment). By default all there are.
    overlap : bool
        Allow windows of targets that overlap each other (or a baseline window of which the mean is taken). A follow-up
        always lies on a later day than the baseline.
    definitions : sequence of Instrument
        Custom definitions, beside those of the library.
    date_format : str or mapping, optional
        How dates are written that are neither dates nor ISO text, in ``date`` and in ``start_date`` of the
        episodes: a `datetime.strptime` pattern such as ``"%m/%d/%Y"``, or ``"excel"`` or ``"sas"`` for the day
        numbers of these programs; or a dict with a pattern for each of the two columns. ISO text is read beside
        it. Nothing is guessed without it.

    Returns
    -------
    data frame of the same kind
        One row per patient, episode, scale and target: ``patient_id, episode, <by>, instrument, scale,
        target, baseline_date, baseline, followup_date, followup, change, improvement, reason``, then ``days``
        (from baseline to follow-up), ``window_from, window_to, window_open, baseline_pick, followup_pick``,
        how many more scorable rows of the same day were set aside (``baseline_duplicates,
        followup_duplicates``; the one with the latest time counts, without times the last row given),
        ``baseline_band, followup_band``, and the exact
        integers ``exact_baseline, exact_followup, exact_denominator``. Change is follow-up minus baseline;
        improvement is the change counted toward health. ``reason`` is null for a pair, else a code of
        `REASONS`: a missing baseline comes before a missing follow-up, an open window before everything that
        was found in it, and an unscorable assessment before an undated one.

    Raises
    ------
    FrameError, ParameterError, UnknownNameError
        For missing columns, missing patients, values that no score can take, overlapping windows, unknown
        scales.
    UnreadableDatesError
        Most dates of a column cannot be read, or nothing can be paired for that reason.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import change
    >>> scores = pl.DataFrame({"patient_id": [1, 1], "date": ["2024-01-10", "2024-07-09"],
    ...                        "instrument": "peg", "scale": "mean", "value": [20 / 3, 4.0]})
    >>> change.pair(scores, targets=[change.Target("6 months", day=182, days=(137, 227))]).select(
    ...     "change", "improvement", "days").rows()
    [(-2.6666666666666665, 2.6666666666666665, 181)]
    """
    pairs = find_pairs(
        scores, Search(episodes, baseline, targets, as_of, scales, by, overlap, definitions, date_format)
    )
    columns = leading_columns(pairs)
    columns["reason"] = Words(pairs.reason.ravel(), tuple(REASONS))
    result: AnyFrame = made(pairs, columns | trailing_columns(pairs))
    return result


def leading_columns(pairs: Pairs) -> dict[str, Column | Any]:
    """The columns from instrument to improvement."""
    frame, count = pairs.frame, len(pairs.targets)
    columns: dict[str, Column | Any] = {}
    names = [(inst.id, scale.id) for inst, scale in pairs.values.scales]
    scale = np.repeat(pairs.scale, count)
    for place, name in enumerate(("instrument", "scale")):
        labels = tuple(dict.fromkeys(key[place] for key in names))
        own = np.array([labels.index(key[place]) for key in names], np.int8)
        columns[name] = Words(own[scale], labels)
    columns["target"] = Words(
        np.tile(np.arange(count, dtype=np.int8), len(pairs.baseline)), tuple(t.name for t in pairs.targets)
    )
    shape = pairs.reason.shape
    bottom = pairs.bottom
    no_baseline = np.broadcast_to((pairs.baseline < 0)[:, None], shape)
    no_followup = pairs.followup < 0
    difference = pairs.followup_top - pairs.baseline_top
    columns["baseline_date"] = frame.dates(
        np.broadcast_to(pairs.baseline_day[:, None], shape).ravel(),
        ~np.broadcast_to(pairs.baseline_dated[:, None], shape).ravel(),
    )
    columns["baseline"] = np.where(no_baseline, np.nan, pairs.baseline_top / bottom).ravel()
    columns["followup_date"] = frame.dates(pairs.followup_day.ravel(), ~pairs.followup_dated.ravel())
    columns["followup"] = np.where(no_followup, np.nan, pairs.followup_top / bottom).ravel()
    columns["change"] = np.where(pairs.paired, difference / bottom, np.nan).ravel()
    columns["improvement"] = np.where(
        pairs.paired, pairs.sign[pairs.scale][:, None] * difference / bottom, np.nan
    ).ravel()
    return columns


def trailing_columns(pairs: Pairs) -> dict[str, Column | Any]:
    """The columns that say how the pair was made."""
    frame, shape = pairs.frame, pairs.reason.shape
    no_baseline = np.broadcast_to((pairs.baseline < 0)[:, None], shape)
    no_followup = pairs.followup < 0
    bands, base, follow = band_codes(pairs)
    days_between = pairs.followup_day - pairs.baseline_day[:, None]
    dated = pairs.followup_dated & pairs.baseline_dated[:, None]
    picks = tuple(dict.fromkeys(target.pick for target in pairs.targets))
    own = np.array([picks.index(target.pick) for target in pairs.targets], np.int8)
    return {
        "days": Whole(days_between.ravel(), ~(pairs.paired & dated).ravel()),
        "window_from": frame.dates(pairs.window_from.ravel(), ~pairs.has_window.ravel()),
        "window_to": frame.dates(pairs.window_to.ravel(), ~pairs.has_window.ravel()),
        "window_open": pairs.window_open.ravel(),
        "baseline_pick": Words(np.zeros(pairs.reason.size, np.int8), (pairs.baseline_rule.pick,)),
        "followup_pick": Words(np.tile(own, len(pairs.baseline)), picks),
        "baseline_duplicates": np.broadcast_to(pairs.baseline_duplicates[:, None], shape).ravel(),
        "followup_duplicates": pairs.followup_duplicates.ravel(),
        "baseline_band": Words(np.broadcast_to(base[:, None], shape).ravel(), bands),
        "followup_band": Words(follow.ravel(), bands),
        "exact_baseline": Whole(np.broadcast_to(pairs.baseline_top, shape).ravel(), no_baseline.ravel()),
        "exact_followup": Whole(pairs.followup_top.ravel(), no_followup.ravel()),
        "exact_denominator": np.broadcast_to(pairs.bottom, shape).ravel(),
    }


def band_codes(pairs: Pairs) -> tuple[tuple[str, ...], NDArray[np.int8], NDArray[np.int8]]:
    """Bands of baseline and follow-up by the definition, decided on the exact values, and the labels behind
    them.
    """
    labels = tuple(
        dict.fromkeys(
            band.label for _, scale in pairs.values.scales if scale.bands for band in scale.bands.of
        )
    )
    base, follow = np.full(len(pairs.baseline), -1, np.int8), np.full(pairs.followup.shape, -1, np.int8)
    for n, (_, scale) in enumerate(pairs.values.scales):
        if scale.bands is None:
            continue
        rows = slice(n, None, len(pairs.values.scales))
        own = np.array([labels.index(band.label) for band in scale.bands.of], np.int8)
        bottom = pairs.bottom[rows]
        base[rows] = np.where(
            pairs.baseline[rows] < 0, -1, own[_band(scale, pairs.baseline_top[rows], bottom)[:, 0]]
        )
        follow[rows] = np.where(
            pairs.followup[rows] < 0, -1, own[_band(scale, pairs.followup_top[rows], bottom)]
        )
    return labels, base, follow


def _band(scale: Scale, top: Ints, bottom: Ints) -> Ints:
    assert scale.bands
    place = np.zeros(top.shape, np.int64)
    for band in scale.bands.of[1:]:
        low, over = exact_points(band.low)
        place += top * over >= low * bottom if scale.bands.edge == "upper" else top * over > low * bottom
    return place


def made(pairs: Pairs, columns: dict[str, Column | Any]) -> Any:
    """The result as a frame of the caller's kind, after the columns of the units."""
    units, frame = pairs.units, pairs.frame
    if clash := [name for name in units.columns if name in columns]:
        raise FrameError(
            f"by: the table of changes has a column {clash[0]!r} of its own; rename yours or leave it out"
        )
    per_unit = len(pairs.values.scales) * len(pairs.targets)
    every = np.repeat(np.arange(len(units)), per_unit)
    leading = {
        name: column[every] if isinstance(column, np.ndarray) else frame.take(column, every)
        for name, column in units.columns.items()
    }
    return frame.make(leading | columns, like=["value"])

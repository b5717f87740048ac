"""Changes as the ADaM data set ADQS: one row for each score of a baseline or a follow-up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ipm_outcomes._fence import fenced
from ipm_outcomes._long_rows import texts
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.cdisc._codes import MOST_NAME, check_code
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import CellKind

KINDS: dict[str, CellKind] = {
    "EPISODE": "text",
    "AVAL": "real",
    "BASE": "real",
    "CHG": "real",
    "PCHG": "real",
    "AVISITN": "whole",
}
COLUMNS = (
    *("STUDYID", "USUBJID", "EPISODE", "PARAMCD", "PARAM", "PARCAT1", "AVAL", "AVALC", "BASE", "CHG"),
    *("PCHG", "ABLFL", "AVISIT", "AVISITN", "ADT", "DTYPE", "ANL01FL"),
)
_OF_CHANGES = (
    *("patient_id", "episode", "instrument", "scale", "target", "baseline_date", "baseline"),
    *("baseline_band", "followup_date", "followup", "followup_band", "change"),
    *("percent", "baseline_pick"),
)
_NUMBERS = ("baseline", "followup", "change", "percent")
_OF_SCORES = ("patient_id", "date", "instrument", "scale", "value", "answered")
PRORATED = "PRORATED"


@fenced
def adqs(changes: Any, scores: Any, params: Mapping[str, str], *, study: str) -> Any:
    """Write changes as ADQS, one row for each score that is a baseline or a follow-up.

    Parameters
    ----------
    changes
        The table of `ipm_outcomes.change.table`, any kind of frame.
    scores
        The tidy scores that it was made of: they say which scores rest on fewer answers than the scale has items.
    params
        The scales to write, each with its PARAMCD (at most 8 capital letters and digits):
        ``{"phq9.total": "PHQ9TOT"}``.
    study
        STUDYID.

    Returns
    -------
    data frame of the same kind
        ``AVAL`` and ``AVALC`` (the band); ``BASE``; ``CHG`` (follow-up less baseline) and ``PCHG`` (in percent of the
        baseline; null where the scale has no percent, as T-scores have none); ``ABLFL`` "Y" at baseline; ``AVISIT``
        "Baseline" or the target, numbered by ``AVISITN`` from 0; ``ADT``; ``DTYPE`` "PRORATED" where answers are
        missing, blank where the score is as observed; ``ANL01FL`` "Y". Where there is no score there is no row.
        ``EPISODE`` is a variable of this library.

    Raises
    ------
    FrameError, ParameterError, UnknownNameError
        A column is missing, ``params`` names no scale or no valid code, or a baseline is the mean of several
        assessments.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import cdisc, change, frames
    >>> forms = {"patient_id": ["S-01"] * 2, "date": ["2026-01-05", "2026-07-06"], "peg_pain": [8, 5],
    ...          "peg_enjoyment": [7, 4], "peg_activity": [9, 3]}
    >>> scores = frames.tidy(pl.DataFrame(forms), "peg", by=["patient_id", "date"])
    >>> table = cdisc.adqs(change.table(scores), scores, {"peg.mean": "PEGMEAN"}, study="IPM")
    >>> table.select("AVISIT", "AVAL", "BASE", "CHG", "PCHG").rows()
    [('Baseline', 8.0, 8.0, None, None), ('6 months', 4.0, 8.0, -4.0, -50.0)]
    """
    wanted = _params(params)
    pairs, frame = Frame(changes), Frame(scores)
    for table, given, needed in (("changes", pairs, _OF_CHANGES), ("scores", frame, _OF_SCORES)):
        given.require(needed, table)
    prorated = _prorated(frame, wanted)
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for row in _rows(pairs, wanted):
        day = (row["USUBJID"], row["ADT"], row.pop("key"))
        row |= {"STUDYID": study, "DTYPE": PRORATED if day in prorated else None, "ANL01FL": "Y"}
        for name in COLUMNS:
            columns[name].append(row[name])
    return pairs.listed(columns, KINDS)


def _params(params: Mapping[str, str]) -> dict[str, tuple[str, str, str]]:
    """PARAMCD, PARAM and PARCAT1 by scale."""
    if not isinstance(params, Mapping) or not params:
        raise ParameterError('params: a mapping from scales to codes, such as {"phq9.total": "PHQ9TOT"}')
    coded = {}
    for key, code in params.items():
        id, dot, scale = key.partition(".")
        if not dot:
            raise ParameterError(f"params: {key!r} is no scale; write instrument.scale, such as phq9.total")
        inst = definition(id)
        title = inst.scale(scale).title
        coded[key] = (check_code(code, "params"), title[:MOST_NAME], inst.title[:MOST_NAME])
    codes = [code for code, _, _ in coded.values()]
    if len(set(codes)) < len(codes):
        raise ParameterError("params: a code appears twice; each scale has one of its own")
    return coded


def _prorated(frame: Frame, wanted: Mapping[str, Any]) -> set[tuple[str | None, str | None, str]]:
    """Subject, day and scale of the scores that rest on fewer answers than the scale has items."""
    who, days, ids, scales = (texts(frame, name) for name in ("patient_id", "date", "instrument", "scale"))
    values, answered = frame.numbers("value"), frame.numbers("answered")
    keys: set[tuple[str | None, str | None, str]] = set()
    for row, (id, scale) in enumerate(zip(ids, scales, strict=True)):
        key = f"{id}.{scale}"
        if key not in wanted or np.isnan(values[row]):
            continue
        if answered[row] < len(definition(str(id)).scale(str(scale)).items):
            keys.add((who[row], (days[row] or "")[:10], key))
    return keys


def _rows(frame: Frame, wanted: Mapping[str, tuple[str, str, str]]) -> Iterator[dict[str, Any]]:
    """Each baseline once, each follow-up, in the order of the table of changes."""
    text = {name: texts(frame, name) for name in _OF_CHANGES if name not in _NUMBERS}
    if "mean" in text["baseline_pick"]:
        raise FrameError(
            "changes: a baseline is the mean of several assessments, which ADQS has no row for; take one"
        )
    numbers = {name: frame.numbers(name) for name in _NUMBERS}
    order: dict[str, int] = {}
    seen = set()
    for row in range(len(frame)):
        key = f"{text['instrument'][row]}.{text['scale'][row]}"
        target = text["target"][row] or ""
        order.setdefault(target, len(order) + 1)
        if key not in wanted:
            continue
        who, episode = text["patient_id"][row], text["episode"][row]
        code, title, category = wanted[key]
        base = _number(numbers["baseline"][row])
        shared = {
            "USUBJID": who,
            "EPISODE": episode,
            "PARAMCD": code,
            "PARAM": title,
            "PARCAT1": category,
            "BASE": base,
            "key": key,
        }
        if base is not None and (who, episode, key) not in seen:
            seen.add((who, episode, key))
            yield shared | {
                "AVAL": base,
                "AVALC": text["baseline_band"][row],
                "CHG": None,
                "PCHG": None,
                "ABLFL": "Y",
                "AVISIT": "Baseline",
                "AVISITN": 0,
                "ADT": text["baseline_date"][row],
            }
        value, moved = _number(numbers["followup"][row]), _number(numbers["change"][row])
        if value is None:
            continue
        percent = None
        if moved is not None and base and not np.isnan(numbers["percent"][row]):
            percent = 100 * moved / base
        yield shared | {
            "AVAL": value,
            "AVALC": text["followup_band"][row],
            "CHG": moved,
            "PCHG": percent,
            "ABLFL": None,
            "AVISIT": target,
            "AVISITN": order[target],
            "ADT": text["followup_date"][row],
        }


def _number(cell: Any) -> float | None:
    return None if np.isnan(cell) else float(cell)

"""Which indicators can be counted from the tables that were given, and what they read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._blank import COLUMN as BLANK
from ipm_outcomes.frames._stage import refuse_other_stage, stage_of
from ipm_outcomes.program._codes import most_rows
from ipm_outcomes.program._columns import ALL, KEYS, WINDOW_OPEN
from ipm_outcomes.program._described import Described
from ipm_outcomes.program._reading import Group, Source
from ipm_outcomes.program._requirements import row_columns, settled
from ipm_outcomes.program._rules import NUMBERS, WORDS
from ipm_outcomes.program.indicators import SIDES, Indicator


def refuse_other_tables(sources: Mapping[str, Described]) -> None:
    """Refuse a table of an earlier or later step in the place of the changes or the scores; say what is missing."""
    if "scores" in sources:
        needed = ["instrument", "scale", "value"]
        refuse_other_stage(sources["scores"].schema, "scores", needed, "scores")
    if "changes" not in sources:
        return
    has = set(sources["changes"].schema)
    changes = {"baseline", "followup"} & has or {"instrument", "scale", "target"} <= has
    if not has or (changes and not {"indicator", "numerator"} <= has):
        return  # of no columns, what is asked for may say more
    other = ", or give scores=" if stage_of(has) == "scores" else ""
    refuse_other_stage(has, "changes", ["baseline", "followup"], "changes", other)
    raise FrameError(
        "changes: this is no table of changes; answers become scores by frames.tidy, and scores changes by change.table"
    )


def refuse_repeats(changes: Source) -> None:
    """A row that appears twice would count its patient twice."""
    ids = ["patient_id", "episode"]
    if any(name not in changes.schema for name in (*ids, *KEYS)):
        return
    if (most := most_rows(changes.keys(ids, KEYS))) > 1:
        raise FrameError(
            f"changes: up to {most} rows for one patient, episode, scale and target; keep one of them, or "
            "the patient is counted more than once"
        )


def refuse_repeated_patients(opioids: Source, by: Sequence[str]) -> None:
    """A patient with several periods, or doses by several definitions, must not count for each of them."""
    opioids.require(["patient_id"], "opioids")
    if (most := most_rows(opioids.keys(["patient_id"], by))) > 1:
        raise FrameError(
            f"opioids: up to {most} rows for one patient in a group; keep one period and one denominator, "
            'or give by=["period", "mme_by"]'
        )


def may_read(candidates: Iterable[Indicator], source: Described, by: Sequence[str]) -> list[str]:
    """Every column of a table that may be read for indicators of which it is not known yet whether they apply."""
    names = [*by, *KEYS, "patient_id", "episode", *NUMBERS, *WORDS, BLANK]
    for candidate in candidates:
        if candidate.uses == source.name:
            names += needed_columns(candidate, source, by)
    return names


def settled_for(indicator: Indicator, sources: Mapping[str, Described], asked: bool) -> Indicator:
    """The indicator with its requirements and bounds as this table can tell them."""
    source = sources.get(indicator.uses)
    return (
        indicator
        if source is None
        else settled(indicator, lambda name, kind: name in source.schema and source.fits(name, kind), asked)
    )


def needed_columns(indicator: Indicator, source: Described, by: Sequence[str]) -> dict[str, str]:
    """Every column of the source that an indicator reads, with the kind of value."""
    needs = dict.fromkeys(by, "any")
    needs |= dict.fromkeys((key for key in KEYS if key in indicator.each), "word")
    if indicator.scales:
        needs |= {"patient_id": "any", "episode": "any"}
        needs |= {"instrument": "word", "scale": "word", "target": "word"}
        needs |= dict.fromkeys(SIDES, "number")
    else:
        for column, kind in indicator.columns():
            if column != WINDOW_OPEN and (column != "in_window" or indicator.window is None):
                needs[column] = kind if needs.get(column, "any") == "any" else needs[column]
        if indicator.window:
            needs |= {"baseline_date": "date", "followup_date": "date"}
            if indicator.window.pick:
                needs |= {"window_from": "date", "window_to": "date", "followup_pick": "word"}
        if indicator.once:
            needs |= {"patient_id": "any"} | ({"episode": "any"} if "episode" in source.schema else {})
        if indicator.evidence_from in source.schema:
            needs |= {str(indicator.evidence_from): "word"}
    needs |= {name: kind for name, kind in row_columns(indicator).items() if needs.get(name, "any") == "any"}
    if indicator.uses == "changes" and any(column == WINDOW_OPEN for column, _ in indicator.columns()):
        # A table without the column (one made by hand) still says it by its reasons.
        needs |= {WINDOW_OPEN: "truth"} if WINDOW_OPEN in source.schema else {"reason": "word"}
    return needs


def applies(indicator: Indicator, sources: Mapping[str, Described], by: Sequence[str], asked: bool) -> bool:
    source = sources.get(indicator.uses)
    if source is None:
        if asked:
            raise ParameterError(
                f"{indicator.uses}: the indicator {indicator.id!r} needs the table of {indicator.uses}; give "
                f"{indicator.uses}=…"
            )
        return False
    if indicator.scales and (apart := [name for name in by if name in ("instrument", "scale")]):
        if asked:
            raise ParameterError(
                f"by: the indicator {indicator.id!r} puts scales together; leave out {apart[0]!r}"
            )
        return False
    needs = needed_columns(indicator, source, by)
    if absent := [name for name in needs if name not in source.schema]:
        if asked:
            source.require(absent, f"indicator {indicator.id!r}")
        return False
    for name, wanted in needs.items():
        if not source.fits(name, wanted):
            if not asked and name not in _COLUMN_KINDS:
                return False
            words = {"truth": "true or false", "number": "numbers", "word": "words"}
            words["date"] = "dates (as text: year-month-day)"
            raise FrameError(
                f"indicator {indicator.id!r}: the column {name!r} of the table of {source.name} must hold "
                f"{words[wanted]}, not {source.type_of(name)}"
            )
    return True


_COLUMN_KINDS = frozenset(
    (
        *KEYS,
        *("baseline", "followup", "change", "improvement", "important", "responder_30", "responder_50"),
        *(
            "reliable",
            "class",
            "can_improve",
            "can_worsen",
            "reason",
            "baseline_date",
            "followup_date",
            "value",
        ),
    )
)
"""Columns that the library makes itself: a wrong type in one of them is an error, not "does not apply"."""


def groups_of(sources: Mapping[str, Source], by: Sequence[str], used: set[str]) -> list[Group]:
    """Every group that appears in one of the tables, in order."""
    if not by:
        return [()]
    groups: set[Group] = set()
    for name, source in sources.items():
        if (name == "changes" or name in used) and all(column in source.schema for column in by):
            groups |= set(source.groups(by)[1])
    return sorted_groups(groups)


def sorted_groups(groups: Iterable[Group]) -> list[Group]:
    """Groups in order."""
    return sorted(groups, key=lambda group: [(value is None, str(type(value)), value) for value in group])


def refuse_name_of_total(groups: Sequence[Group]) -> None:
    """Refuse a group named as the rows of all groups together are."""
    if any(ALL in map(str, group) for group in groups):
        raise FrameError(f"by: a group has the name {ALL!r}, which is that of the total; rename it")

"""Tables of another step: answers become scores, scores changes, changes figures; each step says which was skipped."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

from ipm_outcomes.catalog import instrument, instruments
from ipm_outcomes.errors import FrameError

Stage = Literal["answers", "scores", "changes", "figures"]

_ORDER: tuple[Stage, ...] = ("answers", "scores", "changes", "figures")
_STEPS = (
    "score them first with frames.tidy(...)",
    "pair them first, change.table(scores)",
    "count them first, program.table(changes)",
)
_MADE_BY = {
    "answers": "the answers, one column an item",
    "scores": "the table of frames.tidy",
    "changes": "the table of change.table",
}


def stage_of(names: Collection[Any]) -> Stage | None:
    """What a table is by the names of its columns; None where they say nothing."""
    has = set(names)
    if {"indicator", "numerator"} <= has:
        return "figures"
    if {"baseline", "followup"} <= has:
        return "changes"
    if {"instrument", "scale", "value"} <= has:
        return "scores"
    every = map(instrument, instruments())
    return (
        "answers"
        if any(f"{instrument.id}_{item}" in has for instrument in every for item in instrument.item_ids)
        else None
    )


def refuse_other_stage(
    names: Collection[str], wanted: Stage, needed: Sequence[str], where: str, other: str = ""
) -> None:
    """Refuse a table that lacks columns since it is of an earlier or later step; ``other`` is a further way out."""
    if set(needed) <= set(names) or (stage := stage_of(names)) in (None, wanted):
        return
    position, to = _ORDER.index(stage), _ORDER.index(wanted)
    if position > to:
        raise FrameError(f"{where}: these are {stage} already; give {_MADE_BY[wanted]}")
    steps = "; then ".join(
        step.replace(" them first", "") if n else step for n, step in enumerate(_STEPS[position:to])
    )
    raise FrameError(f"{where}: these are {stage}; {steps}{other}")

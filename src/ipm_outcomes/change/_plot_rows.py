"""The table of changes as pictures read it: the patients of one scale and follow-up who count in `program.table`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ipm_outcomes._drawing.patients import Axis, Kind
from ipm_outcomes.change._scores import find, numeric, own_definitions
from ipm_outcomes.change._verdict import CANNOT, UNKNOWN, VERDICTS
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import Floats

_KINDS: dict[str, Kind] = {
    "reliably better": "better",
    "reliably worse": "worse",
    VERDICTS[CANNOT]: "unjudged",
    VERDICTS[UNKNOWN]: "unjudged",
}
WORDS: dict[Kind, str] = {
    "better": "reliably better",
    "same": "no reliable change",
    "worse": "reliably worse",
    "unjudged": "cannot be judged",
}


@dataclass(frozen=True)
class Changes:
    """The pairs of one scale at one follow-up whose window is over, as `program.table` counts them."""

    instrument: Instrument
    scale: Scale
    target: str
    before: Floats
    after: Floats
    improvement: Floats
    kinds: tuple[Kind, ...]
    groups: tuple[str, ...]
    limit: float | None
    cutoff: float | None
    important: float | None

    def __len__(self) -> int:
        return len(self.kinds)

    @property
    def name(self) -> str:
        """What the scale is called."""
        return self.scale.name

    @property
    def higher_is_worse(self) -> bool:
        """Whether a lower score is an improvement."""
        return self.scale.worse == "higher"

    @property
    def axis(self) -> Axis:
        """The range of the scale, or of the scores where it has none."""
        if self.scale.range is not None:
            return Axis(self.name, float(self.scale.range[0]), float(self.scale.range[1]))
        both = np.concatenate([self.before, self.after])
        return Axis(self.name, float(np.floor(both.min() / 5) * 5), float(np.ceil(both.max() / 5) * 5))

    def count(self, kind: Kind) -> int:
        """How many patients of that kind."""
        return sum(each == kind for each in self.kinds)

    @property
    def labels(self) -> dict[Kind, str]:
        """The words of each kind that there is, with its count."""
        return {kind: f"{n:,} {word}" for kind, word in WORDS.items() if (n := self.count(kind))}

    @property
    def message(self) -> str:
        """How many are reliably better, of those who can be judged."""
        judged = len(self) - self.count("unjudged")
        if not judged:
            return f"{self.name}: no change can be judged"
        return f"{self.name}: {self.count('better'):,} of {judged:,} reliably better"


def changes_of(
    table: Any, scale: str, target: str | None, by: str | None, definitions: Collection[Instrument]
) -> Changes:
    """Read the rows of a table of `change.table`."""
    frame = Frame(table)
    needed = ("instrument", "scale", "target", "baseline", "followup", "improvement", "verdict")
    if "value" in frame.names and "followup" not in frame.names:
        raise FrameError("changes: these are scores; give change.table(scores)")
    frame.require((*needed, *([by] if by else [])), "changes")
    inst, of = _scale(scale, definitions)
    rows = (_texts(frame, "instrument") == inst.id) & (_texts(frame, "scale") == of.id)
    if not rows.any():
        raise ParameterError(f"scale: the table has no rows of {inst.id}.{of.id}")
    targets = list(dict.fromkeys(_texts(frame, "target")[rows].tolist()))
    if target is None and len(targets) > 1:
        raise ParameterError(f"target: name one of {', '.join(map(repr, targets))}")
    if target is not None and target not in targets:
        raise ParameterError(f"target: the table has {', '.join(map(repr, targets))}, not {target!r}")
    rows &= _texts(frame, "target") == (target or targets[0])
    if "window_open" in frame.names:
        rows &= np.nan_to_num(frame.truths("window_open")) != 1
    before, after, better = (frame.numbers(name) for name in ("baseline", "followup", "improvement"))
    rows &= ~np.isnan(better)
    if not rows.any():
        raise ParameterError(
            f"changes: nobody has both scores of {inst.id}.{of.id} at {target or targets[0]}"
        )
    verdicts = _texts(frame, "verdict")[rows].tolist()
    return Changes(
        inst,
        of,
        target or targets[0],
        before[rows],
        after[rows],
        better[rows],
        tuple(_KINDS.get(verdict, "same") for verdict in verdicts),
        tuple(_texts(frame, by)[rows].tolist()) if by else (),
        _constant(frame, "minimal_reliable_change", rows),
        _constant(frame, "cutoff", rows),
        _important(frame, rows),
    )


def _scale(scale: Any, definitions: Collection[Instrument]) -> tuple[Instrument, Scale]:
    if not isinstance(scale, str):
        raise ParameterError("scale: name one, such as 'phq9.total' or 'peg'")
    own = own_definitions(definitions)
    id, _, part = scale.partition(".")
    inst = find(id, own)
    return inst, numeric(inst, part)[0] if part else inst.lead_scale


def _texts(frame: Frame, name: str) -> Any:
    codes, values = frame.words(name)
    texts = np.array(
        [*("not recorded" if value is None else str(value) for value in values), "not recorded"], object
    )
    return texts[codes]


def _constant(frame: Frame, name: str, rows: Any) -> float | None:
    """The one value that a column has in these rows, if it is one."""
    if name not in frame.names:
        return None
    values = frame.numbers(name)[rows]
    known = np.unique(values[~np.isnan(values)])
    return float(known[0]) if known.size == 1 else None


def _important(frame: Frame, rows: Any) -> float | None:
    """The important change of one patient; none where the threshold is one of groups."""
    if "important_scope" not in frame.names or set(_texts(frame, "important_scope")[rows].tolist()) != {
        "individual"
    }:
        return None
    return _constant(frame, "important_points", rows)


def bins(scale: Scale, values: Sequence[Floats]) -> list[float]:
    """Ends of stretches of equal width, 30 at most, over the range of the scale or of the values."""
    both = np.concatenate(values)
    low, high = map(float, scale.range or (np.floor(both.min() / 5) * 5, np.ceil(both.max() / 5) * 5))
    if scale.whole:  # each stretch holds so many whole numbers
        low, high = low - 0.5, high + 0.5
    width = next(w for w in (1.0, 2.0, 2.5, 5.0, 10.0, 20.0, 50.0, high - low) if (high - low) / w <= 30)
    number = int(np.ceil((high - low) / width - 1e-9))
    return [low + n * width for n in range(number + 1)]


def guarded(values: Floats, anchor: float, smallest: int) -> list[tuple[float, float]]:
    """Points (improvement, share of patients with at least so much) between which there are enough patients.

    Above, below and between the points are at least ``smallest`` patients each, so that no count of few can be worked
    out from them. The anchor is one of the points, if it can be.

    >>> guarded(np.arange(44.0), 22.0, 11)
    [(11.0, 0.75), (22.0, 0.5), (33.0, 0.25)]
    """
    n = len(values)
    distinct = np.unique(values)

    def least(x: float) -> int:
        return int((values >= x).sum())

    points = []
    above = below = least(anchor)
    if smallest <= above <= n - smallest:
        points.append((anchor, above))
    else:
        below, above = 0, n
    for x in distinct[distinct > anchor] if points else ():
        if (count := least(x)) >= smallest and above - count >= smallest:
            points.append((float(x), count))
            above = count
    for x in distinct[::-1]:
        if points and x >= anchor:
            continue
        if (count := least(x)) - below >= smallest and n - count >= smallest:
            points.append((float(x), count))
            below = count
    return sorted((x, count / n) for x, count in points)

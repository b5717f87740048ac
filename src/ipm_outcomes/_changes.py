"""What `between` and `trajectory` give: the change of one patient, flags first."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from ipm_outcomes._stored import Checked, Number, Stored, Whole, YesNo
from ipm_outcomes.errors import UnknownNameError

Verdict = Literal[
    "reliably better",
    "possibly better",
    "no reliable change",
    "possibly worse",
    "reliably worse",
    "unchanged",
    "cannot be judged",
    "error not known",
]
"""Reliably: beyond every published measurement error. Possibly: beyond the smallest, not beyond the largest.
Cannot be judged: no score in one of the forms, or an estimated score that could fall either way."""

Direction = Literal["better", "worse", "same"]
FlagState = Literal["new", "still_positive", "positive", "cleared", "not_answered"]


@dataclass(frozen=True)
class FlagChange(Checked):
    """A flagged question on both forms of one patient. It is no diagnosis and no assessment of risk.

    Attributes
    ----------
    id, title : str
        Id of the flag, such as ``"self_harm"``, and its title.
    state : {"new", "still_positive", "positive", "cleared", "not_answered"}
        As the second form has it: raised after an answer that was not, after one that was, or after none;
        answered and no longer raised; left blank, a form without any answer included.
    before, after : int or None
        The two answers, where they are known: raised ones, and the one answer that raises nothing where there
        is only one.
    sentence, short : str
        For a reader; first in every text about the patient.

    Examples
    --------
    >>> from ipm_outcomes import PHQ9, between, score
    >>> flag = between(score(PHQ9(q9=0)), score(PHQ9(q9=2))).flags[0]
    >>> flag.id, flag.state, flag.before, flag.after
    ('self_harm', 'new', 0, 2)
    """

    id: str
    title: str
    state: FlagState
    before: Whole | None
    after: Whole | None
    sentence: str
    short: str


@dataclass(frozen=True)
class ThresholdResult(Checked):
    """What became of one published threshold.

    Attributes
    ----------
    id, kind, meaning, population, evidence : str
        As the definition has them; `kind` is "points", "percent" or "below".
    value : float
        The threshold, in points or percent; of worsening where the patient is worse and it has its own.
    scope : {"individual", "group"}
        Whom it may judge; one for groups says nothing about one patient.
    met : bool or None
        Whether the change reaches the threshold (inclusive), or the second score lies below it; None where
        that cannot be determined (a percentage from 0, a baseline that the threshold is not meant for, a threshold
        for groups, a goal such as remission by an estimated score).
    side : {"improvement", "worsening"} or None
        In which direction, where met; None for "below".
    sources : tuple of str
        Citations.

    Examples
    --------
    >>> from ipm_outcomes import PEG, between, score
    >>> before, after = PEG(pain=7, enjoyment=7, activity=7), PEG(pain=5, enjoyment=5, activity=4)
    >>> responder = between(score(before), score(after)).mean.thresholds[0]
    >>> responder.id, responder.value, responder.scope, responder.met, responder.side
    ('important', 1.0, 'individual', True, 'improvement')
    """

    id: str
    kind: str
    value: Number
    scope: Literal["individual", "group"]
    meaning: str
    population: str | None
    evidence: str
    met: YesNo | None
    side: Literal["improvement", "worsening"] | None
    sources: tuple[str, ...]


@dataclass(frozen=True)
class ReliableResult(Checked):
    """Whether the change is larger than measurement error would make it.

    Attributes
    ----------
    reliable : bool or None
        In either direction: beyond every measurement error in force; None with the reason in `basis`.
    limit : float or None
        The largest measurement error, in points.
    smallest : float or None
        The smallest, equal to `limit` where there is one only.
    method : str or None
        "published_error" (of the definition), "standard_errors" (of the two scores) or "jacobson_truax" (of the
        constants given).
    basis : str
        A sentence: what the limits rest on, or why there are none.
    evidence : str or None
        The weakest mark among the figures that the limits rest on: "2+", "1", "derived" (arithmetic on a
        sourced number), "unverified" (no source text read), or "given"; None where there is no limit.
    sources : tuple of str
        Citations of these figures.

    Examples
    --------
    >>> from ipm_outcomes import PEG, between, score
    >>> before, after = PEG(pain=7, enjoyment=7, activity=7), PEG(pain=5, enjoyment=5, activity=4)
    >>> result = between(score(before), score(after)).mean.reliable
    >>> result.reliable, round(result.smallest, 2), round(result.limit, 2)  # 2.33 points better
    (False, 2.16, 3.38)
    """

    reliable: YesNo | None
    limit: Number | None
    smallest: Number | None
    method: str | None
    basis: str
    evidence: str | None
    sources: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class ScaleChange(Checked):
    """The change of one patient on one scale.

    Attributes
    ----------
    scale, title : str
        Id and title of the scale.
    before, after : float or None
        The two values; None where there is no score.
    change : float or None
        ``after - before``, in points.
    improvement : float or None
        The change counted toward health.
    percent : float or None
        Improvement in percent of the first value, where 0 means none of what is measured and the first value
        is not 0.
    direction : {"better", "worse", "same"} or None
        The sign of the improvement.
    verdict : str
        "reliably better" or "reliably worse": beyond every published measurement error of one person's change;
        "possibly better" or "possibly worse": beyond the smallest, not the largest; "no reliable change";
        "unchanged": the same score; "cannot be judged": no score on one of the forms, or an estimate that could
        fall either way; "error not known"; as in `table`.
    estimated : bool
        Whether one of the scores is an estimate from a form with blanks; the verdict then holds for every
        completion of it.
    thresholds : tuple of ThresholdResult
        Every threshold of the definition.
    important : bool or None
        Whether the important change for one patient is met, in either direction, by the threshold meant for
        this baseline; None where the scale has none sourced.
    reliable : ReliableResult
        Against measurement error.
    band_before, band_after : str or None
        The bands.
    band_moved : {"better", "worse", "same"} or None
        Whether the band moved toward health.
    best_before, best_after, worst_before, worst_after : bool
        Whether the value is the best or the worst possible one: no room to change in that direction.
    why_not : str or None
        Why there is no change, where there is none.
    sentence, short : str
        All of this for a reader, in full and in one line. The flags of the form are not in it: a text about a
        patient begins with them, as `Changes.sentence` does.

    Examples
    --------
    >>> from ipm_outcomes import PEG, between, score
    >>> before, after = PEG(pain=7, enjoyment=7, activity=7), PEG(pain=2, enjoyment=2, activity=2)
    >>> change = between(score(before), score(after)).mean
    >>> change.improvement, change.direction, change.verdict
    (5.0, 'better', 'reliably better')
    """

    scale: str
    title: str
    before: Number | None
    after: Number | None
    change: Number | None
    improvement: Number | None
    percent: Number | None
    direction: Direction | None
    verdict: Verdict
    estimated: YesNo
    thresholds: tuple[ThresholdResult, ...]
    important: YesNo | None
    reliable: ReliableResult
    band_before: str | None
    band_after: str | None
    band_moved: Direction | None
    best_before: YesNo
    best_after: YesNo
    worst_before: YesNo
    worst_after: YesNo
    why_not: str | None
    sentence: str
    short: str

    def _contradiction(self) -> str | None:
        known = self.before is not None and self.after is not None
        parts = (self.change, self.improvement, self.direction)
        if any((part is not None) != known for part in parts) or (self.why_not is None) != known:
            return "a change is known where both values are, and only there"
        if self.before is None or self.after is None or self.change is None or self.improvement is None:
            return None
        if not math.isclose(self.change, self.after - self.before, rel_tol=1e-9, abs_tol=1e-9):
            return "the change is not the second value less the first"
        sign = "better" if self.improvement > 0 else "worse" if self.improvement < 0 else "same"
        if abs(self.improvement) != abs(self.change) or self.direction != sign:
            return "the improvement is not the change, or its direction not that of the improvement"
        return None

    def __repr__(self) -> str:
        shown = f"scale={self.scale!r}, before={self.before}, after={self.after}, verdict={self.verdict!r}"
        return f"ScaleChange({shown})"


@dataclass(frozen=True)
class CategoryChange(Checked):
    """The two values of a categorical scale; they have no difference in points.

    ``sentence`` says how well the scale finds what it is meant to find, where that is published.

    Examples
    --------
    >>> from ipm_outcomes import PHQ9, between, score
    >>> before = PHQ9(q1=2, q2=2, q3=2, q4=2, q5=2, q6=0, q7=0, q8=0, q9=0)
    >>> after = PHQ9(q1=0, q2=0, q3=2, q4=2, q5=0, q6=0, q7=0, q8=0, q9=0)
    >>> change = between(score(before), score(after)).syndrome
    >>> change.before, change.after
    ('major', 'none')
    """

    scale: str
    title: str
    before: str | None
    after: str | None
    sentence: str
    short: str


AnyChange = ScaleChange | CategoryChange


@dataclass(frozen=True, kw_only=True, repr=False)
class Changes(Stored):
    """The change of one patient on all scales of an instrument; each scale is an attribute.

    Printed subclasses name the scales of an instrument, so that type checkers know them. Accepted by Pydantic and
    FastAPI like any dataclass; `to_json` and `from_json` store and read back.

    Attributes
    ----------
    flags : tuple of FlagChange
        Flagged questions that are raised, were raised, or were left blank; empty where there is none.
    sentence : str
        The flags, then the sentence of the lead scale.
    short : str
        The same in one line.
    instrument : str
        Id of the instrument.
    lead : str
        Id of the scale that speaks for the instrument.

    >>> from ipm_outcomes import PEG, between, score
    >>> between(score(PEG(pain=7, enjoyment=7, activity=7)), score(PEG(pain=3, enjoyment=3, activity=3)))
    PEGChanges(mean='PEG 7.0 to 3.0: reliably better, 4 points.')
    """

    instrument_id: ClassVar[str] = ""
    scale_ids: ClassVar[tuple[str, ...]] = ()

    flags: tuple[FlagChange, ...]
    sentence: str
    short: str
    instrument: str
    lead: str

    @classmethod
    def _of(
        cls, instrument: str, lead: str, flags: tuple[FlagChange, ...], scales: Mapping[str, AnyChange]
    ) -> Self:
        """The changes of all scales, by their ids."""
        sentence, short = _texts(flags, scales[lead])
        return cls(
            flags=flags,
            sentence=sentence,
            short=short,
            instrument=instrument,
            lead=lead,
            **cls._fields(scales),
        )

    @classmethod
    def _fields(cls, scales: Mapping[str, AnyChange]) -> dict[str, Any]:
        return dict(scales)

    def scales(self) -> Iterator[tuple[str, AnyChange]]:
        """Scale ids with their changes, in the order of the definition."""
        return ((name, getattr(self, name)) for name in self.scale_ids)

    def scale(self, id: str) -> AnyChange:
        """The change of one scale by its id; raises `UnknownNameError`."""
        scales = dict(self.scales())
        if id not in scales:
            raise UnknownNameError(f"there is no scale {id!r}; there are {', '.join(scales)}")
        return scales[id]

    def _contradiction(self) -> str | None:
        if self.instrument != (self.instrument_id or self.instrument):
            return f"these are not changes of {self.instrument_id}"
        scales = dict(self.scales())
        if self.lead not in scales or any(name != change.scale for name, change in scales.items()):
            return "a change is of another scale than its name says"
        if (self.sentence, self.short) != _texts(self.flags, scales[self.lead]):
            return "the sentence is not that of the flags and of the lead scale"
        return None

    def _repr_html_(self) -> str:
        return str(self.__rich__()._repr_html_())

    def __rich__(self) -> Any:
        from ipm_outcomes._display import of_changes

        return of_changes(self)

    def __repr__(self) -> str:
        flags = [f"flags={' '.join(flag.short for flag in self.flags)!r}"] if self.flags else []
        shown = [*flags, *(f"{name}={change.short!r}" for name, change in self.scales())]
        return f"{type(self).__name__}({', '.join(shown)})"

    if not TYPE_CHECKING:  # type checkers know every scale, and find one that is misspelt

        def __getattr__(self, name):
            if name.startswith("_") or name in type(self).__dataclass_fields__:
                raise AttributeError(name)
            listed = ", ".join(id for id, _ in self.scales())
            raise AttributeError(f"{self.instrument} has no scale {name!r}; there are {listed}")


def _texts(flags: tuple[FlagChange, ...], lead: AnyChange) -> tuple[str, str]:
    """The texts about the patient: what was flagged comes first."""
    return (
        " ".join([*(flag.sentence for flag in flags), lead.sentence]),
        " ".join([*(flag.short for flag in flags), lead.short]),
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class CustomChanges(Changes):
    """The change of one patient by a definition without a class of its own; attributes as in `Changes`.

    Attributes
    ----------
    of_scales : tuple of ScaleChange or CategoryChange
        The changes of all scales, in the order of the definition; each is an attribute too.

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> issubclass(change.CustomChanges, change.Changes)
    True
    """

    of_scales: tuple[AnyChange, ...]

    @classmethod
    def _fields(cls, scales: Mapping[str, AnyChange]) -> dict[str, Any]:
        return {"of_scales": tuple(scales.values())}

    def scales(self) -> Iterator[tuple[str, AnyChange]]:
        """Scale ids with their changes, in the order of the definition."""
        return ((change.scale, change) for change in self.of_scales)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name != "of_scales":
            for id, change in self.scales():
                if id == name:
                    return change
        return super().__getattr__(name)  # type: ignore[misc]

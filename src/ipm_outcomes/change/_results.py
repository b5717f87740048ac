"""What `between` and `trajectory` give: the change of one patient, flags first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ipm_outcomes.change._verdict import Verdict

Direction = Literal["better", "worse", "same"]
FlagState = Literal["new", "still_positive", "positive", "cleared", "not_answered"]


@dataclass(frozen=True, slots=True)
class FlagChange:
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
    """

    id: str
    title: str
    state: FlagState
    before: int | None
    after: int | None
    sentence: str
    short: str


@dataclass(frozen=True, slots=True)
class ThresholdResult:
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
    """

    id: str
    kind: str
    value: float
    scope: Literal["individual", "group"]
    meaning: str
    population: str | None
    evidence: str
    met: bool | None
    side: Literal["improvement", "worsening"] | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReliableResult:
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
    """

    reliable: bool | None
    limit: float | None
    smallest: float | None
    method: str | None
    basis: str
    evidence: str | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScaleChange:
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
        patient begins with them, as `PatientChange.sentence` does.
    """

    scale: str
    title: str
    before: float | None
    after: float | None
    change: float | None
    improvement: float | None
    percent: float | None
    direction: Direction | None
    verdict: Verdict
    estimated: bool
    thresholds: tuple[ThresholdResult, ...]
    important: bool | None
    reliable: ReliableResult
    band_before: str | None
    band_after: str | None
    band_moved: Direction | None
    best_before: bool
    best_after: bool
    worst_before: bool
    worst_after: bool
    why_not: str | None
    sentence: str
    short: str


@dataclass(frozen=True, slots=True)
class CategoryChange:
    """The two values of a categorical scale; they have no difference in points.

    ``sentence`` says how well the scale finds what it is meant to find, where that is published.
    """

    scale: str
    title: str
    before: str | None
    after: str | None
    sentence: str
    short: str


AnyChange = ScaleChange | CategoryChange


@dataclass(frozen=True, slots=True)
class PatientChange:
    """The change of one patient on all scales of an instrument; each scale is an attribute.

    Attributes
    ----------
    instrument : str
        Id of the instrument.
    flags : tuple of FlagChange
        Flagged questions that are raised, were raised, or were left blank; empty where there is none.
    lead : str
        Id of the scale that speaks for the instrument.
    scales : dict
        Scale ids to `ScaleChange` (or `CategoryChange`), in the order of the definition.
    """

    instrument: str
    flags: tuple[FlagChange, ...]
    lead: str
    scales: dict[str, AnyChange]

    def __getattr__(self, name: str) -> AnyChange:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self.scales[name]
        except KeyError:
            raise AttributeError(
                f"{self.instrument} has no scale {name!r}; there are {', '.join(self.scales)}"
            ) from None

    def __iter__(self) -> Iterator[AnyChange]:
        return iter(self.scales.values())

    @property
    def sentence(self) -> str:
        """The flags, then the sentence of the lead scale."""
        return " ".join([*(flag.sentence for flag in self.flags), self.scales[self.lead].sentence])

    @property
    def short(self) -> str:
        """The same in one line."""
        return " ".join([*(flag.short for flag in self.flags), self.scales[self.lead].short])

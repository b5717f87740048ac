"""The course of one patient over several visits: flags first, then every scale by the same verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from ipm_outcomes._changes import FlagChange, ScaleChange
from ipm_outcomes._fence import fenced
from ipm_outcomes.change._between import common, one_scale, options
from ipm_outcomes.change._flags import flags_by_visit, holds_answer
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.frames._date_cells import NO_TIME, point_of
from ipm_outcomes.scores import Score, Scores


@dataclass(frozen=True, slots=True)
class ScaleTrajectory:
    """The course of one patient on one numeric scale.

    Attributes
    ----------
    scale : str
        Id of the scale.
    dates : tuple of (date or None)
        Every visit, in order; None where the visits came without dates.
    values, bands : tuple
        Value and band at each visit; None where there is no score.
    steps : tuple of ScaleChange
        From each scorable visit to the next scorable one.
    overall : ScaleChange or None
        From the first scorable visit to the last; None where fewer than two are scorable.

    Examples
    --------
    >>> from datetime import date
    >>> from ipm_outcomes import PEG, change, score
    >>> visits = [
    ...     (date(2025, month, 1), score(PEG(pain=n, enjoyment=n, activity=n)))
    ...     for month, n in ((1, 8), (4, 6), (7, 2))
    ... ]
    >>> course = change.trajectory(visits).scales["mean"]
    >>> course.values, [step.verdict for step in course.steps], course.overall.verdict
    ((8.0, 6.0, 2.0), ['no reliable change', 'reliably better'], 'reliably better')
    """

    scale: str
    dates: tuple[date | None, ...]
    values: tuple[float | None, ...]
    bands: tuple[str | None, ...]
    steps: tuple[ScaleChange, ...]
    overall: ScaleChange | None


@dataclass(frozen=True)
class Trajectory(Mapping[str, ScaleTrajectory]):
    """The course of one patient: ids of the numeric scales to `ScaleTrajectory`, and the flags.

    Attributes
    ----------
    flags : tuple of FlagChange
        Flagged questions at the last visit against those before it: raised, left blank, or raised at an earlier
        visit and no longer.
    flags_by_visit : tuple of tuple of FlagChange
        The same at each visit, against those before it.
    lead : str
        Id of the scale that speaks for the instrument.
    scales : dict
        Scale ids to `ScaleTrajectory`.
    sentence, short : str
        The flags, then the overall change of the lead scale.

    Examples
    --------
    >>> from datetime import date
    >>> from ipm_outcomes import PHQ9, change, score
    >>> course = change.trajectory([(date(2025, 1, 7), score(PHQ9(q9=1))), (date(2025, 4, 8), score(PHQ9(q9=0)))])
    >>> course.lead, [flag.state for flag in course.flags]
    ('total', ['cleared'])
    """

    flags: tuple[FlagChange, ...]
    flags_by_visit: tuple[tuple[FlagChange, ...], ...]
    lead: str
    scales: dict[str, ScaleTrajectory]

    def __getitem__(self, key: str) -> ScaleTrajectory:
        return self.scales[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.scales)

    def __len__(self) -> int:
        return len(self.scales)

    @property
    def sentence(self) -> str:
        """The flags, then the overall change of the lead scale, where two visits have a score."""
        overall = self.scales[self.lead].overall
        return " ".join([*(flag.sentence for flag in self.flags), *([overall.sentence] if overall else [])])

    @property
    def short(self) -> str:
        """The same in one line."""
        overall = self.scales[self.lead].overall
        return " ".join([*(flag.short for flag in self.flags), *([overall.short] if overall else [])])


@fenced
def trajectory(
    scores: Iterable[Scores] | Iterable[tuple[date, Scores]],
    *,
    constants: Mapping[str, Mapping[str, float]] | None = None,
    critical: float | None = None,
    definition: Instrument | None = None,
) -> Trajectory:
    """Follow one patient over several visits, scale by scale.

    Parameters
    ----------
    scores : iterable of Scores, or of (date, Scores)
        Visits of the same edition of one instrument: scores alone, in the order of the visits; or with their
        dates, in any order, each on a day of its own. Time stamps are reduced to their date; of several on one day
        the latest counts. A form without any answer is no visit.
    constants, critical, definition
        As in `between`.

    Returns
    -------
    Trajectory
        The flags, and by the ids of the numeric scales their `ScaleTrajectory`, each step and the whole course
        judged as `between` judges two forms.

    Raises
    ------
    ParameterError
        For no visit, two visits on one day, or scores that cannot be compared.

    References
    ----------
    Jacobson NS, Truax P (1991), J Consult Clin Psychol 59:12-19, for each step; a slope over all visits and
    patients is `growth_curve`.

    Examples
    --------
    >>> from datetime import date
    >>> from ipm_outcomes import PEG, change, score
    >>> visits = [(date(2024, 7, 1), score(PEG(pain=4, enjoyment=4, activity=4))),
    ...           (date(2024, 1, 2), score(PEG(pain=7, enjoyment=7, activity=6)))]
    >>> change.trajectory(visits)["mean"].overall.verdict
    'possibly better'
    """
    inst, visits = visits_of(list(scores), definition)
    by, forms = options(inst, constants, critical), [visit for _, visit in visits]
    flags = flags_by_visit(inst, forms)
    scales = {}
    for scale in inst.scales:
        if scale.categorical:
            continue
        each = [score for form in forms if isinstance(score := form.scale(scale.id), Score)]
        there = [n for n, s in enumerate(each) if s.value is not None]
        steps = tuple(one_scale(inst, scale, (each[a], each[b]), flags[b], by) for a, b in pairwise(there))
        overall = None
        if len(there) > 1:
            # With the flags of the last visit, also where that has no score: a text is about the patient today.
            overall = one_scale(inst, scale, (each[there[0]], each[there[-1]]), flags[-1], by)
        values, bands = tuple(s.value for s in each), tuple(s.band for s in each)
        scales[scale.id] = ScaleTrajectory(
            scale.id, tuple(day for day, _ in visits), values, bands, steps, overall
        )
    return Trajectory(flags[-1], flags, inst.lead_scale.id, scales)


def visits_of(
    entries: list[Any], definition: Instrument | None
) -> tuple[Instrument, list[tuple[date | None, Scores]]]:
    """Their one definition, and the visits in the order of `_in_order`."""
    visits = _in_order(entries)
    inst = common(visits[0][1], visits[0][1], definition)
    for _, visit in visits:
        common(visits[0][1], visit, inst)
    return inst, visits


def _in_order(entries: list[Any]) -> list[tuple[date | None, Scores]]:
    """The visits in the order of their dates, or as given where none has one; a blank form is no visit."""
    if not entries:
        raise ParameterError("scores: give at least one visit")
    if all(isinstance(entry, Scores) for entry in entries):
        return _answered([(None, entry) for entry in entries])
    for entry in entries:
        pair = isinstance(entry, tuple) and len(entry) == 2
        if not pair or not isinstance(entry[0], date):
            raise ParameterError(
                "scores: give the scores of the visits in order, or pairs of a date and the scores of that day"
            )
    visits: list[tuple[date, Scores]] = []
    last = (0, NO_TIME)
    for moment, visit in sorted(_answered(entries), key=lambda entry: point_of(entry[0])):
        point = point_of(moment)
        if visits and point[0] == last[0]:
            if NO_TIME in (point[1], last[1]) or point == last:
                raise ParameterError("scores: two visits are on one day; keep the one that counts")
            visits.pop()
        last = point
        visits.append((moment.date() if isinstance(moment, datetime) else moment, visit))
    return list(visits)


def _answered(visits: list[Any]) -> list[Any]:
    """The visits with an answer, all of them where none has any."""
    return [entry for entry in visits if _holds_answer(entry[1])] or visits


def _holds_answer(visit: Any) -> bool:
    # Scores of another kind are refused where they are compared.
    return not isinstance(visit, Scores) or bool(visit.flags) or holds_answer(visit)

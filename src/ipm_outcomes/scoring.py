"""Scoring one response: read one cell of each table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from operator import getitem, itemgetter
from typing import Any, TypeVar

from ipm_outcomes.definition import Flag as FlagRule
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.responses._base import Response
from ipm_outcomes.scores import AnyScore, Flag, Provenance, Scores
from ipm_outcomes.tables import FormulaTable, ScaleTable, tables

S = TypeVar("S", bound=Scores)

_Answers = tuple[int | None, ...]
_Step = Callable[[_Answers], AnyScore]


def score(response: Response[S], *, missing: str | None = None) -> S:
    """Score one response: every scale of its instrument, with flags and provenance.

    Parameters
    ----------
    response
        An instance of a response class, such as `PHQ9`.
    missing
        Name of a missing rule that the definition has, such as ``"prorate"``; scales without a rule of that name keep
        their default. None: every scale's default, which is the strictest published rule.

    Returns
    -------
    Scores
        One attribute for each scale, each a `Score` with ``value``, ``band``, ``se``, ``answered``, ``absent``;
        ``flags``; ``provenance``.

    Raises
    ------
    UnknownNameError
        The instrument has no missing rule of that name; the message lists those it has.
    ParameterError
        What was given is not a response.

    >>> from ipm_outcomes import PHQ9, score
    >>> s = score(PHQ9(q1=2, q2=1, q3=3, q4=2, q5=0, q6=1, q7=1, q8=0, q9=0))
    >>> s.total.value, s.total.band
    (10.0, 'moderate')
    >>> score(PHQ9(q1=2, q2=1)).total.absent.code
    'too_few_answers'
    """
    try:
        plan = _plan(type(response), missing)
    except AttributeError:
        raise ParameterError(
            f"score takes a response such as PHQ9(q1=0, ...), not {type(response).__name__}; "
            "a data frame is scored with ipm_outcomes.frames.score"
        ) from None
    found: S = plan(response.__dict__)
    return found


@cache
def _plan(model: type[Response[S]], missing: str | None) -> Callable[[dict[str, Any]], S]:
    instrument = model.definition()
    result = model.scores_class
    found = tables(instrument, missing)
    place = {item: n for n, item in enumerate(instrument.item_ids)}
    get = itemgetter(*place) if len(place) > 1 else _alone(next(iter(place)))
    steps = [
        _item_step(table, [place[item] for item in table.scale.items])
        for table in found.values()
        if isinstance(table, ScaleTable)
    ]
    # Formulas stand behind the scales they rest on; where a definition mixes them, the results are put in order again.
    ids = [id for id, table in found.items() if isinstance(table, ScaleTable)]
    formulas = [table for table in found.values() if isinstance(table, FormulaTable)]
    order = [(ids + [f.scale.id for f in formulas]).index(id) for id in found]
    in_order = order == sorted(order)
    component_places = [[ids.index(part.scale.id) for part in f.components] for f in formulas]
    flags = [_flag_step(rule, place[rule.item], instrument) for rule in instrument.flags]
    provenance = _provenance(instrument, missing)

    def plan(answers: dict[str, Any]) -> S:
        values: _Answers = get(answers)
        scores: list[Any] = [step(values) for step in steps]
        for formula, places in zip(formulas, component_places, strict=True):
            parts = [scores[at] for at in places]
            scores.append(formula.cell(parts))
        if not in_order:
            scores = [scores[at] for at in order]
        raised: tuple[Flag, ...] = ()
        for flag in flags:
            raised += flag(values)
        scores.append(raised)
        scores.append(provenance)
        return result(scores)  # type: ignore[return-value]

    return plan


def _alone(item: str) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    return lambda answers: (answers[item],)


def _item_step(table: ScaleTable, places: Sequence[int]) -> _Step:
    together = list(places) == list(range(places[0], places[0] + len(places)))
    pick = itemgetter(slice(places[0], places[-1] + 1)) if together else itemgetter(*places)
    complete = table.cells[table.size]
    cells, points = table.cells, table.points

    if all(all(code == worth for code, worth in p.items()) for p in points):

        def as_answered(values: _Answers) -> AnyScore:
            own = pick(values)
            try:
                return complete[sum(own)]
            except TypeError:  # a None among the answers
                given = [answer for answer in own if answer is not None]
                return cells[len(given)][sum(given)]

        return as_answered

    def recoded(values: _Answers) -> AnyScore:
        own = pick(values)
        try:
            return complete[sum(map(getitem, points, own))]
        except KeyError:  # a None among the answers
            given = [worth[answer] for worth, answer in zip(points, own, strict=True) if answer is not None]
            return cells[len(given)][sum(given)]

    return recoded


def _flag_step(rule: FlagRule, place: int, instrument: Instrument) -> Callable[[_Answers], tuple[Flag, ...]]:
    by_answer: dict[int, tuple[Flag, ...]] = {
        code: (Flag(rule.id, "raised", rule.item, code, rule.sentence),) if code >= rule.raised_from else ()
        for code in instrument.answers_of(rule.item).codes
    }
    unanswered = (Flag(rule.id, "not answered", rule.item, None, rule.sentence_unanswered),)

    def step(values: _Answers) -> tuple[Flag, ...]:
        answer = values[place]
        if answer is not None:
            return by_answer[answer]
        return unanswered if any(value is not None for value in values) else ()

    return step


def _provenance(instrument: Instrument, missing: str | None) -> Provenance:
    from ipm_outcomes import __version__

    return Provenance(
        instrument.id,
        instrument.edition,
        instrument.digest,
        missing or "default",
        __version__,
        tuple(
            f"{source.cite} doi:{source.doi}" if source.doi else source.cite for source in instrument.sources
        ),
    )

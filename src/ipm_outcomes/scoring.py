"""Scoring one response: read one cell of each table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from operator import getitem, itemgetter
from typing import Any, TypeVar

from ipm_outcomes.definition import Flag as FlagRule
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.responses._base import Response
from ipm_outcomes.scores import AnyScore, Flag, Provenance, Scores
from ipm_outcomes.tables import FormulaTable, QuotientTable, ScaleTable, UtilityTable, tables

S = TypeVar("S", bound=Scores)

_Answers = tuple[Any, ...]
"""Answers of a whole form, None where there is none."""


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
    plan: Callable[[dict[str, Any]], S] | None
    try:
        plan = response.scoring_plans[missing]
    except (KeyError, TypeError, AttributeError):
        plan = None  # settled below, so that an error does not carry along what was asked for
    if plan is None:
        plan = _new_plan(response, missing)
    return plan(vars(response))


def _new_plan(response: Response[S], missing: str | None) -> Callable[[dict[str, Any]], S]:
    if not isinstance(response, Response):
        raise _no_response(response)
    if missing is not None and not isinstance(missing, str):
        raise ParameterError(f"missing: give the name of a rule, not a {type(missing).__name__}")
    plan = response.scoring_plans[missing] = _plan(type(response), missing)
    return plan


def _no_response(given: object) -> ParameterError:
    kind = "a class" if isinstance(given, type) else type(given).__name__
    return ParameterError(
        f"score takes a response such as PHQ9(q1=0, ...), not {kind}; "
        "a data frame is scored with ipm_outcomes.frames.score"
    )


def _plan(model: type[Response[S]], missing: str | None) -> Callable[[dict[str, Any]], S]:
    """All that scoring one response needs, laid out once for a class and a missing rule."""
    instrument = model.definition()
    result = model.scores_class
    found = tables(instrument, missing)
    place = {item: n for n, item in enumerate(instrument.item_ids)}
    get = itemgetter(*place) if len(place) > 1 else _alone(next(iter(place)))
    scales = [_Scale(table, place, instrument) for table in found.values() if isinstance(table, ScaleTable)]
    # Scales whose points are the answers themselves come first, then the recoded ones, then formulas over both; where
    # the definition has another order, the results are put into it at the end.
    plain = [(scale.pick, scale.complete) for scale in scales if scale.plain]
    recoded = [(scale.pick, scale.points, scale.complete) for scale in scales if not scale.plain]
    scales.sort(key=lambda scale: not scale.plain)
    formulas = [table for table in found.values() if isinstance(table, FormulaTable | UtilityTable)]
    ids = [scale.id for scale in scales]
    errors = [
        (ids.index(scale.id), place[scale.se_item])
        for scale in instrument.scales
        if scale.se_item is not None
    ]
    parts = [
        (formula.cell, [ids.index(part.scale.id) for part in formula.components]) for formula in formulas
    ]
    ids += [formula.scale.id for formula in formulas]
    quotients = [
        (table.cell, [(place[item], instrument.answers_of(item).per_unit) for item in table.items])
        for table in found.values()
        if isinstance(table, QuotientTable)
    ]
    ids += [table.scale.id for table in found.values() if isinstance(table, QuotientTable)]
    order = None if ids == list(found) else [ids.index(id) for id in found]
    flags = [(place[rule.item], *_flag(rule, instrument)) for rule in instrument.flags]
    provenance = _provenance(instrument, missing)

    def plan(answers: dict[str, Any]) -> S:
        try:
            values: _Answers = get(answers)
        except KeyError:  # the class itself was given, not a response
            raise _no_response(model) from None
        try:
            scores: list[Any] = []
            # Loops, not comprehensions: entering one costs as much as reading a cell.
            for pick, complete in plain:
                scores.append(complete[sum(pick(values))])
            for pick, points, complete in recoded:
                scores.append(complete[sum(map(getitem, points, pick(values)))])
        except (TypeError, KeyError):  # a None among the answers
            scores = [scale.with_gaps(values) for scale in scales]
        for at, error in errors:
            if scores[at].value is not None:
                scores[at] = replace(scores[at], se=values[error])
        for cell, places in parts:
            scores.append(cell([scores[at] for at in places]))
        for quotient, steps in quotients:
            scores.append(quotient(tuple(_steps(values[at], per_unit) for at, per_unit in steps)))
        if order:
            scores = [scores[at] for at in order]
        raised: tuple[Flag, ...] = ()
        for at, by_answer, unanswered in flags:
            answer = values[at]
            if answer is not None:
                raised += by_answer[answer]
            elif any(value is not None for value in values):
                raised += unanswered
        return result._of(scores, raised, provenance)  # type: ignore[return-value]

    return plan


def _steps(answer: float | None, per_unit: int) -> int | None:
    """The code of an answer: a float is the number nearest to so many steps."""
    return None if answer is None else round(answer * per_unit)


def _alone(item: str) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    return lambda answers: (answers[item],)


class _Scale:
    """How to read one table from the answers of a whole form."""

    def __init__(self, table: ScaleTable, place: dict[str, int], instrument: Instrument) -> None:
        self.id = table.scale.id
        self.cells = table.cells
        self.complete = table.cells[table.size]
        answers = [instrument.answers_of(item).answer for item in table.scale.items]
        self.points = [
            {answer(code): worth for code, worth in points.items()}
            for answer, points in zip(answers, table.points, strict=True)
        ]
        self.plain = all(all(given == worth for given, worth in p.items()) for p in self.points)
        places = [place[item] for item in table.scale.items]
        together = places == list(range(places[0], places[0] + len(places)))
        self.pick: Callable[[Any], Any] = itemgetter(
            *([slice(places[0], places[-1] + 1)] if together else places)
        )

    def with_gaps(self, values: _Answers) -> AnyScore:
        own = zip(self.points, self.pick(values), strict=True)
        given = [points[answer] for points, answer in own if answer is not None]
        return self.cells[len(given)][sum(given)]


def _flag(rule: FlagRule, instrument: Instrument) -> tuple[dict[int, tuple[Flag, ...]], tuple[Flag, ...]]:
    """What the flag says for each answer, and for a question left blank on a form that was started."""
    by_answer: dict[int, tuple[Flag, ...]] = {
        code: (Flag(rule.id, "raised", rule.item, code, rule.sentence),) if code >= rule.raised_from else ()
        for code in instrument.answers_of(rule.item).codes
    }
    return by_answer, (Flag(rule.id, "not answered", rule.item, None, rule.sentence_unanswered),)


def _provenance(instrument: Instrument, missing: str | None) -> Provenance:
    from ipm_outcomes._version import __version__

    return Provenance(
        instrument.id,
        instrument.edition,
        instrument.digest,
        missing or "default",
        __version__,
        tuple(
            f"{source.cite} doi:{source.doi}" if source.doi else source.cite for source in instrument.sources
        ),
        tuple(_unverified(instrument, missing)),
    )


def _unverified(instrument: Instrument, missing: str | None) -> Iterator[str]:
    for name, answers in instrument.answers.items():
        if answers.evidence == "unverified":
            yield f"answers.{name}"
    for scale in instrument.scales:
        rule = scale.rule(missing)
        deciding = {
            "": scale,
            f".missing.{rule.id}": rule,
            ".bands": scale.bands,
            ".conversion": scale.conversion,
            ".counts": scale.counts,
            ".weighted": scale.weighted,
            ".quotient": scale.quotient,
            ".utility": scale.utility,
        }
        for place, fact in deciding.items():
            if fact is not None and fact.evidence == "unverified":
                yield f"scales.{scale.id}{place}"
        for band in scale.bands.of if scale.bands else ():
            if band.evidence == "unverified":
                yield f"scales.{scale.id}.bands.{band.label}"

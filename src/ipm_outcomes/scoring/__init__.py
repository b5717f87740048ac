"""Scoring one response: read one cell of each table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.responses._base import Response
from ipm_outcomes.scores import Provenance, Scores
from ipm_outcomes.scoring._plan import Plan
from ipm_outcomes.tables import tables

S = TypeVar("S", bound=Scores)


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

    Examples
    --------
    >>> from ipm_outcomes import PHQ9, score
    >>> s = score(PHQ9(q1=2, q2=1, q3=3, q4=2, q5=0, q6=1, q7=1, q8=0, q9=0))
    >>> s.total.value, s.total.band
    (10.0, 'moderate')
    >>> score(PHQ9(q1=2, q2=1)).total.absent.code
    'too_few_answers'
    """
    plan: Callable[[Mapping[str, Any]], S] | None
    try:
        plan = response.scoring_plans[missing]
    except (KeyError, TypeError, AttributeError):
        plan = None  # settled below, so that an error does not carry along what was asked for
    if plan is None:
        plan = _new_plan(response, missing)
    return plan(response.__dict__)


def _new_plan(response: Response[S], missing: str | None) -> Callable[[Mapping[str, Any]], S]:
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


def _plan(model: type[Response[S]], missing: str | None) -> Callable[[Mapping[str, Any]], S]:
    """All that scoring one response needs, laid out once for a class and a missing rule."""
    instrument = model.definition()
    by_scale = tables(instrument, missing)
    provenance = _provenance(instrument, missing)
    return Plan(instrument, by_scale, model.scores_class, provenance, lambda: _no_response(model)).function()


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

"""Which constants stand for measurement error: one rule for a patient and for a table.

Of several published figures of one kind the one with the strongest evidence counts, and of equal evidence the
strictest: the largest standard deviation or standard error of measurement, the lowest reliability. A figure
that is derived or not verified says so wherever it decides.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from ipm_outcomes.definition import Constant, Evidence, Instrument, Scale, Threshold
from ipm_outcomes.errors import ParameterError, UnknownNameError
from ipm_outcomes.stats.arguments import finite, positive, reliability_of

Reliability = Literal["test_retest", "alpha"]

EVIDENCE: tuple[str, ...] = get_args(Evidence)
"""Marks of the definitions, the strongest first."""
GIVEN, CONVENTION, SAMPLE, INDEX = "given", "convention", "sample", "index"
STANDARD_ERRORS: Final = "standard_errors"
EVIDENCE_WORDS = (*EVIDENCE, GIVEN, CONVENTION)
"""What a column of evidence can hold: a mark, "given" by the caller, or a convention without a source."""
ORIGINS = ("published", "derived", "unverified", GIVEN, SAMPLE)
"""Where a figure comes from."""
KINDS = ("test_retest", "icc", "alpha", "sem", GIVEN, "mdc", "mdc95", INDEX)
"""What a reliability is. Where none was used, what stands for SD and reliability: a standard error of
measurement, a minimal detectable change, or a published index of reliable change."""

_KIND_GROUPS = (("test_retest", "icc"), ("alpha",))
_ORIGIN_OF = {"2+": "published", "1": "published", "derived": "derived", "unverified": "unverified"}


@dataclass(frozen=True)
class Figure:
    """One constant: what it is, where it comes from, and the mark of its evidence (None where it is the
    caller's or the sample's own).
    """

    value: float
    kind: str
    origin: str
    evidence: str | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """What is known of the measurement error of a scale."""

    sem: Figure | None = None
    sd: Figure | None = None
    reliability: Figure | None = None

    @property
    def pair(self) -> tuple[Figure, ...]:
        """Standard deviation and reliability; empty unless both are known."""
        return (self.sd, self.reliability) if self.sd and self.reliability else ()

    @property
    def error(self) -> tuple[Figure, ...]:
        """What gives the standard error of measurement: itself, unless SD and reliability are better
        sourced; empty where nothing does.
        """
        if self.sem is None:
            return self.pair
        of_pair = weakest_mark(figure.evidence for figure in self.pair)
        better = bool(self.pair) and _rank(of_pair) < _rank(self.sem.evidence)
        return self.pair if better else (self.sem,)


def _rank(evidence: str | None) -> int:
    return EVIDENCE.index(evidence) if evidence in EVIDENCE else -1


def weakest_mark(marks: Iterable[str | None]) -> str | None:
    """The weakest of these marks.

    >>> weakest_mark(["2+", None, "derived", "1"])
    'derived'
    """
    return max(marks, key=_rank, default=None)


def published(inst: Instrument, scale: Scale, prefer: Reliability = "test_retest") -> Known:
    """Constants of a scale that the definition sources.

    A reliability of the kind preferred (test-retest, including intraclass correlations, or internal
    consistency) comes before one of the other kind, whatever its evidence; `Figure.kind` names it.
    """
    groups = _KIND_GROUPS if prefer == "test_retest" else _KIND_GROUPS[::-1]
    reliability = None
    for kinds in groups:
        usable = [c for c in scale.constants if c.kind in kinds]
        reliability = reliability or _figure(inst, usable, lowest=True)
    return Known(
        sem=_figure(inst, [c for c in scale.constants if c.kind == "sem"]),
        sd=_figure(inst, [c for c in scale.constants if c.kind == "sd"]),
        reliability=reliability,
    )


def _figure(inst: Instrument, constants: list[Constant], *, lowest: bool = False) -> Figure | None:
    if not constants:
        return None
    side = 1 if lowest else -1
    return figure_of(inst, min(constants, key=lambda c: (_rank(c.evidence), side * c.value)))


def figure_of(inst: Instrument, entry: Constant | Threshold) -> Figure:
    """A constant of a definition, or a published index of reliable change, as a figure."""
    kind, mark = (INDEX if isinstance(entry, Threshold) else entry.kind), entry.evidence
    return Figure(float(entry.value), kind, _ORIGIN_OF[mark], mark, citations(inst, entry.source))


def citations(inst: Instrument, keys: Iterable[str]) -> tuple[str, ...]:
    """The works behind these keys; a key that the definition does not hold stands for itself."""
    texts = []
    for key in keys:
        try:
            texts.append(inst.source(key).cite)
        except UnknownNameError:
            texts.append(key)
    return tuple(texts)


def given_constants(place: str, given: Any) -> Known:
    """Read constants that the caller gives for one scale."""
    if not isinstance(given, Mapping) or set(given) not in ({"sd", "reliability"}, {"reliability"}, {"sem"}):
        raise ParameterError(
            f"{place}: give {{'sd': ..., 'reliability': ...}}, {{'reliability': ...}} or {{'sem': ...}}"
        )
    figures = {name: finite(f"{place}, {name}", value) for name, value in given.items()}
    for name in ("sd", "sem"):
        if name in figures:
            positive(f"{place}, {name}", figures[name])
    if "reliability" in figures:
        reliability_of(f"{place}, reliability", figures["reliability"])
    return Known(
        **{
            name: Figure(value, GIVEN if name == "reliability" else name, GIVEN)
            for name, value in figures.items()
        }
    )


def has_standard_errors(scale: Scale) -> bool:
    """Whether the scores of a scale come with a standard error each, which is then its measurement error."""
    return scale.se_item is not None or (
        scale.conversion is not None and any(row.se is not None for row in scale.conversion.rows)
    )


def standard_errors(inst: Instrument, scale: Scale) -> tuple[Figure, ...]:
    """The table that gives the scores of a scale their standard errors, as a figure without a value; none
    where the scores brought their own.
    """
    table = scale.conversion
    if table is None or not has_standard_errors(scale):
        return ()
    origin = _ORIGIN_OF[table.evidence]
    return (Figure(math.nan, STANDARD_ERRORS, origin, table.evidence, citations(inst, table.source)),)

"""What an indicator definition may say, and every check that it holds together.

An indicator is data: one TOML file in ``instruments/indicators/``, or a file of a program's own. It names a
population, exclusions, what must be observed, a denominator, a numerator, the missing rule, the direction and
the sources; the conditions are written in a small closed grammar (`Condition`) that
`ipm_outcomes.program.table` decides by states of the rows. ``docs/indicators.md`` shows it
by example.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from os import PathLike
from typing import Annotated, Any, Literal

from pydantic import Field

from ipm_outcomes.catalog import folder
from ipm_outcomes.definition import Fact, Id, Source, Text, checked
from ipm_outcomes.definition._files import extended, ids_in, read_file, read_within
from ipm_outcomes.errors import DefinitionError, ParameterError, UnknownNameError, did_you_mean
from ipm_outcomes.program._event_grammar import Events
from ipm_outcomes.program._indicator_parts import DEEPEST, Column, Name, Rate, Ratings, Success
from ipm_outcomes.program._indicator_parts import SIDES as SIDES
from ipm_outcomes.program._indicator_parts import Bounds as Bounds
from ipm_outcomes.program._indicator_parts import Condition as Condition
from ipm_outcomes.program._indicator_parts import Exclusion as Exclusion
from ipm_outcomes.program._indicator_parts import Requirement as Requirement
from ipm_outcomes.program._indicator_parts import Window as Window

Missing = Literal["complete_case", "not_met", "not_needed"]
"""What happens to those without the observation: left out of the denominator; kept in it as not met; or there
is nothing that could be missing."""


class Indicator(Fact):
    """One indicator, as its file defines it.

    Examples
    --------
    >>> from ipm_outcomes import program
    >>> responder = program.indicator("responder_30")
    >>> responder.id, responder.missing, responder.evidence
    ('responder_30', 'complete_case', '2+')
    """

    id: Id
    title: Text
    about: Text | None = None
    kind: Literal[
        "proportion", "mean", "nps", "distribution", "ratio", "events", "rate", "km_share", "km_median"
    ]
    uses: Literal["changes", "scores", "episodes", "opioids", "events", "utilization", "work", "appointments"]
    direction: Literal["higher", "lower", "none"]
    """Which way is better."""
    missing: Missing
    population: Text
    each: Annotated[tuple[Literal["instrument", "scale", "target"], ...], Field(strict=False)] = ()
    of: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    """The scales it is meant for; all, when empty."""
    not_of: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    """Scales it is not meant for, such as a rating that has no before and after."""
    scales: dict[Id, Name] = Field(default_factory=dict)
    """Scales of one patient put side by side: the columns ``{key}_baseline``, ``{key}_followup``,
    ``{key}_improvement`` and ``window_open`` of one row per patient, episode and target."""
    targets: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    window: Window | None = None
    eligible: Condition | None = None
    exclusions: Annotated[tuple[Exclusion, ...], Field(strict=False)] = ()
    requires: Annotated[tuple[Requirement, ...], Field(strict=False)] = ()
    observed: Condition | None = None
    denominator: Condition | None = None
    numerator: Condition | None = None
    value: Column | None = None
    over: Column | None = None
    ratings: Ratings | None = None
    """Of a net score: which ratings are those of detractors and of promoters."""
    once: bool = False
    """Each patient, episode and scale counts once, not once for each target."""
    bounds: bool | Bounds = True
    """Whether, and how, those not observed bound the share."""
    evidence_from: Column | None = None
    """Column of the table of changes, such as ``responder_30_evidence``, with the mark of what decided."""
    events: Events | None = None
    rate: Rate | None = None
    success: Success | None = None
    """That it can say who did well on a scale, and in which words; only for a proportion reported for each scale."""
    sources: Annotated[tuple[Source, ...], Field(strict=False, min_length=1)]
    digest: str = ""

    @property
    def cites(self) -> str:
        """The sources in full, on one line."""
        by_key = {source.key: source.cite for source in self.sources}
        return "; ".join(by_key[key] for key in self.source)

    def of_scales(self, condition: Condition) -> bool:
        """Whether a condition tests the columns that `scales` makes."""
        made = {f"{key}_{part}" for key in self.scales for part in SIDES} | {"window_open"}
        return bool({name for name, _ in condition.columns()} & made)

    def columns(self) -> Iterator[tuple[str, str]]:
        """Every column that the definition needs, with the kind of value."""
        for condition in (
            self.eligible,
            self.observed,
            self.denominator,
            self.numerator,
            *(exclusion.when for exclusion in self.exclusions),
            *((self.bounds.lost, self.bounds.met) if isinstance(self.bounds, Bounds) else ()),
        ):
            if condition is not None:
                yield from condition.columns()
        if self.value is not None:
            yield self.value, "word" if self.kind == "distribution" else "number"
        if self.over is not None:
            yield self.over, "number"


_NEEDS: dict[str, tuple[str, ...]] = {
    "proportion": ("numerator",),
    "mean": ("value",),
    "nps": ("value", "ratings"),
    "distribution": ("value",),
    "ratio": ("value", "over"),
    "events": ("events",),
    "rate": ("rate",),
    "km_share": ("numerator",),
    "km_median": ("numerator",),
}
_TABLES = {"events": ("events",), "rate": ("utilization",), "km_share": ("work",), "km_median": ("work",)}
"""Kinds that are counted from one table only."""


def _problems(definition: Indicator) -> Iterator[tuple[str, str]]:
    yield from _source_problems(definition)
    yield from _kind_problems(definition)
    if definition.kind not in ("events", "rate"):
        yield from _reach_problems(definition)
        yield from _part_problems(definition)


def _source_problems(definition: Indicator) -> Iterator[tuple[str, str]]:
    keys = [source.key for source in definition.sources]
    if len(set(keys)) != len(keys):
        yield "sources", "a key appears twice"
    for key in definition.source:
        if key not in keys:
            yield "source", f"the source {key!r} is not among the sources of the file"
    if unused := [key for key in keys if key not in definition.source]:
        yield "sources", f"{unused[0]!r} is not named by source"


def _kind_problems(definition: Indicator) -> Iterator[tuple[str, str]]:
    """What the kind needs and excludes."""
    needs = _NEEDS[definition.kind]
    for field in ("numerator", "value", "over", "ratings", "events", "rate"):
        if (getattr(definition, field) is not None) != (field in needs):
            wanted = "needs" if field in needs else "has no"
            yield field, f"an indicator of kind {definition.kind!r} {wanted} {field}"
    if (definition.kind == "events") != (definition.uses == "events"):
        yield "uses", "kind and uses are both 'events', or neither"
    if (definition.kind == "rate") != (definition.uses == "utilization"):
        yield "uses", "a rate uses 'utilization', and nothing else does"
    if definition.kind in _TABLES and definition.uses not in _TABLES[definition.kind]:
        yield "uses", f"an indicator of kind {definition.kind!r} uses {' or '.join(_TABLES[definition.kind])}"
    elsewhere = ("eligible", "observed", "denominator", "exclusions", "each")
    extra = [field for field in elsewhere if getattr(definition, field)]
    if definition.kind in ("events", "rate") and extra:
        yield extra[0], f"an indicator of kind {definition.kind!r} says this in its table {definition.kind!r}"


def _reach_problems(definition: Indicator) -> Iterator[tuple[str, str]]:
    """The table it is counted on, and the scales, targets and windows it is for."""
    if definition.scales and definition.uses != "changes":
        yield "scales", "scales are put side by side from the table of changes"
    if definition.scales and (
        definition.of or definition.not_of or "instrument" in definition.each or "scale" in definition.each
    ):
        yield "scales", "an indicator over several scales is not reported for each scale"
    if (definition.window or definition.targets) and definition.uses != "changes":
        yield "window", "windows and targets belong to the table of changes"
    if definition.window and definition.scales:
        yield "window", "a window needs the dates of one scale"
    if definition.uses in ("episodes", "opioids", "work", "appointments") and (
        definition.each or definition.of or definition.not_of
    ):
        yield "each", f"the table of {definition.uses} has no instruments, scales or targets"
    if definition.uses == "scores" and "target" in definition.each:
        yield "each", "the table of scores has no targets"
    if (definition.of or definition.not_of) and not {"instrument", "scale"} <= set(definition.each):
        yield "of", "an indicator for some scales is reported for each instrument and scale"
    if definition.of and definition.not_of:
        yield "not_of", "an indicator names the scales it is for, or those it is not for"
    if definition.once and (definition.uses != "changes" or definition.scales or "target" in definition.each):
        yield (
            "once",
            "what counts once for all targets is counted from the table of changes, and not for each target",
        )
    if definition.evidence_from and (definition.uses != "changes" or definition.scales):
        yield "evidence_from", "the evidence of a scale stands in the table of changes"
    if definition.targets and "target" not in definition.each:
        yield "targets", "an indicator for some targets is reported for each target"


def _part_problems(definition: Indicator) -> Iterator[tuple[str, str]]:
    """What is observed, excluded and required."""
    if definition.success and (
        definition.kind != "proportion" or not {"instrument", "scale"} <= set(definition.each)
    ):
        yield "success", "only a proportion that is reported for each instrument and scale says who did well"
    if definition.missing != "not_needed" and definition.observed is None:
        yield "observed", "say what must be observed, or missing = 'not_needed'"
    for place in ("exclusions", "requires"):
        ids = [part.id for part in getattr(definition, place)]
        if len(set(ids)) != len(ids):
            yield place, "an id appears twice"
    if definition.requires and definition.uses != "changes":
        yield "requires", "requirements are tested on the table of changes"
    if definition.scales:
        wide = {f"{key}_{column}" for key in definition.scales for column in SIDES}
        rows = [
            exclusion.when for exclusion in definition.exclusions if not definition.of_scales(exclusion.when)
        ]
        # What tests columns of the rows, such as the status of the episode, is tested before they are put together.
        apart = {name for condition in rows for name, _ in condition.columns()}
        for column, _ in definition.columns():
            if column in apart:
                continue
            if column not in wide | {"window_open"}:
                yield (
                    "scales",
                    f"there is no column {column!r}; scales give {', '.join(sorted(wide))}, window_open",
                )


def parse(data: Mapping[str, Any], *, file: str, digest: str = "") -> Indicator:
    """Build an indicator from the parsed content of its file, with every check.

    Parameters
    ----------
    data
        Content of the TOML file, decimals read as `Decimal`.
    file
        Name of the file, for messages.
    digest
        SHA-256 of the file's bytes.

    Returns
    -------
    Indicator

    Raises
    ------
    DefinitionError
        Names the file, the place in it and the fact that does not hold.

    """
    inside: list[tuple[str, object, int]] = [(str(key), value, 0) for key, value in data.items()]
    while inside:
        place, value, depth = inside.pop()
        if (
            depth > 4 * DEEPEST
        ):  # a condition in a list is two steps deeper; `checked` could not go much deeper
            raise DefinitionError(f"{file}: {place}: tables are nested too deeply")
        if isinstance(value, Mapping):
            inside += [(place, part, depth + 1) for part in value.values()]
        elif isinstance(value, (list, tuple)):
            inside += [(place, part, depth + 1) for part in value]
    own = folder() / "indicators"
    data, digest = extended(data, file, digest, "indicator", own, indicators, _overlaid)
    data, digest = _with_shared(data, digest, file)
    return checked(Indicator, _problems, data, file=file, digest=digest)


_OWN = ("id", "title", "about", "success")
"""Keys that are not taken over from an indicator that is extended."""


def _overlaid(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in base.items() if key not in _OWN} | dict(own)


def _with_shared(data: Mapping[str, Any], digest: str, file: str) -> tuple[Mapping[str, Any], str]:
    """The content with the exclusions and sources that it names by id or key alone, and the digest with theirs."""
    content = (folder() / "shared" / "indicators.toml").read_bytes().replace(b"\r\n", b"\n")
    shared: dict[str, Any] = tomllib.loads(content.decode("utf-8"), parse_float=Decimal)
    for place, name in (("exclusions", "id"), ("sources", "key")):
        entries = data.get(place)
        if not isinstance(entries, list) or not any(isinstance(entry, str) for entry in entries):
            continue
        for entry in entries:
            if isinstance(entry, str) and entry not in shared[place]:
                raise DefinitionError(
                    f"{file}: {place}: shared/indicators.toml has no {entry!r}; it has {', '.join(shared[place])}"
                )
        made = [
            {name: entry, **shared[place][entry]} if isinstance(entry, str) else entry for entry in entries
        ]
        data, digest = {**data, place: made}, hashlib.sha256(digest.encode() + content).hexdigest()
    return data, digest


@cache
def indicators() -> tuple[str, ...]:
    """List the ids of all indicators in the catalog, in alphabetical order.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> from ipm_outcomes import program
    >>> "responder_30" in program.indicators()
    True
    """
    return ids_in(folder() / "indicators")


def indicator(id: str) -> Indicator:
    """Give the definition of one indicator in the catalog.

    Parameters
    ----------
    id : str
        Id as `indicators` lists it; case does not matter.

    Returns
    -------
    Indicator

    Raises
    ------
    UnknownNameError
        There is no such indicator; the message lists those there are.
    ParameterError
        The id is not text.
    DefinitionError
        The file does not hold together; the message names the place and the fact.

    Examples
    --------
    >>> from ipm_outcomes import program
    >>> program.indicator("responder_30").title
    'Improved by at least 30 percent'
    """
    if not isinstance(id, str):
        raise ParameterError(f"id: the id of an indicator, as text, not a {type(id).__name__}")
    return _of_catalog(id)


@cache
def _of_catalog(id: str) -> Indicator:
    if id not in indicators():
        if id.casefold() in indicators():
            return _of_catalog(id.casefold())
        there = indicators()
        raise UnknownNameError(
            f"there is no indicator {id!r}; there are {', '.join(there)}{did_you_mean(id, there)}"
        )
    return read_within(folder(), f"indicators/{id}.toml", parse)


def read_indicator(path: str | PathLike[str]) -> Indicator:
    """Read an indicator from a file of a program's own, with every check.

    Parameters
    ----------
    path : path
        A TOML file whose name is the id of the indicator.

    Returns
    -------
    Indicator

    Raises
    ------
    DefinitionError
        The file cannot be read, or names the place in it and the fact that does not hold.
    ParameterError
        Not a path.

    Examples
    --------
    >>> from ipm_outcomes import catalog, program
    >>> program.read_indicator(catalog.folder() / "indicators" / "responder_30.toml").id
    'responder_30'
    """
    if not isinstance(path, (str, PathLike)):
        raise ParameterError(f"path: the path of a TOML file, not a {type(path).__name__}")
    return read_file(path, parse)


def indicator_of(given: object) -> Indicator | None:
    """The indicator that an id, a path or an object names; None where it is nothing of these."""
    if isinstance(given, Indicator):
        return given
    if isinstance(given, str) and not given.endswith(".toml"):
        return indicator(given)
    return read_indicator(given) if isinstance(given, (str, PathLike)) else None

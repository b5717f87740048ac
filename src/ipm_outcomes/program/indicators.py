"""What an indicator definition may say, and every check that it holds together.

An indicator is data: one TOML file in ``instruments/indicators/``, or a file of a program's own. It names a
population, exclusions, what must be observed, a denominator, a numerator, the missing rule, the direction and
the sources; the conditions are written in a small closed grammar (`Condition`) that
`ipm_outcomes.program.table` turns into expressions of the frame's own engine. ``docs/indicators.md`` shows it
by example.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from os import PathLike
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ipm_outcomes.catalog import read_content, read_file, shelf
from ipm_outcomes.definition import Exact, Fact, Id, Part, Source, Text, checked
from ipm_outcomes.errors import DefinitionError, ParameterError, UnknownNameError
from ipm_outcomes.program._event_grammar import Events

Column = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
"""A scale of an instrument: ``"phq9.total"``."""

SIDES = ("baseline", "followup", "improvement")
"""What stands side by side of each scale in an indicator over several scales."""
_DEEPEST = 20  # far beyond what a person reads, far below what the interpreter bears
_TESTS = ("is_", "is_not", "below", "at_most", "above", "at_least", "in_", "known")
Scalar = bool | Exact | Text


class Condition(Part):
    """One test of a column, or several conditions taken together.

    A test of a missing value is neither true nor false, nor is its negation; only ``known`` is always
    decided. A row counts where the whole condition is true. (`all` is false as soon as one part is false,
    `any` true as soon as one part is true: three-valued logic, as in SQL.)
    """

    column: Column | None = None
    is_: Scalar | None = Field(None, alias="is")
    is_not: Scalar | None = None
    below: Exact | None = None
    at_most: Exact | None = None
    above: Exact | None = None
    at_least: Exact | None = None
    in_: Annotated[tuple[Text, ...] | None, Field(alias="in", strict=False, min_length=1)] = None
    known: bool | None = None
    all_: Annotated[tuple[Condition, ...] | None, Field(alias="all", strict=False, min_length=1)] = None
    any_: Annotated[tuple[Condition, ...] | None, Field(alias="any", strict=False, min_length=1)] = None
    not_: Condition | None = Field(None, alias="not")

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        tests = [name for name in _TESTS if getattr(self, name) is not None]
        joined = [name for name in ("all_", "any_", "not_") if getattr(self, name) is not None]
        if self.column is not None:
            if joined or len(tests) != 1:
                raise ValueError(
                    "a test of a column holds the column and exactly one of "
                    f"{', '.join(name.rstrip('_') for name in _TESTS)}"
                )
        elif tests or len(joined) != 1:
            raise ValueError("a condition is one test of a column, or one of all, any, not")
        if self.depth > _DEEPEST:
            raise ValueError(f"conditions stand more than {_DEEPEST} deep in each other")
        return self

    @property
    def depth(self) -> int:
        """How deep conditions stand in each other."""
        return 1 + max((part.depth for part in self._parts()), default=0)

    def _parts(self) -> tuple[Condition, ...]:
        return (*(self.all_ or ()), *(self.any_ or ()), *((self.not_,) if self.not_ else ()))

    @property
    def test(self) -> tuple[str, Any]:
        """Name and operand of the test of a column."""
        return next((n.rstrip("_"), getattr(self, n)) for n in _TESTS if getattr(self, n) is not None)

    def columns(self) -> Iterator[tuple[str, str]]:
        """Every column that is tested, with the kind of value that the test needs."""
        if self.column is not None:
            name, value = self.test
            if name == "known":
                yield self.column, "any"
            elif isinstance(value, bool):
                yield self.column, "truth"
            elif isinstance(value, (str, tuple)):
                yield self.column, "word"
            else:
                yield self.column, "number"
        for part in self._parts():
            yield from part.columns()


class Exclusion(Part):
    """Who is taken out of the population, and why; a row is taken out only where the condition is true."""

    id: Id
    title: Text
    when: Condition


class Requirement(Part):
    """What every row must hold, or the measure is not counted from this table.

    A row that is not excluded, and for which the condition is false, withholds the figure; the notes say what to give.
    """

    id: Id
    when: Condition
    need: Text
    """What to give, as an argument or a column."""
    assumed: Text | None = None
    """What is taken for granted where the table lacks the columns and the indicator was asked for by name."""


class Window(Part):
    """When a follow-up counts: days after the baseline, or calendar months with a slack in days."""

    days: Annotated[tuple[int, int] | None, Field(strict=False)] = None
    months: Annotated[int | None, Field(ge=1)] = None
    slack: Annotated[int | None, Field(ge=0)] = None
    pick: Literal["latest", "earliest"] | None = None
    """Which record of the window the measure asks for. The table of changes has made its choice already, so
    the indicator is counted only where that choice was made so, in a window that covers this one."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.days is None) == (self.months is None) or (self.months is None) != (self.slack is None):
            raise ValueError("a window has days = [first, last], or months with slack")
        if self.days is not None and not self.days[0] <= self.days[1]:
            raise ValueError(f"the window ends before it begins: {list(self.days)}")
        return self


class Bounds(Part):
    """Whom the bounds ``worst`` and ``best`` take into account of those who were not observed."""

    lost: Condition | None = None
    """Who of them would have been in the denominator; all, when left out."""
    met: Condition | None = None
    """Who of those could have been met; all, when left out."""


class Rate(Part):
    """Which events a rate counts, and by how many member-months it is told."""

    events: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    """Words of the column of events; every word apart, when left out."""
    counts: Literal["events", "quantity"] = "events"
    """Whether each event counts as one, or by its quantity, such as the days of a stay."""
    once_a_day: bool = False
    """Whether events of one patient on one day count once."""
    per: Annotated[int, Field(ge=1)] = 1000


class Success(Part):
    """That an indicator can say who did well on a scale."""

    order: int
    """Of several that a table has, the lowest is taken, unless the scale names one."""
    words: Text
    """What those who did well did, behind "who": "improved by at least 30 %"."""


Missing = Literal["complete_case", "not_met", "not_needed"]
"""What happens to those without the observation: left out of the denominator; kept in it as not met; or there
is nothing that could be missing."""


class Indicator(Fact):
    """One indicator, as its file defines it."""

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
    "nps": ("value",),
    "distribution": ("value",),
    "ratio": ("value", "over"),
    "events": ("events",),
    "rate": ("rate",),
    "km_share": ("numerator",),
    "km_median": ("numerator",),
}
_TABLES = {"events": ("events",), "rate": ("utilization",), "km_share": ("work",), "km_median": ("work",)}
"""Kinds that are counted from one table only."""


def _problems(found: Indicator) -> Iterator[tuple[str, str]]:
    yield from _source_problems(found)
    yield from _kind_problems(found)
    if found.kind not in ("events", "rate"):
        yield from _reach_problems(found)
        yield from _part_problems(found)


def _source_problems(found: Indicator) -> Iterator[tuple[str, str]]:
    keys = [source.key for source in found.sources]
    if len(set(keys)) != len(keys):
        yield "sources", "a key appears twice"
    for key in found.source:
        if key not in keys:
            yield "source", f"the source {key!r} is not among the sources of the file"
    if unused := [key for key in keys if key not in found.source]:
        yield "sources", f"{unused[0]!r} is not named by source"


def _kind_problems(found: Indicator) -> Iterator[tuple[str, str]]:
    """What the kind needs and excludes."""
    needs = _NEEDS[found.kind]
    for field in ("numerator", "value", "over", "events", "rate"):
        if (getattr(found, field) is not None) != (field in needs):
            wanted = "needs" if field in needs else "has no"
            yield field, f"an indicator of kind {found.kind!r} {wanted} {field}"
    if (found.kind == "events") != (found.uses == "events"):
        yield "uses", "kind and uses are both 'events', or neither"
    if (found.kind == "rate") != (found.uses == "utilization"):
        yield "uses", "a rate uses 'utilization', and nothing else does"
    if found.kind in _TABLES and found.uses not in _TABLES[found.kind]:
        yield "uses", f"an indicator of kind {found.kind!r} uses {' or '.join(_TABLES[found.kind])}"
    elsewhere = ("eligible", "observed", "denominator", "exclusions", "each")
    extra = [field for field in elsewhere if getattr(found, field)]
    if found.kind in ("events", "rate") and extra:
        yield extra[0], f"an indicator of kind {found.kind!r} says this in its table {found.kind!r}"


def _reach_problems(found: Indicator) -> Iterator[tuple[str, str]]:
    """The table it is counted on, and the scales, targets and windows it is for."""
    if found.scales and found.uses != "changes":
        yield "scales", "scales are put side by side from the table of changes"
    if found.scales and (found.of or found.not_of or "instrument" in found.each or "scale" in found.each):
        yield "scales", "an indicator over several scales is not reported for each scale"
    if (found.window or found.targets) and found.uses != "changes":
        yield "window", "windows and targets belong to the table of changes"
    if found.window and found.scales:
        yield "window", "a window needs the dates of one scale"
    if found.uses in ("episodes", "opioids", "work", "appointments") and (
        found.each or found.of or found.not_of
    ):
        yield "each", f"the table of {found.uses} has no instruments, scales or targets"
    if found.uses == "scores" and "target" in found.each:
        yield "each", "the table of scores has no targets"
    if (found.of or found.not_of) and not {"instrument", "scale"} <= set(found.each):
        yield "of", "an indicator for some scales is reported for each instrument and scale"
    if found.of and found.not_of:
        yield "not_of", "an indicator names the scales it is for, or those it is not for"
    if found.once and (found.uses != "changes" or found.scales or "target" in found.each):
        yield (
            "once",
            "what counts once for all targets is counted from the table of changes, and not for each target",
        )
    if found.evidence_from and (found.uses != "changes" or found.scales):
        yield "evidence_from", "the evidence of a scale stands in the table of changes"
    if found.targets and "target" not in found.each:
        yield "targets", "an indicator for some targets is reported for each target"


def _part_problems(found: Indicator) -> Iterator[tuple[str, str]]:
    """What is observed, excluded and required."""
    if found.success and (found.kind != "proportion" or not {"instrument", "scale"} <= set(found.each)):
        yield "success", "only a proportion that is reported for each instrument and scale says who did well"
    if found.missing != "not_needed" and found.observed is None:
        yield "observed", "say what must be observed, or missing = 'not_needed'"
    for place in ("exclusions", "requires"):
        ids = [one.id for one in getattr(found, place)]
        if len(set(ids)) != len(ids):
            yield place, "an id appears twice"
    if found.requires and found.uses != "changes":
        yield "requires", "requirements are tested on the table of changes"
    if found.scales:
        wide = {f"{key}_{column}" for key in found.scales for column in SIDES}
        rows = [one.when for one in found.exclusions if not found.of_scales(one.when)]
        # What tests columns of the rows, such as the status of the episode, is tested before they are put together.
        apart = {name for condition in rows for name, _ in condition.columns()}
        for column, _ in found.columns():
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
            depth > 4 * _DEEPEST
        ):  # a condition in a list is two steps deeper; `checked` would not bear much more
            raise DefinitionError(f"{file}: {place}: tables stand too deep in each other")
        if isinstance(value, Mapping):
            inside += [(place, part, depth + 1) for part in value.values()]
        elif isinstance(value, (list, tuple)):
            inside += [(place, part, depth + 1) for part in value]
    data, digest = _extended(data, file, digest)
    return checked(Indicator, _problems, data, file=file, digest=digest)


_OWN = ("id", "title", "about", "success", "extends")
"""Keys that are not taken over from an indicator that is extended."""


def _extended(data: Mapping[str, Any], file: str, digest: str) -> tuple[Mapping[str, Any], str]:
    """The content with all that it takes over from the indicators that it extends, and the digest of all of them."""
    known: list[str] = []
    while "extends" in data:
        id = data["extends"]
        if not isinstance(id, str) or id not in indicators():
            raise DefinitionError(f"{file}: extends: there is no indicator of this id to extend")
        if id in known:
            raise DefinitionError(f"{file}: extends: the indicators extend each other in a circle")
        known.append(id)
        content = (shelf() / "indicators" / f"{id}.toml").read_bytes()
        base: dict[str, Any] = tomllib.loads(content.decode("utf-8"), parse_float=Decimal)
        taken = {key: value for key, value in base.items() if key not in _OWN}
        taken |= {"extends": base["extends"]} if "extends" in base else {}
        data = taken | {key: value for key, value in data.items() if key != "extends"}
        digest = hashlib.sha256(digest.encode() + content.replace(b"\r\n", b"\n")).hexdigest()
    return data, digest


@cache
def indicators() -> tuple[str, ...]:
    """Ids of all indicators in the catalog, in alphabetical order.

    Returns
    -------
    tuple of str

    >>> from ipm_outcomes import program
    >>> "responder_30" in program.indicators()
    True
    """
    entries = (shelf() / "indicators").iterdir()
    return tuple(sorted(e.name.removesuffix(".toml") for e in entries if e.name.endswith(".toml")))


def indicator(id: str) -> Indicator:
    """The definition of one indicator in the catalog.

    Parameters
    ----------
    id : str
        Id as `indicators` lists it.

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

    >>> from ipm_outcomes import program
    >>> program.indicator("responder_30").title
    'Improved by at least 30 percent'
    """
    if not isinstance(id, str):
        raise ParameterError(f"id: the id of an indicator, as text, not a {type(id).__name__}")
    return _on_shelf(id)


@cache
def _on_shelf(id: str) -> Indicator:
    if id not in indicators():
        raise UnknownNameError(f"there is no indicator {id!r}; there are {', '.join(indicators())}")
    file = shelf() / "indicators" / f"{id}.toml"
    return read_content(file.read_bytes(), f"instruments/indicators/{id}.toml", id, parse)


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
    """
    if not isinstance(path, (str, PathLike)):
        raise ParameterError(f"path: the path of a TOML file, not a {type(path).__name__}")
    return read_file(path, parse)

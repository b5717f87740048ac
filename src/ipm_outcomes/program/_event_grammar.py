"""The vocabulary in which an indicator on dated events is defined; `ipm_outcomes.program.measures` runs it.

``docs/indicators.md`` shows it by example.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from ipm_outcomes.definition import Exact, Id, Part, Text, as_tuple

Words = Annotated[tuple[Text, ...], BeforeValidator(as_tuple), Field(strict=False)]


class Moment(Part):
    """A date: so many calendar months, then days, from the start of the measurement period or the index."""

    anchor: Literal["period", "index"]
    months: int = 0
    days: int = 0
    excluded: bool = False
    """Whether the date itself lies outside the window."""


class Span(Part):
    """A window from one date to another."""

    first: Moment
    last: Moment


class Occurs(Part):
    """How an event must lie to a window: it starts or ends in it, overlaps it, or starts by its end."""

    window: Id
    how: Literal["starts", "ends", "overlaps", "starts_by_end"]


class Near(Part):
    """The event lies within so many days before the start of an event of another set, and its end."""

    set: Id
    days_before: Annotated[int, Field(ge=0)]


class EventSet(Part):
    """Events of one patient that count for something."""

    id: Id
    event: Words
    status: Words = ()
    status_of: Id | None = None
    """The statuses are those that the version of the measure lists under this name."""
    status_not: Words = ()
    note: Words = ()
    note_any: Words = ()
    note_not: Words = ()
    value_is: Exact | None = None
    above: Exact | None = None
    ongoing: bool = False
    """Whether an event without an end is still going on (a diagnosis); else it is over the day it started."""
    occurs: Occurs | None = None
    overlaps: Id | None = None
    near: Near | None = None


class Index(Part):
    """The event from which everything is counted: the first or last of a set."""

    set: Id
    pick: Literal["first", "last"]


class Age(Part):
    """Age in whole years on the index date, from an event that marks birth."""

    birth: Text
    at_least: int


class EventExclusion(Part):
    """A patient with an event of any of these sets is taken out of the denominator."""

    id: Id
    title: Text
    any_of: Words


class Outcome(Part):
    """The measure is met where the first or last event of a set is below, or at most, a value."""

    set: Id
    pick: Literal["first", "last"]
    below: Exact | None = None
    at_most: Exact | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if (self.below is None) == (self.at_most is None):
            raise ValueError("an outcome is either below or at_most a value")
        return self


class Stratum(Part):
    """Patients of an age on the index date, reported separately; both ends count."""

    id: Id
    age: Annotated[tuple[int, int], Field(strict=False)]


class Version(Part):
    """One published text of a measure: where it is, for which year, and which statuses it counts."""

    id: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)*$")]
    year: int
    """First calendar year that the text is in force."""
    source: Words
    statuses: dict[Id, Words]


class Events(Part):
    """A measure on dated events."""

    versions: Annotated[tuple[Version, ...], Field(strict=False)] = ()
    """Texts of the measure, the newest last: that is the one used by default."""
    windows: dict[Id, Span]
    sets: Annotated[tuple[EventSet, ...], Field(strict=False, min_length=1)]
    index: Index
    age: Age
    exclusions: Annotated[tuple[EventExclusion, ...], Field(strict=False)] = ()
    outcome: Outcome
    strata: Annotated[tuple[Stratum, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        ids = [event_set.id for event_set in self.sets]
        if len(set(ids)) != len(ids):
            raise ValueError("the id of a set appears twice")
        self._check_versions()
        before: set[str] = set()
        late = {id for id, span in self.windows.items() if "index" in (span.first.anchor, span.last.anchor)}
        after_index: set[str] = set()
        for event_set in self.sets:
            if event_set.occurs is not None and event_set.occurs.window not in self.windows:
                raise ValueError(f"sets.{event_set.id}: there is no window {event_set.occurs.window!r}")
            used = [
                name
                for name in (event_set.overlaps, event_set.near.set if event_set.near else None)
                if name is not None
            ]
            for name in used:
                if name not in before:
                    raise ValueError(f"sets.{event_set.id}: there is no set {name!r} above it")
            if (event_set.occurs is not None and event_set.occurs.window in late) or after_index & set(used):
                after_index.add(event_set.id)
            before.add(event_set.id)
        named = [self.index.set, self.outcome.set, *(name for e in self.exclusions for name in e.any_of)]
        for name in named:
            if name not in before:
                raise ValueError(f"there is no set {name!r}")
        if self.index.set in after_index:
            raise ValueError("the index event cannot rest on a window around the index")
        return self

    def _check_versions(self) -> None:
        ids = [version.id for version in self.versions]
        if len(set(ids)) != len(ids):
            raise ValueError("the id of a version appears twice")
        asked = {event_set.status_of for event_set in self.sets if event_set.status_of is not None}
        for event_set in self.sets:
            if event_set.status_of is not None and event_set.status:
                raise ValueError(f"sets.{event_set.id}: either status or status_of")
        if asked and not self.versions:
            raise ValueError(f"there is no version that lists the statuses {sorted(asked)[0]!r}")
        for version in self.versions:
            if apart := sorted(asked ^ set(version.statuses)):
                wanted = "lists no" if apart[0] in asked else "no set asks for its"
                raise ValueError(f"version {version.id}: {wanted} statuses {apart[0]!r}")

"""One edition of a questionnaire: its items, answers, scales and flags, and how each is looked up."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, Field

from ipm_outcomes.definition._answers import AnswerList, Item, plain_label
from ipm_outcomes.definition._parts import (
    ClassName,
    Fact,
    Id,
    License,
    LoincPanel,
    ModuleName,
    Part,
    Source,
    Text,
)
from ipm_outcomes.definition._scales import Scale
from ipm_outcomes.errors import UnknownNameError, did_you_mean


class FlagText(Fact):
    """What a text about two forms of one patient adds to the two answers of a flagged question."""

    positive: Text
    """After a raised answer: what it calls for."""
    cleared: Text
    """After an answer that is no longer raised: what that does not mean."""
    not_answered: Text
    """After a question that was left blank: what to do."""
    more: Text = "a higher answer"
    less: Text = "a lower answer"


class Flag(Fact):
    """Something a reader must see: an answer at or above a code, or that the question was left unanswered.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> flag = ipm.instrument("phq9").flags[0]
    >>> flag.id, flag.item, flag.raised_from
    ('self_harm', 'q9', 1)
    """

    id: Id
    title: Text
    short_title: Text | None = None
    """The title as it heads a text about one patient, such as Item 9; without one, the title."""
    item: Id
    raised_from: int
    sentence: Text
    sentence_unanswered: Text
    change: FlagText | None = None


class Instrument(Part):
    """One edition of a questionnaire, as its file in ``instruments/`` defines it.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> phq9 = ipm.instrument("phq9")
    >>> phq9.edition, len(phq9.items), [scale.id for scale in phq9.scales]
    ('2001', 10, ['total', 'phq8', 'phq2', 'syndrome'])
    """

    id: ModuleName
    class_name: Annotated[ClassName, Field(alias="class")]
    title: Text
    edition: Text
    measures: Text
    recall: Text
    about: Text
    domain: Text
    domain_title: Text | None = None
    """The heading of the domain in a report, where all instruments of it there say the same; without it, the domain."""
    lead: Id | None = None
    """The scale that speaks for the instrument in a text about one patient; without it, the first numeric one."""
    summary: Annotated[tuple[Id, ...], Field(strict=False)] = ()
    """The scales that sum the instrument up: a report shows these, and by these it compares sites; without them, it
    shows all numeric scales, and compares sites by the headline."""
    priority: int | None = None
    """Of several instruments in one program the lowest leads the report, and keeps its figure longest; none: last."""
    notice: Text | None = None
    """A copyright or trademark notice to show wherever the instrument is shown."""
    license: License
    loinc: LoincPanel | None = None
    sources: Annotated[tuple[Source, ...], Field(strict=False, min_length=1)]
    answers: dict[str, AnswerList]
    items: Annotated[tuple[Item, ...], Field(strict=False, min_length=1, max_length=500)]
    scales: Annotated[tuple[Scale, ...], Field(strict=False, min_length=1, max_length=200)]
    flags: Annotated[tuple[Flag, ...], Field(strict=False)] = ()
    digest: str = ""
    """SHA-256 of the file's bytes, so that a score can name the very definition it came from."""

    def _repr_html_(self) -> str:
        return str(self.__rich__()._repr_html_())

    def __rich__(self) -> Any:
        from ipm_outcomes._display import of_instrument

        return of_instrument(self)

    def item(self, id: str) -> Item:
        """The item of that id; raises `UnknownNameError`."""
        try:
            return self._items[id]
        except KeyError:
            raise UnknownNameError(
                f"{self.id} has no item {id!r}; its items are {', '.join(self._items)}{did_you_mean(id, self._items)}"
            ) from None

    def scale(self, id: str) -> Scale:
        """The scale of that id, whatever its case; raises `UnknownNameError`."""
        for scale in self.scales:
            if scale.id == id or (isinstance(id, str) and scale.id == id.casefold()):
                return scale
        near = did_you_mean(id, self.scale_ids)
        raise UnknownNameError(
            f"{self.id} has no scale {id!r}; its scales are {', '.join(self.scale_ids)}{near}"
        )

    @property
    def lead_scale(self) -> Scale:
        """The scale that speaks for the instrument in a text about one patient."""
        if self.lead is not None:
            return self.scale(self.lead)
        return next((scale for scale in self.scales if not scale.categorical), self.scales[0])

    @cached_property
    def _items(self) -> dict[str, Item]:
        return {item.id: item for item in self.items}

    @cached_property
    def item_ids(self) -> tuple[str, ...]:
        """Ids of all items, in form order."""
        return tuple(item.id for item in self.items)

    @cached_property
    def scale_ids(self) -> tuple[str, ...]:
        """Ids of all scales."""
        return tuple(scale.id for scale in self.scales)

    @cached_property
    def missing_rules(self) -> tuple[str, ...]:
        """Names of all missing rules that some scale has."""
        return tuple(dict.fromkeys(rule.id for scale in self.scales for rule in scale.missing))

    def answers_of(self, item: str) -> AnswerList:
        """The answers that an item allows."""
        return self.answers[self.item(item).answers]

    def points(self, item: str, scale: Scale | None = None) -> dict[int, int]:
        """What each answer code of an item adds to a sum: the code itself unless recoded or reversed.

        With a scale, what it adds to that scale, which may recode or reverse on its own.
        """
        listed, it = self.answers_of(item), self.item(item)
        if scale is not None and item in scale.recode:
            return dict(scale.recode[item])
        if it.recode:
            points = dict(it.recode)
        elif it.reverse:
            points = {code: listed.lowest + listed.highest - code for code in listed.codes}
        else:
            points = {code: code for code in listed.codes}
        if scale is not None and item in scale.reverse:
            ends = min(points.values()) + max(points.values())
            points = {code: ends - worth for code, worth in points.items()}
        return points

    def labels(self, item: str) -> dict[str, int]:
        """Every known label of an item's answers and its LOINC answer codes, in plain form (see `plain_label`)."""
        if item not in self._labels:
            self._labels[item] = self._plain_labels(item)
        return dict(self._labels[item])

    @cached_property
    def _labels(self) -> dict[str, dict[str, int]]:
        return {}

    def _plain_labels(self, item: str) -> dict[str, int]:
        listed = self.answers_of(item)
        codes = {plain_label(o.label): o.code for o in listed.options}
        codes.update({plain_label(o.loinc): o.code for o in listed.options if o.loinc})
        codes.update({plain_label(also.loinc): also.code for also in self.item(item).also if also.loinc})
        if listed.range:
            for anchor, code in ((listed.low, listed.lowest), (listed.high, listed.highest)):
                if anchor:
                    codes[plain_label(anchor)] = code
        codes.update({plain_label(also.label): also.code for also in self.item(item).also})
        return codes

    def source(self, key: str) -> Source:
        """The source of that key; raises `UnknownNameError`."""
        for source in self.sources:
            if source.key == key:
                return source
        raise UnknownNameError(f"{self.id} has no source {key!r}")

    def facts(self) -> Iterator[tuple[str, Fact]]:
        """Every sourced part of the definition with its place."""

        def walk(part: object, place: str) -> Iterator[tuple[str, Fact]]:
            if isinstance(part, Fact):
                yield place, part
            if isinstance(part, BaseModel):
                for name in type(part).model_fields:
                    yield from walk(getattr(part, name), f"{place}.{name}" if place else name)
            elif isinstance(part, tuple):
                for n, entry in enumerate(part):
                    yield from walk(entry, f"{place}.{getattr(entry, 'id', n)}")
            elif isinstance(part, dict):
                for key, entry in part.items():
                    yield from walk(entry, f"{place}.{key}")

        yield from walk(self, "")

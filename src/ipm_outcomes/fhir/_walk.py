"""All items of a response, wherever they are nested, with their places. Bounded in depth and number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ipm_outcomes.fhir._errors import NotAResponse
from ipm_outcomes.fhir._json import MOST_DEPTH, MOST_ITEMS, a_list, a_mapping, a_text, joined


class Asked(NamedTuple):
    """One item of a response."""

    place: str
    link: str
    definition: str | None
    answers: list[Mapping[str, Any]]
    mixed: bool = False
    """Whether it has items beside answers, which FHIR does not allow (qrs-1)."""


def asked(resource: Mapping[str, Any]) -> Iterator[Asked]:
    """Items in the order of the resource, those of groups and those under answers among them."""
    for place, item in parts(resource):
        link = a_text(item, "linkId", place) or ""
        given = a_list(item, "answer", place)
        if not given and item.get("answerOption"):
            raise NotAResponse(
                "the item has answerOption and no answer; the answers of a QuestionnaireResponse are in answer",
                "answer_in_answer_option",
                place,
            )
        answers = []
        for position, answer in enumerate(given):
            here = f"{place}.answer[{position}]"
            value = a_mapping(answer, here, "an answer")
            if isinstance(value.get("value"), Mapping):
                raise NotAResponse(
                    "the answer has value and not value[x]: this is the format of Aidbox; convert it to FHIR first",
                    "native_aidbox",
                    here,
                )
            answers.append(value)
        if answers and not link:
            raise NotAResponse("an item with an answer has no linkId", "not_a_response", place)
        mixed = bool(answers) and bool(a_list(item, "item", place))
        yield Asked(place, link, a_text(item, "definition", place), answers, mixed)


def parts(resource: Mapping[str, Any], place: str | None = None) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every item of a response or a form with its place; also those under answers."""
    waiting = [_children(resource, place, 1)]
    number = 0
    while waiting:
        try:
            here, depth, entry = next(waiting[-1])
        except StopIteration:
            waiting.pop()
            continue
        number += 1
        if depth > MOST_DEPTH or number > MOST_ITEMS:
            message = (
                f"nested more than {MOST_DEPTH} deep"
                if depth > MOST_DEPTH
                else f"more than {MOST_ITEMS:,} items"
            )
            raise NotAResponse(f"{message}; this is no form that can be read", "not_a_response", here[:200])
        item = a_mapping(entry, here, "an item")
        yield here, item
        waiting.append(_all_children(item, here, depth + 1))


def _children(part: Mapping[str, Any], place: str | None, depth: int) -> Iterator[tuple[str, int, Any]]:
    for position, entry in enumerate(a_list(part, "item", place)):
        yield joined(place, f"item[{position}]"), depth, entry


def _all_children(item: Mapping[str, Any], place: str, depth: int) -> Iterator[tuple[str, int, Any]]:
    yield from _children(item, place, depth)
    for position, answer in enumerate(a_list(item, "answer", place)):
        if isinstance(answer, Mapping) and answer.get("item") is not None:
            yield from _children(answer, f"{place}.answer[{position}]", depth)

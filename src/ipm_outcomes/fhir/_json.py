"""JSON of others: text that is read strictly, and parts of a resource that are what they should be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NoReturn

from ipm_outcomes.fhir._errors import NotAResponse

MOST_BYTES = 4_000_000
"""Of one resource: a form of 500 questions has about a tenth of it."""
MOST_DIGITS = 40
MOST_DEPTH = 40
MOST_ITEMS = 10_000
MOST_EXTENSIONS = 1_000


class _Refused(ValueError):  # noqa: N818 - never leaves this module
    """JSON that is not taken, in words of our own."""


def parsed(content: bytes, place: str | None = None, most: int = MOST_BYTES) -> Any:
    """JSON in UTF-8 as plain values, decimals exact.

    Refused are NaN and infinities, numbers of more than 40 digits, a key that appears twice in one object, and text
    that is nested so deeply that it cannot be read; a message holds nothing of the text.
    """
    if len(content) > most:
        raise NotAResponse(f"a resource has at most {most:,} bytes", "not_a_response", place)
    message = code = ""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"not UTF-8 at byte {error.start}; write the file as UTF-8"
        raise NotAResponse(message, "encoding_unknown", place) from None
    try:
        return json.loads(
            text,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        at_end = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        code = "file_cut_off" if at_end else "not_a_response"
        message = f"not JSON, at character {min(error.pos + 1, len(text))} of {len(text)}"
        message += ": the text ends before it is complete" if at_end else "; write one resource on one line"
    except RecursionError:
        code, message = "not_a_response", "nested too deeply to be read"
    except _Refused as error:
        code, message = "not_a_response", str(error)
    raise NotAResponse(message, code, place)


def _constant(name: str) -> NoReturn:
    raise _Refused("NaN and infinities are no JSON numbers")


def _decimal(text: str) -> Decimal:
    number = Decimal(text) if len(text) <= MOST_DIGITS and _few_zeros(text) else None
    if number is None:
        raise _Refused(f"a number has more than {MOST_DIGITS} digits or places")
    return number


def _few_zeros(text: str) -> bool:
    exponent = text.lower().partition("e")[2].lstrip("+-").lstrip("0")
    return len(exponent) <= 2 and int(exponent or 0) <= MOST_DIGITS


def _integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise _Refused(f"a number has more than {MOST_DIGITS} digits or places")
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _Refused("a key appears twice in one object, so that what it says cannot be determined")
    return members


def a_mapping(value: object, place: str | None, what: str) -> Mapping[str, Any]:
    """The value as an object, or an error that names its place and kind."""
    if not isinstance(value, Mapping):
        raise NotAResponse(f"{what} is a JSON object, not {_kind(value)}", "not_a_response", place)
    return value


def a_list(parent: Mapping[str, Any], key: str, place: str | None) -> list[Any]:
    """A list in an object, empty where it is absent."""
    value = parent.get(key)
    if value is None:
        return []
    here = joined(place, key)
    if not isinstance(value, list):
        raise NotAResponse(f"a list is expected, not {_kind(value)}", "not_a_response", here)
    if len(value) > MOST_ITEMS:
        message = f"a list of {len(value):,} parts; at most {MOST_ITEMS:,} are read"
        raise NotAResponse(message, "not_a_response", here)
    return value


def a_text(parent: Mapping[str, Any], key: str, place: str | None) -> str | None:
    """A text in an object, None where it is absent."""
    value = parent.get(key)
    if value is None or isinstance(value, str):
        return value
    raise NotAResponse(f"text is expected, not {_kind(value)}", "not_a_response", joined(place, key))


def joined(place: str | None, key: str) -> str:
    """The place of a part."""
    return f"{place}.{key}" if place else key


def mappings(parent: Mapping[str, Any], key: str, place: str | None, what: str) -> Iterator[tuple[str, Any]]:
    """The objects of a list, with their places."""
    here = joined(place, key)
    for position, entry in enumerate(a_list(parent, key, place)):
        yield f"{here}[{position}]", a_mapping(entry, f"{here}[{position}]", what)


def extensions(part: Mapping[str, Any], place: str) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Extensions of a part with their address and place."""
    for position, entry in enumerate(a_list(part, "extension", place)[:MOST_EXTENSIONS]):
        here = f"{place}.extension[{position}]"
        inner = a_mapping(entry, here, "an extension")
        yield a_text(inner, "url", here) or "", inner, here


def values(part: Mapping[str, Any]) -> list[str]:
    """The keys of a part that hold its value: ``valueCoding`` and so on."""
    return [key for key, value in part.items() if _is_value(key) and value is not None]


def _is_value(key: object) -> bool:
    return isinstance(key, str) and len(key) > 5 and key.startswith("value") and key[5].isupper()


def _kind(value: object) -> str:
    names = {str: "text", bool: "a truth value", int: "a number", float: "a number", Decimal: "a number"}
    return "nothing" if value is None else names.get(type(value), f"a {type(value).__name__}")

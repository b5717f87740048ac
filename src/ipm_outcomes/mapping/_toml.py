"""A mapping as TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ipm_outcomes.errors import printable

Proposed = tuple[tuple[str, ...], Any, str]
"""Place, value, and why."""
_SECTIONS = ("file", "keys", "not_answered")


def written(content: Mapping[str, Any], proposed: Sequence[Proposed]) -> str:
    """Tables of a mapping; what is only proposed as comments, each after its reason."""
    lines = [
        "# Which column holds what, and how the file is read. What is proposed is a comment: uncomment what is right.",
        "version = 1",
    ]
    for section in _SECTIONS:
        own = content.get(section, {})
        weak = [(place[1], value, why) for place, value, why in proposed if place[0] == section]
        if not own and not weak:
            continue
        lines += ["", f"[{section}]"]
        lines += [f"{_key(key)} = {_value(value)}" for key, value in own.items() if value is not None]
        for key, value, why in weak:
            lines += [f"# {_sentence(why)}", f"# {_key(key)} = {_value(value)}"]
    for part in content.get("instrument", []):
        lines += ["", *_instrument(part, proposed)]
    there = {part["id"] for part in content.get("instrument", [])}
    for place, value, why in proposed:
        if place[0] == "instrument" and len(place) == 2 and place[1] not in there:
            lines += ["", f"# {_sentence(why)}", *(f"# {line}" for line in _instrument(value, proposed))]
    return "\n".join(lines) + "\n"


def _instrument(part: Mapping[str, Any], proposed: Sequence[Proposed]) -> list[str]:
    lines = ["[[instrument]]"]
    lines += [f"{_key(key)} = {_value(value)}" for key, value in part.items() if value is not None]
    for place, value, why in proposed:
        if place[:2] == ("instrument", part["id"]) and len(place) == 3:
            lines += [f"# {_sentence(why)}", f"# {_key(place[2])} = {_value(value)}"]
    return lines


def _sentence(text: str) -> str:
    return " ".join(printable(text).split())


def _key(key: Any) -> str:
    text = str(key)
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _text(text)


def _text(text: str) -> str:
    """A basic string: that of JSON, but that TOML wants one more control character escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        pairs = ", ".join(
            f"{_key(key)} = {_value(entry)}" for key, entry in value.items() if entry is not None
        )
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    return str(value)

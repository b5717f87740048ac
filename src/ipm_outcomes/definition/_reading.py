"""The content of a definition file as a model, checked; what does not hold is named by its place in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from threading import Lock
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ipm_outcomes.definition._consistency import problems
from ipm_outcomes.definition._instrument import Instrument
from ipm_outcomes.errors import DefinitionError


def parse(data: Mapping[str, Any], *, file: str, digest: str = "") -> Instrument:
    """Build an instrument from the parsed content of its file, with every check.

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
    Instrument
        The definition.

    Raises
    ------
    DefinitionError
        Names the file, the place in it and the fact that does not hold.

    """
    return checked(Instrument, problems, data, file=file, digest=digest)


M = TypeVar("M", bound=BaseModel)


def checked(
    model: type[M],
    problems: Callable[[M], Iterator[tuple[str, str]]],
    data: Mapping[str, Any],
    *,
    file: str,
    digest: str,
) -> M:
    """Read what a definition file says as a model: its grammar first, then whether it holds together.

    Parameters
    ----------
    model
        The grammar.
    problems
        Gives the place and the fact of everything that does not hold together.
    data, file, digest
        As in `parse`.

    Returns
    -------
    pydantic.BaseModel
        An instance of the grammar.

    Raises
    ------
    DefinitionError
        Names the file, the place in it and the fact that does not hold.
    """
    if "digest" in data:
        raise DefinitionError(f"{file}: digest: {_MESSAGES['extra_forbidden']}")
    with _BUILDING:
        model.model_rebuild()
    try:
        parsed = model.model_validate({**data, "digest": digest})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        message = _MESSAGES.get(first["type"], first["msg"].removeprefix("Value error, "))
        raise DefinitionError(f"{file}: {_place(data, first['loc'])}: {message}") from None
    for place, fact in problems(parsed):
        raise DefinitionError(f"{file}: {place}: {fact}")
    return parsed


_BUILDING = Lock()
"""Grammars are built when a definition is first read, by one thread."""
_MESSAGES = {"extra_forbidden": "there is no such key", "missing": "this key is required and missing"}


def _place(data: object, loc: tuple[int | str, ...]) -> str:
    """A place as a reader of the file would name it: entries by their id where they have one."""
    names = []
    for step in loc:
        try:
            data = data[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            data = None
        named = isinstance(step, int) and isinstance(data, dict) and data.get("id")
        names.append(str(named or (f"entry {step + 1}" if isinstance(step, int) else step)))
    return ".".join(names) or "file"

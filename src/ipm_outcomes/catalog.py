"""Finding and reading definitions: a file in ``instruments/`` is all the registration an instrument needs."""

from __future__ import annotations

import hashlib
import os
import stat
import tomllib
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from os import PathLike
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ipm_outcomes.definition import Instrument
from ipm_outcomes.definition import parse as parse_whole
from ipm_outcomes.errors import DefinitionError, UnknownNameError, did_you_mean

MOST_BYTES = 1_000_000
MOST_DOTS = 100
MOST_DIGITS = 40


def folder() -> Traversable:
    """Name the folder of the definition files: inside the installed package, or beside ``src`` in a checkout.

    Returns
    -------
    Traversable
        One TOML file for each instrument, and folders of batteries, indicators, sets of factors and what files share.

    Raises
    ------
    DefinitionError
        There is no such folder: the installation is not whole.
    """
    installed = files("ipm_outcomes") / "instruments"
    if installed.is_dir():
        return installed
    checkout = Path(__file__).parents[2] / "instruments"
    if checkout.is_dir():
        return checkout
    raise DefinitionError("the folder of instrument definitions is missing; reinstall ipm-outcomes")


shelf = folder
"""The former name of `folder`."""


@cache
def instruments() -> tuple[str, ...]:
    """List the ids of all instruments in the catalog, in alphabetical order.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> "phq9" in ipm.instruments()
    True
    """
    return tuple(
        sorted(
            entry.name.removesuffix(".toml") for entry in folder().iterdir() if entry.name.endswith(".toml")
        )
    )


@cache
def instrument(id: str) -> Instrument:
    """Give the definition of one instrument.

    Parameters
    ----------
    id
        Id as `instruments` lists it, such as ``"phq9"``; case does not matter.

    Returns
    -------
    Instrument
        The definition: items, answers, scales, flags, license, sources.

    Raises
    ------
    UnknownNameError
        There is no such instrument; the message names the nearest and lists those there are.
    DefinitionError
        The file does not hold together; the message names the place and the fact.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> ipm.instrument("peg").title
    'Pain, Enjoyment of life, General activity scale'
    """
    if id not in instruments():
        if isinstance(id, str) and id.casefold() in instruments():
            return instrument(id.casefold())
        there = instruments()
        raise UnknownNameError(
            f"there is no instrument {id!r}; there are {', '.join(there)}{did_you_mean(id, there)}"
        )
    return read_content((folder() / f"{id}.toml").read_bytes(), f"instruments/{id}.toml", id, parse)


def read(path: str | PathLike[str]) -> Instrument:
    """Read a definition from a custom file, with every check.

    Parameters
    ----------
    path
        A TOML file whose name is the id of the instrument. With ``extends`` it says only what differs from an
        instrument of the catalog, see ``docs/definitions.md``.

    Returns
    -------
    Instrument
        The definition, which `ipm_outcomes.frames` takes wherever it takes an id.

    Raises
    ------
    DefinitionError
        Names the file, the place in it and the fact that does not hold.

    Examples
    --------
    >>> from ipm_outcomes import catalog
    >>> catalog.read(catalog.folder() / "peg.toml").title
    'Pain, Enjoyment of life, General activity scale'
    """
    return read_file(path, parse)


def parse(data: Mapping[str, Any], *, file: str, digest: str = "") -> Instrument:
    """Build an instrument from the content of its file and of the one it extends, with every check.

    Parameters
    ----------
    data, file, digest
        As `ipm_outcomes.definition.parse` has them. The digest of an instrument that extends another is that of both.

    Returns
    -------
    Instrument

    Raises
    ------
    DefinitionError
        Names the file, the place in it and the fact that does not hold.
    """

    def overlaid(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
        return _overlaid({key: value for key, value in base.items() if key not in ("id", "class")}, own)

    data, digest = extended(data, file, digest, "instrument", folder(), instruments, overlaid)
    return parse_whole(data, file=file, digest=digest)


def extended(
    data: Mapping[str, Any],
    file: str,
    digest: str,
    kind: str,
    place: Traversable,
    known: Callable[[], Collection[str]],
    overlaid: Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]],
) -> tuple[Mapping[str, Any], str]:
    """Give the content with all that it takes over from the definitions that it extends, and the digest of all of them.

    Parameters
    ----------
    data, file, digest
        As in `parse`.
    kind
        What the definitions are, for messages.
    place
        The folder of the definitions that can be extended.
    known
        Gives the ids of them.
    overlaid
        Lays a definition over the content of the one that it extends.

    Returns
    -------
    tuple
        The content and the digest.

    Raises
    ------
    DefinitionError
        There is no such definition, or they extend each other in a circle.
    """
    bases: list[str] = []
    while "extends" in data:
        id = data["extends"]
        if not isinstance(id, str) or id not in known():
            raise DefinitionError(f"{file}: extends: there is no {kind} of this id to extend")
        if id in bases:
            raise DefinitionError(f"{file}: extends: the {kind}s extend each other in a circle")
        bases.append(id)
        content = (place / f"{id}.toml").read_bytes()
        base = tomllib.loads(content.decode("utf-8"), parse_float=Decimal)
        data = overlaid(base, {key: value for key, value in data.items() if key != "extends"})
        digest = hashlib.sha256(digest.encode() + _one_line_end(content)).hexdigest()
    return data, digest


def _overlaid(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A table with what another says of it; entries of lists meet by id, or by key, and all else takes the place."""
    merged = dict(base)
    for name, value in own.items():
        old = base.get(name)
        if isinstance(old, dict) and isinstance(value, dict):
            value = _overlaid(old, value)
        elif (before := _by_name(old)) and (after := _by_name(value)):
            value = [
                *(_overlaid(entry, after[id]) if id in after else entry for id, entry in before.items()),
                *(entry for id, entry in after.items() if id not in before),
            ]
        merged[name] = value
    return merged


def _by_name(entries: object) -> dict[str, dict[str, Any]]:
    """Entries of a list by their id or key; nothing where one of them has none, or where two share one."""
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return {}
    keyed = {str(entry.get("id", entry.get("key", ""))): entry for entry in entries}
    return {} if "" in keyed or len(keyed) < len(entries) else keyed


def _one_line_end(content: bytes) -> bytes:
    """Line ends differ between checkouts of one and the same file, so they do not count."""
    return content.replace(b"\r\n", b"\n")


class _Named(Protocol):
    @property
    def id(self) -> str: ...


D_co = TypeVar("D_co", bound=_Named, covariant=True)


class Parser(Protocol[D_co]):
    """Makes a definition of the content of its file."""

    def __call__(self, data: Mapping[str, Any], *, file: str, digest: str) -> D_co:
        """Check the content and build the definition."""
        ...


def read_file(path: str | PathLike[str], parser: Parser[D_co]) -> D_co:
    """Read a definition of any kind from a custom file.

    Parameters
    ----------
    path
        A TOML file whose name is the id of what it defines.
    parser
        Makes a definition of its content.

    Returns
    -------
    Any
        What the parser makes.

    Raises
    ------
    DefinitionError
        The file cannot be read, or names the place in it and the fact that does not hold.
    """
    file = Path(path)
    try:
        # A pipe would be waited for, and a device has no end.
        with open(file, "rb", opener=_no_wait) as opened:
            regular = stat.S_ISREG(os.fstat(opened.fileno()).st_mode)
            content = opened.read(MOST_BYTES + 1) if regular else b""
    except OSError as error:
        raise DefinitionError(f"{file.name}: the file cannot be read: {error.strerror}") from None
    except ValueError:
        raise DefinitionError("the file cannot be read: its name holds what no name can hold") from None
    if not regular:
        raise DefinitionError(f"{file.name}: this is no file but a folder, a pipe or a device")
    return read_content(content, file.name, file.stem, parser)


def read_content(content: bytes, file: str, id: str, parser: Parser[D_co]) -> D_co:
    """Read a definition of any kind from the bytes of its file.

    Parameters
    ----------
    content
        The bytes of the file, TOML in UTF-8.
    file
        Its name, for messages.
    id
        The id that the definition must have.
    parser
        Makes a definition of the content.

    Returns
    -------
    Any
        What the parser makes.

    Raises
    ------
    DefinitionError
        Names the file, the place in it and the fact that does not hold.
    """
    if len(content) > MOST_BYTES:
        raise DefinitionError(f"{file}: a definition has at most {MOST_BYTES:,} bytes")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DefinitionError(f"{file}: not a TOML file: {error.reason} at byte {error.start}") from None
    if any(line.count(".") > MOST_DOTS for line in text.split("\n")):
        raise DefinitionError(
            f"{file}: a line has more than {MOST_DOTS} dots; its keys would nest too deeply"
        )
    try:
        data = tomllib.loads(text, parse_float=_number)
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(f"{file}: not a TOML file: {error}") from None
    except (RecursionError, MemoryError):
        raise DefinitionError(f"{file}: not a TOML file that can be read: it is nested too deeply") from None
    except ValueError as error:
        fact = str(error) if isinstance(error, _NumberError) else "a number has too many digits"
        raise DefinitionError(f"{file}: not a TOML file that can be read: {fact}") from None
    _check_integers(data, file)
    digest = hashlib.sha256(_one_line_end(content)).hexdigest()
    try:
        parsed = parser(data, file=file, digest=digest)
    except RecursionError:
        raise DefinitionError(f"{file}: its parts are nested too deeply") from None
    except DefinitionError:
        raise
    except (ArithmeticError, ValueError, TypeError, LookupError, MemoryError) as error:
        raise DefinitionError(
            f"{file}: it does not hold together where no check looks ({type(error).__name__}); please report it"
        ) from None
    if parsed.id != id:
        raise DefinitionError(f"{file}: id: the id {parsed.id!r} differs from the name of the file")
    return parsed


class _NumberError(ValueError):
    """A number that no definition needs, and that would take long to work on."""


def _number(text: str) -> Decimal:
    """A decimal of a definition: finite, and of a size that exact arithmetic can work on."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise _NumberError("a number has an exponent that is too large") from None
    if not number.is_finite():
        raise _NumberError("a number is infinite or none at all")
    exponent = number.as_tuple().exponent
    if len(text) > MOST_DIGITS or not isinstance(exponent, int) or abs(exponent) > MOST_DIGITS:
        raise _NumberError(f"a number has more than {MOST_DIGITS} digits or places")
    return number


def _check_integers(data: object, file: str) -> None:
    """Refuse whole numbers beyond 64 bits, which TOML does not have."""
    rest = [data]
    while rest:
        part = rest.pop()
        if isinstance(part, dict):
            rest.extend(part.values())
        elif isinstance(part, list):
            rest.extend(part)
        elif isinstance(part, int) and not -(2**63) <= part < 2**63:
            raise DefinitionError(f"{file}: a whole number is larger than 64 bits can hold")


def _no_wait(name: str, flags: int) -> int:
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

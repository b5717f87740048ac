"""From a file to a definition of any kind: what is no definition, or would take long to read, is refused."""

from __future__ import annotations

import hashlib
import os
import stat
import tomllib
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal, InvalidOperation
from importlib.resources.abc import Traversable
from os import PathLike
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ipm_outcomes.errors import DefinitionError

MOST_BYTES = 1_000_000
MOST_DOTS = 100
MOST_DIGITS = 40


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
    """Read a definition of any kind from a custom file."""
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


def ids_in(place: Traversable) -> tuple[str, ...]:
    """Ids of the definitions in a folder, in alphabetical order."""
    return tuple(sorted(e.name.removesuffix(".toml") for e in place.iterdir() if e.name.endswith(".toml")))


def read_within(folder: Traversable, name: str, parser: Parser[D_co]) -> D_co:
    """Read a definition of any kind that comes with the library, by its place in the folder of definitions."""
    return read_content((folder / name).read_bytes(), f"instruments/{name}", Path(name).stem, parser)


def read_content(content: bytes, file: str, id: str, parser: Parser[D_co]) -> D_co:
    """Read a definition of any kind from the bytes of its file."""
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


def extended(
    data: Mapping[str, Any],
    file: str,
    digest: str,
    kind: str,
    place: Traversable,
    known: Callable[[], Collection[str]],
    overlaid: Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]],
) -> tuple[Mapping[str, Any], str]:
    """The content with all that it takes over from the definitions that it extends, and the digest of all of them.

    The definitions that can be extended lie in one place; one is laid over the content of that which it extends.
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


def _one_line_end(content: bytes) -> bytes:
    """Line ends differ between checkouts of one and the same file, so they do not count."""
    return content.replace(b"\r\n", b"\n")

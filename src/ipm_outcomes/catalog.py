"""Finding and reading definitions: a file in ``instruments/`` is all the registration an instrument needs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from os import PathLike
from pathlib import Path
from typing import Any

from ipm_outcomes.definition import Instrument
from ipm_outcomes.definition import parse as parse_whole
from ipm_outcomes.definition._files import extended, ids_in, read_file, read_within
from ipm_outcomes.errors import DefinitionError, UnknownNameError, did_you_mean


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
    return ids_in(folder())


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
    return read_within(folder(), f"{id}.toml", parse)


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

"""A mapping, read from its file and written to it; what is only proposed is written as comments."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from ipm_outcomes import catalog
from ipm_outcomes._write import write_whole
from ipm_outcomes.errors import InputError, ParameterError
from ipm_outcomes.mapping._parts import FilePart, InstrumentPart, KeysPart, NotAnsweredPart, Part
from ipm_outcomes.mapping._toml import written

MOST_BYTES = 1_000_000


class Proposal(Part):
    """Something that was seen and has to be confirmed.

    Attributes
    ----------
    place : tuple of str
        Where it belongs: ``("keys", "date")``, ``("instrument", "phq9")``, ``("instrument", "phq9", "coding")``.
    value
        What is proposed.
    why : str
        The evidence.

    Examples
    --------
    >>> from ipm_outcomes.mapping import Proposal
    >>> Proposal(place=("keys", "date"), value={"column": "Visit day"}, why="the only column of dates").name
    'keys.date'
    """

    place: tuple[str, ...]
    value: Any
    why: str

    @property
    def name(self) -> str:
        """By which it is accepted: ``keys.date``, ``phq9``, ``phq9.coding``."""
        return ".".join(self.place[1:] if self.place[0] == "instrument" else self.place)


class Mapping(Part):
    """What was confirmed of a file.

    Attributes
    ----------
    file : FilePart or None
        How it is read.
    keys : KeysPart
        Columns of the patient, date, site and visit.
    not_answered : NotAnsweredPart
        Words that mean no answer in every instrument.
    instrument : list of InstrumentPart
        Columns of the instruments.
    proposed : tuple of Proposal
        What is not confirmed; it changes nothing.

    Examples
    --------
    >>> from ipm_outcomes.mapping import Mapping
    >>> mapping = Mapping.of({"version": 1, "file": {"kind": "csv", "delimiter": ";"}, "keys": {"patient": "MRN"}})
    >>> mapping.file.delimiter, mapping.keys.patient, mapping.instrument
    (';', 'MRN', [])
    """

    version: Literal[1] = 1
    file: FilePart | None = None
    keys: KeysPart = KeysPart()
    not_answered: NotAnsweredPart = NotAnsweredPart()
    instrument: list[InstrumentPart] = Field(default=[])
    proposed: tuple[Proposal, ...] = Field(default=(), exclude=True)

    @classmethod
    def of(cls, content: dict[str, Any], place: str | None = None) -> Mapping:
        """A mapping out of a dictionary as the file holds it.

        Parameters
        ----------
        content
            Tables of the file.
        place
            Name of the file, for messages.

        Returns
        -------
        Mapping
            The mapping.

        Raises
        ------
        InputError
            It does not say what a mapping says (``mapping_invalid``); ``place`` is the key.
        """
        if "proposed" in content:
            raise InputError("there is no such key", "mapping_invalid", _placed(place, "proposed"))
        try:
            mapping = cls.model_validate(content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            message = "there is no such key" if first["type"] == "extra_forbidden" else _said(first)
            where = ".".join(
                str(part)
                for part in first["loc"]
                if not str(part).startswith(("function-", "constrained-", "dict["))
            )
            raise InputError(message, "mapping_invalid", _placed(place, where)) from None
        for n, part in enumerate(mapping.instrument):
            _check(part, mapping.instrument[:n], place)
        return mapping

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Mapping:
        """Read a mapping from its file.

        Parameters
        ----------
        path
            The file, such as ``mapping.toml``.

        Returns
        -------
        Mapping
            The mapping.

        Raises
        ------
        InputError
            The file is no TOML, or says what a mapping does not say (``mapping_invalid``).
        OSError
            It cannot be opened.
        """
        name = Path(path).name
        with Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        try:
            if len(content) > MOST_BYTES:
                raise ValueError
            tables = tomllib.loads(content.decode("utf-8-sig"))
        except (ValueError, RecursionError):  # of TOML and of text alike; its words hold what is there
            raise InputError("the file is no TOML", "mapping_invalid", name) from None
        return cls.of(tables, name)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the mapping; what is proposed is written as comments, to be uncommented by hand.

        Parameters
        ----------
        path
            The file; one that is there is replaced as a whole.

        Raises
        ------
        OSError
            It cannot be written.
        """
        write_whole(Path(path), lambda file: file.write(self.text().encode()))

    def text(self) -> str:
        """The mapping as its file holds it.

        Returns
        -------
        str
            TOML.
        """
        content = self.model_dump(exclude_defaults=True, exclude={"version", "proposed"})
        return written(
            content, [(proposed.place, _plain(proposed.value), proposed.why) for proposed in self.proposed]
        )

    def accept(self, *names: str) -> Mapping:
        """Confirm what is proposed.

        Parameters
        ----------
        *names
            What: ids of instruments (``phq9``), one thing of an instrument (``phq9.coding``), ``keys.date`` and so on.
            None: everything. A coding that is settled already needs no yes.

        Returns
        -------
        Mapping
            The mapping with it.

        Raises
        ------
        ParameterError
            Nothing of that name is proposed.
        """
        there = {proposed.name for proposed in self.proposed}
        settled = {f"{part.id}.coding" for part in self.instrument if part.coding is not None}
        if absent := [name for name in names if name not in there | settled]:
            listed = ", ".join(sorted(there)) or "nothing"
            raise ParameterError(f"accept: {absent[0]!r} is not proposed; there is {listed}")
        content = self.model_dump(exclude_defaults=True, exclude={"proposed"})
        rest = []
        for proposed in sorted(self.proposed, key=lambda proposed: len(proposed.place)):
            if names and proposed.name not in names:
                rest.append(proposed)
                continue
            if proposed.place[0] != "instrument":
                content.setdefault(proposed.place[0], {})[proposed.place[1]] = _plain(proposed.value)
                continue
            listed = content.setdefault("instrument", [])
            if len(proposed.place) == 2:
                listed.append(_plain(proposed.value))
                continue
            own = [entry for entry in listed if entry["id"] == proposed.place[1]]
            if not own:
                raise ParameterError(f"accept: {proposed.place[1]!r} has to be accepted first")
            own[0][proposed.place[2]] = _plain(proposed.value)
        return Mapping.of(content).model_copy(update={"proposed": tuple(rest)})


def digest(names: Sequence[str]) -> str:
    """What is kept of the names of columns."""
    return "sha256:" + hashlib.sha256("\n".join(names).encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: Any) -> Any:
    return value.model_dump(exclude_defaults=True) if isinstance(value, Part) else value


def _placed(place: str | None, key: str) -> str:
    return ", ".join(part for part in (place, key) if part)


def _said(error: Any) -> str:
    """What is wrong, without what is there."""
    kind = str(error["type"])
    said = {
        "missing": "the key is missing",
        "literal_error": str(error["msg"]),
        "value_error": str(error["msg"]),
    }
    return said.get(kind, "the value is none that this key can have")


def _check(part: InstrumentPart, before: Sequence[InstrumentPart], place: str | None) -> None:
    """Refuse what the definition of the instrument does not have."""
    where = _placed(place, f"instrument.{part.id}")

    def wrong(message: str) -> InputError:
        return InputError(message, "mapping_invalid", where)

    if part.id not in catalog.instruments():
        raise wrong("there is no such instrument")
    if any(other.id == part.id for other in before):
        raise wrong("the instrument appears twice")
    instrument = catalog.instrument(part.id)
    if part.edition is not None and part.edition != instrument.edition:
        raise wrong("the definition is of another edition")
    if isinstance(part.columns, dict) and (unknown := set(part.columns) - set(instrument.item_ids)):
        raise wrong(f"columns: the instrument has no item {min(unknown)!r}")
    labeled = {item for listed in part.labels_seen for item in listed.items}
    if unknown := labeled - set(instrument.item_ids):
        raise wrong(f"labels_seen: the instrument has no item {min(unknown)!r}")
    if isinstance(part.coding, dict):
        by_item = [item for item, own in part.coding.items() if isinstance(own, dict)]
        if unknown := set(by_item) - set(instrument.item_ids):
            raise wrong(f"coding: the instrument has no item {min(unknown)!r}")
    lead = f"{instrument.lead_scale.id}_band"
    if "band" in part.recorded and "band" not in instrument.scale_ids and lead not in part.recorded:
        part.recorded[lead] = part.recorded.pop("band")
    for key, scales in (("scales", part.scales or ()), ("recorded", part.recorded)):
        for scale in scales:
            if scale.removesuffix("_band") not in instrument.scale_ids:
                raise wrong(f"{key}: the instrument has no scale {scale!r}")

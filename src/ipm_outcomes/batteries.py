"""Batteries: the measures that a kind of program is asked for, and what of each the library covers.

A battery is data, one TOML file in ``instruments/batteries/``. What is computed of an instrument is read from its
definition, so that a list never says other than the definitions do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import Field

from ipm_outcomes.catalog import folder, instrument, instruments
from ipm_outcomes.definition import Fact, Id, Part, Source, Text, checked
from ipm_outcomes.definition._files import ids_in, read_within
from ipm_outcomes.errors import UnknownNameError

Ids = Annotated[tuple[Id, ...], Field(strict=False)]
FunctionName = Annotated[str, Field(pattern=r"^[a-z][a-z_]*(\.[a-z][a-z_]*)+$")]


class BatteryRow(Fact):
    """One measure of a battery: what covers it, and what of it is not computed, and why.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> row = ipm.battery("table3").rows[0]
    >>> row.domain, row.instruments
    ('pain', ('peg',))
    """

    id: Id
    domain: Text
    metric: Text
    """The measure as the battery names it."""
    instruments: Ids = ()
    """Ids of the instruments that cover it."""
    functions: Annotated[tuple[FunctionName, ...], Field(strict=False)] = ()
    """Functions that cover it from records, by their names within the library."""
    computed: Text | None = None
    """What these functions compute."""
    not_computed: Text

    @property
    def covered(self) -> bool:
        """Whether anything covers it."""
        return bool(self.instruments or self.functions)

    @property
    def scores(self) -> tuple[str, ...]:
        """What is computed: the scores of each instrument, by its definition, and what the functions give.

        A score that rests on unverified facts alone says so.
        """
        lines = [f"{id}: {'; '.join(_scale_names(id))}" for id in self.instruments]
        return (*lines, *([f"{', '.join(self.functions)}: {self.computed}"] if self.functions else ()))


class Battery(Part):
    """A list of measures, row by row.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> table3 = ipm.battery("table3")
    >>> table3.id, len(table3.rows) > 10
    ('table3', True)
    """

    id: Id
    title: Text
    about: Text
    rows: Annotated[tuple[BatteryRow, ...], Field(strict=False, min_length=1)]
    sources: Annotated[tuple[Source, ...], Field(strict=False, min_length=1)]
    digest: str = ""

    def row(self, id: str) -> BatteryRow:
        """One row by its id.

        Parameters
        ----------
        id
            Id of a row, such as ``"opioids"``.

        Returns
        -------
        BatteryRow

        Raises
        ------
        UnknownNameError
            There is no such row; the message lists those there are.
        """
        for row in self.rows:
            if row.id == id:
                return row
        raise UnknownNameError(
            f"{self.id}: there is no row of this id; there are {', '.join(r.id for r in self.rows)}"
        )

    def __str__(self) -> str:
        """The rows as text: metric, what covers it, what is computed and what is not."""
        parts = [f"{self.title} ({self.id})", self.about]
        for n, row in enumerate(self.rows, 1):
            parts += [f"{n}. {row.metric} ({row.domain})", *(f"   {line}" for line in row.scores)]
            parts += [f"   not computed: {row.not_computed}"]
        return "\n".join(parts)

    def __repr__(self) -> str:
        """The id and the ids of the rows."""
        rows = ", ".join(row.id for row in self.rows)
        return f"<battery {self.id}, {len(self.rows)} rows: {rows}>"


def _scale_names(id: str) -> Iterator[str]:
    for scale in instrument(id).scales:
        name = scale.short_title or scale.title
        yield f"{name} (unverified)" if scale.evidence == "unverified" else name


def _problems(battery_: Battery) -> Iterator[tuple[str, str]]:
    ids = Counter(row.id for row in battery_.rows)
    for n, row in enumerate(battery_.rows):
        place = f"rows[{n}] ({row.id})"
        if ids[row.id] > 1:
            yield place, "its id appears twice"
        if unknown := [id for id in row.instruments if id not in instruments()]:
            yield place, f"there is no instrument {unknown[0]!r}"
        if bool(row.functions) != (row.computed is not None):
            yield place, "it says what is computed if, and only if, it names functions"
        if missing := set(row.source) - {source.key for source in battery_.sources}:
            yield place, f"the source {min(missing)!r} is not among the sources of the file"


def parse(data: Mapping[str, Any], *, file: str, digest: str) -> Battery:
    """Build a battery from the content of its file, with every check.

    Parameters
    ----------
    data, file, digest
        Content, name and digest of the file.

    Returns
    -------
    Battery

    Raises
    ------
    DefinitionError
        Names the file, the place in it and the fact that does not hold.
    """
    return checked(Battery, _problems, data, file=file, digest=digest)


@cache
def batteries() -> tuple[str, ...]:
    """Ids of all batteries, in alphabetical order.

    Returns
    -------
    tuple of str

    >>> from ipm_outcomes.batteries import batteries
    >>> batteries()
    ('table3',)
    """
    return ids_in(folder() / "batteries")


@cache
def battery(id: str) -> Battery:
    """List the measures that a kind of program is asked for, and what of each the library covers.

    Parameters
    ----------
    id
        Id of a battery: ``"table3"``, the 19 measures of integrated pain programs.

    Returns
    -------
    Battery
        Its rows: domain, metric, the instruments or functions that cover it, what is computed, and what is not and
        why. ``print`` shows all of it.

    Raises
    ------
    UnknownNameError
        There is no such battery; the message lists those there are.

    Notes
    -----
    ``table3`` follows table 3 of Lentz et al. 2023. The paper was not read: its rows have the names that the works
    behind the definitions use, in an order of our own, and are marked as unverified.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> result = ipm.battery("table3")
    >>> len(result.rows), result.row("depression").instruments
    (19, ('phq9',))
    >>> result.row("activation").scores
    ('pam: Patient activation',)
    """
    if id not in batteries():
        if isinstance(id, str) and id.casefold() in batteries():
            return battery(id.casefold())
        raise UnknownNameError(f"there is no battery of this id; there are {', '.join(batteries())}")
    return read_within(folder(), f"batteries/{id}.toml", parse)

"""What every definition is made of: names, texts and exact numbers, facts with their sources."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from decimal import Decimal
from keyword import iskeyword
from typing import Annotated, Literal
from unicodedata import category

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ipm_outcomes.scores import Scores

Evidence = Literal["2+", "1", "derived", "unverified"]
"""Strength of evidence: read in the original or in two independent sources; read once; arithmetic on a
sourced number; written from general knowledge of the literature, no source text read."""


def as_tuple(value: object) -> object:
    """Take one text as a tuple of one, so that a file may write either.

    Parameters
    ----------
    value
        What the file holds.

    Returns
    -------
    object
        The tuple, or any other value as it is.

    Examples
    --------
    >>> as_tuple("kroenke2001")
    ('kroenke2001',)
    """
    return (value,) if isinstance(value, str) else value


def unfolded(fields: tuple[str, ...]) -> BeforeValidator:
    """Let the rows of a table be written as plain lists, in the order of these fields.

    Parameters
    ----------
    fields
        Names of the fields of a row; the last ones may be left out.

    Returns
    -------
    pydantic.BeforeValidator
        To annotate the type of a row with.
    """

    def unfold(value: object) -> object:
        if isinstance(value, list):
            if not 1 <= len(value) <= len(fields):
                raise ValueError(f"a row holds {', '.join(fields)}; {len(value)} entries were given")
            return dict(zip(fields, value, strict=False))
        return value

    return BeforeValidator(unfold)


_OF_RESPONSES = {
    "instrument_id",
    "scores_class",
    "scoring_plans",
    "settling",
    "strict_answers",
    "definition",
    "from_positions",
    "from_labels",
}
_OF_SCORES = {*dir(Scores), *Scores.__dataclass_fields__}
_OF_CHANGES = {"sentence", "short", "instrument", "lead"}
_IN_PRINTED_CLASSES = {"int", "str", "classmethod", "cls", "tuple", "object", "dataclass"}
_OF_PRINTED_MODULES = {
    *("TYPE_CHECKING", "Annotated", "Any", "ClassVar", "Iterable", "Self", "Field", "Response", "BaseModel"),
    *("Scores", "Score", "CategoryScore", "Flag", "Provenance"),
    *("Changes", "ScaleChange", "CategoryChange", "OfScales"),
    *dir(builtins),
}


def _free_of(taken: Callable[[str], bool]) -> AfterValidator:
    """Refuse a name that could not be in a printed class, or would hide one that it has."""

    def free(value: str) -> str:
        if iskeyword(value) or taken(value):
            raise ValueError("this name is taken by Python or by the base class; give another")
        return value

    return AfterValidator(free)


Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]


ModuleName = Annotated[Id, _free_of(lambda name: False)]
"""An id that becomes the name of a module."""
ItemName = Annotated[
    Id,
    _free_of(
        lambda name: (
            name.startswith("model_")
            or hasattr(BaseModel, name)
            or name in _OF_RESPONSES | _IN_PRINTED_CLASSES
        )
    ),
]
"""An id that becomes an attribute of a response."""
ScaleName = Annotated[Id, _free_of(lambda name: name in _OF_SCORES | _OF_CHANGES | _IN_PRINTED_CLASSES)]
"""An id that becomes an attribute of scores and changes."""
ClassName = Annotated[
    str,
    Field(pattern=r"^[A-Z][A-Za-z0-9]*$", max_length=100),
    _free_of(lambda name: name in _OF_PRINTED_MODULES),
]
Loinc = Annotated[str, Field(pattern=r"^\d{1,7}-\d$")]
LoincAnswer = Annotated[str, Field(pattern=r"^LA\d{1,6}-\d$")]
Exact = Annotated[Decimal, BeforeValidator(lambda v: Decimal(v) if type(v) is int else v), Field(strict=True)]


def one_line(value: str) -> str:
    """Refuse line breaks and control characters, for which no place that prints a text has room.

    Parameters
    ----------
    value
        A text of a definition.

    Returns
    -------
    str
        The text as it is.

    Raises
    ------
    ValueError
        It holds a line break or a control character.
    """
    if any(category(sign) in ("Cc", "Zl", "Zp") for sign in value):
        raise ValueError("holds a line break or a control character; write it in one line")
    return value


Text = Annotated[str, Field(min_length=1), AfterValidator(one_line)]


class Part(BaseModel):
    """A part of a definition: frozen, strict, and without keys that the grammar does not know."""

    # Built with the grammar that they belong to: to build each apart takes longer than all other imports together.
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True, defer_build=True
    )


class Fact(Part):
    """Anything decided: it names its source and how strong the evidence is."""

    source: Annotated[tuple[Text, ...], BeforeValidator(as_tuple), Field(strict=False, min_length=1)]
    evidence: Evidence
    note: Text | None = None


class Source(Part):
    """A work that facts rest on; facts name it by its key.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> peg = ipm.instrument("peg")
    >>> peg.source(peg.scale("mean").source[0]).key in {source.key for source in peg.sources}
    True
    """

    key: Id
    cite: Text
    doi: Text | None = None


class License(Fact):
    """The terms of the instrument (not of the code), from a closed vocabulary.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> terms = ipm.instrument("peg").license
    >>> terms.status, terms.wording
    ('public-domain', True)
    """

    status: Literal["public-domain", "free-with-attribution", "permission-required", "unknown"]
    holder: Text | None = None
    statement: Text
    wording: bool
    """Whether the wording of the items may ship with the library."""


class LoincPanel(Fact):
    """Where the LOINC codes of the file were read, and the code of the panel."""

    panel: Loinc | None = None

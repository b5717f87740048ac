"""How results go out as JSON and come back: checked, and with nothing of what was given in an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from inspect import cleandoc
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import ConfigDict, Field, GetJsonSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from ipm_outcomes.errors import described

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0)]
YesNo = Annotated[bool, Field(strict=True)]


class Checked:
    """A frozen dataclass that Pydantic reads strictly; what is read must agree with itself."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", hide_input_in_errors=True)

    def _contradiction(self) -> str | None:
        """What does not agree in a result that was read, if anything."""
        return None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Callable[[Any], CoreSchema]) -> CoreSchema:
        names = {field.name for field in fields(source)}

        def agreeing(given: Any, read: Callable[[Any], Self]) -> Self:
            # Pydantic would name what does not belong there, and that came with the data.
            if isinstance(given, Mapping) and (unknown := [key for key in given if key not in names]):
                message = f"{cls.__name__} has no attribute of this name ({described(unknown[0])})"
                raise PydanticCustomError("unknown_attribute", literal(message))
            value = read(given)
            # A result that was handed over as it is was made by this library.
            if value is not given and (contradiction := value._contradiction()):
                raise PydanticCustomError("result_contradicts", literal(contradiction))
            return value

        return core_schema.no_info_wrap_validator_function(agreeing, handler(source))

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        whole = handler(schema)
        inside = handler.resolve_ref_schema(whole)
        for base in reversed(cls.__mro__[:-1]):
            inside["description"], attributes = _said(base.__doc__ or "")
            for name, text in attributes.items():
                inside["properties"][name]["description"] = text
        return whole


def _said(docstring: str) -> tuple[str, dict[str, str]]:
    """The first paragraph of a docstring, and what its section of attributes says of each."""
    about, _, rest = cleandoc(docstring).partition("\n\n")
    attributes: dict[str, str] = {}
    listed = rest.partition("Attributes\n----------\n")[2].partition("\n\n")[0]
    for names, text in re.findall(r"^(\w.*?) : .*\n((?:    .*\n?)+)", listed, re.MULTILINE):
        attributes |= dict.fromkeys(names.split(", "), _in_one_line(text))
    return _in_one_line(about), attributes


def _in_one_line(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


class Stored(Checked):
    """A result that goes out as JSON and comes back equal."""

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists, numbers and text, ready for JSON; the keys are the attributes."""
        plain: dict[str, Any] = _adapter(type(self)).dump_python(self, mode="json")
        return plain

    def to_json(self) -> str:
        """JSON text; the keys are the attributes."""
        return _adapter(type(self)).dump_json(self).decode()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The result that `to_dict` gave.

        Parameters
        ----------
        data
            Dictionaries, lists, numbers and text as `to_dict` gives them.

        Returns
        -------
        Self
            Equal to the result that was stored.

        Raises
        ------
        pydantic.ValidationError
            Something is missing, of another kind or does not belong there, or the parts contradict each other,
            such as a value and its exact integers. The error holds nothing that was given.
        """
        return _read(cls, _adapter(cls).validate_python, data)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The result that `to_json` gave; raises as `from_dict`."""
        return _read(cls, _adapter(cls).validate_json, text)


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


def _adapter(cls: type) -> TypeAdapter[Any]:
    if cls not in _ADAPTERS:
        _ADAPTERS[cls] = TypeAdapter(cls)
    return _ADAPTERS[cls]


S = TypeVar("S", bound=Stored)


def _read(cls: type[S], read: Callable[[Any], Any], given: Any) -> S:
    try:
        value: S = read(given)
    except ValidationError as error:
        problems = [_without_input(entry) for entry in error.errors(include_url=False)]
    else:
        return value
    # Raised here, so that it does not carry along what was given.
    raise ValidationError.from_exception_data(cls.__name__, problems, hide_input=True)


def _without_input(problem: Any) -> InitErrorDetails:
    """A problem with its place and message, and of what was given the kind alone."""
    kind = PydanticCustomError(problem["type"], literal(problem["msg"]))
    return InitErrorDetails(type=kind, loc=problem["loc"], input=f"<{type(problem['input']).__name__}>")


def literal(message: str) -> Any:
    """A message as a template that fills nothing in."""
    return message.replace("{", "(").replace("}", ")")

"""What JSON schemas say of items and scales, from the definition; it is read when a schema is asked for."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from ipm_outcomes._stored import Stored


class OfScales(Stored):
    """A result with one attribute for each scale of an instrument, which its JSON schema describes."""

    instrument_id: ClassVar[str]

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        whole = super().__get_pydantic_json_schema__(schema, handler)
        from ipm_outcomes.catalog import instrument

        properties = handler.resolve_ref_schema(whole)["properties"]
        for scale in instrument(cls.instrument_id).scales:
            properties[scale.id] |= {"description": scale.sentence} | _loinc(scale.loinc)
        return whole


def describe_items(id: str, properties: dict[str, Any]) -> None:
    """Put into a JSON schema what the definition has of each item.

    Parameters
    ----------
    id
        Id of the instrument.
    properties
        The properties of the schema, by item; changed.
    """
    from ipm_outcomes.catalog import instrument

    definition = instrument(id)
    for item in definition.items:
        properties[item.id] |= {"title": item.wording or item.gist} | _loinc(item.loinc)
        if item.unscored:
            properties[item.id]["description"] = "Not scored."


def _loinc(code: str | None) -> dict[str, str]:
    return {"x-loinc": code} if code else {}

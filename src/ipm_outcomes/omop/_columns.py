"""The columns of two tables of the common data model 5.4, and the site's concepts.

Columns: OHDSI CommonDataModel, inst/csv/OMOP_CDMv5.4_Field_Level.csv.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ipm_outcomes.errors import FrameError
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import CellKind

TableName = Literal["observation", "measurement"]

MOST_LETTERS = 50
"""Of a source value."""

COLUMNS: Mapping[TableName, Mapping[str, CellKind]] = {
    "observation": {
        "observation_id": "whole",
        "person_id": "whole",
        "observation_concept_id": "whole",
        "observation_date": "date",
        "observation_datetime": "date",
        "observation_type_concept_id": "whole",
        "value_as_number": "real",
        "value_as_string": "text",
        "value_as_concept_id": "whole or null",
        "qualifier_concept_id": "whole or null",
        "unit_concept_id": "whole or null",
        "provider_id": "whole or null",
        "visit_occurrence_id": "whole or null",
        "visit_detail_id": "whole or null",
        "observation_source_value": "text",
        "observation_source_concept_id": "whole or null",
        "unit_source_value": "text",
        "qualifier_source_value": "text",
        "value_source_value": "text",
        "observation_event_id": "whole or null",
        "obs_event_field_concept_id": "whole or null",
    },
    "measurement": {
        "measurement_id": "whole",
        "person_id": "whole",
        "measurement_concept_id": "whole",
        "measurement_date": "date",
        "measurement_datetime": "date",
        "measurement_time": "text",
        "measurement_type_concept_id": "whole",
        "operator_concept_id": "whole or null",
        "value_as_number": "real",
        "value_as_concept_id": "whole or null",
        "unit_concept_id": "whole or null",
        "range_low": "real",
        "range_high": "real",
        "provider_id": "whole or null",
        "visit_occurrence_id": "whole or null",
        "visit_detail_id": "whole or null",
        "measurement_source_value": "text",
        "measurement_source_concept_id": "whole or null",
        "unit_source_value": "text",
        "unit_source_concept_id": "whole or null",
        "value_source_value": "text",
        "measurement_event_id": "whole or null",
        "meas_event_field_concept_id": "whole or null",
    },
}
EVENT_FIELDS: Mapping[TableName, str] = {
    "observation": "obs_event_field_concept_id",
    "measurement": "meas_event_field_concept_id",
}
_DOMAINS: Mapping[str, TableName] = {"observation": "observation", "measurement": "measurement"}


@dataclass(frozen=True)
class Concepts:
    """A site's concepts of LOINC codes."""

    ids: Mapping[str, int]
    """By code."""
    domains: Mapping[str, str]
    """By code, in lower case."""
    codes: Mapping[int, str] = field(init=False)
    """The code of each concept."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "codes", {id: code for code, id in self.ids.items()})

    @classmethod
    def read(cls, table: Any) -> Concepts:
        """Read the table ``loinc, concept_id, domain_id``; a code or a concept that is there twice is refused."""
        frame = Frame(table)
        frame.require(("loinc", "concept_id", "domain_id"), "concepts")
        ids, null = frame.wholes("concept_id")
        if null.any():
            raise FrameError(f"concepts: concept_id is empty in row {null.argmax()} (counted from 0)")
        codes = [str(cell).strip() for cell in frame.values("loinc")]
        domains = [str(cell).strip().casefold() for cell in frame.values("domain_id")]
        for name, cells in (("loinc", codes), ("concept_id", ids.tolist())):
            if len(set(cells)) < len(cells):
                raise FrameError(f"concepts: an entry of {name} appears twice; keep one row for each code")
        return cls(dict(zip(codes, ids.tolist(), strict=True)), dict(zip(codes, domains, strict=True)))

    def table_of(self, code: str | None) -> TableName:
        """The table of the code's domain; OBSERVATION where the site has no concept of it."""
        if code is None or code not in self.domains:
            return "observation"
        column = _DOMAINS.get(self.domains[code])
        if column is None:
            raise FrameError(
                f"concepts: the domain of {code} is neither Observation nor Measurement; correct the row, or say "
                "table='observation' or 'measurement'"
            )
        return column

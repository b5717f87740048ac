"""The rows of a response, written without the view."""

from __future__ import annotations

from typing import Any

from ipm_outcomes import fhir

ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
WEIGHT = "http://hl7.org/fhir/StructureDefinition/itemWeight"
CO_VALUE = "http://hl7.org/fhir/StructureDefinition/iso21090-CO-value"


def columns() -> list[str]:
    """Names of all columns of the view, wherever they stand in it."""

    def of(part: Any) -> list[str]:
        names = [column["name"] for column in part.get("column", ())]
        for key in ("select", "unionAll"):
            for inner in part.get(key, ()):
                names += of(inner)
        return names

    return list(dict.fromkeys(of(fhir.view_definition())))


def flat(resource: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a resource with up to three levels of groups, written without the view."""
    head = {
        "response_id": resource["id"],
        "status": resource.get("status"),
        "questionnaire": resource.get("questionnaire"),
        "authored": resource.get("authored"),
        "subject": resource.get("subject", {}).get("reference"),
        "deeper": False,
    }
    rows: list[dict[str, Any]] = []

    def walk(items: list[dict[str, Any]], depth: int) -> None:
        for item in items:
            head["deeper"] = head["deeper"] or depth > 3
            for answer in item.get("answer") or [{}]:
                coding, quantity = answer.get("valueCoding", {}), answer.get("valueQuantity", {})
                row = {
                    "link_id": item["linkId"],
                    "definition": item.get("definition"),
                    "has_value": any(key.startswith("value") for key in answer),
                    **{f"coding_{key}": coding.get(key) for key in ("system", "code", "display")},
                    "integer_value": answer.get("valueInteger"),
                    "decimal_value": answer.get("valueDecimal"),
                    "string_value": answer.get("valueString"),
                    **{f"quantity_{key}": quantity.get(key) for key in ("value", "code", "comparator")},
                }
                names = {"ordinal_value": ORDINAL, "item_weight": WEIGHT, "co_value": CO_VALUE}
                for where, part in (("coding", coding), ("answer", answer)):
                    by = {one["url"]: one.get("valueDecimal") for one in part.get("extension", ())}
                    row |= {f"{where}_{name}": by.get(url) for name, url in names.items()}
                rows.append(row)
                walk(answer.get("item", []), depth + 1)
            walk(item.get("item", []), depth + 1)

    walk(resource.get("item", []), 1)
    return [{**dict.fromkeys(columns()), **row, **head} for row in rows or [{}]]

"""References and times as FHIR writes them, from what a caller gives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from ipm_outcomes.errors import ParameterError, described

_DATE_TIME = re.compile(
    r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])"
    r"(T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,9})?(Z|[+-]((0\d|1[0-3]):[0-5]\d|14:00)))?)?)?"
)


def reference(name: str, given: object) -> dict[str, Any]:
    """A Reference, from its text or as it is."""
    if isinstance(given, str) and given.strip():
        return {"reference": given}
    if isinstance(given, Mapping):
        return dict(given)
    raise ParameterError(f"{name}: give a reference such as 'Patient/1', not {described(given)}")


def date_time(name: str, given: object, *, day: bool = False) -> str:
    """FHIR dateTime text; with ``day``, at least a day."""
    if isinstance(given, datetime):
        if given.tzinfo is None:
            raise ParameterError(
                f"{name}: a time of day needs its zone in FHIR; give a date, or a time with its zone"
            )
        return given.isoformat()
    if isinstance(given, date):
        return given.isoformat()
    if not isinstance(given, str) or not _DATE_TIME.fullmatch(given):
        raise ParameterError(
            f"{name}: give a date, or text such as 2026-03-07 or 2026-03-07T10:30:00Z, not {described(given)}"
        )
    if day and len(given) < 10:
        raise ParameterError(f"{name}: at least the day is needed")
    return given

"""Which columns of a SAS transport file hold dates, by the formats in its header: readers give bare numbers.

The layout is that of version 5 (SAS Technical Support note TS-140): after the header of the first member each column
has a record of 140 bytes, with its name at byte 8 and the name of its format at byte 56.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DATE_FORMATS = frozenset(
    {
        *(
            "DATE",
            "DAY",
            "DDMMYY",
            "DOWNAME",
            "JULDAY",
            "JULIAN",
            "MMDDYY",
            "MMYY",
            "MONNAME",
            "MONTH",
            "MONYY",
        ),
        *("QTR", "QTRR", "WEEKDATE", "WEEKDATX", "WEEKDAY", "WORDDATE", "WORDDATX", "YEAR", "YYMM", "YYMMDD"),
        *("YYMON", "YYQ", "YYQR", "YYWEEKU", "YYWEEKV", "YYWEEKW", "B8601DA", "E8601DA", "IS8601DA"),
        *(f"{order}{sign}" for order in ("DDMMYY", "MMDDYY", "YYMMDD") for sign in "BCDNPS"),
        *(f"{order}{sign}" for order in ("MMYY", "YYMM", "YYQ", "YYQR") for sign in "CDNPS"),
    }
)
"""Formats of numbers that count days since 1960-01-01."""

DATETIME_FORMATS = frozenset(
    {
        *("DATETIME", "DATEAMPM", "MDYAMPM", "DTDATE", "DTMONYY", "DTWKDATX", "DTYEAR", "DTYYQC"),
        *("B8601DN", "B8601DT", "B8601DX", "B8601DZ", "E8601DN", "E8601DT", "E8601DX", "E8601DZ", "IS8601DT"),
    }
)
"""Formats of numbers that count seconds since 1960-01-01."""

_HEADER = b"HEADER RECORD*******"
_LINE, _RECORD = 80, 140
_EPOCH = np.datetime64("1960-01-01", "D")
_FIRST, _LAST = np.datetime64("1582-01-01", "D"), np.datetime64("9999-12-31", "D")


def date_columns(head: bytes) -> dict[str, str]:
    """Columns of dates and of time stamps by name, with ``"D"`` or ``"s"``, as the head of a transport file has them.

    Empty where it is not laid out as that of version 5.
    """
    at = head.find(_HEADER + b"NAMESTR HEADER RECORD!!!!!!!")
    try:
        count = int(head[at + 54 : at + 58]) if at >= 0 else 0
    except ValueError:
        return {}
    found = {}
    for number in range(count):
        record = head[at + _LINE + number * _RECORD :][:_RECORD]
        name, shown = (record[place : place + 8].decode("latin-1").strip().upper() for place in (8, 56))
        if record[:2] == b"\x00\x01" and shown in DATE_FORMATS | DATETIME_FORMATS:
            found[name] = "D" if shown in DATE_FORMATS else "s"
    return found


def as_dates(values: NDArray[np.float64], unit: str) -> NDArray[Any] | None:
    """Days or seconds since 1960 as dates or time stamps; None where one of them is no date that SAS has.

    >>> as_dates(np.array([24111.0, np.nan]), "D")
    array(['2026-01-05',        'NaT'], dtype='datetime64[D]')
    """
    missing = np.isnan(values)
    size = 1 if unit == "D" else 86_400
    low, high = ((day - _EPOCH).astype(np.int64) * size for day in (_FIRST, _LAST))
    known = np.floor(np.where(missing, 0.0, values))
    if ((known < low) | (known > high)).any():
        return None
    stamps: NDArray[Any] = _EPOCH.astype(f"datetime64[{unit}]") + known.astype(np.int64).astype(
        f"timedelta64[{unit}]"
    )
    stamps[missing] = np.datetime64("NaT")
    return stamps

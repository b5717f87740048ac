"""One column of dates of any kind of frame: what is read, what is not, and the way out that is named."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipm_outcomes import frames
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.frames._date_cells import NO_TIME, USUAL_FORMATS, day_number, reader, shape_of
from ipm_outcomes.frames._dates import DATED, MISSING, UNPARSABLE, Dates, format_of, read_dates
from ipm_outcomes.frames._frame import Frame

HOUR = 3_600 * 10**9
JANUARY_5 = day_number(date(2026, 1, 5))


def read(backend: Any, cells: list[Any], date_format: str | None = None) -> Dates:
    return read_dates(Frame(backend.make({"date": cells})), "date", date_format)


def days(found: Dates) -> list[Any]:
    """The date, or the state where there is none."""
    return [
        date(1970, 1, 1) + timedelta(day) if state == DATED else state
        for day, state in zip(found.day.tolist(), found.state.tolist(), strict=True)
    ]


@pytest.mark.parametrize(
    ("cells", "date_format", "expected"),
    [
        (["2026-01-05", None, "", "  "], None, [date(2026, 1, 5), MISSING, MISSING, MISSING]),
        (["01/05/2026", "02/14/2026"], "%m/%d/%Y", [date(2026, 1, 5), date(2026, 2, 14)]),
        (["05/01/2026", "14/02/2026"], "%d/%m/%Y", [date(2026, 1, 5), date(2026, 2, 14)]),
        (["01/05/2026", "13/14/2026"], None, [UNPARSABLE, UNPARSABLE]),
        # ISO text is read beside a declared format; what fits neither is not.
        (["01/05/2026", "2026-02-14", "14.02.2026"], "%m/%d/%Y", [date(2026, 1, 5), date(2026, 2, 14), UNPARSABLE]),
        # Two digits of a year: 69 to 99 and 00 to 68, as POSIX has it.
        (["01/05/69", "01/05/68"], "%m/%d/%y", [date(1969, 1, 5), date(2068, 1, 5)]),
        (["2024-1-5", "20240105", "2024-W01-5", "2024-01", "10:30"], None, [UNPARSABLE] * 5),
        (["2024-1-5"], "%Y-%m-%d", [date(2024, 1, 5)]),
        (["2024-W01-5"], "%G-W%V-%u", [date(2024, 1, 5)]),
        (["2024-02-30", "0000-01-01", "10000-01-01"], None, [UNPARSABLE] * 3),
        (["5 Jan 2026"], "%d %b %Y", [date(2026, 1, 5)]),
        # Excel counts from 1 January 1900 as day 1 and has a 29 February 1900 (60), which never was.
        ([46027, 1, 59, 60, 61, 0, -3], "excel", [
            date(2026, 1, 5), date(1900, 1, 1), date(1900, 2, 28), UNPARSABLE, date(1900, 3, 1), UNPARSABLE, UNPARSABLE,
        ]),
        (["46027", "24111"], "excel", [date(2026, 1, 5), date(1966, 1, 4)]),
        # SAS counts days from 1 January 1960.
        ([24111, 0, -1], "sas", [date(2026, 1, 5), date(1960, 1, 1), date(1959, 12, 31)]),
        ([24111, 46027], None, [UNPARSABLE, UNPARSABLE]),
        ([20260105, None], "%Y%m%d", [date(2026, 1, 5), MISSING]),
        ([True, None], None, [UNPARSABLE, MISSING]),
        ([None, None], None, [MISSING, MISSING]),
        ([date(2026, 1, 5), None], "%m/%d/%Y", [date(2026, 1, 5), MISSING]),
        ([], None, []),
    ],
)  # fmt: skip
def test_what_is_read(backend: Any, cells: list[Any], date_format: str | None, expected: list[Any]) -> None:
    assert days(read(backend, cells, date_format)) == expected


def test_times_are_kept_and_offsets_make_them_comparable(backend: Any) -> None:
    found = read(backend, ["2026-01-05T18:00:00", "2026-01-05 08:30", "2026-01-05", None])
    assert found.time is not None
    assert found.time.tolist() == [18 * HOUR, 8.5 * HOUR, NO_TIME, NO_TIME]
    zones = read(backend, ["2026-01-05T18:00+02:00", "2026-01-05T17:00Z", "2026-01-05T10:00-0800"])
    assert zones.time is not None
    assert zones.day.tolist() == [JANUARY_5] * 3
    assert zones.time.tolist() == [16 * HOUR, 17 * HOUR, 18 * HOUR]
    assert read(backend, ["2026-01-05"]).time is None


def test_time_stamps_are_of_the_day_on_their_own_clock(backend: Any) -> None:
    plain = read(backend, [datetime(2026, 1, 5, 18), datetime(2026, 1, 5, 8), None])
    assert plain.time is not None
    assert plain.state.tolist() == [DATED, DATED, MISSING]
    assert plain.time.tolist() == [18 * HOUR, 8 * HOUR, NO_TIME]
    late = read(backend, [datetime(2026, 1, 6, 4, 30, tzinfo=UTC)])
    assert late.time is not None
    assert late.time.tolist() == [4.5 * HOUR]
    declared = read(backend, ["05.01.2026 18:00"], "%d.%m.%Y %H:%M")
    assert declared.time is not None
    assert (declared.day.tolist(), declared.time.tolist()) == ([JANUARY_5], [18 * HOUR])


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_time_stamps_of_a_zone(library: str) -> None:
    """23:30 in New York stays that day; the hour that comes twice in autumn is distinguished."""
    stamps = pd.Series(pd.to_datetime(["2026-01-06T04:30Z", "2025-11-02T05:30Z", "2025-11-02T06:30Z"]))
    pandas = pd.DataFrame({"date": stamps.dt.tz_convert("America/New_York")})
    made = {"pandas": pandas, "polars": pl.from_pandas(pandas), "pyarrow": pl.from_pandas(pandas).to_arrow()}
    found = read_dates(Frame(made[library]), "date")
    assert days(found) == [date(2026, 1, 5), date(2025, 11, 2), date(2025, 11, 2)]
    assert found.time is not None
    assert found.time[1] < found.time[2]


def test_cells_of_several_kinds_in_pandas() -> None:
    cells = [
        datetime(2026, 1, 5, 3),
        date(2026, 1, 5),
        "2026-01-05",
        46027,
        np.datetime64("2026-01-05"),
        True,
    ]
    cells += [pd.Timestamp(2026, 1, 5), pd.NaT, pd.NA, float("nan"), ["2026-01-05"]]
    column = pd.DataFrame({"date": pd.Series(cells, dtype=object)})
    assert days(read_dates(Frame(column), "date")) == [
        *[date(2026, 1, 5)] * 3,
        *(UNPARSABLE, date(2026, 1, 5), UNPARSABLE, date(2026, 1, 5)),
        *[MISSING] * 3,
        UNPARSABLE,
    ]
    assert days(read_dates(Frame(column.iloc[:4]), "date", "excel"))[3] == date(2026, 1, 5)
    named = pd.DataFrame({"date": pd.Categorical(["01/05/2026", None])})
    assert days(read_dates(Frame(named), "date", "%m/%d/%Y")) == [date(2026, 1, 5), MISSING]


@pytest.mark.parametrize("day", [2_932_896, 2_932_897, -719_162, -719_163, 4_194_304 + 19_702, 2**31 - 1])
def test_native_dates_outside_the_calendar_are_no_dates(day: int) -> None:
    """The years 1 to 9999 are days -719,162 to 2,932,896 after 1 January 1970."""
    frame = pl.DataFrame({"date": pl.Series([day]).cast(pl.Int32).cast(pl.Date)})
    inside = -719_162 <= day <= 2_932_896
    for made in (frame, frame.to_arrow()):
        found = read_dates(Frame(made), "date")
        assert found.state.tolist() == [DATED if inside else UNPARSABLE]
        assert found.day.tolist() == [day if inside else 0]
        assert found.shapes() == ({} if inside else {"a year outside 1 to 9999": 1})


@pytest.mark.parametrize(
    ("cells", "shapes", "formats"),
    [
        (["01/05/2026", "02/14/2026", "2026-01-05"], {"##/##/####": 2}, ("%m/%d/%Y",)),
        (["01/05/2026", "02/03/2026", None], {"##/##/####": 2}, ("%m/%d/%Y", "%d/%m/%Y")),
        (["13/02/2026", "02/14/2026"], {"##/##/####": 2}, ()),
        (["5 Jan 2026", "Müller", "x" * 40], {"# aaa ####": 1, "aaaaaa": 1, "a" * 24 + "…": 1}, ()),
        (["2024-1-5"], {"####-#-#": 1}, ("%Y-%m-%d",)),
        ([46027, 46028], {"#####": 2}, ("excel", "sas")),
        (["46027.75"], {"#####.##": 1}, ("excel",)),
        (["05JAN2026"], {"##aaa####": 1}, ("%d%b%Y",)),
        (["May 5, 2026"], {"aaa #, ####": 1}, ("%b %d, %Y",)),  # May is a short and a long name
        (["05.01.26"], {"##.##.##": 1}, ("%d.%m.%y", "%m.%d.%y")),
        (
            ["1/13/2026 8:00AM", "1/5/2026 11:30PM"],
            {"#/##/#### #:##aa": 1, "#/#/#### ##:##aa": 1},
            ("%m/%d/%Y %I:%M%p",),
        ),
        (["1/13/2026, 8:00:00\u202fPM"], {"#/##/####, #:##:##?aa": 1}, ("%m/%d/%Y, %I:%M:%S %p",)),
        (["01/13/26 0800"], {"##/##/## ####": 1}, ("%m/%d/%y %H%M",)),
        (["Monday, January 5, 2026"], {"aaaaaa, aaaaaaa #, ####": 1}, ("%A, %B %d, %Y",)),
        (["Jan  5 2026 12:00AM"], {"aaa  # #### ##:##aa": 1}, ("%b %d %Y %I:%M%p",)),
        (["2026-01-05 08:00:00 UTC"], {"####-##-## ##:##:## aaa": 1}, ("%Y-%m-%d %H:%M:%S UTC",)),
        (["2026-01-05 08:00:00 -0500"], {"####-##-## ##:##:## -###…": 1}, ("%Y-%m-%d %H:%M:%S %z",)),
    ],
)
def test_what_cannot_be_read_is_described_with_the_way_out(
    backend: Any, cells: list[Any], shapes: dict[str, int], formats: tuple[str, ...]
) -> None:
    found = read(backend, cells)
    assert (found.shapes(), found.formats()) == (shapes, formats)


def test_only_the_rows_asked_for_are_described(backend: Any) -> None:
    found = read(backend, ["01/05/2026", "5 Jan 2026", "2026-01-05"])
    rows = np.array([True, False, True])
    assert (found.unreadable(rows), found.shapes(rows), found.unreadable()) == (1, {"##/##/####": 1}, 2)


@pytest.mark.parametrize("wrong", ["", "%", "%m/%d", "%Y", "%H:%M", "%Q", "month", "%Y-%d-%m", "%Y-%d-%m %H"])
def test_formats_from_which_no_day_can_be_read_are_refused(wrong: str) -> None:
    with pytest.raises(ParameterError, match="date_format"):
        read_dates(Frame(pl.DataFrame({"date": ["2026-01-05"]})), "date", wrong)


def test_a_format_for_each_column() -> None:
    both = {"date": "%m/%d/%Y", "start_date": "excel"}
    names = ("date", "start_date")
    assert [format_of(both, name, names) for name in names] == ["%m/%d/%Y", "excel"]
    assert format_of({"date": "sas"}, "start_date", names) is None
    for wrong in ({"day": "sas"}, 5):
        with pytest.raises(ParameterError, match="date_format"):
            format_of(wrong, "date", names)  # type: ignore[arg-type]


SOME_DAYS = st.dates(date(1970, 1, 1), date(2068, 12, 31))


@given(st.lists(SOME_DAYS, min_size=1, max_size=5), st.sampled_from(USUAL_FORMATS[:-2]))
@settings(max_examples=100)
def test_every_usual_format_reads_what_it_writes_and_is_named(found: list[date], date_format: str) -> None:
    written = [datetime.combine(day, datetime.min.time(), UTC).strftime(date_format) for day in found]
    frame = Frame(pl.DataFrame({"date": written}))
    assert days(read_dates(frame, "date", date_format)) == found
    bare = read_dates(frame, "date")
    named = [read_dates(frame, "date", one) for one in bare.formats()]
    assert not bare.unreadable() or found in map(days, named)
    assert all(state != DATED for state in bare.state) or date_format.startswith("%Y-%m-%d")


@pytest.mark.parametrize(
    ("cells", "date_format", "expected"),
    [
        (["20261101", "2026111"], "%Y%m%d", [date(2026, 11, 1), UNPARSABLE]),  # 1 November or 11 January
        ([20261101, 2026111], "%Y%m%d", [date(2026, 11, 1), UNPARSABLE]),
        (["01112026", "1112026"], "%d%m%Y", [date(2026, 11, 1), UNPARSABLE]),
        (["1/5/2026", "5JAN2026"], "%m/%d/%Y", [date(2026, 1, 5), UNPARSABLE]),
        (["5JAN2026"], "%d%b%Y", [date(2026, 1, 5)]),  # a name between the numbers distinguishes them
    ],
)
def test_numbers_side_by_side_are_read_only_with_all_their_digits(
    backend: Any, cells: list[Any], date_format: str, expected: list[Any]
) -> None:
    assert days(read(backend, cells, date_format)) == expected


@given(st.text(max_size=30))
@settings(max_examples=100)
def test_a_shape_says_nothing_of_what_stands_there(text: str) -> None:
    assert not set(shape_of(text)) - set("#a-/.:,+ ?…")


def test_offsets_of_python_stamps() -> None:
    east = datetime(2026, 1, 5, 1, tzinfo=timezone(timedelta(hours=9)))
    column = pd.DataFrame({"date": pd.Series([east, "2026-01-05"], dtype=object)})
    found = read_dates(Frame(column), "date")
    assert found.time is not None
    assert (found.day.tolist(), found.time.tolist()) == ([JANUARY_5] * 2, [-8 * HOUR, NO_TIME])


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (46027.25, datetime(2026, 1, 5, 6)),
        (46027.5, datetime(2026, 1, 5, 12)),
        (46027 + 59_400 / 86_400, datetime(2026, 1, 5, 16, 30)),
        (46027.0, date(2026, 1, 5)),
    ],
)
def test_the_fraction_of_a_day_of_excel_is_the_time(number: float, moment: date) -> None:
    assert reader("excel")(number) == moment


def test_cells_that_are_no_dates_are_carried_along_as_text() -> None:
    """Of other kinds than text, too; what is missing stays missing."""
    days = pd.Series(["01/05/2024", Decimal("1.5"), Decimal("NaN"), time(3)], dtype=object)
    data = pd.DataFrame({"date": days, "peg_pain": 1, "peg_enjoyment": 1, "peg_activity": 1})
    kept = frames.tidy(data, "peg", by=["date"], date_format={"date": "%m/%d/%Y"})["date"]
    assert [None if pd.isna(cell) else cell for cell in kept] == ["2024-01-05", "1.5", None, "03:00:00"]

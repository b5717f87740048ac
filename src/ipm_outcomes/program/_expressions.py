"""Conditions, and windows in days, as expressions of the engine: a missing value is neither true nor false."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from decimal import Decimal
from typing import Any

from ipm_outcomes.program._columns import FITS, WINDOW_OPEN
from ipm_outcomes.program._day_numbers import date_parts, day_number, rest
from ipm_outcomes.program._requirements import (
    row_exclusions,
)
from ipm_outcomes.program.indicators import (
    SIDES,
    Condition,
    Indicator,
    Window,
)


def both_sides(condition: Condition) -> tuple[Any, Any]:
    """Where a condition is true, and where it is false; neither where it cannot be decided."""
    import narwhals as nw

    if condition.column is not None:
        column = nw.col(condition.column)
        there = ~column.is_null()
        name, operand = condition.test
        if name == "known":
            return (there, ~there) if operand else (~there, there)
        value: Any = float(operand) if isinstance(operand, Decimal) else operand
        if name == "is_not":
            name, turned = "is", True
        else:
            turned = False
        tests: dict[str, Callable[[], Any]] = {
            "is": lambda: column == value,
            "below": lambda: column < value,
            "at_most": lambda: column <= value,
            "above": lambda: column > value,
            "at_least": lambda: column >= value,
            "in": lambda: column.is_in(list(value)),
        }
        held = tests[name]().fill_null(False)
        yes, no = there & held, there & ~held
        return (no, yes) if turned else (yes, no)
    if condition.not_ is not None:
        yes, no = both_sides(condition.not_)
        return no, yes
    pairs = [both_sides(part) for part in (condition.all_ or condition.any_ or ())]
    if condition.all_:
        return _joined(pairs, 0, True), _joined(pairs, 1, False)
    return _joined(pairs, 0, False), _joined(pairs, 1, True)


def _joined(pairs: list[tuple[Any, Any]], side: int, together: bool) -> Any:
    found = pairs[0][side]
    for pair in pairs[1:]:
        found = found & pair[side] if together else found | pair[side]
    return found


def true_where(condition: Condition) -> Any:
    return both_sides(condition)[0]


def with_windows(frame: Any, window: Window, as_text: Set[str]) -> Any:
    """Whether the follow-up lies in the window of the measure, and whether the row's own target says it.

    Calendar months end where the month ends. A target fits a measure where its window covers that of the
    measure, it picks the same record, and that record cannot have hidden another one in the window of the
    measure. A window that ends later does not tell whether that of the measure is still open.
    """
    import narwhals as nw

    # Column by column: an engine that writes expressions out would write long ones out many times over.
    year, month, day = date_parts("baseline_date", as_text)
    counted = month - 1 + (window.months or 0)
    frame = frame.with_columns(__year=year + counted // 12, __month=rest(counted, 12) + 1, __day=day)
    year, month, day = nw.col("__year"), nw.col("__month"), nw.col("__day")
    if window.days is not None:
        low, high = window.days
    else:
        low, high = -(window.slack or 0), window.slack or 0
        leap = ((rest(year, 4) == 0) & (rest(year, 100) != 0)) | (rest(year, 400) == 0)
        length = (
            nw.when(month == 2)
            .then(leap.cast(nw.Float64) + 28)
            .otherwise(nw.when(month.is_in([4.0, 6.0, 9.0, 11.0])).then(nw.lit(30.0)).otherwise(nw.lit(31.0)))
        )
        frame = frame.with_columns(__length=length)
        length = nw.col("__length")
        day = nw.when(day > length).then(length).otherwise(day)
    days = {
        "__middle": day_number(year, month, day),
        "__followed": day_number(*date_parts("followup_date", as_text)),
    }
    if window.pick is not None:
        for name, column in (("__begins", "window_from"), ("__ends", "window_to")):
            days[name] = day_number(*date_parts(column, as_text))
    frame = frame.with_columns(**days)

    def after(name: str) -> Any:
        return nw.col(name) - nw.col("__middle")

    def holds(test: Any, *names: str) -> Any:
        for name in ("baseline_date", *names):
            test = test & ~nw.col(name).is_null()
        return test.fill_null(False)

    followed = after("__followed")
    made = {"in_window": holds((followed >= low) & (followed <= high), "followup_date")}
    if window.pick is not None:
        fits = holds((after("__begins") <= low) & (after("__ends") >= high), "window_from", "window_to")
        hidden = followed > high if window.pick == "latest" else followed < low
        fits = fits & ~holds(hidden, "followup_date")
        fits = fits & (nw.col("followup_pick") == window.pick).fill_null(False)
        if WINDOW_OPEN in frame.collect_schema().names():
            fits = fits & ~(nw.col(WINDOW_OPEN) & holds(after("__ends") > high, "window_to"))
        made[FITS] = fits
    return frame.with_columns(**made)


def with_window_open(frame: Any, needs: Mapping[str, str]) -> Any:
    import narwhals as nw

    if WINDOW_OPEN in needs:
        return frame.with_columns(nw.col(WINDOW_OPEN).fill_null(False).alias(WINDOW_OPEN))
    if "reason" in needs:
        return frame.with_columns((nw.col("reason") == WINDOW_OPEN).fill_null(False).alias(WINDOW_OPEN))
    return frame


def any_of(conditions: Sequence[Any]) -> Any:
    found = conditions[0]
    for condition in conditions[1:]:
        found = found | condition
    return found


def is_scale(name: str) -> Any:
    import narwhals as nw

    of_instrument, of_scale = name.split(".")
    same = (nw.col("instrument") == of_instrument) & (nw.col("scale") == of_scale)
    return same.fill_null(False)


def side_by_side(frame: Any, one: Indicator, by: Sequence[str]) -> Any:
    """One row per patient, episode and target, with the values of several scales beside each other.

    What is excluded, or does not meet a requirement, by one of its rows is so as a whole (``__x`` and ``__r``).
    """
    import narwhals as nw

    frame = frame.filter(any_of([is_scale(name) for name in one.scales.values()]))
    made: dict[str, Any] = {}
    for key, name in one.scales.items():
        here = is_scale(name)
        made |= {f"{key}_{column}": nw.when(here).then(nw.col(column)) for column in SIDES}
    for at, exclusion in enumerate(row_exclusions(one)):
        made[f"__x{at}"] = true_where(exclusion.when).cast(nw.Int64)
    for at, requirement in enumerate(one.requires):
        made[f"__r{at}"] = both_sides(requirement.when)[1].cast(nw.Int64)
    if WINDOW_OPEN in frame.collect_schema().names():
        made[WINDOW_OPEN] = nw.col(WINDOW_OPEN).cast(nw.Int64)
    keys = list(dict.fromkeys([*by, "patient_id", "episode", "target"]))
    keys = [key for key in keys if key not in ("instrument", "scale")]
    wide = frame.with_columns(**made).group_by(keys).agg(*(nw.col(name).max() for name in made))
    return wide.with_columns((nw.col(WINDOW_OPEN) == 1).alias(WINDOW_OPEN)) if WINDOW_OPEN in made else wide

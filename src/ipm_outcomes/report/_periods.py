"""Periods of enrollment: cut from months, and neighbors joined until none of them holds a small count."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

WORDS = {1: "month", 3: "quarter", 6: "half-year", 12: "year"}
LONGEST = 12
"""Months that are joined at most: of longer periods a chart over time says nothing."""
Span = tuple[int, int]
"""The first and the last month of a period, counted from the year 0."""


def cut(months: Iterable[int], size: int, fixed: Sequence[Span] = ()) -> list[Span]:
    """Whole periods of so many months; those that an earlier report gave stay as they were."""
    taken = {month for first, last in fixed for month in range(first, last + 1)}
    slots = sorted({month // size for month in months if month not in taken})
    free = [(slot * size, slot * size + size - 1) for slot in slots]
    return sorted([*fixed, *(span for span in free if not taken & set(range(span[0], span[1] + 1)))])


def joined(
    spans: Sequence[Span],
    counts: Mapping[Span, Sequence[Sequence[int]]],
    small: Callable[[Sequence[int]], bool],
    fixed: Sequence[Span] = (),
) -> list[Span]:
    """Neighbors put together until nothing of them is small, or they would be longer than a year.

    ``counts`` are the nested counts of each figure of a period, the widest first.
    """
    done: list[tuple[Span, list[list[int]]]] = []

    def may(span: Span, other: Span) -> bool:
        apart = span in fixed or other in fixed or other[0] != span[1] + 1
        return not apart and other[1] - span[0] < LONGEST

    for span in spans:
        figures = [list(figure) for figure in counts.get(span, ())]
        done.append((span, figures))
        # A period takes the next one in while it is small; what is still small at the end goes back to the one before.
        while len(done) > 1 and may(done[-2][0], done[-1][0]) and any(map(small, done[-2][1])):
            done[-2:] = [_both(*done[-2:])]
    back = len(done) - 1
    while back > 0:
        if any(map(small, done[back][1])) and may(done[back - 1][0], done[back][0]):
            done[back - 1 : back + 1] = [_both(*done[back - 1 : back + 1])]
        back -= 1
    return [span for span, _ in done]


def _both(
    left: tuple[Span, list[list[int]]], other: tuple[Span, list[list[int]]]
) -> tuple[Span, list[list[int]]]:
    (first, had), (second, has) = left, other
    if not had or not has:  # nobody was enrolled in one of them
        return (first[0], second[1]), had or has
    added = [[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(had, has, strict=True)]
    return (first[0], second[1]), added


def label(span: Span, size: int) -> str:
    """A period as the page names it: "2023 Q1", "2023 Q1 and Q2", "2022 Q3 to 2023 Q1"."""
    first, last = (month // size for month in span)
    if first == last:
        return _name(first, size)
    word = "and" if last == first + 1 else "to"
    year, end = _name(first, size), _name(last, size)
    same = size in (3, 6) and year[:4] == end[:4]
    return f"{year} {word} {end[5:] if same else end}"


def _name(slot: int, size: int) -> str:
    year, month = divmod(slot * size, 12)
    return {
        1: f"{year}-{month + 1:02d}",
        3: f"{year} Q{month // 3 + 1}",
        6: f"{year} H{month // 6 + 1}",
        12: str(year),
    }[size]

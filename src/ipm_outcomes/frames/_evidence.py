"""What the cells of an instrument's columns say together: its coding, and codes and words for no answer.

Nothing is decided here: what can be suspected is counted, so that it can be reported with the argument that settles it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.answers import IS_TEXT
from ipm_outcomes.definition import Instrument, numbered_label, plain_label
from ipm_outcomes.frames._decode import Reading, distinct
from ipm_outcomes.frames._items import ItemColumns
from ipm_outcomes.frames._kernel import CODE, MISSING, WORD
from ipm_outcomes.frames._missing import suspected_word

FORMS_ENOUGH = 20
"""Complete forms from which on a column set without any lowest answer is suspect.

In 4,000 draws of 20 rightly coded forms each, from three real samples, none was without its lowest answer; of 10 forms
up to 0.05 % were, of 5 forms up to 2.1 %.
"""
HEADER_ROWS = 5
"""Further rows of a header are looked for among so many rows."""

NO_LOWEST = "no_lowest_answer"

Rows = NDArray[np.bool_]


class _Kind(NamedTuple):
    """What one cell is: its code, its number (also one that is beside a label), its word for no answer."""

    code: int
    number: int | None
    word: str | None
    text: bool

    @classmethod
    def of(cls, value: Any, reading: Reading) -> _Kind:
        code, answer = reading.judge(value)
        if answer.number is not None and reading.per_unit > 1:
            answer = answer._replace(
                number=answer.number // reading.per_unit
            )  # codes for no answer are whole
        if not isinstance(value, str):
            return cls(code, answer.number, None, False)
        beside = numbered_label(value, reading.labels)  # also where number and label are not of one answer
        number = beside[0] if answer.number is None and beside else answer.number
        text = answer.problem == IS_TEXT and number is None
        return cls(code, number, suspected_word(value) if code == WORD else None, text)


@dataclass
class Evidence:
    """Counts over the cells of one instrument, and the rows that hold them.

    Attributes
    ----------
    answered, unread, complete, numbered : array of bool
        Rows with at least one answer; with a cell that is neither blank nor an answer; with an answer to every item
        that the scores need; with a number in an item that has options.
    codes, words : dict
        Numbers and words that are likely to mean that there is no answer, with the rows that hold them.
    texts : dict
        Columns that hold numbers and other text as well, with the rows of these texts.
    lowest, above, numbers : int
        Numbers in items with options: cells with the lowest answer, cells one above the highest, all.
    first : list of list of str or None
        Texts that are no answers, of the first rows; they are never shown. None for a row that holds anything else.
    """

    items: ItemColumns
    answered: Rows
    unread: Rows
    complete: Rows
    numbered: Rows
    codes: dict[int, Rows] = field(default_factory=dict)
    words: dict[str, Rows] = field(default_factory=dict)
    texts: dict[str, Rows] = field(default_factory=dict)
    lowest: int = 0
    above: int = 0
    numbers: int = 0
    first: list[list[str] | None] = field(default_factory=list)

    @cached_property
    def coding(self) -> str | None:
        """``coding_from_one`` or ``coding_suspected`` where the cells look as if they were counted from 1.

        One above the highest answer is seen, and the lowest is not; or the lowest is not seen in 20 or more complete
        forms, of which an item has three options or more (all may well answer yes). A coding that was declared is not
        doubted.
        """
        return None if self.doubt == NO_LOWEST else self.doubt

    @cached_property
    def doubt(self) -> str | None:
        """As `coding`, or ``no_lowest_answer``: none is the lowest in fewer complete forms, which may be chance."""
        if self.items.coding is not None or not self.numbers:
            return None
        forms = int(np.count_nonzero(self.complete & self.numbered))
        return doubt_of(self.items.instrument, optioned(self.items), self.lowest, self.above, forms)

    @property
    def span(self) -> tuple[int, int]:
        """The lowest and the highest answer of the items with options."""
        answers = [self.items.instrument.answers_of(item) for item in optioned(self.items)]
        return min(answer.lowest for answer in answers), max(answer.highest for answer in answers)


def doubt_of(instrument: Instrument, items: Sequence[str], lowest: int, above: int, forms: int) -> str | None:
    """The rule of `Evidence.doubt`, by how many cells are the lowest answer and one above the highest, and by forms."""
    answers = [instrument.answers_of(item) for item in items]
    if lowest or not answers:
        return None
    if above:
        return "coding_from_one"
    if not forms or all(answer.highest - answer.lowest == 1 for answer in answers):
        return None
    return "coding_suspected" if forms >= FORMS_ENOUGH else NO_LOWEST


def optioned(items: ItemColumns) -> list[str]:
    """Items of the scores whose answers are options counted from 0, so that positions differ from answers."""
    return optioned_of(items.instrument, [item for item in items.names if item in items.needed])


def optioned_of(instrument: Instrument, items: Collection[str]) -> list[str]:
    """Those of these items whose answers are options counted from 0."""
    answers = instrument.answers_of
    return [item for item in items if not answers(item).numeric and answers(item).lowest == 0]


def gather(items: ItemColumns, skipped: int = 0) -> Evidence:
    """Look at every cell of the item columns, but those of the first rows skipped."""
    rows = len(items.frame)
    answered, unread, complete, numbered = (np.zeros(rows, bool) for _ in range(4))
    evidence = Evidence(items, answered, unread, complete, numbered)
    evidence.complete[skipped:] = True
    first: list[list[str]] = [[] for _ in range(min(rows, HEADER_ROWS))]
    mixed = [False] * len(first)
    counted = set(optioned(items))
    for item, name in items.names.items():
        values, places = distinct(items.frame.kind, items.frame.column(name), rows)
        kinds = [_Kind.of(value, items.readings[item]) for value in values]
        for row, texts in enumerate(first):
            kind = kinds[places[row]]
            if kind.text and kind.word is None:
                texts.append(plain_label(values[places[row]]))
            elif kind.code != MISSING:
                mixed[row] = True
        places[:skipped] = len(kinds)
        kinds.append(_Kind(MISSING, None, None, False))
        _column(evidence, item, kinds, places, item in counted)
    evidence.first = [None if mixed[row] else texts for row, texts in enumerate(first)]
    return evidence


def _column(
    evidence: Evidence, item: str, kinds: list[_Kind], places: NDArray[np.intp], counted: bool
) -> None:
    """Count the cells of one column, of which each different one was judged once."""

    def rows(wanted: Callable[[_Kind], bool]) -> Rows:
        return np.array([wanted(kind) for kind in kinds])[places]

    answers = rows(lambda kind: kind.code > MISSING)
    evidence.answered |= answers
    if any(kind.code < MISSING for kind in kinds):
        evidence.unread |= rows(lambda kind: kind.code < MISSING)
    if item in evidence.items.needed:
        evidence.complete &= answers
    if any(kind.number is not None for kind in kinds):
        other = rows(lambda kind: kind.text and kind.word is None)
        if other.any():
            evidence.texts[evidence.items.names[item]] = other
    for n, kind in enumerate(kinds):
        if kind.word is not None:
            evidence.words[kind.word] = evidence.words.get(kind.word, False) | (places == n)
        elif kind.code == CODE and kind.number is not None:
            evidence.codes[kind.number] = evidence.codes.get(kind.number, False) | (places == n)
    if not counted:
        return
    answer = evidence.items.instrument.answers_of(item)
    for kind, n in zip(kinds, np.bincount(places, minlength=len(kinds)).tolist(), strict=True):
        evidence.numbers += n * (kind.number is not None)
        evidence.lowest += n * (kind.code == answer.lowest or kind.number == answer.lowest)
        evidence.above += n * (kind.number == answer.highest + 1)
    evidence.numbered |= rows(lambda kind: kind.number is not None)


def unseen_lowest(forms: int, lowest: int) -> str:
    """What was seen where few forms hold no lowest answer."""
    return f"no cell of {forms} complete forms is {lowest}; by chance, or since they are counted from {lowest + 1}"


def without_lowest(items: ItemColumns) -> Evidence | None:
    """The evidence of an instrument of which no cell is the lowest answer and no coding was declared, else None."""
    counted = set(optioned(items))
    if items.coding is not None or not counted:
        return None
    places = [place for place, item in enumerate(items.instrument.item_ids) if item in counted]
    # A single lowest answer settles it, and in most tables the first rows hold one.
    if any((codes[places] == 0).any() for _, codes in items.chunks()):
        return None
    return gather(items)


def header_rows(evidences: Sequence[Evidence]) -> int:
    """How many rows at the beginning look like further rows of a header.

    Every cell of the items that is not blank is a text of its own there, none is an answer or a word for no answer,
    most items have one, and answers come after them.
    """
    columns = sum(len(evidence.items.names) for evidence in evidences)
    count = 0
    for row in range(HEADER_ROWS):
        texts: list[str] = []
        for evidence in evidences:
            cell = evidence.first[row] if row < len(evidence.first) else None
            if cell is None:
                return _before_answers(count, evidences)
            texts += cell
        if len(texts) < 2 or 2 * len(texts) <= columns or len(set(texts)) < len(texts):
            break
        count += 1
    return _before_answers(count, evidences)


def _before_answers(count: int, evidences: Sequence[Evidence]) -> int:
    return count if any(evidence.answered[count:].any() for evidence in evidences) else 0

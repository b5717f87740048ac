"""Numbers and words that mean that no answer was given: those declared, and those that can be suspected."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ipm_outcomes.answers import read, read_text
from ipm_outcomes.errors import ParameterError

MISSING_WORDS = (
    *(".", "..", "-", "--", "?", "NA", "N/A", "n.a.", "#N/A", "<NA>", "NaN", "NULL", "#NULL!"),
    *("No answer", "No response", "Not answered", "Unanswered", "Missing", "Not applicable"),
    *("Unknown", "Unk", "Don't know", "Dont know", "Do not know", "Refused", "Declined"),
    *("Declined to answer", "Prefer not to answer", "Prefer not to say", "Not done", "Not asked"),
    *("(blank)", "#VALUE!", "#REF!", "#DIV/0!", "Not assessed", "No data"),
    *(f".{letter}" for letter in "_ABCDEFGHIJKLMNOPQRSTUVWXYZ"),  # missing values of SAS and Stata
)
"""Words that exports write where there is no answer. Only suspected, never taken for one by itself.

The list is fixed and public, so that a message may show such a word without showing text from the data.
"""

MISSING_CODES = frozenset(
    {
        *(7, 8, 9, 66, 77, 88, 97, 98, 99, 666, 777, 888, 997, 998, 999, 7777, 8888, 9997, 9998, 9999),
        *(-1, -3, -6, -7, -8, -9, -66, -77, -88, -97, -98, -99, -666, -777, -888, -997, -998, -999, -7777),
        *(-8888, -9998, -9999),
    }
)
"""Numbers that exports write where there is no answer. Only suspected, and only outside the allowed answers."""


@dataclass(frozen=True)
class NotAnswered:
    """What was declared to mean that no answer was given: whole numbers, and words in plain form."""

    numbers: frozenset[int] = frozenset()
    words: frozenset[str] = frozenset()


def plain_word(text: str) -> str:
    """A word without differences of case, spacing, curly quotes and a full stop at its end.

    Other punctuation stays, since ``.`` and ``-`` are words here.

    >>> plain_word("  Prefer not  to ANSWER. "), plain_word("Don\u2019t know"), plain_word("."), plain_word("n.a.")
    ('prefer not to answer', "don't know", '.', 'n.a')
    """
    plain = " ".join(text.split()).casefold().replace("\u2019", "'")
    return plain.rstrip(".") if any(sign.isalnum() for sign in plain) else plain


def declared(given: Any) -> NotAnswered:
    """What ``not_answered`` declares for one instrument."""
    if given is None:
        return NotAnswered()
    entries = (
        list(given) if isinstance(given, Collection) and not isinstance(given, (str, bytes)) else [given]
    )
    numbers, words = set(), set()
    for entry in entries:
        parsed = read_text(entry) if isinstance(entry, str) else read(entry)
        if parsed.number is not None:
            numbers.add(parsed.number)
        elif isinstance(entry, str):
            words.add(plain_word(entry))
        else:
            raise ParameterError(
                "not_answered holds whole numbers and words, not "
                + (parsed.shown or f"a {type(entry).__name__}")
            )
    return NotAnswered(frozenset(numbers), frozenset(words) - {""})


def suspected_code(number: int, lowest: int, highest: int, rating: bool) -> bool:
    """Whether a number outside the answers is likely to mean that there is none.

    One above the highest answer is more likely a coding from one. On ratings from 0 to 10 a 99 may be a 9 typed
    twice, so that 77, 88 and 99 are not suspected there.
    """
    if number not in MISSING_CODES or lowest <= number <= highest + 1:
        return False
    return not (rating and 0 <= number <= 99)


def suspected_word(text: str) -> str | None:
    """The word, as the list has it, where a text is one that exports write for no answer."""
    return _BY_PLAIN.get(plain_word(text))


_BY_PLAIN = {plain_word(word): word for word in MISSING_WORDS}

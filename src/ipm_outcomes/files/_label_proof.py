"""What the value labels of a file of SPSS or Stata say of the codes: the same answers, others, or nothing known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ipm_outcomes.definition import Instrument, plain_label
from ipm_outcomes.frames._missing import suspected_word

AGREE, OTHER, UNKNOWN, RATING, NONE = "agree", "other", "unknown", "rating", "none"
_NUMBER = re.compile(r"^\W*(-?\d+)\s*[-–—=.:)\]]*\s*(?=\D)|[-–—=:(\[\s]+(-?\d+)\s*[)\]]?\s*$")
"""A number before or behind a label."""
_OFTEN_BOTH = re.compile(r"\s*(?:/|,|;|\bor\b)\s*", re.IGNORECASE)
_CLASH = object()
_WORDS = frozenset(
    (
        *("skip", "skipped", "question skipped", "valid skip", "legitimate skip", "invalid skip", "refusal"),
        *("ref", "refused to answer", "did not answer", "does not know", "not sure", "not ascertained"),
        *("not available", "inapplicable", "missing value", "missing data", "system missing"),
        *("user missing", "dk", "blank", "no answer given", "prefer not to respond", "rather not say"),
        *("choose not to answer", "not completed", "patient refused", "patient declined"),
        *("unable to answer", "decline to answer", "don t know not sure"),
    )
)
"""Labels for no answer beside the words that are suspected in cells, in plain form."""

Labels = Mapping[Any, str]


@dataclass(frozen=True)
class Column:
    """What the labels of one column say.

    Attributes
    ----------
    state
        AGREE: the labels are those of the codes. OTHER: they prove other answers (``answers``). UNKNOWN: they fit
        neither, or are not known. RATING: labels of a rating that are not known, within its numbers. NONE: no labels.
    answers
        Answers by code as it is written, as far as they are known.
    missing
        Codes whose label says that there is no answer.
    whole
        Whether every code that is there is one of an answer.
    strange
        Codes whose label is not known.
    """

    state: str
    answers: dict[str, int] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    whole: bool = True
    strange: frozenset[str] = frozenset()


def written(code: Any) -> str:
    """A code as it is written, whole numbers without decimals."""
    return str(int(code)) if isinstance(code, float) and code.is_integer() else str(code).strip()


def no_answer(label: str) -> bool:
    """Whether a label is a word for no answer, or several of them, with or without a number.

    >>> no_answer("99 = Refused / Don't know"), no_answer("Not at all")
    (True, False)
    """
    text = _NUMBER.sub("", label).strip(" ()[]")
    if _is_word(text):
        return True
    parts = [part for part in _OFTEN_BOTH.split(text) if part]
    return len(parts) > 1 and all(map(_is_word, parts))


def _is_word(text: str) -> bool:
    return suspected_word(text) is not None or plain_label(text) in _WORDS


def column_of(instrument: Instrument, item: str, labels: Labels, cells: Sequence[Any]) -> Column:
    """What the labels of the column of an item say of the codes that it holds."""
    known, listed = instrument.labels(item), instrument.answers_of(item)
    texts = {written(code): str(label) for code, label in labels.items() if str(label).strip()}
    missing = frozenset(
        code for code, text in texts.items() if plain_label(text) not in known and no_answer(text)
    )
    held = {written(cell) for cell in cells if cell is not None} - missing
    if listed.per_unit != 1:
        return Column(NONE, missing=missing)
    rest = {code: text for code, text in texts.items() if code not in missing and text.strip() != code}
    meant = {code: _meant(text, code, known, listed.numeric) for code, text in rest.items()}
    answers = {code: answer for code, answer in meant.items() if isinstance(answer, int)}
    strange = {code for code, answer in meant.items() if answer is None}
    lowest, highest = listed.lowest, listed.highest
    inside = {str(n) for n in range(lowest, highest + 1)}
    if _CLASH in meant.values():
        return Column(UNKNOWN, answers, missing)
    if not answers:
        about = {code for code in strange if code in held or code in inside or code == str(highest + 1)}
        far = {code for code in about - inside if _whole(code) is not None and code != str(highest + 1)}
        if not about - far:
            return Column(NONE, missing=missing)
        state = RATING if listed.numeric and about - far <= inside else UNKNOWN
        return Column(state, missing=missing, strange=frozenset(strange))
    if all(code == str(answer) for code, answer in answers.items()):
        known_ends = {lowest, highest} <= set(answers.values())
        agree = known_ends or listed.numeric or not strange & inside & held
        clash = frozenset(strange & inside & held)
        return Column(
            AGREE if agree else UNKNOWN,
            answers,
            missing,
            held <= inside,
            clash if agree else frozenset(strange),
        )
    full = _along(answers, lowest, highest)
    if full is None and (len(set(answers.values())) < len(answers) or held - set(answers)):
        whole = not listed.numeric and set(answers.values()) == set(listed.codes)
        if not whole or len(set(answers.values())) < len(answers) or strange & held:
            return Column(UNKNOWN, answers, missing, strange=frozenset(strange))
    answers = full or answers
    return Column(OTHER, answers, missing, held <= set(answers), frozenset(strange & held & set(answers)))


def coding_of(columns: Mapping[str, Column]) -> dict[str, Any]:
    """Answers by code for all items, or by item where they differ; items that are left out hold answers."""
    other = {item: column.answers for item, column in columns.items() if column.state == OTHER}
    maps = list(other.values())
    alike = len(other) == len(columns) and all(coding == maps[0] for coding in maps)
    return dict(sorted(maps[0].items())) if maps and alike else dict(other)


def likely(instrument: Instrument, columns: Mapping[str, Column]) -> Any:
    """A coding to be confirmed where labels do not prove one; None where nothing is likely.

    As many labels as answers, in the numbers of the answers or from 1; unlabeled columns as the labeled ones.
    """
    states = {column.state for column in columns.values()}
    maps = [column.answers for column in columns.values() if column.state == OTHER]
    if UNKNOWN not in states and maps and all(coding == maps[0] for coding in maps):
        return dict(sorted(maps[0].items())) if AGREE not in states else None
    firsts = set()
    for item, column in columns.items():
        answers = instrument.answers_of(item).codes
        codes = [str(code) for code in answers]
        places = [str(n) for n in range(1, len(codes) + 1)]
        if column.state == UNKNOWN and column.strange:
            near = {*column.answers, *column.strange} & {*codes, *places}
            numbers = [
                way
                for way, own in (("answer", codes), ("position", places))
                if set(own) == near and column.answers.items() <= dict(zip(own, answers, strict=True)).items()
            ]
            firsts.add(numbers[0] if numbers else None)
        elif column.state in (OTHER, UNKNOWN):
            firsts.add(None)
    return firsts.pop() if len(firsts) == 1 else None


def state_of(instrument: Instrument, columns: Mapping[str, Column]) -> str:
    """What the labels of all columns of an instrument say together.

    A column without labels beside one whose labels prove another coding may be coded as that one: nothing is known.
    """
    states = {column.state for column in columns.values()}
    if OTHER in states and UNKNOWN not in states:
        ends = {
            item: (instrument.answers_of(item).lowest, instrument.answers_of(item).highest)
            for item in columns
        }
        other = {ends[item] for item, column in columns.items() if column.state == OTHER}
        if any(column.state == NONE and ends[item] in other for item, column in columns.items()):
            return UNKNOWN
    return next((state for state in (UNKNOWN, OTHER, RATING, AGREE) if state in states), NONE)


def _meant(text: str, code: str, known: Mapping[str, int], numeric: bool) -> Any:
    """The answer that a label stands for; None where it is not known, ``_CLASH`` where its number is of another one."""
    if plain_label(text) in known:
        return known[plain_label(text)]
    if re.fullmatch(r"\s*\d+\s*", text):
        return int(text)
    number_match = _NUMBER.search(text)
    number = number_match and int(number_match[1] or number_match[2])
    bare = plain_label(_NUMBER.sub("", text))
    answer = known.get(bare, known.get(plain_label(re.sub(r"\([^()]*\)|\[[^\[\]]*\]|<[^<>]*>", " ", text))))
    if answer is None and number_match:
        answer = known.get(plain_label(re.sub(r"\([^()]*\)", " ", _NUMBER.sub("", text))))
    if answer is None:
        return number if numeric else None
    return answer if number in (None, answer) or code in (str(number), str(answer)) else _CLASH


def _whole(code: str) -> int | None:
    return int(code) if re.fullmatch(r"-?\d{1,9}", code, re.ASCII) else None


def _along(answers: Mapping[str, int], lowest: int, highest: int) -> dict[str, int] | None:
    """All answers, where the labels of both ends say where they begin and which way they run."""
    ends = {answer: _whole(code) for code, answer in answers.items() if answer in (lowest, highest)}
    first, last = ends.get(lowest), ends.get(highest)
    if first is None or last is None or abs(last - first) != highest - lowest:
        return None
    step = 1 if last > first else -1
    full = {str(first + step * n): lowest + n for n in range(highest - lowest + 1)}
    return full if all(full.get(code) == answer for code, answer in answers.items()) else None

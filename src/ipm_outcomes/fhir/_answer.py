"""One answer of a resource: the answer of the item, the reason why there is none, or the problem."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ipm_outcomes.answers import read
from ipm_outcomes.definition import numbered_label, plain_label
from ipm_outcomes.definition._answers import code_of_label
from ipm_outcomes.errors import described
from ipm_outcomes.fhir._codes import ABSENT_EXTENSION, ABSENT_SYSTEM, LOINC, ORDINALS, OWN_ANSWERS, UCUM
from ipm_outcomes.fhir._errors import Note, Problem
from ipm_outcomes.fhir._json import a_mapping, a_text, extensions, values
from ipm_outcomes.fhir._known import ItemAnswers, item_answers, label_systems

LONGEST_LABEL = 1_000
VALUES = frozenset(
    f"value{kind}"
    for kind in ("Boolean", "Date", "DateTime", "Time", "Uri", "Attachment", "Reference", "CodeableConcept")
)
"""Other kinds of values that a message may name."""
PLAIN_UNITS = (None, "1", "{score}")
"""Units of a plain number: none, and the codes that scores are written with."""


@dataclass(frozen=True)
class Options:
    """What the caller allows."""

    labels: Mapping[str, int] | None = None
    """Further labels in plain form; None where labels are refused."""
    trust: bool = False
    """Whether the number in an extension is the answer, and not the code beside it."""


@dataclass
class Outcome:
    """What became of an answer."""

    code: int | None = None
    reason: str | None = None
    problem: Problem | None = None
    notes: list[Note] = field(default_factory=list)


class _Bad(Exception):  # noqa: N818 - carries a problem, never leaves this module
    def __init__(self, message: str, code: str = "wrong_answer") -> None:
        super().__init__(message)
        self.message, self.code = message, code


class Reader:
    """Reads answers of one item."""

    def __init__(self, id: str, item: str, options: Options) -> None:
        from ipm_outcomes.catalog import instrument

        self.id, self.item, self.options = id, item, options
        self.listed = instrument(id).answers_of(item)
        self.known: ItemAnswers = item_answers(id, item)

    def read(self, answer: Mapping[str, Any], place: str) -> Outcome:
        """Read one answer."""
        outcome = Outcome()
        try:
            self._read(answer, place, outcome)
        except _Bad as bad:
            outcome.code, outcome.problem = None, Problem(bad.code, place, self.item, bad.message)
        return outcome

    def _read(self, answer: Mapping[str, Any], place: str, outcome: Outcome) -> None:
        keys = values(answer)
        if len(keys) > 1:
            raise _Bad("the answer has more than one value[x]", "several_answers")
        if not keys:
            outcome.reason = _absent_reason(answer, place)
            return
        if _absent_reason(answer, place) is not None:
            raise _Bad("the answer has a value, and an extension that says why there is none")
        value = answer[keys[0]]
        numbers = [*_ordinals(answer, place), *_inner_ordinals(answer, "_value", place)]
        match keys[0]:
            case "valueCoding":
                coding = a_mapping(value, f"{place}.valueCoding", "a coding")
                numbers += _ordinals(coding, f"{place}.valueCoding")
                numbers += _inner_ordinals(coding, "_", f"{place}.valueCoding")
                if coding.get("system") == ABSENT_SYSTEM:
                    outcome.reason = _known_reason(coding.get("code"))
                    return
                outcome.code = self._coding(coding, place, outcome, bool(numbers))
            case "valueInteger" | "valueDecimal":
                outcome.code = self._number(value)
            case "valueQuantity":
                quantity = a_mapping(value, f"{place}.valueQuantity", "a quantity")
                if quantity.get("comparator") is not None:
                    raise _Bad("a quantity with a comparator is no single number")
                unit = quantity.get("code") or quantity.get("unit")
                if unit not in PLAIN_UNITS or quantity.get("system") not in (None, UCUM):
                    raise _Bad("a quantity with a unit of its own is no answer of this item")
                outcome.code = self._number(quantity.get("value"))
            case "valueString":
                outcome.code = self._label(value)
            case other:
                message = other if other in VALUES else "this value[x]"
                raise _Bad(f"{message} is no answer of this item; {self._allowed}")
        if keys[0] in ("valueInteger", "valueDecimal", "valueQuantity") and not self.listed.numeric:
            message = "a number in the place of a code: taken as the number printed beside the answer"
            outcome.notes.append(Note("number_taken", place, message))
        self._weigh(numbers, place, outcome)

    @property
    def _allowed(self) -> str:
        return f"its answers are {self.listed.allowed}"

    def _number(self, value: object) -> int:
        if isinstance(value, float) and not math.isfinite(value):
            raise _Bad(f"a number that is not finite is no answer of this item; {self._allowed}")
        got = read(value, self.listed.per_unit)
        if got.problem or got.number is None:
            shown = f"{got.shown} is" if got.shown else f"{described(value)} is"
            raise _Bad(f"{shown} no answer of this item; {self._allowed}")
        if not self.listed.lowest <= got.number <= self.listed.highest:
            raise _Bad(f"{got.shown} is no answer of this item; {self._allowed}")
        return got.number

    def _label(self, value: object) -> int:
        if not isinstance(value, str):
            raise _Bad(f"{described(value)} is no answer of this item")
        if self.options.labels is None:
            raise _Bad(
                f"{described(value)} in the place of a code; labels='accept' takes the printed labels of this item"
            )
        text = value[:LONGEST_LABEL]
        code = self.options.labels.get(plain_label(text))
        if code is None:
            code = code_of_label(text, self.known.labels, self.listed.per_unit)
        if code is None or not self.listed.lowest <= code <= self.listed.highest:
            raise _Bad(
                f"{described(value)} is no label of this item; where it is another label of one of its answers, say "
                "which: labels={label: answer}"
            )
        return code

    def _coding(self, coding: Mapping[str, Any], place: str, outcome: Outcome, weighed: bool) -> int | None:
        here = f"{place}.valueCoding"
        system, code = a_text(coding, "system", here), a_text(coding, "code", here)
        display = a_text(coding, "display", here)
        answer: int | None = None
        if code is not None and system in (LOINC, None) and code in self.known.loinc:
            answer = self.known.loinc[code]
            if system is None:
                message = "a LOINC answer code of this item without its system: taken"
                outcome.notes.append(Note("code_without_system", here, message))
            if code in self.known.also:
                message = "a LOINC answer code of another list that public forms offer here: taken"
                outcome.notes.append(Note("code_of_another_list", here, message))
        elif code is not None and system == OWN_ANSWERS and code in self.known.own:
            answer = self.known.own[code]
        elif system in label_systems(self.id) and code is not None:
            answer = self.known.labels.get(plain_label(code[:LONGEST_LABEL]))
        elif system != LOINC and display is not None and self.options.labels is not None:
            answer = self._label(display)
        if answer is None:
            if self.options.trust and weighed:
                return None
            if system in (LOINC, None, OWN_ANSWERS):
                raise _Bad("the code is none of the answers of this item")
            raise _Bad(
                "the code is of a code system that is not known; labels='accept' takes the label beside it where "
                "it is one of this item"
            )
        if display is not None:
            self._check_display(display[:LONGEST_LABEL], answer)
        return answer

    def _check_display(self, display: str, answer: int) -> None:
        """A display may be in any language; it may not be the label of another answer of the item."""
        plain = plain_label(display)
        meant = self.known.labels.get(plain)
        if meant is None and self.listed.numeric and re.fullmatch(r"\d{1,6}", plain):
            meant = int(plain) * self.listed.per_unit
        if meant is None and (beside := numbered_label(display, self.known.labels)):
            meant = beside[1]
        if meant is not None and meant != answer:
            raise _Bad(
                f"the display is the label of answer {self._shown(meant)}, the code that of answer "
                f"{self._shown(answer)}",
                "display_contradicts",
            )

    def _weigh(self, numbers: list[object], place: str, outcome: Outcome) -> None:
        """Compare the number beside an answer with it: it is a witness, never the score."""
        weights = [self._weight(number) for number in numbers]
        code = outcome.code
        if all(weight in (code, None if code is None else self.known.points.get(code)) for weight in weights):
            return
        if self.options.trust:
            if len(set(weights)) > 1 or not self.listed.lowest <= weights[0] <= self.listed.highest:
                raise _Bad(
                    "the numbers in the extensions are no one answer of this item", "ordinal_contradicts"
                )
            outcome.code = weights[0]
            note = "the number in the extension was taken, and not the code, as the caller asked for"
            outcome.notes.append(Note("ordinal_trusted", place, note))
            return
        other = next(weight for weight in weights if weight != code)
        says = "nothing" if code is None else self._shown(code)
        raise _Bad(
            f"the code says {says}, the number in the extension {self._shown(other)}; if the number is right, "
            "ordinal='trust' takes it",
            "ordinal_contradicts",
        )

    def _weight(self, number: object) -> int:
        got = read(number, self.listed.per_unit)
        if got.number is None or got.problem or abs(got.number) > 10**9:
            raise _Bad("the number in the extension is no answer of this item", "ordinal_contradicts")
        return got.number

    def _shown(self, code: int) -> str:
        return f"{self.listed.answer(code):g}"


def _ordinals(part: Mapping[str, Any], place: str) -> Iterator[object]:
    for url, entry, _ in extensions(part, place):
        if url in ORDINALS:
            yield from (entry[key] for key in values(entry)[:1])


def _inner_ordinals(part: Mapping[str, Any], start: str, place: str) -> Iterator[object]:
    """Numbers in the extensions of plain values, such as those of ``_code``."""
    for key in [key for key in part if isinstance(key, str) and key.startswith(start)][:10]:
        if isinstance(part[key], Mapping):
            yield from _ordinals(part[key], place)


def _absent_reason(answer: Mapping[str, Any], place: str) -> str | None:
    """Why a value is not there, where an extension on the value or on the answer says so."""
    inner = [key for key in answer if isinstance(key, str) and key.startswith("_value")][:10]
    parts = [(answer, place), *((answer[key], f"{place}._value[x]") for key in inner)]
    for part, here in parts:
        if not isinstance(part, Mapping):
            continue
        for url, entry, _ in extensions(part, here):
            if url == ABSENT_EXTENSION:
                return _known_reason(entry.get("valueCode"))
    return None


REASONS = frozenset(
    (
        *("unknown", "asked-unknown", "temp-unknown", "not-asked", "asked-declined", "masked"),
        *("not-applicable", "unsupported", "as-text", "error", "not-a-number", "negative-infinity"),
        *("positive-infinity", "not-performed", "not-permitted"),
    )
)
"""Codes of HL7's list of reasons; other text is not passed on."""


def _known_reason(code: object) -> str:
    return code if isinstance(code, str) and code in REASONS else "unknown"

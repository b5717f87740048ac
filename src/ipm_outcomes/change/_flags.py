"""Flagged questions on two forms of one patient: what is new, what persists, what was left blank.

The words come from the definition: the short title of the flag, the gist of its question, the labels of the
answers, and what its authors ask for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ipm_outcomes._changes import FlagChange, FlagState
from ipm_outcomes.definition import Flag as FlagRule
from ipm_outcomes.definition import Instrument
from ipm_outcomes.scores import Scores


@dataclass(frozen=True)
class _Answer:
    """The answer to a flagged question on one form; its code where it is known."""

    kind: Literal["raised", "clear", "blank"]
    code: int | None = None


def flag_changes(inst: Instrument, forms: Sequence[Scores]) -> tuple[FlagChange, ...]:
    """What to say of each flag on the last form against those before it, the earliest first."""
    changes = (_change(inst, rule, [_answer(inst, rule, form) for form in forms]) for rule in inst.flags)
    return tuple(flag for flag in changes if flag is not None)


def flags_by_visit(inst: Instrument, forms: Sequence[Scores]) -> tuple[tuple[FlagChange, ...], ...]:
    """What to say of the flags at each of these forms."""
    return tuple(flag_changes(inst, forms[: n + 1]) for n in range(len(forms)))


def holds_answer(form: Scores) -> bool:
    """Whether any item of a scale was answered."""
    return any(score.answered for _, score in form.scales())


def _answer(inst: Instrument, rule: FlagRule, form: Scores) -> _Answer:
    flag = next((flag for flag in form.flags if flag.id == rule.id), None)
    if flag is not None:
        return _Answer("blank") if flag.answer is None else _Answer("raised", flag.answer)
    if not holds_answer(form):
        return _Answer("blank")  # a form without any answer raises no flag, and clears none
    below = [code for code in inst.answers_of(rule.item).codes if code < rule.raised_from]
    return _Answer("clear", below[0] if len(below) == 1 else None)


def _change(inst: Instrument, rule: FlagRule, answers: list[_Answer]) -> FlagChange | None:
    now, earlier = answers[-1], answers[:-1]
    wanted = ("raised",) if now.kind == "clear" else ("raised", "clear")
    was = next((answer for answer in reversed(earlier) if answer.kind in wanted), _Answer("blank"))
    if now.kind == "clear" and was.kind != "raised":
        return None
    state: FlagState = (
        "cleared" if now.kind == "clear"
        else "not_answered" if now.kind == "blank"
        else "still_positive" if was.kind == "raised"
        else "new" if was.kind == "clear"
        else "positive"
    )  # fmt: skip
    sentence, short = _words(inst, rule, state, was, now)
    return FlagChange(rule.id, rule.title, state, was.code, now.code, sentence, short)


def _words(inst: Instrument, rule: FlagRule, state: FlagState, was: _Answer, now: _Answer) -> tuple[str, str]:
    name, gist, text = rule.short_title or rule.title, inst.item(rule.item).gist, rule.change
    head = f"{name} {state.replace('_', ' ')}".upper()
    past = "not answered before" if was.kind == "blank" else f"'{_label(inst, rule, was)}' before"
    label = _label(inst, rule, now)
    if state == "not_answered":
        ask = text.not_answered if text else rule.sentence_unanswered
        return f"{head} ({past}). {ask}", f"{head}: ask."
    if state == "cleared":
        caution = f" {text.cleared}" if text else ""
        return (
            f"{name} cleared: '{label}' now, {past}.{caution}",
            f"{name} cleared (was {_label(inst, rule, was)}).",
        )
    if state == "still_positive":
        more, less = (text.more, text.less) if text else ("a higher answer", "a lower answer")
        a, b = was.code or 0, now.code or 0
        past = "as before" if a == b else f"{past}, so {more if b > a else less}"
    call = text.positive if text else rule.sentence
    return f"{head}: {gist} '{label}' ({past}). {call}", f"{head} ({label})."


def _label(inst: Instrument, rule: FlagRule, answer: _Answer) -> str:
    if answer.code is None:
        return "not raised"
    options = {option.code: option.label.lower() for option in inst.answers_of(rule.item).options}
    return options.get(answer.code, str(answer.code))

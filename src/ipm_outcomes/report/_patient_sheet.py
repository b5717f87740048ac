"""What the page of one patient says, scale by scale, in the words of `between`: flags first, then one line a scale."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ipm_outcomes import catalog
from ipm_outcomes._drawing.one_patient import Small
from ipm_outcomes._drawing.style import number
from ipm_outcomes.change._between import options
from ipm_outcomes.change._course import Course, course
from ipm_outcomes.change._flags import flags_by_visit
from ipm_outcomes.change._trajectory import visits_of
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.errors import number_of
from ipm_outcomes.report import _charts
from ipm_outcomes.report._patient_forms import History
from ipm_outcomes.report._words import listed
from ipm_outcomes.scores import Scores

PART = "a score that it rests on is missing."
MOST_DRAWN = 16
"""Scales that are drawn; with more, one sheet would not hold them."""
_HEIGHTS = ((2, 150), (4, 120), (6, 80), (9, 56), (12, 44), (MOST_DRAWN, 34))
"""Of a picture, by the number of pictures."""
MOST_LISTED = 7
"""Lines of what is missing; of more, those of earlier forms are counted."""
_FEW = 6
"""So many scales leave room on the sheet for their sentences in full."""
Visits = list[tuple[date | None, Scores]]


@dataclass(frozen=True)
class Line:
    """One scale: the change in one line and in full, when, and its picture."""

    name: str
    short: str
    sentence: str
    when: str
    picture: str
    clear: bool
    """Whether it is reliably better or worse."""


@dataclass(frozen=True)
class Alert:
    """A flagged question at the last form: which form, and the sentence of `between`."""

    sentence: str
    form: str
    open: bool
    before: str


@dataclass(frozen=True)
class Sheet:
    """All that the page says."""

    days: str
    alerts: tuple[Alert, ...]
    unflagged: tuple[str, ...]
    lines: tuple[Line, ...]
    rest: tuple[Line, ...]
    """Scales for which there is no room."""
    others: tuple[Line, ...]
    """Scales that are part of others."""
    missing: tuple[str, ...]
    every_missing: tuple[str, ...]
    notes: tuple[str, ...]
    definitions: tuple[str, ...]
    unverified: tuple[str, ...]
    notices: tuple[str, ...]
    in_full: bool


def sheet(history: History, definitions: Collection[Instrument]) -> Sheet:
    """The page of these forms."""
    own = {definition.id: definition for definition in definitions}
    forms: list[tuple[Instrument, Visits]] = []
    for id, entries in history.forms.items():
        forms.append(visits_of(list(entries), own.get(id)))
    forms.sort(key=lambda form: (form[0].priority is None, form[0].priority or 0, form[0].id))
    last = max(history.days)
    courses: list[tuple[Instrument, Visits, Course]] = []
    silent: list[tuple[Instrument, Visits, Course]] = []
    alerts: list[Alert] = []
    unflagged: list[str] = []
    for inst, visits in forms:
        by = options(inst, None, None)
        numeric = [scale for scale in inst.scales if not scale.categorical]
        numeric.sort(key=lambda scale: scale.id != inst.lead_scale.id)
        leads = {scale.id for scale in numeric if scale.id in inst.summary} or {scale.id for scale in numeric}
        flagged = False
        for scale in numeric:
            course_ = course(inst, scale, visits, by)
            if course_ is not None:
                (courses if scale.id in leads else silent).append((inst, visits, course_))
        for alert in _alerts(inst, visits, last):
            flagged = True
            alerts.append(alert)
        if inst.flags and not flagged:
            names = listed([flag.short_title or flag.title for flag in inst.flags])
            unflagged.append(f"{names} not raised ({_name(inst)}, {day(_when(visits[-1]))}).")
    # Where not all have room, what speaks for each instrument comes before its other scales.
    chosen = sorted(courses, key=lambda course: course[2].scale.id != course[0].lead_scale.id)[:MOST_DRAWN]
    drawn = [entry for entry in courses if entry in chosen]
    rest = [entry for entry in courses if entry not in chosen]
    shown = {(inst.id, course_.scale.id) for inst, _, course_ in courses}
    absent = _missing(history, forms, shown)
    height = next(height for most, height in _HEIGHTS if len(drawn) <= most)
    days = tuple(sorted(history.days))
    lines = tuple(_line(*entry[1:], height, days, n, drawn) for n, entry in enumerate(drawn, 1))
    return Sheet(
        _days(history.days),
        tuple(sorted(alerts, key=lambda alert: not alert.open)),
        tuple(unflagged),
        lines,
        tuple(_line(*entry[1:], 0, days, 0, ()) for entry in rest),
        tuple(_line(*entry[1:], 0, days, 0, ()) for entry in silent),
        tuple(absent if len(absent) <= MOST_LISTED else _missing(history, forms, shown, short=True)),
        tuple(_missing(history, forms, None)),
        _notes([course_ for _, _, course_ in drawn]),
        tuple(
            f"{inst.title}, edition {inst.edition} ({visits[-1][1].provenance.digest[:8]})"
            for inst, visits in forms
        ),
        tuple(_name(inst) for inst, visits in forms if _unverified(visits[-1][1], inst, drawn)),
        tuple(dict.fromkeys(inst.notice for inst, _ in forms if inst.notice)),
        len(drawn) <= _FEW,
    )


def day(when: date) -> str:
    """A date as a reader says it.

    >>> day(date(2026, 1, 8))
    'Jan 8, 2026'
    """
    return f"{when:%b} {when.day}, {when.year}"


def _when(visit: tuple[date | None, Scores]) -> date:
    when = visit[0]
    assert when is not None
    return when.date() if isinstance(when, datetime) else when


def _several(days: Sequence[date]) -> str:
    if len(days) > 4:
        return f"{len(days)} of the visits"
    return listed([day(when) for when in days])


def _days(days: Collection[date]) -> str:
    ordered = sorted(days)
    if len(ordered) > 6:
        return f"{len(ordered)} visits, {day(ordered[0])} to {day(ordered[-1])}"
    visits = number_of(len(ordered), "visit")
    return f"{visits}: {listed([day(when) for when in ordered])}"


def _name(inst: Instrument) -> str:
    """What an instrument is called in a list: the title of its total, or its own."""
    lead = inst.lead_scale
    name = lead.name.removesuffix(" total")
    return name if lead.id in inst.summary and name != "Total" else inst.title


def _alerts(inst: Instrument, visits: Visits, last: date) -> list[Alert]:
    forms = [scores for _, scores in visits]
    alerts = []
    by_visit = flags_by_visit(inst, forms)
    for flag in by_visit[-1]:
        last_day = _when(visits[-1])
        late = "; no such form since" if last_day < last else ""
        earlier = [
            f"{day(_when(visit))}: {shown.short}"
            for visit, flags in zip(visits[:-1], by_visit[:-1], strict=True)
            for shown in flags
            if shown.id == flag.id
        ]
        more = f" And {len(earlier) - 3} times earlier." if len(earlier) > 3 else ""
        before = " ".join(earlier[-3:]) + more
        alerts.append(
            Alert(flag.sentence, f"{_name(inst)} of {day(last_day)}{late}", flag.state != "cleared", before)
        )
    return alerts


def _line(
    visits: Visits,
    drawn_course: Course,
    height: int,
    days: tuple[date, ...],
    place: int,
    drawn: Sequence[Any],
) -> Line:
    scored = [
        (_when(visit), mark)
        for visit, mark in zip(visits, drawn_course.visits, strict=True)
        if mark.value is not None
    ]
    first, final = scored[0][0], scored[-1][0]
    values = "; ".join(
        f"{day(when)}: {number(mark.value or 0.0, drawn_course.digits)}" for when, mark in scored
    )
    picture = ""
    if height:
        small = Small(days, axis=place == len(drawn) or len(drawn) <= _FEW)
        picture = _charts.patient_svg(drawn_course, small, height, place, f"{drawn_course.short} {values}.")
    name, change = drawn_course.scale.name, drawn_course.change
    if change is None:
        score = _score(visits, drawn_course.scale)
        band = f" ({score.band})" if score.band else ""
        short = f"{drawn_course.short}{band}. One score, nothing to compare."
        return Line(name, short, "", day(first), picture, False)
    when, clear = f"{day(first)} to {day(final)}", change.verdict.startswith("reliably")
    return Line(name, drawn_course.short, change.sentence, when, picture, clear)


def _unverified(scores: Scores, inst: Instrument, drawn: Sequence[tuple[Instrument, Visits, Course]]) -> bool:
    """Whether something that decides a score on the page was not verified."""
    shown = {course.scale.id for of, _, course in drawn if of is inst}
    places = [place.split(".") for place in scores.provenance.unverified]
    return any(place[0] == "answers" or place[1] in shown for place in places)


def _score(visits: Visits, scale: Scale) -> Any:
    """The last score of a scale."""
    return next(score for _, form in reversed(visits) if (score := form.scale(scale.id)).value is not None)


def _missing(
    history: History,
    forms: list[tuple[Instrument, Visits]],
    shown: Collection[tuple[str, str]] | None,
    short: bool = False,
) -> list[str]:
    """What is not there, and why: scales without a score by form, forms that were not filled in, cells.

    ``shown`` are the scales to look at, None for all; in ``short`` what earlier forms lack is counted only.
    """
    sentences = []
    last = max(history.days)
    for inst, visits in forms:
        there = {_when(visit) for visit in visits}
        if gone := sorted(history.days - there):
            final = f"; the last one is of {day(max(there))}" if last not in there else ""
            sentences.append(f"{_name(inst)}: no form on {_several(gone)}{final}.")
        scales = [scale for scale in inst.scales if shown is None or (inst.id, scale.id) in shown]
        lacking = 0
        for place, visit in enumerate(visits, 1):
            why: dict[str, list[str]] = {}
            for scale in scales:
                absent = visit[1].scale(scale.id).absent
                if absent is not None:
                    part = absent.code == "component_absent"
                    why.setdefault(PART if part else absent.sentence, []).append(
                        scale.short_title or scale.title
                    )
            lacking += bool(why) and place < len(visits)
            for sentence, names in why.items() if place == len(visits) or not short else ():
                sentences.append(f"{_name(inst)}, {day(_when(visit))}: no {listed(names)} score: {sentence}")
        if short and lacking:
            sentences.append(
                f"{_name(inst)}: {lacking} of {len(visits) - 1} earlier forms have not all scores."
            )
    sentences += [
        f"{_name(catalog.instrument(id))}, {day(when)}: {number_of(count, 'cell')} that "
        f"{'is no answer was' if count == 1 else 'are no answers were'} taken as not answered."
        for id, when, count in history.wrong
    ]
    sentences += [
        f"{_name(catalog.instrument(id))}, {day(when)}: no cell of the form is an answer; it is left out."
        for id, when in history.unread
    ]
    if history.blank:
        sentences.append(
            f"Left out, without any answer: {listed([day(when) for when in sorted(set(history.blank))])}."
        )
    return sentences


def _notes(courses: Sequence[Course]) -> tuple[str, ...]:
    """How the pictures and the verdicts are read: only what is there."""
    marks = [mark for course in courses for mark in course.visits]
    kinds, flags = {mark.kind for mark in marks}, {mark.flag for mark in marks}
    verdicts = {course.change.verdict.split()[0] for course in courses if course.change is not None}
    return tuple(
        note
        for there, note in (
            ("reliably" in verdicts, "Reliably: the change is more than any published measurement error."),
            ("possibly" in verdicts, "Possibly: more than the smallest published error, not the largest."),
            ("no" in verdicts, "No reliable change: error alone could make it."),
            (
                any(course.lines for course in courses),
                "Dashed line: where a score is reliably different from the first.",
            ),
            (any(course.own_error for course in courses), "Upright bars: 95% interval of each score."),
            ("better" in kinds, "Diamond: reliably better than the first score."),
            ("worse" in kinds, "Triangle: reliably worse."),
            ("raised" in flags, "Triangle above a picture: a flagged question was raised."),
            ("blank" in flags, "Square above: it was left blank."),
        )
        if there
    )

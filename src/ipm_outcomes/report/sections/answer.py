"""What came of the program, in two or three sentences and a few figures: began, followed, improved, on average."""

from __future__ import annotations

from collections.abc import Iterator

from ipm_outcomes.report._page import Page, Section, paragraph
from ipm_outcomes.report._page import cards as cards_of
from ipm_outcomes.report._program import ALL, Row, Shown
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report._words import count, plural, rounded, signed, were


def sections(words: Wording) -> Iterator[Section]:
    """The section; every report has it."""
    yield Section("answer", "The answer in short", answer, own_page=False)


def answer(page: Page, words: Wording) -> None:
    """The answer in sentences, then in figures."""
    program, shown = words.program, words.program.headline
    began = program.row("flow:began")
    if shown is None or began is None or began.denominator == 0:
        if empty(words):
            told = "No patient is in the data, so there is nothing to report."
        else:
            told = "The data hold no patient with a measured change, so there is no outcome to report."
        page.add(paragraph(told, "answer"))
        return
    completion = program.of("followup_completion", shown)
    outcome = program.of(program.success[shown.key], shown) if program.success[shown.key] else None
    mean = program.of("mean_improvement", shown)
    said = [begin(words, completion)]
    if began.numerator is not None:
        said += [*reached(words, shown, completion, outcome), *moved(words, shown, mean)]
    page.add(paragraph(" ".join(said), "answer"))
    if remark := words.ceiling(shown):
        page.add(paragraph(remark, "warn"))
    page.add(cards(words, shown, completion, outcome, mean))


def empty(words: Wording) -> bool:
    """Whether the tables hold no patient at all."""
    return not any(row.denominator for row in words.program.rows.values()) and not any(
        row.hidden for row in words.program.rows.values()
    )


def begin(words: Wording, completion: Row | None) -> str:
    """Who began, who was due, who was followed."""
    program = words.program
    began, patients = program.counted("flow:began"), program.counted("flow:patients")
    due = completion.eligible if completion else None
    followed = completion.numerator if completion else None
    if began is None:
        return (
            "Fewer patients have begun than may be counted in public, so this report shows no figures of "
            "outcomes. The numbers are withheld to protect the patients."
        )
    who = f"{count(began)} {words.singular(began)}"
    if not words.one_each and patients is not None:
        who += f" ({plural(patients, 'patient', 'patients')})"
    if due == 0:
        return f"Of {who} that began, none had both a first questionnaire and a follow-up due at {program.target}."
    if followed == 0:
        return f"Of {who} that began, {count(due)} {were(due or 0)} due at {program.target} and none was followed."
    told = f"Of {who} that began"
    if followed is None or due is None:
        return (
            f"{told}, the number followed at {program.target} cannot be shown: it would reveal a small count."
        )
    rate = (
        f" ({words.percent(completion.estimate, 0)})"
        if completion and completion.estimate is not None
        else ""
    )
    return (
        f"{told}, {count(due)} {were(due)} due for follow-up at {program.target} and {count(followed)} of these"
        f"{rate} {were(followed)} followed."
    )


def reached(words: Wording, shown: Shown, completion: Row | None, outcome: Row | None) -> list[str]:
    """How many did well, and the bounds if those not followed had been."""
    if outcome is None or outcome.estimate is None:
        if outcome is None or not outcome.hidden:
            return []
        group = {"nhs": "fewer than 5"}.get(words.program.policy, "10 or fewer")
        told = f"How many improved is not shown, so that no group of {group} can be worked out"
        return [f"{told}{words.between(outcome)}."]
    inside = words.interval(outcome, lambda v: words.percent(v, 0).removesuffix(" %"))
    said = [
        f"{words.percent(outcome.estimate, 0)} ({100 * words.program.level:g} % interval {inside}) "
        f"{words.success(shown)} on the {words.short(shown)}: "
        f"{count(outcome.numerator)} of {count(outcome.denominator)}."
    ]
    if outcome.worst is not None and outcome.best is not None and outcome.best > outcome.worst:
        said.append(
            "If none of those not followed had improved it would be "
            f"{words.percent(outcome.worst, 0)}; if all who could had, "
            f"{words.percent(outcome.best, 0)}."
        )
    return said


def moved(words: Wording, shown: Shown, mean: Row | None) -> list[str]:
    """The mean improvement."""
    if mean is None or mean.estimate is None:
        return []
    if mean.estimate == 0:
        return ["On average the score did not change."]
    way = "improved" if mean.estimate > 0 else "worsened"
    size = rounded(abs(mean.estimate), 1)
    inside = words.interval(mean, lambda v: signed(v))
    told = f" (interval of the improvement {inside})" if inside else ""
    return [f"On average the score {way} by {size} points{told}."]


def cards(words: Wording, shown: Shown, completion: Row | None, outcome: Row | None, mean: Row | None) -> str:
    """The key figures."""
    program, found = words.program, []
    began = program.counted("flow:began")
    patients = program.counted("flow:patients")
    told = words.singular(began or 0)
    if not words.one_each and patients is not None:
        told += f"; {plural(patients, 'patient', 'patients')}"
    found.append(("Began", count(began), told))
    if completion is not None:
        told = f"of those due at {program.target}"
        if completion.numerator is not None and completion.denominator is not None:
            told = f"{count(completion.numerator)} of {count(completion.denominator)} due at {program.target}"
        found.append(("Followed up", words.rate(completion, 0), told))
    if outcome is not None:
        inside = words.interval(outcome, lambda v: words.percent(v, 0).removesuffix(" %"))
        found.append(
            (
                f"{words.short(shown)}: {words.success(shown)}",
                words.rate(outcome, 0),
                f"{100 * program.level:g} % interval {inside}" if inside else "no figure",
            )
        )
    if mean is not None:
        inside = words.interval(mean, signed)
        figure = words.plain_figure(mean, 1)
        found.append(
            (
                f"{words.short(shown)}: mean improvement",
                figure,
                f"points; interval {inside}" if inside else "no interval",
            )
        )
    nps = next((r for r in program.rows.values() if r.definition == "nps_followup" and r.group == ALL), None)
    if nps is not None:
        figure = words.plain_figure(nps, 0)
        inside = words.interval(nps, lambda v: signed(v, 0))
        told = f"−100 to +100; interval {inside}" if inside else "−100 to +100"
        if nps.eligible and nps.denominator is not None:
            told += f"; {count(nps.denominator)} of {count(nps.eligible)} answered"
        found.append((f"Net Promoter Score at {program.target}", figure, told))
    return cards_of(found)

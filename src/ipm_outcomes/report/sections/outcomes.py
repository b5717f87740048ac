"""How patients fared, domain by domain: scores before and after, who improved, and all figures of each scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from ipm_outcomes.report._claims import against, better_ends, group_difference, t_scores
from ipm_outcomes.report._page import Page, Section, items, paragraph
from ipm_outcomes.report._program import Shown
from ipm_outcomes.report._wording import FIGURES, Wording
from ipm_outcomes.report._words import HIDDEN, NONE
from ipm_outcomes.report.sections import _plots as plots
from ipm_outcomes.report.sections.satisfaction import promoters

_DOMAIN_TITLES = {
    "pain": "Pain and what it keeps people from",
    "depression": "Depression",
    "anxiety": "Anxiety",
    "multidimensional": "Health and daily life",
    "catastrophizing": "Catastrophizing: dreading the worst about pain",
    "satisfaction": "Satisfaction: would patients recommend the program?",
}


def sections(words: Wording) -> Iterator[Section]:
    """A section for each domain of outcomes."""
    for domain, shown in words.program.domains.items():
        rated = [one for one in shown if words.program.row(f"{'.'.join(one.key)}:promoter")]
        others = [one for one in shown if one not in rated]
        plain = domain.replace("_", " ").capitalize()
        title = plain if domain == "satisfaction" and others else _DOMAIN_TITLES.get(domain, plain)
        id = "".join(c if c.isascii() and c.isalnum() else "-" for c in domain)
        yield Section(f"domain-{id}", title, partial(_write, rated=rated, others=others))


def _write(page: Page, words: Wording, rated: Sequence[Shown], others: Sequence[Shown]) -> None:
    if rated:
        promoters(page, words, rated)
    if others:
        domain(page, words, others)


def domain(page: Page, words: Wording, shown: Sequence[Shown]) -> None:
    """The scales of one domain."""
    program = words.program
    told = dict.fromkeys(
        f"{one.instrument.title} ({one.instrument.edition}): {one.instrument.measures}." for one in shown
    )
    page.add(*(paragraph(text) for text in told))
    counted = [one for one in shown if program.of("followup_completion", one) is not None]
    if not counted:
        page.add(paragraph("The table of indicators holds no figure for these measures."))
        return
    if all(
        (row := program.of("followup_completion", one)) and row.hidden == "" and not row.numerator
        for one in counted
    ):
        page.add(
            paragraph(
                f"Nobody has a score both before and at {program.target}, so no change can be shown.",
                "warn",
            )
        )
    if len(counted) == 1:
        alone(page, words, counted[0])
        page.add(figures(page, words, counted[0]))
        return
    together(page, words, counted)
    tables = [figures(page, words, one) for one in counted]
    page.add(f"<details><summary>All figures, scale by scale</summary>{''.join(tables)}</details>")


def alone(page: Page, words: Wording, shown: Shown) -> None:
    """Charts of the only scale of a domain."""
    program = words.program
    page.add(paragraph(f"{words.about(shown)}."))
    if remark := words.ceiling(shown):
        page.add(paragraph(remark, "warn"))
    charts = [
        plots.distribution(page, words, shown),
        plots.band_chart(page, words, [shown]),
        plots.mean_chart(
            page,
            words,
            [(t, program.of("mean_improvement", shown, t)) for t in program.targets],
            words.short(shown),
        ),
        plots.share_chart(page, words, shown),
    ]
    page.add(plots.grid(charts), group_differences(page, words, [shown]))


def together(page: Page, words: Wording, shown: Sequence[Shown]) -> None:
    """Charts of several scales, compared where one criterion holds for them."""
    program = words.program
    scored = [one for one in shown if one.scale.kind in ("table", "weighted")]
    page.add(
        items([f"{words.about(one)}." for one in shown if one not in scored])
        + (
            paragraph(
                f"{t_scores(scored)} {better_ends(scored)} In the charts of improvement to the right is "
                "always better."
            )
            if scored
            else ""
        )
    )
    means = [(words.short(one), program.of("mean_improvement", one)) for one in scored or shown]
    page.add(
        plots.grid(
            [
                plots.mean_chart(page, words, means, f"all scales at {program.target}"),
                plots.success_chart(page, words, shown),
            ]
        ),
        group_differences(page, words, shown),
        plots.grid(
            [
                plots.band_chart(page, words, [one for one in shown if one.scale.bands]),
                *(plots.distribution(page, words, one) for one in shown),
            ]
        ),
    )


def group_differences(page: Page, words: Wording, shown: Sequence[Shown]) -> str:
    """The mean change beside important differences that were found for groups; no share is given of them."""
    rows = []
    for one in shown:
        found = group_difference(one.scale)
        row = words.program.of("mean_improvement", one)
        if found is None or row is None:
            continue
        value = f"{found.value:f} {'point' if found.value == 1 else 'points'}"
        hidden = HIDDEN if row.hidden and row.estimate is None else ""
        rows.append(
            [
                words.short(one),
                words.cell(row),
                value,
                found.population or NONE,
                hidden or against(row.estimate, row.lower, row.upper, float(found.value)),
            ]
        )
    return page.table(
        f"Mean improvement beside the important difference between groups, at {words.program.target}",
        ["Scale", "Mean improvement, points", "Important difference", "Found in", "The mean is"],
        rows,
        "These differences were found by comparing groups. They do not say whether a single patient improved, so "
        "no share of patients is given for them.",
    )


def figures(page: Page, words: Wording, shown: Shown) -> str:
    """All figures of a scale at each follow-up."""
    program = words.program
    rows = [
        [
            words.figure(name, shown) + (words.cutoff(shown) if name == "reliable_recovery" else ""),
            *(words.cell(program.of(name, shown, target)) for target in program.targets),
        ]
        for name, _ in FIGURES
        if any(program.of(name, shown, target) is not None for target in program.targets)
    ]
    return page.table(
        f"{words.short(shown)}: figures at each follow-up, with {100 * program.level:g} % intervals",
        ["Figure", *program.targets],
        rows,
    )

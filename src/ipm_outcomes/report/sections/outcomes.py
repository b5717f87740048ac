"""How patients fared, domain by domain: scores before and after, who improved, and all figures of each scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ipm_outcomes.report._claims import against, better_ends, group_difference, t_scores
from ipm_outcomes.report._page import Section
from ipm_outcomes.report._program import Shown, is_promoter, is_t_score
from ipm_outcomes.report._wording import FIGURES, Wording
from ipm_outcomes.report._words import HIDDEN, NONE, count
from ipm_outcomes.report.sections import _plots as plots
from ipm_outcomes.report.sections.satisfaction import rating


def sections(words: Wording) -> Iterator[Section]:
    """A section for each domain of outcomes."""
    program = words.program
    for domain, shown in program.domains.items():
        rated = [each for each in shown if is_promoter(each) and program.of("nps_followup", each)]
        others = [each for each in shown if each not in rated]
        counted = [each for each in others if program.of("followup_completion", each) is not None]
        id = "".join(c if c.isascii() and c.isalnum() else "-" for c in domain)
        values = {
            "heading": _title(domain, shown),
            "rated": [rating(words, each) for each in rated],
            # By what is said of each: two editions may say the same.
            "instruments": {
                (
                    each.instrument.title,
                    each.instrument.edition,
                    each.instrument.measures,
                ): each.instrument
                for each in others
            }.values(),
            **_scales(words, counted),
        }
        yield Section(f"domain-{id}", "outcomes", values | _short(words, counted))
        yield Section(f"all-{id}", "outcomes_all", values, appendix=True)


def _title(domain: str, shown: Sequence[Shown]) -> str:
    """The heading that all instruments of a domain give it, or else its name."""
    titles = {each.instrument.domain_title for each in shown}
    [title] = titles if len(titles) == 1 else [None]
    return title or domain.replace("_", " ").capitalize()


def _scales(words: Wording, counted: Sequence[Shown]) -> dict[str, Any]:
    """Charts and tables of the scales; of several, they are compared where one criterion holds for them."""
    program = words.program
    completions = [program.of("followup_completion", each) for each in counted]
    values: dict[str, Any] = {
        "counted": counted,
        "targets": list(program.targets),
        "nobody": bool(counted)
        and all(row and row.hidden == "" and not row.numerator for row in completions),
        "tables": [{"scale": words.short(each), "rows": _figures(words, each)} for each in counted],
        "distributions": [plots.distribution(words, each) for each in counted],
        "bands": plots.bands(words, [each for each in counted if each.scale.bands]),
        "differences": list(_group_differences(words, counted)),
    }
    if len(counted) == 1:
        single = counted[0]
        improved = [(target, program.of("mean_improvement", single, target)) for target in program.targets]
        return values | {
            "best": words.ceiling(single),
            "means": plots.means(words, improved),
            "changed": plots.changed(words, single),
            "success": program.of(program.success.get(single.key, ""), single),
        }
    scored = [each for each in counted if is_t_score(each)]
    return values | {
        "plain": [f"{words.about(each)}." for each in counted if each not in scored],
        "scored": scored,
        "t_scores": t_scores(scored),
        "better_ends": better_ends(scored),
        "means": plots.means(
            words,
            [(words.short(each), program.of("mean_improvement", each)) for each in scored or counted],
        ),
        "common": plots.common(words, counted),
    }


def _short(words: Wording, counted: Sequence[Shown]) -> dict[str, Any]:
    """The table of the printed page, with what its sentence says."""
    program = words.program
    values: dict[str, Any] = dict.fromkeys(
        ("lead", "success", "most", "least", "mean", "crossed", "bands", "cutoff", "best", "judged")
    )
    values |= {
        "others": [],
        "t_scores": t_scores([each for each in counted if is_t_score(each)]),
    }
    alone = counted[0] if len(counted) == 1 else None
    own = program.success.get(alone.key, "") if alone else ""
    own = "" if own == "reliable_improvement" else own
    head = ["Score", "Followed", "Start", program.target, "Better by"]
    if alone and own:
        head.append(_upper(program.did_well(own)))
    head += ["Reliably better", "Reliably worse"]
    rows = []
    names = [words.ranged(each) for each in counted]
    for each, name in zip(counted, names, strict=True):
        columns = [own] if own else []
        columns += ["reliable_improvement", "reliable_deterioration"]
        rows.append(
            [
                name if names.count(name) == 1 else f"{name}, {each.instrument.title}",
                words.part(program.of("followup_completion", each)),
                *(words.mean(program.of(name, each)) for name in ("mean_baseline", "mean_followup")),
                words.mean(program.of("mean_improvement", each), interval=True),
                *(words.brief(program.of(name, each)) for name in columns),
            ]
        )
    judged = any(row[place] != NONE for row in rows for place in (-2, -1))
    if not judged:  # nothing is published by which a change of one patient could be called reliable
        head, rows = head[:-2], [row[:-2] for row in rows]
    values |= {"head": head, "rows": rows, "better_ends": better_ends(counted), "judged": judged or bool(own)}
    if alone is None:
        improved = [(words.short(each), program.of("reliable_improvement", each)) for each in counted]
        known = [(name, row) for name, row in improved if row is not None and row.estimate is not None]
        if known:
            order = sorted(known, key=lambda pair: pair[1].estimate or 0)
            values |= {"most": order[-1], "least": order[0] if len(order) > 1 else None}
        return values
    rule = program.success.get(alone.key, "")
    others = [(target, program.of(rule, alone, target)) for target in program.targets] if rule else []
    return values | {
        "lead": program.of(rule, alone) if rule else None,
        "success": words.success(alone),
        "mean": program.of("mean_improvement", alone),
        "crossed": program.of("reliable_recovery", alone),
        "cutoff": words.cutoff(alone),
        "best": words.ceiling(alone),
        "bands": plots.stack(words, alone),
        "others": [
            (target, f"{words.percent(row.estimate, 0)} of {count(row.denominator)}")
            for target, row in others
            if row is not None and row.estimate is not None
        ],
    }


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _group_differences(words: Wording, shown: Sequence[Shown]) -> Iterator[list[str]]:
    """The mean change beside important differences that were established for groups."""
    for each in shown:
        difference, row = (
            group_difference(each.scale),
            words.program.of("mean_improvement", each),
        )
        if difference is None or row is None:
            continue
        yield [
            words.short(each),
            words.cell(row),
            f"{difference.value:f} {'point' if difference.value == 1 else 'points'}",
            difference.population or NONE,
            HIDDEN
            if row.hidden and row.lower is None
            else against(row.estimate, row.lower, row.upper, float(difference.value)),
        ]


def _figures(words: Wording, shown: Shown) -> list[list[str]]:
    """All figures of a scale at each follow-up."""
    rows = []
    for name, _ in FIGURES:
        figures = [words.program.of(name, shown, target) for target in words.program.targets]
        if any(row is not None for row in figures):
            title = words.figure(name, shown) + (words.cutoff(shown) if name == "reliable_recovery" else "")
            rows.append([title, *map(words.cell, figures)])
    return rows

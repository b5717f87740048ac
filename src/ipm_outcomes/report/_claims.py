"""Sentences about instruments, made of the facts of their definitions."""

from __future__ import annotations

from collections.abc import Sequence

from ipm_outcomes.definition import Constant, Cutoff, Scale, Threshold
from ipm_outcomes.report._program import Shown, rated_bands
from ipm_outcomes.report._words import NONE, listed, signed
from ipm_outcomes.stats.effect_sizes import (
    LARGE,
    NOT_ABOVE_THRESHOLD,
    NOT_RELEVANT,
    NOT_SIGNIFICANT,
    PROBABLY_RELEVANT,
    WORSENED,
    against_important_change,
)

_DOUBTED = ("unverified",)


def t_scores(shown: Sequence[Shown]) -> str:
    """What 50 and 10 points mean on T-scores: of whom, for which scales, and where that is not verified."""
    scale_names: dict[tuple[str, str], list[str]] = {}
    doubted: list[str] = []
    for each in shown:
        facts = [_fact(each.scale, kind) for kind in ("mean", "sd")]
        mean, sd = facts
        if mean is None or sd is None:
            continue
        name = inside(each.scale.name)
        if mean.evidence in _DOUBTED or sd.evidence in _DOUBTED:
            doubted.append(name)
            continue
        words = f"{mean.value:f} is the average and {sd.value:f} points are one standard deviation"
        scale_names.setdefault((words, mean.population), []).append(name)
    said = []
    for (words, population), names in scale_names.items():
        said.append(f"{words} of {_the(population)} for {listed(names)}")
    sentence = f"T-scores: {'; '.join(said)}." if said else ""
    if doubted:
        sentence += f" For {listed(doubted)} whom the scores compare with was not verified."
    return sentence.strip()


def _fact(scale: Scale, kind: str) -> Constant | None:
    return next((constant for constant in scale.constants if constant.kind == kind), None)


def inside(name: str) -> str:
    """The name of a scale inside a sentence."""
    return name[0].lower() + name[1:] if name[1:2].islower() else name


def _the(population: str) -> str:
    """A population with its article."""
    return population if population.startswith(("a ", "an ", "the ")) else f"the {population}"


def diagnostic(cutoffs: Sequence[Cutoff | None]) -> bool:
    """Whether cut-offs were tested against a diagnosis: only then may who crossed one be called recovered."""
    return bool(cutoffs) and all(cutoff is not None and cutoff.sensitivity is not None for cutoff in cutoffs)


def group_difference(scale: Scale) -> Threshold | None:
    """The important difference that was established for groups, which judges the mean and no single patient."""
    differences = [
        threshold
        for threshold in scale.thresholds
        if threshold.id == "important" and threshold.kind == "points"
    ]
    return next((difference for difference in differences if difference.scope == "group"), None)


def against(estimate: float | None, low: float | None, high: float | None, points: float) -> str:
    """How the mean improvement and its interval lie to an important difference of groups, in plain words."""
    if estimate is None or low is None or high is None:
        return NONE
    relation = against_important_change(improvement=estimate, lower=low, upper=high, threshold=points)
    return {
        WORSENED: "worse, beyond chance",
        NOT_SIGNIFICANT: "no change beyond chance",
        NOT_RELEVANT: "improved beyond chance, by less than this difference",
        NOT_ABOVE_THRESHOLD: "improved beyond chance, probably by less than this difference",
        PROBABLY_RELEVANT: "improved beyond chance, probably by this difference",
        LARGE: "larger than this difference, beyond chance",
    }[relation]


def promoter_words(scale: Scale) -> str:
    """Which ratings make promoters, passives and detractors, and how the score is formed."""
    bands = {band.label: band for band in scale.bands.of} if scale.bands else {}
    names, parts = rated_bands(scale), []
    for name in names:
        low, high = bands[name].low, bands[name].high
        parts.append(f"{low:f} {'and' if high - low == 1 else 'to'} {high:f} are {name}s")
    low, high = scale.range if scale.range else (bands[names[-1]].low, bands[names[0]].high)
    return (
        f"Patients say from {low:f} to {high:f} how likely they are to recommend the program: {', '.join(parts)}. "
        "The Net Promoter Score is the percentage of promoters less that of detractors, from "
        f"{signed(-100, 0)} to {signed(100, 0)}; higher is better."
    )


def better_ends(shown: Sequence[Shown]) -> str:
    """Which way is better, scale by scale."""
    ends = {
        way: [inside(each.scale.name) for each in shown if each.scale.worse == worse]
        for way, worse in (("Higher", "lower"), ("Lower", "higher"))
    }
    return " ".join(f"{way} is better for {listed(names)}." for way, names in ends.items() if names)

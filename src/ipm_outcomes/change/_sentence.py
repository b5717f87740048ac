"""The change of one patient on one scale in words: the numbers, one verdict with its rule, then what it amounts to.

What the words are comes from the definition: the title as printed, the unit or the range, the direction, the labels
of bands and thresholds. A text never mixes two verdicts, never prints numbers that do not add up, and names a goal
such as remission only for the patients its rule was made for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ipm_outcomes._changes import FlagChange
from ipm_outcomes.change._numbers import Printed, decimals, fixed, plain, points, printed, spread
from ipm_outcomes.change._reliable import JACOBSON_TRUAX
from ipm_outcomes.change._thresholds import important_thresholds
from ipm_outcomes.change._verdict import Limit, Verdict
from ipm_outcomes.definition import Instrument, Scale, Threshold
from ipm_outcomes.scores import Score

LINE, WORDS = 140, 115
"""Characters of the one line and words of the sentence, flags included. What gives way first: the band, and what the
change amounts to beside the verdict."""


@dataclass(frozen=True)
class Facts:
    """What there is to say of one scale: the two scores, the verdict, and by which limits."""

    inst: Instrument
    scale: Scale
    before: Score
    after: Score
    verdict: Verdict
    limits: tuple[Limit, ...]
    method: str
    between: tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]
    """What each score would lie between, had its blanks been answered; the score itself twice where it has none."""
    flags: tuple[FlagChange, ...]

    @property
    def x1(self) -> Fraction:
        """The first score."""
        return self.before.exact or Fraction(0)

    @property
    def x2(self) -> Fraction:
        """The second score."""
        return self.after.exact or Fraction(0)

    @property
    def improvement(self) -> Fraction:
        """The change counted toward health."""
        return self.x1 - self.x2 if self.scale.worse == "higher" else self.x2 - self.x1

    @property
    def estimated(self) -> bool:
        """Whether a score is an estimate from a form with blanks."""
        return any(low != high for low, high in self.between)


def texts(facts: Facts) -> tuple[str, str]:
    """The sentence in full, and in one line."""
    if facts.before.exact is None or facts.after.exact is None:
        return _no_comparison(facts)
    numbers = printed(facts.scale, facts.x1, facts.x2, facts.limits, estimated=facts.estimated)
    goal, reached = _goal(facts)
    head = [_numbers(facts, numbers), *_estimates(facts), f"Verdict: {facts.verdict}{_rule(facts, numbers)}."]
    sizes, tail = list(_sizes(facts)), [*([goal] if goal else []), *_ends(facts)]
    flags = sum(len(flag.sentence.split()) for flag in facts.flags)
    while sizes and flags + len(" ".join([*head, *sizes, *tail]).split()) > WORDS:
        sizes.pop(0)
    return " ".join([*head, *sizes, *tail]), _line(facts, numbers, reached)


def _title(scale: Scale) -> str:
    return scale.short_title or scale.title


def _full_title(scale: Scale) -> str:
    """The title with the unit or the range, and which way is worse."""
    way = f"higher is {'worse' if scale.worse == 'higher' else 'better'}"
    unit = scale.unit or ("-".join(plain(Fraction(end)) for end in scale.range) if scale.range else None)
    return f"{_title(scale)} ({', '.join(filter(None, (unit, way)))})"


def _band(scale: Scale, score: Score) -> str:
    if score.band is None or (scale.bands and score.band in scale.bands.patient_omits):
        return ""
    return f" ({score.band})"


def _way(facts: Facts) -> str:
    return "better" if facts.improvement > 0 else "worse"


def _numbers(facts: Facts, numbers: Printed) -> str:
    scale = facts.scale
    was, now = (
        f"{numbers.before}{_band(scale, facts.before)}",
        f"{numbers.after}{_band(scale, facts.after)}",
    )
    moved = f"{points(numbers.difference)} {_way(facts)}" if facts.improvement else "no difference"
    return f"{_full_title(scale)} was {was}, is {now}: {moved}."


def _estimates(facts: Facts) -> Iterator[str]:
    what = "total" if facts.scale.kind == "sum" else "score"
    (low1, high1), (low2, high2) = facts.between
    if low1 != high1 and low2 != high2:
        counts = f"{facts.before.answered} and {facts.after.answered} of {facts.after.items}"
        yield (
            f"Both {what}s are estimates, from {counts} answers; with the blanks answered they would lie between "
            f"{plain(low1)} and {plain(high1)}, and {plain(low2)} and {plain(high2)}."
        )
        return
    scores = (("first", facts.before), ("second", facts.after))
    for (word, score), (low, high) in zip(scores, facts.between, strict=True):
        if low != high:
            yield (
                f"The {word} {what} is an estimate from {score.answered} of {score.items} answers; with the blanks "
                f"answered it would lie between {plain(low)} and {plain(high)}."
            )


def _rule(facts: Facts, numbers: Printed) -> str:
    """What the verdict rests on, in brackets."""
    if facts.verdict == "unchanged":
        return ""
    if facts.verdict == "cannot be judged":
        return " (the answer depends on what the blanks would have been)"
    if facts.verdict == "error not known":
        return (
            " (no measurement error of one person's score is published for this scale, so chance cannot be told "
            "from change)"
        )
    size, several = spread(facts.limits, abs(facts.improvement), numbers.size)
    if (
        all(f.evidence == "unverified" for limit in facts.limits for f in limit.figures)
        and facts.limits[0].figures
    ):
        size += ", not verified"
    bound = any(limit.at_least for limit in facts.limits)
    given = facts.method == JACOBSON_TRUAX
    if facts.verdict == "no reliable change":
        how_much = f"{size} or more" if bound else f"as much as {size}"
        return f" (measurement error alone can move one person's score by {how_much})"
    if facts.verdict.startswith("reliably"):
        every = "every published" if several else "the given" if given else ""
        beyond = f"beyond {every} measurement error, {size}".replace("  ", " ")
    elif bound:
        beyond = f"beyond {size}, a lower bound of measurement error from internal consistency"
    else:
        beyond = f"beyond the smallest published measurement error but not the largest, {size}"
    least = "whatever the blanks would have been, at least " if facts.estimated else ""
    return f" ({least}{beyond})"


def _sizes(facts: Facts) -> Iterator[str]:
    """Whether the change is as large as the definition's labeled thresholds for one patient."""
    chance = facts.verdict == "no reliable change"
    if facts.verdict in ("cannot be judged", "unchanged") or (facts.estimated and chance):
        return
    in_force = [t for t in important_thresholds(facts.scale) if _holds(facts, t)][-1:]
    for t in facts.scale.thresholds:
        if t.patient_label is None or t.scope == "group" or not _holds(facts, t):
            continue
        if t.kind == "points" and t in in_force:
            yield from _important(facts, t, chance=chance)
        if t.kind == "percent":
            yield from _percent(facts, t, chance=chance)


def _important(facts: Facts, t: Threshold, *, chance: bool) -> Iterator[str]:
    value = Fraction(t.value if facts.improvement > 0 or t.value_worse is None else t.value_worse)
    if abs(facts.improvement) < value:
        return
    label = f"the {t.patient_label} ({points(plain(value))})"
    if chance:
        yield f"As large as {label}, but too small to tell from chance in one person."
    elif facts.verdict.startswith("possibly"):
        yield f"At least {label}."


def _percent(facts: Facts, t: Threshold, *, chance: bool) -> Iterator[str]:
    if facts.x1 <= 0 or 100 * facts.improvement < Fraction(t.value) * facts.x1:
        return
    # Rounded down: 49.9 never reads as 50.
    share = f"{int(100 * facts.improvement / facts.x1)} % {'lower' if facts.x2 < facts.x1 else 'higher'}"
    line = plain(Fraction(t.value))
    if chance:
        yield (
            f"{share}: counted as {t.patient_label} ({line} %), but too small to tell from chance in one person."
        )
    else:
        yield f"{share} ({t.patient_label}: {line} % or more)."


def _holds(facts: Facts, t: Threshold) -> bool:
    """Whether the first score is of those that the threshold is meant for; an estimate a whole point beyond."""
    if t.baseline_above is None:
        return True
    if facts.scale.whole:
        return facts.x1 >= Fraction(t.baseline_above) + 1
    return facts.x1 > Fraction(t.baseline_above)


def _goal(facts: Facts) -> tuple[str | None, str]:
    """What to say of a goal such as remission, and what the one line adds where it is reached."""
    for t in facts.scale.thresholds:
        if t.kind != "below" or t.patient_label is None or t.scope == "group":
            continue
        if facts.x2 >= Fraction(t.value) or not _holds(facts, t):
            continue
        below = f"elow {plain(Fraction(t.value))}"
        open_flags = [flag for flag in facts.flags if flag.state != "cleared"]
        if open_flags:
            rule = next(rule for rule in facts.inst.flags if rule.id == open_flags[0].id)
            name = rule.short_title or rule.title
            what = f"{name[0].lower()}{name[1:]} is positive or blank"
            return f"B{below}, but not called {t.patient_label} while {what}.", ""
        if facts.estimated:
            return f"B{below}, but not called {t.patient_label} of an estimate.", ""
        first = ""
        if t.baseline_above is not None:
            above = Fraction(t.baseline_above)
            least = f"{plain(above + 1)} or more" if facts.scale.whole else f"above {plain(above)}"
            first = f" (stated only where the first score was {least})"
        return f"Now b{below}, the {t.patient_label} range{first}.", f"; {t.patient_label} range"
    return None, ""


def _ends(facts: Facts) -> Iterator[str]:
    if facts.scale.ends is None or facts.between[1][0] != facts.between[1][1]:
        return
    best, worst = map(Fraction, facts.scale.ends)
    if facts.x2 == best:
        yield "This is the best possible score: further improvement would not show."
    if facts.x2 == worst:
        yield "This is the worst possible score: further worsening would not show."


def _line(facts: Facts, numbers: Printed, reached: str) -> str:
    scale, moved = facts.scale, points(numbers.difference)
    values = numbers.after if numbers.before == numbers.after else f"{numbers.before} to {numbers.after}"
    head = f"{_title(scale)}{f' ({scale.unit})' if scale.unit else ''} {values}"
    estimated = ", estimated" if facts.estimated else ""
    if facts.verdict.startswith(("reliably", "possibly")):
        outcome = f"{facts.verdict}, {moved}"
    elif facts.verdict == "no reliable change" and facts.improvement:
        outcome = f"{facts.verdict} ({moved} {_way(facts)})"
    elif facts.verdict == "error not known" and facts.improvement:
        outcome = f"{moved} {_way(facts)}; {facts.verdict}"
    else:
        outcome = facts.verdict
    band, rest = _band(scale, facts.after), f"{estimated}: {outcome}{reached}."
    flags = sum(len(flag.short) + 1 for flag in facts.flags)
    return f"{head}{band if flags + len(head + band + rest) <= LINE else ''}{rest}"


def _no_comparison(facts: Facts) -> tuple[str, str]:
    scale = facts.scale
    forms = [("first", facts.before, "Before"), ("second", facts.after, "Now")]
    lost = [(word, score) for word, score, _ in forms if score.exact is None]
    there = [(when, score) for _, score, when in forms if score.exact is not None]
    if len(lost) == 2:
        counts = f"{lost[0][1].answered} and {lost[1][1].answered} of {lost[0][1].items}"
        why, short = f"Neither form has a score ({counts} answered).", f"both forms incomplete ({counts})"
    else:
        word, score = lost[0]
        counts = f"{score.answered} of {score.items}"
        why, short = (
            f"The {word} form has no score ({counts} answered).",
            f"{word} form incomplete ({counts})",
        )
    parts = [f"{_full_title(scale)}: no comparison.", why]
    parts += [f"{when} {_alone(scale, score)}{_band(scale, score)}." for when, score in there]
    parts.append(f"Verdict: {facts.verdict}.")
    return " ".join(parts), f"{_title(scale)}: no comparison, {short}."


def _alone(scale: Scale, score: Score) -> str:
    value = score.exact or Fraction(0)
    return plain(value) if scale.whole else fixed(value, decimals(scale))


def of_limits(limits: Sequence[Limit]) -> str:
    """What the limits rest on, each with its value."""
    names = {
        "sem": "standard error of measurement", "sd": "standard deviation", "mdc": "minimal detectable change",
        "mdc95": "minimal detectable change", "index": "index of reliable change",
    }  # fmt: skip
    origins = {
        "published": "a published {}", "given": "the given {}", "derived": "a {} derived from a published figure",
        "unverified": "a {} that is not verified",
    }  # fmt: skip
    parts = []
    for limit in limits:
        figures = (
            f"{origins[f.origin].format(names.get(f.kind, 'reliability'))} ({f.value:g})"
            for f in limit.figures
        )
        parts.append(" and ".join(figures))
    return "; ".join(parts)

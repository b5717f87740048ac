"""Whether patients would recommend the program: the Net Promoter Score, and who answered."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ipm_outcomes.report import _charts
from ipm_outcomes.report._claims import promoter_words
from ipm_outcomes.report._program import Shown, rated_bands, share
from ipm_outcomes.report._wording import Wording

_COLORS = (_charts.GOOD, _charts.BEFORE, _charts.BAD)
"""Of promoters, passives and detractors."""


def rating(words: Wording, shown: Shown) -> dict[str, Any]:
    """The score of a question that is rated, its groups, and its sites."""
    program, name = words.program, ".".join(shown.key)
    score = program.of("nps_followup", shown)
    bands = {band: program.row(f"{name}:{band}") for band in rated_bands(shown.scale)}
    colors = dict(zip(bands, _COLORS, strict=True))
    drawn = {band: float(part) for band, row in bands.items() if (part := share(row)) is not None}
    sites = [(g, program.of("nps_followup", shown, group=g)) for g in program.groups]
    known = score is not None and score.eligible and score.denominator is not None
    return {
        "about": promoter_words(shown.scale),
        "score": score,
        "answered": Fraction(score.denominator or 0, score.eligible or 1) if score and known else None,
        "best": share(next(iter(bands.values()))),
        "groups": [f"{band}s" for band in bands],
        "drawing": _charts.shares(
            [(f"{band}s", part) for band, part in drawn.items()],
            "share of answers",
            [colors[band] for band in drawn],
        )
        if drawn
        else None,
        "rows": [[f"{band}s", *words.of_whole(row)] for band, row in bands.items()],
        "by": program.by.replace("_", " "),
        "sites": [
            [program.site(g), words.cell(row), *(words.known(f"{name}:{band}", g) for band in bands)]
            for g, row in sites
        ]
        if sum(row is not None for _, row in sites) > 1
        else [],
    }

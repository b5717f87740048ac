"""Whether groups of patients, by a column that the caller names, were followed and fared alike."""

from __future__ import annotations

from collections.abc import Iterator

from ipm_outcomes.report._page import Section
from ipm_outcomes.report._program import ALL
from ipm_outcomes.report._wording import Wording


def sections(words: Wording) -> Iterator[Section]:
    """The section, where strata were asked for and there is a headline."""
    program, lead = words.program, words.program.headline
    if lead is None or not program.strata:
        return
    names = ("followup_completion", program.success.get(lead.key, ""), "mean_improvement")
    figures = [(name, f"{name}:{'.'.join(lead.key)}:{program.target}") for name in names if name]
    groups = list(dict.fromkeys(stratum for _, stratum in program.of_strata))
    rows = [
        [
            "All" if group == ALL else group,
            *(
                words.cell(program.row(figure) if group == ALL else program.of_strata.get((figure, group)))
                for _, figure in figures
            ),
        ]
        for group in (*groups, ALL)
    ]
    head = {"followup_completion": "Followed, of those due", "mean_improvement": "Mean improvement, points"}
    values = {
        "column": program.strata.replace("_", " "),
        "scale": words.short(lead),
        "head": [program.strata.replace("_", " ").capitalize()]
        + [head.get(name, words.success(lead).capitalize()) for name, _ in figures],
        "rows": rows if groups else [],
    }
    yield Section("strata", "strata", values)

"""What is proposed of a set of columns, as a mapping would say it."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from typing import Any

from ipm_outcomes.files._forms import name_at
from ipm_outcomes.files._labels import Labels, labels_seen
from ipm_outcomes.files._propose import Candidate
from ipm_outcomes.frames._findings import Finding
from ipm_outcomes.mapping import InstrumentPart, Proposal

DOUBT = ("coding_from_one", "coding_suspected")


def all_columns(candidate: Candidate, names: Sequence[str]) -> list[str]:
    """The columns of a set, at each visit where there are visits."""
    visits, last = candidate.prefixes or candidate.suffixes, bool(candidate.suffixes)
    columns = [*candidate.columns.values(), *candidate.recorded.values()]
    return columns + [
        column for name in columns for visit in visits if (column := name_at(visit, name, names, last))
    ]


def part_of(candidate: Candidate, labels: Labels) -> InstrumentPart:
    """What a mapping would say of a set."""
    return InstrumentPart(
        id=candidate.id,
        columns=dict(candidate.columns),
        scales=list(candidate.scales) if candidate.scales else None,
        recorded=candidate.recorded,
        labels_seen=labels_seen(candidate.columns, labels),
    )


def proposed_parts(
    likely: Sequence[Candidate], seen: Dict[str, Sequence[Finding]], labels: Labels
) -> list[Proposal]:
    """Proposals of whole sets, and of what their cells give reason to suspect."""
    proposals: list[Proposal] = []
    for candidate in likely:
        strength = {
            "wording": "by wording",
            "codes": "by item codes",
            "names": "by name",
            "weak": "by name, weak",
        }
        proposals.append(
            Proposal(
                place=("instrument", candidate.id),
                value=part_of(candidate, labels),
                why=f"{strength[candidate.how]}: {candidate.evidence}",
            )
        )
        if candidate.prefixes or candidate.suffixes:
            way = "from_prefix" if candidate.prefixes else "from_suffix"
            visits = {name: name for name in candidate.prefixes or candidate.suffixes}
            why = "the same whole set is there at each of these visits; give them the names of visits"
            if not any(other.place == ("keys", "visit") for other in proposals):
                proposals.append(Proposal(place=("keys", "visit"), value={way: visits}, why=why))
        proposals += proposed_of(candidate.id, seen.get(candidate.id, ()))
    return proposals


def proposed_of(id: str, seen: Sequence[Finding]) -> list[Proposal]:
    """What a mapping would say to settle findings."""
    proposals = [
        Proposal(place=("instrument", id, "coding"), value="position", why=finding.seen)
        for finding in seen
        if finding.finding in DOUBT
    ]
    missing = [finding for finding in seen if finding.argument == "not_answered"]
    if missing:
        values = missing[0].value
        listed = list(values[id] if isinstance(values, Dict) else values)
        value: dict[str, list[Any]] = {}
        if codes := [code for code in listed if isinstance(code, int)]:
            value["codes"] = codes
        if words := [word for word in listed if isinstance(word, str)]:
            value["words"] = words
        why = "; ".join(finding.seen for finding in missing)
        proposals.append(Proposal(place=("instrument", id, "not_answered"), value=value, why=why))
    return proposals

"""What is proposed of a set of columns, as a mapping would say it."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from typing import Any

from ipm_outcomes.files._forms import name_at
from ipm_outcomes.files._labels import Labels, labels_seen
from ipm_outcomes.files._propose import Found
from ipm_outcomes.frames._findings import Finding
from ipm_outcomes.mapping import InstrumentPart, Proposal

DOUBT = ("coding_from_one", "coding_suspected")


def all_columns(one: Found, names: Sequence[str]) -> list[str]:
    """The columns of a set, at each visit where there are visits."""
    visits, last = one.prefixes or one.suffixes, bool(one.suffixes)
    found = [*one.columns.values(), *one.recorded.values()]
    return found + [at for name in found for visit in visits if (at := name_at(visit, name, names, last))]


def part_of(one: Found, labels: Labels) -> InstrumentPart:
    """What a mapping would say of a set."""
    return InstrumentPart(
        id=one.id,
        columns=dict(one.columns),
        scales=list(one.scales) if one.scales else None,
        recorded=one.recorded,
        labels_seen=labels_seen(one.columns, labels),
    )


def proposed_parts(
    likely: Sequence[Found], seen: Dict[str, Sequence[Finding]], labels: Labels
) -> list[Proposal]:
    """Proposals of whole sets, and of what their cells give reason to suspect."""
    found: list[Proposal] = []
    for one in likely:
        strength = {
            "wording": "by wording",
            "codes": "by item codes",
            "names": "by name",
            "weak": "by name, weak",
        }
        found.append(
            Proposal(
                place=("instrument", one.id),
                value=part_of(one, labels),
                why=f"{strength[one.how]}: {one.evidence}",
            )
        )
        if one.prefixes or one.suffixes:
            way = "from_prefix" if one.prefixes else "from_suffix"
            visits = {name: name for name in one.prefixes or one.suffixes}
            why = "the same whole set is there at each of these visits; give them the names of visits"
            if not any(other.place == ("keys", "visit") for other in found):
                found.append(Proposal(place=("keys", "visit"), value={way: visits}, why=why))
        found += proposed_of(one.id, seen.get(one.id, ()))
    return found


def proposed_of(id: str, seen: Sequence[Finding]) -> list[Proposal]:
    """What a mapping would say to settle findings."""
    found = [
        Proposal(place=("instrument", id, "coding"), value="position", why=finding.seen)
        for finding in seen
        if finding.finding in DOUBT
    ]
    missing = [finding for finding in seen if finding.argument == "not_answered"]
    if missing:
        values = missing[0].value
        listed = list(values[id] if isinstance(values, Dict) else values)
        value: dict[str, list[Any]] = {}
        if codes := [one for one in listed if isinstance(one, int)]:
            value["codes"] = codes
        if words := [one for one in listed if isinstance(one, str)]:
            value["words"] = words
        why = "; ".join(finding.seen for finding in missing)
        found.append(Proposal(place=("instrument", id, "not_answered"), value=value, why=why))
    return found

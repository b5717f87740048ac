"""Recorded totals: calculated fields beside the items, known by their formula or their name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ipm_outcomes.definition import Instrument
from ipm_outcomes.redcap._columns import CHOICES, KIND, NAME, DictionaryField
from ipm_outcomes.redcap._export import Export

_FIELDS = r"\[\w+\](?:\s*%s\s*\[\w+\])*"
_SUM = re.compile(rf"sum\s*\(\s*{_FIELDS % ','}\s*\)|{_FIELDS % re.escape('+')}", re.IGNORECASE)
_MEAN = re.compile(rf"mean\s*\(\s*{_FIELDS % ','}\s*\)", re.IGNORECASE)
_ROUND = re.compile(r"round\s*\((.*),\s*\d+\s*\)", re.IGNORECASE | re.DOTALL)
_KINDS = ("calc", "text")


def totals(instrument: Instrument, names: Mapping[str, str], export: Export) -> dict[str, str]:
    """Scales with the columns of their recorded scores: by the formula of a calculated field, else by name."""
    there = [name for name in export.names if name not in names.values()]
    of_formula = dict(
        _by_formula(instrument, names, [export.fields[name] for name in there if name in export.fields])
    )
    fitting = [name for name in there if name not in export.fields or export.fields[name][KIND] in _KINDS]
    of_name = dict(_by_name(instrument, fitting))
    return {**of_name, **of_formula}


def _by_formula(
    instrument: Instrument, names: Mapping[str, str], fields: list[DictionaryField]
) -> Iterator[tuple[str, str]]:
    """Calculated fields that are the sum or the mean of just the items of a scale."""
    for scale in instrument.scales:
        wanted = {names.get(item, "") for item in scale.items}
        for field in fields:
            formula = field[CHOICES].strip()
            if rounded := _ROUND.fullmatch(formula):
                formula = rounded[1].strip()
            plain = {"sum": _SUM, "mean": _MEAN}.get(scale.kind)
            if field[KIND] != "calc" or plain is None or not plain.fullmatch(formula):
                continue
            used = re.findall(r"\[(\w+)\]", formula)
            if len(used) == len(set(used)) and set(used) == wanted:
                yield scale.id, field[NAME]
                break


def _by_name(instrument: Instrument, there: list[str]) -> Iterator[tuple[str, str]]:
    """Fields with the name of a score, or of the total of an instrument."""
    for id in instrument.scale_ids:
        likely = [f"{instrument.id}_{id}"]
        if id == "total":
            likely += [
                f"{instrument.id}_sum",
                f"{instrument.id}_score",
                f"sum_{instrument.id}",
                f"{instrument.id}_total_score",
            ]
        elif id == "mean":
            likely += [f"{instrument.id}_score", f"{instrument.id}_average"]
        likely += [f"{name}_{ending}" for name in likely for ending in ("calc", "calc_unofficial")]
        for name in likely:
            if name in there:
                yield id, name
                break

"""How important a published count is: what is given up last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ipm_outcomes import catalog
from ipm_outcomes.definition import Instrument
from ipm_outcomes.program._headline import main_target, rank, success_of
from ipm_outcomes.program.indicators import Indicator
from ipm_outcomes.program.suppression._pairs import WHOLE
from ipm_outcomes.program.suppression._read import TableRow


def scored(id: str | None, own: Mapping[str, Instrument]) -> Instrument | None:
    """A custom instrument of the program, or one of the catalog."""
    if id is None or id in own:
        return own.get(id or "")
    return catalog.instrument(id) if id in catalog.instruments() else None


class Levels:
    """How important a count is: 0 is given up last."""

    def __init__(
        self,
        rows: Sequence[TableRow],
        definition: Callable[[str], Indicator | None],
        instruments: Mapping[str, Instrument],
    ) -> None:
        details: dict[str, dict[str, set[str]]] = {}
        for row in rows:
            of_instrument, of_scale, target = row.about
            instrument = scored(of_instrument, instruments)
            if instrument is not None and of_scale == instrument.lead_scale.id and row.definition and target:
                details.setdefault(instrument.id, {}).setdefault(row.definition, set()).add(target)
        leads = [instrument for id in details if (instrument := scored(id, instruments)) is not None]
        self.lead: tuple[str, str] | None = None
        self.success = self.target = ""
        for instrument in sorted(leads, key=lambda instrument: rank(instrument, instrument.lead_scale.id)):
            if success := success_of(instrument.lead_scale, details[instrument.id], definition):
                self.lead, self.success = (instrument.id, instrument.lead_scale.id), success
                self.target = main_target(details[instrument.id][success])
                break

    def __call__(self, row: TableRow, column: str) -> int:
        if column == WHOLE:
            return 6
        if row.definition == "baseline_completion":
            return 4
        if any(part is not None for part in row.key):
            return 5 if row.band is not None else 3
        if row.band is not None:
            return 5
        if row.about[:2] == self.lead:
            if (
                row.definition == self.success
                and column in ("numerator", "denominator")
                and row.about[2] == self.target
            ):
                return 0
            return 1 if row.definition in (self.success, "followup_completion") else 2
        return 2

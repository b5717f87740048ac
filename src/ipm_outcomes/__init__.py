"""Patient-reported outcomes in pain care: answers to scores, scores to change, change to program figures.

One response: build one of the response classes, such as `PHQ9`, and call `score`. A data frame:
`ipm_outcomes.frames.score`. Definitions: `instrument`, `instruments`. Submodules load lazily.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ipm_outcomes._version import __version__

if TYPE_CHECKING:
    from ipm_outcomes import audit, change, fhir, frames, opioids, program, redcap, report, stats
    from ipm_outcomes.batteries import battery
    from ipm_outcomes.catalog import instrument, instruments
    from ipm_outcomes.change import between

    # printed from the definitions: imports
    from ipm_outcomes.responses import (
        CSQ8,
        DVPRS,
        ENPS,
        GAD7,
        NPS,
        PAM,
        PASTOR,
        PCS,
        PEG,
        PGIC,
        PHQ9,
        PROMIS29,
        PRS,
        SCS,
        SCSSF,
        WPAIGH,
        WPAISHP,
        Flourishing,
        MiniZ,
        MiniZv20,
        PGICHurstBolton,
        PROMIS29Plus2,
        PROMIS29v20,
        PROMISGlobal,
        ProviderRating,
    )

    # end of what is printed
    from ipm_outcomes.scoring import score

_HOMES = {
    "battery": "batteries",
    "between": "change",
    "instrument": "catalog",
    "instruments": "catalog",
    "score": "scoring",
}
_ROOMS = ("audit", "change", "fhir", "frames", "opioids", "program", "redcap", "report", "stats")

__all__ = [
    # printed from the definitions: classes
    "CSQ8",
    "DVPRS",
    "ENPS",
    "GAD7",
    "NPS",
    "PAM",
    "PASTOR",
    "PCS",
    "PEG",
    "PGIC",
    "PHQ9",
    "PROMIS29",
    "PRS",
    "SCS",
    "SCSSF",
    "WPAIGH",
    "WPAISHP",
    "Flourishing",
    "MiniZ",
    "MiniZv20",
    "PGICHurstBolton",
    "PROMIS29Plus2",
    "PROMIS29v20",
    "PROMISGlobal",
    "ProviderRating",
    # end of what is printed
    "__version__",
    "audit",
    "battery",
    "between",
    "change",
    "fhir",
    "frames",
    "instrument",
    "instruments",
    "opioids",
    "program",
    "redcap",
    "report",
    "score",
    "stats",
]


def __getattr__(name: str) -> object:
    if name in _ROOMS:
        return import_module(f"ipm_outcomes.{name}")
    if name in _HOMES:
        value = getattr(import_module(f"ipm_outcomes.{_HOMES[name]}"), name)
    elif name[:1].isupper():
        # The response classes, also of an instrument that was added later.
        try:
            value = getattr(import_module("ipm_outcomes.responses"), name)
        except AttributeError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value  # the next access does not come here
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

"""The response classes, one module for each instrument, loaded when asked for.

Printed by ``python -m ipm_outcomes._printer``; do not edit.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ipm_outcomes.responses._base import Response

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.csq8 import CSQ8Changes
    from ipm_outcomes.responses._changes.dvprs import DVPRSChanges
    from ipm_outcomes.responses._changes.enps import ENPSChanges
    from ipm_outcomes.responses._changes.flourishing import FlourishingChanges
    from ipm_outcomes.responses._changes.gad7 import GAD7Changes
    from ipm_outcomes.responses._changes.mini_z import MiniZChanges
    from ipm_outcomes.responses._changes.mini_z_v2_0 import MiniZv20Changes
    from ipm_outcomes.responses._changes.nps import NPSChanges
    from ipm_outcomes.responses._changes.pam import PAMChanges
    from ipm_outcomes.responses._changes.pastor import PASTORChanges
    from ipm_outcomes.responses._changes.pcs import PCSChanges
    from ipm_outcomes.responses._changes.peg import PEGChanges
    from ipm_outcomes.responses._changes.pgic import PGICChanges
    from ipm_outcomes.responses._changes.pgic_hurst_bolton import PGICHurstBoltonChanges
    from ipm_outcomes.responses._changes.phq9 import PHQ9Changes
    from ipm_outcomes.responses._changes.promis29 import PROMIS29Changes
    from ipm_outcomes.responses._changes.promis29_2 import PROMIS29Plus2Changes
    from ipm_outcomes.responses._changes.promis29_v2_0 import PROMIS29v20Changes
    from ipm_outcomes.responses._changes.promis_global import PROMISGlobalChanges
    from ipm_outcomes.responses._changes.provider_rating import ProviderRatingChanges
    from ipm_outcomes.responses._changes.prs import PRSChanges
    from ipm_outcomes.responses._changes.scs import SCSChanges
    from ipm_outcomes.responses._changes.scs_sf import SCSSFChanges
    from ipm_outcomes.responses._changes.wpai_gh import WPAIGHChanges
    from ipm_outcomes.responses._changes.wpai_shp import WPAISHPChanges
    from ipm_outcomes.responses.csq8 import CSQ8, CSQ8Scores
    from ipm_outcomes.responses.dvprs import DVPRS, DVPRSScores
    from ipm_outcomes.responses.enps import ENPS, ENPSScores
    from ipm_outcomes.responses.flourishing import Flourishing, FlourishingScores
    from ipm_outcomes.responses.gad7 import GAD7, GAD7Scores
    from ipm_outcomes.responses.mini_z import MiniZ, MiniZScores
    from ipm_outcomes.responses.mini_z_v2_0 import MiniZv20, MiniZv20Scores
    from ipm_outcomes.responses.nps import NPS, NPSScores
    from ipm_outcomes.responses.pam import PAM, PAMScores
    from ipm_outcomes.responses.pastor import PASTOR, PASTORScores
    from ipm_outcomes.responses.pcs import PCS, PCSScores
    from ipm_outcomes.responses.peg import PEG, PEGScores
    from ipm_outcomes.responses.pgic import PGIC, PGICScores
    from ipm_outcomes.responses.pgic_hurst_bolton import PGICHurstBolton, PGICHurstBoltonScores
    from ipm_outcomes.responses.phq9 import PHQ9, PHQ9Scores
    from ipm_outcomes.responses.promis29 import PROMIS29, PROMIS29Scores
    from ipm_outcomes.responses.promis29_2 import PROMIS29Plus2, PROMIS29Plus2Scores
    from ipm_outcomes.responses.promis29_v2_0 import PROMIS29v20, PROMIS29v20Scores
    from ipm_outcomes.responses.promis_global import PROMISGlobal, PROMISGlobalScores
    from ipm_outcomes.responses.provider_rating import ProviderRating, ProviderRatingScores
    from ipm_outcomes.responses.prs import PRS, PRSScores
    from ipm_outcomes.responses.scs import SCS, SCSScores
    from ipm_outcomes.responses.scs_sf import SCSSF, SCSSFScores
    from ipm_outcomes.responses.wpai_gh import WPAIGH, WPAIGHScores
    from ipm_outcomes.responses.wpai_shp import WPAISHP, WPAISHPScores

CLASSES = {
    "csq8": "CSQ8",
    "dvprs": "DVPRS",
    "enps": "ENPS",
    "flourishing": "Flourishing",
    "gad7": "GAD7",
    "mini_z": "MiniZ",
    "mini_z_v2_0": "MiniZv20",
    "nps": "NPS",
    "pam": "PAM",
    "pastor": "PASTOR",
    "pcs": "PCS",
    "peg": "PEG",
    "pgic": "PGIC",
    "pgic_hurst_bolton": "PGICHurstBolton",
    "phq9": "PHQ9",
    "promis29": "PROMIS29",
    "promis29_2": "PROMIS29Plus2",
    "promis29_v2_0": "PROMIS29v20",
    "promis_global": "PROMISGlobal",
    "provider_rating": "ProviderRating",
    "prs": "PRS",
    "scs": "SCS",
    "scs_sf": "SCSSF",
    "wpai_gh": "WPAIGH",
    "wpai_shp": "WPAISHP",
}
"""Instrument ids with the names of their response classes."""

__all__ = [
    "CSQ8",
    "CSQ8Changes",
    "CSQ8Scores",
    "DVPRS",
    "DVPRSChanges",
    "DVPRSScores",
    "ENPS",
    "ENPSChanges",
    "ENPSScores",
    "Flourishing",
    "FlourishingChanges",
    "FlourishingScores",
    "GAD7",
    "GAD7Changes",
    "GAD7Scores",
    "MiniZ",
    "MiniZChanges",
    "MiniZScores",
    "MiniZv20",
    "MiniZv20Changes",
    "MiniZv20Scores",
    "NPS",
    "NPSChanges",
    "NPSScores",
    "PAM",
    "PAMChanges",
    "PAMScores",
    "PASTOR",
    "PASTORChanges",
    "PASTORScores",
    "PCS",
    "PCSChanges",
    "PCSScores",
    "PEG",
    "PEGChanges",
    "PEGScores",
    "PGIC",
    "PGICChanges",
    "PGICHurstBolton",
    "PGICHurstBoltonChanges",
    "PGICHurstBoltonScores",
    "PGICScores",
    "PHQ9",
    "PHQ9Changes",
    "PHQ9Scores",
    "PROMIS29",
    "PROMIS29Changes",
    "PROMIS29Plus2",
    "PROMIS29Plus2Changes",
    "PROMIS29Plus2Scores",
    "PROMIS29Scores",
    "PROMIS29v20",
    "PROMIS29v20Changes",
    "PROMIS29v20Scores",
    "PROMISGlobal",
    "PROMISGlobalChanges",
    "PROMISGlobalScores",
    "PRS",
    "PRSChanges",
    "PRSScores",
    "ProviderRating",
    "ProviderRatingChanges",
    "ProviderRatingScores",
    "Response",
    "SCS",
    "SCSChanges",
    "SCSSF",
    "SCSSFChanges",
    "SCSSFScores",
    "SCSScores",
    "WPAIGH",
    "WPAIGHChanges",
    "WPAIGHScores",
    "WPAISHP",
    "WPAISHPChanges",
    "WPAISHPScores",
]


def __getattr__(name: str) -> object:
    for id, class_name in CLASSES.items():
        if name in (class_name, f"{class_name}Scores"):
            return getattr(import_module(f"ipm_outcomes.responses.{id}"), name)
        if name == f"{class_name}Changes":
            return getattr(import_module(f"ipm_outcomes.responses._changes.{id}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

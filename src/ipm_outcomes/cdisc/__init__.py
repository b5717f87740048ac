"""CDISC: answers as SDTM QS and back, changes as ADQS."""

from ipm_outcomes.cdisc._adqs import adqs
from ipm_outcomes.cdisc._qs import qs
from ipm_outcomes.cdisc._read_qs import read_qs

__all__ = ["adqs", "qs", "read_qs"]

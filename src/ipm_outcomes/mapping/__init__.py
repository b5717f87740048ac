"""What was confirmed of a file: how it is read, and which column holds what; kept as `mapping.toml`."""

from ipm_outcomes.mapping._mapping import Mapping, Proposal
from ipm_outcomes.mapping._parts import DatePart, FilePart, InstrumentPart, KeysPart

__all__ = ["DatePart", "FilePart", "InstrumentPart", "KeysPart", "Mapping", "Proposal"]

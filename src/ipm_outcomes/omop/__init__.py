"""OMOP common data model 5.4: scores and answers out as rows of OBSERVATION and MEASUREMENT, and answers back in.

Concept ids come from the site's own vocabulary; the library has none.
"""

from ipm_outcomes.omop._read import read
from ipm_outcomes.omop._rows import Rows, rows

__all__ = ["Rows", "read", "rows"]

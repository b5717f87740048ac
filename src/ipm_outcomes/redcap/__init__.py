"""REDCap: forms out as a data dictionary, exports in.

`dictionary` writes the fields of instruments, `check_dictionary` checks a dictionary before REDCap does; `read` reads
an export, raw or labeled, and `rows` writes answers for the import.
"""

from ipm_outcomes.redcap._check import DictionaryProblem, check_dictionary
from ipm_outcomes.redcap._dictionary import dictionary
from ipm_outcomes.redcap._read import read
from ipm_outcomes.redcap._rows import rows

__all__ = ["DictionaryProblem", "check_dictionary", "dictionary", "read", "rows"]

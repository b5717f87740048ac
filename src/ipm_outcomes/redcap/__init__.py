"""REDCap: forms out as a data dictionary, exports in.

`dictionary` writes the fields of instruments, `check_dictionary` checks a dictionary before REDCap does.
"""

from ipm_outcomes.redcap._check import DictionaryProblem, check_dictionary
from ipm_outcomes.redcap._dictionary import dictionary

__all__ = ["DictionaryProblem", "check_dictionary", "dictionary"]

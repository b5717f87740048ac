"""Files as clinics have them: CSV of any dialect, workbooks, files of SPSS, Stata and SAS, exports of survey tools.

`read` reads a file and lists each inference with its evidence; nothing weak is applied without a yes. What was
confirmed is kept as a `ipm_outcomes.mapping.Mapping`; `propose` says which columns of a table may be the items of which
instrument.
"""

from ipm_outcomes.files._read import propose, read

__all__ = ["propose", "read"]

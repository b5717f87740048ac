"""The command ``redcap``: fields of instruments for a data dictionary."""

from __future__ import annotations

from ipm_outcomes import redcap as bridge
from ipm_outcomes.cli._codes import FINE
from ipm_outcomes.cli._options import Output
from ipm_outcomes.cli._output import output_kind, write_text
from ipm_outcomes.cli._print import tell

NEVER_ALONE = (
    "append these rows to the dictionary of your project; uploading the file alone deletes all other fields with "
    "their data"
)


def redcap(*ids: str, record_id: str = "record_id", prefix: str = "", output: Output = None) -> int:
    """Write the fields of instruments as a data dictionary of REDCap. Append it to yours, never upload it alone.

    Parameters
    ----------
    ids
        Ids of the instruments, as `instruments` lists them.
    record_id
        Name of the field with the record id in your project.
    prefix
        Put before the names of forms and fields, where yours would clash.
    output
        File, whose name ends in .csv; by default standard output.
    """
    output_kind(output, (".csv",), inputs=())
    write_text(bridge.dictionary(*ids, record_id=record_id, prefix=prefix), output)
    tell(NEVER_ALONE)
    return FINE

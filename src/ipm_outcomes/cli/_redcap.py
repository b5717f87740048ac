"""The command ``redcap``: fields of instruments for a data dictionary."""

from __future__ import annotations

from ipm_outcomes import redcap as bridge
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.cli._codes import FINE
from ipm_outcomes.cli._options import Output
from ipm_outcomes.cli._output import output_kind, write_text
from ipm_outcomes.cli._print import tell
from ipm_outcomes.errors import InputError, ParameterError
from ipm_outcomes.frames._items import given_names
from ipm_outcomes.mapping import Mapping

NEVER_ALONE = (
    "append these rows to the dictionary of your project; uploading the file alone deletes all other fields with "
    "their data"
)


def _of(
    mapping: Mapping, ids: tuple[str, ...]
) -> tuple[tuple[str, ...], str | None, dict[str, dict[str, str]]]:
    """Instruments, the record id, and the names of fields, by a mapping."""
    if mapping.file is not None:
        mapping.file.require("redcap", "a project of REDCap")
    parts = {part.id: part for part in mapping.instrument}
    if absent := [id for id in ids if id not in parts]:
        raise ParameterError(f"{absent[0]}: the mapping has no such instrument")
    chosen = ids or tuple(parts)
    for id in chosen:
        if parts[id].coding not in (None, "answer", "label"):
            message = "a data dictionary is written with the codes of the definition; leave the coding out"
            raise InputError(message, "mapping_does_not_fit", f"instrument.{id}.coding")
    return chosen, mapping.keys.patient, {id: given_names(definition(id), parts[id].columns) for id in chosen}


def redcap(
    *ids: str,
    record_id: str | None = None,
    prefix: str = "",
    mapping: str | None = None,
    output: Output = None,
) -> int:
    """Write the fields of instruments as a data dictionary of REDCap. Append it to yours, never upload it alone.

    Parameters
    ----------
    ids
        Ids of the instruments, as `instruments` lists them; with --mapping by default those of the mapping.
    record_id
        Name of the field with the record id in your project; by default record_id.
    prefix
        Put before the names of forms and fields, where yours would clash.
    mapping
        A .toml file of kind redcap: fields have the names that it has as columns, the record id that of its patient.
    output
        File, whose name ends in .csv; by default standard output.
    """
    output_kind(output, (".csv",), inputs=(mapping,))
    columns = None
    if mapping is not None:
        ids, record, columns = _of(Mapping.load(mapping), ids)
        if record_id is not None and record is not None:
            raise ParameterError("--record-id: the mapping says that, as patient; leave it out")
        record_id = record_id or record
    text = bridge.dictionary(*ids, record_id=record_id or "record_id", prefix=prefix, columns=columns)
    write_text(text, output)
    tell(NEVER_ALONE)
    return FINE

"""Commands on FHIR R4: ``fhir questionnaire`` and ``fhir score``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from ipm_outcomes import fhir, frames
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.cli._codes import FINE, PROBLEMS
from ipm_outcomes.cli._files import STREAM
from ipm_outcomes.cli._mapped import OTHER, of_fhir
from ipm_outcomes.cli._options import Output
from ipm_outcomes.cli._output import output_kind, write_frame, write_text
from ipm_outcomes.cli._print import tell
from ipm_outcomes.cli._score import SHOWN, File
from ipm_outcomes.errors import InputError, ParameterError, UnknownNameError, number_of
from ipm_outcomes.fhir._json import parsed
from ipm_outcomes.mapping import Mapping

app = App(name="fhir", help="Forms and responses in FHIR R4, from files. Nothing is fetched.")


@app.command
def questionnaire(
    id: str,
    /,
    *,
    total: Annotated[bool, Parameter(negative="--no-total")] = True,
    url: str | None = None,
    output: Output = None,
) -> int:
    """Write the form of an instrument as a Questionnaire.

    Parameters
    ----------
    id
        Id of the instrument, as `instruments` lists it.
    total
        Calculate sums in the form; --no-total leaves them out.
    url
        Canonical address of the form; by default our own.
    output
        File, whose name ends in .json; by default standard output.
    """
    output_kind(output, (".json",), inputs=())
    form = fhir.questionnaire(id, total=total, url=url)
    write_text(json.dumps(form, ensure_ascii=False, indent=2) + "\n", output)
    return FINE


@app.command
def score(
    file: File,
    /,
    *,
    instrument: str | None = None,
    edition: str | None = None,
    form: str | None = None,
    items: Annotated[list[str] | None, Parameter(allow_leading_hyphen=True)] = None,
    labels: Annotated[list[str] | None, Parameter(allow_leading_hyphen=True)] = None,
    ordinal: Literal["witness", "trust"] = "witness",
    mapping: str | None = None,
    missing: str | None = None,
    invalid: Literal["raise", "null"] = "raise",
    output: Output = None,
) -> int:
    """Read QuestionnaireResponses and score them: one row for each, answers and scores.

    Parameters
    ----------
    file
        Newline-delimited JSON, or one JSON document (a response or a Bundle) whose name ends in .json.
    instrument
        Id of the instrument, where the responses do not say it.
    edition
        Edition of the instrument, such as v2.1, where the responses do not say it.
    form
        File with the Questionnaire, where linkIds say nothing by themselves.
    items
        What a linkId stands for, repeated: LINKID=ITEM.
    labels
        accept: labels in the place of codes are answers where the definition has them; LABEL=ANSWER, repeated:
        these as well.
    ordinal
        Where a number beside a code says something else: witness (an error), or trust (the number is the answer).
    mapping
        A .toml file of kind fhir, in the place of the options from --instrument to --labels: the instrument, its
        edition, the linkIds of its items as columns, labels as coding.
    missing
        Name of a missing rule; an instrument without it keeps its default, the strictest.
    invalid
        Where an answer is none: raise (write nothing, list them, exit 1), or null (take it as not answered).
    output
        CSV or Parquet file; by default CSV to standard output.
    """
    output_kind(output, inputs=(file, form, mapping))
    if file == STREAM:
        raise ParameterError("give the name of a file; standard input is not read here")
    how: dict[str, Any] = {
        "instrument": instrument,
        "edition": edition,
        "items": dict(_pairs("--items", items)) or None,
        "labels": _labels(labels),
    }
    if mapping is not None:
        if instrument or edition or items or labels:
            raise ParameterError(
                "--mapping: it says instrument, edition, items and labels; leave these options out"
            )
        how = of_fhir(Mapping.load(mapping))
    try:
        document = None if form is None else parsed(Path(form).read_bytes(), Path(form).name)
        read = fhir.responses(file, form=document, ordinal=ordinal, backend="polars", **how)
    except InputError as error:
        raise InputError(_in_options(str(error)), error.code) from None
    lost = read.left_out.filter(read.left_out["reason"] != OTHER) if len(read.left_out) else read.left_out
    for row in lost.iter_rows(named=True):
        tell(_in_options(f"left out: {row['message']}"))
    if len(read.problems) and invalid == "raise":
        for row in read.problems.head(SHOWN).iter_rows(named=True):
            tell(_in_options(f"{row['place']}: {row['column']}: {row['message']}"))
        count = number_of(len(read.problems), "answer")
        tell(f"{count} not taken, nothing was written; --invalid null takes such items as not answered")
        return PROBLEMS
    table = read.data
    if not len(table):
        tell("no response was read: nothing was written")
        return PROBLEMS
    for id in read.instruments:
        table = frames.score(table, id, missing=_rule(id, missing, read.instruments))
    write_frame(table, output)
    if others := len(read.left_out) - len(lost):
        tell(f"{number_of(others, 'other resource')} left alone")
    _tell(read, output)
    return PROBLEMS if len(lost) or len(read.problems) or not all(read.inferences["sure"]) else FINE


def _tell(read: fhir.Reading, output: str | None) -> None:
    for row in read.inferences.iter_rows(named=True):
        tell(f"{row['instrument']}: {row['evidence']} ({row['rows']} of {row['of']})")
    if len(read.problems):
        tell(f"{number_of(len(read.problems), 'answer')} taken as not answered")
    where = "" if output in (None, STREAM) else f": {output}"
    tell(
        f"{number_of(read.rows_out, 'response')} of {', '.join(read.instruments) or 'no instrument'} scored{where}"
    )


def _in_options(message: str) -> str:
    """A message of the library with its arguments as options."""
    message = message.replace("ordinal='trust'", "--ordinal trust").replace(
        "labels='accept'", "--labels accept"
    )
    message = message.replace("labels={label: answer}", "--labels LABEL=ANSWER")
    message = message.replace("items={linkId: item}", "--items LINKID=ITEM")
    return re.sub(r"\b(form|edition|instrument)=", r"--\1", message)


def _rule(id: str, missing: str | None, ids: tuple[str, ...]) -> str | None:
    if missing is not None and not any(missing in definition(name).missing_rules for name in ids):
        raise UnknownNameError(f"--missing: {', '.join(ids)}: no such rule")
    return missing if missing in definition(id).missing_rules else None


def _pairs(option: str, given: list[str] | None) -> list[tuple[str, str]]:
    pairs = [tuple(pair.rpartition("=")[::2]) for pair in given or ()]
    if any(not left or not right for left, right in pairs):
        raise ParameterError(f"{option}: write NAME=VALUE")
    return [(left, right) for left, right in pairs]


def _labels(given: list[str] | None) -> Any:
    if not given:
        return "refuse"
    further = [label for label in given if label not in ("accept", "refuse")]
    if not further:
        return given[-1]
    pairs = _pairs("--labels", further)
    if not all(answer.isascii() and answer.isdigit() for _, answer in pairs):
        raise ParameterError("--labels: write LABEL=ANSWER, the answer as a whole number")
    return {label: int(answer) for label, answer in pairs}

"""The parts of a mapping, and what each may say. Unknown keys are errors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, model_validator

from ipm_outcomes.errors import InputError

Name = Annotated[StrictStr, Field(min_length=1)]
Coding = Literal["answer", "position", "label"]


class Part(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LongPart(Part):
    """One row a question: columns of the question and of the answer, and those that identify a form."""

    question: Name
    answer: Name
    keys: list[Name] | None = None


class FilePart(Part):
    """How a file is read.

    Attributes
    ----------
    kind : str
        csv, xlsx, sav, dta, por, xpt, redcap (an export of REDCap) or fhir (QuestionnaireResponses).
    encoding, delimiter, decimal : str or None
        Of a file of text.
    sheet : str, int or None
        Of a workbook.
    header_row, header_rows, skip_rows : int
        Number of the row with the names, as a person counts; whether it is the lower one of 2; rows after it that
        are no answers.
    drop_rows : list of str
        Rules by which rows are left out: ``COLUMN is TEXT``; ``id`` is the column of the patient.
    columns_seen : str or None
        Digest of the names; another set of names stops.
    long : LongPart or None
        One row a question.

    Examples
    --------
    >>> from ipm_outcomes.mapping import FilePart
    >>> FilePart(kind="csv", delimiter=";", decimal=",").header_rows
    1
    """

    kind: Literal["csv", "xlsx", "sav", "dta", "por", "xpt", "redcap", "fhir"]
    encoding: Name | None = None
    delimiter: Annotated[StrictStr, Field(min_length=1, max_length=1)] | None = None
    decimal: Literal[".", ","] | None = None
    sheet: Name | StrictInt | None = None
    header_row: Annotated[StrictInt, Field(ge=1)] | None = None
    header_rows: Literal[1, 2] = 1
    skip_rows: Annotated[StrictInt, Field(ge=0)] = 0
    drop_rows: list[Annotated[StrictStr, Field(pattern=r"^.+ is .+$")]] = []
    columns_seen: Annotated[StrictStr, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
    long: LongPart | None = None

    def require(self, kind: str, of: str) -> None:
        """Refuse a mapping that is for another kind of file."""
        if self.kind != kind:
            message = f'the mapping is for {self.kind}; that of {of} has kind = "{kind}"'
            raise InputError(message, "mapping_does_not_fit", "file.kind")


class DatePart(Part):
    """The column of the date, and how it is written; without a format ISO 8601.

    Examples
    --------
    >>> from ipm_outcomes.mapping import DatePart
    >>> DatePart(column="Visit day", format="%d.%m.%Y").format
    '%d.%m.%Y'
    """

    column: Name
    format: Name | None = None


class VisitPart(Part):
    """The visit: a column (with names for its values), or the part of column names that says it."""

    column: Name | None = None
    names: dict[Name, Name] = {}
    from_prefix: dict[Name, Name] = {}
    from_suffix: dict[Name, Name] = {}

    @model_validator(mode="after")
    def _exactly_one(self) -> VisitPart:
        if sum(map(bool, (self.column, self.from_prefix, self.from_suffix))) != 1:
            raise ValueError("give one of column, from_prefix and from_suffix")
        return self


class KeysPart(Part):
    """Which columns say who, when and where.

    Examples
    --------
    >>> from ipm_outcomes.mapping import DatePart, KeysPart
    >>> KeysPart(patient="MRN", date=DatePart(column="Visit day")).date.column
    'Visit day'
    """

    patient: Name | None = None
    date: DatePart | None = None
    site: Name | None = None
    visit: VisitPart | None = None


class NotAnsweredPart(Part):
    """What means no answer."""

    codes: list[StrictInt] = []
    words: list[Name] = []


class LabelsPart(Part):
    """Labels that a file has for the codes of some items."""

    items: list[Name]
    labels: dict[Name, Name]


class InstrumentPart(Part):
    """The columns of one instrument.

    Attributes
    ----------
    id : str
        Of the instrument.
    edition : str or None
        As the definition has it; another one stops.
    columns : dict or str
        Item ids with their columns, or a pattern with ``{n}`` or ``{item}``.
    scales : list of str or None
        Only these scales, where the file has the items of some.
    coding : str, dict or None
        answer (the number printed beside the option), position (1 for the first option), label; cells with answers; or
        items with cells and answers, where those that are not named hold answers. None: not declared, so that cells
        that look as if they were counted from 1 stop, and value labels of the file are obeyed.
    not_answered : NotAnsweredPart
        Codes and words that mean no answer in these columns.
    recorded : dict
        Scales with the columns of recorded scores; ``total_band`` is that of bands, ``band`` the one of the scale
        that speaks for the instrument.
    labels_seen : list of LabelsPart
        Labels that the file itself had for the codes of items; other ones stop.

    Examples
    --------
    >>> from ipm_outcomes.mapping import InstrumentPart
    >>> InstrumentPart(id="phq9", columns="PHQ_{n}", coding="position").columns
    'PHQ_{n}'
    """

    id: Name
    edition: Name | None = None
    columns: dict[Name, Name] | Name
    scales: list[Name] | None = None
    coding: Coding | dict[Name, StrictInt] | dict[Name, dict[Name, StrictInt]] | None = None
    not_answered: NotAnsweredPart = NotAnsweredPart()
    recorded: dict[Name, Name] = {}
    labels_seen: list[LabelsPart] = []

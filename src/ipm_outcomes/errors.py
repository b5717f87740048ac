"""The exceptions of the library, one tree.

- IpmOutcomesError
  - DefinitionError: a definition file does not hold together (also a ValueError)
  - UnknownNameError: an instrument, scale, rule or indicator that does not exist (also a KeyError)
  - InvalidAnswersError: cells outside the allowed answers; carries the table of problems (also a ValueError)
  - FrameError: a table that cannot be worked on: columns missing, doubled or clashing, an unknown kind (a ValueError)
    - UnreadableDatesError: dates that are in the way of all or most of what was asked for
  - InputError: a file or a resource of another system cannot be read for what it should be (also a ValueError)
  - ParameterError: an argument outside what it may be (also a ValueError)
  - MissingExtraError: an optional part of the library is not installed (also an ImportError)

And one warning: ProtectionWarning, where disclosure control had to do with less than it should know.

Messages name the place, the fact and the way out. They never hold a patient identifier or free text:
rows are named by position, numbers are shown, text is described by its length.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

__all__ = [
    "DefinitionError",
    "FrameError",
    "InputError",
    "InvalidAnswersError",
    "IpmOutcomesError",
    "MissingExtraError",
    "ParameterError",
    "ProtectionWarning",
    "UnknownNameError",
    "UnreadableDatesError",
]


def described(value: object) -> str:
    """What may be reported about a value that came with data: text by its length, anything else by its kind.

    Examples
    --------
    >>> from ipm_outcomes.errors import described
    >>> described("Jane")
    'text of 4 characters'
    """
    if isinstance(value, str):
        return f"text of {number_of(len(value), 'character')}"
    return f"a {type(value).__name__}"


def number_of(n: int, noun: str) -> str:
    """A number with its noun: "1 row", "2 rows".

    Examples
    --------
    >>> from ipm_outcomes.errors import number_of
    >>> number_of(1, "row"), number_of(3, "row")
    ('1 row', '3 rows')
    """
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def printable(text: str) -> str:
    """The text without control characters, which could steer a terminal and end a renderer."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """The nearest of the names that there are, for the end of a message; empty where none is near.

    >>> did_you_mean("phq", ["gad7", "phq9"])
    "; did you mean 'phq9'?"
    """
    from difflib import get_close_matches

    folded = {known_name.casefold(): known_name for known_name in known}
    near = get_close_matches(str(name).casefold(), list(folded), 1)
    return f"; did you mean {folded[near[0]]!r}?" if near else ""


class IpmOutcomesError(Exception):
    """Base of every error that the library raises itself.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> from ipm_outcomes.errors import IpmOutcomesError
    >>> try:
    ...     ipm.instrument("phq8")
    ... except IpmOutcomesError as error:
    ...     print(type(error).__name__)
    UnknownNameError
    """


class DefinitionError(IpmOutcomesError, ValueError):
    """A definition file does not hold together; names the file, the place in it and the fact.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from ipm_outcomes import catalog
    >>> from ipm_outcomes.errors import DefinitionError
    >>> path = Path(mkdtemp()) / "walking.toml"
    >>> _ = path.write_text('id = "walking"')
    >>> try:
    ...     catalog.read(path)
    ... except DefinitionError as error:
    ...     print(error)
    walking.toml: class: this key is required and missing
    """


class UnknownNameError(IpmOutcomesError, KeyError):
    """An instrument, scale, missing rule or indicator that does not exist.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> from ipm_outcomes.errors import UnknownNameError
    >>> try:
    ...     ipm.instrument("peg").scale("sum")
    ... except UnknownNameError as error:
    ...     print(error)
    peg has no scale 'sum'; its scales are mean
    """

    def __str__(self) -> str:
        # KeyError would print the repr of the message, quotes and all.
        return str(self.args[0]) if self.args else ""


class InvalidAnswersError(IpmOutcomesError, ValueError):
    """Answers outside the allowed set.

    Attributes
    ----------
    problems : data frame
        One row per bad cell, in the kind of frame that was given: row, column, item, kind, value, rule, message.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import frames
    >>> from ipm_outcomes.errors import InvalidAnswersError
    >>> try:
    ...     frames.score(pl.DataFrame({"nps_recommend": [9, 11]}), "nps")
    ... except InvalidAnswersError as error:
    ...     print(error.problems.select("row", "column", "rule").rows())
    [(1, 'nps_recommend', 'answer_not_allowed')]
    """

    def __init__(self, message: str, problems: Any = None) -> None:
        super().__init__(message)
        self.problems = problems

    def __reduce__(self) -> tuple[Any, ...]:
        # Workers send errors to one another: a relation lives on its connection and cannot travel, its rows can.
        problems = self.problems
        if type(problems).__name__ == "DuckDBPyRelation":
            problems = problems.to_arrow_table()
        return type(self), (self.args[0], problems), {**vars(self), "problems": problems}


class FrameError(IpmOutcomesError, ValueError):
    """A table that cannot be worked on: missing, doubled or clashing columns, or an unknown kind of frame.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import frames
    >>> from ipm_outcomes.errors import FrameError
    >>> try:
    ...     frames.score(pl.DataFrame({"peg_pain": [5]}), "peg")
    ... except FrameError as error:
    ...     print("columns are missing")
    columns are missing
    """


class UnreadableDatesError(FrameError):
    """Most dates of a column cannot be read, or nothing can be paired for that reason; shows what is there.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import change
    >>> from ipm_outcomes.errors import UnreadableDatesError
    >>> visits = {"patient_id": [1, 1], "date": ["01/31/2025", "07/31/2025"], "value": [7.0, 4.0]}
    >>> try:
    ...     change.table(pl.DataFrame({**visits, "instrument": "peg", "scale": "mean"}))
    ... except UnreadableDatesError as error:
    ...     print("declare date_format")
    declare date_format
    """


class InputError(IpmOutcomesError, ValueError):
    """A file or a resource of another system cannot be read for what it should be.

    Attributes
    ----------
    code : str
        A stable code, such as ``"wrong_answer"``; the page of each reader lists its codes.
    place : str or None
        Where: ``item[3].answer[0]`` in a resource, ``line 12`` in a file; None for the whole.

    Examples
    --------
    >>> from ipm_outcomes import fhir
    >>> from ipm_outcomes.errors import InputError
    >>> try:
    ...     fhir.response({"resourceType": "Patient"})
    ... except InputError as error:
    ...     print(error.code)
    not_a_response
    """

    def __init__(self, message: str, code: str, place: str | None = None) -> None:
        super().__init__(f"{place}: {message}" if place else message)
        self.code = code
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.args, dict(vars(self)))


def _again(kind: type[InputError], args: tuple[Any, ...], state: dict[str, Any]) -> InputError:
    """The error as it was, on the other side of a process."""
    error = kind.__new__(kind, *args)
    error.args = args
    vars(error).update(state)
    return error


class ParameterError(IpmOutcomesError, ValueError):
    """An argument outside what it may be; names the argument, what was given and what is allowed.

    Examples
    --------
    >>> from ipm_outcomes.errors import ParameterError
    >>> from ipm_outcomes.stats import intervals
    >>> try:
    ...     intervals.proportion(5, 3)
    ... except ParameterError as error:
    ...     print(error)
    x is 5; it must not exceed n
    """


class MissingExtraError(IpmOutcomesError, ImportError):
    """An optional part of the library is not installed; names the extra that brings it.

    Attributes
    ----------
    feature : str
        What was asked for.
    extra : str
        Name of the extra that brings it.

    Examples
    --------
    >>> from ipm_outcomes.errors import MissingExtraError
    >>> issubclass(MissingExtraError, ImportError)
    True
    """

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs the extra {extra!r}: pip install 'ipm-outcomes[{extra}]'")
        self.feature = feature
        self.extra = extra

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.feature, self.extra), vars(self)


class ProtectionWarning(UserWarning):
    """Disclosure control knew less of a table than it should, or hid more of it than needed (``work_limit``).

    Where it knew less, what follows from the definitions may not be protected.

    Attributes
    ----------
    notices : dict of str to tuple of int
        By code (``definition_unknown``, ``instrument_unknown``, ``counts_do_not_fit``, ``work_limit``) the positions
        of the rows concerned; none for ``work_limit``, which is about the whole.

    Examples
    --------
    >>> from ipm_outcomes.errors import ProtectionWarning
    >>> issubclass(ProtectionWarning, UserWarning)
    True
    """

    def __init__(self, message: str, notices: dict[str, tuple[int, ...]] | None = None) -> None:
        super().__init__(message)
        self.notices = notices or {}


def choice(given: object, allowed: Sequence[str], name: str = "method") -> None:
    """Refuse a name that is not one of those allowed."""
    if given not in allowed:
        shown = repr(given) if isinstance(given, str) and len(given) <= 30 else "not one of the names"
        raise ParameterError(f"{name} is {shown}; it must be one of: {', '.join(allowed)}")

"""The exceptions of the library, one tree.

- IpmOutcomesError
  - DefinitionError: a definition file does not hold together (also a ValueError)
  - UnknownNameError: an instrument, scale, rule or indicator that does not exist (also a KeyError)
  - InvalidAnswersError: cells outside the allowed answers; carries the table of problems (also a ValueError)
  - FrameError: a table that cannot be worked on: columns missing, doubled or clashing, an unknown kind (a ValueError)
    - UnreadableDatesError: dates that stand in the way of all or most of what was asked for
  - InputError: a file or a resource of another system cannot be read for what it should be (also a ValueError)
  - ParameterError: an argument outside what it may be (also a ValueError)
  - MissingExtraError: an optional part of the library is not installed (also an ImportError)

And one warning: ProtectionWarning, where disclosure control had to do with less than it should know.

Messages name the place, the fact and the way out. They never hold a patient identifier or free text:
rows are named by position, numbers are shown, text is described by its length.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def described(value: object) -> str:
    """What may be reported about a value that came with data: text by its length, anything else by its kind."""
    if isinstance(value, str):
        return f"text of {number_of(len(value), 'character')}"
    return f"a {type(value).__name__}"


def number_of(n: int, noun: str) -> str:
    """A number with its noun: "1 row", "2 rows"."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


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
    """Base of every error that the library raises itself."""


class DefinitionError(IpmOutcomesError, ValueError):
    """A definition file does not hold together; names the file, the place in it and the fact."""


class UnknownNameError(IpmOutcomesError, KeyError):
    """An instrument, scale, missing rule or indicator that does not exist."""

    def __str__(self) -> str:
        # KeyError would print the repr of the message, quotes and all.
        return str(self.args[0]) if self.args else ""


class InvalidAnswersError(IpmOutcomesError, ValueError):
    """Answers outside the allowed set.

    Attributes
    ----------
    problems : data frame
        One row per bad cell, in the kind of frame that was given: row, column, item, kind, value, rule, message.

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
    """A table that cannot be worked on: missing, doubled or clashing columns, or an unknown kind of frame."""


class UnreadableDatesError(FrameError):
    """Most dates of a column cannot be read, or nothing can be paired for that reason; shows what stands there."""


class InputError(IpmOutcomesError, ValueError):
    """A file or a resource of another system cannot be read for what it should be.

    Attributes
    ----------
    code : str
        A stable code, such as ``"wrong_answer"``; the page of each reader lists its codes.
    place : str or None
        Where: ``item[3].answer[0]`` in a resource, ``line 12`` in a file; None for the whole.
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
    """An argument outside what it may be; names the argument, what was given and what is allowed."""


class MissingExtraError(IpmOutcomesError, ImportError):
    """An optional part of the library is not installed; names the extra that brings it.

    Attributes
    ----------
    feature : str
        What was asked for.
    extra : str
        Name of the extra that brings it.

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

    """

    def __init__(self, message: str, notices: dict[str, tuple[int, ...]] | None = None) -> None:
        super().__init__(message)
        self.notices = notices or {}

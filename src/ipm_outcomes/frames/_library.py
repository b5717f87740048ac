"""What is asked of a data-frame library; `_pandas`, `_polars` and `_arrow` answer, each for its own frames.

Columns are native ones of the library unless they are a `Column`, which is NumPy's and the same for all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.errors import FrameError

Kind = Literal["pandas", "polars", "pyarrow"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CellKind = Literal["whole", "whole or null", "real", "date", "truth", "text", "any"]
"""What the cells of a list are: a date is a `datetime.date`; `any` is text, or whatever pandas infers."""


@dataclass(frozen=True)
class Words:
    """A column of words: codes into ``labels``, -1 for none; ``ordered`` where the labels rise."""

    codes: NDArray[np.int8]
    labels: tuple[str, ...]
    ordered: bool = False


@dataclass(frozen=True)
class Whole:
    """A column of whole numbers, null where ``null`` is true."""

    values: Ints
    null: Bools


Column = NDArray[Any] | Words | Whole
"""A column to add: words, whole numbers, truth values, or float64 in which NaN means null."""


class Library(ABC):
    """A data-frame library, which somebody who brought one of its frames has imported."""

    kind: ClassVar[Kind]

    @abstractmethod
    def labels(self, frame: Any) -> list[Any]:
        """Names of the columns as the library has them."""

    @abstractmethod
    def column(self, frame: Any, label: Any) -> Any:
        """One column."""

    @abstractmethod
    def without(self, frame: Any, labels: Sequence[Any]) -> Any:
        """The frame without these columns."""

    @abstractmethod
    def added(self, frame: Any, columns: Mapping[str, Column], like: Sequence[Any]) -> Any:
        """The frame with columns at its end; in pandas their dtypes follow the family of the columns ``like``."""

    @abstractmethod
    def made(self, columns: Mapping[str, Any], like: Sequence[Any]) -> Any:
        """A frame of columns, of which some may be native ones."""

    @abstractmethod
    def listed(
        self, columns: Mapping[str, list[Any]], kinds: Mapping[str, CellKind], like: Mapping[str, Any]
    ) -> Any:
        """A frame of lists of Python objects, None for null; a column without a kind holds text.

        A column of which ``like`` has one of this library's own takes the type of that one.
        """

    def beside(self, frame: Any, name: str, values: list[Any], kind: CellKind) -> Any:
        """A column from a list, None for null, that can be put beside those of a frame."""
        return self.column(self.listed({name: values}, {name: kind}, {}), name)

    def with_kinds(self, frame: Any) -> tuple[Any, set[str], set[str]]:
        """The frame with objects of one kind in a dtype of it, its columns without any value, and those of dates."""
        return frame, set(), set()

    @abstractmethod
    def relabeled(self, frame: Any, label: Any, names: Mapping[str, str]) -> Any:
        """The frame with the texts of one column replaced; a column of categories becomes text."""

    @abstractmethod
    def converted(self, frame: Any) -> Any:
        """A frame of another library as one of this."""

    @abstractmethod
    def take(self, column: Any, index: Ints) -> Any:
        """Entries by position; -1 gives null."""

    @abstractmethod
    def cell(self, column: Any, row: int) -> Any:
        """One entry as a Python object."""

    @abstractmethod
    def values(self, column: Any) -> list[Any]:
        """All entries as Python objects."""

    @abstractmethod
    def nested(self, column: Any) -> bool:
        """Whether the entries are lists or structures."""

    @abstractmethod
    def keys(self, columns: Sequence[Any], where: str) -> tuple[NDArray[Any], Any]:
        """Codes of the entries of all columns, in the order of the values (-1 for null), and the distinct values."""

    @abstractmethod
    def numbers(self, column: Any, loose: bool = False) -> Floats | None:
        """Numbers as float64, NaN for null; None where the column is of something else.

        ``loose`` takes columns without any value, and of Python objects that are all numbers, as well.
        """

    @abstractmethod
    def wholes(self, column: Any) -> tuple[Ints, Bools] | None:
        """Whole numbers and where they are null; None where it has others, or int64 no room."""

    @abstractmethod
    def flags(self, column: Any) -> NDArray[np.int8] | None:
        """True and false as 1 and 0, -1 for null; None where the column holds something else."""

    def truths(self, column: Any) -> Floats | None:
        """True and false as 1 and 0, NaN for null; None where the column holds something else."""
        flags = self.flags(column)
        return None if flags is None else np.where(flags < 0, np.nan, flags)

    @abstractmethod
    def plain(self, column: Any) -> Any:
        """A column of categories as one of their values."""

    @abstractmethod
    def stamps(self, column: Any) -> tuple[NDArray[Any], NDArray[Any]] | None:
        """Dates or time stamps as NumPy has them, on their own clock and in UTC; None where it holds neither."""

    @abstractmethod
    def distinct(self, column: Any) -> tuple[Ints, list[Any]]:
        """Codes of a column without dates (-1 for null), and its distinct values as Python objects."""

    def coded(self, column: Any) -> tuple[NDArray[Any], list[Any]]:
        """Codes of texts or categories from 1 on (0 for null), in few bytes, and what they stand for."""
        codes, values = self.distinct(column)
        return (codes + 1).astype(np.min_scalar_type(len(values))), values

    def categories(self, column: Any) -> list[str] | None:
        """What the cells of a column may be, where its type says so."""
        return None

    def hashes(self, column: Any) -> tuple[NDArray[np.uint64], Bools] | None:
        """A number for each text, alike for like texts, and where a text is more than spaces; None: not at hand."""
        return None

    def respelled(self, column: Any) -> bool:
        """Whether texts of a column may differ from each other only by spelling, as far as that is quick to say."""
        return True

    @abstractmethod
    def dates(self, days: Ints, null: Bools) -> Any:
        """A column of dates, from days since 1970-01-01."""

    @abstractmethod
    def truth(self, values: Bools, null: Bools) -> Any:
        """A column of true, false and null."""

    @abstractmethod
    def texts(self, name: str, cells: NDArray[np.object_], like: Any) -> Any:
        """A column of text, in pandas of the dtype of another one where that is one for text."""


def plain_value(value: Any) -> Any:
    """Return an entry of any library as plain Python, None for every kind of missing.

    >>> plain_value(float("nan")), plain_value(np.int64(3)), plain_value(Decimal("7.0")), plain_value(Decimal("4.6"))
    (None, 3, 7, 4.6)
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Decimal):
        if not value.is_finite():
            return None
        return int(value) if value == value.to_integral_value() else float(value)
    return None if isinstance(value, float) and value != value else value


def every_entry(cells: list[Any]) -> tuple[Ints, list[Any]]:
    """Cells of any kind, each its own value."""
    return np.arange(len(cells), dtype=np.int64), cells


def too_large(where: str) -> FrameError:
    """The error where numbers of two tables cannot be compared."""
    return FrameError(f"{where}: numbers too large to be compared exactly; make them text in both tables")


def of_two_kinds(where: str) -> FrameError:
    """The error where a key is a number here and text there."""
    return FrameError(
        f"{where}: of one kind in the scores and of another in the episodes; make both text or both numbers"
    )

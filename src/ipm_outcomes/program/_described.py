"""Tables as far as they can be asked what can be counted from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from ipm_outcomes.errors import FrameError, did_you_mean


class Described(ABC):
    """One of the tables that indicators are counted from.

    Attributes
    ----------
    name : str
        Which of them.
    given : data frame
        What shows the kind of frame to make, and the types of the grouping columns.
    schema : dict
        Types of the columns.
    """

    name: str
    given: Any
    schema: dict[str, Any]

    @abstractmethod
    def fits(self, column: str, wanted: str) -> bool:
        """Whether the column can be read as values of this kind; dates and truth values also from text."""

    def type_of(self, column: str) -> str:
        """The type of a column in words."""
        return str(self.schema[column])

    def require(self, names: Sequence[str], where: str) -> None:
        """Refuse a table without these columns."""
        if absent := [name for name in names if name not in self.schema]:
            raise FrameError(
                f"{where}: the table of {self.name} has no column {', '.join(map(repr, absent))}; "
                f"it has {', '.join(self.schema)}{did_you_mean(absent[0], self.schema)}"
            )


def without_group(column: str, table: str) -> FrameError:
    """The error where some rows have no value of a grouping column that is no text."""
    return FrameError(
        f"by: the column {column!r} of the table of {table} has rows without a value; "
        "fill them, so that a group without a value is not taken for a total"
    )

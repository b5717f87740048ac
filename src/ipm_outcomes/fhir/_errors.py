"""What can be wrong with a resource, with its place as FHIRPath writes it; never the content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ipm_outcomes.errors import InputError, number_of

SHOWN = 10
"""How many problems a message names."""


class Problem(NamedTuple):
    """One answer that cannot be taken.

    Attributes
    ----------
    code : str
        ``wrong_answer``, ``ordinal_contradicts``, ``display_contradicts``, ``duplicate_item`` or ``several_answers``.
    place : str
        Such as ``item[3].answer[0]``.
    item : str
        Id of the item.
    message : str
        The fact and the way out.
    """

    code: str
    place: str
    item: str
    message: str


class Note(NamedTuple):
    """Something that was seen or decided on the way: a stable code, the place, a sentence."""

    code: str
    place: str | None
    message: str


class NotAResponse(InputError):  # noqa: N818 - a name of the interface
    """What was given is no QuestionnaireResponse that can be read."""


class UnknownForm(InputError):  # noqa: N818 - a name of the interface
    """Which instrument, or which edition of it, cannot be determined from the resource."""


class WrongAnswers(InputError):  # noqa: N818 - a name of the interface
    """Answers that are none, or that contradict what is beside them.

    Attributes
    ----------
    problems : tuple of Problem
        All of them; ``code`` and ``place`` of the error are those of the first.
    """

    def __init__(self, id: str, problems: Sequence[Problem]) -> None:
        first, more = problems[0], len(problems) - SHOWN
        told = "; ".join(
            (f"{one.place}: " if at else "") + f"{one.item}: {one.message}"
            for at, one in enumerate(problems[:SHOWN])
        )
        told += f"; and {number_of(more, 'more problem')}" if more > 0 else ""
        super().__init__(f"{id}: {told}", first.code, first.place)
        self.problems = tuple(problems)

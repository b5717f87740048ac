"""Hypothesis strategies made from the definitions, for tests of software that uses this library.

Needs the extra ``testing``. Every instrument on the shelf is covered, one's own definitions as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import MissingExtraError, ParameterError
from ipm_outcomes.responses import CLASSES

try:
    from hypothesis import strategies as st
except ImportError:
    raise MissingExtraError("ipm_outcomes.testing", "testing") from None

if TYPE_CHECKING:
    from ipm_outcomes.responses import Response


def _found(instrument: str | Instrument) -> Instrument:
    from ipm_outcomes.catalog import instrument as find

    return instrument if isinstance(instrument, Instrument) else find(instrument)


def _class(instrument: str) -> type[Response[Any]]:
    from ipm_outcomes import responses

    _found(instrument)
    found: type[Response[Any]] = getattr(responses, CLASSES[instrument])
    return found


def answers(instrument: str | Instrument, *, gaps: bool = False) -> st.SearchStrategy[dict[str, int | None]]:
    """Allowed answers of one form, by item id.

    Parameters
    ----------
    instrument
        Id of an instrument, or a definition.
    gaps
        Whether items may be unanswered (None).

    >>> from ipm_outcomes.testing import answers
    >>> from hypothesis import find
    >>> find(answers("peg"), lambda given: sum(given.values()) == 30)
    {'pain': 10, 'enjoyment': 10, 'activity': 10}
    """
    found = _found(instrument)
    blank = st.none() if gaps else st.nothing()
    return st.fixed_dictionaries(
        {item: blank | st.sampled_from(sorted(found.answers_of(item).codes)) for item in found.item_ids}
    )


def responses(instrument: str, *, gaps: bool = False) -> st.SearchStrategy[Response[Any]]:
    """Valid responses of one instrument; with ``gaps`` any item may be unanswered.

    >>> from ipm_outcomes.testing import responses
    >>> from ipm_outcomes import score
    >>> from hypothesis import find
    >>> score(find(responses("phq9"), lambda r: score(r).total.band == "severe")).total.value
    20.0
    """
    return answers(instrument, gaps=gaps).map(_class(instrument).model_validate)


def not_answers(instrument: str | Instrument, item: str) -> st.SearchStrategy[Any]:
    """Values that are not an answer of an item: out of range, fractions, truth values, text."""
    listed = _found(instrument).answers_of(item)
    return st.one_of(
        st.integers(min_value=listed.highest + 1, max_value=10_000),
        st.integers(min_value=-10_000, max_value=listed.lowest - 1),
        st.sampled_from([listed.lowest + 0.5, 1e308, float("inf"), -float("inf")]),
        st.booleans(),
        st.sampled_from(["2", "abc", "not a label"]),
    )


@st.composite
def invalid_answers(draw: st.DrawFn, instrument: str | Instrument) -> tuple[dict[str, Any], frozenset[str]]:
    """The answers of one form of which at least one is not an answer, with the ids of the items concerned."""
    found = _found(instrument)
    given: dict[str, Any] = dict(draw(answers(found, gaps=True)))
    wrong = draw(st.sets(st.sampled_from(found.item_ids), min_size=1))
    for item in sorted(wrong):
        given[item] = draw(not_answers(found, item))
    return given, frozenset(wrong)


@st.composite
def columns(
    draw: st.DrawFn, instrument: str | Instrument, *, gaps: bool = True, min_rows: int = 0, max_rows: int = 20
) -> dict[str, list[int | None]]:
    """Item columns of a frame, named ``{instrument}_{item}``, as lists with None for not answered.

    Give them to any data-frame library: ``polars.DataFrame(…)``, ``pandas.DataFrame(…)``, ``pyarrow.table(…)``.
    """
    if not 0 <= min_rows <= max_rows:
        raise ParameterError(f"min_rows must lie between 0 and max_rows, not {min_rows} and {max_rows}")
    found = _found(instrument)
    rows = draw(st.lists(answers(found, gaps=gaps), min_size=min_rows, max_size=max_rows))
    return {f"{found.id}_{item}": [row[item] for row in rows] for item in found.item_ids}

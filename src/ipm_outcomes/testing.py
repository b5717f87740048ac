"""Hypothesis strategies made from the definitions, for tests of software that uses this library.

Needs the extra ``testing``. Every instrument in the catalog is covered; `answers`, `invalid_answers` and `columns` take
custom definitions as well.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from ipm_outcomes.definition import AnswerList, Instrument
from ipm_outcomes.errors import MissingExtraError, ParameterError, choice
from ipm_outcomes.responses import CLASSES

try:
    from hypothesis import strategies as st
except ImportError:
    raise MissingExtraError("ipm_outcomes.testing", "testing") from None

if TYPE_CHECKING:
    from ipm_outcomes.responses import Response


def _definition(instrument: str | Instrument) -> Instrument:
    from ipm_outcomes.catalog import instrument as find

    return instrument if isinstance(instrument, Instrument) else find(instrument)


def _class(instrument: str) -> type[Response[Any]]:
    from ipm_outcomes import responses

    if not isinstance(instrument, str):
        raise ParameterError(
            "responses are of instruments in the catalog: give an id; answers() takes a definition"
        )
    _definition(instrument)
    model: type[Response[Any]] = getattr(responses, CLASSES[instrument])
    return model


def answers(
    instrument: str | Instrument, *, gaps: bool = False
) -> st.SearchStrategy[dict[str, int | float | None]]:
    """Draw allowed answers of one form, by item id.

    Parameters
    ----------
    instrument
        Id of an instrument, or a definition.
    gaps
        Whether items may be unanswered (None).

    Returns
    -------
    strategy of dict
        Item ids with numbers, or None.

    Examples
    --------
    >>> from ipm_outcomes.testing import answers
    >>> from hypothesis import find
    >>> find(answers("peg"), lambda given: sum(given.values()) == 30)
    {'pain': 10, 'enjoyment': 10, 'activity': 10}
    """
    inst = _definition(instrument)
    blank = st.none() if gaps else st.nothing()
    return st.fixed_dictionaries({item: blank | _allowed(inst.answers_of(item)) for item in inst.item_ids})


def _allowed(listed: AnswerList) -> st.SearchStrategy[int | float]:
    return st.sampled_from(range(listed.lowest, listed.highest + 1)).map(listed.answer)


def responses(instrument: str, *, gaps: bool = False) -> st.SearchStrategy[Response[Any]]:
    """Draw valid responses of one instrument.

    Parameters
    ----------
    instrument
        Id of an instrument in the catalog.
    gaps
        Whether items may be unanswered.

    Returns
    -------
    strategy of Response
        Instances of the instrument's response class.

    Examples
    --------
    >>> from ipm_outcomes.testing import responses
    >>> from ipm_outcomes import score
    >>> from hypothesis import find
    >>> score(find(responses("phq9"), lambda r: score(r).total.band == "severe")).total.value
    20.0
    """
    return answers(instrument, gaps=gaps).map(_class(instrument).model_validate)


def not_answers(instrument: str | Instrument, item: str) -> st.SearchStrategy[Any]:
    """Draw values that are not an answer of an item: out of range, fractions, truth values, text.

    Parameters
    ----------
    instrument
        Id of an instrument, or a definition.
    item
        Id of the item.

    Returns
    -------
    strategy
        Values that response classes and frames refuse for that item.

    Examples
    --------
    >>> from ipm_outcomes.testing import not_answers
    >>> from hypothesis import find
    >>> find(not_answers("peg", "pain"), lambda value: isinstance(value, int))
    11
    """
    listed = _definition(instrument).answers_of(item)
    low, high = listed.answer(listed.lowest), listed.answer(listed.highest)
    return st.one_of(
        st.integers(min_value=int(high) + 1, max_value=10_000),
        st.integers(min_value=-10_000, max_value=math.ceil(low) - 1),
        st.sampled_from([low + 0.5 / listed.per_unit, 1e308, float("inf"), -float("inf")]),
        st.booleans(),
        st.sampled_from(["2", "abc", "not a label"]),
    )


@st.composite
def invalid_answers(draw: st.DrawFn, instrument: str | Instrument) -> tuple[dict[str, Any], frozenset[str]]:
    """Draw answers of one form of which at least one is not an answer.

    Parameters
    ----------
    instrument
        Id of an instrument, or a definition.

    Returns
    -------
    strategy of tuple
        The answers by item id, and the ids of the items whose values are to be refused.

    Examples
    --------
    >>> from ipm_outcomes.testing import invalid_answers
    >>> from hypothesis import find
    >>> find(invalid_answers("nps"), lambda form: True)
    ({'recommend': 11}, frozenset({'recommend'}))
    """
    inst = _definition(instrument)
    given: dict[str, Any] = dict(draw(answers(inst, gaps=True)))
    wrong = draw(st.sets(st.sampled_from(inst.item_ids), min_size=1))
    for item in sorted(wrong):
        given[item] = draw(not_answers(inst, item))
    return given, frozenset(wrong)


@st.composite
def columns(
    draw: st.DrawFn, instrument: str | Instrument, *, gaps: bool = True, min_rows: int = 0, max_rows: int = 20
) -> dict[str, list[int | float | None]]:
    """Draw item columns of a frame, to be given to any data-frame library.

    Parameters
    ----------
    instrument
        Id of an instrument, or a definition.
    gaps
        Whether items may be unanswered.
    min_rows, max_rows
        Limits of the number of rows, both included.

    Returns
    -------
    strategy of dict
        Columns named ``{instrument}_{item}``, as lists with None for not answered.

    Raises
    ------
    ParameterError
        The limits of the number of rows do not fit.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes.testing import columns
    >>> from hypothesis import find
    >>> pl.DataFrame(find(columns("nps", min_rows=1), lambda table: True)).shape
    (1, 1)
    """
    if not 0 <= min_rows <= max_rows:
        raise ParameterError(f"min_rows must lie between 0 and max_rows, not {min_rows} and {max_rows}")
    inst = _definition(instrument)
    rows = draw(st.lists(answers(inst, gaps=gaps), min_size=min_rows, max_size=max_rows))
    return {f"{inst.id}_{item}": [row[item] for row in rows] for item in inst.item_ids}


@st.composite
def frames(
    draw: st.DrawFn,
    instrument: str | Instrument,
    kind: Literal["pandas", "polars", "pyarrow"] = "polars",
    *,
    gaps: bool = True,
    invalid: bool = False,
    min_rows: int = 0,
    max_rows: int = 20,
) -> Any:
    """Draw data frames of answers, one row per form.

    Parameters
    ----------
    instrument
        Id of an instrument, or a definition.
    kind
        The library whose frame is made.
    gaps
        Whether items may be unanswered.
    invalid
        Whether at least one cell is a number that is no answer; the frame then has at least one row.
    min_rows, max_rows
        Limits of the number of rows, both included.

    Returns
    -------
    strategy of data frame
        Columns named ``{instrument}_{item}`` of numbers, null where there is no answer.

    Raises
    ------
    ParameterError
        The kind is not known, or the limits of the number of rows do not fit.

    Examples
    --------
    >>> from ipm_outcomes.testing import frames
    >>> from hypothesis import find
    >>> find(frames("nps", invalid=True), lambda table: table.height == 1)["nps_recommend"].to_list()
    [11]
    """
    choice(kind, ("pandas", "polars", "pyarrow"), "kind")
    inst = _definition(instrument)
    if invalid:
        min_rows, max_rows = max(min_rows, 1), max(max_rows, 1)
    data = draw(columns(inst, gaps=gaps, min_rows=min_rows, max_rows=max_rows))
    if invalid:
        item = draw(st.sampled_from(inst.item_ids))
        column = data[f"{inst.id}_{item}"]
        row = draw(st.integers(0, len(column) - 1))
        column[row] = draw(not_answers(inst, item).filter(lambda value: type(value) is int))
    decimal = {f"{inst.id}_{item}" for item in inst.item_ids if inst.answers_of(item).per_unit > 1}
    if kind == "polars":
        import polars as pl

        kinds = {name: pl.Float64 if name in decimal else pl.Int64 for name in data}
        return pl.DataFrame(data, schema=kinds, strict=False)
    if kind == "pandas":
        import pandas as pd

        dtypes: dict[str, Any] = {name: "Float64" if name in decimal else "Int64" for name in data}
        return pd.DataFrame({name: pd.array(column, dtype=dtypes[name]) for name, column in data.items()})
    import pyarrow as pa

    types = {name: pa.float64() if name in decimal else pa.int64() for name in data}
    return pa.table({name: pa.array(column, types[name]) for name, column in data.items()})

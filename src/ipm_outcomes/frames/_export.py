"""Making a table safe to open in a spreadsheet: text that begins a formula is shown, not computed."""

from __future__ import annotations

import re
from typing import Any, cast

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import FrameError
from ipm_outcomes.frames._frame import AnyFrame

# The signs that begin a formula (some spreadsheets take their full-width forms for the same), also after
# blanks; a tab, a carriage return or a line feed in front moves the rest into a cell of its own.
_FORMULA = r"^(?:[\t\r\n]|\s*[=+\-@＝＋－＠])"
_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"


def safe_text(text: str) -> str:
    r"""Put a single quote before a text that a spreadsheet would take for a formula; not before a number.

    Parameters
    ----------
    text
        Content of one cell, or the name of a column.

    Returns
    -------
    str
        The text itself, or with ``'`` before it.

    References
    ----------
    OWASP, "CSV Injection": cells that begin with ``= + - @``, tab, carriage return or line feed.

    >>> safe_text("=1+1"), safe_text("-9"), safe_text("Hilltop")
    ("'=1+1", '-9', 'Hilltop')
    """
    return f"'{text}" if re.match(_FORMULA, text) and not re.match(_NUMBER, text) else text


@fenced
def spreadsheet_safe(data: AnyFrame) -> AnyFrame:
    """Neutralize cells and column names of a frame that begin a spreadsheet formula.

    Parameters
    ----------
    data
        A data frame: pandas, Polars (eager or lazy), PyArrow, a DuckDB relation.

    Returns
    -------
    data frame of the same kind
        Text that begins with ``= + - @``, a tab or a line end (blanks before it do not count) has a single
        quote put before it, which a spreadsheet shows as text. Numbers, also those written as text
        (``"-9"``), and all other columns are untouched. A column of categories becomes text where one of its
        labels had to be changed.

    Raises
    ------
    FrameError
        The kind of frame is not known, a column appears twice, or two names of columns become the same.

    References
    ----------
    OWASP, "CSV Injection".

    Examples
    --------
    >>> import polars as pl
    >>> spreadsheet_safe(pl.DataFrame({"site": ["=cmd()", "Hilltop"], "change": [-1, 2]})).rows()
    [("'=cmd()", -1), ('Hilltop', 2)]
    """
    import narwhals as nw
    from narwhals.exceptions import NarwhalsError

    try:
        frame: Any = nw.from_native(cast(Any, data))
        schema = frame.collect_schema()
    except (TypeError, ValueError, NarwhalsError):
        raise FrameError(
            f"a {type(data).__name__} cannot be made safe for a spreadsheet; give a data frame whose "
            "columns have names of "
            "their own"
        ) from None
    eager = isinstance(frame, nw.DataFrame)
    changed: list[Any] = []
    for name, dtype in schema.items():
        column = nw.col(name)
        if isinstance(dtype, nw.Enum):
            if all(safe_text(label) == label for label in dtype.categories):
                continue
            column = column.cast(nw.String)
        elif isinstance(dtype, nw.Categorical):
            if eager and all(safe_text(label) == label for label in _labels(frame[name])):
                continue
            # pandas 2 casts a missing category to a word.
            column = nw.when(~nw.col(name).is_null()).then(column.cast(nw.String))
        elif isinstance(dtype, nw.Object) and eager:
            cells = [safe_text(cell) if isinstance(cell, str) else cell for cell in frame[name].to_list()]
            changed.append(nw.new_series(name, cells, nw.Object(), backend=frame.implementation))
            continue
        elif not isinstance(dtype, nw.String):
            continue
        known = column.fill_null("")  # a null would make the answer null, which some engines cannot negate
        unsafe = known.str.contains(_FORMULA) & ~known.str.contains(_NUMBER)
        changed.append(nw.when(unsafe).then(nw.concat_str(nw.lit("'"), column)).otherwise(column).alias(name))
    names = {name: safe_text(name) for name in schema if isinstance(name, str)}
    if len(set(names.values())) < len(names):
        raise FrameError(
            "two columns have the same name once a formula sign at its start is neutralized; rename one"
        )
    if changed:
        frame = frame.with_columns(changed)
    result: AnyFrame = frame.rename({old: new for old, new in names.items() if old != new}).to_native()
    return result


def _labels(column: Any) -> list[str]:
    return [str(label) for label in column.unique().drop_nulls().to_list()]

"""Scoring a frame: items to codes, codes through the kernel, columns back into the caller's frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ipm_outcomes._fence import fenced, of_caller
from ipm_outcomes.definition import Instrument
from ipm_outcomes.frames._by_stretches import SCORERS
from ipm_outcomes.frames._frame import AnyFrame, of_narwhals
from ipm_outcomes.frames._items import Codings, Columns, NotAnsweredBy, check_level
from ipm_outcomes.frames._score_columns import Invalid
from ipm_outcomes.frames._stretches import Scoring


@fenced
def score(
    data: AnyFrame,
    instrument: str | Instrument,
    *,
    columns: Columns = None,
    missing: str | None = None,
    coding: Codings = None,
    not_answered: NotAnsweredBy = (),
    invalid: Invalid = "raise",
    text_numbers: bool | None = None,
    level: float | None = None,
    scales: Sequence[str] | None = None,
    replace: bool = False,
    progress: Callable[[int], None] | None = None,
) -> AnyFrame:
    """Score every row of a data frame for one instrument.

    Parameters
    ----------
    data
        A data frame, one row per filled-in form: pandas (NumPy, nullable or Arrow dtypes), Polars (eager or lazy),
        PyArrow, a DuckDB relation, a Spark DataFrame, or anything that hands over Arrow data. A lazy frame
        and a Spark DataFrame stay lazy, and a relation is worked on a stretch of rows at a time: see Notes.
    instrument
        Id of the instrument, or a custom definition.
    columns
        Where the items are: None for ``{instrument}_{item}``; a dict of item ids to column names; or a pattern with
        ``{n}`` (number of the item on the form) or ``{item}`` (its id), such as ``"DPQ0{n}0"``. A mapping from
        instrument id to any of these serves several instruments.
    missing
        Name of a missing rule that the definition has; None for the default, the strictest.
    coding
        ``"answer"``: cells hold the number printed beside the option. ``"position"``: 1 for the first option as
        printed, 2 for the second, and so on; numeric ratings (0 to 10) are as answered all the same. None: as answers,
        unless the cells look as if they were counted from 1, which is then reported. A mapping is by instrument id, and
        within an instrument by item id.
    not_answered
        Numbers and words that mean that no answer was given, such as ``(7, 9, "NA", "Prefer not to answer")``; case
        and spacing of words do not count. A mapping is by instrument id. A form that is blank but for these is blank.
    invalid
        What to do where a cell is not an answer: ``"raise"``, or ``"null"``: take such cells as not answered and count
        them in a further column ``{instrument}_invalid``. Where the numbers were counted from 1 and no coding was
        declared, that is every cell: the rows that happen to fit would be scored wrongly.
    text_numbers
        Whether numbers may be written as text, as in a file without types. None: in columns in which every cell is
        text. Labels of answers are always understood, also with their number ("2 - More than half the days").
    level
        Confidence level; adds ``…_lower`` and ``…_upper`` for scales with a standard error.
    scales
        Only these scales, so that only their items are asked for; None: all.
    replace
        Whether columns of the result that are in the frame already are dropped and scored again.
    progress
        Called with the number of rows done; not for a Spark DataFrame, which shows its own. What it raises stops the
        scoring.

    Returns
    -------
    data frame of the same kind
        The frame with columns added: for each scale ``{instrument}_{scale}`` (float64, or a category),
        ``…_se``, ``…_band``, ``…_answered`` (uint8), ``…_absent`` (a code where there is no value); for each flag
        ``{instrument}_flag_{flag}`` (raised, not answered, not raised; null on a blank form).

    Raises
    ------
    InvalidAnswersError
        Some cells are not answers, and ``invalid`` is ``"raise"``; its ``problems`` is what `check` returns.
    FrameError
        An item column is missing or appears twice, a result column is there already and ``replace`` is false, or the
        kind of frame is not known.
    ParameterError, UnknownNameError
        An argument is outside what it may be.

    Notes
    -----
    Scores are the same to the last bit on every kind of frame, however its rows are divided. Of a lazy frame and a
    Spark DataFrame arguments and columns are checked at once, and cells while it is computed: `InvalidAnswersError`
    comes from ``collect`` (of Spark, and of Polars before 2, inside an error of theirs) and is about the first rows in
    which a wrong cell was met, as it is of a relation. With ``invalid="null"`` and no ``coding`` the item columns are
    read once more before, as far as the first lowest answer, to see whether the cells were counted from 1.

    Spark has neither categories nor numbers without a sign: words are text there, and counts are of 16 bits.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import frames
    >>> data = pl.DataFrame({"peg_pain": [7, 8], "peg_enjoyment": [6, None], "peg_activity": [7, 4]})
    >>> frames.score(data, "peg")["peg_mean", "peg_mean_absent"].rows()
    [(6.666666666666667, None), (None, 'too_few_answers')]
    """
    how = Scoring(
        instrument,
        columns,
        missing,
        coding,
        not_answered,
        invalid,
        text_numbers,
        check_level(level),
        scales,
        replace,
    )
    progress = progress and of_caller(progress)
    native: Any = data.to_native() if of_narwhals(data) else data  # type: ignore[attr-defined]
    scorer = next((score for is_one, score in SCORERS if is_one(native)), None)
    if scorer is None:
        result: AnyFrame = how.score(data, progress=progress)
    elif native is data:
        result = scorer(data, how, progress)
    else:
        from narwhals import from_native

        result = from_native(scorer(native, how, progress))
    return result

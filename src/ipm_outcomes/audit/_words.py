"""What a finding says, and what to do about it: one sentence each, without text from the data."""

from __future__ import annotations

from ipm_outcomes.errors import number_of

SAYS = {
    "blank_as_zero": "Blank items were counted as 0.",
    "blank_as_zero_if_started": "Blank items were counted as 0, but not in forms that are blank throughout.",
    "prorated": "Totals of forms with blank items were estimated from the answered ones ({detail}).",
    "mean_of_answered": "The mean of the answered items stands in place of the score.",
    "missing_code_added": "Numbers that mean no answer were added as if they were answers.",
    "item_lost": "The total fits a form on which the items that are blank now were answered.",
    "mean_instead_of_sum": "The mean of the items stands in place of their sum.",
    "sum_instead_of_mean": "The sum of the items stands in place of their mean.",
    "raw_score": "The sum of the items stands in place of the score that the table gives.",
    "raw_mean": "The mean of the items stands in place of the score that the table gives.",
    "right_value": "The recorded value is the right one.",
    "item_left_out": "Item {detail} was left out of the sum.",
    "item_left_out_of_mean": "The mean is that of the other items, without item {detail}.",
    "item_twice": "Item {detail} was counted twice.",
    "item_reversed": "Item {detail} was counted the other way round.",
    "item_weighted": "An item was counted another number of times ({detail}).",
    "all_reversed": "All items were counted the other way round.",
    "reverse_key_ignored": "The items that the scale reverses were not reversed.",
    "coded_one_up": "Each answer was counted one higher than it is.",
    "coded_one_down": "Each answer was counted one lower than it is.",
    "constant_added": "The same number was added to every total ({detail}).",
    "extra_item": "The column {detail}, which is not part of the scale, was added.",
    "rounded": "The score was rounded ({detail}).",
    "cut_off": "Decimals of the score were cut off ({detail}).",
    "other_score": "The column holds another score ({detail}).",
    "standard_error": "The standard error stands in place of the score.",
    "table_row": "The score is that of the sum {detail} the right one in the table.",
    "other_table": "The score was looked up in another table ({detail}).",
    "unknown_table": "The recorded value follows from the sum of the items, by a table that is not known.",
    "other_row": "The total is that of the row {detail} it.",
    "other_visit": "The total is that of the form {detail} it of the same patient.",
    "sorted": "The totals are the right ones in another order ({detail}): they were sorted without the answers.",
    "item_copied": "The columns of two items are the same ({detail}); one is a copy; the total implies the lost one.",
    "item_overwritten": "The column of item {detail} is not what the total was made of.",
    "identical_items": "The columns of items are the same in every row ({detail}); one may be a copy of the other.",
    "constant_item": "Item {detail} has one answer in every row, and it is neither the lowest nor the highest.",
    "straight_lining": "Most forms give one answer throughout, and not the lowest.",
    "no_lowest_answer": "No cell is the lowest answer: the items look as if they were counted from 1.",
    "not_an_answer": "Cells of the items hold numbers or text that are no answers; they count as not answered here.",
    "not_a_number": "Cells of the recorded column hold text that is no number.",
    "band_of_recorded_score": "The band is that of the recorded score, which is not the right one.",
    "band_edge_too_high": "A score of {detail} was put into the band below the one that begins there.",
    "band_edge_too_low": "Scores just below {detail} were put into the band that begins there.",
    "hand_error": "The number looks like a slip of a hand.",
}
"""By kind of cause what it says; what is after the colon of the cause takes the place of ``{detail}``."""

_SCORE_AGAIN = "Score the forms again from the items and leave the recorded totals out."
_CORRECT_ITEMS = (
    "Correct the column from its source before anything is scored; until then use the recorded totals."
)
_LOOK = "Compare these rows with the source."
DOES = {
    **dict.fromkeys(("item_copied", "item_overwritten"), _CORRECT_ITEMS),
    **dict.fromkeys(
        ("identical_items", "constant_item", "straight_lining"), "Compare the columns with the source."
    ),
    "no_lowest_answer": 'Read the items with coding="position", or say with coding="answer" that they are right.',
    "not_an_answer": "Correct the cells, or declare with not_answered= what means no answer.",
    "not_a_number": "Correct the cells.",
    "prorated": "Decide which missing rule holds for all forms, and score by it; published ones are named in missing=.",
    "item_lost": "Look for the answers in the source; these totals cannot be made again.",
    "other_score": "Name the column for what it is, and score the items for this scale.",
    **dict.fromkeys(
        ("other_row", "other_visit", "sorted"), "Join totals and answers again by patient and form."
    ),
    **dict.fromkeys(
        ("band_of_recorded_score", "band_edge_too_high", "band_edge_too_low"),
        "Take the bands that scoring gives.",
    ),
    "hand_error": _LOOK,
}
"""By kind of cause what to do; of any other kind, to score again."""


MANY = 20
"""So many other rows that are right make one that is wrong a slip."""


def says(cause: str | None, rivals: tuple[str, ...], rows: int, of: int, others: int = 0) -> str:
    """A finding in one sentence or two; of one row alone, with how many others are right."""
    counted = f" ({rows} of {number_of(of, 'row')} where it would show)"
    slip = f"A slip of one row ({others} others are right)" if rows == 1 and others >= MANY else ""
    if cause is not None:
        return f"{' '.join(_in_words(part) for part in cause.split(' + '))}{counted}{slip and f' {slip}.'}"
    if not rivals and slip:
        return f"{slip}. No known cause explains it."
    if not rivals:
        return f"No known cause explains {'this row' if rows == 1 else f'these {rows} rows'}."
    shown = ", ".join(rivals[:4]) + (f" and {len(rivals) - 4} more" if len(rivals) > 4 else "")
    if slip:
        return f"{slip}. What fits: {shown}."
    return f"The cause cannot be determined in {number_of(rows, 'row')}; what fits: {shown}."


def _in_words(cause: str) -> str:
    kind, _, detail = cause.partition(":")
    return SAYS[kind].format(
        detail=detail.replace("_", " ") if kind in ("prorated", "rounded", "cut_off") else detail
    )


def does(cause: str | None) -> str:
    """What to do about it."""
    if cause is None:
        return f"{_LOOK} Until then {_SCORE_AGAIN[0].lower()}{_SCORE_AGAIN[1:]}"
    kinds = dict.fromkeys(part.partition(":")[0] for part in cause.split(" + "))
    return " ".join(dict.fromkeys(DOES.get(kind, _SCORE_AGAIN) for kind in kinds))


def place_of(cause: str | None, band: bool) -> str:
    """Where the fault lies: items, total, band or rows."""
    if band:
        return "band"
    kind = (cause or "").partition(":")[0]
    if kind in ("item_copied", "item_overwritten", "identical_items", "constant_item", "straight_lining"):
        return "items"
    if kind in ("no_lowest_answer", "not_an_answer"):
        return "items"
    return (
        "rows" if kind in ("other_row", "other_visit", "sorted", "hand_error") or cause is None else "total"
    )

"""More planted faults: of T-scores, of roundings, of rows, of items that were changed later, and of bands.

Everything here is written on its own, as in `audit_cases`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from audit_cases import FAULTS, NAN, Cohort, Fault, Rng, T


def _put(c: Cohort, rows: np.ndarray, new: np.ndarray) -> None:
    c.recorded = np.where(rows & ~np.isnan(new) & ~np.isnan(c.recorded), new, c.recorded)


# -- T-scores: another table, another number of the same row, roundings ----------------------------


def t_of_another_maker(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    _put(c, rows, c.score(c.total(), T[f"mii_{c.scale}"]))
    return {f"other_table:mii_pro_2026_3_0.{c.scale}"}


def t_of_another_scale(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    _put(c, rows, c.score(c.total(), T["depression"]))
    return {"other_table:promis29.depression"}


def t_of_another_edition(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    _put(c, rows, c.score(c.total(), T["v2_0"]))
    return {"other_table:promis29_v2_0.physical_function"}


def t_is_the_standard_error(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    _put(c, rows, c.score(c.total(), T[f"{c.scale}_se"]))
    return {"standard_error"}


def t_is_the_raw_sum(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    _put(c, rows, c.total())
    return {"raw_score"}


def t_is_the_raw_mean(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    _put(c, rows, c.total() / c.size)
    return {"raw_mean"}


def t_of_the_next_row(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    _put(c, rows, c.score(c.total() + 1))
    return {"table_row:after"}


def t_of_an_unknown_table(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    _put(c, rows, np.round(33 + 1.9 * (c.total() - 4), 1))
    return {"unknown_table"}


# -- roundings -------------------------------------------------------------------------------------


def _rounded(cause: str, rule: Callable[[np.ndarray], np.ndarray], decimals: int = 0) -> Fault:
    def plant(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
        exact = (c.total() / c.size if c.scale == "mean" else c.recorded) * 10**decimals
        _put(c, rows, np.round(rule(exact + 1e-9) / 10**decimals, 6))
        name = cause.format(decimals)
        # Halves are what tells rounding up from rounding to even; without a half they are one rule.
        same = np.array_equal(half_up(exact + 1e-9), half_even(exact), equal_nan=True)
        return {name, name.removesuffix("_half_even")} if same else {name}

    return plant


def half_up(x: np.ndarray) -> np.ndarray:
    return np.floor(x + 0.5)


def half_even(x: np.ndarray) -> np.ndarray:
    return np.rint(np.round(x, 6))


# -- forms with blanks -----------------------------------------------------------------------------


def _prorated(name: str, rule: Callable[[np.ndarray], np.ndarray]) -> Fault:
    def plant(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
        given = (~np.isnan(c.answers)).sum(axis=0)
        exact = np.nansum(c.answers, axis=0) * c.size / np.maximum(given, 1)
        new = np.where(given > 0, rule(np.round(exact, 6)), NAN)
        c.recorded = np.where(rows & ~c.complete, c.score(new), c.recorded)
        return {f"prorated:{name}"}

    return plant


def mean_of_answered(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    given = (~np.isnan(c.answers)).sum(axis=0)
    mean = np.round(np.nansum(c.answers, axis=0) / np.maximum(given, 1), 2)
    c.recorded = np.where(rows & ~c.complete & (given > 0), mean, c.recorded)
    return {"mean_of_answered", "prorated:exact"} if c.scale == "mean" else {"mean_of_answered"}


def other_missing_code_added(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    blank = np.isnan(c.answers) & rows
    c.answers = np.where(blank, rng.choice([77, 99]), c.answers)
    c.recorded = np.where(blank.any(axis=0), c.score(c.total()), c.recorded)
    return {"missing_code_added"}


# -- other scores, rows and visits; slips ----------------------------------------------------------


def other_score(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    _put(c, rows, c.answers[:2].sum(axis=0))
    return {"other_score:phq2" if c.instrument == "phq9" else "other_score:gad2"}


def item_left_out_of_mean(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    j = int(rng.integers(c.size))
    _put(c, rows, np.round((c.total() - c.answers[j]) / (c.size - 1), 2))
    return {f"item_left_out_of_mean:{c.items[j]}"}


def shifted_up(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    n, after = int(rows.sum()), np.concatenate([c.recorded[1:], [NAN]])
    start = int(rng.integers(max(len(rows) - n, 1)))
    run = np.zeros(len(rows), bool)
    run[start : start + n] = True
    c.recorded = np.where(run, after, c.recorded)
    return {"other_row:after"}


def _visit(c: Cohort, rows: np.ndarray, step: int) -> None:
    n = len(rows)
    patient, visit = np.arange(n) // 4, np.arange(n) % 4
    right = c.score(np.where(c.complete, c.total(), NAN))
    other = np.roll(right, step)
    other[visit == (0 if step == 1 else 3)] = NAN
    if n % 4 and step == -1:
        other[-1] = NAN
    _put(c, rows, other)
    # Rows in another order than the visits: else the form before is the row before.
    order = np.random.default_rng(7).permutation(n)
    c.answers, c.recorded = c.answers[:, order], c.recorded[order]
    c.extra = {name: values[order] for name, values in c.extra.items() if name != "visit"}
    c.beside = {
        "patient_id": [f"p{one}" for one in patient[order].tolist()],
        "date": [f"2026-0{one + 1}-05" for one in visit[order].tolist()],
    }


def visit_before(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    _visit(c, rows, 1)
    return {"other_visit:before"}


def visit_after(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    _visit(c, rows, -1)
    return {"other_visit:after"}


def all_sorted(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    if rows.all():
        there = ~np.isnan(c.recorded)
        c.recorded[there] = np.sort(c.recorded[there])
    return {"sorted:rising"}


def digits_swapped(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    tens = np.floor(c.recorded / 10)
    if not rows.all():
        _put(c, rows, (c.recorded - 10 * tens) * 10 + tens)
    return {"hand_error:digits_swapped"}


def item_overwritten(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    """An item was changed after its total was made."""
    j = int(rng.integers(c.size))
    new = rng.integers(c.low, c.high + 1, len(rows))
    c.answers[j] = np.where(rows & c.complete, new, c.answers[j])
    return {f"item_overwritten:{c.items[j]}"}


SUMS: dict[str, Fault] = {
    "prorated_floor": _prorated("floor", np.floor),
    "prorated_half_even": _prorated("half_even", np.rint),
    "prorated_ceiling": _prorated("ceiling", np.ceil),
    "prorated_1_decimal": _prorated("1_decimals", lambda x: np.floor(x * 10 + 0.5) / 10),
    "prorated_2_decimals": _prorated("2_decimals", lambda x: np.floor(x * 100 + 0.5) / 100),
    **{
        one.__name__: one
        for one in (
            mean_of_answered, other_missing_code_added, other_score, shifted_up, visit_before, visit_after,
            all_sorted, digits_swapped, item_overwritten,
        )
    },
}  # fmt: skip
MEANS: dict[str, Fault] = {
    "to_whole": _rounded("rounded:{}_decimals", half_up),
    "to_one_decimal": _rounded("rounded:{}_decimals", half_up, 1),
    "cut_to_whole": _rounded("cut_off:{}_decimals", np.floor),
    "cut_to_one_decimal": _rounded("cut_off:{}_decimals", np.floor, 1),
    "item_left_out_of_mean": item_left_out_of_mean,
    "mean_of_answered": mean_of_answered,
    "shifted_up": shifted_up,
    "item_overwritten": item_overwritten,
}
T_SCORES: dict[str, Fault] = {
    "to_whole": _rounded("rounded:{}_decimals", half_up),
    "to_whole_half_even": _rounded("rounded:{}_decimals_half_even", half_even),
    "cut_to_whole": _rounded("cut_off:{}_decimals", np.floor),
    **{
        one.__name__: one
        for one in (
            t_of_another_maker, t_of_another_scale, t_of_another_edition, t_is_the_standard_error,
            t_is_the_raw_sum, t_is_the_raw_mean, t_of_the_next_row, t_of_an_unknown_table, shifted_up,
            visit_before, item_overwritten,
        )
    },
    **{
        name: FAULTS[name]
        for name in (
            "item_left_out", "item_twice", "item_reversed", "all_reversed", "coded_one_down",
            "blank_as_zero", "prorated_half_up",
        )
    },
}  # fmt: skip

"""Ready scores: answers in steps finer than 1, read as they are written, on every way in."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError
from ready_cases import TENTHS, data, read, unchanged

from ipm_outcomes import PAM, PASTOR, between, change, frames, score
from ipm_outcomes._printer import print_class
from ipm_outcomes.errors import DefinitionError, InvalidAnswersError, ParameterError
from ipm_outcomes.responses._base import _apart


@pytest.fixture
def tide(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class as it would be printed for the made-up file."""
    found = unchanged()
    monkeypatch.setattr("ipm_outcomes.catalog.instrument", lambda _: found)
    module = ModuleType("tide7")
    monkeypatch.setitem(sys.modules, "tide7", module)
    exec(compile(print_class(found), "tide7.py", "exec"), vars(module))
    return module.TIDE7


COLUMNS = ["tide7_height"]


def level(column: Any, **options: Any) -> list[Any]:
    """Scores of one column of heights, None where there is none."""
    table = pl.DataFrame(
        {"tide7_height": column, "tide7_height_se": pl.Series([None] * len(column), dtype=pl.Float64)}
    )
    scored = frames.score(table, unchanged(), scales=["level"], **options)
    return scored["tide7_level"].to_list()


def test_every_height_is_read_exactly_in_every_width_and_spelling() -> None:
    wanted = [float(height) for height in TENTHS]
    written = [f"{height:.1f}" for height in TENTHS]
    assert level(pl.Series([float(text) for text in written], dtype=pl.Float64)) == wanted
    assert level(pl.Series([float(text) for text in written], dtype=pl.Float32)) == wanted
    assert level(pl.Series(TENTHS, dtype=pl.Decimal(10, 2))) == wanted
    assert level(written) == wanted
    assert level([f"{text}0" for text in written]) == wanted
    assert level(pl.Series(list(range(11, 91)), dtype=pl.UInt8)) == list(range(11, 91))
    assert level(pl.Series(list(range(11, 91)), dtype=pl.Int64)) == list(range(11, 91))


def test_pandas_and_arrow_hold_the_same_heights(backend: Any) -> None:
    heights = [float(height) for height in TENTHS] + [None, float("nan")]
    table = backend.make({"tide7_height": heights, "tide7_height_se": [1.5] * len(heights)})
    scored = backend.rows(frames.score(table, unchanged(), scales=["level"]))
    assert scored["tide7_level"] == [*heights[:-2], None, None]
    assert scored["tide7_level_se"] == [1.5] * len(TENTHS) + [None, None]
    assert scored["tide7_level_band"] == [
        None if height is None or height != height else "ebb" if height <= 54.9 else "flood"
        for height in heights
    ]


WRONG = [
    63.15,
    63.149999999999999,
    63.1 + 1e-13,
    0.1 * 631.000001,
    10.4,
    90.1,
    -63.1,
    1e300,
    float("inf"),
    9e15,
]


@pytest.mark.parametrize("given", WRONG)
def test_nothing_is_rounded(tide: Any, given: float) -> None:
    for one in (given, np.float64(given), Decimal(repr(given)) if given < 1e300 else given):
        with pytest.raises(ValidationError) as told:
            tide(height=one)
        inside = 10.5 <= given <= 90
        assert told.value.errors()[0]["type"] == (
            "answer_too_fine" if inside or given == float("inf") else "answer_not_allowed"
        )
    for dtype in (pl.Float64, pl.Float32):
        if dtype == pl.Float32 and abs(given - 63.1) < 1e-6:
            continue  # single width holds no difference
        with pytest.raises(InvalidAnswersError) as refused:
            level(pl.Series([63.1, given], dtype=dtype))
        assert refused.value.problems["row"].to_list() == [1]
    with pytest.raises(InvalidAnswersError):
        level(["63.1", repr(given)])
    assert level(pl.Series([63.1, given], dtype=pl.Float64), invalid="null") == [63.1, None]


def test_a_float_of_single_width_that_was_widened_is_not_guessed_at() -> None:
    """63.1 in single width is 63.09999847..., which in double width is another number."""
    widened = float(np.float32(63.1))
    assert level(pl.Series([widened], dtype=pl.Float64), invalid="null") == [None]
    assert level(pl.Series([np.float32(63.1)], dtype=pl.Float32)) == [63.1]


def test_what_is_told_of_a_wrong_cell(tide: Any) -> None:
    with pytest.raises(ValidationError, match=r"63.15 is no answer in steps of 0.1"):
        tide(height=63.15)
    with pytest.raises(
        ValidationError, match=r"90.1 is not an answer of this item; its answers are 10.5 to 90 in steps"
    ):
        tide(height=90.1)
    table = pl.DataFrame({"tide7_height": [63.15, 90.1, 999], "tide7_height_se": [None, None, 0.0]})
    found = frames.check(table, unchanged(), scales=["level"])
    assert found["rule"].to_list() == [
        "answer_too_fine", "answer_not_allowed", "answer_not_allowed", "answer_not_allowed"
    ]  # fmt: skip
    assert found["value"].to_list() == ["63.15", "90.1", "999", "0"]
    assert "allowed are 10.5 to 90 in steps of 0.1" in found["message"][0]
    assert "allowed are 0.01 to 10 in steps of 0.01" in found["message"][3]


def test_codes_and_words_for_no_answer() -> None:
    """999 is suspected and told; declared, it is no answer; 63 would be an answer and cannot be declared."""
    table = pl.DataFrame({"tide7_height": [63.1, 999.0, -9.0], "tide7_height_se": [1.0, 1.0, 1.0]})
    told = frames.inspect(table, unchanged(), scales=["level"])
    assert dict(told.filter(pl.col("finding") == "missing_code").select("finding", "settle").rows()) == {
        "missing_code": "not_answered=[-9, 999]"
    }
    assert level([63.1, 999.0, -9.0], not_answered=(999, -9)) == [63.1, None, None]
    assert level(["63.1", "999", "n/a"], not_answered=(999, "n/a")) == [63.1, None, None]
    with pytest.raises(ParameterError, match="63 is an answer"):
        level([63.1], not_answered=63)


def test_the_label_of_an_end(tide: Any) -> None:
    assert tide.from_labels(height="low").height == 10.5
    assert level(["Low", "63.1"]) == [10.5, 63.1]


def by_hand(ebb: Decimal, flow: Decimal) -> tuple[Fraction, Fraction]:
    """The flow counts from its other end, 20; both are added."""
    total = Fraction(ebb) + 20 - Fraction(flow)
    return total, total / 2


def test_sums_and_means_of_steps_are_exact(tide: Any) -> None:
    quarters = [Decimal(n) / 4 for n in (0, 1, 2, 3, 39, 40, 79, 80)]
    rows = [(ebb, flow) for ebb in quarters for flow in quarters]
    table = pl.DataFrame(
        {
            "tide7_ebb": [float(ebb) for ebb, _ in rows],
            "tide7_flow": [float(flow) for _, flow in rows],
        }
    )
    scored = frames.score(table, unchanged(), scales=["current", "mean"])
    for n, (ebb, flow) in enumerate(rows):
        total, mean = by_hand(ebb, flow)
        found = score(tide(ebb=ebb, flow=float(flow)))
        assert (found.current.exact, found.mean.exact) == (total, mean)
        assert scored["tide7_current"][n] == float(total)
        assert scored["tide7_mean"][n] == float(mean)
    # One of two answered: 2 x the one, 2 x 7.25 = 14.5.
    found = score(tide(ebb=7.25), missing="prorate").current
    assert found.exact == Fraction(29, 2)
    again = score(tide(ebb=7.25, flow=20)).current  # 7.25
    assert again.exact == Fraction(29, 4)


def test_whole_numbers_beyond_eight_bits_and_ratings_beside_them(tide: Any) -> None:
    table = pl.DataFrame(
        {"tide7_salt": [0, 255, 256, 19_999, 20_000, None], "tide7_wave": [0, 10, 3, None, 7, 1]}
    )
    scored = frames.score(table, unchanged(), scales=["salt", "waves"])
    assert scored["tide7_salt"].to_list() == [0, 255, 256, 19_999, 20_000, None]
    assert scored["tide7_waves"].to_list() == [0, 10, 3, None, 7, 1]
    for wrong in (20_001, 65_535, 65_536, 65_791, -1, -256):
        found = frames.check(table.with_columns(tide7_salt=pl.lit(wrong)), unchanged(), scales=["salt"])
        assert found["value"].to_list() == [str(wrong)] * 6
    assert score(tide(salt=19_999)).salt.value == 19_999


def test_a_formula_over_ready_scores(tide: Any) -> None:
    """1 + 2 x ((63.1 - 50) / 10 + 3) = 9.62."""
    found = score(tide(height=63.1, height_se=2, wave=3))
    assert found.mix.exact == Fraction("9.62")
    table = pl.DataFrame({"tide7_height": [63.1], "tide7_height_se": [2.0], "tide7_wave": [3]})
    assert frames.score(table, unchanged(), scales=["mix"])["tide7_mix"].to_list() == [9.62]


def test_the_standard_error_comes_with_the_score(tide: Any) -> None:
    both = score(tide(height=63.1, height_se=2.25)).level
    assert (both.value, both.se, both.items) == (63.1, 2.25, 1)
    alone = score(tide(height=63.1)).level
    assert (alone.value, alone.se) == (63.1, None)
    without = score(tide(height_se=2.25)).level
    assert (without.value, without.se) == (None, None)
    assert without.absent is not None
    table = pl.DataFrame({"tide7_height": [63.1, 63.1, None], "tide7_height_se": [2.25, None, 2.25]})
    scored = frames.score(table, unchanged(), scales=["level"], level=0.95)
    assert scored["tide7_level_se"].to_list()[:2] == [2.25, None] or np.isnan(scored["tide7_level_se"][1])
    assert scored["tide7_level"].to_list() == [63.1, 63.1, None]
    assert scored["tide7_level_lower"][0] == pytest.approx(63.1 - 1.959964 * 2.25, abs=1e-5)


def test_change_is_judged_by_both_standard_errors(tide: Any) -> None:
    """1.96 x sqrt(1.5 ** 2 + 2 ** 2) = 4.9: 4.8 points lie within, 5.0 beyond."""
    definition = unchanged()
    days = [date(2026, 1, 1), date(2026, 4, 1)] * 2
    table = pl.DataFrame(
        {
            "patient_id": ["a", "a", "b", "b"],
            "date": days,
            "tide7_height": [63.1, 58.3, 63.1, 58.1],
            "tide7_height_se": [1.5, 2.0, 1.5, 2.0],
        }
    )
    tidy = frames.tidy(table, [definition], by=["patient_id", "date"], scales={"tide7": ["level"]})
    assert tidy["exact_numerator"].to_list() == [631, 583, 631, 581]
    found = change.table(
        tidy, targets=[change.Target("later", day=90, days=(60, 120))], definitions=[definition]
    )
    assert found["verdict"].to_list() == ["no reliable change", "reliably better"]
    assert found["reliable_method"].to_list() == ["standard_errors"] * 2
    assert found["change"].to_list() == [pytest.approx(-4.8), pytest.approx(-5.0)]
    one = between(score(tide(height=63.1, height_se=1.5)), score(tide(height=58.1, height_se=2)))
    assert one.level.verdict == "reliably better"
    assert "63.1" in one.level.sentence


def test_one_step_beyond_what_the_grammar_takes() -> None:
    def wrong(change: Any, told: str) -> None:
        content = data()
        change(content)
        with pytest.raises(DefinitionError, match=told):
            read(content)

    def set_answer(name: str, **values: Any) -> Any:
        return lambda d: d["answers"][name].update(values)

    def set_scale(place: int, **values: Any) -> Any:
        return lambda d: d["scales"][place].update(values)

    for step in ("0.3", "2", "0", "-0.1"):
        wrong(set_answer("height", step=Decimal(step)), "the step must be 1")
    wrong(set_answer("height", range=[Decimal("10.55"), 90]), "whole numbers of steps of 0.1")
    wrong(set_answer("error", range=[Decimal("0.01"), Decimal("300.01")]), "at most 30000 steps")
    wrong(set_answer("error", range=[0, 10]), "a standard error is above 0")
    wrong(set_scale(0, step=1), "the step of the scale must be that of the answers")
    wrong(set_scale(1, step=Decimal("0.5")), "the step of the scale must be that of the answers")
    wrong(set_scale(1, se_item="depth"), "there is no item 'depth'")
    wrong(set_scale(3, se_item="wave"), "only a sum of one other item")
    wrong(set_scale(1, se_item="height_se"), "only a sum of one other item")
    wrong(set_scale(2, se_item="height_se"), "only a sum of one other item")
    bands = [[Decimal("10.5"), 55, "ebb"], [56, 90, "flood"]]
    wrong(lambda d: d["scales"][0]["bands"].update(of=bands), "there is a gap")
    wrong(lambda d: d["items"][1].update(recode=[[105, 1]]), "only answers of few whole numbers are recoded")
    wrong(
        lambda d: d["answers"].update(
            height={
                "options": [[1, "Low"], [2, "High"]],
                "step": Decimal("0.1"),
                "source": "made",
                "evidence": "1",
            }
        ),
        "a step belongs to a range",
    )
    flag = {"id": "high", "title": "High", "item": "height", "raised_from": 600, "sentence": "It is high."}
    flag |= {"sentence_unanswered": "It was not measured.", "source": "made", "evidence": "1"}
    wrong(lambda d: d.update(flags=[flag]), "whole numbers")


def test_pam_levels_name_their_version_in_whatever_the_score_comes() -> None:
    for given in (63.1, Decimal("63.10"), Fraction(631, 10), np.float32(63.1), np.float16(63.1)):
        found = score(PAM(score=given)).score  # type: ignore[arg-type]
        assert (found.value, found.exact, found.band) == (63.1, Fraction(631, 10), "level 3 (version B)")
    assert PAM.model_validate_json('{"score": 63.1}').model_dump_json() == '{"score":63.1}'
    for refused in (47.05, 100.1, "63.1", True):
        with pytest.raises(ValidationError):
            PAM(score=refused)  # type: ignore[arg-type]


def test_pastor_takes_the_columns_of_its_scores_and_errors(backend: Any) -> None:
    """What comes in is what goes out, once: T-scores and errors keep their names."""
    table = {
        "pastor_pain_interference": [63.1, 58.1, None],
        "pastor_pain_interference_se": [1.5, 2.05, 1.9],
        "pastor_pain_average": [6, 4, None],
    }
    wanted = ["pain_interference", "pain_average"]
    scored = backend.rows(frames.score(backend.make(table), "pastor", scales=wanted))
    assert scored["pastor_pain_interference"] == [63.1, 58.1, None]
    assert scored["pastor_pain_interference_se"] == [1.5, 2.05, None]
    assert scored["pastor_pain_average"] == [6, 4, None]
    assert list(scored) == [
        *("pastor_pain_interference", "pastor_pain_interference_se", "pastor_pain_interference_answered"),
        *("pastor_pain_interference_absent", "pastor_pain_average", "pastor_pain_average_answered"),
        "pastor_pain_average_absent",
    ]
    without = backend.make({"pastor_pain_interference": table["pastor_pain_interference"]})
    alone = backend.rows(frames.score(without, "pastor", scales=["pain_interference"]))
    assert alone["pastor_pain_interference_se"] == [None, None, None]


def test_pastor_scores_change_by_their_own_errors() -> None:
    """1.96 x sqrt(1.9 ** 2 + 2.1 ** 2) = 5.55: 63.1 to 57.5 is 5.6, beyond; to 57.6 is 5.5, within."""
    first = score(PASTOR(pain_interference=63.1, pain_interference_se=1.9))
    for second, verdict in ((57.5, "reliably better"), (57.6, "no reliable change")):
        found = between(first, score(PASTOR(pain_interference=second, pain_interference_se=2.1)))
        assert found.pain_interference.verdict == verdict
        assert f"63.1 to {second}" in found.pain_interference.short
    unknown = between(first, score(PASTOR(pain_interference=57.5)))
    assert unknown.pain_interference.verdict == "error not known"


def test_pastor_refuses_the_numbers_of_other_items_once_they_were_met() -> None:
    scores = [name for name in PASTOR.model_fields if f"{name}_se" in PASTOR.model_fields]
    whole = {"pain_average": 10, "pain_worst": 0}
    for _ in range(3):  # the first response is looked at in another way
        for tenths, hundredths in ((100, 1000), (501, 55), (900, 1), (111, 999)):
            given = whole | dict.fromkeys(scores, tenths / 10)
            given |= {f"{name}_se": hundredths / 100 for name in scores}
            assert PASTOR(**given).model_dump() == given
            assert PASTOR.model_validate(given).model_dump() == given
            assert {type(PASTOR(**{**given, "fatigue": 50}).fatigue)} == {float}
            for item, wrong in (
                ("fatigue", 0.55), ("fatigue", 9.99), ("fatigue", 50.15), ("fatigue", 10.01), ("fatigue", True),
                ("fatigue_se", 50.1), ("fatigue_se", 11.1), ("fatigue_se", 0.555), ("fatigue_se", 0.0),
                ("fatigue_se", -0.0), ("fatigue_se", True),
                ("pain_worst", 0.55), ("pain_worst", 50.1), ("pain_worst", 11),
            ):  # fmt: skip
                for build in (lambda record: PASTOR(**record), PASTOR.model_validate):
                    with pytest.raises(ValidationError) as refused:
                        build({**given, item: wrong})
                    assert [problem["loc"] for problem in refused.value.errors()] == [(item,)]
    assert PASTOR(fatigue=50.1).fatigue_se is None


def test_answers_are_looked_at_together_only_where_none_is_one_of_another_item_alone() -> None:
    listed = PASTOR.definition().answers
    kind = type(next(iter(listed.values())))
    tenths, hundredths, rating = listed.values()

    def steps(lowest: float, highest: float, step: float) -> Any:
        ends = [Decimal(repr(lowest)), Decimal(repr(highest))]
        return kind.model_validate(
            {"range": ends, "step": Decimal(repr(step)), "source": "made", "evidence": "1"}
        )

    assert _apart([tenths, hundredths, rating])
    assert not _apart([tenths, hundredths, rating, steps(0, 20, 0.25)])  # 0 has two signs
    assert not _apart([steps(9.9, 90, 0.1), hundredths])  # 9.95 is an error, and no score
    assert not _apart([steps(1, 9, 0.5), steps(0.2, 9.8, 0.2)])
    assert _apart([steps(1, 9, 0.5), rating])

"""The text summary. Expected figures come from arithmetic shown here, or from plain counting of the example."""

from __future__ import annotations

import csv
from collections import Counter
from typing import Any

import pandas as pd
import polars as pl
import pytest
from example_cases import wrong_cells_file

from ipm_outcomes import frames
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.report.text import WrongCell, as_markdown, as_text, summarize

CLINIC = wrong_cells_file()

PEG = {
    # Means (7+6+7)/3 = 20/3, (8+4+0)/3 = 4, absent, (0+0+0)/3 = 0; the last visit is blank.
    "visit": ["baseline", "baseline", "baseline", "3 months", "3 months"],
    "site": ["A", "B", "A", "A", "B"],
    "peg_pain": [7, 8, 5, 0, None],
    "peg_enjoyment": [6, 4, None, 0, None],
    "peg_activity": [7, 0, 5, 0, None],
}


def _summary(data: dict[str, list[Any]], instrument: str, make: Any = pl.DataFrame, **options: Any) -> Any:
    frame = make(data)
    by = [name for name in ("visit", "site") if options.get(name)]
    return summarize(frames.tidy(frame, instrument, by=by), **options)


@pytest.mark.parametrize(
    "make", [pl.DataFrame, pl.LazyFrame, pd.DataFrame, lambda data: pl.DataFrame(data).to_arrow()]
)
def test_counts_mean_and_sd(make: Any) -> None:
    summary = _summary(PEG, "peg", make, visit="visit")
    assert (summary.rows, summary.blank_rows) == (4, 1)
    assert "4 rows with answers; 1 row holds no answer." in as_text(summary)
    first, second = summary.scales
    assert (first.visit, first.rows, first.answered, first.scored) == ("baseline", 3, 3, 2)
    assert first.withheld == {"too_few_answers": 1}
    assert first.mean == pytest.approx((20 / 3 + 4) / 2, abs=1e-12)
    # Sample SD of two values is their distance over the square root of 2.
    assert first.sd == pytest.approx((20 / 3 - 4) / 2**0.5, abs=1e-12)
    assert (first.lowest, first.highest) == (4, pytest.approx(20 / 3))
    assert (second.visit, second.rows, second.answered, second.scored) == ("3 months", 1, 1, 1)
    assert second.withheld == {}
    assert (second.mean, second.sd) == (0, None)


def test_split_by_site_as_well() -> None:
    scales = _summary(PEG, "peg", visit="visit", site="site").scales
    assert [(s.visit, s.site, s.rows, s.scored) for s in scales] == [
        ("baseline", "A", 2, 1),
        ("baseline", "B", 1, 1),
        ("3 months", "A", 1, 1),
    ]


def test_not_split() -> None:
    (only,) = _summary(PEG, "peg").scales
    assert (only.visit, only.site, only.rows, only.scored) == (None, None, 4, 3)


def test_shares_are_rounded_as_in_the_report() -> None:
    """1 of 40 is 2.5 %, half away from zero 3 %, where Python's format rounds to the even 2 %."""
    data = {"visit": ["start"] * 40, "nps_recommend": [9] + [0] * 39}
    assert " 1 (3 %)" in as_text(_summary(data, "nps", visit="visit"))


def test_promoters() -> None:
    # 9 and 10 promote, 7 and 8 are passive, 0 to 6 detract: 3 of 6 less 2 of 6 is 16.67 points.
    summary = _summary({"nps_recommend": [10, 9, 9, 8, 6, 0, None]}, "nps")
    found = summary.scales[0].promoters
    assert found is not None
    assert (found.promoters, found.passives, found.detractors) == (3, 1, 2)
    assert found.score == pytest.approx(100 / 6)
    # Adjusted Wald, 3/4, 3/2, 3/4 added: p = 3.75/9, q = 2.75/9, center 1/9, variance (p + q - (p - q)^2) / 9.
    half = 1.959963984540054 * ((6.5 / 9 - 1 / 81) / 9) ** 0.5
    assert found.lower == pytest.approx(100 * (1 / 9 - half))
    assert found.upper == pytest.approx(100 * (1 / 9 + half))
    assert "+16.7" in as_text(summary)


def test_promoters_where_nobody_answered() -> None:
    peg = {f"peg_{item}": [5, 5, None] for item in ("pain", "enjoyment", "activity")}
    scores = frames.tidy(pl.DataFrame({"nps_recommend": [None] * 3, **peg}), ["nps", "peg"])
    summary = summarize(scores)
    (promoters,) = [one for one in summary.scales if one.instrument == "nps"]
    assert promoters.promoters is not None
    assert promoters.promoters.score is None
    # The third row holds nothing at all, and is no form of anything.
    assert (promoters.rows, promoters.withheld, summary.blank_rows) == (2, {"no_answers": 2}, 1)
    assert as_text(summary)


def test_bands_and_words_keep_their_order_and_empty_ones() -> None:
    # Totals 27 and 0; nine answers of 3 meet the rule for a major syndrome, nine of 0 for none.
    data = {f"phq9_q{n}": [3, 0] for n in range(1, 10)}
    by_scale = {s.scale: s for s in _summary(data, "phq9").scales}
    assert by_scale["total"].bands == (
        ("minimal", 1),
        ("mild", 0),
        ("moderate", 0),
        ("moderately severe", 0),
        ("severe", 1),
    )
    assert by_scale["syndrome"].bands == (("major", 1), ("other", 0), ("none", 1))
    assert by_scale["syndrome"].mean is None


def test_flags() -> None:
    data: dict[str, list[Any]] = {f"phq9_q{n}": [1, 1, None, 1] for n in range(1, 9)}
    data["phq9_q9"] = [1, None, None, 0]
    frame = pl.DataFrame(data)
    summary = summarize(frames.tidy(frame, "phq9"), flags=frames.score(frame, "phq9"))
    (flag,) = summary.flags
    # The third form is blank, and no form.
    assert (flag.flag, flag.rows, flag.raised, flag.unanswered) == ("self_harm", 3, 1, 1)
    assert "no risk assessment" in as_text(summary)


def test_wrong_cells_stand_at_the_head() -> None:
    tidy = frames.tidy(pl.DataFrame({"nps_recommend": [9]}), "nps")
    wrong = [
        WrongCell(4, 6, "phq9_q1", "9: bad"),
        WrongCell(5, 7, "phq9_q1", "8: bad"),
        WrongCell(5, 7, "x", "7: bad"),
    ]
    summary = summarize(tidy, wrong=wrong)
    assert summary.wrong_by_column() == {"phq9_q1": 2, "x": 1}
    head = as_text(summary).split("Net Promoter")[0]
    assert "3 in 2 rows" in head
    assert "9: bad" in head
    assert "Every cell is an answer" in as_text(summarize(tidy, wrong=[]))
    assert "cell" not in as_text(summarize(tidy)).split("Net Promoter")[0]


def test_many_wrong_cells_are_listed_in_part() -> None:
    tidy = frames.tidy(pl.DataFrame({"nps_recommend": [9]}), "nps")
    text = as_text(summarize(tidy, wrong=[WrongCell(n, None, "c", f"bad {n}") for n in range(25)]))
    assert "bad 19" in text
    assert "bad 20" not in text
    assert "and 5 more" in text


def test_visits_in_the_order_of_time() -> None:
    labels = ["12 months", "6 weeks", "later", "3 months", "Baseline", None, "2 years"]
    data = {"visit": labels, "nps_recommend": [9] * 7}
    assert [s.visit for s in _summary(data, "nps", visit="visit").scales] == [
        "Baseline",
        "6 weeks",
        "3 months",
        "12 months",
        "2 years",
        "later",
        "not given",
    ]


def test_facts_that_no_source_was_read_for_are_named() -> None:
    # instruments/phq9.toml marks the missing rule of the PHQ-2 as unverified.
    data = {f"phq9_q{n}": [1] for n in range(1, 10)}
    note = next(
        line for line in as_text(_summary(data, "phq9")).splitlines() if "not yet read in a source" in line
    )
    assert "missing rule of phq9 phq2" in note


def test_labels_from_data_do_no_harm() -> None:
    data = {"visit": ["a|b<script>", "\x1b[31mred\n# head"], "nps_recommend": [9, 9]}
    summary = _summary(data, "nps", visit="visit")
    text, markdown = as_text(summary), as_markdown(summary)
    assert "\x1b" not in text + markdown
    assert "\n# head" not in text + markdown
    assert "a\\|b\\<script\\>" in markdown


def test_markdown_tables_have_as_many_cells_in_each_row() -> None:
    lines = as_markdown(_summary(PEG, "peg", visit="visit", site="site")).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert table
    assert len({line.count("|") for line in table}) == 1


def test_no_rows() -> None:
    data = {name: [] for name in ("peg_pain", "peg_enjoyment", "peg_activity")}
    summary = summarize(frames.tidy(pl.DataFrame(data, schema=dict.fromkeys(data, pl.Int64)), "peg"))
    assert summary.rows == 0
    assert as_text(summary)


def test_a_column_of_identifiers_is_refused_and_not_printed() -> None:
    data = {"visit": [f"P{n:04}" for n in range(101)], "nps_recommend": [9] * 101}
    with pytest.raises(ParameterError, match="101 different values") as caught:
        _summary(data, "nps", visit="visit")
    assert "P0" not in str(caught.value)


def test_wrong_arguments() -> None:
    tidy = frames.tidy(pl.DataFrame({"nps_recommend": [9]}), "nps")
    with pytest.raises(FrameError, match="no column 'visit'"):
        summarize(tidy, visit="visit")
    with pytest.raises(FrameError, match="not a data frame"):
        summarize([1, 2])


def test_the_example_agrees_with_plain_counting() -> None:
    frame = pl.read_csv(CLINIC, infer_schema=False)
    tidy = frames.tidy(frame, ["peg", "nps"], by=["visit"], invalid="null", text_numbers=True)
    summary = summarize(tidy, visit="visit")
    sums: dict[str, list[int]] = {}
    ratings: Counter[tuple[str, str]] = Counter()
    with CLINIC.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            cells = [row[f"peg_{item}"] for item in ("pain", "enjoyment", "activity")]
            if all(cell.isdigit() and int(cell) <= 10 for cell in cells):
                sums.setdefault(row["visit"], []).append(sum(map(int, cells)))
            rating = row["nps_recommend"]
            if rating.isdigit() and int(rating) <= 10:
                word = "promoter" if int(rating) >= 9 else "passive" if int(rating) >= 7 else "detractor"
                ratings[row["visit"], word] += 1
    for scale in summary.scales:
        if scale.instrument == "peg":
            assert scale.visit is not None
            mine = sums[scale.visit]
            assert scale.scored == len(mine)
            assert scale.mean == pytest.approx(sum(mine) / (3 * len(mine)), rel=1e-12)
        else:
            assert dict(scale.bands) == {word: ratings[scale.visit, word] for word, _ in scale.bands}
        assert scale.rows == scale.scored + sum(scale.withheld.values())

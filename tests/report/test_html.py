"""The program report: figures against the tables, disclosure, structure, escaping, edges."""

from __future__ import annotations

import re
import sys
from fractions import Fraction
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from report_cases import (
    AS_OF,
    example,
    example_episodes,
    example_problems,
    example_tables,
    hostile,
    nothing,
    one_patient,
    pairs,
    peg_report,
    peg_tables,
    undrawn,
)

from ipm_outcomes import change, frames, program, report
from ipm_outcomes._drawing.figures import Line
from ipm_outcomes.errors import FrameError, MissingExtraError, ParameterError
from ipm_outcomes.report import _charts
from ipm_outcomes.report._facts import bands
from ipm_outcomes.report._figures import gather
from ipm_outcomes.report._program import Program
from ipm_outcomes.report._stretches import stretches
from ipm_outcomes.report._words import percent, rounded, safe, signed


class Outline(HTMLParser):
    """What the tests ask of a page: elements with attributes, text by element, tables."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.headings: list[int] = []
        self._cell: list[str] | None = None
        self._caption: list[str] | None = None
        self._rows: list[list[str]] = []
        self.name = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {k: v or "" for k, v in attrs}))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "table":
            self._rows = []
        elif tag == "caption":
            self._caption = []
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        if tag == "caption" and self._caption is not None:
            self.name, self._caption = "".join(self._caption), None
        elif tag in ("td", "th") and self._cell is not None:
            self._rows[-1].append("".join(self._cell))
            self._cell = None
        elif tag == "table":
            self.tables[self.name] = self._rows

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)
        if self._caption is not None:
            self._caption.append(data)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def plain(markup: str) -> str:
    """Markup as text, the cells of tables one after the other."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", markup))).strip().replace(" .", ".")


def answer(text: str) -> str:
    """The finding and what stands under it, without the figures in short."""
    found = re.search(r'<h1>(.*?)</h1>.*?<p class="lead">(.*?)</p>', text, re.DOTALL)
    assert found
    return f"{plain(found[1])}. {plain(found[2])}"


def sheet(text: str) -> str:
    """The first page."""
    found = re.search(r"<header>(.*?)</header>.*?(<section id=\"summary\".*?</section>)", text, re.DOTALL)
    assert found
    return plain(found[1] + found[2])


def flow(text: str) -> str:
    found = re.search(r'<ol class="flow">(.*?)</ol>', text, re.DOTALL)
    assert found
    return unescape(
        re.sub(r"</?(?:strong|li)[^>]*>", " ", found[1]).replace("<span>", "").replace("</span>", "")
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the example, as it may be published."""
    return example(tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the example with every number shown, its charts not drawn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_charts, "svg", undrawn)
        return example(tmp_path_factory.mktemp("report") / "inside.html", policy="none", charts=False)


def gathered(tables: Any, **options: Any) -> Program:
    given: dict[str, Any] = {
        **dict.fromkeys(("episodes", "problems", "as_of", "target")),
        **{"by": "site", "policy": "cms", "definitions": ()},
    }
    return gather(*tables, **given | options)


@pytest.fixture(scope="module")
def published() -> Program:
    options = {"episodes": example_episodes(), "problems": example_problems(), "as_of": AS_OF}
    return gathered(example_tables(), **options)


def total(indicator: str, **more: str) -> dict[str, Any]:
    found = example_tables()[2].filter((pl.col("indicator") == indicator) & (pl.col("site") == "all"))
    assert len(found) == 1
    return found.row(0, named=True)


# -- figures against the tables ----------------------------------------------------------------------


def test_headline_figures_are_those_of_the_tables(page: Path) -> None:
    """Each number of the paragraph, from the tables of changes and indicators."""
    _, changes, _ = example_tables()
    peg = changes.filter((pl.col("instrument") == "peg") & (pl.col("target") == "6 months"))
    due = peg.filter(pl.col("baseline").is_not_null() & ~pl.col("window_open"))
    followed = due.filter(pl.col("followup").is_not_null())
    better = followed["responder_30"].sum()
    row, mean = total("responder_30:peg.mean:6 months"), total("mean_improvement:peg.mean:6 months")
    assert (row["numerator"], row["denominator"]) == (better, len(followed))
    told = sheet(read(page))

    def whole(share: float | Fraction) -> str:
        return f"{int(Fraction(share) * 100 + Fraction(1, 2))}"

    share = whole(Fraction(better, row["denominator"]))
    assert f"After 6 months, {share}% of those followed have clearly less pain" in told
    assert f"{better} of the {row['denominator']} episodes of care with a PEG score at the start" in told
    assert f"{len(peg)} episodes of care ({peg['patient_id'].n_unique()} patients)" in told
    rate = whole(Fraction(len(followed), len(due)))
    assert f"of those due {rate}% {len(followed)} of {len(due)} " in told
    reach = f"{whole(row['lower'])} to {whole(row['upper'])}"
    assert f"PEG: improved by at least 30% {share}% {better} of {row['denominator']} {reach}%" in told
    lost = len(due) - len(followed)
    worst, best = (whole(Fraction(better + k, len(followed) + lost)) for k in (0, lost))
    assert f"If none of them got better the share is {worst}%. If all who could did, it is {best}%." in told
    pain = plain(read(page)[read(page).index('id="domain-pain"') :])
    assert f"On average the score improved by {mean['estimate']:.1f} points." in pain
    assert f" {mean['estimate']:.1f} ({mean['lower']:.1f} to {mean['upper']:.1f}) " in pain


def test_a_report_by_hand(tmp_path: Path) -> None:
    """30 of 50 go from 8 to 4, 20 stay: 60 %. Wilson: center (.6 + .038415) / 1.076829 = .59287, half width
    1.959964 sqrt(.6 * .4 / 50 + .00038415) / 1.076829 = .13105, so 46 to 72 %. Mean improvement 4 * .6 = 2.4,
    SD sqrt(50 * 16 * .6 * .4 / 49) = 1.97949, t(49) = 2.009575: 2.4 -/+ .56257."""
    text = read(peg_report(tmp_path / "r.html", {"A": [(8, 4)] * 30 + [(8, 8)] * 20}))
    assert answer(text) == (
        "After 6 months, 60% of those followed have clearly less pain. "
        "30 of the 50 patients with a PEG score at the start and at 6 months."
    )
    told = sheet(text)
    assert "Followed up have a PEG score at 6 months, of those due 100% 50 of 50 " in told
    assert "Clearly less pain PEG: improved by at least 30% 60% 30 of 50 46 to 72% " in told
    row = Outline(text).tables["Pain and what it keeps people from at 6 months"][1]
    assert row[:6] == ["PEG (0–10)", "50 of 50", "8.0", "5.6", "2.4 (1.8 to 3.0)", "60% (46 to 72)"]
    figures = {
        row[0]: row[2] for row in Outline(text).tables["PEG: figures at each follow-up, with 95% intervals"]
    }
    assert figures["Mean before"].startswith("8.0 (")
    assert figures["Mean after"].startswith("5.6 (")
    assert figures["Improved by at least 30%"] == "60.0% (46.2 to 72.4); 30 of 50"


def test_figures_of_every_scale_are_those_of_the_table(inside: Path) -> None:
    tables = Outline(read(inside)).tables
    seen = 0
    # The important changes: 1 point (IMMPACT, from the BPI), 5 points (Loewe 2004); none for fatigue.
    for label, scale, least in (
        ("PEG", "peg.mean", " (1 point or more)"),
        ("PHQ-9 total", "phq9.total", " (5 points or more)"),
        ("Fatigue", "promis29.fatigue", ""),
    ):
        rows = tables[f"{label}: figures at each follow-up, with 95% intervals"]
        for name, line in (
            ("Improved by at least 30%", "responder_30"),
            (f"Important improvement{least}", "important_improvement"),
        ):
            for at, target in enumerate(rows[0][1:], start=1):
                cell = next((row[at] for row in rows if row[0] == name), None)
                found = example_tables()[2].filter(
                    (pl.col("indicator") == f"{line}:{scale}:{target}") & (pl.col("site") == "all")
                )
                if not len(found):
                    assert cell is None
                    continue
                row = found.row(0, named=True)
                seen += 1
                assert cell is not None
                assert cell.endswith(f"; {row['numerator']} of {row['denominator']}")
                assert abs(float(cell.split("%")[0]) - 100 * row["estimate"]) <= 0.05 + 1e-9
    assert seen == 12  # PEG and PHQ-9 have both lines at three targets; fatigue has neither


def test_the_flow_reconciles(inside: Path, published: Program) -> None:
    """Began less those left out is with a score, less those not due is due, less those lost is followed."""
    told = flow(read(inside))
    stages = re.split(r"(\d[\d,]*)  (?=began|had a score|were due|were followed)", told)
    kept = [int(number) for number in stages[1::2]]
    lost = [sum(int(n) for n in re.findall(r": (\d+)", part)) for part in stages[2::2]]
    assert len(kept) == 4
    for stage in range(3):
        assert kept[stage] - lost[stage] == kept[stage + 1]
    due = total("followup_completion:peg.mean:6 months")
    assert kept[2:] == [due["eligible"], due["numerator"]]
    assert kept[0] == len(example_episodes()) == published.counted("flow:began")


def test_distributions_add_up_to_those_followed() -> None:
    program_ = gathered(example_tables(), policy="none", episodes=example_episodes(), as_of=AS_OF)
    for key, bins in program_.bins.items():
        paired = total(f"mean_improvement:{'.'.join(key)}:6 months")["denominator"]
        for side in ("before", "after"):
            assert sum(program_.counted(getattr(b, side)) or 0 for b in bins) == paired


def test_sites_are_compared_by_their_own_rows(inside: Path) -> None:
    rows = Outline(read(inside)).tables["PEG by site at 6 months"]
    assert [row[0] for row in rows[1:]] == ["Hilltop", "Lakeside", "Riverbend"]
    found = example_tables()[2].filter(pl.col("indicator") == "responder_30:peg.mean:6 months")
    for row in rows[1:]:
        one = found.filter(pl.col("site") == row[0]).row(0, named=True)
        assert row[2].endswith(f"; {one['numerator']} of {one['denominator']}")


def test_promoters_are_those_of_the_follow_up(inside: Path) -> None:
    """One answer of each patient: as many as the table of changes pairs at 6 months, open windows left out."""
    _, changes, _ = example_tables()
    asked = changes.filter(
        (pl.col("instrument") == "nps") & (pl.col("target") == "6 months") & ~pl.col("window_open")
    )
    text = read(inside)
    tables = Outline(text).tables
    rows = tables["Numbers of the chart: Promoters, passives and detractors"][1:]
    low = {"promoters": 9, "passives": 7, "detractors": 0}
    high = {"promoters": 10, "passives": 8, "detractors": 6}
    for label, n, _ in rows:
        assert int(n) == len(asked.filter(pl.col("followup").is_between(low[label], high[label])))
    answered = asked["followup"].count()
    assert sum(int(n) for _, n, _ in rows) == answered
    rate = int(Fraction(100 * answered, len(asked)) + Fraction(1, 2))
    assert f"{answered} of {len(asked)} due to be asked answered ({rate}%)." in text
    told = re.search(r"Net Promoter Score ([+−]\d+) at 6 months \([^)]*\)\. ([^.]*)\.", text)
    assert told
    score = total("nps_followup:nps.rating:6 months")["estimate"]
    assert abs(int(told[1].replace("−", "-")) - score) <= 0.5
    assert told[2] == f"{answered} of {len(asked)} due to be asked answered"


def test_open_months_are_left_out_and_said_so(page: Path, published: Program) -> None:
    """The window of 6 months ends 227 days after the start, which a baseline may precede by 30: with the data of
    2026-06-30 the last quarter of which everyone is followed is the third of 2025."""
    assert published.periods[-1] == "2025 Q3"
    assert "Left out, because follow-up windows are still open: enrolled 2025-10 to" in read(page)


def test_data_quality_counts_every_form(inside: Path) -> None:
    rows = Outline(read(inside)).tables["Forms with a score, and why others have none"]
    scores = example_tables()[0]
    for row in rows[1:]:
        if row[0] == "PHQ-9 total":
            found = scores.filter((pl.col("instrument") == "phq9") & (pl.col("scale") == "total"))
            assert int(row[1].replace(",", "")) == len(found)
            assert int(row[2].replace(",", "")) == found["value"].count()
            assert sum(int(n.replace(",", "")) for n in (row[2], *row[4:])) == len(found)
            return
    raise AssertionError("no row of the PHQ-9")


def test_wrong_cells_are_told(inside: Path) -> None:
    """The example has 8 of them, by its README."""
    assert "Cells that were no allowed answers, taken as not answered: 8." in read(inside)


# -- disclosure --------------------------------------------------------------------------------------


def test_no_small_count_is_published(published: Program) -> None:
    shown = 0
    for row in published.rows.values():
        if row.unit in ("NPS points", "ratio"):
            continue
        for n in (row.eligible, row.observed, row.numerator, row.denominator):
            assert n is None or n == 0 or n > 10
        if row.numerator is not None and row.denominator is not None:
            assert row.denominator - row.numerator == 0 or row.denominator - row.numerator > 10
            shown += 1
        if row.numerator is None and row.unit == "share":
            assert row.estimate is None
            assert row.lower is None
            assert row.worst is None
    assert shown > 300


def test_no_hidden_stage_of_the_flow_can_be_worked_out(published: Program) -> None:
    found = published.flow
    assert found is not None
    whole = ("flow:began", "flow:with baseline", "flow:due", "flow:paired")
    hidden_somewhere = False
    for steps, before, after in zip(
        (found.no_baseline, found.not_due, found.lost), whole, whole[1:], strict=False
    ):
        cells = [published.counted(step.figure) for step in steps]
        cells += [published.counted(before), published.counted(after)]
        hidden = cells.count(None)
        assert hidden != 1
        hidden_somewhere |= hidden > 1
    assert hidden_somewhere  # the example has reasons with few patients


def test_a_hidden_band_is_not_the_sum_of_shown_stretches(published: Program) -> None:
    seen = 0
    for group in published.domains.values():
        for shown in group:
            if shown.scale.bands is None or shown.key not in published.bins:
                continue
            by_band = {b: {str(p.joined(q)) for p in ps for q in ps} for b, ps in stretches(shown.scale, [])}
            for when in ("before", "after"):
                for row in published.bands(f"severity_{when}", shown):
                    if not row.hidden or row.numerator is not None:
                        continue
                    inside = [b for b in published.bins[shown.key] if b.label in by_band[row.band]]
                    assert inside
                    assert any(published.counted(getattr(b, when)) is None for b in inside)
                    seen += 1
    assert seen


def rated(ratings: list[int | None], before: int | None = None) -> Any:
    """Tables of patients who are asked at the start and 182 days later."""
    from ipm_outcomes import change, frames

    n = len(ratings)
    answers = pl.DataFrame(
        {
            "patient_id": [*range(n)] * 2,
            "date": ["2024-01-08"] * n + ["2024-07-08"] * n,
            "site": "A",
            "nps_recommend": [before] * n + ratings,
        }
    )
    scores = frames.tidy(answers, "nps", by=["patient_id", "date", "site"])
    starts = pl.DataFrame({"patient_id": range(n), "episode": 1, "start_date": "2024-01-08", "site": "A"})
    changes = change.table(scores, episodes=starts, by=["site"], as_of="2025-12-31")
    return scores, changes, program.table(changes, by=["site"], scores=scores, totals=True)


def test_a_patient_who_answers_at_every_visit_counts_once(tmp_path: Path) -> None:
    """60 patients answer 0 at the start; later 30 say 10, 15 say 8 and 15 say 3: 100 (30 - 15) / 60 = 25."""
    tables = rated([10] * 30 + [8] * 15 + [3] * 15, before=0)
    text = read(report.html(*tables, tmp_path / "r.html", as_of="2025-12-31"))
    assert "The score at 6 months is +25.0 (" in text
    assert "60 of 60 due to be asked answered (100%)." in text


def test_a_score_of_promoters_is_hidden_with_any_of_its_counts() -> None:
    """With 30 answers, net score 40 and 10 passives hidden, promoters and detractors follow: 16 and 4."""
    made = gathered(rated([10] * 16 + [7] * 10 + [0] * 4))
    counts = [made.counted(f"nps.rating:{band}") for band in ("promoter", "passive", "detractor")]
    score = made.row("nps_followup:nps.rating:6 months")
    assert None in counts
    assert score is not None
    assert score.estimate is None


def test_one_population_in_two_sections_is_hidden_in_both() -> None:
    """100 patients with 5 forms left blank: neither data quality nor the score gives 5 away, nor both."""
    made = gathered(rated([10] * 50 + [7] * 25 + [0] * 20 + [None] * 5))
    row = made.row("nps_followup:nps.rating:6 months")
    assert row is not None
    assert row.eligible in (100, None)
    bands = [made.counted(f"nps.rating:{band}") for band in ("promoter", "passive", "detractor")]
    answered = {made.counted("quality:nps.rating:scored"), row.observed, row.denominator} - {None}
    answered |= {sum(n for n in bands if n is not None)} if None not in bands else set()
    assert row.eligible is None or not answered


def test_measures_that_count_the_same_patients_are_one_population(published: Program) -> None:
    """The paired variant of a measure has the same numerator: hidden in one, it must not stand in the other."""
    pairs_ = [
        (row, other)
        for row in published.rows.values()
        for other in published.rows.values()
        if row.definition + "_paired" == other.definition and row.target == other.target
    ]
    assert len(pairs_) == 4  # as many measures in the catalog have a paired variant, each at one target
    for row, other in pairs_:
        assert (row.numerator is None) == (other.numerator is None)


@pytest.mark.usefixtures("drawn")
def test_charts_hold_no_hidden_figure(tmp_path: Path) -> None:
    """7 of 60 got better: neither the share nor the count may stand anywhere, in text or drawing."""
    text = read(peg_report(tmp_path / "r.html", {"A": [(8, 4)] * 7 + [(8, 8)] * 53}))
    assert "7 of 60" not in text
    assert "53 of 60" not in text
    assert "11.7%" not in text  # 7 / 60
    assert "88.3%" not in text
    assert "12%" not in sheet(text)
    assert "After 6 months, how many got better cannot be shown." in answer(text)
    assert "so that no group of 10 or fewer can be worked out." in answer(text)
    assert "improved by at least 30%, by site" not in text
    # Which counts are small and which protect them is not said.
    # A source of an instrument may be secondary: its table of facts aside, the word stands nowhere.
    rest, facts = re.subn(
        r"<table><caption[^>]*>[^<]*: facts that decide.*?</table>", "", text, flags=re.DOTALL
    )
    assert facts == 1
    assert "primary" not in text
    assert "secondary" not in rest


def test_below_five_with_rounding(tmp_path: Path) -> None:
    """The policy of NHS England: 52 becomes 50, 48 of them 50, the 4 others are hidden."""
    text = read(peg_report(tmp_path / "r.html", {"A": [(8, 4)] * 22 + [(8, 8)] * 30}, policy="nhs"))
    assert "100% 50 of 50" in sheet(text)
    assert "20 of the 50" in answer(text)  # 22 of 52 rounded
    assert "After 6 months, 42% of those" in answer(text)  # 22 / 52 = 42.3 %, before rounding


def test_no_patient_is_named_and_no_date_of_a_patient_stands_in_it(page: Path) -> None:
    text = read(page)
    assert not re.search(r"P\d{4}", text)  # as the example numbers its patients
    assert set(re.findall(r"\d{4}-\d{2}-\d{2}", text)) == {AS_OF}


def test_policy_none_says_that_it_is_not_for_publication(inside: Path, page: Path) -> None:
    assert "must not be passed on" in read(inside)
    assert "must not be passed on" not in read(page)


# -- structure ---------------------------------------------------------------------------------------


def test_every_chart_has_a_text_alternative_and_a_table(page: Path) -> None:
    text = read(page)
    figures = re.findall(r"<figure.*?</figure>", text, re.DOTALL)
    bars = text.count('aria-hidden="true"')  # beside their numbers
    assert len(figures) == text.count("<svg") - bars - 1 >= 25  # the trend of page 1 is among the figures too
    for figure in figures:
        label = re.search(r'<svg role="img" aria-label="([^"]+)"', figure)
        assert label
        assert len(label[1]) > 20
        assert re.search(r"<details>.*<table>.*<td", figure, re.DOTALL)


def test_nothing_is_fetched_and_nothing_runs(page: Path) -> None:
    text = read(page)
    outline = Outline(text)
    assert not [
        tag for tag, _ in outline.elements if tag in ("script", "img", "link", "iframe", "object", "image")
    ]
    for _, attributes in outline.elements:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href", "action"):
            assert attributes.get(name, "#").startswith("#")
    assert not re.search(r"url\((?!#)|@import|http://|https://", text)


def test_page_structure(page: Path) -> None:
    text = read(page)
    outline = Outline(text)
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(outline.headings, outline.headings[1:], strict=False))
    ids = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in outline.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert set(attributes.get(name, "").split()) <= set(ids)
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in ids
    assert text.count("<table") == text.count("<caption")
    assert text.count("<table>") == text.count('class="scroll" tabindex="0"')
    assert all("scope" in attributes for tag, attributes in outline.elements if tag == "th")
    tags = [tag for tag, _ in outline.elements]
    assert {tags.count(name) for name in ("header", "nav", "main", "footer")} == {1}
    for section in (
        "summary",
        "flow",
        "domain-pain",
        "domain-depression",
        "domain-anxiety",
        "sites",
        "time",
        "quality",
    ):
        assert section in ids
    for section in (
        "domain-multidimensional",
        "domain-catastrophizing",
        "domain-satisfaction",
        "methods",
        "sources",
    ):
        assert section in ids


def test_the_example_is_small_enough(page: Path) -> None:
    assert page.stat().st_size <= 1_500_000


def test_methods_name_versions_digests_and_what_is_unverified(page: Path) -> None:
    import ipm_outcomes as ipm

    text = read(page)
    assert f"ipm-outcomes {ipm.__version__}" in text
    for id_ in ("peg", "phq9", "gad7", "promis29", "pcs", "nps"):
        assert ipm.instrument(id_).digest[:12] in text
    assert "These were not verified in their sources" in text
    assert safe(program.indicator("responder_30").cites) in text


# -- hostile data and edges --------------------------------------------------------------------------


@pytest.mark.usefixtures("drawn")
def test_markup_in_data_does_no_harm(tmp_path: Path) -> None:
    text = read(hostile(tmp_path / "r.html"))
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "=cmd()" in text  # in HTML a formula is text
    assert [row[0] for row in Outline(text).tables["PEG by site at 6 months"][1:]] == [
        "<script>alert(1)</script>",
        "=cmd()",
    ]


@pytest.mark.usefixtures("drawn")
def test_a_hostile_title_and_control_characters(tmp_path: Path) -> None:
    text = read(
        peg_report(
            tmp_path / "r.html", {'"><b>\x00x': [(8, 4)] * 30, "B": [(8, 8)] * 30}, title="</title><b>"
        )
    )
    assert "<b>\x00" not in text
    assert "<b>x" not in text
    assert text.count("</title>") == 1
    assert "\x00" not in text


@pytest.mark.parametrize(
    ("sites", "policy", "words"),
    [
        (
            {"A": [(8, 4)]},
            "cms",
            "Too few patients for a public report. Fewer patients have begun than may be counted in public",
        ),
        (
            {"A": [(8, 4)]},
            "none",
            "After 6 months, 100% of those followed have clearly less pain. 1 of the 1 patient with a PEG score",
        ),
        ({}, "cms", "There is nothing to report yet. No patient is in the data."),
        (
            {"A": [(8, None)] * 30},
            "cms",
            "Nobody was followed up at 6 months. Of 30 patients that began, 30 were due at 6 months, and none has",
        ),
        (
            {"A": [(0, 0)] * 30, "B": [(0, 0)] * 20},
            "cms",
            "After 6 months, 0% of those followed have clearly",
        ),
    ],
)
def test_edge_programs_say_so(sites: Any, policy: str, words: str, tmp_path: Path) -> None:
    assert answer(read(peg_report(tmp_path / "r.html", sites, policy=policy))).startswith(words)


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("policy", ["cms", "nhs", "none"])
@pytest.mark.parametrize(
    "sites", [{"A": [(8, 8)] * 30, "B": [(8, 8)] * 20}, {"A": [(10, 10)] * 30, "B": [(10, 10)] * 20}]
)
def test_nobody_responds_at_two_sites(sites: Any, policy: str, tmp_path: Path) -> None:
    """With no success anywhere none is expected, so there is no ratio to it."""
    text = read(peg_report(tmp_path / "r.html", sites, policy=policy))
    rows = Outline(text).tables["PEG by site at 6 months"]
    at = rows[0].index("Given severity at the start")
    # 0 is below 5, so the rules of NHS England hide it; the others show it.
    assert [row[at] for row in rows[1:]] == ["not shown" if policy == "nhs" else "–"] * 2
    at = rows[0].index("Mean improvement, points")
    means = [row[at] for row in rows[1:]]
    if policy == "nhs":
        # A mean of 0.0 (0.0 to 0.0) would give the hidden 0 away: whole points at most, and no chart.
        assert "(0.0 to 0.0)" not in text
        assert set(means) <= {"0 (whole points); n 30", "0 (whole points); n 20", "not shown"}
    else:
        assert means == ["0.0 (0.0 to 0.0); n 30", "0.0 (0.0 to 0.0); n 20"]
        assert "mean improvement" in text
    assert "nan" not in text.lower().replace("finan", "")


def test_all_at_the_best_score_is_said(tmp_path: Path) -> None:
    text = read(peg_report(tmp_path / "r.html", {"A": [(0, 0)] * 30}))
    assert "All 30 with both scores had the best possible score at the start. Nobody could improve" in text


def test_many_at_the_best_score_is_said(tmp_path: Path) -> None:
    """12 of 60 is 20 %, above the usual warning level of 15 %; 9 of 60 is at it, and not above."""
    text = read(peg_report(tmp_path / "r.html", {"A": [(0, 0)] * 12 + [(8, 4)] * 48}))
    assert "20% of those with both scores had the best possible score at the start" in text
    text = read(peg_report(tmp_path / "r.html", {"A": [(0, 0)] * 9 + [(8, 4)] * 51}, policy="none"))
    assert "had the best possible score" not in text


def test_one_site_is_not_compared(tmp_path: Path) -> None:
    assert "The data hold one group, so there is nothing to compare." in read(
        peg_report(tmp_path / "r.html", {"A": [(8, 4)] * 30})
    )


def test_patients_without_a_site_are_a_group_of_their_own(tmp_path: Path) -> None:
    from ipm_outcomes import change, frames

    answers = pl.DataFrame(
        {
            "patient_id": [*range(80), *range(80)],
            "date": ["2024-01-08"] * 80 + ["2024-07-08"] * 80,
            "site": (["A"] * 40 + [None] * 40) * 2,
            **{
                f"peg_{item}": [8, 8, 6, 6] * 20 + [4, 8, 3, 6] * 20
                for item in ("pain", "enjoyment", "activity")
            },
            "nps_recommend": [None] * 80 + [10, 0] * 40,
        }
    )
    scores = frames.tidy(answers, ["peg", "nps"], by=["patient_id", "date", "site"])
    changes = change.table(scores, by=["site"], as_of="2025-12-31")
    found = program.table(changes, by=["site"], scores=scores, totals=True)
    tables = Outline(
        read(report.html(scores, changes, found, tmp_path / "r.html", as_of="2025-12-31"))
    ).tables
    for row in tables["PEG by site at 6 months"][1:]:
        assert row[0] in ("A", "not recorded")
        assert row[2].endswith("; 20 of 40")
        assert row[4].startswith("50.0%")  # both have the same baselines: nothing to adjust
    nps = {row[0]: row[2:] for row in tables["Net Promoter Score by site, in alphabetical order"][1:]}
    assert nps == {"A": ["20", "0", "20"], "not recorded": ["20", "0", "20"]}


def test_rows_without_any_answer_are_nobody(tmp_path: Path) -> None:
    """60 rows of forms left blank beside 30 patients with both scores change nothing but one line."""
    blank = [(k, day, "B", None) for k in range(100, 130) for day in ("2024-01-08", "2024-07-08")]
    rows = pairs({"A": [(8, 4)] * 30})
    alone = read(report.html(*peg_tables(rows), tmp_path / "a.html", as_of="2025-12-31"))
    beside = read(report.html(*peg_tables(rows + blank), tmp_path / "b.html", as_of="2025-12-31"))
    told = "Rows of the data that hold no answer, and count nowhere: 60."
    assert told in beside
    assert told not in alone
    assert flow(beside) == flow(alone)
    assert answer(beside) == answer(alone)
    nobody = read(report.html(*peg_tables(blank), tmp_path / "c.html", as_of="2025-12-31"))
    assert "The data hold no patient with a measured change" in answer(nobody)


def test_a_form_partly_filled_in_is_not_called_blank(tmp_path: Path) -> None:
    """20 patients leave the form blank and 20 answer one of its three questions; 40 answer all of them."""
    from ipm_outcomes import change, frames

    filled = [None] * 40 + [8] * 40
    answers = pl.DataFrame(
        {
            "patient_id": [*range(80)] * 2,
            "date": ["2024-01-08"] * 80 + ["2024-07-08"] * 80,
            "peg_pain": [None] * 20 + [8] * 60 + [4] * 80,
            "peg_enjoyment": filled + [4] * 80,
            "peg_activity": filled + [4] * 80,
        }
    )
    scores = frames.tidy(answers, "peg", by=["patient_id", "date"])
    starts = pl.DataFrame({"patient_id": range(80), "episode": 1, "start_date": "2024-01-08", "site": "A"})
    changes = change.table(scores, episodes=starts, as_of="2025-12-31")
    path = tmp_path / "r.html"
    told = flow(read(report.html(scores, changes, program.table(changes), path, as_of="2025-12-31")))
    assert "no questionnaire filled in around the start: 20" in told
    assert "at the start too incomplete to score: 20" in told


# -- calling it --------------------------------------------------------------------------------------

SITES = {"A": [(8, 4)] * 30 + [(8, 8)] * 20, "B": [(6, 3)] * 20 + [(7, 7)] * 25 + [(5, None)] * 15}


@pytest.mark.usefixtures("specified")
def test_lacking_totals_or_sites_are_counted(tmp_path: Path) -> None:
    scores, changes, full = peg_tables(pairs(SITES))
    wanted = read(report.html(scores, changes, full, tmp_path / "a.html"))
    for given in (program.table(changes), program.table(changes, by=["site"])):
        assert read(report.html(scores, changes, given, tmp_path / "b.html")) == wanted


@pytest.mark.usefixtures("specified")
def test_every_kind_of_frame_gives_the_same_page(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    tables = peg_tables(pairs(SITES))
    wanted = read(report.html(*tables, tmp_path / "polars.html"))
    for kind in (
        lambda t: t.lazy(),
        lambda t: t.to_pandas(),
        lambda t: t.to_pandas(use_pyarrow_extension_array=True),
        lambda t: t.to_arrow(),
        lambda t: duckdb.connect().from_arrow(t.to_arrow()),
    ):
        assert read(report.html(*map(kind, tables), tmp_path / "other.html")) == wanted


@pytest.mark.usefixtures("specified")
def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    tables = peg_tables(pairs(SITES))
    wanted = read(report.html(*tables, tmp_path / "a.html"))
    shuffled = [table.sample(fraction=1, shuffle=True, seed=7) for table in tables]
    assert read(report.html(*shuffled, tmp_path / "b.html")) == wanted


def test_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = peg_report(tmp_path / "r.html", SITES)
    before = read(path)

    def fail(self: Path, target: Path) -> None:
        raise OSError(28, "disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        peg_report(path, {"A": [(8, 4)] * 30})
    assert read(path) == before
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]


@pytest.mark.usefixtures("drawn")
def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = peg_tables(pairs(SITES))
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(MissingExtraError, match=r"ipm-outcomes\[report\]"):
        report.html(*tables, tmp_path / "r.html")


def test_bad_arguments_are_refused(tmp_path: Path) -> None:
    scores, changes, found = peg_tables(pairs(SITES))
    path = tmp_path / "r.html"
    with pytest.raises(ParameterError, match="policy"):
        report.html(scores, changes, found, path, policy="secret")
    with pytest.raises(ParameterError, match="'9 months'"):
        report.html(scores, changes, found, path, target="9 months")
    with pytest.raises(ParameterError, match="as_of"):
        report.html(scores, changes, found, path, as_of="yesterday")
    with pytest.raises(ParameterError, match="title"):
        report.html(scores, changes, found, path, title=" ")
    with pytest.raises(FrameError, match=r"scores: .*'value'"):
        report.html(scores.drop("value"), changes, found, path)
    with pytest.raises(FrameError, match=r"changes: .*'baseline'"):
        report.html(scores, changes.drop("baseline"), found, path)
    with pytest.raises(FrameError, match=r"indicators: .*'estimate'"):
        report.html(scores, changes, found.drop("estimate"), path)
    with pytest.raises(FrameError, match="indicators: a dict"):
        report.html(scores, changes, {}, path)
    small = program.suppress(peg_tables(pairs({"A": [(8, 4)] * 7 + [(8, 8)] * 53}))[2])
    with pytest.raises(FrameError, match="already suppressed"):
        report.html(scores, changes, small, path)
    assert not path.exists()


def test_a_folder_that_is_not_there_is_named_by_its_argument(tmp_path: Path) -> None:
    tables = peg_tables(pairs(SITES))
    with pytest.raises(ParameterError, match=r"^path: the folder of this file does not exist"):
        report.html(*tables, tmp_path / "none" / "r.html")
    with pytest.raises(ParameterError, match=r"^path: this is a folder"):
        report.html(*tables, tmp_path)


# -- what a reader may take from it -----------------------------------------------------------------


def chart(text: str, title: str) -> str:
    found = re.search(rf"<figure[^>]*><figcaption><h3>{re.escape(title)}</h3>.*?</figure>", text, re.DOTALL)
    assert found
    return unescape(found[0])


def test_few_points_are_no_proof_of_calm(page: Path, tmp_path: Path) -> None:
    """The 7 quarters of the example make 4 periods; a chart needs 12 before the absence of a signal says something."""
    for title in ("PEG: mean improvement", "PEG: followed up"):
        told = chart(read(page), title)
        assert re.search(r"<p>Too few points \(\d of 4 shown\) to tell a signal from chance\.</p>", told)
        assert "No signal" not in told
    rows: list[tuple[Any, str, str, int | None]] = []
    for month in range(14):  # 30 patients in each of 14 months, of whom 15 improve: nothing happens
        year, first = 2023 + month // 12, month % 12 + 1
        later = f"{year + (first > 6)}-{(first + 5) % 12 + 1:02d}-08"
        for k in range(30):
            number = month * 30 + k
            rows += [
                (number, f"{year}-{first:02d}-08", "A", 8),
                (number, later, "A", 4 if k % 2 else 8),
            ]
    told = chart(
        read(report.html(*peg_tables(rows), tmp_path / "r.html", as_of="2025-12-31")),
        "PEG: improved by at least 30%",
    )
    assert "<p>No signal: all points vary as chance does around 50%.</p>" in told


@pytest.mark.usefixtures("drawn")
def test_a_hidden_figure_keeps_its_line_in_the_chart(tmp_path: Path) -> None:
    """3 of 60 got worse: the line stands there, and says that its figure is withheld."""
    sites = {"A": [(8, 4)] * 30 + [(5, 5)] * 27 + [(4, 9)] * 3}
    told = chart(read(peg_report(tmp_path / "r.html", sites)), "PEG: who improved, who got worse")
    drawing = re.search("<svg.*</svg>", told, re.DOTALL)
    assert drawing
    assert ">Important worsening<" in drawing[0]
    assert ">not shown<" in drawing[0]


def test_bands_are_told_without_overlap() -> None:
    """PHQ-9 bands of whole numbers are closed; of T-scores the definition says where the boundary goes."""
    import ipm_outcomes as ipm

    phq9 = ipm.instrument("phq9").scale("total")
    assert bands(phq9) == [
        "minimal 0 to 4",
        "mild 5 to 9",
        "moderate 10 to 14",
        "moderately severe 15 to 19",
        "severe 20 to 27",
    ]
    promis = ipm.instrument("promis29")
    anxiety, function = bands(promis.scale("anxiety")), bands(promis.scale("physical_function"))
    assert anxiety[1] == "mild 55 to below 60"
    assert function[-1].startswith("within normal limits above 45 to")
    for scale, told in ((promis.scale("anxiety"), anxiety), (promis.scale("physical_function"), function)):
        assert scale.bands is not None
        for before, after in pairwise(told):
            assert ("below" in before) != ("above" in after)


def test_recovery_names_its_cut_off(inside: Path, tmp_path: Path) -> None:
    """PCS: above 30 is clinically relevant, so 30 is beyond; GAD-7: 10 screens positive, so below 10 is beyond."""
    # Only the second was tested against a diagnosis (Spitzer 2006); nobody recovers from a score of another kind.
    for label, told, could in (
        (
            "PCS total",
            "Crossed the cut-off, of those who could (30 or below; cut-off: clinically relevant catastrophizing)",
            "Could cross the cut-off",
        ),
        (
            "GAD-7 total",
            "Recovered, of those who could (below 10; cut-off: generalized anxiety disorder, screening)",
            "Could recover",
        ),
    ):
        rows = Outline(read(inside)).tables[f"{label}: figures at each follow-up, with 95% intervals"]
        names = [row[0] for row in rows]
        at = names.index(told)
        assert names[at + 1].startswith(could)
        # The share of those who could is of their number, which stands beside it with all who were followed.
        for share, room in zip(rows[at][1:], rows[at + 1][1:], strict=True):
            of_those = re.search(r" of ([\d,]+)$", share)
            number = re.search(r"; ([\d,]+) of [\d,]+$", room)
            assert of_those is not None
            assert number is not None
            assert of_those[1] == number[1]
    assert "normal range" not in read(inside)
    tables = peg_tables(pairs(SITES), cutoffs={("peg", "mean"): 5})
    rows = Outline(read(report.html(*tables, tmp_path / "r.html"))).tables[
        "PEG: figures at each follow-up, with 95% intervals"
    ]
    assert "Crossed the cut-off, of those who could (below 5; cut-off: given for this analysis)" in [
        row[0] for row in rows
    ]


def test_a_measure_stands_once_at_the_target_of_the_report(inside: Path) -> None:
    rows = Outline(read(inside)).tables["Measures for the whole program"]
    names = [row[0] for row in rows[1:]]
    assert len(names) == len(set(names))
    assert "Sessions attended of those planned" in names


def test_measures_that_the_data_cannot_carry_are_named_with_what_they_need(inside: Path) -> None:
    text = unescape(read(inside))
    told = text[text.index("Not counted from these data") :]
    told = told[: told.index("</details>")]
    for title, need in (
        ("NHS Talking Therapies (11 figures)", "the first score"),
        ("Depression remission at 12 months (CBE 0710)", "needs a target of"),
    ):
        line = next(line for line in told.split("<li>") if title in line)
        assert need in line
    assert "NHS Talking Therapies: recovered" not in text[text.index("Rules and sources of the indicators") :]


def test_a_column_is_aligned_as_one(inside: Path) -> None:
    """Thresholds are words here and figures there: the whole column is one of words."""
    text = read(inside)
    for table in re.findall(r"<tbody>(.*?)</tbody>", text, re.DOTALL):
        rows = [
            [' class="n' in cell for cell in re.findall("<td[^>]*>", row)]
            for row in table.split("</tr>")
            if "<td" in row
        ]
        assert all(row == rows[0] for row in rows)
    assert "<td>5 points</td>" in text
    assert not re.search(r"(?<![\d.,])1 points", text)


def test_methods_fold_and_say_a_shared_rule_once(inside: Path) -> None:
    text = read(inside)
    part = text[text.index('<section id="methods"') :]
    assert part.count('<details class="topic">') >= 9
    assert part.count("Patients with a baseline whose follow-up window is over.") == 1
    assert "linearized" not in part


def test_the_header_names_the_day_of_the_data(page: Path, tmp_path: Path) -> None:
    assert "3 sites · data up to June 30, 2026 After 6 months" in sheet(read(page))
    text = read(report.html(*peg_tables(pairs(SITES)), tmp_path / "r.html"))
    assert "data up to July 8, 2024, the day of the last score (no as-of date was given)" in text


def test_one_patient_is_told_in_the_singular(tmp_path: Path) -> None:
    text = read(peg_report(tmp_path / "r.html", {"A": [(8, None)]}, policy="none"))
    assert "Of 1 patient that began, 1 was due at 6 months, and none has a score then." in answer(text)
    assert not re.search(r"\b1(</strong>)? (patients|episodes|were|answers)\b", text)


# -- words -------------------------------------------------------------------------------------------


def test_numbers_are_rounded_once_half_away_from_zero() -> None:
    assert rounded(0.125, 2) == "0.13"  # a spreadsheet's, where Python's round() gives 0.12
    assert rounded(-0.05, 1) == "−0.1"
    assert rounded(-0.04, 1) == "0.0"
    # The mean of numbers that were added up in one order or another: 53.55 both times.
    assert rounded(53.54999999999999, 1) == rounded(53.55000000000002, 1) == "53.6"
    assert percent(Fraction(1, 8), 0) == "13 %"
    assert percent(0.285, 1) == "28.5 %"
    assert signed(1.25) == "+1.3"
    assert signed(0.0) == "0.0"


def test_text_from_data_is_escaped() -> None:
    assert safe('<a href="x">&\x07') == "&lt;a href=&quot;x&quot;&gt;&amp; "


def test_specifications_are_valid_vega_lite() -> None:
    """Altair checks them against the schema of Vega-Lite; drawing does not, to save time."""
    for drawing in (
        _charts.distribution([("0–4", 0.5, None), ("5–9", 0.5, 1.0)]),
        _charts.bands([("a", "before", "mild", 0.4), ("a", "after", "mild", 1.0)], ["mild", "severe"], False),
        _charts.intervals([Line("a", 1.0, 0.5, 1.5), Line("b", note="not shown")], "points", shares=False),
        _charts.funnel([("A", 50, 0.4)], [("95 % limits", [(5, 0.0, 0.9), (50, 0.2, 0.6)])], 0.4, "share"),
        _charts.over_time(
            ["a", "b", "c"], [0.5, None, 0.6], "share", shares=True, center=[0.5] * 3, marked=[True] * 3
        ),
        _charts.shares([("a", 0.4)], "share"),
    ):
        assert drawing.to_dict(validate=True)["$schema"].startswith(
            "https://vega.github.io/schema/vega-lite/"
        )


def test_one_and_none_are_whole_documents(tmp_path: Path) -> None:
    for made in (one_patient(tmp_path / "one.html"), nothing(tmp_path / "none.html")):
        text = read(made)
        assert text.startswith("<!DOCTYPE html>")
        assert text.endswith("</html>\n")
        assert "<svg" not in text  # there is nothing that may be drawn
        assert len(sheet(text).split()) < 100


def test_ratings_of_satisfaction_of_several_kinds_stand_in_one_section(tmp_path: Path) -> None:
    """Only scales of promoters are told as promoters; a patient answers 9, and 32 of the CSQ-8, at both visits."""
    forms = [(p, day) for p in range(30) for day in ("2024-01-10", "2024-07-10")]
    answers = pl.DataFrame(
        {
            "patient_id": [p for p, _ in forms],
            "date": [day for _, day in forms],
            "nps_recommend": [9] * len(forms),
            **{f"csq8_q{n}": [4] * len(forms) for n in range(1, 9)},
        }
    )
    scores = frames.tidy(answers, ["nps", "csq8"], by=["patient_id", "date"])
    changes = change.table(scores, as_of="2025-06-30")
    found = program.table(changes, scores=scores)
    page = report.html(scores, changes, found, tmp_path / "report.html").read_text(encoding="utf-8")
    section = page.split('id="domain-satisfaction"')[1].split("<section")[0]
    assert "9 and 10 are promoters" in section
    assert "CSQ-8 total: 8 to 32, higher is better" in section
    assert "would patients recommend" not in page


def test_the_methods_name_the_period_that_the_charts_use(page: Path) -> None:
    """A chart of quarters is no chart of months."""
    shown = re.findall(r"Each point is a (\w+) of enrollment", page.read_text("utf-8"))
    told = re.findall(r"a patient belongs to the (\w+) of the first", page.read_text("utf-8"))
    assert set(shown) == set(told) == {"quarter"}

"""Every number of the report is a figure that disclosure control put out, or counts no patients.

The figures of a program are marked before its page is written: a marked number keeps its mark where it is printed,
compared or passed on, and loses it in any arithmetic. So what is printed without a mark was worked out by the page
itself. It has to stand on the page as well where every figure is hidden, or be one of the few kinds named here.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from functools import cache
from html.parser import HTMLParser
from statistics import median
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from report_cases import (
    AS_OF,
    example_episodes,
    example_problems,
    example_records,
    example_tables,
    pairs,
    peg_tables,
)

from ipm_outcomes._drawing import style as looks
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.report import _charts, _page, _tables, _wording, _words, sections
from ipm_outcomes.report._figures import gather
from ipm_outcomes.report._program import Figure, Program
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report.sections import _records

COUNTS = ("eligible", "observed", "numerator", "denominator", "patients")
RATES = ("estimate", "lower", "upper", "worst", "best", "member_months")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
OPEN, CLOSE = "⟦", "⟧"


def marked(text: str) -> str:
    return NUMBER.sub(lambda found: f"{OPEN}{found[0]}{CLOSE}", text)


class Count(int):
    """A published count."""

    def __format__(self, form: str) -> str:
        return marked(format(int(self), form))

    __str__ = __repr__ = lambda self: marked(int.__repr__(self))


class Rate(float):
    """A published rate, mean or limit."""

    def __abs__(self) -> Rate:
        return Rate(float.__abs__(self))


class Share(Fraction):
    """A share of two published counts."""


def figure(value: Any) -> bool:
    return isinstance(value, (Count, Rate, Share))


def written(form: Callable[..., str]) -> Callable[..., str]:
    """A function that writes a number, so that marked ones stay marked."""

    def write(value: Any, *more: Any) -> str:
        plain = Fraction(value) if isinstance(value, Share) else float(value) if figure(value) else value
        text = form(int(value) if isinstance(value, Count) else plain, *more)
        return marked(text) if figure(value) else text

    return write


def share_of(a: Any, b: Any) -> Fraction:
    one = Fraction(int(a), int(b))
    return Share(one) if figure(a) and figure(b) else one


def share(row: Figure | None) -> Fraction | None:
    known = row is not None and row.numerator is not None and row.denominator
    return share_of(row.numerator, row.denominator) if row is not None and known else None


def with_marks(row: Figure) -> Figure:
    values: dict[str, Any] = {name: getattr(row, name) for name in (*COUNTS, *RATES)}
    values = {
        name: None if v is None else Count(v) if name in COUNTS else Rate(v) for name, v in values.items()
    }
    limits = tuple(
        (name, Count(low), None if high is None else Count(high)) for name, low, high in row.limits
    )
    return replace(row, limits=limits, **values)


def with_marked_rows(program: Program) -> Program:
    strata = {key: with_marks(row) for key, row in program.of_strata.items()}
    return replace(
        program, rows={key: with_marks(row) for key, row in program.rows.items()}, of_strata=strata
    )


def blank(program: Program) -> Program:
    """The same program with every figure hidden."""
    none: dict[str, Any] = dict.fromkeys((*COUNTS, *RATES))
    rows = {
        # What these data cannot carry has no figure anyway.
        key: row
        if row.denominator is None and not (row.hidden or row.record)
        else replace(row, hidden="hidden", limits=(), **none)
        for key, row in program.rows.items()
    }
    strata = {key: replace(row, hidden="hidden", limits=(), **none) for key, row in program.of_strata.items()}
    return replace(program, rows=rows, adjusted={}, of_strata=strata)


class Texts(HTMLParser):
    """All that a page says: texts, titles and alternatives, and the texts inside drawings."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.drawn: list[str] = []
        self.inside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("svg", "style"):
            self.inside.append(tag)
        said = ("aria-label", "alt", "title", "aria-description", "summary", "content")
        self.texts += [value for name, value in attrs if name in said and value and tag != "meta"]
        self.texts += [value for name, value in attrs if name.startswith("data-") and value]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("svg", "style"):
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if self.inside[-1:] != ["style"] and data.strip():
            (self.drawn if self.inside else self.texts).append(data)


WRITING = [
    _page,
    _wording,
    _records,
    *(one for one in vars(sections).values() if isinstance(one, ModuleType)),
]
"""The modules that write numbers."""


def written_page(
    program: Program, charts: list[list[dict[str, Any]]] | None = None, *, draw: bool = False
) -> Texts:
    """The page of a program, with a mark on each number that is a figure; ``charts`` takes the data drawn."""
    with pytest.MonkeyPatch.context() as patch:
        marking = {name: written(getattr(_words, name)) for name in ("count", "percent", "rounded", "signed")}
        marking |= {"share": share, "Fraction": share_of}
        marking |= {"plural": lambda n, one, many: f"{n:,} {one if n == 1 else many}"}
        # Half a page where nobody may be counted; here the whole page is asked for, whatever is hidden.
        patch.setattr(Wording, "too_few", False)
        for module in WRITING:
            for name in marking.keys() & vars(module).keys():
                patch.setattr(module, name, marking[name])
        data = looks.data

        def watched(rows: Any) -> Any:
            rows = list(rows)
            if charts is not None:
                charts.append([dict(row) for row in rows])
            return data(rows)

        patch.setattr(looks, "data", watched)
        if not draw:
            patch.setattr(
                _charts,
                "svg",
                lambda drawing, number, message: f'<svg aria-label="{_charts.safe(message)}"></svg>',
            )
        return Texts(sections.write(replace(program), "Report"))


def program_of(tables: Any, policy: str = "cms", **options: Any) -> Program:
    given: dict[str, Any] = dict.fromkeys(("episodes", "problems", "as_of", "target"))
    given |= {"by": "site", "definitions": (), "policy": policy} | options
    return gather(*tables, **given)


@cache
def example_of(policy: str) -> Program:
    more = {"episodes": example_episodes(), "problems": example_problems(), "as_of": AS_OF}
    more["records"] = example_records()
    return program_of(example_tables(), policy, **more)


@cache
def small_of(policy: str) -> Program:
    """Two sites with few of each kind, so that much is hidden."""
    sites: dict[str, list[tuple[int, int | None]]] = {
        "North": [(8, 4)] * 17 + [(8, 8)] * 26 + [(0, 0)] * 2 + [(7, None)] * 13,
        "South": [(9, 3)] * 12 + [(5, 6)] * 6 + [(6, None)] * 31,
    }
    return program_of(peg_tables(pairs(sites)), policy, as_of="2025-12-31")


@cache
def joined_of(policy: str) -> Program:
    """Three sites, of which two are small and put together."""
    program = program_of(peg_tables(pairs(SMALL_SITES)), policy, as_of="2025-12-31")
    assert program.other_sites == ("South", "West")
    return program


SMALL_SITES: dict[str, list[tuple[int, int | None]]] = {
    "North": [(8, 4)] * 37 + [(8, 8)] * 26 + [(7, None)] * 13,
    "South": [(9, 3)] * 7 + [(5, 6)] * 6 + [(6, None)] * 3,
    "West": [(9, 3)] * 5 + [(5, 6)] * 8 + [(6, None)] * 8,
}


@cache
def strata_of(policy: str) -> Program:
    """Three groups of patients across two sites, one of them small."""
    sites = {
        site: [(8, 4 if k % 3 else 8) if k % 5 else (7, None) for k in range(60)]
        for site in ("North", "South")
    }
    scores, changes, found = peg_tables(pairs(sites))
    group = (
        pl.when(pl.col("patient_id") % 10 == 0)
        .then(pl.lit("few"))
        .otherwise(pl.when(pl.col("patient_id") % 2 == 0).then(pl.lit("one")).otherwise(pl.lit("other")))
    )
    tables = scores, changes.with_columns(language=group), found
    return program_of(tables, policy, as_of="2025-12-31", strata="language")


PROGRAMS = [
    *((example_of, "cms"), (example_of, "nhs"), (small_of, "cms"), (small_of, "nhs")),
    (strata_of, "cms"),
]
PROGRAMS.append((joined_of, "cms"))


def constants(program: Program) -> list[str]:
    """Words with digits that name something: definitions, follow-ups, days, stretches of a score."""
    shown = [one for group in program.domains.values() for one in group]
    found = [
        program.target,
        *program.targets,
        *program.periods,
        *program.left_out,
        *map(program.site, program.groups),
    ]
    found += [bin.label for bins in program.bins.values() for bin in bins]
    words = Wording(program)
    for one in shown:
        found += [one.instrument.title, one.scale.title, words.short(one), words.success(one)]
        found.append(words.cutoff(one))
        found += [band.label for band in one.scale.bands.of] if one.scale.bands else []
    found += [words.success(one).capitalize() for one in shown]
    found += ["improved by at least 30 %", "Improved by at least 30 %", "Improved by at least 50 %"]
    found = [tight(one) for one in found]
    return sorted(filter(NUMBER.search, set(found)), key=len, reverse=True)


def tight(text: str) -> str:
    """As the page writes percents."""
    return text.replace(" %", "%")


OTHERS = (
    # How many sites, points or scales are shown.
    r"Sites not shown, so that no small group can be worked out: \d+",
    r"\d+ of \d+ shown",
    r"on \d+ of \d+ scales for which",
    r"Periods not shown, and left out: \d+",
    r"“Other sites” are \d+ small sites put together",
    r"There are only \d+ points?, fewer than 12",
    # Said beside charts and figures only, and so not on a page without any.
    *(r"95% interval", r"−100 to \+100", r"no interval reaches 0", r"right of 0 is better", r"\(3 sigma\)"),
    *(r"by more than 10 points", r"above 0 is better", r"every interval includes 0"),
    r"first scores from [A-Z][a-z]+ \d{4} to [A-Z][a-z]+ \d{4}",  # the periods, in months
    *(r"Thin lines and ranges are 95% intervals", r"Counts of 1 to 10 are not shown"),
    r"Counts below 5 are not shown, others are rounded to 5",
    # Worked out from what is shown, see below.
    *(r"the median is [+−]?[\d.]+ points", r"as chance does around \d+%"),
)


def left_over(text: str, program: Program) -> str:
    """What a text says without its marked numbers and without what is known to be no figure."""
    text = re.sub(f"{OPEN}[^{CLOSE}]*{CLOSE}", "", text)
    for pattern in OTHERS:
        text = re.sub(pattern, "", text)
    for word in constants(program):
        before = "" if word.startswith(" ") else r"(?<![\w.])"
        text = re.sub(rf"{before}{re.escape(word)}(?![\w.]\w)", "", text) if len(word) > 2 else text
    return "" if text in constants(program) else text


@pytest.mark.parametrize(("make", "policy"), PROGRAMS)
def test_every_number_printed_is_a_published_figure_or_none_of_patients(
    make: Callable[[str], Program], policy: str
) -> None:
    program = with_marked_rows(make(policy))
    known = set(written_page(blank(program)).texts)
    adjusted = {
        tight(
            f"{_words.percent(a, words.decimals)} ("
            f"{_words.percent(low, words.decimals).removesuffix(' %')} to "
            f"{_words.percent(high, words.decimals).removesuffix(' %')})"
        )
        for words in [Wording(program)]
        for sites in program.adjusted.values()
        for a, low, high in sites.values()
    }
    page = written_page(program)
    assert sum(text.count(OPEN) for text in page.texts) > 100
    unknown = [
        text
        for text in page.texts
        if text not in known and text not in adjusted and NUMBER.search(left_over(text, program))
    ]
    assert unknown == []


def test_a_number_that_the_page_works_out_itself_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those not followed, worked out from two figures: what this test is for."""
    program = with_marked_rows(small_of("cms"))

    def known(self: Any, name: str) -> str:
        row = self.program.row(name)
        return _words.count(None if row is None or row.numerator is None else row.numerator - 1)

    monkeypatch.setattr(Wording, "known", known)
    page, without = written_page(program), set(written_page(blank(program)).texts)
    assert any(text not in without and NUMBER.search(left_over(text, program)) for text in page.texts)


def test_what_is_worked_out_over_time_rests_on_shown_figures_only() -> None:
    program = example_of("cms")
    told = "\n".join(written_page(program).texts)
    shown = program.headline
    assert shown is not None

    def of(name: str) -> list[Figure]:
        rows = [
            program.row(f"{name}:{'.'.join(shown.key)}:{program.target}", period=p) for p in program.periods
        ]
        return [row for row in rows if row is not None and row.estimate is not None]

    middle = median(row.estimate or 0 for row in of("mean_improvement"))
    said = re.findall(r"the median is ([+−]?[\d.]+) points", told)
    assert all(one == _words.signed(middle) for one in said)
    centers = {
        round(100 * sum(row.numerator or 0 for row in rows) / sum(row.denominator or 0 for row in rows))
        for rows in (of(program.success[shown.key]), of("followup_completion"))
        if rows
    }
    assert {int(one) for one in re.findall(r"as chance does around (\d+)%", told)} <= centers


def test_means_are_drawn_no_finer_than_they_are_printed() -> None:
    """A place on a chart can be measured; a mean of whole numbers to enough digits tells how many they are."""
    means = [row for row in example_of("cms").rows.values() if row.unit == "points"]
    seen = [value for row in means for value in (row.estimate, row.lower, row.upper) if value is not None]
    assert len(seen) > 30
    assert all(Fraction(str(value)) * 10 % 1 == 0 for value in seen)
    inside = [row for row in example_of("none").rows.values() if row.unit == "points"]
    assert any(Fraction(str(row.estimate)) * 10 % 1 for row in inside if row.estimate is not None)


@pytest.mark.parametrize(("make", "policy"), [(example_of, "cms"), (small_of, "nhs")])
def test_only_published_figures_are_drawn(make: Callable[[str], Program], policy: str) -> None:
    program = make(policy)
    told: set[float] = {0.0}
    for row in program.rows.values():
        told |= {float(v) for name in (*COUNTS, *RATES) if (v := getattr(row, name)) is not None}
        if (part := share(row)) is not None:
            told.add(float(part))
    charts: list[list[dict[str, Any]]] = []
    written_page(program, charts)
    drawn = 0
    for rows in charts:
        curve = any("limit" in row or "at_n" in row for row in rows)  # limits of chance, places of names
        rest: dict[str, float] = {}
        for row in rows:
            for name, value in row.items():
                if isinstance(value, bool) or not isinstance(value, (int, float)) or curve:
                    continue
                if name in ("at", "run", "center"):  # places, and what is checked above
                    continue
                if name in ("lower", "upper") and "period" in row:  # limits of chance around the center
                    continue
                if row.get("band") == _charts.REST:
                    rest[row["line"]] = value
                    continue
                assert float(value) in told, (name, row)
                drawn += 1
        for line, value in rest.items():
            parts = [row["share"] for row in rows if row.get("line") == line]
            assert sum(parts) == pytest.approx(1)
            assert value <= 1
    assert drawn > 10


@pytest.mark.usefixtures("drawn")
def test_texts_inside_the_drawings_are_ticks_and_names() -> None:
    """Long names end in an ellipsis; what is no name is an axis, ruled in steps of 1, 2 or 5."""
    program = small_of("cms")
    charts: list[list[dict[str, Any]]] = []
    page = written_page(program, charts, draw=True)
    words = {tight(str(v)) for rows in charts for row in rows for v in row.values() if isinstance(v, str)}
    ticks = []
    for text in page.drawn:
        if not NUMBER.search(text) or any(word.startswith(text.rstrip("…")) for word in words):
            continue
        assert re.fullmatch(r"[−-]?\d+(\.\d)?%?", text), text
        ticks.append(text)
    assert len(ticks) > 10
    assert {float(text.rstrip("%").replace("−", "-")) % 0.5 for text in ticks} == {0}


def numbers_in(value: Any, where: str = "") -> Iterator[str]:
    """Where a program holds numbers."""
    if isinstance(value, bool) or value is None or isinstance(value, (str, Instrument, Scale)):
        return
    if isinstance(value, (int, float, Fraction)):
        yield where
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from numbers_in(key, where)
            yield from numbers_in(one, where)
    elif isinstance(value, (tuple, list, set, frozenset)):
        for one in value:
            yield from numbers_in(one, where)
    elif is_dataclass(value):
        for one in fields(value):
            yield from numbers_in(getattr(value, one.name), f"{where}.{one.name}")


def test_figures_reach_the_page_through_the_rows_only() -> None:
    """Beside them a program holds limits of the definitions, the level, months, and shares of sites given severity."""
    program = example_of("cms")
    held = set(numbers_in(replace(program, rows={})))
    assert held <= {".level", ".points", ".cutoffs", ".adjusted", ".months"}
    for key, sites in program.adjusted.items():
        for site in sites:
            assert program.row(f"{program.success[key]}:{'.'.join(key)}:{program.target}", site) is not None


@pytest.mark.parametrize(("make", "policy"), PROGRAMS)
def test_every_number_of_the_file_of_tables_is_a_published_figure(
    make: Callable[[str], Program], policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures stand in the columns of figures, each with its mark, and nowhere else."""
    monkeypatch.setattr(_tables, "rounded", written(_words.rounded))
    program = with_marked_rows(make(policy))
    rows = list(csv.DictReader(io.StringIO(_tables.as_csv(program))))
    figures = [key[0] for key in (*program.rows, *program.of_strata)]
    assert [row["indicator"] for row in rows] == figures
    kinds = {*COUNTS, *RATES, "numerator_low", "numerator_high"} & set(_tables.COLUMNS)
    seen = 0
    for row in rows:
        for name, cell in row.items():
            if name in kinds:
                seen += bool(cell)
                assert not cell or re.fullmatch(rf"-?{OPEN}[^{CLOSE}]*{CLOSE}", cell), (name, cell)
            else:
                assert OPEN not in cell, (name, cell)
    assert seen > 100


def test_the_file_of_tables_shows_no_hidden_figure() -> None:
    program = small_of("cms")
    for line in csv.DictReader(io.StringIO(_tables.as_csv(program))):
        row = program.rows[line["indicator"], line["group"], line["period"]]
        for name in ("eligible", "observed", "numerator", "denominator"):
            assert line[name] == ("" if getattr(row, name) is None else str(getattr(row, name)))
        assert (line["estimate"] == "") == (row.estimate is None)

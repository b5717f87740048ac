"""The first page of the report: what a director reads in a minute, in plain words, from published figures alone."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from report_cases import example, peg_report, peg_tables

from ipm_outcomes import instrument, instruments, report
from ipm_outcomes._drawing import style as looks


def first_page(text: str) -> list[str]:
    """The blocks of the page: a heading, a paragraph or a cell each."""
    found = re.search(r"<header>(.*?)</header>.*?(<section id=\"summary\".*?</section>)", text, re.DOTALL)
    assert found
    blocks = re.split(
        r"</?(?:p|h[1-6]|t[hdr]|div|section|table|caption|span|small)\b[^>]*>", found[1] + found[2]
    )
    return [plain for block in blocks if (plain := unescape(re.sub(r"<[^>]+>", "", block)).strip())]


def syllables(word: str) -> int:
    """Groups of vowels, without a silent e at the end: the usual count by rule."""
    word = re.sub(r"(?:[^laeiouy]es|[^td]ed|[^aeiouyl]e)$", lambda end: end[0][0], word.lower())
    return max(1, len(re.findall(r"[aeiouy]+", word)))


def grade(blocks: list[str]) -> float:
    """Flesch-Kincaid grade: 0.39 words per sentence + 11.8 syllables per word - 15.59 (Kincaid 1975)."""
    sentences = [s for block in blocks for s in re.split(r"(?<=[.!?:])\s+", block)]
    words = [re.findall(r"[A-Za-z][A-Za-z'-]*", sentence) for sentence in sentences]
    words = [found for found in words if found]
    flat = [word for found in words for word in found]
    return 0.39 * len(flat) / len(words) + 11.8 * sum(map(syllables, flat)) / len(flat) - 15.59


def without_names(blocks: list[str]) -> list[str]:
    names = {"ipm-outcomes"}
    for one in map(instrument, instruments()):
        names |= {one.title, *(scale.name for scale in one.scales), *(scale.title for scale in one.scales)}
    pattern = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return [re.sub(pattern, "", block) for block in blocks]


def test_the_grade_is_that_of_the_formula() -> None:
    """ "The cat sat." 3 words, 3 syllables: 0.39 * 3 + 11.8 - 15.59 = -2.62; "Interpretation matters.": 7 of 2."""
    assert grade(["The cat sat."]) == pytest.approx(-2.62)
    assert grade(["Interpretation matters."]) == pytest.approx(0.39 * 2 + 11.8 * 3.5 - 15.59)


@pytest.mark.parametrize("policy", ["cms", "nhs", "none"])
def test_the_page_is_written_in_plain_words(policy: str, tmp_path: Path) -> None:
    text = example(tmp_path / "r.html", policy, charts=False).read_text("utf-8")
    blocks = without_names(first_page(text))
    assert sum(len(block.split()) for block in blocks) > 200
    assert grade(blocks) <= 8
    # Whole sentences alone, without cells and headings, which are short.
    assert grade([block for block in blocks if block.endswith(".")]) <= 8


def test_no_words_of_the_trade(tmp_path: Path) -> None:
    text = example(tmp_path / "r.html", charts=False).read_text("utf-8")
    for word in ("sigma", "second color", "p-value", "significant"):
        assert word not in text


def rows(text: str) -> dict[str, list[str]]:
    table = re.search(r'<table class="five">.*?</table>', text, re.DOTALL)
    assert table
    found: dict[str, list[str]] = {}
    for row in table[0].split("<tr>")[1:]:
        cells = [
            re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", cell)).strip()
            for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
        ]
        found[cells[0].split(" PEG")[0]] = cells
    return found


def test_a_hidden_figure_is_shown_by_what_it_may_be(tmp_path: Path) -> None:
    """In the example few got clearly worse: 0 to 25 of 224 is what disclosure control puts out, 25 / 224 = 11 %."""
    text = example(tmp_path / "r.html", charts=False).read_text("utf-8")
    line = rows(text)["Clearly more pain"]
    assert line[1] == "0–11%"
    assert line[3] == "0 to 25 of 224 exact count withheld"
    assert '<line class="reach" x1="0.0%" x2="11.2%"' in text


def test_nothing_is_said_of_a_figure_of_which_nothing_follows(tmp_path: Path) -> None:
    line = rows(peg_report(tmp_path / "r.html", {"A": [(8, 4)] * 7 + [(8, 8)] * 53}).read_text("utf-8"))
    assert line["Clearly less pain"][1:] == ["not shown", "", "too few exact count withheld"]


def test_five_figures_and_their_order(tmp_path: Path) -> None:
    """Followed, the headline, what the definitions put on the page, the next by priority, who got worse."""
    names = list(rows(example(tmp_path / "r.html", charts=False).read_text("utf-8")))
    assert [re.sub(r" (Pain interference|PHQ-9|have a).*", "", name) for name in names] == [
        "Followed up",
        "Clearly less pain",
        "Clearly less trouble from pain in daily life",
        "Clearly less depression",
        "Clearly more pain",
    ]


def test_many_sites_are_drawn_and_those_beyond_chance_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """30 sites of 40: 20 of each get better at 28 of them, 35 at one and 5 at another."""
    sites = {f"Site {k:02d}": [(8, 4)] * 20 + [(8, 8)] * 20 for k in range(28)}
    sites |= {"Maple": [(8, 4)] * 36 + [(8, 8)] * 4, "Aspen": [(8, 4)] * 4 + [(8, 8)] * 36}
    drawn: list[Any] = []
    data = looks.data

    def watched(rows: Any) -> Any:
        drawn.append(list(rows))
        return data(drawn[-1])

    monkeypatch.setattr(looks, "data", watched)
    text = peg_report(tmp_path / "r.html", sites, policy="none").read_text("utf-8")
    told = " ".join(first_page(text))
    assert "Sites: some differ" in told
    assert "More than chance explains: Aspen and Maple." in told
    assert (
        "Site 07"
        not in text.split('<details id="appendix">')[0]
        .replace("Numbers of", "")
        .split('<section id="sites"')[0]
    )
    named = {row["site"] for rows_ in drawn for row in rows_ if "site" in row}
    assert {"Aspen", "Maple"} <= named
    assert len(named) <= 3  # with the largest, where those outside are few


def test_a_rise_is_called_one_only_beyond_chance(tmp_path: Path) -> None:
    """10 of 40 and 30 of 40: Newcombe's interval of the difference, .28 to .66, leaves 0 out. 20 and 22 do not."""

    def told(first: int, last: int) -> str:
        made: list[tuple[Any, str, str, int | None]] = []
        for at, (day, later, better) in enumerate(
            [
                ("2023-01-08", "2023-07-08", first),
                ("2023-04-08", "2023-10-08", 20),
                ("2023-07-08", "2024-01-08", last),
            ]
        ):
            for k in range(40):
                made += [(at * 40 + k, day, "A", 8), (at * 40 + k, later, "A", 4 if k < better else 8)]
        return " ".join(
            first_page(
                report.html(*peg_tables(made), tmp_path / "r.html", as_of="2025-12-31").read_text("utf-8")
            )
        )

    assert "Over time: a rise" in told(12, 28)
    assert "Over time: a fall" in told(28, 12)
    assert "Over time: no clear change" in told(18, 22)


def test_who_made_it_and_when(tmp_path: Path) -> None:
    text = peg_report(tmp_path / "r.html", {"A": [(8, 4)] * 30}, made_by="Quality office <x>").read_text(
        "utf-8"
    )
    told = " ".join(first_page(text))
    assert re.search(r"Made with ipm-outcomes \S+ on [A-Z][a-z]+ \d+, \d{4} by Quality office <x>\.", told)
    assert "30 patients, first scores from January 2024 to January 2024." in told

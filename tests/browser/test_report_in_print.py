"""The report on paper: pages and words, the first page alone on its sheet, no cell cut, in Letter and in A4.

Chromium is looked for as in `test_report_in_chromium`; the text of a PDF is read by poppler's pdftotext.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from battery_cases import everything, records
from report_cases import example, one_patient, patient_of_three, patient_page, peg_report

import ipm_outcomes as ipm
from ipm_outcomes import change, frames, program, report

BROWSER = (
    os.environ.get("IPM_OUTCOMES_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
)
READER = shutil.which("pdftotext")
PAPERS = {"letter": (612, 792), "A4": (595, 842)}
"""Width and height in points."""
_MARGIN = 36  # half an inch
pytestmark = [
    pytest.mark.skipif(
        not BROWSER, reason="no Chromium: install it or set IPM_OUTCOMES_CHROMIUM to its executable"
    ),
    pytest.mark.skipif(not READER, reason="no pdftotext: install poppler-utils"),
    pytest.mark.xdist_group("browser"),
]


def printed(page: Path, paper: str, folder: Path) -> list[list[tuple[float, float, str]]]:
    """The words of each sheet, each with its left and right end."""
    assert BROWSER
    assert READER
    copy, pdf, boxes = folder / "copy.html", folder / "copy.pdf", folder / "boxes.html"
    text = page.read_text(encoding="utf-8")
    assert "@page{" in text
    copy.write_text(text.replace("@page{", f"@page{{size:{paper};", 1), encoding="utf-8")
    switches = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-pdf-header-footer",
    )
    subprocess.run(
        [BROWSER, *switches, f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={pdf}", copy.as_uri()],
        capture_output=True,
        timeout=120,
        check=True,
    )
    subprocess.run([READER, "-bbox", str(pdf), str(boxes)], check=True, timeout=60)
    sheets = re.split(r"<page ", boxes.read_text(encoding="utf-8"))[1:]
    width, height = PAPERS[paper]
    word = re.compile(r'<word xMin="([\d.-]+)"[^>]*xMax="([\d.-]+)"[^>]*>(.*?)</word>')
    for sheet in sheets:
        size = re.match(r'width="([\d.]+)" height="([\d.]+)"', sheet)
        assert size
        assert (round(float(size[1])), round(float(size[2]))) == pytest.approx((width, height), abs=1)
    return [[(float(a), float(b), text) for a, b, text in word.findall(sheet)] for sheet in sheets]


class Cells(HTMLParser):
    """The words of all cells and paragraphs that are printed, those that only a screen reader reads left out."""

    SILENT = ("details", "nav", "footer", "style", "svg", "title", "caption")

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.silent = 0
        self.inside = 0
        self.words: Counter[str] = Counter()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in self.SILENT
        self.inside += tag in ("td", "th", "p", "h1")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in self.SILENT
        self.inside -= tag in ("td", "th", "p", "h1")

    def handle_data(self, data: str) -> None:
        if self.inside and not self.silent:
            self.words.update(re.findall(r"\w+", data))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return example(tmp_path_factory.mktemp("print") / "report.html")


@pytest.mark.parametrize("paper", PAPERS)
def test_the_example_on_paper(paper: str, page: Path, tmp_path: Path) -> None:
    sheets = printed(page, paper, tmp_path)
    words = [[text for *_, text in sheet] for sheet in sheets]
    assert len(sheets) <= 8
    assert sum(map(len, words)) <= 3000
    first = " ".join(words[0])
    assert "38% of those followed have clearly less pain" in first
    assert "Read with care." in first
    assert "Made with ipm-outcomes" in first
    assert " ".join(words[1]).startswith("Who is counted")
    for sheet in sheets:
        assert sheet
        assert min(left for left, *_ in sheet) >= _MARGIN - 1
        assert max(right for _, right, _ in sheet) <= PAPERS[paper][0] - _MARGIN + 1
    found = Counter(
        part for sheet in words for word in sheet for part in re.findall(r"\w+", word.replace("&amp;", "&"))
    )
    needed = Cells(page.read_text(encoding="utf-8")).words
    assert sum(needed.values()) > 800
    # A word that is broken at the end of a line counts as found where its halves do.
    missing = {word: n - found[word] for word, n in needed.items() if n > found[word]}
    assert missing == {}


@pytest.mark.parametrize("paper", PAPERS)
def test_one_patient_is_half_a_page(paper: str, tmp_path: Path) -> None:
    [sheet] = printed(one_patient(tmp_path / "one.html"), paper, tmp_path)
    assert " ".join(text for *_, text in sheet).startswith("Program report")
    assert len(sheet) < 120


def test_thirty_sites_keep_page_1_on_its_sheet(tmp_path: Path) -> None:
    sites = {f"Site of the valley {k:02d}": [(8, 4)] * 20 + [(8, 8)] * 20 for k in range(28)}
    sites |= {"Maple": [(8, 4)] * 28 + [(8, 8)] * 12, "Aspen": [(8, 4)] * 12 + [(8, 8)] * 28}
    sheets = printed(peg_report(tmp_path / "r.html", sites), "letter", tmp_path)
    first = " ".join(text for *_, text in sheets[0])
    assert "Aspen and Maple" in first
    assert "Made with ipm-outcomes" in first
    assert len(sheets) <= 6


def test_a_program_that_uses_all_of_table_3_is_thirteen_pages(tmp_path: Path) -> None:
    """Every questionnaire in every edition, three sites, and all records."""
    answers = everything(240, sites=("Aspen", "Birch", "Cedar"), spread=120)
    scores = frames.tidy(answers, list(ipm.instruments()), by=["patient_id", "date", "site"])
    changes = change.table(scores, by=["site"], as_of="2025-12-31")
    found = program.table(changes, by=["site"], scores=scores, totals=True)
    page = tmp_path / "all.html"
    report.html(scores, changes, found, page, as_of="2025-12-31", records=records())
    for paper in PAPERS:
        sheets = printed(page, paper, tmp_path)
        assert len(sheets) <= 13
        for sheet in sheets:
            assert min(left for left, *_ in sheet) >= _MARGIN - 1
            assert max(right for _, right, _ in sheet) <= PAPERS[paper][0] - _MARGIN + 1
        assert "Made with ipm-outcomes" in " ".join(text for *_, text in sheets[0])


@pytest.fixture(scope="module", params=[patient_page, patient_of_three])
def patients_page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return request.param(tmp_path_factory.mktemp("patient") / "page.html")


@pytest.mark.parametrize("paper", PAPERS)
def test_the_page_of_a_patient_is_one_sheet(patients_page: Path, paper: str, tmp_path: Path) -> None:
    page = patients_page
    [sheet] = printed(page, paper, tmp_path)
    assert min(left for left, *_ in sheet) >= _MARGIN - 1
    assert max(right for _, right, _ in sheet) <= PAPERS[paper][0] - _MARGIN + 1
    found = Counter(part for *_, word in sheet for part in re.findall(r"\w+", word.replace("&amp;", "&")))
    needed = Cells(page.read_text(encoding="utf-8")).words
    assert sum(needed.values()) > 150
    assert {word: n - found[word] for word, n in needed.items() if n > found[word]} == {}
    words = " ".join(word for *_, word in sheet)
    assert words.index("ITEM 9 STILL POSITIVE") < words.index("PEG 9.3 to 8.3: no reliable change")
    assert words.index("Missing or withheld") < words.index("Made with")

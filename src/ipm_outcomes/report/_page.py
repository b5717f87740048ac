"""The parts of an HTML page: tables, figures, sections, the style sheet. Whatever goes in as text is escaped here."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from ipm_outcomes.report import _charts
from ipm_outcomes.report._words import safe, withheld

if TYPE_CHECKING:
    from ipm_outcomes.report._wording import Wording

Cells = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Section:
    """A section of the page: its id and title, what writes it, and whether it begins a page on paper."""

    id: str
    title: str
    write: Callable[[Page, Wording], Any]
    own_page: bool = True


@dataclass
class Page:
    """Collects the body of the page; numbers its charts and tables, so that each id stands once."""

    charts: int = 0
    tables: int = 0
    parts: list[str] = field(default_factory=list)

    def add(self, *parts: str) -> None:
        """Append HTML."""
        self.parts += [part for part in parts if part]

    def open(self, name: str, title: str, page: bool = True) -> None:
        """Begin a section."""
        kind = ' class="page"' if page else ""
        self.add(
            f'<section id="{name}" aria-labelledby="{name}-title"{kind}>',
            f'<h2 id="{name}-title">{safe(title)}</h2>',
        )

    def close(self) -> None:
        """End the section."""
        self.add("</section>")

    def table(self, caption: str, head: Sequence[str], rows: Cells, note: str = "") -> str:
        """A table whose first column names the row; it scrolls in a box of its own where it is too wide."""
        if not rows:
            return ""
        self.tables += 1
        columns = list(zip(*rows, strict=True))
        number = [at > 0 and _of_numbers(column) for at, column in enumerate(columns)]
        body = "".join(
            "<tr>"
            + f'<th scope="row">{safe(row[0])}</th>'
            + "".join(
                f"<td{_class(n, cell)}>{safe(cell)}</td>" for n, cell in zip(number[1:], row[1:], strict=True)
            )
            + "</tr>"
            for row in rows
        )
        top = "".join(
            f'<th scope="col"{_class(n)}>{safe(cell)}</th>' for n, cell in zip(number, head, strict=True)
        )
        told = f'<p class="note">{safe(note)}</p>' if note else ""
        return (
            f'<div class="scroll" tabindex="0" role="group" aria-labelledby="table-{self.tables}">'
            f'<table><caption id="table-{self.tables}">{safe(caption)}</caption>'
            f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>{told}"
        )

    def chart(
        self, drawing: Any, title: str, message: str, head: Sequence[str], rows: Cells, note: str = ""
    ) -> str:
        """A chart with its message, and the same numbers as a table under it."""
        self.charts += 1
        image = _charts.svg(drawing, self.charts, message)
        table = self.table(f"Numbers of the chart: {title}", head, rows, note)
        return (
            f'<figure class="chart"><figcaption><h3>{safe(title)}</h3><p>{safe(message)}</p></figcaption>{image}'
            f'<details><summary>Show the numbers<span class="off"> of the chart: {safe(title)}</span></summary>'
            f"{table}</details></figure>"
        )


def _of_numbers(cells: Sequence[str]) -> bool:
    """Whether a column is one of numbers: all that has something to say begins with a figure."""
    told = [cell for cell in cells if not withheld(cell)]
    return all(re.match(r"[+−]?\d", cell) for cell in told)


def _class(number: bool, cell: str = "") -> str:
    words = ["n"] * number + ["none"] * withheld(cell)
    return f' class="{" ".join(words)}"' if words else ""


def topic(title: str, *parts: str) -> str:
    """A part of a section that is folded away; on paper it is open."""
    inside = "".join(part for part in parts if part)
    return f'<details class="topic"><summary><h3>{safe(title)}</h3></summary>{inside}</details>'


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain text."""
    return f'<p class="{kind}">{safe(text)}</p>' if kind else f"<p>{safe(text)}</p>"


def items(texts: Sequence[str]) -> str:
    """A list."""
    return f"<ul>{''.join(f'<li>{safe(text)}</li>' for text in texts)}</ul>" if texts else ""


def numbered(texts: Sequence[str], *, letters: bool = False) -> str:
    """A list whose lines have numbers, or letters, to refer to."""
    kind = ' type="A"' if letters else ""
    return f"<ol{kind}>{''.join(f'<li>{safe(text)}</li>' for text in texts)}</ol>"


def cards(found: Sequence[tuple[str, str, str]]) -> str:
    """Key figures: name, figure, explanation."""
    inside = "".join(
        f"<div><dt>{safe(name)}</dt><dd><strong>{safe(figure)}</strong><span>{safe(told)}</span></dd></div>"
        for name, figure, told in found
    )
    return f'<dl class="cards">{inside}</dl>'


def document(title: str, subtitle: str, sections: Sequence[tuple[str, str]], body: str, foot: str) -> str:
    """The whole file."""
    links = "".join(f'<li><a href="#{name}">{safe(words)}</a></li>' for name, words in sections)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Nothing may be fetched or run, whatever the data hold.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{safe(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#main">Skip to the report</a>\n'
        f"<header><h1>{safe(title)}</h1>{paragraph(subtitle)}</header>\n"
        f'<nav aria-label="Contents"><ul>{links}</ul></nav>\n<main id="main" tabindex="-1">\n{body}\n</main>\n'
        f"<footer>{paragraph(foot)}</footer>\n</body>\n</html>\n"
    )


_STYLE = """
:root{color-scheme:light dark;--bg:#fff;--panel:#f4f6f8;--ink:#1b2530;--muted:#53606d;--grid:#dde3e9;--rule:#c3ccd5;
--link:#0b5394;--before:#8a97a5;--after:#1f6fb2;--good:#1f6fb2;--bad:#b3471d;--line:#6b4fa0;
--band1:#d6e6f2;--band2:#a3c6e2;--band3:#659dcb;--band4:#2f70aa;--band5:#16426f;--band6:#0a2540}
@media (prefers-color-scheme:dark){:root{--bg:#12181f;--panel:#1b242d;--ink:#e8edf2;--muted:#a9b5c1;--grid:#33404c;
--rule:#46545f;--link:#8cc4f5;--before:#7d8b99;--after:#5aa9e6;--good:#5aa9e6;--bad:#f08f62;--line:#bda5ee;
--band1:#24415c;--band2:#35648f;--band3:#4e8dc4;--band4:#86b9e2;--band5:#c8e0f4;--band6:#eef6fc}}
*{box-sizing:border-box}
html{font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;scroll-behavior:smooth;
-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:70rem;padding:0 1rem 3rem;background:var(--bg);color:var(--ink);overflow-wrap:break-word}
h1{font-size:1.9rem;line-height:1.2;margin:2rem 0 .3rem}
h2{font-size:1.45rem;line-height:1.25;margin:3rem 0 .6rem;padding-top:1rem;border-top:2px solid var(--rule)}
h3{font-size:1.12rem;margin:1.8rem 0 .4rem}
.chart h3{font-size:1rem;margin:0 0 .2rem}
p{margin:.4rem 0 .8rem;max-width:46rem}
header p,.note,footer,figcaption p,caption{color:var(--muted)}
.note,figcaption p,footer{font-size:.9rem}
a{color:var(--link)}
.skip{position:absolute;left:-99rem;background:var(--bg);padding:.5rem 1rem}
.skip:focus{left:1rem;top:.5rem;z-index:2}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
main:focus{outline:none}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;margin:1rem 0 0;padding:0}
nav a{display:inline-block;padding:.2rem 0}
#answer h2{border:0;margin-top:1rem;padding-top:0}
.answer{font-size:1.2rem;line-height:1.6;background:var(--panel);border-left:5px solid var(--after);padding:1rem 1.2rem;
max-width:none;border-radius:0 .4rem .4rem 0}
.warn{border-left:5px solid var(--bad);background:var(--panel);padding:.7rem 1rem;border-radius:0 .4rem .4rem 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:.8rem;margin:1.2rem 0}
.cards div{background:var(--panel);border-radius:.5rem;padding:.8rem 1rem}
.cards dt{color:var(--muted);font-size:.9rem}
.cards dd{margin:0}
.cards strong{display:block;font-size:1.7rem;line-height:1.3;font-variant-numeric:tabular-nums}
.cards span{font-size:.88rem;color:var(--muted)}
.flow{list-style:none;margin:1rem 0;padding:0;max-width:46rem}
.flow>li{background:var(--panel);border-radius:.4rem;padding:.6rem 1rem;margin:0 0 .4rem}
.flow>li strong{font-variant-numeric:tabular-nums;font-size:1.15rem}
.flow>li.out{background:none;border-left:3px solid var(--rule);border-radius:0;margin-left:1.5rem;color:var(--muted);
padding:.2rem 1rem}
.flow ul{margin:.1rem 0;padding-left:1.1rem}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(27rem,100%),1fr));gap:1.4rem;align-items:start;
margin:1rem 0}
.chart{margin:0;min-width:0;border:1px solid var(--grid);border-radius:.5rem;padding:.9rem 1rem}
.chart svg{display:block;width:100%;height:auto;margin:.6rem auto;overflow:visible}
.chart svg text{font-family:inherit}
summary{cursor:pointer;color:var(--link);font-size:.9rem;padding:.25rem 0}
.topic{border-bottom:1px solid var(--grid)}
.topic>summary{font-size:1rem;padding:.5rem 0}
.topic h3{display:inline;margin:0}
.off{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.scroll{overflow-x:auto;margin:.6rem 0 1rem;position:relative}
table{border-collapse:collapse;font-size:.92rem;font-variant-numeric:tabular-nums;min-width:min(100%,24rem)}
caption{text-align:left;font-size:.9rem;padding:.2rem 0 .4rem}
th,td{padding:.35rem .7rem;border-bottom:1px solid var(--grid);text-align:left;vertical-align:top}
thead th{border-bottom:2px solid var(--rule);font-weight:600;vertical-align:bottom}
tbody th{font-weight:400;min-width:8rem}
.n{text-align:right;white-space:nowrap}
thead .n{white-space:normal}
.none{color:var(--muted);font-style:italic}
footer{margin-top:3rem;border-top:2px solid var(--rule);padding-top:1rem}
@media (max-width:40rem){h1{font-size:1.5rem}.answer{font-size:1.08rem;padding:.8rem 1rem}.chart{padding:.7rem .6rem}
th,td{padding:.3rem .5rem}tbody th,thead th:first-child{min-width:11rem}
.cards{grid-template-columns:1fr 1fr}.cards strong{font-size:1.35rem}}
@media print{:root{--bg:#fff;--panel:#f4f6f8;--ink:#000;--muted:#444;--grid:#ccc;--rule:#888;
--link:#000;--before:#8a97a5;--after:#1f6fb2;--good:#1f6fb2;--bad:#b3471d;--line:#6b4fa0;--band1:#d6e6f2;--band2:#a3c6e2;--band3:#659dcb;
--band4:#2f70aa;--band5:#16426f;--band6:#0a2540}
html{font-size:10.5pt}body{max-width:none;padding:0}nav,.skip,summary{display:none}
section.page{break-before:page}h2,h3{break-after:avoid}.chart,.cards div,tr{break-inside:avoid}
.scroll{overflow:visible}.topic>summary{display:block;list-style:none}details::details-content{content-visibility:visible;display:block;height:auto}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""

__all__ = ["Page", "cards", "document", "escape", "items", "numbered", "paragraph", "topic"]

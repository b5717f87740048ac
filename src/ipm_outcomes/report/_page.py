"""The page: sections filled into their templates, charts and tables numbered so that each id appears once.

Sentences and markup are in the folder ``templates``. Whatever is put into them is escaped, and loses its control
characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ipm_outcomes.errors import DefinitionError, printable
from ipm_outcomes.report import _charts
from ipm_outcomes.report._claims import inside
from ipm_outcomes.report._program import Program, share
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report._words import count, listed, percent, plural, rounded, signed, were, withheld

_BLOCKS = r"p|h[1-6]|div|section|ul|ol|li|dl|dt|dd|table|caption|thead|tbody|tr|th|td|figure|figcaption|details|summary"


@dataclass(frozen=True)
class Section:
    """A section of the page: its id, what its template is filled with, and whether it belongs to the appendix.

    The template is ``templates/NAME.html.j2``; it sets ``title``.
    """

    id: str
    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    appendix: bool = False


def environment() -> Any:
    """What fills the templates: all that is put into one is escaped, and loses its control characters."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("ipm_outcomes.report"),
        bytecode_cache=_compiled(),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_without_control_characters,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _compiled() -> Any:
    """Templates as they were compiled for an earlier page, by their names and what is in them."""
    import jinja2

    known: dict[tuple[str, str], Any] = {}

    class Compiled(jinja2.BytecodeCache):
        def load_bytecode(self, bucket: Any) -> None:
            bucket.code = known.get((bucket.key, bucket.checksum))

        def dump_bytecode(self, bucket: Any) -> None:
            known[bucket.key, bucket.checksum] = bucket.code

    return Compiled()


class Page:
    """Fills the templates of one page."""

    def __init__(self, words: Wording) -> None:
        self.charts = self.tables = 0
        self.words = words
        self.program: Program = words.program
        self.templates = environment()
        self.templates.filters |= {name: _of_page(filter) for name, filter in _filters(words).items()}
        self.templates.tests["withheld"] = withheld
        program = words.program
        self.templates.globals |= {
            "page": self,
            "people": words.people,
            "target": program.target,
            "level": f"{100 * program.level:g}",
        }

    def write(self, title: str, sections: Iterable[Section]) -> str:
        """The whole file."""
        filled = [(section, self._filled(section)) for section in sections]
        words, program = self.words, self.program
        n = len(program.groups) + max(0, len(program.other_sites) - 1)
        data = "" if program.as_of is None else f"data up to {words.day(program.as_of)}"
        if data and not program.as_of_given:
            data += ", the day of the last score (no as-of date was given)"
        template = self.templates.get_template("page.html.j2")
        page: str = template.render(
            title=title,
            sections=filled,
            appendix=any(section.appendix for section, _ in filled),
            sites=f"{n} sites" if n > 1 else "",
            data=data,
            made=words.made,
        )
        return re.sub(r"(\S) %(?![\w}])", r"\1%", page)

    def _filled(self, section: Section) -> dict[str, Any]:
        import jinja2

        name = f"{section.template}.html.j2"
        try:
            module: Any = self.templates.get_template(name).make_module(dict(section.values))
        except jinja2.TemplateSyntaxError as error:
            message = f"report/templates/{error.name}, line {error.lineno}: {error.message}"
            raise DefinitionError(message) from None
        except jinja2.TemplateError as error:
            raise DefinitionError(f"report/templates/{name}: {error.message}") from None
        return {"title": _joined(module.title), "body": _joined(str(module))}

    def draw(self, drawing: Any, message: Any) -> str:
        """A chart as a picture in the page, with its message as the text alternative."""
        self.charts += 1
        return _charts.svg(drawing, self.charts, _joined(message.unescape()))

    def number(self) -> int:
        """The number of a table."""
        self.tables += 1
        return self.tables

    @staticmethod
    def of_numbers(rows: Sequence[Sequence[str]]) -> list[bool]:
        """Which columns behind the first are numbers: all that has something to say begins with a figure."""
        return [
            place > 0 and all(re.match(r"[+−]?\d", cell) for cell in column if not withheld(cell))
            for place, column in enumerate(zip(*rows, strict=True))
        ]


def _filters(words: Wording) -> dict[str, Callable[..., Any]]:
    """What templates write figures with; names of `_words` and `Wording`."""

    def shares_between(row: Any, decimals: int | None = None) -> str:
        return words.interval(row, lambda v: words.percent(v, decimals).removesuffix(" %"))

    def signed_between(row: Any, decimals: int = 1) -> str:
        return words.interval(row, lambda v: signed(v, decimals))

    return {
        "abs": abs,
        "about": words.about,
        "cell": words.cell,
        "count": count,
        "figure": words.plain_figure,
        "inside": inside,
        "place": lambda value: percent(value, 1).replace(" ", ""),
        "possible": words.possible,
        "reach": words.reach,
        "listed": listed,
        "number": words.number,
        "percent": words.percent,
        "plural": plural,
        "rate": words.rate,
        "rounded": lambda value, decimals=1: rounded(value, decimals),
        "share": share,
        "shares_between": shares_between,
        "short": words.short,
        "signed": signed,
        "signed_between": signed_between,
        "singular": words.singular,
        "success": words.success,
        "were": were,
    }


def _of_page(filter: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that is never applied while a template is compiled: what is compiled is kept for other pages."""
    import jinja2

    return jinja2.pass_context(lambda _, *given: filter(*given))


def _without_control_characters(value: Any) -> Any:
    return value if hasattr(value, "__html__") else printable(str(value))


def _joined(text: str) -> str:
    """Text without the line breaks and indents of its template."""
    return re.sub(rf"\s*(</?(?:{_BLOCKS})\b[^>]*>)\s*", r"\1", re.sub(r"\s+", " ", text)).strip()

"""How results look in a notebook and on a terminal: one card for each, as HTML, for rich, and as text.

The colors are those of the page (``currentColor``), so that a card can be read in light and dark; there is no script.
A card is made from what the object itself holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

_LINE = "border-top:1px solid color-mix(in srgb,currentColor 18%,transparent)"
_CELL = f"padding:3px 12px 3px 0;text-align:left;vertical-align:top;background:none;font-weight:400;{_LINE}"
_STYLE = (
    "<style>.ipm{font:13px/1.45 system-ui,sans-serif;color:inherit}"
    ".ipm table{color:inherit;border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums;margin:0}"
    f".ipm th,.ipm td{{{_CELL}}}.ipm thead th{{border-top:0;font-size:12px}}"
    ".ipm td.r{text-align:right}.ipm p{margin:4px 0}.ipm .g{border-left:1px solid;padding-left:10px}"
    ".ipm .f{border-left:4px solid;padding:4px 10px;font-weight:600}</style>"
)


@dataclass(frozen=True)
class Card:
    """A result in short: a title, what comes before all else, a table, and a foot.

    ``groups`` are heads over neighboring columns: each a name with the number of columns below it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    first: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    foot: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    groups: tuple[tuple[str, int], ...] = ()
    numbers: frozenset[str] = frozenset()

    def _repr_html_(self) -> str:
        starts = set()
        column = 0
        for _, size in self.groups:
            starts.add(column)
            column += size
        starts.discard(0)
        heads = ""
        if self.groups:
            cells = (
                f'<th colspan="{size}"{" class=g" if n else ""}><b>{escape(name)}</b></th>'
                for n, (name, size) in enumerate(self.groups)
            )
            heads = f"<tr>{''.join(cells)}</tr>"

        def marks(n: int, body: bool) -> str:
            names = ["g"] * (n in starts) + ["r"] * (body and self.columns[n] in self.numbers)
            return f' class="{" ".join(names)}"' if names else ""

        heads += f"<tr>{''.join(f'<th{marks(n, False)}>{escape(c)}</th>' for n, c in enumerate(self.columns))}</tr>"
        body = "".join(
            f"<tr>{''.join(f'<td{marks(n, True)}>{escape(cell)}</td>' for n, cell in enumerate(row))}</tr>"
            for row in self.rows
        )
        table = f"<table><thead>{heads}</thead><tbody>{body}</tbody></table>" if self.rows else ""
        more = ""
        if self.more:
            names = escape(", ".join(self.more))
            more = f"<details><summary>{len(self.more)} more columns</summary>{names}</details>"
        return (
            f'{_STYLE}<div class="ipm">{"".join(f"<p class=f>{escape(line)}</p>" for line in self.first)}'
            f"<p><b>{escape(self.title)}</b></p>{''.join(f'<p>{escape(line)}</p>' for line in self.lines)}{table}"
            f"{''.join(f'<p>{escape(line)}</p>' for line in self.foot)}{more}</div>"
        )

    def __rich__(self) -> Any:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False)
        for column in self.columns:
            table.add_column(Text(column), justify="right" if column in self.numbers else "left")
        for row in self.rows:
            table.add_row(*map(Text, row))
        before = [*(Text(line, style="bold") for line in (*self.first, self.title)), *map(Text, self.lines)]
        return Group(*before, *([table] if self.rows else []), *map(Text, self.foot))

    def __repr__(self) -> str:
        widths = [max(map(len, cells)) for cells in zip(self.columns, *self.rows, strict=True)]
        lines = [
            "  ".join(
                cell.rjust(width) if column in self.numbers else cell.ljust(width)
                for cell, column, width in zip(row, self.columns, widths, strict=True)
            ).rstrip()
            for row in (self.columns, *self.rows)
        ]
        more = [f"{len(self.more)} more columns: {', '.join(self.more)}"] if self.more else []
        return "\n".join(
            [*self.first, self.title, *self.lines, *(lines if self.rows else []), *self.foot, *more]
        )


def cell(value: object, digits: int = 1) -> str:
    """A value as a card shows it; what is not there is a dot."""
    if value is None or value != value:
        return "·"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        text = f"{value:.{digits}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)


def of_scores(scores: Any) -> Card:
    """The scores of one response, flags first."""
    rows = []
    for name, result in scores.scales():
        se = getattr(result, "se", None)
        error = f" ± {cell(1.959964 * se)}" if se is not None else ""
        note = result.absent.sentence if result.absent is not None else ""
        if result.value is not None and result.answered < result.items:
            note = "estimated"
        value = "no score" if result.value is None else f"{cell(result.value, 2)}{error}"
        rows.append(
            (name, value, getattr(result, "band", None) or "", f"{result.answered} of {result.items}", note)
        )
    came = scores.provenance
    return Card(
        type(scores).__name__,
        ("scale", "score", "band", "answered", ""),
        tuple(rows),
        first=tuple(flag.sentence for flag in scores.flags),
        foot=(
            f"edition {came.edition}, missing rule {came.missing}, definition {came.digest[:8]}, "
            f"ipm_outcomes {came.library}",
        ),
        numbers=frozenset({"score"}),
    )


def of_changes(changes: Any) -> Card:
    """The changes of one patient, flags first, one verdict a scale."""
    rows = []
    for name, change in changes.scales():
        verdict = getattr(change, "verdict", None) or ""
        bands = [getattr(change, f"band_{when}", None) for when in ("before", "after")]
        moved = " to ".join(dict.fromkeys(band for band in bands if band))
        rows.append((name, cell(change.before, 2), cell(change.after, 2), moved, verdict))
    return Card(
        type(changes).__name__,
        ("scale", "before", "after", "band", "verdict"),
        tuple(rows),
        first=tuple(flag.sentence for flag in changes.flags),
        numbers=frozenset({"before", "after"}),
    )


def of_instrument(inst: Any) -> Card:
    """A definition: what it is of, its scales and its items."""
    rows = []
    for scale in inst.scales:
        ends = "" if scale.range is None else " to ".join(f"{end:g}" for end in map(float, scale.range))
        worse = {"higher": "higher is worse", "lower": "higher is better"}.get(
            scale.worse or "", "a category"
        )
        bands = ", ".join(band.label for band in scale.bands.of) if scale.bands else ""
        rows.append((scale.id, scale.title, ends, worse, bands))
    items: Sequence[Any] = inst.items
    return Card(
        f"{inst.title} ({inst.id}, edition {inst.edition})",
        ("scale", "title", "range", "direction", "bands"),
        tuple(rows),
        lines=(f"{len(items)} items. License: {inst.license.status}. Sources: {len(inst.sources)}.",),
        foot=(f"Items: {', '.join(item.id for item in items)}.", f"Definition {inst.digest[:8]}."),
    )

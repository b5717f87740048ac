"""Titles and tables as plain text and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ipm_outcomes.errors import printable

Cells = list[list[str]]
"""Rows of cells; the first row is the header."""


@dataclass(frozen=True)
class Layout:
    """How a document is written: titles by depth, tables, and text that comes from data."""

    title: Callable[[str, int], str]
    table: Callable[[Cells], str]
    escape: Callable[[str], str]


def markdown_escaped(text: str) -> str:
    """Text in which nothing is markup."""
    # An underscore within a word is no markup, and item names are full of them.
    return re.sub(r"([\\`*{}\[\]<>|#~&]|(?<!\w)_|_(?!\w))", r"\\\1", printable(text))


def plain_title(text: str, depth: int) -> str:
    """A title with a line under it."""
    return f"{text}\n{('=' if depth == 1 else '-') * len(text)}"


def plain_table(rows: Cells) -> str:
    """Columns of equal width; whole columns of numbers are aligned right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    right = [all(_numeric(row[column]) for row in rows[1:]) for column in range(len(widths))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in rows
    )


def pipe_table(rows: Cells) -> str:
    """A table of Markdown."""
    right = [all(_numeric(row[column]) for row in rows[1:]) for column in range(len(rows[0]))]
    ruler = ["---:" if to_right else "---" for to_right in right]
    return "\n".join(f"| {' | '.join(row)} |" for row in [rows[0], ruler, *rows[1:]])


def _numeric(cell: str) -> bool:
    return bool(re.fullmatch(r"(|-|[+-]?\d+(\.\d+)?( of \d+)?( \(\d+ %\))?|[+-][\d.]+ to [+-][\d.]+)", cell))


PLAIN = Layout(plain_title, plain_table, printable)
MARKDOWN = Layout(lambda text, depth: f"{'#' * depth} {text}", pipe_table, markdown_escaped)

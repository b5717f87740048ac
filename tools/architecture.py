"""Draw which part of the package imports which: `python tools/architecture.py` writes `docs/architecture.svg`.

With `--check` the picture is only compared with the imports. A part is a module or a folder of `src/ipm_outcomes`; it
stands above everything that it imports, and a line is drawn only where no other lines lead the same way.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "ipm_outcomes"
PICTURE = ROOT / "docs" / "architecture.svg"

WIDTH, ROW, BOX, HEIGHT, MARGIN = 960, 84, 112, 32, 24


@cache
def imports() -> dict[str, set[str]]:
    """The parts of the package, each with those that it imports, anywhere in it."""
    parts: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        part = "ipm_outcomes" if first == "__init__" else first
        parts.setdefault(part, set()).update(_named(ast.parse(path.read_text(encoding="utf-8"))))
    return {part: {other for other in others if other in parts} - {part} for part, others in parts.items()}


def _named(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE.name:
            parts = str(node.module).split(".")
            yield from parts[1:2] or [alias.name for alias in node.names]


def floors(graph: dict[str, set[str]]) -> dict[str, int]:
    """How many parts lie below each, one above the other."""
    found: dict[str, int] = {}
    for part in TopologicalSorter(graph).static_order():
        found[part] = max((found[other] + 1 for other in graph[part]), default=0)
    return found


def reached(graph: dict[str, set[str]], part: str) -> set[str]:
    """Everything that a part imports, directly or through others."""
    return graph[part].union(*(reached(graph, other) for other in graph[part]))


def draw() -> str:
    """The picture."""
    graph = imports()
    floor = floors(graph)
    rows = [sorted(part for part in graph if floor[part] == n) for n in range(max(floor.values()) + 1)]
    height = len(rows) * ROW + MARGIN
    middle: dict[str, tuple[float, float]] = {}
    for n, row in enumerate(rows):
        row.sort(key=lambda part: (_pull(graph[part], middle), part))
        for place, part in enumerate(row):
            middle[part] = (WIDTH * (place + 0.5) / len(row), height - ROW * (n + 0.5))
    about = "; ".join(f"{part}: {', '.join(sorted(graph[part])) or 'nothing'}" for part in sorted(graph))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'aria-labelledby="title about" font-family="sans-serif" font-size="13">',
        '<title id="title">Parts of the package; each imports only what lies below it</title>',
        f'<desc id="about">{escape(about)}</desc>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for part in sorted(graph):
        direct = graph[part] - set().union(*(reached(graph, other) for other in graph[part]))
        for other in sorted(direct):
            (x, y), (x2, y2) = middle[part], middle[other]
            lines.append(
                f'<line x1="{x:g}" y1="{y + HEIGHT / 2:g}" x2="{x2:g}" y2="{y2 - HEIGHT / 2:g}" stroke="#8a94a0"/>'
            )
    for part in sorted(graph):
        x, y = middle[part]
        lines += [
            f'<rect x="{x - BOX / 2:g}" y="{y - HEIGHT / 2:g}" width="{BOX}" height="{HEIGHT}" rx="4" '
            'fill="#eef3f8" stroke="#44546a"/>',
            f'<text x="{x:g}" y="{y + 4.5:g}" text-anchor="middle" fill="#1b2733">{escape(part)}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])


def _pull(others: set[str], middle: dict[str, tuple[float, float]]) -> float:
    """Where a part stands straight above what it imports."""
    return sum(middle[other][0] for other in others) / len(others) if others else WIDTH / 2


def main(arguments: list[str]) -> int:
    """Write the picture, or compare it."""
    picture = draw()
    if PICTURE.exists() and PICTURE.read_text(encoding="utf-8") == picture:
        return 0
    if "--check" in arguments:
        print(f"stale: {PICTURE.relative_to(ROOT).as_posix()}")
        return 1
    PICTURE.write_text(picture, encoding="utf-8")
    print(f"printed: {PICTURE.relative_to(ROOT).as_posix()}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

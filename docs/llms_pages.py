"""`llms.txt`: what the pages are about and how the library is called, for language models, made with the site.

Each page is listed by its first sentence, so nothing is written twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
HEAD = """# ipm_outcomes

> Python library for patient-reported outcomes in pain care: answers to scores, scores to change, change to figures of a
> program, each traceable to its published source.

- A missing answer is never 0. A score that cannot be given is None (null in a frame), with the reason (`absent`).
- An answer that is not allowed is an error. Nothing is guessed: coding, dates, codes for "no answer" are declared.
- Read flags (item 9 of the PHQ-9) before scores. A flag is no diagnosis and no assessment of risk.
- Before a table leaves the program it goes through `program.suppress`.
- Thresholds, bands and cut-offs come from the definitions (`ipm_outcomes.instrument(id)`), never from memory.
"""


def on_post_build(config: Any) -> None:
    """Write the file beside the pages."""
    Path(config.site_dir, "llms.txt").write_text(llms(config.nav), encoding="utf-8")


def llms(nav: list[Any]) -> str:
    """The text of the file.

    Parameters
    ----------
    nav : list
        The navigation of mkdocs.yml.

    Returns
    -------
    str
    """
    return "\n".join([HEAD, *_lines(nav, "Pages"), _cheat_sheet()])


def _lines(nav: list[Any], heading: str) -> Iterator[str]:
    pages = [(title, path) for entry in nav for title, path in entry.items() if isinstance(path, str)]
    if pages:
        yield f"## {heading}\n"
        yield from (f"- [{title}]({path.removesuffix('.md')}/){_about(path)}" for title, path in pages)
        yield ""
    for entry in nav:
        for title, inside in entry.items():
            if isinstance(inside, list):
                yield from _lines(inside, title)


def _about(path: str) -> str:
    """The first sentence of a page; pages of the API and those that are made with the site have none to give."""
    if not (DOCS / path).exists() or path.startswith("api/"):
        return ""
    text = re.sub(
        r"^```.*?^```$", "", (DOCS / path).read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    paragraphs = [part.strip() for part in text.split("\n\n") if re.match(r"[\w`*\"]", part.strip())]
    if not paragraphs:
        return ""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(paragraphs[0].split()))
    return ": " + re.split(r"(?<=[.!?])\** ", plain)[0].rstrip(":,")


def _cheat_sheet() -> str:
    return (DOCS / "cheat_sheet.md").read_text(encoding="utf-8").replace("# Cheat sheet", "## Cheat sheet")

"""One page for each definition, with every cell of its tables, made while mkdocs builds the site.

A page is never written by hand and never out of date: what it shows is what the library computes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import ipm_outcomes as ipm
from ipm_outcomes.batteries import Battery, BatteryRow, batteries
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.errors import number_of
from ipm_outcomes.scores import CategoryScore, Score
from ipm_outcomes.tables import FormulaTable, QuotientTable, ScaleTable, UtilityTable, tables

ENDINGS = {"points": " points", "percent": " %", "below": ""}


def on_config(config: Any) -> Any:
    """Name the pages in the navigation."""
    pages = [{ipm.battery(id).title: f"batteries/{id}.md"} for id in batteries()]
    pages += [{ipm.instrument(id).title: f"instruments/{id}.md"} for id in ipm.instruments()]
    next(part["Instruments"] for part in config.nav if "Instruments" in part).extend(pages)
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages."""
    from mkdocs.structure.files import File

    for id in ipm.instruments():
        content = "\n".join(page(ipm.instrument(id)))
        files.append(File.generated(config, f"instruments/{id}.md", content=content))
    for id in batteries():
        content = "\n".join(battery_page(ipm.battery(id)))
        files.append(File.generated(config, f"batteries/{id}.md", content=content))
    return files


def battery_page(found: Battery) -> Iterator[str]:
    """The lines of the page of a battery."""
    yield f"# {found.title}\n"
    yield f"`ipm.battery({found.id!r})`. {found.about}\n"
    heads = ("", "domain", "metric", "covered by", "computed", "not computed, and why")
    rows = [
        (at, one.domain, one.metric, _covered(one), ". ".join(one.scores), one.not_computed)
        for at, one in enumerate(found.rows, 1)
    ]
    yield from table(heads, rows)
    yield "## Sources\n"
    yield from table(("key", "work"), ((f"`{s.key}`", s.cite) for s in found.sources))


def _covered(one: BatteryRow) -> str:
    links = [f"[`{id}`](../instruments/{id}.md)" for id in one.instruments]
    return ", ".join([*links, *(f"`{name}`" for name in one.functions)]) or "nothing"


def page(found: Instrument) -> Iterator[str]:
    """The lines of the page of one instrument."""
    yield f"# {found.title}\n"
    yield f"`{found.id}`, class `{found.class_name}`, edition {found.edition}. {found.about}"
    yield f"Measures {found.measures}. Recall: {found.recall}.\n"
    if found.notice:
        yield f"{found.notice}\n"
    yield f"License of the instrument: {found.license.status}. {found.license.statement}\n"
    yield f"Digest of the definition: `{found.digest}`\n"
    yield "Evidence marks: `2+` read in the original or in two independent sources, `1` read once, `derived` by"
    yield "arithmetic on a sourced number, `unverified` written from general knowledge, no source text read.\n"
    yield "## Scores\n"
    heads = ("scale", "made of", "range", "worse", "has a score where", "success, for a program")
    yield from table(heads, (_in_short(found, scale) for scale in found.scales))
    yield "Where there is no score, `absent` says why ([codes](../scores.md)). The first rule is the default; another"
    yield "is used only where it is named (`missing=`).\n"
    yield "## Items\n"
    rows = [
        (f"`{i.id}`", i.wording or i.gist, i.answers + (", unscored" if i.unscored else ""), i.loinc or "")
        for i in found.items
    ]
    yield from table(("item", "question" if found.license.wording else "gist", "answers", "LOINC"), rows)
    for name, answers in found.answers.items():
        yield f"### Answers: {name}\n"
        if answers.range:
            ends = zip(answers.range, (answers.low, answers.high), strict=True)
            told = " to ".join(f"{end} ({label})" if label else f"{end}" for end, label in ends)
            steps = "" if answers.per_unit == 1 else f" in steps of {answers.step}"
            yield f"{told}{steps}.\n"
        else:
            rows = [(o.code, at, o.label, o.loinc or "") for at, o in enumerate(answers.options, 1)]
            yield from table(('`coding="answer"`', '`coding="position"`', "label", "LOINC"), rows)
    for scale in found.scales:
        yield from _scale(found, scale)
    for flag in found.flags:
        yield f"## Flag: {flag.title}\n"
        yield f"Item `{flag.item}`, raised from answer {flag.raised_from}{_marks(flag)}. {flag.sentence}\n"
        yield f"Unanswered: {flag.sentence_unanswered}\n"
    yield "## Sources\n"
    yield from table(
        ("key", "work"), ((f"`{s.key}`", s.cite + (f" doi:{s.doi}" if s.doi else "")) for s in found.sources)
    )


def _in_short(found: Instrument, scale: Scale) -> tuple[object, ...]:
    """The row of one scale: what it is made of, and when it has a score."""
    made_of = number_of(len(scale.items), "item") if scale.items else "other scales"
    rules = [
        f"`{rule.id}`: {_enough(scale, rule.at_most)}"
        if scale.items
        else f"`{rule.id}`: all it is made of is there"
        for rule in scale.missing
    ]
    ends = f"{scale.range[0]:f} to {scale.range[1]:f}" if scale.range else scale.unit or ""
    return (
        f"`{scale.id}`, {scale.title}",
        made_of,
        ends,
        "" if scale.categorical else scale.worse,
        "; ".join(rules),
        f"`{scale.success}`" if scale.success else "",
    )


def _enough(scale: Scale, at_most: int | None) -> str:
    size = len(scale.items)
    if size == 1:
        return "answered"
    return f"all {size} answered" if not at_most else f"{size - at_most} of {size} answered"


def _noted(heads: tuple[str, ...], rows: list[tuple[tuple[object, ...], str | None]]) -> Iterator[str]:
    """A table of facts, and the notes of each below it."""
    if rows:
        yield from table(heads, (cells for cells, _ in rows))
        yield from (f"- {cells[0]} {cells[1]}: {note}" for cells, note in rows if note)
        yield ""


def _scale(found: Instrument, scale: Scale) -> Iterator[str]:
    yield f"## Scale: {scale.title}\n"
    about = f"`{scale.id}`, {scale.kind}{_marks(scale)}."
    if scale.range:
        about += f" {scale.range[0]} to {scale.range[1]}; {scale.worse} is worse."
    yield about + (f" {scale.note}" if scale.note else "") + "\n"
    if scale.bands:
        rows = [(f"{b.low} to {b.high}", b.label) for b in scale.bands.of]
        yield from table(("from, to", f"band{_marks(scale.bands)}"), rows)
    yield from _noted(
        ("threshold of change", "value", "for", "meaning", "population", "source"),
        [
            ((t.id, f"{t.value}{ENDINGS[t.kind]}", t.scope, t.meaning, t.population or "", _marks(t)), t.note)
            for t in scale.thresholds
        ],
    )
    yield from _noted(
        ("cut-off", "value", "meaning", "source"),
        [
            ((c.id, f"{'from' if c.including else 'beyond'} {c.value}", c.meaning, _marks(c)), c.note)
            for c in scale.cutoffs
        ],
    )
    yield from _noted(
        ("constant", "value", "population", "n", "source"),
        [((c.kind, c.value, c.population, c.n or "", _marks(c)), c.note) for c in scale.constants],
    )
    for rule in scale.missing:
        cells = tables(found, rule.id)[scale.id]
        yield f"### Table: {scale.id}, missing rule {rule.id}\n"
        yield f"At most {rule.at_most} unanswered{_marks(rule)}. {rule.note or ''}\n"
        if isinstance(cells, QuotientTable):
            yield f"{cells.sentence}\n"
        elif isinstance(cells, UtilityTable):
            inner = f"(product of the factors - 1) / {cells.utility.interaction}"
            yield f"1 - {cells.utility.rescale} x {inner}, rounded to {cells.utility.decimals} decimals;"
            yield "no score where a component is absent.\n"
            rows = [
                (part.scale.id, exact, f"{float(cells.factor(at, exact)):.6f}")
                for at, part in enumerate(cells.components)
                for cell in part.cells[part.size].values()
                if isinstance(cell, Score) and (exact := cell.exact) is not None
            ]
            yield from table(("score of", "exact", "factor, about"), rows)
        else:
            yield from _formula(cells) if isinstance(cells, FormulaTable) else _cells(cells)


def _cells(cells: ScaleTable) -> Iterator[str]:
    heads = ["answered", "sum", "exact", "value", "SE", "band"]
    if cells.scale.counts:
        heads = ["answered", "core items counted", "items counted", "value"]
    rows, withheld = [], set()
    for answered, tally, cell in cells:
        if cell.absent:
            withheld.add((answered, cell.absent.code))
        elif isinstance(cell, CategoryScore):
            rows.append((answered, *divmod(tally, cells.size + 1), cell.value))
        else:
            se = "" if cell.se is None else cell.se
            rows.append((answered, tally, cell.exact, f"{cell.value:g}", se, cell.band or ""))
    told = ", ".join(f"{answered} answered: `{code}`" for answered, code in sorted(withheld))
    yield f"No score: {told}.\n"
    yield from table(heads, rows)


def _formula(cells: FormulaTable) -> Iterator[str]:
    yield "The sum of these; no score where one of them is absent.\n"
    pairs = zip(cells.coefficients, cells.components, strict=True)
    rows = [(p.scale.id, Fraction(c * p.denominator, cells.denominator)) for c, p in pairs]
    rows.append(("(constant)", Fraction(cells.constant, cells.denominator)))
    yield from table(("score of", "times, exactly", "about"), ((n, f, f"{float(f):.6f}") for n, f in rows))


def _marks(fact: Any) -> str:
    return f" [{', '.join(fact.source)}; {fact.evidence}]"


def table(heads: Iterable[object], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """The lines of a Markdown table."""
    heads = list(heads)
    yield _row(heads)
    yield "|" + "---|" * len(heads)
    yield from map(_row, rows)
    yield ""


def _row(cells: Iterable[object]) -> str:
    shown = (str(cell).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;") for cell in cells)
    return f"| {' | '.join(shown)} |"

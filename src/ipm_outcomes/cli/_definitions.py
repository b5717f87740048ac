"""Commands that print definitions: ``instruments``, ``show``, ``table``."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from ipm_outcomes import batteries, catalog
from ipm_outcomes.cli._print import say
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.report._layout import plain_table
from ipm_outcomes.scores import CategoryScore, Score
from ipm_outcomes.tables import AnyTable, FormulaTable, QuotientTable, ScaleTable, UtilityTable, tables


def instruments(*, battery: str | None = None) -> int:
    """List the instruments, or the measures of a battery and what covers each.

    Parameters
    ----------
    battery
        Id of a battery, such as `table3`, the measures of integrated pain programs.
    """
    if battery is not None:
        say(str(batteries.battery(battery)))
        return 0
    rows = [["id", "title", "edition", "items", "scales"]]
    for id in catalog.instruments():
        instrument = catalog.instrument(id)
        rows.append(
            [
                id,
                instrument.title,
                instrument.edition,
                str(len(instrument.items)),
                ", ".join(instrument.scale_ids),
            ]
        )
    say(plain_table(rows))
    return 0


def show(id: str, /) -> int:
    """Show the definition of an instrument: items, answers, scales, bands, thresholds, sources.

    Parameters
    ----------
    id
        Id of the instrument, as `instruments` lists it.
    """
    for part in _definition(catalog.instrument(id)):
        say(part)
    return 0


def table(id: str, /, *, scale: str | None = None, missing: str | None = None) -> int:
    """Print every cell of the tables of an instrument, to lay it beside the manual.

    Parameters
    ----------
    id
        Id of the instrument, as `instruments` lists it.
    scale
        Only this scale.
    missing
        Name of a missing rule; a scale that has none of that name keeps its default.
    """
    instrument = catalog.instrument(id)
    wanted = [instrument.scale(scale).id] if scale else list(instrument.scale_ids)
    by_scale = tables(instrument, missing)
    for name in wanted:
        shown = by_scale[name]
        say(f"{instrument.id} {name}: {shown.scale.title}; missing rule {shown.rule.id!r}")
        say(_shown(shown))
        say("")
    return 0


def _shown(table: AnyTable) -> str:
    match table:
        case QuotientTable():
            return table.sentence
        case UtilityTable():
            return _utility(table)
        case FormulaTable():
            return _formula(table)
        case ScaleTable():
            return plain_table(_cells(table))


def _cells(table: ScaleTable) -> list[list[str]]:
    counts = table.scale.counts is not None
    header = ["answered", *(["core count", "count"] if counts else ["sum"]), "value"]
    rows = [[*header, *([] if counts else ["exact", "se", "band"]), "absent"]]
    for answered, tally, cell in table:
        row = [str(answered), *(map(str, divmod(tally, table.size + 1)) if counts else [str(tally)])]
        if isinstance(cell, CategoryScore):
            row.append(cell.value or "")
        else:
            exact = cell.exact
            row += ["" if exact is None else decimal(exact), "" if exact is None else str(exact)]
            row += ["" if cell.se is None else f"{cell.se:g}", cell.band or ""]
        rows.append([*row, cell.absent.code if cell.absent else ""])
    return rows


def _formula(table: AnyTable) -> str:
    assert isinstance(table, FormulaTable)
    factors = (
        Fraction(c * part.denominator, table.denominator)
        for c, part in zip(table.coefficients, table.components, strict=True)
    )
    rows = [["score of", "times", "exact"]]
    rows += [[p.scale.id, decimal(f), str(f)] for p, f in zip(table.components, factors, strict=True)]
    constant = Fraction(table.constant, table.denominator)
    rows.append(["(constant)", decimal(constant), str(constant)])
    return "the sum of these; no value where one of the scores is absent\n" + plain_table(rows)


def _utility(table: UtilityTable) -> str:
    rows = [["score of", "value", "factor"]]
    for position, part in enumerate(table.components):
        cells = [cell.exact for cell in part.cells[part.size].values() if isinstance(cell, Score)]
        rows += [
            [part.scale.id, decimal(x), decimal(table.factor(position, x))] for x in cells if x is not None
        ]
    return (
        f"1 - {table.utility.rescale} x (product of the factors - 1) / {table.utility.interaction}, rounded to "
        f"{table.utility.decimals} decimals; no value where one of the scores is absent\n" + plain_table(rows)
    )


def decimal(exact: Fraction) -> str:
    """A fraction as a decimal, rounded half up at six places, without trailing zeros."""
    scaled = abs(exact) * 10**6
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    text = f"{whole // 10**6}.{whole % 10**6:06}".rstrip("0").rstrip(".")
    return f"-{text}" if exact < 0 and whole else text


def _definition(instrument: Instrument) -> Iterator[str]:
    yield f"{instrument.id}: {instrument.title}, {instrument.edition}"
    yield f"measures {instrument.measures}; recall: {instrument.recall}"
    yield instrument.about
    if instrument.notice:
        yield instrument.notice
    yield f"license: {instrument.license.status}. {instrument.license.statement}"
    yield f"definition {instrument.digest}"
    yield "\nITEMS"
    rows = [["item", "answers", "LOINC", "question"]]
    for item in instrument.items:
        text = item.wording or item.gist
        rows.append(
            [item.id, item.answers, item.loinc or "", text + (" (unscored)" if item.unscored else "")]
        )
    yield plain_table(rows)
    yield "\nANSWERS"
    rows = [["list", "code", "label", "LOINC"]]
    for name, answers in instrument.answers.items():
        if answers.range:
            ends = ((answers.range[0], answers.low), (answers.range[1], answers.high))
            steps = "" if answers.per_unit == 1 else f" (steps of {answers.step})"
            rows += [[name, str(code), (label or "") + steps, ""] for code, label in ends]
        rows += [[name, str(o.code), o.label, o.loinc or ""] for o in answers.options]
    yield plain_table(rows)
    for scale in instrument.scales:
        yield f"\nSCALE {scale.id}: {scale.title} ({scale.kind})"
        yield from _scale(scale)
    for flag in instrument.flags:
        marks = _marks(flag.source, flag.evidence)
        yield f"\nFLAG {flag.id}: {flag.title}; item {flag.item} from {flag.raised_from}{marks}"
        yield f"  {flag.sentence}"
    yield "\nSOURCES"
    yield plain_table(
        [["key", "work"], *([s.key, s.cite + (f" doi:{s.doi}" if s.doi else "")] for s in instrument.sources)]
    )


def _scale(scale: Scale) -> Iterator[str]:
    yield f"  source{_marks(scale.source, scale.evidence)}"
    if scale.range:
        yield f"  range {scale.range[0]} to {scale.range[1]}; {scale.worse} is worse"
    if scale.items:
        yield f"  items {', '.join(scale.items)}"
    if scale.se_item:
        yield f"  standard error from item {scale.se_item}"
    for rule in scale.missing:
        marks = _marks(rule.source, rule.evidence)
        yield f"  missing rule {rule.id}: at most {rule.at_most} unanswered{marks}"
    if scale.bands:
        marks = _marks(scale.bands.source, scale.bands.evidence)
        for band in scale.bands.of:
            yield f"  band {band.low} to {band.high}: {band.label}{marks}"
    for threshold in scale.thresholds:
        size = f"{threshold.kind} {threshold.value}" + (
            f" (worse: {threshold.value_worse})" if threshold.value_worse is not None else ""
        )
        who = f", {threshold.population}" if threshold.population else ""
        marks = _marks(threshold.source, threshold.evidence)
        whom = "; judges the mean of a group, no patient" if threshold.scope == "group" else ""
        yield f"  threshold {threshold.id}: {size}; {threshold.meaning}{who}{whom}{marks}"
    for cutoff in scale.cutoffs:
        side = "from" if cutoff.including else "beyond"
        marks = _marks(cutoff.source, cutoff.evidence)
        yield f"  cut-off {cutoff.id}: {side} {cutoff.value}; {cutoff.meaning}{marks}"
    for constant in scale.constants:
        marks = _marks(constant.source, constant.evidence)
        yield f"  {constant.kind} {constant.value}: {constant.population}{marks}"
    if scale.note:
        yield f"  note: {scale.note}"


def _marks(source: tuple[str, ...], evidence: str) -> str:
    return f" [{', '.join(source)}; evidence {evidence}]"

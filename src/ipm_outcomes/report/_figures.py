"""From the tables to the figures of the report: counted, and put through disclosure control once.

What comes out of `gather` is all that the page is written from. Figures of different sections are protected as one
published set, because a reader can subtract one from the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from os import PathLike
from typing import Any

import numpy as np

from ipm_outcomes.catalog import instrument as in_catalog
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import FrameError, ParameterError, UnknownNameError
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.program._headline import main_target, rank, success_of
from ipm_outcomes.program.indicators import Indicator
from ipm_outcomes.report import _small_sites
from ipm_outcomes.report._counts import Builder
from ipm_outcomes.report._program import ALL, OF_SCALE, OTHER, Figure, Program, ScaleKey, Shown, is_promoter
from ipm_outcomes.report._reading import Table, at_target, cells_of, days_of, small_frame, unhidden_rows
from ipm_outcomes.report._records import record_rows
from ipm_outcomes.report._words import OF_POINTS, as_printed

_OF_RATES = ("member_months", "patients")
_OF_SITES = ("followup_completion", "mean_improvement", "nps_followup")
"""Indicators that are reported for each site, beside who did well."""
_DROPPED = ("baseline_completion", "mean_change", "nps")


def _indicator_rows(given: Any, by: str) -> list[Figure]:
    table = Table("indicators", given)
    # Columns to the left of `indicator` are the groups; key columns may be among them.
    grouping = [
        name
        for name in table.face.names[: table.face.names.index("indicator")]
        if name not in ("instrument", "scale", "target")
    ]
    if others := [name for name in grouping if name != by]:
        raise FrameError(
            f"indicators: grouped by {others[0]!r} too; give the table made by program.table with by=[{by!r}]"
        )
    rows = []
    for cells in unhidden_rows(table, "the report hides small counts itself"):
        group = str(cells[by]) if by in grouping and cells[by] is not None else ALL
        row = Figure.of_cells(cells, group=group)
        # The same name whether or not instrument, scale or target were grouping columns.
        one_scale = bool(row.scale) and " + " not in row.instrument
        parts = (row.definition, f"{row.instrument}.{row.scale}" if one_scale else "", row.target, row.band)
        rows.append(replace(row, indicator=":".join(part for part in parts if part)))
    return rows


def _completed(
    rows: list[Figure], by: str, changes: Table, scores: Any, episodes: Any
) -> tuple[list[Figure], tuple[str, ...]]:
    """The rows with the totals, or the sites, that the table given does not hold."""
    from ipm_outcomes import program

    wanted = {row.definition for row in rows}
    level = rows[0].level if rows else 0.95
    groups = tuple(sorted({row.group for row in rows} - {ALL}))

    def more(by: Sequence[str], **sources: Any) -> list[Figure]:
        figures = program.table(changes.face.native, by=by, level=level, **sources)
        return [row for row in _indicator_rows(figures, (*by, "")[0]) if row.definition in wanted]

    if wanted and not any(row.group == ALL for row in rows):
        rows = rows + more([], scores=scores, episodes=episodes)
    if not groups and by in changes:
        with_by = {
            name: data
            for name, data in (("scores", scores), ("episodes", episodes))
            if data is not None and by in Frame(data).names
        }
        rows = rows + more([by], **with_by)
        groups = tuple(sorted({row.group for row in rows} - {ALL}))
    return rows, groups


def gather(
    scores: Any,
    changes: Any,
    indicators: Any,
    *,
    episodes: Any,
    problems: Any,
    by: str,
    policy: str,
    as_of: date | str | None,
    target: str | None,
    definitions: Collection[Instrument | Indicator],
    records: Iterable[Any] = (),
    ledger: str | PathLike[str] | None = None,
    record: str | PathLike[str] | None = None,
    strata: str | None = None,
) -> Program:
    """Count all that the report says, and put it through disclosure control once."""
    given_scores, given_changes = Table("scores", scores).with_answers(), Table("changes", changes)
    rows = _indicator_rows(indicators, by)
    rows, groups = _completed(rows, by, given_changes, scores, episodes)
    from ipm_outcomes.program._cells import in_order

    # The order in which the rows were given must not decide how the page looks.
    rows.sort(
        key=lambda row: (row.definition, row.instrument, row.scale, in_order(row.target), row.band, row.group)
    )
    custom = {definition.id: definition for definition in definitions if isinstance(definition, Instrument)}
    present = _present(given_scores, given_changes)
    domains = _domains(present, custom)
    targets = _targets(given_changes)
    day, given = _as_of(as_of, given_changes)
    program = Program(
        by=by,
        policy=policy,
        level=rows[0].level if rows else 0.95,
        target=_main_target(target, targets),
        targets=targets,
        domains=domains,
        groups=groups,
        as_of=day,
        as_of_given=given,
        definitions=tuple(definitions),
        files={"ledger": ledger, "record": record},
    )
    shown = [each for group in domains.values() for each in group]
    program.rows = {(row.indicator, row.group, row.period): row for row in rows}
    for each in shown:
        name, target = ".".join(each.key), program.target
        there = {row.definition for row in rows if row.indicator == f"{row.definition}:{name}:{target}"}
        program.success[each.key] = success_of(each.scale, there, program.definition)
    counted = [each for each in shown if program.of("followup_completion", each) and not is_promoter(each)]
    followed = [each for each in counted if (row := program.of("followup_completion", each)) and row.eligible]
    leads = sorted(followed or counted, key=lambda each: rank(each.instrument, each.scale.id))
    program.headline = next(iter(leads), None)
    _facts(program, given_changes)
    if strata is not None:
        given_changes.face.require([strata], "changes")
        program.strata = strata
    rows, given_changes = _small_sites_joined(rows, program, given_changes)
    builder = Builder(program, given_scores, given_changes)
    if program.other_sites:
        builder.sets.as_data.append(["sites", list(program.other_sites)])
    if program.headline is not None:
        builder.flow()
    builder.indicators(_chosen(rows, program, shown))
    builder.indicators(list(record_rows(records, by, program.definition)))
    if program.headline is not None:
        builder.distributions()
        builder.periods()
        builder.indicators(_of_strata(program, given_changes))
        builder.standardized()
    builder.promoters()
    builder.data_quality()
    builder.blank_rows()
    builder.wrong_cells(problems)
    published = _published(builder, policy, given_changes)
    program.rows = {(row.indicator, row.group, row.period): row for row in published if row.stratum == ALL}
    program.of_strata = {(row.indicator, row.stratum): row for row in published if row.stratum != ALL}
    return program


def _of_strata(program: Program, changes: Table) -> list[Figure]:
    """The figures of the headline by a column that the caller names."""
    from ipm_outcomes.program.table import table

    lead = program.headline
    if not program.strata or lead is None:
        return []
    ids = ("followup_completion", program.success[lead.key], "mean_improvement")
    wanted = (program.definition(id) for id in ids if id)
    known = [
        definition
        for definition in wanted
        if definition is not None and program.of(definition.id, lead) is not None
    ]
    if not known:
        return []
    of_lead = changes.only(at_target(lead.key, program.target, changes))
    figures = table(of_lead.frame.to_native(), by=[program.strata], indicators=known, level=program.level)
    rows = [replace(row, group=ALL, stratum=row.group) for row in _indicator_rows(figures, program.strata)]
    if any(row.stratum == ALL for row in rows):
        raise FrameError(f"changes: column {program.strata!r}: a group must not be named {ALL!r}")
    return rows


def _small_sites_joined(rows: list[Figure], program: Program, changes: Table) -> tuple[list[Figure], Table]:
    """The rows and the changes with small sites put together, and counted anew."""
    lead = program.headline
    if lead is None or program.by not in changes or program.policy not in _small_sites.SIZE:
        return rows, changes
    alone, before = _small_sites.published_before(program.files["ledger"])
    completion = ((site, program.of("followup_completion", lead, group=site)) for site in program.groups)
    due = {site: row.eligible or 0 if row is not None else 0 for site, row in completion}
    joined = _small_sites.together(due, _small_sites.SIZE[program.policy], alone, before)
    if not joined:
        return rows, changes
    changes = _small_sites.relabeled(changes, program.by, joined)
    wanted = dict.fromkeys(
        row.definition for row in rows if row.group in joined and row.definition in _OF_SITES
    )
    known = [
        definition
        for name in (*wanted, *filter(None, program.success.values()))
        if (definition := program.definition(name))
    ]
    indicators = list({definition.id: definition for definition in known}.values())
    made = _indicator_rows(_small_sites.counted(changes, program.by, indicators, program.level), program.by)
    program.other_sites = joined
    program.groups = (*(site for site in program.groups if site not in joined), OTHER)
    kept = [row for row in rows if row.group not in joined] + [row for row in made if row.group == OTHER]
    program.rows = {(row.indicator, row.group, row.period): row for row in kept}
    return kept, changes


def _present(scores: Table, changes: Table) -> list[ScaleKey]:
    keys: dict[ScaleKey, None] = {}
    for table in (changes, scores):
        for inst, scale, _ in table.counts(table.word("instrument"), table.word("scale")):
            keys[inst, scale] = None
    return list(keys)


def _domains(present: Sequence[ScaleKey], custom: Mapping[str, Instrument]) -> dict[str, list[Shown]]:
    """Scales by domain: those that sum an instrument up, else all its numeric scales."""
    by_domain: dict[str, list[Shown]] = {}
    for id in dict.fromkeys(inst for inst, _ in present):
        instrument = custom.get(id)
        if instrument is None:
            try:
                instrument = in_catalog(id)
            except UnknownNameError:
                raise UnknownNameError(
                    "definitions: the tables hold an instrument that is not in the catalog; give its definition in "
                    "definitions=[catalog.read(path)]"
                ) from None
        scales = [s for s in instrument.scales if (id, s.id) in present and not s.categorical]
        leads = [s for s in scales if s.id in instrument.summary] or scales
        by_domain.setdefault(instrument.domain or instrument.id, []).extend(
            Shown(instrument, scale) for scale in leads
        )
    first = {
        domain: min((each.instrument.priority is None, each.instrument.priority or 0) for each in shown)
        for domain, shown in by_domain.items()
    }
    return {domain: by_domain[domain] for domain in sorted(by_domain, key=lambda d: (first[d], d))}


def _targets(changes: Table) -> tuple[str, ...]:
    from ipm_outcomes.program._cells import in_order

    return tuple(sorted({t for t, _ in changes.counts(changes.word("target")) if t}, key=in_order))


def _main_target(wanted: str | None, targets: Sequence[str]) -> str:
    if wanted is not None and targets and wanted not in targets:
        raise ParameterError(f"target: the changes have no target {wanted!r}; they have {', '.join(targets)}")
    return main_target(targets) if wanted is None else wanted


def _as_of(as_of: date | str | None, changes: Table) -> tuple[date | None, bool]:
    if as_of is not None:
        try:
            return (as_of if isinstance(as_of, date) else date.fromisoformat(as_of)), True
        except (ValueError, TypeError):
            raise ParameterError("as_of: give a date, such as '2026-06-30'") from None
    latest = []
    for column in ("baseline_date", "followup_date"):
        if column in changes and changes.schema[column].is_temporal() and len(changes.frame):
            days = days_of(changes, column)
            latest += [days[~np.isnat(days)].max()] if not np.isnat(days).all() else []
    return (max(latest).astype(object) if latest else None), False


def _facts(program: Program, changes: Table) -> None:
    """Rules that were used, as the changes carry them: constants of the analysis, not figures of patients."""
    if "important_points" in changes:
        for inst, scale, points, _ in changes.counts(
            changes.word("instrument"), changes.word("scale"), changes.number("important_points")
        ):
            if points is not None:
                program.points.setdefault((inst, scale), []).append(float(points))
    if "cutoff" in changes:
        known: dict[ScaleKey, bool] = {}
        for inst, scale, there, _ in changes.counts(
            changes.word("instrument"),
            changes.word("scale"),
            (~changes.number("cutoff").is_null()).alias("there"),
        ):
            known[inst, scale] = known.get((inst, scale), False) or bool(there)
        ids = (
            changes.word("cutoff_id") if "cutoff_id" in changes else changes.word("scale").alias("cutoff_id")
        )
        for inst, scale, value, id, _ in changes.counts(
            changes.word("instrument"), changes.word("scale"), changes.number("cutoff"), ids
        ):
            if value is not None:
                program.cutoffs.setdefault((inst, scale), []).append((float(value), id))
        program.without_cutoff = frozenset(key for key, there in known.items() if not there)
    if "baseline_pick" in changes and "followup_pick" in changes:
        program.picks = tuple(
            dict.fromkeys(
                (a, b)
                for a, b, _ in changes.counts(changes.word("baseline_pick"), changes.word("followup_pick"))
                if a
            )
        )
    if "reliable_method" in changes:
        for inst, scale, method, _ in changes.counts(
            changes.word("instrument"), changes.word("scale"), changes.word("reliable_method")
        ):
            if method:
                program.reliable_by[inst, scale] = (*program.reliable_by.get((inst, scale), ()), method)
        used = (method for methods in program.reliable_by.values() for method in methods)
        program.reliable_methods = tuple(sorted(set(used)))
    program.open_windows = any(still for still, _ in changes.counts(changes.still_open()))


def _chosen(rows: Sequence[Figure], program: Program, shown: Sequence[Shown]) -> list[Figure]:
    """The rows of the indicators that the report prints: the rest is not published, so it need not be protected."""
    keys = {each.key for each in shown if not is_promoter(each)}
    at_target = {row.definition for row in rows if row.target == program.target}
    chosen = []
    for row in rows:
        key = (row.instrument, row.scale)
        # Where a scale has no cut-off nobody can recover: a rate of 0 would be untrue.
        if row.definition in _DROPPED or (
            row.definition in ("reliable_recovery", "able_to_recover") and key in program.without_cutoff
        ):
            continue
        if row.definition in (*OF_SCALE, program.success.get(key)):
            keep = key in keys and (row.target == program.target or not row.band)
            if row.group != ALL:
                of_sites = ("followup_completion", "mean_improvement", program.success.get(key))
                keep = keep and row.definition in of_sites and row.target == program.target
        elif row.definition == "nps_followup":
            keep = row.target == program.target
        else:
            keep = row.group == ALL and (row.target == program.target or row.definition not in at_target)
        if keep:
            chosen.append(row)
    return chosen


def _published(builder: Builder, policy: str, like: Table) -> list[Figure]:
    """The rows after disclosure control."""
    from ipm_outcomes.program.suppression import COLUMNS, suppress_with

    rows = list({(row.indicator, row.group, row.period, row.stratum): row for row in builder.rows}.values())
    if not rows:
        return rows
    place = ("definition", "instrument", "scale", "target", "band", "rules")
    columns: dict[str, list[Any]] = {
        "group": [row.group for row in rows],
        "period": [row.period for row in rows],
        **({"stratum": [row.stratum for row in rows]} if builder.program.strata else {}),
        **{name: [getattr(row, name) for row in rows] for name in COLUMNS if name != "suppressed"},
        "suppressed": [""] * len(rows),
        **{name: [getattr(row, name) for row in rows] for name in place},
        **{
            name: [getattr(row, name) for row in rows]
            for name in _OF_RATES
            if any(row.record for row in rows)
        },
        "worst": [row.worst for row in rows],
        "best": [row.best for row in rows],
        "position": list(range(len(rows))),
    }
    frame = small_frame(columns, like.face)
    by = ["group", "period", *(["stratum"] if builder.program.strata else [])]
    options: dict[str, Any] = {"by": by, "parts": (), "keep": ["position"]}
    options |= {"definitions": builder.program.definitions, **builder.program.files}
    table = suppress_with(frame, policy, **options, own=builder.sets)
    done = []
    for cells in cells_of(table):
        row = rows[int(cells["position"])]
        changed: dict[str, Any] = {
            name: cells[name] for name in ("estimate", "lower", "upper", "worst", "best")
        }
        if row.record:
            changed |= {name: cells[name] for name in _OF_RATES}
            changed["patients"] = None if cells["patients"] is None else int(cells["patients"])
        limits = []
        for name in ("eligible", "observed", "numerator", "denominator"):
            changed[name] = None if cells[name] is None else int(cells[name])
            if cells.get(f"{name}_low") is not None:
                high = cells[f"{name}_high"]
                limits.append((name, int(cells[f"{name}_low"]), None if high is None else int(high)))
        if row.unit == "points" and policy != "none":
            # Drawn no finer than printed: a place on a chart can be measured, and such a mean shows of how many it is.
            for name in ("estimate", "lower", "upper"):
                changed[name] = None if changed[name] is None else as_printed(changed[name], OF_POINTS)
            if changed["estimate"] is not None and changed["lower"] is None and row.lower is not None:
                changed["decimals"] = 0
        done.append(replace(row, hidden=cells["suppressed"] or "", limits=tuple(limits), **changed))
    return done

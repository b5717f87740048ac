"""One row an assessment: long exports (one row a question) to wide, visits beside each other to rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.errors import InputError, ParameterError, number_of
from ipm_outcomes.files._header import Table
from ipm_outcomes.files._qs import LEFT_OUT, answer_of, form_keys, is_standard, long_by_standard
from ipm_outcomes.frames._items import given_names, needed_items
from ipm_outcomes.mapping import Mapping as Pinned


def long_of(table: Table, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Which columns of a long export hold the question and the answer: as given, or by the names of CDISC QS."""
    if given is None:
        roles = long_by_standard(table.names)
        if roles is None:
            return None
        seen = f"columns of SDTM QS: one row a question; {', '.join(roles['keys'])} are of one form"
        table.note("long_export", seen, where=f"{roles['question']}, {roles['answer']}", value=roles)
        return roles
    if (
        not isinstance(given, Mapping)
        or not {"question", "answer"} <= set(given)
        or set(given) - {"question", "answer", "keys"}
    ):
        raise ParameterError(
            "long: give a dict with question, answer, and keys (columns that identify a form)"
        )
    roles = {**given}
    standard = long_by_standard(table.names) if is_standard(roles) else None
    named = [roles["question"], roles["answer"]]
    keys = roles.get("keys")
    roles["keys"] = (
        (standard or {}).get("keys") or [name for name in table.names if name not in named]
        if keys is None
        else [keys]
        if isinstance(keys, str)
        else list(keys)
    )
    for name in (*named, *roles["keys"]):
        if name not in table.columns:
            raise InputError(f"long: the file has no column {name!r}", "mapping_does_not_fit")
    if not roles["keys"]:
        raise ParameterError("long: no column is left that identifies a form; name some with keys")
    return roles


def widened(table: Table, how: Mapping[str, Any], unit: str) -> None:
    """One row for each form, one column for each question; a question twice within a form is an error."""
    keys, questions, answers = list(how["keys"]), table.columns[how["question"]], table.columns[how["answer"]]
    standard = is_standard(how)
    keys_of_rows = form_keys(table.columns, keys, len(table.lines)) if standard else None
    members: list[list[int]] = []
    witness: dict[str, dict[int, tuple[Any, int]]] = {}
    forms: dict[tuple[Any, ...], int] = {}
    cells: dict[str, dict[int, Any]] = {}
    lines: list[int] = []
    for n, line in enumerate(table.lines):
        if questions[n] is None:
            raise InputError("the row names no question", "file_unreadable", f"{unit} {line}")
        key = tuple(table.columns[name][n] for name in keys) if keys_of_rows is None else keys_of_rows[n]
        if key not in forms:
            forms[key] = len(forms)
            lines.append(line)
            members.append([])
        members[forms[key]].append(n)
        column = cells.setdefault(str(questions[n]), {})
        if forms[key] in column:
            message = (
                "the question appears twice in its form; name what identifies a form with long={'keys': […]}"
            )
            raise InputError(message, "duplicate_item", f"{unit} {line}")
        answer, other = answers[n], None
        if standard:
            answer, other = answer_of(table.columns, how, n, f"{unit} {line}")
        column[forms[key]] = answer
        if other is not None:
            witness.setdefault(str(questions[n]), {})[forms[key]] = (other, line)
    if len(cells) * len(forms) > 20 * len(table.lines) + 10_000:
        message = "few questions are common to the forms; name the columns that identify a form with long={'keys': […]}"
        raise InputError(message, "file_too_wide")
    if clash := [name for name in cells if name in keys]:
        raise InputError(
            "a question has the name of a column", "header_not_found", f"column {keys.index(clash[0]) + 1}"
        )
    wide: dict[str, list[Any]] = {
        name: [key[position] for key in forms] for position, name in enumerate(keys)
    }
    wide |= {name: [column.get(n) for n in range(len(forms))] for name, column in cells.items()}
    if standard:
        _of_forms(table, how, members, wide)
    table.witness = witness
    seen = f"{number_of(len(table.lines), 'row')} of questions make {number_of(len(forms), 'form')}"
    table.note("forms", seen, rows=len(forms))
    table.left_out += [
        (line, "part_of_form", "a further question of a form")
        for line in sorted(set(table.lines) - set(lines))
    ]
    table.columns, table.names, table.lines = wide, list(wide), lines


def _of_forms(
    table: Table, how: Mapping[str, Any], members: Sequence[Sequence[int]], wide: dict[str, list[Any]]
) -> None:
    """Further columns that are the same in each form; those that differ are left out and named."""
    differing = []
    for name in table.names:
        if name in wide or name in (how["question"], how["answer"]) or name.upper() in LEFT_OUT:
            continue
        cells = [{table.columns[name][n] for n in rows} - {None} for rows in members]
        if any(len(cell) > 1 for cell in cells):
            differing.append(name)
        else:
            wide[name] = [next(iter(cell), None) for cell in cells]
    if differing:
        seen = "columns that differ within a form, which is one patient, date and visit; left out"
        table.note("varying_columns", seen, where=", ".join(differing), rows=0, of=len(members))


def name_at(
    visit: str, name: str, names: Sequence[str] | Mapping[str, Any], last: bool = False
) -> str | None:
    """The column of a name at a visit: the visit before it, or after it, with a sign between or none."""
    for sign in ("_", "", ".", "-", " "):
        column = f"{name}{sign}{visit}" if last else f"{visit}{sign}{name}"
        if column in names:
            return column
    return None


def at_one_visit(name: str, visits: Sequence[str] | Mapping[str, str], last: bool) -> str | None:
    """The name without its visit, where it has one of these visits before it (or after it)."""
    for visit in visits:
        cut = name.removesuffix(visit) if last else name.removeprefix(visit)
        plain = cut.rstrip("_.- ") if last else cut.lstrip("_.- ")
        if cut != name and plain and name_at(visit, plain, [name], last):
            return plain
    return None


def check_visits(table: Table, mapping: Pinned | None, visits: Mapping[str, str], last: bool) -> None:
    """Refuse visits of a mapping whose columns are not there, or not all; note visits that it does not name."""
    if mapping is None:
        return
    met: set[str] = set()
    for part in mapping.instrument:
        instrument = definition(part.id)
        given = given_names(instrument, part.columns)
        needed = needed_items(instrument, instrument.scale_ids if part.scales is None else part.scales)
        wanted = [given[item] for item in instrument.item_ids if item in needed and item in given]
        if all(name in table.columns for name in wanted):  # an instrument that is asked once
            continue
        for visit, label in visits.items():
            lacking = [name for name in wanted if name_at(visit, name, table.columns, last) is None]
            if len(lacking) < len(wanted):
                met.add(visit)
                if lacking:
                    message = (
                        f"{part.id}: at the visit {label!r} ({visit!r}) there is no column of {lacking[0]!r}"
                    )
                    raise InputError(message, "mapping_does_not_fit", "keys.visit")
        _note_others(table, part.id, wanted, visits, last)
    for visit, label in visits.items():
        if visit not in met:
            side = "after" if last else "before"
            message = f"no column is of the visit {label!r}: none has {visit!r} {side} its name"
            raise InputError(message, "mapping_does_not_fit", "keys.visit")
    if mapping.keys.date is not None and mapping.keys.date.column not in table.columns:
        day = mapping.keys.date.column
        for visit, label in visits.items():
            if name_at(visit, day, table.columns, last) is None:
                message = f"the visit {label!r} ({visit!r}) has no column of the date, {day!r}"
                raise InputError(message, "mapping_does_not_fit", "keys.date")


def _note_others(table: Table, id: str, wanted: Sequence[str], visits: Mapping[str, str], last: bool) -> None:
    """Note whole sets of items that look like those of a visit which the mapping does not name."""
    first = wanted[0]
    ends = [
        name for name in table.names if (name.startswith if last else name.endswith)(first) and name != first
    ]
    for name in ends:
        part = (name.removeprefix(first) if last else name.removesuffix(first)).strip("_.- ")
        if part in visits or not part:
            continue
        if all(name_at(part, other, table.columns, last) for other in wanted):
            message = "the same whole set is there for a visit that the mapping does not name; not read"
            rows = len(table.lines)
            table.note(
                "visits_in_columns",
                message,
                instrument=id,
                rows=rows,
                of=rows,
                value=part,
                settle="mapping [keys] visit=…",
                sure=False,
            )


def lengthened(table: Table, visits: Mapping[str, str], wanted: Sequence[str], last: bool) -> None:
    """One row for each row and visit; ``visit`` says which. Columns of no visit are repeated."""
    places = {visit: {name: name_at(visit, name, table.columns, last) for name in wanted} for visit in visits}
    taken = {name for names in places.values() for name in names.values() if name is not None}
    if "visit" in table.columns:
        raise InputError(
            "there is a column visit besides visits in the names", "mapping_does_not_fit", "column visit"
        )
    shared = [name for name in table.names if name not in taken]
    rows = len(table.lines)
    wide = {name: [cell for cell in table.columns[name] for _ in visits] for name in shared}
    wide["visit"] = [label for _ in range(rows) for label in visits.values()]
    for name in wanted:
        cells = [
            table.columns[column] if (column := places[visit][name]) else [None] * rows for visit in visits
        ]
        wide[name] = [column[n] for n in range(rows) for column in cells]
    table.columns, table.names = wide, list(wide)
    table.lines = [line for line in table.lines for _ in visits]
    seen = f"{number_of(rows, 'row')} of {number_of(len(visits), 'visit')} each"
    table.note("visits_in_columns", seen, rows=rows, of=rows, value=", ".join(visits))

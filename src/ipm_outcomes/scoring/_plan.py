"""Scoring one response without a loop: a function of straight lines, written from the tables of a definition.

As for a dataclass, the text of the function is put together once, from one template for all instruments, and compiled.
It sums the answers of each scale and reads the cell of that sum; a sum that holds another is built on it. A form with
gaps goes through `_Gaps`, a scale at a time, and what is rare is left to the ``cell`` of its table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from math import gcd, prod
from typing import Any

from ipm_outcomes.definition import Flag as FlagRule
from ipm_outcomes.definition import Instrument
from ipm_outcomes.scores import AnyScore, Flag, Provenance, Score, Scores
from ipm_outcomes.tables import AnyTable, FormulaTable, QuotientTable, ScaleTable, UtilityTable

Answers = Mapping[str, Any]
"""Answers of a whole form by item, None where there is none."""

_MOST_KEPT = 4096
"""So many results are kept for answers that come again."""
_NEAR = 1e-6
"""So near to a half, in units of the last decimal, floats do not decide how a value is rounded."""


class Kept(dict[Any, Any]):
    """What was worked out for a key before, as far as it is kept."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        super().__init__()
        self._work = work

    def __missing__(self, key: Any) -> Any:
        found = self._work(key)
        if len(self) >= _MOST_KEPT:
            self.clear()
        self[key] = found
        return found


class Plan:
    """The text of a scoring function, and the objects that it names.

    Parameters
    ----------
    instrument
        The definition.
    tables
        Its tables under one missing rule.
    result
        The class of the result.
    provenance
        What every result carries.
    refuse
        Makes the error for what is no response.
    """

    def __init__(
        self,
        instrument: Instrument,
        tables: Mapping[str, AnyTable],
        result: type[Scores],
        provenance: Provenance,
        refuse: Callable[[], Exception],
    ) -> None:
        self.instrument, self.tables = instrument, tables
        self.names: dict[str, Any] = {
            "new": object.__new__, "Score": Score, "result": result, "provenance": provenance, "refuse": refuse,
        }  # fmt: skip
        self._answer = {item: f"v{n}" for n, item in enumerate(instrument.item_ids)}
        self._score = {id: f"s{n}" for n, id in enumerate(tables)}
        self._sums: list[tuple[str, dict[str, int]]] = []
        """Sums that were written already: the name, and the sign of each answer in it."""
        self._parts: dict[str, dict[str, dict[int, Any]]] = {}
        """By scale: what formulas take of each cell of the complete form, by its name and by the tally."""
        self._lines: list[str] = []
        self._write()

    def function(self) -> Callable[[Answers], Any]:
        """The compiled function, from answers to the result."""
        names = dict(self.names)
        exec(self.text(), names)
        plan: Callable[[Answers], Any] = names["plan"]
        return _once_for_each(plan, self.instrument)

    def text(self) -> str:
        """The text of the function."""
        return "\n".join(["def plan(a):", *(f"    {line}" for line in self._lines)])

    def _named(self, name: str, value: Any) -> str:
        self.names[name] = value
        return name

    def _write(self) -> None:
        for table in self.tables.values():
            if isinstance(table, FormulaTable | UtilityTable):
                self._take(table)
        own = [table for table in self.tables.values() if isinstance(table, ScaleTable)]
        # Short scales first, so that long ones are built on their sums.
        for scale in sorted(own, key=lambda table: table.size):
            self._scale(scale)
        for other in self.tables.values():
            if isinstance(other, FormulaTable):
                self._formula(other)
            elif isinstance(other, UtilityTable):
                self._utility(other)
            elif isinstance(other, QuotientTable):
                self._quotient(other)
        self._flags()
        # A frozen dataclass by its dictionary: its constructor takes five times as long.
        self._lines += ["r = new(result); d = r.__dict__; d['flags'] = f; d['provenance'] = provenance"]
        self._lines += ["; ".join(f"d[{id!r}] = {name}" for id, name in self._score.items()), "return r"]
        text = "\n".join(self._lines)
        read = (
            f"{name} = a[{item!r}]" for item, name in self._answer.items() if re.search(rf"\b{name}\b", text)
        )
        self._lines[:0] = [f"try: {'; '.join(read)}", "except KeyError: raise refuse() from None"]

    def _take(self, table: FormulaTable | UtilityTable) -> None:
        """Note what a formula takes of the cells of each of its components."""

        def taken(n: int, cell: Any) -> float:
            if isinstance(table, FormulaTable):
                return int(table.coefficients[n] * cell.numerator)
            return float(table.factor(n, cell.exact))

        for n, part in enumerate(table.components):
            found = {
                tally: taken(n, cell)
                for tally, cell in part.cells[part.size].items()
                if cell.value is not None
            }
            self._parts.setdefault(part.scale.id, {})[self._part(table, n)] = found

    def _part(self, table: AnyTable, n: int) -> str:
        return f"x{self._score[table.scale.id]}_{n}"

    def _scale(self, table: ScaleTable) -> None:
        name = self._score[table.scale.id]
        total, keys = self._total(table)
        complete = {keys[tally]: cell for tally, cell in table.cells[table.size].items() if tally in keys}
        gaps = self._named(f"g{name}", _Gaps(table, self.instrument))
        cell, else_ = f"c{name}[t{name}]", f"{gaps}(a)"
        if table.scale.se_item is None:
            self._named(f"c{name}", complete)
        else:
            error = self._answer[table.scale.se_item]
            self._named(f"c{name}", Kept(lambda key: with_error(complete[key[0]], key[1])))
            self._named("with_error", with_error)
            cell, else_ = f"c{name}[t{name}, {error}]", f"with_error({gaps}(a), {error})"
        # All that is taken of a cell is read at once.
        parts = self._parts.get(table.scale.id, {})
        targets, nothing = ", ".join([name, *parts]), " = ".join([f"t{name}", *parts])
        if parts:
            known: Any = self.names[f"c{name}"]
            at = {key: tally for tally, key in keys.items()}

            def taken(key: Any) -> tuple[Any, ...]:
                tally = at[key[0] if table.scale.se_item else key]
                return (known[key], *(part.get(tally) for part in parts.values()))

            self._named(
                f"c{name}", Kept(taken) if table.scale.se_item else {key: taken(key) for key in complete}
            )
        self._lines += [
            f"try: t{name} = {total}; {targets} = {cell}",
            f"except (TypeError, KeyError): {nothing} = None; {name} = {else_}",
        ]

    def _total(self, table: ScaleTable) -> tuple[str, dict[int, Any]]:
        """The tally of a complete form without its constant part, and what it is for each tally.

        The answer itself stands for the tally of a single item.
        """
        signs: dict[str, int] = {}
        parts, constant = [], 0
        for n, (item, points) in enumerate(zip(table.scale.items, table.points, strict=True)):
            given = self.instrument.answers_of(item)
            by_answer = {given.answer(code): worth for code, worth in points.items()}
            if table.size == 1:
                keys: dict[int, Any] = {}
                for answer, worth in by_answer.items():
                    keys.setdefault(worth, answer)
                if len(keys) == len(by_answer):
                    return self._answer[item], keys
            sign = _sign(by_answer)
            if sign:
                signs[item] = sign
                constant += next(worth - sign * int(answer) for answer, worth in by_answer.items())
            else:
                look_up = self._named(f"p{self._score[table.scale.id]}_{n}", by_answer)
                parts.append(f" + {look_up}[{self._answer[item]}]")
        text = self._signed(f"t{self._score[table.scale.id]}", signs) + "".join(parts)
        tallies = {tally: tally - constant for tally in table.cells[table.size]}
        return text.removeprefix(" + ").removeprefix("+"), tallies

    def _signed(self, name: str, signs: dict[str, int]) -> str:
        """Answers added and subtracted, built on sums that were written before."""
        left, parts = dict(signs), []
        for other, theirs in sorted(self._sums, key=lambda known: -len(known[1])):
            shared = {left.get(item, 0) * sign for item, sign in theirs.items()}
            if len(shared) == 1 and shared != {0}:
                parts.append((shared.pop(), other))
                left = {item: sign for item, sign in left.items() if item not in theirs}
        parts += [(sign, self._answer[item]) for item, sign in left.items()]
        # What is added goes first.
        parts.sort(key=lambda part: -part[0])
        if len(signs) > 1:
            self._sums.append((name, signs))
        return "".join(f" {'+' if sign > 0 else '-'} {part}" for sign, part in parts)

    def _formula(self, table: FormulaTable) -> None:
        parts = [self._part(table, n) for n in range(len(table.components))]
        self._lines += [
            f"try: m = {' + '.join(parts)} + {table.constant}",
            f"except TypeError: {self._cell(table)}",
            "else:",
            f"    {self._new(table)}; d['value'] = m / {table.denominator}; d['numerator'] = m",
        ]

    def _utility(self, table: UtilityTable) -> None:
        name = self._score[table.scale.id]
        parts = [self._part(table, n) for n in range(len(table.components))]
        constant, slope = map(float, table.line)
        self._named(f"r{name}", Kept(lambda numerator: _made(table, numerator)))
        self._lines += [
            "try:",
            f"    m = {constant!r} + {slope!r} * {' * '.join(parts)}; n = round(m)",
            f"    if abs(m - n) > {0.5 - _NEAR!r}: {self._cell(table)}",
            f"    else: {name} = r{name}[n]",
            f"except TypeError: {self._cell(table)}",
        ]

    def _cell(self, table: FormulaTable | UtilityTable) -> str:
        """Leave a score to its table."""
        name = self._score[table.scale.id]
        parts = ", ".join(self._score[part.scale.id] for part in table.components)
        return f"{name} = {self._named(f'c{name}', table.cell)}([{parts}])"

    def _new(self, table: FormulaTable) -> str:
        """A score of which all but the value is set."""
        name = self._score[table.scale.id]
        self._named(f"b{name}", vars(_made(table, 0)))
        return f"{name} = new(Score); d = {name}.__dict__; d.update(b{name})"

    def _quotient(self, table: QuotientTable) -> None:
        name = self._score[table.scale.id]
        self._named(f"c{name}", Kept(_quotient(table, self.instrument)))
        answers = "".join(f"{self._answer[item]}, " for item in table.items)
        self._lines.append(f"{name} = c{name}[{answers}]")

    def _flags(self) -> None:
        if not self.instrument.flags:
            self._lines.append("f = ()")
            return
        raised = []
        for n, rule in enumerate(self.instrument.flags):
            self._named(f"f{n}", _by_answer(rule, self.instrument))
            raised.append(f"f{n}[{self._answer[rule.item]}]")
        self._named("blank", _with_blanks(self.instrument))
        self._lines += [f"try: f = {' + '.join(raised)}", "except KeyError: f = blank(a)"]


def _once_for_each(plan: Callable[[Answers], Any], instrument: Instrument) -> Callable[[Answers], Any]:
    """A plan that keeps its results, where the form is so short that all of them can be kept."""
    items = list(instrument.item_ids)
    if prod(len(instrument.answers_of(item).codes) + 1 for item in items) > _MOST_KEPT:
        return plan
    key = ", ".join(f"a[{item!r}]" for item in items)
    text = (
        f"def kept(a):\n    try: return known[{key}]\n    except KeyError: r = plan(a)\n"
        f"    known[{key}] = r\n    return r"
    )
    names: dict[str, Any] = {"plan": plan, "known": {}}
    exec(text, names)
    found: Callable[[Answers], Any] = names["kept"]
    return found


def _sign(points: Mapping[float, int]) -> int:
    """1 where each answer is worth itself and a constant, -1 where it is taken from one, else 0."""
    whole = all(type(answer) is int for answer in points)
    if whole and len({worth - answer for answer, worth in points.items()}) == 1:
        return 1
    if whole and len({worth + answer for answer, worth in points.items()}) == 1:
        return -1
    return 0


def with_error(score: AnyScore, error: float | None) -> AnyScore:
    """A score with the standard error that came with it; none where there is no score."""
    if not isinstance(score, Score) or score.value is None:
        return score
    found: Score = object.__new__(Score)
    vars(found).update(vars(score), se=error)
    return found


def _made(table: FormulaTable | UtilityTable, numerator: int) -> Score:
    """The score of a complete form."""
    return Score(
        table.scale.id, numerator / table.denominator, None, None, table.size, table.size, table.rule.id, None,
        numerator, table.denominator,
    )  # fmt: skip


class _Gaps:
    """Scores of one scale of items from a form with gaps."""

    def __init__(self, table: ScaleTable, instrument: Instrument) -> None:
        self.cells = table.cells
        answers = [instrument.answers_of(item).answer for item in table.scale.items]
        self.points = [
            (item, {answer(code): worth for code, worth in points.items()})
            for item, answer, points in zip(table.scale.items, answers, table.points, strict=True)
        ]

    def __call__(self, answers: Answers) -> AnyScore:
        given = [points[answers[item]] for item, points in self.points if answers[item] is not None]
        return self.cells[len(given)][sum(given)]


def _steps(answer: float | None, per_unit: int) -> int | None:
    """The code of an answer: a float is the number nearest to so many steps."""
    return None if answer is None else round(answer * per_unit)


def _quotient(table: QuotientTable, instrument: Instrument) -> Callable[[tuple[Any, ...]], Score]:
    """A function from the answers of a quotient to its score."""
    per_unit = [instrument.answers_of(item).per_unit for item in table.items]
    low, high = table.limits

    def cell(answers: tuple[Any, ...]) -> Score:
        return table.cell(tuple(map(_steps, answers, per_unit)))

    def total(products: Iterable[tuple[int, tuple[int, ...]]]) -> str:
        return " + ".join(
            " * ".join([str(times), *(f"v{at}" for at in places)]) for times, places in products
        )

    # As from the table: no value is below the lowest, above the highest, over 0, or of people it is not for.
    refused = [
        "not under",
        *(f"v{at} != {code}" for at, code in table.only_if),
        f"over * {low.denominator} < {low.numerator} * under",
        f"over * {high.denominator} > {high.numerator} * under",
    ]
    lines = [
        "def quotient(answers):",
        "    " + "".join(f"v{at}, " for at in range(table.size)) + "= answers",
        "    try:",
        *(f"        v{at} = round(v{at} * {unit})" for at, unit in enumerate(per_unit) if unit > 1),
        f"        over, under = {total(table.over)}, {total(table.under)}",
        "    except TypeError: return cell(answers)",
        f"    if {' or '.join(refused)}: return cell(answers)",
        "    shared = gcd(over, under); over //= shared; under //= shared",
        "    score = new(Score); d = score.__dict__; d.update(base)",
        "    d['value'] = over / under; d['numerator'] = over; d['denominator'] = under",
        "    return score",
    ]
    base = vars(Score(table.scale.id, None, None, None, table.size, table.size, table.rule.id, None, None, 1))
    names: dict[str, Any] = {
        "cell": cell, "gcd": gcd, "new": object.__new__, "Score": Score, "base": base,
    }  # fmt: skip
    exec("\n".join(lines), names)
    found: Callable[[tuple[Any, ...]], Score] = names["quotient"]
    return found


def _by_answer(rule: FlagRule, instrument: Instrument) -> dict[float, tuple[Flag, ...]]:
    """What a flag says for each answer."""
    listed = instrument.answers_of(rule.item)
    return {
        listed.answer(code): (
            (Flag(rule.id, "raised", rule.item, code, rule.sentence),) if code >= rule.raised_from else ()
        )
        for code in listed.codes
    }


def _with_blanks(instrument: Instrument) -> Callable[[Answers], tuple[Flag, ...]]:
    """What all flags say of a form on which the question of one was left blank, which counts on a started form only."""
    rules = [
        (
            rule.item,
            _by_answer(rule, instrument),
            (Flag(rule.id, "not answered", rule.item, None, rule.sentence_unanswered),),
        )
        for rule in instrument.flags
    ]

    def raised(answers: Answers) -> tuple[Flag, ...]:
        started = any(answers[item] is not None for item in instrument.item_ids)
        found: tuple[Flag, ...] = ()
        for item, by_answer, unanswered in rules:
            if answers[item] is not None:
                found += by_answer[answers[item]]
            elif started:
                found += unanswered
        return found

    return raised

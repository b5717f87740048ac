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
        value = self._work(key)
        if (
            len(self) < _MOST_KEPT
        ):  # what comes later is not kept: to let go of the first costs more than it saves
            self[key] = value
        return value


class _Known(dict[Any, Any]):
    """What is kept for a key, None where nothing is."""

    __missing__ = dict[Any, Any]().get


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
            "new": object.__new__, "put": object.__setattr__, "Score": Score, "result": result,
            "provenance": provenance, "refuse": refuse,
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
        self._quotients()
        self._flags()
        # A frozen dataclass by its dictionary: its constructor takes five times as long.
        self._lines += ["r = new(result); d = r.__dict__; d['flags'] = f; d['provenance'] = provenance"]
        self._lines += ["; ".join(f"d[{id!r}] = {name}" for id, name in self._score.items()), "return r"]
        text = "\n".join(self._lines)
        read = {item: name for item, name in self._answer.items() if re.search(rf"\b{name}\b", text)}
        self._lines[:0] = [
            f"try: {'; '.join(f'{name} = a[{item!r}]' for item, name in read.items())}",
            "except KeyError: raise refuse() from None",
        ]

    def _take(self, table: FormulaTable | UtilityTable) -> None:
        """Note what a formula takes of the cells of each of its components."""

        def taken(n: int, cell: Any) -> float:
            if isinstance(table, FormulaTable):
                return int(table.coefficients[n] * cell.numerator)
            return float(table.factor(n, cell.exact))

        for n, part in enumerate(table.components):
            terms = {
                tally: taken(n, cell)
                for tally, cell in part.cells[part.size].items()
                if cell.value is not None
            }
            self._parts.setdefault(part.scale.id, {})[self._part(table, n)] = terms

    def _part(self, table: AnyTable, n: int) -> str:
        return f"x{self._score[table.scale.id]}_{n}"

    def _scale(self, table: ScaleTable) -> None:
        name = self._score[table.scale.id]
        total, keys = self._total(table)
        complete = {keys[tally]: cell for tally, cell in table.cells[table.size].items() if tally in keys}
        gaps = self._named(f"g{name}", _Gaps(table, self.instrument))
        # An answer that is the tally itself needs no other name.
        own = total if total in self._answer.values() else f"t{name}"
        cell, else_ = f"c{name}[{own}]", f"{gaps}(a)"
        # All that is taken of a cell is read at once.
        parts = self._parts.get(table.scale.id, {})
        targets, nothing = ", ".join([name, *parts]), [*([f"t{name}"] if own != total else []), *parts]
        tally_of = {key: tally for tally, key in keys.items()}

        def taken(key: Any, score: AnyScore) -> Any:
            return (score, *(part.get(tally_of[key]) for part in parts.values())) if parts else score

        if table.scale.se_item is None:
            self._named(f"c{name}", {key: taken(key, score) for key, score in complete.items()})
        else:
            error = self._answer[table.scale.se_item]
            self._named("with_error", with_error)
            else_ = f"with_error({gaps}(a), {error})"
            if not parts and own == total:
                valued = {key: vars(score) for key, score in complete.items() if score.value is not None}
                self._named(f"b{name}", valued)
                self._named(f"c{name}", _Known())
                self._lines += [
                    "try:",
                    f"    {name} = c{name}[{own}, {error}]",
                    f"    if {name} is None:",
                    f"        d = b{name}[{own}].copy(); d['se'] = {error}",
                    f"        {name} = new(Score); put({name}, '__dict__', d)",
                    f"        if len(c{name}) < {_MOST_KEPT}: c{name}[{own}, {error}] = {name}",
                    f"except KeyError: {name} = {else_}",
                ]
                return
            self._named(f"c{name}", Kept(lambda key: taken(key[0], with_error(complete[key[0]], key[1]))))
            cell = f"c{name}[{own}, {error}]"
        self._lines += [
            f"try: {f't{name} = {total}; ' if own != total else ''}{targets} = {cell}",
            f"except (TypeError, KeyError): {''.join(f'{part} = ' for part in nothing)}None; {name} = {else_}"
            if nothing
            else f"except (TypeError, KeyError): {name} = {else_}",
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
            f"    d = {self._base(table)}.copy(); d['value'] = m / {table.denominator}; d['numerator'] = m",
            f"    {self._score[table.scale.id]} = new(Score); put({self._score[table.scale.id]}, '__dict__', d)",
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

    def _base(self, table: FormulaTable) -> str:
        """What a score holds, all but its value."""
        return self._named(f"b{self._score[table.scale.id]}", vars(_made(table, 0)))

    def _quotients(self) -> None:
        """Quotients whose items are all among those of another are worked out, and kept, together with that one."""
        own = [table for table in self.tables.values() if isinstance(table, QuotientTable)]
        groups: list[list[QuotientTable]] = []
        for table in sorted(own, key=lambda table: -table.size):
            with_it = (group for group in groups if set(table.items) <= set(group[0].items))
            if group := next(with_it, None):
                group.append(table)
            else:
                groups.append([table])
        for n, group in enumerate(groups):
            self._named(f"q{n}", Kept(_quotients(group, self.instrument)))
            scores = "".join(f"{self._score[table.scale.id]}, " for table in group)
            answers = "".join(f"{self._answer[item]}, " for item in group[0].items)
            self._lines.append(f"{scores}= q{n}[{answers}]")

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
    if _combinations(instrument, items) > _MOST_KEPT:
        return plan
    key = ", ".join(f"a[{item!r}]" for item in items)
    text = (
        f"def kept(a):\n    try: return known[{key}]\n    except KeyError: r = plan(a)\n"
        f"    known[{key}] = r\n    return r"
    )
    names: dict[str, Any] = {"plan": plan, "known": {}}
    exec(text, names)
    function: Callable[[Answers], Any] = names["kept"]
    return function


def _combinations(instrument: Instrument, items: Iterable[str]) -> int:
    """How many answers there are to some items, with gaps."""
    return prod(len(instrument.answers_of(item).codes) + 1 for item in items)


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
    held = vars(score).copy()
    held["se"] = error
    copy: Score = object.__new__(Score)
    object.__setattr__(copy, "__dict__", held)
    return copy


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


def _quotients(
    group: list[QuotientTable], instrument: Instrument
) -> Callable[[tuple[Any, ...]], tuple[Score, ...]]:
    """A function from the answers of the first of some quotients, which has the items of all, to all scores."""
    place = {item: position for position, item in enumerate(group[0].items)}
    per_unit = {item: instrument.answers_of(item).per_unit for item in group[0].items}
    names: dict[str, Any] = {
        "gcd": gcd, "new": object.__new__, "put": object.__setattr__, "Score": Score, "round": round,
    }  # fmt: skip
    lines = [
        "def quotients(answers):",
        "    " + "".join(f"v{position}, " for position in place.values()) + "= answers",
        *(
            f"    w{place[item]} = None if v{place[item]} is None else round(v{place[item]} * {unit})"
            for item, unit in per_unit.items()
            if unit > 1
        ),
    ]
    for n, table in enumerate(group):
        given = "".join(f"v{place[item]}, " for item in table.items)
        if len(group) > 1 and _combinations(instrument, table.items) <= _MOST_KEPT:
            names[f"q{n}"] = Kept(_quotients([table], instrument))
            lines.append(f"    s{n}, = q{n}[{given}]")
            continue
        steps = [f"{'w' if per_unit[item] > 1 else 'v'}{place[item]}" for item in table.items]
        refused = _refused(table, steps)
        # Where no answer of a product is missing, the cell follows from what refuses it and for whom it is.
        asked = "".join(f"{steps[position]}, " for position, _ in table.only_if)
        names[f"k{n}"] = {}
        names[f"c{n}"] = _cell_of(table, [per_unit[item] for item in table.items])
        names[f"b{n}"] = vars(
            Score(table.scale.id, None, None, None, table.size, table.size, table.rule.id, None, None, 1)
        )
        lines += [
            "    try: over, under = "
            + ", ".join(_total(products, steps) for products in (table.over, table.under)),
            f"    except TypeError: s{n} = c{n}(({given}))",
            "    else:",
            f"        if {' or '.join(refused)}:",
            f"            reason = {asked}{', '.join(refused)}",
            f"            s{n} = k{n}.get(reason) or k{n}.setdefault(reason, c{n}(({given})))",
            "        else:",
            "            shared = gcd(over, under); over //= shared; under //= shared",
            f"            d = b{n}.copy(); d['value'] = over / under; d['numerator'] = over; d['denominator'] = under",
            f"            s{n} = new(Score); put(s{n}, '__dict__', d)",
        ]
    lines.append("    return " + "".join(f"s{n}, " for n in range(len(group))))
    exec("\n".join(lines), names)
    function: Callable[[tuple[Any, ...]], tuple[Score, ...]] = names["quotients"]
    return function


def _cell_of(table: QuotientTable, per_unit: list[int]) -> Callable[[tuple[Any, ...]], Score]:
    """The score of a quotient from its table."""
    return lambda answers: table.cell(tuple(map(_steps, answers, per_unit)))


def _total(products: Iterable[tuple[int, tuple[int, ...]]], steps: list[str]) -> str:
    return " + ".join(
        " * ".join([str(times), *(steps[position] for position in places)]) for times, places in products
    )


def _refused(table: QuotientTable, steps: list[str]) -> list[str]:
    """As from the table: no value is below the lowest, above the highest, over 0, or of people it is not for."""
    low, high = table.limits
    return [
        "not under",
        *(f"{steps[position]} != {code}" for position, code in table.only_if),
        *([f"over * {low.denominator} < {low.numerator} * under"] if low > 0 else []),
        f"over * {high.denominator} > {high.numerator} * under",
    ]


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
        flags: tuple[Flag, ...] = ()
        for item, by_answer, unanswered in rules:
            if answers[item] is not None:
                flags += by_answer[answers[item]]
            elif started:
                flags += unanswered
        return flags

    return raised

"""The places of a Python file or a definition file where one small change would make another program or instrument.

Left out: docstrings, messages and whatever a `raise` says, type annotations, decorators, f-strings, and the prose of
definitions. What remains decides something, so a test should notice.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """One piece of a file and what may stand there instead."""

    file: str
    start: int
    """Offset of the piece in the bytes of the file, as `end`."""
    end: int
    instead: tuple[str, ...]
    lines: tuple[int, int]
    """First and last line of the statement it belongs to; (0, 0) where the import of the module runs it."""


@dataclass(frozen=True)
class Mutant:
    """One change of one place."""

    place: Place
    new: str

    def applied(self, content: bytes) -> bytes:
        """The file with the change."""
        return content[: self.place.start] + self.new.encode() + content[self.place.end :]

    def line(self, content: bytes) -> int:
        """Number of the line in which the change stands."""
        return content.count(b"\n", 0, self.place.start) + 1

    def before_and_after(self, content: bytes) -> tuple[str, str]:
        """The changed lines, stripped."""
        first = content.rfind(b"\n", 0, self.place.start) + 1
        last = content.find(b"\n", self.place.end)
        old = content[first:last].decode()
        new = content[first : self.place.start] + self.new.encode() + content[self.place.end : last]
        return " ".join(old.split()), " ".join(new.decode().split())


COMPARE: dict[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Lt: (r"<", ("<=", ">")),
    ast.LtE: (r"<=", ("<", ">=")),
    ast.Gt: (r">", (">=", "<")),
    ast.GtE: (r">=", (">", "<=")),
    ast.Eq: (r"==", ("!=",)),
    ast.NotEq: (r"!=", ("==",)),
    ast.In: (r"in\b", ("not in",)),
    ast.NotIn: (r"not\s+in\b", ("in",)),
    ast.Is: (r"is\b", ("is not",)),
    ast.IsNot: (r"is\s+not\b", ("is",)),
}
BINARY: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
    ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "floor": "ceil", "ceil": "floor"}
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class _Python(ast.NodeVisitor):
    def __init__(self, file: str, content: bytes) -> None:
        self.file, self.content = file, content
        self.places: list[Place] = []
        self.starts = [0]
        for line in content.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.inside = 0
        self.lines = (0, 0)

    def offset(self, line: int | None, column: int | None) -> int:
        assert line is not None
        assert column is not None
        return self.starts[line - 1] + column

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def add(self, start: int, end: int, *instead: str) -> None:
        self.places.append(
            Place(self.file, start, end, instead, self.lines if self.inside else (0, 0)),
        )

    def between(self, left: ast.expr, right: ast.expr, operator: str) -> tuple[int, int] | None:
        """Where an operator stands, parentheses and comments around it left out."""
        start, end = self.span(left)[1], self.span(right)[0]
        gap = re.sub(rb"#[^\n]*", lambda comment: b" " * len(comment[0]), self.content[start:end])
        found = re.search(operator.encode(), gap)
        return (start + found.start(), start + found.end()) if found else None

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else node.end_lineno
            self.lines = (node.lineno, max(node.lineno, last or node.lineno))
        super().visit(node)

    def skip(self, node: ast.AST) -> None:
        """Messages, annotations and text: nothing in here is changed."""

    visit_Raise = visit_JoinedStr = visit_Assert = visit_Import = visit_ImportFrom = skip

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.inside += 1
        for part in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
            self.inside -= 1
            self.visit(part)
            self.inside += 1
        for statement in node.body:
            self.visit(statement)
        self.inside -= 1

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            self.visit(statement)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        self.condition(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self.condition(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.condition(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self.condition(test)
        self.generic_visit(node)

    def condition(self, test: ast.expr) -> None:
        if isinstance(test, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
            start, end = self.span(test)
            self.add(start, end, f"(not {self.content[start:end].decode()})")

    def visit_Compare(self, node: ast.Compare) -> None:
        for left, op, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            operator, instead = COMPARE[type(op)]
            if found := self.between(left, right, operator):
                self.add(*found, *instead)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        # `A | B` of two classes is a type, not arithmetic.
        classes = isinstance(node.op, ast.BitOr) and all(
            isinstance(side, ast.Name) and side.id[0].isupper() for side in (node.left, node.right)
        )
        if type(node.op) in BINARY and not classes:
            operator, instead = BINARY[type(node.op)]
            if found := self.between(node.left, node.right, re.escape(operator)):
                self.add(*found, instead)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if type(node.op) in BINARY and isinstance(node.target, ast.Name | ast.Subscript | ast.Attribute):
            operator, instead = BINARY[type(node.op)]
            if found := self.between(node.target, node.value, re.escape(operator + "=")):
                self.add(*found, instead + "=")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        word, instead = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            if found := self.between(left, right, rf"\b{word}\b"):
                self.add(*found, instead)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not | ast.Invert):
            self.add(self.span(node)[0], self.span(node.operand)[0], "")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not isinstance(node.value, ast.Constant):
            self.add(*self.span(node.value), "None")
        self.generic_visit(node)

    def visit_Break(self, node: ast.Break) -> None:
        self.add(*self.span(node), "continue")

    def visit_Continue(self, node: ast.Continue) -> None:
        self.add(*self.span(node), "break")

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if value is True or value is False:
            self.add(*self.span(node), str(not value))
        elif isinstance(value, int):
            self.add(*self.span(node), str(value + 1), *([str(value - 1)] if value > 0 else []))
        elif isinstance(value, float):
            self.add(*self.span(node), repr(value * 1.1) if value else "1.0")

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ("warn", "cast", "TypeVar"):
            return
        if name in CALLS:
            end = self.span(node.func)[1]
            self.add(end - len(name), end, CALLS[name])
        for part in [node.func, *node.args, *node.keywords]:
            # `strict` of zip() guards against a mistake of ours, no input reaches it.
            if not (name == "zip" and isinstance(part, ast.keyword)):
                self.visit(part)


def python_places(file: str, content: bytes) -> list[Place]:
    """Every place of a module: comparisons, operators, constants, conditions, what is returned."""
    found = _Python(file, content)
    found.visit(ast.parse(content))
    return found.places


EVIDENCE = ("2+", "1", "derived", "unverified")
LABELS = {"label", "of", "options", "low", "high", "bands"}
PROSE = {"id", "key", "class", "note", "about", "title", "cite", "doi", "gist", "wording"}
DECIDE = {
    "worse",
    "edge",
    "kind",
    "direction",
    "missing",
    "pick",
    "how",
    "is",
    "scope",
    "column",
    "status",
    "item",
}
"""Keys whose words are chosen from a list: another word of the same key is another rule."""

_KEY = re.compile(
    r'(?:^|[{,\s])([A-Za-z_0-9]+)\s*=(?!=)\s*|("(?:[^"\\]|\\.)*")|(#.*)|(true|false)\b|(-?\d+(?:\.\d+)?)'
)


def toml_places(file: str, content: bytes, others: dict[str, set[str]]) -> list[Place]:
    """Every number, code, label, mark, source and deciding word of a definition.

    Parameters
    ----------
    file, content
        The file and its bytes.
    others
        For each key the words that stand with it in any definition, as `toml_words` collects them.
    """
    places = []
    own = {token[1:-1] for key, token, _, _ in _tokens(content) if key == "key" and token[0] == '"'}
    others = {**others, "source": own}
    for key, token, start, end in _tokens(content):
        if token[0] == '"':
            if instead := _other_words(key, token[1:-1], others):
                places.append(Place(file, start + 1, end - 1, instead, (0, 0)))
        elif token in ("true", "false"):
            places.append(Place(file, start, end, ("false" if token == "true" else "true",), (0, 0)))
        else:
            places.append(Place(file, start, end, _other_numbers(token), (0, 0)))
    return places


def toml_words(contents: list[bytes]) -> dict[str, set[str]]:
    """For each key of the definitions the words that stand with it."""
    words: dict[str, set[str]] = {}
    for content in contents:
        for key, token, _, _ in _tokens(content):
            if token[0] == '"':
                words.setdefault(key, set()).add(token[1:-1])
    return words


def _tokens(content: bytes) -> Iterator[tuple[str, str, int, int]]:
    """Key, token, and where the token stands; the file is read as Latin-1, so that offsets are those of bytes."""
    text, key, at = content.decode("latin-1"), "", 0
    for line in text.splitlines(keepends=True):
        if not line.startswith("["):
            for match in _KEY.finditer(line):
                if match[1]:
                    key = match[1]
                elif match[2] or match[4] or match[5]:
                    token = match[2] or match[4] or match[5]
                    start = match.start(2 if match[2] else 4 if match[4] else 5)
                    yield key, token, at + start, at + start + len(token)
        at += len(line)


def _other_words(key: str, word: str, others: dict[str, set[str]]) -> tuple[str, ...]:
    if re.fullmatch(r"(LA)?\d+-\d", word):
        return (_another_loinc(word),)
    if key == "evidence" or key == "loinc_evidence":
        return tuple(mark for mark in EVIDENCE if mark != word)
    if key == "source" or key in DECIDE:
        return tuple(sorted(others[key] - {word}))
    return (word + "s",) if key in LABELS and key not in PROSE else ()


def _other_numbers(token: str) -> tuple[str, ...]:
    whole, _, decimals = token.partition(".")
    if not decimals:
        return (str(int(whole) + 1), *([str(int(whole) - 1)] if int(whole) > 0 else []))
    step = 10 ** -len(decimals)
    return (f"{float(token) + step:.{len(decimals)}f}", f"{float(token) - step:.{len(decimals)}f}")


def _another_loinc(code: str) -> str:
    """The next code whose check digit is right, so that only its meaning is wrong."""
    prefix, number = ("LA", code[2:-2]) if code.startswith("LA") else ("", code[:-2])
    following = prefix + str(int(number) + 1)
    # Luhn: every second digit from the right is doubled; the letters LA count by their ASCII code less 48.
    total = 0
    for position, character in enumerate(reversed(following)):
        value = ord(character) - 48
        total += value if position % 2 else 2 * value - value // 5 * 9
    return f"{following}-{-total % 10}"


def sample(places: list[Place], n: int, seed: int) -> list[Mutant]:
    """So many of the places, each with one of its changes; the same for the same seed and the same files."""
    chance = random.Random(seed)
    chosen = chance.sample(places, min(n, len(places)))
    return [Mutant(place, chance.choice(place.instead)) for place in chosen]

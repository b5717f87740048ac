"""Messages of the command line name options, not the arguments of Python, whatever function they come from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ipm_outcomes
from ipm_outcomes.cli import main
from ipm_outcomes.cli._named import in_options, options_of

COMMANDS = (
    *(["score"], ["check"], ["change"], ["report"], ["audit"], ["patient"], ["read"], ["redcap"]),
    *(["fhir", "score"], ["fhir", "questionnaire"], ["instruments"], ["show"], ["table"], ["demo"]),
)
OPTIONS = {" ".join(words): options_of(words) for words in COMMANDS}
PEG = "patient_id,date,peg_pain,peg_enjoyment,peg_activity\na,01/02/2024,8,7,6\na,01/03/2024,4,3,2\n"
PYTHON = re.compile(r"\b[a-z_]+=(…|True|None|[\[{'\"])")


def test_the_options_of_each_command_are_known() -> None:
    assert OPTIONS["report"]["date_format"] == "--date-format"
    assert OPTIONS["report"]["targets"] == "--target"
    assert "targets" not in OPTIONS["score"]
    assert OPTIONS["score"]["path"] == "-o"
    assert "invalid" in OPTIONS["score"]
    assert "invalid" not in OPTIONS["change"]


@pytest.mark.parametrize(
    ("command", "library", "here"),
    [
        ("score", "invalid is 'raise' or 'null'", "--invalid is 'raise' or 'null'"),
        ("score", "x: give invalid='null' to go on", "x: give --invalid null to go on"),
        ("score", "already there; score it again with replace=True, or drop it",
         "already there; score it again with --replace, or drop it"),
        ("change", "as_of: give a date", "--as-of: give a date"),
        ("change", "targets: two overlap; narrow one of them, or allow it with overlap=True",
         "--target: two overlap; narrow one of them"),
        ("report", "strata: no ledger with it", "--strata: no ledger with it"),
        ("report", "date: the dates cannot be read (date_format=…)", "date: the dates cannot be read (--date-format)"),
        ("score", "the frame has no column 'date_format'", "the file has no column 'date_format'"),
        ("patient", "patient_id: row 1 has none", "patient_id: row 1 has none"),
        ("score", "not_answered: 10 is an answer; give a mapping from instrument id to what means it there",
         "--not-answered: 10 is an answer; write --not-answered ID=VALUE for each instrument"),
    ],
)  # fmt: skip
def test_arguments_become_options(command: str, library: str, here: str) -> None:
    assert in_options(library, OPTIONS[command]) == here


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["score", "in.csv", "--instrument", "peg", "--not-answered", "10"], "--not-answered: 10 is an answer"),
        (["score", "in.csv", "--instrument", "phq9"], "name them with --columns"),
        (["score", "in.csv", "--instrument", "peg", "--columns", "pattern"], "--columns: the pattern"),
        (["score", "again.csv", "--instrument", "peg"], "score it again with --replace, or"),
        (["change", "in.csv", "--date-format", "%m/%d/%Y", "--as-of", "soon"], "--as-of: give a date"),
        (["change", "in.csv", "--date-format", "%"], "--date-format: give a strptime pattern"),
        (["change", "in.csv"], "(--date-format)"),
        (["report", "in.csv"], "(--date-format)"),
        (["change", "in.csv", "--date-format", "%m/%d/%Y", "--target", "a=30:1..60", "--target", "b=40:1..60"],
         "--target: the windows of 'a' and 'b' overlap"),
        (["patient", "in.csv", "--patient-id", "a", "-o", "p.html"], "or give --date-format"),
        (["report", "in.csv", "--date-format", "%m/%d/%Y", "-o", "r.html", "--title", " "], "--title: give a text"),
        (["report", "in.csv", "--date-format", "%m/%d/%Y", "-o", "r.html", "--made-by", " "], "--made-by: give a text"),
        (["patient", "in.csv", "--patient-id", "a", "--date-format", "%m/%d/%Y", "-o", "p.html", "--made-by", " "],
         "--made-by: give a text"),
    ],
)  # fmt: skip
def test_what_is_said_can_be_typed(
    words: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_text(PEG, encoding="utf-8")
    Path("again.csv").write_text("peg_pain,peg_enjoyment,peg_activity,peg_mean\n1,2,3,9\n", encoding="utf-8")
    assert main(words) in (1, 2)
    err = capsys.readouterr().err
    assert told in err
    assert not PYTHON.search(err), err


def raised() -> Iterator[str]:
    """The words of every error of the library, with a name where one is filled in."""
    for path in sorted(Path(ipm_outcomes.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args):
                continue
            first = node.exc.args[0]
            parts = first.values if isinstance(first, ast.JoinedStr) else [first]
            words = [part.value if isinstance(part, ast.Constant) else "name" for part in parts]
            if any(isinstance(word, str) and " " in word for word in words):
                yield "".join(map(str, words))


def test_no_error_names_an_argument_of_python_where_there_is_an_option() -> None:
    """Over the words of every error, as each command would say them."""
    messages = list(raised())
    assert len(messages) > 400
    left = []
    for command, options in OPTIONS.items():
        for message in messages:
            here = in_options(message, options)
            for name, option in options.items():
                if re.search(rf"\b{name}=", here):
                    left.append(f"{command}: {here}")
                if (
                    "_" in name
                    and name != "patient_id"
                    and re.search(rf"(?<![\w'\"-]){name}(?![\w'\"])", here)
                ):
                    left.append(f"{command}: {name} for {option}: {here}")
    assert not left, "\n".join(sorted(set(left))[:20])

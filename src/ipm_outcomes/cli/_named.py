"""Messages of the library in the words of the command line: options where the library names its arguments.

The library says ``columns=…`` and ``date_format: …``; a reader of the command line has ``--columns`` and
``--date-format``. All commands pass their messages through here, so that the library need not know of options.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from importlib import import_module
from typing import Any

ALSO = {"targets": "--target", "instruments": "--instrument", "path": "-o", "baseline": "--baseline-days"}
"""Arguments whose option has another name."""
_COLUMNS = ("id", "date", "visit", "site", "patient_id")
"""Options that name a column: the same word at the head of a message is the column."""
_WAYS_OUT = (
    (
        "give a mapping from instrument id to what means it there",
        "write --not-answered ID=VALUE for each instrument",
    ),
)
_VALUE = r"""(?:…|True|False|None|"[^"]*"|'[^']*'|\{[^{}]*\}|\[[^\[\]]*\]|[\w.-]+|(?=[\s,;.)]|$))"""


def options_of(arguments: Sequence[str]) -> dict[str, str]:
    """The arguments of the command that was called, with the options that give them; empty where there is none."""
    # By its name, for the commands themselves come here when something goes wrong.
    _, apps, _ = import_module("ipm_outcomes.cli._app").app.parse_commands(list(arguments))
    if apps[-1].default_command is None:
        return {}
    options: dict[str, str] = {}
    for argument in apps[-1].assemble_argument_collection():
        for name in argument.names:
            if name.startswith("--"):
                options[name[2:].replace("-", "_")] = name
    if "output" in options:
        options["output"] = "-o"
    return options | {name: option for name, option in ALSO.items() if option in (*options.values(), "-o")}


def in_options(message: str, options: dict[str, str]) -> str:
    """The message with options in the place of arguments.

    >>> in_options("columns: nothing; name them with columns=…", {"columns": "--columns"})
    '--columns: nothing; name them with --columns'
    >>> in_options("give invalid='null' or date_format", {"invalid": "--invalid", "date_format": "--date-format"})
    'give --invalid null or --date-format'
    """
    if not options:
        return message
    for library, here in _WAYS_OUT:
        message = message.replace(library, here)
    message = re.sub(r"\b([Tt]he|[Aa]) frame\b", r"\1 file", message)
    message = _without_others(message, options)
    message = re.sub(rf"\b([a-z][a-z_]*)=({_VALUE})", lambda match: _option(match, options), message)
    head = re.match(r"([a-z][a-z_]*)(: | is | must | lies )", message)
    if head and head[1] in options and head[1] not in _COLUMNS:
        message = f"{options[head[1]]}{message[len(head[1]) :]}"
    several = [name for name in options if "_" in name and name not in _COLUMNS]
    if several:
        names = "|".join(sorted(several, key=len, reverse=True))
        message = re.sub(rf"(?<![\w'\"-])({names})(?![\w'\"])", lambda match: options[match[1]], message)
    return message


def _option(match: re.Match[str], options: dict[str, str]) -> str:
    """An argument with its value, as it is written here."""
    if match[1] not in options:
        return match[0]
    option, value = options[match[1]], match[2]
    if value[:1] in ("'", '"'):
        return f"{option} {value[1:-1]}"
    return option if value in ("", "…", "True") or value[0] in "{[" else f"{option} {value}"


def _without_others(message: str, options: Collection[str]) -> str:
    """Without ways out that there are in Python only: ", or allow it with overlap=True"."""

    def kept(clause: re.Match[str]) -> str:
        return clause[0] if clause[1] in options else ""

    return re.sub(rf",? or (?:[a-z]+ )+([a-z][a-z_]*)=(?:{_VALUE})", kept, message)


def named(message: str, arguments: Sequence[str]) -> str:
    """The message of a command, for whoever called it so."""
    try:
        options: dict[str, Any] = options_of(arguments)
    except Exception:  # a command that there is not: the message is about that
        return message
    return in_options(message, options)

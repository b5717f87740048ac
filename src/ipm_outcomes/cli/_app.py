"""The commands of the program, gathered from the modules that hold them."""

from __future__ import annotations

from cyclopts import App, Parameter

from ipm_outcomes._version import __version__
from ipm_outcomes.cli import (
    _audit,
    _change,
    _definitions,
    _demo,
    _fhir,
    _patient,
    _read,
    _redcap,
    _report,
    _score,
)

app = App(
    name="ipm-outcomes",
    help="Patient-reported outcomes in pain care: answers to scores, scores to change, change to a report.",
    help_epilogue="Exit codes: 0 fine, 1 problems in the data, 2 wrong usage.",
    version=__version__,
    result_action="return_value",
    suppress_keyboard_interrupt=False,
    default_parameter=Parameter(negative=()),
)
for command in (
    _demo.demo,
    _definitions.instruments,
    _definitions.show,
    _definitions.table,
    _read.read,
    _score.check,
    _score.score,
    _audit.audit,
    _change.change,
    _report.report,
    _patient.patient,
    _redcap.redcap,
):
    app.command(command)
app.command(_fhir.app)

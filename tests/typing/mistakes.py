# pyright: strict, reportUnknownMemberType=false, reportUnusedExpression=false
# ruff: noqa: B018
"""Mistakes that type checkers must find, never run. `# expect:` names who reports what on the line."""

import polars as pl

from ipm_outcomes import GAD7, PEG, PHQ9, PROMIS29, between, change, frames, program, score

response = PHQ9(q1=1)
scores = score(response)

PHQ9(q10=1)  # expect: mypy call-arg, pyright reportCallIssue
PHQ9(q1="2")  # expect: mypy arg-type, pyright reportArgumentType
PHQ9(q1=1.5)  # expect: mypy arg-type, pyright reportArgumentType
PHQ9(1, 2)  # expect: mypy call-arg, pyright reportCallIssue
PROMIS29(pfa12=1)  # expect: mypy call-arg, pyright reportCallIssue
PEG(pain=None, enjoymemt=3)  # expect: mypy call-arg, pyright reportCallIssue
PHQ9.from_labels(q0="Not at all")  # expect: mypy call-arg, pyright reportCallIssue
PHQ9.from_labels(q1=1.5)  # expect: mypy arg-type, pyright reportArgumentType
response.q1 = 2  # expect: mypy misc
response.q10  # expect: mypy attr-defined, pyright reportAttributeAccessIssue
scores.totl  # expect: mypy attr-defined, pyright reportAttributeAccessIssue
scores.anxiety  # expect: mypy attr-defined, pyright reportAttributeAccessIssue
scores.total.se + 1  # expect: mypy operator, pyright reportOptionalOperand
scores.total.value + 1  # expect: mypy operator, pyright reportOptionalOperand
scores.total.value = 3.0  # expect: mypy misc, pyright reportAttributeAccessIssue
scores.syndrome.band  # expect: mypy attr-defined, pyright reportAttributeAccessIssue
score(response, mising="prorate")  # expect: mypy call-arg, pyright reportCallIssue
score(response, missing=2)  # expect: mypy arg-type, pyright reportArgumentType
score({"q1": 1})  # expect: mypy arg-type, pyright reportArgumentType
frames.score(object(), "phq9", invalid="drop")  # expect: mypy arg-type, pyright reportArgumentType
frames.score(object(), "phq9", coding="positions")  # expect: mypy arg-type, pyright reportArgumentType
frames.check(object(), 9)  # expect: mypy arg-type, pyright reportArgumentType
text: str = scores.total.value  # expect: mypy assignment, pyright reportAssignmentType
frames.score(pl.DataFrame(), "phq9").iloc  # expect: mypy attr-defined, pyright reportAttributeAccessIssue
program.table(pl.DataFrame()).iloc  # expect: mypy attr-defined, pyright reportAttributeAccessIssue
change.table(pl.DataFrame().lazy()).height  # expect: mypy attr-defined, pyright reportAttributeAccessIssue
between(scores, score(GAD7(q1=1)))  # expect: mypy misc, pyright reportArgumentType
between(scores, scores).totl  # expect: mypy attr-defined, pyright reportAttributeAccessIssue
between(scores, scores).syndrome.direction  # expect: mypy attr-defined, pyright reportAttributeAccessIssue
between(scores, scores).total.improvement + 1  # expect: mypy operator, pyright reportOptionalOperand
scores[0]  # expect: mypy index, pyright reportIndexIssue

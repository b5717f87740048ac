"""Follow-up targets as the depression measures, and those of NHS Talking Therapies, ask for them."""

from __future__ import annotations

from ipm_outcomes.change import Target

DEPRESSION_TARGETS = (
    Target("CBE 6 months", months=6, slack=60, pick="latest", origin="baseline"),
    Target("CBE 12 months", months=12, slack=60, pick="latest", origin="baseline"),
    Target("DRR-E", day=180, days=(120, 240), pick="latest", origin="baseline"),
)
"""The windows of CBE 0711 and 1884, of CBE 0710 and 1885, and of HEDIS DRR-E, counted from the baseline.

They overlap each other: give ``overlap=True`` to `ipm_outcomes.change.table`.
"""

COURSE_TARGETS = (Target("course", day=182, days=(1, 730), pick="latest", origin="baseline"),)
"""The last score of a course of up to two years, for the figures of NHS Talking Therapies.

Give ``baseline=change.Baseline(pick="first")`` to `ipm_outcomes.change.table` with it, and scores of the course only.
"""

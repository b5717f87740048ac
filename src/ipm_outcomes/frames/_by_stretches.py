"""Kinds of frames that are scored a stretch of rows at a time, each with what does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ipm_outcomes.frames._duckdb import is_duckdb
from ipm_outcomes.frames._lazy import is_lazy, score_lazily
from ipm_outcomes.frames._relation import score_relation
from ipm_outcomes.frames._spark import score_spark
from ipm_outcomes.frames._spark_kind import is_spark
from ipm_outcomes.frames._stretches import Scoring

Scorer = Callable[[Any, Scoring, Callable[[int], None] | None], Any]

SCORERS: tuple[tuple[Callable[[Any], bool], Scorer], ...] = (
    (is_lazy, score_lazily),
    (is_duckdb, score_relation),
    (is_spark, score_spark),
)

"""Data frames of answers to data frames of scores; any of pandas, Polars, PyArrow, DuckDB, the same kind out."""

from ipm_outcomes.frames._check import check
from ipm_outcomes.frames._export import spreadsheet_safe
from ipm_outcomes.frames._inspect import inspect
from ipm_outcomes.frames._score import score
from ipm_outcomes.frames._tidy import tidy

__all__ = ["check", "inspect", "score", "spreadsheet_safe", "tidy"]

"""What a value from outside is as an answer, decided in one place for response classes and frames."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational, Real
from typing import Any, NamedTuple

SAS_ZERO_LOW, SAS_ZERO_HIGH = 5.3975e-79, 5.3977e-79
"""Around 16 ** -65, which some readers make of a zero of a SAS transport file, also written with fewer digits."""

NOT_ALLOWED = "answer_not_allowed"
NOT_WHOLE = "answer_not_whole"
TOO_FINE = "answer_too_fine"
IS_BOOLEAN = "answer_is_boolean"
IS_TEXT = "answer_is_text"
WRONG_KIND = "answer_wrong_kind"

_SHOWN = 10**15


class Read(NamedTuple):
    """A value as it was read: a whole number of steps; or nothing (not answered) where neither part is given; or a
    problem.

    ``problem`` is a stable code. ``shown`` is what a message may show: a number, never text.
    """

    number: int | None = None
    problem: str | None = None
    shown: str | None = None


BLANK = Read()


def read(value: object, per_unit: int = 1) -> Read:
    """Read one value as a number of steps, of which so many make one (10 for answers in tenths).

    None, NaN, NaT, ``pandas.NA``, a masked value and blank text are not answered. Whole numbers of steps, of any real
    type, are numbers; truth values, other text, finer fractions and everything else are problems. Nothing is rounded:
    a float is the decimal that it prints as.
    """
    if value is None:
        return BLANK
    if isinstance(value, str):
        return Read(problem=IS_TEXT) if value.strip() else BLANK
    kind = type(value).__name__
    if kind in ("NAType", "NaTType", "MaskedConstant") or (
        kind in ("datetime64", "timedelta64") and value != value
    ):
        return BLANK
    if isinstance(value, bool) or kind in ("bool", "bool_"):
        return Read(problem=IS_BOOLEAN)
    if isinstance(value, Integral):
        return Read(int(value) * per_unit, shown=_shown(int(value)))
    if isinstance(value, (Real, Decimal)):
        return _read_real(value, per_unit)
    return Read(problem=WRONG_KIND)


def read_text(text: str, per_unit: int = 1) -> Read:
    """Read a number that is written as text, exactly as it is written; other text is a problem."""
    stripped = text.strip()
    if not stripped:
        return BLANK
    # No underscores and no words such as nan, which Python would take for numbers as well.
    if set(stripped) <= set("+-.0123456789eE") and len(stripped) < 400:
        try:
            return _read_real(Decimal(stripped), per_unit)
        except ArithmeticError:
            pass
    return Read(problem=IS_TEXT)


def _read_real(value: Real | Decimal, per_unit: int) -> Read:
    broken = NOT_WHOLE if per_unit == 1 else TOO_FINE
    if isinstance(value, Decimal) and value.is_nan():
        return BLANK
    if isinstance(value, Decimal) and abs(value.adjusted()) > 400:
        return Read(problem=broken)
    exact: Any = value if isinstance(value, (Decimal, Rational)) else float(value)
    if exact != exact:
        return BLANK
    if abs(exact) == float("inf"):
        return Read(problem=broken, shown=f"{float(exact):g}")
    if SAS_ZERO_LOW < exact < SAS_ZERO_HIGH:
        return Read(0, shown="0")
    whole = int(exact)
    if whole == exact:
        return Read(whole * per_unit, shown=_shown(whole))
    shown = f"{float(exact):g}"
    if per_unit == 1:
        return Read(problem=NOT_WHOLE, shown=shown)
    steps = _as_written(value) * per_unit
    if steps.denominator != 1:
        return Read(problem=TOO_FINE, shown=shown)
    return Read(steps.numerator, shown=shown)


def _as_written(value: Real | Decimal) -> Fraction:
    """The decimal that a float prints as at its own width: 63.1, and not the binary fraction nearest to it."""
    if isinstance(value, (Decimal, Rational)):
        return Fraction(value)
    return Fraction(repr(float(value)) if isinstance(value, float) else str(value))


def _shown(number: int) -> str:
    return str(number) if abs(number) < _SHOWN else "a number of more than 15 digits"

"""Numbers and names in plain words: rounding once, for display, and text that is safe inside HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from html import escape

from ipm_outcomes.errors import printable

HIDDEN = "not shown"
"""What is printed in place of a number that disclosure control withholds."""
OF_POINTS = 1
"""Decimals of means and of their limits."""
_POSSIBLE = r"[\d,]+ to [\d,]+ of [\d,]+"
"""What is printed in place of a number of which limits follow from what is shown."""
NONE = "–"
"""What is printed where there is nothing to show."""


def withheld(cell: str) -> bool:
    """Whether a cell of a table shows no figure."""
    return cell == NONE or cell.startswith(HIDDEN) or re.fullmatch(_POSSIBLE, cell) is not None


def safe(text: object) -> str:
    """Text from data, for HTML: escaped, and without control characters."""
    return escape(printable(str(text)), quote=True)


def rounded(value: float | Fraction, decimals: int) -> str:
    """A number rounded half away from zero, as spreadsheets do; minus zero is zero."""
    text = str(_quantized(value, decimals))
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def as_printed(value: float, decimals: int) -> float:
    """The number that `rounded` prints."""
    return float(_quantized(value, decimals))


def _quantized(value: float | Fraction, decimals: int) -> Decimal:
    exact = (
        Decimal(value.numerator) / value.denominator
        if isinstance(value, Fraction)
        # Without the last digits, which depend on the order in which numbers were added up.
        else Decimal(f"{float(value):.12g}")
    )
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def signed(value: float, decimals: int = OF_POINTS) -> str:
    """A number with its sign."""
    text = rounded(value, decimals)
    return text if text.startswith("−") or float(text) == 0 else f"+{text}"


def percent(share: float | Fraction, decimals: int = 1) -> str:
    """A share in percent."""
    hundred = share * 100 if isinstance(share, Fraction) else Decimal(repr(float(share))) * 100
    value = hundred if isinstance(hundred, Fraction) else Fraction(hundred)
    return f"{rounded(value, decimals)} %"


def count(value: int | None) -> str:
    """A count with thousands separated."""
    return HIDDEN if value is None else f"{value:,}"


def listed(words: Sequence[str]) -> str:
    """Words as one phrase: "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def plural(n: int, singular: str, many: str) -> str:
    """A count with its noun."""
    return f"{count(n)} {singular if n == 1 else many}"


def were(n: int) -> str:
    """The verb behind a count."""
    return "was" if n == 1 else "were"

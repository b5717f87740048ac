"""What one value is as an answer, at the edges between an answer, none, and a problem."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from ipm_outcomes.answers import Read, read, read_text

ZERO_OF_SAS = 5.397605346934028e-79
"""IBM floating point zero as readers that know only IEEE floats return it: 16 to the power -65."""


def test_the_zero_of_sas() -> None:
    assert ZERO_OF_SAS == 16.0**-65
    assert read(ZERO_OF_SAS) == Read(0, shown="0")
    # Written with four digits or more, it is still known; the neighbors are no whole numbers.
    for text in ("5.3976e-79", "5.39761e-79", "5.397605346934028e-79"):
        assert read_text(text) == Read(0, shown="0")
    for text in ("5.397e-79", "5.398e-79", "1e-79", "-5.3976e-79"):
        assert read_text(text).problem == "answer_not_whole"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3),
        (" 3 ", 3),
        ("+3", 3),
        ("-9", -9),
        ("3.0", 3),
        ("30e-1", 3),
        ("0.3E1", 3),
        ("3.", 3),
        ("-0", 0),
    ],
)
def test_numbers_written_as_text(text: str, number: int) -> None:
    assert read_text(text) == Read(number, shown=str(number))


@pytest.mark.parametrize("text", ["nan", "inf", "1_000", "0x1", "three", "1 2", "3,0", "e", "--3", "9" * 400])
def test_text_that_is_no_number(text: str) -> None:
    assert read_text(text) == Read(problem="answer_is_text")


def test_long_numbers_are_not_printed() -> None:
    long = "a number of more than 15 digits"
    assert read_text("9" * 399) == Read(int("9" * 399), shown=long)
    assert read(10**15 - 1) == Read(10**15 - 1, shown="9" * 15)
    assert read(10**15).shown == read(-(10**15)).shown == long
    assert read(1 - 10**15).shown == "-" + "9" * 15


@pytest.mark.parametrize(
    "value", [1.5, Decimal("0.1"), Fraction(1, 3), float("inf"), Decimal("1e-300"), Decimal("1e401")]
)
def test_no_whole_number(value: object) -> None:
    assert read(value).problem == "answer_not_whole"


def test_whole_numbers_of_any_type() -> None:
    assert [read(value).number for value in (2, 2.0, Decimal(2), Fraction(4, 2), Decimal("2e0"))] == [2] * 5
    assert read(Decimal("1e400")).number == 10**400


@pytest.mark.parametrize("value", [None, float("nan"), Decimal("nan"), "", " \t\n"])
def test_nothing(value: object) -> None:
    assert read(value) == Read()


def test_what_is_no_number_at_all() -> None:
    assert read(True).problem == read(False).problem == "answer_is_boolean"
    assert read("3").problem == "answer_is_text"
    assert [read(value).problem for value in (b"3", [3], object(), 3j)] == ["answer_wrong_kind"] * 4

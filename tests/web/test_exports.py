"""Cells that spreadsheets open without running anything."""

import pytest

from webapp.web.exports import cell

FORMULAS = (
    *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\tx", "\rx"),
    *(" =1", "\u00a0=1", "\u3000=1", "\u200b=1", "\ufeff=1", "\x00=1", "\x1f=1", "\u202e=1", "\u0301=1"),
    *('"=1', "'=1", " \" '=1", "\u201c=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x", "\ufe631", "\u208a1", "\u22121"),
)


@pytest.mark.parametrize("text", FORMULAS)
def test_what_begins_like_a_formula_gets_an_apostrophe(text: str) -> None:
    """Also after what can't be seen, after quotes, and in full-width letters (OWASP, CSV injection)."""
    assert cell(text).startswith("'")
    assert text.replace("'", "") == cell(text).replace("'", "")


@pytest.mark.parametrize(
    ("text", "made"), [("a;=1", "a;'=1"), ("a, +1", "a,' +1"), ("a\t@x", "a\t'@x"), ("a\n=1", "a\n'=1")]
)
def test_another_separator_begins_no_formula_either(text: str, made: str) -> None:
    """A spreadsheet set to semicolons or tabs cuts a line elsewhere than we do."""
    assert made == cell(text)


@pytest.mark.parametrize("text", ["Lea Brunner", "a-b@c.example", "2 = 1 + 1", "O'Hara", "Müller, A", "", "x" * 9000])
def test_other_text_stays_as_it_is(text: str) -> None:
    """To the letter."""
    assert text == cell(text)


def test_numbers_and_nothing() -> None:
    """What is missing is empty, and nought is a number."""
    assert ("3", "0", "") == (cell(3), cell(0), cell(None))

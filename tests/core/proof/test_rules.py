"""What somebody typed where a second factor is asked for."""

import pytest

from webapp.core.proof.rules import AuthenticationCode, BackupCode, read_entry


@pytest.mark.parametrize(
    "text", ["012345", " 012345", "012 345", "012-345\n", "0-1-2-3-4-5", "012\u00a0345", "012–345"]
)
def test_a_code_may_carry_spaces_and_dashes(text: str) -> None:
    """Apps show it in two groups."""
    assert AuthenticationCode("012345") == read_entry(text)


@pytest.mark.parametrize("text", ["k7qd-omxi-4v9t-zb2h", "K7QD 0MX1 4V9T ZB2H", "K7QD0MXL4V9TZB2H"])
def test_a_backup_code_in_the_code_field_just_works(text: str) -> None:
    """Its shape alone says which it is."""
    assert BackupCode("K7QD0MX14V9TZB2H") == read_entry(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "12345",
        "50471",
        "1234567",
        "+50471",
        "１２３４５６",
        "٠٥٠٤٧١",
        "05047\u200b1",
        "null",
        "[]",
        "9" * 5000,
        "123456\x00",
        "' OR 1=1 --",
        "\udc80",
        "K7QD-0MX1-4V9T-ZB2",
    ],
)
def test_anything_else_is_malformed(text: str) -> None:
    """D-06, D-87: it is neither, and costs no guess."""
    assert read_entry(text) is None

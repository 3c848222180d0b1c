"""The two halves of a repair pass: what one looks like, how it is read back, when two are the right ones."""

import base64
from datetime import timedelta

import pytest

from webapp.core.entries import ALPHABET
from webapp.core.repairs import rules

HALF = "K7QD0MX14V9TZB2H"


def test_a_pass_lives_24_hours() -> None:
    """The number that mails and pages name."""
    assert timedelta(hours=24) == rules.LIFE


def test_a_half_for_the_call_carries_80_bits() -> None:
    """Sixteen characters of 32, each of them at every place: no bit is lost to a bad choice of letters."""
    halves = [rules.new_half() for _ in range(800)]

    assert 800 == len(set(halves))
    assert {16} == {len(half) for half in halves}
    assert all(set(ALPHABET) == {half[place] for half in halves} for place in range(16))


@pytest.mark.parametrize(
    ("first_bytes", "half"),
    [
        (bytes(10), "0" * 16),
        (b"\xff" * 10, "Z" * 16),
        (bytes(9) + b"\x01", "0" * 15 + "1"),
        (b"\x80" + bytes(9), "G" + "0" * 15),
        (bytes.fromhex("00443214c74254b635cf"), "0123456789ABCDEF"),
    ],
)
def test_a_mailed_half_is_the_first_80_bits_of_a_signature(first_bytes: bytes, half: str) -> None:
    """In the order of its bytes, five bits a character; what comes after them changes nothing."""
    for rest in (bytes(22), b"\xff" * 22):
        signature = base64.urlsafe_b64encode(first_bytes + rest).decode().rstrip("=")

        assert half == rules.half_of(signature)


def test_what_is_shown_is_read_back_as_typed() -> None:
    """In groups of four; in any case, with spaces and dashes, with what people take for one another."""
    assert "K7QD-0MX1-4V9T-ZB2H" == rules.shown(HALF)
    for text in (rules.shown(HALF), "k7qd 0mx1 4v9t zb2h", "K7QDOMXl4V9TZB2H", "K7QD.OMXI.4V9T.ZB2H\n"):
        assert HALF == rules.read(text)


@pytest.mark.parametrize("text", ["", HALF[:15], f"{HALF}0", f"{HALF[:15]}U", f"{HALF[:15]}!", f"К{HALF[1:]}"])
def test_what_no_half_can_be_is_none(text: str) -> None:
    """Too short, too long, a letter of no half, a Cyrillic look-alike."""
    assert rules.read(text) is None


def test_a_half_is_one_of_the_right_ones_or_none() -> None:
    """While keys are rotated there are several."""
    assert rules.is_one_of(HALF, [HALF])
    assert rules.is_one_of(HALF, ["0" * 16, HALF])
    assert rules.is_one_of(HALF, [HALF, "0" * 16])
    assert not rules.is_one_of(HALF, ["0" * 16])
    assert not rules.is_one_of(HALF, [])
    assert not rules.is_one_of("", [HALF])

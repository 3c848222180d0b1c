"""Backup codes: what one looks like, how it is read back from paper, how a set is hashed."""

import math

import bcrypt
import pytest

from webapp.core.factors.backup_codes import rules

CODE = "K7QD0MX14V9TZB2H"


def test_a_set_is_eight_different_codes_of_at_least_64_bits() -> None:
    """Sixteen characters of 32 carry 80 bits."""
    codes = rules.new_codes()

    assert 8 == len(set(codes))
    assert all(math.log2(len(rules.ALPHABET)) * len(code) >= 64 for code in codes)
    assert all(set(code) <= set(rules.ALPHABET) for code in codes)


def test_every_letter_of_the_alphabet_is_used_at_every_place() -> None:
    """No bit is lost to a bad choice of letters."""
    codes = [code for _ in range(100) for code in rules.new_codes()]

    assert all(set(rules.ALPHABET) == {code[place] for code in codes} for place in range(rules.LENGTH))


def test_the_alphabet_is_crockfords() -> None:
    """Without I, L, O and U, whose look-alikes are read as meant."""
    assert "0123456789ABCDEFGHJKMNPQRSTVWXYZ" == rules.ALPHABET


def test_a_code_is_shown_in_groups_of_four() -> None:
    """Readable from paper."""
    assert "K7QD-0MX1-4V9T-ZB2H" == rules.shown(CODE)


def test_what_is_shown_is_always_read_back() -> None:
    """What a person sees on the screen is accepted as typed, in any case."""
    for code in [code for _ in range(50) for code in rules.new_codes()]:
        shown = rules.shown(code)

        assert {code} == {rules.read(text) for text in (shown, shown.lower(), shown.title(), shown.swapcase(), code)}


@pytest.mark.parametrize(
    "text",
    [
        "K7QD 0MX1 4V9T ZB2H",
        " K7QD-0MX1-4V9T-ZB2H\n",
        "k7qd0mx14v9tzb2h",
        "K7QD\u00a00MX1\u20114V9T\u2013ZB2H",
        "K7QD.0MX1.4V9T.ZB2H",
        "K7QD\u20140MX1\u22124V9T\tZB2H",
        "K-7-Q-D-0-M-X-1-4-V-9-T-Z-B-2-H\r\n",
    ],
)
def test_separators_of_any_kind_are_skipped(text: str) -> None:
    """Spaces, dashes that a word processor made of them, dots, line ends."""
    assert CODE == rules.read(text)


@pytest.mark.parametrize("zero", "0Oo")
@pytest.mark.parametrize("one", "1IiLl")
def test_look_alikes_are_read_as_meant(zero: str, one: str) -> None:
    """O for 0; I and L for 1; either case."""
    assert CODE == rules.read(f"K7QD-{zero}MX{one}-4V9T-ZB2H")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "K7QD0MX14V9TZB2",
        "K7QD0MX14V9TZB2HH",
        "K7QD0MX14V9TZB2U",
        "K7QD0MX14V9TZB2!",
        "123456",
        "K" * 100_000,
        "K7QD0MX14V9TZB2\x00",
        "K7QD0MX14V9TZB2\udc80",
        "k7qd0mx14v9tzb2\u00df",
    ],
)
def test_nothing_else_is_a_backup_code(text: str) -> None:
    """Wrong length, a letter outside the alphabet, or no text at all."""
    assert rules.read(text) is None


@pytest.mark.parametrize(
    "letter", ["ſ", "ß", "ﬆ", "Ｓ", "\u212a", "ı", "٣", "２", "²", "Κ", "В"], ids=lambda letter: f"U+{ord(letter):04X}"
)
def test_only_ascii_makes_a_backup_code(letter: str) -> None:
    """Upper-casing turns a long s into S and a sharp s into SS: neither may pass for what it isn't."""
    fifteen, fourteen = "K7QD0MX14V9TZB2", "K7QD0MX14V9TZB"

    assert rules.read(fifteen + letter) is None
    assert rules.read(fourteen + letter) is None


@pytest.mark.parametrize(("rounds", "cost"), [(4, 4), (9, 9), (10, 10), (12, 10), (31, 10)])
def test_the_cost_is_the_lower_of_ten_and_the_setting(rounds: int, cost: int) -> None:
    """80 bits need no more, and a log-in must not take seconds."""
    assert f"$2b${cost:02}$".encode() == rules.new_salt(rounds)[:7]


def test_one_hash_finds_a_code_in_its_set() -> None:
    """The eight share one salt, so that an attempt costs one hash and never eight."""
    codes, salt = rules.new_codes(), rules.new_salt(4)
    hashes = [rules.hashed(code, salt) for code in codes]

    assert list(range(8)) == [rules.position(rules.hashed(code, salt), hashes) for code in codes]
    assert rules.position(rules.hashed(CODE, salt), hashes) is None
    assert all(bcrypt.checkpw(code.encode(), code_hash) for code, code_hash in zip(codes, hashes, strict=True))


def test_two_sets_have_different_salts() -> None:
    """The same code in two sets has different hashes."""
    assert rules.hashed(CODE, rules.new_salt(4)) != rules.hashed(CODE, rules.new_salt(4))

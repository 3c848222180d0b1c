"""What makes a password acceptable, and how one is hashed."""

import unicodedata

import bcrypt
import pytest

from webapp.core.outcomes import Refusal, Refused
from webapp.core.passwords import rules

STRONG = "lantern quarry violin moss"


def test_fourteen_characters_are_too_short_and_fifteen_enough() -> None:
    """NIST asks for 15 where a password may be the only factor."""
    fourteen, fifteen = "vK3#qw9!Zt7&xP", "vK3#qw9!Zt7&xPm"

    refused = rules.problem(fourteen, context=())

    assert refused is not None
    assert Refusal.PASSWORD_TOO_SHORT is refused.reason
    assert rules.problem(fifteen, context=()) is None


def test_characters_are_counted_and_not_bytes() -> None:
    """Fifteen emoji are fifteen characters."""
    emoji = "🐙🌵🎻🧊🪁🥨🛰🧵🦔🫖🪐🎠🧲🪵🗝"

    assert 15 == len(emoji)
    assert rules.problem(emoji, context=()) is None


def test_characters_are_counted_composed() -> None:
    """Fourteen letters typed with separate accents are not fifteen or more."""
    decomposed = unicodedata.normalize("NFD", "é" * 7 + "vK3#qw9")
    assert len(decomposed) > 15

    refused = rules.problem(decomposed, context=())

    assert refused is not None
    assert Refusal.PASSWORD_TOO_SHORT is refused.reason


@pytest.mark.parametrize("length", [64, 128, 256])
def test_a_long_password_is_taken(length: int) -> None:
    """Up to at least 128 characters."""
    password = (STRONG + " vK3#qw9!Zt7&xPm ") * 10

    assert rules.problem(password[:length], context=()) is None


def test_beyond_256_characters_is_too_long() -> None:
    """A bound, so that nobody makes the server hash megabytes."""
    refused = rules.problem((STRONG * 20)[:257], context=())

    assert refused is not None
    assert Refusal.PASSWORD_TOO_LONG is refused.reason


@pytest.mark.parametrize(
    "password", ["aaaaaaaaaaaaaaaaaaaa", "passwordpassword1", "123456789012345678", "qwertyuiopasdfgh"]
)
def test_an_easy_password_is_refused_with_a_reason(password: str) -> None:
    """zxcvbn's own words say why."""
    refused = rules.problem(password, context=())

    assert refused is not None
    assert Refusal.PASSWORD_TOO_EASY is refused.reason
    assert refused.hint


@pytest.mark.parametrize(
    "password",
    [
        "all lower case words only here",
        "1827364509182736",
        "ÄÖÜ äöü ßßß ŒŒ çç",
        "tab\tand\x00nul inside it",
        " " * 3 + STRONG,
    ],
)
def test_no_composition_is_asked_for(password: str) -> None:
    """Any character is fine, and none is required."""
    refused = rules.problem(password, context=())

    assert refused is None or refused.reason is Refusal.PASSWORD_TOO_EASY


@pytest.mark.parametrize("text", ["\ud800" * 20, "\x00" * 20, "😀" * 256, "\u0301" * 100])
def test_odd_characters_are_judged_and_hashed_without_failing(text: str) -> None:
    """Whatever a form or a command line can carry."""
    rules.problem(text, context=(text,))

    assert rules.matches(text, rules.hashed(text, rounds=4), rounds=4)


@pytest.mark.parametrize("password", ["Studio Nord 2026", "lea@studio.example", "calensocalenso1"])
def test_words_of_the_context_make_a_password_easier_to_guess(password: str) -> None:
    """Brand, company, name and address count as known words."""
    assert rules.problem(password, context=()) is None

    refused = rules.problem(password, context=("Calenso", "Studio Nord", "Lea Brunner", "lea@studio.example"))

    assert refused is not None
    assert Refusal.PASSWORD_TOO_EASY is refused.reason


@pytest.mark.parametrize(
    ("password", "hint"),
    [
        ("aaaaaaaaaaaaaaaaaaaa", 'Repeats like "aaa" are easy to guess.'),
        (
            "STUDIO NORD 2026",
            "Add another word or two. Uncommon words are better. "
            "All-uppercase is almost as easy to guess as all-lowercase.",
        ),
    ],
)
def test_the_reason_is_the_warning_or_all_that_is_suggested(password: str, hint: str) -> None:
    """Whole sentences, for they are shown as they are."""
    assert Refused(Refusal.PASSWORD_TOO_EASY, hint=hint) == rules.problem(password, context=("Studio Nord",))


def test_containing_a_word_of_the_context_is_no_refusal_by_itself() -> None:
    """A good password may name the brand."""
    assert rules.problem(f"Calenso {STRONG}", context=("Calenso", "Studio Nord", "Lea Brunner")) is None


def test_parts_of_four_or_more_characters_are_context_words() -> None:
    """“Lea” alone would make half the dictionary easy."""
    words = rules.context_words(("Calenso", "Studio Nord AG", "Lea Brunner", "lea.brunner@studio.example", "ABC"))

    assert {"calenso", "studio", "nord", "brunner", "example"} <= set(words)
    assert not {"lea", "ag", "abc", ""} & set(words)


def test_the_same_password_in_another_normal_form_matches() -> None:
    """NFC: a Mac and a PC type the same word in different bytes."""
    password_hash = rules.hashed("Zürich élan Ängström", rounds=4)

    assert rules.matches(unicodedata.normalize("NFD", "Zürich élan Ängström"), password_hash, rounds=4)


def test_byte_73_counts() -> None:
    """bcrypt alone stops at 72 bytes, or raises."""
    password = "x" * 72 + "a"
    password_hash = rules.hashed(password, rounds=4)

    assert rules.matches(password, password_hash, rounds=4)
    assert not rules.matches("x" * 72 + "b", password_hash, rounds=4)
    assert not rules.matches("x" * 72, password_hash, rounds=4)


def test_what_follows_a_nul_counts() -> None:
    """bcrypt alone ends at a NUL."""
    password_hash = rules.hashed("lantern\x00quarry violin", rounds=4)

    assert rules.matches("lantern\x00quarry violin", password_hash, rounds=4)
    assert not rules.matches("lantern\x00other words", password_hash, rounds=4)


def test_case_and_blanks_count() -> None:
    """Nothing is trimmed, folded or cut."""
    password_hash = rules.hashed(STRONG, rounds=4)

    assert not any(
        rules.matches(other, password_hash, rounds=4) for other in (STRONG.upper(), f" {STRONG}", f"{STRONG} ", "")
    )


def test_a_hash_has_its_own_salt_and_the_cost_of_the_setting() -> None:
    """Two people with one password have different hashes."""
    one, other = rules.hashed(STRONG, rounds=5), rules.hashed(STRONG, rounds=5)

    assert one != other
    assert b"$2b$05$" == one[:7]


@pytest.mark.parametrize("rounds", [4, 10])
def test_a_dummy_has_the_shape_of_a_hash_and_nobodys_password(rounds: int) -> None:
    """D-85: bcrypt does the same work for it, to its last character."""
    dummy = rules.dummy_hash(rounds)

    assert len(rules.hashed(STRONG, rounds=4)) == len(dummy)
    assert rounds == rules.cost_of(dummy)
    assert not rules.matches("", dummy, rounds=4)


@pytest.mark.parametrize("cost", [4, 5, 7])
def test_a_check_takes_the_time_of_the_setting_whatever_the_stored_cost(
    monkeypatch: pytest.MonkeyPatch, cost: int
) -> None:
    """D-85: raising the setting must not tell old accounts from addresses nobody has. Cost c takes 2^c rounds."""
    password_hash, rounds = rules.hashed(STRONG, rounds=cost), list[int]()
    checkpw = bcrypt.checkpw

    def counted(password: bytes, hashed: bytes) -> bool:
        rounds.append(2 ** rules.cost_of(hashed))
        return checkpw(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", counted)

    assert rules.matches(STRONG, password_hash, rounds=7)
    assert 2**7 == sum(rounds)


def test_an_endless_run_of_accents_is_never_put_in_order() -> None:
    """Normalising sorts them in quadratic time: 30,000 took seconds, in which the server answered nobody (D-84)."""
    endless = "a" + "\u0301\u0327" * rules.LONGEST_TYPED

    assert Refused(Refusal.PASSWORD_TOO_LONG) == rules.problem(endless, context=())
    assert rules.matches(endless, rules.hashed("", rounds=4), rounds=4)  # judged as the empty one, which nobody has


def test_the_longest_password_is_taken_however_its_letters_are_composed() -> None:
    """256 characters, each of which some keyboards send as four."""
    longest = "\u1f82" * rules.MAX_LENGTH
    typed = unicodedata.normalize("NFD", longest)

    assert rules.LONGEST_TYPED == len(typed)
    assert rules.matches(typed, rules.hashed(longest, rounds=4), rounds=4)
    refused = rules.problem(typed, context=())
    assert refused is None or refused.reason is Refusal.PASSWORD_TOO_EASY

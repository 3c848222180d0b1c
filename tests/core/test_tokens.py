"""Opaque tokens."""

from webapp.core.tokens import new_token, token_hash


def test_a_token_carries_256_bits_and_is_never_made_twice() -> None:
    """43 URL-safe characters from the operating system's randomness."""
    tokens = {new_token() for _ in range(100)}

    assert 100 == len(tokens)
    assert {43} == {len(token) for token in tokens}


def test_a_digest_is_taken_of_any_text() -> None:
    """A cookie may hold anything: looking it up never raises."""
    assert 32 == len(token_hash("\udc80\x00" * 1000))
    assert token_hash("a") != token_hash("b")

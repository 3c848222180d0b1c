"""bcrypt, watched: a test acts, or looks, at the moment when the product is about to hash. It is not ours to trust."""

from collections.abc import Callable

import bcrypt
import pytest


def before_each_hash(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Run *act* whenever a hash is about to be made."""
    hashpw = bcrypt.hashpw

    def watched(password: bytes, salt: bytes) -> bytes:
        act()
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", watched)


def before_the_first_hash(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Run *act* once: what another request does while this one hashes, whose own hashes don't count."""
    waiting = [act]
    before_each_hash(monkeypatch, lambda: waiting.pop()() if waiting else None)


def before_the_first_check(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Run *act* once, when a password or backup code is about to be compared with its hash."""
    checkpw, waiting = bcrypt.checkpw, [act]

    def watched(password: bytes, hashed: bytes) -> bool:
        if waiting:
            waiting.pop()()
        return checkpw(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", watched)

"""The two halves of a repair pass: what one looks like, how it is read back, when two are the right ones.

80 bits each, as backup codes have, and written like them. One alone opens nothing.
"""

import base64
import hmac
import secrets
from collections.abc import Collection
from datetime import timedelta

from webapp.core.entries import ALPHABET, in_groups, read_letters

LIFE = timedelta(hours=24)
LENGTH = 16

_BITS = 5
"""Of a character: 32 of them make the alphabet."""


def new_half() -> str:
    """A half for the call, without separators."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def half_of(signature: str) -> str:
    """The half that a keyring's *signature*, 43 characters of URL-safe base64, stands for: its first 80 bits."""
    number = int.from_bytes(base64.urlsafe_b64decode(f"{signature}=")[: LENGTH * _BITS // 8], "big")
    return "".join(ALPHABET[number >> _BITS * at & 31] for at in reversed(range(LENGTH)))


def shown(half: str) -> str:
    """*half* in groups of four, as it is mailed and read out."""
    return in_groups(half)


def read(text: str) -> str | None:
    """The half that *text* means, or None where it can't be one; written as read_letters() takes it."""
    return read_letters(text, length=LENGTH)


def is_one_of(half: str, right: Collection[str]) -> bool:
    """Whether *half* is one of those that are *right*; each is compared, in constant time."""
    found = [hmac.compare_digest(half.encode(), other.encode()) for other in right]
    return any(found)

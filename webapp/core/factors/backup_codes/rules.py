"""Backup codes: what one looks like, how it is read back from paper, how a set is hashed.

80 bits each (ASVS 6.5.4 asks 20, NIST §4.2.1.1 64), from ``secrets``, in Crockford's base32, which has no I, L, O
or U: what people write for one another is read as meant. The eight of a set share one bcrypt salt, so that an
attempt costs one hash and not eight; at 80 bits that gives an attacker nothing.
"""

import hmac
import secrets
from collections.abc import Sequence

import bcrypt

from webapp.core.entries import ALPHABET, in_groups, read_letters

CODES_PER_SET = 8
LENGTH = 16
MAX_ROUNDS = 10
FEW = 3
"""At so many codes left, or fewer, the person is asked to create new ones."""


def new_codes() -> tuple[str, ...]:
    """Eight new codes, without separators."""
    return tuple("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(CODES_PER_SET))


def shown(code: str) -> str:
    """*code* in groups of four, as it is shown, downloaded and printed."""
    return in_groups(code)


def read(text: str) -> str | None:
    """The code that *text* means, or None where it can't be one; written as read_letters() takes it."""
    return read_letters(text, length=LENGTH)


def new_salt(rounds: int) -> bytes:
    """One salt for a set, at the lower of bcrypt cost 10 and *rounds*."""
    return bcrypt.gensalt(min(MAX_ROUNDS, rounds))


def hashed(code: str, salt: bytes) -> bytes:
    """bcrypt of *code*, 16 characters without separators, under the set's *salt*."""
    return bcrypt.hashpw(code.encode("ascii"), salt)


def position(code_hash: bytes, hashes: Sequence[bytes]) -> int | None:
    """Where in *hashes* the hash stands, or None; every one is compared, in constant time."""
    found = [at for at, other in enumerate(hashes) if hmac.compare_digest(code_hash, other)]
    return found[0] if found else None

"""What makes a password acceptable, and how one is hashed.

NIST SP 800-63B-4 §3.1.1.2: 15 characters, for a password may be the only factor; any character; no composition
rules; refused with a reason. zxcvbn judges how easy it is to guess; context words make it easier for zxcvbn, but
containing one is no refusal by itself (ASVS 6.1.2, 6.2.11).
"""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterable

import bcrypt

from webapp.core.outcomes import Refusal, Refused

MIN_LENGTH = 15
MAX_LENGTH = 256
LEAST_SCORE = 3
ZXCVBN_MAX_LENGTH = 72
"""zxcvbn refuses more; a longer password is judged by its first 72 characters."""


def problem(password: str, *, context: Iterable[str]) -> Refused | None:
    """Why *password* can't be taken, or None. *context* is brand, company, name and e-mail: see context_words()."""
    password = unicodedata.normalize("NFC", password)
    if len(password) < MIN_LENGTH:
        return Refused(Refusal.PASSWORD_TOO_SHORT)
    if len(password) > MAX_LENGTH:
        return Refused(Refusal.PASSWORD_TOO_LONG)
    from zxcvbn import zxcvbn  # its word lists take long to load, and only setting a password needs them

    verdict = zxcvbn(password[:ZXCVBN_MAX_LENGTH], user_inputs=context_words(context))
    if verdict["score"] < LEAST_SCORE:
        feedback = verdict["feedback"]
        return Refused(Refusal.PASSWORD_TOO_EASY, hint=feedback["warning"] or " ".join(feedback["suggestions"]))
    return None


def context_words(texts: Iterable[str]) -> list[str]:
    """*texts* and their parts, of four or more characters, in lower case."""
    whole = [text.casefold() for text in texts]
    return sorted({word for text in whole for word in (text, *re.split(r"[\W_]+", text)) if len(word) >= 4})


def hashed(password: str, *, rounds: int) -> bytes:
    """bcrypt of *password* at cost *rounds*, with a new salt."""
    return bcrypt.hashpw(_prepared(password), bcrypt.gensalt(rounds))


def matches(password: str, password_hash: bytes) -> bool:
    """Whether *password* is the one that was hashed. Takes the same time for any password."""
    return bcrypt.checkpw(_prepared(password), password_hash)


def _prepared(password: str) -> bytes:
    """44 bytes for bcrypt. It stops at byte 72 (version 5 raises) and at a NUL, hence base64 of SHA-256."""
    in_nfc = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return base64.b64encode(hashlib.sha256(in_nfc).digest())

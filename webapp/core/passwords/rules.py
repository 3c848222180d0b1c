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
LONGEST_TYPED = 4 * MAX_LENGTH
"""NFC makes four characters one at the most: what is longer as typed is no password. It is never normalised, for the
time that takes grows with the square of a run of accents, and one request could stop the server."""

ZXCVBN_MAX_LENGTH = 72
"""zxcvbn refuses more; a longer password is judged by its first 72 characters."""


def problem(password: str, *, context: Iterable[str]) -> Refused | None:
    """Why *password* can't be taken, or None. *context* is brand, company, name and e-mail: see context_words()."""
    if len(password) > LONGEST_TYPED:
        return Refused(Refusal.PASSWORD_TOO_LONG)
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


def matches(password: str, password_hash: bytes, *, rounds: int) -> bool:
    """Whether *password* is the one that was hashed. Takes the time of cost *rounds*, whatever the password.

    A hash of a lower cost, made before the setting was raised, is made up for: checks at its cost and each cost up
    to *rounds* add up to one at *rounds*. Else the quicker answer would tell which addresses have an account.
    """
    is_right = bcrypt.checkpw(_prepared(password), password_hash)
    for cost in range(cost_of(password_hash), rounds):
        bcrypt.checkpw(b"", dummy_hash(cost))
    return is_right


def cost_of(password_hash: bytes) -> int:
    """The bcrypt cost that *password_hash* was made at."""
    return int(password_hash.split(b"$")[2])


def dummy_hash(rounds: int) -> bytes:
    """A hash that costs as much to compare with as a real one, and that no known password opens."""
    return b"$2b$%02d$" % rounds + b"." * 53


def _prepared(password: str) -> bytes:
    """44 bytes for bcrypt. It stops at byte 72 (version 5 raises) and at a NUL, hence base64 of SHA-256."""
    if len(password) > LONGEST_TYPED:
        password = ""  # opens nothing: no empty password is ever set
    in_nfc = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return base64.b64encode(hashlib.sha256(in_nfc).digest())

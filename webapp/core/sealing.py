"""Authenticated encryption of the values that a stolen database must not give away.

AES-256-GCM, 96-bit random nonce for each write, key id beside the ciphertext, and purpose, row and employee as
associated data, so that a box moved to another row does not open (ASVS 11.3.2-11.3.4, 11.2.2). Anyone in core may
use it; where the keys come from is settings' business.
"""

import base64
import binascii
import hashlib
import hmac
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

log = logging.getLogger(__name__)

KEY_BYTES = 32
NONCE_BYTES = 12


class CannotOpenError(Exception):
    """A sealed value does not open: unknown key, flipped byte, or a box that belongs to another row."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """*key_id* names the key; *box* is nonce and ciphertext with its tag."""

    key_id: str
    box: bytes


@dataclass(frozen=True, slots=True)
class Context:
    """What a box is bound to. *row* is the row's own id, or the employee's where there is one row a person."""

    purpose: str
    row: int
    employee: int

    def as_associated_data(self) -> bytes:
        return f"v1|{self.purpose}|{self.row}|{self.employee}".encode()


class Keyring:
    """Keys newest first: the newest seals, each opens what carries its id."""

    def __init__(self, keys: Sequence[bytes], *, ids: Sequence[str] | None = None) -> None:
        """*ids* are what boxes call the keys; made from the keys where they are not those of other keys."""
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"a keyring needs one or more keys of {KEY_BYTES} bytes")
        names = ids or [_key_id(key) for key in keys]
        self._keys = dict(zip(names, keys, strict=True))
        self._newest, self._oldest = names[0], names[-1]

    @property
    def newest_id(self) -> str:
        """The id of the key that seals."""
        return self._newest

    def seal(self, plain: bytes, context: Context) -> Sealed:
        """*plain* under the newest key, bound to *context*."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        cipher = AESGCM(self._keys[self._newest])
        return Sealed(self._newest, nonce + cipher.encrypt(nonce, plain, context.as_associated_data()))

    def open(self, sealed: Sealed, context: Context) -> bytes:
        """The plain bytes; raises CannotOpenError, which must end in a refusal, never in a skipped check."""
        key = self._keys.get(sealed.key_id)
        if key is None:
            raise CannotOpenError(f"no key {sealed.key_id} for {context.purpose} of row {context.row}")
        nonce, ciphertext = sealed.box[:NONCE_BYTES], sealed.box[NONCE_BYTES:]
        try:
            return AESGCM(key).decrypt(nonce, ciphertext, context.as_associated_data())
        except (InvalidTag, ValueError) as error:
            raise CannotOpenError(f"{context.purpose} of row {context.row} does not open") from error

    def open_or_none(self, sealed: Sealed, context: Context) -> bytes | None:
        """The plain bytes, or None and a line in the log: only for what can be made anew, never for a check."""
        try:
            return self.open(sealed, context)
        except CannotOpenError as error:
            log.critical("a sealed value does not open: %s", error)
            return None

    def bound_to(self, secret: str, *, purpose: str) -> "Keyring":
        """A keyring whose keys need *secret* too (HKDF-SHA-256): database and keyring together don't open it."""
        derived = [
            HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=secret.encode(), info=purpose.encode()).derive(key)
            for key in self._keys.values()
        ]
        return Keyring(derived, ids=list(self._keys))

    def signature(self, text: str, *, purpose: str) -> str:
        """A signature over *text* that no other *purpose* takes, 43 URL-safe characters. Under the newest key."""
        return _signature(self._keys[self._newest], text, purpose)

    def signatures(self, text: str, *, purpose: str) -> list[str]:
        """What signature() gives, or gave, under each key of this ring: the newest first."""
        return [_signature(key, text, purpose) for key in self._keys.values()]

    def has_signed(self, text: str, signature: str, *, purpose: str) -> bool:
        """Whether *signature* over *text* was made with any key of this ring, for *purpose*."""
        given = signature.encode("utf-8", "surrogatepass")
        right = [hmac.compare_digest(_signature(key, text, purpose).encode(), given) for key in self._keys.values()]
        return any(right)

    def fingerprint(self, text: str, *, purpose: str) -> str:
        """A keyed digest of *text*, hexadecimal. Under the oldest key, so that adding one changes no look-up."""
        message = f"{purpose}|{text}".encode("utf-8", "surrogatepass")
        return hmac.new(self._keys[self._oldest], message, hashlib.sha256).hexdigest()


def parse_key(text: str) -> bytes:
    """32 bytes from URL-safe base64, with or without ``=``; raises ValueError."""
    try:
        key = base64.b64decode(text.strip().rstrip("=") + "=" * (-len(text.strip().rstrip("=")) % 4), "-_", True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("it is not URL-safe base64") from error
    if len(key) != KEY_BYTES:
        raise ValueError(f"it has {len(key)} bytes, not {KEY_BYTES}")
    return key


def _signature(key: bytes, text: str, purpose: str) -> str:
    message = f"signature|{purpose}|{text}".encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode().rstrip("=")


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"key id|" + key).hexdigest()[:8]

"""Opaque tokens for cookies: made here, stored only as a digest.

256 random bits need no slow hash (ASVS 6.5.2, 7.2.3): SHA-256 is one-way for a value nobody can enumerate.
"""

import hashlib
import secrets


def new_token() -> str:
    """43 URL-safe characters that carry 256 bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """The 32 bytes that the database keeps instead of *token*; any text is taken, however odd."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()

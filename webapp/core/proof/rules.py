"""What somebody typed where a second factor is asked for: which factor's answer it is, by its shape alone.

So a backup code in the code field, or the reverse, just works. An entry of neither shape is malformed: refused
and not charged, for it guesses at nothing.
"""

from dataclasses import dataclass

from webapp.core.entries import without_separators
from webapp.core.factors.backup_codes import rules as backup_codes
from webapp.core.factors.totp import rules as totp


@dataclass(frozen=True, slots=True)
class AuthenticationCode:
    """Six ASCII digits."""

    code: str


@dataclass(frozen=True, slots=True)
class BackupCode:
    """Sixteen characters of the backup codes' alphabet, as they are hashed."""

    code: str


Entry = AuthenticationCode | BackupCode


def read_entry(text: str) -> Entry | None:
    """The answer that *text* is, or None where it has neither shape."""
    stripped = without_separators(text)
    if totp.is_code(stripped):
        return AuthenticationCode(stripped)
    code = backup_codes.read(text)
    return BackupCode(code) if code else None

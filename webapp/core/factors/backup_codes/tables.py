"""Stored shape of backup codes: hashes with one salt a set, and for minutes a set that may still be shown."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.database import Base


class BackupCodeSet(Base):
    """The set a person has. *salt* is bcrypt's, with version and cost in it.

    *checked_at* is when somebody last typed a code of it to show that it was saved.
    """

    __tablename__ = "backup_code_sets"

    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id"), unique=True)
    salt: Mapped[bytes]
    made_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]


class BackupCode(Base):
    """One code of a set. *position* 0 to 7, in the order shown."""

    __tablename__ = "backup_codes"
    __table_args__ = (UniqueConstraint("set_id", "position"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    set_id: Mapped[int] = mapped_column(ForeignKey("backup_code_sets.id", ondelete="CASCADE"))
    position: Mapped[int]
    code_hash: Mapped[bytes]
    used_at: Mapped[datetime | None]


class ShownBackupCodes(Base):
    """Eight codes that the session that made them may still see, sealed under keyring and session token."""

    __tablename__ = "shown_backup_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id"), index=True)
    session_id: Mapped[int] = mapped_column(unique=True)
    key_id: Mapped[str] = mapped_column(String(8))
    box: Mapped[bytes]
    made_at: Mapped[datetime]

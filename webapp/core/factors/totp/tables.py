"""Stored shape of authenticators: those that count, and the secret that waits for its first code."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.database import Base


class Authenticator(Base):
    """An active factor. *last_step* is the newest accepted time step: it and all before it are spent.

    *accepted_steps* are the newest that were, ascending: by them a replay is told from a slow phone. *activated_at* is
    since when the person has two-factor authentication on, *added_at* since when this app is theirs.
    """

    __tablename__ = "authenticators"

    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id"), index=True)
    key_id: Mapped[str] = mapped_column(String(8), index=True)
    box: Mapped[bytes]
    last_step: Mapped[int] = mapped_column(BigInteger)
    accepted_steps: Mapped[list[int]] = mapped_column(JSON)
    activated_at: Mapped[datetime]
    added_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    name: Mapped[str] = mapped_column(String(40))


class PendingSecret(Base):
    """A secret that was shown and not yet confirmed: one a person, for the session that made it.

    *purpose* what it is for; *replaces* the authenticator whose place it takes, *name* that of a second one.
    """

    __tablename__ = "pending_secrets"

    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id"), unique=True)
    session_id: Mapped[int]
    key_id: Mapped[str] = mapped_column(String(8), index=True)
    box: Mapped[bytes]
    made_at: Mapped[datetime]
    purpose: Mapped[str] = mapped_column(String(16))
    replaces: Mapped[int | None]
    name: Mapped[str] = mapped_column(String(40))

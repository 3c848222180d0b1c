"""Stored shape of authenticators: the one that counts, and the secret that waits for its first code."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.database import Base


class Authenticator(Base):
    """An active factor. *last_step* is the newest accepted time step: it and all before it are spent.

    *accepted_steps* are the newest that were, ascending: by them a replay is told from a slow phone.
    """

    __tablename__ = "authenticators"

    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id"), unique=True)
    key_id: Mapped[str] = mapped_column(String(8), index=True)
    box: Mapped[bytes]
    last_step: Mapped[int] = mapped_column(BigInteger)
    accepted_steps: Mapped[list[int]] = mapped_column(JSON)
    activated_at: Mapped[datetime]
    last_used_at: Mapped[datetime]


class PendingSecret(Base):
    """A secret that was shown and not yet confirmed: one a person, for the session that made it."""

    __tablename__ = "pending_secrets"

    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id"), unique=True)
    session_id: Mapped[int]
    key_id: Mapped[str] = mapped_column(String(8), index=True)
    box: Mapped[bytes]
    made_at: Mapped[datetime]

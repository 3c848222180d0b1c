"""Stored shape of half-way log-ins: the password was right, a second factor is still owed."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.database import Base


class Challenge(Base):
    """One browser's half-way log-in; gone once answered. The cookie holds the token; here is its SHA-256."""

    __tablename__ = "challenges"
    __table_args__ = (Index("ix_challenges_made_at", "made_at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id"), index=True)
    next_path: Mapped[str] = mapped_column(String(512), default="")
    made_at: Mapped[datetime]

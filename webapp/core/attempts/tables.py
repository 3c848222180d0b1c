"""Stored shape of the guess budgets: one row for each thing guessed at, by strangers or by one known browser."""

from datetime import datetime

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.database import Base

UNKNOWN_BROWSERS = 0
"""In ``browser_id``: everybody who shows no known browser of this person."""


class GuessBudget(Base):
    """*subject* "employee:7", or "address:" and a keyed digest; *recent* failures in seconds since 1970."""

    __tablename__ = "guess_budgets"
    __table_args__ = (
        Index("uq_guess_budgets_subject_kind_browser_id", "subject", "kind", "browser_id", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(16))
    browser_id: Mapped[int]
    failures: Mapped[int] = mapped_column(default=0)
    recent: Mapped[list[int]] = mapped_column(JSON, default=list)
    charged_at: Mapped[datetime] = mapped_column(index=True)

"""Stored shape of log-ins and of the browsers that a person has logged in with before."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.database import Base


class LogInSession(Base):
    """One full log-in. The cookie holds the token; here is its SHA-256. *proved_at*: password given last;
    *code_proved_at*: a code or a backup code given last, for this log-in or in it.

    With a *repair_pass_id* it is none yet: it may replace the app, which makes it one.
    """

    __tablename__ = "log_in_sessions"
    __table_args__ = (
        Index("ix_log_in_sessions_employee_id_ended_at", "employee_id", "ended_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    csrf_secret: Mapped[str] = mapped_column(String(64))
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id"))
    browser_id: Mapped[int | None]
    factor: Mapped[str] = mapped_column(String(32), default="")
    address: Mapped[str] = mapped_column(String(64), default="")
    user_agent: Mapped[str] = mapped_column(String(256), default="")
    started_at: Mapped[datetime]
    proved_at: Mapped[datetime]
    code_proved_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime]
    last_code_counts_until: Mapped[datetime | None]
    repair_pass_id: Mapped[int | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str] = mapped_column(String(32), default="")


class KnownBrowser(Base):
    """A browser that has completed a full log-in of this person: its cookie's SHA-256, new at each log-in."""

    __tablename__ = "known_browsers"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id"), index=True)
    last_log_in_at: Mapped[datetime]

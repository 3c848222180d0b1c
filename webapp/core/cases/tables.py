"""Stored shape of Support's cases and of their history. No copy and no number of a document has a place here."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.database import Base

_IS_OPEN = text("ended_at IS NULL")


class SupportCase(Base):
    """One case. *former_email* where its person's address is in dispute, else "".

    *takes_email_back* where they were found by that one. *waits_until* without what a recovered password adds. The
    database itself keeps to one open case a person.
    """

    __tablename__ = "support_cases"
    __table_args__ = (
        Index(
            "ix_support_cases_employee_id",
            "employee_id",
            unique=True,
            sqlite_where=_IS_OPEN,
            postgresql_where=_IS_OPEN,
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id"))
    kind: Mapped[str] = mapped_column(String(16))
    way: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    ticket: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(16))
    former_email: Mapped[str] = mapped_column(String(254))
    takes_email_back: Mapped[bool] = mapped_column(default=False)
    opened_by: Mapped[int] = mapped_column(ForeignKey("employees.id"))
    opened_at: Mapped[datetime]
    document: Mapped[str] = mapped_column(String(32), default="")
    valid_until: Mapped[date | None]
    waits_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class CaseEvent(Base):
    """One step of a case: the *state* it led to, by whom, and an agent's *reason* where one was asked for.

    Rows are only ever added.
    """

    __tablename__ = "case_events"
    __table_args__ = (Index("ix_case_events_case_id_id", "case_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("support_cases.id"))
    at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16))
    by: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("employees.id"))
    reason: Mapped[str] = mapped_column(String(200), default="")

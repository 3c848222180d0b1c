"""Stored shape of the audit. Rows are only ever added."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.database import Base


class AuditEvent(Base):
    """Who, whose, what, which factor, outcome and reason, when and from where."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_employee_id_kind_id", "employee_id", "kind", "id"),
        Index("ix_audit_events_company_id_id", "company_id", "id"),
        Index("ix_audit_events_company_id_kind_id", "company_id", "kind", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(64))
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id"))
    employee_id: Mapped[int | None] = mapped_column(ForeignKey("employees.id"))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("employees.id"))
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(64), default="")
    factor: Mapped[str] = mapped_column(String(32), default="")
    address: Mapped[str] = mapped_column(String(64), default="")
    user_agent: Mapped[str] = mapped_column(String(256), default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

"""Stored shape of links in mails."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.database import Base


class MailLink(Base):
    """One link: the SHA-256 of its seed. *end_reason* "used" or why it is void; *facts* what it is about."""

    __tablename__ = "mail_links"
    __table_args__ = (
        Index("ix_mail_links_employee_id_kind_made_at", "employee_id", "kind", "made_at"),
        Index("ix_mail_links_made_at", "made_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    seed_hash: Mapped[bytes] = mapped_column(unique=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id"))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str] = mapped_column(String(32), default="")

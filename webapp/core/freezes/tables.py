"""Stored shape of freezes: one row a person, gone once lifted. What happened stands in the audit."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.database import Base


class Freeze(Base):
    """*since* the event that its owner disputes; *former_email* where the address was changed since, else ""."""

    __tablename__ = "freezes"

    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id"), primary_key=True, autoincrement=False)
    since: Mapped[datetime]
    begun_at: Mapped[datetime]
    closes_recovery: Mapped[bool]
    former_email: Mapped[str] = mapped_column(String(254), default="")
    former_email_key: Mapped[str] = mapped_column(String(254), default="", index=True)

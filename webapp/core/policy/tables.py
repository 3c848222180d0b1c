"""Stored shape of exemptions from a company's policy."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.database import Base


class Exemption(Base):
    """One person need not have two-factor authentication on before *until*; *ended_at* where it was taken back."""

    __tablename__ = "exemptions"

    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id"), index=True)
    until: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(200))
    given_by: Mapped[int] = mapped_column(ForeignKey("employees.id"))
    given_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

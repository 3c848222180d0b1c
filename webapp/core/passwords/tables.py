"""Stored shape of passwords: the bcrypt hash, sealed, so that a stolen database alone can't be cracked."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.database import Base


class PasswordHash(Base):
    __tablename__ = "password_hashes"

    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id"), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(8), index=True)
    box: Mapped[bytes]
    changed_at: Mapped[datetime]

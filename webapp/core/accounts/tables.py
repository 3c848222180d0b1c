"""Stored shape of companies and the people who work there."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.database import Base


class Company(Base):
    """*is_vendor* marks the one company whose people are support.

    *required_since*: by role, since when two-factor authentication is required, as text in ISO 8601 and UTC; not there
    for a role of which it isn't. *grace_days* the time that people then have.
    """

    __tablename__ = "companies"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    plan: Mapped[str] = mapped_column(String(16))
    time_zone: Mapped[str] = mapped_column(String(64))
    is_vendor: Mapped[bool] = mapped_column(default=False)
    required_since: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default=text("'{}'"))
    grace_days: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    created_at: Mapped[datetime]


class Employee(Base):
    """*email* as mail is sent to it; *email_key* as it is looked up; *sort_key* for the list and its search.

    *role_given_at* where the role was given after the account was made; *wiped_at* when Support took the second factor
    away, until another one is there.
    """

    __tablename__ = "employees"
    __table_args__ = (
        Index("ix_employees_company_id_sort_key_id", "company_id", "sort_key", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    sort_key: Mapped[str] = mapped_column(String(400))
    phone: Mapped[str] = mapped_column(String(32), default="")
    language: Mapped[str] = mapped_column(String(8), default="en")
    role: Mapped[str] = mapped_column(String(16))
    role_given_at: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    wiped_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

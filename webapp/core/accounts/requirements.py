"""Of whom a company requires two-factor authentication, and with what grace: its two columns, read and written.

Who may change them, and what is noted about it, is the business of ``company``.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.core.accounts.rules import Role
from webapp.core.accounts.tables import Company
from webapp.core.database import CompanyId, writing


@dataclass(frozen=True, slots=True)
class Required:
    """*since* when of each role; optional for a role that isn't there. *grace_days* that everybody has from then on."""

    since: dict[Role, datetime]
    grace_days: int


def of_company(session: Session, company_id: CompanyId) -> Required:
    """What a company requires. Whoever decides on it holds the company's row first."""
    query = select(Company.required_since, Company.grace_days).where(Company.id == company_id)
    since, grace_days = session.execute(query).one()
    return Required({Role(role): datetime.fromisoformat(at) for role, at in since.items()}, grace_days)


def store(session: Session, company_id: CompanyId, required: Required) -> None:
    """Inside the caller's transaction: this from now on, for sessions that live as well."""
    since = {role.value: at.isoformat() for role, at in required.since.items()}
    with writing(session):
        session.execute(
            update(Company).where(Company.id == company_id).values(required_since=since, grace_days=required.grace_days)
        )

"""The people of one company as lists of other features need them: whom a search finds, and what each is called.

Nothing here reads anybody of another company.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from webapp.core.accounts.flows import OfEmployee
from webapp.core.accounts.rules import folded
from webapp.core.accounts.tables import Employee
from webapp.core.database import CompanyId, EmployeeId


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody of one's own company, as they are called today."""

    id: EmployeeId
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of one's own company, by the few facts that a count needs. *since* is what was asked for besides."""

    id: EmployeeId
    is_active: bool
    created_at: datetime
    since: datetime | None


def members(session: Session, company_id: CompanyId, *, since: OfEmployee[datetime]) -> list[Member]:
    """Everybody of a company, each with *since*."""
    columns = Employee.id, Employee.is_active, Employee.created_at, since(Employee.id)
    rows = session.execute(select(*columns).where(Employee.company_id == company_id))
    return [Member(EmployeeId(row[0]), row[1], row[2], row[3]) for row in rows]


def matching(company_id: CompanyId, search: str) -> Select[int]:
    """The ids of those who have each word of *search* in name or address, for the statement of another feature."""
    return select(Employee.id).where(Employee.company_id == company_id, *words_in(search))


def words_in(search: str) -> list[ColumnElement[bool]]:
    """What holds for an employee who has each word of *search* in name or address, in any order."""
    return [Employee.sort_key.contains(word, autoescape=True) for word in folded(search).split()]


def named(
    session: Session, company_id: CompanyId, ids: Collection[EmployeeId] | None = None
) -> dict[EmployeeId, Named]:
    """Those of *ids* who belong to this company, or everybody; of another company's people nothing is read."""
    query = select(Employee.id, Employee.name, Employee.email).where(Employee.company_id == company_id)
    rows = session.execute(query if ids is None else query.where(Employee.id.in_(ids)))
    return {EmployeeId(row[0]): Named(EmployeeId(row[0]), row[1], row[2]) for row in rows}

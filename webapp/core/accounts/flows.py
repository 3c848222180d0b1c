"""Companies and employees: made by the commands, listed and described for the pages.

Passwords, factors and sessions of an employee belong to those features, and so does who may have another address.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.core.accounts.rules import Plan, Requirement, Role, email_key, folded, valid_email
from webapp.core.accounts.tables import Company, Employee
from webapp.core.audit.flows import record
from webapp.core.audit.rules import EventKind
from webapp.core.database import CompanyId, EmployeeId, writing
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.visitor import Visitor

R = TypeVar("R")
A = TypeVar("A")
OfEmployee = Callable[[InstrumentedAttribute[int]], ColumnElement[A]]
"""What another feature knows of an employee, by their id: a condition or a column within a statement of this one."""


@dataclass(frozen=True, slots=True)
class Person:
    """An employee as pages and mails name them.

    *role_since* when they got this role, or came with it. *requirement* None where two-factor authentication is the
    person's own choice; *wiped_at* when Support took the second factor away, None once there is another.
    """

    id: EmployeeId
    company_id: CompanyId
    company_name: str
    time_zone: str
    email: str
    name: str
    phone: str
    language: str
    role: Role
    is_active: bool
    role_since: datetime
    requirement: Requirement | None = None
    wiped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class People:
    """One page of a company's people. *number* of *pages*, both from 1; *total* matches of the search.

    *also* has what was asked for besides, for each of *rows*.
    """

    rows: tuple[Person, ...]
    number: int
    pages: int
    total: int
    also: tuple[tuple[Any, ...], ...] = ()


def create_company(
    session: Session,
    name: str,
    plan: Plan,
    *,
    time_zone: str,
    is_vendor: bool,
    now: datetime,
    visitor: Visitor,
) -> Accepted[CompanyId] | Refused:
    """A new company; VENDOR_EXISTS where a second vendor is asked for."""
    with writing(session):
        if is_vendor and session.scalar(select(Company.id).where(Company.is_vendor)) is not None:
            return Refused(Refusal.VENDOR_EXISTS)
        company = Company(name=name, plan=plan, time_zone=time_zone, is_vendor=is_vendor, created_at=now)
        session.add(company)
        session.flush()
        record(session, EventKind.COMPANY_CREATED, now=now, visitor=visitor, company_id=company.id)
        return Accepted(CompanyId(company.id))


def create_employee(
    session: Session,
    company_id: CompanyId,
    email: str,
    *,
    name: str,
    role: Role,
    language: str = "en",
    by: EmployeeId | None = None,
    now: datetime,
    visitor: Visitor,
) -> Accepted[EmployeeId] | Refused:
    """A new employee without a password, made *by* an administrator or at the command line.

    Refuses with UNKNOWN_COMPANY, VENDOR_ONLY, EMAIL_INVALID, EMAIL_TAKEN.
    """
    stored = valid_email(email)
    if stored is None:
        return Refused(Refusal.EMAIL_INVALID)
    with writing(session):
        company = session.get(Company, company_id, with_for_update={"key_share": True})
        if company is None:
            return Refused(Refusal.UNKNOWN_COMPANY)
        if role is Role.SUPPORT and not company.is_vendor:
            return Refused(Refusal.VENDOR_ONLY)
        if session.scalar(select(Employee.id).where(Employee.email_key == email_key(stored))) is not None:
            return Refused(Refusal.EMAIL_TAKEN)
        employee = Employee(
            company_id=company.id,
            email=stored,
            email_key=email_key(stored),
            name=name,
            sort_key=_sort_key(name, stored),
            role=role,
            language=language,
            created_at=now,
        )
        try:
            with session.begin_nested():
                session.add(employee)
        except IntegrityError:  # made in another company at the same instant
            return Refused(Refusal.EMAIL_TAKEN)
        record(
            session,
            EventKind.EMPLOYEE_CREATED,
            now=now,
            visitor=visitor,
            employee_id=employee.id,
            company_id=company.id,
            actor_id=by,
        )
        return Accepted(EmployeeId(employee.id))


def change_profile(
    session: Session,
    employee_id: EmployeeId,
    *,
    name: str,
    phone: str,
    language: str,
    now: datetime,
    visitor: Visitor,
) -> None:
    """Change what a person may change about themselves; the audit names the fields, not their contents."""
    with writing(session):
        employee = session.get_one(Employee, employee_id, with_for_update={"key_share": True})
        wanted = {"name": name, "phone": phone, "language": language}
        changed = [field for field, value in wanted.items() if getattr(employee, field) != value]
        if not changed:
            return
        employee.name, employee.phone, employee.language = name, phone, language
        employee.sort_key = _sort_key(name, employee.email)
        record(
            session,
            EventKind.PROFILE_CHANGED,
            now=now,
            visitor=visitor,
            employee_id=employee_id,
            company_id=employee.company_id,
            details={"fields": changed},
        )


def change_email(session: Session, person: Person, email: str) -> Accepted[Person] | Refused:
    """*person* under another address, which was validated before. EMAIL_TAKEN where somebody else has it by now.

    Joins the caller's transaction, under the person's lock; notes nothing, the calling flow does.
    """
    with writing(session):
        try:
            with session.begin_nested():
                session.execute(
                    update(Employee)
                    .where(Employee.id == person.id)
                    .values(email=email, email_key=email_key(email), sort_key=_sort_key(person.name, email))
                )
        except IntegrityError:  # whoever was first has it, at the same instant too
            return Refused(Refusal.EMAIL_TAKEN)
        return Accepted(replace(person, email=email))


def note_wiped(session: Session, person: Person, at: datetime | None) -> None:
    """Write down when Support took *person*'s second factor away, or by None that there is another.

    Joins the caller's transaction, under the person's lock.
    """
    with writing(session):
        session.execute(update(Employee).where(Employee.id == person.id).values(wiped_at=at))


def give_role(session: Session, person: Person, role: Role, *, now: datetime) -> None:
    """*person* has this *role* from their next request on. As change_email(): joins, under the lock, notes nothing."""
    with writing(session):
        session.execute(update(Employee).where(Employee.id == person.id).values(role=role, role_given_at=now))


def set_active(session: Session, person: Person, *, is_active: bool) -> None:
    """Whether *person* may log in, and whether what they logged in to counts. As give_role()."""
    with writing(session):
        session.execute(update(Employee).where(Employee.id == person.id).values(is_active=is_active))


def lock_company(session: Session, company_id: CompanyId) -> None:
    """Hold a company's row, before any of its people's, so that what is decided about the company takes turns.

    After a person's, two flows would deadlock.
    """
    session.execute(select(Company.id).where(Company.id == company_id).with_for_update(key_share=True))


def lock(session: Session, employee_id: EmployeeId) -> None:
    """Hold this person's row until the caller's transaction ends, so that flows about them take turns.

    FOR NO KEY UPDATE on PostgreSQL: rows that merely point at the person (an audit event written while another flow
    waits for a guess budget) must not wait for it, or the two deadlock.
    """
    session.execute(select(Employee.id).where(Employee.id == employee_id).with_for_update(key_share=True))


def locked(session: Session, employee_id: EmployeeId) -> Person | None:
    """The employee as they are once their row is held: what was read before the lock may be out of date."""
    lock(session, employee_id)
    query = _people().where(Employee.id == employee_id).execution_options(populate_existing=True)
    row = session.execute(query).one_or_none()
    return _as_person(row[0], row[1]) if row else None


def company_name(session: Session, company_id: CompanyId) -> str | None:
    return session.scalar(select(Company.name).where(Company.id == company_id))


def holds_a_company(session: Session) -> bool:
    """Whether this database has been put to use."""
    return session.scalar(select(Company.id).limit(1)) is not None


def by_email(session: Session, email: str) -> Person | None:
    """The employee who logs in with *email*, however it was typed."""
    return _person(session, Employee.email_key == email_key(email))


def by_id(session: Session, employee_id: EmployeeId) -> Person | None:
    return _person(session, Employee.id == employee_id)


def with_owner(
    session: Session, row: type[R], *, owner_id: InstrumentedAttribute[int], where: ColumnElement[bool]
) -> tuple[R, Person] | None:
    """The one *row* of another feature for which *where* holds, and the employee it points at by *owner_id*.

    One statement: every page asks whose its cookie is.
    """
    found = with_owner_and(session, row, [], owner_id=owner_id, where=where)
    return found[:2] if found else None


def with_owner_and(
    session: Session,
    row: type[R],
    facts: Sequence[ColumnElement[Any]],
    *,
    owner_id: InstrumentedAttribute[int],
    where: ColumnElement[bool],
) -> tuple[R, Person, Sequence[Any]] | None:
    """The same, and *facts*, which other features know about the owner: still one statement."""
    found = session.execute(
        select(row, Employee, Company, *facts)
        .join(Employee, Employee.id == owner_id)
        .join(Company, Company.id == Employee.company_id)
        .where(where)
    ).one_or_none()
    return (found[0], _as_person(found[1], found[2]), found[3:]) if found else None


def with_owners(
    session: Session,
    row: type[R],
    also: ColumnElement[A],
    *,
    owner_id: InstrumentedAttribute[int],
    where: ColumnElement[bool],
    order_by: InstrumentedAttribute[int],
) -> list[tuple[R, A, Person]]:
    """Every *row* of another feature for which *where* holds, with *also* and the employee it points at."""
    found = session.execute(
        select(row, also, Employee, Company)
        .join(Employee, Employee.id == owner_id)
        .join(Company, Company.id == Employee.company_id)
        .where(where)
        .order_by(order_by)
        .execution_options(populate_existing=True)
    )
    return [(one[0], one[1], _as_person(one[2], one[3])) for one in found]


def colleagues(
    session: Session,
    me: Person,
    *,
    search: str,
    number: int,
    only: OfEmployee[bool] | None = None,
    also: Sequence[OfEmployee[Any]] = (),
    size: int = 25,
) -> People:
    """One page of *me*'s company by name; without a search it starts with *me*, on the first page.

    *search* finds who has each of its words in name or address, in any order; *only* of whom that holds.
    """
    found = _found(me.company_id, search, only)
    total = session.scalar(select(func.count()).select_from(Employee).where(*found)) or 0
    pages = max(1, -(-total // size))
    number = min(max(1, number), pages)
    rows = session.execute(
        _people()
        .add_columns(*(column(Employee.id) for column in also))
        .where(*found)
        .order_by((Employee.id != me.id), Employee.sort_key, Employee.id)
        .limit(size)
        .offset((number - 1) * size)
    ).all()
    people = tuple(_as_person(row[0], row[1]) for row in rows)
    return People(people, number, pages, total, tuple(tuple(row[2:]) for row in rows))


def everybody(
    session: Session,
    company_id: CompanyId,
    *,
    search: str = "",
    only: OfEmployee[bool] | None = None,
    also: Sequence[OfEmployee[Any]] = (),
) -> list[tuple[Person, tuple[Any, ...]]]:
    """All people of a company as colleagues() finds them, by name, each with what *also* says. One statement."""
    rows = session.execute(
        _people()
        .add_columns(*(column(Employee.id) for column in also))
        .where(*_found(company_id, search, only))
        .order_by(Employee.sort_key, Employee.id)
    )
    return [(_as_person(row[0], row[1]), tuple(row[2:])) for row in rows]


def _found(company_id: CompanyId, search: str, only: OfEmployee[bool] | None) -> list[ColumnElement[bool]]:
    words = [Employee.sort_key.contains(word, autoescape=True) for word in folded(search).split()]
    return [Employee.company_id == company_id, *words, *([only(Employee.id)] if only else [])]


def _people() -> Select[Employee, Company]:
    return select(Employee, Company).join(Company, Company.id == Employee.company_id)


def _person(session: Session, condition: ColumnElement[bool]) -> Person | None:
    row = session.execute(_people().where(condition)).one_or_none()
    return _as_person(row[0], row[1]) if row else None


def _as_person(employee: Employee, company: Company) -> Person:
    return Person(
        EmployeeId(employee.id),
        CompanyId(company.id),
        company.name,
        company.time_zone,
        employee.email,
        employee.name,
        employee.phone,
        employee.language,
        Role(employee.role),
        employee.is_active,
        employee.role_given_at or employee.created_at,
        _requirement(employee, company),
        employee.wiped_at,
    )


def _requirement(employee: Employee, company: Company) -> Requirement | None:
    """Nobody's time runs before they are there, or have the role of which it is required."""
    since = company.required_since.get(employee.role)
    if since is None:
        return None
    begins_at = max(datetime.fromisoformat(since), employee.role_given_at or employee.created_at)
    return Requirement(begins_at, timedelta(days=company.grace_days))


def _sort_key(name: str, email: str) -> str:
    return f"{folded(name)} {folded(email)}"[:400]

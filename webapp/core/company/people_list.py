"""The employees of a company as administrators narrow the list down and take it as a file."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.flows import OfEmployee, People, Person
from webapp.core.audit import flows as audit
from webapp.core.audit.rules import EventKind
from webapp.core.database import writing
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.factors.backup_codes.rules import FEW
from webapp.core.factors.totp import flows as totp
from webapp.core.passwords import flows as passwords
from webapp.core.visitor import Visitor


class Only(StrEnum):
    """Whom to list. The names stand in addresses."""

    ON = "on"
    OFF = "off"
    FEW = "few"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Listed:
    """One employee in the list. *codes_left* is None while two-factor authentication is off."""

    person: Person
    codes_left: int | None
    has_password: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """One employee in the file. *on_since* and *codes_left* are None while two-factor authentication is off."""

    person: Person
    on_since: datetime | None
    codes_left: int | None
    last_log_in: datetime | None


def page(session: Session, me: Person, *, search: str, only: Only | None, number: int) -> tuple[People, list[Listed]]:
    """One page of *me*'s company, as accounts.colleagues() searches it, and how each on it stands. Two statements."""
    people = accounts.colleagues(
        session,
        me,
        search=search,
        number=number,
        only=_CONDITIONS[only] if only else None,
        also=(totp.is_on, backup_codes.left_of, passwords.has_one),
    )
    return people, [
        Listed(person, left if is_on else None, has_password)
        for person, (is_on, left, has_password) in zip(people.rows, people.also, strict=True)
    ]


def export(
    session: Session, me: Person, *, search: str, only: Only | None, now: datetime, visitor: Visitor
) -> list[Standing]:
    """Everybody who is found, by name. That they were exported is an event."""
    found = accounts.everybody(
        session,
        me.company_id,
        search=search,
        only=_CONDITIONS[only] if only else None,
        also=(totp.on_since, backup_codes.left_of, _last_log_in),
    )
    with writing(session):
        audit.record(
            session,
            EventKind.EMPLOYEES_EXPORTED,
            now=now,
            visitor=visitor,
            company_id=me.company_id,
            actor_id=me.id,
            details={"rows": len(found)},
        )
    return [Standing(person, on_since, left if on_since else None, last) for person, (on_since, left, last) in found]


def _has_few_codes(employee_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    return totp.is_on(employee_id) & (backup_codes.left_of(employee_id) <= FEW)


def _last_log_in(employee_id: InstrumentedAttribute[int]) -> ColumnElement[datetime]:
    return audit.latest_of(employee_id, EventKind.LOGGED_IN)


_CONDITIONS: dict[Only, OfEmployee[bool]] = {
    Only.ON: totp.is_on,
    Only.OFF: lambda employee_id: ~totp.is_on(employee_id),
    Only.FEW: _has_few_codes,
    Only.NEVER: lambda employee_id: ~audit.has_happened_to(employee_id, EventKind.LOGGED_IN),
}

"""Reminding people by mail to switch two-factor authentication on: once a week at most, whoever presses the button."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.flows import Person
from webapp.core.audit import flows as audit
from webapp.core.audit.flows import Event, Sought
from webapp.core.audit.rules import EventKind
from webapp.core.company import colleagues
from webapp.core.database import CompanyId, writing
from webapp.core.factors.totp import flows as totp
from webapp.core.notices import flows as notices
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.passwords import flows as passwords
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor

PAUSE = timedelta(days=7)
NOWHERE = Visitor()
"""Where the administrator sits is not for the reader."""


def next_at(reminder: Event | None) -> datetime | None:
    """From when the next one after *reminder* may be sent; None where there was none."""
    return reminder.at + PAUSE if reminder else None


def send(session: Session, me: SignedIn, *, now: datetime, visitor: Visitor) -> Accepted[int] | Refused:
    """Owe everybody who is active, has a password and has it off one mail, in their language; how many.

    Refuses with SESSION_OVER, NOT_YOURS where *me* is no administrator any more, TOO_SOON, with the time from when it
    may be, NOBODY_TO_REMIND, which leaves the week open. The company's row is held
    from the look at the last one until the next is written down: of two administrators at once one is refused. A person
    is of one company, so theirs is the same week.
    """
    with writing(session):
        company_id = me.person.company_id
        accounts.lock_company(session, company_id)
        refused = colleagues.refusal(session, me, accounts.locked(session, me.person.id))
        if refused:
            return refused
        free_at = next_at(_last(session, company_id))
        if free_at is not None and now < free_at:
            return Refused(Refusal.TOO_SOON, retry_at=free_at)
        people = [person for person, _ in accounts.everybody(session, company_id, only=_is_without)]
        people = [person for person in people if person.is_active]
        if not people:
            return Refused(Refusal.NOBODY_TO_REMIND)
        for person in people:
            _remind(session, person, now=now)
        audit.record(
            session,
            EventKind.REMINDER_SENT,
            now=now,
            visitor=visitor,
            company_id=company_id,
            actor_id=me.person.id,
            details={"count": len(people)},
        )
        return Accepted(len(people))


def _last(session: Session, company_id: CompanyId) -> Event | None:
    found = audit.of_company(session, company_id, Sought(kinds=(EventKind.REMINDER_SENT,)), most=1)
    return found[0] if found else None


def _is_without(employee_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    return and_(passwords.has_one(employee_id), ~totp.is_on(employee_id))


def _remind(session: Session, person: Person, *, now: datetime) -> None:
    """A mail without any link: it says where to go, for nobody should follow one to a log-in."""
    notices.queue(
        session,
        Notice.REMINDER,
        employee_id=person.id,
        recipient=person.email,
        name=person.name,
        time_zone=person.time_zone,
        now=now,
        visitor=NOWHERE,
        language=person.language,
        company=person.company_name,
    )

"""What a policy and a wipe ask of one person. Changing the policy is the business of ``company``."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.flows import Person
from webapp.core.audit import flows as audit
from webapp.core.audit.rules import EventKind
from webapp.core.database import EmployeeId, writing
from webapp.core.links import flows as links
from webapp.core.links.rules import LinkKind
from webapp.core.policy import rules
from webapp.core.policy.rules import Duty, Obligation
from webapp.core.policy.tables import Exemption

SWITCHED_OFF = (
    EventKind.TWO_FACTOR_RESET,
    EventKind.TWO_FACTOR_RESET_BY_OPERATOR,
    EventKind.TWO_FACTOR_RESET_BY_SUPPORT,
)


def obligation(session: Session, person: Person, *, is_on: bool, now: datetime) -> Obligation:
    """What *person* must do now. Two statements at most, and none where nothing is required."""
    if is_on:
        return Obligation(Duty.NONE)
    if person.wiped_at is not None:
        return rules.of_wipe(person.wiped_at)
    if person.requirement is None:
        return Obligation(Duty.NONE)
    until = rules.deadline(
        person.requirement,
        exempt_until=exempt_until(session, person.id),
        was_off_since=audit.happened_since(session, person.id, kinds=SWITCHED_OFF, since=person.requirement.since),
    )
    return rules.of_policy(until, now=now)


def after_reset(session: Session, person: Person, *, now: datetime) -> Obligation:
    """What *person*, who has it on, would have to do once they had switched it off."""
    if person.requirement is None:
        return Obligation(Duty.NONE)
    exempt = exempt_until(session, person.id)
    return rules.of_policy(rules.deadline(person.requirement, exempt_until=exempt, was_off_since=True), now=now)


def exempt_until(session: Session, employee_id: EmployeeId) -> datetime | None:
    """Until when one person is exempt from the policy, also where that is over; None where they never were."""
    query = select(func.max(Exemption.until)).where(Exemption.employee_id == employee_id, Exemption.ended_at.is_(None))
    return session.scalar(query)


def wipe(session: Session, person: Person, *, now: datetime) -> None:
    """Bind *person*, whose second factor Support has just taken away, to another one.

    For 24 hours the password alone logs in, to activation and nothing else. Links under way to another password are
    void, and none is mailed in that time: with one, a mailbox would be all that a thief needs. Joins the caller's
    transaction, under the person's lock.
    """
    with writing(session):
        accounts.note_wiped(session, person, now)
        links.void(session, person.id, {LinkKind.PASSWORD, LinkKind.EMAIL}, reason="wiped", now=now)


def release(session: Session, person: Person) -> None:
    """Nothing is left of a wipe: there is a second factor again, or an operator vouches.

    Joins the caller's transaction.
    """
    if person.wiped_at is not None:
        accounts.note_wiped(session, person, None)

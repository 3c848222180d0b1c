"""What an administrator decides about two-factor authentication: of whom it is required, and who is exempt.

Whom a choice would lock out is told before it is made. The company's row is held first, then a person's. Deadlines are
computed when they are asked for (core/policy), so nobody's session is touched here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts import requirements
from webapp.core.accounts.about import record
from webapp.core.accounts.flows import Person
from webapp.core.accounts.requirements import Required
from webapp.core.accounts.rules import Requirement, Role
from webapp.core.audit import flows as audit
from webapp.core.audit.flows import Sought
from webapp.core.audit.rules import EventKind
from webapp.core.company import colleagues
from webapp.core.database import CompanyId, EmployeeId, writing
from webapp.core.factors.totp import flows as totp
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.policy import exemptions, rules
from webapp.core.policy.flows import SWITCHED_OFF
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor

JUST_NOW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Choice:
    """Of which *roles* two-factor authentication is required, none for optional; the grace that people have."""

    roles: frozenset[Role]
    grace_days: int


@dataclass(frozen=True, slots=True)
class LockedOut:
    """Somebody who could open nothing but their own Security tab. *is_already* without the choice, too."""

    person: Person
    is_already: bool


@dataclass(frozen=True, slots=True)
class Exempted:
    """Somebody whose exemption runs."""

    person: Person
    until: datetime
    reason: str


def choice_of(session: Session, company_id: CompanyId) -> Choice:
    """The policy as it stands."""
    return _choice(requirements.of_company(session, company_id))


def change(
    session: Session, me: SignedIn, choice: Choice, *, now: datetime, visitor: Visitor
) -> Accepted[None] | Refused:
    """Make *choice* the policy of *me*'s company, for sessions that live as well.

    A role of which it was required already keeps its start, so that saving again gives nobody another grace. Refuses
    with SESSION_OVER, NOT_YOURS, GRACE_OUT_OF_RANGE.
    """
    if not rules.is_grace(choice.grace_days):
        return Refused(Refusal.GRACE_OUT_OF_RANGE)
    company_id = me.person.company_id
    with writing(session):
        accounts.lock_company(session, company_id)
        refused = _may_decide(session, me)
        if refused:
            return refused
        before = requirements.of_company(session, company_id)
        after = _required(before, choice, now=now)
        if after != before:
            requirements.store(session, company_id, after)
            audit.record(
                session,
                EventKind.POLICY_CHANGED,
                now=now,
                visitor=visitor,
                company_id=company_id,
                actor_id=me.person.id,
                details={"old": _words(_choice(before)), "new": _words(choice)},
            )
        return Accepted(None)


def dry_run(session: Session, company_id: CompanyId, choice: Choice, *, now: datetime) -> list[LockedOut]:
    """Who would be locked out now if *choice* were the policy, by name. Changes nothing; two statements."""
    before = requirements.of_company(session, company_id)
    after = _required(before, choice, now=now)
    people = accounts.everybody(
        session,
        company_id,
        only=lambda employee_id: ~totp.is_on(employee_id),
        also=(
            exemptions.running_until,
            *(lambda employee_id, kind=kind: audit.latest_of(employee_id, kind) for kind in SWITCHED_OFF),
        ),
    )
    return [
        LockedOut(person, _is_locked_out(person, before, *facts, now=now))
        for person, facts in people
        if person.is_active and _is_locked_out(person, after, *facts, now=now)
    ]


def exempted(session: Session, company_id: CompanyId, *, now: datetime) -> list[Exempted]:
    """Whose exemptions run, the one that ends first at the head. One statement."""
    people = accounts.everybody(
        session,
        company_id,
        only=lambda employee_id: exemptions.is_running(employee_id, now=now),
        also=(exemptions.running_until, exemptions.newest_reason),
    )
    return sorted((Exempted(person, until, reason) for person, (until, reason) in people), key=lambda one: one.until)


def exempt(
    session: Session, me: SignedIn, email: str, *, day: date, reason: str, now: datetime, visitor: Visitor
) -> Accepted[None] | Refused:
    """Exempt who has *email* until the end of *day* in the company's time zone, in place of an exemption that runs.

    Refuses with SESSION_OVER, NOT_YOURS, DAY_OUT_OF_RANGE, UNKNOWN_EMPLOYEE: alike for an address of nobody and of
    somebody elsewhere.
    """
    if day >= date.max:
        return Refused(Refusal.DAY_OUT_OF_RANGE)
    until = rules.end_of_day(day, me.person.time_zone)
    if not rules.is_exemption(until, now=now):
        return Refused(Refusal.DAY_OUT_OF_RANGE)
    with writing(session):
        person = _hold(session, me, accounts.by_email(session, email))
        if isinstance(person, Refused):
            return person
        exemptions.give(session, person.id, until=until, reason=reason, given_by=me.person.id, now=now)
        details: dict[str, object] = {"until": day.isoformat(), "reason": reason}
        record(session, EventKind.EXEMPTED, person, actor=me.person, now=now, visitor=visitor, details=details)
        return Accepted(None)


def end_exemption(
    session: Session, me: SignedIn, employee_id: EmployeeId, *, now: datetime, visitor: Visitor
) -> Accepted[None] | Refused:
    """End the exemption of a colleague that runs. SESSION_OVER, NOT_YOURS, UNKNOWN_EMPLOYEE, NOT_EXEMPT."""
    with writing(session):
        person = _hold(session, me, accounts.by_id(session, employee_id))
        if isinstance(person, Refused):
            return person
        if not exemptions.end(session, person.id, now=now):
            return Refused(Refusal.NOT_EXEMPT)
        record(session, EventKind.EXEMPTION_ENDED, person, actor=me.person, now=now, visitor=visitor)
        return Accepted(None)


def was_just_decided(session: Session, me: Person, happened: EventKind, *, now: datetime) -> bool:
    """Whether *me* decided something of this kind a moment ago, for a page that says what was done."""
    newest = audit.of_company(session, me.company_id, Sought(kinds=(happened,), since=now - JUST_NOW), most=1)
    return bool(newest) and newest[0].actor_id == me.id


def _hold(session: Session, me: SignedIn, person: Person | None) -> Person | Refused:
    """A colleague as they are once the company's row and theirs are held, for *me* to decide about."""
    accounts.lock_company(session, me.person.company_id)
    refused = _may_decide(session, me)
    if refused:
        return refused
    now_so = accounts.locked(session, person.id) if person is not None else None
    if now_so is None or now_so.company_id != me.person.company_id or not now_so.is_active:
        return Refused(Refusal.UNKNOWN_EMPLOYEE)
    return now_so


def _may_decide(session: Session, me: SignedIn) -> Refused | None:
    """SESSION_OVER or NOT_YOURS where *me* is no administrator any more. Call it under the company's lock."""
    return colleagues.refusal(session, me, accounts.by_id(session, me.person.id))


def _required(before: Required, choice: Choice, *, now: datetime) -> Required:
    return Required({role: before.since.get(role, now) for role in choice.roles}, choice.grace_days)


def _choice(required: Required) -> Choice:
    return Choice(frozenset(required.since), required.grace_days)


def _is_locked_out(
    person: Person, required: Required, exempt_until: datetime | None, *switched_off: datetime | None, now: datetime
) -> bool:
    if person.role not in required.since:
        return False
    since = max(required.since[person.role], person.role_since)
    until = rules.deadline(
        Requirement(since, timedelta(days=required.grace_days)),
        exempt_until=exempt_until,
        was_off_since=_is_since(switched_off, since),
    )
    return rules.of_policy(until, now=now).must_activate


def _is_since(moments: Iterable[datetime | None], since: datetime) -> bool:
    return any(moment is not None and moment >= since for moment in moments)


def _words(choice: Choice) -> str:
    """For the audit, as "admin, employee; 14 days", or "optional"."""
    if not choice.roles:
        return "optional"
    return f"{', '.join(sorted(choice.roles))}; {choice.grace_days} {'day' if choice.grace_days == 1 else 'days'}"

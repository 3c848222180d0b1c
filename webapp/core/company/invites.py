"""Invitations: an administrator makes an account without a password, and a mailed link sets the first one.

Whether an address has an account already is not said to who invites: the answer is the same, and only an account of
the own company shows in the list. The link is good for that one thing, and logs nobody in.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record, send_link
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role, valid_email
from webapp.core.audit import flows as audit
from webapp.core.audit.rules import EventKind
from webapp.core.company import colleagues
from webapp.core.company.roles import GIVEN
from webapp.core.database import EmployeeId, writing
from webapp.core.freezes import flows as freezes
from webapp.core.links import flows as links
from webapp.core.links.flows import Link
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.passwords import flows as passwords
from webapp.core.passwords import rules
from webapp.core.sealing import Keyring
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor

MOST_OF_COMPANY = 20
COMPANY_WITHIN = timedelta(hours=1)
"""So many invitations by one company in this time, those that led to no mail included: nobody tries addresses."""

MOST_TO_ONE = 3
ONE_WITHIN = timedelta(hours=24)
"""So many mails to one invited person in this time: they may be a stranger who wants none."""


def invite(
    session: Session, me: SignedIn, typed: str, *, name: str, role: Role, now: datetime, visitor: Visitor
) -> Accepted[None] | Refused:
    """Make an employee of *me*'s company and owe them a link to their first password.

    Where somebody has the address already the answer is the same: whoever was invited here before and has no password
    gets a new link in place of the older one, and keeps name and role; everybody else gets nothing. Refuses with
    EMAIL_INVALID, ROLE_NOT_GIVEN, SESSION_OVER, NOT_YOURS, TOO_MANY.
    """
    email = valid_email(typed)
    if email is None:
        return Refused(Refusal.EMAIL_INVALID)
    if role not in GIVEN:
        return Refused(Refusal.ROLE_NOT_GIVEN)
    with writing(session):
        accounts.lock_company(session, me.person.company_id)
        found = accounts.by_email(session, email)
        ours = [found.id] if found is not None and found.company_id == me.person.company_id else []
        people = colleagues.locked(session, me.person.id, *ours)
        refused = colleagues.refusal(session, me, people[me.person.id]) or _too_many(session, me, now=now)
        if refused:
            return _refused(session, me, None, refused, now=now, visitor=visitor)
        other = people[ours[0]] if ours else None
        if found is None:
            other = _made(session, me, email, name=name, role=role, now=now, visitor=visitor)
        unmailed = _mail(session, me, other, now=now) if other else Refused(Refusal.EMAIL_TAKEN)
        if unmailed:
            _refused(session, me, other, unmailed, now=now, visitor=visitor)
        elif other:
            record(session, EventKind.EMPLOYEE_INVITED, other, actor=me.person, now=now, visitor=visitor)
        return Accepted(None)


def invite_again(
    session: Session, me: SignedIn, employee_id: EmployeeId, *, now: datetime, visitor: Visitor
) -> Accepted[None] | Refused:
    """Owe a new link to somebody who was invited and has no password yet. The older one is void.

    Refuses with HAS_PASSWORD, DEACTIVATED, TOO_MANY, or as colleagues.hold() does.
    """

    def mail(other: Person) -> Refused | bool:
        return _too_many(session, me, now=now) or _mail(session, me, other, now=now) or True

    return colleagues.act(session, EventKind.EMPLOYEE_INVITED, me, employee_id, mail, now=now, visitor=visitor)


def find(session: Session, keyring: Keyring, token: str) -> Link | None:
    """The link that a mail's address holds, whether it still acts or not."""
    return links.find(session, keyring, LinkKind.INVITE, token)


def accept(
    session: Session,
    keyring: Keyring,
    token: str,
    new: str,
    *,
    brand: str,
    rounds: int,
    now: datetime,
    visitor: Visitor,
) -> Accepted[None] | Refused:
    """Give the person of the link their first password, *new*. Logs nobody in.

    Refuses with LINK_OVER, also where they have a password or are not active; PASSWORD_TOO_SHORT, _TOO_LONG, _TOO_EASY.
    """
    link = find(session, keyring, token)
    person = accounts.by_id(session, link.employee_id) if link is not None and link.is_live(now) else None
    if link is None or person is None:
        return Refused(Refusal.LINK_OVER)
    refused = passwords.problem(person, new, brand=brand)
    if refused:
        return refused
    password_hash = rules.hashed(new, rounds=rounds)
    with writing(session):
        now_so = accounts.locked(session, person.id)
        if now_so is None or _may_accept(session, now_so) or not links.use(session, link, now=now):
            return Refused(Refusal.LINK_OVER)
        passwords.store(session, keyring, now_so.id, password_hash, now=now)
        passwords.forget_guesses(session, keyring, now_so.email, browser=None)  # strangers' guesses at it count no more
        record(session, EventKind.INVITE_ACCEPTED, now_so, now=now, visitor=visitor)
        return Accepted(None)


def is_waiting(session: Session, person: Person) -> bool:
    """Whether *person* was invited and has not set a password yet."""
    return passwords.changed_at(session, person.id) is None


def _made(
    session: Session, me: SignedIn, email: str, *, name: str, role: Role, now: datetime, visitor: Visitor
) -> Person | None:
    """The new employee; None where somebody else has the address after all, or disputes that it was taken from them."""
    if freezes.owner_of_former(session, email) is not None:
        return None
    created = accounts.create_employee(
        session,
        me.person.company_id,
        email,
        name=name,
        role=role,
        language=me.person.language,  # the best guess at what is spoken in their company
        by=me.person.id,
        now=now,
        visitor=visitor,
    )
    return accounts.by_id(session, created.value) if isinstance(created, Accepted) else None


def _mail(session: Session, me: SignedIn, other: Person, *, now: datetime) -> Refused | None:
    """Owe *other* a link, or say why not. They may be strangers: the mail greets nobody, and tells no place."""
    refused = _may_accept(session, other)
    opens_at = links.opens_at(session, other.id, LinkKind.INVITE, most=MOST_TO_ONE, within=ONE_WITHIN, now=now)
    if refused or opens_at:
        return refused or Refused(Refusal.TOO_MANY, retry_at=opens_at)
    told = {"company": me.person.company_name, "admin": me.person.name}
    send_link(session, Notice.INVITE, other, LinkKind.INVITE, told=told, now=now, visitor=Visitor())
    return None


def _may_accept(session: Session, person: Person) -> Refused | None:
    """Why an invitation is of no use to *person*, or None. Call it under their lock."""
    if not person.is_active:
        return Refused(Refusal.DEACTIVATED)
    return None if is_waiting(session, person) else Refused(Refusal.HAS_PASSWORD)


def _too_many(session: Session, me: SignedIn, *, now: datetime) -> Refused | None:
    """TOO_MANY where the company has invited enough for now. Call it under the company's lock."""
    kind, most, within = EventKind.EMPLOYEE_INVITED, MOST_OF_COMPANY, COMPANY_WITHIN
    opens_at = audit.opens_at(session, me.person.company_id, kind, most=most, within=within, now=now)
    return Refused(Refusal.TOO_MANY, retry_at=opens_at) if opens_at else None


def _refused(
    session: Session, me: SignedIn, other: Person | None, refused: Refused, *, now: datetime, visitor: Visitor
) -> Refused:
    """Write down that *me*'s invitation led to nothing; of *other*, where they are of the same company."""
    if refused.reason is not Refusal.SESSION_OVER:
        audit.record(
            session,
            EventKind.EMPLOYEE_INVITED,
            now=now,
            visitor=visitor,
            employee_id=other.id if other else None,
            company_id=me.person.company_id,
            actor_id=me.person.id,
            refusal=refused.reason,
        )
    return refused

"""Closing a colleague's account and opening it again. Nothing is deleted: who did what stays written down.

While it is closed, a log-in is answered as a wrong password is, and so is a request for a forgotten one.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record, tell_plainly
from webapp.core.accounts.flows import Person
from webapp.core.audit.rules import EventKind
from webapp.core.challenge import flows as challenge
from webapp.core.company import colleagues
from webapp.core.database import EmployeeId, writing
from webapp.core.factors.totp import pending
from webapp.core.links import flows as links
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refused
from webapp.core.passwords import flows as passwords
from webapp.core.repairs import flows as repairs
from webapp.core.sessions import browsers
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor

END_REASON = "deactivated"

OPENING_LINKS = frozenset({LinkKind.PASSWORD, LinkKind.EMAIL, LinkKind.INVITE})
"""What would give something. The links of notices only take away, and outlive a deactivation: else two clicks of an
administrator would silence “This wasn't me”."""


def deactivate(
    session: Session, me: SignedIn, employee_id: EmployeeId, *, now: datetime, visitor: Visitor
) -> Accepted[None] | Refused:
    """Close a colleague's account: whatever led into it is over at once. Twice is as good as once.

    Sessions and half-way log-ins end, a set-up that was begun is dropped, known browsers are forgotten, links and a
    repair pass are void. Factors, backup codes and password stay as they are. Refuses as colleagues.hold() does.
    """

    def close(other: Person) -> bool:
        if not other.is_active:
            return False
        _close(session, other, actor=me.person, now=now, visitor=visitor)
        _tell(session, Notice.DEACTIVATED, me, other, now=now)
        return True

    return colleagues.act(session, EventKind.EMPLOYEE_DEACTIVATED, me, employee_id, close, now=now, visitor=visitor)


def reactivate(
    session: Session, me: SignedIn, employee_id: EmployeeId, *, now: datetime, visitor: Visitor
) -> Accepted[None] | Refused:
    """Open a colleague's account again, for the log-in that it had. Refuses as colleagues.hold() does."""

    def open_again(other: Person) -> bool:
        if other.is_active:
            return False
        accounts.set_active(session, other, is_active=True)
        _tell(session, Notice.REACTIVATED, me, other, now=now)
        return True

    return colleagues.act(
        session, EventKind.EMPLOYEE_REACTIVATED, me, employee_id, open_again, now=now, visitor=visitor
    )


def set_active_by_operator(
    session: Session, person: Person, *, is_active: bool, now: datetime, visitor: Visitor
) -> Accepted[None]:
    """Close *person*'s account, or open it again, by somebody with shell access: people of Support have no other.

    No mail tells of it: there is no name to tell. Written down like the others, without an actor.
    """
    with writing(session):
        person = accounts.locked(session, person.id) or person
        if person.is_active is is_active:
            return Accepted(None)
        if is_active:
            accounts.set_active(session, person, is_active=True)
        else:
            _close(session, person, actor=None, now=now, visitor=visitor)
        kind = EventKind.EMPLOYEE_REACTIVATED if is_active else EventKind.EMPLOYEE_DEACTIVATED
        record(session, kind, person, now=now, visitor=visitor)
        return Accepted(None)


def _close(session: Session, person: Person, *, actor: Person | None, now: datetime, visitor: Visitor) -> None:
    """Whatever led into *person*'s account is over. Joins the caller's transaction, under their lock."""
    accounts.set_active(session, person, is_active=False)
    challenge.end_log_ins(session, person, reason=END_REASON, now=now, visitor=visitor)
    browsers.forget(session, person.id)
    pending.drop(session, person.id)
    links.void(session, person.id, OPENING_LINKS, reason=END_REASON, now=now)
    repairs.void(session, person, reason=END_REASON, actor=actor, now=now, visitor=visitor)


def _tell(session: Session, notice: Notice, me: SignedIn, other: Person, *, now: datetime) -> None:
    """Not whoever was invited and has never set a password; and nobody is told where the administrator sits."""
    if passwords.changed_at(session, other.id) is not None:
        told = {"company": me.person.company_name, "admin": me.person.name}
        tell_plainly(session, notice, other, now=now, visitor=Visitor(), **told)

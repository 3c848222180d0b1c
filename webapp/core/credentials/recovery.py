"""A new password for somebody who forgot the old one, by a link to the stored address.

What is asked for is only written down, whoever's address it is: nobody is looked up, so nothing tells whether somebody
has it. The sender of mail resolves it. The link logs nobody in and touches no second factor (case D-13).
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record, send_link, tell
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import MAX_EMAIL_LENGTH, email_key, storable
from webapp.core.audit.rules import EventKind
from webapp.core.credentials import changes
from webapp.core.credentials.tables import RecoveryRequest
from webapp.core.database import changed_rows, writing
from webapp.core.freezes import flows as freezes
from webapp.core.links import flows as links
from webapp.core.links.flows import Link
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.passwords import flows as passwords
from webapp.core.passwords import rules
from webapp.core.policy.rules import wipe_is_over
from webapp.core.sealing import Keyring
from webapp.core.visitor import Visitor

MOST = 3
WITHIN = timedelta(hours=1)
"""So many requests at one address, and so many mails to one person, in this time. Beyond that nothing is said."""

AT_ONCE = 200
END_REASON = "password_recovered"


def ask(session: Session, keyring: Keyring, typed: str, *, now: datetime, visitor: Visitor) -> None:
    """Write down that somebody wants a link to the address *typed*: the same statements whoever has it, if anybody.

    Beyond the limit of an hour nothing is written, and nothing says so. The database itself keeps to the limit: of
    many at once each takes one of three places, or none.
    """
    digest = keyring.fingerprint(email_key(typed), purpose="password recovery")
    with writing(session):
        session.execute(delete(RecoveryRequest).where(RecoveryRequest.digest == digest, _is_over(now)))
        taken = session.scalars(select(RecoveryRequest.place).where(RecoveryRequest.digest == digest)).all()
        free = [place for place in range(MOST) if place not in taken]
        if not free:
            return
        request = RecoveryRequest(
            digest=digest,
            place=free[0],
            typed=storable(typed.strip())[:MAX_EMAIL_LENGTH],
            address=visitor.address[:64],
            user_agent=visitor.user_agent[:256],
            asked_at=now,
            resolved_at=None,
        )
        try:
            with session.begin_nested():
                session.add(request)
        except IntegrityError:  # another request took the place at this instant, and leads to the same mail
            return


def resolve_due(session: Session, *, most: int = AT_ONCE, now: datetime) -> int:
    """Answer requests that wait, each in its own transaction, with a mail owed or with nothing; how many.

    Whoever delivers mail calls this first. A flood of requests must not keep mail waiting that is owed: no more than
    *most* are answered in one call.
    """
    for resolved in range(most):
        if not _resolve_next(session, now=now):
            return resolved
    return most


def find(session: Session, keyring: Keyring, token: str) -> Link | None:
    """The link that a mail's address holds, whether it still acts or not."""
    return links.find(session, keyring, LinkKind.PASSWORD, token)


def save(
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
    """Give the person of the link the password *new*, and end all that the old one opened. Logs nobody in.

    In one transaction: the link is used up, the hash stored, every session and half-way log-in ended, other links to a
    password or another address void, guesses forgotten. Refuses with LINK_OVER, PASSWORD_TOO_SHORT, _TOO_LONG,
    _TOO_EASY.
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
        refused = _may_recover(session, now_so, now=now)
        if refused:
            return refused
        if now_so is None or not links.use(session, link, now=now):
            return Refused(Refusal.LINK_OVER)
        passwords.store(session, keyring, now_so.id, password_hash, now=now)
        changes.end_what_it_opened(session, keyring, now_so, reason=END_REASON, now=now, visitor=visitor)
        record(session, EventKind.PASSWORD_RECOVERED, now_so, now=now, visitor=visitor)
        tell(session, Notice.PASSWORD_FORGOTTEN, now_so, now=now, visitor=visitor)
        return Accepted(None)


def purge(session: Session, *, now: datetime) -> int:
    """Delete requests that were resolved and count no more; how many."""
    with writing(session):
        return changed_rows(session.execute(delete(RecoveryRequest).where(_is_over(now))))


def _resolve_next(session: Session, *, now: datetime) -> bool:
    """Answer the oldest request that waits; False where none does. What was typed is kept no longer.

    One transaction also where nobody waits, for a sender looks every two seconds.
    """
    with writing(session):
        session.execute(delete(RecoveryRequest).where(_is_over(now)))
        waiting = select(RecoveryRequest).where(RecoveryRequest.resolved_at.is_(None)).order_by(RecoveryRequest.id)
        request = session.scalar(waiting.limit(1).with_for_update(skip_locked=True))
        if request is None:
            return False
        _mail_link(session, request.typed, now=now, visitor=Visitor(request.address, request.user_agent))
        request.typed, request.resolved_at = "", now
        return True


def _mail_link(session: Session, typed: str, *, now: datetime, visitor: Visitor) -> None:
    """Owe a link to the person who has the address, at the address as it is stored: never as it was typed."""
    found = accounts.by_email(session, typed)
    person = accounts.locked(session, found.id) if found else None
    if person is None or email_key(person.email) != email_key(typed):  # changed at this instant
        return
    if _may_recover(session, person, now=now) or passwords.changed_at(session, person.id) is None:
        return
    if links.opens_at(session, person.id, LinkKind.PASSWORD, most=MOST, within=WITHIN, now=now):
        return
    send_link(session, Notice.PASSWORD_LINK, person, LinkKind.PASSWORD, now=now, visitor=visitor, name=person.name)
    record(session, EventKind.RECOVERY_ASKED, person, now=now, visitor=visitor)


def _may_recover(session: Session, person: Person | None, *, now: datetime) -> Refused | None:
    """Why *person*'s password can't be set by a link now, or None. Call it under the person's lock.

    A freeze alone closes nothing: a new password can't lift it. One that casts doubt on the mailbox does. So does the
    day after Support took the second factor away, in which the password is all that is asked for.
    """
    if person is None or not person.is_active:
        return Refused(Refusal.LINK_OVER)
    if person.wiped_at is not None and not wipe_is_over(person.wiped_at, now=now):
        return Refused(Refusal.LINK_OVER)
    freeze = freezes.of(session, person.id)
    return Refused(Refusal.LINK_OVER) if freeze is not None and freeze.closes_recovery else None


def _is_over(now: datetime) -> ColumnElement[bool]:
    """A request that was resolved and counts no more."""
    return RecoveryRequest.resolved_at.is_not(None) & (RecoveryRequest.asked_at <= now - WITHIN)

"""Checking that backup codes were saved: any one of them, typed in full, is compared and never spent.

It opens nothing and proves nobody: what a code lets somebody do is proof's. A wrong one is a guess all the same, on the
counter that every page shares, or here would be the place to guess at.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.flows import Charge
from webapp.core.attempts.rules import GuessKind
from webapp.core.audit.rules import EventKind
from webapp.core.database import writing
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.factors.backup_codes.flows import StoredCode
from webapp.core.factors.totp import flows as totp
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof import inside
from webapp.core.proof.rules import BackupCode
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor


def check(
    session: Session, me: SignedIn, entry: BackupCode | None, *, now: datetime, visitor: Visitor
) -> Accepted[None] | Refused:
    """Note that *me* has the backup codes, where *entry* is one that still works. It goes on working.

    Charged and committed before it is looked at, and given back where it was right. Refuses with MALFORMED,
    TOO_MANY, CLOSED, BACKUP_CODE_UNKNOWN, BACKUP_CODE_USED, BACKUP_CODES_REPLACED (while it was looked at),
    BACKUP_CODES_SHOWN, NOT_ACTIVE, SESSION_OVER.
    """
    if entry is None:
        with writing(session):
            return _refuse(session, me, Refused(Refusal.MALFORMED), now=now, visitor=visitor)
    with writing(session):
        paid = _charge(session, me, now=now, visitor=visitor)
        if isinstance(paid, Refused):
            return paid
        looked_up = backup_codes.lookup(session, me.person.id)
    stored = backup_codes.find(looked_up, entry.code) if looked_up else None
    with writing(session):
        accounts.lock(session, me.person.id)
        refused = _may_check(session, me, now=now)
        if stored is None:
            unknown = paid.refused(Refusal.BACKUP_CODE_UNKNOWN)
            return _refuse(session, me, refused or unknown, now=now, visitor=visitor)
        attempts.refund(session, paid)
        refused = refused or _worth(backup_codes.as_it_stands(session, stored))
        if refused:
            return _refuse(session, me, refused, now=now, visitor=visitor, stored=stored)
        backup_codes.note_checked(session, me.person.id, now=now)
        _note(session, me, now=now, visitor=visitor, stored=stored)
        return Accepted(None)


def refusal(session: Session, me: SignedIn, *, now: datetime, visitor: Visitor) -> Refused | None:
    """Whether a check would be refused now, for a page that is only shown."""
    refused = _may_check(session, me, now=now)
    guesser = inside.guesser(session, me, now=now, visitor=visitor)
    return refused or attempts.refusal(session, guesser, GuessKind.BACKUP_CODE, now=now)


def _charge(session: Session, me: SignedIn, *, now: datetime, visitor: Visitor) -> Charge | Refused:
    accounts.lock(session, me.person.id)
    refused = _may_check(session, me, now=now)
    if refused:
        return _refuse(session, me, refused, now=now, visitor=visitor)
    guesser = inside.guesser(session, me, now=now, visitor=visitor)
    paid = attempts.charge(session, guesser, GuessKind.BACKUP_CODE, now=now)
    return _refuse(session, me, paid, now=now, visitor=visitor) if isinstance(paid, Refused) else paid


def _may_check(session: Session, me: SignedIn, *, now: datetime) -> Refused | None:
    refused = sessions.still_open(session, me)
    if refused is None and totp.state(session, me.person.id) is None:
        refused = Refused(Refusal.NOT_ACTIVE)
    if refused is None and backup_codes.can_be_seen(session, me.session_id, now=now):
        refused = Refused(Refusal.BACKUP_CODES_SHOWN)  # a code copied from the screen shows nothing
    return refused


def _worth(stored: StoredCode | None) -> Refused | None:
    """Why a code that was found shows nothing, or None. Read under the lock: it may be another's by now."""
    if stored is None:
        return Refused(Refusal.BACKUP_CODES_REPLACED)
    return Refused(Refusal.BACKUP_CODE_USED, at=stored.used_at) if stored.used_at else None


def _refuse(
    session: Session,
    me: SignedIn,
    refused: Refused,
    *,
    now: datetime,
    visitor: Visitor,
    stored: StoredCode | None = None,
) -> Refused:
    _note(session, me, now=now, visitor=visitor, refusal=refused.reason, stored=stored)
    return refused


def _note(
    session: Session,
    me: SignedIn,
    *,
    now: datetime,
    visitor: Visitor,
    refusal: Refusal | None = None,
    stored: StoredCode | None = None,
) -> None:
    """The event, with the place of the code in the list, as proof's: never the code."""
    record(
        session,
        EventKind.BACKUP_CODES_CHECKED,
        me.person,
        now=now,
        visitor=visitor,
        refusal=refusal,
        factor=GuessKind.BACKUP_CODE,
        details={"position": stored.position + 1} if stored else {},
    )

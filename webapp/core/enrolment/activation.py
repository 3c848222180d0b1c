"""Switching two-factor authentication on: a pending secret to scan, and what its first right code does.

How the code is judged is ``first_code``'s business, and how the address becomes a QR code the web's.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record, tell
from webapp.core.audit.rules import EventKind
from webapp.core.database import writing
from webapp.core.enrolment.changes import start_afresh
from webapp.core.factors.backup_codes.rules import CODES_PER_SET
from webapp.core.factors.totp import flows as totp
from webapp.core.factors.totp import pending
from webapp.core.factors.totp.pending import ACTIVATION, Pending
from webapp.core.factors.totp.rules import FIRST_NAME
from webapp.core.freezes import flows as freezes
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.policy import flows as policy
from webapp.core.sealing import Keyring
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor


def begin(
    session: Session, keyring: Keyring, me: SignedIn, *, now: datetime, visitor: Visitor
) -> Accepted[None] | Refused:
    """See that *me* has a pending secret to scan. Refuses with ALREADY_ACTIVE or SESSION_OVER."""
    with writing(session):
        accounts.lock(session, me.person.id)
        refused = may_activate(session, me)
        if refused:
            reason = refused.reason
            record(session, EventKind.ACTIVATION_BEGUN, me.person, now=now, visitor=visitor, refusal=reason)
            return refused
        if pending.make(session, keyring, me.person.id, ACTIVATION, session_id=me.session_id, now=now):
            record(session, EventKind.ACTIVATION_BEGUN, me.person, now=now, visitor=visitor)
        return Accepted(None)


def may_activate(session: Session, me: SignedIn) -> Refused | None:
    """SESSION_OVER, FROZEN or ALREADY_ACTIVE where *me* can't switch it on now. Call it under the person's lock."""
    refused = sessions.still_open(session, me) or freezes.refusal(session, me.person.id)
    if refused is None and totp.state(session, me.person.id):
        return Refused(Refusal.ALREADY_ACTIVE)
    return refused


def finish(
    session: Session, keyring: Keyring, me: SignedIn, waiting: Pending, *, step: int, now: datetime, visitor: Visitor
) -> None:
    """It is on: the factor with its step spent, nothing left of the time before, audit, notice."""
    totp.add(session, keyring, me.person.id, secret=waiting.secret, step=step, name=FIRST_NAME, now=now)
    policy.release(session, me.person)
    start_afresh(session, me, reason="two_factor_activated", now=now, visitor=visitor)
    record(session, EventKind.TWO_FACTOR_ACTIVATED, me.person, now=now, visitor=visitor)
    tell(session, Notice.ACTIVATED, me.person, now=now, visitor=visitor, codes_left=CODES_PER_SET)

"""Replacing an authenticator app without switching two-factor authentication off.

The old app works until the new one's first code is right; then it is dead.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts.about import record, tell
from webapp.core.audit.rules import EventKind
from webapp.core.database import AuthenticatorId
from webapp.core.enrolment import setup
from webapp.core.enrolment.changes import app_of, start_afresh
from webapp.core.factors.backup_codes.rules import CODES_PER_SET
from webapp.core.factors.totp import flows as totp
from webapp.core.factors.totp.pending import Aim, Pending, Purpose
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof.rules import Entry
from webapp.core.sealing import Keyring
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor


def begin(
    session: Session,
    keyring: Keyring,
    me: SignedIn,
    old: AuthenticatorId,
    entry: Entry | None,
    *,
    now: datetime,
    visitor: Visitor,
) -> Accepted[None] | Refused:
    """A new secret to scan in place of *old*'s, for a current code or backup code. Nothing else changes yet.

    Without *entry* only where the log-in by the last backup code still counts. Refuses with UNKNOWN_AUTHENTICATOR,
    NOT_ACTIVE, MALFORMED, SESSION_OVER, or as proof.prove() does.
    """

    def also() -> Refused | None:
        return None if app_of(session, me, old) else Refused(Refusal.UNKNOWN_AUTHENTICATOR)

    aim, kind = Aim(Purpose.REPLACE, replaces=old), EventKind.REPLACEMENT_BEGUN
    return setup.begin(session, keyring, me, aim, entry, kind=kind, also=also, now=now, visitor=visitor)


def finish(
    session: Session, keyring: Keyring, me: SignedIn, waiting: Pending, *, step: int, now: datetime, visitor: Visitor
) -> None:
    """The new app is active, its step spent, and the old one gone; nothing left of the time before, audit, notice."""
    old = waiting.aim.replaces
    if old is None:
        raise ValueError("a secret that takes nobody's place")
    replaced = totp.replace(session, keyring, me.person.id, old, secret=waiting.secret, step=step, now=now)
    start_afresh(session, me, reason="app_replaced", now=now, visitor=visitor)
    record(session, EventKind.APP_REPLACED, me.person, now=now, visitor=visitor, details={"app": replaced.name})
    tell(
        session,
        Notice.APP_REPLACED,
        me.person,
        now=now,
        visitor=visitor,
        app=replaced.name,
        codes_left=CODES_PER_SET,
    )

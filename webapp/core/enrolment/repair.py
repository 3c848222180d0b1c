"""Replacing the app by a repair pass of Support, which stands in for a code: two-factor authentication is never off.

Whoever needs a pass has said that nothing is left. So the new app is the only one afterwards, and a freeze is over: it
would shut the owner out, for the new app is younger than whatever was disputed.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record, tell
from webapp.core.audit.rules import EventKind
from webapp.core.database import writing
from webapp.core.enrolment import replace
from webapp.core.factors.totp import flows as totp
from webapp.core.factors.totp import pending
from webapp.core.factors.totp.pending import Aim, Pending, Purpose
from webapp.core.freezes import flows as freezes
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.repairs import flows as repairs
from webapp.core.sealing import Keyring
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor


def begin(
    session: Session, keyring: Keyring, me: SignedIn, *, now: datetime, visitor: Visitor
) -> Accepted[None] | Refused:
    """A new secret to scan, without a code, for a session that a pass opened. Refuses with SESSION_OVER, NOT_ACTIVE."""
    with writing(session):
        accounts.lock(session, me.person.id)
        refused, state = may_replace(session, me, now=now), totp.state(session, me.person.id)
        if refused or state is None:
            refused = refused or Refused(Refusal.NOT_ACTIVE)
            reason = refused.reason
            record(session, EventKind.REPLACEMENT_BEGUN, me.person, now=now, visitor=visitor, refusal=reason)
            return refused
        aim = Aim(Purpose.REPLACE, replaces=state.apps[0].id)
        if pending.make(session, keyring, me.person.id, aim, session_id=me.session_id, now=now):
            record(session, EventKind.REPLACEMENT_BEGUN, me.person, now=now, visitor=visitor)
        return Accepted(None)


def may_replace(session: Session, me: SignedIn, *, now: datetime) -> Refused | None:
    """SESSION_OVER or NOT_ACTIVE where *me* can't replace the app by a pass now. Call it under the person's lock."""
    refused = sessions.repairs_still(session, me, now=now)
    if refused or totp.state(session, me.person.id):
        return refused
    return Refused(Refusal.NOT_ACTIVE)


def finish(
    session: Session, keyring: Keyring, me: SignedIn, waiting: Pending, *, step: int, now: datetime, visitor: Visitor
) -> None:
    """As replace.finish(), and more: the pass is used up, no other app is left, a freeze lifted, the session full."""
    used = repairs.use(session, me.repair_pass_id, now=now) if me.repair_pass_id is not None else None
    if used is None:
        raise RuntimeError("an app was to be replaced by a pass that opens nothing")
    details: dict[str, object] = {"case": used.case_id}
    record(session, EventKind.REPAIR_USED, me.person, now=now, visitor=visitor, details=details)
    _lift(session, me, issued_at=used.issued_at, now=now, visitor=visitor)
    state = totp.state(session, me.person.id)
    for app in state.apps if state else ():
        if app.id != waiting.aim.replaces:
            totp.remove_one(session, me.person.id, app.id)
    replace.finish(session, keyring, me, waiting, step=step, now=now, visitor=visitor)
    sessions.complete_repair(session, me, now=now, visitor=visitor)


def _lift(session: Session, me: SignedIn, *, issued_at: datetime, now: datetime, visitor: Visitor) -> None:
    """The address stays, for the mailed half was read there. The link of the pass stays: it can't vouch for itself."""
    state = totp.state(session, me.person.id)
    details: dict[str, object] = {"apps": len(state.apps) if state else 0, "codes": True, "email": False}
    if freezes.lift(session, me.person, vouchers_set_at=[issued_at], now=now, visitor=visitor, details=details):
        tell(session, Notice.LIFTED, me.person, now=now, visitor=visitor)

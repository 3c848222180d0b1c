"""A second authenticator beside the first, as a tablet beside a phone: adding, renaming, removing.

The last one is removed by a reset only. Replacing one has a module of its own.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record, tell
from webapp.core.accounts.rules import folded
from webapp.core.audit.rules import EventKind
from webapp.core.challenge import flows as challenge
from webapp.core.database import AuthenticatorId, writing
from webapp.core.enrolment import setup
from webapp.core.enrolment.changes import app_of, may_change
from webapp.core.factors.totp import flows as totp
from webapp.core.factors.totp import pending
from webapp.core.factors.totp.flows import App
from webapp.core.factors.totp.pending import Aim, Pending, Purpose
from webapp.core.factors.totp.rules import MOST_PER_PERSON
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof import flows as proof
from webapp.core.proof import inside
from webapp.core.proof.rules import Entry
from webapp.core.sealing import Keyring
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor


def begin(
    session: Session, keyring: Keyring, me: SignedIn, name: str, entry: Entry | None, *, now: datetime, visitor: Visitor
) -> Accepted[None] | Refused:
    """A secret to scan for one more app called *name*, for a current code or backup code. Nothing else changes yet.

    Without *entry* only where the log-in by the last backup code still counts. Refuses with TOO_MANY_AUTHENTICATORS,
    NAME_TAKEN, NOT_ACTIVE, MALFORMED, SESSION_OVER, or as proof.prove() does.
    """

    def also() -> Refused | None:
        return refusal_to_add(session, me) or _name_refusal(session, me, name)

    aim, kind = Aim(Purpose.ADD, name=name), EventKind.ADDING_BEGUN
    return setup.begin(session, keyring, me, aim, entry, kind=kind, also=also, now=now, visitor=visitor)


def refusal_to_add(session: Session, me: SignedIn) -> Refused | None:
    """TOO_MANY_AUTHENTICATORS where *me* has two already, for a page that is only shown too."""
    return Refused(Refusal.TOO_MANY_AUTHENTICATORS) if len(_apps(session, me)) >= MOST_PER_PERSON else None


def finish(
    session: Session, keyring: Keyring, me: SignedIn, waiting: Pending, *, step: int, now: datetime, visitor: Visitor
) -> None:
    """One more app is active, its step spent; everything else stays. Audit, notice."""
    name = waiting.aim.name
    totp.add(session, keyring, me.person.id, secret=waiting.secret, step=step, name=name, now=now)
    record(session, EventKind.AUTHENTICATOR_ADDED, me.person, now=now, visitor=visitor, details={"app": name})
    tell(session, Notice.APP_ADDED, me.person, now=now, visitor=visitor, app=name)


def rename(
    session: Session, me: SignedIn, authenticator_id: AuthenticatorId, name: str, *, now: datetime, visitor: Visitor
) -> Accepted[None] | Refused:
    """Call one of *me*'s apps *name*. Refuses with UNKNOWN_AUTHENTICATOR, NAME_TAKEN, NOT_ACTIVE, SESSION_OVER."""
    with writing(session):
        accounts.lock(session, me.person.id)
        app = app_of(session, me, authenticator_id)
        refused = may_change(session, me) or _missing(app) or _name_refusal(session, me, name, but=authenticator_id)
        waiting = pending.name_waiting(session, me.person.id, now=now)
        if refused is None and waiting is not None and folded(name) == folded(waiting):
            refused = Refused(Refusal.NAME_TAKEN)
        if refused:
            reason, kind = refused.reason, EventKind.AUTHENTICATOR_RENAMED
            record(session, kind, me.person, now=now, visitor=visitor, refusal=reason)
            return refused
        totp.rename(session, authenticator_id, name)
        record(session, EventKind.AUTHENTICATOR_RENAMED, me.person, now=now, visitor=visitor, details={"app": name})
        return Accepted(None)


def remove(
    session: Session,
    keyring: Keyring,
    me: SignedIn,
    authenticator_id: AuthenticatorId,
    entry: Entry | None,
    *,
    now: datetime,
    visitor: Visitor,
) -> Accepted[None] | Refused:
    """Take one of two apps away for a current code or backup code; half-way log-ins and other sessions end.

    Without *entry* only where the log-in by the last backup code still counts. Refuses with UNKNOWN_AUTHENTICATOR,
    LAST_AUTHENTICATOR, NOT_ACTIVE, MALFORMED, SESSION_OVER, or as proof.prove() does.
    """
    app = app_of(session, me, authenticator_id)

    def also() -> Refused | None:
        return _missing(app_of(session, me, authenticator_id)) or refusal_to_remove(session, me)

    def take_away(_: None) -> None:
        totp.remove_one(session, me.person.id, authenticator_id)
        challenge.end_log_ins(session, me.person, keep=me.session_id, reason="app_removed", now=now, visitor=visitor)
        record(session, EventKind.AUTHENTICATOR_REMOVED, me.person, now=now, visitor=visitor, details={"app": name})
        tell(session, Notice.APP_REMOVED, me.person, now=now, visitor=visitor, app=name)

    name = app.name if app else ""
    asked = inside.question(
        session, me, "remove an authenticator", proof.nothing, may_change, also=also, now=now, visitor=visitor
    )
    return inside.with_proof(session, keyring, me, asked, entry, now=now, then=take_away)


def refusal_to_remove(session: Session, me: SignedIn) -> Refused | None:
    """LAST_AUTHENTICATOR where *me* has one only: without it two-factor authentication would be off unsaid."""
    return Refused(Refusal.LAST_AUTHENTICATOR) if len(_apps(session, me)) < MOST_PER_PERSON else None


def _apps(session: Session, me: SignedIn) -> tuple[App, ...]:
    state = totp.state(session, me.person.id)
    return state.apps if state else ()


def _missing(app: App | None) -> Refused | None:
    return None if app else Refused(Refusal.UNKNOWN_AUTHENTICATOR)


def _name_refusal(session: Session, me: SignedIn, name: str, *, but: AuthenticatorId | None = None) -> Refused | None:
    """NAME_TAKEN where another of *me*'s apps is called so: two of one name could not be told apart."""
    others = [folded(app.name) for app in _apps(session, me) if app.id != but]
    return Refused(Refusal.NAME_TAKEN) if folded(name) in others else None

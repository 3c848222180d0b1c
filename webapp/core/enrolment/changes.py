"""What every change to a person's factors has in common: who may ask, and what is over after it.

For the other modules of this feature, and for their pages.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.attempts import flows as attempts
from webapp.core.attempts.rules import GuessKind
from webapp.core.cases import flows as cases
from webapp.core.cases.rules import By
from webapp.core.challenge import flows as challenge
from webapp.core.database import AuthenticatorId
from webapp.core.factors.totp import flows as totp
from webapp.core.factors.totp.flows import App
from webapp.core.freezes import flows as freezes
from webapp.core.outcomes import Refusal, Refused
from webapp.core.proof import inside
from webapp.core.repairs import flows as repairs
from webapp.core.sessions import browsers
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor

SECOND_FACTORS = frozenset({GuessKind.TOTP, GuessKind.BACKUP_CODE})


def may_change(session: Session, me: SignedIn) -> Refused | None:
    """SESSION_OVER, FROZEN or NOT_ACTIVE where *me* may change no factor now. Call it under the person's lock."""
    refused = sessions.still_open(session, me) or freezes.refusal(session, me.person.id)
    if refused or totp.state(session, me.person.id):
        return refused
    return Refused(Refusal.NOT_ACTIVE)


def app_of(session: Session, me: SignedIn, authenticator_id: AuthenticatorId) -> App | None:
    """That one of *me*'s authenticators, or None: somebody else's, or removed meanwhile."""
    state = totp.state(session, me.person.id)
    return next((app for app in state.apps if app.id == authenticator_id), None) if state else None


def refusal(session: Session, me: SignedIn, kind: GuessKind, *, now: datetime, visitor: Visitor) -> Refused | None:
    """Whether a change by this *kind* of code would be refused now, for a page that is only shown."""
    if not inside.is_on(session, me):
        return Refused(Refusal.NOT_ACTIVE)
    return freezes.refusal(session, me.person.id) or inside.refusal(session, me, kind, now=now, visitor=visitor)


def start_afresh(session: Session, me: SignedIn, *, reason: str, now: datetime, visitor: Visitor) -> None:
    """Nothing of the time before counts: no guess, half-way log-in or pass, no other session, no other browser.

    Whoever has just proved an app needs no Support, as at a log-in: a wipe would take that app away.
    """
    attempts.empty_all(session, me.person.id, SECOND_FACTORS | {GuessKind.SETUP, GuessKind.REPAIR})
    repairs.void(session, me.person, reason=reason, now=now, visitor=visitor)
    cases.stop(session, me.person, by=By.FACTOR, now=now, visitor=visitor)
    challenge.end_log_ins(session, me.person, keep=me.session_id, reason=reason, now=now, visitor=visitor)
    browsers.forget(session, me.person.id, keep=me.browser_id)

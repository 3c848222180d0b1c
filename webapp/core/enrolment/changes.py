"""What every change to a person's factors has in common: who may ask, and the log-in by a last code.

For the other modules of this feature, and for the features above that ask for a code where there is one.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.rules import GuessKind
from webapp.core.challenge import flows as challenge
from webapp.core.database import AuthenticatorId, writing
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.factors.totp import flows as totp
from webapp.core.factors.totp.flows import App
from webapp.core.freezes import flows as freezes
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof import flows as proof
from webapp.core.proof.flows import Asked, Proof
from webapp.core.proof.rules import Entry
from webapp.core.sealing import Keyring
from webapp.core.sessions import browsers
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor

P = TypeVar("P")
T = TypeVar("T")

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


def question(
    session: Session,
    me: SignedIn,
    purpose: str,
    prepare: Callable[[], P],
    *,
    also: Callable[[], Refused | None] = lambda: None,
    now: datetime,
    visitor: Visitor,
) -> Asked[P]:
    """What is asked of *me* before a change for *purpose*: a code or a backup code, on the shared counters.

    *also* is asked under the lock after whether *me* may change anything: whether this change makes sense.
    The budget is that of the browser cookie shown now: with a stolen session cookie alone it is the strangers'.
    """
    browser = browsers.recognise(session, me.person.id, visitor, now=now)
    return Asked(me.person, browser, visitor, purpose, lambda: may_change(session, me) or also(), prepare)


def refusal(session: Session, me: SignedIn, kind: GuessKind, *, now: datetime, visitor: Visitor) -> Refused | None:
    """Whether a change by this *kind* of code would be refused now, for a page that is only shown."""
    if totp.state(session, me.person.id) is None:
        return Refused(Refusal.NOT_ACTIVE)
    frozen = freezes.refusal(session, me.person.id)
    return frozen or proof.refusal(
        session, question(session, me, "", proof.nothing, now=now, visitor=visitor), kind, now=now
    )


def with_proof(
    session: Session,
    keyring: Keyring,
    me: SignedIn,
    asked: Asked[P],
    entry: Entry | None,
    *,
    now: datetime,
    then: Callable[[P], T],
) -> Accepted[T] | Refused:
    """Run *then* for a right *entry*; without one only where the log-in by the last backup code still counts."""
    if entry is None and last_code_counts(session, me, now=now):
        return _without_code(session, me, asked, lambda: last_code_counts(session, me, now=now), then=then)
    if entry is None:
        return proof.refuse_malformed(session, asked, now=now)

    def ignore_proof(_: Proof, prepared: P) -> T:
        return then(prepared)

    return proof.prove(session, keyring, asked, entry, now=now, then=ignore_proof)


def with_proof_where_on(
    session: Session,
    keyring: Keyring,
    me: SignedIn,
    asked: Asked[P],
    entry: Entry | None,
    *,
    now: datetime,
    then: Callable[[P], T],
) -> Accepted[T] | Refused:
    """As with_proof(); while two-factor authentication is off the recent log-in is enough, and there is no *entry*."""
    if totp.state(session, me.person.id):
        return with_proof(session, keyring, me, asked, entry, now=now, then=then)
    return _without_code(session, me, asked, lambda: totp.state(session, me.person.id) is None, then=then)


def last_code_counts(session: Session, me: SignedIn, *, now: datetime) -> bool:
    """Whether the log-in by the last backup code stands in for a code: ten minutes, and while none is left."""
    if not me.last_code_counts(now):
        return False
    codes = backup_codes.state(session, me.person.id)
    return codes is not None and codes.left == 0


def _without_code(
    session: Session, me: SignedIn, asked: Asked[P], is_enough: Callable[[], bool], *, then: Callable[[P], T]
) -> Accepted[T] | Refused:
    prepared = asked.prepare()
    with writing(session):
        accounts.lock(session, me.person.id)
        refused = asked.still_open()
        if refused is None and not is_enough():
            refused = Refused(Refusal.MALFORMED)  # a second tab has made new codes, or activated, meanwhile
        if refused:
            return refused
        return Accepted(then(prepared))


def start_afresh(session: Session, me: SignedIn, *, reason: str, now: datetime, visitor: Visitor) -> None:
    """Nothing of the time before counts: no guess, no half-way log-in, no other session, no other browser."""
    attempts.empty_all(session, me.person.id, SECOND_FACTORS | {GuessKind.SETUP})
    challenge.end_all(session, me.person.id)
    sessions.end_all(session, me.person, keep=me.session_id, reason=reason, now=now, visitor=visitor)
    browsers.forget(session, me.person.id, keep=me.browser_id)

"""A second factor shown inside a session, before a change that is worth one: who is asked, and when no code is needed.

The log-in by the last backup code stands in for a code, and where two-factor authentication is off the recent log-in,
which the web sees to, is enough. Whether the change itself may be is the business of the features above.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.flows import Guesser
from webapp.core.attempts.rules import GuessKind
from webapp.core.database import writing
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.factors.totp import flows as totp
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof import flows as proof
from webapp.core.proof.flows import Asked, Proof
from webapp.core.proof.rules import Entry
from webapp.core.sealing import Keyring
from webapp.core.sessions import browsers
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor

P = TypeVar("P")
T = TypeVar("T")


def question(
    session: Session,
    me: SignedIn,
    purpose: str,
    prepare: Callable[[], P],
    may: Callable[[Session, SignedIn], Refused | None],
    *,
    also: Callable[[], Refused | None] = lambda: None,
    now: datetime,
    visitor: Visitor,
) -> Asked[P]:
    """What is asked of *me* before a change for *purpose*: a code or a backup code, on the shared counters.

    Under the lock *may* says whether *me* may change such a thing at all, session included; then *also* whether this
    change makes sense. *prepare* as in Asked. The budget is that of the browser cookie shown now: with a stolen session
    cookie alone it is the strangers'.
    """

    def still_open() -> Refused | None:
        return may(session, me) or also()

    browser = browsers.recognise(session, me.person.id, visitor, now=now)
    return Asked(me.person, browser, visitor, purpose, still_open, prepare)


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
    if is_on(session, me):
        return with_proof(session, keyring, me, asked, entry, now=now, then=then)
    return _without_code(session, me, asked, lambda: not is_on(session, me), then=then)


def is_on(session: Session, me: SignedIn) -> bool:
    """Whether *me* has two-factor authentication on."""
    return totp.state(session, me.person.id) is not None


def needs_code(session: Session, me: SignedIn, *, now: datetime) -> bool:
    """Whether a change takes a code of *me* now: where two-factor authentication is on, but for a last code's time."""
    return is_on(session, me) and not last_code_counts(session, me, now=now)


def last_code_counts(session: Session, me: SignedIn, *, now: datetime) -> bool:
    """Whether the log-in by the last backup code stands in for a code: ten minutes, and while none is left."""
    if not me.last_code_counts(now):
        return False
    codes = backup_codes.state(session, me.person.id)
    return codes is not None and codes.left == 0


def refusal(session: Session, me: SignedIn, kind: GuessKind, *, now: datetime, visitor: Visitor) -> Refused | None:
    """Whether this *kind* of code would be refused now, for a page that is only shown; None where it takes none."""
    if not is_on(session, me):
        return None
    return attempts.refusal(session, guesser(session, me, now=now, visitor=visitor), kind, now=now)


def guesser(session: Session, me: SignedIn, *, now: datetime, visitor: Visitor) -> Guesser:
    """Whose budget pays for a code of *me*: that of the browser cookie shown now."""
    return Guesser.at_employee(me.person.id, browsers.recognise(session, me.person.id, visitor, now=now))


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

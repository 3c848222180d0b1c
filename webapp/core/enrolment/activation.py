"""Switching two-factor authentication on: a pending secret to scan, then the first right code.

Nothing touches the account until a code is right; then everything that belongs together happens in one
transaction, or none of it. How the address becomes a QR code is the web's.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record, tell
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.flows import Charge, Guesser
from webapp.core.attempts.rules import GuessKind
from webapp.core.audit.rules import EventKind
from webapp.core.database import writing
from webapp.core.enrolment.changes import SECOND_FACTORS
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.factors.backup_codes.flows import NewSet
from webapp.core.factors.totp import flows as totp
from webapp.core.factors.totp import rules as totp_rules
from webapp.core.factors.totp.rules import ClockOff, Match, Verdict
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.sealing import Keyring
from webapp.core.sessions import browsers
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Setup:
    """What the first step shows: the address in the QR code, the key for typing, until when."""

    uri: str
    key: str
    expires_at: datetime


def begin(
    session: Session, keyring: Keyring, me: SignedIn, *, now: datetime, visitor: Visitor
) -> Accepted[None] | Refused:
    """See that *me* has a pending secret to scan. Refuses with ALREADY_ACTIVE or SESSION_OVER."""
    with writing(session):
        accounts.lock(session, me.person.id)
        refused = sessions.still_open(session, me)
        if refused is None and totp.state(session, me.person.id):
            refused = Refused(Refusal.ALREADY_ACTIVE)
        if refused:
            reason = refused.reason
            record(session, EventKind.ACTIVATION_BEGUN, me.person, now=now, visitor=visitor, refusal=reason)
            return refused
        if totp.make_pending(session, keyring, me.person.id, session_id=me.session_id, now=now):
            record(session, EventKind.ACTIVATION_BEGUN, me.person, now=now, visitor=visitor)
        return Accepted(None)


def setup(session: Session, keyring: Keyring, me: SignedIn, *, issuer: str, now: datetime) -> Setup | None:
    """What there is to scan for this session, or None: nothing begun, expired, or begun by another session."""
    waiting = totp.pending(session, keyring, me.person.id, session_id=me.session_id, now=now)
    if waiting is None:
        return None
    uri = totp_rules.provisioning_uri(waiting.secret, issuer=issuer, account=me.person.email)
    return Setup(uri, totp_rules.base32(waiting.secret), waiting.expires_at)


def has_expired(session: Session, me: SignedIn, *, now: datetime) -> bool:
    """Whether this session began and let the 15 minutes of its key pass."""
    return totp.pending_is_over(session, me.person.id, session_id=me.session_id, now=now)


def confirm(
    session: Session,
    keyring: Keyring,
    me: SignedIn,
    code: str | None,
    *,
    token: str,
    rounds: int,
    now: datetime,
    visitor: Visitor,
) -> Accepted[None] | Refused:
    """Judge the first code from the app; where it is right, two-factor authentication is on.

    In one transaction: the factor with its step spent, eight backup codes, other sessions and known browsers ended,
    audit, notice. A repeated confirmation finds it done and is accepted, so that it leads to the same eight codes.
    *code* six digits, or None for an entry that was none; *token* the session's raw one, under which the codes may be
    shown. Refuses with WRONG_CODE, PHONE_CLOCK_SLOW, PHONE_CLOCK_FAST, TOO_MANY, MALFORMED, SETUP_EXPIRED,
    ALREADY_ACTIVE, SESSION_OVER.
    """
    if code is None:
        with writing(session):
            return _refuse(session, me, Refused(Refusal.MALFORMED), now=now, visitor=visitor)
    made = _codes_if_right(session, keyring, me, code, rounds=rounds, now=now, visitor=visitor)
    with writing(session):
        accounts.lock(session, me.person.id)
        refused = sessions.still_open(session, me)
        if refused is None and totp.state(session, me.person.id):
            if backup_codes.shown(session, keyring, session_id=me.session_id, token=token, now=now):
                return Accepted(None)
            refused = Refused(Refusal.ALREADY_ACTIVE)
        if refused:
            return _refuse(session, me, refused, now=now, visitor=visitor)
        waiting = totp.pending(session, keyring, me.person.id, session_id=me.session_id, now=now)
        if waiting is None:
            return _refuse(session, me, Refused(Refusal.SETUP_EXPIRED), now=now, visitor=visitor)
        paid = attempts.charge(session, _guesser(session, me, now=now, visitor=visitor), GuessKind.SETUP, now=now)
        if isinstance(paid, Refused):
            return _refuse(session, me, paid, now=now, visitor=visitor)
        verdict = _judge(waiting.secret, code, now=now)
        if not isinstance(verdict, Match):
            return _refuse(session, me, _as_refused(verdict, paid), now=now, visitor=visitor)
        totp.activate(session, keyring, me.person.id, secret=waiting.secret, step=verdict.step, now=now)
        made = made or backup_codes.new_set(rounds=rounds)
        backup_codes.store(session, keyring, me.person.id, made, session_id=me.session_id, session_token=token, now=now)
        _start_afresh(session, me, now=now, visitor=visitor)
        record(session, EventKind.TWO_FACTOR_ACTIVATED, me.person, now=now, visitor=visitor)
        tell(session, Notice.ACTIVATED, me.person, now=now, visitor=visitor, codes_left=len(made.codes))
        return Accepted(None)


def setup_refusal(session: Session, me: SignedIn, *, now: datetime, visitor: Visitor) -> Refused | None:
    """Whether a set-up code would be refused now, for a page that is only shown."""
    return attempts.refusal(session, _guesser(session, me, now=now, visitor=visitor), GuessKind.SETUP, now=now)


def _codes_if_right(
    session: Session, keyring: Keyring, me: SignedIn, code: str, *, rounds: int, now: datetime, visitor: Visitor
) -> NewSet | None:
    """Eight codes made before the lock is taken, where a look without a lock says that they will be needed.

    Never while throttled: the time that eight hashes take would tell a guesser that a code was right.
    """
    if setup_refusal(session, me, now=now, visitor=visitor):
        return None
    waiting = totp.pending(session, keyring, me.person.id, session_id=me.session_id, now=now)
    if waiting is None or not isinstance(_judge(waiting.secret, code, now=now), Match):
        return None
    return backup_codes.new_set(rounds=rounds)


def _start_afresh(session: Session, me: SignedIn, *, now: datetime, visitor: Visitor) -> None:
    """Nothing of the time before counts: no guess, no other session, no other browser."""
    attempts.empty_all(session, me.person.id, SECOND_FACTORS | {GuessKind.SETUP})
    sessions.end_all(session, me.person, keep=me.session_id, reason="two_factor_activated", now=now, visitor=visitor)
    browsers.forget(session, me.person.id, keep=me.browser_id)


def _judge(secret: bytes, code: str, *, now: datetime) -> Verdict:
    # The person holds the secret: both directions of a wrong clock may be told.
    return totp_rules.judge(secret, code, now.timestamp(), last_step=-1, tells_ahead=True)


def _as_refused(verdict: Verdict, paid: Charge) -> Refused:
    if isinstance(verdict, ClockOff):
        reason = Refusal.PHONE_CLOCK_SLOW if verdict.is_behind else Refusal.PHONE_CLOCK_FAST
        return paid.refused(reason, minutes=verdict.minutes)
    return paid.refused(Refusal.WRONG_CODE)


def _guesser(session: Session, me: SignedIn, *, now: datetime, visitor: Visitor) -> Guesser:
    return Guesser.at_employee(me.person.id, browsers.recognise(session, me.person.id, visitor, now=now))


def _refuse(session: Session, me: SignedIn, refused: Refused, *, now: datetime, visitor: Visitor) -> Refused:
    record(
        session,
        EventKind.TWO_FACTOR_ACTIVATED,
        me.person,
        now=now,
        visitor=visitor,
        refusal=refused.reason,
        factor=GuessKind.TOTP,
    )
    return refused

"""The first right code of an app that is being set up: the moment at which everything happens, or nothing.

Nothing touches the account before; then whatever belongs together is one transaction. What that is, activation,
replacing and adding say each for themselves.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.flows import Charge
from webapp.core.attempts.rules import GuessKind
from webapp.core.audit.rules import EventKind
from webapp.core.database import writing
from webapp.core.enrolment import activation, authenticators, repair, replace, setup
from webapp.core.enrolment.changes import may_change
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.factors.backup_codes.flows import NewSet
from webapp.core.factors.totp import flows as totp
from webapp.core.factors.totp import pending
from webapp.core.factors.totp import rules as totp_rules
from webapp.core.factors.totp.pending import Pending, Purpose
from webapp.core.factors.totp.rules import ClockOff, Match, Verdict
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof import inside
from webapp.core.sealing import Keyring
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor

KINDS = {
    Purpose.ACTIVATE: EventKind.TWO_FACTOR_ACTIVATED,
    Purpose.REPLACE: EventKind.APP_REPLACED,
    Purpose.ADD: EventKind.AUTHENTICATOR_ADDED,
}


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
) -> Accepted[Purpose] | Refused:
    """Judge the first code from the app; where it is right, what the app is set up for has happened.

    A repeated confirmation finds it done and is accepted, so that it leads to the same eight codes. *code* six digits,
    or None for an entry that was none; *token* the session's raw one, under which the codes may be shown. Refuses with
    WRONG_CODE, PHONE_CLOCK_SLOW, PHONE_CLOCK_FAST, TOO_MANY, MALFORMED, SETUP_EXPIRED, ALREADY_ACTIVE, NOT_ACTIVE,
    SESSION_OVER.
    """
    made = _codes_if_right(session, keyring, me, code, rounds=rounds, now=now, visitor=visitor)
    with writing(session):
        accounts.lock(session, me.person.id)
        waiting = pending.find(session, keyring, me.person.id, session_id=me.session_id, now=now)
        if code is None:
            purpose = waiting.aim.purpose if waiting else Purpose.ACTIVATE
            return _refuse(session, me, purpose, Refused(Refusal.MALFORMED), now=now, visitor=visitor)
        if waiting is None:
            return _nothing_waits(session, keyring, me, token=token, now=now, visitor=visitor)
        purpose = waiting.aim.purpose
        refused = _refusal(session, me, purpose, now=now)
        if refused:
            return _refuse(session, me, purpose, refused, now=now, visitor=visitor)
        guesser = inside.guesser(session, me, now=now, visitor=visitor)
        paid = attempts.charge(session, guesser, GuessKind.SETUP, now=now)
        if isinstance(paid, Refused):
            return _refuse(session, me, purpose, paid, now=now, visitor=visitor)
        verdict = _judge(waiting, code, now=now)
        if not isinstance(verdict, Match):
            return _refuse(session, me, purpose, _as_refused(verdict, paid), now=now, visitor=visitor)
        if purpose is Purpose.ADD:
            attempts.refund(session, paid)  # the others begin afresh, with every counter at nothing
            authenticators.finish(session, keyring, me, waiting, step=verdict.step, now=now, visitor=visitor)
        else:
            finish = _finish(me, purpose)
            finish(session, keyring, me, waiting, step=verdict.step, now=now, visitor=visitor)
            made = made or backup_codes.new_set(rounds=rounds)
            backup_codes.store(
                session, keyring, me.person.id, made, session_id=me.session_id, session_token=token, now=now
            )
        return Accepted(purpose)


def _refusal(session: Session, me: SignedIn, purpose: Purpose, *, now: datetime) -> Refused | None:
    """Why *me* may not end this set-up, or None. Call it under the person's lock."""
    if me.repairs:
        is_other = None if purpose is Purpose.REPLACE else Refused(Refusal.SESSION_OVER)
        return is_other or repair.may_replace(session, me, now=now)
    return activation.may_activate(session, me) if purpose is Purpose.ACTIVATE else may_change(session, me)


def _finish(me: SignedIn, purpose: Purpose) -> Callable[..., None]:
    if me.repairs:
        return repair.finish
    return activation.finish if purpose is Purpose.ACTIVATE else replace.finish


def _codes_if_right(
    session: Session,
    keyring: Keyring,
    me: SignedIn,
    code: str | None,
    *,
    rounds: int,
    now: datetime,
    visitor: Visitor,
) -> NewSet | None:
    """Eight codes made before the lock is taken, where a look without a lock says that they will be needed.

    Never while throttled: the time that eight hashes take would tell a guesser that a code was right.
    """
    if code is None or setup.refusal(session, me, now=now, visitor=visitor):
        return None
    waiting = pending.find(session, keyring, me.person.id, session_id=me.session_id, now=now)
    if waiting is None or waiting.aim.purpose is Purpose.ADD:
        return None
    return backup_codes.new_set(rounds=rounds) if isinstance(_judge(waiting, code, now=now), Match) else None


def _nothing_waits(
    session: Session, keyring: Keyring, me: SignedIn, *, token: str, now: datetime, visitor: Visitor
) -> Accepted[Purpose] | Refused:
    """A first code without a secret: the set-up took too long, or it is done and this is the second click."""
    refused = sessions.still_there(session, me, now=now)
    expired = pending.expired(session, me.person.id, session_id=me.session_id, now=now)
    state = totp.state(session, me.person.id)
    if refused is None and expired is None and state is not None:
        shown = backup_codes.shown(session, keyring, session_id=me.session_id, token=token, now=now)
        if shown is not None and any(app.added_at == shown.made_at for app in state.apps):
            return Accepted(Purpose.ACTIVATE if state.activated_at == shown.made_at else Purpose.REPLACE)
        refused = Refused(Refusal.ALREADY_ACTIVE)
    purpose = expired.purpose if expired else Purpose.ACTIVATE
    return _refuse(session, me, purpose, refused or Refused(Refusal.SETUP_EXPIRED), now=now, visitor=visitor)


def _judge(waiting: Pending, code: str, *, now: datetime) -> Verdict:
    # The person holds the secret: both directions of a wrong clock may be told.
    return totp_rules.judge(waiting.secret, code, now.timestamp(), last_step=-1, tells_ahead=True)


def _as_refused(verdict: Verdict, paid: Charge) -> Refused:
    if isinstance(verdict, ClockOff):
        reason = Refusal.PHONE_CLOCK_SLOW if verdict.is_behind else Refusal.PHONE_CLOCK_FAST
        return paid.refused(reason, minutes=verdict.minutes)
    return paid.refused(Refusal.WRONG_CODE)


def _refuse(
    session: Session, me: SignedIn, purpose: Purpose, refused: Refused, *, now: datetime, visitor: Visitor
) -> Refused:
    record(
        session,
        KINDS[purpose],
        me.person,
        now=now,
        visitor=visitor,
        refusal=refused.reason,
        factor=GuessKind.TOTP,
    )
    return refused

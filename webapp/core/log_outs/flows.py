"""Logging out elsewhere: one other session or all others, by their owner; every session of a person, by an operator.

An owner needs a recent log-in, which the web sees to, and a code where two-factor authentication is on. It only takes
away, so nothing else stands before it. Logging out here is the business of sessions.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.flows import Person
from webapp.core.challenge import flows as challenge
from webapp.core.database import SessionId, writing
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof import flows as proof
from webapp.core.proof import inside
from webapp.core.proof.rules import Entry
from webapp.core.sealing import Keyring
from webapp.core.sessions import browsers, listing
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import Limits, SignedIn
from webapp.core.visitor import Visitor

REASON = "ended_elsewhere"


def end_one(
    session: Session,
    keyring: Keyring,
    me: SignedIn,
    which: SessionId,
    entry: Entry | None,
    *,
    limits: Limits,
    now: datetime,
    visitor: Visitor,
) -> Accepted[None] | Refused:
    """End one other session of *me*'s: dead at its next request, and never resumed.

    Its browser is known no more: whoever holds it has no guesses of their own, and a next log-in there is told by
    mail. Refuses with SESSION_UNKNOWN, SESSION_ENDED_BEFORE, which spend no code, or as
    inside.with_proof_where_on() does.
    """
    there = listing.other(session, me, which, limits=limits, now=now)
    if isinstance(there, Refused):
        return there

    def gone() -> Refused | None:
        still_there = listing.other(session, me, which, limits=limits, now=now)
        return still_there if isinstance(still_there, Refused) else None

    def end() -> None:
        sessions.end_one(session, me.person, which, reason=REASON, now=now, visitor=visitor)
        if there.browser_id is not None and there.browser_id != me.browser_id:
            browsers.forget_one(session, me.person.id, there.browser_id)

    return _with_proof(session, keyring, me, entry, gone, now=now, visitor=visitor, then=end)


def end_others(
    session: Session,
    keyring: Keyring,
    me: SignedIn,
    entry: Entry | None,
    *,
    limits: Limits,
    now: datetime,
    visitor: Visitor,
) -> Accepted[None] | Refused:
    """End all sessions of *me*'s but this one, and forget all browsers but this one.

    Refuses with SESSION_ENDED_BEFORE where there is no other, or as inside.with_proof_where_on() does.
    """

    def gone() -> Refused | None:
        first_two = listing.open_sessions(session, me, most=2, limits=limits, now=now).rows
        is_alone = all(row.id == me.session_id for row in first_two)
        return Refused(Refusal.SESSION_ENDED_BEFORE) if is_alone else None

    refused = gone()
    if refused:
        return refused

    def end() -> None:
        sessions.end_all(session, me.person, keep=me.session_id, reason=REASON, now=now, visitor=visitor)
        browsers.forget(session, me.person.id, keep=me.browser_id)

    return _with_proof(session, keyring, me, entry, gone, now=now, visitor=visitor, then=end)


def end_by_operator(session: Session, person: Person, *, now: datetime, visitor: Visitor) -> int:
    """End every session and half-way log-in of *person*, and forget their browsers; how many sessions (ASVS 7.4.5)."""
    with writing(session):
        accounts.lock(session, person.id)
        browsers.forget(session, person.id)
        return challenge.end_log_ins(session, person, reason="ended_by_operator", now=now, visitor=visitor)


def _with_proof(
    session: Session,
    keyring: Keyring,
    me: SignedIn,
    entry: Entry | None,
    gone: Callable[[], Refused | None],
    *,
    now: datetime,
    visitor: Visitor,
    then: Callable[[], None],
) -> Accepted[None] | Refused:
    """Run *then* for a right *entry*, unless what it would end is *gone* by then: asked under the lock.

    A freeze is not asked for: what it protects is nothing that a log-out could change.
    """
    asked = inside.question(
        session, me, "log-out elsewhere", proof.nothing, sessions.still_open, also=gone, now=now, visitor=visitor
    )
    return inside.with_proof_where_on(session, keyring, me, asked, entry, now=now, then=lambda _: then())

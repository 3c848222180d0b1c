"""Proving again who one is inside a session, by the password, before something that needs a recent log-in."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.database import writing
from webapp.core.outcomes import Accepted, Refused
from webapp.core.passwords import flows as passwords
from webapp.core.passwords.flows import Right
from webapp.core.sealing import Keyring
from webapp.core.sessions import browsers
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor

T = TypeVar("T")


def confirm_password(
    session: Session,
    keyring: Keyring,
    me: SignedIn,
    password: str,
    *,
    token: str,
    rounds: int,
    now: datetime,
    visitor: Visitor,
) -> Accepted[str] | Refused:
    """The session's new token where *password* is right; the old *token* is dead (ASVS 7.2.4).

    Counts as a password guess at this person. Refuses with TOO_MANY, WRONG_PASSWORD, SESSION_OVER.
    """

    def renew(_: Right) -> str:
        return sessions.renew(session, keyring, me, token=token, now=now)

    return with_password(
        session,
        keyring,
        me,
        password,
        still_open=lambda: sessions.still_there(session, me, now=now),
        rounds=rounds,
        now=now,
        visitor=visitor,
        then=renew,
    )


def with_password(
    session: Session,
    keyring: Keyring,
    me: SignedIn,
    password: str,
    *,
    still_open: Callable[[], Refused | None],
    rounds: int,
    now: datetime,
    visitor: Visitor,
    then: Callable[[Right], T],
) -> Accepted[T] | Refused:
    """Run *then* in the transaction that finds *password* to be *me*'s; *still_open* is asked there, under the lock.

    Counts as a password guess at this person. Refuses with TOO_MANY, WRONG_PASSWORD, or whatever *still_open* says.
    """
    browser = browsers.recognise(session, me.person.id, visitor, now=now)
    check = passwords.begin_check(
        session, keyring, me.person.email, browser=browser, rounds=rounds, now=now, visitor=visitor
    )
    if isinstance(check, Refused):
        return check
    right = passwords.judge(check, password)
    if right is None or right.person.id != me.person.id:  # the address became somebody else's at this instant
        return passwords.refuse(session, check, now=now, visitor=visitor)
    with writing(session):
        accounts.lock(session, me.person.id)
        refused = still_open()
        if refused:
            return passwords.too_late(session, check, refused, now=now, visitor=visitor)
        if not passwords.settle(session, keyring, right, now=now, visitor=visitor):
            return passwords.refuse(session, check, now=now, visitor=visitor)
        return Accepted(then(right))


def refusal(session: Session, keyring: Keyring, me: SignedIn, *, now: datetime, visitor: Visitor) -> Refused | None:
    """Whether a password guess would be refused now, for a page that is only shown."""
    browser = browsers.recognise(session, me.person.id, visitor, now=now)
    return passwords.refusal(session, keyring, me.person.email, browser=browser, now=now)

"""Proving again who one is inside a session, by the password, before something that needs a recent log-in."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.database import writing
from webapp.core.outcomes import Accepted, Refused
from webapp.core.passwords import flows as passwords
from webapp.core.sealing import Keyring
from webapp.core.sessions import browsers
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor


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
    browser = browsers.recognise(session, me.person.id, visitor, now=now)
    check = passwords.begin_check(
        session, keyring, me.person.email, browser=browser, rounds=rounds, now=now, visitor=visitor
    )
    if isinstance(check, Refused):
        return check
    right = passwords.judge(check, password)
    if right is None:
        return passwords.refuse(session, check, now=now, visitor=visitor)
    with writing(session):
        accounts.lock(session, me.person.id)
        refused = sessions.still_open(session, me)
        if refused:
            return passwords.too_late(session, check, refused, now=now, visitor=visitor)
        if not passwords.settle(session, keyring, right, now=now, visitor=visitor):
            return passwords.refuse(session, check, now=now, visitor=visitor)
        return Accepted(sessions.renew(session, keyring, me, token=token, now=now))


def refusal(session: Session, keyring: Keyring, me: SignedIn, *, now: datetime, visitor: Visitor) -> Refused | None:
    """Whether a password guess would be refused now, for a page that is only shown."""
    browser = browsers.recognise(session, me.person.id, visitor, now=now)
    return passwords.refusal(session, keyring, me.person.email, browser=browser, now=now)

"""What every change of a password or an e-mail address has in common: whether it may be, and the code it takes.

For the other modules of this feature, and for their pages.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from webapp.core.accounts.flows import Person
from webapp.core.attempts.rules import GuessKind
from webapp.core.enrolment.changes import last_code_counts
from webapp.core.factors.totp import flows as totp
from webapp.core.freezes import flows as freezes
from webapp.core.outcomes import Refused
from webapp.core.proof import flows as proof
from webapp.core.proof.flows import Asked
from webapp.core.sessions import browsers
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor

P = TypeVar("P")


def may_change(session: Session, me: SignedIn) -> Refused | None:
    """Why *me* may not change password or e-mail now, or None. Call it under the person's lock."""
    return sessions.still_open(session, me) or may_be_changed(session, me.person)


def may_be_changed(session: Session, person: Person) -> Refused | None:
    """FROZEN where *person*'s password and e-mail must stay as they are, or None."""
    return freezes.refusal(session, person.id)


def question(
    session: Session,
    me: SignedIn,
    purpose: str,
    prepare: Callable[[], P],
    still_open: Callable[[], Refused | None],
    *,
    now: datetime,
    visitor: Visitor,
) -> Asked[P]:
    """What is asked of *me* before a change for *purpose*: a code or a backup code, on the shared counters.

    The budget is that of the browser cookie shown now: with a stolen session cookie alone it is the strangers'.
    """
    browser = browsers.recognise(session, me.person.id, visitor, now=now)
    return Asked(me.person, browser, visitor, purpose, lambda: may_change(session, me) or still_open(), prepare)


def needs_code(session: Session, me: SignedIn, *, now: datetime) -> bool:
    """Whether a change takes a code of *me* now: where two-factor authentication is on, but for a last code's time."""
    return totp.state(session, me.person.id) is not None and not last_code_counts(session, me, now=now)


def pause(session: Session, me: SignedIn, kind: GuessKind, *, now: datetime, visitor: Visitor) -> Refused | None:
    """Whether a change by this *kind* of code would be refused now, for a page that is only shown."""
    frozen = may_be_changed(session, me.person)
    if frozen or totp.state(session, me.person.id) is None:
        return frozen
    asked = question(session, me, "", proof.nothing, lambda: None, now=now, visitor=visitor)
    return proof.refusal(session, asked, kind, now=now)

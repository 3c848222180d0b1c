"""What every change of a password or an e-mail address has in common: whether it may be, and the code it takes.

For the other modules of this feature, and for their pages.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from webapp.core.attempts.rules import GuessKind
from webapp.core.freezes import flows as freezes
from webapp.core.outcomes import Refused
from webapp.core.proof import inside
from webapp.core.proof.flows import Asked
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor

P = TypeVar("P")


def may_change(session: Session, me: SignedIn) -> Refused | None:
    """SESSION_OVER or FROZEN where *me* may change neither password nor e-mail now. Call it under the person's lock."""
    return sessions.still_open(session, me) or freezes.refusal(session, me.person.id)


def question(
    session: Session,
    me: SignedIn,
    purpose: str,
    prepare: Callable[[], P],
    also: Callable[[], Refused | None] = lambda: None,
    *,
    now: datetime,
    visitor: Visitor,
) -> Asked[P]:
    """What is asked of *me* before a change for *purpose*, as inside.question().

    *also* is asked under the lock after whether *me* may change anything.
    """

    def still_open() -> Refused | None:
        return may_change(session, me) or also()

    return inside.question(session, me, purpose, prepare, still_open, now=now, visitor=visitor)


def pause(session: Session, me: SignedIn, kind: GuessKind, *, now: datetime, visitor: Visitor) -> Refused | None:
    """Whether a change by this *kind* of code would be refused now, for a page that is only shown."""
    return freezes.refusal(session, me.person.id) or inside.pause(session, me, kind, now=now, visitor=visitor)

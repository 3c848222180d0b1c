"""A case stopped by its own person, in a session of theirs. Any live one will do: what stops a case is cheap."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.cases import flows as cases
from webapp.core.cases.rules import By
from webapp.core.database import writing
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor


def stop_mine(session: Session, me: SignedIn, *, now: datetime, visitor: Visitor) -> Accepted[None] | Refused:
    """Stop the case that is open about *me*. SESSION_OVER; CASE_MOVED_ON where none is open any more."""
    with writing(session):
        accounts.lock(session, me.person.id)
        refused = sessions.still_open(session, me)
        if refused:
            return refused
        was_open = cases.stop(session, me.person, by=By.SESSION, now=now, visitor=visitor)
        return Accepted(None) if was_open else Refused(Refusal.CASE_MOVED_ON)

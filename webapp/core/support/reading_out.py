"""The half of a repair pass that an agent reads out, on the call on which the person was identified."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.cases import flows as cases
from webapp.core.database import writing
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.repairs import flows as repairs
from webapp.core.sealing import Keyring
from webapp.core.sessions.flows import SignedIn
from webapp.core.support import flows as support
from webapp.core.visitor import Visitor


def read_out(
    session: Session, keyring: Keyring, agent: SignedIn, case_id: int, *, now: datetime, visitor: Visitor
) -> Accepted[str] | Refused:
    """A half for *agent* to read out, for the pass that a case led to. It is not shown a second time.

    A half that was shown before is worth nothing any more. Any agent may, but the person themselves: they would hold
    both halves. Refuses with UNKNOWN_CASE, REPAIR_OVER, OWN_CASE, NOT_SUPPORT, SESSION_OVER.
    """
    with writing(session):
        person_id = cases.person_of(session, case_id)
        person = accounts.locked(session, person_id) if person_id is not None else None
        if person is None:
            return Refused(Refusal.UNKNOWN_CASE)
        actor = support.acting(session, agent, person)
        if isinstance(actor, Refused):
            return actor
        repair = repairs.of_case(session, case_id)
        if repair is None:
            return Refused(Refusal.REPAIR_OVER)
        return repairs.new_read_half(session, keyring, repair, actor=actor, now=now, visitor=visitor)

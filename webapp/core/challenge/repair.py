"""The other answer to a challenge: both halves of a repair pass, judged together.

They are guesses like codes, on a counter of their own; which of the two is wrong is never said, nor whether there is a
pass. What they open is a session that replaces the app and nothing else. The pass is used up by that, not here.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.flows import Guesser
from webapp.core.attempts.rules import GuessKind
from webapp.core.audit.rules import EventKind
from webapp.core.challenge import flows as challenge
from webapp.core.challenge.flows import Waiting
from webapp.core.challenge.tables import Challenge
from webapp.core.database import writing
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof.flows import FIVE
from webapp.core.repairs import flows as repairs
from webapp.core.repairs.flows import RepairPass
from webapp.core.sealing import Keyring
from webapp.core.sessions import browsers
from webapp.core.sessions import flows as sessions
from webapp.core.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Halves:
    """What was typed, as repairs.rules.read() gives it."""

    mailed: str
    read: str


def enter(
    session: Session, keyring: Keyring, waiting: Waiting, halves: Halves | None, *, now: datetime, visitor: Visitor
) -> Accepted[str] | Refused:
    """The token of a session that replaces the app, where both *halves* are right; an earlier one ends.

    A freeze doesn't stand in the way. Refuses with CHALLENGE_OVER, MALFORMED (*halves* None), TOO_MANY, or
    WRONG_HALVES: one is wrong or both, or there is no pass.
    """
    with writing(session):
        accounts.lock(session, waiting.person.id)
        judged = _judged(session, keyring, waiting, halves, now=now, visitor=visitor)
        refusal = judged.reason if isinstance(judged, Refused) else None
        details: dict[str, object] = {} if isinstance(judged, Refused) else {"case": judged.case_id}
        kind = EventKind.REPAIR_ENTERED
        record(session, kind, waiting.person, now=now, visitor=visitor, refusal=refusal, details=details)
        if isinstance(judged, Refused):
            return judged
        session.execute(delete(Challenge).where(Challenge.id == waiting.id))
        return Accepted(sessions.start_repair(session, waiting.person, judged.id, now=now, visitor=visitor))


def refusal(session: Session, waiting: Waiting, *, now: datetime, visitor: Visitor) -> Refused | None:
    """Whether halves would be refused now, for a page that is only shown."""
    return attempts.refusal(session, _guesser(session, waiting, now=now, visitor=visitor), GuessKind.REPAIR, now=now)


def _judged(
    session: Session, keyring: Keyring, waiting: Waiting, halves: Halves | None, *, now: datetime, visitor: Visitor
) -> RepairPass | Refused:
    """The pass that *halves* fit. Under the person's lock, and counted before it is judged (case D-22)."""
    over = challenge.still_waits(session, waiting)
    if over or halves is None:
        return over or Refused(Refusal.MALFORMED)
    guesser = _guesser(session, waiting, now=now, visitor=visitor)
    paid = attempts.charge(session, guesser, GuessKind.REPAIR, now=now)
    if isinstance(paid, Refused):
        return paid
    repair = repairs.live(session, waiting.person.id, now=now)
    if repair is None or not repairs.fits(keyring, repair, mailed=halves.mailed, read=halves.read):
        if paid.in_a_row % FIVE == 0:
            challenge.warn(session, waiting, now=now, visitor=visitor)
        return paid.refused(Refusal.WRONG_HALVES)
    attempts.empty(session, guesser, {GuessKind.REPAIR})
    return repair


def _guesser(session: Session, waiting: Waiting, *, now: datetime, visitor: Visitor) -> Guesser:
    browser = browsers.recognise(session, waiting.person.id, visitor, now=now)
    return Guesser.at_employee(waiting.person.id, browser)

"""Taking every second factor of a person away, for whoever has the right to: its owner, an operator, Support."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts.flows import Person
from webapp.core.attempts import flows as attempts
from webapp.core.challenge import flows as challenge
from webapp.core.database import SessionId, writing
from webapp.core.enrolment.changes import SECOND_FACTORS
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.factors.totp import flows as totp
from webapp.core.repairs import flows as repairs
from webapp.core.sessions import browsers
from webapp.core.visitor import Visitor

END_REASON = "two_factor_reset"


def wipe(session: Session, person: Person, *, keep: SessionId | None = None, now: datetime, visitor: Visitor) -> None:
    """Apps, backup codes, known browsers, guesses at them and a repair pass are gone; log-ins end, but for *keep*.

    Joins the caller's transaction, under the person's lock; the caller writes it down and tells the owner.
    """
    with writing(session):
        totp.remove(session, person.id)
        backup_codes.remove(session, person.id)
        browsers.forget(session, person.id)
        attempts.empty_all(session, person.id, SECOND_FACTORS)
        repairs.void(session, person, reason=END_REASON, now=now, visitor=visitor)
        challenge.end_log_ins(session, person, keep=keep, reason=END_REASON, now=now, visitor=visitor)

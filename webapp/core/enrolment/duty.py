"""Whether somebody who is logged in must switch two-factor authentication on before anything else. Reads only."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts.flows import Person
from webapp.core.factors.totp import flows as totp
from webapp.core.policy import flows as policy
from webapp.core.policy.rules import Duty, Obligation


def obligation(session: Session, person: Person, *, now: datetime) -> Obligation:
    """What *person* must do. No statement at all where it is their own choice, for every page asks."""
    if not policy.is_bound(person):
        return Obligation(Duty.NONE)
    is_on = bool(totp.active_among(session, [person.id]))
    return policy.obligation(session, person, is_on=is_on, now=now)

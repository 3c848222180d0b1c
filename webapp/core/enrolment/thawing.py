"""The end of a freeze: what somebody else set since the disputed event does not come back to life with it.

For whoever has the right to lift one: its owner by an earlier factor, Support after two of them agreed. They write it
down and tell the owner.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.flows import Person
from webapp.core.challenge import flows as challenge
from webapp.core.database import EmployeeId, SessionId, writing
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.factors.totp import flows as totp
from webapp.core.freezes import flows as freezes
from webapp.core.freezes.flows import Freeze
from webapp.core.outcomes import Accepted
from webapp.core.sealing import Keyring
from webapp.core.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Thawed:
    """What the lift took away: so many *apps*; whether the backup *codes*, and whether the former *email* is back."""

    apps: int
    codes: bool
    email: bool

    def as_details(self) -> dict[str, object]:
        return {"apps": self.apps, "codes": self.codes, "email": self.email}


def thaw(
    session: Session,
    keyring: Keyring,
    person: Person,
    frozen: Freeze,
    *,
    keep: SessionId | None = None,
    takes_email_back: bool,
    now: datetime,
    visitor: Visitor,
) -> Thawed:
    """Lift the freeze of *person*, whose apps and codes since its event are taken away; log-ins end, but for *keep*.

    The former address is not taken back where somebody else has it by now. Joins the caller's transaction, under the
    person's lock.
    """
    with writing(session):
        apps = totp.distrust_since(session, keyring, person.id, since=frozen.since)
        codes = backup_codes.remove_since(session, person.id, since=frozen.since)
        goes_back = takes_email_back and frozen.former_email != ""
        if goes_back:
            goes_back = isinstance(accounts.change_email(session, person, frozen.former_email), Accepted)
        challenge.end_log_ins(session, person, keep=keep, reason=freezes.LIFTED, now=now, visitor=visitor)
        thawed = Thawed(apps, codes, goes_back)
        set_at, details = factors_set_at(session, person.id), thawed.as_details()
        freezes.lift(session, person, vouchers_set_at=set_at, now=now, visitor=visitor, details=details)
        return thawed


def factors_set_at(session: Session, employee_id: EmployeeId) -> list[datetime]:
    """When each factor that one person has now was set."""
    apps, codes = totp.state(session, employee_id), backup_codes.state(session, employee_id)
    return [*(app.added_at for app in (apps.apps if apps else ())), *([codes.made_at] if codes else [])]

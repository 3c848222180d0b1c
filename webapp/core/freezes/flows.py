"""Whether an account is frozen, and since which event.

While it is, factors, password and e-mail stay as they are, and a password or factor that was set by the disputed event
or after it logs nobody in. Who may freeze and who may lift is the business of ``disputes``; other features ask here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from webapp.core.accounts.about import record
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import email_key
from webapp.core.audit.rules import EventKind
from webapp.core.database import EmployeeId, changed_rows, writing
from webapp.core.freezes.tables import Freeze as FreezeRow
from webapp.core.links import flows as links
from webapp.core.links.rules import LinkKind
from webapp.core.outcomes import Refusal, Refused
from webapp.core.visitor import Visitor

LIFTED = "lifted"


@dataclass(frozen=True, slots=True)
class Freeze:
    """What was set at *since* or later is not trusted. *former_email* logs in too, "" where it was not changed."""

    since: datetime
    begun_at: datetime
    closes_recovery: bool
    former_email: str


def of(session: Session, employee_id: EmployeeId) -> Freeze | None:
    """The freeze of one person, or None."""
    row = session.scalar(select(FreezeRow).where(FreezeRow.employee_id == employee_id))
    return Freeze(row.since, row.begun_at, row.closes_recovery, row.former_email) if row else None


def trusted_before(session: Session, employee_id: EmployeeId) -> datetime | None:
    """Until when a factor must have been set to count for one person; None where all do."""
    return session.scalar(select(FreezeRow.since).where(FreezeRow.employee_id == employee_id))


def refusal(session: Session, employee_id: EmployeeId) -> Refused | None:
    """FROZEN where one person's factors, password and e-mail must stay as they are. Call it under their lock."""
    return Refused(Refusal.FROZEN) if trusted_before(session, employee_id) is not None else None


def owner_of_former(session: Session, email: str) -> EmployeeId | None:
    """Whose address *email* was before the change that they dispute: it logs them in until the freeze is lifted."""
    key = email_key(email) or "-"  # most freezes have no former address: "" must find nobody
    found = session.scalar(select(FreezeRow.employee_id).where(FreezeRow.former_email_key == key).limit(1))
    return EmployeeId(found) if found is not None else None


def begin(
    session: Session,
    employee_id: EmployeeId,
    *,
    since: datetime,
    closes_recovery: bool,
    former_email: str,
    now: datetime,
) -> Freeze:
    """Freeze one person's account, or widen the freeze there is: the earliest event counts."""
    with writing(session):
        row = session.scalar(select(FreezeRow).where(FreezeRow.employee_id == employee_id))
        is_earliest = row is None or since < row.since
        if row is None:
            row = FreezeRow(
                employee_id=employee_id,
                since=since,
                begun_at=now,
                closes_recovery=False,
                former_email="",
                former_email_key="",
            )
            session.add(row)
        # The address before the earliest disputed event is the owner's: whoever moves the account away and back again
        # has a link to the address between. Two events of one moment are one change; it has an address of before.
        if is_earliest or (former_email and since == row.since):
            row.former_email, row.former_email_key = former_email, email_key(former_email)
        row.since = min(row.since, since)
        row.closes_recovery = row.closes_recovery or closes_recovery
        return Freeze(row.since, row.begun_at, row.closes_recovery, row.former_email)


def lift(
    session: Session,
    person: Person,
    *,
    vouchers_set_at: Collection[datetime] = (),
    now: datetime,
    visitor: Visitor,
    details: dict[str, object] | None = None,
) -> bool:
    """Lift the freeze of *person*, and void the links of every notice until now. False where there was none.

    A factor can't vouch for itself: the links of the notices that told of setting one stay, by *vouchers_set_at*. Else
    a thief who enrolled an app before the disputed event would settle the dispute about that app as well. The caller
    knows that it is the owner, or an operator who has seen to that. Joins its transaction.
    """
    with writing(session):
        ended = session.execute(delete(FreezeRow).where(FreezeRow.employee_id == person.id))
        if not changed_rows(ended):
            return False
        links.void(session, person.id, set(LinkKind), but_made_at=vouchers_set_at, reason=LIFTED, now=now)
        record(session, EventKind.FREEZE_LIFTED, person, now=now, visitor=visitor, details=details)
        return True

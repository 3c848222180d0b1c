"""How many people of a company have two-factor authentication on, today and in the weeks before.

Nobody counts heads each week: the past is today, and what happened since taken back, newest first. So it is true for
accounts that are older than the audit, too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy.orm import Session

from webapp.core.accounts import listing
from webapp.core.accounts.listing import Member
from webapp.core.audit import flows as audit
from webapp.core.audit.flows import Event
from webapp.core.audit.rules import EventKind
from webapp.core.database import CompanyId, EmployeeId
from webapp.core.factors.totp import flows as totp

WEEKS = 12


@dataclass(frozen=True, slots=True)
class Count:
    """How many of the active *people* had two-factor authentication *on*, at one moment."""

    at: datetime
    on: int
    people: int


@dataclass(frozen=True, slots=True)
class Adoption:
    """One count a week, oldest first, the last is today's; and the newest reminder of this time, or None."""

    counts: tuple[Count, ...]
    last_reminder: Event | None


class Change(Enum):
    """What became of one person."""

    ON = "switched on"
    OFF = "switched off"
    CAME = "made"
    LEFT = "deactivated"
    CAME_BACK = "reactivated"


CHANGES = {
    EventKind.TWO_FACTOR_ACTIVATED: Change.ON,
    EventKind.TWO_FACTOR_RESET: Change.OFF,
    EventKind.TWO_FACTOR_RESET_BY_OPERATOR: Change.OFF,
    EventKind.TWO_FACTOR_RESET_BY_SUPPORT: Change.OFF,
    EventKind.EMPLOYEE_DEACTIVATED: Change.LEFT,
    EventKind.EMPLOYEE_REACTIVATED: Change.CAME_BACK,
}
"""What the audit tells of it."""

Dated = tuple[datetime, EmployeeId, Change]


def standing(session: Session, company_id: CompanyId, *, now: datetime) -> Adoption:
    """How far a company is. Two statements, however many people it has."""
    moments = [now - timedelta(weeks=week) for week in range(WEEKS + 1)]
    members = listing.members(session, company_id, since=totp.on_since)
    kinds = {*CHANGES, EventKind.REMINDER_SENT}
    told = audit.told_since(session, company_id, kinds=kinds, since=moments[-1])
    changes = [
        (event.at, event.employee_id, CHANGES[event.kind])
        for event in told
        if event.kind in CHANGES and event.employee_id is not None
    ]
    # In this order: what happened at the same moment is taken back in the reverse of it.
    counts = past(members, [*changes, *_known(members)], moments)[::-1]
    reminders = [event for event in told if event.kind is EventKind.REMINDER_SENT]
    return Adoption(counts, reminders[-1] if reminders else None)


def past(members: Iterable[Member], changes: Iterable[Dated], moments: Iterable[datetime]) -> tuple[Count, ...]:
    """A count for each of *moments*, newest first, from how *members* are now and what changed, in order where
    two changes have one moment.

    A change that was told twice is taken back once: it says how somebody stood before it, and not by how much the
    number differs.
    """
    is_there = {member.id: member.is_active for member in members}
    is_on = {member.id: member.since is not None for member in members}
    later = sorted((change for change in changes if change[1] in is_there), key=lambda change: change[0])
    found = []
    for moment in moments:
        while later and later[-1][0] > moment:
            _, who, change = later.pop()
            if change in (Change.ON, Change.OFF):
                is_on[who] = change is Change.OFF
            else:
                is_there[who] = change is Change.LEFT
        here = [who for who, there in is_there.items() if there]
        found.append(Count(moment, sum(is_on[who] for who in here), len(here)))
    return tuple(found)


def _known(members: Iterable[Member]) -> list[Dated]:
    """What the accounts themselves tell, where the audit may not reach back."""
    made = [(member.created_at, member.id, Change.CAME) for member in members]
    return made + [(member.since, member.id, Change.ON) for member in members if member.since is not None]

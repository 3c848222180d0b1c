"""Writing down what happened, inside the transaction of the flow it happened in, and reading it back."""

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.core.audit.rules import EventKind, check_details
from webapp.core.audit.tables import AuditEvent
from webapp.core.database import CompanyId, EmployeeId, after_commit
from webapp.core.outcomes import Refusal
from webapp.core.visitor import OPERATOR, SUPPORT, Visitor

log = logging.getLogger("webapp.audit")  # a name that log systems can rely on

TOLD = ("company_id", "employee_id", "actor_id", "outcome", "reason", "factor", "address", "user_agent", "details")
"""What of an event goes to the operator's log as well, beside its kind and time."""

_KNOWN = frozenset(kind.value for kind in EventKind)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, as people and tests read it. *employee_id* is whose it is, *actor_id* who did it."""

    id: int
    at: datetime
    kind: EventKind
    outcome: str
    reason: str
    factor: str
    address: str
    user_agent: str
    details: dict[str, object]
    employee_id: EmployeeId | None
    actor_id: EmployeeId | None


@dataclass(frozen=True, slots=True)
class Sought:
    """Which events of a company are wanted; what is None is not asked about.

    *people* chooses their ids: whose the event is, or who did it. From *since* on, until just before *until*. *before*
    and *after* are ids of events, where a page of the list ends and the next begins. *without* are reasons.
    """

    people: Select[int] | None = None
    kinds: Collection[EventKind] | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    after: int | None = None
    without: Collection[Refusal] = ()


def record(
    session: Session,
    kind: EventKind,
    *,
    now: datetime,
    visitor: Visitor,
    employee_id: int | None = None,
    company_id: int | None = None,
    actor_id: int | None = None,
    refusal: Refusal | None = None,
    factor: str = "",
    details: dict[str, object] | None = None,
) -> None:
    """Add one event, and tell the log once it is committed; *refusal* makes its outcome "refused".

    Whose it is did it themselves where no *actor_id* says who did, but for OPERATOR and SUPPORT: no employee acts at
    the command line, and what a case does is not its person's doing.
    """
    check_details(kind, details or {})
    if actor_id is None and visitor not in (OPERATOR, SUPPORT):
        actor_id = employee_id
    event = AuditEvent(
        at=now,
        kind=kind,
        company_id=company_id,
        employee_id=employee_id,
        actor_id=actor_id,
        outcome="refused" if refusal else "success",
        reason=refusal or "",
        factor=factor,
        address=visitor.address[:64],
        user_agent=visitor.user_agent[:256],
        details=details or {},
    )
    session.add(event)
    facts = {name: getattr(event, name) for name in TOLD}
    # The log must not tell of what a rollback undid.
    after_commit(session, lambda: log.info(kind.value, extra={"facts": {**facts, "at": now.isoformat()}}))


def has_happened(session: Session, employee_id: EmployeeId, kind: EventKind) -> bool:
    """Whether anything of this *kind* was ever written down about one person."""
    query = select(AuditEvent.id).where(AuditEvent.employee_id == employee_id, AuditEvent.kind == kind)
    return session.scalar(query.limit(1)) is not None


def happened_since(session: Session, employee_id: EmployeeId, *, kinds: Sequence[EventKind], since: datetime) -> bool:
    """Whether any event of these *kinds* succeeded for one person at *since* or later."""
    query = select(AuditEvent.id).where(
        AuditEvent.employee_id == employee_id,
        AuditEvent.kind.in_(kinds),
        AuditEvent.at >= since,
        AuditEvent.outcome == "success",
    )
    return session.scalar(query.limit(1)) is not None


def last_at(session: Session, employee_id: EmployeeId, kind: EventKind) -> datetime | None:
    """When something of this *kind* last succeeded for one person, or None."""
    mine = AuditEvent.employee_id == employee_id, AuditEvent.kind == kind, AuditEvent.outcome == "success"
    return session.scalar(select(AuditEvent.at).where(*mine).order_by(AuditEvent.id.desc()).limit(1))


def has_happened_to(employee_id: InstrumentedAttribute[int], kind: EventKind) -> ColumnElement[bool]:
    """Whether anything of this *kind* was ever written down about whom *employee_id* names: as latest_of()."""
    mine = select(AuditEvent.id).where(AuditEvent.employee_id == employee_id, AuditEvent.kind == kind)
    return mine.correlate(employee_id.class_).exists()


def latest_of(employee_id: InstrumentedAttribute[int], kind: EventKind) -> ScalarSelect[datetime]:
    """When this *kind* last succeeded for whom *employee_id* names: a column for another feature's query."""
    return (
        select(func.max(AuditEvent.at))
        .where(
            AuditEvent.employee_id == employee_id,
            AuditEvent.kind == kind,
            AuditEvent.outcome == "success",
        )
        .correlate(employee_id.class_)
        .scalar_subquery()
    )


def opens_at(
    session: Session, company_id: CompanyId, kind: EventKind, *, most: int, within: timedelta, now: datetime
) -> datetime | None:
    """When a company may have another event of *kind*, at *most* so many *within* that time; None for now.

    What was refused for this very reason doesn't count.
    """
    times = session.scalars(
        select(AuditEvent.at)
        .where(
            AuditEvent.company_id == company_id,
            AuditEvent.kind == kind,
            AuditEvent.at > now - within,
            AuditEvent.reason != Refusal.TOO_MANY,
        )
        .order_by(AuditEvent.id.desc())
        .limit(most)
    ).all()
    return times[-1] + within if len(times) == most else None


def recent(session: Session, employee_id: EmployeeId, *, kinds: Sequence[EventKind], most: int) -> list[Event]:
    """The newest *most* events of these *kinds* about one person, newest first."""
    rows = session.scalars(
        select(AuditEvent)
        .where(AuditEvent.employee_id == employee_id, AuditEvent.kind.in_(kinds))
        .order_by(AuditEvent.id.desc())
        .limit(most)
    )
    return [_as_event(row) for row in rows]


def of_company(session: Session, company_id: CompanyId, sought: Sought, *, most: int) -> list[Event]:
    """The newest *most* events of one company that are *sought*, newest first; with *after*, those next to it.

    One statement, however many rows: they come in portions.
    """
    is_upwards = sought.after is not None and sought.before is None
    rows = session.scalars(
        select(AuditEvent)
        .where(AuditEvent.company_id == company_id, *_conditions(sought))
        .order_by(AuditEvent.id.asc() if is_upwards else AuditEvent.id.desc())
        .limit(most)
        .execution_options(yield_per=1000)
    )
    # A newer version that serves beside this one may have written kinds unknown here.
    events = [_as_event(row) for row in rows if row.kind in _KNOWN]
    return events[::-1] if is_upwards else events


def told_since(
    session: Session, company_id: CompanyId, *, kinds: Collection[EventKind], since: datetime
) -> list[Event]:
    """Every event of these *kinds* that succeeded in one company at *since* or later, oldest first.

    They are few among many, and found by their kinds; so they are put in order here. SQLite would, for the sake of the
    order, read all that ever happened in the company.
    """
    rows = session.scalars(
        select(AuditEvent).where(
            AuditEvent.company_id == company_id,
            AuditEvent.kind.in_(kinds),
            AuditEvent.at >= since,
            AuditEvent.outcome == "success",
        )
    )
    return sorted(map(_as_event, rows), key=lambda event: event.id)


def _conditions(sought: Sought) -> Iterator[ColumnElement[bool]]:
    if sought.people is not None:
        yield or_(AuditEvent.employee_id.in_(sought.people), AuditEvent.actor_id.in_(sought.people))
    if sought.kinds is not None:
        yield AuditEvent.kind.in_(sought.kinds)
    if sought.since is not None:
        yield AuditEvent.at >= sought.since
    if sought.until is not None:
        yield AuditEvent.at < sought.until
    if sought.before is not None:
        yield AuditEvent.id < sought.before
    if sought.after is not None:
        yield AuditEvent.id > sought.after
    if sought.without:
        yield AuditEvent.reason.not_in(sought.without)


def _as_event(row: AuditEvent) -> Event:
    return Event(
        row.id,
        row.at,
        EventKind(row.kind),
        row.outcome,
        row.reason,
        row.factor,
        row.address,
        row.user_agent,
        row.details,
        EmployeeId(row.employee_id) if row.employee_id is not None else None,
        EmployeeId(row.actor_id) if row.actor_id is not None else None,
    )

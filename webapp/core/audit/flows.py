"""Writing down what happened, inside the transaction of the flow it happened in, and reading it back."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.core.audit.rules import EventKind, check_details
from webapp.core.audit.tables import AuditEvent
from webapp.core.database import EmployeeId, after_commit
from webapp.core.outcomes import Refusal
from webapp.core.visitor import OPERATOR, Visitor

log = logging.getLogger("webapp.audit")  # a name that log systems can rely on

TOLD = ("company_id", "employee_id", "actor_id", "outcome", "reason", "factor", "address", "user_agent", "details")
"""What of an event goes to the operator's log as well, beside its kind and time."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, as people and tests read it."""

    id: int
    at: datetime
    kind: EventKind
    outcome: str
    reason: str
    factor: str
    address: str
    user_agent: str
    details: dict[str, object]


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

    Whose it is did it themselves where no *actor_id* says who did, but for OPERATOR: no employee acts at the command
    line.
    """
    check_details(kind, details or {})
    if actor_id is None and visitor != OPERATOR:
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


def recent(session: Session, employee_id: EmployeeId, *, kinds: Sequence[EventKind], most: int) -> list[Event]:
    """The newest *most* events of these *kinds* about one person, newest first."""
    rows = session.scalars(
        select(AuditEvent)
        .where(AuditEvent.employee_id == employee_id, AuditEvent.kind.in_(kinds))
        .order_by(AuditEvent.id.desc())
        .limit(most)
    )
    return [
        Event(r.id, r.at, EventKind(r.kind), r.outcome, r.reason, r.factor, r.address, r.user_agent, r.details)
        for r in rows
    ]

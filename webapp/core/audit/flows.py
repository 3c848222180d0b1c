"""Writing down what happened, inside the transaction of the flow it happened in, and reading it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.core.audit.rules import EventKind, check_details
from webapp.core.audit.tables import AuditEvent
from webapp.core.database import EmployeeId
from webapp.core.outcomes import Refusal
from webapp.core.visitor import OPERATOR, Visitor


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
    refusal: Refusal | None = None,
    factor: str = "",
    details: dict[str, object] | None = None,
) -> None:
    """Add one event; *refusal* makes its outcome "refused". Joins the caller's transaction.

    Whose it is did it themselves, but for OPERATOR: no employee acts at the command line.
    """
    check_details(kind, details or {})
    session.add(
        AuditEvent(
            at=now,
            kind=kind,
            company_id=company_id,
            employee_id=employee_id,
            actor_id=None if visitor == OPERATOR else employee_id,
            outcome="refused" if refusal else "success",
            reason=refusal or "",
            factor=factor,
            address=visitor.address[:64],
            user_agent=visitor.user_agent[:256],
            details=details or {},
        )
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

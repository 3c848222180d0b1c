"""Exemptions from a company's policy: each of one person, until the end of a day, with a reason.

What writes joins the caller's transaction, under the person's lock; who may give one is the business of ``company``.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.core.database import EmployeeId, changed_rows, writing
from webapp.core.policy.tables import Exemption


def is_running(employee_id: InstrumentedAttribute[int], *, now: datetime) -> ColumnElement[bool]:
    """Whether an exemption of somebody runs: a condition for another feature's statement."""
    mine = select(Exemption.id).where(Exemption.employee_id == employee_id, Exemption.ended_at.is_(None))
    return mine.where(Exemption.until > now).correlate(employee_id.class_).exists()


def running_until(employee_id: InstrumentedAttribute[int]) -> ScalarSelect[datetime]:
    """Until when somebody is exempt, or NULL: a column for another feature's statement."""
    mine = select(func.max(Exemption.until)).where(Exemption.employee_id == employee_id, Exemption.ended_at.is_(None))
    return mine.correlate(employee_id.class_).scalar_subquery()


def newest_reason(employee_id: InstrumentedAttribute[int]) -> ScalarSelect[str]:
    """Why somebody was exempt last: as running_until()."""
    mine = select(Exemption.reason).where(Exemption.employee_id == employee_id).order_by(Exemption.id.desc()).limit(1)
    return mine.correlate(employee_id.class_).scalar_subquery()


def give(
    session: Session, employee_id: EmployeeId, *, until: datetime, reason: str, given_by: EmployeeId, now: datetime
) -> None:
    """An exemption in place of the one that runs, so that a shorter one is possible."""
    with writing(session):
        _end(session, employee_id, now=now)
        session.add(
            Exemption(
                employee_id=employee_id, until=until, reason=reason, given_by=given_by, given_at=now, ended_at=None
            )
        )


def end(session: Session, employee_id: EmployeeId, *, now: datetime) -> bool:
    """End the one that runs. False where none does: one conditional UPDATE decides, whoever clicks at once."""
    with writing(session):
        return _end(session, employee_id, now=now) > 0


def _end(session: Session, employee_id: EmployeeId, *, now: datetime) -> int:
    return changed_rows(
        session.execute(
            update(Exemption)
            .where(Exemption.employee_id == employee_id, Exemption.ended_at.is_(None), Exemption.until > now)
            .values(ended_at=now)
        )
    )

"""What an attack leaves behind in the database: rows of the audit, log-ins that began, guesses that stand counted."""

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from webapp.core.accounts.flows import Person
from webapp.core.attempts.tables import UNKNOWN_BROWSERS, GuessBudget
from webapp.core.audit.tables import AuditEvent


def events(engine: Engine, *kinds: str, of: Person | None = None) -> list[AuditEvent]:
    """The events of these *kinds*, or all, oldest first; those about one person with *of*."""
    query = select(AuditEvent).order_by(AuditEvent.id)
    query = query.where(AuditEvent.kind.in_(kinds)) if kinds else query
    query = query.where(AuditEvent.employee_id == of.id) if of else query
    with Session(engine, expire_on_commit=False) as session:
        return list(session.scalars(query))


def checks(engine: Engine, *, of: Person | None = None) -> list[str]:
    """How each answer to the second factor was judged, as in "totp wrong_code" and "backup_code success"."""
    rows = events(engine, "second_factor:check", of=of)
    return [f"{row.factor} {row.reason or row.outcome}".strip() for row in rows]


def password_checks(engine: Engine, *, of: Person | None = None) -> list[str]:
    return [row.reason or row.outcome for row in events(engine, "password:check", of=of)]


def log_ins(engine: Engine, *, of: Person | None = None) -> list[str]:
    """The last factor of each log-in that was completed."""
    return [row.factor for row in events(engine, "session:start", of=of)]


def charged(engine: Engine, kind: str) -> dict[str, int]:
    """Wrong guesses that stand counted at this *kind*: by "strangers", and by the "known" browser of somebody."""
    with Session(engine) as session:
        rows = session.scalars(select(GuessBudget).where(GuessBudget.kind == kind, GuessBudget.failures > 0)).all()
    counted: dict[str, int] = {}
    for row in rows:
        whose = "strangers" if row.browser_id == UNKNOWN_BROWSERS else "known"
        counted[whose] = counted.get(whose, 0) + row.failures
    return counted

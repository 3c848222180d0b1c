"""The secret that was shown as a QR code and waits for its first code: one a person, for the session that made it.

What writes joins the transaction of its caller, who holds the person's lock. What becomes of it is up to enrolment.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from webapp.core.database import AuthenticatorId, EmployeeId, SessionId, changed_rows, writing
from webapp.core.factors.totp import rules
from webapp.core.factors.totp.tables import PendingSecret
from webapp.core.resealing import Resealed
from webapp.core.resealing import reseal as reseal_table
from webapp.core.sealing import Context, Keyring, Sealed

LIFE = timedelta(minutes=15)


class Purpose(StrEnum):
    """What an app is set up for."""

    ACTIVATE = "activate"
    REPLACE = "replace"
    ADD = "add"


@dataclass(frozen=True, slots=True)
class Aim:
    """What a new secret is for: the authenticator that it *replaces*, or the *name* of one more."""

    purpose: Purpose
    replaces: AuthenticatorId | None = None
    name: str = ""


ACTIVATION = Aim(Purpose.ACTIVATE)


@dataclass(frozen=True, slots=True)
class Pending:
    """A secret that waits for its first code until *expires_at*. *secret* 20 raw bytes."""

    secret: bytes
    aim: Aim
    expires_at: datetime


def find(
    session: Session, keyring: Keyring, employee_id: EmployeeId, *, session_id: SessionId, now: datetime
) -> Pending | None:
    """The secret that *session_id* made less than 15 minutes ago, or None: it is shown to nobody else.

    One that does not open counts as none: a new one can be made, and nothing rests on the old.
    """
    row = _row(session, employee_id, session_id)
    if row is None or now >= row.made_at + LIFE:
        return None
    secret = keyring.open_or_none(Sealed(row.key_id, row.box), _context(employee_id))
    return Pending(secret, _aim(row), row.made_at + LIFE) if secret is not None else None


def expired(session: Session, employee_id: EmployeeId, *, session_id: SessionId, now: datetime) -> Aim | None:
    """What *session_id* made a secret for that nobody confirmed within its 15 minutes."""
    row = _row(session, employee_id, session_id)
    return _aim(row) if row is not None and now >= row.made_at + LIFE else None


def name_waiting(session: Session, employee_id: EmployeeId, *, now: datetime) -> str | None:
    """What one more app will be called once its first code is in, whichever session adds it; None where none waits."""
    adds = PendingSecret.purpose == Purpose.ADD, PendingSecret.made_at > now - LIFE
    return session.scalar(select(PendingSecret.name).where(PendingSecret.employee_id == employee_id, *adds))


def make(
    session: Session, keyring: Keyring, employee_id: EmployeeId, aim: Aim, *, session_id: SessionId, now: datetime
) -> bool:
    """See that *session_id* has a secret for *aim*. False where it had one: a second tab shows the same QR code."""
    with writing(session):
        waiting = find(session, keyring, employee_id, session_id=session_id, now=now)
        if waiting is not None and waiting.aim == aim:
            return False
        drop(session, employee_id)
        sealed = keyring.seal(rules.new_secret(), _context(employee_id))
        session.add(
            PendingSecret(
                employee_id=employee_id,
                session_id=session_id,
                key_id=sealed.key_id,
                box=sealed.box,
                made_at=now,
                purpose=aim.purpose,
                replaces=aim.replaces,
                name=aim.name,
            )
        )
        return True


def drop(session: Session, employee_id: EmployeeId) -> None:
    """Delete the person's pending secret, whichever session made it."""
    with writing(session):
        session.execute(delete(PendingSecret).where(PendingSecret.employee_id == employee_id))


def reseal(session: Session, keyring: Keyring) -> Resealed:
    """Re-seal the pending secrets under the newest key."""
    return reseal_table(
        session,
        keyring,
        PendingSecret.id,
        PendingSecret.employee_id,
        PendingSecret.key_id,
        PendingSecret.box,
        context=lambda employee_id: _context(EmployeeId(employee_id)),
    )


def purge(session: Session, *, now: datetime) -> int:
    """Delete pending secrets that have expired; how many."""
    with writing(session):
        return changed_rows(session.execute(delete(PendingSecret).where(PendingSecret.made_at <= now - LIFE)))


def _row(session: Session, employee_id: EmployeeId, session_id: SessionId) -> PendingSecret | None:
    mine = (PendingSecret.employee_id == employee_id) & (PendingSecret.session_id == session_id)
    return session.scalar(select(PendingSecret).where(mine))


def _aim(row: PendingSecret) -> Aim:
    return Aim(Purpose(row.purpose), AuthenticatorId(row.replaces) if row.replaces is not None else None, row.name)


def _context(employee_id: EmployeeId) -> Context:
    # One row a person, so the employee's id stands for the row's.
    return Context("pending secret", employee_id, employee_id)

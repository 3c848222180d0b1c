"""The authenticator app of a person: a pending secret, its confirmation, spending a code, removal.

What writes joins the transaction of its caller, who holds the person's lock: activation, log-in and reset decide
what else belongs to it. Guess counters and audit are theirs too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from webapp.core.database import EmployeeId, SessionId, changed_rows, writing
from webapp.core.factors.totp import rules
from webapp.core.factors.totp.rules import Match, Replay, Verdict
from webapp.core.factors.totp.tables import Authenticator, PendingSecret
from webapp.core.resealing import Resealed
from webapp.core.resealing import reseal as reseal_table
from webapp.core.sealing import Context, Keyring, Sealed

PENDING_LIFE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class State:
    """The authenticator as its owner sees it."""

    activated_at: datetime
    last_used_at: datetime


@dataclass(frozen=True, slots=True)
class Pending:
    """A secret that waits for its first code until *expires_at*. *secret* 20 raw bytes."""

    secret: bytes
    expires_at: datetime


def state(session: Session, employee_id: EmployeeId) -> State | None:
    """The active authenticator, or None."""
    row = session.scalar(select(Authenticator).where(Authenticator.employee_id == employee_id))
    return State(row.activated_at, row.last_used_at) if row else None


def active_among(session: Session, employee_ids: Sequence[EmployeeId]) -> list[EmployeeId]:
    """Those of *employee_ids* who have an active authenticator."""
    found = session.scalars(select(Authenticator.employee_id).where(Authenticator.employee_id.in_(employee_ids)))
    return [EmployeeId(employee_id) for employee_id in found]


def pending(
    session: Session, keyring: Keyring, employee_id: EmployeeId, *, session_id: SessionId, now: datetime
) -> Pending | None:
    """The secret that *session_id* made less than 15 minutes ago, or None: it is shown to nobody else.

    One that does not open counts as none: a new one can be made, and nothing rests on the old.
    """
    row = session.scalar(select(PendingSecret).where(PendingSecret.employee_id == employee_id))
    if row is None or row.session_id != session_id or now >= row.made_at + PENDING_LIFE:
        return None
    secret = keyring.open_or_none(Sealed(row.key_id, row.box), _context("pending secret", employee_id))
    return Pending(secret, row.made_at + PENDING_LIFE) if secret is not None else None


def pending_is_over(session: Session, employee_id: EmployeeId, *, session_id: SessionId, now: datetime) -> bool:
    """Whether *session_id* made a pending secret that nobody confirmed within its 15 minutes."""
    made_at = session.scalar(
        select(PendingSecret.made_at).where(
            PendingSecret.employee_id == employee_id, PendingSecret.session_id == session_id
        )
    )
    return made_at is not None and now >= made_at + PENDING_LIFE


def make_pending(
    session: Session, keyring: Keyring, employee_id: EmployeeId, *, session_id: SessionId, now: datetime
) -> bool:
    """See that *session_id* has a pending secret. False where it had one: a second tab shows the same QR code."""
    with writing(session):
        if pending(session, keyring, employee_id, session_id=session_id, now=now):
            return False
        _drop_pending(session, employee_id)
        sealed = keyring.seal(rules.new_secret(), _context("pending secret", employee_id))
        session.add(
            PendingSecret(
                employee_id=employee_id, session_id=session_id, key_id=sealed.key_id, box=sealed.box, made_at=now
            )
        )
        return True


def activate(
    session: Session, keyring: Keyring, employee_id: EmployeeId, *, secret: bytes, step: int, now: datetime
) -> None:
    """Make *secret* the active one. *step* is that of the confirming code, which is thereby spent."""
    with writing(session):
        _drop_pending(session, employee_id)
        sealed = keyring.seal(secret, _context("totp secret", employee_id))
        session.add(
            Authenticator(
                employee_id=employee_id,
                key_id=sealed.key_id,
                box=sealed.box,
                last_step=step,
                accepted_steps=[step],
                activated_at=now,
                last_used_at=now,
            )
        )


def peek(session: Session, keyring: Keyring, employee_id: EmployeeId, *, code: str, now: datetime) -> Verdict:
    """What *code* is worth against the active authenticator. Decides nothing: ``spend`` judges again."""
    row = session.scalar(select(Authenticator).where(Authenticator.employee_id == employee_id))
    return _judge(keyring, row, code, now=now) if row else rules.Wrong()


def spend(session: Session, keyring: Keyring, employee_id: EmployeeId, *, code: str, now: datetime) -> Verdict:
    """Judge *code* against the active authenticator and, where it matches, spend its time step."""
    with writing(session):
        row = session.scalar(select(Authenticator).where(Authenticator.employee_id == employee_id))
        if row is None:
            return rules.Wrong()
        verdict = _judge(keyring, row, code, now=now)
        if isinstance(verdict, Match) and not _take_step(session, row, verdict.step, now=now):
            return Replay(rules.seconds_to_next_step(now.timestamp()))
        return verdict


def remove(session: Session, employee_id: EmployeeId) -> None:
    """Delete authenticator and pending secret: nothing of them is left in the database."""
    with writing(session):
        session.execute(delete(Authenticator).where(Authenticator.employee_id == employee_id))
        _drop_pending(session, employee_id)


def reseal(session: Session, keyring: Keyring) -> list[Resealed]:
    """Re-seal authenticators and pending secrets under the newest key."""
    return [
        _reseal(session, keyring, Authenticator, "totp secret"),
        _reseal(session, keyring, PendingSecret, "pending secret"),
    ]


def purge(session: Session, *, now: datetime) -> int:
    """Delete pending secrets that have expired; how many."""
    with writing(session):
        stale = session.execute(delete(PendingSecret).where(PendingSecret.made_at <= now - PENDING_LIFE))
        return changed_rows(stale)


def _drop_pending(session: Session, employee_id: EmployeeId) -> None:
    session.execute(delete(PendingSecret).where(PendingSecret.employee_id == employee_id))


def _judge(keyring: Keyring, row: Authenticator, code: str, *, now: datetime) -> Verdict:
    secret = keyring.open(Sealed(row.key_id, row.box), _context("totp secret", EmployeeId(row.employee_id)))
    return rules.judge(secret, code, now.timestamp(), last_step=row.last_step, accepted_steps=row.accepted_steps)


def _take_step(session: Session, row: Authenticator, step: int, *, now: datetime) -> bool:
    """One conditional UPDATE decides a replay, whatever ran at the same instant (RFC 6238 §5.2)."""
    taken = session.execute(
        update(Authenticator)
        .where(Authenticator.id == row.id, Authenticator.last_step < step)
        .values(last_step=step, accepted_steps=rules.remembered(row.accepted_steps, step), last_used_at=now)
    )
    return changed_rows(taken) == 1


def _reseal(
    session: Session, keyring: Keyring, table: type[Authenticator] | type[PendingSecret], purpose: str
) -> Resealed:
    return reseal_table(
        session,
        keyring,
        table.employee_id,
        table.key_id,
        table.box,
        context=lambda employee_id: _context(purpose, EmployeeId(employee_id)),
    )


def _context(purpose: str, employee_id: EmployeeId) -> Context:
    # One row a person, so the employee's id stands for the row's.
    return Context(purpose, employee_id, employee_id)

"""The authenticator apps of a person, two at most: adding one, spending a code of any of them, renaming, removal.

What writes joins the transaction of its caller, who holds the person's lock: enrolment, log-in and reset decide
what else belongs to it. Guess counters and audit are theirs too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.core.database import AuthenticatorId, EmployeeId, changed_rows, writing
from webapp.core.factors.totp import pending, rules
from webapp.core.factors.totp.rules import Match, Replay, Verdict
from webapp.core.factors.totp.tables import Authenticator
from webapp.core.resealing import Resealed
from webapp.core.resealing import reseal as reseal_table
from webapp.core.sealing import Context, Keyring, Sealed

NO_APP = "No app: replace it"
"""What the place of an app is called that nobody has the secret of."""


@dataclass(frozen=True, slots=True)
class App:
    """One authenticator as its owner sees it. *added_at* is when this app was set up, whatever it took the place of."""

    id: AuthenticatorId
    name: str
    added_at: datetime
    last_used_at: datetime


@dataclass(frozen=True, slots=True)
class State:
    """What a person has: one or two *apps*, oldest first; two-factor authentication is on since *activated_at*."""

    activated_at: datetime
    apps: tuple[App, ...]


def state(session: Session, employee_id: EmployeeId) -> State | None:
    """The person's authenticators, or None: two-factor authentication is off."""
    rows = _rows(session, employee_id)
    if not rows:
        return None
    apps = tuple(App(AuthenticatorId(row.id), row.name, row.added_at, row.last_used_at) for row in rows)
    return State(min(row.activated_at for row in rows), apps)


def is_on(employee_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Whether an employee has an active authenticator: a condition for another feature's statement."""
    mine = select(Authenticator.id).where(Authenticator.employee_id == employee_id)
    return mine.correlate(employee_id.class_).exists()


def on_since(employee_id: InstrumentedAttribute[int]) -> ScalarSelect[datetime]:
    """Since when two-factor authentication of an employee is on, or NULL: a column for another feature's statement."""
    mine = select(func.min(Authenticator.activated_at)).where(Authenticator.employee_id == employee_id)
    return mine.correlate(employee_id.class_).scalar_subquery()


def add(
    session: Session, keyring: Keyring, employee_id: EmployeeId, *, secret: bytes, step: int, name: str, now: datetime
) -> None:
    """Make *secret* an active one. *step* is that of the confirming code, which is thereby spent.

    Where the person has an app already, two-factor authentication has been on since then.
    """
    with writing(session):
        pending.drop(session, employee_id)
        before = state(session, employee_id)
        sealed = keyring.seal(secret, _context(employee_id))
        session.add(
            Authenticator(
                employee_id=employee_id,
                key_id=sealed.key_id,
                box=sealed.box,
                last_step=step,
                accepted_steps=[step],
                activated_at=before.activated_at if before else now,
                added_at=now,
                last_used_at=now,
                name=name,
            )
        )
        session.flush()


def replace(
    session: Session,
    keyring: Keyring,
    employee_id: EmployeeId,
    old: AuthenticatorId,
    *,
    secret: bytes,
    step: int,
    now: datetime,
) -> App:
    """Put *secret* in the place of one authenticator, which is dead; its name stays, but for NO_APP. What it was."""
    with writing(session):
        before = state(session, employee_id)
        replaced = next(app for app in before.apps if app.id == old) if before else None
        if replaced is None:
            raise LookupError(f"no authenticator {old} to be replaced")
        name = rules.FIRST_NAME if replaced.name == NO_APP else replaced.name
        add(session, keyring, employee_id, secret=secret, step=step, name=name, now=now)
        remove_one(session, employee_id, old)
        return replaced


def peek(
    session: Session,
    keyring: Keyring,
    employee_id: EmployeeId,
    *,
    code: str,
    now: datetime,
    before: datetime | None = None,
) -> Verdict:
    """What *code* is worth against the person's authenticators. Decides nothing: ``spend`` judges again.

    *before* leaves out those that were added then or later.
    """
    return rules.best([_judge(keyring, row, code, now=now) for row in _rows(session, employee_id, before)])


def spend(
    session: Session,
    keyring: Keyring,
    employee_id: EmployeeId,
    *,
    code: str,
    now: datetime,
    before: datetime | None = None,
) -> Verdict:
    """Judge *code* against each of the person's authenticators and, where it matches, spend its time step.

    *before* leaves out those that were added then or later. A code that two secrets have by chance is spent in both.
    """
    with writing(session):
        return rules.best(
            [_spend_in(session, keyring, row, code, now=now) for row in _rows(session, employee_id, before)]
        )


def rename(session: Session, authenticator_id: AuthenticatorId, name: str) -> None:
    """Call one authenticator *name*."""
    with writing(session):
        session.execute(update(Authenticator).where(Authenticator.id == authenticator_id).values(name=name))


def remove_one(session: Session, employee_id: EmployeeId, authenticator_id: AuthenticatorId) -> None:
    """Delete one of the person's authenticators, and a pending secret: it may be meant for that one's place."""
    with writing(session):
        mine = (Authenticator.id == authenticator_id) & (Authenticator.employee_id == employee_id)
        session.execute(delete(Authenticator).where(mine))
        pending.drop(session, employee_id)


def has_one(session: Session, employee_id: EmployeeId, *, before: datetime | None) -> bool:
    """Whether the person has an authenticator that was added earlier than *before*; None for any."""
    return bool(_rows(session, employee_id, before))


def distrust_since(session: Session, keyring: Keyring, employee_id: EmployeeId, *, since: datetime) -> int:
    """Take away every authenticator that was added at *since* or later; how many.

    Where none is left, the newest keeps its row with a secret that nobody has: two-factor authentication is never off
    for it, a backup code goes on logging in, and the app has to be replaced.
    """
    with writing(session):
        rows = _rows(session, employee_id)
        newer = [row for row in rows if row.added_at >= since]
        is_last = bool(newer) and len(newer) == len(rows)
        for row in newer[:-1] if is_last else newer:
            remove_one(session, employee_id, AuthenticatorId(row.id))
        if is_last:
            sealed = keyring.seal(rules.new_secret(), _context(employee_id))
            newer[-1].key_id, newer[-1].box, newer[-1].name = sealed.key_id, sealed.box, NO_APP
        return len(newer)


def remove(session: Session, employee_id: EmployeeId) -> None:
    """Delete authenticators and pending secret: nothing of them is left in the database."""
    with writing(session):
        session.execute(delete(Authenticator).where(Authenticator.employee_id == employee_id))
        pending.drop(session, employee_id)


def reseal(session: Session, keyring: Keyring) -> list[Resealed]:
    """Re-seal authenticators and pending secrets under the newest key."""
    authenticators = reseal_table(
        session,
        keyring,
        Authenticator.id,
        Authenticator.employee_id,
        Authenticator.key_id,
        Authenticator.box,
        context=lambda employee_id: _context(EmployeeId(employee_id)),
    )
    return [authenticators, pending.reseal(session, keyring)]


def _rows(session: Session, employee_id: EmployeeId, before: datetime | None = None) -> Sequence[Authenticator]:
    query = select(Authenticator).where(Authenticator.employee_id == employee_id).order_by(Authenticator.id)
    return session.scalars(query if before is None else query.where(Authenticator.added_at < before)).all()


def _judge(keyring: Keyring, row: Authenticator, code: str, *, now: datetime) -> Verdict:
    secret = keyring.open(Sealed(row.key_id, row.box), _context(EmployeeId(row.employee_id)))
    return rules.judge(secret, code, now.timestamp(), last_step=row.last_step, accepted_steps=row.accepted_steps)


def _spend_in(session: Session, keyring: Keyring, row: Authenticator, code: str, *, now: datetime) -> Verdict:
    verdict = _judge(keyring, row, code, now=now)
    if isinstance(verdict, Match) and not _take_step(session, row, verdict.step, now=now):
        return Replay(rules.seconds_to_next_step(now.timestamp()))
    return verdict


def _take_step(session: Session, row: Authenticator, step: int, *, now: datetime) -> bool:
    """One conditional UPDATE decides a replay, whatever ran at the same instant (RFC 6238 §5.2)."""
    taken = session.execute(
        update(Authenticator)
        .where(Authenticator.id == row.id, Authenticator.last_step < step)
        .values(last_step=step, accepted_steps=rules.remembered(row.accepted_steps, step), last_used_at=now)
    )
    return changed_rows(taken) == 1


def _context(employee_id: EmployeeId) -> Context:
    # Bound to the person and not to the row: their two boxes may change places, for they open the same account.
    return Context("totp secret", employee_id, employee_id)

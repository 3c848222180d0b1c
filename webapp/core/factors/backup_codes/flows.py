"""The backup codes of a person: a new set, checking one, spending one, and showing a set while it is fresh.

Each joins the caller's transaction. Checking takes three parts, for bcrypt must not run inside the write lock:
``lookup`` reads, ``find`` hashes, ``spend`` is one conditional UPDATE. Who only checks that codes were saved asks
``as_it_stands`` in place of ``spend``. Counters and audit are the caller's.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ScalarSelect, delete, func, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.core.database import EmployeeId, SessionId, changed_rows, writing
from webapp.core.factors.backup_codes import rules
from webapp.core.factors.backup_codes.tables import BackupCode, BackupCodeSet, ShownBackupCodes
from webapp.core.sealing import CannotOpenError, Context, Keyring, Sealed

SHOWN_LIFE = timedelta(minutes=10)
SHOWN_PURPOSE = "shown backup codes"


@dataclass(frozen=True, slots=True)
class NewSet:
    """Eight codes with their hashes, made before any lock is taken."""

    codes: tuple[str, ...]
    salt: bytes
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class StoredCode:
    id: int
    position: int
    code_hash: bytes
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a typed code is compared with."""

    salt: bytes
    codes: tuple[StoredCode, ...]


@dataclass(frozen=True, slots=True)
class State:
    """The set as its owner sees it. *checked_at* is None where nobody has shown yet that it was saved."""

    left: int
    made_at: datetime
    checked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Shown:
    """Eight codes, in groups, that may be shown to their maker until *until*."""

    codes: tuple[str, ...]
    made_at: datetime
    until: datetime


def new_set(*, rounds: int) -> NewSet:
    """Eight codes and their hashes. Slow (eight bcrypt hashes): call it outside any transaction."""
    codes, salt = rules.new_codes(), rules.new_salt(rounds)
    return NewSet(codes, salt, tuple(rules.hashed(code, salt) for code in codes))


def store(
    session: Session,
    keyring: Keyring,
    employee_id: EmployeeId,
    made: NewSet,
    *,
    session_id: SessionId,
    session_token: str,
    now: datetime,
) -> None:
    """Replace the person's set by *made*, and let *session_id* see it for ten minutes; the old codes are dead."""
    with writing(session):
        remove(session, employee_id)
        row = BackupCodeSet(employee_id=employee_id, salt=made.salt, made_at=now)
        session.add(row)
        session.flush()
        # One statement: objects would be added one by one, for an id each that nobody asks for.
        session.execute(
            insert(BackupCode),
            [{"set_id": row.id, "position": at, "code_hash": code_hash} for at, code_hash in enumerate(made.hashes)],
        )
        sealed = _seal_shown(keyring, employee_id, session_id, session_token, made.codes)
        session.add(
            ShownBackupCodes(
                employee_id=employee_id, session_id=session_id, key_id=sealed.key_id, box=sealed.box, made_at=now
            )
        )


def state(session: Session, employee_id: EmployeeId) -> State | None:
    """How many codes are left, or None where there is no set."""
    row = session.execute(
        select(BackupCodeSet.made_at, BackupCodeSet.checked_at, func.count(BackupCode.id))
        .outerjoin(BackupCode, (BackupCode.set_id == BackupCodeSet.id) & BackupCode.used_at.is_(None))
        .where(BackupCodeSet.employee_id == employee_id)
        .group_by(BackupCodeSet.id, BackupCodeSet.made_at, BackupCodeSet.checked_at)
    ).one_or_none()
    return State(left=row[2], made_at=row[0], checked_at=row[1]) if row else None


def left_of(employee_id: InstrumentedAttribute[int]) -> ScalarSelect[int]:
    """How many codes an employee has left, 0 where there is no set: a column for another feature's statement."""
    mine = (
        select(func.count(BackupCode.id))
        .join(BackupCodeSet, BackupCode.set_id == BackupCodeSet.id)
        .where(BackupCodeSet.employee_id == employee_id, BackupCode.used_at.is_(None))
    )
    return mine.correlate(employee_id.class_).scalar_subquery()


def lookup(session: Session, employee_id: EmployeeId, *, before: datetime | None = None) -> Lookup | None:
    """The person's salt and hashes, spent ones too, so that a used code can be told from an unknown one.

    *before* leaves out a set that was made then or later.
    """
    query = (
        select(BackupCodeSet.salt, BackupCode)
        .join(BackupCode, BackupCode.set_id == BackupCodeSet.id)
        .where(BackupCodeSet.employee_id == employee_id)
        .order_by(BackupCode.position)
    )
    rows = session.execute(query if before is None else query.where(BackupCodeSet.made_at < before)).all()
    if not rows:
        return None
    codes = tuple(StoredCode(code.id, code.position, code.code_hash, code.used_at) for _, code in rows)
    return Lookup(rows[0][0], codes)


def find(looked_up: Lookup, code: str) -> StoredCode | None:
    """The stored code that *code* is. One slow hash: call it outside any transaction."""
    at = rules.position(rules.hashed(code, looked_up.salt), [stored.code_hash for stored in looked_up.codes])
    return None if at is None else looked_up.codes[at]


def spend(session: Session, stored: StoredCode, *, now: datetime) -> bool:
    """Use up one code. False where somebody did meanwhile: one conditional UPDATE decides (case D-39)."""
    with writing(session):
        used = session.execute(
            update(BackupCode).where(BackupCode.id == stored.id, BackupCode.used_at.is_(None)).values(used_at=now)
        )
        return changed_rows(used) == 1


def as_it_stands(session: Session, stored: StoredCode) -> StoredCode | None:
    """*stored* as it is now, or None where its set is gone: ids are never given out twice."""
    row = session.get(BackupCode, stored.id)
    return StoredCode(row.id, row.position, row.code_hash, row.used_at) if row else None


def note_checked(session: Session, employee_id: EmployeeId, *, now: datetime) -> None:
    """Note that the person showed to have this set. No code of it is spent."""
    with writing(session):
        session.execute(update(BackupCodeSet).where(BackupCodeSet.employee_id == employee_id).values(checked_at=now))


def remove(session: Session, employee_id: EmployeeId) -> None:
    """Delete the person's set and whatever may still be shown of it."""
    with writing(session):
        sets = select(BackupCodeSet.id).where(BackupCodeSet.employee_id == employee_id).scalar_subquery()
        session.execute(delete(BackupCode).where(BackupCode.set_id.in_(sets)))
        session.execute(delete(BackupCodeSet).where(BackupCodeSet.employee_id == employee_id))
        session.execute(delete(ShownBackupCodes).where(ShownBackupCodes.employee_id == employee_id))


def remove_since(session: Session, employee_id: EmployeeId, *, since: datetime) -> bool:
    """Delete the person's set where it was made at *since* or later. Whether it was."""
    with writing(session):
        query = select(BackupCodeSet.made_at).where(BackupCodeSet.employee_id == employee_id)
        made_at = session.scalar(query)
        if made_at is None or made_at < since:
            return False
        remove(session, employee_id)
        return True


def shown(session: Session, keyring: Keyring, *, session_id: SessionId, token: str, now: datetime) -> Shown | None:
    """The codes that this session made less than ten minutes ago and has not closed.

    The first read after the ten minutes deletes them, and so does one that can't open them: there is nothing to show.
    """
    row = session.scalar(select(ShownBackupCodes).where(ShownBackupCodes.session_id == session_id))
    if row is None:
        return None
    until = row.made_at + SHOWN_LIFE
    if now >= until:
        hide(session, session_id)
        return None
    context = Context(SHOWN_PURPOSE, session_id, row.employee_id)
    plain = keyring.bound_to(token, purpose=SHOWN_PURPOSE).open_or_none(Sealed(row.key_id, row.box), context)
    if plain is None:
        hide(session, session_id)
        return None
    return Shown(tuple(rules.shown(code) for code in json.loads(plain)), row.made_at, until)


def reseal_shown(session: Session, keyring: Keyring, *, session_id: SessionId, old_token: str, token: str) -> None:
    """Carry shown codes over to a session's new token, or delete them where the old one opens nothing any more."""
    with writing(session):
        row = session.scalar(select(ShownBackupCodes).where(ShownBackupCodes.session_id == session_id))
        if row is None:
            return
        context = Context(SHOWN_PURPOSE, session_id, row.employee_id)
        try:
            plain = keyring.bound_to(old_token, purpose=SHOWN_PURPOSE).open(Sealed(row.key_id, row.box), context)
        except CannotOpenError:
            # The second of a double click: the first has sealed them under a token that nobody was given.
            hide(session, session_id)
            return
        sealed = keyring.bound_to(token, purpose=SHOWN_PURPOSE).seal(plain, context)
        row.key_id, row.box = sealed.key_id, sealed.box


def can_be_seen(session: Session, session_id: SessionId, *, now: datetime) -> bool:
    """Whether this session can still look at the codes that it made."""
    made_at = session.scalar(select(ShownBackupCodes.made_at).where(ShownBackupCodes.session_id == session_id))
    return made_at is not None and now < made_at + SHOWN_LIFE


def hide(session: Session, session_id: SessionId) -> bool:
    """Delete what this session could still be shown. Whether there was anything."""
    with writing(session):
        gone = session.execute(delete(ShownBackupCodes).where(ShownBackupCodes.session_id == session_id))
        return changed_rows(gone) > 0


def hide_all(session: Session, employee_id: EmployeeId, *, keep: SessionId | None) -> None:
    """Delete what the person's sessions could still be shown, all but *keep*."""
    with writing(session):
        session.execute(
            delete(ShownBackupCodes).where(
                ShownBackupCodes.employee_id == employee_id,
                ShownBackupCodes.session_id != (keep if keep is not None else 0),
            )
        )


def purge(session: Session, *, now: datetime) -> int:
    """Delete shown codes whose ten minutes are over; how many."""
    with writing(session):
        stale = session.execute(delete(ShownBackupCodes).where(ShownBackupCodes.made_at <= now - SHOWN_LIFE))
        return changed_rows(stale)


def _seal_shown(
    keyring: Keyring, employee_id: EmployeeId, session_id: SessionId, token: str, codes: tuple[str, ...]
) -> Sealed:
    bound = keyring.bound_to(token, purpose=SHOWN_PURPOSE)
    return bound.seal(json.dumps(codes).encode(), Context(SHOWN_PURPOSE, session_id, employee_id))

"""Setting a password and checking one, at log-in and wherever it is confirmed.

A check runs in three parts, for bcrypt must not run inside the write lock: ``begin_check`` counts the guess and
commits, ``judge`` hashes, ``settle`` joins the transaction that acts on the answer. Unknown people cost the
same hash and the same statements (case D-85).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role, email_key
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.flows import Charge, Guesser
from webapp.core.attempts.rules import GuessKind
from webapp.core.audit.rules import EventKind
from webapp.core.database import BrowserId, CompanyId, EmployeeId, writing
from webapp.core.freezes import flows as freezes
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.passwords import rules
from webapp.core.passwords.tables import PasswordHash
from webapp.core.resealing import Resealed
from webapp.core.resealing import reseal as reseal_table
from webapp.core.sealing import Context, Keyring, Sealed
from webapp.core.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Check:
    """A password check that has been paid for. *person* is None for an address nobody has."""

    guesser: Guesser
    paid: Charge
    person: Person | None
    password_hash: bytes
    rounds: int


@dataclass(frozen=True, slots=True)
class Right:
    """A check that was passed by *person*. *new_hash* takes the place of one of another cost, else None."""

    check: Check
    person: Person
    new_hash: bytes | None


def set_password(
    session: Session, keyring: Keyring, person: Person, password: str, *, brand: str, rounds: int, now: datetime
) -> Refused | None:
    """Store *password* for *person*, or say why it can't be taken. Ends nothing; the calling flow does."""
    refused = problem(person, password, brand=brand)
    if refused:
        return refused
    password_hash = rules.hashed(password, rounds=rounds)
    with writing(session):
        accounts.lock(session, person.id)
        store(session, keyring, person.id, password_hash, now=now)
    return None


def problem(person: Person, password: str, *, brand: str) -> Refused | None:
    """Why *person* can't have *password*, or None."""
    return rules.problem(password, context=(brand, person.company_name, person.name, person.email))


def store(session: Session, keyring: Keyring, employee_id: EmployeeId, password_hash: bytes, *, now: datetime) -> None:
    """Inside the caller's transaction: this hash from now on. Ends nothing; the calling flow does."""
    sealed = keyring.seal(password_hash, _context(employee_id))
    session.execute(delete(PasswordHash).where(PasswordHash.employee_id == employee_id))
    session.add(PasswordHash(employee_id=employee_id, key_id=sealed.key_id, box=sealed.box, changed_at=now))


def changed_at(session: Session, employee_id: EmployeeId) -> datetime | None:
    """When the password was set, or None where there is none."""
    return session.scalar(select(PasswordHash.changed_at).where(PasswordHash.employee_id == employee_id))


def has_one(employee_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Whether an employee has a password: a condition for another feature's statement."""
    mine = select(PasswordHash.employee_id).where(PasswordHash.employee_id == employee_id)
    return mine.correlate(employee_id.class_).exists()


def employ(
    session: Session,
    keyring: Keyring,
    company_id: CompanyId,
    email: str,
    password: str,
    *,
    name: str,
    role: Role,
    brand: str,
    rounds: int,
    now: datetime,
    visitor: Visitor,
) -> Accepted[EmployeeId] | Refused:
    """A new employee with a password, or neither. Refuses as accounts.create_employee() and rules.problem() do."""
    company_name = accounts.company_name(session, company_id) or ""
    refused = rules.problem(password, context=(brand, company_name, name, email))
    if refused:
        return refused
    password_hash = rules.hashed(password, rounds=rounds)
    with writing(session):
        if freezes.owner_of_former(session, email) is not None:
            return Refused(Refusal.EMAIL_TAKEN)  # somebody disputes that it was taken from them, and logs in with it
        created = accounts.create_employee(session, company_id, email, name=name, role=role, now=now, visitor=visitor)
        if isinstance(created, Accepted):
            store(session, keyring, created.value, password_hash, now=now)
        return created


def begin_check(
    session: Session,
    keyring: Keyring,
    email: str,
    *,
    browser: BrowserId | None,
    rounds: int,
    now: datetime,
    visitor: Visitor,
) -> Check | Refused:
    """Count one password guess at *email*, existing or not, and fetch what it is compared with."""
    with writing(session):
        person = person_at(session, email)
        # On the counter of today's address, whichever of two was typed: there is one password to guess.
        guesser = guesser_at(keyring, person.email if person else email, browser=browser)
        paid = attempts.charge(session, guesser, GuessKind.PASSWORD, now=now)
        if isinstance(paid, Refused):
            _record(session, person, now=now, visitor=visitor, refusal=paid.reason)
            return paid
        # Two look-ups whoever is asked for: nobody learns from the statements that an address has no account.
        stored = session.get(PasswordHash, person.id if person else 0)
        if person is None or stored is None or not person.is_active:
            return Check(guesser, paid, None, rules.dummy_hash(rounds), rounds)
        plain = keyring.open(Sealed(stored.key_id, stored.box), _context(person.id))
        return Check(guesser, paid, person, plain, rounds)


def judge(check: Check, password: str) -> Right | None:
    """Whose password *password* is, or None where it doesn't open *check*. Slow: call it outside any transaction.

    One hash; a second one at the first log-in after the cost was changed (ASVS 11.4.2).
    """
    is_right = rules.matches(password, check.password_hash, rounds=check.rounds)
    if not is_right or check.person is None:
        return None
    is_current = rules.cost_of(check.password_hash) == check.rounds
    return Right(check, check.person, None if is_current else rules.hashed(password, rounds=check.rounds))


def refuse(session: Session, check: Check, *, now: datetime, visitor: Visitor) -> Refused:
    """Note a wrong password. The guess stays counted."""
    with writing(session):
        _record(session, check.person, now=now, visitor=visitor, refusal=Refusal.WRONG_PASSWORD)
    return check.paid.refused(Refusal.WRONG_PASSWORD)


def too_late(session: Session, check: Check, refused: Refused, *, now: datetime, visitor: Visitor) -> Refused:
    """Inside the caller's transaction: a right password for what is over meanwhile. Noted, and no guess."""
    attempts.refund(session, check.paid)
    _record(session, check.person, now=now, visitor=visitor, refusal=refused.reason)
    return refused


def settle(session: Session, keyring: Keyring, right: Right, *, now: datetime, visitor: Visitor) -> bool:
    """Inside the caller's transaction: refund a right guess. False where the password was changed meanwhile."""
    person = right.person
    if not still_stands(session, keyring, right):
        return False
    if right.new_hash is not None:  # the same password at another cost: it was changed when it was changed
        then = changed_at(session, person.id) or now
        store(session, keyring, person.id, right.new_hash, now=then)
    attempts.refund(session, right.check.paid)
    _record(session, person, now=now, visitor=visitor)
    return True


def still_stands(session: Session, keyring: Keyring, right: Right) -> bool:
    """Whether the password that was shown is still the one, at the cost it had or was brought to."""
    person = right.person
    stored = session.scalar(select(PasswordHash).where(PasswordHash.employee_id == person.id))
    if stored is None:
        return False
    plain = keyring.open(Sealed(stored.key_id, stored.box), _context(person.id))
    return plain in (right.check.password_hash, right.new_hash)


def person_at(session: Session, email: str) -> Person | None:
    """Who logs in with *email*: whose it is, or was before a change of address that its owner disputes.

    Two look-ups whoever is asked for, as everywhere before the password is right (case D-85).
    """
    former = freezes.owner_of_former(session, email)
    person = accounts.by_email(session, email)
    return person or (accounts.by_id(session, former) if former is not None else None)


def is_set_since(session: Session, employee_id: EmployeeId, moment: datetime) -> bool:
    """Whether the password of one person was set at *moment* or later. A hash made anew at another cost is no such."""
    query = select(PasswordHash.changed_at).where(PasswordHash.employee_id == employee_id)
    changed_at = session.scalar(query)
    return changed_at is not None and changed_at >= moment


def spoil_since(
    session: Session,
    keyring: Keyring,
    employee_id: EmployeeId,
    *,
    since: datetime,
    before: datetime | None = None,
    now: datetime,
) -> bool:
    """Put a hash that no password opens in the place of one set at *since* or later, but *before*. Whether it was.

    A hash and not none: the person asks for a new password as for a forgotten one, and a log-in takes as long as ever.
    """
    with writing(session):
        set_at = changed_at(session, employee_id)
        if set_at is None or set_at < since or (before is not None and set_at >= before):
            return False
        stored = session.scalars(select(PasswordHash).where(PasswordHash.employee_id == employee_id)).one()
        cost = rules.cost_of(keyring.open(Sealed(stored.key_id, stored.box), _context(employee_id)))
        store(session, keyring, employee_id, rules.dummy_hash(cost), now=now)
        return True


def refusal(
    session: Session, keyring: Keyring, email: str, *, browser: BrowserId | None, now: datetime
) -> Refused | None:
    """Whether a guess at *email* would be refused now, for a page that is only shown."""
    return attempts.refusal(session, guesser_at(keyring, email, browser=browser), GuessKind.PASSWORD, now=now)


def guesser_at(keyring: Keyring, email: str, *, browser: BrowserId | None) -> Guesser:
    """Whose budget a password guess at *email* draws on. The address itself is not stored."""
    return Guesser.at_address(keyring.fingerprint(email_key(email), purpose="password guesses"), browser)


def forget_guesses(session: Session, keyring: Keyring, email: str, *, browser: BrowserId | None) -> None:
    """Empty this browser's password budget: the log-in it led to is complete."""
    attempts.empty(session, guesser_at(keyring, email, browser=browser), {GuessKind.PASSWORD})


def reseal(session: Session, keyring: Keyring) -> Resealed:
    """Re-seal the password hashes under the newest key."""
    return reseal_table(
        session,
        keyring,
        PasswordHash.employee_id,
        PasswordHash.employee_id,
        PasswordHash.key_id,
        PasswordHash.box,
        context=lambda employee_id: _context(EmployeeId(employee_id)),
    )


def _record(
    session: Session, person: Person | None, *, now: datetime, visitor: Visitor, refusal: Refusal | None = None
) -> None:
    record(session, EventKind.PASSWORD_CHECKED, person, now=now, visitor=visitor, refusal=refusal, factor="password")


def _context(employee_id: EmployeeId) -> Context:
    return Context("password hash", employee_id, employee_id)

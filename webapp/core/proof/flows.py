"""Proving a second factor, wherever it is asked for: at log-in, before a change, to lift a freeze.

Counts the guess, judges it, spends it, and runs what it was asked for in the same transaction, so that a code is
never spent for nothing and nothing happens without one. One counter for each factor, whatever the page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record
from webapp.core.accounts.flows import Person
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.flows import Charge, Guesser
from webapp.core.attempts.rules import GuessKind
from webapp.core.audit.rules import EventKind
from webapp.core.database import BrowserId, EmployeeId, writing
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.factors.backup_codes.flows import StoredCode
from webapp.core.factors.totp import flows as totp
from webapp.core.factors.totp.rules import ClockOff, Match, Replay, Verdict
from webapp.core.freezes import flows as freezes
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof.rules import AuthenticationCode, BackupCode, Entry
from webapp.core.sealing import Keyring
from webapp.core.visitor import Visitor

T = TypeVar("T")
P = TypeVar("P")


FIVE = 5


def nothing() -> None:
    """The *prepare* of a question whose answer needs no slow work."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A second factor that has just been shown. *codes_left* after a backup code, else None."""

    factor: GuessKind
    codes_left: int | None = None


@dataclass(frozen=True, slots=True)
class Asked(Generic[P]):
    """What is asked of whom, and why.

    *purpose* for the audit; *still_open* is asked again under the lock, whether the question still stands;
    *prepare* is slow work for a right answer, done outside the lock, whose result *then* of prove() is given;
    *at_five* is run with the refusal of every fifth wrong answer in a row, in its transaction: after a pause or before.
    """

    person: Person
    browser: BrowserId | None
    visitor: Visitor
    purpose: str
    still_open: Callable[[], Refused | None]
    prepare: Callable[[], P]
    at_five: Callable[[], None] = nothing

    @property
    def guesser(self) -> Guesser:
        return Guesser.at_employee(self.person.id, self.browser)


def prove(
    session: Session,
    keyring: Keyring,
    asked: Asked[P],
    entry: Entry,
    *,
    now: datetime,
    then: Callable[[Proof, P], T],
) -> Accepted[T] | Refused:
    """Judge *entry*; where it is right, spend it and run *then*, all in one transaction.

    While the account is frozen a factor that was set since the disputed event is as good as none.

    Refuses with TOO_MANY, CLOSED, WRONG_CODE, CODE_ALREADY_USED, PHONE_CLOCK_SLOW, BACKUP_CODE_UNKNOWN,
    BACKUP_CODE_USED, or whatever *still_open* says.
    """
    if isinstance(entry, AuthenticationCode):
        return _prove_by_code(session, keyring, asked, entry, now=now, then=then)
    return _prove_by_backup_code(session, asked, entry, now=now, then=then)


def refusal(session: Session, asked: Asked[P], kind: GuessKind, *, now: datetime) -> Refused | None:
    """Whether a guess would be refused now, for a page that is only shown."""
    return attempts.refusal(session, asked.guesser, kind, now=now)


def can_be_given(session: Session, employee_id: EmployeeId) -> bool:
    """Whether one person has an app or an unused backup code that counts now: while frozen, one of the time before."""
    before = freezes.trusted_before(session, employee_id)
    if totp.has_one(session, employee_id, before=before):
        return True
    codes = backup_codes.lookup(session, employee_id, before=before)
    return codes is not None and any(code.used_at is None for code in codes.codes)


def refuse_malformed(session: Session, asked: Asked[P], *, now: datetime) -> Refused:
    """Note an entry that is no code at all (case D-06). It is not charged."""
    with writing(session):
        return _refused(session, asked, Refused(Refusal.MALFORMED), factor="", now=now)


def _prove_by_code(
    session: Session,
    keyring: Keyring,
    asked: Asked[P],
    entry: AuthenticationCode,
    *,
    now: datetime,
    then: Callable[[Proof, P], T],
) -> Accepted[T] | Refused:
    with writing(session):
        paid = _charge(session, asked, GuessKind.TOTP, now=now)
        if isinstance(paid, Refused):
            return paid
        is_quick = asked.prepare is nothing
        if is_quick or not _looks_right(session, keyring, asked, entry, now=now):
            return _spend_code(session, keyring, asked, entry, paid, None, now=now, then=then)
    # Charged and committed: however many come at once, no more are looked at than the limit, and the time that
    # preparing takes tells a guesser nothing that was not paid for (case D-22).
    prepared = asked.prepare()
    with writing(session):
        accounts.lock(session, asked.person.id)
        refused = asked.still_open()
        if refused:
            attempts.refund(session, paid)
            return _refused(session, asked, refused, factor=GuessKind.TOTP, now=now)
        return _spend_code(session, keyring, asked, entry, paid, prepared, now=now, then=then)


def _looks_right(
    session: Session, keyring: Keyring, asked: Asked[P], entry: AuthenticationCode, *, now: datetime
) -> bool:
    before = freezes.trusted_before(session, asked.person.id)
    verdict = totp.peek(session, keyring, asked.person.id, code=entry.code, now=now, before=before)
    return isinstance(verdict, Match)


def _spend_code(
    session: Session,
    keyring: Keyring,
    asked: Asked[P],
    entry: AuthenticationCode,
    paid: Charge,
    prepared: P | None,
    *,
    now: datetime,
    then: Callable[[Proof, P], T],
) -> Accepted[T] | Refused:
    before = freezes.trusted_before(session, asked.person.id)
    verdict = totp.spend(session, keyring, asked.person.id, code=entry.code, now=now, before=before)
    if not isinstance(verdict, Match):
        if isinstance(verdict, Replay):
            attempts.refund(session, paid)
        elif paid.in_a_row % FIVE == 0:
            asked.at_five()
        return _refused(session, asked, _as_refused(verdict, paid), factor=GuessKind.TOTP, now=now)
    return _accepted(session, asked, Proof(GuessKind.TOTP), paid, prepared, now=now, then=then)


def _prove_by_backup_code(
    session: Session, asked: Asked[P], entry: BackupCode, *, now: datetime, then: Callable[[Proof, P], T]
) -> Accepted[T] | Refused:
    with writing(session):
        paid = _charge(session, asked, GuessKind.BACKUP_CODE, now=now)
        if isinstance(paid, Refused):
            return paid
        before = freezes.trusted_before(session, asked.person.id)
        looked_up = backup_codes.lookup(session, asked.person.id, before=before)
    stored = backup_codes.find(looked_up, entry.code) if looked_up else None
    prepared = asked.prepare() if stored and not stored.used_at else None
    with writing(session):
        accounts.lock(session, asked.person.id)
        refused = asked.still_open()
        if stored is not None and freezes.trusted_before(session, asked.person.id) != before:
            stored = None  # frozen, or lifted, at this instant: the set was looked up for another state
        if stored is None:
            if refused is None and paid.in_a_row % FIVE == 0:
                asked.at_five()
            unknown = paid.refused(Refusal.BACKUP_CODE_UNKNOWN)
            return _refused(session, asked, refused or unknown, factor=GuessKind.BACKUP_CODE, now=now)
        if refused or stored.used_at or not backup_codes.spend(session, stored, now=now):
            # A right code, if a late one: a double click must not cost a guess.
            attempts.refund(session, paid)
            used = Refused(Refusal.BACKUP_CODE_USED, at=stored.used_at or now)
            return _refused(session, asked, refused or used, factor=GuessKind.BACKUP_CODE, now=now, stored=stored)
        state = backup_codes.state(session, asked.person.id)
        proof = Proof(GuessKind.BACKUP_CODE, codes_left=state.left if state else 0)
        return _accepted(session, asked, proof, paid, prepared, now=now, then=then, stored=stored)


def _charge(session: Session, asked: Asked[P], kind: GuessKind, *, now: datetime) -> Charge | Refused:
    """Under the person's lock: whether the question still stands, then one guess counted before it is judged."""
    accounts.lock(session, asked.person.id)
    refused = asked.still_open()
    if refused:
        return _refused(session, asked, refused, factor=kind, now=now)
    paid = attempts.charge(session, asked.guesser, kind, now=now)
    return _refused(session, asked, paid, factor=kind, now=now) if isinstance(paid, Refused) else paid


def _accepted(
    session: Session,
    asked: Asked[P],
    proof: Proof,
    paid: Charge,
    prepared: P | None,
    *,
    now: datetime,
    then: Callable[[Proof, P], T],
    stored: StoredCode | None = None,
) -> Accepted[T]:
    # Either factor reopens the other in the same budget: strangers who closed one have not locked its owner out.
    attempts.empty(session, asked.guesser, {GuessKind.TOTP, GuessKind.BACKUP_CODE})
    record(
        session,
        EventKind.SECOND_FACTOR_CHECKED,
        asked.person,
        now=now,
        visitor=asked.visitor,
        factor=proof.factor,
        details={"purpose": asked.purpose, **_about(stored, codes_left=proof.codes_left)},
    )
    return Accepted(then(proof, asked.prepare() if prepared is None else prepared))


def _as_refused(verdict: Verdict, paid: Charge) -> Refused:
    if isinstance(verdict, Replay):
        return Refused(Refusal.CODE_ALREADY_USED, seconds=verdict.seconds)
    if isinstance(verdict, ClockOff):
        return paid.refused(Refusal.PHONE_CLOCK_SLOW, minutes=verdict.minutes)
    return paid.refused(Refusal.WRONG_CODE)


def _refused(
    session: Session,
    asked: Asked[P],
    refused: Refused,
    *,
    factor: str,
    now: datetime,
    stored: StoredCode | None = None,
) -> Refused:
    record(
        session,
        EventKind.SECOND_FACTOR_CHECKED,
        asked.person,
        now=now,
        visitor=asked.visitor,
        refusal=refused.reason,
        factor=factor,
        details={"purpose": asked.purpose, **_about(stored)},
    )
    return refused


def _about(stored: StoredCode | None, *, codes_left: int | None = None) -> dict[str, object]:
    """Which backup code it was, by its place in the list: never the code (ASVS 16.2.5, 16.3.1)."""
    about: dict[str, object] = {}
    if stored is not None:
        about["position"] = stored.position + 1
    if codes_left is not None:
        about["codes_left"] = codes_left
    return about

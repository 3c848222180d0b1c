"""Repair passes: issued by Support's case, in two halves, for replacing the app and nothing else.

The mailed half is a signature of the keyring over a random seed, made where the mail is written; the other one is made
when an agent asks for it, shown once, and kept as a signature. So a stolen database opens nothing, and neither does a
row that somebody wrote into it, or moved to another person. Judging what somebody types is the business of
``challenge``, and replacing the app that of ``enrolment``.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record, tell, tell_new_address
from webapp.core.accounts.flows import Person
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.rules import GuessKind
from webapp.core.audit.rules import EventKind
from webapp.core.database import EmployeeId, RepairPassId, changed_rows, writing
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.repairs import rules
from webapp.core.repairs.rules import LIFE
from webapp.core.repairs.tables import RepairPass as RepairPassRow
from webapp.core.sealing import Keyring
from webapp.core.tokens import new_token
from webapp.core.visitor import Visitor

USED = "used"

MAILED, READ = "repair pass, mailed half", "repair pass, half read out"
"""What the keyring signs, so that neither half is ever taken for the other."""


@dataclass(frozen=True, slots=True)
class RepairPass:
    """A pass as it stands. *read_half_at* when the half for the call was made last; *end_reason* "" while it works."""

    id: RepairPassId
    employee_id: EmployeeId
    case_id: int
    issued_at: datetime
    read_half_at: datetime | None
    ended_at: datetime | None
    end_reason: str
    seed: str = field(repr=False)
    read_half_signature: str = field(repr=False)

    @property
    def expires_at(self) -> datetime:
        return self.issued_at + LIFE

    @property
    def was_used(self) -> bool:
        return self.end_reason == USED

    def is_live(self, now: datetime) -> bool:
        """Whether it still opens something: neither used nor void, and within its time."""
        return self.ended_at is None and now < self.expires_at


def issue(
    session: Session,
    person: Person,
    case_id: int,
    *,
    also_to: str = "",
    actor: Person | None = None,
    now: datetime,
    visitor: Visitor,
) -> RepairPass:
    """A pass for *person*, in place of an older one, and a mail owed with its first half; a second one to *also_to*.

    Guesses at the older one are forgotten. Joins the caller's transaction, under the person's lock; the caller has seen
    to it that Support identified the person. *actor* the agent, where one carries the case out.
    """
    with writing(session):
        void(session, person, reason="newer", now=now, visitor=visitor)
        attempts.empty_all(session, person.id, {GuessKind.REPAIR})
        row = RepairPassRow(
            employee_id=person.id, case_id=case_id, seed=new_token(), issued_at=now, read_half_at=None, ended_at=None
        )
        session.add(row)
        session.flush()
        details: dict[str, object] = {"case": case_id}
        record(session, EventKind.REPAIR_ISSUED, person, actor=actor, now=now, visitor=visitor, details=details)
        # Where the agent sits, or the server, is nothing to tell: it would look like a place of the person's.
        seed = _mailed_text(person.id, row.seed)
        tell(session, Notice.REPAIR_PASS, person, now=now, visitor=Visitor(), half_seed=seed)
        if also_to:
            there = replace(person, email=also_to)
            tell_new_address(session, Notice.REPAIR_PASS, there, now=now, visitor=Visitor(), half_seed=seed)
        return _as_pass(row)


def mailed_half(keyring: Keyring, half_seed: str) -> str:
    """The half that stands in a mail, in groups of four. Call it where the mail is written, not before."""
    return rules.shown(rules.half_of(keyring.signature(half_seed, purpose=MAILED)))


def new_read_half(
    session: Session, keyring: Keyring, repair: RepairPass, *, actor: Person, now: datetime, visitor: Visitor
) -> Accepted[str] | Refused:
    """The half for *actor* to read out on the identified call, in groups of four; it is not shown a second time.

    An earlier one is worth nothing any more, and neither is what was entered with it. REPAIR_OVER where the pass was
    used, is void, or older than its 24 hours.
    """
    with writing(session):
        person = accounts.locked(session, repair.employee_id)
        half = rules.new_half()
        signature = keyring.signature(_read_text(repair.employee_id, repair.seed, half), purpose=READ)
        made = session.execute(
            update(RepairPassRow)
            .where(RepairPassRow.id == repair.id, _lives(now))
            .values(read_half_signature=signature, read_half_at=now)
        )
        refusal = None if changed_rows(made) == 1 else Refusal.REPAIR_OVER
        details: dict[str, object] = {"case": repair.case_id}
        kind = EventKind.REPAIR_HALF_READ
        record(session, kind, person, actor=actor, now=now, visitor=visitor, refusal=refusal, details=details)
        return Refused(refusal) if refusal else Accepted(rules.shown(half))


def live(session: Session, employee_id: EmployeeId, *, now: datetime) -> RepairPass | None:
    """The pass that one person can still enter, or None."""
    row = session.scalar(select(RepairPassRow).where(RepairPassRow.employee_id == employee_id, _lives(now)))
    return _as_pass(row) if row else None


def of_case(session: Session, case_id: int) -> RepairPass | None:
    """The pass that a case led to, whether it still opens anything or not; None where there is none."""
    query = select(RepairPassRow).where(RepairPassRow.case_id == case_id)
    row = session.scalar(query.order_by(RepairPassRow.id.desc()).limit(1))
    return _as_pass(row) if row else None


def fits(keyring: Keyring, repair: RepairPass, *, mailed: str, read: str) -> bool:
    """Whether both halves, as rules.read() gives them, are right. Tells nothing of one alone; the caller counts."""
    text = _mailed_text(repair.employee_id, repair.seed)
    right = [rules.half_of(signature) for signature in keyring.signatures(text, purpose=MAILED)]
    read_text = _read_text(repair.employee_id, repair.seed, read)
    both = [
        rules.is_one_of(mailed, right),
        keyring.has_signed(read_text, repair.read_half_signature, purpose=READ),
    ]
    return all(both)


def opens_until(session: Session, repair_id: RepairPassId, *, entered_at: datetime, now: datetime) -> datetime | None:
    """Until when a pass that was entered then opens something; None where it does no more.

    It must have been entered with the half for the call that counts today.
    """
    is_of_today = RepairPassRow.read_half_at <= entered_at
    query = select(RepairPassRow.issued_at).where(RepairPassRow.id == repair_id, _lives(now), is_of_today)
    issued_at = session.scalar(query)
    return issued_at + LIFE if issued_at is not None else None


def use(session: Session, repair_id: RepairPassId, *, now: datetime) -> RepairPass | None:
    """Use a pass up. None where it opens nothing any more: one conditional UPDATE decides, whoever comes at once.

    Joins the caller's transaction, which replaces the app.
    """
    with writing(session):
        if _end(session, (RepairPassRow.id == repair_id) & _lives(now), reason=USED, now=now) != 1:
            return None
        return _as_pass(session.get_one(RepairPassRow, repair_id, populate_existing=True))


def void(
    session: Session, person: Person, *, reason: str, actor: Person | None = None, now: datetime, visitor: Visitor
) -> bool:
    """End the pass that *person* has, and with it what was entered with it. False where there is none.

    *actor* who did it, where it was somebody else. Joins the caller's transaction, under the person's lock.
    """
    with writing(session):
        if not _end(session, (RepairPassRow.employee_id == person.id) & _lives(now), reason=reason, now=now):
            return False
        details: dict[str, object] = {"why": reason}
        record(session, EventKind.REPAIR_VOIDED, person, actor=actor, now=now, visitor=visitor, details=details)
        return True


def purge(session: Session, *, now: datetime) -> int:
    """End passes that are older than their 24 hours; how many. What their halves are judged by is gone then."""
    with writing(session):
        is_old = RepairPassRow.ended_at.is_(None) & (RepairPassRow.issued_at <= now - LIFE)
        return _end(session, is_old, reason="expired", now=now)


def _lives(now: datetime) -> ColumnElement[bool]:
    return RepairPassRow.ended_at.is_(None) & (RepairPassRow.issued_at > now - LIFE)


def _end(session: Session, which: ColumnElement[bool], *, reason: str, now: datetime) -> int:
    ended = {"ended_at": now, "end_reason": reason, "seed": "", "read_half_signature": ""}
    return changed_rows(session.execute(update(RepairPassRow).where(which).values(ended)))


def _mailed_text(employee_id: EmployeeId, seed: str) -> str:
    return f"{employee_id}|{seed}"


def _read_text(employee_id: EmployeeId, seed: str, half: str) -> str:
    return f"{employee_id}|{seed}|{half}"


def _as_pass(row: RepairPassRow) -> RepairPass:
    return RepairPass(
        id=RepairPassId(row.id),
        employee_id=EmployeeId(row.employee_id),
        case_id=row.case_id,
        issued_at=row.issued_at,
        read_half_at=row.read_half_at,
        ended_at=row.ended_at,
        end_reason=row.end_reason,
        seed=row.seed,
        read_half_signature=row.read_half_signature,
    )

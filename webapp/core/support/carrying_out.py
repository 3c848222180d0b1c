"""Carrying a case out, by the command that runs due cases or by an agent, and the end of those that nobody needs.

Whatever an agent's click or the clock of a command says, all is judged again here, under the lock of the case's person:
its state, its time, a password recovered by mail meanwhile, and whether there is anything left to do.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record
from webapp.core.accounts.flows import Person
from webapp.core.audit.rules import EventKind
from webapp.core.cases import flows as cases
from webapp.core.cases.flows import Case
from webapp.core.cases.rules import Act, By, CaseState, Way
from webapp.core.database import UNUSABLE, writing
from webapp.core.enrolment.thawing import thaw
from webapp.core.enrolment.wiping import wipe
from webapp.core.freezes import flows as freezes
from webapp.core.freezes.flows import Freeze
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.passwords import flows as passwords
from webapp.core.policy import flows as policy
from webapp.core.repairs import flows as repairs
from webapp.core.sealing import Keyring
from webapp.core.sessions.flows import SignedIn
from webapp.core.support import flows as support
from webapp.core.visitor import SUPPORT, Visitor

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ran:
    """One run over the open cases: how many were carried out, how many expired, how many can't be carried out yet."""

    carried_out: int
    expired: int
    left: int
    failed: int


def carry_out(
    session: Session, keyring: Keyring, agent: SignedIn | None, case_id: int, *, now: datetime, visitor: Visitor
) -> Accepted[Case] | Refused:
    """Do what a waiting case is for, all of it or nothing. *agent* None for the command.

    A freeze is lifted with it, as its owner would: what was set since its event is taken away, a password from between
    the event and the freeze opens nothing any more, and the address that the case was found by comes back. Refuses
    with CASE_NOT_DUE, AGENT_GONE, NOT_ACTIVE, NOT_FROZEN, PASSWORD_IN_DOUBT, DEACTIVATED, EMAIL_TAKEN, or as every step
    does.
    """
    with writing(session):
        person_id = cases.person_of(session, case_id)
        person = accounts.locked(session, person_id) if person_id is not None else None
        found = cases.find(session, case_id)
        if person is None or found is None:
            return Refused(Refusal.UNKNOWN_CASE)
        actor = support.acting(session, agent, person) if agent is not None else None
        refused = actor if isinstance(actor, Refused) else _refusal(session, found, now=now)
        if refused or isinstance(actor, Refused):
            if agent is not None:  # the command tries again every few minutes
                _record(session, found, agent.person, now=now, visitor=visitor, refusal=refused)
            return refused or Refused(Refusal.NOT_SUPPORT)
        _carry_out(session, keyring, found, actor, now=now, visitor=visitor)
        return Accepted(cases.find(session, case_id) or found)


def run_due(session: Session, keyring: Keyring, *, now: datetime, visitor: Visitor) -> Ran:
    """Carry out every case that is due, and expire those whose time is over, each in its own transaction.

    One that breaks keeps no other waiting: it is logged, and tried again by the next run.
    """
    carried_out = expired = left = failed = 0
    for found in cases.under_way(session):
        try:
            if _expire(session, found.id, now=now, visitor=visitor):
                expired += 1
            elif found.is_due(now):
                outcome = carry_out(session, keyring, None, found.id, now=now, visitor=visitor)
                is_done = isinstance(outcome, Accepted)
                carried_out, left = carried_out + is_done, left + (not is_done)
        except UNUSABLE:
            raise
        except Exception:
            log.exception("case %d could not be carried out", found.id)
            failed += 1
    return Ran(carried_out, expired, left, failed)


def _refusal(session: Session, found: Case, *, now: datetime) -> Refused | None:
    """Why *found* can't be carried out now, or None. Under the lock of its person."""
    if found.state is not CaseState.WAITING or found.is_stale(now):
        return Refused(Refusal.CASE_MOVED_ON)
    if not found.is_due(now):
        return Refused(Refusal.CASE_NOT_DUE, retry_at=found.due_at)
    if not support.is_vouched_for(session, found):
        return Refused(Refusal.AGENT_GONE)
    if found.takes_email_back:
        owner = accounts.by_email(session, found.former_email)
        if owner is not None and owner.id != found.person.id:
            return Refused(Refusal.EMAIL_TAKEN)
    return support.problem(session, found.person, found.kind, way=found.way, now=now)


def _carry_out(
    session: Session, keyring: Keyring, found: Case, actor: Person | None, *, now: datetime, visitor: Visitor
) -> None:
    by = By.AGENT if actor else By.TIME
    if not cases.move(
        session, found, Act.CARRY_OUT, CaseState.DONE, by=by, actor=actor, now=now, values={"ended_at": now}
    ):
        raise RuntimeError("a case was carried out under a lock that its person's does not exclude")
    cases.close_links(session, found, now=now)
    told: dict[str, object] = {}
    frozen = freezes.of(session, found.person.id)
    if frozen is not None:
        told = _lift(session, keyring, found, frozen, now=now)
    today = accounts.by_id(session, found.person.id) or found.person
    if found.way is Way.WIPE:
        _wipe(session, found, today, actor, now=now)
    if found.way is Way.REPAIR:
        repairs.issue(
            session, today, found.id, also_to=_other_address(found, today), actor=actor, now=now, visitor=SUPPORT
        )
    _record(session, found, actor, now=now, visitor=visitor, details=told)
    if found.way is not Way.REPAIR or frozen is not None:  # else the pass's own mail says it
        cases.tell_all(session, Notice.CASE_DONE, found, now=now, **told)


def _lift(session: Session, keyring: Keyring, found: Case, frozen: Freeze, *, now: datetime) -> dict[str, object]:
    """What its owner's own lift would do; and a password that may be a thief's is worth nothing without the freeze."""
    person_id = found.person.id
    # One set after the freeze began is the owner's: a thief can't change it then, and recovery is closed to whoever
    # may be reading the owner's mail.
    is_spoiled = passwords.spoil_since(session, keyring, person_id, since=frozen.since, before=frozen.begun_at, now=now)
    thawed = thaw(
        session, keyring, found.person, frozen, takes_email_back=found.takes_email_back, now=now, visitor=SUPPORT
    )
    return {**thawed.as_details(), "password": is_spoiled}


def _wipe(session: Session, found: Case, person: Person, actor: Person | None, *, now: datetime) -> None:
    wipe(session, person, now=now, visitor=SUPPORT)
    policy.wipe(session, person, now=now)
    kind = EventKind.TWO_FACTOR_RESET_BY_SUPPORT
    record(session, kind, person, actor=actor, now=now, visitor=SUPPORT, details={"case": found.id})


def _other_address(found: Case, today: Person) -> str:
    """The address besides *today*'s that hears of the case, or ""."""
    others = {found.former_email, found.person.email} - {today.email, ""}
    return others.pop() if found.takes_email_back and others else ""


def _expire(session: Session, case_id: int, *, now: datetime, visitor: Visitor) -> bool:
    """Write down that a case has expired, where it has."""
    with writing(session):
        person_id = cases.person_of(session, case_id)
        if person_id is None:
            return False
        accounts.lock(session, person_id)
        found = cases.find(session, case_id)
        if found is None or not found.is_stale(now):
            return False
        return cases.end(session, found, Act.EXPIRE, CaseState.EXPIRED, by=By.TIME, now=now, visitor=visitor)


def _record(
    session: Session,
    found: Case,
    actor: Person | None,
    *,
    now: datetime,
    visitor: Visitor,
    refusal: Refused | None = None,
    details: dict[str, object] | None = None,
) -> None:
    way = found.way.value if found.way else ""
    record(
        session,
        EventKind.CASE_CARRIED_OUT,
        found.person,
        actor=actor,
        now=now,
        visitor=visitor,
        refusal=refusal.reason if refusal else None,
        details={"case": found.id, "kind": found.kind.value, "way": way, **(details or {})},
    )

"""Cases of Support as their person meets them: whether one is open, what has happened to it, and stopping it.

An agent's part is ``support``, which stands above the factors; this stands below, so that a log-in can stop a case.
Every step is one conditional UPDATE on the state, under the lock of the case's person, with its event, audit row and
notice in the same transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType

from sqlalchemy import ColumnElement, ScalarSelect, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record, tell, tell_new_address, tell_plainly, tell_with
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import email_key
from webapp.core.accounts.tables import Employee
from webapp.core.audit import flows as audit
from webapp.core.audit.rules import EventKind
from webapp.core.cases import rules
from webapp.core.cases.rules import FROM, UNDER_WAY, Act, By, CaseKind, CaseState, Channel, Document, Way
from webapp.core.cases.tables import CaseEvent as EventRow
from webapp.core.cases.tables import SupportCase
from webapp.core.database import CaseId, EmployeeId, changed_rows, writing
from webapp.core.links import flows as links
from webapp.core.links.flows import Link
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.sealing import Keyring
from webapp.core.visitor import Visitor

CASE_OVER = "case_over"
NOTHING_MORE: Mapping[str, object] = MappingProxyType({})

STOPPABLE = frozenset({Notice.CASE_OPENED, Notice.CASE_CHECKED, Notice.CASE_APPROVED, Notice.CASE_WAITING})
"""The notices of steps after which a case can still be stopped."""

_ENDS = {
    CaseState.REFUSED: (EventKind.CASE_REFUSED, Notice.CASE_REFUSED),
    CaseState.STOPPED: (EventKind.CASE_STOPPED, Notice.CASE_STOPPED),
    CaseState.EXPIRED: (EventKind.CASE_EXPIRED, Notice.CASE_EXPIRED),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One case. *person* is whom it is about; *way* None for a freeze; *document* and *valid_until* None until checked.

    *former_email* hears of every step as well, where it is in dispute which address is theirs, else "";
    *takes_email_back* where they were found by that one. *recovered_at* is when a password was last recovered by mail.
    """

    id: CaseId
    person: Person
    kind: CaseKind
    way: Way | None
    state: CaseState
    ticket: str
    channel: Channel
    former_email: str
    takes_email_back: bool
    opened_by: EmployeeId
    opened_at: datetime
    document: Document | None
    valid_until: date | None
    waits_until: datetime | None
    recovered_at: datetime | None
    ended_at: datetime | None

    @property
    def due_at(self) -> datetime | None:
        """When it may be carried out, as far as is known now; None until it is approved."""
        return rules.due_at(self.waits_until, self.recovered_at) if self.waits_until else None

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    def is_due(self, now: datetime) -> bool:
        return self.state is CaseState.WAITING and self.due_at is not None and self.due_at <= now

    def is_stale(self, now: datetime) -> bool:
        """Whether its time is over, though it may not be written down yet: nothing but EXPIRE may happen to it."""
        return self.is_under_way and now >= rules.stale_at(self.state, opened_at=self.opened_at, due_at=self.due_at)


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One step of a case: the *state* it led to. *actor_name* "" where it was no agent; *reason* an agent's, or ""."""

    at: datetime
    state: CaseState
    by: By
    actor_id: EmployeeId | None
    actor_name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """What the link in a case's notice leads to."""

    link: Link
    case: Case


def find(session: Session, case_id: int) -> Case | None:
    """One case, or None. One statement."""
    found = _cases(session, SupportCase.id == case_id)
    return found[0] if found else None


def person_of(session: Session, case_id: int) -> EmployeeId | None:
    """Whose lock to take before a step of this case."""
    found = session.scalar(select(SupportCase.employee_id).where(SupportCase.id == case_id))
    return EmployeeId(found) if found is not None else None


def of_person(session: Session, employee_id: EmployeeId) -> Case | None:
    """The case that is open about one person, or None. One may be stale: see ``is_stale``."""
    found = _cases(session, (SupportCase.employee_id == employee_id) & SupportCase.ended_at.is_(None))
    return found[0] if found else None


def under_way(session: Session) -> Sequence[Case]:
    """All open cases, the oldest first. One statement."""
    return _cases(session, SupportCase.ended_at.is_(None))


def ended_lately(session: Session, *, most: int) -> Sequence[Case]:
    """The newest *most* of the cases that are over, the newest first. One statement."""
    newest = (
        select(SupportCase.id)
        .where(SupportCase.ended_at.is_not(None))
        .order_by(SupportCase.ended_at.desc(), SupportCase.id.desc())
        .limit(most)
    )
    return sorted(_cases(session, SupportCase.id.in_(newest)), key=lambda case: (case.ended_at, case.id), reverse=True)


def kind_about(employee_id: InstrumentedAttribute[int]) -> ScalarSelect[str]:
    """Of which kind the open case about whom *employee_id* names is, or NULL: a column for another feature's query."""
    return (
        select(SupportCase.kind)
        .where(SupportCase.employee_id == employee_id, SupportCase.ended_at.is_(None))
        .correlate(employee_id.class_)
        .scalar_subquery()
    )


def history(session: Session, case_id: CaseId) -> tuple[CaseEvent, ...]:
    """What has happened to one case, in order. One statement."""
    actor = aliased(Employee)
    rows = session.execute(
        select(EventRow, actor.name)
        .outerjoin(actor, actor.id == EventRow.actor_id)
        .where(EventRow.case_id == case_id)
        .order_by(EventRow.id)
    )
    return tuple(
        CaseEvent(
            row.at,
            CaseState(row.state),
            By(row.by),
            EmployeeId(row.actor_id) if row.actor_id is not None else None,
            name or "",
            row.reason,
        )
        for row, name in rows
    )


def begin(
    session: Session,
    person: Person,
    opener: Person,
    *,
    kind: CaseKind,
    way: Way | None,
    ticket: str,
    channel: Channel,
    former_email: str,
    takes_email_back: bool,
    now: datetime,
) -> CaseId | None:
    """A new case of *opener*'s about *person*; None where one is open. Joins the caller's transaction."""
    with writing(session):
        row = SupportCase(
            employee_id=person.id,
            kind=kind,
            way=way or "",
            state=CaseState.OPEN,
            ticket=ticket,
            channel=channel,
            former_email=former_email,
            takes_email_back=takes_email_back,
            opened_by=opener.id,
            opened_at=now,
            valid_until=None,
            waits_until=None,
            ended_at=None,
        )
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:  # the database keeps to one a person, whoever forgets to ask
            return None
        note(session, row.id, CaseState.OPEN, by=By.AGENT, actor=opener, now=now)
        return CaseId(row.id)


def tell_former_too(session: Session, employee_id: EmployeeId, former_email: str) -> None:
    """From now on the case about one person is told to *former_email* as well: its owner disputes today's address.

    Joins the caller's transaction, under the person's lock.
    """
    with writing(session):
        mine = (SupportCase.employee_id == employee_id) & SupportCase.ended_at.is_(None)
        session.execute(update(SupportCase).where(mine).values(former_email=former_email))


def find_stop(session: Session, keyring: Keyring, token: str) -> Stop | None:
    """What *token* of a case's notice is about, whether its link still acts or not. Changes nothing."""
    link = links.find(session, keyring, LinkKind.CASE, token)
    case = find(session, link.facts["case"]) if link else None
    return Stop(link, case) if link is not None and case is not None else None


def stop_by_link(session: Session, found: Stop, *, now: datetime, visitor: Visitor) -> Accepted[None] | Refused:
    """Stop the case whose notice holds the link. LINK_OVER where the link was used, or the case is over."""
    with writing(session):
        accounts.lock(session, found.link.employee_id)
        if not links.use(session, found.link, now=now):
            return Refused(Refusal.LINK_OVER)
        case = find(session, found.case.id)
        is_stopped = case is not None and _stop(session, case, by=By.LINK, now=now, visitor=visitor)
        return Accepted(None) if is_stopped else Refused(Refusal.LINK_OVER)


def stop(session: Session, person: Person, *, by: By, now: datetime, visitor: Visitor) -> bool:
    """Stop the case that is open about *person*, if any; whether one was.

    Joins the caller's transaction, under the person's lock.
    """
    with writing(session):
        case = of_person(session, person.id)
        return case is not None and _stop(session, case, by=by, now=now, visitor=visitor)


def end(
    session: Session,
    case: Case,
    act: Act,
    state: CaseState,
    *,
    by: By,
    actor: Person | None = None,
    reason: str = "",
    now: datetime,
    visitor: Visitor,
) -> bool:
    """End *case* as REFUSED, STOPPED or EXPIRED; False where it has moved on. Joins the caller's transaction."""
    kind, notice = _ENDS[state]
    if not move(session, case, act, state, by=by, actor=actor, reason=reason, now=now, values={"ended_at": now}):
        return False
    close_links(session, case, now=now)
    record(session, kind, case.person, actor=actor, now=now, visitor=visitor, details={"case": case.id, "by": by.value})
    tell_all(session, notice, case, now=now, by=by.value)
    return True


def move(
    session: Session,
    case: Case,
    act: Act,
    state: CaseState,
    *,
    by: By,
    actor: Person | None = None,
    reason: str = "",
    now: datetime,
    values: Mapping[str, object] = NOTHING_MORE,
) -> bool:
    """Bring *case* to *state* and write it into its history. False where *act* is not possible any more, or not yet.

    One conditional UPDATE decides. Joins the caller's transaction, under the lock of the case's person.
    """
    with writing(session):
        moved = session.execute(
            update(SupportCase)
            .where(SupportCase.id == case.id, SupportCase.state.in_(FROM[act]))
            .values({**values, "state": state})
        )
        if changed_rows(moved) != 1:
            return False
        note(session, case.id, state, by=by, actor=actor, reason=reason, now=now)
        return True


def note(
    session: Session,
    case_id: int,
    state: CaseState,
    *,
    by: By,
    actor: Person | None = None,
    reason: str = "",
    now: datetime,
) -> None:
    """Write one step into a case's history."""
    actor_id = actor.id if actor else None
    session.add(EventRow(case_id=case_id, at=now, state=state, by=by, actor_id=actor_id, reason=reason))
    session.flush()


def tell_all(session: Session, notice: Notice, case: Case, *, now: datetime, **facts: object) -> None:
    """Owe the notice of a step to the case's person: to today's address, and to the former one where that is disputed.

    With the link that stops the case while it is open, with that of “This wasn't me” once something was done. Nothing
    of the agent's browser goes into it.
    """
    told = {"case_kind": case.kind.value, "way": case.way.value if case.way else "", **facts}
    for person in _readers(case):
        if notice in STOPPABLE:
            about: dict[str, object] = {"case": case.id}
            tell_with(session, notice, person, LinkKind.CASE, about, now=now, visitor=Visitor(), **told)
        elif notice is Notice.CASE_DONE:
            # The link at the address in dispute must not take that for theirs of before.
            is_theirs = email_key(person.email) == email_key(case.former_email or person.email)
            (tell if is_theirs else tell_new_address)(session, notice, person, now=now, visitor=Visitor(), **told)
        else:
            tell_plainly(session, notice, person, now=now, visitor=Visitor(), **told)


def close_links(session: Session, case: Case, *, now: datetime) -> None:
    """Void what could still stop *case*: it is over."""
    links.void(session, case.person.id, {LinkKind.CASE}, reason=CASE_OVER, now=now)


def _stop(session: Session, case: Case, *, by: By, now: datetime, visitor: Visitor) -> bool:
    """Stop *case*, or write down that it has expired, where nobody has yet: then nobody stopped it."""
    if case.is_stale(now):
        end(session, case, Act.EXPIRE, CaseState.EXPIRED, by=By.TIME, now=now, visitor=visitor)
        return False
    return end(session, case, Act.STOP, CaseState.STOPPED, by=by, now=now, visitor=visitor)


def _readers(case: Case) -> list[Person]:
    """The person at each address that hears of *case*."""
    if email_key(case.former_email) in ("", email_key(case.person.email)):
        return [case.person]
    return [replace(case.person, email=case.former_email), case.person]


def _cases(session: Session, where: ColumnElement[bool]) -> list[Case]:
    recovered_at = audit.latest_of(SupportCase.employee_id, EventKind.PASSWORD_RECOVERED)
    found = accounts.with_owners(
        session,
        SupportCase,
        recovered_at,
        owner_id=SupportCase.employee_id,
        where=where,
        order_by=SupportCase.id,
    )
    return [_as_case(row, person, recovered) for row, recovered, person in found]


def _as_case(row: SupportCase, person: Person, recovered_at: datetime | None) -> Case:
    return Case(
        id=CaseId(row.id),
        person=person,
        kind=CaseKind(row.kind),
        way=Way(row.way) if row.way else None,
        state=CaseState(row.state),
        ticket=row.ticket,
        channel=Channel(row.channel),
        former_email=row.former_email,
        takes_email_back=row.takes_email_back,
        opened_by=EmployeeId(row.opened_by),
        opened_at=row.opened_at,
        document=Document(row.document) if row.document else None,
        valid_until=row.valid_until,
        waits_until=row.waits_until,
        recovered_at=recovered_at,
        ended_at=row.ended_at,
    )

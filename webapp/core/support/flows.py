"""What an agent of Support does with a case: open it, check who asks, approve, refuse, stop.

Two people at least: the opener, who saw the document, and another one. Whoever a case is about has no part in it, be
they an agent themselves. That an agent has shown a code lately is the business of the page's guard; that they are one
is asked here as well, under the lock.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role, email_key
from webapp.core.audit.rules import EventKind
from webapp.core.cases import flows as cases
from webapp.core.cases import rules
from webapp.core.cases.flows import Case, CaseEvent
from webapp.core.cases.rules import Act, By, CaseKind, CaseState, Channel, Document, Way
from webapp.core.database import EmployeeId, writing
from webapp.core.factors.totp import flows as totp
from webapp.core.freezes import flows as freezes
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.passwords import flows as passwords
from webapp.core.policy.rules import wipe_is_over
from webapp.core.repairs import flows as repairs
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import SUPPORT, Visitor

LEAST_ABOUT_SUPPORT = 2
"""A case about one of Support takes two others, whatever is set: whoever sits beside them may be asked a favour."""


@dataclass(frozen=True, slots=True)
class Terms:
    """*approvals* distinct agents that a case needs, the opener included; *wait* from the last one until it is due."""

    approvals: int
    wait: timedelta

    def needed(self, person: Person) -> int:
        return max(self.approvals, LEAST_ABOUT_SUPPORT) if person.role is Role.SUPPORT else self.approvals


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case and all that happened to it, in order."""

    case: Case
    history: tuple[CaseEvent, ...]

    @property
    def agents(self) -> frozenset[EmployeeId]:
        """Who vouches for it: its opener, and whoever approved it."""
        approved = {one.actor_id for one in self.history if one.state is CaseState.APPROVED and one.actor_id}
        return frozenset({self.case.opened_by, *approved})


def cases_open(session: Session) -> Sequence[Case]:
    """All open cases, the oldest first. One statement."""
    return cases.under_way(session)


def case(session: Session, case_id: int) -> CaseFile | None:
    """One case with its history, or None. Two statements."""
    found = cases.find(session, case_id)
    return CaseFile(found, cases.history(session, found.id)) if found else None


def history(session: Session, case_id: int) -> tuple[CaseEvent, ...]:
    """What has happened to one case, in order."""
    found = case(session, case_id)
    return found.history if found else ()


def acts(file: CaseFile, agent: Person, *, terms: Terms, now: datetime) -> frozenset[Act]:
    """What *agent* may do to a case now: the buttons of its page. The flows ask again."""
    found = file.case
    if found.person.id == agent.id or found.is_stale(now):
        return frozenset()
    allowed = {act for act in (Act.CHECK, Act.APPROVE, Act.REFUSE, Act.STOP) if found.state in rules.FROM[act]}
    if found.is_due(now):
        allowed.add(Act.CARRY_OUT)
    if found.opened_by != agent.id:
        allowed.discard(Act.CHECK)
    if _has_vouched(file, agent, terms):
        allowed -= {Act.APPROVE, Act.REFUSE}
    return frozenset(allowed)


def open_case(
    session: Session,
    agent: SignedIn,
    person_id: int,
    *,
    kind: CaseKind,
    way: Way,
    ticket: str,
    channel: Channel,
    by_former_email: bool,
    now: datetime,
    visitor: Visitor,
) -> Accepted[Case] | Refused:
    """Open a case about one person, and tell them; an older repair pass is void. *way* says nothing for a freeze.

    While an address is in dispute notices go to the former one as well; *by_former_email* where the person was found
    by that one, and the case gives it back to them. Refuses with TICKET_INVALID, UNKNOWN_EMPLOYEE, DEACTIVATED,
    CASE_EXISTS, NOT_ACTIVE (nothing to reset), PASSWORD_IN_DOUBT (nothing to log in with after it), NOT_FROZEN (nothing
    to lift, or no former address), OWN_CASE, NOT_SUPPORT, SESSION_OVER.
    """
    reference = rules.valid_ticket(ticket)
    taken_way = way if kind is CaseKind.RESET else None
    details: dict[str, object] = {
        "kind": kind.value,
        "way": taken_way.value if taken_way else "",
        "ticket": reference or "",
        "channel": channel.value,
        "former_email": by_former_email,
    }

    def begin(person: Person, opener: Person) -> Accepted[Case] | Refused:
        if reference is None:
            return Refused(Refusal.TICKET_INVALID)
        _expire_stale(session, person, opener, now=now, visitor=visitor)
        # Whoever called: a thief who moved the account away may be asking by the address it has today.
        former = _former_email(session, person)
        refused = problem(session, person, kind, way=taken_way, now=now)
        if refused or (by_former_email and not former):
            return refused or Refused(Refusal.NOT_FROZEN)
        case_id = cases.begin(
            session,
            person,
            opener,
            kind=kind,
            way=taken_way,
            ticket=reference,
            channel=channel,
            former_email=former,
            takes_email_back=by_former_email,
            now=now,
        )
        begun = cases.find(session, case_id) if case_id is not None else None
        if begun is None:
            return Refused(Refusal.CASE_EXISTS)
        details["case"] = begun.id
        repairs.void(session, person, reason="new_case", now=now, visitor=SUPPORT)
        cases.tell_all(session, Notice.CASE_OPENED, begun, now=now)
        return Accepted(begun)

    with writing(session):
        person = accounts.locked(session, EmployeeId(person_id))
        if person is None:
            return Refused(Refusal.UNKNOWN_EMPLOYEE)
        opener = acting(session, agent, person)
        outcome = opener if isinstance(opener, Refused) else begin(person, opener)
        refusal = outcome.reason if isinstance(outcome, Refused) else None
        record(
            session,
            EventKind.CASE_OPENED,
            person,
            actor=agent.person,
            now=now,
            visitor=visitor,
            refusal=refusal,
            details=details,
        )
        return outcome


def check(
    session: Session,
    agent: SignedIn,
    case_id: int,
    *,
    document: Document,
    name_and_photo_match: bool,
    valid_until: date,
    now: datetime,
    visitor: Visitor,
) -> Accepted[Case] | Refused:
    """Write down that the opener saw a *document* of its person's, and that name and photo match.

    Refuses with NO_MATCH, DOCUMENT_EXPIRED, NOT_THE_OPENER, or as every step does: UNKNOWN_CASE, CASE_MOVED_ON,
    OWN_CASE, NOT_SUPPORT, SESSION_OVER.
    """

    def look(found: Case, checker: Person) -> Refused | None:
        if found.opened_by != checker.id:
            return Refused(Refusal.NOT_THE_OPENER)
        if not name_and_photo_match:
            return Refused(Refusal.NO_MATCH)
        if rules.has_expired(valid_until, now.astimezone(ZoneInfo(checker.time_zone)).date()):
            return Refused(Refusal.DOCUMENT_EXPIRED)
        seen = {"document": document, "valid_until": valid_until}
        if not cases.move(
            session, found, Act.CHECK, CaseState.CHECKED, by=By.AGENT, actor=checker, now=now, values=seen
        ):
            return Refused(Refusal.CASE_MOVED_ON)
        cases.tell_all(session, Notice.CASE_CHECKED, found, now=now)
        return None

    return _step(
        session,
        agent,
        case_id,
        EventKind.CASE_CHECKED,
        look,
        details={"document": document.value},
        now=now,
        visitor=visitor,
    )


def approve(
    session: Session, agent: SignedIn, case_id: int, *, terms: Terms, now: datetime, visitor: Visitor
) -> Accepted[Case] | Refused:
    """Vouch for a checked case as well; with the last agent that it needs it begins to wait, and its person is told.

    Refuses with SAME_AGENT, who opened or approved it already, or as every step does.
    """
    details: dict[str, object] = {}

    def vouch(found: Case, approver: Person) -> Refused | None:
        file = CaseFile(found, cases.history(session, found.id))
        if _has_vouched(file, approver, terms):
            return Refused(Refusal.SAME_AGENT)
        if not cases.move(session, found, Act.APPROVE, CaseState.APPROVED, by=By.AGENT, actor=approver, now=now):
            return Refused(Refusal.CASE_MOVED_ON)
        agents = len(file.agents | {approver.id})
        details["agents"] = agents
        if agents >= terms.needed(found.person):
            _begin_to_wait(session, found, approver, terms, now=now)
        else:
            cases.tell_all(session, Notice.CASE_APPROVED, found, now=now)
        return None

    return _step(session, agent, case_id, EventKind.CASE_APPROVED, vouch, details=details, now=now, visitor=visitor)


def refuse(
    session: Session, agent: SignedIn, case_id: int, reason: str, *, terms: Terms, now: datetime, visitor: Visitor
) -> Accepted[Case] | Refused:
    """End a case that is not approved yet, with a *reason* for its history. SAME_AGENT as for approve(); the opener
    stops it. REASON_INVALID, or as every step does.
    """

    def end(found: Case, refuser: Person) -> Refused | None:
        if _has_vouched(CaseFile(found, cases.history(session, found.id)), refuser, terms):
            return Refused(Refusal.SAME_AGENT)
        return _end(session, found, Act.REFUSE, CaseState.REFUSED, refuser, reason, now=now, visitor=visitor)

    return _step(session, agent, case_id, EventKind.CASE_REFUSED, end, now=now, visitor=visitor)


def stop(
    session: Session, agent: SignedIn, case_id: int, reason: str, *, now: datetime, visitor: Visitor
) -> Accepted[Case] | Refused:
    """End a case that is under way, in whatever state, with a *reason*. REASON_INVALID, or as every step does."""

    def end(found: Case, stopper: Person) -> Refused | None:
        return _end(session, found, Act.STOP, CaseState.STOPPED, stopper, reason, now=now, visitor=visitor)

    return _step(session, agent, case_id, EventKind.CASE_STOPPED, end, now=now, visitor=visitor)


def acting(session: Session, agent: SignedIn, person: Person) -> Person | Refused:
    """*agent* as they are now, or why they have no part in a case about *person*. Call it under *person*'s lock."""
    over = sessions.still_open(session, agent)
    today = accounts.by_id(session, agent.person.id)
    if over or today is None:
        return over or Refused(Refusal.SESSION_OVER)
    if not _is_agent(today):
        return Refused(Refusal.NOT_SUPPORT)
    return Refused(Refusal.OWN_CASE) if today.id == person.id else today


def problem(session: Session, person: Person, kind: CaseKind, *, way: Way | None, now: datetime) -> Refused | None:
    """Why there is nothing to be done for *person* by a case of this *kind*, or None. Call it under their lock."""
    if not person.is_active:
        return Refused(Refusal.DEACTIVATED)
    if kind is CaseKind.LIFT_FREEZE:
        return None if freezes.of(session, person.id) else Refused(Refusal.NOT_FROZEN)
    if way not in ways(session, person, now=now):
        return Refused(Refusal.NOT_ACTIVE)
    # It would open nothing any more. No link to another one is mailed after a wipe, and one voids a repair pass.
    return Refused(Refusal.PASSWORD_IN_DOUBT) if _password_is_in_doubt(session, person) else None


def is_vouched_for(session: Session, found: Case) -> bool:
    """Whether all who opened or approved a case are people of Support still.

    An account that was closed because a stranger had it vouches for nothing any more, whatever it was used for before.
    """
    agents = CaseFile(found, cases.history(session, found.id)).agents
    return all(_is_agent(accounts.by_id(session, agent_id)) for agent_id in agents)


def ways(session: Session, person: Person, *, now: datetime) -> tuple[Way, ...]:
    """In which ways a second factor of *person* can be reset now; none where there is nothing to reset."""
    if totp.state(session, person.id) is not None:
        return tuple(Way)
    # Whoever let the day after a wipe go by is let in again by another one.
    return (Way.WIPE,) if wipe_is_over(person.wiped_at, now=now) else ()


def _is_agent(person: Person | None) -> bool:
    return person is not None and person.role is Role.SUPPORT and person.is_active


def moved_or_late(moved: bool) -> Refused | None:
    """CASE_MOVED_ON where somebody else was first."""
    return None if moved else Refused(Refusal.CASE_MOVED_ON)


def _begin_to_wait(session: Session, found: Case, approver: Person, terms: Terms, *, now: datetime) -> None:
    """With the last approval, and in its transaction: from now on the clock alone decides, or whoever stops it."""
    waits_until = {"waits_until": now + terms.wait}
    cases.move(
        session,
        found,
        Act.APPROVE,
        CaseState.WAITING,
        by=By.AGENT,
        actor=approver,
        now=now,
        values=waits_until,
    )
    waiting = cases.find(session, found.id)
    if waiting is not None and waiting.due_at is not None:
        cases.tell_all(session, Notice.CASE_WAITING, waiting, now=now, due_at=waiting.due_at.isoformat())


def _step(
    session: Session,
    agent: SignedIn,
    case_id: int,
    kind: EventKind,
    step: Callable[[Case, Person], Refused | None],
    *,
    details: dict[str, object] | None = None,
    now: datetime,
    visitor: Visitor,
) -> Accepted[Case] | Refused:
    """One step of an agent's, under the lock of the case's person, with its audit row whether it was taken or not."""
    with writing(session):
        person_id = cases.person_of(session, case_id)
        if person_id is None:
            return Refused(Refusal.UNKNOWN_CASE)
        accounts.lock(session, person_id)
        found = cases.find(session, case_id)
        if found is None:
            return Refused(Refusal.UNKNOWN_CASE)
        actor = acting(session, agent, found.person)
        if isinstance(actor, Refused):
            refused: Refused | None = actor
        elif _expire_stale(session, found.person, actor, now=now, visitor=visitor):
            refused = Refused(Refusal.CASE_MOVED_ON)
        else:
            refused = step(found, actor)
        # An end is written down by cases.end(), whoever ends it.
        if refused or kind not in (EventKind.CASE_REFUSED, EventKind.CASE_STOPPED):
            about = {"case": found.id, **(details or {})}
            reason = refused.reason if refused else None
            record(
                session,
                kind,
                found.person,
                actor=agent.person,
                now=now,
                visitor=visitor,
                refusal=reason,
                details=about,
            )
        after = cases.find(session, case_id)
        return refused or Accepted(after or found)


def _end(
    session: Session,
    found: Case,
    act: Act,
    state: CaseState,
    actor: Person,
    reason: str,
    *,
    now: datetime,
    visitor: Visitor,
) -> Refused | None:
    why = rules.valid_reason(reason)
    if why is None:
        return Refused(Refusal.REASON_INVALID)
    return moved_or_late(
        cases.end(session, found, act, state, by=By.AGENT, actor=actor, reason=why, now=now, visitor=visitor)
    )


def _expire_stale(session: Session, person: Person, actor: Person, *, now: datetime, visitor: Visitor) -> bool:
    """Write down that the case about *person* has expired, where nobody has yet."""
    found = cases.of_person(session, person.id)
    if found is None or not found.is_stale(now):
        return False
    return cases.end(session, found, Act.EXPIRE, CaseState.EXPIRED, by=By.TIME, actor=actor, now=now, visitor=visitor)


def _has_vouched(file: CaseFile, agent: Person, terms: Terms) -> bool:
    """Whether *agent* counts already. Where one is enough, in development, the opener approves as well."""
    return agent.id in file.agents and terms.needed(file.case.person) > 1


def _password_is_in_doubt(session: Session, person: Person) -> bool:
    """Whether it was set by the event that *person* disputes, or between that and the freeze."""
    frozen, set_at = freezes.of(session, person.id), passwords.changed_at(session, person.id)
    return frozen is not None and set_at is not None and frozen.since <= set_at < frozen.begun_at


def _former_email(session: Session, person: Person) -> str:
    """The address from before a change that *person* disputes, or ""."""
    frozen = freezes.of(session, person.id)
    former = frozen.former_email if frozen else ""
    return former if email_key(former) != email_key(person.email) else ""

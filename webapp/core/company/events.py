"""The security events of one company, as its administrators may see them: on pages, and as exports.

Decides what of an event a customer sees. Support and operators act under those two words, without name, address or
browser, and of what an event carries besides only what SHOWN_DETAILS names; the rest (tickets, kinds of documents,
names of apps, whose address is taken) stays with the operator. Words for it all are the web's.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from webapp.core.accounts import listing
from webapp.core.accounts.flows import Person
from webapp.core.accounts.listing import Named
from webapp.core.audit import flows as audit
from webapp.core.audit.flows import Event, Sought
from webapp.core.audit.rules import EventKind
from webapp.core.database import EmployeeId, writing
from webapp.core.outcomes import Refusal
from webapp.core.visitor import OPERATOR, SUPPORT, Visitor

PAGE_SIZE = 50
MOST_EXPORTED = 20_000
"""Events of one export: what a process holds in memory meanwhile. The rest comes with *before*."""

SHOWN_DETAILS: dict[EventKind, frozenset[str]] = {
    EventKind.PROFILE_CHANGED: frozenset({"fields"}),
    EventKind.POLICY_CHANGED: frozenset({"old", "new"}),
    EventKind.EXEMPTED: frozenset({"until", "reason"}),
    EventKind.OTHER_SESSIONS_ENDED: frozenset({"count"}),
    EventKind.SECOND_FACTOR_CHECKED: frozenset({"purpose"}),
    EventKind.PASSWORD_CHECKED: frozenset({"purpose"}),
    EventKind.CASE_OPENED: frozenset({"kind"}),
    EventKind.CASE_CARRIED_OUT: frozenset({"kind", "way"}),
    EventKind.ROLE_CHANGED: frozenset({"from", "to"}),
    EventKind.AUDIT_EXPORTED: frozenset({"rows", "format"}),
    EventKind.EMPLOYEES_EXPORTED: frozenset({"rows"}),
    EventKind.REMINDER_SENT: frozenset({"count"}),
}
"""Details that a company's administrators see; none of a kind that is not listed."""

OF_SUPPORT = frozenset({"support", "case", "repair"})
"""Subjects of events that are Support's also where a command carries them out."""

HIDDEN_REASONS = frozenset({Refusal.EMAIL_TAKEN})
"""An event refused for one of these is not shown: it would say that somebody elsewhere has that address."""


class Actor(StrEnum):
    """Who did it."""

    SELF = "self"
    COLLEAGUE = "colleague"
    SUPPORT = "support"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Filters:
    """What an administrator asks for. *person* is searched in names and addresses; the days are both included."""

    person: str = ""
    kinds: frozenset[EventKind] | None = None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """One event as the company sees it. *person* is whose it is, *by* who did it where that is a colleague.

    *address* and *user_agent* are empty for acts of Support and operators; pages shorten both.
    """

    id: int
    at: datetime
    kind: EventKind
    outcome: str
    reason: str
    factor: str
    person: Named | None
    actor: Actor
    by: Named | None
    address: str
    user_agent: str
    details: dict[str, object]


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first. *newer* and *older* are the ids to go on from, or None where there is nothing more."""

    rows: tuple[SecurityEvent, ...]
    newer: int | None
    older: int | None


@dataclass(frozen=True, slots=True)
class Export:
    """Newest first. *older* is the id to go on from, where there was too much for one export."""

    rows: tuple[SecurityEvent, ...]
    older: int | None


def page(session: Session, me: Person, filters: Filters, *, before: int | None, after: int | None) -> Page:
    """One page of *me*'s company: before or after the event of that id, or the newest."""
    found = audit.of_company(session, me.company_id, _sought(me, filters, before, after), most=PAGE_SIZE + 1)
    is_upwards, is_more = after is not None and before is None, len(found) > PAGE_SIZE
    shown = (found[1:] if is_upwards else found[:-1]) if is_more else found
    ids = {an_id for event in shown for an_id in (event.employee_id, event.actor_id) if an_id is not None}
    names = listing.named(session, me.company_id, ids) if ids else {}
    is_newer = is_more if is_upwards else before is not None
    is_older = is_more or (is_upwards and bool(shown))
    return Page(
        tuple(_as_seen(event, names) for event in shown),
        newer=shown[0].id if shown and is_newer else None,
        older=shown[-1].id if shown and is_older else None,
    )


def export(
    session: Session,
    me: Person,
    filters: Filters,
    *,
    before: int | None,
    file_format: str,
    now: datetime,
    visitor: Visitor,
) -> Export:
    """All events at once, MOST_EXPORTED at most. That they were exported is an event of its own."""
    found = audit.of_company(session, me.company_id, _sought(me, filters, before, None), most=MOST_EXPORTED + 1)
    names = listing.named(session, me.company_id)
    shown = found[:MOST_EXPORTED]
    with writing(session):
        audit.record(
            session,
            EventKind.AUDIT_EXPORTED,
            now=now,
            visitor=visitor,
            company_id=me.company_id,
            actor_id=me.id,
            details={"rows": len(shown), "format": file_format},
        )
    older = shown[-1].id if len(found) > MOST_EXPORTED else None
    return Export(tuple(_as_seen(event, names) for event in shown), older)


def _sought(me: Person, filters: Filters, before: int | None, after: int | None) -> Sought:
    """A day begins and ends with the company's clock."""
    zone = ZoneInfo(me.time_zone)
    after_last = filters.last_day + timedelta(days=1) if filters.last_day else None
    return Sought(
        people=listing.matching(me.company_id, filters.person) if filters.person else None,
        kinds=filters.kinds,
        since=datetime.combine(filters.first_day, time(), zone) if filters.first_day else None,
        until=datetime.combine(after_last, time(), zone) if after_last else None,
        before=before,
        after=after,
        without=HIDDEN_REASONS,
    )


def _as_seen(event: Event, names: dict[EmployeeId, Named]) -> SecurityEvent:
    actor = _actor(event, names)
    is_ours = actor in (Actor.SELF, Actor.COLLEAGUE)
    shown = SHOWN_DETAILS.get(event.kind, frozenset())
    return SecurityEvent(
        event.id,
        event.at,
        event.kind,
        event.outcome,
        event.reason if is_ours else "",
        event.factor,
        names.get(event.employee_id) if event.employee_id is not None else None,
        actor,
        names.get(event.actor_id) if actor is Actor.COLLEAGUE and event.actor_id is not None else None,
        event.address if is_ours else "",
        event.user_agent if is_ours else "",
        {key: value for key, value in event.details.items() if key in shown},
    )


def _actor(event: Event, names: dict[EmployeeId, Named]) -> Actor:
    if event.actor_id is None:
        is_of_support = event.kind.partition(":")[0] in OF_SUPPORT
        operator = Actor.SUPPORT if is_of_support else Actor.OPERATOR
        return {OPERATOR.address: operator, SUPPORT.address: Actor.SUPPORT}.get(event.address, Actor.SELF)
    if event.actor_id == event.employee_id:
        return Actor.SELF
    return Actor.COLLEAGUE if event.actor_id in names else Actor.SUPPORT

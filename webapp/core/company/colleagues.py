"""Who acts on whom: an administrator on a colleague, never on themselves and never on Support.

For the other modules of this feature, and for their pages. The company's row is held first, then both people's, so
that of two administrators who act on each other at the same instant the second one is none any more. Whoever acts is
an active administrator when it is decided, and stays one: so a company never loses its last one this way.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.audit.rules import EventKind
from webapp.core.database import EmployeeId, writing
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor

RECORDED_NOWHERE = frozenset({Refusal.SESSION_OVER, Refusal.UNKNOWN_EMPLOYEE})
"""Nobody acts any more; or on nobody of this company, which the guards of the pages write down."""


def act(
    session: Session,
    kind: EventKind,
    me: SignedIn,
    employee_id: EmployeeId,
    do: Callable[[Person], Refused | bool],
    *,
    details: Callable[[Person], dict[str, object]] = lambda _: {},
    now: datetime,
    visitor: Visitor,
) -> Accepted[None] | Refused:
    """Let *me* do something to a colleague, in one transaction, and write it down as *kind* with *me* as the actor.

    *do* is called with the colleague as they are under the locks. What it refuses is written down as well; nothing is
    where it says False, for then all was so already. *details* of the event, by the colleague as they were before.
    Refuses as hold() does.
    """
    with writing(session):
        held = hold(session, me, employee_id)
        if isinstance(held, Refused) and held.reason in RECORDED_NOWHERE:
            return held
        other = accounts.by_id(session, employee_id) if isinstance(held, Refused) else held.value
        if other is None:
            return Refused(Refusal.UNKNOWN_EMPLOYEE)
        done = held if isinstance(held, Refused) else do(other)
        reason = done.reason if isinstance(done, Refused) else None
        if done is not False:
            about = details(other)
            record(session, kind, other, actor=me.person, now=now, visitor=visitor, refusal=reason, details=about)
        return done if isinstance(done, Refused) else Accepted(None)


def hold(session: Session, me: SignedIn, employee_id: EmployeeId) -> Accepted[Person] | Refused:
    """The colleague as they are now, once the rows of the company and of both are held.

    Refuses with SESSION_OVER, UNKNOWN_EMPLOYEE (of another company too), NOT_YOURS where *me* is no administrator any
    more, OWN_ACCOUNT, SUPPORT_PERSON.
    """
    accounts.lock_company(session, me.person.company_id)
    people = locked(session, me.person.id, employee_id)
    mine, other = people[me.person.id], people[employee_id]
    over = refusal(session, me, mine)
    if over is not None and over.reason is Refusal.SESSION_OVER:
        return over
    if other is None or other.company_id != me.person.company_id:
        return Refused(Refusal.UNKNOWN_EMPLOYEE)
    if over is not None:
        return over
    if other.id == me.person.id:
        return Refused(Refusal.OWN_ACCOUNT)
    return Refused(Refusal.SUPPORT_PERSON) if other.role is Role.SUPPORT else Accepted(other)


def locked(session: Session, *employee_ids: EmployeeId) -> dict[EmployeeId, Person | None]:
    """These people as they are once their rows are held, the lower id's first, as everywhere."""
    return {one: accounts.locked(session, one) for one in sorted(set(employee_ids))}


def refusal(session: Session, me: SignedIn, mine: Person | None) -> Refused | None:
    """SESSION_OVER or NOT_YOURS where *me* acts for the company no more, who is now *mine*. Call it under the lock."""
    over = sessions.still_open(session, me)
    if over or mine is None or not mine.is_active:
        return over or Refused(Refusal.SESSION_OVER)
    return None if mine.role is Role.ADMIN else Refused(Refusal.NOT_YOURS)

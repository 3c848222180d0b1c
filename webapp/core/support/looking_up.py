"""Looking an employee up for Support: the state of one account, and nothing that opens it.

By the exact address alone, across companies, and every look-up is written down: nobody leafs through people.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role, email_key
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.flows import Guesser
from webapp.core.attempts.rules import GuessKind
from webapp.core.audit import flows as audit
from webapp.core.audit.rules import EventKind
from webapp.core.cases import flows as cases
from webapp.core.cases.flows import Case
from webapp.core.cases.rules import Way
from webapp.core.database import writing
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.factors.totp import flows as totp
from webapp.core.freezes import flows as freezes
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.passwords import flows as passwords
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.support import flows as support
from webapp.core.visitor import Visitor

FACTORS = (GuessKind.TOTP, GuessKind.BACKUP_CODE)


@dataclass(frozen=True, slots=True)
class Found:
    """How an account stands. *by_former_email* where the address is that from before a change its owner disputes.

    *on_since* None where two-factor authentication is off; *throttled* has the refusal of each factor that is closed or
    paused for browsers that are not known. *ways* in which a reset is possible, if any.
    """

    person: Person
    by_former_email: bool
    on_since: datetime | None
    codes_left: int
    throttled: dict[GuessKind, Refused]
    last_log_in_at: datetime | None
    frozen_since: datetime | None
    wiped_at: datetime | None
    ways: tuple[Way, ...]
    open_case: Case | None


def find(
    session: Session, agent: SignedIn, email: str, *, now: datetime, visitor: Visitor
) -> Accepted[Found] | Refused:
    """Who logs in with *email*, and how their account stands. UNKNOWN_EMPLOYEE, NOT_SUPPORT, SESSION_OVER."""
    with writing(session):
        person = passwords.person_at(session, email)
        refused = _may_look(session, agent) or (None if person else Refused(Refusal.UNKNOWN_EMPLOYEE))
        reason = refused.reason if refused else None
        kind = EventKind.PERSON_LOOKED_UP
        record(session, kind, person, actor=agent.person, now=now, visitor=visitor, refusal=reason)
        if refused or person is None:
            return refused or Refused(Refusal.UNKNOWN_EMPLOYEE)
        return Accepted(_as_found(session, person, email, now=now))


def _may_look(session: Session, agent: SignedIn) -> Refused | None:
    over = sessions.still_open(session, agent)
    today = accounts.by_id(session, agent.person.id)
    is_agent = today is not None and today.role is Role.SUPPORT and today.is_active
    return over or (None if is_agent else Refused(Refusal.NOT_SUPPORT))


def _as_found(session: Session, person: Person, email: str, *, now: datetime) -> Found:
    state, codes = totp.state(session, person.id), backup_codes.state(session, person.id)
    strangers = Guesser.at_employee(person.id, None)
    refusals = {kind: attempts.refusal(session, strangers, kind, now=now) for kind in FACTORS}
    return Found(
        person=person,
        by_former_email=email_key(email) != email_key(person.email),
        on_since=state.activated_at if state else None,
        codes_left=codes.left if codes else 0,
        throttled={kind: refused for kind, refused in refusals.items() if refused},
        last_log_in_at=audit.last_at(session, person.id, EventKind.LOGGED_IN),
        frozen_since=freezes.trusted_before(session, person.id),
        wiped_at=person.wiped_at,
        ways=support.ways(session, person, now=now),
        open_case=cases.of_person(session, person.id),
    )

"""The roles employee and administrator, given and taken by an administrator. Support is neither given nor taken here.

A role is read at each request, so the sessions of the person go on with the new one.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import tell_plainly
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.audit.rules import EventKind
from webapp.core.company import colleagues
from webapp.core.database import EmployeeId
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.passwords import flows as passwords
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor

GIVEN = (Role.EMPLOYEE, Role.ADMIN)
"""What an administrator may make of somebody."""


def change(
    session: Session, me: SignedIn, employee_id: EmployeeId, role: Role, *, now: datetime, visitor: Visitor
) -> Accepted[None] | Refused:
    """Give a colleague of *me*'s the *role*, and tell them, unless they were invited and have no account to speak of.

    Refuses with ROLE_NOT_GIVEN for a role that is not given here, or as colleagues.hold() does. The role that they
    have already is accepted, and changes nothing.
    """

    def give(other: Person) -> Refused | bool:
        if role not in GIVEN:
            return Refused(Refusal.ROLE_NOT_GIVEN)
        if other.role is role:
            return False
        accounts.give_role(session, other, role, now=now)
        if passwords.changed_at(session, other.id) is not None:
            told = {"company": me.person.company_name, "admin": me.person.name, "role": role.value}
            tell_plainly(session, Notice.ROLE_CHANGED, other, now=now, visitor=Visitor(), **told)
        return True

    def from_to(other: Person) -> dict[str, object]:
        return {"from": other.role, "to": role}

    return colleagues.act(
        session, EventKind.ROLE_CHANGED, me, employee_id, give, details=from_to, now=now, visitor=visitor
    )

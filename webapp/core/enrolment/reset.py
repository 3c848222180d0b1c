"""Switching two-factor authentication off: by its owner with a current code, or by an operator."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record, tell
from webapp.core.accounts.flows import Person
from webapp.core.audit.rules import EventKind
from webapp.core.cases import flows as cases
from webapp.core.cases.rules import By
from webapp.core.database import writing
from webapp.core.enrolment.changes import may_change
from webapp.core.enrolment.wiping import wipe
from webapp.core.factors.totp import flows as totp
from webapp.core.freezes import flows as freezes
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.passwords import flows as passwords
from webapp.core.policy import flows as policy
from webapp.core.proof import flows as proof
from webapp.core.proof import inside
from webapp.core.proof.rules import Entry
from webapp.core.sealing import Keyring
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor


def reset(
    session: Session, keyring: Keyring, me: SignedIn, entry: Entry | None, *, now: datetime, visitor: Visitor
) -> Accepted[None] | Refused:
    """Switch two-factor authentication off for a current code or backup code.

    App, codes, half-way log-ins, known browsers and other sessions go at once. Without *entry* only where the
    log-in by the last backup code still counts. Refuses with NOT_ACTIVE, MALFORMED, SESSION_OVER, or as
    proof.prove() does.
    """

    def switch_off(_: None) -> None:
        wipe(session, me.person, keep=me.session_id, now=now, visitor=visitor)
        cases.stop(session, me.person, by=By.FACTOR, now=now, visitor=visitor)
        sessions.forget_code(session, me)
        record(session, EventKind.TWO_FACTOR_RESET, me.person, now=now, visitor=visitor)
        tell(session, Notice.RESET, me.person, now=now, visitor=visitor)

    asked = inside.question(session, me, "reset", proof.nothing, may_change, now=now, visitor=visitor)
    return inside.with_proof(session, keyring, me, asked, entry, now=now, then=switch_off)


def reset_by_operator(
    session: Session,
    keyring: Keyring,
    person: Person,
    *,
    operator: str,
    ticket: str,
    reason: str,
    takes_email_back: bool = False,
    now: datetime,
    visitor: Visitor,
) -> Accepted[None] | Refused:
    """Break glass: switch off without a code, and lift a freeze, by somebody with shell access.

    A password set since the disputed event opens nothing any more, or with the second factor off it would be all that a
    thief needs: the owner sets one as after forgetting it. *takes_email_back* for the address from before the event,
    where the operator knows the owner by that one. NOT_ACTIVE where there is nothing to do; EMAIL_TAKEN.
    """
    with writing(session):
        person = accounts.locked(session, person.id) or person
        frozen = freezes.of(session, person.id)
        if frozen is not None and frozen.former_email and takes_email_back:
            taken_back = accounts.change_email(session, person, frozen.former_email)
            if isinstance(taken_back, Refused):
                return taken_back
            person = taken_back.value
        if frozen is not None:
            passwords.spoil_since(session, keyring, person.id, since=frozen.since, now=now)
        kind = EventKind.TWO_FACTOR_RESET_BY_OPERATOR
        details: dict[str, object] = {"operator": operator, "ticket": ticket, "reason": reason}
        was_frozen = freezes.lift(session, person, now=now, visitor=visitor)
        if totp.state(session, person.id) is None and not was_frozen and person.wiped_at is None:
            off = Refusal.NOT_ACTIVE
            record(session, kind, person, now=now, visitor=visitor, refusal=off, details=details)
            return Refused(off)
        cases.stop(session, person, by=By.OPERATOR, now=now, visitor=visitor)
        wipe(session, person, now=now, visitor=visitor)
        policy.release(session, person)
        record(session, kind, person, now=now, visitor=visitor, details=details)
        tell(session, Notice.RESET, person, now=now, visitor=visitor)
        return Accepted(None)

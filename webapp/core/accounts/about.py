"""What is written down and mailed about one person, with all that either needs to know of them.

For the features above; joins the caller's transaction.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from sqlalchemy.orm import Session

from webapp.core.accounts.flows import Person
from webapp.core.audit import flows as audit
from webapp.core.audit.rules import EventKind
from webapp.core.links import flows as links
from webapp.core.links.rules import LinkKind
from webapp.core.notices import flows as notices
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Refusal
from webapp.core.visitor import Visitor


def record(
    session: Session,
    kind: EventKind,
    person: Person | None,
    *,
    now: datetime,
    visitor: Visitor,
    actor: Person | None = None,
    refusal: Refusal | None = None,
    factor: str = "",
    details: dict[str, object] | None = None,
) -> None:
    """Note one event of *person*, or of nobody we know; *actor* who did it, where it was somebody else."""
    audit.record(
        session,
        kind,
        now=now,
        visitor=visitor,
        employee_id=person.id if person else None,
        company_id=person.company_id if person else None,
        actor_id=actor.id if actor else None,
        refusal=refusal,
        factor=factor,
        details=details,
    )


def has_been_told(session: Session, notice: Notice, person: Person, *, since: datetime) -> bool:
    """Whether *person* was owed this *notice* after *since*. Each has a link, by which it is found."""
    told = links.facts_since(session, person.id, LinkKind.NOTICE, since=since)
    return any(facts["notice"] == notice for facts in told)


def tell(session: Session, notice: Notice, person: Person, *, now: datetime, visitor: Visitor, **facts: object) -> None:
    """Owe *person* a notice, with its link for “This wasn't me”; *facts* are what only this notice tells."""
    _tell(session, notice, person, theirs_before=person.email, facts=facts, now=now, visitor=visitor)


def tell_new_address(
    session: Session, notice: Notice, person: Person, *, now: datetime, visitor: Visitor, **facts: object
) -> None:
    """The same to an address that the event itself gave *person*: its link must not take that for theirs of before."""
    _tell(session, notice, person, theirs_before="", facts=facts, now=now, visitor=visitor)


def tell_with(
    session: Session,
    notice: Notice,
    person: Person,
    kind: LinkKind,
    about: dict[str, object],
    *,
    now: datetime,
    visitor: Visitor,
    **facts: object,
) -> None:
    """The same with a link of another *kind* in place of that for “This wasn't me”; *about* are the facts of the link.

    Older ones of that kind go on.
    """
    seed = links.make(session, kind, employee_id=person.id, now=now, **about)
    _owe(session, notice, person, name=person.name, now=now, visitor=visitor, links={kind.value: seed}, **facts)


def tell_plainly(
    session: Session, notice: Notice, person: Person, *, now: datetime, visitor: Visitor, **facts: object
) -> None:
    """The same without any link: of what came to nothing, or of what somebody else may do and did."""
    _owe(session, notice, person, name=person.name, now=now, visitor=visitor, **facts)


def send_link(
    session: Session,
    notice: Notice,
    person: Person,
    kind: LinkKind,
    *,
    now: datetime,
    visitor: Visitor,
    name: str = "",
    told: Mapping[str, object] = MappingProxyType({}),
    **about: object,
) -> None:
    """Owe a mail to *person*'s address with a new link of *kind*, in place of every older one of that kind.

    It has no “This wasn't me”: nothing has happened yet, and nothing will without the link. *name* is for the greeting;
    *told* are further facts of the mail, *about* those of the link.
    """
    links.void(session, person.id, {kind}, reason="newer", now=now)
    seed = links.make(session, kind, employee_id=person.id, now=now, **about)
    _owe(session, notice, person, name=name, now=now, visitor=visitor, links={kind.value: seed}, **told)


def _tell(
    session: Session,
    notice: Notice,
    person: Person,
    *,
    theirs_before: str,
    facts: dict[str, object],
    now: datetime,
    visitor: Visitor,
) -> None:
    seed = links.make(
        session, LinkKind.NOTICE, employee_id=person.id, now=now, notice=notice.value, recipient=theirs_before
    )
    seeds = {LinkKind.NOTICE.value: seed}
    _owe(session, notice, person, name=person.name, now=now, visitor=visitor, links=seeds, **facts)


def _owe(
    session: Session, notice: Notice, person: Person, *, name: str, now: datetime, visitor: Visitor, **facts: object
) -> None:
    notices.queue(
        session,
        notice,
        employee_id=person.id,
        recipient=person.email,
        name=name,
        time_zone=person.time_zone,
        now=now,
        visitor=visitor,
        language=person.language,
        **facts,
    )

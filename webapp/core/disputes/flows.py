"""“This wasn't me”: the link of a notice freezes the account, and only what was there before the event lifts that.

The link can freeze and never unlock: whoever holds the mailbox gains nothing by it but a pause. A thief who enrolled an
app of his own, or set a password, can't lift: neither counts while the freeze lasts.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record, tell
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import email_key
from webapp.core.audit import flows as audit
from webapp.core.audit.rules import EventKind
from webapp.core.cases import flows as cases
from webapp.core.cases.rules import By
from webapp.core.challenge import flows as challenge
from webapp.core.challenge.flows import LoggedIn, Waiting
from webapp.core.database import SessionId, writing
from webapp.core.enrolment.thawing import thaw
from webapp.core.factors.totp import pending
from webapp.core.freezes import flows as freezes
from webapp.core.freezes.flows import Freeze
from webapp.core.links import flows as links
from webapp.core.links.flows import Link
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof import flows as proof
from webapp.core.proof import inside
from webapp.core.proof.flows import Asked, Proof
from webapp.core.proof.rules import Entry
from webapp.core.repairs import flows as repairs
from webapp.core.sealing import Keyring
from webapp.core.sessions import browsers
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor

END_REASON = "frozen"

MAILBOX_EVENTS = (EventKind.PASSWORD_RECOVERED, EventKind.EMAIL_CHANGE_ASKED, EventKind.EMAIL_CHANGED)
"""Whoever did this without the owner reads the owner's mail, or wants the mail to go elsewhere."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """What the link of a notice leads to. *freeze* where the account is frozen now, by this link or another."""

    link: Link
    notice: Notice
    person: Person
    freeze: Freeze | None

    @property
    def was_used(self) -> bool:
        return self.link.was_used


def find(session: Session, keyring: Keyring, token: str) -> Dispute | None:
    """What *token* of a notice is about, whether its link still acts or not. Changes nothing."""
    link = links.find(session, keyring, LinkKind.NOTICE, token)
    person = accounts.by_id(session, link.employee_id) if link else None
    if link is None or person is None:
        return None
    return Dispute(link, Notice(link.facts["notice"]), person, freezes.of(session, person.id))


def freeze(session: Session, dispute: Dispute, *, now: datetime, visitor: Visitor) -> Accepted[None] | Refused:
    """Freeze the account since the event of the notice: everybody is out, and nothing changes until the lift.

    Ends sessions, half-way log-ins, set-ups, known browsers and links that are under way. LINK_OVER where the link was
    used, is older than seven days, or a later lift has settled its event; or while the account is frozen, where the
    notice went to an address that its owner disputes.
    """
    link = dispute.link
    with writing(session):
        accounts.lock(session, link.employee_id)
        person = accounts.by_id(session, link.employee_id)
        recipient = str(link.facts["recipient"])
        if person is None or _is_disputed(session, person, recipient) or not links.use(session, link, now=now):
            return Refused(Refusal.LINK_OVER)
        # The notice's own event has the time of its link; what came after it is in doubt with it.
        mailbox_is_in_doubt = audit.happened_since(session, person.id, kinds=MAILBOX_EVENTS, since=link.made_at)
        begun = freezes.begin(
            session,
            person.id,
            since=link.made_at,
            closes_recovery=mailbox_is_in_doubt,
            # The notice went to another address than today's: that one was changed by the event or since.
            former_email="" if email_key(recipient) in ("", email_key(person.email)) else recipient,
            now=now,
        )
        if dispute.notice is Notice.REPAIR_PASS:  # no other freeze stands in the way of a pass
            repairs.void(session, person, reason=END_REASON, now=now, visitor=visitor)
        if begun.former_email:
            cases.tell_former_too(session, person.id, begun.former_email)
        challenge.end_log_ins(session, person, reason=END_REASON, now=now, visitor=visitor)
        browsers.forget(session, person.id)
        pending.drop(session, person.id)
        links.void(session, person.id, {LinkKind.PASSWORD, LinkKind.EMAIL}, reason=END_REASON, now=now)
        details: dict[str, object] = {"notice": dispute.notice, "since": begun.since.isoformat()}
        record(session, EventKind.ACCOUNT_FROZEN, person, now=now, visitor=visitor, details=details)
        tell(session, Notice.FROZEN, person, now=now, visitor=visitor)
        return Accepted(None)


def lift(
    session: Session,
    keyring: Keyring,
    me: SignedIn,
    entry: Entry | None,
    *,
    keeps_email: bool,
    now: datetime,
    visitor: Visitor,
) -> Accepted[None] | Refused:
    """Lift the freeze of *me*'s account by a factor that was there before the disputed event.

    Whatever factor was set since is taken away; *keeps_email* decides between today's address and the former one.
    Refuses with NOT_FROZEN, MALFORMED (*entry* None), SESSION_OVER, or as proof.prove() does, to which a factor that
    was set since is a wrong one.
    """
    asked = question(session, me, now=now, visitor=visitor)
    if entry is None:
        return proof.refuse_malformed(session, asked, now=now)

    def thaw(_: Proof, __: None) -> None:
        _thaw(session, keyring, me.person, keep=me.session_id, keeps_email=keeps_email, now=now, visitor=visitor)

    return proof.prove(session, keyring, asked, entry, now=now, then=thaw)


def question(session: Session, me: SignedIn, *, now: datetime, visitor: Visitor) -> Asked[None]:
    """What somebody logged in is asked to lift the freeze."""
    return inside.question(session, me, "lift", proof.nothing, _may_lift, now=now, visitor=visitor)


def lift_and_log_in(
    session: Session,
    keyring: Keyring,
    waiting: Waiting,
    entry: Entry | None,
    *,
    keeps_email: bool,
    now: datetime,
    visitor: Visitor,
) -> Accepted[LoggedIn] | Refused:
    """The same for somebody half-way, whose password was set since the event and logs nobody in before the lift."""

    def thaw() -> None:
        _thaw(session, keyring, waiting.person, keep=None, keeps_email=keeps_email, now=now, visitor=visitor)

    return challenge.answer(session, keyring, waiting, entry, lift=thaw, now=now, visitor=visitor)


def _thaw(
    session: Session,
    keyring: Keyring,
    person: Person,
    *,
    keep: SessionId | None,
    keeps_email: bool,
    now: datetime,
    visitor: Visitor,
) -> None:
    """In the transaction of the proof: nothing that a thief set since the event comes back to life."""
    frozen = freezes.of(session, person.id)
    if frozen is None:
        return
    repairs.void(session, person, reason=freezes.LIFTED, now=now, visitor=visitor)  # as at a log-in with a factor
    cases.stop(session, person, by=By.FACTOR, now=now, visitor=visitor)
    thawed = thaw(
        session, keyring, person, frozen, keep=keep, takes_email_back=not keeps_email, now=now, visitor=visitor
    )
    today = accounts.by_id(session, person.id) or person
    tell(session, Notice.LIFTED, today, now=now, visitor=visitor, **thawed.as_details())


def _is_disputed(session: Session, person: Person, recipient: str) -> bool:
    """Whether the notice went to an address that the owner says isn't theirs: its reader would end their sessions."""
    frozen = freezes.of(session, person.id)
    return frozen is not None and frozen.former_email != "" and email_key(recipient) != email_key(frozen.former_email)


def _may_lift(session: Session, me: SignedIn) -> Refused | None:
    is_frozen = freezes.trusted_before(session, me.person.id) is not None
    return sessions.still_open(session, me) or (None if is_frozen else Refused(Refusal.NOT_FROZEN))

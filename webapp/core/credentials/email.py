"""Another e-mail address: asked for by its person, confirmed by the same person through a link to the new one.

Whether somebody else has the address is not said to who asks: the answer is the same, and only whoever reads the new
mailbox ever learns more. Sessions stay at a change: it was shown twice who is there, and the address opens nothing.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record, send_link, tell, tell_new_address
from webapp.core.accounts.rules import email_key, masked_email, valid_email
from webapp.core.audit.rules import EventKind
from webapp.core.credentials import changes
from webapp.core.database import writing
from webapp.core.freezes import flows as freezes
from webapp.core.links import flows as links
from webapp.core.links.flows import Link
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof import flows as proof
from webapp.core.proof import inside
from webapp.core.proof.rules import Entry
from webapp.core.repairs import flows as repairs
from webapp.core.sealing import Keyring
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor

END_REASON = "email_changed"

MOST = 3
WITHIN = timedelta(hours=1)
"""So many links to new addresses for one person in this time."""


def ask(
    session: Session,
    keyring: Keyring,
    me: SignedIn,
    typed: str,
    entry: Entry | None,
    *,
    now: datetime,
    visitor: Visitor,
) -> Accepted[None] | Refused:
    """Owe a link to the address *typed*, and tell the present one. The older link is void.

    An address that somebody else has gets no mail; all else is the same, so that nobody asks who has an account here.
    Refuses with EMAIL_INVALID, EMAIL_SAME, TOO_MANY, or as inside.with_proof_where_on() does.
    """
    email = valid_email(typed)
    if email is None:
        return Refused(Refusal.EMAIL_INVALID)
    if email_key(email) == email_key(me.person.email):
        return Refused(Refusal.EMAIL_SAME)

    def not_too_often() -> Refused | None:
        opens_at = links.opens_at(session, me.person.id, LinkKind.EMAIL, most=MOST, within=WITHIN, now=now)
        return Refused(Refusal.TOO_MANY, retry_at=opens_at) if opens_at else None

    def owe_link(_: None) -> None:
        is_free = accounts.by_email(session, email) is None and freezes.owner_of_former(session, email) is None
        if is_free:
            # To whoever reads there, a stranger perhaps: no name, no address of the asker.
            there = replace(me.person, email=email)
            send_link(session, Notice.EMAIL_LINK, there, LinkKind.EMAIL, now=now, visitor=Visitor(), new_email=email)
        else:
            links.void(session, me.person.id, {LinkKind.EMAIL}, reason="newer", now=now)
            links.make(session, LinkKind.EMAIL, employee_id=me.person.id, now=now, new_email=email)
        is_mailed: dict[str, object] = {"mailed": is_free}
        record(session, EventKind.EMAIL_CHANGE_ASKED, me.person, now=now, visitor=visitor, details=is_mailed)
        new = masked_email(email)
        tell(session, Notice.EMAIL_CHANGE_ASKED, me.person, now=now, visitor=visitor, new_email=new)

    asked = inside.question(
        session, me, "e-mail change", proof.nothing, changes.may_change, also=not_too_often, now=now, visitor=visitor
    )
    return inside.with_proof_where_on(session, keyring, me, asked, entry, now=now, then=owe_link)


def waiting_at(session: Session, me: SignedIn, *, now: datetime) -> str | None:
    """The address, masked, at which a link waits to be confirmed; None where none does."""
    link = links.newest(session, me.person.id, LinkKind.EMAIL)
    return masked_email(link.facts["new_email"]) if link is not None and link.is_live(now) else None


def find(session: Session, keyring: Keyring, token: str) -> Link | None:
    """The link that a mail's address holds, whether it still acts or not."""
    return links.find(session, keyring, LinkKind.EMAIL, token)


def confirm(session: Session, me: SignedIn, link: Link, *, now: datetime, visitor: Visitor) -> Accepted[None] | Refused:
    """Give *me* the address of *link*, and tell the old and the new one. Links to a password that the old got are void.

    In one transaction. Refuses with NOT_YOURS, LINK_OVER, EMAIL_TAKEN, SESSION_OVER; then nothing has changed, and the
    link is as it was.
    """
    if link.employee_id != me.person.id:
        return Refused(Refusal.NOT_YOURS)
    with writing(session):
        before = accounts.locked(session, me.person.id)
        refused = changes.may_change(session, me)
        if refused or before is None:
            return refused or Refused(Refusal.SESSION_OVER)
        if freezes.owner_of_former(session, link.facts["new_email"]) is not None:
            return Refused(Refusal.EMAIL_TAKEN)  # somebody disputes that it was taken from them, and logs in with it
        with session.begin_nested() as both_or_neither:
            if not links.use(session, link, now=now):
                return Refused(Refusal.LINK_OVER)
            changed = accounts.change_email(session, before, link.facts["new_email"])
            if isinstance(changed, Refused):
                both_or_neither.rollback()
                return changed
        after = changed.value
        links.void(session, after.id, {LinkKind.PASSWORD, LinkKind.EMAIL}, reason=END_REASON, now=now)
        repairs.void(session, after, reason=END_REASON, now=now, visitor=visitor)  # half of it is in the old mailbox
        record(session, EventKind.EMAIL_CHANGED, after, now=now, visitor=visitor)
        # Each reader's own address in full, the other masked: two of one company may look alike under their masks.
        former, new = masked_email(before.email), masked_email(after.email)
        told = {"former_email": before.email, "new_email": new}
        tell(session, Notice.EMAIL_CHANGED, before, now=now, visitor=visitor, **told)
        told = {"former_email": former, "new_email": after.email}
        tell_new_address(session, Notice.EMAIL_CHANGED, after, now=now, visitor=visitor, **told)
        return Accepted(None)

"""What changes of a password or an e-mail address have in common: whether they may be, what is over after.

For the other modules of this feature, and for their pages.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts.flows import Person
from webapp.core.attempts.rules import GuessKind
from webapp.core.challenge import flows as challenge
from webapp.core.database import SessionId
from webapp.core.freezes import flows as freezes
from webapp.core.links import flows as links
from webapp.core.links.rules import LinkKind
from webapp.core.outcomes import Refused
from webapp.core.passwords import flows as passwords
from webapp.core.proof import inside
from webapp.core.repairs import flows as repairs
from webapp.core.sealing import Keyring
from webapp.core.sessions import browsers
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor


def may_change(session: Session, me: SignedIn) -> Refused | None:
    """SESSION_OVER or FROZEN where *me* may change neither password nor e-mail now. Call it under the person's lock."""
    return sessions.still_open(session, me) or freezes.refusal(session, me.person.id)


def end_what_it_opened(
    session: Session,
    keyring: Keyring,
    person: Person,
    *,
    keep: SessionId | None = None,
    reason: str,
    now: datetime,
    visitor: Visitor,
) -> None:
    """End whatever the old password of *person* has led to, but the session *keep*; forget what guesses at it cost.

    No browser stays known: whoever knew the old password may have logged in with one, or copied its cookie. A repair
    pass is void: with a password by mail, one mailbox would be enough for it.
    """
    challenge.end_log_ins(session, person, keep=keep, reason=reason, now=now, visitor=visitor)
    repairs.void(session, person, reason=reason, now=now, visitor=visitor)
    # To another address too: whoever knew the old password may have asked for it.
    links.void(session, person.id, {LinkKind.PASSWORD, LinkKind.EMAIL}, reason=reason, now=now)
    browsers.forget(session, person.id)
    passwords.forget_guesses(session, keyring, person.email, browser=None)


def refusal(session: Session, me: SignedIn, kind: GuessKind, *, now: datetime, visitor: Visitor) -> Refused | None:
    """Whether a change by this *kind* of code would be refused now, for a page that is only shown."""
    return freezes.refusal(session, me.person.id) or inside.refusal(session, me, kind, now=now, visitor=visitor)

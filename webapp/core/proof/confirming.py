"""A code once more inside a session, before pages that need one shown lately.

Part of the feature proof. Which pages those are, and for how long a code is recent, others say.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.attempts.rules import GuessKind
from webapp.core.factors.totp import flows as totp
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof import flows as proof
from webapp.core.proof import inside
from webapp.core.proof.flows import Asked, Proof
from webapp.core.proof.rules import Entry
from webapp.core.sealing import Keyring
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor


def confirm_code(
    session: Session,
    keyring: Keyring,
    me: SignedIn,
    entry: Entry | None,
    *,
    token: str,
    now: datetime,
    visitor: Visitor,
) -> Accepted[str] | Refused:
    """The session's new token where *entry* is right; the old *token* is dead (ASVS 7.2.4).

    Counts as any guess at this factor. Refuses with SESSION_OVER, NOT_ACTIVE, MALFORMED (*entry* None), or as
    proof.prove() does.
    """
    asked = _question(session, me, now=now, visitor=visitor)
    if entry is None:
        return proof.refuse_malformed(session, asked, now=now)

    def renew(_: Proof, __: None) -> str:
        return sessions.renew_by_code(session, keyring, me, token=token, now=now)

    return proof.prove(session, keyring, asked, entry, now=now, then=renew)


def refusal(session: Session, me: SignedIn, *, now: datetime, visitor: Visitor) -> Refused | None:
    """Whether a code would be refused now, for a page that is only shown: NOT_ACTIVE where there is none to give."""
    if not inside.is_on(session, me):
        return Refused(Refusal.NOT_ACTIVE)
    return inside.refusal(session, me, GuessKind.TOTP, now=now, visitor=visitor)


def _question(session: Session, me: SignedIn, *, now: datetime, visitor: Visitor) -> Asked[None]:
    return inside.question(session, me, "confirm", proof.nothing, _may, now=now, visitor=visitor)


def _may(session: Session, me: SignedIn) -> Refused | None:
    refused = sessions.still_open(session, me)
    if refused or totp.state(session, me.person.id):
        return refused
    return Refused(Refusal.NOT_ACTIVE)

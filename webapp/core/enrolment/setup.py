"""An app that is being set up, whatever for: what there is to scan, until when, and who may begin it.

Activation begins it without a code, replacing and adding for one; ``first_code`` ends it for all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts.about import record
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.rules import GuessKind
from webapp.core.audit.rules import EventKind
from webapp.core.enrolment.changes import may_change
from webapp.core.factors.totp import pending
from webapp.core.factors.totp import rules as totp_rules
from webapp.core.factors.totp.pending import Aim, Purpose
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof import flows as proof
from webapp.core.proof import inside
from webapp.core.proof.rules import Entry
from webapp.core.sealing import Keyring
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor

PURPOSES = {Purpose.REPLACE: "replace the app", Purpose.ADD: "add an authenticator"}
"""What a proof was asked for, in the audit."""

_USED = frozenset({Refusal.CODE_ALREADY_USED, Refusal.BACKUP_CODE_USED})


@dataclass(frozen=True, slots=True)
class Setup:
    """What the first step shows: the address in the QR code, the key for typing, until when; and what for."""

    uri: str
    key: str
    expires_at: datetime
    purpose: Purpose


def begin(
    session: Session,
    keyring: Keyring,
    me: SignedIn,
    aim: Aim,
    entry: Entry | None,
    *,
    kind: EventKind,
    also: Callable[[], Refused | None],
    now: datetime,
    visitor: Visitor,
) -> Accepted[None] | Refused:
    """See that *me* has a secret to scan for *aim*, for a current code or backup code. Nothing else changes yet.

    *also* as for inside.question(); *kind* is what is written down. A double click is accepted: its code is
    spent, and what it was spent for waits for this session.
    """

    def set_up(_: None) -> None:
        if pending.make(session, keyring, me.person.id, aim, session_id=me.session_id, now=now):
            record(session, kind, me.person, now=now, visitor=visitor)

    asked = inside.question(
        session, me, PURPOSES[aim.purpose], proof.nothing, may_change, also=also, now=now, visitor=visitor
    )
    outcome = inside.with_proof(session, keyring, me, asked, entry, now=now, then=set_up)
    if isinstance(outcome, Refused) and outcome.reason in _USED:
        waiting = pending.find(session, keyring, me.person.id, session_id=me.session_id, now=now)
        if waiting is not None and waiting.aim == aim:
            return Accepted(None)
    return outcome


def find(session: Session, keyring: Keyring, me: SignedIn, *, issuer: str, now: datetime) -> Setup | None:
    """What there is to scan for this session, or None: nothing begun, expired, or begun by another session."""
    waiting = pending.find(session, keyring, me.person.id, session_id=me.session_id, now=now)
    if waiting is None:
        return None
    uri = totp_rules.provisioning_uri(waiting.secret, issuer=issuer, account=me.person.email)
    return Setup(uri, totp_rules.base32(waiting.secret), waiting.expires_at, waiting.aim.purpose)


def has_expired(session: Session, me: SignedIn, *, now: datetime) -> bool:
    """Whether this session began and let the 15 minutes of its key pass."""
    return pending.expired(session, me.person.id, session_id=me.session_id, now=now) is not None


def refusal(session: Session, me: SignedIn, *, now: datetime, visitor: Visitor) -> Refused | None:
    """Whether a first code would be refused now, for a page that is only shown."""
    return attempts.refusal(session, inside.guesser(session, me, now=now, visitor=visitor), GuessKind.SETUP, now=now)

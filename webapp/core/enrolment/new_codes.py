"""New backup codes, and the minutes in which a new set may be seen by the session that made it."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts.about import record, tell
from webapp.core.audit.rules import EventKind
from webapp.core.database import writing
from webapp.core.enrolment.changes import may_change
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.factors.backup_codes.flows import NewSet, Shown
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refused
from webapp.core.proof import inside
from webapp.core.proof.rules import Entry
from webapp.core.sealing import Keyring
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor


def create(
    session: Session,
    keyring: Keyring,
    me: SignedIn,
    entry: Entry | None,
    *,
    token: str,
    rounds: int,
    now: datetime,
    visitor: Visitor,
) -> Accepted[None] | Refused:
    """Eight new backup codes for a current code or backup code; the old ones are dead.

    Without *entry* only where the log-in by the last backup code still counts. *token* is the session's raw one,
    under which the codes may be shown. Refuses with NOT_ACTIVE, MALFORMED, SESSION_OVER, or as proof.prove() does.
    """

    def replace(made: NewSet) -> None:
        backup_codes.store(session, keyring, me.person.id, made, session_id=me.session_id, session_token=token, now=now)
        record(session, EventKind.BACKUP_CODES_CREATED, me.person, now=now, visitor=visitor)
        tell(session, Notice.NEW_BACKUP_CODES, me.person, now=now, visitor=visitor, codes_left=len(made.codes))

    def make() -> NewSet:
        return backup_codes.new_set(rounds=rounds)

    asked = inside.question(session, me, "new backup codes", make, may_change, now=now, visitor=visitor)
    return inside.with_proof(session, keyring, me, asked, entry, now=now, then=replace)


def shown(session: Session, keyring: Keyring, me: SignedIn, *, token: str, now: datetime) -> Shown | None:
    """The eight codes, for the session that made them, until it closes them or ten minutes have passed."""
    return backup_codes.shown(session, keyring, session_id=me.session_id, token=token, now=now)


def note_download(session: Session, me: SignedIn, *, now: datetime, visitor: Visitor) -> None:
    """Note that the codes were saved as a file."""
    with writing(session):
        record(session, EventKind.BACKUP_CODES_DOWNLOADED, me.person, now=now, visitor=visitor)


def close(session: Session, me: SignedIn, *, now: datetime, visitor: Visitor) -> None:
    """Delete what could still be shown: from now on only hashes of the codes are left."""
    with writing(session):
        if backup_codes.hide(session, me.session_id):
            record(session, EventKind.BACKUP_CODES_CLOSED, me.person, now=now, visitor=visitor)

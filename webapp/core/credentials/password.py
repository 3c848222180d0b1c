"""A new password for somebody logged in who knows the old one.

The old password, and a code where two-factor authentication is on, are the confirmation of this very moment, so the
page asks for no other; a log-in need not be recent. Forgotten passwords are recovery.py's.
"""

import unicodedata
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.accounts.about import record, tell
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.flows import Guesser
from webapp.core.audit.rules import EventKind
from webapp.core.credentials import changes
from webapp.core.enrolment.changes import SECOND_FACTORS
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.passwords import flows as passwords
from webapp.core.passwords import rules
from webapp.core.proof import flows as proof
from webapp.core.proof import inside
from webapp.core.proof.rules import Entry
from webapp.core.sealing import Keyring
from webapp.core.sessions import flows as sessions
from webapp.core.sessions import proving
from webapp.core.sessions.flows import SignedIn
from webapp.core.visitor import Visitor

PURPOSE = "password change"
END_REASON = "password_changed"


def change(
    session: Session,
    keyring: Keyring,
    me: SignedIn,
    current: str,
    new: str,
    entry: Entry | None,
    *,
    token: str,
    brand: str,
    rounds: int,
    now: datetime,
    visitor: Visitor,
) -> Accepted[str] | Refused:
    """Give *me* the password *new*, and this session a new token; every other one ends, and so do half-way log-ins.

    *current* is charged as a password guess and given back once it is right, so that a wrong code after it costs a
    code alone. The code is spent, the hash stored and all the rest done in one transaction, which looks at the current
    password again. *token* is the session's raw one. Refuses with PASSWORD_TOO_SHORT, _TOO_LONG, _TOO_EASY or _SAME,
    WRONG_PASSWORD, TOO_MANY, or as inside.with_proof_where_on() does.
    """
    refused = passwords.problem(me.person, new, brand=brand)
    if refused:
        return refused
    if entry is None and inside.needs_code(session, me, now=now):
        plain = inside.question(session, me, PURPOSE, proof.nothing, changes.may_change, now=now, visitor=visitor)
        return proof.refuse_malformed(session, plain, now=now)
    shown = proving.with_password(
        session,
        keyring,
        me,
        current,
        still_open=lambda: changes.may_change(session, me),
        rounds=rounds,
        now=now,
        visitor=visitor,
        then=lambda right: right,
    )
    if isinstance(shown, Refused):
        return shown
    if unicodedata.normalize("NFC", new) == unicodedata.normalize("NFC", current):
        return Refused(Refusal.PASSWORD_SAME)

    def still_right() -> Refused | None:
        stands = passwords.still_stands(session, keyring, shown.value)
        return None if stands else Refused(Refusal.WRONG_PASSWORD)  # another tab changed it at this instant

    def begin_anew(password_hash: bytes) -> str:
        passwords.store(session, keyring, me.person.id, password_hash, now=now)
        changes.end_what_it_opened(
            session, keyring, me.person, keep=me.session_id, reason=END_REASON, now=now, visitor=visitor
        )
        if entry is not None:  # strangers who closed a factor have not locked its owner out
            attempts.empty(session, Guesser.at_employee(me.person.id, None), SECOND_FACTORS)
        record(session, EventKind.PASSWORD_CHANGED, me.person, now=now, visitor=visitor)
        tell(session, Notice.PASSWORD_CHANGED, me.person, now=now, visitor=visitor)
        return sessions.renew(session, keyring, me, token=token, now=now)

    def hash_new() -> bytes:
        return rules.hashed(new, rounds=rounds)

    asked = inside.question(
        session, me, PURPOSE, hash_new, changes.may_change, also=still_right, now=now, visitor=visitor
    )
    return inside.with_proof_where_on(session, keyring, me, asked, entry, now=now, then=begin_anew)


def changed_at(session: Session, me: SignedIn) -> datetime | None:
    """When *me*'s password was set; None where there is none."""
    return passwords.changed_at(session, me.person.id)

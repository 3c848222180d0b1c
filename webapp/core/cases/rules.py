"""Cases of Support: which there are, what may happen to one in each state, when it is due and when it is stale.

No clock, no database. Who may do what is decided by ``support``.
"""

import re
from datetime import date, datetime, timedelta
from enum import StrEnum


class CaseKind(StrEnum):
    """What somebody asks Support for: their second factor is gone, or nothing is left that lifts their freeze."""

    RESET = "reset"
    LIFT_FREEZE = "lift_freeze"


class Way(StrEnum):
    """How a reset is carried out: a pass in two halves that replaces the app, or all factors gone."""

    REPAIR = "repair"
    WIPE = "wipe"


class Channel(StrEnum):
    """How the request came."""

    PHONE = "phone"
    VIDEO = "video"
    IN_PERSON = "in_person"
    LETTER = "letter"
    EMAIL = "email"


class Document(StrEnum):
    """Which kind of document was seen. Its kind and nothing else of it is ever stored: no copy, no number."""

    PASSPORT = "passport"
    IDENTITY_CARD = "identity_card"
    DRIVING_LICENCE = "driving_licence"
    RESIDENCE_PERMIT = "residence_permit"


class CaseState(StrEnum):
    """Where a case stands. APPROVED waits for one more agent; WAITING for its time."""

    OPEN = "open"
    CHECKED = "checked"
    APPROVED = "approved"
    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"
    STOPPED = "stopped"
    EXPIRED = "expired"


class Act(StrEnum):
    """What may be done to a case once it is open."""

    CHECK = "check"
    APPROVE = "approve"
    REFUSE = "refuse"
    STOP = "stop"
    CARRY_OUT = "carry_out"
    EXPIRE = "expire"


class By(StrEnum):
    """Who moved a case on: an agent; its person by a mail's link, in a session, by a log-in or another use of a factor;
    or time."""

    AGENT = "agent"
    LINK = "link"
    SESSION = "session"
    LOG_IN = "log_in"
    FACTOR = "factor"
    OPERATOR = "operator"
    TIME = "time"


BEFORE_APPROVAL = frozenset({CaseState.OPEN, CaseState.CHECKED, CaseState.APPROVED})
UNDER_WAY = BEFORE_APPROVAL | {CaseState.WAITING}
"""The states that a case can leave."""

FROM: dict[Act, frozenset[CaseState]] = {
    Act.CHECK: frozenset({CaseState.OPEN}),
    Act.APPROVE: frozenset({CaseState.CHECKED, CaseState.APPROVED}),
    Act.REFUSE: BEFORE_APPROVAL,
    Act.STOP: UNDER_WAY,
    Act.CARRY_OUT: frozenset({CaseState.WAITING}),
    Act.EXPIRE: UNDER_WAY,
}
"""In which states each act may happen: in any other it is too late, or too early."""

AFTER_RECOVERY = timedelta(days=7)
"""So long after a password was recovered by mail nothing is carried out: one mailbox must not be enough."""

STALE_AFTER = timedelta(days=7)
"""A case that is not approved by then expires, counted from its opening."""

OVERDUE_AFTER = timedelta(days=14)
"""One that is due and could not be carried out expires, counted from when it was due."""

MAX_TICKET_LENGTH = 64
MAX_REASON_LENGTH = 200

_TICKET = re.compile(r"[A-Za-z0-9#][A-Za-z0-9_/#.-]*", re.ASCII)
_NUMBER = re.compile(r"\d(?:[ .-]?\d){4,}")
_MIXED = re.compile(r"\b(?=\w*[^\W\d])(?=\w*\d\w*\d\w*\d)\w{8,}")
"""As many identity cards are numbered: eight letters and digits, three of them digits."""


def valid_ticket(text: str) -> str | None:
    """The reference as it is stored, or None: letters, digits and ``-_/#.``, at most 64, without a space."""
    ticket = text.strip()
    return ticket if len(ticket) <= MAX_TICKET_LENGTH and _TICKET.fullmatch(ticket) else None


def valid_reason(text: str) -> str | None:
    """The reason as it is stored, or None: one line of at most 200 characters.

    Five digits in a row are none, nor is a word like L01X00T47: the number of a document must not find its way in here.
    """
    reason = text.strip()
    is_line = 0 < len(reason) <= MAX_REASON_LENGTH and reason.isprintable()
    return reason if is_line and not _NUMBER.search(reason) and not _MIXED.search(reason) else None


def has_expired(valid_until: date, today: date) -> bool:
    """Whether a document is valid no more; on its last day it is."""
    return valid_until < today


def due_at(waits_until: datetime, recovered_at: datetime | None) -> datetime:
    """When a waiting case may be carried out: after its time, and a week after the latest password by mail."""
    return waits_until if recovered_at is None else max(waits_until, recovered_at + AFTER_RECOVERY)


def stale_at(state: CaseState, *, opened_at: datetime, due_at: datetime | None) -> datetime:
    """From when a case in this *state* has expired, whether that is written down yet or not."""
    if state in BEFORE_APPROVAL or due_at is None:
        return opened_at + STALE_AFTER
    return due_at + OVERDUE_AFTER

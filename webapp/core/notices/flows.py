"""Mail that is owed to people: queued with the event, delivered later by whoever empties the outbox.

Knows neither wording nor transport: ``deliver_due`` is given a function that sends. A failed mail never undoes and
never delays what it tells of. A mail that was sent and could not be marked so, since the sender died in between, is
sent again, with the same Message-ID: rather twice than never.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from webapp.core.clock import Clock
from webapp.core.database import EmployeeId, changed_rows, writing
from webapp.core.notices.tables import OutboxMail
from webapp.core.tokens import new_token
from webapp.core.visitor import Visitor

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""For how long one sender has a mail to itself; after a crash the next one takes it, with the same Message-ID."""

LONGEST_WAIT = timedelta(hours=1)
SENT_RETENTION = timedelta(days=30)

FAILING_TRIES = 3
OLDEST_WAITING = timedelta(minutes=15)
MOST_WAITING = 100
"""Beyond one of these two the outbox piles up."""


class Notice(StrEnum):
    """What a mail tells. Each is a folder of ``templates/email``."""

    ACTIVATED = "activated"
    RESET = "reset"
    APP_REPLACED = "app_replaced"
    APP_ADDED = "app_added"
    APP_REMOVED = "app_removed"
    NEW_BACKUP_CODES = "new_backup_codes"
    BACKUP_CODE_USED = "backup_code_used"
    BACKUP_CODES_LOW = "backup_codes_low"
    PASSWORD_CHANGED = "password_changed"
    PASSWORD_FORGOTTEN = "password_forgotten"
    PASSWORD_LINK = "password_link"
    EMAIL_LINK = "email_link"
    EMAIL_CHANGE_ASKED = "email_change_asked"
    EMAIL_CHANGED = "email_changed"
    WRONG_CODES = "wrong_codes"
    NEW_BROWSER = "new_browser"
    FROZEN = "frozen"
    LIFTED = "lifted"
    REMINDER = "reminder"
    REPAIR_PASS = "repair_pass"
    CASE_OPENED = "case_opened"
    CASE_CHECKED = "case_checked"
    CASE_APPROVED = "case_approved"
    CASE_WAITING = "case_waiting"
    CASE_DONE = "case_done"
    CASE_REFUSED = "case_refused"
    CASE_STOPPED = "case_stopped"
    CASE_EXPIRED = "case_expired"
    INVITE = "invite"
    DEACTIVATED = "deactivated"
    REACTIVATED = "reactivated"
    ROLE_CHANGED = "role_changed"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to be sent now. *facts* are what its template needs; no secret, no code."""

    notice: Notice
    recipient: str
    message_id: str
    facts: dict[str, Any]


class NotSentError(Exception):
    """A transport could not send a mail. The text goes to the log: no address, and nothing of what a server said."""


class ServerAwayError(NotSentError):
    """A transport could not send this mail, and could send no other now."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One run of a sender. *away* says why it ended early; it counts in *failed* the mail that found it out."""

    sent: int
    failed: int
    away: str = ""


@dataclass(frozen=True, slots=True)
class Outbox:
    """How the outbox stands. *waiting* is mail not sent yet, *failing* the part of it tried three times or more."""

    waiting: int
    failing: int
    oldest_waiting_s: int

    @property
    def is_piling_up(self) -> bool:
        """Whether somebody should look: too much waits, or something for too long."""
        return self.waiting > MOST_WAITING or self.oldest_waiting_s > OLDEST_WAITING.total_seconds()


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A row as it was claimed; its notice not yet read, for a newer version may have queued a kind unknown here."""

    id: int
    notice: str
    recipient: str
    message_id: str
    facts: dict[str, Any]

    def mail(self) -> Mail:
        return Mail(Notice(self.notice), self.recipient, self.message_id, self.facts)


def queue(
    session: Session,
    notice: Notice,
    *,
    employee_id: EmployeeId,
    recipient: str,
    name: str,
    time_zone: str,
    now: datetime,
    visitor: Visitor,
    **facts: object,
) -> None:
    """Owe one mail. Joins the caller's transaction, so that it is owed exactly when the event has happened."""
    known = {"name": name, "time_zone": time_zone, "at": now.isoformat()}
    session.add(
        OutboxMail(
            notice=notice,
            employee_id=employee_id,
            recipient=recipient,
            message_id=new_token(),
            facts={**known, "user_agent": visitor.user_agent[:256], "address": visitor.address, **facts},
            queued_at=now,
            next_try_at=now,
            sent_at=None,
        )
    )


def deliver_due(
    session: Session, send: Callable[[Mail], None], *, clock: Clock, is_over: Callable[[], bool] = lambda: False
) -> Delivery:
    """Send every mail that is due by now, each in its own transaction; one that fails waits longer each time.

    Whatever *send* raises for a mail is that mail's failure: one that can't be composed must not keep the others. Only
    ServerAwayError ends the run, or else a server that is down would be asked once for each mail that waits. *is_over*
    ends it too, between two mails. *clock* is asked for each: with one time for all, the last mails of a long run
    would be claimed by a lease that is over already.
    """
    due_by = clock()
    sent = failed = 0
    while not is_over() and (claimed := _claim_next(session, due_by=due_by, now=clock())) is not None:
        try:
            send(claimed.mail())
        except ServerAwayError as error:
            return Delivery(sent, failed + 1, away=str(error))
        except Exception as error:
            reason = str(error) if isinstance(error, NotSentError) else error.__class__.__name__
            log.warning("mail %d (%s) failed: %s", claimed.id, claimed.notice, reason)
            failed += 1
            continue
        _mark_sent(session, claimed, now=clock())
        sent += 1
    return Delivery(sent, failed)


def state(session: Session, *, now: datetime) -> Outbox:
    """How many mails wait, how many of them fail, and for how long the oldest has waited."""
    query = select(
        func.count(),
        func.count().filter(OutboxMail.tries >= FAILING_TRIES),
        func.min(OutboxMail.queued_at),
    ).where(OutboxMail.sent_at.is_(None))
    waiting, failing, oldest = session.execute(query).one()
    return Outbox(waiting, failing, max(0, int((now - oldest).total_seconds())) if oldest else 0)


def purge(session: Session, *, now: datetime) -> int:
    """Delete mail that was sent a month ago; how many."""
    with writing(session):
        return changed_rows(session.execute(delete(OutboxMail).where(OutboxMail.sent_at <= now - SENT_RETENTION)))


def _claim_next(session: Session, *, due_by: datetime, now: datetime) -> _Claimed | None:
    """Take one due mail by moving its next try ahead, before it is sent: two senders never hold the same one."""
    with writing(session):
        row = session.scalar(
            select(OutboxMail)
            .where(OutboxMail.sent_at.is_(None), OutboxMail.next_try_at <= due_by)
            .order_by(OutboxMail.next_try_at, OutboxMail.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if row is None:
            return None
        row.tries += 1
        row.next_try_at = now + min(LONGEST_WAIT, LEASE * 2 ** min(row.tries - 1, 8))
        return _Claimed(row.id, row.notice, row.recipient, row.message_id, row.facts)


def _mark_sent(session: Session, claimed: _Claimed, *, now: datetime) -> None:
    # What links and halves are made of is in the mail now, and here no longer.
    facts = {key: value for key, value in claimed.facts.items() if key not in ("links", "half_seed")}
    with writing(session):
        session.execute(update(OutboxMail).where(OutboxMail.id == claimed.id).values(sent_at=now, facts=facts))

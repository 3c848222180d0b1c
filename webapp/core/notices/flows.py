"""Mail that is owed to people: queued with the event, delivered later by whoever empties the outbox.

Knows neither wording nor transport: ``deliver_due`` is given a function that sends. A failed mail never undoes and
never delays what it tells of.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from webapp.core.database import EmployeeId, changed_rows, writing
from webapp.core.notices.tables import OutboxMail
from webapp.core.tokens import new_token
from webapp.core.visitor import Visitor

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""For how long one sender has a mail to itself; after a crash the next one takes it, with the same Message-ID."""

LONGEST_WAIT = timedelta(hours=1)
SENT_RETENTION = timedelta(days=30)


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


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to be sent now. *facts* are what its template needs; no secret, no code."""

    notice: Notice
    recipient: str
    message_id: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delivery:
    sent: int
    failed: int


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


def deliver_due(session: Session, send: Callable[[Mail], None], *, now: datetime) -> Delivery:
    """Send every mail that is due, each in its own transaction; one that fails waits longer each time.

    Whatever *send* raises for a mail is that mail's failure: one that can't be composed must not keep the others.
    """
    sent = failed = 0
    while (claimed := _claim_next(session, now=now)) is not None:
        mail_id, mail = claimed
        try:
            send(mail)
        except Exception as error:
            log.warning("mail %d (%s) failed: %s", mail_id, mail.notice, error.__class__.__name__)
            failed += 1
            continue
        # The seeds of links are in the mail now and nowhere else.
        facts = {key: value for key, value in mail.facts.items() if key != "links"}
        with writing(session):
            session.execute(update(OutboxMail).where(OutboxMail.id == mail_id).values(sent_at=now, facts=facts))
        sent += 1
    return Delivery(sent, failed)


def purge(session: Session, *, now: datetime) -> int:
    """Delete mail that was sent a month ago; how many."""
    with writing(session):
        return changed_rows(session.execute(delete(OutboxMail).where(OutboxMail.sent_at <= now - SENT_RETENTION)))


def _claim_next(session: Session, *, now: datetime) -> tuple[int, Mail] | None:
    """Take one due mail by moving its next try ahead, before it is sent: two senders never hold the same one."""
    with writing(session):
        row = session.scalar(
            select(OutboxMail)
            .where(OutboxMail.sent_at.is_(None), OutboxMail.next_try_at <= now)
            .order_by(OutboxMail.next_try_at, OutboxMail.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if row is None:
            return None
        row.tries += 1
        row.next_try_at = now + min(LONGEST_WAIT, LEASE * 2 ** min(row.tries - 1, 8))
        return row.id, Mail(Notice(row.notice), row.recipient, row.message_id, row.facts)

"""A person's open sessions as they see them: live, or waiting for the password.

Reads only. Part of the feature sessions.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.core.database import BrowserId, SessionId
from webapp.core.outcomes import Refusal, Refused
from webapp.core.sessions.flows import Limits, SignedIn, is_idle, is_open
from webapp.core.sessions.tables import LogInSession


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that goes on by itself, or, where it *is_idle*, once the password is given.

    *address* and *user_agent* are those of its log-in.
    """

    id: SessionId
    browser_id: BrowserId | None
    address: str
    user_agent: str
    started_at: datetime
    last_seen_at: datetime
    is_idle: bool


@dataclass(frozen=True, slots=True)
class OpenSessions:
    """The first of a person's open sessions, and how many there are in all."""

    rows: tuple[OpenSession, ...]
    total: int


def open_sessions(session: Session, me: SignedIn, *, most: int, limits: Limits, now: datetime) -> OpenSessions:
    """At most *most* of *me*'s open sessions: the one that asks, then those seen last. One statement."""
    found = session.execute(
        select(LogInSession, func.count().over())
        .where(
            LogInSession.employee_id == me.person.id,
            LogInSession.ended_at.is_(None),
            LogInSession.started_at > now - limits.lifetime,
            LogInSession.repair_pass_id.is_(None),  # no log-in yet; it ends with its pass
        )
        .order_by((LogInSession.id != me.session_id), LogInSession.last_seen_at.desc(), LogInSession.id.desc())
        .limit(most)
    ).all()
    return OpenSessions(tuple(_seen(row, limits, now) for row, _ in found), found[0][1] if found else 0)


def other(session: Session, me: SignedIn, which: SessionId, *, limits: Limits, now: datetime) -> OpenSession | Refused:
    """One of *me*'s other sessions. SESSION_UNKNOWN for anybody else's, for *me*'s own and for none;
    SESSION_ENDED_BEFORE where nothing is left to end."""
    row = session.scalar(select(LogInSession).where(LogInSession.id == which, LogInSession.employee_id == me.person.id))
    if row is None or row.id == me.session_id:
        return Refused(Refusal.SESSION_UNKNOWN)
    return _seen(row, limits, now) if is_open(row, limits, now) else Refused(Refusal.SESSION_ENDED_BEFORE)


def _seen(row: LogInSession, limits: Limits, now: datetime) -> OpenSession:
    return OpenSession(
        id=SessionId(row.id),
        browser_id=BrowserId(row.browser_id) if row.browser_id is not None else None,
        address=row.address,
        user_agent=row.user_agent,
        started_at=row.started_at,
        last_seen_at=row.last_seen_at,
        is_idle=is_idle(row, limits, now),
    )

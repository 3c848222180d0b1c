"""Known browsers: a budget of their own for guesses, and nothing else.

A browser that has completed a full log-in is remembered for 180 days, so that a stranger who knows the password
can't use up the owner's guesses. It lowers no requirement. Part of the feature sessions; joins its transactions.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from webapp.core.attempts import flows as attempts
from webapp.core.database import BrowserId, EmployeeId, changed_rows, writing
from webapp.core.sessions.tables import KnownBrowser
from webapp.core.tokens import new_token, token_hash
from webapp.core.visitor import Visitor

BROWSER_LIFE = timedelta(days=180)
MOST_PER_PERSON = 10
AT_ONCE = 500
"""So many ids at most in one statement: PostgreSQL takes 65,535."""


def recognise(session: Session, employee_id: EmployeeId, visitor: Visitor, *, now: datetime) -> BrowserId | None:
    """Which of this person's known browsers is asking, or None for any other, another person's included."""
    if visitor.browser_token is None:
        return None
    found = session.scalar(
        select(KnownBrowser.id).where(
            KnownBrowser.token_hash == token_hash(visitor.browser_token),
            KnownBrowser.employee_id == employee_id,
            KnownBrowser.last_log_in_at > now - BROWSER_LIFE,
        )
    )
    return BrowserId(found) if found is not None else None


def remember(
    session: Session, employee_id: EmployeeId, known: BrowserId | None, *, now: datetime
) -> tuple[BrowserId, str]:
    """The id and the new token of the browser that has just completed a log-in; *known* keeps its id."""
    with writing(session):
        token = new_token()
        if known is not None and _rotate(session, known, token, now=now):
            return known, token
        row = KnownBrowser(token_hash=token_hash(token), employee_id=employee_id, last_log_in_at=now)
        session.add(row)
        session.flush()
        _forget_oldest(session, employee_id)
        return BrowserId(row.id), token


def forget(session: Session, employee_id: EmployeeId, *, keep: BrowserId | None = None) -> None:
    """Void this person's known browsers, all but *keep*, with their guess budgets."""
    with writing(session):
        doomed = session.scalars(
            select(KnownBrowser.id).where(
                KnownBrowser.employee_id == employee_id, KnownBrowser.id != (keep if keep is not None else 0)
            )
        ).all()
        _forget(session, [BrowserId(browser_id) for browser_id in doomed])


def forget_one(session: Session, employee_id: EmployeeId, browser_id: BrowserId) -> None:
    """Void one of this person's known browsers, with its guess budgets."""
    with writing(session):
        is_theirs = KnownBrowser.id == browser_id, KnownBrowser.employee_id == employee_id
        _forget(session, [BrowserId(known) for known in session.scalars(select(KnownBrowser.id).where(*is_theirs))])


def purge(session: Session, *, now: datetime) -> int:
    """Forget browsers that nobody has logged in with for 180 days; how many."""
    with writing(session):
        old = session.scalars(select(KnownBrowser.id).where(KnownBrowser.last_log_in_at <= now - BROWSER_LIFE)).all()
        for at in range(0, len(old), AT_ONCE):
            _forget(session, [BrowserId(browser_id) for browser_id in old[at : at + AT_ONCE]])
        return len(old)


def _rotate(session: Session, browser_id: BrowserId, token: str, *, now: datetime) -> bool:
    rotated = session.execute(
        update(KnownBrowser)
        .where(KnownBrowser.id == browser_id)
        .values(token_hash=token_hash(token), last_log_in_at=now)
    )
    return changed_rows(rotated) == 1


def _forget_oldest(session: Session, employee_id: EmployeeId) -> None:
    too_many = session.scalars(
        select(KnownBrowser.id)
        .where(KnownBrowser.employee_id == employee_id)
        .order_by(KnownBrowser.last_log_in_at.desc(), KnownBrowser.id.desc())
        .offset(MOST_PER_PERSON)
    ).all()
    _forget(session, [BrowserId(browser_id) for browser_id in too_many])


def _forget(session: Session, browser_ids: list[BrowserId]) -> None:
    if browser_ids:
        session.execute(delete(KnownBrowser).where(KnownBrowser.id.in_(browser_ids)))
        attempts.forget_browsers(session, browser_ids)

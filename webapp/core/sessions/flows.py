"""Log-in sessions: begin one, find the person behind a token, prove again, end.

The cookie holds an opaque token and the row decides, so a copied cookie is dead once the row has ended. What has
to be shown before a session begins is the features' above.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record
from webapp.core.accounts.flows import Person
from webapp.core.attempts.rules import GuessKind
from webapp.core.audit import flows as audit
from webapp.core.audit.rules import EventKind
from webapp.core.cases import flows as cases
from webapp.core.cases.rules import CaseKind
from webapp.core.database import BrowserId, EmployeeId, RepairPassId, SessionId, changed_rows, writing
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.factors.totp import flows as totp
from webapp.core.outcomes import Refusal, Refused
from webapp.core.repairs import flows as repairs
from webapp.core.sealing import Keyring
from webapp.core.sessions import browsers
from webapp.core.sessions.tables import LogInSession
from webapp.core.tokens import new_token, token_hash
from webapp.core.visitor import Visitor

PROOF_LIFE = timedelta(minutes=10)
"""For how long a log-in or a password confirmation is recent enough to change a factor (ASVS 7.5.1)."""

CODE_PROOF_LIFE = timedelta(minutes=60)
"""For how long a code that was shown is recent enough for the pages of Support."""

LAST_CODE_LIFE = timedelta(minutes=10)
"""For how long a log-in by the last backup code stands in for the code that a change takes."""

REPAIR = "repair"
"""The factor of a log-in that a repair pass led to, beside those of GuessKind."""

SEEN_EVERY = timedelta(minutes=1)
ENDED_RETENTION = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session may live: without a request, and at all (NIST SP 800-63B-4 §2.2.3)."""

    idle: timedelta
    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class Started:
    """A session that has begun, with the raw tokens for the two cookies.

    *in_new_browser*: the person has logged in before, and never, as far as is known, in this browser.
    """

    session_id: SessionId
    token: str
    browser_token: str
    in_new_browser: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person behind a token, and what their session is good for. *is_on*: two-factor authentication, when asked.

    With a *repair_pass_id* it replaces the app and opens nothing else, as long as that pass does: *repair_until* then.
    *case_kind* where a case of Support is open about them: every page of theirs says so.
    """

    session_id: SessionId
    person: Person
    csrf_secret: str
    browser_id: BrowserId | None
    started_at: datetime
    proved_at: datetime
    code_proved_at: datetime | None
    last_seen_at: datetime
    last_code_counts_until: datetime | None
    repair_pass_id: RepairPassId | None
    repair_until: datetime | None
    is_on: bool
    case_kind: CaseKind | None

    @property
    def repairs(self) -> bool:
        return self.repair_pass_id is not None

    def is_recently_proved(self, now: datetime) -> bool:
        return now < self.proved_at + PROOF_LIFE

    def is_recently_proved_by_code(self, now: datetime) -> bool:
        """Whether a code or a backup code was shown in the last hour, of a factor that is still on."""
        return self.code_proved_at is not None and now < self.code_proved_at + CODE_PROOF_LIFE

    def last_code_counts(self, now: datetime) -> bool:
        """Whether the log-in by the last backup code still stands in for a code."""
        return self.last_code_counts_until is not None and now < self.last_code_counts_until


def start(
    session: Session,
    person: Person,
    *,
    browser: BrowserId | None,
    factor: str,
    used_last_code: bool = False,
    now: datetime,
    visitor: Visitor,
) -> Started:
    """Begin a session after everything that is required was shown. Joins the caller's transaction."""
    with writing(session):
        browser_id, browser_token = browsers.remember(session, person.id, browser, now=now)
        in_new_browser = browser_id != browser and audit.has_happened(session, person.id, EventKind.LOGGED_IN)
        row, token = _new_row(person, browser_id, factor, now=now, visitor=visitor)
        row.code_proved_at = now if factor in (GuessKind.TOTP, GuessKind.BACKUP_CODE) else None
        row.last_code_counts_until = now + LAST_CODE_LIFE if used_last_code else None
        session.add(row)
        session.flush()
        record(session, EventKind.LOGGED_IN, person, now=now, visitor=visitor, factor=factor)
        return Started(SessionId(row.id), token, browser_token, in_new_browser)


def start_repair(
    session: Session, person: Person, repair_pass_id: RepairPassId, *, now: datetime, visitor: Visitor
) -> str:
    """Begin a session that replaces the app and opens nothing else, in place of an earlier one; its raw token.

    It is no log-in yet: no browser is known for it. Joins the caller's transaction, under the person's lock.
    """
    with writing(session):
        earlier = (LogInSession.employee_id == person.id) & LogInSession.repair_pass_id.is_not(None)
        _end(session, earlier, reason="entered_again", now=now)
        row, token = _new_row(person, None, REPAIR, now=now, visitor=visitor)
        row.repair_pass_id = repair_pass_id
        session.add(row)
        return token


def complete_repair(session: Session, me: SignedIn, *, now: datetime, visitor: Visitor) -> None:
    """Make *me*'s session a full one: the app is replaced. Joins that transaction."""
    with writing(session):
        session.execute(update(LogInSession).where(LogInSession.id == me.session_id).values(repair_pass_id=None))
        record(session, EventKind.LOGGED_IN, me.person, now=now, visitor=visitor, factor=REPAIR)


def find(session: Session, token: str, *, limits: Limits, now: datetime) -> SignedIn | None:
    """Who is logged in with *token*, or None: unknown, ended, idle too long, too old, or no longer active."""
    found = accounts.with_owner_and(
        session,
        LogInSession,
        [totp.is_on(LogInSession.employee_id), cases.kind_about(LogInSession.employee_id)],
        owner_id=LogInSession.employee_id,
        where=LogInSession.token_hash == token_hash(token),
    )
    if found is None:
        return None
    row, person, (is_on, case_kind) = found
    if not _is_live(row, limits, now) or not person.is_active:
        return None
    repair_id = RepairPassId(row.repair_pass_id) if row.repair_pass_id is not None else None
    until = repairs.opens_until(session, repair_id, entered_at=row.started_at, now=now) if repair_id else None
    if repair_id is not None and until is None:
        return None
    return SignedIn(
        session_id=SessionId(row.id),
        person=person,
        csrf_secret=row.csrf_secret,
        browser_id=BrowserId(row.browser_id) if row.browser_id is not None else None,
        started_at=row.started_at,
        proved_at=row.proved_at,
        code_proved_at=row.code_proved_at,
        last_seen_at=row.last_seen_at,
        last_code_counts_until=row.last_code_counts_until,
        repair_pass_id=repair_id,
        repair_until=until,
        is_on=bool(is_on),
        case_kind=CaseKind(case_kind) if case_kind else None,
    )


def still_open(session: Session, me: SignedIn) -> Refused | None:
    """SESSION_OVER where *me*'s session ended since it was found. Call it under the person's lock.

    And where it only replaces the app: for whatever asks this it counts as none.
    """
    mine = LogInSession.id == me.session_id, LogInSession.ended_at.is_(None)
    query = select(LogInSession.id).where(*mine, LogInSession.repair_pass_id.is_(None))
    return Refused(Refusal.SESSION_OVER) if session.scalar(query) is None else None


def repairs_still(session: Session, me: SignedIn, *, now: datetime) -> Refused | None:
    """SESSION_OVER where *me*'s session may not replace the app by a pass. Call it under the person's lock."""
    mine = LogInSession.id == me.session_id, LogInSession.ended_at.is_(None)
    row = session.execute(select(LogInSession.repair_pass_id, LogInSession.started_at).where(*mine)).one_or_none()
    repair_id = RepairPassId(row[0]) if row and row[0] is not None else None
    if row is None or repair_id is None:
        return Refused(Refusal.SESSION_OVER)
    until = repairs.opens_until(session, repair_id, entered_at=row[1], now=now)
    return None if until is not None else Refused(Refusal.SESSION_OVER)


def still_there(session: Session, me: SignedIn, *, now: datetime) -> Refused | None:
    """SESSION_OVER where neither still_open() nor repairs_still() holds: for what both kinds of session may."""
    return still_open(session, me) and repairs_still(session, me, now=now)


def touch(session: Session, me: SignedIn, *, now: datetime) -> None:
    """Note that *me* was here, at most once a minute."""
    if now - me.last_seen_at < SEEN_EVERY:
        return
    with writing(session):
        session.execute(update(LogInSession).where(LogInSession.id == me.session_id).values(last_seen_at=now))


def renew(session: Session, keyring: Keyring, me: SignedIn, *, token: str, now: datetime) -> str:
    """A new token for *me*'s session after the password was confirmed; the old one is dead (ASVS 7.2.4)."""
    return _renew(session, keyring, me, token, now=now, proved_at=now)


def renew_by_code(session: Session, keyring: Keyring, me: SignedIn, *, token: str, now: datetime) -> str:
    """The same after a code was confirmed. It says nothing of the password, which may be somebody else's by now."""
    return _renew(session, keyring, me, token, now=now, code_proved_at=now)


def forget_code(session: Session, me: SignedIn) -> None:
    """The code that *me*'s session has shown counts no more: its factor is gone. Joins the caller's transaction."""
    with writing(session):
        session.execute(update(LogInSession).where(LogInSession.id == me.session_id).values(code_proved_at=None))


def can_resume(session: Session, token: str, *, limits: Limits, now: datetime) -> bool:
    """Whether *token* is that of a session which only waited too long, for a page that says what is enough to go on."""
    return _idle(session, token, limits=limits, now=now) is not None


def resume(
    session: Session, keyring: Keyring, person: Person, token: str, *, limits: Limits, now: datetime, visitor: Visitor
) -> str | None:
    """The new token of *person*'s idle session, or None where *token* is not that of one; the old token is dead.

    The caller has just been shown the password. The session's day is not lengthened, and nothing counts as proved
    anew (NIST SP 800-63B-4 §2.2.3). Joins the caller's transaction, under the person's lock.
    """
    with writing(session):
        row = _idle(session, token, limits=limits, now=now)
        if row is None or row.employee_id != person.id:
            return None
        fresh = new_token()
        row.token_hash, row.last_seen_at = token_hash(fresh), now
        backup_codes.reseal_shown(session, keyring, session_id=SessionId(row.id), old_token=token, token=fresh)
        record(session, EventKind.SESSION_RESUMED, person, now=now, visitor=visitor)
        return fresh


def give_up(session: Session, token: str, *, now: datetime, visitor: Visitor) -> None:
    """End what *token* could still resume: its browser logs out, or goes on as somebody else."""
    with writing(session):
        row = _of_token(session, token)
        person = accounts.by_id(session, EmployeeId(row.employee_id)) if row else None
        if row is None or person is None or row.ended_at is not None:
            return
        _end(session, LogInSession.id == row.id, reason="given_up", now=now)
        backup_codes.hide(session, SessionId(row.id))
        record(session, EventKind.LOGGED_OUT, person, now=now, visitor=visitor)


def log_out(session: Session, me: SignedIn, *, now: datetime, visitor: Visitor) -> None:
    """End *me*'s session; what it could still be shown is deleted."""
    with writing(session):
        accounts.lock(session, me.person.id)  # codes made by another tab at this instant are there to delete, or never
        _end(session, LogInSession.id == me.session_id, reason="logged_out", now=now)
        backup_codes.hide(session, me.session_id)
        record(session, EventKind.LOGGED_OUT, me.person, now=now, visitor=visitor)


def end_one(
    session: Session, person: Person, which: SessionId, *, reason: str, now: datetime, visitor: Visitor
) -> None:
    """End one session of this person's, and note it. Joins the caller's transaction, under the person's lock."""
    with writing(session):
        if _end(session, (LogInSession.employee_id == person.id) & (LogInSession.id == which), reason=reason, now=now):
            backup_codes.hide(session, which)
            record(session, EventKind.OTHER_SESSIONS_ENDED, person, now=now, visitor=visitor, details={"count": 1})


def end_all(
    session: Session,
    person: Person,
    *,
    keep: SessionId | None = None,
    reason: str,
    now: datetime,
    visitor: Visitor,
) -> int:
    """End this person's sessions, all but *keep*, and note how many. Joins the caller's transaction."""
    with writing(session):
        others = (LogInSession.employee_id == person.id) & (LogInSession.id != (keep if keep is not None else 0))
        count = _end(session, others, reason=reason, now=now)
        backup_codes.hide_all(session, person.id, keep=keep)
        if count:
            record(session, EventKind.OTHER_SESSIONS_ENDED, person, now=now, visitor=visitor, details={"count": count})
        return count


def purge(session: Session, *, limits: Limits, now: datetime) -> int:
    """Delete sessions that ended, or could not be used any more, a month ago; how many."""
    with writing(session):
        old = now - ENDED_RETENTION
        gone = session.execute(
            delete(LogInSession).where(
                or_(LogInSession.ended_at <= old, LogInSession.started_at <= old - limits.lifetime)
            )
        )
        return changed_rows(gone)


def is_open(row: LogInSession, limits: Limits, now: datetime) -> bool:
    """Whether the session is live, or would be once its password was given."""
    return row.ended_at is None and now < row.started_at + limits.lifetime


def is_idle(row: LogInSession, limits: Limits, now: datetime) -> bool:
    """Whether nobody has been there for so long that the password is asked for."""
    return now >= row.last_seen_at + limits.idle


def _renew(session: Session, keyring: Keyring, me: SignedIn, token: str, *, now: datetime, **proved: datetime) -> str:
    with writing(session):
        fresh = new_token()
        session.execute(
            update(LogInSession)
            .where(LogInSession.id == me.session_id, LogInSession.ended_at.is_(None))
            .values(token_hash=token_hash(fresh), last_seen_at=now, **proved)
        )
        backup_codes.reseal_shown(session, keyring, session_id=me.session_id, old_token=token, token=fresh)
        return fresh


def _idle(session: Session, token: str, *, limits: Limits, now: datetime) -> LogInSession | None:
    """The session of *token* where nothing but the pause keeps it from being live; never one that replaces the app."""
    row = _of_token(session, token)
    if row is None or row.repair_pass_id is not None or not is_open(row, limits, now):
        return None
    return row if is_idle(row, limits, now) else None


def _of_token(session: Session, token: str) -> LogInSession | None:
    return session.scalar(select(LogInSession).where(LogInSession.token_hash == token_hash(token)))


def _is_live(row: LogInSession, limits: Limits, now: datetime) -> bool:
    return is_open(row, limits, now) and not is_idle(row, limits, now)


def _new_row(
    person: Person, browser_id: BrowserId | None, factor: str, *, now: datetime, visitor: Visitor
) -> tuple[LogInSession, str]:
    """A session that begins now, and its raw token."""
    token = new_token()
    row = LogInSession(
        token_hash=token_hash(token),
        csrf_secret=new_token(),
        employee_id=person.id,
        browser_id=browser_id,
        factor=factor,
        address=visitor.address[:64],
        user_agent=visitor.user_agent[:256],
        started_at=now,
        proved_at=now,
        code_proved_at=None,
        last_seen_at=now,
        last_code_counts_until=None,
        ended_at=None,
    )
    return row, token


def _end(session: Session, which: ColumnElement[bool], *, reason: str, now: datetime) -> int:
    """End the open ones among *which*; how many. One statement, however many there are."""
    ended = session.execute(
        update(LogInSession).where(which, LogInSession.ended_at.is_(None)).values(ended_at=now, end_reason=reason)
    )
    return changed_rows(ended)

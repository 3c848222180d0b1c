"""Log-in: the password, and what stands between it and a session.

``pass_password`` resumes an idle session, or ends in a new one where no second factor is on, else in a challenge of
this browser, which lives ten minutes and is answered once. Several browsers may stand half-way for one person; one's
success leaves the others' challenges. Identity comes from the challenge alone, never from the request that answers it
(case D-02).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import has_been_told, record, tell
from webapp.core.accounts.flows import Person
from webapp.core.attempts.rules import GuessKind
from webapp.core.audit.rules import EventKind
from webapp.core.cases import flows as cases
from webapp.core.cases.rules import By
from webapp.core.challenge.tables import Challenge
from webapp.core.database import BrowserId, EmployeeId, SessionId, changed_rows, writing
from webapp.core.factors.backup_codes.rules import FEW
from webapp.core.factors.totp import flows as totp
from webapp.core.freezes import flows as freezes
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.passwords import flows as passwords
from webapp.core.policy.rules import wipe_is_over
from webapp.core.proof import flows as proof
from webapp.core.proof.flows import Asked, Proof
from webapp.core.proof.rules import Entry
from webapp.core.repairs import flows as repairs
from webapp.core.sealing import Keyring
from webapp.core.sessions import browsers
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import Limits, Started
from webapp.core.tokens import new_token, token_hash
from webapp.core.visitor import Visitor

CHALLENGE_LIFE = timedelta(minutes=10)

WARNED_EVERY = timedelta(hours=1)
"""One mail at most in that time tells a person of wrong codes: whoever has the password can't flood the mailbox."""


@dataclass(frozen=True, slots=True)
class HalfWay:
    """The password was right; *token* of the challenge for the cookie. *must_lift*: a freeze comes first.

    *needs_repair*: a freeze leaves no other way than the pass that Support gave.
    """

    token: str
    person: Person
    must_lift: bool
    needs_repair: bool


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The log-in is complete. *codes_left* after a backup code, else None; *next_path* asked for at its start."""

    started: Started
    next_path: str
    codes_left: int | None = None


@dataclass(frozen=True, slots=True)
class Resumed:
    """A session that had only waited too long goes on under a new *token*."""

    token: str
    next_path: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A challenge that waits for its answer."""

    id: int
    person: Person
    next_path: str


def pass_password(
    session: Session,
    keyring: Keyring,
    email: str,
    password: str,
    *,
    next_path: str,
    idle_token: str | None = None,
    limits: Limits,
    rounds: int,
    now: datetime,
    visitor: Visitor,
) -> Accepted[HalfWay | LoggedIn | Resumed] | Refused:
    """Judge e-mail and password. Refuses with TOO_MANY or WRONG_PASSWORD, alike for addresses nobody has.

    With FROZEN, after a right password only, where nothing that is trusted could complete the log-in, and there is no
    repair pass; WIPE_OVER, so too, where the day is over in which the password alone leads to another second factor
    after Support took it away.

    *idle_token* is what this browser has of a session that waited too long: where it is the same person's, the
    password alone resumes it, whatever second factor is on. Anybody else's ends.
    """
    browser = _browser_of(session, email, now=now, visitor=visitor)
    check = passwords.begin_check(session, keyring, email, browser=browser, rounds=rounds, now=now, visitor=visitor)
    if isinstance(check, Refused):
        return check
    right = passwords.judge(check, password)
    if right is None:
        return passwords.refuse(session, check, now=now, visitor=visitor)
    with writing(session):
        person = accounts.locked(session, right.person.id)  # deactivated while the hash was computed, perhaps
        if person is None or not person.is_active:
            return passwords.refuse(session, check, now=now, visitor=visitor)
        if not passwords.settle(session, keyring, right, now=now, visitor=visitor):
            return passwords.refuse(session, check, now=now, visitor=visitor)
        is_on = totp.state(session, person.id) is not None
        if not is_on and wipe_is_over(person.wiped_at, now=now):  # a session of that day is not resumed either
            record(session, EventKind.LOGGED_IN, person, now=now, visitor=visitor, refusal=Refusal.WIPE_OVER)
            return Refused(Refusal.WIPE_OVER)
        if idle_token is not None:
            token = sessions.resume(session, keyring, person, idle_token, limits=limits, now=now, visitor=visitor)
            if token is not None:
                return Accepted(Resumed(token, next_path))
            sessions.give_up(session, idle_token, now=now, visitor=visitor)
        is_out = is_frozen_out(session, person.id, is_on=is_on)
        needs_repair = is_out and is_on and repairs.live(session, person.id, now=now) is not None
        if is_out and not needs_repair:
            record(session, EventKind.LOGGED_IN, person, now=now, visitor=visitor, refusal=Refusal.FROZEN)
            return Refused(Refusal.FROZEN)
        if is_on:
            token = _challenge(session, person, next_path=next_path, now=now)
            return Accepted(HalfWay(token, person, must_lift(session, person.id), needs_repair))
        passwords.forget_guesses(session, keyring, person.email, browser=browser)
        started = sessions.start(session, person, browser=browser, factor="password", now=now, visitor=visitor)
        if started.in_new_browser:
            tell(session, Notice.NEW_BROWSER, person, now=now, visitor=visitor)
        return Accepted(LoggedIn(started, next_path))


def find(session: Session, token: str, *, now: datetime) -> Waiting | None:
    """The live challenge of *token*, or None: unknown, answered, ended, older than ten minutes."""
    found = accounts.with_owner(
        session,
        Challenge,
        owner_id=Challenge.employee_id,
        where=(Challenge.token_hash == token_hash(token)) & (Challenge.made_at > now - CHALLENGE_LIFE),
    )
    if found is None:
        return None
    row, person = found
    return Waiting(row.id, person, row.next_path) if person.is_active else None


def must_lift(session: Session, employee_id: EmployeeId) -> bool:
    """Whether a freeze has to be lifted before anybody logs in with this person's password: it was set since."""
    since = freezes.trusted_before(session, employee_id)
    return since is not None and passwords.is_set_since(session, employee_id, since)


def is_frozen_out(session: Session, employee_id: EmployeeId, *, is_on: bool) -> bool:
    """Whether a freeze leaves no way to log in but through Support: no factor of the time before counts.

    *is_on*: whether two-factor authentication is. Where it is off a password of the time before is enough, as ever.
    """
    if freezes.trusted_before(session, employee_id) is None:
        return False
    return not proof.can_be_given(session, employee_id) if is_on else must_lift(session, employee_id)


def answer(
    session: Session,
    keyring: Keyring,
    waiting: Waiting,
    entry: Entry | None,
    *,
    lift: Callable[[], None] | None = None,
    now: datetime,
    visitor: Visitor,
) -> Accepted[LoggedIn] | Refused:
    """Judge the answer to a challenge; where it is right, the log-in is complete and the challenge is gone.

    *lift* ends a freeze in the same transaction; without it a password set since the disputed event logs nobody in.
    Refuses with CHALLENGE_OVER, FROZEN, MALFORMED (*entry* None), or as proof.prove() does.
    """
    asked = question(session, waiting, lifts=lift is not None, now=now, visitor=visitor)
    if entry is None:
        return proof.refuse_malformed(session, asked, now=now)

    def log_in(shown: Proof, _: None) -> LoggedIn:
        if lift is not None:
            lift()
        # As they are now: a lift may have taken an address back, and a mail to it would hold a link to this account.
        person = accounts.by_id(session, waiting.person.id) or waiting.person
        # Whoever has a second factor needs no Support: somebody else may be asking in their name.
        cases.stop(session, person, by=By.LOG_IN, now=now, visitor=visitor)
        session.execute(delete(Challenge).where(Challenge.id == waiting.id))
        # Whoever has a factor needs no pass: somebody else asked for it, or could still find it.
        repairs.void(session, person, reason="logged_in", now=now, visitor=visitor)
        passwords.forget_guesses(session, keyring, person.email, browser=asked.browser)
        started = sessions.start(
            session,
            person,
            browser=asked.browser,
            factor=shown.factor,
            used_last_code=shown.codes_left == 0,
            now=now,
            visitor=visitor,
        )
        if shown.factor is GuessKind.BACKUP_CODE:
            left = shown.codes_left or 0
            notice = Notice.BACKUP_CODES_LOW if left <= FEW else Notice.BACKUP_CODE_USED
            tell(session, notice, person, now=now, visitor=visitor, codes_left=left)
        elif started.in_new_browser:
            tell(session, Notice.NEW_BROWSER, person, now=now, visitor=visitor)
        return LoggedIn(started, waiting.next_path, shown.codes_left)

    return proof.prove(session, keyring, asked, entry, now=now, then=log_in)


def question(
    session: Session, waiting: Waiting, *, lifts: bool = False, now: datetime, visitor: Visitor
) -> Asked[None]:
    """What a half-way browser is asked, for the log-in or also to lift a freeze.

    The budget is that of the browser cookie shown now.
    """

    def still_open() -> Refused | None:
        is_frozen = not lifts and must_lift(session, waiting.person.id)
        return still_waits(session, waiting) or (Refused(Refusal.FROZEN) if is_frozen else None)

    def warn_of_five() -> None:
        warn(session, waiting, now=now, visitor=visitor)

    browser = browsers.recognise(session, waiting.person.id, visitor, now=now)
    purpose = "lift" if lifts else "log-in"
    return Asked(waiting.person, browser, visitor, purpose, still_open, proof.nothing, at_five=warn_of_five)


def still_waits(session: Session, waiting: Waiting) -> Refused | None:
    """CHALLENGE_OVER where *waiting* was answered or ended since it was found. Call it under the person's lock."""
    is_there = session.scalar(select(Challenge.id).where(Challenge.id == waiting.id)) is not None
    return None if is_there else Refused(Refusal.CHALLENGE_OVER)


def warn(session: Session, waiting: Waiting, *, now: datetime, visitor: Visitor) -> None:
    """Tell the person that somebody knows the password and guesses at what comes after it; once an hour at most."""
    if not has_been_told(session, Notice.WRONG_CODES, waiting.person, since=now - WARNED_EVERY):
        tell(session, Notice.WRONG_CODES, waiting.person, now=now, visitor=visitor)


def end(session: Session, token: str) -> None:
    """End one browser's half-way log-in: it logs out, or begins again."""
    with writing(session):
        session.execute(delete(Challenge).where(Challenge.token_hash == token_hash(token)))


def end_log_ins(
    session: Session,
    person: Person,
    *,
    keep: SessionId | None = None,
    reason: str,
    now: datetime,
    visitor: Visitor,
) -> int:
    """End whatever this person's log-ins have led to, for what they were shown counts no more: how many sessions.

    All sessions but *keep*, and every half-way log-in. Joins the caller's transaction, under the person's lock.
    """
    with writing(session):
        session.execute(delete(Challenge).where(Challenge.employee_id == person.id))
        return sessions.end_all(session, person, keep=keep, reason=reason, now=now, visitor=visitor)


def purge(session: Session, *, now: datetime) -> int:
    """Delete challenges that nobody can answer any more; how many."""
    with writing(session):
        return changed_rows(session.execute(delete(Challenge).where(Challenge.made_at <= now - CHALLENGE_LIFE)))


def _browser_of(session: Session, email: str, *, now: datetime, visitor: Visitor) -> BrowserId | None:
    """The known browser that is asking, where it is known for the person whose address was typed."""
    person = passwords.person_at(session, email)
    return browsers.recognise(session, person.id if person else EmployeeId(0), visitor, now=now)


def _challenge(session: Session, person: Person, *, next_path: str, now: datetime) -> str:
    token = new_token()
    session.add(
        Challenge(
            token_hash=token_hash(token),
            employee_id=person.id,
            next_path=next_path,
            made_at=now,
        )
    )
    return token

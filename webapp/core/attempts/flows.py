"""Counting guesses before they are judged (security case D-22), for each person, kind and browser budget.

The counters live in the database and nowhere else: in a cookie they could be rolled back, in a cache they could
be lost. Whoever charges holds the write lock; a right answer is refunded in the transaction that accepts it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.core.attempts.rules import (
    CLOSING_KINDS,
    LONGEST_WINDOW_S,
    GuessKind,
    blocked_until,
    guesses_before_closing,
    guesses_left,
    kept,
    pause_ahead_s,
)
from webapp.core.attempts.tables import UNKNOWN_BROWSERS, GuessBudget
from webapp.core.database import BrowserId, EmployeeId, changed_rows, writing
from webapp.core.outcomes import Refusal, Refused


@dataclass(frozen=True, slots=True)
class Guesser:
    """Whose budget pays: *subject* guessed at, by a known *browser* of that person or by unknown ones (None)."""

    subject: str
    browser: BrowserId | None = None

    @classmethod
    def at_employee(cls, employee_id: EmployeeId, browser: BrowserId | None) -> "Guesser":
        return cls(f"employee:{employee_id}", browser)

    @classmethod
    def at_address(cls, fingerprint: str, browser: BrowserId | None) -> "Guesser":
        return cls(f"address:{fingerprint}", browser)


@dataclass(frozen=True, slots=True)
class Charge:
    """A guess that has been counted, one of *in_a_row*. *left* more before the pause that ends at *retry_at*, or before
    the factor is closed, which no pause ends: *retry_at* None and *pause_minutes* 0.
    """

    budget_id: int
    at_s: int
    in_a_row: int
    left: int
    retry_at: datetime | None
    pause_minutes: int

    def refused(self, reason: Refusal, *, minutes: int | None = None) -> Refused:
        """The refusal of the guess that was paid for, with what is left and the pause that is or comes."""
        return Refused(
            reason, left=self.left, retry_at=self.retry_at, pause_minutes=self.pause_minutes, minutes=minutes
        )


def charge(session: Session, guesser: Guesser, kind: GuessKind, *, now: datetime) -> Charge | Refused:
    """Count one guess as failed, or refuse with TOO_MANY or CLOSED. Joins or makes a write transaction."""
    now_s = int(now.timestamp())
    with writing(session):
        budget = _locked_budget(session, guesser, kind, now=now)
        refused = _blocked(budget, now_s)
        if refused:
            return refused
        budget.failures += 1
        budget.charged_at = now
        budget.recent = kept(sorted([*budget.recent, now_s]), now_s)  # a clock may have been set back
        left, before_closing = guesses_left(budget.recent, now_s), guesses_before_closing(kind, budget.failures)
        if before_closing is not None and before_closing <= left:
            return Charge(budget.id, now_s, budget.failures, before_closing, None, 0)
        opens_s = blocked_until(budget.recent, now_s)
        opens_at = datetime.fromtimestamp(opens_s, UTC) if opens_s else None
        pause_minutes = -(-pause_ahead_s(budget.recent, now_s) // 60)
        return Charge(budget.id, now_s, budget.failures, left, opens_at, pause_minutes)


def refund(session: Session, paid: Charge) -> None:
    """Take back one charge: the answer was right, or a replay of a right one."""
    with writing(session):
        budget = session.scalar(select(GuessBudget).where(GuessBudget.id == paid.budget_id).with_for_update())
        if budget is None:  # emptied meanwhile by a success elsewhere
            return
        budget.failures = max(0, budget.failures - 1)
        remaining = list(budget.recent)
        if paid.at_s in remaining:
            remaining.remove(paid.at_s)
        budget.recent = remaining


def refusal(session: Session, guesser: Guesser, kind: GuessKind, *, now: datetime) -> Refused | None:
    """Whether a guess would be refused now; counts nothing."""
    budget = session.scalar(_one_budget(guesser, kind))
    return _blocked(budget, int(now.timestamp())) if budget else None


def empty(session: Session, guesser: Guesser, kinds: Collection[GuessKind]) -> None:
    """Forget the failures of one budget for these *kinds*."""
    with writing(session):
        session.execute(
            delete(GuessBudget).where(
                GuessBudget.subject == guesser.subject,
                GuessBudget.kind.in_(kinds),
                GuessBudget.browser_id == (guesser.browser or UNKNOWN_BROWSERS),
            )
        )


def empty_all(session: Session, employee_id: EmployeeId, kinds: Collection[GuessKind]) -> None:
    """Forget the failures at one person for these *kinds*, by whatever browser: after a reset."""
    with writing(session):
        subject = Guesser.at_employee(employee_id, None).subject
        session.execute(delete(GuessBudget).where(GuessBudget.subject == subject, GuessBudget.kind.in_(kinds)))


def forget_browsers(session: Session, browser_ids: Collection[BrowserId]) -> None:
    """Drop the budgets of browsers that are known no more."""
    with writing(session):
        session.execute(delete(GuessBudget).where(GuessBudget.browser_id.in_(browser_ids)))


def purge(session: Session, *, now: datetime) -> int:
    """Delete counters that can't delay anybody any more; how many. Those that close a factor stay until emptied."""
    longest = timedelta(seconds=LONGEST_WINDOW_S)
    with writing(session):
        stale = delete(GuessBudget).where(
            GuessBudget.charged_at <= now - longest, GuessBudget.kind.not_in(CLOSING_KINDS)
        )
        return changed_rows(session.execute(stale))


def _locked_budget(session: Session, guesser: Guesser, kind: GuessKind, *, now: datetime) -> GuessBudget:
    """The budget's row, made where missing, locked until the transaction ends."""
    query = _one_budget(guesser, kind).with_for_update()
    budget = session.scalar(query)
    while budget is None:
        browser_id = guesser.browser or UNKNOWN_BROWSERS
        budget = GuessBudget(
            subject=guesser.subject, kind=kind, browser_id=browser_id, failures=0, recent=[], charged_at=now
        )
        try:
            with session.begin_nested():
                session.add(budget)
        except IntegrityError:
            # Another transaction made it between the look and the insert; this look waits for its lock, and finds
            # nothing where a success has emptied the budget by then.
            budget = session.scalar(query)
    return budget


def _one_budget(guesser: Guesser, kind: GuessKind) -> Select[GuessBudget]:
    return select(GuessBudget).where(
        GuessBudget.subject == guesser.subject,
        GuessBudget.kind == kind,
        GuessBudget.browser_id == (guesser.browser or UNKNOWN_BROWSERS),
    )


def _blocked(budget: GuessBudget, now_s: int) -> Refused | None:
    if guesses_before_closing(GuessKind(budget.kind), budget.failures) == 0:
        return Refused(Refusal.CLOSED)
    opens_s = blocked_until(budget.recent, now_s)
    return Refused(Refusal.TOO_MANY, retry_at=datetime.fromtimestamp(opens_s, UTC)) if opens_s else None

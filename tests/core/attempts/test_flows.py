"""Counting guesses, against real databases."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.core.people import Clock
from tests.core.stored import count, dump
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.flows import Charge, Guesser
from webapp.core.attempts.rules import GuessKind
from webapp.core.database import BrowserId, EmployeeId
from webapp.core.outcomes import Refusal, Refused

STRANGERS = Guesser.at_employee(EmployeeId(7), None)
KNOWN = Guesser.at_employee(EmployeeId(7), BrowserId(3))
TOTP = GuessKind.TOTP


def fail(session: Session, clock: Clock, times: int, *, guesser: Guesser = STRANGERS, kind: GuessKind = TOTP) -> None:
    for _ in range(times):
        assert isinstance(attempts.charge(session, guesser, kind, now=clock.now), Charge)


def fail_slowly(session: Session, clock: Clock, times: int, *, kind: GuessKind = TOTP) -> None:
    """Four at a time, then a day: no window is ever full."""
    for at in range(times):
        fail(session, clock, 1, kind=kind)
        if at % 4 == 3:
            clock.move(days=1, seconds=1)
    clock.move(days=1, seconds=1)


def test_a_pause_begins_after_five_and_ends_when_it_said(session: Session, clock: Clock) -> None:
    """The fifth charge names the time; the sixth is refused with it; then it goes on."""
    fail(session, clock, 4)
    fifth = attempts.charge(session, STRANGERS, TOTP, now=clock.now)
    assert isinstance(fifth, Charge)

    sixth = attempts.charge(session, STRANGERS, TOTP, now=clock.now)

    assert isinstance(sixth, Refused)
    assert Refusal.TOO_MANY is sixth.reason
    assert 0 == fifth.left
    assert fifth.retry_at == sixth.retry_at == attempts.refusal(session, STRANGERS, TOTP, now=clock.now).retry_at
    clock.move(seconds=299)
    assert isinstance(attempts.charge(session, STRANGERS, TOTP, now=clock.now), Refused)
    clock.now = sixth.retry_at
    assert isinstance(attempts.charge(session, STRANGERS, TOTP, now=clock.now), Charge)


def test_a_refused_guess_does_not_lengthen_the_pause(session: Session, clock: Clock) -> None:
    """Whoever keeps trying is let in at the time that was named."""
    fail(session, clock, 5)
    first = attempts.charge(session, STRANGERS, TOTP, now=clock.now)
    clock.move(seconds=200)

    later = attempts.charge(session, STRANGERS, TOTP, now=clock.now)

    assert isinstance(first, Refused)
    assert first == later


def test_twenty_an_hour_and_fifty_a_day(session: Session, clock: Clock) -> None:
    """Guessing at full speed for a day gives fifty guesses."""
    judged = 0
    for _ in range(24 * 30):
        judged += isinstance(attempts.charge(session, STRANGERS, TOTP, now=clock.now), Charge)
        if clock.now.minute == 58 and clock.now.hour == 9:
            assert 20 == judged
        clock.move(minutes=2)

    assert 50 == judged


def test_counters_are_apart_for_person_kind_and_browser(session: Session, clock: Clock) -> None:
    """Nobody uses up another's budget."""
    fail(session, clock, 5)

    others = [
        attempts.charge(session, KNOWN, TOTP, now=clock.now),
        attempts.charge(session, STRANGERS, GuessKind.BACKUP_CODE, now=clock.now),
        attempts.charge(session, STRANGERS, GuessKind.SETUP, now=clock.now),
        attempts.charge(session, Guesser.at_employee(EmployeeId(77), None), TOTP, now=clock.now),
        attempts.charge(session, Guesser.at_address("7", None), TOTP, now=clock.now),
    ]

    assert all(isinstance(other, Charge) and other.left == 4 for other in others)


@pytest.mark.parametrize("kind", [TOTP, GuessKind.BACKUP_CODE])
def test_a_factor_is_closed_at_a_hundred_failures_in_a_row(session: Session, clock: Clock, kind: GuessKind) -> None:
    """However slowly: the hundredth is judged, and no other ever."""
    fail_slowly(session, clock, 99, kind=kind)
    assert attempts.refusal(session, STRANGERS, kind, now=clock.now) is None
    fail(session, clock, 1, kind=kind)
    clock.move(days=365)

    assert Refused(Refusal.CLOSED) == attempts.charge(session, STRANGERS, kind, now=clock.now)
    assert Refused(Refusal.CLOSED) == attempts.refusal(session, STRANGERS, kind, now=clock.now)


@pytest.mark.parametrize("kind", [GuessKind.PASSWORD, GuessKind.SETUP])
def test_passwords_and_set_up_are_delayed_and_never_closed(session: Session, clock: Clock, kind: GuessKind) -> None:
    """No limit of a hundred for what anybody could use up."""
    fail_slowly(session, clock, 120, kind=kind)

    assert isinstance(attempts.charge(session, STRANGERS, kind, now=clock.now), Charge)


def test_a_refund_takes_back_exactly_one_charge(session: Session, engine: Engine, clock: Clock) -> None:
    """A right answer or a replay costs nothing, and forgives nothing either."""
    fail(session, clock, 3)
    before = dump(engine)["guess_budgets"]
    paid = attempts.charge(session, STRANGERS, TOTP, now=clock.now)
    assert isinstance(paid, Charge)

    attempts.refund(session, paid)

    assert before == dump(engine)["guess_budgets"]


def test_a_refund_after_the_budget_was_emptied_does_nothing(session: Session, engine: Engine, clock: Clock) -> None:
    """A success elsewhere came between; the guesses that follow stay counted."""
    paid = attempts.charge(session, STRANGERS, TOTP, now=clock.now)
    assert isinstance(paid, Charge)
    attempts.empty(session, STRANGERS, {TOTP})
    fail(session, clock, 1)

    attempts.refund(session, paid)

    assert [1] == [row[4] for row in dump(engine)["guess_budgets"]]


def test_emptying_forgets_one_browser_and_the_kinds_named(session: Session, clock: Clock) -> None:
    """Nothing else is forgiven."""
    for guesser in (STRANGERS, KNOWN):
        fail(session, clock, 5, guesser=guesser)
        fail(session, clock, 5, guesser=guesser, kind=GuessKind.BACKUP_CODE)

    attempts.empty(session, STRANGERS, {TOTP})

    assert attempts.refusal(session, STRANGERS, TOTP, now=clock.now) is None
    assert attempts.refusal(session, STRANGERS, GuessKind.BACKUP_CODE, now=clock.now) is not None
    assert attempts.refusal(session, KNOWN, TOTP, now=clock.now) is not None


def test_a_browser_that_is_forgotten_takes_its_budget_with_it(session: Session, engine: Engine, clock: Clock) -> None:
    """No row is left that nobody can reach."""
    fail(session, clock, 2, guesser=KNOWN)
    fail(session, clock, 2)

    attempts.forget_browsers(session, [BrowserId(3)])

    assert 1 == count(engine, "guess_budgets")


def test_asking_whether_one_may_guess_counts_nothing(session: Session, engine: Engine, clock: Clock) -> None:
    """A page that is only shown costs nothing."""
    for _ in range(10):
        assert attempts.refusal(session, STRANGERS, TOTP, now=clock.now) is None

    assert 0 == count(engine, "guess_budgets")


@pytest.mark.parametrize("kind", [GuessKind.PASSWORD, GuessKind.SETUP])
def test_purge_deletes_counters_that_can_delay_nobody_any_more(
    session: Session, engine: Engine, clock: Clock, kind: GuessKind
) -> None:
    """A day after the last failure, which is as far back as any limit looks, and not a second sooner."""
    fail(session, clock, 3, kind=kind)
    clock.move(days=1, seconds=-1)
    fail(session, clock, 1, guesser=KNOWN, kind=kind)
    assert 0 == attempts.purge(session, now=clock.now)
    clock.move(seconds=1)

    purged = attempts.purge(session, now=clock.now)

    assert 1 == purged
    assert [3] == [row[3] for row in dump(engine)["guess_budgets"]]


@pytest.mark.parametrize("kind", [TOTP, GuessKind.BACKUP_CODE])
def test_purge_opens_nothing_that_a_hundred_failures_closed(session: Session, clock: Clock, kind: GuessKind) -> None:
    """However old: only a success or a reset does. Nor does it forget the failures on the way there."""
    fail_slowly(session, clock, 99, kind=kind)
    assert 0 == attempts.purge(session, now=clock.now)
    fail(session, clock, 1, kind=kind)
    clock.move(days=365)

    purged = attempts.purge(session, now=clock.now)

    assert 0 == purged
    assert Refused(Refusal.CLOSED) == attempts.charge(session, STRANGERS, kind, now=clock.now)

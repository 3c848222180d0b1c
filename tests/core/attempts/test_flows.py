"""Counting guesses, against real databases."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, event, insert
from sqlalchemy.orm import Session

from tests.core.people import Clock
from tests.core.stored import count, dump
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.flows import Charge, Guesser
from webapp.core.attempts.rules import GuessKind
from webapp.core.attempts.tables import GuessBudget
from webapp.core.database import BrowserId, EmployeeId
from webapp.core.outcomes import Refusal, Refused

STRANGERS = Guesser.at_employee(EmployeeId(7), None)
KNOWN = Guesser.at_employee(EmployeeId(7), BrowserId(3))
COLLEAGUE = Guesser.at_employee(EmployeeId(8), None)
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
    assert (0, 5) == (fifth.left, fifth.in_a_row)
    assert fifth.retry_at == sixth.retry_at == attempts.refusal(session, STRANGERS, TOTP, now=clock.now).retry_at
    clock.move(seconds=299)
    assert isinstance(attempts.charge(session, STRANGERS, TOTP, now=clock.now), Refused)
    clock.now = sixth.retry_at
    assert isinstance(attempts.charge(session, STRANGERS, TOTP, now=clock.now), Charge)


def test_the_minutes_of_the_pause_ahead_are_rounded_up(session: Session, clock: Clock) -> None:
    """“Then a pause of 5 minutes” is never too little: 300 seconds, 241 seconds, and 240."""
    minutes = []
    for seconds in (59, 1, 0):
        paid = attempts.charge(session, STRANGERS, TOTP, now=clock.now)
        assert isinstance(paid, Charge)
        minutes.append(paid.pause_minutes)
        clock.move(seconds=seconds)

    assert [5, 5, 4] == minutes


def test_the_refusal_of_a_judged_guess_says_what_is_left_and_what_pause_comes(session: Session, clock: Clock) -> None:
    """And that of the last one when it ends."""
    fail(session, clock, 3)
    fourth = attempts.charge(session, STRANGERS, TOTP, now=clock.now)
    fifth = attempts.charge(session, STRANGERS, TOTP, now=clock.now)
    assert isinstance(fourth, Charge)
    assert isinstance(fifth, Charge)

    assert Refused(Refusal.WRONG_CODE, left=1, pause_minutes=5) == fourth.refused(Refusal.WRONG_CODE)
    ends_at = clock.now + timedelta(minutes=5)
    slow = Refused(Refusal.PHONE_CLOCK_SLOW, left=0, retry_at=ends_at, pause_minutes=5, minutes=3)
    assert slow == fifth.refused(Refusal.PHONE_CLOCK_SLOW, minutes=3)


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


@pytest.mark.parametrize(
    "guessed_at",
    [
        lambda browser: Guesser.at_employee(EmployeeId(7), browser),
        lambda browser: Guesser.at_address("2f6a", browser),
    ],
    ids=["employee", "address"],
)
def test_a_known_browser_goes_on_where_strangers_pause(
    session: Session, clock: Clock, guessed_at: Callable[[BrowserId | None], Guesser]
) -> None:
    """Whether a person is guessed at or an address: nobody keeps the owner out."""
    fail(session, clock, 5, guesser=guessed_at(None))

    known = attempts.charge(session, guessed_at(BrowserId(3)), TOTP, now=clock.now)

    assert isinstance(known, Charge)
    assert 4 == known.left
    assert isinstance(attempts.charge(session, guessed_at(None), TOTP, now=clock.now), Refused)


@pytest.mark.parametrize("kind", [TOTP, GuessKind.BACKUP_CODE])
def test_a_factor_is_closed_at_a_hundred_failures_in_a_row(session: Session, clock: Clock, kind: GuessKind) -> None:
    """However slowly: the hundredth is judged, and no other ever."""
    fail_slowly(session, clock, 99, kind=kind)
    assert attempts.refusal(session, STRANGERS, kind, now=clock.now) is None
    fail(session, clock, 1, kind=kind)
    clock.move(days=365)

    assert Refused(Refusal.CLOSED) == attempts.charge(session, STRANGERS, kind, now=clock.now)
    assert Refused(Refusal.CLOSED) == attempts.refusal(session, STRANGERS, kind, now=clock.now)


def test_what_is_left_before_a_factor_closes_is_told_without_a_pause(session: Session, clock: Clock) -> None:
    """The last guesses before it closes for good: “then this pauses” would be wrong, and so would four more."""
    fail_slowly(session, clock, 97)
    last = [attempts.charge(session, STRANGERS, TOTP, now=clock.now) for _ in range(3)]

    told = [one.refused(Refusal.WRONG_CODE) for one in last if isinstance(one, Charge)]
    assert [Refused(Refusal.WRONG_CODE, left=left, pause_minutes=0) for left in (2, 1, 0)] == told


def test_a_pause_that_comes_before_the_closing_is_told(session: Session, clock: Clock) -> None:
    """Seven before it closes, and four before a pause: the pause is what comes next."""
    fail_slowly(session, clock, 92)

    paid = attempts.charge(session, STRANGERS, TOTP, now=clock.now)

    assert isinstance(paid, Charge)
    assert (4, 5) == (paid.left, paid.pause_minutes)


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


def test_a_right_first_guess_leaves_no_failure_behind(session: Session, engine: Engine, clock: Clock) -> None:
    """Not even one of the hundred that close a factor."""
    paid = attempts.charge(session, STRANGERS, TOTP, now=clock.now)
    assert isinstance(paid, Charge)

    attempts.refund(session, paid)

    assert [(0, [])] == [(row[4], row[5]) for row in dump(engine)["guess_budgets"]]


def test_a_refund_after_the_budget_was_emptied_does_nothing(session: Session, engine: Engine, clock: Clock) -> None:
    """A success elsewhere came between; the guesses that follow stay counted."""
    paid = attempts.charge(session, STRANGERS, TOTP, now=clock.now)
    assert isinstance(paid, Charge)
    attempts.empty(session, STRANGERS, {TOTP})
    fail(session, clock, 1)

    attempts.refund(session, paid)

    assert [1] == [row[4] for row in dump(engine)["guess_budgets"]]


def test_two_first_guesses_at_once_are_charged_to_one_budget(session: Session, engine: Engine, clock: Clock) -> None:
    """Somebody else's came between the look and the insert: both count."""
    budget = {"subject": STRANGERS.subject, "kind": TOTP, "browser_id": 0, "charged_at": clock.now}
    guesses = {"failures": 1, "recent": [int(clock.now.timestamp())]}

    @event.listens_for(engine, "savepoint", once=True)
    def somebody_else_is_first(connection: Connection, _: str) -> None:
        connection.execute(insert(GuessBudget).values(**budget, **guesses))

    paid = attempts.charge(session, STRANGERS, TOTP, now=clock.now)

    assert isinstance(paid, Charge)
    assert 3 == paid.left
    assert [2] == [row[4] for row in dump(engine)["guess_budgets"]]


@pytest.mark.parametrize("database_uri", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_a_budget_that_comes_and_goes_while_it_is_looked_for_is_made_again(
    session: Session, engine: Engine, clock: Clock
) -> None:
    """Another log-in of the same person makes it, and empties it on success, between two statements of this one."""
    others: list[str] = []

    def come_and_go(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if len(others) == 0 and statement.startswith("INSERT INTO guess_budgets"):
            others.append("came")
            with Session(engine) as other:
                attempts.charge(other, STRANGERS, TOTP, now=clock.now)
        elif others == ["came", "refused"] and "FOR UPDATE" in statement:
            others.append("went")
            with Session(engine) as other:
                attempts.empty(other, STRANGERS, {TOTP})

    event.listen(engine, "rollback_savepoint", lambda *_: others.append("refused"))
    event.listen(engine, "before_cursor_execute", come_and_go)

    charge = attempts.charge(session, STRANGERS, TOTP, now=clock.now)

    assert ["came", "refused", "went"] == others
    assert isinstance(charge, Charge)
    assert 4 == charge.left


def test_emptying_forgets_one_browser_and_the_kinds_named(session: Session, clock: Clock) -> None:
    """Nothing else is forgiven, and nobody else."""
    for guesser in (STRANGERS, KNOWN, COLLEAGUE):
        fail(session, clock, 5, guesser=guesser)
        fail(session, clock, 5, guesser=guesser, kind=GuessKind.BACKUP_CODE)

    attempts.empty(session, STRANGERS, {TOTP})

    assert attempts.refusal(session, STRANGERS, TOTP, now=clock.now) is None
    assert attempts.refusal(session, STRANGERS, GuessKind.BACKUP_CODE, now=clock.now) is not None
    assert attempts.refusal(session, KNOWN, TOTP, now=clock.now) is not None
    assert attempts.refusal(session, COLLEAGUE, TOTP, now=clock.now) is not None


def test_emptying_all_forgets_one_person_by_whatever_browser(session: Session, clock: Clock) -> None:
    """After a reset: for the kinds named, and for nobody else."""
    for guesser in (STRANGERS, KNOWN, COLLEAGUE):
        fail(session, clock, 5, guesser=guesser)
    fail(session, clock, 5, kind=GuessKind.SETUP)

    attempts.empty_all(session, EmployeeId(7), {TOTP, GuessKind.BACKUP_CODE})

    assert attempts.refusal(session, STRANGERS, TOTP, now=clock.now) is None
    assert attempts.refusal(session, KNOWN, TOTP, now=clock.now) is None
    assert attempts.refusal(session, STRANGERS, GuessKind.SETUP, now=clock.now) is not None
    assert attempts.refusal(session, COLLEAGUE, TOTP, now=clock.now) is not None


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

"""Log-in: the password, and what stands between it and a session."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, update
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.hashing import before_the_first_hash
from tests.core.people import LIMITS, PASSWORD, Owner, Product, visitor
from tests.core.stored import count, dies_everywhere, dump
from webapp.core.accounts.tables import Employee
from webapp.core.attempts.tables import GuessBudget
from webapp.core.challenge import flows as challenge
from webapp.core.challenge.flows import HalfWay, LoggedIn
from webapp.core.database import writing
from webapp.core.outcomes import Accepted, Refusal, Refused


@pytest.fixture
def lea(product: Product) -> Owner:
    return product.owner()


def token_of(product: Product, lea: Owner, *, next_path: str = "") -> str:
    outcome = challenge.pass_password(
        product.session,
        product.keyring,
        lea.person.email,
        PASSWORD,
        next_path=next_path,
        limits=LIMITS,
        rounds=4,
        now=product.now,
        visitor=visitor(None),
    )
    assert isinstance(outcome, Accepted)
    assert isinstance(outcome.value, HalfWay)
    return outcome.value.token


def test_without_two_factor_authentication_the_password_is_the_whole_log_in(product: Product) -> None:
    """A session at once."""
    person = product.employee()

    outcome = product.pass_password(person.email)

    assert isinstance(outcome, Accepted)
    assert isinstance(outcome.value, LoggedIn)
    assert outcome.value.codes_left is None


def test_with_it_the_password_begins_no_session(product: Product, engine: Engine, lea: Owner) -> None:
    """The half-way token opens nothing but the second step."""
    before = count(engine, "log_in_sessions")

    token = token_of(product, lea)

    assert before == count(engine, "log_in_sessions")
    assert product.find(token) is None


def test_an_activation_that_was_begun_asks_for_no_code(product: Product) -> None:
    """D-47: a pending secret is not the log-in's secret."""
    seat = product.log_in(product.employee())
    product.begin(seat)

    product.log_in(seat.me.person)


def test_a_half_way_log_in_lives_ten_minutes(product: Product, lea: Owner) -> None:
    """D-16: alive a second before, over at the tenth minute."""
    token = token_of(product, lea)

    alive = challenge.find(product.session, token, now=product.now + timedelta(minutes=9, seconds=59))
    over = challenge.find(product.session, token, now=product.now + timedelta(minutes=10))

    assert alive is not None
    assert over is None


def test_wrong_answers_leave_it_and_the_right_one_ends_it(product: Product, engine: Engine, lea: Owner) -> None:
    """It is answered once; a second right answer comes too late."""
    token = token_of(product, lea)
    waiting = challenge.find(product.session, token, now=product.now)
    assert waiting is not None
    product.answer(waiting, lea.phone.wrong_code(product.now))
    assert challenge.find(product.session, token, now=product.now)

    assert isinstance(product.answer(waiting, lea.phone.code(product.now)), Accepted)

    assert challenge.find(product.session, token, now=product.now) is None
    assert Refused(Refusal.CHALLENGE_OVER) == product.answer(waiting, lea.codes[0])
    assert Refused(Refusal.CHALLENGE_OVER) == product.answer(waiting, lea.phone.code(product.now, steps=1))
    codes = [row for row in dump(engine)["backup_codes"] if row[4] is not None]
    assert [] == codes


def test_several_browsers_half_way_don_t_disturb_one_another(product: Product, lea: Owner) -> None:
    """One's success leaves the others' challenges."""
    one, other = token_of(product, lea), token_of(product, lea)
    waiting = challenge.find(product.session, one, now=product.now)
    assert waiting is not None

    product.answer(waiting, lea.phone.code(product.now))

    still = challenge.find(product.session, other, now=product.now)
    assert still is not None
    assert isinstance(product.answer(still, lea.codes[0]), Accepted)


def test_ending_one_leaves_the_others(product: Product, lea: Owner) -> None:
    """Log-out in one browser is no log-out in another."""
    one, other = token_of(product, lea), token_of(product, lea)

    challenge.end(product.session, one)

    assert challenge.find(product.session, one, now=product.now) is None
    assert challenge.find(product.session, other, now=product.now)


def test_a_reset_ends_them_all(product: Product, lea: Owner) -> None:
    """A half-way browser can't finish with what the reset has killed, nor without."""
    token = token_of(product, lea)
    waiting = challenge.find(product.session, token, now=product.now)
    assert waiting is not None

    assert isinstance(product.reset(lea.seat, lea.codes[0]), Accepted)

    assert challenge.find(product.session, token, now=product.now) is None
    assert Refused(Refusal.CHALLENGE_OVER) == product.answer(waiting, lea.codes[1])


def test_a_person_who_is_no_longer_active_can_t_finish(product: Product, session: Session, lea: Owner) -> None:
    """Half-way is not inside."""
    token = token_of(product, lea)
    with writing(session):
        session.execute(update(Employee).where(Employee.id == lea.person.id).values(is_active=False))

    assert challenge.find(session, token, now=product.now) is None


@pytest.mark.parametrize("token", ["", "x", "\x00", "\udc80"])
def test_an_unknown_token_is_no_challenge(product: Product, lea: Owner, token: str) -> None:
    """D-02: without a password there is nothing to answer."""
    token_of(product, lea)

    assert challenge.find(product.session, token, now=product.now) is None


def test_where_somebody_wanted_to_go_is_kept_through_both_steps(product: Product, lea: Owner) -> None:
    """On the server, with the challenge."""
    waiting = challenge.find(product.session, token_of(product, lea, next_path="/settings"), now=product.now)
    assert waiting is not None

    outcome = product.answer(waiting, lea.phone.code(product.now))

    assert isinstance(outcome, Accepted)
    assert "/settings" == outcome.value.next_path


def test_a_log_in_by_backup_code_is_mailed_and_one_by_code_is_not(product: Product, engine: Engine, lea: Owner) -> None:
    """The owner hears of it, with what is left."""
    before = count(engine, "outbox")
    seat = product.log_in_with(lea.person, lea.phone.code(product.now), browser=lea.seat.browser)
    assert before == count(engine, "outbox")

    product.log_in_with(lea.person, lea.codes[0], browser=seat.browser)

    mails = dump(engine)["outbox"][before:]
    assert ["backup_code_used"] == [row[1] for row in mails]
    assert [7] == [row[5]["codes_left"] for row in mails]


def test_the_factor_of_a_log_in_is_written_down(product: Product, lea: Owner) -> None:
    """The dashboard tells it."""
    product.log_in_with(lea.person, lea.phone.code(product.now))
    product.log_in_with(lea.person, lea.codes[0])

    assert ["password", "totp", "backup_code"] == [row.factor for row in product.audit("session:start")]


def test_purge_deletes_challenges_nobody_can_answer(product: Product, engine: Engine, lea: Owner) -> None:
    """And none that are alive."""
    token_of(product, lea)
    product.clock.move(minutes=5)
    alive = token_of(product, lea)
    product.clock.move(minutes=5)

    assert 1 == challenge.purge(product.session, now=product.now)
    assert challenge.find(product.session, alive, now=product.now)


@pytest.mark.parametrize("factor", ["totp", "backup_code"])
def test_a_crash_anywhere_spends_code_and_log_in_together_or_not_at_all(
    product: Product, engine: Engine, lea: Owner, factor: str
) -> None:
    """A code is never spent for nothing, and no session begins without one."""
    of_the_account = {"guess_budgets", "audit_events", "challenges"}
    product.clock.move(minutes=5)
    waiting = product.half_way(lea.person)
    text = lea.codes[0] if factor == "backup_code" else lea.phone.code(product.now)
    before = dump(engine, without=of_the_account)

    def log_in() -> object:
        forgive(product)
        return product.answer(waiting, text)

    deaths, sights = dies_everywhere(engine, log_in, lambda: dump(engine, without=of_the_account))

    after = dump(engine, without=of_the_account)
    assert deaths > 10
    assert [before] * deaths == sights
    assert len(before["log_in_sessions"]) + 1 == len(after["log_in_sessions"])
    assert count(engine, "challenges") == 0


def forgive(product: Product) -> None:
    """A crash after the charge leaves it charged: emptied, so that the next try is not paused."""
    with writing(product.session):
        product.session.execute(delete(GuessBudget))


def test_a_double_click_on_one_challenge_logs_in_once(product: Product, engine: Engine, lea: Owner) -> None:
    """Same browser, same code, twice at once: one session, and no charge."""
    waiting, code = product.half_way(lea.person), lea.phone.code(product.now)

    outcomes = at_once(engine, [lambda session: product.beside(session).answer(waiting, code)] * 2)

    assert 1 == sum(isinstance(outcome, Accepted) for outcome in outcomes)
    assert [] == [row for row in dump(engine)["guess_budgets"] if row[2] == "totp" and row[4]]


@pytest.mark.parametrize("end", ["answered", "ended"])
def test_a_challenge_that_is_over_while_a_backup_code_is_hashed_logs_nobody_in(
    product: Product, engine: Engine, lea: Owner, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Asked again under the lock: the code is not spent and the guess is given back."""
    token = token_of(product, lea)
    waiting = challenge.find(product.session, token, now=product.now)
    assert waiting is not None
    before = count(engine, "log_in_sessions")

    with Session(engine, expire_on_commit=False) as session:
        other = product.beside(session)
        acts = {
            "answered": lambda: other.answer(waiting, lea.phone.code(product.now)),
            "ended": lambda: challenge.end(session, token),
        }
        before_the_first_hash(monkeypatch, acts[end])
        outcome = product.answer(waiting, lea.codes[0])

    stored = dump(engine)
    assert Refused(Refusal.CHALLENGE_OVER) == outcome
    assert [None] * 8 == [row[4] for row in stored["backup_codes"]]
    assert [] == [row for row in stored["guess_budgets"] if row[2] == "backup_code" and (row[4] or row[5])]
    assert before + (end == "answered") == len(stored["log_in_sessions"])

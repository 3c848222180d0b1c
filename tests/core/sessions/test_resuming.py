"""After a pause the password alone goes on with the same session: no new day, no new proof (NIST §2.2.3)."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from tests.core.people import LIMITS, STRANGER, Owner, Product, Seat
from tests.core.stored import count
from webapp.core.challenge.flows import HalfWay, LoggedIn, Resumed
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.sessions import flows as sessions


@pytest.fixture
def lea(product: Product) -> Owner:
    return product.owner()


@pytest.fixture
def seat(product: Product, lea: Owner) -> Seat:
    """Logged in with a code, then away for an hour."""
    seat = product.log_in_with(lea.person, lea.phone.code(product.now))
    product.clock.move(hours=1)
    return seat


def come_back(product: Product, seat: Seat, *, password: str | None = None) -> object:
    given = {} if password is None else {"password": password}
    outcome = product.pass_password(seat.me.person.email, **given, browser=seat.browser, idle_token=seat.token)
    return outcome.value if isinstance(outcome, Accepted) else outcome


def test_the_password_alone_resumes_the_same_session(product: Product, engine: Engine, seat: Seat) -> None:
    """Under a new token; the old one is dead, and no session is added."""
    before = count(engine, "log_in_sessions")

    resumed = come_back(product, seat)

    assert isinstance(resumed, Resumed)
    me = product.find(resumed.token)
    assert me is not None
    assert seat.me.session_id == me.session_id
    assert product.find(seat.token) is None
    assert isinstance(come_back(product, seat), HalfWay)
    assert before == count(engine, "log_in_sessions")
    assert ["success"] == [event.outcome for event in product.audit("session:resume")]


def test_before_the_password_nothing_is_found(product: Product, seat: Seat) -> None:
    """Idle is out."""
    assert product.find(seat.token) is None
    assert sessions.can_resume(product.session, seat.token, limits=LIMITS, now=product.now)


def test_it_proves_nothing_anew_and_lengthens_nothing(product: Product, seat: Seat) -> None:
    """What changes a factor asks for the password again, and after 24 hours everything is asked."""
    resumed = come_back(product, seat)

    assert isinstance(resumed, Resumed)
    me = product.find(resumed.token)
    assert me is not None
    assert not me.is_recently_proved(product.now)
    assert seat.me.started_at == me.started_at
    product.clock.now = seat.me.started_at + timedelta(hours=24)
    assert product.find(resumed.token) is None
    again = product.pass_password(seat.me.person.email, idle_token=resumed.token)
    assert isinstance(again, Accepted)
    assert isinstance(again.value, HalfWay)


def test_after_a_day_everything_is_asked_again(product: Product, seat: Seat) -> None:
    """However short the pause was."""
    product.clock.now = seat.me.started_at + timedelta(hours=24)

    assert isinstance(come_back(product, seat), HalfWay)


def test_a_session_that_is_not_idle_is_not_resumed(product: Product, lea: Owner) -> None:
    """Its cookie with the password makes no second key to it."""
    seat = product.log_in_with(lea.person, lea.phone.code(product.now))

    assert isinstance(come_back(product, seat), HalfWay)


def test_a_wrong_password_is_a_guess_and_leaves_it_resumable(product: Product, seat: Seat) -> None:
    """Counted like any other; at the limit the right one waits too."""
    refused = [come_back(product, seat, password="not the right one") for _ in range(5)]

    assert [Refusal.WRONG_PASSWORD] * 5 == [each.reason for each in refused if isinstance(each, Refused)]
    late = come_back(product, seat)
    assert isinstance(late, Refused)
    assert Refusal.TOO_MANY is late.reason
    product.clock.move(minutes=5)
    assert isinstance(come_back(product, seat), Resumed)


def _log_out(product: Product, seat: Seat) -> None:
    product.log_out(seat)


def _reset_elsewhere(product: Product, seat: Seat) -> None:
    assert isinstance(product.reset_by_operator(seat.me.person), Accepted)


def _other_factor(product: Product, seat: Seat) -> None:
    product.reset_by_operator(seat.me.person)
    product.activate(seat.me.person)


@pytest.mark.parametrize("ends", [_log_out, _reset_elsewhere, _other_factor])
def test_a_session_that_has_ended_is_never_resumed(product: Product, seat: Seat, ends: object) -> None:
    """Log-out and reset are for good."""
    assert callable(ends)
    ends(product, seat)

    assert isinstance(come_back(product, seat), HalfWay | LoggedIn)
    assert product.find(seat.token) is None


def test_somebody_else_does_not_go_on_in_it_and_ends_it(product: Product, lea: Owner, seat: Seat) -> None:
    """At the same browser: their own log-in, with their own second factor; the session before is over."""
    kim = product.owner("kim@studio.example", company=lea.person.company_id)

    outcome = product.pass_password(kim.person.email, idle_token=seat.token)

    assert isinstance(outcome, Accepted)
    assert isinstance(outcome.value, HalfWay)
    assert isinstance(come_back(product, seat), HalfWay)


def test_codes_on_the_screen_survive_a_pause_that_is_shorter_than_theirs(product: Product, lea: Owner) -> None:
    """Where the idle time is set to minutes: sealed again under the new token."""
    seat = product.log_in_with(lea.person, lea.phone.code(product.now))
    product.create_codes(seat, lea.codes[0])
    product.clock.move(minutes=5)
    short = sessions.Limits(idle=timedelta(minutes=5), lifetime=timedelta(hours=24))

    token = sessions.resume(
        product.session, product.keyring, lea.person, seat.token, limits=short, now=product.now, visitor=STRANGER
    )

    assert token
    me = product.find(token)
    assert me
    assert product.shown(Seat(token, seat.browser, me))

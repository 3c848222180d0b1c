"""Log-in sessions: the cookie holds a token, and the row decides."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, insert, update
from sqlalchemy.orm import Session

from tests.core.people import LIMITS, PASSWORD, Product, visitor
from tests.core.stored import as_text, count, dump, values
from webapp.core.accounts.flows import Person
from webapp.core.accounts.tables import Employee
from webapp.core.database import writing
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.tables import LogInSession


@pytest.fixture
def lea(product: Product) -> Person:
    return product.employee()


@pytest.mark.parametrize("token", ["", "x", "\x00", "\udc80", "x" * 100_000])
def test_an_unknown_token_is_nobody(product: Product, lea: Person, token: str) -> None:
    """Whatever stands in the cookie."""
    product.log_in(lea)

    assert product.find(token) is None


def test_the_database_does_not_hold_the_token(product: Product, engine: Engine, lea: Person) -> None:
    """Only its digest: a stolen database logs nobody in."""
    seat = product.log_in(lea)

    stored = [as_text(value) for _, value in values(dump(engine))]

    assert not any(token in text for text in stored for token in (seat.token, seat.browser))


def test_a_session_without_a_request_for_an_hour_is_over(product: Product, lea: Person) -> None:
    """Idle: alive a second before, dead at the hour."""
    seat = product.log_in(lea)
    product.clock.move(minutes=59, seconds=59)
    assert product.find(seat.token)

    product.clock.move(seconds=1)

    assert product.find(seat.token) is None


def test_a_session_in_use_lives_for_a_day_and_no_longer(product: Product, lea: Person) -> None:
    """Requests every half hour carry it to 24 hours."""
    seat = product.log_in(lea)
    lived = timedelta()

    while (me := product.find(seat.token)) is not None:
        sessions.touch(product.session, me, now=product.now)
        product.clock.move(minutes=30)
        lived += timedelta(minutes=30)

    assert timedelta(hours=24) == lived


def test_a_request_is_noted_at_most_once_a_minute(product: Product, lea: Person) -> None:
    """A page with ten requests writes once."""
    seat = product.log_in(lea)
    product.clock.move(seconds=59)
    sessions.touch(product.session, seat.me, now=product.now)
    unnoted = product.find(seat.token)
    product.clock.move(seconds=1)
    sessions.touch(product.session, seat.me, now=product.now)
    product.session.rollback()
    product.session.expire_all()
    noted = product.find(seat.token)

    assert unnoted is not None
    assert noted is not None
    assert (seat.me.last_seen_at, product.now) == (unnoted.last_seen_at, noted.last_seen_at)


def test_a_copied_cookie_is_dead_after_log_out(product: Product, lea: Person) -> None:
    """D-81: the row has ended, whoever holds the token."""
    seat, other = product.log_in(lea), product.log_in(lea)

    product.log_out(seat)

    assert product.find(seat.token) is None
    assert product.find(other.token)
    assert Refused(Refusal.SESSION_OVER) == sessions.still_open(product.session, seat.me)


def test_a_person_who_is_no_longer_active_is_logged_out(product: Product, session: Session, lea: Person) -> None:
    """At once, and not at the next log-in."""
    seat = product.log_in(lea)

    with writing(session):
        session.execute(update(Employee).where(Employee.id == lea.id).values(is_active=False))

    assert product.find(seat.token) is None


def test_each_log_in_has_tokens_of_its_own(product: Product, lea: Person) -> None:
    """D-82: no token is carried over from before."""
    one, other = product.log_in(lea), product.log_in(lea)

    assert 4 == len({one.token, other.token, one.browser, other.browser})
    assert one.me.csrf_secret != other.me.csrf_secret


def test_a_log_in_is_recent_for_ten_minutes(product: Product, lea: Person) -> None:
    """Then the password is asked before a factor changes."""
    seat = product.log_in(lea)

    assert seat.me.is_recently_proved(product.now + timedelta(minutes=9, seconds=59))
    assert not seat.me.is_recently_proved(product.now + timedelta(minutes=10))


# --- proving again ----------------------------------------------------------------------------------------------------


def test_confirming_the_password_gives_a_new_token_and_kills_the_old(product: Product, lea: Person) -> None:
    """ASVS 7.2.4; the session stays the same one, and is recent again."""
    seat = product.log_in(lea)
    product.clock.move(minutes=30)

    outcome = product.confirm_password(seat)

    assert isinstance(outcome, Accepted)
    assert product.find(seat.token) is None
    me = product.find(outcome.value)
    assert me is not None
    assert seat.me.session_id == me.session_id
    assert seat.me.csrf_secret == me.csrf_secret
    assert me.is_recently_proved(product.now)


def test_confirming_does_not_lengthen_the_day(product: Product, lea: Person) -> None:
    """24 hours after the log-in everything is asked again."""
    seat = product.log_in(lea)
    product.clock.move(minutes=50)
    outcome = product.confirm_password(seat)
    assert isinstance(outcome, Accepted)

    me = product.find(outcome.value)

    assert me is not None
    assert seat.me.started_at == me.started_at


def test_a_wrong_password_confirms_nothing_and_is_counted(product: Product, lea: Person) -> None:
    """Same counter as at log-in, in this browser's own budget."""
    seat = product.log_in(lea)
    product.clock.move(minutes=30)

    outcomes = [product.confirm_password(seat, "wrong but long enough") for _ in range(6)]
    right = product.confirm_password(seat)

    assert [Refusal.WRONG_PASSWORD] * 5 + [Refusal.TOO_MANY] == [outcome.reason for outcome in outcomes]
    assert isinstance(right, Refused)
    me = product.find(seat.token)
    assert me is not None
    assert not me.is_recently_proved(product.now)


def test_a_session_that_has_ended_can_t_be_proved_again(product: Product, lea: Person) -> None:
    """The right password does not raise the dead."""
    seat = product.log_in(lea)
    product.log_out(seat)

    assert Refused(Refusal.SESSION_OVER) == product.confirm_password(seat)
    assert product.find(seat.token) is None


def test_shown_codes_stay_visible_after_the_password_was_confirmed(product: Product, lea: Person) -> None:
    """They are sealed again under the new token; the old one opens nothing."""
    owner = product.activate(lea)
    product.clock.move(minutes=5)

    outcome = product.confirm_password(owner.seat)

    assert isinstance(outcome, Accepted)
    me = product.find(outcome.value)
    assert me is not None
    shown = product.shown(type(owner.seat)(outcome.value, owner.seat.browser, me))
    assert shown is not None
    assert owner.codes == shown.codes
    assert owner.seat.me.session_id == me.session_id


def test_a_double_click_on_confirm_keeps_the_person_logged_in(product: Product, lea: Person) -> None:
    """The second answer is the one that the browser keeps: its token is the live one."""
    owner = product.activate(lea)
    product.clock.move(minutes=5)

    first, second = product.confirm_password(owner.seat), product.confirm_password(owner.seat)

    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert product.find(first.value) is None
    assert product.find(second.value)


# --- ending and purging -----------------------------------------------------------------------------------------------


def test_ending_all_leaves_the_one_to_keep_and_other_people_s(product: Product, lea: Person) -> None:
    """How many ended is noted; where none did, nothing is."""
    kept, *others = [product.log_in(lea) for _ in range(3)]
    kims = product.log_in(product.employee("kim@studio.example"))

    for _ in range(2):
        sessions.end_all(
            product.session,
            lea,
            keep=kept.me.session_id,
            reason="password_changed",
            now=product.now,
            visitor=visitor(kept.browser),
        )

    assert [True, False, False, True] == [product.find(seat.token) is not None for seat in (kept, *others, kims)]
    assert [{"count": 2}] == [row.details for row in product.audit("session:end_others")]


def test_any_number_of_sessions_can_be_ended(product: Product, session: Session, engine: Engine, lea: Person) -> None:
    """By one statement: a list of 70,000 ids is more than PostgreSQL takes, and reset with it was a 503."""
    seat = product.log_in(lea)
    with writing(session):
        one = dump(engine)["log_in_sessions"][0]
        columns = [column.name for column in LogInSession.__table__.columns]
        more = [{**dict(zip(columns, one, strict=True)), "token_hash": at.to_bytes(32, "big")} for at in range(70_000)]
        session.execute(insert(LogInSession), [{k: v for k, v in row.items() if k != "id"} for row in more])

    with writing(session):
        sessions.end_all(session, lea, keep=seat.me.session_id, reason="test", now=product.now, visitor=visitor(None))

    assert product.find(seat.token)
    assert {"count": 70_000} == product.audit("session:end_others")[0].details


def test_purge_deletes_what_ended_a_month_ago_and_nothing_alive(product: Product, engine: Engine, lea: Person) -> None:
    """Ended sessions are kept for a month, for questions; then they go."""
    ended = product.log_in(lea)
    product.log_out(ended)
    product.log_in(lea)

    early = sessions.purge(product.session, limits=LIMITS, now=product.now + timedelta(days=29, hours=23))
    late = sessions.purge(product.session, limits=LIMITS, now=product.now + timedelta(days=30))
    later = sessions.purge(product.session, limits=LIMITS, now=product.now + timedelta(days=31))

    assert (0, 1, 1) == (early, late, later)
    assert 0 == count(engine, "log_in_sessions")


def test_a_live_session_survives_purge(product: Product, lea: Person) -> None:
    """Purge runs while people work."""
    seat = product.log_in(lea)

    sessions.purge(product.session, limits=LIMITS, now=product.now)

    assert product.find(seat.token)


def test_log_in_and_log_out_are_audited(product: Product, lea: Person) -> None:
    """From where, and by which factor."""
    seat = product.log_in(lea)
    product.log_out(seat)

    rows = product.audit("session:start", "session:end")

    assert [("session:start", "password"), ("session:end", "")] == [(row.kind, row.factor) for row in rows]
    assert {visitor(None).address} == {row.address for row in rows}
    assert PASSWORD not in "".join(map(str, dump(product.session.get_bind())["audit_events"]))

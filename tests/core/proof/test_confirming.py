"""A code once more inside a session, for pages that need one shown lately."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from tests.core.crowd import at_once
from tests.core.people import Owner, Product, Seat, visitor
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof import confirming
from webapp.core.proof.rules import read_entry


@pytest.fixture
def lea(product: Product) -> Owner:
    return product.owner()


def confirm(product: Product, seat: Seat, text: str) -> Accepted[str] | Refused:
    return confirming.confirm_code(
        product.session,
        product.keyring,
        seat.me,
        read_entry(text),
        token=seat.token,
        now=product.now,
        visitor=visitor(seat.browser),
    )


def test_a_code_of_the_log_in_is_recent_for_an_hour(product: Product, lea: Owner) -> None:
    """Not a second longer; a password alone shows none."""
    seat = product.log_in_with(lea.person, lea.phone.code(product.now))

    assert not lea.seat.me.is_recently_proved_by_code(product.now)
    assert seat.me.is_recently_proved_by_code(product.now + timedelta(minutes=59, seconds=59))
    assert not seat.me.is_recently_proved_by_code(product.now + timedelta(hours=1))


@pytest.mark.parametrize("by_backup_code", [False, True])
def test_a_right_code_counts_for_an_hour_under_a_new_token(product: Product, lea: Owner, by_backup_code: bool) -> None:
    """The old token is dead; the password counts as long as before and no longer."""
    seat = product.log_in_with(lea.person, lea.phone.code(product.now))
    product.clock.move(minutes=59)

    outcome = confirm(product, seat, lea.codes[0] if by_backup_code else lea.phone.code(product.now))

    assert isinstance(outcome, Accepted)
    me = product.find(outcome.value)
    assert me is not None
    assert (product.now, seat.me.proved_at) == (me.code_proved_at, me.proved_at)
    assert product.find(seat.token) is None


@pytest.mark.parametrize("typed", ["wrong", "used", "malformed"])
def test_nothing_else_counts(product: Product, lea: Owner, typed: str) -> None:
    """And the token stays as it is."""
    used = lea.phone.code(product.now)
    seat = product.log_in_with(lea.person, used)
    texts = {"wrong": lea.phone.wrong_code(product.now), "used": used, "malformed": "12345"}
    reasons = {
        "wrong": Refusal.WRONG_CODE,
        "used": Refusal.CODE_ALREADY_USED,
        "malformed": Refusal.MALFORMED,
    }

    outcome = confirm(product, seat, texts[typed])

    assert isinstance(outcome, Refused)
    assert reasons[typed] == outcome.reason
    found = product.find(seat.token)
    assert found is not None
    assert seat.me.code_proved_at == found.code_proved_at


def test_five_wrong_ones_pause_it(product: Product, lea: Owner) -> None:
    """On the counter of the log-in, and a page that is only shown says so."""
    seat = product.log_in_with(lea.person, lea.phone.code(product.now))
    product.clock.next_step()
    for _ in range(5):
        confirm(product, seat, lea.phone.wrong_code(product.now))

    outcome = confirm(product, seat, lea.phone.code(product.now))
    shown = confirming.refusal(product.session, seat.me, now=product.now, visitor=visitor(seat.browser))

    assert isinstance(outcome, Refused)
    assert Refusal.TOO_MANY == outcome.reason
    assert shown is not None
    assert Refusal.TOO_MANY == shown.reason


def test_what_is_over_at_this_instant_confirms_nothing(product: Product, lea: Owner) -> None:
    """The session, or two-factor authentication: no code is spent for either."""
    seat = product.log_in_with(lea.person, lea.phone.code(product.now))
    product.clock.next_step()
    product.log_out(seat)
    gone = confirm(product, seat, lea.phone.code(product.now))
    other = product.log_in_with(lea.person, lea.phone.code(product.now))
    product.clock.next_step()
    product.reset(other, lea.phone.code(product.now))
    product.clock.next_step()

    off = confirm(product, other, lea.phone.code(product.now))

    assert Refused(Refusal.SESSION_OVER) == gone
    assert Refused(Refusal.NOT_ACTIVE) == off
    me = product.find(other.token)
    assert me is not None
    assert not me.is_recently_proved_by_code(product.now)


def test_one_code_confirms_once(engine: Engine, product: Product, lea: Owner) -> None:
    """Two requests at the same instant: one new token."""
    seat = product.log_in_with(lea.person, lea.phone.code(product.now))
    product.clock.next_step()
    code = lea.phone.code(product.now)

    outcomes = at_once(engine, [lambda session: confirm(product.beside(session), seat, code)] * 2)

    assert [True, False] == sorted((isinstance(outcome, Accepted) for outcome in outcomes), reverse=True)

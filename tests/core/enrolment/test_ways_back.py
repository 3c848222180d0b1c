"""What somebody has to log in with if their phone were gone, as it is read for the pages."""

from tests.core.people import Product
from webapp.core.enrolment.rules import NextStep
from webapp.core.enrolment.ways_back import WaysBack
from webapp.core.outcomes import Accepted


def test_without_two_factor_authentication_there_is_only_to_set_it_up(product: Product) -> None:
    """Nothing else is looked for."""
    seat = product.log_in(product.employee())

    assert WaysBack(None, None, None, None, NextStep.SET_UP) == product.ways_back(seat)


def test_new_codes_are_to_be_put_away_by_the_session_that_made_them(product: Product) -> None:
    """Nobody else can see them, so nobody else is asked to."""
    owner = product.activate(product.employee())
    product.clock.next_step()
    other = product.log_in_with(owner.person, owner.codes[0])

    here, there = product.ways_back(owner.seat), product.ways_back(other)
    product.clock.move(minutes=10)
    later = product.ways_back(owner.seat)

    assert NextStep.PUT_CODES_AWAY is here.next_step
    assert here.codes_until is not None
    assert (NextStep.CHECK_CODES, None) == (there.next_step, there.codes_until)
    assert (NextStep.CHECK_CODES, None) == (later.next_step, later.codes_until)


def test_it_tells_when_the_codes_were_made_and_checked(product: Product) -> None:
    """And what is left of them."""
    owner = product.owner()
    product.log_in_with(owner.person, owner.codes[0])
    product.clock.move(days=3)
    product.check_codes(owner.seat, owner.codes[1])
    checked_at = product.now
    product.clock.move(hours=1)

    ways = product.ways_back(owner.seat)

    assert NextStep.NOTHING is ways.next_step
    assert ways.two_factor is not None
    assert 7 == ways.two_factor.codes_left
    assert checked_at == ways.two_factor.codes_checked_at
    assert ways.two_factor.activated_at == ways.two_factor.codes_made_at


def test_the_log_in_by_the_last_code_counts_until_new_ones_are_made(product: Product) -> None:
    """For that session and ten minutes; with codes again there is nothing to stand in for."""
    owner = product.owner()
    for code in owner.codes:
        seat = product.log_in_with(owner.person, code)

    last, other = product.ways_back(seat), product.ways_back(owner.seat)
    product.create_codes(seat, None)
    product.close(seat)
    after = product.ways_back(seat)

    assert (NextStep.NEW_CODES_NONE_LEFT, seat.me.last_code_counts_until) == (last.next_step, last.counts_until)
    assert (NextStep.NEW_CODES_NONE_LEFT, None) == (other.next_step, other.counts_until)
    assert (NextStep.CHECK_CODES, None) == (after.next_step, after.counts_until)


def test_a_replaced_app_brings_new_codes_to_put_away_and_then_to_check(product: Product) -> None:
    """What was checked before were others."""
    owner = product.owner()
    product.check_codes(owner.seat, owner.codes[0])
    before = product.ways_back(owner.seat)

    assert Accepted(None) == product.replace_app(owner.seat, owner.phone.code(product.now))
    phone = product.scanned(owner.seat)
    assert isinstance(product.confirm(owner.seat, phone.code(product.now)), Accepted)
    replaced = product.ways_back(owner.seat)
    product.close(owner.seat)
    closed = product.ways_back(owner.seat)

    steps = [before.next_step, replaced.next_step, closed.next_step]
    assert [NextStep.NOTHING, NextStep.PUT_CODES_AWAY, NextStep.CHECK_CODES] == steps

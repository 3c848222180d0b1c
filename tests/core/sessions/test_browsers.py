"""Known browsers: a budget of their own for guesses, and nothing else."""

import pytest
from sqlalchemy import Engine

from tests.core.people import Product, visitor
from tests.core.stored import count, dump
from webapp.core.accounts.flows import Person
from webapp.core.challenge.flows import HalfWay
from webapp.core.outcomes import Accepted
from webapp.core.sessions import browsers


@pytest.fixture
def lea(product: Product) -> Person:
    return product.employee()


def is_known(product: Product, person: Person, token: str | None) -> bool:
    return browsers.recognise(product.session, person.id, visitor(token), now=product.now) is not None


def test_a_browser_is_known_after_a_full_log_in(product: Product, lea: Person) -> None:
    """And no other is."""
    seat = product.log_in(lea)

    assert is_known(product, lea, seat.browser)
    assert not any(is_known(product, lea, token) for token in (None, "", "x", seat.token, "\udc80"))


def test_half_a_log_in_makes_no_browser_known(product: Product, engine: Engine) -> None:
    """The second factor belongs to it where it is on."""
    owner = product.owner()
    before = count(engine, "known_browsers")

    product.half_way(owner.person)

    assert before == count(engine, "known_browsers")


def test_it_lowers_no_requirement(product: Product) -> None:
    """A known browser is asked for the second factor like any other."""
    owner = product.owner()

    outcome = product.pass_password(owner.person.email, browser=owner.seat.browser)

    assert isinstance(outcome, Accepted)
    assert isinstance(outcome.value, HalfWay)


def test_its_cookie_is_new_at_each_log_in_and_the_old_one_dead(product: Product, engine: Engine, lea: Person) -> None:
    """Rotation: the same row, so the same budget."""
    first = product.log_in(lea)

    second = product.log_in(lea, browser=first.browser)

    assert not is_known(product, lea, first.browser)
    assert is_known(product, lea, second.browser)
    assert first.me.browser_id == second.me.browser_id
    assert 1 == count(engine, "known_browsers")


def test_it_is_bound_to_one_person(product: Product, engine: Engine, lea: Person) -> None:
    """At a shared computer each has a row of their own."""
    kim = product.employee("kim@studio.example")
    leas = product.log_in(lea)

    kims = product.log_in(kim, browser=leas.browser)

    assert not is_known(product, kim, leas.browser)
    assert is_known(product, kim, kims.browser)
    assert is_known(product, lea, leas.browser)
    assert 2 == count(engine, "known_browsers")


def test_a_person_has_at_most_ten(product: Product, engine: Engine, lea: Person) -> None:
    """The one that was used longest ago goes, and its budget with it."""
    seats = []
    for _ in range(10):
        seats.append(product.log_in(lea))
        product.clock.move(minutes=1)
    used_again = product.log_in(lea, browser=seats[0].browser)
    product.pass_password(lea.email, "wrong but long enough", browser=seats[1].browser)
    product.clock.move(minutes=1)

    newest = product.log_in(lea)

    assert 10 == count(engine, "known_browsers")
    assert not is_known(product, lea, seats[1].browser)
    assert all(is_known(product, lea, seat.browser) for seat in (used_again, *seats[2:], newest))
    assert 0 == count(engine, "guess_budgets")


def test_it_is_forgotten_after_180_days_without_a_log_in(product: Product, lea: Person) -> None:
    """A computer that was sold is nobody's."""
    seat = product.log_in(lea)
    product.clock.move(days=180, seconds=-1)
    assert is_known(product, lea, seat.browser)

    product.clock.move(seconds=1)

    assert not is_known(product, lea, seat.browser)


def test_purge_forgets_what_is_known_no_more_with_its_guesses(product: Product, engine: Engine, lea: Person) -> None:
    """No row is left that nobody can reach; a browser in use stays."""
    old = product.log_in(lea)
    product.pass_password(lea.email, "wrong", browser=old.browser)
    product.clock.move(days=1)
    young = product.log_in(lea)
    product.clock.move(days=179)

    assert 1 == browsers.purge(product.session, now=product.now)

    assert {young.me.browser_id} == {row[0] for row in dump(engine)["known_browsers"]}
    assert [] == [row for row in dump(engine)["guess_budgets"] if row[3] == old.me.browser_id]


def test_forgetting_voids_all_but_the_one_to_keep(product: Product, lea: Person) -> None:
    """And those of nobody else."""
    kept, gone = product.log_in(lea), product.log_in(lea)
    kim = product.employee("kim@studio.example")
    kims = product.log_in(kim)

    browsers.forget(product.session, lea.id, keep=kept.me.browser_id)

    assert is_known(product, lea, kept.browser)
    assert not is_known(product, lea, gone.browser)
    assert is_known(product, kim, kims.browser)


def test_the_database_keeps_a_digest_of_the_cookie(product: Product, engine: Engine, lea: Person) -> None:
    """32 bytes that open nothing."""
    product.log_in(lea)

    rows = dump(engine)["known_browsers"]

    assert [32] == [len(row[1]) for row in rows]


def test_a_half_way_log_in_outlives_the_loss_of_its_browser(product: Product) -> None:
    """Voided meanwhile by an activation elsewhere or by the limit of ten: it completes as an unknown one."""
    owner = product.owner()
    waiting = product.half_way(owner.person, browser=owner.seat.browser)
    browsers.forget(product.session, owner.person.id)

    outcome = product.answer(waiting, owner.phone.code(product.now))

    assert isinstance(outcome, Accepted)
    assert is_known(product, owner.person, outcome.value.started.browser_token)

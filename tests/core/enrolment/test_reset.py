"""Switching two-factor authentication off: at once and together, and nothing of it is left."""

import pytest
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.people import Owner, Product
from tests.core.stored import dies_everywhere, dump
from webapp.core.attempts.tables import GuessBudget
from webapp.core.database import writing
from webapp.core.outcomes import Accepted, Refusal, Refused

OF_THE_FACTORS = ("authenticators", "pending_secrets", "backup_code_sets", "backup_codes", "shown_backup_codes")


@pytest.fixture
def lea(product: Product) -> Owner:
    return product.owner()


@pytest.mark.parametrize("factor", ["totp", "backup_code"])
def test_a_code_or_a_backup_code_takes_everything_away(
    product: Product, engine: Engine, lea: Owner, factor: str
) -> None:
    """D-55: the rows are gone; other sessions, half-way log-ins and known browsers with them."""
    other, half_way = product.log_in_with(lea.person, lea.codes[0]), product.half_way(lea.person)
    text = lea.codes[1] if factor == "backup_code" else lea.phone.code(product.now)

    assert isinstance(product.reset(lea.seat, text), Accepted)

    stored = dump(engine)
    assert {name: [] for name in OF_THE_FACTORS} == {name: stored[name] for name in OF_THE_FACTORS}
    assert [] == stored["challenges"] == stored["known_browsers"]
    assert product.find(lea.seat.token)
    assert product.find(other.token) is None
    assert Refused(Refusal.CHALLENGE_OVER) == product.answer(half_way, lea.codes[2])
    assert "reset" == stored["outbox"][-1][1]
    assert ["success"] == [event.outcome for event in product.audit("two_factor:reset")]


def test_the_next_log_in_needs_the_password_alone(product: Product, lea: Owner) -> None:
    """And activating again gives another secret and other codes; the old ones stay dead (D-40)."""
    product.reset(lea.seat, lea.codes[0])

    again = product.activate(lea.person, product.log_in(lea.person))

    assert lea.phone != again.phone
    product.clock.next_step()
    for text in (lea.phone.code(product.now), lea.codes[1]):
        assert isinstance(product.answer(product.half_way(lea.person), text), Refused)


@pytest.mark.parametrize("text", ["", "12345", "000000"])
def test_without_a_right_code_it_stays_on(product: Product, engine: Engine, lea: Owner, text: str) -> None:
    """D-52."""
    before = dump(engine, without={"audit_events", "guess_budgets"})

    assert isinstance(product.reset(lea.seat, text), Refused)

    assert before == dump(engine, without={"audit_events", "guess_budgets"})


@pytest.mark.parametrize("factor", ["totp", "backup_code"])
def test_a_crash_anywhere_leaves_it_all_on_or_all_off(
    product: Product, engine: Engine, lea: Owner, factor: str
) -> None:
    """Never the app gone and the codes alive, never a code spent for nothing."""
    aside = {"guess_budgets", "audit_events"}  # a charge for a backup code is committed before it is judged
    product.log_in_with(lea.person, lea.codes[0])
    text = lea.codes[1] if factor == "backup_code" else lea.phone.code(product.now)
    before = dump(engine, without=aside)

    def reset() -> object:
        with writing(product.session):
            product.session.execute(delete(GuessBudget))
        return product.reset(lea.seat, text)

    deaths, sights = dies_everywhere(engine, reset, lambda: dump(engine, without=aside))

    assert deaths > 10
    assert [before] * deaths == sights
    assert [] == dump(engine)["authenticators"]


def test_a_log_in_at_the_same_instant_leaves_no_session_behind(product: Product, engine: Engine, lea: Owner) -> None:
    """Whichever comes first: a log-in before the reset is ended by it, one after it finds its challenge over."""
    waiting = [product.half_way(lea.person) for _ in range(4)]
    log_ins = [
        lambda session, at=at, one=one: product.beside(session).answer(one, lea.codes[at])
        for at, one in enumerate(waiting)
    ]

    def reset(session: Session) -> object:
        return product.beside(session).reset(lea.seat, lea.phone.code(product.now))

    outcomes = at_once(engine, [*log_ins, reset])

    assert isinstance(outcomes[-1], Accepted)
    started = [outcome.value.started.token for outcome in outcomes[:-1] if isinstance(outcome, Accepted)]
    assert [None] * len(started) == [product.find(token) for token in started]
    assert product.find(lea.seat.token)


def test_what_is_off_can_t_be_reset(product: Product) -> None:
    """A second tab, or an operator who comes late."""
    person = product.employee()

    assert Refused(Refusal.NOT_ACTIVE) == product.reset(product.log_in(person), "000000")
    assert Refused(Refusal.NOT_ACTIVE) == product.reset_by_operator(person)


def test_an_operator_s_reset_ends_every_session_and_is_told(product: Product, engine: Engine, lea: Owner) -> None:
    """Who, which ticket and why stand in the audit; nobody of the company did it; the owner hears."""
    assert isinstance(product.reset_by_operator(lea.person), Accepted)

    assert product.find(lea.seat.token) is None
    (event,) = product.audit("two_factor:reset_by_operator")
    assert {"operator": "mara", "ticket": "T-17", "reason": "phone stolen"} == event.details
    assert event.actor_id is None
    assert "reset" == dump(engine)["outbox"][-1][1]
    product.log_in(lea.person)


def test_the_last_backup_code_stands_in_for_the_code(product: Product, lea: Owner) -> None:
    """Ten minutes, and only where none is left: a lost phone and the last code must still lead out."""
    for code in lea.codes[:7]:
        seat = product.log_in_with(lea.person, code)
    assert Refused(Refusal.MALFORMED) == product.reset(seat, None)

    seat = product.log_in_with(lea.person, lea.codes[7])

    assert isinstance(product.reset(seat, None), Accepted)


def test_a_crash_anywhere_in_an_operator_s_reset_leaves_it_all_on_or_all_off(
    product: Product, engine: Engine, lea: Owner
) -> None:
    """Break glass breaks whole: factors, sessions, audit and notice in one transaction."""
    product.half_way(lea.person)
    product.create_codes(lea.seat, lea.phone.code(product.now))
    before = dump(engine)

    deaths, sights = dies_everywhere(engine, lambda: product.reset_by_operator(lea.person), lambda: dump(engine))

    after = dump(engine)
    assert deaths > 10
    assert [before] * deaths == sights
    assert {name: [] for name in OF_THE_FACTORS} == {name: after[name] for name in OF_THE_FACTORS}
    assert [] == after["challenges"] == after["known_browsers"]
    assert product.find(lea.seat.token) is None
    assert 1 == len(product.audit("two_factor:reset_by_operator"))
    assert "reset" == after["outbox"][-1][1]

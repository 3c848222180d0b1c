"""Overview and Security tab: what they tell, and how long a session lives."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from tests.core.people import Clock, Product
from tests.web.client import Client
from tests.web.people import log_in, security


def test_the_overview_tells_the_log_in_before_this_one(client: Client, product: Product, clock: Clock) -> None:
    """From where, with a shortened address; the first time it says so."""
    person = product.employee()
    log_in(client, person)
    first = client.get("/")
    clock.move(days=1)
    log_in(client, person)

    again = client.get("/")

    assert "This is your first one." in first.text
    assert "Yesterday at 10:00" in again.text
    assert "127.0.0.x" in again.text


@pytest.mark.parametrize(
    ("used", "words"), [(4, ""), (5, "These won't last long."), (8, "only Support can let you in")]
)
def test_the_security_tab_warns_when_codes_run_low(
    client: Client, product: Product, clock: Clock, used: int, words: str
) -> None:
    """At 3 or fewer, and at 0."""
    owner = product.owner()
    for code in owner.codes[:used]:
        product.answer(product.half_way(owner.person), code)
    log_in(client, owner.person)
    client.as_page().post("/login/code", code=owner.phone.code(clock.now))

    answer = client.get(security(owner.person))

    assert f"{8 - used} of 8 backup codes left" in answer.text
    assert words in answer.text
    assert ("These won't last long." in answer.text) is (used == 5)


def test_recent_activity_names_what_happened(client: Client, product: Product, clock: Clock) -> None:
    """In words, newest first."""
    owner = product.owner()
    log_in(client, owner.person)
    client.as_page().post("/login/code", code=owner.phone.code(clock.now))

    answer = client.get(security(owner.person))

    assert answer.text.index("Logged in with an authentication code") < answer.text.index("activated")


def test_an_idle_session_is_over_and_a_busy_one_lasts_a_day(client: Client, product: Product, clock: Clock) -> None:
    """60 minutes without a request, 24 hours in all (NIST SP 800-63B-4 §2.2.3)."""
    person = product.employee()
    log_in(client, person)
    for _ in range(47):
        clock.move(minutes=30)
        assert 200 == client.as_page().get("/").status
    clock.move(minutes=30)
    assert 303 == client.as_page().get("/").status

    log_in(client, person)
    clock.move(minutes=60)
    assert 303 == client.as_page().get("/").status


def test_somebody_deactivated_is_out_at_once(
    client: Client, product: Product, engine: Engine, open_browser: Callable[[], Client]
) -> None:
    """The next request, half-way or logged in (ASVS 7.4.2)."""
    owner = product.owner()
    half_way = open_browser()
    log_in(half_way, owner.person)
    log_in(client, owner.person)
    client.as_page().post("/login/code", code=owner.phone.code(product.now))

    with engine.begin() as connection:
        connection.execute(text("UPDATE employees SET is_active = :no"), {"no": False})

    assert 303 == client.as_page().get("/").status
    assert "/login" == half_way.get("/login/code").location

"""Overview and Security tab: what they tell, and how long a session lives."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from tests.core.people import PASSWORD, Clock, Product
from tests.web.client import Client
from tests.web.people import log_in, security

LOG = {"class": "log"}


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


def test_recent_activity_names_what_happened(client: Client, product: Product, clock: Clock) -> None:
    """In words, newest first."""
    owner = product.owner()
    log_in(client, owner.person)
    client.as_page().post("/login/code", code=owner.phone.code(clock.now))

    answer = client.get(security(owner.person))

    assert answer.text.index("Logged in with an authentication code") < answer.text.index("activated")


def test_recent_activity_leaves_out_slips_and_counts_what_repeats(
    client: Client, product: Product, clock: Clock, open_browser: Callable[[], Client]
) -> None:
    """A clumsy evening must not push a real event off the list, nor read like an attack of ten."""
    owner = product.owner()
    first, wrong = open_browser(), owner.phone.wrong_code(clock.now)
    log_in(first, owner.person)
    for code in ("", "12345", "abcdef", wrong, wrong, wrong, owner.codes[0]):
        first.post("/login/code", code=code)
    log_in(client, owner.person)
    client.as_page().post("/login/backup-code", backup_code=owner.codes[0])
    client.as_page().post("/login/backup-code", backup_code=owner.codes[1])

    lines = client.get(security(owner.person)).document.all("ol", **LOG)[0].all("li")

    assert [
        "Logged in with a backup code",
        "Backup code refused",
        "Logged in with a backup code",
        "Authentication code refused, 3 times",
        "Two-factor authentication activated",
        "Logged in with the password",
    ] == [line.all("b")[0].text for line in lines]


def test_recent_activity_calls_no_code_refused_that_was_not_looked_at(
    client: Client, product: Product, clock: Clock
) -> None:
    """A second app of the same name: the form was refused for the name, and the code in it was right."""
    owner = product.owner()
    product.add_app(owner.seat, "Authenticator app", owner.phone.code(clock.now))
    log_in(client, owner.person)
    client.as_page().post("/login/code", code=owner.phone.code(clock.now))

    assert "refused" not in client.get(security(owner.person)).text


@pytest.mark.parametrize("ends", ["too old", "operator"])
def test_who_was_logged_out_is_told_so(client: Client, product: Product, clock: Clock, ends: str) -> None:
    """A log-in page without a word looks like a mistake; after “Log out” it says nothing."""
    owner = product.owner()
    log_in(client, owner.person)
    client.as_page().post("/login/code", code=owner.codes[0])
    if ends == "too old":
        clock.move(hours=24)
    else:
        product.reset_by_operator(owner.person)

    led = client.as_page().get(client.get("/").location)
    log_in(client, owner.person)
    if ends == "too old":
        client.as_page().post("/login/code", code=owner.codes[1])
    out = client.as_page().get(client.as_page().post("/logout", form_at="/").location)

    assert "You have been logged out. Log in again to go on." in led.text
    assert "logged out" not in out.text


def test_after_a_pause_the_password_alone_goes_on(client: Client, product: Product, clock: Clock) -> None:
    """No code; back where one was. Before it, no page answers, and what changes a factor asks once more after it."""
    owner = product.owner()
    log_in(client, owner.person)
    client.as_page().post("/login/code", code=owner.phone.code(clock.now))
    old = client.flask.get_cookie("session").value
    clock.move(minutes=60)

    led = client.as_page().get("/settings/employees")
    form = client.as_page().get(led.location)
    done = client.as_page().post(led.location, email=owner.person.email, password=PASSWORD)

    assert (303, "/login?next=/settings/employees") == (led.status, led.location)
    assert "You were away for a while." in form.text
    assert (303, "/settings/employees") == (done.status, done.location)
    assert "Hello, Lea" == client.as_page().get("/").heading
    assert old != client.flask.get_cookie("session").value
    assert "Confirm that it's you" == client.get(f"{security(owner.person)}/two-factor/reset").heading
    assert "Went on after a pause" in client.as_page().get(security(owner.person)).text
    client.flask.set_cookie("session", old)
    assert 303 == client.as_page().get("/").status


def test_log_out_after_a_pause_is_for_good(client: Client, product: Product, clock: Clock) -> None:
    """The button on a page left open for an hour: what the password could have resumed is over (and only that)."""
    owner = product.owner()
    log_in(client, owner.person)
    client.as_page().post("/login/code", code=owner.phone.code(clock.now))
    client.get("/")
    idle = client.flask.get_cookie("session").value
    clock.move(hours=1)

    out = client.send("/logout")

    assert "/login" == out.location
    client.flask.set_cookie("session", idle)
    again = client.as_page().post("/login", email=owner.person.email, password=PASSWORD)
    assert "/login/code" == again.location
    assert [owner.person.id] == [event.employee_id for event in product.audit("session:end")]


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

"""What is written down of whom, and what happens to requests that were not sent by the product's own pages.

Who may open what is walked in test_matrix.py.
"""

import io
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine

from tests.core.people import PASSWORD, Clock, Product
from tests.databases import taken_away
from tests.web.client import Answer, Client
from tests.web.people import log_in, security


def test_a_missing_token_changes_nothing_and_offers_the_form_again(client: Client, product: Product) -> None:
    """400, the e-mail kept, the password not (case D-67)."""
    product.employee()
    client.get("/login")
    client.token = "forged"

    answer = client.send("/login", email="lea@studio.example", password=PASSWORD)

    assert 400 == answer.status
    assert "lea@studio.example" == answer.value("email")
    assert "" == answer.value("password")
    again = client.send("/login", email="lea@studio.example", password=PASSWORD)
    assert 303 == again.status


def test_a_forged_form_is_written_down(
    client: Client, product: Product, caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    """In the audit where it is known whose browser it was, half-way too; else in the log alone (ASVS 16.3.3)."""
    owner = product.owner()
    client.get("/login")
    client.token = "forged"
    client.send("/login", email=owner.person.email, password=PASSWORD)
    assert [] == product.audit("request:forge")
    assert ["request:forge"] == [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    log_in(client, owner.person)
    client.token = "forged"
    client.send("/login/code", code=owner.phone.code(clock.now))
    client.as_page().post("/login/code", code=owner.phone.code(clock.now))
    client.token = "forged"

    client.send("/logout")

    rows = product.audit("request:forge")
    assert ["login.send_code", "login.log_out"] == [row.details["endpoint"] for row in rows]
    assert {(owner.person.id, "refused", "forged")} == {(row.employee_id, row.outcome, row.reason) for row in rows}


def test_another_sessions_token_is_foreign(
    client: Client, product: Product, open_browser: Callable[[], Client]
) -> None:
    """Each session has its own (case D-67)."""
    person = product.employee()
    other = open_browser()
    log_in(other, person)
    other.get("/")
    log_in(client, person)
    client.token = other.token

    assert 400 == client.send(f"{security(person)}/two-factor/activate").status


def test_a_foreign_page_is_refused(client: Client, product: Product) -> None:
    """Even with the right token (case D-68)."""
    product.employee()
    client.get("/login")
    foreign = [{"Origin": text} for text in ("https://evil.example", "null", "http://localhost:1234", "http://[", "x")]
    foreign += [{"Origin": "http://localhost.evil.example"}, {"Origin": "http://127.0.0.1:5001"}]
    foreign += [{"Referer": "https://evil.example/page"}, {"Referer": "https://evil.example/http://localhost/"}]
    foreign += [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
    foreign += [{"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"}]

    for headers in foreign:
        answer = client.send("/login", headers=headers, email="lea@studio.example", password=PASSWORD)
        assert 400 == answer.status, headers


def test_the_products_own_pages_are_not_foreign(app: Flask, mode: str, product: Product) -> None:
    """The host asked and the public address; a browser that says nothing is taken at its token."""
    product.employee()
    own = [{}, {"Origin": "http://localhost"}, {"Origin": "http://127.0.0.1:5000"}, {"Sec-Fetch-Site": "same-origin"}]
    own += [{"Referer": "http://localhost/login?next=/"}, {"Sec-Fetch-Site": "none"}]

    for headers in own:
        client = Client(app.test_client(), mode)
        client.get("/login")
        answer = client.send("/login", headers=headers, email="lea@studio.example", password=PASSWORD)
        assert (303, "/") == (answer.status, answer.location), headers


def test_a_post_without_a_session_leads_back_to_the_page_that_held_its_form(client: Client, product: Product) -> None:
    """After the log-in one is where one was; log-out leads nowhere."""
    person = product.employee()
    tab = security(person)
    leads_back_to = {
        f"/settings/employees/{person.id}": f"/settings/employees/{person.id}",
        f"{tab}/two-factor/activate": tab,
        f"{tab}/two-factor/activate/code": f"{tab}/two-factor/activate/code",
        f"{tab}/two-factor/activate/backup-codes/download": f"{tab}/two-factor/activate/backup-codes",
        f"{tab}/two-factor/activate/close": f"{tab}/two-factor/activate/backup-codes",
        f"{tab}/two-factor/reset": f"{tab}/two-factor/reset",
        f"{tab}/backup-codes": f"{tab}/backup-codes",
        f"{tab}/backup-codes/check": f"{tab}/backup-codes/check",
        "/logout": None,
    }

    for path, page in leads_back_to.items():
        assert (f"/login?next={page}" if page else "/login") == client.send(path).location, path


def test_an_ended_session_is_led_to_log_in_and_a_live_one_to_its_form(
    client: Client, product: Product, clock: Clock
) -> None:
    """A session that idled away is gone: log-in. One that lives with a foreign token: 400 with the way to the form."""
    person = product.employee()
    tab = security(person)
    log_in(client, person)
    client.get(tab)
    client.token = "foreign"

    foreign = client.send(f"{tab}/two-factor/activate")
    clock.move(hours=2)
    ended = client.send(f"{tab}/two-factor/activate")

    assert 400 == foreign.status
    assert [tab] == [link.attributes["href"] for link in foreign.document.all("a") if link.text == "Open it again"]
    assert (303 if client.mode == "page" else 204, f"/login?next={tab}") == (ended.status, ended.location)


def test_who_asks_for_a_page_of_somebody_else_is_written_down(client: Client, product: Product) -> None:
    """A colleague's and a stranger's, page and form (cases D-53, ASVS 8.2.2)."""
    me = product.employee()
    colleague = product.employee("kim@studio.example", name="Kim", company=me.company_id)
    stranger = product.employee("eve@other.example", name="Eve", company=product.company("Other"))
    log_in(client, me)
    client.as_page().get("/")

    for person in (colleague, stranger):
        for path in (f"/settings/employees/{person.id}", f"{security(person)}/two-factor/reset"):
            client.get(path)
            client.as_page().post(path, form_at="/")

    denied = [(row.reason, row.details["endpoint"]) for row in product.audit("access:deny")]
    shown, changed = ["profile.show", "profile.save"], ["two_factor.reset", "two_factor.send_reset"]
    assert [("not_yours", endpoint) for endpoint in (*shown, *changed)] * 2 == denied


def test_unknown_pages_methods_bodies_and_hosts_are_refused(client: Client, product: Product) -> None:
    """Each with a page that says so and leads on, and never with a 500."""
    log_in(client, product.employee())

    for path in ("/no/such/page", "/settings/employees/99999999999999999999", "/settings/employees/0", "/a\x00b"):
        answer = client.get(path)
        assert (404, "Page not found") == (answer.status, answer.heading), path
    for form in ({"email": "a" * 100_000}, {f"f{at}": "x" * 60 for at in range(2000)}):
        answer = client.send("/login", **form)
        assert (413, "Too much at once") == (answer.status, answer.heading)
    chunked = {"Transfer-Encoding": "chunked"}
    unsaid = client.flask.post("/login", headers=chunked, input_stream=io.BytesIO(b"email=x"))
    assert 411 == unsaid.status_code
    wrong = client.get("/logout")
    assert (405, {"POST", "OPTIONS"}) == (wrong.status, set(wrong.response.headers["Allow"].split(", ")))
    for host in ("evil.example", "localhost.evil.example", "localhost@evil.example", "evil.example:80", "a b"):
        refused = client.flask.get("/login", headers={"Host": host})
        assert 400 == refused.status_code, host
        assert "evil" not in refused.text


def test_without_its_database_the_product_says_when_to_come_back(
    app: Flask, product: Product, database_uri: str, engine: Engine
) -> None:
    """503 with Retry-After and a page that asks the database for nothing (ASVS 16.5.2)."""
    browser = Client(app.test_client())
    log_in(browser, product.employee())
    product.session.close()
    engine.dispose()

    with taken_away(database_uri):
        answers = [browser.get(path) for path in ("/", "/no/such/page")]
    back = browser.get("/")

    assert ["/", "/no/such/page"] == [_again(answer) for answer in answers]
    for answer in answers:
        assert "support@calenso.com" in answer.text
        assert 503 == answer.status
        assert 0 < int(answer.response.headers["Retry-After"])
        assert "Back in a moment" == answer.heading
    assert "Hello, Lea" == back.heading


def _again(answer: Answer) -> str:
    return next(link.attributes["href"] for link in answer.document.all("a") if link.text == "Try again")

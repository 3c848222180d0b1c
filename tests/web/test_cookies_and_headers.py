"""Cookies, headers and what is kept out of reach: nothing readable, nothing framed, nothing stored."""

import logging
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from tests.core.people import PASSWORD, Clock, Phone, Product
from tests.web.client import Client
from tests.web.dom import parse
from tests.web.people import begin_activation, log_in, security
from webapp import logs


def test_cookies_are_opaque_and_for_the_server_only(open_browser: Callable[[], Client], product: Product) -> None:
    """HttpOnly, Lax, the whole host's; the session ends with the browser, the known browser after 180 days (D-80)."""
    browser = open_browser()
    answer = browser.post("/login", email=product.employee().email, password=PASSWORD)

    session, known = answer.response.headers.getlist("Set-Cookie")

    assert ["HttpOnly", "Path=/", "SameSite=Lax"] == sorted(session.split("; ")[1:])
    assert session.startswith("session=s.")
    assert known.startswith("browser=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax", f"Max-Age={180 * 24 * 60 * 60}"} <= set(known.split("; "))


def test_secure_cookies_carry_the_host_prefix(make_app: Callable[..., Flask]) -> None:
    """Secure, Path=/ and no Domain, as __Host- demands (ASVS 3.3.3)."""
    app = make_app(SESSION_COOKIE_SECURE=True)
    client = app.test_client()
    csrf = parse(client.get("/login", base_url="https://localhost").text).one("input", name="csrf_token")
    runner = app.test_cli_runner()
    runner.invoke(args=["company", "create", "Studio", "--plan", "basic"])
    options = ["--company", "1", "--email", "lea@studio.example", "--name", "Lea", "--role", "employee"]
    runner.invoke(args=["employee", "create", *options, "--password-stdin"], input=PASSWORD)

    answer = client.post(
        "/login",
        base_url="https://localhost",
        data={"csrf_token": csrf.attributes["value"], "email": "lea@studio.example", "password": PASSWORD},
    )

    cookies = answer.headers.getlist("Set-Cookie")
    assert ["__Host-session", "__Host-browser"] == [cookie.partition("=")[0] for cookie in cookies]
    for cookie in cookies:
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie


def test_production_asks_for_https_for_a_year(make_app: Callable[..., Flask]) -> None:
    """HSTS on every answer, errors and files included; none in development (ASVS 3.4.1)."""
    keys = {
        "SECRET_KEY": "kZ8fQ2vW7xN4bT1mR6yL9pH3cJ5gD0sA",
        "TWO_FACTOR_KEYS": ["A-B_" * 2 + "kZ8fQ2vW7xN4bT1mR6yL9pH3cJ5gD0sAqqq"],
    }
    production = make_app(ENV_NAME="production", PUBLIC_URL="https://app.example.com", **keys).test_client()
    development = make_app().test_client()

    for path in ("/login", "/", "/no/such/page", "/static/app.css"):
        with production.get(path, base_url="https://app.example.com") as answer, development.get(path) as plain:
            assert "max-age=31536000; includeSubDomains" == answer.headers["Strict-Transport-Security"]
            assert "Strict-Transport-Security" not in plain.headers


def test_files_may_be_kept_and_carry_no_cookie(open_browser: Callable[[], Client]) -> None:
    """For ever with a fingerprint in the address; they are the same for everybody."""
    browser = open_browser()
    page = browser.get("/login")
    assert {"/static/app.css", "/static/app.js"} <= {address.partition("?")[0] for address in _files(page)}
    fresh = browser.flask.application.test_client()

    for address in _files(page):
        with fresh.get(address) as answer:
            assert 200 == answer.status_code
            assert "public, max-age=31536000, immutable" == answer.headers["Cache-Control"]
            assert "Set-Cookie" not in answer.headers
            assert "nosniff" == answer.headers["X-Content-Type-Options"]
    for path in ("/static/", "/static/../dashboard.sqlite3", "/static/..%2f..%2fwsgi.py", "/.git/config", "/wsgi.py"):
        assert 404 == fresh.get(path).status_code


def test_going_back_loads_whole_pages(open_browser: Callable[[], Client]) -> None:
    """HTMX restoring its history gets no fragment in place of a page."""
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}

    assert open_browser().get("/login", headers=headers).document.all("html")


def test_an_address_is_taken_from_trusted_proxies_only(
    open_browser: Callable[[], Client], product: Product, make_app: Callable[..., Flask]
) -> None:
    """Whoever calls can't choose the address in the audit (case D-23), nor the host by X-Forwarded-Host (D-66)."""
    browser = open_browser()
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", "X-Forwarded-Host": "evil.example"}
    browser.get("/login")
    answer = browser.send("/login", headers=forged, email=product.employee().email, password=PASSWORD)
    behind = make_app(TRUSTED_PROXIES=1).test_client()

    assert "/" == answer.location
    assert {"127.0.0.1"} == {event.address for event in product.audit("session:start")}
    assert 400 == behind.get("/login", headers={"X-Forwarded-Host": "evil.example"}).status_code
    assert 200 == behind.get("/login", headers={"X-Forwarded-For": "203.0.113.9"}).status_code


def test_behind_a_trusted_proxy_the_address_is_the_one_that_it_saw(
    product: Product, make_app: Callable[..., Flask]
) -> None:
    """The last of X-Forwarded-For; what stands before it was written by whoever called (case D-23)."""
    app, person = make_app(TRUSTED_PROXIES=1), product.employee()

    for sent in ("203.0.113.9", "198.51.100.1, 203.0.113.10", "127.0.0.1, 198.51.100.1, 203.0.113.11"):
        browser = Client(app.test_client())
        browser.get("/login")
        answer = browser.send("/login", headers={"X-Forwarded-For": sent}, email=person.email, password=PASSWORD)
        assert "/" == answer.location

    expected = ["203.0.113.9", "203.0.113.10", "203.0.113.11"]
    assert expected == [event.address for event in product.audit("session:start")]


@pytest.mark.parametrize("fallbacks", [True, False])
def test_forms_outlive_a_new_secret_key_while_the_old_one_is_a_fallback(
    product: Product, make_app: Callable[..., Flask], fallbacks: bool
) -> None:
    """FLASK_SECRET_KEY_FALLBACKS: an open form is taken after the rotation; without it, it is a forged one."""
    person = product.employee()
    path = f"/settings/employees/{person.id}"
    before = Client(make_app(SECRET_KEY="the old key").test_client())
    log_in(before, person)
    before.get(path)
    new = make_app(SECRET_KEY="the new key", SECRET_KEY_FALLBACKS=["the old key"] if fallbacks else [])
    after = Client(new.test_client())
    after.flask.set_cookie("session", before.flask.get_cookie("session").value)
    after.token = before.token

    answer = after.send(path, name="Lea Neu", phone="", language="en")

    assert (303 if fallbacks else 400) == answer.status
    assert fallbacks is ("Lea Neu" in after.get(path).text)
    assert 303 == after.post(path, name="Lea Neu", phone="", language="en").status


def test_a_log_in_goes_on_where_the_limits_per_address_have_lost_their_storage(
    product: Product, make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    """Redis away is no outage: the limits per person, in the database, go on. The log tells of it once a minute."""
    logging.getLogger(logs.LIMITER).filters.clear()
    logs.configure()
    app = make_app(RATELIMIT_ENABLED=True, RATELIMIT_STORAGE_URI="redis://127.0.0.1:1")
    person = product.employee()
    wrong = {"email": "nobody@studio.example", "password": "not the right password"}

    answer = Client(app.test_client()).post("/login", email=person.email, password=PASSWORD)
    statuses = [Client(app.test_client()).post("/login", **wrong).status for _ in range(6)]

    assert (303, "/") == (answer.status, answer.location)
    assert [422] * 5 + [429] == statuses
    assert 1 == len([record for record in caplog.records if record.name == logs.LIMITER])


def test_a_flood_from_one_address_is_stopped(make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture) -> None:
    """600 POSTs a minute, and a page that says when to come back (ASVS 2.4.1); pages can still be read."""
    client = make_app().test_client()
    statuses = {client.post("/logout").status_code for _ in range(600)}

    answer = [client.post("/logout") for _ in range(3)][-1]

    assert {303} == statuses
    told = [record.facts for record in caplog.records if record.getMessage().startswith("too many requests")]
    assert [{"endpoint": "login.log_out", "address": "127.0.0.1"}] == told  # once, not at every request
    assert (429, "60") == (answer.status_code, answer.headers["Retry-After"])
    assert "Too many requests" in answer.text
    assert 200 == client.get("/login").status_code
    unlimited = make_app(RATELIMIT_ENABLED=False).test_client()
    assert {303} == {unlimited.post("/logout").status_code for _ in range(601)}


def test_no_log_line_holds_a_secret(
    open_browser: Callable[[], Client], product: Product, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Passwords, codes, keys and cookies stay out of the log, in errors too (ASVS 16.2.5)."""
    browser, person = open_browser(), product.employee()
    with caplog.at_level(logging.DEBUG, logger="webapp"):
        log_in(browser, person)
        phone = Phone(begin_activation(browser, person))
        path = f"{security(person)}/two-factor/activate/code"
        browser.post(path, code=phone.wrong_code(clock.now))
        browser.post(path, code=phone.code(clock.now))
        codes = [
            code.text
            for code in browser.get(f"{security(person)}/two-factor/activate/backup-codes").document.all("code")
        ]
        _unseal(product)
        assert 503 == browser.post("/login/code", **_half_way(browser, person, phone, clock)).status

    said = caplog.text
    assert "a sealed value does not open" in said
    for secret in (PASSWORD, phone.key, *codes, *browser.secrets):
        assert secret not in said


@pytest.mark.parametrize("is_fragment", [False, True])
def test_what_breaks_says_so_and_tells_no_details(
    open_browser: Callable[[], Client], product: Product, is_fragment: bool
) -> None:
    """500 without a traceback, as page and fragment (ASVS 16.5.1); the log has it."""
    browser, person = open_browser(), product.employee()
    log_in(browser, person)
    product.session.execute(text("UPDATE employees SET role = 'nonsense'"))
    product.session.commit()

    answer = browser.flask.get("/", headers={"HX-Request": "true"} if is_fragment else {})

    assert 500 == answer.status_code
    assert "Something broke" in answer.text
    assert "nonsense" not in answer.text
    assert "no-store" in answer.headers["Cache-Control"]


def _files(page) -> list[str]:
    links = [one.attributes["href"] for one in page.document.all("link")]
    return links + [one.attributes["src"] for one in page.document.all("script")]


def _unseal(product: Product) -> None:
    """As a flipped byte in the database file would."""
    length = product.session.execute(text("SELECT length(box) FROM authenticators")).scalar_one()
    product.session.execute(text("UPDATE authenticators SET box = :box"), {"box": bytes(length)})
    product.session.commit()


def _half_way(browser: Client, person, phone: Phone, clock: Clock) -> dict[str, str]:
    browser.post("/logout", form_at="/")
    log_in(browser, person)
    clock.next_step()
    return {"code": phone.code(clock.now)}

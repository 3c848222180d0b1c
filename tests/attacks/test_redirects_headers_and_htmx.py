"""Attacks by addresses, headers, other sites' pages, caches and HTMX (section D5 of the catalogue)."""

import itertools
import re
import urllib.parse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.attacks.raw import Reply, ask, form
from tests.attacks.thieves import cookie_of, log_in_fully, routes, stored, take_token
from tests.core.people import PASSWORD, Clock, Phone, Product
from tests.core.stored import dump
from tests.services.browser import Browser
from tests.services.place import KEY, Place, running_place
from tests.web.client import FRAGMENT, Client
from tests.web.people import begin_activation, log_in, security
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.sealing import Keyring
from webapp.web.guards import Needs, guard_of

# --- where one is led -------------------------------------------------------------------------------------------------

HOSTILE_NEXT = ["//evil.example", "/%5cevil.example", "/%09/evil.example", "%2f%2fevil.example", "https:evil.example"]
HOSTILE_NEXT += ["////evil.example", "javascript:alert(1)", "/%0d%0aSet-Cookie:%20evil=1", "/%0aevil:%201", "/%00"]
HOSTILE_NEXT += ["/%e5%98%8a%e5%98%8dSet-Cookie:%20evil=1", "http://127.0.0.1@evil.example/", "%5c%5cevil.example"]
HOSTILE_NEXT += ["/%2509/%0d", "data:text/html,x", "%20//evil.example"]
HOSTILE_PATHS = ["//evil.example", "///evil.example/%2e%2e", "/%5cevil.example", "//evil.example/settings/employees"]
HOSTILE_PATHS += [
    "/settings//employees",
    "/settings/employees/%0d%0aSet-Cookie:%20evil=1",
    "/login/",
    "/%2f/evil.example",
]
HOSTILE_PATHS += ["//evil.example/..;/login", "/settings/employees?q=%0d%0aSet-Cookie:%20evil=1", "/login/code//evil"]
HOSTILE_PATHS += ["http://evil.example/", "http://evil.example/settings/employees", "/?next=//evil.example"]


def test_no_next_leads_a_log_in_to_another_host(place: Place) -> None:
    """Over the wire, as page and fragment: home, and no header that the attacker wrote (D-64, D-65)."""
    person = _employee(place)

    for target, header in itertools.product(HOSTILE_NEXT, ((), (("HX-Request", "true"),))):
        shown = ask(place.address, f"/login?next={target}", headers=header)
        token = re.search(r'name="csrf_token" value="([^"]+)"', shown.body.decode())
        assert token, target
        cookie = ("Cookie", f"session={shown.cookies()['session']}")
        body = form(csrf_token=token.group(1), email=person.email, password=PASSWORD)
        sent = ask(place.address, f"/login?next={target}", method="POST", headers=(cookie, *header), body=body)

        assert (200, 303, "/") == (shown.status, sent.status, sent.header("location")), target
        assert 'action="/login"' in shown.body.decode()
        for reply in (shown, sent):
            assert "evil" not in reply.header("location") + str(reply.cookies()), target
            assert not [name for name, _ in reply.headers if name == "evil"], target


def test_no_address_asked_for_leads_to_another_host(one_place: Place) -> None:
    """Slashes, backslashes, absolute and encoded addresses: every redirect stays here (D-64, D-65)."""
    for target in HOSTILE_PATHS:
        for header in ((), (("HX-Request", "true"),)):
            reply = ask(one_place.address, target, headers=header)
            assert reply.status < 500, target
            for name in ("location", "hx-redirect", "hx-location"):
                _assert_stays_here(one_place.address, reply.header(name))
            assert {"session"} >= set(reply.cookies()), target


def test_the_way_on_after_a_backup_code_leads_to_no_other_host(client: Client, product: Product, clock: Clock) -> None:
    """The second step's own next, on its page of two links (D-64)."""
    owner = product.owner()
    log_in_fully(client, owner, clock)

    for target in ("//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", "/\r\nx: y"):
        page = client.get("/login/after-backup-code", query_string={"next": target})
        links = [link.attributes["href"] for link in page.document.all("a")]
        assert not [link for link in links if "evil" in link or link.startswith("javascript")], target


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1:1@evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::1", "a b"]
)
def test_a_host_of_the_attacker_s_choice_is_refused_before_anything_is_done(
    product: Product, app: Flask, open_browser: Callable[[], Client], engine: Engine, host: str
) -> None:
    """For every page and form, with a live session and its token: 400, no evil host in the answer (D-66)."""
    client, person = open_browser(), product.employee()
    log_in(client, person)
    take_token(client, security(person))
    before = stored(engine)

    for method in ("GET", "POST"):
        for path, _ in routes(app, method, person.id):
            data = {"csrf_token": client.token, "email": person.email, "password": PASSWORD}
            sent = {"data": data} if method == "POST" else {}
            answer = client.flask.open(path, method=method, headers={"Host": host}, **sent)
            assert 400 == answer.status_code, (method, path)
            assert "evil" not in answer.text + str(answer.headers)

    assert before == stored(engine)


def test_no_forwarded_host_gets_into_a_redirect_or_a_page(one_place: Place) -> None:
    """No proxy is trusted unless a setting says so; two Host headers are no request (D-66)."""
    port = one_place.address.rpartition(":")[2]
    for name in ("X-Forwarded-Host", "X-Host", "X-Original-Host", "X-Forwarded-Server", "X-HTTP-Host-Override"):
        for path in ("/", "/login", "//login", "/settings/employees"):
            reply = ask(one_place.address, path, headers=((name, "evil.example"), ("Forwarded", "host=evil.example")))
            assert reply.status in (200, 303, 308)
            assert b"evil" not in reply.body
            _assert_stays_here(one_place.address, reply.header("location"))
    for hosts in (("evil.example", f"127.0.0.1:{port}"), (f"127.0.0.1:{port}", "evil.example")):
        twice = ask(one_place.address, "/", headers=tuple(("Host", host) for host in hosts))
        assert "evil" not in twice.header("location")
        assert b"evil" not in twice.body


# --- other sites' pages -----------------------------------------------------------------------------------------------


def test_a_token_in_the_address_a_cookie_or_another_header_is_none(
    product: Product, app: Flask, client: Client, engine: Engine
) -> None:
    """On every form: where addresses are logged and other sites can write, nothing is believed (D-67)."""
    person = product.employee()
    log_in(client, person)
    token = take_token(client, security(person)).token
    client.flask.set_cookie("csrf_token", token)
    before = stored(engine)

    for path, _ in routes(app, "POST", person.id):
        elsewhere = {"X-CSRF-Token-": token, "X-XSRF-TOKEN": token, "Authorization": f"Bearer {token}"}
        answer = client.flask.post(f"{path}?csrf_token={token}", headers=elsewhere)
        assert 400 == answer.status_code, path

    assert before == stored(engine)


def test_a_token_of_a_session_that_ended_opens_no_other(
    client: Client, product: Product, open_browser: Callable[[], Client]
) -> None:
    """After log-out and log-in the old form is offered again, its work not done (D-67)."""
    person = product.employee()
    log_in(client, person)
    path = f"/settings/employees/{person.id}"
    old = take_token(client, path).token
    client.as_page().post("/logout", form_at="/")
    anonymous = take_token(client, "/login").token
    log_in(client, person)

    for token in (old, anonymous, "", "x" * 4000, "\x00", old[:-1]):
        client.token = token
        answer = client.send(path, name="Eve", phone="", language="en")
        assert (400, "Eve") == (answer.status, answer.value("name"))

    assert [] == product.audit("profile:change")
    assert 303 == client.as_page().post(path, name="Lea B.", phone="", language="en").status


def test_a_form_of_another_site_does_nothing(product: Product, app: Flask, client: Client, engine: Engine) -> None:
    """Every kind of body that a browser sends across sites unasked, HX-Request alone too, on every form (D-68)."""
    person = product.employee()
    log_in(client, person)
    before = stored(engine)
    bodies = [
        ("application/x-www-form-urlencoded", b"name=Eve&language=en"),
        ("text/plain", b"csrf_token=x\r\nname=Eve"),
    ]
    bodies += [
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nEve\r\n--b--')
    ]

    for path, _ in routes(app, "POST", person.id):
        for kind, body in bodies:
            for headers in ({}, {"HX-Request": "true"}, {"X-Requested-With": "XMLHttpRequest"}):
                answer = client.flask.post(path, data=body, content_type=kind, headers=headers)
                assert 400 == answer.status_code, (path, kind)

    assert before == stored(engine)
    assert 200 == client.as_page().get("/").status


@pytest.mark.parametrize("step", ["/login", "/login/code", "/login/backup-code"])
def test_nobody_is_logged_in_to_an_account_of_the_attacker_s(
    client: Client, product: Product, clock: Clock, open_browser: Callable[[], Client], step: str
) -> None:
    """Log-in CSRF: password and codes need this browser's own token, not the attacker's (D-69)."""
    eve = product.owner("eve@studio.example")
    attacker = open_browser()
    if step != "/login":
        log_in(client, eve.person)
        log_in(attacker, eve.person)
    foreign = take_token(attacker, step).token
    client.get("/login")
    answers = {"email": eve.person.email, "password": PASSWORD, "code": eve.phone.code(clock.now)}
    fields = {**answers, "backup_code": eve.codes[0]} if step == "/login/backup-code" else answers
    if step == "/login/backup-code":
        del fields["code"]

    for token in ("", foreign):
        client.token = token
        assert 400 == client.send(step, **fields).status

    assert "s" != cookie_of(client)[0]
    assert client.get("/").location.startswith("/login")
    assert 1 == len(product.audit("session:start"))  # the one in which Eve activated


def test_a_look_alike_address_makes_no_second_account(app: Flask, product: Product, engine: Engine) -> None:
    """Case, a blank, a Kelvin sign, full-width letters: refused with one line, and nobody new (D-70)."""
    kim = product.employee("kim@studio.example")
    options = ["--company", str(kim.company_id), "--name", "Eve", "--role", "admin", "--password-stdin"]

    for email in ("KIM@studio.example", " kim@studio.example ", "kim@STUDIO.example", "\u212aim@studio.example"):
        done = app.test_cli_runner().invoke(args=["employee", "create", "--email", email, *options], input=PASSWORD)
        assert 1 == done.exit_code, email

    assert 1 == len(dump(engine)["employees"])
    assert 1 == len(product.audit("employee:create"))


def test_a_browser_that_says_nothing_of_where_it_comes_from_is_let_in(
    make_app: Callable[..., Flask], product: Product
) -> None:
    """HTTPS without Referer and Origin, as privacy add-ons send; the policy keeps the Referer for our own (D-72)."""
    client = make_app(SESSION_COOKIE_SECURE=True).test_client()
    person = product.employee()
    shown = client.get("/login", base_url="https://localhost")
    token = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
    assert token
    fields = {"csrf_token": token.group(1), "email": person.email, "password": PASSWORD}

    answer = client.post("/login", base_url="https://localhost", data=fields)

    assert (303, "/") == (answer.status_code, answer.headers["Location"])
    assert "same-origin" == answer.headers["Referrer-Policy"]


# --- what is kept, and what is shown ----------------------------------------------------------------------------------


def test_every_page_of_somebody_tells_htmx_to_keep_nothing(client: Client, product: Product, clock: Clock) -> None:
    """No snapshots in the browser's storage, which no-store does not govern; Back itself is a journey (D-73)."""
    owner = product.owner()
    log_in_fully(client, owner, clock)
    tab = security(owner.person)

    for path in ("/", "/settings/employees", tab, f"{tab}/two-factor/reset", f"{tab}/backup-codes", "/no/such/page"):
        (config,) = client.as_page().get(path).document.all("meta", name="htmx-config")
        said = config.attributes["content"]
        assert '"historyCacheSize":0' in said
        assert '"selfRequestsOnly":true' in said


class SharedCache:
    """A caching proxy in front of the product. A careless one keeps what it may not, and heeds Vary alone."""

    def __init__(self, address: str, *, is_careless: bool = False) -> None:
        self.address, self.is_careless = address, is_careless
        self.kept: dict[str, list[tuple[dict[str, str], Reply]]] = {}
        self.hits = 0

    def fetch(self, target: str, **headers: str) -> Reply:
        sent = {name.lower().replace("_", "-"): value for name, value in headers.items()}
        for selected, reply in self.kept.get(target, []):
            if all(sent.get(name, "") == value for name, value in selected.items()):
                self.hits += 1
                return reply
        reply = ask(self.address, target, headers=tuple(sent.items()))
        control, vary = reply.header("cache-control"), reply.header("vary").lower()
        if "*" not in vary and (self.is_careless or not re.search("no-store|private", control)):
            names = [name.strip() for name in vary.split(",") if name.strip()]
            self.kept.setdefault(target, []).append(({name: sent.get(name, "") for name in names}, reply))
        return reply


def test_a_shared_cache_hands_nobody_somebody_else_s_page(place: Place) -> None:
    """Files are kept, pages never; even one that heeds Vary alone keeps people and fragments apart (D-74)."""
    lea, kim = _employee(place), _employee(place, "kim@other.example", "Kim Frei")
    hers, his = _logged_in(place, lea), _logged_in(place, kim)
    stylesheet = re.search(r'href="(/static/[^"]+)"', ask(place.address, "/login").body.decode())
    assert stylesheet

    for is_careless in (False, True):
        cache = SharedCache(place.address, is_careless=is_careless)
        for target in ("/", "/settings/employees", "/login", stylesheet.group(1)):
            page, fragment = cache.fetch(target, cookie=hers), cache.fetch(target, cookie=hers, hx_request="true")
            other, nobody = cache.fetch(target, cookie=his), cache.fetch(target)
            if target.startswith("/static"):
                continue
            assert lea.name not in (other.body + nobody.body).decode()
            assert kim.name not in (page.body + fragment.body + nobody.body).decode()
            if page.status == 200:
                assert b"<html" in page.body
                assert b"<html" not in fragment.body
                assert lea.name in page.body.decode()
                assert kim.name in other.body.decode()
        assert 3 == cache.hits
        assert is_careless or [stylesheet.group(1)] == list(cache.kept)
        assert not [reply for entry in cache.kept[stylesheet.group(1)] for reply in [entry[1]] if reply.cookies()]


@pytest.mark.parametrize("how", ["idle", "logged out elsewhere", "gone"])
def test_a_pop_up_of_a_dead_session_leaves_for_the_log_in(product: Product, app: Flask, clock: Clock, how: str) -> None:
    """204 with HX-Redirect and an empty body at every address, never a log-in swapped into the dialog (D-75)."""
    owner = product.owner()
    victim = Client(app.test_client(), FRAGMENT)
    log_in_fully(victim, owner, clock)
    take_token(victim, security(owner.person))
    if how == "idle":
        clock.move(minutes=60)
    elif how == "gone":
        victim.flask.set_cookie("session", "s." + "A" * 43)
    else:
        copy = Client(app.test_client())
        copy.flask.set_cookie("session", cookie_of(victim))
        copy.post("/logout", form_at="/")

    for method in ("GET", "POST"):
        for path, endpoint in routes(app, method, owner.person.id):
            guard = guard_of(app, endpoint)
            assert guard is not None
            if guard.needs is Needs.NOTHING:
                continue
            if endpoint.startswith("health."):
                continue
            answer = victim.get(path) if method == "GET" else victim.send(path, code=owner.codes[0])
            assert (204, "") == (answer.status, answer.response.text), path
            assert answer.response.headers["HX-Redirect"].startswith("/login")


EVIL = [
    "<img src=x onerror=alert(1)>",
    '"><div hx-get=/logout hx-trigger=load hx-on:click="alert(1)">',
    "{{1237*4099}}${1237*4099}",
]
EVIL += [
    "<script nonce=x>alert(1)</script>",
    "</title><base href=//evil.example>",
    "' data-hx-get='/logout",
    "&lt;b&gt;",
]


@pytest.mark.parametrize("evil", EVIL)
def test_markup_in_a_name_is_text_and_no_policy_lets_it_run(client: Client, product: Product, evil: str) -> None:
    """On one's own pages, an administrator's, in a search and a form sent back: nothing new in the document (D-76)."""
    admin = product.employee("ada@studio.example", name=evil, role=Role.ADMIN)
    lea = product.employee(company=admin.company_id, name=evil)
    log_in(client, admin)
    list_, profile = "/settings/employees", f"/settings/employees/{admin.id}"
    take_token(client, profile)

    answers = [client.get(path) for path in ("/", list_, profile, security(admin), f"{list_}/{lea.id}")]
    answers += [client.get(list_, query_string={"q": evil}), client.send(profile, name=evil, phone=evil, language=evil)]

    assert [200] * 6 + [422] == [answer.status for answer in answers]
    for answer in answers:
        assert not [one for one in answer.document.everything() if one.tag in ("img", "base")]
        assert not [one for one in answer.document.everything() if one.attributes.get("data-hx-get") == "/logout"]
        assert str(1237 * 4099) not in answer.response.text
        assert "nonce-" not in answer.response.headers["Content-Security-Policy"]
    config = client.as_page().get("/").document.one("meta", name="htmx-config").attributes["content"]
    assert {'"allowEval":false', '"includeIndicatorStyles":false', '"allowScriptTags":false'} <= set(
        re.findall(r'"\w+":\w+', config)
    )
    assert "inlineScriptNonce" not in config


def test_no_step_can_be_framed(client: Client, product: Product, clock: Clock) -> None:
    """QR code, codes, reset, confirmation, log-in, errors: each answer says so, whatever its status (D-77)."""
    person = product.employee()
    log_in(client, person)
    phone, tab = Phone(begin_activation(client, person)), security(person)
    steps = [f"{tab}/two-factor/activate", f"{tab}/two-factor/activate/code"]
    answers = [client.get(path) for path in steps]
    answers.append(client.post(steps[1], code=phone.wrong_code(clock.now)))
    answers.append(client.followed(client.post(steps[1], code=phone.code(clock.now))))
    answers += [client.get(path) for path in (f"{tab}/two-factor/reset", f"{tab}/backup-codes", "/no/such", "/login")]
    clock.move(minutes=11)
    answers.append(client.get(f"{tab}/two-factor/reset"))

    for answer in answers:
        assert "frame-ancestors 'none'" in answer.response.headers["Content-Security-Policy"]
        assert "same-origin" == answer.response.headers["Cross-Origin-Resource-Policy"]


def test_whoever_reads_the_logs_of_the_server_finds_no_secret(
    own_sqlite_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The article's whole way, by the addresses that the product leads to: neither log holds one (D-79)."""
    access, errors = tmp_path / "access.log", tmp_path / "error.log"
    monkeypatch.setenv(
        "GUNICORN_CMD_ARGS", f"--access-logfile {access} --error-logfile {errors} --capture-output --log-level debug"
    )
    with running_place(own_sqlite_uri, tmp_path / "instance") as place:
        secrets = _the_whole_way(place)

    said = access.read_text() + errors.read_text()
    assert "POST /login/code" in said
    assert "/two-factor/activate/backup-codes/download" in said
    assert 20 < len(secrets)
    assert not [secret for secret in secrets if secret in said or urllib.parse.quote(secret) in said]
    assert not re.search("(code|token|secret|password|email)=", said)


def _the_whole_way(place: Place) -> set[str]:
    """Log in by both kinds of code, activate, look, download, close, create new codes, reset; every secret seen."""
    person = _employee(place)
    browser, half_way = Browser(place.address), place.half_way()
    code, wrong = place.code(), place.wrong_code()
    half_way.post("/login/code", code=wrong)
    _follow(half_way, "/login/code", code=code)
    by_code = place.half_way()
    _follow(by_code, "/login/backup-code", backup_code=place.owner.codes[0])
    browser.post("/login", email=person.email, password="not the right password")
    _follow(browser, "/login", email=person.email, password=PASSWORD)
    tab, base = security(person), f"{security(person)}/two-factor/activate"
    key = re.search(r"secret=([A-Z2-7]{32})", _follow(browser, base, form_at=tab))
    assert key
    first = Phone(key.group(1)).code(datetime.now(UTC))
    codes = _codes(_follow(browser, f"{base}/code", code=first))
    browser.post(f"{base}/backup-codes/download", form_at=f"{base}/backup-codes")
    _follow(browser, f"{base}/close", form_at=f"{base}/backup-codes")
    newer = _codes(_follow(browser, f"{tab}/backup-codes", backup_code=codes[0]))
    _follow(browser, f"{tab}/two-factor/reset", backup_code=newer[0])
    _follow(browser, "/logout", form_at="/")
    tokens = {cookie.value.rpartition(".")[2] for one in (browser, half_way, by_code) for cookie in one.cookies}
    return {PASSWORD, "not the right password", key.group(1), first, code, wrong, *codes, *newer, *tokens} - {""}


def _follow(browser: Browser, path: str, *, form_at: str | None = None, **fields: str) -> str:
    """The page that the form at *path* leads to."""
    answer = browser.post(path, form_at=form_at, **fields)
    assert 303 == answer.status, path
    return browser.get(answer.location).text


def _codes(page: str) -> list[str]:
    codes = re.findall(r"<code>([0-9A-Z-]{19})</code>", page)
    assert 8 == len(codes)
    return codes


# --- steps ------------------------------------------------------------------------------------------------------------


def _employee(place: Place, email: str = "ann@other.example", name: str = "Ann Wyss") -> Person:
    """Somebody at *place* without a second factor, so that each log-in needs no new code."""
    clock = Clock()
    clock.now = datetime.now(UTC)
    with Session(place.engine, expire_on_commit=False) as session:
        return Product(session, Keyring([KEY]), clock).employee(email, name=name)


def _logged_in(place: Place, person: Person) -> str:
    """The Cookie header of a browser at which *person* is logged in."""
    browser = Browser(place.address)
    assert 303 == browser.post("/login", email=person.email, password=PASSWORD).status
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)


def _assert_stays_here(address: str, location: str) -> None:
    """Read as browsers do: a backslash is a slash, tabs and line breaks are dropped."""
    read = re.sub("[\t\r\n]", "", location).replace("\\", "/")
    there = urllib.parse.urlsplit(urllib.parse.urljoin(address + "/", read))
    assert ("http", urllib.parse.urlsplit(address).netloc) == (there.scheme, there.netloc), location

"""Attacks on sessions, by odd passwords and codes, by size, and on what is logged (section D6 of the catalogue)."""

import base64
import binascii
import re
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.attacks.raw import ask, form
from tests.attacks.thieves import cookie_of, log_in_fully, session_of, take_token, thief_with
from tests.core.hashing import before_each_hash
from tests.core.people import PASSWORD, Clock, Phone, Product
from tests.core.stored import dump
from tests.services.place import KEY, Place, running_place
from tests.web.client import Client
from tests.web.people import begin_activation, log_in, security
from webapp.core.sealing import Keyring

# --- cookies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stands", ["half-way", "activating", "shown codes"])
def test_whoever_decodes_the_cookies_reads_nothing(
    product: Product, open_browser: Callable[[], Client], clock: Clock, stands: str
) -> None:
    """A letter and 256 random bits: no id, address, counter, key or code under any decoding (D-80)."""
    browser = open_browser()
    if stands == "half-way":
        person, known = (owner := product.owner()).person, [owner.phone.key, *owner.codes]
        log_in(browser, person)
        browser.send("/login/code", code=owner.phone.wrong_code(clock.now))
    else:
        log_in(browser, person := product.employee())
        phone = Phone(begin_activation(browser, person))
        known = [phone.key, phone.secret.hex()]
        if stands == "shown codes":
            path = f"{security(person)}/two-factor/activate/code"
            browser.post(path, code=phone.code(clock.now))

    cookies = {cookie.key: cookie.value for cookie in browser.flask._cookies.values()}

    assert cookies.keys() <= {"session", "browser"}
    assert re.fullmatch(r"[hs]\.[A-Za-z0-9_-]{43}", cookies["session"])
    read = b"".join(_decoded(value) for value in cookies.values())
    for word in (person.email, person.name, "totp", "csrf_token", "employee", '{"', *known):
        assert word.encode() not in read, word


def test_a_copied_cookie_is_dead_after_every_way_to_end_a_session(
    product: Product, app: Flask, clock: Clock, open_browser: Callable[[], Client], engine: Engine
) -> None:
    """Log-out, activation and reset elsewhere, an operator, somebody dismissed: replayed, it opens no page (D-81)."""
    lea, owner = product.employee("ann@studio.example"), product.owner()
    copies = {}

    browser = open_browser()
    log_in(browser, lea)
    copies["log-out"] = cookie_of(browser)
    browser.post("/logout", form_at="/")
    copies["activation"] = session_of(app, lea)
    log_in(browser, lea)
    phone = Phone(begin_activation(browser, lea))
    browser.post(f"{security(lea)}/two-factor/activate/code", code=phone.code(clock.now))
    for name in ("reset", "operator", "dismissed"):
        other = open_browser()
        log_in_fully(other, owner, clock)
        copies[name] = cookie_of(other)
        if name == "reset":
            product.reset(owner.seat, owner.phone.code(clock.now))
        elif name == "operator":
            product.reset_by_operator(owner.person)
        else:
            with engine.begin() as connection:
                connection.execute(text(f"UPDATE employees SET is_active = false WHERE id = {owner.person.id}"))
            break
        owner = product.activate(owner.person)
        clock.next_step()

    for how, cookie in copies.items():
        assert (303, "/login?next=/") == _opens(app, cookie), how
    assert {"two_factor_activated", "two_factor_reset", "logged_out"} <= _end_reasons(engine)


def test_the_browser_cookie_alone_opens_nothing(app: Flask, product: Product, clock: Clock) -> None:
    """It is a budget for guesses: as either cookie it is nobody's, and it spares no second step (D-81, D-12)."""
    owner = product.owner()
    victim = Client(app.test_client())
    log_in_fully(victim, owner, clock)
    stolen = cookie_of(victim, "browser")

    for name in ("browser", "session", "remember_token"):
        for value in (stolen, f"s.{stolen}", f"h.{stolen}"):
            thief = Client(app.test_client())
            thief.flask.set_cookie(name, value)
            assert thief.get("/").location.startswith("/login")
    thief = Client(app.test_client())
    thief.flask.set_cookie("browser", stolen)
    log_in(thief, owner.person)
    assert "/login?next=/" == thief.get("/").location


def test_a_planted_session_is_never_the_victim_s(
    product: Product, app: Flask, clock: Clock, open_browser: Callable[[], Client]
) -> None:
    """Anonymous or half-way, the attacker's value is left behind at both steps, and the attacker learns none (D-82)."""
    victim_is, eve = product.owner(), product.owner("eve@studio.example")
    attacker = open_browser()
    attacker.get("/login")
    anonymous = cookie_of(attacker)
    log_in(attacker, eve.person)
    half_way = cookie_of(attacker)

    for planted in (anonymous, half_way, "s." + "A" * 43, "h." + "B" * 43):
        victim = open_browser()
        victim.flask.set_cookie("session", planted)
        log_in(victim, victim_is.person)
        at_password = cookie_of(victim)
        victim.post("/login/code", code=victim_is.phone.code(clock.now))
        clock.next_step()

        assert 3 == len({planted[2:], at_password[2:], cookie_of(victim)[2:]})
        for value in (planted, f"s.{planted[2:]}", f"h.{planted[2:]}", at_password, f"s.{at_password[2:]}"):
            thief = thief_with(app, value)
            assert thief.get("/").location.startswith("/login")
            assert victim_is.person.email not in thief.get("/login/code").response.text


# --- what is typed ----------------------------------------------------------------------------------------------------

NUL = "\x00"
PASSWORDS = {"a" * 72: 422, "a" * 73: 422, "é" * 37: 422, NUL: 422, f"{PASSWORD}{NUL}x": 422, "x" * 1_000_000: 413}
PASSWORDS |= {"é" * 300: 422, "\u0301" * 5_000: 422, "🔑" * 64: 422, PASSWORD.upper(): 422, f"{PASSWORD} ": 422}


def test_odd_passwords_and_sizes_are_refused_alike_whoever_is_asked_for(place: Place) -> None:
    """Over 72 bytes, combining, NUL, a megabyte: 422 or 413, never a 500, and written down (D-84, D-88)."""
    for password, expected in PASSWORDS.items():
        known, unknown = [
            _send(place, email=f"{name}{len(password)}@other.example", password=password) for name in ("kim", "who")
        ]
        assert {expected} >= {known, unknown} - {429}, password[:20]
    with Session(place.engine) as session:
        clock = Clock()
        clock.now = datetime.now(UTC)
        product = Product(session, Keyring([KEY]), clock)
        for password, expected in list(PASSWORDS.items())[:5]:
            person = product.employee(f"ann{len(password)}.{password[0].encode().hex()}@other.example")
            assert expected == _send(place, email=person.email, password=password), password[:20]
        events = [event for event in product.audit("password:check") if event.employee_id == person.id]
    assert [("refused", "wrong_password")] == [(event.outcome, event.reason) for event in events]

    big = "x" * 1_000_000
    assert 422 == _send(place, email=f"lea{NUL}@studio.example", password=PASSWORD)
    for fields in ({"email": big}, {"code": big}, {"email": "a@b.example", "password": "x", "pad": big * 5}):
        assert 413 == _send(place, **fields)
    assert ask(place.address, f"/login?next=/{'a' * 3000}").status == 200
    assert ask(place.address, f"/login?next=/{'a' * 1_000_000}").status in (400, 414)
    assert ask(place.address, "/login?next=/%00a").status == 200
    assert ask(place.address, "/login", headers=(("Cookie", "session=" + "s" * 1_000_000),)).status in (400, 431)
    chunked = (("Transfer-Encoding", "chunked"), ("Content-Type", "application/x-www-form-urlencoded"))
    assert 411 == ask(place.address, "/login", method="POST", headers=chunked, body=b"5\r\na=b&c\r\n0\r\n\r\n").status
    assert 200 == ask(place.address, "/login").status


def test_the_code_page_opens_after_a_right_password_only(client: Client, product: Product, engine: Engine) -> None:
    """Whether an account has a second factor is not to be had for a wrong password (D-86)."""
    owner = product.owner()
    product.employee("kim@studio.example", company=owner.person.company_id)
    seen = set()

    for email in (owner.person.email, "kim@studio.example", "nobody@studio.example"):
        client.post("/login", email=email, password="not the right password")
        answers = [client.get(path) for path in ("/login/code", "/login/backup-code")]
        seen.add(tuple((answer.status, answer.location, answer.response.text) for answer in answers))
        assert "a" == cookie_of(client)[0]

    assert 1 == len(seen)
    assert [] == dump(engine)["challenges"]
    assert ["wrong_password"] * 3 == [event.reason for event in product.audit("password:check")][-3:]


RIGHT = ["{0}", " {0} ", "{1}-{2}", "{1} {2}", "{0}\r\n", "\t{0}", "{1}\u2013{2}", "{1}\u00a0{2}"]
OTHER = [
    "{3}",
    "+{3}",
    "{0}0",
    "0{0}",
    "{0}.0",
    "{0}\x00",
    "{1}\u200b{2}",
    "{1}\u2060{2}",
    "\ufeff{0}",
    "0x{0}",
    "{1},{2}",
]
SCRIPTS = ["٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９", "₀₁₂₃₄₅₆₇₈₉", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "०१२३४५६७८९"]


@pytest.mark.parametrize("shape", RIGHT)
def test_a_code_that_begins_with_zero_is_taken_as_it_is_shown(
    client: Client, product: Product, clock: Clock, shape: str
) -> None:
    """050471, with the blanks and dashes that phones and clipboards add (D-87)."""
    owner = product.owner()
    code = _wait_for_a_zero(owner.phone, clock)
    log_in(client, owner.person)

    answer = client.post("/login/code", code=_shaped(shape, code))

    assert (303, "/") == (answer.status, answer.location)
    assert "success" == product.audit("second_factor:check")[-1].outcome


def test_a_right_code_in_another_shape_or_script_is_no_code(client: Client, product: Product, clock: Clock) -> None:
    """Without its zero, with a sign, in other digits, 5000 of them: refused, written down, not charged (D-87)."""
    owner = product.owner()
    code = _wait_for_a_zero(owner.phone, clock)
    log_in(client, owner.person)
    take_token(client, "/login/code")
    shapes = [_shaped(shape, code) for shape in OTHER] + [code * 1000]
    shapes += [code.translate(str.maketrans("0123456789", script)) for script in SCRIPTS]

    answers = [client.send("/login/code", code=shape) for shape in shapes]
    accepted = client.send("/login/code", code=code)

    assert [422] * len(shapes) == [answer.status for answer in answers]
    assert 303 == accepted.status
    reasons = [event.reason for event in product.audit("second_factor:check")]
    assert ["malformed"] * len(shapes) + [""] == reasons


@pytest.mark.parametrize("path", ["/login/backup-code", "two-factor/reset", "backup-codes"])
def test_guessing_backup_codes_burns_five_hashes_and_no_more(
    open_browser: Callable[[], Client], product: Product, clock: Clock, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """One hash a guess, none while it waits: fifteen tries can't keep a processor busy (D-89)."""
    client, owner = open_browser(), product.owner()
    log_in(client, owner.person)
    if not path.startswith("/"):
        client.as_page().post("/login/code", code=owner.phone.code(clock.now))
        path = f"{security(owner.person)}/{path}"
    take_token(client, path)
    hashes: list[None] = []
    before_each_hash(monkeypatch, lambda: hashes.append(None))

    statuses = [client.send(path, backup_code=f"{at:016}").status for at in range(15)]

    assert [422] * 4 + [429] * 10 == statuses[:4] + statuses[5:]
    hashes_at_most = 5 if path.startswith("/login") else 5 * 9  # new codes make their eight before the guess is judged
    assert 5 <= len(hashes) <= hashes_at_most
    reasons = [event.reason for event in product.audit("second_factor:check") if event.outcome == "refused"]
    assert ["backup_code_unknown"] * 5 + ["too_many"] * 10 == reasons


# --- what is written down ---------------------------------------------------------------------------------------------

AGENTS = [
    "<script>alert(1)</script>",
    "{{7*7}}${7*7}#{7*7}",
    "%n%s%d%(x)s",
    'x" 200 "FORGED',
    "x" * 5000,
]


def test_no_line_of_a_log_is_of_the_attacker_s_making(
    own_sqlite_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By user agent, Referer, address, e-mail and codes: one line a request, each whole (D-90)."""
    access, errors = tmp_path / "access.log", tmp_path / "error.log"
    monkeypatch.setenv("GUNICORN_CMD_ARGS", f"--access-logfile {access} --error-logfile {errors} --capture-output")
    sent = 0
    with running_place(own_sqlite_uri, tmp_path / "instance") as place:
        for agent in AGENTS:
            header = (("User-Agent", agent), ("Referer", f"{place.address}/{agent[:99]}"))
            for email in ("a\r\nFORGED 1@b.example", "%n%s@b.example", "{{7*7}}@b.example", "<b>@b.example"):
                assert _send(place, header, email=email, password=f"{email}\r\nFORGED") in (422, 429)
                sent += 1
            assert 404 == ask(place.address, "/%0d%0aFORGED%20line/%1b[31m%25n", headers=header).status
            sent += 1
        for agent in ("\x1b[31mred", "a\rFORGED", "a\nFORGED", "a\x00FORGED", "a\n FORGED"):
            assert 400 == ask(place.address, "/", headers=(("User-Agent", agent),)).status
        with place.engine.connect() as connection:
            stored = connection.execute(text("SELECT user_agent FROM audit_events")).scalars().all()

    lines = [line for line in access.read_text().splitlines() if "GET /login " not in line]
    assert sent == len(lines)
    line = r'127\.0\.0\.1 - - \[[^]]+\] "(POST|GET) /\S* HTTP/1\.1" \d{3} \d+ "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*"'
    assert not [one for one in lines if not re.fullmatch(line, one)]
    assert not [one for one in errors.read_text().splitlines() if one.startswith("FORGED") or "49@" in one]
    assert {agent[:256] for agent in AGENTS} <= set(stored)


@pytest.mark.parametrize("agent", AGENTS[:4])
def test_no_name_of_a_browser_gets_into_a_page_or_a_mail(
    app: Flask, product: Product, clock: Clock, engine: Engine, agent: str
) -> None:
    """Stored as it came, shown as "Unknown browser": no markup, nothing evaluated (D-90)."""
    person = product.employee()
    browser = Client(app.test_client())
    browser.flask.environ_base["HTTP_USER_AGENT"] = agent
    log_in(browser, person)
    phone = Phone(begin_activation(browser, person))
    browser.post(f"{security(person)}/two-factor/activate/code", code=phone.code(clock.now))

    pages = [browser.get(path).response.text for path in ("/", security(person))]
    app.test_cli_runner().invoke(args=["outbox", "send"])
    (mail,) = [path.read_text() for path in (Path(app.instance_path) / "mail").glob("*.eml")]

    for said in (*pages, mail):
        assert agent not in said
        assert "alert(1)" not in said
    assert agent == product.audit("two_factor:activate")[0].user_agent


def test_a_brand_is_text_in_pages_addresses_and_mail(make_app: Callable[..., Flask], product: Product) -> None:
    """The issuer's name by setting: escaped in pages, percent-encoded for the phone, never evaluated (D-90)."""
    brand = "{{7*7}}<b>%n&secret=AAAA"
    browser, person = Client(make_app(BRAND_NAME=brand).test_client()), product.employee()
    log_in(browser, person)
    begin_activation(browser, person)

    page = browser.get(f"{security(person)}/two-factor/activate")

    (link,) = [one.attributes["href"] for one in page.document.all("a") if "otpauth:" in one.attributes["href"]]
    assert 2 == link.count("%7B%7B7%2A7%7D%7D%3Cb%3E%25n%26secret%3DAAAA")
    assert 1 == link.count("secret=")
    assert brand in page.document.all("title")[0].text
    assert "<b>%n" not in page.response.text


# --- steps ------------------------------------------------------------------------------------------------------------


def _decoded(value: str) -> bytes:
    """Everything that decoding *value* yields, deflated and not, byte by byte shifted as a reader would try."""
    found = value.encode()
    for part in (value, *value.split(".")):
        for decode in (base64.urlsafe_b64decode, base64.b64decode, bytes.fromhex):
            try:
                raw = decode(part + "=" * (-len(part) % 4)) if decode is not bytes.fromhex else bytes.fromhex(part)
            except (ValueError, binascii.Error):
                continue
            found += raw
            try:
                found += zlib.decompress(raw)
            except zlib.error:
                continue
    return found


def _opens(app: Flask, cookie: str) -> tuple[int, str]:
    answer = thief_with(app, cookie).get("/")
    return answer.status, answer.location


def _end_reasons(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(text("SELECT end_reason FROM log_in_sessions")).scalars())


def _send(place: Place, headers: tuple[tuple[str, str], ...] = (), **fields: str) -> int:
    """The status of a log-in form with these *fields* over the wire."""
    shown = ask(place.address, "/login")
    token = re.search(r'name="csrf_token" value="([^"]+)"', shown.body.decode())
    assert token
    cookie = ("Cookie", f"session={shown.cookies()['session']}")
    body = form(csrf_token=token.group(1), **fields)
    return ask(place.address, "/login", method="POST", headers=(cookie, *headers), body=body).status


def _wait_for_a_zero(phone: Phone, clock: Clock) -> str:
    """The first code from now on that begins with zero, at its time."""
    while not phone.code(clock.now).startswith("0"):
        clock.next_step()
    return phone.code(clock.now)


def _shaped(shape: str, code: str) -> str:
    return shape.format(code, code[:3], code[3:], code[1:])

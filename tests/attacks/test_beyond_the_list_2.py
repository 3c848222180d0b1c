"""Attacks that the catalogue does not have: stolen cookies and databases, malicious colleagues, combined headers."""

import base64
import email
import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from tests.attacks.raw import ask
from tests.attacks.thieves import cookie_of, factors, log_in_fully, routes, stored, take_token, thief_with
from tests.core.people import PASSWORD, Clock, Phone, Product
from tests.core.stored import dump, values
from tests.services.browser import Browser
from tests.services.place import Place
from tests.web.client import FRAGMENT, PAGE, Client
from tests.web.people import begin_activation, log_in, security
from webapp.core.accounts.rules import Role
from webapp.core.sealing import CannotOpenError, Context, Keyring, Sealed

# --- a stolen session cookie ------------------------------------------------------------------------------------------


def test_a_fresh_stolen_session_reads_and_changes_no_factor_without_a_code(
    product: Product, app: Flask, clock: Clock, engine: Engine
) -> None:
    """Within ten minutes of the log-in: pages yes, reset and new codes no, and guesses are the strangers'."""
    owner = product.owner()
    victim = Client(app.test_client())
    log_in_fully(victim, owner, clock)
    thief = thief_with(app, cookie_of(victim))
    before = factors(engine, without_use=True)
    tab = security(owner.person)

    for page in ("two-factor/reset", "backup-codes"):
        take_token(thief, f"{tab}/{page}")
        answers = [thief.send(f"{tab}/{page}", **fields) for fields in ({}, {"code": ""}, {"backup_code": "0" * 16})]
        assert [422] * 3 == [answer.status for answer in answers]
    for _ in range(6):
        thief.send(f"{tab}/two-factor/reset", code=owner.phone.wrong_code(clock.now))

    assert before == factors(engine, without_use=True)
    assert 429 == thief.get(f"{tab}/two-factor/reset").status
    assert 200 == victim.get(f"{tab}/two-factor/reset").status
    assert {"malformed", "backup_code_unknown", "wrong_code", "too_many"} == {
        event.reason for event in product.audit("second_factor:check") if event.outcome == "refused"
    }


def test_a_stolen_session_older_than_ten_minutes_is_asked_for_the_password_everywhere(
    product: Product, app: Flask, clock: Clock, engine: Engine
) -> None:
    """At every page and form that changes a factor, even with a right code, or a confirmation without password."""
    owner = product.owner()
    victim = Client(app.test_client())
    log_in_fully(victim, owner, clock)
    thief, tab = thief_with(app, cookie_of(victim)), security(owner.person)
    clock.move(minutes=10)
    take_token(thief, tab)
    before = factors(engine)

    for page in ("two-factor/reset", "backup-codes", "two-factor/activate/code", "two-factor/activate"):
        for extra in ({}, {"carry_on": "post"}, {"carry_on": "get", "password": ""}, {"carry_on": ["post", "get"]}):
            answer = thief.send(f"{tab}/{page}", code=owner.phone.code(clock.now), **extra)
            assert "Confirm that it's you" == answer.heading
            assert answer.status == (422 if extra else 200)

    assert before == factors(engine)
    assert 1 == len(product.audit("second_factor:check"))


def test_a_confirmed_password_shuts_out_whoever_stole_the_cookie_before(
    product: Product, app: Flask, clock: Clock
) -> None:
    """The owner proves again, the token changes, the copy is nobody's; and the thief's form token with it."""
    person = product.employee()
    victim = Client(app.test_client())
    log_in(victim, person)
    thief, tab = thief_with(app, cookie_of(victim)), security(person)
    take_token(thief, tab)
    clock.move(minutes=10)

    take_token(victim, tab).send(f"{tab}/two-factor/activate", password=PASSWORD, carry_on="post")

    assert "/login?next=/" == thief.get("/").location
    assert f"/login?next={tab}" == thief.send(f"{tab}/two-factor/activate").location
    assert "Activate two-factor authentication" == victim.get(f"{tab}/two-factor/activate").heading


@pytest.mark.parametrize("letter", "ahsxAHS")
def test_another_letter_before_the_token_opens_nothing(product: Product, app: Flask, clock: Clock, letter: str) -> None:
    """A half-way token as a session, a session's as half-way, an unknown stage: each is nobody or what it was."""
    owner = product.owner()
    half_way, full = Client(app.test_client()), Client(app.test_client())
    log_in(half_way, owner.person)
    log_in_fully(full, owner, clock)

    for browser in (half_way, full):
        stage, _, token = cookie_of(browser).partition(".")
        if letter == stage:
            continue
        thief = thief_with(app, f"{letter}.{token}")
        assert thief.get("/").location.startswith("/login")
        assert "/login" == thief.get("/login/code").location
        assert thief.get(security(owner.person)).location.startswith("/login")
        assert (stage, 200) == (cookie_of(browser)[0], browser.get("/login/help").status)


def test_a_session_cookie_sent_twice_is_one_person_or_nobody_never_a_mixture(place: Place) -> None:
    """A cookie tossed in beside the victim's: whose page it is and whose form token is judged are the same."""
    lea, anonymous = place.half_way(), Browser(place.address)
    lea.post("/login/code", code=place.code())
    token = lea.token("/settings/employees")
    theirs = anonymous.token("/login")
    cookies = {name: _session(browser) for name, browser in (("lea", lea), ("nobody", anonymous))}
    path = f"/settings/employees/{place.owner.person.id}"

    for order in itertools.permutations(cookies):
        header = ("Cookie", "; ".join(f"session={cookies[name]}" for name in order))
        is_lea = order[0] == "lea"
        assert (200 if is_lea else 303) == ask(place.address, "/", headers=(header,)).status
        for one in (token, theirs):
            body = f"csrf_token={one}&name=Lea+B.&phone=&language=en".encode()
            sent = ask(place.address, path, method="POST", headers=(header,), body=body)
            is_done = sent.header("location").endswith("after=saved")
            assert is_done is (is_lea and one == token)


# --- a stolen database ------------------------------------------------------------------------------------------------


def test_nothing_that_the_database_holds_is_worth_anything_as_a_cookie(
    product: Product, app: Flask, clock: Clock, engine: Engine
) -> None:
    """Digests, form secrets, message ids, boxes: each tried as a session, half-way and browser (a stolen copy)."""
    owner = product.owner()
    for step in ("/login", "/login/code"):
        browser = Client(app.test_client())
        log_in(browser, owner.person)
        browser.get(step)
    log_in_fully(browser, owner, clock)
    found = set()
    for _, value in values(dump(engine)):
        if isinstance(value, bytes):
            found |= {value.hex(), base64.urlsafe_b64encode(value).decode().rstrip("="), value.decode("latin-1")}
        elif isinstance(value, str):
            found.add(value)
    shaped = {value for value in found if re.fullmatch("[A-Za-z0-9_-]{43}", value)}

    assert 4 < len(shaped)
    for value in shaped:
        for letter in "sh":
            thief = thief_with(app, f"{letter}.{value}")
            assert 303 == thief.get("/").status
            assert "/login" == thief.get("/login/code").location


def test_keys_and_database_together_give_no_codes_that_are_on_a_screen(
    product: Product, engine: Engine, app: Flask
) -> None:
    """Whoever has both reads the phone's secret; not the eight codes, which need the browser's own cookie."""
    lea = product.activate(product.employee())
    with engine.connect() as connection:
        shown = connection.execute(text("SELECT session_id, key_id, box FROM shown_backup_codes")).one()
        secret = connection.execute(text("SELECT key_id, box FROM authenticators")).one()
        known = connection.execute(text("SELECT token_hash, csrf_secret FROM log_in_sessions")).all()
    keyring: Keyring = app.extensions["webapp"].keyring
    context = Context("shown backup codes", shown.session_id, lea.person.id)
    tokens = ["", *(row.csrf_secret for row in known), *(bytes(row.token_hash).hex() for row in known)]

    opened = keyring.open(Sealed(*secret), Context("totp secret", lea.person.id, lea.person.id))

    assert lea.phone.secret == opened
    for ring in (keyring, *(keyring.bound_to(token, purpose="shown backup codes") for token in tokens)):
        with pytest.raises(CannotOpenError):
            ring.open(Sealed(shown.key_id, shown.box), context)
    right = keyring.bound_to(lea.seat.token, purpose="shown backup codes")
    assert lea.codes[0].replace("-", "") in right.open(Sealed(shown.key_id, shown.box), context).decode().replace(
        "-", ""
    )


SEALED = {
    "authenticators": "totp",
    "password_hashes": "password",
    "pending_secrets": "pending",
    "shown_backup_codes": "shown",
}


CHECKED = ("authenticators", "password_hashes")
"""The sealed columns that decide whether somebody gets in; what is in the others can be made anew."""


@pytest.mark.parametrize("column", SEALED)
def test_boxes_of_two_people_swapped_in_the_database_open_for_neither(
    product: Product, app: Flask, clock: Clock, engine: Engine, column: str, caplog: pytest.LogCaptureFixture
) -> None:
    """For every sealed column: no check is passed, all is logged, and nothing of the other's is shown."""
    lea, eve = _two_who(product, app, clock, column)
    with engine.begin() as connection:
        rows = connection.execute(text(f"SELECT employee_id, key_id, box FROM {column} ORDER BY employee_id")).all()
        assert [lea.person.id, eve.person.id] == [row.employee_id for row in rows]
        for row, other in ((rows[0], rows[1]), (rows[1], rows[0])):
            values_ = {"box": other.box, "key": other.key_id, "id": row.employee_id}
            connection.execute(text(f"UPDATE {column} SET box = :box, key_id = :key WHERE employee_id = :id"), values_)

    for mine, theirs in ((lea, eve), (eve, lea)):
        statuses, shown = mine.tries(theirs)
        assert {503} == set(statuses) or column not in CHECKED
        assert not [secret for secret in (*mine.secrets, *theirs.secrets) if secret in shown]

    assert "a sealed value does not open" in caplog.text
    assert "CRITICAL" in {record.levelname for record in caplog.records if record.name.startswith("webapp")}
    assert not [secret for secret in (*lea.secrets, *eve.secrets) if secret in caplog.text]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("pending_secrets", "authenticators"),
        ("password_hashes", "authenticators"),
        ("authenticators", "password_hashes"),
    ],
)
def test_a_box_made_for_one_purpose_opens_for_no_other(
    product: Product, app: Flask, clock: Clock, engine: Engine, source: str, target: str
) -> None:
    """The same person's: a secret they have only scanned never becomes the log-in's, nor a hash a secret."""
    owner = product.owner()
    scanned = product.scan(product.log_in(product.employee("eve@studio.example")))
    with engine.begin() as connection:
        if source == "pending_secrets":  # written by whoever can write the database: Eve's, under Lea's name
            connection.execute(text(f"UPDATE pending_secrets SET employee_id = {owner.person.id}"))
        row = connection.execute(text(f"SELECT key_id, box FROM {source} WHERE employee_id = {owner.person.id}")).one()
        values_ = {"box": row.box, "key": row.key_id, "id": owner.person.id}
        connection.execute(text(f"UPDATE {target} SET box = :box, key_id = :key WHERE employee_id = :id"), values_)
    browser = Client(app.test_client())

    if target == "password_hashes":
        statuses = [browser.post("/login", email=owner.person.email, password=PASSWORD).status]
    else:
        log_in(browser, owner.person)
        codes = [phone.code(clock.now) for phone in (owner.phone, scanned)]
        statuses = [browser.post("/login/code", code=code).status for code in codes]

    assert {503} == set(statuses)
    assert browser.get("/").location.startswith("/login")
    assert 2 == len(product.audit("session:start"))  # those that made the two


@pytest.mark.parametrize("whose", ["same person", "somebody else"])
def test_a_pending_secret_moved_to_another_session_is_not_shown_to_a_stranger(
    product: Product, app: Flask, clock: Clock, engine: Engine, whose: str
) -> None:
    """By a row's session and employee: for somebody else it does not open, and confirms nothing."""
    lea = product.employee()
    eve = lea if whose == "same person" else product.employee("eve@studio.example", company=lea.company_id)
    victim, thief = Client(app.test_client()), Client(app.test_client())
    log_in(victim, lea)
    phone = Phone(begin_activation(victim, lea))
    log_in(thief, eve)
    take_token(thief, security(eve))
    with engine.begin() as connection:
        theirs = connection.scalar(text("SELECT max(id) FROM log_in_sessions"))
        connection.execute(text(f"UPDATE pending_secrets SET session_id = {theirs}, employee_id = {eve.id}"))

    seen = thief.get(f"{security(eve)}/two-factor/activate")
    sent = thief.send(f"{security(eve)}/two-factor/activate/code", code=phone.code(clock.now))
    elsewhere = victim.get(f"{security(lea)}/two-factor/activate")

    if whose == "somebody else":  # the same person's own sessions: whoever writes rows gains nothing they don't own
        assert (303, 303) == (seen.status, sent.status)
        assert phone.key not in seen.response.text
        assert [] == dump(engine)["authenticators"]
    assert phone.key not in elsewhere.response.text
    assert "otpauth:" not in elsewhere.response.text


def test_shown_codes_moved_to_a_thief_s_session_stay_shut(
    product: Product, app: Flask, clock: Clock, engine: Engine
) -> None:
    """The row names another session of the same person; the box needs the maker's own cookie."""
    lea = product.activate(product.employee())
    clock.next_step()
    thief = Client(app.test_client())
    log_in_fully(thief, lea, clock)
    with engine.begin() as connection:
        theirs = connection.scalar(text("SELECT max(id) FROM log_in_sessions"))
        connection.execute(text(f"UPDATE shown_backup_codes SET session_id = {theirs}"))

    answer = thief.get(f"{security(lea.person)}/two-factor/activate/backup-codes")

    assert f"{security(lea.person)}?after=codes_gone" == answer.location
    assert not [code for code in lea.codes if code in answer.response.text]


@pytest.mark.parametrize("key_id", ["00000000", "", "../../x", "é"])
def test_a_key_id_that_no_ring_has_skips_no_second_factor(
    product: Product, app: Flask, clock: Clock, engine: Engine, key_id: str
) -> None:
    """The code is refused as an outage each time; a backup code still logs in, for it is not sealed."""
    owner = product.owner()
    with engine.begin() as connection:
        connection.execute(text("UPDATE authenticators SET key_id = :id"), {"id": key_id})
    browser = Client(app.test_client())
    log_in(browser, owner.person)

    statuses = [browser.post("/login/code", code=owner.phone.code(clock.now)).status for _ in range(3)]
    way_out = browser.post("/login/backup-code", backup_code=owner.codes[0])

    assert [503] * 3 == statuses
    assert 303 == way_out.status
    assert ["success"] == [event.outcome for event in product.audit("second_factor:check")]


# --- a malicious colleague --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "place_of_work", "mode", "expected"),
    [
        (Role.ADMIN, "same", PAGE, 403),
        (Role.ADMIN, "same", FRAGMENT, 403),
        (Role.EMPLOYEE, "same", FRAGMENT, 403),
        (Role.ADMIN, "other", PAGE, 404),
        (Role.SUPPORT, "vendor", FRAGMENT, 404),
    ],
)
def test_a_colleague_opens_no_address_of_another_s_second_factor_by_any_method(
    product: Product, app: Flask, engine: Engine, role: Role, place_of_work: str, mode: str, expected: int
) -> None:
    """Administrator, employee, another company's, support: pages, forms and odd methods, with a right token."""
    lea = product.activate(product.employee())
    company = lea.person.company_id
    if place_of_work != "same":
        company = product.company("Elsewhere", is_vendor=place_of_work == "vendor")
    eve = product.employee("eve@other.example", name="Eve", company=company, role=role)
    browser = Client(app.test_client(), mode)
    log_in(browser, eve)
    take_token(browser, security(eve))
    before = stored(engine)
    code = lea.phone.code(product.now)

    for path in sorted({path for method in ("GET", "POST") for path, _ in routes(app, method, lea.person.id)}):
        if not path.startswith(security(lea.person)):
            continue
        seen = [browser.get(path), browser.send(path, code=code), browser.send(path, backup_code=lea.codes[0])]
        for answer in seen:
            assert answer.status in (expected, 405), path
            assert not [secret for secret in (lea.phone.key, *lea.codes) if secret in answer.response.text]
        assert expected in {answer.status for answer in seen}
        for method in ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"):
            answered = browser.flask.open(path, method=method, headers={"X-CSRFToken": browser.token})
            assert answered.status_code in (expected, 405, 200 if method == "OPTIONS" else expected)
            assert "otpauth" not in answered.text

    assert before == stored(engine)


def test_a_colleague_s_name_forges_no_header_of_a_mail(app: Flask, product: Product, clock: Clock) -> None:
    """By form refused; in the database file, or by a command, it stays text of the mail's body."""
    evil = "Lea\r\nBcc: eve@evil.example\r\n\r\n<u>"
    person = product.employee(name=evil)
    browser = Client(app.test_client())
    log_in(browser, person)
    path = f"/settings/employees/{person.id}"
    statuses = [browser.post(path, name=name, phone="", language="en").status for name in (evil, "a\nb", "a\x00b")]
    phone = Phone(begin_activation(browser, person))
    browser.post(f"{security(person)}/two-factor/activate/code", code=phone.code(clock.now))

    app.test_cli_runner().invoke(args=["outbox", "send"])

    (mail,) = [email.message_from_bytes(file.read_bytes()) for file in (Path(app.instance_path) / "mail").glob("*.eml")]
    bodies = [part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart()]
    assert [422] * 3 == statuses
    assert ("lea@studio.example", None, None) == (mail["To"], mail["Bcc"], mail["Cc"])
    assert "evil" not in str(mail.items())
    assert b"eve@evil.example" in bodies[0]
    assert b"<u>" not in bodies[1]


# --- requests that no page of ours sends ------------------------------------------------------------------------------


def test_what_is_no_word_of_htmx_gets_the_whole_page(client: Client, product: Product) -> None:
    """Only the exact header asks for a fragment: a link, a top-level navigation, an address can't."""
    person = product.employee()
    log_in(client, person)
    tab = security(person)

    for headers in ({}, {"HX-Request": "TRUE"}, {"HX-Request": "1"}, {"HX-Boosted": "true"}, {"HX-Target": "popup"}):
        for path in (tab, f"{tab}?HX-Request=true", "/", "/no/such/page"):
            page = client.as_page().get(path, headers=headers)
            assert 1 == len(page.document.all("html")), (headers, path)
            assert 1 == len(page.document.all("meta", name="htmx-config"))


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:1", "https://localhost.evil.example"]
)
def test_a_foreign_page_that_calls_itself_htmx_changes_nothing(
    client: Client, product: Product, app: Flask, engine: Engine, origin: str
) -> None:
    """Every form with the right token, HX-Request and a foreign Origin, or a fetch across sites: 400."""
    owner = product.owner()
    log_in(client, owner.person)
    client.as_page().post("/login/code", code=owner.phone.code(product.now))
    token = take_token(client, security(owner.person)).token
    before = stored(engine)

    for path, _ in routes(app, "POST", owner.person.id):
        for extra in (
            {"Origin": origin},
            {"Sec-Fetch-Site": "cross-site"},
            {"Referer": f"{origin}/x", "Origin": origin},
        ):
            headers = {"HX-Request": "true", "X-CSRFToken": token, **extra}
            answer = client.flask.post(path, data={"csrf_token": token, "code": "000000"}, headers=headers)
            assert 400 == answer.status_code, (path, extra)
            assert "HX-Redirect" not in answer.headers

    assert before == stored(engine)


def test_of_two_tokens_in_one_body_a_foreign_first_one_is_not_made_good(
    client: Client, product: Product, open_browser: Callable[[], Client]
) -> None:
    """Nor by a right one in the header: one is judged, and a foreign one is never skipped."""
    person = product.employee()
    foreign = take_token(open_browser(), "/login").token
    log_in(client, person)
    path = f"/settings/employees/{person.id}"
    own = take_token(client, path).token
    fields = {"name": "Eve", "phone": "", "language": "en"}

    in_body = client.flask.post(path, data={"csrf_token": [foreign, own], **fields})
    in_header = client.flask.post(path, data={"csrf_token": foreign, **fields}, headers={"X-CSRFToken": own})
    two_headers = client.flask.post(path, data=fields, headers=[("X-CSRFToken", foreign), ("X-CSRFToken", own)])

    assert [400] * 3 == [answer.status_code for answer in (in_body, in_header, two_headers)]
    assert [] == product.audit("profile:change")


HEADERS = ["User-Agent", "Referer", "Origin", "Accept-Language", "HX-Current-URL", "HX-Target", "HX-Trigger-Name"]
HEADERS += ["X-CSRFToken", "X-Forwarded-For", "If-None-Match", "Cookie", "Authorization", "X-Request-ID"]


def test_no_header_comes_back_as_a_header(one_place: Place) -> None:
    """Line breaks in any: no request. Encoded ones, and anything else: echoed in no header of the answer."""
    for name in HEADERS:
        for path in ("/login", "/", "/no/such/page"):
            for evil in ("x\r\nSet-Cookie: evil=1", "x%0d%0aSet-Cookie:%20evil=1", "x\rSet-Cookie: evil=1", "evil\x85"):
                reply = ask(one_place.address, path, headers=((name, evil),))
                assert reply.status < 500, (name, evil)
                assert not [value for _, value in reply.headers if "evil" in value], (name, evil)


def test_smuggled_and_doubled_requests_are_refused(one_place: Place) -> None:
    """Two lengths, a length and chunks, a space before the colon, an unknown coding: 400 before any page runs."""
    body = b"0\r\n\r\nGET /settings/employees HTTP/1.1\r\nHost: x\r\n\r\n"
    for headers in (
        (("Content-Length", "5"), ("Content-Length", "6")),
        (("Content-Length", "5"), ("Transfer-Encoding", "chunked")),
        (("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "identity")),
        (("Transfer-Encoding ", "chunked"), ("Content-Length", "5")),
        (("Transfer-Encoding", "xchunked"), ("Content-Length", "5")),
        (("Content-Length", "-5"),),
        (("Content-Length", "0x5"),),
    ):
        reply = ask(one_place.address, "/login", method="POST", headers=headers, body=body)
        assert reply.status in (400, 501), headers
        assert b"Employees" not in reply.body


def test_a_part_of_a_personal_page_is_not_to_be_had(place: Place) -> None:
    """Range, If-Range and conditional requests: the whole answer each time, never 206 or 304; HEAD has no body."""
    lea = place.half_way()
    lea.post("/login/code", code=place.code())
    cookie = ("Cookie", f"session={_session(lea)}")

    for path in ("/", "/settings/employees", security(place.owner.person)):
        whole = ask(place.address, path, headers=(cookie,))
        for extra in (
            ("Range", "bytes=0-99"),
            ("If-Modified-Since", "Fri, 31 Dec 2100 00:00:00 GMT"),
            ("If-Match", "*"),
        ):
            reply = ask(place.address, path, headers=(cookie, extra))
            assert (200, len(whole.body)) == (reply.status, len(reply.body)), extra
            assert not reply.header("etag") + reply.header("content-range")
        head = ask(place.address, path, method="HEAD", headers=(cookie,))
        assert (200, b"") == (head.status, head.body)
        assert whole.header("cache-control") == head.header("cache-control") == "private, no-store"


def test_no_form_is_sent_by_head_or_by_a_method_in_disguise(
    client: Client, product: Product, app: Flask, engine: Engine, clock: Clock
) -> None:
    """HEAD, and GET with every override and the fields in the address, on every route that takes a POST."""
    owner = product.owner()
    log_in_fully(client, owner, clock)
    token = take_token(client, security(owner.person)).token
    before = stored(engine)
    query = {"csrf_token": token, "code": owner.phone.code(clock.now), "_method": "POST", "carry_on": "post"}
    headers = {"X-HTTP-Method-Override": "POST", "X-HTTP-Method": "POST", "X-Method-Override": "POST"}

    for path, _ in routes(app, "POST", owner.person.id):
        for method in ("HEAD", "GET", "OPTIONS"):
            answer = client.flask.open(
                path, method=method, query_string=query, headers={**headers, "X-CSRFToken": token}
            )
            assert answer.status_code in (200, 303, 403, 405, 410), (method, path)

    assert before == stored(engine)
    assert 200 == client.as_page().get("/").status


def test_a_stolen_backup_code_opens_once_and_is_reported(
    product: Product, app: Flask, clock: Clock, engine: Engine
) -> None:
    """With the password too: the owner gets a mail, sees the log-in, and the seven others kill the thief's session."""
    owner = product.owner()
    thief = Client(app.test_client())
    log_in(thief, owner.person)
    thief.post("/login/backup-code", backup_code=owner.codes[3])
    victim = Client(app.test_client())
    clock.next_step()
    log_in(victim, owner.person)
    again = victim.post("/login/backup-code", backup_code=owner.codes[3])
    victim.post("/login/code", code=owner.phone.code(clock.now))
    clock.next_step()
    tab = security(owner.person)
    seen = victim.get(tab).text
    victim.post(f"{tab}/two-factor/reset", backup_code=owner.codes[0])

    assert (422, "backup_code_used") == (again.status, product.audit("second_factor:check")[1].reason)
    assert "7 of 8 backup codes left" in seen
    assert ("backup_code_used", owner.person.email) in {(row[1], row[3]) for row in dump(engine)["outbox"]}
    assert "/login?next=/" == thief.get("/").location
    assert {"purpose": "log-in", "position": 4, "codes_left": 7} == product.audit("second_factor:check")[0].details


# --- steps ------------------------------------------------------------------------------------------------------------


class _Target:
    """A person, their secrets, and what they try after the boxes were swapped."""

    def __init__(self, app: Flask, clock: Clock, column: str, email: str, product: Product, company: object) -> None:
        self.clock, self.column, self.browser = clock, column, Client(app.test_client())
        self.person = product.employee(email, company=company)
        self.secrets: list[str] = []
        if column == "authenticators":
            owner = product.activate(self.person)
            self.phone = owner.phone
            log_in(self.browser, self.person)
        elif column in ("pending_secrets", "shown_backup_codes"):
            log_in(self.browser, self.person)
            self.phone = Phone(begin_activation(self.browser, self.person))
            self.secrets = [self.phone.key]
            if column == "shown_backup_codes":
                path = f"{security(self.person)}/two-factor/activate"
                self.browser.post(f"{path}/code", code=self.phone.code(clock.now))
                self.secrets = [code.text for code in self.browser.get(f"{path}/backup-codes").document.all("code")]
        if column != "password_hashes" and column != "authenticators":
            take_token(self.browser, "/settings/employees")

    def tries(self, other: "_Target") -> tuple[list[int], str]:
        tab = security(self.person)
        if self.column == "password_hashes":
            answers = [self.browser.post("/login", email=self.person.email, password=PASSWORD)]
        elif self.column == "authenticators":
            codes = [self.phone.code(self.clock.now, steps=1), other.phone.code(self.clock.now, steps=1)]
            answers = [self.browser.post("/login/code", code=code) for code in codes]
        elif self.column == "pending_secrets":
            answers = [self.browser.get(f"{tab}/two-factor/activate{step}") for step in ("", "/code")]
            codes = [one.phone.code(self.clock.now) for one in (self, other)]
            answers += [self.browser.send(f"{tab}/two-factor/activate/code", code=code) for code in codes]
        else:
            answers = [self.browser.get(f"{tab}/two-factor/activate/backup-codes"), self.browser.get(tab)]
        return [answer.status for answer in answers], " ".join(answer.response.text for answer in answers)


def _two_who(product: Product, app: Flask, clock: Clock, column: str) -> tuple[_Target, _Target]:
    company = product.company()
    emails = ("lea@studio.example", "eve@studio.example")
    lea, eve = [_Target(app, clock, column, email, product, company) for email in emails]
    return lea, eve


def _session(browser: Browser) -> str:
    return next(cookie.value for cookie in browser.cookies if cookie.name == "session" and cookie.value)

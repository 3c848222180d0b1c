"""Attacks that leave out a step of the log-in, or stand between two of them (cases D-01 to D-17)."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine

from tests.attacks.evidence import charged, checks, events, log_ins, password_checks
from tests.attacks.wire import Wire, half_way, leads_to_log_in
from tests.core.people import PASSWORD, Clock, Product
from tests.services.place import Place
from tests.web import matrix
from tests.web.client import Client
from tests.web.people import log_in
from webapp.core.accounts.rules import Role

GUESSED = ["/api/me", "/api/v1/employees", "/export", "/upload", "/settings/employees.csv", "/settings/audit.csv"]
GUESSED += ["/admin", "/sso"]
MAILED = ["/password/forgot", "/password/reset/x", "/email/confirm/x", "/notices/x", "/invite/x"]
PERSONAL = ["Lea Brunner", "Studio Nord", "lea@studio.example", "backup codes left"]
UNSEEN_TOKEN = "A" * 43
BAIT = {
    "HX_Request": "true",
    "HX_Boosted": "true",
    "X_Original_URL": "/",
    "X_Rewrite_URL": "/",
    "Remote_User": "lea@studio.example",
    "X_Skip_OTP": "true",
    "X_2FA_Verified": "1",
    "Authorization": "Basic bGVhQHN0dWRpby5leGFtcGxlOmxhbnRlcm4=",
}

# --- half-way ---------------------------------------------------------------------------------------------------------


def test_a_half_way_cookie_opens_no_page_whatever_headers_come_with_it(place: Place, tmp_path: Path) -> None:
    """Cases D-01, D-10: each page and form, as page, fragment and with bait, leads to the log-in and shows nothing."""
    thief, nobody = half_way(place), Wire(place.address)
    bait = {**BAIT, "X_Forwarded_User": place.owner.person.email, "Referer": f"{place.address}/login/code"}

    for method, path in _closed_pages(place.owner.person.id):
        for headers in ({}, {"HX_Request": "true"}, bait):
            for wire in (thief, nobody):
                answer = wire.ask(method, path, wire.form() if method == "POST" else None, **headers)
                assert leads_to_log_in(answer), (method, path, answer.status)
                assert not [words for words in PERSONAL if words in answer.text], (method, path)
    for path in GUESSED:
        answer = thief.ask("GET", path)
        assert answer.status == 404 or leads_to_log_in(answer), path
    guess = thief.ask("POST", "/login/code", thief.form(code=place.wrong_code()), **bait)

    assert 422 == guess.status
    assert 1 == place.charged()
    assert ["totp wrong_code"] == checks(place.engine)
    assert ["password"] == log_ins(place.engine)  # the owner's own, before activation
    assert ["success"] == password_checks(place.engine)[1:]


def test_a_code_without_a_password_before_it_opens_nothing(
    open_browser: Callable[[], Client], product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-02: a right code, its owner's address and made-up cookies: neither judged nor spent."""
    owner = product.owner()
    code = owner.phone.code(clock.now)
    fields = {"email": owner.person.email, "user_id": str(owner.person.id), "password": PASSWORD, "code": code}

    for cookie in (None, f"h.{UNSEEN_TOKEN}", f"s.{UNSEEN_TOKEN}", "h.", str(owner.person.id)):
        browser = open_browser()
        browser.get("/login")
        if cookie:
            browser.flask.set_cookie("session", cookie)
        for path in ("/login/code", "/login/backup-code"):
            answer = browser.send(path, **fields)
            assert (303, "/login") == (answer.status, answer.location), cookie

    assert [] == checks(engine)
    assert ["password"] == log_ins(engine)
    product.log_in_with(owner.person, code)


def test_extra_fields_and_headers_name_nobody_at_the_second_step(
    open_browser: Callable[[], Client], product: Product, engine: Engine, clock: Clock
) -> None:
    """Identity comes from this browser's half-way log-in alone (cases D-02, D-03, D-10)."""
    victim = product.owner("lea@studio.example")
    eve = product.owner("eve@studio.example", company=victim.person.company_id)
    browser = open_browser()
    log_in(browser, eve.person)
    browser.get("/login/code")
    bait = {"email": victim.person.email, "user_id": "1", "employee_id": str(victim.person.id)}
    headers = {"X-Forwarded-User": victim.person.email, "X-Skip-OTP": "1", "Remote-User": victim.person.email}

    refused = browser.send("/login/code", headers=headers, code=victim.phone.code(clock.now), **bait)
    accepted = browser.send("/login/code", headers=headers, code=eve.phone.code(clock.now), **bait)

    assert 422 == refused.status
    assert 303 == accepted.status
    assert "eve@studio.example" in browser.get("/").text
    assert ["totp wrong_code", "totp success"] == checks(engine, of=eve.person)
    assert [] == checks(engine, of=victim.person)
    product.log_in_with(victim.person, victim.phone.code(clock.now))


def test_a_copied_half_way_cookie_is_dead_after_log_out(
    open_browser: Callable[[], Client], product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-16: the row on the server ends with the log-out, whoever holds the cookie; the code stays good."""
    owner = product.owner()
    mine, thief = open_browser(), open_browser()
    log_in(mine, owner.person)
    mine.get("/login/code")
    thief.flask.set_cookie("session", mine.flask.get_cookie("session").value)
    thief.token = mine.token

    out = mine.send("/logout")
    answer = thief.send("/login/code", code=owner.phone.code(clock.now))

    assert (303, "/login") == (out.status, out.location)
    assert (303, "/login") == (answer.status, answer.location)
    assert "/login?next=/" == thief.get("/").location
    assert ["password"] == log_ins(engine)
    product.log_in_with(owner.person, owner.phone.code(clock.now))


def test_a_half_way_cookie_waits_no_longer_than_ten_minutes(
    open_browser: Callable[[], Client], product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-16: a right code after eleven minutes is not judged, by neither page; work on the way prolongs nothing."""
    owner = product.owner()
    browser = open_browser()
    log_in(browser, owner.person)
    clock.move(minutes=9)
    browser.post("/login/code", code=owner.phone.wrong_code(clock.now))
    clock.move(minutes=2)

    by_code = browser.send("/login/code", code=owner.phone.code(clock.now))
    by_backup_code = browser.send("/login/backup-code", backup_code=owner.codes[0])

    assert [(303, "/login")] * 2 == [(answer.status, answer.location) for answer in (by_code, by_backup_code)]
    assert ["totp wrong_code"] == checks(engine)
    assert ["password"] == log_ins(engine)


# --- answers that are none --------------------------------------------------------------------------------------------


def test_a_missing_doubled_or_disguised_code_is_no_answer(place: Place) -> None:
    """Case D-06, byte by byte over the wire: refused, audited, not charged, never a 500."""
    thief = half_way(place)
    right, token = place.code(), thief.csrf
    parts = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in [("csrf_token", token), ("code", "123456"), ("code", right)]
    )
    bodies = [thief.form(), *[thief.form(code=text) for text in ("", "null", "[]", "true", "-1", "%00")]]
    bodies += [thief.form(**{name: right}) for name in ("code[]", "code[0]", "Code", "otp", "code.value")]
    bodies += [thief.form(code="123456") + f"&code={right}".encode(), thief.form(code=right, backup_code=right)]
    answers = [thief.ask("POST", "/login/code", body) for body in bodies]
    multipart = f"{parts}--x--\r\n".encode()
    answers.append(thief.ask("POST", "/login/code", multipart, Content_Type="multipart/form-data; boundary=x"))
    for answer in ({"code": right}, {"code": True}, {"code": [right]}, {"code": {"$ne": ""}}, [right], None):
        body = json.dumps(answer).encode()
        answers.append(thief.ask("POST", "/login/code", body, Content_Type="application/json", X_CSRFToken=token))

    assert {422} == {answer.status for answer in answers}
    assert ["malformed"] * len(answers) == checks(place.engine)
    assert 0 == place.charged()
    assert 0 == place.open_sessions()
    assert (303, "/") == _status_and_target(thief, code=right)


def test_six_zeros_are_a_guess_like_any_other(
    open_browser: Callable[[], Client], product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-06: judged and charged, not taken for an empty field or a switch that is off."""
    owner = product.owner()
    while "000000" in [owner.phone.code(clock.now, steps=steps) for steps in range(-10, 2)]:
        clock.next_step()
    browser = open_browser()
    log_in(browser, owner.person)

    answer = browser.post("/login/code", code="000000")

    assert 422 == answer.status
    assert ["totp wrong_code"] == checks(engine)
    assert {"strangers": 1} == charged(engine, "totp")


def test_any_string_in_the_backup_code_field_is_refused(
    client: Client, product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-07: words, wild cards and SQL are no codes; what has a code's shape is a guess and is counted."""
    owner = product.owner()
    log_in(client, owner.person)
    client.get("/login/backup-code")
    shapeless = ["x", "%", "____-____-____-____", "' OR '1'='1", "null", "0", owner.codes[0][:-1], owner.codes[0] + "0"]
    guesses = ["0000-0000-0000-0000", "ZZZZ-ZZZZ-ZZZZ-ZZZZ", owner.codes[0][:-4] + "0000"]

    answers = [client.send("/login/backup-code", backup_code=text) for text in shapeless + guesses]

    assert {422} == {answer.status for answer in answers}
    assert ["malformed"] * len(shapeless) + ["backup_code backup_code_unknown"] * len(guesses) == checks(engine)
    assert {"strangers": len(guesses)} == charged(engine, "backup_code")
    assert ["password"] == log_ins(engine)


# --- the wire ---------------------------------------------------------------------------------------------------------


def test_an_edited_answer_changes_nothing_on_the_server(place: Place) -> None:
    """Case D-08: going on as if the refusal had been a success, with the cookie's stage written by oneself."""
    thief = half_way(place)
    half_way_cookie = thief.cookies["session"]
    refused = thief.ask("POST", "/login/code", thief.form(code=place.wrong_code()), HX_Request="true")

    for path in ("/", "/login/after-backup-code", f"/settings/employees/{place.owner.person.id}"):
        assert leads_to_log_in(thief.ask("GET", path)), path
    for stage in ("s", "a", "S", "s.s", ""):
        edited = Wire(place.address, session=f"{stage}.{half_way_cookie[2:]}", browser=half_way_cookie[2:])
        assert leads_to_log_in(edited.ask("GET", "/")), stage

    assert 422 == refused.status
    assert ["totp wrong_code"] == checks(place.engine)
    assert 0 == place.open_sessions()
    assert (303, "/") == _status_and_target(thief, code=place.code())


def test_another_method_is_no_way_around_token_counter_and_code(place: Place) -> None:
    """Case D-09: PUT, PATCH, DELETE, HEAD and every kind of override."""
    thief = half_way(place)
    right, wrong = place.code(), place.wrong_code()
    overrides = {"X_HTTP_Method_Override": "GET", "X_HTTP_Method": "GET", "X_Method_Override": "GET"}

    for path in ("/login", "/login/code", "/login/backup-code", "/logout"):
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
            assert 405 == thief.ask(method, path, thief.form(code=right)).status, (method, path)
    head = thief.ask("HEAD", f"/login/code?code={right}", thief.form(code=right))
    by_get = thief.ask("GET", f"/login/code?_method=POST&code={right}", X_HTTP_Method_Override="POST")
    no_token = thief.ask("POST", "/login/code?_method=GET", b"_method=GET&code=" + right.encode(), **overrides)
    before = place.charged()
    guess = thief.ask("POST", "/login/code?_method=GET", thief.form(_method="GET", code=wrong), **overrides)

    assert [200, 200, 400, 422] == [answer.status for answer in (head, by_get, no_token, guess)]
    assert "" == head.text
    assert [0, 1] == [before, place.charged()]
    assert ["totp wrong_code"] == checks(place.engine)
    assert (303, "/") == _status_and_target(thief, code=right)


# --- cookies that remember, and other doors ---------------------------------------------------------------------------


def test_no_cookie_of_the_password_step_remembers_anybody(
    open_browser: Callable[[], Client], product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-11: however “remember me” is asked for, nothing but the half-way cookie is set, and no other logs in."""
    owner = product.owner()
    browser = open_browser()
    browser.get("/login")
    ticks = dict.fromkeys(("remember", "remember_me", "keep", "stay_signed_in"), "on")

    half = browser.send("/login", email=owner.person.email, password=PASSWORD, **ticks)
    (cookie,) = half.response.headers.getlist("Set-Cookie")
    browser.get("/login/code")
    full = browser.send("/login/code", code=owner.phone.code(clock.now), **ticks)

    assert cookie.startswith("session=h.")
    assert "Max-Age" not in cookie
    assert "Expires" not in cookie
    names = [cookie.partition("=")[0] for cookie in full.response.headers.getlist("Set-Cookie")]
    assert ["session", "browser"] == names
    browser.flask.delete_cookie("session")
    assert "/login?next=/" == browser.get("/").location
    assert ["password", "totp"] == log_ins(engine)


def test_cookies_from_before_activation_are_worth_nothing_after_it(
    open_browser: Callable[[], Client], product: Product, engine: Engine
) -> None:
    """Case D-12: the other browser's session has ended, its browser cookie is unknown, and it is asked for a code."""
    person = product.employee()
    old = open_browser()
    log_in(old, person)
    product.activate(person)

    assert "/login?next=/" == old.get("/").location
    log_in(old, person)
    assert "Enter your code" == old.get("/login/code").heading
    assert "/login?next=/" == old.get("/").location
    old.post("/login/code", code="ZZZZ-ZZZZ-ZZZZ-ZZZZ")
    assert {"strangers": 1} == charged(engine, "backup_code")
    assert ["password", "password"] == log_ins(engine)
    assert [{"count": 1}] == [event.details for event in events(engine, "session:end_others")]


@pytest.mark.parametrize("role", list(Role))
def test_every_role_meets_the_same_second_step(
    open_browser: Callable[[], Client], product: Product, engine: Engine, clock: Clock, role: Role
) -> None:
    """Case D-17: no administrator's, support agent's, fragment's or JSON log-in is shorter than an employee's."""
    person = product.employee(role=role, company=product.company(is_vendor=True))
    product.activate(person)
    product.clock.next_step()
    fields = {"email": person.email, "password": PASSWORD}

    browser = open_browser()
    answers = [browser.post("/login", **fields), browser.post("/login", form_at="/login", **fields)]
    for headers in ({"HX-Request": "true"}, {"X-Requested-With": "XMLHttpRequest"}, {"Accept": "application/json"}):
        browser = open_browser()
        browser.get("/login")
        answers.append(browser.send("/login", headers=headers, **fields))
        assert "/login?next=/" == browser.get("/").location

    assert [(303, "/login/code")] * 5 == [(answer.status, answer.location) for answer in answers]
    assert ["password"] == log_ins(engine)


def test_no_other_door_hands_out_a_session(
    open_browser: Callable[[], Client], product: Product, engine: Engine
) -> None:
    """Cases D-13, D-17: recovery, invitations, links of mails and interfaces log nobody in, by GET or POST."""
    owner = product.owner()
    for path in GUESSED + MAILED:
        browser = open_browser()
        browser.get("/login")
        for answer in (browser.get(path), browser.send(path, email=owner.person.email, password=PASSWORD)):
            leads_on = answer.location.startswith("/login")
            assert answer.status in (404, 405, 410) or leads_on or path in MAILED, path
        assert "/login?next=/" == browser.get("/").location
        assert browser.flask.get_cookie("browser") is None

    assert ["password"] == log_ins(engine)
    assert [] == events(engine, "two_factor:reset")


def test_no_command_makes_a_session_or_shows_a_way_to_one(app: Flask, product: Product, engine: Engine) -> None:
    """Case D-17: the command line resets, and the next log-in is by password; it never prints a code, key or token."""
    owner = product.owner()
    runner = app.test_cli_runner()

    status = runner.invoke(args=["two-factor", "status", owner.person.email])
    reset = ["two-factor", "reset", owner.person.email, "--ticket", "T-1", "--reason", "phone stolen"]
    done = runner.invoke(args=reset)

    assert [0, 0] == [status.exit_code, done.exit_code]
    said = status.output + done.output
    assert not [secret for secret in (owner.phone.key, *owner.codes, owner.seat.token) if secret in said]
    assert ["password"] == log_ins(engine)
    assert 1 == len(events(engine, "two_factor:reset_by_operator"))
    assert product.find(owner.seat.token) is None


def _closed_pages(employee_id: int) -> Iterator[tuple[str, str]]:
    """Addresses where docs/security.md has nothing open half-way; another test holds the product to that."""
    is_open = {row.rule for row in matrix.rows() if row.cells["half-way"] == "open"}
    for row in matrix.rows():
        if row.rule not in is_open:
            yield row.method, row.path({"employee_id": employee_id})


def _status_and_target(wire: Wire, **fields: str) -> tuple[int, str]:
    answer = wire.send("/login/code", **fields)
    return answer.status, answer.location

"""What is typed where a code belongs, on every form that takes one; and what a wrong log-in tells strangers."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.core.people import PASSWORD, Clock, Product
from tests.web.client import Client
from tests.web.people import begin_activation, log_in, security

MALFORMED: list[dict[str, Any]] = [
    {},
    {"code": ""},
    {"code": " - "},
    {"code": "null"},
    {"code": "[]"},
    {"code[]": "123456"},
    {"code": ["123456", "123456"]},
    {"code": "123456", "backup_code": "4F7K-9QXM-B2TD-6WHR"},
    {"code": "50471"},
    {"code": "1234567"},
    {"code": "+50471"},
    {"code": "12345.6"},
    {"code": "0x1234"},
    {"code": "١٢٣٤٥٦"},
    {"code": "１２３４５６"},
    {"code": "₁₂₃₄₅₆"},
    {"code": "𝟏𝟐𝟑𝟒𝟓𝟔"},
    {"code": "12345\u200b6"},
    {"code": "1" * 5000},
    {"code": "123456\x00"},
    {"code": "{{7*7}}"},
    {"code": "%n%s"},
    {"backup_code": "4F7K-9QXM-B2TD-6WH"},
    {"backup_code": "4F7K-9QXM-B2TD-6WHU"},
    {"backup_code": "４F7K-9QXM-B2TD-6WHR"},
    {"backup_code": "\x00" * 16},
    {"backup_code": "A" * 5000},
]
PAGES = ["/login/code", "/login/backup-code", "two-factor/reset", "backup-codes", "backup-codes/check"]
PAGES += ["two-factor/activate/code"]


@pytest.mark.parametrize("page", PAGES)
def test_an_entry_that_is_no_code_is_refused_audited_and_not_charged(
    client: Client, product: Product, engine: Engine, clock: Clock, page: str
) -> None:
    """422 on the same form, never a 500, never a guess (cases D-06, D-87)."""
    path = _stand_before(client, product, clock, page)
    before = len(product.audit())

    answers = [client.send(path, **fields) for fields in MALFORMED]

    assert {422} == {answer.status for answer in answers}
    for answer in answers:
        assert answer.document.all("input", name="code") + answer.document.all("input", name="backup_code")
    events = product.audit()[before:]
    assert [("refused", "malformed")] * len(MALFORMED) == [(event.outcome, event.reason) for event in events]
    with engine.connect() as connection:
        assert 0 == (connection.scalar(text("SELECT sum(failures) FROM guess_budgets")) or 0)


@pytest.mark.parametrize("page", PAGES)
def test_a_body_that_is_no_form_is_refused(
    open_browser: Callable[[], Client], product: Product, clock: Clock, page: str
) -> None:
    """JSON, text and XML, with and without the header that HTMX sends: 400, for no token is in them (D-06, D-68)."""
    browser = open_browser()
    path = _stand_before(browser, product, clock, page)

    for kind in ("application/json", "text/plain", "application/xml", "multipart/form-data; boundary=x"):
        for headers in ({}, {"HX-Request": "true"}):
            answer = browser.flask.post(path, data=b'{"code": "123456"}', content_type=kind, headers=headers)
            assert 400 == answer.status_code, kind
    with_token = browser.flask.post(path, json={"code": "123456"}, headers={"X-CSRFToken": browser.token})
    assert 422 == with_token.status_code


@pytest.mark.parametrize("path", ["/login", "/settings/employees/{}", *PAGES])
def test_uploads_and_json_are_no_entries(
    open_browser: Callable[[], Client], product: Product, clock: Clock, path: str
) -> None:
    """A file or a number where text belongs was a 500; whatever it holds, it is as if nothing had been entered."""
    browser = open_browser()
    if path in PAGES:
        path = _stand_before(browser, product, clock, path)
    else:
        person = product.employee()
        path = path.format(person.id)
        if path != "/login":
            log_in(browser, person)
        browser.get(path)
    header = {"X-CSRFToken": browser.token}
    bodies: list[Any] = [{"email": 5, "password": 5, "name": 5, "code": 123456}, ["x"], "x", None]
    bodies += [{"email": "lea@studio.example", "password": "\ud800", "code": "\ud800", "backup_code": "\ud800"}]

    answers = [browser.flask.post(path, json=body, headers=header) for body in bodies]
    answers += [browser.flask.post(path, data=b"[" * 60_000, content_type="application/json", headers=header)]
    for name in ("email", "password", "name", "phone", "language", "code", "backup_code"):
        file = (io.BytesIO(b"123456"), "a.txt")
        answers += [browser.flask.post(path, data={name: file}, headers=header)]

    assert [422] * len(answers) == [answer.status_code for answer in answers]


@pytest.mark.parametrize("is_backup_code", [False, True])
def test_each_field_takes_the_other_kind_of_code(
    client: Client, product: Product, clock: Clock, is_backup_code: bool
) -> None:
    """At log-in, at new codes and at the reset."""
    owner = product.owner()
    codes = iter(owner.codes)

    def entry() -> dict[str, str]:
        clock.next_step()
        return {"code": next(codes)} if is_backup_code else {"backup_code": owner.phone.code(clock.now)}

    log_in(client, owner.person)
    client.get("/login/code")
    assert 303 == client.send("/login/code", **entry()).status
    path = f"{security(owner.person)}/two-factor/reset"
    client.get(path)
    done = client.followed(client.send(path, **entry()))

    assert "Two-factor authentication is off." in done.text


def test_the_set_up_takes_no_backup_code(client: Client, product: Product, clock: Clock) -> None:
    """There is none yet; the words say what belongs there."""
    path = _stand_before(client, product, clock, "two-factor/activate/code")

    answer = client.send(path, code="4F7K-9QXM-B2TD-6WHR")

    assert 422 == answer.status
    assert "That is a backup code. Enter the 6-digit code from your app." in answer.text


def test_a_refused_log_in_looks_the_same_for_everybody(open_browser: Callable[[], Client], product: Product) -> None:
    """Unknown, known, with and without a second factor: one body, but for token and address (ASVS 6.3.8, D-86)."""
    owner = product.owner("lea@studio.example")
    product.employee("kim@studio.example", company=owner.person.company_id)
    product.employee("new@studio.example", company=owner.person.company_id, password=None)
    seen: dict[tuple[int, int, str], list[str]] = {}

    for email in ("lea@studio.example", "kim@studio.example", "new@studio.example", "who@studio.example"):
        browser = open_browser()
        for attempt in range(6):
            browser.get("/login")
            answer = browser.send("/login", email=email, password="not the right password")
            kept = {
                name: value for name, value in answer.response.headers if name not in ("Set-Cookie", "Content-Length")
            }
            body = answer.response.text.replace(browser.token, "TOKEN").replace(email, "EMAIL")
            seen.setdefault((attempt, answer.status, body + str(kept)), []).append(email)

    assert {4} == {len(emails) for emails in seen.values()}
    assert [422] * 5 + [429] == sorted(status for _, status, _ in seen)


def test_passwords_of_any_kind_are_judged_alike(open_browser: Callable[[], Client], product: Product) -> None:
    """Long, with NUL, with half a surrogate: 422 for known and unknown addresses, never a 500 (case D-84)."""
    product.employee()

    for password in ("a" * 73, "é" * 37, "x" * 60_000, "\x00" * 20, "\x00", "🔑" * 64):
        for email in ("lea@studio.example", f"who{len(password)}@studio.example"):
            browser = open_browser()
            browser.get("/login")
            assert browser.send("/login", email=email, password=password).status in (422, 429)
    raw = b"csrf_token=%s&email=lea@studio.example&password=%%ff%%fe%%00" % browser.token.encode()
    answer = browser.flask.post("/login", data=raw, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (422, 429)


def test_an_address_is_one_account_however_it_is_typed(open_browser: Callable[[], Client], product: Product) -> None:
    """Case, spaces and look-alikes that fold to the same letters (case D-70)."""
    product.employee("kim@studio.example")

    for typed in (" KIM@studio.example", "kim@Studio.EXAMPLE ", "\u212aim@studio.example"):
        answer = open_browser().post("/login", email=typed, password=PASSWORD)
        assert (303, "/") == (answer.status, answer.location), typed


def _stand_before(client: Client, product: Product, clock: Clock, page: str) -> str:
    """Somebody at *client* with this form in front; the form's address."""
    if page.startswith("two-factor/activate"):
        person = product.employee()
        log_in(client, person)
        begin_activation(client, person)
        path = f"{security(person)}/{page}"
    else:
        owner = product.owner()
        log_in(client, owner.person)
        path = page if page.startswith("/") else f"{security(owner.person)}/{page}"
        if not page.startswith("/"):
            client.as_page().post("/login/code", code=owner.phone.code(clock.now))
    client.get(path)
    return path

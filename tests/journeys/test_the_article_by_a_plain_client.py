"""The article by a client that knows no script: links and forms only, on SQLite and on PostgreSQL."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.product import App, Running, key_in
from tests.web.client import Answer, Client
from tests.web.people import log_in, security


@pytest.fixture
def product(database_uri: str, tmp_path: Path) -> Iterator[Running]:
    running = Running(database_uri, tmp_path)
    yield running
    running.stop()


def test_the_article_by_links_and_forms(product: Running) -> None:
    """From the log-in to the tab, on, in by code and by backup code, new codes, off again."""
    person = product.person()
    client = Client(product.app.test_client())
    log_in(client, person)
    page = _follow(client, client.get("/"), "Settings")
    page = _follow(client, page, "Resource / Employees")
    page = _follow(client, page, person.name)
    page = _follow(client, page, "Security")
    assert "Authy, Google Authenticator or Microsoft Authenticator" in page.text

    page = _send(client, page, "Activate two-factor authentication")
    app = App(product.clock, key_in(page.document.all("a", href=_otpauth(page))[0].attributes["href"]))
    page = _send(client, page, "Next")
    page = _send(client, page, "Verify", code=app.code())
    codes = [code.text for code in page.document.all("code")]
    assert 8 == len(codes)
    page = _send(client, page, "I have saved them")
    assert "8 of 8 backup codes left" in page.text
    _send(client, page, "Log out")

    log_in(client, person)
    page = client.get("/login/code")
    assert "Hello, Lea" == _send(client, page, "Verify", code=app.next_code()).heading
    _send(client, client.get("/"), "Log out")

    log_in(client, person)
    page = _follow(client, client.get("/login/code"), "Use a backup code instead")
    page = _send(client, page, "Verify", backup_code=codes[3])
    assert "Hello, Lea" == _follow(client, page, "I don't have my phone with me").heading

    page = _follow(client, client.get(security(person)), "New backup codes…")
    page = _send(client, page, "Create new backup codes", code=app.next_code())
    new = [code.text for code in page.document.all("code")]
    page = _send(client, page, "I have saved them")
    page = client.get(f"{security(person)}/two-factor/reset")
    page = _send(client, _follow(client, page, "Use a backup code instead"), "Reset", backup_code=new[0])
    assert "Two-factor authentication is off." in page.text

    _send(client, page, "Log out")
    log_in(client, person)
    assert "Hello, Lea" == client.get("/").heading


def _follow(client: Client, page: Answer, words: str) -> Answer:
    """Go where the one link of these words leads."""
    found = {link.attributes["href"] for link in page.document.all("a") if link.text == words}
    assert 1 == len(found), (words, found)
    return client.get(found.pop())


def _send(client: Client, page: Answer, button: str, **fields: str) -> Answer:
    """Press *button*: send its form as it stands on *page*, with *fields* filled in, and arrive."""
    forms = [form for form in page.document.all("form") if button in [one.text for one in form.all("button")]]
    assert 1 == len(forms), (button, len(forms))
    action = forms[0].attributes["action"]
    if forms[0].attributes["method"] == "get":
        return client.get(action)
    answer = client.send(action, **fields)
    assert 303 == answer.status, answer.text
    return client.get(answer.location)


def _otpauth(page: Answer) -> str:
    links = [link.attributes["href"] for link in page.document.all("a")]
    return next(href for href in links if re.match("otpauth://", href))

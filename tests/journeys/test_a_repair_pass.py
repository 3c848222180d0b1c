"""Phone and codes gone: from the two halves of a repair pass to the overview, without a script and in Chromium."""

import email
import email.policy
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.core.people import Owner
from tests.journeys.conftest import OpenPage
from tests.journeys.product import App, Running, key_in
from tests.journeys.steps import give_password, scanned, shown_codes
from tests.web.client import Answer, Client
from tests.web.people import log_in


@pytest.fixture
def running(database_uri: str, tmp_path: Path) -> Iterator[Running]:
    """As the fixture product, on both databases."""
    running = Running(database_uri, tmp_path)
    yield running
    running.stop()


def test_from_the_pass_to_the_overview_by_links_and_forms(running: Running) -> None:
    """The half from the mail and the one from the call; then the new phone logs in, and the old one never again."""
    owner = running.owner()
    mailed, read = _halves(running, owner)
    client = Client(running.app.test_client())
    log_in(client, owner.person)
    page = _follow(client, client.get("/login/code"), "Can't log in?")
    assert "Use a repair pass" == _follow(client, page, "Use a repair pass").heading

    begins = client.followed(client.fill_in("Continue", {"Half from the e-mail": mailed, "Half from the call": read}))
    assert "Set up your new app" == begins.heading
    scans = client.followed(client.fill_in("Show the QR code"))
    (uri,) = [link for link in _hrefs(scans) if link.startswith("otpauth:")]
    app = App(running.clock, key_in(uri))
    client.fill_in("Next")
    codes = client.followed(client.fill_in("Verify", {"Authentication code": app.code()}))
    assert 8 == len(codes.document.all("ol", id="codes")[0].all("code"))
    tab = client.followed(client.fill_in("I have saved them"))

    assert "Your authenticator app is replaced." in tab.text
    assert "Hello, Lea" == _follow(client, tab, "Overview").heading
    client.fill_in("Log out")
    log_in(client, owner.person)
    old = client.post("/login/code", code=App(running.clock, owner.phone.key).next_code())
    assert 422 == old.status
    assert 303 == client.post("/login/code", code=app.code()).status


def test_from_the_pass_to_the_overview_in_chromium(product: Running, open_page: OpenPage) -> None:
    """On a small screen, as somebody with a new phone in the hand; a wrong pair first."""
    owner = product.owner()
    mailed, read = _halves(product, owner)
    page = open_page(viewport={"width": 390, "height": 780})
    give_password(page, owner.person.email)
    page.get_by_role("link", name="Can't log in?").click()
    page.get_by_role("link", name="Use a repair pass").click()

    expect(page.get_by_label("Half from the e-mail")).to_be_focused()
    page.keyboard.type(read)
    page.get_by_label("Half from the call").fill(mailed)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("These two halves open nothing together.")).to_be_visible()
    page.get_by_label("Half from the e-mail").fill(mailed.lower())
    page.get_by_label("Half from the call").fill(read.replace("-", " "))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Set up your new app")).to_be_visible()
    expect(page.get_by_role("navigation")).to_have_count(0)
    page.goto("/")
    page.get_by_role("button", name="Show the QR code").click()
    app = App(product.clock, key_in(scanned(page.get_by_role("img", name="QR code"))))
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Authentication code").fill(app.code())
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("heading", name="Your backup codes")).to_be_visible()

    assert not set(shown_codes(page)) & set(owner.codes)
    page.get_by_role("button", name="I have saved them").click()
    expect(page.get_by_text("Your authenticator app is replaced.").first).to_be_visible()
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Hello, Lea")).to_be_visible()


def _halves(product: Running, owner: Owner) -> tuple[str, str]:
    """As the mail shows the one, and the agent reads out the other."""
    product.core.issue_pass(owner.person)
    read = product.core.read_half(owner.person)
    product.app.test_cli_runner().invoke(args=["outbox", "send"])
    (file,) = (Path(product.app.instance_path) / "mail").glob("*-repair_pass-*.eml")
    body = email.message_from_bytes(file.read_bytes(), policy=email.policy.default).get_body(("plain",))
    assert body is not None
    found = re.search(r"Your half +(\S+)", body.get_content())
    assert found
    return found[1], read


def _follow(client: Client, page: Answer, words: str) -> Answer:
    found = {link.attributes["href"] for link in page.document.all("a") if link.text == words}
    assert 1 == len(found), (words, found)
    return client.get(found.pop())


def _hrefs(page: Answer) -> list[str]:
    return [link.attributes["href"] for link in page.document.all("a")]

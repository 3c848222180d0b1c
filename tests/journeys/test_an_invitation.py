"""Somebody new: from an administrator's invitation to an account with a second factor, by links and forms."""

import email
import email.policy
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.journeys.product import App, Running, key_in
from tests.web.client import Answer, Client
from tests.web.people import log_in, security
from webapp.core.accounts.rules import Role

NEW = "walnut harbor seven kettle"


@pytest.fixture
def running(database_uri: str, tmp_path: Path) -> Iterator[Running]:
    """As the fixture product, on both databases."""
    running = Running(database_uri, tmp_path)
    yield running
    running.stop()


def test_from_the_invitation_to_a_log_in_with_a_code(running: Running) -> None:
    """The mail as it is delivered, a first password, a log-in, the phone; then the password alone is half a log-in."""
    admin = running.core.employee("kim@studio.example", name="Kim Amsler", role=Role.ADMIN)
    kim, noa = Client(running.app.test_client()), Client(running.app.test_client())
    log_in(kim, admin)
    kim.get("/settings/employees/invite")
    kim.fill_in("Send the invitation", {"Name": "Noa Keller", "E-mail": "noa@studio.example"})

    noa.get(_link(running))
    noa.fill_in("Save", {"New password": NEW})
    noa.get("/login")
    hello = noa.followed(noa.fill_in("Continue", {"E-mail": "noa@studio.example", "Password": NEW}))
    person = running.core.today("noa@studio.example")
    noa.get(security(person))
    scans = noa.followed(noa.fill_in("Activate two-factor authentication"))
    app = App(running.clock, key_in(_otpauth(scans)))
    noa.fill_in("Next")
    noa.followed(noa.fill_in("Verify", {"Authentication code": app.code()}))
    tab = noa.followed(noa.fill_in("I have saved them"))
    noa.fill_in("Log out")
    noa.get("/login")
    half = noa.fill_in("Continue", {"E-mail": "noa@studio.example", "Password": NEW})

    assert "Hello, Noa" == hello.heading
    assert "Two-factor authentication is on." in tab.text
    assert "/login/code" == half.location
    noa.get("/login/code")
    assert "/" == noa.fill_in("Verify", {"Authentication code": app.next_code()}).location


def _link(running: Running) -> str:
    """The path in the invitation's mail."""
    running.app.test_cli_runner().invoke(args=["outbox", "send"])
    (file,) = (Path(running.app.instance_path) / "mail").glob("*-invite-*.eml")
    body = email.message_from_bytes(file.read_bytes(), policy=email.policy.default).get_body(("plain",))
    assert body is not None
    found = re.search(r"https?://\S+/invite/\S+", body.get_content())
    assert found
    return urlsplit(found[0]).path


def _otpauth(page: Answer) -> str:
    (uri,) = [one.attributes["href"] for one in page.document.all("a") if one.attributes["href"].startswith("otpauth:")]
    return uri

"""A forgotten password, a changed one and a new address, with the mails as they are delivered: Chromium, with and
without JavaScript."""

import email
import email.policy
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.core.people import PASSWORD
from tests.journeys.conftest import OpenPage
from tests.journeys.product import Running
from tests.journeys.steps import find_security_tab, give_code, log_out

NEW = "harbour quilt nineteen ferns"
NEWER = "velvet pony drums at dawn"
ADDRESS = "lea@new.example"


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(request: pytest.FixtureRequest, open_page: OpenPage) -> Page:
    return open_page(java_script_enabled=request.param)


def mailed_path(product: Running, notice: str) -> str:
    """The path of the link in the last mail of this kind, out of the folder that the sender writes to."""
    assert 0 == product.app.test_cli_runner().invoke(args=["outbox", "send"]).exit_code
    file = sorted((Path(product.app.instance_path) / "mail").glob(f"*-{notice}-*.eml"))[-1]
    body = email.message_from_bytes(file.read_bytes(), policy=email.policy.default).get_body(("plain",))
    assert body is not None
    (path,) = re.findall(r"^http://127\.0\.0\.1:5000(/(?:password|email)/\S+)$", body.get_content(), re.MULTILINE)
    return str(path)


def give(page: Page, address: str, password: str) -> None:
    page.goto("/login")
    page.get_by_label("E-mail").fill(address)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Continue").click()


def test_a_forgotten_password_is_replaced_and_the_phone_still_asked_for(product: Running, page: Page) -> None:
    """From the log-in to the mail, to the page, to a log-in with the new password and a code (D-13)."""
    owner = product.owner()
    page.goto("/login")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_role("button", name="Send link").click()
    expect(page.get_by_text("Enter your e-mail address.")).to_be_visible()
    page.get_by_label("E-mail").fill(owner.person.email)
    page.get_by_role("button", name="Send link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look in your mailbox")

    page.goto(mailed_path(product, "password_link"))
    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("New password")).to_be_focused()
    expect(page.get_by_text("The password needs at least 15 characters.")).to_be_visible()
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your new password is saved")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your new password is saved")

    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    give(page, owner.person.email, NEW)
    give_code(page, owner.phone.code(product.clock.now))
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def test_password_and_address_are_changed_on_the_security_tab(product: Running, page: Page) -> None:
    """Each with a code, wrong ones first; the tab says what waits; the link is opened where one is logged in."""
    owner = product.owner()
    give(page, owner.person.email, PASSWORD)
    give_code(page, owner.phone.code(product.clock.now))
    find_security_tab(page, owner.person.name)

    page.get_by_role("link", name="Change password…").click()
    page.get_by_label("Current password").fill("not the right one")
    page.get_by_label("New password").fill(NEWER)
    product.clock.next_step()
    page.get_by_label("Authentication code").fill(owner.phone.code(product.clock.now))
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("That isn't your password.")).to_be_visible()
    expect(page.get_by_label("Current password")).to_be_focused()
    expect(page.get_by_label("New password")).to_have_value("")
    page.get_by_role("link", name="Use a backup code instead").click()
    expect(page.get_by_label("Backup code")).to_be_visible()  # else the form before it is filled in, and goes
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password").fill(NEWER)
    page.get_by_label("Backup code").fill(owner.codes[0])
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password is changed.").first).to_be_visible()

    page.get_by_role("link", name="Change e-mail…").click()
    page.get_by_label("New e-mail").fill(ADDRESS)
    page.get_by_label("Authentication code").fill(owner.phone.code(product.clock.now))
    page.get_by_role("button", name="Change e-mail").click()
    expect(page.get_by_text("Waiting for confirmation at le…@ne….example")).to_be_visible()
    page.goto(mailed_path(product, "email_link"))
    page.get_by_role("button", name="Use this e-mail address").click()
    expect(page.get_by_text("Your e-mail address is changed.").first).to_be_visible()

    log_out(page)
    product.clock.next_step()
    give(page, ADDRESS, NEWER)
    give_code(page, owner.phone.code(product.clock.now))
    expect(page.get_by_role("button", name="Log out")).to_be_visible()

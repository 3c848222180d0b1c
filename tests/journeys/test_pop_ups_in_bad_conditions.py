"""A slow or broken connection, a browser that refuses, an impatient hand: nothing is lost, and the page says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.core.people import PASSWORD, Owner
from tests.journeys.conftest import OpenPage
from tests.journeys.product import Running
from tests.journeys.steps import find_security_tab, give_code, give_password, shown_codes

ACTIVATE = "Activate two-factor authentication"
UNREACHABLE = "This didn't get through."


@pytest.fixture
def owner(product: Running) -> Owner:
    return product.owner()


@pytest.fixture
def page(open_page: OpenPage, product: Running, owner: Owner) -> Page:
    """On the Security tab, two-factor authentication on."""
    page = open_page()
    give_password(page, owner.person.email)
    give_code(page, owner.phone.code(product.clock.now))
    find_security_tab(page, owner.person.name)
    product.clock.next_step()
    return page


@contextmanager
def held_back(page: Page, method: str) -> Iterator[list[Route]]:
    """Requests of htmx by *method* are answered only at the end: a slow connection without a clock."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == method and "hx-request" in route.request.headers:
            held.append(route)
        else:
            route.continue_()

    page.route("**/*", hold)
    yield held
    for route in held:
        route.continue_()
    page.unroute("**/*", hold)


def test_a_pressed_button_shows_that_it_was_pressed_under_the_mouse_too(page: Page) -> None:
    """The ticks run while the answer is under way: on the switch, on a link and on a button."""
    for pressed in (page.get_by_role("switch"), page.get_by_role("link", name="New backup codes…")):
        with held_back(page, "GET"):
            pressed.click()
            expect(pressed).to_have_attribute("aria-busy", "true")
            assert "gradient" in pressed.evaluate("(one) => getComputedStyle(one).backgroundImage")
        expect(page.get_by_role("dialog")).to_be_visible()
        with held_back(page, "POST"):
            send = page.get_by_role("dialog").locator("button[type=submit]").first
            page.get_by_label("Authentication code").fill("000000")
            send.click()
            assert "gradient" in send.evaluate("(one) => getComputedStyle(one).backgroundImage")
        expect(page.get_by_text("That code isn't right.")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_while_something_is_being_changed_its_pop_up_stays(page: Page, owner: Owner, product: Running) -> None:
    """Escape, the cross and Cancel would pretend that it can be called back."""
    page.get_by_role("switch").click()
    page.get_by_label("Authentication code").fill(owner.phone.code(product.clock.now))

    with held_back(page, "POST") as held:
        page.get_by_role("button", name="Reset").click()
        page.keyboard.press("Escape")
        page.get_by_role("link", name="Cancel").click()
        page.get_by_role("link", name="Close").click()
        expect(page.get_by_role("dialog", name="Reset two-factor authentication")).to_be_visible()
        assert 1 == len(held)

    expect(page.locator("#main").get_by_text("Two-factor authentication is off.")).to_be_visible()


def test_a_step_that_comes_late_does_not_open_again_what_was_closed(page: Page) -> None:
    """Escape while the other way is being loaded: closed is closed, and the focus is back on the switch."""
    page.get_by_role("switch").click()
    expect(page.get_by_role("dialog")).to_be_visible()

    with held_back(page, "GET") as held:
        page.get_by_role("link", name="Use a backup code instead").click()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert 1 == len(held)

    expect(page.get_by_role("switch")).to_be_focused()
    page.get_by_role("link", name="New backup codes…").click()
    expect(page.get_by_role("dialog", name="Create new backup codes")).to_be_visible()


def test_the_other_kind_of_code_leaves_what_was_typed_beside_it(page: Page) -> None:
    """A new address, also after it was refused, and a new name; never a password."""
    page.get_by_role("link", name="Change e-mail…").click()
    page.get_by_label("New e-mail").fill("lea@new")
    page.get_by_role("button", name="Change e-mail").click()
    expect(page.get_by_label("New e-mail")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("New e-mail").fill("lea@new.example")
    page.get_by_role("link", name="Use a backup code instead").click()
    expect(page.get_by_label("Backup code")).to_be_focused()
    expect(page.get_by_label("New e-mail")).to_have_value("lea@new.example")
    page.get_by_role("link", name="Use an authentication code instead").click()
    expect(page.get_by_label("Authentication code")).to_be_focused()
    expect(page.get_by_label("New e-mail")).to_have_value("lea@new.example")
    page.get_by_role("link", name="Use a backup code instead").click()
    expect(page.get_by_label("Backup code")).to_be_focused()
    page.get_by_role("button", name="Change e-mail").click()
    expect(page.get_by_label("Backup code")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("New e-mail")).not_to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Escape")

    page.get_by_role("link", name="Add another app…").click()
    page.get_by_label("Name", exact=True).fill("Tablet")
    page.get_by_role("link", name="Use a backup code instead").click()
    expect(page.get_by_label("Backup code")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Tablet")
    page.keyboard.press("Escape")

    page.get_by_role("link", name="Change password…").click()
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_role("link", name="Use a backup code instead").click()
    expect(page.get_by_label("Backup code")).to_be_visible()
    expect(page.get_by_label("Current password")).to_have_value("")


def test_what_did_not_get_through_is_said_until_it_does(page: Page) -> None:
    """Offline, then online again: the notice goes with the next answer."""
    page.context.set_offline(True)
    page.get_by_role("switch").click()
    expect(page.get_by_text(UNREACHABLE)).to_be_visible()

    page.context.set_offline(False)
    page.get_by_role("switch").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_text(UNREACHABLE)).to_have_count(0)


def test_a_download_that_fails_leaves_the_codes_on_the_screen(page: Page, owner: Owner, product: Running) -> None:
    """And “downloaded” is said only of a file that has arrived."""
    page.get_by_role("link", name="New backup codes…").click()
    page.get_by_label("Authentication code").fill(owner.phone.code(product.clock.now))
    page.get_by_role("button", name="Create new backup codes").click()
    expect(page.get_by_role("dialog", name="Your backup codes")).to_be_visible()
    codes = shown_codes(page)
    page.context.set_offline(True)
    page.get_by_role("button", name="Download").click()
    expect(page.get_by_text(UNREACHABLE)).to_be_visible()
    assert codes == shown_codes(page)
    expect(page.get_by_text("downloaded")).to_have_count(0)
    page.context.set_offline(False)

    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()

    expect(page.get_by_text("calenso-backup-codes.txt downloaded")).to_be_visible()
    expect(page.get_by_text(UNREACHABLE)).to_have_count(0)
    assert "calenso-backup-codes.txt" == download.value.suggested_filename
    text = Path(download.value.path()).read_text()
    assert all(code in text for code in codes)


def test_a_download_after_the_ten_minutes_says_so(page: Page, owner: Owner, product: Running) -> None:
    """The codes are gone: on to the tab that tells what to do."""
    page.get_by_role("link", name="New backup codes…").click()
    page.get_by_label("Authentication code").fill(owner.phone.code(product.clock.now))
    page.get_by_role("button", name="Create new backup codes").click()
    expect(page.get_by_role("dialog", name="Your backup codes")).to_be_visible()
    product.clock.move(minutes=11)

    page.get_by_role("button", name="Download").click()

    expect(page.get_by_text("These backup codes are no longer shown.")).to_be_visible()


def test_a_browser_that_refuses_to_copy_selects_instead_and_says_so(
    open_page: OpenPage, product: Running, owner: Owner
) -> None:
    """One key press is left to do; a screen reader hears which."""
    page = open_page(permissions=[])
    give_password(page, owner.person.email)
    give_code(page, owner.phone.code(product.clock.now))
    find_security_tab(page, owner.person.name)
    product.clock.next_step()
    page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'))")
    page.reload()
    page.get_by_role("link", name="New backup codes…").click()
    page.get_by_label("Authentication code").fill(owner.phone.code(product.clock.now))
    page.get_by_role("button", name="Create new backup codes").click()
    codes = shown_codes(page) if page.get_by_role("dialog", name="Your backup codes").is_visible() else None
    expect(page.get_by_role("dialog", name="Your backup codes")).to_be_visible()
    codes = codes or shown_codes(page)

    page.get_by_role("button", name="Copy").click()

    expect(page.get_by_role("status").filter(has_text="copy them with Ctrl+C")).to_be_visible()
    selected = page.evaluate("() => String(getSelection())")
    assert all(code in selected for code in codes)


def test_a_link_opened_in_a_new_tab_is_a_page_there(page: Page) -> None:
    """Ctrl-click belongs to the browser."""
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="New backup codes…").click(modifiers=["ControlOrMeta"])

    expect(opened.value.get_by_role("heading", name="Create new backup codes", level=1)).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_session_that_ended_meanwhile_leads_to_the_log_in_which_says_so(page: Page, product: Running) -> None:
    """Not a log-in inside the pop-up, and not a bare one."""
    page.get_by_role("switch").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    product.clock.move(hours=2)

    page.get_by_role("button", name="Reset").click()

    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    expect(page.get_by_text("You were away for a while.")).to_be_visible()


def test_an_error_has_the_focus_and_shows_it(open_page: OpenPage, product: Running) -> None:
    """Several wrong entries: the summary is read out, and seen to have the focus by whoever uses the keyboard."""
    person = product.person()
    page = open_page()
    give_password(page, person.email)
    page.goto(f"/settings/employees/{person.id}")
    page.get_by_label("Name").fill("")
    page.get_by_label("Phone").fill("abc")

    page.keyboard.press("Enter")

    summary = page.get_by_text("2 entries need another look").locator("..").locator("..")
    expect(summary).to_be_focused()
    assert "none" != summary.evaluate("(one) => getComputedStyle(one).outlineStyle")

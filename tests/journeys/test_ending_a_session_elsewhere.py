"""Somebody looks where they are logged in, and logs out there: in a pop-up, by keyboard, and where no script runs."""

from playwright.sync_api import Page, expect

from tests.core.people import Owner
from tests.journeys.conftest import OpenPage
from tests.journeys.product import Running
from tests.journeys.steps import find_security_tab, give_code, give_password

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile/15E148 Safari/604.1"
)


def enter(page: Page, product: Running, owner: Owner) -> None:
    give_password(page, owner.person.email)
    give_code(page, owner.phone.code(product.clock.now))
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Lea")
    product.clock.next_step()


def is_out(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    expect(page.get_by_text("You have been logged out.")).to_be_visible()


def test_another_browser_s_session_is_ended_in_a_pop_up(product: Running, open_page: OpenPage) -> None:
    """The tab behind is new when it closes; the other browser is out at its next request, and this one is not."""
    owner = product.owner()
    phone, page = open_page(user_agent=IPHONE), open_page()
    enter(phone, product, owner)
    enter(page, product, owner)
    find_security_tab(page, owner.person.name)
    card = page.get_by_role("region", name="Active sessions")
    expect(card.get_by_text("This one")).to_be_visible()

    page.get_by_role("link", name="Log out Safari on iPhone", exact=True).click()
    dialog = page.get_by_role("dialog", name="Log out Safari on iPhone")
    expect(dialog.get_by_label("Authentication code")).to_be_focused()
    page.keyboard.type(owner.phone.code(product.clock.now))
    page.keyboard.press("Enter")

    expect(dialog).to_have_count(0)
    expect(page.get_by_role("status")).to_have_text("That session is logged out.")
    expect(card.get_by_text("Safari on iPhone")).to_have_count(0)
    is_out(phone)
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Lea")


def test_all_others_are_ended_by_a_backup_code_in_a_pop_up(product: Running, open_page: OpenPage) -> None:
    """Escape ends nothing and gives the focus back; then with the code that is at hand."""
    owner = product.owner()
    phone, page = open_page(user_agent=IPHONE), open_page()
    enter(phone, product, owner)
    enter(page, product, owner)
    find_security_tab(page, owner.person.name)
    door = page.get_by_role("link", name="Log out everywhere else")

    door.press("Enter")
    expect(page.get_by_role("dialog", name="Log out everywhere else")).to_be_visible()
    page.keyboard.press("Escape")
    expect(door).to_be_focused()
    door.press("Enter")
    page.get_by_role("link", name="Use a backup code instead").click()
    page.get_by_label("Backup code").fill(owner.codes[0])
    page.get_by_role("button", name="End all other sessions").click()

    expect(page.get_by_text("You are logged in here and nowhere else.")).to_be_visible()
    is_out(phone)


def test_another_browser_s_session_is_ended_with_scripts_off(product: Running, open_page: OpenPage) -> None:
    """A page of its own; after the ten minutes the password comes first, and then the same page again."""
    owner = product.owner()
    phone, page = open_page(user_agent=IPHONE, java_script_enabled=False), open_page(java_script_enabled=False)
    enter(phone, product, owner)
    enter(page, product, owner)
    product.clock.move(minutes=11)
    find_security_tab(page, owner.person.name)

    page.get_by_role("link", name="Log out Safari on iPhone", exact=True).click()
    page.get_by_label("Password").fill("lantern quarry violin moss")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Log out Safari on iPhone")
    page.get_by_label("Authentication code").fill(owner.phone.code(product.clock.now))
    page.get_by_role("button", name="End this session").click()

    expect(page.get_by_text("That session is logged out.")).to_be_visible()
    expect(page.get_by_role("heading", name="Active sessions")).to_be_visible()
    is_out(phone)

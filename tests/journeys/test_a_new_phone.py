"""A new phone: the app replaced without switching off, in Chromium with pop-ups and by a client without a script."""

from playwright.sync_api import Page, expect

from tests.journeys.conftest import OpenPage
from tests.journeys.product import App, Running, key_in
from tests.journeys.steps import find_security_tab, give_code, give_password, log_out, scanned, shown_codes
from tests.web.client import Client
from tests.web.people import log_in, security


def test_a_new_phone_takes_the_place_of_the_old_one(product: Running, open_page: OpenPage) -> None:
    """Pop-up by pop-up; a double click on each step; afterwards only the new phone logs in."""
    owner = product.owner()
    old = App(product.clock, owner.phone.key)
    page = open_page()
    _log_in(page, owner.person.email, old.code())
    find_security_tab(page, owner.person.name)

    page.get_by_role("link", name="Replace the app…").click()
    expect(page.get_by_role("dialog", name="Replace your authenticator app")).to_be_visible()
    expect(page.get_by_label("Authentication code")).to_be_focused()
    page.get_by_label("Authentication code").fill(old.next_code())
    page.get_by_role("button", name="Show the QR code").dblclick()
    new = App(product.clock, key_in(scanned(page.get_by_role("img", name="QR code"))))
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Authentication code").fill(new.code())
    page.get_by_role("button", name="Verify").dblclick()
    expect(page.get_by_role("dialog", name="Your backup codes")).to_be_visible()
    codes = shown_codes(page)
    page.get_by_role("button", name="I have saved them").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("Your authenticator app is replaced.").first).to_be_visible()
    expect(page.get_by_role("switch", name="Two-factor authentication")).to_be_checked()
    assert not set(codes) & set(owner.codes)
    log_out(page)
    give_password(page, owner.person.email)
    give_code(page, old.next_code())
    expect(page.get_by_text("That code isn't right.")).to_be_visible()
    give_code(page, new.code())
    expect(page.get_by_role("heading", name="Hello, Lea")).to_be_visible()


def test_a_lost_phone_leads_to_a_new_one(product: Running, open_page: OpenPage) -> None:
    """In with one backup code, and the app replaced with a second one."""
    owner = product.owner()
    page = open_page(viewport={"width": 390, "height": 780})
    give_password(page, owner.person.email)
    page.get_by_role("link", name="Use a backup code instead").click()
    page.get_by_label("Backup code").fill(owner.codes[0])
    page.get_by_role("button", name="Verify").click()
    page.get_by_role("link", name="My phone is lost").click()
    page.get_by_role("link", name="Set up my new phone").click()

    page.get_by_label("Backup code").fill(owner.codes[1])
    page.get_by_role("button", name="Show the QR code").click()
    uri = page.get_by_role("link", name="Open in authenticator app").get_attribute("href")
    page.get_by_role("button", name="Next").click()
    give_code(page, App(product.clock, key_in(str(uri))).code())
    shown_codes(page)
    page.get_by_role("button", name="I have saved them").click()

    expect(page.get_by_text("Your authenticator app is replaced.").first).to_be_visible()


def test_a_tablet_is_added_renamed_and_removed(product: Running, open_page: OpenPage) -> None:
    """By keyboard where a person would use it; the tab names both while there are two."""
    owner = product.owner()
    phone = App(product.clock, owner.phone.key)
    page = open_page()
    _log_in(page, owner.person.email, phone.code())
    find_security_tab(page, owner.person.name)

    page.get_by_role("link", name="Add another app…").click()
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    page.keyboard.type("Tablet")
    page.keyboard.press("Tab")
    page.keyboard.type(phone.next_code())
    page.keyboard.press("Enter")
    tablet = App(product.clock, key_in(scanned(page.get_by_role("img", name="QR code"))))
    page.get_by_role("button", name="Next").click()
    give_code(page, tablet.code())
    expect(page.get_by_text("Your second authenticator app is set up.").first).to_be_visible()

    page.get_by_role("link", name="Rename or remove… Tablet").click()
    page.get_by_role("textbox", name="Name").fill("Old tablet")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("link", name="Replace the app…").click()
    expect(page.get_by_role("group", name="Which app do you replace?").get_by_role("radio")).to_have_count(2)
    page.get_by_label("Authentication code").fill(tablet.next_code())
    page.get_by_role("button", name="Show the QR code").click()
    expect(page.get_by_text("Choose the app that you replace.").first).to_be_visible()
    expect(page.get_by_role("radio", name="Authenticator app")).to_be_focused()
    page.get_by_role("link", name="Close").click()

    page.get_by_role("link", name="Rename or remove… Old tablet").click()
    page.get_by_role("link", name="Remove this app…").click()
    page.get_by_label("Authentication code").fill(phone.next_code())
    page.get_by_role("button", name="Remove this app").click()
    expect(page.get_by_text("The authenticator app is removed.").first).to_be_visible()
    expect(page.get_by_role("link", name="Add another app…")).to_be_visible()


def test_the_same_by_links_and_forms(product: Running) -> None:
    """Without a script each step is a page."""
    owner = product.owner()
    old = App(product.clock, owner.phone.key)
    client = Client(product.app.test_client())
    log_in(client, owner.person)
    client.get("/login/code")
    client.followed(client.fill_in("Verify", {"Authentication code": old.code()}))
    tab = client.get(security(owner.person))
    (link,) = [one.attributes["href"] for one in tab.document.all("a") if one.text == "Replace the app…"]

    client.get(link)
    page = client.followed(client.fill_in("Show the QR code", {"Authentication code": old.next_code()}))
    links = [one.attributes["href"] for one in page.document.all("a")]
    new = App(product.clock, key_in(next(href for href in links if href.startswith("otpauth:"))))
    client.fill_in("Next")
    page = client.followed(client.fill_in("Verify", {"Authentication code": new.code()}))
    assert 8 == len(page.document.all("code"))
    page = client.followed(client.fill_in("I have saved them"))

    assert "Your authenticator app is replaced." in page.text
    client.fill_in("Log out")
    log_in(client, owner.person)
    client.get("/login/code")
    assert "Hello, Lea" == client.followed(client.fill_in("Verify", {"Authentication code": new.next_code()})).heading


def _log_in(page: Page, email: str, code: str) -> None:
    give_password(page, email)
    give_code(page, code)
    expect(page.get_by_role("heading", name="Hello, Lea")).to_be_visible()

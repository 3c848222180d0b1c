"""The whole story in Chromium with HTMX pop-ups: the QR code is read from the screen, codes come from oathtool."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.journeys.conftest import OpenPage
from tests.journeys.product import App, Running, key_in
from tests.journeys.steps import find_security_tab, give_code, give_password, log_out, scanned, shown_codes


def test_the_article_with_pop_ups(product: Running, open_page: OpenPage, tmp_path: Path) -> None:
    """Activate, log in with a code and with a backup code, new codes, reset: every step as the article tells it."""
    person = product.person()
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    give_password(page, person.email)
    expect(page.get_by_role("heading", name="Hello, Lea")).to_be_visible()
    find_security_tab(page, person.name)

    app = _activate(page, product)
    codes = shown_codes(page)
    _keep_codes(page, codes, tmp_path)
    page.get_by_role("button", name="I have saved them").click()
    _ends_at_the_heading(page, "Two-factor authentication is on.")
    expect(page.get_by_role("switch", name="Two-factor authentication")).to_be_checked()
    expect(page.get_by_text("8 of 8 backup codes left")).to_be_visible()

    log_out(page)
    give_password(page, person.email)
    give_code(page, app.next_code())
    expect(page.get_by_role("heading", name="Hello, Lea")).to_be_visible()

    log_out(page)
    give_password(page, person.email)
    page.get_by_role("link", name="Use a backup code instead").click()
    page.get_by_label("Backup code").fill(codes[0].lower().replace("-", " "))
    page.get_by_role("button", name="Verify").click()
    page.get_by_role("link", name="My phone is lost").click()
    expect(page.get_by_role("heading", name="Your phone is lost")).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="I don't have my phone with me").click()
    expect(page.get_by_role("heading", name="Hello, Lea")).to_be_visible()

    find_security_tab(page, person.name)
    expect(page.get_by_text("7 of 8 backup codes left")).to_be_visible()
    page.get_by_role("link", name="New backup codes…").click()
    page.get_by_label("Authentication code").fill(app.next_code())
    page.get_by_role("button", name="Create new backup codes").click()
    expect(page.get_by_role("dialog", name="Your backup codes")).to_be_visible()
    new_codes = shown_codes(page)
    assert not set(codes) & set(new_codes)
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_text("8 of 8 backup codes left")).to_be_visible()

    page.get_by_role("switch", name="Two-factor authentication").click()
    expect(page.get_by_role("dialog", name="Reset two-factor authentication")).to_be_visible()
    page.get_by_role("link", name="Use a backup code instead").click()
    page.get_by_label("Backup code").fill(new_codes[7])
    page.get_by_role("button", name="Reset").click()
    _ends_at_the_heading(page, "Two-factor authentication is off.")
    expect(page.get_by_role("button", name="Activate two-factor authentication")).to_be_visible()

    log_out(page)
    give_password(page, person.email)
    expect(page.get_by_role("heading", name="Hello, Lea")).to_be_visible()


def test_a_double_click_on_verify_locks_nobody_out(product: Running, open_page: OpenPage) -> None:
    """At set-up and at log-in: one answer counts, nobody pays for the second."""
    person = product.person()
    page = open_page()
    give_password(page, person.email)
    find_security_tab(page, person.name)
    page.get_by_role("button", name="Activate two-factor authentication").click()
    app = App(product.clock, key_in(scanned(page.get_by_role("img", name="QR code"))))
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Authentication code").fill(app.code())
    page.get_by_role("button", name="Verify").dblclick()
    expect(page.get_by_role("dialog", name="Your backup codes")).to_be_visible()
    page.get_by_role("button", name="I have saved them").click()
    log_out(page)

    give_password(page, person.email)
    page.get_by_label("Authentication code").fill(app.next_code())
    page.get_by_role("button", name="Verify").dblclick()

    expect(page.get_by_role("heading", name="Hello, Lea")).to_be_visible()
    assert 0 == product.charged()
    assert 8 == product.count("backup_codes")


def test_nothing_secret_is_left_in_the_browser(product: Running, open_page: OpenPage) -> None:
    """After closing, Back shows neither codes nor key, and the browser's stores hold neither (cases D-56, D-73)."""
    person = product.person()
    page = open_page()
    give_password(page, person.email)
    find_security_tab(page, person.name)
    app = _activate(page, product)
    codes = shown_codes(page)
    page.get_by_role("button", name="I have saved them").click()
    page.get_by_role("link", name="Overview").click()

    page.go_back()

    assert not any(secret in page.content() for secret in (*codes, app.key))
    stores = page.evaluate("() => JSON.stringify({...localStorage}) + JSON.stringify({...sessionStorage})")
    # htmx notes the path of the page, and nothing else.
    assert not any(secret in stores for secret in (*codes, app.key))
    assert len(stores) < 120
    log_out(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_two_tabs_show_the_same_qr_code(product: Running, open_page: OpenPage) -> None:
    """Refresh, Back, closing the pop-up and a second tab: the same pending secret (case D-49)."""
    person = product.person()
    page = open_page()
    give_password(page, person.email)
    find_security_tab(page, person.name)
    page.get_by_role("button", name="Activate two-factor authentication").click()
    first = scanned(page.get_by_role("img", name="QR code"))
    page.get_by_role("link", name="Close").click()

    second_tab = page.context.new_page()
    second_tab.goto(f"/settings/employees/{person.id}/security/two-factor/activate")
    page.get_by_role("button", name="Activate two-factor authentication").click()

    assert first == scanned(second_tab.get_by_role("img", name="QR code"))
    assert first == scanned(page.get_by_role("img", name="QR code"))


def test_each_module_of_the_qr_code_is_whole_pixels(product: Running, open_page: OpenPage) -> None:
    """Shown as wide as it was drawn: a module of 3.96 pixels is hard on old phones."""
    person = product.person()
    page = open_page()
    give_password(page, person.email)
    find_security_tab(page, person.name)
    page.get_by_role("button", name="Activate two-factor authentication").click()
    image = page.get_by_role("img", name="QR code")
    expect(image).to_be_visible()

    drawn, shown = image.evaluate("(image) => [image.naturalWidth, image.clientWidth]")

    assert drawn == shown


def _activate(page: Page, product: Running) -> App:
    """The three steps up to the codes, with a wrong code on the way."""
    page.get_by_role("button", name="Activate two-factor authentication").click()
    expect(page.get_by_role("dialog", name="Activate two-factor authentication")).to_be_visible()
    app = App(product.clock, key_in(scanned(page.get_by_role("img", name="QR code"))))
    page.get_by_role("button", name="Next").click()
    give_code(page, "000000" if app.code() != "000000" else "000001")
    expect(page.get_by_text("That code isn't right.")).to_be_visible()
    expect(page).to_have_title("Error: Activate two-factor authentication, step 2 of 3 · Calenso")
    give_code(page, f"{app.code()[:3]} {app.code()[3:]}")
    expect(page.get_by_role("dialog", name="Your backup codes")).to_be_visible()
    return app


def _keep_codes(page: Page, codes: list[str], folder: Path) -> None:
    """Copy, Download, Print: each hands over all eight."""
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_text("8 backup codes copied")).to_be_attached()
    assert codes == page.evaluate("() => navigator.clipboard.readText()").split()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert "calenso-backup-codes.txt" == download.value.suggested_filename
    download.value.save_as(folder / "codes.txt")
    text = (folder / "codes.txt").read_text()
    assert all(code in text for code in codes)
    page.emulate_media(media="print")
    assert all(page.get_by_text(code).is_visible() for code in codes)
    expect(page.get_by_role("button", name="I have saved them")).to_be_hidden()
    page.emulate_media(media="screen")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Your backup codes")).to_be_visible()


def _ends_at_the_heading(page: Page, words: str) -> None:
    """The pop-up is gone; focus stands on the card's heading, and what happened is announced."""
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", name="Two-factor authentication", exact=True)).to_be_focused()
    expect(page.locator("#status")).to_have_text(words)

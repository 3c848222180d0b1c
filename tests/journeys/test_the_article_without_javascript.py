"""The article where no script runs: whole pages and forms, in Chromium and by a client that knows no script at all."""

from playwright.sync_api import expect

from tests.journeys.conftest import OpenPage
from tests.journeys.product import App, Running, key_in
from tests.journeys.steps import find_security_tab, give_code, give_password, log_out, scanned, shown_codes


def test_the_article_with_scripts_off(product: Running, open_page: OpenPage) -> None:
    """Every step is a page: activate, download, log in both ways, new codes, reset by the switch."""
    person = product.person()
    page = open_page(java_script_enabled=False)
    give_password(page, person.email)
    find_security_tab(page, person.name)

    page.get_by_role("button", name="Activate two-factor authentication").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Activate two-factor authentication")
    app = App(product.clock, key_in(scanned(page.get_by_role("img", name="QR code"))))
    page.get_by_text("Can't scan the QR code?").click()
    expect(page.get_by_text(app.key[:4]).first).to_be_visible()
    page.get_by_role("button", name="Next").click()
    give_code(page, "12345")
    expect(page.get_by_text("The code has 6 digits. You entered 5.")).to_be_visible()
    expect(page.get_by_label("Authentication code")).to_have_value("12345")
    page.get_by_role("button", name="Back").click()
    assert app.key == key_in(scanned(page.get_by_role("img", name="QR code")))
    page.get_by_role("button", name="Next").click()
    give_code(page, app.code())
    codes = shown_codes(page)
    page.reload()
    assert codes == shown_codes(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert codes[0] in download.value.path().read_text()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_text("Two-factor authentication is on.")).to_be_visible()
    expect(page.get_by_text("8 of 8 backup codes left")).to_be_visible()

    log_out(page)
    give_password(page, person.email)
    give_code(page, codes[1])
    expect(page.get_by_role("heading", level=1)).to_have_text("You used a backup code")
    page.get_by_role("link", name="I don't have my phone with me").click()
    find_security_tab(page, person.name)
    page.get_by_role("link", name="New backup codes…").click()
    page.get_by_label("Authentication code").fill(app.next_code())
    page.get_by_role("button", name="Create new backup codes").click()
    assert not set(codes) & set(shown_codes(page))
    page.get_by_role("button", name="I have saved them").click()

    page.get_by_role("switch", name="Two-factor authentication").click()
    page.get_by_label("Authentication code").fill(app.next_code())
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_text("Two-factor authentication is off.")).to_be_visible()

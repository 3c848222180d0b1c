"""axe-core finds nothing in any state of any page, as page and as pop-up, light and dark; nothing scrolls sideways."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.journeys.conftest import OpenPage
from tests.journeys.product import App, Running
from tests.journeys.steps import give_code, give_password

WIDTHS = (1280, 390, 320)
Look = Callable[[str], None]


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, open_page: OpenPage) -> Page:
    return open_page(color_scheme=request.param, reduced_motion="reduce")


@pytest.fixture
def look(page: Page) -> Iterator[Look]:
    """Looks at the state on the screen at every width, and says at the end what axe found where."""
    axe, found = Axe(), list[str]()

    def look_at(state: str) -> None:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 860})
            overflow = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
            if overflow > 0:
                found.append(f"{state} at {width}: {overflow} px to the side")
        for width in WIDTHS[:2]:
            page.set_viewport_size({"width": width, "height": 860})
            for violation in axe.run(page).response["violations"]:
                places = [node["target"] for node in violation["nodes"]]
                found.append(f"{state} at {width}: {violation['id']} {places}")

    yield look_at
    assert [] == found


def test_the_log_in_is_accessible(product: Running, page: Page, look: Look) -> None:
    """Log-in, its errors, both second steps, help, and what comes after a backup code."""
    owner = product.owner()
    page.goto("/login")
    look("log-in")
    page.get_by_role("button", name="Continue").click()
    look("log-in with two errors")
    give_password(page, "nobody@studio.example")
    look("log-in, wrong password")
    page.goto("/login/help")
    look("help")
    page.goto("/login")
    give_password(page, owner.person.email)
    look("code")
    give_code(page, "12")
    look("code, malformed")
    give_code(page, owner.phone.wrong_code(product.clock.now))
    look("code, wrong")
    page.get_by_role("link", name="Use a backup code instead").click()
    look("backup code")
    page.get_by_label("Backup code").fill("ABCD")
    page.get_by_role("button", name="Verify").click()
    look("backup code, malformed")
    page.get_by_label("Backup code").fill(owner.codes[0])
    page.get_by_role("button", name="Verify").click()
    look("after a backup code")
    page.get_by_role("link", name="My phone is lost").click()
    look("phone lost")
    page.goto("/no/such/page")
    look("page not found")


def test_a_throttled_log_in_is_accessible(product: Running, page: Page, look: Look) -> None:
    """Too many attempts: the form stays, and the page says when to try again."""
    owner = product.owner()
    give_password(page, owner.person.email)
    for _ in range(6):
        give_code(page, owner.phone.wrong_code(product.clock.now))
        page.wait_for_load_state()
    expect(page.get_by_text("Too many attempts.")).to_be_visible()
    look("code, throttled")


@pytest.mark.parametrize("as_pop_up", [True, False], ids=["pop-up", "page"])
def test_activation_and_reset_are_accessible(product: Running, page: Page, look: Look, as_pop_up: bool) -> None:
    """Every step on the way there and back, from the overview on."""
    person = product.person()
    give_password(page, person.email)
    look("overview, off")
    page.goto("/settings/employees")
    look("employees")
    page.get_by_role("link", name=person.name).click()
    look("profile")
    page.get_by_label("Name").fill("")
    page.get_by_role("button", name="Save").click()
    look("profile, error")
    security = f"/settings/employees/{person.id}/security"
    page.goto(security)
    look("Security tab, off")
    if as_pop_up:
        page.get_by_role("button", name="Activate two-factor authentication").click()
        expect(page.get_by_role("dialog")).to_be_visible()
    else:
        _begin_as_page(page)
    look("step 1")
    link = page.get_by_role("link", name="Open in authenticator app").get_attribute("href")
    app = App(product.clock, str(link).split("secret=")[1][:32])
    page.get_by_text("Can't scan the QR code?").click()
    look("step 1, key open")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_label("Authentication code")).to_be_visible()
    look("step 2")
    give_code(page, "abc")
    expect(page.get_by_text("The code has 6 digits")).to_be_visible()
    look("step 2, error")
    give_code(page, app.code())
    expect(page.get_by_role("heading", name="Your backup codes")).to_be_visible()
    look("step 3")
    page.get_by_role("button", name="I have saved them").click()
    expect(page.get_by_role("switch")).to_be_visible()
    look("Security tab, on")
    page.goto("/")
    look("overview, on")
    product.clock.move(minutes=11)
    for path, state in ((f"{security}/two-factor/reset", "reset"), (f"{security}/backup-codes", "new codes")):
        if as_pop_up:
            page.goto(security)
            opener = (
                page.get_by_role("switch") if state == "reset" else page.get_by_role("link", name="New backup codes…")
            )
            opener.click()
            expect(page.get_by_role("dialog")).to_be_visible()
        else:
            page.goto(path)
        if state == "reset":
            look("password confirmation")
            page.get_by_label("Password").fill("not it")
            page.get_by_role("button", name="Confirm").click()
            expect(page.get_by_text("That isn't your password.")).to_be_visible()
            look("password confirmation, wrong")
            page.get_by_label("Password").fill("lantern quarry violin moss")
            page.get_by_role("button", name="Confirm").click()
            expect(page.get_by_label("Authentication code")).to_be_visible()
        look(state)
        page.get_by_role("link", name="Use a backup code instead").click()
        expect(page.get_by_role("textbox", name="Backup code")).to_be_visible()
        look(f"{state} by backup code")


def test_few_and_no_codes_are_accessible(product: Running, page: Page, look: Look) -> None:
    """The warnings at 3 and at 0 codes left, and the log-in by the last one that counts as a code."""
    owner = product.owner()
    for code in owner.codes[:5]:
        waiting = product.core.half_way(owner.person)
        product.core.answer(waiting, code)
    give_password(page, owner.person.email)
    give_code(page, owner.codes[5])
    page.goto("/")
    look("overview, few codes")
    page.goto(f"/settings/employees/{owner.person.id}/security")
    look("Security tab, few codes")
    for code in owner.codes[6:]:
        page.get_by_role("button", name="Log out").click()
        give_password(page, owner.person.email)
        give_code(page, code)
    look("after the last backup code")
    page.get_by_role("link", name="My phone is lost").click()
    look("phone lost, last code")
    page.goto(f"/settings/employees/{owner.person.id}/security")
    look("Security tab, no codes")
    page.goto(f"/settings/employees/{owner.person.id}/security/two-factor/reset")
    look("reset by the last code")


def _begin_as_page(page: Page) -> None:
    """The step as it comes without htmx: the form is sent by the browser itself."""
    page.evaluate("() => document.querySelector('form[action$=\"/activate\"]').submit()")
    page.wait_for_url("**/two-factor/activate")

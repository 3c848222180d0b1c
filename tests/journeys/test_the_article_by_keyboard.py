"""The article by keyboard alone: Tab, Enter, Space, Escape. Focus goes into each pop-up, stays there, and returns."""

import re

from playwright.sync_api import Page, expect

from tests.core.people import PASSWORD
from tests.journeys.conftest import OpenPage
from tests.journeys.product import App, Running, key_in
from tests.journeys.steps import scanned, shown_codes
from webapp.core.links.flows import LinkKind
from webapp.core.notices.flows import Notice

NEW_PASSWORD = "harbour quilt nineteen ferns"

FOCUSED_NAME = """() => {
  const element = document.activeElement;
  const labels = element.labels ? [...element.labels].map((label) => label.textContent) : [];
  return [element.getAttribute("aria-label"), ...labels, element.textContent].filter(Boolean).join(" ").trim();
}"""
OUTLINE = """() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle + style.outlineWidth;
}"""
POP_UPS = {
    "Replace the app…": "Authentication code",
    "Add another app…": "Name",
    "New backup codes…": "Authentication code",
    "Check one now": "Backup code",
    "Change password…": "Current password",
    "Change e-mail…": "New e-mail",
    "Log out everywhere else": "Authentication code",
}
"""What opens each pop-up of the Security tab, and the field that it begins with."""

ESCAPE_AND_TAB = """async (next) => {
  document.querySelector("dialog").requestClose();
  next.focus();
  await new Promise((frame) => requestAnimationFrame(() => requestAnimationFrame(frame)));
}"""
"""What two quick key presses do, with no frame between them; then two frames."""

IN_DIALOG = "() => document.activeElement === document.body || Boolean(document.activeElement.closest('dialog'))"


def test_the_article_by_keyboard_alone(product: Running, open_page: OpenPage) -> None:
    """Log in, activate, put the codes away, log in with a code, reset: no mouse anywhere."""
    person = product.person()
    page = open_page()
    page.goto("/")
    _log_in(page, person.email)
    _follow(page, "Settings")
    _follow(page, "Resource / Employees")
    _follow(page, person.name)
    _follow(page, "Security")

    _press(page, "Activate two-factor authentication", "Enter")
    dialog = page.get_by_role("dialog", name="Activate two-factor authentication")
    expect(dialog.get_by_role("heading")).to_be_focused()
    _stays_inside(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "Activate two-factor authentication" == page.evaluate(FOCUSED_NAME)
    page.keyboard.press("Space")
    expect(dialog).to_be_visible()
    app = App(product.clock, key_in(scanned(page.get_by_role("img", name="QR code"))))
    _press(page, "Can't scan the QR code?", "Enter")
    expect(page.get_by_text(app.key[:4]).first).to_be_visible()
    _press(page, "Next", "Enter")
    expect(page.get_by_label("Authentication code")).to_be_focused()
    page.keyboard.type(app.code())
    page.keyboard.press("Enter")

    codes = page.get_by_role("dialog", name="Your backup codes")
    expect(codes.get_by_role("heading")).to_be_focused()
    _stays_inside(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(codes).to_be_visible()
    assert 8 == len(shown_codes(page))
    _press(page, "I have saved them", "Space")
    expect(page.get_by_role("heading", name="Two-factor authentication", exact=True)).to_be_focused()

    _follow(page, "Log out")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    _log_in(page, person.email)
    expect(page.get_by_label("Authentication code")).to_be_focused()
    page.keyboard.type(app.next_code())
    _send(page)
    expect(page.get_by_role("heading", name="Hello, Lea")).to_be_visible()

    page.goto(f"/settings/employees/{person.id}/security")
    _press(page, "Two-factor authentication", "Space", role="switch")
    expect(page.get_by_label("Authentication code")).to_be_focused()
    _press(page, "Cancel", "Enter")
    expect(page.get_by_role("switch")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Authentication code")).to_be_focused()
    page.keyboard.type(app.next_code())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Two-factor authentication", exact=True)).to_be_focused()
    expect(page.get_by_role("button", name="Activate two-factor authentication")).to_be_visible()


def test_what_looks_after_the_account_by_keyboard_alone(product: Running, open_page: OpenPage) -> None:
    """Each pop-up of the Security tab takes the focus, keeps it, and gives it back; then a freeze and its lift."""
    owner = product.owner()
    product.clock.move(days=1)
    product.core.log_in_with(owner.person, owner.codes[7])
    link = f"/notices/{product.core.mailed_link(Notice.BACKUP_CODE_USED)}"
    page = open_page()
    tab = f"/settings/employees/{owner.person.id}/security"
    page.goto(tab)
    _log_in(page, owner.person.email)
    expect(page.get_by_label("Authentication code")).to_be_focused()
    page.keyboard.type(owner.phone.code(product.clock.now))
    _send(page)
    expect(page.get_by_role("heading", name="Two-factor authentication", exact=True)).to_be_visible()

    for opener, field in POP_UPS.items():
        _press(page, opener, "Enter")
        expect(page.get_by_role("dialog").get_by_label(field)).to_be_focused()
        _stays_inside(page)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert opener in page.evaluate(FOCUSED_NAME)

    page.goto(link)
    _follow(page, "Freeze my account")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account is frozen")
    product.clock.next_step()
    page.goto(tab)
    _log_in(page, owner.person.email)
    expect(page.get_by_label("Authentication code")).to_be_focused()
    page.keyboard.type(owner.phone.code(product.clock.now))
    _send(page)
    expect(page.get_by_role("heading", name="Your account is frozen")).to_be_visible()
    _press(page, "Look at the freeze", "Enter")
    expect(page.get_by_role("dialog").get_by_label("Authentication code")).to_be_focused()
    product.clock.next_step()
    page.keyboard.type(owner.phone.code(product.clock.now))
    page.keyboard.press("Enter")
    expect(page.locator("main").get_by_text("The freeze is lifted.")).to_be_visible()
    expect(page.get_by_role("heading", name="Two-factor authentication", exact=True)).to_be_focused()


def test_who_presses_tab_right_after_escape_is_not_called_back(product: Running, open_page: OpenPage) -> None:
    """A browser tells with its next frame that a pop-up was closed, and on a slow machine that takes a while."""
    owner = product.owner()
    page = open_page()
    page.goto(f"/settings/employees/{owner.person.id}/security")
    _log_in(page, owner.person.email)
    page.keyboard.type(owner.phone.code(product.clock.now))
    _send(page)
    _press(page, "Add another app…", "Enter")
    expect(page.get_by_role("dialog").get_by_label("Name")).to_be_focused()

    page.get_by_role("link", name="New backup codes…").evaluate(ESCAPE_AND_TAB)

    expect(page.get_by_role("link", name="New backup codes…")).to_be_focused()
    assert f"{owner.person.name}: Security" in page.title()
    page.keyboard.press("Enter")
    _press(page, "Use a backup code instead", "Enter")
    expect(page.get_by_role("dialog").get_by_label("Backup code")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="New backup codes…")).to_be_focused()


def test_a_forgotten_password_by_keyboard_alone(product: Running, open_page: OpenPage) -> None:
    """Each page begins in its field, and what is wrong has the focus."""
    person = product.person()
    page = open_page()
    page.goto("/login")
    _follow(page, "Forgot your password?")
    expect(page.get_by_label("E-mail")).to_be_focused()
    _send(page)
    expect(page.get_by_label("E-mail")).to_be_focused()
    expect(page.get_by_label("E-mail")).to_have_accessible_description(re.compile("Enter your e-mail address"))
    page.keyboard.type(person.email)
    _send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Look in your mailbox")

    product.core.resolve()
    page.goto(f"/password/reset/{product.core.mailed(LinkKind.PASSWORD)[-1][1]}")
    expect(page.get_by_label("New password")).to_be_focused()
    page.keyboard.type("short")
    _send(page)
    expect(page.get_by_label("New password")).to_be_focused()
    expect(page.get_by_label("New password")).to_have_accessible_description(re.compile("at least 15 characters"))
    page.keyboard.type(NEW_PASSWORD)
    _send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your new password is saved")

    _follow(page, "To the log-in")
    _log_in(page, person.email, NEW_PASSWORD)
    expect(page.get_by_role("heading", name="Hello, Lea")).to_be_visible()


def test_an_app_is_renamed_by_keyboard_alone(product: Running, open_page: OpenPage) -> None:
    """The pop-up begins in the name; a wrong one has the focus, and a right one leads back to the card."""
    owner = product.owner()
    (app,) = product.core.apps(owner.person)
    page = open_page()
    page.goto(f"/settings/employees/{owner.person.id}/security")
    _log_in(page, owner.person.email)
    page.keyboard.type(owner.phone.code(product.clock.now))
    _send(page)
    _press(page, f"Rename… {app.name}", "Enter")
    name = page.get_by_role("dialog").get_by_label("Name")
    expect(name).to_be_focused()
    _stays_inside(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name=f"Rename… {app.name}")).to_be_focused()

    page.keyboard.press("Enter")
    expect(name).to_be_focused()
    expect(name).to_have_value(app.name)
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.press("Delete")
    page.keyboard.press("Enter")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_be_focused()
    page.keyboard.type("Phone of Lea")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Two-factor authentication", exact=True)).to_be_focused()
    expect(page.get_by_role("link", name="Rename… Phone of Lea")).to_be_visible()


def _log_in(page: Page, email: str, password: str = PASSWORD) -> None:
    """The page opens at its top: past the skip link and the brand."""
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    _send(page)
    expect(page.get_by_role("heading", name="Log in")).to_have_count(0)


def _send(page: Page) -> None:
    """Press Enter in a form, and wait for the page that answers: its scripts are there too."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def _follow(page: Page, name: str) -> None:
    """Press Enter on what leads to another page, and arrive there."""
    with page.expect_navigation():
        _press(page, name, "Enter")


def _press(page: Page, name: str, key: str, *, role: str = "") -> None:
    """Tab until the control called *name* has a visible focus, then press *key*."""
    for _ in range(40):
        page.keyboard.press("Tab")
        is_it = page.evaluate(FOCUSED_NAME) == name
        if role:
            is_it = page.evaluate("() => document.activeElement.getAttribute('role')") == role
        if is_it:
            assert page.evaluate(OUTLINE) != "none0px", f"no visible focus on {name}"
            page.keyboard.press(key)
            return
    raise AssertionError(f"Tab never reaches {name}; the last stop was {page.evaluate(FOCUSED_NAME)!r}")


def _stays_inside(page: Page) -> None:
    """Tab goes round in the pop-up; the body is the browser's own stop between last and first."""
    page.evaluate("() => { window.cameFrom = document.activeElement; }")
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(IN_DIALOG), page.evaluate(FOCUSED_NAME)

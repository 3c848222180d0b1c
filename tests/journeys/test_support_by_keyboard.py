"""The company's policy and the console of Support by keyboard alone: what answers has the focus, or is one Tab away."""

from playwright.sync_api import Locator, Page, expect

from tests.core.people import Owner
from tests.journeys.conftest import OpenPage
from tests.journeys.product import App, Running
from tests.journeys.steps import give_code, give_password

HAS_OUTLINE = "(element) => getComputedStyle(element).outlineStyle !== 'none'"


def test_the_policy_by_keyboard_alone(product: Running, open_page: OpenPage) -> None:
    """Looked at before it is saved; the answer has the focus, a wrong number is at its field."""
    product.core.admin()
    page = open_page()
    give_password(page, "kim@studio.example")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    page.goto("/settings/security")

    _tab_to(page, page.get_by_role("radio", name="Optional"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Required")).to_be_checked()
    days = page.get_by_label("Days of grace")
    _type_anew(page, days, "91")
    _press(page, "Show who would be locked out")
    expect(days).to_have_attribute("aria-invalid", "true")
    expect(days).to_be_focused()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("0")
    _press(page, "Show who would be locked out")
    expect(page.get_by_role("heading", name="Locked out today: 1 person")).to_be_focused()

    _type_anew(page, days, "14")
    _press(page, "Save policy")
    expect(page.get_by_text("The policy is saved.")).to_be_visible()


def test_a_case_by_keyboard_alone(product: Running, open_page: OpenPage) -> None:
    """Looked up, opened, checked, approved by a colleague, carried out, read out."""
    lea = product.owner()
    mia, noah = product.core.agent(), product.core.agent("noah@support.example", name="Noah Keller")
    page = open_page()
    _log_in(product, page, mia)
    page.goto("/support")
    _tab_to(page, page.get_by_label("Employee's e-mail"))
    page.keyboard.type(lea.person.email)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=lea.person.name)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Ticket reference")).to_be_focused()
    page.keyboard.type("T-1042")
    page.keyboard.press("Enter")
    expect(page.get_by_label("How did the request come?")).to_be_focused()
    page.keyboard.type("By video call")
    _press(page, "Open the case")

    expect(page.get_by_role("heading", level=1)).to_have_text("Case R-1: Lea Brunner")
    _tab_to(page, page.get_by_label("Document", exact=True))
    page.keyboard.type("Passport")
    for box in ("Name is the same", "Photo matches"):
        _tab_to(page, page.get_by_label(box))
        page.keyboard.press("Space")
    _tab_to(page, page.get_by_label("Valid until"))
    page.keyboard.type("04302031")
    _press(page, "Record ID check")
    expect(page.get_by_text("someone else has to approve it")).to_be_visible()

    _log_in(product, page, noah)
    page.goto("/support/cases/1")
    _press(page, "Approve")
    expect(page.get_by_text("Reset is possible from")).to_be_visible()
    product.clock.move(hours=24)
    _log_in(product, page, noah)
    page.goto("/support/cases/1")
    _press(page, "Issue the repair pass")
    expect(page.get_by_text("The case is carried out.")).to_be_visible()
    _press(page, "Show the half to read out")
    expect(page.get_by_role("heading", name="Repair pass")).to_be_focused()
    expect(page.locator("p.key code")).to_be_visible()


def _log_in(product: Running, page: Page, owner: Owner) -> None:
    page.context.clear_cookies()
    give_password(page, owner.person.email)
    give_code(page, App(product.clock, owner.phone.key).next_code())
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def _tab_to(page: Page, control: Locator) -> None:
    """Tab until *control* has the focus, and see that it shows."""
    expect(control).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if control.evaluate("(element) => element === document.activeElement"):
            assert control.evaluate(HAS_OUTLINE), f"no visible focus on {control}"
            return
    raise AssertionError(f"Tab never reaches {control}")


def _type_anew(page: Page, field: Locator, text: str) -> None:
    _tab_to(page, field)
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type(text)


def _press(page: Page, name: str) -> None:
    """Press Enter on a button that leads on, and wait for the page that answers."""
    _tab_to(page, page.get_by_role("button", name=name))
    with page.expect_navigation():
        page.keyboard.press("Enter")

"""A lost phone, from the call to the new app: two agents of Support and an employee, each at a browser of their own."""

from playwright.sync_api import Page, expect

from tests.core.people import Owner
from tests.journeys.conftest import OpenPage
from tests.journeys.product import App, Running, key_in
from tests.journeys.steps import give_code, give_password, scanned, shown_codes
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice


def test_from_the_call_to_the_new_app(product: Running, open_page: OpenPage) -> None:
    """Opened and checked by one, approved by another, a day of waiting, a half read out, the app replaced."""
    lea = product.owner()
    mia, noah = product.core.agent(), product.core.agent("noah@support.example", name="Noah Keller")
    agent, colleague, employee = open_page(), open_page(), open_page(viewport={"width": 390, "height": 780})

    _log_in(product, agent, mia)
    agent.get_by_role("link", name="Support", exact=True).click()
    agent.get_by_label("Employee's e-mail").fill(lea.person.email)
    agent.get_by_role("button", name="Look up").click()
    agent.get_by_label("Ticket reference").fill("T-1042")
    agent.get_by_label("How did the request come?").select_option(label="By video call")
    expect(agent.get_by_role("radio", name="Repair pass")).to_be_checked()
    agent.get_by_role("button", name="Open the case").click()
    agent.get_by_label("Document", exact=True).select_option(label="Passport")
    agent.get_by_label("Name is the same").check()
    agent.get_by_label("Photo matches").check()
    agent.get_by_label("Valid until").fill("2031-04-30")
    agent.get_by_role("button", name="Record ID check").click()
    expect(agent.get_by_text("You opened this case, so someone else has to approve it.")).to_be_visible()

    _log_in(product, colleague, noah)
    colleague.get_by_role("link", name="Support", exact=True).click()
    colleague.get_by_role("link", name="R-1, Lea Brunner").click()
    colleague.get_by_role("button", name="Approve").click()
    expect(colleague.get_by_text("Reset is possible from")).to_be_visible()

    product.clock.move(hours=24)
    _log_in(product, agent, mia)
    agent.goto("/support/cases/1")
    agent.get_by_role("button", name="Issue the repair pass").click()
    agent.get_by_role("button", name="Show the half to read out").click()
    read = agent.locator("p.key code").inner_text()

    give_password(employee, lea.person.email)
    employee.get_by_role("link", name="Can't log in?").click()
    employee.get_by_role("link", name="Use a repair pass").click()
    employee.get_by_label("Half from the e-mail").fill(product.core.mailed_half(lea.person))
    employee.get_by_label("Half from the call").fill(read)
    employee.get_by_role("button", name="Continue").click()
    employee.get_by_role("button", name="Show the QR code").click()
    app = App(product.clock, key_in(scanned(employee.get_by_role("img", name="QR code"))))
    employee.get_by_role("button", name="Next").click()
    give_code(employee, app.code())
    assert 8 == len(shown_codes(employee))
    employee.get_by_role("button", name="I have saved them").click()
    expect(employee.get_by_text("Your authenticator app is replaced.")).to_be_visible()

    agent.goto("/support/cases/1")
    expect(agent.get_by_text("the app is replaced")).to_be_visible()


def test_the_owner_stops_what_somebody_else_asked_for(product: Running, open_page: OpenPage) -> None:
    """In a live session every page says so; in the mailbox each notice has the link."""
    lea = product.owner()
    mia, noah = product.core.agent(), product.core.agent("noah@support.example", name="Noah Keller")
    page = open_page()
    _log_in(product, page, lea)

    product.core.waiting_case([mia.seat, noah.seat], lea.person)
    page.goto("/settings/employees")
    page.get_by_role("link", name="stop it").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("Support is about to reset your two-factor authentication")
    dialog.get_by_role("button", name="Stop it").click()
    expect(page.get_by_text("Support does nothing about your account now.").first).to_be_visible()
    expect(page.get_by_role("link", name="stop it")).to_have_count(0)

    product.core.waiting_case([mia.seat, noah.seat], lea.person)
    stranger = open_page()
    stranger.goto(f"/notices/{product.core.mailed_link(Notice.CASE_WAITING, LinkKind.CASE)}")
    stranger.get_by_role("button", name="Stop this case").click()
    expect(stranger.get_by_role("heading", name="stopped")).to_be_visible()


def _log_in(product: Running, page: Page, owner: Owner) -> None:
    page.context.clear_cookies()
    give_password(page, owner.person.email)
    give_code(page, App(product.clock, owner.phone.key).next_code())
    expect(page.get_by_role("button", name="Log out")).to_be_visible()

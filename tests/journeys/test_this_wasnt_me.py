"""The owner reads a notice, freezes the account by its link, logs in with the phone and lifts the freeze."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import OpenPage
from tests.journeys.product import Running
from tests.journeys.steps import find_security_tab, give_code, give_password
from webapp.core.notices.flows import Notice


@pytest.mark.parametrize("runs_scripts", [True, False])
def test_the_owner_freezes_and_lifts(product: Running, open_page: OpenPage, runs_scripts: bool) -> None:
    """In a pop-up, and as pages where no script runs; the thief's browser is out at its next step."""
    owner = product.owner()
    product.clock.move(days=1)
    thief, page = open_page(), open_page(java_script_enabled=runs_scripts)
    give_password(thief, owner.person.email)
    thief.get_by_role("link", name="Use a backup code instead").click()
    thief.get_by_label("Backup code").fill(owner.codes[0])
    thief.get_by_role("button", name="Verify").click()
    expect(thief.get_by_role("heading", level=1)).to_have_text("You used a backup code")

    page.goto(f"/notices/{product.core.mailed_link(Notice.BACKUP_CODE_USED)}")
    expect(page.get_by_role("heading", level=1)).to_have_text("This wasn't me")
    page.get_by_role("button", name="Freeze my account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account is frozen")
    thief.goto("/settings/employees")
    expect(thief.get_by_role("heading", level=1)).to_have_text("Log in")

    give_password(page, owner.person.email)
    give_code(page, owner.phone.code(product.clock.now))
    expect(page.get_by_role("heading", name="Your account is frozen")).to_be_visible()
    find_security_tab(page, owner.person.name)
    page.get_by_role("link", name="Look at the freeze").click()
    product.clock.next_step()
    page.get_by_label("Authentication code").fill(owner.phone.wrong_code(product.clock.now))
    page.get_by_role("button", name="Lift the freeze").click()
    expect(page.get_by_text("That code isn't right.")).to_be_visible()
    page.get_by_label("Authentication code").fill(owner.phone.code(product.clock.now))
    page.get_by_role("button", name="Lift the freeze").click()

    expect(page.locator("main").get_by_text("The freeze is lifted.")).to_be_visible()
    expect(page.get_by_role("heading", name="Your account is frozen")).to_have_count(0)

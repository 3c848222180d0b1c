"""Checking that the codes were saved, and what is next after it: as pop-up, by keyboard, and without JavaScript."""

import pytest
from playwright.sync_api import Page, expect

from tests.core.people import Owner
from tests.journeys.conftest import OpenPage
from tests.journeys.product import Running
from tests.journeys.steps import give_code, give_password


def test_codes_are_checked_in_a_pop_up(product: Running, open_page: OpenPage) -> None:
    """From the offer on: a slip, a wrong one, a used one, a right one; then the tab says so and asks no more."""
    owner = product.owner()
    product.core.log_in_with(owner.person, owner.codes[7])
    page = open_page()
    _open_tab(page, product, owner)
    page.get_by_role("link", name="Check one now").click()
    dialog = page.get_by_role("dialog", name="Check that you saved your codes")
    field = dialog.get_by_label("Backup code")
    expect(field).to_be_focused()

    for typed, words in (
        ("ABCD", "You entered 4."),
        ("ZZZZ-ZZZZ-ZZZZ-ZZZZ", "We don't know this backup code."),
        (owner.codes[7], "This backup code was used on 2 March 2026."),
    ):
        field.fill(typed)
        page.keyboard.press("Enter")
        expect(dialog.get_by_text(words)).to_be_visible()
        expect(field).to_be_focused()
    field.fill(owner.codes[0].lower())
    dialog.get_by_role("button", name="Check this code").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", name="Two-factor authentication", exact=True)).to_be_focused()
    expect(page.locator("#status")).to_have_text("That is one of your backup codes, and it goes on working.")
    expect(page.get_by_text("7 of 8 backup codes left")).to_be_visible()
    expect(page.get_by_role("link", name="Check one now")).to_have_count(0)
    assert 1 == product.charged()


def test_the_offer_can_be_left_alone(product: Running, open_page: OpenPage) -> None:
    """Escape and “Not now” lead back to the link; nothing is asked in the way of anything."""
    owner = product.owner()
    page = open_page()
    _open_tab(page, product, owner)
    offer = page.get_by_role("link", name="Check one now")

    for leave in ("Escape", "Not now"):
        offer.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_label("Backup code")).to_be_focused()
        if leave == "Escape":
            page.keyboard.press(leave)
        else:
            page.get_by_role("link", name=leave).click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(offer).to_be_focused()


@pytest.mark.parametrize("has_script", [True, False], ids=["with-script", "without"])
def test_who_can_t_find_the_list_gets_a_new_one(product: Running, open_page: OpenPage, has_script: bool) -> None:
    """The next thing after the other: new codes, put away, checked."""
    owner = product.owner()
    page = open_page(java_script_enabled=has_script)
    _open_tab(page, product, owner)

    page.get_by_role("link", name="Check one now").click()
    page.get_by_role("link", name="Get new backup codes").click()
    product.clock.next_step()
    page.get_by_label("Authentication code").fill(owner.phone.code(product.clock.now))
    page.get_by_role("button", name="Create new backup codes").click()
    expect(page.get_by_role("heading", name="Your backup codes")).to_be_visible()
    fresh = page.locator("ol li code").all_inner_texts()
    page.goto("/")
    expect(page.get_by_role("heading", name="Put your new backup codes away")).to_be_visible()
    page.get_by_role("link", name="Show them again").click()
    page.get_by_role("button", name="I have saved them").click()
    expect(page.get_by_text("Your new backup codes are ready.")).to_be_visible()
    page.get_by_role("link", name="Check one now").click()
    page.get_by_label("Backup code").fill(fresh[3])
    page.get_by_role("button", name="Check this code").click()

    expect(page.locator("[data-notice]")).to_contain_text("it goes on working")
    page.goto("/")
    expect(page.get_by_role("heading", name="Nothing to do")).to_be_visible()


def _open_tab(page: Page, product: Running, owner: Owner) -> None:
    give_password(page, owner.person.email)
    give_code(page, owner.phone.code(product.clock.now))
    expect(page.get_by_role("heading", name="Hello, Lea")).to_be_visible()
    page.goto(f"/settings/employees/{owner.person.id}/security")

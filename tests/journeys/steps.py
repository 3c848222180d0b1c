"""What a person does, in the words of the pages: log in, find the tab, scan."""

import io
import re

import zxingcpp
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from pyzbar import pyzbar

from tests.core.people import PASSWORD

GROUPED_CODE = re.compile(r"^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$")


def give_password(page: Page, email: str) -> None:
    page.goto("/login")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()


def give_code(page: Page, code: str) -> None:
    page.get_by_label("Authentication code").fill(code)
    page.get_by_role("button", name="Verify").click()


def find_security_tab(page: Page, name: str) -> None:
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Resource / Employees").click()
    page.get_by_role("link", name=name).click()
    page.get_by_role("link", name="Security", exact=True).click()
    expect(page.get_by_role("heading", name="Two-factor authentication", exact=True)).to_be_visible()


def scanned(image: Locator) -> str:
    """What a phone reads from the screen: the address in the QR code of a screenshot, by two readers of no kin."""
    picture = Image.open(io.BytesIO(image.screenshot()))
    found = [code.text for code in zxingcpp.read_barcodes(picture)]
    assert 1 == len(found)
    assert found == [code.data.decode() for code in pyzbar.decode(picture)]
    return found[0]


def shown_codes(page: Page) -> list[str]:
    codes = page.locator("ol li code").all_inner_texts()
    assert 8 == len(set(codes))
    assert all(GROUPED_CODE.match(code) for code in codes), codes
    return codes


def log_out(page: Page) -> None:
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()

"""Takes the screenshots of the README from the running product: `make screenshots`, never by hand.

Starts the product on a temporary database, walks to two pages in Chromium and writes docs/images/.
"""

import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.databases import migrated_sqlite_file
from tests.journeys.conftest import FLAGS
from tests.journeys.product import App, Running, key_in
from tests.journeys.steps import find_security_tab, give_code, give_password

IMAGES = Path("docs") / "images"
"""Run from the project's root, as a module: `make screenshots` does."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = migrated_sqlite_file(Path(folder))
        product = Running(f"sqlite:///{database}", Path(folder))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            view = {"width": 1280, "height": 860}
            _walk(browser.new_page(viewport=view, base_url=product.address, reduced_motion="reduce"), product)
            browser.close()
        product.stop()


def _walk(page: Page, product: Running) -> None:
    person = product.person()
    give_password(page, person.email)
    find_security_tab(page, person.name)
    page.get_by_role("button", name="Activate two-factor authentication").click()
    link = page.get_by_role("link", name="Open in authenticator app")
    link.wait_for()
    page.screenshot(path=IMAGES / "activate.png")
    app = App(product.clock, key_in(str(link.get_attribute("href"))))
    page.get_by_role("button", name="Next").click()
    give_code(page, app.code())
    page.get_by_role("button", name="I have saved them").click()
    page.get_by_role("switch").wait_for()
    page.screenshot(path=IMAGES / "security-tab.png")


if __name__ == "__main__":
    main()

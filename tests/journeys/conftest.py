"""Real Chromium (Debian's) and the running product. What a person would have seen is kept when a journey fails."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.journeys.product import Running

# As root, without a screen, and without asking anybody on the network.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
RESULTS = Path(__file__).parent.parent.parent / "test-results"

# Chromium notes each 4xx answer, the product's ordinary refusals; htmx a request that was cut off.
ORDINARY = ("Failed to load resource", "htmx:afterRequest", "htmx:sendError", "htmx:sendAbort")

OpenPage = Callable[..., Page]


@pytest.fixture
def product(sqlite_uri: str, tmp_path: Path) -> Iterator[Running]:
    running = Running(sqlite_uri, tmp_path)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, product: Running, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Opens a page in a browser of its own; at the end no script error and no blocked content was seen."""
    pages: list[Page] = []
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(ORDINARY):
            complaints.append(message.text)

    def new_page(**options: Any) -> Page:
        options = {"viewport": {"width": 1280, "height": 860}, "base_url": product.address, **options}
        page = chromium.new_context(**options).new_page()
        page.set_default_timeout(15_000)
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        pages.append(page)
        return page

    yield new_page
    if getattr(request.node, "has_failed", False):
        _keep(pages, request.node.name)
    for page in pages:
        page.context.close()
    assert [] == complaints


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[None]") -> Iterator[None]:
    report = yield
    if report.when == "call" and report.failed:
        item.has_failed = True
    return report


def _keep(pages: list[Page], name: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    for number, page in enumerate(pages):
        file = RESULTS / f"{name.replace('/', '-')[:80]}-{number}"
        page.screenshot(path=file.with_suffix(".png"), full_page=True)
        file.with_suffix(".txt").write_text(f"{page.url}\n{page.title()}\n\n{page.inner_text('body')}")

"""The employees list for administrators: narrowed down by two-factor authentication, and as a file."""

import csv
import io
from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from tests.core.people import Product
from tests.web.client import Answer, Client
from tests.web.people import log_in
from tests.web.test_ways_back import counted
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.database import CompanyId

LIST = "/settings/employees"
FILE = "/settings/employees.csv"


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ("on", "few full none"),
        ("off", "kim new"),
        ("few", "few none"),
        ("never", "new"),
        ("", "few full kim new none"),
    ],
)
def test_people_are_found_by_how_they_stand(client: Client, product: Product, choice: str, found: str) -> None:
    """On, off, three codes and fewer, never logged in; the file has the same people."""
    me = _studio(product)
    log_in(client, me)
    client.get(LIST)

    page = client.fill_in("Find", {"Two-factor authentication": choice})
    link = page.document.one("a", download="")
    file = client.get(link.attributes["href"])

    addresses = [f"{name}@studio.example" for name in found.split()]
    assert addresses == sorted(_addresses(page))
    assert addresses == sorted(row["E-mail"] for row in _csv(file))
    assert f"{len(addresses)} {'person' if len(addresses) == 1 else 'people'}" in page.text
    assert "selected" in page.document.one("option", value=choice).attributes or not choice


def test_search_and_filter_go_together_and_along(client: Client, product: Product) -> None:
    """Both must hold, and both stand in the links to other pages and to the file."""
    me = product.employee("kim@studio.example", name="Kim", role=Role.ADMIN)
    for at in range(27):
        product.employee(f"p{at}@studio.example", name=f"Person {at:02}", company=me.company_id, password=None)
    log_in(client, me)
    client.get(LIST)

    first = client.fill_in("Find", {"Search": "person", "Two-factor authentication": "never"})
    second = client.get(first.document.one("a", rel="next").attributes["href"])

    assert [25, 2] == [len(_addresses(page)) for page in (first, second)]
    assert 'found for "person", 2FA: never logged in.' in first.text
    assert "two_factor=never" in first.document.one("a", download="").attributes["href"]


def test_employees_can_not_ask_by_it(open_browser: Callable[[], Client], product: Product) -> None:
    """For them the filter is not there: who has it on would be found out by it."""
    browser, me = open_browser(), _studio(product)
    colleague = product.employee("tom@studio.example", name="Tom", company=me.company_id)
    log_in(browser, colleague)

    pages = [browser.get(LIST, query_string={"two_factor": choice}) for choice in ("", "on", "off", "few", "never")]

    assert {6} == {len(_addresses(page)) for page in pages}
    assert not [page for page in pages if page.document.all("select") or page.document.all("a", download="")]
    assert 403 == browser.get(FILE).status
    assert [] == product.audit("employees:export")


def test_another_filter_is_none(open_browser: Callable[[], Client], product: Product) -> None:
    """Everybody, never an error."""
    browser, me = open_browser(), _studio(product)
    log_in(browser, me)

    for choice in ("ON", "x", "\x00", "on,off", "٣", "[]", "x" * 20_000):
        assert 5 == len(_addresses(browser.get(LIST, query_string={"two_factor": choice}))), choice
        assert 5 == len(_csv(browser.get(FILE, query_string={"two_factor": choice}))), choice


def test_the_file_says_how_each_stands(client: Client, product: Product) -> None:
    """By the company's clock; what would be a formula is text, and quotes, commas and lines come back as they are."""
    me = _studio(product)
    evil = '=HYPERLINK("http://evil.example","x"), \u202eשלום'
    product.employee("+evil@studio.example", name=evil, company=me.company_id, password=None)
    product.employee("long@studio.example", name="-" + "x" * 99, company=me.company_id, password=None)
    log_in(client, me)

    answer = client.get(FILE)

    assert 'attachment; filename="employees-2026-03-02.csv"' == answer.response.headers["Content-Disposition"]
    assert answer.response.data.startswith(b'\xef\xbb\xbf"Name",')
    rows = {row["E-mail"]: row for row in _csv(answer)}
    few = rows["few@studio.example"]
    assert ("Employee", "Yes", "On", "2026-03-02T10:00:05+01:00", "3") == tuple(list(few.values())[2:7])
    assert few["Last log-in"].startswith("2026-03-02T10:0")
    assert ("Off", "", "", "") == tuple(list(rows["new@studio.example"].values())[4:])
    assert f"'{evil}" == rows["'+evil@studio.example"]["Name"]
    assert "'-" + "x" * 99 == rows["long@studio.example"]["Name"]
    [noted] = product.audit("employees:export")
    assert ({"rows": 7}, me.company_id, me.id, None) == (
        noted.details,
        noted.company_id,
        noted.actor_id,
        noted.employee_id,
    )


def test_the_file_holds_ones_own_company(client: Client, product: Product) -> None:
    """Nobody of another one, by no search."""
    me = _studio(product)
    product.employee("eve@other.example", name="Eve", company=product.company("Other"))
    log_in(client, me)

    for query in ({}, {"q": "eve"}, {"two_factor": "off"}):
        assert "eve@other.example" not in {row["E-mail"] for row in _csv(client.get(FILE, query_string=query))}


def test_asking_for_the_headers_alone_exports_nothing(open_browser: Callable[[], Client], product: Product) -> None:
    """HEAD has no body and leaves no event."""
    browser, me = open_browser(), _studio(product)
    log_in(browser, me)

    answer = browser.flask.head(FILE)

    assert (200, b"") == (answer.status_code, answer.data)
    assert [] == product.audit("employees:export")


@pytest.mark.parametrize("choice", ["", "on", "off", "few", "never"])
def test_few_statements_are_needed(
    open_browser: Callable[[], Client], product: Product, engine: Engine, choice: str
) -> None:
    """However many people there are."""
    browser, me = open_browser(), _studio(product)
    log_in(browser, me)

    for path, most in ((LIST, 3), (FILE, 3)):
        with counted(engine) as statements:
            browser.get(path, query_string={"two_factor": choice})
        assert len(statements) <= most, statements


def _studio(product: Product) -> Person:
    """Kim, an administrator; three who have it on, with 8, 3 and 0 codes left; one who never logged in."""
    me = product.employee("kim@studio.example", name="Kim", role=Role.ADMIN)
    for name, used in (("full", 0), ("few", 5), ("none", 8)):
        _owner(product, me.company_id, name, used)
    product.employee("new@studio.example", name="New", company=me.company_id, password=None)
    product.log_in(me)
    return me


def _owner(product: Product, company: CompanyId, name: str, used: int) -> None:
    now = product.clock.now
    owner = product.owner(f"{name}@studio.example", company=company)
    for code in owner.codes[:used]:
        product.log_in_with(owner.person, code)
    product.clock.now = now


def _addresses(page: Answer) -> list[str]:
    return [head.all("span", **{"class": "small muted"})[0].text for head in page.document.all("th", scope="row")]


def _csv(answer: Answer) -> list[dict[str, str]]:
    text = answer.response.data.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))

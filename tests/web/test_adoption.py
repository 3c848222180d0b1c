"""Adoption, a part of “Security policy”: the number today, the weeks before, and the reminder."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select

from tests.core.people import Clock, Product
from tests.web.client import Client
from tests.web.people import log_in
from tests.web.test_ways_back import counted
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.company import adoption
from webapp.core.notices.flows import Notice
from webapp.core.notices.tables import OutboxMail

POLICY = "/settings/security"
REMINDER = "/settings/security/reminder"


def test_how_many_have_it_on_is_a_bar_and_a_sentence(client: Client, product: Product) -> None:
    """One of three; the bar has words for whoever doesn't see it."""
    me = _studio(product)
    log_in(client, me)

    page = client.get(POLICY)

    assert "1 of 3 active employees have two-factor authentication on (33 %)." in page.text
    bar = page.document.one("progress")
    assert ("1", "3", "33 %") == (bar.attributes["value"], bar.attributes["max"], bar.text)
    link = page.document.one("a", href="/settings/employees?two_factor=off")
    assert "2 people" in client.get(link.attributes["href"]).text


def test_the_weeks_before_are_a_chart_and_a_table(client: Client, product: Product, clock: Clock) -> None:
    """The chart is drawn here and hidden from screen readers, which get its numbers; no style stands in the page."""
    me = _studio(product)
    clock.move(weeks=3)
    product.activate(product.employee("tom@studio.example", name="Tom", company=me.company_id))
    log_in(client, me)

    page = client.get(POLICY)

    table = next(one for one in page.document.all("table") if one.all("caption")[0].text.startswith("Two-factor"))
    rows = [[cell.text for cell in row.children if not isinstance(cell, str)] for row in table.all("tr")]
    assert ["Day", "On", "Active employees"] == rows[0]
    # Nobody was there before the third week from the end.
    assert [["0", "0"]] * 9 + [["1", "3"]] * 3 + [["2", "4"]] == [row[1:] for row in rows[1:]]
    assert "23 March 2026" == rows[-1][0]
    chart = page.document.one("svg", **{"class": "chart"})
    assert "true" == chart.attributes["aria-hidden"]
    bars = chart.all("rect")
    assert 2 * (adoption.WEEKS + 1) == len(bars)
    assert ["100", "50"] == [bar.attributes["height"] for bar in bars[-2:]]


def test_a_reminder_is_sent_and_the_page_says_when_the_next_may_be(
    client: Client, product: Product, clock: Clock
) -> None:
    """The button is gone for a week; a POST all the same sends nothing, and the page stays as it is."""
    me = _studio(product)
    log_in(client, me)
    client.get(POLICY)

    sent = client.followed(client.fill_in("Send a reminder"))
    again = client.followed(client.send(REMINDER))
    clock.move(days=7)
    log_in(client, me)
    client.get(POLICY)
    later = client.followed(client.fill_in("Send a reminder"))

    for page in (sent, again):
        assert "Last reminder: Today at 10:00, to 2 people." in page.text
        assert "You can send the next one from 9 March at 10:00" in page.text
        assert not [button for button in page.document.all("button") if button.text == "Send a reminder"]
    assert "Last reminder: Today at 10:00, to 2 people." in later.text
    assert ["kim@studio.example", "lea@studio.example"] * 2 == _reminded(product)
    assert [{"count": 2}] * 2 == [event.details for event in product.audit("reminder:send")]


def test_where_everybody_has_it_on_there_is_no_button(client: Client, product: Product) -> None:
    """Nobody to remind; the number says it all."""
    me = product.employee("kim@studio.example", name="Kim", role=Role.ADMIN)
    seat = product.log_in(me)
    owner = product.activate(me, seat)
    log_in(client, me)
    client.as_page().get("/login/code")
    product.clock.next_step()
    client.as_page().post("/login/code", code=owner.phone.code(product.now))

    page = client.get(POLICY)

    assert "1 of 1 active employees" in page.text
    assert not [button for button in page.document.all("button") if button.text == "Send a reminder"]


def test_it_is_for_administrators(client: Client, product: Product) -> None:
    """403 for anybody else, and no mail."""
    _studio(product)
    lea = product.employee("ann@studio.example", name="Ann", company=_company(product))
    log_in(client, lea)
    client.as_page().get("/")
    client.token = client.as_page()._token(client.flask.get("/"))

    assert 403 == client.send(REMINDER).status
    assert [] == _reminded(product)


@pytest.mark.parametrize("people", [0, 40])
def test_few_statements_are_needed(
    open_browser: Callable[[], Client], product: Product, engine: Engine, people: int
) -> None:
    """Two for this part, however many people there are: the session, the policy and who is exempt are the others."""
    browser, me = open_browser(), _studio(product)
    for at in range(people):
        product.employee(f"p{at}@studio.example", company=me.company_id, password=None)
    log_in(browser, me)

    with counted(engine) as statements:
        browser.get(POLICY)

    assert len(statements) <= 5, statements


def _studio(product: Product) -> Person:
    """Kim, an administrator, Lea, who has it off like Kim, and one who has it on."""
    me = product.employee("kim@studio.example", name="Kim", role=Role.ADMIN)
    product.employee("lea@studio.example", name="Lea", company=me.company_id)
    now = product.clock.now
    product.owner("on@studio.example", company=me.company_id)
    product.clock.now = now
    return me


def _company(product: Product) -> int:
    product.session.rollback()
    return product.audit("company:create")[0].company_id or 0


def _reminded(product: Product) -> list[str]:
    product.session.rollback()
    query = select(OutboxMail.recipient).where(OutboxMail.notice == Notice.REMINDER).order_by(OutboxMail.id)
    return list(product.session.scalars(query))

"""Somebody who must activate two-factor authentication before anything else: by a policy, by a reset, by a wipe.

What is open to them is walked in test_matrix.py.
"""

import re

import pytest
from sqlalchemy import Engine

from tests.core.people import Clock, Owner, Phone, Product
from tests.web.client import Answer, Client
from tests.web.people import log_in, security
from tests.web.test_ways_back import counted
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role

BUTTON = "Activate two-factor authentication"


def _bind(product: Product, person: Person, how: str) -> None:
    if how == "policy":
        product.require(person.company_id)
    else:
        product.wipe(person)


@pytest.mark.parametrize(("how", "why"), [("policy", "Studio Nord requires"), ("wipe", "Support switched")])
def test_the_tab_shows_why_and_the_button_alone(client: Client, product: Product, how: str, why: str) -> None:
    """And no other tab. The navigation stays: it leads back here, and is right once this is done in a pop-up."""
    person = product.employee()
    _bind(product, person, how)
    log_in(client, person)

    page = client.as_page().get(security(person))

    assert [BUTTON] == [button.text for button in page.document.one("main").all("button")]
    assert why in page.text
    links = [link.attributes["href"] for link in page.document.one("main").all("a")]
    assert [security(person)] == links
    assert "Log out" in [button.text for button in page.document.all("button")]


def test_a_forged_form_brings_no_page_that_is_closed(client: Client, product: Product) -> None:
    """Elsewhere the profile comes again, filled in, where its token was not this session's."""
    person = product.employee()
    product.require(person.company_id)
    log_in(client, person)
    client.token = "forged"

    answer = client.send(f"/settings/employees/{person.id}", name="Lea", phone="044 123 45 67")

    assert (400, []) == (answer.status, answer.document.all("input", name="phone"))


@pytest.mark.parametrize("how", ["policy", "wipe"])
def test_they_activate_and_everything_is_open(client: Client, product: Product, clock: Clock, how: str) -> None:
    """From the log-in with somewhere to go, by the confirmation of the password, to the codes put away."""
    person = product.employee()
    _bind(product, person, how)
    log_in(client, person)
    tab = security(person)
    clock.move(minutes=11)
    client.as_page().get(tab)

    asked = _press(client, tab, BUTTON)
    assert (200, "Confirm that it's you") == (asked.status, asked.heading)
    scan = client.followed(client.fill_in("Confirm", {"Password": "lantern quarry violin moss"}))
    key = re.search("secret=([A-Z2-7]{32})", str([link.attributes["href"] for link in scan.document.all("a")]))
    assert key
    assert tab == client.get("/").location
    client.get(f"{tab}/two-factor/activate/code")
    codes = client.followed(client.fill_in("Verify", {"Authentication code": Phone(key[1]).code(clock.now)}))
    closed = client.followed(client.fill_in("I have saved them"))

    assert "Your backup codes" == codes.heading
    assert "Two-factor authentication is on." in closed.text
    assert 200 == client.as_page().get("/").status
    assert 200 == client.as_page().get("/settings/employees").status


def test_a_reset_says_beforehand_where_it_leads(client: Client, product: Product, clock: Clock) -> None:
    """And leads there, grace or not: the tab with the button alone, and nothing else is open."""
    owner = product.owner()
    product.require(owner.person.company_id, grace_days=30)
    _log_in_fully(client, owner, clock)
    tab = security(owner.person)

    asked = client.get(f"{tab}/two-factor/reset")
    clock.next_step()
    done = client.followed(client.fill_in("Reset", {"Authentication code": owner.phone.code(clock.now)}))

    assert "After the reset nothing but your Security tab is open to you" in asked.text
    assert [BUTTON] == [button.text for button in (done.document.all("main") or [done.document])[0].all("button")]
    assert "Two-factor authentication is off." in done.text
    assert "until then nothing else is open to you" in done.text
    assert "Profile" not in [link.text for link in done.document.all("a")]
    assert tab == client.get("/").location


def test_where_it_is_not_required_a_reset_says_nothing_of_that(client: Client, product: Product, clock: Clock) -> None:
    """Nor does it while an exemption runs."""
    owner = product.owner()
    _log_in_fully(client, owner, clock)

    assert "After the reset nothing" not in client.get(f"{security(owner.person)}/two-factor/reset").text


def test_during_the_grace_the_days_left_are_told(client: Client, product: Product, clock: Clock) -> None:
    """With the date, on the overview and the Security tab; everything is open."""
    person = product.employee()
    product.require(person.company_id, grace_days=14)
    log_in(client, person)

    for path in ("/", security(person)):
        page = client.get(path)
        assert "Studio Nord requires two-factor authentication from 16 March at 10:00 on." in page.text
        assert "14 days are left to set it up." in page.text
    clock.move(days=13, seconds=1)
    log_in(client, person)
    assert "1 day is left to set it up." in client.get("/").text


def test_a_stricter_policy_acts_on_sessions_that_live(client: Client, product: Product) -> None:
    """Nobody is logged out; the next page leads to the tab. And when it is optional again, on."""
    person = product.employee()
    product.require(person.company_id, grace_days=14)
    log_in(client, person)
    assert 200 == client.get("/").status

    product.require(person.company_id, grace_days=0)
    bound = client.get("/")
    product.require(person.company_id, Role.ADMIN)

    assert security(person) == bound.location
    assert 200 == client.get("/").status


def test_links_from_mails_and_the_help_stay_open(client: Client, product: Product) -> None:
    """They say so themselves where they are over."""
    person = product.employee()
    product.require(person.company_id)
    log_in(client, person)

    assert 200 == client.get("/login/help").status
    for path in ("/password/reset/x", "/email/confirm/x", "/notices/x"):
        assert 410 == client.as_page().get(path).status, path


def test_it_costs_nothing_where_it_is_on(client: Client, product: Product, clock: Clock, engine: Engine) -> None:
    """One more fact in a statement that every page needs."""
    owner = product.owner()
    _log_in_fully(client, owner, clock)
    seen = []

    for grace_days in (None, 0):
        if grace_days is not None:
            product.require(owner.person.company_id, grace_days=grace_days)
        with counted(engine) as statements:
            client.get("/")
        seen.append(len(statements))

    assert seen[0] == seen[1]


def _press(client: Client, path: str, button: str) -> Answer:
    client.page = client.as_page().get(path).document
    return client.fill_in(button)


def _log_in_fully(client: Client, owner: Owner, clock: Clock) -> None:
    clock.next_step()
    log_in(client, owner.person)
    assert 303 == client.as_page().post("/login/code", code=owner.phone.code(clock.now)).status

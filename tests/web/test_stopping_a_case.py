"""“Stop this case”: the page behind the link of a case's notice; and the command that carries cases out."""

from flask import Flask

from tests.core.people import Clock, Owner, Product
from tests.web.client import Client
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice


def _waiting(product: Product) -> tuple[Owner, int, str]:
    """A case about an owner that waits, and where its mail leads."""
    agents, owner = product.agents("ada", "ben"), product.owner()
    case_id = product.waiting_case(agents, owner.person)
    return owner, case_id, f"/notices/{product.mailed_link(Notice.CASE_WAITING, LinkKind.CASE)}"


def test_the_link_asks_before_it_stops(client: Client, product: Product) -> None:
    """It says what was asked for, and not whose account it is."""
    owner, case_id, link = _waiting(product)

    page = client.get(link)

    assert (200, "Stop this case") == (page.status, page.heading)
    assert "to reset two-factor authentication" in page.text
    assert owner.person.email not in page.text
    assert owner.person.name not in page.text
    assert "waiting" == product.case(case_id).case.state


def test_one_press_stops_it_and_says_what_to_do(client: Client, product: Product) -> None:
    _, case_id, link = _waiting(product)

    answer = client.post(link)

    assert 303 == answer.status
    assert "The case is stopped" == client.get(answer.location).heading
    assert "stopped" == product.case(case_id).case.state
    assert 410 == client.post(link, form_at="/login").status


def test_the_link_of_a_case_that_is_over_says_so(client: Client, product: Product, clock: Clock) -> None:
    """Carried out, a later press does nothing; without the form's token neither."""
    _, case_id, link = _waiting(product)
    assert 400 == client.send(link, csrf_token="").status
    clock.move(hours=24)
    product.run_due()

    assert 410 == client.get(link).status
    assert 410 == client.post(link, form_at="/login").status
    assert "done" == product.case(case_id).case.state


def test_the_command_carries_out_what_is_due(app: Flask, product: Product, clock: Clock) -> None:
    """And prints how many; nothing a second time."""
    _waiting(product)
    clock.move(hours=24)
    runner = app.test_cli_runner()

    first, second = (runner.invoke(args=["support", "run-due"]) for _ in range(2))

    assert (0, "carried out: 1\nexpired: 0\nnot possible now: 0\n") == (first.exit_code, first.stdout)
    assert (0, "carried out: 0\nexpired: 0\nnot possible now: 0\n") == (second.exit_code, second.stdout)

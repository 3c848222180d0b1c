"""The steps that many tests begin with, at a client."""

import re

from tests.core.people import PASSWORD, Clock, Owner
from tests.web.client import Client
from webapp.core.accounts.flows import Person


def log_in(client: Client, person: Person) -> None:
    """The password: a full log-in without a second factor, half of one with it."""
    answer = client.as_page().post("/login", email=person.email, password=PASSWORD)
    assert 303 == answer.status, answer.text


def log_in_with_code(client: Client, owner: Owner, clock: Clock) -> None:
    """A full log-in of a step that was not used before."""
    clock.next_step()
    log_in(client, owner.person)
    assert 303 == client.as_page().post("/login/code", code=owner.phone.code(clock.now)).status


def be_away(client: Client, clock: Clock, *, minutes: int, seconds: int = 0) -> None:
    """Time goes by at another page, so that the session itself stays live."""
    for _ in range(minutes // 20):
        clock.move(minutes=20)
        client.as_page().get("/")
    clock.move(minutes=minutes % 20, seconds=seconds)


def security(person: Person) -> str:
    return f"/settings/employees/{person.id}/security"


def address(rule: str, employee_id: int) -> str:
    """The path of a *rule* of the router: this employee's, number 1 of whatever else it names, a token that is none."""
    path = rule.replace("<id:employee_id>", str(employee_id)).replace("<token>", "x")
    return re.sub("<id:[a-z_]+>", "1", path)


def begin_activation(client: Client, person: Person) -> str:
    """The base32 key, as it stands in the link for people who are on the phone itself."""
    answer = client.as_page().post(f"{security(person)}/two-factor/activate", form_at=security(person))
    assert 303 == answer.status
    page = client.as_page().get(answer.location)
    found = re.search(r"secret=([A-Z2-7]{32})", str([link.attributes["href"] for link in page.document.all("a")]))
    assert found
    return found.group(1)

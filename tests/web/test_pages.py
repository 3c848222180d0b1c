"""The pages around the log-in: overview, employees, profile, Security tab."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from tests.core.people import Clock, Product
from tests.web.client import Client
from tests.web.people import log_in, security
from webapp.core.accounts import flows as accounts
from webapp.core.accounts.rules import Role
from webapp.core.visitor import OPERATOR


def test_the_list_starts_with_yourself(client: Client, product: Product) -> None:
    """Your own link is the current one and nothing else on the page is; employees see names without links."""
    me = product.employee("zoe@studio.example", name="Zoe")
    product.employee("anna@studio.example", name="Anna", company=me.company_id)
    product.employee("eve@other.example", name="Eve", company=product.company("Other"))
    log_in(client, me)

    answer = client.get("/settings/employees")

    names = [row.all("th")[0] for row in answer.document.one("tbody").all("tr")]
    assert ["Zoe", "Anna"] == [name.text.split()[0] for name in names]
    current = [element for element in answer.document.everything() if "aria-current" in element.attributes]
    assert [("a", "true", "Zoe")] == [(one.tag, one.attributes["aria-current"], one.text) for one in current]
    assert not names[1].all("a")


def test_an_administrator_opens_colleagues_and_sees_their_state(client: Client, product: Product) -> None:
    """On, off and codes left; the Security tab stays each person's own."""
    admin = _admin(product)
    owner = product.owner("lea@studio.example", company=admin.company_id)
    log_in(client, admin)

    answer = client.get("/settings/employees")
    profile = client.get(f"/settings/employees/{owner.person.id}")

    assert "On 8 of 8 codes left" in answer.text
    assert "Off" in answer.text
    assert "lea@studio.example" in profile.text
    assert not profile.document.all("input", name="name")
    assert 403 == client.get(security(owner.person)).status


def test_the_list_has_search_and_pages(client: Client, product: Product) -> None:
    """By name or e-mail, without case and accents; odd numbers and signs are no error."""
    me = product.employee()
    for number in range(60):
        accounts.create_employee(
            product.session,
            me.company_id,
            f"p{number}@studio.example",
            name=f"Jörg {number:02}",
            role=Role.EMPLOYEE,
            now=product.now,
            visitor=OPERATOR,
        )
    log_in(client, me)

    assert "61 people" in client.get("/settings/employees").text
    assert "Jörg 59" in client.get("/settings/employees?page=3").text
    assert "1 person found" in client.get("/settings/employees?q=JORG+07").text
    assert "0 people found" in client.get("/settings/employees?q=100%25_").text
    for odd in ("page=0", "page=-1", "page=x", "page=" + "9" * 50, "page=٣", "q=%00", "q=" + "a" * 500):
        assert 200 == client.get(f"/settings/employees?{odd}").status


def test_a_profile_is_changed(client: Client, product: Product) -> None:
    """Name, phone and language; the page says that it is saved."""
    person = product.employee()
    log_in(client, person)
    path = f"/settings/employees/{person.id}"

    answer = client.post(path, name=" Lea Müller ", phone="+41 44 123 45 67", language="de")
    after = client.as_page().get(answer.location)

    assert "Your profile is saved." in after.text
    assert "Lea Müller" == after.heading
    assert "+41 44 123 45 67" == after.value("phone")
    assert "Deutsch" == after.document.one("option", selected="").text


@pytest.mark.parametrize(
    ("field", "entry", "words"),
    [
        ("name", "  ", "Enter your name."),
        ("name", "a" * 101, "Use at most 100 characters."),
        ("name", "Lea\nBcc: x", "Use one line"),
        ("phone", "call me", "Enter a phone number"),
        ("language", "xx", "Not a valid choice"),
    ],
)
def test_a_bad_entry_is_said_at_its_field_and_nothing_is_lost(
    client: Client, product: Product, field: str, entry: str, words: str
) -> None:
    """422 with everything as it was typed."""
    person = product.employee()
    log_in(client, person)
    entries = {"name": "Lea M", "phone": "044 123", "language": "fr", field: entry}

    answer = client.post(f"/settings/employees/{person.id}", **entries)

    assert 422 == answer.status
    assert words in answer.text
    if field != "phone":
        assert "044 123" == answer.value("phone")
    if field != "name":
        assert "Lea M" == answer.value("name")


def test_a_profile_sent_with_a_stale_token_comes_back_filled_in(client: Client, product: Product) -> None:
    """400, and nothing that was typed is lost."""
    person = product.employee()
    log_in(client, person)
    client.token = "stale"

    answer = client.send(f"/settings/employees/{person.id}", name="Lea Neu", phone="", language="en")

    assert 400 == answer.status
    assert "Lea Neu" == answer.value("name")


def test_names_are_shown_as_text(client: Client, product: Product) -> None:
    """Markup and template signs in a name are letters (cases D-76, D-90)."""
    name = "<img src=x onerror=alert(1)> {{7*7}}"
    person = product.employee(name=name)
    log_in(client, person)

    for path in ("/", "/settings/employees", f"/settings/employees/{person.id}", security(person)):
        answer = client.get(path)
        assert not answer.document.all("img")
        assert "49" not in answer.text.replace(name, "")


def test_the_overview_tells_the_log_in_before_this_one(client: Client, product: Product, clock: Clock) -> None:
    """From where, with a shortened address; the first time it says so."""
    person = product.employee()
    log_in(client, person)
    first = client.get("/")
    clock.move(days=1)
    log_in(client, person)

    again = client.get("/")

    assert "This is your first one." in first.text
    assert "Yesterday at 10:00" in again.text
    assert "127.0.0.x" in again.text


@pytest.mark.parametrize(
    ("used", "words"), [(4, ""), (5, "These won't last long."), (8, "only Support can let you in")]
)
def test_the_security_tab_warns_when_codes_run_low(
    client: Client, product: Product, clock: Clock, used: int, words: str
) -> None:
    """At 3 or fewer, and at 0."""
    owner = product.owner()
    for code in owner.codes[:used]:
        product.answer(product.half_way(owner.person), code)
    log_in(client, owner.person)
    client.as_page().post("/login/code", code=owner.phone.code(clock.now))

    answer = client.get(security(owner.person))

    assert f"{8 - used} of 8 backup codes left" in answer.text
    assert words in answer.text
    assert ("These won't last long." in answer.text) is (used == 5)


def test_recent_activity_names_what_happened(client: Client, product: Product, clock: Clock) -> None:
    """In words, newest first."""
    owner = product.owner()
    log_in(client, owner.person)
    client.as_page().post("/login/code", code=owner.phone.code(clock.now))

    answer = client.get(security(owner.person))

    assert answer.text.index("Logged in with an authentication code") < answer.text.index("activated")


def test_an_idle_session_is_over_and_a_busy_one_lasts_a_day(client: Client, product: Product, clock: Clock) -> None:
    """60 minutes without a request, 24 hours in all (NIST SP 800-63B-4 §2.2.3)."""
    person = product.employee()
    log_in(client, person)
    for _ in range(47):
        clock.move(minutes=30)
        assert 200 == client.as_page().get("/").status
    clock.move(minutes=30)
    assert 303 == client.as_page().get("/").status

    log_in(client, person)
    clock.move(minutes=60)
    assert 303 == client.as_page().get("/").status


def test_somebody_deactivated_is_out_at_once(
    client: Client, product: Product, engine: Engine, open_browser: Callable[[], Client]
) -> None:
    """The next request, half-way or logged in (ASVS 7.4.2)."""
    owner = product.owner()
    half_way = open_browser()
    log_in(half_way, owner.person)
    log_in(client, owner.person)
    client.as_page().post("/login/code", code=owner.phone.code(product.now))

    with engine.begin() as connection:
        connection.execute(text("UPDATE employees SET is_active = :no"), {"no": False})

    assert 303 == client.as_page().get("/").status
    assert "/login" == half_way.get("/login/code").location


def _admin(product: Product):  # type: ignore[no-untyped-def]
    company = product.company()
    made = accounts.create_employee(
        product.session,
        company,
        "adam@studio.example",
        name="Adam",
        role=Role.ADMIN,
        now=product.now,
        visitor=OPERATOR,
    )
    person = accounts.by_id(product.session, made.value)  # type: ignore[union-attr]
    assert person is not None
    assert product.set_password(person, "lantern quarry violin moss") is None
    return person

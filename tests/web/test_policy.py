"""Settings → Security policy: what a company requires of whom, whom that would lock out, and who is exempt."""

import pytest
from sqlalchemy import Engine

from tests.core.people import PASSWORD, Clock, Owner, Product
from tests.web.client import Answer, Client
from tests.web.people import log_in, security
from tests.web.test_ways_back import counted
from webapp.core.accounts import flows as accounts
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.policy.rules import Duty

PAGE = "/settings/security"
REQUIRED = {"policy": "required", "scope": "all", "grace_days": "14"}


@pytest.fixture
def ada(product: Product) -> Owner:
    """An administrator who has two-factor authentication on."""
    return product.activate(product.employee("ada@studio.example", name="Ada Moser", role=Role.ADMIN))


@pytest.fixture
def lea(product: Product, ada: Owner) -> Person:
    return product.employee(company=ada.person.company_id)


@pytest.fixture
def admin(client: Client, ada: Owner, clock: Clock) -> Client:
    """A browser in which she has just logged in."""
    clock.next_step()
    log_in(client, ada.person)
    assert 303 == client.as_page().post("/login/code", code=ada.phone.code(clock.now)).status
    return client


def test_a_policy_is_saved_and_holds_at_once(admin: Client, product: Product, lea: Person) -> None:
    """The form comes back as it was saved; who changed what stands in the audit."""
    before = admin.get(PAGE)
    saved = admin.as_page().post(PAGE, **REQUIRED)
    after = admin.as_page().followed(saved)

    assert "optional" == _checked(before)
    assert (303, f"{PAGE}?after=saved") == (saved.status, saved.location)
    assert "The policy is saved." in after.text
    assert ("required", "14") == (_checked(after), after.value("grace_days"))
    assert Duty.GRACE is product.obligation(lea).duty
    (row,) = product.audit("policy:change")
    assert {"old": "optional", "new": "admin, employee, support; 14 days"} == row.details
    assert (lea.company_id, None, "Ada Moser") == (row.company_id, row.employee_id, _name(product, row.actor_id))
    assert "Security policy changed" in admin.get("/settings/audit?kind=company").text


def test_saved_as_it_is_it_is_no_event(admin: Client, product: Product) -> None:
    """And begins no grace anew."""
    for _ in range(2):
        admin.as_page().post(PAGE, **REQUIRED)

    assert 1 == len(product.audit("policy:change"))


def test_an_address_alone_says_nothing_was_done(admin: Client) -> None:
    """Only what is so is said."""
    for after in ("saved", "exempted", "ended", "x"):
        assert [] == admin.get(f"{PAGE}?after={after}").document.all("p", role="status", **{"class": "notice ok"})


def test_who_would_be_locked_out_is_told_and_nothing_changed(admin: Client, product: Product, lea: Person) -> None:
    """By name; whoever has it on, or whose grace runs, is none of them. The choice stays in the form."""
    admin.get(PAGE)
    none = admin.send(f"{PAGE}/preview", **REQUIRED)
    some = admin.send(f"{PAGE}/preview", **{**REQUIRED, "grace_days": "0"})

    assert "Locked out today: 0 people" in none.text
    assert "Locked out today: 1 person" in some.text
    assert ("Lea Brunner" in some.text, "Ada Moser" in some.document.one("section", **LOCKED_OUT).text) == (True, False)
    assert ("required", "0") == (_checked(some), some.value("grace_days"))
    assert Duty.NONE is product.obligation(lea).duty
    assert [] == product.audit("policy:change")


LOCKED_OUT = {"aria-labelledby": "locked-out"}


def test_an_administrator_without_it_is_warned_and_led_to_their_tab(client: Client, product: Product) -> None:
    """Before saving: on the page, and by name in the preview. It can be done all the same."""
    person = product.employee("ada@studio.example", name="Ada Moser", role=Role.ADMIN)
    log_in(client, person)

    page = client.get(PAGE)
    told = client.send(f"{PAGE}/preview", **{**REQUIRED, "grace_days": "0"})
    saved = client.as_page().post(PAGE, **{**REQUIRED, "grace_days": "0"})

    assert "Your own two-factor authentication is off." in page.text
    assert "You are one of them" in told.text
    assert security(person) == client.as_page().get(saved.location).location


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"policy": "", "scope": "all", "grace_days": "3"}, "Choose whether it is optional or required."),
        ({"policy": "forbidden", "scope": "all", "grace_days": "3"}, "Choose whether it is optional or required."),
        ({"policy": "required", "scope": "support", "grace_days": "3"}, "Choose of whom it is required."),
        ({"policy": "required", "scope": "all", "grace_days": "91"}, "The grace period has 0 to 90 days."),
        ({"policy": "required", "scope": "all", "grace_days": "-1"}, "Enter a number of days, 0 to 90."),
        ({"policy": "required", "scope": "all", "grace_days": "٣"}, "Enter a number of days, 0 to 90."),
        ({"policy": "required", "scope": "all"}, "Enter a number of days, 0 to 90."),
    ],
)
def test_what_is_no_policy_is_refused(
    admin: Client, product: Product, lea: Person, fields: dict[str, str], sentence: str
) -> None:
    """422 with the form and what is wrong, before the preview as well as before the saving."""
    admin.get(PAGE)

    for path in (PAGE, f"{PAGE}/preview"):
        answer = admin.send(path, **fields)
        assert (422, True) == (answer.status, sentence in answer.text), path
    assert Duty.NONE is product.obligation(lea).duty


def test_a_password_is_asked_for_after_ten_minutes_and_what_was_chosen_goes_on(
    admin: Client, product: Product, clock: Clock, lea: Person
) -> None:
    """For every change; looking at the page or at the preview needs none."""
    clock.move(minutes=11)
    admin.as_page().get(PAGE)
    assert 200 == admin.as_page().post(f"{PAGE}/preview", form_at=PAGE, **REQUIRED).status

    asked = admin.as_page()
    page = asked.post(PAGE, **REQUIRED)
    wrong = asked.fill_in("Confirm", {"Password": "not the password at all"})
    saved = asked.fill_in("Confirm", {"Password": PASSWORD})

    assert (200, "Confirm that it's you") == (page.status, page.heading)
    assert 422 == wrong.status
    assert (303, f"{PAGE}?after=saved") == (saved.status, saved.location)
    assert Duty.GRACE is product.obligation(lea).duty


def test_somebody_is_exempted_until_the_end_of_a_day(
    admin: Client, product: Product, clock: Clock, lea: Person
) -> None:
    """Of the company's time zone; the reason is told to administrators, and the exemption ends when they say so."""
    product.require(lea.company_id)
    browser = admin.as_page()

    given = browser.post(f"{PAGE}/exemptions", form_at=PAGE, **_exemption())
    page = browser.followed(given)
    bound = product.obligation(lea)
    ended = browser.followed(browser.fill_in("End the exemption of Lea Brunner"))

    assert "Until the end of 10 March 2026: new phone on its way" in page.text
    assert (Duty.GRACE, "2026-03-10T23:00:00+00:00") == (bound.duty, bound.until.isoformat())
    assert "Nobody is exempt." in ended.text
    assert Duty.OVERDUE is product.obligation(lea).duty
    given_row, ended_row = product.audit("policy:exempt")[0], product.audit("policy:end_exemption")[0]
    assert {"until": "2026-03-10", "reason": "new phone on its way"} == given_row.details
    assert {(lea.id, "Ada Moser")} == {
        (row.employee_id, _name(product, row.actor_id)) for row in (given_row, ended_row)
    }


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"employee": "eve@other.example"}, "There is no employee with this e-mail address."),
        ({"employee": "nobody@studio.example"}, "There is no employee with this e-mail address."),
        ({"employee": ""}, "Enter the employee's e-mail address."),
        ({"last_day": "2026-03-01"}, "Choose a day from today on, within a year."),
        ({"last_day": "2027-03-04"}, "Choose a day from today on, within a year."),
        ({"last_day": "9999-12-31"}, "Choose a day from today on, within a year."),
        ({"last_day": "2026-02-31"}, "Enter a day, as in 2026-03-31."),
        ({"last_day": "tomorrow"}, "Enter a day, as in 2026-03-31."),
        ({"reason": "  "}, "Say why."),
        ({"reason": "x" * 201}, "Use at most 200 characters."),
    ],
)
def test_what_is_no_exemption_is_refused(
    admin: Client, product: Product, lea: Person, fields: dict[str, str], sentence: str
) -> None:
    """422 with the form, filled in; a person elsewhere and nobody are told alike."""
    product.employee("eve@other.example", name="Eve", company=product.company("Other"))
    admin.get(PAGE)

    answer = admin.send(f"{PAGE}/exemptions", **{**_exemption(), **fields})

    assert (422, True) == (answer.status, sentence in answer.text)
    assert [] == product.audit("policy:exempt")


def test_no_exemption_of_another_company_is_ended(admin: Client, product: Product) -> None:
    """Nor one of nobody: the page again, with those there are."""
    eve = product.employee("eve@other.example", name="Eve", company=product.company("Other"))
    product.exempt(eve, days=3)
    admin.get(PAGE)

    for employee in (str(eve.id), "0", "x", "9" * 30, ""):
        answer = admin.send(f"{PAGE}/exemptions/end", employee_id=employee)
        assert (303, PAGE) == (answer.status, answer.location), employee
    product.require(eve.company_id)
    assert Duty.GRACE is product.obligation(eve).duty


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.SUPPORT])
def test_other_roles_have_neither_page_nor_link(client: Client, product: Product, role: Role) -> None:
    """403 on everything."""
    log_in(client, product.employee(company=product.company(is_vendor=True), role=role))
    home = client.as_page().get("/settings/employees")
    client.token = client._token(client.flask.get("/settings/employees"))

    assert 403 == client.get(PAGE).status
    for path in ("", "/preview", "/exemptions", "/exemptions/end"):
        assert 403 == client.send(f"{PAGE}{path}", **REQUIRED).status, path
    assert "Security policy" not in home.text


def test_administrators_find_it_beside_the_employees(admin: Client) -> None:
    """And the audit; where one is, is marked."""
    page = admin.as_page().get(PAGE)

    links = {link.text: link for link in page.document.one("nav", **{"aria-label": "Main"}).all("a")}
    assert (PAGE, "page") == (
        links["Security policy"].attributes["href"],
        links["Security policy"].attributes["aria-current"],
    )
    assert "/settings/audit" == links["Audit"].attributes["href"]


def test_the_page_takes_as_many_statements_for_many_as_for_one(
    admin: Client, product: Product, engine: Engine, lea: Person
) -> None:
    """The preview too. One finds the session; three are for the adoption beside it."""
    counts = []
    admin.get(PAGE)
    for more in (0, 5):
        for number in range(more):
            other = product.employee(f"e{number}@studio.example", name=f"E{number}", company=lea.company_id)
            product.exempt(other, days=3)
        with counted(engine) as page:
            admin.get(PAGE)
        with counted(engine) as preview:
            admin.send(f"{PAGE}/preview", **{**REQUIRED, "grace_days": "0"})
        counts.append((len(page), len(preview)))

    assert counts[0] == counts[1]
    assert counts[0][0] <= 6


def _exemption() -> dict[str, str]:
    return {"employee": "LEA@studio.example", "last_day": "2026-03-10", "reason": "new phone on its way"}


def _checked(answer: Answer) -> str:
    return next(
        one.attributes["value"] for one in answer.document.all("input", name="policy") if "checked" in one.attributes
    )


def _name(product: Product, employee_id: int) -> str:
    found = accounts.by_id(product.session, employee_id)
    assert found is not None
    return found.name

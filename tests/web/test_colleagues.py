"""A colleague's profile, for administrators: what can be done about the account, and that nobody else does it."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, event

from tests.core.people import PASSWORD, Clock, Product, Seat
from tests.web.client import Answer, Client
from tests.web.people import log_in
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.links.rules import LinkKind
from webapp.core.outcomes import Accepted

LIST = "/settings/employees"
ACTS = ("role", "deactivate", "reactivate", "invite")


@pytest.fixture
def kim(product: Product) -> Seat:
    """Somebody else's browser in which the administrator is logged in already."""
    return product.admin()


@pytest.fixture
def lea(product: Product, kim: Seat) -> Person:
    return product.employee(company=kim.me.person.company_id)


def profile(person: Person) -> str:
    return f"{LIST}/{person.id}"


def done(client: Client, answer: Answer) -> Answer:
    """The profile that an act ends on: by its address, or in place of the page behind a pop-up."""
    if client.mode == "page":
        assert 303 == answer.status, answer.text
        return client.followed(answer)
    assert (200, "#main") == (answer.status, answer.response.headers["HX-Retarget"])
    return answer


def test_an_account_is_deactivated_and_opened_again(
    client: Client, product: Product, kim: Seat, lea: Person, open_browser: Callable[[], Client]
) -> None:
    """With a page between; the person is out at their next request, and told so as for a wrong password."""
    theirs = open_browser()
    log_in(theirs, lea)
    log_in(client, kim.me.person)
    page = client.get(profile(lea))
    assert page.document.all("a", href=f"{profile(lea)}/deactivate")
    between = client.get(f"{profile(lea)}/deactivate")
    assert 200 == theirs.get("/").status

    closed = done(client, client.fill_in("Deactivate"))

    assert "Deactivate the account of Lea Brunner" == between.heading
    assert "The account of Lea Brunner is deactivated." in closed.text
    assert "nobody can log in to this account" in closed.text
    assert "/login?next=/" == theirs.get("/").location
    refused = theirs.post("/login", email=lea.email, password=PASSWORD)
    assert 422 == refused.status
    assert "The e-mail address or the password isn't right." in refused.text

    opened = done(client, client.fill_in("Activate again"))

    assert "The account of Lea Brunner is active again." in opened.text
    assert 303 == theirs.post("/login", email=lea.email, password=PASSWORD).status


def test_a_role_is_given_and_taken(
    client: Client, product: Product, kim: Seat, lea: Person, open_browser: Callable[[], Client]
) -> None:
    """The live session of the person has it at its next request."""
    theirs = open_browser()
    log_in(theirs, lea)
    log_in(client, kim.me.person)
    assert 403 == theirs.get(profile(kim.me.person)).status

    page = client.get(f"{profile(lea)}/role")
    checked = [
        one.attributes["value"] for one in page.document.all("input", type="radio") if "checked" in one.attributes
    ]
    given = done(client, client.send(f"{profile(lea)}/role", role="admin"))

    assert (["employee"], "Change the role of Lea Brunner") == (checked, page.heading)
    assert "Lea Brunner has a new role: Administrator." in given.text
    assert 200 == theirs.get(profile(kim.me.person)).status
    client.get(f"{profile(lea)}/role")
    done(client, client.send(f"{profile(lea)}/role", role="employee"))
    assert 403 == theirs.get(profile(kim.me.person)).status


@pytest.mark.parametrize("sent", [{}, {"role": "support"}, {"role": "chief"}])
def test_a_role_that_is_not_offered_is_said_at_the_field(
    client: Client, product: Product, kim: Seat, lea: Person, sent: dict[str, str]
) -> None:
    """422, and nothing changed."""
    log_in(client, kim.me.person)

    answer = client.post(f"{profile(lea)}/role", **sent)

    assert 422 == answer.status
    assert "Choose a role." in answer.document.one("p", id="role-error").text
    assert Role.EMPLOYEE is product.today(lea.email).role


def test_an_invitation_is_sent_again_where_it_is_of_use(
    client: Client, product: Product, kim: Seat, lea: Person
) -> None:
    """Only whoever has no password yet has the button; after three mails in a day it has to wait."""
    product.invite(kim)
    noa = product.today("noa@studio.example")
    log_in(client, kim.me.person)
    assert "Invited, not yet logged in." in client.get(profile(noa)).text

    again = [done(client, client.fill_in("Send the invitation again")) for _ in range(2)]
    refused = client.fill_in("Send the invitation again")

    assert ["A new invitation is on its way to noa@studio.example." in answer.text for answer in again] == [True] * 2
    assert 3 == len(product.mailed(LinkKind.INVITE))
    assert (429, "86400") == (refused.status, refused.response.headers["Retry-After"])
    assert "You can try again at 10:00 on 3 March" in refused.text
    assert "Send the invitation again" not in client.get(profile(lea)).text


def test_what_is_refused_meanwhile_is_said_on_the_profile(
    client: Client, product: Product, kim: Seat, lea: Person
) -> None:
    """Another tab, another administrator: the page as it is now, with the reason."""
    product.invite(kim)
    noa = product.today("noa@studio.example")
    log_in(client, kim.me.person)
    client.get(profile(noa))
    product.deactivate(kim, noa)

    answer = client.fill_in("Send the invitation again")

    assert 422 == answer.status
    assert "This person's account is deactivated." in answer.text
    assert "Activate again" in answer.text


def test_nobody_acts_on_themselves(client: Client, product: Product, kim: Seat) -> None:
    """No step and no button for it; sent all the same it is refused, so there is always an administrator."""
    log_in(client, kim.me.person)
    client.as_page().get("/")

    for act in ("role", "deactivate"):
        assert profile(kim.me.person) == client.get(f"{profile(kim.me.person)}/{act}").location
    client.as_page().get("/")
    for act in ACTS:
        answer = client.as_page().post(f"{profile(kim.me.person)}/{act}", form_at="/", role="employee")
        assert 422 == answer.status, act
        assert "This is your own account." in answer.text
    me = product.today(kim.me.person.email)
    assert (Role.ADMIN, True) == (me.role, me.is_active)


def test_people_of_support_are_not_changed_here(client: Client, product: Product) -> None:
    """Their profile can be read by administrators of the vendor's company, and has no button."""
    vendor = product.company("Vendor", is_vendor=True)
    chief = product.admin("chief@vendor.example", company=vendor).me.person
    agent = product.employee("mia@vendor.example", name="Mia", company=vendor, role=Role.SUPPORT)
    log_in(client, chief)

    page = client.get(profile(agent))

    assert "Support" in page.text
    for words in ("Change the role", "Deactivate", "Activate again"):
        assert words not in page.text
    for act in ("role", "deactivate"):
        assert profile(agent) == client.get(f"{profile(agent)}/{act}").location
    for act in ACTS:
        answer = client.as_page().post(f"{profile(agent)}/{act}", form_at="/", role="employee")
        assert (422, True) == (answer.status, "People of Support are not changed here." in answer.text), act
    today = product.today(agent.email)
    assert (Role.SUPPORT, True) == (today.role, today.is_active)


def test_only_administrators_of_the_company_act(
    client: Client, product: Product, kim: Seat, lea: Person, open_browser: Callable[[], Client]
) -> None:
    """403 for employees and Support, 404 for administrators of another company; nothing changes."""
    employee = product.employee("ivo@studio.example", company=lea.company_id)
    stranger = product.admin("eve@other.example").me.person
    before = product.today(lea.email)

    for person, status in ((employee, 403), (stranger, 404)):
        browser = Client(open_browser().flask, client.mode)
        log_in(browser, person)
        for act in ACTS:
            answer = browser.post(f"{profile(lea)}/{act}", form_at="/", role="admin")
            assert status == answer.status, (person.email, act)
        for act in ("role", "deactivate"):
            assert status == browser.get(f"{profile(lea)}/{act}").status
    assert before == product.today(lea.email)
    assert 12 == len(product.audit("access:deny"))


def test_every_act_asks_for_a_recent_password(
    client: Client, product: Product, kim: Seat, lea: Person, clock: Clock
) -> None:
    """Eleven minutes after the log-in; one click goes on after it, a step comes again."""
    log_in(client, kim.me.person)
    product.deactivate(kim, lea)
    client.get(profile(lea))
    clock.move(minutes=11)

    for act in ACTS:
        answer = client.send(f"{profile(lea)}/{act}", role="admin")
        assert "Confirm that it's you" == answer.heading, act
    assert not product.today(lea.email).is_active

    client.send(f"{profile(lea)}/reactivate")
    opened = done(client, client.fill_in("Confirm", {"Password": PASSWORD}))

    assert "active again" in opened.text


def test_an_administrator_no_more_is_led_away(client: Client, product: Product, kim: Seat, lea: Person) -> None:
    """The guard sees it first; nothing is done."""
    log_in(client, kim.me.person)
    client.get(f"{profile(lea)}/deactivate")
    uma = product.admin("uma@studio.example", company=lea.company_id)
    product.change_role(uma, kim.me.person, Role.EMPLOYEE)

    answer = client.fill_in("Deactivate")

    assert 403 == answer.status
    assert product.today(lea.email).is_active


@pytest.mark.parametrize("claim", ["deactivated", "reactivated", "role", "invited_again", "saved", "x"])
def test_an_address_that_claims_something_is_not_believed(
    client: Client, product: Product, kim: Seat, lea: Person, claim: str
) -> None:
    """Only what has just happened is said to have."""
    log_in(client, kim.me.person)

    page = client.get(f"{profile(lea)}?after={claim}")

    assert [] == [one for one in page.document.all("p") if "data-notice" in one.attributes]


def test_a_name_is_text_on_every_step(client: Client, product: Product, kim: Seat) -> None:
    """Never markup, never a template (ASVS 3.2.2, case D-90)."""
    evil = "<img src=x onerror=alert(1)>{{7*7}}"
    person = product.employee("evil@studio.example", name=evil, company=kim.me.person.company_id)
    log_in(client, kim.me.person)

    for path in (profile(person), f"{profile(person)}/role", f"{profile(person)}/deactivate"):
        page = client.get(path)
        assert evil in page.text
        assert not page.document.all("img")


def test_few_statements_are_needed(client: Client, product: Product, kim: Seat, lea: Person, engine: Engine) -> None:
    """Three at most for a profile, however the person stands."""
    product.invite(kim)
    log_in(client, kim.me.person)
    seen: list[str] = []
    event.listen(engine, "after_cursor_execute", lambda _c, _cu, statement, *_: seen.append(statement))

    for person in (lea, product.today("noa@studio.example")):
        seen.clear()
        client.get(profile(person))
        assert len([one for one in seen if one != "BEGIN"]) <= 3, seen


def test_administrators_meet_no_trace_of_a_reset_by_support(
    client: Client, product: Product, kim: Seat, open_browser: Callable[[], Client]
) -> None:
    """Neither open nor approve nor see one: no page about a colleague tells of a case (the company's
    audit has its own rules), and none of Support's opens."""
    owner = product.owner(company=kim.me.person.company_id)
    log_in(client, kim.me.person)
    paths = [LIST, profile(owner.person), *(f"{profile(owner.person)}/{act}" for act in ("role", "deactivate"))]
    before = [_words(client.get(path)) for path in paths]

    case = product.open_case(product.agent().seat, owner.person)

    assert isinstance(case, Accepted)
    assert before == [_words(client.get(path)) for path in paths]
    for path in ("/support", f"/support/cases/{case.value.id}"):
        assert client.get(path).status in (403, 404)
        assert client.as_page().post(path, form_at="/").status in (403, 404, 405)
    for said in before:
        assert "support" not in said.lower()
        assert "reset" not in said.lower()


def _words(answer: Answer) -> str:
    assert 200 == answer.status
    return answer.document.text

"""Settings → Resource / Employees, and the profile: who sees whom, search and pages, what one may change."""

from collections.abc import Callable

import pytest
from sqlalchemy import insert, text

from tests.core.people import Product
from tests.web.client import Client
from tests.web.dom import Element
from tests.web.people import log_in, security
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role, folded
from webapp.core.accounts.tables import Employee

LIST = "/settings/employees"


def test_the_list_starts_with_oneself_and_marks_nobody_else(client: Client, product: Product) -> None:
    """The link to one's own profile carries aria-current="true", and nothing else on the page does."""
    me = product.employee("zoe@studio.example", name="Zoe Zimmer")
    product.employee("anna@studio.example", name="Anna Amsler", company=me.company_id)
    log_in(client, me)

    page = client.get(LIST).document

    assert ["Zoe Zimmer", "Anna Amsler"] == _names(page)
    marked = [one for one in page.everything() if "aria-current" in one.attributes]
    assert [("a", "true", f"{LIST}/{me.id}")] == [
        (one.tag, one.attributes["aria-current"], one.attributes["href"]) for one in marked
    ]


def test_employees_see_names_and_administrators_doors(client: Client, product: Product) -> None:
    """Employees get no link to a colleague and not the state of anybody's second factor."""
    owner = product.owner()
    me = product.employee("kim@studio.example", name="Kim", company=owner.person.company_id)
    log_in(client, me)

    plain = client.get(LIST).document
    _make_admin(product, me)
    as_admin = client.get(LIST).document

    assert [f"{LIST}/{me.id}"] == _profile_links(plain)
    assert "8 of 8 codes left" not in plain.text
    assert [f"{LIST}/{me.id}", f"{LIST}/{owner.person.id}"] == _profile_links(as_admin)
    assert "8 of 8 codes left" in as_admin.text


def test_the_list_tells_administrators_who_does_not_log_in(
    client: Client, product: Product, open_browser: Callable[[], Client]
) -> None:
    """Who was invited and has no password yet, and whose account is closed; colleagues see neither."""
    kim = product.employee("kim@studio.example", name="Kim", role=Role.ADMIN)
    product.invite(product.log_in(kim), "noa@studio.example")
    lea = product.employee(company=kim.company_id)
    tim = product.employee("tim@studio.example", name="Tim", company=kim.company_id)
    product.deactivate(product.log_in(kim), tim)

    log_in(client, kim)
    told = client.get("/settings/employees").text
    colleague = open_browser()
    log_in(colleague, lea)
    untold = colleague.get("/settings/employees").text

    for words in ("Invited, not yet logged in", "Deactivated"):
        assert 1 == told.count(words)
        assert words not in untold


def test_an_administrator_reads_a_profile_and_changes_nothing(client: Client, product: Product) -> None:
    """No form, no Security tab; of another company 404 as for everybody."""
    colleague = product.employee()
    admin = product.employee("kim@studio.example", name="Kim", company=colleague.company_id)
    stranger = product.employee("eve@other.example", name="Eve", company=product.company("Other"))
    _make_admin(product, admin)
    log_in(client, admin)

    page = client.get(f"{LIST}/{colleague.id}")

    assert "Lea Brunner" == page.heading
    assert not [form for form in page.document.all("form") if form.attributes["action"].startswith(LIST)]
    assert not [link for link in page.document.all("a") if link.text == "Security"]
    assert 403 == client.get(security(colleague)).status
    assert 404 == client.get(f"{LIST}/{stranger.id}").status
    client.as_page().get("/")
    assert 403 == client.as_page().post(f"{LIST}/{colleague.id}", form_at="/", name="Eve").status


def test_search_finds_without_case_and_accents(client: Client, product: Product) -> None:
    """By name or e-mail; what was searched stays in the field and in the words."""
    me = product.employee()
    product.employee("urs@studio.example", name="Urs Müller", company=me.company_id)
    log_in(client, me)
    client.get(LIST)

    found = client.fill_in("Find", {"Search": "MULLER"})
    nobody = client.fill_in("Find", {"Search": "50%_<b>"})

    assert ["Urs Müller"] == _names(found.document)
    assert "MULLER" == found.value("q")
    assert "1 person found" in found.text
    assert [] == _names(nobody.document)
    assert "50%_<b>" == nobody.value("q")
    assert "Nobody here has a name or an e-mail address like this." in nobody.text


def test_search_takes_words_in_any_order(client: Client, product: Product) -> None:
    """Last name first, as lists have it; each word must be there."""
    person = product.employee(name="Lea Brunner")
    product.employee("anna@studio.example", name="Anna Ammann", company=person.company_id)
    product.employee("anna.b@studio.example", name="Anna Brunner", company=person.company_id)
    log_in(client, person)

    found = {
        search: client.get("/settings/employees", query_string={"q": search}).text
        for search in ("ammann anna", "brunner a", "ammann lea")
    }

    assert "1 person found" in found["ammann anna"]
    assert "2 people found" in found["brunner a"]
    assert "Nobody here" in found["ammann lea"]


def test_a_large_company_has_pages(client: Client, product: Product) -> None:
    """Each page once, the search goes along, and the first begins with oneself."""
    me = product.employee("zoe@studio.example", name="Zoe Zimmer")
    _hire(product, me, 59)
    log_in(client, me)

    pages = [client.get(f"{LIST}?page={number}").document for number in (1, 2, 3)]
    found = client.get(f"{LIST}?q=person&page=2").document

    assert [25, 25, 10] == [len(_names(page)) for page in pages]
    assert 60 == len({name for page in pages for name in _names(page)})
    assert "Zoe Zimmer" == _names(pages[0])[0]
    assert ["1", "3"] == [_asked_page(pages[1].one("a", rel=way)) for way in ("prev", "next")]
    assert not pages[0].all("a", rel="prev")
    assert not pages[2].all("a", rel="next")
    assert "q=person" in found.one("a", rel="next").attributes["href"]
    assert not [one for one in pages[1].everything() if one.attributes.get("aria-current") == "true"]


def test_odd_pages_and_searches_show_a_list(open_browser: Callable[[], Client], product: Product) -> None:
    """Whatever stands in the address: a page that is there, never an error (cases D-87, D-88)."""
    browser, me = open_browser(), product.employee()
    log_in(browser, me)

    for page in ("0", "-1", "99", "x", "1e3", "²", "٣", "9" * 5000, "", "1\x00", "[]"):
        assert ["Lea Brunner"] == _names(browser.get(LIST, query_string={"page": page}).document), page
    for search in ("\x00lea", "lea\r\n", " lea "):
        assert ["Lea Brunner"] == _names(browser.get(LIST, query_string={"q": search}).document), search
    for search in ("x" * 20_000, "%", "_", "\\", "' OR 1=1 --", "{{7*7}}", "<script>"):
        assert [] == _names(browser.get(LIST, query_string={"q": search}).document), search


def test_a_profile_is_changed_by_its_owner(client: Client, product: Product) -> None:
    """Name, phone and language; what was saved is said, and the fields hold it."""
    me = product.employee()
    log_in(client, me)
    client.get(f"{LIST}/{me.id}")

    answer = client.fill_in("Save", {"Name": " Lea Frei ", "Phone": "+41 44 123 45 67", "Language": "de"})

    assert answer.status == (303 if client.mode == "page" else 204)
    saved = client.followed(answer)
    assert "Your profile is saved." in saved.text
    assert ("Lea Frei", "+41 44 123 45 67") == (saved.value("name"), saved.value("phone"))
    assert "selected" in saved.document.one("option", value="de").attributes
    assert [["name", "phone", "language"]] == [event.details["fields"] for event in product.audit("profile:change")]


@pytest.mark.parametrize(
    ("label", "typed", "words"),
    [
        ("Name", "", "Enter your name."),
        ("Name", "x" * 101, "Use at most 100 characters."),
        ("Name", "Lea\x00", "Use one line"),
        ("Phone", "call me", "Enter a phone number"),
        ("Phone", "1" * 40, "Use at most 32 characters."),
        ("Language", "xx", "Not a valid choice"),
    ],
)
def test_a_refused_profile_keeps_what_was_typed(
    client: Client, product: Product, label: str, typed: str, words: str
) -> None:
    """422 with the reason at its field; the other fields as they were typed, and nothing is stored."""
    me = product.employee()
    log_in(client, me)
    client.get(f"{LIST}/{me.id}")

    answer = client.fill_in("Save", {"Name": "Lea Frei", "Phone": "+41 44 123 45 67", label: typed})

    assert 422 == answer.status
    assert words in answer.text
    kept = {"Name": "Lea Frei", "Phone": "+41 44 123 45 67", label: typed}
    assert (kept["Name"], kept["Phone"]) == (answer.value("name"), answer.value("phone"))
    assert [] == product.audit("profile:change")


def test_several_wrong_entries_are_listed_with_links(client: Client, product: Product) -> None:
    """Each link leads to its field."""
    me = product.employee()
    log_in(client, me)
    client.get(f"{LIST}/{me.id}")

    answer = client.fill_in("Save", {"Name": "", "Phone": "call me"})

    assert "2 entries need another look" in answer.text
    assert ["#name", "#phone"] == [
        link.attributes["href"] for link in answer.document.all("a") if link.attributes["href"].startswith("#")
    ][-2:]


def test_a_stale_token_keeps_what_was_typed(client: Client, product: Product) -> None:
    """400 with the form, filled in and with a token that works (case D-67)."""
    me = product.employee()
    log_in(client, me)
    client.get(f"{LIST}/{me.id}")
    client.token = "of another session"

    answer = client.send(f"{LIST}/{me.id}", name="Lea Frei", phone="", language="fr")

    assert 400 == answer.status
    assert "Lea Frei" == answer.value("name")
    assert [] == product.audit("profile:change")
    assert "Your profile is saved." in client.followed(client.fill_in("Save")).text


def test_a_stale_token_at_a_colleagues_profile_shows_no_form(client: Client, product: Product) -> None:
    """The token is judged first; one's own profile must not come up filled in for another's."""
    me = product.employee()
    colleague = product.employee("kim@studio.example", name="Kim", company=me.company_id)
    log_in(client, me)
    client.token = "of another session"

    answer = client.send(f"{LIST}/{colleague.id}", name="Lea Frei", phone="", language="fr")

    assert (400, "Please send this once more") == (answer.status, answer.heading)


def test_what_a_person_may_not_change_is_ignored(client: Client, product: Product) -> None:
    """Fields beyond the form are nobody's (ASVS 8.2.3)."""
    me = product.employee()
    log_in(client, me)
    client.get(f"{LIST}/{me.id}")

    client.send(f"{LIST}/{me.id}", name="Lea", language="en", role="admin", email="x@evil.example", company_id="2")

    with product.session as session:
        row = session.execute(text(f"SELECT name, role, email FROM employees WHERE id = {me.id}")).one()
    assert ("Lea", "employee", "lea@studio.example") == tuple(row)


def test_names_are_text_on_every_page(open_browser: Callable[[], Client], product: Product) -> None:
    """Never markup, never a template (ASVS 3.2.2, case D-90)."""
    evil = "<img src=x onerror=alert(1)>{{7*7}}"
    browser, me = open_browser(), product.employee(name=evil)
    log_in(browser, me)

    for path in ("/", LIST, f"{LIST}/{me.id}", security(me)):
        page = browser.get(path)
        assert ("Hello, <img" == page.heading) if path == "/" else (evil in page.text)
        assert not page.document.all("img")


def _names(page: Element) -> list[str]:
    heads = [head for head in page.all("th") if head.attributes.get("scope") == "row"]
    return [(head.all("a") or head.all("b"))[0].text for head in heads]


def _profile_links(page: Element) -> list[str]:
    return [link.attributes["href"] for head in page.all("th") for link in head.all("a")]


def _asked_page(link: Element) -> str:
    return link.attributes["href"].rpartition("=")[2]


def _make_admin(product: Product, person: Person) -> None:
    product.session.execute(text(f"UPDATE employees SET role = 'admin' WHERE id = {person.id}"))
    product.session.commit()


def _hire(product: Product, me: Person, number: int) -> None:
    people = [
        {
            "company_id": me.company_id,
            "email": f"person{at}@studio.example",
            "email_key": f"person{at}@studio.example",
            "name": f"Person {at:03}",
            "sort_key": folded(f"Person {at:03} person{at}@studio.example"),
            "role": "employee",
            "created_at": product.now,
        }
        for at in range(number)
    ]
    product.session.execute(insert(Employee), people)
    product.session.commit()

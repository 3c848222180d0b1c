"""Companies and employees."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.core.people import Product
from tests.core.stored import count, dies_everywhere, dump
from webapp.core.accounts import flows as accounts
from webapp.core.accounts.rules import Plan, Role
from webapp.core.database import CompanyId, EmployeeId, writing
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.visitor import OPERATOR


def create(
    product: Product, email: str, *, company: CompanyId | None = None, role: Role = Role.EMPLOYEE
) -> Accepted[EmployeeId] | Refused:
    return accounts.create_employee(
        product.session,
        company or product.company(),
        email,
        name="Kim",
        role=role,
        now=product.now,
        visitor=OPERATOR,
    )


@pytest.mark.parametrize("again", ["KIM@studio.example", " kim@studio.example ", "kim@STUDIO.example"])
def test_an_address_is_taken_once_however_it_is_typed(product: Product, engine: Engine, again: str) -> None:
    """One account for one address, in any company (D-70)."""
    create(product, "kim@studio.example")

    refused = create(product, again)

    assert Refused(Refusal.EMAIL_TAKEN) == refused
    assert 1 == count(engine, "employees")


@pytest.mark.parametrize("typed", ["kim@studio.example", "KIM@studio.example", " \u212aim@studio.example"])
def test_a_person_is_found_by_their_address_however_it_is_typed(product: Product, typed: str) -> None:
    """Mail goes to the stored address, not to what was typed."""
    create(product, "kim@studio.example")

    found = accounts.by_email(product.session, typed)

    assert found is not None
    assert "kim@studio.example" == found.email


@pytest.mark.parametrize("typed", ["", "nobody@x.example", "\x00", "kim@studio.example\x00", "\udc80", "k" * 100_000])
def test_anything_else_finds_nobody_and_does_not_fail(product: Product, typed: str) -> None:
    """D-88: PostgreSQL refuses a NUL and neither driver takes half a surrogate; a look-up just finds nobody."""
    create(product, "kim@studio.example")

    assert accounts.by_email(product.session, typed) is None


def test_what_is_no_address_makes_no_employee(product: Product, engine: Engine) -> None:
    """Refused before anything is written."""
    assert Refused(Refusal.EMAIL_INVALID) == create(product, "kim")
    assert 0 == count(engine, "employees")


def test_an_unknown_company_has_no_employees(product: Product) -> None:
    """A clear refusal for the command line."""
    assert Refused(Refusal.UNKNOWN_COMPANY) == create(product, "kim@studio.example", company=CompanyId(999))


def test_support_works_at_the_vendor_only(product: Product) -> None:
    """A customer can't make its own people support."""
    vendor = product.company("Vendor", is_vendor=True)

    assert Refused(Refusal.VENDOR_ONLY) == create(product, "kim@studio.example", role=Role.SUPPORT)
    assert isinstance(create(product, "kim@studio.example", company=vendor, role=Role.SUPPORT), Accepted)


def test_there_is_one_vendor(product: Product) -> None:
    """`--vendor` once."""
    product.company("Vendor", is_vendor=True)

    again = accounts.create_company(
        product.session, "Other", Plan.BASIC, time_zone="UTC", is_vendor=True, now=product.now, visitor=OPERATOR
    )

    assert Refused(Refusal.VENDOR_EXISTS) == again


@pytest.mark.parametrize("plan", list(Plan))
def test_two_factor_authentication_is_there_for_every_plan(product: Product, plan: Plan) -> None:
    """Basic, Professional, Business, Enterprise."""
    company = accounts.create_company(
        product.session, "Any", plan, time_zone="UTC", is_vendor=False, now=product.now, visitor=OPERATOR
    )
    assert isinstance(company, Accepted)

    owner = product.owner(company=company.value)

    assert 8 == len(owner.codes)


def test_an_operator_is_not_taken_for_the_person(product: Product) -> None:
    """Who did it is not whose it is: nobody makes an account for themselves from the command line."""
    product.employee()

    created = product.audit("employee:create")

    assert [None] == [event.actor_id for event in created]


def test_a_changed_profile_names_the_fields_and_not_their_contents(product: Product) -> None:
    """The audit says what changed; an unchanged form says nothing."""
    person = product.employee()

    for _ in range(2):
        accounts.change_profile(
            product.session,
            person.id,
            name="Lea Zürcher",
            phone="+41 44 000 00 00",
            language="en",
            now=product.now,
            visitor=OPERATOR,
        )

    changed = accounts.by_id(product.session, person.id)
    assert changed is not None
    assert ("Lea Zürcher", "+41 44 000 00 00", "en") == (changed.name, changed.phone, changed.language)
    assert [{"fields": ["name", "phone"]}] == [event.details for event in product.audit("profile:change")]


def test_a_crash_anywhere_leaves_the_old_profile_or_the_new_one_with_its_event(
    product: Product, engine: Engine
) -> None:
    """No change without its row in the audit, and no row for a change that was not made."""
    person = product.employee()
    before = dump(engine)

    def change() -> object:
        return accounts.change_profile(
            product.session,
            person.id,
            name="Lea Zürcher",
            phone="+41 44 000 00 00",
            language="de",
            now=product.now,
            visitor=OPERATOR,
        )

    deaths, sights = dies_everywhere(engine, change, lambda: dump(engine))

    changed = accounts.by_id(product.session, person.id)
    assert deaths > 3
    assert [before] * deaths == sights
    assert changed is not None
    assert ("Lea Zürcher", "+41 44 000 00 00", "de") == (changed.name, changed.phone, changed.language)
    assert 1 == len(product.audit("profile:change"))


# --- the list ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def colleagues(product: Product) -> list[accounts.Person]:
    """Lea, and sixty colleagues; one more works elsewhere."""
    with writing(product.session):  # in one go: a transaction for each would take seconds
        company = product.company()
        people = [product.employee(company=company, password=None)]
        for number in range(60):
            email, name = f"p{number:02}@studio.example", f"Ärni {number:02}"
            people.append(product.employee(email, name=name, company=company, password=None))
        product.employee("other@elsewhere.example", name="Ärni 99", password=None)
    return people


def test_the_list_starts_with_oneself_and_goes_on_by_name(session: Session, colleagues: list[accounts.Person]) -> None:
    """On the first page only; each colleague once, and nobody of another company."""
    pages = [accounts.colleagues(session, colleagues[0], search="", number=number) for number in (1, 2, 3)]

    names = [person.name for page in pages for person in page.rows]
    assert ["Lea Brunner", *(f"Ärni {number:02}" for number in range(60))] == names
    assert {(3, 61)} == {(page.pages, page.total) for page in pages}


@pytest.mark.parametrize("search", ["arni 07", "ÄRNI 07", "p07@", " ärni 07 "])
def test_search_knows_neither_case_nor_accents(
    session: Session, colleagues: list[accounts.Person], search: str
) -> None:
    """By name or address."""
    found = accounts.colleagues(session, colleagues[0], search=search, number=1)

    assert ["Ärni 07"] == [person.name for person in found.rows]


@pytest.mark.parametrize("search", ["%", "_", "\\", "' OR 1=1 --", "\x00", "\udc80", "x" * 10_000, "Ärni 99"])
def test_search_finds_nothing_else_and_does_not_fail(
    session: Session, colleagues: list[accounts.Person], search: str
) -> None:
    """Signs of LIKE are letters; a NUL or half a surrogate is found nowhere."""
    found = accounts.colleagues(session, colleagues[0], search=search, number=1)

    assert (0, 1, 1) == (found.total, found.number, found.pages)


@pytest.mark.parametrize(("asked", "given"), [(-5, 1), (0, 1), (1, 1), (3, 3), (4, 3), (10**30, 3)])
def test_a_page_that_is_not_there_is_the_nearest_one(
    session: Session, colleagues: list[accounts.Person], asked: int, given: int
) -> None:
    """An old link still shows people."""
    assert given == accounts.colleagues(session, colleagues[0], search="", number=asked).number

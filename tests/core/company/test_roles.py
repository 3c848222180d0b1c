"""The roles employee and administrator: given by another, counted at once, and never the last one taken."""

import pytest
from sqlalchemy import Engine

from tests.core.crowd import at_once
from tests.core.people import Product, Seat
from tests.core.stored import dies_everywhere, dump
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.accounts.tables import Employee
from webapp.core.links.rules import LinkKind
from webapp.core.outcomes import Accepted, Refusal, Refused


@pytest.fixture
def kim(product: Product) -> Seat:
    return product.admin()


@pytest.fixture
def lea(product: Product, kim: Seat) -> Person:
    return product.employee(company=kim.me.person.company_id)


def test_a_live_session_has_the_new_role_at_its_next_request(product: Product, kim: Seat, lea: Person) -> None:
    """There and back; it is the same session, neither ended nor proved anew."""
    seat = product.log_in(lea)

    seen = []
    for role in (Role.ADMIN, Role.EMPLOYEE):
        assert Accepted(None) == product.change_role(kim, lea, role)
        seen.append(product.sit_anew(seat).me)

    assert [Role.ADMIN, Role.EMPLOYEE] == [me.person.role for me in seen]
    assert {(seat.me.session_id, seat.me.proved_at)} == {(me.session_id, me.proved_at) for me in seen}


def test_since_when_somebody_has_the_role_is_kept(product: Product, kim: Seat, lea: Person) -> None:
    """From then on a policy for that role counts their days."""
    product.clock.move(minutes=5)

    product.change_role(kim, lea, Role.ADMIN)

    row = product.session.get_one(Employee, lea.id)
    assert (Role.ADMIN, product.now) == (row.role, row.role_given_at)


def test_who_acts_is_written_down_and_the_person_told(product: Product, engine: Engine, kim: Seat, lea: Person) -> None:
    """From what to what; once, however often it is sent; the mail holds no link and no place."""
    outcomes = [product.change_role(kim, lea, Role.ADMIN) for _ in range(2)]

    assert [Accepted(None)] * 2 == outcomes
    (event,) = product.audit("role:change")
    assert (lea.id, kim.me.person.id, kim.me.person.company_id, "success") == (
        event.employee_id,
        event.actor_id,
        event.company_id,
        event.outcome,
    )
    assert {"from": "employee", "to": "admin"} == event.details
    assert [("role_changed", lea.email)] == [(row[1], row[3]) for row in dump(engine)["outbox"]]
    assert [] == product.mailed(LinkKind.NOTICE)
    assert "192.0.2" not in str(dump(engine)["outbox"])


def test_whoever_was_only_invited_is_told_nothing(product: Product, engine: Engine, kim: Seat) -> None:
    product.invite(kim)

    assert Accepted(None) == product.change_role(kim, product.today("noa@studio.example"), Role.ADMIN)

    assert ["invite"] == [row[1] for row in dump(engine)["outbox"]]
    assert Role.ADMIN is product.today("noa@studio.example").role


def test_support_is_neither_given_nor_taken(product: Product, engine: Engine) -> None:
    """Not in the vendor's company either, where its administrators meet its agents."""
    vendor = product.company("Vendor", is_vendor=True)
    chief = product.admin("chief@vendor.example", company=vendor)
    agent = product.employee("mia@vendor.example", name="Mia", company=vendor, role=Role.SUPPORT)
    clerk = product.employee("lou@vendor.example", name="Lou", company=vendor)
    before = dump(engine)["employees"]

    assert Refused(Refusal.ROLE_NOT_GIVEN) == product.change_role(chief, clerk, Role.SUPPORT)
    for role in Role:
        assert Refused(Refusal.SUPPORT_PERSON) == product.change_role(chief, agent, role)

    assert before == dump(engine)["employees"]
    assert ["role_not_given", *["support_person"] * 3] == [event.reason for event in product.audit("role:change")]


def test_nobody_changes_their_own_role_or_one_of_another_company(product: Product, engine: Engine, kim: Seat) -> None:
    """Not upwards, and not downwards: the last administrator would be gone."""
    eve = product.employee("eve@other.example")
    before = dump(engine)["employees"]

    assert Refused(Refusal.OWN_ACCOUNT) == product.change_role(kim, kim.me.person, Role.EMPLOYEE)
    assert Refused(Refusal.UNKNOWN_EMPLOYEE) == product.change_role(kim, eve, Role.ADMIN)

    assert before == dump(engine)["employees"]
    (event,) = product.audit("role:change")
    assert ("own_account", {"from": "admin", "to": "employee"}) == (event.reason, event.details)


def test_an_employee_gives_no_role(product: Product, kim: Seat, lea: Person) -> None:
    """Not to themselves and not to a friend; refused and written down."""
    seat = product.log_in(lea)
    ivo = product.employee("ivo@studio.example", company=lea.company_id)

    for person in (lea, ivo, kim.me.person):
        assert Refused(Refusal.NOT_YOURS) == product.change_role(seat, person, Role.ADMIN)

    assert Role.EMPLOYEE is product.today(ivo.email).role
    assert [(lea.id, "not_yours")] * 3 == [(event.actor_id, event.reason) for event in product.audit("role:change")]


def test_of_two_administrators_who_demote_each_other_at_once_one_is_left(
    product: Product, engine: Engine, kim: Seat
) -> None:
    """Whoever is first; the second is an employee by then. Nobody is left waiting for a lock."""
    uma = product.admin("uma@studio.example", company=kim.me.person.company_id)
    pairs = [(kim, uma), (uma, kim)] * 5

    outcomes = at_once(
        engine,
        [
            lambda session, by=by, to=to: product.beside(session).change_role(by, to.me.person, Role.EMPLOYEE)
            for by, to in pairs
        ],
    )

    roles = sorted(product.today(seat.me.person.email).role for seat in (kim, uma))
    assert [Role.ADMIN, Role.EMPLOYEE] == roles
    assert 1 == len([event for event in product.audit("role:change") if event.outcome == "success"])
    assert set(outcomes) == {Accepted(None), Refused(Refusal.NOT_YOURS)}


def test_a_crash_leaves_the_role_as_it_was(product: Product, engine: Engine, kim: Seat, lea: Person) -> None:
    before = dump(engine)

    def act() -> object:
        return product.change_role(kim, lea, Role.ADMIN)

    deaths, sights = dies_everywhere(engine, act, lambda: dump(engine))

    assert deaths > 8
    assert [before] * deaths == sights
    assert Role.ADMIN is product.today(lea.email).role

"""Closing an account and opening it again: at once, for everything that led into it, and never one's own."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.hashing import before_the_first_check
from tests.core.people import PASSWORD, Product, Seat
from tests.core.stored import dies_everywhere, dump
from webapp.core.accounts.rules import Role
from webapp.core.challenge.flows import HalfWay
from webapp.core.links.rules import LinkKind
from webapp.core.outcomes import Accepted, Refusal, Refused

NEW = "harbour quilt nineteen ferns"


@pytest.fixture
def kim(product: Product) -> Seat:
    return product.admin()


def told(engine: Engine) -> list[tuple[str, str]]:
    """Notice and recipient of each mail that is owed."""
    return [(row[1], row[3]) for row in dump(engine)["outbox"]]


def test_whatever_led_into_the_account_is_over(product: Product, engine: Engine, kim: Seat) -> None:
    """Sessions, half-way log-ins, a set-up, known browsers, a repair pass, links to a password and an address."""
    owner = product.owner(company=kim.me.person.company_id)
    half_way = product.half_way(owner.person)
    product.ask_email(owner.seat, "lea@new.example", owner.codes[0])
    product.forgot(owner.person.email)
    product.resolve()
    product.begin(product.log_in(product.employee("ivo@studio.example", company=kim.me.person.company_id)))
    product.replace_app(owner.seat, owner.codes[1])
    product.issue_pass(owner.person)
    assert 2 == len(dump(engine)["pending_secrets"])

    assert Accepted(None) == product.deactivate(kim, owner.person)

    assert product.find(owner.seat.token) is None
    assert Refused(Refusal.CHALLENGE_OVER) == product.answer(half_way, owner.codes[2])
    assert [row for row in dump(engine)["pending_secrets"] if row[1] == owner.person.id] == []
    assert [row for row in dump(engine)["known_browsers"] if row[2] == owner.person.id] == []
    assert [row for row in dump(engine)["challenges"] if row[2] == owner.person.id] == []
    assert Refused(Refusal.LINK_OVER) == product.recover(product.mailed(LinkKind.PASSWORD)[0][1], NEW)
    assert product.live_pass(owner.person) is None
    assert kim.me.person.id == product.audit("repair:void")[0].actor_id
    assert product.find(kim.token) is not None


def test_what_was_over_stays_over_when_the_account_is_opened_again(product: Product, kim: Seat) -> None:
    """A session that ended is no session; the log-in is as it was."""
    owner = product.owner(company=kim.me.person.company_id)
    product.ask_email(owner.seat, "lea@new.example", owner.codes[0])
    product.forgot(owner.person.email)
    product.resolve()
    product.deactivate(kim, owner.person)

    assert Accepted(None) == product.reactivate(kim, owner.person)

    assert product.find(owner.seat.token) is None
    assert Refused(Refusal.LINK_OVER) == product.recover(product.mailed(LinkKind.PASSWORD)[0][1], NEW)
    seat = product.log_in_with(owner.person, owner.codes[1])
    assert Refused(Refusal.LINK_OVER) == product.confirm_email(seat, product.mailed(LinkKind.EMAIL)[0][1])


def test_a_log_in_is_answered_as_a_wrong_password_is(product: Product, kim: Seat) -> None:
    """The right password too, in as many attempts; a forgotten one is mailed no link."""
    lea = product.employee(company=kim.me.person.company_id)
    ivo = product.employee("ivo@studio.example", company=kim.me.person.company_id)
    product.deactivate(kim, lea)

    closed = [product.pass_password(lea.email, PASSWORD) for _ in range(6)]
    wrong = [product.pass_password(ivo.email, "wrong but long enough") for _ in range(6)]

    assert wrong == closed
    product.forgot(lea.email)
    product.resolve()
    assert [] == product.mailed(LinkKind.PASSWORD)


def test_a_log_in_whose_password_was_looked_at_a_moment_before_begins_no_session(
    product: Product, engine: Engine, kim: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deactivation comes while the hash is computed; opened again, there is no session to go on with."""
    lea = product.employee(company=kim.me.person.company_id)
    sessions = len(dump(engine)["log_in_sessions"])

    def deactivate_beside() -> None:
        with Session(engine) as beside:
            assert Accepted(None) == product.beside(beside).deactivate(kim, lea)

    before_the_first_check(monkeypatch, deactivate_beside)
    outcome = product.pass_password(lea.email)

    assert isinstance(outcome, Refused)
    assert Refusal.WRONG_PASSWORD is outcome.reason
    assert sessions == len(dump(engine)["log_in_sessions"])


def test_the_link_of_a_notice_outlives_it(product: Product, kim: Seat) -> None:
    """“This wasn't me” only takes away: an administrator must not silence it."""
    lea = product.employee(company=kim.me.person.company_id)
    product.change_password(product.log_in(lea), NEW)
    ((_, token),) = product.mailed(LinkKind.NOTICE)

    product.deactivate(kim, lea)
    product.reactivate(kim, lea)

    assert Accepted(None) == product.freeze(token)


def test_factors_and_password_stay_as_they_are(product: Product, engine: Engine, kim: Seat) -> None:
    """Deactivating somebody is no way around their second factor."""
    owner = product.owner(company=kim.me.person.company_id)
    tables = ("authenticators", "backup_code_sets", "backup_codes", "password_hashes")
    before = {table: dump(engine)[table] for table in tables}

    product.deactivate(kim, owner.person)
    product.reactivate(kim, owner.person)

    assert before == {table: dump(engine)[table] for table in tables}
    outcome = product.pass_password(owner.person.email)
    assert isinstance(outcome, Accepted)
    assert isinstance(outcome.value, HalfWay)


def test_it_is_written_down_once_and_told_once(product: Product, engine: Engine, kim: Seat) -> None:
    """The administrator is the actor; where they sit is not in the mail; a double click adds nothing."""
    lea = product.employee(company=kim.me.person.company_id)

    outcomes = [act(kim, lea) for act in (product.deactivate, product.deactivate, product.reactivate)]
    outcomes.append(product.reactivate(kim, lea))

    assert [Accepted(None)] * 4 == outcomes
    for kind in ("employee:deactivate", "employee:reactivate"):
        assert [(lea.id, kim.me.person.id, "success")] == [
            (event.employee_id, event.actor_id, event.outcome) for event in product.audit(kind)
        ]
    assert [("deactivated", lea.email), ("reactivated", lea.email)] == told(engine)
    assert "192.0.2" not in str(dump(engine)["outbox"])
    assert [] == product.mailed(LinkKind.NOTICE)


def test_whoever_was_only_invited_is_told_nothing(product: Product, engine: Engine, kim: Seat) -> None:
    """They have no account that they know of."""
    product.invite(kim)
    noa = product.today("noa@studio.example")

    product.deactivate(kim, noa)
    product.reactivate(kim, noa)

    assert ["invite"] == [notice for notice, _ in told(engine)]


def test_nobody_closes_their_own_account_or_one_of_support_or_of_another_company(
    product: Product, engine: Engine, kim: Seat
) -> None:
    """Refused and written down; of another company as somebody who isn't there."""
    eve = product.employee("eve@other.example")
    vendor = product.company("Vendor", is_vendor=True)
    chief = product.admin("chief@vendor.example", company=vendor)
    agent = product.employee("mia@vendor.example", name="Mia", company=vendor, role=Role.SUPPORT)
    before = dump(engine)["employees"]

    for act in (product.deactivate, product.reactivate):
        assert Refused(Refusal.OWN_ACCOUNT) == act(kim, kim.me.person)
        assert Refused(Refusal.UNKNOWN_EMPLOYEE) == act(kim, eve)
        assert Refused(Refusal.SUPPORT_PERSON) == act(chief, agent)

    assert before == dump(engine)["employees"]
    assert ["own_account", "support_person"] == [event.reason for event in product.audit("employee:deactivate")]


def test_whoever_is_no_administrator_any_more_closes_nothing(product: Product, engine: Engine, kim: Seat) -> None:
    """Looked at under the lock: demoted, logged out or deactivated since the page was opened."""
    company = kim.me.person.company_id
    lea = product.employee(company=company)
    uma, ada, ivo = (product.admin(f"{name}@studio.example", company=company) for name in ("uma", "ada", "ivo"))
    product.change_role(kim, uma.me.person, Role.EMPLOYEE)
    product.log_out(ada)
    product.deactivate(kim, ivo.me.person)

    outcomes = [product.deactivate(seat, lea) for seat in (uma, ada, ivo)]

    assert [Refused(Refusal.NOT_YOURS), Refused(Refusal.SESSION_OVER), Refused(Refusal.SESSION_OVER)] == outcomes
    assert product.today(lea.email).is_active
    assert "not_yours" == product.audit("employee:deactivate")[-1].reason


def test_of_administrators_who_deactivate_each_other_at_once_one_stays(
    product: Product, engine: Engine, kim: Seat
) -> None:
    """In whichever order the locks are got: the last one is never removed."""
    uma, ada = (product.admin(f"{name}@studio.example", company=kim.me.person.company_id) for name in ("uma", "ada"))
    pairs = [(kim, uma), (uma, kim), (uma, ada), (ada, uma), (ada, kim), (kim, ada)]

    outcomes = at_once(
        engine, [lambda session, by=by, to=to: product.beside(session).deactivate(by, to.me.person) for by, to in pairs]
    )

    people = [product.today(seat.me.person.email) for seat in (kim, uma, ada)]
    assert 1 == sum(person.is_active for person in people)
    assert 2 == len(product.audit("employee:deactivate"))
    assert set(outcomes) <= {Accepted(None), Refused(Refusal.SESSION_OVER)}


def test_a_crash_leaves_the_account_as_it_was(product: Product, engine: Engine, kim: Seat) -> None:
    """Sessions, links, events and mail go with it, or nothing does."""
    lea = product.employee(company=kim.me.person.company_id)
    product.log_in(lea)
    before = dump(engine)

    deaths, sights = dies_everywhere(engine, lambda: product.deactivate(kim, lea), lambda: dump(engine))

    assert deaths > 10
    assert [before] * deaths == sights
    assert not product.today(lea.email).is_active

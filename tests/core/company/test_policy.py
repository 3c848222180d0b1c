"""What an administrator decides about two-factor authentication, and whom it would lock out."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, update

from tests.core.crowd import at_once
from tests.core.people import STRANGER, Clock, Product, Seat
from tests.core.stored import count, dies_everywhere, dump
from webapp.core.accounts import requirements
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.accounts.tables import Employee
from webapp.core.company import policy
from webapp.core.company.policy import Choice
from webapp.core.database import writing
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.policy.rules import Duty

EVERYONE = frozenset(Role)
OPTIONAL = Choice(frozenset(), 0)


@pytest.fixture
def ada(product: Product) -> Seat:
    """An administrator, logged in."""
    return product.log_in(product.employee("ada@studio.example", name="Ada Moser", role=Role.ADMIN))


@pytest.fixture
def lea(product: Product, ada: Seat) -> Person:
    return product.employee(company=ada.me.person.company_id)


def change(product: Product, seat: Seat, choice: Choice) -> Accepted[None] | Refused:
    return policy.change(product.session, seat.me, choice, now=product.now, visitor=STRANGER)


def exempt(product: Product, seat: Seat, email: str, *, days: int = 7) -> Accepted[None] | Refused:
    day = product.now.date() + timedelta(days=days)
    return policy.exempt(
        product.session, seat.me, email, day=day, reason="new phone", now=product.now, visitor=STRANGER
    )


def end(product: Product, seat: Seat, person: Person) -> Accepted[None] | Refused:
    return policy.end_exemption(product.session, seat.me, person.id, now=product.now, visitor=STRANGER)


def locked_out(product: Product, seat: Seat, choice: Choice) -> dict[str, bool]:
    """Names, and whether they are already."""
    found = policy.dry_run(product.session, seat.me.person.company_id, choice, now=product.now)
    return {one.person.name: one.is_already for one in found}


def test_saving_again_begins_no_grace_anew(product: Product, clock: Clock, ada: Seat, lea: Person) -> None:
    """A stricter or milder one counts from when it was first required; optional in between does begin anew."""
    change(product, ada, Choice(EVERYONE, 30))
    clock.move(days=10)

    seen = []
    for choice in (Choice(EVERYONE, 7), Choice(EVERYONE, 11), OPTIONAL, Choice(EVERYONE, 1)):
        change(product, ada, choice)
        seen.append((product.obligation(lea).duty, product.obligation(lea).days_left(product.now)))

    assert [(Duty.OVERDUE, 0), (Duty.GRACE, 1), (Duty.NONE, 0), (Duty.GRACE, 1)] == seen


def test_what_it_would_do_is_what_it_does(product: Product, clock: Clock, ada: Seat, lea: Person) -> None:
    """For people of every kind: the dry run names exactly those whom the choice then binds."""
    company = lea.company_id
    product.require(company, Role.EMPLOYEE, grace_days=30)
    owner = product.owner("on@studio.example", company=company)
    gave_up = product.owner("gave.up@studio.example", company=company)
    clock.next_step()
    product.reset(gave_up.seat, gave_up.phone.code(product.now))
    spared = product.employee("spared@studio.example", company=company)
    exempt(product, ada, "spared@studio.example")
    clock.move(days=2)
    late = product.employee("late@studio.example", company=company)
    as_it_was = requirements.of_company(product.session, company)
    people = [ada.me.person, lea, owner.person, gave_up.person, spared, late]

    for choice in (Choice(EVERYONE, 0), Choice(EVERYONE, 1), Choice(frozenset({Role.ADMIN}), 0), OPTIONAL):
        before = {one.email for one in people if product.obligation(one).must_activate}
        found = policy.dry_run(product.session, company, choice, now=product.now)
        change(product, ada, choice)
        after = {one.email for one in people if product.obligation(one).must_activate}
        assert after == {one.person.email for one in found}, choice
        assert before & after == {one.person.email for one in found if one.is_already}, choice
        requirements.store(product.session, company, as_it_was)


def test_a_dry_run_changes_nothing_and_sees_one_company(
    product: Product, engine: Engine, ada: Seat, lea: Person
) -> None:
    """Nobody inactive is named: they can't log in."""
    product.employee("eve@other.example", name="Eve", company=product.company("Other"))
    gone = product.employee("gone@studio.example", name="Gone", company=lea.company_id)
    with writing(product.session):
        product.session.execute(update(Employee).where(Employee.id == gone.id).values(is_active=False))
    before = dump(engine)

    found = locked_out(product, ada, Choice(EVERYONE, 0))

    assert {"Ada Moser": False, "Lea Brunner": False} == found
    assert before == dump(engine)


def test_everyone_is_support_too(product: Product) -> None:
    """In the vendor's company; one role alone spares its agents."""
    vendor = product.company("Calenso", is_vendor=True)
    ada = product.log_in(product.employee("ada@vendor.example", company=vendor, role=Role.ADMIN))
    agent = product.employee("mia@vendor.example", company=vendor, role=Role.SUPPORT)

    seen = []
    for roles in (frozenset({Role.ADMIN}), frozenset({Role.EMPLOYEE}), EVERYONE):
        change(product, ada, Choice(roles, 0))
        seen.append(product.obligation(agent).duty)

    assert [Duty.NONE, Duty.NONE, Duty.OVERDUE] == seen


def test_a_policy_saved_while_somebody_activates_binds_nobody_who_has_it(
    product: Product, engine: Engine, ada: Seat, lea: Person
) -> None:
    """The activation of a session that is bound in between goes through."""
    seat = product.log_in(lea)
    phone = product.scan(seat)
    code = phone.code(product.now)

    at_once(
        engine,
        [
            lambda session: change(product.beside(session), ada, Choice(EVERYONE, 0)),
            lambda session: product.beside(session).confirm(seat, code),
        ],
    )

    assert Duty.NONE is product.obligation(lea).duty
    assert Duty.OVERDUE is product.obligation(ada.me.person).duty


@pytest.mark.parametrize("days", [-1, 91])
def test_a_grace_has_0_to_90_days(product: Product, ada: Seat, lea: Person, days: int) -> None:
    """Both ends included."""
    refused = change(product, ada, Choice(EVERYONE, days))

    assert isinstance(refused, Refused)
    assert Refusal.GRACE_OUT_OF_RANGE is refused.reason
    assert all(isinstance(change(product, ada, Choice(EVERYONE, days)), Accepted) for days in (0, 90))


def test_an_exemption_runs_to_the_end_of_its_day(product: Product, clock: Clock, ada: Seat, lea: Person) -> None:
    """In the company's time zone, in which the day it gets warm is an hour short."""
    change(product, ada, Choice(EVERYONE, 0))
    clock.now = clock.now.replace(month=3, day=28)
    given = policy.exempt(
        product.session,
        ada.me,
        lea.email,
        day=date(2026, 3, 29),
        reason="new phone",
        now=product.now,
        visitor=STRANGER,
    )

    assert isinstance(given, Accepted)
    clock.now = clock.now.replace(day=29, hour=21, minute=59, second=59)
    assert Duty.GRACE is product.obligation(lea).duty
    clock.now = clock.now.replace(hour=22, minute=0, second=0)
    assert Duty.OVERDUE is product.obligation(lea).duty


def test_another_exemption_takes_the_place_of_the_first(product: Product, clock: Clock, ada: Seat, lea: Person) -> None:
    """So that it can be shortened, and one word ends it; ended twice, or after its day, it was over."""
    change(product, ada, Choice(EVERYONE, 0))
    exempt(product, ada, lea.email, days=30)
    exempt(product, ada, lea.email, days=1)
    clock.move(days=3)
    shortened = product.obligation(lea).duty
    late = end(product, ada, lea)
    assert isinstance(late, Refused)
    over = policy.exempted(product.session, lea.company_id, now=product.now), late.reason
    exempt(product, ada, lea.email, days=5)

    first, second = end(product, ada, lea), end(product, ada, lea)

    assert Duty.OVERDUE is shortened
    assert ([], Refusal.NOT_EXEMPT) == over
    assert isinstance(first, Accepted)
    assert isinstance(second, Refused)
    assert Refusal.NOT_EXEMPT is second.reason
    assert Duty.OVERDUE is product.obligation(lea).duty


def test_an_exemption_holds_after_a_reset(product: Product, clock: Clock, ada: Seat) -> None:
    """The grace is gone with it, the exemption isn't."""
    owner = product.owner("on@studio.example", company=ada.me.person.company_id)
    change(product, ada, Choice(EVERYONE, 30))
    exempt(product, ada, "on@studio.example", days=3)

    product.reset(owner.seat, owner.phone.code(product.now))

    assert (Duty.GRACE, 4) == (
        product.obligation(owner.person).duty,
        product.obligation(owner.person).days_left(product.now),
    )
    end(product, ada, owner.person)
    assert Duty.OVERDUE is product.obligation(owner.person).duty


def test_nobody_is_exempted_elsewhere(product: Product, ada: Seat) -> None:
    """Told like an address of nobody."""
    eve = product.employee("eve@other.example", company=product.company("Other"))
    product.exempt(eve, days=3)

    refused = [exempt(product, ada, email) for email in (eve.email, "nobody@studio.example")]
    refused += [end(product, ada, eve)]

    assert [Refusal.UNKNOWN_EMPLOYEE] * 3 == [one.reason for one in refused if isinstance(one, Refused)]


def test_whoever_is_no_administrator_any_more_decides_nothing(product: Product, ada: Seat, lea: Person) -> None:
    """Judged under the company's lock, by what is so now; the same for a session that has ended."""
    ended = product.log_in(ada.me.person)
    product.log_out(ended)
    over = change(product, ended, Choice(EVERYONE, 0))
    with writing(product.session):
        product.session.execute(update(Employee).where(Employee.id == ada.me.person.id).values(role=Role.EMPLOYEE))

    refused = [change(product, ada, Choice(EVERYONE, 0)), exempt(product, ada, lea.email), end(product, ada, lea)]

    assert isinstance(over, Refused)
    assert Refusal.SESSION_OVER is over.reason
    assert [Refusal.NOT_YOURS] * 3 == [one.reason for one in refused if isinstance(one, Refused)]
    assert Duty.NONE is product.obligation(lea).duty


def test_changes_at_once_are_one_after_the_other(product: Product, engine: Engine, ada: Seat, lea: Person) -> None:
    """Each event tells what was so before it: read in a row they lead to what there is."""
    choices = [Choice(EVERYONE, days) for days in range(1, 9)]

    at_once(engine, [lambda session, one=one: change(product.beside(session), ada, one) for one in choices])

    rows = product.audit("policy:change")
    told = [(row.details["old"], row.details["new"]) for row in rows]
    assert 8 == len(told)
    assert "optional" == told[0][0]
    assert [new for _, new in told[:-1]] == [old for old, _ in told[1:]]
    days = policy.choice_of(product.session, lea.company_id).grace_days
    assert f"admin, employee, support; {days} day{'' if days == 1 else 's'}" == told[-1][1]


def test_an_administrator_who_is_one_no_more_at_this_instant_decides_before_that_or_not_at_all(
    product: Product, engine: Engine, ada: Seat, lea: Person
) -> None:
    """Both hold the company's row first, so they take turns; neither waits for the other's person."""
    kim = product.log_in(product.employee("kim@studio.example", company=lea.company_id, role=Role.ADMIN))

    outcomes = at_once(
        engine,
        [
            lambda session: change(product.beside(session), ada, Choice(EVERYONE, 7)),
            lambda session: exempt(product.beside(session), ada, kim.me.person.email),
            lambda session: product.beside(session).change_role(kim, ada.me.person, Role.EMPLOYEE),
        ],
    )

    demoted = product.audit("role:change")[0].id
    decided = [*product.audit("policy:change"), *product.audit("policy:exempt")]
    assert isinstance(outcomes[2], Accepted)
    assert all(row.id < demoted for row in decided)
    assert len(decided) == sum(isinstance(outcome, Accepted) for outcome in outcomes[:2])


def test_exemptions_at_once_leave_one(product: Product, engine: Engine, ada: Seat, lea: Person) -> None:
    """And several ends of it are one end."""
    at_once(
        engine,
        [lambda session, days=days: exempt(product.beside(session), ada, lea.email, days=days) for days in range(1, 9)],
    )
    product.session.rollback()
    running = policy.exempted(product.session, lea.company_id, now=product.now)

    outcomes = at_once(engine, [lambda session: end(product.beside(session), ada, lea) for _ in range(8)])

    assert 1 == len(running)
    assert 1 == sum(isinstance(outcome, Accepted) for outcome in outcomes)
    assert 1 == len(product.audit("policy:end_exemption"))
    assert [] == policy.exempted(product.session, lea.company_id, now=product.now)


def test_a_policy_saved_while_somebody_resets_binds_them(
    product: Product, engine: Engine, clock: Clock, ada: Seat
) -> None:
    """Whichever is first: nothing is stored that the other could miss."""
    owner = product.owner("on@studio.example", company=ada.me.person.company_id)
    code = owner.phone.code(product.now)

    at_once(
        engine,
        [
            lambda session: change(product.beside(session), ada, Choice(EVERYONE, 0)),
            lambda session: product.beside(session).reset(owner.seat, code),
        ],
    )

    assert Duty.OVERDUE is product.obligation(owner.person).duty
    product.activate(owner.person)
    assert Duty.NONE is product.obligation(owner.person).duty


def test_policy_and_event_are_one_transaction(product: Product, engine: Engine, ada: Seat, lea: Person) -> None:
    """Whatever it dies of: both or neither; the same for an exemption and its end."""
    company = lea.company_id

    def see() -> tuple[bool, int]:
        product.session.rollback()
        return policy.choice_of(product.session, company) == OPTIONAL, count(engine, "audit_events")

    begun = see()
    dies, sights = dies_everywhere(engine, lambda: change(product, ada, Choice(EVERYONE, 3)), see)
    assert dies > 3
    assert {begun} == set(sights)

    def look() -> tuple[int, int]:
        product.session.rollback()
        return len(policy.exempted(product.session, company, now=product.now)), count(engine, "audit_events")

    for act in (lambda: exempt(product, ada, lea.email), lambda: end(product, ada, lea)):
        begun = look()
        dies, sights = dies_everywhere(engine, act, look)
        assert dies > 3
        assert {begun} == set(sights)

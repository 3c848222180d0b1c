"""What a policy and a wipe bind somebody to, until they have a second factor."""

from tests.core.people import PASSWORD, Clock, Product
from webapp.core.accounts import flows as accounts
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.database import writing
from webapp.core.links.rules import LinkKind
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.policy.rules import Duty


def _wiped(product: Product) -> Person:
    person = product.employee()
    product.wipe(person)
    found = accounts.by_id(product.session, person.id)
    assert found is not None
    return found


def test_a_wipe_binds_to_activation_and_activation_ends_it(product: Product) -> None:
    """Nothing else is open in between."""
    person = _wiped(product)
    assert Duty.WIPED is product.obligation(person).duty

    product.activate(person)

    now_so = accounts.by_id(product.session, person.id)
    assert now_so is not None
    assert now_so.wiped_at is None
    assert Duty.NONE is product.obligation(now_so).duty


def test_a_day_after_the_wipe_the_password_logs_in_no_more(product: Product, clock: Clock) -> None:
    """A right one is told why; Support is asked again."""
    person = _wiped(product)
    clock.move(hours=24)

    refused = product.pass_password(person.email, PASSWORD)

    assert isinstance(refused, Refused)
    assert Refusal.WIPE_OVER is refused.reason


def test_no_password_is_mailed_while_it_alone_would_log_in(product: Product, clock: Clock) -> None:
    """Else a mailbox would be enough for the account; afterwards it is open again, for Support waits seven days."""
    person = _wiped(product)

    product.forgot(person.email)
    product.resolve()
    during = product.mailed(LinkKind.PASSWORD)
    clock.move(hours=25)
    product.forgot(person.email)
    product.resolve()

    assert [] == during
    assert 1 == len(product.mailed(LinkKind.PASSWORD))


def test_a_link_that_was_under_way_opens_nothing_after_the_wipe(product: Product, clock: Clock) -> None:
    """Neither does one of the day's: what it would set is refused as well."""
    person = product.employee()
    product.forgot(person.email)
    product.resolve()
    ((_, token),) = product.mailed(LinkKind.PASSWORD)
    product.wipe(person)

    refused = product.recover(token, "walnut harbor seven kettle")

    assert isinstance(refused, Refused)
    assert Refusal.LINK_OVER is refused.reason


def test_a_session_of_that_day_is_not_resumed_after_it(product: Product, clock: Clock) -> None:
    """The password alone would be enough for it, as for a log-in."""
    person = _wiped(product)
    clock.move(hours=23)
    seat = product.log_in(person)
    clock.move(hours=1, seconds=1)

    refused = product.pass_password(person.email, PASSWORD, browser=seat.browser, idle_token=seat.token)

    assert isinstance(refused, Refused)
    assert Refusal.WIPE_OVER is refused.reason


def test_the_grace_ends_at_its_moment(product: Product, clock: Clock) -> None:
    """Computed whenever it is asked for: a stricter policy acts at once, a milder one as well."""
    person = product.employee()
    product.require(person.company_id, grace_days=7)

    assert (Duty.GRACE, 7) == (product.obligation(person).duty, product.obligation(person).days_left(product.now))
    clock.move(days=7, microseconds=-1)
    assert (Duty.GRACE, 1) == (product.obligation(person).duty, product.obligation(person).days_left(product.now))
    clock.move(microseconds=1)
    assert Duty.OVERDUE is product.obligation(person).duty


def test_a_clock_that_is_set_back_gives_that_time_and_no_more(product: Product, clock: Clock) -> None:
    """And a requirement of tomorrow, as it then seems, is none of yesterday."""
    person = product.employee()
    product.require(person.company_id, grace_days=1)

    clock.move(hours=-3)
    back = product.obligation(person)
    clock.move(hours=27)

    assert Duty.GRACE is back.duty
    assert Duty.OVERDUE is product.obligation(person).duty


def test_other_roles_and_companies_are_not_bound(product: Product) -> None:
    """By role, in this company alone."""
    person = product.employee()
    admin = product.employee("ada@studio.example", company=person.company_id, role=Role.ADMIN)
    elsewhere = product.employee("eve@other.example", company=product.company("Other"), role=Role.ADMIN)
    product.require(person.company_id, Role.ADMIN)

    assert Duty.NONE is product.obligation(person).duty
    assert Duty.OVERDUE is product.obligation(admin).duty
    assert Duty.NONE is product.obligation(elsewhere).duty


def test_whoever_came_later_has_the_whole_grace(product: Product, clock: Clock) -> None:
    """Counted from the day of their account; and from the day of the role of which it is required."""
    company = product.company()
    product.require(company, Role.EMPLOYEE, grace_days=7)
    clock.move(days=30)
    person = product.employee(company=company)
    admin = product.employee("ada@studio.example", company=company, role=Role.ADMIN)
    clock.move(days=6)
    with writing(product.session):
        accounts.give_role(product.session, admin, Role.EMPLOYEE, now=product.now)

    clock.move(days=1)

    assert Duty.OVERDUE is product.obligation(person).duty
    assert (Duty.GRACE, 6) == (product.obligation(admin).duty, product.obligation(admin).days_left(product.now))


def test_a_reset_since_then_leaves_no_grace(product: Product, clock: Clock) -> None:
    """By its owner or an operator; one from before the requirement does."""
    owner, early = product.owner(), product.owner("kim@studio.example", company=product.company("Other"))
    clock.next_step()
    product.reset(early.seat, early.phone.code(product.now))
    clock.move(minutes=1)
    for person in (owner.person, early.person):
        product.require(person.company_id, grace_days=14)

    clock.next_step()
    product.reset(owner.seat, owner.phone.code(product.now))
    clock.move(days=1)

    assert Duty.OVERDUE is product.obligation(owner.person).duty
    assert Duty.GRACE is product.obligation(early.person).duty


def test_an_operator_vouches_for_somebody_whose_day_is_over(product: Product, clock: Clock) -> None:
    """Break glass: the password logs in again, and binds to nothing where nothing is required."""
    person = _wiped(product)
    clock.move(hours=25)

    assert isinstance(product.reset_by_operator(person), Accepted)

    product.log_in(person)
    assert Duty.NONE is product.obligation(person).duty

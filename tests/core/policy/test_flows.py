"""What a wipe binds somebody to, until they have another second factor."""

from tests.core.people import PASSWORD, Clock, Product
from webapp.core.accounts import flows as accounts
from webapp.core.accounts.flows import Person
from webapp.core.database import writing
from webapp.core.enrolment import duty
from webapp.core.links.rules import LinkKind
from webapp.core.outcomes import Refusal, Refused
from webapp.core.policy import flows as policy
from webapp.core.policy.rules import Duty


def _wiped(product: Product) -> Person:
    person = product.employee()
    with writing(product.session):
        policy.wipe(product.session, person, now=product.now)
    found = accounts.by_id(product.session, person.id)
    assert found is not None
    return found


def test_a_wipe_binds_to_activation_and_activation_ends_it(product: Product) -> None:
    """Nothing else is open in between."""
    person = _wiped(product)
    assert Duty.WIPED is duty.obligation(product.session, person, now=product.now).duty

    product.activate(person)

    now_so = accounts.by_id(product.session, person.id)
    assert now_so is not None
    assert now_so.wiped_at is None
    assert Duty.NONE is duty.obligation(product.session, now_so, now=product.now).duty


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
    with writing(product.session):
        policy.wipe(product.session, person, now=product.now)

    refused = product.recover(token, "walnut harbor seven kettle")

    assert isinstance(refused, Refused)
    assert Refusal.LINK_OVER is refused.reason

"""How many have two-factor authentication on, today and in the weeks before."""

from datetime import UTC, datetime, timedelta

from tests.core.people import STRANGER, Product
from webapp.core.accounts.about import record
from webapp.core.accounts.listing import Member
from webapp.core.accounts.rules import Role
from webapp.core.audit.rules import EventKind
from webapp.core.company import adoption
from webapp.core.company.adoption import Change, Count
from webapp.core.database import EmployeeId, writing
from webapp.core.outcomes import Accepted, Refusal

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=900)
LEA, KIM = EmployeeId(1), EmployeeId(2)


def test_who_had_it_on_before_the_window_counts_in_every_week() -> None:
    """Also where no event tells of it."""
    lea = Member(LEA, True, LONG_AGO, LONG_AGO)

    assert [(1, 1)] * 3 == _past([lea], [])


def test_a_change_counts_from_its_moment_on() -> None:
    """On since ten days ago: not two weeks ago, but one week ago."""
    lea = Member(LEA, True, LONG_AGO, _ago(10))

    assert [(1, 1), (1, 1), (0, 1)] == _past([lea], [(_ago(10), LEA, Change.ON)])


def test_who_switched_it_off_had_it_on_before() -> None:
    """Off today; on until ten days ago, though nothing of it is left but the event."""
    lea = Member(LEA, True, LONG_AGO, None)

    assert [(0, 1), (0, 1), (1, 1)] == _past([lea], [(_ago(10), LEA, Change.OFF)])


def test_a_change_told_twice_is_one() -> None:
    """By the account and by the audit."""
    lea, kim = Member(LEA, True, LONG_AGO, _ago(1)), Member(KIM, True, LONG_AGO, LONG_AGO)

    assert [(2, 2), (1, 2), (1, 2)] == _past([lea, kim], [(_ago(1), LEA, Change.ON), (_ago(1), LEA, Change.ON)])


def test_off_and_on_again_at_one_moment_keep_their_order() -> None:
    """Taken back newest first, as they were told."""
    lea = Member(LEA, True, LONG_AGO, _ago(3))
    changes = [(_ago(3), LEA, Change.OFF), (_ago(3), LEA, Change.ON)]

    assert [(1, 1), (1, 1), (1, 1)] == _past([lea], changes)


def test_people_count_while_they_are_there() -> None:
    """From when the account was made, and not while it is deactivated."""
    lea = Member(LEA, True, _ago(10), None)
    kim = Member(KIM, False, LONG_AGO, LONG_AGO)

    assert [(0, 1), (1, 2), (1, 1)] == _past([lea, kim], [(_ago(10), LEA, Change.CAME), (_ago(2), KIM, Change.LEFT)])
    back = Member(KIM, True, LONG_AGO, LONG_AGO)
    assert [(1, 1), (0, 0), (0, 0)] == _past([back], [(_ago(2), KIM, Change.CAME_BACK)])


def test_changes_of_nobody_here_are_none() -> None:
    """A row that points at somebody of elsewhere moves no number."""
    assert [(0, 0)] * 3 == _past([], [(_ago(1), LEA, Change.OFF)])


def test_a_company_is_counted_from_its_accounts_and_events(product: Product) -> None:
    """Activation, reset by its owner and by an operator, in the weeks where they happened; another company in none."""
    lea = product.owner("lea@studio.example")
    company = lea.person.company_id
    kim = product.owner("kim@studio.example", company=company)
    product.owner("eve@other.example", company=product.company("Other"))
    product.clock.move(weeks=20)
    late = product.employee("tom@studio.example", name="Tom", company=company)
    product.clock.move(weeks=1)
    product.reset_by_operator(kim.person)
    product.clock.move(weeks=1)
    product.activate(late)
    product.clock.move(days=1)

    found = adoption.standing(product.session, company, now=product.now).counts

    assert adoption.WEEKS + 1 == len(found)
    assert [product.now, product.now - timedelta(weeks=1)] == [found[-1].at, found[-2].at]
    assert [(2, 2)] * 10 + [(2, 3), (1, 3), (2, 3)] == [(one.on, one.people) for one in found]


def test_who_was_deactivated_for_a_while_is_missing_then(product: Product) -> None:
    """Two people, one of them gone for a week."""
    kim = product.log_in(product.employee("kim@studio.example", name="Kim", role=Role.ADMIN))
    lea = product.owner(company=kim.me.person.company_id).person
    product.clock.move(hours=1)
    assert Accepted(None) == product.deactivate(kim, lea)
    product.clock.move(weeks=1)
    kim = product.log_in(kim.me.person)
    assert Accepted(None) == product.reactivate(kim, lea)
    product.clock.move(minutes=1)

    found = adoption.standing(product.session, lea.company_id, now=product.now + timedelta(weeks=1)).counts

    assert [(0, 1), (1, 2), (1, 2)] == [(one.on, one.people) for one in found[-3:]]


def test_what_was_refused_changed_nothing(product: Product) -> None:
    """A reset with a wrong code, of somebody who had nothing to reset."""
    lea = product.employee()
    product.clock.move(weeks=1)
    with writing(product.session):
        kind, wrong = EventKind.TWO_FACTOR_RESET, Refusal.WRONG_CODE
        record(product.session, kind, lea, now=product.now, visitor=STRANGER, refusal=wrong)
    product.clock.move(weeks=1)

    assert [0, 0, 0] == [
        one.on for one in adoption.standing(product.session, lea.company_id, now=product.now).counts[-3:]
    ]


def test_off_and_on_again_at_once_is_told_in_its_order(product: Product) -> None:
    """Before both it was on."""
    kim = product.owner()
    product.clock.move(weeks=2)
    product.reset_by_operator(kim.person)
    product.activate(kim.person)
    product.clock.move(weeks=1)

    later = product.now + timedelta(hours=1)
    found = adoption.standing(product.session, kim.person.company_id, now=later).counts

    assert [1, 1, 1] == [one.on for one in found[-3:]]


def _ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


def _past(members: list[Member], changes: list[adoption.Dated]) -> list[tuple[int, int]]:
    """Today, a week ago, two weeks ago: on, of how many."""
    found = adoption.past(members, changes, [_ago(0), _ago(7), _ago(14)])
    assert [Count(_ago(days), one.on, one.people) for days, one in zip((0, 7, 14), found, strict=True)] == list(found)
    return [(one.on, one.people) for one in found]

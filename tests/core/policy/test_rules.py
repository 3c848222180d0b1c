"""Deadlines of a policy, and the day after a wipe."""

from datetime import UTC, date, datetime, timedelta

import pytest

from webapp.core.accounts.rules import Requirement
from webapp.core.policy import rules
from webapp.core.policy.rules import Duty, Obligation

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TWO_WEEKS = Requirement(NOON, 14 * DAY)


def test_the_deadline_is_the_requirement_and_its_grace() -> None:
    """Counted from when it was required of this person."""
    until = rules.deadline(TWO_WEEKS, exempt_until=None, was_off_since=False)

    assert NOON + 14 * DAY == until


def test_whoever_switched_it_off_again_has_no_grace() -> None:
    """A reset every two weeks would be a way around the policy."""
    assert NOON == rules.deadline(TWO_WEEKS, exempt_until=None, was_off_since=True)


@pytest.mark.parametrize(("days", "was_off", "expected"), [(30, False, 30), (3, False, 14), (3, True, 3)])
def test_an_exemption_only_ever_lengthens(days: int, was_off: bool, expected: int) -> None:
    """The later of the two counts, after a reset as well."""
    until = rules.deadline(TWO_WEEKS, exempt_until=NOON + days * DAY, was_off_since=was_off)

    assert NOON + expected * DAY == until


def test_at_the_deadline_itself_nothing_else_is_open() -> None:
    """Until then there is grace."""
    just_before = rules.of_policy(NOON, now=NOON - timedelta(microseconds=1))

    assert (Duty.GRACE, False) == (just_before.duty, just_before.must_activate)
    assert (Duty.OVERDUE, True) == ((at := rules.of_policy(NOON, now=NOON)).duty, at.must_activate)


@pytest.mark.parametrize(("left", "days"), [(timedelta(), 0), (timedelta(seconds=1), 1), (DAY, 1), (DAY * 1.01, 2)])
def test_a_day_that_has_begun_is_a_day_left(left: timedelta, days: int) -> None:
    """So the last one is told as one day, not as none."""
    assert days == Obligation(Duty.GRACE, NOON + left).days_left(NOON)


def test_after_a_wipe_the_password_alone_is_enough_for_a_day() -> None:
    """It leads to activation and nowhere else."""
    bound = rules.of_wipe(NOON)

    assert (Duty.WIPED, NOON + DAY, True) == (bound.duty, bound.until, bound.must_activate)
    assert not rules.wipe_is_over(NOON, now=NOON + DAY - timedelta(microseconds=1))
    assert rules.wipe_is_over(NOON, now=NOON + DAY)
    assert not rules.wipe_is_over(None, now=NOON)


def test_a_grace_has_0_to_90_days() -> None:
    """Both included."""
    assert [False, True, True, False] == [rules.is_grace(days) for days in (-1, 0, 90, 91)]


def test_an_exemption_ends_in_the_future_and_within_a_year() -> None:
    """A leap year has 366 days, and the last of them still counts."""
    year = timedelta(days=366)

    assert [False, True] == [rules.is_exemption(NOON + left, now=NOON) for left in (timedelta(), timedelta(seconds=1))]
    assert [True, False] == [
        rules.is_exemption(NOON + year + more, now=NOON) for more in (timedelta(), timedelta(seconds=1))
    ]


def test_a_day_ends_where_the_company_is() -> None:
    """Also where clocks are put forward on it."""
    assert datetime(2026, 3, 10, 23, tzinfo=UTC) == rules.end_of_day(date(2026, 3, 10), "Europe/Zurich")
    assert datetime(2026, 3, 29, 22, tzinfo=UTC) == rules.end_of_day(date(2026, 3, 29), "Europe/Zurich")
    assert datetime(2026, 3, 10, 10, tzinfo=UTC) == rules.end_of_day(date(2026, 3, 10), "Pacific/Kiritimati")

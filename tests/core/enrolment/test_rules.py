"""The one thing to do next, at every edge."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from webapp.core.enrolment.rules import Codes, NextStep, check_is_due, next_step

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def days(number: int) -> datetime:
    """So many days ago."""
    return NOW - timedelta(days=number)


FINE = Codes(left=8, made_at=days(100), checked_at=days(3))


def but(**other: object) -> Codes:
    """Codes in order, but for *other*."""
    return replace(FINE, **other)


@pytest.mark.parametrize(
    ("codes", "are_shown", "expected"),
    [
        (None, False, NextStep.SET_UP),
        (FINE, False, NextStep.NOTHING),
        # on the screen: nothing else matters before they are put away
        (FINE, True, NextStep.PUT_CODES_AWAY),
        (but(checked_at=None), True, NextStep.PUT_CODES_AWAY),
        (but(left=0), True, NextStep.PUT_CODES_AWAY),
        # how many are left
        (but(left=0), False, NextStep.NEW_CODES_NONE_LEFT),
        (but(left=0, made_at=days(400), checked_at=None), False, NextStep.NEW_CODES_NONE_LEFT),
        (but(left=1), False, NextStep.NEW_CODES_FEW),
        (but(left=3), False, NextStep.NEW_CODES_FEW),
        (but(left=3, made_at=days(400), checked_at=None), False, NextStep.NEW_CODES_FEW),
        (but(left=4), False, NextStep.NOTHING),
        # how old they are
        (but(made_at=days(365)), False, NextStep.NEW_CODES_OLD),
        (but(made_at=days(365), checked_at=None), False, NextStep.NEW_CODES_OLD),
        (but(made_at=days(365) + SECOND), False, NextStep.NOTHING),
        # when they were checked
        (but(checked_at=None), False, NextStep.CHECK_CODES),
        (but(checked_at=days(28)), False, NextStep.CHECK_CODES),
        (but(checked_at=days(28) + SECOND), False, NextStep.NOTHING),
        (but(checked_at=NOW), False, NextStep.NOTHING),
    ],
)
def test_the_most_urgent_thing_and_no_other(codes: Codes | None, are_shown: bool, expected: NextStep) -> None:
    """In the order of the enum."""
    assert expected is next_step(codes, are_shown=are_shown, now=NOW)


def test_every_step_can_be_reached() -> None:
    """The table above has them all, but for a freeze, which comes before everything."""
    (mark,) = [one for one in test_the_most_urgent_thing_and_no_other.pytestmark if one.name == "parametrize"]

    assert set(NextStep) - {NextStep.LIFT_FREEZE} == {case[2] for case in mark.args[1]}


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (but(checked_at=None), True),
        (but(checked_at=None, left=0), False),
        (but(checked_at=days(28), left=1), True),
        (but(checked_at=days(28), left=0), False),
        (but(checked_at=days(28) + SECOND), False),
    ],
)
def test_a_check_is_due_after_four_weeks_and_never_for_none(codes: Codes, expected: bool) -> None:
    """Asking for what is not there helps nobody."""
    assert expected is check_is_due(codes, now=NOW)


def test_a_clock_set_back_asks_for_nothing_new() -> None:
    """A check of tomorrow still counts."""
    assert not check_is_due(but(checked_at=NOW + timedelta(days=1)), now=NOW)


@pytest.mark.parametrize("codes", [None, FINE, but(left=0)])
@pytest.mark.parametrize("are_shown", [False, True])
def test_a_freeze_comes_first(codes: Codes | None, are_shown: bool) -> None:
    """Nothing else can be done before it is lifted."""
    assert NextStep.LIFT_FREEZE is next_step(codes, are_shown=are_shown, is_frozen=True, now=NOW)

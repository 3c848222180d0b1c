"""Whether somebody must switch two-factor authentication on, and until when they may wait.

Two reasons: the company requires it, or Support has taken the second factor away. Deadlines are computed whenever they
are asked for and stored nowhere, so a stricter policy acts at once.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from webapp.core.accounts.rules import Requirement

WIPE_LIFE = timedelta(hours=24)
"""For how long the password alone logs in after Support took the second factor away; then Support is asked again."""


MOST_GRACE_DAYS = 90
MAX_REASON_LENGTH = 200
LONGEST_EXEMPTION = timedelta(days=366)


class Duty(StrEnum):
    """How much somebody must switch it on now."""

    NONE = "none"
    GRACE = "grace"
    OVERDUE = "overdue"
    WIPED = "wiped"


@dataclass(frozen=True, slots=True)
class Obligation:
    """*until* the deadline: in the grace of the policy, after a wipe of the log-in by the password alone."""

    duty: Duty
    until: datetime | None = None

    @property
    def must_activate(self) -> bool:
        """Whether nothing else is open before it is on."""
        return self.duty in (Duty.OVERDUE, Duty.WIPED)

    def days_left(self, now: datetime) -> int:
        """Days that are left in the grace, the one that has begun included."""
        return -(-(self.until - now) // timedelta(days=1)) if self.until is not None and now < self.until else 0


def deadline(requirement: Requirement, *, exempt_until: datetime | None, was_off_since: bool) -> datetime:
    """From when on nothing is open to somebody whose two-factor authentication is off.

    *was_off_since*: it was on, and switched off after it was required. Whoever has shown that they can gets no grace
    again, or a reset every two weeks would be a way around the policy.
    """
    own = requirement.since if was_off_since else requirement.since + requirement.grace
    return max(own, exempt_until) if exempt_until is not None else own


def is_grace(days: int) -> bool:
    """Whether a company may give so many days of grace."""
    return 0 <= days <= MOST_GRACE_DAYS


def end_of_day(day: date, zone: str) -> datetime:
    """The first moment after *day* in the time zone *zone*. *day* is before the last of the calendar."""
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(zone)).astimezone(UTC)


def is_exemption(until: datetime, *, now: datetime) -> bool:
    """Whether an exemption may end then: it has a day to run, and no more than a year."""
    return now < until <= now + LONGEST_EXEMPTION


def of_wipe(wiped_at: datetime) -> Obligation:
    """What somebody must whose second factor Support has taken away."""
    return Obligation(Duty.WIPED, wiped_at + WIPE_LIFE)


def of_policy(until: datetime, *, now: datetime) -> Obligation:
    """What somebody must who has a deadline."""
    return Obligation(Duty.GRACE if now < until else Duty.OVERDUE, until)


def wipe_is_over(wiped_at: datetime | None, *, now: datetime) -> bool:
    """Whether the password alone logs in no more after a wipe."""
    return wiped_at is not None and now >= wiped_at + WIPE_LIFE

"""How many wrong guesses are borne, and until when to wait after too many.

Sliding windows over the times of the failures themselves: no fixed window's edge to straddle. Knows nothing of
who guesses or at what; the flows do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class GuessKind(StrEnum):
    """What is being guessed. One counter a kind, whatever page the guess comes from."""

    PASSWORD = "password"
    TOTP = "totp"
    BACKUP_CODE = "backup_code"
    SETUP = "setup"
    REPAIR = "repair"


@dataclass(frozen=True, slots=True)
class Limit:
    failures: int
    window_s: int


LIMITS = (Limit(5, 5 * 60), Limit(20, 60 * 60), Limit(50, 24 * 60 * 60))
LONGEST_WINDOW_S = max(limit.window_s for limit in LIMITS)
MAX_FAILURES = 100
"""Consecutive failures after which a factor is closed for good for this budget (NIST SP 800-63B-4 §3.2.2)."""

CLOSING_KINDS = frozenset({GuessKind.TOTP, GuessKind.BACKUP_CODE})
"""The kinds that close at ``MAX_FAILURES``. A password only delays: whoever knows an address could close it."""


def blocked_until(failures_at_s: Sequence[int], now_s: int) -> int | None:
    """The second from which a next guess is allowed, or None where it is allowed now.

    *failures_at_s* in seconds since 1970, ascending. A failure in the future (a clock set back) counts.
    """
    opens_at_s = [
        failures_at_s[-limit.failures] + limit.window_s for limit in LIMITS if len(failures_at_s) >= limit.failures
    ]
    latest = max(opens_at_s, default=now_s)
    return latest if latest > now_s else None


def guesses_left(failures_at_s: Sequence[int], now_s: int) -> int:
    """How many more wrong guesses are borne before the next pause; 0 where that pause is on."""
    return min(
        max(0, limit.failures - sum(1 for at_s in failures_at_s if at_s > now_s - limit.window_s)) for limit in LIMITS
    )


def guesses_before_closing(kind: GuessKind, in_a_row: int) -> int | None:
    """How many more wrong guesses close the factor for good; None where it never closes."""
    return max(0, MAX_FAILURES - in_a_row) if kind in CLOSING_KINDS else None


def pause_ahead_s(failures_at_s: Sequence[int], now_s: int) -> int:
    """How long the next pause would last if all guesses that are left failed now, in seconds."""
    all_failed = [*failures_at_s, *[now_s] * guesses_left(failures_at_s, now_s)]
    return (blocked_until(all_failed, now_s) or now_s) - now_s


def kept(failures_at_s: Sequence[int], now_s: int) -> list[int]:
    """The failures that can still matter to a window, oldest first."""
    recent = [at_s for at_s in failures_at_s if at_s > now_s - LONGEST_WINDOW_S]
    return recent[-max(limit.failures for limit in LIMITS) :]

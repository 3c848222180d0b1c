"""The product's time. Flows take ``now`` as an argument; only wiring asks a clock, so tests move it by hand."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the time as an aware datetime in UTC."""


def system_clock() -> datetime:
    """Now, from the server's own clock: a client never supplies time (ASVS 6.5.8)."""
    return datetime.now(UTC)

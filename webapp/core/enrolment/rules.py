"""What somebody should do next, so that they could still log in if their phone were gone: one thing, or nothing.

The one place for when backup codes are few, old, or due for a look; pages only say it in words.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from webapp.core.factors.backup_codes.rules import FEW

CODES_ARE_OLD_AFTER = timedelta(days=365)
CHECK_EVERY = timedelta(days=28)


class NextStep(StrEnum):
    """The one thing to do, most urgent first."""

    LIFT_FREEZE = "lift_freeze"
    SET_UP = "set_up"
    PUT_CODES_AWAY = "put_codes_away"
    NEW_CODES_NONE_LEFT = "new_codes_none_left"
    NEW_CODES_FEW = "new_codes_few"
    NEW_CODES_OLD = "new_codes_old"
    CHECK_CODES = "check_codes"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Codes:
    """Backup codes of somebody whose two-factor authentication is on: *left* of them, and the times of their set.

    *checked_at* None where nobody has shown yet that they were saved.
    """

    left: int
    made_at: datetime
    checked_at: datetime | None


def next_step(codes: Codes | None, *, are_shown: bool, is_frozen: bool = False, now: datetime) -> NextStep:
    """What to do next. *codes* None while two-factor authentication is off; *are_shown* while they can be seen."""
    if is_frozen:
        return NextStep.LIFT_FREEZE
    if codes is None:
        return NextStep.SET_UP
    if are_shown:
        return NextStep.PUT_CODES_AWAY
    if codes.left == 0:
        return NextStep.NEW_CODES_NONE_LEFT
    if codes.left <= FEW:
        return NextStep.NEW_CODES_FEW
    if now >= codes.made_at + CODES_ARE_OLD_AFTER:
        return NextStep.NEW_CODES_OLD
    return NextStep.CHECK_CODES if check_is_due(codes, now=now) else NextStep.NOTHING


def check_is_due(codes: Codes, *, now: datetime) -> bool:
    """Whether to ask for a look at the codes: at once for a new set, four weeks after the last one, never for none."""
    if codes.left == 0:
        return False
    return codes.checked_at is None or now >= codes.checked_at + CHECK_EVERY

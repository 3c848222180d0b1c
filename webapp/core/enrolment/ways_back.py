"""How somebody could log in if their phone were gone, and the one thing to do about it. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.enrolment import new_codes, rules
from webapp.core.enrolment.rules import Codes, NextStep
from webapp.core.enrolment.state import State, state
from webapp.core.freezes import flows as freezes
from webapp.core.sealing import Keyring
from webapp.core.sessions.flows import SignedIn


@dataclass(frozen=True, slots=True)
class WaysBack:
    """*two_factor* None while it is off. *frozen_since* the event that the owner disputes, else None. *codes_until*
    while new codes can be seen by the session that asks; *counts_until* while its log-in by the last backup code stands
    in for a code."""

    two_factor: State | None
    frozen_since: datetime | None
    codes_until: datetime | None
    counts_until: datetime | None
    next_step: NextStep


def ways_back(session: Session, keyring: Keyring, me: SignedIn, *, token: str, now: datetime) -> WaysBack:
    """What *me* has. *token* the session's raw one, under which new codes may be shown. Four statements at most."""
    two_factor = state(session, me.person.id)
    frozen_since = freezes.trusted_before(session, me.person.id)
    is_frozen = frozen_since is not None
    if two_factor is None:
        step = rules.next_step(None, are_shown=False, is_frozen=is_frozen, now=now)
        return WaysBack(None, frozen_since, None, None, step)
    shown = new_codes.shown(session, keyring, me, token=token, now=now)
    codes = Codes(two_factor.codes_left, two_factor.codes_made_at, two_factor.codes_checked_at)
    counts = two_factor.codes_left == 0 and me.last_code_counts(now)
    return WaysBack(
        two_factor=two_factor,
        frozen_since=frozen_since,
        codes_until=shown.until if shown else None,
        counts_until=me.last_code_counts_until if counts else None,
        next_step=rules.next_step(codes, are_shown=shown is not None, is_frozen=is_frozen, now=now),
    )

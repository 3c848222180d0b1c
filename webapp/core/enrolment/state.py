"""How two-factor authentication of one person stands, for pages and commands. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.core.database import EmployeeId
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.factors.totp import flows as totp
from webapp.core.factors.totp.flows import App


@dataclass(frozen=True, slots=True)
class State:
    """Two-factor authentication of one person while it is on. *apps* are one or two, oldest first."""

    activated_at: datetime
    apps: tuple[App, ...]
    codes_left: int
    codes_made_at: datetime
    codes_checked_at: datetime | None

    @property
    def last_used_at(self) -> datetime:
        """When a code of any app was used last."""
        return max(app.last_used_at for app in self.apps)


def state(session: Session, employee_id: EmployeeId) -> State | None:
    """How two-factor authentication stands, or None while it is off."""
    apps = totp.state(session, employee_id)
    if apps is None:
        return None
    codes = backup_codes.state(session, employee_id)
    left, made_at = (codes.left, codes.made_at) if codes else (0, apps.activated_at)
    return State(apps.activated_at, apps.apps, left, made_at, codes.checked_at if codes else None)

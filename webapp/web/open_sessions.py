"""One's open sessions in words: for the card of the Security tab, the whole list, and the page that ends one."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from webapp.core.database import SessionId
from webapp.core.sessions.listing import OpenSession, open_sessions
from webapp.web import formats
from webapp.web.identity import me
from webapp.web.parts import db, now, parts

SMALL_SCREENS = ("iPhone", "Android")


@dataclass(frozen=True, slots=True)
class Listed:
    """A session as a page shows it. *name* tells it apart from every other one on the page."""

    id: SessionId
    words: str
    name: str
    address: str
    started_at: datetime
    last_seen_at: datetime
    is_this: bool
    is_idle: bool
    sign: str


@dataclass(frozen=True, slots=True)
class Sessions:
    """The first of one's open sessions, and how many there are in all."""

    rows: tuple[Listed, ...]
    total: int


def list_sessions(*, most: int) -> Sessions:
    """This session, then those seen last."""
    found = open_sessions(db(), me(), most=most, limits=parts().limits, now=now())
    return Sessions(
        tuple(listed(row, name) for row, name in zip(found.rows, _names(found.rows), strict=True)), found.total
    )


def listed(row: OpenSession, name: str = "") -> Listed:
    words = formats.device(row.user_agent)
    return Listed(
        id=row.id,
        words=words,
        name=name or words,
        address=formats.short_address(row.address),
        started_at=row.started_at,
        last_seen_at=row.last_seen_at,
        is_this=row.id == me().session_id,
        is_idle=row.is_idle,
        sign="smartphone" if words.endswith(SMALL_SCREENS) else "monitor",
    )


def _names(rows: tuple[OpenSession, ...]) -> list[str]:
    """ "Safari on iPhone"; with the time of the log-in, and then a number, where several would have the same name."""
    names = [formats.device(row.user_agent) for row in rows]
    times = [formats.when_text(row.started_at) for row in rows]
    names = [f"{name}, {time}" if names.count(name) > 1 else name for name, time in zip(names, times, strict=True)]
    seen: Counter[str] = Counter()
    for at, name in enumerate(names):
        seen[name] += 1
        names[at] = f"{name} ({seen[name]})" if seen[name] > 1 else name
    return names

"""Links in mails that act once: made with the event, found by what a mail holds, used up, made void.

A link is a random seed and a signature of the keyring over it. The database keeps the seed's digest; the seed itself
stands in the outbox until the mail is sent, and is worth nothing without the signature, which is made only then. So a
stolen database opens no link, and neither does a row that somebody wrote into it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from webapp.core.database import EmployeeId, changed_rows, writing
from webapp.core.links.rules import LIFE, LinkKind
from webapp.core.links.tables import MailLink
from webapp.core.sealing import Keyring
from webapp.core.tokens import new_token, token_hash

RETENTION = timedelta(days=30)
"""For how long a link that works no more is kept, so that a late click is told why."""

JUST_NOW = timedelta(minutes=10)
USED = "used"


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was once mailed. *end_reason* "" while it works."""

    id: int
    kind: LinkKind
    employee_id: EmployeeId
    facts: dict[str, Any]
    made_at: datetime
    ended_at: datetime | None
    end_reason: str

    def is_live(self, now: datetime) -> bool:
        """Whether it still acts: neither used nor void, and within its time."""
        return self.ended_at is None and now < self.made_at + LIFE[self.kind]

    @property
    def was_used(self) -> bool:
        return self.end_reason == USED

    def was_just_used(self, now: datetime) -> bool:
        """Whether it acted a moment ago, so that its page can say what is done now."""
        return self.was_used and self.ended_at is not None and now < self.ended_at + JUST_NOW


def make(session: Session, kind: LinkKind, *, employee_id: EmployeeId, now: datetime, **facts: object) -> str:
    """A new link's seed, for the facts of the mail that is to hold it. Joins the caller's transaction."""
    with writing(session):
        seed = new_token()
        session.add(
            MailLink(
                kind=kind,
                seed_hash=token_hash(seed),
                employee_id=employee_id,
                facts=facts,
                made_at=now,
                ended_at=None,
            )
        )
        return seed


def token(keyring: Keyring, kind: LinkKind, seed: str) -> str:
    """What stands in the address: *seed* and the signature over it. Call it where the mail is written, not before."""
    return f"{seed}.{keyring.signature(seed, purpose=_purpose(kind))}"


def find(session: Session, keyring: Keyring, kind: LinkKind, text: str) -> Link | None:
    """The link of *kind* that *text* is the token of, whether it still acts or not; None for anything else."""
    seed, _, signature = text.partition(".")
    if not keyring.has_signed(seed, signature, purpose=_purpose(kind)):
        return None
    row = session.scalar(select(MailLink).where(MailLink.seed_hash == token_hash(seed), MailLink.kind == kind))
    return _as_link(row) if row else None


def use(session: Session, link: Link, *, now: datetime) -> bool:
    """Use *link* up. False where it acts no more: one conditional UPDATE decides, whoever clicks at once."""
    with writing(session):
        used = session.execute(
            update(MailLink)
            .where(MailLink.id == link.id, MailLink.ended_at.is_(None), MailLink.made_at > now - LIFE[link.kind])
            .values(ended_at=now, end_reason=USED)
        )
        return changed_rows(used) == 1


def void(
    session: Session,
    employee_id: EmployeeId,
    kinds: Collection[LinkKind],
    *,
    but_made_at: Collection[datetime] = (),
    reason: str,
    now: datetime,
) -> None:
    """End every link of these *kinds* that one person still has, all but those of the moments *but_made_at*."""
    mine = (MailLink.employee_id == employee_id) & MailLink.kind.in_(kinds) & MailLink.ended_at.is_(None)
    with writing(session):
        session.execute(
            update(MailLink).where(mine, MailLink.made_at.not_in(but_made_at)).values(ended_at=now, end_reason=reason)
        )


def facts_since(
    session: Session, employee_id: EmployeeId, kind: LinkKind, *, since: datetime
) -> Sequence[dict[str, Any]]:
    """What the links of *kind* that one person was mailed after *since* are about."""
    query = select(MailLink.facts)
    return session.scalars(
        query.where(MailLink.employee_id == employee_id, MailLink.kind == kind, MailLink.made_at > since)
    ).all()


def opens_at(
    session: Session, employee_id: EmployeeId, kind: LinkKind, *, most: int, within: timedelta, now: datetime
) -> datetime | None:
    """When one person may be mailed another link of *kind*, at *most* so many *within* that time; None for now."""
    newest = (
        select(MailLink.made_at)
        .where(MailLink.employee_id == employee_id, MailLink.kind == kind, MailLink.made_at > now - within)
        .order_by(MailLink.made_at.desc())
        .limit(most)
    )
    times = session.scalars(newest).all()
    return times[-1] + within if len(times) == most else None


def newest(session: Session, employee_id: EmployeeId, kind: LinkKind) -> Link | None:
    """The last link of *kind* that was made for one person, whether it still acts or not."""
    query = select(MailLink).where(MailLink.employee_id == employee_id, MailLink.kind == kind)
    row = session.scalar(query.order_by(MailLink.id.desc()).limit(1))
    return _as_link(row) if row else None


def purge(session: Session, *, now: datetime) -> int:
    """Delete links that have not acted for a month; how many."""
    over = [(MailLink.kind == kind) & (MailLink.made_at <= now - RETENTION - life) for kind, life in LIFE.items()]
    with writing(session):
        return changed_rows(session.execute(delete(MailLink).where(or_(*over))))


def _as_link(row: MailLink) -> Link:
    return Link(
        row.id,
        LinkKind(row.kind),
        EmployeeId(row.employee_id),
        row.facts,
        row.made_at,
        row.ended_at,
        row.end_reason,
    )


def _purpose(kind: LinkKind) -> str:
    return f"link|{kind}"

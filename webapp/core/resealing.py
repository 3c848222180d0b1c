"""Re-sealing a table under the keyring's newest key: a batch at a time, while people log in.

Each batch is one transaction; killed between two, the next run goes on with what still carries an older key. Whoever
reads a row meanwhile finds a box that opens, under the old key or the new one. Features call it for their tables.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.core.database import writing
from webapp.core.sealing import CannotOpenError, Context, Keyring, Sealed

BATCH = 200


@dataclass(frozen=True, slots=True)
class Resealed:
    """*done* boxes carry the newest key now; *unopened* are the employees with one that no key of the ring opens."""

    done: int
    unopened: tuple[int, ...]


def reseal(
    session: Session,
    keyring: Keyring,
    row_id: InstrumentedAttribute[int],
    owner_id: InstrumentedAttribute[int],
    key_id: InstrumentedAttribute[str],
    box: InstrumentedAttribute[bytes],
    *,
    context: Callable[[int], Context],
) -> Resealed:
    """Re-seal every box of one table. *row_id* names a row; *context* is made of *owner_id*, the employee's id.

    The two are one column where there is one row a person.
    """
    done, unopened, after = 0, list[int](), 0
    while True:
        with writing(session):
            rows = session.execute(
                select(row_id.label("row"), owner_id.label("owner"), key_id, box)
                .where(row_id > after, key_id != keyring.newest_id)
                .order_by(row_id)
                .limit(BATCH)
                .with_for_update()
            ).all()
            for row, owner, old_key, old_box in rows:
                try:
                    plain = keyring.open(Sealed(old_key, old_box), context(owner))
                except CannotOpenError:
                    unopened.append(owner)
                    continue
                sealed = keyring.seal(plain, context(owner))
                values: dict[Any, Any] = {key_id: sealed.key_id, box: sealed.box}
                session.execute(update(row_id.class_).where(row_id == row).values(values))
                done += 1
        if not rows:
            return Resealed(done, tuple(unopened))
        after = rows[-1][0]

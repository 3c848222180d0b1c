"""The stored set: what a typed code is compared with."""

from datetime import timedelta

from sqlalchemy.orm import Session

from tests.core.people import Product
from webapp.core.factors.backup_codes import flows as backup_codes


def test_a_set_that_was_made_then_or_later_can_be_left_out(product: Product, session: Session) -> None:
    """For whom only earlier codes count."""
    owner = product.activate(product.employee())
    made_at = product.now

    looked_up = [
        backup_codes.lookup(session, owner.person.id, before=before)
        for before in (None, made_at, made_at + timedelta(seconds=1))
    ]

    assert [True, False, True] == [one is not None for one in looked_up]

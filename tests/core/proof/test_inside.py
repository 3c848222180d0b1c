"""A code before a change inside a session, and what stands in for one."""

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.core.people import Product, visitor
from webapp.core.outcomes import Refusal, Refused
from webapp.core.proof import inside
from webapp.core.sessions import flows as sessions


def test_what_was_switched_on_meanwhile_takes_a_code(product: Product, engine: Engine) -> None:
    """While this request does its slow work another tab activates: the recent log-in is no longer enough."""
    person = product.employee()
    seat = product.log_in(person)
    done = []

    def another_tab() -> None:
        with Session(engine, expire_on_commit=False) as session:
            product.beside(session).activate(person, seat)

    by = visitor(seat.browser)
    asked = inside.question(
        product.session, seat.me, "test", another_tab, sessions.still_open, now=product.now, visitor=by
    )
    outcome = inside.with_proof_where_on(
        product.session, product.keyring, seat.me, asked, None, now=product.now, then=done.append
    )

    assert Refused(Refusal.MALFORMED) == outcome
    assert [] == done

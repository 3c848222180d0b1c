"""Writing down what happened, and reading it back."""

import pytest
from sqlalchemy.orm import Session

from tests.core.people import Product
from webapp.core.audit import flows as audit
from webapp.core.audit.rules import EventKind
from webapp.core.database import writing
from webapp.core.outcomes import Refusal
from webapp.core.visitor import Visitor


def test_an_event_says_who_what_when_and_from_where(product: Product, session: Session, visitor: Visitor) -> None:
    """Address and browser of the visitor are in every row."""
    person = product.employee(password=None)
    with writing(session):
        audit.record(
            session,
            EventKind.SECOND_FACTOR_CHECKED,
            now=product.now,
            visitor=visitor,
            employee_id=person.id,
            company_id=person.company_id,
            refusal=Refusal.WRONG_CODE,
            factor="totp",
            details={"purpose": "reset"},
        )

    event = audit.recent(session, person.id, kinds=[EventKind.SECOND_FACTOR_CHECKED], most=5)[0]

    assert ("refused", "wrong_code", "totp") == (event.outcome, event.reason, event.factor)
    assert (product.now, visitor.address, visitor.user_agent) == (event.at, event.address, event.user_agent)
    assert {"purpose": "reset"} == event.details


def test_undeclared_details_stop_the_flow(product: Product, session: Session, visitor: Visitor) -> None:
    """A bug that would write a code into the audit rolls everything back."""
    with pytest.raises(ValueError, match="token"), writing(session):
        audit.record(session, EventKind.LOGGED_IN, now=product.now, visitor=visitor, details={"token": "x"})

    assert [] == product.audit()


def test_long_browser_names_are_cut(product: Product, session: Session) -> None:
    """The column's width is no way to a failure."""
    person = product.employee(password=None)
    with writing(session):
        audit.record(
            session,
            EventKind.LOGGED_IN,
            now=product.now,
            visitor=Visitor("a" * 1000, "b" * 10_000),
            employee_id=person.id,
        )

    event = audit.recent(session, person.id, kinds=[EventKind.LOGGED_IN], most=1)[0]

    assert (64, 256) == (len(event.address), len(event.user_agent))


def test_recent_events_are_ones_own_and_the_newest_first(product: Product) -> None:
    """Nobody reads another's log-ins."""
    lea, kim = product.employee(), product.employee("kim@studio.example")
    for person in (lea, kim, lea, kim, lea):
        product.log_in(person)
        product.clock.move(minutes=1)

    events = audit.recent(product.session, lea.id, kinds=[EventKind.LOGGED_IN], most=2)

    assert 2 == len(events)
    assert events[0].at > events[1].at
    assert {lea.id} == {row.employee_id for row in product.audit() if row.id in {event.id for event in events}}

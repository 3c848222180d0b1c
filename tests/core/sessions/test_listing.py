"""What a person sees of their own open sessions."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, event

from tests.core.people import LIMITS, Product
from webapp.core.accounts.flows import Person
from webapp.core.database import SessionId
from webapp.core.outcomes import Refusal, Refused
from webapp.core.sessions import flows as sessions
from webapp.core.sessions import listing
from webapp.core.sessions.listing import OpenSession


@pytest.fixture
def lea(product: Product) -> Person:
    return product.employee()


def test_one_s_own_comes_first_then_those_seen_last(product: Product, lea: Person) -> None:
    """However long ago one was here oneself."""
    here = product.log_in(lea)
    early, late = product.log_in(lea), product.log_in(lea)
    product.clock.move(minutes=5)
    sessions.touch(product.session, early.me, now=product.now)

    found = product.open_sessions(here)

    assert [here.me.session_id, early.me.session_id, late.me.session_id] == [row.id for row in found.rows]
    assert 3 == found.total


def test_it_tells_where_it_began_and_when_it_was_seen(product: Product, lea: Person) -> None:
    """Address and browser are those of the log-in."""
    here = product.log_in(lea)
    began = product.now
    product.clock.move(minutes=5)
    sessions.touch(product.session, here.me, now=product.now)

    (row,) = product.open_sessions(here).rows

    assert ("192.0.2.7", "Firefox on Linux") == (row.address, row.user_agent)
    assert (began, product.now) == (row.started_at, row.last_seen_at)


def test_what_waits_for_the_password_is_listed_and_what_is_over_is_not(product: Product, lea: Person) -> None:
    """An hour without a request can be resumed; log-out and the end of the day can't."""
    ended = product.log_in(lea)
    product.log_out(ended)
    product.log_in(lea)  # over in a minute: a day old
    product.clock.move(hours=23)
    idle = product.log_in(lea)
    product.clock.move(hours=1)
    here = product.log_in(lea)

    found = product.open_sessions(here)

    assert [(here.me.session_id, False), (idle.me.session_id, True)] == [(row.id, row.is_idle) for row in found.rows]
    assert 2 == found.total


def test_nobody_else_s_are_listed(product: Product, lea: Person) -> None:
    """A colleague's as little as a stranger's."""
    here = product.log_in(lea)
    product.log_in(product.employee("kim@studio.example", company=lea.company_id))

    assert 1 == product.open_sessions(here).total


def test_many_sessions_cost_one_statement_and_are_counted(product: Product, engine: Engine, lea: Person) -> None:
    """The Security tab shows a few of however many."""
    here = product.log_in(lea)
    for _ in range(12):
        product.log_in(lea)
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _u, text, *_: statements.append(text))

    found = product.open_sessions(here, most=5)

    assert (5, 13) == (len(found.rows), found.total)
    assert 1 == len([text for text in statements if "SELECT" in text])


def test_another_session_is_found_only_where_it_is_one_s_own_and_open(product: Product, lea: Person) -> None:
    """Somebody else's is refused as if there were none."""
    here, there, gone = product.log_in(lea), product.log_in(lea), product.log_in(lea)
    kims = product.log_in(product.employee("kim@studio.example", company=lea.company_id))
    product.log_out(gone)

    def other(which: int) -> OpenSession | Refused:
        return listing.other(product.session, here.me, SessionId(which), limits=LIMITS, now=product.now)

    found = other(there.me.session_id)
    assert isinstance(found, OpenSession)
    assert there.me.session_id == found.id
    unknown = [other(which) for which in (here.me.session_id, kims.me.session_id, 4711)]
    assert [Refused(Refusal.SESSION_UNKNOWN)] * 3 == unknown
    assert Refused(Refusal.SESSION_ENDED_BEFORE) == other(gone.me.session_id)
    product.clock.now = there.me.started_at + timedelta(hours=24)
    assert Refused(Refusal.SESSION_ENDED_BEFORE) == other(there.me.session_id)

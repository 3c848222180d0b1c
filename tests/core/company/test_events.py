"""What the administrators of a company see of its security events, and what they don't."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from tests.core.people import STRANGER, Clock, Product
from webapp.core.accounts.about import record
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.audit.rules import EventKind
from webapp.core.company import events
from webapp.core.company.events import Actor, Filters, SecurityEvent
from webapp.core.database import writing
from webapp.core.outcomes import Refusal
from webapp.core.sealing import Keyring
from webapp.core.visitor import OPERATOR, SUPPORT, Visitor


def test_one_company_never_sees_the_events_of_another(product: Product) -> None:
    """Not in a page, an export, a search by name, nor under any filter; each sees all of its own."""
    ours, theirs = _admin(product, "Studio Nord"), _admin(product, "Atelier Süd")
    for admin in (ours, theirs):
        colleague = product.owner(f"lea@{admin.company_id}.example", company=admin.company_id)
        product.log_in(admin)
        product.half_way(colleague.person)

    for me, other in ((ours, theirs), (theirs, ours)):
        every = {event.id for event in product.audit() if event.company_id == me.company_id}
        assert every == {event.id for event in _export(product, me)}
        every |= {product.audit("audit:export")[-1].id}
        assert {event.id for event in _page(product, me)} <= every
        assert [] == _page(product, me, person=other.name)
        assert [] == _page(product, me, person=f"lea@{other.company_id}")
        for kind in EventKind:
            assert {event.id for event in _page(product, me, kinds=frozenset({kind}))} <= every
        page = _page(product, me)
        assert other.name not in {one.name for event in page for one in (event.person, event.by) if one}


def test_support_and_operators_have_no_name_and_no_place(product: Product) -> None:
    """“Support” and “Operator” is all a customer sees of them; colleagues are named."""
    me = _admin(product)
    colleague = product.employee("lea@studio.example", company=me.company_id)
    vendor = product.company("Vendor", is_vendor=True)
    agent = product.employee("sam@vendor.example", name="Sam Support", company=vendor, role=Role.SUPPORT)
    at_desk = Visitor("198.51.100.9", "Safari on a desk")
    for actor, visitor in ((agent, at_desk), (None, SUPPORT), (None, OPERATOR), (me, STRANGER), (None, STRANGER)):
        with writing(product.session):
            kind = EventKind.PASSWORD_CHANGED
            record(product.session, kind, colleague, now=product.now, visitor=visitor, actor=actor)

    themselves, by_me, operator, by_case, support = _page(product, me, kinds=frozenset({EventKind.PASSWORD_CHANGED}))

    assert [Actor.SELF, Actor.COLLEAGUE, Actor.OPERATOR, Actor.SUPPORT, Actor.SUPPORT] == [
        event.actor for event in (themselves, by_me, operator, by_case, support)
    ]
    assert by_me.by is not None
    assert (me.name, me.email) == (by_me.by.name, by_me.by.email)
    assert [None, None, None, None] == [event.by for event in (themselves, operator, by_case, support)]
    assert {("", "")} == {(event.address, event.user_agent) for event in (operator, by_case, support)}
    assert (STRANGER.address, STRANGER.user_agent) == (themselves.address, themselves.user_agent)
    assert {colleague.name} == {event.person.name for event in (themselves, by_me, operator, support) if event.person}


def test_what_an_event_carries_is_shown_by_name_only(product: Product) -> None:
    """Not the operator's ticket, reason and system user, not what an app is called, not whether a mail was owed."""
    me = _admin(product)
    owner = product.owner("lea@studio.example", company=me.company_id)
    product.second_phone(owner, "Lea's own tablet")
    product.ask_email(owner.seat, "new@studio.example", owner.phone.code(product.now))
    product.reset_by_operator(owner.person)

    seen = _export(product, me)

    kinds = {event.kind for event in seen}
    assert {
        EventKind.TWO_FACTOR_RESET_BY_OPERATOR,
        EventKind.AUTHENTICATOR_ADDED,
        EventKind.EMAIL_CHANGE_ASKED,
    } <= kinds
    assert {"purpose", "count"} == {key for event in seen for key in event.details}
    assert not [event for event in seen if "T-17" in repr(event) or "tablet" in repr(event) or "mara" in repr(event)]


def test_nobody_learns_whose_an_address_is(product: Product) -> None:
    """What is refused since another company has the address is not shown: absence of it says nothing."""
    me = _admin(product)
    with writing(product.session):
        kind, taken = EventKind.EMAIL_CHANGED, Refusal.EMAIL_TAKEN
        record(product.session, kind, me, now=product.now, visitor=STRANGER, refusal=taken)
        record(product.session, kind, me, now=product.now, visitor=STRANGER, refusal=Refusal.LINK_OVER)

    assert [Refusal.LINK_OVER] == [event.reason for event in _page(product, me, kinds=frozenset({kind}))]


def test_pages_go_on_from_an_event_whatever_happens_meanwhile(product: Product) -> None:
    """Forwards and back, each event once; new ones move nothing."""
    me = _admin(product)
    _note(product, me, 2 * events.PAGE_SIZE + 7)
    everything = [event.id for event in _export(product, me)]

    first = events.page(product.session, me, Filters(), before=None, after=None)
    _note(product, me, 3)
    second = events.page(product.session, me, Filters(), before=first.older, after=None)
    third = events.page(product.session, me, Filters(), before=second.older, after=None)
    back = events.page(product.session, me, Filters(), before=None, after=third.newer)
    newest = events.page(product.session, me, Filters(), before=None, after=back.newer)

    walked = [event.id for page in (first, second, third) for event in page.rows]
    assert everything == [an_id for an_id in walked if an_id in everything]
    assert len(set(walked)) == len(walked)
    assert (None, None) == (first.newer, third.older)
    assert second.rows == back.rows
    assert newest.newer is not None, "three events are newer than this page"


def test_a_day_is_the_companys_day(product: Product) -> None:
    """In Zurich the first half past midnight in summer is the evening before in UTC; both days are included."""
    me = _admin(product)
    product.clock.now = product.now.replace(month=7, day=1, hour=21, minute=59)
    _note(product, me, 1)
    product.clock.move(minutes=1)  # midnight in Zurich
    _note(product, me, 2)
    product.clock.move(hours=24)
    _note(product, me, 4)
    day = date(2026, 7, 2)

    assert 2 == len(_page(product, me, first_day=day, last_day=day))
    assert 3 == len(_page(product, me, first_day=date(2026, 7, 1), last_day=day))
    assert 6 == len(_page(product, me, first_day=day))
    assert [] == _page(product, me, first_day=day, last_day=date(2026, 7, 1))


def test_a_person_is_whose_it_is_or_who_did_it(product: Product) -> None:
    """What an administrator did to others is found by the administrator's name too."""
    me = _admin(product)
    colleague = product.employee("lea@studio.example", company=me.company_id)
    with writing(product.session):
        record(product.session, EventKind.PROFILE_CHANGED, colleague, now=product.now, visitor=STRANGER, actor=me)

    kinds = frozenset({EventKind.PROFILE_CHANGED})
    found = {
        search: len(_page(product, me, person=search, kinds=kinds)) for search in ("lea", "KIM studio", "zoe", "%")
    }

    assert {"lea": 1, "KIM studio": 1, "zoe": 0, "%": 0} == found


def test_an_export_is_an_event_with_its_size(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the administrator who made it; a long one says where the next begins."""
    me = _admin(product)
    _note(product, me, 5)
    monkeypatch.setattr(events, "MOST_EXPORTED", 3)

    first = _exported(product, me)
    second = _exported(product, me, before=first.older)

    assert [3, 3] == [len(first.rows), len(second.rows)]
    assert first.rows[-1].id == first.older
    assert first.rows[-1].id > second.rows[0].id
    noted = product.audit("audit:export")
    assert [{"rows": 3, "format": "csv"}, {"rows": 3, "format": "csv"}] == [event.details for event in noted]
    assert {(me.company_id, None, me.id)} == {(one.company_id, one.employee_id, one.actor_id) for one in noted}


def test_kinds_of_a_newer_version_are_left_out(product: Product) -> None:
    """Two versions serve side by side during an update: no page breaks for it."""
    me = _admin(product)
    _note(product, me, 1)
    product.audit()[-1].kind = "comet:sight"
    product.session.commit()

    assert "comet:sight" not in {event.kind for event in _page(product, me)}


@pytest.mark.parametrize("filters", [Filters(), Filters(person="kim"), Filters(kinds=frozenset({EventKind.LOGGED_IN}))])
def test_a_page_is_read_along_an_index(
    sqlite_uri: str, engine_at: Callable[[str], Engine], keyring: Keyring, clock: Clock, filters: Filters
) -> None:
    """Newest first as they stand in it: a page costs the same after years. PostgreSQL chooses by the size of tables."""
    engine = engine_at(sqlite_uri)
    with Session(engine, expire_on_commit=False) as session:
        product = Product(session, keyring, clock)
        me = _admin(product)
        asked: list[tuple[str, Any]] = []

        def note(_c: object, _cursor: object, text: str, given: Any, *_: object) -> None:
            asked.append((text, given))

        event.listen(engine, "before_cursor_execute", note)
        events.page(session, me, filters, before=10, after=None)
        event.remove(engine, "before_cursor_execute", note)
        text, given = next(one for one in asked if "FROM audit_events" in one[0])
        plan = [row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)]

    assert "ix_audit_events_company_id" in plan[0]
    assert not [step for step in plan if "TEMP B-TREE" in step or step.startswith("SCAN")]


def _admin(product: Product, company: str = "Studio Nord") -> Person:
    made = product.company(company)
    name, email = f"Kim of {company}", f"kim@{company.split()[0].casefold()}.example"
    return product.employee(email, name=name, company=made, role=Role.ADMIN)


def _note(product: Product, me: Person, number: int) -> None:
    with writing(product.session):
        for _ in range(number):
            record(product.session, EventKind.SESSION_RESUMED, me, now=product.now, visitor=STRANGER)


def _page(product: Product, me: Person, **filters: object) -> list[SecurityEvent]:
    return list(events.page(product.session, me, Filters(**filters), before=None, after=None).rows)


def _export(product: Product, me: Person) -> list[SecurityEvent]:
    return list(_exported(product, me).rows)


def _exported(product: Product, me: Person, *, before: int | None = None) -> events.Export:
    return events.export(
        product.session,
        me,
        Filters(),
        before=before,
        file_format="csv",
        now=product.now,
        visitor=STRANGER,
    )

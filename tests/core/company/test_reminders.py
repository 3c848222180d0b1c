"""Reminders by mail: to whom, how often, and under two administrators at once."""

from datetime import timedelta

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.people import STRANGER, Product
from tests.core.stored import count, dies_everywhere
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.company import reminders
from webapp.core.notices.flows import Notice
from webapp.core.notices.tables import OutboxMail
from webapp.core.outcomes import Accepted, Refusal, Refused


def test_those_without_get_one_mail_each(product: Product) -> None:
    """Not who has it on, who left, who has no password yet, or who works elsewhere; in the reader's language."""
    me = _admin(product)
    product.employee("lea@studio.example", name="Lea", company=me.company_id)
    gone = product.employee("gone@studio.example", name="Gone", company=me.company_id)
    product.employee("invited@studio.example", name="New", company=me.company_id, password=None)
    product.owner("on@studio.example", company=me.company_id)
    product.employee("eve@other.example", name="Eve", company=product.company("Other"))
    product.session.execute(text("UPDATE employees SET language = 'fr' WHERE email = 'lea@studio.example'"))
    product.session.execute(text(f"UPDATE employees SET is_active = false WHERE id = {gone.id}"))
    product.session.commit()

    assert Accepted(2) == _send(product, me)

    mails = _mails(product.session)
    assert ["kim@studio.example", "lea@studio.example"] == sorted(mail.recipient for mail in mails)
    facts = next(mail.facts for mail in mails if mail.recipient.startswith("lea"))
    assert ("fr", "Studio Nord", "", "") == tuple(
        facts[key] for key in ("language", "company", "address", "user_agent")
    )
    assert "links" not in facts
    [noted] = product.audit("reminder:send")
    assert ({"count": 2}, me.company_id, me.id, None) == (
        noted.details,
        noted.company_id,
        noted.actor_id,
        noted.employee_id,
    )


def test_once_a_week_at_most(product: Product) -> None:
    """Refused until the very second, with the time; whoever of the company presses, and for each company alone."""
    me = _admin(product)
    other_admin = product.employee("tom@studio.example", name="Tom", company=me.company_id, role=Role.ADMIN)
    elsewhere = product.employee("eve@other.example", company=product.company("Other"), role=Role.ADMIN)
    _send(product, me)
    first = product.now

    product.clock.move(days=7, seconds=-1)
    refused = _send(product, other_admin)
    assert Refused(Refusal.TOO_SOON, retry_at=first + timedelta(days=7)) == refused
    assert Accepted(1) == _send(product, elsewhere)
    product.clock.move(seconds=1)
    assert Accepted(2) == _send(product, other_admin)
    assert 2 + 1 + 2 == len(_mails(product.session))


def test_where_there_is_nobody_the_week_stays_open(product: Product) -> None:
    """No event, no mail; the next one is sent as soon as there is somebody."""
    me = product.owner("kim@studio.example")
    product.session.execute(text("UPDATE employees SET role = 'admin'"))
    product.session.commit()

    def send() -> Accepted[int] | Refused:
        return reminders.send(product.session, me.seat.me, now=product.now, visitor=STRANGER)

    assert Refused(Refusal.NOBODY_TO_REMIND) == send()
    assert [] == product.audit("reminder:send")
    product.employee("lea@studio.example", company=me.person.company_id)
    assert Accepted(1) == send()


def test_who_is_no_administrator_any_more_sends_nothing(product: Product) -> None:
    """Judged under the lock, whatever the page judged before; nor does somebody whose session has ended."""
    me = _admin(product)
    tom = product.employee("tom@studio.example", name="Tom", company=me.company_id, role=Role.ADMIN)
    seat = product.log_in(me)
    late = product.log_in(tom)
    assert Accepted(None) == product.change_role(late, me, Role.EMPLOYEE)
    product.log_out(late)

    for gone, reason in ((seat, Refusal.NOT_YOURS), (late, Refusal.SESSION_OVER)):
        sent = reminders.send(product.session, gone.me, now=product.now, visitor=STRANGER)
        assert Refused(reason) == sent
    assert [] == _mails(product.session)


def test_two_administrators_at_once_send_one(product: Product, engine: Engine) -> None:
    """The database decides: one is sent, the others are too soon."""
    me = _admin(product)
    product.employee("lea@studio.example", company=me.company_id)

    signed_in = product.log_in(me).me

    def send(session: Session) -> Accepted[int] | Refused:
        return reminders.send(session, signed_in, now=product.now, visitor=STRANGER)

    outcomes = at_once(engine, [send] * 8)

    assert 1 == outcomes.count(Accepted(2))
    assert 7 == len([one for one in outcomes if isinstance(one, Refused) and one.reason is Refusal.TOO_SOON])
    assert 2 == len(_mails(product.session))
    assert 1 == len(product.audit("reminder:send"))


def test_a_process_that_dies_owes_all_or_nothing(product: Product, engine: Engine) -> None:
    """No mail without its event, and no week used up without mail."""
    me = _admin(product)
    product.employee("lea@studio.example", company=me.company_id)
    signed_in = product.log_in(me).me
    before = count(engine, "audit_events")

    def sight() -> tuple[int, int]:
        product.session.rollback()
        return count(engine, "outbox"), count(engine, "audit_events") - before

    def send() -> None:
        assert Accepted(2) == reminders.send(product.session, signed_in, now=product.now, visitor=STRANGER)

    died, sights = dies_everywhere(engine, send, sight)

    assert died > 3
    assert {(0, 0)} == set(sights)
    assert (2, 1) == sight()


def _admin(product: Product) -> Person:
    return product.employee("kim@studio.example", name="Kim", role=Role.ADMIN)


def _send(product: Product, me: Person) -> Accepted[int] | Refused:
    return reminders.send(product.session, product.log_in(me).me, now=product.now, visitor=STRANGER)


def _mails(session: Session) -> list[OutboxMail]:
    session.rollback()
    return list(session.scalars(select(OutboxMail).where(OutboxMail.notice == Notice.REMINDER)))

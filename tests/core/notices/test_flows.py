"""The outbox: mail that is owed, and what happens when it can't be sent."""

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.people import Product, visitor
from tests.core.stored import count
from webapp.core.accounts.flows import Person
from webapp.core.database import writing
from webapp.core.notices import flows as notices
from webapp.core.notices.flows import Delivery, Mail, Notice


def owe(product: Product, person: Person, *, times: int = 1) -> None:
    with writing(product.session):
        for _ in range(times):
            notices.queue(
                product.session,
                Notice.RESET,
                employee_id=person.id,
                recipient=person.email,
                name=person.name,
                time_zone=person.time_zone,
                now=product.now,
                visitor=visitor(None),
                codes_left=3,
            )


def refuse(_: Mail) -> None:
    raise OSError("no route to host")


def test_a_mail_is_sent_once_with_what_its_template_needs(product: Product) -> None:
    """Recipient, facts, and a Message-ID of its own."""
    owe(product, product.employee(password=None))
    sent: list[Mail] = []

    first = notices.deliver_due(product.session, sent.append, now=product.now)
    second = notices.deliver_due(product.session, sent.append, now=product.now + timedelta(days=1))

    assert (Delivery(1, 0), Delivery(0, 0)) == (first, second)
    assert [(Notice.RESET, "lea@studio.example")] == [(mail.notice, mail.recipient) for mail in sent]
    assert {"name", "time_zone", "at", "user_agent", "address", "codes_left"} == sent[0].facts.keys()


def test_a_mail_that_fails_waits_longer_each_time_and_keeps_its_message_id(product: Product) -> None:
    """Two minutes, four, eight … at most an hour; it arrives as the same mail."""
    owe(product, product.employee(password=None))
    tried: list[tuple[int, str]] = []

    for minute in range(0, 200, 2):

        def fail(mail: Mail, minute: int = minute) -> None:
            tried.append((minute, mail.message_id))
            raise OSError("no route to host")

        notices.deliver_due(product.session, fail, now=product.now + timedelta(minutes=minute))

    minutes = [minute for minute, _ in tried]
    assert [2, 4, 8, 16, 32, 60, 60] == [later - earlier for earlier, later in pairwise(minutes)]
    assert 1 == len({message_id for _, message_id in tried})


@pytest.mark.parametrize(
    "error", [OSError("no route to host"), UnicodeEncodeError("ascii", "é", 0, 1, "no"), KeyError()]
)
def test_a_mail_that_fails_does_not_hold_up_the_others(product: Product, error: Exception) -> None:
    """Each has its own transaction; one that can't even be composed is its own failure, not the sender's end."""
    lea, kim = product.employee(password=None), product.employee("kim@studio.example", password=None)
    owe(product, lea)
    owe(product, kim)

    def send(mail: Mail) -> None:
        if mail.recipient == lea.email:
            raise error

    assert Delivery(1, 1) == notices.deliver_due(product.session, send, now=product.now)


def test_a_mail_whose_sender_died_is_taken_by_the_next_after_the_lease(product: Product) -> None:
    """Nothing is lost in a crash; the Message-ID lets the mail server drop a double."""
    owe(product, product.employee(password=None))
    taken: list[Mail] = []

    def die(mail: Mail) -> None:
        taken.append(mail)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        notices.deliver_due(product.session, die, now=product.now)
    during = notices.deliver_due(product.session, taken.append, now=product.now + timedelta(seconds=119))
    after = notices.deliver_due(product.session, taken.append, now=product.now + timedelta(minutes=2))

    assert (Delivery(0, 0), Delivery(1, 0)) == (during, after)
    assert taken[0] == taken[1]


def test_two_senders_never_hold_the_same_mail(product: Product, engine: Engine) -> None:
    """`outbox send` may run twice."""
    owe(product, product.employee(password=None), times=12)
    sent: list[str] = []
    now = product.now

    def deliver(session: Session) -> Delivery:
        return notices.deliver_due(session, lambda mail: sent.append(mail.message_id), now=now)

    deliveries = at_once(engine, [deliver] * 4)

    assert 12 == sum(delivery.sent for delivery in deliveries) == len(set(sent)) == len(sent)


def test_a_mail_is_owed_only_if_the_event_happened(product: Product, engine: Engine) -> None:
    """Same transaction: what rolls back tells nobody."""
    person = product.employee(password=None)

    def fail_after_owing() -> None:
        with writing(product.session):
            owe(product, person)
            raise RuntimeError("broken promise")

    with pytest.raises(RuntimeError, match="broken promise"):
        fail_after_owing()

    assert 0 == count(engine, "outbox")


def test_sent_mail_is_deleted_after_a_month_and_unsent_mail_never(product: Product, engine: Engine) -> None:
    """Purge keeps what is still owed."""
    person = product.employee(password=None)
    owe(product, person)
    notices.deliver_due(product.session, lambda mail: None, now=product.now)
    owe(product, person)
    notices.deliver_due(product.session, refuse, now=product.now)

    early = notices.purge(product.session, now=product.now + timedelta(days=29))
    late = notices.purge(product.session, now=product.now + timedelta(days=400))

    assert (0, 1) == (early, late)
    assert 1 == count(engine, "outbox")

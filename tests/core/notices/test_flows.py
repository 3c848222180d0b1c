"""The outbox: mail that is owed, and what happens when it can't be sent."""

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.people import Clock, Product, visitor
from tests.core.stored import count
from webapp.core.accounts.flows import Person
from webapp.core.database import writing
from webapp.core.notices import flows as notices
from webapp.core.notices.flows import Delivery, Mail, Notice, NotSentError, Outbox, ServerAwayError


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

    first = notices.deliver_due(product.session, sent.append, clock=lambda: product.now)
    second = notices.deliver_due(product.session, sent.append, clock=lambda: product.now + timedelta(days=1))

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

        notices.deliver_due(product.session, fail, clock=lambda m=minute: product.now + timedelta(minutes=m))

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

    assert Delivery(1, 1) == notices.deliver_due(product.session, send, clock=lambda: product.now)


def test_a_mail_whose_sender_died_is_taken_by_the_next_after_the_lease(product: Product) -> None:
    """Nothing is lost in a crash; the Message-ID lets the mail server drop a double."""
    owe(product, product.employee(password=None))
    taken: list[Mail] = []

    def die(mail: Mail) -> None:
        taken.append(mail)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        notices.deliver_due(product.session, die, clock=lambda: product.now)
    during = notices.deliver_due(product.session, taken.append, clock=lambda: product.now + timedelta(seconds=119))
    after = notices.deliver_due(product.session, taken.append, clock=lambda: product.now + timedelta(minutes=2))

    assert (Delivery(0, 0), Delivery(1, 0)) == (during, after)
    assert taken[0] == taken[1]


def test_a_long_run_claims_each_mail_for_a_whole_lease(product: Product, engine: Engine, clock: Clock) -> None:
    """With one time for all, the last mails of a run would be claimed by a lease that is over, and be sent twice."""
    owe(product, product.employee(password=None), times=3)
    sent: list[str] = []
    meanwhile: list[Delivery] = []

    def send(mail: Mail) -> None:
        clock.move(seconds=70)
        if len(sent) == 2:  # a second sender comes while the third mail is under way
            with Session(engine, expire_on_commit=False) as session:
                meanwhile.append(notices.deliver_due(session, lambda mail: sent.append(mail.message_id), clock=clock))
        sent.append(mail.message_id)

    run = notices.deliver_due(product.session, send, clock=clock)

    assert (Delivery(3, 0), [Delivery(0, 0)]) == (run, meanwhile)
    assert 3 == len(set(sent)) == len(sent)


def test_a_run_takes_what_was_due_when_it_began(product: Product, clock: Clock) -> None:
    """What is refused while it runs comes again in a later one: a run has an end, however slow the server."""
    owe(product, product.employee(password=None), times=2)
    asked: list[str] = []

    def refuse_slowly(mail: Mail) -> None:
        clock.move(minutes=3)
        asked.append(mail.message_id)
        raise NotSentError("SMTPDataError 451")

    assert Delivery(0, 2) == notices.deliver_due(product.session, refuse_slowly, clock=clock)
    assert 2 == len(set(asked)) == len(asked)


def test_a_server_that_is_away_ends_the_run(product: Product, caplog: pytest.LogCaptureFixture) -> None:
    """The mail that found it out waits as a failed one does; the others were not tried."""
    owe(product, product.employee(password=None), times=3)
    asked: list[str] = []

    def send(mail: Mail) -> None:
        asked.append(mail.message_id)
        raise ServerAwayError("ConnectionRefusedError")

    away = notices.deliver_due(product.session, send, clock=lambda: product.now)
    back = notices.deliver_due(product.session, lambda mail: None, clock=lambda: product.now)

    assert (Delivery(0, 1, away="ConnectionRefusedError"), 1) == (away, len(asked))
    assert Delivery(2, 0) == back
    assert [] == [message for message in caplog.messages if "failed" in message]  # whoever runs it tells, and once


def test_a_run_ends_between_two_mails_when_it_is_asked_to(product: Product) -> None:
    """The one under way is finished and marked."""
    owe(product, product.employee(password=None), times=3)
    sent: list[Mail] = []

    first = notices.deliver_due(product.session, sent.append, clock=lambda: product.now, is_over=lambda: bool(sent))
    rest = notices.deliver_due(product.session, sent.append, clock=lambda: product.now)

    assert (Delivery(1, 0), Delivery(2, 0)) == (first, rest)


def test_a_notice_of_a_newer_version_holds_up_nobody(product: Product, engine: Engine) -> None:
    """While a new version starts, an old sender may meet a kind that it doesn't know; that mail waits."""
    owe(product, product.employee(password=None), times=2)
    with engine.begin() as connection:
        connection.execute(text("UPDATE outbox SET notice = 'of_tomorrow' WHERE id = 1"))

    assert Delivery(1, 1) == notices.deliver_due(product.session, lambda mail: None, clock=lambda: product.now)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NotSentError("SMTPRecipientsRefused 550"), "SMTPRecipientsRefused 550"),
        (KeyError("lea@studio.example"), "KeyError"),
    ],
)
def test_the_log_says_what_kind_of_failure_it_was(
    product: Product, caplog: pytest.LogCaptureFixture, error: Exception, words: str
) -> None:
    """What a transport wrote for the log, or the kind of anything else: its text may hold an address."""
    owe(product, product.employee(password=None))

    def send(_: Mail) -> None:
        raise error

    notices.deliver_due(product.session, send, clock=lambda: product.now)

    assert f"mail 1 (reset) failed: {words}" in caplog.messages
    assert "studio" not in " ".join(caplog.messages)


def test_the_outbox_says_how_it_stands(product: Product, clock: Clock) -> None:
    """What waits, what was tried three times or more, how old the oldest is; what is sent counts no more."""
    lea, kim = product.employee(password=None), product.employee("kim@studio.example", password=None)
    empty = notices.state(product.session, now=clock.now)
    owe(product, lea)
    clock.move(minutes=1)
    owe(product, kim)

    def send(mail: Mail) -> None:
        if mail.recipient == lea.email:
            raise NotSentError("SMTPRecipientsRefused 550")

    stood = [notices.state(product.session, now=clock.now)]
    for minutes in (0, 2, 4):
        clock.move(minutes=minutes)
        notices.deliver_due(product.session, send, clock=clock)
        stood.append(notices.state(product.session, now=clock.now))

    assert Outbox(0, 0, 0) == empty
    assert [Outbox(2, 0, 60), Outbox(1, 0, 60), Outbox(1, 0, 180), Outbox(1, 1, 420)] == stood


@pytest.mark.parametrize(
    ("outbox", "piles_up"),
    [
        (Outbox(0, 0, 0), False),
        (Outbox(100, 100, 900), False),
        (Outbox(101, 0, 0), True),
        (Outbox(1, 0, 901), True),
    ],
)
def test_an_outbox_piles_up_beyond_a_hundred_mails_or_a_quarter_of_an_hour(outbox: Outbox, piles_up: bool) -> None:
    """At the numbers not yet."""
    assert piles_up == outbox.is_piling_up


def test_two_senders_never_hold_the_same_mail(product: Product, engine: Engine) -> None:
    """`outbox send` may run twice."""
    owe(product, product.employee(password=None), times=12)
    sent: list[str] = []
    now = product.now

    def deliver(session: Session) -> Delivery:
        return notices.deliver_due(session, lambda mail: sent.append(mail.message_id), clock=lambda: now)

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
    notices.deliver_due(product.session, lambda mail: None, clock=lambda: product.now)
    owe(product, person)
    notices.deliver_due(product.session, refuse, clock=lambda: product.now)

    early = notices.purge(product.session, now=product.now + timedelta(days=29))
    late = notices.purge(product.session, now=product.now + timedelta(days=400))

    assert (0, 1) == (early, late)
    assert 1 == count(engine, "outbox")

"""Links in mails: signed, single-use, dead after their time, worth nothing from the database alone."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from tests.core.crowd import at_once
from tests.core.people import Product
from webapp.core.accounts.flows import Person
from webapp.core.links import flows as links
from webapp.core.links.flows import Link
from webapp.core.links.rules import LinkKind
from webapp.core.notices import flows as notices
from webapp.core.sealing import Keyring


def made(product: Product, person: Person, kind: LinkKind = LinkKind.NOTICE) -> str:
    """The token of a new link, as its mail holds it."""
    seed = links.make(product.session, kind, employee_id=person.id, now=product.now, about="x")
    return links.token(product.keyring, kind, seed)


def found(product: Product, token: str, kind: LinkKind = LinkKind.NOTICE) -> Link:
    link = links.find(product.session, product.keyring, kind, token)
    assert link is not None
    return link


def test_a_link_leads_to_what_it_was_made_for(product: Product) -> None:
    person = product.employee()
    link = found(product, made(product, person))

    assert (person.id, {"about": "x"}, LinkKind.NOTICE) == (link.employee_id, link.facts, link.kind)
    assert link.is_live(product.now)


def test_the_database_holds_neither_seed_nor_token(product: Product, engine: Engine) -> None:
    token = made(product, product.employee())

    with engine.connect() as connection:
        rows = str([row._asdict() for row in connection.execute(text("SELECT * FROM mail_links"))])
    assert token.partition(".")[0] not in rows


@pytest.mark.parametrize("kind", LinkKind)
def test_no_kind_opens_what_another_is_for(product: Product, kind: LinkKind) -> None:
    token = made(product, product.employee(), kind)

    opened = [other for other in LinkKind if links.find(product.session, product.keyring, other, token)]
    assert [kind] == opened


def test_a_seed_from_the_database_is_worth_nothing_without_a_signature(product: Product) -> None:
    person = product.employee()
    seed = links.make(product.session, LinkKind.PASSWORD, employee_id=person.id, now=product.now)
    forged = Keyring([bytes(32)]).signature(seed, purpose="link|password")

    for token in (seed, f"{seed}.", f"{seed}.{'A' * 43}", f"{seed}.{forged}", "", ".", "\ud800.\ud800", "x" * 10_000):
        assert links.find(product.session, product.keyring, LinkKind.PASSWORD, token) is None, token[:60]


def test_a_link_outlives_a_new_key_and_dies_with_its_own(product: Product) -> None:
    token = made(product, product.employee())
    old, new = bytes(range(32)), bytes(range(1, 33))

    assert links.find(product.session, Keyring([new, old]), LinkKind.NOTICE, token)
    assert links.find(product.session, Keyring([new]), LinkKind.NOTICE, token) is None


@pytest.mark.parametrize(
    ("kind", "life"),
    [
        (LinkKind.NOTICE, timedelta(days=7)),
        (LinkKind.PASSWORD, timedelta(minutes=30)),
        (LinkKind.EMAIL, timedelta(hours=24)),
    ],
)
def test_it_acts_until_its_time_is_over_and_not_a_moment_longer(
    product: Product, kind: LinkKind, life: timedelta
) -> None:
    link = found(product, made(product, product.employee(), kind), kind)
    product.clock.now += life - timedelta(seconds=1)
    assert link.is_live(product.now)
    product.clock.move(seconds=1)

    assert not link.is_live(product.now)
    assert not links.use(product.session, link, now=product.now)


def test_of_twenty_clicks_at_once_one_acts(product: Product, engine: Engine) -> None:
    link = found(product, made(product, product.employee()))

    used = at_once(engine, [lambda session: links.use(session, link, now=product.now)] * 20)

    assert 1 == used.count(True)
    product.session.rollback()


def test_a_used_link_says_so_and_acts_no_more(product: Product) -> None:
    token = made(product, product.employee())
    assert links.use(product.session, found(product, token), now=product.now)

    again = found(product, token)
    assert (links.USED, False) == (again.end_reason, again.is_live(product.now))


def test_voiding_ends_one_persons_links_of_those_kinds_only(product: Product) -> None:
    lea, tim = product.employee(), product.employee("tim@studio.example", name="Tim", company=None)
    mine, other_kind, his = made(product, lea), made(product, lea, LinkKind.EMAIL), made(product, tim)

    links.void(product.session, lea.id, {LinkKind.NOTICE}, reason="lifted", now=product.now)

    assert "lifted" == found(product, mine).end_reason
    assert found(product, other_kind, LinkKind.EMAIL).is_live(product.now)
    assert found(product, his).is_live(product.now)


def test_another_one_waits_until_the_first_of_the_hour_is_an_hour_old(product: Product) -> None:
    person = product.employee()
    hour = timedelta(hours=1)

    def opens_at() -> datetime | None:
        return links.opens_at(product.session, person.id, LinkKind.PASSWORD, most=2, within=hour, now=product.now)

    made(product, person, LinkKind.PASSWORD)
    first_at = product.now
    product.clock.move(minutes=59)
    made(product, person, LinkKind.EMAIL)
    assert opens_at() is None

    made(product, person, LinkKind.PASSWORD)
    assert first_at + hour == opens_at()
    product.clock.move(minutes=1)
    assert opens_at() is None


def test_a_sent_mail_keeps_no_seed(product: Product, engine: Engine) -> None:
    """What the outbox holds for a month opens nothing, even with the keys."""
    product.owner()
    notices.deliver_due(product.session, lambda mail: None, clock=lambda: product.now)

    with engine.connect() as connection:
        facts = str(connection.execute(text("SELECT facts FROM outbox")).scalars().all())
    assert "codes_left" in facts
    assert "links" not in facts


def test_a_mail_that_failed_keeps_its_link(product: Product) -> None:
    def fail(_: object) -> None:
        raise OSError

    product.owner()
    notices.deliver_due(product.session, fail, clock=lambda: product.now)
    product.clock.move(hours=1)
    seen: list[notices.Mail] = []
    notices.deliver_due(product.session, seen.append, clock=lambda: product.now)

    token = links.token(product.keyring, LinkKind.NOTICE, seen[0].facts["links"]["notice"])
    assert found(product, token).is_live(product.now)


def test_what_stopped_acting_a_month_ago_is_deleted(product: Product) -> None:
    token = made(product, product.employee())
    product.clock.move(days=36)
    assert 0 == links.purge(product.session, now=product.now)
    product.clock.move(days=1)

    assert 1 == links.purge(product.session, now=product.now)
    assert links.find(product.session, product.keyring, LinkKind.NOTICE, token) is None

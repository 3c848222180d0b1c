"""Rotating keys: everything ends up under the newest key, whoever logs in meanwhile."""

import threading

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.core.people import Clock, Product
from tests.core.stored import dies_everywhere
from webapp.core.factors.totp import flows as totp
from webapp.core.outcomes import Accepted
from webapp.core.passwords import flows as passwords
from webapp.core.sealing import CannotOpenError, Keyring

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
SEALED_TABLES = ("authenticators", "pending_secrets", "password_hashes")


def test_rotation_puts_every_box_under_the_newest_key(session: Session, clock: Clock) -> None:
    """Afterwards the old key can go: log-in works with the new one alone."""
    before = Product(session, Keyring([OLD]), clock)
    owner = before.owner()
    before.scan(before.log_in(before.employee("kim@studio.example", company=owner.person.company_id)))
    both = Keyring([NEW, OLD])

    done = [*totp.reseal(session, both), passwords.reseal(session, both)]

    assert [1, 1, 2] == [outcome.done for outcome in done]
    assert {Keyring([NEW]).newest_id} == _key_ids(session)
    after = Product(session, Keyring([NEW]), clock)
    assert isinstance(after.answer(after.half_way(owner.person), owner.phone.code(clock.now)), Accepted)


def test_both_authenticators_of_one_person_keep_their_own_secret(session: Session, clock: Clock) -> None:
    """A row is re-sealed as that row, whoever else's it stands beside."""
    before = Product(session, Keyring([OLD]), clock)
    owner = before.owner()
    tablet = before.second_phone(owner)

    both = Keyring([NEW, OLD])
    done = [*totp.reseal(session, both), passwords.reseal(session, both)]

    assert [2, 0, 1] == [outcome.done for outcome in done]
    after = Product(session, Keyring([NEW]), clock)
    for phone in (owner.phone, tablet):
        after.log_in_with(owner.person, phone.code(clock.now))


def test_a_second_rotation_finds_nothing_to_do(session: Session, clock: Clock) -> None:
    """Killed and repeated, it goes on with what is left."""
    Product(session, Keyring([OLD]), clock).owner()
    both = Keyring([NEW, OLD])
    totp.reseal(session, both)
    passwords.reseal(session, both)

    assert [0, 0] == [outcome.done for outcome in totp.reseal(session, both)]
    assert 0 == passwords.reseal(session, both).done


def test_what_no_key_opens_is_named_and_left_as_it_is(session: Session, clock: Clock) -> None:
    """The rest is rotated; the box is there for whoever finds the key."""
    owner = Product(session, Keyring([OLD]), clock).owner()

    outcome = passwords.reseal(session, Keyring([NEW]))

    assert (0, (owner.person.id,)) == (outcome.done, outcome.unopened)
    assert Keyring([OLD]).newest_id in _key_ids(session)


def test_people_log_in_while_keys_rotate(engine: Engine, clock: Clock) -> None:
    """Under old and new keys alike, nobody is refused; a batch holds its rows for a moment only."""
    with Session(engine, expire_on_commit=False) as session:
        crowd = Product(session, Keyring([OLD]), clock)
        company = crowd.company()
        owners = [crowd.owner(f"p{number}@studio.example", company=company) for number in range(6)]
    both = Keyring([NEW, OLD])
    start = threading.Barrier(2)

    def rotate() -> None:
        with Session(engine, expire_on_commit=False) as own:
            start.wait(timeout=30)
            totp.reseal(own, both)
            passwords.reseal(own, both)

    rotation = threading.Thread(target=rotate)
    rotation.start()
    with Session(engine, expire_on_commit=False) as session:
        product = Product(session, both, clock)
        start.wait(timeout=30)
        outcomes = [product.answer(product.half_way(o.person), o.phone.code(clock.now)) for o in owners]
    rotation.join(timeout=30)

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    with Session(engine) as session:
        assert {Keyring([NEW]).newest_id} == _key_ids(session)


def test_a_rotation_that_is_killed_anywhere_is_repeated_and_loses_nothing(
    session: Session, engine: Engine, clock: Clock
) -> None:
    """After every death each box opens, under the old key or the new one, and the last run has done them all."""
    old = Product(session, Keyring([OLD]), clock)
    company = old.company()
    owners = [old.owner(f"p{number}@studio.example", company=company) for number in range(3)]
    both = Keyring([NEW, OLD])

    def rotate() -> None:
        totp.reseal(session, both)
        passwords.reseal(session, both)

    def everybody_logs_in() -> bool:
        product = Product(session, both, clock)
        clock.next_step()
        return all(product.log_in_with(o.person, o.phone.code(clock.now)) for o in owners)

    deaths, sights = dies_everywhere(engine, rotate, everybody_logs_in)

    assert deaths > 5
    assert [True] * deaths == sights
    assert {Keyring([NEW]).newest_id} == _key_ids(session)
    assert everybody_logs_in()


def test_without_the_old_key_nothing_is_let_through(session: Session, clock: Clock) -> None:
    """An unknown key id is a refusal by exception, never a skipped factor (ASVS 16.5.3)."""
    owner = Product(session, Keyring([OLD]), clock).owner()
    product = Product(session, Keyring([NEW]), clock)

    with pytest.raises(CannotOpenError):
        product.pass_password(owner.person.email)


def _key_ids(session: Session) -> set[str]:
    found = [session.scalars(text(f"SELECT DISTINCT key_id FROM {table}")).all() for table in SEALED_TABLES]
    session.rollback()
    return {key_id for one in found for key_id in one}

"""Somebody can write to the database, or a disk has rotted: nothing is let through for it, and nobody is stuck."""

import logging
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from tests.core.people import PASSWORD, Clock, Owner, Product, Seat
from tests.core.stored import count
from tests.web.client import Answer, Client
from tests.web.people import log_in, security

Tamper = Callable[[Engine, str], None]


def flip_a_byte(engine: Engine, table: str) -> None:
    with engine.begin() as connection:
        for row_id, box in connection.execute(text(f"SELECT {_key(table)}, box FROM {table}")).all():
            changed = bytes([box[0] ^ 1]) + bytes(box[1:])
            query = text(f"UPDATE {table} SET box = :box WHERE {_key(table)} = :id")
            connection.execute(query, {"box": changed, "id": row_id})


def name_an_unknown_key(engine: Engine, table: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {table} SET key_id = 'ffffffff'"))


def empty_the_box(engine: Engine, table: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {table} SET box = :box"), {"box": b""})


def swap_two_people(engine: Engine, table: str) -> None:
    with engine.begin() as connection:
        rows = connection.execute(text(f"SELECT {_key(table)}, key_id, box FROM {table} ORDER BY 1 LIMIT 2")).all()
        for (row_id, _, _), (_, key_id, box) in zip(rows, reversed(rows), strict=True):
            query = text(f"UPDATE {table} SET key_id = :key_id, box = :box WHERE {_key(table)} = :id")
            connection.execute(query, {"key_id": key_id, "box": box, "id": row_id})


TAMPERINGS = [flip_a_byte, name_an_unknown_key, empty_the_box, swap_two_people]


@pytest.fixture
def owners(product: Product) -> tuple[Owner, Owner]:
    lea = product.owner()
    return lea, product.owner("kim@studio.example", company=lea.person.company_id)


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_a_secret_that_was_tampered_with_lets_nobody_in_by_code(
    client: Client,
    product: Product,
    engine: Engine,
    clock: Clock,
    owners: tuple[Owner, Owner],
    tamper: Tamper,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """D-58, ASVS 11.2.5: refused, said so, logged as critical; the other way in and the reset still work."""
    lea = owners[0]
    tamper(engine, "authenticators")
    log_in(client, lea.person)

    answers = [client.post("/login/code", code=who.phone.code(clock.now)) for who in owners]
    by_backup_code = client.post("/login/backup-code", backup_code=lea.codes[0])
    reset = client.post(f"{security(lea.person)}/two-factor/reset", backup_code=lea.codes[1])

    for answer in answers:
        _is_refused(answer)
    assert len(answers) == len([r for r in caplog.records if r.levelno == logging.CRITICAL])
    assert 303 == by_backup_code.status
    assert "Two-factor authentication is off." in client.followed(reset).text
    assert 1 == count(engine, "authenticators")


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_a_password_hash_that_was_tampered_with_opens_no_account(
    client: Client, product: Product, engine: Engine, owners: tuple[Owner, Owner], tamper: Tamper
) -> None:
    """Neither with one's own password nor with that of the person whose hash it was."""
    product.set_password(owners[1].person, "another lantern quarry violin")
    tamper(engine, "password_hashes")

    for password in (PASSWORD, "another lantern quarry violin", ""):
        answer = client.post("/login", email=owners[0].person.email, password=password or "x")
        _is_refused(answer)
    assert "/login" == client.as_page().get("/login/code").location


@pytest.mark.parametrize("tamper", [flip_a_byte, name_an_unknown_key, empty_the_box])
def test_a_pending_secret_that_was_tampered_with_is_made_anew(
    client: Client, product: Product, engine: Engine, tamper: Tamper
) -> None:
    """It is no factor yet: the set-up begins again at once, and no page is broken for fifteen minutes."""
    person = product.employee()
    log_in(client, person)
    client.as_page().post(f"{security(person)}/two-factor/activate", form_at=security(person))
    tamper(engine, "pending_secrets")

    gone = client.followed(client.get(f"{security(person)}/two-factor/activate"))
    again = client.as_page().post(f"{security(person)}/two-factor/activate", form_at=security(person))

    assert 200 == gone.status
    assert "Activate two-factor authentication" == client.as_page().get(again.location).heading


@pytest.mark.parametrize("tamper", [flip_a_byte, name_an_unknown_key, empty_the_box])
def test_shown_codes_that_were_tampered_with_are_gone(
    client: Client, product: Product, engine: Engine, tamper: Tamper
) -> None:
    """The pages that would show them or lead to them go on."""
    person = product.employee()
    seat = product.log_in(person)
    product.activate(person, seat)
    client.flask.set_cookie("session", f"s.{seat.token}")
    tamper(engine, "shown_backup_codes")

    for path in ("/", security(person), f"{security(person)}/two-factor/activate/backup-codes"):
        assert 200 == client.followed(client.get(path)).status
    assert 0 == count(engine, "shown_backup_codes")


def test_a_row_of_another_person_s_session_opens_nothing(
    client: Client, product: Product, engine: Engine, owners: tuple[Owner, Owner]
) -> None:
    """Codes on a colleague's screen, their row moved to one's own session: sealed under the other one's token."""
    lea, kim = owners
    mine: Seat = product.log_in_with(lea.person, lea.codes[0])
    assert product.create_codes(kim.seat, kim.codes[0])
    with engine.begin() as connection:
        moved = {"session": mine.me.session_id, "employee": lea.person.id}
        connection.execute(text("UPDATE shown_backup_codes SET session_id = :session, employee_id = :employee"), moved)
    client.flask.set_cookie("session", f"s.{mine.token}")

    answer = client.followed(client.get(f"{security(lea.person)}/two-factor/activate/backup-codes"))

    assert [] == answer.document.all("ol", **{"class": "codes"})
    assert product.shown(kim.seat) is None


def _is_refused(answer: Answer) -> None:
    assert (503, "This can't be checked right now") == (answer.status, answer.heading)
    assert "nothing was let through" in answer.text
    assert "support@calenso.com" in answer.text


def _key(table: str) -> str:
    return "employee_id" if table == "password_hashes" else "id"

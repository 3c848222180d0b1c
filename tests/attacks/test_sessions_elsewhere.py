"""Attacks on the list of sessions: a thief who would log the owner out, and ids of other people's sessions."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine

from tests.attacks.evidence import charged, checks, events
from tests.attacks.thieves import cookie_of, log_in_fully, session_of, stored, take_token, thief_with
from tests.core.people import Clock, Owner, Product
from tests.core.stored import dump
from tests.web.client import Client
from tests.web.people import log_in, security
from webapp.core.accounts.rules import Role
from webapp.core.sessions.tables import LogInSession


def end(owner: Owner) -> str:
    return f"{security(owner.person)}/sessions/end"


def open_sessions(engine: Engine) -> set[int]:
    """The ids of all sessions that have not ended."""
    ended_at = LogInSession.__table__.columns.keys().index("ended_at")
    return {row[0] for row in dump(engine)["log_in_sessions"] if row[ended_at] is None}


@pytest.fixture
def owner(product: Product) -> Owner:
    return product.owner()


@pytest.fixture
def victim(open_browser: Callable[[], Client], owner: Owner, clock: Clock) -> Client:
    browser = open_browser()
    log_in_fully(browser, owner, clock)
    return browser


def test_a_session_stolen_long_ago_is_asked_for_the_password_and_ends_nothing(
    app: Flask, mode: str, engine: Engine, owner: Owner, victim: Client, clock: Clock
) -> None:
    """Older than ten minutes: neither the form nor the answer, whatever code comes with it; the list can be read."""
    clock.move(minutes=11)
    thief = take_token(thief_with(app, cookie_of(victim), mode), security(owner.person))
    before = open_sessions(engine)
    code = owner.phone.code(clock.now)

    looked = thief.get(f"{end(owner)}?session=others")
    sent = thief.send(end(owner), session="others", code=code)
    listed = thief.get(f"{security(owner.person)}/sessions")

    assert ["Confirm that it's you"] * 2 == [looked.heading, sent.heading]
    assert "Active sessions" in listed.text
    assert before == open_sessions(engine)
    assert {} == charged(engine, "totp")


def test_a_fresh_stolen_session_ends_nothing_without_a_code(
    app: Flask, mode: str, engine: Engine, owner: Owner, victim: Client, clock: Clock
) -> None:
    """Missing, empty, malformed, twice, both kinds, wrong: the owner stays in (D-06, D-26)."""
    thief = take_token(thief_with(app, cookie_of(victim), mode), security(owner.person))
    before = open_sessions(engine)
    code, backup_code = owner.phone.code(clock.now), owner.codes[0]
    tries: list[dict[str, object]] = [{}, {"code": ""}, {"code": "12345"}, {"code": [code, code]}]
    tries += [{"code": code, "backup_code": backup_code}, {"code": owner.phone.wrong_code(clock.now)}]
    tries += [{"backup_code": "ZZZZ-ZZZZ-ZZZZ-ZZZZ"}]

    answers = [thief.send(end(owner), session=which, **fields) for which in ("others", "1") for fields in tries]

    assert [422] * len(answers) == [answer.status for answer in answers]
    assert before == open_sessions(engine)
    assert {"strangers": 2} == charged(engine, "totp") == charged(engine, "backup_code")


def test_a_code_seen_over_the_shoulder_ends_nothing_a_second_time(
    app: Flask, mode: str, engine: Engine, product: Product, owner: Owner, victim: Client, clock: Clock
) -> None:
    """The owner ends one session with it; the thief sends it again, for the owner's own (D-33, D-36)."""
    other = product.log_in_with(owner.person, owner.codes[0])
    thief = take_token(thief_with(app, cookie_of(victim), mode), security(owner.person))
    code = owner.phone.code(clock.now)
    victim.post(
        end(owner), form_at=f"{end(owner)}?session={other.me.session_id}", session=str(other.me.session_id), code=code
    )
    before = open_sessions(engine)

    answers = [thief.send(end(owner), session="others", code=code), thief.send(end(owner), session="1", code=code)]

    assert other.me.session_id not in before
    assert [422, 422] == [answer.status for answer in answers]
    assert before == open_sessions(engine)
    assert ["totp code_already_used"] * 2 == checks(engine, of=owner.person)[-2:]


@pytest.mark.parametrize("whose", ["a colleague's", "a stranger's", "nobody's", "one's own"])
def test_the_id_of_another_session_is_as_unknown_as_one_that_is_not_there(
    app: Flask, client: Client, product: Product, engine: Engine, owner: Owner, clock: Clock, whose: str
) -> None:
    """404 each time, by GET and by POST with a right code, which isn't spent; it is written down."""
    log_in_fully(client, owner, clock)
    take_token(client, security(owner.person))
    company = owner.person.company_id if whose == "a colleague's" else None
    kim = product.log_in(product.employee("kim@studio.example", company=company, role=Role.EMPLOYEE))
    own = max(row[0] for row in dump(engine)["log_in_sessions"] if row[3] == owner.person.id)
    which = str({"nobody's": 4711, "one's own": own}.get(whose, kim.me.session_id))
    before, code = stored(engine), owner.phone.code(clock.now)

    looked = client.get(f"{end(owner)}?session={which}")
    sent = client.send(end(owner), session=which, code=code)

    assert [404, 404] == [looked.status, sent.status]
    assert before == stored(engine)
    assert ["not_yours"] * 2 == [row.reason for row in events(engine, "access:deny", of=owner.person)]
    assert product.find(kim.token)


def test_nobody_ends_sessions_at_somebody_else_s_address(
    client: Client, product: Product, engine: Engine, owner: Owner
) -> None:
    """403 for a colleague, an administrator included; 404 for a stranger."""
    for role, company, status in (("admin", owner.person.company_id, 403), ("admin", None, 404)):
        eve = product.employee(f"eve{status}@studio.example", company=company, role=Role(role))
        log_in(client, eve)
        take_token(client, "/settings/employees")
        before = open_sessions(engine)

        answers = [client.get(f"{security(owner.person)}/sessions"), client.get(f"{end(owner)}?session=others")]
        answers.append(client.send(end(owner), session="others"))

        assert [status] * 3 == [answer.status for answer in answers]
        assert before == open_sessions(engine)
        client.as_page().post("/logout", form_at="/")


def test_a_page_elsewhere_can_t_make_its_visitor_log_out_anywhere(
    app: Flask, client: Client, product: Product, engine: Engine
) -> None:
    """Without a second factor no code stands in the way: the form's token does (D-67)."""
    kim = product.employee()
    session_of(app, kim)
    log_in(client, kim)
    take_token(client, security(kim))
    before, token = open_sessions(engine), client.token

    foreign = client.send(f"{security(kim)}/sessions/end", session="others", headers={"Origin": "https://evil.example"})
    client.token = ""
    bare = client.send(f"{security(kim)}/sessions/end", session="others")
    by_get = client.get(f"{security(kim)}/sessions/end?session=others&csrf_token={token}")

    assert [400, 400, 200] == [foreign.status, bare.status, by_get.status]
    assert before == open_sessions(engine)

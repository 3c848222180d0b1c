"""Attacks on the ways that lead through a mailbox: forgotten passwords and another e-mail address."""

import email
import email.policy
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.attacks.evidence import charged, checks, events, log_ins
from tests.attacks.thieves import cookie_of, factors, log_in_fully, session_of, stored, take_token, thief_with
from tests.core.people import PASSWORD, Clock, Product
from tests.core.stored import dump
from tests.services.browser import Browser
from tests.services.place import KEY, Place, together
from tests.web.client import Client
from tests.web.people import log_in, security
from webapp.core.accounts.rules import Role
from webapp.core.links import flows as links
from webapp.core.links.rules import LinkKind
from webapp.core.sealing import Keyring

NEW = "harbour quilt nineteen ferns"
REAL = "lea@studio.example"


def mailed_path(product: Product, address: str = REAL) -> str:
    """What the thief who owns the mailbox reads there."""
    product.forgot(address)
    product.resolve()
    return f"/password/reset/{product.mailed(LinkKind.PASSWORD)[-1][1]}"


def test_a_probe_does_not_tell_whether_a_link_was_mailed(product: Product, app: Flask, clock: Clock) -> None:
    """Anybody may ask /readyz. How many mails wait would say who has an account, a moment after a request."""
    product.employee(REAL)
    told = []
    for address in ("nobody@studio.example", REAL):
        Client(app.test_client()).as_page().post("/password/forgot", email=address)
        product.resolve()
        clock.move(seconds=2)
        told.append(app.test_client().get("/readyz").json)

    assert 1 == len(product.mailed(LinkKind.PASSWORD))
    assert told[0] == told[1]


# --- the mailbox ------------------------------------------------------------------------------------------------------


def test_whoever_owns_the_mailbox_gets_no_further_than_the_code(
    client: Client, product: Product, engine: Engine, clock: Clock
) -> None:
    """No session, no factor less, and at the next log-in a code is asked for and guesses are counted (D-13, D-59)."""
    owner = product.owner()
    before = factors(engine)
    client.post("/password/forgot", email=owner.person.email)
    product.resolve()
    path = f"/password/reset/{product.mailed(LinkKind.PASSWORD)[0][1]}"

    client.followed(client.post(path, new_password=NEW))
    overview = client.get("/")
    half_way = client.as_page().post("/login", email=owner.person.email, password=NEW)
    tries = [client.get(f"{security(owner.person)}{page}").location for page in ("", "/password", "/email")]
    guesses = [client.post("/login/code", code=owner.phone.wrong_code(clock.now)).status for _ in range(5)]

    assert "/login?next=/" == overview.location
    assert (303, "/login/code") == (half_way.status, half_way.location)
    assert all(location.startswith("/login") for location in tries)
    assert ([422] * 4, 5) == (guesses[:4], charged(engine, "totp")["strangers"])
    assert before == factors(engine)
    assert ["password"] == log_ins(engine)  # the owner's own, before activation
    told = [row[1] for row in dump(engine)["outbox"] if row[3] == owner.person.email]
    assert {"password_link", "password_forgotten"} <= set(told)


def test_no_cookie_of_before_lives_on_after_a_recovery(
    product: Product, app: Flask, clock: Clock, open_browser: Callable[[], Client]
) -> None:
    """Signed in, half-way and idle ones: dead, and the idle one is not resumed by the new password."""
    owner = product.owner()
    signed_in, half_way = open_browser(), open_browser()
    log_in_fully(signed_in, owner, clock)
    idle = thief_with(app, cookie_of(signed_in))
    clock.move(minutes=61)
    log_in(half_way, owner.person)
    take_token(half_way, "/login/code")

    open_browser().post(mailed_path(product), new_password=NEW)
    resumed = idle.post("/login", email=owner.person.email, password=NEW)

    assert "/login/code" == resumed.location
    assert "/login" == half_way.send("/login/code", code=owner.phone.code(clock.now)).location
    assert 303 == signed_in.get("/").status


def test_a_change_of_address_that_a_thief_began_ends_with_a_recovery(
    product: Product, app: Flask, open_browser: Callable[[], Client]
) -> None:
    """The thief's own mailbox holds a link by then: it changes nothing any more."""
    person = product.employee()
    thief = thief_with(app, session_of(app, person))
    assert 303 == thief.post(f"{security(person)}/email", new_email="thief@evil.example").status
    ((_, token),) = product.mailed(LinkKind.EMAIL)

    owner = open_browser()
    owner.post(mailed_path(product), new_password=NEW)
    owner.post("/login", email=REAL, password=NEW)

    assert "/login" == thief.get(f"{security(person)}").location.partition("?")[0]
    assert 410 == owner.get(f"/email/confirm/{token}").status


# --- the link ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example;proto=https", "X-Host": "evil.example", "X-Original-Host": "evil.example"},
    ],
)
def test_no_header_chooses_where_a_mailed_link_leads(
    app: Flask, client: Client, product: Product, headers: dict[str, str]
) -> None:
    """Refused, or ignored: what the mail says is FLASK_PUBLIC_URL's (D-66)."""
    product.employee()
    take_token(client, "/password/forgot")

    response = client.flask.post(
        "/password/forgot", data={"csrf_token": client.token, "email": REAL}, headers=headers, follow_redirects=False
    )

    assert response.status_code == (400 if headers.get("Host") == "evil.example" else 303)
    assert "evil" not in response.headers.get("Location", "")
    app.test_cli_runner().invoke(args=["outbox", "send"])
    files = list((Path(app.instance_path) / "mail").glob("*.eml"))
    assert len(files) == (0 if response.status_code == 400 else 1)
    for file in files:
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        body = mail.get_body(("plain",))
        assert body is not None
        addresses = re.findall(r"https?://[^/\s]+", body.get_content())
        assert {"http://127.0.0.1:5000"} == set(addresses)


def test_twelve_clicks_at_one_instant_set_one_password(place: Place) -> None:
    """On two workers: one is answered with what was done, eleven with 410, and one password logs in."""
    ready = Browser(place.address)
    assert 303 == ready.post("/password/forgot", email=place.owner.person.email).status
    path = _link_at(place)
    crowd = [Browser(place.address) for _ in range(12)]
    with_tokens = [(browser, browser.token(path)) for browser in crowd]

    answers = together(with_tokens, path, {"new_password": NEW})

    assert [303] + [410] * 11 == sorted(answer.status for answer in answers)
    assert 1 == len(events(place.engine, "password:recover"))
    assert "/login/code" == ready.post("/login", email=place.owner.person.email, password=NEW).location


def test_the_database_alone_opens_no_link(client: Client, product: Product, engine: Engine) -> None:
    """The seed waits in the outbox until the mail is sent: by itself, or signed by somebody else, it is nothing."""
    product.employee()
    mailed_path(product)
    with engine.connect() as connection:
        facts = connection.execute(text("SELECT facts FROM outbox WHERE notice = 'password_link'")).scalar_one()
    (seed,) = re.findall(r'"password": "([\w-]{43})"', str(facts).replace("'", '"'))
    before = stored(engine)

    for token in (seed, f"{seed}.", f"{seed}.{seed}", links.token(Keyring([b"\7" * 32]), LinkKind.PASSWORD, seed)):
        path = f"/password/reset/{token}"
        assert 410 == client.get(path).status
        assert 410 == client.as_page().post(path, form_at="/login", new_password=NEW).status

    assert before == stored(engine)


def test_a_link_acts_at_no_page_but_its_own(client: Client, product: Product, engine: Engine) -> None:
    """Each kind at the page of each other, by GET and POST, logged in as its person."""
    person = product.employee(role=Role.ADMIN)
    kim = product.owner("kim@studio.example", company=person.company_id)
    product.invite(product.log_in(person))
    product.open_case(product.agents("Mia")[0], kim.person)
    log_in(client, person)
    client.as_page().post(f"{security(person)}/email", new_email="lea@new.example")
    mailed_path(product)
    tokens = {kind: product.mailed(kind)[-1][1] for kind in LinkKind}
    pages = {
        "/password/reset": {LinkKind.PASSWORD},
        "/email/confirm": {LinkKind.EMAIL},
        "/invite": {LinkKind.INVITE},
        "/notices": {LinkKind.NOTICE, LinkKind.CASE},
    }
    take_token(client, security(person))
    before = stored(engine)

    for page, kinds in pages.items():
        for other, token in tokens.items():
            if other not in kinds:
                assert 410 == client.get(f"{page}/{token}").status, (page, other)
                assert 410 == client.send(f"{page}/{token}", new_password=NEW).status, (page, other)

    assert before == stored(engine)


# --- asking -----------------------------------------------------------------------------------------------------------


SPELLINGS = [REAL, "LEA@STUDIO.EXAMPLE", " lea@studio.example", "ｌｅａ@studio.example", "lea@ſtudio.example"]


def test_a_mail_bomb_is_three_mails(client: Client, product: Product, engine: Engine) -> None:
    """However the address is spelled, and whatever else is sent; they go to the stored address alone."""
    product.employee()
    take_token(client, "/password/forgot")

    for at in range(20):
        answer = client.send(
            "/password/forgot", email=SPELLINGS[at % 5], recipient="evil@evil.example", to="x@evil.example"
        )
        assert (303, "/password/forgot/sent") == (answer.status, answer.location)
        product.resolve()

    assert [REAL] * 3 == [recipient for recipient, _ in product.mailed(LinkKind.PASSWORD)]
    assert 3 == len(dump(engine)["recovery_requests"])
    assert {REAL} == {row[3] for row in dump(engine)["outbox"]}


def test_two_addresses_in_one_field_are_nobody_s(client: Client, product: Product) -> None:
    """A list, a header, a name before it: the mail never goes to a second recipient."""
    product.employee()
    take_token(client, "/password/forgot")
    tries = [f"{REAL},evil@evil.example", f"{REAL} evil@evil.example", f"{REAL}\r\nBcc: evil@evil.example"]
    tries += [
        f"Lea <{REAL}>",
        f"{REAL};evil@evil.example",
        f"{REAL}%0aBcc:evil@evil.example",
        f"{REAL}\0evil@evil.example",
    ]

    for typed in tries:
        assert client.send("/password/forgot", email=typed).status in (303, 422)
    product.resolve()

    assert [] == product.mailed(LinkKind.PASSWORD)


def test_another_site_asks_for_nothing_in_its_visitor_s_name(client: Client, product: Product, engine: Engine) -> None:
    """Without the token, or from a foreign page: no request, no change, no confirmation (D-67, D-68)."""
    person = product.employee()
    log_in(client, person)
    client.as_page().post(f"{security(person)}/email", new_email="lea@new.example")
    ((_, token),) = product.mailed(LinkKind.EMAIL)
    paths = ["/password/forgot", mailed_path(product), f"/email/confirm/{token}"]
    paths += [f"{security(person)}/password", f"{security(person)}/email"]
    fields = {"email": REAL, "new_password": NEW, "current_password": PASSWORD, "new_email": "eve@evil.example"}
    before = stored(engine)

    for path in paths:
        client.token = ""
        assert 400 == client.send(path, **fields).status
        take_token(client, security(person))
        assert 400 == client.send(path, headers={"Origin": "https://evil.example"}, **fields).status

    assert before == stored(engine)


# --- the code beside it -----------------------------------------------------------------------------------------------


def test_guesses_at_every_page_that_asks_for_a_code_draw_on_one_counter(
    client: Client, product: Product, engine: Engine, clock: Clock
) -> None:
    """Two at the password, two at the address, one at the reset: all of them pause, and nothing changes (D-26)."""
    owner = product.owner()
    log_in_fully(client, owner, clock)
    tab, wrong = security(owner.person), owner.phone.wrong_code(clock.now)
    at_password = {"current_password": PASSWORD, "new_password": NEW}
    take_token(client, f"{tab}/password")
    before = stored(engine)

    statuses = [client.send(f"{tab}/password", code=wrong, **at_password).status for _ in range(2)]
    statuses += [client.send(f"{tab}/email", code=wrong, new_email="lea@new.example").status for _ in range(2)]
    statuses.append(client.send(f"{tab}/two-factor/reset", code=wrong).status)
    right = owner.phone.code(clock.now)
    paused = [
        client.send(f"{tab}/password", code=right, **at_password).status,
        client.send(f"{tab}/email", code=right, new_email="lea@new.example").status,
        client.send(f"{tab}/two-factor/reset", code=right).status,
        client.get(f"{tab}/password").status,
        client.get(f"{tab}/email").status,
    ]

    assert [422] * 4 == statuses[:4]
    assert [429] * 5 == paused
    assert 5 == checks(engine).count("totp wrong_code")
    aside = ("guess_budgets", "outbox", "mail_links")
    assert {name: rows for name, rows in before.items() if name not in aside} == {
        name: rows for name, rows in stored(engine).items() if name not in aside
    }


def test_a_code_spent_on_a_password_is_spent_for_everything(
    client: Client, product: Product, clock: Clock, open_browser: Callable[[], Client]
) -> None:
    """And one of a log-in changes no password."""
    owner = product.owner()
    log_in(client, owner.person)
    code = owner.phone.code(clock.now)
    client.as_page().post("/login/code", code=code)
    tab, fields = security(owner.person), {"current_password": PASSWORD, "new_password": NEW}

    replayed = client.post(f"{tab}/password", code=code, **fields)
    clock.next_step()
    fresh = owner.phone.code(clock.now)
    changed = client.post(f"{tab}/password", code=fresh, **fields)
    elsewhere = open_browser()
    elsewhere.post("/login", email=owner.person.email, password=NEW)

    assert 422 == replayed.status
    assert "You have already used this code." in replayed.text
    assert "Your password is changed." in client.followed(changed).text
    assert 422 == elsewhere.post("/login/code", code=fresh).status


def _link_at(place: Place) -> str:
    """The path in the mail that would be sent for the one request there is."""
    clock = Clock()
    clock.now = datetime.now(UTC)
    with Session(place.engine, expire_on_commit=False) as session:
        product = Product(session, Keyring([KEY]), clock)
        product.resolve()
        return f"/password/reset/{product.mailed(LinkKind.PASSWORD)[-1][1]}"

"""Attacks on switching two-factor authentication on and off, and on the ways back in (section D4 of the catalogue)."""

import base64
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, make_url, text
from sqlalchemy.orm import Session

from tests.attacks.thieves import factors, log_in_fully, session_of, take_token, thief_with
from tests.core.people import PASSWORD, Clock, Phone, Product
from tests.core.stored import as_text, dump, values
from tests.services.browser import Browser
from tests.services.place import KEY, Place
from tests.web.client import Client
from tests.web.people import begin_activation, log_in, security
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.links.rules import LinkKind
from webapp.core.sealing import Keyring

SOMEBODY_S_KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


# --- switching on -----------------------------------------------------------------------------------------------------


def test_the_password_alone_enrols_no_other_phone(
    client: Client, product: Product, engine: Engine, clock: Clock
) -> None:
    """Half-way, every step of activation leads back to the log-in; secret and codes stay (D-45)."""
    owner = product.owner()
    log_in(client, owner.person)
    take_token(client, "/login/code")
    before = factors(engine)

    for step in ("", "/code", "/backup-codes", "/backup-codes/download", "/close"):
        path = f"{security(owner.person)}/two-factor/activate{step}"
        answers = [client.get(path), client.send(path, code=owner.phone.code(clock.now))]
        for answer in answers:
            assert answer.status in (204, 303, 405)
            assert answer.status == 405 or answer.location.startswith("/login"), path

    assert before == factors(engine)


def test_beginning_again_while_it_is_on_leaves_secret_and_codes_as_they_are(
    client: Client, product: Product, engine: Engine, clock: Clock
) -> None:
    """Somebody at an open session asks for a QR code and walks away: there is none, and nothing changed (D-46)."""
    owner = product.owner()
    log_in_fully(client, owner, clock)
    before = factors(engine)
    tab = security(owner.person)

    answers = [client.as_page().post(f"{tab}/two-factor/activate", form_at=tab)]
    answers += [client.get(f"{tab}/two-factor/activate{step}") for step in ("", "/code", "/backup-codes")]
    confirmed = client.as_page().post(f"{tab}/two-factor/activate/code", form_at=tab, code=owner.phone.code(clock.now))

    assert all("otpauth:" not in answer.response.text for answer in answers)
    assert f"{tab}?after=activated" == confirmed.location
    assert before == factors(engine)


def test_a_set_up_that_was_walked_away_from_asks_for_no_code(
    client: Client, product: Product, engine: Engine, clock: Clock
) -> None:
    """The password logs in as before; the old key confirms nothing, neither at once nor after its time (D-47)."""
    person = product.employee()
    log_in(client, person)
    phone = Phone(begin_activation(client, person))
    client.as_page().post("/logout", form_at="/")
    tab = security(person)

    log_in(client, person)
    at_once = client.post(f"{tab}/two-factor/activate/code", form_at=tab, code=phone.code(clock.now))
    clock.move(minutes=16)
    confirmed = take_token(client, tab).send(f"{tab}/two-factor/activate/code", password=PASSWORD, carry_on="get")
    late = client.post(f"{tab}/two-factor/activate/code", form_at=tab, code=phone.code(clock.now))

    for answer in (at_once, late):
        assert "Two-factor authentication is on." not in client.followed(answer).text
    assert 303 == confirmed.status
    assert 0 == _count(engine, "authenticators")
    assert {("refused", "setup_expired")} == _outcomes(product, "two_factor:activate")
    assert ["password"] * len(product.audit("session:start")) == [one.factor for one in product.audit("session:start")]


@pytest.mark.parametrize("field", ["secret", "key", "totp_secret", "otpauth_uri", "box", "uri"])
def test_a_secret_sent_along_is_never_the_one_that_counts(
    client: Client, product: Product, clock: Clock, field: str
) -> None:
    """As a hidden field, in the address, with a code that would be right for it (D-48)."""
    person = product.employee()
    log_in(client, person)
    tab, theirs = security(person), Phone(SOMEBODY_S_KEY)
    extra = {field: SOMEBODY_S_KEY}
    client.as_page().post(f"{tab}/two-factor/activate?{field}={SOMEBODY_S_KEY}", form_at=tab, **extra)
    phone = Phone(begin_activation(client, person))
    path = f"{tab}/two-factor/activate/code"

    refused = client.post(f"{path}?{field}={SOMEBODY_S_KEY}", code=theirs.code(clock.now), **extra)
    accepted = client.post(path, code=phone.code(clock.now), **extra)

    assert SOMEBODY_S_KEY != phone.key
    assert 422 == refused.status
    assert "Your backup codes" == client.followed(accepted).heading
    clock.next_step()
    fresh = product.half_way(person)
    assert "Refused" == type(product.answer(fresh, theirs.code(clock.now))).__name__
    assert "Accepted" == type(product.answer(fresh, phone.code(clock.now))).__name__


def test_another_site_begins_no_set_up_for_its_visitor(client: Client, product: Product, engine: Engine) -> None:
    """By an image, a form without the token, or one with the attacker's own: no secret is made (D-48)."""
    person = product.employee()
    log_in(client, person)
    path = f"{security(person)}/two-factor/activate"

    image = client.get(path)
    client.token = ""
    answers = [client.send(path), client.send(path, headers={"Origin": "https://evil.example"})]
    client.token = Client(client.flask.application.test_client()).get("/login").value("csrf_token")
    answers.append(client.send(path))

    assert "otpauth:" not in image.response.text
    assert [400] * 3 == [answer.status for answer in answers]
    assert 0 == _count(engine, "pending_secrets")
    assert [] == product.audit("two_factor:begin_activation")


def test_of_two_browsers_that_begin_only_the_last_one_s_key_counts(
    client: Client, product: Product, engine: Engine, clock: Clock, open_browser: Callable[[], Client]
) -> None:
    """The first is told to begin again; a code of a key that a browser never showed is wrong there (D-49)."""
    person = product.employee()
    log_in(client, person)
    first = Phone(begin_activation(client, person))
    other = open_browser()
    log_in(other, person)
    second = Phone(begin_activation(other, person))
    path = f"{security(person)}/two-factor/activate/code"
    take_token(client, security(person))

    too_late, foreign = [client.send(path, code=phone.code(clock.now)) for phone in (first, second)]
    unseen = other.post(path, code=first.code(clock.now))

    assert first != second
    for answer in (too_late, foreign):
        assert "Your backup codes" not in client.followed(answer).text
    assert 422 == unseen.status
    assert 0 == _count(engine, "authenticators")
    assert {("refused", "setup_expired"), ("refused", "wrong_code")} == _outcomes(product, "two_factor:activate")


def test_ten_guesses_at_set_up_switch_nothing_on_and_change_no_key(
    client: Client, product: Product, engine: Engine, clock: Clock
) -> None:
    """Five are judged, five wait, each is written down; the QR code is the same (D-50)."""
    person = product.employee()
    log_in(client, person)
    phone = Phone(begin_activation(client, person))
    path = f"{security(person)}/two-factor/activate/code"
    client.get(path)

    statuses = [client.send(path, code=phone.wrong_code(clock.now)).status for _ in range(9)]
    statuses.append(client.send(path, code=phone.code(clock.now)).status)

    assert [422] * 4 == statuses[:4]
    assert [429] * 5 == statuses[5:]
    assert 0 == _count(engine, "authenticators")
    assert phone.key == begin_activation(client, person)
    reasons = [event.reason for event in product.audit("two_factor:activate")]
    assert ["wrong_code"] * 5 + ["too_many"] * 5 == reasons


def test_a_cookie_stolen_half_an_hour_ago_enrols_no_phone(
    product: Product, app: Flask, clock: Clock, engine: Engine
) -> None:
    """The password is asked for, a wrong one is counted and written down, no key is shown (D-51)."""
    person = product.employee()
    stolen = session_of(app, person)
    clock.move(minutes=30)
    thief = thief_with(app, stolen)
    path = f"{security(person)}/two-factor/activate"

    asked = thief.post(path, form_at=security(person))
    guesses = [thief.send(path, password=f"guess number {at}", carry_on="post").status for at in range(6)]
    skipped = thief.send(path, carry_on="get")

    assert (200, "Confirm that it's you") == (asked.status, asked.heading)
    assert [422] * 5 + [429] == guesses
    assert skipped.status in (422, 429)
    assert 0 == _count(engine, "pending_secrets")
    refusals = [event.reason for event in product.audit("password:check") if event.outcome == "refused"]
    assert ["wrong_password"] * 5 + ["too_many"] == refusals


def test_whoever_enrols_a_phone_at_a_fresh_stolen_session_is_reported_to_the_owner(
    product: Product, app: Flask, clock: Clock, engine: Engine
) -> None:
    """Within ten minutes of the log-in it can be done; the owner gets a mail that says so (D-51)."""
    person = product.employee()
    thief = thief_with(app, session_of(app, person))

    phone = Phone(begin_activation(thief, person))
    thief.post(f"{security(person)}/two-factor/activate/code", code=phone.code(clock.now))

    with engine.connect() as connection:
        told = connection.execute(text("SELECT notice, recipient FROM outbox")).all()
    assert [("activated", person.email)] == [tuple(row) for row in told]
    assert ["success"] == [event.outcome for event in product.audit("two_factor:activate")]


# --- switching off ----------------------------------------------------------------------------------------------------


def test_a_reset_without_a_code_of_one_s_own_changes_nothing(
    client: Client, product: Product, engine: Engine, clock: Clock
) -> None:
    """None, empty, old, a colleague's, by GET, without the token: it stays on, and each is written down (D-52)."""
    owner = product.owner()
    kim = product.owner("kim@studio.example", company=owner.person.company_id)
    old = owner.phone.code(clock.now)
    log_in_fully(client, owner, clock)
    path = f"{security(owner.person)}/two-factor/reset"
    client.get(path)
    before = factors(engine, without_use=True)

    looked = client.get(f"{path}?code={owner.phone.code(clock.now)}")
    tries = [{}, {"code": ""}, {"code": old}, {"backup_code": kim.codes[0]}, {"code": kim.codes[1]}]
    tries += [{"code": kim.phone.code(clock.now)}, {"backup_code": ""}]
    answers = [client.send(path, **fields) for fields in tries]
    client.token = ""
    forged = client.send(path, code=owner.phone.code(clock.now))

    assert 200 == looked.status
    assert [422] * len(tries) == [answer.status for answer in answers]
    assert 400 == forged.status
    assert before == factors(engine, without_use=True)
    refused = [event.reason for event in product.audit("second_factor:check") if event.outcome == "refused"]
    unknown = ["backup_code_unknown"] * 2
    assert ["malformed"] * 2 + ["code_already_used", *unknown, "wrong_code", "malformed"] == refused
    assert [] == product.audit("two_factor:reset")


def test_naming_somebody_else_resets_nobody_else(
    client: Client, product: Product, engine: Engine, clock: Clock
) -> None:
    """By id in the address 403, by fields and query ignored: one's own is reset, a colleague's never (D-53)."""
    eve = product.owner("eve@studio.example")
    lea = product.owner("lea@studio.example", company=eve.person.company_id)
    log_in_fully(client, eve, clock)
    path = f"{security(eve.person)}/two-factor/reset"
    client.get(path)
    bait = {"employee_id": lea.person.id, "user_id": lea.person.id, "id": lea.person.id, "email": lea.person.email}

    elsewhere = client.send(f"{security(lea.person)}/two-factor/reset", code=eve.phone.code(clock.now))
    own = client.send(f"{path}?employee_id={lea.person.id}", code=eve.phone.code(clock.now), **bait)

    assert 403 == elsewhere.status
    assert "Two-factor authentication is off." in client.followed(own).text
    with engine.connect() as connection:
        left = connection.execute(text("SELECT employee_id FROM authenticators")).scalars().all()
    assert [lea.person.id] == left
    assert [eve.person.id] == [event.employee_id for event in product.audit("two_factor:reset")]


def test_the_switch_sent_past_the_pop_up_changes_nothing(
    client: Client, product: Product, engine: Engine, clock: Clock
) -> None:
    """enabled=false, at the tab, the profile and the reset itself: only a code switches off (D-54)."""
    owner = product.owner()
    log_in_fully(client, owner, clock)
    before = factors(engine, without_use=True)
    tab = security(owner.person)
    take_token(client, f"/settings/employees/{owner.person.id}")
    off = {"enabled": "false", "two_factor": "off", "is_active": "0", "two_factor_authentication": "false"}

    statuses = [client.send(tab, **off).status, client.send(f"{tab}/two-factor/reset", **off).status]
    client.send(f"/settings/employees/{owner.person.id}", name="Lea", phone="", language="en", **off)
    read = client.get(f"{tab}?enabled=false&after=reset")

    assert [405, 422] == statuses
    assert "Two-factor authentication is off." not in read.text
    assert before == factors(engine, without_use=True)
    assert [] == product.audit("two_factor:reset")


def test_after_a_reset_nothing_of_before_opens_anything(
    client: Client, product: Product, app: Flask, engine: Engine, clock: Clock, open_browser: Callable[[], Client]
) -> None:
    """Codes, backup codes, other sessions, half-way log-ins, known browsers: all dead, and the rows gone (D-55)."""
    owner = product.owner()
    other, half_way = open_browser(), open_browser()
    log_in_fully(other, owner, clock)
    log_in(half_way, owner.person)
    half_way.get("/login/code")
    log_in_fully(client, owner, clock)
    path = f"{security(owner.person)}/two-factor/reset"
    client.post(path, code=owner.phone.code(clock.now))
    clock.next_step()

    log_in(open_browser(), owner.person)
    again = Phone(begin_activation(client, owner.person))
    confirm = f"{security(owner.person)}/two-factor/activate/code"
    by_old_phone = take_token(client, confirm).send(confirm, code=owner.phone.code(clock.now))
    by_old_code = client.send(confirm, code=owner.codes[0])

    assert 303 == other.get("/").status
    assert "/login" == half_way.send("/login/code", code=owner.phone.code(clock.now)).location.partition("?")[0]
    assert [0, 0, 0] == [_count(engine, table) for table in ("authenticators", "backup_codes", "challenges")]
    assert again.key != owner.phone.key
    assert [422, 422] == [by_old_phone.status, by_old_code.status]
    assert ["success"] == [event.outcome for event in product.audit("two_factor:reset")]
    assert {"count": 2} == product.audit("session:end_others")[-1].details


def test_a_new_set_of_codes_is_made_once_and_shown_to_its_maker_alone(
    client: Client, product: Product, engine: Engine, clock: Clock, open_browser: Callable[[], Client]
) -> None:
    """Looked at again: the form. Sent again: the code is spent. Later: the password first. Old codes dead (D-56)."""
    owner = product.owner()
    other = open_browser()
    log_in_fully(other, owner, clock)
    log_in_fully(client, owner, clock)
    path, code = f"{security(owner.person)}/backup-codes", owner.phone.code(clock.now)
    new = _codes(client.followed(client.post(path, code=code)).document)
    stored = dump(engine)["backup_codes"]

    looked = client.get(path)
    sent_again = client.send(path, code=code)
    elsewhere = other.get(f"{security(owner.person)}/two-factor/activate/backup-codes")
    clock.move(minutes=11)
    later = client.get(path)
    by_post = client.send(path, code=owner.phone.code(clock.now))

    assert 8 == len(new)
    assert 422 == sent_again.status
    for answer in (looked, sent_again, elsewhere, later, by_post):
        assert not [one for one in new if one in answer.response.text]
    assert ["Confirm that it's you"] * 2 == [later.heading, by_post.heading]
    assert stored == dump(engine)["backup_codes"]
    assert ["success"] == [event.outcome for event in product.audit("backup_codes:create")]
    assert "Refused" == type(product.answer(product.half_way(owner.person), owner.codes[0])).__name__


# --- the database file ------------------------------------------------------------------------------------------------


def test_whoever_steals_the_database_file_finds_no_secret_in_it(place: Place, tmp_path: Path) -> None:
    """Key, codes, passwords, cookies, in any form, while the codes are on the screen: ciphertext and hashes (D-57)."""
    with Session(place.engine, expire_on_commit=False) as session:
        clock = Clock()
        clock.now = datetime.now(UTC)
        person = Product(session, Keyring([KEY]), clock).employee("kim@other.example", name="Kim Frei")
    browser = Browser(place.address)
    half_way = place.half_way()
    phone, codes, code = _activate_over_http(browser, person)
    seed = phone.secret
    secrets = {
        *(PASSWORD, phone.key, phone.key.lower(), seed.hex(), seed.hex().upper(), base64.b64encode(seed).decode()),
        *(base64.urlsafe_b64encode(seed).decode(), base64.b64encode(seed).decode().rstrip("=")),
        *codes,
        *(one.replace("-", "") for one in codes),
        *(one.lower() for one in codes),
        *_tokens(browser),
        *_tokens(half_way),
    }
    assert len(secrets) > 30

    raw = _files_of(place.engine, tmp_path / "stolen")
    everything = list(values(dump(place.engine)))
    columns = " ".join(as_text(value) for _, value in everything)

    assert not [secret for secret in secrets if secret in columns or secret.encode() in raw]
    assert seed not in raw
    assert not [table for table, value in everything if isinstance(value, bytes) and seed in value]
    words = " ".join(str(value) for _, value in everything if isinstance(value, str | dict | list))
    assert not re.search(rf"(?<!\d){code}(?!\d)", words)
    assert b"kim@other.example" in raw or "kim@other.example" in columns  # what is looked through is the database
    _assert_hashes_are_slow(place.engine, person)


def _assert_hashes_are_slow(engine: Engine, person: Person) -> None:
    """Eight bcrypt hashes under a salt of their own set; the password's hash is not even there in clear."""
    query = text(
        "SELECT s.salt, c.code_hash FROM backup_codes c JOIN backup_code_sets s ON s.id = c.set_id"
        f" WHERE s.employee_id = {person.id}"
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
        boxes = connection.execute(text("SELECT box FROM password_hashes")).scalars().all()
    assert 8 == len(rows) == len({row.code_hash for row in rows})
    assert all(bytes(row.salt).startswith(b"$2b$04$") for row in rows)
    assert not [box for box in boxes if b"$2b$" in bytes(box)]


# --- ways back in -----------------------------------------------------------------------------------------------------


NOT_THERE = ["/password", "/password/reset", "/register", "/signup", "/sign-up", "/invite", "/recover"]
NOT_THERE += ["/support/reset", "/api/employees/1", "/admin", "/two-factor/reset"]
NOT_THERE += ["/email/confirm", "/settings/employees/1/security/two-factor/disable"]


@pytest.mark.parametrize("who", ["nobody", "employee", "admin", "support"])
def test_no_back_door_answers_to_anybody(
    client: Client, product: Product, app: Flask, engine: Engine, who: str
) -> None:
    """No registration, no reset past the console, no other switch: 404, and no route (D-60, D-61, D-62, D-63)."""
    lea = product.owner()
    if who != "nobody":
        company = product.company("Vendor", is_vendor=True) if who == "support" else lea.person.company_id
        log_in(client, product.employee("eve@studio.example", company=company, role=Role(who)))
    take_token(client, "/login" if who == "nobody" else "/settings/employees")
    before = factors(engine)

    for path in NOT_THERE:
        answers = [client.get(path), client.send(path, email=lea.person.email, employee_id=lea.person.id)]
        assert [404, 404] == [answer.status for answer in answers], path

    routes = " ".join(rule.rule for rule in app.url_map.iter_rules() if rule.endpoint != "static")
    assert not re.findall(r"regist|sign|recover", routes)
    assert before == factors(engine)


def test_whoever_reads_the_mailbox_finds_nothing_that_opens_the_account(
    client: Client, product: Product, engine: Engine, clock: Clock
) -> None:
    """No link and no code in what any notice tells, and no mail answers a question of the log-in (D-59)."""
    owner = product.owner()
    log_in_fully(client, owner, clock)
    client.post(f"{security(owner.person)}/backup-codes", code=owner.phone.code(clock.now))
    client.as_page().post("/logout", form_at="/")
    clock.next_step()
    log_in(client, owner.person)
    for _ in range(6):
        client.post("/login/backup-code", backup_code=owner.codes[0])

    facts = str(dump(engine)["outbox"])

    notices = {"activated", "new_browser", "new_backup_codes", "wrong_codes"}
    assert notices == {row[1] for row in dump(engine)["outbox"]}
    assert not re.search(r"https?:|/login|token=|otpauth", facts)
    assert not [code for code in owner.codes if code in facts or code.replace("-", "") in facts]


def test_whoever_talks_an_operator_into_a_reset_still_needs_the_password_and_is_reported(
    app: Flask, product: Product, engine: Engine, clock: Clock, open_browser: Callable[[], Client]
) -> None:
    """Sessions end, the owner is told, operator, ticket and reason stand in the audit; nothing is shown (D-61)."""
    owner = product.owner()
    browser = open_browser()
    log_in_fully(browser, owner, clock)
    options = ["--ticket", "T-17", "--reason", "said the phone was lost"]

    done = app.test_cli_runner().invoke(args=["two-factor", "reset", owner.person.email, *options])
    impostor = open_browser().post("/login", email=owner.person.email, password="not the right password")

    assert 0 == done.exit_code
    assert not [secret for secret in (owner.phone.key, *owner.codes, PASSWORD) if secret in done.output]
    assert 303 == browser.get("/").status
    assert 422 == impostor.status
    (event,) = product.audit("two_factor:reset_by_operator")
    assert {"ticket": "T-17", "reason": "said the phone was lost"}.items() <= event.details.items()
    assert event.details["operator"]
    assert ("reset", owner.person.email) in {(row[1], row[3]) for row in dump(engine)["outbox"]}


def test_an_administrator_s_pages_hold_no_seed_hash_or_code_of_a_colleague(
    client: Client, product: Product, engine: Engine
) -> None:
    """The list and the profile, as pages and fragments, with codes on the colleague's screen (D-62)."""
    admin = product.employee("ada@studio.example", name="Ada", role=Role.ADMIN)
    lea = product.activate(product.employee(company=admin.company_id))
    log_in(client, admin)
    secrets = {lea.phone.key, lea.phone.secret.hex(), lea.seat.token, *lea.codes}
    secrets |= {one.replace("-", "") for one in lea.codes}
    for _, value in values(dump(engine)):
        if isinstance(value, bytes):
            secrets |= {value.hex(), base64.b64encode(value).decode(), value.decode("latin-1")}

    pages = [f"/settings/employees/{lea.person.id}", "/settings/employees", "/settings/employees?q=lea", "/"]
    bodies = [client.get(path).response.text for path in pages]

    assert "lea@studio.example" in bodies[0]
    assert not [secret for secret in secrets for body in bodies if secret in body]


def test_nobody_registers_or_takes_over_another_s_address(client: Client, product: Product, engine: Engine) -> None:
    """The profile takes no address; the page that does gives nobody that of somebody else (D-63)."""
    lea = product.employee()
    eve = product.employee("eve@studio.example", name="Eve", company=lea.company_id)
    log_in(client, eve)
    path = f"/settings/employees/{eve.id}"
    take_token(client, path)

    client.send(path, name="Eve", phone="", language="en", email=lea.email, new_email=lea.email)
    asked = client.send(f"{security(eve)}/email", new_email=lea.email)

    assert "We have sent a link to the new address." in client.followed(asked).text
    assert [] == product.mailed(LinkKind.EMAIL)
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT email, email_key FROM employees ORDER BY id")).all()
    assert [(lea.email, lea.email), (eve.email, eve.email)] == [tuple(row) for row in stored]


# --- steps ------------------------------------------------------------------------------------------------------------


def _count(engine: Engine, table: str) -> int:
    return len(dump(engine)[table])


def _outcomes(product: Product, kind: str) -> set[tuple[str, str]]:
    return {(event.outcome, event.reason) for event in product.audit(kind)}


def _codes(document) -> list[str]:
    return [code.text for code in document.all("code")]


def _activate_over_http(browser: Browser, person: Person) -> tuple[Phone, list[str], str]:
    """The phone, the eight codes that are on the screen, and the code that was typed."""
    assert 303 == browser.post("/login", email=person.email, password=PASSWORD).status
    tab = security(person)
    browser.post(f"{tab}/two-factor/activate", form_at=tab)
    found = re.search(r"secret=([A-Z2-7]{32})", browser.get(f"{tab}/two-factor/activate").text)
    assert found
    phone = Phone(found.group(1))
    code = phone.code(datetime.now(UTC))
    assert 303 == browser.post(f"{tab}/two-factor/activate/code", code=code).status
    codes = re.findall(r"<code>([0-9A-Z-]{19})</code>", browser.get(f"{tab}/two-factor/activate/backup-codes").text)
    assert 8 == len(codes)
    return phone, codes, code


def _tokens(browser: Browser) -> set[str]:
    """What its cookies hold, without the letter before it."""
    found = {cookie.value.rpartition(".")[2] for cookie in browser.cookies if cookie.value}
    assert found
    return found


def _files_of(engine: Engine, folder: Path) -> bytes:
    """SQLite's file with its write-ahead log, as a thief copies them to *folder*; nothing for PostgreSQL.

    By another process: to open and close the file in this one would let go of the locks that it holds.
    """
    url = make_url(engine.url)
    if url.get_backend_name() != "sqlite":
        return b""
    folder.mkdir()
    path = Path(str(url.database))
    files = sorted(path.parent.glob(path.name + "*"))
    assert {path, path.with_name(path.name + "-wal")} <= set(files)
    subprocess.run(["cp", *map(str, files), str(folder)], check=True)
    return b"".join(copy.read_bytes() for copy in sorted(folder.iterdir()))

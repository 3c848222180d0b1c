"""Password and e-mail on the Security tab: the forms, their answers, and what the tab says of them."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine

from tests.attacks.thieves import session_of, thief_with
from tests.core.people import PASSWORD, Clock, Owner, Product
from tests.core.stored import dump
from tests.web.client import Answer, Client
from tests.web.people import log_in, security
from webapp.core.accounts.flows import Person
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice

NEW = "harbour quilt nineteen ferns"
ADDRESS = "lea@new.example"


def log_in_fully(client: Client, owner: Owner, clock: Clock) -> None:
    log_in(client, owner.person)
    client.as_page().post("/login/code", code=owner.phone.code(clock.now))
    clock.next_step()


def change(client: Client, person: Person, **fields: str) -> Answer:
    sent = {"current_password": PASSWORD, "new_password": NEW, **fields}
    return client.post(f"{security(person)}/password", **sent)


def ask(client: Client, person: Person, new_email: str = ADDRESS, **fields: str) -> Answer:
    return client.post(f"{security(person)}/email", new_email=new_email, **fields)


def error_at(answer: Answer, field: str) -> str:
    return answer.document.one("p", id=f"{field}-error").text


# --- the password -----------------------------------------------------------------------------------------------------


def test_a_person_changes_the_password(client: Client, product: Product, open_browser: Callable[[], Client]) -> None:
    """From the tab, by its labels; it says so there, once it is so; the other browser is out (ASVS 6.2.2, 6.2.3)."""
    person, other = product.employee(), open_browser()
    log_in(other, person)
    log_in(client, person)
    client.get(f"{security(person)}/password")

    done = client.fill_in("Change password", {"Current password": PASSWORD, "New password": NEW})

    tab = client.followed(done)
    assert "Your password is changed." in tab.text
    assert "Set on" in tab.text
    assert "Password changed" in tab.text
    assert 303 == other.get("/").status
    assert client.as_page().get("/").status == 200
    assert "Your password is changed." not in client.get(f"{security(person)}?after=email").text
    assert 303 == open_browser().post("/login", email=person.email, password=NEW).status


def test_the_cookie_of_before_is_dead_after_it(client: Client, product: Product, app: Flask) -> None:
    """The session goes on under a new token (ASVS 7.2.4)."""
    person = product.employee()
    log_in(client, person)
    before = client.flask.get_cookie("session")
    assert before

    change(client, person)

    assert 303 == thief_with(app, before.value).get("/").status
    assert 200 == client.as_page().get("/").status


def test_an_old_log_in_is_asked_for_nothing_more(client: Client, product: Product, clock: Clock) -> None:
    """The form takes the current password: that is the confirmation."""
    person = product.employee()
    log_in(client, person)
    clock.move(minutes=30)

    shown = client.get(f"{security(person)}/password")
    done = change(client, person)

    assert "Change your password" == shown.heading
    assert "Your password is changed." in client.followed(done).text


@pytest.mark.parametrize("field", ["code", "backup_code"])
def test_a_code_is_part_of_the_form_where_it_is_on(client: Client, product: Product, clock: Clock, field: str) -> None:
    """Both kinds, the link between them, and none of it where it is off."""
    owner = product.owner()
    log_in_fully(client, owner, clock)
    path = f"{security(owner.person)}/password"
    plain = client.get(path)
    assert plain.document.one("a", href=f"{path}?by=backup_code").text == "Use a backup code instead"
    typed = owner.codes[0] if field == "backup_code" else owner.phone.code(clock.now)

    refused = change(client, owner.person)
    done = change(client, owner.person, **{field: typed})

    assert 422 == refused.status
    assert "Enter the 6-digit code from your app." in error_at(refused, "code")
    assert "Your password is changed." in client.followed(done).text
    assert "Two-factor authentication" in client.followed(done).text


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"current_password": ""}, "current_password", "Enter your current password."),
        ({"new_password": ""}, "new_password", "Enter a new password."),
        ({"new_password": "short"}, "new_password", "at least 15 characters"),
        ({"new_password": "x" * 257}, "new_password", "at most 256 characters"),
        ({"new_password": "passwordpassword"}, "new_password", "too easy to guess."),
        ({"current_password": "not the right one"}, "current_password", "That isn't your password. You have 4"),
        ({"new_password": PASSWORD}, "new_password", "This is your current password."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    client: Client, product: Product, engine: Engine, fields: dict[str, str], field: str, words: str
) -> None:
    """422, no password comes back in the page, nothing changes."""
    person = product.employee()
    log_in(client, person)
    before = dump(engine)["password_hashes"]

    answer = change(client, person, **fields)

    assert 422 == answer.status
    assert words in error_at(answer, field)
    assert ["", ""] == [answer.value(name) for name in ("current_password", "new_password")]
    assert before == dump(engine)["password_hashes"]


def test_a_wrong_code_is_said_at_the_code_and_costs_no_password(client: Client, product: Product, clock: Clock) -> None:
    owner = product.owner()
    log_in_fully(client, owner, clock)

    answers = [change(client, owner.person, code=owner.phone.wrong_code(clock.now)) for _ in range(2)]

    assert [422, 422] == [answer.status for answer in answers]
    assert "You have 3 attempts left." in error_at(answers[1], "code")
    assert "" == answers[1].value("code")
    assert ["success"] * 3 == [event.outcome for event in product.audit("password:check")][-3:]


@pytest.mark.parametrize("guessed", ["password", "code"])
def test_too_many_guesses_pause_the_page(client: Client, product: Product, clock: Clock, guessed: str) -> None:
    """429 with Retry-After on the form sent and on the page that is only looked at; the form stays."""
    owner = product.owner()
    log_in_fully(client, owner, clock)
    wrong = {"current_password": "not the right one"} if guessed == "password" else {}
    code = owner.phone.wrong_code(clock.now)

    answers = [change(client, owner.person, code=code, **wrong) for _ in range(5)]
    paused = change(client, owner.person, code=owner.phone.code(clock.now))
    looked = client.get(f"{security(owner.person)}/password")

    assert [422] * 4 == [answer.status for answer in answers[:4]]
    for answer in (paused, looked):
        assert 429 == answer.status
        assert 0 < int(answer.response.headers["Retry-After"]) <= 300
        answer.document.one("input", name="new_password")


def test_a_stolen_cookie_without_the_password_changes_nothing(
    product: Product, app: Flask, engine: Engine, clock: Clock
) -> None:
    """However fresh: five guesses as a stranger, each written down; the owner's browser goes on."""
    person = product.employee()
    thief = thief_with(app, session_of(app, person))
    before = dump(engine)["password_hashes"]

    statuses = [change(thief, person, current_password=f"guess number {at}").status for at in range(5)]

    assert [422] * 4 == statuses[:4]
    assert before == dump(engine)["password_hashes"]
    refused = [event.reason for event in product.audit("password:check") if event.outcome == "refused"]
    assert ["wrong_password"] * 5 == refused


def test_a_colleague_s_password_and_e_mail_are_closed(client: Client, product: Product) -> None:
    """403 (own_page), and 404 for strangers."""
    lea = product.employee()
    kim = product.employee("kim@studio.example", company=lea.company_id)
    noa = product.employee("noa@else.example")
    log_in(client, lea)
    client.get(f"{security(lea)}/password")

    for page in ("password", "email"):
        assert [403, 404] == [client.get(f"{security(one)}/{page}").status for one in (kim, noa)]
        assert [403, 404] == [client.send(f"{security(one)}/{page}").status for one in (kim, noa)]


# --- the e-mail address -----------------------------------------------------------------------------------------------


def test_a_person_changes_the_address(client: Client, product: Product) -> None:
    """Asked for on the tab, which waits for it; confirmed by the link, in the same session; then it logs in."""
    person = product.employee()
    log_in(client, person)
    client.get(f"{security(person)}/email")
    asked = client.fill_in("Change e-mail", {"New e-mail": ADDRESS})
    tab = client.followed(asked)
    assert "We have sent a link to the new address." in tab.text
    assert "Waiting for confirmation at le…@ne….example" in tab.text
    ((recipient, token),) = product.mailed(LinkKind.EMAIL)

    page = client.get(f"/email/confirm/{token}")
    done = client.fill_in("Use this e-mail address")

    assert ADDRESS == recipient
    assert ADDRESS in page.text
    after = client.followed(done)
    assert "Your e-mail address is changed." in after.text
    assert "Waiting for confirmation" not in after.text
    assert f"Employee, {ADDRESS}" in after.text
    used = client.get(f"/email/confirm/{token}")
    assert 410 == used.status
    assert f"this one has been used. You log in with {ADDRESS}." in used.text
    assert "Your e-mail address is changed." not in client.get(f"{security(person)}?after=password").text


def test_an_old_log_in_is_confirmed_before_another_address(client: Client, product: Product, clock: Clock) -> None:
    """There is no password in this form, so it is asked for first; a resumed session is no proof of today (7.5.1)."""
    person = product.employee()
    log_in(client, person)
    clock.move(minutes=61)
    resumed = client.as_page().post("/login", email=person.email, password=PASSWORD)

    asked, sent = client.get(f"{security(person)}/email"), ask(client, person)

    assert "/" == resumed.location
    assert ["session:resume"] == [event.kind for event in product.audit("session:resume")]
    assert ["Confirm that it's you"] * 2 == [asked.heading, sent.heading]
    assert [] == product.mailed(LinkKind.EMAIL)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Enter your new e-mail address."),
        ("lea", "This is not an e-mail address."),
        ("a@b@c.example", "This is not an e-mail address."),
        ("lea@studio.example", "This is your e-mail address already."),
        ("LEA@Studio.example", "This is your e-mail address already."),
        ("x" * 250 + "@new.example", "Use at most 254 characters."),
    ],
)
def test_an_address_that_can_t_be_taken_is_said_at_the_field(
    client: Client, product: Product, typed: str, words: str
) -> None:
    """422 with what was typed."""
    person = product.employee()
    log_in(client, person)

    answer = ask(client, person, typed)

    assert 422 == answer.status
    assert words in error_at(answer, "new_email")
    assert typed == answer.value("new_email")
    assert [] == product.mailed(LinkKind.EMAIL)


def test_an_address_of_somebody_else_looks_like_any_other(client: Client, product: Product, engine: Engine) -> None:
    """The same answer, the same tab, the same notice to oneself; nobody is mailed there."""
    lea, kim = product.employee(), product.employee("kim@new.example")
    log_in(client, lea)

    free, taken = [client.followed(ask(client, lea, one)).text for one in ("kam@new.example", kim.email)]

    def alike(words: str) -> str:
        return re.sub("ki…|ka…", "k?…", words).replace(", 2 times", "")

    assert alike(free).partition("Recent")[0] == alike(taken).partition("Recent")[0]
    assert ["kam@new.example"] == [recipient for recipient, _ in product.mailed(LinkKind.EMAIL)]
    told = [(row[1], row[3]) for row in dump(engine)["outbox"]]
    assert 2 == told.count(("email_change_asked", lea.email))
    assert kim.email not in {recipient for _, recipient in told}


def test_the_fourth_link_in_an_hour_waits(client: Client, product: Product) -> None:
    """429 with Retry-After: here it is no secret."""
    person = product.employee()
    log_in(client, person)

    answers = [ask(client, person, f"lea{at}@new.example") for at in range(4)]

    assert 429 == answers[3].status
    assert 3600 == int(answers[3].response.headers["Retry-After"])
    assert 3 == len(product.mailed(LinkKind.EMAIL))


def test_whoever_is_not_logged_in_is_led_to_the_log_in_and_back(
    client: Client, product: Product, open_browser: Callable[[], Client]
) -> None:
    """The page tells nothing of the link, live or not; a POST leads there too; with a code, where it is on."""
    person = product.employee()
    seat = product.log_in(person)
    product.ask_email(seat, ADDRESS)
    ((_, token),) = product.mailed(LinkKind.EMAIL)
    path = f"/email/confirm/{token}"

    live, unknown = client.get(path), client.get("/email/confirm/x")
    client.get("/login")
    sent = client.send(path)
    browser = open_browser()
    back = browser.post(f"/login?next={path}", email=person.email, password=PASSWORD)

    assert ["Log in first"] * 2 == [live.heading, unknown.heading]
    assert [200, 200] == [live.status, unknown.status]
    assert f"/login?next={path}" in {link.attributes["href"] for link in live.document.all("a")}
    assert f"/login?next={path}" == sent.location
    for word in (person.email, "new.example", person.name):
        assert word not in live.response.text
    assert path == back.location
    assert "Your new e-mail address" == browser.get(path).heading


def test_another_person_s_link_is_closed(client: Client, product: Product, engine: Engine) -> None:
    """A page that says so and names nobody; 403 for the POST, and a row of the audit."""
    product.ask_email(product.log_in(product.employee()), ADDRESS)
    ((_, token),) = product.mailed(LinkKind.EMAIL)
    kim = product.employee("kim@else.example", name="Kim")
    log_in(client, kim)

    page = client.get(f"/email/confirm/{token}")
    sent = client.as_page().post(f"/email/confirm/{token}", form_at="/")

    assert "Another account's link" == page.heading
    assert "lea@" not in page.response.text
    assert 403 == sent.status
    assert [kim.id] == [event.employee_id for event in product.audit("access:deny")]
    assert "lea@studio.example" in str(dump(engine)["employees"])


def test_an_address_that_was_taken_meanwhile_is_a_sentence(client: Client, product: Product) -> None:
    """422, nothing changed, the link as it was."""
    person = product.employee()
    log_in(client, person)
    ask(client, person)
    ((_, token),) = product.mailed(LinkKind.EMAIL)
    product.employee(ADDRESS)

    answer = client.as_page().post(f"/email/confirm/{token}")

    assert 422 == answer.status
    assert "Another account has this address by now" in answer.text
    assert 200 == client.get(f"/email/confirm/{token}").status
    assert f"Employee, {person.email}" in client.get(security(person)).text


def test_a_link_that_is_over_says_so(client: Client, product: Product, clock: Clock) -> None:
    """410 for one that is too old, one that was never made, and one of another kind; by GET and by POST."""
    person = product.employee()
    log_in(client, person)
    ask(client, person)
    ((_, token),) = product.mailed(LinkKind.EMAIL)
    _, notice_token = product.mailed(LinkKind.NOTICE)[0]
    product.forgot(person.email)
    product.resolve()
    ((_, password_token),) = product.mailed(LinkKind.PASSWORD)

    for other in (notice_token, password_token, f"{token}x", "x"):
        assert 410 == client.get(f"/email/confirm/{other}").status
        assert 410 == client.as_page().post(f"/email/confirm/{other}", form_at="/").status
    clock.move(hours=23)
    log_in(client, person)
    clock.move(hours=1)
    log_in(client, person)
    assert 410 == client.get(f"/email/confirm/{token}").status


# --- a frozen account -------------------------------------------------------------------------------------------------


def test_a_frozen_account_keeps_its_password_and_its_address(
    client: Client, product: Product, engine: Engine, clock: Clock
) -> None:
    """Each form leads to the freeze, looked at or sent, whatever is right in it."""
    owner = product.owner()
    clock.move(days=1)
    product.log_in_with(owner.person, owner.codes[7])
    product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))
    log_in_fully(client, owner, clock)
    tab = security(owner.person)
    before = {name: rows for name, rows in dump(engine).items() if name in ("employees", "password_hashes")}

    answers = [client.get(f"{tab}/password"), client.get(f"{tab}/email")]
    client.token = client._token(client.flask.get(tab))
    code = owner.phone.code(clock.now)
    answers.append(client.send(f"{tab}/password", current_password=PASSWORD, new_password=NEW, code=code))
    answers.append(client.send(f"{tab}/email", new_email=ADDRESS, code=code))

    assert [f"{tab}/freeze"] * 4 == [answer.location for answer in answers]
    assert before == {name: rows for name, rows in dump(engine).items() if name in ("employees", "password_hashes")}
    assert [] == product.mailed(LinkKind.EMAIL)

"""Inviting somebody: one answer for every address, a mail that says who asks, and a page that acts once."""

import re
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import Engine

from tests.core.people import PASSWORD, Clock, Product, Seat
from tests.core.stored import dump
from tests.web.client import Client
from tests.web.people import log_in
from tests.web.test_recovery import delivered
from webapp.core.accounts.rules import Role
from webapp.core.links.rules import LinkKind

NEW = "harbour quilt nineteen ferns"
NOA = "noa@studio.example"
FORM = "/settings/employees/invite"
FIELDS = {"name": "Noa Keller", "role": "employee"}


@pytest.fixture
def kim(product: Product) -> Seat:
    """Somebody else's browser in which the administrator is logged in already."""
    return product.admin()


def invited(product: Product, seat: Seat, email: str = NOA) -> str:
    """The path of a fresh invitation."""
    product.invite(seat, email)
    return f"/invite/{product.mailed(LinkKind.INVITE)[-1][1]}"


def body_of(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def path_in(mail: EmailMessage) -> str:
    """The path of the link, which is the same in text and HTML."""
    (path,) = {path for kind in ("plain", "html") for path in re.findall(r"5000(/invite/[\w.-]+)", body_of(mail, kind))}
    return str(path)


def test_an_invited_person_chooses_a_password_and_logs_in(
    app: Flask, client: Client, product: Product, kim: Seat, open_browser: Callable[[], Client]
) -> None:
    """From the list, by labels, through the mail as it is delivered, to a log-in of their own."""
    log_in(client, kim.me.person)
    assert FORM in [link.attributes["href"] for link in client.get("/settings/employees").document.all("a")]
    client.get(FORM)
    sent = client.fill_in("Send the invitation", {"Name": "Noa Keller", "E-mail": NOA})
    told = client.followed(sent)
    mail = next(mail for mail in delivered(app) if mail["To"] == NOA)
    guest = Client(open_browser().flask, client.mode)
    guest.get(path_in(mail))

    saved = guest.fill_in("Save", {"New password": NEW})

    assert "What happens now" == told.heading
    assert "Your invitation to Calenso" == mail["Subject"]
    after = guest.followed(saved)
    assert "Your password is saved" == after.heading
    assert "/login" in {one.attributes["href"] for one in after.document.all("a")}
    assert "/login?next=/" == guest.get("/").location
    assert "/" == guest.as_page().post("/login", email=NOA, password=NEW).location
    assert "Hello, Noa" == guest.as_page().get("/").heading


@pytest.mark.parametrize(
    "typed", ["lea@studio.example", "EVE@other.example", NOA, "old@studio.example", "kim@studio.example"]
)
def test_the_answer_is_the_same_whoever_has_the_address(
    client: Client, product: Product, kim: Seat, typed: str
) -> None:
    """A colleague, somebody of another company, invited before, deactivated, oneself: status, text and headers."""
    product.employee(company=kim.me.person.company_id)
    product.employee("eve@other.example", company=product.company("Other"))
    product.invite(kim)
    old = product.employee("old@studio.example", name="Old", company=kim.me.person.company_id)
    product.deactivate(kim, old)
    log_in(client, kim.me.person)
    expected = client.post(FORM, email="new@studio.example", **FIELDS)
    page = client.followed(expected)

    answer = client.post(FORM, email=typed, **FIELDS)

    assert (expected.status, expected.location) == (answer.status, answer.location)
    assert set(expected.response.headers.keys()) == set(answer.response.headers.keys())
    told = client.followed(answer)
    assert (200, page.text) == (told.status, told.text)
    assert "If nobody has an account with that address yet" in told.text
    assert typed not in told.text


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": " ", "email": NOA, "role": "admin"}, "name", "Enter the person's name."),
        ({"name": "Noa\x00", "email": NOA, "role": "admin"}, "name", "one line"),
        ({"name": "N" * 101, "email": NOA, "role": "admin"}, "name", "at most 100 characters"),
        ({"name": "Noa", "email": "", "role": "admin"}, "email", "Enter the person's e-mail address."),
        ({"name": "Noa", "email": "noa", "role": "admin"}, "email", "as in name@example.com"),
        ({"name": "Noa", "email": "n a@x", "role": "admin"}, "email", "not an e-mail address"),
        ({"name": "Noa", "email": NOA, "role": "support"}, "role", "Choose a role."),
    ],
)
def test_what_is_wrong_is_said_at_the_field(
    client: Client, product: Product, engine: Engine, kim: Seat, fields: dict[str, str], field: str, words: str
) -> None:
    """422, the rest kept, nothing stored."""
    log_in(client, kim.me.person)

    answer = client.post(FORM, **fields)

    assert 422 == answer.status
    assert words in answer.document.one("p", id=f"{field}-error").text
    kept = {name: answer.value(name) for name in ("name", "email") if fields[name].isprintable()}
    assert {name: fields[name] for name in kept} == kept
    chosen = [
        one.attributes["value"] for one in answer.document.all("input", name="role") if "checked" in one.attributes
    ]
    assert ([] if field == "role" else ["admin"]) == chosen
    assert 1 == len(dump(engine)["employees"])
    assert [] == product.mailed(LinkKind.INVITE)


def test_the_twenty_first_in_an_hour_has_to_wait(client: Client, product: Product, kim: Seat) -> None:
    """429 with the time, and the form stays filled in."""
    for at in range(20):
        product.invite(kim, f"noa{at}@studio.example")
    log_in(client, kim.me.person)

    answer = client.post(FORM, email=NOA, **FIELDS)

    assert (429, "3600") == (answer.status, answer.response.headers["Retry-After"])
    assert "You can try again at 11:00" in answer.text
    assert NOA == answer.value("email")


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.SUPPORT])
def test_only_administrators_invite(client: Client, product: Product, role: Role) -> None:
    """403 on each of the pages, by GET and POST."""
    person = product.employee(role=role, company=product.company(is_vendor=role is Role.SUPPORT))
    log_in(client, person)
    client.as_page().get("/")

    for path in (FORM, f"{FORM}/sent"):
        assert 403 == client.get(path).status
    assert 403 == client.post(FORM, form_at="/", email=NOA, **FIELDS).status
    assert [] == product.mailed(LinkKind.INVITE)


def test_inviting_asks_for_a_recent_password(client: Client, product: Product, kim: Seat, clock: Clock) -> None:
    """Whoever took over a session that was left open must not make a second administrator."""
    log_in(client, kim.me.person)
    client.get(FORM)
    clock.move(minutes=11)

    shown, sent = client.get(FORM), client.send(FORM, email=NOA, name="Noa", role="admin")

    assert ["Confirm that it's you"] * 2 == [shown.heading, sent.heading]
    assert [] == product.mailed(LinkKind.INVITE)


@pytest.mark.parametrize(
    "name", ["Win at https://evil.example/x", "evil.example", "pay@evil.example", "<b>Kim</b> {{7*7}}", "\u202emiK"]
)
def test_the_inviters_name_is_text_and_no_link(app: Flask, product: Product, kim: Seat, name: str) -> None:
    """Strangers read it: no markup, no header, and nothing that a mail program makes an address of."""
    admin = product.employee("uma@studio.example", name=name, company=kim.me.person.company_id, role=Role.ADMIN)
    product.invite(product.log_in(admin))

    (mail,) = [mail for mail in delivered(app) if mail["To"] == NOA]

    assert name not in "".join(str(value) for value in mail.values())
    html, text = body_of(mail, "html"), body_of(mail, "plain")
    for said in (html, text):
        assert "evil.example" not in said
        assert "https://evil" not in said
        assert "pay@" not in said or "pay@\u2009evil" in said
    assert "<b>Kim" not in html
    assert "<b>" not in name or "{{7*7}}" in text
    if "evil" in name:
        assert "evil.\u2009example" in text
    assert "<bdi>" in html


def test_the_mail_tells_nothing_of_the_administrator_but_the_name(app: Flask, product: Product, kim: Seat) -> None:
    """Neither address nor browser nor place; it greets nobody, for a stranger may read it."""
    product.invite(kim)

    (mail,) = [mail for mail in delivered(app) if mail["To"] == NOA]

    for kind in ("plain", "html"):
        said = body_of(mail, kind)
        assert "Kim Amsler" in said
        assert "Studio Nord" in said
        for private in (kim.me.person.email, "192.0.2", "Firefox", "Noa Keller"):
            assert private not in said


def test_a_live_link_names_nobody(client: Client, product: Product, kim: Seat) -> None:
    """Whoever finds it learns no address, no name and no company."""
    page = client.get(invited(product, kim))

    assert (200, "Choose your password") == (page.status, page.heading)
    for word in (NOA, "Noa", "Kim", "Studio Nord"):
        assert word not in page.response.text
    assert "At least 15 characters" in page.text


def test_looking_at_a_link_uses_nothing_up(client: Client, product: Product, kim: Seat) -> None:
    """Mail scanners look at every link, by GET and by HEAD."""
    path = invited(product, kim)

    for method in ("GET", "HEAD", "OPTIONS", "GET"):
        client.flask.open(path, method=method)

    assert 303 == client.post(path, new_password=NEW).status


@pytest.mark.parametrize(
    ("new", "words"),
    [
        ("", "Enter a new password."),
        ("short", "at least 15 characters"),
        ("passwordpassword", "too easy to guess."),
        (NOA, "too easy to guess."),
    ],
)
def test_a_password_that_breaks_a_rule_is_said_at_the_field(
    client: Client, product: Product, kim: Seat, new: str, words: str
) -> None:
    """422, and the link is still good."""
    path = invited(product, kim)

    answer = client.post(path, new_password=new)

    assert 422 == answer.status
    assert words in answer.document.one("p", id="new_password-error").text
    assert 303 == client.post(path, new_password=NEW).status


def test_an_invitation_that_is_over_says_what_to_do(
    client: Client, product: Product, kim: Seat, clock: Clock, open_browser: Callable[[], Client]
) -> None:
    """410 for used, void, too old, deactivated, unknown, of another kind; by GET and POST; nothing changes."""
    older, used = invited(product, kim), invited(product, kim)
    assert 303 == open_browser().post(used, new_password=NEW).status
    closed = invited(product, kim, "ivo@studio.example")
    product.deactivate(kim, product.today("ivo@studio.example"))
    late = invited(product, kim, "zoe@studio.example")
    product.forgot(kim.me.person.email)
    product.resolve()
    other_kind = f"/invite/{product.mailed(LinkKind.PASSWORD)[0][1]}"
    at_once = client.get(used)
    clock.move(hours=72)

    for path in (older, used, closed, late, other_kind, "/invite/x", f"{used}x"):
        answers = [client.get(path), client.as_page().post(path, form_at="/login", new_password=PASSWORD + " x")]
        assert [410, 410] == [answer.status for answer in answers], path
        for answer in answers:
            assert "This invitation no longer works" == answer.heading
            assert answer.document.all("a", href="/login")
    assert "Your password is saved" == at_once.heading
    assert "this one has been used" in client.get(used).text
    assert 303 == open_browser().post("/login", email=NOA, password=NEW).status


def test_accepting_leaves_whoever_is_logged_in_here_alone(client: Client, product: Product, kim: Seat) -> None:
    """An administrator who tries the link in their own browser stays who they are."""
    log_in(client, kim.me.person)
    path = invited(product, kim)

    client.as_page().post(path, new_password=NEW)

    assert "Hello, Kim" == client.as_page().get("/").heading


def test_no_line_of_the_log_holds_the_link(
    app: Flask, client: Client, product: Product, kim: Seat, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither token nor password nor the invited person's address or name (ASVS 16.2.5)."""
    path = invited(product, kim)
    delivered(app)
    client.post(path, new_password=NEW)

    said = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "employee:accept_invite" in said
    for secret in (path.rpartition("/")[2], path.rpartition("/")[2].partition(".")[0], NEW, NOA, "Keller"):
        assert secret not in said

"""Forgotten passwords: the same page for everybody, a mail to the stored address, a page that acts once."""

import email
import email.policy
import re
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from tests.core.people import PASSWORD, Clock, Product
from tests.core.stored import dump
from tests.web.client import Client
from tests.web.people import log_in
from webapp.core.links.rules import LinkKind

NEW = "harbour quilt nineteen ferns"
REAL = "lea@studio.example"


def delivered(app: Flask) -> list[EmailMessage]:
    """Whatever the sender has put into the folder, oldest first."""
    assert 0 == app.test_cli_runner().invoke(args=["outbox", "send"]).exit_code
    files = sorted((Path(app.instance_path) / "mail").glob("*.eml"))
    return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]


def path_in(mail: EmailMessage) -> str:
    """The path of the link, which is the same in text and HTML."""
    found = set()
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        found |= set(re.findall(r"http://127\.0\.0\.1:5000(/password/reset/[\w.-]+)", body.get_content()))
    (path,) = found
    return str(path)


def link(product: Product, address: str = REAL) -> str:
    product.forgot(address)
    product.resolve()
    return f"/password/reset/{product.mailed(LinkKind.PASSWORD)[-1][1]}"


def test_a_forgotten_password_is_set_by_the_mailed_link(
    app: Flask, client: Client, product: Product, engine: Engine
) -> None:
    """From the log-in, by labels, through the mail as it is delivered, to a log-in with the new one."""
    person = product.employee()
    page = client.get("/login")
    assert "/password/forgot" == page.document.one("a", href="/password/forgot").attributes["href"]
    client.get("/password/forgot")
    sent = client.fill_in("Send link", {"E-mail": person.email})
    told = client.followed(sent)
    (mail,) = delivered(app)
    client.get(path_in(mail))

    saved = client.fill_in("Save", {"New password": NEW})

    assert "Look in your mailbox" == told.heading
    assert person.email == mail["To"]
    after = client.followed(saved)
    assert "Your new password is saved" == after.heading
    assert "/login" in {one.attributes["href"] for one in after.document.all("a")}
    assert "/login?next=/" == client.get("/").location
    assert 422 == client.as_page().post("/login", email=person.email, password=PASSWORD).status
    assert "/" == client.as_page().post("/login", email=person.email, password=NEW).location
    assert ["password_link", "password_forgotten"] == [row[1] for row in dump(engine)["outbox"]]


@pytest.mark.parametrize("typed", [REAL, "nobody@studio.example", "old@studio.example", "new@studio.example"])
def test_the_answer_is_the_same_whoever_has_the_address(
    client: Client, product: Product, engine: Engine, typed: str
) -> None:
    """Known, unknown, inactive, without a password: status, text and headers (ASVS 6.3.8)."""
    product.employee()
    old = product.employee("old@studio.example")
    product.employee("new@studio.example", password=None)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE employees SET is_active = false WHERE id = {old.id}"))
    expected = client.post("/password/forgot", email="somebody@else.example")

    answer = client.post("/password/forgot", email=typed)

    assert (303, "/password/forgot/sent") == (answer.status, answer.location)
    assert expected.response.data == answer.response.data
    assert set(expected.response.headers.keys()) == set(answer.response.headers.keys())
    page = client.followed(answer)
    assert "If there is an account with the address you entered" in page.text
    assert typed not in page.response.text


def test_the_fourth_request_looks_like_the_first(client: Client, product: Product) -> None:
    """Nothing more is mailed, and nothing says so."""
    product.employee()

    answers = [client.post("/password/forgot", email=REAL) for _ in range(6)]
    product.resolve()

    assert {(303, "/password/forgot/sent")} == {(answer.status, answer.location) for answer in answers}
    assert 3 == len(product.mailed(LinkKind.PASSWORD))


@pytest.mark.parametrize("typed", ["", "lea", "@", "x" * 250 + "@studio.example", "lea\x00@studio.example"])
def test_what_is_no_address_is_said_at_the_field(client: Client, engine: Engine, typed: str) -> None:
    """422, what was typed kept, nothing stored."""
    answer = client.post("/password/forgot", email=typed)

    assert 422 == answer.status
    assert answer.document.one("p", id="email-error")
    assert [] == dump(engine)["recovery_requests"]


def test_a_live_link_names_nobody(client: Client, product: Product) -> None:
    """Whoever finds it learns no address and no name."""
    person = product.employee()

    page = client.get(link(product))

    assert (200, "Choose a new password") == (page.status, page.heading)
    for word in (person.email, person.name, person.company_name, "le…@"):
        assert word not in page.response.text
    assert "At least 15 characters" in page.text


def test_looking_at_a_link_uses_nothing_up(client: Client, product: Product) -> None:
    """Mail scanners look at every link, by GET and by HEAD."""
    product.employee()
    path = link(product)

    for method in ("GET", "HEAD", "OPTIONS", "GET"):
        client.flask.open(path, method=method)

    assert 303 == client.post(path, new_password=NEW).status


@pytest.mark.parametrize(
    ("new", "words"),
    [
        ("", "Enter a new password."),
        ("short", "at least 15 characters"),
        ("passwordpassword", "too easy to guess."),
        ("x" * 257, "at most 256 characters"),
    ],
)
def test_a_password_that_breaks_a_rule_is_said_at_the_field(
    client: Client, product: Product, new: str, words: str
) -> None:
    """422, and the link is still good."""
    product.employee()
    path = link(product)

    answer = client.post(path, new_password=new)

    assert 422 == answer.status
    assert words in answer.document.one("p", id="new_password-error").text
    assert 303 == client.post(path, new_password=NEW).status


def test_a_link_that_is_over_offers_another(
    client: Client, product: Product, clock: Clock, open_browser: Callable[[], Client]
) -> None:
    """410 for used, void, too old, unknown, of another kind; by GET and POST; nothing changes."""
    person = product.employee()
    older, used = link(product), link(product)
    assert 303 == open_browser().post(used, new_password=NEW).status
    product.ask_email(product.sit_down(product.pass_password(REAL, NEW).value.started), "lea@new.example")
    ((_, other_kind),) = product.mailed(LinkKind.EMAIL)
    at_once = client.get(used)
    clock.move(minutes=11)
    over = [older, used, f"/password/reset/{other_kind}", "/password/reset/x", f"{used}x"]

    for path in over:
        answers = [client.get(path), client.as_page().post(path, form_at="/login", new_password=PASSWORD + " x")]
        assert [410, 410] == [answer.status for answer in answers], path
        for answer in answers:
            assert "This link no longer works" == answer.heading
            assert answer.document.one("a", href="/password/forgot")
    assert "Your new password is saved" == at_once.heading
    assert "this one has been used" in client.get(used).text
    late = link(product, person.email)
    clock.move(minutes=30)
    assert 410 == client.get(late).status
    assert 410 == client.as_page().post(late, form_at="/login", new_password=PASSWORD + " x").status
    assert 303 == open_browser().post("/login", email=REAL, password=NEW).status


def test_somebody_logged_in_is_logged_out_by_it(client: Client, product: Product) -> None:
    """Its own browser too: the link ends every session and begins none."""
    person = product.employee()
    log_in(client, person)
    path = link(product)

    client.as_page().post(path, new_password=NEW)

    assert "/login?next=/" == client.get("/").location
    assert [1, 1] == [len(product.audit(kind)) for kind in ("session:start", "password:recover")]


def test_the_help_page_leads_to_it(client: Client) -> None:
    """No more to Support."""
    page = client.get("/login/help")

    assert "Forgot your password" in page.text
    assert page.document.one("a", href="/password/forgot")


def test_no_line_of_the_log_holds_the_link_or_what_was_typed(
    app: Flask, client: Client, product: Product, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither token nor password nor the address of somebody who isn't ours (ASVS 16.2.5)."""
    product.employee()
    client.post("/password/forgot", email="somebody@private.example")
    path = link(product)
    delivered(app)
    client.post(path, new_password=NEW)

    said = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "password:recover" in said
    for secret in (path.rpartition("/")[2], path.rpartition("/")[2].partition(".")[0], NEW, "private.example"):
        assert secret not in said

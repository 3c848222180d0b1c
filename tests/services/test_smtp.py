"""Mail over a real SMTP server with faults: nothing is lost, nothing is sent twice, and what waits goes out later."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.core.people import STRANGER, Clock, Product
from tests.services.certificates import certificate
from tests.services.gunicorn import ROOT
from tests.services.mail_server import DROP, HANG, TAKE_AND_DROP, MailServer, dripping, running
from webapp import create_app
from webapp.core.accounts.about import tell
from webapp.core.accounts.flows import Person
from webapp.core.database import writing
from webapp.core.notices.flows import Delivery, Mail, Notice
from webapp.mail import Transport
from webapp.mail.sending import Sender
from webapp.mail.smtp import LIMIT_S, smtp_transport

HASTE_S = 0.4
"""The limit of a mail where a server hangs for good: the product's own minute is too long for a test."""


class House:
    """A product whose mail goes to *server*, and people in it who are owed mail."""

    def __init__(self, uri: str, instance: Path, server: MailServer, clock: Clock, **settings: object) -> None:
        self.uri, self.instance, self.clock = uri, instance, clock
        self.settings = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": server.port, **settings}
        self.app: Flask = create_app(
            clock=clock, SQLALCHEMY_DATABASE_URI=uri, INSTANCE_PATH=str(instance), BCRYPT_ROUNDS=4, **self.settings
        )
        with self.app.app_context():
            self.engine: Engine = self.app.extensions["sqlalchemy"].engine
        self.session = Session(self.engine, expire_on_commit=False)
        self.product = Product(self.session, self.app.extensions["webapp"].keyring, clock)

    def transport(self, *, limit_s: float = LIMIT_S) -> Transport:
        parts = self.app.extensions["webapp"]
        return smtp_transport(self.app, parts.settings, parts.keyring, parts.settings.mail_server, limit_s=limit_s)

    def sender(self, transport: Transport | None = None) -> Sender:
        return Sender(self.app, self.app.extensions["webapp"], transport or self.transport())

    def send(self, transport: Transport | None = None) -> Delivery:
        return self.sender(transport).send_due(threading.Event())

    def person(self, name: str) -> Person:
        return self.product.employee(f"{name}@studio.example", password=None)

    def owe(self, *people: Person, times: int = 1) -> None:
        """A notice to each, one second after the other, and time for it to be due."""
        for person in people * times:
            with writing(self.session):
                tell(self.session, Notice.RESET, person, now=self.clock.now, visitor=STRANGER)
            self.clock.move(seconds=1)

    def waiting(self) -> list[int]:
        """How often each mail was tried that is not sent yet."""
        with self.engine.connect() as connection:
            return list(
                connection.execute(text("SELECT tries FROM outbox WHERE sent_at IS NULL ORDER BY id")).scalars()
            )

    def environment(self) -> dict[str, str]:
        """For the command in a process of its own."""
        own = {f"FLASK_{name}": str(value) for name, value in self.settings.items()}
        return {
            **os.environ,
            **own,
            "FLASK_INSTANCE_PATH": str(self.instance),
            "FLASK_SQLALCHEMY_DATABASE_URI": self.uri,
        }

    def close(self) -> None:
        self.session.close()
        self.engine.dispose()


def test_a_mail_is_handed_over_with_one_recipient(house: House, server: MailServer) -> None:
    """Sender and recipient of the envelope are those of the letter; we call ourselves by the public host."""
    house.owe(house.person("lea"), house.person("kim"))

    delivery = house.send()

    assert Delivery(2, 0) == delivery
    assert [("no-reply@127.0.0.1", [f"{name}@studio.example"]) for name in ("lea", "kim")] == server.envelopes
    assert ["Calenso <no-reply@127.0.0.1>"] * 2 == [mail["From"] for mail in server.taken]
    assert ["lea@studio.example", "kim@studio.example"] == [mail["To"] for mail in server.taken]
    assert ["[127.0.0.1]"] * 2 == server.greeted
    assert 2 == server.connections == len(set(server.ids()))
    assert [] == house.waiting()
    assert not (house.instance / "mail").exists()


FAULTS = [
    ("MAIL", "451 not now", "SMTPSenderRefused 451", True),
    ("MAIL", "550 not you", "SMTPSenderRefused 550", True),
    ("MAIL", DROP, "SMTPServerDisconnected", True),
    ("RCPT", "450 <lea@studio.example> is away", "SMTPRecipientsRefused 450", False),
    ("RCPT", "550 <lea@studio.example> is nobody", "SMTPRecipientsRefused 550", False),
    ("RCPT", "421 closing", "SMTPRecipientsRefused 421", True),
    ("RCPT", DROP, "SMTPServerDisconnected", True),
    ("RCPT", HANG, "TimeoutError", True),
    ("DATA", "451 <lea@studio.example> later", "SMTPDataError 451", False),
    ("DATA", "554 this is spam", "SMTPDataError 554", False),
    ("DATA", DROP, "SMTPServerDisconnected", True),
    ("DATA", HANG, "TimeoutError", True),
]


@pytest.mark.parametrize(("command", "fault", "reason", "is_away"), FAULTS)
def test_whatever_goes_wrong_the_mail_arrives_later_and_once(
    house: House,
    server: MailServer,
    caplog: pytest.LogCaptureFixture,
    command: str,
    fault: str,
    reason: str,
    is_away: bool,
) -> None:
    """It waits two minutes; the log has the kind of error and its code, and neither address nor what was answered."""
    house.owe(house.person("lea"))
    server.faults[command] = fault

    with caplog.at_level(logging.INFO):
        failed = house.send(house.transport(limit_s=HASTE_S) if fault == HANG else None)
    server.faults.clear()
    at_once = house.send()
    house.clock.move(minutes=2)
    later, again = house.send(), house.send()

    assert Delivery(0, 1, away=reason if is_away else "") == failed
    assert (Delivery(0, 0), Delivery(1, 0), Delivery(0, 0)) == (at_once, later, again)
    assert 1 == len(server.taken)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("webapp")]
    assert any(line.endswith(f": {reason}") for line in lines)
    assert not any("studio" in line or fault in line for line in lines)


def test_half_of_the_recipients_refused_hold_up_nobody(house: House, server: MailServer) -> None:
    """For now or for good: the others have their mail in the same run, and the refused theirs once they are taken."""
    people = [house.person(name) for name in ("a", "b", "c", "d", "e", "f")]
    house.owe(*people)
    server.faults |= {"RCPT a@studio.example": "450 later", "RCPT c@studio.example": "550 nobody"}
    server.faults["RCPT e@studio.example"] = "552 full"

    first = house.send()
    house.clock.move(minutes=2)
    second = house.send()
    server.faults.clear()
    early = house.send()
    house.clock.move(minutes=4)
    third = house.send()

    assert (Delivery(3, 3), Delivery(0, 3), Delivery(0, 0), Delivery(3, 0)) == (first, second, early, third)
    assert sorted(person.email for person in people) == sorted(mail["To"] for mail in server.taken)
    assert [] == house.waiting()


def test_a_server_that_is_down_is_asked_once_a_run(house: House, server: MailServer) -> None:
    """Not once for each mail that waits; the others are not even tried, and all arrive when it is back."""
    house.owe(house.person("lea"), times=5)
    server.faults["MAIL"] = "421 closing"

    away = house.send()
    asked = server.connections
    server.faults.clear()
    back = house.send()
    house.clock.move(minutes=2)
    rest = house.send()

    assert (Delivery(0, 1, away="SMTPSenderRefused 421"), 1) == (away, asked)
    assert (Delivery(4, 0), Delivery(1, 0)) == (back, rest)
    assert 5 == len(set(server.ids())) == len(server.taken)


def test_a_port_where_nobody_listens(database_uri: str, tmp_path: Path, clock: Clock) -> None:
    """One try; then the server starts on that port, and everything arrives."""
    server = MailServer()
    with running(server):
        pass
    with _house(database_uri, tmp_path, server, clock) as house:
        house.owe(house.person("lea"), times=3)
        assert Delivery(0, 1, away="ConnectionRefusedError") == house.send()
        assert [1, 0, 0] == house.waiting()
        house.clock.move(minutes=2)

        with running(server):
            assert Delivery(3, 0) == house.send()

    assert 3 == len(set(server.ids()))


@pytest.mark.parametrize("said", [b"2", b"220-still here\r\n"])
def test_a_server_that_drips_is_cut_off(database_uri: str, tmp_path: Path, clock: Clock, said: bytes) -> None:
    """Each byte would begin a socket's own time-out anew: the limit is on the whole."""
    with dripping(said, every_s=0.02) as port:
        server = MailServer(port=port)
        with _house(database_uri, tmp_path, server, clock) as house:
            house.owe(house.person("lea"))

            assert Delivery(0, 1, away="TimeoutError") == house.send(house.transport(limit_s=HASTE_S))
            assert [1] == house.waiting()


def test_a_good_bye_that_hangs_does_not_send_the_mail_again(house: House, server: MailServer) -> None:
    """The mail was taken before it."""
    house.owe(house.person("lea"))
    server.faults["QUIT"] = HANG

    assert Delivery(1, 0) == house.send()
    house.clock.move(hours=2)
    assert Delivery(0, 0) == house.send()
    assert 1 == len(server.taken)


def test_a_mail_taken_without_an_answer_comes_again_as_the_same_mail(house: House, server: MailServer) -> None:
    """Nobody can know that it was taken: rather twice than never, and with one Message-ID."""
    house.owe(house.person("lea"))
    server.faults["DATA"] = TAKE_AND_DROP

    lost = house.send()
    server.faults.clear()
    house.clock.move(minutes=2)
    again = house.send()

    assert (Delivery(0, 1, away="SMTPServerDisconnected"), Delivery(1, 0)) == (lost, again)
    assert (2, 1) == (len(server.taken), len(set(server.ids())))


def test_a_sender_that_dies_before_its_mark_sends_the_same_mail_again(house: House, server: MailServer) -> None:
    """A crash between the server's answer and the database's."""
    house.owe(house.person("lea"))
    hand_over = house.transport()

    def die_after(mail: Mail) -> None:
        hand_over(mail)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        house.send(die_after)
    during = house.send()
    house.clock.move(minutes=2)
    after = house.send()

    assert (Delivery(0, 0), Delivery(1, 0)) == (during, after)
    assert (2, 1) == (len(server.taken), len(set(server.ids())))


WHO = {"MAIL_USERNAME": "dashboard", "MAIL_PASSWORD": "a word for the server"}


@pytest.mark.parametrize("kind", ["MAIL_USE_TLS", "MAIL_USE_SSL"])
def test_mail_travels_encrypted_to_a_server_that_proves_its_name(
    database_uri: str, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """By STARTTLS or TLS from the start, and with the user's name and password."""
    trusted, context = certificate(tmp_path, host="127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    user = (WHO["MAIL_USERNAME"], WHO["MAIL_PASSWORD"])
    server = MailServer(tls=context, from_the_start=kind == "MAIL_USE_SSL", user=user)

    with running(server), _house(database_uri, tmp_path, server, clock, **{kind: True}, **WHO) as house:
        house.owe(house.person("lea"), house.person("kim"))
        assert Delivery(2, 0) == house.send()

    assert [user] * 2 == server.logged_in_with
    assert 2 == len(server.taken)


@pytest.mark.parametrize("kind", ["MAIL_USE_TLS", "MAIL_USE_SSL"])
@pytest.mark.parametrize(("host", "is_trusted"), [("mail.example.com", True), ("127.0.0.1", False)])
def test_a_server_that_can_t_prove_its_name_gets_neither_mail_nor_password(
    database_uri: str,
    tmp_path: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    host: str,
    is_trusted: bool,
) -> None:
    """Another host's certificate, or one that nobody vouches for."""
    trusted, context = certificate(tmp_path, host=host)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    server = MailServer(tls=context, from_the_start=kind == "MAIL_USE_SSL", user=("dashboard", "x"))

    with running(server), _house(database_uri, tmp_path, server, clock, **{kind: True}, **WHO) as house:
        house.owe(house.person("lea"), times=2)
        assert Delivery(0, 1, away="SSLCertVerificationError") == house.send()
        assert [1, 0] == house.waiting()

    assert ([], []) == (server.logged_in_with, server.taken)


def test_a_server_without_starttls_gets_nothing_in_the_clear(
    database_uri: str, tmp_path: Path, clock: Clock, server: MailServer
) -> None:
    """Somebody in between may have taken the offer out."""
    with _house(database_uri, tmp_path, server, clock, MAIL_USE_TLS=True, **WHO) as house:
        house.owe(house.person("lea"))
        assert Delivery(0, 1, away="SMTPNotSupportedError") == house.send()

    assert ([], []) == (server.envelopes, server.taken)


def test_a_wrong_password_ends_the_run_and_is_not_logged(
    database_uri: str,
    tmp_path: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Five mails must not be five wrong log-ins in a row: servers lock accounts for that."""
    trusted, context = certificate(tmp_path, host="127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    server = MailServer(tls=context, user=("dashboard", "another word"))

    with running(server), _house(database_uri, tmp_path, server, clock, MAIL_USE_TLS=True, **WHO) as house:
        house.owe(house.person("lea"), times=5)
        with caplog.at_level(logging.DEBUG):
            assert Delivery(0, 1, away="SMTPAuthenticationError 535") == house.send()

    assert 1 == server.connections
    assert WHO["MAIL_PASSWORD"] not in " ".join(caplog.messages)


class Turns(threading.Event):
    """In place of the stop of a sender that watches: a pause moves the clock and acts, and takes no time."""

    def __init__(self, clock: Clock, acts: list[Callable[[], Any]]) -> None:
        super().__init__()
        self.clock, self.acts = clock, acts
        self.pauses: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0)
        self.clock.move(minutes=61)
        if not self.acts:
            self.set()
        else:
            self.acts.pop(0)()
        return self.is_set()


def test_who_watches_tells_once_of_a_server_that_is_away_and_waits_longer(
    house: House, server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A line when it goes, a line when it is back, however many turns lie between; and what waited is sent."""
    house.owe(house.person("lea"))
    server.faults["MAIL"] = "421 closing"
    nothing: Callable[[], Any] = lambda: None  # noqa: E731
    turns = Turns(house.clock, [nothing, nothing, server.faults.clear, nothing])
    told: list[Delivery] = []

    with caplog.at_level(logging.INFO, logger="webapp.mail.sending"):
        house.sender().keep_sending(turns, told.append)

    assert [
        "the mail server can't be used, trying again: SMTPSenderRefused 421",
        "the mail server can be used again",
    ] == ([record.getMessage() for record in caplog.records if record.name == "webapp.mail.sending"])
    assert [30, 30, 30, 2, 2] == turns.pauses
    assert [Delivery(1, 0)] == told
    assert 1 == len(server.taken)


def test_two_senders_at_once_send_each_mail_once(house: House, server: MailServer) -> None:
    """Two processes, as two machines would run them, over fifty mails."""
    house.owe(house.person("lea"), house.person("kim"), times=25)

    senders = [_command(house, "outbox", "send") for _ in range(2)]
    outputs = [sender.communicate(timeout=100) for sender in senders]

    assert [0, 0] == [sender.returncode for sender in senders], outputs
    assert 50 == sum(int(out.split()[1].strip(",")) for out, _ in outputs)
    assert all(out.endswith(", failed 0\n") for out, _ in outputs)
    assert 50 == len(set(server.ids())) == len(server.taken)
    assert [] == house.waiting()


def test_a_sender_asked_to_end_finishes_the_mail_under_way(house: House, server: MailServer) -> None:
    """SIGTERM: the one that the server has is marked, the next one is left to the next sender."""
    house.owe(house.person("lea"), times=2)
    server.faults["DATA"] = "wait"

    with _command(house, "outbox", "send", "--watch") as sender:
        assert server.at_data.wait(timeout=60)
        sender.send_signal(signal.SIGTERM)
        server.may_go_on.set()
        out, err = sender.communicate(timeout=60)

    assert (0, "sent 1, failed 0\n") == (sender.returncode, out), err
    assert (1, [0]) == (len(server.taken), house.waiting())


def _command(house: House, *args: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *args]
    return subprocess.Popen(
        command, cwd=ROOT, env=house.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@contextlib.contextmanager
def _house(uri: str, folder: Path, server: MailServer, clock: Clock, **settings: object) -> Iterator[House]:
    house = House(uri, folder / "instance", server, clock, **settings)
    try:
        yield house
    finally:
        house.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[MailServer]:
    with running(MailServer()) as server:
        yield server


@pytest.fixture
def house(database_uri: str, tmp_path: Path, server: MailServer, clock: Clock) -> Iterator[House]:
    with _house(database_uri, tmp_path, server, clock) as house:
        yield house

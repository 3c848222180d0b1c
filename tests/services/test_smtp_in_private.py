"""Mail goes encrypted, to the server that was meant, or not at all."""

import logging
from pathlib import Path

import pytest

from tests.core.people import Clock
from tests.services.certificates import certificate
from tests.services.house import mailing_house
from tests.services.mail_server import MailServer, running
from webapp.core.notices.flows import Delivery

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

    with running(server), mailing_house(database_uri, tmp_path, server, clock, **{kind: True}, **WHO) as house:
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

    with running(server), mailing_house(database_uri, tmp_path, server, clock, **{kind: True}, **WHO) as house:
        house.owe(house.person("lea"), times=2)
        assert Delivery(0, 1, away="SSLCertVerificationError") == house.send()
        assert [1, 0] == house.waiting()

    assert ([], []) == (server.logged_in_with, server.taken)


def test_a_server_without_starttls_gets_nothing_in_the_clear(
    database_uri: str, tmp_path: Path, clock: Clock, server: MailServer
) -> None:
    """Somebody in between may have taken the offer out. No log-in is asked for, so nothing else stands in the way."""
    with mailing_house(database_uri, tmp_path, server, clock, MAIL_USE_TLS=True) as house:
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

    with running(server), mailing_house(database_uri, tmp_path, server, clock, MAIL_USE_TLS=True, **WHO) as house:
        house.owe(house.person("lea"), times=5)
        with caplog.at_level(logging.DEBUG):
            assert Delivery(0, 1, away="SMTPAuthenticationError 535") == house.send()

    assert 1 == server.connections
    assert WHO["MAIL_PASSWORD"] not in " ".join(caplog.messages)

"""Mail over a real SMTP server with faults: nothing is lost, nothing is sent twice, what waits goes out later."""

import logging
from pathlib import Path

import pytest

from tests.core.people import Clock
from tests.services.house import House, mailing_house
from tests.services.mail_server import DROP, HANG, TAKE_AND_DROP, MailServer, dripping, running
from webapp.core.notices.flows import LEASE, Delivery, Mail
from webapp.mail.smtp import CONNECT_S, LIMIT_S, QUIT_S

HASTE_S = 0.4
"""The limit of a mail where a server hangs for good: the product's own minute is too long for a test."""


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
    with mailing_house(database_uri, tmp_path, server, clock) as house:
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
        with mailing_house(database_uri, tmp_path, server, clock) as house:
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


def test_a_sender_gives_up_long_before_its_lease_ends() -> None:
    """Else a second sender could take a mail that the first one still talks about."""
    assert CONNECT_S + LIMIT_S + QUIT_S < 0.75 * LEASE.total_seconds()

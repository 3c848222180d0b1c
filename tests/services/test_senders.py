"""Who empties the outbox: watching, several at once, asked to end."""

import contextlib
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.core.people import Clock
from tests.databases import taken_away
from tests.services.gunicorn import ROOT
from tests.services.house import House
from tests.services.mail_server import MailServer
from webapp.core.notices.flows import Delivery


class Turns(threading.Event):
    """In place of the stop of a sender that watches: a pause moves the clock and acts, and takes no time."""

    def __init__(self, clock: Clock, acts: list[Callable[[], Any]]) -> None:
        super().__init__()
        self.clock, self.acts = clock, acts
        self.pauses: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0)
        self.clock.move(minutes=1)
        if not self.acts:
            self.set()
        else:
            self.acts.pop(0)()
        return self.is_set()


def test_who_watches_tells_once_of_a_server_that_is_away_and_waits_longer(
    house: House, server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A line when it goes, a line when it is back: none where it is still away, nor where it was not asked."""
    house.owe(house.person("lea"))
    server.faults["MAIL"] = "421 closing"

    def nothing() -> None:
        """A turn in which the server stays as it is."""

    turns = Turns(house.clock, [nothing, nothing, server.faults.clear, nothing, nothing, nothing])
    told: list[Delivery] = []

    with caplog.at_level(logging.INFO, logger="webapp.mail.sending"):
        house.sender().keep_sending(turns, told.append)

    assert [
        "the mail server can't be used, trying again: SMTPSenderRefused 421",
        "the mail server can be used again",
    ] == ([record.getMessage() for record in caplog.records if record.name == "webapp.mail.sending"])
    assert [30, 2, 30, 2, 2, 2, 2] == turns.pauses
    assert [Delivery(1, 0)] == told
    assert 1 == len(server.taken)


def test_who_watches_tells_once_of_a_database_that_is_away(
    house: House, server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    """And goes on with what waits when it is back."""
    house.owe(house.person("lea"))
    house.close()
    stack = contextlib.ExitStack()
    stack.enter_context(taken_away(house.uri))
    turns = Turns(house.clock, [lambda: None, stack.close])
    told: list[Delivery] = []

    with caplog.at_level(logging.INFO, logger="webapp.mail.sending"), stack:
        house.sender().keep_sending(turns, told.append)

    lines = [record.getMessage() for record in caplog.records if record.name == "webapp.mail.sending"]
    assert 2 == len(lines)
    assert lines[0].startswith("the database can't be used, trying again: ")
    assert "the database can be used again" == lines[1]
    assert [Delivery(1, 0)] == told


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

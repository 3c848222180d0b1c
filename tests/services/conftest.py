"""A running product for each test, on each kind of database; or one whose mail goes to a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.people import Clock
from tests.services.house import House, mailing_house
from tests.services.mail_server import MailServer, running
from tests.services.place import Place, running_place


@pytest.fixture
def place(database_uri: str, tmp_path: Path) -> Iterator[Place]:
    with running_place(database_uri, tmp_path / "instance") as place:
        yield place


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[MailServer]:
    with running(MailServer()) as server:
        yield server


@pytest.fixture
def house(database_uri: str, tmp_path: Path, server: MailServer, clock: Clock) -> Iterator[House]:
    with mailing_house(database_uri, tmp_path, server, clock) as house:
        yield house

"""A running product of two worker processes, an owner in it, and crowds of browsers that act at one instant."""

import base64
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.core.people import PASSWORD, Clock, Owner, Product
from tests.services.browser import Answer, Browser
from tests.services.gunicorn import serving
from webapp.core.database import prepare_engine
from webapp.core.sealing import Keyring

CROWD = 12
KEY = bytes(range(32))


@dataclass(frozen=True)
class Place:
    """*engine* is the server's database in the test's own hands; *instance* the server's folder."""

    address: str
    engine: Engine
    owner: Owner
    instance: Path

    def half_way(self) -> Browser:
        """A browser that has given the password and owes the code."""
        browser = Browser(self.address)
        answer = browser.post("/login", email=self.owner.person.email, password=PASSWORD)
        assert (303, "/login/code") == (answer.status, answer.location)
        return browser

    def code(self) -> str:
        """From a client that is not ours."""
        command = ["oathtool", "--totp=sha1", "-b", self.owner.phone.key]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def wrong_code(self) -> str:
        return self.owner.phone.wrong_code(datetime.now(UTC))

    def all_at_once(self, path: str, field: str, code: str, *, crowd: int = CROWD) -> list[Answer]:
        """What so many half-way browsers get that send the same *code* together."""
        ready = [(browser, browser.token(path)) for browser in [self.half_way() for _ in range(crowd)]]
        return together(ready, path, {field: code})

    def charged(self) -> int:
        """Guesses that stand counted against anybody."""
        with self.engine.connect() as connection:
            return connection.scalar(text("SELECT coalesce(sum(failures), 0) FROM guess_budgets")) or 0

    def open_sessions(self) -> int:
        """Log-ins by a second factor that have not ended."""
        query = text("SELECT count(*) FROM log_in_sessions WHERE ended_at IS NULL AND factor <> 'password'")
        with self.engine.connect() as connection:
            return connection.scalar(query) or 0


@contextmanager
def running_place(database_uri: str, instance: Path, *, log: Path | None = None) -> Iterator[Place]:
    """A server with an owner who activated ten minutes ago, on the machine's own clock."""
    engine = sqlalchemy.create_engine(database_uri)
    prepare_engine(engine)
    clock = Clock()
    clock.now = datetime.now(UTC)
    clock.move(minutes=-10)
    with Session(engine, expire_on_commit=False) as session:
        owner = Product(session, Keyring([KEY]), clock).owner()
    keys = f'["{base64.urlsafe_b64encode(KEY).decode()}"]'
    with serving(database_uri, instance, log=log, FLASK_TWO_FACTOR_KEYS=keys) as address:
        yield Place(address, engine, owner, instance)
    engine.dispose()


def together(ready: list[tuple[Browser, str]], path: str, fields: dict[str, str]) -> list[Answer]:
    """What each browser gets that sends *fields* with its token at the same instant as the others."""
    start = threading.Barrier(len(ready))

    def send(browser: Browser, token: str) -> Answer:
        start.wait(timeout=30)
        return browser.send(path, token, **fields)

    with ThreadPoolExecutor(len(ready)) as pool:
        return [future.result() for future in [pool.submit(send, *one) for one in ready]]

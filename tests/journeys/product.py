"""The product under test: a real server in this process, with a clock that the test moves, and real people."""

import re
import subprocess
import threading
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.serving import BaseWSGIServer, make_server

from tests.core.people import Clock, Owner, Product
from webapp import create_app
from webapp.core.accounts.flows import Person
from webapp.core.sealing import Keyring


class Running:
    """A server at *address*; ``core`` is its database in the test's own hands, for making people."""

    def __init__(self, uri: str, folder: Path) -> None:
        self.clock = Clock()
        self.app: Flask = create_app(
            clock=self.clock,
            SQLALCHEMY_DATABASE_URI=uri,
            INSTANCE_PATH=str(folder / "instance"),
            BCRYPT_ROUNDS=4,
        )
        with self.app.app_context():
            self.engine = self.app.extensions["sqlalchemy"].engine
        keyring: Keyring = self.app.extensions["webapp"].keyring
        self._session = Session(self.engine, expire_on_commit=False)
        self.core = Product(self._session, keyring, self.clock)
        self._server: BaseWSGIServer = make_server("127.0.0.1", 0, self.app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)
        self._session.close()
        self.engine.dispose()

    def person(self) -> Person:
        return self.core.employee()

    def owner(self) -> Owner:
        return self.core.owner()

    def break_database(self) -> None:
        """From here on no statement gets an answer."""

        def refuse(*_: object) -> None:
            raise OperationalError("SELECT", {}, Exception("the database is away"))

        event.listen(self.engine, "before_cursor_execute", refuse)

    def charged(self) -> int:
        """Guesses that stand counted against anybody."""
        with self.engine.connect() as connection:
            return int(connection.scalar(text("SELECT coalesce(sum(failures), 0) FROM guess_budgets")) or 0)

    def count(self, table: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


@dataclass
class App:
    """An authenticator app that is not ours: Debian's oathtool, at the product's time."""

    clock: Clock
    key: str

    def code(self) -> str:
        moment = self.clock.now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        command = [
            "oathtool",
            "--totp=sha1",
            "--digits=6",
            "--time-step-size=30s",
            "--base32",
            "--now",
            moment,
            self.key,
        ]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def next_code(self) -> str:
        """The code of a step that has not been used: time goes on without anybody waiting."""
        self.clock.next_step()
        return self.code()


def key_in(uri: str) -> str:
    """The secret in an otpauth address."""
    found = re.search(r"[?&]secret=([A-Z2-7]{32})(&|$)", uri)
    assert found, uri
    return found.group(1)

"""A product whose mail goes to a real server, and people in it who are owed mail."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.core.people import STRANGER, Clock, Product
from tests.services.mail_server import MailServer
from webapp import create_app
from webapp.core.accounts.about import tell
from webapp.core.accounts.flows import Person
from webapp.core.database import writing
from webapp.core.notices.flows import Delivery, Notice
from webapp.mail import Transport
from webapp.mail.sending import Sender
from webapp.mail.smtp import LIMIT_S, smtp_transport


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


@contextlib.contextmanager
def mailing_house(uri: str, folder: Path, server: MailServer, clock: Clock, **settings: object) -> Iterator[House]:
    house = House(uri, folder / "instance", server, clock, **settings)
    try:
        yield house
    finally:
        house.close()

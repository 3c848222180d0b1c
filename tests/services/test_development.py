"""In development whoever serves the product delivers its mail as well; in production, and in a command, nobody does."""

import base64
import hashlib
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from flask import Flask
from sqlalchemy.orm import Session

from tests.core.people import STRANGER, Clock, Product
from tests.services.gunicorn import serving
from tests.services.mail_server import MailServer, running
from webapp import create_app
from webapp.core.accounts.about import tell
from webapp.core.database import prepare_engine, writing
from webapp.core.notices.flows import Notice
from webapp.core.sealing import Keyring
from webapp.mail.beside import THREAD, deliver_beside

PRODUCTION = {
    "ENV_NAME": "production",
    "SECRET_KEY": "kZ8fQ2vW7xN4bT1mR6yL9pH3cJ5gD0sA",
    "TWO_FACTOR_KEYS": [base64.urlsafe_b64encode(hashlib.sha256(b"one").digest()).decode()],
    "PUBLIC_URL": "https://app.example.com",
}


def test_a_server_in_development_delivers_by_itself(database_uri: str, tmp_path: Path) -> None:
    """Two processes of it, and each mail once."""
    _owe_mail(database_uri, times=6)
    with running(MailServer(enough=6)) as server:
        settings = {"FLASK_MAIL_SERVER": "127.0.0.1", "FLASK_MAIL_PORT": str(server.port)}
        with serving(database_uri, tmp_path / "instance", **settings) as address:
            for _ in range(8):  # so that both processes have had one
                urllib.request.urlopen(f"{address}/healthz", timeout=30).close()
            assert server.has_enough.wait(timeout=60)

    assert 6 == len(set(server.ids())) == len(server.taken)


def test_nothing_is_delivered_before_the_first_request(app: Flask) -> None:
    """A command loads the same application, and a server forks after loading it."""
    deliver_beside(app)

    assert not _is_delivering()


def test_a_server_in_production_leaves_mail_to_the_command(sqlite_uri: str, tmp_path: Path) -> None:
    """It must not be stopped in the middle of a mail with its server."""
    app = create_app(SQLALCHEMY_DATABASE_URI=sqlite_uri, INSTANCE_PATH=str(tmp_path / "instance"), **PRODUCTION)

    deliver_beside(app)
    answer = app.test_client().get("/healthz", base_url="https://app.example.com")

    assert (200, False) == (answer.status_code, _is_delivering())
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


@pytest.fixture
def app(sqlite_uri: str, tmp_path: Path) -> Iterator[Flask]:
    app = create_app(SQLALCHEMY_DATABASE_URI=sqlite_uri, INSTANCE_PATH=str(tmp_path / "instance"))
    yield app
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


def _is_delivering() -> bool:
    return THREAD in {thread.name for thread in threading.enumerate()}


def _owe_mail(uri: str, *, times: int) -> None:
    engine = sqlalchemy.create_engine(uri)
    prepare_engine(engine)
    with Session(engine, expire_on_commit=False) as session:
        product = Product(session, Keyring([bytes(range(32))]), Clock())
        person = product.employee(password=None)
        for _ in range(times):
            with writing(session):
                tell(session, Notice.RESET, person, now=product.now, visitor=STRANGER)
    engine.dispose()

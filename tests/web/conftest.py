"""The application on a fresh database, with a clock in hand, asked as pages and as HTMX fragments."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests import databases
from tests.core.people import Clock, Product
from tests.web.client import FRAGMENT, PAGE, Client
from webapp import create_app


class Standing:
    """One application a worker and kind of database, emptied for each test: to make one costs more than most tests."""

    def __init__(self, uri: str, folder: Path) -> None:
        self.clock: Clock = Clock()
        self.app = create_app(
            clock=lambda: self.clock(),
            SQLALCHEMY_DATABASE_URI=uri,
            INSTANCE_PATH=str(folder),
            BCRYPT_ROUNDS=4,
            RATELIMIT_ENABLED=False,  # all tests come from one address; the flood has a test with limits
        )
        with self.app.app_context():
            self.engine: Engine = self.app.extensions["sqlalchemy"].engine

    def empty(self) -> None:
        databases.empty(self.engine)
        shutil.rmtree(Path(self.app.instance_path) / "mail", ignore_errors=True)
        (Path(self.app.instance_path) / "demo-logins.txt").unlink(missing_ok=True)


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Standing]]:
    made: dict[str, Standing] = {}

    def at(uri: str) -> Standing:
        if uri not in made:
            made[uri] = Standing(uri, tmp_path_factory.mktemp("instance"))
        return made[uri]

    yield at
    for one in made.values():
        one.engine.dispose()


# In place of the fixtures of the same names, which copy a database for each test.


@pytest.fixture
def sqlite_uri(sqlite_of_worker: str, standing: Callable[[str], Standing]) -> str:
    standing(sqlite_of_worker).empty()
    return sqlite_of_worker


@pytest.fixture
def postgresql_uri(postgresql_of_worker: str, standing: Callable[[str], Standing]) -> str:
    standing(postgresql_of_worker).empty()
    return postgresql_of_worker


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(database_uri: str, standing: Callable[[str], Standing], clock: Clock) -> Flask:
    standing(database_uri).clock = clock
    return standing(database_uri).app


@pytest.fixture
def engine(app: Flask) -> Engine:
    with app.app_context():
        engine: Engine = app.extensions["sqlalchemy"].engine
    return engine


@pytest.fixture
def product(app: Flask, engine: Engine, clock: Clock) -> Iterator[Product]:
    """The same database in the test's own hands, for making people."""
    with Session(engine, expire_on_commit=False) as session:
        yield Product(session, app.extensions["webapp"].keyring, clock)


@pytest.fixture
def make_app(app: Flask, database_uri: str, tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Flask]]:
    """Applications with other settings, on the same database and with its keys: people made here can log in there."""
    made = []
    keys = json.loads((Path(app.instance_path) / "two-factor-keys.json").read_text())
    usual = {"INSTANCE_PATH": str(tmp_path / "other"), "BCRYPT_ROUNDS": 4, "TWO_FACTOR_KEYS": keys}

    def make(**settings: object) -> Flask:
        made.append(create_app(clock=clock, SQLALCHEMY_DATABASE_URI=database_uri, **{**usual, **settings}))
        return made[-1]

    yield make
    for one in made:
        with one.app_context():
            one.extensions["sqlalchemy"].engine.dispose()


@pytest.fixture(params=[PAGE, FRAGMENT])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(app: Flask, mode: str) -> Client:
    """A browser; each test that uses it runs once with whole pages and once with HTMX."""
    return Client(app.test_client(), mode)


@pytest.fixture
def open_browser(app: Flask) -> Callable[[], Client]:
    """Another browser, with cookies of its own."""
    return lambda: Client(app.test_client())

"""The application on a fresh database, with a clock in hand, asked as pages and as HTMX fragments."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.core.people import Clock, Product
from tests.web.client import FRAGMENT, PAGE, Client
from webapp import create_app


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates compiled once a worker: every test has an application of its own, and compiling took half its time."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(
    database_uri: str, tmp_path: Path, clock: Clock, compiled_templates: FileSystemBytecodeCache
) -> Iterator[Flask]:
    app = create_app(
        clock=clock,
        SQLALCHEMY_DATABASE_URI=database_uri,
        INSTANCE_PATH=str(tmp_path / "instance"),
        BCRYPT_ROUNDS=4,
    )
    app.jinja_env.bytecode_cache = compiled_templates
    yield app
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


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

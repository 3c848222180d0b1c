"""What tests of core hold in hand: a database session, a keyring, a clock and the makers of people."""

from collections.abc import Iterator

import pytest
import sqlalchemy
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.core.crowd import MOST
from tests.core.people import STRANGER, Clock, Product
from webapp.core.database import prepare_engine
from webapp.core.sealing import Keyring
from webapp.core.visitor import Visitor


@pytest.fixture
def engine(database_uri: str) -> Iterator[Engine]:
    engine = sqlalchemy.create_engine(database_uri, pool_size=MOST + 1)
    prepare_engine(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def keyring() -> Keyring:
    return Keyring([bytes(range(32))])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def visitor() -> Visitor:
    """Somebody in a browser that nobody has logged in with."""
    return STRANGER


@pytest.fixture
def product(session: Session, keyring: Keyring, clock: Clock) -> Product:
    return Product(session, keyring, clock)

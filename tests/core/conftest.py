"""What tests of core hold in hand: a database session, a keyring, a clock and the makers of people."""

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests import databases
from tests.core.crowd import MOST
from tests.core.people import STRANGER, Clock, Product
from webapp.core.database import prepare_engine
from webapp.core.sealing import Keyring
from webapp.core.visitor import Visitor


@pytest.fixture(scope="session")
def engine_at() -> Iterator[Callable[[str], Engine]]:
    """One engine a worker and database: what SQLAlchemy has compiled for one test serves the next."""
    made: dict[str, Engine] = {}

    def at(uri: str) -> Engine:
        if uri not in made:
            made[uri] = sqlalchemy.create_engine(uri, pool_size=MOST + 1)
            prepare_engine(made[uri])
        return made[uri]

    yield at
    for engine in made.values():
        engine.dispose()


# In place of the fixtures of the same names, which copy a database for each test.


@pytest.fixture
def sqlite_uri(sqlite_of_worker: str, engine_at: Callable[[str], Engine]) -> str:
    databases.empty(engine_at(sqlite_of_worker))
    return sqlite_of_worker


@pytest.fixture
def postgresql_uri(postgresql_of_worker: str, engine_at: Callable[[str], Engine]) -> str:
    databases.empty(engine_at(postgresql_of_worker))
    return postgresql_of_worker


@pytest.fixture
def engine(database_uri: str, engine_at: Callable[[str], Engine]) -> Iterator[Engine]:
    yield engine_at(database_uri)
    engine_at(database_uri).dispose()  # no connection of this test's meets the next


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

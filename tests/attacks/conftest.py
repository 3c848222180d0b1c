"""What attackers meet: the application with a clock in hand, or a real gunicorn where processes and files matter.

`place` is two worker processes on the machine's clock; `app`, `client` and `product` are those of the tests of pages.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import databases, postgres
from tests.services.place import Place, running_place
from tests.web.conftest import (
    app,
    client,
    clock,
    engine,
    make_app,
    mode,
    open_browser,
    postgresql_uri,
    product,
    sqlite_uri,
    standing,
)

__all__ = [
    "app",
    "client",
    "clock",
    "engine",
    "make_app",
    "mode",
    "one_place",
    "open_browser",
    "own_database_uri",
    "own_sqlite_uri",
    "place",
    "postgresql_uri",
    "product",
    "sqlite_uri",
    "standing",
]


@pytest.fixture(params=["sqlite", "postgresql"])
def own_database_uri(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database that no application of this process has open.

    SQLite's locks are the process's: a second application here opens and closes the file and so lets go of them, and
    a server that ends then takes the write-ahead log away from under the first.
    """
    if request.param == "sqlite":
        yield databases.sqlite_copy(request.getfixturevalue("migrated_sqlite"), tmp_path)
        return
    cluster: postgres.Cluster = request.getfixturevalue("postgresql")
    with databases.postgresql_copy(cluster, request.getfixturevalue("migrated_postgresql")) as uri:
        yield uri


@pytest.fixture
def own_sqlite_uri(migrated_sqlite: Path, tmp_path: Path) -> str:
    return databases.sqlite_copy(migrated_sqlite, tmp_path)


@pytest.fixture
def place(own_database_uri: str, tmp_path: Path) -> Iterator[Place]:
    with running_place(own_database_uri, tmp_path / "instance") as running:
        yield running


@pytest.fixture(scope="session")
def one_place(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One a worker, for what is refused or only read, where the database has no part in it."""
    folder = tmp_path_factory.mktemp("one-place")
    with running_place(databases.sqlite_copy(migrated_sqlite, folder), folder / "instance") as running:
        yield running

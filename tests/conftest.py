"""Databases for every test. What only one kind of test needs stands in its own folder's conftest.py."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import databases, postgres

# What a developer set for `make run` must not reach the tests.
for name in [name for name in os.environ if name.startswith("FLASK_")]:
    del os.environ[name]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_uri(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database of its own for the test, which runs once on each kind."""
    # By name, so that a worker that runs no test on PostgreSQL starts none.
    uri: str = request.getfixturevalue(f"{request.param}_uri")
    return uri


@pytest.fixture
def sqlite_uri(migrated_sqlite: Path, tmp_path: Path) -> str:
    return databases.sqlite_copy(migrated_sqlite, tmp_path)


@pytest.fixture
def postgresql_uri(postgresql: postgres.Cluster, migrated_postgresql: str) -> Iterator[str]:
    with databases.postgresql_copy(postgresql, migrated_postgresql) as uri:
        yield uri


# Session-scoped means once per worker of pytest-xdist: workers share nothing.


@pytest.fixture(scope="session")
def postgresql() -> Iterator[postgres.Cluster]:
    with postgres.running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return databases.migrated_sqlite_file(tmp_path_factory.mktemp("migrated-sqlite"))


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: postgres.Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    return databases.migrated_postgresql_database(postgresql, tmp_path_factory.mktemp("migrated-postgresql"))


# For tests that empty a database instead of copying one: core's and the web's.


@pytest.fixture(scope="session")
def sqlite_of_worker(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return databases.sqlite_copy(migrated_sqlite, tmp_path_factory.mktemp("worker"))


@pytest.fixture(scope="session")
def postgresql_of_worker(postgresql: postgres.Cluster, migrated_postgresql: str) -> Iterator[str]:
    with databases.postgresql_copy(postgresql, migrated_postgresql) as uri:
        yield uri

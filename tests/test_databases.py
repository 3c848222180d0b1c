"""The ground the other tests stand on."""

import pytest
import sqlalchemy
from sqlalchemy import text

from tests.postgres import Cluster


@pytest.fixture
def tables(database_uri: str) -> list[str]:
    engine = sqlalchemy.create_engine(database_uri)
    found = sqlalchemy.inspect(engine).get_table_names()
    engine.dispose()
    return found


def test_a_test_gets_a_migrated_database_of_either_kind(tables: list[str]) -> None:
    """Both kinds come from the migrations, never from create_all."""
    assert "alembic_version" in tables


def test_a_dropped_database_is_gone_though_a_test_left_a_connection_open(postgresql: Cluster) -> None:
    """A test that leaks a connection must not fail the tests after it."""
    postgresql.create("leaked")
    engine = sqlalchemy.create_engine(postgresql.uri("leaked"))
    connection = engine.connect()
    connection.execute(text("SELECT 1"))

    postgresql.drop("leaked")

    connection.invalidate()
    with pytest.raises(sqlalchemy.exc.OperationalError, match="does not exist"):
        engine.connect()
    engine.dispose()
    assert postgresql.answers()

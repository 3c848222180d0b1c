"""Fresh, migrated databases for tests: migrated once per worker, then copied, since a copy takes milliseconds."""

import contextlib
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, make_url, text

import webapp.core.tables  # noqa: F401 (fills the metadata)
from tests.postgres import Cluster
from webapp.core.database import Base


def migrate(uri: str, instance_path: Path) -> None:
    """Brings the database at *uri* to the newest migration, as `flask db upgrade` does, and lets go of it."""
    import flask_migrate  # late: tests of core run without any web library

    from webapp import create_app

    app = create_app(SQLALCHEMY_DATABASE_URI=uri, INSTANCE_PATH=str(instance_path), BCRYPT_ROUNDS=4)
    with app.app_context():
        flask_migrate.upgrade()
        # An open connection would leave a -wal file beside SQLite's, and PostgreSQL would not copy the database.
        app.extensions["sqlalchemy"].engine.dispose()


def migrated_sqlite_file(folder: Path) -> Path:
    path = folder / "migrated.sqlite3"
    migrate(f"sqlite:///{path}", folder / "instance")
    return path


def sqlite_copy(migrated: Path, folder: Path) -> str:
    """The URI of a copy of *migrated* in *folder*."""
    copy = folder / "test.sqlite3"
    shutil.copyfile(migrated, copy)
    return f"sqlite:///{copy}"


def migrated_postgresql_database(cluster: Cluster, folder: Path) -> str:
    cluster.create("migrated")
    migrate(cluster.uri("migrated"), folder / "instance")
    return "migrated"


@contextlib.contextmanager
def postgresql_copy(cluster: Cluster, migrated: str) -> Iterator[str]:
    """The URI of a copy of the database named *migrated*, dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    cluster.create(name, template=migrated)
    try:
        yield cluster.uri(name)
    finally:
        cluster.drop(name)


def empty(engine: Engine) -> None:
    """Delete every row and begin all ids at 1 again, in one round trip.

    A thousand times as quick as a fresh copy on PostgreSQL, and eighty times as TRUNCATE, which makes new files.
    """
    names = [table.name for table in reversed(Base.metadata.sorted_tables)]
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            sequences = [f"SELECT setval('{name}', 1, false)" for name in _sequences(connection)]
            connection.exec_driver_sql("; ".join([*(f"DELETE FROM {name}" for name in names), *sequences]))
        else:
            for name in (*names, "sqlite_sequence"):
                connection.exec_driver_sql(f"DELETE FROM {name}")


def _sequences(connection: Connection) -> list[str]:
    return list(connection.execute(text("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")).scalars())


@contextlib.contextmanager
def taken_away(uri: str) -> Iterator[None]:
    """The database can't be reached: its file is elsewhere, or its server lets nobody in."""
    url = make_url(uri)
    if url.get_backend_name() == "sqlite":
        file = Path(str(url.database))
        file.rename(file.with_suffix(".away"))
        file.mkdir()
        try:
            yield
        finally:
            file.rmdir()
            file.with_suffix(".away").rename(file)
        return
    elsewhere = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with elsewhere.connect() as connection:
        connection.execute(text(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS false'))
        try:
            yield
        finally:
            connection.execute(text(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS true'))
    elsewhere.dispose()

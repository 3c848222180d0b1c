"""How core talks to SQLite and PostgreSQL: the declarative base, times in UTC, and the write transaction.

Leaves tables to the features and the making of the engine to wiring.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar, NewType, cast

from sqlalchemy import CursorResult, DateTime, Dialect, Engine, MetaData, Result, event, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError, TimeoutError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator, TypeEngine

UNAVAILABLE = (OperationalError, InterfaceError, TimeoutError)
"""What SQLAlchemy raises where the database can't be reached, is locked for too long, or has no connection left."""

UNUSABLE = (*UNAVAILABLE, ProgrammingError)
"""And a table that is not there yet."""

CompanyId = NewType("CompanyId", int)
EmployeeId = NewType("EmployeeId", int)
SessionId = NewType("SessionId", int)
BrowserId = NewType("BrowserId", int)
AuthenticatorId = NewType("AuthenticatorId", int)
RepairPassId = NewType("RepairPassId", int)
CaseId = NewType("CaseId", int)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC. SQLite knows no zones: it gets naive UTC, and the zone comes back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone must never be stored")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Plain declarative tables; Flask-SQLAlchemy is given this metadata by wiring."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, type[TypeEngine[Any]]]] = {datetime: UtcDateTime}
    # Ids are never given out twice: a stale one must not come to mean somebody else's row.
    __table_args__: Any = {"sqlite_autoincrement": True}  # noqa: RUF012 (SQLAlchemy's own name and type)


@contextmanager
def writing(session: Session) -> Iterator[None]:
    """One write transaction that takes the write lock before it reads: lock, look, write.

    On SQLite this is ``BEGIN IMMEDIATE``; a deferred transaction that upgrades fails with "database is locked"
    under two writers. On PostgreSQL a flow goes on to ``SELECT … FOR UPDATE`` the row it decides on. Whatever was
    read before in this session is forgotten, for it was read without a lock. A flow that is called by another
    flow joins that one's transaction.
    """
    if session.info.get("writing"):
        yield
        return
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("changes were made outside a write transaction")
    session.close()
    session.connection(execution_options={"takes_write_lock": True})
    session.info["writing"] = True
    try:
        yield
        session.commit()
    except BaseException:
        session.info.pop("after_commit", None)
        session.rollback()
        raise
    finally:
        session.info["writing"] = False
    for act in session.info.pop("after_commit", ()):
        act()


def after_commit(session: Session, act: Callable[[], None]) -> None:
    """Do *act* once the running write transaction has been committed, and never where it is rolled back."""
    session.info.setdefault("after_commit", []).append(act)


def changed_rows(result: Result[Any]) -> int:
    """How many rows an UPDATE or DELETE touched: what a conditional one decides by."""
    return cast(CursorResult[Any], result).rowcount


def reason_of(error: Exception) -> str:
    """The driver's own first line, without SQL and addresses."""
    return str(getattr(error, "orig", error)).strip().partition("\n")[0]


def migration(session: Session) -> str | None:
    """The migration that the database stands at, or None where it has none; raises UNAVAILABLE."""
    session.execute(text("SELECT 1"))  # a missing table and a missing database are one exception on SQLite
    try:
        return cast("str | None", session.scalar(text("SELECT version_num FROM alembic_version")))
    except UNUSABLE:
        session.rollback()
        return None


def prepare_engine(engine: Engine) -> None:
    """Give SQLite the settings that the flows rely on; PostgreSQL needs none."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own late BEGIN would take no lock; _begin_sqlite says it
    for pragma in ("busy_timeout = 10000", "journal_mode = WAL", "foreign_keys = ON", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    takes_lock = connection.get_execution_options().get("takes_write_lock", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if takes_lock else "BEGIN")

"""Looking into a database from outside the product: what is stored, and what a crash would leave."""

import base64
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, Table, event, select

import webapp.core.tables  # noqa: F401 (fills the metadata)
from webapp.core.database import Base

Dump = dict[str, list[tuple[Any, ...]]]


def dump(engine: Engine, *, without: Collection[str] = ()) -> Dump:
    """Every row of every table but those named in *without*."""
    tables = [table for table in Base.metadata.sorted_tables if table.name not in without]
    with engine.connect() as connection:
        return {table.name: [tuple(row) for row in connection.execute(_in_order(table))] for table in tables}


def count(engine: Engine, table: str) -> int:
    return len(dump(engine)[table])


def values(dumped: Dump) -> Iterator[tuple[str, Any]]:
    """Each stored value with the name of its table."""
    for table, rows in dumped.items():
        for row in rows:
            for value in row:
                yield table, value


def as_text(value: object) -> str:
    """*value* in every form in which somebody would search for it."""
    if isinstance(value, bytes):
        return " ".join([value.hex(), value.decode("latin-1"), base64.b32encode(value).decode()])
    return str(value)


class CrashError(Exception):
    """The process dies here."""


@contextmanager
def crash_at(engine: Engine, *, statement: int) -> Iterator[list[str]]:
    """Die right after the *statement*-th one from now, counted from 1; a commit counts as one. Yields them."""
    seen: list[str] = []

    def count_one(text: str) -> None:
        seen.append(text)
        if len(seen) == statement:
            raise CrashError

    def after_statement(_c: Any, _cursor: Any, text: str, *_: Any) -> None:
        count_one(text)

    def before_commit(_: Any) -> None:
        count_one("COMMIT")

    event.listen(engine, "after_cursor_execute", after_statement)
    event.listen(engine, "commit", before_commit)
    try:
        yield seen
    finally:
        event.remove(engine, "after_cursor_execute", after_statement)
        event.remove(engine, "commit", before_commit)


def dies_everywhere(engine: Engine, act: Callable[[], object], see: Callable[[], object]) -> tuple[int, list[object]]:
    """Repeat *act*, dying one statement later each time, until it lives: how often it died and what *see* then saw."""
    sights: list[object] = []
    for statement in range(1, 200):
        with crash_at(engine, statement=statement):
            try:
                act()
            except CrashError:
                pass
            else:
                return statement - 1, sights
        sights.append(see())
    raise AssertionError("it never got through")


def _in_order(table: Table) -> Any:
    return select(table).order_by(*table.primary_key.columns)

"""The ground under the flows: times in UTC, and a write transaction that locks before it looks."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from tests.core.people import Product
from webapp.core.accounts.tables import Company, Employee
from webapp.core.database import prepare_engine, writing


def test_a_time_comes_back_in_utc_as_it_was_stored(product: Product, session: Session) -> None:
    """Microseconds and all, on both databases, whatever zone it was given in."""
    at = datetime(2026, 3, 29, 3, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    with writing(session):
        session.add(Company(name="x", plan="basic", time_zone="UTC", created_at=at))

    session.expire_all()
    stored = session.scalars(select(Company)).one().created_at

    assert datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC) == stored
    assert UTC == stored.tzinfo


def test_a_time_without_a_zone_is_never_stored(session: Session) -> None:
    """Guessing its zone would shift every limit."""
    without = datetime(2026, 3, 2)  # noqa: DTZ001 (a time without a zone is what is tried)
    session.add(Company(name="x", plan="basic", time_zone="UTC", created_at=without))

    with pytest.raises(StatementError, match="without a zone"):
        session.flush()


def test_a_write_transaction_keeps_all_or_nothing(session: Session, product: Product) -> None:
    """What is raised inside undoes everything inside."""

    def break_a_promise() -> None:
        with writing(session):
            product.company()
            raise RuntimeError("broken promise")

    with pytest.raises(RuntimeError, match="broken promise"):
        break_a_promise()

    assert [] == session.scalars(select(Company)).all()


def test_a_flow_inside_a_flow_joins_its_transaction(session: Session, product: Product) -> None:
    """The inner one commits nothing of its own."""

    def fail_after_the_inner_one() -> None:
        with writing(session):
            with writing(session):
                session.add(Company(name="x", plan="basic", time_zone="UTC", created_at=product.now))
            raise RuntimeError("outer")

    with pytest.raises(RuntimeError, match="outer"):
        fail_after_the_inner_one()

    assert [] == session.scalars(select(Company)).all()


def test_a_write_transaction_reads_afresh(engine: Engine, session: Session, product: Product) -> None:
    """What was read before, without a lock, is forgotten: it is what the flow decides on."""
    company_id = product.company("before")
    assert "before" == session.get_one(Company, company_id).name
    with engine.begin() as other:
        other.execute(text("UPDATE companies SET name = 'after'"))

    with writing(session):
        name = session.get_one(Company, company_id).name

    assert "after" == name


def test_changes_outside_a_write_transaction_are_noticed(session: Session, product: Product) -> None:
    """Losing them in silence would hide a bug."""
    session.add(Company(name="x", plan="basic", time_zone="UTC", created_at=product.now))

    with pytest.raises(RuntimeError, match="outside"), writing(session):
        pass


def test_foreign_keys_hold(session: Session, product: Product) -> None:
    """SQLite checks them only when told to."""
    with pytest.raises(IntegrityError), writing(session):
        session.add(
            Employee(
                company_id=999, email="a", email_key="a", name="", sort_key="", role="employee", created_at=product.now
            )
        )


def test_sqlite_is_set_up_as_the_flows_need_it(sqlite_uri: str) -> None:
    """WAL, so that readers go on while one writes; a wait instead of “database is locked”; FULL (2), so that a spent
    code stays spent after a power cut."""
    engine = create_engine(sqlite_uri)
    prepare_engine(engine)
    names = ("journal_mode", "busy_timeout", "foreign_keys", "synchronous")

    with engine.connect() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}
    engine.dispose()

    assert {"journal_mode": "wal", "busy_timeout": 10000, "foreign_keys": 1, "synchronous": 2} == found


def test_an_id_is_never_given_out_twice(engine: Engine, session: Session, product: Product) -> None:
    """A stale id must not come to mean somebody else's row."""
    first = product.company()
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_events"))
        connection.execute(text("DELETE FROM companies"))

    assert product.company() > first

"""The rights that the product needs while it serves, and no more (ASVS 13.2.2, 16.4.2)."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from tests.core.people import Clock, Product
from webapp.core.sealing import Keyring

OPERATIONS = Path(__file__).parent.parent.parent / "docs/operations.md"


@pytest.fixture
def served(postgresql_uri: str) -> Iterator[Engine]:
    """The database as the role of docs/operations.md meets it."""
    role = f"dashboard_{uuid.uuid4().hex}"
    owner = sqlalchemy.create_engine(postgresql_uri, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        for statement in _grants():
            connection.execute(text(re.sub(r"\bdashboard\b", role, statement)))
    engine = sqlalchemy.create_engine(postgresql_uri.replace("//test@", f"//{role}@"))
    yield engine
    engine.dispose()
    with owner.connect() as connection:
        connection.execute(text(f"DROP OWNED BY {role}"))
        connection.execute(text(f"DROP ROLE {role}"))
    owner.dispose()


def test_the_documented_rights_are_enough(served: Engine) -> None:
    """Employ, activate, log in by both factors, new codes, reset, log out: all by the role that serves."""
    clock = Clock()
    with Session(served, expire_on_commit=False) as session:
        product = Product(session, Keyring([bytes(range(32))]), clock)
        owner = product.owner()
        clock.next_step()
        product.log_in_with(owner.person, owner.phone.code(clock.now))
        seat = product.log_in_with(owner.person, owner.codes[0])
        product.create_codes(seat, owner.codes[1])
        clock.next_step()
        product.reset(seat, owner.phone.code(clock.now))
        product.log_out(seat)

        assert ["success"] == [event.outcome for event in product.audit("two_factor:reset")]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET outcome = 'success'",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
        "DROP TABLE audit_events",
        "ALTER TABLE employees ADD COLUMN x int",
        "CREATE TABLE x (y int)",
        "UPDATE alembic_version SET version_num = 'x'",
    ],
)
def test_whoever_has_them_rewrites_neither_the_audit_nor_a_table(served: Engine, statement: str) -> None:
    """Refused by the database itself."""
    with served.connect() as connection, pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        connection.execute(text(statement))


def _grants() -> list[str]:
    """The statements of docs/operations.md, by which the operator gives the rights."""
    found = re.findall(r"^    ((?:GRANT|REVOKE) .*);$", OPERATIONS.read_text(), re.MULTILINE)
    assert len(found) >= 3
    return found

"""Migrations go up and down on both databases, and leave nothing that the tables in code don't say."""

from pathlib import Path

import flask_migrate
import sqlalchemy
from sqlalchemy.orm import Session

from tests.core.people import Clock, Product
from webapp import create_app
from webapp.core.outcomes import Refusal, Refused
from webapp.core.sealing import Keyring


def test_migrations_go_down_and_up_again(database_uri: str, tmp_path: Path) -> None:
    """Down to an empty database, up to what core's tables are."""
    app = create_app(SQLALCHEMY_DATABASE_URI=database_uri, INSTANCE_PATH=str(tmp_path / "instance"))

    with app.app_context():
        engine = app.extensions["sqlalchemy"].engine
        flask_migrate.downgrade(revision="base")
        left = sqlalchemy.inspect(engine).get_table_names()
        flask_migrate.upgrade()
        flask_migrate.check()  # exits where tables and code differ
        engine.dispose()

    assert ["alembic_version"] == left


def test_people_outlive_the_way_down_to_the_first_tables_and_up_again(database_uri: str, tmp_path: Path) -> None:
    """With rows in the tables; afterwards app and backup codes still log in, and the spent code is still spent.

    A second app has no place there: it is gone.
    """
    app = create_app(SQLALCHEMY_DATABASE_URI=database_uri, INSTANCE_PATH=str(tmp_path / "instance"))
    keyring, clock = Keyring([bytes(range(32))]), Clock()

    with app.app_context():
        engine = app.extensions["sqlalchemy"].engine
        with Session(engine, expire_on_commit=False) as session:
            product = Product(session, keyring, clock)
            owner = product.owner()
            tablet = product.second_phone(owner)
        flask_migrate.downgrade(revision="0001")
        flask_migrate.upgrade()
        with Session(engine, expire_on_commit=False) as session:
            product = Product(session, keyring, clock)
            for right in (owner.phone.code(clock.now), owner.codes[0]):
                product.log_in_with(owner.person, right)
            again = product.answer(product.half_way(owner.person), owner.phone.code(clock.now, steps=-1))
            gone = product.answer(product.half_way(owner.person), tablet.code(clock.now))
        engine.dispose()

    assert isinstance(again, Refused)
    assert Refusal.CODE_ALREADY_USED is again.reason
    assert isinstance(gone, Refused)

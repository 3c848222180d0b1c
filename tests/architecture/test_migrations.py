"""Migrations go up and down on both databases, and leave nothing that the tables in code don't say."""

from pathlib import Path

import flask_migrate
import sqlalchemy

from webapp import create_app


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

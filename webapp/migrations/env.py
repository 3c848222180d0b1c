"""Runs migrations inside the application: on its engine, against core's tables."""

from typing import Any, Literal

from alembic import context
from flask import current_app

from webapp.core.database import UtcDateTime


def render_item(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """A migration must not depend on today's code: own column types are written as what they store."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


db = current_app.extensions["sqlalchemy"]

with db.engine.connect().execution_options(takes_write_lock=True) as connection:
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_item=render_item,
        render_as_batch=True,  # SQLite alters tables by copying them
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()

"""What attackers meet: the application with a clock in hand, or a real gunicorn where processes and files matter.

`place` is two worker processes on the machine's clock; `app`, `client` and `product` are those of the tests of pages.
"""

from tests.services.conftest import place
from tests.web.conftest import (
    app,
    client,
    clock,
    engine,
    make_app,
    mode,
    open_browser,
    postgresql_of_worker,
    postgresql_uri,
    product,
    sqlite_of_worker,
    sqlite_uri,
    standing,
)

__all__ = [
    "app",
    "client",
    "clock",
    "engine",
    "make_app",
    "mode",
    "open_browser",
    "place",
    "postgresql_of_worker",
    "postgresql_uri",
    "product",
    "sqlite_of_worker",
    "sqlite_uri",
    "standing",
]

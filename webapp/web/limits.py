"""Coarse limits per address and on a body, against floods (ASVS 2.4.1). Those per person live in the database.

Their storage away, a request goes on under those limits: never unlimited, never an error.
"""

from contextlib import AbstractContextManager
from typing import Any, cast

from flask import Flask, abort, current_app, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits import parse

POSTS_PER_ADDRESS = "600 per minute"
REPORTS_PER_ADDRESS = "60 per minute"
WINDOW_S = 60
EXTENSION = "webapp.limiter"


def register(app: Flask) -> None:
    app.before_request(_must_say_its_length)
    app.extensions[EXTENSION] = Limiter(
        get_remote_address,
        app=app,
        application_limits=[POSTS_PER_ADDRESS],
        application_limits_exempt_when=lambda: request.method != "POST",
        storage_uri=app.config["RATELIMIT_STORAGE_URI"],
        swallow_errors=True,
        # Its headers stay off: they put this window's Retry-After on every POST, over the shorter one of a person.
    )


def is_news() -> bool:
    """Whether this address has not been told of as flooding within a minute: the log must not be flooded for it."""
    limiter = cast(Limiter, current_app.extensions[EXTENSION])
    try:
        return limiter.limiter.hit(parse("1 per minute"), "told", get_remote_address())
    except Exception:  # whatever the storage raises that went away at this instant
        return True


def at_most(limit: str) -> AbstractContextManager[Any]:
    """A closer limit on what is within, for each address: 429 beyond."""
    return cast(Limiter, current_app.extensions[EXTENSION]).limit(limit)


def _must_say_its_length() -> None:
    """411 for a body in chunks: it would be cut off at the limit and the rest judged, not refused (case D-88)."""
    if request.content_length is None and request.headers.get("Transfer-Encoding"):
        abort(411)

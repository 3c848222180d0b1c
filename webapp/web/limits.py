"""Coarse limits per address and on a body, against floods (ASVS 2.4.1). Those per person live in the database.

Their storage away, a request goes on under those limits: never unlimited, never an error.
"""

from flask import Flask, abort, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

POSTS_PER_ADDRESS = "600 per minute"
WINDOW_S = 60


def register(app: Flask) -> None:
    app.before_request(_must_say_its_length)
    Limiter(
        get_remote_address,
        app=app,
        application_limits=[POSTS_PER_ADDRESS],
        application_limits_exempt_when=lambda: request.method != "POST",
        storage_uri=app.config["RATELIMIT_STORAGE_URI"],
        swallow_errors=True,
        # Its headers stay off: they put this window's Retry-After on every POST, over the shorter one of a person.
    )


def _must_say_its_length() -> None:
    """411 for a body in chunks: it would be cut off at the limit and the rest judged, not refused (case D-88)."""
    if request.content_length is None and request.headers.get("Transfer-Encoding"):
        abort(411)

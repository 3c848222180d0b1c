"""Coarse limits per address, against floods (ASVS 2.4.1). The limits per person live in the database, not here.

Their storage away, a request goes on under those limits: never unlimited, never an error.
"""

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

POSTS_PER_ADDRESS = "600 per minute"
WINDOW_S = 60


def register(app: Flask) -> None:
    Limiter(
        get_remote_address,
        app=app,
        application_limits=[POSTS_PER_ADDRESS],
        application_limits_exempt_when=lambda: request.method != "POST",
        storage_uri=app.config["RATELIMIT_STORAGE_URI"],
        swallow_errors=True,
        # Its headers stay off: they put this window's Retry-After on every POST, over the shorter one of a person.
    )

"""The cookie ``session``: an opaque token, and one letter that says what it can be at most.

``a`` anonymous, ``h`` half-way (password given), ``s`` signed in: the flag that gates every page, set only once the
second factor is in. It spares a look-up and decides nothing: the server-side row behind the token does. Flask's own
signed cookie would show its contents to anybody and live on after log-out (cases D-80, D-81).
"""

import hashlib
import re
from enum import StrEnum
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin

from webapp.core.sessions.browsers import BROWSER_LIFE
from webapp.core.tokens import new_token


class Stage(StrEnum):
    ANONYMOUS = "a"
    HALF_WAY = "h"
    SIGNED_IN = "s"


class Visit(dict[str, Any], SessionMixin):
    """One request's view of the cookie. The mapping itself is for Flask-WTF's token and is never stored."""

    def __init__(self, stage: Stage, token: str, *, is_new: bool) -> None:
        super().__init__(csrf_token=_csrf_secret(token))
        self.stage = stage
        self.token = token
        self.is_new_cookie = is_new
        self.new_browser_token: str | None = None

    def become(self, stage: Stage, token: str | None = None) -> None:
        """Another visit from here on, with another token: at each step up and at the end (case D-82)."""
        self.stage, self.token, self.is_new_cookie = stage, token or new_token(), True
        self["csrf_token"] = _csrf_secret(self.token)

    def renew(self, token: str) -> None:
        """The same session under a new token; its forms stay valid."""
        self.token, self.is_new_cookie = token, True


def _csrf_secret(token: str) -> str:
    return hashlib.sha256(f"csrf|{token}".encode()).hexdigest()


class VisitInterface(SessionInterface):
    """Reads and writes both cookies of the product: ``session`` and ``browser``."""

    def open_session(self, app: Flask, request: Request) -> Visit:
        raw = request.cookies.get(app.config["SESSION_COOKIE_NAME"], "")
        if re.fullmatch(r"[ahs]\.[A-Za-z0-9_-]{43}", raw):
            return Visit(Stage(raw[0]), raw[2:], is_new=False)
        return Visit(Stage.ANONYMOUS, new_token(), is_new=True)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if not isinstance(session, Visit):
            raise TypeError("a session of another interface")
        options: dict[str, Any] = {
            "secure": app.config["SESSION_COOKIE_SECURE"],
            "httponly": True,
            "samesite": "Lax",
            "path": "/",
        }
        if session.is_new_cookie and not response.cache_control.public:
            response.set_cookie(app.config["SESSION_COOKIE_NAME"], f"{session.stage}.{session.token}", **options)
        if session.new_browser_token:
            response.set_cookie(
                app.config["BROWSER_COOKIE_NAME"], session.new_browser_token, max_age=BROWSER_LIFE, **options
            )

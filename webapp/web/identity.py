"""Who is asking: the visitor, the person logged in (through Flask-Login), the challenge of a half-way log-in.

Flask-Login holds nobody logged in before the second factor is in: its loader looks only at the cookie of a signed-in
session, and the row on the server decides. Its remember cookie and session protection stay off (both leak).
"""

from typing import cast

from flask import Flask, Request, current_app, g, request, session
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, current_user

from webapp.core.challenge import flows as challenge
from webapp.core.challenge.flows import Waiting
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import SignedIn, Started
from webapp.core.visitor import Visitor
from webapp.web.cookies import Stage, Visit, VisitInterface
from webapp.web.parts import db, now, parts


class CurrentUser(UserMixin):
    """Flask-Login's view of a signed-in session."""

    def __init__(self, signed_in: SignedIn) -> None:
        self.signed_in = signed_in

    def get_id(self) -> str:
        return str(self.signed_in.session_id)


def register(app: Flask) -> None:
    app.session_interface = VisitInterface()
    login_manager = LoginManager(app)
    login_manager.session_protection = None
    login_manager.request_loader(_load)


def visit() -> Visit:
    return cast(Visit, session)


def visitor() -> Visitor:
    """The client's address after trusted proxies only, its browser's name, its known-browser token."""
    return Visitor(
        address=request.remote_addr or "",
        user_agent=request.user_agent.string,
        browser_token=request.cookies.get(current_app.config["BROWSER_COOKIE_NAME"]),
    )


def me() -> SignedIn:
    """The person logged in; guards see to it that there is one."""
    return cast(SignedIn, current_user.signed_in)


def me_or_none() -> SignedIn | None:
    return current_user.signed_in if current_user and current_user.is_authenticated else None


def waiting_or_none() -> Waiting | None:
    """The live challenge of this browser's half-way log-in, looked up once a request."""
    if "waiting" not in g:
        is_half_way = visit().stage is Stage.HALF_WAY
        g.waiting = challenge.find(db(), visit().token, now=now()) if is_half_way else None
    return cast("Waiting | None", g.waiting)


def waiting() -> Waiting:
    """The challenge to be answered; guards see to it that there is one."""
    found = waiting_or_none()
    if found is None:
        raise RuntimeError("a page of the second step was shown without its guard")
    return found


def step_up_to(started: Started) -> None:
    """This browser is signed in from the next request on, with new tokens in both cookies."""
    visit().become(Stage.SIGNED_IN, started.token)
    visit().new_browser_token = started.browser_token


def know_nobody() -> None:
    """From here on this request is nobody's: the database, which says whose it is, may be away."""
    g._login_user = AnonymousUserMixin()  # where Flask-Login keeps what its loader found
    g.waiting = None
    g.time_zone = "UTC"


def _load(_: Request) -> CurrentUser | None:
    if visit().stage is not Stage.SIGNED_IN:
        return None
    found = sessions.find(db(), visit().token, limits=parts().limits, now=now())
    if found is None:
        return None
    visit()["csrf_token"] = found.csrf_secret  # stays the same when a password confirmation changes the token
    sessions.touch(db(), found, now=now())
    return CurrentUser(found)

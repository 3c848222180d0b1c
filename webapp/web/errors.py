"""Error pages: what happened in a sentence, and a way on. A fragment for HTMX, as every page."""

import logging

from flask import Flask, Response, make_response, render_template, request, url_for
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException

from webapp.core.database import UNAVAILABLE
from webapp.core.sealing import CannotOpenError
from webapp.web import login, profile
from webapp.web.guards import ForgedRequestError, form_page
from webapp.web.identity import know_nobody, me_or_none, visitor
from webapp.web.limits import WINDOW_S, is_news
from webapp.web.next_page import local_path
from webapp.web.page import LOG_IN, STEP, render
from webapp.web.parts import parts

log = logging.getLogger(__name__)

RETRY_AFTER_S = 30
FORM_AGAIN = {"login.send_password": login.password_again, "profile.save": profile.show_again}
"""Forms that come again filled in when their token was not this session's; None where it is another's form."""

_WORDS = {
    400: ("This didn't work", "Your browser sent something that we can't read."),
    403: ("Not yours to open", "This page belongs to somebody else."),
    404: ("Page not found", "There is nothing at this address, or nothing for you."),
    405: ("This didn't work", "This address is not opened this way."),
    411: ("This didn't work", "Your browser didn't say how much it was sending."),
    413: ("Too much at once", "What your browser sent is larger than any form here."),
    429: ("Too many requests", "There are too many requests from your network. Wait a minute, then try again."),
    503: (
        "Back in a moment",
        "This can't be reached right now. Nothing is lost. Wait a minute, then try again.",
    ),
    500: ("Something broke", "That is our fault. Nothing was changed."),
}


_UNREADABLE = (
    "This can't be checked right now",
    "Something on our side can't be read, so nothing was let through and nothing was changed.",
)


def register(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(ForgedRequestError, _forged)
    for kind in UNAVAILABLE:
        app.register_error_handler(kind, _unavailable)
    app.register_error_handler(CannotOpenError, _cannot_open)


def _http_error(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return make_response(error.get_response())
    if error.code >= 500 or request_ctx.url_adapter is None:
        return _broken(error.code)
    flood = {"Retry-After": str(WINDOW_S)} if error.code == 429 else {}
    if flood and is_news():
        facts = {"endpoint": request.endpoint, "address": visitor().address}
        log.warning("too many requests from one address", extra={"facts": facts})
    try:
        return _page(error.code, headers={**flood, **dict(error.get_headers())})
    except UNAVAILABLE as unavailable:  # an error in a handler finds no handler of its own
        return _unavailable(unavailable)


def _forged(_: ForgedRequestError) -> Response:
    again = FORM_AGAIN.get(str(request.endpoint))
    response = again() if again else None
    if response is not None:
        return response
    return _page(
        400,
        heading="Please send this once more",
        sentence="This page was open for so long, or in another tab, that the form is no longer valid. Nothing was"
        " changed. Open it again and send it once more.",
        link=(form_page(), "Open it again"),
    )


def _unavailable(error: Exception) -> Response:
    """The database can't be reached, or is locked for longer than a person should wait."""
    log.error("database unavailable: %s", error.__class__.__name__, exc_info=error)
    parts().open_session().rollback()
    return _broken(503)


def _cannot_open(error: CannotOpenError) -> Response:
    """A sealed value does not open: refused and logged, never a skipped check (ASVS 16.5.3)."""
    log.critical("a sealed value does not open: %s", error)
    return _broken(503, words=_UNREADABLE)


def _page(
    status: int,
    *,
    heading: str = "",
    sentence: str = "",
    link: tuple[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    words = _WORDS.get(status, _WORDS[400])
    is_in = me_or_none() is not None
    home = (url_for("dashboard.show"), "To the overview") if is_in else (url_for("login.password"), "To the log-in")
    href, text = link or home
    response = render(
        "errors/error.html",
        STEP if is_in else LOG_IN,
        status=status,
        heading=heading or words[0],
        sentence=sentence or words[1],
        link_href=href,
        link_text=text,
        shown_status=status,
    )
    for name in ("Allow", "Retry-After"):
        if headers and name in headers:
            response.headers[name] = headers[name]
    return response


def _broken(status: int, *, words: tuple[str, str] | None = None) -> Response:
    """A page that asks nothing of the database, which may be what broke, and knows nobody."""
    heading, sentence = words or _WORDS.get(status, _WORDS[500])
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}
    if request_ctx.url_adapter is None:  # a refused Host header: no address can be made
        return make_response(f"{heading}\n\n{sentence}\n", status, {"Content-Type": "text/plain; charset=utf-8"})
    know_nobody()
    body = render_template(
        "errors/broken.html",
        heading=heading,
        sentence=sentence,
        again=local_path(request.full_path.rstrip("?")) if request.method == "GET" else None,
        shown_status=status,
        has_errors=True,
    )
    return make_response(body, status, headers)

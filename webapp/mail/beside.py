"""In development the server delivers mail itself, in a thread beside its requests: nothing more has to be started.

In production ``flask outbox send --watch`` runs beside the server: it ends after the mail under way, which a thread of
a server that is stopped does not.
"""

import threading
from collections.abc import Callable, Iterable
from typing import Any, cast

from flask import Flask

from webapp.mail.sending import EXTENSION, Sender
from webapp.web.parts import Parts

THREAD = "outbox"


def deliver_beside(app: Flask) -> None:
    """Have whoever serves *app* in development empty the outbox, from the first request on.

    Not earlier: the flask commands load the same *app*, and a server with several processes forks after loading it.
    Each process has such a thread then, and all of them share the mail as any senders do.
    """
    parts = cast(Parts, app.extensions["webapp"])
    if parts.settings.is_production:
        return
    sender = cast(Sender, app.extensions[EXTENSION])
    serve, is_begun = app.wsgi_app, threading.Lock()

    def wsgi_app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if is_begun.acquire(blocking=False):  # by the first request of this process, and never given back
            args = (threading.Event(), _no_need_to_tell)
            threading.Thread(target=sender.keep_sending, args=args, name=THREAD, daemon=True).start()
        return serve(environ, start_response)

    app.wsgi_app = wsgi_app  # type: ignore[method-assign]  # as in wiring


def _no_need_to_tell(_: object) -> None:
    """A command prints what it sent; the server's log has what went wrong."""

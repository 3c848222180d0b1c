"""What watches the product asks here: whether it is alive, and whether it can serve.

Public, so without an address, a name or a version of anything, and without a number of mails: one more of them, a
moment after a forgotten password, would tell who has an account. Without a cookie, for a probe keeps none.
"""

from typing import Any

from flask import Blueprint, Response, jsonify, make_response

from webapp.core.database import UNAVAILABLE, migration
from webapp.core.notices import flows as notices
from webapp.core.notices.flows import Outbox
from webapp.web.guards import public
from webapp.web.identity import visit
from webapp.web.parts import db, now, parts

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def alive() -> Response:
    """Asks nobody: a database that is away is no reason to start the process anew."""
    visit().is_new_cookie = False
    return make_response("ok\n", {"Content-Type": "text/plain; charset=utf-8"})


@blueprint.get("/readyz")
@public
def ready() -> Response:
    """503 where it can't serve. An outbox that piles up is told and no 503: people can log in all the same."""
    visit().is_new_cookie = False
    try:
        is_current = migration(db()) == parts().newest_migration()
        outbox = notices.state(db(), now=now()) if is_current else None
    except UNAVAILABLE:
        db().rollback()
        return _answer(False, database="unreachable", migrations="unknown", outbox=None)
    migrations = "current" if is_current else "not current"
    return _answer(is_current, database="reachable", migrations=migrations, outbox=_facts(outbox))


def _answer(is_ready: bool, **facts: Any) -> Response:
    response = jsonify(status="ready" if is_ready else "not ready", **facts)
    response.status_code = 200 if is_ready else 503
    return response


def _facts(outbox: Outbox | None) -> dict[str, Any] | None:
    if outbox is None:
        return None
    return {"status": "piling up" if outbox.is_piling_up else "ok"}

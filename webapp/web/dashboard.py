"""The overview: how one's account stands, and what to do next. Only what is real."""

from typing import Any

from flask import Blueprint, Response

from webapp.core.audit import flows as audit
from webapp.core.audit.rules import EventKind
from webapp.core.enrolment.ways_back import ways_back
from webapp.web import formats
from webapp.web.guards import signed_in
from webapp.web.identity import me, visit, visitor
from webapp.web.obligations import my_obligation
from webapp.web.page import PAGE, render
from webapp.web.parts import db, keyring, now

blueprint = Blueprint("dashboard", __name__)


@blueprint.get("/")
@signed_in
def show() -> Response:
    person = me().person
    ways = ways_back(db(), keyring(), me(), token=visit().token, now=now())
    return render(
        "dashboard/show.html",
        PAGE,
        greeting_name=person.name.split()[0] if person.name.split() else person.name,
        this_log_in=formats.place(visitor().user_agent, visitor().address),
        last_log_in=_last_log_in(),
        two_factor=ways.two_factor,
        ways=ways,
        duty=my_obligation(),
        days_left=my_obligation().days_left(now()),
    )


def _last_log_in() -> dict[str, Any] | None:
    """The log-in before the one that began this session."""
    log_ins = audit.recent(db(), me().person.id, kinds=[EventKind.LOGGED_IN], most=20)
    before = next((event for event in log_ins if event.at < me().started_at), None)
    return {"at": before.at, "where": formats.place(before.user_agent, before.address)} if before else None

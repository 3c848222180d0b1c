"""A case of Support about oneself: what is about to happen, and stopping it. Every page of theirs leads here then."""

from flask import Blueprint, Response
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.cases import flows as cases
from webapp.core.outcomes import Refusal, Refused
from webapp.core.support import stopping
from webapp.web import htmx
from webapp.web.guards import own_page, to_log_in
from webapp.web.identity import me, visitor
from webapp.web.page import STEP, render
from webapp.web.parts import db, now
from webapp.web.profile import security_url, to_security

blueprint = Blueprint("own_case", __name__, url_prefix="/settings/employees/<id:employee_id>/security")


@blueprint.get("/case", endpoint="show")
@own_page(is_open_to_bound=True)
def show(employee_id: int) -> Response | BaseResponse:
    case = cases.of_person(db(), me().person.id)
    if case is None:
        return to_security()
    return render("support/own_case.html", STEP, opened_at=case.opened_at, due_at=case.due_at, kind=case.kind)


@blueprint.post("/case")
@own_page(is_open_to_bound=True)
def stop(employee_id: int) -> Response | BaseResponse:
    outcome = stopping.stop_mine(db(), me(), now=now(), visitor=visitor())
    if isinstance(outcome, Refused) and outcome.reason is Refusal.SESSION_OVER:
        return to_log_in()
    return htmx.go(security_url("case_stopped"))  # anew: this request's pages would still say that a case is open

"""“This wasn't me” and “Stop this case”: the page behind the link of a notice.

It asks first, for mail programs open links by themselves.
"""

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.cases import flows as cases
from webapp.core.cases.rules import CaseState
from webapp.core.disputes import flows as disputes
from webapp.core.disputes.flows import Dispute
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted
from webapp.web import formats
from webapp.web.activity import NOTICE_EVENTS
from webapp.web.cookies import Stage
from webapp.web.guards import public
from webapp.web.identity import me_or_none, visit, visitor, waiting_or_none
from webapp.web.page import LOG_IN, PAGE, render
from webapp.web.parts import db, keyring, now

blueprint = Blueprint("disputes", __name__)

GONE = 410


@blueprint.get("/notices/<token>", endpoint="ask")
@public
def ask(token: str) -> Response:
    dispute = disputes.find(db(), keyring(), token)
    if dispute is None:
        return _ask_to_stop(token)
    if dispute.link.is_live(now()):
        at = formats.full_time(dispute.link.made_at, dispute.person.time_zone)
        told = {"event": NOTICE_EVENTS[dispute.notice], "voids_pass": dispute.notice is Notice.REPAIR_PASS}
        return render("disputes/ask.html", _layout(), at=at, token=token, **told)
    if dispute.was_used and dispute.freeze is not None:
        since = formats.full_time(dispute.freeze.since, dispute.person.time_zone)
        return render("disputes/frozen.html", _layout(), freeze=dispute.freeze, since=since)
    return _over()


@blueprint.post("/notices/<token>")
@public
def act(token: str) -> Response | BaseResponse:
    dispute = disputes.find(db(), keyring(), token)
    if dispute is None:
        return _stop(token)
    if not isinstance(disputes.freeze(db(), dispute, now=now(), visitor=visitor()), Accepted):
        return _over()
    if _is_owner_here(dispute):
        visit().become(Stage.ANONYMOUS)
    return redirect(request.path, 303)


def _ask_to_stop(token: str) -> Response:
    """The page behind the link in a notice of Support's case."""
    found = cases.find_stop(db(), keyring(), token)
    if found is not None and found.case.state is CaseState.STOPPED:
        return render("disputes/stopped.html", _layout())
    if found is None or not found.link.is_live(now()):
        return _over()
    at = formats.full_time(found.case.opened_at, found.case.person.time_zone)
    return render("disputes/stop.html", _layout(), case=found.case, at=at, token=token)


def _stop(token: str) -> Response | BaseResponse:
    found = cases.find_stop(db(), keyring(), token)
    if found is None or not isinstance(cases.stop_by_link(db(), found, now=now(), visitor=visitor()), Accepted):
        return _over()
    return redirect(request.path, 303)


def _is_owner_here(dispute: Dispute) -> bool:
    """Whether this browser was logged in, or half-way, to the account that is frozen now."""
    signed_in, half_way = me_or_none(), waiting_or_none()
    person = signed_in.person if signed_in else half_way.person if half_way else None
    return person is not None and person.id == dispute.link.employee_id


def _layout() -> tuple[str, str]:
    """Somebody logged in keeps the way to log out."""
    return PAGE if me_or_none() else LOG_IN


def _over() -> Response:
    """For a link that never was as well: nobody learns which tokens exist."""
    return render("disputes/over.html", _layout(), status=GONE)

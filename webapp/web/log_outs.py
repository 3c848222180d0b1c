"""The list of one's open sessions, and the page that ends one of the others or all of them."""

import re

from flask import Blueprint, Response, abort, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.database import SessionId
from webapp.core.log_outs import flows as log_outs
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof import inside
from webapp.core.sessions import listing
from webapp.web import htmx
from webapp.web.forms import BackupCodeForm, CodeForm
from webapp.web.guards import MAX_ID, deny, own_page, recently_proved
from webapp.web.identity import me, visitor
from webapp.web.open_sessions import list_sessions, listed
from webapp.web.page import PAGE, person_words, render
from webapp.web.parts import db, keyring, now, parts
from webapp.web.profile import to_security
from webapp.web.second_factor import code_form, code_page, typed_entry
from webapp.web.two_factor import way_out

blueprint = Blueprint("sessions", __name__, url_prefix="/settings/employees/<id:employee_id>/security/sessions")

MOST_LISTED = 100
OTHERS = "others"


@blueprint.get("", endpoint="list_")
@own_page()
def list_(employee_id: int) -> Response:
    person = person_words(me().person, is_me=True)
    return render("sessions/list.html", PAGE, person=person, open_sessions=list_sessions(most=MOST_LISTED))


@blueprint.get("/end", endpoint="end")
@recently_proved()
def show_end(employee_id: int) -> Response | BaseResponse:
    """The form; the list to choose from where the address names no session."""
    if "session" not in request.args:
        return htmx.go(url_for("sessions.list_", employee_id=employee_id))
    form = code_form(is_sent=False)
    return _page(_which(request.args), form, inside.refusal(db(), me(), form.kind, now=now(), visitor=visitor()))


@blueprint.post("/end")
@recently_proved()
def send_end(employee_id: int) -> Response | BaseResponse:
    which, form = _which(request.form), code_form(is_sent=True)
    entry = typed_entry(form) if inside.is_on(db(), me()) else None
    limits, at, by = parts().limits, now(), visitor()
    if which is None:
        outcome = log_outs.end_others(db(), keyring(), me(), entry, limits=limits, now=at, visitor=by)
    else:
        outcome = log_outs.end_one(db(), keyring(), me(), which, entry, limits=limits, now=at, visitor=by)
    if isinstance(outcome, Accepted):
        return to_security("others_ended" if which is None else "session_ended")
    leads_away = _leads_away(outcome)
    if leads_away:
        return leads_away
    form.tell(outcome)
    return _page(which, form, outcome)


def _page(which: SessionId | None, form: CodeForm | BackupCodeForm, refused: Refused | None) -> Response | BaseResponse:
    """The form that says what will end, unless there is nothing left to."""
    there = listing.other(db(), me(), which, limits=parts().limits, now=now()) if which is not None else None
    others = list_sessions(most=1).total - 1
    if others < 1 and which is None:
        there = Refused(Refusal.SESSION_ENDED_BEFORE)
    if isinstance(there, Refused):
        return _leads_away(there) or to_security()
    return code_page(
        "sessions/end.html",
        form,
        refused,
        there=listed(there) if there else None,
        others=others,
        asks_for_code=inside.is_on(db(), me()),
    )


def _which(sent: MultiDict[str, str]) -> SessionId | None:
    """The one session that is meant, or None for all others; 404 for what is neither."""
    named = sent.getlist("session")
    if named == [OTHERS]:
        return None
    if len(named) != 1 or not re.fullmatch("[1-9][0-9]{0,9}", named[0]) or int(named[0]) > MAX_ID:
        abort(404)
    return SessionId(int(named[0]))


def _leads_away(refused: Refused) -> Response | BaseResponse | None:
    """Where a refusal leads that the form can't answer. Somebody else's session is as unknown as none: who tries ids
    is written down."""
    if refused.reason is Refusal.SESSION_UNKNOWN:
        deny(404)
    return way_out(refused)

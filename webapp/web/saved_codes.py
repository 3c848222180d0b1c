"""The page that checks that backup codes were saved: one is typed in full, and stays what it is."""

from flask import Blueprint, Response
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.enrolment import checking
from webapp.core.outcomes import Accepted, Refused
from webapp.web.forms import BackupCodeForm
from webapp.web.guards import own_page
from webapp.web.identity import me, visitor
from webapp.web.page import STEP, render_refused
from webapp.web.parts import db, now
from webapp.web.profile import to_security
from webapp.web.two_factor import way_out

blueprint = Blueprint("saved_codes", __name__, url_prefix="/settings/employees/<id:employee_id>/security/backup-codes")


@blueprint.get("/check", endpoint="check")
@own_page()
def show_check(employee_id: int) -> Response | BaseResponse:
    """The form, or the Security tab where there is nothing to check."""
    refused = checking.refusal(db(), me(), now=now(), visitor=visitor())
    leads_away = way_out(refused) if refused else None
    return leads_away or _page(BackupCodeForm(formdata=None), refused)


@blueprint.post("/check")
@own_page()
def send_check(employee_id: int) -> Response | BaseResponse:
    form = BackupCodeForm()
    outcome = checking.check(db(), me(), form.code_of_the_list(), now=now(), visitor=visitor())
    if isinstance(outcome, Accepted):
        return to_security("checked")
    leads_away = way_out(outcome)
    if leads_away:
        return leads_away
    form.tell(outcome)
    return _page(form, outcome)


def _page(form: BackupCodeForm, refused: Refused | None) -> Response:
    return render_refused("backup_codes/check.html", STEP, refused, form=form)

"""The freeze of one's own account: how it stands, and lifting it with a factor of the time before.

Open half-way too: a password that was set since the disputed event leads here and nowhere else.
"""

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.accounts.rules import masked_email
from webapp.core.challenge import flows as challenge
from webapp.core.disputes import flows as disputes
from webapp.core.freezes import flows as freezes
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof import flows as proof
from webapp.core.proof.flows import Asked
from webapp.web import formats
from webapp.web.forms import BackupCodeForm, CodeForm
from webapp.web.guards import to_lift, to_log_in
from webapp.web.identity import me, me_or_none, step_up_to, visitor, waiting
from webapp.web.page import LOG_IN, STEP, render_refused
from webapp.web.parts import db, keyring, now
from webapp.web.profile import security_url, to_security
from webapp.web.second_factor import code_form

blueprint = Blueprint("freeze", __name__, url_prefix="/settings/employees/<id:employee_id>/security")


@blueprint.get("/freeze", endpoint="show")
@to_lift
def show(employee_id: int) -> Response | BaseResponse:
    form = code_form(is_sent=False)
    return _page(form, proof.refusal(db(), _asked(), form.kind, now=now()))


@blueprint.post("/freeze")
@to_lift
def lift(employee_id: int) -> Response | BaseResponse:
    form = code_form(is_sent=True)
    entry, keeps_email = form.entry(), request.form.get("address") == "current"
    if me_or_none():
        outcome = disputes.lift(db(), keyring(), me(), entry, keeps_email=keeps_email, now=now(), visitor=visitor())
        if isinstance(outcome, Accepted):
            return to_security("lifted")
        return _refused(form, outcome)
    logged_in = disputes.lift_and_log_in(
        db(), keyring(), waiting(), entry, keeps_email=keeps_email, now=now(), visitor=visitor()
    )
    if isinstance(logged_in, Refused):
        return _refused(form, logged_in)
    step_up_to(logged_in.value.started)
    return redirect(security_url("lifted", employee_id=employee_id), 303)


def _asked() -> Asked[None]:
    if me_or_none():
        return disputes.question(db(), me(), now=now(), visitor=visitor())
    return challenge.question(db(), waiting(), lifts=True, now=now(), visitor=visitor())


def _refused(form: CodeForm | BackupCodeForm, refused: Refused) -> Response | BaseResponse:
    if refused.reason in (Refusal.SESSION_OVER, Refusal.CHALLENGE_OVER):
        return to_log_in()
    if refused.reason is Refusal.NOT_FROZEN:
        return to_security("lifted")
    form.tell(refused)
    return _page(form, refused)


def _page(form: CodeForm | BackupCodeForm, refused: Refused | None) -> Response | BaseResponse:
    person = me().person if me_or_none() else waiting().person
    freeze = freezes.of(db(), person.id)
    if freeze is None:
        return to_security() if me_or_none() else redirect(url_for("login.code"), 303)
    return render_refused(
        "freeze/lift.html",
        STEP if me_or_none() else LOG_IN,
        refused,
        form=form,
        by_backup_code=isinstance(form, BackupCodeForm),
        employee_id=person.id,
        since=formats.full_time(freeze.since, person.time_zone),
        can_lift=proof.can_be_given(db(), person.id),
        addresses={"former": masked_email(freeze.former_email), "current": masked_email(person.email)}
        if freeze.former_email
        else {},
        kept=request.form.get("address", "former"),
    )

"""A repair pass of Support: the page for its two halves, after the password, and the first step of what it opens."""

from flask import Blueprint, Response, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.challenge import repair as halves
from webapp.core.enrolment import repair, setup
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.web.cookies import Stage
from webapp.web.forms import RepairForm
from webapp.web.guards import password_passed
from webapp.web.identity import me, visit, visitor, waiting
from webapp.web.page import LOG_IN, STEP, render, render_refused
from webapp.web.parts import db, keyring, now
from webapp.web.profile import to_security
from webapp.web.two_factor import to_scan, way_out

blueprint = Blueprint("repairs", __name__)


@blueprint.get("/login/repair", endpoint="enter")
@password_passed
def show_halves() -> Response:
    """The same page whether there is a pass or not: nobody who knows a password learns that from it."""
    return _page(RepairForm(formdata=None), halves.refusal(db(), waiting(), now=now(), visitor=visitor()))


@blueprint.post("/login/repair")
@password_passed
def send_halves() -> Response | BaseResponse:
    form, person = RepairForm(), waiting().person
    outcome = halves.enter(db(), keyring(), waiting(), form.halves(), now=now(), visitor=visitor())
    if isinstance(outcome, Accepted):
        visit().become(Stage.SIGNED_IN, outcome.value)
        return redirect(url_for("two_factor.replace", employee_id=person.id), 303)
    if outcome.reason is Refusal.CHALLENGE_OVER:
        return redirect(url_for("login.password"), 303)
    form.tell(outcome)
    return _page(form, outcome)


def show_begin() -> Response:
    """What “replace the app” shows to somebody with a pass: no code is asked for, and there is nowhere else to go."""
    has_expired = setup.has_expired(db(), me(), now=now())
    return render("two_factor/repair.html", STEP, until=me().repair_until, has_expired=has_expired)


def begin() -> Response | BaseResponse:
    outcome = repair.begin(db(), keyring(), me(), now=now(), visitor=visitor())
    if isinstance(outcome, Accepted):
        return to_scan()
    return way_out(outcome) or to_security()


def _page(form: RepairForm, refused: Refused | None) -> Response:
    return render_refused("login/repair.html", LOG_IN, refused, form=form, email=waiting().person.email)

"""Forgotten passwords: asking for a link by mail, and setting a new one with it. For anybody; nobody gets logged in."""

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.credentials import recovery
from webapp.core.links.flows import Link
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.web import wording
from webapp.web.forms import ForgottenPasswordForm, NewPasswordForm
from webapp.web.guards import public
from webapp.web.identity import visitor
from webapp.web.page import LOG_IN, render
from webapp.web.parts import db, keyring, now, parts, rounds

blueprint = Blueprint("recovery", __name__, url_prefix="/password")


@blueprint.get("/forgot", endpoint="forgot")
@public
def show_forgot() -> Response:
    return render("recovery/forgot.html", LOG_IN, form=ForgottenPasswordForm(formdata=None))


@blueprint.post("/forgot")
@public
def send_forgot() -> Response | BaseResponse:
    form = ForgottenPasswordForm()
    if not form.validate():
        return render("recovery/forgot.html", LOG_IN, status=422, form=form)
    recovery.ask(db(), keyring(), form.email.data, now=now(), visitor=visitor())
    return redirect(url_for("recovery.sent"), 303)


@blueprint.get("/forgot/sent", endpoint="sent")
@public
def show_sent() -> Response:
    """The same for everybody: whose address it was, and whether it is anybody's, is not known here."""
    return render("recovery/sent.html", LOG_IN)


@blueprint.get("/reset/<token>", endpoint="reset")
@public
def show_reset(token: str) -> Response:
    """The form of a link that acts; what was saved with one that has just acted; else why there is none."""
    link = recovery.find(db(), keyring(), token)
    if link is not None and link.was_just_used(now()):
        return render("recovery/saved.html", LOG_IN)
    if link is None or not link.is_live(now()):
        return _over(link)
    return _page(NewPasswordForm(formdata=None))


@blueprint.post("/reset/<token>")
@public
def send_reset(token: str) -> Response | BaseResponse:
    form = NewPasswordForm()
    link = recovery.find(db(), keyring(), token)
    if link is None or not link.is_live(now()):
        return _over(link)
    if not form.validate():
        return _page(form, status=422)
    outcome = recovery.save(
        db(),
        keyring(),
        token,
        form.new_password.data,
        brand=parts().settings.brand_name,
        rounds=rounds(),
        now=now(),
        visitor=visitor(),
    )
    if isinstance(outcome, Accepted):
        return redirect(request.path, 303)
    return _refused(form, token, outcome)


def _refused(form: NewPasswordForm, token: str, refused: Refused) -> Response:
    if refused.reason is Refusal.LINK_OVER:
        return _over(recovery.find(db(), keyring(), token))
    form.refuse(wording.sentence(refused), "new_password")
    return _page(form, status=422)


def _page(form: NewPasswordForm, *, status: int = 200) -> Response:
    # Neither name nor address: whoever finds the link learns nothing from it.
    return render("recovery/reset.html", LOG_IN, status=status, form=form, action=request.path)


def _over(link: Link | None) -> Response:
    """410 for every link that doesn't act, those that never were included."""
    return render("recovery/over.html", LOG_IN, status=410, was_used=link is not None and link.was_used)

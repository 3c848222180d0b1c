"""Inviting somebody: the administrator's form, and the page behind the mailed link, which sets the first password."""

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.company import invites
from webapp.core.links.flows import Link
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.web import htmx, wording
from webapp.web.colleagues import lost
from webapp.web.forms import InviteForm, NewPasswordForm
from webapp.web.guards import admin_page, public
from webapp.web.identity import me, visitor
from webapp.web.page import LOG_IN, STEP, render, render_refused
from webapp.web.parts import db, keyring, now, parts, rounds

blueprint = Blueprint("invites", __name__)


@blueprint.get("/settings/employees/invite", endpoint="invite")
@admin_page(is_recent=True)
def show_invite() -> Response:
    return _invite_page(InviteForm(formdata=None), None)


@blueprint.post("/settings/employees/invite")
@admin_page(is_recent=True)
def send_invite() -> Response | BaseResponse:
    form = InviteForm()
    if not form.validate():
        return _invite_page(form, Refused(Refusal.MALFORMED))
    name, role = form.name.data.strip(), form.chosen()
    outcome = invites.invite(db(), me(), form.email.data, name=name, role=role, now=now(), visitor=visitor())
    if isinstance(outcome, Accepted):
        return htmx.go(url_for("invites.sent"))
    leads_away = lost(outcome)
    if leads_away:
        return leads_away
    if not wording.is_pause(outcome):
        form.refuse(wording.sentence(outcome), "email")
    return _invite_page(form, outcome)


@blueprint.get("/settings/employees/invite/sent", endpoint="sent")
@admin_page()
def show_sent() -> Response:
    """The same for every address: whether somebody has it already is not known here."""
    return render("invites/sent.html", STEP)


@blueprint.get("/invite/<token>", endpoint="accept")
@public
def show_accept(token: str) -> Response:
    """The form of a link that acts; what was saved with one that has just acted; else why there is none."""
    link = invites.find(db(), keyring(), token)
    if link is not None and link.was_just_used(now()):
        return render("invites/accepted.html", LOG_IN)
    if link is None or not link.is_live(now()):
        return _over(link)
    return _accept_page(NewPasswordForm(formdata=None))


@blueprint.post("/invite/<token>")
@public
def send_accept(token: str) -> Response | BaseResponse:
    form = NewPasswordForm()
    link = invites.find(db(), keyring(), token)
    if link is None or not link.is_live(now()):
        return _over(link)
    if not form.validate():
        return _accept_page(form, status=422)
    outcome = invites.accept(
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
    if outcome.reason is Refusal.LINK_OVER:
        return _over(invites.find(db(), keyring(), token))
    form.refuse(wording.sentence(outcome), "new_password")
    return _accept_page(form, status=422)


def _invite_page(form: InviteForm, refused: Refused | None) -> Response:
    return render_refused("invites/invite.html", STEP, refused, form=form)


def _accept_page(form: NewPasswordForm, *, status: int = 200) -> Response:
    # Neither name nor address: whoever finds the link learns nothing from it.
    return render("invites/accept.html", LOG_IN, status=status, form=form, action=request.path)


def _over(link: Link | None) -> Response:
    """410 for every link that doesn't act, those that never were included."""
    return render("invites/over.html", LOG_IN, status=410, was_used=link is not None and link.was_used)

"""Replacing the app, a second one beside it, names, removal: the pages before a QR code and around it."""

from collections.abc import Sequence

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.database import AuthenticatorId
from webapp.core.enrolment import authenticators, changes, replace
from webapp.core.enrolment import state as enrolment
from webapp.core.factors.totp.flows import App
from webapp.core.outcomes import Accepted, Refused
from webapp.web import repairs, second_factor, wording
from webapp.web.forms import (
    AddByBackupCodeForm,
    AddByCodeForm,
    RenameForm,
    ReplaceByBackupCodeForm,
    ReplaceByCodeForm,
)
from webapp.web.guards import deny, recently_proved
from webapp.web.identity import me, visitor
from webapp.web.page import STEP, render_refused
from webapp.web.parts import db, keyring, now
from webapp.web.profile import to_security
from webapp.web.two_factor import blueprint as two_factor
from webapp.web.two_factor import to_scan, way_out

blueprint = Blueprint(
    "authenticators",
    __name__,
    url_prefix="/settings/employees/<id:employee_id>/security/two-factor/authenticators",
)


@two_factor.get("/replace", endpoint="replace")
@recently_proved(is_open_to_repairs=True)
def show_replace(employee_id: int) -> Response | BaseResponse:
    if me().repairs:
        return repairs.show_begin()
    return second_factor.show("two_factor/replace.html", _replace_form(_apps(), is_sent=False))


@two_factor.post("/replace")
@recently_proved(is_open_to_repairs=True)
def send_replace(employee_id: int) -> Response | BaseResponse:
    if me().repairs:
        return repairs.begin()
    apps = _apps()
    if not apps:
        return to_security("reset")
    form = _replace_form(apps, is_sent=True)
    is_whole, entry = form.validate(), second_factor.typed_entry(form)
    if not is_whole:
        return second_factor.code_page("two_factor/replace.html", form, second_factor.NOT_SENT)
    outcome = replace.begin(db(), keyring(), me(), form.chosen(), entry, now=now(), visitor=visitor())
    if isinstance(outcome, Accepted):
        return to_scan()
    return second_factor.refuse("two_factor/replace.html", form, outcome)


@blueprint.get("", endpoint="add")
@recently_proved()
def show_add(employee_id: int) -> Response | BaseResponse:
    form = second_factor.form_of(AddByCodeForm, AddByBackupCodeForm, is_sent=False)
    return second_factor.show("authenticators/add.html", form, too_many=_why_no_more())


@blueprint.post("")
@recently_proved()
def send_add(employee_id: int) -> Response | BaseResponse:
    form = second_factor.form_of(AddByCodeForm, AddByBackupCodeForm, is_sent=True)
    is_whole, entry = form.validate(), second_factor.typed_entry(form)
    if not is_whole:
        return second_factor.code_page("authenticators/add.html", form, second_factor.NOT_SENT, too_many=_why_no_more())
    outcome = authenticators.begin(db(), keyring(), me(), form.app_name(), entry, now=now(), visitor=visitor())
    if isinstance(outcome, Accepted):
        return to_scan()
    return second_factor.refuse("authenticators/add.html", form, outcome, too_many=_why_no_more())


@blueprint.get("/<id:authenticator_id>", endpoint="one")
@recently_proved()
def show_one(employee_id: int, authenticator_id: int) -> Response | BaseResponse:
    """The name to change; with ``do=remove`` the code to remove it for."""
    if not _apps():
        return to_security()
    app = _own(authenticator_id)
    if not _is_removal():
        return _rename_page(app, RenameForm(formdata=None, obj=app), None)
    form = second_factor.code_form(is_sent=False)
    return second_factor.show("authenticators/remove.html", form, app=app, only=_why_not_remove())


@blueprint.post("/<id:authenticator_id>")
@recently_proved()
def send_one(employee_id: int, authenticator_id: int) -> Response | BaseResponse:
    if not _apps():
        return to_security("reset")
    app = _own(authenticator_id)
    return _remove(app) if _is_removal() else _rename(app)


def _rename(app: App) -> Response | BaseResponse:
    form = RenameForm()
    if not form.validate():
        return _rename_page(app, form, second_factor.NOT_SENT)
    outcome = authenticators.rename(db(), me(), app.id, form.app_name(), now=now(), visitor=visitor())
    if isinstance(outcome, Accepted):
        return to_security("app_renamed")
    leads_away = way_out(outcome)
    if leads_away:
        return leads_away
    form.refuse(wording.sentence(outcome), "name")
    return _rename_page(app, form, outcome)


def _remove(app: App) -> Response | BaseResponse:
    form = second_factor.code_form(is_sent=True)
    entry = second_factor.typed_entry(form)
    outcome = authenticators.remove(db(), keyring(), me(), app.id, entry, now=now(), visitor=visitor())
    if isinstance(outcome, Accepted):
        return to_security("app_removed")
    return second_factor.refuse("authenticators/remove.html", form, outcome, app=app, only=_why_not_remove())


def _rename_page(app: App, form: RenameForm, refused: Refused | None) -> Response:
    return render_refused("authenticators/rename.html", STEP, refused, form=form, app=app, only=_why_not_remove())


def _replace_form(apps: Sequence[App], *, is_sent: bool) -> ReplaceByCodeForm | ReplaceByBackupCodeForm:
    form = second_factor.form_of(ReplaceByCodeForm, ReplaceByBackupCodeForm, is_sent=is_sent)
    form.offer(apps)
    return form


def _is_removal() -> bool:
    return request.args.get("do") == "remove"


def _apps() -> tuple[App, ...]:
    state = enrolment.state(db(), me().person.id)
    return state.apps if state else ()


def _own(authenticator_id: int) -> App:
    """One of one's own apps; 404 for everybody else's, and for one that is gone."""
    app = changes.app_of(db(), me(), AuthenticatorId(authenticator_id))
    return app if app is not None else deny(404)


def _why_no_more() -> str | None:
    refused = authenticators.refusal_to_add(db(), me())
    return wording.sentence(refused) if refused else None


def _why_not_remove() -> str | None:
    refused = authenticators.refusal_to_remove(db(), me())
    return wording.sentence(refused) if refused else None

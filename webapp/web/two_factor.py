"""Setting up an app, in three steps: to switch on, to replace one, or beside one. Each step is a page first.

With HTMX each is a pop-up. What begins the other two is in authenticators.py.
"""

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.accounts.rules import masked_email
from webapp.core.enrolment import activation, first_code, new_codes
from webapp.core.enrolment import setup as app_setup
from webapp.core.enrolment import state as enrolment
from webapp.core.factors.backup_codes.flows import Shown
from webapp.core.factors.totp.pending import Purpose
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.web import formats, htmx, qr, wording
from webapp.web.forms import CodeForm
from webapp.web.guards import own_page, recently_proved, to_log_in
from webapp.web.identity import me, visit, visitor
from webapp.web.page import STEP, codes_file_name, render, render_refused
from webapp.web.parts import db, keyring, now, parts, rounds
from webapp.web.profile import to_security

blueprint = Blueprint("two_factor", __name__, url_prefix="/settings/employees/<id:employee_id>/security/two-factor")


@blueprint.post("/activate")
@recently_proved(carries_post=True, form_page="profile.security", is_open_to_bound=True)
def begin(employee_id: int) -> Response | BaseResponse:
    outcome = activation.begin(db(), keyring(), me(), now=now(), visitor=visitor())
    if isinstance(outcome, Refused):
        return way_out(outcome) or to_security()
    return to_scan()


@blueprint.get("/activate", endpoint="activate")
@own_page(is_open_to_bound=True, is_open_to_repairs=True)
def activate(employee_id: int) -> Response | BaseResponse:
    """Step 1: the QR code of the pending key. Without one, the Security tab."""
    setup = _setup()
    if setup is None:
        return _nothing_to_scan()
    code = qr.draw(setup.uri)
    return render(
        "two_factor/scan.html",
        STEP,
        qr=code.uri,
        qr_size=code.size,
        key_groups=[setup.key[at : at + 4] for at in range(0, len(setup.key), 4)],
        otpauth_uri=setup.uri,
        expires_at=setup.expires_at,
        purpose=setup.purpose,
    )


@blueprint.get("/activate/code", endpoint="activate_code")
@own_page(is_open_to_bound=True, is_open_to_repairs=True)
def show_activation_code(employee_id: int) -> Response | BaseResponse:
    """Step 2: the first code from the app."""
    setup = _setup()
    if setup is None:
        return _nothing_to_scan()
    pause = app_setup.refusal(db(), me(), now=now(), visitor=visitor())
    form = CodeForm(formdata=None)
    return render_refused("two_factor/code.html", STEP, pause, form=form, purpose=setup.purpose)


@blueprint.post("/activate/code")
@recently_proved(is_open_to_bound=True, is_open_to_repairs=True)
def send_activation_code(employee_id: int) -> Response | BaseResponse:
    form = CodeForm()
    outcome = first_code.confirm(
        db(),
        keyring(),
        me(),
        form.authentication_code(),
        token=visit().token,
        rounds=rounds(),
        now=now(),
        visitor=visitor(),
    )
    if isinstance(outcome, Accepted):
        return to_security("app_added") if outcome.value is Purpose.ADD else to_new_codes()
    leads_away = way_out(outcome)
    if leads_away:
        return leads_away
    form.tell(outcome)
    setup = _setup()
    purpose = setup.purpose if setup else Purpose.ACTIVATE
    return render_refused("two_factor/code.html", STEP, outcome, form=form, purpose=purpose)


@blueprint.get("/activate/backup-codes", endpoint="new_codes")
@own_page(is_open_to_repairs=True)
def show_new_codes(employee_id: int) -> Response | BaseResponse:
    """Step 3: the eight codes, for the session that made them, until it closes them or ten minutes have passed."""
    shown = _shown()
    if shown is None:
        return to_security("codes_gone")
    return render(
        "two_factor/new_codes.html",
        STEP,
        codes=shown.codes,
        account=masked_email(me().person.email),
        made_at=shown.made_at,
        until=shown.until,
        came_with=_came_with(shown),
    )


@blueprint.post("/activate/backup-codes/download")
@own_page(form_page="two_factor.new_codes", is_open_to_repairs=True)
def download_codes(employee_id: int) -> Response | BaseResponse:
    """The codes as a file. A POST, so that no address, log or history leads to it."""
    shown = _shown()
    if shown is None:
        return to_security("codes_gone")
    new_codes.note_download(db(), me(), now=now(), visitor=visitor())
    body = render_template(
        "two_factor/backup-codes.txt",
        account=masked_email(me().person.email),
        made_at=formats.full_time(shown.made_at, me().person.time_zone),
        codes=shown.codes,
        path_words=wording.PATH_TO_SECURITY,
    )
    response = make_response(body)
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{codes_file_name()}"'
    return response


@blueprint.post("/activate/close")
@own_page(form_page="two_factor.new_codes", is_open_to_repairs=True)
def close_codes(employee_id: int) -> Response | BaseResponse:
    shown = _shown()
    if shown is None:  # closed in another tab, or after the ten minutes
        return to_security("activated")
    after = {Purpose.ACTIVATE: "activated", Purpose.REPLACE: "app_replaced"}.get(_came_with(shown), "new_codes")
    new_codes.close(db(), me(), now=now(), visitor=visitor())
    return to_security(after)


def to_scan() -> Response | BaseResponse:
    """On to the QR code of the key that has just been made."""
    if htmx.wants_fragment():
        return activate(me().person.id)
    return redirect(url_for("two_factor.activate", employee_id=me().person.id), 303)


def to_new_codes() -> Response | BaseResponse:
    """On to the eight codes that have just been made."""
    if htmx.wants_fragment():
        return show_new_codes(me().person.id)
    return redirect(url_for("two_factor.new_codes", employee_id=me().person.id), 303)


def way_out(refused: Refused) -> Response | BaseResponse | None:
    """Where a refusal leads that the form can't answer: to the log-in or the Security tab. None for all others."""
    if refused.reason is Refusal.SESSION_OVER:
        return to_log_in()
    if refused.reason is Refusal.FROZEN:
        return htmx.go(url_for("freeze.show", employee_id=me().person.id))
    if refused.reason not in _SAID_BY_THE_TAB:
        return None
    return to_security(_SAID_BY_THE_TAB[refused.reason])


def _setup() -> app_setup.Setup | None:
    return app_setup.find(db(), keyring(), me(), issuer=parts().settings.brand_name, now=now())


def _nothing_to_scan() -> Response | BaseResponse:
    """The Security tab has the button to begin again; it says so where a set-up of this session took too long."""
    return to_security("setup_expired" if app_setup.has_expired(db(), me(), now=now()) else None)


_SAID_BY_THE_TAB = {
    Refusal.ALREADY_ACTIVE: "activated",  # done in another tab: how it stands
    Refusal.NOT_ACTIVE: "reset",
    Refusal.SETUP_EXPIRED: "setup_expired",  # the tab has the button to begin again
    Refusal.SESSION_ENDED_BEFORE: "session_gone",  # the tab lists what there is
    Refusal.BACKUP_CODES_SHOWN: None,  # the tab's next thing to do is to put them away
}


def _shown() -> Shown | None:
    return new_codes.shown(db(), keyring(), me(), token=visit().token, now=now())


def _came_with(shown: Shown) -> Purpose | None:
    """Which third step these codes belong to; None where they were made later in place of others."""
    state = enrolment.state(db(), me().person.id)
    if state is None or all(app.added_at != shown.made_at for app in state.apps):
        return None
    return Purpose.ACTIVATE if state.activated_at == shown.made_at else Purpose.REPLACE

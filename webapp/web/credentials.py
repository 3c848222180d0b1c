"""Changing the password and the e-mail address on the Security tab, and confirming the new address from its mail.

The password page asks for no confirmation first, however old the log-in: the current password in its form is one. The
e-mail page does, for it has no password in it.
"""

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.attempts.rules import GuessKind
from webapp.core.credentials import changes, email, password
from webapp.core.links.flows import Link
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof import inside
from webapp.core.sessions import proving
from webapp.web import forms, htmx, second_factor, wording
from webapp.web.forms import Form, SecondFactorForm
from webapp.web.guards import deny, own_page, public, recently_proved, to_log_in
from webapp.web.identity import me, me_or_none, visit, visitor
from webapp.web.next_page import local_path
from webapp.web.page import LOG_IN, STEP, render
from webapp.web.parts import db, keyring, now, parts, rounds
from webapp.web.profile import security_url, to_security
from webapp.web.two_factor import way_out

blueprint = Blueprint("credentials", __name__, url_prefix="/settings/employees/<id:employee_id>/security")
confirmation = Blueprint("email", __name__, url_prefix="/email")

PASSWORD_FORMS = (forms.ChangePasswordForm, forms.ChangePasswordByCodeForm, forms.ChangePasswordByBackupCodeForm)
EMAIL_FORMS = (forms.ChangeEmailForm, forms.ChangeEmailByCodeForm, forms.ChangeEmailByBackupCodeForm)
"""Without a code, with one of the app, with a backup code."""


@blueprint.get("/password", endpoint="password")
@own_page()
def show_password(employee_id: int) -> Response | BaseResponse:
    pause = proving.refusal(db(), keyring(), me(), now=now(), visitor=visitor())
    return _show("credentials/password.html", _form(*PASSWORD_FORMS, is_sent=False), pause)


@blueprint.post("/password")
@own_page()
def send_password(employee_id: int) -> Response | BaseResponse:
    form = _form(*PASSWORD_FORMS, is_sent=True)
    is_whole = form.validate()
    entry = form.entry() if isinstance(form, SecondFactorForm) else None
    if not is_whole:
        return _page("credentials/password.html", form, second_factor.NOT_SENT)
    outcome = password.change(
        db(),
        keyring(),
        me(),
        form.current_password.data,
        form.new_password.data,
        entry,
        token=visit().token,
        brand=parts().settings.brand_name,
        rounds=rounds(),
        now=now(),
        visitor=visitor(),
    )
    if isinstance(outcome, Refused):
        return _refused("credentials/password.html", form, outcome)
    visit().renew(outcome.value)
    return to_security("password")


@blueprint.get("/email", endpoint="email")
@recently_proved()
def show_email(employee_id: int) -> Response | BaseResponse:
    return _show("credentials/email.html", _form(*EMAIL_FORMS, is_sent=False))


@blueprint.post("/email")
@recently_proved()
def send_email(employee_id: int) -> Response | BaseResponse:
    form = _form(*EMAIL_FORMS, is_sent=True)
    is_whole = form.validate()
    entry = form.entry() if isinstance(form, SecondFactorForm) else None
    if not is_whole:
        return _page("credentials/email.html", form, second_factor.NOT_SENT)
    outcome = email.ask(db(), keyring(), me(), form.new_email.data, entry, now=now(), visitor=visitor())
    if isinstance(outcome, Refused):
        return _refused("credentials/email.html", form, outcome)
    return to_security("email_asked")


@confirmation.get("/confirm/<token>", endpoint="confirm")
@public
def show_confirmation(token: str) -> Response:
    """What the link does, for whom it is; for anybody else how to get there, and nothing of the link."""
    mine, link = me_or_none(), email.find(db(), keyring(), token)
    if mine is None:
        return render("credentials/log_in_first.html", LOG_IN, next_path=local_path(request.path))
    if link is not None and link.employee_id != mine.person.id:
        return render("credentials/other_account.html", STEP)
    if link is None or not link.is_live(now()):
        return _over(link)
    return _confirmation_page(link.facts["new_email"])


@confirmation.post("/confirm/<token>")
@public
def send_confirmation(token: str) -> Response | BaseResponse:
    if me_or_none() is None:
        return to_log_in()
    link = email.find(db(), keyring(), token)
    outcome = email.confirm(db(), me(), link, now=now(), visitor=visitor()) if link else Refused(Refusal.LINK_OVER)
    if isinstance(outcome, Accepted):
        return htmx.go(security_url("email"))
    if outcome.reason is Refusal.NOT_YOURS:
        deny(403)
    if link is not None and outcome.reason is Refusal.EMAIL_TAKEN:
        return _confirmation_page(link.facts["new_email"], is_taken=True)
    return way_out(outcome) or _over(link)


def _form(plain: type[Form], by_code: type[Form], by_backup_code: type[Form], *, is_sent: bool) -> Form:
    if inside.needs_code(db(), me(), now=now()):
        return second_factor.form_of(by_code, by_backup_code, is_sent=is_sent)
    return plain() if is_sent else plain(formdata=None)


def _show(template: str, form: Form, pause: Refused | None = None) -> Response | BaseResponse:
    """The form, or where a refusal leads that no form can answer."""
    kind = form.kind if isinstance(form, SecondFactorForm) else GuessKind.TOTP
    refused = changes.refusal(db(), me(), kind, now=now(), visitor=visitor())
    leads_away = way_out(refused) if refused else None
    return leads_away or _page(template, form, pause or refused)


_FIELDS = {
    Refusal.WRONG_PASSWORD: "current_password",
    Refusal.PASSWORD_TOO_SHORT: "new_password",
    Refusal.PASSWORD_TOO_LONG: "new_password",
    Refusal.PASSWORD_TOO_EASY: "new_password",
    Refusal.PASSWORD_SAME: "new_password",
    Refusal.EMAIL_INVALID: "new_email",
    Refusal.EMAIL_SAME: "new_email",
}
"""Which field a refusal is told at; the code's for all others."""


def _refused(template: str, form: Form, refused: Refused) -> Response | BaseResponse:
    leads_away = way_out(refused)
    if leads_away:
        return leads_away
    if refused.reason in _FIELDS:
        form.refuse(wording.confirmation(refused), _FIELDS[refused.reason])
    elif isinstance(form, SecondFactorForm):
        form.tell(refused)
    elif refused.reason is Refusal.MALFORMED:  # two-factor authentication was switched on in another tab
        return to_security("activated")
    return _page(template, form, refused)


def _page(template: str, form: Form, refused: Refused | None) -> Response:
    return second_factor.code_page(template, form, refused, takes_code=isinstance(form, SecondFactorForm))


def _confirmation_page(new_email: str, *, is_taken: bool = False) -> Response:
    status = 422 if is_taken else 200
    context = {"new_email": new_email, "is_taken": is_taken, "action": request.path}
    return render("credentials/confirm_email.html", STEP, status=status, **context)


def _over(link: Link | None) -> Response:
    """410 for every link that doesn't act, those that never were included."""
    return render("credentials/email_over.html", STEP, status=410, was_used=link is not None and link.was_used)

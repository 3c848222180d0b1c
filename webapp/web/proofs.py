"""Pages that change a second factor and ask for a code first: reset, new backup codes."""

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.attempts.rules import GuessKind
from webapp.core.enrolment import changes, new_codes, reset
from webapp.core.outcomes import Accepted, Refused
from webapp.core.proof.rules import Entry
from webapp.web.forms import BackupCodeForm, CodeForm
from webapp.web.guards import recently_proved
from webapp.web.identity import me, visit, visitor
from webapp.web.page import STEP, render_refused
from webapp.web.parts import db, keyring, now, rounds
from webapp.web.profile import to_security
from webapp.web.two_factor import blueprint as two_factor
from webapp.web.two_factor import to_new_codes, way_out

backup_codes = Blueprint("backup_codes", __name__, url_prefix="/settings/employees/<id:employee_id>/security")


@two_factor.get("/reset", endpoint="reset")
@recently_proved()
def show_reset(employee_id: int) -> Response | BaseResponse:
    return _show("two_factor/reset.html")


@two_factor.post("/reset")
@recently_proved()
def send_reset(employee_id: int) -> Response | BaseResponse:
    form = code_form(is_sent=True)
    outcome = reset.reset(db(), keyring(), me(), typed_entry(form), now=now(), visitor=visitor())
    if isinstance(outcome, Accepted):
        return to_security("reset")
    return _refused("two_factor/reset.html", form, outcome)


@backup_codes.get("/backup-codes", endpoint="create")
@recently_proved()
def show_create(employee_id: int) -> Response | BaseResponse:
    return _show("backup_codes/create.html")


@backup_codes.post("/backup-codes")
@recently_proved()
def send_create(employee_id: int) -> Response | BaseResponse:
    form = code_form(is_sent=True)
    outcome = new_codes.create(
        db(), keyring(), me(), typed_entry(form), token=visit().token, rounds=rounds(), now=now(), visitor=visitor()
    )
    if isinstance(outcome, Accepted):
        return to_new_codes()
    return _refused("backup_codes/create.html", form, outcome)


def by_backup_code() -> bool:
    """Whether a backup code was sent or is asked for, in place of an authentication code."""
    return "backup_code" in request.form or request.args.get("by") == "backup_code"


def _show(template: str) -> Response | BaseResponse:
    """The form, or the Security tab where there is nothing to change."""
    form = code_form(is_sent=False)
    kind = GuessKind.BACKUP_CODE if isinstance(form, BackupCodeForm) else GuessKind.TOTP
    refused = changes.refusal(db(), me(), kind, now=now(), visitor=visitor())
    leads_away = way_out(refused) if refused else None
    if leads_away:
        return leads_away
    return code_page(template, form, refused)


def code_form(*, is_sent: bool) -> CodeForm | BackupCodeForm:
    """The form for the kind of code that was asked for or sent."""
    kind = BackupCodeForm if by_backup_code() else CodeForm
    return kind() if is_sent else kind(formdata=None)


def typed_entry(form: CodeForm | BackupCodeForm) -> Entry | None:
    """What was typed. Where the log-in by the last backup code counts, no field is shown and nothing is missed."""
    counts = changes.last_code_counts(db(), me(), now=now())
    is_empty = not any(request.form.getlist("code") + request.form.getlist("backup_code"))
    return None if counts and is_empty else form.entry()


def _refused(template: str, form: CodeForm | BackupCodeForm, refused: Refused) -> Response | BaseResponse:
    leads_away = way_out(refused)
    if leads_away:
        return leads_away
    form.tell(refused)
    return code_page(template, form, refused)


def code_page(template: str, form: CodeForm | BackupCodeForm, refused: Refused | None, **context: object) -> Response:
    """The form with its field for a code, or without one while the log-in by the last backup code counts."""
    counts = changes.last_code_counts(db(), me(), now=now())
    return render_refused(
        template,
        STEP,
        refused,
        form=form,
        by_backup_code=isinstance(form, BackupCodeForm),
        counts_until=me().last_code_counts_until if counts else None,
        **context,
    )

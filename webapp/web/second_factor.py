"""What the pages that ask for a code before a change have in common: which form, what was typed, the page again."""

from typing import Any, TypeVar

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.enrolment import changes
from webapp.core.outcomes import Refusal, Refused
from webapp.core.proof import inside
from webapp.core.proof.rules import Entry
from webapp.web.forms import BackupCodeForm, CodeForm, Form
from webapp.web.identity import me, visitor
from webapp.web.page import STEP, render_refused
from webapp.web.parts import db, now
from webapp.web.two_factor import way_out

NOT_SENT = Refused(Refusal.MALFORMED)
"""For a form that is shown again before core was asked."""

ByCode = TypeVar("ByCode", bound=CodeForm)
ByBackupCode = TypeVar("ByBackupCode", bound=BackupCodeForm)


def form_of(code: type[ByCode], backup_code: type[ByBackupCode], *, is_sent: bool) -> ByCode | ByBackupCode:
    """The form for the kind of code that was asked for or sent."""
    kind = backup_code if by_backup_code() else code
    return kind() if is_sent else kind(formdata=None)


def code_form(*, is_sent: bool) -> CodeForm | BackupCodeForm:
    """The form that asks for nothing but a code."""
    return form_of(CodeForm, BackupCodeForm, is_sent=is_sent)


def by_backup_code() -> bool:
    """Whether a backup code was sent or is asked for, in place of an authentication code."""
    return "backup_code" in request.form or request.args.get("by") == "backup_code"


def typed_entry(form: CodeForm | BackupCodeForm) -> Entry | None:
    """What was typed. Where the log-in by the last backup code counts, no field is shown and nothing is missed."""
    counts = inside.last_code_counts(db(), me(), now=now())
    is_empty = not any(request.form.getlist("code") + request.form.getlist("backup_code"))
    return None if counts and is_empty else form.entry()


def show(template: str, form: CodeForm | BackupCodeForm, **context: Any) -> Response | BaseResponse:
    """The form, or the Security tab where there is nothing to change."""
    refused = changes.refusal(db(), me(), form.kind, now=now(), visitor=visitor())
    leads_away = way_out(refused) if refused else None
    return leads_away or code_page(template, form, refused, **context)


def refuse(template: str, form: CodeForm | BackupCodeForm, refused: Refused, **context: Any) -> Response | BaseResponse:
    """The form again with the reason, or where the refusal leads."""
    leads_away = way_out(refused)
    if leads_away:
        return leads_away
    form.tell(refused)
    return code_page(template, form, refused, **context)


def code_page(template: str, form: Form, refused: Refused | None, **context: Any) -> Response:
    """The form with its field for a code, or without one while the log-in by the last backup code counts."""
    counts = inside.last_code_counts(db(), me(), now=now())
    return render_refused(
        template,
        STEP,
        refused,
        form=form,
        by_backup_code=isinstance(form, BackupCodeForm),
        counts_until=me().last_code_counts_until if counts else None,
        **context,
    )

"""The password once more, at the address that asked for it, before something that needs a recent log-in."""

from flask import Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.sessions import proving
from webapp.web import wording
from webapp.web.carrying import carried, carries_post
from webapp.web.forms import ConfirmPasswordForm
from webapp.web.guards import Guard, to_log_in
from webapp.web.identity import me, visit, visitor
from webapp.web.page import STEP, render_refused
from webapp.web.parts import db, keyring, now, rounds


def confirm_password(guard: Guard) -> Response | BaseResponse | None:
    """Show the confirmation, or judge it; None where the request may go on.

    It goes on as a GET, or as the POST it interrupted where that holds no password and no code.
    """
    if "carry_on" not in request.form:
        pause = proving.refusal(db(), keyring(), me(), now=now(), visitor=visitor())
        return _page(ConfirmPasswordForm(formdata=None), guard, pause)
    # Sent twice, the second one finds the log-in recent and just goes on.
    if not me().is_recently_proved(now()):
        form = ConfirmPasswordForm()
        refused = _refusal(form)
        if refused and refused.reason is Refusal.SESSION_OVER:
            return to_log_in(guard)
        if refused:
            return _page(form, guard, refused)
    return None if carries_post(guard) else redirect(request.full_path.rstrip("?"), 303)


def _refusal(form: ConfirmPasswordForm) -> Refused | None:
    """None where the password is right; then the session has a new token."""
    if not form.validate():
        return Refused(Refusal.MALFORMED)
    outcome = proving.confirm_password(
        db(),
        keyring(),
        me(),
        form.password.data,
        token=visit().token,
        rounds=rounds(),
        now=now(),
        visitor=visitor(),
    )
    if isinstance(outcome, Accepted):
        visit().renew(outcome.value)
        return None
    if not wording.is_pause(outcome):
        form.refuse(wording.confirmation(outcome), "password")
    return outcome


def _page(form: ConfirmPasswordForm, guard: Guard, refused: Refused | None) -> Response:
    return render_refused("password/confirm.html", STEP, refused, form=form, **carried(guard))

"""A code once more, at the address that asked for it, before the pages of Support."""

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof import confirming
from webapp.web import htmx
from webapp.web.carrying import carried, carries_post
from webapp.web.forms import CodeForm
from webapp.web.guards import Guard, to_log_in
from webapp.web.identity import me, visit, visitor
from webapp.web.page import PAGE, render_refused
from webapp.web.parts import db, keyring, now
from webapp.web.profile import security_url


def confirm_code(guard: Guard) -> Response | BaseResponse | None:
    """Show the confirmation, or judge it; None where the request may go on.

    It goes on as a GET, or as the POST it interrupted, with what was typed there. Whoever has two-factor authentication
    off is led to where it is switched on.
    """
    if "carry_on" not in request.form:
        refused = confirming.refusal(db(), me(), now=now(), visitor=visitor())
        return _leads_away(refused, guard) or _page(CodeForm(formdata=None), guard, refused)
    # Sent twice, the second one finds the code recent and just goes on.
    if not me().is_recently_proved_by_code(now()):
        form = CodeForm()
        refused = _refusal(form)
        if refused:
            return _leads_away(refused, guard) or _page(form, guard, refused)
    return None if carries_post(guard) else htmx.go(request.full_path.rstrip("?"))


def _refusal(form: CodeForm) -> Refused | None:
    """None where the code is right; then the session has a new token."""
    entry, token = form.entry(), visit().token
    outcome = confirming.confirm_code(db(), keyring(), me(), entry, token=token, now=now(), visitor=visitor())
    if isinstance(outcome, Accepted):
        visit().renew(outcome.value)
        return None
    form.tell(outcome)
    return outcome


def _leads_away(refused: Refused | None, guard: Guard) -> BaseResponse | None:
    if refused is not None and refused.reason is Refusal.NOT_ACTIVE:
        return htmx.go(security_url())
    return to_log_in(guard) if refused is not None and refused.reason is Refusal.SESSION_OVER else None


def _page(form: CodeForm, guard: Guard, refused: Refused | None) -> Response:
    return render_refused("support/confirm.html", PAGE, refused, form=form, **carried(guard))

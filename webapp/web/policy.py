"""Settings → Security policy, for administrators: what is required of whom, whom that would lock out, who is exempt."""

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.audit.rules import EventKind
from webapp.core.company import policy
from webapp.core.company.policy import Exempted, LockedOut
from webapp.core.database import EmployeeId
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.web import formats, wording
from webapp.web.guards import MAX_ID, admin_page, deny, to_log_in
from webapp.web.identity import me, visitor
from webapp.web.page import PAGE, render
from webapp.web.parts import db, now
from webapp.web.policy_forms import ExemptionForm, PolicyForm

blueprint = Blueprint("policy", __name__, url_prefix="/settings/security")

MOST_NAMED = 100
"""Of whoever would be locked out; the rest is a number."""

_TELLING = {
    "saved": (EventKind.POLICY_CHANGED, "The policy is saved. It holds from now on."),
    "exempted": (EventKind.EXEMPTED, "The exemption holds from now on."),
    "ended": (EventKind.EXEMPTION_ENDED, "The exemption is over."),
}
"""What an event tells to have been done, and its words. An address can claim anything: only what is so is said."""


@blueprint.get("", endpoint="show")
@admin_page()
def show() -> Response:
    happened, words = _TELLING.get(request.args.get("after", ""), (None, None))
    is_so = happened is not None and policy.was_just_decided(db(), me().person, happened, now=now())
    return _page(after=words if is_so else None)


@blueprint.post("/preview")
@admin_page(form_page="policy.show")
def preview() -> Response:
    """Who would be locked out today; nothing is changed. A POST all the same: no address then holds a choice."""
    form = PolicyForm()
    if not form.validate():
        return _page(form, status=422)
    return _page(form, locked_out=policy.dry_run(db(), me().person.company_id, form.choice, now=now()))


@blueprint.post("")
@admin_page(is_recent=True, carries_post=True)
def save() -> Response | BaseResponse:
    form = PolicyForm()
    if not form.validate():
        return _page(form, status=422)
    outcome = policy.change(db(), me(), form.choice, now=now(), visitor=visitor())
    if isinstance(outcome, Refused):
        return _leads_away(outcome) or _refused(form, outcome, "grace_days")
    return redirect(url_for("policy.show", after="saved"), 303)


@blueprint.post("/exemptions")
@admin_page(is_recent=True, carries_post=True, form_page="policy.show")
def exempt() -> Response | BaseResponse:
    form = ExemptionForm()
    if not form.validate() or form.day is None:
        return _page(exemption=form, status=422)
    email, reason = form.employee.data, form.reason.data.strip()
    outcome = policy.exempt(db(), me(), email, day=form.day, reason=reason, now=now(), visitor=visitor())
    if isinstance(outcome, Accepted):
        return redirect(url_for("policy.show", after="exempted"), 303)
    field = "last_day" if outcome.reason is Refusal.DAY_OUT_OF_RANGE else "employee"
    return _leads_away(outcome) or _refused(form, outcome, field)


@blueprint.post("/exemptions/end")
@admin_page(is_recent=True, carries_post=True, form_page="policy.show")
def end_exemption() -> Response | BaseResponse:
    text = request.form.get("employee_id", "")
    is_id = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID)) and int(text) <= MAX_ID
    outcome = policy.end_exemption(db(), me(), EmployeeId(int(text) if is_id else 0), now=now(), visitor=visitor())
    if isinstance(outcome, Refused):
        # Over already, or nobody's: the page shows which there are.
        return _leads_away(outcome) or redirect(url_for("policy.show"), 303)
    return redirect(url_for("policy.show", after="ended"), 303)


def _leads_away(refused: Refused) -> BaseResponse | None:
    """For somebody who is no administrator any more, or logged out, since the guard asked."""
    if refused.reason is Refusal.NOT_YOURS:
        deny(403)
    return to_log_in() if refused.reason is Refusal.SESSION_OVER else None


def _refused(form: PolicyForm | ExemptionForm, refused: Refused, field: str) -> Response:
    form.refuse(wording.sentence(refused), field)
    if isinstance(form, PolicyForm):
        return _page(form, status=422)
    return _page(exemption=form, status=422)


def _page(
    form: PolicyForm | None = None,
    *,
    exemption: ExemptionForm | None = None,
    locked_out: list[LockedOut] | None = None,
    status: int = 200,
    after: str | None = None,
) -> Response:
    company_id = me().person.company_id
    return render(
        "policy/show.html",
        PAGE,
        status=status,
        form=form or PolicyForm.of(policy.choice_of(db(), company_id)),
        exemption=exemption or ExemptionForm(formdata=None),
        exempted=[_exempted_row(one) for one in policy.exempted(db(), company_id, now=now())],
        preview=_preview(locked_out) if locked_out is not None else None,
        after=after,
        is_on=me().is_on,
    )


def _preview(locked_out: list[LockedOut]) -> dict[str, Any]:
    return {
        "total": len(locked_out),
        "rows": [
            {"name": one.person.name, "email": one.person.email, "is_already": one.is_already}
            for one in locked_out[:MOST_NAMED]
        ],
        "with_me": any(one.person.id == me().person.id for one in locked_out),
    }


def _exempted_row(one: Exempted) -> dict[str, Any]:
    return {
        "id": one.person.id,
        "name": one.person.name,
        "email": one.person.email,
        "last_day": formats.day_before(one.until),
        "reason": one.reason,
    }

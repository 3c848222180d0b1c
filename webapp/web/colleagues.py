"""A colleague's profile, for administrators: what can be read there, and what can be done about the account."""

from typing import Any

from flask import Blueprint, Response, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.audit.rules import EventKind
from webapp.core.company import deactivation, invites, roles
from webapp.core.database import EmployeeId
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.web import htmx, wording
from webapp.web.activity import has_just
from webapp.web.forms import Form, RoleForm
from webapp.web.guards import admin_page, deny, to_log_in
from webapp.web.identity import me, visitor
from webapp.web.page import PAGE, STEP, person_words, render_refused
from webapp.web.parts import db, now

_TELLING = {
    "deactivated": EventKind.EMPLOYEE_DEACTIVATED,
    "reactivated": EventKind.EMPLOYEE_REACTIVATED,
    "role": EventKind.ROLE_CHANGED,
    "invited_again": EventKind.EMPLOYEE_INVITED,
}
"""What an event tells to have been done. An address can claim anything: only what is so is said."""

blueprint = Blueprint("colleagues", __name__, url_prefix="/settings/employees/<id:employee_id>")


def profile_page(person: Person, *, refused: Refused | None = None, after: str | None = None) -> Response:
    """What an administrator sees of *person*, with what they may do; *after* what was just done, where that is so."""
    is_waiting = invites.is_waiting(db(), person)
    form = Form(formdata=None)
    if refused and not wording.is_pause(refused):
        form.refuse(wording.sentence(refused))
    return render_refused(
        "profile/colleague.html",
        PAGE,
        refused,
        person={**person_words(person, is_me=False), "is_active": person.is_active, "is_waiting": is_waiting},
        form=form,
        may_change=person.role is not Role.SUPPORT and person.id != me().person.id,
        after=after if after in _TELLING and has_just(person.id, _TELLING[after]) else None,
    )


@blueprint.get("/role", endpoint="role")
@admin_page(is_recent=True)
def show_role(employee_id: int) -> Response | BaseResponse:
    person = _colleague(employee_id)
    return _step("colleagues/role.html", person, form=RoleForm(formdata=None, role=person.role.value))


@blueprint.post("/role")
@admin_page(is_recent=True)
def send_role(employee_id: int) -> Response | BaseResponse:
    form = RoleForm()
    if not form.validate():
        return _step("colleagues/role.html", _colleague(employee_id), Refused(Refusal.MALFORMED), form=form)
    outcome = roles.change(db(), me(), EmployeeId(employee_id), form.chosen(), now=now(), visitor=visitor())
    return _done(employee_id, outcome, "role")


@blueprint.get("/deactivate", endpoint="deactivate")
@admin_page(is_recent=True)
def show_deactivate(employee_id: int) -> Response | BaseResponse:
    """The page between: what it does, before it does it."""
    return _step("colleagues/deactivate.html", _colleague(employee_id))


@blueprint.post("/deactivate")
@admin_page(is_recent=True)
def send_deactivate(employee_id: int) -> Response | BaseResponse:
    outcome = deactivation.deactivate(db(), me(), EmployeeId(employee_id), now=now(), visitor=visitor())
    return _done(employee_id, outcome, "deactivated")


@blueprint.post("/reactivate", endpoint="reactivate")
@admin_page(is_recent=True, carries_post=True, form_page="profile.show")
def send_reactivate(employee_id: int) -> Response | BaseResponse:
    outcome = deactivation.reactivate(db(), me(), EmployeeId(employee_id), now=now(), visitor=visitor())
    return _done(employee_id, outcome, "reactivated")


@blueprint.post("/invite", endpoint="invite_again")
@admin_page(is_recent=True, carries_post=True, form_page="profile.show")
def send_invite_again(employee_id: int) -> Response | BaseResponse:
    outcome = invites.invite_again(db(), me(), EmployeeId(employee_id), now=now(), visitor=visitor())
    return _done(employee_id, outcome, "invited_again")


def lost(refused: Refused) -> BaseResponse | None:
    """Where somebody is led who is logged in, or an administrator, no more; None for any other refusal."""
    if refused.reason is Refusal.SESSION_OVER:
        return to_log_in()
    if refused.reason is Refusal.NOT_YOURS:
        return htmx.go(url_for("employees.list_"))
    return None


def _done(employee_id: int, outcome: Accepted[None] | Refused, after: str) -> Response | BaseResponse:
    """The colleague's profile again: by its address, or in place of the page behind a pop-up."""
    if isinstance(outcome, Refused):
        return lost(outcome) or _in_place(profile_page(_colleague(employee_id), refused=outcome))
    if htmx.wants_fragment():
        return htmx.into_main(profile_page(_colleague(employee_id), after=after))
    return htmx.go(url_for("profile.show", employee_id=employee_id, after=after))


def _in_place(page: Response) -> Response:
    return htmx.into_main(page) if htmx.wants_fragment() else page


def _step(template: str, person: Person, refused: Refused | None = None, **context: Any) -> Response | BaseResponse:
    """A step about *person*; their profile, or one's own, where there is nothing to do here."""
    if person.id == me().person.id or person.role is Role.SUPPORT:
        return htmx.go(url_for("profile.show", employee_id=person.id))
    return render_refused(template, STEP, refused, person=person_words(person, is_me=False), **context)


def _colleague(employee_id: int) -> Person:
    """The guard has seen that they are of the company; nobody is ever deleted."""
    person = accounts.by_id(db(), EmployeeId(employee_id))
    if person is None:
        deny(404)
    return person

"""Pages that change a second factor and ask for a code first: reset, new backup codes."""

from flask import Blueprint, Response
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.enrolment import new_codes, reset
from webapp.core.outcomes import Accepted
from webapp.core.policy import flows as policy
from webapp.web import second_factor
from webapp.web.guards import recently_proved
from webapp.web.identity import me, visit, visitor
from webapp.web.parts import db, keyring, now, rounds
from webapp.web.profile import to_security
from webapp.web.two_factor import blueprint as two_factor
from webapp.web.two_factor import to_new_codes

backup_codes = Blueprint("backup_codes", __name__, url_prefix="/settings/employees/<id:employee_id>/security")


@two_factor.get("/reset", endpoint="reset")
@recently_proved()
def show_reset(employee_id: int) -> Response | BaseResponse:
    form = second_factor.code_form(is_sent=False)
    return second_factor.show("two_factor/reset.html", form, is_required=_is_required())


@two_factor.post("/reset")
@recently_proved()
def send_reset(employee_id: int) -> Response | BaseResponse:
    form = second_factor.code_form(is_sent=True)
    outcome = reset.reset(db(), keyring(), me(), second_factor.typed_entry(form), now=now(), visitor=visitor())
    if isinstance(outcome, Accepted):
        return to_security("reset")
    return second_factor.refuse("two_factor/reset.html", form, outcome, is_required=_is_required())


def _is_required() -> bool:
    """Whether nothing but activating anew would be open after the reset."""
    return policy.after_reset(db(), me().person, now=now()).must_activate


@backup_codes.get("/backup-codes", endpoint="create")
@recently_proved()
def show_create(employee_id: int) -> Response | BaseResponse:
    return second_factor.show("backup_codes/create.html", second_factor.code_form(is_sent=False))


@backup_codes.post("/backup-codes")
@recently_proved()
def send_create(employee_id: int) -> Response | BaseResponse:
    form = second_factor.code_form(is_sent=True)
    outcome = new_codes.create(
        db(),
        keyring(),
        me(),
        second_factor.typed_entry(form),
        token=visit().token,
        rounds=rounds(),
        now=now(),
        visitor=visitor(),
    )
    if isinstance(outcome, Accepted):
        return to_new_codes()
    return second_factor.refuse("backup_codes/create.html", form, outcome)

"""A person's pages under Settings: the profile, and the Security tab of one's own."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.audit.rules import EventKind
from webapp.core.credentials import email, password
from webapp.core.database import EmployeeId
from webapp.core.enrolment import setup
from webapp.core.enrolment.ways_back import WaysBack, ways_back
from webapp.core.factors.totp.rules import FIRST_NAME
from webapp.web import colleagues, formats, htmx
from webapp.web.activity import has_just, recent_activity
from webapp.web.forms import ProfileForm
from webapp.web.guards import deny, own_page, signed_in
from webapp.web.identity import me, me_or_none, visit, visitor
from webapp.web.obligations import my_obligation
from webapp.web.open_sessions import list_sessions
from webapp.web.page import PAGE, person_words, render
from webapp.web.parts import db, keyring, now, parts

blueprint = Blueprint("profile", __name__)

SESSIONS_LENGTH = 5


@blueprint.get("/settings/employees/<id:employee_id>", endpoint="show")
@signed_in
def show(employee_id: int) -> Response:
    """One's own profile to change; a colleague's to read, for administrators."""
    if employee_id != me().person.id:
        return colleagues.profile_page(_colleague(employee_id), after=request.args.get("after"))
    return _own_profile_page(ProfileForm(formdata=None, obj=me().person))


@blueprint.post("/settings/employees/<id:employee_id>")
@own_page()
def save(employee_id: int) -> Response | BaseResponse:
    form = ProfileForm()
    if not form.validate():
        return _own_profile_page(form, status=422)
    accounts.change_profile(
        db(),
        EmployeeId(employee_id),
        name=form.name.data.strip(),
        phone=(form.phone.data or "").strip(),
        language=form.language.data,
        now=now(),
        visitor=visitor(),
    )
    return htmx.go(url_for("profile.show", employee_id=employee_id, after="saved"))


@blueprint.get("/settings/employees/<id:employee_id>/security", endpoint="security")
@own_page(is_open_to_bound=True)
def security(employee_id: int) -> Response:
    return render("profile/security.html", PAGE, **_security_context(request.args.get("after")))


def to_security(after: str | None = None) -> Response | BaseResponse:
    """To one's own Security tab: 303, or its fragment in place of the page behind a pop-up.

    While only the app may be replaced, to where that begins.
    """
    if me().repairs:
        return htmx.go(url_for("two_factor.replace", employee_id=me().person.id))
    if htmx.wants_fragment():
        return htmx.into_main(render("profile/security.html", PAGE, **_security_context(after)))
    return htmx.go(security_url(after))


def security_url(after: str | None = None, *, employee_id: int | None = None) -> str:
    """*employee_id* where the log-in has only just been completed, and ``me()`` is nobody yet."""
    return url_for("profile.security", employee_id=employee_id or me().person.id, after=after)


def show_again() -> Response | None:
    """The profile form again, filled in as it was sent, after a POST whose token was not this session's.

    None where it is not theirs: half-way, at somebody else's address, before two-factor authentication is on, or while
    only the app may be replaced. The token is judged before any of these.
    """
    signed_in_now = me_or_none()
    if signed_in_now is None or (request.view_args or {}).get("employee_id") != signed_in_now.person.id:
        return None
    if my_obligation().must_activate or signed_in_now.repairs:
        return None
    form = ProfileForm()
    form.refuse("This page was open in another tab or for too long. Look at your entries and save them once more.")
    return _own_profile_page(form, status=400)


def _colleague(employee_id: int) -> Person:
    """Somebody of one's own company, for administrators; 403 for other colleagues, 404 for everybody else."""
    other, mine = accounts.by_id(db(), EmployeeId(employee_id)), me().person
    if other is None or other.company_id != mine.company_id:
        deny(404)
    if mine.role is not Role.ADMIN:
        deny(403)
    return other


def _own_profile_page(form: ProfileForm, *, status: int = 200) -> Response:
    return render(
        "profile/profile.html",
        PAGE,
        status=status,
        person=person_words(me().person, is_me=True),
        form=form,
        after="saved" if request.args.get("after") == "saved" and status == 200 else None,
    )


def _security_context(after: str | None) -> dict[str, Any]:
    """What the tab's cards show, from the top down; hardly any to somebody who must activate first."""
    ways = ways_back(db(), keyring(), me(), token=visit().token, now=now())
    duty = my_obligation(is_on=ways.two_factor is not None)
    sessions = None if duty.must_activate else list_sessions(most=SESSIONS_LENGTH)
    head = {
        "person": person_words(me().person, is_me=True),
        "after": after if after is not None and _is_so(after, ways, sessions.total if sessions else 0) else None,
        "duty": duty,
        "days_left": duty.days_left(now()),
        "two_factor": ways.two_factor,
        "ways": ways,
    }
    if duty.must_activate:
        return head
    return {
        **head,
        "names_apps": ways.two_factor is not None and [app.name for app in ways.two_factor.apps] != [FIRST_NAME],
        "session_life": formats.duration(parts().settings.session_lifetime_hours),
        "open_sessions": sessions,
        "activity": recent_activity(),
        "password_changed_at": password.changed_at(db(), me()),
        "email_waiting": email.waiting_at(db(), me(), now=now()),
    }


_TELLING = {
    "app_replaced": EventKind.APP_REPLACED,
    "app_added": EventKind.AUTHENTICATOR_ADDED,
    "app_renamed": EventKind.AUTHENTICATOR_RENAMED,
    "app_removed": EventKind.AUTHENTICATOR_REMOVED,
    "session_ended": EventKind.OTHER_SESSIONS_ENDED,
    "password": EventKind.PASSWORD_CHANGED,
    "email": EventKind.EMAIL_CHANGED,
    "case_stopped": EventKind.CASE_STOPPED,
}
"""What an event tells to have been done."""


def _is_so(after: str, ways: WaysBack, sessions: int) -> bool:
    """Whether *after* may be said to have been done. An address can claim anything: only what is so is said."""
    if after in _TELLING:
        return has_just(me().person.id, _TELLING[after])
    is_on = ways.two_factor is not None
    claims: dict[str, Callable[[], bool]] = {
        "activated": lambda: is_on,
        "new_codes": lambda: is_on,
        "checked": lambda: ways.two_factor is not None and ways.two_factor.codes_checked_at is not None,
        "reset": lambda: not is_on,
        "lifted": lambda: ways.frozen_since is None,
        "codes_gone": lambda: is_on and ways.codes_until is None,
        "setup_expired": lambda: setup.has_expired(db(), me(), now=now()),
        "email_asked": lambda: email.waiting_at(db(), me(), now=now()) is not None,
        "others_ended": lambda: sessions == 1,
        "session_gone": lambda: True,  # points to the list, and claims nothing
    }
    return after in claims and claims[after]()

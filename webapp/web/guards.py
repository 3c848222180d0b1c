"""Who may use a route, said by a decorator on its view and judged in one place before any view runs.

Order: a forged request first where a session is live, then the guard, then whose page it is and the role, then whether
the log-in, or the code, is recent enough. A view without a guard does not start the application.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NoReturn, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, request, url_for
from flask.globals import request_ctx
from flask_wtf.csrf import validate_csrf
from werkzeug.exceptions import BadRequest
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response as BaseResponse
from wtforms.validators import ValidationError

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.about import record
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.audit.rules import EventKind
from webapp.core.challenge import flows as challenge
from webapp.core.database import EmployeeId, writing
from webapp.core.outcomes import Refusal
from webapp.core.sessions import flows as sessions
from webapp.web import htmx
from webapp.web.cookies import Stage
from webapp.web.identity import me, me_or_none, visit, visitor, waiting, waiting_or_none
from webapp.web.next_page import local_path
from webapp.web.obligations import my_obligation
from webapp.web.parts import db, now, parts

log = logging.getLogger(__name__)

View = TypeVar("View", bound=Callable[..., Any])
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_ID = 2**31 - 1
"""The largest id that a database can be asked for."""


class Needs(Enum):
    """What must have been shown before the view runs."""

    NOTHING = "public"
    ANY_LOG_IN = "half-way or signed in"
    PASSWORD = "password passed"
    LIFT = "signed in, or half-way to a frozen account"
    SIGN_IN = "signed in"


@dataclass(frozen=True, slots=True)
class Guard:
    """*is_own*: the employee in the address must be oneself. *carries_post*: a confirmation may go on with the POST it
    interrupted. *needs_token*: a POST must come from a page of ours. *ends_idle*: what a password
    could still resume is over with it. *form_page*: endpoint of the page that holds this POST's form, where it is
    another one; "" where log-in must lead to none. *role*: what a person must be. *is_of_company*: the employee in the
    address must be of one's own company. *needs_code*: a code must have been shown within the hour.
    *is_open_to_bound*: also to somebody who must first switch two-factor authentication on. *is_open_to_repairs*: also
    to a session that replaces the app by a pass, and is no log-in yet."""

    needs: Needs
    role: Role | None = None
    is_own: bool = False
    is_of_company: bool = False
    is_recent: bool = False
    needs_code: bool = False
    carries_post: bool = False
    needs_token: bool = True
    ends_idle: bool = False
    form_page: str | None = None
    is_open_to_bound: bool = False
    is_open_to_repairs: bool = False


Confirmation = Callable[[Guard], Response | BaseResponse | None]
"""Asks for something once more; None where the request may go on."""


class ForgedRequestError(BadRequest):
    """A state change without the session's token, or sent by a foreign page."""


def public(view: View) -> View:
    return _guarded(view, Guard(Needs.NOTHING))


def public_without_token(view: View) -> View:
    """For what changes nothing and is sent by the browser itself."""
    return _guarded(view, Guard(Needs.NOTHING, needs_token=False))


def to_log_out(view: View) -> View:
    """For whoever is logged in, half-way, or was: “Log out” pressed after a long pause means it, too."""
    return _guarded(
        view, Guard(Needs.ANY_LOG_IN, ends_idle=True, form_page="", is_open_to_bound=True, is_open_to_repairs=True)
    )


def password_passed(view: View) -> View:
    return _guarded(view, Guard(Needs.PASSWORD))


def to_lift(view: View) -> View:
    """For whoever may lift the freeze of their own account: logged in, or half-way and led there by it."""
    return _guarded(view, Guard(Needs.LIFT, is_own=True, is_open_to_bound=True))


def signed_in(view: View) -> View:
    return _guarded(view, Guard(Needs.SIGN_IN))


def own_page(
    *, form_page: str | None = None, is_open_to_bound: bool = False, is_open_to_repairs: bool = False
) -> Callable[[View], View]:
    guard = Guard(
        Needs.SIGN_IN,
        is_own=True,
        form_page=form_page,
        is_open_to_bound=is_open_to_bound,
        is_open_to_repairs=is_open_to_repairs,
    )
    return lambda view: _guarded(view, guard)


def recently_proved(
    *,
    carries_post: bool = False,
    form_page: str | None = None,
    is_open_to_bound: bool = False,
    is_open_to_repairs: bool = False,
) -> Callable[[View], View]:
    """One's own page, by a log-in or a password confirmation younger than ten minutes (ASVS 7.5.1)."""
    guard = Guard(
        Needs.SIGN_IN,
        is_own=True,
        is_recent=True,
        carries_post=carries_post,
        form_page=form_page,
        is_open_to_bound=is_open_to_bound,
        is_open_to_repairs=is_open_to_repairs,
    )
    return lambda view: _guarded(view, guard)


def admin_page(
    *, is_recent: bool = False, carries_post: bool = False, form_page: str | None = None
) -> Callable[[View], View]:
    """For administrators. *is_recent* as for recently_proved(); a colleague in the address is one of their company."""
    guard = Guard(
        Needs.SIGN_IN,
        role=Role.ADMIN,
        is_of_company=True,
        is_recent=is_recent,
        carries_post=carries_post,
        form_page=form_page,
    )
    return lambda view: _guarded(view, guard)


def support_page(*, form_page: str | None = None) -> Callable[[View], View]:
    """For Support, by a code shown in the last 60 minutes: so two-factor authentication is on. Forms are carried on."""
    guard = Guard(Needs.SIGN_IN, role=Role.SUPPORT, needs_code=True, carries_post=True, form_page=form_page)
    return lambda view: _guarded(view, guard)


def guard_of(app: Flask, endpoint: str) -> Guard | None:
    """The guard of *endpoint*'s view; None only for files that are the same for everybody."""
    return cast("Guard | None", getattr(app.view_functions[endpoint], "guard", None))


class IdConverter(IntegerConverter):
    """An id as a database can look it up: a larger number in an address is nobody's page, never an error."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, min=1, max=MAX_ID)


def register(app: Flask, confirm_password: Confirmation, confirm_code: Confirmation) -> None:
    """Judge every request; the two show and judge a form where a log-in, or a code, is not recent."""

    app.url_map.converters["id"] = IdConverter

    @app.before_request
    def admit() -> Any:
        if request.endpoint in (None, "static"):
            return None
        guard = guard_of(app, str(request.endpoint))
        if guard is None:
            raise RuntimeError(f"{request.endpoint} has no guard; put one of webapp/web/guards.py on its view")
        refused = _refused(guard)
        if refused is not None:
            return refused
        if guard.needs is not Needs.NOTHING and not guard.is_open_to_repairs and _only_repairs():
            return htmx.go(url_for("two_factor.replace", employee_id=me().person.id))
        if guard.needs is not Needs.NOTHING and not guard.is_open_to_bound and _must_activate():
            return htmx.go(url_for("profile.security", employee_id=me().person.id))
        employee_id = (request.view_args or {}).get("employee_id")
        if guard.is_own:
            _must_be_own(int(employee_id or 0))
        if guard.is_of_company and employee_id is not None:
            _must_be_of_company(int(employee_id))
        if guard.role is not None and me().person.role is not guard.role:
            deny(403)
        if guard.is_recent and (not me().is_recently_proved(now()) or "carry_on" in request.form):
            return confirm_password(guard)
        if guard.needs_code and (not me().is_recently_proved_by_code(now()) or "carry_on" in request.form):
            return confirm_code(guard)
        return None


def to_log_in(guard: Guard | None = None) -> BaseResponse:
    """To the log-in, and back here after it. HTMX is told to leave the page instead of swapping a log-in into it."""
    here = _form_page(guard) if request.method not in SAFE_METHODS else request.full_path.rstrip("?")
    return htmx.go(url_for("login.password", next=local_path(here)))


def form_page() -> str:
    """The page that held the form of this request, for a link back to it."""
    return _form_page(guard_of(current_app, str(request.endpoint))) or "/"


def deny(status: int) -> NoReturn:
    """403 or 404 for what is not this person's, and a row of the audit: somebody tries addresses."""
    mine, kind = me().person if me_or_none() else waiting().person, EventKind.ACCESS_DENIED
    with writing(db()):
        endpoint = {"endpoint": request.endpoint}
        record(db(), kind, mine, now=now(), visitor=visitor(), refusal=Refusal.NOT_YOURS, details=endpoint)
    abort(status)


def _guarded(view: View, guard: Guard) -> View:
    view.guard = guard  # type: ignore[attr-defined]  # functions take attributes, Callable declares none
    return view


def _refused(guard: Guard) -> BaseResponse | None:
    """The answer to somebody who may not pass, or None."""
    if request.method in SAFE_METHODS and guard.needs is Needs.NOTHING:
        return None  # before anybody is looked up: /healthz must not need the database
    is_live = me_or_none() is not None or waiting_or_none() is not None
    if request.method not in SAFE_METHODS and guard.needs_token and (is_live or guard.needs is Needs.NOTHING):
        _must_not_be_forged()
    if guard.needs is Needs.NOTHING:
        return None
    if guard.needs is Needs.PASSWORD and me_or_none() is not None:
        return htmx.go(url_for("dashboard.show"))
    is_enough = {
        Needs.ANY_LOG_IN: is_live,
        Needs.PASSWORD: waiting_or_none() is not None,
        Needs.LIFT: me_or_none() is not None or (guard.needs is Needs.LIFT and _must_lift()),
        Needs.SIGN_IN: me_or_none() is not None,
    }
    if is_enough[guard.needs]:
        return None
    if guard.ends_idle and request.method not in SAFE_METHODS and visit().stage is Stage.SIGNED_IN:
        sessions.give_up(db(), visit().token, now=now(), visitor=visitor())
        visit().become(Stage.ANONYMOUS)
    half_way = waiting_or_none()
    if half_way is not None:  # somebody skips the second step; a look is no row of the audit
        facts = {"endpoint": request.endpoint, "employee_id": half_way.person.id, "address": visitor().address}
        log.warning("a page was asked for half-way", extra={"facts": facts})
    return htmx.go(url_for("login.password")) if guard.needs is Needs.PASSWORD else to_log_in(guard)


def _must_lift() -> bool:
    half_way = waiting_or_none()
    return half_way is not None and challenge.must_lift(db(), half_way.person.id)


def _only_repairs() -> bool:
    """Whether nothing else is open to whoever is there before the app is replaced."""
    signed_in_now = me_or_none()
    return signed_in_now is not None and signed_in_now.repairs


def _must_activate() -> bool:
    """Whether nothing else is open to whoever is logged in before two-factor authentication is on."""
    return me_or_none() is not None and my_obligation().must_activate


def _must_not_be_forged() -> None:
    if _is_foreign() or not _has_token():
        _note_forged()
        raise ForgedRequestError


def _has_token() -> bool:
    token = request.form.get("csrf_token") or request.headers.get("X-CSRFToken")
    settings = parts().settings
    for key in (settings.secret_key, *settings.secret_key_fallbacks):
        try:
            validate_csrf(token, secret_key=key)
        except ValidationError:
            continue
        return True
    return False


def _note_forged() -> None:
    """A row of the audit where it is known whose browser was used, else only a line in the log: anybody can send it."""
    signed_in_now, half_way = me_or_none(), waiting_or_none()
    person = signed_in_now.person if signed_in_now else half_way.person if half_way else None
    kind, endpoint = EventKind.REQUEST_FORGED, {"endpoint": request.endpoint}
    if person is None:
        log.warning(kind.value, extra={"facts": {**endpoint, "address": visitor().address}})
        return
    with writing(db()):
        record(db(), kind, person, now=now(), visitor=visitor(), refusal=Refusal.FORGED, details=endpoint)


def _is_foreign() -> bool:
    """Whether a header of the browser says that another site's page sent this. The headers may be missing."""
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return True
    sender = request.headers.get("Origin") or request.headers.get("Referer")
    if sender is None:
        return False
    own_hosts = (request.host, urlsplit(parts().settings.public_url).netloc)
    try:
        return urlsplit(sender).netloc not in own_hosts
    except ValueError:
        return True


def _must_be_own(employee_id: int) -> None:
    """403 for a colleague's page; 404 for everybody else's, whose existence is not to be known."""
    signed_in_now = me_or_none()
    mine = signed_in_now.person if signed_in_now else waiting().person
    if employee_id == mine.id:
        return
    deny(403 if _is_colleague(employee_id, mine) else 404)


def _must_be_of_company(employee_id: int) -> None:
    """404 for whoever is not of one's own company, existing or not."""
    if not _is_colleague(employee_id, me().person):
        deny(404)


def _is_colleague(employee_id: int, mine: Person) -> bool:
    other = accounts.by_id(db(), EmployeeId(employee_id))
    return other is not None and other.company_id == mine.company_id


def _form_page(guard: Guard | None) -> str | None:
    if guard is not None and guard.form_page is not None:
        return url_for(guard.form_page, **(request.view_args or {})) if guard.form_page else None
    is_a_page = "GET" in request_ctx.url_adapter.allowed_methods()
    return request.full_path.rstrip("?") if is_a_page else None

"""The pages of the log-in: e-mail and password, the second step, what comes after a backup code, help, log-out."""

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.challenge import flows as challenge
from webapp.core.challenge.flows import HalfWay, LoggedIn, Resumed
from webapp.core.enrolment import state as enrolment
from webapp.core.freezes import flows as freezes
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.proof import flows as proof
from webapp.core.sessions import flows as sessions
from webapp.web import formats, htmx, wording
from webapp.web.cookies import Stage
from webapp.web.forms import BackupCodeForm, CodeForm, LogInForm
from webapp.web.guards import password_passed, public, signed_in, to_log_out
from webapp.web.identity import me, me_or_none, step_up_to, visit, visitor, waiting, waiting_or_none
from webapp.web.next_page import local_path
from webapp.web.page import LOG_IN, PAGE, render, render_refused
from webapp.web.parts import db, keyring, now, parts, rounds

blueprint = Blueprint("login", __name__)


@blueprint.get("/login", endpoint="password")
@public
def show_password() -> Response | BaseResponse:
    if me_or_none():
        return redirect(url_for("dashboard.show"), 303)
    return _password_page(LogInForm(formdata=None), notice=_why_again())


@blueprint.post("/login")
@public
def send_password() -> Response | BaseResponse:
    if me_or_none():
        return redirect(url_for("dashboard.show"), 303)
    _end_half_way()
    form = LogInForm()
    if not form.validate():
        return _password_page(form, status=422)
    outcome = challenge.pass_password(
        db(),
        keyring(),
        form.email.data,
        form.password.data,
        next_path=local_path(request.args.get("next")) or "",
        idle_token=visit().token if visit().stage is Stage.SIGNED_IN else None,
        limits=parts().limits,
        rounds=rounds(),
        now=now(),
        visitor=visitor(),
    )
    if isinstance(outcome, Accepted):
        return _go_on(outcome.value)
    if not wording.is_pause(outcome):
        form.refuse(wording.sentence(outcome))
    return _password_page(form, refused=outcome)


@blueprint.get("/login/code", endpoint="code")
@password_passed
def show_code() -> Response:
    return _first_look(CodeForm(formdata=None))


@blueprint.post("/login/code")
@password_passed
def send_code() -> Response | BaseResponse:
    return _answer(CodeForm())


@blueprint.get("/login/backup-code", endpoint="backup_code")
@password_passed
def show_backup_code() -> Response:
    return _first_look(BackupCodeForm(formdata=None))


@blueprint.post("/login/backup-code")
@password_passed
def send_backup_code() -> Response | BaseResponse:
    return _answer(BackupCodeForm())


@blueprint.get("/login/after-backup-code")
@signed_in
def after_backup_code() -> Response:
    """What happened, after a log-in by backup code: a page that can be left at once, never a gate."""
    state = enrolment.state(db(), me().person.id)
    codes_left = state.codes_left if state else 0
    counts = codes_left == 0 and me().last_code_counts(now())
    return render(
        "login/after_backup_code.html",
        PAGE,
        codes_left=codes_left,
        phone_lost=request.args.get("phone") == "lost",
        onward=local_path(request.args.get("next")) or url_for("dashboard.show"),
        counts_until=me().last_code_counts_until if counts else None,
    )


@blueprint.get("/login/help", endpoint="help")
@public
def show_help() -> Response:
    settings = parts().settings
    wait = formats.duration(settings.support_reset_wait_hours)
    return render("login/help.html", LOG_IN, wait=wait, approvals=settings.support_reset_approvals)


@blueprint.post("/logout")
@to_log_out
def log_out() -> Response | BaseResponse:
    signed_in_now = me_or_none()
    if signed_in_now:
        sessions.log_out(db(), signed_in_now, now=now(), visitor=visitor())
        visit().become(Stage.ANONYMOUS)
    _end_half_way()
    response = htmx.go(url_for("login.password"))
    # Never "cookies": the known browser stays known.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def password_again() -> Response:
    """The log-in form again, its e-mail kept, after a POST whose token was not this browser's."""
    form = LogInForm()
    form.refuse("This page was open for too long. Enter your password once more.")
    return _password_page(form, status=400)


def _why_again() -> str | None:
    """Why somebody is asked once more who had come further: the cookie says so, and nothing stands behind it."""
    if visit().stage is Stage.HALF_WAY and waiting_or_none() is None:
        return wording.EXPIRED_NOTICE
    if visit().stage is not Stage.SIGNED_IN:
        return None
    is_idle = sessions.can_resume(db(), visit().token, limits=parts().limits, now=now())
    return wording.AWAY_NOTICE if is_idle else wording.LOGGED_OUT_NOTICE


def _end_half_way() -> None:
    """End this browser's half-way log-in and no other's."""
    if visit().stage is Stage.HALF_WAY:
        challenge.end(db(), visit().token)
        visit().become(Stage.ANONYMOUS)


def _answer(form: CodeForm | BackupCodeForm) -> Response | BaseResponse:
    outcome = challenge.answer(db(), keyring(), waiting(), form.entry(), now=now(), visitor=visitor())
    if isinstance(outcome, Accepted):
        return _go_on(outcome.value)
    if outcome.reason is Refusal.CHALLENGE_OVER:
        return redirect(url_for("login.password"), 303)
    if outcome.reason is Refusal.FROZEN:  # while this page was open
        return redirect(url_for("freeze.show", employee_id=waiting().person.id), 303)
    form.tell(outcome)
    since = freezes.trusted_before(db(), waiting().person.id) if outcome.reason in wording.WRONG_CODES else None
    if since is not None:
        form.refuse(wording.only_from_before(since, waiting().person.time_zone))
    return _second_step(form, outcome)


def _go_on(reached: HalfWay | LoggedIn | Resumed) -> BaseResponse:
    """One step up: new tokens, and on to what is next."""
    if isinstance(reached, HalfWay):
        visit().become(Stage.HALF_WAY, reached.token)
        if reached.needs_repair:
            return redirect(url_for("repairs.enter"), 303)
        if reached.must_lift:
            return redirect(url_for("freeze.show", employee_id=reached.person.id), 303)
        return redirect(url_for("login.code"), 303)
    onward = local_path(reached.next_path)
    if isinstance(reached, Resumed):
        visit().become(Stage.SIGNED_IN, reached.token)
        return redirect(onward or url_for("dashboard.show"), 303)
    step_up_to(reached.started)
    if reached.codes_left is not None:
        return redirect(url_for("login.after_backup_code", next=onward), 303)
    return redirect(onward or url_for("dashboard.show"), 303)


def _first_look(form: CodeForm | BackupCodeForm) -> Response:
    asked = challenge.question(db(), waiting(), now=now(), visitor=visitor())
    return _second_step(form, proof.refusal(db(), asked, form.kind, now=now()))


def _password_page(
    form: LogInForm, *, notice: str | None = None, status: int = 200, refused: Refused | None = None
) -> Response:
    next_path = local_path(request.args.get("next"))
    if status != 200:
        return render("login/password.html", LOG_IN, status=status, form=form, next_path=next_path, notice=notice)
    return render_refused("login/password.html", LOG_IN, refused, form=form, next_path=next_path, notice=notice)


def _second_step(form: CodeForm | BackupCodeForm, refused: Refused | None) -> Response:
    template = f"login/{form.field_name}.html"
    return render_refused(template, LOG_IN, refused, form=form, email=waiting().person.email)

"""The console of Support: which cases there are, looking an employee up by the exact address, and opening a case."""

from typing import Any

from flask import Blueprint, Response, abort, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.attempts.rules import GuessKind
from webapp.core.cases import flows as cases
from webapp.core.cases.flows import Case
from webapp.core.cases.rules import CaseKind, CaseState, Channel, Way
from webapp.core.outcomes import Refusal, Refused
from webapp.core.policy.rules import of_wipe, wipe_is_over
from webapp.core.support import flows as support
from webapp.core.support import looking_up
from webapp.core.support.looking_up import Found
from webapp.web import htmx, support_words, wording
from webapp.web.guards import support_page, to_log_in
from webapp.web.identity import me, visitor
from webapp.web.page import PAGE, ROLE_WORDS, render
from webapp.web.parts import db, now
from webapp.web.support_forms import LookUpForm, OpenCaseForm

blueprint = Blueprint("support", __name__, url_prefix="/support")

CLOSED_LENGTH = 10


@blueprint.get("", endpoint="show")
@support_page()
def show() -> Response:
    return _console(LookUpForm(formdata=None))


@blueprint.post("", endpoint="look_up")
@support_page()
def look_up() -> Response | BaseResponse:
    """How the account of one employee stands, and the form that opens a case about them."""
    form = LookUpForm()
    if not form.validate():
        return _console(form, status=422)
    found = _find(form.email.data)
    if isinstance(found, Refused):
        return _not_found(form, found)
    return _console(form, found=found, opening=_open_form(found, is_sent=False))


@blueprint.post("/cases", endpoint="open_case")
@support_page(form_page="support.show")
def open_case() -> Response | BaseResponse:
    """Looked up once more, so that nobody opens a case about whoever they couldn't have found."""
    asked = LookUpForm()
    found = _find(asked.email.data or "")
    if isinstance(found, Refused):
        return _not_found(asked, found)
    form = _open_form(found, is_sent=True)
    if not form.validate():
        return _console(asked, found=found, opening=form, status=422)
    outcome = support.open_case(
        db(),
        me(),
        found.person.id,
        kind=CaseKind(form.kind.data),
        way=Way(form.way.data),
        ticket=form.ticket.data,
        channel=Channel(form.channel.data),
        by_former_email=found.by_former_email,
        now=now(),
        visitor=visitor(),
    )
    if not isinstance(outcome, Refused):
        return to_case(outcome.value.id, "opened")
    if outcome.reason is Refusal.CASE_EXISTS and found.open_case is not None:
        return to_case(found.open_case.id, "exists")
    form.tell(outcome)
    return leads_away(outcome) or _console(asked, found=found, opening=form, status=422)


def to_case(case_id: int, after: str) -> BaseResponse:
    return htmx.go(url_for("support_case.show", case_id=case_id, after=after))


def leads_away(refused: Refused) -> BaseResponse | None:
    """Where a refusal leads that is about the agent themselves; None for one that the page tells."""
    if refused.reason is Refusal.NOT_SUPPORT:
        abort(403)
    return to_log_in() if refused.reason is Refusal.SESSION_OVER else None


def case_words(case: Case) -> dict[str, Any]:
    """A case as templates show one."""
    return {
        "id": case.id,
        "number": support_words.number(case),
        "name": case.person.name,
        "company_name": case.person.company_name,
        "kind": support_words.KINDS[case.kind],
        "way": support_words.SHORT_WAYS[case.way] if case.way else "",
        "state": support_words.state(case, now()),
        "mood": support_words.mood(case),
        "opened_at": case.opened_at,
        "ended_at": case.ended_at,
        "due_at": case.due_at if case.is_under_way else None,
    }


def _find(email: str) -> Found | Refused:
    outcome = looking_up.find(db(), me(), email, now=now(), visitor=visitor())
    return outcome if isinstance(outcome, Refused) else outcome.value


def _not_found(form: LookUpForm, refused: Refused) -> Response | BaseResponse:
    form.refuse(wording.sentence(refused), "email")
    return leads_away(refused) or _console(form, status=422)


def _open_form(found: Found, *, is_sent: bool) -> OpenCaseForm:
    form = OpenCaseForm() if is_sent else OpenCaseForm(formdata=None)
    form.offer(_kinds(found), found.ways)
    return form


def _kinds(found: Found) -> list[CaseKind]:
    """What there is to do for the person."""
    kinds = [(CaseKind.RESET, bool(found.ways)), (CaseKind.LIFT_FREEZE, found.frozen_since is not None)]
    return [kind for kind, is_there in kinds if is_there]


def _console(
    form: LookUpForm, *, found: Found | None = None, opening: OpenCaseForm | None = None, status: int = 200
) -> Response:
    under_way = support.cases_open(db())
    mine = [case for case in under_way if _waits_for_me(case)]
    return render(
        "support/console.html",
        PAGE,
        status=status,
        form=form,
        found=_found_words(found) if found else None,
        opening=opening,
        waiting_for_me=[case_words(case) for case in mine],
        others=[case_words(case) for case in under_way if case not in mine],
        closed=[case_words(case) for case in cases.ended_lately(db(), most=CLOSED_LENGTH)],
    )


def _waits_for_me(case: Case) -> bool:
    """Whether the next step is likely this agent's; who has approved a case already stands on its page."""
    if case.person.id == me().person.id or case.is_stale(now()):
        return False
    if case.state is CaseState.OPEN:
        return case.opened_by == me().person.id
    return case.is_due(now()) or (case.state is not CaseState.WAITING and case.opened_by != me().person.id)


def _found_words(found: Found) -> dict[str, Any]:
    """The state of an account, and nothing else of it."""
    return {
        "name": found.person.name,
        "company_name": found.person.company_name,
        "role_word": ROLE_WORDS[found.person.role],
        "is_me": found.person.id == me().person.id,
        "is_active": found.person.is_active,
        "by_former_email": found.by_former_email,
        "on_since": found.on_since,
        "codes_left": found.codes_left,
        "throttled": [_pause(kind, refused) for kind, refused in found.throttled.items()],
        "last_log_in_at": found.last_log_in_at,
        "frozen_since": found.frozen_since,
        "wiped_until": of_wipe(found.wiped_at).until if found.wiped_at else None,
        "wipe_is_over": wipe_is_over(found.wiped_at, now=now()),
        "open_case": case_words(found.open_case) if found.open_case else None,
        "can_be_helped": found.person.is_active and bool(_kinds(found)),
    }


def _pause(kind: GuessKind, refused: Refused) -> dict[str, Any]:
    words = {GuessKind.TOTP: "Authentication codes", GuessKind.BACKUP_CODE: "Backup codes"}[kind]
    return {"words": words, "until": refused.retry_at}

"""One case of Support: its history, and the steps that are open to whoever looks at it.

Every step is a POST to the case's own address, with the name of the step in ``act``. One that comes too late, sent
twice or behind a colleague's, leads to the case as it stands.
"""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, request
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.cases.flows import Case
from webapp.core.cases.rules import Act, CaseState, Document, Way
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.repairs import flows as repairs
from webapp.core.support import carrying_out, reading_out
from webapp.core.support import flows as support
from webapp.core.support.flows import CaseFile, Terms
from webapp.web import support_words
from webapp.web.guards import support_page
from webapp.web.identity import me, visitor
from webapp.web.page import PAGE, render
from webapp.web.parts import db, keyring, now, parts
from webapp.web.support import case_words, leads_away, to_case
from webapp.web.support_forms import CaseForm, CheckForm, RefuseForm, StopForm

blueprint = Blueprint("support_case", __name__, url_prefix="/support/cases")

Outcome = Accepted[Case] | Refused

TOO_LATE = frozenset(
    {
        Refusal.CASE_MOVED_ON,
        Refusal.CASE_NOT_DUE,
        Refusal.NOT_THE_OPENER,
        Refusal.OWN_CASE,
        Refusal.REPAIR_OVER,
        Refusal.SAME_AGENT,
    }
)
"""What the page of the case explains by itself."""


@blueprint.get("/<id:case_id>", endpoint="show")
@support_page()
def show(case_id: int) -> Response:
    return _page(_file(case_id))


@blueprint.post("/<id:case_id>", endpoint="act")
@support_page()
def act(case_id: int) -> Response | BaseResponse:
    step = _STEPS.get(request.form.get("act", ""))
    return step(case_id) if step else abort(400)


def _check(case_id: int) -> Response | BaseResponse:
    form = CheckForm()
    if not form.validate():
        return _again(case_id, form)
    outcome = support.check(
        db(),
        me(),
        case_id,
        document=Document(form.document.data),
        name_and_photo_match=form.name_matches.data and form.photo_matches.data,
        valid_until=form.expires_on,
        now=now(),
        visitor=visitor(),
    )
    return _answer(case_id, outcome, form)


def _approve(case_id: int) -> Response | BaseResponse:
    return _answer(case_id, support.approve(db(), me(), case_id, terms=_terms(), now=now(), visitor=visitor()))


def _refuse(case_id: int) -> Response | BaseResponse:
    form = RefuseForm()
    if not form.validate():
        return _again(case_id, form)
    reason = form.reason.data
    outcome = support.refuse(db(), me(), case_id, reason, terms=_terms(), now=now(), visitor=visitor())
    return _answer(case_id, outcome, form)


def _stop(case_id: int) -> Response | BaseResponse:
    form = StopForm()
    if not form.validate():
        return _again(case_id, form)
    outcome = support.stop(db(), me(), case_id, form.reason.data, now=now(), visitor=visitor())
    return _answer(case_id, outcome, form)


def _carry_out(case_id: int) -> Response | BaseResponse:
    return _answer(case_id, carrying_out.carry_out(db(), keyring(), me(), case_id, now=now(), visitor=visitor()))


def _read_half(case_id: int) -> Response | BaseResponse:
    """The half in the answer itself and nowhere else: no address leads to it, and no look shows it again."""
    outcome = reading_out.read_out(db(), keyring(), me(), case_id, now=now(), visitor=visitor())
    if isinstance(outcome, Accepted):
        return _page(_file(case_id), half=outcome.value)
    return _answer(case_id, outcome)


_STEPS = {
    "check": _check,
    "approve": _approve,
    "refuse": _refuse,
    "stop": _stop,
    "carry_out": _carry_out,
    "read_half": _read_half,
}


def _terms() -> Terms:
    settings = parts().settings
    return Terms(settings.support_reset_approvals, timedelta(hours=settings.support_reset_wait_hours))


def _answer(case_id: int, outcome: Outcome | Refused, form: CaseForm | None = None) -> Response | BaseResponse:
    """The case as it stands after a step, or the form again with what is wrong."""
    if isinstance(outcome, Accepted):
        return to_case(case_id, _SAYS[outcome.value.state])
    if outcome.reason is Refusal.UNKNOWN_CASE:
        abort(404)
    if outcome.reason in TOO_LATE:
        return leads_away(outcome) or to_case(case_id, "moved_on")
    if form is None:  # a button whose case can't be carried out as things are: the page says why
        form = CaseForm(formdata=None)
        form.tell(outcome)
        return leads_away(outcome) or _page(_file(case_id), form, status=422)
    form.tell(outcome)
    return leads_away(outcome) or _again(case_id, form)


_SAYS = {state: after for after, (state, _) in support_words.SAID.items()}


def _again(case_id: int, form: CaseForm) -> Response | BaseResponse:
    """The page with the form that was sent; where its step is no longer open, only the page."""
    file = _file(case_id)
    if Act(request.form["act"]) not in support.acts(file, me().person, terms=_terms(), now=now()):
        return to_case(case_id, "moved_on")
    return _page(file, form, status=422)


def _file(case_id: int) -> CaseFile:
    return support.case(db(), case_id) or abort(404)


def _page(file: CaseFile, sent: CaseForm | None = None, *, half: str = "", status: int = 200) -> Response:
    case, terms = file.case, _terms()
    acts = support.acts(file, me().person, terms=terms, now=now())
    return render(
        "support/case.html",
        PAGE,
        status=status,
        case=case_words(case),
        story=support_words.story(file, me().person),
        why_not=support_words.why_not(file, me().person, acts, terms=terms, now=now()),
        now_heading=support_words.now_heading(case, now()),
        ahead=support_words.ahead(case, terms, now()),
        may={one.value for one in acts},
        check=sent if isinstance(sent, CheckForm) else CheckForm(formdata=None),
        refuse=sent if isinstance(sent, RefuseForm) else RefuseForm(formdata=None),
        stop=sent if isinstance(sent, StopForm) else StopForm(formdata=None),
        form=sent or CaseForm(formdata=None),
        said=_said(file),
        do_it=support_words.done(case),
        repair=_repair_words(case),
        half=half,
    )


def _repair_words(case: Case) -> dict[str, Any] | None:
    """The pass that the case led to, as the page shows it."""
    repair = repairs.of_case(db(), case.id) if case.state is CaseState.DONE and case.way is Way.REPAIR else None
    if repair is None:
        return None
    return {
        "is_live": repair.is_live(now()),
        "is_mine": case.person.id == me().person.id,
        "was_used": repair.was_used,
        "expires_at": repair.expires_at,
        "read_half_at": repair.read_half_at,
        "ended_at": repair.ended_at,
    }


def _said(file: CaseFile) -> tuple[str, str] | None:
    """What has just been done, with the mood it is said in. Only what is so is said."""
    after = request.args.get("after", "")
    if after in ("moved_on", "exists"):
        return "warn", support_words.MOVED_ON if after == "moved_on" else support_words.EXISTS
    state, sentence = support_words.SAID.get(after, (None, ""))
    return ("ok", sentence) if state is file.case.state else None

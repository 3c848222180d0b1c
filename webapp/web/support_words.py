"""Cases of Support in words: what each state, step, way and refusal is called, and why a button isn't there."""

from datetime import datetime
from typing import Any

from markupsafe import Markup

from webapp.core.accounts.flows import Person
from webapp.core.cases.flows import Case, CaseEvent
from webapp.core.cases.rules import AFTER_RECOVERY, Act, By, CaseKind, CaseState, Channel, Document, Way
from webapp.core.outcomes import Refusal
from webapp.core.support.flows import CaseFile, Terms
from webapp.web import formats

KINDS = {
    CaseKind.RESET: "Reset two-factor authentication",
    CaseKind.LIFT_FREEZE: "Lift the freeze of the account",
}
WAYS = {
    Way.REPAIR: "Repair pass. One half goes by e-mail, you read out the other one; with both and the password a new app"
    " takes the place of the old one. Two-factor authentication stays on all the time.",
    Way.WIPE: "Wipe. App and backup codes are gone and all sessions end. For 24 hours the password alone logs in, and"
    " leads only to activating two-factor authentication anew; after that nothing does until there is a new case.",
}
SHORT_WAYS = {Way.REPAIR: "Repair pass", Way.WIPE: "Wipe"}
CHANNELS = {
    Channel.PHONE: "By phone",
    Channel.VIDEO: "By video call",
    Channel.IN_PERSON: "In person",
    Channel.LETTER: "By letter",
    Channel.EMAIL: "By e-mail",
}
DOCUMENTS = {
    Document.PASSPORT: "Passport",
    Document.IDENTITY_CARD: "Identity card",
    Document.DRIVING_LICENCE: "Driving licence",
    Document.RESIDENCE_PERMIT: "Residence permit",
}
_STATES = {
    CaseState.OPEN: "ID check open",
    CaseState.CHECKED: "Waits for approval",
    CaseState.APPROVED: "Waits for one more approval",
    CaseState.WAITING: "In waiting time",
    CaseState.DONE: "Done",
    CaseState.REFUSED: "Refused",
    CaseState.STOPPED: "Stopped",
    CaseState.EXPIRED: "Expired",
}
_STEPS = {
    CaseState.OPEN: "Case opened",
    CaseState.CHECKED: "ID document checked",
    CaseState.APPROVED: "Approved",
    CaseState.WAITING: "Waiting time began",
    CaseState.REFUSED: "Refused",
    CaseState.STOPPED: "Stopped",
    CaseState.EXPIRED: "Expired",
}
_BY = {
    By.LINK: "by the employee, with the link in an e-mail",
    By.LOG_IN: "by the employee, who logged in with a second factor",
    By.FACTOR: "by the employee, who showed a second factor",
    By.SESSION: "by the employee, while logged in",
    By.OPERATOR: "by an operator",
    By.TIME: "when its time was over",
}
FIELDS = {
    Refusal.TICKET_INVALID: "ticket",
    Refusal.NO_MATCH: "photo_matches",
    Refusal.DOCUMENT_EXPIRED: "valid_until",
    Refusal.REASON_INVALID: "reason",
}
"""Where a refusal belongs that is about one entry."""

SAID = {
    "opened": (CaseState.OPEN, "The case is open. The employee is told by e-mail."),
    "checked": (CaseState.CHECKED, "The check is written down. Now a colleague has to approve the case."),
    "approved": (CaseState.APPROVED, "You approved the case. It takes one more colleague."),
    "waiting": (
        CaseState.WAITING,
        "You approved the case, and its waiting time has begun. The employee is told by e-mail.",
    ),
    "refused": (CaseState.REFUSED, "The case is refused. The employee is told by e-mail."),
    "stopped": (CaseState.STOPPED, "The case is stopped. The employee is told by e-mail."),
    "done": (CaseState.DONE, "The case is carried out. The employee is told by e-mail."),
}
"""What has just been done, and the state that it must have led to: an address can claim anything."""

MOVED_ON = (
    "This was not done: somebody was quicker, it was sent twice, or it isn't yours to do."
    " This is how the case stands now."
)
EXISTS = "There is a case about this employee already. This is how it stands."


def number(case: Case) -> str:
    return f"R-{case.id}"


def state(case: Case, now: datetime) -> str:
    """How a case stands, in a few words."""
    if case.is_stale(now):
        return _STATES[CaseState.EXPIRED]
    return "Can be carried out" if case.is_due(now) else _STATES[case.state]


def mood(case: Case) -> str:
    """The colour that goes with these words."""
    if case.is_under_way:
        return "warn"
    return "ok" if case.state is CaseState.DONE else ""


def done(case: Case) -> str:
    """What carrying out is called, on its button and in the history."""
    if case.kind is CaseKind.LIFT_FREEZE:
        return "Lift the freeze"
    return "Issue the repair pass" if case.way is Way.REPAIR else "Wipe two-factor authentication"


def why_not(file: CaseFile, agent: Person, acts: frozenset[Act], *, terms: Terms, now: datetime) -> list[Markup | str]:
    """Why what comes next in a case is not this agent's, or not yet: a sentence each."""
    case = file.case
    if not case.is_under_way:
        return []
    if case.is_stale(now):
        return ["The time of this case is over. If it is still needed, open a new one."]
    if case.person.id == agent.id:
        return ["This case is about you, so your colleagues deal with it."]
    if case.state is CaseState.OPEN and Act.CHECK not in acts:
        return [f"{file.history[0].actor_name} opened this case and checks the document."]
    if case.state in (CaseState.CHECKED, CaseState.APPROVED) and Act.APPROVE not in acts:
        did = "opened" if case.opened_by == agent.id else "approved"
        return [f"You {did} this case, so someone else has to approve it."]
    return _not_yet(case) if case.state is CaseState.WAITING and Act.CARRY_OUT not in acts else []


def _not_yet(case: Case) -> list[Markup | str]:
    if case.due_at is None:
        return []
    thing = "Reset" if case.kind is CaseKind.RESET else "Lifting the freeze"
    sentences: list[Markup | str] = [Markup("{} is possible from {}.").format(thing, formats.moment(case.due_at))]
    if case.recovered_at is not None and case.due_at == case.recovered_at + AFTER_RECOVERY:
        sentences.append(
            Markup(
                "A new password was set by e-mail on {}: from then it takes {} days, whatever the waiting time."
            ).format(formats.moment(case.recovered_at), AFTER_RECOVERY.days)
        )
    return sentences


def now_heading(case: Case, at: datetime) -> str:
    """What the step is called that a case waits for; "" where it is over."""
    if not case.is_under_way or case.is_stale(at):
        return ""
    if case.state is CaseState.WAITING:
        return "Carry it out" if case.is_due(at) else "Waiting time"
    return "Check the ID document" if case.state is CaseState.OPEN else "Second approval"


def ahead(case: Case, terms: Terms, at: datetime) -> list[tuple[str, str]]:
    """What comes after the step that a case waits for: each with what it means."""
    if not case.is_under_way or case.is_due(at) or case.is_stale(at):
        return []
    approval = ("Second approval", "Someone else from Support looks at the case. Nobody approves their own.")
    wait = (
        f"Waiting time, {formats.duration(terms.wait.total_seconds() / 3600)}",
        "Starts with the approval. The employee gets an e-mail with a link that stops the case, and logging in with a"
        " second factor stops it too.",
    )
    steps = {CaseState.OPEN: [approval, wait], CaseState.CHECKED: [wait], CaseState.APPROVED: [wait]}
    return [*steps.get(case.state, []), (done(case), _MEANS[case.way])]


_MEANS = {
    Way.REPAIR: "One half by e-mail, the other one read out by you. Two-factor authentication stays on.",
    Way.WIPE: "App and codes are removed, all sessions end. For 24 hours the password alone logs in, to activate anew.",
    None: "What was set since the disputed event is taken away. What was there before counts again.",
}


def story(file: CaseFile, agent: Person) -> list[dict[str, Any]]:
    """The history of a case, line by line: what, when, by whom, and what was noted."""
    return [_line(event, file.case, agent) for event in file.history]


def _line(event: CaseEvent, case: Case, agent: Person) -> dict[str, Any]:
    who = f"by {event.actor_name}" if event.by is By.AGENT else _BY[event.by]
    return {
        "words": _STEPS.get(event.state) or _DONE[case.way],
        "at": event.at,
        "who": "by you" if event.actor_id == agent.id and event.by is By.AGENT else who,
        "notes": _notes(event, case),
    }


_DONE = {Way.REPAIR: "Repair pass issued", Way.WIPE: "Two-factor authentication wiped", None: "Freeze lifted"}


def _notes(event: CaseEvent, case: Case) -> str:
    if event.state is CaseState.OPEN:
        return f"Ticket {case.ticket}. The request came {CHANNELS[case.channel].lower()}."
    if event.state is CaseState.CHECKED and case.document is not None and case.valid_until is not None:
        until = formats.date_text(case.valid_until)
        return f"{DOCUMENTS[case.document]}, valid until {until}. Name and photo match."
    return f"Reason: {event.reason}" if event.reason else ""

"""What happened to an account, in words: the lines of “Recent security activity”, and what each notice tells."""

from datetime import timedelta
from typing import Any

from webapp.core.audit import flows as audit
from webapp.core.audit.flows import Event
from webapp.core.audit.rules import EventKind
from webapp.core.database import EmployeeId
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Refusal
from webapp.web import formats
from webapp.web.identity import me
from webapp.web.parts import db, now

LENGTH = 10
JUST_NOW = timedelta(minutes=1)

NOTICE_EVENTS = {
    Notice.ACTIVATED: "Two-factor authentication was activated",
    Notice.RESET: "Two-factor authentication was reset",
    Notice.APP_REPLACED: "The authenticator app was replaced",
    Notice.APP_ADDED: "An authenticator app was added",
    Notice.APP_REMOVED: "An authenticator app was removed",
    Notice.NEW_BACKUP_CODES: "New backup codes were created",
    Notice.BACKUP_CODE_USED: "A backup code was used to log in",
    Notice.BACKUP_CODES_LOW: "A backup code was used to log in",
    Notice.PASSWORD_CHANGED: "The password was changed",
    Notice.PASSWORD_FORGOTTEN: "A new password was set by a link from an e-mail",
    Notice.EMAIL_CHANGE_ASKED: "Another e-mail address was asked for",
    Notice.EMAIL_CHANGED: "The e-mail address was changed",
    Notice.WRONG_CODES: "Somebody entered the right password and then five wrong codes",
    Notice.NEW_BROWSER: "Somebody logged in with a new browser",
    Notice.FROZEN: "The account was frozen",
    Notice.LIFTED: "A freeze was lifted",
    Notice.REPAIR_PASS: "Support issued a repair pass",
    Notice.CASE_DONE: "Support carried out a case about this account",
}
"""What each notice tells, for the page behind its link: "… on Monday, 2 March 2026 at 10:00"."""

LOG_INS = {
    "password": "Logged in with the password",
    "totp": "Logged in with an authentication code",
    "backup_code": "Logged in with a backup code",
    "repair": "Logged in with a repair pass",
}
ACTIVITY = {
    EventKind.PASSWORD_CHANGED: "Password changed",
    EventKind.RECOVERY_ASKED: "A link for a new password asked for",
    EventKind.PASSWORD_RECOVERED: "New password set with a link from an e-mail",
    EventKind.EMAIL_CHANGE_ASKED: "Another e-mail address asked for",
    EventKind.EMAIL_CHANGED: "E-mail address changed",
    EventKind.SESSION_RESUMED: "Went on after a pause, with the password",
    EventKind.OTHER_SESSIONS_ENDED: "Logged out elsewhere",
    EventKind.TWO_FACTOR_ACTIVATED: "Two-factor authentication activated",
    EventKind.APP_REPLACED: "Authenticator app replaced",
    EventKind.AUTHENTICATOR_ADDED: "Authenticator app added",
    EventKind.AUTHENTICATOR_RENAMED: "Authenticator app renamed",
    EventKind.AUTHENTICATOR_REMOVED: "Authenticator app removed",
    EventKind.TWO_FACTOR_RESET: "Two-factor authentication reset",
    EventKind.TWO_FACTOR_RESET_BY_OPERATOR: "Two-factor authentication reset by an operator",
    EventKind.TWO_FACTOR_RESET_BY_SUPPORT: "Two-factor authentication reset by Support",
    EventKind.INVITE_ACCEPTED: "First password chosen, with the link of an invitation",
    EventKind.EMPLOYEE_DEACTIVATED: "Account deactivated by an administrator",
    EventKind.EMPLOYEE_REACTIVATED: "Account activated again by an administrator",
    EventKind.ROLE_CHANGED: "Role changed by an administrator",
    EventKind.ACCOUNT_FROZEN: "Account frozen by the link in a notice",
    EventKind.FREEZE_LIFTED: "Freeze lifted",
    EventKind.REPAIR_ISSUED: "Repair pass issued by Support",
    EventKind.REPAIR_ENTERED: "Repair pass entered",
    EventKind.REPAIR_USED: "Repair pass used up",
    EventKind.REPAIR_HALF_READ: "Second half of the repair pass read out by Support",
    EventKind.REPAIR_VOIDED: "Repair pass made void",
    EventKind.PERSON_LOOKED_UP: "Account looked up by Support",
    EventKind.CASE_OPENED: "Case opened by Support",
    EventKind.CASE_CHECKED: "ID document checked by Support",
    EventKind.CASE_APPROVED: "Case approved by Support",
    EventKind.CASE_REFUSED: "Case refused by Support",
    EventKind.CASE_STOPPED: "Case of Support stopped",
    EventKind.CASE_EXPIRED: "Case of Support expired",
    EventKind.BACKUP_CODES_CREATED: "New backup codes created",
    EventKind.BACKUP_CODES_CHECKED: "Backup codes checked, none used up",
}
REFUSED_ACTIVITY = {
    EventKind.REQUEST_FORGED: "A form from elsewhere or long ago refused",
    EventKind.PASSWORD_CHECKED: "Wrong password",
    EventKind.TWO_FACTOR_ACTIVATED: "Code refused while activating",
    EventKind.BACKUP_CODES_CHECKED: "Backup code refused",
    EventKind.APP_REPLACED: "Code refused while replacing an authenticator app",
    EventKind.AUTHENTICATOR_ADDED: "Code refused while adding an authenticator app",
    EventKind.REPAIR_ENTERED: "Repair pass refused",
}
REFUSED_CODES = {"totp": "Authentication code refused", "backup_code": "Backup code refused"}

_NO_GUESS = frozenset({Refusal.MALFORMED, Refusal.NAME_TAKEN, Refusal.TOO_MANY_AUTHENTICATORS})
"""A slip of the finger, or a form refused before its code was looked at: "code refused" would alarm and be untrue."""

_SHOWN_KINDS = (EventKind.LOGGED_IN, EventKind.SECOND_FACTOR_CHECKED, *(ACTIVITY | REFUSED_ACTIVITY))


def recent_activity() -> list[dict[str, Any]]:
    """What happened lately, newest first; the same thing from the same place several times in a row is one line."""
    lines: list[dict[str, Any]] = []
    for event in audit.recent(db(), me().person.id, kinds=_SHOWN_KINDS, most=10 * LENGTH):
        words, where = _words(event), _place(event)
        if words is None:
            continue
        if lines and (words, where) == (lines[-1]["words"], lines[-1]["where"]):
            lines[-1]["times"] += 1
        else:
            lines.append({"words": words, "at": event.at, "where": where, "times": 1})
    return lines[:LENGTH]


def _place(event: Event) -> str:
    """Where the person was; nothing of where somebody else sits who did something about the account."""
    is_theirs = event.actor_id in (None, event.employee_id)
    return formats.place(event.user_agent, event.address) if is_theirs else ""


def has_just(employee_id: EmployeeId, happened: EventKind) -> bool:
    """Whether the newest event of this kind succeeded a moment ago, for a page that says what was done."""
    newest = audit.recent(db(), employee_id, kinds=[happened], most=1)
    return bool(newest) and newest[0].outcome == "success" and now() - newest[0].at < JUST_NOW


def _words(event: Event) -> str | None:
    """One line, or None for what a person need not see."""
    if event.reason in _NO_GUESS:
        return None
    if event.kind is EventKind.SECOND_FACTOR_CHECKED and event.outcome == "refused":
        return REFUSED_CODES.get(event.factor)
    if event.outcome == "refused":
        return REFUSED_ACTIVITY.get(event.kind)
    if event.kind is EventKind.LOGGED_IN:
        return LOG_INS.get(event.factor, "Logged in")
    return ACTIVITY.get(event.kind)

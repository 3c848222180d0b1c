"""What each kind of event is called on the pages of a company and in its exports, and under which heading it is found.

The words for a person's own events (activity.py) name nobody, so they are said of a colleague too; here are the rest.
"""

from webapp.core.audit.rules import EventKind
from webapp.core.company.events import Actor, SecurityEvent
from webapp.web.activity import ACTIVITY, LOG_INS, REFUSED_ACTIVITY, REFUSED_CODES

_WORDS = ACTIVITY | {
    EventKind.REQUEST_FORGED: "A form sent",
    EventKind.ACCESS_DENIED: "A page asked for",
    EventKind.COMPANY_CREATED: "Company created",
    EventKind.EMPLOYEE_CREATED: "Employee created",
    EventKind.EMPLOYEE_INVITED: "Employee invited",
    EventKind.PROFILE_CHANGED: "Profile changed",
    EventKind.POLICY_CHANGED: "Security policy changed",
    EventKind.EXEMPTED: "Exempted from the security policy",
    EventKind.EXEMPTION_ENDED: "Exemption from the security policy ended",
    EventKind.PASSWORD_CHECKED: "Password entered",
    EventKind.SECOND_FACTOR_CHECKED: "Code entered",
    EventKind.LOGGED_OUT: "Logged out",
    EventKind.ACTIVATION_BEGUN: "Activation of two-factor authentication begun",
    EventKind.REPLACEMENT_BEGUN: "Replacement of an authenticator app begun",
    EventKind.ADDING_BEGUN: "Another authenticator app begun",
    EventKind.BACKUP_CODES_DOWNLOADED: "Backup codes downloaded",
    EventKind.BACKUP_CODES_CLOSED: "Backup codes put away",
    EventKind.AUDIT_EXPORTED: "Security events exported",
    EventKind.EMPLOYEES_EXPORTED: "List of employees exported",
    EventKind.REMINDER_SENT: "Reminder of two-factor authentication sent",
    EventKind.PERSON_LOOKED_UP: "State of the account looked up",
    EventKind.REPAIR_HALF_READ: "Half of a repair pass read out",
    EventKind.CASE_OPENED: "Case opened",
    EventKind.CASE_CHECKED: "Case checked against an ID document",
    EventKind.CASE_APPROVED: "Case approved",
    EventKind.CASE_REFUSED: "Case refused",
    EventKind.CASE_STOPPED: "Case stopped",
    EventKind.CASE_EXPIRED: "Case expired",
    EventKind.CASE_CARRIED_OUT: "Case carried out",
}
_REFUSED = REFUSED_ACTIVITY | {EventKind.ACCESS_DENIED: "A page of somebody else refused"}

HEADINGS = {
    "log-ins": "Log-ins and sessions",
    "two-factor": "Two-factor authentication",
    "backup-codes": "Backup codes",
    "credentials": "Passwords and e-mail addresses",
    "freezes": "Frozen accounts",
    "support": "Support",
    "employees": "Employees and roles",
    "company": "Policy, reminders and exports",
    "refused": "Refused pages and forms",
}
"""By the name that stands in the address."""

_SUBJECTS = {
    **dict.fromkeys(("session", "second_factor"), "log-ins"),
    **dict.fromkeys(("two_factor", "authenticator"), "two-factor"),
    "backup_codes": "backup-codes",
    **dict.fromkeys(("password", "email"), "credentials"),
    "account": "freezes",
    **dict.fromkeys(("support", "case", "repair"), "support"),
    **dict.fromkeys(("employee", "profile", "invite", "role"), "employees"),
    **dict.fromkeys(("company", "policy", "exemption", "reminder", "audit", "employees"), "company"),
    **dict.fromkeys(("request", "access"), "refused"),
}
"""Under which heading events of a subject are: kinds are named ``subject:action``."""

_ACTORS = {Actor.SUPPORT: "Support", Actor.OPERATOR: "Operator"}


def heading_of(kind: EventKind) -> str:
    """The key of HEADINGS under which *kind* is found."""
    return "log-ins" if kind is EventKind.PASSWORD_CHECKED else _SUBJECTS[kind.partition(":")[0]]


def kinds_under(heading: str) -> frozenset[EventKind] | None:
    """What to look for; None, which is everything, where there is no such heading."""
    return frozenset(kind for kind in EventKind if heading_of(kind) == heading) if heading in HEADINGS else None


def name_of(kind: EventKind) -> str:
    """What a kind is called where it succeeds."""
    return "Logged in" if kind is EventKind.LOGGED_IN else _WORDS[kind]


def words(event: SecurityEvent) -> str:
    """What happened, in a few words that hold for anybody."""
    if event.kind is EventKind.LOGGED_IN:
        return LOG_INS.get(event.factor, name_of(event.kind))
    if event.outcome != "refused":
        return name_of(event.kind)
    if event.kind is EventKind.SECOND_FACTOR_CHECKED and event.factor in REFUSED_CODES:
        return REFUSED_CODES[event.factor]
    return _REFUSED.get(event.kind) or f"{name_of(event.kind)}: refused"


def by_words(event: SecurityEvent) -> str:
    """Who did it, where that is not the person themselves: Support and operators have no names here."""
    return event.by.name if event.by else _ACTORS.get(event.actor, "")


def detail_words(event: SecurityEvent) -> str:
    """As "fields: name, phone"."""
    return "; ".join(f"{key}: {_plain(value)}" for key, value in event.details.items())


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(one)}" for key, one in value.items())
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)

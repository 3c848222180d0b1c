"""The vocabulary of the audit: what can happen, and which details each kind of event may carry.

Names are stored data and so an interface: ``subject:action``. Rows are only ever added.
"""

from enum import StrEnum


class EventKind(StrEnum):
    """What happened, as ``subject:action``."""

    REQUEST_FORGED = "request:forge"
    ACCESS_DENIED = "access:deny"
    COMPANY_CREATED = "company:create"
    EMPLOYEE_CREATED = "employee:create"
    EMPLOYEE_INVITED = "employee:invite"
    INVITE_ACCEPTED = "employee:accept_invite"
    EMPLOYEE_DEACTIVATED = "employee:deactivate"
    EMPLOYEE_REACTIVATED = "employee:reactivate"
    ROLE_CHANGED = "role:change"
    PROFILE_CHANGED = "profile:change"
    POLICY_CHANGED = "policy:change"
    EXEMPTED = "policy:exempt"
    EXEMPTION_ENDED = "policy:end_exemption"
    PASSWORD_CHECKED = "password:check"
    PASSWORD_CHANGED = "password:change"
    RECOVERY_ASKED = "password:recovery_ask"
    PASSWORD_RECOVERED = "password:recover"
    EMAIL_CHANGE_ASKED = "email:change_ask"
    EMAIL_CHANGED = "email:change"
    SECOND_FACTOR_CHECKED = "second_factor:check"
    LOGGED_IN = "session:start"
    SESSION_RESUMED = "session:resume"
    LOGGED_OUT = "session:end"
    OTHER_SESSIONS_ENDED = "session:end_others"
    ACTIVATION_BEGUN = "two_factor:begin_activation"
    TWO_FACTOR_ACTIVATED = "two_factor:activate"
    REPLACEMENT_BEGUN = "two_factor:begin_replacement"
    APP_REPLACED = "two_factor:replace"
    TWO_FACTOR_RESET = "two_factor:reset"
    TWO_FACTOR_RESET_BY_OPERATOR = "two_factor:reset_by_operator"
    TWO_FACTOR_RESET_BY_SUPPORT = "two_factor:reset_by_support"
    ADDING_BEGUN = "authenticator:begin_adding"
    AUTHENTICATOR_ADDED = "authenticator:add"
    AUTHENTICATOR_RENAMED = "authenticator:rename"
    AUTHENTICATOR_REMOVED = "authenticator:remove"
    ACCOUNT_FROZEN = "account:freeze"
    FREEZE_LIFTED = "account:lift"
    REPAIR_ISSUED = "repair:issue"
    REPAIR_HALF_READ = "repair:read_half"
    REPAIR_ENTERED = "repair:enter"
    REPAIR_USED = "repair:use"
    REPAIR_VOIDED = "repair:void"
    PERSON_LOOKED_UP = "support:look_up"
    CASE_OPENED = "case:open"
    CASE_CHECKED = "case:check"
    CASE_APPROVED = "case:approve"
    CASE_REFUSED = "case:refuse"
    CASE_STOPPED = "case:stop"
    CASE_EXPIRED = "case:expire"
    CASE_CARRIED_OUT = "case:carry_out"
    BACKUP_CODES_CREATED = "backup_codes:create"
    BACKUP_CODES_DOWNLOADED = "backup_codes:download"
    BACKUP_CODES_CLOSED = "backup_codes:close"
    BACKUP_CODES_CHECKED = "backup_codes:check"
    AUDIT_EXPORTED = "audit:export"
    EMPLOYEES_EXPORTED = "employees:export"
    REMINDER_SENT = "reminder:send"


DETAIL_KEYS: dict[EventKind, frozenset[str]] = {
    EventKind.REQUEST_FORGED: frozenset({"endpoint"}),
    EventKind.ACCESS_DENIED: frozenset({"endpoint"}),
    EventKind.ROLE_CHANGED: frozenset({"from", "to"}),
    EventKind.SECOND_FACTOR_CHECKED: frozenset({"purpose", "position", "codes_left"}),
    EventKind.PASSWORD_CHECKED: frozenset({"purpose"}),
    EventKind.PROFILE_CHANGED: frozenset({"fields"}),
    EventKind.POLICY_CHANGED: frozenset({"old", "new"}),
    EventKind.EXEMPTED: frozenset({"until", "reason"}),
    EventKind.EMAIL_CHANGE_ASKED: frozenset({"mailed"}),
    EventKind.OTHER_SESSIONS_ENDED: frozenset({"count"}),
    EventKind.BACKUP_CODES_CHECKED: frozenset({"position"}),
    EventKind.APP_REPLACED: frozenset({"app"}),
    EventKind.AUTHENTICATOR_ADDED: frozenset({"app"}),
    EventKind.AUTHENTICATOR_RENAMED: frozenset({"app"}),
    EventKind.AUTHENTICATOR_REMOVED: frozenset({"app"}),
    EventKind.ACCOUNT_FROZEN: frozenset({"notice", "since"}),
    EventKind.FREEZE_LIFTED: frozenset({"apps", "codes", "email"}),
    EventKind.REPAIR_ISSUED: frozenset({"case"}),
    EventKind.REPAIR_HALF_READ: frozenset({"case"}),
    EventKind.REPAIR_ENTERED: frozenset({"case"}),
    EventKind.REPAIR_USED: frozenset({"case"}),
    EventKind.REPAIR_VOIDED: frozenset({"why"}),
    EventKind.CASE_OPENED: frozenset({"case", "kind", "way", "ticket", "channel", "former_email"}),
    EventKind.CASE_CHECKED: frozenset({"case", "document"}),
    EventKind.CASE_APPROVED: frozenset({"case", "agents"}),
    EventKind.CASE_REFUSED: frozenset({"case", "by"}),
    EventKind.CASE_STOPPED: frozenset({"case", "by"}),
    EventKind.CASE_EXPIRED: frozenset({"case", "by"}),
    EventKind.CASE_CARRIED_OUT: frozenset({"case", "kind", "way", "apps", "codes", "password", "email"}),
    EventKind.TWO_FACTOR_RESET_BY_SUPPORT: frozenset({"case"}),
    EventKind.TWO_FACTOR_RESET_BY_OPERATOR: frozenset({"operator", "ticket", "reason"}),
    EventKind.AUDIT_EXPORTED: frozenset({"rows", "format"}),
    EventKind.EMPLOYEES_EXPORTED: frozenset({"rows"}),
    EventKind.REMINDER_SENT: frozenset({"count"}),
}
"""Details that a kind may carry; none for a kind that is not listed. Never a code, secret or token."""


def check_details(kind: EventKind, details: dict[str, object]) -> None:
    """Raise ValueError where *details* has a key that *kind* does not declare."""
    undeclared = details.keys() - DETAIL_KEYS.get(kind, frozenset())
    if undeclared:
        raise ValueError(f"{kind} declares no {sorted(undeclared)}; add them to DETAIL_KEYS")

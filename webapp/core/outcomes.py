"""What a flow answers: ``Accepted`` with a value, or ``Refused`` with a reason.

Expected refusals are returned, so that their guesses and audit rows are committed; broken promises are raised,
so that everything rolls back. Turning a refusal into words and a status is the web's business.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Refusal(StrEnum):
    """Why a flow said no. Stored in audit rows, so a name, once released, stays."""

    WRONG_PASSWORD = "wrong_password"
    WRONG_CODE = "wrong_code"
    CODE_ALREADY_USED = "code_already_used"
    PHONE_CLOCK_SLOW = "phone_clock_slow"
    PHONE_CLOCK_FAST = "phone_clock_fast"
    BACKUP_CODE_UNKNOWN = "backup_code_unknown"
    BACKUP_CODE_USED = "backup_code_used"
    BACKUP_CODES_REPLACED = "backup_codes_replaced"
    BACKUP_CODES_SHOWN = "backup_codes_shown"
    MALFORMED = "malformed"
    TOO_MANY = "too_many"
    CLOSED = "closed"
    CHALLENGE_OVER = "challenge_over"
    SETUP_EXPIRED = "setup_expired"
    NOT_ACTIVE = "not_active"
    ALREADY_ACTIVE = "already_active"
    SESSION_OVER = "session_over"
    SESSION_UNKNOWN = "session_unknown"
    SESSION_ENDED_BEFORE = "session_ended_before"
    EMAIL_TAKEN = "email_taken"
    EMAIL_INVALID = "email_invalid"
    EMAIL_SAME = "email_same"
    LINK_OVER = "link_over"
    PASSWORD_TOO_SHORT = "password_too_short"
    PASSWORD_TOO_LONG = "password_too_long"
    PASSWORD_TOO_EASY = "password_too_easy"
    PASSWORD_SAME = "password_same"
    VENDOR_EXISTS = "vendor_exists"
    VENDOR_ONLY = "vendor_only"
    UNKNOWN_COMPANY = "unknown_company"
    UNKNOWN_EMPLOYEE = "unknown_employee"
    NOT_EMPTY = "not_empty"
    TOO_SOON = "too_soon"
    NOBODY_TO_REMIND = "nobody_to_remind"
    FROZEN = "frozen"
    NOT_FROZEN = "not_frozen"
    WIPE_OVER = "wipe_over"
    GRACE_OUT_OF_RANGE = "grace_out_of_range"
    DAY_OUT_OF_RANGE = "day_out_of_range"
    NOT_EXEMPT = "not_exempt"
    FORGED = "forged"
    NOT_YOURS = "not_yours"
    UNKNOWN_AUTHENTICATOR = "unknown_authenticator"
    TOO_MANY_AUTHENTICATORS = "too_many_authenticators"
    LAST_AUTHENTICATOR = "last_authenticator"
    NAME_TAKEN = "name_taken"
    WRONG_HALVES = "wrong_halves"
    REPAIR_OVER = "repair_over"
    NOT_SUPPORT = "not_support"
    OWN_CASE = "own_case"
    SAME_AGENT = "same_agent"
    NOT_THE_OPENER = "not_the_opener"
    UNKNOWN_CASE = "unknown_case"
    CASE_EXISTS = "case_exists"
    CASE_MOVED_ON = "case_moved_on"
    CASE_NOT_DUE = "case_not_due"
    PASSWORD_IN_DOUBT = "password_in_doubt"
    AGENT_GONE = "agent_gone"
    DEACTIVATED = "deactivated"
    TICKET_INVALID = "ticket_invalid"
    REASON_INVALID = "reason_invalid"
    NO_MATCH = "no_match"
    DOCUMENT_EXPIRED = "document_expired"
    OWN_ACCOUNT = "own_account"
    SUPPORT_PERSON = "support_person"
    ROLE_NOT_GIVEN = "role_not_given"
    HAS_PASSWORD = "has_password"


@dataclass(frozen=True, slots=True)
class Accepted(Generic[T]):
    """The flow did what it was asked for."""

    value: T


@dataclass(frozen=True, slots=True)
class Refused:
    """The flow did not; whatever it had to note about that is committed.

    *retry_at* when it is worth trying again; *left* guesses before that pause, which would
    last *pause_minutes*; *seconds* until the next code;
    *minutes* the phone's clock is off; *at* when the thing was used before; *hint* in zxcvbn's words.
    """

    reason: Refusal
    retry_at: datetime | None = None
    left: int | None = None
    pause_minutes: int | None = None
    seconds: int | None = None
    minutes: int | None = None
    at: datetime | None = None
    hint: str = ""

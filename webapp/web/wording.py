"""Every refusal in a sentence, with the field it belongs to and the status it has. The one place for both.

A sentence says what to do next. Nothing before a right password tells whether an account exists.
"""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext

from webapp.core.entries import without_separators
from webapp.core.factors.backup_codes.rules import LENGTH as BACKUP_CODE_LENGTH
from webapp.core.outcomes import Refusal, Refused
from webapp.core.repairs.rules import LENGTH as HALF_LENGTH
from webapp.web.formats import day, full_time, try_again
from webapp.web.parts import parts

CLOSED_RETRY_S = 24 * 60 * 60
"""``Retry-After`` where waiting alone does not help: the page says what does."""

EXPIRED_NOTICE = "You were away for more than 10 minutes. Enter your e-mail address and password again."
AWAY_NOTICE = "You were away for a while. Your e-mail address and password are enough to go on."
LOGGED_OUT_NOTICE = "You have been logged out. Log in again to go on."
# NOTE: the labels as the pages show them, which are English so far: translate "your name" alone.
PATH_TO_SECURITY = lazy_gettext("Settings > Resource / Employees > your name > Security")
EMPTY_CODE = "Enter the 6-digit code from your app."
EMPTY_BACKUP_CODE = "Enter one of your backup codes."


@dataclass(frozen=True, slots=True)
class Throttle:
    """A pause. *sentence* says until when; *until* is None where only another way helps."""

    sentence: str
    until: datetime | None


def throttle(refused: Refused | None) -> Throttle | None:
    """The pause that *refused* is, or None where it is another refusal or none."""
    if refused is None:
        return None
    if refused.reason is Refusal.TOO_MANY and refused.retry_at is not None:
        return Throttle(f"Too many attempts. You can try again {try_again(refused.retry_at)}.", refused.retry_at)
    if refused.reason is Refusal.CLOSED:
        return Throttle(_closed(), None)
    return None


def is_pause(refused: Refused) -> bool:
    """Whether *refused* is told by the page as a whole, not by a field."""
    return throttle(refused) is not None


def sentence(refused: Refused) -> str:
    """What to tell the person whose entry was refused."""
    text = _sentence(refused)
    is_told = refused.reason in _COUNTED or (refused.reason in _CLOCK and (refused.left or 0) <= 2)
    if not is_told or refused.left is None:
        return text
    if refused.left == 0:
        text = f"{text.partition('.')[0]}."  # what to do next is to wait
    return f"{text} {_left(refused)}".strip()


def confirmation(refused: Refused) -> str:
    """What to tell somebody logged in whose password was refused: here the address is not in doubt."""
    if refused.reason is Refusal.WRONG_PASSWORD:
        return f"That isn't your password. {_left(refused)}".strip()
    return sentence(refused)


def malformed_code(entry: str) -> str:
    """Why *entry* is no authentication code."""
    stripped = without_separators(entry)
    if not stripped:
        return EMPTY_CODE
    if stripped.isascii() and stripped.isdigit():
        return f"The code has 6 digits. You entered {len(stripped)}."
    return "The code has 6 digits, and nothing but digits. Enter the one your app shows now."


def malformed_backup_code(entry: str) -> str:
    """Why *entry* is no backup code."""
    characters = sum(letter.isalnum() for letter in entry)
    if not characters:
        return EMPTY_BACKUP_CODE
    if characters != BACKUP_CODE_LENGTH:
        return f"A backup code has {BACKUP_CODE_LENGTH} letters and digits. You entered {characters}."
    return "A backup code has letters and digits only, and no U. Compare it with your list."


def malformed_half(entry: str, name: str) -> str:
    """Why *entry* is no half of a repair pass; with its *name*, because the other one may be wrong as well."""
    characters = sum(letter.isalnum() for letter in entry)
    if not characters:
        return f"Enter the {name}: both halves are needed."
    if characters != HALF_LENGTH:
        return f"The {name} has {HALF_LENGTH} letters and digits. You entered {characters}."
    return f"The {name} has letters and digits only, and no U. Compare it once more."


def only_from_before(since: datetime, zone: str) -> str:
    """Why a code that the app shows may be refused while the account is frozen."""
    return f"Your account is frozen: only apps and backup codes from before {full_time(since, zone)} count."


WRONG_CODES = frozenset({Refusal.WRONG_CODE, Refusal.BACKUP_CODE_UNKNOWN})
"""What a factor that was set since the disputed event is refused with."""

_CLOCK = frozenset({Refusal.PHONE_CLOCK_SLOW, Refusal.PHONE_CLOCK_FAST})
"""Refusals that have enough to say: what is left is told when it runs out."""

_COUNTED = WRONG_CODES | {Refusal.WRONG_PASSWORD, Refusal.WRONG_HALVES}


def _sentence(refused: Refused) -> str:
    pause = throttle(refused)
    if pause is not None:
        return pause.sentence
    match refused.reason:
        case Refusal.WRONG_PASSWORD:
            return "The e-mail address or the password isn't right."
        case Refusal.WRONG_CODE:
            return (
                f'That code isn\'t right. Check that you are looking at "{parts().settings.brand_name}" in your app'
                " and enter the code it shows now."
            )
        case Refusal.CODE_ALREADY_USED:
            return (
                "You have already used this code. Wait for the next one in your app,"
                f" about {refused.seconds} {_plural(refused.seconds or 0, 'second')}, and enter that."
            )
        case Refusal.PHONE_CLOCK_SLOW:
            return (
                f"This code is about {_minutes(refused.minutes or 1)} old, so the clock on your phone is probably slow."
                " Switch on automatic date and time in the phone's settings, then enter the code the app shows now."
            )
        case Refusal.PHONE_CLOCK_FAST:
            return (
                "This code isn't valid yet: the clock on your phone is about"
                f" {_minutes(refused.minutes or 1)} fast."
                " Switch on automatic date and time in the phone's settings, then enter the code the app shows now."
            )
        case Refusal.BACKUP_CODE_USED:
            return f"This backup code was used{_on(refused.at)}. Cross it out and enter another one."
        case Refusal.BACKUP_CODE_UNKNOWN:
            return (
                "We don't know this backup code. Compare it with your list;"
                " if you created new codes, only the newest list works."
            )
        case Refusal.BACKUP_CODES_REPLACED:
            return "New backup codes were created a moment ago: this list no longer works. Enter a code of the new one."
        case Refusal.NOT_ACTIVE:
            return "Two-factor authentication is off."
        case Refusal.UNKNOWN_AUTHENTICATOR:
            return "This app isn't there any more. Choose one of those that are."
        case Refusal.TOO_MANY_AUTHENTICATORS:
            return "You have two authenticator apps already. Remove one of them first, or replace it."
        case Refusal.LAST_AUTHENTICATOR:
            return "This is your only authenticator app. To remove it, switch off two-factor authentication."
        case Refusal.NAME_TAKEN:
            return "Your other app has this name. Choose one that tells the two apart."
        case Refusal.CASE_NOT_DUE:
            return f"This case can't be carried out yet. You can try again {try_again(refused.retry_at)}."
        case Refusal.FROZEN:
            return (
                "This account is frozen, and nothing that it had before the freeze is left to lift it."
                f" Write to {parts().settings.support_email}: Support lifts it after checking who you are."
            )
        case Refusal.WIPE_OVER:
            return (
                "Support switched your two-factor authentication off, and the 24 hours to set it up again are over."
                f" Write to {parts().settings.support_email}: Support opens a new case."
            )
        case _:
            return _PLAIN_SENTENCES[refused.reason].format(hint=refused.hint).strip()


_PLAIN_SENTENCES = {
    Refusal.WRONG_HALVES: "These two halves open nothing together. Compare both: one is in the newest e-mail, the other"
    " is what Support read out last. A pass works once, within 24 hours.",
    Refusal.REPAIR_OVER: "This repair pass opens nothing any more: it was used, stopped, or is older than 24 hours.",
    Refusal.GRACE_OUT_OF_RANGE: "The grace period has 0 to 90 days.",
    Refusal.DAY_OUT_OF_RANGE: "Choose a day from today on, within a year.",
    Refusal.NOT_EXEMPT: "This exemption is over already.",
    Refusal.EMAIL_TAKEN: "There is an employee with this e-mail address already.",
    Refusal.EMAIL_INVALID: "This is not an e-mail address.",
    Refusal.PASSWORD_TOO_SHORT: "The password needs at least 15 characters. Several words in a row do well.",
    Refusal.PASSWORD_TOO_LONG: "The password can have at most 256 characters.",
    Refusal.PASSWORD_TOO_EASY: "This password is too easy to guess. {hint}",
    Refusal.PASSWORD_SAME: "This is your current password. Choose a different one.",
    Refusal.EMAIL_SAME: "This is your e-mail address already. Enter another one.",
    Refusal.VENDOR_EXISTS: "There is a vendor's company already.",
    Refusal.VENDOR_ONLY: "Support works in the vendor's company only.",
    Refusal.UNKNOWN_COMPANY: "There is no company with this id.",
    Refusal.UNKNOWN_EMPLOYEE: "There is no employee with this e-mail address.",
    Refusal.NOT_SUPPORT: "Only people of Support may do this.",
    Refusal.OWN_CASE: "A case about yourself is for others: ask two colleagues.",
    Refusal.SAME_AGENT: "You have opened or approved this case already. Another agent has to decide.",
    Refusal.NOT_THE_OPENER: "Only the agent who opened the case writes down which document they saw.",
    Refusal.UNKNOWN_CASE: "There is no such case.",
    Refusal.CASE_EXISTS: "There is an open case about this person already. Go on with that one.",
    Refusal.CASE_MOVED_ON: "This case has moved on meanwhile. Look at its history.",
    Refusal.DEACTIVATED: "This person's account is deactivated. An administrator of their company can change that.",
    Refusal.NOT_FROZEN: "This account isn't frozen any more.",
    Refusal.PASSWORD_IN_DOUBT: "The password may be somebody else's: it was set by the disputed event, or between that"
    " and the freeze. The person sets a new one by mail first, or the case lifts the freeze only.",
    Refusal.AGENT_GONE: "Somebody who opened or approved this case is with Support no more, so it takes a new one. Stop"
    " this one.",
    Refusal.TICKET_INVALID: "Enter a reference of letters, digits and - _ / # . only, at most 64 and without spaces.",
    Refusal.REASON_INVALID: "Say why in one line of at most 200 characters, without numbers of documents.",
    Refusal.NO_MATCH: "Name and photo have to match. If they don't, stop the case and say why.",
    Refusal.DOCUMENT_EXPIRED: "This document is valid no more. Ask for another one.",
    Refusal.OWN_ACCOUNT: "This is your own account. Another administrator can change it.",
    Refusal.SUPPORT_PERSON: "People of Support are not changed here.",
    Refusal.HAS_PASSWORD: "This person has chosen a password already, so there is nothing to invite them to.",
    Refusal.NOT_EMPTY: "This database holds a company already.",
    Refusal.TOO_SOON: "A reminder was sent less than a week ago.",
    Refusal.NOBODY_TO_REMIND: "There is nobody to remind.",
}


def _left(refused: Refused) -> str:
    """How many attempts are left, counted and shown alike for addresses that don't exist."""
    if refused.left and refused.left <= 2 and refused.pause_minutes:
        pause = _minutes(refused.pause_minutes)
        return f"You have {refused.left} {_plural(refused.left, 'attempt')} left, then this pauses for {pause}."
    if refused.left:
        return f"You have {refused.left} {_plural(refused.left, 'attempt')} left."
    if refused.left == 0 and refused.retry_at is None:
        return _closed()
    return f"Too many attempts. You can try again {try_again(refused.retry_at)}." if refused.retry_at else ""


def _closed() -> str:
    return (
        "Too many wrong codes: this kind of code is closed here. Use the other kind, another browser that you have"
        f" logged in with before, or write to {parts().settings.support_email}."
    )


def _on(at: datetime | None) -> str:
    return f" on {day(at).striptags()}" if at else ""


def _minutes(minutes: int) -> str:
    return f"{minutes} {_plural(minutes, 'minute')}"


def _plural(number: int, word: str) -> str:
    return word if number == 1 else f"{word}s"

"""E-mail addresses: which are taken, when two are the same account, and how one is shown.

No clock, no database. Passwords have their own feature.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from email_validator import EmailNotValidError, validate_email

MAX_EMAIL_LENGTH = 254
MAX_NAME_LENGTH = 100

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Plan(StrEnum):
    """What a company pays for. Two-factor authentication is there for every plan."""

    BASIC = "basic"
    PROFESSIONAL = "professional"
    BUSINESS = "business"
    ENTERPRISE = "enterprise"


class Role(StrEnum):
    EMPLOYEE = "employee"
    ADMIN = "admin"
    SUPPORT = "support"


@dataclass(frozen=True, slots=True)
class Requirement:
    """That a company requires two-factor authentication of somebody: *since* when, and how long they have."""

    since: datetime
    grace: timedelta


def email_key(text: str) -> str:
    """The form under which an address is unique and looked up; never raises.

    NFKC and casefold, so that "ADMIN@x", "admin@x " and a Kelvin sign for "k" are one account (CVE-2019-19844).
    Mail goes to the stored address, never to what somebody typed.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", storable(text)).strip().casefold())


def folded(text: str) -> str:
    """*text* as it is sorted and searched: without case and accents, so that "muller" finds "Müller"."""
    decomposed = unicodedata.normalize("NFKD", storable(text).strip().casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def storable(text: str) -> str:
    """*text* with U+FFFD for what a database can't be asked for: a NUL or half a surrogate (case D-88)."""
    return _UNSTORABLE.sub("\ufffd", text)


def valid_email(text: str) -> str | None:
    """The address as it will be stored, or None where it is none. Asks no DNS.

    ASCII before the @: few mail servers take anything else, and a notice that can't be delivered is none. A domain
    may have any letters: deliverable_email() has its ASCII form.
    """
    try:
        return validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False).normalized
    except EmailNotValidError:
        return None


def deliverable_email(email: str) -> str:
    """A stored address as mail servers know it, all ASCII: "info@xn--mller-kva.example".

    By IDNA 2008, as the address was validated: Python's own codec makes another domain of one with a sharp s.
    """
    ascii_email = validate_email(email, check_deliverability=False, allow_smtputf8=False).ascii_email
    if ascii_email is None:
        raise ValueError("an address without an ASCII form was stored")
    return ascii_email


def masked_email(email: str) -> str:
    """An address its owner recognises and a passer-by does not: "le…@st….example"."""
    local, _, domain = email.rpartition("@")
    name, _, ending = domain.rpartition(".")
    return f"{local[:2]}…@{name[:2]}….{ending}" if name else f"{local[:2]}…@{domain}"

"""Links in mails: which kinds there are, and for how long one works."""

from datetime import timedelta
from enum import StrEnum


class LinkKind(StrEnum):
    """What a link is for. One kind never opens what another is for."""

    NOTICE = "notice"
    PASSWORD = "password"
    EMAIL = "email"
    CASE = "case"
    INVITE = "invite"


LIFE = {
    LinkKind.NOTICE: timedelta(days=7),
    LinkKind.PASSWORD: timedelta(minutes=30),
    LinkKind.EMAIL: timedelta(hours=24),
    LinkKind.CASE: timedelta(days=30),  # and no longer than its case is open
    LinkKind.INVITE: timedelta(hours=72),
}

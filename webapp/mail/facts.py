"""What each notice must know, and what every one of them tells in rows: whose account, what, when, where.

A fact that is missing is a broken promise: the mail fails and waits, for a mail with a hole in it explains nothing.
"""

import re

from flask_babel import gettext

from webapp.core.factors.backup_codes.rules import CODES_PER_SET
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Mail, Notice

NEEDED = {
    Notice.ACTIVATED: ("codes_left",),
    Notice.APP_REPLACED: ("codes_left",),
    Notice.NEW_BACKUP_CODES: ("codes_left",),
    Notice.BACKUP_CODE_USED: ("codes_left",),
    Notice.BACKUP_CODES_LOW: ("codes_left",),
    Notice.EMAIL_CHANGE_ASKED: ("new_email",),
    Notice.EMAIL_CHANGED: ("new_email", "former_email"),
    Notice.REPAIR_PASS: ("half_seed",),
    Notice.CASE_OPENED: ("case_kind",),
    Notice.CASE_CHECKED: ("case_kind",),
    Notice.CASE_APPROVED: ("case_kind",),
    Notice.CASE_WAITING: ("case_kind", "way", "due_at"),
    Notice.CASE_DONE: ("case_kind", "way"),
    Notice.CASE_REFUSED: ("case_kind",),
    Notice.CASE_STOPPED: ("case_kind", "by"),
    Notice.CASE_EXPIRED: ("case_kind",),
    Notice.REMINDER: ("company",),
    Notice.INVITE: ("company", "admin"),
    Notice.DEACTIVATED: ("company", "admin"),
    Notice.REACTIVATED: ("company", "admin"),
    Notice.ROLE_CHANGED: ("company", "admin", "role"),
}
"""By notice. *codes_left* a number; *new_email* and *former_email* masked, but for the reader's own: no mail tells a
whole address to another; *case_kind*, *way* and *by* as ``core/cases`` has them; *due_at* in ISO 8601; *company* and
*admin*, who did it, by their names; *role* the new one."""

WELCOME = ("app", "apps", "codes", "email", "password")
"""What may be absent. *app* names an authenticator; the rest says what the lift of a freeze took or gave back."""

NEEDED_LINK = {
    Notice.PASSWORD_LINK: LinkKind.PASSWORD,
    Notice.EMAIL_LINK: LinkKind.EMAIL,
    Notice.CASE_OPENED: LinkKind.CASE,
    Notice.CASE_CHECKED: LinkKind.CASE,
    Notice.CASE_APPROVED: LinkKind.CASE,
    Notice.CASE_WAITING: LinkKind.CASE,
    Notice.INVITE: LinkKind.INVITE,
}
"""What these are for. The link for “This wasn't me” may be absent: the mail then names Support alone."""

_LIKE_AN_ADDRESS = re.compile(r"(?<=\S)([.:/@\\])(?=\S)")


def facts(mail: Mail) -> dict[str, object]:
    """What the templates of *mail* are given of their own. Raises KeyError where one is missing."""
    needed = {name: mail.facts[name] for name in NEEDED.get(mail.notice, ())}
    if mail.notice is Notice.INVITE:
        needed |= {name: no_link(needed[name]) for name in ("company", "admin")}
    if mail.notice in NEEDED_LINK and NEEDED_LINK[mail.notice] not in mail.facts.get("links", {}):
        raise KeyError(NEEDED_LINK[mail.notice])
    return {**needed, **{name: mail.facts.get(name) for name in WELCOME}, "codes_in_all": CODES_PER_SET}


OF_CASES = frozenset(
    {
        Notice.CASE_OPENED,
        Notice.CASE_CHECKED,
        Notice.CASE_APPROVED,
        Notice.CASE_WAITING,
        Notice.CASE_DONE,
        Notice.CASE_REFUSED,
        Notice.CASE_STOPPED,
        Notice.CASE_EXPIRED,
    }
)
"""Those of Support's cases: where an agent sits is nobody's business, and would look like a place of the person's."""


def rows(mail: Mail, *, at: str, where: str, due: str = "") -> list[tuple[str, str]]:
    """Label and value of each row, in the current language; *at*, *where* and *due* in words. No row is empty."""
    told = mail.facts
    account = (gettext("Account"), mail.recipient)
    when, place = (gettext("When"), at), (gettext("Where"), where)
    match mail.notice:
        case Notice.EMAIL_LINK:
            # Nobody knows yet who reads this: not a word about whose account it is, or where they are.
            found = [when]
        case Notice.INVITE:
            found = [account, when]
        case Notice.EMAIL_CHANGE_ASKED:
            found = [account, (gettext("New address"), told["new_email"]), when, place]
        case Notice.EMAIL_CHANGED:
            # Goes to both addresses: "account" would be wrong in one of the two.
            former = (gettext("Former address"), told["former_email"])
            found = [former, (gettext("New address"), told["new_email"]), when, place]
        case Notice.REMINDER:
            # Where the administrator sits is nobody's business.
            found = [account, when]
        case notice if notice in OF_CASES:
            found = [account, when, (gettext("Not before"), due)]
        case _:
            found = [account, (gettext("App"), told.get("app") or ""), when, place]
    return [(label, value) for label, value in found if value]


def no_link(text: str) -> str:
    """*text* that no mail program makes a link of: strangers get our mail with a name in it that its owner chose.

    A thin space after each sign that holds an address together: "evil.example/pay" is two words then, and "J.R. Frei"
    looks as ever.
    """
    return _LIKE_AN_ADDRESS.sub("\\1\N{THIN SPACE}", text)

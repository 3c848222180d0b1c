"""What a mail says: a notice and its facts become a message in text and HTML, in its reader's language.

The links in it are made here, and the half of a repair pass, from the seeds that core left in the facts: a stored mail
alone opens nothing.
"""

import re
import textwrap
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

from flask import render_template
from flask_babel import force_locale, gettext

from webapp.core.accounts.rules import deliverable_email
from webapp.core.links import flows as links
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Mail
from webapp.core.repairs import flows as repairs
from webapp.core.sealing import Keyring
from webapp.mail.facts import facts, rows
from webapp.settings import Settings
from webapp.web import formats, languages, wording

PATHS = {
    LinkKind.NOTICE: "/notices/{token}",
    LinkKind.PASSWORD: "/password/reset/{token}",
    LinkKind.EMAIL: "/email/confirm/{token}",
    LinkKind.CASE: "/notices/{token}",
    LinkKind.INVITE: "/invite/{token}",
}
"""Where a link of each kind leads, under FLASK_PUBLIC_URL: never under what a request's Host header says."""

LINE_LENGTH = 72
"""Of the text part: what old clients and quoted replies still show without breaking it."""


def compose(mail: Mail, settings: Settings, keyring: Keyring) -> EmailMessage:
    """The message, text first and HTML as its alternative; quoted-printable at most, never base64."""
    language = languages.known(mail.facts.get("language"))
    with force_locale(language):
        subject, text, html = _rendered(mail, settings, keyring, language)
    message = EmailMessage()
    host = urlsplit(settings.public_url).hostname or "localhost"
    message["Subject"] = subject
    message["From"] = Address(settings.brand_name, addr_spec=settings.mail_default_sender or f"no-reply@{host}")
    # The address alone: a name is the employee's own text, and Python's folding of headers makes a second recipient,
    # or an error, of some. The letter greets by name.
    message["To"] = Address(addr_spec=deliverable_email(mail.recipient))
    message["Date"] = format_datetime(datetime.fromisoformat(mail.facts["at"]))
    message["Message-ID"] = f"<{mail.message_id}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = language  # after the parts: adding them takes away what begins with Content-
    return message


def _rendered(mail: Mail, settings: Settings, keyring: Keyring, language: str) -> tuple[str, str, str]:
    """Subject, text and HTML in the current language."""
    at, due = (_time(mail, fact) for fact in ("at", "due_at"))
    where = formats.place(mail.facts["user_agent"], mail.facts["address"])
    told = [*rows(mail, at=at, where=where, due=due), *_half(mail, keyring)]
    context = {
        "language": language,
        "name": mail.facts["name"],
        "rows": told,
        "label_width": max(len(label) for label, _ in told),
        "brand": settings.brand_name,
        "support_email": settings.support_email,
        # A line that began with > would be taken for a quotation.
        "path_words": str(wording.PATH_TO_SECURITY).replace(" >", "\N{NO-BREAK SPACE}>"),
        "links": _links(mail, settings, keyring),
        **facts(mail),
    }
    folder = f"email/{mail.notice}"
    subject = render_template(f"{folder}/subject.txt", **context).strip()
    text = _in_lines(render_template(f"{folder}/body.txt", **context))
    return subject, text, render_template(f"{folder}/body.html", subject=subject, **context).strip() + "\n"


def _time(mail: Mail, fact: str) -> str:
    """The time in words that *fact* is, "" where the mail has none."""
    told = mail.facts.get(fact)
    return formats.full_time(datetime.fromisoformat(told), mail.facts["time_zone"]) if told else ""


def _in_lines(text: str) -> str:
    """*text* with one empty line between paragraphs, and none too long but for what can't be broken.

    A row of facts, which is indented, stays as it is: an account's address on two lines is no address.
    """
    lines = [line.rstrip() for line in text.strip().splitlines()]
    whole = [line if line.startswith("  ") or not line else _wrapped(line) for line in lines]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(whole)) + "\n"


def _wrapped(line: str) -> str:
    return textwrap.fill(line, LINE_LENGTH, break_long_words=False, break_on_hyphens=False)


def _links(mail: Mail, settings: Settings, keyring: Keyring) -> dict[str, str]:
    """The addresses that this mail holds, by kind: "notice", "password" and so on."""
    seeds = {LinkKind(kind): seed for kind, seed in mail.facts.get("links", {}).items()}
    return {
        kind.value: settings.public_url + PATHS[kind].format(token=links.token(keyring, kind, seed))
        for kind, seed in seeds.items()
    }


def _half(mail: Mail, keyring: Keyring) -> list[tuple[str, str]]:
    """Label and value of the half of a repair pass that this mail holds; nothing for any other."""
    seed = mail.facts.get("half_seed")
    return [(gettext("Your half"), repairs.mailed_half(keyring, seed))] if seed is not None else []

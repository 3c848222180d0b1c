"""What a mail says: a notice and its facts become a message in text and HTML.

The links in it are made here, from the seeds that core left in the facts: a stored mail alone opens nothing.
"""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

from flask import render_template

from webapp.core.accounts.rules import deliverable_email
from webapp.core.links import flows as links
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Mail
from webapp.core.sealing import Keyring
from webapp.settings import Settings
from webapp.web import formats, wording

PATHS = {
    LinkKind.NOTICE: "/notices/{token}",
    LinkKind.PASSWORD: "/password/reset/{token}",
    LinkKind.EMAIL: "/email/confirm/{token}",
}
"""Where a link of each kind leads, under FLASK_PUBLIC_URL: never under what a request's Host header says."""


def compose(mail: Mail, settings: Settings, keyring: Keyring) -> EmailMessage:
    """The message, text first and HTML as its alternative; quoted-printable at most, never base64."""
    at = datetime.fromisoformat(mail.facts["at"])
    context = {
        "name": mail.facts["name"],
        "account": mail.recipient,
        "at": formats.full_time(at, mail.facts["time_zone"]),
        "where": formats.place(mail.facts["user_agent"], mail.facts["address"]),
        "codes_left": mail.facts.get("codes_left"),
        "brand": settings.brand_name,
        "support_email": settings.support_email,
        "path_words": wording.PATH_TO_SECURITY,
        "links": _links(mail, settings, keyring),
    }

    def rendered(file: str) -> str:
        return render_template(f"email/{mail.notice}/{file}", **context).strip() + "\n"

    message = EmailMessage()
    host = urlsplit(settings.public_url).hostname or "localhost"
    message["Subject"] = rendered("subject.txt").strip()
    message["From"] = Address(settings.brand_name, addr_spec=settings.mail_default_sender or f"no-reply@{host}")
    # The address alone: a name is the employee's own text, and Python's folding of headers makes a second recipient,
    # or an error, of some. The letter greets by name.
    message["To"] = Address(addr_spec=deliverable_email(mail.recipient))
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{mail.message_id}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(rendered("body.txt"), cte="quoted-printable")
    message.add_alternative(rendered("body.html"), subtype="html", cte="quoted-printable")
    return message


def _links(mail: Mail, settings: Settings, keyring: Keyring) -> dict[str, str]:
    """The addresses that this mail holds, by kind: "notice", "password", "email"."""
    seeds = {LinkKind(kind): seed for kind, seed in mail.facts.get("links", {}).items()}
    return {
        kind.value: settings.public_url + PATHS[kind].format(token=links.token(keyring, kind, seed))
        for kind, seed in seeds.items()
    }

"""From a notice to an e-mail in text and HTML, and out of the house: for now as a file for each mail.

Core owes the mail and knows neither; ``flask outbox send`` calls what is made here.
"""

import os
from collections.abc import Callable
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, render_template

from webapp.core.accounts.rules import deliverable_email
from webapp.core.notices.flows import Mail
from webapp.settings import Settings
from webapp.web import formats, wording

Transport = Callable[[Mail], None]


def file_transport(app: Flask, settings: Settings, folder: Path) -> Transport:
    """Writes each mail to an ``.eml`` file in *folder*, readable by its owner only; raises OSError."""

    def send(mail: Mail) -> None:
        with app.app_context():
            message = compose(mail, settings)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The same mail has the same name: sent again after a crash, it is still one file.
        name = f"{mail.facts['at'][:19].replace(':', '')}-{mail.notice}-{mail.message_id[:8]}.eml"
        aside = folder / f".{name}"
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(message.as_bytes())
        aside.replace(folder / name)

    return send


def compose(mail: Mail, settings: Settings) -> EmailMessage:
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

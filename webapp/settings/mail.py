"""The mail settings: the server that takes mail, how it is spoken to, and who mails are from."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from webapp.core.accounts.rules import deliverable_email
from webapp.settings.reader import Reader, SettingsError


class Encryption(StrEnum):
    """How the connection to the mail server is kept from being read: not at all, from STARTTLS on, from the start."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


USUAL_PORT = {Encryption.NONE: 25, Encryption.STARTTLS: 587, Encryption.TLS: 465}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over. *username* and *password* are both "" where the server asks for none."""

    host: str
    port: int
    encryption: Encryption
    username: str
    password: str = field(repr=False)


def mail_server(reader: Reader) -> MailServer | None:
    """The server, or None where mail is written to files; what is set besides is checked all the same."""
    host = _host(reader)
    encryption = _encryption(reader)
    port = reader.whole("MAIL_PORT", USUAL_PORT[encryption], least=1, most=65535)
    username, password = _log_in(reader)
    return MailServer(host, port, encryption, username, password) if host else None


def default_sender(reader: Reader, origin: str) -> str:
    """The address that mails are from, in ASCII as mail servers know it; without one set, one at the public host."""
    if reader.text("MAIL_DEFAULT_SENDER", ""):
        return deliverable_email(reader.email("MAIL_DEFAULT_SENDER", ""))
    host = urlsplit(origin).hostname or "localhost"
    sender = f"no-reply@{'localhost' if ':' in host else host}"
    try:
        return deliverable_email(sender)
    except ValueError:  # the public host is a number, or this machine
        if not sender.isascii():
            raise SettingsError("FLASK_MAIL_DEFAULT_SENDER is missing; the public host can't be one's") from None
        return sender


def _host(reader: Reader) -> str:
    host = reader.text("MAIL_SERVER", "")
    if host and not re.fullmatch(r"[\w-]+(\.[\w-]+)*", host, re.ASCII) and not _is_address(host):
        raise SettingsError("FLASK_MAIL_SERVER must be the name of a host; its port goes to FLASK_MAIL_PORT")
    return host


def _encryption(reader: Reader) -> Encryption:
    by_starttls, from_the_start = reader.flag("MAIL_USE_TLS", False), reader.flag("MAIL_USE_SSL", False)
    if by_starttls and from_the_start:
        raise SettingsError(
            "FLASK_MAIL_USE_TLS and FLASK_MAIL_USE_SSL are both on; choose STARTTLS (usually port 587) or TLS from"
            " the start (usually port 465)"
        )
    if by_starttls:
        return Encryption.STARTTLS
    return Encryption.TLS if from_the_start else Encryption.NONE


def _log_in(reader: Reader) -> tuple[str, str]:
    username, password = reader.text("MAIL_USERNAME", ""), reader.text("MAIL_PASSWORD", "")
    if username and not password:
        raise SettingsError("FLASK_MAIL_USERNAME is set without FLASK_MAIL_PASSWORD")
    if password and not username:
        raise SettingsError("FLASK_MAIL_PASSWORD is set without FLASK_MAIL_USERNAME")
    for name, value in (("FLASK_MAIL_USERNAME", username), ("FLASK_MAIL_PASSWORD", password)):
        # smtplib logs in with nothing else; better told now than at the first mail.
        if not value.isascii() or not value.isprintable():
            raise SettingsError(f"{name} may hold printable ASCII characters only")
    return username, password


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True

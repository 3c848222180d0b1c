"""Mail by SMTP: a connection for each mail, with a limit on the whole of it.

One connection a mail, not a run: each mail has its own time, a broken connection is nobody else's, and two senders
share nothing. That costs a handshake for each of the few notices a company gets. What a server answers may hold
addresses, so only the kind of an error and its code leave this module.
"""

import contextlib
import smtplib
import socket
import ssl
import threading
from email.message import EmailMessage
from types import TracebackType
from typing import Any

from flask import Flask

from webapp.core.notices.flows import Mail, NotSentError, ServerAwayError
from webapp.core.sealing import Keyring
from webapp.mail import Transport
from webapp.mail.compose import compose
from webapp.settings import Settings
from webapp.settings.mail import Encryption, MailServer

CONNECT_S = 10.0
LIMIT_S = 60.0
"""For a whole mail, from its connection to the answer to its last byte: half of the outbox's LEASE, so that no sender
is still at a mail when another one may take it. A server that took the mail and says so later gets it again."""

QUIT_S = 2.0
SHUTTING_DOWN = 421


def smtp_transport(
    app: Flask, settings: Settings, keyring: Keyring, server: MailServer, *, limit_s: float = LIMIT_S
) -> Transport:
    """Hands each mail to *server*, whose certificate is checked; raises NotSentError, ServerAwayError.

    Away is whatever would happen to the next mail too: no connection, no log-in, a refused sender, a connection that
    breaks or hangs. Refused are one mail's recipient or content.
    """

    def send(mail: Mail) -> None:
        with app.app_context():
            message = compose(mail, settings, keyring)
        with _Limit(limit_s) as limit:
            try:
                _hand_over(message, settings.mail_default_sender, server, limit)
            except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
                kind = ServerAwayError if _code(error) == SHUTTING_DOWN else NotSentError
                raise kind(_words(error)) from None
            except OSError as error:  # smtplib's own are OSErrors, too
                raise ServerAwayError("TimeoutError" if limit.is_over else _words(error)) from None

    return send


class _Limit:
    """Cuts a connection off when its time is over: the time-out of a socket begins anew with each byte that drips."""

    def __init__(self, limit_s: float) -> None:
        self.is_over = False
        self._connection: smtplib.SMTP | None = None
        self._timer = threading.Timer(limit_s, self._cut_off)

    def __enter__(self) -> "_Limit":
        self._timer.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._timer.cancel()
        self._timer.join()

    def watch(self, connection: smtplib.SMTP) -> None:
        self._connection = connection

    def must_not_be_over(self) -> None:
        """Raises TimeoutError: connecting may take longer than the limit, while there is nothing yet to cut off."""
        if self.is_over:
            raise TimeoutError

    def _cut_off(self) -> None:
        self.is_over = True
        sock = self._connection.sock if self._connection else None
        if sock is not None:
            with contextlib.suppress(OSError):
                # Past TLS: the sender may be reading, and must find the end of the stream and nothing half-torn-down.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _Watched:
    """Mixed into smtplib's classes, which connect while they are made: the limit has to know the connection before."""

    def __init__(self, limit: _Limit, **options: Any) -> None:
        limit.watch(self)  # type: ignore[arg-type]  # it is one, mixed
        super().__init__(**options)


class _Smtp(_Watched, smtplib.SMTP):
    pass


class _SmtpOverTls(_Watched, smtplib.SMTP_SSL):
    pass


def _hand_over(message: EmailMessage, sender: str, server: MailServer, limit: _Limit) -> None:
    connection = _connect(server, limit, local_hostname=_called(sender))
    try:
        _wait(connection, LIMIT_S)  # from here on only the limit counts
        limit.must_not_be_over()
        if server.encryption is Encryption.STARTTLS:
            connection.starttls(context=ssl.create_default_context())
        if server.username:
            connection.login(server.username, server.password)
        connection.send_message(message, sender, [address.addr_spec for address in message["To"].addresses])
        # The mail is taken: whatever comes of the good-bye, it must not be sent again.
        with contextlib.suppress(OSError):
            _wait(connection, QUIT_S)
            connection.quit()
    finally:
        connection.close()


def _connect(server: MailServer, limit: _Limit, *, local_hostname: str) -> smtplib.SMTP:
    where: dict[str, Any] = {"host": server.host, "port": server.port, "local_hostname": local_hostname}
    if server.encryption is Encryption.TLS:
        return _SmtpOverTls(limit, timeout=CONNECT_S, context=ssl.create_default_context(), **where)
    return _Smtp(limit, timeout=CONNECT_S, **where)


def _wait(connection: smtplib.SMTP, seconds: float) -> None:
    """Let each answer take so long."""
    if connection.sock is not None:
        connection.sock.settimeout(seconds)


def _called(sender: str) -> str:
    """What we call ourselves: the domain mails are from, and not what this machine is called inside."""
    domain = sender.rpartition("@")[2]
    return f"[{domain}]" if domain.replace(".", "").isdigit() else domain


def _code(error: OSError) -> int | None:
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next((code for code, _ in error.recipients.values()), None)
    return None


def _words(error: OSError) -> str:
    """Of *error* what may be written down: "SMTPRecipientsRefused 550"."""
    code = _code(error)
    return error.__class__.__name__ + (f" {code}" if code else "")

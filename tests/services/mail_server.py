"""A real SMTP server (aiosmtpd) in a thread of the test, on a port of this machine, whose faults a test switches."""

import asyncio
import contextlib
import email
import email.policy
import itertools
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HANG = "hang"
DROP = "drop"
TAKE_AND_DROP = "take and drop"
"""Faults beside an answer such as "450 later": say nothing more, end the connection, take the mail and then end it."""


@dataclass
class MailServer:
    """*faults*: what happens at a command, as "RCPT", or at "RCPT lea@studio.example"; nothing goes wrong without one.

    ``taken`` are the mails it has said 250 to, or would have; ``greeted`` what clients call themselves; ``envelopes``
    sender and recipients of each. ``has_enough`` is set with the *enough*-th mail.
    """

    faults: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    from_the_start: bool = False
    user: tuple[str, str] | None = None
    port: int = 0
    connections: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    greeted: list[str] = field(default_factory=list)
    logged_in_with: list[tuple[str, str]] = field(default_factory=list)
    at_data: threading.Event = field(default_factory=threading.Event)
    may_go_on: threading.Event = field(default_factory=threading.Event)
    enough: int = 0
    has_enough: threading.Event = field(default_factory=threading.Event)
    open: set[asyncio.Transport] = field(default_factory=set)

    def ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.taken]

    def protocol(self) -> SMTP:
        self.connections += 1
        starttls = None if self.from_the_start else self.tls
        return _Smtp(
            self.open,
            self,
            hostname="mail.test",
            loop=asyncio.get_running_loop(),
            tls_context=starttls,
            require_starttls=starttls is not None,
            # It knows no TLS but STARTTLS, and warns where it demands a log-in without.
            auth_required=self.user is not None and not self.from_the_start,
            auth_require_tls=not self.from_the_start,
            authenticator=self._authenticate if self.user else None,
        )

    async def handle_EHLO(
        self, server: SMTP, session: Session, _: Envelope, name: str, answers: list[str]
    ) -> list[str]:
        session.host_name = name
        self.greeted.append(name)
        return answers

    async def handle_MAIL(self, server: SMTP, _s: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        envelope.mail_from = address
        return await self._fault(server, "MAIL", address) or "250 OK"

    async def handle_RCPT(self, server: SMTP, _s: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        answer = await self._fault(server, "RCPT", address)
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:
        self.at_data.set()
        if self.faults.get("DATA") == "wait":
            await asyncio.get_running_loop().run_in_executor(None, self.may_go_on.wait, 30)
        mail = email.message_from_bytes(bytes(envelope.content or b""), policy=email.policy.default)
        fault = self.faults.get("DATA", "") or self.faults.get(f"DATA {envelope.rcpt_tos[0]}", "")
        if fault in ("", "wait", TAKE_AND_DROP):
            self.taken.append(mail)
            self.envelopes.append((str(envelope.mail_from), list(envelope.rcpt_tos)))
        if len(self.taken) == self.enough:
            self.has_enough.set()
        return await self._fault(server, "DATA", envelope.rcpt_tos[0]) or "250 taken"

    async def handle_QUIT(self, server: SMTP, _s: Session, _e: Envelope) -> str:
        return await self._fault(server, "QUIT", "") or "221 bye"

    async def _fault(self, server: SMTP, command: str, address: str) -> str:
        fault = self.faults.get(command) or self.faults.get(f"{command} {address}") or ""
        if fault == HANG:
            await asyncio.Event().wait()  # until the client gives up, and aiosmtpd cancels this
        if fault in (DROP, TAKE_AND_DROP):
            server.transport.abort()
        return "" if fault == "wait" else fault

    def _authenticate(self, _s: SMTP, _e: Session, _v: Envelope, _mechanism: str, said: Any) -> AuthResult:
        assert isinstance(said, LoginPassword)
        pair = (said.login.decode(), said.password.decode())
        self.logged_in_with.append(pair)
        return AuthResult(success=pair == self.user, handled=False)


class _Smtp(SMTP):
    """Keeps its connections in *opened*, so that those a test left open are closed with the server."""

    def __init__(self, opened: set[asyncio.Transport], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._opened = opened

    def connection_made(self, transport: Any) -> None:
        self._opened.add(transport)
        super().connection_made(transport)


class _Dripping(asyncio.Protocol):
    """Says *text* over and over, a byte at a time."""

    def __init__(self, opened: set[asyncio.Transport], text: bytes, every_s: float) -> None:
        self._opened, self._every_s = opened, every_s
        self._bytes = itertools.cycle(text)

    def connection_made(self, transport: Any) -> None:
        self._opened.add(transport)
        self._drip(transport)

    def _drip(self, transport: asyncio.Transport) -> None:
        if not transport.is_closing():
            transport.write(bytes([next(self._bytes)]))
            asyncio.get_running_loop().call_later(self._every_s, self._drip, transport)


@contextlib.contextmanager
def running(server: MailServer) -> Iterator[MailServer]:
    """*server* at ``server.port``, which it keeps when it is started anew."""
    context = server.tls if server.from_the_start else None
    with _listening(server.protocol, server.open, port=server.port, tls=context) as port:
        server.port = port
        yield server


@contextlib.contextmanager
def dripping(text: bytes, *, every_s: float) -> Iterator[int]:
    """The port of a server that drips."""
    opened: set[asyncio.Transport] = set()
    with _listening(lambda: _Dripping(opened, text, every_s), opened) as port:
        yield port


@contextlib.contextmanager
def _listening(
    protocol: Callable[[], asyncio.BaseProtocol],
    opened: set[asyncio.Transport],
    *,
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> Iterator[int]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> asyncio.Server:
        return await loop.create_server(protocol, "127.0.0.1", port, ssl=tls)

    async def stop(listening: asyncio.Server) -> None:
        listening.close()
        for transport in opened:
            transport.abort()
        for _ in range(5):  # what is closed is told so in the loop's next rounds
            await asyncio.sleep(0)
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await loop.shutdown_default_executor()

    listening = asyncio.run_coroutine_threadsafe(start(), loop).result(timeout=30)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(stop(listening), loop).result(timeout=30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=30)
        loop.close()

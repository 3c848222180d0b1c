"""Requests as no browser sends them, byte by byte over a socket, and answers with each header as it stands."""

import contextlib
import socket
import urllib.parse
from dataclasses import dataclass


@dataclass(frozen=True)
class Reply:
    """*headers* as they came, names in lower case, repeated ones repeated."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return ", ".join(value for known, value in self.headers if known == name)

    def cookies(self) -> dict[str, str]:
        """What the answer sets, by name."""
        pairs = [value.partition(";")[0].partition("=") for name, value in self.headers if name == "set-cookie"]
        return {name: value for name, _, value in pairs}


def ask(
    address: str, target: str, *, method: str = "GET", headers: tuple[tuple[str, str], ...] = (), body: bytes = b""
) -> Reply:
    """What the server at *address* answers to exactly this. Host and Content-Length are added where missing."""
    host = urllib.parse.urlsplit(address).netloc
    names = {name.lower() for name, _ in headers}
    missing = [("Host", host), ("Connection", "close")]
    if body:
        missing.append(("Content-Type", "application/x-www-form-urlencoded"))
        missing += [] if "transfer-encoding" in names else [("Content-Length", str(len(body)))]
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    lines += [f"{name}: {value}" for name, value in missing if name.lower() not in names]
    return _read(_exchange(host, "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body))


def form(**fields: str) -> bytes:
    return urllib.parse.urlencode(fields).encode()


def _exchange(host: str, request: bytes) -> bytes:
    name, _, port = host.rpartition(":")
    with socket.create_connection((name, int(port)), timeout=20) as wire:
        received = b""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before all of it was sent
            wire.sendall(request)
        with contextlib.suppress(ConnectionResetError):
            while part := wire.recv(65536):
                received += part
    return received


def _read(received: bytes) -> Reply:
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(":") for line in lines]
    return Reply(int(first.split()[1]), tuple((name.lower(), value.strip()) for name, _, value in pairs), body)

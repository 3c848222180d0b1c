"""A browser without a screen for tests over real HTTP: cookies, forms with their token, redirects seen."""

import http.cookiejar
import re
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.client import HTTPMessage, HTTPResponse
from typing import Any


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: HTTPMessage

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")


class _StayHere(urllib.request.HTTPErrorProcessor):
    """Hands every status to the test, redirects and refusals included."""

    def http_response(self, request: urllib.request.Request, response: HTTPResponse) -> HTTPResponse:
        return response

    https_response: Any = http_response


class Browser:
    """One person's browser at *address*."""

    def __init__(self, address: str, *, user_agent: str = "Firefox") -> None:
        self.address = address
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies), _StayHere())
        self._opener.addheaders = [("User-Agent", user_agent)]

    def tokens(self) -> set[str]:
        """The tokens in its cookies."""
        return {str(cookie.value).partition(".")[2] or str(cookie.value) for cookie in self.cookies}

    def get(self, path: str) -> Answer:
        return self._open(urllib.request.Request(self.address + path))

    def post(self, path: str, *, form_at: str | None = None, **fields: str) -> Answer:
        """Send *fields* with the token of the form that the page at *form_at* (or *path*) holds."""
        return self.send(path, self.token(form_at or path), **fields)

    def send(self, path: str, token: str, **fields: str) -> Answer:
        body = urllib.parse.urlencode({"csrf_token": token, **fields}).encode()
        return self._open(urllib.request.Request(self.address + path, body))

    def token(self, path: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(path).text)
        assert found, f"no form at {path}"
        return found.group(1)

    def _open(self, request: urllib.request.Request) -> Answer:
        with self._opener.open(request, timeout=60) as response:
            return Answer(response.status, response.read().decode(), response.headers)

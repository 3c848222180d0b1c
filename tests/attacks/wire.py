"""An attacker's own client over real HTTP: any method, header, cookie and body; nothing is followed or corrected."""

import http.client
import re
import threading
import urllib.parse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tests.core.people import PASSWORD
from tests.services.browser import Answer
from tests.services.place import Place

T = TypeVar("T")
FORM = "application/x-www-form-urlencoded"


class Wire:
    """Somebody with *cookies* of their choice, who keeps the ones that come and the token of the last form seen."""

    def __init__(self, address: str, **cookies: str) -> None:
        self.address, self.cookies, self.csrf = address, cookies, ""

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request. Underscores in the names of *headers* stand for dashes."""
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        sent["Cookie"] = "; ".join(f"{name}={text}" for name, text in self.cookies.items())
        if body is not None:
            sent.setdefault("Content-Type", FORM)
        connection = http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=60)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            answer = Answer(response.status, response.read().decode(), response.headers)
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, text = cookie.partition(";")[0].partition("=")
            self.cookies[name] = text
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
        self.csrf = found.group(1) if found else self.csrf
        return answer

    def form(self, **fields: str) -> bytes:
        return urllib.parse.urlencode({"csrf_token": self.csrf, **fields}).encode()

    def send(self, path: str, **fields: str) -> Answer:
        """A form with the token that was seen last."""
        return self.ask("POST", path, self.form(**fields))

    def copy(self) -> "Wire":
        """The cookies and the token in another's hands."""
        other = Wire(self.address, **self.cookies)
        other.csrf = self.csrf
        return other


def half_way(place: Place) -> Wire:
    """The password has been given; the form that asks for the code is open."""
    wire = Wire(place.address)
    wire.ask("GET", "/login")
    answer = wire.send("/login", email=place.owner.person.email, password=PASSWORD)
    assert (303, "/login/code") == (answer.status, answer.location)
    wire.ask("GET", "/login/code")
    return wire


def leads_to_log_in(answer: Answer) -> bool:
    """Whether *answer* shows nothing and sends whoever asked to the log-in, as a page or as HTMX."""
    target = answer.location if answer.status == 303 else answer.headers.get("HX-Redirect", "")
    return answer.status in (303, 204) and target.partition("?")[0] == "/login"


def at_one_instant(acts: list[Callable[[], T]]) -> list[T]:
    """What each of *acts* gave, all of them begun together."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T:
        start.wait(timeout=30)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(run, act) for act in acts]]

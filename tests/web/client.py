"""A client that goes a person's way and checks every answer it gets: headings, title, labels, ids, headers."""

import re
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.dom import Element, parse

PAGE, FRAGMENT = "page", "fragment"
NO_LABEL_NEEDED = {"hidden", "submit", "button"}
SECRET_FIELDS = {"password", "current_password", "new_password", "code", "backup_code", "mailed_half", "read_half"}
ADDRESSES = ("href", "src", "action", "data-hx-get", "data-hx-post")


@dataclass(frozen=True)
class Answer:
    """One answer. *document* is empty where it has no HTML."""

    response: TestResponse
    document: Element

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def location(self) -> str:
        """Where the browser is sent, by either kind of answer."""
        return self.response.headers.get("Location") or self.response.headers.get("HX-Redirect", "")

    @property
    def text(self) -> str:
        return self.document.text

    @property
    def heading(self) -> str:
        """The page's heading, or the pop-up's."""
        found = self.document.all("h1") or self.document.all("h2")
        return found[0].text

    def value(self, name: str) -> str:
        return self.document.one("input", name=name).attributes.get("value", "")


class Client:
    """One browser. In the mode "fragment" it asks as HTMX does for what HTMX would ask for."""

    def __init__(self, flask_client: FlaskClient, mode: str = PAGE, secrets: set[str] | None = None) -> None:
        self.flask = flask_client
        self.mode = mode
        self.token = ""
        self.page = Element("#none")
        self.sent_to = ""
        self.secrets = set() if secrets is None else secrets

    def get(self, path: str, **options: Any) -> Answer:
        return self._answer(self.flask.get(path, headers=self._headers(options.pop("headers", {})), **options))

    def post(self, path: str, *, form_at: str | None = None, **fields: Any) -> Answer:
        """Fill in the form that the page at *form_at* (or *path*) holds, and send it."""
        self.token = self._token(self.flask.get(form_at or path))
        return self.send(path, **fields)

    def send(self, path: str, *, headers: dict[str, str] | None = None, **fields: Any) -> Answer:
        """Send with the token of the last form, without opening a page first."""
        data = {"csrf_token": self.token, **fields}
        self._keep_secret(data)
        return self._answer(self.flask.post(path, data=data, headers=self._headers(headers or {})))

    def fill_in(self, button: str, by_label: dict[str, str] | None = None) -> Answer:
        """Type into the fields of the page before us, found by their labels, and press *button* of their form."""
        pressed = [one for one in self.page.all("button") if button in (one.text, one.attributes.get("aria-label"))]
        assert 1 == len(pressed), f"{len(pressed)} × button {button}"
        form = form_of(pressed[0], self.page)
        fields = filled_in(form) | {control(self.page, form, label): text for label, text in (by_label or {}).items()}
        self._keep_secret(fields)
        method, action = form.attributes["method"], form.attributes["action"]
        self.sent_to = action
        sent = {"data": fields} if method == "post" else {"query_string": fields} if fields else {}
        return self._answer(self.flask.open(action, method=method, headers=self._headers({}), **sent))

    def followed(self, answer: Answer) -> Answer:
        """Where *answer* leads to: HTMX follows 303 itself, and leaves the page for HX-Redirect."""
        if not answer.location:
            return answer
        return (self if answer.status == 303 else self.as_page()).get(answer.location)

    def as_page(self) -> "Client":
        """The same browser, loading whole pages."""
        return Client(self.flask, PAGE, self.secrets)

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        return {"HX-Request": "true", **headers} if self.mode == FRAGMENT else headers

    def _answer(self, response: TestResponse) -> Answer:
        check_headers(response)
        is_html = response.mimetype == "text/html" and response.status_code not in (204, 303)
        document = parse(response.text) if is_html else Element("#none")
        self.secrets |= {cookie.value[2:] for cookie in [self.flask.get_cookie("session")] if cookie}
        check_addresses(response, document, self.secrets)
        if is_html:
            self.page = document
            check_document(document, is_whole="<!doctype html>" in response.text.lower(), status=response.status_code)
            token = document.all("input", name="csrf_token")
            self.token = token[0].attributes["value"] if token else self.token
        return Answer(response, document)

    def _keep_secret(self, fields: dict[str, Any]) -> None:
        typed = [text for name, text in fields.items() if name in SECRET_FIELDS and isinstance(text, str)]
        self.secrets |= {text for text in typed if len(text) >= 6}

    @staticmethod
    def _token(response: TestResponse) -> str:
        found = parse(response.text).all("input", name="csrf_token")
        assert found, f"no form on {response.request.path}: {response.status}"
        return found[0].attributes["value"]


def check_headers(response: TestResponse) -> None:
    headers = response.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "nosniff" == headers["X-Content-Type-Options"]
    assert "same-origin" == headers["Cross-Origin-Opener-Policy"]
    assert "same-origin" == headers["Cross-Origin-Resource-Policy"]
    assert "same-origin" == headers["Referrer-Policy"]
    assert {"camera=()", "geolocation=()", "microphone=()"} <= set(headers["Permissions-Policy"].split(", "))
    if response.request.path.startswith("/static/"):
        return
    assert "no-store" in headers["Cache-Control"]
    assert {"HX-Request", "Cookie"} <= {name.strip() for name in headers["Vary"].split(",")}
    for cookie in headers.getlist("Set-Cookie"):
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


def check_addresses(response: TestResponse, document: Element, secrets: set[str]) -> None:
    """No token, password or code stands in an address, where logs and histories keep it (ASVS 14.2.1)."""
    addresses = [response.request.url, response.headers.get("Location", ""), response.headers.get("HX-Redirect", "")]
    for element in document.everything():
        addresses += [element.attributes.get(name, "") for name in ADDRESSES]
    shown = {code.text for code in document.all("code") if re.fullmatch("[0-9A-Z -]{19,40}", code.text)}
    for address in addresses:
        if address.startswith(("otpauth:", "data:", "/static/")):
            continue
        assert not [secret for secret in secrets | shown if secret in address], address


def check_document(document: Element, *, is_whole: bool, status: int) -> None:
    elements = document.everything()
    _one_heading(document, is_whole=is_whole, status=status)
    ids = [element.attributes["id"] for element in elements if "id" in element.attributes]
    assert len(ids) == len(set(ids)), sorted(one for one in ids if ids.count(one) > 1)
    labelled = {label.attributes.get("for") for label in document.all("label")}
    for element in elements:
        attributes = element.attributes
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith(("on", "hx-"))], attributes
        if element.tag in ("input", "select", "textarea") and attributes.get("type") not in NO_LABEL_NEEDED:
            assert attributes.get("id") in labelled or "aria-label" in attributes, attributes
        for reference in ("aria-describedby", "aria-labelledby"):
            assert set(attributes.get(reference, "").split()) <= set(ids), attributes
        if element.tag == "form":
            assert attributes["method"] in ("get", "post")
            assert attributes["action"].startswith("/")
            if attributes["method"] == "post":
                element.one("input", name="csrf_token")
        if element.tag == "img":
            assert attributes["alt"]
        if element.tag == "script":
            assert attributes.get("src", "").startswith("/static/")
            assert "" == element.text


def _one_heading(document: Element, *, is_whole: bool, status: int) -> None:
    """One h1 on a page, an h2 in a pop-up; the title begins with it, or with "Error: " before it."""
    dialogs = document.all("dialog")
    heading = dialogs[0].all("h2")[0] if dialogs else document.one("h1")
    if is_whole:
        document.one("h1")
        document.one("main")
    title = document.all("title")[0].text
    begin = f"Error: {heading.text}" if status >= 400 else heading.text
    assert title.startswith(begin), (title, begin)


def form_of(button: Element, page: Element) -> Element:
    """The form that *button* submits: the one it names, or the one around it."""
    if "form" in button.attributes:
        return page.one("form", id=button.attributes["form"])
    around = button.parent
    while around is not None and around.tag != "form":
        around = around.parent
    assert around is not None, f"{button.text} is in no form"
    return around


def filled_in(form: Element) -> dict[str, str]:
    """What *form* would send as it stands."""
    typed = {
        one.attributes["name"]: one.attributes.get("value", "")
        for one in form.all("input")
        if "name" in one.attributes
        and ("checked" in one.attributes or one.attributes["type"] not in ("radio", "checkbox"))
    }
    chosen = {
        one.attributes["name"]: option.attributes["value"]
        for one in form.all("select")
        for option in one.all("option")
        if "selected" in option.attributes
    }
    return typed | chosen


def control(page: Element, form: Element, label: str) -> str:
    """The name of the field of *form* with this label."""
    found = [one for one in page.all("label") if one.text == label]
    assert 1 == len(found), f"{len(found)} × label {label}"
    controls = [one for tag in ("input", "select") for one in form.all(tag, id=found[0].attributes["for"])]
    assert 1 == len(controls), f"{label} is in another form"
    return controls[0].attributes["name"]

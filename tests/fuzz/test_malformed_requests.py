"""Malformed requests by the thousand, on every route, in every state, as a page and as HTMX asks.

Each example is one browser in one state that sends one odd request to each route. Nothing that is sent holds a right
code, so that whatever is answered, no factor and no password may have changed.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests import databases
from tests.core.people import STRANGER, Clock, Owner, Product
from tests.core.stored import dump
from tests.web.client import check_headers
from tests.web.dom import parse
from webapp import create_app
from webapp.core.accounts import flows as accounts
from webapp.core.accounts.flows import Person
from webapp.core.challenge.flows import HalfWay
from webapp.core.database import EmployeeId
from webapp.core.sessions import flows as sessions

LEAST = 2000
SENT = {"requests": 0}
SAFE_FROM_FORMS = ("authenticators", "backup_codes", "backup_code_sets", "password_hashes")

# --- what is odd ------------------------------------------------------------------------------------------------------

LONG, LONG_NAME = b"a" * 60_000, b"<60 kB>"
ODD = [
    b"",
    b"\0",
    b"a\0b",
    b"\xff\xfe",
    b"\xed\xa0\x80",  # half of a surrogate pair
    "\u202eabc\u200f".encode(),  # right to left
    "１２３４５６".encode(),
    "ſſſſſſſſſſſſſſſſ".encode(),
    "\U0001f600".encode() * 50,
    b"000000",
    b"000 000",
    b"0000-0000-0000-0000",
    b"-1",
    b"1e9",
    b"9" * 400,
    b"on",
    b"post",
    b"<script>alert(1)</script>",
    b"{{7*7}}",
    b"' OR 1=1 --",
    b"../../../../etc/passwd",
    b"//evil.example/",
    b"/\\evil.example",
    b"https://evil.example/",
    b"\r\nSet-Cookie: x=y",
    b"lea@studio.example",
    b"nobody@studio.example",
    b"@",
    LONG_NAME,
]
OWN, COLLEAGUE, SOMEBODY_ELSEWHERE = b"own", b"colleague", b"stranger"
IDS = [OWN] * 16 + [
    COLLEAGUE,
    SOMEBODY_ELSEWHERE,
    SOMEBODY_ELSEWHERE,
    b"9" * 40,
    b"9" * 40,
    b"4294967297",
    b"99",
    b"0",
    b"-1",
    b"007",
]
IDS += ["١".encode(), b"1e3", b"%00", b"\0", b"1/../2", b"\xff"]
FILES = [b"app.css", b"app.js", b"vendor/htmx.min.js", b"../wsgi.py", b"..%2f..%2fwsgi.py", b"/etc/passwd", b"vendor"]
FIELDS = [b"email", b"password", b"code", b"backup_code", b"name", b"phone", b"language", b"carry_on", b"csrf_token"]
FIELDS += [b"", b"code[]", b"code.0", b"__proto__", b"\0", b"\xff", b"_method", b"n" * 2000]
ARGUMENTS = [b"q", b"page", b"next", b"by", b"after", b"phone", b"v", b"csrf_token", b"\xff"]
TYPES = [
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-16",
    "multipart/form-data; boundary=edge",
    "multipart/form-data",
    "multipart/form-data; boundary=" + "b" * 300,
    "application/json",
    "application/xml",
    "application/csp-report",
    "application/reports+json",
    "text/plain; charset=\xff",
    ";;;",
    "",
]
HEADERS = {
    "HTTP_HOST": ["localhost", "127.0.0.1:5000", "localhost:99999", "evil.example", "", "a b", "[::1]", "\xff", "."],
    "HTTP_ORIGIN": ["null", "http://localhost", "https://evil.example", "http://[", "\xff", ""],
    "HTTP_REFERER": ["http://localhost/login", "https://evil.example/", "http://[::1", "//", "\xff"],
    "HTTP_SEC_FETCH_SITE": ["same-origin", "cross-site", "none", "?"],
    "HTTP_X_FORWARDED_FOR": ["203.0.113.9", "1, 2, 3", "\xff", "x" * 5000],
    "HTTP_X_FORWARDED_HOST": ["evil.example", "localhost"],
    "HTTP_X_FORWARDED_PROTO": ["https", "javascript"],
    "HTTP_X_FORWARDED_PREFIX": ["/admin", "//evil.example"],
    "HTTP_X_HTTP_METHOD_OVERRIDE": ["DELETE", "POST"],
    "HTTP_HX_HISTORY_RESTORE_REQUEST": ["true", "1"],
    "HTTP_HX_TARGET": ["main", "\xff"],
    "HTTP_HX_CURRENT_URL": ["https://evil.example/", "\xff"],
    "HTTP_HX_BOOSTED": ["true"],
    "HTTP_RANGE": ["bytes=0-1", "bytes=-5", "bytes=9-1", "bytes=0-0,5-6", "lines=1", "\xff"],
    "HTTP_IF_NONE_MATCH": ["*", '"x"', "W/", "\xff"],
    "HTTP_IF_MODIFIED_SINCE": ["Mon, 99 Foo 2026", "Thu, 01 Jan 2099 00:00:00 GMT", "\xff"],
    "HTTP_IF_RANGE": ["x", "\xff"],
    "HTTP_ACCEPT": ["*/*;q=x", "application/json", ","],
    "HTTP_ACCEPT_LANGUAGE": ["de", "xx;q=9", "\xff"],
    "HTTP_ACCEPT_ENCODING": ["gzip", "br;q=x"],
    "HTTP_AUTHORIZATION": ["Basic ====", "Basic \xff", "Bearer x"],
    "HTTP_USER_AGENT": ["", "\xff" * 3000, "Mozilla/5.0 (\0)"],
    "HTTP_TRANSFER_ENCODING": ["chunked", "identity"],
    "HTTP_EXPECT": ["100-continue"],
    "HTTP_X_CSRFTOKEN": ["", "x.y.z", "\xff"],
    "CONTENT_LENGTH": ["0", "1", "70000", "-1", "9" * 30, "x", ""],
    "REMOTE_ADDR": ["", "2001:db8::1", "not an address"],
}
COOKIES = ["", "session", "session=", "session=s.x", "session=s." + "A" * 43, "session=h." + "A" * 43, "browser=\xff"]
COOKIES += ["browser=" + "b" * 4000, "session=\0", '="', "a=b; " * 100, "session=a." + "é" * 43]
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "LOCK", "post", "\xff"]

FORMS = {
    "csp_reports.take": (b"effectiveDirective", b"blockedURL", b"sourceFile"),
    "login.send_password": (b"email", b"password"),
    "login.send_code": (b"code",),
    "login.send_backup_code": (b"backup_code",),
    "profile.save": (b"name", b"phone", b"language"),
    "two_factor.send_activation_code": (b"code",),
    "two_factor.send_reset": (b"code",),
    "backup_codes.send_create": (b"backup_code",),
}
"""The fields that get past the door, into which odd values go."""


def seldom(odd: st.SearchStrategy[Any], *, usually: Any = None) -> st.SearchStrategy[Any]:
    """*odd* one time in five: a request with everything odd is turned away by the first who looks at it."""
    return st.integers(0, 4).flatmap(lambda number: odd if number == 4 else st.just(usually))


values = st.one_of(
    st.sampled_from(ODD), st.binary(max_size=40), st.text(max_size=20).map(lambda text: text.encode("utf-8"))
)
headers = st.dictionaries(st.sampled_from(sorted(HEADERS)), st.integers(0, 11), min_size=1, max_size=3).map(
    lambda chosen: {name: HEADERS[name][which % len(HEADERS[name])] for name, which in chosen.items()}
)
odd_requests = st.fixed_dictionaries(
    {
        "method": seldom(st.sampled_from(METHODS)),
        "id": st.sampled_from(IDS),
        "file": st.one_of(st.sampled_from(FILES), values),
        "query": st.lists(st.tuples(st.sampled_from(ARGUMENTS), values), max_size=2),
        "typed": st.lists(values, min_size=1, max_size=3),
        "fields": seldom(st.lists(st.tuples(st.sampled_from(FIELDS), values), max_size=4), usually=[]),
        "type": seldom(st.sampled_from(TYPES)),
        "raw": seldom(values),
        "has_form": st.sampled_from([True, True, True, False]),
        "token_in": st.sampled_from(["form", "header", "", ""]),
        "headers": seldom(headers, usually={}),
        "cookie": seldom(st.sampled_from(COOKIES)),
    }
)
STATES = ("nobody", "half-way", "in, with it on", "in, with it off")


# --- whom they are sent to --------------------------------------------------------------------------------------------


class Place:
    """The application, and four people: two colleagues who send, a third who does not, and somebody elsewhere."""

    def __init__(self, app: Flask, session: Session, clock: Clock) -> None:
        self.app, self.session, self.clock = app, session, clock
        self.product = Product(session, app.extensions["webapp"].keyring, clock)
        company = self.product.company()
        self.owner: Owner = self.product.owner(company=company)
        self.plain = self.product.employee("noah@studio.example", name="Noah Frei", company=company)
        self.other = self.product.employee(
            "vera@elsewhere.example", name="Vera Kessler", company=self.product.company("Elsewhere")
        )
        accounts.change_profile(
            session,
            EmployeeId(self.other.id),
            name="Vera Kessler",
            phone="+41 44 987 65 43",
            language="en",
            now=clock.now,
            visitor=STRANGER,
        )
        with app.app_context():
            self.engine = app.extensions["sqlalchemy"].engine
        self.rules: list[Rule] = sorted(app.url_map.iter_rules(), key=_late_where_it_ends_a_log_in)
        self.client = app.test_client(use_cookies=False)
        self.before = self.stored()

    def stored(self) -> dict[str, Any]:
        found = dump(self.engine)
        return {table: found[table] for table in SAFE_FROM_FORMS}

    def stand(self, state: str) -> tuple[str, Person | None]:
        """The cookie of a browser in *state*, and who is in."""
        self.clock.move(days=2)  # no pause of the example before goes on
        self.session.close()
        if state == "nobody":
            return "session=a." + "n" * 43, None
        if state == "half-way":
            outcome = self.product.pass_password(self.owner.person.email)
            assert isinstance(outcome.value, HalfWay)
            return f"session=h.{outcome.value.token}", None
        person = self.owner.person if state == "in, with it on" else self.plain
        started = sessions.start(
            self.session, person, browser=None, factor="totp", now=self.clock.now, visitor=STRANGER
        )
        return f"session=s.{started.token}; browser={started.browser_token}", person

    def token(self, state: str, cookie: str, person: Person | None) -> str:
        """The token of the forms that this browser is shown."""
        path = f"/settings/employees/{person.id}" if person else {"nobody": "/login"}.get(state, "/login/code")
        field = parse(self.client.get(path, headers={"Cookie": cookie}).text).all("input", name="csrf_token")[0]
        return field.attributes["value"]

    def send(
        self, rule: Rule, odd: dict[str, Any], *, cookie: str, token: str, own_id: int, as_htmx: bool
    ) -> TestResponse:
        typed = odd["typed"]
        names = FORMS.get(rule.endpoint, ()) if odd["has_form"] else ()
        values = [(name, typed[at % len(typed)]) for at, name in enumerate(names)] + odd["fields"]
        values += [(b"csrf_token", token.encode())] if odd["token_in"] == "form" else []
        values = [(name, value.replace(LONG_NAME, LONG)) for name, value in values]
        usual = "application/csp-report" if rule.endpoint == "csp_reports.take" else TYPES[0]
        content_type = usual if odd["type"] is None else odd["type"]
        body = _body(content_type, values) if odd["raw"] is None else odd["raw"]
        own_method = "POST" if "POST" in (rule.methods or ()) else "GET"
        environ = {
            "PATH_INFO": self._path(rule, odd, own_id).decode("latin-1"),
            "QUERY_STRING": urlencode(odd["query"]),
            "HTTP_COOKIE": cookie if odd["cookie"] is None else f"{odd['cookie']}; {cookie}",
            **({"HTTP_HX_REQUEST": "true"} if as_htmx else {}),
            **({"HTTP_X_CSRFTOKEN": token} if odd["token_in"] == "header" else {}),
            **odd["headers"],
        }
        SENT["requests"] += 1
        return self.client.open(
            "/",
            method=odd["method"] or own_method,
            data=body,
            content_type=content_type,
            environ_overrides=environ,
            buffered=True,
        )

    def _path(self, rule: Rule, odd: dict[str, Any], own_id: int) -> bytes:
        people = {
            OWN: own_id,
            COLLEAGUE: self.owner.person.id + self.plain.id - own_id,
            SOMEBODY_ELSEWHERE: self.other.id,
        }
        whose = str(people[odd["id"]]).encode() if odd["id"] in people else odd["id"]
        path = rule.rule.encode().replace(b"<path:filename>", odd["file"].replace(LONG_NAME, LONG))
        path = path.replace(b"<id:employee_id>", whose).replace(b"<id:authenticator_id>", b"1")
        return path.replace(b"<token>", odd["file"].replace(LONG_NAME, LONG))


def _late_where_it_ends_a_log_in(rule: Rule) -> tuple[bool, str, list[str]]:
    return rule.endpoint in ("login.send_password", "login.log_out"), rule.rule, sorted(rule.methods or ())


def _body(content_type: str, values: list[tuple[bytes, bytes]]) -> bytes:
    if content_type.startswith("multipart"):
        parts = [
            b'--edge\r\nContent-Disposition: form-data; name="' + quote(name).encode() + b'"\r\n\r\n' + value + b"\r\n"
            for name, value in values
        ]
        return b"".join(parts) + b"--edge--\r\n"
    if "json" in content_type or "csp" in content_type:
        # What is no UTF-8 becomes halves of surrogate pairs, which JSON can hold and text can't.
        decoded = [tuple(text.decode("utf-8", "surrogateescape") for text in pair) for pair in values]
        return json.dumps({**dict(decoded), "csp-report": dict(decoded)}).encode()
    if "xml" in content_type:
        return b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    return urlencode(values).encode()


@pytest.fixture(scope="module")
def place(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("malformed")
    clock = Clock()
    app = create_app(
        clock=clock,
        SQLALCHEMY_DATABASE_URI=databases.sqlite_copy(migrated_sqlite, folder),
        INSTANCE_PATH=str(folder / "instance"),
        BCRYPT_ROUNDS=4,
        RATELIMIT_ENABLED=False,  # they all come from one address
    )
    with app.app_context():
        engine = app.extensions["sqlalchemy"].engine
    with Session(engine, expire_on_commit=False) as session:
        yield Place(app, session, clock)
    engine.dispose()


# What is sent to each route is much to print, and worth it where it fails.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
def test_no_request_breaks_anything(place: Place) -> None:
    """Never a 5xx, every header on every answer, nobody else's data, and no factor or password changed."""

    @settings(
        max_examples=settings().max_examples * 5 // 2,
        # One request to each route is what an example is: it is large, and takes a tenth of a second.
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
    @given(
        state=st.sampled_from(STATES),
        as_htmx=st.booleans(),
        odd=st.lists(odd_requests, min_size=len(place.rules), max_size=len(place.rules)),
    )
    def send_one_to_each_route(state: str, as_htmx: bool, odd: list[dict[str, Any]]) -> None:
        cookie, person = place.stand(state)
        token = place.token(state, cookie, person)
        own_id = person.id if person else place.owner.person.id

        for rule, one in zip(place.rules, odd, strict=True):
            response = place.send(rule, one, cookie=cookie, token=token, own_id=own_id, as_htmx=as_htmx)
            assert response.status_code < 500, (rule.endpoint, one)
            check_headers(response)
            for secret in ("Vera Kessler", "vera@elsewhere.example", "987 65 43", place.owner.phone.key):
                assert secret not in response.text
            assert person or "Lea Brunner" not in response.text
        assert place.before == place.stored()

    send_one_to_each_route()

    assert SENT["requests"] >= LEAST, SENT

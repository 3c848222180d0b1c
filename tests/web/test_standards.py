"""Small print of OWASP ASVS that no other test has a reason to look at."""

import base64
import functools
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.core.people import Product
from tests.web.client import Client
from tests.web.people import address, begin_activation, log_in
from webapp import create_app

ROOT = Path(__file__).parent.parent.parent


def test_no_other_origin_may_read_an_answer(app: Flask, client: Client, product: Product) -> None:
    """No page, form or preflight grants anything to another origin (ASVS 3.4.2)."""
    log_in(client, product.employee())
    asking = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}

    for path in _pages(app):
        for method in ("GET", "OPTIONS", "POST"):
            answer = client.flask.open(path, method=method, headers=asking)
            assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")], (method, path)
            assert "evil" not in str(answer.headers), (method, path)


@pytest.mark.parametrize("ending", ["/x.css", "/x.js", "%2fx.css", "%00.css", ".css", ";x.css", "%0ax.css", "/"])
def test_a_page_has_one_address(app: Flask, client: Client, product: Product, ending: str) -> None:
    """What a careless cache takes for a file is no page of somebody (ASVS 14.2.5)."""
    person = product.employee()
    log_in(client, person)
    begin_activation(client, person)

    for path in _pages(app, person.id):
        if path != "/":
            answer = client.flask.get(f"{path}{ending}")
            assert answer.status_code in (308, 404, 410) or path.startswith("/password/"), path
            assert "no-store" in answer.headers["Cache-Control"]
            assert person.email not in answer.text


def test_no_page_answers_as_a_script(app: Flask, client: Client, product: Product) -> None:
    """JSONP: there is none; what is a script is a file, the same for everybody (ASVS 3.5.6, 3.5.7)."""
    person = product.employee()
    log_in(client, person)
    nobody = app.test_client()

    for path in _pages(app, person.id):
        answer = client.flask.get(f"{path}?callback=evil&jsonp=evil", headers={"Accept": "application/javascript"})
        assert "script" not in answer.content_type, path
        assert "evil(" not in answer.text, path
    with client.flask.get("/static/app.js") as mine, nobody.get("/static/app.js") as theirs:
        assert mine.data == theirs.data
        assert "javascript" in mine.content_type


def test_passwords_and_codes_can_be_pasted_and_filled_in(client: Client, product: Product) -> None:
    """Each field says what it is for, hides a password, and no script looks at what is pasted (ASVS 6.2.6, 6.2.7)."""
    form = client.get("/login").document
    log_in(client, product.owner().person)
    code = client.get("/login/code").document.one("input", name="code")

    password = form.one("input", name="password").attributes
    assert ("password", "current-password") == (password["type"], password["autocomplete"])
    assert "username" == form.one("input", name="email").attributes["autocomplete"]
    assert "one-time-code" == code.attributes["autocomplete"]
    assert not {"maxlength", "readonly"} & {*password, *code.attributes}
    assert not re.search("paste|copy|cut|drop", re.sub(r"data-copy|dataset\.copy|copy\(|\"copy\"", "", _script()))


SAME_FOR_EVERYBODY = ("/login/help", "/healthz", "/readyz")


def test_every_page_of_somebody_logged_in_has_the_log_out(app: Flask, product: Product) -> None:
    """One press away, whole pages and error pages alike (ASVS 7.4.4)."""
    browser, person = Client(app.test_client()), product.employee()
    log_in(browser, person)
    begin_activation(browser, person)

    for path in [*_pages(app, person.id), "/no/such/page"]:
        page = browser.get(path)
        is_for_everybody = path in SAME_FOR_EVERYBODY or path.startswith(("/password/", "/notices/", "/invite/"))
        if page.status != 303 and not is_for_everybody:
            assert ["/logout"] == [form.attributes["action"] for form in page.document.all("form")][:1], path


def test_no_page_leads_to_another_site() -> None:
    """Nothing to warn of before one leaves (ASVS 3.7.3)."""
    for template in (ROOT / "webapp/templates").rglob("*.html"):
        if "email" not in template.parts:
            assert not re.search(r"(href|src|action)=.?(https?:)?//", template.read_text()), template
    assert not re.search("https?://", _script())


def _script() -> str:
    """The script without its comments."""
    return re.sub(r"/\*.*?\*/|(?<=\s)//[^\n]*", "", (ROOT / "webapp/static/app.js").read_text(), flags=re.DOTALL)


def _pages(app: Flask, employee_id: int = 1) -> list[str]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
    return sorted({address(rule.rule, employee_id) for rule in rules})


def test_production_never_debugs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sqlite_uri: str, caplog: pytest.LogCaptureFixture
) -> None:
    """FLASK_DEBUG left on by mistake: what breaks still ends in our page, and tells nothing (ASVS 13.4.2)."""
    monkeypatch.setenv("FLASK_DEBUG", "1")
    app = create_app(
        ENV_NAME="production",
        SECRET_KEY="kZ8fQ2vW7xN4bT1mR6yL9pH3cJ5gD0sA",
        TWO_FACTOR_KEYS=[base64.urlsafe_b64encode(hashlib.sha256(b"one").digest()).decode()],
        PUBLIC_URL="https://app.example.com",
        SQLALCHEMY_DATABASE_URI=sqlite_uri,
        INSTANCE_PATH=str(tmp_path / "instance"),
    )
    app.view_functions["login.help"] = _breaks(app.view_functions["login.help"])

    answer = app.test_client().get("/login/help", base_url="https://app.example.com")

    assert not app.debug
    assert 500 == answer.status_code
    assert "Something broke" in answer.text
    assert "boom" not in answer.text
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


def _breaks(view: Any) -> Any:
    @functools.wraps(view)
    def broken() -> None:
        raise RuntimeError("boom")

    return broken

"""The server's log: JSON lines that no visitor can break, and no secret of a whole run in it nor in the audit."""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.core.people import PASSWORD, Phone
from tests.core.stored import as_text, dump, values
from tests.services.browser import Browser
from tests.services.place import Place, running_place


def test_a_whole_run_leaves_events_and_no_secret(database_uri: str, tmp_path: Path) -> None:
    """Log in, fail, replay, reset, activate, new codes, log out; then every secret of it is searched for."""
    log = tmp_path / "server.log"
    with running_place(database_uri, tmp_path / "instance", log=log) as place:
        before = _kinds(place)
        secrets = _live(place)
        audit = " ".join(as_text(value) for table, value in values(dump(place.engine)) if table == "audit_events")
        facts = " ".join(as_text(value) for table, value in values(dump(place.engine)) if table == "outbox")
        events = _kinds(place) - before

    written = log.read_text()
    lines = _events(written)
    assert len(secrets) > 30
    for secret in secrets:
        assert secret not in written
        assert secret not in audit
        assert secret not in facts
    told = Counter(line["message"] for line in lines)
    kinds = {"password:check", "second_factor:check", "session:start", "session:end", "two_factor:reset"}
    kinds |= {"two_factor:activate", "backup_codes:create", "backup_codes:download", "backup_codes:close"}
    kinds |= {"backup_codes:check"}
    assert kinds <= told.keys()
    assert events == told
    for line in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00", line["at"])
        assert {"level", "logger", "outcome", "reason", "factor", "address", "employee_id"} <= line.keys()


def test_no_visitor_can_break_a_line_of_the_log(database_uri: str, tmp_path: Path) -> None:
    """CR, LF, ANSI and quotes in whatever is written down: one event, one line of JSON (cases D-90, ASVS 16.4.1)."""
    log = tmp_path / "server.log"
    agent = 'Mozilla "\\" {"message": "session:start"} %n %s {{7*7}} <script>'
    with running_place(database_uri, tmp_path / "instance", log=log) as place:
        browser = Browser(place.address, user_agent=agent)
        browser.post("/login", email=place.owner.person.email, password="wrong\r\nsession:start")
        browser.post("/login", email="a\u2028b@x.example\r\n{}", password="x")

    (line,) = [line for line in _events(log.read_text()) if line["outcome"] == "refused"]
    assert agent.strip() == line["user_agent"]
    assert "wrong_password" == line["reason"]
    assert all(letter == "\n" or letter.isprintable() for letter in log.read_text())


def _live(place: Place) -> set[str]:
    """A whole run; every secret that was typed, shown or carried in it."""
    owner, tab = place.owner, f"/settings/employees/{place.owner.person.id}/security"
    wrong, code = place.wrong_code(), place.code()
    secrets = {PASSWORD, wrong, code, owner.phone.key, "not the password at all", *owner.codes}
    browser = place.half_way()
    stranger = Browser(place.address)
    stranger.post("/login", email=owner.person.email, password="not the password at all")
    browser.post("/login/code", code=wrong)
    assert 303 == browser.post("/login/code", code=code).status
    place.half_way().post("/login/code", code=code)
    secrets |= browser.tokens()
    browser.post(f"{tab}/backup-codes", backup_code=owner.codes[0])
    new = _codes(browser.get(f"{tab}/two-factor/activate/backup-codes").text)
    browser.post(f"{tab}/two-factor/activate/backup-codes/download", form_at=f"{tab}/two-factor/activate/backup-codes")
    browser.post(f"{tab}/two-factor/activate/close", form_at=f"{tab}/two-factor/activate/backup-codes")
    assert 303 == browser.post(f"{tab}/backup-codes/check", backup_code=new[1]).status
    assert 303 == browser.post(f"{tab}/two-factor/reset", backup_code=new[0]).status
    browser.post(f"{tab}/two-factor/activate", form_at=tab)
    found = re.search("secret=([A-Z2-7]{32})", browser.get(f"{tab}/two-factor/activate").text)
    assert found
    phone = Phone(found.group(1))
    again = _now(phone)
    assert 303 == browser.post(f"{tab}/two-factor/activate/code", code=again).status
    third = _codes(browser.get(f"{tab}/two-factor/activate/backup-codes").text)
    secrets |= {*new, *third, phone.key, again} | browser.tokens() | stranger.tokens()
    browser.post("/logout", form_at=tab)
    return secrets | {secret.replace("-", "") for secret in secrets if len(secret) == 19}


def _kinds(place: Place) -> Counter[str]:
    return Counter(row[2] for row in dump(place.engine)["audit_events"])


def _codes(page: str) -> list[str]:
    codes = re.findall(r"<li><code>([0-9A-Z-]{19})</code>", page)
    assert 8 == len(codes)
    return codes


def _now(phone: Phone) -> str:
    return phone.code(datetime.now(UTC))


def _events(written: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    return [line for line in lines if line["logger"] == "webapp.audit"]

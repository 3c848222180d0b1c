"""Every route of the product, walked: that it has a guard, and that looking changes nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from tests.core.people import PASSWORD, Clock, Phone, Product
from tests.web.client import Client
from tests.web.people import address
from tests.web.states import States
from webapp import create_app
from webapp.core.audit.rules import EventKind
from webapp.core.database import Base
from webapp.web.guards import guard_of

WRITTEN_DOWN = {EventKind.ACCESS_DENIED, EventKind.AUDIT_EXPORTED, EventKind.EMPLOYEES_EXPORTED}
MOVES_ON_BY_ITSELF = {"last_seen_at"}


@pytest.fixture
def app(database_uri: str, tmp_path: Path, clock: Clock) -> Iterator[Flask]:
    app = create_app(
        clock=clock, SQLALCHEMY_DATABASE_URI=database_uri, INSTANCE_PATH=str(tmp_path / "instance"), BCRYPT_ROUNDS=4
    )
    yield app
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


def test_every_view_names_its_guard(app: Flask) -> None:
    """What it lets through is walked in tests/web/test_matrix.py."""
    guards = {endpoint: guard_of(app, endpoint) for endpoint in app.view_functions if endpoint != "static"}

    unguarded = [endpoint for endpoint, guard in guards.items() if guard is None]
    assert not unguarded, f"put one of webapp/web/guards.py on the views of {unguarded}"


def test_every_state_change_is_a_post(app: Flask) -> None:
    """No other method reaches a view; a form or a header can't stand in for one (case D-09)."""
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        assert methods in ({"GET"}, {"POST"}), f"{rule.endpoint} takes {methods}: give each method a view of its own"
    for method in ("PUT", "PATCH", "DELETE", "TRACE"):
        assert 405 == client.open("/login", method=method).status_code
        override = {"X-HTTP-Method-Override": method, "X-Original-URL": "/", "X-Rewrite-URL": "/"}
        assert 200 == client.get("/login?_method=POST", headers=override).status_code


@pytest.mark.parametrize(
    "stands",
    ["nobody", "half-way", "frozen", "employee", "activating", "shown codes", "admin", "Support", "bound", "pass"],
)
def test_looking_at_every_page_changes_nothing(
    app: Flask, engine: Engine, product: Product, clock: Clock, stands: str
) -> None:
    """GET, HEAD and OPTIONS leave every row of every table as it was, in whatever state somebody stands (D-48).

    But for rows of the audit that say who looked at a page of another role, or took people and events as a file.
    """
    browser, employee_id = _stand(app, product, clock, stands)
    before = _everything(engine)

    for path in _pages(app, employee_id):
        for method in ("GET", "HEAD", "OPTIONS"):
            for headers in ({}, {"HX-Request": "true"}):
                assert browser.flask.open(path, method=method, headers=headers).status_code < 500

    after = _everything(engine)
    assert {table for table in before if before[table] != after[table]} == set()
    assert before["employees"]


def _stand(app: Flask, product: Product, clock: Clock, stands: str) -> tuple[Client, int]:
    """The browser of somebody who has come so far, and the id of the employee whose pages are looked at."""
    if stands not in ("activating", "shown codes"):
        seat = States(product, clock, lambda: Client(app.test_client())).of(stands)[0]
        clock.move(minutes=2)
        return seat.client, int(str(seat.names["employee_id"]))
    browser, person = Client(app.test_client()), product.employee()
    browser.post("/login", email=person.email, password=PASSWORD)
    tab = f"/settings/employees/{person.id}/security"
    browser.post(f"{tab}/two-factor/activate", form_at=tab)
    if stands == "shown codes":
        key = browser.get(f"{tab}/two-factor/activate").document.one("code", id="key").text.replace(" ", "")
        browser.post(f"{tab}/two-factor/activate/code", code=Phone(key).code(clock.now))
    return browser, person.id


def _pages(app: Flask, employee_id: int) -> list[str]:
    """Every address, those of POST alone as well: asked for by GET they must do nothing either."""
    paths = {address(rule.rule, employee_id) for rule in app.url_map.iter_rules() if rule.endpoint != "static"}
    assert not [path for path in paths if "<" in path], "say above what stands for the new part of this address"
    return sorted(paths)


def _everything(engine: Engine) -> dict[str, list[dict]]:
    with engine.connect() as connection:
        return {
            table.name: [
                {name: value for name, value in row.items() if name not in MOVES_ON_BY_ITSELF}
                for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
                if row.get("kind") not in WRITTEN_DOWN
            ]
            for table in Base.metadata.sorted_tables
        }

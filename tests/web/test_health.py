"""What a probe is told: alive without asking anybody, ready only where people can be served."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine, event, text

from tests.core.people import STRANGER, Clock, Product
from tests.databases import taken_away
from tests.web.client import Client, check_headers
from tests.web.people import log_in
from webapp import create_app
from webapp.core.accounts.about import tell
from webapp.core.accounts.flows import Person
from webapp.core.database import writing
from webapp.core.notices import flows as notices
from webapp.core.notices.flows import Mail, Notice

FEW = 4


def test_alive_asks_nobody(app: Flask, product: Product, engine: Engine) -> None:
    """No statement, not even for whoever is logged in; no cookie, and nothing that a cache may keep."""
    browser = Client(app.test_client())
    log_in(browser, product.employee())

    with _statements(engine) as asked:
        for probe in (app.test_client(), browser.flask):
            answer = probe.get("/healthz")
            assert (200, "ok\n", "text/plain") == (answer.status_code, answer.text, answer.mimetype)
            assert "Set-Cookie" not in answer.headers
            check_headers(answer)

    assert [] == asked


def test_ready_says_what_it_looked_at(app: Flask, product: Product, engine: Engine) -> None:
    """In a few statements, without a cookie."""
    product.employee()
    with _statements(engine) as asked:
        answer = app.test_client().get("/readyz")

    assert 200 == answer.status_code
    assert {
        "status": "ready",
        "database": "reachable",
        "migrations": "current",
        "outbox": {"status": "ok"},
    } == answer.json
    assert "Set-Cookie" not in answer.headers
    check_headers(answer)
    assert len(asked) <= FEW


def test_an_outbox_that_piles_up_is_told_and_does_not_take_the_product_away(
    app: Flask, product: Product, clock: Clock
) -> None:
    """By age: over a quarter of an hour. People can still log in, so 200. No number is in the answer."""
    _owe(product, product.employee())
    clock.move(minutes=15)
    at_the_number = app.test_client().get("/readyz")
    clock.move(seconds=1)
    beyond = app.test_client().get("/readyz")

    assert "ok" == at_the_number.json["outbox"]["status"]
    assert (200, "ready") == (beyond.status_code, beyond.json["status"])
    assert {"status": "piling up"} == beyond.json["outbox"]


def test_mail_that_fails_is_counted(app: Flask, product: Product, clock: Clock) -> None:
    """For operators. After three tries; once it is sent it counts no more."""
    _owe(product, product.employee())

    def refuse(_: Mail) -> None:
        raise OSError

    for minutes in (0, 2, 4):
        clock.move(minutes=minutes)
        notices.deliver_due(product.session, refuse, clock=clock)
    failing = _status(app)
    clock.move(hours=1)
    notices.deliver_due(product.session, lambda mail: None, clock=clock)

    assert "waiting: 1\nfailing: 1\noldest waiting: 360 s\n" == failing
    assert "waiting: 0\nfailing: 0\noldest waiting: 0 s\n" == _status(app)


def test_without_its_database_it_is_alive_and_not_ready(
    app: Flask, product: Product, database_uri: str, engine: Engine
) -> None:
    """503 that tells no address of the database; and 200 again by itself."""
    probe = app.test_client()
    product.session.close()
    engine.dispose()

    with taken_away(database_uri):
        alive, away = probe.get("/healthz"), probe.get("/readyz")
    back = probe.get("/readyz")

    assert (200, 503, 200) == (alive.status_code, away.status_code, back.status_code)
    unknown = {"status": "not ready", "database": "unreachable", "migrations": "unknown", "outbox": None}
    assert unknown == away.json
    assert "Set-Cookie" not in away.headers
    check_headers(away)


def test_behind_its_migrations_it_is_not_ready(app: Flask, engine: Engine) -> None:
    """The database stands elsewhere than this version needs it, or nowhere."""
    probe = app.test_client()
    not_current = {"status": "not ready", "database": "reachable", "migrations": "not current", "outbox": None}
    with engine.connect() as connection:
        newest = connection.scalar(text("SELECT version_num FROM alembic_version"))

    for version in ("0001", "from tomorrow"):
        with _at_migration(engine, version, back_to=newest):
            answer = probe.get("/readyz")
        assert (503, not_current) == (answer.status_code, answer.json)
    assert 200 == probe.get("/readyz").status_code


def test_an_empty_database_is_not_ready(tmp_path: Path) -> None:
    """No migration was ever run."""
    app = create_app(INSTANCE_PATH=str(tmp_path))

    answer = app.test_client().get("/readyz")

    assert (503, "reachable", "not current") == (answer.status_code, answer.json["database"], answer.json["migrations"])
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


def _status(app: Flask) -> str:
    return app.test_cli_runner().invoke(args=["outbox", "status"]).output


@contextmanager
def _at_migration(engine: Engine, version: str, *, back_to: str) -> Iterator[None]:
    update = text("UPDATE alembic_version SET version_num = :version")
    with engine.begin() as connection:
        connection.execute(update, {"version": version})
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(update, {"version": back_to})


def _owe(product: Product, person: Person) -> None:
    with writing(product.session):
        tell(product.session, Notice.RESET, person, now=product.now, visitor=STRANGER)


@contextmanager
def _statements(engine: Engine) -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)

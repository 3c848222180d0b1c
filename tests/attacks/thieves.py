"""What many attacks begin with: a token of the victim's own page, a stolen cookie, a log-in with a code."""

from flask import Flask
from sqlalchemy import Engine, select

from tests.core.people import Clock, Owner
from tests.core.stored import Dump, dump
from tests.web.client import Client
from tests.web.people import address, log_in
from webapp.core.accounts.flows import Person
from webapp.core.database import Base

FACTOR = ("authenticators", "pending_secrets", "backup_code_sets", "backup_codes")


def take_token(client: Client, page: str) -> Client:
    """*client* with the form token that the whole page at *page* holds."""
    client.token = client._token(client.flask.get(page))
    return client


def log_in_fully(client: Client, owner: Owner, clock: Clock) -> None:
    """With a code; a step later the next one can be used."""
    log_in(client, owner.person)
    assert 303 == client.as_page().post("/login/code", code=owner.phone.code(clock.now)).status
    clock.next_step()


def cookie_of(client: Client, name: str = "session") -> str:
    cookie = client.flask.get_cookie(name)
    assert cookie
    return cookie.value


def session_of(app: Flask, person: Person) -> str:
    """The session cookie of a browser at which *person* has just logged in."""
    victim = Client(app.test_client())
    log_in(victim, person)
    return cookie_of(victim)


def thief_with(app: Flask, session: str, mode: str = "page") -> Client:
    """Another browser that holds a stolen session cookie, and not the browser cookie."""
    thief = Client(app.test_client(), mode)
    thief.flask.set_cookie("session", session)
    return thief


def factors(engine: Engine, *, without_use: bool = False) -> dict[str, list[tuple[object, ...]]]:
    """Everything stored about second factors; *without_use* leaves out which step was spent when."""
    found = {table: rows for table, rows in dump(engine).items() if table in FACTOR}
    if without_use:
        columns = Base.metadata.tables["authenticators"].columns
        kept = [column for column in columns if column.name not in ("last_step", "accepted_steps", "last_used_at")]
        with engine.connect() as connection:
            found["authenticators"] = [tuple(row) for row in connection.execute(select(*kept).order_by("id"))]
    return found


def stored(engine: Engine) -> Dump:
    """Everything that an attack may not change: all but the events that tell of it."""
    return dump(engine, without={"audit_events"})


def routes(app: Flask, method: str, employee_id: int) -> list[tuple[str, str]]:
    """Path and endpoint of everything that takes *method*, for this employee."""
    return [
        (address(rule.rule, employee_id), rule.endpoint)
        for rule in app.url_map.iter_rules()
        if method in (rule.methods or ()) and rule.endpoint != "static"
    ]

"""What holds in one process must hold in two: the product under gunicorn, asked by many browsers at one instant."""

import base64
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.core.people import PASSWORD, Clock, Owner, Product
from tests.services.browser import Answer, Browser
from tests.services.gunicorn import serving
from webapp.core.database import prepare_engine
from webapp.core.sealing import Keyring

CROWD = 12
KEY = bytes(range(32))


@dataclass(frozen=True)
class Place:
    address: str
    engine: Engine
    owner: Owner


@pytest.fixture
def place(database_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A server with an owner who activated ten minutes ago."""
    monkeypatch.setenv("FLASK_TWO_FACTOR_KEYS", f'["{base64.urlsafe_b64encode(KEY).decode()}"]')
    engine = sqlalchemy.create_engine(database_uri)
    prepare_engine(engine)
    clock = Clock()
    clock.now = datetime.now(UTC)
    clock.move(minutes=-10)
    with Session(engine, expire_on_commit=False) as session:
        owner = Product(session, Keyring([KEY]), clock).owner()
    with serving(database_uri, tmp_path / "instance") as address:
        yield Place(address, engine, owner)
    engine.dispose()


def test_one_authentication_code_lets_one_of_twelve_browsers_in(place: Place) -> None:
    """RFC 6238 §5.2, over two processes: a code is accepted once, and the late ones lose no guess."""
    code = _code(place.owner)

    answers = _all_at_once(place, "/login/code", "code", code)

    assert {303: 1, 422: CROWD - 1} == Counter(answer.status for answer in answers)
    assert 0 == _charged(place.engine)
    assert 1 == _open_sessions(place)


def test_one_backup_code_lets_one_of_twelve_browsers_in(place: Place) -> None:
    """One conditional UPDATE decides (case D-39). Guesses in flight may make others wait, and are given back."""
    answers = _all_at_once(place, "/login/backup-code", "backup_code", place.owner.codes[0])

    statuses = Counter(answer.status for answer in answers)
    assert 1 == statuses[303]
    assert {303, 422, 429} >= set(statuses)
    assert 0 == _charged(place.engine)
    assert 1 == _open_sessions(place)


def test_forty_wrong_codes_at_once_are_five_guesses(place: Place) -> None:
    """Counted before they are judged, in the database: not for each worker (cases D-22, D-32)."""
    wrong = place.owner.phone.wrong_code(datetime.now(UTC))

    answers = _all_at_once(place, "/login/code", "code", wrong, crowd=40)

    assert {422: 5, 429: 35} == Counter(answer.status for answer in answers)
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status == 429)


def test_many_right_passwords_at_once_break_nothing(place: Place) -> None:
    """Counting a guess and settling one lock in the same order: PostgreSQL once found a deadlock here."""
    browsers = [Browser(place.address) for _ in range(CROWD)]
    ready = [(browser, browser.token("/login")) for browser in browsers]
    fields = {"email": place.owner.person.email, "password": PASSWORD}

    answers = _together(ready, "/login", fields)

    statuses = Counter(answer.status for answer in answers)
    assert {303, 429} >= set(statuses)
    assert statuses[303] >= 1
    assert 0 == _charged(place.engine)


def _all_at_once(place: Place, path: str, field: str, code: str, *, crowd: int = CROWD) -> list[Answer]:
    """What so many half-way browsers get that send the same *code* together."""
    ready = [(browser, browser.token(path)) for browser in [_half_way(place) for _ in range(crowd)]]
    return _together(ready, path, {field: code})


def _together(ready: list[tuple[Browser, str]], path: str, fields: dict[str, str]) -> list[Answer]:
    """What each browser gets that sends *fields* with its token at the same instant as the others."""
    start = threading.Barrier(len(ready))

    def send(browser: Browser, token: str) -> Answer:
        start.wait(timeout=30)
        return browser.send(path, token, **fields)

    with ThreadPoolExecutor(len(ready)) as pool:
        return [future.result() for future in [pool.submit(send, *one) for one in ready]]


def _half_way(place: Place) -> Browser:
    browser = Browser(place.address)
    answer = browser.post("/login", email=place.owner.person.email, password=PASSWORD)
    assert (303, "/login/code") == (answer.status, answer.location)
    return browser


def _code(owner: Owner) -> str:
    """From a client that is not ours."""
    command = ["oathtool", "--totp=sha1", "-b", owner.phone.key]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _charged(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(text("SELECT coalesce(sum(failures), 0) FROM guess_budgets")) or 0


def _open_sessions(place: Place) -> int:
    query = text("SELECT count(*) FROM log_in_sessions WHERE ended_at IS NULL AND factor <> 'password'")
    with place.engine.connect() as connection:
        return connection.scalar(query) or 0

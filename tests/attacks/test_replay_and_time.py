"""Attacks that use an answer twice, and attacks on the clock (cases D-33 to D-44)."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.attacks.evidence import charged, checks, events, log_ins
from tests.attacks.wire import Wire, at_one_instant
from tests.core.people import PASSWORD, Clock, Owner, Phone, Product
from tests.core.stored import count
from tests.services.place import CROWD, KEY, Place
from tests.web.client import Answer, Client
from tests.web.people import begin_activation, log_in, security
from webapp.core.sealing import Keyring

Browsers = Callable[[], Client]

# --- one after another ------------------------------------------------------------------------------------------------


def test_a_code_read_over_the_shoulder_is_spent(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-33: the same code in two browsers within its 30 seconds; the second is told, written down, not charged."""
    owner = product.owner()
    code = owner.phone.code(clock.now)

    first, second = (_answer(open_browser(), owner, code=code) for _ in range(2))

    assert [303, 422] == [first.status, second.status]
    assert "You have already used this code." in second.text
    assert ["totp success", "totp code_already_used"] == checks(engine)
    assert ["password", "totp"] == log_ins(engine)
    assert {} == charged(engine, "totp")


def test_a_code_used_before_its_time_is_spent_in_its_time(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-34: the code of step T+1 at T, then at T+1 and T+2; and the code of T after that of T+1."""
    owner = product.owner()
    early, usual = owner.phone.code(clock.now, steps=1), owner.phone.code(clock.now)

    statuses = [_answer(open_browser(), owner, code=code).status for code in (early, early, usual)]
    for _ in range(2):
        clock.next_step()
        statuses.append(_answer(open_browser(), owner, code=early).status)

    assert [303, 422, 422, 422, 422] == statuses
    assert ["totp success"] + ["totp code_already_used"] * 4 == checks(engine)
    assert ["password", "totp"] == log_ins(engine)


def test_the_code_of_the_activation_opens_nothing_else(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-36: at once at log-in, new codes and reset."""
    person = product.employee()
    mine = open_browser()
    log_in(mine, person)
    phone = Phone(begin_activation(mine, person))
    code = phone.code(clock.now)
    tab = security(person)
    mine.post(f"{tab}/two-factor/activate/code", code=code)
    mine.post(f"{tab}/two-factor/activate/close", form_at=f"{tab}/two-factor/activate/backup-codes")

    statuses = [mine.post(f"{tab}/{page}", code=code).status for page in ("backup-codes", "two-factor/reset")]
    other = open_browser()
    log_in(other, person)
    statuses.append(other.post("/login/code", code=code).status)

    assert [422] * 3 == statuses
    assert ["totp code_already_used"] * 3 == checks(engine)
    assert 1 == len(events(engine, "two_factor:activate"))
    assert [] == events(engine, "two_factor:reset", "backup_codes:create")


@pytest.mark.parametrize("used_at", ["log-in", "backup-codes", "two-factor/reset"])
def test_a_code_used_for_one_thing_is_spent_for_all_others(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock, used_at: str
) -> None:
    """Case D-36: one last step for the secret, whatever page asked; after a reset it is no code of the next secret."""
    owner = product.owner()
    mine = open_browser()
    assert 303 == _answer(mine, owner, backup_code=owner.codes[0]).status
    code = owner.phone.code(clock.now)
    tab = security(owner.person)
    pages = ["backup-codes", "two-factor/reset"]

    if used_at == "log-in":
        assert 303 == _answer(open_browser(), owner, code=code).status
    else:
        assert 303 == mine.post(f"{tab}/{used_at}", code=code).status
    if used_at == "two-factor/reset":
        begin_activation(mine, owner.person)
        pages = ["two-factor/activate/code"]
    again = [mine.post(f"{tab}/{page}", code=code) for page in pages]
    if used_at != "two-factor/reset":
        again.append(_answer(open_browser(), owner, code=code))

    assert {422} == {answer.status for answer in again}
    assert 1 == checks(engine).count("totp success")
    refused = [event.reason for event in events(engine, "second_factor:check", "two_factor:activate") if event.reason]
    assert (["wrong_code"] if used_at == "two-factor/reset" else ["code_already_used"] * 3) == refused


def test_a_used_backup_code_is_dead_for_ever(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-40: again at once, after new codes, and after a reset and a new activation; so are the unused ones."""
    owner = product.owner()
    tab = security(owner.person)
    used, unused = owner.codes[:2]
    mine = open_browser()
    _answer(mine, owner, backup_code=used)
    again = _answer(open_browser(), owner, backup_code=used)

    assert 303 == mine.post(f"{tab}/backup-codes", code=owner.phone.code(clock.now)).status
    after_new_codes = [_answer(open_browser(), owner, backup_code=code) for code in (used, unused)]
    clock.next_step()
    assert 303 == mine.post(f"{tab}/two-factor/reset", code=owner.phone.code(clock.now)).status
    phone = Phone(begin_activation(mine, owner.person))
    assert 303 == mine.post(f"{tab}/two-factor/activate/code", code=phone.code(clock.now)).status
    after_reset = [_answer(open_browser(), owner, backup_code=code) for code in (used, unused)]

    assert [422] * 5 == [answer.status for answer in (again, *after_new_codes, *after_reset)]
    refused = [event.reason for event in events(engine, "second_factor:check") if event.reason]
    assert ["backup_code_used"] + ["backup_code_unknown"] * 4 == refused
    assert {"strangers": 2} == charged(engine, "backup_code")  # those before the reset went with it


# --- at one instant ---------------------------------------------------------------------------------------------------


def test_one_code_of_either_kind_lets_one_of_twenty_browsers_in(place: Place) -> None:
    """Cases D-38, D-39, over two processes: one conditional UPDATE decides, and the late ones lose no guess.

    A backup code is hashed outside the lock: guesses in flight may make others wait, and are given back.
    """
    code = place.code()

    by_app = Counter(answer.status for answer in place.all_at_once("/login/code", "code", code, crowd=20))
    judged_app = Counter(checks(place.engine))
    backup_code = place.owner.codes[0]
    by_code = Counter(
        one.status for one in place.all_at_once("/login/backup-code", "backup_code", backup_code, crowd=20)
    )
    judged = Counter(checks(place.engine)) - judged_app

    assert {303: 1, 422: 19} == by_app
    assert {"totp success": 1, "totp code_already_used": 19} == judged_app
    assert (1, 20) == (by_code[303], by_code[303] + by_code[422] + by_code[429])
    assert 1 == judged["backup_code success"]
    assert {"backup_code success", "backup_code backup_code_used", "backup_code too_many"} >= set(judged)
    assert 0 == place.charged()
    assert 2 == place.open_sessions()


def test_twelve_first_codes_at_one_instant_activate_once(place: Place) -> None:
    """Case D-39: one factor, one set of eight codes, one event; every tab is led to the same codes."""
    clock = Clock()
    clock.now = datetime.now(UTC)
    with Session(place.engine, expire_on_commit=False) as session:
        person = Product(session, Keyring([KEY]), clock).employee("kim@studio.example")
    tab = security(person)
    kim = Wire(place.address)
    kim.ask("GET", "/login")
    kim.send("/login", email=person.email, password=PASSWORD)
    kim.ask("GET", tab)
    kim.send(f"{tab}/two-factor/activate")
    found = re.search(r"secret=([A-Z2-7]{32})", kim.ask("GET", f"{tab}/two-factor/activate").text)
    assert found
    kim.ask("GET", f"{tab}/two-factor/activate/code")
    tabs = [kim.copy() for _ in range(CROWD)]
    code = Phone(found.group(1)).code(datetime.now(UTC))
    before = count(place.engine, "backup_codes")

    answers = at_one_instant([lambda one=one: one.send(f"{tab}/two-factor/activate/code", code=code) for one in tabs])

    codes_at = f"{tab}/two-factor/activate/backup-codes"
    assert {(303, codes_at): CROWD} == Counter((answer.status, answer.location) for answer in answers)
    assert [8, 8] == [before, count(place.engine, "backup_codes") - before]
    assert ["success"] == [event.outcome for event in events(place.engine, "two_factor:activate", of=person)]
    shown = [re.findall(r"<li><code>([^<]+)", one.ask("GET", codes_at).text) for one in tabs[:2]]
    assert 8 == len(set(shown[0]))
    assert shown[0] == shown[1]


# --- the clock --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [-10, -2, -1, 0, 1, 2, 10])
def test_a_server_clock_that_is_off_widens_no_window(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock, steps: int
) -> None:
    """Case D-42: the code of the true time is accepted by a clock one step off, by no other."""
    owner = product.owner()
    clock.move(hours=1)
    code = owner.phone.code(clock.now)
    clock.move(seconds=30 * steps)

    answer = _answer(open_browser(), owner, code=code)

    is_near = abs(steps) <= 1
    assert (303 if is_near else 422) == answer.status
    assert (["password", "totp"] if is_near else ["password"]) == log_ins(engine)
    refusal = "totp phone_clock_slow" if steps > 0 else "totp wrong_code"
    assert (["totp success"] if is_near else [refusal]) == checks(engine)
    assert ({} if is_near else {"strangers": 1}) == charged(engine, "totp")


def test_a_server_clock_set_back_makes_no_seen_code_good_again(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-43: after five minutes back, each code that was good then or is now; a backup code still works."""
    owner = product.owner()
    clock.move(hours=1)
    seen = [owner.phone.code(clock.now, steps=steps) for steps in (-11, -10, -9, 0)]
    assert 303 == _answer(open_browser(), owner, code=seen[-1]).status
    clock.move(minutes=-5)

    replayed = [_answer(open_browser(), owner, code=code) for code in seen]
    by_backup_code = _answer(open_browser(), owner, backup_code=owner.codes[0])

    assert [422] * 4 == [answer.status for answer in replayed]
    assert 303 == by_backup_code.status
    judged = ["totp success", *["totp code_already_used"] * 3, "totp wrong_code", "backup_code success"]
    assert judged == checks(engine)
    assert ["password", "totp", "backup_code"] == log_ins(engine)


def test_a_time_that_the_browser_sends_is_ignored(
    client: Client, product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-44: headers, fields and cookies name the time of an old code; it stays old, and now is written down."""
    owner = product.owner()
    then = clock.now.replace(microsecond=0)
    old = owner.phone.code(then)
    clock.move(hours=1)
    log_in(client, owner.person)
    client.get("/login/code")
    seconds = str(int(then.timestamp()))
    headers = {"Date": then.strftime("%a, %d %b %Y %H:%M:%S GMT"), "X-Time": seconds, "X-Request-Start": seconds}
    for name in ("time", "ts", "now"):
        client.flask.set_cookie(name, seconds)

    answer = client.send("/login/code", headers=headers, code=old, ts=seconds, now=seconds, timezone="Pacific/Apia")

    assert 422 == answer.status
    (event,) = events(engine, "second_factor:check")
    assert (clock.now, "wrong_code") == (event.at, event.reason)
    assert ["password"] == log_ins(engine)


def _answer(browser: Client, owner: Owner, **entry: str) -> Answer:
    """The password, then *entry* at the page of its kind."""
    log_in(browser, owner.person)
    return browser.post(f"/login/{'code' if 'code' in entry else 'backup-code'}", **entry)

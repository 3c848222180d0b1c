"""Attacks that try many answers, and attacks that use the limits to lock somebody out (cases D-18 to D-32)."""

import base64
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from tests.attacks.evidence import charged, checks, events, log_ins, password_checks
from tests.attacks.wire import Wire, at_one_instant, half_way
from tests.core.people import PASSWORD, Clock, Owner, Product
from tests.services.gunicorn import serving
from tests.services.place import KEY, Place
from tests.web.client import Client
from tests.web.people import log_in, security

UNKNOWN_CODE = "ZZZZ-ZZZZ-ZZZZ-ZZZZ"
WRONG_PASSWORD = "not the right password"
KEYS = f'["{base64.urlsafe_b64encode(KEY).decode()}"]'

# --- the second step, one after another -------------------------------------------------------------------------------


def test_after_five_wrong_codes_the_right_one_is_refused_too(
    client: Client, product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-18: twenty in one half-way log-in; 429 with the time to wait, and each attempt is in the audit."""
    owner = product.owner()
    log_in(client, owner.person)
    client.get("/login/code")

    guesses = [client.send("/login/code", code=owner.phone.wrong_code(clock.now)) for _ in range(20)]
    right = client.send("/login/code", code=owner.phone.code(clock.now))

    blocked = [*guesses[5:], right]
    assert [422] * 5 == [answer.status for answer in guesses[:5]]
    assert [(429, "300")] * 16 == [(answer.status, answer.response.headers["Retry-After"]) for answer in blocked]
    assert ["totp wrong_code"] * 5 + ["totp too_many"] * 16 == checks(engine)
    assert ["password"] == log_ins(engine)


def test_logging_in_anew_before_each_guess_buys_none(
    open_browser: Callable[[], Client], product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-19: three guesses a log-in, thirty times, slowly enough for the pause of five minutes: 20 an hour."""
    owner = product.owner()
    for _ in range(30):
        browser = open_browser()
        log_in(browser, owner.person)
        browser.get("/login/code")
        for _ in range(3):
            browser.send("/login/code", code=owner.phone.wrong_code(clock.now))
        clock.move(minutes=6)

    judged = [event.at for event in events(engine, "second_factor:check") if event.reason == "wrong_code"]
    assert 90 == len(checks(engine))
    assert {"totp wrong_code", "totp too_many"} == set(checks(engine))
    assert 20 == max(_within(judged, timedelta(hours=1)))
    assert 50 >= max(_within(judged, timedelta(days=1)))
    assert {"success"} == set(password_checks(engine, of=owner.person))


def test_however_slowly_one_guesses_a_hundred_are_all(
    open_browser: Callable[[], Client], product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-27: five unknown backup codes every 150 minutes; then closed for strangers, even a year later."""
    owner = product.owner()

    def guess(*texts: str) -> list[int]:
        browser = open_browser()
        log_in(browser, owner.person)
        browser.get("/login/backup-code")
        return [browser.send("/login/backup-code", backup_code=text).status for text in texts]

    statuses = []
    for _ in range(21):
        statuses += guess(*[UNKNOWN_CODE] * 5)
        clock.move(minutes=150)
    clock.move(days=365)
    a_year_later = guess(owner.codes[0])

    assert [422] * 100 + [429] * 5 == statuses
    assert [429] == a_year_later
    assert ["backup_code backup_code_unknown"] * 100 + ["backup_code closed"] * 6 == checks(engine)
    assert {"strangers": 100} == charged(engine, "backup_code")


def test_taking_turns_between_the_two_fields_gains_one_limit_each_and_closes_neither(
    client: Client, product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-27: five guesses at each factor, whichever field they are typed in; each pauses alone."""
    owner = product.owner()
    log_in(client, owner.person)
    client.get("/login/code")
    wrong = owner.phone.wrong_code(clock.now)

    at_one = [client.send("/login/code", code=wrong).status for _ in range(4)]
    at_one += [client.send("/login/backup-code", backup_code=wrong).status for _ in range(2)]
    other_page = client.get("/login/backup-code").status
    at_other = [client.send("/login/code", code=UNKNOWN_CODE).status for _ in range(3)]
    at_other += [client.send("/login/backup-code", backup_code=UNKNOWN_CODE).status for _ in range(3)]

    assert [422] * 5 + [429] == at_one == at_other
    assert 200 == other_page
    expected = {"totp wrong_code": 5, "totp too_many": 1, "backup_code backup_code_unknown": 5}
    assert {**expected, "backup_code too_many": 1} == Counter(checks(engine))
    assert {"strangers": 5} == charged(engine, "totp") == charged(engine, "backup_code")


def test_a_wrong_code_is_written_down_however_it_is_answered(
    client: Client, product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-28: as page and as fragment it is no success to whoever watches statuses, and whose and which it is."""
    owner = product.owner()
    log_in(client, owner.person)

    answer = client.post("/login/code", code=owner.phone.wrong_code(clock.now))

    assert 422 == answer.status
    (event,) = events(engine, "second_factor:check")
    seen = (event.employee_id, event.factor, event.outcome, event.reason, event.details, event.address)
    assert (owner.person.id, "totp", "refused", "wrong_code", {"purpose": "log-in"}, "127.0.0.1") == seen


# --- inside a session -------------------------------------------------------------------------------------------------


def test_a_stolen_session_guesses_on_the_same_counter_as_the_log_in(
    open_browser: Callable[[], Client], product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-26: reset, new codes and log-in together have five; the owner's browser keeps its own."""
    owner, mine, thief = _owner_and_thief(open_browser, product, clock)
    tab = security(owner.person)
    wrong = owner.phone.wrong_code(clock.now)

    statuses = [thief.post(f"{tab}/two-factor/reset", code=wrong).status for _ in range(3)]
    statuses += [thief.post(f"{tab}/backup-codes", code=wrong).status for _ in range(2)]
    statuses += [thief.send(f"{tab}/{page}", code=wrong).status for page in ("two-factor/reset", "backup-codes")]
    stranger = open_browser()
    log_in(stranger, owner.person)
    statuses.append(stranger.post("/login/code", form_at="/login/backup-code", code=wrong).status)

    assert [422] * 5 + [429] * 3 == statuses
    assert ["totp wrong_code"] * 5 + ["totp too_many"] * 3 == checks(engine)[1:]
    purposes = [event.details["purpose"] for event in events(engine, "second_factor:check")[1:]]
    assert ["reset"] * 3 + ["new backup codes"] * 2 + ["reset", "new backup codes", "log-in"] == purposes
    assert {"strangers": 5} == charged(engine, "totp")
    clock.next_step()
    done = mine.post(f"{tab}/two-factor/reset", code=owner.phone.code(clock.now))
    assert tab == done.location.partition("?")[0]
    assert 1 == len(events(engine, "two_factor:reset"))


def test_a_stolen_session_guesses_the_password_on_the_same_counter_as_the_log_in(
    open_browser: Callable[[], Client], product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-26: the confirmation ten minutes later is a password guess like one at /login."""
    owner, _, thief = _owner_and_thief(open_browser, product, clock)
    clock.move(minutes=11)
    path = f"{security(owner.person)}/two-factor/reset"
    thief.get(path)

    statuses = [thief.send(path, carry_on="get", password=WRONG_PASSWORD).status for _ in range(4)]
    stranger = open_browser()
    stranger.get("/login")
    fields = {"email": owner.person.email, "password": WRONG_PASSWORD}
    statuses += [stranger.send("/login", **fields).status for _ in range(2)]
    statuses.append(thief.send(path, carry_on="get", password=PASSWORD).status)

    assert [422] * 5 + [429] * 2 == statuses
    assert ["wrong_password"] * 5 + ["too_many"] * 2 == password_checks(engine)[-7:]
    assert {"strangers": 5} == charged(engine, "password")


# --- who asks ---------------------------------------------------------------------------------------------------------


def test_another_spelling_of_the_address_is_no_other_account(
    open_browser: Callable[[], Client], product: Product, engine: Engine
) -> None:
    """Case D-24: case, spaces and letters that fold to the same ones draw on one counter."""
    person = product.employee("kim@studio.example")
    spellings = ["kim@studio.example", "KIM@studio.example", " kim@studio.example ", "\u212aim@studio.example"]
    spellings += ["ｋｉｍ@studio.example", "kim@STUDIO.example", "Kim@Studio.Example", "kim@\u017ftudio.example"]
    browser = open_browser()
    browser.get("/login")

    statuses = [browser.send("/login", email=email, password=WRONG_PASSWORD).status for email in spellings]

    assert [422] * 5 + [429] * 3 == statuses
    assert ["wrong_password"] * 5 + ["too_many"] * 3 == password_checks(engine, of=person)
    assert {"strangers": 5} == charged(engine, "password")


def test_ones_own_log_ins_in_between_clear_no_counter_of_another(
    open_browser: Callable[[], Client], product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-25: after each guess at the victim's password and code, a whole log-in of one's own from there."""
    victim = product.owner()
    eve = product.employee("eve@studio.example", company=victim.person.company_id)
    passwords, codes = [], []
    for _ in range(7):
        browser = open_browser()
        fields = {"email": victim.person.email, "password": WRONG_PASSWORD}
        passwords.append(browser.post("/login", **fields).status)
        log_in(open_browser(), eve)
    clock.move(minutes=6)
    for _ in range(7):
        browser = open_browser()
        log_in(browser, victim.person)
        browser.get("/login/backup-code")
        codes.append(browser.send("/login/code", code=victim.phone.wrong_code(clock.now)).status)
        log_in(browser, eve)

    assert [422] * 5 + [429] * 2 == passwords == codes
    assert ["wrong_password"] * 5 + ["too_many"] * 2 == password_checks(engine, of=victim.person)[1:8]
    assert ["totp wrong_code"] * 5 + ["totp too_many"] * 2 == checks(engine, of=victim.person)
    assert ["password"] * 14 == log_ins(engine, of=eve)


def test_a_new_address_in_the_headers_for_each_guess_is_the_same_guesser(place: Place) -> None:
    """Case D-23: X-Forwarded-For and its kin are ignored without a trusted proxy, in the counter and in the audit."""
    thief = half_way(place)
    wrong = place.wrong_code()

    statuses = []
    for at in range(10):
        forged = f"203.0.113.{at}"
        headers = {"X_Forwarded_For": f"{forged}, 198.51.100.{at}", "X_Real_IP": forged, "CF_Connecting_IP": forged}
        headers |= {"Forwarded": f"for={forged}", "True_Client_IP": forged, "X_Client_IP": forged}
        headers |= {"User_Agent": f"Agent/{at}"}
        statuses.append(thief.ask("POST", "/login/code", thief.form(code=wrong), **headers).status)

    assert [422] * 5 + [429] * 5 == statuses
    seen = events(place.engine, "second_factor:check")
    assert ["totp wrong_code"] * 5 + ["totp too_many"] * 5 == checks(place.engine)
    assert {"127.0.0.1"} == {event.address for event in seen}


# --- many at once, and servers that come and go -----------------------------------------------------------------------


def test_a_hundred_half_way_log_ins_at_one_instant_have_five_guesses(place: Place) -> None:
    """Cases D-21, D-22: each with a guess of its own, over two processes: counted before judged, for the person."""
    guessers = [half_way(place) for _ in range(100)]
    near = {place.owner.phone.code(datetime.now(UTC), steps=steps) for steps in range(-60, 61)}
    guesses = [code for code in map("{:06}".format, range(400_000, 400_300)) if code not in near]

    acts = [partial(one.send, "/login/code", code=guesses[at]) for at, one in enumerate(guessers)]
    answers = at_one_instant(acts)

    assert {422: 5, 429: 95} == Counter(answer.status for answer in answers)
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status == 429)
    assert {"totp wrong_code": 5, "totp too_many": 95} == Counter(checks(place.engine))
    assert 5 == place.charged()


def test_neither_more_workers_nor_a_new_start_nor_lost_redis_gives_a_guess_back(
    place: Place, own_database_uri: str, tmp_path: Path
) -> None:
    """Cases D-31, D-32: sixty over two processes and a second server that has lost Redis."""
    settings = {"FLASK_TWO_FACTOR_KEYS": KEYS, "FLASK_RATELIMIT_STORAGE_URI": "redis://127.0.0.1:1"}

    first = _wrong_passwords(place.address, place.owner.person.email, 60)
    with serving(own_database_uri, tmp_path / "second", **settings) as address:
        second = _wrong_passwords(address, place.owner.person.email, 20)
        nobody = _wrong_passwords(address, "nobody@studio.example", 20)

    assert [422] * 5 + [429] * 55 == first
    assert [429] * 20 == second
    assert [422] * 5 + [429] * 15 == nobody
    assert ["wrong_password"] * 5 + ["too_many"] * 75 == password_checks(place.engine, of=place.owner.person)[1:]


# --- locking somebody out ---------------------------------------------------------------------------------------------


def test_whoever_knows_only_the_address_locks_nobody_out(
    open_browser: Callable[[], Client], product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-29: 250 wrong passwords delay strangers, not the owner's browser; the code is out of reach."""
    owner, mine, _ = _owner_and_thief(open_browser, product, clock)
    mine.post("/logout", form_at="/")
    stranger = open_browser()
    stranger.get("/login")
    for _ in range(250):
        stranger.send("/login", email=owner.person.email, password=WRONG_PASSWORD)
        clock.move(minutes=5)

    unknown = open_browser().post("/login", email=owner.person.email, password=PASSWORD)
    log_in(mine, owner.person)
    mine.post("/login/code", code=owner.phone.code(clock.now))

    assert 429 == unknown.status
    assert "Hello, Lea" == mine.get("/").heading
    assert {"totp success"} == set(checks(engine))
    judged = [event.at for event in events(engine, "password:check") if event.reason == "wrong_password"]
    assert 50 == max(_within(judged, timedelta(days=1)))
    clock.move(seconds=int(unknown.response.headers["Retry-After"]))
    assert 303 == open_browser().post("/login", email=owner.person.email, password=PASSWORD).status


def test_whoever_knows_the_password_pauses_strangers_and_is_seen(
    open_browser: Callable[[], Client], product: Product, engine: Engine, clock: Clock
) -> None:
    """Case D-30: the owner's browser, their backup codes and everybody else go on; the owner reads of the guesses."""
    owner, mine, _ = _owner_and_thief(open_browser, product, clock)
    kim = product.owner("kim@studio.example", company=owner.person.company_id)
    thief = open_browser()
    log_in(thief, owner.person)
    thief.get("/login/code")
    for _ in range(8):
        thief.send("/login/code", code=owner.phone.wrong_code(clock.now))
    mine.post("/logout", form_at="/")
    clock.next_step()

    log_in(mine, owner.person)
    by_code = mine.post("/login/code", code=owner.phone.code(clock.now))
    tab = mine.get(security(owner.person)).text
    elsewhere, other = open_browser(), open_browser()
    log_in(elsewhere, owner.person)
    by_backup_code = elsewhere.post("/login/code", form_at="/login/backup-code", code=owner.codes[0])
    log_in(other, kim.person)
    of_kim = other.post("/login/code", code=kim.phone.code(clock.now))

    assert [303] * 3 == [answer.status for answer in (by_code, by_backup_code, of_kim)]
    assert "Authentication code refused, 8 times" in tab
    assert ["totp too_many"] * 3 == checks(engine, of=owner.person)[6:9]


def _owner_and_thief(
    open_browser: Callable[[], Client], product: Product, clock: Clock
) -> tuple[Owner, Client, Client]:
    """An owner logged in at a browser of theirs, and somebody else with a copy of its session cookie alone."""
    owner = product.owner()
    mine, thief = open_browser(), open_browser()
    log_in(mine, owner.person)
    mine.post("/login/code", code=owner.phone.code(clock.now))
    clock.next_step()
    thief.flask.set_cookie("session", mine.flask.get_cookie("session").value)
    return owner, mine, thief


def _within(times: list[datetime], window: timedelta) -> Iterator[int]:
    """How many of *times* fall into the window that each of them begins."""
    return (sum(1 for at in times if start <= at < start + window) for start in times)


def _wrong_passwords(address: str, email: str, times: int) -> list[int]:
    wire = Wire(address)
    wire.ask("GET", "/login")
    return [wire.send("/login", email=email, password=WRONG_PASSWORD).status for _ in range(times)]

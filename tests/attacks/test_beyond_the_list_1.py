"""Attacks the catalogue does not name: two cases at once, states between the steps, one stolen thing at a time."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import Engine

from tests.attacks.evidence import charged, checks, events, log_ins, password_checks
from tests.attacks.wire import at_one_instant, half_way
from tests.core.people import Clock, Owner, Phone, Product
from tests.core.stored import dump
from tests.services.place import Place
from tests.web.client import Client
from tests.web.people import begin_activation, log_in, security
from webapp.core.attempts.rules import GuessKind

UNKNOWN_CODE = "ZZZZ-ZZZZ-ZZZZ-ZZZZ"
Browsers = Callable[[], Client]

# --- a stolen half-way cookie -----------------------------------------------------------------------------------------


def test_a_half_way_cookie_and_the_backup_code_of_a_colleague_open_neither_account(
    open_browser: Browsers, product: Product, engine: Engine
) -> None:
    """The code is looked for among one's own; it is no oracle for the colleague's, and theirs is not spent."""
    lea = product.owner()
    kim = product.owner("kim@studio.example", company=lea.person.company_id)
    product.log_in_with(kim.person, kim.codes[1])
    thief = open_browser()
    log_in(thief, lea.person)
    thief.get("/login/backup-code")

    unused, used = (thief.send("/login/backup-code", backup_code=code) for code in kim.codes[:2])

    assert [422, 422] == [unused.status, used.status]
    assert ["backup_code backup_code_unknown"] * 2 == checks(engine, of=lea.person)
    assert ["backup_code success"] == checks(engine, of=kim.person)
    assert {"strangers": 2} == charged(engine, "backup_code")
    product.log_in_with(kim.person, kim.codes[0])


def test_a_copied_half_way_cookie_is_worth_nothing_once_its_owner_is_in(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock
) -> None:
    """One answer a challenge: the thief's copy is over, and the token of its form is no token of the session."""
    owner = product.owner()
    mine, thief = open_browser(), open_browser()
    log_in(mine, owner.person)
    mine.get("/login/code")
    half_way_token = mine.token
    thief.flask.set_cookie("session", mine.flask.get_cookie("session").value)
    thief.get("/login/code")
    mine.send("/login/code", code=owner.phone.code(clock.now))
    clock.next_step()

    late = thief.send("/login/code", code=owner.phone.code(clock.now))
    mine.token = half_way_token
    forged = mine.send("/logout")

    assert (303, "/login") == (late.status, late.location)
    assert 400 == forged.status
    assert "Hello, Lea" == mine.get("/").heading
    assert ["totp success"] == checks(engine)
    assert ["password", "totp"] == log_ins(engine)


def test_a_copied_half_way_cookie_guesses_as_a_stranger(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock
) -> None:
    """Without the browser cookie the copy draws on the strangers' five; the owner still answers the challenge."""
    owner = product.owner()
    mine = _logged_in(open_browser, owner, clock)
    mine.post("/logout", form_at="/")
    log_in(mine, owner.person)
    thief = open_browser()
    thief.flask.set_cookie("session", mine.flask.get_cookie("session").value)
    thief.get("/login/code")
    statuses = [thief.send("/login/code", code=owner.phone.wrong_code(clock.now)).status for _ in range(7)]

    answer = mine.post("/login/code", code=owner.phone.code(clock.now))

    assert [422] * 5 + [429] * 2 == statuses
    assert (303, "/") == (answer.status, answer.location)
    assert {"strangers": 5} == charged(engine, "totp")
    assert ["totp wrong_code"] * 5 + ["totp too_many"] * 2 + ["totp success"] == checks(engine)[1:]


def test_a_half_way_cookie_planted_in_a_victims_browser_takes_no_code_of_theirs(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock
) -> None:
    """Whoever types a code into another's log-in neither logs in as them nor spends a step of their own."""
    victim = product.owner()
    eve = product.owner("eve@studio.example", company=victim.person.company_id)
    attacker, browser = open_browser(), open_browser()
    log_in(attacker, eve.person)
    browser.flask.set_cookie("session", attacker.flask.get_cookie("session").value)

    answer = browser.post("/login/code", code=victim.phone.code(clock.now))

    assert 422 == answer.status
    assert ["totp wrong_code"] == checks(engine, of=eve.person)
    assert [] == checks(engine, of=victim.person)
    product.log_in_with(victim.person, victim.phone.code(clock.now))


def test_a_log_out_in_another_tab_ends_the_half_way_log_in_of_the_first(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock
) -> None:
    """The form that is still open there judges and spends nothing."""
    owner = product.owner()
    first_tab = open_browser()
    log_in(first_tab, owner.person)
    first_tab.get("/login/code")
    second_tab = first_tab.as_page()
    second_tab.post("/logout", form_at="/login/code")

    answer = first_tab.send("/login/code", code=owner.phone.code(clock.now))

    assert (303, "/login") == (answer.status, answer.location)
    assert [] == checks(engine)
    product.log_in_with(owner.person, owner.phone.code(clock.now))


# --- between the steps ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["owner", "operator"])
def test_a_half_way_log_in_begun_before_a_reset_is_over(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock, by: str
) -> None:
    """Neither the old app's code nor that of an app set up since: it does not become a log-in by password either."""
    owner = product.owner()
    mine = _logged_in(open_browser, owner, clock)
    thief = open_browser()
    log_in(thief, owner.person)
    thief.get("/login/code")
    if by == "owner":
        mine.post(f"{security(owner.person)}/two-factor/reset", code=owner.phone.code(clock.now))
    else:
        product.reset_by_operator(owner.person)
        log_in(mine, owner.person)
    clock.next_step()

    before = [thief.get("/").location, thief.send("/login/code", code=owner.phone.code(clock.now)).location]
    phone = Phone(begin_activation(mine, owner.person))
    path = f"{security(owner.person)}/two-factor/activate/code"
    assert 303 == mine.post(path, code=phone.code(clock.now)).status
    clock.next_step()
    after = thief.send("/login/code", code=phone.code(clock.now))

    assert ["/login?next=/", "/login"] == before
    assert (303, "/login") == (after.status, after.location)
    assert 1 == len(events(engine, "two_factor:reset", "two_factor:reset_by_operator"))
    assert not [check for check in checks(engine)[1:] if "success" not in check]
    assert ["password", "totp"] == log_ins(engine)[:2]
    assert "totp" not in log_ins(engine)[2:]


def test_a_half_way_log_in_begun_before_new_codes_takes_only_the_new_ones(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock
) -> None:
    """The question stands, its answers have changed: what was right when it was asked is not right any more."""
    owner = product.owner()
    mine = _logged_in(open_browser, owner, clock)
    thief = open_browser()
    log_in(thief, owner.person)
    thief.get("/login/backup-code")
    tab = security(owner.person)
    mine.post(f"{tab}/backup-codes", code=owner.phone.code(clock.now))
    new = [code.text for code in mine.get(f"{tab}/two-factor/activate/backup-codes").document.all("code")]

    old = thief.send("/login/backup-code", backup_code=owner.codes[0])
    answer = thief.send("/login/backup-code", backup_code=new[0])

    assert 422 == old.status
    assert "/login/after-backup-code" == answer.location.partition("?")[0]
    judged = ["backup_code backup_code_unknown", "backup_code success"]
    assert judged == checks(engine)[-2:]
    assert ["backup_code"] == log_ins(engine)[2:]


def test_one_half_way_log_in_answered_twice_at_one_instant_is_one_log_in(place: Place) -> None:
    """A code and a backup code in the same challenge, over two processes: one counts, and the other is not spent."""
    thief = half_way(place)
    tabs = [thief.copy() for _ in range(8)]
    fields = [{"code": place.code()}, {"backup_code": place.owner.codes[0]}] * 4
    paths = ["/login/code", "/login/backup-code"] * 4

    answers = at_one_instant([partial(tabs[at].send, paths[at], **fields[at]) for at in range(8)])

    in_now = [answer for answer in answers if answer.location in ("/", "/login/after-backup-code")]
    assert 1 == len(in_now)
    assert {303} == {answer.status for answer in answers if answer.status not in (422, 429)}
    judged = Counter(checks(place.engine))
    assert 1 == judged["totp success"] + judged["backup_code success"]
    assert 1 == place.open_sessions()
    assert 0 == place.charged()
    other = half_way(place)
    unspent = fields[1] if judged["totp success"] else fields[0]
    assert 303 == other.send("/login/backup-code", **unspent).status


# --- a stolen browser cookie ------------------------------------------------------------------------------------------


def test_a_stolen_browser_cookie_lowers_no_requirement(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock
) -> None:
    """The code is asked for all the same; guesses fall on the owner's budget, who gets in from any other browser."""
    owner = product.owner()
    mine = _logged_in(open_browser, owner, clock)
    thief = _with_browser_cookie_of(mine, open_browser)
    log_in(thief, owner.person)
    assert "/login?next=/" == thief.get("/").location
    thief.get("/login/code")

    statuses = [thief.send("/login/code", code=owner.phone.wrong_code(clock.now)).status for _ in range(6)]

    assert [422] * 5 + [429] == statuses
    assert {"known": 5} == charged(engine, "totp")
    fresh = open_browser()
    log_in(fresh, owner.person)
    assert 303 == fresh.post("/login/code", code=owner.phone.code(clock.now)).status
    assert ["password", "totp", "totp"] == log_ins(engine)


def test_a_stolen_browser_cookie_is_a_strangers_after_the_owners_next_log_in(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock
) -> None:
    """It changes with each log-in: whoever has the old one draws on the strangers' budget, and the owner on theirs."""
    owner = product.owner()
    mine = _logged_in(open_browser, owner, clock)
    thief = _with_browser_cookie_of(mine, open_browser)
    mine.post("/logout", form_at="/")
    log_in(mine, owner.person)
    assert 303 == mine.post("/login/code", code=owner.phone.code(clock.now)).status

    log_in(thief, owner.person)
    thief.post("/login/code", code=owner.phone.wrong_code(clock.now))

    assert {"strangers": 1} == charged(engine, "totp")
    assert "totp wrong_code" == checks(engine)[-1]


def test_a_browser_cookie_of_ones_own_gives_no_budget_at_anothers_account(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock
) -> None:
    """Ten known browsers of the attacker's are one stranger at the victim's password and code."""
    victim = product.owner()
    eve = product.employee("eve@studio.example", company=victim.person.company_id)
    statuses = []
    for _ in range(7):
        browser = open_browser()
        log_in(browser, eve)
        browser.post("/logout", form_at="/")
        log_in(browser, victim.person)
        statuses.append(browser.post("/login/code", code=victim.phone.wrong_code(clock.now)).status)

    assert [422] * 5 + [429] * 2 == statuses
    assert {"strangers": 5} == charged(engine, "totp")
    assert ["totp wrong_code"] * 5 + ["totp too_many"] * 2 == checks(engine, of=victim.person)


# --- a stolen backup code ---------------------------------------------------------------------------------------------


def test_a_stolen_backup_code_without_the_password_opens_nothing(
    open_browser: Browsers, product: Product, engine: Engine
) -> None:
    """Not as a password, not at the second step, not in the address; and it stays good for its owner."""
    owner = product.owner()
    code = owner.codes[0]
    thief = open_browser()
    thief.get("/login")

    as_password = thief.send("/login", email=owner.person.email, password=code)
    at_once = thief.send("/login/backup-code", email=owner.person.email, backup_code=code)
    in_address = thief.flask.get("/login/backup-code", query_string={"backup_code": code})

    assert 422 == as_password.status
    assert ["/login", "/login"] == [at_once.location, in_address.headers["Location"]]
    assert "wrong_password" == password_checks(engine)[-1]
    assert [] == checks(engine)
    product.log_in_with(owner.person, code)


def test_a_stolen_backup_code_with_the_password_is_noticed_and_buys_no_change(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock
) -> None:
    """It is a factor, once: the owner is mailed and sees it, and the thief needs another code to change anything."""
    owner = product.owner()
    thief = open_browser()
    log_in(thief, owner.person)
    thief.post("/login/backup-code", backup_code=owner.codes[2])
    tab = security(owner.person)

    changes = [thief.post(f"{tab}/{page}", code=owner.codes[2]) for page in ("two-factor/reset", "backup-codes")]
    changes += [thief.post(f"{tab}/two-factor/reset"), thief.post(f"{tab}/two-factor/activate", form_at=tab)]

    assert [422, 422, 422, 303] == [answer.status for answer in changes]
    first, *others = events(engine, "second_factor:check")
    assert {"purpose": "log-in", "position": 3, "codes_left": 7} == first.details
    assert ["backup_code_used", "backup_code_used", "malformed"] == [event.reason for event in others]
    assert [] == events(engine, "two_factor:reset", "backup_codes:create")
    assert 1 == len(events(engine, "two_factor:activate"))
    assert "Logged in with a backup code" in _logged_in(open_browser, owner, clock).get(tab).text
    told = [row[1] for row in dump(engine)["outbox"]]
    assert ["activated", "backup_code_used"] == [notice for notice in told if notice != "new_browser"]


def test_the_last_backup_code_of_one_log_in_vouches_for_no_other_session(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock
) -> None:
    """Ten minutes without a code are its session's alone: a session stolen elsewhere must still show one."""
    owner = product.owner()
    elsewhere = _logged_in(open_browser, owner, clock)
    for code in owner.codes[:7]:
        product.log_in_with(owner.person, code)
    mine = open_browser()
    log_in(mine, owner.person)
    mine.post("/login/backup-code", backup_code=owner.codes[7])
    tab = security(owner.person)

    stolen = [elsewhere.post(f"{tab}/{page}") for page in ("two-factor/reset", "backup-codes")]
    own = mine.post(f"{tab}/backup-codes")
    again = mine.post(f"{tab}/two-factor/reset")

    assert [422, 422, 303, 422] == [answer.status for answer in (*stolen, own, again)]
    assert ["malformed", "malformed", "malformed"] == [
        event.reason for event in events(engine, "second_factor:check") if event.outcome == "refused"
    ]
    assert 1 == len(events(engine, "backup_codes:create"))
    assert [] == events(engine, "two_factor:reset")


# --- counters ---------------------------------------------------------------------------------------------------------


def test_a_right_password_before_each_wrong_code_clears_nothing_over_two_workers(place: Place) -> None:
    """In turns, each with a new half-way log-in and a new connection: the password is no success of the code."""
    wrong = place.wrong_code()

    statuses = [half_way(place).send("/login/code", code=wrong).status for _ in range(12)]

    assert [422] * 5 + [429] * 7 == statuses
    assert ["totp wrong_code"] * 5 + ["totp too_many"] * 7 == checks(place.engine)
    assert 5 == place.charged()


@pytest.mark.parametrize("stands", ["paused", "closed"])
def test_a_backup_code_in_the_code_field_works_while_codes_are_refused(
    client: Client, product: Product, engine: Engine, clock: Clock, stands: str
) -> None:
    """The shape decides the factor and so the counter, not the page; the wrong one there costs the other's guess."""
    owner = product.owner()
    if stands == "closed":
        product.use_up(owner.person, GuessKind.TOTP)
        clock.move(days=2)
    log_in(client, owner.person)
    client.get("/login/code")
    for _ in range(5 if stands == "paused" else 1):
        client.send("/login/code", code=owner.phone.wrong_code(clock.now))

    refused = client.send("/login/code", code=owner.phone.code(clock.now))
    unknown = client.send("/login/code", code=UNKNOWN_CODE)
    counted = charged(engine, "backup_code")
    accepted = client.send("/login/code", code=owner.codes[0])

    assert [429, 422, 303] == [refused.status, unknown.status, accepted.status]
    assert {"strangers": 1} == counted
    reason = "closed" if stands == "closed" else "too_many"
    judged = [f"totp {reason}", "backup_code backup_code_unknown", "backup_code success"]
    assert judged == checks(engine)[-3:]
    assert {} == charged(engine, "totp") == charged(engine, "backup_code")


def test_replays_between_guesses_buy_no_guess(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock
) -> None:
    """A used code is given its charge back, and no other's, though all fall into one second; while paused it waits."""
    owner = product.owner()
    used_code, used_backup_code = owner.phone.code(clock.now), owner.codes[0]
    product.log_in_with(owner.person, used_code)
    product.log_in_with(owner.person, used_backup_code)
    thief = open_browser()
    log_in(thief, owner.person)
    thief.get("/login/code")

    for _ in range(6):
        for text in (owner.phone.wrong_code(clock.now), used_code, UNKNOWN_CODE, used_backup_code):
            thief.send("/login/code", code=text)

    judged = Counter(checks(engine)[2:])
    for factor, wrong, used in (
        ("totp", "wrong_code", "code_already_used"),
        ("backup_code", "backup_code_unknown", "backup_code_used"),
    ):
        assert 5 == judged[f"{factor} {wrong}"]
        assert 4 == judged[f"{factor} {used}"]
        assert 3 == judged[f"{factor} too_many"]
        assert {"strangers": 5} == charged(engine, factor)


def test_a_server_clock_set_back_gives_no_guess_back(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock
) -> None:
    """Failures of a time that is yet to come count; the pause goes on, and a known browser is not held."""
    owner = product.owner()
    mine = _logged_in(open_browser, owner, clock)
    mine.post("/logout", form_at="/")
    clock.move(hours=2)
    thief = open_browser()
    log_in(thief, owner.person)
    thief.get("/login/code")
    for _ in range(4):
        thief.send("/login/code", code=owner.phone.wrong_code(clock.now))
    clock.move(hours=-1)
    log_in(thief, owner.person)
    thief.get("/login/code")

    fifth, sixth = (thief.send("/login/code", code=owner.phone.wrong_code(clock.now)) for _ in range(2))

    assert [422, 429] == [fifth.status, sixth.status]
    assert 300 <= int(sixth.response.headers["Retry-After"]) <= 3900
    assert {"strangers": 5} == charged(engine, "totp")
    assert ["totp wrong_code"] * 5 + ["totp too_many"] == checks(engine)[1:]
    log_in(mine, owner.person)
    assert 303 == mine.post("/login/code", code=owner.phone.code(clock.now)).status


def test_a_new_pending_key_buys_no_guess_at_set_up(
    open_browser: Browsers, product: Product, engine: Engine, clock: Clock
) -> None:
    """The counter is the person's, not the key's; and it is no counter of the log-in."""
    person = product.employee()
    browser = open_browser()
    log_in(browser, person)
    path = f"{security(person)}/two-factor/activate/code"
    statuses = []
    for _ in range(3):
        phone = Phone(begin_activation(browser, person))
        for _ in range(2):
            statuses.append(browser.post(path, code=phone.wrong_code(clock.now)).status)
        browser.post("/logout", form_at="/")
        log_in(browser, person)  # another session: the pending key of the first is nobody's

    assert [422] * 5 + [429] == statuses
    assert {"known": 5} == charged(engine, "setup")
    assert {} == charged(engine, "totp")
    reasons = [event.reason for event in events(engine, "two_factor:activate")]
    assert ["wrong_code"] * 5 + ["too_many"] == reasons
    assert 3 == len(events(engine, "two_factor:begin_activation"))


def _logged_in(open_browser: Browsers, owner: Owner, clock: Clock) -> Client:
    """The owner at a browser of theirs, in by the app; the next code is ready."""
    browser = open_browser()
    log_in(browser, owner.person)
    assert 303 == browser.post("/login/code", code=owner.phone.code(clock.now)).status
    clock.next_step()
    return browser


def _with_browser_cookie_of(browser: Client, open_browser: Browsers) -> Client:
    other = open_browser()
    other.flask.set_cookie("browser", browser.flask.get_cookie("browser").value)
    return other

"""Active sessions: the card of the Security tab, the whole list, and ending one of the others or all of them."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, event

from tests.core.people import PASSWORD, Clock, Owner, Product
from tests.web.client import Answer, Client
from tests.web.dom import Element
from tests.web.people import log_in, security
from webapp.core.accounts.flows import Person

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile/15E148 Safari/604.1"
)

OpenBrowser = Callable[[], Client]


def at(browser: Client, user_agent: str, address: str = "203.0.113.9") -> Client:
    browser.flask.environ_base.update(HTTP_USER_AGENT=user_agent, REMOTE_ADDR=address)
    return browser


def enter(browser: Client, owner: Owner, clock: Clock) -> Client:
    """A full log-in with a code; a step later the next one can be used."""
    log_in(browser, owner.person)
    assert 303 == browser.as_page().post("/login/code", code=owner.phone.code(clock.now)).status
    clock.next_step()
    return browser


def card(answer: Answer) -> list[Element]:
    """The lines of the list of sessions."""
    return answer.document.one("section", **{"aria-labelledby": "sessions"}).one("ul").all("li")


def door(answer: Answer, words: str) -> str:
    """Where the one control with exactly these *words* leads."""
    found = [link for link in answer.document.all("a") if words == link.text]
    assert 1 == len(found), [link.text for link in answer.document.all("a")]
    return found[0].attributes["href"]


def is_in(browser: Client) -> bool:
    return 200 == browser.as_page().get("/").status


@pytest.fixture
def kim(product: Product) -> Person:
    """Somebody with a password alone."""
    return product.employee("kim@studio.example", name="Kim Frei")


# --- the list ---------------------------------------------------------------------------------------------------------


def test_the_tab_lists_one_s_sessions_in_words(
    client: Client, kim: Person, clock: Clock, open_browser: OpenBrowser
) -> None:
    """Device and browser, address shortened, log-in and last request; this one first, and without a control."""
    log_in(at(open_browser(), SAFARI, "2001:db8:12:34::1"), kim)
    clock.move(minutes=12)
    log_in(at(client, FIREFOX), kim)
    clock.move(minutes=3)

    this, other = card(client.get(security(kim)))

    assert "Firefox on Linux This one Logged in: Today at 10:12, 203.0.113.x Last seen: Today at 10:15" == this.text
    assert not this.all("a")
    words = "Safari on iPhone Logged in: Today at 10:00, 2001:0db8:0012:… Last seen: Today at 10:00"
    assert f"{words} Log out Safari on iPhone" == other.text


def test_what_waits_for_the_password_says_so(
    client: Client, kim: Person, clock: Clock, open_browser: OpenBrowser
) -> None:
    """It can be ended like any other."""
    log_in(at(open_browser(), SAFARI), kim)
    clock.move(hours=1)
    log_in(client, kim)

    this, other = card(client.get(security(kim)))

    assert "Waits for the password" in other.text
    assert "Waits" not in this.text
    assert 1 == len(other.all("a"))


def test_no_two_controls_have_the_same_name(
    client: Client, kim: Person, clock: Clock, open_browser: OpenBrowser
) -> None:
    """Where the words are alike the time tells them apart, and where that is too, a number. “Log out” is one button."""
    for minutes in (0, 5, 0):
        clock.move(minutes=minutes)
        log_in(at(open_browser(), SAFARI), kim)
    log_in(at(client, FIREFOX), kim)

    page = client.as_page().get(security(kim))

    names = [one.text for tag in ("a", "button") for one in page.document.all(tag)]
    assert len(names) == len(set(names)), names
    assert ["Log out"] == [name for name in names if name == "Log out"]
    assert {
        "Log out Safari on iPhone, Today at 10:05",
        "Log out Safari on iPhone, Today at 10:05 (2)",
        "Log out Safari on iPhone, Today at 10:00",
        "Log out everywhere else",
    } <= set(names)


def test_alone_there_is_nothing_to_log_out(client: Client, kim: Person) -> None:
    """And the tab says so."""
    log_in(client, kim)

    answer = client.get(security(kim))

    assert "You are logged in here and nowhere else." in answer.text
    assert not [link for link in answer.document.all("a") if "Log out" in link.text]


def test_the_tab_shows_five_and_leads_to_the_rest(client: Client, product: Product, kim: Person, clock: Clock) -> None:
    """The whole list asks for no password, however long ago the log-in was."""
    for _ in range(6):
        product.log_in(kim)
    log_in(client, kim)
    clock.move(minutes=30)

    tab = client.as_page().get(security(kim))
    whole = client.get(door(tab, "All 7 sessions"))

    assert (5, 7) == (len(card(tab)), len(card(whole)))
    assert whole.document.all("title")[0].text.startswith("Kim Frei: Active sessions")
    assert "Log out everywhere else" in whole.text


def test_however_many_there_are_a_page_lists_a_hundred(client: Client, product: Product, kim: Person) -> None:
    """Those used last; all can be ended together."""
    for _ in range(101):
        product.log_in(kim)
    log_in(client, kim)

    answer = client.get(f"{security(kim)}/sessions")

    assert 100 == len(card(answer))
    assert "These 100 of 102 were used last." in answer.text


def test_the_tab_asks_as_often_for_many_sessions_as_for_one(
    client: Client, product: Product, engine: Engine, kim: Person
) -> None:
    """No statement for each."""
    log_in(client, kim)
    asked: list[str] = []

    def note(_c: object, _u: object, text: str, *_: object) -> None:
        asked.append(text)

    event.listen(engine, "before_cursor_execute", note)
    try:
        client.get(security(kim))
        alone, asked[:] = len(asked), []
        event.remove(engine, "before_cursor_execute", note)
        for _ in range(7):
            product.log_in(kim)
        event.listen(engine, "before_cursor_execute", note)
        client.get(security(kim))
    finally:
        event.remove(engine, "before_cursor_execute", note)

    assert 0 < alone == len(asked)


# --- ending -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_backup_code", [False, True])
def test_one_other_session_is_ended_with_a_code(
    client: Client, product: Product, clock: Clock, open_browser: OpenBrowser, by_backup_code: bool
) -> None:
    """The form says which one; the tab says that it is done and lists it no more; the other browser is out."""
    owner = product.owner()
    phone = enter(at(open_browser(), SAFARI), owner, clock)
    enter(at(client, FIREFOX), owner, clock)
    form = client.get(door(client.as_page().get(security(owner.person)), "Log out Safari on iPhone"))
    if by_backup_code:
        form = client.get(door(form, "Use a backup code instead"))
    code = {"Backup code": owner.codes[0]} if by_backup_code else {"Authentication code": owner.phone.code(clock.now)}

    done = client.followed(client.fill_in("End this session", code))

    assert "Log out Safari on iPhone" == form.heading
    assert "Logged in: Today at 10:00, 203.0.113.x." in form.text
    assert "That session is logged out." in done.text
    assert "Safari on iPhone" not in " ".join(line.text for line in card(done))
    assert (False, True) == (is_in(phone), is_in(client))
    assert "Logged out elsewhere" in done.text


def test_all_others_are_ended_together(
    client: Client, product: Product, clock: Clock, open_browser: OpenBrowser
) -> None:
    """How many is said before; this one stays."""
    owner = product.owner()
    phone = enter(at(open_browser(), SAFARI), owner, clock)
    enter(client, owner, clock)
    form = client.get(door(client.as_page().get(security(owner.person)), "Log out everywhere else"))

    done = client.followed(
        client.fill_in("End all other sessions", {"Authentication code": owner.phone.code(clock.now)})
    )

    assert "This ends 2 other sessions." in form.text
    assert "You are logged out everywhere else." in done.text
    assert 1 == len(card(done))
    assert (False, True) == (is_in(phone), is_in(client))


def test_without_two_factor_authentication_no_code_is_asked_for(
    client: Client, kim: Person, open_browser: OpenBrowser
) -> None:
    """The recent log-in is enough, and there is no field."""
    phone = open_browser()
    log_in(at(phone, SAFARI), kim)
    log_in(client, kim)
    form = client.get(door(client.as_page().get(security(kim)), "Log out Safari on iPhone"))

    done = client.followed(client.fill_in("End this session"))

    assert not form.document.all("input", name="code") + form.document.all("label")
    assert "That session is logged out." in done.text
    assert not is_in(phone)


def test_an_old_log_in_is_confirmed_first_and_the_form_is_that_session_s(
    client: Client, product: Product, clock: Clock, open_browser: OpenBrowser
) -> None:
    """Opened late, and sent late: after a POST the form comes again, its code empty and not judged."""
    owner = product.owner()
    phone = enter(at(open_browser(), SAFARI), owner, clock)
    enter(client, owner, clock)
    path = door(client.as_page().get(security(owner.person)), "Log out Safari on iPhone")
    client.get(path)
    clock.move(minutes=11)

    code = owner.phone.code(clock.now)
    asked = client.fill_in("End this session", {"Authentication code": code})
    confirmed = client.fill_in("Confirm", {"Password": PASSWORD})
    again = client.followed(confirmed)

    assert (200, "Confirm that it's you") == (asked.status, asked.heading)
    assert (303, path) == (confirmed.status, confirmed.location)
    assert "Log out Safari on iPhone" == again.heading
    assert "" == again.value("code")
    assert is_in(phone)
    assert (
        "That session is logged out."
        in client.followed(client.fill_in("End this session", {"Authentication code": code})).text
    )


def test_a_wrong_code_ends_nothing_and_says_so(
    client: Client, product: Product, clock: Clock, open_browser: OpenBrowser
) -> None:
    """At the field, counted with all other guesses; then the pause."""
    owner = product.owner()
    phone = enter(at(open_browser(), SAFARI), owner, clock)
    enter(client, owner, clock)
    path = door(client.as_page().get(security(owner.person)), "Log out Safari on iPhone")
    client.get(path)
    wrong = {"Authentication code": owner.phone.wrong_code(clock.now)}

    first = client.fill_in("End this session", wrong)
    for _ in range(4):
        last = client.fill_in("End this session", wrong)
    late = client.fill_in("End this session", {"Authentication code": owner.phone.code(clock.now)})

    assert (422, "Log out Safari on iPhone") == (first.status, first.heading)
    assert "You have 4 attempts left." in first.text
    assert "Too many attempts." in last.text
    assert 429 == late.status == client.get(path).status
    assert "Retry-After" in late.response.headers
    assert is_in(phone)


@pytest.mark.parametrize("typed", ["", "12345"])
def test_no_code_is_said_at_the_field(
    client: Client, product: Product, clock: Clock, open_browser: OpenBrowser, typed: str
) -> None:
    """What is missing, as everywhere; nothing is counted."""
    owner = product.owner()
    enter(client, owner, clock)
    client.get(door(client.as_page().get(security(owner.person)), "Log out everywhere else"))

    answer = client.fill_in("End all other sessions", {"Authentication code": typed})

    assert (422, "Log out everywhere else") == (answer.status, answer.heading)
    assert "6-digit code" in answer.text if not typed else "You entered 5." in answer.text


def test_what_has_ended_meanwhile_is_no_error(
    client: Client, product: Product, clock: Clock, open_browser: OpenBrowser
) -> None:
    """The tab says that nothing was left; a code that was typed can still be used."""
    owner = product.owner()
    phone = enter(at(open_browser(), SAFARI), owner, clock)
    enter(client, owner, clock)
    path = door(client.as_page().get(security(owner.person)), "Log out Safari on iPhone")
    client.get(path)
    phone.as_page().post("/logout", form_at="/")
    code = owner.phone.code(clock.now)

    sent = client.followed(client.fill_in("End this session", {"Authentication code": code}))
    looked = client.followed(client.get(path))

    for answer in (sent, looked):
        assert 200 == answer.status
        assert "There was nothing left to log out." in answer.text
    assert (
        "Two-factor authentication is off."
        in client.followed(client.post(f"{security(owner.person)}/two-factor/reset", code=code)).text
    )


def test_nowhere_else_there_is_nothing_to_end(client: Client, kim: Person) -> None:
    """An old tab asks for it."""
    log_in(client, kim)

    answer = client.followed(client.get(f"{security(kim)}/sessions/end?session=others"))

    assert "There was nothing left to log out." in answer.text


def test_an_address_claims_nothing_that_is_not_so(client: Client, product: Product, kim: Person) -> None:
    """Somebody sends a link that says that the thief is out."""
    product.log_in(kim)
    log_in(client, kim)

    answers = [client.get(f"{security(kim)}?after={claim}") for claim in ("session_ended", "others_ended")]

    assert not [answer for answer in answers if "logged out" in answer.text]


def test_new_backup_codes_come_with_the_offer_to_log_out_elsewhere(
    client: Client, product: Product, clock: Clock, open_browser: OpenBrowser
) -> None:
    """Where one is logged in elsewhere, and only there (ASVS 7.4.3)."""
    owner = product.owner()
    enter(client, owner, clock)
    client.as_page().post(f"{security(owner.person)}/backup-codes", code=owner.phone.code(clock.now))
    clock.next_step()
    closing = f"{security(owner.person)}/two-factor/activate/close"

    offered = client.followed(client.post(closing, form_at=f"{closing.removesuffix('close')}backup-codes"))
    form = client.get(door(offered, "Log out there"))
    client.fill_in("End all other sessions", {"Authentication code": owner.phone.code(clock.now)})
    alone = client.as_page().get(f"{security(owner.person)}?after=new_codes")

    assert "Log out everywhere else" == form.heading
    assert "Your new backup codes are ready." in alone.text
    assert "logged in elsewhere" not in alone.text


@pytest.mark.parametrize("named", ["", "0", "x", "-1", "99999999999", "2147483648"])
def test_what_names_no_session_is_no_page(client: Client, kim: Person, named: str) -> None:
    """404, never an error."""
    log_in(client, kim)
    end = f"{security(kim)}/sessions/end"

    assert 404 == client.get(f"{end}?session={named}").status
    client.token = client._token(client.flask.get("/"))
    assert 404 == client.send(end, session=named).status
    assert 404 == client.send(end).status


def test_an_address_without_a_session_leads_to_the_list(client: Client, kim: Person) -> None:
    """There one is chosen."""
    log_in(client, kim)

    answer = client.followed(client.get(f"{security(kim)}/sessions/end"))

    assert 1 == len(card(answer))

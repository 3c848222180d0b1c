"""The pages of the log-in: what is asked, what is said, and where each answer leads."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.core.people import PASSWORD, Clock, Product
from tests.web.client import Client
from tests.web.people import log_in, security
from webapp.core.attempts.rules import GuessKind


def test_without_a_second_factor_the_password_is_a_full_log_in(client: Client, product: Product) -> None:
    """E-mail, password, “Continue”."""
    product.employee()

    answer = client.post("/login", email=" LEA@studio.example ", password=PASSWORD)

    assert (303, "/") == (answer.status, answer.location)
    assert "Hello, Lea" == client.get("/").heading


def test_with_a_second_factor_the_password_opens_the_code_page_only(client: Client, product: Product) -> None:
    """A half-way browser sees no page of somebody who is logged in (case D-01)."""
    owner = product.owner()
    log_in(client, owner.person)

    answer = client.get("/")

    assert answer.status == (303 if client.mode == "page" else 204)
    assert "/login?next=/" == answer.location
    assert "Enter your code" == client.get("/login/code").heading


@pytest.mark.parametrize("email", ["lea@studio.example", "nobody@studio.example"])
def test_a_wrong_password_is_told_alike_for_everybody(client: Client, product: Product, email: str) -> None:
    """The same words, status and attempts left, whether the address exists or not (ASVS 6.3.8)."""
    product.owner()

    answer = client.post("/login", email=email, password="not the right password")

    assert 422 == answer.status
    assert "The e-mail address or the password isn't right. You have 4 attempts left." in answer.text
    assert email == answer.value("email")
    password = answer.document.one("input", name="password").attributes
    assert "" == password.get("value", "")
    assert "autofocus" in password
    assert "form-error" == password["aria-describedby"]


def test_the_sixth_wrong_password_waits(client: Client, product: Product) -> None:
    """429 with the time when to try again; the form stays."""
    product.employee()
    for _ in range(5):
        client.post("/login", email="lea@studio.example", password="not the right password")

    answer = client.post("/login", email="lea@studio.example", password=PASSWORD)

    assert 429 == answer.status
    assert 0 < int(answer.response.headers["Retry-After"]) <= 300
    assert "Too many attempts. You can try again at" in answer.text
    assert answer.document.all("input", name="email")


@pytest.mark.parametrize(
    ("email", "password", "words"),
    [
        ("", PASSWORD, "Enter your e-mail address."),
        ("lea", PASSWORD, "Enter an e-mail address"),
        ("lea\x00@studio.example", PASSWORD, "Use one line"),
        ("x" * 300 + "@studio.example", PASSWORD, "Use at most 254 characters."),
        ("lea@studio.example", "", "Enter your password."),
    ],
)
def test_what_is_missing_is_said_at_its_field(client: Client, email: str, password: str, words: str) -> None:
    """422, and what was typed is there again."""
    answer = client.post("/login", email=email, password=password)

    assert 422 == answer.status
    assert words in answer.text


def test_a_code_logs_in(client: Client, product: Product, clock: Clock) -> None:
    """With spaces or dashes, as phones show it."""
    owner = product.owner()
    log_in(client, owner.person)
    code = owner.phone.code(clock.now)

    answer = client.post("/login/code", code=f" {code[:3]} - {code[3:]} ")

    assert (303, "/") == (answer.status, answer.location)


def test_a_backup_code_in_the_code_field_just_works(client: Client, product: Product) -> None:
    """And asks what happened to the phone, on a page that can be left at once."""
    owner = product.owner()
    log_in(client, owner.person)

    answer = client.post("/login/code", code=owner.codes[0].lower().replace("0", "o").replace("1", "l"))

    assert (303, "/login/after-backup-code") == (answer.status, answer.location)
    page = client.get(answer.location)
    assert "7 backup codes are left" in page.text
    assert "Hello, Lea" == client.get("/").heading


def test_a_wrong_code_empties_the_field_and_says_what_is_left(client: Client, product: Product, clock: Clock) -> None:
    """At two attempts and fewer the pause comes near; at none it is there, on GET too."""
    owner = product.owner()
    log_in(client, owner.person)
    wrong = owner.phone.wrong_code(clock.now)

    first = client.post("/login/code", code=wrong)
    for _ in range(4):
        client.post("/login/code", code=wrong)
    blocked = client.post("/login/code", code=owner.phone.code(clock.now))

    assert 422 == first.status
    assert "" == first.value("code")
    assert "That code isn't right." in first.text
    assert "You have 4 attempts left." in first.text
    assert 429 == blocked.status
    assert 429 == client.get("/login/code").status
    assert 200 == client.get("/login/backup-code").status


def test_a_used_code_says_how_long_to_wait(client: Client, product: Product, clock: Clock) -> None:
    """The time step of a code is spent by whoever used it first."""
    owner = product.owner()
    code = owner.phone.code(clock.now)
    log_in(client, owner.person)
    client.post("/login/code", code=code)
    client.as_page().post("/logout", form_at="/")
    log_in(client, owner.person)

    answer = client.post("/login/code", code=code)

    assert 422 == answer.status
    assert "You have already used this code." in answer.text
    assert "25 seconds" in answer.text


def test_a_slow_phone_hears_of_the_pause_before_it_comes(client: Client, product: Product, clock: Clock) -> None:
    """It is a guess like any other: at two left and at none the sentence says so."""
    owner = product.owner()
    clock.move(hours=1)
    log_in(client, owner.person)
    client.get("/login/code")

    words = [client.send("/login/code", code=owner.phone.code(clock.now, steps=-4)).text for _ in range(5)]

    assert all("This code is about 2 minutes old" in text for text in words)
    assert [False, False, True, True, False] == ["then this pauses for" in text for text in words]
    assert "Too many attempts. You can try again at 11:05" in words[4]


def test_the_guess_that_closes_a_factor_is_told_so(client: Client, product: Product) -> None:
    """The hundredth: no pause, and no more attempts, but another way."""
    owner = product.owner()
    product.use_up(owner.person, GuessKind.TOTP, times=98)
    log_in(client, owner.person)
    client.get("/login/code")

    last, closing = (client.send("/login/code", code=owner.phone.wrong_code(product.now)) for _ in range(2))

    assert "You have 1 attempt left." in last.text
    assert "then this pauses" not in last.text
    assert "That code isn't right. Too many wrong codes: this kind of code is closed here." in closing.text
    assert "try again" not in closing.text


def test_a_slow_phone_is_told_so_and_a_fast_one_is_not(client: Client, product: Product, clock: Clock) -> None:
    """Naming a future step would hand a guesser a code that is about to become valid."""
    owner = product.owner()
    product.clock.move(minutes=5)
    log_in(client, owner.person)

    slow = client.post("/login/code", code=owner.phone.code(clock.now, steps=-4))
    fast = client.post("/login/code", code=owner.phone.code(clock.now, steps=4))

    assert "about 2 minutes old" in slow.text
    assert "That code isn't right." in fast.text


HOSTILE = ["//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example", "https:evil.example"]
HOSTILE += ["////evil.example", "javascript:alert(1)", "/\r\nSet-Cookie: a=b", "/\x00", "x", "", "/" + "a" * 600]
HOSTILE += ["\\\\evil.example", "/\\/evil.example", " //evil.example", "/\u2028/evil.example", "data:text/html,x"]
HOSTILE += ["//evil.example@localhost", "/\n/evil.example", "http:///evil.example", "/ü", "\x00/", "?x", "#x"]


def test_a_hostile_next_is_ignored(app: Flask, mode: str, product: Product) -> None:
    """The form is shown, and the log-in ends at the overview; never 400, never elsewhere (cases D-64, D-65)."""
    person = product.employee()

    for target in HOSTILE:
        client = Client(app.test_client(), mode)
        form = client.get("/login", query_string={"next": target})
        answer = client.fill_in("Continue", {"E-mail": person.email, "Password": PASSWORD})
        assert (200, "/login") == (form.status, client.sent_to), target
        assert (303, "/") == (answer.status, answer.location), target


def test_a_hostile_next_in_the_form_s_address_is_ignored_through_both_steps(
    app: Flask, mode: str, product: Product, clock: Clock
) -> None:
    """Whoever sends the form to an address of their own making gains nothing either."""
    owner = product.owner()

    for target in HOSTILE[:8]:
        client = Client(app.test_client(), mode)
        client.get("/login")
        data = {"csrf_token": client.token, "email": owner.person.email, "password": PASSWORD}
        half_way = client.flask.post("/login", query_string={"next": target}, data=data)
        client.get("/login/code")
        clock.next_step()
        answer = client.send("/login/code", code=owner.phone.code(clock.now))
        assert "/login/code" == half_way.headers["Location"], target
        assert (303, "/") == (answer.status, answer.location), target


def test_a_local_next_is_where_the_log_in_leads(client: Client, product: Product, clock: Clock) -> None:
    """Through both steps."""
    owner = product.owner()
    target = security(owner.person)
    client.post(f"/login?next={target}", email=owner.person.email, password=PASSWORD)

    answer = client.post("/login/code", code=owner.phone.code(clock.now))

    assert target == answer.location


def test_each_log_in_form_ends_this_browsers_half_way_log_in_only(
    product: Product, open_browser: Callable[[], Client], clock: Clock
) -> None:
    """Right or wrong; another browser's stands."""
    owner = product.owner()
    mine, other = open_browser(), open_browser()
    for browser in (mine, other):
        log_in(browser, owner.person)

    mine.post("/login", email=owner.person.email, password="not the right password")

    assert "/login" == mine.get("/login/code").location
    assert 200 == other.get("/login/code").status


def test_after_ten_minutes_the_code_page_leads_back_and_says_why(
    product: Product, open_browser: Callable[[], Client]
) -> None:
    """A challenge lives ten minutes (case D-16)."""
    owner = product.owner()
    browser = open_browser()
    log_in(browser, owner.person)
    product.clock.move(minutes=10)

    answer = browser.get("/login/code")

    assert (303, "/login") == (answer.status, answer.location)
    assert "You were away for more than 10 minutes." in browser.get("/login").text


def test_a_copied_cookie_is_dead_after_log_out(
    product: Product, open_browser: Callable[[], Client], app: Flask
) -> None:
    """The session lives on the server (case D-81); half-way log-ins end too."""
    person = product.employee()
    browser, thief = open_browser(), app.test_client(use_cookies=False)
    log_in(browser, person)
    stolen = browser.flask.get_cookie("session").value

    answer = browser.post("/logout", form_at="/")

    assert "/login" == answer.location
    assert '"cache", "storage"' == answer.response.headers["Clear-Site-Data"]
    assert 303 == thief.get("/", headers={"Cookie": f"session={stolen}"}).status_code


def test_the_token_in_the_cookie_changes_at_every_step_up(
    product: Product, open_browser: Callable[[], Client], clock: Clock
) -> None:
    """A planted one leads nowhere (case D-82)."""
    owner = product.owner()
    browser = open_browser()
    browser.get("/login")
    cookies = [browser.flask.get_cookie("session").value]
    log_in(browser, owner.person)
    cookies.append(browser.flask.get_cookie("session").value)
    browser.post("/login/code", code=owner.phone.code(clock.now))
    cookies.append(browser.flask.get_cookie("session").value)

    assert 3 == len(set(cookies))
    assert ["a", "h", "s"] == [cookie[0] for cookie in cookies]


def test_somebody_logged_in_is_led_past_the_log_in(client: Client, product: Product) -> None:
    """303 to the dashboard."""
    log_in(client, product.employee())

    assert (303, "/") == (client.get("/login").status, client.get("/login").location)


@pytest.mark.parametrize(
    ("hours", "approvals", "wait", "people"),
    [
        (0.5, 2, "30 minutes", "Two people there have"),
        (1, 3, "1 hour", "Three people there have"),
        (24, 2, "24 hours", "Two people there have"),
    ],
)
def test_help_says_what_support_will_ask_for_and_how_long_it_takes(
    make_app: Callable[..., Flask], mode: str, hours: float, approvals: int, wait: str, people: str
) -> None:
    """An ID document to the address of the settings, and the waiting time and number of people that they name."""
    app = make_app(
        SUPPORT_EMAIL="help@studio.example", SUPPORT_RESET_WAIT_HOURS=hours, SUPPORT_RESET_APPROVALS=approvals
    )

    page = Client(app.test_client(), mode).get("/login/help")

    (letter,) = [link for link in page.document.all("a") if link.attributes["href"].startswith("mailto:")]
    assert "help@studio.example" == letter.text
    assert letter.attributes["href"].startswith("mailto:help@studio.example?")
    assert "Attach a photo of your ID document" in page.text
    assert f"a waiting time of {wait} starts" in page.text
    assert f"{people} to agree." in page.text


def test_the_second_step_leads_to_help(client: Client, product: Product) -> None:
    """From either kind of code; the half-way log-in goes on."""
    log_in(client, product.owner().person)

    for path in ("/login/code", "/login/backup-code"):
        (link,) = [link for link in client.get(path).document.all("a") if "Can't log in?" == link.text]
        assert "Can't log in?" == client.get(link.attributes["href"]).heading
    assert "Enter your code" == client.get("/login/code").heading

"""A repair pass on the pages: its two halves after the password, and a session that replaces the app and no more.

What is open to that session is walked in test_matrix.py.
"""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from tests.core.people import PASSWORD, Clock, Owner, Phone, Product
from tests.web.client import Answer, Client
from tests.web.people import address, log_in, security
from webapp.core.accounts.flows import Person
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice

WRONG = "0000-0000-0000-0000"


@pytest.fixture
def lea(product: Product) -> Owner:
    return product.owner()


@pytest.fixture
def halves(product: Product, lea: Owner) -> dict[str, str]:
    product.issue_pass(lea.person)
    return {"mailed_half": product.mailed_half(lea.person), "read_half": product.read_half(lea.person)}


# --- the page for the halves ------------------------------------------------------------------------------------------


def test_both_halves_lead_to_replacing_the_app(
    client: Client, product: Product, lea: Owner, halves: dict[str, str]
) -> None:
    """After the password, with another token, and without a browser that is known by it."""
    log_in(client, lea.person)
    before = client.flask.get_cookie("session")

    answer = client.post("/login/repair", **halves)

    assert 303 == answer.status
    assert f"{security(lea.person)}/two-factor/replace" == answer.location
    after = client.flask.get_cookie("session")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert client.flask.get_cookie("browser") is None
    page = client.as_page().get(answer.location)
    assert "Set up your new app" == page.heading
    assert "The pass works until" in page.text
    assert not page.document.all("input", name="code")
    assert not page.document.all("nav")


def test_nobody_gets_to_the_halves_without_the_password(client: Client, halves: dict[str, str]) -> None:
    """A stranger can use up no guesses."""
    client.get("/login")
    for answer in (client.get("/login/repair"), client.send("/login/repair", **halves)):
        assert "/login" == answer.location


@pytest.mark.parametrize("wrong", ["mailed_half", "read_half"])
def test_wrong_halves_are_said_together(
    client: Client, lea: Owner, halves: dict[str, str], product: Product, wrong: str
) -> None:
    """The page is the same whichever is wrong, and where there is no pass; what was typed doesn't come back."""
    log_in(client, lea.person)
    answer = client.post("/login/repair", **{**halves, wrong: WRONG})
    product.void_pass(lea.person)
    without = client.post("/login/repair", **halves)

    assert 422 == answer.status == without.status
    assert "These two halves open nothing together." in answer.text
    assert "You have 4 attempts left" in answer.text
    assert answer.text.replace("4 attempts", "3 attempts") == without.text
    assert ("", "") == (answer.value("mailed_half"), answer.value("read_half"))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"mailed_half": "", "read_half": ""}, "Enter the half from the e-mail: both halves are needed."),
        ({"mailed_half": "", "read_half": ""}, "Enter the half from the call: both halves are needed."),
        (
            {"mailed_half": "1234", "read_half": WRONG},
            "The half from the e-mail has 16 letters and digits. You entered 4.",
        ),
        (
            {"mailed_half": WRONG, "read_half": "UUUU-UUUU-UUUU-UUUU"},
            "The half from the call has letters and digits only, and no U.",
        ),
    ],
)
def test_what_can_be_no_half_is_said_at_its_field(
    client: Client, product: Product, lea: Owner, typed: dict[str, str], said: str
) -> None:
    """And costs no guess."""
    log_in(client, lea.person)

    answer = client.post("/login/repair", **typed)

    assert 422 == answer.status
    assert said in answer.text
    assert "4 attempts" in client.post("/login/repair", mailed_half=WRONG, read_half=WRONG).text


def test_a_half_that_is_sent_twice_is_none(client: Client, lea: Owner, halves: dict[str, str]) -> None:
    """Two answers are never judged (case D-06)."""
    log_in(client, lea.person)

    answer = client.post("/login/repair", **{**halves, "mailed_half": [halves["mailed_half"], WRONG]})

    assert 422 == answer.status


def test_after_five_wrong_pairs_there_is_a_pause(
    client: Client, lea: Owner, halves: dict[str, str], clock: Clock
) -> None:
    """429 with Retry-After, on GET too; another browser shares it, and after it the pass still opens."""
    log_in(client, lea.person)
    for _ in range(5):
        answer = client.post("/login/repair", mailed_half=WRONG, read_half=WRONG)

    assert 422 == answer.status
    for answer in (client.get("/login/repair"), client.send("/login/repair", **halves)):
        assert 429 == answer.status
        assert 0 < int(answer.response.headers["Retry-After"]) <= 300
        assert "Too many attempts." in answer.text
    clock.move(minutes=5)
    assert 303 == client.post("/login/repair", **halves).status


def test_halves_of_a_log_in_that_is_over_begin_anew(
    client: Client, product: Product, lea: Owner, halves: dict[str, str], clock: Clock
) -> None:
    """Ten minutes after the password; nothing is judged."""
    log_in(client, lea.person)
    client.get("/login/repair")
    clock.move(minutes=10)

    assert "/login" == client.send("/login/repair", **halves).location
    assert [] == product.audit("repair:enter")


# --- what leads there -------------------------------------------------------------------------------------------------


def test_the_help_leads_there(client: Client, lea: Owner) -> None:
    """From the second step by "Can't log in?"; whether there is a pass is not said."""
    log_in(client, lea.person)

    assert "/login/help" in _links(client.get("/login/code"))
    assert "/login/repair" in _links(client.get("/login/help"))
    assert "Use a repair pass" == client.get("/login/repair").heading


def test_a_frozen_account_leads_there(client: Client, product: Product, lea: Owner, clock: Clock) -> None:
    """From the page that lifts, where a password was set since; straight, where nothing of before is left."""
    product.freeze(product.mailed_link(Notice.ACTIVATED))
    refused = client.as_page().post("/login", email=lea.person.email, password=PASSWORD)
    product.issue_pass(lea.person)

    log_in(client, lea.person)
    answer = client.as_page().post("/login", email=lea.person.email, password=PASSWORD)

    assert 422 == refused.status
    assert "/login/repair" == answer.location
    kim = product.owner("kim@studio.example")
    new = "harbour quilt nineteen ferns"
    product.change_password(kim.seat, new, kim.phone.code(clock.now))
    product.freeze(product.mailed_link(Notice.PASSWORD_CHANGED))
    lifting = client.as_page().post("/login", email=kim.person.email, password=new).location
    assert f"{security(kim.person)}/freeze" == lifting
    assert "/login/repair" in _links(client.get(lifting))


@pytest.mark.parametrize("notice", [Notice.REPAIR_PASS, Notice.ACTIVATED])
def test_the_mail_of_a_pass_has_a_link_that_stops_it(
    client: Client, product: Product, lea: Owner, halves: dict[str, str], notice: Notice
) -> None:
    """Its page says so, and asks first; that of any other notice leaves the pass alone."""
    path = f"/notices/{product.mailed_link(notice)}"

    asks = client.get(path)
    before = product.live_pass(lea.person)
    client.send(path)

    assert ("The repair pass opens nothing any more." in asks.text) == (notice is Notice.REPAIR_PASS)
    assert before is not None
    assert (product.live_pass(lea.person) is None) == (notice is Notice.REPAIR_PASS)


# --- the session that repairs -----------------------------------------------------------------------------------------


def test_the_open_ones_open_nothing_of_the_security_tab(
    client: Client, product: Product, lea: Owner, halves: dict[str, str]
) -> None:
    """As fragments too: what has nothing to show leads back to where it begins."""
    _enter(client, lea.person, halves)
    tab = security(lea.person)
    client.token = client._token(client.flask.get(_replace(lea)))

    answers = [
        client.get(f"{tab}/two-factor/activate"),
        client.get(f"{tab}/two-factor/activate/code"),
        client.send(f"{tab}/two-factor/activate/code", code="123456"),
        client.get(f"{tab}/two-factor/activate/backup-codes"),
        client.send(f"{tab}/two-factor/activate/backup-codes/download"),
        client.send(f"{tab}/two-factor/activate/close"),
    ]

    for answer in answers:
        assert _replace(lea) == answer.location, answer.text
        assert "backup codes left" not in answer.text


def test_a_forged_form_shows_nothing_of_the_account_to_a_session_that_repairs(
    app: Flask, client: Client, lea: Owner, halves: dict[str, str]
) -> None:
    """400 before anything else, and the page that says so has no form filled in with the profile."""
    _enter(client, lea.person, halves)

    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and rule.endpoint != "csp_reports.take":
            client.token = "forged"
            answer = client.send(address(rule.rule, lea.person.id))
            assert 400 == answer.status, rule.rule
            assert not answer.document.all("input", name="phone")
            assert lea.person.email not in answer.text


def test_a_link_from_a_mail_changes_nothing_in_a_session_that_repairs(
    client: Client, product: Product, lea: Owner
) -> None:
    """A public page may be asked for by anybody; what it would change for somebody logged in stays as it is."""
    assert product.ask_email(lea.seat, "lea@new.example", lea.phone.code(product.now))
    token = product.mailed_link(Notice.EMAIL_LINK, LinkKind.EMAIL)
    product.issue_pass(lea.person)
    halves = {"mailed_half": product.mailed_half(lea.person), "read_half": product.read_half(lea.person)}
    _enter(client, lea.person, halves)
    client.token = client._token(client.flask.get(_replace(lea)))

    client.send(f"/email/confirm/{token}")

    assert [] == product.audit("email:change")


def test_from_the_pass_to_eight_new_codes(
    client: Client, product: Product, lea: Owner, halves: dict[str, str], clock: Clock
) -> None:
    """Three steps; then it is a log-in like any other, with a notice, and the old app is dead."""
    _enter(client, lea.person, halves)
    phone = _scan(client, lea.person)

    answer = client.followed(
        client.post(f"{security(lea.person)}/two-factor/activate/code", code=phone.code(clock.now))
    )

    assert "Your backup codes" == answer.heading
    assert "Your new app is set up; the old one and the old codes no longer work." in answer.text
    done = client.followed(client.send(f"{security(lea.person)}/two-factor/activate/close"))
    assert "Your authenticator app is replaced." in done.text
    assert "Logged in with a repair pass" in done.text
    assert 200 == client.as_page().get("/").status


def test_a_set_up_that_took_too_long_is_said_where_it_begins(
    client: Client, product: Product, lea: Owner, halves: dict[str, str], clock: Clock
) -> None:
    """The password is asked for by then, and the pass goes on."""
    _enter(client, lea.person, halves)
    _scan(client, lea.person)
    clock.move(minutes=15)

    expired = client.get(f"{security(lea.person)}/two-factor/activate")
    pages = client.as_page()
    asks = pages.get(expired.location)
    page = pages.followed(pages.send(expired.location, password=PASSWORD, carry_on="get"))

    assert _replace(lea) == expired.location
    assert "Confirm" in [button.text for button in asks.document.all("button")]
    assert "Setting up took too long" in page.text
    assert _scan(client, lea.person)


@pytest.mark.parametrize("how", ["voided", "entered again", "24 hours", "new half"])
def test_a_session_whose_pass_is_over_is_nobodys(
    client: Client,
    open_browser: Callable[[], Client],
    product: Product,
    lea: Owner,
    halves: dict[str, str],
    clock: Clock,
    how: str,
) -> None:
    """At its next request, wherever it stands: led to the log-in."""
    clock.move(hours=23, minutes=30)
    _enter(client, lea.person, halves)
    _scan(client, lea.person)
    if how == "voided":
        product.log_in_with(lea.person, lea.codes[0])
    elif how == "entered again":
        _enter(open_browser(), lea.person, halves)
    clock.move(minutes=30 if how == "24 hours" else 1)
    if how == "new half":
        product.read_half(lea.person)

    for step in ("replace", "activate", "activate/code"):
        assert client.get(f"{security(lea.person)}/two-factor/{step}").location.startswith("/login?next=")


def test_logging_out_gives_the_pass_back(client: Client, product: Product, lea: Owner, halves: dict[str, str]) -> None:
    """It was not used up; whoever has both halves may enter them again."""
    _enter(client, lea.person, halves)
    client.token = client._token(client.flask.get(_replace(lea)))

    client.send("/logout")

    assert client.get(_replace(lea)).location.startswith("/login")
    _enter(client, lea.person, halves)


def test_nobody_else_replaces_an_app_without_a_code(
    client: Client, product: Product, lea: Owner, halves: dict[str, str], clock: Clock
) -> None:
    """A full session of the owner's while a pass is there is asked for a code, as ever."""
    kim = product.owner("kim@studio.example")
    product.issue_pass(kim.person)
    log_in(client, kim.person)
    client.as_page().post("/login/code", code=kim.phone.code(clock.now))

    answer = client.post(_replace(kim))

    assert 422 == answer.status
    assert "Enter the 6-digit code from your app." in answer.text


def test_a_company_that_requires_it_changes_nothing_for_a_pass(
    client: Client, product: Product, lea: Owner, halves: dict[str, str], clock: Clock
) -> None:
    """Two-factor authentication is on all the time, so nobody is led to the Security tab to activate it."""
    product.require(lea.person.company_id)
    _enter(client, lea.person, halves)
    phone = _scan(client, lea.person)

    client.post(f"{security(lea.person)}/two-factor/activate/code", code=phone.code(clock.now))

    assert 200 == client.as_page().get("/").status


@pytest.mark.parametrize("path", ["/login/repair", "/settings/employees/{id}/security/two-factor/replace"])
def test_a_page_of_a_pass_asks_the_database_three_times_at_most(
    client: Client, engine: Engine, product: Product, lea: Owner, halves: dict[str, str], path: str
) -> None:
    """However many passes, sessions and guesses there were."""
    log_in(client, lea.person)
    if "settings" in path:
        _enter(client, lea.person, halves)
    statements: list[str] = []

    def note(*args: object) -> None:
        statements.append(str(args[2]))

    event.listen(engine, "before_cursor_execute", note)
    client.get(path.format(id=lea.person.id))
    event.remove(engine, "before_cursor_execute", note)

    assert len([one for one in statements if one != "BEGIN"]) <= 3, statements


def _enter(client: Client, person: Person, halves: dict[str, str]) -> None:
    log_in(client, person)
    answer = client.as_page().post("/login/repair", **halves)
    assert answer.location.endswith("/two-factor/replace"), answer.text


def _scan(client: Client, person: Person) -> Phone:
    begun = client.as_page().post(f"{security(person)}/two-factor/replace")
    assert begun.location.endswith("/two-factor/activate"), begun.text
    page = client.as_page().get(begun.location)
    return Phone(page.document.one("code", id="key").text.replace(" ", ""))


def _replace(owner: Owner) -> str:
    return f"{security(owner.person)}/two-factor/replace"


def _links(page: Answer) -> set[str]:
    return {link.attributes.get("href", "") for link in page.document.all("a")}

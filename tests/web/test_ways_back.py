"""“If your phone were gone”: what the Security tab tells, and the one thing to do next, there and on the overview."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from tests.core.people import Clock, Owner, Product
from tests.web.client import Answer, Client
from tests.web.dom import Element
from tests.web.people import log_in, security
from webapp.core.enrolment.rules import NextStep
from webapp.core.notices.flows import Notice

NEXT = {
    NextStep.LIFT_FREEZE: "Your account is frozen",
    NextStep.SET_UP: "Protect your account with your phone",
    NextStep.PUT_CODES_AWAY: "Put your new backup codes away",
    NextStep.NEW_CODES_NONE_LEFT: "All backup codes are used up",
    NextStep.NEW_CODES_FEW: "Only 3 backup codes are left",
    NextStep.NEW_CODES_OLD: "The backup codes are more than a year old",
    NextStep.CHECK_CODES: "Check that you saved the backup codes",
    NextStep.NOTHING: "Nothing to do",
}
LEADS_TO = {
    NextStep.LIFT_FREEZE: "/freeze",
    NextStep.SET_UP: "",
    NextStep.PUT_CODES_AWAY: "/two-factor/activate/backup-codes",
    NextStep.NEW_CODES_NONE_LEFT: "/backup-codes",
    NextStep.NEW_CODES_FEW: "/backup-codes",
    NextStep.NEW_CODES_OLD: "/backup-codes",
    NextStep.CHECK_CODES: "/backup-codes/check",
}
CANT_WAIT = {
    NextStep.LIFT_FREEZE: "bad",
    NextStep.PUT_CODES_AWAY: "warn",
    NextStep.NEW_CODES_NONE_LEFT: "bad",
    NextStep.NEW_CODES_FEW: "warn",
    NextStep.NEW_CODES_OLD: "warn",
}


def card(answer: Answer, heading: str) -> Element:
    """The section that *heading* names."""
    (found,) = [one for one in answer.document.all("section") if one.all("h2") and heading == one.all("h2")[0].text]
    return found


def ways(answer: Answer) -> Element:
    return card(answer, "If your phone were gone")


@pytest.fixture
def stand(client: Client, product: Product, clock: Clock) -> Callable[[NextStep], Owner]:
    """Log somebody in at *client* whose next step is this one."""

    def come_to(step: NextStep) -> Owner:
        if step is NextStep.PUT_CODES_AWAY:
            person = product.employee()
            seat = product.log_in(person)
            client.flask.set_cookie("session", f"s.{seat.token}")
            return product.activate(person, seat)
        owner = product.owner()
        if step is NextStep.SET_UP:
            product.reset(owner.seat, owner.phone.code(clock.now))
            log_in(client, owner.person)
            return owner
        used = {NextStep.NEW_CODES_NONE_LEFT: 8, NextStep.NEW_CODES_FEW: 5}.get(step, 4)
        for code in owner.codes[:used]:
            product.answer(product.half_way(owner.person), code)
        if step is NextStep.NOTHING:
            product.check_codes(owner.seat, owner.codes[7])
        if step is NextStep.NEW_CODES_OLD:
            clock.move(days=365)
        if step is NextStep.LIFT_FREEZE:
            product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))
        log_in(client, owner.person)
        assert 303 == client.as_page().post("/login/code", code=owner.phone.code(clock.now)).status
        return owner

    return come_to


@pytest.mark.parametrize("step", NextStep)
def test_overview_and_security_tab_say_the_same_next_thing(
    client: Client, stand: Callable[[NextStep], Owner], step: NextStep
) -> None:
    """One rule for both, each with one link to it; what can't wait is a banner."""
    owner = stand(step)

    overview = card(client.as_page().get("/"), "What to do next")
    tab = client.get(security(owner.person))

    assert NEXT[step] == overview.all("h3")[0].text
    said = [heading for heading in NEXT.values() if heading in tab.text]
    assert said == ([] if step is NextStep.SET_UP else [NEXT[step]])  # while it is off, the card above is the offer
    mood = CANT_WAIT.get(step, "")
    assert {mood} - {""} == set(overview.attributes["class"].split()) & {"warn", "bad"}
    links = [link.attributes["href"] for link in overview.all("a")]
    assert links == ([f"{security(owner.person)}{LEADS_TO[step]}"] if step in LEADS_TO else [])
    if step is NextStep.LIFT_FREEZE:  # of the whole account, so above all cards
        assert NEXT[step] not in ways(tab).text
    elif step not in (NextStep.SET_UP, NextStep.NOTHING):
        (go,) = [link.attributes["href"] for link in ways(tab).all("a", **{"class": "btn go"})]
        assert [go] == links
        assert 200 == client.as_page().get(go).status


@pytest.mark.parametrize(("left", "words"), [(2, "Only 2 backup codes are left"), (1, "Only one backup code is left")])
def test_it_says_how_few_are_left(client: Client, product: Product, clock: Clock, left: int, words: str) -> None:
    """In words."""
    owner = product.owner()
    for code in owner.codes[left:]:
        product.answer(product.half_way(owner.person), code)
    _log_in_fully(client, owner, clock)

    assert words in ways(client.get(security(owner.person))).text


def test_with_the_last_code_it_says_until_when_it_counts(client: Client, product: Product, clock: Clock) -> None:
    """The ten minutes in which new codes need no code."""
    owner = product.owner()
    for code in owner.codes[:7]:
        product.answer(product.half_way(owner.person), code)
    log_in(client, owner.person)
    client.as_page().post("/login/backup-code", backup_code=owner.codes[7])

    now = ways(client.get(security(owner.person))).text
    clock.move(minutes=10)
    later = ways(client.get(security(owner.person))).text

    assert "until 10:10 you need no other code" in now
    assert "only Support can let you in" in later


def test_it_tells_every_way_in_plain_words(
    client: Client, product: Product, clock: Clock, open_browser: Callable[[], Client]
) -> None:
    """Codes with their age, the app with its last use, log-ins that go on, Support."""
    owner = product.owner()
    product.check_codes(owner.seat, owner.codes[0])
    clock.move(days=2)
    product.log_in_with(owner.person, owner.codes[1])
    _log_in_fully(client, owner, clock)

    text = ways(client.get(security(owner.person))).text

    assert "7 left, each for one log-in. Made on 2 March 2026, checked on 2 March 2026." in text
    assert "Last used: Today at 10:00." in text
    assert "This one and 1 other." in text  # the one that switched it on is over after a day
    assert "A log-in lasts 24 hours at most." in text
    assert "Support" in text


def test_with_two_apps_either_is_a_way_back(client: Client, product: Product, clock: Clock) -> None:
    """Each by its name; and only with both gone is Support the last way."""
    owner = product.owner()
    product.second_phone(owner, "Tablet <3")
    clock.move(days=1)
    for code in owner.codes:
        product.answer(product.half_way(owner.person), code)
    _log_in_fully(client, owner, clock)

    text = ways(client.get(security(owner.person))).text

    assert "Either of your two apps" in text
    assert "Tablet <3, last used: Yesterday at 10:00. The one that is left goes on working." in text
    assert "If both your apps are gone now, only Support can let you in." in text


def test_while_it_is_off_there_is_no_such_card(client: Client, product: Product) -> None:
    """Without a second factor a phone that is gone keeps nobody out."""
    person = product.employee()
    log_in(client, person)

    assert "If your phone were gone" not in client.get(security(person)).text


# --- checking that they were saved ------------------------------------------------------------------------------------


def test_a_code_is_checked_from_the_offer_on_and_not_used_up(client: Client, product: Product, clock: Clock) -> None:
    """Back on the tab, which says so and asks no more; the code logs in afterwards."""
    owner = product.owner()
    _log_in_fully(client, owner, clock)
    tab = client.as_page().get(security(owner.person))
    (offer,) = [link for link in ways(tab).all("a") if link.text == "Check one now"]
    client.get(offer.attributes["href"])

    done = client.followed(client.fill_in("Check this code", {"Backup code": owner.codes[2].lower()}))

    assert "That is one of your backup codes, and it goes on working." in done.text
    assert "8 of 8 backup codes left" in done.text
    assert "Check one now" not in done.text
    assert "Backup codes checked, none used up" in done.text
    product.log_in_with(owner.person, owner.codes[2])


def test_it_is_asked_again_after_four_weeks(client: Client, product: Product, clock: Clock) -> None:
    """And says when it was done last."""
    owner = product.owner()
    product.check_codes(owner.seat, owner.codes[0])
    clock.move(days=28)
    _log_in_fully(client, owner, clock)

    text = client.get(security(owner.person)).text

    assert "Check that you still have the backup codes" in text
    assert "You last did on 2 March 2026." in text


def test_wrong_codes_are_counted_and_then_it_pauses(client: Client, product: Product, clock: Clock) -> None:
    """As everywhere (case D-26); at reset in this browser, too."""
    owner = product.owner()
    _log_in_fully(client, owner, clock)
    path = f"{security(owner.person)}/backup-codes/check"

    for left in (4, 3, 2, 1):
        answer = client.post(path, backup_code="ZZZZ-ZZZZ-ZZZZ-ZZZZ")
        assert 422 == answer.status
        assert "We don't know this backup code." in answer.text
        assert f"You have {left} attempt" in answer.text
        assert "" == answer.value("backup_code")
    client.post(path, backup_code="ZZZZ-ZZZZ-ZZZZ-ZZZZ")

    assert 429 == client.post(path, backup_code=owner.codes[0]).status
    assert 429 == client.get(path).status
    assert 429 == client.post(f"{security(owner.person)}/two-factor/reset", backup_code=owner.codes[0]).status


def test_a_used_code_is_told_with_its_date(client: Client, product: Product, clock: Clock) -> None:
    """And is no proof: the offer stays."""
    owner = product.owner()
    product.log_in_with(owner.person, owner.codes[0])
    clock.move(days=1)
    _log_in_fully(client, owner, clock)

    answer = client.post(f"{security(owner.person)}/backup-codes/check", backup_code=owner.codes[0])

    assert 422 == answer.status
    assert "This backup code was used on 2 March 2026. Cross it out and enter another one." in answer.text
    assert "Check one now" in client.as_page().get(security(owner.person)).text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Enter one of your backup codes."),
        ("4F7K-9QXM", "A backup code has 16 letters and digits. You entered 8."),
        ("123456", "That is a code from your app. Enter one of your backup codes."),
    ],
)
def test_what_is_no_backup_code_is_said_at_the_field(
    client: Client, product: Product, clock: Clock, typed: str, words: str
) -> None:
    """Not charged; what else belongs in another field is taken for what it is."""
    owner = product.owner()
    _log_in_fully(client, owner, clock)

    answer = client.post(f"{security(owner.person)}/backup-codes/check", backup_code=typed)

    assert 422 == answer.status
    assert words in answer.text


def test_while_the_codes_are_on_the_screen_nothing_is_offered(
    client: Client, stand: Callable[[NextStep], Owner]
) -> None:
    """The page leads to the tab, where the next thing is to put them away; so does the form of an old tab."""
    owner = stand(NextStep.PUT_CODES_AWAY)
    path = f"{security(owner.person)}/backup-codes/check"

    asked = client.followed(client.get(path))
    sent = client.followed(client.post(path, form_at=security(owner.person), backup_code=owner.codes[0]))

    for answer in (asked, sent):
        assert NEXT[NextStep.PUT_CODES_AWAY] in answer.text
        assert "Check one now" not in answer.text


def test_where_it_is_off_the_page_leads_to_the_tab(client: Client, product: Product) -> None:
    """There is nothing to check."""
    person = product.employee()
    log_in(client, person)

    answer = client.get(f"{security(person)}/backup-codes/check")

    assert "Activate two-factor authentication" in client.followed(answer).text


def test_it_asks_for_no_recent_log_in_and_blocks_nothing(client: Client, product: Product, clock: Clock) -> None:
    """It changes nothing about how somebody logs in."""
    owner = product.owner()
    _log_in_fully(client, owner, clock)
    clock.move(minutes=30)

    answer = client.post(f"{security(owner.person)}/backup-codes/check", backup_code=owner.codes[0])

    assert "goes on working" in client.followed(answer).text


def test_an_address_alone_says_nothing_was_checked(client: Client, product: Product, clock: Clock) -> None:
    """Only what is so is said."""
    owner = product.owner()
    _log_in_fully(client, owner, clock)

    assert "goes on working" not in client.get(f"{security(owner.person)}?after=checked").text


# --- what it costs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "most"), [("security", 9), ("overview", 6)])
def test_few_statements_are_needed(
    client: Client, product: Product, clock: Clock, engine: Engine, path: str, most: int
) -> None:
    """However long the history is."""
    owner = product.owner()
    for code in owner.codes[:3]:
        product.log_in_with(owner.person, code)
    _log_in_fully(client, owner, clock)

    with counted(engine) as statements:
        client.get(security(owner.person) if path == "security" else "/")

    assert len(statements) <= most, statements


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that run meanwhile."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, text: str, *_: object) -> None:
        if not text.startswith(("BEGIN", "PRAGMA")):
            seen.append(text)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _log_in_fully(client: Client, owner: Owner, clock: Clock) -> None:
    log_in(client, owner.person)
    assert 303 == client.as_page().post("/login/code", code=owner.phone.code(clock.now)).status
    clock.next_step()

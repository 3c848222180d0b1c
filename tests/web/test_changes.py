"""New backup codes and reset: a current code or a backup code first, and what a recent log-in by the last one buys."""

from collections.abc import Callable

import pytest

from tests.core.people import PASSWORD, Clock, Owner, Product
from tests.web.client import Client
from tests.web.people import log_in, security


def test_the_switch_asks_first(client: Client, product: Product, clock: Clock) -> None:
    """It is a GET form; alone it changes nothing (case D-54)."""
    owner = _signed_in(client, product, clock)
    tab = client.as_page().get(security(owner.person))
    switch = tab.document.one("button", role="switch")

    answer = client.get(switch.parent.attributes["action"])

    assert "get" == switch.parent.attributes["method"]
    assert "true" == switch.attributes["aria-checked"]
    assert "Reset two-factor authentication" == answer.heading
    assert "8 of 8 backup codes left" in client.as_page().get(security(owner.person)).text


@pytest.mark.parametrize("by_backup_code", [False, True])
def test_a_reset_switches_off_at_once(
    client: Client, product: Product, clock: Clock, open_browser: Callable[[], Client], by_backup_code: bool
) -> None:
    """Factor, codes and other sessions are gone together; this session stays."""
    owner = _signed_in(client, product, clock)
    other = open_browser()
    _log_in_fully(other, owner, product, clock)
    clock.next_step()
    path = f"{security(owner.person)}/two-factor/reset"
    fields = {"backup_code": owner.codes[1]} if by_backup_code else {"code": owner.phone.code(clock.now)}

    answer = client.followed(client.post(path, **fields))

    assert "Two-factor authentication is off." in answer.text
    assert "Activate two-factor authentication" in answer.text
    assert 303 == other.get("/").status
    assert "Hello, Lea" == client.as_page().get("/").heading


@pytest.mark.parametrize("page", ["two-factor/reset", "backup-codes"])
def test_a_wrong_code_changes_nothing(client: Client, product: Product, clock: Clock, page: str) -> None:
    """Refused at the field, counted with the guesses at log-in (case D-26)."""
    owner = _signed_in(client, product, clock)
    path = f"{security(owner.person)}/{page}"

    for left in (4, 3, 2, 1):
        answer = client.post(path, code=owner.phone.wrong_code(clock.now))
        assert 422 == answer.status
        pause = ", then this pauses for 5 minutes." if left <= 2 else "."
        assert f"You have {left} attempt{'s' if left > 1 else ''} left{pause}" in answer.text
    last = client.post(path, code=owner.phone.wrong_code(clock.now))

    assert "That code isn't right. Too many attempts. You can try again at 10:0" in last.text
    assert 429 == client.post(path, code=owner.phone.code(clock.now)).status
    assert 429 == client.get(path).status
    assert "8 of 8 backup codes left" in client.as_page().get(security(owner.person)).text


@pytest.mark.parametrize("page", ["two-factor/reset", "backup-codes"])
def test_an_old_log_in_is_confirmed_first(client: Client, product: Product, clock: Clock, page: str) -> None:
    """After a POST with a code the form comes again, the code empty; the old one was not judged."""
    owner = _signed_in(client, product, clock)
    path = f"{security(owner.person)}/{page}"
    client.get(path)
    clock.move(minutes=11)
    code = owner.phone.code(clock.now)

    asked = client.send(path, code=code)
    confirmed = client.send(path, password=PASSWORD, carry_on=asked.value("carry_on"))
    again = client.get(path)

    assert (200, "Confirm that it's you") == (asked.status, asked.heading)
    assert code not in asked.response.text
    assert (303, path) == (confirmed.status, confirmed.location)
    assert "" == again.value("code")


def test_new_codes_kill_the_old_ones(client: Client, product: Product, clock: Clock) -> None:
    """The new eight are shown at the address that activation uses."""
    owner = _signed_in(client, product, clock)

    answer = client.followed(client.post(f"{security(owner.person)}/backup-codes", code=owner.phone.code(clock.now)))

    new = [code.text for code in answer.document.all("code")]
    assert 8 == len(new)
    assert not set(new) & set(owner.codes)
    assert "Step 3 of 3" not in answer.text
    refused = client.post(f"{security(owner.person)}/two-factor/reset", backup_code=owner.codes[2])
    assert "We don't know this backup code." in refused.text


@pytest.mark.parametrize("page", ["two-factor/reset", "backup-codes"])
def test_the_log_in_by_the_last_code_counts_for_ten_minutes(
    client: Client, product: Product, clock: Clock, page: str
) -> None:
    """No field is asked for, and the page says so; after ten minutes a code is needed again."""
    owner = product.owner()
    for code in owner.codes[:7]:
        product.answer(product.half_way(owner.person), code)
    log_in(client, owner.person)
    client.as_page().post("/login/backup-code", backup_code=owner.codes[7])
    path = f"{security(owner.person)}/{page}"

    asked = client.get(path)
    lost = client.as_page().get("/login/after-backup-code?phone=lost")
    done = client.followed(client.post(path))

    assert not asked.document.all("input", name="code")
    assert "no further code is needed" in asked.text
    assert "until" in lost.text.lower()
    assert done.status == 200
    assert ("Activate two-factor authentication" in done.text) is (page == "two-factor/reset")


def test_ten_minutes_after_the_last_code_a_code_is_asked_for(client: Client, product: Product, clock: Clock) -> None:
    """The log-in no longer stands in."""
    owner = product.owner()
    for code in owner.codes[:7]:
        product.answer(product.half_way(owner.person), code)
    log_in(client, owner.person)
    client.as_page().post("/login/backup-code", backup_code=owner.codes[7])
    path = f"{security(owner.person)}/two-factor/reset"
    client.as_page().get(path)
    clock.move(minutes=10)
    client.as_page().post(path, password=PASSWORD, carry_on="get")

    answer = client.post(path)

    assert 422 == answer.status
    assert "Enter the 6-digit code from your app." in answer.text


@pytest.mark.parametrize("page", ["two-factor/reset", "backup-codes"])
def test_with_nothing_to_change_the_pages_lead_to_the_security_tab(client: Client, product: Product, page: str) -> None:
    """Off is off."""
    person = product.employee()
    log_in(client, person)

    answer = client.get(f"{security(person)}/{page}")

    assert "Activate two-factor authentication" in client.followed(answer).text


def _signed_in(client: Client, product: Product, clock: Clock) -> Owner:
    """At a new browser, by a code; a step later the next code can be used."""
    owner = product.owner()
    _log_in_fully(client.as_page(), owner, product, clock)
    clock.next_step()
    return owner


def _log_in_fully(client: Client, owner: Owner, product: Product, clock: Clock) -> None:
    log_in(client, owner.person)
    assert 303 == client.post("/login/code", code=owner.phone.code(clock.now)).status
    clock.next_step()

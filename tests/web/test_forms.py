"""The article's way through the forms as a person sees them: by labels and buttons, as pages and as HTMX fragments."""

import re
from collections.abc import Callable

from tests.core.people import PASSWORD, Clock, Owner, Phone, Product
from tests.web.client import Answer, Client
from tests.web.people import log_in, security


def test_two_factor_authentication_is_activated_and_used(client: Client, product: Product, clock: Clock) -> None:
    """Log in, find the tab, scan, verify, keep the codes, log in with a code: every label as the contract says it."""
    person = product.employee()
    _log_in_by_form(client)
    tab = _security_tab(client)

    step_1 = client.followed(client.fill_in("Activate two-factor authentication"))
    phone = Phone(step_1.document.one("code", id="key").text.replace(" ", ""))
    assert all(name in step_1.text for name in ("Authy", "Google Authenticator", "Microsoft Authenticator"))
    assert "Open in authenticator app" in [link.text for link in step_1.document.all("a")]
    step_2 = client.fill_in("Next")
    assert "Step 2 of 3" in step_2.text
    assert step_1.text == client.fill_in("Back").text
    client.fill_in("Next")
    code = phone.code(clock.now)
    step_3 = client.followed(client.fill_in("Verify", {"Authentication code": f"{code[:3]} {code[3:]}"}))
    codes = _shown_codes(step_3)
    assert "Your backup codes" == step_3.heading
    assert ["Copy", "Download", "Print", "I have saved them"] == [
        button.text for button in step_3.document.all("button") if button.text and button.text != "Log out"
    ]
    closed = client.followed(client.fill_in("Close"))
    assert "8 of 8 backup codes left" in closed.text
    clock.next_step()
    client.as_page().post("/logout", form_at="/")
    _log_in_by_form(client)
    assert "Enter your code" == client.get("/login/code").heading
    answer = client.fill_in("Verify", {"Authentication code": phone.code(clock.now)})

    assert (303, "/") == (answer.status, answer.location)
    assert 8 == len(set(codes))
    assert security(person) == tab


def test_a_backup_code_logs_in_and_the_phone_is_lost(client: Client, product: Product, clock: Clock) -> None:
    """The question can be left at once; lost leads to a new phone, or to the reset, by another backup code."""
    owner = product.owner()
    _log_in_by_form(client)
    client.get("/login/code")
    _follow_link(client, "Use a backup code instead")

    used = client.fill_in("Verify", {"Backup code": owner.codes[0].lower().replace("-", " ")})
    question = client.followed(used)
    choices = [link.attributes["href"] for link in question.document.all("a") if "phone" in link.text.lower()]
    lost = _follow_link(client, "My phone is lost")
    replace = _follow_link(client, "Set up my new phone")
    client.page = client.as_page().get("/login/after-backup-code?phone=lost").document
    reset = _follow_link(client, "switch off two-factor authentication")
    done = client.followed(client.fill_in("Reset", {"Backup code": owner.codes[1]}))

    assert ["/", "/login/after-backup-code?phone=lost&next=/"] == choices
    assert "7 backup codes are left." in question.text
    assert "7 of 8 are left" in lost.text
    assert "Replace your authenticator app" == replace.heading
    assert "Reset two-factor authentication" == reset.heading
    assert "Two-factor authentication is off." in done.text


def test_the_last_backup_code_counts_as_the_code_for_the_reset(client: Client, product: Product, clock: Clock) -> None:
    """No field is asked for; one press resets."""
    owner = product.owner()
    _use_up(product, owner, 7)
    _log_in_by_form(client)
    client.get("/login/backup-code")

    question = client.followed(client.fill_in("Verify", {"Backup code": owner.codes[7]}))
    lost = _follow_link(client, "My phone is lost")
    _follow_link(client, "switch off two-factor authentication")
    done = client.followed(client.fill_in("Reset"))

    assert "That was your last backup code." in question.text
    assert "counts here too" in lost.text
    assert "Two-factor authentication is off." in done.text


def test_the_switch_and_the_way_to_the_other_code(client: Client, product: Product, clock: Clock) -> None:
    """The switch opens the reset; the link swaps the field; Reset takes a code typed with a dash."""
    owner = _logged_in(client, product, clock)
    client.get(security(owner.person))

    asked = client.fill_in("")
    by_backup_code = _follow_link(client, "Use a backup code instead")
    _follow_link(client, "Use an authentication code instead")
    code = owner.phone.code(clock.now)
    done = client.followed(client.fill_in("Reset", {"Authentication code": f"{code[:3]}-{code[3:]}"}))

    assert "Reset two-factor authentication" == asked.heading
    assert by_backup_code.document.all("input", name="backup_code")
    assert "Two-factor authentication is off." in done.text


def test_new_backup_codes_replace_the_old(client: Client, product: Product, clock: Clock) -> None:
    """“Create new backup codes” shows eight others, with the same way to close them."""
    owner = _logged_in(client, product, clock)
    client.get(f"{security(owner.person)}/backup-codes")

    shown = client.followed(
        client.fill_in("Create new backup codes", {"Authentication code": owner.phone.code(clock.now)})
    )
    closed = client.followed(client.fill_in("I have saved them"))

    assert 8 == len(_shown_codes(shown))
    assert not set(_shown_codes(shown)) & set(owner.codes)
    assert "Your new backup codes are ready." in closed.text


def test_a_confirmation_carries_on_with_a_get_and_with_activation(
    client: Client, product: Product, clock: Clock, open_browser: Callable[[], Client]
) -> None:
    """“Confirm” at the address that asked: then the page that was wanted, without a second press."""
    owner = _logged_in(client, product, clock)
    clock.move(minutes=11)

    asked = client.get(f"{security(owner.person)}/two-factor/reset")
    wrong = client.fill_in("Confirm", {"Password": "not the right password"})
    empty = client.fill_in("Confirm")
    reset = client.followed(client.fill_in("Confirm", {"Password": PASSWORD}))
    client.followed(client.fill_in("Reset", {"Authentication code": owner.phone.code(clock.now)}))
    clock.move(minutes=11)
    client.get(security(owner.person))
    client.fill_in("Activate two-factor authentication")
    activation = client.followed(client.fill_in("Confirm", {"Password": PASSWORD}))

    assert (200, "Confirm that it's you") == (asked.status, asked.heading)
    assert (422, 422) == (wrong.status, empty.status)
    assert "You have 4 attempts left." in wrong.text
    assert "Enter your password." in empty.text
    assert "Reset two-factor authentication" == reset.heading
    assert "Activate two-factor authentication" == activation.heading


def test_a_confirmation_is_limited_and_says_until_when(client: Client, product: Product, clock: Clock) -> None:
    """429 with Retry-After, on GET too, and the form stays."""
    owner = _logged_in(client, product, clock)
    clock.move(minutes=11)
    path = f"{security(owner.person)}/two-factor/reset"
    client.get(path)
    for _ in range(5):
        client.fill_in("Confirm", {"Password": "not the right password"})

    for answer in (client.fill_in("Confirm", {"Password": PASSWORD}), client.get(path)):
        assert 429 == answer.status
        assert "300" == answer.response.headers["Retry-After"]
        assert "Too many attempts. You can try again at" in answer.text
        assert answer.document.all("input", name="password")


def _log_in_by_form(client: Client) -> None:
    client.get("/login")
    answer = client.fill_in("Continue", {"E-mail": "lea@studio.example", "Password": PASSWORD})
    assert 303 == answer.status


def _security_tab(client: Client) -> str:
    """Settings → Resource / Employees → one's own name → the tab at the far right."""
    client.as_page().get("/")
    client.get("/settings/employees")
    _follow_link(client, "Lea Brunner")
    tabs = client.page.one("nav", **{"aria-label": "Lea Brunner"}).all("a")
    assert ["Profile", "Security"] == [tab.text for tab in tabs]
    client.get(tabs[-1].attributes["href"])
    return tabs[-1].attributes["href"]


def _follow_link(client: Client, text: str) -> Answer:
    found = [link for link in client.page.all("a") if link.text == text]
    assert 1 == len(found), f"{len(found)} × link {text}"
    return client.get(found[0].attributes["href"])


def _shown_codes(answer: Answer) -> list[str]:
    codes = [code.text for item in answer.document.one("ol", id="codes").all("li") for code in item.all("code")]
    assert all(re.fullmatch("([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", code) for code in codes)
    return codes


def _logged_in(client: Client, product: Product, clock: Clock) -> Owner:
    """At a new browser, by a code; a step later the next code can be used."""
    owner = product.owner()
    log_in(client, owner.person)
    client.as_page().post("/login/code", code=owner.phone.code(clock.now))
    clock.next_step()
    return owner


def _use_up(product: Product, owner: Owner, number: int) -> None:
    for code in owner.codes[:number]:
        product.answer(product.half_way(owner.person), code)

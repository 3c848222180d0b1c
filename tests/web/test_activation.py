"""Switching two-factor authentication on: three steps, as whole pages and as pop-ups."""

import base64
import io
import re
from collections.abc import Callable

import zxingcpp
from PIL import Image

from tests.core.people import PASSWORD, Clock, Phone, Product
from tests.web.client import FRAGMENT, Client
from tests.web.people import begin_activation, log_in, security
from webapp.core.accounts.flows import Person


def test_the_button_leads_to_a_qr_code_that_holds_the_shown_address(client: Client, product: Product) -> None:
    """Step 1: QR code, link for the same phone and key for typing say the same."""
    person = product.employee()
    log_in(client, person)

    answer = client.post(f"{security(person)}/two-factor/activate", form_at=security(person))
    if client.mode != FRAGMENT:
        assert 303 == answer.status
        answer = client.get(answer.location)

    assert "Activate two-factor authentication" == answer.heading
    link = answer.document.one("a", href=_uri(answer.document.all("a")))
    image = base64.b64decode(answer.document.all("img")[0].attributes["src"].partition(",")[2])
    assert link.attributes["href"] == zxingcpp.read_barcodes(Image.open(io.BytesIO(image)))[0].text
    key = answer.document.one("code").text.replace(" ", "")
    assert f"secret={key}" in link.attributes["href"]
    assert "Can't scan the QR code?" in answer.text


def test_a_second_begin_shows_the_same_key(client: Client, product: Product) -> None:
    """A second tab, Back and a refresh don't rotate the secret (case D-49)."""
    person = product.employee()
    log_in(client, person)

    assert begin_activation(client, person) == begin_activation(client, person)


def test_the_qr_code_is_shown_to_the_session_that_made_it_only(
    client: Client, product: Product, open_browser: Callable[[], Client]
) -> None:
    """For fifteen minutes; another browser of the same person is led to the Security tab."""
    person = product.employee()
    log_in(client, person)
    begin_activation(client, person)
    other = open_browser()
    log_in(other, person)
    path = f"{security(person)}/two-factor/activate"

    assert security(person) == other.get(path).location
    assert "Activate two-factor authentication" == client.get(path).heading
    product.clock.move(minutes=15)
    assert "Step 1 of 3" not in client.get(path).text


def test_a_right_code_shows_eight_codes_and_again_the_same(client: Client, product: Product, clock: Clock) -> None:
    """A repeated Verify, a reload: made once, shown until Close."""
    person = product.employee()
    log_in(client, person)
    phone = Phone(begin_activation(client, person))
    path = f"{security(person)}/two-factor/activate/code"

    first = client.followed(client.post(path, code=phone.code(clock.now)))
    again = client.get(f"{security(person)}/two-factor/activate/backup-codes")

    assert "Your backup codes" == first.heading
    codes = [code.text for code in first.document.all("code")]
    assert 8 == len(set(codes))
    assert codes == [code.text for code in again.document.all("code")]


def test_a_wrong_first_code_changes_nothing(client: Client, product: Product, clock: Clock) -> None:
    """The account is as before, the QR code the same (case D-50)."""
    person = product.employee()
    log_in(client, person)
    key = begin_activation(client, person)

    answer = client.post(f"{security(person)}/two-factor/activate/code", code=Phone(key).wrong_code(clock.now))

    assert 422 == answer.status
    assert "That code isn't right." in answer.text
    assert key == begin_activation(client, person)


def test_five_wrong_first_codes_pause_the_page_too(client: Client, product: Product, clock: Clock) -> None:
    """429 with the time when to try again, before anything is typed; the QR code stays."""
    person = product.employee()
    log_in(client, person)
    phone = Phone(begin_activation(client, person))
    path = f"{security(person)}/two-factor/activate/code"
    for _ in range(5):
        client.post(path, code=phone.wrong_code(clock.now))
    clock.move(seconds=20)

    answer = client.get(path)

    assert (429, "280") == (answer.status, answer.response.headers["Retry-After"])
    assert "Too many attempts. You can try again at" in answer.text
    assert 429 == client.send(path, code=phone.code(clock.now)).status
    assert phone.key == begin_activation(client, person)


def test_at_set_up_a_fast_phone_is_told_so(client: Client, product: Product, clock: Clock) -> None:
    """The person holds the secret anyway."""
    person = product.employee()
    log_in(client, person)
    phone = Phone(begin_activation(client, person))

    answer = client.post(f"{security(person)}/two-factor/activate/code", code=phone.code(clock.now, steps=4))

    assert "the clock on your phone is about 2 minutes fast" in answer.text


def test_a_set_up_that_took_too_long_says_so(client: Client, product: Product, clock: Clock) -> None:
    """Fifteen minutes, however recent the log-in is."""
    person = product.employee()
    log_in(client, person)
    phone = Phone(begin_activation(client, person))
    path = f"{security(person)}/two-factor/activate/code"
    client.get(path)
    product.clock.move(minutes=15)
    client.send(path, password=PASSWORD, carry_on="get")

    answers = [client.send(path, code=phone.code(clock.now))]
    answers += [client.get(f"{security(person)}/two-factor/activate{step}") for step in ("", "/code")]

    for answer in answers:
        tab = client.followed(answer)
        assert "This setup has expired after 15 minutes. Start again and scan the new QR code." in tab.text
        assert [True] == [
            button.text.startswith("Activate") for button in tab.document.all("button", **{"class": "btn go"})
        ]
    assert "expired" not in client.get(f"{security(person)}?after=activated").text


def test_a_set_up_that_was_never_begun_has_not_expired(client: Client, product: Product) -> None:
    """An address can claim anything."""
    person = product.employee()
    log_in(client, person)

    for path in ("/two-factor/activate", "/two-factor/activate/code", "?after=setup_expired"):
        assert "expired" not in client.followed(client.get(f"{security(person)}{path}")).text


def test_the_file_of_codes_says_what_they_are_and_how_to_use_them(
    client: Client, product: Product, clock: Clock
) -> None:
    """Brand, masked e-mail, date, the eight codes as they are shown; ASCII for every editor; as often as wanted."""
    person, _, codes = _activated(client, product, clock)
    base = f"{security(person)}/two-factor/activate"
    client.as_page().get(f"{base}/backup-codes")

    files = [client.as_page().post(f"{base}/backup-codes/download", form_at=f"{base}/backup-codes") for _ in range(2)]

    for file in files:
        headers, text = file.response.headers, file.response.text
        assert 'attachment; filename="calenso-backup-codes.txt"' == headers["Content-Disposition"]
        assert "text/plain; charset=utf-8" == headers["Content-Type"]
        assert codes == re.findall(r"(?m)^[1-8]\. (\S+)$", text)
        assert "Calenso - backup codes for two-factor authentication" == text.splitlines()[0]
        assert "Account: le…@st….example" in text
        assert "Created: Monday, 2 March 2026 at 10:00 (Zurich time)" in text
        assert 'choose "Use a backup code instead"' in text
        assert person.email not in text


def test_a_download_is_written_down(client: Client, product: Product, clock: Clock) -> None:
    """Whose codes left the screen as a file, and when; each time, and not where there was nothing to download."""
    person, _, _ = _activated(client, product, clock)
    base = f"{security(person)}/two-factor/activate"
    page = client.as_page()

    for _ in range(2):
        page.post(f"{base}/backup-codes/download", form_at=f"{base}/backup-codes")
    page.post(f"{base}/close", form_at=f"{base}/backup-codes")
    page.post(f"{base}/backup-codes/download", form_at="/")

    events = [(event.employee_id, event.outcome, event.at) for event in product.audit("backup_codes:download")]
    assert [(person.id, "success", clock.now)] * 2 == events


def test_what_needs_a_script_is_hidden_until_one_runs(client: Client, product: Product, clock: Clock) -> None:
    """Copy and Print; what works without one is there from the start."""
    person = product.employee()
    log_in(client, person)
    phone = Phone(begin_activation(client, person))
    base = f"{security(person)}/two-factor/activate"

    scan = client.get(base)
    codes = client.followed(client.post(f"{base}/code", code=phone.code(clock.now)))

    for step, expected in ((scan, {"Copy key"}), (codes, {"Copy", "Print"})):
        buttons = step.document.all("button")
        assert expected == {button.text for button in buttons if "hidden" in button.attributes}
        assert expected == {button.text for button in buttons if "data-script" in button.attributes}
    assert {"Download", "I have saved them"} <= {button.text for button in codes.document.all("button")}


def test_after_close_no_way_leads_back_to_the_codes(
    client: Client, product: Product, clock: Clock, open_browser: Callable[[], Client]
) -> None:
    """Back, a reload, the download and a second Close lead to the Security tab (case D-56); so for other sessions."""
    person, phone, codes = _activated(client, product, clock)
    base = f"{security(person)}/two-factor/activate"
    client.as_page().get(f"{base}/backup-codes")
    clock.next_step()
    other = open_browser()
    log_in(other, person)
    other.post("/login/code", code=phone.code(clock.now))
    client.as_page().post(f"{base}/close", form_at=f"{base}/backup-codes")

    answers = [client.get(f"{base}/backup-codes"), client.get(base), client.get(f"{base}/code")]
    answers += [client.as_page().post(f"{base}/{act}", form_at="/") for act in ("close", "backup-codes/download")]

    for answer in [*answers, other.get(f"{base}/backup-codes")]:
        assert not any(code in answer.response.text for code in codes)
        assert "8 of 8 backup codes left" in client.followed(answer).text
    assert 1 == len(product.audit("backup_codes:close"))


def test_codes_that_were_not_put_away_can_be_found_again(client: Client, product: Product, clock: Clock) -> None:
    """After a reload the Security tab leads back to them, until they are closed."""
    person, _, codes = _activated(client, product, clock)
    base = f"{security(person)}/two-factor/activate"

    tab = client.as_page().get(security(person))
    link = next(link for link in tab.document.all("a") if link.text == "Show them again")
    again = client.get(link.attributes["href"])
    client.as_page().post(f"{base}/close", form_at=f"{base}/backup-codes")
    late = client.as_page().post(f"{base}/backup-codes/download", form_at=security(person))

    assert codes == [code.text for code in again.document.all("code")]
    assert "Show them again" not in client.as_page().get(security(person)).text
    assert "no longer shown" in client.as_page().get(late.location).text


def test_the_codes_are_gone_after_ten_minutes(client: Client, product: Product, clock: Clock) -> None:
    """Whoever walks by later sees the Security tab."""
    person, _, codes = _activated(client, product, clock)
    product.clock.move(minutes=10)

    answer = client.followed(client.get(f"{security(person)}/two-factor/activate/backup-codes"))

    assert "These backup codes are no longer shown." in answer.text
    assert codes[0] not in answer.response.text
    assert codes[0] not in client.as_page().get(security(person)).response.text


def test_closing_leads_to_the_security_tab_that_says_it_is_on(client: Client, product: Product, clock: Clock) -> None:
    """303, or the tab's fragment in place of the page behind the pop-up."""
    person, _, _ = _activated(client, product, clock)
    base = f"{security(person)}/two-factor/activate"

    answer = client.post(f"{base}/close", form_at=f"{base}/backup-codes")

    if client.mode == FRAGMENT:
        assert "#main" == answer.response.headers["HX-Retarget"]
    answer = client.followed(answer)
    assert "Two-factor authentication is on." in answer.text
    assert "8 of 8 backup codes left" in answer.text
    assert "Two-factor authentication" == answer.document.one("button", role="switch").parent.parent.all("h2")[0].text


def test_a_log_in_older_than_ten_minutes_is_confirmed_and_goes_on(client: Client, product: Product) -> None:
    """Asked with 200 at the same address; “Confirm” carries on the POST that began it."""
    person = product.employee()
    log_in(client, person)
    product.clock.move(minutes=11)
    path = f"{security(person)}/two-factor/activate"

    asked = client.post(path, form_at=security(person))
    wrong = client.send(path, password="not the right password", carry_on=asked.value("carry_on"))
    done = client.followed(client.send(path, password=PASSWORD, carry_on=asked.value("carry_on")))

    assert (200, "Confirm that it's you") == (asked.status, asked.heading)
    assert path == asked.document.all("form")[-1].attributes["action"]
    assert 422 == wrong.status
    assert "That isn't your password. You have 4 attempts left." in wrong.text
    assert "Activate two-factor authentication" == done.heading


def test_a_first_code_by_an_old_log_in_is_confirmed_first(client: Client, product: Product, clock: Clock) -> None:
    """Asked with 200 at the same address; the code was not judged and comes back in no page (ASVS 7.5.1)."""
    person = product.employee()
    log_in(client, person)
    phone = Phone(begin_activation(client, person))
    path = f"{security(person)}/two-factor/activate/code"
    client.get(path)
    clock.move(minutes=11)
    code = phone.code(clock.now)

    asked = client.send(path, code=code)
    confirmed = client.send(path, password=PASSWORD, carry_on=asked.value("carry_on"))

    assert (200, "Confirm that it's you") == (asked.status, asked.heading)
    assert code not in asked.response.text
    assert (303, path) == (confirmed.status, confirmed.location)
    assert [] == product.audit("two_factor:activate")
    assert "Your backup codes" == client.followed(client.post(path, code=code)).heading


def test_a_confirmation_leaves_the_forms_of_other_tabs_valid(client: Client, product: Product) -> None:
    """The cookie's token changes, the old one is dead (ASVS 7.2.4); form tokens live as long as the session."""
    person = product.employee()
    log_in(client, person)
    other_tab = client.as_page().get(f"/settings/employees/{person.id}")
    token = other_tab.document.all("input", name="csrf_token")[0].attributes["value"]
    old_cookie = client.flask.get_cookie("session").value
    product.clock.move(minutes=11)
    path = f"{security(person)}/two-factor/activate"
    client.post(path, form_at=security(person))
    client.send(path, password=PASSWORD, carry_on="post")

    saved = client.flask.post(
        f"/settings/employees/{person.id}", data={"csrf_token": token, "name": "Lea", "phone": "", "language": "de"}
    )

    assert 303 == saved.status_code
    assert old_cookie != client.flask.get_cookie("session").value


def test_activation_ends_other_sessions(
    client: Client, product: Product, open_browser: Callable[[], Client], clock: Clock
) -> None:
    """Whoever was logged in elsewhere by the password alone is out."""
    person = product.employee()
    other = open_browser()
    log_in(other, person)

    log_in(client, person)
    phone = Phone(begin_activation(client, person))
    client.post(f"{security(person)}/two-factor/activate/code", code=phone.code(clock.now))

    assert 303 == other.get("/").status


def _activated(client: Client, product: Product, clock: Clock) -> tuple[Person, Phone, list[str]]:
    person = product.employee()
    log_in(client, person)
    phone = Phone(begin_activation(client, person))
    path = f"{security(person)}/two-factor/activate/code"
    answer = client.as_page().followed(client.as_page().post(path, code=phone.code(clock.now)))
    return person, phone, [code.text for code in answer.document.all("code")]


def _uri(links: list) -> str:
    found = [link.attributes["href"] for link in links if re.match("otpauth://", link.attributes["href"])]
    assert 1 == len(found)
    return found[0]

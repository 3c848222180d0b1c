"""“This wasn't me” as a person meets it: the link of a notice, the frozen account, the lift."""

from collections.abc import Callable

from tests.core.people import PASSWORD, Clock, Owner, Product
from tests.web.client import Client
from tests.web.people import log_in, security
from webapp.core.links import flows as links
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice

OTHER_PASSWORD = "granite harvest pillow tide"


def _disputed(product: Product, clock: Clock) -> tuple[Owner, str]:
    """An owner a day later, a backup code of theirs used by somebody, and where the notice's link leads."""
    owner = product.owner()
    clock.move(days=1)
    product.log_in_with(owner.person, owner.codes[7])
    return owner, f"/notices/{product.mailed_link(Notice.BACKUP_CODE_USED)}"


def test_the_link_asks_before_it_does_anything(client: Client, product: Product, clock: Clock) -> None:
    """It names what happened and when, and not whose account it is."""
    owner, link = _disputed(product, clock)

    page = client.get(link)

    assert (200, "This wasn't me") == (page.status, page.heading)
    assert "A backup code was used to log in on Tuesday, 3 March 2026 at 10:00 (Zurich time)" in page.text
    assert owner.person.email not in page.text
    assert owner.person.name not in page.text
    assert "Freeze my account" in page.text
    assert not product.audit("account:freeze")


def test_one_press_freezes_and_says_what_to_do(client: Client, product: Product, clock: Clock) -> None:
    owner, link = _disputed(product, clock)

    answer = client.post(link)

    assert 303 == answer.status
    page = client.get(answer.location)
    assert "Your account is frozen" == page.heading
    assert "before Tuesday, 3 March 2026 at 10:00 (Zurich time)" in page.text
    assert "get a link for a new one" in page.text
    assert product.find(owner.seat.token) is None


def test_the_mailbox_in_doubt_gets_no_link_for_a_password(client: Client, product: Product, clock: Clock) -> None:
    """After a forgotten password the page offers none either."""
    owner = product.owner()
    product.forgot(owner.person.email)
    product.resolve()
    product.recover(product.mailed_link(Notice.PASSWORD_LINK, LinkKind.PASSWORD), OTHER_PASSWORD)
    link = f"/notices/{product.mailed_link(Notice.PASSWORD_FORGOTTEN)}"

    page = client.get(client.post(link).location)

    assert "get a link for a new one" not in page.text
    assert "somebody may be reading your mail" in page.text


def test_a_dead_or_invented_link_says_so(client: Client, product: Product, clock: Clock) -> None:
    """Gone, whichever it is, on GET and on POST; the form's token is asked for as everywhere."""
    _, link = _disputed(product, clock)
    clock.move(days=8)

    for path in (link, "/notices/x", f"/notices/{'A' * 43}.{'B' * 43}"):
        assert 410 == client.get(path).status
        assert 410 == client.post(path, form_at="/login").status
    assert 400 == client.send(link, csrf_token="").status
    assert not product.audit("account:freeze")


def test_a_link_of_another_kind_freezes_nothing(client: Client, product: Product, clock: Clock) -> None:
    owner = product.owner()
    seed = links.make(product.session, LinkKind.PASSWORD, employee_id=owner.person.id, now=product.now)
    token = links.token(product.keyring, LinkKind.PASSWORD, seed)

    assert 410 == client.get(f"/notices/{token}").status


def test_the_owner_logs_in_sees_it_and_lifts_it(
    client: Client, product: Product, clock: Clock, open_browser: Callable[[], Client]
) -> None:
    owner, link = _disputed(product, clock)
    open_browser().post(link)
    clock.next_step()
    page = client.as_page()
    log_in(page, owner.person)
    page.post("/login/code", code=owner.phone.code(clock.now))
    tab = security(owner.person)
    assert "Since 3 March 2026 nothing about your log-in can be changed" in page.get(tab).text
    assert "Your account is frozen" in page.get("/").text
    clock.next_step()

    shown = client.get(f"{tab}/freeze")
    assert "Your account is frozen" == shown.heading
    answer = client.followed(client.fill_in("Lift the freeze", {"Authentication code": owner.phone.code(clock.now)}))

    assert "The freeze is lifted." in answer.text
    assert "Your account is frozen" not in client.as_page().get(tab).text


def test_changes_lead_to_the_freeze(client: Client, product: Product, clock: Clock) -> None:
    owner, link = _disputed(product, clock)
    client.as_page().post(link)
    clock.next_step()
    log_in(client, owner.person)
    client.as_page().post("/login/code", code=owner.phone.code(clock.now))
    tab = security(owner.person)

    for path in ("two-factor/reset", "backup-codes"):
        answer = client.get(f"{tab}/{path}")
        assert (303 if client.mode == "page" else 204) == answer.status, path
        assert f"{tab}/freeze" == answer.location


def test_a_password_set_since_leads_to_the_freeze_and_nowhere_else(
    client: Client, product: Product, clock: Clock
) -> None:
    """The second step lifts first, and only then is anybody logged in."""
    owner, link = _disputed(product, clock)
    product.set_password(owner.person, OTHER_PASSWORD)
    client.as_page().post(link)
    clock.next_step()
    page = client.as_page()

    step = page.post("/login", email=owner.person.email, password=OTHER_PASSWORD)

    assert f"{security(owner.person)}/freeze" == step.location
    refused = page.post("/login/code", code=owner.phone.code(clock.now))
    assert step.location == refused.location
    for path in ("/", security(owner.person), "/settings/employees"):
        assert page.get(path).location.startswith("/login"), path
    page.get(step.location)
    answer = page.fill_in("Lift the freeze", {"Authentication code": owner.phone.code(clock.now)})
    assert f"{security(owner.person)}?after=lifted" == answer.location
    assert "The freeze is lifted." in page.get(answer.location).text


def test_half_way_the_freeze_of_somebody_else_stays_closed(client: Client, product: Product, clock: Clock) -> None:
    owner, link = _disputed(product, clock)
    other = product.owner("tim@studio.example", company=owner.person.company_id)
    product.set_password(owner.person, OTHER_PASSWORD)
    page = client.as_page()
    page.post(link)
    page.post("/login", email=owner.person.email, password=OTHER_PASSWORD)

    assert 403 == page.get(f"{security(other.person)}/freeze").status


def test_half_way_with_the_old_password_the_freeze_stays_closed(client: Client, product: Product, clock: Clock) -> None:
    """The usual second step comes first."""
    owner, link = _disputed(product, clock)
    page = client.as_page()
    page.post(link)
    log_in(page, owner.person)

    assert page.get(f"{security(owner.person)}/freeze").location.startswith("/login")


def test_codes_that_do_not_count_say_why(client: Client, product: Product, clock: Clock) -> None:
    owner = product.owner()
    clock.move(minutes=5)
    thief = product.log_in_with(owner.person, owner.phone.code(clock.now))
    clock.next_step()
    product.create_codes(thief, owner.phone.code(clock.now))
    shown = product.shown(thief)
    assert shown
    page = client.as_page()
    page.post(f"/notices/{product.mailed_link(Notice.NEW_BACKUP_CODES)}")
    log_in(page, owner.person)

    answer = page.post("/login/backup-code", backup_code=shown.codes[0])

    assert 422 == answer.status
    assert "only apps and backup codes from before Monday, 2 March 2026" in answer.text


def test_nobody_is_stuck_without_a_factor_from_before(client: Client, product: Product, clock: Clock) -> None:
    """The log-in form says it, and leads to Support."""
    person = product.employee()
    product.activate(person)
    page = client.as_page()
    page.post(f"/notices/{product.mailed_link(Notice.ACTIVATED)}")

    answer = page.post("/login", email=person.email, password=PASSWORD)

    assert 422 == answer.status
    assert "This account is frozen" in answer.text
    assert "support@calenso.com" in answer.text


def test_somebody_logged_in_without_a_factor_from_before_is_led_to_support(
    client: Client, product: Product, clock: Clock
) -> None:
    person = product.employee()
    owner = product.activate(person)
    clock.next_step()
    product.reset(owner.seat, owner.phone.code(clock.now))
    page = client.as_page()
    page.post(f"/notices/{product.mailed_link(Notice.RESET)}")
    log_in(page, person)

    shown = client.get(f"{security(person)}/freeze")

    assert "Support lifts the freeze after checking who you are" in shown.text
    assert not [button for button in shown.document.all("button") if button.text == "Lift the freeze"]


def test_this_browser_is_nobodys_after_its_own_account_was_frozen(
    client: Client, product: Product, clock: Clock
) -> None:
    owner = product.owner()
    page = client.as_page()
    log_in(page, owner.person)
    page.post("/login/code", code=owner.phone.code(clock.now))
    page.post(f"/notices/{product.mailed_link(Notice.ACTIVATED)}")

    assert page.get("/").location.startswith("/login")
    assert "Log in" == page.get("/login").heading


def test_without_a_freeze_the_address_leads_to_the_tab(client: Client, product: Product, clock: Clock) -> None:
    owner = product.owner()
    log_in(client, owner.person)
    client.as_page().post("/login/code", code=owner.phone.code(clock.now))

    answer = client.get(f"{security(owner.person)}/freeze")
    assert 200 == client.followed(answer).status
    assert "Your account is frozen" not in client.followed(answer).text


def test_after_a_changed_address_the_lift_asks_which_one_stays(client: Client, product: Product, clock: Clock) -> None:
    """Two addresses of one company look alike under their masks, so each says when it is from."""
    owner = product.owner()
    product.ask_email(owner.seat, "lena@studio.example", owner.phone.code(clock.now))
    ((_, token),) = product.mailed(LinkKind.EMAIL)
    product.confirm_email(owner.seat, token)
    clock.next_step()
    page = client.as_page()
    page.post(f"/notices/{product.mailed_link(Notice.EMAIL_CHANGED, to=owner.person.email)}")
    log_in(page, owner.person)
    page.post("/login/code", code=owner.phone.code(clock.now))
    clock.next_step()
    freeze = f"{security(owner.person)}/freeze"

    shown = client.get(freeze)
    client.post(freeze, address="current", code=owner.phone.code(clock.now))

    assert ["From before the change: le…@st….example", "From after it: le…@st….example"] == [
        label.text for label in shown.document.one("fieldset").all("label")
    ]
    assert "lena@studio.example" in page.get(security(owner.person)).text

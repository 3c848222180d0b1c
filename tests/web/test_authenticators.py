"""Replacing the app, a second one beside it, names and removal: as pages and as pop-ups."""

import re
from collections.abc import Callable

import pytest

from tests.core.people import PASSWORD, Clock, Owner, Phone, Product
from tests.web.client import Answer, Client
from tests.web.people import log_in, security


def signed_in(client: Client, product: Product, clock: Clock) -> Owner:
    """Lea, at *client*, by her app; the next code is another one."""
    owner = product.owner()
    log_in(client, owner.person)
    client.as_page().post("/login/code", code=owner.phone.code(clock.now))
    clock.next_step()
    return owner


def replace_page(owner: Owner) -> str:
    return f"{security(owner.person)}/two-factor/replace"


def add_page(owner: Owner) -> str:
    return f"{security(owner.person)}/two-factor/authenticators"


def page_of(product: Product, owner: Owner, at: int = -1) -> str:
    """The page of one app; the newest unless said otherwise."""
    return f"{add_page(owner)}/{product.apps(owner.person)[at].id}"


def scanned(client: Client, owner: Owner) -> Phone:
    page = client.as_page().get(f"{security(owner.person)}/two-factor/activate")
    return Phone(page.document.one("code", id="key").text.replace(" ", ""))


def first_code(client: Client, owner: Owner, code: str) -> Answer:
    return client.followed(client.post(f"{security(owner.person)}/two-factor/activate/code", code=code))


def with_tablet(client: Client, owner: Owner, clock: Clock, name: str = "Tablet") -> Phone:
    client.post(add_page(owner), name=name, code=owner.phone.code(clock.now))
    tablet = scanned(client, owner)
    first_code(client, owner, tablet.code(clock.now))
    clock.next_step()
    return tablet


# --- replacing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_backup_code", [False, True])
def test_the_app_is_replaced_in_three_steps(
    client: Client, product: Product, clock: Clock, open_browser: Callable[[], Client], by_backup_code: bool
) -> None:
    """The same addresses as activation, under their own title; then eight codes, and the tab says so."""
    owner = signed_in(client, product, clock)
    fields = {"backup_code": owner.codes[0]} if by_backup_code else {"code": owner.phone.code(clock.now)}

    scan = client.followed(client.post(replace_page(owner), **fields))
    new = scanned(client, owner)
    verify = client.get(f"{security(owner.person)}/two-factor/activate/code")
    codes = first_code(client, owner, new.code(clock.now))
    shown = [code.text for code in codes.document.all("code")]
    tab = client.followed(client.fill_in("I have saved them"))

    assert ["Replace your authenticator app"] * 2 == [scan.heading, verify.heading]
    assert "Step 1 of 3" in scan.text
    assert "Step 2 of 3" in verify.text
    assert "The old one works until you have entered the first code of the new one." in scan.text
    assert "Your backup codes" == codes.heading
    assert "Step 3 of 3" in codes.text
    assert "the old one and the old codes no longer work" in codes.text
    assert 8 == len(set(shown) - set(owner.codes))
    assert "Your authenticator app is replaced. The old one no longer works." in tab.text
    assert "Authenticator app replaced" in tab.text
    clock.next_step()
    for code, status in ((owner.phone.code(clock.now), 422), (new.code(clock.now), 303)):
        other = open_browser()
        log_in(other, owner.person)
        assert status == other.post("/login/code", code=code).status


def test_activated_on_stays_what_it_was(client: Client, product: Product, clock: Clock) -> None:
    """And so does what the command says: it has been on all the time."""
    owner = product.owner()
    clock.move(days=40)
    log_in(client, owner.person)
    client.as_page().post("/login/code", code=owner.phone.code(clock.now))
    clock.next_step()
    client.post(replace_page(owner), code=owner.phone.code(clock.now))
    first_code(client, owner, scanned(client, owner).code(clock.now))

    tab = client.as_page().get(security(owner.person))

    assert "Activated on 2 March 2026" in tab.text


def test_the_wrong_code_begins_nothing(client: Client, product: Product, clock: Clock) -> None:
    """Counted with the guesses at log-in, the field empty; the QR code's page leads to the tab."""
    owner = signed_in(client, product, clock)

    wrong = client.post(replace_page(owner), code=owner.phone.wrong_code(clock.now))
    scan = client.get(f"{security(owner.person)}/two-factor/activate")

    assert (422, "Replace your authenticator app") == (wrong.status, wrong.heading)
    assert "You have 4 attempts left." in wrong.text
    assert "" == wrong.value("code")
    assert security(owner.person) in scan.location or scan.heading != "Replace your authenticator app"


def test_a_wrong_first_code_is_told_under_its_own_title(client: Client, product: Product, clock: Clock) -> None:
    """The old app goes on working meanwhile; the code of the old one is no code of the new one."""
    owner = signed_in(client, product, clock)
    client.post(replace_page(owner), code=owner.phone.code(clock.now))
    clock.next_step()

    answer = first_code(client, owner, owner.phone.code(clock.now))

    assert (422, "Replace your authenticator app") == (answer.status, answer.heading)
    assert "That code isn't right." in answer.text


def test_a_second_click_leads_to_the_same_codes(client: Client, product: Product, clock: Clock) -> None:
    """Of both steps: the code is spent, and what it bought is shown again."""
    owner = signed_in(client, product, clock)
    code = owner.phone.code(clock.now)
    first, second = (client.followed(client.post(replace_page(owner), code=code)) for _ in range(2))
    new = scanned(client, owner).code(clock.now)
    path = f"{security(owner.person)}/two-factor/activate/code"
    client.post(path, code=new)
    again = client.followed(client.send(path, code=new))
    shown = client.as_page().get(f"{security(owner.person)}/two-factor/activate/backup-codes")

    assert first.heading == second.heading == "Replace your authenticator app"
    assert "Your backup codes" == again.heading
    assert [one.text for one in shown.document.all("code")] == [one.text for one in again.document.all("code")]


def test_a_set_up_that_took_too_long_is_said(client: Client, product: Product, clock: Clock) -> None:
    """On the tab, which has the way to begin again."""
    owner = signed_in(client, product, clock)
    client.post(replace_page(owner), code=owner.phone.code(clock.now))
    clock.move(minutes=15)

    answer = client.followed(client.get(f"{security(owner.person)}/two-factor/activate/code"))

    assert "This setup has expired after 15 minutes. Start again and scan the new QR code." in answer.text
    assert "Replace the app…" in answer.text


@pytest.mark.parametrize("chosen", [None, "0", "x", "9" * 40])
def test_of_two_one_must_be_chosen(client: Client, product: Product, clock: Clock, chosen: str | None) -> None:
    """Nothing is chosen for anybody, and a code that was typed is not spent on a form that was not whole."""
    owner = signed_in(client, product, clock)
    with_tablet(client, owner, clock)
    page = client.get(replace_page(owner))
    radios = page.document.all("input", type="radio")
    code = owner.phone.code(clock.now)

    answer = client.post(replace_page(owner), code=code, **({} if chosen is None else {"app": chosen}))

    assert ["Authenticator app", "Tablet"] == [
        page.document.one("label", **{"for": radio.attributes["id"]}).text for radio in radios
    ]
    assert not [radio for radio in radios if "checked" in radio.attributes]
    assert 422 == answer.status
    assert "Choose the app that you replace." in answer.text
    assert 303 == client.as_page().post(replace_page(owner), app=radios[1].attributes["value"], code=code).status


def test_with_one_app_nothing_is_asked(client: Client, product: Product, clock: Clock) -> None:
    """Nor is a choice that somebody sends all the same believed."""
    owner = signed_in(client, product, clock)
    kim = product.owner("kim@studio.example", company=owner.person.company_id)

    assert [] == client.get(replace_page(owner)).document.all("input", type="radio")
    foreign = str(product.apps(kim.person)[0].id)
    client.post(replace_page(owner), app=foreign, code=owner.phone.code(clock.now))
    first_code(client, owner, scanned(client, owner).code(clock.now))
    clock.next_step()
    product.log_in_with(kim.person, kim.phone.code(clock.now))


@pytest.mark.parametrize("page", ["two-factor/replace", "two-factor/authenticators", "two-factor/authenticators/1"])
def test_an_old_log_in_is_confirmed_first(client: Client, product: Product, clock: Clock, page: str) -> None:
    """The password, then the form again; the code that came with it was not judged."""
    owner = signed_in(client, product, clock)
    path = f"{security(owner.person)}/{page}"
    client.get(path)
    clock.move(minutes=11)

    asked = client.send(path, name="Phone", code=owner.phone.code(clock.now))
    confirmed = client.send(path, password=PASSWORD, carry_on=asked.value("carry_on"))

    assert (200, "Confirm that it's you") == (asked.status, asked.heading)
    assert (303, path) == (confirmed.status, confirmed.location)
    assert 200 == client.get(path).status


@pytest.mark.parametrize("page", ["two-factor/replace", "two-factor/authenticators", "two-factor/authenticators/1"])
def test_while_it_is_off_the_pages_lead_to_the_security_tab(
    client: Client, product: Product, clock: Clock, page: str
) -> None:
    """There is nothing to change; a form that was open says so."""
    person = product.employee()
    log_in(client, person)

    looked = client.followed(client.get(f"{security(person)}/{page}"))
    sent = client.followed(client.post(f"{security(person)}/{page}", form_at=security(person), name="x", code="123456"))

    assert "Activate two-factor authentication" in looked.text
    assert "Two-factor authentication is off." in sent.text


# --- the lost phone ---------------------------------------------------------------------------------------------------


def test_a_lost_phone_is_replaced_by_a_second_backup_code(client: Client, product: Product, clock: Clock) -> None:
    """From "My phone is lost" to the QR code, without the app."""
    owner = product.owner()
    log_in(client, owner.person)
    client.as_page().post("/login/backup-code", backup_code=owner.codes[0])
    lost = client.as_page().get("/login/after-backup-code?phone=lost")
    (link,) = [one for one in lost.document.all("a") if one.text == "Set up my new phone"]

    form = client.get(link.attributes["href"])
    answer = client.followed(client.fill_in("Show the QR code", {"Backup code": owner.codes[1]}))

    assert "with another backup code" in lost.text
    assert "Replace your authenticator app" == form.heading == answer.heading
    assert "Step 1 of 3" in answer.text


def test_the_last_backup_code_counts_for_the_new_phone(client: Client, product: Product, clock: Clock) -> None:
    """Ten minutes long, and both pages say so; after them a code is asked for again."""
    owner = product.owner()
    for code in owner.codes[:7]:
        product.log_in_with(owner.person, code)
    log_in(client, owner.person)
    client.as_page().post("/login/backup-code", backup_code=owner.codes[7])
    lost = client.as_page().get("/login/after-backup-code?phone=lost")
    (link,) = [one for one in lost.document.all("a") if one.text == "Set up my new phone"]

    form = client.get(link.attributes["href"])
    answer = client.followed(client.fill_in("Show the QR code"))
    new = scanned(client, owner)

    assert "no further code is needed until 10:10" in lost.text
    assert "no further code is needed until 10:10" in form.text
    assert [] == form.document.all("input", name="backup_code")
    assert "Step 1 of 3" in answer.text
    assert "Your backup codes" == first_code(client, owner, new.code(clock.now)).heading


def test_ten_minutes_after_the_last_backup_code_it_counts_no_more(
    client: Client, product: Product, clock: Clock
) -> None:
    """The page had been open: the form comes again with its field."""
    owner = product.owner()
    for code in owner.codes[:7]:
        product.log_in_with(owner.person, code)
    log_in(client, owner.person)
    client.as_page().post("/login/backup-code", backup_code=owner.codes[7])
    client.get(replace_page(owner))
    clock.move(minutes=9, seconds=59)
    assert 200 == client.get(replace_page(owner)).status
    clock.move(seconds=1)
    asked = client.get(replace_page(owner))
    client.send(replace_page(owner), password=PASSWORD, carry_on=asked.value("carry_on"))

    answer = client.post(replace_page(owner))

    assert 422 == answer.status
    assert "Enter the 6-digit code from your app." in answer.text


# --- two of them ------------------------------------------------------------------------------------------------------


def test_a_second_app_is_added_in_two_steps(client: Client, product: Product, clock: Clock) -> None:
    """No new backup codes; the tab lists both with their last code, and offers to log out elsewhere (ASVS 7.4.3)."""
    owner = signed_in(client, product, clock)

    scan = client.followed(client.post(add_page(owner), name=" Tablet ", code=owner.phone.code(clock.now)))
    tablet = scanned(client, owner)
    clock.move(minutes=1)
    tab = first_code(client, owner, tablet.code(clock.now))

    assert "Add another authenticator app" == scan.heading
    assert "Step 1 of 2" in scan.text
    assert ["Scan", "Verify"] == [one.text for one in scan.document.one("ol", **{"aria-label": "Progress"}).all("li")]
    assert "Your second authenticator app is set up. The codes of either log you in." in tab.text
    assert "Log out there" in [one.text for one in tab.document.all("a")]
    assert "8 of 8 backup codes left" in tab.text
    assert "Tablet Last code used: Today at 10:02" in tab.text
    assert "Add another app…" not in tab.text
    (rename,) = [one for one in tab.document.all("a") if one.text == "Rename or remove… Tablet"]
    assert re.search(r"/authenticators/\d+$", rename.attributes["href"])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "Give the app a name."),
        ("   ", "Give the app a name."),
        ("x" * 41, "Use at most 40 characters."),
        ("a\nb", "Use one line of letters, digits and signs."),
        ("a\x00b", "Use one line of letters, digits and signs."),
        ("authenticator APP", "Your other app has this name. Choose one that tells the two apart."),
    ],
)
def test_a_name_that_won_t_do_is_said_at_its_field(
    client: Client, product: Product, clock: Clock, name: str, words: str
) -> None:
    """The entry stays, the code does not, and it is not spent."""
    owner = signed_in(client, product, clock)
    code = owner.phone.code(clock.now)

    answer = client.post(add_page(owner), name=name, code=code)

    assert 422 == answer.status
    assert words in answer.document.one("p", id="name-error").text
    assert "" == answer.value("code")
    assert 303 == client.as_page().post(add_page(owner), name="Tablet", code=code).status


def test_name_and_code_are_both_said_to_be_missing(client: Client, product: Product, clock: Clock) -> None:
    """A summary with links to the two fields."""
    owner = signed_in(client, product, clock)

    answer = client.post(add_page(owner), name="", code="")

    assert "2 entries need another look" in answer.text
    assert {"#name", "#code"} <= {one.attributes["href"] for one in answer.document.all("a")}


def test_a_third_one_is_refused_with_a_sentence(client: Client, product: Product, clock: Clock) -> None:
    """On the page, and for a form that was open in another tab."""
    owner = signed_in(client, product, clock)
    client.get(add_page(owner))
    with_tablet(client, owner, clock)

    page, sent = client.get(add_page(owner)), client.send(add_page(owner), name="Watch", code="123456")

    for answer, status in ((page, 200), (sent, 422)):
        assert status == answer.status
        assert "You have two authenticator apps already. Remove one of them first, or replace it." in answer.text


def test_an_app_is_renamed(client: Client, product: Product, clock: Clock) -> None:
    """Its name is text wherever it stands."""
    owner = signed_in(client, product, clock)
    path = page_of(product, owner)
    page = client.get(path)
    assert "Authenticator app" == page.value("name")

    tab = client.followed(client.fill_in("Rename", {"Name": "<b>Phone</b> & co"}))

    assert "Your authenticator app has its new name." in tab.text
    assert "<b>Phone</b> & co Last code used" in tab.text
    assert "<b>Phone</b> & co" == client.get(path).value("name")


@pytest.mark.parametrize("by_backup_code", [False, True])
def test_one_of_two_is_removed_for_a_code(
    client: Client, product: Product, clock: Clock, open_browser: Callable[[], Client], by_backup_code: bool
) -> None:
    """From the tab over the page of the app; other sessions end."""
    owner = signed_in(client, product, clock)
    tablet = with_tablet(client, owner, clock)
    other = open_browser()
    log_in(other, owner.person)
    other.post("/login/code", code=tablet.code(clock.now))
    page = client.get(page_of(product, owner))
    (link,) = [one for one in page.document.all("a") if one.text == "Remove this app…"]
    client.get(link.attributes["href"])
    if by_backup_code:
        (link,) = [one for one in client.page.all("a") if one.text == "Use a backup code instead"]
        client.get(link.attributes["href"])
    typed = {"Backup code": owner.codes[0]} if by_backup_code else {"Authentication code": owner.phone.code(clock.now)}

    tab = client.followed(client.fill_in("Remove this app", typed))

    assert "The authenticator app is removed. Its codes no longer work." in tab.text
    assert "Tablet Last code used" not in tab.text
    assert 303 == other.get("/").status


def test_a_wrong_code_removes_nothing(client: Client, product: Product, clock: Clock) -> None:
    """The form again, with the name of the app."""
    owner = signed_in(client, product, clock)
    with_tablet(client, owner, clock)

    answer = client.post(f"{page_of(product, owner)}?do=remove", code=owner.phone.wrong_code(clock.now))

    assert (422, "Remove an authenticator app") == (answer.status, answer.heading)
    assert "The codes of Tablet stop working." in answer.text
    assert 2 == len(product.apps(owner.person))


def test_the_last_one_leads_to_the_reset(client: Client, product: Product, clock: Clock) -> None:
    """Both pages of the app do; a form that was open is refused with the same sentence."""
    owner = signed_in(client, product, clock)
    path = page_of(product, owner)
    reset = f"{security(owner.person)}/two-factor/reset"

    rename, remove = client.get(path), client.get(f"{path}?do=remove")
    client.get(replace_page(owner))
    sent = client.send(f"{path}?do=remove", code=owner.phone.code(clock.now))

    for answer in (rename, remove, sent):
        assert reset in [one.attributes.get("href") for one in answer.document.all("a")]
        assert "This is your only authenticator app." in answer.text
    assert 422 == sent.status
    assert "Remove this app…" not in rename.text


@pytest.mark.parametrize("whose", ["a colleague's", "nobody's"])
@pytest.mark.parametrize("query", ["", "?do=remove"])
def test_another_person_s_app_is_not_found(
    client: Client, product: Product, clock: Clock, whose: str, query: str
) -> None:
    """404, whether it is there or not, by GET and by POST."""
    owner = signed_in(client, product, clock)
    kim = product.owner("kim@studio.example", company=owner.person.company_id)
    number = product.apps(kim.person)[0].id if whose == "a colleague's" else 9999
    client.get(replace_page(owner))

    path = f"{add_page(owner)}/{number}{query}"

    assert [404, 404] == [client.get(path).status, client.send(path, name="Mine", code="123456").status]
    assert ["Authenticator app"] == [app.name for app in product.apps(kim.person)]


@pytest.mark.parametrize("after", ["app_replaced", "app_added", "app_renamed", "app_removed"])
def test_an_address_claims_nothing_of_an_app(client: Client, product: Product, clock: Clock, after: str) -> None:
    """Not even where it was tried and refused."""
    owner = signed_in(client, product, clock)
    with_tablet(client, owner, clock)
    client.post(page_of(product, owner), name="Authenticator app")
    client.post(replace_page(owner), app=str(product.apps(owner.person)[0].id), code=owner.phone.code(clock.now))
    first_code(client, owner, owner.phone.wrong_code(clock.now))
    clock.move(minutes=11)

    tab = client.as_page().get(f"{security(owner.person)}?after={after}")

    assert [] == [one for one in tab.document.everything() if "data-notice" in one.attributes]


def test_a_refused_change_is_not_said_to_be_done(client: Client, product: Product, clock: Clock) -> None:
    """A wrong first code, and an address that claims it was right."""
    owner = signed_in(client, product, clock)
    client.post(replace_page(owner), code=owner.phone.code(clock.now))
    first_code(client, owner, owner.phone.wrong_code(clock.now))

    tab = client.as_page().get(f"{security(owner.person)}?after=app_replaced")

    assert "is replaced" not in tab.text


def test_an_only_app_is_offered_no_removal(client: Client, product: Product, clock: Clock) -> None:
    """Its link and its page say what they do: rename. How it could go stands below the form."""
    owner = signed_in(client, product, clock)
    (only,) = product.apps(owner.person)

    tab = client.as_page().get(security(owner.person))
    page = client.get(f"{add_page(owner)}/{only.id}")

    assert "Rename… Authenticator app" in [one.text for one in tab.document.all("a")]
    assert "Rename your authenticator app" == page.heading
    assert "switch off two-factor authentication" in [one.text for one in page.document.all("a")]


def test_no_label_of_the_tab_stands_there_twice(client: Client, product: Product, clock: Clock) -> None:
    """With two apps every control still has a name of its own, and none is called like one of another page."""
    owner = signed_in(client, product, clock)
    with_tablet(client, owner, clock)

    tab = client.as_page().get(security(owner.person))

    names = [
        one.text or one.attributes.get("aria-label", "") for tag in ("a", "button") for one in tab.document.all(tag)
    ]
    assert 1 == names.count("Security")
    for once in ("Rename or remove… Tablet", "Rename or remove… Authenticator app", "Replace the app…"):
        assert 1 == names.count(once)
    assert not {"Next", "Verify", "Reset", "Create new backup codes", "Activate two-factor authentication"} & set(names)

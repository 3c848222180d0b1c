"""axe-core finds nothing in any state of any page, as page and as pop-up, light and dark; nothing scrolls sideways."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.core.people import PASSWORD, Phone
from tests.journeys.conftest import OpenPage
from tests.journeys.product import App, Running, key_in
from tests.journeys.steps import give_code, give_password
from webapp.core.accounts.rules import Role
from webapp.core.attempts.rules import GuessKind
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted

WIDTHS = (1280, 390, 320)
SETTINGS = ((1280, "light"), (390, "dark"), (390, "light"), (1280, "dark"))
"""All four where a layout is seen first in a test; else one of the first two in turn, so that each width and each
scheme has every other state: those of one layout differ in words, not in colours and frame."""

AXE = {"resultTypes": ["violations"]}
Look = Callable[..., None]


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page(reduced_motion="reduce")


@pytest.fixture
def look(page: Page) -> Iterator[Look]:
    """Looks at the *state* that has these *words*, and says at the end what axe found where."""
    axe, found, layouts, turns = Axe(), list[str](), set[str](), count()

    def look_at(state: str, words: str = "") -> None:
        if words:  # of the page that a click led to: it may still be on its way
            expect(page.get_by_text(words).first).to_be_visible()
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 860})
            overflow = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
            if overflow > 0:
                found.append(f"{state} at {width}: {overflow} px to the side")
        layout = page.evaluate("() => document.body.className + !!document.querySelector('dialog')")
        for width, scheme in [SETTINGS[next(turns) % 2]] if layout in layouts else SETTINGS:
            page.set_viewport_size({"width": width, "height": 860})
            page.emulate_media(color_scheme=scheme)
            for violation in axe.run(page, options=AXE).response["violations"]:
                places = [node["target"] for node in violation["nodes"]]
                found.append(f"{state} at {width}, {scheme}: {violation['id']} {places}")
        layouts.add(layout)

    yield look_at
    assert [] == found


def test_the_log_in_is_accessible(product: Running, page: Page, look: Look) -> None:
    """Log-in, its errors, both second steps, help, and what comes after a backup code."""
    owner = product.owner()
    page.goto("/login")
    look("log-in")
    page.get_by_role("button", name="Continue").click()
    look("log-in with two errors", "2 entries need another look")
    give_password(page, "nobody@studio.example")
    look("log-in, wrong password", "or the password isn't right.")
    page.goto("/login/help")
    look("help")
    page.goto("/login")
    give_password(page, owner.person.email)
    look("code", "Enter your code")
    give_code(page, "12")
    look("code, malformed", "You entered 2.")
    give_code(page, owner.phone.wrong_code(product.clock.now))
    look("code, wrong", "That code isn't right.")
    page.get_by_role("link", name="Use a backup code instead").click()
    look("backup code", "Enter a backup code")
    page.get_by_label("Backup code").fill("ABCD")
    page.get_by_role("button", name="Verify").click()
    look("backup code, malformed", "You entered 4.")
    page.get_by_label("Backup code").fill(owner.codes[0])
    page.get_by_role("button", name="Verify").click()
    look("after a backup code", "You used a backup code")
    page.get_by_role("link", name="My phone is lost").click()
    look("phone lost", "Your phone is lost")
    page.goto("/no/such/page")
    look("page not found")


def test_the_console_of_support_is_accessible(product: Running, page: Page, look: Look) -> None:
    """Console, look-up, a case with four errors and while it waits, the code once more; and the employee's banner."""
    owner, mia = product.owner(), product.core.agent()
    product.clock.next_step()
    give_password(page, mia.person.email)
    give_code(page, mia.phone.code(product.clock.now))
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    page.goto("/support")
    page.get_by_label("Employee's e-mail").fill(owner.person.email)
    page.get_by_role("button", name="Look up").click()
    expect(page.get_by_role("heading", name="Open a case")).to_be_visible()
    page.get_by_role("button", name="Open the case").click()
    look("opening a case, two errors", "2 entries need another look")
    page.get_by_label("Ticket reference").fill("HD-17")
    page.get_by_label("How did the request come?").select_option("phone")
    page.get_by_role("button", name="Open the case").click()
    expect(page.get_by_text("The case is open.")).to_be_visible()
    page.get_by_role("button", name="Record ID check").click()
    look("a case, four errors", "4 entries need another look")
    for _ in range(3):
        product.clock.move(minutes=20)
        page.goto("/")
    page.goto("/support")
    look("a code for Support", "Confirm with a code")
    page.get_by_role("button", name="Log out").click()
    seat = product.core.log_in_with(owner.person, owner.codes[0])
    product.core.open_case(mia.seat, owner.person)
    page.context.add_cookies([{"name": "session", "value": f"s.{seat.token}", "url": product.address}])
    page.goto("/")
    look("a banner", "Support is about to reset")
    page.get_by_role("link", name="stop it").click()
    look("one's own case", "It is not approved yet.")


def test_a_new_password_and_address_are_accessible(product: Running, page: Page, look: Look) -> None:
    """Asking for a link, using one up, both forms of the Security tab with their errors, the new address."""
    owner = product.owner()
    page.goto("/password/forgot")
    look("forgotten password")
    page.get_by_label("E-mail").fill(owner.person.email)
    page.get_by_role("button", name="Send link").click()
    look("link sent", "Look in your mailbox")
    product.core.resolve()
    page.goto(f"/password/reset/{product.core.mailed(LinkKind.PASSWORD)[0][1]}")
    look("new password")
    page.get_by_label("New password").fill("harbour quilt nineteen ferns")
    page.get_by_role("button", name="Save").click()
    look("new password saved", "Your new password is saved")
    page.goto("/password/reset/x")
    look("link over", "This link no longer works")
    page.goto("/email/confirm/x")
    look("log in first", "Log in first")
    page.goto("/login")
    page.get_by_label("E-mail").fill(owner.person.email)
    page.get_by_label("Password").fill("harbour quilt nineteen ferns")
    page.get_by_role("button", name="Continue").click()
    give_code(page, owner.phone.code(product.clock.now))
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    page.goto(f"/settings/employees/{owner.person.id}/security")
    page.get_by_role("link", name="Change password…").click()
    page.get_by_role("button", name="Change password").click()
    look("password, three errors", "3 entries need another look")
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("link", name="Change e-mail…").click()
    expect(page.get_by_label("New e-mail")).to_be_visible()
    look("another address")
    page.get_by_label("New e-mail").fill("lea@new.example")
    product.clock.next_step()
    page.get_by_label("Authentication code").fill(owner.phone.code(product.clock.now))
    page.get_by_role("button", name="Change e-mail").click()
    look("Security tab, waiting for an address", "Waiting for confirmation at")
    page.goto(f"/email/confirm/{product.core.mailed(LinkKind.EMAIL)[0][1]}")
    look("new address", "Use this e-mail address")
    page.goto("/email/confirm/x")
    look("address link over", "This link no longer works")


def test_a_freeze_is_accessible(product: Running, page: Page, look: Look) -> None:
    """The link of a notice before and after it is pressed, the frozen account, the lift with its two addresses."""
    owner = product.owner()
    product.clock.next_step()
    code = owner.phone.code(product.clock.now)
    assert Accepted(None) == product.core.ask_email(owner.seat, "thief@new.example", code)
    product.core.confirm_email(owner.seat, product.core.mailed(LinkKind.EMAIL)[0][1])
    page.goto(f"/notices/{product.core.mailed_link(Notice.EMAIL_CHANGED, to=owner.person.email)}")
    look("notice", "This wasn't me")
    page.get_by_role("button", name="Freeze my account").click()
    look("frozen", "Your account is frozen")
    page.goto("/notices/x")
    look("notice over", "This link no longer works")
    product.clock.next_step()
    give_password(page, owner.person.email)
    give_code(page, owner.phone.code(product.clock.now))
    look("overview, frozen", "Your account is frozen")
    page.goto(f"/settings/employees/{owner.person.id}/security")
    look("Security tab, frozen", "Your account is frozen")
    page.get_by_role("link", name="Look at the freeze").click()
    look("lift", "From after it: th…@ne….example")
    page.get_by_label("Authentication code").fill(owner.phone.wrong_code(product.clock.now))
    page.get_by_role("button", name="Lift the freeze").click()
    look("lift, wrong code", "That code isn't right.")
    page.goto(f"/settings/employees/{owner.person.id}/security/freeze?by=backup_code")
    look("lift by backup code", "Use an authentication code instead")


def test_a_repair_pass_is_accessible(product: Running, page: Page, look: Look) -> None:
    """Its two halves with what can be wrong, and the page that they open."""
    owner = product.owner()
    product.core.issue_pass(owner.person)
    halves = product.core.mailed_half(owner.person), product.core.read_half(owner.person)
    page.goto("/login")
    give_password(page, owner.person.email)
    page.goto("/login/repair")
    look("halves", "Use a repair pass")
    page.get_by_role("button", name="Continue").click()
    look("halves, malformed", "2 entries need another look")
    for typed, state, words in (
        (("0000-0000-0000-0000",) * 2, "halves, wrong", "These two halves open nothing together."),
        (halves, "replacing by a pass", "Set up your new app"),
    ):
        page.get_by_label("Half from the e-mail").fill(typed[0])
        page.get_by_label("Half from the call").fill(typed[1])
        page.get_by_role("button", name="Continue").click()
        look(state, words)


def test_a_policy_is_accessible(product: Running, page: Page, look: Look) -> None:
    """The choice with its preview and its errors, exemptions, the grace, and the tab of somebody who must activate."""
    admin = product.core.employee(role=Role.ADMIN)
    kim = product.core.employee("kim@studio.example", name="Kim Sutter", company=admin.company_id)
    product.core.exempt(kim, days=3)
    page.goto("/login")
    give_password(page, admin.email)
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    page.goto("/settings/security")
    page.get_by_label("Required: everyone below has to activate it").check()
    page.get_by_role("button", name="Show who would be locked out").click()
    expect(page.get_by_role("heading", name="Locked out today: 1 person")).to_be_focused()
    look("policy, preview", "You are one of them")
    page.get_by_role("button", name="Exempt until that day").click()
    look("policy, three errors", "3 entries need another look")
    page.get_by_label("Required: everyone below has to activate it").check()
    page.get_by_label("Days of grace").fill("14")
    page.get_by_role("button", name="Save policy").click()
    expect(page.get_by_text("The policy is saved.")).to_be_visible()
    page.goto("/")
    look("overview, grace", "14 days are left to set it up.")
    page.goto("/settings/security")
    page.get_by_label("Days of grace").fill("0")
    page.get_by_role("button", name="Save policy").click()
    look("Security tab, must activate", "until then nothing else is open to you")


def test_a_throttled_log_in_is_accessible(product: Running, page: Page, look: Look) -> None:
    """Too many attempts: the form stays, and the page says when to try again."""
    owner = product.owner()
    give_password(page, owner.person.email)
    for _ in range(6):
        give_code(page, owner.phone.wrong_code(product.clock.now))
        page.wait_for_load_state()
    expect(page.get_by_text("Too many attempts.")).to_be_visible()
    look("code, throttled")


@pytest.mark.parametrize("as_pop_up", [True, False], ids=["pop-up", "page"])
def test_activation_and_reset_are_accessible(product: Running, page: Page, look: Look, as_pop_up: bool) -> None:
    """Every step on the way there and back, from the overview on."""
    person = product.person()
    give_password(page, person.email)
    look("overview, off", "Protect your account")
    page.goto("/settings/employees")
    look("employees")
    page.get_by_role("link", name=person.name).click()
    look("profile", "The pages are in English so far.")
    page.get_by_label("Name").fill("")
    page.get_by_role("button", name="Save").click()
    look("profile, error", "Enter your name.")
    security = f"/settings/employees/{person.id}/security"
    page.goto(security)
    look("Security tab, off")
    if as_pop_up:
        page.get_by_role("button", name="Activate two-factor authentication").click()
        expect(page.get_by_role("dialog")).to_be_visible()
    else:
        _begin_as_page(page)
    look("step 1")
    link = page.get_by_role("link", name="Open in authenticator app").get_attribute("href")
    app = App(product.clock, str(link).split("secret=")[1][:32])
    page.get_by_text("Can't scan the QR code?").click()
    look("step 1, key open", "In the app choose to enter a setup key")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_label("Authentication code")).to_be_visible()
    look("step 2")
    give_code(page, "abc")
    expect(page.get_by_text("The code has 6 digits")).to_be_visible()
    look("step 2, error")
    give_code(page, app.code())
    expect(page.get_by_role("heading", name="Your backup codes")).to_be_visible()
    look("step 3")
    page.get_by_role("button", name="I have saved them").click()
    expect(page.get_by_role("switch")).to_be_visible()
    look("Security tab, on")
    page.goto("/")
    look("overview, on")
    product.clock.move(minutes=11)
    for path, state in ((f"{security}/two-factor/reset", "reset"), (f"{security}/backup-codes", "new codes")):
        if as_pop_up:
            page.goto(security)
            opener = (
                page.get_by_role("switch") if state == "reset" else page.get_by_role("link", name="New backup codes…")
            )
            opener.click()
            expect(page.get_by_role("dialog")).to_be_visible()
        else:
            page.goto(path)
        if state == "reset":
            look("password confirmation", "You logged in more than 10 minutes ago")
            page.get_by_label("Password").fill("not it")
            page.get_by_role("button", name="Confirm").click()
            expect(page.get_by_text("That isn't your password.")).to_be_visible()
            look("password confirmation, wrong")
            page.get_by_label("Password").fill("lantern quarry violin moss")
            page.get_by_role("button", name="Confirm").click()
            expect(page.get_by_label("Authentication code")).to_be_visible()
        look(state)
        page.get_by_role("link", name="Use a backup code instead").click()
        expect(page.get_by_role("textbox", name="Backup code")).to_be_visible()
        look(f"{state} by backup code")


def test_few_and_no_codes_are_accessible(product: Running, page: Page, look: Look) -> None:
    """The warnings at 3 and at 0 codes left, and the log-in by the last one that counts as a code."""
    owner = product.owner()
    for code in owner.codes[:5]:
        waiting = product.core.half_way(owner.person)
        product.core.answer(waiting, code)
    give_password(page, owner.person.email)
    give_code(page, owner.codes[5])
    page.goto("/")
    look("overview, few codes")
    page.goto(f"/settings/employees/{owner.person.id}/security")
    look("Security tab, few codes")
    for code in owner.codes[6:]:
        page.get_by_role("button", name="Log out").click()
        give_password(page, owner.person.email)
        give_code(page, code)
    look("after the last backup code", "That was your last backup code.")
    page.get_by_role("link", name="My phone is lost").click()
    look("phone lost, last code", "no further code is needed")
    page.goto(f"/settings/employees/{owner.person.id}/security")
    look("Security tab, no codes")
    page.goto(f"/settings/employees/{owner.person.id}/security/two-factor/reset")
    look("reset by the last code")


@pytest.mark.parametrize("as_pop_up", [True, False], ids=["pop-up", "page"])
def test_checking_saved_codes_is_accessible(product: Running, page: Page, look: Look, as_pop_up: bool) -> None:
    """The offer, its page, what is refused there, and a year later the banner for old codes."""
    owner = product.owner()
    security = f"/settings/employees/{owner.person.id}/security"
    give_password(page, owner.person.email)
    give_code(page, owner.phone.code(product.clock.now))
    look("overview, codes not checked", "Check that you saved the backup codes")
    page.goto(security)
    look("Security tab, codes not checked", "Check that you saved the backup codes")
    if as_pop_up:
        page.get_by_role("link", name="Check one now").click()
    else:
        page.goto(f"{security}/backup-codes/check")
    look("check", "type any one code in full")
    page.get_by_label("Backup code").fill("ZZZZ-ZZZZ-ZZZZ-ZZZZ")
    page.get_by_role("button", name="Check this code").click()
    look("check, wrong code", "We don't know this backup code.")
    page.get_by_label("Backup code").fill(owner.codes[0])
    page.get_by_role("button", name="Check this code").click()
    look("Security tab, checked", "and it goes on working.")
    product.clock.move(days=365)
    give_password(page, owner.person.email)
    give_code(page, owner.phone.code(product.clock.now))
    look("overview, old codes", "The backup codes are more than a year old")
    page.goto(security)
    look("Security tab, old codes", "The backup codes are more than a year old")


def test_two_apps_are_accessible(product: Running, page: Page, look: Look) -> None:
    """Replacing, adding, renaming, removing; the two tabs with one and two of them; what is refused."""
    owner = product.owner()
    security = f"/settings/employees/{owner.person.id}/security"
    app = App(product.clock, owner.phone.key)
    give_password(page, owner.person.email)
    give_code(page, app.code())
    expect(page.get_by_role("heading", name="Hello, Lea")).to_be_visible()
    page.goto(f"{security}/two-factor/authenticators/1?do=remove")
    look("remove the only app", "This is your only authenticator app.")
    page.goto(f"{security}/two-factor/authenticators/1")
    look("rename the only app", "This is your only authenticator app.")
    page.goto(security)
    page.get_by_role("link", name="Add another app…").click()
    look("add", "For example an app on a tablet.")
    page.get_by_role("button", name="Show the QR code").click()
    look("add, two errors", "2 entries need another look")
    page.get_by_role("textbox", name="Name").fill("W" * 40)
    page.get_by_label("Authentication code").fill(app.next_code())
    page.get_by_role("button", name="Show the QR code").click()
    look("add, step 1 of 2", "Take the device that you add.")
    tablet = App(product.clock, key_in(str(page.get_by_role("link", name="Open in auth").get_attribute("href"))))
    page.get_by_role("button", name="Next").click()
    look("add, step 2 of 2", "Enter the code that your new app now shows")
    give_code(page, tablet.code())
    look("Security tab, two apps", "Your second authenticator app is set up.")
    page.goto(f"{security}/two-factor/authenticators")
    look("no third app", "You have two authenticator apps already.")
    page.goto(f"{security}/two-factor/authenticators/2?do=remove")
    look("remove one of two", "stop working.")
    page.goto(security)
    page.get_by_role("link", name="Replace the app…").click()
    look("replace one of two", "Which app do you replace?")
    page.get_by_role("button", name="Show the QR code").click()
    look("replace, two errors", "2 entries need another look")
    page.get_by_label("W" * 40).check()
    page.get_by_label("Authentication code").fill(app.next_code())
    page.get_by_role("button", name="Show the QR code").click()
    look("replace, step 1 of 3", "Take your new phone")


def test_pauses_and_ends_are_accessible(product: Running, page: Page, look: Look) -> None:
    """What is throttled, closed, expired, too late or in vain."""
    owner = product.owner()
    give_password(page, owner.person.email)
    page.goto("/login/backup-code")
    for _ in range(6):
        page.get_by_label("Backup code").fill("ZZZZ-ZZZZ-ZZZZ-ZZZZ")
        page.get_by_role("button", name="Verify").click()
        page.wait_for_load_state()
    expect(page.get_by_text("Too many attempts.")).to_be_visible()
    look("backup code, throttled")
    product.clock.move(minutes=11)
    page.goto("/login/code")
    expect(page.get_by_text("You were away for more than 10 minutes.")).to_be_visible()
    look("log-in, half-way expired")
    product.core.use_up(owner.person, GuessKind.TOTP)
    give_password(page, owner.person.email)
    expect(page.get_by_text("this kind of code is closed here")).to_be_visible()
    look("code, closed")


def test_a_set_up_in_vain_is_accessible(product: Running, page: Page, look: Look) -> None:
    """Throttled, then expired; codes not put away, then gone."""
    person = product.person()
    security = f"/settings/employees/{person.id}/security"
    give_password(page, person.email)
    page.goto(security)
    page.get_by_role("button", name="Activate two-factor authentication").click()
    link = page.get_by_role("link", name="Open in authenticator app").get_attribute("href")
    app = App(product.clock, str(link).split("secret=")[1][:32])
    page.get_by_role("button", name="Next").click()
    wrong = Phone(app.key).wrong_code(product.clock.now)
    for _ in range(6):
        give_code(page, wrong)
        expect(page.locator("[aria-busy]")).to_have_count(0)
    expect(page.get_by_text("Too many attempts.")).to_be_visible()
    look("step 2, throttled")
    product.clock.move(minutes=16)
    page.goto(f"{security}/two-factor/activate")
    look("set-up expired")
    give_password_again(page)
    link = page.get_by_role("link", name="Open in authenticator app").get_attribute("href")
    app = App(product.clock, str(link).split("secret=")[1][:32])
    page.get_by_role("button", name="Next").click()
    give_code(page, app.code())
    expect(page.get_by_role("heading", name="Your backup codes")).to_be_visible()
    page.goto(security)
    expect(page.get_by_role("link", name="Show them again")).to_be_visible()
    look("Security tab, codes not put away")
    page.goto("/")
    look("overview, codes not put away")
    product.clock.move(minutes=11)
    page.goto(f"{security}/two-factor/activate/backup-codes")
    expect(page.get_by_text("These backup codes are no longer shown.")).to_be_visible()
    look("Security tab, codes gone")


def test_wrong_codes_and_new_codes_are_accessible(product: Running, page: Page, look: Look) -> None:
    """Reset and new codes refused, then eight new ones in place of the old."""
    owner = product.owner()
    give_password(page, owner.person.email)
    give_code(page, owner.phone.code(product.clock.now))
    product.clock.next_step()
    page.goto(f"/settings/employees/{owner.person.id}/security")
    wrong = owner.phone.wrong_code(product.clock.now)
    page.get_by_role("switch").click()
    page.get_by_label("Authentication code").fill(wrong)
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_text("That code isn't right.")).to_be_visible()
    look("reset, wrong code")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="New backup codes…").click()
    page.get_by_label("Authentication code").fill(wrong)
    page.get_by_role("button", name="Create new backup codes").click()
    expect(page.get_by_text("That code isn't right.")).to_be_visible()
    look("new codes, wrong code")
    page.get_by_label("Authentication code").fill(owner.phone.code(product.clock.now))
    page.get_by_role("button", name="Create new backup codes").click()
    expect(page.get_by_role("dialog", name="Your backup codes")).to_be_visible()
    look("new codes, shown")


def test_active_sessions_are_accessible(product: Running, page: Page, look: Look) -> None:
    """The card and the whole list, one that waits for the password, and both forms that log out elsewhere."""
    owner = product.owner()
    product.core.log_in_with(owner.person, owner.codes[0])
    product.clock.move(hours=1)
    for code in owner.codes[1:5]:
        product.core.log_in_with(owner.person, code)
    give_password(page, owner.person.email)
    give_code(page, owner.phone.code(product.clock.now))
    page.goto(f"/settings/employees/{owner.person.id}/security")
    page.get_by_role("link", name="All 7 sessions").click()
    look("active sessions", "Waits for the password")
    page.get_by_role("link", name="Log out everywhere else").click()
    look("log out everywhere else", "This ends 6 other sessions.")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Log out Unknown browser on Linux").first.click()
    look("log out one session", "Whoever uses this session")
    page.goto(f"/settings/employees/{owner.person.id}/security/sessions/end?session=others")
    look("log out everywhere else, as a page")


def test_an_administrator_s_pages_are_accessible(product: Running, page: Page, look: Look) -> None:
    """The list with pages and states, a search in vain, a colleague's profile; and what is refused."""
    admin = product.core.employee("ada@studio.example", name="Ada Frei", role=Role.ADMIN)
    long = f"Maximiliana-Alexandrina Wolkenstein-{'Hohenlohe' * 3}"
    for number in range(60):
        product.core.employee(
            f"p{number}@studio.example", name=f"{long} {number}", company=admin.company_id, password=None
        )
    stranger = product.core.employee("else@where.example")
    give_password(page, admin.email)
    page.goto("/settings/employees?page=2")
    look("employees as administrator, second page")
    page.set_viewport_size({"width": 1280, "height": 860})
    role = page.get_by_role("cell", name="Employee").first
    assert 1 == role.evaluate(
        "(cell) => { const r = new Range(); r.selectNodeContents(cell); return r.getClientRects().length }"
    )
    page.goto("/settings/employees?q=zzz")
    look("employees, found nobody")
    page.goto("/settings/employees?q=wolkenstein")
    page.get_by_role("link", name=long).first.click()
    look("a colleague's profile", "Phone")
    colleague = page.url
    for step in ("role", "deactivate"):
        page.goto(f"{colleague}/{step}")
        look(f"a colleague's {step}")
    page.goto("/settings/employees/invite")
    page.get_by_role("button", name="Send the invitation").click()
    look("invitation, with errors", "2 entries need another look")
    page.get_by_label("Name", exact=True).fill("Noa Keller")
    page.get_by_label("E-mail").fill("noa@studio.example")
    page.get_by_role("button", name="Send the invitation").click()
    look("invitation, sent", "What happens now")
    page.goto(f"{colleague}/security")
    look("403")
    page.goto(f"/settings/employees/{stranger.id}")
    look("404, logged in")
    page.goto("/")
    page.evaluate("() => { document.querySelector('[name=csrf_token]').value = 'forged' }")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Please send this once more")).to_be_visible()
    look("400, the form once more")
    page.goto(f"/settings/employees/{admin.id}")
    page.evaluate("() => { for (const one of document.querySelectorAll('[name=csrf_token]')) one.value = 'forged' }")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#form-error")).to_be_focused()
    look("400, the profile once more")


def test_what_a_company_sees_of_itself_is_accessible(product: Running, page: Page, look: Look) -> None:
    """Adoption before and after a reminder, the audit with and without events, the list narrowed down."""
    admin = product.core.employee("ada@studio.example", name="Ada Frei", role=Role.ADMIN)
    product.core.owner("on@studio.example", company=admin.company_id)
    product.core.pass_password(admin.email, "not the right password")
    product.core.clock.move(weeks=3)
    give_password(page, admin.email)
    page.goto("/settings/security")
    look("adoption", "1 of 2 active employees")
    page.get_by_role("button", name="Send a reminder").click()
    look("adoption, reminded", "You can send the next one from")
    page.goto("/settings/audit")
    look("audit", "Wrong password")
    page.get_by_label("Person").fill("nobody")
    page.get_by_role("button", name="Show").click()
    look("audit, nothing found", "Nothing like this has happened.")
    page.goto("/settings/employees?two_factor=on")
    look("employees narrowed down", "1 person found, 2FA: on.")


def test_a_broken_product_is_accessible(product: Running, page: Page, look: Look) -> None:
    """The database away: a page that says when to come back."""
    give_password(page, product.person().email)
    product.break_database()

    page.goto("/")

    expect(page.get_by_role("heading", name="Back in a moment")).to_be_visible()
    expect(page.get_by_role("link", name="Try again")).to_be_visible()
    look("503")


def give_password_again(page: Page) -> None:
    page.get_by_role("button", name="Activate two-factor authentication").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("button", name="Next")).to_be_visible()


def _begin_as_page(page: Page) -> None:
    """The step as it comes without htmx: the form is sent by the browser itself."""
    page.evaluate("() => document.querySelector('form[action$=\"/activate\"]').submit()")
    page.wait_for_url("**/two-factor/activate")

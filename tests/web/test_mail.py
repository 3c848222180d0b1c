"""Notices on their way from the event to a message: the right facts, and nothing that opens a door.

What each says in each language: test_notices.py.
"""

import email
import email.policy
import re
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from markupsafe import escape

from tests.core.people import TERMS, Clock, Owner, Product
from tests.web.client import Client
from tests.web.dom import parse
from tests.web.people import log_in, security
from webapp.core.accounts.rules import Role
from webapp.core.cases.rules import Way
from webapp.core.company import reminders
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted
from webapp.core.support.flows import Terms
from webapp.core.visitor import Visitor

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def test_each_event_is_told_by_a_mail_of_its_own(
    app: Flask, open_browser: Callable[[], Client], product: Product, clock: Clock
) -> None:
    """Subject, account, when in the company's time, where, what is left, what to do if it was somebody else."""
    owner = _everything_that_is_told(open_browser(), product, clock)

    mails = _delivered(app)

    expected = {
        "activated": ("Two-factor authentication is on for your account", "10:00", "You have 8 backup codes."),
        "backup_code_used": ("A backup code was used for your account", "10:01", "Backup codes left: 7 of 8."),
        "new_backup_codes": ("You have new backup codes", "10:02", "only the 8 new codes work"),
        "reset": ("Two-factor authentication is off for your account", "10:03", "your password alone logs you in"),
    }
    assert expected.keys() == mails.keys()
    for notice, (subject, time, words) in expected.items():
        mail = mails[notice]
        text, html = _body(mail, "plain"), parse(_body(mail, "html"))
        assert subject == mail["Subject"]
        assert "lea@studio.example" == mail["To"]
        for said in (text, html.text):
            assert f"Monday, 2 March 2026 at {time} (Zurich time)" in said
            assert "lea@studio.example" in said
            assert "support@calenso.com" in said
            assert "Wasn't you?" in said
        assert words in " ".join(text.split())
        if notice != "activated":
            assert "Firefox on Linux, 127.0.0.x" in text
        for secret in (*owner.codes, owner.phone.key, *(code.replace("-", "") for code in owner.codes)):
            assert secret not in mail.as_string()


def test_a_mail_is_plain_to_read_and_to_transport(
    app: Flask, open_browser: Callable[[], Client], product: Product, clock: Clock
) -> None:
    """Text before HTML, quoted-printable or simpler, an id and a date of its own, two links: none to log in."""
    _everything_that_is_told(open_browser(), product, clock)

    mails = _delivered(app)

    assert 4 == len({mail["Message-ID"] for mail in mails.values()})
    for mail in mails.values():
        assert ["text/plain", "text/html"] == [part.get_content_type() for part in mail.iter_parts()]
        for part in mail.walk():
            assert part.get("Content-Transfer-Encoding", "7bit") in ("7bit", "8bit", "quoted-printable")
        assert all(len(line) <= 998 for line in mail.as_bytes().splitlines())
        assert ("Calenso <no-reply@127.0.0.1>", "auto-generated") == (mail["From"], mail["Auto-Submitted"])
        assert "Mon, 02 Mar 2026 09:0" in mail["Date"]
        html = parse(_body(mail, "html"))
        dispute, support = [link.attributes["href"] for link in html.all("a")]
        assert re.fullmatch(r"http://127\.0\.0\.1:5000/notices/[\w-]{43}\.[\w-]{43}", str(dispute))
        assert "mailto:support@calenso.com" == support
        assert not html.all("img") + html.all("script")
        assert [dispute] == re.findall(r"http\S+", _body(mail, "plain"))


@pytest.mark.parametrize(
    "name",
    [
        'Lea "<b>" Ünsal, {{7*7}}',
        "=?utf-8?b?///?=漢",  # folding it into a header raised, and the sender ended
        "=?utf-8?q?ceo@victim.example,?= Lena é",  # folding it made a second recipient
        "Lea, ceo@victim.example; <x@y.example>",
    ],
)
def test_a_name_in_a_mail_is_text(app: Flask, product: Product, clock: Clock, name: str) -> None:
    """No markup, no header and no recipient of somebody else's making: the owner is the only one to hear."""
    person = product.employee(name=name)
    product.activate(person)

    mail = _delivered(app)["activated"]

    assert "lea@studio.example" == mail["To"]
    assert name not in "".join(mail.values())
    assert f"Hello {name}," in _body(mail, "plain")
    assert f"Hello <bdi>{escape(name)}</bdi>," in _body(mail, "html")


def test_a_mail_is_in_the_language_that_its_reader_chose(
    app: Flask, open_browser: Callable[[], Client], product: Product
) -> None:
    """By the profile, at the time of the event; the pages stay in English."""
    person, browser = product.employee(), open_browser()
    log_in(browser, person)
    profile = f"/settings/employees/{person.id}"
    saved = browser.post(profile, name=person.name, phone="", language="it")
    page = browser.get(profile)
    product.session.expire_all()
    product.activate(person)

    mail = _delivered(app)["activated"]

    assert 303 == saved.status
    assert "L’autenticazione a due fattori è attiva per il Suo account" == mail["Subject"]
    assert "it" == mail["Content-Language"]
    assert "Buongiorno Lea" in _body(mail, "plain")
    assert "en" == page.document.one("html").attributes["lang"]


def test_an_address_with_an_umlaut_in_its_domain_gets_its_mail(app: Flask, product: Product) -> None:
    """To the ASCII form that mail servers know, by IDNA 2008; the letter names the account as its owner does."""
    product.activate(product.employee("lea@straße.example"))

    mail = _delivered(app)["activated"]

    assert "lea@xn--strae-oqa.example" == mail["To"]
    assert "lea@straße.example" in _body(mail, "plain")


def test_mail_that_can_t_be_written_waits_and_is_sent_once(app: Flask, product: Product, clock: Clock) -> None:
    """Exit status 1 and the count; later it goes out as the same one file."""
    product.owner()
    folder = Path(app.instance_path) / "mail"
    folder.write_text("a file where the folder should be")
    runner = app.test_cli_runner()

    failed = runner.invoke(args=["outbox", "send"])
    folder.unlink()
    too_early = runner.invoke(args=["outbox", "send"])
    clock.move(minutes=2)
    sent = runner.invoke(args=["outbox", "send"])
    clock.move(hours=2)
    again = runner.invoke(args=["outbox", "send"])

    assert (1, "sent 0, failed 1\n") == (failed.exit_code, failed.stdout)
    assert (0, "sent 0, failed 0\n") == (too_early.exit_code, too_early.stdout)
    assert (0, "sent 1, failed 0\n") == (sent.exit_code, sent.stdout)
    assert (0, "sent 0, failed 0\n") == (again.exit_code, again.stdout)
    assert 1 == len(list(folder.iterdir()))


def test_whatever_core_owes_can_be_written(app: Flask, product: Product, clock: Clock) -> None:
    """Each flow leaves the facts that its mail needs: every notice there is goes out, and none fails."""
    lea = product.owner()
    _with_an_app(product, lea)
    _with_backup_codes_and_wrong_codes(product, lea)
    _with_a_freeze(product, lea)
    product.issue_pass(lea.person)
    _with_password_and_email(product)
    _with_an_administrator(product)
    _with_cases(product)

    sent = app.test_cli_runner().invoke(args=["outbox", "send"])

    told = {file.name.split("-")[3] for file in (Path(app.instance_path) / "mail").glob("*.eml")}
    assert set(Notice) == told
    assert sent.stdout.endswith(", failed 0\n")


def _with_an_app(product: Product, owner: Owner) -> None:
    """A second app comes and goes; a new one takes the place of the first."""
    product.clock.next_step()
    product.second_phone(owner)
    done = product.remove_app(owner.seat, product.apps(owner.person)[1].id, owner.phone.code(product.now))
    product.clock.next_step()
    begun = product.replace_app(owner.seat, owner.phone.code(product.now))
    confirmed = product.confirm(owner.seat, product.scanned(owner.seat).code(product.now))
    assert all(isinstance(outcome, Accepted) for outcome in (done, begun, confirmed))


def _with_backup_codes_and_wrong_codes(product: Product, owner: Owner) -> None:
    """Six log-ins by backup code, from the first notice to the one that few are left; then guesses."""
    shown = product.shown(owner.seat)
    assert shown
    for code in shown.codes[:6]:
        product.log_in_with(owner.person, code)
    seat = product.log_in_with(owner.person, shown.codes[6])
    assert isinstance(product.create_codes(seat, shown.codes[7]), Accepted)
    waiting = product.half_way(owner.person)
    for _ in range(5):
        product.answer(waiting, "ZZZZ-ZZZZ-ZZZZ-ZZZZ")


def _with_a_freeze(product: Product, owner: Owner) -> None:
    """Another person's: a code is used, the owner freezes and lifts; and at last switches it off."""
    kim = product.owner("kim@studio.example")
    product.clock.move(days=1)
    product.log_in_with(kim.person, kim.codes[0])
    product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))
    seat = product.log_in_with(kim.person, kim.phone.code(product.now))
    product.clock.next_step()
    lifted = product.lift(seat, kim.phone.code(product.now))
    product.clock.next_step()
    off = product.reset(seat, kim.phone.code(product.now))
    assert (Accepted(None), Accepted(None)) == (lifted, off)


def _with_password_and_email(product: Product) -> None:
    """Somebody without a second factor changes both, forgets the password, and comes from another browser."""
    person = product.employee("noa@studio.example")
    seat = product.log_in(person)
    changed = product.change_password(seat, "harbour quilt nineteen ferns")
    asked = product.ask_email(seat, "noa@new.example")
    confirmed = product.confirm_email(seat, product.mailed(LinkKind.EMAIL)[-1][1])
    product.forgot("noa@new.example")
    product.resolve()
    saved = product.recover(product.mailed(LinkKind.PASSWORD)[-1][1], "granite harvest pillow tide")
    known = product.pass_password("noa@new.example", "granite harvest pillow tide", browser=None)
    assert all(isinstance(outcome, Accepted) for outcome in (changed, asked, confirmed, saved, known))


def _with_an_administrator(product: Product) -> None:
    """Who invites somebody, changes a colleague's role, closes the account and opens it again, reminds the others."""
    admin = product.employee("ada@salon.example", company=product.company("Salon"), role=Role.ADMIN)
    tim = product.employee("tim@salon.example", company=admin.company_id)
    seat = product.log_in(admin)
    done = [
        product.invite(seat, "eve@salon.example"),
        product.change_role(seat, tim, Role.ADMIN),
        product.deactivate(seat, tim),
        product.reactivate(seat, tim),
        reminders.send(product.session, seat.me, now=product.now, visitor=Visitor()),
    ]
    assert all(isinstance(outcome, Accepted) for outcome in done), done


def _with_cases(product: Product) -> None:
    """One of each end, and one that three agents agree to."""
    ada, ben, cleo = product.agents("ada", "ben", "cleo")
    people = [product.owner(f"person{number}@studio.example").person for number in range(4)]
    wiped, refused, stopped, expired = (product.open_case(ada, one, way=Way.WIPE) for one in people)
    assert isinstance(wiped, Accepted)
    assert isinstance(refused, Accepted)
    assert isinstance(stopped, Accepted)
    assert isinstance(expired, Accepted)
    terms = Terms(approvals=3, wait=TERMS.wait)
    done = [
        product.check_case(ada, wiped.value.id),
        product.approve_case(ben, wiped.value.id, terms=terms),
        product.approve_case(cleo, wiped.value.id, terms=terms),
        product.check_case(ada, refused.value.id),
        product.refuse_case(ben, refused.value.id),
        product.stop_case(ben, stopped.value.id),
    ]
    assert all(isinstance(outcome, Accepted) for outcome in done), done
    product.clock.move(days=8)
    product.run_due()


def _everything_that_is_told(browser: Client, product: Product, clock: Clock) -> Owner:
    """Activation, a log-in by backup code, new codes, a reset: a minute apart, the last three in one browser."""
    owner = product.owner()
    browser.flask.environ_base["HTTP_USER_AGENT"] = FIREFOX
    clock.move(seconds=30)
    log_in(browser, owner.person)
    browser.post("/login/code", code=owner.codes[0])
    clock.move(minutes=1)
    browser.post(f"{security(owner.person)}/backup-codes", code=owner.phone.code(clock.now))
    clock.move(minutes=1)
    browser.post(f"{security(owner.person)}/two-factor/reset", code=owner.phone.code(clock.now))
    return owner


def _delivered(app: Flask) -> dict[str, EmailMessage]:
    """The mails in the files, by notice; the file's name ends in notice and id."""
    result = app.test_cli_runner().invoke(args=["outbox", "send"])
    assert 0 == result.exit_code
    files = sorted((Path(app.instance_path) / "mail").glob("*.eml"))
    return {
        file.name.split("-")[3]: email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for file in files
    }


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content


@pytest.fixture
def clock() -> Clock:
    """At the full minute, so that a time in a mail can be foretold."""
    clock = Clock()
    clock.move(seconds=-5)
    return clock

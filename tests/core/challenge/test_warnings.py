"""What a person is mailed of log-ins that may not be their own: a new browser, a right password with wrong codes."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, event
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.people import Owner, Product
from tests.core.stored import dies_everywhere, dump
from webapp.core.accounts.flows import Person
from webapp.core.attempts.tables import GuessBudget
from webapp.core.database import writing
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.sessions import browsers

UNKNOWN_CODE = "ZZZZ-ZZZZ-ZZZZ-ZZZZ"


@pytest.fixture
def kim(product: Product) -> Person:
    """Somebody with a password alone."""
    return product.employee("kim@studio.example")


@pytest.fixture
def lea(product: Product) -> Owner:
    """Somebody with two-factor authentication on."""
    return product.owner()


def mails(engine: Engine, person: Person) -> list[str]:
    """What this person was mailed, oldest first."""
    return [row[1] for row in dump(engine)["outbox"] if row[2] == person.id]


def warnings(engine: Engine, person: Person) -> int:
    return mails(engine, person).count("wrong_codes")


# --- a new browser ----------------------------------------------------------------------------------------------------


def test_the_first_log_in_of_all_is_told_by_no_mail(product: Product, engine: Engine, kim: Person) -> None:
    """There is no browser that it could be new beside; what colleagues do is no matter."""
    product.log_in(product.employee(company=kim.company_id))

    product.log_in(kim)

    assert [] == mails(engine, kim)


def test_a_log_in_in_a_browser_that_is_not_known_is_told(product: Product, engine: Engine, kim: Person) -> None:
    """By the password alone; a second one in the same browser is not."""
    product.log_in(kim)

    second = product.log_in(kim)
    product.log_in(kim, browser=second.browser)

    assert ["new_browser"] == mails(engine, kim)


def test_one_by_a_code_is_told_too_and_half_a_log_in_is_not(product: Product, engine: Engine, lea: Owner) -> None:
    """What the password alone reaches is told where codes are guessed."""
    waiting = product.half_way(lea.person)
    half_way = mails(engine, lea.person)

    product.answer(waiting, lea.phone.code(product.now))

    assert ["activated"] == half_way
    assert ["activated", "new_browser"] == mails(engine, lea.person)


def test_one_by_a_backup_code_is_one_mail(product: Product, engine: Engine, lea: Owner) -> None:
    """That of the code: it tells of the same log-in."""
    product.log_in_with(lea.person, lea.codes[0])

    assert ["activated", "backup_code_used"] == mails(engine, lea.person)


def test_that_few_codes_are_left_is_told_in_place_of_the_usual_mail(
    product: Product, engine: Engine, lea: Owner
) -> None:
    """One mail for each log-in; from the fifth code on, three or fewer are left."""
    for code in lea.codes:
        product.log_in_with(lea.person, code)

    assert ["activated"] + ["backup_code_used"] * 4 + ["backup_codes_low"] * 4 == mails(engine, lea.person)


def test_a_browser_known_to_somebody_else_is_new(product: Product, engine: Engine, kim: Person) -> None:
    """At a shared computer each hears of their own first log-in."""
    product.log_in(kim)
    leas = product.log_in(product.employee())

    product.log_in(kim, browser=leas.browser)

    assert ["new_browser"] == mails(engine, kim)


def test_after_a_reset_every_browser_is_new_again(product: Product, engine: Engine, lea: Owner) -> None:
    """Whoever could make it may have logged in before: from then on nothing is taken for the owner's own."""
    product.reset(lea.seat, lea.phone.code(product.now))

    product.log_in(lea.person, browser=lea.seat.browser)

    assert "new_browser" == mails(engine, lea.person)[-1]


@pytest.mark.parametrize("ends", ["time", "ended elsewhere"])
def test_one_that_was_forgotten_is_new_again(product: Product, engine: Engine, kim: Person, ends: str) -> None:
    """After 180 days without a log-in, or because its session was ended from elsewhere."""
    there, here = product.log_in(kim), product.log_in(kim)
    if ends == "time":
        product.clock.move(days=180)
    else:
        assert isinstance(product.end_one(here, there.me.session_id), Accepted)

    product.log_in(kim, browser=there.browser)

    assert ["new_browser"] * 2 == mails(engine, kim)


def test_one_that_is_forgotten_while_its_owner_logs_in_is_new(
    product: Product, engine: Engine, lea: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked up before the lock was taken, gone under it."""
    known = browsers.recognise

    def recognise_and_forget(session: Session, *args: object, **options: object) -> object:
        found = known(session, *args, **options)
        browsers.forget(session, lea.person.id)
        return found

    waiting = product.half_way(lea.person, browser=lea.seat.browser)
    monkeypatch.setattr(browsers, "recognise", recognise_and_forget)

    product.answer(waiting, lea.phone.code(product.now), browser=lea.seat.browser)

    assert "new_browser" == mails(engine, lea.person)[-1]


def test_resuming_after_a_pause_is_no_log_in(product: Product, engine: Engine, kim: Person) -> None:
    """Whoever has that session's cookie is in its browser."""
    seat = product.log_in(kim)
    product.clock.move(hours=1)

    product.pass_password(kim.email, idle_token=seat.token)

    assert [] == mails(engine, kim)


def test_a_known_browser_costs_no_statement_more_and_a_new_one_a_single_look(
    product: Product, engine: Engine, kim: Person
) -> None:
    """Each log-in asks whether it is the first only where the browser is not known."""
    seat = product.log_in(kim)
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _u, text, *_: asked.append(text))

    known = product.log_in(kim, browser=seat.browser)
    of_known, asked[:] = [text for text in asked if "FROM audit_events" in text], []
    product.log_in(kim)
    of_new = [text for text in asked if "FROM audit_events" in text]

    assert known.me.browser_id == seat.me.browser_id
    assert (0, 1) == (len(of_known), len(of_new))


# --- a right password and wrong codes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["totp", "backup_code"])
def test_the_fifth_wrong_code_is_told_and_none_before_or_after(
    product: Product, engine: Engine, lea: Owner, kind: str
) -> None:
    """Of either kind: the one that begins the pause, if they come at once."""
    wrong = UNKNOWN_CODE if kind == "backup_code" else lea.phone.wrong_code(product.now)

    told = []
    for _ in range(7):
        product.answer(product.half_way(lea.person), wrong)
        told.append(warnings(engine, lea.person))

    assert [0, 0, 0, 0, 1, 1, 1] == told


def test_a_slow_phone_that_runs_out_of_guesses_is_told_too(product: Product, engine: Engine, lea: Owner) -> None:
    """Those guesses are charged like any other."""
    product.clock.move(minutes=10)
    for _ in range(5):
        outcome = product.answer(product.half_way(lea.person), lea.phone.code(product.now, steps=-5))
        assert isinstance(outcome, Refused)
        assert Refusal.PHONE_CLOCK_SLOW is outcome.reason

    assert 1 == warnings(engine, lea.person)


def test_who_guesses_on_and_on_sends_one_mail_an_hour(product: Product, engine: Engine, lea: Owner) -> None:
    """Both kinds, by strangers and in a known browser: whoever has the password can't flood the mailbox."""
    began = product.now
    while product.now < began + timedelta(hours=1):
        for browser in (None, lea.seat.browser):
            for wrong in (UNKNOWN_CODE, lea.phone.wrong_code(product.now)):
                for _ in range(5):
                    product.answer(product.half_way(lea.person, browser=browser), wrong, browser=browser)
        product.clock.move(minutes=6)
    in_the_first_hour = warnings(engine, lea.person)
    for _ in range(5):
        product.answer(product.half_way(lea.person), lea.phone.wrong_code(product.now))

    assert (1, 2) == (in_the_first_hour, warnings(engine, lea.person))


@pytest.mark.parametrize("kind", ["totp", "backup_code"])
def test_who_guesses_slowly_enough_for_no_pause_is_told_too(
    product: Product, engine: Engine, lea: Owner, kind: str
) -> None:
    """Four wrong codes and a wait, again and again: the fifth in a row is told, and every five more."""
    told = []
    for _ in range(3):
        for _ in range(4):
            wrong = UNKNOWN_CODE if kind == "backup_code" else lea.phone.wrong_code(product.now)
            product.answer(product.half_way(lea.person), wrong)
        told.append(warnings(engine, lea.person))
        product.clock.move(hours=1)

    assert [0, 1, 2] == told


def test_a_right_code_in_between_begins_the_count_anew(product: Product, engine: Engine, lea: Owner) -> None:
    for _ in range(2):
        for _ in range(4):
            product.answer(product.half_way(lea.person), UNKNOWN_CODE)
        product.clock.next_step()
        product.log_in_with(lea.person, lea.phone.code(product.now))

    assert 0 == warnings(engine, lea.person)


def test_each_person_has_an_hour_of_their_own(product: Product, engine: Engine, lea: Owner) -> None:
    """A colleague's mail doesn't take the place of one's own."""
    ida = product.owner("ida@studio.example", company=lea.person.company_id)

    for owner in (lea, ida):
        for _ in range(5):
            product.answer(product.half_way(owner.person), UNKNOWN_CODE)

    assert [1, 1] == [warnings(engine, owner.person) for owner in (lea, ida)]


def test_of_a_crowd_of_wrong_codes_one_is_told(product: Product, engine: Engine, lea: Owner) -> None:
    """Under the person's lock, however many come at once."""
    waiting, wrong = product.half_way(lea.person), lea.phone.wrong_code(product.now)

    at_once(engine, [lambda session: product.beside(session).answer(waiting, wrong)] * 20)

    assert 1 == warnings(engine, lea.person)


def test_replays_and_slips_of_the_finger_are_told_by_no_mail(product: Product, engine: Engine, lea: Owner) -> None:
    """They are no guesses."""
    code = lea.phone.code(product.now)
    product.log_in_with(lea.person, code)

    for text in (code, "12345", code, "", code, "abc", code, code):
        product.answer(product.half_way(lea.person), text)

    assert 0 == warnings(engine, lea.person)


def test_wrong_codes_inside_a_session_are_told_by_no_mail(product: Product, engine: Engine, lea: Owner) -> None:
    """Whoever is there has logged in with a code: the Security tab lists them."""
    for _ in range(5):
        product.reset(lea.seat, UNKNOWN_CODE)

    assert 0 == warnings(engine, lea.person)


@pytest.mark.parametrize("kind", ["totp", "backup_code"])
def test_a_crash_anywhere_refuses_and_tells_or_does_neither(
    product: Product, engine: Engine, lea: Owner, kind: str
) -> None:
    """The refusal in the audit and the mail are one transaction."""
    wrong = UNKNOWN_CODE if kind == "backup_code" else lea.phone.wrong_code(product.now)
    waiting = product.half_way(lea.person)
    for _ in range(4):
        product.answer(waiting, wrong)
    kept = [row for row in dump(engine)["guess_budgets"] if row[2] == kind]
    assert [4] == [row[4] for row in kept]
    before = dump(engine, without={"guess_budgets"})

    def guess() -> object:
        with writing(product.session):  # a charge for a backup code is committed before it is judged
            product.session.execute(delete(GuessBudget).where(GuessBudget.kind == kind))
            columns = [column.name for column in GuessBudget.__table__.columns]
            product.session.add(GuessBudget(**dict(zip(columns, kept[0], strict=True))))
        return product.answer(waiting, wrong)

    deaths, sights = dies_everywhere(engine, guess, lambda: dump(engine, without={"guess_budgets"}))

    assert deaths > 5
    assert [before] * deaths == sights
    assert 1 == warnings(engine, lea.person)
    assert ["wrong_code" if kind == "totp" else "backup_code_unknown"] * 5 == [
        row.reason for row in product.audit("second_factor:check") if row.outcome == "refused"
    ]

"""Replacing the app: the old one works until the new one's first code is right, and then everything changes at once."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.hashing import before_each_hash
from tests.core.people import Owner, Phone, Product
from tests.core.stored import dies_everywhere, dump
from webapp.core.database import AuthenticatorId
from webapp.core.enrolment import state as enrolment
from webapp.core.factors.totp.pending import Purpose
from webapp.core.outcomes import Accepted, Refusal, Refused


@pytest.fixture
def lea(product: Product) -> Owner:
    return product.owner()


def begun(product: Product, lea: Owner) -> Phone:
    """The owner has begun to replace the app, and the new phone has read the QR code; a step has passed."""
    assert isinstance(product.replace_app(lea.seat, lea.phone.code(product.now)), Accepted)
    phone = product.scanned(lea.seat)
    product.clock.next_step()
    return phone


def refused_for(outcome: object) -> Refusal:
    assert isinstance(outcome, Refused), outcome
    return outcome.reason


# --- until the new one's first code -----------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", ["totp", "backup_code"])
def test_beginning_spends_the_code_and_changes_nothing_else(
    product: Product, engine: Engine, lea: Owner, factor: str
) -> None:
    """One pending secret, for this session; the app and the codes are as they were."""
    aside = {"pending_secrets", "audit_events", "authenticators", "backup_codes"}
    before = dump(engine, without=aside)
    text = lea.codes[0] if factor == "backup_code" else lea.phone.code(product.now)

    assert isinstance(product.replace_app(lea.seat, text), Accepted)

    assert before == dump(engine, without=aside)
    assert product.scanned(lea.seat) != lea.phone
    assert Purpose.REPLACE is product.setup(lea.seat).purpose
    events = product.audit("second_factor:check", "two_factor:begin_replacement")[-2:]
    assert [("success", {"purpose": "replace the app"}), ("success", {})] == [
        (event.outcome, {k: v for k, v in event.details.items() if k == "purpose"}) for event in events
    ]


@pytest.mark.parametrize("text", ["", "12345", "000000", "ZZZZ-ZZZZ-ZZZZ-ZZZZ"])
def test_without_a_right_code_there_is_nothing_to_scan(product: Product, lea: Owner, text: str) -> None:
    """A stolen session alone replaces nobody's app."""
    assert isinstance(product.replace_app(lea.seat, text), Refused)

    assert product.setup(lea.seat) is None


def test_until_then_the_old_app_works_and_the_new_one_does_not(product: Product, lea: Owner) -> None:
    """Whoever stops half-way has lost nothing."""
    new = begun(product, lea)

    product.log_in_with(lea.person, lea.phone.code(product.now))
    assert Refusal.WRONG_CODE is refused_for(product.answer(product.half_way(lea.person), new.code(product.now)))


def test_a_double_click_leads_to_the_same_key(product: Product, engine: Engine, lea: Owner) -> None:
    """The code is spent by the first; what it was spent for waits for this session."""
    code = lea.phone.code(product.now)

    outcomes = at_once(engine, [lambda session: product.beside(session).replace_app(lea.seat, code)] * 4)

    assert [Accepted(None)] * 4 == outcomes
    assert 1 == len(product.audit("two_factor:begin_replacement"))


def test_a_code_that_was_spent_elsewhere_begins_nothing(product: Product, lea: Owner) -> None:
    """Only what this session has begun for this app is a double click."""
    code = lea.phone.code(product.now)
    other = product.log_in_with(lea.person, code)

    assert Refusal.CODE_ALREADY_USED is refused_for(product.replace_app(lea.seat, code))
    assert Refusal.CODE_ALREADY_USED is refused_for(product.replace_app(other, code))


def test_another_session_neither_sees_nor_confirms_it(product: Product, lea: Owner) -> None:
    """The key is shown to whom the code was shown by."""
    new = begun(product, lea)
    other = product.log_in_with(lea.person, lea.codes[0])

    assert product.setup(other) is None
    assert Refusal.ALREADY_ACTIVE is refused_for(product.confirm(other, new.code(product.now)))


def test_after_fifteen_minutes_it_has_expired(product: Product, lea: Owner) -> None:
    """And the old app goes on."""
    new = begun(product, lea)
    product.clock.move(minutes=15)

    assert Refusal.SETUP_EXPIRED is refused_for(product.confirm(lea.seat, new.code(product.now)))
    assert ["setup_expired"] == [event.reason for event in product.audit("two_factor:replace")]
    product.log_in_with(lea.person, lea.phone.code(product.now))


def test_a_reset_meanwhile_ends_it(product: Product, lea: Owner) -> None:
    """The secret is gone with the factor: it can't switch two-factor authentication on again by itself."""
    new = begun(product, lea)
    other = product.log_in_with(lea.person, lea.codes[0])
    product.reset(other, lea.codes[1])

    assert Refusal.SESSION_OVER is refused_for(product.confirm(lea.seat, new.code(product.now)))
    assert product.setup(lea.seat) is None
    assert () == product.apps(lea.person)


def test_a_reset_in_the_same_session_ends_it_too(product: Product, lea: Owner) -> None:
    """In a second tab."""
    new = begun(product, lea)
    product.reset(lea.seat, lea.codes[1])

    assert Refusal.SETUP_EXPIRED is refused_for(product.confirm(lea.seat, new.code(product.now)))


@pytest.mark.parametrize("whose", ["nobody's", "a colleague's"])
def test_only_an_app_of_one_s_own_is_replaced(product: Product, lea: Owner, whose: str) -> None:
    """Refused before the code is looked at, so it is not spent."""
    kim = product.owner("kim@studio.example", company=lea.person.company_id)
    other = AuthenticatorId(9999) if whose == "nobody's" else product.apps(kim.person)[0].id
    code = lea.phone.code(product.now)

    assert Refusal.UNKNOWN_AUTHENTICATOR is refused_for(product.replace_app(lea.seat, code, old=other))
    assert isinstance(product.replace_app(lea.seat, code), Accepted)


def test_what_is_off_has_nothing_to_replace(product: Product) -> None:
    """Reset in another tab."""
    seat = product.log_in(product.employee())

    assert Refusal.NOT_ACTIVE is refused_for(product.replace_app(seat, "123456", old=AuthenticatorId(1)))


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_wrong_clock_is_told_and_set_up_counts_on_its_own(product: Product, lea: Owner, steps: int) -> None:
    """As at activation: the person holds the secret; the counter of codes is not touched."""
    new = begun(product, lea)
    wrong = product.confirm(lea.seat, new.code(product.now, steps=steps))

    assert (
        Refusal.PHONE_CLOCK_SLOW if steps < 0 else Refusal.PHONE_CLOCK_FAST,
        4,
    ) == (refused_for(wrong), wrong.left)
    assert ["wrong_code"] * 4 + ["too_many"] == [
        refused_for(product.confirm(lea.seat, new.wrong_code(product.now))).value for _ in range(5)
    ]
    assert Refusal.TOO_MANY is refused_for(product.confirm(lea.seat, new.code(product.now)))
    product.log_in_with(lea.person, lea.phone.code(product.now))


# --- the moment it is right -------------------------------------------------------------------------------------------


def test_then_the_new_one_works_and_nothing_of_the_old(product: Product, engine: Engine, lea: Owner) -> None:
    """App, codes, other sessions, half-way log-ins, known browsers and counters, all at once."""
    other, half_way = product.log_in_with(lea.person, lea.codes[0]), product.half_way(lea.person)
    product.answer(half_way, lea.phone.wrong_code(product.now))
    new = begun(product, lea)

    assert Accepted(Purpose.REPLACE) == product.confirm(lea.seat, new.code(product.now))

    shown = product.shown(lea.seat)
    assert shown is not None
    assert set(shown.codes).isdisjoint(lea.codes)
    assert product.find(lea.seat.token)
    assert product.find(other.token) is None
    assert Refused(Refusal.CHALLENGE_OVER) == product.answer(half_way, shown.codes[0])
    stored = dump(engine)
    assert [lea.seat.me.browser_id] == [row[0] for row in stored["known_browsers"]]
    assert [] == [row for row in stored["guess_budgets"] if row[2] != "password"]
    assert [] == stored["pending_secrets"]
    product.clock.next_step()
    for dead in (lea.phone.code(product.now), lea.codes[1]):
        assert isinstance(product.answer(product.half_way(lea.person), dead), Refused)
    for right in (new.code(product.now), shown.codes[0]):
        product.log_in_with(lea.person, right)


def test_it_is_written_down_and_told(product: Product, engine: Engine, lea: Owner) -> None:
    """Which app, and how many codes there are now; no secret."""
    new = begun(product, lea)
    product.confirm(lea.seat, new.code(product.now))

    mail = dump(engine)["outbox"][-1]
    assert "app_replaced" == mail[1]
    assert ("Authenticator app", 8) == (mail[5]["app"], mail[5]["codes_left"])
    (event,) = product.audit("two_factor:replace")
    assert ("success", {"app": "Authenticator app"}) == (event.outcome, event.details)


def test_since_when_it_is_on_does_not_move(product: Product, lea: Owner) -> None:
    """The app is new, two-factor authentication is not; its name stays."""
    before = enrolment.state(product.session, lea.person.id)
    product.rename_app(lea.seat, before.apps[0].id, "Phone")
    product.clock.move(days=40)
    new = begun(product, lea)
    product.confirm(lea.seat, new.code(product.now))

    after = enrolment.state(product.session, lea.person.id)

    assert before.activated_at == after.activated_at
    assert [("Phone", product.now)] == [(app.name, app.added_at) for app in after.apps]
    assert before.apps[0].id != after.apps[0].id


def test_the_first_code_of_the_new_app_is_spent(product: Product, lea: Owner) -> None:
    """Like that of an activation."""
    new = begun(product, lea)
    code = new.code(product.now)
    product.confirm(lea.seat, code)

    assert Refusal.CODE_ALREADY_USED is refused_for(product.answer(product.half_way(lea.person), code))


@pytest.mark.parametrize("clicks", [2, 8])
def test_twice_the_same_eight_codes(product: Product, engine: Engine, lea: Owner, clicks: int) -> None:
    """Every click is answered by the codes that the first one made."""
    new = begun(product, lea)
    code = new.code(product.now)

    def click(session: Session) -> object:
        beside = product.beside(session)
        assert isinstance(beside.confirm(lea.seat, code), Accepted)
        return beside.shown(lea.seat)

    shown = at_once(engine, [click] * clicks)

    assert shown[0]
    assert [shown[0]] * clicks == shown
    assert 1 == len(dump(engine)["authenticators"])
    assert 1 == len(product.audit("two_factor:replace"))


def test_codes_that_were_made_before_are_no_answer_to_a_first_code(product: Product, lea: Owner) -> None:
    """New codes on the screen, then a set-up that another session took over: nothing was replaced."""
    product.create_codes(lea.seat, lea.phone.code(product.now))
    product.clock.next_step()
    new = begun(product, lea)
    other = product.log_in_with(lea.person, lea.phone.code(product.now))
    product.clock.next_step()
    product.replace_app(other, lea.phone.code(product.now))

    assert product.shown(lea.seat)
    assert Refusal.ALREADY_ACTIVE is refused_for(product.confirm(lea.seat, new.code(product.now)))


def test_a_crash_anywhere_leaves_the_old_app_or_the_new_one(product: Product, engine: Engine, lea: Owner) -> None:
    """Dying after each statement in turn: the database is exactly as before, until it is exactly as after."""
    product.log_in_with(lea.person, lea.codes[0])
    product.half_way(lea.person)
    new = begun(product, lea)
    before = dump(engine)

    deaths, sights = dies_everywhere(
        engine, lambda: product.confirm(lea.seat, new.code(product.now)), lambda: dump(engine)
    )

    after = dump(engine)
    assert deaths > 20
    assert [before] * deaths == sights
    assert (1, 8, []) == (len(after["authenticators"]), len(after["backup_codes"]), after["challenges"])
    assert "app_replaced" == after["outbox"][-1][1]


def test_the_eight_hashes_keep_nobody_waiting(product: Product, lea: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are made before the write lock is taken."""
    new = begun(product, lea)
    is_writing: list[bool] = []
    before_each_hash(monkeypatch, lambda: is_writing.append(bool(product.session.info.get("writing"))))

    assert isinstance(product.confirm(lea.seat, new.code(product.now)), Accepted)

    assert [False] * 8 == is_writing


def test_a_log_in_by_the_last_backup_code_counts_as_the_code(product: Product, lea: Owner) -> None:
    """NIST SP 800-63B-4 §4.2.2.2: password and one recovery code, for ten minutes, while none is left."""
    for code in lea.codes[:7]:
        seat = product.log_in_with(lea.person, code)
    assert Refusal.MALFORMED is refused_for(product.replace_app(seat, None))
    late = product.log_in_with(lea.person, lea.codes[7])

    assert isinstance(product.replace_app(late, None), Accepted)

    new = product.scanned(late)
    assert isinstance(product.confirm(late, new.code(product.now)), Accepted)
    assert Refusal.MALFORMED is refused_for(product.replace_app(late, None))  # there are eight codes again


def test_of_two_the_named_one_is_replaced(product: Product, lea: Owner) -> None:
    """By a code of either; the other goes on."""
    tablet = product.second_phone(lea)
    first, second = product.apps(lea.person)
    assert isinstance(product.replace_app(lea.seat, lea.phone.code(product.now), old=second.id), Accepted)
    new = product.scanned(lea.seat)
    product.confirm(lea.seat, new.code(product.now))
    product.clock.next_step()

    for right in (lea.phone.code(product.now), new.code(product.now)):
        product.log_in_with(lea.person, right)
    assert isinstance(product.answer(product.half_way(lea.person), tablet.code(product.now)), Refused)
    assert [("Authenticator app", first.id), ("Tablet", second.id + 1)] == [
        (app.name, app.id) for app in product.apps(lea.person)
    ]


def test_a_key_for_one_app_is_not_one_for_the_other(product: Product, lea: Owner) -> None:
    """Beginning anew for the other gives another key, and the first is gone."""
    product.second_phone(lea)
    first, second = product.apps(lea.person)
    product.replace_app(lea.seat, lea.codes[0], old=first.id)
    key = product.scanned(lea.seat)

    product.replace_app(lea.seat, lea.codes[1], old=second.id)

    assert key != product.scanned(lea.seat)


def test_a_code_that_was_spent_for_one_app_begins_nothing_for_the_other(product: Product, lea: Owner) -> None:
    """That would be no double click."""
    product.second_phone(lea)
    first, second = product.apps(lea.person)
    code = lea.phone.code(product.now)
    product.replace_app(lea.seat, code, old=first.id)
    key = product.scanned(lea.seat)

    assert Refusal.CODE_ALREADY_USED is refused_for(product.replace_app(lea.seat, code, old=second.id))
    assert key == product.scanned(lea.seat)


def test_removing_the_app_that_is_being_replaced_ends_it(product: Product, lea: Owner) -> None:
    """The key was meant for its place."""
    product.second_phone(lea)
    _, second = product.apps(lea.person)
    product.replace_app(lea.seat, lea.codes[0], old=second.id)

    product.remove_app(lea.seat, second.id, lea.codes[1])

    assert product.setup(lea.seat) is None

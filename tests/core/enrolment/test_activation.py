"""Switching two-factor authentication on: nothing before a right code, then everything together or nothing."""

from datetime import timedelta
from typing import Any

import bcrypt
import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.hashing import before_each_hash
from tests.core.people import ROUNDS, Clock, Phone, Product, Seat
from tests.core.stored import count, dies_everywhere, dump
from webapp.core.accounts.flows import Person
from webapp.core.database import writing
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.factors.totp import pending
from webapp.core.factors.totp.tables import PendingSecret
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.sealing import CannotOpenError, Context, Keyring, Sealed


@pytest.fixture
def lea(product: Product) -> Person:
    return product.employee()


@pytest.fixture
def seat(product: Product, lea: Person) -> Seat:
    return product.log_in(lea)


@pytest.fixture
def phone(product: Product, seat: Seat) -> Phone:
    return product.scan(seat)


def refused_for(outcome: object) -> Refusal:
    assert isinstance(outcome, Refused), outcome
    return outcome.reason


# --- before a code is right -------------------------------------------------------------------------------------------


def test_beginning_touches_nothing_but_the_pending_secret(product: Product, engine: Engine, seat: Seat) -> None:
    """One row, sealed; no factor, no code, no ended session (D-47)."""
    aside = {"pending_secrets", "audit_events"}
    before = dump(engine, without=aside)

    product.begin(seat)

    assert before == dump(engine, without=aside)
    assert 1 == count(engine, "pending_secrets")


def test_beginning_again_shows_the_same_key(product: Product, seat: Seat, phone: Phone) -> None:
    """A second tab, Back, a closed pop-up: one secret (D-49)."""
    product.clock.move(minutes=14)

    assert phone == product.scan(seat)


def test_wrong_codes_leave_the_key_as_it_was(product: Product, engine: Engine, seat: Seat, phone: Phone) -> None:
    """D-50: limited, and never another QR code behind the person's back."""
    reasons = [refused_for(product.confirm(seat, phone.wrong_code(product.now))) for _ in range(6)]

    assert [Refusal.WRONG_CODE] * 5 + [Refusal.TOO_MANY] == reasons
    assert phone == product.scan(seat)
    assert 0 == count(engine, "authenticators")


def test_set_up_has_a_counter_of_its_own(product: Product, engine: Engine, seat: Seat, phone: Phone) -> None:
    """What is guessed here says nothing about the factor to come."""
    product.confirm(seat, phone.wrong_code(product.now))

    assert {"setup"} == {row[2] for row in dump(engine)["guess_budgets"] if row[4]}


def test_a_right_code_is_refused_while_set_up_is_paused(product: Product, seat: Seat, phone: Phone) -> None:
    """The pause is no matter of being right."""
    for _ in range(5):
        product.confirm(seat, phone.wrong_code(product.now))

    assert Refusal.TOO_MANY is refused_for(product.confirm(seat, phone.code(product.now)))


def test_the_key_expires_after_fifteen_minutes(product: Product, seat: Seat, phone: Phone) -> None:
    """Alive a second before, gone at the fifteenth minute."""
    product.clock.move(minutes=14, seconds=59)
    assert product.setup(seat)

    product.clock.move(seconds=1)

    assert product.setup(seat) is None
    assert Refusal.SETUP_EXPIRED is refused_for(product.confirm(seat, phone.code(product.now)))


def test_another_session_neither_sees_nor_confirms_the_key(
    product: Product, lea: Person, seat: Seat, phone: Phone
) -> None:
    """It is shown to its maker alone; a second log-in that begins gets a key of its own, and the first has none."""
    other = product.log_in(lea)

    assert product.setup(other) is None
    assert Refusal.SETUP_EXPIRED is refused_for(product.confirm(other, phone.code(product.now)))
    assert phone != product.scan(other)
    assert product.setup(seat) is None


@pytest.mark.parametrize(
    ("steps", "reason", "minutes"),
    [
        (-10, Refusal.PHONE_CLOCK_SLOW, 5),
        (-2, Refusal.PHONE_CLOCK_SLOW, 1),
        (2, Refusal.PHONE_CLOCK_FAST, 1),
        (10, Refusal.PHONE_CLOCK_FAST, 5),
    ],
)
def test_a_clock_that_is_off_is_told_in_both_directions(
    product: Product, seat: Seat, phone: Phone, steps: int, reason: Refusal, minutes: int
) -> None:
    """Here the person holds the secret anyway; still a guess."""
    outcome = product.confirm(seat, phone.code(product.now, steps=steps))

    assert isinstance(outcome, Refused)
    assert (reason, minutes, 4) == (outcome.reason, outcome.minutes, outcome.left)


@pytest.mark.parametrize("steps", [-11, 11])
def test_further_off_is_simply_wrong(product: Product, seat: Seat, phone: Phone, steps: int) -> None:
    """Ten steps each way."""
    assert Refusal.WRONG_CODE is refused_for(product.confirm(seat, phone.code(product.now, steps=steps)))


def test_a_pending_secret_moved_to_somebody_else_does_not_open(
    product: Product, session: Session, seat: Seat, phone: Phone
) -> None:
    """D-58: bound to purpose and employee. It counts as none, and a new one can be made at once."""
    kim = product.log_in(product.employee("kim@studio.example"))
    with writing(session):
        session.execute(update(PendingSecret).values(employee_id=kim.me.person.id, session_id=kim.me.session_id))

    assert product.setup(kim) is None
    assert Refusal.SETUP_EXPIRED is refused_for(product.confirm(kim, phone.code(product.now)))
    assert phone != product.scan(kim)


# --- the moment it is right -------------------------------------------------------------------------------------------


def test_everything_that_belongs_together_is_there(product: Product, engine: Engine, lea: Person, seat: Seat) -> None:
    """Factor with its step spent, eight hashes under one salt, audit, notice; the pending secret is gone."""
    phone = product.scan(seat)

    assert isinstance(product.confirm(seat, phone.code(product.now, steps=1)), Accepted)

    stored = dump(engine)
    assert [int(product.now.timestamp()) // 30 + 1] == [row[4] for row in stored["authenticators"]]
    (made,) = stored["backup_code_sets"]
    assert 8 == len({row[3] for row in stored["backup_codes"]})
    assert {made[2]} == {row[3][: len(made[2])] for row in stored["backup_codes"]}
    assert ["activated"] == [row[1] for row in stored["outbox"]]
    assert [] == stored["pending_secrets"]
    assert ["success"] == [event.outcome for event in product.audit("two_factor:activate")]


def test_the_hashes_are_those_of_the_codes_shown(product: Product, engine: Engine, lea: Person) -> None:
    """bcrypt at the lower of cost 10 and the setting; no code in clear anywhere."""
    owner = product.activate(lea)

    hashes = [row[3] for row in dump(engine)["backup_codes"]]
    typed = [code.replace("-", "").encode() for code in owner.codes]
    assert all(bcrypt.checkpw(code, code_hash) for code, code_hash in zip(typed, hashes, strict=True))
    assert {b"$2b$%02d$" % ROUNDS} == {code_hash[:7] for code_hash in hashes}


def test_other_sessions_end_and_other_browsers_are_unknown(
    product: Product, engine: Engine, lea: Person, seat: Seat
) -> None:
    """The one that activates stays logged in, and its browser known; nothing of a colleague's changes."""
    other, colleague = product.log_in(lea), product.log_in(product.employee("kim@studio.example"))

    product.activate(lea, seat)

    assert product.find(seat.token)
    assert product.find(other.token) is None
    assert product.find(colleague.token)
    kept = {seat.me.browser_id, colleague.me.browser_id}
    assert kept == {row[0] for row in dump(engine)["known_browsers"]}


def test_a_fresh_start_for_every_counter(product: Product, engine: Engine, lea: Person, seat: Seat) -> None:
    """Neither guesses at set-up nor those at an earlier factor weigh on the new one."""
    phone = product.scan(seat)
    product.confirm(seat, phone.wrong_code(product.now))

    product.confirm(seat, phone.code(product.now))

    assert [] == [row for row in dump(engine)["guess_budgets"] if row[2] != "password"]


def test_a_crash_anywhere_leaves_it_all_off_or_all_on(
    product: Product, engine: Engine, lea: Person, seat: Seat, phone: Phone
) -> None:
    """Dying after each statement in turn: the database is exactly as before, until it is exactly as after."""
    product.log_in(lea, browser=seat.browser)  # a session to end
    before = dump(engine)

    deaths, sights = dies_everywhere(
        engine, lambda: product.confirm(seat, phone.code(product.now)), lambda: dump(engine)
    )

    after = dump(engine)
    assert deaths > 15
    assert [before] * deaths == sights
    assert (1, 8, 1) == tuple(len(after[name]) for name in ("authenticators", "backup_codes", "outbox"))


@pytest.mark.parametrize("clicks", [2, 12])
def test_a_double_click_makes_one_set_of_eight(
    product: Product, engine: Engine, seat: Seat, phone: Phone, clicks: int
) -> None:
    """D-39: every click is answered by the same codes, made once; none is a guess."""

    def click(session: Session) -> object:
        beside = product.beside(session)
        assert isinstance(beside.confirm(seat, phone.code(product.now)), Accepted)
        return beside.shown(seat)

    shown = at_once(engine, [click] * clicks)

    assert 8 == count(engine, "backup_codes")
    assert 1 == count(engine, "authenticators")
    assert shown[0]
    assert [shown[0]] * clicks == shown


def test_of_forty_wrong_codes_at_once_five_are_judged(
    product: Product, engine: Engine, seat: Seat, phone: Phone
) -> None:
    """D-22, at set-up too."""
    wrong = phone.wrong_code(product.now)

    outcomes = at_once(engine, [lambda session: product.beside(session).confirm(seat, wrong)] * 40)

    assert 5 == sum(refused_for(outcome) is Refusal.WRONG_CODE for outcome in outcomes)
    assert 35 == sum(refused_for(outcome) is Refusal.TOO_MANY for outcome in outcomes)


def test_while_paused_a_right_code_is_hashed_for_no_more_than_a_wrong_one(
    product: Product, seat: Seat, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D-22: nothing slow is made ready, for the time that eight hashes take would tell a guesser the right code."""
    for _ in range(5):
        product.confirm(seat, phone.wrong_code(product.now))
    hashes: list[str] = []
    before_each_hash(monkeypatch, lambda: hashes.append("hash"))

    outcome = product.confirm(seat, phone.code(product.now))

    assert Refusal.TOO_MANY is refused_for(outcome)
    assert [] == hashes


def test_the_eight_hashes_keep_nobody_waiting(
    product: Product, seat: Seat, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are made before the write lock is taken, which on SQLite everybody waits for."""
    is_writing: list[bool] = []
    before_each_hash(monkeypatch, lambda: is_writing.append(bool(product.session.info.get("writing"))))

    assert isinstance(product.confirm(seat, phone.code(product.now)), Accepted)

    assert [False] * 8 == is_writing


# --- once it is on ----------------------------------------------------------------------------------------------------


def test_while_it_is_on_it_can_t_be_begun_or_confirmed_again(product: Product, engine: Engine, lea: Person) -> None:
    """D-46: secret and codes stay as they are."""
    owner = product.activate(lea)
    product.close(owner.seat)
    product.clock.next_step()
    before = dump(engine, without={"audit_events"})

    assert Refusal.ALREADY_ACTIVE is refused_for(product.begin(owner.seat))
    assert Refusal.ALREADY_ACTIVE is refused_for(product.confirm(owner.seat, owner.phone.code(product.now)))
    assert before == dump(engine, without={"audit_events"})


def test_a_session_that_has_ended_can_t_go_on(product: Product, seat: Seat, phone: Phone) -> None:
    """Logged out in another tab meanwhile."""
    product.log_out(seat)

    assert Refusal.SESSION_OVER is refused_for(product.begin(seat))
    assert Refusal.SESSION_OVER is refused_for(product.confirm(seat, phone.code(product.now)))


# --- the eight codes on the screen ------------------------------------------------------------------------------------


def _close(product: Product, seat: Seat) -> None:
    product.close(seat)


def _log_out(product: Product, seat: Seat) -> None:
    product.log_out(seat)


def _reset_in_another_browser(product: Product, seat: Seat) -> None:
    shown = product.shown(seat)
    assert shown
    other = product.log_in_with(seat.me.person, shown.codes[0])
    assert isinstance(product.reset(other, shown.codes[1]), Accepted)


def _read_after_ten_minutes(product: Product, seat: Seat) -> None:
    product.clock.move(minutes=10)
    assert product.shown(seat) is None


def _purge_after_ten_minutes(product: Product, seat: Seat) -> None:
    product.clock.move(minutes=10)
    assert 1 == backup_codes.purge(product.session, now=product.now)


@pytest.mark.parametrize(
    "end", [_close, _log_out, _reset_in_another_browser, _read_after_ten_minutes, _purge_after_ten_minutes]
)
def test_the_row_that_shows_them_is_deleted(product: Product, engine: Engine, lea: Person, end: Any) -> None:
    """By Close, log-out, the end of the session, the first read after ten minutes, and purge."""
    owner = product.activate(lea)
    assert 1 == count(engine, "shown_backup_codes")

    end(product, owner.seat)

    assert 0 == count(engine, "shown_backup_codes")
    assert product.shown(owner.seat) is None


def test_they_are_shown_again_for_ten_minutes_to_their_maker_only(product: Product, lea: Person) -> None:
    """Reloaded a second before the end; never by another session of the same person."""
    owner = product.activate(lea)
    other = product.log_in_with(lea, owner.codes[0])
    product.clock.move(minutes=9, seconds=59)

    shown = product.shown(owner.seat)

    assert shown is not None
    assert owner.codes == shown.codes
    assert product.shown(other) is None


def test_database_and_keyring_together_don_t_reveal_them(
    product: Product, engine: Engine, keyring: Keyring, lea: Person
) -> None:
    """Sealed under a key that needs the raw session token too, of which the database has a digest."""
    owner = product.activate(lea)
    ((_, employee_id, session_id, key_id, box, _),) = dump(engine)["shown_backup_codes"]
    context = Context(backup_codes.SHOWN_PURPOSE, session_id, employee_id)

    for key in (keyring, keyring.bound_to("", purpose=backup_codes.SHOWN_PURPOSE)):
        with pytest.raises(CannotOpenError):
            key.open(Sealed(key_id, box), context)
    bound = keyring.bound_to(owner.seat.token, purpose=backup_codes.SHOWN_PURPOSE)
    assert owner.codes[0].replace("-", "").encode() in bound.open(Sealed(key_id, box), context)


def test_purge_deletes_expired_pending_secrets_and_no_live_one(product: Product, engine: Engine, seat: Seat) -> None:
    """A secret that nobody confirmed is not kept."""
    product.begin(seat)
    product.clock.move(minutes=14)
    assert 0 == pending.purge(product.session, now=product.now)

    assert 1 == pending.purge(product.session, now=product.now + timedelta(minutes=1))
    assert 0 == count(engine, "pending_secrets")


def test_the_pending_secret_is_sealed(product: Product, engine: Engine, clock: Clock, seat: Seat, phone: Phone) -> None:
    """D-57: neither its bytes nor its base32 stand in the database."""
    text = " ".join(str(value) for row in dump(engine)["pending_secrets"] for value in row)

    assert phone.key not in text
    assert str(phone.secret) not in text
    assert phone.secret not in b"".join(
        value for row in dump(engine)["pending_secrets"] for value in row if isinstance(value, bytes)
    )

"""Replacing the app by a repair pass: two-factor authentication is on all the time, and all else is new."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.people import Clock, Owner, Product, Seat
from tests.core.stored import dies_everywhere, dump
from webapp.core.database import writing
from webapp.core.enrolment import state as enrolment
from webapp.core.factors.totp import flows as totp
from webapp.core.factors.totp.flows import NO_APP
from webapp.core.factors.totp.pending import Purpose
from webapp.core.freezes import flows as freezes
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.repairs import flows as repairs


@pytest.fixture
def lea(product: Product) -> Owner:
    return product.owner()


@pytest.fixture
def seat(product: Product, lea: Owner) -> Seat:
    return product.repairing(lea.person)


def refused_for(outcome: object) -> Refusal:
    assert isinstance(outcome, Refused), outcome
    return outcome.reason


# --- until the new one's first code -----------------------------------------------------------------------------------


def test_beginning_needs_no_code_and_changes_nothing_else(product: Product, engine: Engine, seat: Seat) -> None:
    """One pending secret for this session; a second click shows the same one."""
    aside = {"pending_secrets", "audit_events"}
    before = dump(engine, without=aside)

    phone = product.scan_for_repair(seat)

    assert before == dump(engine, without=aside)
    assert Purpose.REPLACE is product.setup(seat).purpose
    assert phone == product.scan_for_repair(seat)
    assert 1 == len(product.audit("two_factor:begin_replacement"))


def test_nobody_else_begins_without_a_code(product: Product, lea: Owner, seat: Seat) -> None:
    """Not the owner's full session while the pass is there, nor any other, nor the one of a colleague."""
    kim = product.owner("kim@studio.example")

    for other in (lea.seat, kim.seat):
        assert Refusal.SESSION_OVER is refused_for(product.begin_repair(other))
        assert product.setup(other) is None


def test_whoever_stops_half_way_has_lost_nothing(product: Product, lea: Owner, seat: Seat, clock: Clock) -> None:
    """The old app and the codes go on, and the pass can be entered again: the earlier session is over."""
    product.scan_for_repair(seat)
    halves = product.mailed_half(lea.person), product.read_half(lea.person)

    again = product.entered(lea.person, *halves)

    assert product.find(seat.token) is None
    assert Refusal.SESSION_OVER is refused_for(product.begin_repair(seat))
    assert product.setup(again) is None
    assert isinstance(product.confirm(again, product.scan_for_repair(again).code(clock.now)), Accepted)


def test_an_abandoned_set_up_expires_and_is_begun_again(product: Product, seat: Seat, clock: Clock) -> None:
    """After fifteen minutes the key is no more; the pass still is."""
    phone = product.scan_for_repair(seat)
    clock.move(minutes=15)

    assert Refusal.SETUP_EXPIRED is refused_for(product.confirm(seat, phone.code(clock.now)))
    assert phone != product.scan_for_repair(seat)


def test_wrong_first_codes_are_counted(product: Product, seat: Seat, clock: Clock) -> None:
    """As at activation; the pass stays."""
    phone = product.scan_for_repair(seat)

    for _ in range(5):
        assert Refusal.WRONG_CODE is refused_for(product.confirm(seat, phone.wrong_code(clock.now)))

    assert Refusal.TOO_MANY is refused_for(product.confirm(seat, phone.code(clock.now)))
    assert product.live_pass(seat.me.person) is not None


# --- the moment itself ------------------------------------------------------------------------------------------------


def test_the_first_code_replaces_everything_at_once(product: Product, lea: Owner, seat: Seat, clock: Clock) -> None:
    """The new app alone logs in; old app, tablet, codes, sessions and browsers are over; the pass is used up."""
    product.void_pass(lea.person)
    tablet = product.second_phone(lea)
    seat = product.repairing(lea.person)
    waiting = product.half_way(lea.person)
    phone = product.scan_for_repair(seat)

    assert Accepted(Purpose.REPLACE) == product.confirm(seat, phone.code(clock.now))

    assert ["Authenticator app"] == [app.name for app in product.apps(lea.person)]
    me = product.find(seat.token)
    assert me is not None
    assert not me.repairs
    assert product.find(lea.seat.token) is None
    assert Refusal.CHALLENGE_OVER is refused_for(product.answer(waiting, phone.code(clock.now)))
    shown = product.shown(seat)
    assert shown is not None
    assert not set(shown.codes) & set(lea.codes)
    clock.next_step()
    for old in (lea.phone.code(clock.now), tablet.code(clock.now), lea.codes[0]):
        assert isinstance(product.answer(product.half_way(lea.person), old), Refused)
    product.log_in_with(lea.person, phone.code(clock.now))
    product.log_in_with(lea.person, shown.codes[0])


def test_a_log_in_by_a_pass_is_written_down_and_told(product: Product, seat: Seat, clock: Clock) -> None:
    """Used, replaced, logged in, with the case; a notice that has “This wasn't me”."""
    product.confirm(seat, product.scan_for_repair(seat).code(clock.now))

    assert [{"case": 7}] == [event.details for event in product.audit("repair:use")]
    assert [{"app": "Authenticator app"}] == [event.details for event in product.audit("two_factor:replace")]
    assert "repair" == product.audit("session:start")[-1].factor
    assert [] == product.audit("repair:void")
    assert product.mailed_link(Notice.APP_REPLACED)


def test_the_session_is_a_full_one_afterwards(product: Product, lea: Owner, seat: Seat, clock: Clock) -> None:
    """It is listed, may change what others may, and neither half opens anything again."""
    halves = product.mailed_half(lea.person), product.read_half(lea.person)
    seat = product.entered(lea.person, *halves)
    phone = product.scan_for_repair(seat)
    product.confirm(seat, phone.code(clock.now))
    clock.next_step()

    now_full = product.sit_anew(seat)

    assert [seat.me.session_id] == [row.id for row in product.open_sessions(now_full).rows]
    assert isinstance(product.create_codes(now_full, phone.code(clock.now)), Accepted)
    replay = product.enter_halves(product.half_way(lea.person), *halves)
    assert Refusal.WRONG_HALVES is refused_for(replay)
    assert Refusal.SESSION_OVER is refused_for(product.begin_repair(now_full))


def test_a_double_click_on_the_first_code_leads_to_the_same_codes(
    product: Product, engine: Engine, seat: Seat, clock: Clock
) -> None:
    """The second finds it done."""
    code = product.scan_for_repair(seat).code(clock.now)

    outcomes = at_once(engine, [_confirms(product, seat, code)] * 4)

    assert [Accepted(Purpose.REPLACE)] * 4 == outcomes
    assert 1 == len(product.audit("repair:use"))
    assert 1 == len(product.apps(seat.me.person))


def test_a_log_in_with_a_factor_and_the_first_code_at_the_same_instant(
    product: Product, engine: Engine, lea: Owner, seat: Seat, clock: Clock
) -> None:
    """One of them comes first: the app is replaced, or the pass is void and nothing replaced."""
    code, waiting = product.scan_for_repair(seat).code(clock.now), product.half_way(lea.person)

    def log_in(session: Session) -> object:
        return product.beside(session).answer(waiting, lea.codes[0])

    log_in_came, replaced = at_once(engine, [log_in, _confirms(product, seat, code)])

    assert isinstance(log_in_came, Accepted) is not isinstance(replaced, Accepted)
    assert isinstance(replaced, Accepted) == bool(product.audit("repair:use"))
    assert isinstance(log_in_came, Accepted) == bool(product.audit("repair:void"))


def test_a_crash_anywhere_replaces_all_of_it_or_nothing(
    product: Product, engine: Engine, lea: Owner, seat: Seat, clock: Clock
) -> None:
    """App, codes, pass, freeze and session belong together; before and after two-factor authentication is on."""
    product.freeze(product.mailed_link(Notice.ACTIVATED))
    seat = product.entered(lea.person, product.mailed_half(lea.person), product.read_half(lea.person))
    code = product.scan_for_repair(seat).code(clock.now)
    before = product.apps(lea.person)

    def see() -> tuple[object, ...]:
        product.session.rollback()
        repair, me = repairs.of_case(product.session, 7), product.find(seat.token)
        assert repair is not None
        assert me is not None
        state = enrolment.state(product.session, lea.person.id)
        assert state is not None
        is_frozen = freezes.of(product.session, lea.person.id) is not None
        return repair.was_used, me.repairs, state.apps == before, product.shown(seat) is None, is_frozen

    died, sights = dies_everywhere(engine, lambda: product.confirm(seat, code), see)

    nothing, everything = (False, True, True, True, True), (True, False, False, False, False)
    assert died > 20
    assert {nothing} == set(sights) - {everything}
    assert everything == see()


@pytest.mark.parametrize("how", ["voided", "late", "new half"])
def test_a_pass_that_is_over_by_then_replaces_nothing(
    product: Product, engine: Engine, lea: Owner, seat: Seat, clock: Clock, how: str
) -> None:
    """Void, older than its day, or entered with a half that another has taken the place of: a request under way too."""
    if how == "late":
        clock.move(hours=23, minutes=59)
        seat = product.entered(lea.person, product.mailed_half(lea.person), product.read_half(lea.person))
    phone = product.scan_for_repair(seat)
    if how == "voided":
        product.void_pass(lea.person)
    clock.move(minutes=1)
    if how == "new half":
        product.read_half(lea.person)
    before = dump(engine)["authenticators"]

    assert Refusal.SESSION_OVER is refused_for(product.confirm(seat, phone.code(clock.now)))

    assert before == dump(engine)["authenticators"]
    assert [] == product.audit("repair:use")


# --- while the account is frozen --------------------------------------------------------------------------------------


def test_a_freeze_begun_since_blocks_nothing_and_is_over_afterwards(product: Product, lea: Owner, clock: Clock) -> None:
    """Everybody is out at first, and the pass is entered again; then the new app logs in, and links are settled."""
    notice = product.mailed_link(Notice.ACTIVATED)
    before = product.repairing(lea.person)
    product.freeze(notice)
    assert product.find(before.token) is None
    clock.next_step()

    seat = product.entered(lea.person, product.mailed_half(lea.person), product.read_half(lea.person))
    phone = product.scan_for_repair(seat)
    assert isinstance(product.confirm(seat, phone.code(clock.now)), Accepted)

    assert freezes.of(product.session, lea.person.id) is None
    clock.next_step()
    product.log_in_with(lea.person, phone.code(clock.now))
    assert product.mailed_link(Notice.LIFTED)
    [event] = product.audit("account:lift")
    assert {"apps": 1, "codes": True, "email": False} == event.details


def test_the_link_of_the_pass_itself_is_not_settled_by_it(product: Product, lea: Owner, clock: Clock) -> None:
    """Whoever was deceived about the pass can still say so: what it set up counts no more."""
    product.repairing(lea.person)
    clock.next_step()
    product.freeze(product.mailed_link(Notice.ACTIVATED))
    seat = product.entered(lea.person, product.mailed_half(lea.person), product.read_half(lea.person))
    phone = product.scan_for_repair(seat)
    product.confirm(seat, phone.code(clock.now))

    outcome = product.freeze(product.mailed_link(Notice.REPAIR_PASS))

    assert isinstance(outcome, Accepted)
    assert Refusal.FROZEN is refused_for(product.pass_password(lea.person.email))


def test_a_password_of_a_disputed_change_leads_to_the_pass_too(product: Product, lea: Owner, clock: Clock) -> None:
    """It logs nobody in by itself while the account is frozen; with both halves it is the owner's."""
    new = "harbour quilt nineteen ferns"
    assert isinstance(product.change_password(lea.seat, new, lea.phone.code(clock.now)), Accepted)
    clock.move(days=1)
    product.issue_pass(lea.person)
    product.freeze(product.mailed_link(Notice.PASSWORD_CHANGED))
    waiting = product.half_way(lea.person, new)

    outcome = product.enter_halves(waiting, product.mailed_half(lea.person), product.read_half(lea.person))

    assert isinstance(outcome, Accepted)
    me = product.find(outcome.value)
    assert me is not None
    seat = Seat(outcome.value, "", me)
    phone = product.scan_for_repair(seat)
    assert isinstance(product.confirm(seat, phone.code(clock.now)), Accepted)
    clock.next_step()
    assert isinstance(product.answer(product.half_way(lea.person, new), phone.code(clock.now)), Accepted)


def test_an_app_that_nobody_had_gets_the_name_of_a_first_one(product: Product, clock: Clock) -> None:
    """After a lift that took the thief's app its place is called by what to do; the new app is called an app."""
    lea = product.owner()
    with writing(product.session):
        totp.distrust_since(product.session, product.keyring, lea.person.id, since=lea.seat.me.started_at)
    assert [NO_APP] == [app.name for app in product.apps(lea.person)]
    seat = product.repairing(lea.person)

    product.confirm(seat, product.scan_for_repair(seat).code(clock.now))

    assert ["Authenticator app"] == [app.name for app in product.apps(lea.person)]


def _confirms(product: Product, seat: Seat, code: str) -> Callable[[Session], Accepted[Purpose] | Refused]:
    def confirm(session: Session) -> Accepted[Purpose] | Refused:
        return product.beside(session).confirm(seat, code)

    return confirm

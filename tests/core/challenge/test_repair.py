"""Both halves of a repair pass as the answer to a challenge: guesses, judged together, for one restricted session."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.people import LIMITS, STRANGER, Clock, Owner, Product
from tests.core.stored import count, dies_everywhere, dump
from webapp.core.challenge import repair
from webapp.core.challenge.flows import HalfWay, Waiting
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused

WRONG = "0000-0000-0000-0000"


@pytest.fixture
def lea(product: Product) -> Owner:
    return product.owner()


@pytest.fixture
def halves(product: Product, lea: Owner) -> tuple[str, str]:
    product.issue_pass(lea.person)
    return product.mailed_half(lea.person), product.read_half(lea.person)


def refused_for(outcome: object) -> Refusal:
    assert isinstance(outcome, Refused), outcome
    return outcome.reason


# --- what opens -------------------------------------------------------------------------------------------------------


def test_both_halves_open_a_session_that_repairs(product: Product, lea: Owner, halves: tuple[str, str]) -> None:
    """In place of the challenge; the pass is not used up yet, and no browser is known by it."""
    waiting = product.half_way(lea.person)

    outcome = product.enter_halves(waiting, *halves)

    assert isinstance(outcome, Accepted)
    me = product.find(outcome.value)
    assert me is not None
    assert me.repairs
    assert me.browser_id is None
    assert product.live_pass(lea.person) is not None
    assert Refusal.CHALLENGE_OVER is refused_for(product.enter_halves(waiting, *halves))
    [event, _] = product.audit("repair:enter")
    assert ("success", {"case": 7}) == (event.outcome, event.details)
    assert 1 == len(product.audit("session:start")), "that of the activation: this is no log-in yet"


def test_halves_are_read_as_people_type_them(product: Product, lea: Owner, halves: tuple[str, str]) -> None:
    """Over the phone: small letters, spaces, O for 0."""
    mailed, read = (half.lower().replace("-", " ").replace("0", "o") for half in halves)

    assert isinstance(product.enter_halves(product.half_way(lea.person), mailed, read), Accepted)


@pytest.mark.parametrize("which", ["mailed", "read", "both", "exchanged", "nobody's"])
def test_which_half_is_wrong_is_not_said(product: Product, lea: Owner, which: str) -> None:
    """The same refusal, counted alike, also where there is no pass at all: nobody guesses one half at a time."""
    mailed = read = WRONG
    if which != "nobody's":
        product.issue_pass(lea.person)
        mailed, read = product.mailed_half(lea.person), product.read_half(lea.person)
    typed = {"mailed": (WRONG, read), "read": (mailed, WRONG), "exchanged": (read, mailed)}

    outcome = product.enter_halves(product.half_way(lea.person), *typed.get(which, (WRONG, WRONG)))

    assert isinstance(outcome, Refused)
    assert Refused(Refusal.WRONG_HALVES, left=4, pause_minutes=5) == outcome
    [event] = product.audit("repair:enter")
    assert ("refused", "wrong_halves", {}) == (event.outcome, event.reason, event.details)


def test_a_pass_opens_nothing_after_24_hours(product: Product, lea: Owner, clock: Clock) -> None:
    """To the microsecond; and neither does the session that it opened before."""
    seat = product.repairing(lea.person)
    halves = product.mailed_half(lea.person), product.read_half(lea.person)
    waiting = product.half_way(lea.person)
    repair = product.live_pass(lea.person)
    assert repair is not None

    clock.now = repair.expires_at
    late = product.half_way(lea.person)

    assert Refusal.WRONG_HALVES is refused_for(product.enter_halves(late, *halves))
    assert product.find(seat.token) is None
    assert waiting != late


def test_a_pass_opens_nothing_for_somebody_else(product: Product, lea: Owner, halves: tuple[str, str]) -> None:
    """Nor for somebody who has one of their own, a half of each."""
    kim = product.owner("kim@studio.example").person
    product.issue_pass(kim)
    theirs = product.mailed_half(kim), product.read_half(kim)

    for typed in (halves, (theirs[0], halves[1]), (halves[0], theirs[1])):
        assert Refusal.WRONG_HALVES is refused_for(product.enter_halves(product.half_way(kim), *typed))


# --- guesses ----------------------------------------------------------------------------------------------------------


def test_five_wrong_pairs_are_a_pause_and_a_mail(product: Product, lea: Owner, halves: tuple[str, str]) -> None:
    """Right ones too: counted before it is judged, whichever challenge or unknown browser comes with them."""
    for _ in range(5):
        outcome = product.enter_halves(product.half_way(lea.person), WRONG, WRONG)

    assert isinstance(outcome, Refused)
    assert 0 == outcome.left
    assert Refusal.TOO_MANY is refused_for(product.enter_halves(product.half_way(lea.person), *halves))
    assert product.mailed_link(Notice.WRONG_CODES)
    product.clock.move(minutes=5)
    assert isinstance(product.enter_halves(product.half_way(lea.person), *halves), Accepted)


def test_a_stranger_with_the_password_leaves_the_owners_browser_its_guesses(
    product: Product, lea: Owner, halves: tuple[str, str]
) -> None:
    """Known browsers have budgets of their own, as with codes."""
    for _ in range(5):
        product.enter_halves(product.half_way(lea.person), WRONG, WRONG)

    waiting = product.half_way(lea.person, browser=lea.seat.browser)

    assert isinstance(product.enter_halves(waiting, *halves, browser=lea.seat.browser), Accepted)


def test_guesses_at_halves_and_at_codes_are_counted_apart(
    product: Product, lea: Owner, halves: tuple[str, str]
) -> None:
    """Whoever used up the codes is not locked out of the pass."""
    waiting = product.half_way(lea.person)
    for _ in range(5):
        product.answer(waiting, lea.phone.wrong_code(product.now))

    assert isinstance(product.enter_halves(waiting, *halves), Accepted)


def test_what_no_half_can_be_is_refused_and_not_charged(product: Product, engine: Engine, lea: Owner) -> None:
    """As with codes (case D-06)."""
    before = dump(engine)["guess_budgets"]

    for typed in (("", ""), ("12345", WRONG), (WRONG, f"{WRONG}0")):
        assert Refusal.MALFORMED is refused_for(product.enter_halves(product.half_way(lea.person), *typed))

    assert len(before) + 1 == count(engine, "guess_budgets"), "that of the password, given back"
    assert {"malformed"} == {event.reason for event in product.audit("repair:enter")}


def test_a_crowd_of_wrong_pairs_gets_five_answers(
    engine: Engine, product: Product, lea: Owner, halves: tuple[str, str]
) -> None:
    """However many ask at the same instant."""
    waiting = [product.half_way(lea.person) for _ in range(12)]

    outcomes = at_once(engine, [_enters(product, one, (WRONG, halves[1])) for one in waiting])

    reasons = [refused_for(outcome) for outcome in outcomes]
    assert 5 == reasons.count(Refusal.WRONG_HALVES)
    assert 7 == reasons.count(Refusal.TOO_MANY)


def test_a_page_that_is_only_shown_counts_nothing(product: Product, lea: Owner) -> None:
    """It says when to come back, once there is a pause."""
    waiting = product.half_way(lea.person)
    shown = [repair.refusal(product.session, waiting, now=product.now, visitor=STRANGER)]
    for _ in range(5):
        product.enter_halves(waiting, WRONG, WRONG)

    shown.append(repair.refusal(product.session, waiting, now=product.now, visitor=STRANGER))

    assert shown[0] is None
    assert Refused(Refusal.TOO_MANY, retry_at=shown[1].retry_at) == shown[1]
    assert shown[1].retry_at is not None
    assert timedelta(minutes=4) < shown[1].retry_at - product.now <= timedelta(minutes=5)


# --- at the same instant, and half-way --------------------------------------------------------------------------------


def test_of_two_browsers_at_the_same_instant_one_goes_on(
    engine: Engine, product: Product, lea: Owner, halves: tuple[str, str]
) -> None:
    """The later entry ends the earlier one: whoever has both halves last, has the pass."""
    waiting = [product.half_way(lea.person) for _ in range(6)]

    outcomes = at_once(engine, [_enters(product, one, halves) for one in waiting])

    tokens = [outcome.value for outcome in outcomes if isinstance(outcome, Accepted)]
    assert 6 == len(tokens)
    product.session.rollback()
    assert 1 == sum(product.find(token) is not None for token in tokens)


def test_one_challenge_is_answered_once(engine: Engine, product: Product, lea: Owner, halves: tuple[str, str]) -> None:
    """A double click leads to one session."""
    waiting = product.half_way(lea.person)

    outcomes = at_once(engine, [_enters(product, waiting, halves)] * 6)

    assert 1 == sum(isinstance(outcome, Accepted) for outcome in outcomes)
    assert {Refusal.CHALLENGE_OVER} == {outcome.reason for outcome in outcomes if isinstance(outcome, Refused)}


def test_a_crash_while_entering_leaves_challenge_and_pass(
    engine: Engine, product: Product, lea: Owner, halves: tuple[str, str]
) -> None:
    """A session and no challenge, or the challenge and no session."""
    waiting = product.half_way(lea.person)

    def enter() -> object:
        return product.enter_halves(waiting, *halves)

    def see() -> tuple[int, int]:
        product.session.rollback()
        return count(engine, "challenges"), count(engine, "log_in_sessions")

    sessions = count(engine, "log_in_sessions")
    died, sights = dies_everywhere(engine, enter, see)

    assert died > 5
    # After the commit itself has happened nothing is left to die for: the last sight may be the end.
    assert {(1, sessions)} == set(sights) - {(0, sessions + 1)}


# --- a new half, a pass that is void ----------------------------------------------------------------------------------


def test_a_new_half_for_the_call_ends_what_was_entered_with_the_old(product: Product, lea: Owner) -> None:
    """Read out to the wrong person first: the agent makes another, and that person is out."""
    seat = product.repairing(lea.person)
    product.clock.move(seconds=1)

    product.read_half(lea.person)

    assert product.find(seat.token) is None
    assert Refusal.SESSION_OVER is refused_for(product.begin_repair(seat))


def test_a_full_log_in_voids_the_pass_and_ends_its_session(product: Product, lea: Owner) -> None:
    """Whoever has a factor needs none; somebody else asked for it."""
    seat = product.repairing(lea.person)

    product.log_in_with(lea.person, lea.phone.code(product.now))

    assert product.live_pass(lea.person) is None
    assert product.find(seat.token) is None
    assert Refusal.SESSION_OVER is refused_for(product.begin_repair(seat))
    assert ["logged_in"] == [event.details["why"] for event in product.audit("repair:void")]


@pytest.mark.parametrize("how", ["recovered", "changed", "email", "reset", "operator", "replaced", "newer"])
def test_what_else_voids_a_pass(product: Product, lea: Owner, how: str) -> None:
    """A password, address or app set since, a reset, another case: and its session ends."""
    seat = product.repairing(lea.person)
    person, code = lea.person, lea.phone.code(product.now)
    if how == "recovered":
        product.forgot(person.email)
        product.resolve()
        token = product.mailed_link(Notice.PASSWORD_LINK, LinkKind.PASSWORD)
        assert isinstance(product.recover(token, "harbour quilt nineteen ferns"), Accepted)
    elif how == "changed":
        assert isinstance(product.change_password(lea.seat, "harbour quilt nineteen ferns", code), Accepted)
    elif how == "email":
        assert isinstance(product.ask_email(lea.seat, "lea@new.example", code), Accepted)
        token = product.mailed_link(Notice.EMAIL_LINK, LinkKind.EMAIL)
        assert isinstance(product.confirm_email(lea.seat, token), Accepted)
    elif how == "reset":
        assert isinstance(product.reset(lea.seat, code), Accepted)
    elif how == "operator":
        assert isinstance(product.reset_by_operator(person), Accepted)
    elif how == "replaced":
        assert isinstance(product.replace_app(lea.seat, code), Accepted)
        new = product.scanned(lea.seat)
        assert isinstance(product.confirm(lea.seat, new.code(product.now)), Accepted)
    else:
        product.issue_pass(person)

    assert (how == "newer") == (product.live_pass(person) is not None)
    assert product.find(seat.token) is None
    assert Refusal.SESSION_OVER is refused_for(product.begin_repair(seat))
    assert 1 == len(product.audit("repair:void"))


def test_a_lift_by_an_earlier_factor_voids_the_pass(product: Product, lea: Owner) -> None:
    """Its owner has one, and needs no pass."""
    product.log_in_with(lea.person, lea.codes[0])
    product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))
    seat = product.log_in_with(lea.person, lea.phone.code(product.now))
    product.clock.next_step()
    repairing = product.repairing(lea.person)

    assert isinstance(product.lift(seat, lea.phone.code(product.now)), Accepted)

    assert product.live_pass(lea.person) is None
    assert product.find(repairing.token) is None


# --- while the account is frozen --------------------------------------------------------------------------------------


def test_a_freeze_that_shuts_the_owner_out_leaves_the_way_of_the_pass(product: Product, clock: Clock) -> None:
    """Nothing from before the event is left: with a pass the password leads half-way, without one nowhere."""
    lea = _frozen_out(product)
    without = product.pass_password(lea.person.email)

    product.issue_pass(lea.person)
    outcome = product.pass_password(lea.person.email)

    assert Refusal.FROZEN is refused_for(without)
    assert isinstance(outcome, Accepted)
    assert isinstance(outcome.value, HalfWay)
    assert outcome.value.needs_repair
    seat = product.entered(lea.person, product.mailed_half(lea.person), product.read_half(lea.person))
    assert seat.me.repairs
    product.void_pass(lea.person)
    assert Refusal.FROZEN is refused_for(product.pass_password(lea.person.email))


def test_no_pass_is_asked_for_where_an_earlier_factor_counts(product: Product, lea: Owner) -> None:
    """A freeze alone leads to the codes, pass or not."""
    product.issue_pass(lea.person)
    product.clock.move(seconds=1)
    product.log_in_with(lea.person, lea.codes[0])
    product.issue_pass(lea.person)
    product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))

    outcome = product.pass_password(lea.person.email)

    assert isinstance(outcome, Accepted)
    assert isinstance(outcome.value, HalfWay)
    assert (False, False) == (outcome.value.must_lift, outcome.value.needs_repair)


# --- what the session is not ------------------------------------------------------------------------------------------


def test_a_session_that_repairs_is_not_resumed_after_a_pause(product: Product, lea: Owner, clock: Clock) -> None:
    """The password alone opens nothing: the halves are asked for again."""
    seat = product.repairing(lea.person)
    clock.move(hours=1)

    outcome = product.pass_password(lea.person.email, idle_token=seat.token)

    assert isinstance(outcome, Accepted)
    assert isinstance(outcome.value, HalfWay)
    assert product.find(seat.token) is None


def test_a_session_that_repairs_is_nobody_to_any_other_change(product: Product, lea: Owner) -> None:
    """In core itself, whatever page may have led there: with the right code, if somebody has one."""
    seat = product.repairing(lea.person)
    code = lea.phone.code(product.now)

    for outcome in (
        product.reset(seat, code),
        product.create_codes(seat, code),
        product.replace_app(seat, code),
        product.add_app(seat, "Tablet", code),
        product.remove_app(seat, product.apps(lea.person)[0].id, code),
        product.rename_app(seat, product.apps(lea.person)[0].id, "Tablet"),
        product.change_password(seat, "harbour quilt nineteen ferns", code),
        product.ask_email(seat, "lea@new.example", code),
        product.end_others(seat, code),
        product.check_codes(seat, lea.codes[0]),
        product.begin(seat),
        product.lift(seat, code),
    ):
        assert Refusal.SESSION_OVER is refused_for(outcome)


def test_a_session_that_repairs_is_none_of_the_open_ones(product: Product, lea: Owner) -> None:
    """Nobody has logged in with it; it ends with its pass."""
    product.repairing(lea.person)

    assert [lea.seat.me.session_id] == [row.id for row in product.open_sessions(lea.seat).rows]


def test_the_password_is_confirmed_and_the_session_stays_restricted(product: Product, lea: Owner, clock: Clock) -> None:
    """Ten minutes are short for finding a new phone."""
    seat = product.repairing(lea.person)
    clock.move(minutes=11)

    outcome = product.confirm_password(seat)

    assert isinstance(outcome, Accepted)
    me = product.find(outcome.value)
    assert me is not None
    assert me.repairs
    assert me.is_recently_proved(clock.now)
    assert clock.now < me.started_at + LIMITS.idle


def _enters(
    product: Product, waiting: Waiting, halves: tuple[str, str]
) -> Callable[[Session], Accepted[str] | Refused]:
    def enter(session: Session) -> Accepted[str] | Refused:
        return product.beside(session).enter_halves(waiting, *halves)

    return enter


def _frozen_out(product: Product) -> Owner:
    """An owner who disputes the very activation: no factor of the time before is left."""
    person = product.employee()
    product.clock.move(days=1)
    seat = product.log_in(person)
    product.clock.move(seconds=1)
    owner = product.activate(person, seat)
    product.clock.next_step()
    product.freeze(product.mailed_link(Notice.ACTIVATED))
    return owner

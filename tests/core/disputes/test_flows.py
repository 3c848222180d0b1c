"""“This wasn't me”: it freezes, never unlocks, and only what was there before the event lifts it."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from tests.core.crowd import at_once
from tests.core.people import PASSWORD, STRANGER, Owner, Product, Seat
from tests.core.stored import count, dies_everywhere, dump
from webapp.core.accounts import flows as accounts
from webapp.core.challenge import flows as challenge
from webapp.core.challenge.flows import HalfWay, LoggedIn
from webapp.core.disputes import flows as disputes
from webapp.core.enrolment import state as enrolment
from webapp.core.freezes import flows as freezes
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused

OTHER_PASSWORD = "granite harvest pillow tide"


def thief_s(product: Product, owner: Owner) -> Seat:
    """A second browser of somebody who knows the password and has seen a code."""
    return product.log_in_with(owner.person, owner.codes[7], browser=None)


def _moved(product: Product, owner: Owner, email: str) -> None:
    """Somebody has given the account another address."""
    assert isinstance(accounts.change_email(product.session, owner.person, email), Accepted)


def test_it_ends_everything_that_is_open(product: Product, engine: Engine) -> None:
    """Sessions, half-way log-ins, known browsers, set-ups: whoever it was is out, and the owner is told."""
    owner = product.owner()
    other, waiting = thief_s(product, owner), product.half_way(owner.person)
    assert Accepted(None) == product.replace_app(other, owner.codes[6])

    assert Accepted(None) == product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))

    assert [None, None] == [product.find(seat.token) for seat in (owner.seat, other)]
    product.clock.next_step()
    assert Refused(Refusal.CHALLENGE_OVER) == product.answer(waiting, owner.phone.code(product.now))
    assert [0, 0, 0] == [count(engine, table) for table in ("known_browsers", "challenges", "pending_secrets")]
    assert product.mailed_link(Notice.FROZEN)


def test_looking_at_the_link_changes_nothing(product: Product, engine: Engine) -> None:
    """Mail programs open links to look at them."""
    product.owner()
    token = product.mailed_link(Notice.ACTIVATED)
    before = dump(engine)

    assert disputes.find(product.session, product.keyring, token)
    assert before == dump(engine)


def test_it_works_once_and_for_seven_days(product: Product) -> None:
    product.owner()
    token = product.mailed_link(Notice.ACTIVATED)
    product.clock.move(days=7, seconds=-30)
    assert Refused(Refusal.LINK_OVER) == product.freeze(token)


def test_a_second_press_is_over(product: Product) -> None:
    product.owner()
    token = product.mailed_link(Notice.ACTIVATED)
    assert Accepted(None) == product.freeze(token)
    assert Refused(Refusal.LINK_OVER) == product.freeze(token)


def test_of_twenty_presses_at_once_one_freezes(product: Product, engine: Engine) -> None:
    product.owner()
    dispute = disputes.find(product.session, product.keyring, product.mailed_link(Notice.ACTIVATED))
    assert dispute
    product.session.rollback()

    outcomes = at_once(
        engine,
        [lambda session: disputes.freeze(session, dispute, now=product.now, visitor=STRANGER)] * 20,
    )

    assert 1 == outcomes.count(Accepted(None))
    assert 1 == len(product.audit("account:freeze"))


def test_a_freeze_is_whole_or_not_there(product: Product, engine: Engine) -> None:
    owner = product.owner()
    product.half_way(owner.person)
    token = product.mailed_link(Notice.ACTIVATED)
    before = dump(engine)

    died, sights = dies_everywhere(engine, lambda: product.freeze(token), lambda: dump(engine))

    assert died > 8
    assert all(sight == before for sight in sights)
    assert 1 == count(engine, "freezes")


# --- who logs in while it lasts --------------------------------------------------------------------------------------


def test_password_and_factor_from_before_log_in(product: Product) -> None:
    owner = product.owner()
    product.clock.move(days=1)
    thief_s(product, owner)
    product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))
    product.clock.next_step()

    seat = product.log_in_with(owner.person, owner.phone.code(product.now))

    assert product.find(seat.token)


def test_a_password_set_by_the_event_logs_nobody_in(product: Product) -> None:
    """With the right second factor it is only enough to lift."""
    owner = product.owner()
    product.clock.move(days=1)
    thief_s(product, owner)
    token = product.mailed_link(Notice.BACKUP_CODE_USED)
    assert product.set_password(owner.person, OTHER_PASSWORD) is None
    product.freeze(token)
    product.clock.next_step()

    outcome = product.pass_password(owner.person.email, OTHER_PASSWORD)

    assert isinstance(outcome, Accepted)
    assert isinstance(outcome.value, HalfWay)
    assert outcome.value.must_lift
    waiting = challenge.find(product.session, outcome.value.token, now=product.now)
    assert waiting
    assert Refused(Refusal.FROZEN) == product.answer(waiting, owner.phone.code(product.now))
    assert isinstance(product.lift_and_log_in(waiting, owner.phone.code(product.now)), Accepted)


def test_a_password_set_by_the_event_opens_nothing_without_a_second_factor(product: Product) -> None:
    """Of an account that has none: it leads to Support."""
    person = product.employee()
    owner = product.activate(person)
    product.clock.next_step()
    product.reset(owner.seat, owner.phone.code(product.now))
    token = product.mailed_link(Notice.RESET)
    product.clock.move(minutes=1)
    product.set_password(person, OTHER_PASSWORD)
    product.freeze(token)

    assert Refused(Refusal.FROZEN) == product.pass_password(person.email, OTHER_PASSWORD)
    assert ["refused", "frozen"] == [(e := product.audit("session:start")[-1]).outcome, e.reason]


def test_a_password_from_before_still_opens_an_account_without_a_second_factor(product: Product) -> None:
    person = product.employee()
    owner = product.activate(person)
    product.clock.next_step()
    product.reset(owner.seat, owner.phone.code(product.now))
    product.freeze(product.mailed_link(Notice.RESET))

    outcome = product.pass_password(person.email)

    assert isinstance(outcome, Accepted)
    assert isinstance(outcome.value, LoggedIn)


def test_a_thief_s_own_app_opens_nothing_and_lifts_nothing(product: Product) -> None:
    """Enrolled by somebody who knew the password of an account without a second factor: Support alone helps."""
    person = product.employee()
    product.activate(person)
    token = product.mailed_link(Notice.ACTIVATED)
    product.clock.next_step()
    product.freeze(token)

    assert Refused(Refusal.FROZEN) == product.pass_password(person.email)


def test_a_thief_s_new_codes_open_nothing(product: Product) -> None:
    """Backup codes made by the event count no more; the app from before does, and lifts."""
    owner = product.owner()
    product.clock.move(minutes=5)
    thief = product.log_in_with(owner.person, owner.phone.code(product.now))
    product.clock.next_step()
    product.create_codes(thief, owner.phone.code(product.now))
    shown = product.shown(thief)
    assert shown
    product.freeze(product.mailed_link(Notice.NEW_BACKUP_CODES))
    product.clock.next_step()
    waiting = product.half_way(owner.person)

    refused = product.answer(waiting, shown.codes[0])
    assert isinstance(refused, Refused)
    assert Refusal.BACKUP_CODE_UNKNOWN is refused.reason
    seat = product.log_in_with(owner.person, owner.phone.code(product.now))
    product.clock.next_step()
    not_lifted = product.lift(seat, shown.codes[0])
    assert isinstance(not_lifted, Refused)
    assert Refusal.BACKUP_CODE_UNKNOWN is not_lifted.reason
    assert Accepted(None) == product.lift(seat, owner.phone.code(product.now))


# --- what stays as it is ---------------------------------------------------------------------------------------------


def test_nothing_about_the_log_in_changes_while_it_lasts(product: Product, engine: Engine) -> None:
    owner = product.owner()
    product.clock.move(days=1)
    thief_s(product, owner)
    product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))
    product.clock.next_step()
    seat = product.log_in_with(owner.person, owner.phone.code(product.now))
    product.clock.next_step()
    kept = {t: dump(engine)[t] for t in ("authenticators", "backup_codes", "backup_code_sets", "password_hashes")}

    code = owner.phone.code(product.now)
    assert Refused(Refusal.FROZEN) == product.reset(seat, code)
    assert Refused(Refusal.FROZEN) == product.create_codes(seat, code)
    assert Refused(Refusal.FROZEN) == product.begin(seat)
    assert kept == {t: dump(engine)[t] for t in kept}


# --- the lift --------------------------------------------------------------------------------------------------------


def test_lifting_takes_away_what_was_set_since_and_ends_the_other_sessions(product: Product, engine: Engine) -> None:
    owner = product.owner()
    product.clock.move(minutes=5)
    thief = product.log_in_with(owner.person, owner.phone.code(product.now))
    product.clock.next_step()
    product.create_codes(thief, owner.phone.code(product.now))
    product.freeze(product.mailed_link(Notice.NEW_BACKUP_CODES))
    product.clock.next_step()
    seat = product.log_in_with(owner.person, owner.phone.code(product.now))
    product.clock.next_step()
    second = product.log_in_with(owner.person, owner.phone.code(product.now))
    product.half_way(owner.person)
    product.clock.next_step()

    assert Accepted(None) == product.lift(seat, owner.phone.code(product.now))

    state = enrolment.state(product.session, owner.person.id)
    assert state
    assert 0 == state.codes_left
    assert product.find(seat.token)
    assert product.find(second.token) is None
    assert 0 == count(engine, "challenges")
    assert freezes.of(product.session, owner.person.id) is None
    assert {"apps": 0, "codes": True, "email": False} == product.audit("account:lift")[0].details


def test_what_was_there_before_survives_the_lift(product: Product) -> None:
    owner = product.owner()
    product.clock.move(days=1)
    thief_s(product, owner)
    product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))
    product.clock.next_step()
    seat = product.log_in_with(owner.person, owner.phone.code(product.now))

    assert Accepted(None) == product.lift(seat, owner.codes[0])

    product.clock.next_step()
    assert product.log_in_with(owner.person, owner.phone.code(product.now))
    assert product.log_in_with(owner.person, owner.codes[1])


def test_a_lift_voids_the_links_of_every_notice_before_it_and_none_after(product: Product) -> None:
    owner = product.owner()
    product.clock.move(days=1)
    product.log_in_with(owner.person, owner.codes[6])
    early = product.mailed_link(Notice.BACKUP_CODE_USED)
    product.clock.move(hours=1)
    thief_s(product, owner)
    product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))
    product.clock.next_step()
    seat = product.log_in_with(owner.person, owner.phone.code(product.now))
    product.lift(seat, owner.codes[0])

    assert Refused(Refusal.LINK_OVER) == product.freeze(early)
    assert Accepted(None) == product.freeze(product.mailed_link(Notice.LIFTED))


@pytest.mark.parametrize("entry", ["000000", "AAAA-AAAA-AAAA-AAAA"])
def test_a_wrong_code_lifts_nothing_and_costs_a_guess(product: Product, entry: str) -> None:
    owner = product.owner()
    product.clock.move(days=1)
    thief_s(product, owner)
    product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))
    product.clock.next_step()
    seat = product.log_in_with(owner.person, owner.phone.code(product.now))

    refused = product.lift(seat, entry)

    assert isinstance(refused, Refused)
    assert 4 == refused.left
    assert freezes.of(product.session, owner.person.id)


def test_of_two_lifts_at_once_one_is_told_that_it_is_over(product: Product, engine: Engine) -> None:
    owner = product.owner()
    product.clock.move(days=1)
    thief_s(product, owner)
    product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))
    product.clock.next_step()
    seat = product.log_in_with(owner.person, owner.phone.code(product.now))
    product.session.rollback()

    outcomes = at_once(
        engine,
        [lambda session, code=code: product.beside(session).lift(seat, code) for code in owner.codes[:2]],
    )

    assert sorted(map(str, [Accepted(None), Refused(Refusal.NOT_FROZEN)])) == sorted(map(str, outcomes))
    assert 1 == len(product.audit("account:lift"))


def test_a_lift_is_whole_or_not_there(product: Product, engine: Engine) -> None:
    owner = product.owner()
    product.clock.move(days=1)
    thief_s(product, owner)
    product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))
    product.clock.next_step()
    seat = product.log_in_with(owner.person, owner.phone.code(product.now))
    product.clock.next_step()
    before = dump(engine)

    died, sights = dies_everywhere(
        engine, lambda: product.lift(seat, owner.phone.code(product.now)), lambda: dump(engine)
    )

    assert died > 8
    assert all(sight == before for sight in sights)
    assert 0 == count(engine, "freezes")


def test_an_operator_lifts_it_by_a_reset_whatever_is_on(product: Product) -> None:
    """Nobody is stuck: Support can help somebody who has nothing from before."""
    person = product.employee()
    product.clock.next_step()
    product.activate(person)
    product.freeze(product.mailed_link(Notice.ACTIVATED))

    assert Accepted(None) == product.reset_by_operator(person)

    assert freezes.of(product.session, person.id) is None
    assert product.log_in(person)


def test_an_operator_lifts_the_freeze_of_an_account_without_a_second_factor(product: Product) -> None:
    person = product.employee()
    owner = product.activate(person)
    product.clock.next_step()
    product.reset(owner.seat, owner.phone.code(product.now))
    product.freeze(product.mailed_link(Notice.RESET))

    assert Accepted(None) == product.reset_by_operator(person)
    assert Refused(Refusal.NOT_ACTIVE) == product.reset_by_operator(person)


# --- a second press, and the mailbox ---------------------------------------------------------------------------------


def test_the_earliest_disputed_event_counts(product: Product) -> None:
    """A later notice's link never narrows what an earlier one said."""
    owner = product.owner()
    activated = product.now - timedelta(seconds=30)
    early = product.mailed_link(Notice.ACTIVATED)
    product.clock.move(days=1)
    thief_s(product, owner)
    product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))
    product.freeze(early)

    frozen = freezes.of(product.session, owner.person.id)
    assert frozen
    assert activated == frozen.since


def test_the_address_before_the_change_logs_in_while_its_owner_disputes_it(product: Product) -> None:
    """And it comes back with the lift, unless its owner says that the new one is right."""
    for keeps in (False, True):
        email = f"lea{keeps}@studio.example".casefold()
        owner = product.owner(email)
        product.clock.move(days=1)
        thief_s(product, owner)
        token = product.mailed_link(Notice.BACKUP_CODE_USED)
        _moved(product, owner, f"thief{keeps}@elsewhere.example".casefold())
        product.freeze(token)
        product.clock.next_step()

        outcome = product.pass_password(email, PASSWORD)
        assert isinstance(outcome, Accepted)
        assert isinstance(outcome.value, HalfWay)
        waiting = challenge.find(product.session, outcome.value.token, now=product.now)
        assert waiting
        logged_in = product.answer(waiting, owner.phone.code(product.now))
        assert isinstance(logged_in, Accepted)
        assert Accepted(None) == product.lift(
            product.sit_down(logged_in.value.started), owner.codes[0], keeps_email=keeps
        )

        after = accounts.by_id(product.session, owner.person.id)
        assert after
        assert (email if not keeps else "thieftrue@elsewhere.example") == after.email
        product.clock.move(days=2)


def test_a_former_address_logs_nobody_in_without_a_dispute(product: Product) -> None:
    owner = product.owner()
    _moved(product, owner, "new@studio.example")

    refused = product.pass_password("lea@studio.example")
    assert isinstance(refused, Refused)
    assert Refusal.WRONG_PASSWORD is refused.reason

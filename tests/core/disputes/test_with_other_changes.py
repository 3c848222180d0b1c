"""A freeze after what a thief does first: another password, another address, a forgotten one, another app."""

import pytest

from tests.core.people import Owner, Product, Seat
from webapp.core.accounts import flows as accounts
from webapp.core.challenge import flows as challenge
from webapp.core.challenge.flows import HalfWay, Waiting
from webapp.core.enrolment import state as enrolment
from webapp.core.freezes import flows as freezes
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused

THIEF_S = "granite harvest pillow tide"
OWNER_S = "copper meadow lantern fjord"


@pytest.fixture
def owner(product: Product) -> Owner:
    owner = product.owner()
    product.clock.move(days=1)
    return owner


def at_the_browser(product: Product, owner: Owner) -> Seat:
    seat = product.log_in_with(owner.person, owner.phone.code(product.now))
    product.clock.next_step()
    return seat


def half_way_with(product: Product, owner: Owner, password: str) -> Waiting:
    outcome = product.pass_password(owner.person.email, password)
    assert isinstance(outcome, Accepted), outcome
    assert isinstance(outcome.value, HalfWay)
    waiting = challenge.find(product.session, outcome.value.token, now=product.now)
    assert waiting
    return waiting


def recover(product: Product, owner: Owner, new: str) -> Accepted[None] | Refused:
    """Ask for a link and use it."""
    product.forgot(owner.person.email)
    product.resolve()
    return product.recover(product.mailed_link(Notice.PASSWORD_LINK, LinkKind.PASSWORD), new)


def test_a_changed_password_is_answered_by_a_new_one_and_the_phone(product: Product, owner: Owner) -> None:
    """The thief's opens nothing, the owner's new one lifts and logs in, and the thief's is gone."""
    thief = at_the_browser(product, owner)
    assert isinstance(product.change_password(thief, THIEF_S, owner.phone.code(product.now)), Accepted)
    product.freeze(product.mailed_link(Notice.PASSWORD_CHANGED))
    product.clock.next_step()

    assert Accepted(None) == recover(product, owner, OWNER_S)

    assert isinstance(product.pass_password(owner.person.email, THIEF_S), Refused)
    waiting = half_way_with(product, owner, OWNER_S)
    assert Refused(Refusal.FROZEN) == product.answer(waiting, owner.phone.code(product.now))
    assert isinstance(product.lift_and_log_in(waiting, owner.phone.code(product.now)), Accepted)
    product.clock.next_step()
    assert product.answer(half_way_with(product, owner, OWNER_S), owner.phone.code(product.now))


def test_a_recovered_password_lifts_nothing(product: Product, owner: Owner) -> None:
    """Recovery by mail is open, and one mailbox is not enough."""
    thief = at_the_browser(product, owner)
    product.change_password(thief, THIEF_S, owner.phone.code(product.now))
    product.freeze(product.mailed_link(Notice.PASSWORD_CHANGED))
    assert Accepted(None) == recover(product, owner, OWNER_S)

    assert freezes.of(product.session, owner.person.id)


def test_recovery_stays_closed_where_the_mailbox_is_in_doubt(product: Product, owner: Owner) -> None:
    assert Accepted(None) == recover(product, owner, THIEF_S)
    product.freeze(product.mailed_link(Notice.PASSWORD_FORGOTTEN))
    product.clock.move(hours=2)
    mails = len(product.audit("password:recovery_ask"))

    product.forgot(owner.person.email)
    product.resolve()

    assert mails == len(product.audit("password:recovery_ask"))


def test_recovery_stays_closed_where_a_later_event_casts_the_doubt(product: Product, owner: Owner) -> None:
    """The disputed event is harmless; the thief read the mailbox after it."""
    at_the_browser(product, owner)
    product.log_in_with(owner.person, owner.codes[0])
    token = product.mailed_link(Notice.BACKUP_CODE_USED)
    product.clock.move(minutes=1)
    assert Accepted(None) == recover(product, owner, THIEF_S)

    product.freeze(token)

    frozen = freezes.of(product.session, owner.person.id)
    assert frozen
    assert frozen.closes_recovery


def test_a_link_that_was_under_way_is_void(product: Product, owner: Owner) -> None:
    product.log_in_with(owner.person, owner.codes[0])
    product.forgot(owner.person.email)
    product.resolve()
    token = product.mailed_link(Notice.PASSWORD_LINK, LinkKind.PASSWORD)

    product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))

    assert Refused(Refusal.LINK_OVER) == product.recover(token, THIEF_S)


def test_password_and_address_stay_while_frozen(product: Product, owner: Owner) -> None:
    product.log_in_with(owner.person, owner.codes[0])
    product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))
    seat = at_the_browser(product, owner)
    code = owner.phone.code(product.now)

    assert Refused(Refusal.FROZEN) == product.change_password(seat, THIEF_S, code)
    assert Refused(Refusal.FROZEN) == product.ask_email(seat, "new@studio.example", code)
    assert Refused(Refusal.FROZEN) == product.add_app(seat, "Tablet", code)
    assert Refused(Refusal.FROZEN) == product.replace_app(seat, code)
    state = enrolment.state(product.session, owner.person.id)
    assert state
    assert Refused(Refusal.FROZEN) == product.rename_app(seat, state.apps[0].id, "Mine")
    assert Refused(Refusal.FROZEN) == product.remove_app(seat, state.apps[0].id, code)


def test_a_confirmation_that_was_under_way_changes_no_address(product: Product, owner: Owner) -> None:
    thief = at_the_browser(product, owner)
    assert Accepted(None) == product.ask_email(thief, "thief@elsewhere.example", owner.phone.code(product.now))
    product.clock.next_step()
    link = product.mailed_link(Notice.EMAIL_LINK, LinkKind.EMAIL)
    product.freeze(product.mailed_link(Notice.EMAIL_CHANGE_ASKED))
    seat = at_the_browser(product, owner)

    assert isinstance(product.confirm_email(seat, link), Refused)
    assert owner.person.email == (accounts.by_id(product.session, owner.person.id) or owner.person).email


def test_a_changed_address_comes_back(product: Product, owner: Owner) -> None:
    """From the event to the lift, by the flows a thief and an owner would use."""
    thief = at_the_browser(product, owner)
    product.ask_email(thief, "thief@elsewhere.example", owner.phone.code(product.now))
    product.clock.next_step()
    assert Accepted(None) == product.confirm_email(thief, product.mailed_link(Notice.EMAIL_LINK, LinkKind.EMAIL))
    product.freeze(product.mailed_link(Notice.EMAIL_CHANGED, to=owner.person.email))

    frozen = freezes.of(product.session, owner.person.id)
    assert frozen
    assert (True, owner.person.email) == (frozen.closes_recovery, frozen.former_email)
    seat = at_the_browser(product, owner)
    assert Accepted(None) == product.lift(seat, owner.phone.code(product.now))
    after = accounts.by_id(product.session, owner.person.id)
    assert after
    assert owner.person.email == after.email
    assert isinstance(product.pass_password("thief@elsewhere.example"), Refused)


def test_the_new_mailbox_can_freeze_and_gains_no_address(product: Product, owner: Owner) -> None:
    seat = at_the_browser(product, owner)
    product.ask_email(seat, "new@studio.example", owner.phone.code(product.now))
    product.confirm_email(seat, product.mailed_link(Notice.EMAIL_LINK, LinkKind.EMAIL))

    product.freeze(product.mailed_link(Notice.EMAIL_CHANGED, to="new@studio.example"))

    frozen = freezes.of(product.session, owner.person.id)
    assert frozen
    assert "" == frozen.former_email


def test_a_thief_s_second_app_goes_with_the_lift(product: Product, owner: Owner) -> None:
    """It logs nobody in and lifts nothing before, and is gone after; the owner's own app stays."""
    thief = at_the_browser(product, owner)
    assert Accepted(None) == product.add_app(thief, "Tablet", owner.phone.code(product.now))
    product.clock.next_step()
    tablet = product.scanned(thief)
    assert isinstance(product.confirm(thief, tablet.code(product.now)), Accepted)
    product.clock.next_step()
    product.freeze(product.mailed_link(Notice.APP_ADDED))

    refused = product.answer(product.half_way(owner.person), tablet.code(product.now))
    assert isinstance(refused, Refused)
    assert Refusal.WRONG_CODE is refused.reason
    seat = at_the_browser(product, owner)
    not_lifted = product.lift(seat, tablet.code(product.now))
    assert isinstance(not_lifted, Refused)
    assert Refusal.WRONG_CODE is not_lifted.reason
    assert Accepted(None) == product.lift(seat, owner.phone.code(product.now))
    state = enrolment.state(product.session, owner.person.id)
    assert state
    assert 1 == len(state.apps)


def test_where_a_thief_took_the_app_away_a_backup_code_lifts_and_it_stays_on(product: Product, owner: Owner) -> None:
    """The app in its place is nobody's; two-factor authentication is never off."""
    thief = at_the_browser(product, owner)
    product.add_app(thief, "Tablet", owner.phone.code(product.now))
    product.clock.next_step()
    tablet = product.scanned(thief)
    product.confirm(thief, tablet.code(product.now))
    disputed = product.mailed_link(Notice.APP_ADDED)
    product.clock.next_step()
    state = enrolment.state(product.session, owner.person.id)
    assert state
    assert Accepted(None) == product.remove_app(thief, state.apps[0].id, tablet.code(product.now))
    product.freeze(disputed)

    seat = product.log_in_with(owner.person, owner.codes[0])
    assert Accepted(None) == product.lift(seat, owner.codes[1])

    product.clock.next_step()
    refused = product.answer(product.half_way(owner.person), tablet.code(product.now))
    assert isinstance(refused, Refused)
    assert product.log_in_with(owner.person, owner.codes[2])
    after = enrolment.state(product.session, owner.person.id)
    assert after
    assert ["No app: replace it"] == [app.name for app in after.apps]


def test_a_replaced_app_lifts_nothing(product: Product, owner: Owner) -> None:
    """Its phone may be in the wrong hands; new codes came with the new app, so Support alone is left."""
    seat = at_the_browser(product, owner)
    assert Accepted(None) == product.replace_app(seat, owner.phone.code(product.now))
    product.clock.next_step()
    new = product.scanned(seat)
    assert isinstance(product.confirm(seat, new.code(product.now)), Accepted)
    product.clock.next_step()
    product.freeze(product.mailed_link(Notice.APP_REPLACED))

    assert Refused(Refusal.FROZEN) == product.pass_password(owner.person.email)


def test_an_app_can_t_vouch_for_itself(product: Product, owner: Owner) -> None:
    """The owner pressed the newest notice: the thief's app, older than its event, lifts, and settles nothing older."""
    thief = at_the_browser(product, owner)
    product.add_app(thief, "Tablet", owner.phone.code(product.now))
    product.clock.next_step()
    tablet = product.scanned(thief)
    product.confirm(thief, tablet.code(product.now))
    added = product.mailed_link(Notice.APP_ADDED)
    product.clock.next_step()
    assert isinstance(product.change_password(thief, THIEF_S, tablet.code(product.now)), Accepted)
    product.clock.next_step()
    product.freeze(product.mailed_link(Notice.PASSWORD_CHANGED))
    lifted = product.lift_and_log_in(half_way_with(product, owner, THIEF_S), tablet.code(product.now))
    assert isinstance(lifted, Accepted)
    product.clock.next_step()

    assert Accepted(None) == product.freeze(added)

    assert product.find(lifted.value.started.token) is None
    refused = product.lift_and_log_in(half_way_with(product, owner, THIEF_S), tablet.code(product.now))
    assert isinstance(refused, Refused)
    assert Refusal.WRONG_CODE is refused.reason
    product.clock.next_step()
    own = product.lift_and_log_in(half_way_with(product, owner, THIEF_S), owner.phone.code(product.now))
    assert isinstance(own, Accepted)


def test_a_thief_s_activation_is_still_disputed_after_the_thief_s_lift(product: Product) -> None:
    """Of an account without a second factor, whose owner pressed the later notice only."""
    person = product.employee()
    thief = product.activate(person)
    activated = product.mailed_link(Notice.ACTIVATED)
    product.clock.move(minutes=1)
    assert isinstance(product.change_password(thief.seat, THIEF_S, thief.phone.code(product.now)), Accepted)
    product.clock.next_step()
    product.freeze(product.mailed_link(Notice.PASSWORD_CHANGED))
    lifted = product.lift_and_log_in(half_way_with(product, thief, THIEF_S), thief.phone.code(product.now))
    assert isinstance(lifted, Accepted)

    assert Accepted(None) == product.freeze(activated)
    assert Refused(Refusal.FROZEN) == product.pass_password(person.email, THIEF_S)


def test_while_frozen_the_disputed_mailbox_ends_no_session_of_the_owner_s(product: Product, owner: Owner) -> None:
    """The owner's own log-in is told to the thief's address, too, with a link."""
    thief = at_the_browser(product, owner)
    product.ask_email(thief, "thief@elsewhere.example", owner.phone.code(product.now))
    product.clock.next_step()
    product.confirm_email(thief, product.mailed_link(Notice.EMAIL_LINK, LinkKind.EMAIL))
    product.freeze(product.mailed_link(Notice.EMAIL_CHANGED, to=owner.person.email))
    seat = at_the_browser(product, owner)
    told = product.mailed_link(Notice.NEW_BROWSER, to="thief@elsewhere.example")

    assert Refused(Refusal.LINK_OVER) == product.freeze(told)
    assert product.find(seat.token)

"""A freeze and its lift against a thief who is still at it: with an app, an address or a link of their own."""

import pytest
from sqlalchemy import Engine, select

from tests.core.crowd import at_once
from tests.core.people import OPERATOR, PASSWORD, Owner, Product, Seat
from tests.core.stored import count
from webapp.core.accounts import flows as accounts
from webapp.core.accounts.rules import Role
from webapp.core.challenge import flows as challenge
from webapp.core.challenge.flows import HalfWay, Waiting
from webapp.core.freezes import flows as freezes
from webapp.core.links.rules import LinkKind
from webapp.core.links.tables import MailLink
from webapp.core.notices.flows import Notice
from webapp.core.notices.tables import OutboxMail
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.passwords import flows as passwords
from webapp.core.sessions.tables import LogInSession

THIEF_S = "granite harvest pillow tide"
OWNER_S = "copper meadow lantern fjord"
THIEF_AT = "thief@elsewhere.example"


@pytest.fixture
def owner(product: Product) -> Owner:
    owner = product.owner()
    product.clock.move(days=1)
    return owner


def at_the_browser(product: Product, owner: Owner) -> Seat:
    seat = product.log_in_with(owner.person, owner.phone.code(product.now))
    product.clock.next_step()
    return seat


def half_way_with(product: Product, email: str, password: str) -> Waiting:
    outcome = product.pass_password(email, password)
    assert isinstance(outcome, Accepted), outcome
    assert isinstance(outcome.value, HalfWay)
    waiting = challenge.find(product.session, outcome.value.token, now=product.now)
    assert waiting
    return waiting


def moves(product: Product, thief: Seat, email: str, code: str) -> None:
    """To another address, by the flows."""
    assert Accepted(None) == product.ask_email(thief, email, code)
    product.clock.next_step()
    assert Accepted(None) == product.confirm_email(thief, product.mailed(LinkKind.EMAIL)[-1][1])
    product.clock.next_step()


def test_after_a_lift_no_mail_goes_to_the_address_that_was_taken_back(product: Product, owner: Owner) -> None:
    """It would hold a link that freezes the account again, and names the thief's address as the owner's."""
    thief = at_the_browser(product, owner)
    moves(product, thief, THIEF_AT, owner.phone.code(product.now))
    assert isinstance(
        product.change_password(product.sit_anew(thief), THIEF_S, owner.phone.code(product.now)), Accepted
    )
    product.clock.next_step()
    product.freeze(product.mailed_link(Notice.EMAIL_CHANGED, to=owner.person.email))
    before = len(_recipients(product))

    waiting = half_way_with(product, owner.person.email, THIEF_S)
    assert isinstance(product.lift_and_log_in(waiting, owner.phone.code(product.now)), Accepted)

    assert {owner.person.email} == set(_recipients(product)[before:])


def test_the_address_before_the_earliest_event_is_the_owner_s(product: Product, owner: Owner) -> None:
    """A thief moves the account away and back, and presses the link that went to the address between."""
    thief = at_the_browser(product, owner)
    moves(product, thief, THIEF_AT, owner.phone.code(product.now))
    thief = product.sit_anew(thief)
    own_link = product.mailed_link(Notice.EMAIL_CHANGED, to=THIEF_AT)
    moves(product, thief, owner.person.email, owner.phone.code(product.now))
    later_own_link = product.mailed_link(Notice.EMAIL_CHANGED, to=THIEF_AT)
    owner_s = product.mailed_link(Notice.EMAIL_CHANGE_ASKED, to=owner.person.email)

    product.freeze(own_link)
    frozen = freezes.of(product.session, owner.person.id)
    assert frozen
    assert "" == frozen.former_email
    product.freeze(owner_s)
    product.freeze(later_own_link)

    frozen = freezes.of(product.session, owner.person.id)
    assert frozen
    assert "" == frozen.former_email


def test_nobody_takes_the_former_address_while_its_owner_disputes_the_change(product: Product, owner: Owner) -> None:
    """A second account of the thief's, who reads the owner's mailbox: the owner could log in no more."""
    thief = at_the_browser(product, owner)
    moves(product, thief, THIEF_AT, owner.phone.code(product.now))
    product.freeze(product.mailed_link(Notice.EMAIL_CHANGED, to=owner.person.email))
    accomplice = product.log_in(product.employee("noa@studio.example"))

    product.ask_email(accomplice, owner.person.email)

    assert [] == [to for to, _ in product.mailed(LinkKind.EMAIL) if to == owner.person.email]
    assert half_way_with(product, owner.person.email, PASSWORD).person.id == owner.person.id


def test_no_employee_is_made_at_the_former_address_while_the_dispute_lasts(product: Product, owner: Owner) -> None:
    """By an operator who doesn't know of it: the owner could log in no more."""
    thief = at_the_browser(product, owner)
    moves(product, thief, THIEF_AT, owner.phone.code(product.now))
    product.freeze(product.mailed_link(Notice.EMAIL_CHANGED, to=owner.person.email))

    made = passwords.employ(
        product.session,
        product.keyring,
        product.company("Elsewhere"),
        f" {owner.person.email.upper()}",
        OWNER_S,
        name="Noa",
        role=Role.EMPLOYEE,
        brand="Calenso",
        rounds=product.rounds,
        now=product.now,
        visitor=OPERATOR,
    )

    assert Refused(Refusal.EMAIL_TAKEN) == made
    assert half_way_with(product, owner.person.email, PASSWORD).person.id == owner.person.id


def test_a_link_to_the_former_address_gives_it_to_nobody_while_the_dispute_lasts(
    product: Product, owner: Owner
) -> None:
    """Mailed between the change and the freeze, when nobody had it."""
    thief = at_the_browser(product, owner)
    moves(product, thief, THIEF_AT, owner.phone.code(product.now))
    accomplice = product.log_in(product.employee("noa@studio.example"))
    assert Accepted(None) == product.ask_email(accomplice, owner.person.email)
    token = product.mailed_link(Notice.EMAIL_LINK, LinkKind.EMAIL, to=owner.person.email)
    product.freeze(product.mailed_link(Notice.EMAIL_CHANGED, to=owner.person.email))

    assert Refused(Refusal.EMAIL_TAKEN) == product.confirm_email(accomplice, token)
    assert half_way_with(product, owner.person.email, PASSWORD).person.id == owner.person.id


def test_a_reset_by_an_operator_revives_no_password_that_a_thief_set(product: Product, owner: Owner) -> None:
    """With the second factor off it would be all that it takes."""
    thief = at_the_browser(product, owner)
    assert isinstance(product.change_password(thief, THIEF_S, owner.phone.code(product.now)), Accepted)
    product.freeze(product.mailed_link(Notice.PASSWORD_CHANGED))
    product.clock.next_step()

    assert Accepted(None) == product.reset_by_operator(owner.person)

    assert Refusal.WRONG_PASSWORD is _refusal(product.pass_password(owner.person.email, THIEF_S))
    product.forgot(owner.person.email)
    product.resolve()
    assert Accepted(None) == product.recover(product.mailed_link(Notice.PASSWORD_LINK, LinkKind.PASSWORD), OWNER_S)
    assert isinstance(product.pass_password(owner.person.email, OWNER_S), Accepted)


def test_two_addresses_of_one_account_are_guessed_at_on_one_counter(product: Product, owner: Owner) -> None:
    """While the freeze lasts both log in: whoever knows both has no second five guesses."""
    thief = at_the_browser(product, owner)
    moves(product, thief, THIEF_AT, owner.phone.code(product.now))
    product.freeze(product.mailed_link(Notice.EMAIL_CHANGED, to=owner.person.email))

    for address in (THIEF_AT, owner.person.email) * 2:
        product.pass_password(address, "wrong")
    fifth, sixth = (product.pass_password(address, "wrong") for address in (THIEF_AT, owner.person.email))

    assert [Refusal.WRONG_PASSWORD, Refusal.TOO_MANY] == [_refusal(fifth), _refusal(sixth)]


@pytest.mark.parametrize("takes_back", [False, True])
def test_an_operator_says_whether_the_former_address_comes_back(
    product: Product, owner: Owner, *, takes_back: bool
) -> None:
    """The link for a new password goes to whoever has the address afterwards, and the second factor is off."""
    thief = at_the_browser(product, owner)
    moves(product, thief, THIEF_AT, owner.phone.code(product.now))
    product.freeze(product.mailed_link(Notice.EMAIL_CHANGED, to=owner.person.email))

    assert Accepted(None) == product.reset_by_operator(owner.person, takes_email_back=takes_back)

    after = accounts.by_id(product.session, owner.person.id)
    assert after
    assert (owner.person.email if takes_back else THIEF_AT) == after.email
    assert (owner.person.email if takes_back else THIEF_AT) == _recipients(product)[-1]


def test_nothing_that_was_under_way_outlives_a_freeze(product: Product, engine: Engine, owner: Owner) -> None:
    """Log-ins, changes, a set-up and links of a thief's, at the instant of the press: before it or refused."""
    thief = product.log_in_with(owner.person, owner.codes[7])
    press = product.mailed_link(Notice.BACKUP_CODE_USED)
    product.clock.next_step()
    product.forgot(owner.person.email)
    product.resolve()
    forgotten = product.mailed_link(Notice.PASSWORD_LINK, LinkKind.PASSWORD)
    product.ask_email(thief, THIEF_AT, owner.codes[6])
    move = product.mailed(LinkKind.EMAIL)[-1][1]
    product.add_app(thief, "Tablet", owner.codes[5])
    first_code = product.scanned(thief).code(product.now)
    waiting = product.half_way(owner.person)
    product.session.rollback()
    beside = product.beside

    pressed, *_ = at_once(
        engine,
        [
            lambda session: beside(session).freeze(press),
            lambda session: beside(session).answer(waiting, owner.codes[0]),
            lambda session: beside(session).confirm_email(thief, move),
            lambda session: beside(session).confirm(thief, first_code),
            lambda session: beside(session).recover(forgotten, THIEF_S),
            lambda session: beside(session).create_codes(thief, owner.codes[1]),
            lambda session: beside(session).change_password(thief, OWNER_S, owner.codes[2]),
        ],
    )

    assert Accepted(None) == pressed
    product.session.rollback()
    links = select(MailLink).where(MailLink.ended_at.is_(None), MailLink.kind != LinkKind.NOTICE)
    sessions = select(LogInSession).where(LogInSession.ended_at.is_(None))
    left = [product.session.scalars(query).all() for query in (links, sessions)]
    assert [[], []] == left
    assert [0] * 3 == [count(engine, table) for table in ("challenges", "known_browsers", "pending_secrets")]


def _refusal(outcome: Accepted[object] | Refused) -> Refusal | None:
    return outcome.reason if isinstance(outcome, Refused) else None


def _recipients(product: Product) -> list[str]:
    product.session.rollback()
    return list(product.session.scalars(select(OutboxMail.recipient).order_by(OutboxMail.id)))

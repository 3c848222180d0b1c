"""Another e-mail address: asked for, confirmed at the new one by the same person, told to both."""

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.people import Owner, Product, Seat
from tests.core.stored import dies_everywhere, dump
from webapp.core.accounts import flows as accounts
from webapp.core.accounts.rules import Role
from webapp.core.credentials import email
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice
from webapp.core.notices.tables import OutboxMail
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.visitor import OPERATOR

NEW = "lea@new.example"


@pytest.fixture
def seat(product: Product) -> Seat:
    return product.log_in(product.employee())


def asked(product: Product, seat: Seat, address: str = NEW) -> str:
    """The token of the link that was mailed to the new address."""
    assert Accepted(None) == product.ask_email(seat, address)
    recipient, token = product.mailed(LinkKind.EMAIL)[-1]
    assert address == recipient
    return token


def mails(engine: Engine) -> list[tuple[str, str]]:
    """Notice and recipient of everything owed, oldest first."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT notice, recipient FROM outbox ORDER BY id"))]


# --- asking -----------------------------------------------------------------------------------------------------------


def test_asking_changes_nothing_yet_and_tells_both_addresses(product: Product, engine: Engine, seat: Seat) -> None:
    before = dump(engine)["employees"]

    asked(product, seat)

    assert before == dump(engine)["employees"]
    assert [("email_link", NEW), ("email_change_asked", "lea@studio.example")] == mails(engine)
    assert "le…@ne….example" == email.waiting_at(product.session, seat.me, now=product.now)
    assert [{"mailed": True}] == [event.details for event in product.audit("email:change_ask")]


def test_the_mail_to_the_new_address_tells_nothing_of_who_asked(product: Product, engine: Engine, seat: Seat) -> None:
    """It may be a stranger's: no name, no address, no browser, and no link for “This wasn't me”."""
    asked(product, seat)

    with Session(engine) as session:
        facts = str(session.execute(text("SELECT facts FROM outbox WHERE notice = 'email_link'")).scalar_one())
    for word in ("Lea", "Brunner", "studio", "192.0.2.7", "Firefox", "notice"):
        assert word not in facts


@pytest.mark.parametrize("typed", ["", "lea", "lea@", "a b@c.example", "lea@new.example\n", "x" * 300 + "@new.example"])
def test_what_is_no_address_is_refused(product: Product, engine: Engine, seat: Seat, typed: str) -> None:
    outcome = product.ask_email(seat, typed)

    assert Refused(Refusal.EMAIL_INVALID) == outcome or typed.strip() == NEW
    assert len(mails(engine)) in (0, 2 if typed.strip() == NEW else 0)


@pytest.mark.parametrize("typed", ["lea@studio.example", "LEA@studio.example", " lea@STUDIO.example"])
def test_one_s_own_address_is_refused(product: Product, engine: Engine, seat: Seat, typed: str) -> None:
    assert Refused(Refusal.EMAIL_SAME) == product.ask_email(seat, typed)
    assert [] == mails(engine)


@pytest.mark.parametrize("typed", ["kim@else.example", "KIM@else.example"])
def test_an_address_of_somebody_else_gets_the_same_answer_and_no_mail(
    product: Product, engine: Engine, seat: Seat, typed: str
) -> None:
    """Nobody asks here who has an account: one's own mailbox hears the same, and the tab waits the same."""
    product.employee("kim@else.example")

    assert Accepted(None) == product.ask_email(seat, typed)

    assert [("email_change_asked", "lea@studio.example")] == mails(engine)
    assert [] == product.mailed(LinkKind.EMAIL)
    assert "ki…@el….example" == email.waiting_at(product.session, seat.me, now=product.now).casefold()
    assert ["success"] == [event.outcome for event in product.audit("email:change_ask")]


def test_where_two_factor_authentication_is_on_it_takes_a_code(product: Product, engine: Engine) -> None:
    owner = product.owner()
    before = len(mails(engine))

    refused = [product.ask_email(owner.seat, NEW), product.ask_email(owner.seat, NEW, "000000")]
    assert before == len(mails(engine))
    accepted = product.ask_email(owner.seat, NEW, owner.codes[0])

    assert [Refusal.MALFORMED, Refusal.WRONG_CODE] == [getattr(one, "reason", None) for one in refused]
    assert Accepted(None) == accepted


def test_each_reader_is_told_their_own_address_in_full_and_the_other_masked(
    product: Product, engine: Engine, seat: Seat
) -> None:
    """Two addresses of one company look alike under their masks: a mail with both masked would tell no change."""
    product.confirm_email(seat, asked(product, seat, "lena@studio.example"))

    with Session(engine) as session:
        told = session.scalars(select(OutboxMail).where(OutboxMail.notice == Notice.EMAIL_CHANGED))
        addresses = {mail.recipient: (mail.facts["former_email"], mail.facts["new_email"]) for mail in told}
    assert {
        "lea@studio.example": ("lea@studio.example", "le…@st….example"),
        "lena@studio.example": ("le…@st….example", "lena@studio.example"),
    } == addresses


def test_only_the_newest_link_acts(product: Product, seat: Seat) -> None:
    older, newer = asked(product, seat), asked(product, seat, "lea@other.example")

    assert Refused(Refusal.LINK_OVER) == product.confirm_email(seat, older)
    assert Accepted(None) == product.confirm_email(seat, newer)


def test_three_links_an_hour_and_the_page_says_until_when(product: Product, engine: Engine) -> None:
    """Asked before a code is judged: none is spent for nothing."""
    owner = product.owner()
    for at in range(3):
        product.ask_email(owner.seat, f"lea{at}@new.example", owner.codes[at])
        product.clock.move(minutes=1)

    refused = product.ask_email(owner.seat, NEW, owner.codes[3])
    product.clock.move(minutes=57)
    accepted = product.ask_email(owner.seat, NEW, owner.codes[3])

    assert isinstance(refused, Refused)
    assert Refusal.TOO_MANY is refused.reason
    assert product.now == refused.retry_at
    assert Accepted(None) == accepted


@pytest.mark.parametrize("is_on", [False, True])
def test_a_crash_anywhere_asks_for_all_or_nothing(product: Product, engine: Engine, is_on: bool) -> None:
    owner = product.owner() if is_on else None
    seat = owner.seat if owner else product.log_in(product.employee())
    code = owner.phone.code(product.now) if owner else None
    before = dump(engine)

    deaths, sights = dies_everywhere(engine, lambda: product.ask_email(seat, NEW, code), lambda: dump(engine))

    assert deaths > 6
    assert [before] * deaths == sights
    assert 1 == len(product.mailed(LinkKind.EMAIL))


# --- confirming -------------------------------------------------------------------------------------------------------


def test_the_new_address_logs_in_and_the_old_one_is_nobody_s(product: Product, engine: Engine, seat: Seat) -> None:
    """Both are told; the session goes on, and the list finds the person by the new one."""
    token = asked(product, seat)

    assert Accepted(None) == product.confirm_email(seat, token)

    assert [("email_changed", "lea@studio.example"), ("email_changed", NEW)] == mails(engine)[-2:]
    assert isinstance(product.pass_password(NEW), Accepted)
    assert isinstance(product.pass_password("lea@studio.example"), Refused)
    me = product.find(seat.token)
    assert me is not None
    found = accounts.colleagues(product.session, me.person, search="new.example", number=1)
    assert [NEW] == [person.email for person in found.rows]
    assert ["success"] == [event.outcome for event in product.audit("email:change")]
    assert email.waiting_at(product.session, me, now=product.now) is None


def test_links_that_went_to_the_old_mailbox_are_void(product: Product, seat: Seat) -> None:
    """Whoever still reads it sets no password."""
    product.forgot("lea@studio.example")
    product.resolve()
    ((_, old_link),) = product.mailed(LinkKind.PASSWORD)

    product.confirm_email(seat, asked(product, seat))

    assert Refused(Refusal.LINK_OVER) == product.recover(old_link, "harbour quilt nineteen ferns")


def test_nobody_else_confirms_it(product: Product, engine: Engine, seat: Seat) -> None:
    """Not even the stranger who reads the new mailbox and has an account of their own."""
    token, other = asked(product, seat), product.log_in(product.employee("kim@else.example"))
    before = dump(engine)

    assert Refused(Refusal.NOT_YOURS) == product.confirm_email(other, token)

    assert before == dump(engine)


def test_a_session_that_has_ended_confirms_nothing(product: Product, engine: Engine, seat: Seat) -> None:
    token = asked(product, seat)
    product.log_out(seat)

    assert Refused(Refusal.SESSION_OVER) == product.confirm_email(seat, token)
    assert isinstance(product.pass_password("lea@studio.example"), Accepted)


def test_a_link_acts_once_and_for_a_day(product: Product, seat: Seat) -> None:
    token = asked(product, seat)
    product.clock.move(hours=24)
    assert Refused(Refusal.LINK_OVER) == product.confirm_email(seat, token)
    again = asked(product, seat)
    product.confirm_email(seat, again)

    assert Refused(Refusal.LINK_OVER) == product.confirm_email(seat, again)


@pytest.mark.parametrize("taken_as", [NEW, "LEA@NEW.example"])
def test_an_address_that_somebody_took_meanwhile_changes_nothing(
    product: Product, engine: Engine, seat: Seat, taken_as: str
) -> None:
    """The link is as it was."""
    token = asked(product, seat)
    product.employee(taken_as)
    before = dump(engine)

    assert Refused(Refusal.EMAIL_TAKEN) == product.confirm_email(seat, token)

    assert before == dump(engine)


def test_of_twenty_clicks_at_once_one_acts(product: Product, engine: Engine, seat: Seat) -> None:
    token = asked(product, seat)

    outcomes = at_once(engine, [lambda session: product.beside(session).confirm_email(seat, token)] * 20)

    assert 1 == outcomes.count(Accepted(None))
    assert 19 == outcomes.count(Refused(Refusal.LINK_OVER))
    assert 2 == [notice for notice, _ in mails(engine)].count("email_changed")


def test_of_a_confirmation_and_a_new_employee_at_once_one_has_the_address(
    product: Product, engine: Engine, seat: Seat
) -> None:
    """In another company, so that no lock but the address's own decides."""
    token, company = asked(product, seat), product.company("Atelier Süd")

    def employ(session: Session) -> object:
        return accounts.create_employee(
            session, company, NEW, name="Noa", role=Role.EMPLOYEE, now=product.now, visitor=OPERATOR
        )

    outcomes = at_once(engine, [lambda session: product.beside(session).confirm_email(seat, token), employ])

    assert 1 == sum(isinstance(one, Accepted) for one in outcomes)
    assert 1 == outcomes.count(Refused(Refusal.EMAIL_TAKEN))
    assert 1 == [row[3] for row in dump(engine)["employees"]].count(NEW) or 1 == str(dump(engine)["employees"]).count(
        f"'{NEW}', '{NEW}'"
    )


def test_two_people_who_want_the_same_address_don_t_both_get_it(product: Product, engine: Engine, seat: Seat) -> None:
    other = product.log_in(product.employee("kim@else.example"))
    tokens = asked(product, seat), asked(product, other)

    outcomes = at_once(
        engine,
        [
            lambda session: product.beside(session).confirm_email(seat, tokens[0]),
            lambda session: product.beside(session).confirm_email(other, tokens[1]),
        ],
    )

    assert {True, False} == {isinstance(one, Accepted) for one in outcomes}
    assert 1 == outcomes.count(Refused(Refusal.EMAIL_TAKEN))


def test_a_crash_anywhere_changes_all_or_nothing(product: Product, engine: Engine) -> None:
    """Never an address that nobody was told of, never a link used up for nothing."""
    owner: Owner = product.owner()
    product.ask_email(owner.seat, NEW, owner.codes[0])
    ((_, token),) = product.mailed(LinkKind.EMAIL)
    before = dump(engine)

    deaths, sights = dies_everywhere(engine, lambda: product.confirm_email(owner.seat, token), lambda: dump(engine))

    assert deaths > 12
    assert [before] * deaths == sights
    assert product.find(owner.seat.token)


def test_a_new_password_ends_a_change_of_address_that_waits(product: Product) -> None:
    """Whoever changes the password for fear of a thief must not be led to confirm what the thief asked for."""
    owner = product.owner()
    assert Accepted(None) == product.ask_email(owner.seat, "thief@elsewhere.example", owner.phone.code(product.now))
    token = product.mailed_link(Notice.EMAIL_LINK, LinkKind.EMAIL)
    product.clock.next_step()

    changed = product.change_password(owner.seat, "copper meadow lantern fjord", owner.phone.code(product.now))

    assert isinstance(changed, Accepted)
    assert Refused(Refusal.LINK_OVER) == product.confirm_email(owner.seat, token)

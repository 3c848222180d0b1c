"""Cases about frozen accounts: what was set since is taken away, and both addresses hear of every step."""

from datetime import timedelta

import pytest

from tests.core.people import PASSWORD, Owner, Product, Seat
from webapp.core.cases.rules import CaseKind, Way
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice
from webapp.core.notices.tables import OutboxMail
from webapp.core.outcomes import Accepted, Refusal, Refused

OWNERS, THIEFS = "lea@studio.example", "thief@other.example"


@pytest.fixture
def agents(product: Product) -> list[Seat]:
    return product.agents("ada", "ben")


def moved_away(product: Product) -> Owner:
    """An account whose address a thief has changed; its owner has frozen it."""
    lea = product.owner(OWNERS)
    assert isinstance(product.ask_email(lea.seat, THIEFS, lea.codes[0]), Accepted)
    assert isinstance(product.confirm_email(lea.seat, product.mailed_link(Notice.EMAIL_LINK, LinkKind.EMAIL)), Accepted)
    assert isinstance(product.freeze(product.mailed_link(Notice.EMAIL_CHANGED, to=OWNERS)), Accepted)
    return lea


def told(product: Product, notice: Notice) -> set[str]:
    product.session.rollback()
    return {mail.recipient for mail in product.session.query(OutboxMail).filter(OutboxMail.notice == notice)}


def test_found_by_the_former_address_it_comes_back(product: Product, agents: list[Seat]) -> None:
    """Notices and the mailed half go to both; the freeze is lifted and the owner's address is theirs again."""
    lea = moved_away(product)
    found = product.look_up(agents[0], OWNERS)
    assert isinstance(found, Accepted)
    assert found.value.by_former_email
    product.waiting_case(agents, lea.person, by_former_email=True)
    product.clock.move(hours=24)

    assert 1 == product.run_due().carried_out

    for notice in (Notice.CASE_OPENED, Notice.CASE_WAITING, Notice.CASE_DONE, Notice.REPAIR_PASS):
        assert {OWNERS, THIEFS} == told(product, notice), notice
    assert OWNERS == product.employee_now(lea.person).email
    assert [True] == [event.details["email"] for event in product.audit("account:lift")]


def test_a_thief_who_moved_the_account_away_asks_under_the_owner_s_eyes(product: Product, agents: list[Seat]) -> None:
    """Called in under today's address: the owner hears at the former one, and stops it."""
    lea = moved_away(product)
    case_id = product.waiting_case(agents, lea.person)
    assert {OWNERS, THIEFS} == told(product, Notice.CASE_OPENED) == told(product, Notice.CASE_WAITING)

    link = product.mailed_link(Notice.CASE_WAITING, LinkKind.CASE, to=OWNERS)
    assert isinstance(product.stop_by_link(link), Accepted)
    assert "stopped" == product.case(case_id).case.state


def test_a_freeze_during_a_case_lets_the_owner_hear_of_it(product: Product, agents: list[Seat]) -> None:
    """The thief was quicker: he asked before the owner froze."""
    lea = product.owner(OWNERS)
    product.ask_email(lea.seat, THIEFS, lea.codes[0])
    product.confirm_email(lea.seat, product.mailed_link(Notice.EMAIL_LINK, LinkKind.EMAIL))
    opened = product.open_case(agents[0], product.employee_now(lea.person))
    assert isinstance(opened, Accepted)
    assert {THIEFS} == told(product, Notice.CASE_OPENED)

    product.freeze(product.mailed_link(Notice.EMAIL_CHANGED, to=OWNERS))
    product.check_case(agents[0], opened.value.id)
    product.approve_case(agents[1], opened.value.id)

    assert {OWNERS, THIEFS} == told(product, Notice.CASE_WAITING)
    assert not product.case(opened.value.id).case.takes_email_back


def test_a_lift_takes_away_what_was_set_since(product: Product, agents: list[Seat]) -> None:
    """An app of the thief's gets a secret that nobody has: two-factor authentication is never off for it."""
    lea = product.owner()
    assert isinstance(product.freeze(product.mailed_link(Notice.ACTIVATED)), Accepted)
    case_id = product.waiting_case(agents, lea.person, kind=CaseKind.LIFT_FREEZE)
    product.clock.move(hours=24)

    assert 1 == product.run_due().carried_out

    assert 1 == len(product.apps(lea.person))
    (event,) = product.audit("case:carry_out")
    assert {"apps": 1, "codes": True, "email": False} == {key: event.details[key] for key in ("apps", "codes", "email")}
    assert event.details["password"], "set at the moment of the event"
    assert isinstance(product.pass_password(lea.person.email, PASSWORD), Refused)
    assert "done" == product.case(case_id).case.state


def test_a_lift_needs_a_freeze_and_a_reset_a_factor(product: Product, agents: list[Seat]) -> None:
    lea, off = product.owner(), product.employee("off@studio.example")

    assert Refused(Refusal.NOT_FROZEN) == product.open_case(agents[0], lea.person, kind=CaseKind.LIFT_FREEZE)
    assert Refused(Refusal.NOT_FROZEN) == product.open_case(agents[0], lea.person, by_former_email=True)
    for way in Way:
        assert Refused(Refusal.NOT_ACTIVE) == product.open_case(agents[0], off, way=way)


def test_a_week_passes_before_a_lift_too(product: Product, agents: list[Seat]) -> None:
    lea = product.owner()
    product.clock.move(days=1)
    product.log_in_with(lea.person, lea.codes[0])
    product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))
    product.forgot(lea.person.email)
    product.resolve()
    product.recover(product.mailed_link(Notice.PASSWORD_LINK, LinkKind.PASSWORD), "granite harvest pillow tide")
    agents = [product.log_in(agent.me.person) for agent in agents]

    case_id = product.waiting_case(agents, lea.person, kind=CaseKind.LIFT_FREEZE)

    assert product.now + timedelta(days=7) == product.case(case_id).case.due_at

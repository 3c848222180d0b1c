"""Repair passes as Support's case hands them out: two halves, 24 hours, and ends of many kinds."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, Select, select, update
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.people import CASE, Clock, Product
from tests.core.stored import as_text, dump, values
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.flows import Charge, Guesser
from webapp.core.attempts.rules import GuessKind
from webapp.core.database import writing
from webapp.core.notices import flows as notices
from webapp.core.notices.flows import Notice
from webapp.core.notices.tables import OutboxMail
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.repairs import flows as repairs
from webapp.core.repairs import rules
from webapp.core.repairs.tables import RepairPass as RepairPassRow
from webapp.core.sealing import Keyring


def test_a_pass_has_two_halves_and_one_alone_fits_nothing(product: Product) -> None:
    """Whichever of them is right; the other way round neither."""
    person = product.owner().person
    repair = product.issue_pass(person)
    mailed, read = product.mailed_half(person), product.read_half(person)

    fits = [_fits(product, person, *typed) for typed in _attempts(mailed, read)]

    assert [True, False, False, False, False] == fits
    assert repair == replace(product.live_pass(person), read_half_at=None, read_half_signature="")


def test_the_mailed_half_fits_nothing_before_an_agent_made_the_other(product: Product) -> None:
    """An empty signature is no half."""
    person = product.owner().person
    product.issue_pass(person)

    assert not _fits(product, person, product.mailed_half(person), "0" * 16)


def test_a_pass_lives_24_hours_to_the_microsecond(product: Product, clock: Clock) -> None:
    """Then it is nobody's pass, and no half is made for it."""
    person = product.owner().person
    repair = product.issue_pass(person)

    clock.move(hours=24, microseconds=-1)
    at_the_end = product.live_pass(person)
    clock.move(microseconds=1)

    assert at_the_end is not None
    assert repair.expires_at == clock.now
    assert not repair.is_live(clock.now)
    assert repair.is_live(clock.now - timedelta(microseconds=1))
    assert product.live_pass(person) is None
    assert Refused(Refusal.REPAIR_OVER) == product.new_read_half(repair)
    with writing(product.session):
        assert repairs.use(product.session, repair.id, now=clock.now) is None


def test_a_pass_is_used_once_whoever_comes_at_the_same_instant(engine: Engine, product: Product, clock: Clock) -> None:
    """One conditional UPDATE decides."""
    repair = product.issue_pass(product.owner().person)

    def use(session: Session) -> bool:
        return repairs.use(session, repair.id, now=clock.now) is not None

    assert 1 == sum(at_once(engine, [use] * 8))
    after = repairs.of_case(product.session, CASE)
    assert after is not None
    assert after.was_used
    assert clock.now == after.ended_at


def test_a_new_half_for_the_call_takes_the_place_of_the_one_before(product: Product) -> None:
    """An agent who reads it to somebody else's answering machine makes another."""
    person = product.owner().person
    repair = product.issue_pass(person)
    first = product.read_half(person)

    second = product.read_half(person)

    mailed = product.mailed_half(person)
    assert not _fits(product, person, mailed, first)
    assert _fits(product, person, mailed, second)
    assert ["success", "success"] == [event.outcome for event in product.audit("repair:read_half")]
    assert {repair.case_id} == {event.details["case"] for event in product.audit("repair:read_half")}


def test_who_made_the_half_for_the_call_is_written_down_and_the_half_is_not(engine: Engine, product: Product) -> None:
    """By name, with the case; nothing in the database is either half, before and after the mail was sent."""
    person = product.owner().person
    product.issue_pass(person)
    agent = product.employee("mara@vendor.example", role=Role.EMPLOYEE)

    read = product.read_half(person, agent=agent)

    mailed = product.mailed_half(person)
    [event] = product.audit("repair:read_half")
    assert (agent.id, person.id) == (event.actor_id, event.employee_id)
    before = dump(engine)
    sent: list[str] = []
    notices.deliver_due(
        product.session,
        lambda mail: (
            sent.append(repairs.mailed_half(product.keyring, mail.facts.get("half_seed", "")))
            if mail.notice is Notice.REPAIR_PASS
            else None
        ),
        clock=lambda: product.now,
    )
    assert [mailed] == sent
    for _, value in [*values(before), *values(dump(engine))]:
        for half in (mailed, read, mailed.replace("-", ""), read.replace("-", "")):
            assert half not in as_text(value)
    assert "half_seed" not in product.session.scalars(_mails()).one().facts


def test_the_halves_survive_a_new_key_and_not_the_loss_of_the_old(product: Product) -> None:
    """A key is put in front while a pass is under way; taken out, nothing fits any more."""
    old, new = bytes(range(32)), bytes(32)
    person = product.owner().person
    product.issue_pass(person)
    mailed, read = product.mailed_half(person), product.read_half(person)

    product.keyring = Keyring([new, old])
    still_fits = _fits(product, person, mailed, read)
    product.keyring = Keyring([new])

    assert still_fits
    assert not _fits(product, person, mailed, read)


def test_a_row_that_is_moved_to_another_person_fits_nobody(product: Product) -> None:
    """Somebody who can write to the database has a pass of their own, and gives it to a colleague."""
    company = product.company()
    mine = product.owner("thief@studio.example", company=company).person
    theirs = product.owner(company=company).person
    product.issue_pass(mine)
    mailed, read = product.mailed_half(mine), product.read_half(mine)

    product.session.execute(update(RepairPassRow).values(employee_id=theirs.id))
    product.session.commit()

    assert not _fits(product, theirs, mailed, read)
    moved = product.live_pass(theirs)
    assert moved is not None
    mailed_to_them = repairs.mailed_half(product.keyring, f"{theirs.id}|{moved.seed}")
    assert not _fits(product, theirs, mailed_to_them, read)
    assert not _fits(product, theirs, mailed, product.read_half(theirs))


def test_a_newer_pass_is_the_only_one(product: Product) -> None:
    """Whatever was mailed and read out for the older fits no more; it is written down as void."""
    person = product.owner().person
    first = product.issue_pass(person)
    mailed, read = product.mailed_half(person), product.read_half(person)

    second = product.issue_pass(person)

    assert not _fits(product, person, mailed, read)
    assert second.id == product.live_pass(person).id
    assert Refused(Refusal.REPAIR_OVER) == product.new_read_half(first)
    assert [{"why": "newer"}] == [event.details for event in product.audit("repair:void")]


def test_guesses_at_the_older_pass_do_not_close_the_newer(product: Product, clock: Clock) -> None:
    """Somebody who knows the password has used up the attempts; the owner got a pass since."""
    person = product.owner().person
    strangers = Guesser.at_employee(person.id, None)
    with writing(product.session):
        for _ in range(5):
            assert isinstance(attempts.charge(product.session, strangers, GuessKind.REPAIR, now=clock.now), Charge)

    product.issue_pass(person)

    assert attempts.refusal(product.session, strangers, GuessKind.REPAIR, now=clock.now) is None


def test_a_pass_of_somebody_else_stays_as_it_is(product: Product) -> None:
    """Neither void nor newer for a colleague's sake."""
    company = product.company()
    mine = product.owner(company=company).person
    theirs = product.owner("ben@studio.example", company=company).person
    product.issue_pass(mine)
    product.issue_pass(theirs)

    product.void_pass(theirs)

    assert product.live_pass(mine) is not None
    assert product.live_pass(theirs) is None


def test_a_void_pass_opens_nothing_and_is_void_once(product: Product) -> None:
    """The second time there is nothing to write down; nor for one that was used, or is older than its day."""
    person = product.owner().person
    repair = product.issue_pass(person)
    mailed, read = product.mailed_half(person), product.read_half(person)
    live = product.live_pass(person)
    assert live is not None

    first, second = product.void_pass(person, reason="logged_in"), product.void_pass(person)

    assert (True, False) == (first, second)
    assert product.live_pass(person) is None
    assert [{"why": "logged_in"}] == [event.details for event in product.audit("repair:void")]
    after = repairs.of_case(product.session, CASE)
    assert after is not None
    assert ("logged_in", "", "") == (after.end_reason, after.seed, after.read_half_signature)
    assert not repairs.fits(product.keyring, after, mailed=_plain(mailed), read=_plain(read))
    with writing(product.session):
        assert repairs.use(product.session, repair.id, now=product.now) is None


def test_what_an_old_pass_was_judged_by_is_deleted(product: Product, clock: Clock) -> None:
    """By `purge`, once its 24 hours are over; a younger one stays as it is."""
    company = product.company()
    lea, kim = (product.owner(f"{name}@studio.example", company=company).person for name in ("lea", "kim"))
    product.issue_pass(lea)
    clock.move(hours=1)
    product.issue_pass(kim)
    clock.move(hours=23)

    ended = [repairs.purge(product.session, now=clock.now) for _ in range(2)]

    assert [1, 0] == ended
    old, young = product.session.scalars(select(RepairPassRow).order_by(RepairPassRow.id)).all()
    assert ("", "expired", clock.now) == (old.seed, old.end_reason, old.ended_at)
    assert product.live_pass(kim) is not None
    assert young.seed


def test_both_addresses_get_the_same_half_where_there_are_two(product: Product) -> None:
    """And the link of the mail to the other one never makes it the person's address of before."""
    person = product.owner().person

    product.issue_pass(person, also_to="lea@old.example")

    halves = {
        row.recipient: repairs.mailed_half(product.keyring, row.facts["half_seed"])
        for row in product.session.scalars(_mails())
    }
    assert {"lea@studio.example", "lea@old.example"} == halves.keys()
    assert 1 == len(set(halves.values()))
    product.freeze(product.mailed_link(Notice.REPAIR_PASS, to="lea@old.example"))
    assert "" == product.frozen(person).former_email


@pytest.mark.parametrize("notice", [Notice.REPAIR_PASS, Notice.ACTIVATED])
def test_only_the_link_in_the_mail_of_the_pass_makes_it_void(product: Product, notice: Notice) -> None:
    """“This wasn't me” of any other notice freezes, and leaves the owner the way back that Support gave."""
    person = product.owner().person
    product.issue_pass(person)

    assert isinstance(product.freeze(product.mailed_link(notice)), Accepted)

    assert (product.live_pass(person) is None) == (notice is Notice.REPAIR_PASS)


def test_a_pass_tells_no_place_of_the_agent_or_the_server(product: Product) -> None:
    """It would look like a place of the person's."""
    product.issue_pass(product.owner().person)

    facts = product.session.scalars(_mails()).one().facts

    assert ("", "") == (facts["address"], facts["user_agent"])


def test_nothing_of_a_pass_is_in_its_repr(product: Product) -> None:
    """Where an error shows it, it shows neither seed nor signature."""
    person = product.owner().person
    product.issue_pass(person)
    product.read_half(person)

    repair = product.live_pass(person)

    assert repair is not None
    assert repair.seed not in repr(repair)
    assert repair.read_half_signature not in repr(repair)


def _attempts(mailed: str, read: str) -> list[tuple[str, str]]:
    wrong = "0" * 16
    return [(mailed, read), (mailed, wrong), (wrong, read), (read, mailed), (mailed, mailed)]


def _fits(product: Product, person: Person, mailed: str, read: str) -> bool:
    repair = product.live_pass(person)
    assert repair is not None
    return repairs.fits(product.keyring, repair, mailed=_plain(mailed), read=_plain(read))


def _plain(half: str) -> str:
    plain = rules.read(half)
    assert plain is not None
    return plain


def _mails() -> Select[OutboxMail]:
    return select(OutboxMail).where(OutboxMail.notice == Notice.REPAIR_PASS)

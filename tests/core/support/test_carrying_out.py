"""Carrying a case out: not before its time, all of it or nothing, once, and never by one mailbox alone."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, update

from tests.core.crowd import at_once
from tests.core.people import STRANGER, Owner, Product, Seat
from tests.core.stored import dies_everywhere, dump
from webapp.core.accounts.rules import Role
from webapp.core.cases.rules import CaseKind, Way
from webapp.core.company import deactivation
from webapp.core.database import writing
from webapp.core.factors.totp import flows as totp
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.passwords.tables import PasswordHash
from webapp.core.support.carrying_out import Ran

OTHER_PASSWORD = "granite harvest pillow tide"
OF_THE_FACTORS = ("authenticators", "pending_secrets", "backup_code_sets", "backup_codes", "shown_backup_codes")

both_ways = pytest.mark.parametrize("way", list(Way))


@pytest.fixture
def agents(product: Product) -> list[Seat]:
    return product.agents("ada", "ben")


@pytest.fixture
def lea(product: Product) -> Owner:
    return product.owner()


@both_ways
def test_nothing_is_carried_out_before_its_time(product: Product, agents: list[Seat], lea: Owner, way: Way) -> None:
    """Neither by an agent nor by the command; at the very second it is (D-61)."""
    case_id = product.waiting_case(agents, lea.person, way=way)
    due_at = product.case(case_id).case.due_at
    assert product.now + timedelta(hours=24) == due_at

    product.clock.move(hours=23, minutes=59, seconds=59)
    outcome = product.carry_out(sat_anew(product, agents)[1], case_id)
    assert Refused(Refusal.CASE_NOT_DUE, retry_at=due_at) == outcome
    assert Ran(0, 0, 0, 0) == product.run_due()
    assert len(product.apps(lea.person)) == 1

    product.clock.move(seconds=1)
    assert Ran(1, 0, 0, 0) == product.run_due()
    assert "done" == product.case(case_id).case.state


def test_a_repair_pass_leaves_the_factor_on(product: Product, engine: Engine, agents: list[Seat], lea: Owner) -> None:
    """The pass's mail is the notice; app and codes stay until it is used."""
    case_id = product.waiting_case(agents, lea.person)
    product.clock.move(hours=24)

    product.run_due()

    assert product.live_pass(lea.person)
    assert len(product.apps(lea.person)) == 1
    assert "repair_pass" == dump(engine)["outbox"][-1][1]
    (event,) = product.audit("case:carry_out")
    assert {"case": case_id, "kind": "reset", "way": "repair"} == event.details
    assert event.actor_id is None


def test_a_wipe_takes_everything_away_at_once(product: Product, engine: Engine, agents: list[Seat], lea: Owner) -> None:
    """Factors, codes, sessions, half-way log-ins, browsers, links to a password; and the mail says until when."""
    half_way = product.half_way(lea.person)
    product.forgot(lea.person.email)
    product.resolve()
    link = product.mailed_link(Notice.PASSWORD_LINK, LinkKind.PASSWORD)
    case_id = product.waiting_case(agents, lea.person, way=Way.WIPE)
    product.clock.move(hours=24)

    outcome = product.carry_out(sat_anew(product, agents)[0], case_id)

    assert isinstance(outcome, Accepted)
    stored = dump(engine)
    assert {name: [] for name in OF_THE_FACTORS} == {name: stored[name] for name in OF_THE_FACTORS}
    assert [] == stored["challenges"]
    assert product.find(lea.seat.token) is None
    assert Refused(Refusal.CHALLENGE_OVER) == product.answer(half_way, lea.codes[0])
    assert Refused(Refusal.LINK_OVER) == product.recover(link, OTHER_PASSWORD)
    assert "case_done" == stored["outbox"][-1][1]
    assert product.now == product.employee_now(lea.person).wiped_at
    (event,) = product.audit("two_factor:reset_by_support")
    assert agents[0].me.person.id == event.actor_id


def test_the_day_after_a_wipe_is_all_there_is_and_a_new_case_gives_another(
    product: Product, agents: list[Seat], lea: Owner
) -> None:
    """Within it a new case has nothing to do; after it the log-in is refused, and only a wipe helps."""
    product.waiting_case(agents, lea.person, way=Way.WIPE)
    product.clock.move(hours=24)
    product.run_due()
    agents = sat_anew(product, agents)
    assert Refused(Refusal.NOT_ACTIVE) == product.open_case(agents[0], lea.person, way=Way.WIPE)

    product.clock.move(hours=24)
    agents = sat_anew(product, agents)
    assert Refused(Refusal.WIPE_OVER) == product.pass_password(lea.person.email)
    assert Refused(Refusal.NOT_ACTIVE) == product.open_case(agents[0], lea.person, way=Way.REPAIR)
    found = product.look_up(agents[0], lea.person.email)
    assert isinstance(found, Accepted)
    assert (Way.WIPE,) == found.value.ways
    product.waiting_case(agents, lea.person, way=Way.WIPE)
    product.clock.move(hours=24)
    assert Ran(1, 0, 0, 0) == product.run_due()

    product.log_in(lea.person)


def test_another_wipe_does_not_begin_with_a_password_in_doubt(product: Product, agents: list[Seat], lea: Owner) -> None:
    """It would be spoiled with the lift, and none is mailed in the day after a wipe: that day would open nothing."""
    product.waiting_case(agents, lea.person, way=Way.WIPE)
    product.clock.move(hours=24)
    product.run_due()
    product.clock.move(hours=24)
    recover(product, lea)
    product.clock.move(seconds=1)
    product.freeze(product.mailed_link(Notice.PASSWORD_FORGOTTEN))

    outcome = product.open_case(sat_anew(product, agents)[0], lea.person, way=Way.WIPE)

    assert Refused(Refusal.PASSWORD_IN_DOUBT) == outcome


@pytest.mark.parametrize("when", ["before", "during"])
def test_a_week_passes_after_a_password_by_mail(product: Product, agents: list[Seat], lea: Owner, when: str) -> None:
    """Whoever has the mailbox and calls Support has to wait for as long as its owner may be away."""
    if when == "before":
        recover(product, lea)
    recovered_at = product.now
    case_id = product.waiting_case(agents, lea.person, way=Way.WIPE)
    if when == "during":
        product.clock.move(hours=20)
        recover(product, lea)
        recovered_at = product.now

    assert recovered_at + timedelta(days=7) == product.case(case_id).case.due_at
    product.clock.now = recovered_at + timedelta(days=7, seconds=-1)
    assert Ran(0, 0, 0, 0) == product.run_due()
    assert Refused(Refusal.CASE_NOT_DUE, retry_at=recovered_at + timedelta(days=7)) == product.carry_out(
        sat_anew(product, agents)[0], case_id
    )
    product.clock.move(seconds=1)
    assert Ran(1, 0, 0, 0) == product.run_due()


def test_a_password_by_mail_at_the_last_moment_is_seen(
    product: Product, engine: Engine, agents: list[Seat], lea: Owner
) -> None:
    """Carried out and recovered at the same instant: whichever is first, never a recovery and then a reset."""
    product.waiting_case(agents, lea.person, way=Way.WIPE)
    product.clock.move(hours=24)
    product.forgot(lea.person.email)
    product.resolve()
    link = product.mailed_link(Notice.PASSWORD_LINK, LinkKind.PASSWORD)

    ran, recovered = at_once(
        engine,
        [
            lambda session: product.beside(session).run_due(),
            lambda session: product.beside(session).recover(link, OTHER_PASSWORD),
        ],
    )

    assert isinstance(ran, Ran)
    assert (ran.carried_out == 1) != isinstance(recovered, Accepted)


@both_ways
def test_a_crash_anywhere_carries_out_all_or_nothing(
    product: Product, engine: Engine, agents: list[Seat], lea: Owner, way: Way
) -> None:
    """Factors, sessions, pass or wipe, history, audit and mail are one transaction."""
    product.half_way(lea.person)
    case_id = product.waiting_case(agents, lea.person, way=way)
    product.clock.move(hours=24)
    before = dump(engine)

    deaths, sights = dies_everywhere(engine, lambda: product.carry_out(None, case_id), lambda: dump(engine))

    assert deaths > 10
    assert [before] * deaths == sights
    assert "done" == product.case(case_id).case.state


@both_ways
def test_two_runs_at_once_carry_a_case_out_once(
    product: Product, engine: Engine, agents: list[Seat], lea: Owner, way: Way
) -> None:
    """The command twice, and an agent."""
    case_id = product.waiting_case(agents, lea.person, way=way)
    product.clock.move(hours=24)
    agent = sat_anew(product, agents)[0]

    outcomes = at_once(
        engine,
        [
            lambda session: product.beside(session).run_due().carried_out == 1,
            lambda session: product.beside(session).run_due().carried_out == 1,
            lambda session: isinstance(product.beside(session).carry_out(agent, case_id), Accepted),
        ],
    )

    assert 1 == outcomes.count(True)
    assert 1 == [one.state for one in product.case(case_id).history].count("done")
    assert 1 == [event.outcome for event in product.audit("case:carry_out")].count("success")


def test_what_breaks_keeps_no_other_waiting(product: Product, engine: Engine, agents: list[Seat], lea: Owner) -> None:
    """A case whose password doesn't open is logged and waits; the next one is carried out."""
    other = product.owner("max@studio.example")
    product.session.rollback()
    freeze_since_the_app(product, lea)
    first = product.waiting_case(agents, lea.person, kind=CaseKind.LIFT_FREEZE)
    second = product.waiting_case(agents, other.person, kind=CaseKind.RESET)
    with engine.begin() as connection:
        connection.execute(update(PasswordHash).values(box=b"tampered with" * 4))
    product.clock.move(hours=24)

    ran = product.run_due()

    assert (1, 1) == (ran.carried_out, ran.failed)
    assert ["waiting", "done"] == [product.case(one).case.state for one in (first, second)]


def test_a_case_that_comes_to_nothing_stays_and_expires_in_the_end(
    product: Product, agents: list[Seat], lea: Owner
) -> None:
    """Nothing is left to reset: two weeks after it was due it is over, and its person hears of it."""
    case_id = product.waiting_case(agents, lea.person)
    product.reset_by_operator(lea.person)
    assert "stopped" == product.case(case_id).case.state
    owner = product.owner("max@studio.example")
    case_id = product.waiting_case(agents, owner.person, kind=CaseKind.RESET)
    with_off(product, owner)
    product.clock.move(hours=24)

    assert Ran(0, 0, 1, 0) == product.run_due()
    product.clock.move(days=14, seconds=-1)
    assert Ran(0, 0, 1, 0) == product.run_due()
    product.clock.move(seconds=1)
    assert Ran(0, 1, 0, 0) == product.run_due()
    assert "expired" == product.case(case_id).case.state
    assert not product.audit("case:carry_out")


@pytest.mark.parametrize("kind", list(CaseKind))
def test_an_account_that_is_closed_is_left_alone_and_its_case_waits(
    product: Product, agents: list[Seat], lea: Owner, kind: CaseKind
) -> None:
    """Nothing is opened about it either; when it is opened again within the time of its case, that is carried out."""
    if kind is CaseKind.LIFT_FREEZE:
        product.freeze(product.mailed_link(Notice.ACTIVATED))
    case_id = product.waiting_case(agents, lea.person, kind=kind)
    set_active(product, lea, is_active=False)
    product.clock.move(hours=24)

    ran, by_hand = product.run_due(), product.carry_out(sat_anew(product, agents)[0], case_id)

    assert Ran(0, 0, 1, 0) == ran
    assert Refused(Refusal.DEACTIVATED) == by_hand
    set_active(product, lea, is_active=True)
    assert Ran(1, 0, 0, 0) == product.run_due()
    set_active(product, lea, is_active=False)
    assert Refused(Refusal.DEACTIVATED) == product.open_case(sat_anew(product, agents)[0], lea.person, kind=kind)


@pytest.mark.parametrize("gone", [0, 1])
def test_what_an_agent_vouched_for_whose_account_was_closed_is_not_carried_out(
    product: Product, agents: list[Seat], lea: Owner, gone: int
) -> None:
    """Closed because a stranger had it, perhaps: the opener's and the approver's, by the command and by an agent."""
    case_id = product.waiting_case(agents, lea.person, way=Way.WIPE)
    deactivation.set_active_by_operator(
        product.session, agents[gone].me.person, is_active=False, now=product.now, visitor=STRANGER
    )
    product.clock.move(hours=24)

    ran, by_hand = product.run_due(), product.carry_out(sat_anew(product, [agents[1 - gone]])[0], case_id)

    assert Ran(0, 0, 1, 0) == ran
    assert Refused(Refusal.AGENT_GONE) == by_hand
    assert len(product.apps(lea.person)) == 1


@pytest.mark.parametrize("kind", list(CaseKind))
def test_nothing_is_done_for_somebody_who_was_only_invited(
    product: Product, agents: list[Seat], lea: Owner, kind: CaseKind
) -> None:
    """There is nothing of theirs to reset, and the link of the invitation is an administrator's."""
    admin = product.employee("amy@studio.example", company=lea.person.company_id, role=Role.ADMIN)
    product.invite(product.log_in(admin), "kim@studio.example")
    kim = product.look_up(agents[0], "kim@studio.example")
    assert isinstance(kim, Accepted)

    outcome = product.open_case(agents[0], kim.value.person, kind=kind)

    nothing = Refusal.NOT_ACTIVE if kind is CaseKind.RESET else Refusal.NOT_FROZEN
    assert Refused(nothing) == outcome
    assert () == kim.value.ways


# --- a freeze ---------------------------------------------------------------------------------------------------------


@both_ways
def test_no_reset_ends_with_a_password_that_opens_nothing(
    product: Product, agents: list[Seat], lea: Owner, way: Way
) -> None:
    """Set by the disputed event or since, it is spoiled with the lift, and another one by mail voids a pass: the person
    sets it first, and then waits the week."""
    freeze_since_the_app(product, lea)

    refused = product.open_case(agents[0], lea.person, way=way)
    recover(product, lea)
    product.clock.move(seconds=1)

    assert Refused(Refusal.PASSWORD_IN_DOUBT) == refused
    case_id = product.waiting_case(agents, lea.person, way=way)
    product.clock.move(days=7)
    assert Ran(1, 0, 0, 0) == product.run_due()
    assert "done" == product.case(case_id).case.state


def test_a_pass_from_a_case_logs_in_with_a_new_app(product: Product, agents: list[Seat], lea: Owner) -> None:
    """From the freeze that its owner can't lift to the first code of the new phone."""
    product.clock.move(days=1)
    product.log_in_with(lea.person, lea.phone.code(product.now))
    product.clock.next_step()
    product.freeze(product.mailed_link(Notice.NEW_BROWSER, to=lea.person.email))
    product.waiting_case(agents, lea.person)
    product.clock.move(hours=24)
    product.run_due()

    halves = product.mailed_half(lea.person), product.read_half(lea.person, agent=agents[0].me.person)
    seat = product.entered(lea.person, *halves)
    phone = product.scan_for_repair(seat)
    product.confirm(seat, phone.code(product.now))

    product.clock.next_step()
    assert product.log_in_with(lea.person, phone.code(product.now))


def freeze_since_the_app(product: Product, owner: Owner) -> None:
    """The owner says that activating wasn't them."""
    assert isinstance(product.freeze(product.mailed_link(Notice.ACTIVATED, to=owner.person.email)), Accepted)


def set_active(product: Product, owner: Owner, *, is_active: bool) -> None:
    deactivation.set_active_by_operator(
        product.session, owner.person, is_active=is_active, now=product.now, visitor=STRANGER
    )


def with_off(product: Product, owner: Owner) -> None:
    """Without their doing, and without a trace of who: as after a downgrade."""
    with writing(product.session):
        totp.remove(product.session, owner.person.id)


def recover(product: Product, owner: Owner, password: str = OTHER_PASSWORD) -> None:
    product.forgot(owner.person.email)
    product.resolve()
    link = product.mailed_link(Notice.PASSWORD_LINK, LinkKind.PASSWORD)
    assert isinstance(product.recover(link, password), Accepted)


def sat_anew(product: Product, agents: list[Seat]) -> list[Seat]:
    """The same agents on another day."""
    return [product.log_in(agent.me.person) for agent in agents]

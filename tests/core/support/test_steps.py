"""Every act in every state, once each, whoever clicks at the same instant."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.people import Owner, Product, Seat
from tests.core.stored import dump
from webapp.core.accounts.tables import Employee
from webapp.core.cases.rules import FROM, UNDER_WAY, Act, CaseState
from webapp.core.cases.tables import SupportCase
from webapp.core.database import CaseId, writing
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.support.flows import Terms

every_state = pytest.mark.parametrize("state", list(CaseState))
ACTS: dict[Act, Callable[[Product, list[Seat], int], object]] = {
    Act.CHECK: lambda product, agents, case_id: product.check_case(agents[0], case_id),
    Act.APPROVE: lambda product, agents, case_id: product.approve_case(agents[1], case_id),
    Act.REFUSE: lambda product, agents, case_id: product.refuse_case(agents[1], case_id),
    Act.STOP: lambda product, agents, case_id: product.stop_case(agents[1], case_id),
    Act.CARRY_OUT: lambda product, agents, case_id: product.carry_out(agents[1], case_id),
}
LEADS_TO = {
    Act.CHECK: "checked",
    Act.APPROVE: "waiting",
    Act.REFUSE: "refused",
    Act.STOP: "stopped",
    Act.CARRY_OUT: "done",
}
every_act = pytest.mark.parametrize("act", list(ACTS))


@pytest.fixture
def agents(product: Product) -> list[Seat]:
    return product.agents("ada", "ben", "cem")


@pytest.fixture
def lea(product: Product) -> Owner:
    return product.owner()


@every_act
@every_state
def test_an_act_is_possible_in_its_states_and_in_no_other(
    product: Product, agents: list[Seat], lea: Owner, act: Act, state: CaseState
) -> None:
    """Anything else is refused, changes nothing, and is written down."""
    case_id = case_in(product, agents, lea, state)
    before = product.case(case_id)

    outcome = ACTS[act](product, agents, case_id)

    after = product.case(case_id)
    if state in FROM[act]:
        assert isinstance(outcome, Accepted), outcome
        assert LEADS_TO[act] == after.case.state
        return
    assert Refused(Refusal.CASE_MOVED_ON) == outcome
    assert before == after
    assert "case_moved_on" == product.audit()[-1].reason


@every_act
def test_two_agents_at_the_same_instant_take_a_step_once(
    product: Product, engine: Engine, agents: list[Seat], lea: Owner, act: Act
) -> None:
    """One is first, the other is told that the case has moved on; one event, one mail."""
    state = {Act.CHECK: CaseState.OPEN, Act.CARRY_OUT: CaseState.WAITING}.get(act, CaseState.CHECKED)
    case_id = case_in(product, agents, lea, state)
    others = [agents[0], agents[0]] if act is Act.CHECK else [agents[1], agents[2]]

    def take(agent: Seat) -> Callable[[Session], object]:
        pair = [agent, agent]
        return lambda session: ACTS[act](product.beside(session), pair, case_id)

    outcomes = at_once(engine, [take(agent) for agent in others])

    assert 1 == sum(isinstance(outcome, Accepted) for outcome in outcomes)
    assert Refused(Refusal.CASE_MOVED_ON) in outcomes
    assert 1 == [one.state for one in product.case(case_id).history].count(CaseState(LEADS_TO[act]))


@pytest.mark.parametrize(
    ("one", "other", "state"),
    [(Act.APPROVE, Act.REFUSE, CaseState.CHECKED), (Act.CARRY_OUT, Act.STOP, CaseState.WAITING)],
)
def test_two_agents_who_disagree_at_the_same_instant(
    product: Product, engine: Engine, agents: list[Seat], lea: Owner, one: Act, other: Act, state: CaseState
) -> None:
    """What either does shuts the other out."""
    case_id = case_in(product, agents, lea, state)

    outcomes = at_once(
        engine,
        [
            lambda session: ACTS[one](product.beside(session), agents[1:2] * 2, case_id),
            lambda session: ACTS[other](product.beside(session), agents[2:3] * 2, case_id),
        ],
    )

    took = one if isinstance(outcomes[0], Accepted) else other
    assert 1 == sum(isinstance(outcome, Accepted) for outcome in outcomes)
    assert Refused(Refusal.CASE_MOVED_ON) in outcomes
    assert LEADS_TO[took] == product.case(case_id).case.state


@pytest.mark.parametrize("end", ["refused", "stopped", "expired"])
def test_the_end_is_told_and_written_down(
    product: Product, engine: Engine, agents: list[Seat], lea: Owner, end: str
) -> None:
    """By which agent, where one did it; a link that stopped the case is in no mail any more, and in none before."""
    case_id = case_in(product, agents, lea, CaseState.CHECKED)
    link = product.mailed_link(Notice.CASE_OPENED, LinkKind.CASE)
    if end == "expired":
        product.clock.move(days=7)
        product.run_due()
    else:
        ACTS[Act.REFUSE if end == "refused" else Act.STOP](product, agents, case_id)

    (event,) = product.audit({"refused": "case:refuse", "stopped": "case:stop", "expired": "case:expire"}[end])
    assert (agents[1].me.person.id if end != "expired" else None) == event.actor_id
    assert lea.person.id == event.employee_id
    assert f"case_{end}" == dump(engine)["outbox"][-1][1]
    assert Refused(Refusal.LINK_OVER) == product.stop_by_link(link)


def test_two_agents_at_the_same_instant_open_one_case(
    product: Product, engine: Engine, agents: list[Seat], lea: Owner
) -> None:
    outcomes = at_once(
        engine,
        [lambda session, agent=agent: product.beside(session).open_case(agent, lea.person) for agent in agents],
    )

    assert 1 == sum(isinstance(outcome, Accepted) for outcome in outcomes)
    assert 2 == outcomes.count(Refused(Refusal.CASE_EXISTS))


@every_act
def test_whom_a_case_is_about_has_no_part_in_it(product: Product, agents: list[Seat], act: Act) -> None:
    """An agent may lose their phone too: then two others see to it."""
    cem = product.activate(agents[2].me.person, agents[2])
    product.close(cem.seat)
    state = {Act.CHECK: CaseState.OPEN, Act.CARRY_OUT: CaseState.WAITING}.get(act, CaseState.CHECKED)
    assert Refused(Refusal.OWN_CASE) == product.open_case(agents[2], cem.person)
    case_id = case_in(product, agents, cem, state)

    assert Refused(Refusal.OWN_CASE) == ACTS[act](product, [agents[2], agents[2]], case_id)
    alone = Terms(1, product.case(case_id).case.opened_at - product.case(case_id).case.opened_at)
    if state is CaseState.CHECKED:
        assert Refused(Refusal.SAME_AGENT) == product.approve_case(agents[0], case_id, terms=alone)


@every_act
@pytest.mark.parametrize("change", [{"role": "admin"}, {"is_active": False}])
def test_who_is_no_agent_any_more_does_nothing(
    product: Product, agents: list[Seat], lea: Owner, act: Act, change: dict[str, object]
) -> None:
    """Asked under the lock, whatever the page's guard saw."""
    state = {Act.CHECK: CaseState.OPEN, Act.CARRY_OUT: CaseState.WAITING}.get(act, CaseState.CHECKED)
    case_id = case_in(product, agents, lea, state)
    with writing(product.session):
        product.session.execute(update(Employee).where(Employee.email.like("%@calenso.example")).values(**change))

    assert Refused(Refusal.NOT_SUPPORT) == ACTS[act](product, agents, case_id)
    assert Refused(Refusal.NOT_SUPPORT) == product.look_up(agents[0], lea.person.email)
    assert state == product.case(case_id).case.state


def test_the_opener_sees_the_document_and_another_one_decides(product: Product, agents: list[Seat], lea: Owner) -> None:
    case_id = case_in(product, agents, lea, CaseState.OPEN)
    assert Refused(Refusal.NOT_THE_OPENER) == product.check_case(agents[1], case_id)
    assert Refused(Refusal.NO_MATCH) == product.check_case(agents[0], case_id, match=False)
    yesterday, today = date(2026, 3, 1), date(2026, 3, 2)
    assert Refused(Refusal.DOCUMENT_EXPIRED) == product.check_case(agents[0], case_id, valid_until=yesterday)
    assert isinstance(product.check_case(agents[0], case_id, valid_until=today), Accepted)

    assert Refused(Refusal.SAME_AGENT) == product.approve_case(agents[0], case_id)
    assert Refused(Refusal.SAME_AGENT) == product.refuse_case(agents[0], case_id)


def test_three_where_three_are_needed(product: Product, agents: list[Seat], lea: Owner) -> None:
    """The second one's approval alone begins no waiting, and counts once."""
    case_id = case_in(product, agents, lea, CaseState.CHECKED)
    terms = Terms(3, product.now - product.now)

    assert isinstance(product.approve_case(agents[1], case_id, terms=terms), Accepted)
    assert "approved" == product.case(case_id).case.state
    assert Refused(Refusal.SAME_AGENT) == product.approve_case(agents[1], case_id, terms=terms)
    assert isinstance(product.approve_case(agents[2], case_id, terms=terms), Accepted)
    assert "waiting" == product.case(case_id).case.state


def test_a_reference_is_one_word(product: Product, agents: list[Seat], lea: Owner) -> None:
    assert Refused(Refusal.TICKET_INVALID) == product.open_case(agents[0], lea.person, ticket="two words")


def test_a_reason_is_one_line_without_a_number(product: Product, agents: list[Seat], lea: Owner) -> None:
    """No part of a document's number has a place to be written down in."""
    case_id = case_in(product, agents, lea, CaseState.OPEN)

    assert Refused(Refusal.REASON_INVALID) == product.stop_case(agents[0], case_id, "Passport X 1234567")


@pytest.mark.parametrize("state", sorted(UNDER_WAY - {CaseState.WAITING}))
def test_what_nobody_approves_in_a_week_expires(
    product: Product, agents: list[Seat], lea: Owner, state: CaseState
) -> None:
    """Also before the command has run: it can't be approved, and a new case takes its place."""
    case_id = case_in(product, agents, lea, state)
    product.clock.move(days=7)
    agents = [product.log_in(agent.me.person) for agent in agents]

    assert Refused(Refusal.CASE_MOVED_ON) == product.stop_case(agents[0], case_id)
    assert "expired" == product.case(case_id).case.state
    assert isinstance(product.open_case(agents[0], lea.person), Accepted)


def case_in(product: Product, agents: list[Seat], lea: Owner, state: CaseState) -> CaseId:
    """A case of the first agent's; it was due a while ago where it waits."""
    opened = product.open_case(agents[0], lea.person)
    assert isinstance(opened, Accepted)
    values: dict[str, object] = {"state": state, "waits_until": None, "ended_at": None}
    if state is CaseState.WAITING:
        values["waits_until"] = product.now
    if state not in UNDER_WAY:
        values["ended_at"] = product.now
    with writing(product.session):
        product.session.execute(update(SupportCase).values(**values))
    return opened.value.id

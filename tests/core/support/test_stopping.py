"""A case is stopped by whoever it is about: by a mail's link, or by showing that no factor is missing."""

import pytest
from sqlalchemy import Engine

from tests.core.crowd import at_once
from tests.core.people import Owner, Product, Seat
from tests.core.stored import dump
from webapp.core.cases.rules import CaseKind, Way
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused

both_notices = pytest.mark.parametrize("notice", [Notice.CASE_OPENED, Notice.CASE_WAITING])


@pytest.fixture
def agents(product: Product) -> list[Seat]:
    return product.agents("ada", "ben")


@pytest.fixture
def lea(product: Product) -> Owner:
    return product.owner()


@both_notices
def test_the_link_of_a_notice_stops_the_case_once(
    product: Product, engine: Engine, agents: list[Seat], lea: Owner, notice: Notice
) -> None:
    """Each mail's; then none of them does anything, and the person hears of it."""
    case_id = product.waiting_case(agents, lea.person)
    links = [product.mailed_link(one, LinkKind.CASE) for one in (Notice.CASE_OPENED, Notice.CASE_WAITING)]

    assert isinstance(product.stop_by_link(product.mailed_link(notice, LinkKind.CASE)), Accepted)

    assert [Refused(Refusal.LINK_OVER)] * 2 == [product.stop_by_link(link) for link in links]
    assert ("stopped", "link") == (product.case(case_id).case.state, product.case(case_id).history[-1].by)
    assert "case_stopped" == dump(engine)["outbox"][-1][1]


@pytest.mark.parametrize("by", ["link", "log-in"])
def test_a_case_whose_time_is_over_has_expired_whoever_comes_first(
    product: Product, agents: list[Seat], lea: Owner, by: str
) -> None:
    """Before the command has run: its history doesn't say that its person stopped it."""
    opened = product.open_case(agents[0], lea.person)
    assert isinstance(opened, Accepted)
    product.clock.move(days=7)

    if by == "link":
        link = product.mailed_link(Notice.CASE_OPENED, LinkKind.CASE)
        assert Refused(Refusal.LINK_OVER) == product.stop_by_link(link)
    else:
        product.log_in_with(lea.person, lea.codes[0])

    file = product.case(opened.value.id)
    assert ("expired", "time") == (file.case.state, file.history[-1].by)


def test_a_stop_and_the_carrying_out_at_the_same_instant(
    product: Product, engine: Engine, agents: list[Seat], lea: Owner
) -> None:
    """One of the two."""
    case_id = product.waiting_case(agents, lea.person)
    link = product.mailed_link(Notice.CASE_WAITING, LinkKind.CASE)
    product.clock.move(hours=24)

    ran, stopped = at_once(
        engine,
        [
            lambda session: product.beside(session).run_due().carried_out == 1,
            lambda session: isinstance(product.beside(session).stop_by_link(link), Accepted),
        ],
    )

    assert ran != stopped
    assert ("done" if ran else "stopped") == product.case(case_id).case.state


@pytest.mark.parametrize("factor", ["totp", "backup_code"])
@pytest.mark.parametrize("kind", list(CaseKind))
def test_a_full_log_in_stops_a_case(product: Product, agents: list[Seat], factor: str, kind: CaseKind) -> None:
    """Whoever has a second factor needs no Support: somebody else is asking (D-61)."""
    lea = product.owner()
    if kind is CaseKind.LIFT_FREEZE:
        product.clock.next_step()
        product.log_in_with(lea.person, lea.codes[6])
        product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))
    case_id = product.waiting_case(agents, lea.person, kind=kind)
    product.clock.next_step()

    product.log_in_with(lea.person, lea.codes[0] if factor == "backup_code" else lea.phone.code(product.now))

    assert ("stopped", "log_in") == (product.case(case_id).case.state, product.case(case_id).history[-1].by)


def test_another_app_with_a_code_of_the_old_one_stops_a_case(product: Product, agents: list[Seat]) -> None:
    """In a session that was there before the case: the app that a wipe would take away has just been proved."""
    lea = product.owner()
    case_id = product.waiting_case(agents, lea.person, way=Way.WIPE)
    product.clock.next_step()

    seat = lea.seat
    assert isinstance(product.replace_app(seat, lea.phone.code(product.now)), Accepted)
    phone = product.scanned(seat)
    product.clock.next_step()
    assert isinstance(product.confirm(seat, phone.code(product.now)), Accepted)

    assert ("stopped", "factor") == (product.case(case_id).case.state, product.case(case_id).history[-1].by)


def test_activating_after_a_wipe_stops_the_case_for_another(product: Product, agents: list[Seat], lea: Owner) -> None:
    """A session of the day after the first one is enough for it, and what it sets is not taken away again."""
    product.waiting_case(agents, lea.person, way=Way.WIPE)
    product.clock.move(hours=24)
    product.run_due()
    product.clock.move(hours=23, minutes=59)
    seat = product.log_in(lea.person)
    product.clock.move(minutes=1)
    case_id = product.waiting_case([product.log_in(one.me.person) for one in agents], lea.person, way=Way.WIPE)

    product.activate(lea.person, seat)

    assert ("stopped", "factor") == (product.case(case_id).case.state, product.case(case_id).history[-1].by)


def test_half_a_log_in_stops_nothing(product: Product, agents: list[Seat], lea: Owner) -> None:
    """Nor does a wrong code: whoever has the password alone is whom the case may be a help against."""
    case_id = product.waiting_case(agents, lea.person)

    waiting = product.half_way(lea.person)
    product.answer(waiting, lea.phone.wrong_code(product.now))

    assert "waiting" == product.case(case_id).case.state


def test_a_reset_by_an_operator_and_one_by_its_owner_stop_a_case(
    product: Product, agents: list[Seat], lea: Owner
) -> None:
    first = product.waiting_case(agents, lea.person)
    product.reset_by_operator(lea.person)
    other = product.owner("max@studio.example")
    second = product.waiting_case(agents, other.person)
    product.reset(other.seat, other.codes[0])

    assert ["operator", "factor"] == [product.case(one).history[-1].by for one in (first, second)]

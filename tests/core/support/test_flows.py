"""Cases of Support: two people, one step at a time, each step once, and all of it written down."""

from datetime import timedelta

from tests.core.people import Product
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.support.flows import Terms


def test_a_case_goes_from_open_to_waiting_by_two_people(product: Product) -> None:
    """Opener and one other; each step stands in its history with who took it."""
    opener, other = product.agents("ada", "ben")
    lea = product.owner()

    opened = product.open_case(opener, lea.person)
    assert isinstance(opened, Accepted)
    case_id = opened.value.id
    assert isinstance(product.check_case(opener, case_id), Accepted)
    assert Refused(Refusal.SAME_AGENT) == product.approve_case(opener, case_id)
    assert isinstance(product.approve_case(other, case_id), Accepted)

    file = product.case(case_id)
    assert "waiting" == file.case.state
    assert [("open", "ada"), ("checked", "ada"), ("approved", "ben"), ("waiting", "ben")] == [
        (one.state, one.actor_name) for one in file.history
    ]


def test_its_person_is_told_of_every_step_with_the_link_that_stops_it(product: Product) -> None:
    """Of the check too, and of an approval that is not the last: days of silence would be what a thief needs (D-61)."""
    lea, terms = product.owner(), Terms(approvals=3, wait=timedelta(hours=24))
    mia, noah, olga = (product.agent(f"{name}@support.example", name=name.title()) for name in ("mia", "noah", "olga"))
    opened = product.open_case(mia.seat, lea.person)
    assert isinstance(opened, Accepted)
    product.check_case(mia.seat, opened.value.id)
    product.approve_case(noah.seat, opened.value.id, terms=terms)

    product.approve_case(olga.seat, opened.value.id, terms=terms)

    told = [Notice.CASE_OPENED, Notice.CASE_CHECKED, Notice.CASE_APPROVED, Notice.CASE_WAITING]
    links = [product.mailed_link(notice, LinkKind.CASE, to=lea.person.email) for notice in told]
    assert 4 == len(set(links))
    assert Accepted(None) == product.stop_by_link(links[1])


def test_a_look_up_tells_the_state_and_is_written_down(product: Product) -> None:
    """By whom and of whom; of an address that nobody has too."""
    (agent,) = product.agents("ada")
    lea = product.owner()

    found = product.look_up(agent, "LEA@studio.example")

    assert isinstance(found, Accepted)
    assert 8 == found.value.codes_left
    assert Refused(Refusal.UNKNOWN_EMPLOYEE) == product.look_up(agent, "nobody@studio.example")
    events = product.audit("support:look_up")
    assert [(lea.person.id, ""), (None, "unknown_employee")] == [(one.employee_id, one.reason) for one in events]
    assert {agent.me.person.id} == {one.actor_id for one in events}

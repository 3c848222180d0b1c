"""Cases of Support: two people, one step at a time, each step once, and all of it written down."""

from tests.core.people import Product
from webapp.core.outcomes import Accepted, Refusal, Refused


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

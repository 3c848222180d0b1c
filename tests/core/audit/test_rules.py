"""The vocabulary of the audit."""

import pytest

from webapp.core.audit.rules import DETAIL_KEYS, EventKind, check_details


def test_an_event_with_details_it_doesn_t_declare_is_refused() -> None:
    """So that a code or a token can't slip in under a new name."""
    with pytest.raises(ValueError, match="code"):
        check_details(EventKind.SECOND_FACTOR_CHECKED, {"purpose": "log-in", "code": "123456"})
    with pytest.raises(ValueError, match="anything"):
        check_details(EventKind.LOGGED_IN, {"anything": 1})


@pytest.mark.parametrize("kind", list(EventKind))
def test_an_event_may_carry_what_it_declares(kind: EventKind) -> None:
    """Declared details pass."""
    check_details(kind, dict.fromkeys(DETAIL_KEYS.get(kind, ()), 1))


@pytest.mark.parametrize("kind", list(EventKind))
def test_names_of_events_have_one_shape_and_fit_their_column(kind: EventKind) -> None:
    """subject:action, for they are stored and searched for."""
    subject, action = kind.value.split(":")

    assert subject.isidentifier()
    assert action.isidentifier()
    assert len(kind.value) <= 64

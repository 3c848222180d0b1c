"""What is a ticket and a reason, when a case is due, and when it has expired."""

from datetime import UTC, date, datetime, timedelta

import pytest

from webapp.core.cases import rules
from webapp.core.cases.rules import BEFORE_APPROVAL, FROM, UNDER_WAY, Act, CaseState

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize("text", ["T-1042", "#17", "help.desk/2026_03", "A", "9" * 64])
def test_a_ticket_is_letters_digits_and_a_few_signs(text: str) -> None:
    """Spaces around it are a matter of pasting."""
    assert text == rules.valid_ticket(text) == rules.valid_ticket(f"  {text}\n")


@pytest.mark.parametrize(
    "text", ["", " ", "T\n17", "ß", "-1042", "T 1042", "T-1042\nx", "Ä-1", "T-1042²", "9" * 65, "<b>"]
)
def test_nothing_else_is_a_ticket(text: str) -> None:
    """Neither two lines nor what looks like two entries of a log."""
    assert rules.valid_ticket(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "The voice was another one",
        "Called back at 9.30",
        "Twice 1234 asked",
        "Has an iPhone15 now",
        "See HD-1042",
        "x" * 200,
    ],
)
def test_a_reason_is_one_line(text: str) -> None:
    """Of at most 200 characters."""
    assert text == rules.valid_reason(text) == rules.valid_reason(f" {text} ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "x" * 201,
        "two\nlines",
        "no 12345",
        "C01 2.3-4 5",
        "passport 1-2-3-4-5",
        "a\x07b",
        "no L01X00T47",
        "abcde12f3",
    ],
)
def test_a_reason_holds_no_number_of_a_document(text: str) -> None:
    """Five digits in a row are none, with a space, dot or dash between them either, nor letters and digits mixed."""
    assert rules.valid_reason(text) is None


def test_a_document_is_valid_on_its_last_day() -> None:
    """And no longer."""
    today = date(2026, 3, 2)

    assert not rules.has_expired(today, today)
    assert rules.has_expired(today - DAY, today)


@pytest.mark.parametrize(("recovered", "due"), [(None, 0), (-8, 0), (-7, 0), (-6, 1), (0, 7), (3, 10)])
def test_a_case_is_due_a_week_after_a_password_by_mail(recovered: int | None, due: int) -> None:
    """The later of that and its own waiting time, in days from its end."""
    recovered_at = None if recovered is None else NOON + recovered * DAY

    assert NOON + due * DAY == rules.due_at(NOON, recovered_at)


@pytest.mark.parametrize("state", sorted(UNDER_WAY))
def test_a_case_expires_a_week_after_its_opening_or_two_after_it_was_due(state: CaseState) -> None:
    """Whichever it waits for: an approval, or to be carried out."""
    due_at = NOON + 30 * DAY

    expires_at = rules.stale_at(state, opened_at=NOON, due_at=due_at)

    assert (NOON + 7 * DAY if state in BEFORE_APPROVAL else NOON + 44 * DAY) == expires_at
    assert NOON + 7 * DAY == rules.stale_at(state, opened_at=NOON, due_at=None)


def test_each_act_has_its_states() -> None:
    """Nothing happens to a case that is over, and nothing is carried out that was not approved by all."""
    over = set(CaseState) - UNDER_WAY

    assert {"done", "refused", "stopped", "expired"} == over
    assert set(Act) == set(FROM)
    assert not [act for act, states in FROM.items() if states & over]
    assert {"waiting"} == FROM[Act.CARRY_OUT]
    assert {"checked", "approved"} == FROM[Act.APPROVE]

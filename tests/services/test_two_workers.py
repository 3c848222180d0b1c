"""What holds in one process must hold in two: the product under gunicorn, asked by many browsers at one instant."""

from collections import Counter

from tests.core.people import PASSWORD
from tests.services.browser import Browser
from tests.services.place import CROWD, Place, together


def test_many_right_passwords_at_once_break_nothing(place: Place) -> None:
    """Counting a guess and settling one lock in the same order: PostgreSQL once found a deadlock here."""
    browsers = [Browser(place.address) for _ in range(CROWD)]
    ready = [(browser, browser.token("/login")) for browser in browsers]
    fields = {"email": place.owner.person.email, "password": PASSWORD}

    answers = together(ready, "/login", fields)

    statuses = Counter(answer.status for answer in answers)
    assert {303, 429} >= set(statuses)
    assert statuses[303] >= 1
    assert 0 == place.charged()

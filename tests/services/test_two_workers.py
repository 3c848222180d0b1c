"""What holds in one process must hold in two: the product under gunicorn, asked by many browsers at one instant."""

from collections import Counter

from tests.core.people import PASSWORD
from tests.services.browser import Browser
from tests.services.place import CROWD, Place, together


def test_one_authentication_code_lets_one_of_twelve_browsers_in(place: Place) -> None:
    """RFC 6238 §5.2, over two processes: a code is accepted once, and the late ones lose no guess."""
    code = place.code()

    answers = place.all_at_once("/login/code", "code", code)

    assert {303: 1, 422: CROWD - 1} == Counter(answer.status for answer in answers)
    assert 0 == place.charged()
    assert 1 == place.open_sessions()


def test_one_backup_code_lets_one_of_twelve_browsers_in(place: Place) -> None:
    """One conditional UPDATE decides (case D-39). Guesses in flight may make others wait, and are given back."""
    answers = place.all_at_once("/login/backup-code", "backup_code", place.owner.codes[0])

    statuses = Counter(answer.status for answer in answers)
    assert 1 == statuses[303]
    assert {303, 422, 429} >= set(statuses)
    assert 0 == place.charged()
    assert 1 == place.open_sessions()


def test_forty_wrong_codes_at_once_are_five_guesses(place: Place) -> None:
    """Counted before they are judged, in the database: not for each worker (cases D-22, D-32)."""
    wrong = place.wrong_code()

    answers = place.all_at_once("/login/code", "code", wrong, crowd=40)

    assert {422: 5, 429: 35} == Counter(answer.status for answer in answers)
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status == 429)


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

"""How many wrong guesses are borne, and until when to wait."""

import pytest

from webapp.core.attempts import rules

NOW_S = 1_800_000_000
DAY_S = 86_400


@pytest.mark.parametrize(("failures", "window_s"), [(5, 300), (20, 3600), (50, DAY_S)])
def test_each_limit_pauses_until_its_oldest_failure_is_out_of_the_window(failures: int, window_s: int) -> None:
    """5 in 5 minutes, 20 an hour, 50 a day: sliding, so that no edge can be straddled."""
    spread_s = window_s - 1
    times = sorted(NOW_S - at * spread_s // failures for at in range(failures))

    opens_s = rules.blocked_until(times, NOW_S)

    assert rules.Limit(failures, window_s) in rules.LIMITS
    assert times[0] + window_s == opens_s
    assert rules.blocked_until(times[1:], NOW_S) is None


def test_four_failures_don_t_pause_and_five_do() -> None:
    """The exact edge, and the exact second at which it opens."""
    times = [NOW_S - 40, NOW_S - 30, NOW_S - 20, NOW_S - 10, NOW_S]

    assert rules.blocked_until(times[:4], NOW_S) is None
    assert NOW_S - 40 + 300 == rules.blocked_until(times, NOW_S)
    assert rules.blocked_until(times, NOW_S + 259) is not None
    assert rules.blocked_until(times, NOW_S + 260) is None


def test_twenty_an_hour_pause_though_no_five_are_close() -> None:
    """One failure every three minutes."""
    times = [NOW_S - 180 * at for at in reversed(range(20))]

    assert rules.blocked_until(times[1:], NOW_S) is None
    assert times[0] + 3600 == rules.blocked_until(times, NOW_S)


def test_fifty_a_day_pause_though_no_twenty_are_close() -> None:
    """One failure every 25 minutes."""
    times = [NOW_S - 1500 * at for at in reversed(range(50))]

    assert rules.blocked_until(times[1:], NOW_S) is None
    assert times[0] + DAY_S == rules.blocked_until(times, NOW_S)


def test_failures_from_a_clock_that_was_set_back_count() -> None:
    """A time in the future is no way around a limit."""
    times = [NOW_S + 1000 + at for at in range(5)]

    assert rules.blocked_until(times, NOW_S) is not None
    assert 0 == rules.guesses_left(times, NOW_S)


@pytest.mark.parametrize("failures", range(7))
def test_what_is_left_counts_down_to_the_pause(failures: int) -> None:
    """“2 attempts left” is true."""
    times = [NOW_S] * failures

    assert max(0, 5 - failures) == rules.guesses_left(times, NOW_S)


def test_a_failure_as_old_as_the_window_is_borne_again() -> None:
    """The same second at which the pause ends: no failure counts for one and not for the other."""
    assert 4 == rules.guesses_left([NOW_S - 299], NOW_S)
    assert 5 == rules.guesses_left([NOW_S - 300], NOW_S)


@pytest.mark.parametrize(
    ("failures_s_ago", "pause_s"), [([], 300), ([60], 240), ([100, 60], 200), ([5, 4, 3, 2, 1], 295)]
)
def test_the_pause_ahead_is_the_one_that_would_follow(failures_s_ago: list[int], pause_s: int) -> None:
    """All guesses that are left fail now: the oldest failure still has to leave the window."""
    assert pause_s == rules.pause_ahead_s([NOW_S - ago for ago in failures_s_ago], NOW_S)


def test_the_nearest_pause_decides_what_is_left() -> None:
    """After 19 in the hour one is left, though the five minutes are empty."""
    times = [NOW_S - 3500 + at * 150 for at in range(19)]

    assert 1 == rules.guesses_left(times, NOW_S)


def test_only_what_can_still_matter_is_kept() -> None:
    """The row of a person under attack doesn't grow without end."""
    times = [NOW_S - 2 * DAY_S, NOW_S - DAY_S, *(NOW_S - 1000 + at for at in range(80))]

    kept = rules.kept(times, NOW_S)

    assert times[-50:] == kept
    assert [NOW_S - DAY_S + 1] == rules.kept([NOW_S - DAY_S, NOW_S - DAY_S + 1], NOW_S)


def test_a_factor_closes_and_a_password_or_set_up_never_does() -> None:
    """Whoever knows an address could close a password; set-up needs a session."""
    assert {rules.GuessKind.TOTP, rules.GuessKind.BACKUP_CODE} == rules.CLOSING_KINDS
    assert 100 == rules.MAX_FAILURES

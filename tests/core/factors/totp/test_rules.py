"""Time-based codes against the RFCs' own vectors, and what the product adds: window, replay, clock hint, address."""

from datetime import UTC, datetime
from itertools import pairwise
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest

from tests.core.people import Phone
from webapp.core.factors.totp import rules
from webapp.core.factors.totp.rules import ClockOff, Match, Replay, Wrong

SECRET = b"12345678901234567890"
NOW_S = 1_234_567_890.0
STEP = 41_152_263
"""The step of NOW_S, which is its first second."""


@pytest.mark.parametrize(
    ("at_s", "step", "code"),
    [
        (59, 0x1, "287082"),
        (1111111109, 0x23523EC, "081804"),
        (1111111111, 0x23523ED, "050471"),
        (1234567890, 0x273EF07, "005924"),
        (2000000000, 0x3F940AA, "279037"),
        (20000000000, 0x27BC86AA, "353130"),
    ],
)
def test_codes_are_those_of_rfc_6238_appendix_b(at_s: int, step: int, code: str) -> None:
    """The RFC's own vectors, cut to six digits; leading zeros stay, and steps go past 32 bits."""
    assert step == rules.step_at(at_s)
    assert code == rules.code_at(SECRET, step)
    assert Match(step) == rules.judge(SECRET, code, at_s, last_step=step - 1)


def test_codes_are_those_of_rfc_4226_appendix_d() -> None:
    """The RFC's own vectors for counters 0 to 9."""
    codes = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]

    assert codes == [rules.code_at(SECRET, counter) for counter in range(10)]


def test_a_second_implementation_computes_the_same_codes() -> None:
    """The phone that other tests hold in hand agrees with the product."""
    phone = Phone(rules.base32(SECRET))
    at = datetime.fromtimestamp(NOW_S, UTC)

    assert [rules.code_at(SECRET, STEP + steps) for steps in range(-20, 20)] == [
        phone.code(at, steps=steps) for steps in range(-20, 20)
    ]


def test_a_secret_carries_160_bits_and_is_never_made_twice() -> None:
    """RFC 4226 R6 recommends 160 bits; base32 of 20 bytes needs no padding."""
    secrets = {rules.new_secret() for _ in range(50)}

    assert len(secrets) == 50
    assert all(len(secret) == 20 for secret in secrets)
    assert all(len(rules.base32(secret)) == 32 and "=" not in rules.base32(secret) for secret in secrets)


@pytest.mark.parametrize("off", [-1, 0, 1])
@pytest.mark.parametrize("second", [0, 29.9])
def test_a_code_of_one_step_either_side_is_accepted(off: int, second: float) -> None:
    """One step of tolerance each way, at either end of the step; the step that matched is told."""
    verdict = rules.judge(SECRET, rules.code_at(SECRET, STEP + off), NOW_S + second, last_step=-1)

    assert Match(STEP + off) == verdict


@pytest.mark.parametrize("off", [-1000, -11, -10, -3, -2, 2, 3, 10, 11, 1000])
def test_a_code_of_any_other_step_is_not_accepted(off: int) -> None:
    """Two steps off is out, in both directions."""
    verdict = rules.judge(SECRET, rules.code_at(SECRET, STEP + off), NOW_S, last_step=-1, tells_ahead=True)

    assert not isinstance(verdict, Match)


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_step_is_never_accepted_twice(off: int) -> None:
    """RFC 6238 §5.2, whichever of the three steps it was."""
    verdict = rules.judge(SECRET, rules.code_at(SECRET, STEP + off), NOW_S, last_step=STEP + off)

    assert isinstance(verdict, Replay)


@pytest.mark.parametrize(("off", "last"), [(-1, 0), (0, 1), (-1, 1)])
def test_no_step_before_an_accepted_one_is_accepted(off: int, last: int) -> None:
    """The last step closes everything before it: A, B, A fails."""
    verdict = rules.judge(SECRET, rules.code_at(SECRET, STEP + off), NOW_S, last_step=STEP + last)

    assert isinstance(verdict, Replay)


def test_the_code_of_the_next_step_is_not_accepted_again_when_its_time_comes() -> None:
    """Step T+1 accepted at T is spent at T+1: the step that matched is kept, not the time it was used at."""
    code = rules.code_at(SECRET, STEP + 1)
    first = rules.judge(SECRET, code, NOW_S, last_step=-1)
    assert isinstance(first, Match)

    again = rules.judge(SECRET, code, NOW_S + 30, last_step=first.step)

    assert isinstance(again, Replay)


@pytest.mark.parametrize("off", range(-10, 1))
def test_a_code_that_was_accepted_before_the_last_one_is_a_replay(off: int) -> None:
    """As far back as a slow phone's code is looked for: whoever typed it had a right clock."""
    code = rules.code_at(SECRET, STEP + off)

    assert Replay(30) == rules.judge(SECRET, code, NOW_S, last_step=STEP + 1, accepted_steps=[STEP + off, STEP + 1])


@pytest.mark.parametrize("off", range(-10, -1))
def test_an_old_code_that_was_never_accepted_is_a_slow_phone_s(off: int) -> None:
    """A newer one that was accepted makes no replay of it: right after set-up this is a second, slow phone."""
    others = [STEP + other for other in range(-10, 1) if other != off]

    verdict = rules.judge(SECRET, rules.code_at(SECRET, STEP + off), NOW_S, last_step=STEP, accepted_steps=others)

    assert isinstance(verdict, ClockOff)


def test_an_accepted_code_older_than_the_clock_hint_is_simply_wrong() -> None:
    """Nothing is looked for there."""
    code = rules.code_at(SECRET, STEP - 11)

    assert Wrong() == rules.judge(SECRET, code, NOW_S, last_step=STEP, accepted_steps=[STEP - 11, STEP])


def test_the_newest_twelve_accepted_steps_are_remembered() -> None:
    """As many as there are steps that a code is looked for in at log-in: ten back, now, and one ahead."""
    kept = []
    for step in range(100, 120):
        kept = rules.remembered(kept, step)

    assert list(range(108, 120)) == kept


def test_a_clock_set_back_opens_no_spent_step() -> None:
    """D-43: five minutes back, codes that were seen then are still spent."""
    an_hour_of_steps = range(STEP - 10, STEP + 1)

    verdicts = [
        rules.judge(SECRET, rules.code_at(SECRET, step), NOW_S - 300, last_step=STEP) for step in an_hour_of_steps
    ]

    assert not any(isinstance(verdict, Match) for verdict in verdicts)


@pytest.mark.parametrize(("second", "left"), [(0, 30), (1, 29), (29, 1), (29.5, 1)])
def test_a_replay_says_how_many_seconds_until_the_next_code(second: float, left: int) -> None:
    """“Already used” names the wait, and never a wait of nothing."""
    assert Replay(left) == rules.judge(SECRET, rules.code_at(SECRET, STEP), NOW_S + second, last_step=STEP)


@pytest.mark.parametrize("off", range(-10, -1))
def test_a_code_of_two_to_ten_steps_ago_tells_that_the_phone_is_slow(off: int) -> None:
    """Only past steps are told at log-in, in whole minutes and at least one."""
    verdict = rules.judge(SECRET, rules.code_at(SECRET, STEP + off), NOW_S, last_step=-1)

    assert isinstance(verdict, ClockOff)
    assert verdict.is_behind
    assert 1 <= verdict.minutes
    assert abs(verdict.minutes - abs(off) / 2) <= 0.5


@pytest.mark.parametrize(("off", "minutes"), [(-2, 1), (-3, 2), (-4, 2), (-7, 4), (-10, 5)])
def test_the_minutes_that_a_phone_is_slow_are_those_of_its_step(off: int, minutes: int) -> None:
    """Half a minute a step, rounded to whole ones."""
    verdict = rules.judge(SECRET, rules.code_at(SECRET, STEP + off), NOW_S, last_step=-1)

    assert ClockOff(minutes, is_behind=True) == verdict


@pytest.mark.parametrize("off", [-11, 2, 3, 10, 11])
def test_log_in_says_nothing_about_future_steps_or_older_ones(off: int) -> None:
    """Naming a future step would hand a guesser a code that is about to become valid."""
    assert Wrong() == rules.judge(SECRET, rules.code_at(SECRET, STEP + off), NOW_S, last_step=-1)


@pytest.mark.parametrize("off", [*range(-10, -1), *range(2, 11)])
def test_set_up_tells_a_wrong_clock_in_both_directions(off: int) -> None:
    """The person holds the secret at set-up, so ten steps each way may be told."""
    verdict = rules.judge(SECRET, rules.code_at(SECRET, STEP + off), NOW_S, last_step=-1, tells_ahead=True)

    assert isinstance(verdict, ClockOff)
    assert (off < 0) == verdict.is_behind


@pytest.mark.parametrize("off", [-11, 11])
def test_set_up_tells_nothing_beyond_ten_steps(off: int) -> None:
    """Five minutes and no more."""
    code = rules.code_at(SECRET, STEP + off)

    assert Wrong() == rules.judge(SECRET, code, NOW_S, last_step=-1, tells_ahead=True)


@pytest.mark.parametrize("turned_round", [False, True])
def test_of_two_verdicts_the_better_one_counts(turned_round: bool) -> None:
    """Right before used before, used before a slow phone, a slow phone before wrong."""
    ranked = [Match(STEP), Replay(5), ClockOff(2, is_behind=True), Wrong()]

    for better, worse in pairwise(ranked):
        assert better == rules.best([worse, better] if turned_round else [better, worse])
    assert Wrong() == rules.best([])


class CountedCode(str):
    """A code that counts how often it is compared."""

    compared = 0

    def encode(self, *args: str) -> bytes:
        self.compared += 1
        return super().encode(*args)


@pytest.mark.parametrize("matching", [*range(-10, 2), None])
def test_every_step_is_tried_whichever_matches(matching: int | None) -> None:
    """Constant time: the number of comparisons says nothing about the code."""
    code = CountedCode("no code" if matching is None else rules.code_at(SECRET, STEP + matching))

    rules.judge(SECRET, code, NOW_S, last_step=-1)

    assert 12 == code.compared


@pytest.mark.parametrize("code", ["", "000000", "12345", "1234567", "abcdef", "\udc80", "x" * 5000, "٣٣٨٣١٤"])
def test_anything_else_is_simply_wrong(code: str) -> None:
    """Whatever text arrives, judging it never raises."""
    assert Wrong() == rules.judge(SECRET, code, NOW_S, last_step=-1, tells_ahead=True)


def test_steps_before_1970_are_no_steps() -> None:
    """A server whose clock stands at 1970 refuses and doesn't fail."""
    assert Wrong() == rules.judge(SECRET, "000000", 0.0, last_step=-1)
    assert Match(0) == rules.judge(SECRET, "755224", 0.0, last_step=-1)
    assert Wrong() == rules.judge(SECRET, "755224", -31.0, last_step=-1)  # two steps before the first


def test_six_ascii_digits_are_a_code() -> None:
    """Leading zeros and all."""
    assert rules.is_code("012345")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345",
        "1234567",
        "12345a",
        " 12345",
        "123456\n",
        "+12345",
        "-12345",
        "1_2345",
        "１２３４５６",
        "٠١٢٣٤٥",
        "₁₂₃₄₅₆",
        "𝟏𝟐𝟑𝟒𝟓𝟔",
        "12345\u0662",
        "12345\u200b",
        "9" * 5000,
    ],
)
def test_nothing_else_is_a_code(text: str) -> None:
    """ASCII only: digits of other scripts, which pyotp takes, are refused (D-87)."""
    assert not rules.is_code(text)


def test_the_address_is_the_one_that_every_app_understands() -> None:
    """Key Uri Format: issuer in both places, upper-case base32, SHA-1, six digits, 30 seconds."""
    uri = rules.provisioning_uri(SECRET, issuer="Calenso", account="lea@studio.example")

    assert (
        "otpauth://totp/Calenso:lea%40studio.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Calenso&algorithm=SHA1&digits=6&period=30"
    ) == uri


@pytest.mark.parametrize("issuer", ["Calenso", "Ca lenso", "A/B & Söhne?", "50 % #1", "Küche+Bad", "日本", "a:b"])
@pytest.mark.parametrize(
    "account", ["lea@studio.example", "o'hara+x@a.example", "ü/ö@straße.example", "a:b&c=d#e?@x.y"]
)
def test_odd_brands_and_addresses_survive_the_address(issuer: str, account: str) -> None:
    """Spaces as %20, and no bare separator of a URI: an app reads back exactly what was meant."""
    uri = rules.provisioning_uri(SECRET, issuer=issuer, account=account)

    parts = urlsplit(uri)
    label = parts.path.removeprefix("/")
    assert uri.isascii()
    assert not {" ", "+"} & set(uri)
    assert 1 == label.count(":")
    assert "/" not in label + parts.query
    assert [issuer, account] == [unquote(part) for part in label.split(":")]
    query = parse_qs(parts.query, strict_parsing=True)
    assert [issuer] == query["issuer"]
    assert [rules.base32(SECRET)] == query["secret"]
    assert "" == parts.fragment


def test_a_second_library_reads_the_address() -> None:
    """pyotp parses it and computes the same code."""
    uri = rules.provisioning_uri(SECRET, issuer="Ca/len so", account="lea@studio.example")

    totp = pyotp.parse_uri(uri)

    assert isinstance(totp, pyotp.TOTP)
    assert ("Ca/len so", "lea@studio.example") == (totp.issuer, totp.name)
    assert rules.code_at(SECRET, STEP) == totp.at(int(NOW_S))

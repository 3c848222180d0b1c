"""Guessing at the second factor: counted before it is judged, for each person, factor and budget."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.people import Owner, Product
from tests.core.stored import dump
from webapp.core.attempts.rules import GuessKind
from webapp.core.attempts.tables import GuessBudget
from webapp.core.challenge.flows import LoggedIn
from webapp.core.outcomes import Accepted, Refusal, Refused

UNKNOWN_CODE = "ZZZZ-ZZZZ-ZZZZ-ZZZZ"


@pytest.fixture
def lea(product: Product) -> Owner:
    return product.owner()


def failures(product: Product, kind: str) -> dict[bool, int]:
    """Failures on record at *kind*: those of strangers under False, those of known browsers under True."""
    product.session.rollback()
    rows = product.session.scalars(select(GuessBudget).where(GuessBudget.kind == kind)).all()
    product.session.rollback()
    return {bool(row.browser_id): row.failures for row in rows if row.failures}


def guess(
    product: Product, lea: Owner, times: int, *, text: str | None = None, browser: str | None = None
) -> list[str]:
    """Wrong answers at log-in, each by a browser that is half-way on its own: how each was refused."""
    wrong = text or lea.phone.wrong_code(product.now)
    reasons = []
    for _ in range(times):
        outcome = product.answer(product.half_way(lea.person, browser=browser), wrong, browser=browser)
        assert isinstance(outcome, Refused)
        reasons.append(outcome.reason.value)
    return reasons


# --- what is right ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_code_of_one_step_either_side_logs_in(product: Product, lea: Owner, steps: int) -> None:
    """One step of tolerance; the enrolment's own step lies two back."""
    product.clock.next_step()

    product.log_in_with(lea.person, lea.phone.code(product.now, steps=steps))


@pytest.mark.parametrize("steps", [-2, 2])
def test_two_steps_off_log_nobody_in(product: Product, lea: Owner, steps: int) -> None:
    """The window is one step each way."""
    product.clock.move(minutes=10)

    outcome = product.answer(product.half_way(lea.person), lea.phone.code(product.now, steps=steps))

    assert isinstance(outcome, Refused)


@pytest.mark.parametrize("shape", ["{}", " {} ", "{0:.3} {1}", "{0:.3}-{1}"])
def test_a_code_may_carry_spaces_and_dashes(product: Product, lea: Owner, shape: str) -> None:
    """As apps show it."""
    code = lea.phone.code(product.now)

    product.log_in_with(lea.person, shape.format(code, code[3:]))


@pytest.mark.parametrize("at", range(8))
def test_each_of_the_eight_backup_codes_logs_in_once(product: Product, lea: Owner, at: int) -> None:
    """And the person hears how many are left."""
    waiting = product.half_way(lea.person)

    first = product.answer(waiting, lea.codes[at].lower().replace("-", " "))
    second = product.answer(product.half_way(lea.person), lea.codes[at])

    assert isinstance(first, Accepted)
    assert 7 == first.value.codes_left
    assert Refused(Refusal.BACKUP_CODE_USED, at=product.now) == second


def test_all_eight_can_be_used_up(product: Product, lea: Owner) -> None:
    """7, 6, … 0; used ones don't count against the person."""
    left = []
    for code in lea.codes:
        outcome = product.answer(product.half_way(lea.person), code)
        assert isinstance(outcome, Accepted)
        left.append(outcome.value.codes_left)

    assert [7, 6, 5, 4, 3, 2, 1, 0] == left
    assert {} == failures(product, "backup_code")


def test_a_backup_code_of_somebody_else_is_unknown(product: Product, lea: Owner) -> None:
    """D-52."""
    kim = product.owner("kim@studio.example")

    outcome = product.answer(product.half_way(lea.person), kim.codes[0])

    assert isinstance(outcome, Refused)
    assert Refusal.BACKUP_CODE_UNKNOWN is outcome.reason


def test_a_code_of_somebody_else_is_wrong(product: Product, lea: Owner) -> None:
    """D-03: whoever is half-way as one person gets in as that person or not at all."""
    kim = product.owner("kim@studio.example")

    outcome = product.answer(product.half_way(lea.person), kim.phone.code(product.now))

    assert isinstance(outcome, Refused)
    assert Refusal.WRONG_CODE is outcome.reason


# --- replay, in every direction ---------------------------------------------------------------------------------------


def test_the_same_code_in_two_browsers_lets_one_in(product: Product, lea: Owner) -> None:
    """D-33: the second is refused with the seconds to wait, and not charged."""
    code = lea.phone.code(product.now)
    one, other = product.half_way(lea.person), product.half_way(lea.person)
    assert isinstance(product.answer(one, code), Accepted)

    outcome = product.answer(other, code)

    assert Refused(Refusal.CODE_ALREADY_USED, seconds=25) == outcome
    assert {} == failures(product, "totp")


def test_an_older_code_is_not_accepted_after_a_newer_one(product: Product, lea: Owner) -> None:
    """A, B, A: remembering only the last code's text would let it through."""
    product.clock.next_step()
    a, b = lea.phone.code(product.now), lea.phone.code(product.now, steps=1)
    product.log_in_with(lea.person, a)
    product.log_in_with(lea.person, b)

    outcomes = [product.answer(product.half_way(lea.person), code) for code in (a, b)]

    assert [Refusal.CODE_ALREADY_USED] * 2 == [outcome.reason for outcome in outcomes]


def test_a_code_used_minutes_ago_is_a_replay_whatever_was_used_since(product: Product, lea: Owner) -> None:
    """Refused, written down and not charged: it was right once, so no clock is slow."""
    used = []
    for _ in range(4):
        used.append(lea.phone.code(product.now))
        product.log_in_with(lea.person, used[-1])
        product.clock.next_step()
        product.clock.next_step()

    outcomes = [product.answer(product.half_way(lea.person), code) for code in used]

    assert [Refused(Refusal.CODE_ALREADY_USED, seconds=25)] * 4 == outcomes
    assert {} == failures(product, "totp")
    assert ["code_already_used"] * 4 == [row.reason for row in product.audit("second_factor:check")][-4:]


def test_the_activation_s_own_code_stays_a_replay_after_others(product: Product) -> None:
    """It was accepted like any other."""
    seat = product.log_in(product.employee())
    phone = product.scan(seat)
    first = phone.code(product.now)
    product.confirm(seat, first)
    product.clock.move(minutes=2)
    product.log_in_with(seat.me.person, phone.code(product.now))

    outcome = product.answer(product.half_way(seat.me.person), first)

    assert Refused(Refusal.CODE_ALREADY_USED, seconds=25) == outcome


def test_right_after_activation_an_older_code_is_a_slow_phone_s(product: Product, lea: Owner) -> None:
    """No newer code makes a replay of it: it is told how slow, and charged."""
    outcome = product.answer(product.half_way(lea.person), lea.phone.code(product.now, steps=-4))

    assert Refused(Refusal.PHONE_CLOCK_SLOW, minutes=2, left=4, pause_minutes=5) == outcome
    assert {False: 1} == failures(product, "totp")


def test_the_next_code_used_early_is_not_accepted_again_in_its_own_time(product: Product, lea: Owner) -> None:
    """D-34: step T+1 at T, then at T+1 and T+2."""
    code = lea.phone.code(product.now, steps=1)
    product.log_in_with(lea.person, code)

    reasons = []
    for _ in range(2):
        product.clock.next_step()
        outcome = product.answer(product.half_way(lea.person), code)
        assert isinstance(outcome, Refused)
        reasons.append(outcome.reason)

    assert [Refusal.CODE_ALREADY_USED] * 2 == reasons


def test_the_activation_s_own_code_is_spent(product: Product) -> None:
    """D-36: it can't log in, reset, or make new codes."""
    seat = product.log_in(product.employee())
    phone = product.scan(seat)
    code = phone.code(product.now)
    product.confirm(seat, code)

    outcomes = [
        product.answer(product.half_way(seat.me.person), code),
        product.reset(seat, code),
        product.create_codes(seat, code),
    ]

    assert [Refusal.CODE_ALREADY_USED] * 3 == [outcome.reason for outcome in outcomes]


@pytest.mark.parametrize("first", ["log-in", "new codes"])
@pytest.mark.parametrize("second", ["log-in", "new codes", "reset"])
def test_a_code_used_for_one_thing_is_spent_for_every_other(
    product: Product, lea: Owner, first: str, second: str
) -> None:
    """One last step for the secret, whatever page asked."""
    code = lea.phone.code(product.now)
    uses = {
        "log-in": lambda: product.answer(product.half_way(lea.person), code),
        "new codes": lambda: product.create_codes(lea.seat, code),
        "reset": lambda: product.reset(lea.seat, code),
    }
    assert isinstance(uses[first](), Accepted)

    outcome = uses[second]()

    assert isinstance(outcome, Refused)
    assert Refusal.CODE_ALREADY_USED is outcome.reason


def test_a_server_clock_set_back_opens_no_seen_code(product: Product, lea: Owner) -> None:
    """D-43; a backup code still works."""
    product.clock.move(minutes=10)
    seen = [lea.phone.code(product.now, steps=steps) for steps in (-10, -9, -1, 0)]
    product.log_in_with(lea.person, seen[-1])
    product.clock.move(minutes=-5)

    outcomes = [product.answer(product.half_way(lea.person), code) for code in seen]

    assert not any(isinstance(outcome, Accepted) for outcome in outcomes)
    product.log_in_with(lea.person, lea.codes[0])


def test_a_backup_code_of_an_old_set_is_dead(product: Product, lea: Owner) -> None:
    """D-40: new codes kill the old eight."""
    assert isinstance(product.create_codes(lea.seat, lea.codes[0]), Accepted)

    outcome = product.answer(product.half_way(lea.person), lea.codes[1])

    assert isinstance(outcome, Refused)
    assert Refusal.BACKUP_CODE_UNKNOWN is outcome.reason


# --- why a code failed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("steps", "minutes"), [(-3, 2), (-4, 2), (-6, 3), (-10, 5)])
def test_a_slow_phone_is_told_how_slow(product: Product, lea: Owner, steps: int, minutes: int) -> None:
    """Charged like any wrong code: the hint is no free guess."""
    product.clock.move(minutes=10)

    outcome = product.answer(product.half_way(lea.person), lea.phone.code(product.now, steps=steps))

    assert Refused(Refusal.PHONE_CLOCK_SLOW, minutes=minutes, left=4, pause_minutes=5) == outcome
    assert {False: 1} == failures(product, "totp")


@pytest.mark.parametrize("steps", [2, 3, 10])
def test_a_future_code_is_simply_wrong(product: Product, lea: Owner, steps: int) -> None:
    """Naming it would hand a guesser a code that is about to become valid."""
    outcome = product.answer(product.half_way(lea.person), lea.phone.code(product.now, steps=steps))

    assert Refused(Refusal.WRONG_CODE, left=4, pause_minutes=5) == outcome


def test_no_clock_hint_is_given_while_paused(product: Product, lea: Owner) -> None:
    """The attempt is charged first; a pause answers nothing else."""
    product.clock.move(minutes=10)
    guess(product, lea, 5)

    outcome = product.answer(product.half_way(lea.person), lea.phone.code(product.now, steps=-5))

    assert isinstance(outcome, Refused)
    assert Refusal.TOO_MANY is outcome.reason
    assert outcome.minutes is None


def test_a_used_backup_code_says_when_it_was_used(product: Product, lea: Owner) -> None:
    """So that a person notices somebody else's use."""
    used_at = product.now
    product.log_in_with(lea.person, lea.codes[0])
    product.clock.move(days=3)

    outcome = product.answer(product.half_way(lea.person), lea.codes[0])

    assert Refused(Refusal.BACKUP_CODE_USED, at=used_at) == outcome
    assert {} == failures(product, "backup_code")


@pytest.mark.parametrize("text", ["", "12345", "1234567", "abc", "１２３４５６", "\x00", "9" * 5000])
def test_a_malformed_entry_is_audited_and_not_charged(product: Product, lea: Owner, text: str) -> None:
    """D-06: it guesses at nothing."""
    outcome = product.answer(product.half_way(lea.person), text)

    assert Refused(Refusal.MALFORMED) == outcome
    assert {} == failures(product, "totp") == failures(product, "backup_code")
    assert ["malformed"] == [row.reason for row in product.audit("second_factor:check")]


# --- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [None, UNKNOWN_CODE])
def test_five_wrong_answers_pause_across_log_ins_and_browsers(product: Product, lea: Owner, text: str | None) -> None:
    """D-18, D-19: the counter is on the person; the right answer is refused too; then it goes on."""
    reasons = guess(product, lea, 6, text=text)
    right = lea.codes[0] if text else lea.phone.code(product.now)

    paused = product.answer(product.half_way(lea.person), right)

    assert ["wrong_code" if text is None else "backup_code_unknown"] * 5 + ["too_many"] == reasons
    assert isinstance(paused, Refused)
    assert product.now + timedelta(minutes=5) == paused.retry_at
    product.clock.now = paused.retry_at
    product.log_in_with(lea.person, lea.codes[0] if text else lea.phone.code(product.now))


def test_what_is_left_is_told(product: Product, lea: Owner) -> None:
    """And with the last one the time when to try again."""
    wrong = lea.phone.wrong_code(product.now)

    outcomes = [product.answer(product.half_way(lea.person), wrong) for _ in range(5)]

    assert [4, 3, 2, 1, 0] == [outcome.left for outcome in outcomes]
    assert [None] * 4 + [product.now + timedelta(minutes=5)] == [outcome.retry_at for outcome in outcomes]


def test_one_counter_for_log_in_reset_and_new_codes(product: Product, lea: Owner) -> None:
    """D-26: guessing at another page is the same guessing. The session cookie alone draws on the strangers' budget."""
    wrong = lea.phone.wrong_code(product.now)
    guess(product, lea, 3)

    with_stolen_session = [product.reset(lea.seat, wrong, browser="stolen without it") for _ in range(3)]

    assert [1, 0, None] == [outcome.left for outcome in with_stolen_session]
    assert Refusal.TOO_MANY is with_stolen_session[-1].reason


def test_reset_and_new_codes_share_the_known_browser_s_counter(product: Product, lea: Owner) -> None:
    """The same for its owner."""
    wrong = lea.phone.wrong_code(product.now)

    browser = lea.seat.browser

    outcomes = [product.reset(lea.seat, wrong) for _ in range(2)]
    outcomes += [product.create_codes(lea.seat, wrong) for _ in range(2)]
    outcomes.append(product.answer(product.half_way(lea.person, browser=browser), wrong, browser=browser))

    assert [4, 3, 2, 1, 0] == [outcome.left for outcome in outcomes]


def test_pausing_one_factor_never_closes_the_other(product: Product, lea: Owner) -> None:
    """D-27, in both directions."""
    guess(product, lea, 5)
    product.log_in_with(lea.person, lea.codes[0])
    guess(product, lea, 5, text=UNKNOWN_CODE)

    product.log_in_with(lea.person, lea.phone.code(product.now))


def test_strangers_can_t_use_up_a_known_browser_s_guesses(product: Product, lea: Owner) -> None:
    """D-30: whoever knows the password pauses strangers only."""
    guess(product, lea, 6)

    product.log_in_with(lea.person, lea.phone.code(product.now), browser=lea.seat.browser)

    assert {False: 5} == failures(product, "totp")


def test_a_known_browser_is_limited_too(product: Product, lea: Owner) -> None:
    """Its own five in five minutes, and none of the strangers'."""
    reasons = guess(product, lea, 6, browser=lea.seat.browser)

    assert ["wrong_code"] * 5 + ["too_many"] == reasons
    assert {True: 5} == failures(product, "totp")
    product.log_in_with(lea.person, lea.phone.code(product.now))


def test_a_known_browser_of_somebody_else_is_a_stranger(product: Product, lea: Owner) -> None:
    """Bound to one person."""
    kim = product.owner("kim@studio.example")

    guess(product, lea, 1, browser=kim.seat.browser)

    assert {False: 1} == failures(product, "totp")


def test_a_success_in_a_known_browser_empties_its_row_and_not_the_strangers(product: Product, lea: Owner) -> None:
    """Their hundred go on: the owner's daily log-in must not hand them a fresh budget."""
    guess(product, lea, 3)
    guess(product, lea, 2, browser=lea.seat.browser)

    product.log_in_with(lea.person, lea.phone.code(product.now), browser=lea.seat.browser)

    assert {False: 3} == failures(product, "totp")


@pytest.mark.parametrize("factor", ["totp", "backup_code"])
def test_a_success_in_an_unknown_browser_empties_the_strangers_rows_of_both_factors(
    product: Product, lea: Owner, factor: str
) -> None:
    """Whoever holds one factor reopens the other."""
    guess(product, lea, 3)
    guess(product, lea, 2, text=UNKNOWN_CODE)

    product.log_in_with(lea.person, lea.codes[0] if factor == "backup_code" else lea.phone.code(product.now))

    assert {} == failures(product, "totp") == failures(product, "backup_code")


def test_the_password_alone_empties_no_second_factor_row(product: Product, lea: Owner) -> None:
    """Neither a right password nor a new one."""
    guess(product, lea, 3)
    product.half_way(lea.person)
    product.set_password(lea.person, "other lantern violin moss")

    assert {False: 3} == failures(product, "totp")


def test_a_replay_empties_nothing(product: Product, lea: Owner) -> None:
    """It is no success."""
    code = lea.phone.code(product.now)
    product.log_in_with(lea.person, code, browser=lea.seat.browser)
    guess(product, lea, 3)

    product.answer(product.half_way(lea.person), code)

    assert {False: 3} == failures(product, "totp")


@pytest.mark.parametrize("kind", [GuessKind.TOTP, GuessKind.BACKUP_CODE])
def test_a_hundred_wrong_answers_close_the_factor_for_strangers_only(
    product: Product, lea: Owner, kind: GuessKind
) -> None:
    """However slowly. Known browsers, the other factor and the password stay open; the other factor reopens it."""
    answers = {GuessKind.TOTP: lambda: lea.phone.code(product.now), GuessKind.BACKUP_CODE: iter(lea.codes).__next__}
    other = next(factor for factor in answers if factor is not kind)
    product.use_up(lea.person, kind)
    product.clock.move(days=30)

    closed = product.answer(product.half_way(lea.person), answers[kind]())

    assert Refused(Refusal.CLOSED) == closed
    product.log_in_with(lea.person, answers[kind](), browser=lea.seat.browser)
    assert Refused(Refusal.CLOSED) == product.answer(product.half_way(lea.person), answers[kind]())
    product.clock.next_step()
    product.log_in_with(lea.person, answers[other]())
    product.clock.next_step()
    product.log_in_with(lea.person, answers[kind]())


def test_a_reset_reopens_what_strangers_closed(product: Product, lea: Owner) -> None:
    """After activating again nothing of the old failures is left."""
    guess(product, lea, 5)
    guess(product, lea, 5, text=UNKNOWN_CODE)

    assert isinstance(product.reset(lea.seat, lea.codes[0]), Accepted)

    assert {} == failures(product, "totp") == failures(product, "backup_code")


# --- audit ------------------------------------------------------------------------------------------------------------


def test_every_answer_has_its_row(product: Product, lea: Owner) -> None:
    """Which factor, why it failed, which of the eight; never what was typed."""
    code = lea.phone.code(product.now)
    wrong = lea.phone.wrong_code(product.now)
    texts = [code, code, wrong, lea.codes[2], lea.codes[2], UNKNOWN_CODE, "nothing"]
    for text in texts:
        product.answer(product.half_way(lea.person), text)

    rows = [(row.outcome, row.factor, row.reason, row.details) for row in product.audit("second_factor:check")]

    at_log_in = {"purpose": "log-in"}
    assert [
        ("success", "totp", "", at_log_in),
        ("refused", "totp", "code_already_used", at_log_in),
        ("refused", "totp", "wrong_code", at_log_in),
        ("success", "backup_code", "", {**at_log_in, "position": 3, "codes_left": 7}),
        ("refused", "backup_code", "backup_code_used", {**at_log_in, "position": 3}),
        ("refused", "backup_code", "backup_code_unknown", at_log_in),
        ("refused", "", "malformed", at_log_in),
    ] == rows


def test_a_paused_answer_has_its_row_too(product: Product, lea: Owner) -> None:
    """An attack that goes on is seen to go on."""
    guess(product, lea, 8)

    assert ["wrong_code"] * 5 + ["too_many"] * 3 == [row.reason for row in product.audit("second_factor:check")]


# --- races ------------------------------------------------------------------------------------------------------------


def answers(product: Product, lea: Owner, texts: list[str], engine: Engine) -> list[Accepted[LoggedIn] | Refused]:
    """Each of *texts* sent by its own half-way browser at the same instant."""
    waiting = [product.half_way(lea.person) for _ in texts]

    def send(at: int) -> object:
        return lambda session: product.beside(session).answer(waiting[at], texts[at])

    return at_once(engine, [send(at) for at in range(len(texts))])


@pytest.mark.parametrize("again", range(2))
def test_twelve_browsers_with_one_code_let_one_in_and_charge_nobody(
    product: Product, engine: Engine, lea: Owner, again: int
) -> None:
    """D-38: one conditional UPDATE decides; a double click costs nothing."""
    outcomes = answers(product, lea, [lea.phone.code(product.now)] * 12, engine)

    assert 1 == sum(isinstance(outcome, Accepted) for outcome in outcomes)
    assert {Refusal.CODE_ALREADY_USED} == {outcome.reason for outcome in outcomes if isinstance(outcome, Refused)}
    assert {} == failures(product, "totp")
    assert 2 == len(dump(engine)["log_in_sessions"])


@pytest.mark.parametrize("again", range(2))
def test_twelve_browsers_with_one_backup_code_let_one_in_and_no_charge_remains(
    product: Product, engine: Engine, lea: Owner, again: int
) -> None:
    """D-39: those who came too late, or while five others were being judged, are owed nothing."""
    outcomes = answers(product, lea, [lea.codes[0]] * 12, engine)

    assert 1 == sum(isinstance(outcome, Accepted) for outcome in outcomes)
    assert {Refusal.BACKUP_CODE_USED, Refusal.TOO_MANY} >= {
        outcome.reason for outcome in outcomes if isinstance(outcome, Refused)
    }
    assert {} == failures(product, "backup_code")
    product.log_in_with(lea.person, lea.codes[1])


@pytest.mark.parametrize("text", [None, UNKNOWN_CODE])
def test_of_forty_wrong_answers_at_once_five_are_judged(
    product: Product, engine: Engine, lea: Owner, text: str | None
) -> None:
    """D-22: counted before it is judged, under the lock."""
    outcomes = answers(product, lea, [text or lea.phone.wrong_code(product.now)] * 40, engine)

    reasons = [outcome.reason for outcome in outcomes if isinstance(outcome, Refused)]
    assert 40 == len(reasons)
    assert 35 == reasons.count(Refusal.TOO_MANY)


def test_of_forty_wrong_passwords_at_once_five_are_judged(product: Product, engine: Engine, lea: Owner) -> None:
    """The same for passwords, of which no row is there to lock at first."""

    def send(session: Session) -> object:
        return product.beside(session).pass_password("nobody@studio.example", "wrong but long enough")

    outcomes = at_once(engine, [send] * 40)

    assert 35 == sum(outcome.reason is Refusal.TOO_MANY for outcome in outcomes)


def test_forty_right_passwords_at_once_end_in_answers_and_never_in_a_deadlock(
    product: Product, engine: Engine, lea: Owner
) -> None:
    """Counters and people are locked in one order; writing the audit waits for nobody."""

    def send(session: Session) -> object:
        return product.beside(session).pass_password(lea.person.email)

    outcomes = at_once(engine, [send] * 40)

    assert {Refusal.TOO_MANY} >= {outcome.reason for outcome in outcomes if isinstance(outcome, Refused)}
    assert any(isinstance(outcome, Accepted) for outcome in outcomes)


def test_both_factors_at_once_let_both_in(product: Product, engine: Engine, lea: Owner) -> None:
    """Neither waits for the other's hash, and neither pays for it."""
    outcomes = answers(product, lea, [lea.phone.code(product.now), *lea.codes[:3]], engine)

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert sorted([7, 6, 5]) == sorted(outcome.value.codes_left for outcome in outcomes if outcome.value.codes_left)

"""Checking that backup codes were saved: one of them is shown and goes on working; a wrong one is a guess."""

from datetime import datetime

import pytest
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.hashing import before_each_hash, before_the_first_hash
from tests.core.people import Owner, Product, visitor
from tests.core.stored import count, dies_everywhere, dump
from webapp.core.attempts.rules import GuessKind
from webapp.core.attempts.tables import GuessBudget
from webapp.core.database import writing
from webapp.core.enrolment import checking
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.outcomes import Accepted, Refusal, Refused

UNKNOWN = "ZZZZ-ZZZZ-ZZZZ-ZZZZ"


@pytest.fixture
def lea(product: Product) -> Owner:
    return product.owner()


def checked_at(product: Product, owner: Owner) -> datetime | None:
    """When the set was last checked."""
    product.session.rollback()
    state = backup_codes.state(product.session, owner.person.id)
    assert state is not None
    return state.checked_at


def charged(engine: Engine) -> list[int]:
    """Failures that stand at backup codes."""
    return [row[4] for row in dump(engine)["guess_budgets"] if row[2] == "backup_code" and row[4]]


# --- what is right ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [0, 7])
def test_a_right_code_is_noted_and_not_spent(product: Product, engine: Engine, lea: Owner, at: int) -> None:
    """The date of the check is all that changes; the code still logs in."""
    aside = {"audit_events", "backup_code_sets", "guess_budgets"}
    before = dump(engine, without=aside)
    assert checked_at(product, lea) is None
    product.clock.move(minutes=3)

    assert Accepted(None) == product.check_codes(lea.seat, lea.codes[at])

    assert product.now == checked_at(product, lea)
    assert before == dump(engine, without=aside)
    assert [] == charged(engine)
    product.log_in_with(lea.person, lea.codes[at])


def test_the_same_code_can_be_checked_again(product: Product, lea: Owner) -> None:
    """Four weeks later it may be the one on top of the list again."""
    product.check_codes(lea.seat, lea.codes[0])
    product.clock.move(minutes=5)

    assert Accepted(None) == product.check_codes(lea.seat, lea.codes[0])

    assert product.now == checked_at(product, lea)


@pytest.mark.parametrize("typed", ["{0} ", "{0:.4} {0:.9}"])
def test_it_is_read_as_at_log_in_and_only_in_full(product: Product, lea: Owner, typed: str) -> None:
    """Spaces and small letters are nothing; a part of a code is no code."""
    outcome = product.check_codes(lea.seat, typed.format(lea.codes[0].lower()))

    assert isinstance(outcome, Accepted) is (typed == "{0} ")


def test_a_check_opens_nothing(product: Product, engine: Engine, lea: Owner) -> None:
    """No session, no recent password, no budget emptied: it is apart from proof."""
    product.check_codes(lea.seat, UNKNOWN)
    product.create_codes(lea.seat, lea.phone.wrong_code(product.now))
    before = dump(engine, without={"audit_events", "backup_code_sets"})

    product.check_codes(lea.seat, lea.codes[0])

    assert before == dump(engine, without={"audit_events", "backup_code_sets"})
    assert [] == product.audit("second_factor:check")[1:]


def test_a_check_is_noted_for_its_owner_only(product: Product, lea: Owner) -> None:
    """What one person has says nothing of another."""
    kim = product.owner("kim@studio.example")

    product.check_codes(lea.seat, lea.codes[0])

    assert checked_at(product, kim) is None


def test_new_codes_have_not_been_checked(product: Product, lea: Owner) -> None:
    """What was shown of the old list says nothing about the new one."""
    product.check_codes(lea.seat, lea.codes[0])

    product.create_codes(lea.seat, lea.phone.code(product.now))

    assert checked_at(product, lea) is None


# --- what is not ------------------------------------------------------------------------------------------------------


def test_wrong_ones_count_on_the_counter_of_every_page(product: Product, engine: Engine, lea: Owner) -> None:
    """Case D-26: five here, and the pause is on at reset and at log-in in this browser, too."""
    left = []
    for _ in range(5):
        outcome = product.check_codes(lea.seat, UNKNOWN)
        assert isinstance(outcome, Refused)
        assert Refusal.BACKUP_CODE_UNKNOWN is outcome.reason
        left.append(outcome.left)

    assert [4, 3, 2, 1, 0] == left
    assert [5] == charged(engine)
    half_way = product.half_way(lea.person, browser=lea.seat.browser)
    for refused in (
        product.check_codes(lea.seat, lea.codes[0]),
        product.create_codes(lea.seat, lea.codes[0]),
        product.answer(half_way, lea.codes[0], browser=lea.seat.browser),
    ):
        assert isinstance(refused, Refused)
        assert Refusal.TOO_MANY is refused.reason
    assert checked_at(product, lea) is None


def test_a_stolen_session_alone_pays_from_the_strangers_budget(product: Product, lea: Owner) -> None:
    """By the cookie of the browser, as everywhere: the owner's own guesses are not used up."""
    for _ in range(5):
        product.check_codes(lea.seat, UNKNOWN, browser="somewhere else")

    assert Accepted(None) == product.check_codes(lea.seat, lea.codes[0])


def test_a_closed_factor_is_closed_here_too(product: Product, lea: Owner) -> None:
    """A hundred wrong ones by strangers, wherever they were typed."""
    product.use_up(lea.person, GuessKind.BACKUP_CODE)

    assert Refused(Refusal.CLOSED) == product.check_codes(lea.seat, lea.codes[0], browser="somewhere else")


def test_a_used_code_is_told_with_its_date_and_shows_nothing(product: Product, engine: Engine, lea: Owner) -> None:
    """It may be all that is left of the list; it costs no guess."""
    product.log_in_with(lea.person, lea.codes[0])
    used_at = product.now
    product.clock.move(minutes=5)

    outcome = product.check_codes(lea.seat, lea.codes[0])

    assert Refused(Refusal.BACKUP_CODE_USED, at=used_at) == outcome
    assert checked_at(product, lea) is None
    assert [] == charged(engine)


@pytest.mark.parametrize("text", ["", "ABCD", "app"])
def test_what_is_no_backup_code_is_not_charged(product: Product, engine: Engine, lea: Owner, text: str) -> None:
    """A code of the app is none either, right or wrong: it is not even spent."""
    typed = lea.phone.code(product.now) if text == "app" else text
    before = dump(engine, without={"audit_events"})

    assert Refused(Refusal.MALFORMED) == product.check_codes(lea.seat, typed)

    assert before == dump(engine, without={"audit_events"})


def test_a_code_of_somebody_else_is_unknown(product: Product, lea: Owner) -> None:
    """Case D-52."""
    kim = product.owner("kim@studio.example")

    outcome = product.check_codes(lea.seat, kim.codes[0])

    assert isinstance(outcome, Refused)
    assert Refusal.BACKUP_CODE_UNKNOWN is outcome.reason


def test_a_code_from_the_screen_shows_nothing(product: Product, engine: Engine, lea: Owner) -> None:
    """Until the eight are closed, or their ten minutes are over, there is nothing to ask."""
    product.create_codes(lea.seat, lea.phone.code(product.now))
    shown = product.shown(lea.seat)
    assert shown is not None

    assert Refused(Refusal.BACKUP_CODES_SHOWN) == product.check_codes(lea.seat, shown.codes[0])
    assert [] == charged(engine)
    product.clock.move(minutes=10)
    assert Accepted(None) == product.check_codes(lea.seat, shown.codes[0])


def test_where_it_is_off_there_is_nothing_to_check(product: Product, lea: Owner) -> None:
    """After a reset in another tab."""
    product.reset(lea.seat, lea.codes[0])

    assert Refused(Refusal.NOT_ACTIVE) == product.check_codes(lea.seat, lea.codes[1])
    assert Refused(Refusal.NOT_ACTIVE) == checking.refusal(
        product.session, lea.seat.me, now=product.now, visitor=visitor(lea.seat.browser)
    )


def test_a_page_that_is_only_shown_tells_the_pause_and_charges_nothing(product: Product, lea: Owner) -> None:
    """As the other pages do."""
    seat_visitor = visitor(lea.seat.browser)
    before = checking.refusal(product.session, lea.seat.me, now=product.now, visitor=seat_visitor)
    for _ in range(5):
        product.check_codes(lea.seat, UNKNOWN)

    after = checking.refusal(product.session, lea.seat.me, now=product.now, visitor=seat_visitor)

    assert before is None
    assert after is not None
    assert Refusal.TOO_MANY is after.reason


# --- what is written down ---------------------------------------------------------------------------------------------


def test_every_answer_has_its_row(product: Product, lea: Owner) -> None:
    """Which code by its place, and never the code."""
    product.log_in_with(lea.person, lea.codes[4])
    for text in (lea.codes[1], lea.codes[4], UNKNOWN, "12"):
        product.check_codes(lea.seat, text)

    rows = product.audit("backup_codes:check")

    assert [
        ("success", "", {"position": 2}),
        ("refused", "backup_code_used", {"position": 5}),
        ("refused", "backup_code_unknown", {}),
        ("refused", "malformed", {}),
    ] == [(row.outcome, row.reason, row.details) for row in rows]
    assert {"backup_code"} == {row.factor for row in rows}


# --- at the same instant ----------------------------------------------------------------------------------------------


def test_the_guess_is_on_record_before_it_is_looked_at(
    product: Product, engine: Engine, lea: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D-22, and the hash keeps nobody waiting: it is made outside the lock."""
    seen: list[tuple[list[int], bool]] = []
    before_each_hash(monkeypatch, lambda: seen.append((charged(engine), bool(product.session.info.get("writing")))))

    assert Accepted(None) == product.check_codes(lea.seat, lea.codes[0])

    assert [([1], False)] == seen
    assert [] == charged(engine)


def test_while_paused_nothing_is_hashed(product: Product, lea: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time that it takes says nothing either."""
    for _ in range(5):
        product.check_codes(lea.seat, UNKNOWN)
    hashes: list[str] = []
    before_each_hash(monkeypatch, lambda: hashes.append("hash"))

    product.check_codes(lea.seat, lea.codes[0])

    assert [] == hashes


def test_no_more_than_five_of_twelve_are_looked_at(
    product: Product, engine: Engine, lea: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many come at once."""
    hashes: list[str] = []
    before_each_hash(monkeypatch, lambda: hashes.append("hash"))

    outcomes = at_once(engine, [lambda session: product.beside(session).check_codes(lea.seat, UNKNOWN)] * 12)

    reasons = [outcome.reason for outcome in outcomes if isinstance(outcome, Refused)]
    assert {Refusal.BACKUP_CODE_UNKNOWN: 5, Refusal.TOO_MANY: 7} == {one: reasons.count(one) for one in set(reasons)}
    assert 5 == len(hashes)


def test_four_right_ones_at_once_are_all_right(product: Product, engine: Engine, lea: Owner) -> None:
    """Nothing is spent, so nobody is too late; what was charged is given back."""
    outcomes = at_once(engine, [lambda session: product.beside(session).check_codes(lea.seat, lea.codes[0])] * 4)

    assert [Accepted(None)] * 4 == outcomes
    assert [] == charged(engine)


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        ("used", Refusal.BACKUP_CODE_USED),
        ("new codes", Refusal.BACKUP_CODES_REPLACED),
        ("reset", Refusal.NOT_ACTIVE),
        ("log out", Refusal.SESSION_OVER),
    ],
)
def test_what_happens_while_it_is_hashed_is_told(
    product: Product,
    engine: Engine,
    lea: Owner,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: str,
    reason: Refusal,
) -> None:
    """Read again under the lock: no check of a code or a set that is gone; it was right, so it costs nothing."""
    other = product.log_in_with(lea.person, lea.codes[7])
    product.clock.next_step()

    with Session(engine, expire_on_commit=False) as session:
        aside = product.beside(session)
        acts = {
            "used": lambda: aside.log_in_with(lea.person, lea.codes[0]),
            "new codes": lambda: aside.create_codes(other, lea.phone.code(product.now)),
            "reset": lambda: aside.reset(lea.seat, lea.phone.code(product.now)),
            "log out": lambda: aside.log_out(lea.seat),
        }
        before_the_first_hash(monkeypatch, acts[meanwhile])
        outcome = product.check_codes(lea.seat, lea.codes[0])

    assert isinstance(outcome, Refused)
    assert reason is outcome.reason
    assert [] == charged(engine)
    assert [None] == [row[4] for row in dump(engine)["backup_code_sets"]] or meanwhile == "reset"


def test_a_wrong_one_is_charged_whatever_happens_meanwhile(
    product: Product, engine: Engine, lea: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a second tab that logs out would buy a free guess."""
    with Session(engine, expire_on_commit=False) as session:
        before_the_first_hash(monkeypatch, lambda: product.beside(session).log_out(lea.seat))
        outcome = product.check_codes(lea.seat, UNKNOWN)

    assert Refused(Refusal.SESSION_OVER) == outcome
    assert [1] == charged(engine)


def test_a_crash_anywhere_checks_or_doesn_t_and_spends_nothing(product: Product, engine: Engine, lea: Owner) -> None:
    """The date and its event belong together; a charge may stay, for it is committed first."""
    aside = {"guess_budgets"}
    before = dump(engine, without=aside)

    def check() -> object:
        with writing(product.session):
            product.session.execute(delete(GuessBudget))
        return product.check_codes(lea.seat, lea.codes[0])

    deaths, sights = dies_everywhere(engine, check, lambda: dump(engine, without=aside))

    assert deaths > 10
    assert [before] * deaths == sights
    assert 1 == len(product.audit("backup_codes:check"))
    assert 8 == count(engine, "backup_codes")

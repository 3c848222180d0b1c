"""Creating new backup codes: a code for eight others, and the old set dies in the same instant."""

import bcrypt
import pytest
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.hashing import before_each_hash, before_the_first_hash
from tests.core.people import Owner, Product
from tests.core.stored import count, dies_everywhere, dump
from webapp.core.attempts.tables import GuessBudget
from webapp.core.database import writing
from webapp.core.outcomes import Accepted, Refusal, Refused


@pytest.fixture
def lea(product: Product) -> Owner:
    return product.owner()


@pytest.mark.parametrize("factor", ["totp", "backup_code"])
def test_a_code_or_a_backup_code_buys_eight_new_ones(product: Product, engine: Engine, lea: Owner, factor: str) -> None:
    """The old set is gone, unused codes of it included; audit and notice say so."""
    text = lea.codes[0] if factor == "backup_code" else lea.phone.code(product.now)

    assert isinstance(product.create_codes(lea.seat, text), Accepted)

    shown = product.shown(lea.seat)
    assert shown is not None
    assert set(shown.codes).isdisjoint(lea.codes)
    assert 8 == count(engine, "backup_codes")
    assert 1 == count(engine, "backup_code_sets")
    outcome = product.answer(product.half_way(lea.person), lea.codes[1])
    assert isinstance(outcome, Refused)
    assert Refusal.BACKUP_CODE_UNKNOWN is outcome.reason
    assert ["activated", "new_backup_codes"] == [row[1] for row in dump(engine)["outbox"]]
    assert 1 == len(product.audit("backup_codes:create"))


def test_the_factor_and_the_sessions_stay(product: Product, lea: Owner) -> None:
    """Only the codes change."""
    other = product.log_in_with(lea.person, lea.codes[0])

    product.create_codes(lea.seat, lea.phone.code(product.now))

    assert product.find(lea.seat.token)
    assert product.find(other.token)
    product.clock.next_step()
    product.log_in_with(lea.person, lea.phone.code(product.now))


@pytest.mark.parametrize("text", ["", "12345"])
def test_without_a_code_nothing_is_made(product: Product, engine: Engine, lea: Owner, text: str) -> None:
    """Malformed, or nothing at all where no last code counts."""
    before = dump(engine, without={"audit_events"})

    assert Refused(Refusal.MALFORMED) == product.create_codes(lea.seat, text)

    assert before == dump(engine, without={"audit_events"})


@pytest.mark.parametrize("factor", ["totp", "backup_code"])
def test_a_crash_anywhere_leaves_the_old_eight_or_the_new_eight(
    product: Product, engine: Engine, lea: Owner, factor: str
) -> None:
    """Never none, never sixteen, and never a code spent for nothing."""
    aside = {"guess_budgets", "audit_events"}  # a charge for a backup code is committed before it is judged
    text = lea.codes[0] if factor == "backup_code" else lea.phone.code(product.now)
    before = dump(engine, without=aside)

    def create() -> object:
        with writing(product.session):
            product.session.execute(delete(GuessBudget))
        return product.create_codes(lea.seat, text)

    deaths, sights = dies_everywhere(engine, create, lambda: dump(engine, without=aside))

    assert deaths > 10
    assert [before] * deaths == sights
    assert 8 == count(engine, "backup_codes")


def test_a_double_click_makes_one_new_set(product: Product, engine: Engine, lea: Owner) -> None:
    """Same code twice at once: one set, and the other click is told that the code is used, uncharged."""
    code = lea.phone.code(product.now)

    outcomes = at_once(engine, [lambda session: product.beside(session).create_codes(lea.seat, code)] * 2)

    assert [Refusal.CODE_ALREADY_USED] == [outcome.reason for outcome in outcomes if isinstance(outcome, Refused)]
    assert 8 == count(engine, "backup_codes")
    assert [] == [row for row in dump(engine)["guess_budgets"] if row[2] == "totp" and row[4]]
    assert product.shown(lea.seat)


def test_the_last_code_stands_in_for_ten_minutes_and_only_once(product: Product, lea: Owner) -> None:
    """The log-in by the eighth code counts as the code; with new codes made it counts no more."""
    for code in lea.codes[:7]:
        product.log_in_with(lea.person, code)
    seat = product.log_in_with(lea.person, lea.codes[7])

    assert isinstance(product.create_codes(seat, None), Accepted)
    assert Refused(Refusal.MALFORMED) == product.create_codes(seat, None)


def test_the_last_code_counts_no_longer_than_ten_minutes(product: Product, lea: Owner) -> None:
    """And only for the session that it logged in."""
    for code in lea.codes:
        seat = product.log_in_with(lea.person, code)

    assert Refused(Refusal.MALFORMED) == product.create_codes(lea.seat, None)
    product.clock.move(minutes=10)
    assert Refused(Refusal.MALFORMED) == product.create_codes(seat, None)


@pytest.mark.parametrize("factor", ["totp", "backup_code"])
def test_the_guess_is_on_record_before_the_slow_work_begins(
    product: Product, engine: Engine, lea: Owner, monkeypatch: pytest.MonkeyPatch, factor: str
) -> None:
    """D-22: else any number could be judged at once, and the time that eight hashes take would tell the right one."""
    on_record: list[list[int]] = []
    gensalt = bcrypt.gensalt

    def looked_up(rounds: int) -> bytes:
        on_record.append([row[4] for row in dump(engine)["guess_budgets"] if row[2] == factor])
        return gensalt(rounds)

    monkeypatch.setattr(bcrypt, "gensalt", looked_up)
    text = lea.codes[0] if factor == "backup_code" else lea.phone.code(product.now)

    assert isinstance(product.create_codes(lea.seat, text), Accepted)

    assert [[1]] == on_record
    assert [] == [row for row in dump(engine)["guess_budgets"] if row[2] == factor]


@pytest.mark.parametrize("factor", ["totp", "backup_code"])
def test_while_paused_a_right_code_is_hashed_for_no_more_than_a_wrong_one(
    product: Product, lea: Owner, monkeypatch: pytest.MonkeyPatch, factor: str
) -> None:
    """D-22: neither the code that was typed nor eight new ones, whose time would tell."""
    wrong = "ZZZZ-ZZZZ-ZZZZ-ZZZZ" if factor == "backup_code" else lea.phone.wrong_code(product.now)
    for _ in range(5):
        product.create_codes(lea.seat, wrong)
    text = lea.codes[0] if factor == "backup_code" else lea.phone.code(product.now)
    hashes: list[str] = []
    before_each_hash(monkeypatch, lambda: hashes.append("hash"))

    outcome = product.create_codes(lea.seat, text)

    assert isinstance(outcome, Refused)
    assert Refusal.TOO_MANY is outcome.reason
    assert [] == hashes


@pytest.mark.parametrize(("factor", "hashes"), [("totp", 8), ("backup_code", 9)])
def test_the_hashes_keep_nobody_waiting(
    product: Product, lea: Owner, monkeypatch: pytest.MonkeyPatch, factor: str, hashes: int
) -> None:
    """The eight new ones and that of a typed backup code are made outside the write lock."""
    is_writing: list[bool] = []
    before_each_hash(monkeypatch, lambda: is_writing.append(bool(product.session.info.get("writing"))))
    text = lea.codes[0] if factor == "backup_code" else lea.phone.code(product.now)

    assert isinstance(product.create_codes(lea.seat, text), Accepted)

    assert [False] * hashes == is_writing


def test_new_codes_take_the_old_ones_off_another_session_s_screen(product: Product, engine: Engine, lea: Owner) -> None:
    """What is dead is not shown as a way in."""
    product.create_codes(lea.seat, lea.phone.code(product.now))
    shown = product.shown(lea.seat)
    assert shown is not None
    other = product.log_in_with(lea.person, shown.codes[0])

    assert isinstance(product.create_codes(other, shown.codes[1]), Accepted)

    assert product.shown(lea.seat) is None
    assert product.shown(other) is not None
    assert 1 == count(engine, "shown_backup_codes")


@pytest.mark.parametrize("factor", ["totp", "backup_code"])
def test_a_session_that_ends_while_the_hashes_are_made_gets_no_codes(
    product: Product, engine: Engine, lea: Owner, monkeypatch: pytest.MonkeyPatch, factor: str
) -> None:
    """Asked again under the lock: the old eight live on, the code is not spent and the guess is given back."""
    text = lea.codes[0] if factor == "backup_code" else lea.phone.code(product.now)
    aside = {"audit_events", "guess_budgets", "log_in_sessions"}
    before = dump(engine, without=aside)

    with Session(engine, expire_on_commit=False) as session:
        before_the_first_hash(monkeypatch, lambda: product.beside(session).log_out(lea.seat))
        outcome = product.create_codes(lea.seat, text)

    assert Refused(Refusal.SESSION_OVER) == outcome
    assert before == dump(engine, without=aside)
    assert [(0, [])] == [row[4:6] for row in dump(engine)["guess_budgets"] if row[2] == factor]


def test_the_last_code_stands_in_for_one_of_two_tabs_only(
    product: Product, engine: Engine, lea: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked again under the lock: what the other tab made while the hashes ran is not replaced."""
    for code in lea.codes:
        seat = product.log_in_with(lea.person, code)
    made: list[object] = []

    with Session(engine, expire_on_commit=False) as session:
        other_tab = product.beside(session)
        before_the_first_hash(
            monkeypatch, lambda: made.extend([other_tab.create_codes(seat, None), other_tab.shown(seat)])
        )
        outcome = product.create_codes(seat, None)

    assert Refused(Refusal.MALFORMED) == outcome
    assert [Accepted(None), product.shown(seat)] == made
    assert 8 == count(engine, "backup_codes")
    assert 1 == len(product.audit("backup_codes:create"))

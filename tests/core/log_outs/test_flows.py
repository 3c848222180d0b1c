"""Logging out elsewhere: one other session, or all others."""

import pytest
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.hashing import before_the_first_hash
from tests.core.people import Owner, Product, Seat, visitor
from tests.core.stored import count, dies_everywhere, dump
from webapp.core.accounts.flows import Person
from webapp.core.attempts.tables import GuessBudget
from webapp.core.challenge.flows import HalfWay
from webapp.core.database import writing
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.sessions import browsers


@pytest.fixture
def lea(product: Product) -> Owner:
    """Two-factor authentication is on; a step later the next code can be used."""
    return product.owner()


@pytest.fixture
def there(product: Product, lea: Owner) -> Seat:
    """Lea's other session, in a browser of its own."""
    return product.log_in_with(lea.person, lea.codes[0])


@pytest.fixture
def kim(product: Product) -> Person:
    """Somebody with a password alone."""
    return product.employee("kim@studio.example")


def is_known(product: Product, seat: Seat) -> bool:
    person = seat.me.person.id
    return browsers.recognise(product.session, person, visitor(seat.browser), now=product.now) is not None


def charged(engine: Engine) -> int:
    """Guesses that stand counted, whatever at."""
    return sum(row[4] for row in dump(engine)["guess_budgets"])


@pytest.mark.parametrize("factor", ["totp", "backup_code"])
def test_either_code_ends_one_other_session(product: Product, lea: Owner, there: Seat, factor: str) -> None:
    """Dead at once; this one, and any third, go on. Noted with who and how many."""
    third = product.log_in_with(lea.person, lea.codes[1])
    text = lea.codes[2] if factor == "backup_code" else lea.phone.code(product.now)

    assert Accepted(None) == product.end_one(lea.seat, there.me.session_id, text)

    assert [True, False, True] == [product.find(seat.token) is not None for seat in (lea.seat, there, third)]
    assert [{"count": 1}] == [row.details for row in product.audit("session:end_others")]
    assert [factor] == [
        row.factor
        for row in product.audit("second_factor:check")
        if row.details["purpose"] == "log-out elsewhere" and row.outcome == "success"
    ]


def test_all_others_end_together(product: Product, lea: Owner, there: Seat) -> None:
    """This one is left."""
    third = product.log_in_with(lea.person, lea.codes[1])

    assert Accepted(None) == product.end_others(lea.seat, lea.phone.code(product.now))

    assert [True, False, False] == [product.find(seat.token) is not None for seat in (lea.seat, there, third)]
    assert [{"count": 2}] == [row.details for row in product.audit("session:end_others")]


def test_without_two_factor_authentication_the_recent_log_in_is_enough(product: Product, kim: Person) -> None:
    """There is no code to ask for."""
    here, one, other = [product.log_in(kim) for _ in range(3)]

    assert Accepted(None) == product.end_one(here, one.me.session_id)
    assert Accepted(None) == product.end_others(here)

    assert [True, False, False] == [product.find(seat.token) is not None for seat in (here, one, other)]


@pytest.mark.parametrize("text", [None, "", "12345", "000000", "ZZZZ-ZZZZ-ZZZZ-ZZZZ"])
def test_with_it_nothing_ends_without_a_right_code(
    product: Product, engine: Engine, lea: Owner, there: Seat, text: str | None
) -> None:
    """A stolen session can't log its owner out."""
    aside = {"audit_events", "guess_budgets"}
    before = dump(engine, without=aside)

    assert isinstance(product.end_one(lea.seat, there.me.session_id, text), Refused)
    assert isinstance(product.end_others(lea.seat, text), Refused)

    assert before == dump(engine, without=aside)


def test_a_code_that_ended_one_ends_no_other(product: Product, lea: Owner, there: Seat) -> None:
    """Replayed, it is refused (case D-36)."""
    third, code = product.log_in_with(lea.person, lea.codes[1]), lea.phone.code(product.now)
    product.end_one(lea.seat, there.me.session_id, code)

    again = product.end_one(lea.seat, third.me.session_id, code)

    assert isinstance(again, Refused)
    assert Refusal.CODE_ALREADY_USED is again.reason
    assert product.find(third.token)


def test_guesses_are_counted_with_those_at_log_in(product: Product, lea: Owner, there: Seat) -> None:
    """Five, then a pause for the right one too (case D-26)."""
    wrong = lea.phone.wrong_code(product.now)

    refused = [product.end_one(lea.seat, there.me.session_id, wrong) for _ in range(5)]
    late = product.end_others(lea.seat, lea.phone.code(product.now))

    assert [4, 3, 2, 1, 0] == [each.left for each in refused if isinstance(each, Refused)]
    assert isinstance(late, Refused)
    assert Refusal.TOO_MANY is late.reason


def test_somebody_else_s_session_is_refused_like_none_at_all(product: Product, lea: Owner, kim: Person) -> None:
    """A colleague's id, a made-up one, and one's own; no code is spent or charged."""
    kims, code = product.log_in(kim), lea.phone.code(product.now)
    events = len(product.audit("second_factor:check"))

    refused = [product.end_one(lea.seat, which, code) for which in (kims.me.session_id, 4711, lea.seat.me.session_id)]

    assert [Refused(Refusal.SESSION_UNKNOWN)] * 3 == refused
    assert product.find(kims.token)
    assert product.find(lea.seat.token)
    assert events == len(product.audit("second_factor:check"))
    assert Accepted(None) == product.reset(lea.seat, code)


def test_what_has_ended_meanwhile_spends_no_code(product: Product, lea: Owner, there: Seat) -> None:
    """Logged out there, or ended in another tab."""
    product.log_out(there)
    code = lea.phone.code(product.now)

    assert Refused(Refusal.SESSION_ENDED_BEFORE) == product.end_one(lea.seat, there.me.session_id, code)
    assert Refused(Refusal.SESSION_ENDED_BEFORE) == product.end_others(lea.seat, code)

    assert Accepted(None) == product.reset(lea.seat, code)


@pytest.mark.parametrize("all_others", [False, True])
def test_what_ends_while_a_backup_code_is_hashed_spends_none(
    product: Product, engine: Engine, lea: Owner, there: Seat, monkeypatch: pytest.MonkeyPatch, all_others: bool
) -> None:
    """Asked again under the lock: the code can be used again, and the guess is given back."""
    with Session(engine, expire_on_commit=False) as session:
        other = product.beside(session)
        before_the_first_hash(monkeypatch, lambda: other.log_out(there))

        outcome = (
            product.end_others(lea.seat, lea.codes[1])
            if all_others
            else product.end_one(lea.seat, there.me.session_id, lea.codes[1])
        )

    assert Refused(Refusal.SESSION_ENDED_BEFORE) == outcome
    assert [1, 0] == [sum(row[4] is not None for row in dump(engine)["backup_codes"]), charged(engine)]


def test_an_idle_session_that_was_ended_is_never_resumed(product: Product, lea: Owner, there: Seat) -> None:
    """The password and its cookie lead to the second step, as without that cookie."""
    product.clock.move(hours=1)
    here = product.log_in_with(lea.person, lea.phone.code(product.now))
    product.clock.next_step()

    assert Accepted(None) == product.end_one(here, there.me.session_id, lea.phone.code(product.now))

    again = product.pass_password(lea.person.email, idle_token=there.token)
    assert isinstance(again, Accepted)
    assert isinstance(again.value, HalfWay)


def test_a_session_that_has_ended_ends_no_other(product: Product, lea: Owner, there: Seat) -> None:
    """Logged out in another tab between the form and its answer."""
    product.log_out(lea.seat)
    code = lea.phone.code(product.now)

    assert Refused(Refusal.SESSION_OVER) == product.end_one(lea.seat, there.me.session_id, code)
    assert Refused(Refusal.SESSION_OVER) == product.end_others(lea.seat, code)

    assert product.find(there.token)


@pytest.mark.parametrize("all_others", [False, True])
def test_codes_on_the_other_screen_are_shown_no_more(
    product: Product, engine: Engine, lea: Owner, there: Seat, all_others: bool
) -> None:
    """And those on one's own stay."""
    product.create_codes(there, lea.codes[1])
    code = lea.phone.code(product.now)

    product.end_others(lea.seat, code) if all_others else product.end_one(lea.seat, there.me.session_id, code)

    assert 0 == count(engine, "shown_backup_codes")


@pytest.mark.parametrize("all_others", [False, True])
def test_the_browser_there_is_known_no_more(product: Product, lea: Owner, there: Seat, all_others: bool) -> None:
    """Whoever holds it has no guesses of their own, and its next log-in is that of a new browser."""
    code = lea.phone.code(product.now)

    product.end_others(lea.seat, code) if all_others else product.end_one(lea.seat, there.me.session_id, code)

    assert not is_known(product, there)
    assert is_known(product, lea.seat)


def test_the_browser_here_stays_known_though_an_older_session_of_it_ends(product: Product, kim: Person) -> None:
    """Its cookie of the session was lost, say, and the other kept."""
    older = product.log_in(kim)
    here = product.log_in(kim, browser=older.browser)

    assert Accepted(None) == product.end_one(here, older.me.session_id)

    assert is_known(product, here)


def test_the_log_in_by_the_last_code_stands_in_for_a_code(product: Product, lea: Owner) -> None:
    """A stolen phone and the last code must still put the thief out."""
    for code in lea.codes[:7]:
        product.log_in_with(lea.person, code)
    here = product.log_in_with(lea.person, lea.codes[7])

    assert Accepted(None) == product.end_others(here)

    assert 1 == product.open_sessions(here).total


def test_a_freeze_does_not_stop_it(product: Product, lea: Owner, there: Seat) -> None:
    """Whoever was there before the disputed event may put others out; what was set since is no code."""
    assert Accepted(None) == product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))
    here, other = [product.log_in_with(lea.person, lea.codes[at]) for at in (1, 2)]

    assert Accepted(None) == product.end_one(here, other.me.session_id, lea.phone.code(product.now))

    assert [None, None] == [product.find(seat.token) for seat in (there, other)]


def test_of_two_who_end_each_other_at_once_one_is_left(product: Product, engine: Engine) -> None:
    """Under the person's lock: whoever comes second finds their own session over."""
    kim = product.employee("kim@studio.example")
    one, other = product.log_in(kim), product.log_in(kim)
    acts = [
        lambda session: product.beside(session).end_one(one, other.me.session_id),
        lambda session: product.beside(session).end_one(other, one.me.session_id),
    ]

    outcomes = at_once(engine, acts)

    product.session.close()  # what it has read is from before
    assert 1 == sum(isinstance(outcome, Accepted) for outcome in outcomes)
    assert [Refusal.SESSION_OVER] == [outcome.reason for outcome in outcomes if isinstance(outcome, Refused)]
    assert 1 == sum(product.find(seat.token) is not None for seat in (one, other))


def test_one_code_sent_twice_at_once_ends_one_session(
    product: Product, engine: Engine, lea: Owner, there: Seat
) -> None:
    """Of two different ones."""
    third, code = product.log_in_with(lea.person, lea.codes[1]), lea.phone.code(product.now)
    acts = [
        lambda session, seat=seat: product.beside(session).end_one(lea.seat, seat.me.session_id, code)
        for seat in (there, third)
    ]

    outcomes = at_once(engine, acts)

    product.session.close()  # what it has read is from before
    assert 1 == sum(isinstance(outcome, Accepted) for outcome in outcomes)
    assert 2 == product.open_sessions(lea.seat).total


@pytest.mark.parametrize("factor", ["totp", "backup_code", "none"])
@pytest.mark.parametrize("all_others", [False, True])
def test_a_crash_anywhere_ends_with_everything_or_nothing(
    product: Product, engine: Engine, lea: Owner, there: Seat, factor: str, all_others: bool
) -> None:
    """Never a code spent for nothing, never a session ended without one."""
    aside = {"guess_budgets", "audit_events"}  # a charge for a backup code is committed before it is judged
    here, text = lea.seat, lea.codes[1] if factor == "backup_code" else lea.phone.code(product.now)
    if factor == "none":
        kim = product.employee("kim@studio.example")
        here, there = product.log_in(kim), product.log_in(kim)
        text = ""
    before = dump(engine, without=aside)

    def end() -> object:
        with writing(product.session):
            product.session.execute(delete(GuessBudget))
        return product.end_others(here, text) if all_others else product.end_one(here, there.me.session_id, text)

    deaths, sights = dies_everywhere(engine, end, lambda: dump(engine, without=aside))

    assert deaths > 8
    assert [before] * deaths == sights
    assert product.find(there.token) is None
    assert product.find(here.token)

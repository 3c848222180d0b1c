"""A new password for whoever knows the old one: charged, judged, stored, and everything else ended, together."""

import pytest
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.hashing import before_the_first_hash
from tests.core.people import PASSWORD, Owner, Product
from tests.core.stored import dies_everywhere, dump
from webapp.core.attempts.rules import GuessKind
from webapp.core.attempts.tables import GuessBudget
from webapp.core.challenge.flows import HalfWay, LoggedIn, Resumed
from webapp.core.database import writing
from webapp.core.links.rules import LinkKind
from webapp.core.outcomes import Accepted, Refusal, Refused

NEW = "harbour quilt nineteen ferns"
OTHER = "velvet pony drums at dawn"


@pytest.fixture
def lea(product: Product) -> Owner:
    return product.owner()


def reasons(product: Product, kind: str) -> list[str]:
    return [event.reason or event.outcome for event in product.audit(kind)]


def test_the_new_password_logs_in_and_the_old_one_does_not(product: Product, engine: Engine) -> None:
    person = product.employee()
    seat = product.log_in(person)

    assert isinstance(product.change_password(seat, NEW), Accepted)

    assert isinstance(product.pass_password(person.email), Refused)
    assert isinstance(product.pass_password(person.email, NEW), Accepted)
    assert ["success"] == reasons(product, "password:change")
    assert ["password_changed"] == [row[1] for row in dump(engine)["outbox"]][:1]


@pytest.mark.parametrize("factor", ["totp", "backup_code"])
def test_where_two_factor_authentication_is_on_it_takes_a_code_too(product: Product, lea: Owner, factor: str) -> None:
    """Either kind; it stays on."""
    text = lea.codes[0] if factor == "backup_code" else lea.phone.code(product.now)

    refused = product.change_password(lea.seat, NEW)
    accepted = product.change_password(lea.seat, NEW, text)

    assert Refused(Refusal.MALFORMED) == refused
    assert isinstance(accepted, Accepted)
    outcome = product.pass_password(lea.person.email, NEW)
    assert isinstance(outcome, Accepted)
    assert isinstance(outcome.value, HalfWay)


def test_everything_that_the_old_password_opened_is_over(product: Product, lea: Owner) -> None:
    """Other sessions, the idle one too, and half-way log-ins; this session goes on under a new token."""
    idle = product.log_in_with(lea.person, lea.codes[0])
    product.clock.move(minutes=61)
    seat, half_way = product.log_in_with(lea.person, lea.codes[1]), product.half_way(lea.person)

    changed = product.change_password(seat, NEW, lea.codes[2])

    assert isinstance(changed, Accepted)
    assert product.find(seat.token) is None
    assert product.find(changed.value)
    assert Refused(Refusal.CHALLENGE_OVER) == product.answer(half_way, lea.codes[3])
    resumed = product.pass_password(lea.person.email, NEW, idle_token=idle.token)
    assert isinstance(resumed, Accepted)
    assert not isinstance(resumed.value, Resumed)


def test_a_link_for_a_forgotten_password_is_void_after_it(product: Product) -> None:
    """Somebody who reads the mailbox asked for it before: it is worth nothing now."""
    person = product.employee()
    product.forgot(person.email)
    product.resolve()
    ((_, token),) = product.mailed(LinkKind.PASSWORD)

    product.change_password(product.log_in(person), NEW)

    assert Refused(Refusal.LINK_OVER) == product.recover(token, OTHER)


def test_a_password_that_breaks_a_rule_costs_nothing(product: Product, engine: Engine, lea: Owner) -> None:
    """Judged before anything is charged or spent: the right password and the right code are still good."""
    code = lea.phone.code(product.now)
    before = dump(engine)

    for new, reason in (("short", Refusal.PASSWORD_TOO_SHORT), ("x" * 257, Refusal.PASSWORD_TOO_LONG)):
        outcome = product.change_password(lea.seat, new, code, current="wrong")
        assert reason == getattr(outcome, "reason", None)
    easy = product.change_password(lea.seat, "passwordpassword", code)

    assert before == dump(engine)
    assert isinstance(easy, Refused)
    assert Refusal.PASSWORD_TOO_EASY is easy.reason
    assert easy.hint


def test_an_entry_that_is_no_code_costs_nothing(product: Product, engine: Engine, lea: Owner) -> None:
    """Its shape comes before any guess: the password beside it isn't looked at. It is written down."""
    before = dump(engine, without={"audit_events"})

    assert Refused(Refusal.MALFORMED) == product.change_password(lea.seat, NEW, "12345", current="not the right one")

    assert before == dump(engine, without={"audit_events"})
    assert ["malformed"] == reasons(product, "second_factor:check")


def test_the_same_password_is_refused_and_costs_no_code(product: Product, lea: Owner) -> None:
    """However its letters are composed; said only to who knows it."""
    code = lea.phone.code(product.now)

    assert Refused(Refusal.PASSWORD_SAME) == product.change_password(lea.seat, PASSWORD, code)
    assert isinstance(product.change_password(lea.seat, NEW, code), Accepted)


def test_a_wrong_current_password_is_a_guess_and_no_code_is_looked_at(product: Product, lea: Owner) -> None:
    """Five, then a pause that the right one meets as well; the code stays good."""
    code = lea.phone.code(product.now)

    outcomes = [product.change_password(lea.seat, NEW, code, current="not the right one") for _ in range(5)]
    paused = product.change_password(lea.seat, NEW, code)

    assert [Refusal.WRONG_PASSWORD] * 5 == [getattr(one, "reason", None) for one in outcomes]
    assert [4, 3, 2, 1, 0] == [getattr(one, "left", None) for one in outcomes]
    assert isinstance(paused, Refused)
    assert Refusal.TOO_MANY is paused.reason
    assert [] == product.audit("second_factor:check")
    product.clock.move(minutes=5, seconds=1)
    assert isinstance(product.change_password(lea.seat, NEW, lea.phone.code(product.now)), Accepted)


def test_a_wrong_code_after_a_right_password_costs_a_code_alone(product: Product, engine: Engine, lea: Owner) -> None:
    """The password's guess is given back; nothing changes."""
    with writing(product.session):
        product.session.execute(delete(GuessBudget))

    refused = product.change_password(lea.seat, NEW, lea.phone.wrong_code(product.now))

    assert isinstance(refused, Refused)
    assert Refusal.WRONG_CODE is refused.reason
    with Session(engine) as session:
        counted = {row.kind: row.failures for row in session.query(GuessBudget)}
    assert 1 == counted.pop("totp")
    assert {0} >= set(counted.values())
    assert isinstance(product.pass_password(lea.person.email), Accepted)


def test_guesses_of_strangers_and_of_this_browser_are_forgotten(product: Product, engine: Engine) -> None:
    """They guessed at another password."""
    person = product.employee()
    seat = product.log_in(person)
    for browser in (None, seat.browser):
        product.pass_password(person.email, "wrong but long enough", browser=browser)

    product.change_password(seat, NEW)

    assert [] == [row for row in dump(engine)["guess_budgets"] if "password" in row]


def test_no_browser_stays_known(product: Product, engine: Engine, lea: Owner) -> None:
    """Whoever knew the old password may have copied its cookie; this browser's own is no exception."""
    product.log_in_with(lea.person, lea.codes[0])
    assert 2 == len(dump(engine)["known_browsers"])

    assert isinstance(product.change_password(lea.seat, NEW, lea.phone.code(product.now)), Accepted)

    assert [] == dump(engine)["known_browsers"]


def test_a_factor_that_strangers_closed_is_open_after_a_change_with_a_code(product: Product, lea: Owner) -> None:
    """The change was made with a second factor, so its owner is there."""
    product.use_up(lea.person, GuessKind.TOTP)
    seat = product.log_in_with(lea.person, lea.phone.code(product.now), browser=lea.seat.browser)
    product.clock.next_step()

    assert isinstance(product.change_password(seat, NEW, lea.phone.code(product.now)), Accepted)

    product.clock.next_step()
    waiting = product.half_way(lea.person, password=NEW)
    assert isinstance(product.answer(waiting, lea.phone.code(product.now)), Accepted)


def test_a_session_that_has_ended_changes_nothing(product: Product, engine: Engine) -> None:
    """The person logged out in another tab; the right password is no guess."""
    person = product.employee()
    seat = product.log_in(person)
    product.log_out(seat)
    before = dump(engine)["password_hashes"]

    assert Refused(Refusal.SESSION_OVER) == product.change_password(seat, NEW)

    assert before == dump(engine)["password_hashes"]
    assert "session_over" == reasons(product, "password:check")[-1]


def test_a_password_that_was_changed_meanwhile_is_not_changed_by_the_old_one(
    product: Product, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While this request hashes, another one has set a password: the one that was shown is looked at again."""
    person = product.employee()
    seat = product.log_in(person)

    def another_tab() -> None:
        with Session(engine, expire_on_commit=False) as session:
            assert product.beside(session).set_password(person, OTHER) is None

    before_the_first_hash(monkeypatch, another_tab)
    outcome = product.change_password(seat, NEW)

    assert Refused(Refusal.WRONG_PASSWORD) == outcome
    assert isinstance(product.pass_password(person.email, OTHER), Accepted)
    assert [] == product.audit("password:change")


def test_of_two_changes_at_once_one_is_made(product: Product, engine: Engine) -> None:
    """Both know the old password, and one of them no longer does."""
    seat = product.log_in(product.employee())
    acts = [lambda session, new=new: product.beside(session).change_password(seat, new) for new in (NEW, OTHER)]

    outcomes = at_once(engine, acts)

    assert 1 == sum(isinstance(one, Accepted) for one in outcomes)
    assert ["success"] == reasons(product, "password:change")


@pytest.mark.parametrize("factor", ["none", "totp", "backup_code"])
def test_a_crash_anywhere_changes_all_or_nothing(product: Product, engine: Engine, factor: str) -> None:
    """Never a code spent, a session ended or a mail owed for a password that was not stored."""
    aside = {"guess_budgets", "audit_events"}  # guesses are charged and committed before they are judged
    if factor == "none":
        person = product.employee()
        seat, text = product.log_in(person), None
        product.log_in(person)
    else:
        owner = product.owner()
        person, seat = owner.person, owner.seat
        product.log_in_with(person, owner.codes[0])
        product.half_way(person)
        text = owner.codes[1] if factor == "backup_code" else owner.phone.code(product.now)
    product.forgot(person.email)
    product.resolve()
    before = dump(engine, without=aside)

    def change() -> object:
        with writing(product.session):
            product.session.execute(delete(GuessBudget))
        return product.change_password(seat, NEW, text)

    deaths, sights = dies_everywhere(engine, change, lambda: dump(engine, without=aside))

    assert deaths > 20
    assert [before] * deaths == sights
    assert ["success"] == reasons(product, "password:change")


def test_the_change_is_a_proof_of_this_moment(product: Product) -> None:
    """After it the log-in is recent, for the password was shown."""
    seat = product.log_in(product.employee())
    product.clock.move(minutes=30)

    changed = product.change_password(seat, NEW)

    assert isinstance(changed, Accepted)
    me = product.find(changed.value)
    assert me is not None
    assert me.is_recently_proved(product.now)


def test_codes_on_the_screen_of_this_session_stay_readable(product: Product) -> None:
    """They are sealed under its token, which changes; those of other sessions are gone."""
    owner = product.activate(product.employee())
    product.clock.next_step()

    changed = product.change_password(owner.seat, NEW, owner.phone.code(product.now))

    assert isinstance(changed, Accepted)
    me = product.find(changed.value)
    assert me is not None
    shown = product.shown(type(owner.seat)(changed.value, owner.seat.browser, me))
    assert shown is not None
    assert owner.codes == shown.codes
    outcome = product.pass_password(owner.person.email, NEW)
    assert isinstance(outcome, Accepted)
    assert not isinstance(outcome.value, LoggedIn)

"""Setting a password and checking one."""

import bcrypt
import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from tests.core.people import BRAND, PASSWORD, ROUNDS, Product, visitor
from tests.core.stored import as_text, dies_everywhere, dump, values
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.accounts.tables import Employee
from webapp.core.database import writing
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.passwords import flows as passwords
from webapp.core.passwords.flows import Check
from webapp.core.passwords.tables import PasswordHash
from webapp.core.sealing import CannotOpenError
from webapp.core.visitor import OPERATOR


def begin(product: Product, email: str) -> Check | Refused:
    return passwords.begin_check(
        product.session,
        product.keyring,
        email,
        browser=None,
        rounds=product.rounds,
        now=product.now,
        visitor=visitor(None),
    )


@pytest.fixture
def lea(product: Product) -> Person:
    return product.employee()


def test_a_refused_password_changes_nothing(product: Product, engine: Engine, lea: Person) -> None:
    """The old one still opens."""
    before = dump(engine)

    refused = product.set_password(lea, "too short")

    assert Refused(Refusal.PASSWORD_TOO_SHORT) == refused
    assert before == dump(engine)


def test_name_company_and_brand_count_against_a_password(product: Product, lea: Person) -> None:
    """The flow hands its context to the rule."""
    refused = [
        product.set_password(lea, text) for text in ("Studio Nord 2026", "lea@studio.example", "calensocalenso1")
    ]

    assert [Refusal.PASSWORD_TOO_EASY] * 3 == [each and each.reason for each in refused]


def test_the_hash_is_sealed(engine: Engine, lea: Person) -> None:
    """A stolen database alone gives nothing to crack: no bcrypt hash is in it."""
    assert not any("$2b$" in as_text(value) for table, value in values(dump(engine)) if table == "password_hashes")


def test_a_hash_moved_to_another_person_does_not_open(product: Product, session: Session, lea: Person) -> None:
    """Writing one's own hash into another's row opens no account."""
    kim = product.employee("kim@studio.example")
    with writing(session):
        mine = session.get_one(PasswordHash, kim.id)
        session.execute(update(PasswordHash).where(PasswordHash.employee_id == lea.id).values(box=mine.box))

    with pytest.raises(CannotOpenError):
        begin(product, lea.email)


def test_a_new_password_takes_the_place_of_the_old_one(product: Product, engine: Engine, lea: Person) -> None:
    """One row a person; the old password opens nothing."""
    assert product.set_password(lea, "other lantern violin moss") is None

    check = begin(product, lea.email)

    assert isinstance(check, Check)
    assert passwords.judge(check, "other lantern violin moss")
    assert passwords.judge(check, PASSWORD) is None
    assert 1 == len(dump(engine)["password_hashes"])


def test_a_check_of_nobody_costs_the_same_hash_and_never_succeeds(product: Product, lea: Person) -> None:
    """D-85: a dummy hash of equal cost for an address nobody has."""
    known, unknown = begin(product, lea.email), begin(product, "nobody@studio.example")

    assert isinstance(known, Check)
    assert isinstance(unknown, Check)
    assert known.password_hash[:7] == unknown.password_hash[:7]
    assert len(known.password_hash) == len(unknown.password_hash)
    assert not any(passwords.judge(unknown, text) for text in (PASSWORD, "", "\x00", "\ud800", "x" * 1000))


def test_a_check_of_nobody_is_made_at_the_cost_of_the_setting(product: Product) -> None:
    """D-85: at any other cost it would take another time than the checks of people."""
    product.rounds = 6

    check = begin(product, "nobody@studio.example")

    assert isinstance(check, Check)
    assert b"$2b$06$" == check.password_hash[:7]


@pytest.mark.parametrize("password", [PASSWORD, "wrong but long enough"])
def test_a_check_of_nobody_hashes_as_often_as_one_of_somebody(
    product: Product, lea: Person, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    """D-85: once each, and never not at all because there is nothing to compare with."""
    checks = [begin(product, email) for email in (lea.email, "nobody@studio.example")]
    checkpw = bcrypt.checkpw
    costs: list[list[bytes]] = []

    def counted(typed: bytes, password_hash: bytes) -> bool:
        costs[-1].append(password_hash[:7])
        return checkpw(typed, password_hash)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    for check in checks:
        assert isinstance(check, Check)
        costs.append([])
        passwords.judge(check, password)

    assert [[b"$2b$%02d$" % ROUNDS]] * 2 == costs


def test_a_password_that_was_changed_while_it_was_checked_opens_nothing(product: Product, lea: Person) -> None:
    """Between hash and log-in the row is looked at again, under the lock."""
    check = begin(product, lea.email)
    assert isinstance(check, Check)
    right = passwords.judge(check, PASSWORD)
    assert right
    product.set_password(lea, "other lantern violin moss")

    with writing(product.session):
        settled = passwords.settle(product.session, product.keyring, right, now=product.now, visitor=visitor(None))

    assert not settled


@pytest.mark.parametrize("rounds", [ROUNDS, ROUNDS + 1, ROUNDS + 2])
def test_the_next_log_in_brings_the_hash_to_the_cost_of_the_setting(
    product: Product, session: Session, lea: Person, rounds: int
) -> None:
    """ASVS 11.4.2: upgraded where it differs; the password and the day it was set stay."""
    set_at = session.get_one(PasswordHash, lea.id).changed_at
    product.clock.move(minutes=1)

    product.rounds = rounds
    product.log_in(lea)

    check = begin(product, lea.email)
    assert isinstance(check, Check)
    assert b"$2b$%02d$" % rounds == check.password_hash[:7]
    assert passwords.judge(check, PASSWORD)
    assert set_at == session.get_one(PasswordHash, lea.id, populate_existing=True).changed_at


@pytest.mark.parametrize("email", ["lea@studio.example", "nobody@studio.example"])
def test_guesses_are_counted_alike_whether_the_address_exists_or_not(product: Product, lea: Person, email: str) -> None:
    """Same words, same numbers: nobody learns who has an account."""
    outcomes = [product.pass_password(email, "wrong but long enough") for _ in range(7)]

    assert [Refusal.WRONG_PASSWORD] * 5 + [Refusal.TOO_MANY] * 2 == [outcome.reason for outcome in outcomes]
    assert [4, 3, 2, 1, 0, None, None] == [outcome.left for outcome in outcomes]


@pytest.mark.parametrize("email", ["LEA@studio.example", " lea@studio.example", "lea@ſtudio.example"])
def test_another_spelling_of_the_address_is_the_same_counter(product: Product, lea: Person, email: str) -> None:
    """D-24."""
    for _ in range(5):
        product.pass_password(lea.email, "wrong but long enough")

    outcome = product.pass_password(email, "wrong but long enough")

    assert isinstance(outcome, Refused)
    assert Refusal.TOO_MANY is outcome.reason


@pytest.mark.parametrize("email", ["", "\x00", "a\x00@x.example", "\udc80@x.example", "x" * 100_000, "'; --"])
def test_whatever_is_typed_as_an_address_is_simply_wrong(product: Product, lea: Person, email: str) -> None:
    """D-84, D-88: a refusal like any other, and never a failure."""
    outcome = product.pass_password(email)

    assert Refused(Refusal.WRONG_PASSWORD, left=4, pause_minutes=5) == outcome


def test_an_address_that_was_guessed_at_is_not_stored(product: Product, engine: Engine) -> None:
    """The counter's key is a keyed digest; typed addresses of strangers stay out of the database."""
    product.pass_password("someone.else@private.example", "wrong but long enough")

    assert not any("someone.else" in as_text(value) for _, value in values(dump(engine)))


def test_the_right_password_is_refused_too_while_paused(product: Product, lea: Person) -> None:
    """Else the pause would only slow those who don't know it."""
    for _ in range(5):
        product.pass_password(lea.email, "wrong but long enough")

    outcome = product.pass_password(lea.email)

    assert isinstance(outcome, Refused)
    assert Refusal.TOO_MANY is outcome.reason
    product.clock.now = outcome.retry_at
    assert not isinstance(product.pass_password(lea.email), Refused)


def test_strangers_can_t_keep_a_known_browser_out(product: Product, lea: Person) -> None:
    """D-29: it has its own budget here too."""
    seat = product.log_in(lea)
    for _ in range(10):
        product.pass_password(lea.email, "wrong but long enough")

    product.log_in(lea, browser=seat.browser)


def test_a_known_browser_of_somebody_else_is_a_stranger(product: Product, lea: Person) -> None:
    """A budget of one's own is for one's own account."""
    kim = product.employee("kim@studio.example")
    kims = product.log_in(kim)
    for _ in range(5):
        product.pass_password(lea.email, "wrong but long enough")

    outcome = product.pass_password(lea.email, browser=kims.browser)

    assert isinstance(outcome, Refused)
    assert Refusal.TOO_MANY is outcome.reason


def test_passwords_are_delayed_and_never_closed(product: Product, lea: Person) -> None:
    """A hundred and twenty wrong ones over a month: the right one still opens."""
    for _ in range(30):
        for _ in range(4):
            product.pass_password(lea.email, "wrong but long enough")
        product.clock.move(days=1, seconds=1)

    product.log_in(lea)


def test_a_complete_log_in_empties_the_counter_it_used(product: Product, lea: Person) -> None:
    """Four slips, then the right one: the next slip has five again."""
    for _ in range(4):
        product.pass_password(lea.email, "wrong but long enough")
    product.log_in(lea)

    assert Refused(Refusal.WRONG_PASSWORD, left=4, pause_minutes=5) == product.pass_password(
        lea.email, "wrong but long enough"
    )


def test_the_right_password_alone_empties_nothing_where_a_second_factor_is_owed(product: Product) -> None:
    """Half a log-in is no success; the guess itself is given back."""
    owner = product.owner()
    for _ in range(3):
        product.pass_password(owner.person.email, "wrong but long enough")
    product.half_way(owner.person)

    assert Refused(Refusal.WRONG_PASSWORD, left=1, pause_minutes=5) == product.pass_password(
        owner.person.email, "wrong but long enough"
    )


def test_somebody_inactive_is_nobody(product: Product, session: Session, lea: Person) -> None:
    """The right password of a person who has left is wrong."""
    with writing(session):
        session.execute(update(Employee).where(Employee.id == lea.id).values(is_active=False))

    assert Refused(Refusal.WRONG_PASSWORD, left=4, pause_minutes=5) == product.pass_password(lea.email)


def test_somebody_without_a_password_can_t_log_in(product: Product) -> None:
    """No password set is not an empty password."""
    kim = product.employee("kim@studio.example", password=None)

    assert all(isinstance(product.pass_password(kim.email, text), Refused) for text in ("", PASSWORD))


def test_every_check_is_audited(product: Product, lea: Person) -> None:
    """Right, wrong, unknown, too many: each has its row."""
    product.pass_password(lea.email)
    product.pass_password("nobody@studio.example")
    for _ in range(6):
        product.pass_password(lea.email, "wrong but long enough")

    rows = [(row.employee_id, row.outcome, row.reason) for row in product.audit("password:check")]

    assert [
        (lea.id, "success", ""),
        (None, "refused", "wrong_password"),
        *[(lea.id, "refused", "wrong_password")] * 5,
        (lea.id, "refused", "too_many"),
    ] == rows


def test_a_crash_anywhere_leaves_an_employee_with_a_password_or_none_at_all(product: Product, engine: Engine) -> None:
    """Never an account that nobody can open, whose address is taken."""
    company = product.company()
    before = dump(engine)

    def employ() -> object:
        return passwords.employ(
            product.session,
            product.keyring,
            company,
            "kim@studio.example",
            PASSWORD,
            name="Kim",
            role=Role.EMPLOYEE,
            brand=BRAND,
            rounds=ROUNDS,
            now=product.now,
            visitor=OPERATOR,
        )

    deaths, sights = dies_everywhere(engine, employ, lambda: dump(engine))

    after = dump(engine)
    assert deaths > 5
    assert [before] * deaths == sights
    assert (1, 1, 2) == tuple(len(after[name]) for name in ("employees", "password_hashes", "audit_events"))
    assert isinstance(product.pass_password("kim@studio.example"), Accepted)

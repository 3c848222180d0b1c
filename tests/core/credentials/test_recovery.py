"""A forgotten password: nothing tells whose address it is, the link acts once, and it opens nothing but a password."""

import unicodedata

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.people import PASSWORD, Owner, Product, Seat
from tests.core.stored import as_text, dies_everywhere, dump, values
from webapp.core.accounts import flows as accounts
from webapp.core.accounts.flows import Person
from webapp.core.attempts.rules import GuessKind
from webapp.core.challenge.flows import HalfWay, LoggedIn
from webapp.core.credentials import recovery
from webapp.core.database import writing
from webapp.core.links.rules import LinkKind
from webapp.core.outcomes import Accepted, Refusal, Refused

NEW = "harbour quilt nineteen ferns"


@pytest.fixture
def lea(product: Product) -> Person:
    return product.employee()


def link(product: Product, person: Person) -> str:
    """The token of a fresh link that was mailed to *person*."""
    product.forgot(person.email)
    product.resolve()
    return product.mailed(LinkKind.PASSWORD)[-1][1]


def deactivate(engine: Engine, person: Person) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE employees SET is_active = false WHERE id = {person.id}"))


# --- asking -----------------------------------------------------------------------------------------------------------


def test_asking_takes_the_same_statements_whoever_has_the_address(product: Product, engine: Engine) -> None:
    """Known, unknown, inactive, without a password: it is only written down (ASVS 6.3.8, case D-86)."""
    product.employee()
    deactivate(engine, product.employee("old@studio.example"))
    product.employee("new@studio.example", password=None)
    seen: list[str] = []
    event.listen(engine, "after_cursor_execute", lambda _c, _cu, statement, *_: seen.append(statement))

    taken = []
    for address in ("lea@studio.example", "nobody@studio.example", "old@studio.example", "new@studio.example", "x"):
        seen.clear()
        product.forgot(address)
        taken.append(list(seen))

    assert taken[0]
    assert [taken[0]] * 5 == taken
    assert not [one for one in taken[0] if "employees" in one]


def test_a_link_goes_to_the_person_s_own_address(product: Product, engine: Engine, lea: Person) -> None:
    """With an event, and without anything that freezes: nothing has happened yet."""
    product.forgot(lea.email)

    assert 1 == product.resolve()

    assert [lea.email] == [recipient for recipient, _ in product.mailed(LinkKind.PASSWORD)]
    assert [] == product.mailed(LinkKind.NOTICE)
    assert [lea.id] == [event.employee_id for event in product.audit("password:recovery_ask")]
    assert ["password_link"] == [row[1] for row in dump(engine)["outbox"]]


@pytest.mark.parametrize(
    "typed", ["LEA@STUDIO.EXAMPLE", " lea@studio.example ", "ｌｅａ@studio.example", "lea@ſtudio.example"]
)
def test_however_it_is_typed_the_mail_goes_to_the_stored_address(product: Product, lea: Person, typed: str) -> None:
    """Look-alikes find the account and never get its mail (CVE-2019-19844)."""
    product.forgot(typed)
    product.resolve()

    assert ["lea@studio.example"] == [recipient for recipient, _ in product.mailed(LinkKind.PASSWORD)]
    assert unicodedata.normalize("NFKC", typed).strip().casefold() == lea.email


def test_nobody_else_is_mailed(product: Product, engine: Engine, lea: Person) -> None:
    """Unknown, inactive, without a password: the request is done with, no mail, no event."""
    deactivate(engine, lea)
    product.employee("new@studio.example", password=None)
    for address in (lea.email, "new@studio.example", "nobody@studio.example", "\0\ud800@x", "x" * 400):
        product.forgot(address)

    assert 5 == product.resolve()

    assert [] == dump(engine)["outbox"]
    assert [] == product.audit("password:recovery_ask")


def test_what_was_typed_is_gone_once_it_is_resolved(product: Product, engine: Engine) -> None:
    """An hour later, so is the row that counted."""
    product.forgot("somebody.else@private.example")
    product.resolve()

    stored = [as_text(value) for _, value in values(dump(engine))]
    assert not [one for one in stored if "private" in one]
    assert 1 == len(dump(engine)["recovery_requests"])
    product.clock.move(hours=1)
    assert 1 == recovery.purge(product.session, now=product.now)
    assert [] == dump(engine)["recovery_requests"]


def test_the_resolver_purges_too_and_keeps_what_waits(product: Product, engine: Engine) -> None:
    """A request that nobody answered yet is not lost, however old it is."""
    product.forgot("a@studio.example")
    product.resolve()
    product.forgot("b@studio.example")
    product.clock.move(hours=2)
    assert 0 == len([row for row in dump(engine)["recovery_requests"] if row[-1] and row[3]])
    assert 1 == recovery.purge(product.session, now=product.now)
    assert 1 == product.resolve()
    product.clock.move(hours=2)

    product.resolve()

    assert [] == dump(engine)["recovery_requests"]


def test_a_flood_of_requests_keeps_no_mail_waiting(product: Product) -> None:
    """So many are answered in one turn of the sender, the oldest first, and the others in the next."""
    for at in range(7):
        product.forgot(f"nobody{at}@studio.example")

    resolved = [recovery.resolve_due(product.session, most=3, now=product.now) for _ in range(4)]

    assert [3, 3, 1, 0] == resolved


def test_three_mails_an_hour_and_not_a_word_beyond(product: Product, engine: Engine, lea: Person) -> None:
    """By address, before anything is written: ten requests leave three rows and three mails."""
    for _ in range(10):
        product.forgot(lea.email)
        product.forgot("nobody@studio.example")
        product.resolve()

    assert 6 == len(dump(engine)["recovery_requests"])
    assert 3 == len(product.mailed(LinkKind.PASSWORD))
    product.clock.move(minutes=59)
    product.forgot(lea.email)
    assert 0 == product.resolve()
    product.clock.move(minutes=1, seconds=1)
    product.forgot(lea.email)
    assert 1 == product.resolve()
    assert 4 == len(product.mailed(LinkKind.PASSWORD))


def test_three_mails_an_hour_to_a_person_whatever_became_of_the_rows(
    product: Product, engine: Engine, lea: Person
) -> None:
    """The second limit counts the links that were made."""
    for _ in range(5):
        product.forgot(lea.email)
        product.resolve()
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM recovery_requests"))

    assert 3 == len(product.mailed(LinkKind.PASSWORD))


def test_of_twenty_requests_at_once_three_at_most_are_kept(product: Product, engine: Engine, lea: Person) -> None:
    """The database itself keeps to it; none of them fails."""
    at_once(engine, [lambda session: product.beside(session).forgot(lea.email)] * 20)

    assert 1 <= len(dump(engine)["recovery_requests"]) <= 3


def test_two_senders_at_once_mail_each_request_once(product: Product, engine: Engine, lea: Person) -> None:
    """And nobody's is left."""
    product.forgot(lea.email)
    product.forgot(product.employee("kim@studio.example").email)

    resolved = at_once(engine, [lambda session: product.beside(session).resolve()] * 6)

    assert 2 == sum(resolved)
    assert {lea.email, "kim@studio.example"} == {recipient for recipient, _ in product.mailed(LinkKind.PASSWORD)}
    assert 2 == len(product.mailed(LinkKind.PASSWORD))


def test_a_crash_of_the_sender_loses_no_request_and_mails_none_twice(
    product: Product, engine: Engine, lea: Person
) -> None:
    product.forgot(lea.email)
    before = dump(engine)

    deaths, sights = dies_everywhere(engine, product.resolve, lambda: dump(engine))

    # The last deaths are those of the look for a second request: the mail is owed by then, once.
    assert deaths > 8
    assert before == sights[0]
    assert {0, 1} == {len(sight["outbox"]) for sight in sights}
    assert 1 == len(product.mailed(LinkKind.PASSWORD))


def test_who_has_another_address_by_now_is_not_mailed_at_the_old_one(product: Product, engine: Engine) -> None:
    """The request was made before the change."""
    seat = product.log_in(product.employee())
    product.ask_email(seat, "lea@new.example")
    product.forgot("lea@studio.example")
    product.confirm_email(seat, product.mailed(LinkKind.EMAIL)[0][1])

    product.resolve()

    assert [] == product.mailed(LinkKind.PASSWORD)


@pytest.mark.parametrize("database_uri", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_an_address_that_changes_while_the_sender_looks_gets_no_mail(product: Product, engine: Engine) -> None:
    """Between the look for its owner and the lock: the link would go to a mailbox that is the owner's no more."""
    lea = product.employee()
    product.forgot(lea.email)
    changed: list[str] = []

    def change_before_the_lock(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if "FOR NO KEY UPDATE" in statement and "FROM employees" in statement and not changed:
            changed.append(statement)
            with Session(engine) as session, writing(session):
                accounts.change_email(session, lea, "lea@new.example")

    event.listen(engine, "before_cursor_execute", change_before_the_lock)
    assert 1 == product.resolve()
    event.remove(engine, "before_cursor_execute", change_before_the_lock)

    assert changed
    assert [] == product.mailed(LinkKind.PASSWORD)


# --- the link ---------------------------------------------------------------------------------------------------------


def test_the_link_sets_a_password_and_logs_nobody_in(product: Product, engine: Engine, lea: Person) -> None:
    """D-13, D-59."""
    sessions = len(dump(engine)["log_in_sessions"])

    assert Accepted(None) == product.recover(link(product, lea), NEW)

    assert sessions == len(dump(engine)["log_in_sessions"])
    assert isinstance(product.pass_password(lea.email), Refused)
    outcome = product.pass_password(lea.email, NEW)
    assert isinstance(outcome, Accepted)
    assert isinstance(outcome.value, LoggedIn)
    assert ["success"] == [event.outcome for event in product.audit("password:recover")]
    assert ["password_link", "password_forgotten"] == [row[1] for row in dump(engine)["outbox"]]


def test_the_second_factor_is_as_it_was(product: Product, engine: Engine) -> None:
    """D-13: a code is asked for by the next log-in, and spent ones are spent."""
    owner = product.owner()
    tables = ("authenticators", "backup_code_sets", "backup_codes")
    before = {table: dump(engine)[table] for table in tables}

    product.recover(link(product, owner.person), NEW)

    assert before == {table: dump(engine)[table] for table in tables}
    outcome = product.pass_password(owner.person.email, NEW)
    assert isinstance(outcome, Accepted)
    assert isinstance(outcome.value, HalfWay)


def test_everything_that_was_open_is_over(product: Product) -> None:
    """Sessions, half-way log-ins, a change of address that somebody asked for, the other links."""
    owner = product.owner()
    other, half_way = product.log_in_with(owner.person, owner.codes[0]), product.half_way(owner.person)
    product.ask_email(other, "thief@else.example", owner.codes[1])
    ((_, address_link),) = product.mailed(LinkKind.EMAIL)

    product.recover(link(product, owner.person), NEW)

    assert [None, None] == [product.find(seat.token) for seat in (owner.seat, other)]
    assert Refused(Refusal.CHALLENGE_OVER) == product.answer(half_way, owner.codes[2])
    back = _log_in_anew(product, owner)
    assert Refused(Refusal.LINK_OVER) == product.confirm_email(back, address_link)


def test_a_link_acts_once(product: Product, lea: Person) -> None:
    token = link(product, lea)
    product.recover(token, NEW)

    assert Refused(Refusal.LINK_OVER) == product.recover(token, "another quilt of ferns")
    assert isinstance(product.pass_password(lea.email, NEW), Accepted)


def test_of_twenty_clicks_at_once_one_acts(product: Product, engine: Engine, lea: Person) -> None:
    """Each with another password: the one that was accepted is the one that logs in."""
    token = link(product, lea)
    passwords = [f"harbour quilt {number} ferns and moss" for number in range(20)]

    outcomes = at_once(
        engine, [lambda session, new=new: product.beside(session).recover(token, new) for new in passwords]
    )

    (accepted,) = [new for new, one in zip(passwords, outcomes, strict=True) if isinstance(one, Accepted)]
    assert isinstance(product.pass_password(lea.email, accepted), Accepted)
    assert 1 == len(product.audit("password:recover"))


def test_only_the_newest_link_acts_and_only_for_half_an_hour(product: Product, lea: Person) -> None:
    older, newest = link(product, lea), link(product, lea)
    assert Refused(Refusal.LINK_OVER) == product.recover(older, NEW)
    product.clock.move(minutes=30)

    assert Refused(Refusal.LINK_OVER) == product.recover(newest, NEW)
    assert isinstance(product.pass_password(lea.email), Accepted)


@pytest.mark.parametrize("kind", [LinkKind.NOTICE, LinkKind.EMAIL])
def test_a_link_of_another_kind_sets_no_password(product: Product, lea: Person, kind: LinkKind) -> None:
    product.ask_email(product.log_in(lea), "lea@new.example")

    for _, token in product.mailed(kind):
        assert Refused(Refusal.LINK_OVER) == product.recover(token, NEW)
    for token in ("", "x", "." * 87, f"{link(product, lea)}x"):
        assert Refused(Refusal.LINK_OVER) == product.recover(token, NEW)
    assert isinstance(product.pass_password(lea.email), Accepted)


@pytest.mark.parametrize("new", ["short", "passwordpassword", "x" * 257, "lea@studio.example"])
def test_a_password_that_breaks_a_rule_leaves_the_link_good(product: Product, lea: Person, new: str) -> None:
    token = link(product, lea)

    refused = product.recover(token, new)

    assert isinstance(refused, Refused)
    assert refused.reason in (Refusal.PASSWORD_TOO_SHORT, Refusal.PASSWORD_TOO_EASY, Refusal.PASSWORD_TOO_LONG)
    assert Accepted(None) == product.recover(token, NEW)


def test_somebody_no_longer_active_gets_no_password(product: Product, engine: Engine, lea: Person) -> None:
    token = link(product, lea)
    deactivate(engine, lea)

    assert Refused(Refusal.LINK_OVER) == product.recover(token, NEW)
    assert [] == product.audit("password:recover")


def test_guesses_that_used_up_every_budget_don_t_keep_the_owner_out(product: Product, lea: Person) -> None:
    """Strangers' and the owner's own, at a browser that is known: the new password logs in at once."""
    seat = product.log_in(lea)
    for browser in (None, seat.browser):
        for _ in range(5):
            product.pass_password(lea.email, "wrong but long enough", browser=browser)

    product.recover(link(product, lea), NEW)

    assert isinstance(product.pass_password(lea.email, NEW), Accepted)
    assert isinstance(product.pass_password(lea.email, NEW, browser=seat.browser), Accepted)


def test_a_log_in_at_the_same_instant_leaves_no_session_behind(product: Product, engine: Engine, lea: Person) -> None:
    """With the old password: either it began before and has ended, or it is refused."""
    token = link(product, lea)

    def recover(session: Session) -> object:
        return product.beside(session).recover(token, NEW)

    outcomes = at_once(engine, [recover, *[lambda session: product.beside(session).pass_password(lea.email)] * 4])

    assert Accepted(None) == outcomes[0]
    for outcome in outcomes[1:]:
        if isinstance(outcome, Accepted):
            assert product.find(outcome.value.started.token) is None


def test_a_crash_anywhere_sets_all_or_nothing(product: Product, engine: Engine) -> None:
    """Never a link used up for nothing, never a password without its notice."""
    owner = product.owner()
    product.half_way(owner.person)
    token = link(product, owner.person)
    before = dump(engine)

    deaths, sights = dies_everywhere(engine, lambda: product.recover(token, NEW), lambda: dump(engine))

    assert deaths > 12
    assert [before] * deaths == sights
    assert isinstance(product.pass_password(owner.person.email, PASSWORD), Refused)


def _log_in_anew(product: Product, owner: Owner) -> Seat:
    half_way = product.pass_password(owner.person.email, NEW)
    assert isinstance(half_way, Accepted)
    assert isinstance(half_way.value, HalfWay)
    from webapp.core.challenge import flows as challenge

    waiting = challenge.find(product.session, half_way.value.token, now=product.now)
    assert waiting is not None
    outcome = product.answer(waiting, owner.codes[3])
    assert isinstance(outcome, Accepted)
    return product.sit_down(outcome.value.started)


def test_a_link_makes_no_browser_known_and_opens_no_factor_that_strangers_closed(
    product: Product, engine: Engine
) -> None:
    """Whoever reads the mailbox has shown no second factor."""
    owner = product.owner()
    product.use_up(owner.person, GuessKind.TOTP)
    product.forgot(owner.person.email)
    product.resolve()
    (_, token) = product.mailed(LinkKind.PASSWORD)[-1]

    assert Accepted(None) == product.recover(token, NEW)

    assert [] == dump(engine)["known_browsers"]
    refused = product.answer(product.half_way(owner.person, password=NEW), owner.phone.code(product.now))
    assert Refused(Refusal.CLOSED) == refused

"""Two authenticators of one person: adding, renaming, removing; and no third one."""

import pytest
from sqlalchemy import Engine, select

from tests.core.crowd import at_once
from tests.core.people import Owner, Phone, Product
from tests.core.stored import dies_everywhere, dump
from webapp.core.attempts.rules import GuessKind
from webapp.core.attempts.tables import GuessBudget
from webapp.core.database import AuthenticatorId
from webapp.core.enrolment import state as enrolment
from webapp.core.factors.totp.pending import Purpose
from webapp.core.outcomes import Accepted, Refusal, Refused


@pytest.fixture
def lea(product: Product) -> Owner:
    return product.owner()


@pytest.fixture
def tablet(product: Product, lea: Owner) -> Phone:
    return product.second_phone(lea)


def refused_for(outcome: object) -> Refusal:
    assert isinstance(outcome, Refused), outcome
    return outcome.reason


# --- adding -----------------------------------------------------------------------------------------------------------


def test_both_log_in_and_each_has_its_own_last_code(product: Product, lea: Owner, tablet: Phone) -> None:
    """A code of one says nothing about the other."""
    for phone in (lea.phone, tablet):
        code = phone.code(product.now)
        product.log_in_with(lea.person, code)
        assert Refusal.CODE_ALREADY_USED is refused_for(product.answer(product.half_way(lea.person), code))


def test_everything_else_stays(product: Product, engine: Engine, lea: Owner) -> None:
    """Codes, sessions and browsers: nothing was lost, so nothing is taken away."""
    other = product.log_in_with(lea.person, lea.codes[0])
    product.second_phone(lea)

    assert product.find(other.token)
    product.log_in_with(lea.person, lea.codes[1])
    assert 2 <= len(dump(engine)["known_browsers"])
    assert product.shown(lea.seat) is None


def test_it_is_written_down_and_told(product: Product, engine: Engine, lea: Owner, tablet: Phone) -> None:
    """The name, and no secret."""
    mail = dump(engine)["outbox"][-1]
    assert ("app_added", "Tablet") == (mail[1], mail[5]["app"])
    kinds = ("authenticator:begin_adding", "authenticator:add")
    assert [({}, "success"), ({"app": "Tablet"}, "success")] == [
        (event.details, event.outcome) for event in product.audit(*kinds)
    ]


def test_since_when_it_is_on_does_not_move(product: Product, lea: Owner) -> None:
    """That was the first app's activation; each says since when it is there itself."""
    before = enrolment.state(product.session, lea.person.id)
    product.clock.move(days=3)
    product.second_phone(lea)

    after = enrolment.state(product.session, lea.person.id)

    assert before.activated_at == after.activated_at
    assert [app.added_at.day for app in after.apps] == [before.activated_at.day, before.activated_at.day + 3]
    assert after.last_used_at == after.apps[1].last_used_at


@pytest.mark.parametrize("text", ["", "12345", "000000", "ZZZZ-ZZZZ-ZZZZ-ZZZZ"])
def test_without_a_right_code_there_is_nothing_to_scan(product: Product, lea: Owner, text: str) -> None:
    """A stolen session alone adds no app of its own."""
    assert isinstance(product.add_app(lea.seat, "Tablet", text), Refused)

    assert product.setup(lea.seat) is None


def test_a_third_is_refused_and_the_code_not_spent(product: Product, lea: Owner, tablet: Phone) -> None:
    """Two are enough for a phone and a tablet; each is one more that can be guessed at."""
    code = lea.phone.code(product.now)

    assert Refusal.TOO_MANY_AUTHENTICATORS is refused_for(product.add_app(lea.seat, "Watch", code))
    product.log_in_with(lea.person, code)


@pytest.mark.parametrize("name", ["Authenticator app", "AUTHENTICATOR APP", " authenticator app "])
def test_two_of_one_name_could_not_be_told_apart(product: Product, lea: Owner, name: str) -> None:
    """Case and blanks around it make no difference to the eye."""
    assert Refusal.NAME_TAKEN is refused_for(product.add_app(lea.seat, name, lea.codes[0]))


def test_two_sessions_that_add_at_once_make_no_third(product: Product, lea: Owner) -> None:
    """One pending secret a person: the second one's takes the place of the first one's."""
    other = product.log_in_with(lea.person, lea.codes[0])
    product.add_app(lea.seat, "Tablet", lea.codes[1])
    first = product.scanned(lea.seat)
    product.add_app(other, "Watch", lea.codes[2])
    second = product.scanned(other)

    assert Refusal.ALREADY_ACTIVE is refused_for(product.confirm(lea.seat, first.code(product.now)))
    assert Accepted(Purpose.ADD) == product.confirm(other, second.code(product.now))
    assert ["Authenticator app", "Watch"] == [app.name for app in product.apps(lea.person)]


def test_a_double_click_adds_one(product: Product, engine: Engine, lea: Owner) -> None:
    """The second finds it done."""
    product.add_app(lea.seat, "Tablet", lea.codes[1])
    code = product.scanned(lea.seat).code(product.now)

    outcomes = at_once(engine, [lambda session: product.beside(session).confirm(lea.seat, code)] * 4)

    assert 1 == outcomes.count(Accepted(Purpose.ADD))
    assert {Refusal.ALREADY_ACTIVE} == {one.reason for one in outcomes if isinstance(one, Refused)}
    assert 2 == len(product.apps(lea.person))


def test_a_crash_anywhere_adds_it_or_not(product: Product, engine: Engine, lea: Owner) -> None:
    """Never an app without its notice."""
    product.add_app(lea.seat, "Tablet", lea.codes[1])
    phone = product.scanned(lea.seat)
    before = dump(engine)

    deaths, sights = dies_everywhere(
        engine, lambda: product.confirm(lea.seat, phone.code(product.now)), lambda: dump(engine)
    )

    assert deaths > 5
    assert [before] * deaths == sights
    assert "app_added" == dump(engine)["outbox"][-1][1]


# --- renaming ---------------------------------------------------------------------------------------------------------


def test_a_name_is_changed_and_nothing_else(product: Product, lea: Owner, tablet: Phone) -> None:
    """Written down; no mail, for nothing that opens the account has changed."""
    first, second = product.apps(lea.person)

    assert isinstance(product.rename_app(lea.seat, second.id, "Old phone"), Accepted)

    assert [first.name, "Old phone"] == [app.name for app in product.apps(lea.person)]
    assert [{"app": "Old phone"}] == [event.details for event in product.audit("authenticator:rename")]
    product.log_in_with(lea.person, tablet.code(product.now))


def test_the_other_s_name_is_taken_and_one_s_own_is_not(product: Product, lea: Owner, tablet: Phone) -> None:
    """A change of case is a change."""
    _, second = product.apps(lea.person)

    assert Refusal.NAME_TAKEN is refused_for(product.rename_app(lea.seat, second.id, "authenticator APP"))
    assert isinstance(product.rename_app(lea.seat, second.id, "TABLET"), Accepted)


def test_nobody_else_s_is_renamed_or_removed(product: Product, engine: Engine, lea: Owner, tablet: Phone) -> None:
    """Nor one that is gone."""
    kim = product.owner("kim@studio.example", company=lea.person.company_id)
    before = dump(engine, without={"audit_events"})

    for other in (product.apps(kim.person)[0].id, AuthenticatorId(9999)):
        assert Refusal.UNKNOWN_AUTHENTICATOR is refused_for(product.rename_app(lea.seat, other, "Mine"))
        assert Refusal.UNKNOWN_AUTHENTICATOR is refused_for(product.remove_app(lea.seat, other, lea.codes[0]))

    assert before == dump(engine, without={"audit_events"})


# --- removing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [0, 1])
def test_one_of_two_is_dead_and_the_other_goes_on(
    product: Product, engine: Engine, lea: Owner, tablet: Phone, which: int
) -> None:
    """For a code of either; half-way log-ins and other sessions end; the backup codes stay."""
    other, half_way = product.log_in_with(lea.person, lea.codes[0]), product.half_way(lea.person)
    phones = [lea.phone, tablet]
    gone = product.apps(lea.person)[which]

    assert isinstance(product.remove_app(lea.seat, gone.id, phones[which].code(product.now)), Accepted)

    assert product.find(lea.seat.token)
    assert product.find(other.token) is None
    assert Refused(Refusal.CHALLENGE_OVER) == product.answer(half_way, lea.codes[1])
    product.clock.next_step()
    product.log_in_with(lea.person, phones[1 - which].code(product.now))
    product.log_in_with(lea.person, lea.codes[1])
    assert Refusal.WRONG_CODE is refused_for(
        product.answer(product.half_way(lea.person), phones[which].code(product.now))
    )
    assert "app_removed" in [row[1] for row in dump(engine)["outbox"]]
    assert [{"app": gone.name}] == [event.details for event in product.audit("authenticator:remove")]


def test_the_last_one_is_not_removed_and_the_code_not_spent(product: Product, lea: Owner) -> None:
    """That is what a reset is for, and it says so."""
    (only,) = product.apps(lea.person)
    code = lea.phone.code(product.now)

    assert Refusal.LAST_AUTHENTICATOR is refused_for(product.remove_app(lea.seat, only.id, code))
    product.log_in_with(lea.person, code)


def test_two_that_are_removed_at_once_leave_one(product: Product, engine: Engine, lea: Owner, tablet: Phone) -> None:
    """The person's lock: the second finds the last one."""
    first, second = product.apps(lea.person)
    acts = [(first, lea.phone.code(product.now)), (second, tablet.code(product.now))]

    outcomes = at_once(
        engine,
        [
            lambda session, app=app, code=code: product.beside(session).remove_app(lea.seat, app.id, code)
            for app, code in acts
        ],
    )

    assert 1 == sum(isinstance(outcome, Accepted) for outcome in outcomes)
    assert 1 == len(product.apps(lea.person))


@pytest.mark.parametrize("text", ["", "000000", "ZZZZ-ZZZZ-ZZZZ-ZZZZ"])
def test_without_a_right_code_both_stay(product: Product, lea: Owner, tablet: Phone, text: str) -> None:
    """A stolen session alone takes nothing away."""
    assert isinstance(product.remove_app(lea.seat, product.apps(lea.person)[0].id, text), Refused)

    assert 2 == len(product.apps(lea.person))


def test_a_crash_anywhere_leaves_both_or_one(product: Product, engine: Engine, lea: Owner, tablet: Phone) -> None:
    """Never a code spent for nothing."""
    product.log_in_with(lea.person, lea.codes[0])
    _, second = product.apps(lea.person)
    code = lea.phone.code(product.now)
    before = dump(engine)

    deaths, sights = dies_everywhere(
        engine, lambda: product.remove_app(lea.seat, second.id, code), lambda: dump(engine)
    )

    assert deaths > 10
    assert [before] * deaths == sights
    assert 1 == len(dump(engine)["authenticators"])


def test_a_reset_takes_both(product: Product, engine: Engine, lea: Owner, tablet: Phone) -> None:
    """For a code of the second, too."""
    assert isinstance(product.reset(lea.seat, tablet.code(product.now)), Accepted)

    assert [] == dump(engine)["authenticators"]


def test_a_right_first_code_of_a_second_app_costs_no_guess(product: Product) -> None:
    owner = product.owner()

    product.second_phone(owner)

    product.session.rollback()
    budgets = product.session.scalars(select(GuessBudget).where(GuessBudget.kind == GuessKind.SETUP))
    assert [] == [at for budget in budgets for at in budget.recent]


def test_a_name_that_waits_for_its_first_code_is_taken(product: Product) -> None:
    """Else the two apps would have one name, once the code is in."""
    owner = product.owner()
    assert Accepted(None) == product.add_app(owner.seat, "Tablet", owner.phone.code(product.now))
    (first,) = product.apps(owner.person)

    renamed = product.rename_app(owner.seat, first.id, "tablet")
    product.clock.next_step()
    product.confirm(owner.seat, product.scanned(owner.seat).code(product.now))

    names = [app.name.casefold() for app in product.apps(owner.person)]
    assert 2 == len(set(names))
    assert Refused(Refusal.NAME_TAKEN) == renamed

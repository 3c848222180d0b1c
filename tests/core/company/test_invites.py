"""Invitations: an account without a password, a link that sets the first one, and nothing told about anybody."""

import pytest
from sqlalchemy import Engine, text

from tests.core.crowd import at_once
from tests.core.people import PASSWORD, Product, Seat
from tests.core.stored import as_text, dies_everywhere, dump, values
from webapp.core.accounts.rules import Role
from webapp.core.challenge.flows import LoggedIn
from webapp.core.links.rules import LinkKind
from webapp.core.outcomes import Accepted, Refusal, Refused

NEW = "harbour quilt nineteen ferns"
NOA = "noa@studio.example"


@pytest.fixture
def kim(product: Product) -> Seat:
    return product.admin()


def link(product: Product) -> str:
    """The token of the newest invitation."""
    return product.mailed(LinkKind.INVITE)[-1][1]


def reasons(product: Product) -> list[str]:
    return [event.reason for event in product.audit("employee:invite")]


# --- inviting ---------------------------------------------------------------------------------------------------------


def test_an_invitation_makes_an_account_without_a_password(product: Product, engine: Engine, kim: Seat) -> None:
    """In the administrator's company, in their language, with the role that was chosen; and owes one mail."""
    assert Accepted(None) == product.invite(kim, " Noa@Studio.Example ", role=Role.ADMIN)

    noa = product.today(NOA)
    assert (kim.me.person.company_id, "Noa Keller", Role.ADMIN, True) == (
        noa.company_id,
        noa.name,
        noa.role,
        noa.is_active,
    )
    assert [kim.me.person.id] == [row[0] for row in dump(engine)["password_hashes"]]
    assert ["Noa@studio.example"] == [recipient for recipient, _ in product.mailed(LinkKind.INVITE)]
    assert [] == product.mailed(LinkKind.NOTICE)
    (mail,) = dump(engine)["outbox"]
    assert "203.0.113" not in str(mail)
    assert "192.0.2" not in str(mail)


def test_who_invited_is_written_down(product: Product, kim: Seat) -> None:
    """As the actor of both events; where from belongs to the administrator."""
    product.invite(kim)

    noa = product.today(NOA)
    for kind in ("employee:create", "employee:invite"):
        event = product.audit(kind)[-1]
        assert (noa.id, kim.me.person.id, kim.me.person.company_id, "success") == (
            event.employee_id,
            event.actor_id,
            event.company_id,
            event.outcome,
        )


def test_a_known_address_is_answered_alike_and_gets_no_mail(product: Product, engine: Engine, kim: Seat) -> None:
    """In the own company, in another, invited elsewhere, deactivated, one's own: accepted, and nothing happens."""
    product.employee("lea@studio.example", company=kim.me.person.company_id)
    product.employee("eve@other.example", company=product.company("Other"))
    product.invite(product.admin("uma@third.example"), "ivo@third.example")
    product.invite(kim, "old@studio.example")
    product.deactivate(kim, product.today("old@studio.example"))
    before = dump(engine, without=("audit_events",))

    for address in (
        "lea@studio.example",
        "EVE@other.example",
        "ivo@third.example",
        "old@studio.example",
        kim.me.person.email,
    ):
        assert Accepted(None) == product.invite(kim, address)

    assert before == dump(engine, without=("audit_events",))
    expected = ["", "", "has_password", "email_taken", "email_taken", "deactivated", "has_password"]
    assert expected == reasons(product)
    others = [event for event in product.audit("employee:invite") if event.reason == "email_taken"]
    assert {(None, kim.me.person.company_id)} == {(event.employee_id, event.company_id) for event in others}


def test_an_address_whose_owner_disputes_its_loss_is_known_too(product: Product, engine: Engine, kim: Seat) -> None:
    """They log in with it until the freeze is lifted: nobody else becomes its owner meanwhile."""
    lea = product.employee()
    seat = product.log_in(lea)
    product.ask_email(seat, "thief@else.example")
    product.confirm_email(seat, product.mailed(LinkKind.EMAIL)[0][1])
    for recipient, token in product.mailed(LinkKind.NOTICE):
        if recipient == lea.email:
            product.freeze(token)
            break
    else:
        raise AssertionError("no notice")
    people = len(dump(engine)["employees"])

    assert Accepted(None) == product.invite(kim, lea.email)

    assert people == len(dump(engine)["employees"])
    assert [] == product.mailed(LinkKind.INVITE)


def test_somebody_invited_before_gets_a_new_link_and_stays_as_they_are(product: Product, kim: Seat) -> None:
    """The older one is void. Another name or role in the form changes nobody."""
    product.invite(kim)
    older = link(product)

    assert Accepted(None) == product.invite(kim, name="Somebody Else", role=Role.ADMIN)

    noa = product.today(NOA)
    assert ("Noa Keller", Role.EMPLOYEE) == (noa.name, noa.role)
    assert Refused(Refusal.LINK_OVER) == product.accept(older, NEW)
    assert Accepted(None) == product.accept(link(product), NEW)


def test_what_is_no_address_or_no_role_to_give_is_refused(product: Product, engine: Engine, kim: Seat) -> None:
    """Support is made by a command only."""
    before = dump(engine)

    assert Refused(Refusal.EMAIL_INVALID) == product.invite(kim, "noa")
    assert Refused(Refusal.EMAIL_INVALID) == product.invite(kim, "nöa@studio.example")
    assert Refused(Refusal.ROLE_NOT_GIVEN) == product.invite(kim, role=Role.SUPPORT)

    assert before == dump(engine)


def test_whoever_is_no_administrator_any_more_invites_nobody(product: Product, engine: Engine, kim: Seat) -> None:
    """The role and the session are looked at under the lock, whatever the page had seen."""
    uma = product.admin("uma@studio.example", company=kim.me.person.company_id)
    product.change_role(uma, kim.me.person, Role.EMPLOYEE)
    product.log_out(uma)

    assert Refused(Refusal.NOT_YOURS) == product.invite(kim)
    assert Refused(Refusal.SESSION_OVER) == product.invite(uma)

    assert ["not_yours"] == reasons(product)
    assert [] == product.mailed(LinkKind.INVITE)
    assert 2 == len(dump(engine)["employees"])


def test_twenty_an_hour_for_a_company_whoever_of_it_invites(product: Product, kim: Seat) -> None:
    """Tries at known addresses count; refusals for this very reason don't; another company has its own."""
    uma = product.admin("uma@studio.example", company=kim.me.person.company_id)
    for at in range(10):
        product.invite(kim, f"noa{at}@studio.example")
        product.invite(uma, kim.me.person.email)

    refused = [product.invite(seat, "one.more@studio.example") for seat in (kim, uma, kim)]

    opens_at = product.now.replace(hour=product.now.hour + 1)
    assert [Refused(Refusal.TOO_MANY, retry_at=opens_at)] * 3 == refused
    assert Refused(Refusal.TOO_MANY, retry_at=opens_at) == product.invite_again(
        kim, product.today("noa1@studio.example")
    )
    assert Accepted(None) == product.invite(product.admin("ada@other.example"), "ivo@other.example")
    product.clock.move(hours=1)
    assert Accepted(None) == product.invite(kim, "one.more@studio.example")


def test_of_thirty_invitations_at_once_twenty_are_sent(product: Product, engine: Engine, kim: Seat) -> None:
    """The company's row is held while they are counted."""
    acts = [lambda session, at=at: product.beside(session).invite(kim, f"noa{at}@studio.example") for at in range(30)]

    outcomes = at_once(engine, acts)

    assert 20 == sum(isinstance(one, Accepted) for one in outcomes)
    assert 20 == len(product.mailed(LinkKind.INVITE))


def test_three_mails_a_day_to_one_person(product: Product, kim: Seat) -> None:
    """They may be a stranger. The form doesn't say so, for it would tell who has an account; their profile does."""
    for _ in range(5):
        assert Accepted(None) == product.invite(kim)
    assert 3 == len(product.mailed(LinkKind.INVITE))

    noa = product.today(NOA)
    assert Refused(Refusal.TOO_MANY, retry_at=product.now.replace(day=3)) == product.invite_again(kim, noa)
    product.clock.move(days=1)
    assert Accepted(None) == product.invite_again(product.log_in(kim.me.person), noa)


def test_two_administrators_who_invite_one_address_at_once_make_one_account(
    product: Product, engine: Engine, kim: Seat
) -> None:
    """And one link that acts. Of two companies one gets the person."""
    uma = product.admin("uma@studio.example", company=kim.me.person.company_id)
    ada = product.admin("ada@other.example")

    outcomes = at_once(
        engine, [lambda session, seat=seat: product.beside(session).invite(seat) for seat in (kim, uma, ada) * 2]
    )

    assert [Accepted(None)] * 6 == outcomes
    assert 4 == len(dump(engine)["employees"])
    live = [row for row in dump(engine)["mail_links"] if row[1] == "invite" and row[6] is None]
    assert 1 == len(live)
    assert Accepted(None) == product.accept(link(product), NEW)


def test_a_crash_leaves_no_account_without_its_mail(product: Product, engine: Engine, kim: Seat) -> None:
    """Account, link, mail and events are one transaction."""
    before = dump(engine)

    deaths, sights = dies_everywhere(engine, lambda: product.invite(kim), lambda: dump(engine))

    assert deaths > 8
    assert [before] * deaths == sights
    assert 1 == len(product.mailed(LinkKind.INVITE))


# --- sending it again -------------------------------------------------------------------------------------------------


def test_an_invitation_is_sent_again_from_the_profile(product: Product, kim: Seat) -> None:
    product.invite(kim)
    older = link(product)

    assert Accepted(None) == product.invite_again(kim, product.today(NOA))

    assert Refused(Refusal.LINK_OVER) == product.accept(older, NEW)
    assert Accepted(None) == product.accept(link(product), NEW)


def test_it_is_not_sent_again_to_whom_it_is_of_no_use(product: Product, kim: Seat) -> None:
    """With a password, deactivated, of another company, oneself; each refusal is written down."""
    lea = product.employee(company=kim.me.person.company_id)
    eve = product.employee("eve@other.example")
    product.invite(kim)
    noa = product.today(NOA)
    product.deactivate(kim, noa)

    outcomes = [product.invite_again(kim, person) for person in (lea, noa, eve, kim.me.person)]

    expected = [Refusal.HAS_PASSWORD, Refusal.DEACTIVATED, Refusal.UNKNOWN_EMPLOYEE, Refusal.OWN_ACCOUNT]
    assert [Refused(reason) for reason in expected] == outcomes
    assert ["", "has_password", "deactivated", "own_account"] == reasons(product)
    assert 1 == len(product.mailed(LinkKind.INVITE))


# --- the link ---------------------------------------------------------------------------------------------------------


def test_the_link_sets_the_first_password_and_logs_nobody_in(product: Product, engine: Engine, kim: Seat) -> None:
    """The person then logs in as anybody does."""
    product.invite(kim)
    sessions = len(dump(engine)["log_in_sessions"])

    assert Accepted(None) == product.accept(link(product), NEW)

    assert sessions == len(dump(engine)["log_in_sessions"])
    noa = product.today(NOA)
    assert [(noa.id, noa.id, "success")] == [
        (event.employee_id, event.actor_id, event.outcome) for event in product.audit("employee:accept_invite")
    ]
    outcome = product.pass_password(NOA, NEW)
    assert isinstance(outcome, Accepted)
    assert isinstance(outcome.value, LoggedIn)


def test_a_link_acts_once(product: Product, kim: Seat) -> None:
    product.invite(kim)
    token = link(product)
    product.accept(token, NEW)

    assert Refused(Refusal.LINK_OVER) == product.accept(token, "another quilt of ferns")
    assert isinstance(product.pass_password(NOA, NEW), Accepted)


def test_of_twenty_clicks_at_once_one_acts(product: Product, engine: Engine, kim: Seat) -> None:
    """The password that was accepted is the one that logs in."""
    product.invite(kim)
    token = link(product)
    passwords = [f"harbour quilt {number} ferns and moss" for number in range(20)]

    outcomes = at_once(
        engine, [lambda session, new=new: product.beside(session).accept(token, new) for new in passwords]
    )

    (accepted,) = [new for new, one in zip(passwords, outcomes, strict=True) if isinstance(one, Accepted)]
    assert isinstance(product.pass_password(NOA, accepted), Accepted)
    assert 1 == len(product.audit("employee:accept_invite"))


def test_only_the_newest_link_acts_and_only_for_three_days(product: Product, kim: Seat) -> None:
    product.invite(kim)
    product.invite(kim)
    older, newest = (token for _, token in product.mailed(LinkKind.INVITE))

    assert Refused(Refusal.LINK_OVER) == product.accept(older, NEW)
    product.clock.move(hours=72)
    assert Refused(Refusal.LINK_OVER) == product.accept(newest, NEW)
    product.clock.move(seconds=-1)
    assert Accepted(None) == product.accept(newest, NEW)


def test_an_account_with_a_password_takes_no_invitation(product: Product, kim: Seat) -> None:
    """However it came by one: the link must never be a second way to recover a password."""
    product.invite(kim)
    product.set_password(product.today(NOA), PASSWORD)

    assert Refused(Refusal.LINK_OVER) == product.accept(link(product), NEW)
    assert isinstance(product.pass_password(NOA), Accepted)


@pytest.mark.parametrize("state", ["deactivated", "activated again", "inactive by other means"])
def test_a_deactivated_account_takes_no_invitation(product: Product, engine: Engine, kim: Seat, state: str) -> None:
    """The link is void and stays so; and the account is looked at as well."""
    product.invite(kim)
    noa = product.today(NOA)
    if state == "inactive by other means":
        with engine.begin() as connection:
            connection.execute(text(f"UPDATE employees SET is_active = false WHERE id = {noa.id}"))
    else:
        product.deactivate(kim, noa)
    if state == "activated again":
        product.reactivate(kim, noa)

    assert Refused(Refusal.LINK_OVER) == product.accept(link(product), NEW)
    assert isinstance(product.pass_password(NOA, NEW), Refused)


@pytest.mark.parametrize("new", ["short", "passwordpassword", "x" * 257, "noa@studio.example"])
def test_a_password_that_breaks_a_rule_leaves_the_link_good(product: Product, kim: Seat, new: str) -> None:
    """The rules of every other password, with the person's name, address and company as the context."""
    product.invite(kim)
    token = link(product)

    refused = product.accept(token, new)

    assert isinstance(refused, Refused)
    assert refused.reason in (Refusal.PASSWORD_TOO_SHORT, Refusal.PASSWORD_TOO_EASY, Refusal.PASSWORD_TOO_LONG)
    assert Accepted(None) == product.accept(token, NEW)


def test_a_link_of_another_kind_accepts_nothing_and_an_invitation_recovers_nothing(product: Product, kim: Seat) -> None:
    product.invite(kim)
    product.forgot(kim.me.person.email)
    product.resolve()
    ((_, recovery),) = product.mailed(LinkKind.PASSWORD)

    assert Refused(Refusal.LINK_OVER) == product.accept(recovery, NEW)
    assert Refused(Refusal.LINK_OVER) == product.recover(link(product), NEW)
    for token in ("", "x", "." * 87, f"{link(product)}x"):
        assert Refused(Refusal.LINK_OVER) == product.accept(token, NEW)


def test_without_a_password_nobody_logs_in_or_recovers_one(product: Product, kim: Seat) -> None:
    """The same words as for a wrong password, and no mail for a forgotten one: there is none to forget."""
    product.invite(kim)

    for typed in ("", PASSWORD, NEW):
        refused = product.pass_password(NOA, typed)
        assert isinstance(refused, Refused)
        assert Refusal.WRONG_PASSWORD is refused.reason
    product.forgot(NOA)
    product.resolve()
    assert [] == product.mailed(LinkKind.PASSWORD)


def test_guesses_at_an_account_without_a_password_don_t_keep_its_person_out(product: Product, kim: Seat) -> None:
    product.invite(kim)
    for _ in range(5):
        product.pass_password(NOA, "wrong but long enough")

    product.accept(link(product), NEW)

    assert isinstance(product.pass_password(NOA, NEW), Accepted)


def test_a_crash_while_accepting_leaves_the_link_good(product: Product, engine: Engine, kim: Seat) -> None:
    product.invite(kim)
    token = link(product)
    before = dump(engine)

    deaths, sights = dies_everywhere(engine, lambda: product.accept(token, NEW), lambda: dump(engine))

    assert deaths > 6
    assert [before] * deaths == sights
    assert isinstance(product.pass_password(NOA, NEW), Accepted)


def test_the_database_holds_neither_link_nor_password(product: Product, engine: Engine, kim: Seat) -> None:
    product.invite(kim)
    token = link(product)
    product.accept(token, NEW)

    stored = " ".join(as_text(value) for _, value in values(dump(engine)))
    assert token not in stored
    assert token.partition(".")[2] not in stored
    assert NEW not in stored

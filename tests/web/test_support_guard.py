"""Who gets to the pages of Support: by role, with two-factor authentication on and a code of the last 60 minutes."""

import pytest

from tests.core.people import Clock, Owner, Product
from tests.web.client import Answer, Client
from tests.web.people import be_away, log_in, log_in_with_code, security
from webapp.core.accounts.rules import Role
from webapp.core.attempts.rules import GuessKind

CONFIRM = "Confirm with a code"


@pytest.fixture
def agent(product: Product) -> Owner:
    return product.agent()


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.ADMIN])
def test_other_roles_get_403(client: Client, product: Product, role: Role) -> None:
    """On the page and its form, written down; and nothing in the navigation leads there (D-60)."""
    log_in(client, product.employee(role=role))
    overview = client.as_page().get("/")

    assert 403 == client.get("/support").status
    assert 403 == client.as_page().post("/support", form_at="/", email="lea@studio.example").status
    assert ["support.show", "support.look_up"] == [row.details["endpoint"] for row in product.audit("access:deny")]
    assert "Support" not in [link.text for link in overview.document.all("a")]


def test_a_code_at_the_log_in_opens_it_for_an_hour(client: Client, agent: Owner, clock: Clock) -> None:
    """And at 60 minutes, exactly, a code is asked for: 200 at the same address (D-60)."""
    log_in_with_code(client, agent, clock)
    overview = client.as_page().get("/")
    be_away(client, clock, minutes=59, seconds=59)

    within = client.get("/support")
    clock.move(seconds=1)
    after = client.get("/support")

    assert "/support" in [link.attributes["href"] for link in overview.document.all("a") if link.text == "Support"]
    assert (200, "Support") == (within.status, within.heading)
    assert (200, CONFIRM) == (after.status, after.heading)


def test_a_backup_code_at_the_log_in_opens_it_too(client: Client, agent: Owner) -> None:
    """It is as strong as a code of the app."""
    log_in(client, agent.person)
    client.as_page().post("/login/backup-code", backup_code=agent.codes[0])

    assert "Support" == client.get("/support").heading


def test_with_two_factor_authentication_off_the_way_leads_to_switching_it_on(
    client: Client, product: Product, agent: Owner, clock: Clock
) -> None:
    """To the own Security tab: never on, and just switched off by a code in this very session."""
    colleague = product.employee("kim@support.example", company=agent.person.company_id, role=Role.SUPPORT)
    log_in(client, colleague)
    never_on = client.get("/support")
    client.as_page().post("/logout", form_at="/")
    log_in_with_code(client, agent, clock)
    opened = client.get("/support")
    clock.next_step()
    client.as_page().post(f"{security(agent.person)}/two-factor/reset", code=agent.phone.code(clock.now))

    switched_off = client.get("/support")
    sent = client.as_page().post("/support", form_at="/", email="lea@studio.example")

    way = 303 if client.mode == "page" else 204
    assert (way, security(colleague)) == (never_on.status, never_on.location)
    assert "Support" == opened.heading
    assert (way, security(agent.person)) == (switched_off.status, switched_off.location)
    assert (303, security(agent.person)) == (sent.status, sent.location)


def test_what_was_switched_on_in_this_session_is_shown_by_a_code(
    client: Client, product: Product, clock: Clock
) -> None:
    """Logged in with the password alone: activating is no code for the pages of Support."""
    vendor = product.company(is_vendor=True)
    person = product.employee("kim@support.example", company=vendor, role=Role.SUPPORT)
    seat = product.log_in(person)
    client.flask.set_cookie("session", f"s.{seat.token}")
    owner = product.activate(person, seat)
    clock.next_step()

    asked = client.get("/support")
    done = client.fill_in("Confirm", {"Authentication code": owner.phone.code(clock.now)})

    assert CONFIRM == asked.heading
    assert "Support" == client.followed(done).heading


def test_the_right_code_goes_on_and_renews_the_cookie(
    client: Client, product: Product, agent: Owner, clock: Clock
) -> None:
    """To the page that was asked for, query and all, under a new token (ASVS 7.2.4); for the next hour."""
    _stand_an_hour_later(client, agent, clock)
    cookie = client.flask.get_cookie("session")
    client.get("/support?x=1")

    done = client.fill_in("Confirm", {"Authentication code": agent.phone.code(clock.now)})
    old = Client(client.flask.application.test_client())
    assert cookie is not None
    old.flask.set_cookie("session", cookie.value)

    assert (303 if client.mode == "page" else 204, "/support?x=1") == (done.status, done.location)
    assert "Support" == client.followed(done).heading
    assert "/login" in old.get("/").location
    assert ["confirm"] == [row.details["purpose"] for row in product.audit("second_factor:check")][-1:]
    be_away(client, clock, minutes=59)
    assert "Support" == client.get("/support").heading


def test_a_form_is_carried_on_with_what_was_typed(client: Client, product: Product, agent: Owner, clock: Clock) -> None:
    """As it was sent; never the code, and sent twice it goes on both times."""
    _stand_an_hour_later(client, agent, clock)
    client.get("/support")

    asked = client.send("/support", email="lea <b>@studio.example", password="x y z")
    code = agent.phone.code(clock.now)
    wrong = client.fill_in("Confirm", {"Authentication code": agent.phone.wrong_code(clock.now)})
    done = client.fill_in("Confirm", {"Authentication code": code})
    again = client.send("/support", carry_on="post", code=code, email="lea@studio.example")

    assert (200, CONFIRM) == (asked.status, asked.heading)
    assert "lea <b>@studio.example" == asked.value("email")
    assert not asked.document.all("input", name="password")
    assert (422, "lea <b>@studio.example") == (wrong.status, wrong.value("email"))
    assert "Support" == done.heading
    assert "Support" == again.heading


def test_a_wrong_code_counts_as_at_the_log_in(client: Client, agent: Owner, clock: Clock) -> None:
    """422 with what is left, then 429, on looking too; the field comes back empty, and the log-in pauses with it."""
    _stand_an_hour_later(client, agent, clock)
    client.get("/support")

    answers = [_give_wrong(client, agent, clock) for _ in range(5)]
    throttled = client.fill_in("Confirm", {"Authentication code": agent.phone.code(clock.now)})
    looked = client.get("/support")

    assert [422] * 5 == [answer.status for answer in answers]
    assert "You have 4 attempts left." in answers[0].text
    assert {""} == {answer.value("code") for answer in answers}
    for answer in (throttled, looked):
        assert (429, CONFIRM) == (answer.status, answer.heading)
        assert 0 < int(answer.response.headers["Retry-After"]) <= 300
        assert "Too many attempts." in answer.text
    client.as_page().get("/")
    client.as_page().post("/logout", form_at="/")
    log_in(client, agent.person)
    assert 429 == client.as_page().get("/login/code").status


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [("", "Enter the 6-digit code"), ("12345", "You entered 5."), ("SENDTWICE", "Enter the 6-digit code")],
)
def test_a_malformed_code_is_told_and_not_charged(
    client: Client, product: Product, agent: Owner, clock: Clock, typed: str, sentence: str
) -> None:
    """At its field, with 422; sent twice it is nobody's form (case D-06)."""
    _stand_an_hour_later(client, agent, clock)
    client.get("/support")

    if typed == "SENDTWICE":
        code = agent.phone.code(clock.now)
        answer = client.send("/support", carry_on="get", code=[code, code])
    else:
        answer = client.fill_in("Confirm", {"Authentication code": typed})

    assert 422 == answer.status
    assert sentence in answer.text
    assert "malformed" == product.audit("second_factor:check")[-1].reason
    client.get("/support")
    right = client.fill_in("Confirm", {"Authentication code": agent.phone.code(clock.now)})
    assert "Support" == client.followed(right).heading


def test_a_code_confirms_once(client: Client, agent: Owner, clock: Clock) -> None:
    """And where a hundred were wrong the page says what else helps: 429, and a day to wait."""
    log_in_with_code(client, agent, clock)
    be_away(client, clock, minutes=60)
    client.get("/support")
    code = agent.phone.code(clock.now)
    first = client.fill_in("Confirm", {"Authentication code": code})
    elsewhere = Client(client.flask.application.test_client())
    log_in(elsewhere, agent.person)

    again = elsewhere.post("/login/code", code=code)

    assert client.followed(first).heading == "Support"
    assert (422, True) == (again.status, "You have already used this code." in again.text)


def test_a_closed_factor_is_told(client: Client, product: Product, agent: Owner, clock: Clock) -> None:
    """A hundred wrong codes of strangers close it for a browser that is not known; the page says what else helps."""
    product.use_up(agent.person, GuessKind.TOTP)
    log_in(client, agent.person)
    client.as_page().post("/login/backup-code", backup_code=agent.codes[0])
    be_away(client, clock, minutes=60)
    client.flask.delete_cookie("browser")

    assert 200 == client.get("/support").status


def _stand_an_hour_later(client: Client, agent: Owner, clock: Clock) -> None:
    log_in_with_code(client, agent, clock)
    be_away(client, clock, minutes=60)


def _give_wrong(client: Client, agent: Owner, clock: Clock) -> Answer:
    return client.fill_in("Confirm", {"Authentication code": agent.phone.wrong_code(clock.now)})

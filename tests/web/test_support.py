"""The console of Support: looking somebody up, opening a case, and what each agent may do on its page."""

import re

import pytest
from sqlalchemy import Engine

from tests.core.people import Clock, Owner, Product
from tests.core.stored import as_text, dump, values
from tests.web.client import Answer, Client
from tests.web.dom import Element
from tests.web.people import be_away, log_in_with_code, security
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.attempts.rules import GuessKind
from webapp.core.cases.rules import CaseKind, CaseState, Way
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted
from webapp.core.repairs import flows as repairs
from webapp.core.repairs import rules

LEA = "lea@studio.example"
REASON = "The voice was another one"
HALF = re.compile(r"\b(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}\b")
BANNER = "Support is about to reset your two-factor authentication"


@pytest.fixture
def lea(product: Product) -> Owner:
    return product.owner()


@pytest.fixture
def mia(client: Client, product: Product, clock: Clock, lea: Owner) -> Owner:
    """An agent, logged in at *client*."""
    mia = product.agent()
    log_in_with_code(client, mia, clock)
    return mia


@pytest.fixture
def noah(product: Product) -> Owner:
    """Her colleague, whose part core plays."""
    return product.agent("noah@support.example", name="Noah Keller")


def look_up(client: Client, email: str = LEA) -> Answer:
    see(client, "/support")
    return client.fill_in("Look up", {"Employee's e-mail": email})


def open_case(client: Client, **entries: str) -> Answer:
    look_up(client)
    typed = {"Ticket reference": "HD-17", "How did the request come?": "phone", **entries}
    return client.fill_in("Open the case", typed)


def see(client: Client, path: str) -> Answer:
    """A page as a browser loads it; what is pressed on it next goes as *client* sends."""
    browser = client.as_page()
    answer = browser.get(path)
    client.page, client.token = browser.page, browser.token
    return answer


def done(client: Client, answer: Answer) -> Answer:
    """The page that the answer of a step leads to."""
    assert answer.location.startswith("/support/cases/"), (answer.status, answer.text)
    assert (303 if client.mode == "page" else 204) == answer.status
    return see(client, answer.location)


def opened(product: Product, agent: Owner, person: Person, **how: object) -> int:
    outcome = product.open_case(agent.seat, person, **how)
    assert isinstance(outcome, Accepted), outcome
    return outcome.value.id


def checked(product: Product, agent: Owner, person: Person) -> int:
    case_id = opened(product, agent, person)
    assert isinstance(product.check_case(agent.seat, case_id), Accepted)
    return case_id


def waiting(product: Product, opener: Owner, approver: Owner, person: Person) -> int:
    case_id = checked(product, opener, person)
    assert isinstance(product.approve_case(approver.seat, case_id), Accepted)
    return case_id


def buttons(page: Element) -> list[str]:
    return [one.text for one in page.all("button") if one.text != "Log out"]


# --- looking up -------------------------------------------------------------------------------------------------------


def test_the_exact_address_shows_the_state_and_nothing_else(
    client: Client, product: Product, engine: Engine, lea: Owner, mia: Owner
) -> None:
    """Since when, codes left, last log-in; across companies, and however it was typed. Written down with who looked."""
    found = look_up(client, " LEA@studio.example")

    assert 200 == found.status
    for words in ("Lea Brunner", "Studio Nord", "On since 2 March 2026, 8 of 8 backup codes left", "Last log-in"):
        assert words in found.text
    (row,) = product.audit("support:look_up")
    assert (lea.person.id, mia.person.id, "success") == (row.employee_id, row.actor_id, row.outcome)
    assert "autofocus" in found.document.one("h2", id="found").attributes
    _holds_no_secret(found, engine, lea)


def test_a_pause_a_freeze_and_used_codes_are_shown(
    client: Client, product: Product, clock: Clock, lea: Owner, mia: Owner
) -> None:
    """Of the budgets of strangers: whoever calls sits at a new browser."""
    product.log_in_with(lea.person, lea.codes[0])
    product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))
    waiting_log_in = product.half_way(lea.person)
    for _ in range(5):
        product.answer(waiting_log_in, lea.phone.wrong_code(clock.now))

    found = look_up(client)

    assert "7 of 8 backup codes left" in found.text
    assert "Paused until 2 March at 10:" in found.text
    assert "Frozen" in found.text
    assert ["What is asked for?", "How is a reset carried out?"] == [one.text for one in found.document.all("legend")]


def test_a_closed_factor_is_said_to_be_closed(client: Client, product: Product, lea: Owner, mia: Owner) -> None:
    """A hundred wrong answers: no time is told, for waiting alone doesn't help."""
    before = product.clock.now
    product.use_up(lea.person, GuessKind.BACKUP_CODE)
    product.clock.now = before

    assert "Closed after too many wrong ones" in look_up(client).text


NOBODY_S = "There is no employee with this e-mail address."
NOT_FOUND = {
    "": "Enter the employee's e-mail address.",
    "nobody@studio.example": NOBODY_S,
    "Lea": NOBODY_S,
    "studio.example": NOBODY_S,
    "%@studio.example": NOBODY_S,
    "a" * 300: "Use at most 254 characters.",
}


def test_whoever_is_not_found_by_the_exact_address_is_not_shown(client: Client, mia: Owner) -> None:
    """422 with the reason at the field and what was typed kept; never a list of people."""
    for typed, sentence in NOT_FOUND.items():
        answer = look_up(client, typed)

        assert 422 == answer.status
        assert sentence in answer.document.one("p", id="email-error").text
        assert typed == answer.value("email")
        assert "Lea Brunner" not in answer.text


def test_where_nothing_can_be_done_no_form_is_shown(client: Client, product: Product, lea: Owner, mia: Owner) -> None:
    """Off and not frozen; one's own account; with a case already: each says so."""
    product.employee("kim@studio.example", company=lea.person.company_id)
    case_id = opened(product, product.agent("noah@support.example"), lea.person)

    off, own, taken = look_up(client, "kim@studio.example"), look_up(client, mia.person.email), look_up(client)

    assert "There is nothing to reset" in off.text
    assert "This is your own account" in own.text
    assert f"There is a case already: R-{case_id}" in taken.text
    for answer in (off, own, taken):
        assert "Open the case" not in buttons(answer.document)


# --- opening ----------------------------------------------------------------------------------------------------------


def test_a_case_is_opened_by_repair_pass_unless_said_otherwise(
    client: Client, product: Product, lea: Owner, mia: Owner
) -> None:
    """Way and channel as chosen, the ticket as typed; the page of the case follows, and the employee is told."""
    page = done(client, open_case(client))

    assert "The case is open." in page.text
    assert "Case R-1: Lea Brunner" == page.heading
    case = product.case(1).case
    assert (CaseKind.RESET, Way.REPAIR, "HD-17", "phone") == (case.kind, case.way, case.ticket, case.channel)
    assert "ID check open" in page.text
    assert "Ticket HD-17. The request came by phone." in page.text
    assert "by you" in page.text
    assert product.mailed_link(Notice.CASE_OPENED, LinkKind.CASE)


def test_a_wipe_says_what_it_means_before_it_is_chosen(client: Client, product: Product, mia: Owner) -> None:
    """The consequence stands at the choice."""
    look_up(client)
    labels = {one.text: one.attributes["for"] for one in client.page.all("label")}
    (wipe,) = [text for text in labels if text.startswith("Wipe.")]
    typed = {"Ticket reference": "HD-17", "How did the request come?": "video"}

    page = done(client, client.send("/support/cases", **{**_sent(client), **_by_name(typed), "way": "wipe"}))

    assert "For 24 hours the password alone logs in" in wipe
    assert Way.WIPE is product.case(1).case.way
    assert "by wipe" in page.text


def test_entries_that_are_missing_are_told_together_and_the_rest_is_kept(client: Client, mia: Owner) -> None:
    """422: a summary of links, a sentence at each field; the state stays on the page."""
    look_up(client)
    answer = client.fill_in("Open the case", {"Ticket reference": " "})

    assert 422 == answer.status
    assert "2 entries need another look" in answer.text
    links = [one.attributes["href"] for one in answer.document.all("a") if one.attributes["href"].startswith("#")]
    assert ["#ticket", "#channel"] == [link for link in links if link != "#main"]
    assert "Enter the reference of the ticket." in answer.document.one("p", id="ticket-error").text
    assert "On since" in answer.text
    assert "autofocus" not in answer.document.one("h2", id="found").attributes


def test_a_ticket_that_is_none_is_told_at_its_field(client: Client, mia: Owner) -> None:
    """What was typed is kept, the choices too."""
    for ticket in ("HD 17", "<b>", "x" * 65):
        answer = open_case(client, **{"Ticket reference": ticket})

        assert 422 == answer.status
        assert answer.document.one("p", id="ticket-error")
        assert ticket == answer.value("ticket")
        assert "phone" == _chosen(answer.document, "channel")


def test_invented_choices_are_refused(client: Client, product: Product, mia: Owner) -> None:
    """Another channel or way than are offered: 422, and no case. Where one kind is offered it is that one."""
    look_up(client)
    good = {"email": LEA, "ticket": "HD-17", "channel": "phone", "kind": "reset", "way": "repair"}
    for name in ("channel", "way"):
        for invented in ("", "x", "Phone"):
            answer = client.send("/support/cases", **{**good, name: invented})
            assert 422 == answer.status, (name, invented)
    assert 422 == client.send("/support/cases", **{**good, "email": "nobody@studio.example"}).status
    assert 422 == client.send("/support/cases").status
    assert [] == product.audit("case:open")
    done(client, client.send("/support/cases", **{**good, "kind": "lift_freeze"}))
    assert CaseKind.RESET is product.case(1).case.kind


def test_a_second_case_leads_to_the_first(
    client: Client, product: Product, lea: Owner, mia: Owner, noah: Owner
) -> None:
    """Two agents open one at the same time: the later one is led to that of the first."""
    look_up(client)
    case_id = opened(product, noah, lea.person)
    answer = client.fill_in("Open the case", {"Ticket reference": "HD-18", "How did the request come?": "phone"})

    page = done(client, answer)

    assert f"/support/cases/{case_id}?after=exists" == answer.location
    assert "There is a case about this employee already." in page.text


def test_a_freeze_is_lifted_by_a_case_of_its_own(client: Client, product: Product, lea: Owner, mia: Owner) -> None:
    """Where both could be asked for, which of them is a choice that nobody makes for the agent."""
    product.log_in_with(lea.person, lea.codes[0])
    product.freeze(product.mailed_link(Notice.BACKUP_CODE_USED))
    look_up(client)
    typed = {"Ticket reference": "HD-17", "How did the request come?": "letter"}
    unsaid = client.fill_in("Open the case", typed)
    by_label = {**_by_name(typed), "kind": "lift_freeze"}

    page = done(client, client.send("/support/cases", **{**_sent(client), **by_label}))

    assert "Choose what is asked for." in unsaid.text
    assert "Lift the freeze of the account" in page.text
    assert CaseKind.LIFT_FREEZE is product.case(1).case.kind


def test_whoever_let_the_day_after_a_wipe_go_by_gets_another_one(
    client: Client, product: Product, clock: Clock, lea: Owner, mia: Owner, noah: Owner
) -> None:
    """A wipe and nothing else, without a choice; within the day there is nothing to do yet."""
    due(client, product, clock, mia, noah, lea.person, way=Way.WIPE)
    assert isinstance(product.carry_out(None, 1), Accepted)
    within = look_up(client)
    clock.move(hours=24)
    log_in_with_code(client, mia, clock)
    after = look_up(client)
    typed = {"Ticket reference": "HD-18", "How did the request come?": "phone"}

    page = done(client, client.fill_in("Open the case", typed))

    assert "There is nothing to reset" in within.text
    assert "The password alone logs in until" in within.text
    assert "nothing logs in until a new case is carried out" in after.text
    assert "Open the case" in buttons(after.document)
    assert "Repair pass." not in after.text
    assert "by wipe" in page.text
    assert Way.WIPE is product.case(2).case.way


# --- the check --------------------------------------------------------------------------------------------------------


def fill_in_check(client: Client, **other: str) -> Answer:
    """As a browser sends the form with both boxes ticked."""
    filled = {"act": "check", "document": "passport", "valid_until": "2031-04-30"}
    ticked = {"name_matches": "yes", "photo_matches": "yes"}
    sent = {name: value for name, value in {**filled, **ticked, **other}.items() if value}
    return (
        client.send(client.sent_at, **sent) if hasattr(client, "sent_at") else client.send("/support/cases/1", **sent)
    )


def test_the_opener_writes_down_what_was_seen(client: Client, product: Product, lea: Owner, mia: Owner) -> None:
    """Kind of document, until when, and that both match; then somebody else has to approve."""
    done(client, open_case(client))

    page = done(client, fill_in_check(client))

    assert "The check is written down." in page.text
    assert "Passport, valid until 30 April 2031. Name and photo match." in page.text
    assert "You opened this case, so someone else has to approve it." in page.text
    assert ["Stop the case"] == buttons(page.document)


def test_an_incomplete_check_is_told_and_kept(client: Client, product: Product, mia: Owner) -> None:
    """Each at its field; ticks, choice and date stay as they were."""
    done(client, open_case(client))

    nothing = client.fill_in("Record ID check")
    half = fill_in_check(client, photo_matches="", valid_until="30.4.2031")
    expired = fill_in_check(client, valid_until="2026-03-01")

    assert 422 == nothing.status
    assert "4 entries need another look" in nothing.text
    assert 422 == half.status
    assert "2 entries need another look" in half.text
    assert "checked" in half.document.one("input", id="name_matches").attributes
    assert "checked" not in half.document.one("input", id="photo_matches").attributes
    assert ("passport", "30.4.2031") == (_chosen(half.document, "document"), half.value("valid_until"))
    assert 422 == expired.status
    assert "This document is valid no more." in expired.document.one("p", id="valid_until-error").text
    assert CaseState.OPEN is product.case(1).case.state


def test_only_a_date_is_a_date(client: Client, mia: Owner) -> None:
    """Other spellings of ISO 8601 are none."""
    done(client, open_case(client))

    for invented in ("", "2031-13-01", "20310430", "2031-W01-1", "2031-04-30T", "٢٠٣١-٠٤-٣٠"):
        assert 422 == fill_in_check(client, valid_until=invented).status


def test_a_colleague_neither_checks_nor_approves_before_that(
    client: Client, product: Product, lea: Owner, mia: Owner, noah: Owner
) -> None:
    """The page says whose it is; forced, it changes nothing and leads to the case."""
    case_id = opened(product, noah, lea.person)

    page = see(client, f"/support/cases/{case_id}")
    forced = [fill_in_check(client), client.send(f"/support/cases/{case_id}", act="approve")]

    assert "Noah Keller opened this case and checks the document." in page.text
    assert ["Refuse"] == buttons(page.document)
    for answer in forced:
        assert "This was not done" in done(client, answer).text
    assert CaseState.OPEN is product.case(case_id).case.state


# --- approving, refusing, stopping ------------------------------------------------------------------------------------


def test_a_second_agent_approves_and_the_waiting_time_begins(
    client: Client, product: Product, clock: Clock, lea: Owner, mia: Owner, noah: Owner
) -> None:
    """From when it is possible stands on the page, in the time of the agent's company."""
    case_id = checked(product, noah, lea.person)
    page = see(client, f"/support/cases/{case_id}")

    after = done(client, client.fill_in("Approve"))

    assert ["Approve", "Refuse"] == buttons(page.document)
    assert "its waiting time has begun" in after.text
    assert "Reset is possible from 3 March at 10:" in after.text
    assert ["Stop the case"] == buttons(after.document)
    assert CaseState.WAITING is product.case(case_id).case.state


def test_the_opener_cannot_approve(client: Client, product: Product, lea: Owner, mia: Owner) -> None:
    """Not by the button, which isn't there, and not by force; refusing is the second agent's too (D-61)."""
    done(client, open_case(client))
    done(client, fill_in_check(client))

    for act in ("approve", "refuse"):
        answer = client.send("/support/cases/1", act=act, reason=REASON)
        assert "This was not done" in done(client, answer).text

    assert CaseState.CHECKED is product.case(1).case.state


def test_whom_a_case_is_about_has_no_part_in_it(client: Client, product: Product, mia: Owner, noah: Owner) -> None:
    """An agent looks at their own case and finds no button."""
    case_id = checked(product, noah, mia.person)

    page = see(client, f"/support/cases/{case_id}")
    for act in ("check", "approve", "refuse", "stop"):
        forced = fill_in_check(client, act=act, reason=REASON)
        assert forced.location.endswith("?after=moved_on"), act

    assert "This case is about you" in page.text
    assert [] == buttons(page.document)
    assert CaseState.CHECKED is product.case(case_id).case.state


def test_a_case_is_refused_with_a_reason(client: Client, product: Product, lea: Owner, mia: Owner, noah: Owner) -> None:
    """Without one the form comes again; with it the case is over and nothing is left to press."""
    case_id = checked(product, noah, lea.person)
    see(client, f"/support/cases/{case_id}")

    unsaid = client.fill_in("Refuse")
    number = client.fill_in("Refuse", {"Why do you refuse?": "Passport 12345678 is odd"})
    page = done(client, client.fill_in("Refuse", {"Why do you refuse?": REASON}))

    assert (422, True) == (unsaid.status, "Enter the reason" in unsaid.text)
    assert (422, "Passport 12345678 is odd") == (number.status, number.value("reason"))
    assert "The case is refused." in page.text
    assert f"Reason: {REASON}" in page.text
    assert [] == buttons(page.document)


def test_a_waiting_case_is_stopped_with_a_reason(
    client: Client, product: Product, lea: Owner, mia: Owner, noah: Owner
) -> None:
    """By any agent, until it is carried out."""
    case_id = waiting(product, noah, mia, lea.person)
    see(client, f"/support/cases/{case_id}")

    page = done(client, client.fill_in("Stop the case", {"Why do you stop it?": REASON}))

    assert "The case is stopped." in page.text
    assert "Stopped" in page.text
    assert CaseState.STOPPED is product.case(case_id).case.state


def test_a_double_click_and_a_quicker_colleague_lead_to_the_case(
    client: Client, product: Product, lea: Owner, mia: Owner, noah: Owner
) -> None:
    """The second one does nothing, and the page says how the case stands now."""
    case_id = checked(product, noah, lea.person)
    see(client, f"/support/cases/{case_id}")
    first = client.send(f"/support/cases/{case_id}", act="approve")
    again = client.send(f"/support/cases/{case_id}", act="approve")
    late = client.send(f"/support/cases/{case_id}", act="refuse", reason=REASON)
    late_and_empty = client.send(f"/support/cases/{case_id}", act="refuse")

    assert first.location.endswith("?after=waiting")
    for answer in (again, late, late_and_empty):
        assert answer.location.endswith("?after=moved_on")
        page = done(client, answer)
        assert "This was not done" in page.text
        assert "In waiting time" in page.text
    assert 1 == len([one for one in product.case(case_id).history if one.state is CaseState.WAITING])


def test_a_password_by_mail_puts_it_off(client: Client, product: Product, clock: Clock, lea: Owner, mia: Owner) -> None:
    """The page says why it takes a week."""
    product.forgot(LEA)
    product.resolve()
    token = product.mailed(LinkKind.PASSWORD)[0][1]
    product.recover(token, "harbour quilt nineteen ferns")
    case_id = waiting(product, mia, product.agent("noah@support.example"), lea.person)

    page = see(client, f"/support/cases/{case_id}")

    assert "Reset is possible from 9 March at 10:" in page.text
    assert "from then it takes 7 days" in page.text


def test_a_stale_case_offers_nothing(client: Client, product: Product, clock: Clock, lea: Owner, mia: Owner) -> None:
    """A week after its opening, though nobody has written that down yet."""
    case_id = opened(product, mia, lea.person)
    clock.move(days=7)
    log_in_with_code(client, mia, clock)

    page = see(client, f"/support/cases/{case_id}")
    forced = fill_in_check(client)

    assert "The time of this case is over." in page.text
    assert [] == buttons(page.document)
    assert "This was not done" in done(client, forced).text
    assert CaseState.EXPIRED is product.case(case_id).case.state


def test_what_an_address_claims_is_not_said(client: Client, product: Product, lea: Owner, mia: Owner) -> None:
    """Only what is so is said to have been done."""
    case_id = opened(product, mia, lea.person)

    for after in ("checked", "approved", "waiting", "refused", "stopped", "done", "x"):
        page = see(client, f"/support/cases/{case_id}?after={after}")
        assert not page.document.all("p", role="status")[1:], after
        assert "The case is" not in page.text


def test_unknown_cases_and_acts_are_refused(client: Client, product: Product, lea: Owner, mia: Owner) -> None:
    """404 and 400; nothing is changed."""
    case_id = opened(product, mia, lea.person)
    see(client, f"/support/cases/{case_id}")

    assert 404 == client.get("/support/cases/99").status
    assert 404 == client.send("/support/cases/99", act="approve").status
    assert 404 == client.send("/support/cases/99", act="stop", reason=REASON).status
    for act in ("", "x", "expire", "open"):
        assert 400 == client.send(f"/support/cases/{case_id}", act=act).status


# --- lists ------------------------------------------------------------------------------------------------------------


# --- carrying out -----------------------------------------------------------------------------------------------------


def due(client: Client, product: Product, clock: Clock, mia: Owner, noah: Owner, person: Person, **how: object) -> int:
    """A case whose waiting time is over, and mia logged in anew: her session is over with it."""
    case_id = opened(product, noah, person, **how)
    assert isinstance(product.check_case(noah.seat, case_id), Accepted)
    assert isinstance(product.approve_case(mia.seat, case_id), Accepted)
    clock.move(hours=24)
    log_in_with_code(client, mia, clock)
    return case_id


def test_a_due_case_issues_a_pass_and_its_half_is_shown_once(
    client: Client, product: Product, clock: Clock, lea: Owner, mia: Owner, noah: Owner
) -> None:
    """In the answer to the button and nowhere else; the one shown last is right, with the one that was mailed."""
    case_id = due(client, product, clock, mia, noah, lea.person)
    see(client, f"/support/cases/{case_id}")
    issued = done(client, client.fill_in("Issue the repair pass"))

    first = client.fill_in("Show the half to read out")
    looked = see(client, f"/support/cases/{case_id}")
    second = client.fill_in("Show a new half to read out")

    assert "The case is carried out." in issued.text
    assert (200, 200) == (first.status, second.status)
    assert "no-store" in second.response.headers["Cache-Control"]
    for answer, has_focus in ((first, True), (looked, False), (second, True)):
        assert has_focus is ("autofocus" in answer.document.one("h2", id="pass").attributes)
    halves = [one for answer in (first, second) for one in HALF.findall(answer.text)]
    assert 2 == len(set(halves))
    assert HALF.search(looked.text) is None
    repair, mailed = product.live_pass(lea.person), rules.read(product.mailed_half(lea.person))
    assert repair is not None
    fits = [repairs.fits(product.keyring, repair, mailed=str(mailed), read=str(rules.read(half))) for half in halves]
    assert [False, True] == fits


def test_a_wipe_says_on_its_button_what_it_does(
    client: Client, product: Product, clock: Clock, lea: Owner, mia: Owner, noah: Owner
) -> None:
    """Afterwards nothing of a pass is there."""
    case_id = due(client, product, clock, mia, noah, lea.person, way=Way.WIPE)
    see(client, f"/support/cases/{case_id}")

    page = done(client, client.fill_in("Wipe two-factor authentication"))

    assert "Two-factor authentication wiped" in page.text
    assert "Repair pass" not in page.text
    assert () == product.apps(lea.person)


def test_carried_out_twice_is_carried_out_once(
    client: Client, product: Product, clock: Clock, lea: Owner, mia: Owner, noah: Owner
) -> None:
    """The second click says so; before its time there is no button, and force is told the same."""
    case_id = waiting(product, noah, mia, lea.person)
    see(client, f"/support/cases/{case_id}")
    early = client.send(f"/support/cases/{case_id}", act="carry_out")
    clock.move(hours=24)
    log_in_with_code(client, mia, clock)
    see(client, f"/support/cases/{case_id}")
    answers = [client.send(f"/support/cases/{case_id}", act="carry_out") for _ in range(2)]

    assert early.location.endswith("?after=moved_on")
    assert ["done", "moved_on"] == [answer.location.partition("?after=")[2] for answer in answers]
    assert 1 == len([one for one in product.case(case_id).history if one.state is CaseState.DONE])


def test_what_keeps_a_due_case_from_being_carried_out_is_said(
    client: Client, product: Product, clock: Clock, lea: Owner, mia: Owner, noah: Owner
) -> None:
    """Nothing happens, and the case stays as it is."""
    case_id = due(client, product, clock, mia, noah, lea.person)
    kim = product.employee("kim@studio.example", company=lea.person.company_id, role=Role.ADMIN)
    assert isinstance(product.deactivate(product.log_in(kim), lea.person), Accepted)
    see(client, f"/support/cases/{case_id}")

    page = client.send(f"/support/cases/{case_id}", act="carry_out")

    assert 422 == page.status
    assert "This person's account is deactivated." in page.text


def test_nobody_reads_out_the_half_of_their_own_pass(
    client: Client, product: Product, clock: Clock, mia: Owner, noah: Owner
) -> None:
    """They would hold both halves: the page says who does, and force is refused."""
    olga = product.agent("olga@support.example", name="Olga Roth")
    case_id = opened(product, noah, mia.person)
    assert isinstance(product.check_case(noah.seat, case_id), Accepted)
    assert isinstance(product.approve_case(olga.seat, case_id), Accepted)
    clock.move(hours=24)
    assert isinstance(product.carry_out(None, case_id), Accepted)
    product.session.rollback()
    log_in_with_code(client, mia, clock)  # with the factor after all: which makes the pass void

    page = see(client, f"/support/cases/{case_id}")
    forced = client.send(f"/support/cases/{case_id}", act="read_half")

    assert "It opens nothing any more" in page.text
    assert forced.location.endswith("?after=moved_on")
    assert HALF.search(see(client, f"/support/cases/{case_id}").text) is None


# --- whom it is about -------------------------------------------------------------------------------------------------


def test_every_page_of_whom_it_is_about_says_so_and_leads_to_stopping_it(
    client: Client, product: Product, clock: Clock, lea: Owner, noah: Owner
) -> None:
    """In a live session, whatever page is open; afterwards no page says it any more."""
    log_in_with_code(client, lea, clock)
    opened(product, noah, lea.person)
    pages = ("/", "/settings/employees", f"/settings/employees/{lea.person.id}", f"{security(lea.person)}")

    told = [BANNER in see(client, page).text for page in pages]
    asked = see(client, f"{security(lea.person)}/case")
    answer = client.fill_in("Stop it")
    again = client.send(f"{security(lea.person)}/case")

    assert [True] * len(pages) == told
    assert BANNER in asked.text
    assert CaseState.STOPPED is product.case(1).case.state
    for stopped in (answer, again):
        assert BANNER not in stopped.text
        assert f"{security(lea.person)}?after=case_stopped" == stopped.location
    assert BANNER not in see(client, "/").text
    assert "The case is stopped." in see(client, answer.location).text


def test_whoever_has_no_case_is_led_to_their_tab(client: Client, product: Product, clock: Clock, lea: Owner) -> None:
    """There is nothing to stop."""
    log_in_with_code(client, lea, clock)

    answer = client.as_page().get(f"{security(lea.person)}/case")

    assert (303, security(lea.person)) == (answer.status, answer.location)


def test_what_waits_for_me_comes_first(client: Client, product: Product, clock: Clock, lea: Owner, mia: Owner) -> None:
    """Mine to check, others' to approve, whatever is due; then the other open ones, then those that are over."""
    noah = product.agent("noah@support.example", name="Noah Keller")
    company = lea.person.company_id
    people = [product.owner(f"p{at}@studio.example", company=company).person for at in range(5)]
    to_check = opened(product, mia, people[0])
    of_noah = opened(product, noah, people[1])
    to_approve = checked(product, noah, people[2])
    of_mine = checked(product, mia, people[3])
    stopped = opened(product, noah, people[4])
    product.stop_case(noah.seat, stopped)
    in_time = waiting(product, mia, noah, lea.person)

    before = see(client, "/support").document
    clock.move(hours=24)
    log_in_with_code(client, mia, clock)
    after = see(client, "/support").document

    assert [f"R-{one}" for one in (to_check, to_approve)] == _numbers(before, "mine")
    assert [f"R-{one}" for one in (of_noah, of_mine, in_time)] == _numbers(before, "others")
    assert [f"R-{stopped}"] == _numbers(before, "closed")
    assert f"R-{in_time}" in _numbers(after, "mine")
    assert "Can be carried out" in after.text


def test_the_newest_ten_that_are_over_are_listed(client: Client, product: Product, lea: Owner, mia: Owner) -> None:
    """The newest first."""
    noah = product.agent("noah@support.example")
    for _ in range(12):
        product.stop_case(noah.seat, opened(product, noah, lea.person))

    assert [f"R-{one}" for one in range(12, 2, -1)] == _numbers(see(client, "/support").document, "closed")


# --- the person concerned ---------------------------------------------------------------------------------------------


def test_no_page_shows_a_secret_of_anybody(
    client: Client, product: Product, engine: Engine, lea: Owner, mia: Owner, noah: Owner
) -> None:
    """Console, look-up and case in each state: no code, hash, token or sealed value that the database holds."""
    pages = [look_up(client), see(client, "/support")]
    case_id = checked(product, noah, lea.person)
    pages += [see(client, f"/support/cases/{case_id}")]
    pages += [done(client, client.fill_in("Approve")), look_up(client)]

    for page in pages:
        _holds_no_secret(page, engine, lea)


def test_a_code_an_hour_old_is_asked_for_before_a_step_is_taken(
    client: Client, product: Product, clock: Clock, lea: Owner, mia: Owner, noah: Owner
) -> None:
    """The step goes on with what was typed."""
    case_id = checked(product, noah, lea.person)
    see(client, f"/support/cases/{case_id}")
    be_away(client, clock, minutes=60)

    asked = client.fill_in("Refuse", {"Why do you refuse?": REASON})
    before = product.case(case_id).case.state
    page = done(client, client.fill_in("Confirm", {"Authentication code": mia.phone.code(clock.now)}))

    assert "Confirm with a code" == asked.heading
    assert CaseState.CHECKED is before
    assert f"Reason: {REASON}" in page.text


def _holds_no_secret(answer: Answer, engine: Engine, owner: Owner) -> None:
    body = answer.response.text
    secrets = [owner.phone.key, *owner.codes]
    stored = [
        as_text(value) for name, value in values(dump(engine)) if "hash" in name or "sealed" in name or "seed" in name
    ]
    for secret in (*secrets, *[text for text in stored if len(text) > 8]):
        assert secret not in body


def _numbers(page: Element, heading: str) -> list[str]:
    (section,) = [one for one in page.all("section") if one.attributes.get("aria-labelledby") == heading]
    return [link.text.partition(",")[0] for link in section.all("a")]


def _chosen(page: Element, name: str) -> str:
    (select,) = page.all("select", name=name)
    return next(one.attributes["value"] for one in select.all("option") if "selected" in one.attributes)


def _sent(_: Client) -> dict[str, str]:
    """What the form that opens a case would send as it stands."""
    return {"email": LEA, "kind": "reset", "way": "repair"}


def _by_name(by_label: dict[str, str]) -> dict[str, str]:
    names = {"Ticket reference": "ticket", "How did the request come?": "channel"}
    return {names[label]: text for label, text in by_label.items()}

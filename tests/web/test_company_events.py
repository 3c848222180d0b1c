"""Settings → Audit: filters, pages and exports of a company's security events."""

import csv
import io
import json
from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from tests.core.people import STRANGER, Product
from tests.web.client import Answer, Client
from tests.web.dom import Element
from tests.web.people import log_in
from tests.web.test_ways_back import counted
from webapp.core.accounts.about import record
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.audit.rules import EventKind
from webapp.core.cases.rules import Way
from webapp.core.company import events
from webapp.core.database import writing
from webapp.core.visitor import Visitor
from webapp.web import event_words

AUDIT = "/settings/audit"
EVIL_NAME = "=cmd|' /C calc'!A0\", \"x"


def test_an_administrator_reads_what_happened(client: Client, product: Product) -> None:
    """Words, person, time and a shortened place; nothing of a whole address or browser."""
    me = _admin(product)
    lea = product.employee(company=me.company_id)
    visitor = Visitor("203.0.113.77", "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0")
    with writing(product.session):
        record(product.session, EventKind.PASSWORD_CHANGED, lea, now=product.now, visitor=visitor)
        record(product.session, EventKind.PROFILE_CHANGED, lea, now=product.now, visitor=visitor, actor=me)
    log_in(client, me)

    page = client.get(AUDIT)

    assert (200, "Audit") == (page.status, page.heading)
    changed = _line(page, "Password changed")
    assert "Lea Brunner lea@studio.example" in changed
    assert "Today at 10:00, Firefox on Windows, 203.0.113.x" in changed
    assert "by Kim" in _line(page, "Profile changed")
    assert "203.0.113.77" not in page.response.text
    assert "Mozilla" not in page.response.text


@pytest.mark.parametrize("path", [AUDIT, f"{AUDIT}.csv", f"{AUDIT}.jsonl"])
def test_it_is_for_administrators(client: Client, product: Product, path: str) -> None:
    """403 for anybody else, and no export is made."""
    employee = product.employee()
    vendor = product.company("Vendor", is_vendor=True)
    agent = product.employee("sam@vendor.example", name="Sam", company=vendor, role=Role.SUPPORT)

    for person in (employee, agent):
        log_in(client, person)
        answer = client.get(path)
        # Support must have two-factor authentication on before any page of theirs.
        assert answer.status == 403 or (person is agent and answer.location)
        client.as_page().post("/logout", form_at="/")
    assert [] == product.audit("audit:export")


def test_filters_go_along_to_pages_and_exports(client: Client, product: Product) -> None:
    """What was chosen stays in the fields, in “Older”, and in the files."""
    me = _admin(product)
    _note(product, me, EventKind.PASSWORD_CHANGED, events.PAGE_SIZE + 1)
    _note(product, me, EventKind.PROFILE_CHANGED, 3)
    log_in(client, me)
    client.get(AUDIT)

    found = client.fill_in("Show", {"Person": "kim", "What": "credentials", "First day": "2026-03-02"})
    older = client.get(found.document.one("a", rel="next").attributes["href"])
    newer = client.get(older.document.one("a", rel="prev").attributes["href"])
    files = [client.get(link.attributes["href"]) for link in found.document.all("a") if "download" in link.attributes]

    assert {"Password changed"} == {line.text for line in _lines(found)}
    assert [events.PAGE_SIZE, 1, events.PAGE_SIZE] == [len(_lines(page)) for page in (found, older, newer)]
    assert ("kim", "2026-03-02", "") == (found.value("person"), found.value("from"), found.value("to"))
    assert "selected" in found.document.one("option", value="credentials").attributes
    assert [events.PAGE_SIZE + 1] * 2 == [len(_csv(files[0])), len(files[1].response.text.splitlines())]


def test_filters_that_make_no_sense_are_none(open_browser: Callable[[], Client], product: Product) -> None:
    """The page as without them, never an error."""
    browser, me = open_browser(), _admin(product)
    log_in(browser, me)
    number = len(_lines(browser.get(AUDIT)))

    for name in ("kind", "from", "to", "before", "after", "x"):
        for value in ("0", "-1", "9" * 400, "x", "2026-02-31", "0001-01-01", "9999-12-31", "٢٠٢٦-01-01", "\x00", "[]"):
            page = browser.get(AUDIT, query_string={name: value})
            assert (200, min(number, events.PAGE_SIZE)) == (page.status, len(_lines(page))), (name, value)
            assert 200 == browser.get(f"{AUDIT}.csv", query_string={name: value}).status, (name, value)
            number += 1  # the export
    for value in ("%", "_", "\\", "\x00", "' OR 1=1 --", "x" * 20_000, "{{7*7}}", "<script>"):
        assert 200 == browser.get(AUDIT, query_string={"person": value}).status, value
    assert "Nothing like this has happened." in browser.get(AUDIT, query_string={"person": "zoe"}).text


def test_a_csv_file_is_read_back_and_runs_nothing(client: Client, product: Product) -> None:
    """RFC 4180 with quotes and commas in names, a mark for Excel, an apostrophe before what would be a formula."""
    me = _admin(product)
    evil = product.employee("=evil@studio.example", name=EVIL_NAME, company=me.company_id)
    rtl = product.employee("rtl@studio.example", name="\u202eשלום; =1+1", company=me.company_id)
    for person in (evil, rtl):
        _note(product, person, EventKind.PASSWORD_CHANGED, 1)
    log_in(client, me)

    answer = client.get(f"{AUDIT}.csv?kind=credentials")

    headers = answer.response.headers
    assert "text/csv; charset=utf-8; header=present" == headers["Content-Type"]
    assert 'attachment; filename="security-events-2026-03-02.csv"' == headers["Content-Disposition"]
    assert answer.response.data.startswith(b'\xef\xbb\xbf"Id",')
    assert answer.response.data.endswith(b"\r\n")
    first, second = _csv(answer)
    assert ("\u202eשלום;' =1+1", "rtl@studio.example") == (first["Person"], first["E-mail"])
    assert ("'=cmd|' /C calc'!A0\", \"x", "'=evil@studio.example") == (second["Person"], second["E-mail"])
    assert ("2026-03-02T10:00:05+01:00", "Password changed", "password:change") == (
        second["Time"],
        second["Event"],
        second["Kind"],
    )
    assert ("192.0.2.x", "Unknown browser on Linux") == (second["Network"], second["Device"])


def test_json_lines_are_exact(client: Client, product: Product) -> None:
    """Each line an object, each letter as it is stored; who did it by a word, and by name where it is a colleague."""
    me = _admin(product)
    evil = product.employee("=evil@studio.example", name=EVIL_NAME, company=me.company_id)
    with writing(product.session):
        record(product.session, EventKind.PASSWORD_CHANGED, evil, now=product.now, visitor=STRANGER, actor=me)
    log_in(client, me)

    answer = client.get(f"{AUDIT}.jsonl?kind=credentials")

    assert "application/x-ndjson; charset=utf-8" == answer.response.headers["Content-Type"]
    assert ".jsonl" in answer.response.headers["Content-Disposition"]
    [event] = [json.loads(line) for line in answer.response.text.splitlines()]
    assert {"id": evil.id, "name": EVIL_NAME, "email": evil.email} == event["person"]
    assert {"id": me.id, "name": me.name, "email": me.email} == event["by"]
    assert ("password:change", "success", "colleague", {}) == tuple(
        event[key] for key in ("kind", "outcome", "actor", "details")
    )
    assert [{"rows": 1, "format": "jsonl"}] == [noted.details for noted in product.audit("audit:export")]


def test_a_case_of_support_is_told_without_the_people_there(client: Client, product: Product) -> None:
    """Each step, from the look-up to the wipe by the command, is among a company's events, and is “Support”'s."""
    me = _admin(product)
    owner = product.owner(company=me.company_id)
    agents = product.agents("ada", "ben")
    product.look_up(agents[0], owner.person.email)
    case_id = product.waiting_case(agents, owner.person, way=Way.WIPE)
    product.approve_case(agents[0], case_id)
    product.clock.move(hours=24)
    product.run_due()
    log_in(client, me)

    answers = [client.get(f"{path}?person=lea") for path in (AUDIT, f"{AUDIT}.csv", f"{AUDIT}.jsonl")]

    seen = [json.loads(line) for line in answers[2].response.text.splitlines()]
    of_support = {one["kind"]: one for one in seen if one["actor"] == "support"}
    assert {"support:look_up", "case:open", "case:check", "case:approve", "case:carry_out"} <= of_support.keys()
    assert of_support["two_factor:reset_by_support"]["person"]["email"] == owner.person.email
    assert {(None, "", "", "")} == {
        (one["by"], one["device"], one["network"], one["reason"]) for one in of_support.values()
    }
    assert {"kind": "reset", "way": "wipe"} == of_support["case:carry_out"]["details"]
    assert "by Support, kind: reset" in _line(answers[0], "Case opened")
    for answer in answers:
        for hidden in ("ada", "ben", "calenso.example", "T-17", "passport", "same_agent"):
            assert hidden not in answer.response.text.replace("Calenso", ""), hidden


def test_a_long_export_says_where_the_rest_is(
    client: Client, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the header that scripts follow."""
    me = _admin(product)
    _note(product, me, EventKind.PASSWORD_CHANGED, 3)
    monkeypatch.setattr(events, "MOST_EXPORTED", 2)
    log_in(client, me)

    first = client.get(f"{AUDIT}.jsonl?kind=credentials").response
    rest = first.headers["Link"].partition("<")[2].partition(">")[0]
    second = client.get(rest).response

    assert 'rel="next"' in first.headers["Link"]
    assert "kind=credentials" in rest
    assert [2, 1] == [len(answer.text.splitlines()) for answer in (first, second)]
    assert "Link" not in second.headers


def test_asking_for_the_headers_alone_exports_nothing(open_browser: Callable[[], Client], product: Product) -> None:
    """HEAD has no body, so nothing left the house and nothing is written down."""
    browser, me = open_browser(), _admin(product)
    log_in(browser, me)

    answer = browser.flask.head(f"{AUDIT}.csv")

    assert (200, b"") == (answer.status_code, answer.data)
    assert "attachment" in answer.headers["Content-Disposition"]
    assert [] == product.audit("audit:export")


@pytest.mark.parametrize(("path", "most"), [(AUDIT, 3), (f"{AUDIT}.csv", 4)])
def test_few_statements_are_needed(
    open_browser: Callable[[], Client], product: Product, engine: Engine, path: str, most: int
) -> None:
    """However many events there are; an export writes one."""
    browser, me = open_browser(), _admin(product)
    _note(product, me, EventKind.PASSWORD_CHANGED, 3 * events.PAGE_SIZE)
    log_in(browser, me)

    with counted(engine) as statements:
        browser.get(path, query_string={"person": "kim", "kind": "credentials"})

    assert len(statements) <= most, statements


def test_every_heading_finds_something_and_every_event_has_one() -> None:
    """No kind is lost between the headings."""
    found = [event_words.kinds_under(heading) or frozenset() for heading in event_words.HEADINGS]

    assert all(found)
    assert len(EventKind) == len(frozenset().union(*found)) == sum(len(kinds) for kinds in found)
    assert event_words.kinds_under("x") is None


def _admin(product: Product) -> Person:
    return product.employee("kim@studio.example", name="Kim", role=Role.ADMIN)


def _note(product: Product, person: Person, kind: EventKind, number: int) -> None:
    with writing(product.session):
        for _ in range(number):
            record(product.session, kind, person, now=product.now, visitor=STRANGER)


def _lines(page: Answer) -> list[Element]:
    return [item.all("b")[0] for item in page.document.all("ol", **{"class": "log"})[0].all("li")]


def _line(page: Answer, words: str) -> str:
    [found] = [item.text for item in page.document.all("li") if item.text.startswith(words)]
    return found


def _csv(answer: Answer) -> list[dict[str, str]]:
    text = answer.response.data.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))

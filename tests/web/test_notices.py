"""What each notice says, in each language: the same in text and HTML, all of it, and no more."""

import email
import email.policy
import re
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask

from tests.web.dom import Element, parse
from webapp import create_app
from webapp.core.cases.rules import By, Way
from webapp.core.links.rules import LinkKind
from webapp.core.notices.flows import Mail, Notice
from webapp.mail.compose import LINE_LENGTH, PATHS, compose
from webapp.mail.facts import NEEDED, OF_CASES
from webapp.web.languages import NAMES

SEED = "s" * 43
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
KNOWN = {
    "name": "Lena Brunner",
    "time_zone": "Europe/Zurich",
    "at": "2026-03-03T09:24:00+00:00",
    "user_agent": FIREFOX,
    "address": "203.0.113.7",
}
WHEN = {
    "en": "Tuesday, 3 March 2026 at 10:24 (Zurich time)",
    "de": "Dienstag, 3. März 2026 um 10:24 Uhr (Zeit von Zürich)",
    "fr": "mardi 3 mars 2026 à 10:24 (heure locale : Zurich)",
    "it": "martedì 3 marzo 2026 alle ore 10:24 (ora di Zurigo)",
}
WHERE = {
    "en": "Firefox on Windows, 203.0.113.x",
    "de": "Firefox auf Windows, 203.0.113.x",
    "fr": "Firefox sur Windows, 203.0.113.x",
    "it": "Firefox su Windows, 203.0.113.x",
}
ITS_OWN = {
    Notice.APP_REPLACED: {"app": "Tablet", "codes_left": 7},
    Notice.APP_ADDED: {"app": "Tablet"},
    Notice.APP_REMOVED: {"app": "Tablet"},
    Notice.EMAIL_CHANGE_ASKED: {"new_email": "le…@ne….example"},
    Notice.EMAIL_CHANGED: {"new_email": "le…@ne….example", "former_email": "le…@st….example"},
    Notice.REPAIR_PASS: {"half_seed": f"1|{SEED}"},
    Notice.INVITE: {"company": "Studio Nord", "admin": "Kim Amsler"},
    Notice.DEACTIVATED: {"company": "Studio Nord", "admin": "Kim Amsler"},
    Notice.REACTIVATED: {"company": "Studio Nord", "admin": "Kim Amsler"},
    Notice.ROLE_CHANGED: {"company": "Studio Nord", "admin": "Kim Amsler", "role": "admin"},
    Notice.LIFTED: {"apps": 1, "codes": 8, "email": True},
    Notice.CASE_OPENED: {"case_kind": "reset"},
    Notice.CASE_CHECKED: {"case_kind": "reset"},
    Notice.CASE_APPROVED: {"case_kind": "reset"},
    Notice.CASE_WAITING: {"case_kind": "reset", "way": "repair", "due_at": "2026-03-04T09:24:00+00:00"},
    Notice.CASE_DONE: {"case_kind": "reset", "way": "wipe"},
    Notice.CASE_REFUSED: {"case_kind": "reset"},
    Notice.CASE_STOPPED: {"case_kind": "reset", "by": "link"},
    Notice.CASE_EXPIRED: {"case_kind": "reset"},
    Notice.REMINDER: {"company": "Studio Nord"},
}
"""Facts by notice, where it tells more than how many backup codes are left."""

LINK = dict.fromkeys(Notice, LinkKind.NOTICE) | {
    Notice.PASSWORD_LINK: LinkKind.PASSWORD,
    Notice.EMAIL_LINK: LinkKind.EMAIL,
    Notice.INVITE: LinkKind.INVITE,
    Notice.CASE_OPENED: LinkKind.CASE,
    Notice.CASE_CHECKED: LinkKind.CASE,
    Notice.CASE_APPROVED: LinkKind.CASE,
    Notice.CASE_WAITING: LinkKind.CASE,
}
WITHOUT_LINK = {Notice.FROZEN, Notice.CASE_REFUSED, Notice.CASE_STOPPED, Notice.CASE_EXPIRED, Notice.REMINDER}
WITHOUT_LINK |= {Notice.DEACTIVATED, Notice.REACTIVATED, Notice.ROLE_CHANGED}
BUTTON = {"class": "button"}

ALIKE = {"App", "Account"}
"""What is the same word in Italian, or in German."""

every_notice = pytest.mark.parametrize("notice", list(Notice))
every_language = pytest.mark.parametrize("language", list(NAMES))


@every_language
@every_notice
def test_a_notice_says_the_same_in_text_and_in_html(written: "Writer", notice: Notice, language: str) -> None:
    """Each paragraph of one stands in the other; HTML adds the label of its one link."""
    mail = written(notice, language)

    html = _html(mail)
    in_html = [_joined(element.text) for tag in ("h2", "p") for element in html.all(tag)]
    in_text = [_joined(paragraph) for paragraph in re.split(r"\n\n|\n  ", _text(mail).strip())]
    labels = {_joined(link.text) for link in html.all("a", **BUTTON)}
    rows = {f"{row.one('th').text} {row.one('td').text}" for row in html.all("tr")}
    only_in_text = {line for line in in_text if line.startswith("http")} | {"Calenso"}

    assert set(in_html) - labels | rows == set(map(_joined, in_text)) - only_in_text
    assert mail["Subject"] == html.all("h1")[0].text == html.all("title")[0].text
    assert language == html.all("html")[0].attributes["lang"] == mail["Content-Language"]


def of_kind(kind: str, **facts: object) -> dict[str, object]:
    return {"case_kind": kind, **facts}


TAKEN = {"apps": 1, "codes": 8, "email": True, "password": True}
VARIANTS: list[tuple[Notice, dict[str, object]]] = [
    *((notice, of_kind("lift_freeze", way=None, **TAKEN)) for notice in sorted(OF_CASES)),
    *((Notice.CASE_WAITING, of_kind("reset", way=way)) for way in Way),
    *((Notice.CASE_DONE, of_kind("reset", way=way, **TAKEN)) for way in Way),
    *((Notice.CASE_STOPPED, of_kind("reset", by=by)) for by in By),
    (Notice.ROLE_CHANGED, {"role": "employee"}),
]
"""What else a notice may have to tell than what stands in ITS_OWN."""


@every_language
@pytest.mark.parametrize(("notice", "facts"), VARIANTS)
def test_whatever_happened_is_said_alike_in_text_and_in_html(
    written: "Writer", notice: Notice, facts: dict[str, object], language: str
) -> None:
    """Each kind and end of a case, each way, each role."""
    mail = written(notice, language, **facts)

    labels = {_joined(link.text) for link in _html(mail).all("a", **BUTTON)}
    in_html = {_joined(element.text) for tag in ("h2", "p") for element in _html(mail).all(tag)} - labels
    in_text = {said for said in _paragraphs(mail) if said != "Calenso" and not said.startswith("http")}
    assert in_html < in_text
    assert 1 == len(in_text - in_html), "the rows stand there alone"
    assert mail["Subject"] == _html(mail).one("h1").text


@every_language
@every_notice
def test_a_notice_tells_whose_account_when_and_where(written: "Writer", notice: Notice, language: str) -> None:
    """In the company's time; the link to a new address names nobody, for nobody knows yet who reads it, and neither
    does an invitation: it tells no place, and greets nobody."""
    mail = written(notice, language)
    text, facts = _joined(_text(mail)), ITS_OWN.get(notice, {})

    assert _joined(WHEN[language]) in text
    for fact in ("app", "new_email", "former_email"):
        assert str(facts.get(fact, "")) in text
    if notice is Notice.EMAIL_LINK:
        for private in ("Lena", "lena@studio.example", "Firefox", "203.0.113"):
            assert private not in text + _content(mail, "html")
    else:
        assert ("Lena Brunner" in text) == (notice is not Notice.INVITE)
        assert (WHERE[language] in text) == (notice not in OF_CASES | {Notice.REMINDER, Notice.INVITE})
        assert ("lena@studio.example" in text) == (notice is not Notice.EMAIL_CHANGED)
    for too_much in (FIREFOX, "203.0.113.7"):
        assert too_much not in text


@pytest.mark.parametrize(
    ("language", "day"),
    [("en", "1 March 2026"), ("de", "1. März 2026"), ("fr", "1er mars 2026"), ("it", "1º marzo 2026")],
)
def test_the_first_of_a_month_is_written_as_people_say_it(written: "Writer", language: str, day: str) -> None:
    """French and Italian count the first and no other day; the day is that of the company's zone."""
    assert f" {day} " in _text(written(Notice.RESET, language, at="2026-02-28T23:30:00+00:00"))


@every_language
@every_notice
def test_a_notice_has_the_link_it_is_for_and_no_other(written: "Writer", notice: Notice, language: str) -> None:
    """“This wasn't me” in all but three; none in the notice of a freeze; the seed stands nowhere else."""
    mail = written(notice, language)

    kind = LINK[notice]
    expected = (
        [] if notice in WITHOUT_LINK else [rf"http://127\.0\.0\.1:5000{PATHS[kind].format(token='')}{SEED}\.[\w-]+"]
    )
    in_text = re.findall(r"^http\S+$", _text(mail), re.MULTILINE)
    buttons = [str(link.attributes["href"]) for link in _html(mail).all("a", **BUTTON)]
    others = {str(link.attributes["href"]) for link in _html(mail).all("a")} - set(buttons)

    assert in_text == buttons
    assert len(expected) == len(buttons) == _text(mail).count(SEED) == _content(mail, "html").count(SEED)
    assert all(re.fullmatch(pattern, link) for pattern, link in zip(expected, buttons, strict=True))
    assert {"mailto:support@calenso.com"} == others


@every_language
@every_notice
def test_a_notice_is_plain_to_transport_and_to_read(written: "Writer", notice: Notice, language: str) -> None:
    """ASCII on the way and never base64; short lines, and none that looks like a quotation."""
    mail = written(notice, language)

    sent = mail.as_bytes()
    assert sent.isascii()
    assert {"quoted-printable"} == {part["Content-Transfer-Encoding"] for part in mail.iter_parts()}
    assert len(mail["Subject"]) <= LINE_LENGTH
    for line in _text(mail).splitlines():
        assert len(line) <= LINE_LENGTH or line.startswith(("http", "  "))
        assert not line.startswith(">")
    assert "\n\n\n" not in _text(mail)


@pytest.mark.parametrize("language", sorted(NAMES.keys() - {"en"}))
@every_notice
def test_nothing_of_a_notice_is_left_in_english(written: "Writer", notice: Notice, language: str) -> None:
    """No paragraph, label or subject is the English one."""
    ours, english = (_said(written(notice, code)) for code in (language, "en"))

    assert ALIKE >= ours & english


@pytest.mark.parametrize("facts", [{}, {"language": None}, {"language": "rm"}, {"language": ""}])
def test_a_language_that_is_not_known_is_english(written: "Writer", facts: dict[str, object]) -> None:
    """A mail from before there were languages, or for one that is offered no more."""
    mail = written(Notice.RESET, **facts)

    assert "Two-factor authentication is off for your account" == mail["Subject"]
    assert "en" == mail["Content-Language"]


@every_language
def test_each_number_of_codes_left_has_words_of_its_own(written: "Writer", language: str) -> None:
    """3, 2, 1 and none: another subject, and another thing to do next; one is said in the singular."""
    mails = [written(Notice.BACKUP_CODES_LOW, language, codes_left=left) for left in (3, 2, 1, 0)]

    advice = [_text(mail).split("\n\n")[4] for mail in mails]
    assert 4 == len({mail["Subject"] for mail in mails}) == len(set(advice))
    assert all("Security" in _joined(words) for words in advice)
    assert ["3" in mails[0]["Subject"], "2" in mails[1]["Subject"]] == [True, True]
    assert not re.search(r"\d", mails[2]["Subject"] + mails[3]["Subject"])


@every_language
@pytest.mark.parametrize("fact", ["apps", "codes", "email"])
def test_the_lift_of_a_freeze_tells_only_what_it_took(written: "Writer", language: str, fact: str) -> None:
    """Each of the three has a sentence of its own; what is false, nought or not known has none."""
    with_all = _paragraphs(written(Notice.LIFTED, language))
    without = _paragraphs(written(Notice.LIFTED, language, **{fact: 0}))
    with_none = _paragraphs(written(Notice.LIFTED, language, apps=None, codes=None, email=None))

    assert 1 == len(set(with_all) - set(without))
    assert 3 == len(set(with_all) - set(with_none))
    assert set(without) < set(with_all)


@pytest.mark.parametrize(("notice", "fact"), [(notice, fact) for notice, facts in NEEDED.items() for fact in facts])
def test_a_notice_that_lacks_a_fact_is_not_written(written: "Writer", notice: Notice, fact: str) -> None:
    """It fails and waits in the outbox: a mail with a hole in it explains nothing."""
    with pytest.raises(KeyError, match=fact):
        written(notice, without=fact)


@pytest.mark.parametrize("notice", [Notice.PASSWORD_LINK, Notice.EMAIL_LINK, Notice.INVITE])
def test_a_mail_that_is_for_its_link_is_not_written_without(written: "Writer", notice: Notice) -> None:
    """Nor with the link of another kind."""
    with pytest.raises(KeyError):
        written(notice, links={LinkKind.NOTICE.value: SEED})


def test_a_notice_without_its_link_leads_to_support(written: "Writer") -> None:
    """One that was owed before there were links."""
    mail = written(Notice.RESET, links={})

    assert "http" not in _text(mail) + _content(mail, "html").replace("http-equiv", "")
    assert "Write to support@calenso.com from this e-mail address right away." in _joined(_text(mail))


def test_an_authenticator_without_a_name_has_no_row(written: "Writer") -> None:
    """The one that everybody begins with."""
    named, unnamed = written(Notice.APP_REPLACED), written(Notice.APP_REPLACED, app="")

    assert 1 == len(_html(named).all("tr")) - len(_html(unnamed).all("tr"))


@every_language
@pytest.mark.parametrize("name", ["<b>Lea</b> & {{7*7}} %(brand)s 100 %", "שרה כהן", "נועה <i>"])
def test_what_people_wrote_is_text_and_keeps_to_its_place(written: "Writer", language: str, name: str) -> None:
    """No markup, no template, no placeholder; a name from right to left doesn't turn our words around."""
    mail = written(Notice.APP_ADDED, language, name=name, app=name)

    html = _html(mail)
    assert 2 == [element.text for element in html.all("bdi")].count(name)
    assert not html.all("b") + html.all("i")
    assert 2 == _text(mail).count(name)
    assert "lena@studio.example" == mail["To"]


class Writer:
    """Writes a notice with everything that it may be told."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def __call__(
        self, notice: Notice, language: str | None = None, *, without: str | None = None, **facts: object
    ) -> EmailMessage:
        told: dict[str, Any] = {**KNOWN, "codes_left": 7, "links": {LINK[notice].value: SEED}}
        told |= {"language": language} | ITS_OWN.get(notice, {}) | facts
        told.pop(without, None)
        parts = self.app.extensions["webapp"]
        with self.app.app_context():
            mail = compose(Mail(notice, "lena@studio.example", "id", told), parts.settings, parts.keyring)
        return email.message_from_bytes(mail.as_bytes(), policy=email.policy.default)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Writer]:
    app = create_app(INSTANCE_PATH=str(tmp_path_factory.mktemp("instance")))
    yield Writer(app)
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


def _content(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content


def _text(mail: EmailMessage) -> str:
    return _content(mail, "plain")


def _html(mail: EmailMessage) -> Element:
    return parse(_content(mail, "html"))


def _joined(text: str) -> str:
    return " ".join(text.split())


def _paragraphs(mail: EmailMessage) -> list[str]:
    return [_joined(paragraph) for paragraph in _text(mail).split("\n\n")]


def _said(mail: EmailMessage) -> set[str]:
    html = _html(mail)
    return {mail["Subject"]} | {_joined(element.text) for tag in ("p", "h2", "th") for element in html.all(tag)}

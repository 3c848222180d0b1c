"""What operators and auditors rely on stands in the documents, and nothing stands there that is not so."""

import re
from pathlib import Path

from webapp import settings
from webapp.core.audit.rules import EventKind
from webapp.core.notices.flows import Notice
from webapp.web import event_words

ROOT = Path(__file__).parent.parent.parent
CODE = [ROOT / "wsgi.py", *(ROOT / "webapp").rglob("*.py")]
READ_BY_TOOLS = {"FLASK_INSTANCE_PATH"}
"""Read before webapp/settings comes to work."""


def test_every_setting_is_in_operations_and_the_reverse() -> None:
    """The names that webapp/settings reads are the rows of the table in docs/operations.md."""
    source = "".join(file.read_text() for file in Path(settings.__file__).parent.glob("*.py"))
    read = {f"FLASK_{name}" for name in re.findall(r'reader\.\w+\(\s*"([A-Z_]+)"', source)}
    documented = {
        name
        for line in (ROOT / "docs/operations.md").read_text().splitlines()
        if line.startswith("| `FLASK_")
        for name in re.findall(r"`(FLASK_[A-Z_]+)`", line.split("|")[1])
    }

    assert len(read) > 15, "webapp/settings reads its names in another way than this test looks for"
    assert documented == read | READ_BY_TOOLS, f"in one place only: {sorted(documented ^ (read | READ_BY_TOOLS))}"


def test_settings_are_read_in_one_place() -> None:
    """No other module asks the environment (rule 14)."""
    for file in CODE:
        if file.name != "wiring.py":
            asks = re.findall(r"os\.environ|getenv|from_prefixed_env", file.read_text())
            assert not asks, f"{file.relative_to(ROOT)} reads {asks}: settings belong to webapp/settings"


def test_every_event_is_in_the_security_document_and_the_reverse() -> None:
    """Names are stored data and so an interface."""
    text = (ROOT / "docs/security.md").read_text()
    documented = set(re.findall(r"`([a-z_]+:[a-z_]+)`", text))
    kinds = {kind.value for kind in EventKind}

    assert documented == kinds, f"in one place only: {sorted(documented ^ kinds)}"


def test_every_event_is_recorded_somewhere() -> None:
    """A name that nothing writes is a promise that nobody keeps."""
    source = "".join(file.read_text() for file in CODE if file.name != "rules.py")

    unused = [kind.name for kind in EventKind if f"EventKind.{kind.name}" not in source]
    assert not unused, f"no code records {unused}"


def test_every_event_has_words_for_its_company() -> None:
    """In webapp/web/event_words.py, and a heading under which it is found: administrators see every kind."""
    for kind in EventKind:
        assert event_words.heading_of(kind) in event_words.HEADINGS
        assert event_words.name_of(kind), f"say in webapp/web/event_words.py what {kind} is called"


def test_every_notice_has_its_three_texts() -> None:
    """Subject, text and HTML; and no folder without a notice."""
    folder = ROOT / "webapp/templates/email"
    for notice in Notice:
        for file in ("subject.txt", "body.txt", "body.html"):
            assert (folder / notice / file).is_file(), f"write webapp/templates/email/{notice}/{file}"

    assert {notice.value for notice in Notice} == {one.name for one in folder.iterdir() if one.is_dir()}

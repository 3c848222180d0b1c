"""docs/security.md says of each requirement of OWASP ASVS 5.0 how it is met and what shows it: held to that here.

A row names tests, files or headings that exist, or says why not; the counts are the real ones.
"""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = (ROOT / "docs/security.md").read_text()
REQUIRED = {
    1: """2.1.1 2.2.1 2.2.2 2.3.1 3.2.1 3.2.2 3.3.1 3.4.1 3.4.2 3.5.1 3.5.2 3.5.3 6.1.1 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5
        6.2.6 6.2.7 6.2.8 6.3.1 6.3.2 6.4.1 6.4.2 7.2.1 7.2.2 7.2.3 7.2.4 7.4.1 7.4.2 8.1.1 8.2.1 8.2.2 8.3.1 11.3.1
        11.3.2 11.4.1 13.4.1 14.2.1 14.3.1""",
    2: """2.1.2 2.1.3 2.2.3 2.3.2 2.3.3 2.3.4 2.4.1 3.3.2 3.3.3 3.3.4 3.4.3 3.4.4 3.4.5 3.4.6 3.5.4 3.7.1 3.7.2 6.1.2
        6.1.3 6.2.9 6.2.10 6.2.11 6.2.12 6.3.3 6.3.4 6.4.3 6.4.4 6.5.1 6.5.2 6.5.3 6.5.4 6.5.5 6.6.1 6.6.2 6.6.3 6.8.1
        6.8.2 6.8.3 6.8.4 7.1.1 7.1.2 7.1.3 7.3.1 7.3.2 7.4.3 7.4.4 7.4.5 7.5.1 7.5.2 7.6.1 7.6.2 8.1.2 8.2.3 11.1.1
        11.1.2 11.2.1 11.2.2 11.2.3 11.3.3 11.4.2 11.4.3 11.4.4 11.5.1 13.1.1 13.2.1 13.2.2 13.2.3 13.2.4 13.2.5
        13.3.1 13.3.2 13.4.2 13.4.3 13.4.4 13.4.5 14.1.1 14.1.2 14.2.2 14.2.3 14.2.4 14.3.2 14.3.3 16.1.1 16.2.1
        16.2.2 16.2.3 16.2.4 16.2.5 16.3.1 16.3.2 16.3.3 16.3.4 16.4.1 16.4.2 16.4.3 16.5.1 16.5.2 16.5.3""",
    3: """2.3.5 2.4.2 3.1.1 3.2.3 3.3.5 3.4.7 3.4.8 3.5.6 3.5.7 3.5.8 3.6.1 3.7.3 3.7.4 3.7.5 6.3.5 6.3.6 6.3.7 6.3.8
        6.4.5 6.4.6 6.5.6 6.5.7 6.5.8 6.6.4 6.7.1 6.7.2 7.5.3 8.1.3 8.1.4 8.2.4 8.3.2 8.4.2 11.1.3 11.1.4 11.2.4
        11.2.5 11.3.4 11.3.5 11.5.2 11.7.1 11.7.2 13.1.2 13.1.3 13.1.4 13.2.6 13.3.3 13.3.4 13.4.6 13.4.7 14.2.5
        14.2.6 14.2.7 14.2.8 16.5.4""",
}
"""The requirements that apply, by their level: whole chapters of authentication, sessions and logs, parts of others."""

VERDICTS = ("deviation", "to come", "open", "n/a")
"""What a row begins with that is not met; every other one is, and names what shows it."""

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in DOCUMENT.splitlines()
    if re.match(r"\| \d+\.\d+\.\d+ \|", line)
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_names_what_shows_it(row: list[str]) -> None:
    """Tests, files and headings that are there; or a reason."""
    assert 4 == len(row), f"a row is id, level, how, what shows it: {row}"
    _, _, how, shown_by = row
    named = re.findall(r"`((?:tests|webapp|docs|tools)/[^`]+|requirements[^`]*|README\.md[^`]*)`", shown_by)

    assert how
    missing = [one for one in named if not _is_there(one)]
    assert not missing, f"write it, or correct the row {row[0]}: {missing}"
    if _verdict(row) == "met":
        assert named, f"row {row[0]} is said to be met: name a test, a file or a heading that shows it, or call it open"
    else:
        reason = re.match(r"(?:deviation|to come|open|n/a): (.+)", shown_by)
        assert reason, f"row {row[0]} says no reason"
        assert len(reason.group(1)) > 8


def test_every_requirement_has_its_row() -> None:
    """Once, and with its level."""
    required = {(number, str(level)) for level, text in REQUIRED.items() for number in text.split()}

    assert sorted(required) == sorted((row[0], row[1]) for row in ROWS)


def test_the_counts_are_those_of_the_rows() -> None:
    """Per level: met, deviation, to come, open, n/a, all."""
    found = {
        line.split("|")[1].strip(): [int(cell) for cell in line.strip("| ").split("|")[1:]]
        for line in DOCUMENT.splitlines()
        if re.match(r"\| L[123] \|", line)
    }
    expected = {}
    for level in REQUIRED:
        counts = Counter(_verdict(row) for row in ROWS if row[1] == str(level))
        each = [counts[verdict] for verdict in ("met", *VERDICTS)]
        expected[f"L{level}"] = [*each, sum(each)]

    assert expected == found


def test_nothing_is_fetched_from_elsewhere() -> None:
    """No module opens a connection of its own but to the mail server; that, database and limits are what the settings
    name (ASVS 13.2.4)."""
    calls_out = {
        "socket",
        "smtplib",
        "http.client",
        "urllib.request",
        "requests",
        "httpx",
        "aiohttp",
        "urllib3",
        "ftplib",
    }
    for file in (ROOT / "webapp").rglob("*.py"):
        imported = {name for node in ast.walk(ast.parse(file.read_text())) for name in _imported(node)}
        to_the_mail_server = {"socket", "smtplib"} if file == ROOT / "webapp/mail/smtp.py" else set()
        assert not imported & calls_out - to_the_mail_server, file


def test_an_event_is_never_changed() -> None:
    """Rows of the audit are added and read; no flow updates or deletes one (ASVS 16.4.2)."""
    for file in (ROOT / "webapp").rglob("*.py"):
        text = file.read_text()
        assert not re.search(r"(update|delete)\(\s*AuditEvent|audit_events[^\n]*(UPDATE|DELETE)", text), file
        if "import AuditEvent" in text and file.name != "tables.py":
            assert file.parent.name == "audit", f"{file} reaches past the flows of audit"


def _verdict(row: list[str]) -> str:
    return next((verdict for verdict in VERDICTS if row[3].startswith(f"{verdict}:")), "met")


def _is_there(named: str) -> bool:
    """`path`, `path::function` or `path.md#heading`."""
    path, _, function = named.partition("::")
    path, _, heading = path.partition("#")
    file = ROOT / path
    if not file.exists():
        return False
    if function:
        return function in _functions(file)
    return not heading or heading in _headings(file)


@cache
def _functions(file: Path) -> set[str]:
    return {node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)}


@cache
def _headings(file: Path) -> set[str]:
    """As they are linked to: lower case, dashes for spaces, without signs."""
    found = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in found}


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []

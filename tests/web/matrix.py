"""The matrix of docs/security.md, read as it stands there, and what an answer means in its words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from tests.web.client import Answer

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "security.md"
HEADING = "## Who may open what"
PERSON = "/settings/employees/<employee_id>"
NOT_MEANT = "–"
"""The address names nobody whose page it could be; or, of the token, nothing is changed."""


@dataclass(frozen=True)
class Row:
    """One method and address, and each column's word. *rule* as the router writes it, without converters."""

    method: str
    rule: str
    token: str
    cells: dict[str, str]

    @property
    def name(self) -> str:
        return f"{self.method} {self.rule}"

    @property
    def names_somebody(self) -> bool:
        return "<employee_id>" in self.rule

    def path(self, names: dict[str, object]) -> str:
        """The address with these *names* for its parts; 1 for one that is not among them."""
        return re.sub("<([a-z_]+)>", lambda part: str(names.get(part[1], 1)), self.rule)


def rows() -> list[Row]:
    """Of every table of the section whose first column is the address."""
    found: list[Row] = []
    columns: list[str] = []
    for line in _section().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[0] == "address":
            assert "token" == cells[1], "the second column is “token”"
            columns = cells[2:]
        elif not line.startswith("|"):
            columns = []
        elif columns and cells[0].startswith("`"):
            assert len(columns) == len(cells) - 2, f"{len(columns)} columns, and in this row other cells: {line}"
            method, _, path = cells[0].strip("`").partition(" ")
            found.append(Row(method, path.replace("…", PERSON), cells[1], dict(zip(columns, cells[2:], strict=True))))
    return found


def columns() -> list[str]:
    """Of all tables, each once."""
    return list(dict.fromkeys(column for row in rows() for column in row.cells))


def routes(app: Flask) -> Iterator[tuple[str, str]]:
    """The name of each route as a row writes it, and its endpoint."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", r"<\1>", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield f"{method} {path}", rule.endpoint


def word(answer: Answer, *, has_run: bool, endpoint: str, tab: str) -> str:
    """What happened, in the words of the matrix. *has_run*: the guard let the request through to its view; *tab*: the
    address of the own Security tab, or "" for whoever has none."""
    if answer.status in (400, 403, 404, 405) and not (has_run and answer.status == 400):
        return str(answer.status)
    if answer.status >= 500:
        return f"broken: {answer.status}"
    if re.match(r"/login(\?|$)", answer.location) and not (has_run and endpoint == "login.log_out"):
        return "log-in"
    if answer.location == "/":
        return "overview"
    if has_run:
        return "open"
    if answer.status == 200:
        return {"Confirm that it's you": "password", "Confirm with a code": "code"}.get(answer.heading, answer.heading)
    led_to = {tab: "security", f"{tab}/two-factor/replace": "replace", f"{tab}/freeze": "freeze"}
    return led_to.get(answer.location, f"{answer.status} {answer.location}")


def _section() -> str:
    _, heading, after = DOCUMENT.read_text().partition(f"{HEADING}\n")
    assert heading, f"docs/security.md has no section “{HEADING}”"
    return after.partition("\n## ")[0]

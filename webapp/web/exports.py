"""Tables as files: CSV that spreadsheets open without running anything, and JSON lines that keep every letter."""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, make_response, request

from webapp.web.formats import time_zone
from webapp.web.parts import now

_FORMULA_SIGNS = frozenset("=+-@\N{MINUS SIGN}")
_QUOTES = frozenset("\"'`´“”„«»‘’")
_NEW_CELL = re.compile("([,;\t\r\n])")


def csv_file(name: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """RFC 4180, UTF-8 with a byte order mark, without which Excel takes it for something else; every cell quoted."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(heads)
    writer.writerows([cell(value) for value in row] for row in rows)
    return _file(name, "csv", "text/csv; charset=utf-8; header=present", text.getvalue().encode("utf-8-sig"))


def json_lines_file(name: str, rows: Iterable[dict[str, Any]]) -> Response:
    """One JSON object a line, exact."""
    lines = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    return _file(name, "jsonl", "application/x-ndjson; charset=utf-8", lines.encode())


def cell(value: object) -> str:
    """*value* as a cell that no spreadsheet takes for a formula.

    What begins like one, also after spaces, quotes and what can't be seen, and in full-width letters, gets an
    apostrophe in front. So does what comes after a comma, semicolon or tab: a spreadsheet set to that separator begins
    a cell there.
    """
    text = "" if value is None else str(value)
    if text.startswith(("\t", "\r", "\n")):
        text = f"'{text}"
    return "".join(f"'{part}" if _begins_a_formula(part) else part for part in _NEW_CELL.split(text))


def moment(at: datetime | None) -> str:
    """As "2026-03-02T10:00:05+01:00", by the company's clock."""
    return at.astimezone(ZoneInfo(time_zone())).isoformat(timespec="seconds") if at else ""


def _begins_a_formula(text: str) -> bool:
    for letter in unicodedata.normalize("NFKC", text):
        if letter in _FORMULA_SIGNS:
            return True
        if not (letter in _QUOTES or unicodedata.category(letter)[0] in "CZM"):  # controls, spaces, marks
            return False
    return False


def _file(name: str, ending: str, content_type: str, body: bytes) -> Response:
    today = now().astimezone(ZoneInfo(time_zone())).date()
    response = make_response(b"" if request.method == "HEAD" else body)
    response.headers["Content-Type"] = content_type
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{today.isoformat()}.{ending}"'
    return response

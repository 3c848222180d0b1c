"""What browsers report of blocked content: taken in both formats, cut short, limited, and never stored."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine

from tests.core.stored import dump
from tests.web.client import Client, check_headers

LINK = f"{'SECRET'.ljust(43, 'x')}.{'SECRET'.ljust(43, '_')}"
"""What a mailed link holds."""

OLD = {
    "csp-report": {
        "document-uri": f"https://app.example.com/password/reset/{LINK}?token=SECRET#frag",
        "violated-directive": "script-src-elem",
        "blocked-uri": "inline",
        "script-sample": "SECRET",
    }
}
NEW = [
    {
        "type": "csp-violation",
        "url": "https://app.example.com/x?q=SECRET",
        "body": {
            "documentURL": "https://app.example.com/settings?q=SECRET",
            "effectiveDirective": "style-src",
            "blockedURL": "https://evil.example/a.css",
            "lineNumber": 12,
            "sample": "SECRET",
        },
    }
]


@pytest.mark.parametrize(
    ("report", "kind", "facts"),
    [
        (
            OLD,
            "application/csp-report",
            {
                "document": "https://app.example.com/password/reset/…",
                "directive": "script-src-elem",
                "blocked": "inline",
            },
        ),
        (
            NEW,
            "application/reports+json",
            {
                "document": "https://app.example.com/settings",
                "directive": "style-src",
                "blocked": "https://evil.example/a.css",
                "line": "12",
            },
        ),
    ],
)
def test_a_report_is_a_line_in_the_log_without_what_was_typed(
    app: Flask, engine: Engine, caplog: pytest.LogCaptureFixture, report: Any, kind: str, facts: dict[str, str]
) -> None:
    """Which page, which rule, what was blocked; no query, no sample, no row (ASVS 3.4.7)."""
    before = dump(engine)

    with caplog.at_level(logging.WARNING, logger="webapp"):
        answer = app.test_client().post("/csp-reports", data=json.dumps(report), content_type=kind)

    assert (204, b"") == (answer.status_code, answer.data)
    check_headers(answer)
    (line,) = [record for record in caplog.records if record.name == "webapp.web.csp_reports"]
    assert facts == line.facts
    assert before == dump(engine)


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"null", b"5", b'"x"', b"[[]]", b'{"csp-report": 5}', b"\xff\xfe", b"[" * 60_000, b"not json"],
)
def test_what_is_no_report_is_refused(app: Flask, caplog: pytest.LogCaptureFixture, body: bytes) -> None:
    """400, and nothing in the log."""
    answer = app.test_client().post("/csp-reports", data=body, content_type="application/csp-report")

    assert 400 == answer.status_code
    assert [] == [record for record in caplog.records if record.name == "webapp.web.csp_reports"]


def test_a_report_can_t_fill_the_log(make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture) -> None:
    """Twenty lines a request, two hundred characters a value, sixty requests a minute from one address."""
    client = make_app(RATELIMIT_ENABLED=True).test_client()
    long = json.dumps([{"body": {"documentURL": "x" * 1000, "effectiveDirective": ["a"] * 9}}] * 50)

    statuses = [client.post("/csp-reports", data=long).status_code for _ in range(61)]

    lines = [record.facts for record in caplog.records if record.name == "webapp.web.csp_reports"]
    assert [204] * 60 + [429] == statuses
    assert 20 * 60 == len(lines)
    assert {"document": "x" * 200} == lines[0]


def test_every_page_says_where_to_report(client: Client) -> None:
    """In the words of older and newer browsers."""
    headers = client.get("/login").response.headers

    policy = [rule.strip() for rule in headers["Content-Security-Policy"].split(";")]
    assert {"report-uri /csp-reports", "report-to csp"} <= set(policy)
    assert 'csp="/csp-reports"' == headers["Reporting-Endpoints"]

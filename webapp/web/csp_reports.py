"""What browsers report of content that the policy blocked (ASVS 3.4.7): a line in the log, and nothing stored.

Anybody can send such a report, so only known keys are taken, cut short, and without the queries of addresses.
"""

import json
import logging
import re
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, request

from webapp.web.guards import public_without_token
from webapp.web.limits import REPORTS_PER_ADDRESS, at_most

log = logging.getLogger(__name__)

blueprint = Blueprint("csp_reports", __name__)

PATH = "/csp-reports"
MOST_AT_ONCE = 20
LONGEST = 200
KEYS = {
    "document": ("documentURL", "document-uri"),
    "directive": ("effectiveDirective", "effective-directive", "violated-directive"),
    "blocked": ("blockedURL", "blocked-uri"),
    "source": ("sourceFile", "source-file"),
    "line": ("lineNumber", "line-number"),
}
"""What is kept, and what it is called in the two formats: Reporting API and ``report-uri``."""

_TOKEN = re.compile(r"[\w-]{40,}\.[\w-]{40,}")
"""Of a mailed link, which still acts while its page is looked at."""


@blueprint.post(PATH)
@public_without_token
def take() -> Response:
    with at_most(REPORTS_PER_ADDRESS):
        for report in _reports()[:MOST_AT_ONCE]:
            log.warning("blocked by the content security policy", extra={"facts": report})
    return Response(status=204)


def _reports() -> list[dict[str, str]]:
    """The violations in the body; 400 where it holds none."""
    try:
        sent = json.loads(request.get_data())
    except (ValueError, RecursionError):
        abort(400)
    items = sent if isinstance(sent, list) else [sent]
    bodies = [item.get("body", item.get("csp-report")) for item in items if isinstance(item, dict)]
    reports = [_kept(body) for body in bodies if isinstance(body, dict)]
    if not reports:
        abort(400)
    return reports


def _kept(body: dict[str, Any]) -> dict[str, str]:
    found = {name: next((body[key] for key in keys if key in body), None) for name, keys in KEYS.items()}
    return {name: _short(value) for name, value in found.items() if isinstance(value, str | int)}


def _short(value: str | int) -> str:
    """Without query and fragment, which could hold what somebody typed, and without the token of a mailed link."""
    text = _TOKEN.sub("…", str(value))
    try:
        parts = urlsplit(text)
    except ValueError:
        return text.partition("?")[0][:LONGEST]
    return parts._replace(query="", fragment="").geturl()[:LONGEST]

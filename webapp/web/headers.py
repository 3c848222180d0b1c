"""The headers that every answer carries: what a browser may run, who may frame, what may be kept."""

from flask import Flask, Response, request

from webapp.web.csp_reports import PATH
from webapp.web.parts import parts

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
        # For browsers that know one or the other; both lead to csp_reports.py.
        f"report-uri {PATH}",
        "report-to csp",
    )
)
A_YEAR_S = 365 * 24 * 60 * 60


def register(app: Flask) -> None:
    app.after_request(_add)


def _add(response: Response) -> Response:
    headers = response.headers
    headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    headers["Reporting-Endpoints"] = f'csp="{PATH}"'
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
    if parts().settings.is_production:
        headers["Strict-Transport-Security"] = f"max-age={A_YEAR_S}; includeSubDomains"
    if request.endpoint == "static" and response.status_code < 400:
        # An address with a fingerprint never changes its content.
        kept = f"public, max-age={A_YEAR_S}, immutable" if "v" in request.args else "public, no-cache"
        headers["Cache-Control"] = kept
    else:
        headers["Cache-Control"] = "private, no-store"
        response.vary.update(("Cookie", "HX-Request"))
    return response

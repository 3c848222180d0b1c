"""What a real gunicorn tells somebody who only looks: no version, no file but the public ones, no other method."""

import http.client
import re

from tests.services.place import Place

FILES = ["/.git/config", "/.env", "/wsgi.py", "/dashboard.sqlite3", "/instance/secret-key.txt", "/static/../wsgi.py"]
FILES += ["/static/%2e%2e/wsgi.py", "/static/..%2f..%2fwsgi.py", "/static/%2fetc/passwd", "/static//etc/passwd"]
FILES += ["/static/..%5cwsgi.py", "/static/%00", "/static/vendor", "/static/", "/static", "/docs", "/metrics"]
FILES += ["/swagger.json", "/openapi.json", "/console", "/debug", "/server-status"]


def test_the_server_names_no_version(place: Place) -> None:
    """On pages, files, errors and what is no request at all (ASVS 13.4.6)."""
    for method, path in (("GET", "/login"), ("GET", "/static/app.css"), ("GET", "/no/such"), ("BREW", "/login")):
        _, headers, body = _ask(place, method, path)
        assert not re.search(r"\d", headers.get("Server", "")), headers
        assert "X-Powered-By" not in headers
        assert not re.search(r"(?i)werkzeug|flask|gunicorn/|python/", f"{headers}{body}"), path


def test_trace_is_refused(place: Place) -> None:
    """And CONNECT; nothing that was sent comes back (ASVS 13.4.4)."""
    for method in ("TRACE", "TRACK", "CONNECT"):
        status, _, body = _ask(place, method, "/login", Cookie="session=s.secret")
        assert status in (400, 405, 501)
        assert "secret" not in body


def test_no_file_but_the_public_ones_is_served(place: Place) -> None:
    """No source, database, key, listing, documentation or monitoring (ASVS 13.4.1, 13.4.3, 13.4.5, 13.4.7)."""
    for path in FILES:
        status, _, body = _ask(place, "GET", path)
        assert status in (308, 404), path  # 308 where slashes are doubled: to the address with one, which is 404
        assert "root:" not in body
        assert "create_app" not in body


def _ask(place: Place, method: str, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, str]:
    connection = http.client.HTTPConnection(place.address.removeprefix("http://"), timeout=20)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode(errors="replace")
    connection.close()
    return answer.status, answer.headers, body

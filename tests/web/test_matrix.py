"""Who may open what: the matrix of docs/security.md, walked cell by cell. The table there is the expectation here."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from flask import Flask

from tests.core.people import Clock, Product
from tests.web import matrix
from tests.web.client import FRAGMENT, PAGE, Client
from tests.web.matrix import Row
from tests.web.states import Seat, States

ENDS = ("POST /login", "POST /logout")
"""What ends a log-in, whole or half: asked for last, and the second by somebody new."""

SENT = {f"{method} {matrix.PERSON}/security/sessions/end": {"session": "others"} for method in ("GET", "POST")}
"""What an address is nothing without. Every other one is asked bare, and a form that is sent empty changes nothing."""


ON_SQLITE, AS_FRAGMENT, ON_POSTGRESQL = ("sqlite", PAGE), ("sqlite", FRAGMENT), ("postgresql", PAGE)


@pytest.fixture(params=[ON_SQLITE, AS_FRAGMENT, ON_POSTGRESQL], ids="-".join)
def asked(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The kind of database and of answer: who may what is one code for both, so three of the four say all."""
    kind, mode = request.param
    return request.getfixturevalue(f"{kind}_uri"), mode


@pytest.fixture
def database_uri(asked: tuple[str, str]) -> str:
    return asked[0]


@pytest.fixture
def mode(asked: tuple[str, str]) -> str:
    return asked[1]


@pytest.fixture
def run(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The views that were let through to, in turn: a guard that stops a request leaves no trace here."""
    reached: list[str] = []

    def noting(endpoint: str, view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def noted(**parts: Any) -> Any:
            reached.append(endpoint)
            return view(**parts)

        return noted

    for endpoint, view in app.view_functions.items():
        monkeypatch.setitem(app.view_functions, endpoint, noting(endpoint, view))
    return reached


@pytest.fixture
def states(app: Flask, mode: str, product: Product, clock: Clock) -> States:
    return States(product, clock, lambda: Client(app.test_client(), mode))


def test_every_route_has_its_row_and_every_row_its_route(app: Flask) -> None:
    """Once, in one of the tables."""
    written, real = [row.name for row in matrix.rows()], [name for name, _ in matrix.routes(app)]

    assert sorted(real) == sorted(written), (
        f"routes without a row: {set(real) - set(written)}; rows without a route: {set(written) - set(real)}"
    )


@pytest.mark.parametrize("column", matrix.columns())
def test_what_stands_in_a_cell_is_what_happens(app: Flask, states: States, run: list[str], column: str) -> None:
    """Each route as page and as HTMX asks for it, by everybody the column speaks of (cases D-01, D-53)."""
    endpoints = dict(matrix.routes(app))
    rows = [row for row in matrix.rows() if column in row.cells]
    is_about_somebody_else = column in ("colleague", "stranger")
    wrong = []

    seats = states.of(column)
    for row in rows:
        assert (row.cells[column] == matrix.NOT_MEANT) == (is_about_somebody_else and not row.names_somebody), row
    for row in sorted(rows, key=lambda row: (row.name in ENDS, row.name)):
        if row.cells[column] == matrix.NOT_MEANT:
            continue
        if row.name == ENDS[1]:
            seats = states.of(column)
        for seat in seats:
            happened = _ask(seat, row, endpoints[row.name], run)
            if happened != row.cells[column]:
                wrong.append(f"{row.name}: {happened}, and the cell says {row.cells[column]} ({seat.words})")

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("asked", [ON_SQLITE], indirect=True, ids="-".join)
@pytest.mark.parametrize("column", matrix.columns())
def test_a_foreign_token_is_refused_before_anything_else_is_judged(states: States, run: list[str], column: str) -> None:
    """400 where the column “token” says so: with a live log-in, half-way too, on every form, and it ends nothing by it.

    Without one on every form that is open; all others lead to the log-in.
    """
    seats = states.of(column)
    for row in [row for row in matrix.rows() if column in row.cells and row.method == "POST"]:
        for seat in [seat for seat in seats if seat.person or row.cells[column] == "open"]:
            seat.client.token = "foreign"
            run.clear()
            status = seat.client.send(row.path(seat.names)).status
            assert ("yes" == row.token) == (status == 400 and not run), (row.name, status)

    for seat in seats:
        assert 200 == seat.client.as_page().get(seat.form_at).status


def test_a_dash_stands_where_nothing_is_sent() -> None:
    """In the column “token”, of a GET."""
    for row in matrix.rows():
        assert (row.token == matrix.NOT_MEANT) == (row.method == "GET"), row.name
        assert row.token in (matrix.NOT_MEANT, "yes", "no"), row.name


def _ask(seat: Seat, row: Row, endpoint: str, run: list[str]) -> str:
    """What happened, in the words of the matrix."""
    run.clear()
    sent = SENT.get(row.name, {})
    path = row.path(seat.names)
    answer = seat.client.get(path, query_string=sent) if row.method == "GET" else seat.client.send(path, **sent)
    answer.response.close()  # of a file
    return matrix.word(answer, has_run=endpoint in run, endpoint=endpoint, tab=seat.tab)

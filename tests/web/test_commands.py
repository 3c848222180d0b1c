"""The flask commands: their output, exit status and files; and the mails that they deliver."""

import base64
import contextlib
import email
import email.policy
import hashlib
import json
import os
import pwd
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine

from tests.core.people import PASSWORD, Clock, Product
from tests.core.stored import dump
from tests.web.client import Client
from tests.web.people import log_in
from webapp import create_app
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.flows import Guesser
from webapp.core.attempts.rules import GuessKind
from webapp.core.clock import system_clock
from webapp.core.database import CompanyId
from webapp.core.outcomes import Refusal, Refused

ROOT = Path(__file__).parent.parent.parent


NEW_EMPLOYEE = ["--email", "new@studio.example", "--name", "New", "--role", "admin", "--password-stdin"]


def test_a_company_and_an_employee_are_made(app: Flask) -> None:
    """Each prints its id, alone on the last line; the employee can log in at once."""
    runner = app.test_cli_runner()
    company = runner.invoke(args=["company", "create", "Studio Nord", "--plan", "basic"])
    options = ["--company", company.stdout.strip(), "--email", "lea@studio.example", "--name", "Lea Brunner"]

    employee = runner.invoke(
        args=["employee", "create", *options, "--role", "employee", "--password-stdin"], input=f"{PASSWORD}\n"
    )

    assert (0, "1\n") == (employee.exit_code, employee.stdout)
    answer = Client(app.test_client()).post("/login", email="lea@studio.example", password=PASSWORD)
    assert 303 == answer.status


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"--email": "lea"}, "This is not an e-mail address."),
        ({"--email": "LEA@studio.example"}, "There is an employee with this e-mail address already."),
        ({"--company": "77"}, "There is no company with this id."),
        ({"--role": "support"}, "Support works in the vendor's company only."),
        ({"password": "too short"}, "The password needs at least 15 characters."),
        ({"password": "passwordpassword"}, "This password is too easy to guess."),
    ],
)
def test_a_refusal_is_one_line_and_exit_status_1(app: Flask, product: Product, changed: dict, words: str) -> None:
    """On standard error; nothing on standard output, nobody made."""
    person = product.employee()
    options = {"--company": str(person.company_id), "--email": "new@studio.example", "--name": "New", "--role": "admin"}
    options.update({name: value for name, value in changed.items() if name != "password"})
    args = [part for option in options.items() for part in option]

    result = app.test_cli_runner().invoke(
        args=["employee", "create", *args, "--password-stdin"], input=changed.get("password", PASSWORD)
    )

    assert (1, "") == (result.exit_code, result.stdout)
    assert words in result.stderr
    assert 1 == result.stderr.count("\n")


def test_an_operator_logs_an_employee_out_everywhere(app: Flask, product: Product) -> None:
    """Every session, half-way ones too, and no other person's; a second time there is none (ASVS 7.4.5)."""
    owner = product.owner()
    product.clock.next_step()
    second = product.log_in_with(owner.person, owner.phone.code(product.now))
    waiting = product.half_way(owner.person)
    other = product.log_in(product.employee("tim@studio.example", company=owner.person.company_id))
    command = ["employee", "log-out", owner.person.email]

    result = app.test_cli_runner().invoke(args=command)

    assert (0, "2\n") == (result.exit_code, result.stdout)
    product.session.rollback()  # looks anew
    assert [None, None] == [product.find(seat.token) for seat in (owner.seat, second)]
    product.clock.next_step()
    assert Refused(Refusal.CHALLENGE_OVER) == product.answer(waiting, owner.phone.code(product.now))
    assert product.find(other.token)
    assert [None] == [event.actor_id for event in product.audit("session:end_others")][-1:]
    assert "0\n" == app.test_cli_runner().invoke(args=command).stdout


def test_an_operator_closes_the_account_of_an_agent_and_opens_it_again(app: Flask, product: Product) -> None:
    """Sessions end at once, a right password is a wrong one; then all is as it was. Twice is as good as once."""
    mia = product.agent()
    run = app.test_cli_runner().invoke

    closed = [run(args=["employee", "deactivate", mia.person.email]) for _ in range(2)]
    product.session.rollback()
    refused = product.pass_password(mia.person.email)
    found = product.find(mia.seat.token)
    opened = run(args=["employee", "reactivate", mia.person.email])
    product.session.rollback()

    assert [(0, "deactivated\n")] * 2 == [(one.exit_code, one.stdout) for one in closed]
    assert isinstance(refused, Refused)
    assert Refusal.WRONG_PASSWORD is refused.reason
    assert found is None
    assert (0, "active\n") == (opened.exit_code, opened.stdout)
    assert product.half_way(mia.person)
    kinds = ("employee:deactivate", "employee:reactivate")
    assert [(kind, None) for kind in kinds] == [(event.kind, event.actor_id) for event in product.audit(*kinds)]
    assert 1 == run(args=["employee", "deactivate", "nobody@studio.example"]).exit_code


@pytest.mark.parametrize(
    "args",
    [
        ["company", "create"],
        ["company", "create", "X", "--plan", "gold"],
        ["company", "create", "X", "--plan", "basic", "--time-zone", "Nowhere/Town"],
        ["two-factor", "reset", "lea@studio.example"],
        ["two-factor", "reset", "lea@studio.example", "--ticket", " ", "--reason", "phone lost"],
        ["two-factor", "reset", "lea@studio.example", "--ticket", "T-7", "--reason", "lost\ntwo-factor reset of 1"],
        ["employee", "create", "--company", "99999999999999999999", *NEW_EMPLOYEE],
    ],
)
def test_wrong_usage_is_exit_status_2(app: Flask, args: list[str]) -> None:
    """Click's own answer."""
    assert 2 == app.test_cli_runner().invoke(args=args).exit_code


def test_the_demo_is_made_once_and_never_in_production(app: Flask) -> None:
    """Four people with random passwords, in a file for the owner only, and one of them logs in."""
    runner = app.test_cli_runner()

    first, second = runner.invoke(args=["demo"]), runner.invoke(args=["demo"])

    file = Path(app.instance_path) / "demo-logins.txt"
    assert (0, file.read_text()) == (first.exit_code, first.stdout)
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert ["employee", "admin", "support", "support"] == [line.split()[0] for line in first.stdout.splitlines()]
    assert (1, "") == (second.exit_code, second.stdout)
    _, address, password = first.stdout.splitlines()[0].split()
    assert 303 == Client(app.test_client()).post("/login", email=address, password=password).status


def test_a_second_vendor_is_refused(app: Flask) -> None:
    """Support has one home."""
    runner = app.test_cli_runner()
    runner.invoke(args=["company", "create", "Vendor", "--plan", "basic", "--vendor"])

    result = runner.invoke(args=["company", "create", "Other", "--plan", "basic", "--vendor"])

    assert 1 == result.exit_code


def test_status_tells_how_it_stands(app: Flask, product: Product) -> None:
    """Active, since when, codes left, throttled until."""
    owner = product.owner()
    runner = app.test_cli_runner()

    on = runner.invoke(args=["two-factor", "status", owner.person.email]).stdout
    waiting = product.half_way(owner.person)
    for _ in range(5):
        product.answer(waiting, owner.phone.wrong_code(product.now))
    throttled = runner.invoke(args=["two-factor", "status", owner.person.email]).stdout

    assert "active: yes\nsince: 2026-03-02T10:00:05+01:00\nbackup codes left: 8 of 8" in on
    assert "authentication codes throttled until: not throttled" in on
    assert "authentication codes throttled until: 2026-03-02T10:05:35+01:00" in throttled
    assert 1 == runner.invoke(args=["two-factor", "status", "nobody@studio.example"]).exit_code


def test_status_tells_what_a_hundred_failures_closed(app: Flask, product: Product) -> None:
    """No time would be true: only a success or a reset opens it. The other factor stands as it stood."""
    owner = product.owner()
    guesser = Guesser.at_employee(owner.person.id, None)
    for _ in range(25):
        for _ in range(4):
            attempts.charge(product.session, guesser, GuessKind.BACKUP_CODE, now=product.now)
        product.clock.move(days=1, seconds=1)

    said = app.test_cli_runner().invoke(args=["two-factor", "status", owner.person.email]).stdout

    assert [
        "authentication codes throttled until: not throttled",
        "backup codes throttled until: closed until a success or a reset",
    ] == said.splitlines()[-2:]


def test_break_glass_switches_off_and_is_written_down(app: Flask, product: Product, clock: Clock) -> None:
    """Operator, ticket and reason on standard error and in the audit; sessions end; the owner is told."""
    owner = product.owner()
    browser = Client(app.test_client())
    log_in(browser, owner.person)
    browser.post("/login/code", code=owner.phone.code(clock.now))

    result = app.test_cli_runner().invoke(
        args=["two-factor", "reset", owner.person.email, "--ticket", "T-7", "--reason", "phone lost, seen on video"]
    )

    assert 0 == result.exit_code
    assert "ticket T-7: phone lost, seen on video" in result.stderr
    assert 303 == browser.get("/").status
    again = app.test_cli_runner().invoke(
        args=["two-factor", "reset", owner.person.email, "--ticket", "T-7", "--reason", "x"]
    )
    assert (1, "") == (again.exit_code, again.stdout)


def test_whoever_breaks_glass_can_t_choose_the_name_in_the_audit(
    app: Flask, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operating-system user, as the system knows it, whatever the environment says."""
    owner = product.owner()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "ceo")

    app.test_cli_runner().invoke(args=["two-factor", "reset", owner.person.email, "--ticket", "T-7", "--reason", "x"])

    (event,) = product.audit("two_factor:reset_by_operator")
    assert pwd.getpwuid(os.getuid()).pw_name == event.details["operator"]


def test_the_outbox_becomes_files_with_text_and_html(app: Flask, product: Product, clock: Clock) -> None:
    """One mail for each event, no base64, no code and no secret in it."""
    owner = product.owner()
    product.answer(product.half_way(owner.person), owner.codes[0])

    result = app.test_cli_runner().invoke(args=["outbox", "send"])

    files = sorted((Path(app.instance_path) / "mail").glob("*.eml"))
    assert (0, "sent 2, failed 0\n") == (result.exit_code, result.stdout)
    assert 2 == len(files)
    for file in files:
        assert 0o600 == stat.S_IMODE(file.stat().st_mode)
        assert "base64" not in file.read_text()
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert "lea@studio.example" in message["To"]
        for kind in ("plain", "html"):
            body = message.get_body((kind,))
            assert body is not None
            content = body.get_content()
            assert "Lea" in content
            assert "Zurich time" in content
            assert not any(secret in content for secret in (*owner.codes, owner.phone.key))
    assert "7" in files[1].read_text()
    assert "sent 0, failed 0\n" == app.test_cli_runner().invoke(args=["outbox", "send"]).stdout


PURGED = {
    "log_in_sessions": ("sessions", 2),
    "known_browsers": ("known browsers", 2),
    "challenges": ("challenges", 1),
    "pending_secrets": ("pending secrets", 1),
    "shown_backup_codes": ("shown backup codes", 1),
    "guess_budgets": ("guess counters", 2),
    "mail_links": ("links", 1),
    "outbox": ("sent mail", 1),
}
"""What each table's rows are called, and how many of them _leave_behind() leaves."""


def test_purge_deletes_what_is_past_its_retention(app: Flask, engine: Engine, product: Product, clock: Clock) -> None:
    """A line for each kind says how many; what is young stays, and so do people and their factors."""
    runner, company = app.test_cli_runner(), product.company()
    _leave_behind(product, company, "kim")
    runner.invoke(args=["outbox", "send"])
    clock.move(days=200)
    _leave_behind(product, company, "noa")
    runner.invoke(args=["outbox", "send"])
    before = dump(engine)
    assert {name: 2 * number for name, (_, number) in PURGED.items()} == {name: len(before[name]) for name in PURGED}

    first, second = (runner.invoke(args=["purge"]) for _ in range(2))

    nobody_asked = "repair passes: 0\nforgotten passwords: 0\n"  # the sender itself purges the latter
    counted = "".join(f"{words}: {number}\n" for words, number in PURGED.values())
    assert (0, counted + nobody_asked) == (first.exit_code, first.stdout)
    assert "".join(f"{words}: 0\n" for words, _ in PURGED.values()) + nobody_asked == second.stdout
    left = {name: rows[PURGED[name][1] :] if name in PURGED else rows for name, rows in before.items()}
    assert left == dump(engine)


def test_the_database_file_is_its_owners_only(tmp_path: Path) -> None:
    """A new one is made so; SQLite's -wal takes over the mode (ASVS 13.3.2)."""
    made = create_app(INSTANCE_PATH=str(tmp_path / "fresh"))

    file = Path(made.instance_path) / "dashboard.sqlite3"
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)


@pytest.mark.parametrize("uri", ["sqlite:///{folder}/no-tables.sqlite3", "postgresql+psycopg://nobody@127.0.0.1:1/x"])
def test_a_database_that_can_t_be_used_is_one_line(tmp_path: Path, uri: str) -> None:
    """Exit status 1, no traceback and no SQL: without tables yet, or not there."""
    app = create_app(SQLALCHEMY_DATABASE_URI=uri.format(folder=tmp_path), INSTANCE_PATH=str(tmp_path))

    for args in (["purge"], ["outbox", "send"], ["two-factor", "status", "lea@studio.example"], ["demo"]):
        result = app.test_cli_runner().invoke(args=args)
        assert (1, "") == (result.exit_code, result.stdout)
        assert result.stderr.startswith("Error: The database can't be used: ")
        assert 1 == result.stderr.count("\n")
        assert "SELECT" not in result.stderr
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


def test_a_sender_that_keeps_running_outlives_the_database(tmp_path: Path) -> None:
    """While the database is away it waits, says so in the log, and ends with a signal as it should."""
    with _running_sender(f"sqlite:///{tmp_path}/no-tables.sqlite3", tmp_path / "other") as sender:
        assert sender.stderr is not None
        said = sender.stderr.readline()
        sender.terminate()
        status = sender.wait(timeout=30)

    assert "the database can't be used, trying again" in said
    assert 0 == status


def test_a_sender_that_keeps_running_delivers_what_comes(product: Product, database_uri: str, tmp_path: Path) -> None:
    """What was waiting, then what is queued while it runs, each with its line at once."""
    product.clock.now = system_clock()  # the sender has a clock of its own
    company = product.company()
    product.owner("kim@studio.example", company=company)
    folder = tmp_path / "other" / "mail"

    with _running_sender(database_uri, tmp_path / "other") as sender:
        assert sender.stdout is not None
        at_start = sender.stdout.readline(), len(list(folder.glob("*.eml")))
        product.clock.now = system_clock()
        product.owner("noa@studio.example", company=company)
        later = sender.stdout.readline(), len(list(folder.glob("*.eml")))

    assert ("sent 1, failed 0\n", 1) == at_start
    assert ("sent 1, failed 0\n", 2) == later


def test_the_demo_is_not_for_production(sqlite_uri: str, tmp_path: Path) -> None:
    """Nothing is made, and no file is written."""
    app = create_app(
        ENV_NAME="production",
        SECRET_KEY="kZ8fQ2vW7xN4bT1mR6yL9pH3cJ5gD0sA",
        TWO_FACTOR_KEYS=[base64.urlsafe_b64encode(hashlib.sha256(b"one").digest()).decode()],
        PUBLIC_URL="https://app.example.com",
        SQLALCHEMY_DATABASE_URI=sqlite_uri,
        INSTANCE_PATH=str(tmp_path / "instance"),
    )

    result = app.test_cli_runner().invoke(args=["demo"])

    assert (1, "", "Error: The demo is not for production.\n") == (result.exit_code, result.stdout, result.stderr)
    assert not (Path(app.instance_path) / "demo-logins.txt").exists()
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


def test_names_and_passwords_of_commands_are_checked(app: Flask) -> None:
    """A name is one line; the password is asked twice where it isn't piped in, and never shown."""
    runner = app.test_cli_runner()
    for name in ("", "  ", "two\nlines", "x" * 101):
        assert 2 == runner.invoke(args=["company", "create", name, "--plan", "basic"]).exit_code
    for plan in ("basic", "professional", "business", "enterprise"):
        made = runner.invoke(args=["company", "create", "Studio", "--plan", plan, "--time-zone", "America/New_York"])
        assert (0, "") == (made.exit_code, made.stderr)
        assert made.stdout.strip().isdigit()
    options = ["--company", made.stdout.strip(), "--email", "lea@studio.example", "--name", "Lea", "--role", "admin"]

    differing = runner.invoke(args=["employee", "create", *options], input=f"{PASSWORD}\nanother one altogether\n")
    empty = runner.invoke(args=["employee", "create", *options, "--password-stdin"], input="")
    no_text = runner.invoke(
        args=["employee", "create", *options, "--password-stdin"], input=PASSWORD.encode() + b"\xff"
    )
    asked = runner.invoke(args=["employee", "create", *options], input=f"{PASSWORD}\n{PASSWORD}\n")

    assert (1, "") == (differing.exit_code, differing.stdout)
    assert (1, "") == (empty.exit_code, empty.stdout)
    assert (1, "Error: The password on standard input is not text in UTF-8.\n") == (no_text.exit_code, no_text.stderr)
    assert (0, "1") == (asked.exit_code, asked.stdout.splitlines()[-1])
    assert PASSWORD not in asked.stdout + asked.stderr + differing.stdout + differing.stderr
    assert "active: no\n" == runner.invoke(args=["two-factor", "status", "LEA@studio.example"]).stdout


def test_keys_are_rotated_by_a_command(app: Flask, product: Product, database_uri: str, tmp_path: Path) -> None:
    """Prints how many; 1 and whose where a former key is missing."""
    product.owner()
    old = base64.urlsafe_b64encode(bytes(range(32))).decode()
    new = base64.urlsafe_b64encode(bytes(range(1, 33))).decode()
    own = json.loads((Path(app.instance_path) / "two-factor-keys.json").read_text())
    settings = {"SQLALCHEMY_DATABASE_URI": database_uri, "INSTANCE_PATH": str(tmp_path / "other"), "BCRYPT_ROUNDS": 4}

    missing = create_app(**settings, TWO_FACTOR_KEYS=[old])
    rotated = create_app(**settings, TWO_FACTOR_KEYS=[new, *own])
    refused = missing.test_cli_runner().invoke(args=["two-factor", "rotate-keys"])
    done = rotated.test_cli_runner().invoke(args=["two-factor", "rotate-keys"])

    assert 1 == refused.exit_code
    assert "No key opens what belongs to the employees [1]" in refused.stderr
    assert (0, "re-sealed: 2\n") == (done.exit_code, done.stdout)
    for made in (missing, rotated):
        with made.app_context():
            made.extensions["sqlalchemy"].engine.dispose()


def _leave_behind(product: Product, company: CompanyId, name: str) -> None:
    """Two sessions, codes on a screen, a mail, a half-way log-in, a set-up not finished, guesses at two addresses."""
    owner = product.activate(product.employee(f"{name}@studio.example", company=company))
    product.half_way(owner.person)
    product.scan(product.log_in(product.employee(f"new.{name}@studio.example", company=company)))
    product.pass_password(f"not.{name}@studio.example", "wrong but long enough")


@contextlib.contextmanager
def _running_sender(database_uri: str, instance: Path) -> Iterator[subprocess.Popen[str]]:
    """`flask outbox send --watch` in a process of its own, which ends with the test whatever happens."""
    settings = {"FLASK_INSTANCE_PATH": str(instance), "FLASK_SQLALCHEMY_DATABASE_URI": database_uri}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "outbox", "send", "--watch"]
    environment = {**os.environ, **settings}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as sender:
        try:
            yield sender
        finally:
            sender.kill()

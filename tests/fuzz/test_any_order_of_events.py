"""The whole product in core, driven in any order of events against the small model of model.py.

A run is some dozens of events in three browsers of two people. Each is put to the model and to the product, and the two
must say the same; after each one the product's sessions, half-way log-ins, codes, counters, audit and outbox must be
those of the model. Browsers do here what the web makes them do: a new log-in ends the half-way one before it.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from tests import databases, postgres
from tests.core import hashing
from tests.core.people import LIMITS, PASSWORD, Clock, Phone, Product, Seat
from tests.fuzz.model import ACCEPTED, HalfWay, LogIn, Model, Pending, Somebody, at, is_backup_code
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.rules import GuessKind
from webapp.core.attempts.tables import GuessBudget
from webapp.core.audit.tables import AuditEvent
from webapp.core.challenge import flows as challenge
from webapp.core.challenge.flows import HalfWay as ProductHalfWay
from webapp.core.challenge.flows import Resumed, Waiting
from webapp.core.challenge.tables import Challenge
from webapp.core.database import AuthenticatorId, prepare_engine
from webapp.core.enrolment import state as enrolment
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.factors.totp import pending
from webapp.core.notices import flows as notices
from webapp.core.notices.tables import OutboxMail
from webapp.core.outcomes import Accepted, Refused
from webapp.core.passwords import flows as passwords
from webapp.core.sealing import Keyring
from webapp.core.sessions import browsers
from webapp.core.sessions import flows as sessions
from webapp.core.sessions.flows import Started
from webapp.core.sessions.tables import LogInSession

T = TypeVar("T")
NewDatabase = Callable[[], AbstractContextManager[str]]

OTHER_PASSWORD = "copper heron gantry oatmeal"
NOBODY = "nobody@studio.example"
UNKNOWN_CODE = "0000-0000-0000-0000"

CODES = ("right", "one before", "one after", "slow", "too old", "fast", "wrong", "of an older phone")
USED_CODES = ("last used", "used before that")
BACKUP_CODES = ("backup code", "used backup code", "unknown backup code", "older backup code")
WORKS = ("right", "right", "right", "one after", "backup code", "backup code", "backup code")
HOWS = st.sampled_from((*WORKS, *CODES, *USED_CODES, *USED_CODES, *BACKUP_CODES, "malformed"))
"""How somebody answers where either factor is asked for; half of the time by what works, or nothing would happen."""

PAUSES = [{"seconds": s} for s in (1, 7, 20)] + [{"seconds": 30 * steps} for steps in (1, 1, 1, 2, 5)]
PAUSES += [{"minutes": m} for m in (5, 9, 10, 15)] + [{"minutes": 59}, {"minutes": 60}, {"hours": 23}, {"days": 1}]
SERIES = ((6, 10), (6, 10), (6, 75), (22, 61), (24, 170), (55, 1500))
"""Guesses of a script: how many, and the seconds between two. Each strikes one of the limits, or just misses it."""

RARE = (
    "an operator resets",
    "purge",
    "purge",
    "purge",
    "half a year passes",
    "a browser loses its cookies",
    "a browser loses its cookies",
    "strangers guess for weeks",
    "a script guesses passwords",
    "a script guesses codes",
    "a script guesses backup codes",
)

COUNTED = {"runs": 0, "events": 0}
"""How much was tried, for the figures at the end of the tests."""


@dataclass
class Browser:
    """A browser and its two cookies: *cookie* makes it known; the other one is that of a log-in, or of half of one."""

    cookie: str | None = None
    log_in: LogIn | None = None
    half_way: HalfWay | None = None


class AnyOrder(RuleBasedStateMachine):
    """Two people, three browsers, an operator, and a clock."""

    def __init__(self, new_database: NewDatabase) -> None:
        super().__init__()
        COUNTED["runs"] += 1
        self._database = new_database()
        self.engine = _engine(self._database.__enter__())
        self.session = Session(self.engine, expire_on_commit=False)
        self.clock = Clock()
        self.product = Product(self.session, Keyring([bytes(range(32))]), self.clock)
        self.browsers = [Browser(), Browser(), Browser()]
        self.last_event = self.last_read = 0
        self.secrets = {PASSWORD, OTHER_PASSWORD}

    def teardown(self) -> None:
        self.session.close()
        self.engine.dispose()
        self._database.__exit__(None, None, None)

    @initialize(has_it_on=st.lists(st.booleans(), min_size=2, max_size=2))
    def two_people_are_employed(self, has_it_on: list[bool]) -> None:
        """Some have two-factor authentication on from the start, or most runs would end before it is."""
        company = self.product.company()
        names = {"lea@studio.example": "Lea Brunner", "noah@studio.example": "Noah Frei"}
        self.persons = [self.product.employee(email, name=name, company=company) for email, name in names.items()]
        self.model = Model(Somebody(email) for email in names)
        self.nobody = Somebody(NOBODY)
        self.employee = {person.email: person for person in self.persons}
        with Session(self.engine) as session:
            self.last_event = self.last_read = session.scalar(select(func.max(AuditEvent.id)))
        for which in (0, 1):
            if has_it_on[which]:
                self._switch_on(which)

    # --- log-in ---------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.outside())
    @rule(where=st.integers(0, 2), who=st.integers(0, 1))
    def gives_the_password(self, where: int, who: int) -> None:
        self._give_password(_pick(self.outside(), where), self.model.people[who])

    @precondition(lambda self: self.outside())
    @rule(where=st.integers(0, 2), who=st.integers(0, 2))
    def gives_a_wrong_password(self, where: int, who: int) -> None:
        self._give_password(_pick(self.outside(), where), [*self.model.people, self.nobody][who], is_right=False)

    @precondition(lambda self: self.half_way())
    @rule(where=st.integers(0, 2), how=HOWS, twice=st.booleans())
    def answers(self, where: int, how: str, twice: bool) -> None:
        self._answer_as(_pick(self.half_way(), where), how, twice=twice)

    @precondition(lambda self: self.outside())
    @rule(where=st.integers(0, 2), who=st.integers(0, 1), how=HOWS, twice=st.booleans())
    def logs_in(self, where: int, who: int, how: str, twice: bool) -> None:
        """Both steps in one go, as people do: else most half-way log-ins would grow too old."""
        browser = _pick(self.outside(), where)
        self._give_password(browser, self.model.people[who])
        if browser.half_way:
            self._answer_as(browser, how, twice=twice)

    @precondition(lambda self: self.pairs())
    @rule(which=st.integers(0, 5))
    def two_browsers_answer_with_one_backup_code_at_once(self, which: int) -> None:
        """The second is answered whole while the first one's code, which is counted already, is being hashed."""
        first, second = _pick(self.pairs(), which)
        asked, waiting = self._half_way_of(first), self._waiting(first)
        asked_too, waiting_too = self._half_way_of(second), self._waiting(second)
        typed = self._typed(asked.who, "backup code")
        budget = (asked.who.email, "backup_code", asked.who.browser(first.cookie, self.now))

        def meanwhile() -> None:
            self.model.guesses.fail(budget, self.now)
            with Session(self.engine, expire_on_commit=False) as session:
                beside = self.product.beside(session)
                self._answer(second, asked_too, waiting_too, typed, cookie=second.cookie, product=beside)
            self.model.guesses.refund(budget, self.now)

        with pytest.MonkeyPatch.context() as patch:
            hashing.before_the_first_hash(patch, meanwhile)
            self._answer(first, asked, waiting, typed, cookie=first.cookie)

    @precondition(lambda self: self.half_way())
    @rule(where=st.integers(0, 2))
    def gives_up_half_way(self, where: int) -> None:
        self._end_half_way(_pick(self.half_way(), where))

    # --- inside ---------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.inside())
    @rule(where=st.integers(0, 2), is_right=st.booleans())
    def confirms_the_password(self, where: int, is_right: bool) -> None:
        browser = _pick(self.inside(), where)
        log_in, seat = self._seat(browser)
        refused = self.model.check_password(log_in.who, browser.cookie, is_right=is_right, now=self.now)
        outcome = self.product.confirm_password(seat, PASSWORD if is_right else OTHER_PASSWORD)
        self._agree("confirm password", outcome, refused or ACCEPTED)
        if isinstance(outcome, Accepted):
            log_in.renew(outcome.value, self.now)
            log_in.proved_at = self.now
            self.secrets.add(outcome.value)

    @precondition(lambda self: self.inside())
    @rule(where=st.integers(0, 2))
    def begins_activation(self, where: int) -> None:
        browser = _pick(self.inside(), where)
        log_in, seat = self._seat(browser)
        expected = "already_active" if log_in.who.phone else ACCEPTED
        goes_on = self.model.may_scan(log_in, self.now) and log_in.who.phone is None
        self._agree("begin", self.product.begin(seat), expected, changes=not goes_on)
        if expected == ACCEPTED:
            setup = self.product.setup(seat)
            assert setup is not None
            phone = Phone(setup.key)
            assert phone.key not in [one.key for one in log_in.who.older_phones]
            if goes_on:
                assert log_in.who.pending is not None
                assert phone == log_in.who.pending.phone, "a second tab shows another key"
            else:
                log_in.who.pending = Pending(phone, log_in, self.now)
                self.secrets.add(setup.key)

    @precondition(lambda self: self.inside())
    @rule(where=st.integers(0, 2), how=HOWS, twice=st.booleans(), goes_through=st.sampled_from((True, True, False)))
    def replaces_the_app(self, where: int, how: str, twice: bool, goes_through: bool) -> None:
        """To the end in one go, as people do, or only begun."""
        browser = _pick(self.inside(), where)
        log_in, seat = self._seat(browser)
        typed = self._typed(log_in.who, how)
        for _ in range(1 + twice):
            self._begin_to_replace(log_in, seat, typed)
        if goes_through and log_in.who.pending and self.model.may_scan(log_in, self.now):
            code = log_in.who.pending.phone.code(self.clock.now)
            for _ in range(1 + twice):
                self._confirm(log_in, seat, code)
            self.secrets.add(code)

    @precondition(lambda self: self.inside())
    @rule(
        where=st.integers(0, 2),
        how=st.sampled_from(("right", "right", "right", "right", *CODES, "last used", "malformed")),
        twice=st.booleans(),
    )
    def confirms_activation(self, where: int, how: str, twice: bool) -> None:
        log_in, seat = self._seat(_pick(self.inside(), where))
        pending = log_in.who.pending
        typed = self._typed(log_in.who, how, phone=pending.phone if pending else None)
        for _ in range(1 + twice):
            self._confirm(log_in, seat, None if how == "malformed" else typed or "000000")

    @precondition(lambda self: self.inside())
    @rule(where=st.integers(0, 2))
    def closes_the_codes(self, where: int) -> None:
        log_in, seat = self._seat(_pick(self.inside(), where))
        had_some = bool(log_in.shown)
        self._agree("close", self._done(self.product.close(seat)), ACCEPTED, changes=had_some)
        log_in.shown = ()

    @precondition(lambda self: self.inside())
    @rule(where=st.integers(0, 2), how=HOWS, twice=st.booleans())
    def creates_new_codes(self, where: int, how: str, twice: bool) -> None:
        browser = _pick(self.inside(), where)
        log_in, seat = self._seat(browser)
        typed = self._typed(log_in.who, how)
        for _ in range(1 + twice):
            expected = self.model.change(log_in, browser.cookie, typed, self.now)
            self._agree("change", self.product.create_codes(seat, typed or "no code"), expected)
            if expected == ACCEPTED:
                self._show_new_codes(log_in, seat)

    @precondition(lambda self: self.inside())
    @rule(where=st.integers(0, 2), how=st.sampled_from((*BACKUP_CODES, "backup code", "right", "malformed")))
    def checks_that_the_codes_are_saved(self, where: int, how: str) -> None:
        browser = _pick(self.inside(), where)
        log_in, seat = self._seat(browser)
        typed = self._typed(log_in.who, how)
        expected = self.model.check_codes(log_in, browser.cookie, typed, self.now)
        self._agree("check", self.product.check_codes(seat, typed or "no code"), expected)

    @precondition(lambda self: self.inside())
    @rule(where=st.integers(0, 2), how=HOWS, twice=st.booleans())
    def resets(self, where: int, how: str, twice: bool) -> None:
        browser = _pick(self.inside(), where)
        log_in, seat = self._seat(browser)
        typed = self._typed(log_in.who, how)
        for _ in range(1 + twice):
            expected = self.model.change(log_in, browser.cookie, typed, self.now)
            self._agree("change", self.product.reset(seat, typed or "no code"), expected)
            if expected == ACCEPTED:
                self.model.reset(log_in.who, keep=log_in)

    @precondition(lambda self: self.inside())
    @rule(
        where=st.integers(0, 2),
        then=st.sampled_from(("nothing", "begin", "confirm", "create", "check", "reset", "prove")),
    )
    def logs_out(self, where: int, then: str) -> None:
        """And another tab's request, admitted before the log-out, acts after it: it finds the session over."""
        browser = _pick(self.inside(), where)
        log_in, seat = self._seat(browser)
        code = self._typed(log_in.who, "right") or "000000"
        self._agree("log out", self._done(self.product.log_out(seat)), ACCEPTED)
        log_in.ended, log_in.shown, browser.log_in = True, (), None
        acts: dict[str, tuple[str, Callable[[], object]]] = {
            "begin": ("begin", lambda: self.product.begin(seat)),
            "confirm": ("confirm", lambda: self.product.confirm(seat, code)),
            "create": ("change", lambda: self.product.create_codes(seat, code)),
            "check": ("check", lambda: self.product.check_codes(seat, UNKNOWN_CODE)),
            "reset": ("change", lambda: self.product.reset(seat, code)),
        }
        if then in acts:
            flow, act = acts[then]
            self._agree(flow, act(), "session_over")
        if then == "prove":
            refused = self.model.check_password(log_in.who, browser.cookie, is_right=True, now=self.now)
            outcome = self.product.confirm_password(seat)
            self._agree("confirm password", outcome, refused or "session_over")

    # --- others, and time -------------------------------------------------------------------------------------------

    @rule(what=st.sampled_from(RARE), where=st.integers(0, 2), who=st.integers(0, 1), series=st.sampled_from(SERIES))
    def something_rare_happens(self, what: str, where: int, who: int, series: tuple[int, int]) -> None:
        """One rule for all that is rare, for every rule has the same chance."""
        browser, somebody = self.browsers[where], self.model.people[who]
        if what == "an operator resets":
            self._reset_by_operator(somebody)
        elif what == "purge":
            self._purge()
        elif what == "half a year passes":
            self.clock.move(days=180)
        elif what == "a browser loses its cookies":
            self.browsers[where] = Browser()
        elif what == "strangers guess for weeks":
            self.browsers[where] = Browser()
            self._strangers_guess_for_weeks(somebody, self.browsers[where])
        elif what == "a script guesses passwords" and browser in self.outside():
            self._guess_passwords(browser, self.nobody if series[0] > 25 else somebody, series)
        elif browser in self.half_way():
            self._guess_codes(browser, series, "wrong" if what == "a script guesses codes" else "unknown backup code")

    @rule(by=st.sampled_from(PAUSES))
    def time_passes(self, by: dict[str, float]) -> None:
        self.clock.move(**by)

    @rule(steps=st.integers(1, 3))
    def a_time_step_passes(self, steps: int) -> None:
        """The commonest pause of all: until the app shows another code."""
        self.clock.move(seconds=30 * steps)

    @rule(by=st.sampled_from((1, 30, 75)))
    def the_clock_is_set_back(self, by: int) -> None:
        self.clock.move(seconds=-by)

    # --- what must be so after each of them -----------------------------------------------------------------------

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        COUNTED["events"] += 1
        self.nobody_is_in_without_what_they_need()
        self.half_way_is_whom_the_model_says()
        self.two_factor_authentication_stands_as_the_model_says()
        self.counters_are_those_of_the_model()
        self.no_secret_is_written_down()

    def nobody_is_in_without_what_they_need(self) -> None:
        self.session.close()
        for log_in in self.model.log_ins:
            me = self.product.find(log_in.token)
            assert (me is not None) is log_in.is_live(self.now), log_in
            if me is not None:
                assert log_in.who.email == me.person.email
                assert (self.clock.now < at(log_in.proved_at + 600)) is me.is_recently_proved(self.clock.now)
                assert _time(log_in.last_code_until) == me.last_code_counts_until
                shown = self.product.shown(Seat(log_in.token, "", me))
                assert self.model.look_at_codes(log_in, self.now) == (shown.codes if shown else ())
            for token in log_in.older_tokens[-2:]:
                assert self.product.find(token) is None
        not_ended = select(func.count()).select_from(LogInSession).where(LogInSession.ended_at.is_(None))
        assert sum(not one.ended for one in self.model.log_ins) == self.session.scalar(not_ended)

    def half_way_is_whom_the_model_says(self) -> None:
        for asked in self.model.half_ways:
            waiting = challenge.find(self.session, asked.token, now=self.clock.now)
            assert (waiting is not None) is asked.is_live(self.now)
            assert waiting is None or waiting.person.email == asked.who.email
        rows = self.session.scalar(select(func.count()).select_from(Challenge))
        assert len(self.model.half_ways) == rows

    def two_factor_authentication_stands_as_the_model_says(self) -> None:
        for somebody in self.model.people:
            state = enrolment.state(self.session, self.employee[somebody.email].id)
            assert (state is not None) is (somebody.phone is not None)
            if state is not None:
                assert somebody.codes_left == state.codes_left <= 8
                assert [at(somebody.set_up_at)] == [app.added_at for app in state.apps]
                assert _time(somebody.checked_at) == state.codes_checked_at

    def counters_are_those_of_the_model(self) -> None:
        """So none has fallen by guessing."""
        subjects = {}
        for email in (*self.employee, NOBODY):
            address = passwords.guesser_at(self.product.keyring, email, browser=None)
            subjects[address.subject] = email
        for email, person in self.employee.items():
            subjects[attempts.Guesser.at_employee(person.id, None).subject] = email
        found = {
            (subjects[row.subject], row.kind, row.browser_id or None): row.failures
            for row in self.session.scalars(select(GuessBudget))
            if row.failures
        }
        assert {budget: len(failed) for budget, failed in self.model.guesses.failed.items() if failed} == found

    def no_secret_is_written_down(self) -> None:
        """Nor is an event ever taken away."""
        assert self.last_event == self.session.scalar(select(func.count()).select_from(AuditEvent))
        rows = self.session.scalars(select(AuditEvent).where(AuditEvent.id > self.last_read)).all()
        mails = self.session.scalars(select(OutboxMail)).all()
        assert self.model.mails == len(mails)
        told = " ".join([*(str(vars(row)) for row in rows), *(str(mail.facts) for mail in mails)])
        assert not [secret for secret in self.secrets if secret in told]
        self.last_read = self.last_event

    # --- what the rules are made of ---------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        return int(self.clock.now.timestamp())

    def inside(self) -> list[Browser]:
        return [one for one in self.browsers if one.log_in and one.log_in.is_live(self.now)]

    def outside(self) -> list[Browser]:
        return [one for one in self.browsers if one not in self.inside()]

    def half_way(self) -> list[Browser]:
        stand = self.model.half_ways
        return [one for one in self.browsers if one.half_way in stand and self._half_way_of(one).is_live(self.now)]

    def pairs(self) -> list[tuple[Browser, Browser]]:
        """Each two browsers that stand half-way for one person who has a backup code left."""
        half = self.half_way()
        return [
            (one, other)
            for one in half
            for other in half
            if one is not other
            and self._half_way_of(one).who is self._half_way_of(other).who
            and self._half_way_of(one).who.codes_left
        ]

    def _switch_on(self, which: int) -> None:
        """Somebody is in, in a browser of their own, with two-factor authentication on."""
        self.gives_the_password(self.outside().index(self.browsers[which]), which)
        self.begins_activation(-1)
        self.confirms_activation(-1, "right", False)
        self.closes_the_codes(-1)

    def _reset_by_operator(self, somebody: Somebody) -> None:
        is_on = somebody.phone is not None
        outcome = self.product.reset_by_operator(self.employee[somebody.email])
        self._agree("operator", outcome, ACCEPTED if is_on else "not_active")
        if is_on:
            self.model.reset(somebody, keep=None)

    def _purge(self) -> None:
        session, now = self.session, self.clock.now
        sessions.purge(session, limits=LIMITS, now=now)
        for feature in (browsers, challenge, pending, backup_codes, attempts, notices):
            feature.purge(session, now=now)
        self.model.purge(self.now)

    def _strangers_guess_for_weeks(self, somebody: Somebody, browser: Browser) -> None:
        """Four wrong codes a day, which no pause stops, until a hundred have closed the factor in any new *browser*."""
        budget = (somebody.email, "totp", None)
        if somebody.phone is None or self.model.guesses.failed.get(budget):
            return
        for guess in range(100):
            self.model.guesses.fail(budget, self.now + guess // 4 * 86_401)
        self.product.use_up(self.employee[somebody.email], GuessKind.TOTP)
        self._give_password(browser, somebody)
        if browser.half_way:
            typed = self._typed(somebody, "right")
            self._answer(browser, browser.half_way, self._waiting(browser), typed, cookie=None)

    def _guess_passwords(self, browser: Browser, who: Somebody, series: tuple[int, int]) -> None:
        many, seconds = series
        for _ in range(many):
            self._give_password(browser, who, is_right=False)
            self.clock.move(seconds=seconds)

    def _guess_codes(self, browser: Browser, series: tuple[int, int], how: str) -> None:
        """Somebody knows the password, and logs in again whenever the ten minutes are over."""
        who = self._half_way_of(browser).who
        many, seconds = series
        for _ in range(many):
            if browser not in self.half_way():
                self._give_password(browser, who)
            asked, typed = self._half_way_of(browser), self._typed(who, how)
            self._answer(browser, asked, self._waiting(browser), typed, cookie=browser.cookie)
            self.clock.move(seconds=seconds)

    def _half_way_of(self, browser: Browser) -> HalfWay:
        assert browser.half_way is not None
        return browser.half_way

    def _waiting(self, browser: Browser) -> Waiting:
        waiting = challenge.find(self.session, self._half_way_of(browser).token, now=self.clock.now)
        assert waiting is not None
        return waiting

    def _seat(self, browser: Browser) -> tuple[LogIn, Seat]:
        """A request of a browser that is logged in reaches the product."""
        log_in = browser.log_in
        assert log_in is not None
        self.session.close()
        me = self.product.find(log_in.token)
        assert me is not None
        sessions.touch(self.session, me, now=self.clock.now)
        if self.now - log_in.seen_at >= 60:
            log_in.seen_at = self.now
        return log_in, Seat(log_in.token, browser.cookie or "", me)

    def _end_half_way(self, browser: Browser) -> None:
        half_way, browser.half_way = browser.half_way, None
        if half_way is not None:
            challenge.end(self.session, half_way.token)
        self.model.half_ways = [one for one in self.model.half_ways if one is not half_way]

    def _give_password(self, browser: Browser, who: Somebody, *, is_right: bool = True) -> None:
        self._end_half_way(browser)
        before = browser.log_in
        expected = self.model.give_password(who, browser.cookie, is_right=is_right, before=before, now=self.now)
        outcome = self.product.pass_password(
            who.email,
            PASSWORD if is_right else OTHER_PASSWORD,
            browser=browser.cookie,
            idle_token=before.token if before else None,
        )
        self._agree("password", outcome, expected)
        if not isinstance(outcome, Accepted):
            return
        if isinstance(outcome.value, Resumed):
            assert before is not None
            before.renew(outcome.value.token, self.now)
            self.secrets.add(before.token)
        elif isinstance(outcome.value, ProductHalfWay):
            browser.half_way, browser.log_in = HalfWay(who, outcome.value.token, self.now), None
            self.model.half_ways.append(browser.half_way)
            self.secrets.add(outcome.value.token)
        else:
            self._sit_down(browser, who, outcome.value.started)

    def _answer_as(self, browser: Browser, how: str, *, twice: bool) -> None:
        """Twice: a double click, whose second request brings the same cookies and finds what the first one did."""
        asked, waiting, cookie = self._half_way_of(browser), self._waiting(browser), browser.cookie
        typed = self._typed(asked.who, how)
        for _ in range(1 + twice):
            self._answer(browser, asked, waiting, typed, cookie=cookie)

    def _answer(
        self,
        browser: Browser,
        asked: HalfWay,
        waiting: Waiting,
        typed: str | None,
        *,
        cookie: str | None,
        product: Product | None = None,
    ) -> None:
        outcome = (product or self.product).answer(waiting, typed or "no code", browser=cookie)
        self._agree("answer", outcome, self.model.answer(asked, cookie, typed, self.now))
        if isinstance(outcome, Accepted):
            browser.half_way = None
            by_backup_code = is_backup_code(typed)
            log_in = self._sit_down(browser, asked.who, outcome.value.started, by_backup_code=by_backup_code)
            if by_backup_code:
                assert asked.who.codes_left == outcome.value.codes_left
                log_in.last_code_until = self.now + 600 if asked.who.codes_left == 0 else None

    def _sit_down(self, browser: Browser, who: Somebody, started: Started, *, by_backup_code: bool = False) -> LogIn:
        with Session(self.engine) as session:
            me = self.product.beside(session).find(started.token)
        assert me is not None
        assert me.browser_id is not None
        browser.log_in = self.model.log_in(
            who,
            browser.cookie,
            browser_id=me.browser_id,
            new_cookie=started.browser_token,
            token=started.token,
            by_backup_code=by_backup_code,
            now=self.now,
        )
        browser.cookie = started.browser_token
        self.secrets |= {started.token, started.browser_token}
        return browser.log_in

    def _confirm(self, log_in: LogIn, seat: Seat, code: str | None) -> None:
        before = log_in.who.phone
        expected = self.model.confirm(log_in, seat.browser, code, self.now)
        outcome = self.product.confirm(seat, code)
        is_done_before = expected == ACCEPTED and log_in.who.phone == before
        self._agree("confirm", outcome, expected, changes=not is_done_before)
        if expected == ACCEPTED and not is_done_before:
            self._show_new_codes(log_in, seat)

    def _begin_to_replace(self, log_in: LogIn, seat: Seat, typed: str | None) -> None:
        waits = self.model.may_scan(log_in, self.now)
        expected = self.model.begin_to_replace(log_in, seat.browser, typed, self.now)
        old = None if log_in.who.phone else AuthenticatorId(1)
        outcome = self.product.replace_app(seat, typed or "no code", old=old)
        if expected == "goes_on":
            assert isinstance(outcome, Accepted)
            self.last_event += 1  # the second click's code was refused; it leads on all the same
            return
        self._agree("change", outcome, expected, changes=not (waits and typed is None and expected == ACCEPTED))
        if expected == ACCEPTED:
            phone = self.product.scanned(seat)
            assert phone != log_in.who.phone
            if waits:
                assert log_in.who.pending is not None
                assert phone == log_in.who.pending.phone, "a second tab shows another key"
            else:
                log_in.who.pending = Pending(phone, log_in, self.now, replaces=True)
                self.secrets.add(phone.key)

    def _show_new_codes(self, log_in: LogIn, seat: Seat) -> None:
        shown = self.product.shown(seat)
        assert shown is not None
        assert 8 == len(set(shown.codes))
        assert not set(shown.codes) & {*log_in.who.codes, *log_in.who.older_codes}
        self.model.show(log_in, shown.codes, self.now)
        self.secrets |= {form for code in shown.codes for form in (code, code.replace("-", ""))}

    def _typed(self, who: Somebody, how: str, *, phone: Phone | None = None) -> str | None:
        """What somebody types: a code or a backup code as it would be entered, or None for what is neither."""
        phone = phone or who.phone or (who.older_phones[-1] if who.older_phones else None)
        unused = [code for code, is_used in who.codes.items() if not is_used]
        used = [code for code, is_used in who.codes.items() if is_used]
        now = self.clock.now
        if how in BACKUP_CODES:
            found = {"backup code": unused, "used backup code": used, "older backup code": who.older_codes[-3:]}
            return (found.get(how) or [UNKNOWN_CODE])[0]
        if how == "malformed" or phone is None:
            return None
        if how == "wrong":
            return phone.wrong_code(now)
        if how in USED_CODES and who.accepted:
            step = who.accepted[-1] if how == "last used" else who.accepted[-2:][0]
            return phone.code(at(step * 30))
        if how == "of an older phone" and who.older_phones:
            phone = who.older_phones[-1]
        offset = {"one before": -1, "one after": 1, "slow": -10, "too old": -11, "fast": 2}.get(how, 0)
        code = phone.code(now, steps=offset)
        self.secrets.add(code)
        return code

    def _done(self, _: None) -> Accepted[None]:
        return Accepted(None)

    def _agree(self, flow: str, outcome: Accepted[Any] | Refused, expected: str, *, changes: bool = True) -> None:
        """Product and model say the same, a pause ends when it should, and an event tells of it."""
        said = _said(outcome)
        assert expected == said, f"{flow}: the product says {said}, the model {expected}"
        if isinstance(outcome, Refused) and said == "too_many":
            assert at(self.model.guesses.opens_at) == outcome.retry_at
        with Session(self.engine) as session:
            newest = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
        if changes:
            assert newest.id > self.last_event, f"no event for {flow}: {said}"
            told = (newest.outcome, newest.reason)
            assert (("refused", said) if isinstance(outcome, Refused) else ("success", "")) == told
        else:
            assert newest.id == self.last_event
        self.last_event = newest.id


def _said(outcome: Accepted[Any] | Refused) -> str:
    if isinstance(outcome, Refused):
        return outcome.reason.value
    reached = {ProductHalfWay: "half_way", Resumed: "resumed"}
    return reached.get(type(outcome.value), ACCEPTED)


def _pick(among: list[T], which: int) -> T:
    return among[which % len(among)]


def _time(seconds: int | None) -> datetime | None:
    return None if seconds is None else at(seconds)


def _engine(uri: str) -> Engine:
    engine = sqlalchemy.create_engine(uri)
    prepare_engine(engine)
    if engine.dialect.name == "sqlite":  # thousands of commits, and no power cut among the events
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF").close())
    return engine


def test_product_and_model_agree_on_sqlite(migrated_sqlite: Path, tmp_path: Path) -> None:
    """In whatever order things happen, the product does what the rules say, and writes it down."""

    @contextmanager
    def new_database() -> Iterator[str]:
        folder = tmp_path / "run"
        folder.mkdir()
        try:
            yield databases.sqlite_copy(migrated_sqlite, folder)
        finally:
            shutil.rmtree(folder)

    run_state_machine_as_test(lambda: AnyOrder(new_database), settings=settings())


def test_product_and_model_agree_on_postgresql(postgresql: postgres.Cluster, migrated_postgresql: str) -> None:
    """The same in fewer runs, for making a database takes longer than the events in it."""
    few = settings(max_examples=max(1, settings().max_examples // 8))

    run_state_machine_as_test(
        lambda: AnyOrder(lambda: databases.postgresql_copy(postgresql, migrated_postgresql)), settings=few
    )

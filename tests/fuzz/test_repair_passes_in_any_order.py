"""A repair pass in any order of events: an app is replaced by it only where all that it rests on still holds.

One owner, Support, a thief with old halves, and a clock. What is expected is told from a few facts kept here, none of
them from the product.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

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
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from tests import databases
from tests.core.people import Clock, Product, Seat
from webapp.core.challenge import flows as challenge
from webapp.core.challenge.flows import HalfWay
from webapp.core.database import prepare_engine
from webapp.core.freezes import flows as freezes
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.sealing import Keyring

DAY = timedelta(hours=24)
WRONG = "0000-0000-0000-0000"
HOWS = st.sampled_from(("right", "right", "right", "right", "old"))


@dataclass
class Pass:
    """What Support gave. *seat* the session that may replace the app by it, entered with the *read* half of today."""

    issued_at: datetime
    mailed: str
    read: str = WRONG
    seat: Seat | None = None


class AnyOrder(RuleBasedStateMachine):
    """*given* is the pass that opens something, but for its day; *old* are halves that opened something once."""

    def __init__(self, new_database: Callable[[], AbstractContextManager[str]]) -> None:
        super().__init__()
        self._database = new_database()
        self.engine = create_engine(self._database.__enter__())
        prepare_engine(self.engine)
        self.session = Session(self.engine, expire_on_commit=False)
        self.clock = Clock()
        self.product = Product(self.session, Keyring([bytes(range(32))]), self.clock)
        self.given: Pass | None = None
        self.old: list[str] = [WRONG]
        self.seats: list[Seat] = []
        self.seen_at: dict[str, datetime] = {}

    def teardown(self) -> None:
        self.session.close()
        self.engine.dispose()
        self._database.__exit__(None, None, None)

    @initialize()
    def somebody_has_it_on(self) -> None:
        self.owner = self.product.owner()
        self.phone = self.owner.phone

    @rule()
    def support_issues_a_pass(self) -> None:
        self._forget()
        self.product.issue_pass(self.owner.person)
        self.given = Pass(self.clock.now, self.product.mailed_half(self.owner.person))

    @precondition(lambda self: not self._is_live())
    @rule()
    def support_gives_both_halves_and_they_are_entered(self) -> None:
        """At once, or most runs would end before anything is replaced."""
        self.support_issues_a_pass()
        self.an_agent_reads_a_half_out()
        self.somebody_enters_two_halves("right", "right")

    @precondition(lambda self: self.given)
    @rule()
    def an_agent_reads_a_half_out(self) -> None:
        self.clock.move(seconds=1)  # nobody enters and is given another half in the same microsecond
        live = self.product.live_pass(self.owner.person)
        assert (live is not None) == self._is_live()
        if live is None:
            return
        made = self.product.new_read_half(live)
        assert isinstance(made, Accepted)
        self.old.append(self.given.read)
        self.given.read, self.given.seat = made.value, None

    @rule(mailed=HOWS, read=HOWS)
    def somebody_enters_two_halves(self, mailed: str, read: str) -> None:
        halves = [
            getattr(self.given, name) if how == "right" and self.given else self.old[-1]
            for name, how in (("mailed", mailed), ("read", read))
        ]
        passed = self.product.pass_password(self.owner.person.email)
        if not isinstance(passed, Accepted):
            assert not self._is_live(), "a freeze stands in the way of a pass"
            return
        assert isinstance(passed.value, HalfWay)
        waiting = challenge.find(self.session, passed.value.token, now=self.clock.now)
        assert waiting is not None
        outcome = self.product.enter_halves(waiting, *halves)
        if outcome == Refused(Refusal.TOO_MANY, retry_at=getattr(outcome, "retry_at", None)):
            return
        is_right = self._is_live() and halves == [self.given.mailed, self.given.read] and self.given.read != WRONG
        assert is_right == isinstance(outcome, Accepted), outcome
        if isinstance(outcome, Accepted):
            me = self.product.find(outcome.value)
            assert me is not None
            self.given.seat = Seat(outcome.value, "", me)
            self.seats.append(self.given.seat)
            self.seen_at[outcome.value] = self.clock.now

    @precondition(lambda self: self.seats)
    @rule(which=st.integers(0, 3))
    def the_app_is_replaced(self, which: int) -> None:
        seat = self.seats[-1 - which % len(self.seats)]
        may = self._is_live() and self.given.seat is seat
        begun = self.product.begin_repair(seat)
        assert may == isinstance(begun, Accepted), begun
        if not may:
            return
        phone = self.product.scanned(seat)
        assert isinstance(self.product.confirm(seat, phone.code(self.clock.now)), Accepted)
        self._forget()
        self.phone = phone
        assert freezes.of(self.session, self.owner.person.id) is None
        self.clock.next_step()

    @rule()
    def the_owner_logs_in_with_the_app(self) -> None:
        self.clock.next_step()
        passed = self.product.pass_password(self.owner.person.email)
        if not isinstance(passed, Accepted) or not isinstance(passed.value, HalfWay):
            return
        waiting = challenge.find(self.session, passed.value.token, now=self.clock.now)
        assert waiting is not None
        if isinstance(self.product.answer(waiting, self.phone.code(self.clock.now)), Accepted):
            self._forget()

    @rule(notice=st.sampled_from((Notice.ACTIVATED, Notice.APP_REPLACED, Notice.REPAIR_PASS)))
    def somebody_presses_a_link(self, notice: Notice) -> None:
        has_one = notice is Notice.ACTIVATED or self.product.audit(
            "repair:use" if notice is Notice.APP_REPLACED else "repair:issue"
        )
        if has_one and isinstance(self.product.freeze(self.product.mailed_link(notice)), Accepted):
            if notice is Notice.REPAIR_PASS:
                self._forget()
            elif self.given:
                self.given.seat = None

    @rule(hours=st.sampled_from((0.1, 0.1, 0.5, 3, 23)))
    def time_passes(self, hours: float) -> None:
        self.clock.move(hours=hours)

    @invariant()
    def two_factor_authentication_is_on(self) -> None:
        if hasattr(self, "owner"):
            assert 1 == len(self.product.apps(self.owner.person))

    @invariant()
    def only_one_session_repairs(self) -> None:
        """The newest that was entered, as long as its pass opens something; those that replaced are full ones."""
        for seat in self.seats:
            me = self.product.find(seat.token)
            is_mine = self.given is not None and self.given.seat is seat
            assert me is None or not me.repairs or (self._is_live() and is_mine)

    def _is_live(self) -> bool:
        return self.given is not None and self.clock.now < self.given.issued_at + DAY

    def _forget(self) -> None:
        if self.given:
            self.old += [self.given.mailed, self.given.read]
        self.given = None


def test_a_pass_replaces_the_app_only_where_all_of_it_holds(migrated_sqlite: Path, tmp_path: Path) -> None:
    """In whatever order Support, owner, thief and mailbox act."""

    @contextmanager
    def new_database() -> Iterator[str]:
        folder = tmp_path / "run"
        folder.mkdir()
        try:
            yield databases.sqlite_copy(migrated_sqlite, folder)
        finally:
            shutil.rmtree(folder)

    fewer = settings(max_examples=max(1, settings().max_examples // 2), stateful_step_count=20)

    run_state_machine_as_test(lambda: AnyOrder(new_database), settings=fewer)

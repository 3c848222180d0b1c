"""What the product ought to do, in plain Python: the rules of the contract and the issues, and nothing of its code.

Each method is told what somebody does and answers what must come of it: a refusal's name, "accepted", or "half_way".
Times are whole seconds since 1970. A clock may be set back, so that nothing here relies on its order.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.core.people import Phone

MINUTE, HOUR, DAY = 60, 3600, 86_400
PAUSES = ((5, 5 * MINUTE), (20, HOUR), (50, DAY))
CLOSED_AT = 100
STEP = 30
HINT_STEPS = 10
KEPT_STEPS = 12
ACCEPTED = "accepted"

Budget = tuple[str, str, int | None]
"""Who is guessed at, what ("password", "totp", "backup_code", "setup"), and by which known browser (None: others)."""


class Guesses:
    """The failures of each budget. Whatever guesses adds to them; what takes away says why."""

    def __init__(self) -> None:
        self.failed: dict[Budget, list[int]] = {}
        self.charged_at: dict[Budget, int] = {}
        self.opens_at = 0

    def refusal(self, budget: Budget, now: int) -> str | None:
        """ "too_many" or "closed", or None. *opens_at* is then when the pause is over."""
        failed = sorted(self.failed.get(budget, []))
        if len(failed) >= CLOSED_AT and budget[1] in ("totp", "backup_code"):
            return "closed"
        self.opens_at = max([failed[-most] + window for most, window in PAUSES if len(failed) >= most], default=now)
        return "too_many" if self.opens_at > now else None

    def is_fifth(self, budget: Budget) -> bool:
        """Whether five more have failed in a row, since a success or the last such five."""
        return len(self.failed.get(budget, [])) % 5 == 0

    def fail(self, budget: Budget, now: int) -> None:
        self.failed.setdefault(budget, []).append(now)
        self.charged_at[budget] = now

    def refund(self, budget: Budget, now: int) -> None:
        """The answer was no wrong guess. A budget that was emptied meanwhile has nothing to give back."""
        if now in self.failed.get(budget, []):
            self.failed[budget].remove(now)

    def empty(self, which: Callable[[Budget], bool]) -> None:
        for budget in [budget for budget in self.failed if which(budget)]:
            del self.failed[budget], self.charged_at[budget]

    def purge(self, now: int) -> None:
        """Counters that only delay are forgotten after a day; those that close a factor never."""
        self.empty(lambda budget: budget[1] in ("password", "setup") and self.charged_at[budget] <= now - DAY)


@dataclass
class KnownBrowser:
    id: int
    cookie: str
    logged_in_at: int


@dataclass
class Somebody:
    """An employee. *codes* of the newest set: whether each has been used. *phone* is None while it is off.

    *accepted* are the time steps whose code was right, oldest first; *set_up_at* is when the phone was; *checked_at* is
    when a code of the newest set was last shown to be there.
    """

    email: str
    phone: Phone | None = None
    accepted: list[int] = field(default_factory=list)
    codes: dict[str, bool] = field(default_factory=dict)
    checked_at: int | None = None
    has_logged_in: bool = False
    warned_at: list[int] = field(default_factory=list)
    older_codes: list[str] = field(default_factory=list)
    older_phones: list[Phone] = field(default_factory=list)
    pending: "Pending | None" = None
    set_up_at: int = 0
    browsers: list[KnownBrowser] = field(default_factory=list)

    @property
    def codes_left(self) -> int:
        return sum(not is_used for is_used in self.codes.values())

    def browser(self, cookie: str | None, now: int) -> int | None:
        """Which known browser shows *cookie*, for 180 days after its last log-in."""
        found = [one.id for one in self.browsers if one.cookie == cookie and now < one.logged_in_at + 180 * DAY]
        return found[0] if found else None


@dataclass
class Pending:
    """A phone that has scanned and waits for its first code; it *replaces* the one there is, or switches on."""

    phone: Phone
    session: "LogIn"
    made_at: int
    replaces: bool = False


@dataclass
class LogIn:
    """A session. *older_tokens* were its own before a password confirmation; *shown* the codes it may still see."""

    who: Somebody
    browser_id: int
    token: str
    started_at: int
    seen_at: int
    proved_at: int
    last_code_until: int | None = None
    ended: bool = False
    older_tokens: list[str] = field(default_factory=list)
    shown: tuple[str, ...] = ()
    shown_at: int = 0

    def is_live(self, now: int) -> bool:
        return self.is_open(now) and not self.is_idle(now)

    def is_open(self, now: int) -> bool:
        return not self.ended and now < self.started_at + DAY

    def is_idle(self, now: int) -> bool:
        return now >= self.seen_at + HOUR

    def renew(self, token: str, now: int) -> None:
        self.older_tokens.append(self.token)
        self.token, self.seen_at = token, now


@dataclass
class HalfWay:
    who: Somebody
    token: str
    made_at: int

    def is_live(self, now: int) -> bool:
        return now < self.made_at + 10 * MINUTE


class Model:
    """Everything that is so. *log_ins* and *half_ways* hold what ended, too, as long as the product may."""

    def __init__(self, people: Iterable[Somebody]) -> None:
        self.people = list(people)
        self.guesses = Guesses()
        self.log_ins: list[LogIn] = []
        self.half_ways: list[HalfWay] = []
        self.mails = 0

    # --- log-in ---------------------------------------------------------------------------------------------------

    def give_password(
        self, who: Somebody, cookie: str | None, *, is_right: bool, before: LogIn | None, now: int
    ) -> str:
        """What the password leads to: "half_way" where a second factor is on, "resumed" in a browser whose session of
        the same person is only idle, and else "accepted". The last two have to be followed by renew() or log_in().
        """
        refused = self.check_password(who, cookie, is_right=is_right, now=now)
        if refused:
            return refused
        if before and before.who is who and before.is_open(now) and before.is_idle(now):
            return "resumed"
        if before:
            before.ended, before.shown = True, ()
        return "half_way" if who.phone else ACCEPTED

    def check_password(self, who: Somebody, cookie: str | None, *, is_right: bool, now: int) -> str | None:
        budget = (who.email, "password", who.browser(cookie, now))
        refused = self.guesses.refusal(budget, now)
        if refused:
            return refused
        self.guesses.fail(budget, now)
        if is_right:
            self.guesses.refund(budget, now)
        return None if is_right else "wrong_password"

    def log_in(
        self,
        who: Somebody,
        cookie: str | None,
        *,
        browser_id: int,
        new_cookie: str,
        token: str,
        by_backup_code: bool,
        now: int,
    ) -> LogIn:
        """A full log-in is complete in the browser that the product calls *browser_id*.

        One mail tells of it: that a backup code was used, or else, from the second log-in on, that the browser is new.
        """
        known = who.browser(cookie, now)
        self.mails += by_backup_code or (known is None and who.has_logged_in)
        who.has_logged_in = True
        self.guesses.empty(lambda budget: budget == (who.email, "password", known))
        if known is None:
            assert browser_id not in [one.id for one in who.browsers]
            who.browsers.append(KnownBrowser(browser_id, new_cookie, now))
            newest = sorted(who.browsers, key=lambda one: (one.logged_in_at, one.id), reverse=True)
            self._forget_browsers(who, keep={one.id for one in newest[:10]})
        else:
            assert browser_id == known
            same = next(one for one in who.browsers if one.id == known)
            same.cookie, same.logged_in_at = new_cookie, now
        self.log_ins.append(LogIn(who, browser_id, token, now, now, now))
        return self.log_ins[-1]

    def answer(self, half_way: HalfWay, cookie: str | None, typed: str | None, now: int) -> str:
        """The second step; where it is accepted, log_in() has to follow."""
        said = (
            MALFORMED
            if typed is None
            else self.prove(half_way.who, cookie, typed, now, asked=half_way in self.half_ways)
        )
        if said == ACCEPTED:
            self.half_ways.remove(half_way)
        if said in ("wrong_code", "backup_code_unknown", "phone_clock_slow"):
            self._warn(half_way.who, cookie, "backup_code" if is_backup_code(typed) else "totp", now)
        return said

    def _warn(self, who: Somebody, cookie: str | None, kind: str, now: int) -> None:
        """Every fifth wrong code in a row is told to whom it is guessed at, once an hour: the password was right."""
        is_told = any(told_at > now - HOUR for told_at in who.warned_at)
        if self.guesses.is_fifth((who.email, kind, who.browser(cookie, now))) and not is_told:
            who.warned_at.append(now)
            self.mails += 1

    def prove(self, who: Somebody, cookie: str | None, typed: str, now: int, *, asked: bool = True) -> str:
        """What *typed*, in the shape of either factor, is worth: counted before it is judged."""
        if not asked:
            return "challenge_over"
        kind = "backup_code" if is_backup_code(typed) else "totp"
        budget = (who.email, kind, who.browser(cookie, now))
        refused = self.guesses.refusal(budget, now)
        if refused:
            return refused
        self.guesses.fail(budget, now)
        said = self._backup_code(who, typed) if kind == "backup_code" else self._code(who, typed, now)
        if said in ("code_already_used", "backup_code_used"):
            self.guesses.refund(budget, now)
        if said == ACCEPTED:
            both = [(who.email, one, budget[2]) for one in ("totp", "backup_code")]
            self.guesses.empty(lambda one: one in both)
        return said

    def _code(self, who: Somebody, code: str, now: int) -> str:
        assert who.phone is not None
        said, step = verdict(who.phone, code, now, accepted=who.accepted, ahead=1)
        if said == ACCEPTED:
            who.accepted.append(step)
        return said

    def _backup_code(self, who: Somebody, code: str) -> str:
        if code not in who.codes:
            return "backup_code_unknown"
        if who.codes[code]:
            return "backup_code_used"
        who.codes[code] = True
        return ACCEPTED

    # --- two-factor authentication ----------------------------------------------------------------------------------

    def may_scan(self, log_in: LogIn, now: int) -> bool:
        """Whether this session has a pending secret to scan: its own, for 15 minutes."""
        pending = log_in.who.pending
        return pending is not None and pending.session is log_in and now < pending.made_at + 15 * MINUTE

    def confirm(self, log_in: LogIn, cookie: str | None, code: str | None, now: int) -> str:
        """The first code at set-up; where it is newly accepted the caller tells the codes by show()."""
        who = log_in.who
        if code is None:
            return MALFORMED
        if not self.may_scan(log_in, now) or who.pending is None:
            is_late = who.pending is not None and who.pending.session is log_in
            if is_late or not who.phone:
                return "setup_expired"
            is_done = self.look_at_codes(log_in, now) and log_in.shown_at == who.set_up_at
            return ACCEPTED if is_done else "already_active"
        budget = (who.email, "setup", who.browser(cookie, now))
        refused = self.guesses.refusal(budget, now)
        if refused:
            return refused
        self.guesses.fail(budget, now)
        said, step = verdict(who.pending.phone, code, now, accepted=[], ahead=HINT_STEPS)
        if said != ACCEPTED:
            return said
        who.older_phones += [who.phone] if who.phone else []
        who.phone, who.accepted, who.pending, who.set_up_at = who.pending.phone, [step], None, now
        self.half_ways = [one for one in self.half_ways if one.who is not who]
        self.guesses.empty(lambda one: one[0] == who.email and one[1] != "password")
        self._end_others(who, keep=log_in)
        self._forget_browsers(who, keep={log_in.browser_id})
        return ACCEPTED

    def show(self, log_in: LogIn, codes: tuple[str, ...], now: int) -> None:
        """A new set, of which a mail tells: the old codes are dead, and only this session may see the new ones."""
        self.mails += 1
        log_in.who.older_codes += log_in.who.codes
        log_in.who.codes, log_in.who.checked_at = dict.fromkeys(codes, False), None
        for one in self.log_ins:
            if one.who is log_in.who:
                one.shown = ()
        log_in.shown, log_in.shown_at = codes, now

    def look_at_codes(self, log_in: LogIn, now: int) -> tuple[str, ...]:
        """The first look after ten minutes deletes them."""
        if now >= log_in.shown_at + 10 * MINUTE:
            log_in.shown = ()
        return log_in.shown

    def check_codes(self, log_in: LogIn, cookie: str | None, typed: str | None, now: int) -> str:
        """Whether the list is still there: a guess like any other, and nothing is spent."""
        who = log_in.who
        if not is_backup_code(typed) or typed is None:
            return MALFORMED
        if who.phone is None:
            return "not_active"
        if self.look_at_codes(log_in, now):
            return "backup_codes_shown"
        budget = (who.email, "backup_code", who.browser(cookie, now))
        refused = self.guesses.refusal(budget, now)
        if refused:
            return refused
        self.guesses.fail(budget, now)
        if typed not in who.codes:
            return "backup_code_unknown"
        self.guesses.refund(budget, now)
        if who.codes[typed]:
            return "backup_code_used"
        who.checked_at = now
        return ACCEPTED

    def last_code_counts(self, log_in: LogIn, now: int) -> bool:
        """Whether the log-in by the last backup code stands in for a code: ten minutes, while none is left."""
        is_in_time = log_in.last_code_until is not None and now < log_in.last_code_until
        return is_in_time and bool(log_in.who.codes) and not log_in.who.codes_left

    def change(self, log_in: LogIn, cookie: str | None, typed: str | None, now: int) -> str:
        """What a change of the second factor is told; where it is accepted, reset() or show() has to follow."""
        if typed is None:
            return ACCEPTED if self.last_code_counts(log_in, now) else MALFORMED
        return self.prove(log_in.who, cookie, typed, now) if log_in.who.phone else "not_active"

    def begin_to_replace(self, log_in: LogIn, cookie: str | None, typed: str | None, now: int) -> str:
        """As change(). "goes_on" for a second click: the first has spent the code, and what it was for waits."""
        said = self.change(log_in, cookie, typed, now)
        is_used = said in ("code_already_used", "backup_code_used")
        return "goes_on" if is_used and self.may_scan(log_in, now) else said

    def reset(self, who: Somebody, *, keep: LogIn | None) -> None:
        who.older_codes += who.codes
        who.older_phones += [who.phone] if who.phone else []
        who.phone, who.codes, who.pending, who.accepted, who.checked_at = None, {}, None, [], None
        self.half_ways = [one for one in self.half_ways if one.who is not who]
        self._forget_browsers(who, keep=set())
        self.guesses.empty(lambda one: one[0] == who.email and one[1] in ("totp", "backup_code"))
        self._end_others(who, keep=keep)
        if keep:
            keep.shown = ()
        self.mails += 1

    # --- time -----------------------------------------------------------------------------------------------------

    def purge(self, now: int) -> None:
        self.half_ways = [one for one in self.half_ways if one.is_live(now)]
        self.log_ins = [one for one in self.log_ins if now < one.started_at + 31 * DAY]
        self.guesses.purge(now)
        for who in self.people:
            self._forget_browsers(who, keep={one.id for one in who.browsers if now < one.logged_in_at + 180 * DAY})
            if who.pending and now >= who.pending.made_at + 15 * MINUTE:
                who.pending = None
        for log_in in self.log_ins:
            self.look_at_codes(log_in, now)

    def _end_others(self, who: Somebody, *, keep: LogIn | None) -> None:
        for one in self.log_ins:
            if one.who is who and one is not keep:
                one.ended, one.shown = True, ()

    def _forget_browsers(self, who: Somebody, *, keep: set[int]) -> None:
        """Known no more: voided with their budgets."""
        gone = {one.id for one in who.browsers} - keep
        who.browsers = [one for one in who.browsers if one.id in keep]
        self.guesses.empty(lambda budget: budget[2] in gone)


MALFORMED = "malformed"


def is_backup_code(typed: str | None) -> bool:
    return typed is not None and len(typed) > 6


def verdict(phone: Phone, code: str, now: int, *, accepted: list[int], ahead: int) -> tuple[str, int]:
    """One step of tolerance each way, once, and none before it; what else can be said of a wrong code.

    That it was used is said of the newest twelve, as far as their codes are looked for.
    """
    today = now // STEP
    same = [step for step in range(today - HINT_STEPS, today + ahead + 1) if phone.code(at(step * STEP)) == code]
    near = [step for step in same if abs(step - today) <= 1]
    if near and max(near) > max(accepted, default=-1):
        return ACCEPTED, max(near)
    if near or set(same) & set(accepted[-KEPT_STEPS:]):
        return "code_already_used", -1
    if same:
        return ("phone_clock_slow" if same[-1] < today else "phone_clock_fast"), -1
    return "wrong_code", -1


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

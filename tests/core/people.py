"""Makers: people, their phones and their browsers, driven through the flows as a caller of core would."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Plan, Role
from webapp.core.accounts.tables import Company
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.flows import Charge, Guesser
from webapp.core.attempts.rules import GuessKind
from webapp.core.audit.tables import AuditEvent
from webapp.core.cases import flows as cases
from webapp.core.cases.flows import Case
from webapp.core.cases.rules import CaseKind, Channel, Document, Way
from webapp.core.challenge import flows as challenge
from webapp.core.challenge import repair as challenge_repair
from webapp.core.challenge.flows import HalfWay, LoggedIn, Resumed, Waiting
from webapp.core.challenge.repair import Halves
from webapp.core.company import deactivation, invites, roles
from webapp.core.credentials import email, password, recovery
from webapp.core.database import AuthenticatorId, CaseId, CompanyId, SessionId, writing
from webapp.core.disputes import flows as disputes
from webapp.core.enrolment import activation, authenticators, checking, first_code, new_codes, reset, setup
from webapp.core.enrolment import repair as enrolment_repair
from webapp.core.enrolment import replace as replacing
from webapp.core.enrolment import state as enrolment
from webapp.core.enrolment.ways_back import WaysBack, ways_back
from webapp.core.factors.backup_codes.flows import Shown
from webapp.core.factors.totp.flows import App
from webapp.core.factors.totp.pending import Purpose
from webapp.core.freezes import flows as freezes
from webapp.core.freezes.flows import Freeze
from webapp.core.links import flows as links
from webapp.core.links.rules import LinkKind
from webapp.core.log_outs import flows as log_outs
from webapp.core.notices.flows import Notice
from webapp.core.notices.tables import OutboxMail
from webapp.core.outcomes import Accepted, Refused
from webapp.core.passwords import flows as passwords
from webapp.core.policy import exemptions
from webapp.core.policy import flows as policy
from webapp.core.policy.rules import Obligation
from webapp.core.proof.rules import BackupCode, read_entry
from webapp.core.repairs import flows as repairs
from webapp.core.repairs import rules as repair_rules
from webapp.core.repairs.flows import RepairPass
from webapp.core.sealing import Keyring
from webapp.core.sessions import flows as sessions
from webapp.core.sessions import listing, proving
from webapp.core.sessions.flows import Limits, SignedIn, Started
from webapp.core.sessions.listing import OpenSessions
from webapp.core.support import carrying_out, looking_up
from webapp.core.support import flows as support
from webapp.core.support.carrying_out import Ran
from webapp.core.support.flows import CaseFile, Terms
from webapp.core.support.looking_up import Found
from webapp.core.visitor import OPERATOR, Visitor

PASSWORD = "lantern quarry violin moss"
BRAND = "Calenso"
ROUNDS = 4
CASE = 7
"""A case of Support that led to a repair pass."""

TERMS = Terms(approvals=2, wait=timedelta(hours=24))
LIMITS = Limits(idle=timedelta(hours=1), lifetime=timedelta(hours=24))


class Clock:
    """A clock in hand: it stands still until a test moves it. Starts five seconds into a time step."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)

    def next_step(self) -> None:
        self.move(seconds=30)


@dataclass(frozen=True)
class Phone:
    """An authenticator app of our own making (RFC 6238), so that the product is not its own judge."""

    key: str

    @property
    def secret(self) -> bytes:
        return base64.b32decode(self.key)

    def code(self, at: datetime, *, steps: int = 0) -> str:
        counter = int(at.timestamp()) // 30 + steps
        digest = hmac.new(self.secret, counter.to_bytes(8, "big"), hashlib.sha1).digest()
        offset = digest[-1] & 15
        number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
        return f"{number % 1_000_000:06}"

    def wrong_code(self, at: datetime) -> str:
        """Six digits of no step within an hour and a half of *at*."""
        near = {self.code(at, steps=steps) for steps in range(-200, 201)}
        return next(code for code in map("{:06}".format, range(1_000_000)) if code not in near)


@dataclass(frozen=True)
class Seat:
    """A person at one browser, logged in: the two cookies and what the product knows by them."""

    token: str
    browser: str
    me: SignedIn


@dataclass(frozen=True)
class Owner:
    """A person with two-factor authentication on, at the browser that switched it on."""

    person: Person
    seat: Seat
    phone: Phone
    codes: tuple[str, ...]


class Product:
    """Core in the hands of a test: one database session, and a clock that the test moves."""

    def __init__(self, session: Session, keyring: Keyring, clock: Clock) -> None:
        self.session, self.keyring, self.clock = session, keyring, clock
        self.rounds = ROUNDS
        self._vendor: CompanyId | None = None

    @property
    def now(self) -> datetime:
        return self.clock.now

    def beside(self, session: Session) -> "Product":
        """The same product as another request meets it."""
        return Product(session, self.keyring, self.clock)

    # --- people ---------------------------------------------------------------------------------------------------

    def company(self, name: str = "Studio Nord", *, is_vendor: bool = False) -> CompanyId:
        made = accounts.create_company(
            self.session,
            name,
            Plan.BASIC,
            time_zone="Europe/Zurich",
            is_vendor=is_vendor,
            now=self.now,
            visitor=OPERATOR,
        )
        assert isinstance(made, Accepted)
        return made.value

    def employee(
        self,
        email: str = "lea@studio.example",
        *,
        name: str = "Lea Brunner",
        company: CompanyId | None = None,
        role: Role = Role.EMPLOYEE,
        password: str | None = PASSWORD,
    ) -> Person:
        made = accounts.create_employee(
            self.session,
            company or self.company(),
            email,
            name=name,
            role=role,
            now=self.now,
            visitor=OPERATOR,
        )
        assert isinstance(made, Accepted)
        person = accounts.by_id(self.session, made.value)
        assert person is not None
        if password is not None:
            assert self.set_password(person, password) is None
        return person

    def employee_now(self, person: Person) -> Person:
        """*person* as they are by now."""
        self.session.rollback()
        today = accounts.by_id(self.session, person.id)
        assert today is not None
        return today

    def set_password(self, person: Person, password: str) -> Refused | None:
        return passwords.set_password(
            self.session, self.keyring, person, password, brand=BRAND, rounds=self.rounds, now=self.now
        )

    def owner(self, email: str = "lea@studio.example", *, company: CompanyId | None = None) -> Owner:
        """A new employee who has switched two-factor authentication on and closed the codes, a step ago."""
        return self._with_phone(self.employee(email, company=company))

    def agent(self, email: str = "mia@support.example", *, name: str = "Mia Frei") -> Owner:
        """A new agent of Support, with two-factor authentication on as for an owner."""
        if self._vendor is None:
            self._vendor = self.company("Calenso", is_vendor=True)
        return self._with_phone(self.employee(email, name=name, company=self._vendor, role=Role.SUPPORT))

    def _with_phone(self, person: Person) -> Owner:
        owner = self.activate(person)
        self.close(owner.seat)
        self.clock.next_step()
        return owner

    def activate(self, person: Person, seat: Seat | None = None) -> Owner:
        seat = seat or self.log_in(person)
        phone = self.scan(seat)
        assert isinstance(self.confirm(seat, phone.code(self.now)), Accepted)
        shown = self.shown(seat)
        assert shown is not None
        return Owner(person, seat, phone, shown.codes)

    def require(self, company: CompanyId, *roles: Role, grace_days: int = 0) -> None:
        """The company asks for two-factor authentication from now on, of these *roles* or of all."""
        since = {role.value: self.now.isoformat() for role in roles or Role}
        with writing(self.session):
            wanted = {"required_since": since, "grace_days": grace_days}
            self.session.execute(update(Company).where(Company.id == company).values(**wanted))

    def exempt(self, person: Person, *, days: int) -> None:
        """From the policy of their company, for this time."""
        until = self.now + timedelta(days=days)
        with writing(self.session):
            exemptions.give(self.session, person.id, until=until, reason="new phone", given_by=person.id, now=self.now)

    def wipe(self, person: Person) -> None:
        """What Support's carrying out of a case leaves of somebody who had nothing to take away."""
        with writing(self.session):
            policy.wipe(self.session, person, now=self.now)

    def obligation(self, person: Person) -> Obligation:
        """What *person* must do, as they are now."""
        self.session.rollback()  # looks anew, whatever another session has done
        now_so = accounts.by_id(self.session, person.id)
        assert now_so is not None
        is_on = enrolment.state(self.session, person.id) is not None
        return policy.obligation(self.session, now_so, is_on=is_on, now=self.now)

    # --- log-in ---------------------------------------------------------------------------------------------------

    def pass_password(
        self, email: str, password: str = PASSWORD, *, browser: str | None = None, idle_token: str | None = None
    ) -> Accepted[HalfWay | LoggedIn | Resumed] | Refused:
        return challenge.pass_password(
            self.session,
            self.keyring,
            email,
            password,
            next_path="",
            idle_token=idle_token,
            limits=LIMITS,
            rounds=self.rounds,
            now=self.now,
            visitor=visitor(browser),
        )

    def log_in(self, person: Person, *, browser: str | None = None) -> Seat:
        """A full log-in of somebody without a second factor."""
        outcome = self.pass_password(person.email, browser=browser)
        assert isinstance(outcome, Accepted)
        assert isinstance(outcome.value, LoggedIn)
        return self.sit_down(outcome.value.started)

    def half_way(self, person: Person, password: str = PASSWORD, *, browser: str | None = None) -> Waiting:
        """A browser that has passed the password and owes the second factor."""
        outcome = self.pass_password(person.email, password, browser=browser)
        assert isinstance(outcome, Accepted)
        assert isinstance(outcome.value, HalfWay)
        waiting = challenge.find(self.session, outcome.value.token, now=self.now)
        assert waiting is not None
        return waiting

    def answer(self, waiting: Waiting, text: str, *, browser: str | None = None) -> Accepted[LoggedIn] | Refused:
        return challenge.answer(
            self.session, self.keyring, waiting, read_entry(text), now=self.now, visitor=visitor(browser)
        )

    def log_in_with(self, person: Person, text: str, *, browser: str | None = None) -> Seat:
        """A full log-in with a second factor."""
        outcome = self.answer(self.half_way(person, browser=browser), text, browser=browser)
        assert isinstance(outcome, Accepted), outcome
        return self.sit_down(outcome.value.started)

    def sit_down(self, started: Started) -> Seat:
        me = self.find(started.token)
        assert me is not None
        return Seat(started.token, started.browser_token, me)

    def sit_anew(self, seat: Seat) -> Seat:
        """The same session as a next request finds it: under another address, say."""
        me = self.find(seat.token)
        assert me is not None
        return replace(seat, me=me)

    def find(self, token: str) -> SignedIn | None:
        return sessions.find(self.session, token, limits=LIMITS, now=self.now)

    def confirm_password(self, seat: Seat, password: str = PASSWORD) -> Accepted[str] | Refused:
        return proving.confirm_password(
            self.session,
            self.keyring,
            seat.me,
            password,
            token=seat.token,
            rounds=self.rounds,
            now=self.now,
            visitor=visitor(seat.browser),
        )

    def log_out(self, seat: Seat) -> None:
        sessions.log_out(self.session, seat.me, now=self.now, visitor=visitor(seat.browser))

    def open_sessions(self, seat: Seat, *, most: int = 10) -> OpenSessions:
        return listing.open_sessions(self.session, seat.me, most=most, limits=LIMITS, now=self.now)

    def end_one(self, seat: Seat, which: int, text: str | None = None) -> Accepted[None] | Refused:
        """From *seat*, with the code *text*."""
        return log_outs.end_one(
            self.session,
            self.keyring,
            seat.me,
            SessionId(which),
            read_entry(text) if text is not None else None,
            limits=LIMITS,
            now=self.now,
            visitor=visitor(seat.browser),
        )

    def end_others(self, seat: Seat, text: str | None = None) -> Accepted[None] | Refused:
        return log_outs.end_others(
            self.session,
            self.keyring,
            seat.me,
            read_entry(text) if text is not None else None,
            limits=LIMITS,
            now=self.now,
            visitor=visitor(seat.browser),
        )

    # --- password and e-mail ------------------------------------------------------------------------------------------

    def change_password(
        self, seat: Seat, new: str, text: str | None = None, *, current: str = PASSWORD
    ) -> Accepted[str] | Refused:
        return password.change(
            self.session,
            self.keyring,
            seat.me,
            current,
            new,
            read_entry(text) if text is not None else None,
            token=seat.token,
            brand=BRAND,
            rounds=self.rounds,
            now=self.now,
            visitor=visitor(seat.browser),
        )

    def forgot(self, email: str) -> None:
        recovery.ask(self.session, self.keyring, email, now=self.now, visitor=STRANGER)

    def resolve(self) -> int:
        return recovery.resolve_due(self.session, now=self.now)

    def recover(self, token: str, new: str) -> Accepted[None] | Refused:
        return recovery.save(
            self.session,
            self.keyring,
            token,
            new,
            brand=BRAND,
            rounds=self.rounds,
            now=self.now,
            visitor=STRANGER,
        )

    def ask_email(self, seat: Seat, new: str, text: str | None = None) -> Accepted[None] | Refused:
        entry = read_entry(text) if text is not None else None
        return email.ask(self.session, self.keyring, seat.me, new, entry, now=self.now, visitor=visitor(seat.browser))

    def confirm_email(self, seat: Seat, token: str) -> Accepted[None] | Refused:
        link = email.find(self.session, self.keyring, token)
        assert link is not None
        return email.confirm(self.session, seat.me, link, now=self.now, visitor=visitor(seat.browser))

    def mailed(self, kind: LinkKind) -> list[tuple[str, str]]:
        """To whom links of *kind* were mailed, and their tokens as the mails hold them, oldest first."""
        self.session.rollback()
        rows = self.session.scalars(select(OutboxMail).order_by(OutboxMail.id))
        return [
            (row.recipient, links.token(self.keyring, kind, row.facts["links"][kind.value]))
            for row in rows
            if kind.value in row.facts.get("links", {})
        ]

    # --- what an administrator does ----------------------------------------------------------------------------------

    def admin(self, email: str = "kim@studio.example", *, company: CompanyId | None = None) -> Seat:
        """An administrator, logged in with the password alone."""
        return self.log_in(self.employee(email, name="Kim Amsler", company=company, role=Role.ADMIN))

    def invite(
        self, seat: Seat, email: str = "noa@studio.example", *, name: str = "Noa Keller", role: Role = Role.EMPLOYEE
    ) -> Accepted[None] | Refused:
        return invites.invite(self.session, seat.me, email, name=name, role=role, now=self.now, visitor=STRANGER)

    def invite_again(self, seat: Seat, person: Person) -> Accepted[None] | Refused:
        return invites.invite_again(self.session, seat.me, person.id, now=self.now, visitor=STRANGER)

    def accept(self, token: str, new: str) -> Accepted[None] | Refused:
        return invites.accept(
            self.session,
            self.keyring,
            token,
            new,
            brand=BRAND,
            rounds=self.rounds,
            now=self.now,
            visitor=STRANGER,
        )

    def deactivate(self, seat: Seat, person: Person) -> Accepted[None] | Refused:
        return deactivation.deactivate(self.session, seat.me, person.id, now=self.now, visitor=STRANGER)

    def reactivate(self, seat: Seat, person: Person) -> Accepted[None] | Refused:
        return deactivation.reactivate(self.session, seat.me, person.id, now=self.now, visitor=STRANGER)

    def change_role(self, seat: Seat, person: Person, role: Role) -> Accepted[None] | Refused:
        return roles.change(self.session, seat.me, person.id, role, now=self.now, visitor=STRANGER)

    def today(self, email: str) -> Person:
        """Who has this address, as they are now."""
        self.session.rollback()
        self.session.expire_all()
        person = accounts.by_email(self.session, email)
        assert person is not None
        return person

    # --- two-factor authentication ----------------------------------------------------------------------------------

    def begin(self, seat: Seat) -> Accepted[None] | Refused:
        return activation.begin(self.session, self.keyring, seat.me, now=self.now, visitor=visitor(seat.browser))

    def setup(self, seat: Seat) -> setup.Setup | None:
        return setup.find(self.session, self.keyring, seat.me, issuer=BRAND, now=self.now)

    def scan(self, seat: Seat) -> Phone:
        """Begin, and take the secret over as a phone does."""
        assert isinstance(self.begin(seat), Accepted)
        return self.scanned(seat)

    def scanned(self, seat: Seat) -> Phone:
        """The phone that has read the QR code which waits for this session."""
        shown = self.setup(seat)
        assert shown is not None
        return Phone(shown.key)

    def confirm(self, seat: Seat, code: str | None) -> Accepted[Purpose] | Refused:
        return first_code.confirm(
            self.session,
            self.keyring,
            seat.me,
            code,
            token=seat.token,
            rounds=self.rounds,
            now=self.now,
            visitor=visitor(seat.browser),
        )

    def shown(self, seat: Seat) -> Shown | None:
        return new_codes.shown(self.session, self.keyring, seat.me, token=seat.token, now=self.now)

    def close(self, seat: Seat) -> None:
        new_codes.close(self.session, seat.me, now=self.now, visitor=visitor(seat.browser))

    def create_codes(self, seat: Seat, text: str | None) -> Accepted[None] | Refused:
        return new_codes.create(
            self.session,
            self.keyring,
            seat.me,
            read_entry(text) if text is not None else None,
            token=seat.token,
            rounds=self.rounds,
            now=self.now,
            visitor=visitor(seat.browser),
        )

    def check_codes(self, seat: Seat, text: str, *, browser: str | None = None) -> Accepted[None] | Refused:
        entry = read_entry(text)
        return checking.check(
            self.session,
            seat.me,
            entry if isinstance(entry, BackupCode) else None,
            now=self.now,
            visitor=visitor(browser or seat.browser),
        )

    def ways_back(self, seat: Seat) -> WaysBack:
        return ways_back(self.session, self.keyring, seat.me, token=seat.token, now=self.now)

    def apps(self, person: Person) -> tuple[App, ...]:
        self.session.rollback()  # looks anew, whatever another session has done
        state = enrolment.state(self.session, person.id)
        return state.apps if state else ()

    def replace_app(
        self, seat: Seat, text: str | None, *, old: AuthenticatorId | None = None
    ) -> Accepted[None] | Refused:
        """Begin to replace *old*, or the first app."""
        return replacing.begin(
            self.session,
            self.keyring,
            seat.me,
            old or self.apps(seat.me.person)[0].id,
            read_entry(text) if text is not None else None,
            now=self.now,
            visitor=visitor(seat.browser),
        )

    def add_app(self, seat: Seat, name: str, text: str | None) -> Accepted[None] | Refused:
        """Begin to add one more app."""
        return authenticators.begin(
            self.session,
            self.keyring,
            seat.me,
            name,
            read_entry(text) if text is not None else None,
            now=self.now,
            visitor=visitor(seat.browser),
        )

    def second_phone(self, owner: Owner, name: str = "Tablet") -> Phone:
        """The owner adds one more app, and a step passes."""
        assert isinstance(self.add_app(owner.seat, name, owner.phone.code(self.now)), Accepted)
        phone = self.scanned(owner.seat)
        assert isinstance(self.confirm(owner.seat, phone.code(self.now)), Accepted)
        self.clock.next_step()
        return phone

    def rename_app(self, seat: Seat, which: AuthenticatorId, name: str) -> Accepted[None] | Refused:
        return authenticators.rename(self.session, seat.me, which, name, now=self.now, visitor=visitor(seat.browser))

    def remove_app(self, seat: Seat, which: AuthenticatorId, text: str | None) -> Accepted[None] | Refused:
        return authenticators.remove(
            self.session,
            self.keyring,
            seat.me,
            which,
            read_entry(text) if text is not None else None,
            now=self.now,
            visitor=visitor(seat.browser),
        )

    def reset(self, seat: Seat, text: str | None, *, browser: str | None = None) -> Accepted[None] | Refused:
        return reset.reset(
            self.session,
            self.keyring,
            seat.me,
            read_entry(text) if text is not None else None,
            now=self.now,
            visitor=visitor(browser or seat.browser),
        )

    def reset_by_operator(self, person: Person, *, takes_email_back: bool = False) -> Accepted[None] | Refused:
        return reset.reset_by_operator(
            self.session,
            self.keyring,
            person,
            takes_email_back=takes_email_back,
            operator="mara",
            ticket="T-17",
            reason="phone stolen",
            now=self.now,
            visitor=OPERATOR,
        )

    def mailed_link(self, notice: Notice, kind: LinkKind = LinkKind.NOTICE, *, to: str = "%") -> str:
        """The token in the newest mail of this kind, to that address, that waits in the outbox."""
        mine = (OutboxMail.notice == notice) & OutboxMail.recipient.like(to)
        query = select(OutboxMail).where(mine).order_by(OutboxMail.id.desc()).limit(1)
        self.session.rollback()
        mail = self.session.scalars(query).one()
        return links.token(self.keyring, kind, mail.facts["links"][kind])

    def freeze(self, token: str) -> Accepted[None] | Refused:
        """Press “Freeze my account” on the page that *token* of a notice leads to."""
        dispute = disputes.find(self.session, self.keyring, token)
        assert dispute is not None
        return disputes.freeze(self.session, dispute, now=self.now, visitor=STRANGER)

    def lift(self, seat: Seat, text: str, *, keeps_email: bool = False) -> Accepted[None] | Refused:
        return disputes.lift(
            self.session,
            self.keyring,
            seat.me,
            read_entry(text),
            keeps_email=keeps_email,
            now=self.now,
            visitor=visitor(seat.browser),
        )

    def lift_and_log_in(
        self, waiting: Waiting, text: str, *, keeps_email: bool = False
    ) -> Accepted[LoggedIn] | Refused:
        return disputes.lift_and_log_in(
            self.session,
            self.keyring,
            waiting,
            read_entry(text),
            keeps_email=keeps_email,
            now=self.now,
            visitor=STRANGER,
        )

    def issue_pass(self, person: Person, *, also_to: str = "") -> RepairPass:
        """What carrying out a case of Support does."""
        with writing(self.session):
            accounts.lock(self.session, person.id)
            return repairs.issue(self.session, person, CASE, also_to=also_to, now=self.now, visitor=OPERATOR)

    def live_pass(self, person: Person) -> RepairPass | None:
        self.session.rollback()
        return repairs.live(self.session, person.id, now=self.now)

    def mailed_half(self, person: Person) -> str:
        """What stands in the newest mail of a pass to this person."""
        self.session.rollback()
        mine = (OutboxMail.notice == Notice.REPAIR_PASS) & (OutboxMail.employee_id == person.id)
        mail = self.session.scalars(select(OutboxMail).where(mine).order_by(OutboxMail.id.desc()).limit(1)).one()
        return repairs.mailed_half(self.keyring, mail.facts["half_seed"])

    def new_read_half(self, repair: RepairPass, *, agent: Person | None = None) -> Accepted[str] | Refused:
        """An agent makes the half for the call; nobody in particular where it doesn't matter who."""
        actor = agent or accounts.by_id(self.session, repair.employee_id)
        assert actor is not None
        return repairs.new_read_half(self.session, self.keyring, repair, actor=actor, now=self.now, visitor=STRANGER)

    def read_half(self, person: Person, *, agent: Person | None = None) -> str:
        repair = self.live_pass(person)
        assert repair is not None
        made = self.new_read_half(repair, agent=agent)
        assert isinstance(made, Accepted)
        return made.value

    def enter_halves(
        self, waiting: Waiting, mailed: str, read: str, *, browser: str | None = None
    ) -> Accepted[str] | Refused:
        """The two halves as they were typed."""
        typed = repair_rules.read(mailed), repair_rules.read(read)
        halves = Halves(typed[0], typed[1]) if typed[0] and typed[1] else None
        return challenge_repair.enter(
            self.session, self.keyring, waiting, halves, now=self.now, visitor=visitor(browser)
        )

    def repairing(self, person: Person) -> Seat:
        """A browser that has entered a new pass, and may replace the app."""
        self.issue_pass(person)
        return self.entered(person, self.mailed_half(person), self.read_half(person))

    def entered(self, person: Person, mailed: str, read: str) -> Seat:
        outcome = self.enter_halves(self.half_way(person), mailed, read)
        assert isinstance(outcome, Accepted), outcome
        me = self.find(outcome.value)
        assert me is not None
        return Seat(outcome.value, "", me)

    def begin_repair(self, seat: Seat) -> Accepted[None] | Refused:
        return enrolment_repair.begin(self.session, self.keyring, seat.me, now=self.now, visitor=STRANGER)

    def scan_for_repair(self, seat: Seat) -> Phone:
        assert isinstance(self.begin_repair(seat), Accepted)
        return self.scanned(seat)

    def void_pass(self, person: Person, *, reason: str = "stopped") -> bool:
        with writing(self.session):
            return repairs.void(self.session, person, reason=reason, now=self.now, visitor=STRANGER)

    def frozen(self, person: Person) -> Freeze:
        self.session.rollback()
        freeze = freezes.of(self.session, person.id)
        assert freeze is not None
        return freeze

    # --- Support ------------------------------------------------------------------------------------------------------

    def agents(self, *names: str) -> list[Seat]:
        """People of the vendor's company, logged in."""
        vendor = self.company("Calenso", is_vendor=True)
        return [
            self.log_in(self.employee(f"{name}@calenso.example", name=name, company=vendor, role=Role.SUPPORT))
            for name in names
        ]

    def look_up(self, agent: Seat, email: str) -> Accepted[Found] | Refused:
        return looking_up.find(self.session, agent.me, email, now=self.now, visitor=visitor(agent.browser))

    def open_case(
        self,
        agent: Seat,
        person: Person,
        *,
        kind: CaseKind = CaseKind.RESET,
        way: Way = Way.REPAIR,
        ticket: str = "T-17",
        by_former_email: bool = False,
    ) -> Accepted[Case] | Refused:
        return support.open_case(
            self.session,
            agent.me,
            person.id,
            kind=kind,
            way=way,
            ticket=ticket,
            channel=Channel.PHONE,
            by_former_email=by_former_email,
            now=self.now,
            visitor=visitor(agent.browser),
        )

    def check_case(
        self, agent: Seat, case_id: int, *, match: bool = True, valid_until: date = date(2030, 1, 1)
    ) -> Accepted[Case] | Refused:
        return support.check(
            self.session,
            agent.me,
            case_id,
            document=Document.PASSPORT,
            name_and_photo_match=match,
            valid_until=valid_until,
            now=self.now,
            visitor=visitor(agent.browser),
        )

    def approve_case(self, agent: Seat, case_id: int, *, terms: Terms = TERMS) -> Accepted[Case] | Refused:
        return support.approve(
            self.session, agent.me, case_id, terms=terms, now=self.now, visitor=visitor(agent.browser)
        )

    def refuse_case(
        self, agent: Seat, case_id: int, reason: str = "The voice of another", *, terms: Terms = TERMS
    ) -> Accepted[Case] | Refused:
        return support.refuse(
            self.session, agent.me, case_id, reason, terms=terms, now=self.now, visitor=visitor(agent.browser)
        )

    def stop_case(self, agent: Seat, case_id: int, reason: str = "Called back: not theirs") -> Accepted[Case] | Refused:
        return support.stop(self.session, agent.me, case_id, reason, now=self.now, visitor=visitor(agent.browser))

    def carry_out(self, agent: Seat | None, case_id: int) -> Accepted[Case] | Refused:
        return carrying_out.carry_out(
            self.session,
            self.keyring,
            agent.me if agent else None,
            case_id,
            now=self.now,
            visitor=visitor(agent.browser) if agent else OPERATOR,
        )

    def run_due(self) -> Ran:
        return carrying_out.run_due(self.session, self.keyring, now=self.now, visitor=OPERATOR)

    def waiting_case(
        self,
        agents: list[Seat],
        person: Person,
        *,
        kind: CaseKind = CaseKind.RESET,
        way: Way = Way.REPAIR,
        by_former_email: bool = False,
    ) -> CaseId:
        """A case that two agents have brought to where only its time is missing."""
        opened = self.open_case(agents[0], person, kind=kind, way=way, by_former_email=by_former_email)
        assert isinstance(opened, Accepted), opened
        case_id = opened.value.id
        assert isinstance(self.check_case(agents[0], case_id), Accepted)
        assert isinstance(self.approve_case(agents[1], case_id), Accepted)
        return case_id

    def stop_by_link(self, token: str) -> Accepted[None] | Refused:
        found = cases.find_stop(self.session, self.keyring, token)
        assert found is not None
        return cases.stop_by_link(self.session, found, now=self.now, visitor=STRANGER)

    def case(self, case_id: int) -> CaseFile:
        self.session.rollback()
        found = support.case(self.session, case_id)
        assert found is not None
        return found

    def use_up(self, person: Person, kind: GuessKind, *, times: int = 100) -> None:
        """A hundred wrong answers by strangers, or *times*, four a day."""
        with writing(self.session):
            for at in range(1, times + 1):
                strangers = Guesser.at_employee(person.id, None)
                assert isinstance(attempts.charge(self.session, strangers, kind, now=self.now), Charge)
                if at % 4 == 0:
                    self.clock.move(days=1, seconds=1)

    # --- what is in the database --------------------------------------------------------------------------------------

    def audit(self, *kinds: str) -> list[AuditEvent]:
        """The events of these *kinds*, oldest first, or all of them."""
        query = select(AuditEvent).order_by(AuditEvent.id)
        self.session.rollback()
        return list(self.session.scalars(query.where(AuditEvent.kind.in_(kinds)) if kinds else query))


def visitor(browser: str | None) -> Visitor:
    return replace(STRANGER, browser_token=browser)


STRANGER = Visitor("192.0.2.7", "Firefox on Linux", None)

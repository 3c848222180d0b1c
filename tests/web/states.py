"""Everybody who can ask for a page: for each column of the matrix, people brought there by the product itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from tests.core.people import Clock, Owner, Product
from tests.web.client import Client
from tests.web.people import log_in, security
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.database import CompanyId
from webapp.core.notices.flows import Notice
from webapp.core.outcomes import Accepted

OTHER_PASSWORD = "granite harvest pillow tide"


@dataclass
class Seat:
    """A browser, who sits at it (None: nobody, in whatever way), and what stands for the parts of an address.

    *form_at*: a page with a form, for its token.
    """

    client: Client
    person: Person | None
    names: dict[str, object]
    form_at: str = "/"
    words: str = ""

    @property
    def tab(self) -> str:
        return security(self.person) if self.person else ""


@dataclass
class States:
    """Makes people in a state, new ones each time. *browser* opens one that nobody used before."""

    product: Product
    clock: Clock
    browser: Callable[[], Client]
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.studio = self.product.company()
        self.vendor = self.product.company("Calenso", is_vendor=True)

    def of(self, column: str) -> list[Seat]:
        """Every seat that *column* speaks of: each of them gets what its cell says."""
        made = _COLUMNS[column](self)
        for seat in made:
            page = seat.client.as_page()
            page.get(seat.form_at)
            seat.client.token = page.token
        return made

    # --- who has not logged in --------------------------------------------------------------------------------------

    def nobody(self) -> list[Seat]:
        """Away for so long that the password is asked for, never here, logged out, or deactivated."""
        away = self._in(self._with_phone(Role.EMPLOYEE))
        self.clock.move(hours=2)
        gone, closed = (self._in(self._with_phone(Role.EMPLOYEE)) for _ in range(2))
        cookie = gone.client.flask.get_cookie("session")
        gone.client.as_page().post("/logout", form_at="/")
        assert cookie is not None
        gone.client.flask.set_cookie("session", cookie.value)
        admin = self._with_phone(Role.ADMIN)
        assert closed.person is not None
        assert isinstance(self.product.deactivate(self.product.sit_anew(admin.seat), closed.person), Accepted)
        never = Seat(self.browser(), None, gone.names)
        seats = {"away for too long": away, "never here": never, "logged out": gone, "deactivated": closed}
        return [Seat(seat.client, None, seat.names, "/login", said) for said, seat in seats.items()]

    def half_way(self) -> list[Seat]:
        owner = self._with_phone(Role.EMPLOYEE)
        client = self.browser()
        log_in(client, owner.person)
        return [self._seat(client, owner.person, form_at="/login/code")]

    def frozen(self) -> list[Seat]:
        """Half-way to a frozen account, by a password that was set since."""
        owner = self._with_phone(Role.EMPLOYEE)
        self.clock.move(days=1)
        self.product.log_in_with(owner.person, owner.codes[7])
        link = self.product.mailed_link(Notice.BACKUP_CODE_USED, to=owner.person.email)
        assert self.product.set_password(owner.person, OTHER_PASSWORD) is None
        self.product.freeze(link)
        client = self.browser()
        client.as_page().post("/login", email=owner.person.email, password=OTHER_PASSWORD)
        return [self._seat(client, owner.person, form_at=f"{security(owner.person)}/freeze")]

    # --- who has ----------------------------------------------------------------------------------------------------

    def employee(self) -> list[Seat]:
        """With a second factor and without."""
        client, person = self.browser(), self._person(Role.EMPLOYEE)
        log_in(client, person)
        return [self._in(self._with_phone(Role.EMPLOYEE)), self._seat(client, person, words="without a second factor")]

    def admin(self) -> list[Seat]:
        """At pages of a colleague, where they are somebody's."""
        return [self._at(self._in(self._with_phone(Role.ADMIN)), self._with_phone(Role.EMPLOYEE))]

    def support(self) -> list[Seat]:
        """With a case that they have opened."""
        agent = self._with_phone(Role.SUPPORT, self.vendor)
        begun = self.product.open_case(agent.seat, self._with_phone(Role.EMPLOYEE).person)
        assert isinstance(begun, Accepted)
        seat = self._in(agent)
        seat.names["case_id"] = begun.value.id
        return [seat]

    def colleague_s(self) -> list[Seat]:
        """Somebody of the same company who is no administrator of it, Support among them."""
        agent = self._with_phone(Role.SUPPORT, self.vendor)
        return [
            self._at(self._in(self._with_phone(Role.EMPLOYEE)), self._with_phone(Role.EMPLOYEE)),
            self._at(self._in(agent), self._with_phone(Role.SUPPORT, self.vendor)),
        ]

    def stranger_s(self) -> list[Seat]:
        """Of each role, at the pages of another company's employee."""
        stranger = self._with_phone(Role.ADMIN, self.product.company("Elsewhere"))
        homes = {Role.EMPLOYEE: self.studio, Role.ADMIN: self.studio, Role.SUPPORT: self.vendor}
        return [self._at(self._in(self._with_phone(role, home)), stranger) for role, home in homes.items()]

    def later(self, made: list[Seat]) -> list[Seat]:
        """The same ones an hour on: neither log-in nor code is recent any more, and the session is live."""
        for _ in range(4):
            self.clock.move(minutes=15)
            for seat in made:
                seat.client.as_page().get("/")
        return made

    def bound(self) -> list[Seat]:
        """Who must activate first: in each role by the company's policy, and after a wipe."""
        strict = [self.product.company("Strict"), self.vendor]
        bound = [self._person(role, strict[role is Role.SUPPORT]) for role in Role]
        for company in strict:
            self.product.require(company)
        wiped = self._person(Role.EMPLOYEE)
        self.product.wipe(wiped)
        seats = [self._seat(self.browser(), person, form_at=security(person)) for person in (*bound, wiped)]
        for seat in seats:
            log_in(seat.client, seat.person)
        return seats

    def with_pass(self) -> list[Seat]:
        """Of Support, both halves of it entered after the password."""
        owner = self._with_phone(Role.EMPLOYEE)
        self.product.issue_pass(owner.person)
        halves = {
            "mailed_half": self.product.mailed_half(owner.person),
            "read_half": self.product.read_half(owner.person),
        }
        client = self.browser()
        log_in(client, owner.person)
        client.as_page().post("/login/repair", **halves)
        return [self._seat(client, owner.person, form_at=f"{security(owner.person)}/two-factor/replace")]

    # --- makers -----------------------------------------------------------------------------------------------------

    def _person(self, role: Role, company: CompanyId | None = None) -> Person:
        number = next(self.numbers)
        return self.product.employee(
            f"person{number}@studio.example", name=f"Person {number}", company=company or self.studio, role=role
        )

    def _with_phone(self, role: Role, company: CompanyId | None = None) -> Owner:
        return self._owner(self._person(role, company))

    def _owner(self, person: Person) -> Owner:
        owner = self.product.activate(person)
        self.product.close(owner.seat)
        self.clock.next_step()
        return owner

    def _in(self, owner: Owner) -> Seat:
        """Logged in with a code, just now."""
        client = self.browser()
        log_in(client, owner.person)
        answer = client.as_page().post("/login/code", code=owner.phone.code(self.clock.now))
        assert 303 == answer.status
        return self._seat(client, owner.person)

    def _seat(self, client: Client, person: Person, *, form_at: str = "/", words: str = "") -> Seat:
        return Seat(client, person, self._names(person), form_at, words or f"{person.role.value} {person.email}")

    def _at(self, seat: Seat, owner: Owner) -> Seat:
        seat.names = self._names(owner.person)
        return seat

    def _names(self, person: Person) -> dict[str, object]:
        apps = self.product.apps(person)
        return {
            "employee_id": person.id,
            "authenticator_id": apps[0].id if apps else 1,
            "filename": "app.css",
        }


_COLUMNS: dict[str, Callable[[States], list[Seat]]] = {
    "nobody": States.nobody,
    "half-way": States.half_way,
    "frozen": States.frozen,
    "employee": States.employee,
    "later": lambda states: states.later(states.employee()),
    "bound": States.bound,
    "pass": States.with_pass,
    "colleague": States.colleague_s,
    "admin": States.admin,
    "admin later": lambda states: states.later(states.admin()),
    "Support": States.support,
    "Support later": lambda states: states.later(states.support()),
    "stranger": States.stranger_s,
    "logged in": lambda states: [*states.employee(), *states.admin(), *states.support()],
}

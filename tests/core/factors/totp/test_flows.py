"""The stored authenticator: its steps are spent once, and its secret opens for nobody else."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from tests.core.crowd import at_once
from tests.core.people import Owner, Phone, Product
from tests.core.stored import dump
from webapp.core.database import writing
from webapp.core.factors.totp import flows as totp
from webapp.core.factors.totp.rules import ClockOff, Match, Replay, Wrong
from webapp.core.factors.totp.tables import Authenticator
from webapp.core.sealing import CannotOpenError

SEALED_BYTES = 12 + 20 + 16
"""Nonce, secret, tag."""


@pytest.fixture
def lea(product: Product) -> Owner:
    return product.owner()


@pytest.mark.parametrize("again", range(3))
def test_of_twelve_who_spend_one_code_at_once_one_does(
    product: Product, engine: Engine, lea: Owner, again: int
) -> None:
    """D-38: with nobody holding the person's lock, the conditional UPDATE alone decides."""
    code = lea.phone.code(product.now)

    verdicts = at_once(
        engine,
        [lambda session: totp.spend(session, product.keyring, lea.person.id, code=code, now=product.now)] * 12,
    )

    step = int(product.now.timestamp()) // 30
    assert [Match(step)] == [verdict for verdict in verdicts if not isinstance(verdict, Replay)]
    assert [Replay(25)] * 11 == [verdict for verdict in verdicts if isinstance(verdict, Replay)]
    assert [step] == [row[4] for row in dump(engine)["authenticators"]]


@pytest.mark.parametrize("at", [0, 12, SEALED_BYTES - 1])
def test_a_flipped_byte_ends_in_an_error_and_never_in_a_verdict(
    product: Product, session: Session, engine: Engine, lea: Owner, at: int
) -> None:
    """D-58: in nonce, secret or tag; neither the right code nor a wrong one is judged."""
    ((_, _, _, box, *_),) = dump(engine)["authenticators"]
    flipped = bytearray(box)
    flipped[at] ^= 1
    assert SEALED_BYTES == len(box)
    with writing(session):
        session.execute(update(Authenticator).values(box=bytes(flipped)))

    for act in (totp.peek, totp.spend):
        for code in (lea.phone.code(product.now), lea.phone.wrong_code(product.now)):
            with pytest.raises(CannotOpenError):
                act(session, product.keyring, lea.person.id, code=code, now=product.now)


def test_secrets_of_two_people_that_were_swapped_open_for_neither(
    product: Product, session: Session, engine: Engine, lea: Owner
) -> None:
    """D-58: whoever can write to the database can't put a secret of their own in another's place."""
    kim = product.owner("kim@studio.example", company=lea.person.company_id)
    boxes = {row[1]: row[3] for row in dump(engine)["authenticators"]}
    with writing(session):
        for owner, other in ((lea, kim), (kim, lea)):
            mine = Authenticator.employee_id == owner.person.id
            session.execute(update(Authenticator).where(mine).values(box=boxes[other.person.id]))

    for owner in (lea, kim):
        for phone in (lea.phone, kim.phone):
            with pytest.raises(CannotOpenError):
                totp.spend(session, product.keyring, owner.person.id, code=phone.code(product.now), now=product.now)


# --- two of one person ------------------------------------------------------------------------------------------------


def test_a_code_is_judged_against_each(product: Product, session: Session, lea: Owner) -> None:
    """Right for either is right; what was used of one is a replay, an old one of either a slow phone's."""
    tablet = product.second_phone(lea)
    product.clock.move(minutes=6)
    used, right, slow = lea.phone.code(product.now), tablet.code(product.now), tablet.code(product.now, steps=-4)

    def spend(code: str) -> object:
        looked = totp.peek(session, product.keyring, lea.person.id, code=code, now=product.now)
        assert looked == totp.spend(session, product.keyring, lea.person.id, code=code, now=product.now)
        return looked

    assert isinstance(spend(used), Match)
    assert [Replay, Match, ClockOff, Wrong] == [
        type(spend(code)) for code in (used, right, slow, lea.phone.wrong_code(product.now))
    ]


def test_a_step_is_spent_in_the_one_whose_code_it_was(product: Product, session: Session, lea: Owner) -> None:
    """The other one's time stays where it was."""
    tablet = product.second_phone(lea)
    first, _ = product.apps(lea.person)
    product.clock.move(minutes=1)

    totp.spend(session, product.keyring, lea.person.id, code=tablet.code(product.now), now=product.now)

    assert [first.last_used_at, product.now] == [app.last_used_at for app in product.apps(lea.person)]


def test_a_code_that_two_secrets_have_by_chance_is_spent_in_both(
    product: Product, session: Session, lea: Owner
) -> None:
    """Once in a million: it must not be right a second time because there are two."""
    product.second_phone(lea)
    same = select(Authenticator.box).order_by(Authenticator.id).limit(1).scalar_subquery()
    with writing(session):
        session.execute(update(Authenticator).values(box=same, last_step=0, accepted_steps=[]))
    code = lea.phone.code(product.now)

    verdicts = [totp.spend(session, product.keyring, lea.person.id, code=code, now=product.now) for _ in range(2)]

    assert [Match, Replay] == [type(verdict) for verdict in verdicts]


def test_what_was_added_then_or_later_can_be_left_out(product: Product, session: Session, lea: Owner) -> None:
    """For whom only an earlier app counts."""
    product.clock.move(minutes=5)
    then = product.now
    tablet = product.second_phone(lea)

    def judged(phone: Phone, before: datetime) -> list[type]:
        code = phone.code(product.now)
        return [
            type(act(session, product.keyring, lea.person.id, code=code, now=product.now, before=before))
            for act in (totp.peek, totp.spend)
        ]

    assert [Wrong, Wrong] == judged(tablet, then)
    assert [Wrong, Wrong] == judged(lea.phone, then - timedelta(days=1))
    assert [Match, Match] == judged(lea.phone, then)
    assert [Match, Match] == judged(tablet, then + timedelta(seconds=1))

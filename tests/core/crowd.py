"""Many requests at the same instant: threads that start together, each with a database session of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

T = TypeVar("T")

MOST = 40


def at_once(engine: Engine, acts: list[Callable[[Session], T]]) -> list[T]:
    """What each of *acts* gave; an error in one is raised here."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[Session], T]) -> T:
        with Session(engine, expire_on_commit=False) as session:
            session.connection()  # connected before the start, so that all start at once
            session.rollback()
            barrier.wait(timeout=30)
            return act(session)

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(run, act) for act in acts]]

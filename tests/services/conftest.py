"""A running product for each test, on each kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.place import Place, running_place


@pytest.fixture
def place(database_uri: str, tmp_path: Path) -> Iterator[Place]:
    with running_place(database_uri, tmp_path / "instance") as running:
        yield running

"""How long the fuzzing goes on, and where it keeps what it found: HYPOTHESIS_PROFILE=long for hours, not seconds."""

import os
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.database import DirectoryBasedExampleDatabase

CACHE = Path(__file__).parents[2] / ".cache" / "hypothesis"
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "test")

set_hypothesis_home_dir(CACHE)
# No deadline: a step's time is the machine's business, and other tests keep it busy. Not derandomized: each run of
# the tests looks somewhere else, and what one finds is printed as a blob and tried first by the next.
usual = settings(
    deadline=None,
    derandomize=False,
    print_blob=True,
    database=DirectoryBasedExampleDatabase(CACHE),
    # Not "explain", which traces every line and makes shrinking a long run ten times as slow.
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink],
    report_multiple_bugs=False,
)
settings.register_profile("test", usual, max_examples=30, stateful_step_count=40)
settings.register_profile("long", usual, max_examples=2000, stateful_step_count=100)
settings.load_profile(PROFILE)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The usual two minutes are for tests that hang: making a failure small takes up to five, a long run for ever."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(0 if PROFILE == "long" else 400))

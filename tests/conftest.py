"""What every test may ask for: the root of the project, the reference data, and which lanes are switched off."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import node.chain  # noqa: F401 - first of all: it keeps a library from raising the recursion limit

ROOT = Path(__file__).resolve().parent.parent

# The same examples in every run: a red test is red for everybody. The long suite looks for new ones.
settings.register_profile(
    "default", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "long", parent=settings.get_profile("default"), derandomize=False, max_examples=2_000
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Switch the guards off where one of them runs this very suite on its poisoned copy."""
    if os.environ.get("YUIMARU_GUARDS") != "off":
        return
    for item in items:
        if item.get_closest_marker("guard"):
            item.add_marker(pytest.mark.skip(reason="YUIMARU_GUARDS=off"))


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """The root of the project."""
    return ROOT


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of reference data: YUIMARU_REFERENCE_DATA, or shared/data beside the project."""
    named = os.environ.get("YUIMARU_REFERENCE_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no reference data in {folder}: set YUIMARU_REFERENCE_DATA")
    return folder


@pytest.fixture
def needs_reference_data(reference_data: Path) -> None:
    """Skip where the reference data is missing (for tests that start a process which reads it)."""

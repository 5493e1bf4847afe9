"""What the tests of the domain share."""

from pathlib import Path

import pytest

#: A folder beside the project with half-hourly data of a real month; it is never part of the
#: project.
REFERENCE_MONTH = Path(__file__).parents[4] / "shared" / "data" / "aug2022"


@pytest.fixture
def reference_month() -> Path:
    if not REFERENCE_MONTH.is_dir():
        pytest.skip("the folder ../shared/data/aug2022 is not there")
    return REFERENCE_MONTH

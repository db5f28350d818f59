"""A founded company, copied for each test: a fresh file costs a few milliseconds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import Office, copy_of, open_office


@pytest.fixture
def office(template: Path, tmp_path: Path) -> Iterator[Office]:
    with open_office(copy_of(template, tmp_path / "data"), direct=True) as opened:
        yield opened

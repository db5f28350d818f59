"""A founded company to copy, and an office on it: a real file behind the real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import Office, copy_of, open_office


@pytest.fixture
def office(template: Path, tmp_path: Path) -> Iterator[Office]:
    with open_office(copy_of(template, tmp_path / "data")) as opened:
        yield opened
